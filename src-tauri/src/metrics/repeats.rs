//! Whose turn it is to be counted by the guard of rollouts: each user once within a few seconds, so
//! that one who fails again and again is one user who fails.
//!
//! Keeps hashes with a random key, in memory alone. Does not read the clock.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::limits::{USERS_AT_ONCE_MAX, USERS_KNOWN_MAX};

/// For how long a user is not counted again, in milliseconds: a block of the guard takes as long at
/// least.
const TURN_MS: i64 = 5000;

/// Whether a user is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// For the first time with this component.
    First,
    /// As before.
    Next,
    /// Not again so soon.
    Again,
}

/// Users by component, as far as they are remembered.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// The span of time that it is.
    span: i64,
    counted: HashSet<u64, RandomState>,
    known: HashSet<u64, RandomState>,
    hasher: RandomState,
}

impl Repeats {
    /// Sees a user calculate with a component at a moment, in milliseconds since 1970.
    pub(super) fn see(&mut self, now_ms: i64, component: &str, user: &str) -> Turn {
        use std::hash::BuildHasher;
        let span = now_ms.div_euclid(TURN_MS);
        if self.span != span {
            self.span = span;
            self.counted.clear();
        }
        let hash = self.hasher.hash_one((component, user));
        // Beyond that, all count.
        let has_room = self.counted.len() < USERS_AT_ONCE_MAX;
        let is_counted = match has_room {
            true => !self.counted.insert(hash),
            false => self.counted.contains(&hash),
        };
        if is_counted {
            return Turn::Again;
        }
        // Beyond that, none is the first.
        let is_first = self.known.len() < USERS_KNOWN_MAX && self.known.insert(hash);
        if is_first { Turn::First } else { Turn::Next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_counted_once_within_a_turn_and_the_first_time_is_known() {
        let mut repeats = Repeats::default();
        let mut see = |now_ms, component, user| repeats.see(now_ms, component, user);
        assert_eq!(see(10_000, "a", "ada"), Turn::First);
        assert_eq!(see(10_001, "a", "ada"), Turn::Again);
        assert_eq!(see(10_001, "b", "ada"), Turn::First);
        assert_eq!(see(10_001, "a", "bob"), Turn::First);
        assert_eq!(see(14_999, "a", "ada"), Turn::Again);
        assert_eq!(see(15_000, "a", "ada"), Turn::Next);
        assert_eq!(see(15_000, "a", "ada"), Turn::Again);
        // A clock that was set back.
        assert_eq!(see(1000, "a", "ada"), Turn::Next);
    }
}
