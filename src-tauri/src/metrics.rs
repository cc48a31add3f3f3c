//! What applications report of their calculations: collected, counted, stored, shown.
//!
//! In the order of an event's path:
//!
//! | module | what it does |
//! |---|---|
//! | [`limits`] | every bound, with its reason |
//! | [`event`] | bytes → events, and what is wrong with the rest |
//! | `worker` | the one thread that stores and counts batches, and does the periodic work |
//! | `waiting` | the same thread while nothing can be stored |
//! | [`store`] | `metrics.db`: the log of batches, the checkpoint of the totals, frames in tiers |
//! | [`recorder`] | counts calculations from any number of threads |
//! | [`collector`] | the totals, and the latest time second by second |
//! | `repeats` | which users the guard of rollouts counts |
//! | [`evidence`] | the recent counts of each component and arm, by which they are judged |
//! | [`frame`], [`tiers`] | what was counted in a span of time, and how finely that is kept |
//! | [`drawing`], [`charts`] | which frames a span is drawn of, and what a chart draws of them |
//! | `removing` | what a source reported, removed again |
//! | `pulse` | what the dashboard shows |
//! | `glance` | the same, and what is judged, for a program that only reads |
//! | [`exposition`] | the totals as Prometheus reads them |
//! | [`push`] | the totals sent to a Pushgateway |
//! | [`prometheus`] | frames from a Prometheus, in place of Flagdeck's own |
//! | [`process`] | what this process itself uses |
//!
//! The log is the truth: every program that has the folder open counts all of it, whichever program
//! received a batch. An event is acknowledged when it is durable, so totals are exact over
//! restarts.

pub mod charts;
pub mod collector;
pub mod drawing;
pub mod event;
pub mod evidence;
pub mod exposition;
pub mod frame;
mod frame_table;
mod glance;
pub mod limits;
pub mod process;
pub mod prometheus;
mod pulse;
pub mod push;
pub mod recorder;
mod removing;
pub mod repeats;
pub mod shapes;
pub mod store;
pub mod tiers;
mod waiting;
mod worker;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flagdeck_core::measure::Arm;
use serde::Serialize;
use tokio::sync::oneshot;

pub use self::collector::Guarded;
use self::collector::{Collector, Toggles};
use self::event::{Batch, BatchError, Callbacks, Event, EventProblem, Format};
use self::exposition::Exposition;
pub use self::glance::{Glance, Judged, glance};
use self::limits::{QUEUE_BATCHES_MAX, QUEUE_BYTES_MAX};
use self::removing::Removing;
pub use self::removing::{
    RemovedMeasurements, counted_of, is_drawn, remove_source, remove_undecodable_frames,
    undecodable_frames,
};
use self::repeats::Repeats;
use self::store::{Key, MetricsReader, NewBatch};
use self::waiting::Waiting;
use self::worker::{Context, Job, Task};
use crate::clock::Clock;
use crate::leader::{Lead, Seat};
use crate::load::Load;
use crate::lock::lock;
use crate::store::sqlite::place::Place;
use crate::store::{Gone, StoreError};

/// How long the thread may take to copy what it has open: far longer than a year of metrics takes.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// What is collected, and the thread that does it. Dropping the last clone stores everything and
/// ends the thread.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    data_dir: PathBuf,
    clock: Clock,
    collector: Arc<Collector>,
    exposition: Exposition,
    refusals: Arc<Refusals>,
    trouble: Arc<Mutex<Option<String>>>,
    /// Proof that this program keeps the totals, while it does.
    lead: Arc<Mutex<Option<Lead>>>,
    /// `None` if nothing can be stored, and while closing.
    queue: Mutex<Option<SyncSender<Task>>>,
    queued_bytes: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
    reader: Mutex<Option<MetricsReader>>,
    settling: Arc<Settling>,
    removing: Arc<Removing>,
    repeats: Mutex<Repeats>,
}

/// What the thread is asked to do when the files of `metrics.db` were removed or replaced.
#[derive(Debug, Default)]
struct Settling {
    /// The files the thread has open; `None` if nothing is stored.
    place: Mutex<Option<Arc<Place>>>,
    asked: Mutex<Vec<(Settle, SyncSender<Settled>)>>,
}

/// How to resolve files that are not in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settle {
    /// Write the open database back under its name.
    WriteBack,
    /// Continue with the file under the name.
    Reopen,
}

/// Where the replaced file was moved.
type Settled = Result<Option<PathBuf>, StoreError>;

/// What was rejected, since this program started.
#[derive(Debug, Default)]
pub struct Refusals {
    rejected: AtomicU64,
    turned_away: AtomicU64,
}

/// The receipt for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Events that count.
    pub accepted: usize,
    /// Events that do not.
    pub rejected: usize,
    /// Whether a batch with the same key was stored before, so that this one was not counted.
    #[serde(rename = "duplicate")]
    pub is_duplicate: bool,
}

/// A batch on its way to the disk.
#[derive(Debug)]
pub struct Delivery {
    /// What is wrong with the first of its bad events.
    pub problems: Vec<EventProblem>,
    /// The source of its valid events; `None` if there are none, or those of several.
    pub source: Option<Box<str>>,
    /// What is worth knowing about the good ones, a sentence each.
    pub warnings: Vec<String>,
    stored: oneshot::Receiver<Result<Receipt, IntakeError>>,
}

/// Why a batch was rejected; nothing of it counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// It cannot be read.
    #[error("{reason}")]
    Unreadable {
        /// Why.
        reason: String,
    },
    /// It has too many events.
    #[error("{reason}")]
    TooMany {
        /// How many there may be.
        reason: String,
    },
    /// Another batch was stored under the same key.
    #[error(
        "another batch was taken in under this Idempotency-Key before; nothing of this one was \
         counted, send it under a key of its own"
    )]
    KeyReused,
    /// Too many wait already.
    #[error("too many batches wait to be stored; send this one again")]
    Full,
    /// Another program holds the store.
    #[error("another program keeps the metrics locked; send this batch again")]
    Busy,
    /// The disk is full.
    #[error("the disk is full; nothing of this batch was counted")]
    DiskFull,
    /// The files of the store are not in place.
    #[error("what is reported cannot be stored: the data folder was removed or replaced")]
    Gone,
    /// They were removed while the batch was saved.
    #[error(
        "what is reported is not stored now, but will be there if what is open is written back: \
         the data folder was removed or replaced just when it was saved"
    )]
    Unconfirmed,
    /// Nothing is collected.
    #[error("nothing is collected: {reason}")]
    Unavailable {
        /// Why.
        reason: String,
    },
}

impl From<BatchError> for IntakeError {
    fn from(error: BatchError) -> Self {
        let reason = error.to_string();
        match error {
            BatchError::Text(_) | BatchError::NotJson { .. } => Self::Unreadable { reason },
            BatchError::TooMany => Self::TooMany { reason },
        }
    }
}

/// Returns the source of all events, if that is one.
fn only_source(events: &[Event]) -> Option<Box<str>> {
    let first = events.first()?.source();
    let is_only = events.iter().all(|event| event.source() == first);
    is_only.then(|| first.into())
}

impl Delivery {
    /// Waits until the batch is durable and counted.
    ///
    /// # Errors
    /// [`IntakeError`] if it cannot be stored; then nothing of it counts.
    pub async fn stored(self) -> Result<Receipt, IntakeError> {
        self.stored.await.unwrap_or_else(|_| Err(closed()))
    }
}

impl Metrics {
    /// Starts collecting into a data folder, continuing from what is stored. While nothing can be
    /// stored, every pulse says so and every batch is refused; it is tried again every second.
    pub fn start(data_dir: &Path, clock: Clock, seat: Seat, load: &Arc<Load>) -> Self {
        let collector = Arc::new(Collector::default());
        let refusals = Arc::new(Refusals::default());
        let metrics = Self(Arc::new(Inner {
            data_dir: data_dir.to_owned(),
            clock,
            exposition: Exposition::new(&collector, &refusals, load),
            collector,
            refusals,
            trouble: Arc::default(),
            lead: Arc::default(),
            queue: Mutex::new(None),
            queued_bytes: Arc::default(),
            thread: Mutex::new(None),
            reader: Mutex::new(None),
            settling: Arc::default(),
            removing: Arc::default(),
            repeats: Mutex::default(),
        }));
        if let Err(error) = metrics.start_thread(seat) {
            *lock(&metrics.0.trouble) = Some(worker::trouble_of(&error));
        }
        metrics
    }

    fn start_thread(&self, seat: Seat) -> Result<(), StoreError> {
        let inner = &self.0;
        let (queue, tasks) = mpsc::sync_channel(QUEUE_BATCHES_MAX);
        let waiting = Waiting(Context {
            data_dir: inner.data_dir.clone(),
            clock: inner.clock.clone(),
            collector: Arc::clone(&inner.collector),
            tasks,
            queued_bytes: Arc::clone(&inner.queued_bytes),
            refusals: Arc::clone(&inner.refusals),
            trouble: Arc::clone(&inner.trouble),
            seat,
            lead: Arc::clone(&inner.lead),
            settling: Arc::clone(&inner.settling),
            removing: Arc::clone(&inner.removing),
        });
        let work: Box<dyn FnOnce() + Send> = match waiting.open() {
            // Before the first scrape: totals that begin low would look like a reset.
            Ok(opened) => {
                let worker = waiting.work_with(opened);
                Box::new(move || worker.run())
            }
            Err(error) => Box::new(move || waiting.run(&error)),
        };
        let thread = thread::Builder::new()
            .name("flagdeck-metrics".into())
            .spawn(work)
            .map_err(|source| StoreError::File {
                path: inner.data_dir.clone(),
                source,
            })?;
        *lock(&inner.queue) = Some(queue);
        *lock(&inner.thread) = Some(thread);
        Ok(())
    }

    /// Reads a batch, and queues the valid events to be stored. `is_component` says of a name
    /// whether the flags in force have it.
    ///
    /// # Errors
    /// [`IntakeError`] if it cannot be read or finds no room; then nothing of it counts.
    pub fn take_in(
        &self,
        bytes: &[u8],
        format: Format,
        key: Option<Box<str>>,
        callbacks: Callbacks<'_>,
        is_component: &dyn Fn(&str) -> bool,
    ) -> Result<Delivery, IntakeError> {
        let now_ms = self.0.clock.now_ms();
        let batch = self.read_marked(bytes, format, callbacks, now_ms)?;
        let warnings = batch.unknown_components(is_component);
        let weight = bytes.len() + batch.events.len() * size_of::<Event>();
        let source = only_source(&batch.events);
        let new = NewBatch {
            // Read again, so that batches are stored in about the order of their times.
            at_ms: self.0.clock.now_ms(),
            key: key.map(|name| Key::new(name, bytes)),
            events: batch.events,
            rejected: batch.rejected,
        };
        let stored = self.queue(new, weight)?;
        Ok(Delivery {
            problems: batch.problems,
            source,
            warnings,
            stored,
        })
    }

    /// Reads a batch, and marks calculations of users who were counted a moment before.
    fn read_marked(
        &self,
        bytes: &[u8],
        format: Format,
        callbacks: Callbacks<'_>,
        now_ms: i64,
    ) -> Result<Batch, BatchError> {
        let repeats = RefCell::new(lock(&self.0.repeats));
        let see = |component: &str, user: &str| {
            let mut repeats = repeats.borrow_mut();
            repeats.see(now_ms, component, user)
        };
        let callbacks = Callbacks {
            on_calculation: Some(&see),
            ..callbacks
        };
        event::read(bytes, format, callbacks, now_ms)
    }

    fn queue(
        &self,
        batch: NewBatch,
        bytes: usize,
    ) -> Result<oneshot::Receiver<Result<Receipt, IntakeError>>, IntakeError> {
        let queue = lock(&self.0.queue).clone().ok_or_else(|| self.refusal())?;
        let queued = &self.0.queued_bytes;
        let before = queued.fetch_add(bytes, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        let job = Job {
            batch,
            bytes,
            answer,
        };
        let sent = match before + bytes > QUEUE_BYTES_MAX && before > 0 {
            true => Err(IntakeError::Full),
            false => queue
                .try_send(Task::Store(job))
                .map_err(|error| match error {
                    TrySendError::Full(_) => IntakeError::Full,
                    TrySendError::Disconnected(_) => IntakeError::Unavailable {
                        reason: "what stores reports has ended; start Flagdeck again".into(),
                    },
                }),
        };
        if let Err(error) = sent {
            queued.fetch_sub(bytes, Ordering::Relaxed);
            if error == IntakeError::Full {
                self.0.refusals.turned_away.fetch_add(1, Ordering::Relaxed);
            }
            return Err(error);
        }
        Ok(answered)
    }

    fn refusal(&self) -> IntakeError {
        match self.trouble() {
            // A client need not know where files are; the window shows the full error.
            Some(_) => IntakeError::Unavailable {
                reason: "what is reported cannot be stored".into(),
            },
            None => closed(),
        }
    }

    /// Returns proof that this is the one program on the folder that stores the totals. The same
    /// one pushes them: two would be two instances with the same counts.
    pub fn lead(&self) -> Option<Lead> {
        lock(&self.0.lead).clone()
    }

    /// Returns what became of the files of `metrics.db`, if they are not in place.
    pub(crate) fn gone(&self) -> Option<Gone> {
        let place = lock(&self.0.settling.place).clone()?;
        (!place.is_intact()).then(|| place.gone())
    }

    /// Has the thread resolve what became of its files; does nothing without files. Returns where
    /// the replaced file was moved.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written or opened; then nothing was changed.
    pub(crate) fn settle(&self, what: Settle) -> Settled {
        let settling = &self.0.settling;
        if lock(&settling.place).is_none() {
            return Ok(None);
        }
        let (answer, answered) = mpsc::sync_channel(1);
        lock(&settling.asked).push((what, answer));
        if let Some(queue) = &*lock(&self.0.queue) {
            // A full queue wakes the thread by itself.
            let _ = queue.try_send(Task::Look);
        }
        answered
            .recv_timeout(SETTLED_WITHIN)
            .unwrap_or(Err(StoreError::Busy))
    }

    /// Stops collecting, and stores everything durably.
    pub fn close(&self) {
        self.0.close();
    }

    /// Returns why nothing is stored; `None` while everything is.
    pub fn trouble(&self) -> Option<String> {
        lock(&self.0.trouble).clone()
    }

    /// Returns why `metrics.db` cannot be opened; `None` while it is open.
    pub fn why_not_open(&self) -> Option<String> {
        let is_open = lock(&self.0.settling.place).is_some();
        self.trouble().filter(|_| !is_open)
    }

    /// Returns what writes all metrics as Prometheus reads them.
    pub fn exposition(&self) -> &Exposition {
        &self.0.exposition
    }

    /// Returns how often components were switched, and up to which revision that was counted.
    pub fn toggles(&self) -> Toggles {
        self.0.collector.toggles()
    }

    /// Notes how often components were switched in the revisions after `after` up to `through`;
    /// ignored if the count was advanced in the meantime.
    pub fn count_toggles(&self, after: Option<u64>, through: u64, count: u64) {
        self.0.collector.count_toggles(after, through, count);
    }

    /// Returns the callback that notes when a revision was saved, in milliseconds since 1970.
    pub(crate) fn on_saved(&self) -> Box<dyn Fn(i64) + Send + Sync> {
        let collector = Arc::clone(&self.0.collector);
        Box::new(move |at_ms| collector.note_revision(at_ms))
    }

    /// Returns what components are judged by.
    pub fn judged(&self, since_ms: impl Fn(&str) -> i64) -> Judged {
        Judged::of(&self.0.collector, self.0.clock.now_ms(), since_ms)
    }

    /// Visits what was counted of each component and arm for the guard of rollouts: each user once
    /// within a few seconds, and how many users were new. Returns what tells these counts from those
    /// of another start: counts of one can be compared with each other.
    pub fn each_guarded(&self, mut visit: impl FnMut(&str, Arm, &Guarded)) -> u64 {
        let state = self.0.collector.state();
        for ((component, arm), guarded) in &state.guarded.counts {
            visit(component, *arm, guarded);
        }
        state.guarded.start
    }

    /// Returns the memory of the application that uses the most, in bytes, of those that reported
    /// after a moment (in milliseconds since 1970); `None` if none did.
    pub fn memory_since(&self, since_ms: i64) -> Option<f64> {
        let state = self.0.collector.state();
        let latest = state.memory.values();
        let new = latest.filter(|memory| memory.at_ms > since_ms);
        new.map(|memory| memory.bytes).max_by(f64::total_cmp)
    }

    /// Returns the pulse of the last minutes; `None` if it is the one of `since`. Marks, push
    /// and verdicts are for the caller to fill in.
    pub fn pulse(&self, since: Option<u64>, limits: shapes::Limits) -> Option<shapes::Pulse> {
        let state = self.0.collector.state();
        if since == Some(state.version) {
            return None;
        }
        let pulse = pulse::take(&state, self.0.clock.now_ms(), limits);
        drop(state);
        Some(shapes::Pulse {
            trouble: self.trouble(),
            events_rejected: self.0.refusals.rejected(),
            batches_turned_away: self.0.refusals.turned_away(),
            labels_overflowed: self.0.collector.recorder().overflowed(),
            ..pulse
        })
    }
}

impl Inner {
    fn close(&self) {
        *lock(&self.queue) = None;
        if let Some(thread) = lock(&self.thread).take()
            && thread.join().is_err()
        {
            tracing::error!("the metrics' thread panicked");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Refusals {
    fn reject(&self, events: usize) {
        self.rejected.fetch_add(events as u64, Ordering::Relaxed);
    }

    /// Returns how many events were not valid.
    pub fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// Returns how many batches found no room.
    pub fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }
}

fn closed() -> IntakeError {
    IntakeError::Unavailable {
        reason: "Flagdeck is closing".into(),
    }
}

/// Returns a unique random number.
fn random() -> i64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    i64::from_ne_bytes(bytes)
}

/// Returns the beginning of a BLAKE3 hash: as many bytes as are enough against chance.
fn hash<const BYTES: usize>(bytes: &[u8]) -> [u8; BYTES] {
    let whole = *blake3::hash(bytes).as_bytes();
    std::array::from_fn(|at| whole[at])
}
