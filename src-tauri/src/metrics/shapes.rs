//! The shapes of what is measured: the dashboard's pulse, and the charts.

mod verdict;

use flagdeck_core::statistics::{ShareInterval, share_interval};
use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

pub use self::verdict::{
    DifferenceShare, JudgedArm, JudgedComponent, RollbackPlan, Standing, Verdict,
};
use crate::store::Mark;

/// What the dashboard shows of the last minutes, [`Pulse::span_s`] of them.
///
/// A duration above the last of [`Pulse::edges_s`] is known only to be that: such a quantile is
/// sent as a number greater than the last edge.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Pulse {
    /// Differs from that of an earlier pulse if anything else in it may differ.
    pub version: u64,
    /// When it was taken, in milliseconds since 1970.
    pub at_ms: i64,
    /// Why nothing is collected; `null` while something is.
    pub trouble: Option<String>,
    /// How far back it looks, in seconds.
    pub span_s: u32,
    /// The sources that reported in the span, latest first.
    pub sources: Vec<ReportingSource>,
    /// What calculations amount to, each arm of each component judged separately.
    pub verdict: Verdict,
    /// The components that calculated, the worst first; no more than people read.
    pub components: Vec<JudgedComponent>,
    /// How many there are in all.
    pub components_total: usize,
    /// Calculations that ended well in the span. This and the figures that follow are of all
    /// components and arms together.
    pub calculations: u64,
    /// Calculations a second over the last ten seconds, failed ones included.
    pub per_second: f64,
    /// Failed calculations of all calculations in the span.
    pub errors: Share,
    /// How many calculations certainly took longer than `limits.calculationS`: those in buckets
    /// entirely above it.
    pub slow: Share,
    /// Half of all calculations took no longer than this, in seconds; `null` without any.
    pub p50_s: Option<f64>,
    /// The same of 95 in a hundred.
    pub p95_s: Option<f64>,
    /// The same of 99 in a hundred.
    pub p99_s: Option<f64>,
    /// The mean confidence in the span, 0 to 1; `null` without any.
    pub confidence: Option<f64>,
    /// The upper edges of the duration buckets, in seconds; one bucket more lies above the last.
    pub edges_s: Vec<f64>,
    /// The span in equal columns, earliest first; the last one is not over yet.
    pub columns: Vec<PulseColumn>,
    /// Seconds that one column stands for.
    pub column_s: u32,
    /// Changes of the flags in the span, latest first.
    pub marks: Vec<Mark>,
    /// The latest memory use that a source reported, and that of Flagdeck itself.
    pub memory: MemoryUse,
    /// What the settings call too much.
    pub limits: Limits,
    /// How pushing to a gateway goes; `null` if none is configured.
    pub push: Option<PushHealth>,
    /// Events collected since the counters began.
    pub events_accepted: u64,
    /// Events that were not valid, since Flagdeck was opened.
    pub events_rejected: u64,
    /// Batches that were refused because too many waited, since Flagdeck was opened.
    pub batches_turned_away: u64,
    /// Calculations that were counted under the labels `other`, because there were too many sets
    /// of labels, since Flagdeck was opened.
    pub labels_overflowed: u64,
}

/// An application that reported.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ReportingSource {
    /// What it calls itself.
    pub name: String,
    /// Whether its reports are synthetic, as those of `flagctl demo`.
    pub is_synthetic: bool,
    /// When it reported last, in milliseconds since 1970.
    pub at_ms: i64,
    /// The memory it uses, in bytes; `null` if it did not report it.
    pub memory_bytes: Option<f64>,
}

/// A share of a whole, with its 95 % interval (Wilson's).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Share {
    /// How many of them.
    pub part: u64,
    /// Of how many.
    pub whole: u64,
    /// `part / whole`, 0 to 1; `null` of nothing.
    pub share: Option<f64>,
    /// The lower end of the interval.
    pub low: Option<f64>,
    /// The upper end of the interval.
    pub high: Option<f64>,
}

/// One column of the dashboard's small charts.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct PulseColumn {
    /// When it begins, in milliseconds since 1970.
    pub at_ms: i64,
    /// Calculations a second, failed ones included.
    pub per_second: f64,
    /// Calculations in each duration bucket.
    pub durations: Vec<u64>,
    /// Failed calculations.
    pub errors: u64,
}

/// How much memory is used.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct MemoryUse {
    /// By the source that reports the most, in bytes; `null` if none reports.
    pub host_bytes: Option<f64>,
    /// By Flagdeck, in bytes; `null` if the system does not report it.
    pub own_bytes: Option<f64>,
    /// How the first compares with the limits. Once over one, it is within again at 90 % of it.
    pub standing: MemoryStanding,
}

/// How memory compares with its limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum MemoryStanding {
    /// No application reports any.
    #[default]
    Unknown,
    /// Within both limits.
    Within,
    /// Over `limits.hostMemoryBytes`.
    High,
    /// Over `limits.memoryBytes`.
    Over,
}

/// What the settings call too much.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Limits {
    /// The share of failed calculations, 0 to 1: `rollback.triggers.errorRate`.
    pub error_share: f64,
    /// The duration that too many may not exceed, in seconds: `rollback.triggers.responseTime`.
    pub response_s: f64,
    /// The duration that one calculation may take, in seconds:
    /// `performance.maxCalculationTimeMs`.
    pub calculation_s: f64,
    /// The memory that is too much, in bytes: `rollback.triggers.memoryThreshold`.
    pub memory_bytes: f64,
    /// The memory that the host may use, in bytes: `performance.maxMemoryMB`.
    pub host_memory_bytes: f64,
}

/// How pushing to a gateway goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct PushHealth {
    /// The gateway, without the password of its address.
    pub gateway: String,
    /// When the last push arrived, in milliseconds since 1970; `null` before the first.
    pub at_ms: Option<i64>,
    /// Why the latest push failed; `null` if it arrived.
    pub error: Option<String>,
    /// When the first push failed of those that failed since, in milliseconds since 1970; `null`
    /// if the latest arrived.
    pub failing_since_ms: Option<i64>,
    /// How many pushes failed since the last one that arrived.
    pub failures: u64,
    /// Ticks whose samples wait to be pushed.
    pub waiting: u64,
}

/// Which span to draw, and of what.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ChartQuery {
    /// Where the span begins, in milliseconds since 1970.
    pub from_ms: i64,
    /// Where it ends, in milliseconds since 1970.
    pub to_ms: i64,
    /// How many points at most.
    pub points_max: u32,
    /// Only what this component reported; `null` for everything.
    pub component: Option<String>,
    /// Whether to draw Flagdeck's own series even if a Prometheus is configured.
    pub own: bool,
}

/// Everything the charts show of a span. Every list has one value for each of `times_s`; `null` if
/// nothing was reported.
///
/// A duration above the last of `edges_s` is known only to be that: such a quantile is sent as
/// a number greater than the last edge.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Charts {
    /// Where the points come from: the address of a Prometheus, or `null` for Flagdeck itself.
    pub prometheus: Option<String>,
    /// When each point begins, in seconds since 1970, ascending, `stepS` apart.
    pub times_s: Vec<f64>,
    /// Seconds that one point stands for.
    pub step_s: u32,
    /// Calculations a second, failed ones included.
    pub rate: Extent,
    /// The share of failed calculations of both arms together, 0 to 1, with its interval.
    pub errors: Extent,
    /// The same of users for whom the component is on.
    pub errors_exposed: Extent,
    /// The same of users for whom it is off.
    pub errors_control: Extent,
    /// How much larger the share is for exposed users, -1 to 1, with its interval.
    pub errors_difference: Extent,
    /// Half of all calculations took no longer than this, in seconds.
    pub p50_s: Vec<Option<f64>>,
    /// The same of 95 in a hundred.
    pub p95_s: Vec<Option<f64>>,
    /// The same of 99 in a hundred.
    pub p99_s: Vec<Option<f64>>,
    /// The upper edges of the duration buckets, in seconds; one bucket more lies above the last.
    pub edges_s: Vec<f64>,
    /// For each point, the calculations in each duration bucket.
    pub durations: Vec<Vec<u64>>,
    /// Confidence, 0 to 1.
    pub confidence: Extent,
    /// Half of all calculations converged within this many iterations.
    pub iterations_p50: Vec<Option<f64>>,
    /// The same of 95 in a hundred.
    pub iterations_p95: Vec<Option<f64>>,
    /// The last edge of the buckets of iterations: a greater value is known only to be greater.
    pub iterations_edge: f64,
    /// Memory of the source that uses the most, in bytes.
    pub memory: Extent,
    /// Memory of Flagdeck itself, in bytes.
    pub own_memory: Vec<Option<f64>>,
    /// Changes of the flags in the span, earliest first; only the latest, if there are too many.
    pub marks: Vec<Mark>,
    /// How many changes of the flags there are in the span.
    pub marks_total: usize,
    /// The components that reported in the span, by name.
    pub components: Vec<String>,
    /// What the settings call too much.
    pub limits: Limits,
}

/// A value with how far it went down and up within a point, so that peaks survive.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Extent {
    /// The mean, or the share.
    pub mean: Vec<Option<f64>>,
    /// The lowest, or the lower end of the interval.
    pub low: Vec<Option<f64>>,
    /// The highest, or the upper end of the interval.
    pub high: Vec<Option<f64>>,
}

impl Share {
    /// Returns a part of a whole with its interval.
    pub fn of(part: u64, whole: u64) -> Self {
        let interval = share_interval(part, whole);
        let end = |end: fn(ShareInterval) -> f64| interval.map(end);
        Self {
            part,
            whole,
            share: end(|it| it.share),
            low: end(|it| it.low),
            high: end(|it| it.high),
        }
    }
}
