//! What changed between two documents, for programs and in words.

use flagdeck_core::{FlagDocument, changes};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::document_of;

/// Says the differences of two trees, `pointer: sentence`, one a line.
fn said(before: &Value, after: &Value) -> String {
    let lines = changes(before, after);
    let lines = lines
        .iter()
        .map(|change| format!("{}: {change}", change.pointer));
    lines.collect::<Vec<_>>().join("\n")
}

/// Says what a change to the start document would be called.
fn sentences(change: impl FnOnce(&mut Value)) -> String {
    let before = json!({
        "enabled": true,
        "components": {"calculator": false, "ui": {"badges": true}},
        "rollout": {"percentage": 12.5, "userGroups": ["beta", "staff"], "strategy": "canary"},
        "rollouts": {"ui.badges": {"percentage": 10, "userGroups": [], "strategy": "canary"}},
        "requires": {"ui.badges": ["calculator"]},
        "about": {"calculator": {"title": "Calculator", "tags": ["ui", "beta"], "expires": "2027-01-31"}},
        "note": 1
    });
    let mut after = before.clone();
    change(&mut after);
    let (before, after) = (document_of(&before), document_of(&after));
    said(&before.to_value(), &after.to_value())
}

#[test]
fn switches_are_said_on_or_off() {
    assert_snapshot!(sentences(|tree| tree["enabled"] = json!(false)), @"/enabled: Master switch off");
    assert_snapshot!(sentences(|tree| {
        tree["components"]["calculator"] = json!(true);
        tree["components"]["ui"]["badges"] = json!(false);
    }), @"
    /components/calculator: calculator on
    /components/ui/badges: ui.badges off
    ");
}

#[test]
fn components_and_groups_come_go_and_turn_into_each_other() {
    let said = |before: Value, after: Value| {
        let tree = |components| document_of(&json!({"components": components})).to_value();
        self::said(&tree(before), &tree(after))
    };
    assert_snapshot!(said(
        json!({"calculator": true, "old": false, "ui": {"badges": true, "menu": {"x": true}}}),
        json!({"calculator": {"x": true}, "ui": {"badges": true, "menu": false, "a": true, "b": false, "c": {}}}),
    ), @"
    /components/calculator: calculator became a group
    /components/old: old removed
    /components/ui/menu: ui.menu became a component, off
    /components/ui/a: ui.a added, on
    /components/ui/b: ui.b added, off
    /components/ui/c: Group ui.c added
    ");
    assert_snapshot!(said(json!({"ui": {"badges": true}}), json!({"ui": true})), @"/components/ui: ui became a component, on");
    assert_snapshot!(said(json!({"ui": {"badges": true}}), json!({})), @"/components/ui: Group ui removed");
}

#[test]
fn a_rollout_is_said_field_by_field() {
    assert_snapshot!(sentences(|tree| tree["rollout"] = json!({
        "percentage": 25, "userGroups": ["staff", "ops"], "strategy": "feature"
    })), @"
    /rollout/percentage: Everyone: 12.5 % → 25 %
    /rollout/userGroups: Everyone: groups +ops, −beta
    /rollout/strategy: Everyone: canary → feature
    ");
    assert_snapshot!(sentences(|tree| {
        tree["rollout"]["userGroups"] = json!(["staff", "beta"]);
        tree["rollout"]["salt"] = json!("x");
    }), @r#"
    /rollout/userGroups: Everyone: groups in another order
    /rollout/salt: Everyone: "salt" changed
    "#);
    assert_snapshot!(sentences(|tree| {
        tree["rollouts"]["ui.badges"]["percentage"] = json!(0.001);
    }), @"/rollouts/ui.badges/percentage: ui.badges: 10 % → 0.001 %");
}

#[test]
fn an_own_rollout_comes_and_goes() {
    assert_snapshot!(sentences(|tree| {
        tree["rollouts"]["calculator"] =
            json!({"percentage": 0.5, "userGroups": ["beta", "ops"], "strategy": "feature"});
    }), @"/rollouts/calculator: calculator: own rollout, feature 0.5 %, groups beta, ops");
    assert_snapshot!(sentences(|tree| tree["rollouts"] = json!({})), @"/rollouts: ui.badges follows the rollout for everyone");
}

#[test]
fn prerequisites_are_said_as_the_list_that_holds() {
    assert_snapshot!(sentences(|tree| {
        tree["components"]["tracker"] = json!(true);
        tree["requires"]["ui.badges"] = json!(["calculator", "tracker"]);
    }), @"
    /components/tracker: tracker added, on
    /requires/ui.badges: ui.badges requires calculator, tracker
    ");
    assert_snapshot!(sentences(|tree| tree["requires"]["ui.badges"] = json!([])), @"/requires/ui.badges: ui.badges requires nothing");
    assert_snapshot!(sentences(|tree| tree["requires"] = json!({})), @"/requires: ui.badges requires nothing");
}

#[test]
fn descriptions_are_said_by_their_field() {
    assert_snapshot!(sentences(|tree| tree["about"]["calculator"] = json!({
        "title": "Sums", "owner": "search team", "description": "…", "tags": ["ui"], "link": 1
    })), @r#"
    /about/calculator/title: calculator: title Calculator → Sums
    /about/calculator/tags: calculator: tags −beta
    /about/calculator/expires: calculator: expires 2027-01-31 → none
    /about/calculator/description: calculator: description changed
    /about/calculator/owner: calculator: owner none → search team
    /about/calculator/link: calculator: "link" changed
    "#);
    assert_snapshot!(sentences(|tree| tree["about"] = json!({})), @"/about: calculator: description removed");
    assert_snapshot!(sentences(|tree| {
        tree["about"]["ui.badges"] = json!({"title": "Badges"});
        tree["about"]["ui"] = json!({"owner": "search team"});
    }), @"
    /about/ui: ui: described
    /about/ui.badges: ui.badges: described as Badges
    ");
}

#[test]
fn bucketing_and_unknown_keys_are_said() {
    assert_snapshot!(sentences(|tree| tree["bucketing"] = json!("flagd-2")), @"/bucketing: Bucketing: flagd-3 → flagd-2");
    assert_snapshot!(sentences(|tree| {
        tree["note"] = json!(2);
        tree["<b>"] = json!(1);
    }), @r#"
    /note: "/note" changed
    /<b>: "/<b>" changed
    "#);
}

#[test]
fn what_would_turn_text_around_is_escaped() {
    let sentence = sentences(|tree| tree["\u{202e}"] = json!(1));
    assert!(sentence.ends_with(r#""/\u{202e}" changed"#), "{sentence:?}");
}

#[test]
fn a_long_list_of_groups_is_cut() {
    let groups: Vec<String> = (0..1000).map(|i| format!("g{i}")).collect();
    assert_snapshot!(sentences(|tree| tree["rollout"]["userGroups"] = json!(groups)), @"/rollout/userGroups: Everyone: groups +g0, +g1, +g2, +g3, +g4, +g5, +g6 and 995 more");
}

#[test]
fn a_whole_document_is_one_change_where_there_was_none() {
    let document = FlagDocument::default().to_value();
    assert_snapshot!(said(&Value::Null, &document), @": The whole document changed");
    let components_only = json!({"components": document["components"]});
    assert_snapshot!(said(&json!({}), &components_only), @r#"/components: "/components" changed"#);
}

#[test]
fn order_alone_is_no_difference_of_objects_but_of_lists() {
    assert_eq!(said(&json!({"a": 1, "b": 2}), &json!({"b": 2, "a": 1})), "");
    assert_eq!(
        said(&json!({"a": [1, 2]}), &json!({"a": [2, 1]})),
        "/a: \"/a\" changed"
    );
}

#[test]
fn a_change_survives_its_journal() {
    let before = json!({"a": null, "b/c~": 1, "d": 1});
    for change in changes(&before, &json!({"b/c~": 2, "e": {}})) {
        let line = serde_json::to_string(&change).expect("a change is JSON");
        let read: flagdeck_core::Change = serde_json::from_str(&line).expect("it is a change");
        assert_eq!(read, change, "{line}");
    }
}
