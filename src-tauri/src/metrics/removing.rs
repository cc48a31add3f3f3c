//! Removes what a source reported, so that totals, charts and verdicts are as if it had not.
//!
//! The log is the truth, so a removal is a note in it: every program on the folder reads it in its
//! place between the batches, also after a restart. What the source reports later counts afresh.

use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{self, SyncSender};

use super::collector::{Collector, CountedOf};
use super::glance::replayed;
use super::store::{MetricsReader, MetricsStore};
use super::worker::Task;
use super::{Metrics, SETTLED_WITHIN, random};
use crate::lock::lock;
use crate::store::StoreError;

/// What was removed of a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemovedMeasurements {
    /// Calculations that its series counted.
    pub calculations: u64,
}

/// What came of a removal; `None` if there was nothing of the source.
pub type Removed = Result<Option<RemovedMeasurements>, StoreError>;

/// Sources that the metrics' thread is asked to remove.
#[derive(Debug, Default)]
pub(super) struct Removing(Mutex<Vec<(Box<str>, SyncSender<Removed>)>>);

impl Removing {
    /// Takes what is asked for.
    pub(super) fn take(&self) -> Vec<(Box<str>, SyncSender<Removed>)> {
        std::mem::take(&mut *lock(&self.0))
    }

    /// Answers that nothing can be removed.
    pub(super) fn refuse(&self) {
        for (_, answer) in self.take() {
            // Fails only if the caller waits no more.
            let _ = answer.send(Err(StoreError::Busy));
        }
    }
}

impl Metrics {
    /// Removes everything that a source reported, durably.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be stored; then nothing was removed.
    pub fn remove_source(&self, source: &str) -> Removed {
        let (answer, answered) = mpsc::sync_channel(1);
        lock(&self.0.removing.0).push((source.into(), answer));
        if let Some(queue) = &*lock(&self.0.queue) {
            // A full queue wakes the thread by itself.
            let _ = queue.try_send(Task::Look);
        }
        answered
            .recv_timeout(SETTLED_WITHIN)
            .unwrap_or(Err(StoreError::Busy))
    }

    /// Returns what is counted of a source.
    pub fn counted_of(&self, source: &str) -> CountedOf {
        self.0.collector.counted_of(source)
    }
}

/// Removes everything that a source reported into a data folder, for a program that does its work
/// and exits.
///
/// # Errors
/// [`StoreError`] if that cannot be stored; then nothing was removed.
pub fn remove_source(data_dir: &Path, source: &str, now_ms: i64) -> Removed {
    if MetricsReader::open(data_dir)?.is_none() {
        return Ok(None);
    }
    let (mut store, past) = MetricsStore::open(data_dir, random(), now_ms)?;
    let collector = Collector::default();
    collector.resume(past, now_ms, &mut |name| store.number(name).ok().flatten());
    let counted = collector.counted_of(source);
    let removed = store.remove_source(source, counted.is_known, now_ms)?;
    Ok(removed.map(|_| RemovedMeasurements {
        calculations: counted.calculations,
    }))
}

/// Returns what is counted of a source in a data folder, for a program that does its work and exits.
///
/// # Errors
/// [`StoreError`] if it cannot be read.
pub fn counted_of(data_dir: &Path, source: &str, now_ms: i64) -> Result<CountedOf, StoreError> {
    let Some(mut reader) = MetricsReader::open(data_dir)? else {
        return Ok(CountedOf::default());
    };
    Ok(replayed(&mut reader, now_ms)?.counted_of(source))
}

/// Returns whether charts have anything of a source, also when its totals were forgotten.
///
/// # Errors
/// [`StoreError`] if they cannot be read.
pub fn is_drawn(data_dir: &Path, source: &str) -> Result<bool, StoreError> {
    match MetricsReader::open(data_dir)? {
        Some(reader) => reader.has_frames_of(source),
        None => Ok(false),
    }
}

/// Counts the frames in a data folder that cannot be decoded. No chart shows them.
///
/// # Errors
/// [`StoreError`] if they cannot be read.
pub fn undecodable_frames(data_dir: &Path) -> Result<u64, StoreError> {
    match MetricsReader::open(data_dir)? {
        Some(reader) => reader.undecodable(),
        None => Ok(0),
    }
}

/// Removes the frames in a data folder that cannot be decoded. Returns how many those were.
///
/// # Errors
/// [`StoreError`] if that cannot be stored; then none was removed.
pub fn remove_undecodable_frames(data_dir: &Path, now_ms: i64) -> Result<u64, StoreError> {
    match undecodable_frames(data_dir)? {
        0 => Ok(0),
        _ => MetricsStore::open(data_dir, random(), now_ms)?
            .0
            .remove_undecodable(),
    }
}
