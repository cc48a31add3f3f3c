//! Whether the window may close while something typed in it is not saved. Knows no window.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whoever wants to close again within this time means it.
const INSIST_WITHIN: Duration = Duration::from_secs(5);

/// What stands against closing.
#[derive(Debug, Default)]
pub struct Closing {
    is_unsaved: AtomicBool,
    /// When somebody wanted to close last, in vain.
    refused: Mutex<Option<Instant>>,
}

impl Closing {
    /// Notes whether closing would lose something.
    pub fn set_unsaved(&self, is_unsaved: bool) {
        self.is_unsaved.store(is_unsaved, Ordering::Relaxed);
    }

    /// Says whether to close at `now`; where not, people are to be asked.
    pub fn may_close(&self, now: Instant) -> bool {
        if !self.is_unsaved.load(Ordering::Relaxed) {
            return true;
        }
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let insists = refused.is_some_and(|before| now.duration_since(before) <= INSIST_WITHIN);
        *refused = Some(now);
        insists
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_unsaved_closes_at_once() {
        let closing = Closing::default();
        assert!(closing.may_close(Instant::now()));
        closing.set_unsaved(true);
        closing.set_unsaved(false);
        assert!(closing.may_close(Instant::now()));
    }

    #[test]
    fn something_unsaved_is_asked_about_until_somebody_insists() {
        let closing = Closing::default();
        closing.set_unsaved(true);
        let start = Instant::now();
        assert!(!closing.may_close(start));
        let later = start + INSIST_WITHIN + Duration::from_millis(1);
        assert!(!closing.may_close(later), "that is long ago");
        assert!(closing.may_close(later + INSIST_WITHIN));
    }
}
