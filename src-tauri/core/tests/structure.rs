//! Edits of the tree itself: what is added, renamed, moved and removed, and what goes along.

use flagdeck_core::{
    AboutChange, ComponentPath, Edit, EditError, FlagDocument, apply, limits, validate,
};
use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::support::arbitrary::{documents, paths};
use crate::support::{Written, document_of, listing};

fn start() -> FlagDocument {
    document_of(&json!({
        "components": {"a": true, "ui": {"badges": false, "menu": true, "inner": {"deep": true}}, "z": false},
        "rollout": {"percentage": 10},
        "rollouts": {"ui.badges": {"percentage": 50}, "ui.inner.deep": {"percentage": 5}},
        "requires": {"ui.menu": ["ui.badges", "a"], "z": ["ui.badges"]},
        "about": {"ui": {"title": "Page"}, "ui.badges": {"title": "Badges", "owner": "search", "colour": "red"}},
    }))
}

fn path(text: &str) -> ComponentPath {
    text.parse().expect("a path")
}

fn edited(edit: &Edit) -> Result<Value, String> {
    match apply(&start(), edit) {
        Ok(checked) => Ok(checked.document.to_value()),
        Err(EditError::NotFound { message }) => Err(format!("not found: {message}")),
        Err(EditError::Invalid(problems)) => Err(listing(&problems)),
    }
}

#[track_caller]
fn made(edit: &Edit) -> Value {
    edited(edit).expect("the edit is possible")
}

fn refusal(edit: &Edit) -> String {
    edited(edit).expect_err("the edit is refused")
}

fn moved(from: &str, to: &str) -> Edit {
    let (from, to) = (path(from), path(to));
    Edit::Move { from, to }
}

fn removed(paths: &[&str], release: bool) -> Edit {
    let paths = paths.iter().map(|text| path(text)).collect();
    Edit::Remove { paths, release }
}

fn names(document: &Value, pointer: &str) -> Vec<String> {
    let object = document.pointer(pointer).and_then(Value::as_object);
    object.expect("an object").keys().cloned().collect()
}

#[test]
fn a_component_is_added_at_the_end_of_its_group() {
    let add = |text: &str| Edit::AddComponent {
        path: path(text),
        on: true,
    };
    let document = made(&add("ui.help"));
    assert_eq!(
        names(&document, "/components/ui"),
        ["badges", "menu", "inner", "help"]
    );
    assert_eq!(document["components"]["ui"]["help"], json!(true));
    let document = made(&add("search.ranking.neural"));
    assert_eq!(
        document["components"]["search"],
        json!({"ranking": {"neural": true}})
    );
}

#[test]
fn an_empty_group_is_added() {
    let document = made(&Edit::AddGroup {
        path: path("lab.next"),
    });
    assert_eq!(document["components"]["lab"], json!({"next": {}}));
}

#[test]
fn what_is_there_already_is_not_added_again() {
    let add = |text: &str| Edit::AddComponent {
        path: path(text),
        on: false,
    };
    assert_snapshot!(refusal(&add("ui.badges")), @"name_taken (document): ui.badges cannot be there: there is one of that name already.");
    assert_snapshot!(refusal(&add("ui")), @"name_taken (document): ui cannot be there: there is one of that name already.");
    assert_snapshot!(refusal(&add("a.b")), @"name_taken (document): a.b cannot be there: a is a component, not a group.");
    let group = Edit::AddGroup { path: path("ui") };
    assert_snapshot!(refusal(&group), @"name_taken (document): ui cannot be there: there is one of that name already.");
}

#[test]
fn one_component_too_many_is_refused() {
    let components: serde_json::Map<String, Value> = (0..limits::COMPONENTS_MAX)
        .map(|index| (format!("c{index}"), json!(true)))
        .collect();
    let full = document_of(&json!({ "components": components }));
    let edit = Edit::AddComponent {
        path: path("more"),
        on: true,
    };
    let Err(EditError::Invalid(problems)) = apply(&full, &edit) else {
        panic!("there is no room");
    };
    assert!(listing(&problems).starts_with("too_many /components"));
}

#[test]
fn a_rename_keeps_the_place_and_takes_everything_along() {
    let document = made(&moved("ui.badges", "ui.marks"));
    assert_eq!(
        names(&document, "/components/ui"),
        ["marks", "menu", "inner"]
    );
    assert_eq!(names(&document, "/rollouts"), ["ui.inner.deep", "ui.marks"]);
    assert_eq!(
        document["requires"],
        json!({"ui.menu": ["ui.marks", "a"], "z": ["ui.marks"]})
    );
    assert_eq!(
        document["about"]["ui.marks"],
        json!({"title": "Badges", "owner": "search", "colour": "red"})
    );
}

#[test]
fn a_group_moves_with_all_that_is_in_it() {
    let document = made(&moved("ui", "page.parts"));
    assert_eq!(names(&document, "/components"), ["a", "z", "page"]);
    assert_eq!(
        names(&document, "/rollouts"),
        ["page.parts.badges", "page.parts.inner.deep"]
    );
    assert_eq!(document["about"]["page.parts"], json!({"title": "Page"}));
    assert_eq!(
        document["requires"]["page.parts.menu"],
        json!(["page.parts.badges", "a"])
    );
}

#[test]
fn a_name_that_only_begins_alike_does_not_move_along() {
    let document = document_of(&json!({
        "components": {"ui": true, "ui2": true, "ui-x": true},
        "about": {"ui2": {"title": "Another"}},
    }));
    let edit = moved("ui", "page");
    let document = apply(&document, &edit).expect("it moves").document;
    let names: Vec<&String> = document.components.keys().collect();
    assert_eq!(names, ["page", "ui2", "ui-x"]);
    assert!(document.about.contains_key("ui2"));
}

#[test]
fn a_move_that_cannot_be_is_refused() {
    assert_snapshot!(refusal(&moved("ui.badges", "ui.menu")), @"name_taken (document): ui.menu cannot be there: there is one of that name already.");
    assert_snapshot!(refusal(&moved("ui", "ui.inner.ui")), @"name_taken (document): ui.inner.ui cannot be there: a group cannot be put into itself.");
    assert_snapshot!(refusal(&moved("ui.badges", "a.badges")), @"name_taken (document): a.badges cannot be there: a is a component, not a group.");
    assert_snapshot!(refusal(&moved("gone", "here")), @r#"not found: there is no component or group "gone""#);
    assert_eq!(made(&moved("ui", "ui")), start().to_value());
}

#[test]
fn a_group_does_not_move_deeper_than_a_path_may_be() {
    let refused = refusal(&moved("ui", "b.c.d.e.f.g.ui"));
    assert!(
        refused.starts_with("too_deep /components/b/c/d/e/f/g/ui/inner"),
        "{refused}"
    );
}

#[test]
fn what_nothing_requires_is_removed_with_everything_said_about_it() {
    let document = made(&removed(&["ui.inner", "ui.menu"], false));
    assert_eq!(names(&document, "/components/ui"), ["badges"]);
    assert_eq!(names(&document, "/rollouts"), ["ui.badges"]);
    assert_eq!(document["requires"], json!({"z": ["ui.badges"]}));
}

#[test]
fn what_others_require_is_removed_only_where_they_stop_requiring_it() {
    assert_snapshot!(refusal(&removed(&["ui.badges"], false)), @"still_required (document): ui.menu, z require what would be removed.");
    assert_snapshot!(refusal(&removed(&["a"], false)), @"still_required (document): ui.menu requires what would be removed.");
    let document = made(&removed(&["ui.badges"], true));
    assert_eq!(document["requires"], json!({"ui.menu": ["a"]}));
    assert_eq!(names(&document, "/about"), ["ui"]);
}

#[test]
fn a_group_and_what_is_in_it_are_removed_together() {
    for order in [["ui", "ui.badges"], ["ui.badges", "ui"]] {
        let document = made(&removed(&order, true));
        assert_eq!(names(&document, "/components"), ["a", "z"]);
        assert_eq!(document.get("requires"), None);
    }
    assert_snapshot!(refusal(&removed(&["ui", "uix"], true)), @r#"not found: there is no component or group "uix""#);
}

fn described(text: &str, change: AboutChange) -> Edit {
    let path = path(text);
    Edit::Describe { path, change }
}

#[test]
fn a_description_changes_only_where_something_is_given() {
    let title = AboutChange {
        title: Some("Marks".into()),
        expires: Some("2027-01-31".into()),
        ..AboutChange::default()
    };
    let document = made(&described("ui.badges", title));
    assert_eq!(
        document["about"]["ui.badges"],
        json!({"title": "Marks", "owner": "search", "expires": "2027-01-31", "colour": "red"})
    );
}

#[test]
fn a_description_of_nothing_is_none() {
    let nothing = AboutChange {
        title: Some(String::new()),
        ..AboutChange::default()
    };
    let document = made(&described("ui", nothing));
    assert_eq!(names(&document, "/about"), ["ui.badges"]);
}

#[test]
fn a_description_is_as_long_as_it_may_be_and_of_something() {
    let long = AboutChange {
        owner: Some("x".repeat(limits::ABOUT_LINE_CHARS_MAX + 1)),
        ..AboutChange::default()
    };
    let refused = refusal(&described("a", long));
    assert!(refused.contains("/about/a/owner"), "{refused}");
    let day = AboutChange {
        expires: Some("31.1.2027".into()),
        ..AboutChange::default()
    };
    assert_snapshot!(refusal(&described("a", day)), @r#"bad_date (document): The day a expires must be a calendar date such as 2027-01-31, not "31.1.2027"."#);
    assert_snapshot!(refusal(&described("gone", AboutChange::default())), @r#"not found: there is no component or group "gone""#);
}

fn requiring(component: &str, requires: &[&str]) -> Edit {
    Edit::SetRequires {
        component: path(component),
        requires: requires.iter().map(|text| path(text)).collect(),
    }
}

#[test]
fn requirements_are_set_and_taken_away() {
    assert_eq!(made(&requiring("a", &["z"]))["requires"]["a"], json!(["z"]));
    assert_eq!(
        made(&requiring("z", &[]))["requires"],
        json!({"ui.menu": ["ui.badges", "a"]})
    );
    assert!(refusal(&requiring("ui.badges", &["z"])).starts_with("cycle /requires"));
    assert!(refusal(&requiring("a", &["gone"])).starts_with("unknown_component /requires/a/0"));
    assert_snapshot!(refusal(&requiring("ui", &["a"])), @"not found: only components have this, and ui is a group");
}

#[test]
fn a_batch_is_made_in_order_and_whole_or_not_at_all() {
    let add = Edit::AddComponent {
        path: path("ui.help"),
        on: false,
    };
    let batch = |edits: Vec<Edit>| edited(&Edit::Batch(edits));
    let document = batch(vec![
        add.clone(),
        moved("ui.help", "help"),
        moved("ui", "page"),
    ]);
    let document = document.expect("each builds on the one before");
    assert_eq!(names(&document, "/components"), ["a", "page", "z", "help"]);
    assert!(batch(vec![add.clone(), add]).is_err());
    assert_eq!(batch(Vec::new()), Ok(start().to_value()));
}

proptest! {
    #[test]
    fn a_move_there_and_back_changes_nothing_but_the_order(
        document in documents(),
        at in any::<Index>(),
    ) {
        let paths = paths(&document);
        let from = at.get(&paths);
        let there = Edit::Move { from: from.clone(), to: path("somewhere.else") };
        let back = Edit::Move { from: path("somewhere.else"), to: from.clone() };
        let both = Edit::Batch(vec![there, back, removed(&["somewhere"], false)]);
        let after = apply(&document, &both).expect("the place is free").document;
        prop_assert_eq!(after.to_value(), document.to_value());
    }

    #[test]
    fn what_is_left_after_a_removal_is_valid_and_does_not_name_it(
        document in documents(),
        at in any::<Index>(),
    ) {
        let paths = paths(&document);
        let gone = at.get(&paths);
        let edit = Edit::Remove { paths: vec![gone.clone()], release: true };
        let after = apply(&document, &edit).expect("it is there").document;
        prop_assert!(after.node(gone).is_none());
        prop_assert!(!after.rollouts.contains_key(gone) && !after.about.contains_key(gone));
        prop_assert!(!after.requires.values().flatten().any(|path| path == gone));
        prop_assert!(validate(&after.to_bytes()).is_ok());
    }
}
