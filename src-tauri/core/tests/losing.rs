//! What a document would remove of another one, and when that is so much that it is asked about.

use std::collections::BTreeSet;

use flagdeck_core::document::Node;
use flagdeck_core::{ComponentPath, Edit, FlagDocument, apply, loss};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::support::arbitrary::{documents, paths};
use crate::support::{document_of, flat_components};

fn with_components(components: Value) -> FlagDocument {
    document_of(&json!({ "components": components }))
}

#[track_caller]
fn check(before: Value, after: Value, said: &str, is_large: bool) {
    let found = loss(&with_components(before), &with_components(after));
    assert_eq!(found.to_string(), said);
    assert_eq!(found.is_large(), is_large, "{said}");
}

#[test]
fn more_than_half_is_large_and_exactly_half_is_not() {
    check(
        json!({"a": true, "b": true}),
        json!({"a": true}),
        "1 of 2 components: b",
        false,
    );
    let three = json!({"a": true, "b": true, "c": false});
    check(
        three.clone(),
        json!({"b": true}),
        "2 of 3 components: a, c",
        true,
    );
    check(
        three,
        json!({"a": false, "c": true}),
        "1 of 3 components: b",
        false,
    );
    check(json!({"a": true}), json!({}), "1 of 1 component: a", true);
}

#[test]
fn without_components_nothing_is_lost() {
    check(json!({}), json!({}), "0 of 0 components", false);
    check(
        json!({"ui": {}}),
        json!({"a": true}),
        "0 of 0 components",
        false,
    );
}

#[test]
fn five_are_named_and_the_rest_counted() {
    check(
        flat_components(2000),
        json!({"c7": true}),
        "1,999 of 2,000 components: c0, c1, c2, c3, c4 and 1,994 more",
        true,
    );
}

#[test]
fn what_was_renamed_or_moved_is_not_removed() {
    let before = json!({"ui": {"badges": true, "panel": false}, "search": true});
    let renamed = json!({"window": {"badges": true, "panel": false}, "search": true});
    check(before.clone(), renamed, "0 of 3 components", false);
    let moved = json!({"ui": {"search": true}, "old": {"badges": true, "panel": false}});
    check(before, moved, "0 of 3 components", false);
}

#[test]
fn a_component_that_became_a_group_or_went_into_one_is_told() {
    check(
        json!({"a": true, "b": {"c": true}}),
        json!({"a": {"x": false, "y": false}, "b": true}),
        "2 of 2 components: a, b.c",
        true,
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_document_loses_nothing_to_itself_nor_to_one_with_more(
        document in documents(),
        is_on in any::<bool>(),
    ) {
        let nothing = |after: &FlagDocument| loss(&document, after).removed.is_empty();
        prop_assert!(nothing(&document));
        let mut more = document.clone();
        more.components.insert("added".into(), Node::Component(is_on));
        prop_assert!(nothing(&more));
    }

    #[test]
    fn exactly_what_is_taken_away_is_lost(
        document in documents(),
        taken in prop::collection::vec(any::<Index>(), 1..6),
    ) {
        let all = paths(&document);
        let taken: BTreeSet<_> = taken.iter().map(|at| at.get(&all).clone()).collect();
        let remove = Edit::Remove { paths: taken.iter().cloned().collect(), release: true };
        let after = apply(&document, &remove).expect("they are there").document;
        let found = loss(&document, &after);
        let removed: BTreeSet<_> = found.removed.iter().map(String::as_str).collect();
        prop_assert_eq!(removed, taken.iter().map(ComponentPath::as_str).collect());
        prop_assert_eq!(found.of, all.len());
        prop_assert_eq!(found.is_large(), taken.len() > all.len() - taken.len());
    }

    #[test]
    fn moving_one_away_loses_nothing(document in documents(), moved in any::<Index>()) {
        let all = paths(&document);
        let from = moved.get(&all).clone();
        let to = "elsewhere".parse().expect("a path");
        let after = apply(&document, &Edit::Move { from, to }).expect("it can move").document;
        prop_assert_eq!(loss(&document, &after).removed, Vec::<String>::new());
    }

    #[test]
    fn two_documents_never_lose_more_than_there_is(before in documents(), after in documents()) {
        let found = loss(&before, &after);
        prop_assert_eq!(found.of, paths(&before).len());
        prop_assert!(found.removed.len() <= found.of);
        let kept: BTreeSet<_> = paths(&after).into_iter().collect();
        for path in &found.removed {
            prop_assert!(!kept.contains(path.as_str()), "{path} is still there");
        }
    }
}
