//! What was counted in one span of time: the unit that charts are drawn of and tiers keep.
//!
//! Frames add up, so a coarse one is the sum of fine ones. Knows nothing of time or disk.

use std::collections::BTreeMap;

use flagdeck_core::measure::{Arm, DURATION_EDGES_S, ITERATION_EDGES, Spread, Tally};
use serde::{Deserialize, Serialize};

use super::hash;

/// The number of a name in the store's list of names, which only grows.
pub type NameId = u32;

/// Stands for the source of what is counted without one. Names are numbered from 1 up.
pub const NO_SOURCE: NameId = 0;

/// What a tally of a frame is of. Those of one component and arm follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeriesKey {
    /// The component.
    pub component: NameId,
    /// For whom it was.
    pub arm: Arm,
    /// The application that reported, or [`NO_SOURCE`].
    pub source: NameId,
}

impl SeriesKey {
    /// Returns the key of what is counted without a source.
    pub fn without_source(component: NameId, arm: Arm) -> Self {
        Self {
            component,
            arm,
            source: NO_SOURCE,
        }
    }
}

/// Everything counted in one span.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// Calculations, by component, arm and source.
    pub tallies: BTreeMap<SeriesKey, Tally>,
    /// Memory that sources reported, in bytes, by source.
    pub memory: BTreeMap<NameId, Spread>,
    /// Memory of Flagdeck itself, in bytes.
    pub own_memory: Spread,
}

impl Frame {
    /// Returns whether nothing was reported. Flagdeck's own memory is no report.
    pub fn is_quiet(&self) -> bool {
        self.tallies.is_empty() && self.memory.is_empty()
    }

    /// Adds what another span counted.
    pub fn merge(&mut self, other: &Self) {
        for (key, tally) in &other.tallies {
            self.tallies.entry(*key).or_default().merge(tally);
        }
        for (source, spread) in &other.memory {
            self.memory.entry(*source).or_default().merge(spread);
        }
        self.own_memory.merge(&other.own_memory);
    }

    /// Adds up the calculations of all components and arms that `wanted` lets through.
    pub fn sum(&self, wanted: impl Fn(NameId, Arm) -> bool) -> Tally {
        let mut sum = Tally::default();
        for (key, tally) in &self.tallies {
            if wanted(key.component, key.arm) {
                sum.merge(tally);
            }
        }
        sum
    }

    /// Adds up the calculations of each component and arm over all sources.
    pub fn by_component(&self) -> BTreeMap<(NameId, Arm), Tally> {
        let mut sums: BTreeMap<(NameId, Arm), Tally> = BTreeMap::new();
        for (key, tally) in &self.tallies {
            sums.entry((key.component, key.arm))
                .or_default()
                .merge(tally);
        }
        sums
    }

    /// Returns whether a source reported any of it.
    pub fn has_source(&self, source: NameId) -> bool {
        self.memory.contains_key(&source) || self.tallies.keys().any(|key| key.source == source)
    }

    /// Removes what a source reported. Returns whether there was anything.
    pub fn remove_source(&mut self, source: NameId) -> bool {
        let has_source = self.has_source(source);
        if has_source {
            self.tallies.retain(|key, _| key.source != source);
            self.memory.remove(&source);
        }
        has_source
    }

    /// Returns the memory of the source that used the most, in bytes.
    pub fn largest_memory(&self) -> Option<&Spread> {
        let mean = |spread: &Spread| spread.mean().unwrap_or(0.0);
        let by_mean = |a: &&Spread, b: &&Spread| mean(a).total_cmp(&mean(b));
        self.memory.values().max_by(by_mean)
    }
}

/// A frame as it is kept: about 25 bytes for each component, arm and source that reported.
///
/// Counts are exact. Confidence and memory are rounded to what a chart can show: 1/65 535, and
/// four bytes of a float. Sums of durations and of iterations are not kept: no chart shows them.
///
/// `T` is a tally with its source. Earlier versions kept tallies without, so both are read.
#[derive(Debug, Serialize, Deserialize)]
struct Packed<T> {
    tallies: Vec<T>,
    memory: Vec<(NameId, PackedSpread)>,
    own_memory: Option<PackedSpread>,
}

/// A tally with the source that reported it.
type OfSource = (NameId, PackedTally);

#[derive(Debug, Serialize, Deserialize)]
struct PackedTally {
    component: NameId,
    arm: Arm,
    durations: Sparse,
    errors: u64,
    confidence: PackedConfidence,
    iterations: Sparse,
}

/// Counts of a histogram: which buckets have any, and those.
#[derive(Debug, Serialize, Deserialize)]
struct Sparse {
    present: u16,
    counts: Vec<u64>,
}

/// Mean, smallest and largest confidence in 1/65 535, two bytes each. As many values as
/// calculations.
#[derive(Debug, Serialize, Deserialize)]
struct PackedConfidence([[u8; 2]; 3]);

#[derive(Debug, Serialize, Deserialize)]
struct PackedSpread {
    count: u64,
    mean: f32,
    min: f32,
    max: f32,
}

impl Frame {
    /// Packs it for keeping.
    pub fn pack(&self) -> Vec<u8> {
        let tallies = self.tallies.iter().map(|(key, tally)| -> OfSource {
            let packed = PackedTally {
                component: key.component,
                arm: key.arm,
                durations: Sparse::of(&tally.durations),
                errors: tally.errors,
                confidence: PackedConfidence::of(&tally.confidence),
                iterations: Sparse::of(&tally.iterations),
            };
            (key.source, packed)
        });
        let memory = self.memory.iter();
        let packed = Packed {
            tallies: tallies.collect(),
            memory: memory.map(|(id, it)| (*id, PackedSpread::of(it))).collect(),
            own_memory: (self.own_memory.count > 0).then(|| PackedSpread::of(&self.own_memory)),
        };
        let mut bytes = postcard::to_allocvec(&packed).expect("plain data in memory");
        bytes.extend(hash_with_sources(&bytes));
        bytes
    }

    /// Unpacks what [`Frame::pack`] made; `None` for anything else, even if one bit differs.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let (bytes, expected) = bytes.split_last_chunk::<HASH_BYTES>()?;
        if hash_with_sources(bytes) == *expected {
            Self::of(postcard::from_bytes(bytes).ok()?, |tally: OfSource| tally)
        } else if hash(bytes) == *expected {
            let of_none = |tally| (NO_SOURCE, tally);
            Self::of(postcard::from_bytes(bytes).ok()?, of_none)
        } else {
            None
        }
    }

    fn of<T>(packed: Packed<T>, with_source: impl Fn(T) -> OfSource) -> Option<Self> {
        let mut frame = Self::default();
        for (source, tally) in packed.tallies.into_iter().map(with_source) {
            let key = SeriesKey {
                component: tally.component,
                arm: tally.arm,
                source,
            };
            frame.tallies.insert(key, tally.unpack()?);
        }
        for (source, spread) in packed.memory {
            frame.memory.insert(source, spread.unpack());
        }
        frame.own_memory = packed
            .own_memory
            .map_or_else(Spread::default, |it| it.unpack());
        Some(frame)
    }
}

/// Bytes of a hash: enough against chance, little next to a frame.
const HASH_BYTES: usize = 8;

/// Returns the hash of a frame whose tallies have sources. It tells such a frame from one of an
/// earlier version, whose hash is that of its bytes alone.
fn hash_with_sources(bytes: &[u8]) -> [u8; HASH_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"with sources").update(bytes);
    let whole = *hasher.finalize().as_bytes();
    std::array::from_fn(|at| whole[at])
}

impl PackedTally {
    fn unpack(&self) -> Option<Tally> {
        let durations = self.durations.unpack::<{ DURATION_EDGES_S.len() + 1 }>()?;
        let completed = durations.iter().try_fold(0_u64, |a, b| a.checked_add(*b))?;
        Some(Tally {
            durations,
            errors: self.errors,
            confidence: self.confidence.unpack(completed),
            iterations: self.iterations.unpack::<{ ITERATION_EDGES.len() + 1 }>()?,
            ..Tally::default()
        })
    }
}

impl Sparse {
    fn of(counts: &[u64]) -> Self {
        let present = counts.iter().enumerate();
        Self {
            present: present.fold(0, |bits, (at, count)| bits | (u16::from(*count > 0) << at)),
            counts: counts.iter().copied().filter(|count| *count > 0).collect(),
        }
    }

    fn unpack<const BUCKETS: usize>(&self) -> Option<[u64; BUCKETS]> {
        let mut counts = [0; BUCKETS];
        let mut values = self.counts.iter();
        for (at, count) in counts.iter_mut().enumerate() {
            if self.present & (1 << at) != 0 {
                *count = *values.next()?;
            }
        }
        Some(counts)
    }
}

impl PackedConfidence {
    fn of(spread: &Spread) -> Self {
        let pack = |share: f64| {
            let rounded = (share.clamp(0.0, 1.0) * f64::from(u16::MAX)).round() as u16;
            rounded.to_le_bytes()
        };
        let mean = spread.mean().unwrap_or_default();
        Self([mean, spread.min, spread.max].map(pack))
    }

    fn unpack(&self, count: u64) -> Spread {
        if count == 0 {
            return Spread::default();
        }
        let unpack = |share| f64::from(u16::from_le_bytes(share)) / f64::from(u16::MAX);
        let [mean, min, max] = self.0.map(unpack);
        Spread {
            count,
            sum: mean * count as f64,
            min,
            max,
        }
    }
}

impl PackedSpread {
    fn of(spread: &Spread) -> Self {
        Self {
            count: spread.count,
            mean: spread.mean().unwrap_or_default() as f32,
            min: spread.min as f32,
            max: spread.max as f32,
        }
    }

    fn unpack(&self) -> Spread {
        Spread {
            count: self.count,
            sum: f64::from(self.mean) * self.count as f64,
            min: f64::from(self.min),
            max: f64::from(self.max),
        }
    }
}

#[cfg(test)]
mod tests {
    use flagdeck_core::measure::Calculation;
    use proptest::prelude::*;

    use super::*;

    fn calculation() -> impl Strategy<Value = Calculation> {
        let iterations = proptest::option::of(0..2000_u32);
        (0.0..9.0, 0.0..=1.0, iterations).prop_map(|(duration_s, confidence, iterations)| {
            Calculation {
                duration_s,
                confidence,
                iterations,
            }
        })
    }

    fn frame() -> impl Strategy<Value = Frame> {
        let arm = prop_oneof![Just(Arm::Unknown), Just(Arm::Exposed), Just(Arm::Control)];
        let key = (0..5_u32, arm, 0..3_u32);
        let event = (key, proptest::option::of(calculation()));
        let memory = (0..3_u32, 0.0..1e9);
        let events = proptest::collection::vec(event, 0..60);
        (events, proptest::collection::vec(memory, 0..6)).prop_map(|(events, memory)| {
            let mut frame = Frame::default();
            for ((component, arm, source), calculation) in events {
                let key = SeriesKey {
                    component,
                    arm,
                    source,
                };
                let tally = frame.tallies.entry(key).or_default();
                match calculation {
                    Some(calculation) => tally.record(&calculation),
                    None => tally.record_error(),
                }
            }
            for (source, bytes) in memory {
                frame.memory.entry(source).or_default().record(bytes);
                frame.own_memory.record(bytes);
            }
            frame
        })
    }

    proptest! {
        #[test]
        fn packing_keeps_every_count(frame in frame()) {
            let kept = Frame::unpack(&frame.pack()).expect("it was packed");
            prop_assert_eq!(kept.tallies.len(), frame.tallies.len());
            for (key, tally) in &frame.tallies {
                let kept = &kept.tallies[key];
                prop_assert_eq!(kept.durations, tally.durations);
                prop_assert_eq!(kept.iterations, tally.iterations);
                prop_assert_eq!(kept.errors, tally.errors);
                let off = kept.confidence.mean().unwrap_or(0.0) - tally.confidence.mean().unwrap_or(0.0);
                prop_assert!(off.abs() < 1.0 / 60_000.0);
            }
            prop_assert_eq!(kept.memory.len(), frame.memory.len());
        }

        #[test]
        fn a_frame_without_sources_is_read_as_an_earlier_version_wrote_it(frame in frame()) {
            let packed = Packed {
                tallies: frame.by_component().iter().map(|((component, arm), tally)| PackedTally {
                    component: *component,
                    arm: *arm,
                    durations: Sparse::of(&tally.durations),
                    errors: tally.errors,
                    confidence: PackedConfidence::of(&tally.confidence),
                    iterations: Sparse::of(&tally.iterations),
                }).collect(),
                memory: Vec::new(),
                own_memory: None,
            };
            let mut bytes = postcard::to_allocvec(&packed).expect("plain data in memory");
            bytes.extend(hash::<HASH_BYTES>(&bytes));
            let read = Frame::unpack(&bytes).expect("it was packed");
            prop_assert!(read.tallies.keys().all(|key| key.source == NO_SOURCE));
            let counts = |frame: &Frame| frame.sum(|_, _| true).durations;
            prop_assert_eq!(counts(&read), counts(&frame));
        }

        #[test]
        fn without_a_source_a_frame_has_what_the_others_reported(frame in frame()) {
            let mut without = frame.clone();
            let had = without.remove_source(1);
            prop_assert_eq!(had, without != frame);
            let left: Vec<_> = frame.tallies.iter().filter(|(key, _)| key.source != 1).collect();
            prop_assert_eq!(without.tallies.iter().collect::<Vec<_>>(), left);
            prop_assert!(!without.memory.contains_key(&1));
            prop_assert_eq!(without.own_memory, frame.own_memory);
        }

        #[test]
        fn frames_add_up_in_any_order(a in frame(), b in frame()) {
            let (mut ab, mut ba) = (a.clone(), b.clone());
            ab.merge(&b);
            ba.merge(&a);
            let total = |frame: &Frame| frame.sum(|_, _| true).total();
            prop_assert_eq!(total(&ab), total(&a) + total(&b));
            prop_assert_eq!(ab.sum(|_, _| true).durations, ba.sum(|_, _| true).durations);
        }

        #[test]
        fn a_flipped_bit_makes_it_no_frame(
            frame in frame(), at in any::<prop::sample::Index>(), bit in 0..8_u32,
        ) {
            let mut bytes = frame.pack();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(Frame::unpack(&bytes), None);
        }
    }
}
