//! Work that is done again and again, by name: how often, and on which thread.
//!
//! A [`Lane`] is one thread. What must not be late, such as seeing the changes of other programs,
//! has a lane of its own with nothing in it that takes long; what may take long has another.
//! Periods are those of the application's clock.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::clock::{Clock, Pauses};

/// Something to be done with a `Context` again and again.
pub(crate) struct Chore<Context> {
    name: &'static str,
    period: Duration,
    /// How long after the lane began it is done for the first time.
    delay: Duration,
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
            delay: Duration::ZERO,
            work: Box::new(work),
        }
    }

    /// The same, for the first time when a period is over.
    #[must_use]
    pub(crate) fn later(self) -> Self {
        Self {
            delay: self.period,
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
        clock: &Clock,
        context: impl Fn() -> Option<Context> + Send + 'static,
        chores: Vec<Chore<Context>>,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let timetable = Timetable::new(clock.clone(), chores);
        let run = move || timetable.run(&context, &stopped);
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

/// When each chore is due.
struct Timetable<Context> {
    clock: Clock,
    pauses: Pauses,
    chores: Vec<(Instant, Chore<Context>)>,
}

impl<Context> Timetable<Context> {
    fn new(clock: Clock, chores: Vec<Chore<Context>>) -> Self {
        let now = clock.instant();
        let due = |chore: Chore<Context>| (now + chore.delay, chore);
        Self {
            pauses: clock.pauses(),
            chores: chores.into_iter().map(due).collect(),
            clock,
        }
    }

    fn run(mut self, context: &impl Fn() -> Option<Context>, stopped: &Receiver<()>) {
        let mut pause = Duration::ZERO;
        while self.pauses.receive(stopped, pause) == Err(RecvTimeoutError::Timeout) {
            let Some(context) = context() else { return };
            self.do_what_is_due(&context);
            drop(context);
            let next = self.chores.iter().map(|(due, _)| *due).min();
            let Some(next) = next else { return };
            pause = next.saturating_duration_since(self.clock.instant());
        }
    }

    fn do_what_is_due(&mut self, context: &Context) {
        let now = self.clock.instant();
        for (due, chore) in self.chores.iter_mut().filter(|(due, _)| *due <= now) {
            chore.run(context);
            *due = self.clock.instant() + chore.period;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Weak};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3600);
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Counts how often it was called.
    fn counting(count: &Arc<AtomicUsize>) -> impl FnMut(&Arc<()>) + Send + 'static {
        let count = Arc::clone(count);
        move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn weak(context: &Arc<()>) -> impl Fn() -> Option<Arc<()>> + Send + 'static {
        let weak: Weak<()> = Arc::downgrade(context);
        move || weak.upgrade()
    }

    #[test]
    fn each_is_done_once_a_period_even_if_another_panics() {
        let (context, count) = (Arc::new(()), Arc::new(AtomicUsize::new(0)));
        let clock = Clock::standing_at(0);
        let chores = vec![
            Chore::new("panics", SECOND, |_| panic!("in a test")),
            Chore::new("counts", SECOND, counting(&count)),
        ];
        let _lane = Lane::start("lane", &clock, weak(&context), chores).unwrap();
        for times in 1..=4 {
            clock.settle();
            assert_eq!(count.load(Ordering::SeqCst), times);
            clock.advance(SECOND / 2);
            clock.settle();
            assert_eq!(count.load(Ordering::SeqCst), times, "half a period is over");
            clock.advance(SECOND / 2);
        }
    }

    #[test]
    fn what_is_for_later_is_done_when_a_period_is_over() {
        let (context, later) = (Arc::new(()), Arc::new(AtomicUsize::new(0)));
        let clock = Clock::standing_at(0);
        let chores = vec![Chore::new("later", HOUR, counting(&later)).later()];
        let _lane = Lane::start("lane", &clock, weak(&context), chores).unwrap();
        for (passes, times) in [(Duration::ZERO, 0), (HOUR - SECOND, 0), (SECOND, 1)] {
            clock.advance(passes);
            clock.settle();
            assert_eq!(later.load(Ordering::SeqCst), times, "{passes:?}");
        }
    }

    #[test]
    fn dropping_does_not_wait_for_what_is_not_due() {
        let context = Arc::new(());
        for clock in [Clock::standing_at(0), Clock::system()] {
            let chores = vec![Chore::new("nothing", HOUR, |_: &Arc<()>| {})];
            let lane = Lane::start("lane", &clock, weak(&context), chores).unwrap();
            let began = Instant::now();
            drop(lane);
            assert!(began.elapsed() < PATIENCE);
        }
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
        let chore = Chore::new("slow", HOUR, work);
        let clock = Clock::system();
        let lane = Lane::start("lane", &clock, weak(&context), vec![chore]).unwrap();
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
        let (began, begins) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel();
        let work = move |_: &Arc<Owner>| {
            began.send(()).unwrap();
            goes_on.recv().unwrap();
        };
        let chore = Chore::new("holds its owner", HOUR, work);
        let clock = Clock::system();
        let lane = Lane::start("lane", &clock, move || held.upgrade(), vec![chore]).unwrap();
        *owner.0.lock().unwrap() = Some(lane);
        begins.recv_timeout(PATIENCE).unwrap();
        drop(owner);
        go_on.send(()).unwrap();
        drops.recv_timeout(PATIENCE).unwrap();
    }
}
