//! Values of one's own over a followed document: what they change, and when they do not act.

use flagdeck_core::overrides::{Values, differing, overridden, value};
use flagdeck_core::tree::Tree;
use flagdeck_core::{FlagDocument, Place, validate};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::arbitrary::documents;
use crate::support::document_of;

/// The values that turn one document into another.
fn own(before: &FlagDocument, after: &FlagDocument) -> Values {
    let found = differing(before, after).into_iter();
    found.map(|one| (one.place, one.after)).collect()
}

fn place(pointer: &str) -> Place {
    pointer.parse().expect("a place")
}

fn with(components: Value) -> FlagDocument {
    document_of(&json!({"enabled": true, "components": components}))
}

#[track_caller]
fn check_components(followed: Value, own: &[(&str, Option<Value>)], result: Value) {
    let own = own.iter().map(|(pointer, value)| {
        let value = value.as_ref().map(|value| Tree::from(value.clone()));
        (place(pointer), value)
    });
    let found = overridden(&with(followed), &own.collect());
    assert_eq!(found.document, with(result), "{:?}", found.suspended);
}

proptest! {
    #[test]
    fn what_differs_turns_one_document_into_another(
        before in documents(),
        after in documents(),
    ) {
        let there = overridden(&before, &own(&before, &after));
        prop_assert_eq!(&there.document, &after);
        prop_assert!(there.suspended.is_empty(), "{:?}", there.suspended);
    }

    #[test]
    fn overrides_are_over_what_is_followed_now(
        before in documents(),
        after in documents(),
        now in documents(),
    ) {
        let own = own(&before, &after);
        let found = overridden(&now, &own);
        prop_assert!(validate(&found.document.to_bytes()).is_ok());
        for (place, wanted) in &own {
            // A group that was empty has what was added to it since.
            if *wanted == Some(json!({}).into()) {
                continue;
            }
            match found.suspended.get(place) {
                Some(reason) => prop_assert!(!reason.is_empty(), "{}", place),
                None => prop_assert_eq!(&value(&found.document, place), wanted, "{}", place),
            }
        }
        // Everything else is as it is followed, but for what is said of a removed component, and
        // groups that came or went with the components in them.
        for one in differing(&now, &found.document) {
            let is_own = own.contains_key(&one.place);
            let is_of_removed = one.after.is_none() || one.before == Some(json!({}).into());
            prop_assert!(is_own || is_of_removed, "{:?}", one);
        }
    }

    #[test]
    fn what_is_put_back_is_what_is_followed(before in documents(), after in documents()) {
        let changed = differing(&before, &after).into_iter();
        let back: Values = changed.map(|one| (one.place, one.before)).collect();
        prop_assert_eq!(overridden(&after, &back).document, before);
    }

    #[test]
    fn a_place_is_read_as_it_is_written(before in documents(), after in documents()) {
        for one in differing(&before, &after) {
            prop_assert_eq!(one.place.pointer().parse(), Ok(one.place));
        }
    }
}

#[test]
fn a_text_that_leads_to_no_place_is_refused() {
    for pointer in [
        "",
        "/",
        "enabled",
        "/components",
        "/components/a b",
        "/components/a.b",
        "/rollout/percentage",
        "/rollouts",
        "/rollouts/a/b",
        "/about/",
    ] {
        let read: Result<Place, _> = pointer.parse();
        // The empty key is one that the format does not have.
        assert_eq!(read.is_ok(), pointer == "/", "{pointer}");
    }
}

#[test]
fn an_override_changes_its_place_and_nothing_else() {
    let followed = json!({"a": false, "ui": {"b": true, "c": true}});
    check_components(
        followed.clone(),
        &[("/components/a", Some(json!(true)))],
        json!({"a": true, "ui": {"b": true, "c": true}}),
    );
    check_components(
        followed.clone(),
        &[("/components/ui/b", None)],
        json!({"a": false, "ui": {"c": true}}),
    );
    check_components(
        followed.clone(),
        &[("/components/ui/b", None), ("/components/ui/c", None)],
        json!({"a": false}),
    );
    check_components(
        followed,
        &[("/components/lab/new", Some(json!(true)))],
        json!({"a": false, "ui": {"b": true, "c": true}, "lab": {"new": true}}),
    );
}

#[test]
fn what_the_followed_document_leaves_no_place_for_waits() {
    // A group where the override has a component, and the other way round.
    let own: Values = [(place("/components/a"), Some(Tree::Bool(true)))].into();
    let group = with(json!({"a": {"b": false}}));
    let found = overridden(&group, &own);
    assert_eq!(found.document, group);
    let reason = "The followed document has a group a, and no component of that name.";
    assert_eq!(found.suspended[&place("/components/a")], reason);

    let own: Values = [(place("/components/a/b"), Some(Tree::Bool(true)))].into();
    let component = with(json!({"a": false}));
    let found = overridden(&component, &own);
    assert_eq!(found.document, component);
    let reason = "The followed document has a component a, and no group of that name.";
    assert_eq!(found.suspended[&place("/components/a/b")], reason);
}

#[test]
fn one_override_that_does_not_fit_hinders_no_other() {
    let own: Values = [
        (place("/components/a"), Some(Tree::Bool(true))),
        (place("/requires/a"), Some(json!(["gone"]).into())),
        (
            place("/rollouts/gone"),
            Some(json!({"percentage": 5}).into()),
        ),
    ]
    .into();
    let found = overridden(&with(json!({"a": false, "b": false})), &own);
    assert_eq!(found.document, with(json!({"a": true, "b": false})));
    let suspended: Vec<String> = found.suspended.keys().map(ToString::to_string).collect();
    assert_eq!(suspended, ["/rollouts/gone", "/requires/a"]);
}

#[test]
fn a_component_that_was_removed_stays_removed_with_what_is_said_of_it_since() {
    let own: Values = [(place("/components/a"), None)].into();
    let followed = document_of(&json!({
        "components": {"a": true, "b": true},
        "rollouts": {"a": {"percentage": 5}},
        "about": {"a": {"title": "New"}},
        "requires": {"a": ["b"]},
    }));
    let found = overridden(&followed, &own);
    assert!(found.suspended.is_empty(), "{:?}", found.suspended);
    assert_eq!(
        found.document,
        document_of(&json!({"components": {"b": true}}))
    );
}

#[test]
fn a_component_that_others_came_to_require_cannot_stay_removed() {
    let own: Values = [(place("/components/a"), None)].into();
    let followed = document_of(&json!({
        "components": {"a": true, "b": true},
        "requires": {"b": ["a"]},
    }));
    let found = overridden(&followed, &own);
    assert_eq!(found.document, followed);
    assert_eq!(found.suspended.len(), 1, "{:?}", found.suspended);
}
