//! What the metrics' thread does while `metrics.db` cannot be opened: it refuses batches, and tries
//! again. The disk may be full, or another program may keep the file locked.

use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::store::{MetricsStore, Past};
use super::worker::{Context, Job, Task, Worker, is_due, refusal_of, trouble_of};
use super::{IntakeError, random};
use crate::leader::Lead;
use crate::store::StoreError;

/// How often to try again.
const OPEN_EVERY: Duration = Duration::from_secs(1);

/// The thread's work until the store is open.
#[derive(Debug)]
pub(super) struct Waiting(pub(super) Context);

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
        let lead = self.0.seat.lead();
        match MetricsStore::open(&self.0.data_dir, random(), self.0.clock.now_ms()) {
            Ok((store, past)) => Ok(Opened { store, past, lead }),
            Err(error) => {
                drop(lead);
                // Another program may be able to work.
                self.0.seat.resign();
                self.0.set_trouble(Some(trouble_of(&error)));
                Err(error)
            }
        }
    }

    /// Prepares to work with an open store, from what was in it.
    pub(super) fn work_with(self, opened: Opened) -> Worker {
        let Opened { store, past, lead } = opened;
        Worker::new(self.0, store, past, lead)
    }

    /// Tries until the store opens, and works with it then. Ends when no more batches can come.
    pub(super) fn run(self, error: &StoreError) {
        let (pauses, mut refusal) = (self.0.clock.pauses(), refusal_of(error));
        let mut tried = Some(self.0.clock.instant());
        loop {
            match pauses.receive(&self.0.tasks, OPEN_EVERY) {
                Ok(Task::Store(job)) => self.refuse(job, &refusal),
                Ok(Task::Look) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.0.removing.refuse();
            if !is_due(&mut tried, self.0.clock.instant(), OPEN_EVERY) {
                continue;
            }
            match self.open() {
                Ok(opened) => return self.work_with(opened).run(),
                Err(error) => refusal = refusal_of(&error),
            }
        }
    }

    fn refuse(&self, job: Job, refusal: &IntakeError) {
        self.0.queued_bytes.fetch_sub(job.bytes, Ordering::Relaxed);
        // Fails only if the caller waits no more.
        let _ = job.answer.send(Err(refusal.clone()));
    }
}
