//! A workplace for one test: a display, folders and a session bus of its own, and on it the
//! application's real window, driven as a person would: by pointer, by keys, by reading.
//!
//! Nothing is shared between workplaces, so tests run side by side. Everything one starts is
//! stopped through its own process handle when it is dropped, also by a failing test.

mod hands;
pub mod http;
mod process;
pub mod team;
mod window;
mod workplace;

use std::time::Duration;

pub use self::window::Window;
pub use self::workplace::Workplace;

/// How long anything may take, on the slowest and busiest machine, before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// How often a condition is looked at.
const PULSE: Duration = Duration::from_millis(20);
