//! A rollout that is widened step by step, while it is watched.
//!
//! A [`Ramp`] is a state that is looked at from time to time. It is told how long it was watched
//! since the last look and what was seen, and answers what is missing for the next step; if nothing
//! is, the step may be made. Time in which nobody watched never counts.
//!
//! Knows no clock, no flags and no disk.

mod hours;
mod plan;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use self::hours::{Day, Hours};
pub use self::plan::{NAMED, Named, Plan, PlanError, steps_from_text};
use crate::document::Percentage;
use crate::limits::RAMP_GAP_MS_MAX;

/// A ramp under way, or one that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ramp {
    /// Its steps, and what each needs.
    pub plan: Plan,
    /// When the first step may be made, in milliseconds since 1970; `None` for at once.
    pub starts_ms: Option<i64>,
    /// Whether it goes on.
    pub phase: Phase,
    /// How many steps were made.
    pub made: usize,
    /// For how long the present step was watched, in milliseconds.
    pub watched_ms: u64,
    /// Calculations of users with it on that were seen at the present step.
    pub exposed: u64,
    /// When it was not watched last, if that was at the present step.
    pub gap: Option<Gap>,
}

/// Whether a ramp goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename = "RampPhase", rename_all = "camelCase")
)]
pub enum Phase {
    /// It makes its next step when nothing is missing for it.
    Running,
    /// A person paused it.
    Paused,
    /// Somebody changed the rollout by other means, so it waits until a person has looked.
    Changed,
    /// All steps were made, and the last one was watched.
    Completed,
    /// A person ended it.
    Aborted,
    /// The rollout did harm, and is off.
    RolledBack,
}

impl Phase {
    /// Returns whether it may go on.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::Changed)
    }
}

/// A time in which a ramp was not watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename = "RampGap", rename_all = "camelCase")
)]
pub struct Gap {
    /// Why.
    pub why: Unwatched,
    /// When it began, in milliseconds since 1970.
    pub from_ms: i64,
    /// When it ended, in milliseconds since 1970.
    pub to_ms: i64,
}

/// Why a ramp was not watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename_all = "camelCase")
)]
pub enum Unwatched {
    /// No program of Flagdeck was running on the data folder.
    Closed,
    /// What applications report could not be kept.
    Unstored,
    /// Nothing was reported of the rollout.
    Silent,
    /// The flags did not let anybody see it.
    Off,
}

/// What a ramp is told when it is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The present, in milliseconds since 1970.
    pub now_ms: i64,
    /// For how long it was watched since the last look, in milliseconds.
    pub watched_ms: u64,
    /// Calculations of users with it on since the last look.
    pub exposed: u64,
    /// When it was not watched, if that ended or goes on since the last look.
    pub gap: Option<Gap>,
    /// Whether the guard asks to stay.
    pub is_held: bool,
}

/// Something that has to come before the next step is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(
        rename = "RampMissing",
        tag = "kind",
        rename_all = "camelCase",
        rename_all_fields = "camelCase"
    )
)]
pub enum Missing {
    /// A person has to resume it.
    Person,
    /// It begins later.
    Start {
        /// When, in milliseconds since 1970.
        at_ms: i64,
    },
    /// The guard asks to stay.
    Guard,
    /// It is not watched now.
    Watching {
        /// Why.
        why: Unwatched,
        /// Since when, in milliseconds since 1970.
        since_ms: i64,
    },
    /// More time at the present step.
    Time {
        /// How much, in milliseconds.
        left_ms: u64,
    },
    /// More calculations of users with it on, at the present step.
    Exposed {
        /// How many.
        left: u64,
    },
    /// Working hours.
    Hours {
        /// When they begin, in milliseconds since 1970; `None` if never within a week.
        opens_ms: Option<i64>,
    },
}

impl Ramp {
    /// Begins one; no step is made yet.
    pub fn new(plan: Plan, starts_ms: Option<i64>) -> Self {
        Self {
            plan,
            starts_ms,
            phase: Phase::Running,
            made: 0,
            watched_ms: 0,
            exposed: 0,
            gap: None,
        }
    }

    /// Returns the percentage of the present step; `None` before the first.
    pub fn present(&self) -> Option<Percentage> {
        let at = self.made.checked_sub(1)?;
        self.plan.steps.get(at).copied()
    }

    /// Returns the percentage of the next step; `None` after the last.
    pub fn next(&self) -> Option<Percentage> {
        self.plan.steps.get(self.made).copied()
    }

    /// Takes in what was seen since the last look. A gap of more than a minute begins the step
    /// again.
    pub fn look(&mut self, look: &Look) {
        if self.phase != Phase::Running || self.made == 0 {
            return;
        }
        if let Some(gap) = look.gap {
            let is_long = gap.to_ms.saturating_sub(gap.from_ms) > RAMP_GAP_MS_MAX;
            if is_long {
                self.gap = Some(gap);
                self.watched_ms = 0;
                self.exposed = 0;
            }
        }
        if !look.is_held {
            self.watched_ms = self.watched_ms.saturating_add(look.watched_ms);
        }
        self.exposed = self.exposed.saturating_add(look.exposed);
    }

    /// Lists what is missing for the next step, or to be completed after the last; empty if it may
    /// be made. `zone` is that of the working hours.
    pub fn missing(&self, look: &Look, zone: &TimeZone) -> Vec<Missing> {
        let mut missing = Vec::new();
        match self.phase {
            Phase::Running => {}
            Phase::Paused | Phase::Changed => return vec![Missing::Person],
            Phase::Completed | Phase::Aborted | Phase::RolledBack => return missing,
        }
        if self.made == 0 {
            let later = self.starts_ms.filter(|at_ms| *at_ms > look.now_ms);
            missing.extend(later.map(|at_ms| Missing::Start { at_ms }));
        } else {
            missing.extend(self.missing_at_step(look));
        }
        // Whoever waits for the last step to be watched needs no hours.
        if self.next().is_some() {
            missing.extend(self.missing_hours(look.now_ms, zone));
        }
        missing
    }

    fn missing_at_step(&self, look: &Look) -> impl Iterator<Item = Missing> {
        let held = look.is_held.then_some(Missing::Guard);
        let unwatched = look.gap.filter(|gap| gap.to_ms >= look.now_ms);
        let unwatched = unwatched.map(|gap| Missing::Watching {
            why: gap.why,
            since_ms: gap.from_ms,
        });
        let dwell_ms = self.plan.dwell_s.saturating_mul(1000);
        let left_ms = dwell_ms.saturating_sub(self.watched_ms);
        let left = self.plan.least_exposed.saturating_sub(self.exposed);
        let time = (left_ms > 0).then_some(Missing::Time { left_ms });
        let exposed = (left > 0).then_some(Missing::Exposed { left });
        [held, unwatched, time, exposed].into_iter().flatten()
    }

    fn missing_hours(&self, now_ms: i64, zone: &TimeZone) -> Option<Missing> {
        let hours = self.plan.hours.as_ref()?;
        let now = Timestamp::from_millisecond(now_ms).ok()?;
        let now = now.to_zoned(zone.clone());
        let opens = match hours.is_open(&now) {
            true => return None,
            false => hours.opens(&now),
        };
        let opens_ms = opens.map(|opens| opens.timestamp().as_millisecond());
        Some(Missing::Hours { opens_ms })
    }

    /// Notes that the next step was made: it begins to be watched. After the last, the ramp is
    /// complete.
    pub fn step(&mut self) {
        match self.next() {
            Some(_) => self.made += 1,
            None => self.phase = Phase::Completed,
        }
        self.begin_step();
    }

    /// Lets it go on. The present step is watched from the beginning.
    pub fn resume(&mut self) {
        self.phase = Phase::Running;
        self.begin_step();
    }

    /// Returns the earliest moment at which the next step could be made if everything else comes
    /// in time, in milliseconds since 1970; `None` if that depends on a person, or on what is not
    /// known.
    pub fn earliest_ms(&self, look: &Look, zone: &TimeZone) -> Option<i64> {
        if self.phase != Phase::Running {
            return None;
        }
        let mut at_ms = look.now_ms;
        for missing in self.missing(look, zone) {
            match missing {
                Missing::Start { at_ms: start_ms } => at_ms = at_ms.max(start_ms),
                Missing::Time { left_ms } => {
                    let left_ms = i64::try_from(left_ms).ok()?;
                    at_ms = at_ms.max(look.now_ms.saturating_add(left_ms));
                }
                Missing::Person | Missing::Guard | Missing::Watching { .. } => return None,
                Missing::Exposed { .. } | Missing::Hours { .. } => {}
            }
        }
        match self.next().and_then(|_| self.missing_hours(at_ms, zone)) {
            Some(Missing::Hours { opens_ms }) => opens_ms,
            _ => Some(at_ms),
        }
    }

    fn begin_step(&mut self) {
        self.watched_ms = 0;
        self.exposed = 0;
        self.gap = None;
    }
}
