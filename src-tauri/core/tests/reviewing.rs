//! The difference of two states as a reviewer reads it.

use flagdeck_core::difference;
use flagdeck_core::difference::{Difference, Kind, Options};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::states::{Host, any_tree, tree_and_next};

fn compared(before: &Value, after: &Value) -> Difference {
    difference(before, after, &Options::default())
}

/// Writes a difference a line each.
fn lines(difference: &Difference) -> Vec<String> {
    let line = |change: &difference::Change| {
        let text = |excerpt: &Option<difference::Excerpt>| {
            excerpt
                .as_ref()
                .map_or("-".to_owned(), |excerpt| excerpt.text.clone())
        };
        let what = match (&change.kind, &change.list) {
            (Kind::List | Kind::Series, Some(list)) => format!(
                "{} dropped, {} added, {} moved, {} changed{}",
                list.dropped,
                list.added,
                list.moved,
                list.changed,
                if list.is_shifted { ", shifted" } else { "" }
            ),
            _ => format!("{} → {}", text(&change.before), text(&change.after)),
        };
        let from = change
            .from
            .as_ref()
            .map_or(String::new(), |from| format!(" from {from}"));
        format!(
            "{} {} {:?}{from}: {what}",
            change.group, change.path, change.kind
        )
    };
    difference.changes.iter().map(line).collect()
}

#[test]
fn values_are_listed_by_group() {
    let before = json!({ "flags": { "ui": { "badges": false } }, "metrics": { "quality": { "avg": 0.5 } }, "old": 1, "cache": {} });
    let after = json!({ "flags": { "ui": { "badges": true } }, "metrics": { "quality": { "avg": 0.5, "n": null } }, "cache": {} });
    let found = compared(&before, &after);
    assert_eq!(
        lines(&found),
        [
            "ml.flags ui.badges Changed: false → true",
            "ml.metrics.quality n Added: - → null",
            "ml.old old Removed: 1 → -",
        ]
    );
    assert_eq!(found.unchanged, ["/cache"]);
    assert_eq!(found.changes[0].pointer, "/flags/ui/badges");
}

#[test]
fn a_ring_of_five_hundred_that_moved_on_is_one_line() {
    let ring = |from: u32| -> Value {
        (from..from + 500)
            .map(|n| json!(f64::from(n % 97) / 4.0))
            .collect()
    };
    let before = json!({ "metrics": { "performance": { "calculationTime": ring(0) } } });
    let after = json!({ "metrics": { "performance": { "calculationTime": ring(5) } } });
    let found = compared(&before, &after);
    assert_eq!(
        lines(&found),
        [
            "ml.metrics.performance calculationTime Series: 5 dropped, 5 added, 0 moved, 0 changed, shifted"
        ]
    );
    let series = found.changes[0].series.as_ref().expect("a series");
    assert_eq!((series.before.len(), series.after.len()), (60, 60));
    assert_eq!(series.largest_change, None);
}

#[test]
fn a_list_of_numbers_tells_how_it_drifted() {
    let before = json!({ "t": [1.0, 2.0, 3.0, 4.0] });
    let after = json!({ "t": [1.0, 2.0, 5.0, 4.0] });
    let found = compared(&before, &after);
    let series = found.changes[0].series.as_ref().expect("a series");
    assert_eq!(
        (series.mean_before, series.mean_after),
        (Some(2.5), Some(3.0))
    );
    assert_eq!(
        (series.p95_before, series.p95_after),
        (Some(4.0), Some(5.0))
    );
    assert_eq!(series.largest_change, Some(2.0));
}

#[test]
fn an_element_that_changed_within_a_ring_is_found_by_its_key() {
    let before = json!({ "files": [{ "id": 6, "name": "a" }, { "id": 7, "name": "b" }, { "id": 8, "name": "c" }] });
    let after = json!({ "files": [{ "id": 7, "name": "x" }, { "id": 8, "name": "c" }, { "id": 9, "name": "d" }] });
    let found = compared(&before, &after);
    assert_eq!(
        lines(&found),
        [
            "ml.files files List: 1 dropped, 1 added, 0 moved, 1 changed, shifted",
            "ml.files [id=7].name Changed: \"b\" → \"x\"",
        ]
    );
    assert_eq!(found.changes[1].pointer, "/files/0/name");
}

#[test]
fn what_has_another_name_moved() {
    let entry = json!({ "confidence": 0.5, "hash": "0011aabb" });
    let found = compared(
        &json!({ "cache": { "a.js": entry, "n": 1 } }),
        &json!({ "cache": { "n": 1, "b.js": entry } }),
    );
    assert_eq!(found.total, 1);
    assert_eq!(
        (found.changes[0].kind, found.changes[0].from.as_deref()),
        (Kind::Moved, Some("/cache/a.js"))
    );
    // Two that could be meant are not guessed at.
    let found = compared(
        &json!({ "cache": { "a.js": entry, "c.js": entry } }),
        &json!({ "cache": { "b.js": entry } }),
    );
    assert_eq!(
        found
            .changes
            .iter()
            .filter(|change| change.kind == Kind::Moved)
            .count(),
        0
    );
}

#[test]
fn numbers_within_the_tolerance_are_counted_and_not_listed() {
    let before = json!({ "quality": { "avg": 100.0, "rate": 1.0 }, "t": [1.0, 2.0, 3.0] });
    let after = json!({ "quality": { "avg": 100.9, "rate": 2.0 }, "t": [1.0, 2.01, 3.0] });
    let options = Options {
        tolerance: 0.01,
        noise: Vec::new(),
    };
    let found = difference(&before, &after, &options);
    assert_eq!(lines(&found), ["ml.quality rate Changed: 1.0 → 2.0"]);
    assert_eq!(found.tolerated, 2);
}

#[test]
fn changes_of_noise_are_marked() {
    let options = Options {
        tolerance: 0.0,
        noise: vec!["timestamp".into()],
    };
    let found = difference(
        &json!({ "usage": { "timestamp": 1, "n": 1 } }),
        &json!({ "usage": { "timestamp": 2, "n": 2 } }),
        &options,
    );
    assert_eq!((found.total, found.noise), (2, 1));
}

#[test]
fn odd_keys_and_kinds_are_named_and_pointed_at() {
    let found = compared(
        &json!({ "a/b": { "~": 1 }, "": { "x.y": 1 }, "t": [1], "n": null }),
        &json!({ "a/b": { "~": 2 }, "": { "x.y": 2 }, "t": {}, "n": 0 }),
    );
    let pointers: Vec<&str> = found
        .changes
        .iter()
        .map(|change| change.pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/a~1b/~0", "//x.y", "/t", "/n"]);
}

#[test]
fn long_values_are_cut() {
    let found = compared(
        &json!({ "a": 1 }),
        &json!({ "a": { "text": "ü".repeat(100_000) } }),
    );
    let after = found.changes[0].after.as_ref().expect("a value");
    assert_eq!((after.text.chars().count(), after.is_whole), (200, false));
}

#[test]
fn five_minutes_of_a_host_read_well() {
    let mut host = Host::small();
    let before = host.state().clone();
    host.pass();
    let found = compared(&before, host.state());
    let series = found
        .changes
        .iter()
        .filter(|change| change.kind == Kind::Series);
    assert_eq!(series.count(), 3);
    let history = found
        .changes
        .iter()
        .find(|change| change.group == "ml.history");
    assert!(
        history
            .and_then(|change| change.list.as_ref())
            .is_some_and(|list| list.is_shifted)
    );
    assert!(found.unchanged.contains(&"/cache".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn there_is_a_difference_where_trees_differ_and_each_place_is_there((before, after) in tree_and_next()) {
        let found = compared(&before, &after);
        // The order of keys, and the sign of zero, are no difference to a reader.
        prop_assert!(found.total == 0 || before != after || before.to_string() != after.to_string());
        if found.total == 0 {
            prop_assert_eq!(&before, &after);
        }
        for change in &found.changes {
            let side = if change.kind == Kind::Removed { &before } else { &after };
            prop_assert!(side.pointer(&change.pointer).is_some(), "{}", change.pointer);
            if let Some(from) = &change.from {
                prop_assert!(before.pointer(from).is_some(), "{}", from);
            }
        }
    }

    #[test]
    fn a_tree_does_not_differ_from_itself(tree in any_tree()) {
        prop_assert_eq!(compared(&tree, &tree).total, 0);
    }
}
