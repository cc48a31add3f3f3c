//! The edits people make, and why one is refused.

use flagdeck_core::validate::Checked;
use flagdeck_core::{
    Edit, EditError, FlagDocument, Percentage, RolloutChange, Strategy, apply, changes,
};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{document_of, listing};

fn start() -> FlagDocument {
    document_of(&json!({
        "enabled": true,
        "components": {"calculator": false, "ui": {"badges": false, "inner": {"deep": true}}},
        "rollout": {"percentage": 10, "userGroups": ["beta"], "strategy": "canary", "salt": 1},
        "rollouts": {"calculator": {"percentage": 50}},
        "requires": {"ui.badges": ["calculator"]},
        "note": "kept"
    }))
}

/// Applies an edit and says what changed, one sentence a line, or why it was refused.
fn outcome(edit: &Edit) -> String {
    let before = start();
    let untouched = before.clone();
    let result = apply(&before, edit);
    assert_eq!(
        before, untouched,
        "an edit never touches what it is applied to"
    );
    match result {
        Ok(Checked { document, .. }) => {
            let changes = changes(&before.to_tree(), &document.to_tree());
            let sentences: Vec<String> = changes.iter().map(ToString::to_string).collect();
            sentences.join("\n")
        }
        Err(EditError::Invalid(problems)) => format!("refused: {}", listing(&problems)),
        Err(EditError::NotFound { message }) => format!("not found: {message}"),
    }
}

fn switch(paths: &[&str], on: bool) -> String {
    let paths = paths
        .iter()
        .map(|path| path.parse().expect("a path"))
        .collect();
    outcome(&Edit::SetComponents { paths, on })
}

fn set_rollout(component: Option<&str>, change: RolloutChange) -> String {
    let component = component.map(|path| path.parse().expect("a path"));
    outcome(&Edit::SetRollout { component, change })
}

fn percentage(percent: f64) -> RolloutChange {
    RolloutChange {
        percentage: Some(Percentage::try_from(percent).expect("a percentage")),
        ..RolloutChange::default()
    }
}

fn patch(patch: Value) -> String {
    outcome(&Edit::Patch(patch.to_string().into_bytes()))
}

#[test]
fn the_master_switch_is_turned() {
    assert_eq!(outcome(&Edit::SetMaster { on: false }), "Master switch off");
    assert_eq!(outcome(&Edit::SetMaster { on: true }), "");
}

#[test]
fn components_are_switched_and_a_group_stands_for_all_beneath_it() {
    assert_eq!(switch(&["calculator"], true), "calculator on");
    assert_eq!(switch(&["ui"], true), "ui.badges on");
    assert_eq!(
        switch(&["ui", "calculator"], true),
        "calculator on\nui.badges on"
    );
    assert_eq!(switch(&["ui.inner"], false), "ui.inner.deep off");
    assert_eq!(switch(&["ui.badges"], false), "");
    assert_eq!(switch(&[], true), "");
}

#[test]
fn the_documents_rollout_is_changed_field_by_field() {
    assert_eq!(
        set_rollout(None, percentage(12.5)),
        "Default rollout: 10 % → 12.5 %"
    );
    let groups = RolloutChange {
        user_groups: Some(vec!["staff".into()]),
        strategy: Some(Strategy::Feature),
        ..RolloutChange::default()
    };
    assert_snapshot!(set_rollout(None, groups), @"
    Default rollout: groups +staff, −beta
    Default rollout: canary → groups only
    ");
    assert_eq!(set_rollout(None, RolloutChange::default()), "");
}

#[test]
fn a_components_first_own_rollout_starts_as_a_copy_of_the_documents() {
    let said = set_rollout(Some("ui.badges"), percentage(25.0));
    assert_eq!(said, "ui.badges: custom rollout, canary 25 %, groups beta");
    let said = set_rollout(Some("calculator"), percentage(25.0));
    assert_eq!(said, "calculator: 50 % → 25 %");
}

#[test]
fn a_components_own_rollout_is_taken_away() {
    let clear = |path: &str| {
        let component = path.parse().expect("a path");
        outcome(&Edit::ClearRollout { component })
    };
    assert_eq!(
        clear("calculator"),
        "calculator follows the default rollout"
    );
    assert_eq!(clear("ui.badges"), "");
    assert_snapshot!(clear("ui"), @"not found: only components have this, and ui is a group");
    assert_snapshot!(clear("gone"), @r#"not found: there is no component or group "gone""#);
}

#[test]
fn a_name_that_leads_nowhere_is_refused_with_what_comes_close() {
    assert_snapshot!(switch(&["calculater"], true), @r#"not found: there is no component or group "calculater"; did you mean calculator?"#);
    assert_snapshot!(switch(&["badges"], true), @r#"not found: there is no component or group "badges"; did you mean ui.badges?"#);
    assert_snapshot!(switch(&["nothing-like-it"], true), @r#"not found: there is no component or group "nothing-like-it""#);
    assert_snapshot!(set_rollout(Some("ui"), percentage(1.0)), @"not found: only components have this, and ui is a group");
    assert_snapshot!(set_rollout(Some("Calculator"), percentage(1.0)), @r#"not found: there is no component or group "Calculator"; did you mean calculator?"#);
}

#[test]
fn one_bad_name_among_many_refuses_the_whole_edit() {
    assert!(switch(&["calculator", "gone"], true).starts_with("not found: "));
}

#[test]
fn an_edit_that_makes_the_document_invalid_is_refused() {
    let blue_green = RolloutChange {
        strategy: Some(Strategy::BlueGreen),
        ..RolloutChange::default()
    };
    assert_snapshot!(set_rollout(None, blue_green), @r#"
    refused: blue_green_partial /rollout/percentage: rollout.percentage must be 0 or 100 with blue-green, where everybody switches together, not 10; canary reaches a part of everyone.
    unknown_key /rollout/salt: "salt" is not a key that Flagdeck knows; it is kept as it is.
    unknown_key /note: "note" is not a key that Flagdeck knows; it is kept as it is.
    "#);
    let blank = RolloutChange {
        user_groups: Some(vec![String::new()]),
        ..RolloutChange::default()
    };
    assert_snapshot!(set_rollout(Some("calculator"), blank), @r#"
    refused: bad_name /rollouts/calculator/userGroups/0: rollouts["calculator"].userGroups[0] must be a text of 1 to 128 characters, not the text "".
    unknown_key /rollout/salt: "salt" is not a key that Flagdeck knows; it is kept as it is.
    unknown_key /note: "note" is not a key that Flagdeck knows; it is kept as it is.
    "#);
}

#[test]
fn another_document_is_put_in_the_place_of_all() {
    let replace = |text: &str| outcome(&Edit::Replace(text.as_bytes().to_vec()));
    assert_snapshot!(replace(r#"{"enabled": true, "components": {"a": true}}"#), @r#"
    calculator removed
    Group ui removed with 2 components
    a added, on
    Default rollout: 10 % → 0 %
    Default rollout: groups −beta
    Default rollout: "salt" changed
    calculator follows the default rollout
    ui.badges requires nothing
    "/note" changed
    "#);
    assert_snapshot!(replace(r#"{"enabled": 1, "enabled": 2}"#), @r#"
    refused: duplicate_key /enabled: The key "enabled" is there twice; keep one.
    wrong_type /enabled: enabled must be true or false, not 1.
    "#);
    assert_snapshot!(replace("<html>"), @"refused: syntax (document): The document is not JSON; it looks like HTML or XML.");
}

#[test]
fn a_patch_adds_replaces_and_removes() {
    assert_eq!(patch(json!({})), "");
    assert_eq!(patch(json!({"enabled": false})), "Master switch off");
    assert_eq!(
        patch(json!({"components": {"ui": {"x": true}}})),
        "ui.x added, on"
    );
    assert_eq!(patch(json!({"note": null})), "\"/note\" changed");
    assert_eq!(
        patch(json!({"components": {"ui": {"inner": null}}})),
        "Group ui.inner removed with 1 component"
    );
    assert_eq!(
        patch(json!({"rollout": {"userGroups": ["a"]}})),
        "Default rollout: groups +a, −beta"
    );
    // A missing section takes its default.
    assert_eq!(
        patch(json!({"requires": null})),
        "ui.badges requires nothing"
    );
}

#[test]
fn a_patch_that_removes_a_key_keeps_the_order_of_the_others() {
    let before = document_of(&json!({"components": {"a": true, "b": true, "c": true, "d": true}}));
    let edit = Edit::Patch(br#"{"components": {"b": null, "e": false}}"#.to_vec());
    let after = apply(&before, &edit).expect("the patch fits").document;
    let names: Vec<&String> = after.components.keys().collect();
    assert_eq!(names, ["a", "c", "d", "e"]);
}

#[test]
fn a_patch_that_leaves_names_leading_nowhere_is_refused() {
    assert_snapshot!(patch(json!({"components": {"calculator": null}})), @r#"
    refused: unknown_component /rollouts/calculator: A rollout names calculator, and there is no such component.
    unknown_component /requires/ui.badges/0: A prerequisite names calculator, and there is no such component.
    unknown_key /rollout/salt: "salt" is not a key that Flagdeck knows; it is kept as it is.
    unknown_key /note: "note" is not a key that Flagdeck knows; it is kept as it is.
    "#);
}

#[test]
fn a_patch_is_read_as_strictly_as_a_document() {
    let patch = |text: &str| outcome(&Edit::Patch(text.as_bytes().to_vec()));
    assert_snapshot!(patch(r#"{"enabled": true, "enabled": false}"#), @r#"refused: duplicate_key /enabled: The key "enabled" is there twice; keep one."#);
    assert_snapshot!(patch("[]"), @"refused: wrong_type (document): A patch must be a JSON object, not a list.");
    assert_snapshot!(patch("null"), @"refused: wrong_type (document): A patch must be a JSON object, not nothing (null).");
    assert_snapshot!(patch(""), @r#"refused: syntax (document): The document is empty; the smallest one is {"enabled": false}."#);
    assert_snapshot!(patch(r#"{"rollout": {"percentage": 100.5}}"#), @r#"
    refused: out_of_range /rollout/percentage: rollout.percentage must be a number from 0 to 100 in steps of 0.001, not 100.5.
    unknown_key /rollout/salt: "salt" is not a key that Flagdeck knows; it is kept as it is.
    unknown_key /note: "note" is not a key that Flagdeck knows; it is kept as it is.
    "#);
}

/// The example of RFC 7396, in unknown keys, where any JSON may stand.
#[test]
fn patches_merge_as_the_rfc_has_them() {
    let check = |target: Value, patch: Value, merged: Value| {
        let before = document_of(&json!({"x": target}));
        let edit = Edit::Patch(json!({"x": patch}).to_string().into_bytes());
        let after = apply(&before, &edit).expect("the patch fits").document;
        assert_eq!(
            after.unknown.get("x"),
            Some(&merged.into()),
            "{target} with {patch}"
        );
    };
    check(json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"}));
    check(
        json!({"a": "b"}),
        json!({"b": "c"}),
        json!({"a": "b", "b": "c"}),
    );
    check(json!({"a": "b"}), json!({"a": null}), json!({}));
    check(
        json!({"a": "b", "b": "c"}),
        json!({"a": null}),
        json!({"b": "c"}),
    );
    check(json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"}));
    check(json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]}));
    check(
        json!({"a": {"b": "c"}}),
        json!({"a": {"b": "d", "c": null}}),
        json!({"a": {"b": "d"}}),
    );
    check(
        json!({"a": [{"b": "c"}]}),
        json!({"a": [1]}),
        json!({"a": [1]}),
    );
    check(json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"]));
    check(json!({"a": "b"}), json!(["c"]), json!(["c"]));
    check(
        json!({"e": null}),
        json!({"a": 1}),
        json!({"e": null, "a": 1}),
    );
    check(
        json!([1, 2]),
        json!({"a": "b", "c": null}),
        json!({"a": "b"}),
    );
    check(
        json!(5),
        json!({"a": {"bb": {"ccc": null}}}),
        json!({"a": {"bb": {}}}),
    );
}

#[test]
fn a_patch_cannot_grow_a_document_beyond_its_bound() {
    let half = "x".repeat(3 * 1024 * 1024);
    let before = document_of(&json!({"a": half}));
    let edit = Edit::Patch(json!({"b": half}).to_string().into_bytes());
    let Err(EditError::Invalid(problems)) = apply(&before, &edit) else {
        panic!("a document of 6 MiB must be refused");
    };
    assert!(listing(&problems).starts_with("too_large (document)"));
}
