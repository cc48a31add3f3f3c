//! Whether the window may close while something typed in it is not saved. Knows no window.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Asking to close again within this time means it, even if the question is on the screen.
const INSIST_WITHIN: Duration = Duration::from_secs(5);

/// Sooner than this, it is a double click or a key that is held: the question was not read yet.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// What prevents closing.
#[derive(Debug, Default)]
pub struct Closing {
    is_unsaved: AtomicBool,
    /// When closing was last refused.
    refused: Mutex<Option<Instant>>,
}

impl Closing {
    /// Notes whether closing would lose something.
    pub fn set_unsaved(&self, is_unsaved: bool) {
        self.is_unsaved.store(is_unsaved, Ordering::Relaxed);
    }

    /// Returns whether to close at `now`; if not, the user is asked.
    pub fn may_close(&self, now: Instant) -> bool {
        if !self.is_unsaved.load(Ordering::Relaxed) {
            return true;
        }
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let insists = refused.is_some_and(|before| {
            (READ_WITHIN..=INSIST_WITHIN).contains(&now.duration_since(before))
        });
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

    #[test]
    fn a_double_click_or_a_held_key_is_no_answer() {
        let closing = Closing::default();
        closing.set_unsaved(true);
        let start = Instant::now();
        for press in 0..100 {
            let now = start + Duration::from_millis(30) * press;
            assert!(!closing.may_close(now), "press {press}");
        }
        let last = start + Duration::from_millis(30) * 99;
        assert!(!closing.may_close(last + READ_WITHIN - Duration::from_millis(1)));
    }
}
