//! Which recorded change set what: the ring of a state beside what differs in it.

use std::collections::{BTreeMap, HashSet};

use flagdeck_core::state::{self, Change};
use flagdeck_core::tree::{self, Tree};

/// Lists the changes recorded in a state and not yet in an earlier one, latest first.
pub(super) fn recorded_since(before: Option<&Tree>, after: &Tree) -> Vec<Change> {
    let known: HashSet<&Tree> = before.into_iter().flat_map(ring).collect();
    let new = ring(after)
        .iter()
        .rev()
        .filter(|record| !known.contains(record));
    new.filter_map(state::read).collect()
}

fn ring(ml: &Tree) -> &[Tree] {
    let ring = ml.get(state::HISTORY).and_then(Tree::as_array);
    ring.unwrap_or_default()
}

/// Says whether a change set what is at a dotted path, or something in it or around it.
pub(super) fn is_around(change: &Change, path: &str) -> bool {
    let key = state::tracked(&change.key).unwrap_or_default();
    leads_to(key, path) || leads_to(path, key)
}

/// Says whether a dotted path leads to another one, or is it.
fn leads_to(outer: &str, inner: &str) -> bool {
    match inner.strip_prefix(outer) {
        Some(rest) => outer.is_empty() || rest.is_empty() || rest.starts_with('.'),
        None => false,
    }
}

/// Says whether what is at a dotted path is as a change around it left it. It is not where a state
/// was put whole since, which nothing recorded.
pub(super) fn is_as_left(change: &Change, path: &str, after: &Tree) -> bool {
    let key = state::tracked(&change.key).unwrap_or_default();
    if change.new.as_ref().is_some_and(state::is_cut) {
        // The ring has only the beginning of it.
        return true;
    }
    let left = match path.strip_prefix(key) {
        Some(inner) if !inner.is_empty() => {
            let left = change.new.as_ref();
            left.and_then(|left| tree::get_key(left, inner.trim_start_matches('.')))
        }
        _ => change.new.as_ref(),
    };
    let place = if leads_to(key, path) { path } else { key };
    tree::get_key(after, place) == left
}

/// Returns the file and line that made a change, `panel.js:27`, or what else its source said.
///
/// The first frames of its stack are of what records changes; the first of another file made it.
pub(super) fn in_short(origin: &str) -> String {
    let lines = || origin.lines().map(str::trim);
    let frames: Vec<(&str, &str)> = lines().filter_map(frame).collect();
    let Some(&(recorder, _)) = frames.first() else {
        let said = lines().find(|line| !line.is_empty());
        return said.unwrap_or_default().to_owned();
    };
    let made = frames.iter().find(|(path, _)| *path != recorder);
    let (path, line) = made.unwrap_or(&frames[0]);
    format!("{}:{line}", path.rsplit('/').next().unwrap_or(path))
}

/// Reads a frame as engines write it: what ends in a file, a line and maybe a column.
fn frame(line: &str) -> Option<(&str, &str)> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let place = line.trim_end_matches(')').rsplit(['(', '@', ' ']).next()?;
    let (rest, last) = place.rsplit_once(':').filter(|(_, last)| is_number(last))?;
    let (path, line) = match rest.rsplit_once(':') {
        Some((path, line)) if is_number(line) => (path, line),
        _ => (rest, last),
    };
    // Else it is a time of day.
    path.contains(['.', '/']).then_some((path, line))
}

/// Recorded changes, found by what they set.
pub(super) struct Records<'a> {
    /// By key: the place of the latest among all.
    by_key: BTreeMap<&'a str, usize>,
}

impl<'a> Records<'a> {
    /// `changes` come latest first.
    pub(super) fn of(changes: &'a [Change]) -> Self {
        let mut by_key = BTreeMap::new();
        for (place, change) in changes.iter().enumerate() {
            let key = state::tracked(&change.key).unwrap_or_default();
            by_key.entry(key).or_insert(place);
        }
        Self { by_key }
    }

    /// Returns the place of the latest change that set what is at a dotted path, or something in
    /// it or around it.
    pub(super) fn latest_around(&self, path: &str) -> Option<usize> {
        let ends = path.match_indices('.').map(|(end, _)| end);
        let outer = ends
            .chain([path.len()])
            .filter_map(|end| self.by_key.get(&path[..end]));
        // Behind a dot comes a slash.
        let (first, end) = match path.is_empty() {
            true => (String::new(), String::from(char::MAX)),
            false => (format!("{path}."), format!("{path}/")),
        };
        let inner = self.by_key.range(first.as_str()..end.as_str());
        outer.chain(inner.map(|(_, place)| place)).min().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn change(key: &str) -> Change {
        Change {
            key: format!("ml.{key}"),
            old: None,
            new: Some(true.into()),
            at_ms: 1,
            origin: String::new(),
        }
    }

    #[test]
    fn what_is_in_the_ring_of_both_is_not_new() {
        let record = |at_ms: i64| json!({ "key": "ml.a", "newValue": 1, "timestamp": at_ms });
        let state = |at_ms: &[i64]| -> Tree {
            let ring: Vec<_> = at_ms.iter().map(|at_ms| record(*at_ms)).collect();
            json!({ "history": ring }).into()
        };
        let new = recorded_since(Some(&state(&[1, 2, 3])), &state(&[2, 3, 4, 5]));
        let at_ms: Vec<i64> = new.iter().map(|change| change.at_ms).collect();
        assert_eq!(at_ms, [5, 4]);
        assert_eq!(recorded_since(None, &state(&[1, 2])).len(), 2);
        assert!(recorded_since(None, &json!({ "history": 7 }).into()).is_empty());
    }

    #[test]
    fn a_change_was_made_by_the_first_frame_behind_what_records_changes() {
        let check = |origin: &str, place: &str| assert_eq!(in_short(origin), place, "{origin}");
        check(
            "Error\n    at Function.trackChange (js/ml/MLStateExtension.js:57:15)\n    at \
             AppState.set (js/ml/MLStateExtension.js:34:28)\n    at toggle (js/flags/panel.js:27:9)",
            "panel.js:27",
        );
        check(
            "trackChange@http://127.0.0.1:80/js/state.js:57:15\nsave@http://127.0.0.1:80/app.js:3:1",
            "app.js:3",
        );
        check("    at a.js:1:2\n    at node:internal/run:5:6", "run:5");
        check("lib/state.js:7", "state.js:7");
        check("Flagdeck, by lead", "Flagdeck, by lead");
        check(
            "\n  nightly job at 14:05\nsecond line",
            "nightly job at 14:05",
        );
        check(" \n ", "");
        check("", "");
        check(":7", ":7");
        check("(((:::)))", "(((:::)))");
    }

    #[test]
    fn a_change_set_what_is_as_it_left_it() {
        let after: Tree = json!({ "a": { "b": { "c": 1, "d": 2 }, "e": 3 } }).into();
        let check = |key: &str, new: serde_json::Value, path: &str, expected: bool| {
            let change = Change {
                new: (!new.is_null()).then(|| new.into()),
                ..change(key)
            };
            assert_eq!(is_as_left(&change, path, &after), expected, "{key} {path}");
        };
        check("a.e", json!(3), "a.e", true);
        check("a.e", json!(4), "a.e", false);
        check("a.b", json!({ "c": 1, "d": 5 }), "a.b.c", true);
        check("a.b", json!({ "c": 1, "d": 5 }), "a.b.d", false);
        check("a.b.c", json!(1), "a", true);
        check("a.b.c", json!(7), "a", false);
        check("a.x", json!(null), "a.x", true);
        check("a.x", json!(1), "a.x", false);
        check(
            "a.b",
            json!({ "excerpt": "{\"c\":1", "bytes": 9000 }),
            "a.b.c",
            true,
        );
    }

    proptest! {
        #[test]
        fn any_origin_has_a_place(origin in "[a.:/( )@0-9\n]{0,24}") {
            prop_assert!(in_short(&origin).len() <= origin.len());
        }

        #[test]
        fn the_latest_around_a_place_is_found(
            keys in prop::collection::vec("[ab]{1,2}(\\.[ab]{1,2}){0,2}", 0..8),
            path in "([ab]{1,2}(\\.[ab]{1,2}){0,2})?",
        ) {
            let changes: Vec<Change> = keys.iter().map(|key| change(key)).collect();
            let expected = changes.iter().position(|change| is_around(change, &path));
            prop_assert_eq!(Records::of(&changes).latest_around(&path), expected);
        }
    }
}
