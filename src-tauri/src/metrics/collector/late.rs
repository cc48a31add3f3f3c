//! Events that happened before they were reported: counted in the second they are of, so that charts
//! show them there. Totals have them like any other.

use std::collections::BTreeMap;

use flagdeck_core::measure::Tally;

use super::{Collected, Open, Recent, entry, slot};
use crate::metrics::event::{Event, Labels};
use crate::metrics::frame::{Frame, NameId};
use crate::metrics::limits::EVIDENCE_MS_MAX;
use crate::metrics::recorder::Recorder;
use crate::metrics::tiers::{SECONDS_IN_MEMORY_S, TICK_S, step_of};

/// What was reported of earlier seconds, by the second.
#[derive(Debug, Default)]
pub(super) struct Late(BTreeMap<i64, Open>);

impl Late {
    fn second(&mut self, at_ms: i64) -> &mut Open {
        self.0.entry(at_ms.div_euclid(1000)).or_default()
    }

    pub(super) fn remove_source(&mut self, source: &str) {
        for open in self.0.values_mut() {
            open.remove_source(source);
        }
    }

    /// Makes frames of it. Counts whose name has no number are returned.
    pub(super) fn into_frames(
        self,
        name: &mut dyn FnMut(&str) -> Option<NameId>,
    ) -> (Vec<(i64, Frame)>, Self) {
        let (mut frames, mut unnamed) = (Vec::new(), Self::default());
        for (at_s, open) in self.0 {
            let (frame, rest) = open.into_frame(name);
            if !frame.is_quiet() {
                frames.push((at_s, frame));
            }
            if !rest.is_empty() {
                unnamed.0.insert(at_s, rest);
            }
        }
        (frames, unnamed)
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (at_s, open) in other.0 {
            self.0.entry(at_s).or_default().merge(open);
        }
    }
}

impl Collected {
    /// Counts an event that happened at a moment before its batch came.
    pub(super) fn count_late(&mut self, recorder: &Recorder, event: &Event, happened_ms: i64) {
        *slot(&mut self.sources, event.source()).1 = self.latest_ms;
        match event {
            Event::Complete(labels, calculation) => {
                let mut tally = Tally::default();
                tally.record(calculation);
                let labels = recorder.admit(&labels.into());
                self.count_tally_late(&labels, &tally, happened_ms);
                let last = &mut entry(&mut self.totals, &labels).confidence_last;
                last.get_or_insert(calculation.confidence);
            }
            Event::Error(labels) => {
                let mut tally = Tally::default();
                tally.record_error();
                let labels = recorder.admit(&labels.into());
                self.count_tally_late(&labels, &tally, happened_ms);
            }
            Event::Memory(source, bytes) => {
                let (name, memory) = slot(&mut self.memory, source);
                if memory.at_ms <= happened_ms {
                    (memory.bytes, memory.at_ms) = (*bytes, happened_ms);
                }
                let second = self.late.second(happened_ms);
                second.memory.push((name.into(), *bytes));
            }
            Event::Usage(source) => {
                let (_, usage) = slot(&mut self.usage, source);
                usage.count += 1;
                usage.at_ms = usage.at_ms.max(happened_ms);
            }
            Event::Removed(_) | Event::At(..) | Event::Again(_) | Event::First(_) => {}
        }
    }

    fn count_tally_late(&mut self, labels: &Labels, tally: &Tally, happened_ms: i64) {
        let total = entry(&mut self.totals, labels);
        total.tally.merge(tally);
        total.at_ms = total.at_ms.max(self.latest_ms);
        if self.latest_ms - happened_ms <= EVIDENCE_MS_MAX {
            self.evidence.count(labels, tally, happened_ms);
        }
        let second = self.late.second(happened_ms);
        entry(&mut second.tallies, labels).merge(tally);
    }

    /// Adds what was reported of an earlier second to the frames in memory that reach back to it.
    pub(super) fn add_late(&mut self, at_s: i64, frame: &Frame) {
        self.seconds.add(at_s, frame);
        let tick_s = step_of(at_s, TICK_S);
        match &mut self.tick {
            Some((open_s, tick)) if *open_s == tick_s => tick.merge(frame),
            _ => drop(self.ticks.add(tick_s, frame)),
        }
        self.remember_late(at_s, frame.sum(|_, _| true));
        self.version += 1;
    }

    fn remember_late(&mut self, at_s: i64, tally: Tally) {
        let since_s = self.latest_ms.div_euclid(1000) - SECONDS_IN_MEMORY_S;
        if tally.total() == 0 || at_s < since_s {
            return;
        }
        let place = self.recent.partition_point(|recent| recent.at_s <= at_s);
        let length_s = 1;
        self.recent.insert(
            place,
            Recent {
                at_s,
                length_s,
                tally,
            },
        );
    }
}
