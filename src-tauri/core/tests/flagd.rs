//! Flag definitions of flagd: what is written decides the same, and is read again.

use flagdeck_core::document::Bucketing;
use flagdeck_core::flagd::{Definitions, definitions, is_flagd, read};
use flagdeck_core::limits::{DOCUMENT_BYTES_MAX, PREREQUISITES_FLAT_MAX};
use flagdeck_core::{Compiled, FlagDocument, Problem, Strategy as Way};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::arbitrary::{documents, people};
use crate::support::json_logic::Evaluator;
use crate::support::{document_of, listing};

fn written(document: &Value) -> Definitions {
    definitions(&document_of(document))
}

fn read_back(definitions: &Value) -> (FlagDocument, Vec<Problem>) {
    match read(definitions.to_string().as_bytes()) {
        Ok(checked) => (checked.document, checked.warnings),
        Err(problems) => panic!("refused: {}", listing(&problems)),
    }
}

/// Reads one flag as `a`, which must have a meaning; returns the document as JSON without it.
#[track_caller]
fn meaning(flag: Value) -> Value {
    let (document, warnings) = read_back(&json!({
        "metadata": {"bucketing": "flagd-3"}, "flags": {"a": flag},
    }));
    assert_eq!(warnings, [], "{}", listing(&warnings));
    json!({
        "on": document.components,
        "rollout": document.rollout,
        "rollouts": document.rollouts,
    })
}

/// Reads one flag that has no meaning, beside one that has; returns what is said of it.
#[track_caller]
fn left_out(key: &str, flag: Value) -> String {
    let mut flags = json!({"kept": {
        "state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off",
    }});
    flags[key] = flag;
    let (document, warnings) = read_back(&json!({
        "metadata": {"bucketing": "flagd-3"}, "flags": flags,
    }));
    assert_eq!(document.count(), (1, 0));
    listing(&warnings)
}

fn switched(targeting: Value) -> Value {
    json!({
        "state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off",
        "targeting": targeting,
    })
}

fn own(percentage: impl Into<Value>, groups: &[&str], strategy: &str) -> Value {
    json!({"a": {"percentage": percentage.into(), "userGroups": groups, "strategy": strategy}})
}

#[test]
fn a_document_is_written_as_one_would_write_it() {
    let document = json!({
        "enabled": true,
        "components": {"tracker": true, "ui": {"badges": true, "dashboard": false}},
        "rollout": {"percentage": 25, "userGroups": ["staff"], "strategy": "canary"},
        "rollouts": {"ui.badges": {"percentage": 0.5, "userGroups": ["beta"], "strategy": "feature"}},
        "requires": {"ui.badges": ["tracker"]},
        "about": {"ui.badges": {"title": "Badges", "tags": ["ui", "search"]}},
    });
    let Definitions { tree, left_out } = written(&document);
    assert_eq!(left_out, []);
    assert_snapshot!(tree.get("$evaluators").unwrap(), @r#"{"enabled":{"!!":[true]},"rollout":{"or":[{"some":[{"var":"groups"},{"in":[{"var":""},["staff"]]}]},{"and":[{"var":"targetingKey"},{"fractional":[{"var":"targetingKey"},[true,25000],[false,75000]]}]}]}}"#);
    assert_snapshot!(tree.get("flags").unwrap().get("tracker").unwrap(), @r#"{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off","targeting":{"if":[{"and":[{"$ref":"enabled"},{"$ref":"rollout"}]},"on","off"]}}"#);
    let badges = tree.get("flags").unwrap().get("ui.badges").unwrap();
    assert_snapshot!(badges.get("targeting").unwrap(), @r#"{"if":[{"and":[{"$ref":"enabled"},{"and":[{"some":[{"var":"groups"},{"in":[{"var":""},["beta"]]}]},{"fractional":[[true,500],[false,99500]]}]},{"$ref":"rollout"}]},"on","off"]}"#);
    assert_snapshot!(badges.get("metadata").unwrap(), @r#"{"title":"Badges","tags":"ui, search","requires":"tracker"}"#);
    let dashboard = tree.get("flags").unwrap().get("ui.dashboard").unwrap();
    assert_snapshot!(dashboard.get("targeting").unwrap(), @r#"{"if":[{"and":[{"$ref":"enabled"},false,{"$ref":"rollout"}]},"on","off"]}"#);
}

#[test]
fn what_flagd_cannot_express_is_listed_with_its_place() {
    let document = json!({
        "enabled": true, "note": 1,
        "components": {"a": true, "b": true, "g": {}, "h": {"c": true}},
        "rollout": {"percentage": 0, "userGroups": ["staff"], "strategy": "feature", "seed": 7},
        "rollouts": {
            "a": {"percentage": 100, "userGroups": ["beta"], "strategy": "blue-green"},
            "b": {"percentage": 30, "userGroups": [], "strategy": "canary"},
        },
        "requires": {"h.c": ["b"]},
        "about": {
            "a": {"tags": ["one, two"], "links": ["x"], "requires": "x"},
            "g": {"title": "Group"},
        },
    });
    assert_snapshot!(listing(&written(&document).left_out), @r#"
    not_in_flagd /note: Flag definitions have no place for "note".
    not_in_flagd /components/g: The group g has no component, so no flag is in it.
    not_in_flagd /rollout/seed: Flag definitions have no place for "seed".
    not_in_flagd /rollout/userGroups: At 0 %, no group counts, so none is named.
    not_in_flagd /rollout/strategy: At 0 %, groups only decides as canary does: only that is said.
    not_in_flagd /rollouts/a/userGroups: At 100 %, no group counts, so none is named.
    not_in_flagd /rollouts/a/strategy: At 100 %, blue-green decides as canary does: only that is said.
    not_in_flagd /about/a/tags: Tags with a comma or blanks around them cannot be listed in one text.
    not_in_flagd /about/a/links: Flag definitions have no place for "links".
    not_in_flagd /about/a/requires: Flag definitions have no place for "requires".
    not_in_flagd /about/g: g is not a flag, so nothing is said about it.
    not_in_flagd /requires/h.c: h.c is left out: it requires b, whose custom rollout reaches a share of users, and a flag of flagd cannot compute that of another flag with flagd-3.
    "#);
}

#[test]
fn a_share_of_another_flag_is_written_if_a_rule_can_name_it() {
    let mut document = document_of(&json!({
        "enabled": true,
        "components": {"a": true, "b": true, "c": true},
        "rollout": {"percentage": 100},
        "rollouts": {"b": {"percentage": 30}},
        "requires": {"a": ["c"], "c": ["b"]},
    }));
    let listed = definitions(&document);
    assert_eq!(
        listed.tree.get("flags").unwrap().as_object().unwrap().len(),
        1
    );
    assert_snapshot!(listing(&listed.left_out), @r"
    not_in_flagd /requires/a: a is left out: it requires b, whose custom rollout reaches a share of users, and a flag of flagd cannot compute that of another flag with flagd-3.
    not_in_flagd /requires/c: c is left out: it requires b, whose custom rollout reaches a share of users, and a flag of flagd cannot compute that of another flag with flagd-3.
    ");
    document.bucketing = Bucketing::Flagd2;
    let Definitions { tree, left_out } = definitions(&document);
    assert_eq!(left_out, []);
    let a = tree.get("flags").unwrap().get("a").unwrap();
    assert_snapshot!(a.get("targeting").unwrap(), @r#"{"if":[{"and":[{"$ref":"enabled"},{"$ref":"rollout"},{"and":[{"var":"targetingKey"},{"fractional":[{"cat":["b",{"var":"targetingKey"}]},[true,30000],[false,70000]]}]}]},"on","off"]}"#);
    // One that is off decides without.
    document.bucketing = Bucketing::Flagd3;
    document
        .components
        .insert("c".into(), flagdeck_core::document::Node::Component(false));
    assert_eq!(definitions(&document).left_out, []);
}

#[test]
fn what_is_required_is_bounded() {
    let names: Vec<String> = (0..PREREQUISITES_FLAT_MAX + 2)
        .map(|i| format!("c{i}"))
        .collect();
    let mut document = json!({
        "enabled": true, "components": {}, "rollouts": {}, "requires": {},
        "rollout": {"percentage": 50},
    });
    for (at, name) in names.iter().enumerate() {
        document["components"][name] = json!(true);
        document["rollouts"][name] =
            json!({"percentage": 100, "userGroups": [name], "strategy": "feature"});
        if at > 0 {
            document["requires"][name] = json!([names[at - 1]]);
        }
    }
    let Definitions { tree, left_out } = written(&document);
    let flags = tree.get("flags").unwrap().as_object().unwrap();
    assert_eq!(flags.len(), PREREQUISITES_FLAT_MAX + 1);
    assert_snapshot!(listing(&left_out), @"not_in_flagd /requires/c65: c65 is left out: what it requires brings in more than 64 rollouts.");
}

/// Evaluators replace references as text, and lose what is escaped in it.
#[test]
fn a_default_rollout_that_cannot_be_shared_is_written_into_each_flag() {
    for name in ["équipe", "a\"b", "a\\b", "$&"] {
        let mut document = document_of(&json!({
            "enabled": true, "components": {"a": true, "b": true},
            "rollout": {"percentage": 10, "userGroups": [name], "strategy": "canary"},
        }));
        let Definitions { tree, left_out } = definitions(&document);
        assert_eq!(
            tree.get("$evaluators").unwrap().as_object().unwrap().len(),
            1,
            "{name}"
        );
        assert_eq!(left_out.len(), 1);
        assert_eq!(left_out[0].pointer, "/rollout");
        let (read, warnings) = read_back(&tree.to_string().parse().unwrap());
        assert_eq!((read, warnings), (document.clone(), vec![]));
        // What does not count is not named.
        document.rollout.percentage = flagdeck_core::Percentage::FULL;
        let Definitions { tree, .. } = definitions(&document);
        assert_eq!(
            tree.get("$evaluators").unwrap().as_object().unwrap().len(),
            2,
            "{name}"
        );
    }
}

#[test]
fn definitions_are_bounded_and_can_be_read_again() {
    let groups: Vec<String> = (0..1000).map(|i| format!("{i:0100}é")).collect();
    let mut document = json!({
        "enabled": true, "components": {},
        "rollout": {"percentage": 50, "userGroups": groups, "strategy": "canary"},
    });
    for at in 0..50 {
        document["components"][format!("c{at}")] = json!(true);
    }
    let written = written(&document);
    let text = written.text();
    assert!(text.len() <= DOCUMENT_BYTES_MAX, "{}", text.len());
    let (read, _) = read_back(&text.parse().unwrap());
    assert_eq!(read.count().0 + written.left_out.len(), 51);
    assert!(read.count().0 > 20);
    assert_eq!(read.rollout, document_of(&document).rollout);
    assert_snapshot!(written.left_out[1], @"/components/c38: c38 is left out: with it, the definitions would have more than 4 MiB.");
}

#[test]
fn simple_rules_by_hand_have_a_meaning() {
    let on =
        json!({"state": "ENABLED", "variants": {"y": true, "n": false}, "defaultVariant": "y"});
    assert_eq!(
        meaning(on),
        json!({"on": {"a": true}, "rollouts": {},
               "rollout": {"percentage": 100, "userGroups": [], "strategy": "canary"}})
    );
    let beta = json!({"in": ["beta", {"var": "groups"}]});
    let tenth = json!({"fractional": [["on", 10], ["off", 90]]});
    for (targeting, rollouts) in [
        (tenth.clone(), own(10, &[], "canary")),
        (
            json!({"fractional": [["on", 1], ["off", 7]]}),
            own(12.5, &[], "canary"),
        ),
        (
            json!({"fractional": [["on"], ["off"]]}),
            own(50, &[], "canary"),
        ),
        (
            json!({"if": [beta, "on", "off"]}),
            own(100, &["beta"], "feature"),
        ),
        (json!({"if": [beta, "on"]}), own(100, &["beta"], "feature")),
        (
            json!({"if": [beta, "on", tenth]}),
            own(10, &["beta"], "canary"),
        ),
        (
            json!({"if": [{"or": [beta, {"in": ["staff", {"var": "groups"}]}]}, "on", null]}),
            own(100, &["beta", "staff"], "feature"),
        ),
        (
            json!({"if": [
                {"and": [beta, {"fractional": [[true, 1], [false, 3]]}]}, "on", "off"
            ]}),
            own(25, &["beta"], "feature"),
        ),
    ] {
        assert_eq!(
            meaning(switched(targeting.clone()))["rollouts"],
            rollouts,
            "{targeting}"
        );
    }
}

#[test]
fn a_share_of_the_user_id_alone_is_the_default_rollout() {
    let share =
        |on: u32| json!({"fractional": [{"var": "targetingKey"}, ["on", on], ["off", 100 - on]]});
    let (document, warnings) = read_back(&json!({
        "metadata": {"bucketing": "flagd-3"},
        "flags": {"a": switched(share(20)), "b": switched(share(20)), "c": switched(share(30))},
    }));
    assert_eq!(document.rollout.percentage.milli(), 20_000);
    assert!(document.rollouts.is_empty());
    assert_snapshot!(listing(&warnings), @"not_in_flag_document /flags/c: c is left out: its share is of the user id alone, as that of a default rollout, which is another one here.");
}

#[test]
fn a_flag_without_a_meaning_is_left_out_and_says_why() {
    let texts = json!({"state": "ENABLED", "variants": {"a": "x"}, "defaultVariant": "a"});
    let all = [
        left_out("a b", switched(json!({}))),
        left_out("kept.more", switched(json!({}))),
        left_out("a", json!("on")),
        left_out("a", texts),
        left_out(
            "a",
            json!({"state": "ON", "variants": {"on": true}, "defaultVariant": "on"}),
        ),
        left_out("a", json!({"state": "ENABLED", "variants": {"on": true}})),
        left_out(
            "a",
            json!({"state": "ENABLED", "variants": {"on": true}, "defaultVariant": "x"}),
        ),
        left_out(
            "a",
            switched(json!({"if": [{"==": [{"var": "email"}, "x"]}, "on", "off"]})),
        ),
        left_out(
            "a",
            switched(json!({"fractional": [["off", 10], ["on", 90]]})),
        ),
        left_out(
            "a",
            switched(json!({"fractional": [["on", 1], ["off", 2]]})),
        ),
        left_out(
            "a",
            switched(json!({"fractional": [{"var": "email"}, ["on", 1], ["off", 1]]})),
        ),
        left_out(
            "a",
            switched(json!({"if": [{"$ref": "gone"}, "on", "off"]})),
        ),
        left_out(
            "a",
            switched(json!({"if": [{"var": "targetingKey"}, "on", "off"]})),
        ),
        left_out("a", switched(json!({"if": [true, "off", "on"]}))),
        left_out(
            "a",
            switched(json!({"if": [{"in": ["x", {"var": "groups"}]}, "on", "gone"]})),
        ),
    ];
    assert_snapshot!(all.join("\n"), @r#"
    not_in_flag_document /flags/a b: The flag "a b" is left out, because a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    not_in_flag_document /flags/kept.more: kept.more is left out: a flag before it has the name of its group, or is in its group.
    not_in_flag_document /flags/a: The flag "a" is left out: it is the text "on", not an object.
    not_in_flag_document /flags/a/variants: a is left out: its variants are not true and false.
    not_in_flag_document /flags/a/state: a is left out: its state is neither ENABLED nor DISABLED.
    not_in_flag_document /flags/a/defaultVariant: a is left out: it has no default and no rule.
    not_in_flag_document /flags/a/defaultVariant: a is left out: its default is not one of its variants.
    not_in_flag_document /flags/a/targeting/if/0: a is left out: its rule has the operation "==", which no component can have there.
    not_in_flag_document /flags/a/targeting: a is left out: its rule has a share that no rollout can have, which no component can have there.
    not_in_flag_document /flags/a/targeting: a is left out: its rule has a share that no rollout can have, which no component can have there.
    not_in_flag_document /flags/a/targeting: a is left out: its rule has a share that no rollout can have, which no component can have there.
    not_in_flag_document /flags/a/targeting/if/0: a is left out: its rule has a reference to "gone", which no component can have there.
    not_in_flag_document /flags/a/targeting: a is left out: its rule is not that of a rollout and what is required.
    not_in_flag_document /flags/a/targeting/if/1: a is left out: its rule has the text "off", which no component can have there.
    not_in_flag_document /flags/a/targeting/if/2: a is left out: its rule has the text "gone", which no component can have there.
    "#);
}

#[test]
fn a_requirement_is_taken_only_if_the_rule_asks_for_it() {
    let document = json!({
        "enabled": true,
        "components": {"a": true, "b": true, "c": true},
        "rollout": {"percentage": 40},
        "rollouts": {"b": {"percentage": 100, "userGroups": ["beta"], "strategy": "feature"}},
        "requires": {"a": ["b"], "c": ["a"]},
    });
    let definitions = written(&document).tree.to_string();
    let (document_read, _) = read_back(&definitions.parse().unwrap());
    assert_eq!(document_read, document_of(&document));
    let other = definitions.replacen(r#""beta""#, r#""staff""#, 1);
    assert_ne!(other, definitions);
    let (document_read, warnings) = read_back(&other.parse().unwrap());
    assert_eq!(document_read.count(), (1, 1));
    assert_snapshot!(listing(&warnings), @r"
    not_in_flag_document /flags/a: a is left out: its rule is not that of a rollout and what is required.
    not_in_flag_document /flags/c: c is left out: it requires a, which is not a component here.
    ");
}

#[test]
fn what_is_not_definitions_is_refused() {
    for (text, said) in [
        ("[]", "wrong_type"),
        ("{\"flags\": []}", "missing_key"),
        ("{\"flags\": {}}", "not_in_flag_document"),
        ("{\"flags\": {\"a\": 1}}", "not_in_flag_document"),
        ("{", "syntax"),
    ] {
        let problems = listing(&read(text.as_bytes()).unwrap_err());
        assert!(problems.contains(said), "{text}: {problems}");
    }
    assert!(is_flagd(br#"{"flags": {"a": {"state": "ENABLED"}}}"#));
    assert!(!is_flagd(br#"{"enabled": true}"#));
    let named = json!({"components": {"components": true, "rollout": true, "enabled": true}});
    assert!(is_flagd(written(&named).text().as_bytes()));
}

/// Makes of a document what its definitions say of it.
fn as_said(mut document: FlagDocument, left_out: &[Problem]) -> FlagDocument {
    let lost = |key: &str, path: &str| {
        let pointer = format!("/{key}/{path}");
        left_out
            .iter()
            .any(|problem| problem.pointer.starts_with(&pointer))
    };
    document.unknown = Default::default();
    for rollout in std::iter::once(&mut document.rollout).chain(document.rollouts.values_mut()) {
        rollout.unknown = Default::default();
        let milli = rollout.percentage.milli();
        let names_any = !rollout.user_groups.is_empty();
        let counts = match rollout.strategy {
            Way::Canary => names_any && (1..100_000).contains(&milli),
            Way::Feature => names_any && milli > 0,
            Way::BlueGreen => false,
        };
        if !counts {
            rollout.user_groups.clear();
            rollout.strategy = Way::Canary;
        }
    }
    let groups = |document: &FlagDocument, path: &str| document.is_group(path);
    let described: Vec<_> = document.about.keys().cloned().collect();
    for path in described {
        if groups(&document, path.as_str()) {
            document.about.remove(&path);
        }
    }
    for (path, about) in &mut document.about {
        if lost("about", &format!("{path}/tags")) {
            about.tags.clear();
        }
        about.unknown.retain(|key, value| {
            !key.is_empty() && !matches!(value.to_string().as_bytes()[0], b'n' | b'[' | b'{')
        });
    }
    document
        .about
        .retain(|_, about| *about != Default::default());
    document.requires.retain(|_, required| !required.is_empty());
    without_empty_groups(&mut document.components);
    document
}

fn without_empty_groups(group: &mut flagdeck_core::document::Group) {
    use flagdeck_core::document::Node;
    for node in group.values_mut() {
        if let Node::Group(inner) = node {
            without_empty_groups(inner);
        }
    }
    group.retain(|_, node| !matches!(node, Node::Group(inner) if inner.is_empty()));
}

proptest! {
    #[test]
    fn every_flag_that_is_written_decides_as_its_component(
        document in documents(),
        people in prop::collection::vec(people(), 1..8),
    ) {
        let compiled = Compiled::new(&document);
        let evaluator = Evaluator::new(&definitions(&document).tree, document.bucketing);
        for person in &people {
            for flag in evaluator.flags() {
                let expected = compiled.evaluate(flag, &person.user()).value;
                prop_assert_eq!(evaluator.is_on(flag, &person.user()), expected, "{}", flag);
            }
        }
    }

    #[test]
    fn every_component_is_written_or_listed(document in documents()) {
        let Definitions { tree, left_out } = definitions(&document);
        let flags = tree.get("flags").unwrap().as_object().unwrap().len();
        let listed = left_out.iter().filter(|it| it.message.contains(" is left out: ")).count();
        prop_assert_eq!(flags + listed, document.count().0);
    }

    #[test]
    fn what_is_written_is_read_again(document in documents()) {
        let Definitions { tree, left_out } = definitions(&document);
        prop_assume!(!left_out.iter().any(|it| it.message.contains(" is left out: ")));
        prop_assume!(!left_out.iter().any(|it| it.pointer == "/rollout"));
        prop_assert!(is_flagd(tree.to_string().as_bytes()));
        let checked = read(tree.to_string().as_bytes());
        let read = checked.map_err(|problems| TestCaseError::fail(listing(&problems)))?;
        prop_assert_eq!(&read.document, &as_said(document, &left_out));
        let again = definitions(&read.document).tree;
        prop_assert_eq!(again.get("flags"), tree.get("flags"));
    }

    #[test]
    fn reading_never_panics(text in "(?s).{0,200}") {
        let _ = read(text.as_bytes());
    }
}
