//! Why a user gets what they get, for every reason.

use flagdeck_core::{Compiled, Explanation, Reaches, User, explain};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::document_of;

/// `user0` is in bucket 38 371 of the document's rollout, 40 283 of `ui.badges`.
const USER: &str = "user0";

fn explanation(tree: &Value, component: &str, id: &str, groups: &[&str]) -> Explanation {
    let document = document_of(tree);
    let compiled = Compiled::new(&document);
    explain(
        &document,
        &compiled,
        &Reaches::of(&compiled, !document.enabled),
        component,
        &User { id, groups },
    )
}

#[test]
fn blanks_around_a_group_of_the_document_keep_nobody_out() {
    for strategy in ["canary", "feature"] {
        let tree = with_rollout(
            json!({"percentage": 1, "userGroups": [" beta\t", "staff"], "strategy": strategy}),
        );
        let decided = |groups: &[&str]| explanation(&tree, "calculator", USER, groups).reason;
        let expected = match strategy {
            "canary" => ["group", "split"],
            _ => ["split", "not_in_group"],
        };
        assert_eq!([decided(&["beta"]), decided(&["other"])], expected);
    }
    let tree = with_rollout(json!({"percentage": 5, "userGroups": [" beta\t"]}));
    let told = explanation(&tree, "calculator", USER, &["beta"]);
    assert!(
        told.sentence.contains("in the group beta,"),
        "{}",
        told.sentence
    );
}

#[test]
fn a_group_of_blanks_alone_is_nobodys_and_still_restricts() {
    let tree = with_rollout(json!({"percentage": 100, "userGroups": [" "], "strategy": "feature"}));
    let told = explanation(&tree, "calculator", USER, &["beta"]);
    assert_eq!((told.value, told.reason), (false, "not_in_group"));
}

/// Says an explanation's sentence, then its steps.
fn said(tree: &Value, component: &str, id: &str, groups: &[&str]) -> String {
    let explanation = explanation(tree, component, id, groups);
    let mark = |ok| if ok { '✓' } else { '✗' };
    let steps = explanation.steps.iter();
    let steps = steps.map(|step| format!("{} {}", mark(step.ok), step.text));
    let lines: Vec<String> = std::iter::once(explanation.sentence.clone())
        .chain(steps)
        .collect();
    lines.join("\n")
}

fn with_rollout(rollout: Value) -> Value {
    json!({"enabled": true, "components": {"calculator": true}, "rollout": rollout})
}

#[test]
fn names_that_are_no_component() {
    let tree = json!({});
    assert_snapshot!(said(&tree, "gone", USER, &[]), @r#"
    gone is off for "user0": there is no component gone.
    ✗ there is no component gone
    "#);
    assert_snapshot!(said(&tree, "ui", USER, &[]), @r#"
    ui is off for "user0": ui is a group, not a component.
    ✗ ui is a group, not a component
    "#);
    assert_snapshot!(said(&tree, "<b>\u{202e}", USER, &[]), @r#"
    "<b>\u{202e}" is off for "user0": there is no component "<b>\u{202e}".
    ✗ there is no component "<b>\u{202e}"
    "#);
}

#[test]
fn switches_that_are_off() {
    let mut tree = json!({"components": {"calculator": false}});
    assert_snapshot!(said(&tree, "calculator", USER, &[]), @r#"
    calculator is off for "user0": the master switch is off.
    ✗ the master switch is off
    "#);
    tree["enabled"] = json!(true);
    assert_snapshot!(said(&tree, "calculator", USER, &[]), @r#"
    calculator is off for "user0": calculator is switched off.
    ✓ the master switch is on
    ✗ calculator is switched off
    "#);
}

#[test]
fn every_row_of_the_rollout_table() {
    let zero = with_rollout(json!({"percentage": 0}));
    assert_snapshot!(said(&zero, "calculator", USER, &[]), @r#"
    calculator is off for "user0": the default rollout is at 0 %.
    ✓ the master switch is on
    ✓ calculator is switched on
    ✗ the default rollout is at 0 %
    "#);
    let groups = with_rollout(
        json!({"percentage": 100, "strategy": "feature", "userGroups": ["beta", "staff"]}),
    );
    assert_snapshot!(said(&groups, "calculator", USER, &["ops"]), @r#"
    calculator is off for "user0": the default rollout is only for the groups beta, staff, and the user is in none of them.
    ✓ the master switch is on
    ✓ calculator is switched on
    ✗ the default rollout is only for the groups beta, staff, and the user is in none of them
    "#);
    let canary = with_rollout(json!({"percentage": 12.5, "userGroups": ["beta", "staff"]}));
    assert_snapshot!(said(&canary, "calculator", USER, &["staff"]), @r#"
    calculator is on for "user0": the user is in the group staff, which comes first in the default rollout.
    ✓ the master switch is on
    ✓ calculator is switched on
    ✓ the user is in the group staff, which comes first in the default rollout
    "#);
    let full = with_rollout(json!({"percentage": 100}));
    assert_snapshot!(said(&full, "calculator", USER, &[]), @r#"
    calculator is on for "user0": the default rollout is at 100 %.
    ✓ the master switch is on
    ✓ calculator is switched on
    ✓ the default rollout is at 100 %
    "#);
    assert_snapshot!(said(&full, "calculator", "", &[]), @"
    calculator is on for a user without an id: the default rollout is at 100 %.
    ✓ the master switch is on
    ✓ calculator is switched on
    ✓ the default rollout is at 100 %
    ");
    assert_snapshot!(said(&canary, "calculator", "", &[]), @"
    calculator is off for a user without an id: the default rollout is at 12.5 %, and without a user id nobody can be placed.
    ✓ the master switch is on
    ✓ calculator is switched on
    ✗ the default rollout is at 12.5 %, and without a user id nobody can be placed
    ");
    assert_snapshot!(said(&canary, "calculator", USER, &[]), @r#"
    calculator is off for "user0": bucket 38371 is not below 12500, the 12.5 % of the default rollout.
    ✓ the master switch is on
    ✓ calculator is switched on
    ✗ bucket 38371 is not below 12500, the 12.5 % of the default rollout
    "#);
    let half = with_rollout(json!({"percentage": 50}));
    assert_snapshot!(said(&half, "calculator", USER, &[]), @r#"
    calculator is on for "user0": bucket 38371 is below 50000, the 50 % of the default rollout.
    ✓ the master switch is on
    ✓ calculator is switched on
    ✓ bucket 38371 is below 50000, the 50 % of the default rollout
    "#);
}

fn with_prerequisites() -> Value {
    json!({
        "enabled": true,
        "components": {"tracker": true, "ui": {"badges": true, "dashboard": true}},
        "rollout": {"percentage": 100},
        "rollouts": {"ui.badges": {"percentage": 50}},
        "requires": {"ui.badges": ["ui.dashboard"], "ui.dashboard": ["tracker"]}
    })
}

#[test]
fn prerequisites() {
    let mut tree = with_prerequisites();
    assert_snapshot!(said(&tree, "ui.badges", USER, &[]), @r#"
    ui.badges is on for "user0": bucket 40283 is below 50000, the 50 % of its custom rollout.
    ✓ the master switch is on
    ✓ ui.badges is switched on
    ✓ what it requires is on for this user (ui.dashboard)
    ✓ bucket 40283 is below 50000, the 50 % of its custom rollout
    "#);
    tree["rollouts"]["tracker"] = json!({"percentage": 5});
    assert_snapshot!(said(&tree, "ui.badges", USER, &[]), @r#"
    ui.badges is off for "user0": it requires tracker, which is off for this user: bucket 76042 is not below 5000, the 5 % of its custom rollout.
    ✓ the master switch is on
    ✓ ui.badges is switched on
    ✓ bucket 40283 is below 50000, the 50 % of its custom rollout
    ✗ it requires tracker, which is off for this user: bucket 76042 is not below 5000, the 5 % of its custom rollout
    "#);
    tree["rollout"] = json!({"percentage": 0});
    assert_snapshot!(said(&tree, "ui.badges", USER, &[]), @r#"
    ui.badges is off for "user0": it requires ui.dashboard, which is off for this user: the default rollout is at 0 %.
    ✓ the master switch is on
    ✓ ui.badges is switched on
    ✓ bucket 40283 is below 50000, the 50 % of its custom rollout
    ✗ it requires ui.dashboard, which is off for this user: the default rollout is at 0 %
    "#);
    tree["components"]["tracker"] = json!(false);
    assert_snapshot!(said(&tree, "ui.badges", USER, &[]), @r#"
    ui.badges is off for "user0": it requires tracker, which is switched off.
    ✓ the master switch is on
    ✓ ui.badges is switched on
    ✗ it requires tracker, which is switched off
    "#);
}

#[test]
fn a_user_id_is_quoted_and_cut() {
    let tree = with_rollout(json!({"percentage": 100}));
    assert_snapshot!(said(&tree, "calculator", "\u{202e}resu", &[]), @r#"
    calculator is on for "\u{202e}resu": the default rollout is at 100 %.
    ✓ the master switch is on
    ✓ calculator is switched on
    ✓ the default rollout is at 100 %
    "#);
    assert_snapshot!(said(&tree, "calculator", &"x".repeat(1_000_000), &[]), @r#"
    calculator is on for "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…": the default rollout is at 100 %.
    ✓ the master switch is on
    ✓ calculator is switched on
    ✓ the default rollout is at 100 %
    "#);
}

#[test]
fn many_groups_are_counted() {
    let groups: Vec<String> = (0..1000).map(|i| format!("g{i}")).collect();
    let tree =
        with_rollout(json!({"percentage": 100, "strategy": "feature", "userGroups": groups}));
    assert_snapshot!(said(&tree, "calculator", USER, &[]), @r#"
    calculator is off for "user0": the default rollout is only for the groups g0, g1, g2, g3, g4, g5, g6 and 993 more, and the user is in none of them.
    ✓ the master switch is on
    ✓ calculator is switched on
    ✗ the default rollout is only for the groups g0, g1, g2, g3, g4, g5, g6 and 993 more, and the user is in none of them
    "#);
}

#[test]
fn the_grounds_are_told_for_programs_too() {
    let mut tree = with_prerequisites();
    let grounds = |tree: &Value, component: &str, id: &str| {
        serde_json::to_string(&explanation(tree, component, id, &[])).expect("it is JSON")
    };
    assert_snapshot!(grounds(&tree, "ui.badges", USER), @r#"{"component":"ui.badges","value":true,"reason":"split","sentence":"ui.badges is on for \"user0\": bucket 40283 is below 50000, the 50 % of its custom rollout.","steps":[{"ok":true,"text":"the master switch is on"},{"ok":true,"text":"ui.badges is switched on"},{"ok":true,"text":"what it requires is on for this user (ui.dashboard)"},{"ok":true,"text":"bucket 40283 is below 50000, the 50 % of its custom rollout"}],"rollout":{"own":true,"percentage":50.0,"strategy":"canary","userGroups":[]},"bucket":40283,"threshold":50000,"failingPrerequisite":null,"reach":"50 % of everyone"}"#);
    assert_snapshot!(grounds(&tree, "tracker", ""), @r#"{"component":"tracker","value":true,"reason":"full","sentence":"tracker is on for a user without an id: the default rollout is at 100 %.","steps":[{"ok":true,"text":"the master switch is on"},{"ok":true,"text":"tracker is switched on"},{"ok":true,"text":"the default rollout is at 100 %"}],"rollout":{"own":false,"percentage":100.0,"strategy":"canary","userGroups":[]},"bucket":null,"threshold":100000,"failingPrerequisite":null,"reach":"Everyone"}"#);
    assert_snapshot!(grounds(&tree, "gone", USER), @r#"{"component":"gone","value":false,"reason":"unknown_component","sentence":"gone is off for \"user0\": there is no component gone.","steps":[{"ok":false,"text":"there is no component gone"}],"rollout":null,"bucket":null,"threshold":null,"failingPrerequisite":null,"reach":null}"#);
    tree["components"]["tracker"] = json!(false);
    assert_snapshot!(grounds(&tree, "ui.badges", USER), @r#"{"component":"ui.badges","value":false,"reason":"prerequisite","sentence":"ui.badges is off for \"user0\": it requires tracker, which is switched off.","steps":[{"ok":true,"text":"the master switch is on"},{"ok":true,"text":"ui.badges is switched on"},{"ok":false,"text":"it requires tracker, which is switched off"}],"rollout":{"own":true,"percentage":50.0,"strategy":"canary","userGroups":[]},"bucket":40283,"threshold":50000,"failingPrerequisite":"tracker","reach":"Nobody: tracker is off"}"#);
}
