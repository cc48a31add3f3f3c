//! Which time to trust when things are deleted for their age.
//!
//! A clock can be wrong by years: for seconds (an empty battery, until the network is asked) or for
//! a day. So the time of day alone deletes nothing. Of the last day of **running time**, in which
//! the program ran and the machine was awake, this keeps how far the clock was ahead of the running
//! time, and something is old if it is so by the earliest of these readings. A clock that was wrong
//! for less than a day of running time deletes nothing too early. After a night or a year switched
//! off, the trusted time catches up when the program has run for a day.
//!
//! What was written while the clock was **behind** looks old when it is right again. So readings
//! that follow each other steadily, from the first one or from one at which the clock went back,
//! are remembered; if it goes ahead of them by a week or more, it was behind, by how much is known
//! once it is trusted again, and what was written within these readings is as much younger. A
//! machine that was switched off for weeks after its first readings is taken for one that was
//! behind, too: what it wrote before is kept for as much longer.
//!
//! Pure: the caller reads the clock, and keeps this.

use std::collections::VecDeque;
use std::mem;

use serde::{Deserialize, Serialize};

use crate::limits::{CLOCK_SPELLS_MAX, CLOCK_STEADY_AFTER_MS, CLOCK_TRUSTED_AFTER_MS};

/// Running time that has one pair of readings, in milliseconds: ten minutes.
const SLOT_MS: i64 = 10 * 60 * 1000;

/// How far a clock goes back that may be behind from then on, in milliseconds: more than the network
/// corrects now and then.
const BACK_MIN_MS: i64 = 60 * 60 * 1000;

/// How far a clock that was behind goes ahead when it is put right, in milliseconds: more than a
/// machine sleeps over a weekend.
const AHEAD_MIN_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// How long something may be written before the first reading or after the last one, in
/// milliseconds: readings of a program that was killed may not have been kept.
const UNREAD_MAX_MS: i64 = 10 * 60 * 1000;

/// What the clock said over the last day of running time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustedTime {
    /// Running time, in milliseconds.
    ran_ms: i64,
    /// Earliest first.
    slots: VecDeque<Slot>,
    /// Of a clock that may be behind, earliest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    doubted: VecDeque<Readings>,
    /// Of a clock that was behind, earliest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    behind: VecDeque<Behind>,
}

/// What a clock said while it ran steadily.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Readings {
    /// The earliest time it said, in milliseconds since 1970.
    first_ms: i64,
    /// What it said last, in milliseconds since 1970.
    last_ms: i64,
    /// The running time of the first reading, in milliseconds.
    from_ran_ms: i64,
    /// The running time of the last reading, in milliseconds.
    to_ran_ms: i64,
}

/// What a clock said while it was behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Behind {
    readings: Readings,
    /// By how much, in milliseconds; `None` until the clock is trusted again.
    by_ms: Option<i64>,
}

/// What is too old, by the time at which it says it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    /// The moment, in milliseconds since 1970, before which something is certainly too old.
    pub before_ms: i64,
    /// Except what is between two of these moments, in milliseconds since 1970, both included: a
    /// clock wrote that which was behind, and it is not too old.
    pub except: Vec<[i64; 2]>,
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
        sure.doubted.clear();
        sure
    }

    /// Notes that the program ran for `ran_ms` more, and what the clock says, in milliseconds since
    /// 1970.
    pub fn observe(&mut self, ran_ms: i64, now_ms: i64) {
        self.ran_ms = self.ran_ms.saturating_add(ran_ms.max(0));
        let may_be_behind = self.slots.is_empty() || self.set_back_by_ms(now_ms) >= BACK_MIN_MS;
        self.doubt(may_be_behind, now_ms);
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
        self.measure_behind();
    }

    /// Adds a reading to those that it follows steadily, and finds those that it shows to be behind.
    /// It begins new ones if it follows none and `may_be_behind`.
    fn doubt(&mut self, may_be_behind: bool, now_ms: i64) {
        let ran_ms = self.ran_ms;
        let (mut is_followed, mut is_ahead) = (false, false);
        for mut readings in mem::take(&mut self.doubted) {
            let ahead_ms = now_ms.saturating_sub(readings.expected_ms(ran_ms));
            if ahead_ms >= AHEAD_MIN_MS {
                is_ahead = true;
                self.remember(readings);
                continue;
            }
            if ahead_ms > -BACK_MIN_MS && !is_followed {
                is_followed = true;
                readings.add(ran_ms, now_ms);
            }
            if ran_ms - readings.from_ran_ms <= CLOCK_STEADY_AFTER_MS {
                self.doubted.push_back(readings);
            }
        }
        // It may still be behind where it went ahead to.
        if (may_be_behind || is_ahead) && !is_followed {
            if self.doubted.len() == CLOCK_SPELLS_MAX {
                self.doubted.pop_front();
            }
            self.doubted.push_back(Readings::first(ran_ms, now_ms));
        }
    }

    /// Remembers that the clock was behind. If that were too many times, that when it was least
    /// behind is forgotten.
    fn remember(&mut self, readings: Readings) {
        if self.behind.len() == CLOCK_SPELLS_MAX {
            let by_ms = |at: &usize| self.behind[*at].by_ms.unwrap_or(i64::MAX);
            let least = (0..self.behind.len()).min_by_key(by_ms);
            least.map(|least| self.behind.remove(least));
        }
        self.behind.push_back(Behind {
            readings,
            by_ms: None,
        });
    }

    /// Measures by how much the clock was behind, once all readings of a day are later.
    fn measure_behind(&mut self) {
        let ran_ms = self.ran_ms;
        let ended_ran_ms = self.behind.iter().map(|behind| behind.readings.to_ran_ms);
        let since_ms = ended_ran_ms.max().map(|ended_ran_ms| ran_ms - ended_ran_ms);
        let is_past = since_ms.is_some_and(|since_ms| since_ms > CLOCK_TRUSTED_AFTER_MS + SLOT_MS);
        let Some(now_ms) = self.at_least_ms().filter(|_| is_past) else {
            return;
        };
        for behind in &mut self.behind {
            let by_ms = now_ms.saturating_sub(behind.readings.expected_ms(ran_ms));
            behind.by_ms.get_or_insert(by_ms.max(0));
        }
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

    /// Returns what is certainly older than `kept_ms`. `None` as long as the program has not run for
    /// a day, or for `kept_ms` if that is less: then nothing is.
    pub fn old(&self, kept_ms: i64) -> Option<Old> {
        let before_ms = self.earliest_ms(kept_ms)?.saturating_sub(kept_ms);
        let except = self.behind.iter().filter_map(|behind| {
            let [first_ms, last_ms] = behind.readings.range();
            let young_from_ms = behind.by_ms.map(|by_ms| before_ms.saturating_sub(by_ms));
            let first_ms = first_ms.max(young_from_ms.unwrap_or(first_ms));
            (first_ms <= last_ms).then_some([first_ms, last_ms])
        });
        Some(Old {
            before_ms,
            except: except.collect(),
        })
    }

    /// Returns when something was written that says it was at `at_ms`, both in milliseconds since
    /// 1970: later, if the clock was behind. `None` if it is not known yet by how much.
    pub fn written_ms(&self, at_ms: i64) -> Option<i64> {
        let behind = self.behind.iter();
        let behind = behind.filter(|behind| behind.readings.have(at_ms));
        behind
            .map(|behind| behind.by_ms)
            .try_fold(at_ms, |latest_ms, by_ms| {
                Some(latest_ms.max(at_ms.saturating_add(by_ms?)))
            })
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

impl Readings {
    fn first(ran_ms: i64, now_ms: i64) -> Self {
        Self {
            first_ms: now_ms,
            last_ms: now_ms,
            from_ran_ms: ran_ms,
            to_ran_ms: ran_ms,
        }
    }

    fn add(&mut self, ran_ms: i64, now_ms: i64) {
        self.first_ms = self.first_ms.min(now_ms);
        self.last_ms = now_ms;
        self.to_ran_ms = ran_ms;
    }

    /// Returns what the clock would say after so much running time, in milliseconds since 1970.
    fn expected_ms(&self, ran_ms: i64) -> i64 {
        self.last_ms.saturating_add(ran_ms - self.to_ran_ms)
    }

    /// Returns the first and the last moment, in milliseconds since 1970, at which something may have
    /// been written between these readings.
    fn range(&self) -> [i64; 2] {
        let first_ms = self.first_ms.saturating_sub(UNREAD_MAX_MS);
        [first_ms, self.last_ms.saturating_add(UNREAD_MAX_MS)]
    }

    fn have(&self, at_ms: i64) -> bool {
        let [first_ms, last_ms] = self.range();
        (first_ms..=last_ms).contains(&at_ms)
    }
}
