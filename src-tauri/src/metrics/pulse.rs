//! What the dashboard shows of the last minutes.

use flagdeck_core::measure::{DURATION_EDGES_S, Tally};

use super::charts::on_the_wire;
use super::collector::{Collected, RATE_OVER_S, Recent};
use super::tiers::{SECONDS_IN_MEMORY_S, step_of};
use crate::metrics::shapes;

/// Seconds of one column of the small charts: 45 of them make up the span, and each has whole
/// ticks, because only ticks survive a restart.
const COLUMN_S: u32 = 20;

/// The prefix of the names of sources with synthetic reports.
const SYNTHETIC: &str = "synthetic-";

/// Returns the pulse at `now_ms`. Verdicts, marks, push, trouble and refusals are for the caller to
/// fill in.
pub(super) fn take(state: &Collected, now_ms: i64, limits: shapes::Limits) -> shapes::Pulse {
    let now_s = now_ms / 1000;
    let since_s = now_s - SECONDS_IN_MEMORY_S;
    let mut all = Tally::default();
    let mut columns = Columns::until(now_s);
    let is_within = |recent: &&Recent| (since_s..=now_s).contains(&recent.at_s);
    for recent in state.recent.iter().filter(is_within) {
        all.merge(&recent.tally);
        columns.add(recent.at_s, &recent.tally);
    }
    let seconds = |q| all.duration_quantile(q).map(on_the_wire);
    shapes::Pulse {
        version: state.version,
        at_ms: now_ms,
        trouble: None,
        span_s: SECONDS_IN_MEMORY_S as u32,
        sources: sources(state),
        calculations: all.completed(),
        per_second: rate(state, now_s),
        errors: shapes::Share::of(all.errors, all.total()),
        slow: shapes::Share::of(all.slower_than(limits.calculation_s), all.completed()),
        p50_s: seconds(0.50),
        p95_s: seconds(0.95),
        p99_s: seconds(0.99),
        confidence: all.confidence.mean(),
        edges_s: DURATION_EDGES_S.into(),
        verdict: shapes::Verdict::default(),
        components: Vec::new(),
        components_total: 0,
        columns: columns.finish(now_s),
        column_s: COLUMN_S,
        marks: Vec::new(),
        memory: shapes::MemoryUse {
            host_bytes: host_memory(state, now_ms),
            own_bytes: state.own_memory,
            standing: shapes::MemoryStanding::Unknown,
        },
        limits,
        push: None,
        events_accepted: state.accepted,
        events_rejected: 0,
        batches_turned_away: 0,
        labels_overflowed: 0,
    }
}

/// Calculations a second over the last [`RATE_OVER_S`] seconds that are over.
fn rate(state: &Collected, now_s: i64) -> f64 {
    let since_s = now_s - RATE_OVER_S;
    let totals = state.recent.iter().rev().map(|recent| {
        let ends_s = recent.at_s + i64::from(recent.length_s);
        let within_s = (ends_s.min(now_s) - recent.at_s.max(since_s)).max(0);
        recent.tally.total() as f64 * within_s as f64 / f64::from(recent.length_s)
    });
    // Older ones are out of range. The sum of none is -0.0, which would be shown as that.
    let total = 0.0 + totals.take(2 * RATE_OVER_S as usize).sum::<f64>();
    total / RATE_OVER_S as f64
}

fn sources(state: &Collected) -> Vec<shapes::ReportingSource> {
    let sources = state.sources.iter().map(|(name, at_ms)| {
        let memory = state.memory.get(name);
        shapes::ReportingSource {
            name: name.to_string(),
            is_synthetic: name.starts_with(SYNTHETIC),
            at_ms: *at_ms,
            memory_bytes: memory.map(|memory| memory.bytes),
        }
    });
    let mut sources: Vec<_> = sources.collect();
    sources.sort_by(|a, b| b.at_ms.cmp(&a.at_ms).then_with(|| a.name.cmp(&b.name)));
    sources
}

/// The memory of the source that uses the most, of those that reported recently, in bytes.
pub(super) fn host_memory(state: &Collected, now_ms: i64) -> Option<f64> {
    let since_ms = now_ms - SECONDS_IN_MEMORY_S * 1000;
    let latest = state.memory.values();
    let recent = latest.filter(|memory| memory.at_ms >= since_ms);
    recent.map(|memory| memory.bytes).max_by(f64::total_cmp)
}

/// The span in equal columns, which stand still while time passes.
struct Columns {
    from_s: i64,
    tallies: Vec<Tally>,
}

impl Columns {
    fn until(now_s: i64) -> Self {
        let count = SECONDS_IN_MEMORY_S / i64::from(COLUMN_S);
        let last_s = step_of(now_s, COLUMN_S);
        Self {
            from_s: last_s - (count - 1) * i64::from(COLUMN_S),
            tallies: vec![Tally::default(); count as usize],
        }
    }

    fn add(&mut self, at_s: i64, tally: &Tally) {
        let at = (at_s - self.from_s).div_euclid(i64::from(COLUMN_S));
        let column = usize::try_from(at).ok();
        if let Some(column) = column.and_then(|at| self.tallies.get_mut(at)) {
            column.merge(tally);
        }
    }

    fn finish(self, now_s: i64) -> Vec<shapes::PulseColumn> {
        let columns = self.tallies.iter().zip(0_i64..).map(|(tally, at)| {
            let begins_s = self.from_s + at * i64::from(COLUMN_S);
            let length_s = (now_s - begins_s).clamp(1, i64::from(COLUMN_S));
            shapes::PulseColumn {
                at_ms: begins_s * 1000,
                per_second: tally.total() as f64 / length_s as f64,
                durations: tally.durations.into(),
                errors: tally.errors,
            }
        });
        columns.collect()
    }
}
