//! States as values: without what is no difference between them.

use serde_json::Number;

use crate::limits::EXACT_FLOAT_MAX;
use crate::state::{self, HISTORY};
use crate::tree::{Object, Tree};

/// Returns a state to be compared by its values: without its ring, its keys in one order, its
/// numbers in one form. JavaScript writes `1` for `1.0`, and any language orders keys as it likes.
pub(super) fn comparable(state: &Tree) -> Tree {
    plain(&state::without_history(state))
}

fn plain(value: &Tree) -> Tree {
    match value {
        Tree::Number(number) => Tree::Number(plain_number(number)),
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

fn plain_number(number: &Number) -> Number {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) if float.fract() == 0.0 && float.abs() < EXACT_FLOAT_MAX => {
            (float as i64).into()
        }
        _ => number.clone(),
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
