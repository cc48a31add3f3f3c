//! What is known of how a state changed between two moments, besides the difference itself: the
//! changes that the source recorded, and what its whole reports changed.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use flagdeck_core::state::{self, Change, Recorders};
use flagdeck_core::tree::path::ROOT;
use flagdeck_core::tree::{self, Tree, keys};
use rusqlite::Connection;

use super::limits::COMPARED_RECORDS_MAX;
use super::store::{self, Report, Reported, Row, Source};
use crate::state::shapes::ChangeRecord;
use crate::store::StoreError;

/// What is known of a span of time of one source.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What was recorded, latest first.
    pub(super) changes: Vec<Change>,
    /// Whole reports, latest first.
    pub(super) reports: Vec<Report>,
    /// The places that only record changes for other code.
    pub(super) recorders: Recorders,
    /// Records of changes that are damaged.
    pub(super) damaged: u32,
}

/// A span of time of one source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span<'a> {
    pub(super) source: &'a Source,
    /// The snapshot before its beginning; `None` from the start.
    pub(super) after: Option<&'a Row>,
    /// The snapshots in it, in their order.
    pub(super) rows: &'a [Row],
    /// Whether there are more after the last of them.
    pub(super) is_open: bool,
}

impl Known {
    /// Loads what is known of a span, between the states that were there at its ends. What a
    /// source reports as its own `history` is known, too.
    pub(super) fn of(
        connection: &Connection,
        span: Span<'_>,
        (before, after): (Option<&Tree>, &Tree),
    ) -> Result<Self, StoreError> {
        // What is stored of a damaged one may be wrong.
        let is_sound = |row: &&Row| !row.snapshot.is_damaged;
        let last = span.rows.iter().rev().chain(span.after).find(is_sound);
        let seq = |row: Option<&Row>| row.map_or(i64::MIN, |row| row.seq);
        let (mut changes, mut damaged) = (Vec::new(), 0);
        if span.is_open {
            let recorded = store::recorded_since(connection, span.source, seq(last))?;
            (changes, damaged) = (recorded.found, recorded.damaged);
        }
        for row in span.rows.iter().rev() {
            if changes.len() >= COMPARED_RECORDS_MAX {
                break;
            }
            match store::recorded_if_sound(connection, row.snapshot.id as i64)? {
                Some(recorded) => changes.extend(recorded),
                None => damaged += 1,
            }
        }
        add_own(&mut changes, recorded_since(before, after));
        let to = match span.is_open {
            true => i64::MAX,
            false => seq(last),
        };
        let ring = store::ring_of(connection, span.source)?;
        let reports = store::reports(connection, span.source.id, (seq(span.after), to))?;
        Ok(Self {
            recorders: Recorders::of(ring.found.iter().chain(&changes)),
            reports: reports.found,
            changes,
            damaged: damaged + reports.damaged,
        })
    }

    /// Reads the `history` in the states of two files: all that is known of them.
    pub(super) fn of_files(before: &Tree, after: &Tree) -> Self {
        let changes = recorded_since(Some(before), after);
        Self {
            recorders: Recorders::of(&changes),
            reports: Vec::new(),
            changes,
            damaged: 0,
        }
    }
}

/// Adds what a source has in its own `history`, as far as it was not recorded here, too.
fn add_own(changes: &mut Vec<Change>, own: Vec<Change>) {
    let is_known = |own: &Change| {
        let is_same = |it: &Change| it.at_ms == own.at_ms && it.key == own.key && it.new == own.new;
        changes.iter().any(is_same)
    };
    let new: Vec<Change> = own.into_iter().filter(|own| !is_known(own)).collect();
    if !new.is_empty() {
        changes.extend(new);
        changes.sort_by_key(|change| std::cmp::Reverse(change.at_ms));
    }
}

/// Lists the changes in the `history` of a state and not yet in that of an earlier one, latest
/// first.
fn recorded_since(before: Option<&Tree>, after: &Tree) -> Vec<Change> {
    let known: HashSet<&Tree> = before.into_iter().flat_map(ring).collect();
    let new = ring(after)
        .iter()
        .rev()
        .filter(|record| !known.contains(record));
    new.filter_map(state::read_reported).collect()
}

fn ring(ml: &Tree) -> &[Tree] {
    let ring = ml.get(state::HISTORY).and_then(Tree::as_array);
    ring.unwrap_or_default()
}

/// Returns whether a change set what is at a JSON Pointer of a state, or something in it or around
/// it.
pub(super) fn is_around(change: &Change, pointer: &str, state: &Tree) -> bool {
    let key = state::tracked(&change.key).unwrap_or_default();
    let set = keys::pointer_of(state, key);
    leads_to(&set, pointer, '/') || leads_to(pointer, &set, '/')
}

/// Returns whether a whole report changed what a key leads to, or something in it or around it.
pub(super) fn is_reported_around(reported: &Reported, key: &str) -> bool {
    let is_in =
        |outer: &str, inner: &str| leads_to(outer, inner, '.') || leads_to(outer, inner, '[');
    is_in(&reported.key, key) || is_in(key, &reported.key)
}

/// Returns the dotted path after `ml` of what a change set.
pub(super) fn dotted_key(change: &Change) -> Cow<'_, str> {
    keys::flattened(state::tracked(&change.key).unwrap_or_default())
}

/// Returns whether a path leads to another one, or is it.
fn leads_to(outer: &str, inner: &str, separator: char) -> bool {
    match inner.strip_prefix(outer) {
        Some(rest) => outer.is_empty() || rest.is_empty() || rest.starts_with(separator),
        None => false,
    }
}

/// Returns whether the value at a dotted path is still what a change in or around it set. It is not
/// after a report that changed it.
pub(super) fn is_as_left(change: &Change, path: &str, after: &Tree) -> bool {
    let key = &*dotted_key(change);
    if change.new.as_ref().is_some_and(state::is_cut) {
        // The ring has only the beginning of the value.
        return true;
    }
    let left = match path.strip_prefix(key) {
        Some(inner) if !inner.is_empty() => {
            let left = change.new.as_ref();
            left.and_then(|left| tree::get_key(left, inner.trim_start_matches('.')))
        }
        _ => change.new.as_ref(),
    };
    let place = if leads_to(key, path, '.') { path } else { key };
    tree::get_key(after, place) == left
}

/// Returns a change of a whole report for a face.
pub(super) fn shown_report(report: &Report, reported: &Reported) -> ChangeRecord {
    ChangeRecord {
        key: rooted(&reported.key),
        before: reported.before.clone(),
        after: reported.after.clone(),
        at_ms: report.at_ms,
        by_report: true,
        since_ms: Some(report.since_ms).filter(|at_ms| *at_ms > 0),
        place: String::new(),
        origin: String::new(),
    }
}

/// Returns a printed key from the name of the tree on.
pub(super) fn rooted(key: &str) -> String {
    match key.chars().next() {
        None => ROOT.to_owned(),
        Some('[') => format!("{ROOT}{key}"),
        Some(_) => format!("{ROOT}.{key}"),
    }
}

/// Recorded changes, found by what they set.
pub(super) struct Records<'a> {
    /// By key: the place of the latest among all.
    by_key: BTreeMap<Cow<'a, str>, usize>,
}

impl<'a> Records<'a> {
    /// `changes` come latest first.
    pub(super) fn of(changes: &'a [Change]) -> Self {
        let mut by_key = BTreeMap::new();
        for (place, change) in changes.iter().enumerate() {
            by_key.entry(dotted_key(change)).or_insert(place);
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
        // In ASCII a slash follows a dot.
        let (first, end) = match path.is_empty() {
            true => (String::new(), String::from(char::MAX)),
            false => (format!("{path}."), format!("{path}/")),
        };
        let inner = self.by_key.range::<str, _>((
            Bound::Included(first.as_str()),
            Bound::Excluded(end.as_str()),
        ));
        outer.chain(inner.map(|(_, place)| place)).min().copied()
    }
}

/// What whole reports changed, found by the key that a difference prints.
pub(super) struct ByReport<'a>(HashMap<&'a str, (&'a Report, &'a Reported)>);

impl<'a> ByReport<'a> {
    /// `reports` come latest first.
    pub(super) fn of(reports: &'a [Report]) -> Self {
        let mut by_key = HashMap::new();
        for report in reports {
            for reported in &report.changes {
                by_key
                    .entry(reported.key.as_str())
                    .or_insert((report, reported));
            }
        }
        Self(by_key)
    }

    /// Returns the latest that changed what a key leads to.
    pub(super) fn latest(&self, key: &str) -> Option<(&'a Report, &'a Reported)> {
        self.0.get(key).copied()
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
            hint: None,
        }
    }

    #[test]
    fn what_is_in_the_history_of_both_is_not_new() {
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
    fn what_a_source_reports_of_a_change_that_it_recorded_here_is_told_once() {
        let at = |at_ms: i64| Change {
            at_ms,
            ..change("a")
        };
        let mut changes = vec![at(5), at(3)];
        add_own(&mut changes, vec![at(6), at(5), at(4)]);
        let at_ms: Vec<i64> = changes.iter().map(|change| change.at_ms).collect();
        assert_eq!(at_ms, [6, 5, 4, 3]);
    }

    #[test]
    fn a_report_changed_what_is_in_its_key_and_around_it() {
        let check = |reported: &str, key: &str, expected: bool| {
            let reported = Reported {
                key: reported.into(),
                before: None,
                after: None,
            };
            assert_eq!(is_reported_around(&reported, key), expected, "{key}");
        };
        check("list[id=a].n", "list[id=a].n", true);
        check("list", "list[id=a].n", true);
        check("list[id=a].n", "list[id=a]", true);
        check("list[id=ab].n", "list[id=a]", false);
        check("listing", "list", false);
        check("a.b", "a", true);
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
        fn the_latest_around_a_place_is_found(
            keys in prop::collection::vec("[ab]{1,2}(\\.[ab]{1,2}){0,2}", 0..8),
            path in "([ab]{1,2}(\\.[ab]{1,2}){0,2})?",
        ) {
            let changes: Vec<Change> = keys.iter().map(|key| change(key)).collect();
            let pointer = keys::pointer_of(&Tree::Null, &path);
            let is_around = |change: &Change| is_around(change, &pointer, &Tree::Null);
            let expected = changes.iter().position(is_around);
            prop_assert_eq!(Records::of(&changes).latest_around(&path), expected);
        }
    }
}
