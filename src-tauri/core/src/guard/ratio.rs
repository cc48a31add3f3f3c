//! Whether as many users are exposed as the rollout says (sample-ratio mismatch). If not, users are
//! lost on one side, and whatever is compared is not fair: the rollout holds.

use super::{Users, ln_mean_exp};

/// By how much the odds of being exposed may be off, in either direction.
const ODDS: [f64; 6] = [1.1, 1.2, 1.5, 2.0, 4.0, 16.0];

/// Evidence that a user is exposed with another probability than the share of the rollout: the
/// likelihood of odds that are off against that of the share, and their mean. The share may change.
#[derive(Debug, Clone)]
pub struct Ratio {
    /// ln of the product over all blocks, for larger and smaller odds.
    ln_products: [f64; 2 * ODDS.len()],
}

impl Ratio {
    /// Begins without evidence.
    pub fn new() -> Self {
        Self {
            ln_products: [0.0; 2 * ODDS.len()],
        }
    }

    /// Adds the users of a block. A share of 0.0 or 1.0 says nothing.
    pub fn add(&mut self, users: &Users) {
        let share = users.share;
        if share <= 0.0 || share >= 1.0 {
            return;
        }
        let (exposed, control) = (users.exposed as f64, users.control as f64);
        let odds = ODDS.into_iter().chain(ODDS.map(f64::recip));
        for (product, odds) in self.ln_products.iter_mut().zip(odds) {
            // The share with those odds is share × odds / spread.
            let spread = 1.0 - share + share * odds;
            *product += exposed * odds.ln() - (exposed + control) * spread.ln();
        }
    }

    /// Returns ln of the evidence.
    pub fn ln(&self) -> f64 {
        ln_mean_exp(self.ln_products.into_iter())
    }
}

impl Default for Ratio {
    fn default() -> Self {
        Self::new()
    }
}
