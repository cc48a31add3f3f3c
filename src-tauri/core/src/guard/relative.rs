//! Whether exposed users fare worse than others at the same time.
//!
//! In a block of which it is known how many calculations are of exposed users and of others, and
//! how many are bad in all, the bad ones among the exposed have a hypergeometric distribution if
//! both arms are alike, and Fisher's non-central one if the odds of exposed users are `r` times
//! those of others. So nothing is assumed about how often calculations are bad, nor about the share
//! of users who are exposed: both may differ from block to block.

use super::log_spaced;
use super::products::Products;

/// Odds ratios that are bet on.
const RATIOS: usize = 14;
const RATIO_FIRST: f64 = 1.25;
const RATIO_LAST: f64 = 32.0;

/// All of them, and the tolerated one.
const LANES: usize = RATIOS + 1;

/// Calculations of a block by arm and outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Calculations of exposed users.
    pub exposed: u64,
    /// Bad ones among them.
    pub exposed_bad: u64,
    /// Calculations of others.
    pub control: u64,
    /// Bad ones among them.
    pub control_bad: u64,
}

/// Evidence that the odds of a bad calculation are larger for exposed users than tolerated.
#[derive(Debug, Clone)]
pub struct Relative {
    ln_ratios: [f64; RATIOS],
    /// The tolerated odds ratio, and it times each that is bet on.
    odds: [f64; LANES],
    /// Over all blocks, for each ratio.
    products: Products<RATIOS>,
}

impl Relative {
    /// Begins without evidence. `tolerated` is an odds ratio, at least 1.0.
    pub fn new(tolerated: f64, renews: bool) -> Self {
        let ratios = log_spaced::<RATIOS>(RATIO_FIRST, RATIO_LAST);
        let mut odds = [tolerated; LANES];
        for (odds, ratio) in odds[1..].iter_mut().zip(ratios) {
            *odds *= ratio;
        }
        Self {
            ln_ratios: ratios.map(f64::ln),
            odds,
            products: Products::new(renews),
        }
    }

    /// Adds a block.
    pub fn add(&mut self, table: &Table) {
        let Table {
            exposed,
            exposed_bad,
            control,
            control_bad,
        } = *table;
        self.products.begin_block();
        let bad = exposed_bad + control_bad;
        let is_one_sided = exposed == 0 || control == 0;
        if is_one_sided || bad == 0 || bad == exposed + control {
            // There is one way to share them out: it says nothing.
            return;
        }
        let [tolerated, bets @ ..] = ln_moments(exposed, control, bad, &self.odds);
        let factors = self.ln_ratios.iter().zip(bets);
        let factors =
            factors.map(|(ln_ratio, bet)| exposed_bad as f64 * ln_ratio + tolerated - bet);
        self.products.multiply(factors);
    }

    /// Returns ln of the evidence: the mean over all ratios.
    pub fn ln(&self) -> f64 {
        self.products.ln()
    }
}

/// Returns `ln Σ_k w(k) x^k` for each `x`, up to a constant that is the same for all, where `w(k)`
/// is in proportion to the hypergeometric probability of `k` bad calculations among the exposed.
///
/// Takes time in proportion to the fewer of exposed and bad calculations.
fn ln_moments<const N: usize>(exposed: u64, control: u64, bad: u64, xs: &[f64; N]) -> [f64; N] {
    let first = bad.saturating_sub(control);
    let last = bad.min(exposed);
    // x^first is left out of the sums, and added in the end.
    let mut sums = Sums::new(xs);
    let mut k = first;
    while k < last && !sums.are_complete() {
        let end = last.min(k + STEPS);
        for k in k..end {
            // From C(exposed, k) C(control, bad - k) to the next: exact, because all are counts.
            let up = (exposed - k) as f64 * (bad - k) as f64;
            let down = (k + 1) as f64 * (control + k + 1 - bad) as f64;
            sums.step(up / down);
        }
        sums.scale();
        k = end;
    }
    sums.ln(first)
}

/// Terms between two looks at how large they are.
const STEPS: u64 = 4;

/// Beyond this, terms are scaled: so many more factors of at most exposed × bad × odds do not
/// overflow, up to ten million calculations.
const LARGE: f64 = 1e200;

/// Sums of terms that rise and then fall, for each `x`.
struct Sums<'a, const N: usize> {
    xs: &'a [f64; N],
    terms: [f64; N],
    sums: [f64; N],
    /// ln of what the sums were divided by.
    ln_scales: [f64; N],
    /// The last step.
    step: f64,
}

impl<'a, const N: usize> Sums<'a, N> {
    fn new(xs: &'a [f64; N]) -> Self {
        Self {
            xs,
            terms: [1.0; N],
            sums: [1.0; N],
            ln_scales: [0.0; N],
            step: f64::INFINITY,
        }
    }

    fn step(&mut self, step: f64) {
        let terms = self.terms.iter_mut().zip(&mut self.sums);
        for ((term, sum), x) in terms.zip(self.xs) {
            *term *= step * x;
            *sum += *term;
        }
        self.step = step;
    }

    /// Returns whether what is left is less than a rounding error: the terms fall by half or more
    /// with each step, because steps become smaller.
    fn are_complete(&self) -> bool {
        let mut lanes = self.terms.iter().zip(&self.sums).zip(self.xs);
        lanes.all(|((term, sum), x)| self.step * x < 0.5 && *term < sum * 1e-17)
    }

    fn scale(&mut self) {
        let lanes = self.terms.iter_mut().zip(&mut self.sums);
        for ((term, sum), ln_scale) in lanes.zip(&mut self.ln_scales) {
            if *term > LARGE {
                *term /= LARGE;
                *sum /= LARGE;
                *ln_scale += LARGE.ln();
            }
        }
    }

    fn ln(&self, first: u64) -> [f64; N] {
        std::array::from_fn(|at| {
            self.sums[at].ln() + self.ln_scales[at] + first as f64 * self.xs[at].ln()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(n: u64, k: u64) -> f64 {
        (0..k).map(|at| (n - at) as f64 / (k - at) as f64).product()
    }

    #[test]
    fn moments_are_those_of_the_definition() {
        let xs = [1.0, 1.25, 4.0, 32.0];
        for (exposed, control, bad) in [(5, 45, 3), (45, 5, 12), (10, 10, 20), (7, 3, 9), (1, 1, 1)]
        {
            let first = bad_first(control, bad);
            let weights = (first..=bad.min(exposed))
                .map(|k| (k, choose(exposed, k) * choose(control, bad - k)));
            let weights: Vec<(u64, f64)> = weights.collect();
            let base = weights[0].1;
            for (x, ln) in xs.iter().zip(ln_moments(exposed, control, bad, &xs)) {
                let sum: f64 = weights
                    .iter()
                    .map(|(k, weight)| weight / base * x.powf(*k as f64))
                    .sum();
                assert!(
                    (sum.ln() - ln).abs() < 1e-12,
                    "{exposed} {control} {bad} {x}"
                );
            }
        }
    }

    fn bad_first(control: u64, bad: u64) -> u64 {
        bad.saturating_sub(control)
    }

    #[test]
    fn large_blocks_neither_overflow_nor_lose_terms() {
        let odds = [1.0, 1.0 + 1e-9, 32.0];
        let [even, near, far] = ln_moments(400_000, 600_000, 300_000, &odds);
        assert!(even.is_finite() && far.is_finite() && far > even);
        // The derivative of ln M at 1 is the mean: bad × exposed / all.
        let mean = (near - even) / 1e-9;
        assert!((mean / 120_000.0 - 1.0).abs() < 1e-3, "{mean}");
    }
}
