//! Debian's Chromium beside the window, as the other tests drive it.

mod waiting {
    pub use crate::rig::PATIENCE;
}

#[path = "../support/ended.rs"]
mod ended;

#[path = "../support/chromium.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod chromium;

pub use self::chromium::Chromium;
