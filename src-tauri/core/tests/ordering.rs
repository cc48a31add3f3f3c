//! The order of keys is no difference, and the one that was there is kept.

use flagdeck_core::chain::Chain;
use flagdeck_core::compare;
use flagdeck_core::diff::states;
use flagdeck_core::tree::{self, Tree, same, settled};
use proptest::prelude::*;

use crate::support::states::{Host, any_tree, shuffled, tree_and_next};

/// Returns the keys of an object as one text.
fn keys(tree: &Tree) -> String {
    let keys = tree.as_object().expect("an object").keys();
    keys.collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_tree_in_another_order_is_the_same(tree in any_tree(), seed in any::<u64>()) {
        let other = shuffled(&tree, seed);
        prop_assert!(same(&tree, &other));
        prop_assert!(compare(&tree, &other).is_same());
        prop_assert_eq!(states::count(&tree, &other), 0);
        prop_assert_eq!(tree::hash(&tree), tree::hash(&other));
        prop_assert_eq!(tree::write(&settled(other, &tree)), tree::write(&tree));
    }

    #[test]
    fn a_change_is_as_large_in_whatever_order_it_comes(
        (before, after) in tree_and_next(),
        seed in any::<u64>(),
    ) {
        let plain = compare(&before, &after);
        let other = shuffled(&after, seed);
        let patch = compare(&before, &other);
        prop_assert_eq!(patch.changes(), plain.changes());
        let mut applied = before.clone();
        patch.apply(&mut applied).expect("it is of this tree");
        prop_assert!(same(&applied, &after));
    }

    #[test]
    fn keeping_the_order_keeps_every_value((before, after) in tree_and_next()) {
        let kept = settled(after.clone(), &before);
        prop_assert!(same(&kept, &after));
        let again = settled(kept.clone(), &before);
        prop_assert_eq!(tree::write(&again), tree::write(&kept));
        if let (Tree::Object(old), Tree::Object(new)) = (&before, &kept) {
            let stay = old.keys().filter(|key| new.contains_key(key));
            let kept = new.keys().filter(|key| old.contains_key(key));
            prop_assert!(stay.eq(kept));
        }
    }
}

#[test]
fn new_members_come_behind_the_one_they_follow() {
    let old = tree!({"a": 1, "b": 2, "c": 3});
    let kept = |new: Tree| keys(&settled(new, &old));
    assert_eq!(kept(tree!({"c": 3, "b": 2, "a": 1})), "a b c");
    assert_eq!(kept(tree!({"a": 1, "x": 0, "b": 2, "c": 3})), "a x b c");
    assert_eq!(kept(tree!({"c": 3, "x": 0, "y": 0, "a": 1})), "a c x y");
    assert_eq!(kept(tree!({"x": 0, "c": 3, "b": 2, "a": 1})), "x a b c");
    assert_eq!(kept(tree!({"y": 0, "x": 0})), "y x");
}

#[test]
fn elements_that_moved_on_keep_the_order_within_them() {
    let old = tree!([{"id": 1, "v": 1}, {"id": 2, "v": 2}, {"v": 3, "id": 3}]);
    let new = tree!([{"v": 2, "id": 2}, {"id": 3, "v": 3}, {"v": 4, "id": 4}]);
    let kept = settled(new, &old);
    let expected = tree!([{"id": 2, "v": 2}, {"v": 3, "id": 3}, {"v": 4, "id": 4}]);
    assert_eq!(kept.to_string(), expected.to_string());
    assert!(
        !same(&tree!([1, 2]), &tree!([2, 1])),
        "a list's order is meaning"
    );
}

#[test]
fn one_change_among_shuffled_keys_is_one_operation() {
    let before = Host::typical().state().clone();
    let mut after = shuffled(&before, 11);
    tree::set_key(&mut after, "metrics.usage.counter3", Some(tree!(31))).expect("it is there");
    let operations = compare(&before, &after).to_json_patch();
    assert_eq!(
        serde_json::to_value(operations).expect("JSON"),
        serde_json::json!([
            {"op": "replace", "path": "/metrics/usage/counter3", "value": 31}
        ])
    );
}

#[test]
fn snapshots_whose_keys_are_shuffled_take_what_others_take() {
    let (mut host, mut plain, mut other) = (Host::typical(), 0, 0);
    let mut chains = [host.state(), &shuffled(host.state(), 1)].map(|it| Chain::start(it.clone()));
    for seed in 2..42 {
        host.pass();
        let steps = [host.state().clone(), shuffled(host.state(), seed)];
        for ((chain, next), bytes) in chains.iter_mut().zip(steps).zip([&mut plain, &mut other]) {
            let step = chain.encode(&next);
            chain.advance(&step.bytes).expect("it was written so");
            assert_eq!(tree::hash(chain.tree()), tree::hash(&next));
            *bytes += step.bytes.len();
        }
    }
    assert!(other * 10 < plain * 12, "{other} bytes instead of {plain}");
}
