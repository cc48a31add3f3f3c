//! The steps of a ramp, and what each of them needs.

use serde::{Deserialize, Serialize};

use super::Hours;
use crate::document::Percentage;
use crate::limits::{RAMP_DWELL_S_MAX, RAMP_EXPOSED_MAX, RAMP_STEPS_MAX};

/// The steps of a ramp, and what each of them needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename = "RampPlan", rename_all = "camelCase")
)]
pub struct Plan {
    /// The percentages, each larger than the one before.
    #[cfg_attr(feature = "typescript", ts(type = "Array<number>"))]
    pub steps: Vec<Percentage>,
    /// For how long each step is watched at least, in seconds.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub dwell_s: u64,
    /// How many calculations of users with it on each step has to see.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub least_exposed: u64,
    /// When steps may be made; `None` for at any time.
    pub hours: Option<Hours>,
}

/// Why a plan is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// There is no step, or there are too many.
    #[error("a ramp has 1 to {RAMP_STEPS_MAX} steps, not {0}")]
    Count(usize),
    /// A step is no percentage.
    #[error("the step {0} is not a percentage above 0 and up to 100, in steps of 0.001")]
    Step(String),
    /// A step is not larger than the one before.
    #[error("steps grow: {1} does not come after {0}")]
    Order(Percentage, Percentage),
    /// Steps take too long.
    #[error("a step stays for at most 366 days")]
    Dwell,
    /// Steps need too much.
    #[error("a step needs at most {RAMP_EXPOSED_MAX} calculations")]
    Exposed,
    /// The hours cannot be read.
    #[error("the hours {0} are not like Mon-Fri 09:00-17:00, or 09:00-17:00 for every day")]
    Hours(String),
    /// There is no day.
    #[error("the hours name no day")]
    NoDay,
}

/// A plan that every data folder has.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    steps: &'static [u32],
    dwell_s: u64,
    least_exposed: u64,
}

/// The plans that every data folder has.
pub const NAMED: [Named; 3] = [
    Named {
        name: "standard",
        steps: &[1, 5, 10, 25, 50, 100],
        dwell_s: 3600,
        least_exposed: 200,
    },
    Named {
        name: "careful",
        steps: &[1, 2, 5, 10, 25, 50, 75, 100],
        dwell_s: 24 * 3600,
        least_exposed: 1000,
    },
    Named {
        name: "quick",
        steps: &[10, 50, 100],
        dwell_s: 600,
        least_exposed: 50,
    },
];

impl Named {
    /// Returns it as a plan.
    pub fn plan(&self) -> Plan {
        let steps = self.steps.iter();
        Plan {
            steps: steps
                .filter_map(|step| Percentage::from_milli(step * 1000))
                .collect(),
            dwell_s: self.dwell_s,
            least_exposed: self.least_exposed,
            hours: None,
        }
    }
}

impl Plan {
    /// Checks that steps grow, and that every number is within its range.
    ///
    /// # Errors
    /// [`PlanError`] for the first that is not.
    pub fn check(&self) -> Result<(), PlanError> {
        if self.steps.is_empty() || self.steps.len() > RAMP_STEPS_MAX {
            return Err(PlanError::Count(self.steps.len()));
        }
        if self.steps[0] == Percentage::ZERO {
            return Err(PlanError::Step("0".into()));
        }
        if let Some(pair) = self.steps.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(PlanError::Order(pair[0], pair[1]));
        }
        if self.dwell_s > RAMP_DWELL_S_MAX {
            return Err(PlanError::Dwell);
        }
        if self.least_exposed > RAMP_EXPOSED_MAX {
            return Err(PlanError::Exposed);
        }
        self.hours.as_ref().map_or(Ok(()), Hours::check)
    }

    /// Returns the plan without the steps that do not widen a rollout that has this percentage.
    #[must_use]
    pub fn above(&self, percentage: Percentage) -> Self {
        let steps = self.steps.iter().copied();
        Self {
            steps: steps.filter(|step| *step > percentage).collect(),
            ..self.clone()
        }
    }

    /// Writes the steps as `1-5-10-25-50-100`.
    pub fn steps_text(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(Percentage::to_string).collect();
        steps.join("-")
    }
}

/// Reads steps as `1-5-10-25-50-100`; commas and spaces separate, too.
///
/// # Errors
/// [`PlanError::Step`] if one is no percentage.
pub fn steps_from_text(text: &str) -> Result<Vec<Percentage>, PlanError> {
    let parts = text.split(|it: char| it == '-' || it == ',' || it.is_whitespace());
    let parts = parts.filter(|part| !part.is_empty());
    let step = |part: &str| {
        let step = part.trim_end_matches('%').parse::<Percentage>().ok();
        let step = step.filter(|step| *step > Percentage::ZERO);
        step.ok_or_else(|| PlanError::Step(part.to_owned()))
    };
    parts.map(step).collect()
}
