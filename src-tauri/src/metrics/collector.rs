//! What was counted: the totals that are exposed, and the recent past second by second.
//!
//! In memory only. One thread applies events and closes seconds (`worker`); a reader of the state
//! adds up the recorder's shards first. Does not read the clock.

mod guarded;
mod late;
mod removing;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use flagdeck_core::measure::{Spread, Tally};
use foldhash::fast::FixedState;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use self::guarded::AllGuarded;
pub use self::guarded::Guarded;
use self::late::Late;
pub use self::removing::CountedOf;
use super::event::{Event, Labels};
use super::evidence::Evidence;
use super::frame::{Frame, NO_SOURCE, NameId, SeriesKey};
use super::limits::{SECONDS_BYTES_MAX, SERIES_FORGOTTEN_AFTER_MS, SOURCES_MAX, TICKS_BYTES_MAX};
use super::recorder::{OTHER, Recorder};
use super::store::{Logged, Past};
use super::tiers::{PackedFrame, Ring, SECONDS_IN_MEMORY_S, TICK_S, TICKS_IN_MEMORY_S, step_of};
use crate::lock::lock;

/// Seconds over which rates per second are computed.
pub const RATE_OVER_S: i64 = 10;

type Map<K, V> = IndexMap<K, V, FixedState>;

/// Counts, and remembers.
#[derive(Debug)]
pub struct Collector {
    recorder: Recorder,
    state: Mutex<Collected>,
    /// Locked separately, so that a saved revision does not wait for drawing or writing.
    toggles: Mutex<Toggles>,
}

/// Everything except what the recorder's shards still hold.
#[derive(Debug)]
pub struct Collected {
    /// Calculations since counting began, by labels.
    pub totals: Map<Labels, Total>,
    /// The latest memory of each source.
    pub memory: Map<Box<str>, Memory>,
    /// How often each source was used.
    pub usage: Map<Box<str>, Usage>,
    /// Events collected since counting began.
    pub accepted: u64,
    /// When each source reported last, in milliseconds since 1970, by this process's clock.
    pub sources: Map<Box<str>, i64>,
    /// The last batch that was counted, and when it came, in milliseconds since 1970.
    pub through: i64,
    latest_ms: i64,

    /// One-second frames of the recent past.
    pub seconds: Ring,
    /// Ten-second frames of the recent past.
    pub ticks: Ring,
    /// All calculations of each of the latest seconds in which there were any.
    pub recent: VecDeque<Recent>,
    /// What components are judged by.
    pub evidence: Evidence,
    /// What the guard of rollouts judges by.
    pub guarded: AllGuarded,
    /// The tick that is not over yet.
    pub tick: Option<(i64, Frame)>,
    /// The last sample of Flagdeck's own memory, in bytes.
    pub own_memory: Option<f64>,
    /// Changes with everything that a pulse shows: mostly when a second ends.
    pub version: u64,
    /// Events collected when the last second ended.
    accepted_told: u64,

    /// The second that is not over yet.
    open: Open,
    /// What was reported of earlier seconds since the last one ended.
    late: Late,
}

/// What was counted in the second that is not over yet, under names.
#[derive(Debug, Default)]
struct Open {
    tallies: Map<Labels, Tally>,
    memory: Vec<(Box<str>, f64)>,
    own_memory: Spread,
}

/// One set of labels since counting began.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// Its calculations.
    pub tally: Tally,
    /// The confidence that was reported last, 0.0 to 1.0; `None` before the first.
    pub confidence_last: Option<f64>,
    /// When it was reported last, in milliseconds since 1970.
    pub at_ms: i64,
}

/// The memory of a source.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// How much it uses, in bytes.
    pub bytes: f64,
    /// When it reported that, in milliseconds since 1970.
    pub at_ms: i64,
}

/// How often a source was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// How often.
    pub count: u64,
    /// When it last reported that, in milliseconds since 1970.
    pub at_ms: i64,
}

/// All calculations of a second, or of the ten of a tick that was kept.
#[derive(Debug, Clone)]
pub struct Recent {
    /// When it began, in seconds since 1970.
    pub at_s: i64,
    /// How many seconds it took.
    pub length_s: u32,
    /// The calculations.
    pub tally: Tally,
}

/// What batches add up to that is in no frame on disk yet.
#[derive(Debug, Default)]
pub struct Uncounted {
    /// What was counted, by second.
    pub frames: Vec<(i64, Frame)>,
    /// Sources that were removed: what frames on disk have of them is from before.
    pub removed: BTreeSet<NameId>,
}

/// How often components were switched, and up to which revision that was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toggles {
    /// How often.
    pub count: u64,
    /// The last revision that was counted; `None` before the first count.
    pub through: Option<u64>,
}

/// The totals, to be stored and read again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The last batch that is counted in it.
    pub through: i64,
    /// Calculations by labels.
    pub totals: Vec<(Labels, Total)>,
    /// The latest memory of each source.
    pub memory: Vec<(Box<str>, Memory)>,
    /// How often each source was used.
    pub usage: Vec<(Box<str>, Usage)>,
    /// When each source of the last minutes reported last, in milliseconds since 1970.
    pub sources: Vec<(Box<str>, i64)>,
    /// How often components were switched.
    pub toggles: Toggles,
    /// Events collected.
    pub accepted: u64,
}

impl Collector {
    /// Discards everything that was counted, and continues from what was stored: the totals, the
    /// ticks that belong to them, and the batches since, each counted in the second it came in.
    /// Readers see all of it at once. Returns what the batches add up to.
    ///
    /// Series without recent reports are not exposed any more.
    pub fn resume(
        &self,
        past: Past,
        now_ms: i64,
        name: &mut dyn FnMut(&str) -> Option<NameId>,
    ) -> Uncounted {
        *lock(&self.toggles) = past.checkpoint.toggles;
        let fresh = Self::default();
        let mut state = lock(&fresh.state);
        state.take_over(past.checkpoint, past.ticks, now_ms);
        state.recall(past.evidence, &past.names, now_ms);
        drop(state);
        let uncounted = fresh.replay(&past.batches, name);
        let mut resumed = fresh.state();
        self.recorder.know_only(resumed.totals.keys().cloned());
        // What the shards still hold is in the batches too.
        let mut state = self.state();
        resumed.own_memory = state.own_memory;
        resumed.version = state.version + 1;
        std::mem::swap(&mut *state, &mut *resumed);
        uncounted
    }

    fn replay(
        &self,
        batches: &[Logged],
        name: &mut dyn FnMut(&str) -> Option<NameId>,
    ) -> Uncounted {
        let mut uncounted = Uncounted::default();
        for batch in batches {
            if let Some(source) = batch.removed_source() {
                let number = name(source);
                self.remove_source(batch.id, source, number);
                uncounted.remove_source(number);
                continue;
            }
            let at_s = batch.at_ms.div_euclid(1000);
            self.close_tick(at_s);
            // Revisions saved in between are not known here.
            lock(&self.state).evidence.split(batch.at_ms);
            self.apply(batch.id, &batch.events, batch.at_ms);
            uncounted.frames.extend(self.close_second(at_s, name));
        }
        uncounted
    }

    /// Returns what counts calculations.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Counts the events of a batch. `id` is the batch's place in the log.
    pub fn apply(&self, id: i64, events: &[Event], at_ms: i64) {
        // What the shards hold so far came before; a reader that adds them up from now on takes the
        // time from here.
        let mut state = self.state();
        state.through = state.through.max(id);
        state.latest_ms = at_ms;
        state.accepted += events.len() as u64;
        for event in events {
            match event {
                Event::At(happened_ms, event) => {
                    state.count_late(&self.recorder, event, *happened_ms);
                }
                event => {
                    state.guarded.count(event);
                    state.notice(event.unmarked(), at_ms);
                }
            }
        }
        drop(state);
        let mut recording = self.recorder.begin();
        for event in events {
            match event.unmarked() {
                Event::Complete(labels, calculation) => {
                    recording.record(&labels.into(), calculation);
                }
                Event::Error(labels) => recording.record_error(&labels.into()),
                Event::Memory(..)
                | Event::Usage(_)
                | Event::Removed(_)
                | Event::At(..)
                | Event::Again(_)
                | Event::First(_) => {}
            }
        }
    }

    /// Notes how much memory Flagdeck itself uses, in bytes.
    pub fn sample_own_memory(&self, bytes: f64) {
        let mut state = lock(&self.state);
        state.own_memory = Some(bytes);
        state.open.own_memory.record(bytes);
    }

    /// Returns how often components were switched, and up to which revision that was counted.
    pub fn toggles(&self) -> Toggles {
        *lock(&self.toggles)
    }

    /// Notes how often components were switched in the revisions after `after` up to `through`;
    /// ignored if the count was advanced in the meantime.
    pub fn count_toggles(&self, after: Option<u64>, through: u64, count: u64) {
        let mut toggles = lock(&self.toggles);
        if toggles.through == after {
            toggles.through = Some(through);
            toggles.count += count;
        }
    }

    /// Locks the state, with everything in it that was recorded.
    pub fn state(&self) -> MutexGuard<'_, Collected> {
        let mut state = lock(&self.state);
        self.recorder.drain(|labels, counted| {
            state.count(labels, &counted.tally, counted.confidence_last);
        });
        state
    }

    /// Ends the second that began at `at_s`, and returns what was counted in it and what was
    /// reported of earlier seconds, if anything.
    /// `name` turns names into numbers and may fail: counts without a number are in the totals, and
    /// are tried again with the next second.
    pub fn close_second(
        &self,
        at_s: i64,
        name: &mut dyn FnMut(&str) -> Option<NameId>,
    ) -> Vec<(i64, Frame)> {
        let (open, late) = self.state().take_counted();
        // The lock is not held while a name is written to the disk.
        let (frame, unnamed) = open.into_frame(name);
        let (mut closed, unnamed_late) = late.into_frames(name);
        let mut state = lock(&self.state);
        state.open.merge(unnamed);
        state.late.merge(unnamed_late);
        for (at_s, frame) in &closed {
            state.add_late(*at_s, frame);
        }
        state.evidence.settle((at_s + 1) * 1000);
        if state.accepted != state.accepted_told || state.was_busy(at_s) {
            state.version += 1;
        }
        state.accepted_told = state.accepted;
        if frame == Frame::default() {
            return closed;
        }
        state.seconds.push(at_s, &frame);
        state.remember(at_s, 1, frame.sum(|_, _| true));
        state.add_to_tick(at_s, &frame);
        state.version += 1;
        closed.push((at_s, frame));
        closed
    }

    /// Notes that a revision was saved at `at_ms`, in milliseconds since 1970: later events are
    /// counted separately from earlier ones.
    pub fn note_revision(&self, at_ms: i64) {
        let mut state = self.state();
        state.evidence.split(at_ms);
        state.version += 1;
    }

    /// Moves the open tick to those in memory, if it is over at `now_s`.
    pub fn close_tick(&self, now_s: i64) {
        let mut state = lock(&self.state);
        let over = state.tick.take_if(|(at_s, _)| {
            // A tick that begins later than now is from before the clock was set back.
            !(*at_s..*at_s + i64::from(TICK_S)).contains(&now_s)
        });
        if let Some((at_s, frame)) = over {
            state.ticks.push(at_s, &frame);
        }
    }

    /// Returns the totals to be stored, as of the last batch that was applied.
    pub fn checkpoint(&self) -> Checkpoint {
        let state = self.state();
        Checkpoint {
            through: state.through,
            totals: pairs(&state.totals),
            memory: pairs(&state.memory),
            usage: pairs(&state.usage),
            sources: pairs(&state.sources),
            toggles: self.toggles(),
            accepted: state.accepted,
        }
    }
}

impl Default for Collector {
    fn default() -> Self {
        Self {
            recorder: Recorder::default(),
            state: Mutex::new(Collected::empty()),
            toggles: Mutex::default(),
        }
    }
}

impl Collected {
    fn empty() -> Self {
        Self {
            totals: Map::default(),
            memory: Map::default(),
            usage: Map::default(),
            accepted: 0,
            sources: Map::default(),
            through: 0,
            latest_ms: 0,
            seconds: Ring::new(SECONDS_IN_MEMORY_S, SECONDS_BYTES_MAX),
            ticks: Ring::new(TICKS_IN_MEMORY_S, TICKS_BYTES_MAX),
            recent: VecDeque::new(),
            evidence: Evidence::default(),
            guarded: AllGuarded::begin(),
            tick: None,
            own_memory: None,
            version: 1,
            accepted_told: 0,
            open: Open::default(),
            late: Late::default(),
        }
    }

    fn take_over(&mut self, checkpoint: Checkpoint, ticks: Vec<PackedFrame>, now_ms: i64) {
        let is_fresh = |at_ms: i64| now_ms - at_ms < SERIES_FORGOTTEN_AFTER_MS;
        let totals = checkpoint.totals.into_iter();
        self.totals = totals.filter(|(_, it)| is_fresh(it.at_ms)).collect();
        let memory = checkpoint.memory.into_iter();
        self.memory = memory.filter(|(_, it)| is_fresh(it.at_ms)).collect();
        let usage = checkpoint.usage.into_iter();
        self.usage = usage.filter(|(_, it)| is_fresh(it.at_ms)).collect();
        self.sources = checkpoint.sources.into_iter().collect();
        self.accepted = checkpoint.accepted;
        self.through = checkpoint.through;
        let since_s = now_ms / 1000 - SECONDS_IN_MEMORY_S;
        for (at_s, packed) in ticks {
            if at_s >= since_s
                && let Some(frame) = Frame::unpack(&packed)
            {
                self.remember(at_s, TICK_S, frame.sum(|_, _| true));
            }
            self.ticks.push_packed(at_s, packed);
        }
        self.forget_before(since_s);
    }

    /// Replaces what components are judged by.
    fn recall(&mut self, kept: Vec<(i64, Frame)>, names: &[(NameId, Box<str>)], now_ms: i64) {
        let names: HashMap<NameId, &Box<str>> =
            names.iter().map(|(id, name)| (*id, name)).collect();
        // Later entries are from before the clock was set back.
        for (from_ms, frame) in kept.into_iter().filter(|(from_ms, _)| *from_ms <= now_ms) {
            let counts = frame.tallies.into_iter();
            let counts = counts.filter_map(|(key, tally)| {
                let source = match key.source {
                    NO_SOURCE => "".into(),
                    source => (*names.get(&source)?).clone(),
                };
                let labels = Labels {
                    source,
                    component: (*names.get(&key.component)?).clone(),
                    arm: key.arm,
                };
                Some((labels, tally))
            });
            self.evidence.restore(from_ms, counts.collect());
        }
    }

    fn take_counted(&mut self) -> (Open, Late) {
        (
            std::mem::take(&mut self.open),
            std::mem::take(&mut self.late),
        )
    }

    /// Remembers the calculations of a second, or of a tick that was kept.
    fn remember(&mut self, at_s: i64, length_s: u32, tally: Tally) {
        // Later entries are from before the clock was set back.
        while self.recent.back().is_some_and(|last| last.at_s > at_s) {
            self.recent.pop_back();
        }
        if tally.total() > 0 {
            self.recent.push_back(Recent {
                at_s,
                length_s,
                tally,
            });
        }
    }

    /// Returns whether something calculated in the seconds that a rate is over, which changes as
    /// they pass.
    fn was_busy(&self, at_s: i64) -> bool {
        let last = self.recent.back();
        last.is_some_and(|last| at_s - last.at_s <= 2 * RATE_OVER_S)
    }

    /// Records what an event has besides a calculation.
    fn notice(&mut self, event: &Event, at_ms: i64) {
        *slot(&mut self.sources, event.source()).1 = at_ms;
        match event {
            Event::Complete(..)
            | Event::Error(..)
            | Event::Removed(_)
            | Event::At(..)
            | Event::Again(_)
            | Event::First(_) => {}
            Event::Memory(source, bytes) => {
                let bytes = *bytes;
                let (name, memory) = slot(&mut self.memory, source);
                *memory = Memory { bytes, at_ms };
                self.open.memory.push((name.into(), bytes));
            }
            Event::Usage(source) => {
                let (_, usage) = slot(&mut self.usage, source);
                usage.count += 1;
                usage.at_ms = at_ms;
            }
        }
    }

    fn count(&mut self, labels: &Labels, tally: &Tally, confidence_last: Option<f64>) {
        let total = entry(&mut self.totals, labels);
        total.tally.merge(tally);
        total.confidence_last = confidence_last.or(total.confidence_last);
        total.at_ms = total.at_ms.max(self.latest_ms);
        self.evidence.count(labels, tally, self.latest_ms);
        entry(&mut self.open.tallies, labels).merge(tally);
    }

    fn add_to_tick(&mut self, at_s: i64, frame: &Frame) {
        // A tick that should have been closed gets late events: nothing is lost.
        let (_, tick) = self
            .tick
            .get_or_insert_with(|| (step_of(at_s, TICK_S), Frame::default()));
        tick.merge(frame);
    }

    /// Discards seconds that nothing reads any more.
    pub fn forget_before(&mut self, at_s: i64) {
        while self.recent.front().is_some_and(|first| first.at_s < at_s) {
            self.recent.pop_front();
            self.version += 1;
        }
        let before_ms = at_s * 1000;
        self.evidence.forget_before(before_ms);
        self.sources.retain(|_, last_ms| *last_ms >= before_ms);
    }
}

impl Open {
    /// Makes a frame of it. Counts whose name has no number are returned.
    fn into_frame(self, name: &mut dyn FnMut(&str) -> Option<NameId>) -> (Frame, Self) {
        let mut frame = Frame {
            own_memory: self.own_memory,
            ..Frame::default()
        };
        let mut unnamed = Self::default();
        for (labels, tally) in self.tallies {
            match series_key(&labels, name) {
                Some(key) => frame.tallies.entry(key).or_default().merge(&tally),
                None => drop(unnamed.tallies.insert(labels, tally)),
            }
        }
        for (source, bytes) in self.memory {
            match name(&source) {
                Some(source) => frame.memory.entry(source).or_default().record(bytes),
                None => unnamed.memory.push((source, bytes)),
            }
        }
        (frame, unnamed)
    }

    fn is_empty(&self) -> bool {
        self.tallies.is_empty() && self.memory.is_empty()
    }

    fn merge(&mut self, other: Self) {
        for (labels, tally) in &other.tallies {
            entry(&mut self.tallies, labels).merge(tally);
        }
        self.memory.extend(other.memory);
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            bytes: 0.0,
            at_ms: 0,
        }
    }
}

/// Returns labels by the numbers of their names; `None` if one has none.
pub(super) fn series_key(
    labels: &Labels,
    name: &mut dyn FnMut(&str) -> Option<NameId>,
) -> Option<SeriesKey> {
    let source = match &*labels.source {
        "" => NO_SOURCE,
        source => name(source)?,
    };
    Some(SeriesKey {
        component: name(&labels.component)?,
        arm: labels.arm,
        source,
    })
}

/// Returns the value of a source, or of [`OTHER`] if there are too many, with its name.
fn slot<'a, V: Default>(map: &'a mut Map<Box<str>, V>, source: &str) -> (&'a str, &'a mut V) {
    let at = map.get_index_of(source).unwrap_or_else(|| {
        let name = match map.len() < SOURCES_MAX {
            true => source,
            false => OTHER,
        };
        let at = map.get_index_of(name);
        at.unwrap_or_else(|| map.insert_full(name.into(), V::default()).0)
    });
    let (name, value) = map.get_index_mut(at).expect("it was found or made");
    (name, value)
}

fn entry<'a, V: Default>(map: &'a mut Map<Labels, V>, labels: &Labels) -> &'a mut V {
    let at = match map.get_index_of(labels) {
        Some(at) => at,
        None => map.insert_full(labels.clone(), V::default()).0,
    };
    &mut map[at]
}

fn pairs<K: Clone, V: Clone>(map: &Map<K, V>) -> Vec<(K, V)> {
    let pairs = map.iter();
    pairs
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
