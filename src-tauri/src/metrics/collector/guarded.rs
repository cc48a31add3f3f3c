//! What the guard of rollouts judges by: calculations of each component and arm, of each user once
//! within a few seconds, and how many users were new.
//!
//! Counted since this program was started, and never stored: the guard stores what it has judged.

use std::collections::HashMap;

use flagdeck_core::measure::{Arm, Tally};
use foldhash::fast::FixedState;

use crate::metrics::event::{Event, Labels};
use crate::metrics::limits::COMPONENTS_GUARDED_MAX;
use crate::metrics::random;

/// One component and arm.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Guarded {
    /// Calculations that count.
    pub tally: Tally,
    /// Users whose first calculation is among them.
    pub users: u64,
}

/// All of them.
#[derive(Debug)]
pub struct AllGuarded {
    /// Tells these counts from those of another start.
    pub start: u64,
    /// By component, which is empty for events that name none.
    pub counts: HashMap<(Box<str>, Arm), Guarded, FixedState>,
}

impl AllGuarded {
    /// Begins at nothing.
    pub(super) fn begin() -> Self {
        Self {
            start: random().unsigned_abs(),
            counts: HashMap::default(),
        }
    }

    /// Counts an event that happened when it was reported.
    pub(super) fn count(&mut self, event: &Event) {
        match event {
            Event::First(event) => {
                if let Some(guarded) = self.calculation(event) {
                    guarded.users += 1;
                }
            }
            Event::Again(_) => {}
            event => drop(self.calculation(event)),
        }
    }

    fn calculation(&mut self, event: &Event) -> Option<&mut Guarded> {
        match event {
            Event::Complete(labels, calculation) => {
                let guarded = self.slot(labels)?;
                guarded.tally.record(calculation);
                Some(guarded)
            }
            Event::Error(labels) => {
                let guarded = self.slot(labels)?;
                guarded.tally.record_error();
                Some(guarded)
            }
            _ => None,
        }
    }

    fn slot(&mut self, labels: &Labels) -> Option<&mut Guarded> {
        if labels.arm == Arm::Unknown {
            return None;
        }
        let key = (labels.component.clone(), labels.arm);
        if !self.counts.contains_key(&key) && self.counts.len() >= 2 * COMPONENTS_GUARDED_MAX {
            return None;
        }
        Some(self.counts.entry(key).or_default())
    }
}
