//! Overrides for single applications and users, beside those of the followed document, as programs
//! read them.

use serde::{Deserialize, Serialize};

use super::flags::Outcome;
use super::following::{Followed, Override};
use crate::app::App;
use crate::flags::ending;
use crate::flags::targeted::{Target, TargetedOverride};

/// For how long an override for one application or user acts if nothing is said, in milliseconds.
pub const TARGETED_TIME_DEFAULT_MS: i64 = 8 * 60 * 60 * 1000;

/// The overrides of both kinds.
#[derive(Debug, Clone, Serialize)]
pub struct Overrides {
    /// Those of the followed document, which are for everyone.
    pub overrides: Vec<Override>,
    /// Those for single applications and users.
    pub targeted: Vec<Targeted>,
}

/// An override for one application or user, and whether it acts.
#[derive(Debug, Clone, Serialize)]
pub struct Targeted {
    /// The override.
    #[serde(flatten)]
    pub one: TargetedOverride,
    /// Why it does not act at present; `null` if it does.
    pub suspended: Option<String>,
}

/// What came of ending overrides.
#[derive(Debug, Clone, Serialize)]
pub struct Ended {
    /// What it changed for everyone.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The overrides for single applications and users that ended.
    pub targeted: Vec<TargetedOverride>,
}

/// An override for one application or user that is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetedWish {
    /// Whom it is for.
    #[serde(rename = "for")]
    pub target: Target,
    /// Whether the component is to be on.
    pub on: bool,
    /// For how long, in milliseconds.
    #[serde(default = "default_time_ms")]
    pub for_ms: i64,
}

fn default_time_ms() -> i64 {
    TARGETED_TIME_DEFAULT_MS
}

impl Overrides {
    /// Lists them as they are in force.
    pub fn of(app: &App) -> Self {
        let followed = Followed::of(&app.flags().live());
        let targeted = app.flags().targeted().into_iter();
        Self {
            overrides: followed.map_or_else(Vec::new, |followed| followed.overrides),
            targeted: targeted.map(|one| Targeted::of(app, one)).collect(),
        }
    }
}

impl Targeted {
    /// Adds to an override whether it acts.
    pub fn of(app: &App, one: TargetedOverride) -> Self {
        let suspended = app.flags().obstacle(&one).map(|it| it.to_string());
        Self { one, suspended }
    }
}

impl From<ending::Ended> for Ended {
    fn from(ended: ending::Ended) -> Self {
        Self {
            outcome: ended.outcome.into(),
            targeted: ended.targeted,
        }
    }
}
