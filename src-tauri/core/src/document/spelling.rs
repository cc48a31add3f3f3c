//! How numbers under unknown keys are spelled: as they were, while their values stay.

use super::FlagDocument;
use crate::tree::{Object, Tree, settled};

impl FlagDocument {
    /// Spells the numbers under unknown keys as the document before has them, if they are equal.
    pub fn keep_spelling_of(&mut self, before: &Self) {
        keep(&mut self.unknown, &before.unknown);
        keep(&mut self.rollout.unknown, &before.rollout.unknown);
        for (path, rollout) in &mut self.rollouts {
            if let Some(before) = before.rollouts.get(path) {
                keep(&mut rollout.unknown, &before.unknown);
            }
        }
        for (path, about) in &mut self.about {
            if let Some(before) = before.about.get(path) {
                keep(&mut about.unknown, &before.unknown);
            }
        }
    }
}

fn keep(unknown: &mut Object, before: &Object) {
    if unknown.is_empty() || before.is_empty() {
        return;
    }
    let after = std::mem::take(unknown).into();
    if let Tree::Object(kept) = settled(&before.clone().into(), &after) {
        *unknown = *kept;
    }
}
