//! The time of day, asked in one place.
//!
//! Waiting is another matter: threads pause by the monotonic clock, which no person sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock: the machine's, or one that stands still until a test sets it. Clones show the same
/// time.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's.
    pub fn system() -> Self {
        Self(None)
    }

    /// One that stands at a time, in milliseconds since 1970.
    pub fn standing_at(now_ms: i64) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now_ms))))
    }

    /// Returns milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            None => jiff::Timestamp::now().as_millisecond(),
            Some(set) => set.load(Ordering::SeqCst),
        }
    }

    /// Sets a clock that stands, forwards or back; the machine's is not ours to set.
    pub fn set(&self, now_ms: i64) {
        if let Some(set) = &self.0 {
            set.store(now_ms, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_stands_shows_what_it_was_set_to_in_every_clone() {
        let clock = Clock::standing_at(1_000);
        let shared = clock.clone();
        assert_eq!(shared.now_ms(), 1_000);
        clock.set(500);
        assert_eq!(shared.now_ms(), 500);
    }

    #[test]
    fn the_machines_clock_goes_and_cannot_be_set() {
        let clock = Clock::system();
        let before = jiff::Timestamp::now().as_millisecond();
        clock.set(0);
        assert!(clock.now_ms() >= before);
    }
}
