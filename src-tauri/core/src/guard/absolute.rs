//! Whether exposed users fail more often than a limit. Needs no control arm, so it also works at
//! 100 %.

use super::log_spaced;
use super::products::Products;
use crate::limits::GUARD_LIMIT_MAX;

/// Shares that are bet on.
const SHARES: usize = 20;

/// The least of them, as a multiple of the limit, and the largest.
const SHARE_FIRST: f64 = 1.4;
const SHARE_LAST: f64 = 0.95;

/// Evidence that a calculation of an exposed user is bad with a probability above a limit: the
/// likelihood of each of 20 larger probabilities against that of the limit, and their mean.
#[derive(Debug, Clone)]
pub struct Absolute {
    /// For each share, ln of how much a bad calculation speaks for it, and a good one.
    lns: [(f64, f64); SHARES],
    products: Products<SHARES>,
}

impl Absolute {
    /// Begins without evidence.
    ///
    /// # Panics
    /// If `limit` is not above 0.0 and at most [`GUARD_LIMIT_MAX`].
    pub fn new(limit: f64, renews: bool) -> Self {
        assert!(
            limit > 0.0 && limit <= GUARD_LIMIT_MAX,
            "the limit is {limit}"
        );
        let shares = log_spaced::<SHARES>(SHARE_FIRST * limit, SHARE_LAST);
        Self {
            lns: shares.map(|share| {
                let good = (1.0 - share) / (1.0 - limit);
                ((share / limit).ln(), good.ln())
            }),
            products: Products::new(renews),
        }
    }

    /// Adds the calculations of a block, `bad` of which are bad.
    pub fn add(&mut self, calculations: u64, bad: u64) {
        self.products.begin_block();
        let bad = bad.min(calculations);
        let (bad, good) = (bad as f64, (calculations - bad) as f64);
        let factors = self.lns.iter();
        self.products
            .multiply(factors.map(|(of_bad, of_good)| bad * of_bad + good * of_good));
    }

    /// Returns ln of the evidence.
    pub fn ln(&self) -> f64 {
        self.products.ln()
    }
}
