//! What the metrics' thread does while `metrics.db` cannot be opened: it refuses batches, and tries
//! again. The disk may be full, or another program may keep the file locked.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::collector::Collector;
use super::store::{MetricsStore, Past};
use super::worker::{Job, Progress, Task, Worker, is_due, refusal_of, trouble_of};
use super::{IntakeError, Refusals, Settling, random};
use crate::clock::Clock;
use crate::leader::{Lead, Seat};
use crate::lock::lock;
use crate::store::StoreError;

/// How often to try again.
const OPEN_EVERY: Duration = Duration::from_secs(1);

/// What the thread needs to open the store and to work with it.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) data_dir: PathBuf,
    pub(super) clock: Clock,
    pub(super) collector: Arc<Collector>,
    pub(super) tasks: Receiver<Task>,
    pub(super) queued_bytes: Arc<AtomicUsize>,
    pub(super) refusals: Arc<Refusals>,
    pub(super) trouble: Arc<Mutex<Option<String>>>,
    pub(super) seat: Seat,
    pub(super) lead: Arc<Mutex<Option<Lead>>>,
    pub(super) settling: Arc<Settling>,
}

/// An open store, and what was in it.
#[derive(Debug)]
pub(super) struct Opened {
    store: MetricsStore,
    past: Past,
    lead: Option<Lead>,
}

impl Waiting {
    /// Opens the store.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be opened; then the reason is told.
    pub(super) fn open(&self) -> Result<Opened, StoreError> {
        // Before anything is read: what was kept last is what counts.
        let lead = self.seat.lead();
        match MetricsStore::open(&self.data_dir, random(), self.clock.now_ms()) {
            Ok((store, past)) => Ok(Opened { store, past, lead }),
            Err(error) => {
                drop(lead);
                // Another program may be able to work.
                self.seat.resign();
                self.tell(&error);
                Err(error)
            }
        }
    }

    /// Prepares to work with an open store, from what was in it.
    pub(super) fn work_with(self, opened: Opened) -> Worker {
        let mut worker = Worker {
            store: opened.store,
            pauses: self.clock.pauses(),
            clock: self.clock,
            collector: self.collector,
            tasks: self.tasks,
            queued_bytes: self.queued_bytes,
            refusals: self.refusals,
            trouble: self.trouble,
            seat: self.seat,
            lead: self.lead,
            progress: Progress::default(),
            data_dir: self.data_dir,
            settling: self.settling,
        };
        worker.note_place();
        worker.restore(opened.past);
        *lock(&worker.lead) = opened.lead;
        worker.set_trouble(None);
        worker
    }

    /// Tries until the store opens, and works with it then. Ends when no more batches can come.
    pub(super) fn run(self, error: &StoreError) {
        let (pauses, mut refusal) = (self.clock.pauses(), refusal_of(error));
        let mut tried = Some(self.clock.instant());
        loop {
            match pauses.receive(&self.tasks, OPEN_EVERY) {
                Ok(Task::Store(job)) => self.refuse(job, &refusal),
                Ok(Task::Settle) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if !is_due(&mut tried, self.clock.instant(), OPEN_EVERY) {
                continue;
            }
            match self.open() {
                Ok(opened) => return self.work_with(opened).run(),
                Err(error) => refusal = refusal_of(&error),
            }
        }
    }

    fn refuse(&self, job: Job, refusal: &IntakeError) {
        self.queued_bytes.fetch_sub(job.bytes, Ordering::Relaxed);
        // Fails only if the caller waits no more.
        let _ = job.answer.send(Err(refusal.clone()));
    }

    fn tell(&self, error: &StoreError) {
        let mut told = lock(&self.trouble);
        let trouble = Some(trouble_of(error));
        if *told != trouble {
            *told = trouble;
            self.collector.state().version += 1;
        }
    }
}
