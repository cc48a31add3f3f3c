//! Products of bets, one for each alternative: how evidence adds up over blocks.

use super::{ln_add_exp, ln_mean_exp};
use crate::limits::GUARD_RENEWAL_BLOCKS;

/// What is bet from the first block on, if bets are renewed; the rest is kept for later.
const AT_FIRST: f64 = 0.75;

/// Evidence for any of `N` alternatives: the mean of their products.
///
/// A product falls while a rollout does no harm, and what begins to do harm after days would first
/// have to make up for that. So part of the evidence, 1 in the beginning, may be kept, and a part of
/// that part is bet anew every [`GUARD_RENEWAL_BLOCKS`] blocks: of a quarter, the part
/// `1 / (j (j + 1))` at the j-th time, which all together is that quarter. A mean of bets with
/// weights that are fixed before is a bet, too, so the bound of false alarms stays what it is.
#[derive(Debug, Clone)]
pub(super) struct Products<const N: usize> {
    /// ln of each product, with what was bet on it.
    lns: [f64; N],
    renewal: Option<Renewal>,
}

#[derive(Debug, Clone, Default)]
struct Renewal {
    blocks: u64,
    /// How often bets were renewed.
    times: u64,
}

impl<const N: usize> Products<N> {
    /// Begins at 1, ln 0.
    pub(super) fn new(renews: bool) -> Self {
        let first = if renews { AT_FIRST.ln() } else { 0.0 };
        Self {
            lns: [first; N],
            renewal: renews.then(Renewal::default),
        }
    }

    /// Counts a block, before what it says is known: to be called for every one.
    pub(super) fn begin_block(&mut self) {
        let Some(renewal) = &mut self.renewal else {
            return;
        };
        if let Some(part) = renewal.begin_block() {
            let part = part.ln();
            self.lns
                .iter_mut()
                .for_each(|ln| *ln = ln_add_exp(*ln, part));
        }
    }

    /// Multiplies each product by what a block says of its alternative, given as ln.
    pub(super) fn multiply(&mut self, ln_factors: impl IntoIterator<Item = f64>) {
        for (ln, factor) in self.lns.iter_mut().zip(ln_factors) {
            *ln += factor;
        }
    }

    /// Returns ln of the evidence.
    pub(super) fn ln(&self) -> f64 {
        let bet = ln_mean_exp(self.lns.into_iter());
        match &self.renewal {
            None => bet,
            Some(renewal) => ln_add_exp(bet, renewal.kept().ln()),
        }
    }
}

impl Renewal {
    /// Returns what is bet anew with this block, if it is time.
    fn begin_block(&mut self) -> Option<f64> {
        let is_time = self.blocks > 0 && self.blocks.is_multiple_of(GUARD_RENEWAL_BLOCKS);
        self.blocks += 1;
        is_time.then(|| {
            self.times += 1;
            let time = self.times as f64;
            (1.0 - AT_FIRST) / (time * (time + 1.0))
        })
    }

    /// Returns what is not bet yet.
    fn kept(&self) -> f64 {
        (1.0 - AT_FIRST) / (self.times as f64 + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewed_bets_and_what_is_kept_are_one_as_long_as_nothing_is_said() {
        let mut products = Products::<3>::new(true);
        for _ in 0..10 * GUARD_RENEWAL_BLOCKS {
            products.begin_block();
            assert!(products.ln().abs() < 1e-12, "{}", products.ln());
        }
    }

    #[test]
    fn what_was_lost_in_days_does_not_have_to_be_made_up_for() {
        let evidence = |renews| {
            let mut products = Products::<1>::new(renews);
            for _ in 0..20 * GUARD_RENEWAL_BLOCKS {
                products.begin_block();
                products.multiply([-0.1]);
            }
            for _ in 0..5 {
                products.begin_block();
                products.multiply([3.0]);
            }
            products.ln()
        };
        assert!(evidence(false) < -300.0);
        assert!(evidence(true) > 100_f64.ln(), "{}", evidence(true));
    }
}
