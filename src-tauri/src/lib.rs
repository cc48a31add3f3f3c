//! Flagdeck without a face: everything the window, the HTTP interface and the command line do.
//!
//! In reading order, along the path of a change:
//!
//! | module | what it does |
//! |---|---|
//! | [`app`] | opens, joins and closes the parts |
//! | [`flags`] | one flag document: makes changes durable, decides what is in force for whom |
//! | [`events`] | what happened, announced |
//! | [`store`] | revisions, appended and never changed; SQLite |
//! | [`metrics`] | what applications report: taken in, counted, kept, shown |
//! | [`config`] | every setting, where its value came from, what was wrong with others |
//! | [`token`] | the secret that writes over HTTP need |
//! | [`durable`] | files that are replaced whole or not at all |
//! | [`mod@format`] | how several things are written in one body |
//! | `lock` | mutexes of which a panic makes no trap |
//! | `chores` | work that is done again and again, on two threads |
//! | [`clock`] | the time of day, asked in one place |
//! | [`actor`] | who sits at this machine |
//! | [`arguments`] | command lines, read or refused |
//! | [`outbound`] | calls to servers that people configured, each bounded |
//! | [`loopback`] | the names of this machine |
//! | [`runner`] | a command on a state: bounded in time, and ended with all that it started |
//! | [`logging`] | the log on standard error |
//! | [`imprint`] | what Flagdeck is made of |
//! | [`error`] | why something was refused or failed, and the one vocabulary of codes |
//! | [`wire`] | the JSON shapes that faces see |
//! | [`http`] | a face: the local HTTP interface |
//! | [`fuzzing`] | readers of foreign bytes, for the fuzz targets |
//!
//! The other faces are programs: `cli/` (`flagctl`) and `desktop/` (the window, the only code
//! that names tauri). The domain itself, pure, is the crate `flagdeck_core`.

pub mod app;
pub mod events;
pub mod flags;

pub mod state;
pub mod store;

pub mod metrics;

pub mod actor;
mod chores;
pub mod clock;
pub mod config;
pub mod durable;
pub mod format;
mod lock;
pub mod token;

pub mod arguments;
pub mod imprint;
pub mod logging;
pub mod loopback;
pub mod outbound;
pub mod runner;

pub mod error;
pub mod wire;

pub mod http;

#[doc(hidden)]
pub mod fuzzing;

pub use app::{App, Options};
pub use error::Error;
pub use events::Event;
pub use flags::{ChangeRequest, Flags, Outcome};
