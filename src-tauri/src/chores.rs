//! Work that is done again and again, by name: how often, and on which thread.
//!
//! A [`Lane`] is one thread. What must not be late, such as seeing the changes of other programs,
//! has a lane of its own with nothing in it that takes long; what may take long has another.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Something to be done with a `Context` again and again.
pub(crate) struct Chore<Context> {
    name: &'static str,
    period: Duration,
    due: Instant,
    work: Box<dyn FnMut(&Context) + Send>,
}

impl<Context> Chore<Context> {
    /// Does `work` at once, and then a `period` after each time it was done.
    pub(crate) fn new(
        name: &'static str,
        period: Duration,
        work: impl FnMut(&Context) + Send + 'static,
    ) -> Self {
        Self {
            name,
            period,
            due: Instant::now(),
            work: Box::new(work),
        }
    }

    /// The same, for the first time when a period is over.
    #[must_use]
    pub(crate) fn later(self) -> Self {
        Self {
            due: self.due + self.period,
            ..self
        }
    }

    fn run(&mut self, context: &Context) {
        let began = Instant::now();
        // A fault in one keeps none of the others from being done.
        if catch_unwind(AssertUnwindSafe(|| (self.work)(context))).is_err() {
            tracing::error!(
                chore = self.name,
                "a chore panicked; it is done again later"
            );
        }
        let took = began.elapsed();
        if took > self.period {
            tracing::debug!(
                chore = self.name,
                ?took,
                "a chore took longer than its period"
            );
        }
        self.due = Instant::now() + self.period;
    }
}

/// A thread that does chores, one at a time, until it is dropped or there is no context any more.
/// Dropping it waits for the chore that is being done.
#[derive(Debug)]
pub(crate) struct Lane {
    /// Dropped to end the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lane {
    /// Starts the thread. `context` is asked each time something is due, and held no longer than
    /// that takes.
    ///
    /// # Errors
    /// If there can be no further thread.
    pub(crate) fn start<Context: 'static>(
        name: &str,
        context: impl Fn() -> Option<Context> + Send + 'static,
        chores: Vec<Chore<Context>>,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let run = move || run(&context, chores, &stopped);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        drop(self.stop.take());
        let thread = self.thread.take();
        // The last context may be dropped by the thread itself.
        if let Some(thread) = thread.filter(|it| it.thread().id() != thread::current().id()) {
            // A panic of it was logged.
            let _ = thread.join();
        }
    }
}

fn run<Context>(
    context: &impl Fn() -> Option<Context>,
    mut chores: Vec<Chore<Context>>,
    stopped: &Receiver<()>,
) {
    let mut pause = Duration::ZERO;
    while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        let Some(context) = context() else { return };
        let now = Instant::now();
        for chore in chores.iter_mut().filter(|chore| chore.due <= now) {
            chore.run(&context);
        }
        drop(context);
        let next = chores.iter().map(|chore| chore.due).min();
        let Some(next) = next else { return };
        pause = next.saturating_duration_since(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Weak};

    use super::*;

    const OFTEN: Duration = Duration::from_millis(1);
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Counts how often it was called, and answers when that was often enough.
    fn counting(count: &Arc<AtomicUsize>) -> impl FnMut(&Arc<()>) + Send + 'static {
        let count = Arc::clone(count);
        move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[track_caller]
    fn wait_for(what: impl Fn() -> bool) {
        let began = Instant::now();
        while !what() {
            assert!(began.elapsed() < PATIENCE, "it did not happen");
            thread::sleep(OFTEN);
        }
    }

    fn weak(context: &Arc<()>) -> impl Fn() -> Option<Arc<()>> + Send + 'static {
        let weak: Weak<()> = Arc::downgrade(context);
        move || weak.upgrade()
    }

    #[test]
    fn each_is_done_again_even_if_one_panics() {
        let (context, count) = (Arc::new(()), Arc::new(AtomicUsize::new(0)));
        let chores = vec![
            Chore::new("panics", OFTEN, |_| panic!("in a test")),
            Chore::new("counts", OFTEN, counting(&count)),
        ];
        let lane = Lane::start("lane", weak(&context), chores).unwrap();
        wait_for(|| count.load(Ordering::SeqCst) > 3);
        drop(lane);
    }

    #[test]
    fn what_is_for_later_waits_and_dropping_does_not_wait_for_it() {
        let (context, count) = (Arc::new(()), Arc::new(AtomicUsize::new(0)));
        let seen = Arc::new(AtomicUsize::new(0));
        let chores = vec![
            Chore::new("later", Duration::from_secs(3600), counting(&count)).later(),
            Chore::new("often", OFTEN, counting(&seen)),
        ];
        let lane = Lane::start("lane", weak(&context), chores).unwrap();
        wait_for(|| seen.load(Ordering::SeqCst) > 3);
        let began = Instant::now();
        drop(lane);
        assert!(began.elapsed() < PATIENCE);
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn dropping_waits_for_what_is_being_done() {
        let context = Arc::new(());
        let (began, begins) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel();
        let done = Arc::new(AtomicUsize::new(0));
        let work = {
            let done = Arc::clone(&done);
            move |_: &Arc<()>| {
                began.send(()).unwrap();
                goes_on.recv().unwrap();
                done.store(1, Ordering::SeqCst);
            }
        };
        let chore = Chore::new("slow", Duration::from_secs(3600), work);
        let lane = Lane::start("lane", weak(&context), vec![chore]).unwrap();
        begins.recv_timeout(PATIENCE).unwrap();
        let dropping = thread::spawn(move || drop(lane));
        go_on.send(()).unwrap();
        dropping.join().unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }

    /// What owns a lane may be dropped on the thread of that lane.
    #[test]
    fn a_lane_ends_with_what_it_works_for() {
        struct Owner(std::sync::Mutex<Option<Lane>>, Sender<()>);
        impl Drop for Owner {
            fn drop(&mut self) {
                drop(self.0.get_mut().unwrap().take());
                self.1.send(()).unwrap();
            }
        }
        let (dropped, drops) = mpsc::channel();
        let owner = Arc::new(Owner(std::sync::Mutex::default(), dropped));
        let held = Arc::downgrade(&owner);
        let chore = Chore::new("nothing", OFTEN, |_: &Arc<Owner>| thread::sleep(OFTEN));
        let lane = Lane::start("lane", move || held.upgrade(), vec![chore]).unwrap();
        *owner.0.lock().unwrap() = Some(lane);
        drop(owner);
        drops.recv_timeout(PATIENCE).unwrap();
    }
}
