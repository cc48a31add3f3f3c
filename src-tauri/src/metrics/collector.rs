//! What was counted: the totals that are exposed, and the latest time second by second.
//!
//! In memory only. One thread applies events and closes seconds (`worker`); everybody else
//! reads. Asks nobody for the time.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use flagdeck_core::measure::Tally;
use foldhash::fast::FixedState;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::event::{Event, Labels};
use super::frame::{Frame, NameId};
use super::limits::{SECONDS_BYTES_MAX, SERIES_FORGOTTEN_AFTER_MS, SOURCES_MAX, TICKS_BYTES_MAX};
use super::recorder::{OTHER, Recorder};
use super::store::{Logged, Past};
use super::tiers::{PackedFrame, Ring, SECONDS_IN_MEMORY_S, TICK_S, TICKS_IN_MEMORY_S, step_of};
use crate::lock::lock;

/// Seconds that "a second" is told of.
pub const RATE_OVER_S: i64 = 10;

type Map<K, V> = IndexMap<K, V, FixedState>;

/// Counts, and remembers.
#[derive(Debug)]
pub struct Collector {
    recorder: Recorder,
    state: Mutex<State>,
}

/// Everything but what the recorder's shards still hold.
#[derive(Debug)]
pub struct State {
    /// Calculations since counting began, by labels.
    pub totals: Map<Labels, Total>,
    /// The latest memory of each source.
    pub memory: Map<Box<str>, Memory>,
    /// How often each source was used.
    pub usage: Map<Box<str>, u64>,
    /// How often components were switched.
    pub toggles: Toggles,
    /// Events taken in since counting began.
    pub accepted: u64,
    /// When each source reported last, in milliseconds since 1970, by this process's clock.
    pub sources: Map<Box<str>, i64>,
    /// The last batch that was counted.
    pub through: i64,

    /// One-second frames of the latest time.
    pub seconds: Ring,
    /// Ten-second frames of the latest time.
    pub ticks: Ring,
    /// All calculations of each of the latest seconds in which there were any.
    pub recent: VecDeque<(i64, Tally)>,
    /// The tick that is not over yet.
    pub tick: Option<(i64, Frame)>,
    /// Flagdeck's own memory as it was sampled last, in bytes.
    pub own_memory: Option<f64>,
    /// Changes with everything that a pulse tells: when a second ends, mostly.
    pub version: u64,
    /// Events taken in when the last second ended.
    accepted_told: u64,

    /// The second that is not over yet: calculations by labels, memory by source.
    open: Map<Labels, Tally>,
    open_memory: Vec<(Box<str>, f64)>,
    open_own_memory: Vec<f64>,
}

/// One set of labels since counting began.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// Its calculations.
    pub tally: Tally,
    /// The confidence that was reported last, 0.0 to 1.0; none before the first.
    pub confidence_last: Option<f64>,
    /// When it was reported last, in milliseconds since 1970.
    pub at_ms: i64,
}

/// The memory of a source.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// How much it uses, in bytes.
    pub bytes: f64,
    /// When it said so, in milliseconds since 1970.
    pub at_ms: i64,
}

/// How often components were switched, and up to which revision that was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toggles {
    /// How often.
    pub count: u64,
    /// The last revision that was counted; none before the first look.
    pub through: Option<u64>,
}

/// Everything of the totals, to be kept and read again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The last batch that is counted in it.
    pub through: i64,
    /// Calculations by labels.
    pub totals: Vec<(Labels, Total)>,
    /// The latest memory of each source.
    pub memory: Vec<(Box<str>, Memory)>,
    /// How often each source was used.
    pub usage: Vec<(Box<str>, u64)>,
    /// How often components were switched.
    pub toggles: Toggles,
    /// Events taken in.
    pub accepted: u64,
}

impl Collector {
    /// Forgets everything that was counted, and goes on from what was kept: the totals, the ticks
    /// that belong to them, and the batches since, each counted in the second it came in. Readers
    /// see all of it at once. Returns what the batches add up to, by second.
    ///
    /// What has been silent for long is not exposed any more.
    pub fn resume(
        &self,
        past: Past,
        now_ms: i64,
        name: &mut dyn FnMut(&str) -> Option<NameId>,
    ) -> Vec<(i64, Frame)> {
        let fresh = Self::default();
        lock(&fresh.state).take_over(past.checkpoint, past.ticks, now_ms);
        let frames = fresh.replay(&past.batches, name);
        let mut resumed = fresh.state();
        for labels in resumed.totals.keys() {
            self.recorder.know(labels.clone());
        }
        // What the shards still hold is in the batches too.
        let mut state = self.state();
        resumed.own_memory = state.own_memory;
        resumed.version = state.version + 1;
        std::mem::swap(&mut *state, &mut *resumed);
        frames
    }

    fn replay(
        &self,
        batches: &[Logged],
        name: &mut dyn FnMut(&str) -> Option<NameId>,
    ) -> Vec<(i64, Frame)> {
        let mut frames = Vec::new();
        for batch in batches {
            let at_s = batch.at_ms.div_euclid(1000);
            self.close_tick(at_s);
            self.apply(batch.id, &batch.events, batch.at_ms);
            frames.extend(self.close_second(at_s, name).map(|frame| (at_s, frame)));
        }
        frames
    }

    /// Returns what counts calculations.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Counts the events of a batch. `id` is the batch's place in the log.
    pub fn apply(&self, id: i64, events: &[Event], at_ms: i64) {
        // First, because whoever adds the shards up looks here for when a source reported.
        let mut state = lock(&self.state);
        state.through = state.through.max(id);
        state.accepted += events.len() as u64;
        for event in events {
            state.notice(event, at_ms);
        }
        drop(state);
        let mut recording = self.recorder.begin();
        for event in events {
            match event {
                Event::Complete(labels, calculation) => {
                    recording.record(&labels.into(), calculation);
                }
                Event::Error(labels) => recording.record_error(&labels.into()),
                Event::Memory(..) | Event::Usage(..) => {}
            }
        }
    }

    /// Notes how much memory Flagdeck itself uses, in bytes.
    pub fn sample_own_memory(&self, bytes: f64) {
        let mut state = lock(&self.state);
        state.own_memory = Some(bytes);
        state.open_own_memory.push(bytes);
    }

    /// Notes how often components were switched in the revisions up to `through`.
    pub fn count_toggles(&self, through: u64, count: u64) {
        let mut state = lock(&self.state);
        state.toggles.through = Some(through);
        state.toggles.count += count;
        state.version += 1;
    }

    /// Locks the state, with everything in it that was recorded.
    pub fn state(&self) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        self.recorder.drain(|labels, counted| {
            state.count(labels, &counted.tally, counted.confidence_last);
        });
        state
    }

    /// Ends the second that began at `at_s`, and returns what was counted in it; none where
    /// nothing was. Names are made numbers by `name`, which may fail: what it has no number for
    /// is in the totals, but on no chart.
    pub fn close_second(
        &self,
        at_s: i64,
        name: &mut dyn FnMut(&str) -> Option<NameId>,
    ) -> Option<Frame> {
        let mut state = self.state();
        let frame = state.take_open(name);
        if state.accepted != state.accepted_told || state.was_busy(at_s) {
            state.version += 1;
        }
        state.accepted_told = state.accepted;
        if frame == Frame::default() {
            return None;
        }
        let all = frame.sum(|_, _| true);
        state.seconds.push(at_s, &frame);
        if all.total() > 0 {
            state.recent.push_back((at_s, all));
        }
        state.add_to_tick(at_s, &frame);
        state.version += 1;
        Some(frame)
    }

    /// Moves the open tick to those in memory, where it is over at `now_s`.
    pub fn close_tick(&self, now_s: i64) {
        let mut state = lock(&self.state);
        let over = state.tick.take_if(|(at_s, _)| {
            // A tick that begins later than now is of a clock that was set back since.
            !(*at_s..*at_s + i64::from(TICK_S)).contains(&now_s)
        });
        if let Some((at_s, frame)) = over {
            state.ticks.push(at_s, &frame);
        }
    }

    /// Returns the totals to be kept, as of the last batch that was applied.
    pub fn checkpoint(&self) -> Checkpoint {
        let state = self.state();
        Checkpoint {
            through: state.through,
            totals: pairs(&state.totals),
            memory: pairs(&state.memory),
            usage: pairs(&state.usage),
            toggles: state.toggles,
            accepted: state.accepted,
        }
    }
}

impl Default for Collector {
    fn default() -> Self {
        Self {
            recorder: Recorder::default(),
            state: Mutex::new(State::empty()),
        }
    }
}

impl State {
    fn empty() -> Self {
        Self {
            totals: Map::default(),
            memory: Map::default(),
            usage: Map::default(),
            toggles: Toggles::default(),
            accepted: 0,
            sources: Map::default(),
            through: 0,
            seconds: Ring::new(SECONDS_IN_MEMORY_S, SECONDS_BYTES_MAX),
            ticks: Ring::new(TICKS_IN_MEMORY_S, TICKS_BYTES_MAX),
            recent: VecDeque::new(),
            tick: None,
            own_memory: None,
            version: 1,
            accepted_told: 0,
            open: Map::default(),
            open_memory: Vec::new(),
            open_own_memory: Vec::new(),
        }
    }

    fn take_over(&mut self, checkpoint: Checkpoint, ticks: Vec<PackedFrame>, now_ms: i64) {
        let is_fresh = |at_ms: i64| now_ms - at_ms < SERIES_FORGOTTEN_AFTER_MS;
        let totals = checkpoint.totals.into_iter();
        self.totals = totals.filter(|(_, it)| is_fresh(it.at_ms)).collect();
        let memory = checkpoint.memory.into_iter();
        self.memory = memory.filter(|(_, it)| is_fresh(it.at_ms)).collect();
        self.usage = checkpoint.usage.into_iter().collect();
        self.toggles = checkpoint.toggles;
        self.accepted = checkpoint.accepted;
        self.through = checkpoint.through;
        for (at_s, packed) in ticks {
            self.remember(at_s, packed, now_ms / 1000);
        }
    }

    /// Takes a tick in that was kept. The dashboard looks back over it as over a second.
    fn remember(&mut self, at_s: i64, packed: Box<[u8]>, now_s: i64) {
        if at_s >= now_s - SECONDS_IN_MEMORY_S
            && let Some(frame) = Frame::unpack(&packed)
        {
            let all = frame.sum(|_, _| true);
            if all.total() > 0 {
                self.recent.push_back((at_s, all));
            }
        }
        self.ticks.push_packed(at_s, packed);
    }

    /// Whether something calculated in the seconds that a rate is told of, which changes as they
    /// pass.
    fn was_busy(&self, at_s: i64) -> bool {
        let last = self.recent.back();
        last.is_some_and(|(last, _)| at_s - last <= RATE_OVER_S + 1)
    }

    /// Takes in what an event says beside being a calculation.
    fn notice(&mut self, event: &Event, at_ms: i64) {
        *slot(&mut self.sources, event.source()).1 = at_ms;
        match event {
            Event::Complete(..) | Event::Error(..) => {}
            Event::Memory(source, bytes) => {
                let bytes = *bytes;
                let (name, memory) = slot(&mut self.memory, source);
                *memory = Memory { bytes, at_ms };
                self.open_memory.push((name.into(), bytes));
            }
            Event::Usage(source) => *slot(&mut self.usage, source).1 += 1,
        }
    }

    fn count(&mut self, labels: &Labels, tally: &Tally, confidence_last: Option<f64>) {
        let at_ms = self.sources.get(&labels.source).copied();
        let total = entry(&mut self.totals, labels);
        total.tally.merge(tally);
        total.confidence_last = confidence_last.or(total.confidence_last);
        total.at_ms = at_ms.unwrap_or(total.at_ms).max(total.at_ms);
        entry(&mut self.open, labels).merge(tally);
    }

    fn take_open(&mut self, name: &mut dyn FnMut(&str) -> Option<NameId>) -> Frame {
        let mut frame = Frame::default();
        for (labels, tally) in self.open.drain(..) {
            if let Some(component) = name(&labels.component) {
                let key = (component, labels.arm);
                frame.tallies.entry(key).or_default().merge(&tally);
            }
        }
        for (source, bytes) in self.open_memory.drain(..) {
            if let Some(source) = name(&source) {
                frame.memory.entry(source).or_default().record(bytes);
            }
        }
        for bytes in self.open_own_memory.drain(..) {
            frame.own_memory.record(bytes);
        }
        frame
    }

    fn add_to_tick(&mut self, at_s: i64, frame: &Frame) {
        // A tick that should have been closed takes what comes late: nothing is lost.
        let (_, tick) = self
            .tick
            .get_or_insert_with(|| (step_of(at_s, TICK_S), Frame::default()));
        tick.merge(frame);
    }

    /// Forgets seconds that nothing looks back to.
    pub fn forget_before(&mut self, at_s: i64) {
        while self.recent.front().is_some_and(|(first, _)| *first < at_s) {
            self.recent.pop_front();
            self.version += 1;
        }
        let before_ms = at_s * 1000;
        self.sources.retain(|_, last_ms| *last_ms >= before_ms);
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

/// Returns the value of a source, or of [`OTHER`] where there are too many, and whose it is.
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
