//! The time, asked in one place: the time of day, the time that passes, and pauses of threads.
//!
//! A test takes a clock that stands: it sets the time of day, lets time pass at once, and asks
//! whether all that became due was done ([`Clock::is_idle`]).

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::lock::lock;

/// How often a thread that pauses by a clock that stands looks whether it went on.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A clock: the machine's, or one that stands until a test moves it. Clones show the same time.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<Standing>>);

/// A clock that stands.
#[derive(Debug)]
struct Standing {
    began: Instant,
    time: Mutex<Time>,
    /// Until when each thread that pauses by this clock does so; `None` while it works.
    pauses: Mutex<Vec<Weak<Mutex<Option<Instant>>>>>,
}

#[derive(Debug)]
struct Time {
    /// Milliseconds since 1970.
    now_ms: i64,
    /// What passed since the clock began.
    passed: Duration,
}

impl Clock {
    /// The machine's.
    pub fn system() -> Self {
        Self(None)
    }

    /// One that stands at a time of day, in milliseconds since 1970.
    pub fn standing_at(now_ms: i64) -> Self {
        Self(Some(Arc::new(Standing {
            began: Instant::now(),
            time: Mutex::new(Time {
                now_ms,
                passed: Duration::ZERO,
            }),
            pauses: Mutex::default(),
        })))
    }

    /// Returns the time of day in milliseconds since 1970. People may set it, forwards or back.
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            None => jiff::Timestamp::now().as_millisecond(),
            Some(standing) => lock(&standing.time).now_ms,
        }
    }

    /// Returns the present on a scale that only goes forwards: what periods are measured by.
    pub fn instant(&self) -> Instant {
        match &self.0 {
            None => Instant::now(),
            Some(standing) => standing.instant(),
        }
    }

    /// Sets the time of day, forwards or back, as a person does; no time passes. The machine's
    /// clock stays as it is.
    pub fn set(&self, now_ms: i64) {
        if let Some(standing) = &self.0 {
            lock(&standing.time).now_ms = now_ms;
        }
    }

    /// Lets time pass at once. The machine's clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Some(standing) = &self.0 {
            let mut time = lock(&standing.time);
            let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            time.now_ms = time.now_ms.saturating_add(by_ms);
            time.passed += by;
        }
    }

    /// Says whether all that is due by a clock that stands was done: every thread that pauses by
    /// it waits for a time to come. Never true of the machine's.
    pub fn is_idle(&self) -> bool {
        let Some(standing) = &self.0 else {
            return false;
        };
        let now = standing.instant();
        let waits = |until: Arc<Mutex<Option<Instant>>>| lock(&until).is_some_and(|it| it > now);
        lock(&standing.pauses)
            .iter()
            .filter_map(Weak::upgrade)
            .all(waits)
    }

    /// Returns what a thread pauses by. To be made before the thread starts: from then on it
    /// counts as at work.
    pub(crate) fn pauses(&self) -> Pauses {
        let until = Arc::default();
        if let Some(standing) = &self.0 {
            let mut pauses = lock(&standing.pauses);
            pauses.retain(|it| it.strong_count() > 0);
            pauses.push(Arc::downgrade(&until));
        }
        Pauses {
            clock: self.clone(),
            until,
        }
    }
}

impl Standing {
    fn instant(&self) -> Instant {
        self.began + lock(&self.time).passed
    }
}

/// The pauses of one thread.
#[derive(Debug)]
pub(crate) struct Pauses {
    clock: Clock,
    until: Arc<Mutex<Option<Instant>>>,
}

impl Pauses {
    /// Waits for a message, no longer than `time` by the clock.
    ///
    /// # Errors
    /// Those of [`Receiver::recv_timeout`].
    pub(crate) fn receive<T>(
        &self,
        from: &Receiver<T>,
        time: Duration,
    ) -> Result<T, RecvTimeoutError> {
        if self.clock.0.is_none() {
            return from.recv_timeout(time);
        }
        let until = self.clock.instant() + time;
        *lock(&self.until) = Some(until);
        let received = loop {
            let received = from.recv_timeout(LOOK_EVERY);
            let is_timeout = matches!(received, Err(RecvTimeoutError::Timeout));
            if !is_timeout || self.clock.instant() >= until {
                break received;
            }
        };
        *lock(&self.until) = None;
        received
    }
}

#[cfg(test)]
impl Clock {
    /// Waits until all that is due was done.
    #[track_caller]
    pub(crate) fn settle(&self) {
        let began = Instant::now();
        while !self.is_idle() {
            let waited = began.elapsed();
            assert!(waited < Duration::from_secs(60), "not idle for {waited:?}");
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_clock_that_stands_shows_what_it_was_set_to_in_every_clone() {
        let clock = Clock::standing_at(1_000);
        let shared = clock.clone();
        assert_eq!(shared.now_ms(), 1_000);
        clock.set(500);
        assert_eq!(shared.now_ms(), 500);
    }

    #[test]
    fn time_passes_if_the_clock_is_advanced_but_not_if_it_is_set() {
        let clock = Clock::standing_at(1_000);
        let began = clock.instant();
        clock.set(500_000);
        assert_eq!(clock.instant(), began);
        clock.advance(3 * SECOND);
        assert_eq!(clock.now_ms(), 503_000);
        assert_eq!(clock.instant(), began + 3 * SECOND);
    }

    #[test]
    fn the_machines_clock_goes_and_cannot_be_moved() {
        let clock = Clock::system();
        let (before, began) = (jiff::Timestamp::now().as_millisecond(), Instant::now());
        clock.set(0);
        clock.advance(1000 * SECOND);
        assert!((before..before + 900_000).contains(&clock.now_ms()));
        assert!((began..began + 900 * SECOND).contains(&clock.instant()));
        assert!(!clock.is_idle());
    }

    /// The time of day may go back; a pause ends all the same.
    #[test]
    fn a_pause_ends_when_its_time_has_passed_and_until_then_the_clock_is_idle() {
        let clock = Clock::standing_at(1_000);
        assert!(clock.is_idle(), "no thread pauses by it");
        let pauses = clock.pauses();
        assert!(!clock.is_idle(), "it has not begun to pause");
        let (_send, receive) = mpsc::channel::<()>();
        let pausing = thread::spawn(move || (pauses.receive(&receive, 3 * SECOND), pauses));
        clock.settle();
        clock.set(0);
        clock.advance(2 * SECOND);
        assert!(clock.is_idle() && !pausing.is_finished());
        clock.advance(SECOND);
        let (ended, pauses) = pausing.join().unwrap();
        assert_eq!(ended, Err(RecvTimeoutError::Timeout));
        assert!(!clock.is_idle(), "the thread is at work");
        drop(pauses);
        assert!(clock.is_idle(), "it has ended");
    }

    #[test]
    fn a_message_ends_a_pause_of_either_clock() {
        for clock in [Clock::system(), Clock::standing_at(0)] {
            let (send, receive) = mpsc::channel();
            let pauses = clock.pauses();
            send.send(7).unwrap();
            assert_eq!(pauses.receive(&receive, 3600 * SECOND), Ok(7));
            drop(send);
            let ended = pauses.receive(&receive, 3600 * SECOND);
            assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
        }
    }
}
