//! What is told of rollouts, as JSON.

use flagdeck_core::guard::interval::Interval;
use flagdeck_core::guard::{Action, Evidence, Test};
use flagdeck_core::ramp::{Gap, Missing, Phase, Plan};
use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use crate::store::Actor;

/// A rollout that is watched, widened step by step, or was rolled back.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RolloutStatus {
    /// The component; `null` for the default rollout.
    pub component: Option<String>,
    /// The percentage in force, 0 to 100; that of the default rollout if the component has no custom
    /// one.
    pub percentage: f64,
    /// Whether it is on for anybody.
    pub is_on: bool,
    /// Whether it is on for a part of all users.
    pub is_partial: bool,
    /// How it stands.
    pub standing: RolloutStanding,
    /// The same in words, with the reason and numbers.
    pub sentence: String,
    /// What is watched now; `null` if nothing is.
    pub attempt: Option<AttemptStatus>,
    /// The ramp under way, or the last one; `null` if there was none.
    pub ramp: Option<RampStatus>,
    /// What it is held to.
    pub rules: GuardRules,
    /// What is set for this rollout alone.
    pub own_rules: OwnGuardRules,
    /// The last time it was rolled back; `null` if never.
    pub rolled_back: Option<DecisionSummary>,
}

/// How a rollout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub enum RolloutStanding {
    /// Nobody watches it: automatic rollback is off.
    Unwatched,
    /// Too little was seen to say anything.
    Collecting,
    /// Enough was seen, and no harm.
    Healthy,
    /// It stays where it is until something comes or a person has looked.
    Holding,
    /// It did harm and is off.
    RolledBack,
    /// It is on for everyone or nobody, and nothing is to be watched.
    Settled,
}

/// One attempt at a rollout: from when it became partial until it is off, on for everyone or held
/// to other rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct AttemptStatus {
    /// 1 for the first at this rollout.
    pub number: u32,
    /// When it began, in milliseconds since 1970.
    pub began_ms: i64,
    /// When the last calculation was reported, in milliseconds since 1970; `null` for none yet.
    pub seen_ms: Option<i64>,
    /// Of users with it on.
    pub exposed: ArmCounts,
    /// Of the others.
    pub control: ArmCounts,
    /// The share of failed calculations of users with it on, less that of the others, with an
    /// interval that holds however often it is looked at; `null` while one arm is empty.
    pub difference: Option<Interval>,
    /// The evidence of each test.
    pub tests: Vec<TestStatus>,
    /// Blocks that were judged.
    pub blocks: u32,
    /// Calculations in the block that is not judged yet.
    pub waiting: u64,
}

/// What was counted of one arm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ArmCounts {
    /// Calculations.
    #[cfg_attr(test, ts(type = "number"))]
    pub calculations: u64,
    /// Those that failed.
    #[cfg_attr(test, ts(type = "number"))]
    pub failed: u64,
    /// Those slower than the response time.
    #[cfg_attr(test, ts(type = "number"))]
    pub late: u64,
}

/// The evidence of a test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct TestStatus {
    /// Which.
    pub test: GuardTest,
    /// ln of the evidence that it does harm: 0 without any, below it for harmlessness.
    pub ln: f64,
    /// ln of the evidence at which it acts.
    pub threshold_ln: f64,
}

/// A test of the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub enum GuardTest {
    /// Failures of users with it on, compared with the others.
    Relative,
    /// Durations, compared with the others.
    Latency,
    /// Failures, against `errorRate`.
    Absolute,
    /// Slow calculations, against `responseTime`.
    Late,
    /// Memory.
    Memory,
    /// The share of users with it on, against what the rollout says.
    Ratio,
}

impl From<Test> for GuardTest {
    fn from(test: Test) -> Self {
        match test {
            Test::Relative => Self::Relative,
            Test::Latency => Self::Latency,
            Test::Absolute => Self::Absolute,
            Test::Memory => Self::Memory,
            Test::Ratio => Self::Ratio,
        }
    }
}

/// What a rollout is held to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct GuardRules {
    /// Whether it is rolled back if it does harm.
    pub enabled: bool,
    /// The share of failed calculations that is tolerated, above 0 and up to 0.65.
    pub error_rate: f64,
    /// The duration that 5 % of calculations may exceed, in milliseconds.
    #[cfg_attr(test, ts(type = "number"))]
    pub response_time_ms: u64,
    /// The memory that is tolerated, in bytes.
    #[cfg_attr(test, ts(type = "number"))]
    pub memory_bytes: u64,
    /// The odds ratio between users with it on and the others that is tolerated, 1 to 10.
    pub tolerated_ratio: f64,
    /// The probability with which an attempt of a healthy rollout may be rolled back.
    pub alpha: f64,
    /// Whether the bare thresholds decide, instead of tests.
    pub strict: bool,
}

/// What is set for one rollout alone; `null` for what the settings say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
#[allow(missing_docs, reason = "GuardRules says what each one means")]
pub struct OwnGuardRules {
    pub enabled: Option<bool>,
    pub error_rate: Option<f64>,
    #[cfg_attr(test, ts(type = "number | null"))]
    pub response_time_ms: Option<u64>,
    #[cfg_attr(test, ts(type = "number | null"))]
    pub memory_bytes: Option<u64>,
    pub tolerated_ratio: Option<f64>,
    pub alpha: Option<f64>,
    pub strict: Option<bool>,
}

/// A ramp.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RampStatus {
    /// Its number.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: u64,
    /// The name of its plan; `null` for steps that were given by themselves.
    pub plan_name: Option<String>,
    /// Its plan.
    pub plan: Plan,
    /// Whether it goes on.
    pub phase: Phase,
    /// How many steps were made.
    pub made: usize,
    /// Who started it.
    pub by: Actor,
    /// When it was started, in milliseconds since 1970.
    pub started_ms: i64,
    /// When the present step was made, in milliseconds since 1970; `null` before the first.
    pub stepped_ms: Option<i64>,
    /// What is missing for the next step, or to be complete after the last; empty if it has ended.
    pub missing: Vec<Missing>,
    /// The earliest moment of the next step, in milliseconds since 1970; `null` if it is not known.
    pub earliest_ms: Option<i64>,
    /// When it was not watched last, if its step began again for that.
    pub gap: Option<Gap>,
    /// Where it is and what is missing, in words.
    pub sentence: String,
}

/// A plan of ramps under a name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct NamedPlan {
    /// Its name.
    pub name: String,
    /// Its steps, and what each needs.
    pub plan: Plan,
    /// Whether every data folder has it, so that it can be neither changed nor removed.
    pub is_built_in: bool,
}

/// What was decided about a rollout, briefly.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct DecisionSummary {
    /// Its number.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The reason, in words.
    pub sentence: String,
    /// The revision that rolled it back; `null` if that is not saved yet, or was not needed.
    pub revision: Option<u64>,
}

/// What was decided about a rollout, with everything that led to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Decision {
    /// Its number.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: u64,
    /// The component; `null` for the default rollout.
    pub component: Option<String>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The attempt at this rollout, from 1.
    pub attempt: u32,
    /// When that began, in milliseconds since 1970.
    pub began_ms: i64,
    /// What was decided.
    pub action: Action,
    /// What led to it.
    pub test: GuardTest,
    /// The reason, in words.
    pub sentence: String,
    /// What the rollout was held to.
    pub rules: GuardRules,
    /// The percentage it had, 0 to 100.
    pub percentage: f64,
    /// The evidence of each test.
    pub tests: Vec<TestStatus>,
    /// What was counted of users with it on.
    pub exposed: ArmCounts,
    /// The same of the others.
    pub control: ArmCounts,
    /// The difference of the shares of failed calculations.
    pub difference: Option<Interval>,
    /// Memory at the end, in bytes, if it was reported.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub memory_bytes: Option<u64>,
    /// Blocks that it was decided after.
    pub blocks: u32,
    /// The revision in force when it was decided.
    #[cfg_attr(test, ts(type = "number"))]
    pub base: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(
    test,
    derive(TS),
    ts(
        rename = "DecisionOutcome",
        tag = "kind",
        rename_all = "camelCase",
        rename_all_fields = "camelCase"
    )
)]
pub enum Outcome {
    /// It is carried out now.
    Pending {
        /// Why it could not be yet.
        trouble: Option<String>,
    },
    /// It was carried out, and the rollout was looked at again: it is off.
    Done {
        /// The revision.
        #[cfg_attr(test, ts(type = "number"))]
        revision: u64,
        /// Whether it is an override of the document that is followed.
        is_override: bool,
    },
    /// Somebody else had switched it off before.
    WasOff,
}

/// A decision as it is judged again from what was stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Replayed {
    /// The decision.
    pub decision: Decision,
    /// Whether the blocks that were stored lead to the same decision; `null` if they are not kept
    /// any more.
    pub is_same: Option<bool>,
    /// How the evidence grew.
    pub points: Vec<EvidencePoint>,
}

/// The evidence at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct EvidencePoint {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The evidence of each test.
    pub evidence: Evidence,
    /// The difference of the shares of failed calculations so far.
    pub difference: Option<Interval>,
    /// What was counted so far.
    pub exposed: ArmCounts,
    /// The same of the others.
    pub control: ArmCounts,
}

/// A rollout with everything that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RolloutDetails {
    /// How it stands.
    pub status: RolloutStatus,
    /// How the evidence of the present attempt grew.
    pub points: Vec<EvidencePoint>,
    /// What happened, latest first.
    pub timeline: Vec<TimelineEntry>,
}

/// Something that happened to a rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct TimelineEntry {
    /// Its number.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The component; `null` for the default rollout.
    pub component: Option<String>,
    /// What.
    pub what: Happened,
    /// The same in words.
    pub sentence: String,
    /// Who did it; `null` if Flagdeck did.
    pub by: Option<Actor>,
    /// The revision that came of it, if one did.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub revision: Option<u64>,
    /// The decision that it is of, if it is of one.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub decision: Option<u64>,
}

/// What may happen to a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
#[allow(missing_docs, reason = "their names say it")]
pub enum Happened {
    AttemptBegan,
    RampStarted,
    StepMade,
    StepBeganAgain,
    Held,
    Released,
    Paused,
    Resumed,
    Skipped,
    Changed,
    Aborted,
    Completed,
    RolledBack,
}
