//! Messages about what happened, such as that a rollout was rolled back, to a server of the user's
//! choice, in the form of Standard Webhooks (<https://www.standardwebhooks.com>).
//!
//! A message that does not arrive is tried again for up to three hours, each time with the same id
//! and the same body, by which a receiver tells that it had it before. What waits is in memory
//! alone: it is lost when the program ends. Messages wait independently of each other, so that one
//! that does not arrive keeps no other back, and they may arrive in another order.
//!
//! Every call is one of [`outbound`](crate::outbound): bounded in time and size, and no redirect is
//! followed. Of an address only the server is shown, because paths of webhooks are often secret.

mod delivery;
mod secret;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use std::{fmt, io, thread};

use serde_json::Value;

use self::delivery::{Delivery, Failure};
pub use self::secret::{NoSecret, SECRET_FILE, SECRET_VARIABLE, Secret, SecretFault};
use crate::address::Address;
use crate::clock::{Clock, Pauses};
use crate::lock::lock;
use crate::outbound::Server;

/// Messages that wait for their next try.
const WAITING_MAX: usize = 64;

/// How often to look if nothing waits: a message wakes the thread.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// How long a drop waits for the thread at most. One that looks a name up ends by itself.
const STOP_TIME: Duration = Duration::from_secs(2);

/// Where messages go.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The address that they are posted to, its query included.
    pub address: Address,
    /// What they are signed with; without one they are not signed.
    pub secret: Option<Secret>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What a receiver knows it by: visible ASCII characters without a full stop, unique.
    pub id: String,
    /// What kind of thing happened, such as `rollout.rolled_back`.
    pub kind: String,
    /// When it happened, in milliseconds since 1970.
    pub at_ms: i64,
    /// What there is to know of it.
    pub data: Value,
}

/// How sending goes, to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The server of the message that was tried last.
    pub server: String,
    /// The id of that message.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// When it was tried, in milliseconds since 1970.
    pub at_ms: i64,
    /// What came of it.
    pub outcome: Outcome,
    /// Messages that are not delivered yet.
    pub waiting: usize,
    /// Messages that newer ones took the place of, since the program started.
    pub dropped: u64,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server took the message.
    Delivered,
    /// It did not, and is asked again.
    Retrying {
        /// Tries so far.
        attempts: u32,
        /// When the next one is due, in milliseconds since 1970.
        next_ms: i64,
        /// Why the last one failed, to follow the name of the server.
        why: String,
    },
    /// It did not, and is not asked again.
    GivenUp {
        /// Tries so far; 0 if there was none.
        attempts: u32,
        /// Why.
        why: String,
    },
}

/// Sends messages for as long as it lives, from a thread that the first one starts.
///
/// When it is dropped, a call that is under way is broken off, and what waits is lost.
pub struct Webhooks {
    shared: Arc<Shared>,
    worker: Mutex<Option<Worker>>,
}

impl Webhooks {
    /// Prepares to send. Starts nothing yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            shared: Arc::new(Shared {
                clock,
                state: Mutex::default(),
            }),
            worker: Mutex::default(),
        }
    }

    /// Sends a message soon, and returns at once. If 64 wait already, the oldest is given up.
    pub fn send(&self, to: Endpoint, message: Message) {
        let delivery = Delivery::of(to, message, self.shared.clock.instant());
        let mut worker = lock(&self.worker);
        let worker = match worker.take().map_or_else(|| self.start(), Ok) {
            Ok(running) => worker.insert(running),
            Err(error) => {
                let why = format!("no thread can be started: {error}");
                let now_ms = self.shared.clock.now_ms();
                return self.shared.state().give_up(&delivery, now_ms, why);
            }
        };
        self.shared.add(delivery);
        // One that is full wakes it as well.
        let _ = worker.wake.try_send(());
    }

    /// Returns how sending goes; `None` before the first try.
    pub fn standing(&self) -> Option<Standing> {
        let state = self.shared.state();
        let standing = state.standing.as_ref()?;
        Some(Standing {
            waiting: state.waiting.len() + usize::from(state.calling.is_some()),
            dropped: state.dropped,
            ..standing.clone()
        })
    }

    /// Forgets the messages that wait, and breaks a call off: for an address that is not to be
    /// contacted any more.
    pub fn clear(&self) {
        self.shared.state().clear();
    }

    fn start(&self) -> io::Result<Worker> {
        let (wake, woken) = mpsc::sync_channel(1);
        let (end, ended) = mpsc::channel::<()>();
        let shared = Arc::clone(&self.shared);
        let pauses = shared.clock.pauses();
        let run = move || {
            shared.run(&woken, &pauses);
            drop(shared);
            drop(end);
        };
        let thread = thread::Builder::new().name("flagdeck-webhook".into());
        thread.spawn(run)?;
        Ok(Worker { wake, ended })
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").finish_non_exhaustive()
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.is_stopped = true;
        state.clear();
        drop(state);
        if let Some(Worker { wake, ended }) = lock(&self.worker).take() {
            drop(wake);
            let _ = ended.recv_timeout(STOP_TIME);
        }
    }
}

/// The thread.
struct Worker {
    /// Wakes it; dropped to end it.
    wake: SyncSender<()>,
    /// Disconnected once it has ended.
    ended: Receiver<()>,
}

/// What the thread shares with those who send.
struct Shared {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Messages by their number, so that the oldest is the first.
    waiting: BTreeMap<u64, Delivery>,
    /// The number of the latest.
    latest: u64,
    /// The server whose call is under way; taken away to break it off.
    calling: Option<Server>,
    is_stopped: bool,
    standing: Option<Standing>,
    dropped: u64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn run(&self, woken: &Receiver<()>, pauses: &Pauses) {
        let mut pause = Duration::ZERO;
        while pauses.receive(woken, pause) != Err(RecvTimeoutError::Disconnected) {
            while let Some((number, delivery)) = self.take_due() {
                self.attempt(number, delivery);
            }
            pause = self.pause();
        }
    }

    fn add(&self, delivery: Delivery) {
        let mut state = self.state();
        state.latest += 1;
        let number = state.latest;
        self.put(&mut state, number, delivery);
    }

    /// Lets a message wait, and gives the oldest up if too many do.
    fn put(&self, state: &mut State, number: u64, delivery: Delivery) {
        state.waiting.insert(number, delivery);
        if state.waiting.len() > WAITING_MAX
            && let Some((_, oldest)) = state.waiting.pop_first()
        {
            state.dropped += 1;
            let why = format!("{WAITING_MAX} newer messages wait, which is the most that can");
            state.give_up(&oldest, self.clock.now_ms(), why);
        }
    }

    /// Takes the oldest of the messages that are due, and notes that its server is called.
    fn take_due(&self) -> Option<(u64, Delivery)> {
        let mut state = self.state();
        let now = self.clock.instant();
        let mut due = state.waiting.iter().filter(|(_, it)| it.next <= now);
        let number = *due.next()?.0;
        let delivery = state
            .waiting
            .remove(&number)
            .filter(|_| !state.is_stopped)?;
        state.calling = Some(delivery.server.clone());
        Some((number, delivery))
    }

    fn attempt(&self, number: u64, mut delivery: Delivery) {
        let at_ms = self.clock.now_ms();
        let result = delivery.attempt(at_ms, self.clock.instant());
        let mut state = self.state();
        if state.calling.take().is_none() {
            return;
        }
        let outcome = match result {
            Ok(()) => Outcome::Delivered,
            Err(failure) => self.failed(&mut delivery, &failure),
        };
        tell(&delivery, &outcome);
        let is_retrying = matches!(outcome, Outcome::Retrying { .. });
        state.standing = Some(delivery.standing(at_ms, outcome));
        if is_retrying {
            self.put(&mut state, number, delivery);
        }
    }

    fn failed(&self, delivery: &mut Delivery, failure: &Failure) -> Outcome {
        let (attempts, why) = (delivery.attempts, failure.to_string());
        match delivery.put_off(failure, self.clock.instant()) {
            Some(delay) => Outcome::Retrying {
                attempts,
                next_ms: self.clock.now_ms() + i64::try_from(delay.as_millis()).unwrap_or(i64::MAX),
                why,
            },
            None => Outcome::GivenUp { attempts, why },
        }
    }

    /// Returns for how long nothing is due.
    fn pause(&self) -> Duration {
        let next = self.state().waiting.values().map(|it| it.next).min();
        let now = self.clock.instant();
        next.map_or(LOOK_EVERY, |next| next.saturating_duration_since(now))
    }
}

impl State {
    fn give_up(&mut self, delivery: &Delivery, now_ms: i64, why: String) {
        let outcome = Outcome::GivenUp {
            attempts: delivery.attempts,
            why,
        };
        tell(delivery, &outcome);
        self.standing = Some(delivery.standing(now_ms, outcome));
    }

    fn clear(&mut self) {
        self.waiting.clear();
        if let Some(server) = self.calling.take() {
            server.break_off();
        }
    }
}

/// Logs what came of a try; of several that failed, the first and the last.
fn tell(delivery: &Delivery, outcome: &Outcome) {
    let (id, kind, server) = (&delivery.id, &delivery.kind, delivery.shown());
    match outcome {
        Outcome::Delivered => tracing::info!(id, kind, server, "webhook delivered"),
        Outcome::Retrying { attempts, why, .. } if *attempts == 1 => {
            tracing::warn!(id, kind, server, why, "webhook not delivered yet");
        }
        Outcome::Retrying { .. } => {}
        Outcome::GivenUp { attempts, why } => {
            tracing::warn!(id, kind, server, attempts, why, "webhook given up");
        }
    }
}
