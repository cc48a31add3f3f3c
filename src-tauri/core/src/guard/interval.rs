//! By how much more often calculations of exposed users are bad than others, with an interval that
//! can be looked at after every calculation: the probability that it ever leaves the truth out is
//! about `alpha` at most, not only that of one look.
//!
//! The bounds are those of a normal mixture (Robbins 1970, "Statistical methods related to the law
//! of the iterated logarithm", Annals of Mathematical Statistics 41; Howard, Ramdas, McAuliffe and
//! Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of
//! Statistics 49). `v` is how much is known, the intrinsic time, and `s` a sum that has variance `v`
//! and no drift if nothing is the matter. `rho` says at which `v` a bound is the tightest.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// Where the interval of [`difference`] is the tightest: about where two arms of 3,000 calculations
/// each are, if one in twenty is bad. If it were sooner, few calculations would be trusted more than
/// an estimated variance allows.
const TUNED_AT: f64 = 30_000.0;

/// Halvings that find a bound: the last one is less than a rounding error.
const HALVINGS: usize = 60;

/// From here on, the share of the normal distribution below is 1 apart from rounding.
const FAR: f64 = 9.0;

/// How much larger one share is than another, with the interval that holds at every look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Interval {
    /// The share of bad calculations of exposed users minus that of others, -1.0 to 1.0.
    pub estimate: f64,
    /// The lower end, -1.0 to the estimate.
    pub low: f64,
    /// The upper end, the estimate to 1.0.
    pub high: f64,
}

/// Returns by how much more often calculations of exposed users are bad than others; `None` if an
/// arm has no calculations. More bad calculations than calculations count as all of them.
///
/// The probability that the interval ever leaves the truth out, over all looks, is about `alpha` at
/// most (0.0 to 1.0, both excluded). It is asymptotic, because the variance of both shares is
/// estimated; the estimate takes one bad and one good calculation more than there were in each arm,
/// so that an arm without a bad one is not taken for certain. While an arm has a few dozen bad
/// calculations only, the probability may be larger: in simulations of 5,000 calculations, one in ten
/// or twenty of which is exposed, up to 0.05 for an `alpha` of 0.05, and 0.024 for one of 0.01.
/// So this is for people to look at; what decides is exact.
///
/// The difference of the shares, divided by its variance, is a sum whose variance is 1 / variance:
/// that is `v`, and the interval reaches `bound(v)` × variance to each side.
///
/// # Panics
/// If `alpha` is out of range.
pub fn difference(
    exposed_bad: u64,
    exposed: u64,
    control_bad: u64,
    control: u64,
    alpha: f64,
) -> Option<Interval> {
    check(alpha);
    if exposed == 0 || control == 0 {
        return None;
    }
    let share = |bad: u64, all: u64| bad.min(all) as f64 / all as f64;
    let estimate = share(exposed_bad, exposed) - share(control_bad, control);
    let variance = variance(exposed_bad, exposed) + variance(control_bad, control);
    let v = 1.0 / variance;
    let reach = bound(v, best_rho(TUNED_AT, alpha), alpha) * variance;
    Some(Interval {
        estimate,
        low: (estimate - reach).max(-1.0),
        high: (estimate + reach).min(1.0),
    })
}

/// The variance of a share, estimated as if there had been one bad and one good calculation more.
fn variance(bad: u64, all: u64) -> f64 {
    let share = (bad.min(all) as f64 + 1.0) / (all as f64 + 2.0);
    share * (1.0 - share) / all as f64
}

/// Returns the `rho` with which [`bound`] is close to the tightest at `v_opt` (above 0.0), for
/// `alpha` of 0.0 to 1.0, both excluded.
///
/// Howard and others 2021, who approximate a function without a closed form.
///
/// # Panics
/// If `alpha` is out of range.
pub fn best_rho(v_opt: f64, alpha: f64) -> f64 {
    check(alpha);
    let doubled = -2.0 * alpha.ln();
    v_opt / (doubled + doubled.ln_1p())
}

/// Returns ln of the evidence that a sum `s` of variance `v` (at least 0.0) does not stray by chance,
/// in either direction: 0.0 if nothing is known. `rho` is above 0.0.
pub fn ln_mixture(s: f64, v: f64, rho: f64) -> f64 {
    0.5 * (rho / (v + rho)).ln() + s * s / (2.0 * (v + rho))
}

/// Returns how far a sum of variance `v` strays, in either direction: the probability that one
/// without a drift is ever further from 0 is at most `alpha`. It is where [`ln_mixture`] is
/// -ln `alpha`.
///
/// # Panics
/// If `alpha` is not between 0.0 and 1.0.
pub fn bound(v: f64, rho: f64, alpha: f64) -> f64 {
    check(alpha);
    ((v + rho) * ((v / rho).ln_1p() - 2.0 * alpha.ln())).sqrt()
}

/// The same as [`best_rho`] for [`bound_above`]: what leaves `alpha` out on one side leaves twice as
/// much out on both. `alpha` is below 0.5.
///
/// # Panics
/// If `alpha` is out of range.
pub fn best_rho_above(v_opt: f64, alpha: f64) -> f64 {
    best_rho(v_opt, 2.0 * alpha)
}

/// The same as [`bound`] for sums that matter only if they are too large, and lower: the mixture has
/// no weight on drifts below 0 (Howard and others 2021, one-sided normal mixture).
///
/// # Panics
/// If `alpha` is not between 0.0 and 1.0.
pub fn bound_above(v: f64, rho: f64, alpha: f64) -> f64 {
    // At 0, the evidence is below 1; at the bound in both directions, it is enough.
    let (mut low, mut high) = (0.0, bound(v, rho, alpha));
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        match ln_mixture_above(middle, v, rho) < -alpha.ln() {
            true => low = middle,
            false => high = middle,
        }
    }
    high
}

/// The same as [`ln_mixture`] for [`bound_above`]; `s` is at least 0.0.
fn ln_mixture_above(s: f64, v: f64, rho: f64) -> f64 {
    ln_mixture(s, v, rho) + (2.0 * normal_below(s / (v + rho).sqrt())).ln()
}

/// Returns how much of the normal distribution is below `x`, which is at least 0.0: 0.5 to 1.0.
///
/// A half, and the density times x + x³/3 + x⁵/(3 × 5) + … (Marsaglia 2004, "Evaluating the normal
/// distribution", Journal of Statistical Software 11).
fn normal_below(x: f64) -> f64 {
    if x >= FAR {
        return 1.0;
    }
    let (mut sum, mut term, mut divisor) = (0.0, x, 1.0);
    while sum + term > sum {
        sum += term;
        divisor += 2.0;
        term *= x * x / divisor;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * PI).sqrt()
}

fn check(alpha: f64) {
    assert!(alpha > 0.0 && alpha < 1.0, "alpha is {alpha}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{difference_interval, share_interval};

    const ALPHA: f64 = 0.05;

    #[track_caller]
    fn close(value: f64, published: f64) {
        assert!((value / published - 1.0).abs() < 4e-7, "{value}");
    }

    /// The values that the tests of the authors' own library, confseq, have from another one in R.
    #[test]
    fn bounds_are_the_published_ones() {
        let rho = best_rho(100.0, ALPHA);
        close(rho, 12.600_56);
        close(ln_mixture(10.0, 100.0, rho), -0.651_005_2);
        close(bound(100.0, rho, ALPHA), 30.352_09);
        let rho = best_rho_above(100.0, ALPHA);
        close(ln_mixture_above(10.0, 100.0, rho), -0.065_023_91);
        close(bound_above(100.0, rho, ALPHA), 27.660_71);
    }

    #[test]
    fn a_bound_is_where_the_evidence_is_enough() {
        for alpha in [0.5, 0.05, 1e-9] {
            for v in [0.0, 1.0, 1e4, 1e12] {
                let enough = -f64::ln(alpha);
                let both = ln_mixture(bound(v, 7.0, alpha), v, 7.0);
                assert!((both - enough).abs() < 1e-9, "{alpha} {v}: {both}");
                let above = ln_mixture_above(bound_above(v, 7.0, alpha), v, 7.0);
                assert!((above - enough).abs() < 1e-9, "{alpha} {v}: {above}");
            }
        }
    }

    #[test]
    fn the_normal_distribution_is_that_of_tables() {
        assert!((normal_below(0.0) - 0.5).abs() < 1e-15);
        assert!((normal_below(1.959_963_984_540_054) - 0.975).abs() < 1e-15);
        assert!((normal_below(5.0) - 0.999_999_713_348_428_1).abs() < 1e-15);
        for x in [8.99, FAR, 1e300] {
            assert!((normal_below(x) - 1.0).abs() < 1e-15);
        }
    }

    fn interval(counts: [u64; 4]) -> Interval {
        let [exposed_bad, exposed, control_bad, control] = counts;
        difference(exposed_bad, exposed, control_bad, control, ALPHA).expect("both arms are there")
    }

    #[test]
    fn an_interval_is_about_its_estimate_and_within_what_can_be() {
        let Interval {
            estimate,
            low,
            high,
        } = interval([100, 1000, 50, 1000]);
        assert!((estimate - 0.05).abs() < 1e-12);
        assert!((estimate - low - (high - estimate)).abs() < 1e-12);
        assert!(low > 0.0 && high < 0.1, "{low} {high}");
        for counts in [
            [0, 1, 0, 1],
            [1, 1, 0, 1],
            [0, 1, 5, 5],
            [9, 3, 0, u64::MAX],
        ] {
            let Interval {
                estimate,
                low,
                high,
            } = interval(counts);
            let is_ordered = -1.0 <= low && low <= estimate && estimate <= high && high <= 1.0;
            assert!(is_ordered, "{counts:?}: {low} {estimate} {high}");
        }
        assert_eq!(difference(0, 0, 1, 9, ALPHA), None);
        assert_eq!(difference(1, 9, 0, 0, ALPHA), None);
    }

    /// To be looked at often costs width, the least where the interval is tuned.
    #[test]
    fn an_interval_is_wider_than_that_of_one_look_the_least_where_it_is_tuned() {
        let once = |n: f64| 1.959_964 * (2.0 * 0.05 * 0.95 / n).sqrt();
        for (n, most) in [(100, 4.0), (3000, 1.6), (100_000, 2.1)] {
            let Interval { low, high, .. } = interval([n / 20, n, n / 20, n]);
            let ratio = (high - low) / 2.0 / once(n as f64);
            assert!((1.0..most).contains(&ratio), "{n}: {ratio}");
        }
    }

    /// Runs 300 rollouts of 5,000 calculations, looks at an interval every 50, and returns in how
    /// many it left the truth out at a look. `rates` are those of exposed users and of others.
    fn missed(share: f64, rates: [f64; 2], interval: impl Fn([u64; 4]) -> [f64; 2]) -> usize {
        let mut random = fastrand::Rng::with_seed(2021);
        let truth = rates[0] - rates[1];
        let mut misses = || {
            let mut counts = [0; 4];
            let mut is_missed = false;
            for at in 1..=5000 {
                let arm = usize::from(random.f64() >= share);
                counts[2 * arm] += u64::from(random.f64() < rates[arm]);
                counts[2 * arm + 1] += 1;
                if at % 50 == 0 && counts[1] > 0 && counts[3] > 0 {
                    let [low, high] = interval(counts);
                    is_missed |= !(low..=high).contains(&truth);
                }
            }
            is_missed
        };
        (0..300).filter(|_| misses()).count()
    }

    #[test]
    fn an_interval_that_is_looked_at_often_has_the_truth_at_every_look() {
        let ends = |counts| {
            let Interval { low, high, .. } = interval(counts);
            [low, high]
        };
        for (share, rates) in [
            (0.5, [0.02, 0.02]),
            (0.5, [0.3, 0.2]),
            (0.1, [0.05, 0.05]),
            (0.05, [0.01, 0.05]),
        ] {
            let count = missed(share, rates, ends);
            // 15 are alpha, and chance.
            assert!(count <= 22, "{share} {rates:?}: {count} of 300");
        }
    }

    /// What the test before says nothing without: an interval for one look does not pass it.
    #[test]
    fn an_interval_for_one_look_misses_the_truth_if_it_is_looked_at_often() {
        let once = |[exposed_bad, exposed, control_bad, control]: [u64; 4]| {
            let share = |bad, all| share_interval(bad, all).expect("an arm is there");
            let interval =
                difference_interval(share(exposed_bad, exposed), share(control_bad, control));
            [interval.low, interval.high]
        };
        assert!(missed(0.5, [0.3, 0.2], once) > 60);
    }
}
