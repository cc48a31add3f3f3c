//! Whether the application uses too much memory. Exposed users and others share a process, so that
//! nothing can be compared: a sample is too large, or it is not.

use crate::limits::{GUARD_MEMORY_GROWTH, GUARD_MEMORY_SAMPLES};

/// When memory is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryRule {
    /// Bytes that are too much if [`GUARD_MEMORY_SAMPLES`] samples in a row have more.
    pub limit_bytes: u64,
    /// Bytes before the rollout began, if known: as many samples in a row that have grown by
    /// [`GUARD_MEMORY_GROWTH`] hold the rollout.
    pub baseline_bytes: Option<u64>,
}

/// What the latest samples say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strain {
    /// Nothing.
    None,
    /// It grows since the rollout began.
    Growing,
    /// It is over its limit, and the rollout may be the cause.
    TooMuch,
}

/// The latest samples.
#[derive(Debug, Clone)]
pub struct Memory {
    rule: MemoryRule,
    /// Samples in a row over the limit, and over the baseline by too much.
    over: u32,
    grown: u32,
}

impl Memory {
    /// Begins before the first sample.
    pub fn new(rule: MemoryRule) -> Self {
        Self {
            rule,
            over: 0,
            grown: 0,
        }
    }

    /// Adds a sample. `is_widened` says whether the rollout was widened since the last one within
    /// the limit: what was there before is not laid at its door.
    pub fn add(&mut self, bytes: u64, is_widened: bool) -> Strain {
        let counted = |is_over: bool, before: u32| if is_over { before + 1 } else { 0 };
        self.over = counted(bytes > self.rule.limit_bytes, self.over);
        let growth = self.rule.baseline_bytes;
        let is_grown = growth.is_some_and(|base| bytes as f64 > base as f64 * GUARD_MEMORY_GROWTH);
        self.grown = counted(is_grown, self.grown);
        if self.over >= GUARD_MEMORY_SAMPLES && is_widened {
            Strain::TooMuch
        } else if self.grown >= GUARD_MEMORY_SAMPLES {
            Strain::Growing
        } else {
            Strain::None
        }
    }
}
