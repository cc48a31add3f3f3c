//! What differs between two states, as a reviewer reads it.

use flagdeck_core::diff::states::{
    self, Difference, Excerpt, Kind, ListChange, Options, StateChange,
};
use insta::assert_snapshot;
use serde_json::{Map, Value, json};

mod properties;

fn difference(before: &Value, after: &Value, options: &Options) -> Difference {
    flagdeck_core::difference(&before.clone().into(), &after.clone().into(), options)
}

fn excerpt(value: &Value) -> Excerpt {
    states::excerpt(&value.clone().into())
}

fn compared(before: &Value, after: &Value) -> Difference {
    difference(before, after, &Options::default())
}

/// Says a difference, one change a line.
fn said(before: Value, after: Value) -> String {
    lines(&compared(&before, &after))
}

fn lines(difference: &Difference) -> String {
    let lines: Vec<String> = difference.changes.iter().map(line).collect();
    lines.join("\n")
}

/// Says a change: `group path: before → after, from /pointer, 5 dropped, 5 added`.
fn line(change: &StateChange) -> String {
    let text = |excerpt: &Option<Excerpt>| excerpt.as_ref().map(|excerpt| excerpt.text.clone());
    let (before, after) = (text(&change.before), text(&change.after));
    let what = match change.kind {
        Kind::Added => format!("+ {}", after.unwrap_or_default()),
        Kind::Removed => format!("- {}", before.unwrap_or_default()),
        Kind::Changed => format!(
            "{} → {}",
            before.unwrap_or_default(),
            after.unwrap_or_default()
        ),
        Kind::Moved => format!("from {}", change.from.clone().unwrap_or_default()),
        Kind::List | Kind::Series => counts(change.list.as_ref().expect("a list")),
    };
    let noise = if change.is_noise { " (noise)" } else { "" };
    format!("{} | {}: {what}{noise}", change.group, change.path)
}

fn counts(list: &ListChange) -> String {
    let key = list.key.iter().map(|key| format!("by {key}: "));
    let ring = if list.is_shifted { "ring: " } else { "" };
    let counts = [
        (list.dropped, "dropped"),
        (list.added, "added"),
        (list.moved, "moved"),
        (list.changed, "changed"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let lengths = format!("{} → {}", list.length_before, list.length_after);
    format!(
        "{}{ring}{}, {lengths}",
        key.collect::<String>(),
        counts.join(", ")
    )
}

#[test]
fn the_history_that_a_source_reports_is_left_out_unless_it_is_asked_for() {
    let before = json!({"n": 1, "history": [], "in": {"history": 1}});
    let after = json!({"n": 1, "history": [{"key": "ml.n"}], "in": {"history": 2}});
    let found = compared(&before, &after);
    assert_eq!(lines(&found), "ml.in | in.history: 1 → 2");
    assert_eq!((found.total, found.unchanged), (1, vec!["/n".into()]));
    assert_eq!(
        states::count(&before.clone().into(), &after.clone().into()),
        1
    );
    let options = Options {
        with_history: true,
        ..Options::default()
    };
    assert_eq!(difference(&before, &after, &options).total, 2);
    let gone = said(before, json!({"n": 1, "in": {"history": 1}}));
    assert_eq!(gone, "");
}

#[test]
fn a_value_appeared_went_or_is_another_one() {
    assert_snapshot!(said(
        json!({"flags": {"ui": {"badges": {"percentage": 12.5}}, "old": 1}, "mode": "a", "usage": [1]}),
        json!({"flags": {"ui": {"badges": {"percentage": 25}}, "new": true}, "mode": {"a": 1}, "usage": {}}),
    ), @r#"
    ml.flags | flags.ui.badges.percentage: 12.5 → 25
    ml.flags | flags.old: - 1
    ml.flags | flags.new: + true
    ml.mode | mode: "a" → {"a":1}
    ml.usage | usage: [1] → {}
    "#);
    assert_snapshot!(said(json!([]), json!({})), @"ml | : [] → {}");
}

#[test]
fn null_is_a_value_and_not_the_lack_of_one() {
    assert_snapshot!(said(json!({"a": null, "b": null, "d": 1}), json!({"a": 0, "c": null, "d": null})), @"
    ml.a | a: null → 0
    ml.b | b: - null
    ml.c | c: + null
    ml.d | d: 1 → null
    ");
}

#[test]
fn changes_are_in_the_order_of_the_later_state_and_what_went_where_it_was() {
    assert_snapshot!(said(
        json!({"a": 1, "gone": 2, "b": 3, "too": 4, "c": 5, "last": 6}),
        json!({"first": 0, "a": 2, "b": 4, "new": 0, "c": 6}),
    ), @"
    ml.first | first: + 0
    ml.a | a: 1 → 2
    ml.gone | gone: - 2
    ml.b | b: 3 → 4
    ml.too | too: - 4
    ml.new | new: + 0
    ml.c | c: 5 → 6
    ml.last | last: - 6
    ");
    assert_snapshot!(said(json!({"a": 1, "gone": 0, "b": 2}), json!({"b": 3, "a": 4})), @"
    ml.b | b: 2 → 3
    ml.a | a: 1 → 4
    ml.gone | gone: - 0
    ");
}

#[test]
fn a_ring_of_500_that_moved_on_is_5_dropped_and_5_added() {
    let ring = |from: usize| -> Value {
        let record = |i: usize| json!({"ts": i * 1000, "verdict": if i.is_multiple_of(3) { "ok" } else { "slow" }});
        json!({"log": (from..from + 500).map(record).collect::<Value>()})
    };
    assert_snapshot!(said(ring(0), ring(5)), @"ml.log | log: by ts: ring: 5 dropped, 5 added, 500 → 500");
    let series = |from: usize| {
        json!({"metrics": {"performance": {"calculationTime":
        (from..from + 500).map(|i| i % 7).collect::<Value>()}}})
    };
    assert_snapshot!(said(series(0), series(5)), @"ml.metrics.performance | metrics.performance.calculationTime: ring: 5 dropped, 5 added, 500 → 500");
}

#[test]
fn an_element_that_changed_inside_a_ring_is_found_by_its_key() {
    let files = |from: usize| -> Value {
        (from..from + 6)
            .map(|i| json!({"id": i, "name": format!("f{i}"), "marks": [i]}))
            .collect()
    };
    let mut after = files(2);
    after[2]["name"] = json!("renamed");
    after[3]["marks"] = json!([5, 6]);
    let difference = compared(&json!({"files": files(0)}), &json!({"files": after}));
    assert_snapshot!(lines(&difference), @r#"
    ml.files | files: by id: ring: 2 dropped, 2 added, 2 changed, 6 → 6
    ml.files | files[id=4].name: "f4" → "renamed"
    ml.files | files[id=5].marks: 1 added, 1 → 2
    "#);
    let pointers: Vec<&str> = difference
        .changes
        .iter()
        .map(|change| change.pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/files", "/files/2/name", "/files/3/marks"]);
}

#[test]
fn elements_that_came_and_went_are_shown() {
    let difference = compared(
        &json!({"userGroups": ["staff", "ops"], "files": [{"path": "a", "n": 1}, {"path": "b", "n": 2}, {"path": "c", "n": 3}]}),
        &json!({"userGroups": ["staff", "ops", "beta"], "files": [{"path": "c", "n": 3}, {"path": "a", "n": 1}, {"path": "b", "n": 9}]}),
    );
    assert_snapshot!(lines(&difference), @"
    ml.userGroups | userGroups: 1 added, 2 → 3
    ml.files | files: by path: 1 moved, 1 changed, 3 → 3
    ml.files | files[path=b].n: 2 → 9
    ");
    let list = |ids: [(u8, u8); 3]| -> Value {
        ids.iter()
            .map(|(id, n)| json!({"id": id, "n": n}))
            .collect()
    };
    assert_snapshot!(said(list([(7, 0), (8, 0), (9, 0)]), list([(8, 1), (9, 0), (7, 1)])), @"
    ml | : by id: 1 moved, 2 changed, 3 → 3
    ml | [id=8].n: 0 → 1
    ml | [id=7].n: 0 → 1
    ");
    let [groups, files, _] = difference.changes.as_slice() else {
        panic!("three changes");
    };
    assert_eq!(groups.before, None);
    assert_eq!(groups.after, Some(excerpt(&json!(["beta"]))));
    assert_eq!(
        (&files.before, &files.after),
        (&None, &None),
        "what moved did not go"
    );
}

#[test]
fn what_is_equal_under_another_name_was_renamed_or_moved() {
    let rule = json!({"strategy": "canary", "percentage": 5});
    assert_snapshot!(said(
        json!({"rules": {"a": rule, "keep": 1}, "text": "a text long enough"}),
        json!({"rules": {"b": rule, "keep": 1}, "notes": {"x": 1}, "title": "a text long enough"}),
    ), @r#"
    ml.rules | rules.b: from /rules/a
    ml.notes | notes: + {"x":1}
    ml.title | title: from /text
    "#);
    // In order of keys alone there is no difference, also of what moved.
    assert_snapshot!(said(
        json!({"x": {"a": rule}, "y": {}}),
        json!({"x": {}, "y": {"b": {"percentage": 5, "strategy": "canary"}}}),
    ), @"ml.y | y.b: from /x/a");
}

#[test]
fn what_moved_is_one_change() {
    let rule = json!({"strategy": "canary", "percentage": 5});
    let options = Options {
        noise: vec!["old".into()],
        ..Options::default()
    };
    let found = difference(
        &json!({"old": {"a": rule}, "x": 1}),
        &json!({"old": {}, "b": rule, "x": 2}),
        &options,
    );
    assert_eq!((found.total, found.noise, found.changes.len()), (2, 0, 2));
    assert_eq!(found.changes[0].from.as_deref(), Some("/old/a"));
    assert!(found.unchanged.is_empty(), "something left /old");
}

#[test]
fn what_could_be_another_or_is_small_did_not_move() {
    let rule = json!({"strategy": "canary", "percentage": 5});
    assert_snapshot!(said(json!({"r": {"a": rule, "b": rule}}), json!({"r": {"c": rule}})), @r#"
    ml.r | r.a: - {"strategy":"canary","percentage":5}
    ml.r | r.b: - {"strategy":"canary","percentage":5}
    ml.r | r.c: + {"strategy":"canary","percentage":5}
    "#);
    assert_snapshot!(said(json!({"a": 1, "b": {}}), json!({"c": 1, "d": {}})), @"
    ml.a | a: - 1
    ml.b | b: - {}
    ml.c | c: + 1
    ml.d | d: + {}
    ");
    assert_snapshot!(said(json!({"a": {"strategy": "canary", "percentage": 5}}), json!({"b": {"strategy": "canary", "percentage": 6}})), @r#"
    ml.a | a: - {"strategy":"canary","percentage":5}
    ml.b | b: + {"strategy":"canary","percentage":6}
    "#);
}

#[test]
fn numbers_within_the_tolerance_are_counted_and_not_listed() {
    let options = |tolerance| Options {
        tolerance,
        ..Options::default()
    };
    let before = json!({"a": 99, "b": 100, "c": -1.0, "d": 0, "s": [10, 20, 30], "t": [10, 20, 30], "x": "1"});
    let after = json!({"a": 100, "b": 102, "c": 1.0, "d": 0.0, "s": [10.05, 20.1, 30], "t": [10.05, 20, 40], "x": "1.001"});
    let found = difference(&before, &after, &options(0.01));
    assert_snapshot!(lines(&found), @r#"
    ml.b | b: 100 → 102
    ml.c | c: -1.0 → 1.0
    ml.t | t: 1 changed, 3 → 3
    ml.x | x: "1" → "1.001"
    "#);
    assert_eq!(
        (found.total, found.tolerated),
        (4, 4),
        "a, two of s and one of t"
    );
    assert_eq!(difference(&before, &after, &options(0.0)).total, 6);
    assert_eq!(difference(&before, &after, &options(f64::NAN)).total, 6);
    assert_eq!(difference(&before, &after, &options(-1.0)).total, 6);
}

#[test]
fn elements_that_differ_within_the_tolerance_alone_did_not_change() {
    let list = |scale: f64| json!({"files": [{"id": 1, "score": scale}, {"id": 2, "score": 1.0}]});
    let options = Options {
        tolerance: 0.1,
        ..Options::default()
    };
    let found = difference(&list(1.0), &list(1.05), &options);
    assert_eq!((found.total, found.tolerated), (0, 1));
    assert_eq!(found.unchanged, ["/files"]);
}

#[test]
fn changes_beneath_a_key_of_noise_are_noise() {
    let options = Options {
        noise: vec!["updatedAt".into(), "cache".into()],
        ..Options::default()
    };
    let found = difference(
        &json!({"flags": {"updatedAt": 1, "updated": 1}, "cache": {"a": {"b": 1}, "list": [1]}}),
        &json!({"flags": {"updatedAt": 2, "updated": 2}, "cache": {"a": {"b": 2}, "list": [1, 2]}}),
        &options,
    );
    assert_snapshot!(lines(&found), @"
    ml.flags | flags.updatedAt: 1 → 2 (noise)
    ml.flags | flags.updated: 1 → 2
    ml.cache | cache.a.b: 1 → 2 (noise)
    ml.cache | cache.list: 1 added, 1 → 2 (noise)
    ");
    assert_eq!((found.total, found.noise), (4, 3));
}

#[test]
fn a_series_tells_how_it_drifted() {
    let before: Vec<usize> = (0..200).collect();
    let after: Vec<usize> = (10..200).chain(std::iter::repeat_n(1000, 10)).collect();
    let found = compared(&json!({"s": before}), &json!({"s": after}));
    let series = found.changes[0].series.as_ref().expect("a series");
    assert_eq!(
        (series.mean_before, series.mean_after),
        (Some(99.5), Some(149.275))
    );
    assert_eq!(
        (series.p95_before, series.p95_after),
        (Some(189.0), Some(199.0))
    );
    assert_eq!(series.largest_change, Some(0.0), "what stayed is as it was");
    assert_eq!((series.before.len(), series.after.len()), (60, 60));
    assert_eq!((series.before[0], series.before[59]), (1.0, 197.5));
    let corrected = compared(&json!({"s": [1, 2, 3, 4, 5]}), &json!({"s": [3, -4, 5, 6]}));
    let [change] = corrected.changes.as_slice() else {
        panic!("one change");
    };
    let series = change.series.as_ref().expect("a series");
    assert_snapshot!(line(change), @"ml.s | s: ring: 2 dropped, 1 added, 1 changed, 5 → 4");
    assert_eq!(series.largest_change, Some(8.0));
    assert_eq!(series.before, [1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn few_numbers_many_nulls_and_other_values_make_no_series() {
    let kind = |before: Value, after: Value| {
        compared(&json!({"s": before}), &json!({"s": after})).changes[0].kind
    };
    let ten = |first: Value| -> Value {
        std::iter::once(first)
            .chain((1..10).map(Value::from))
            .collect()
    };
    assert_eq!(kind(json!([1, 2, 3]), json!([1, 2, 4])), Kind::Series);
    assert_eq!(kind(ten(json!(0)), ten(json!(null))), Kind::Series);
    assert_eq!(kind(json!([1, 2]), json!([1, 2, 4])), Kind::List);
    assert_eq!(
        kind(json!([1, 2, 3, null]), json!([1, 2, 4, null])),
        Kind::Changed
    );
    assert_eq!(kind(json!([1, 2, 3]), json!([])), Kind::List);
    assert_eq!(kind(json!([1, 2, "3"]), json!([1, 2, "4"])), Kind::Changed);
    let extreme = compared(
        &json!([f64::MAX, f64::MAX, f64::MAX]),
        &json!([f64::MIN, f64::MIN, f64::MIN]),
    );
    let series = extreme.changes[0].series.as_ref().expect("a series");
    let figures = [
        series.mean_before,
        series.mean_after,
        series.p95_before,
        series.largest_change,
    ];
    assert!(
        figures.iter().flatten().all(|figure| figure.is_finite()),
        "{figures:?}"
    );
}

#[test]
fn keys_that_could_be_misread_are_quoted_in_paths_and_escaped_in_pointers() {
    let state = |value: u8| json!({"": {"": value}, "a/b": value, "m~n": value, "x.y": {"z": value}, "[0]": value, "s p": value});
    let found = compared(&state(1), &state(2));
    let places: Vec<String> = found
        .changes
        .iter()
        .map(|change| format!("{} {} {}", change.pointer, change.path, change.group))
        .collect();
    assert_snapshot!(places.join("\n"), @r#"
    // [""][""] ml[""]
    /a~1b a/b ml.a/b
    /m~0n m~n ml.m~n
    /x.y/z ["x.y"].z ml["x.y"]
    /[0] ["[0]"] ml["[0]"]
    /s p ["s p"] ml["s p"]
    "#);
}

#[test]
fn groups_are_members_and_those_of_metrics_one_by_one() {
    let before = json!({"flags": {"a": 1}, "metrics": {"performance": {"x": 1}, "quality": {"y": 1}, "n": 1}, "cache": {}, "same": 1, "gone": 1});
    let after = json!({"flags": {"a": 1}, "metrics": {"performance": {"x": 2}, "quality": {"y": 1}, "n": 1}, "cache": {}, "same": 1, "new": 1});
    let found = compared(&before, &after);
    assert_snapshot!(lines(&found), @"
    ml.metrics.performance | metrics.performance.x: 1 → 2
    ml.gone | gone: - 1
    ml.new | new: + 1
    ");
    assert_eq!(
        found.unchanged,
        [
            "/flags",
            "/metrics/quality",
            "/metrics/n",
            "/cache",
            "/same"
        ]
    );
    let whole = compared(
        &json!({"metrics": 1}),
        &json!({"metrics": {"quality": {"y": 1}}}),
    );
    assert_snapshot!(lines(&whole), @r#"ml.metrics | metrics: 1 → {"quality":{"y":1}}"#);
    assert!(whole.unchanged.is_empty());
}

#[test]
fn long_values_are_cut_between_characters() {
    let text = "ä".repeat(1_000);
    let found = compared(
        &json!({"a": "x"}),
        &json!({"a": text, "b": vec!["ü"; 1000]}),
    );
    let cut = found.changes[0].after.as_ref().expect("a value");
    assert_eq!((cut.text.chars().count(), cut.is_whole), (200, false));
    assert_eq!(cut.text, format!("\"{}", "ä".repeat(199)));
    assert!(!found.changes[1].after.as_ref().expect("a value").is_whole);
    let just = excerpt(&json!("ä".repeat(198)));
    assert_eq!((just.text.chars().count(), just.is_whole), (200, true));
    assert!(!excerpt(&json!("ä".repeat(199))).is_whole);
}

#[test]
fn more_changes_than_are_listed_are_counted() {
    let state = |value: usize| json!({"all": (0..6000).map(|i| (format!("k{i}"), json!(value))).collect::<Map<_, _>>(), "last": value});
    let options = Options {
        noise: vec!["last".into()],
        ..Options::default()
    };
    let found = difference(&state(1), &state(2), &options);
    assert_eq!(
        (found.changes.len(), found.total, found.noise),
        (5000, 6001, 1)
    );
    assert!(
        found.unchanged.is_empty(),
        "the last one changed, though it is not listed"
    );
    let long = "k".repeat(100_000);
    let deep = |value: usize| json!({&long: (0..100).map(|i| (i.to_string(), json!(value))).collect::<Map<_, _>>()});
    let found = compared(&deep(1), &deep(2));
    assert_eq!(
        (found.changes.len(), found.total),
        (20, 100),
        "places are bounded too"
    );
}
