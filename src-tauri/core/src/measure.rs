//! What is measured of calculations, and how it is counted.
//!
//! Counts, never quantiles: separate counts can be added up.

use serde::{Deserialize, Serialize};

use crate::statistics::{Quantile, quantile};

/// The upper edges of the buckets of durations, in seconds: the founding specification's. One
/// bucket more lies above the last.
pub const DURATION_EDGES_S: [f64; 7] = [0.001, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0];

/// The upper edges of the buckets of iterations until convergence. The customary ones end at
/// 10 and are meant for seconds; iterations are whole numbers over three orders of magnitude,
/// so these go up in steps of 1, 2, 5.
pub const ITERATION_EDGES: [f64; 10] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];

const DURATION_BUCKETS: usize = DURATION_EDGES_S.len() + 1;
const ITERATION_BUCKETS: usize = ITERATION_EDGES.len() + 1;

/// Which users a component calculated for.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Arm {
    /// Not reported.
    #[default]
    Unknown,
    /// For a user for whom it is on.
    Exposed,
    /// For a user for whom it is off.
    Control,
}

impl Arm {
    /// Returns its published name, empty for the unknown one.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Exposed => "exposed",
            Self::Control => "control",
        }
    }

    /// The arm of a user for whom a component is on, or off.
    pub fn of(exposed: bool) -> Self {
        match exposed {
            true => Self::Exposed,
            false => Self::Control,
        }
    }
}

/// A calculation that ended well.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calculation {
    /// How long it took, in seconds; finite, not negative.
    pub duration_s: f64,
    /// How sure it is of its result, 0.0 to 1.0.
    pub confidence: f64,
    /// Iterations until it converged, if it reported them.
    pub iterations: Option<u32>,
}

/// Count, sum and range of values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many values.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Default for Spread {
    fn default() -> Self {
        Self {
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }
}

impl Spread {
    /// Adds one more value.
    #[inline]
    pub fn record(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Adds the values of another.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Returns the mean; `None` if there are none.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

/// Calculations counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Those that ended well, by duration: see [`DURATION_EDGES_S`].
    pub durations: [u64; DURATION_BUCKETS],
    /// How long they took together, in seconds.
    pub duration_s: f64,
    /// Those that failed.
    pub errors: u64,
    /// How sure they were, 0.0 to 1.0.
    pub confidence: Spread,
    /// Those that reported their iterations, by iterations: see [`ITERATION_EDGES`].
    pub iterations: [u64; ITERATION_BUCKETS],
    /// Their iterations together.
    pub iterations_sum: u64,
}

impl Tally {
    /// Counts a calculation that ended well.
    #[inline]
    pub fn record(&mut self, calculation: &Calculation) {
        let Calculation {
            duration_s,
            confidence,
            iterations,
        } = *calculation;
        self.durations[bucket(&DURATION_EDGES_S, duration_s)] += 1;
        self.duration_s += duration_s;
        self.confidence.record(confidence);
        if let Some(iterations) = iterations {
            self.iterations[bucket(&ITERATION_EDGES, f64::from(iterations))] += 1;
            self.iterations_sum += u64::from(iterations);
        }
    }

    /// Counts a calculation that failed.
    #[inline]
    pub fn record_error(&mut self) {
        self.errors += 1;
    }

    /// Returns how many ended well.
    pub fn completed(&self) -> u64 {
        self.durations.iter().sum()
    }

    /// Returns how many there were.
    pub fn total(&self) -> u64 {
        self.completed() + self.errors
    }

    /// Adds what another counted.
    pub fn merge(&mut self, other: &Self) {
        add(&mut self.durations, &other.durations);
        self.duration_s += other.duration_s;
        self.errors += other.errors;
        self.confidence.merge(&other.confidence);
        add(&mut self.iterations, &other.iterations);
        self.iterations_sum += other.iterations_sum;
    }

    /// Returns the `q`-quantile of the durations, in seconds; `None` if there are none.
    pub fn duration_quantile(&self, q: f64) -> Option<Quantile> {
        quantile(&DURATION_EDGES_S, &self.durations, q)
    }

    /// Returns the `q`-quantile of the iterations; `None` if there are none.
    pub fn iteration_quantile(&self, q: f64) -> Option<Quantile> {
        quantile(&ITERATION_EDGES, &self.iterations, q)
    }

    /// Returns how many certainly took longer than `limit_s` seconds: those in buckets that lie
    /// above it whole.
    pub fn slower_than(&self, limit_s: f64) -> u64 {
        let lower_edges = std::iter::once(0.0).chain(DURATION_EDGES_S);
        let above = lower_edges
            .zip(&self.durations)
            .filter(|(edge, _)| *edge >= limit_s);
        above.map(|(_, count)| count).sum()
    }

    /// Returns about how many took longer than `limit_s` seconds.
    ///
    /// Exact at an edge. Within a bucket durations count as evenly spread, as in
    /// [`quantile`], and all of the last bucket counts as longer: how long those took is unknown.
    pub fn about_slower_than(&self, limit_s: f64) -> u64 {
        let lower_edges = std::iter::once(0.0).chain(DURATION_EDGES_S);
        let upper_edges = DURATION_EDGES_S.into_iter().map(Some).chain([None]);
        let buckets = lower_edges.zip(upper_edges).zip(&self.durations);
        let above = buckets.map(|((lower, upper), count)| {
            let share = upper.map_or(1.0, |upper| (upper - limit_s) / (upper - lower));
            *count as f64 * share.clamp(0.0, 1.0)
        });
        above.sum::<f64>().round() as u64
    }
}

/// Returns the bucket of a value: the first whose upper edge is not below it.
#[inline]
fn bucket<const EDGES: usize>(edges: &[f64; EDGES], value: f64) -> usize {
    edges.iter().map(|edge| usize::from(value > *edge)).sum()
}

fn add<const BUCKETS: usize>(into: &mut [u64; BUCKETS], from: &[u64; BUCKETS]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into += from;
    }
}
