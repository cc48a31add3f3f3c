//! Counts calculations from any number of threads, without one waiting for another.
//!
//! Each thread has its own shard behind a lock that only the reader takes too, about once a second.
//! So recording needs no shared atomic, and sums stay exact.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use flagdeck_core::measure::{Arm, Calculation, Tally};
use foldhash::fast::FixedState;
use indexmap::{Equivalent, IndexMap, IndexSet};

use super::event::Labels;
use super::limits::SERIES_MAX;
use crate::lock::lock;

/// The labels for counts beyond [`SERIES_MAX`] sets of labels.
pub const OTHER: &str = "other";

/// More threads than this share shards. Flagdeck records from one or two.
const SHARDS: usize = 8;

/// Counts calculations by their labels.
#[derive(Debug, Default)]
pub struct Recorder {
    shards: [Shard; SHARDS],
    /// Every set of labels there is, in the order in which they came.
    known: Mutex<IndexSet<Labels, FixedState>>,
    overflowed: AtomicU64,
}

/// Labels that are looked up without being owned.
#[derive(Debug, Clone, Copy)]
pub struct LabelsRef<'a> {
    /// The application that reported.
    pub source: &'a str,
    /// The component, or nothing.
    pub component: &'a str,
    /// For whom it was.
    pub arm: Arm,
}

/// What was counted since the last call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counted {
    /// The calculations.
    pub tally: Tally,
    /// The confidence that was recorded last.
    pub confidence_last: Option<f64>,
}

/// Aligned to cache lines, so that threads do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<IndexMap<Labels, Counted, FixedState>>);

/// A thread's locked shard, for recording many at once.
#[derive(Debug)]
pub struct Recording<'a> {
    recorder: &'a Recorder,
    shard: MutexGuard<'a, IndexMap<Labels, Counted, FixedState>>,
}

impl Recorder {
    /// Counts a calculation that ended well.
    #[inline]
    pub fn record(&self, labels: &LabelsRef, calculation: &Calculation) {
        self.begin().record(labels, calculation);
    }

    /// Locks this thread's shard, for recording many at once.
    #[inline]
    pub fn begin(&self) -> Recording<'_> {
        Recording {
            recorder: self,
            shard: lock(&self.shards[own_shard()].0),
        }
    }

    /// Knows these sets of labels and no others, before anything is recorded under them: as
    /// after a restart.
    pub fn know_only(&self, labels: impl Iterator<Item = Labels>) {
        *lock(&self.known) = labels.take(SERIES_MAX).collect();
    }

    /// Returns how many calculations were counted under [`OTHER`], since the start.
    pub fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// Returns and resets everything that was recorded since the last call.
    pub fn drain(&self, mut take: impl FnMut(&Labels, &Counted)) {
        for shard in &self.shards {
            let mut shard = lock(&shard.0);
            for (labels, counted) in shard.iter_mut() {
                if counted.confidence_last.is_some() || counted.tally.errors > 0 {
                    take(labels, counted);
                    *counted = Counted::default();
                }
            }
        }
    }

    /// Returns the labels to count under: these, or [`OTHER`] if there are too many.
    #[cold]
    pub(super) fn admit(&self, labels: &LabelsRef) -> Labels {
        let mut known = lock(&self.known);
        if known.contains(labels) {
            return labels.owned();
        }
        if known.len() < SERIES_MAX {
            known.insert(labels.owned());
            return labels.owned();
        }
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        let other = LabelsRef {
            source: OTHER,
            component: OTHER,
            arm: labels.arm,
        };
        other.owned()
    }
}

impl Recording<'_> {
    /// Counts a calculation that ended well.
    #[inline]
    pub fn record(&mut self, labels: &LabelsRef, calculation: &Calculation) {
        let counted = self.counted(labels);
        counted.tally.record(calculation);
        counted.confidence_last = Some(calculation.confidence);
    }

    /// Counts a calculation that failed.
    #[inline]
    pub fn record_error(&mut self, labels: &LabelsRef) {
        self.counted(labels).tally.record_error();
    }

    #[inline]
    fn counted(&mut self, labels: &LabelsRef) -> &mut Counted {
        let at = self.shard.get_index_of(labels);
        match at {
            Some(at) => &mut self.shard[at],
            None => {
                let admitted = self.recorder.admit(labels);
                self.shard.entry(admitted).or_default()
            }
        }
    }
}

impl LabelsRef<'_> {
    fn owned(&self) -> Labels {
        Labels {
            source: self.source.into(),
            component: self.component.into(),
            arm: self.arm,
        }
    }
}

impl<'a> From<&'a Labels> for LabelsRef<'a> {
    fn from(labels: &'a Labels) -> Self {
        Self {
            source: &labels.source,
            component: &labels.component,
            arm: labels.arm,
        }
    }
}

impl Hash for LabelsRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // As `Labels` derives it.
        self.source.hash(state);
        self.component.hash(state);
        self.arm.hash(state);
    }
}

impl Equivalent<Labels> for LabelsRef<'_> {
    fn equivalent(&self, labels: &Labels) -> bool {
        self.arm == labels.arm
            && *self.source == *labels.source
            && *self.component == *labels.component
    }
}

/// Returns the number of this thread's shard: threads take them in turn.
#[inline]
fn own_shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    OWN.with(|own| {
        if own.get() == usize::MAX {
            own.set(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
        }
        own.get()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BADGES: LabelsRef<'static> = LabelsRef {
        source: "web",
        component: "ui.badges",
        arm: Arm::Exposed,
    };

    fn calculation(duration_s: f64) -> Calculation {
        Calculation {
            duration_s,
            confidence: 0.5,
            iterations: Some(12),
        }
    }

    fn total(recorder: &Recorder) -> u64 {
        let mut total = 0;
        recorder.drain(|_, counted| total += counted.tally.total());
        total
    }

    #[test]
    fn owned_and_borrowed_labels_hash_alike() {
        use std::hash::BuildHasher;
        let state = FixedState::default();
        assert_eq!(state.hash_one(BADGES), state.hash_one(BADGES.owned()));
    }

    #[test]
    fn nothing_is_lost_between_threads_and_those_who_add_up() {
        let recorder = Recorder::default();
        let mut seen = 0;
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..20_000 {
                            recorder.record(&BADGES, &calculation(0.03));
                        }
                        recorder.begin().record_error(&BADGES);
                    })
                })
                .collect();
            while threads.iter().any(|thread| !thread.is_finished()) {
                seen += total(&recorder);
            }
        });
        seen += total(&recorder);
        assert_eq!(seen, 4 * 20_001);
        assert_eq!(total(&recorder), 0);
    }

    #[test]
    fn counting_what_is_known_allocates_nothing() {
        let recorder = Recorder::default();
        recorder.record(&BADGES, &calculation(0.03));
        let used = allocation_counter::measure(|| {
            for _ in 0..100 {
                recorder.record(&BADGES, &calculation(0.03));
                recorder.begin().record_error(&BADGES);
            }
        });
        assert_eq!(used.count_total, 0);
    }

    #[test]
    fn too_many_labels_are_counted_under_other() {
        let recorder = Recorder::default();
        for index in 0..SERIES_MAX + 7 {
            let source = format!("pod-{index}");
            let labels = LabelsRef {
                source: &source,
                ..BADGES
            };
            recorder.record(&labels, &calculation(0.03));
        }
        let mut other = 0;
        recorder.drain(|labels, counted| {
            if &*labels.source == OTHER {
                assert_eq!(labels.arm, Arm::Exposed);
                other += counted.tally.total();
            }
        });
        assert_eq!((other, recorder.overflowed()), (7, 7));
    }
}
