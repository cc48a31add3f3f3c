//! Who sits at this machine.

use std::env;

use crate::private::account;
use crate::store::{Actor, Via};

/// Characters of a name that is kept with a revision.
const NAME_CHARS_MAX: usize = 64;

impl Actor {
    /// The operating system's user, acting through a face.
    pub fn local(via: Via) -> Self {
        let named = |variable| env::var(variable).ok().filter(|name| !name.is_empty());
        let name = named("USER").or_else(|| named("LOGNAME"));
        let uid = rustix::process::getuid().as_raw();
        let name = name.or_else(|| account(uid));
        Self::new(via, &name.unwrap_or_else(|| format!("user {uid}")))
    }

    /// A named actor; the name is cut to what a list can show.
    pub fn new(via: Via, name: &str) -> Self {
        let visible = name.chars().filter(|character| !character.is_control());
        Self {
            via,
            name: visible.take(NAME_CHARS_MAX).collect(),
        }
    }
}
