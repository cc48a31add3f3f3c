//! Debian's Chromium beside the window, as the other tests drive it.

mod waiting {
    pub use crate::rig::PATIENCE;
}

#[allow(clippy::unwrap_used, reason = "it is part of tests that may, too")]
#[path = "../support/ended.rs"]
mod ended;

#[allow(clippy::unwrap_used, reason = "it is part of tests that may, too")]
#[path = "../support/chromium.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod chromium;

pub use self::chromium::Chromium;
