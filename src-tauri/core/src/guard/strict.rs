//! The bare threshold of the founding specification: a rollout is taken back as soon as the share
//! of bad calculations among the latest is over the limit. It stops many rollouts that do no harm;
//! [`simulate`](super::simulate) tells how many.

use std::collections::VecDeque;

use super::Counts;
use crate::limits::{GUARD_STRICT_BLOCKS, GUARD_STRICT_MIN};

/// The latest blocks of exposed users.
#[derive(Debug, Clone)]
pub struct Strict {
    limit: f64,
    /// Calculations and failed ones, oldest first.
    latest: VecDeque<(u64, u64)>,
}

impl Strict {
    /// Begins before the first block. `limit` is a share, 0.0 to 1.0.
    pub fn new(limit: f64) -> Self {
        Self {
            limit,
            latest: VecDeque::with_capacity(GUARD_STRICT_BLOCKS),
        }
    }

    /// Adds a block, and returns whether more than the limit failed of the latest
    /// [`GUARD_STRICT_BLOCKS`], if they are [`GUARD_STRICT_MIN`] calculations or more.
    pub fn add(&mut self, exposed: &Counts) -> bool {
        if self.latest.len() == GUARD_STRICT_BLOCKS {
            self.latest.pop_front();
        }
        self.latest
            .push_back((exposed.calculations, exposed.failed));
        let (all, failed) = self.latest.iter().fold((0, 0), |(all, failed), block| {
            (all + block.0, failed + block.1)
        });
        all >= GUARD_STRICT_MIN && failed as f64 > self.limit * all as f64
    }
}
