//! An import of snapshots, which tells how far it is and can be cancelled.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flagdeck::state::Progress;
use flagdeck::wire::Announcement;

/// How often the page is told.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// Whether the import that goes on is to end. The page has one at a time.
#[derive(Debug, Default)]
pub struct Importing {
    is_cancelled: AtomicBool,
}

impl Importing {
    /// Begins an import: returns what it calls for each snapshot.
    pub fn begin(&self, tell: impl Fn(Announcement)) -> impl FnMut(Progress) -> ControlFlow<()> {
        self.is_cancelled.store(false, Ordering::SeqCst);
        let mut told = None::<Instant>;
        move |Progress { done, total }| {
            if self.is_cancelled.load(Ordering::SeqCst) {
                return ControlFlow::Break(());
            }
            if told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
                told = Some(Instant::now());
                tell(Announcement::Importing { done, total });
            }
            ControlFlow::Continue(())
        }
    }

    /// Ends the import at its next snapshot.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn a_cancelled_import_ends_and_the_next_one_goes_on() {
        let importing = Importing::default();
        let told = RefCell::new(Vec::new());
        let step = Progress { done: 1, total: 3 };
        let mut first = importing.begin(|announcement| told.borrow_mut().push(announcement));
        assert!(first(step).is_continue());
        assert!(matches!(
            told.borrow()[..],
            [Announcement::Importing { done: 1, total: 3 }]
        ));
        importing.cancel();
        assert!(first(step).is_break());
        assert!(importing.begin(|_| {})(step).is_continue());
    }
}
