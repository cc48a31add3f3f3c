//! What is accepted, what it becomes, and that everything wrong is said at once.

use flagdeck_core::document::{Bucketing, Node};
use flagdeck_core::{FlagDocument, Severity, Strategy, validate, validate_value};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Written, document, document_of, listing, refusal};

/// Returns the warnings about a document that is accepted.
fn warnings(tree: &Value) -> String {
    let checked = validate_value(&tree.clone().into()).expect("the document is valid");
    let severities = checked.warnings.iter().map(|problem| problem.severity);
    assert!(severities.into_iter().all(|it| it == Severity::Warning));
    listing(&checked.warnings)
}

#[test]
fn an_empty_object_is_the_safe_default() {
    let default = document("{}");
    assert_eq!(default, FlagDocument::default());
    assert_eq!(default.count(), (6, 0));
    assert_snapshot!(String::from_utf8(default.to_bytes()).expect("it is text"), @r#"{"enabled":false,"components":{"calculator":false,"tracker":false,"orchestrator":false,"ui":{"badges":false,"dashboard":false,"curationPanel":false}},"rollout":{"percentage":0,"userGroups":[],"strategy":"canary"}}"#);
}

#[test]
fn the_founding_three_keys_are_a_complete_document() {
    let checked = validate(
        br#"{"enabled": true, "components": {"calculator": true, "ui": {"badges": false}},
            "rollout": {"percentage": 12.5, "userGroups": ["beta"], "strategy": "feature"}}"#,
    )
    .expect("the document is valid");
    assert_eq!(checked.warnings, []);
    let document = checked.document;
    assert!(document.enabled);
    assert_eq!(document.count(), (2, 1));
    assert_eq!(document.rollout.percentage.milli(), 12_500);
    assert_eq!(document.rollout.user_groups, ["beta"]);
    assert_eq!(document.rollout.strategy, Strategy::Feature);
    assert_eq!(document.bucketing, Bucketing::Flagd3);
}

/// The document of the specification, with everything a document may have.
fn full() -> Value {
    json!({
        "enabled": false,
        "components": {
            "calculator": false, "tracker": false, "orchestrator": false,
            "ui": {"badges": false, "dashboard": false, "curationPanel": false}
        },
        "rollout": {"percentage": 0, "userGroups": [], "strategy": "canary"},
        "rollouts": {
            "ui.badges": {"percentage": 12.5, "userGroups": ["beta"], "strategy": "canary"}
        },
        "requires": {"ui.dashboard": ["tracker"]},
        "about": {
            "ui.badges": {
                "title": "Confidence badges", "description": "Shown next to each file.",
                "owner": "search team", "tags": ["ui"], "expires": "2027-01-31"
            }
        },
        "bucketing": "flagd-2"
    })
}

#[test]
fn the_full_document_is_written_as_it_was_read() {
    let tree = full();
    assert_eq!(warnings(&tree), "");
    assert_eq!(document_of(&tree).to_value().to_string(), tree.to_string());
}

#[test]
fn what_says_nothing_is_not_written() {
    let tree = json!({"rollouts": {}, "requires": {}, "about": {}, "bucketing": "flagd-3"});
    assert_eq!(
        document_of(&tree).to_value(),
        FlagDocument::default().to_value()
    );
}

#[test]
fn missing_keys_take_the_safe_default_in_an_own_rollout_too() {
    let tree = json!({"components": {"a": true}, "rollouts": {"a": {"percentage": 0}}});
    let written = document_of(&tree).to_value();
    assert_eq!(
        written["rollouts"]["a"],
        json!({"percentage": 0, "userGroups": [], "strategy": "canary"})
    );
    assert_eq!(written["enabled"], json!(false));
}

#[test]
fn a_tree_may_be_empty_and_groups_too() {
    assert_eq!(document_of(&json!({"components": {}})).count(), (0, 0));
    let document = document_of(&json!({"components": {"ui": {"inner": {}}}}));
    assert_eq!(document.count(), (0, 0));
    assert!(document.is_group("ui.inner"));
}

#[test]
fn a_path_leads_to_its_node() {
    let document = document_of(&json!({"components": {"ui": {"badges": true}, "a": false}}));
    let node = |path: &str| document.node(&path.parse().expect("a path"));
    assert_eq!(node("ui.badges"), Some(&Node::Component(true)));
    assert_eq!(node("a"), Some(&Node::Component(false)));
    assert_eq!(node("a.badges"), None);
    assert_eq!(node("ui.badge"), None);
    assert!(document.is_group("ui") && !document.is_group("a") && !document.is_group("no. name"));
}

#[test]
fn the_order_of_the_tree_is_kept() {
    let text = r#"{"components":{"z":true,"a":{"y":false,"b":true},"m":false}}"#;
    let mut paths = Vec::new();
    document(text).for_each_component(|path, on| paths.push((path.to_owned(), on)));
    let expected = [("z", true), ("a.y", false), ("a.b", true), ("m", false)];
    assert_eq!(paths, expected.map(|(path, on)| (path.to_owned(), on)));
}

#[test]
fn names_that_differ_only_in_case_are_two_components() {
    assert_eq!(
        document_of(&json!({"components": {"a": true, "A": false}})).count(),
        (2, 1)
    );
}

#[test]
fn percentages_are_written_as_people_write_them() {
    for percentage in ["0", "100", "12.5", "0.001", "99.999", "33.333", "50"] {
        let text = format!(r#"{{"rollout":{{"percentage":{percentage}}}}}"#);
        let written = document(&text).to_value()["rollout"]["percentage"].to_string();
        assert_eq!(written, percentage);
    }
}

#[test]
fn unknown_keys_are_warnings_and_stay_at_every_level() {
    let mut tree = full();
    tree["note"] = json!({"by": ["me", null], "size": 1e300});
    tree["rollout"]["salt"] = json!("abc");
    tree["rollouts"]["ui.badges"]["salt/~"] = json!(0.1);
    tree["about"]["ui.badges"]["link"] = json!("https://example.org/\u{202e}");
    assert_snapshot!(warnings(&tree), @r#"
    unknown_key /rollout/salt: "salt" is not a key that Flagdeck knows; it is kept as it is.
    unknown_key /rollouts/ui.badges/salt~1~0: "salt/~" is not a key that Flagdeck knows; it is kept as it is.
    unknown_key /about/ui.badges/link: "link" is not a key that Flagdeck knows; it is kept as it is.
    unknown_key /note: "note" is not a key that Flagdeck knows; it is kept as it is.
    "#);
    assert_eq!(document_of(&tree).to_value(), tree);
}

#[test]
fn repeated_entries_and_descriptions_of_nothing_are_warnings() {
    let tree = json!({
        "components": {"a": true, "b": true},
        "rollout": {"userGroups": ["beta", "staff", "beta"]},
        "requires": {"a": ["b", "b"]},
        "about": {"a": {"tags": ["ui", "ui"]}, "gone": {}}
    });
    assert_snapshot!(warnings(&tree), @r#"
    duplicate_entry /rollout/userGroups/2: rollout.userGroups[2] names "beta" again.
    duplicate_entry /requires/a/1: requires["a"][1] names "b" again.
    duplicate_entry /about/a/tags/1: about["a"].tags[1] names "ui" again.
    unknown_component /about/gone: A description names gone, and there is no such component.
    "#);
}

#[test]
fn everything_wrong_with_a_document_is_said_at_once() {
    let text = r#"{
        "enabled": "yes",
        "components": {"1st": true, "__proto__": true, "ui": {"badges": 1}, "ok": true, "ok": false},
        "rollout": {"percentage": "50", "userGroups": ["", 7], "strategy": "blue"},
        "rollouts": {
            "ok": {"percentage": 50, "strategy": "blue-green"},
            "ui": {"percentage": 100.5},
            "gone": {"percentage": 0.0005}
        },
        "requires": {"ok": ["ui.badges", "nowhere"], "ui.badges": ["ok"]},
        "about": {"ok": {"expires": "2027-02-30", "title": 5}},
        "bucketing": "md5",
        "extra": 1
    }"#;
    assert_snapshot!(listing(&refusal(text)), @r#"
    duplicate_key /components/ok: The key "ok" is there twice; keep one.
    wrong_type /enabled: enabled must be true or false, not the text "yes".
    bad_name /components/1st: "1st" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    bad_name /components/__proto__: "__proto__" cannot be used: the names __proto__, constructor, prototype are reserved.
    wrong_type /components/ui/badges: components.ui.badges must be true, false or a group of components, not 1.
    wrong_type /rollout/percentage: rollout.percentage must be a number from 0 to 100 in steps of 0.001, not the text "50".
    bad_name /rollout/userGroups/0: rollout.userGroups[0] must be a text of 1 to 128 characters, not the text "".
    wrong_type /rollout/userGroups/1: rollout.userGroups[1] must be a text of 1 to 128 characters, not 7.
    unknown_value /rollout/strategy: rollout.strategy must be canary, blue-green or feature, not the text "blue".
    blue_green_partial /rollouts/ok/percentage: rollouts["ok"].percentage must be 0 or 100 with blue-green, where everybody switches together, not 50; canary reaches a part of everyone.
    out_of_range /rollouts/ui/percentage: rollouts["ui"].percentage must be a number from 0 to 100 in steps of 0.001, not 100.5.
    too_fine /rollouts/gone/percentage: rollouts["gone"].percentage must be a number from 0 to 100 in steps of 0.001, not 0.0005.
    wrong_type /about/ok/title: about["ok"].title must be a text of 1 to 200 characters, not 5.
    bad_date /about/ok/expires: about["ok"].expires must be a day as YYYY-MM-DD, not the text "2027-02-30".
    unknown_value /bucketing: bucketing must be flagd-3 or flagd-2, not the text "md5".
    unknown_component /rollouts/gone: A rollout names gone, and there is no such component.
    unknown_component /rollouts/ui: A rollout names ui, which is a group; it must name a component.
    unknown_component /requires/ok/1: A prerequisite names nowhere, and there is no such component.
    cycle /requires/ui.badges: ok requires ui.badges requires ok: a component cannot require itself, directly or through others.
    unknown_key /extra: "extra" is not a key that Flagdeck knows; it is kept as it is.
    "#);
}

#[test]
fn blue_green_says_why_a_part_cannot_be() {
    let text = r#"{"rollout": {"percentage": 30, "strategy": "blue-green"}}"#;
    assert_snapshot!(listing(&refusal(text)), @"blue_green_partial /rollout/percentage: rollout.percentage must be 0 or 100 with blue-green, where everybody switches together, not 30; canary reaches a part of everyone.");
    for whole in [0, 100] {
        let tree = json!({"rollout": {"percentage": whole, "strategy": "blue-green"}});
        assert_eq!(warnings(&tree), "");
    }
}

#[test]
fn errors_are_listed_before_any_number_of_warnings() {
    let mut tree = json!({"enabled": 1});
    for i in 0..2000 {
        tree[format!("x{i}")] = json!(null);
    }
    let problems = refusal(tree.to_string());
    assert_eq!(problems.len(), 1001);
    assert_eq!(problems[0].pointer, "/enabled");
    assert_snapshot!(problems[1000], @"Further problems that are not listed: 1001.");
}

#[test]
fn a_valid_document_that_becomes_invalid_says_what_broke_it() {
    let mut tree = full();
    tree["components"]["tracker"] = json!({"inner": true});
    assert_snapshot!(listing(&refusal(tree.to_string())), @"unknown_component /requires/ui.dashboard/0: A prerequisite names tracker, which is a group; it must name a component.");
}

#[test]
fn groups_only_without_a_group_is_a_warning_on_every_way_in() {
    let groups_only = |percentage: f64, groups: &[&str]| json!({"percentage": percentage, "userGroups": groups, "strategy": "feature"});
    let tree = json!({
        "components": {"a": true, "b": true, "c": true},
        "rollout": groups_only(25.0, &[]),
        "rollouts": {"a": groups_only(0.0, &[]), "b": groups_only(25.0, &["beta"])}
    });
    assert_snapshot!(warnings(&tree), @r#"
    groups_only_without_group /rollout/strategy: rollout.strategy is feature (groups only), but userGroups names no group: the 25 % is of everyone.
    groups_only_without_group /rollouts/a/strategy: rollouts["a"].strategy is feature (groups only), but userGroups names no group: any percentage above 0 is of everyone.
    "#);
    let canary = json!({"rollout": {"percentage": 25, "userGroups": [], "strategy": "canary"}});
    assert_eq!(warnings(&canary), "");
}
