//! A file that is read for a while: the page is told how far that is, and can cancel it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the page is told.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// Whether the import that goes on is to end. The page has one of a kind at a time.
#[derive(Debug, Default)]
pub struct Importing {
    is_cancelled: AtomicBool,
}

impl Importing {
    /// Begins an import: returns what it calls with each of its steps.
    pub fn begin<Progress>(
        &self,
        tell: impl Fn(Progress),
    ) -> impl FnMut(Progress) -> ControlFlow<()> {
        self.is_cancelled.store(false, Ordering::SeqCst);
        let mut told = None::<Instant>;
        move |progress| {
            if self.is_cancelled.load(Ordering::SeqCst) {
                return ControlFlow::Break(());
            }
            if told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
                told = Some(Instant::now());
                tell(progress);
            }
            ControlFlow::Continue(())
        }
    }

    /// Ends the import at its next step.
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
        let mut first = importing.begin(|step: u32| told.borrow_mut().push(step));
        assert!(first(1).is_continue());
        assert_eq!(*told.borrow(), [1]);
        importing.cancel();
        assert!(first(2).is_break());
        assert!(importing.begin(|_: u32| {})(3).is_continue());
    }
}
