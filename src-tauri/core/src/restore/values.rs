//! States compared by value.

use crate::state::{self, HISTORY};
use crate::tree::{Object, Tree};

/// Returns a state to be compared by its values: without its ring, its keys in one order. Languages
/// differ in how they order keys.
pub(super) fn comparable(state: &Tree) -> Tree {
    plain(&state::without_history(state))
}

fn plain(value: &Tree) -> Tree {
    match value {
        Tree::Array(elements) => Tree::Array(elements.iter().map(plain).collect()),
        Tree::Object(members) => {
            let mut sorted: Vec<(&str, &Tree)> = members.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            let plain = sorted
                .into_iter()
                .map(|(key, value)| (key.into(), plain(value)));
            plain.collect::<Object>().into()
        }
        other => other.clone(),
    }
}

/// Gives a state the ring of another one.
pub(super) fn with_history_of(mut state: Tree, report: &Tree) -> Tree {
    if let Tree::Object(members) = &mut state {
        match report.get(HISTORY) {
            Some(history) => members.insert(HISTORY, history.clone()),
            None => drop(members.remove(HISTORY)),
        }
    }
    state
}
