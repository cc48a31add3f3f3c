//! What differs between two documents, and what importing a document would change.

use flagdeck_core::diff::documents::Rename;
use flagdeck_core::tree::Tree;
use flagdeck_core::{self as core, Problem};
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use crate::flags;
use crate::store::RevisionNumber;

/// Changes that a difference lists: more than is read, and far less than two unrelated
/// documents of 10 000 components have between them.
pub const DIFFERENCE_CHANGES_MAX: usize = 2000;

/// What is wrong with a document, and what importing it would change.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Review {
    /// The revision it was compared with.
    pub revision: RevisionNumber,
    /// Everything wrong with it; an error among them refuses it.
    pub problems: Vec<Problem>,
    /// What it would change; nothing if it is refused.
    pub difference: Difference,
    /// What it would remove, if that is more than half of the components: it is to be confirmed.
    pub loss: Option<Loss>,
}

/// Components that a document would remove.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Loss {
    /// How many it would remove.
    pub removed: usize,
    /// How many there are.
    pub of: usize,
    /// The first of those it would remove.
    pub names: Vec<String>,
}

/// What differs between two documents.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Difference {
    /// The changes, of which a very long list is cut.
    pub changes: Vec<Change>,
    /// How many there are in all.
    pub total: usize,
}

/// What a revision changed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RevisionChange {
    /// The revision before it; 0 if there is none.
    pub before: RevisionNumber,
    /// What differs from that.
    pub difference: Difference,
}

/// One value that differs.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Change {
    /// Where: a JSON Pointer into the document.
    pub pointer: String,
    /// The change in words.
    pub sentence: String,
    /// The value before, as JSON text; `null` if there was none. Of what was renamed or
    /// moved, its path.
    pub before: Option<String>,
    /// The value after, as JSON text; `null` if there is none any more. Of what was
    /// renamed or moved, its path.
    pub after: Option<String>,
}

impl From<flags::Review> for Review {
    fn from(review: flags::Review) -> Self {
        Self {
            revision: review.revision,
            problems: review.problems,
            difference: review.difference.into(),
            loss: review.loss.map(Into::into),
        }
    }
}

impl From<core::Loss> for Loss {
    fn from(loss: core::Loss) -> Self {
        Self {
            removed: loss.removed.len(),
            of: loss.of,
            names: loss.names_shown().to_vec(),
        }
    }
}

impl From<(RevisionNumber, flags::Difference)> for RevisionChange {
    fn from((before, difference): (RevisionNumber, flags::Difference)) -> Self {
        Self {
            before,
            difference: difference.into(),
        }
    }
}

impl From<flags::Difference> for Difference {
    fn from(difference: flags::Difference) -> Self {
        let listed = difference.changes.iter().take(DIFFERENCE_CHANGES_MAX);
        Self {
            total: difference.changes.len(),
            changes: listed.map(Into::into).collect(),
        }
    }
}

impl From<&core::Change> for Change {
    fn from(change: &core::Change) -> Self {
        let text = |value: &Option<Tree>| value.as_ref().map(ToString::to_string);
        let (before, after) = match change.renamed() {
            Some(Rename { from, to }) => (Some(from.into()), Some(to.into())),
            None => (change.before.clone(), change.after.clone()),
        };
        Self {
            pointer: change.pointer.clone(),
            sentence: change.to_string(),
            before: text(&before),
            after: text(&after),
        }
    }
}
