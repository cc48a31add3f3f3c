//! What a restore asks a source to become, whether it became that, and how a restore ends.

use flagdeck_core::diff::states;
use flagdeck_core::restore::{Asked, PartError, Parts, Status, Transition, Undo};
use flagdeck_core::tree::{Path, Tree};
use flagdeck_core::{difference, state};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::states::{any_tree, object};

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

/// Asks for parts of `then` of a source that has reported `now`.
#[track_caller]
fn ask(only: &[&str], except: &[&str], now: &Tree, then: &Tree) -> Asked {
    let parts = Parts::find(&keys(only), &keys(except), now, then).expect("the parts are there");
    Asked::new(parts, then.clone())
}

#[track_caller]
fn only(keys: &[&str], now: Tree, then: Tree, asked: Tree) {
    let laid = ask(keys, &[], &now, &then).laid_on(&now);
    assert_eq!(laid.to_string(), asked.to_string());
}

fn then() -> Tree {
    tree!({
        "list": [{"id": "alpha", "n": 1}, {"id": "beta", "n": 2}, {"id": "gamma", "n": 3}],
        "limits": {"memMB": 5, "cpu": 1},
        "flags": {"a.b": true},
        "plain": [1, 2, 3, 4]
    })
}

#[test]
fn everything_is_asked_for_but_the_ring_of_changes() {
    let now = tree!({"n": 2, "new": true, "history": [{"key": "ml.n"}]});
    let then = tree!({"n": 1, "history": []});
    let asked = ask(&[], &[], &now, &then);
    assert_eq!(
        asked.laid_on(&now),
        tree!({"n": 1, "history": [{"key": "ml.n"}]})
    );
    assert!(asked.verdict(&tree!({"n": 1})).is_exact);
    assert!(asked.verdict(&tree!({"n": 1, "history": [1, 2]})).is_exact);
    let more = asked.verdict(&tree!({"n": 1, "new": true}));
    assert_eq!((more.is_exact, more.differing), (false, keys(&["ml.new"])));
}

#[test]
fn only_some_parts_are_laid_on_what_was_reported_since() {
    let asked = ask(
        &["ml.a"],
        &[],
        &tree!({"a": 2, "b": 1}),
        &tree!({"a": 1, "b": 1}),
    );
    assert_eq!(
        asked.laid_on(&tree!({"a": 2, "b": 99})),
        tree!({"a": 1, "b": 99})
    );
    assert!(asked.verdict(&tree!({"a": 1, "b": 7})).is_exact);
    let stale = asked.verdict(&tree!({"a": 2, "b": 1}));
    assert_eq!((stale.is_exact, stale.differing), (false, keys(&["ml.a"])));
}

#[test]
fn all_but_some_parts_leaves_those_as_reported() {
    let now = tree!({"a": 2, "b": 2, "c": 2});
    let asked = ask(&[], &["ml.b"], &now, &tree!({"a": 1, "b": 1}));
    assert_eq!(asked.laid_on(&now), tree!({"a": 1, "b": 2}));
    assert_eq!(
        asked.laid_on(&tree!({"b": 9, "d": 9})),
        tree!({"a": 1, "b": 9})
    );
    assert!(
        asked.verdict(&tree!({"a": 1})).is_exact,
        "what is excepted may go"
    );
    assert_eq!(asked.verdict(&now).differing, keys(&["ml.a", "ml.c"]));
}

#[test]
fn some_parts_but_not_what_is_excepted_in_them() {
    let now = tree!({"limits": {"memMB": 512, "cpu": 9}, "n": 1});
    let asked = ask(&["ml.limits"], &["ml.limits.cpu"], &now, &then());
    assert_eq!(
        asked.laid_on(&now),
        tree!({"limits": {"memMB": 5, "cpu": 9}, "n": 1})
    );
}

#[test]
fn a_lost_record_comes_back_among_its_neighbours() {
    only(
        &["ml.list[id=beta]"],
        tree!({"list": [{"id": "new"}, {"id": "alpha", "n": 7}, {"id": "gamma", "n": 3}]}),
        then(),
        tree!({"list": [{"id": "new"}, {"id": "alpha", "n": 7}, {"id": "beta", "n": 2},
            {"id": "gamma", "n": 3}]}),
    );
    // By the place it had in the snapshot, whatever stands there now.
    only(
        &["/list/1"],
        tree!({"list": [{"id": "alpha", "n": 7}, {"id": "gamma", "n": 3}]}),
        then(),
        tree!({"list": [{"id": "alpha", "n": 7}, {"id": "beta", "n": 2}, {"id": "gamma", "n": 3}]}),
    );
}

#[test]
fn a_record_that_moved_is_restored_where_it_stands() {
    only(
        &["ml.list[id=gamma].n"],
        tree!({"list": [{"id": "gamma", "n": 9}, {"id": "alpha", "n": 9}]}),
        then(),
        tree!({"list": [{"id": "gamma", "n": 3}, {"id": "alpha", "n": 9}]}),
    );
}

#[test]
fn a_record_that_the_snapshot_lacks_is_taken_away_and_no_other() {
    only(
        &["ml.list[id=new]"],
        tree!({"list": [{"id": "alpha", "n": 9}, {"id": "new"}, {"id": "gamma", "n": 9}]}),
        then(),
        tree!({"list": [{"id": "alpha", "n": 9}, {"id": "gamma", "n": 9}]}),
    );
}

#[test]
fn a_value_of_a_record_that_is_gone_brings_the_record_back() {
    let lacks = tree!({"list": [{"id": "alpha", "n": 1}]});
    let whole = tree!({"list": [{"id": "alpha", "n": 1}, {"id": "gamma", "n": 3}]});
    only(&["ml.list[id=gamma].n"], lacks, then(), whole);
    let alone = tree!({"list": [{"id": "gamma", "n": 3}]});
    only(&["ml.list[id=gamma].n"], tree!({}), then(), alone.clone());
    only(&["ml.list[id=gamma].n"], tree!({"list": 5}), then(), alone);
}

#[test]
fn objects_on_the_way_are_made_and_hold_nothing_else() {
    let asked = tree!({"limits": {"memMB": 5}});
    only(&["ml.limits.memMB"], tree!({}), then(), asked.clone());
    only(&["ml.limits.memMB"], tree!({"limits": [1]}), then(), asked);
    only(
        &["ml.flags.a.b"],
        tree!({}),
        then(),
        tree!({"flags": {"a.b": true}}),
    );
}

#[test]
fn a_place_in_a_list_without_identities_is_filled_up_to() {
    only(
        &["ml.plain[2]"],
        tree!({"plain": [9, 9, 9]}),
        then(),
        tree!({"plain": [9, 9, 3]}),
    );
    only(
        &["ml.plain[2]"],
        tree!({"plain": [9]}),
        then(),
        tree!({"plain": [9, 2, 3]}),
    );
    only(
        &["ml.plain[4]"],
        tree!({"plain": [9, 9, 9, 9, 9, 9]}),
        then(),
        tree!({"plain": [9, 9, 9, 9]}),
    );
}

#[test]
fn what_cannot_be_restored_is_said() {
    let now = tree!({"n": 1, "history": [1]});
    let find = |only: &[&str], except: &[&str]| {
        Parts::find(&keys(only), &keys(except), &now, &then()).expect_err("it is refused")
    };
    assert!(matches!(find(&["ml.list["], &[]), PartError::Key(_)));
    assert_eq!(
        find(&["ml.nope"], &[]).to_string(),
        "there is nothing under ml.nope, now or in the snapshot"
    );
    assert!(matches!(
        find(&["ml.history[0]"], &[]),
        PartError::History { .. }
    ));
    assert!(matches!(
        find(&[], &["/history"]),
        PartError::History { .. }
    ));
    assert_eq!(
        find(&["ml.n"], &["ml"]).to_string(),
        "except ml leaves nothing to restore"
    );
}

#[test]
fn parts_are_remembered_as_people_read_them() {
    let now = tree!({});
    let parts = Parts::find(
        &keys(&["/list/2/n", "list.1", "/flags/a.b"]),
        &[],
        &now,
        &then(),
    );
    let parts = parts.expect("they are in the snapshot");
    let said = [
        "ml.list[id=gamma].n",
        "ml.list[id=beta]",
        "ml.flags[\"a.b\"]",
    ];
    assert_eq!(parts.only(), keys(&said));
    let read = Parts::read(&parts.only(), &parts.except()).expect("they are keys");
    let (one, other) = (Asked::new(parts, then()), Asked::new(read, then()));
    assert_eq!(one.laid_on(&now), other.laid_on(&now));
}

#[test]
fn values_count_and_not_how_they_are_written() {
    let then = tree!({"a": 1.0, "b": {"x": 1, "y": -0.0}, "c": [2, 2.5]});
    let asked = ask(&[], &[], &tree!({}), &then);
    let as_javascript_writes_it = tree!({"c": [2.0, 2.5], "b": {"y": 0, "x": 1}, "a": 1});
    assert!(asked.verdict(&as_javascript_writes_it).is_exact);
    let other = tree!({"c": [2.5, 2], "b": {"y": 0, "x": 1}, "a": 1});
    assert!(!asked.verdict(&other).is_exact);
    let large = ask(
        &[],
        &[],
        &tree!({}),
        &tree!({"n": 9_007_199_254_740_993_i64}),
    );
    let rounded = large.verdict(&tree!({"n": 9_007_199_254_740_992_i64}));
    assert_eq!(
        (rounded.is_exact, rounded.differing),
        (false, keys(&["ml.n"]))
    );
}

#[test]
fn the_first_twenty_keys_that_differ_are_told() {
    let then: Tree = (0..50u64)
        .map(|n| (format!("k{n:02}").into(), n.into()))
        .collect::<flagdeck_core::tree::Object>()
        .into();
    let verdict = ask(&[], &[], &tree!({}), &then).verdict(&tree!({}));
    assert!(!verdict.is_exact);
    assert_eq!(verdict.differing.len(), 20);
    assert_eq!(verdict.differing[0], "ml.k00");
}

#[test]
fn an_ended_restore_never_changes() {
    let steps = [
        Transition::Confirm,
        Transition::Supersede,
        Transition::Cancel,
    ];
    let after = steps.map(|step| Status::Open.after(step));
    let ends = [Status::Confirmed, Status::Superseded, Status::Cancelled];
    assert_eq!(after, ends.map(Some));
    for ended in ends.into_iter().chain([Status::Recovered]) {
        assert_eq!(steps.map(|step| ended.after(step)), [None; 3]);
    }
    assert_eq!(Status::Open.undo(), Some(Undo::Cancel));
    assert_eq!(Status::Confirmed.undo(), Some(Undo::AskForBefore));
    assert_eq!(Status::Superseded.undo(), None);
    assert_eq!(Status::Cancelled.undo(), None);
    assert_eq!(Status::Recovered.undo(), None);
}

/// A state with records, told apart by their `id`, of which some come, go, move and change.
fn states() -> impl Strategy<Value = Tree> {
    let record = (0..8u64, 0..4u64, any_tree());
    let records = prop::collection::vec(record, 0..7).prop_map(|records| {
        let mut seen = Vec::new();
        let first = records.into_iter().filter(|(id, ..)| {
            let is_first = !seen.contains(id);
            seen.push(*id);
            is_first
        });
        first
            .map(|(id, n, value)| {
                let inner = object([("value".into(), value)]);
                object([
                    ("id".into(), id.into()),
                    ("n".into(), n.into()),
                    ("in".into(), inner),
                ])
            })
            .collect::<Vec<Tree>>()
    });
    let plain = prop::collection::vec(0..5u64, 0..6);
    (records, plain, any_tree(), 0..3u64, any::<bool>()).prop_map(
        |(records, plain, any, n, has_history)| {
            let mut state = object([
                ("list".into(), records.into()),
                ("plain".into(), tree!(plain)),
                ("any".into(), any),
                ("deep".into(), tree!({"n": n})),
            ]);
            if let (Tree::Object(members), true) = (&mut state, has_history) {
                members.insert("history", tree!([n]));
            }
            if let (Tree::Object(members), 0) = (&mut state, n) {
                members.remove("deep");
            }
            state
        },
    )
}

fn parts_of(tree: &Tree, key: &str, all: &mut Vec<String>) {
    let inner: Vec<(String, &Tree)> = match tree {
        Tree::Object(members) => {
            let named = members.iter().filter(|(name, _)| *name != state::HISTORY);
            named
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        }
        Tree::Array(list) => {
            let placed = list.iter().enumerate();
            placed
                .map(|(place, value)| (place.to_string(), value))
                .collect()
        }
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let key = flagdeck_core::tree::keys::at(key, &name);
        all.push(key.clone());
        parts_of(value, &key, all);
    }
}

/// Pointers into one of two states, as many as there are indices.
fn chosen(now: &Tree, then: &Tree, indices: &[Index]) -> Vec<String> {
    let mut all = Vec::new();
    parts_of(now, "", &mut all);
    parts_of(then, "", &mut all);
    let all = all;
    indices
        .iter()
        .map(|index| index.get(&all).clone())
        .collect()
}

/// The value of a part, as far as values count.
fn value(tree: &Tree, key: &str) -> Option<Tree> {
    let path: Path = key.parse().expect("it is a key");
    path.value(tree).cloned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn who_has_what_is_asked_for_confirms_exactly(
        (then, now, later) in (states(), states(), states()),
        only in prop::collection::vec(any::<Index>(), 0..4),
        except in prop::collection::vec(any::<Index>(), 0..3),
    ) {
        let (only, except) = (chosen(&now, &then, &only), chosen(&now, &then, &except));
        let parts = Parts::find(&only, &except, &now, &then).expect("they are there");
        let asked = Asked::new(parts, then);
        for report in [now, later] {
            let laid = asked.laid_on(&report);
            let verdict = asked.verdict(&laid);
            prop_assert!(verdict.is_exact, "{:?} of {laid}", verdict.differing);
            prop_assert_eq!(laid.get(state::HISTORY), report.get(state::HISTORY));
            prop_assert_eq!(asked.laid_on(&laid), laid);
        }
    }

    #[test]
    fn a_part_is_what_the_snapshot_has_and_nothing_else_changes(
        (then, now) in (states(), states()),
        which in any::<Index>(),
    ) {
        let only = chosen(&now, &then, &[which]);
        let parts = Parts::find(&only, &[], &now, &then).expect("it is there");
        let key = parts.only().remove(0);
        let laid = Asked::new(parts, then.clone()).laid_on(&now);
        prop_assert_eq!(value(&laid, &key), value(&then, &key), "{}", key);
        for change in difference(&now, &laid, &states::Options::default()).changes {
            let touched = format!("ml.{}", change.path);
            prop_assert!(
                touched.starts_with(&key) || key.starts_with(&touched),
                "{} is not of {}", touched, key
            );
        }
    }

    #[test]
    fn what_differs_in_a_part_is_never_exact(
        (then, now, has) in (states(), states(), states()),
        which in any::<Index>(),
    ) {
        let only = chosen(&now, &then, &[which]);
        let parts = Parts::find(&only, &[], &now, &then).expect("it is there");
        let key = parts.only().remove(0);
        let verdict = Asked::new(parts, then.clone()).verdict(&has);
        prop_assert_eq!(verdict.is_exact, verdict.differing.is_empty());
        if verdict.is_exact {
            let same = |tree| value(&tree, &key);
            prop_assert_eq!(same(plain(&has)), same(plain(&then)), "{}", key);
        }
    }
}

/// A tree as JavaScript would write it, its keys sorted.
fn plain(tree: &Tree) -> Tree {
    match tree {
        Tree::Array(list) => list.iter().map(plain).collect::<Vec<Tree>>().into(),
        Tree::Object(members) => {
            let mut sorted: Vec<(&str, &Tree)> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            let plain = sorted
                .into_iter()
                .map(|(name, value)| (name.into(), plain(value)));
            plain.collect::<flagdeck_core::tree::Object>().into()
        }
        Tree::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => (float as i64).into(),
            _ => tree.clone(),
        },
        other => other.clone(),
    }
}
