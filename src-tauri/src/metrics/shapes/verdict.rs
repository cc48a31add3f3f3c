//! The shapes of verdicts on what is measured.

use flagdeck_core::measure::Arm;
use flagdeck_core::verdict::{self, ComponentVerdict, Since};
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use super::Share;

/// What the calculations of all components amount to, in one sentence.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Verdict {
    /// The standing of the worst arm.
    pub standing: Standing,
    /// The verdict, in words.
    pub sentence: String,
    /// The component of that arm; `null` if none is over a limit.
    pub component: Option<String>,
}

/// How an arm, or a group of arms, compares with its limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum Standing {
    /// There are too few calculations to say.
    #[default]
    TooFew,
    /// Within its limits.
    Within,
    /// Above a limit, but its interval reaches below, or the limit is a mild one.
    Above,
    /// Its whole interval is above a limit.
    Beyond,
}

/// A component, judged arm by arm since the latest revision that changed who sees it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct JudgedComponent {
    /// Its path; empty for calculations that named none.
    pub component: String,
    /// How its worst arm stands.
    pub standing: Standing,
    /// The verdict, in words.
    pub sentence: String,
    /// The revision since which it is judged; `null` if it is judged by the last minutes, in which
    /// nothing changed who sees it.
    pub since: Option<u64>,
    /// Those for whom it is on; `null` without calculations.
    pub exposed: Option<JudgedArm>,
    /// Those for whom it is off; `null` without calculations.
    pub control: Option<JudgedArm>,
    /// Those for whom no report says; `null` without calculations.
    pub unknown: Option<JudgedArm>,
    /// How much more often calculations fail for exposed users; `null` unless both have enough
    /// data.
    pub difference: Option<DifferenceShare>,
    /// What rolling it back would do; `null` unless it does harm.
    pub rollback: Option<RollbackPlan>,
}

/// One arm of a component.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct JudgedArm {
    /// How it stands.
    pub standing: Standing,
    /// Its failed calculations of all.
    pub errors: Share,
}

/// How much larger a share is than another, with its 95 % interval (Newcombe's).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct DifferenceShare {
    /// The difference, -1 to 1.
    pub difference: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// What rolling a component back would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RollbackPlan {
    /// The component.
    pub component: String,
    /// The revision it is planned on: on another one it may be another plan.
    pub base: u64,
    /// What it does, in words.
    pub sentence: String,
}

impl From<verdict::Standing> for Standing {
    fn from(standing: verdict::Standing) -> Self {
        match standing {
            verdict::Standing::TooFew => Self::TooFew,
            verdict::Standing::Within => Self::Within,
            verdict::Standing::Above => Self::Above,
            verdict::Standing::Beyond => Self::Beyond,
        }
    }
}

impl From<&ComponentVerdict> for JudgedComponent {
    /// Without a plan, which follows from the flags.
    fn from(verdict: &ComponentVerdict) -> Self {
        let arm = |arm| {
            verdict.arm(arm).map(|judged| JudgedArm {
                standing: judged.standing.into(),
                errors: Share::of(judged.failed, judged.total),
            })
        };
        Self {
            component: verdict.component.clone(),
            standing: verdict.standing().into(),
            sentence: verdict.sentence(),
            since: match verdict.since {
                Since::Revision(number) => Some(number),
                Since::Minutes(_) => None,
            },
            exposed: arm(Arm::Exposed),
            control: arm(Arm::Control),
            unknown: arm(Arm::Unknown),
            difference: verdict.difference.map(|it| DifferenceShare {
                difference: it.difference,
                low: it.low,
                high: it.high,
            }),
            rollback: None,
        }
    }
}
