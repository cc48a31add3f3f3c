//! What changed between two documents: as a list for programs, in words for people.

mod matching;
mod renames;
mod summary;
mod trace;
mod words;

use serde::{Deserialize, Serialize};

use self::renames::Renames;
pub use self::summary::{summary, thousands};
pub use self::trace::{Rename, Trace};
use crate::problem::Pointer;
use crate::tree::{self, Object, Tree};

/// One value that differs, or a part of the tree that has another path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Where: a JSON Pointer into the document.
    pub pointer: String,
    /// Its former place, also a JSON Pointer: it was renamed or moved, with everything said about
    /// it and every requirement of it. `None` for a change in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value before; `None` if there was none.
    #[serde(
        default,
        deserialize_with = "tree::deserialize_present",
        skip_serializing_if = "Option::is_none"
    )]
    pub before: Option<Tree>,
    /// The value after; `None` if there is none any more.
    #[serde(
        default,
        deserialize_with = "tree::deserialize_present",
        skip_serializing_if = "Option::is_none"
    )]
    pub after: Option<Tree>,
}

/// Lists what differs between two documents in their published form: first what was renamed or
/// moved, then everything else under the paths of `after`, in the order of `before`, then what
/// is only in `after`.
///
/// Documents do not tell what was renamed, so it is inferred: a component or group that is gone and
/// one that appeared with equal content are the same if there is no other candidate. Objects are
/// compared key by key, whatever their order; lists and everything else as a whole.
pub fn changes(before: &Tree, after: &Tree) -> Vec<Change> {
    let in_place = compared(before, after);
    let renames = Renames::infer(before, after, &in_place);
    if renames.is_empty() {
        return in_place;
    }
    let mut found = renames.changes();
    found.extend(compared(&renames.applied_to(before), after));
    found
}

/// Counts how often changes switched something: a component, or everything by the master switch.
pub fn switches(changes: &[Change]) -> usize {
    let is_switch = |change: &&Change| {
        let is_switchable =
            change.pointer == "/enabled" || change.pointer.starts_with("/components/");
        let was_switch = matches!(change.before, Some(Tree::Bool(_)));
        let stays_one = matches!(change.after, Some(Tree::Bool(_)));
        is_switchable && change.from.is_none() && was_switch && stays_one
    };
    changes.iter().filter(is_switch).count()
}

fn compared(before: &Tree, after: &Tree) -> Vec<Change> {
    let mut found = Vec::new();
    compare(&Pointer::default(), Some(before), Some(after), &mut found);
    found
}

fn compare(at: &Pointer, before: Option<&Tree>, after: Option<&Tree>, found: &mut Vec<Change>) {
    if before == after {
        return;
    }
    if let (Some(Tree::Object(old)), Some(Tree::Object(new))) = (before, after) {
        return compare_objects(at, old, new, found);
    }
    found.push(Change {
        pointer: at.as_str().to_owned(),
        from: None,
        before: before.cloned(),
        after: after.cloned(),
    });
}

fn compare_objects(at: &Pointer, before: &Object, after: &Object, found: &mut Vec<Change>) {
    // Equal values are skipped before a pointer is built: documents are mostly equal.
    for (key, old) in before.iter() {
        let new = after.get(key);
        if new != Some(old) {
            compare(&at.at(key), Some(old), new, found);
        }
    }
    for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(key)) {
        compare(&at.at(key), None, Some(new), found);
    }
}

impl Change {
    /// Lists what differs between two values of a part of the document; `None` for no value.
    pub fn within(pointer: &str, before: Option<&Tree>, after: Option<&Tree>) -> Vec<Self> {
        let at = tokens(pointer);
        let at = at.iter().fold(Pointer::default(), |at, key| at.at(key));
        let mut found = Vec::new();
        compare(&at, before, after, &mut found);
        found
    }

    /// Returns the keys on the way to it.
    fn tokens(&self) -> Vec<String> {
        tokens(&self.pointer)
    }

    /// Returns the changes within an object that was added, removed or changed.
    fn inner(&self) -> Vec<Self> {
        let entries = |value: &Option<Tree>| match value {
            Some(Tree::Object(entries)) => (**entries).clone(),
            _ => Object::default(),
        };
        let at = self.tokens();
        let at = at.iter().fold(Pointer::default(), |at, key| at.at(key));
        let mut inner = Vec::new();
        compare_objects(
            &at,
            &entries(&self.before),
            &entries(&self.after),
            &mut inner,
        );
        inner
    }
}

fn tokens(pointer: &str) -> Vec<String> {
    let tokens = pointer.split('/').skip(1);
    tokens
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect()
}
