//! Which elements of two lists are the same.

use flagdeck_core::tree::{self, Alignment, Run, Tree};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

fn trees(list: &[Value]) -> Vec<Tree> {
    list.iter().cloned().map(Tree::from).collect()
}

fn align(before: &[Value], after: &[Value]) -> Alignment {
    tree::align(&trees(before), &trees(after))
}

fn same(one: &Value, other: &Value) -> bool {
    tree::same(&one.clone().into(), &other.clone().into())
}

/// Says an alignment on one line: `by id: drop 1, keep 2, change 1; moved 3→0`.
fn said(before: &Value, after: &Value) -> String {
    let alignment = align(elements_of(before), elements_of(after));
    let key = alignment.key.map(|key| format!("by {key}: "));
    let runs: Vec<String> = alignment
        .runs
        .iter()
        .map(|run| format!("{run:?}"))
        .collect();
    let moved = alignment
        .moved
        .iter()
        .map(|(from, to)| format!("; {from}→{to}"));
    format!(
        "{}{}{}",
        key.unwrap_or_default(),
        runs.join(" "),
        moved.collect::<String>()
    )
}

fn elements_of(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn numbers(range: impl Iterator<Item = usize>) -> Value {
    range.map(Value::from).collect()
}

fn records(range: impl Iterator<Item = usize>) -> Value {
    range
        .map(|i| json!({"id": i, "name": "x", "value": i * 7}))
        .collect()
}

#[test]
fn equal_lists_are_kept_and_others_differ_between_their_equal_ends() {
    assert_snapshot!(said(&json!([]), &json!([])), @"");
    assert_snapshot!(said(&json!([1, "a", null]), &json!([1, "a", null])), @"Keep(3)");
    assert_snapshot!(said(&json!([]), &json!([1])), @"Add(1)");
    assert_snapshot!(said(&json!([1, 2]), &json!([])), @"Drop(2)");
    assert_snapshot!(said(&json!([1, 2]), &json!([1, 2, 3])), @"Keep(2) Add(1)");
    assert_snapshot!(said(&json!([1, 2, 3]), &json!([1, 3])), @"Keep(1) Drop(1) Keep(1)");
    assert_snapshot!(said(&json!([1, 2, 3]), &json!([1, 9, 3])), @"Keep(1) Change(1) Keep(1)");
    assert_snapshot!(said(&json!([1, 2]), &json!(["a", {}, 3])), @"Change(2) Add(1)");
}

#[test]
fn a_ring_that_moved_on_dropped_and_added() {
    assert_snapshot!(said(&numbers(0..500), &numbers(5..505)), @"Drop(5) Keep(495) Add(5)");
    assert_snapshot!(said(&numbers(0..500), &numbers(450..1000)), @"Drop(450) Keep(50) Add(500)");
    assert_snapshot!(said(&records(0..100), &records(11..111)), @"by id: Drop(11) Keep(89) Add(11)");
    assert_snapshot!(said(&records(0..100), &records(100..200)), @"by id: Drop(100) Add(100)");
}

#[test]
fn a_ring_of_repeating_readings_is_still_one() {
    // The first ones are equal in place too, which must not hide that the list moved on.
    let ring = |from: usize| numbers((from..from + 300).map(|i| usize::from(i > 290) * i));
    assert_snapshot!(said(&ring(0), &ring(4)), @"Drop(4) Keep(296) Add(4)");
    let flags = |from: usize| (from..from + 9).map(|i| json!(i % 3 == 0)).collect();
    assert_snapshot!(said(&flags(0), &flags(1)), @"Drop(1) Keep(8) Add(1)");
}

#[test]
fn a_reading_that_was_corrected_does_not_hide_the_shift() {
    let mut after = numbers(5..505);
    after[200] = json!(-1);
    assert_snapshot!(said(&numbers(0..500), &after), @"Drop(5) Keep(200) Change(1) Keep(294) Add(5)");
    let mut after = records(5..505);
    after[200]["value"] = json!(-1);
    assert_snapshot!(said(&numbers(0..0), &after), @"Add(500)");
    assert_snapshot!(said(&records(0..500), &after), @"by id: Drop(5) Keep(200) Change(1) Keep(294) Add(5)");
}

#[test]
fn newest_first_is_a_ring_too() {
    let newest_first = |upto: usize| numbers((upto - 100..upto).rev());
    assert_snapshot!(said(&newest_first(100), &newest_first(107)), @"Add(7) Keep(93) Drop(7)");
}

#[test]
fn the_key_is_the_first_that_tells_elements_apart() {
    let by = |key: &str, twin: &str| {
        let element = |i: usize, value: usize| json!({key: i, twin: "same", "value": value});
        let list = |value| (0..3).map(|i| element(i, value)).collect::<Value>();
        align(elements_of(&list(0)), elements_of(&list(1))).key
    };
    for (key, twin) in [("id", "key"), ("key", "id"), ("ts", "id"), ("path", "name")] {
        assert_eq!(by(key, twin).as_deref(), Some(key));
    }
    assert_eq!(by("other", "id"), None);
    // Numbers that are given again each time tell nothing; names that stayed do.
    let list = |from: usize| -> Value {
        let element = |i: usize| json!({"id": from + i, "name": format!("n{i}")});
        (0..3).map(element).collect()
    };
    assert_snapshot!(said(&list(0), &list(10)), @"by name: Change(3)");
}

#[test]
fn a_key_need_not_be_in_every_element_but_must_tell_apart() {
    let list = |range: std::ops::Range<usize>| {
        let mut list = records(range);
        list[4] = json!("a note");
        list
    };
    assert_snapshot!(said(&list(0..20), &list(1..21)), @"by id: Drop(1) Keep(3) Add(1) Keep(1) Drop(1) Keep(14) Add(1)");
    let twice = json!([{"id": 1, "a": 1}, {"id": 1, "a": 2}]);
    assert_snapshot!(said(&twice, &json!([{"id": 1, "a": 3}, {"id": 1, "a": 2}])), @"Change(1) Keep(1)");
    let once = json!([{"id": 2, "a": 1}, {"id": 1, "a": 4}]);
    assert_snapshot!(said(&twice, &once), @"Change(2)");
    let odd = json!([{"id": null, "a": 1}, {"id": [1], "a": 2}]);
    assert_snapshot!(said(&odd, &json!([{"id": null, "a": 3}, {"id": [2], "a": 2}])), @"Change(2)");
}

#[test]
fn keys_of_any_kind_and_order_tell_apart() {
    let list = |ids: &[Value], value: u8| -> Value {
        ids.iter().map(|id| json!({"id": id, "v": value})).collect()
    };
    let kinds = [
        [json!(1), json!(2), json!(3), json!(4)],
        [json!(0.5), json!(1.5), json!(2.5), json!(3.5)],
        [json!("a"), json!("b"), json!("c"), json!("d")],
        [json!(-1), json!(2), json!("x"), json!(1.5)],
        [json!(4), json!(1), json!(3), json!(2)],
    ];
    for ids in kinds {
        let (before, after) = (list(&ids[..3], 0), list(&ids[1..], 1));
        assert_eq!(said(&before, &after), "by id: Drop(1) Change(2) Add(1)");
    }
    let (before, after) = (
        list(&[json!(1), json!(2)], 0),
        list(&[json!(1.0), json!(2)], 0),
    );
    assert_snapshot!(said(&before, &after), @"Keep(2)");
    let numbers = |ids: &[u8]| list(&ids.iter().map(|id| json!(id)).collect::<Vec<_>>(), 0);
    assert_snapshot!(said(&numbers(&[2, 4, 5, 7, 8]), &numbers(&[1, 3, 4, 6, 7, 9])), @"by id: Drop(1) Add(2) Keep(1) Drop(1) Add(1) Keep(1) Drop(1) Add(1)");
}

#[test]
fn what_stands_elsewhere_moved() {
    let files = |ids: [usize; 4]| ids.map(|id| json!({"id": id, "n": 0}));
    let mut after = files([4, 1, 2, 3]);
    assert_snapshot!(said(&json!(files([1, 2, 3, 4])), &json!(after)), @"by id: Add(1) Keep(3) Drop(1); 3→0");
    after[0]["n"] = json!(1);
    assert_snapshot!(said(&json!(files([1, 2, 3, 4])), &json!(after)), @"by id: Add(1) Keep(3) Drop(1); 3→0");
    assert_snapshot!(said(&json!(["a", "b"]), &json!(["b", "a"])), @"Drop(1) Keep(1) Add(1); 0→1");
    assert_snapshot!(said(&json!([1, 2]), &json!([2, 1])), @"Drop(1) Keep(1) Add(1)");
}

#[test]
fn trees_are_the_same_in_every_value_or_not() {
    assert!(same(&json!({"a": 1, "b": [2]}), &json!({"a": 1, "b": [2]})));
    assert!(same(&json!({"a": 1, "b": [2]}), &json!({"b": [2], "a": 1})));
    assert!(!same(&json!({"a": 1, "b": 2}), &json!({"a": 1, "c": 2})));
    assert!(!same(&json!({"a": 1}), &json!({"a": 1, "b": null})));
    assert!(same(&json!([1, 0.0]), &json!([1.0, -0.0])));
}

#[test]
fn what_only_has_the_same_place_is_parted_where_most_of_it_are_strangers() {
    // A ring that turned over altogether, with no key that tells: two records of one moment.
    let record = |i: usize| json!({"key": format!("ml.k{}", i % 7), "newValue": i, "timestamp": i / 7, "source": "at a.js:1"});
    let ring = |from: usize| (from..from + 100).map(record).collect::<Value>();
    assert_snapshot!(said(&ring(0), &ring(500)), @"Drop(100) Add(100)");
    assert_snapshot!(said(&ring(0), &ring(30)), @"Drop(30) Keep(70) Add(30)");
    // One part in two of each is another: the same elements.
    let half = |value: usize| (0..100).map(|i| json!([i, value])).collect::<Value>();
    assert_snapshot!(said(&half(1), &half(2)), @"Change(100)");
    let rows = |value: usize| {
        (0..100)
            .map(|i| json!([i + value, value]))
            .collect::<Value>()
    };
    assert_snapshot!(said(&rows(1), &rows(2)), @"Drop(100) Add(100)");
    let texts = |from: usize, count: usize| -> Value {
        (from..from + count)
            .map(|i| json!(format!("user{i}")))
            .collect()
    };
    assert_snapshot!(said(&texts(0, 9), &texts(50, 12)), @"Drop(9) Add(12)");
    // Few are read one by one, and of numbers the place tells.
    assert_snapshot!(said(&texts(0, 8), &texts(50, 8)), @"Change(8)");
    assert_snapshot!(said(&numbers(0..100), &numbers(500..600)), @"Change(100)");
}

#[test]
fn lists_too_far_apart_are_compared_by_what_is_there_once_and_by_place() {
    let noisy =
        |seed: usize| (0..4000).map(move |i| json!(["x", "y", "z"][(i * i / 7 + i * seed) % 3]));
    let before: Vec<Value> = noisy(1).chain([json!("anchor")]).chain(noisy(2)).collect();
    let after: Vec<Value> = noisy(5)
        .skip(1)
        .chain([json!("anchor")])
        .chain(noisy(3))
        .collect();
    let alignment = align(&before, &after);
    check(&before, &after, &alignment);
    // Even then it is seen that the end of one is the beginning of the other.
    let bits = |seed: u64, count: u64| -> Vec<Value> {
        let bit = |i: u64| {
            let mixed = (i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 63
        };
        (0..count).map(|i| Value::from(bit(i))).collect()
    };
    let before = [bits(0, 2000), bits(9000, 1000)].concat();
    let after = [bits(9000, 1000), bits(50_000, 2000)].concat();
    let runs = align(&before, &after).runs;
    assert_eq!(runs, [Run::Drop(2000), Run::Keep(1000), Run::Add(2000)]);
}

/// Checks everything an alignment promises.
fn check(before: &[Value], after: &[Value], alignment: &Alignment) {
    let (mut from, mut to, mut rebuilt) = (0, 0, Vec::new());
    let (mut dropped, mut added) = (Vec::new(), Vec::new());
    for run in &alignment.runs {
        match *run {
            Run::Keep(count) => {
                rebuilt.extend_from_slice(&before[from..from + count]);
                (from, to) = (from + count, to + count);
            }
            Run::Change(count) => {
                for i in 0..count {
                    assert!(
                        !same(&before[from + i], &after[to + i]),
                        "a change that is none"
                    );
                }
                rebuilt.extend_from_slice(&after[to..to + count]);
                (from, to) = (from + count, to + count);
            }
            Run::Drop(count) => {
                dropped.extend(from..from + count);
                from += count;
            }
            Run::Add(count) => {
                rebuilt.extend_from_slice(&after[to..to + count]);
                added.extend(to..to + count);
                to += count;
            }
        }
    }
    assert_eq!((from, to), (before.len(), after.len()), "{alignment:?}");
    let is_after = rebuilt
        .iter()
        .zip(after)
        .all(|(one, other)| same(one, other));
    assert!(is_after && rebuilt.len() == after.len(), "{alignment:?}");
    check_shape(before, after, alignment, &dropped, &added);
}

fn check_shape(
    before: &[Value],
    after: &[Value],
    alignment: &Alignment,
    dropped: &[usize],
    added: &[usize],
) {
    let kind = std::mem::discriminant::<Run>;
    assert!(
        alignment
            .runs
            .windows(2)
            .all(|runs| kind(&runs[0]) != kind(&runs[1]))
    );
    let (mut from, mut to): (Vec<usize>, Vec<usize>) = alignment.moved.iter().copied().unzip();
    assert!(
        from.iter().all(|from| dropped.contains(from)),
        "{alignment:?}"
    );
    assert!(to.iter().all(|to| added.contains(to)), "{alignment:?}");
    from.dedup();
    to.sort_unstable();
    to.dedup();
    assert_eq!(
        (from.len(), to.len()),
        (alignment.moved.len(), alignment.moved.len())
    );
    for &(from, to) in &alignment.moved {
        let is_same = match &alignment.key {
            Some(key) => same(&before[from][key], &after[to][key]),
            None => same(&before[from], &after[to]),
        };
        assert!(is_same, "{alignment:?}");
    }
}

fn kept(alignment: &Alignment) -> usize {
    let count = |run: &Run| match run {
        Run::Keep(count) => *count,
        _ => 0,
    };
    alignment.runs.iter().map(count).sum()
}

/// Elements of which many are alike.
fn elements() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => (0..4).prop_map(Value::from),
        3 => "[ab]{0,2}".prop_map(Value::from),
        1 => (0..3, 0..3).prop_map(|(a, b)| json!({"a": a, "b": [b]})),
        1 => Just(Value::Null),
    ]
}

/// Objects most of which have a key, of any kind, few of them twice, in many lists ascending.
fn keyed() -> impl Strategy<Value = Vec<Value>> {
    let name = prop_oneof![9 => Just("id"), 1 => Just("name")];
    let id = prop_oneof![
        6 => (0..40).prop_map(Value::from),
        1 => (0..40).prop_map(|id| json!(f64::from(id))),
        1 => "[ab]{0,3}".prop_map(Value::from),
    ];
    let element = (name, id, 0..2).prop_map(|(name, id, value)| json!({name: id, "v": value}));
    let lists = (prop::collection::vec(element, 0..30), 0..3);
    lists.prop_map(|(mut list, how)| {
        if how > 0 {
            list.retain(|element| element["id"].is_u64());
        }
        if how > 1 {
            list.sort_by_key(|element| element["id"].as_u64());
            list.dedup_by_key(|element| element["id"].clone());
        }
        list
    })
}

/// The length of the longest common subsequence, by the plain table.
fn longest_common(before: &[Value], after: &[Value]) -> usize {
    let mut row = vec![0; after.len() + 1];
    for old in before {
        let mut above_left = 0;
        for (place, new) in after.iter().enumerate() {
            let above = row[place + 1];
            row[place + 1] = match old == new {
                true => above_left + 1,
                false => above.max(row[place]),
            };
            above_left = above;
        }
    }
    row[after.len()]
}

proptest! {
    #[test]
    fn runs_lead_from_one_list_to_the_other(
        before in prop::collection::vec(elements(), 0..30),
        after in prop::collection::vec(elements(), 0..30),
    ) {
        check(&before, &after, &align(&before, &after));
    }

    #[test]
    fn runs_lead_from_one_keyed_list_to_the_other(before in keyed(), after in keyed()) {
        check(&before, &after, &align(&before, &after));
    }

    #[test]
    fn few_changes_to_a_list_are_found_whatever_repeats_in_it(
        before in prop::collection::vec(elements(), 1..40),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3, elements()), 0..5),
    ) {
        let mut after = before.clone();
        for (at, what, element) in &edits {
            match what {
                0 => after.insert(at.index(after.len() + 1), element.clone()),
                1 if !after.is_empty() => drop(after.remove(at.index(after.len()))),
                _ => after.push(element.clone()),
            }
        }
        let alignment = align(&before, &after);
        check(&before, &after, &alignment);
        // A ring that moved on is preferred to a longer common part, never to half of it.
        prop_assert!(kept(&alignment) * 2 >= longest_common(&before, &after));
    }

    #[test]
    fn as_much_is_kept_of_a_ring_as_stayed(
        all in prop::collection::vec(elements(), 1..60),
        ends in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let (dropped, length) = (ends.0.index(all.len()), ends.1.index(all.len()) + 1);
        let (before, after) = (&all[..length], &all[dropped.min(length)..]);
        let alignment = align(before, after);
        check(before, after, &alignment);
        prop_assert!(kept(&alignment) >= length.saturating_sub(dropped));
    }
}
