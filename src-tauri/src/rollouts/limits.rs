//! Every bound of what is kept of rollouts, with its reason.

/// Rollouts that are watched at once: each costs 6 µs a block, and a row of the window.
pub const WATCHED_MAX: usize = 500;

/// Own plans of ramps.
pub const PLANS_MAX: usize = 100;

/// Characters of the name of a plan: it is shown in a list.
pub const PLAN_NAME_CHARS_MAX: usize = 40;

/// Entries of the timeline that are kept, of all rollouts together.
pub const ENTRIES_MAX: u64 = 20_000;

/// Decisions whose blocks are kept, so that they can be replayed; of older ones, only what was
/// decided and why.
pub const REPLAYABLE_MAX: u64 = 200;

/// Entries of the timeline that are shown at once.
pub const ENTRIES_SHOWN_MAX: usize = 200;

/// Points of a curve of evidence: more than a chart has pixels for.
pub const POINTS_MAX: usize = 240;

/// Calculations a block has at least, unless it is closed for its age.
pub const BLOCK_CALCULATIONS: u64 = 50;

/// Blocks of an attempt after which they grow with it, so that a rollout that is watched for weeks
/// has some ten thousands of them. Far more than a step needs.
pub const BLOCKS_EVEN: u64 = 20_000;

/// For how long a block is open at least, in milliseconds: what is looked at that often is seen
/// within a tick of 10 s.
pub const BLOCK_MS: i64 = 5_000;

/// After which age a block is closed with what it has, in milliseconds, if that is anything of
/// users with it on.
pub const BLOCK_AGE_MS: i64 = 60_000;

/// The share of calculations that may be slower than `responseTime`: 5 %, as the setting says.
pub const LATE_SHARE: f64 = 0.05;

/// The probability with which one attempt of a healthy rollout may be rolled back, all tests
/// together.
pub const ALPHA: f64 = 0.02;

/// The smallest share of failed calculations that is tested for: without any that is tolerated, the
/// first failure of anybody would end every rollout.
pub const ERROR_RATE_MIN: f64 = 0.000_1;

/// The smallest of these probabilities that can be chosen.
pub const ALPHA_MIN: f64 = 0.000_1;

/// The largest.
pub const ALPHA_MAX: f64 = 0.2;

/// The largest odds ratio that can be tolerated.
pub const TOLERATED_RATIO_MAX: f64 = 10.0;

/// The probability with which the interval that is shown does not hold the true difference, however
/// often it is looked at.
pub const INTERVAL_ALPHA: f64 = 0.05;

/// For how long after a rollout was widened new users say nothing about the share of users who have it
/// on, in milliseconds: applications ask for flags once a minute.
pub const SHARE_SETTLES_MS: i64 = 70_000;
