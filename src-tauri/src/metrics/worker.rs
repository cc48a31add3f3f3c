//! The one thread that stores batches and counts them, closes seconds and ticks, and keeps the
//! checkpoint.
//!
//! A batch is acknowledged when it is durable and counted; whatever was not acknowledged was
//! not counted, or will be answered as a duplicate.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::collector::{Collector, Toggles, series_key};
use super::evidence::Counts;
use super::frame::{Frame, NameId};
use super::limits::{COMMIT_BATCHES_MAX, LOOK_EVERY, MEMORY_EVERY};
use super::removing::{RemovedMeasurements, Removing};
use super::store::{Logged, MetricsStore, NewBatch, Others, Past, Stored, Unsaved};
use super::tiers::{SECONDS_IN_MEMORY_S, TICK_S, step_of};
use super::{IntakeError, Receipt, Refusals, Settle, Settling, process, random};
use crate::clock::{Clock, Pauses};
use crate::leader::{Lead, Seat};
use crate::lock::lock;
use crate::store::StoreError;
use crate::trusted_time::{self, Moment};

/// What the thread is woken for.
#[derive(Debug)]
pub(super) enum Task {
    /// A batch is to be stored.
    Store(Job),
    /// Something else was asked for: to settle what became of the files, or to remove a source.
    Look,
}

/// A batch that waits to be stored, and what waits for it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) batch: NewBatch,
    /// What it takes of the queue's room.
    pub(super) bytes: usize,
    pub(super) answer: oneshot::Sender<Result<Receipt, IntakeError>>,
}

/// What the thread has whether or not the store is open.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) data_dir: PathBuf,
    pub(super) clock: Clock,
    pub(super) collector: Arc<Collector>,
    pub(super) tasks: Receiver<Task>,
    pub(super) queued_bytes: Arc<AtomicUsize>,
    pub(super) refusals: Arc<Refusals>,
    /// Why nothing is kept; none while everything is.
    pub(super) trouble: Arc<Mutex<Option<String>>>,
    pub(super) seat: Seat,
    /// Proof that this program keeps the checkpoint, since it read what was kept before.
    pub(super) lead: Arc<Mutex<Option<Lead>>>,
    pub(super) settling: Arc<Settling>,
    pub(super) removing: Arc<Removing>,
}

impl Context {
    /// Sets why nothing is kept; returns whether that is news.
    pub(super) fn set_trouble(&self, trouble: Option<String>) -> bool {
        let mut told = lock(&self.trouble);
        let is_news = *told != trouble;
        if is_news {
            *told = trouble;
            self.collector.state().version += 1;
        }
        is_news
    }
}

/// The thread's work while the store is open.
#[derive(Debug)]
pub(super) struct Worker {
    context: Context,
    store: MetricsStore,
    pauses: Pauses,
    progress: Progress,
}

/// How far the thread is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The second that is open.
    second: i64,
    /// What was counted and is in no frame on disk yet. Always up to the last batch that was
    /// counted when a second ended: a checkpoint is of the same batches.
    unsaved: Unsaved,
    /// What the last checkpoint is of: a tick, a batch, switches.
    kept_tick_s: i64,
    kept_through: i64,
    kept_toggles: Toggles,
    /// Whether what others stored could not be read the last time.
    is_blind: bool,
    looked: Option<Instant>,
    sampled: Option<Instant>,
}

impl Progress {
    /// Adds what was counted in the second that began at `at_s`. Flagdeck's own memory alone is
    /// not worth a write.
    fn add(&mut self, at_s: i64, frame: &Frame) {
        let tick_s = step_of(at_s, TICK_S);
        let ticks = &mut self.unsaved.ticks;
        if !frame.is_quiet() || ticks.contains_key(&tick_s) {
            ticks.entry(tick_s).or_default().merge(frame);
        }
    }

    /// Removes what was counted of a source.
    fn remove_source(&mut self, source: NameId) {
        for frame in self.unsaved.ticks.values_mut() {
            frame.remove_source(source);
        }
        self.unsaved.removed.insert(source);
    }
}

impl Worker {
    /// Starts from what an open store holds.
    pub(super) fn new(
        context: Context,
        store: MetricsStore,
        past: Past,
        lead: Option<Lead>,
    ) -> Self {
        let mut worker = Self {
            pauses: context.clock.pauses(),
            context,
            store,
            progress: Progress::default(),
        };
        worker.note_place();
        worker.restore(past);
        *lock(&worker.context.lead) = lead;
        worker.set_trouble(None);
        worker
    }

    /// Works until no more batches can come, and keeps everything then.
    pub(super) fn run(mut self) {
        loop {
            match self.pauses.receive(&self.context.tasks, self.pause()) {
                Ok(Task::Store(job)) => self.take(job),
                Ok(Task::Look) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.keep_up();
        }
        self.finish();
    }

    /// Returns how long there is nothing to do: until the second ends, or it is time to look.
    fn pause(&self) -> Duration {
        let left_ms = 1000 - self.context.clock.now_ms().rem_euclid(1000);
        LOOK_EVERY.min(Duration::from_millis(left_ms.unsigned_abs()))
    }

    /// Goes on from what was kept.
    fn restore(&mut self, past: Past) {
        let now = self.context.clock.now_ms();
        let name = &mut namer(&mut self.store);
        let uncounted = self.context.collector.resume(past, now, name);
        self.progress = Progress {
            second: now / 1000,
            kept_toggles: self.context.collector.toggles(),
            ..Progress::default()
        };
        self.progress.unsaved.removed = uncounted.removed;
        for (at_s, frame) in uncounted.frames {
            self.progress.add(at_s, &frame);
        }
    }

    /// Stores a batch, with those that wait behind it, in one commit.
    fn take(&mut self, first: Job) {
        let mut jobs = vec![first];
        while jobs.len() < COMMIT_BATCHES_MAX
            && let Ok(Task::Store(job)) = self.context.tasks.try_recv()
        {
            jobs.push(job);
        }
        let bytes = jobs.iter().map(|job| job.bytes).sum();
        let (batches, answers): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.batch, job.answer)).unzip();
        match self.store.append(&batches) {
            Ok((stored, others)) => {
                self.take_in(others);
                let done = batches.into_iter().zip(stored).zip(answers);
                for ((batch, stored), answer) in done {
                    // Fails only if the caller waits no more.
                    let _ = answer.send(self.acknowledge(batch, stored));
                }
                self.set_trouble(None);
            }
            Err(error) => {
                let refused = self.refuse(&error);
                for answer in answers {
                    let _ = answer.send(Err(refused.clone()));
                }
            }
        }
        self.context
            .queued_bytes
            .fetch_sub(bytes, Ordering::Relaxed);
    }

    fn acknowledge(&self, batch: NewBatch, stored: Stored) -> Result<Receipt, IntakeError> {
        match stored {
            Stored::Reused => Err(IntakeError::KeyReused),
            Stored::Before { accepted, rejected } => Ok(Receipt {
                accepted,
                rejected,
                is_duplicate: true,
            }),
            Stored::At(id) => {
                let (accepted, rejected) = (batch.events.len(), batch.rejected);
                self.context.refusals.reject(rejected);
                self.count(&Logged {
                    id,
                    at_ms: batch.at_ms,
                    events: batch.events,
                });
                Ok(Receipt {
                    accepted,
                    rejected,
                    is_duplicate: false,
                })
            }
        }
    }

    fn count(&self, batch: &Logged) {
        self.context
            .collector
            .apply(batch.id, &batch.events, batch.at_ms);
    }

    /// Counts a batch of another program, which may be the removal of a source.
    fn count_other(&mut self, batch: &Logged) {
        match batch.removed_source() {
            Some(source) => self.forget_source(batch.id, source),
            None => self.count(batch),
        }
    }

    /// Removes what was counted of a source up to a place of the log.
    fn forget_source(&mut self, place: i64, source: &str) {
        // A name that cannot be read is in no frame that was made here.
        let number = self.store.number(source).ok().flatten();
        self.context.collector.remove_source(place, source, number);
        if let Some(number) = number {
            self.progress.remove_source(number);
        }
    }

    /// Removes the sources that are to be removed.
    fn remove_sources(&mut self) {
        for (source, answer) in self.context.removing.take() {
            let removed = self.remove_source(&source);
            // Fails only if the caller waits no more.
            let _ = answer.send(removed);
        }
    }

    fn remove_source(&mut self, source: &str) -> Result<Option<RemovedMeasurements>, StoreError> {
        let others = self.store.look()?;
        self.take_in(others);
        let counted = self.context.collector.counted_of(source);
        let now_ms = self.context.clock.now_ms();
        let noted = self.store.remove_source(source, counted.is_known, now_ms)?;
        let Some((place, others)) = noted else {
            return Ok(None);
        };
        self.take_in(others);
        self.forget_source(place, source);
        Ok(Some(RemovedMeasurements {
            calculations: counted.calculations,
        }))
    }

    fn take_in(&mut self, others: Others) {
        match others {
            Others::Batches(batches) => batches.iter().for_each(|batch| self.count_other(batch)),
            Others::Everything(past) => self.restore(*past),
        }
    }

    /// Tells others which files are open.
    fn note_place(&self) {
        *lock(&self.context.settling.place) = Some(Arc::clone(self.store.place()));
    }

    /// Settles what became of the files, if that is asked for.
    fn settle(&mut self) {
        let asked = std::mem::take(&mut *lock(&self.context.settling.asked));
        for (what, answer) in asked {
            // Fails only if the caller waits no more.
            let _ = answer.send(self.settle_as(what));
        }
    }

    fn settle_as(&mut self, what: Settle) -> Result<Option<PathBuf>, StoreError> {
        let settled = match what {
            _ if self.store.place().is_intact() => Ok(None),
            Settle::WriteBack => self.store.write_back(self.context.clock.now_ms()),
            Settle::Reopen => self.store.keep_copy(self.context.clock.now_ms()),
        };
        let set_aside = settled?;
        if !self.store.place().is_intact() {
            self.reopen()?;
        }
        Ok(set_aside)
    }

    /// Continues with the file under the name, and counts what that holds.
    fn reopen(&mut self) -> Result<(), StoreError> {
        let lead = self.context.seat.lead();
        let (store, past) = MetricsStore::open(
            &self.context.data_dir,
            random(),
            self.context.clock.now_ms(),
        )?;
        self.store = store;
        self.note_place();
        self.restore(past);
        *lock(&self.context.lead) = lead;
        self.set_trouble(None);
        Ok(())
    }

    /// Continues with files that another program put back.
    fn follow(&mut self) {
        if !self.store.place().is_intact() && self.store.is_continued().unwrap_or(false) {
            match self.reopen() {
                Ok(()) => tracing::info!("metrics.db is in its place again"),
                Err(error) => drop(self.refuse(&error)),
            }
        }
    }

    /// Does what time brings.
    fn keep_up(&mut self) {
        self.settle();
        self.remove_sources();
        let now = self.context.clock.instant();
        if is_due(&mut self.progress.looked, now, LOOK_EVERY) {
            self.follow();
            match self.store.look() {
                Ok(others) => {
                    self.take_in(others);
                    if std::mem::take(&mut self.progress.is_blind) {
                        self.set_trouble(None);
                    }
                }
                Err(error) => {
                    self.progress.is_blind = true;
                    drop(self.refuse(&error));
                }
            }
        }
        if is_due(&mut self.progress.sampled, now, MEMORY_EVERY)
            && let Some(bytes) = process::resident_bytes()
        {
            self.context.collector.sample_own_memory(bytes);
        }
        let now_s = self.context.clock.now_ms() / 1000;
        if now_s != self.progress.second {
            self.close_second(self.progress.second);
            self.context.collector.close_tick(now_s);
            self.progress.second = now_s;
            self.ask_to_lead();
            self.keep(now_s);
        }
    }

    fn close_second(&mut self, at_s: i64) {
        let name = &mut namer(&mut self.store);
        let closed = self.context.collector.close_second(at_s, name);
        for (at_s, frame) in closed {
            self.progress.add(at_s, &frame);
        }
        let mut state = self.context.collector.state();
        state.forget_before(at_s - SECONDS_IN_MEMORY_S);
    }

    /// Keeps what is new once a tick is over, if this program leads; discards it if another one
    /// keeps it.
    fn keep(&mut self, now_s: i64) {
        let lead = lock(&self.context.lead).clone();
        let Some(lead) = lead else {
            self.progress.unsaved = Unsaved::default();
            return;
        };
        let (tick_s, toggles) = (step_of(now_s, TICK_S), self.context.collector.toggles());
        let is_new = !self.progress.unsaved.ticks.is_empty()
            || self.context.collector.state().through != self.progress.kept_through;
        let is_over = tick_s != self.progress.kept_tick_s;
        if toggles == self.progress.kept_toggles && !(is_new && is_over) {
            return;
        }
        let checkpoint = self.context.collector.checkpoint();
        let evidence = self.context.collector.state().evidence.unkept();
        let evidence = named(evidence, &mut namer(&mut self.store));
        let moment = Moment {
            now_ms: self.context.clock.now_ms(),
            trusted: trusted_time::read(&self.context.data_dir),
        };
        let unsaved = &self.progress.unsaved;
        let kept = self
            .store
            .keep(&lead, &checkpoint, unsaved, &evidence, &moment);
        match kept {
            Ok(()) => {
                self.context.collector.state().evidence.note_kept();
                self.progress.unsaved = Unsaved::default();
                self.progress.kept_tick_s = tick_s;
                self.progress.kept_through = checkpoint.through;
                self.progress.kept_toggles = toggles;
                self.set_trouble(None);
            }
            Err(error) => drop(self.refuse(&error)),
        }
    }

    /// Asks for the lead: another program may have ended, or this one may have lost it. What the
    /// last leader kept is what counts from then on.
    fn ask_to_lead(&mut self) {
        // Files that are not in place are settled first.
        if !self.store.place().is_intact() {
            return;
        }
        let (asked, held) = (self.context.seat.lead(), lock(&self.context.lead).clone());
        match (asked, held) {
            (Some(asked), Some(held)) if asked.is_same(&held) => {}
            (Some(asked), _) => self.take_over(asked),
            (None, _) => *lock(&self.context.lead) = None,
        }
    }

    fn take_over(&mut self, lead: Lead) {
        match self.store.reread() {
            Ok(past) => {
                self.restore(past);
                *lock(&self.context.lead) = Some(lead);
            }
            Err(error) => {
                *lock(&self.context.lead) = None;
                self.context.seat.resign();
                drop(self.refuse(&error));
            }
        }
    }

    fn finish(mut self) {
        self.close_second(self.progress.second);
        self.keep(i64::MAX);
        self.store.close();
    }

    fn refuse(&self, error: &StoreError) -> IntakeError {
        self.set_trouble(Some(trouble_of(error)));
        refusal_of(error)
    }

    fn set_trouble(&self, trouble: Option<String>) {
        let is_news = self.context.set_trouble(trouble.clone());
        if let Some(trouble) = trouble.filter(|_| is_news) {
            tracing::warn!("{trouble}");
        }
    }
}

impl Drop for Worker {
    /// However the thread ends, another program may lead then.
    fn drop(&mut self) {
        *lock(&self.context.lead) = None;
    }
}

/// Gives names their numbers in the store. If one cannot be stored, no other is tried: each
/// might wait as long.
fn namer(store: &mut MetricsStore) -> impl FnMut(&str) -> Option<NameId> + '_ {
    let mut has_failed = false;
    move |text| {
        if has_failed && !store.knows(text) {
            return None;
        }
        let named = store.name(text);
        has_failed |= named.is_err();
        named.ok()
    }
}

/// Makes frames of bins of evidence, without what has no number for its name.
fn named(
    bins: BTreeMap<i64, Counts>,
    name: &mut dyn FnMut(&str) -> Option<NameId>,
) -> BTreeMap<i64, Frame> {
    let mut frame = |counts: Counts| {
        let tallies = counts
            .into_iter()
            .filter_map(|(labels, tally)| Some((series_key(&labels, name)?, tally)));
        Frame {
            tallies: tallies.collect(),
            ..Frame::default()
        }
    };
    bins.into_iter()
        .map(|(from_ms, counts)| (from_ms, frame(counts)))
        .collect()
}

/// Returns the answer to a batch that cannot be stored.
pub(super) fn refusal_of(error: &StoreError) -> IntakeError {
    match error {
        StoreError::Busy | StoreError::Held { .. } => IntakeError::Busy,
        StoreError::DiskFull => IntakeError::DiskFull,
        StoreError::Gone(_) => IntakeError::Gone,
        StoreError::Unconfirmed(_) => IntakeError::Unconfirmed,
        // A client need not know where files are; the window shows the full error.
        _ => IntakeError::Unavailable {
            reason: "what is reported cannot be stored".into(),
        },
    }
}

/// Says why nothing is kept, with every cause.
pub(super) fn trouble_of(error: &StoreError) -> String {
    let mut text = format!("What applications report cannot be kept: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text + "."
}

/// Says whether something is to be done again, and takes it for done.
pub(super) fn is_due(done: &mut Option<Instant>, now: Instant, pause: Duration) -> bool {
    let is_due = done.is_none_or(|at| now >= at + pause);
    if is_due {
        *done = Some(now);
    }
    is_due
}
