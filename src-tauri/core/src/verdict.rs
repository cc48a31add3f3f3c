//! Whether the calculations of a component are within their limits, each arm separately.
//!
//! Exposed and control are never added up: a small rollout that fails often would disappear among
//! those who do not have it. Knows nothing of time: the caller decides which time was counted.

mod words;

pub use self::words::overall;

use serde::Serialize;

use crate::limits::{SLOW_SHARE_MAX, VERDICT_CALCULATIONS_MIN};
use crate::measure::{Arm, DURATION_EDGES_S, Tally};
use crate::statistics::{DifferenceInterval, ShareInterval, difference_interval, share_interval};

/// The share of a limit at or below which a value that was over it counts as within again.
///
/// A value that sits on its limit moves by a few per cent from second to second: a tenth is more
/// than that, and little enough that a recovery shows soon.
const RELEASE: f64 = 0.9;

/// How much a weight must move, as a share of what it was, before the order follows it.
///
/// Shares of a few hundred calculations differ by less from second to second, so components that
/// fail about equally often do not change places while a person reads which is the worst.
const STEADY: f64 = 0.25;

/// Returns whether a value is over its limit, given whether it was before.
///
/// A value is over if it is more than `limit`; once over, it is within again at 90 % of the limit
/// or less. So a value that moves around its limit changes the answer once, not with every reading.
pub fn is_over(value: f64, limit: f64, was_over: bool) -> bool {
    value > limit || (was_over && value > RELEASE * limit)
}

/// What the settings call too much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The share of failed calculations, 0.0 to 1.0.
    pub error_share: f64,
    /// The response time, in seconds, that at most [`SLOW_SHARE_MAX`] of calculations may exceed.
    pub response_s: f64,
    /// The time one calculation may take, in seconds, that at most as many may exceed. Beyond it
    /// is a warning only.
    pub calculation_s: f64,
}

/// What an arm is judged by, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Calculations that failed, against the error share.
    Errors,
    /// Calculations that took longer than the response time.
    Late,
    /// Calculations that took longer than one calculation may take.
    Slow,
}

/// How a share compares with its limit, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// There are too few calculations to say.
    TooFew,
    /// It is within its limit.
    Within,
    /// It is above its limit, but its interval reaches below, or the limit is a mild one.
    Above,
    /// Its whole interval is above its limit.
    Beyond,
}

impl Standing {
    /// Returns whether it is over its limit, certainly or not.
    pub fn is_over(self) -> bool {
        self >= Self::Above
    }

    /// Judges a share, given how it stood before.
    fn of(share: ShareInterval, limit: f64, before: Self) -> Self {
        if is_over(share.low, limit, before == Self::Beyond) {
            Self::Beyond
        } else if is_over(share.share, limit, before.is_over()) {
            Self::Above
        } else {
            Self::Within
        }
    }
}

/// How an arm stands by each criterion, in the order of [`Criterion`].
pub type Standings = [Standing; 3];

/// Before anything was judged.
pub const UNJUDGED: Standings = [Standing::TooFew; 3];

/// The verdict on one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmVerdict {
    /// The arm.
    pub arm: Arm,
    /// Its calculations, failed ones included.
    pub total: u64,
    /// Those that ended well.
    pub completed: u64,
    /// Those that failed.
    pub failed: u64,
    /// The share that failed; `None` if there are none.
    pub errors: Option<ShareInterval>,
    /// How it stands by each criterion.
    pub standings: Standings,
    /// How it stands by the worst of them.
    pub standing: Standing,
    /// Which that is; `None` unless it is over.
    pub criterion: Option<Criterion>,
    shares: [Option<ShareInterval>; 3],
}

/// From when on a component is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Since this revision, the latest that changed who sees it.
    Revision(u64),
    /// Over the last minutes, in which nothing changed who sees it.
    Minutes(u32),
}

/// A component, judged arm by arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentVerdict {
    /// Its path; empty for calculations that named none.
    pub component: String,
    /// Its arms that calculated: exposed, control, then unknown.
    pub arms: Vec<ArmVerdict>,
    /// How much more often exposed fails than control; `None` unless both have enough data.
    pub difference: Option<DifferenceInterval>,
    /// From when on it is judged.
    pub since: Since,
    /// How far over the limit its worst arm is, as a multiple of that, for the order among those
    /// that stand alike; 0.0 if it is not over.
    pub weight: f64,
    limits: Limits,
}

impl Limits {
    fn limit(&self, criterion: Criterion) -> f64 {
        match criterion {
            Criterion::Errors => self.error_share,
            Criterion::Late | Criterion::Slow => SLOW_SHARE_MAX,
        }
    }

    /// Returns the duration that calculations are compared with. Durations beyond the last edge
    /// are not told apart, so a longer limit is looked at there.
    fn duration_s(&self, criterion: Criterion) -> f64 {
        let limit_s = match criterion {
            Criterion::Slow => self.calculation_s,
            Criterion::Errors | Criterion::Late => self.response_s,
        };
        limit_s.min(DURATION_EDGES_S[DURATION_EDGES_S.len() - 1])
    }

    /// Returns whether more than a warning can be given: the limit is not a mild one, and
    /// calculations are known to exceed it.
    fn is_strict(&self, criterion: Criterion) -> bool {
        match criterion {
            Criterion::Errors => true,
            Criterion::Late => self.duration_s(criterion) >= self.response_s,
            Criterion::Slow => false,
        }
    }
}

impl Criterion {
    /// Every criterion, the worst first.
    pub const ALL: [Self; 3] = [Self::Errors, Self::Late, Self::Slow];

    fn share(self, tally: &Tally, limits: &Limits) -> Option<ShareInterval> {
        match self {
            Self::Errors => share_interval(tally.errors, tally.total()),
            Self::Late | Self::Slow => {
                let slower = tally.about_slower_than(limits.duration_s(self));
                share_interval(slower, tally.completed())
            }
        }
    }

    fn judge(self, share: Option<ShareInterval>, limits: &Limits, before: Standing) -> Standing {
        let Some(share) = share else {
            return Standing::Within;
        };
        let standing = Standing::of(share, limits.limit(self), before);
        match limits.is_strict(self) {
            true => standing,
            false => standing.min(Standing::Above),
        }
    }
}

impl ArmVerdict {
    /// Judges what was counted of an arm, given how it stood before.
    ///
    /// Below [`VERDICT_CALCULATIONS_MIN`] calculations it is [`Standing::TooFew`].
    pub fn of(arm: Arm, tally: &Tally, limits: &Limits, before: Standings) -> Self {
        let shares = Criterion::ALL.map(|criterion| criterion.share(tally, limits));
        let standings = match tally.total() < VERDICT_CALCULATIONS_MIN {
            true => UNJUDGED,
            false => {
                std::array::from_fn(|at| Criterion::ALL[at].judge(shares[at], limits, before[at]))
            }
        };
        // The first of the worst: criteria are in the order of their weight.
        let (standing, at) = worst(standings);
        Self {
            arm,
            total: tally.total(),
            completed: tally.completed(),
            failed: tally.errors,
            errors: shares[0],
            standings,
            standing,
            criterion: standing.is_over().then(|| Criterion::ALL[at]),
            shares,
        }
    }

    /// Returns how far it is over its limit, as a multiple of that; 0.0 if it is not over.
    fn excess(&self, limits: &Limits) -> f64 {
        let Some(criterion) = self.criterion else {
            return 0.0;
        };
        let share = self.share(criterion).map_or(0.0, |share| share.share);
        share / limits.limit(criterion).max(f64::MIN_POSITIVE)
    }

    fn share(&self, criterion: Criterion) -> Option<ShareInterval> {
        self.shares[criterion as usize]
    }
}

fn worst(standings: Standings) -> (Standing, usize) {
    let mut worst = (standings[0], 0);
    for (at, standing) in standings.into_iter().enumerate().skip(1) {
        if standing > worst.0 {
            worst = (standing, at);
        }
    }
    worst
}

impl ComponentVerdict {
    /// Judges a component by what was counted of each arm, given how each stood before.
    pub fn of(
        component: &str,
        since: Since,
        tallies: &[(Arm, Tally)],
        limits: &Limits,
        before: impl Fn(Arm) -> Standings,
    ) -> Self {
        let judge = |wanted: Arm| {
            let counted = tallies.iter().find(|(arm, _)| *arm == wanted);
            let counted = counted.filter(|(_, tally)| tally.total() > 0);
            counted.map(|(arm, tally)| ArmVerdict::of(*arm, tally, limits, before(*arm)))
        };
        let arms = [Arm::Exposed, Arm::Control, Arm::Unknown].into_iter();
        let mut verdict = Self {
            component: component.to_owned(),
            arms: arms.filter_map(judge).collect(),
            difference: None,
            since,
            weight: 0.0,
            limits: *limits,
        };
        verdict.difference = verdict.compare();
        verdict.weight = verdict.worst().map_or(0.0, |arm| arm.excess(limits));
        verdict
    }

    /// Keeps the weight it had before unless it moved by more than a quarter of that.
    pub fn steadied(mut self, before: Option<f64>) -> Self {
        let moved = |before: f64| (self.weight - before).abs() > STEADY * before;
        if let Some(before) = before
            && !moved(before)
        {
            self.weight = before;
        }
        self
    }

    fn compare(&self) -> Option<DifferenceInterval> {
        let errors = |arm| {
            let judged = self.arm(arm)?;
            judged.errors.filter(|_| judged.standing > Standing::TooFew)
        };
        let (exposed, control) = (errors(Arm::Exposed)?, errors(Arm::Control)?);
        Some(difference_interval(exposed, control))
    }

    /// Returns an arm; `None` if it did not calculate.
    pub fn arm(&self, arm: Arm) -> Option<&ArmVerdict> {
        self.arms.iter().find(|judged| judged.arm == arm)
    }

    /// Returns the arm that stands worst; of equal ones the exposed.
    pub fn worst(&self) -> Option<&ArmVerdict> {
        let rank = |judged: &&ArmVerdict| judged.standing;
        self.arms.iter().rev().max_by_key(rank)
    }

    /// Returns how the worst arm stands.
    pub fn standing(&self) -> Standing {
        self.worst().map_or(Standing::TooFew, |arm| arm.standing)
    }

    /// Returns whether the component does harm: it is over a limit for users who have it, and not
    /// known to be as bad for those who do not.
    pub fn is_harmful(&self) -> bool {
        let Some(criterion) = self.arm(Arm::Exposed).and_then(|arm| arm.criterion) else {
            return false;
        };
        let share = |arm| {
            let judged = self.arm(arm)?;
            judged
                .share(criterion)
                .filter(|_| judged.standing > Standing::TooFew)
        };
        match (share(Arm::Exposed), share(Arm::Control)) {
            (Some(exposed), Some(control)) => difference_interval(exposed, control).low > 0.0,
            _ => true,
        }
    }

    /// Orders verdicts, the worst first: certain before likely, harmful before other, then by how
    /// far over the limit.
    pub fn sort(verdicts: &mut [Self]) {
        verdicts.sort_by(|a, b| {
            let rank = |it: &Self| (it.standing(), it.is_harmful());
            let by_name = || a.component.cmp(&b.component);
            let by_weight = || b.weight.total_cmp(&a.weight);
            rank(b)
                .cmp(&rank(a))
                .then_with(by_weight)
                .then_with(by_name)
        });
    }
}
