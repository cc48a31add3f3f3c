//! Which time to trust when things are deleted for their age.
//!
//! A clock can be wrong by years: for seconds (an empty battery, until the network is asked) or for
//! a day. So the time of day alone deletes nothing. Of the last day of **running time**, in which
//! the program ran and the machine was awake, this keeps how far the clock was ahead of the running
//! time, and something is old if it is so by the earliest of these readings. A clock that was wrong
//! for less than a day of running time deletes nothing too early. After a night or a year switched
//! off, the trusted time catches up when the program has run for a day.
//!
//! Pure: the caller reads the clock, and keeps this.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::limits::CLOCK_TRUSTED_AFTER_MS;

/// Running time that has one pair of readings, in milliseconds: ten minutes.
const SLOT_MS: i64 = 10 * 60 * 1000;

/// What the clock said over the last day of running time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustedTime {
    /// Running time, in milliseconds.
    ran_ms: i64,
    /// Earliest first.
    slots: VecDeque<Slot>,
}

/// How far the clock was ahead of the running time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    /// Which slot of running time it is.
    number: i64,
    least_ms: i64,
    most_ms: i64,
}

impl TrustedTime {
    /// Makes one whose clock has been right for long enough.
    pub fn sure_of(now_ms: i64) -> Self {
        let mut sure = Self::default();
        for ran_ms in (0..=CLOCK_TRUSTED_AFTER_MS).step_by(SLOT_MS as usize) {
            sure.observe(
                ran_ms - sure.ran_ms,
                now_ms - CLOCK_TRUSTED_AFTER_MS + ran_ms,
            );
        }
        sure
    }

    /// Notes that the program ran for `ran_ms` more, and what the clock says, in milliseconds since
    /// 1970.
    pub fn observe(&mut self, ran_ms: i64, now_ms: i64) {
        self.ran_ms = self.ran_ms.saturating_add(ran_ms.max(0));
        let number = self.ran_ms / SLOT_MS;
        let ahead_ms = now_ms.saturating_sub(self.ran_ms);
        match self.slots.back_mut().filter(|last| last.number == number) {
            Some(last) => {
                last.least_ms = last.least_ms.min(ahead_ms);
                last.most_ms = last.most_ms.max(ahead_ms);
            }
            None => self.slots.push_back(Slot {
                number,
                least_ms: ahead_ms,
                most_ms: ahead_ms,
            }),
        }
        let first = (self.ran_ms - CLOCK_TRUSTED_AFTER_MS).div_euclid(SLOT_MS);
        self.slots.retain(|slot| slot.number >= first);
    }

    /// Returns the running time, in milliseconds.
    pub fn ran_ms(&self) -> i64 {
        self.ran_ms
    }

    /// Returns how much earlier than its readings of the last ten minutes of running time the
    /// clock is, in milliseconds; 0 if it is not.
    pub fn set_back_by_ms(&self, now_ms: i64) -> i64 {
        let last = self.slots.back();
        let expected_ms = last.map_or(now_ms, |last| self.ran_ms.saturating_add(last.least_ms));
        expected_ms.saturating_sub(now_ms).max(0)
    }

    /// Returns the moment, in milliseconds since 1970, before which something is certainly older
    /// than `kept_ms`. `None` as long as the program has not run for a day, or for `kept_ms` if
    /// that is less: then nothing is.
    pub fn old_before_ms(&self, kept_ms: i64) -> Option<i64> {
        Some(self.earliest_ms(kept_ms)?.saturating_sub(kept_ms))
    }

    /// Returns the earliest time that it may be, in milliseconds since 1970; `None` as long as the
    /// program has not run for a day.
    pub fn at_least_ms(&self) -> Option<i64> {
        self.earliest_ms(CLOCK_TRUSTED_AFTER_MS)
    }

    fn earliest_ms(&self, span_ms: i64) -> Option<i64> {
        let least_ms = self.readings(span_ms)?.map(|slot| slot.least_ms).min()?;
        Some(self.ran_ms.saturating_add(least_ms))
    }

    /// Returns the moment, in milliseconds since 1970, after which something is certainly of the
    /// future; `None` as long as the program has not run for a day: then nothing is.
    pub fn future_after_ms(&self) -> Option<i64> {
        let readings = self.readings(CLOCK_TRUSTED_AFTER_MS)?;
        let most_ms = readings.map(|slot| slot.most_ms).max()?;
        Some(self.ran_ms.saturating_add(most_ms))
    }

    /// Returns the readings of a span of running time, or of a day if that is less; `None` if they
    /// do not go back that far.
    fn readings(&self, span_ms: i64) -> Option<impl Iterator<Item = &Slot>> {
        let begins_ms = self.ran_ms - span_ms.min(CLOCK_TRUSTED_AFTER_MS);
        let first = begins_ms.div_euclid(SLOT_MS);
        let slots = self.slots.iter().filter(move |slot| slot.number >= first);
        (begins_ms >= 0).then_some(slots)
    }
}
