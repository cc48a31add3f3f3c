//! Who sits at this machine.

use std::{env, fs};

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

/// Returns the name of an account of this machine, for services that have no environment variable
/// for it.
fn account(uid: u32) -> Option<String> {
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    let fields = accounts
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let mut named = fields.filter_map(|fields| match fields.as_slice() {
        [name, _, number, ..] if number.parse() == Ok(uid) => Some((*name).to_owned()),
        _ => None,
    });
    named.next()
}
