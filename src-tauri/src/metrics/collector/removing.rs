//! What was counted of one source, and how it is removed.

use super::{Collected, Collector, Open, Uncounted};
use crate::metrics::frame::{Frame, NameId};
use crate::metrics::tiers::TICK_S;

/// What was counted of a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CountedOf {
    /// Calculations that ended, well or not.
    pub calculations: u64,
    /// Whether anything is exposed of it, also without calculations.
    pub is_known: bool,
}

impl Collector {
    /// Removes everything that was counted of a source, which has this number as a name. `id` is
    /// the place of its removal in the log.
    pub fn remove_source(&self, id: i64, source: &str, number: Option<NameId>) {
        let mut state = self.state();
        state.through = state.through.max(id);
        state.remove_source(source, number);
        self.recorder.know_only(state.totals.keys().cloned());
    }

    /// Returns what is counted of a source.
    pub fn counted_of(&self, source: &str) -> CountedOf {
        self.state().counted_of(source)
    }
}

impl Collected {
    fn counted_of(&self, source: &str) -> CountedOf {
        let totals = || self.totals.iter().filter(|(it, _)| *it.source == *source);
        CountedOf {
            calculations: totals().map(|(_, total)| total.tally.total()).sum(),
            is_known: totals().next().is_some()
                || self.memory.contains_key(source)
                || self.usage.contains_key(source)
                || self.sources.contains_key(source),
        }
    }

    fn remove_source(&mut self, source: &str, number: Option<NameId>) {
        self.totals.retain(|labels, _| *labels.source != *source);
        self.memory.shift_remove(source);
        self.usage.shift_remove(source);
        self.sources.shift_remove(source);
        self.open.remove_source(source);
        self.late.remove_source(source);
        self.evidence.remove_source(source);
        self.version += 1;
        let Some(number) = number else {
            // It is in no frame.
            return;
        };
        self.seconds.edit(|frame| frame.remove_source(number));
        self.ticks.edit(|frame| frame.remove_source(number));
        if let Some((_, tick)) = &mut self.tick {
            tick.remove_source(number);
        }
        self.remember_again();
    }

    /// Adds up the recent calculations again, from the frames in memory. Seconds of a tick that
    /// began before the first of them count with the seconds alone.
    fn remember_again(&mut self) {
        let (Some(first), Some(last)) = (self.recent.front(), self.recent.back()) else {
            return;
        };
        let (from_s, to_s) = (first.at_s, last.at_s + 1);
        let seconds = self.seconds.between(from_s, to_s);
        let seconds_s = seconds.first().map_or(to_s, |(at_s, _)| *at_s);
        let ticks_to_s = seconds_s - i64::from(TICK_S) + 1;
        let ticks = self.ticks.between(from_s, ticks_to_s);
        self.recent.clear();
        let ticks = ticks.into_iter().map(|frame| (frame, TICK_S));
        for ((at_s, packed), length_s) in ticks.chain(seconds.into_iter().map(|it| (it, 1))) {
            if let Some(frame) = Frame::unpack(&packed) {
                self.remember(at_s, length_s, frame.sum(|_, _| true));
            }
        }
    }
}

impl Uncounted {
    pub(super) fn remove_source(&mut self, number: Option<NameId>) {
        let Some(number) = number else {
            return;
        };
        for (_, frame) in &mut self.frames {
            frame.remove_source(number);
        }
        self.removed.insert(number);
    }
}

impl Open {
    pub(super) fn remove_source(&mut self, source: &str) {
        self.tallies.retain(|labels, _| *labels.source != *source);
        self.memory.retain(|(name, _)| **name != *source);
    }
}
