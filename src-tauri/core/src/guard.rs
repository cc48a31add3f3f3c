//! Blocks of calculations → whether to roll a rollout back, with the evidence.
//!
//! What applications report of a rollout is cut into blocks by a rule that does not look at
//! outcomes. Each block is added to the evidence of each test, and the evidence is looked at after
//! every block. That is allowed: each test multiplies a bet against "this rollout does no harm",
//! whose expected value is at most 1 if that is true. By Ville's inequality such a product reaches
//! `1 / alpha` with a probability of at most `alpha`, however often it is looked at. A threshold on
//! a share has no such bound: looked at every ten seconds, it stops most healthy rollouts in an
//! hour.
//!
//! | module | test |
//! |---|---|
//! | [`relative`] | exposed users fail more often, or wait longer, than others at the same time |
//! | [`absolute`] | exposed users fail more often than a limit, whatever others do |
//! | [`memory`] | the application uses too much memory |
//! | [`ratio`] | more or fewer users are exposed than the rollout says: the comparison is not fair |
//! | [`strict`] | the bare thresholds of the founding specification, for those who want them |
//! | [`interval`] | no test: by how much more often exposed users fail, for people to look at |
//!
//! Knows no time and reads nothing: the same blocks give the same verdicts, so that a decision can
//! be replayed from what was stored.

pub mod absolute;
pub mod interval;
pub mod memory;
mod products;
pub mod ratio;
pub mod relative;
pub mod simulate;
pub mod strict;

use serde::{Deserialize, Serialize};

use self::absolute::Absolute;
use self::memory::{Memory, MemoryRule, Strain};
use self::ratio::Ratio;
use self::relative::{Relative, Table};
use crate::limits::GUARD_RATIO_ALPHA;

/// What was counted of one arm in a block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calculations.
    pub calculations: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that took longer than the response time.
    pub late: u64,
    /// Those that took longer than each edge of a histogram, in the order of the edges; empty if
    /// durations are not known.
    pub slow: Vec<u64>,
}

/// What was counted between two looks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Block {
    /// Of users who are exposed.
    pub exposed: Counts,
    /// Of others at the same time.
    pub control: Counts,
    /// Memory that the application used at the end of the block, in bytes, if it was reported.
    pub memory_bytes: Option<u64>,
    /// Users who were seen, if the share of users that the rollout exposes is known.
    pub users: Option<Users>,
    /// Whether the rollout was widened since memory was last within its limit.
    pub is_widened: bool,
}

/// Users in a block, each counted once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Users {
    /// Exposed ones.
    pub exposed: u64,
    /// The others.
    pub control: u64,
    /// The share of users who should be exposed, between 0.0 and 1.0.
    pub share: f64,
}

/// What a rollout is held to.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The probability with which each test may roll a healthy rollout back, over the whole of it:
    /// between 0.0 and 1.0.
    pub alpha: f64,
    /// The odds ratio between exposed and control that is tolerated, at least 1.0: at 1.5, failing
    /// half as often again is no harm.
    pub tolerated_ratio: f64,
    /// The share of failed calculations that is tolerated of exposed users; `None` for no limit.
    pub error_limit: Option<f64>,
    /// The share of late calculations that is tolerated of exposed users; `None` for no limit.
    pub late_limit: Option<f64>,
    /// When memory is too much; `None` for no limit.
    pub memory: Option<MemoryRule>,
    /// Exposed calculations after which the rollout may advance; `None` for never.
    pub least_exposed: Option<u64>,
    /// Whether bets are renewed, for rollouts that are watched for days: harm that begins late is
    /// then seen about as soon as harm that begins at once.
    pub renews: bool,
}

/// Splits the probability with which a healthy rollout may be rolled back evenly among its tests.
///
/// The probability that any of them does is at most the sum (Bonferroni), however they depend on
/// each other.
pub fn split_alpha(total: f64, tests: usize) -> f64 {
    total / tests.max(1) as f64
}

/// Natural logarithms of the evidence of each test, all 0 before the first block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename_all = "camelCase")
)]
pub struct Evidence {
    /// That exposed users fail more often than others.
    pub ln_relative: f64,
    /// That exposed users wait longer than others; `None` without durations.
    pub ln_latency: Option<f64>,
    /// That exposed users fail more often than the limit; `None` without a limit.
    pub ln_absolute: Option<f64>,
    /// That exposed users wait longer than the response time more often than the limit; `None`
    /// without a limit.
    pub ln_late: Option<f64>,
    /// That more or fewer users are exposed than should be; `None` if the share is not known.
    pub ln_ratio: Option<f64>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename = "GuardAction", rename_all = "camelCase")
)]
pub enum Action {
    /// The rollout harms: it is taken back.
    RollBack,
    /// The rollout stays where it is until a person has looked at it.
    Hold,
    /// Enough was seen without harm.
    Advance,
}

/// What led to a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Test {
    /// Failures of exposed users, compared with others.
    Relative,
    /// Durations of exposed users, compared with others.
    Latency,
    /// Failures or late answers of exposed users, against a limit.
    Absolute,
    /// Memory.
    Memory,
    /// The share of users who are exposed.
    Ratio,
}

/// A verdict, and the test that led to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What is to be done.
    pub action: Action,
    /// The test; `None` if the rollout may advance, which all of them allow.
    pub test: Option<Test>,
}

/// The evidence on one attempt of a rollout. Pauses and ramp steps do not reset it; each new attempt
/// needs a new guard.
#[derive(Debug, Clone)]
pub struct Guard {
    rules: Rules,
    failures: Relative,
    /// One for each edge that there are counts of.
    durations: Vec<Relative>,
    absolute: Option<Absolute>,
    late: Option<Absolute>,
    memory: Option<Memory>,
    ratio: Ratio,
    knows_share: bool,
    exposed: u64,
}

impl Guard {
    /// Begins an attempt.
    ///
    /// # Panics
    /// If a limit is not one that [`Absolute::new`] takes.
    pub fn new(rules: Rules) -> Self {
        let absolute = |limit| Absolute::new(limit, rules.renews);
        Self {
            failures: Relative::new(rules.tolerated_ratio, rules.renews),
            durations: Vec::new(),
            absolute: rules.error_limit.map(absolute),
            late: rules.late_limit.map(absolute),
            memory: rules.memory.map(Memory::new),
            ratio: Ratio::new(),
            knows_share: false,
            exposed: 0,
            rules,
        }
    }

    /// Adds a block, and returns what is to be done after it; `None` to go on as before.
    pub fn add(&mut self, block: &Block) -> Option<Verdict> {
        let (exposed, control) = (&block.exposed, &block.control);
        self.exposed += exposed.calculations;
        self.failures
            .add(&table(exposed, control, exposed.failed, control.failed));
        self.add_durations(block);
        for (test, bad) in [
            (&mut self.absolute, exposed.failed),
            (&mut self.late, exposed.late),
        ] {
            if let Some(test) = test {
                test.add(exposed.calculations, bad);
            }
        }
        if let Some(users) = &block.users {
            self.ratio.add(users);
            self.knows_share = true;
        }
        let strain = self.memory.as_mut().zip(block.memory_bytes);
        let strain = strain.map(|(memory, bytes)| memory.add(bytes, block.is_widened));
        self.verdict(strain.unwrap_or(Strain::None))
    }

    /// Returns the evidence so far.
    pub fn evidence(&self) -> Evidence {
        Evidence {
            ln_relative: self.failures.ln(),
            ln_latency: (!self.durations.is_empty()).then(|| self.ln_latency()),
            ln_absolute: self.absolute.as_ref().map(Absolute::ln),
            ln_late: self.late.as_ref().map(Absolute::ln),
            ln_ratio: self.knows_share.then(|| self.ratio.ln()),
        }
    }

    /// Returns the place of the edge at which durations differ with the most evidence; `None` without
    /// durations.
    pub fn slowest_edge(&self) -> Option<usize> {
        let lns = self.durations.iter().map(Relative::ln).enumerate();
        lns.max_by(|(_, one), (_, other)| one.total_cmp(other))
            .map(|(at, _)| at)
    }

    /// Returns the exposed calculations so far.
    pub fn exposed(&self) -> u64 {
        self.exposed
    }

    fn add_durations(&mut self, block: &Block) {
        let (exposed, control) = (&block.exposed, &block.control);
        let edges = exposed.slow.iter().zip(&control.slow);
        for (at, (exposed_slow, control_slow)) in edges.enumerate() {
            if at == self.durations.len() {
                let test = Relative::new(self.rules.tolerated_ratio, self.rules.renews);
                self.durations.push(test);
            }
            self.durations[at].add(&table(exposed, control, *exposed_slow, *control_slow));
        }
    }

    /// The mean of the evidence of all edges, which is evidence whatever they have to do with each
    /// other.
    fn ln_latency(&self) -> f64 {
        ln_mean_exp(self.durations.iter().map(Relative::ln))
    }

    fn verdict(&self, strain: Strain) -> Option<Verdict> {
        let evidence = self.evidence();
        let is_enough = |ln: Option<f64>| ln.is_some_and(|ln| ln >= -self.rules.alpha.ln());
        let harms = [
            (is_enough(Some(evidence.ln_relative)), Test::Relative),
            (is_enough(evidence.ln_latency), Test::Latency),
            (is_enough(evidence.ln_absolute), Test::Absolute),
            (is_enough(evidence.ln_late), Test::Absolute),
            (strain == Strain::TooMuch, Test::Memory),
        ];
        let first = |tests: &[(bool, Test)]| tests.iter().find(|(fires, _)| *fires).map(|it| it.1);
        if let Some(test) = first(&harms) {
            return Some(Verdict::of(Action::RollBack, Some(test)));
        }
        let is_unfair = evidence
            .ln_ratio
            .is_some_and(|ln| ln >= -GUARD_RATIO_ALPHA.ln());
        let doubts = [
            (is_unfair, Test::Ratio),
            (strain == Strain::Growing, Test::Memory),
        ];
        if let Some(test) = first(&doubts) {
            return Some(Verdict::of(Action::Hold, Some(test)));
        }
        let is_seen = self
            .rules
            .least_exposed
            .is_some_and(|least| self.exposed >= least);
        is_seen.then(|| Verdict::of(Action::Advance, None))
    }
}

impl Verdict {
    fn of(action: Action, test: Option<Test>) -> Self {
        Self { action, test }
    }
}

fn table(exposed: &Counts, control: &Counts, exposed_bad: u64, control_bad: u64) -> Table {
    Table {
        exposed: exposed.calculations,
        exposed_bad,
        control: control.calculations,
        control_bad,
    }
}

/// Returns ln of the mean of `exp(ln)`, without overflow.
fn ln_mean_exp(lns: impl ExactSizeIterator<Item = f64> + Clone) -> f64 {
    let count = lns.len() as f64;
    let most = lns.clone().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = lns.map(|ln| (ln - most).exp()).sum();
    most + (sum / count).ln()
}

/// Returns ln of the sum of `exp(one)` and `exp(other)`, without overflow.
fn ln_add_exp(one: f64, other: f64) -> f64 {
    let (most, least) = if one > other {
        (one, other)
    } else {
        (other, one)
    };
    most + (least - most).exp().ln_1p()
}

/// Returns `count` numbers from `low` to `high`, evenly spread by their logarithms.
fn log_spaced<const COUNT: usize>(low: f64, high: f64) -> [f64; COUNT] {
    let step = (high / low).ln() / (COUNT - 1) as f64;
    std::array::from_fn(|at| low * (step * at as f64).exp())
}
