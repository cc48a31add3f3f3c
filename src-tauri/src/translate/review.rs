//! What a document would change and remove, as faces see it.

use flagdeck_core::Loss;

use crate::flags::Review;
use crate::wire;

impl From<Review> for wire::Review {
    fn from(review: Review) -> Self {
        Self {
            revision: review.revision.0,
            problems: review.problems.iter().map(Into::into).collect(),
            difference: review.difference.into(),
            loss: review.loss.map(Into::into),
        }
    }
}

impl From<Loss> for wire::Loss {
    fn from(loss: Loss) -> Self {
        Self {
            removed: loss.removed.len(),
            of: loss.of,
            names: loss.names_shown().to_vec(),
        }
    }
}
