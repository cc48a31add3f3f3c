//! A value removed in one place and added in another was moved or renamed.

use std::collections::HashMap;

use super::excerpt::has_chars;
use super::walk::{Found, Raw, What};
use crate::limits;
use crate::tree::Tree;

/// Joins the removal and the addition of an equal value into one change if there is no other
/// candidate.
pub(super) fn join(found: &mut Found<'_>) {
    let gone = alone(&found.changes, |what| match what {
        What::Removed(value) => Some(value),
        _ => None,
    });
    if gone.is_empty() {
        return;
    }
    let came = alone(&found.changes, |what| match what {
        What::Added(value) => Some(value),
        _ => None,
    });
    let mut pairs = Vec::new();
    for (value, place) in came {
        if let (Some(to), Some(Some(from))) = (place, gone.get(value)) {
            pairs.push((*from, to, value));
        }
    }
    let mut is_joined = vec![false; found.changes.len()];
    for (from, to, value) in pairs {
        let from_place = found.changes[from].place.clone();
        found.changes[to].what = What::Moved {
            from: from_place,
            value,
        };
        is_joined[from] = true;
        found.total -= 1;
        found.noise -= usize::from(found.changes[from].is_noise);
    }
    let mut is_joined = is_joined.into_iter();
    found.changes.retain(|_| is_joined.next() != Some(true));
}

/// Returns by value the change it is in; `None` if it is in several.
fn alone<'a>(
    changes: &[Raw<'a>],
    value: impl Fn(&What<'a>) -> Option<&'a Tree>,
) -> HashMap<&'a Tree, Option<usize>, foldhash::fast::RandomState> {
    let mut found = HashMap::default();
    for (index, raw) in changes.iter().enumerate() {
        if let Some(value) = value(&raw.what)
            && has_chars(value, limits::MOVED_CHARS_MIN)
        {
            let place = found.entry(value);
            place
                .and_modify(|place| *place = None)
                .or_insert(Some(index));
        }
    }
    found
}
