//! What holds of the difference of any two states.

use flagdeck_core::diff::states::{Kind, Options, StateChange};
use flagdeck_core::tree::Tree;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{compared, difference, excerpt};

fn leaves() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4).prop_map(Value::from),
        (0..4).prop_map(|i| json!(f64::from(i) / 2.0)),
        "[a-c]{0,2}".prop_map(Value::from),
        Just(json!("a text that is long enough to move")),
    ]
}

fn keys() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "a", "b", "id", "metrics", "c/d", "~1", "e.f", "0"])
        .prop_map(str::to_owned)
}

fn objects(inner: impl Strategy<Value = Value> + Clone) -> impl Strategy<Value = Value> {
    prop::collection::vec((keys(), inner), 0..6)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn trees() -> impl Strategy<Value = Value> {
    leaves().prop_recursive(4, 60, 8, |inner| {
        prop_oneof![2 => objects(inner.clone()), 1 => prop::collection::vec(inner, 0..8).prop_map(Value::from)]
    })
}

fn trees_of_objects() -> impl Strategy<Value = Value> {
    leaves().prop_recursive(4, 60, 8, objects)
}

/// A tree and what it may become by small edits.
fn steps() -> impl Strategy<Value = (Value, Value)> {
    let edits = prop::collection::vec((any::<u32>(), trees()), 0..4);
    (trees(), edits).prop_map(|(before, edits)| {
        let mut after = before.clone();
        for (at, value) in edits {
            edit(&mut after, at, value);
        }
        (before, after)
    })
}

/// Goes down a tree by the digits of a number, and puts in, replaces or removes a value.
fn edit(tree: &mut Value, at: u32, value: Value) {
    let (digit, rest) = (at as usize % 7, at / 7);
    match tree {
        Value::Array(list) if rest == 0 && !list.is_empty() => {
            drop(list.remove(digit % list.len()));
        }
        Value::Array(list) if digit == 0 || list.is_empty() => list.push(value),
        Value::Array(list) => {
            let length = list.len();
            edit(&mut list[digit % length], rest, value);
        }
        Value::Object(members) if !members.is_empty() => {
            let key = members
                .keys()
                .nth(digit % members.len())
                .cloned()
                .unwrap_or_default();
            match rest {
                0 => drop(members.shift_remove(&key)),
                1 => drop(members.insert("new".into(), value)),
                _ => edit(&mut members[&key], rest, value),
            }
        }
        leaf => *leaf = value,
    }
}

fn parent_and_key(pointer: &str) -> (&str, String) {
    let (parent, key) = pointer.rsplit_once('/').expect("not the root");
    (parent, key.replace("~1", "/").replace("~0", "~"))
}

fn members_at<'a>(tree: &'a mut Value, pointer: &str) -> &'a mut Map<String, Value> {
    tree.pointer_mut(pointer)
        .and_then(Value::as_object_mut)
        .expect("an object")
}

/// Writes equal numbers alike: 1.0 is 1.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(plain).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(key, value)| (key.clone(), plain(value)))
                .collect()
        }
        Value::Number(number) => match number.as_f64() {
            // Below 2^53 a float is an exact whole number if it has no fraction.
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => (float as i64).into(),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

/// Checks that each change is where it says, and was what it says.
fn check(before: &Value, after: &Value, change: &StateChange) {
    let old = |pointer: &str| before.pointer(pointer).map(excerpt);
    let new = after.pointer(&change.pointer).map(excerpt);
    match change.kind {
        Kind::Added => assert_eq!((&change.before, &change.after), (&None, &new)),
        Kind::Removed => assert_eq!(
            (&change.before, &change.after),
            (&old(&change.pointer), &None)
        ),
        Kind::Changed => {
            assert!(change.after == new && change.before.is_some() && change.before != new);
        }
        Kind::Moved => {
            let from = change.from.as_deref().expect("what moved was somewhere");
            let moved = before.pointer(from).map(plain);
            assert_eq!(moved, after.pointer(&change.pointer).map(plain));
            assert_eq!((&change.before, &change.after), (&old(from), &new));
        }
        Kind::List | Kind::Series => {
            assert!(after.pointer(&change.pointer).is_some_and(Value::is_array));
        }
    }
    if change.kind != Kind::Changed {
        assert!(change.before.is_some() || change.after.is_some() || change.list.is_some());
    }
}

proptest! {
    #[test]
    fn a_state_does_not_differ_from_itself(tree in trees()) {
        let found = compared(&tree, &tree.clone());
        prop_assert_eq!((found.total, found.changes.len(), found.tolerated), (0, 0, 0));
    }

    #[test]
    fn there_are_changes_exactly_where_states_differ((before, after) in steps()) {
        let found = compared(&before, &after);
        prop_assert_eq!(found.total == 0, plain(&before) == plain(&after));
        prop_assert_eq!(found.total, found.changes.len());
        for change in &found.changes {
            check(&before, &after, change);
        }
    }

    #[test]
    fn unlike_states_are_compared_too((before, after) in (trees(), trees())) {
        let found = compared(&before, &after);
        prop_assert_eq!(found.total == 0, plain(&before) == plain(&after));
        for change in &found.changes {
            check(&before, &after, change);
        }
    }

    #[test]
    fn the_changes_make_the_later_state_of_the_earlier((before, after) in (trees_of_objects(), trees_of_objects())) {
        let mut made = before.clone();
        let found = compared(&before, &after);
        let gone = |change: &StateChange| match change.kind {
            Kind::Removed => Some(change.pointer.clone()),
            _ => change.from.clone(),
        };
        for pointer in found.changes.iter().filter_map(gone) {
            let (parent, key) = parent_and_key(&pointer);
            prop_assert!(members_at(&mut made, parent).shift_remove(&key).is_some());
        }
        for change in found.changes.iter().filter(|change| change.kind != Kind::Removed) {
            let value = after.pointer(&change.pointer).cloned().expect("it is there");
            if change.pointer.is_empty() {
                made = value;
            } else {
                let (parent, key) = parent_and_key(&change.pointer);
                members_at(&mut made, parent).insert(key, value);
            }
        }
        prop_assert_eq!(Tree::from(made), Tree::from(after));
    }

    #[test]
    fn a_tolerance_only_takes_away((before, after) in steps(), tolerance in 0.0..1.0) {
        let all = compared(&before, &after);
        let some = difference(&before, &after, &Options { tolerance, ..Options::default() });
        prop_assert!(some.total <= all.total);
        prop_assert!(some.unchanged.len() >= all.unchanged.len());
    }
}
