//! What comes from outside is recognised as a flag document before it is checked.

use flagdeck_core::recognise::{self, Format, Recognised};
use flagdeck_core::{Edit, EditError, FlagDocument, apply, read_document, validate};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::arbitrary::documents;
use crate::support::{Written, document_of, listing};

fn recognise(tree: &Value) -> Recognised {
    recognise::recognise(&tree.clone().into())
}

/// Returns what refuses a document from outside.
#[track_caller]
fn refusal(text: &str) -> String {
    listing(&read_document(text.as_bytes()).expect_err("the document must be refused"))
}

#[track_caller]
fn refusal_of(tree: Value) -> String {
    refusal(&tree.to_string())
}

#[track_caller]
fn accepted(tree: &Value) -> FlagDocument {
    match read_document(tree.to_string().as_bytes()) {
        Ok(checked) => checked.document,
        Err(problems) => panic!("refused: {}", listing(&problems)),
    }
}

#[track_caller]
fn check_format(tree: Value, expected: Format) {
    assert_eq!(recognise(&tree), Recognised::Foreign(expected), "{tree}");
    check_refused_as(tree, expected);
}

#[track_caller]
fn check_refused_as(tree: Value, expected: Format) {
    let told = refusal_of(tree);
    assert!(
        told.starts_with("foreign_format (document): This is "),
        "{told}"
    );
    assert!(told.contains(expected.name()), "{told}");
    assert!(told.contains(expected.advice()), "{told}");
}

#[test]
fn one_of_three_keys_is_enough() {
    let documents = [
        json!({"enabled": false}),
        json!({"components": {}}),
        json!({"rollout": {}}),
        json!({"enabled": true, "note": "kept"}),
        json!({"components": {"flags": {"data": true}}, "version": 3, "name": "mine"}),
    ];
    for tree in documents {
        assert_eq!(accepted(&tree), document_of(&tree), "{tree}");
    }
}

#[test]
fn what_is_said_of_the_components_of_the_safe_default_is_enough_too() {
    let documents = [
        json!({"rollouts": {"ui.badges": {"percentage": 5}}}),
        json!({"requires": {"ui.dashboard": ["tracker"]}}),
        json!({"about": {"calculator": {"title": "Sums"}}, "bucketing": "flagd-2"}),
    ];
    for tree in documents {
        assert_eq!(accepted(&tree), document_of(&tree), "{tree}");
    }
    // Recipes of conda have `about`, too, and `requires` is anything.
    for tree in [
        json!({"about": {"home": "https://example.org", "license": "MIT"}}),
        json!({"requires": ["setuptools"]}),
        json!({"requires": {}, "rollouts": {}, "bucketing": "flagd-3"}),
    ] {
        assert_eq!(recognise(&tree), Recognised::Unknown, "{tree}");
    }
}

#[test]
fn an_object_without_any_of_them_is_not_a_flag_document() {
    assert_snapshot!(refusal("{}"), @r#"not_a_flag_document (document): This is not a flag document: it has nothing, and a flag document has at least one of enabled, components and rollout. The smallest one is {"enabled": false}."#);
    assert_snapshot!(refusal(r#"{"colour": 1, "size": [2]}"#), @r#"not_a_flag_document (document): This is not a flag document: it has "colour", "size", and a flag document has at least one of enabled, components and rollout. The smallest one is {"enabled": false}."#);
    assert_snapshot!(refusal(r#"{"checkout": true, "ui": {"badges": false}}"#), @r#"not_a_flag_document (document): This is not a flag document, but looks like its components: put it under components, as in {"enabled": true, "components": {"checkout": true}}."#);
    for other in [
        r#"{"features": {"ui": {"enabled": true}}}"#,
        r#"{"a b": true}"#,
        r#"{"a": 1}"#,
    ] {
        assert!(
            refusal(other).contains("at least one of enabled"),
            "{other}"
        );
    }
}

#[test]
fn what_is_no_object_is_told_as_before() {
    for (text, told) in [
        (
            "[]",
            "wrong_type (document): A flag document must be a JSON object, not a list.",
        ),
        (
            "[1, 2]",
            "wrong_type (document): A flag document must be a JSON object, not a list.",
        ),
        (
            "7",
            "wrong_type (document): A flag document must be a JSON object, not 7.",
        ),
        (
            "null",
            "wrong_type (document): A flag document must be a JSON object, not nothing (null).",
        ),
        (
            "\"enabled\"",
            "wrong_type (document): A flag document must be a JSON object, not the text \"enabled\".",
        ),
        (
            "",
            "syntax (document): The document is empty; the smallest one is {\"enabled\": false}.",
        ),
        (
            " \n",
            "syntax (document): The document is empty; the smallest one is {\"enabled\": false}.",
        ),
    ] {
        assert_eq!(refusal(text), told, "{text}");
    }
}

#[test]
fn a_misspelt_key_is_pointed_at_with_all_else_that_is_wrong() {
    assert_snapshot!(
        refusal(r#"{"Components": {"a b": true, "c": 1}, "ROLLOUT": {"percentage": 101}, "x": 1}"#),
        @r#"
    misspelt_key /Components: "Components" is not a key of a flag document; did you mean "components"?
    misspelt_key /ROLLOUT: "ROLLOUT" is not a key of a flag document; did you mean "rollout"?
    bad_name /Components/a b: "a b" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    wrong_type /Components/c: components.c must be true, false or a group of components, not 1.
    out_of_range /ROLLOUT/percentage: rollout.percentage must be a number from 0 to 100 in steps of 0.001, not 101.
    unknown_key /x: "x" is not a key that Flagdeck knows; it is kept as it is.
    "#
    );
    for (key, meant) in [
        ("Enabled", "enabled"),
        ("enable", "enabled"),
        ("component", "components"),
        ("componets", "components"),
        ("COMPONENTS", "components"),
        ("roll_out", "rollout"),
        ("rollOut", "rollout"),
    ] {
        let told = refusal_of(json!({ key: {} }));
        let expected = format!(
            "misspelt_key /{key}: \"{key}\" is not a key of a flag document; did you mean \"{meant}\"?"
        );
        assert!(told.starts_with(&expected), "{told}");
    }
}

#[test]
fn a_key_that_would_change_who_sees_what_is_refused_if_it_is_misspelt() {
    for (key, value) in [
        ("Components", json!({"a": true})),
        ("Rollouts", json!({})),
        ("Requires", json!({})),
        ("Bucketing", json!("flagd-2")),
    ] {
        let told = refusal_of(json!({"enabled": true, key: value}));
        assert!(told.contains(&format!("misspelt_key /{key}: ")), "{told}");
    }
    // With the right one there, it is a key like any other, which is kept.
    let both = json!({"enabled": true, "components": {"a": true}, "Components": {"b": true}});
    let checked = read_document(both.to_string().as_bytes()).expect("it is a flag document");
    assert_snapshot!(listing(&checked.warnings), @r#"unknown_key /Components: "Components" is not a key that Flagdeck knows; it is kept as it is; did you mean "components"?"#);
}

#[test]
fn what_flagdeck_stored_is_read_whatever_its_unknown_keys_are_called() {
    let stored = br#"{"enabled": true, "Rollouts": {}, "flags": {"x": {"state": "ENABLED"}}}"#;
    assert!(validate(stored).is_ok());
}

#[test]
fn misspelt_keys_inside_are_warned_about() {
    let tree = json!({
        "rollout": {"Percentage": 5, "user_groups": ["beta"]},
        "about": {"tracker": {"Title": "x", "link": "y"}},
    });
    let checked = read_document(tree.to_string().as_bytes()).expect("it is a flag document");
    assert_snapshot!(listing(&checked.warnings), @r#"
    unknown_key /rollout/Percentage: "Percentage" is not a key that Flagdeck knows; it is kept as it is; did you mean "percentage"?
    unknown_key /rollout/user_groups: "user_groups" is not a key that Flagdeck knows; it is kept as it is; did you mean "userGroups"?
    unknown_key /about/tracker/Title: "Title" is not a key that Flagdeck knows; it is kept as it is; did you mean "title"?
    unknown_key /about/tracker/link: "link" is not a key that Flagdeck knows; it is kept as it is.
    "#);
}

#[test]
fn a_document_inside_something_else_is_pointed_at_with_what_is_wrong_there() {
    assert_snapshot!(
        refusal(r#"{"data": {"enabled": true, "components": {"a": "on"}}, "ok": true}"#),
        @r#"
    nested_document /data: The flag document is at "/data", not at the top: did you mean "components" there? Leave out what is around it.
    wrong_type /data/components/a: components.a must be true, false or a group of components, not the text "on".
    "#
    );
    let inner = json!({"enabled": true, "components": {"a": true}, "rollout": {"percentage": 5}});
    for (tree, pointer) in [
        (json!({"flags": inner}), "/flags"),
        (json!({"featureFlags": inner}), "/featureFlags"),
        (json!({"data": {"flags": inner}}), "/data/flags"),
        (
            json!({"data": {"attributes": {"value": inner}}}),
            "/data/attributes/value",
        ),
        (json!([inner]), "/0"),
        (json!({"results": [{"id": 1}, inner]}), "/results/1"),
        (json!({"a/b~": {"Components": {"a": true}}}), "/a~1b~0"),
        (json!({"x": {"rollout": {"percentage": 5}}}), "/x"),
        // Components may be called anything, also as the keys of others.
        (
            json!({"flags": {"components": {"variants": true, "state": {"on": true}}}}),
            "/flags",
        ),
    ] {
        let told = refusal_of(tree);
        assert!(
            told.starts_with(&format!("nested_document {pointer}: ")),
            "{told}"
        );
    }
    // A flag that is called enabled, or is, is not a document.
    for tree in [
        json!({"checkout": {"enabled": true}}),
        json!({"a": {"b": {"c": {"d": inner}}}}),
    ] {
        assert_eq!(recognise(&tree), Recognised::Unknown, "{tree}");
    }
}

#[test]
fn a_document_in_another_notation_is_named() {
    for (text, notation) in [
        ("<!doctype html><html></html>", "HTML or XML"),
        (" <?xml version=\"1.0\"?>", "HTML or XML"),
        ("enabled: true\ncomponents:\n  a: true\n", "YAML"),
        ("# flags\r\n\r\nenabled: true", "YAML"),
        ("---\nenabled: true", "YAML"),
        ("enabled = true\n[components]\na = true", "TOML"),
        (
            "// flags\n{\"enabled\": true}",
            "JSON with comments, which JSON does not have",
        ),
        (
            "/* flags */ {}",
            "JSON with comments, which JSON does not have",
        ),
    ] {
        let expected =
            format!("syntax (document): The document is not JSON; it looks like {notation}.");
        assert_eq!(refusal(text), expected, "{text}");
    }
    for text in ["enabled", "\"a\": 1", "{enabled: true}", "a b: 1", "="] {
        assert!(refusal(text).contains("is not valid JSON: "), "{text}");
    }
}

#[test]
fn flags_of_others_are_named_also_inside_something_else() {
    let flagd = json!({"flags": {"checkout": {"state": "ENABLED"}}});
    let list = json!([{"key": "a", "on": true, "variations": [true, false], "salt": "s"}]);
    for (tree, format) in [
        (json!({"data": flagd}), Format::Flagd),
        (
            json!({"apiVersion": "core.openfeature.dev/v1beta1", "kind": "FeatureFlag",
                "spec": {"flagSpec": flagd}}),
            Format::Flagd,
        ),
        (json!([{"id": 1, "body": flagd}]), Format::Flagd),
        (json!({"result": {"items": list}}), Format::LaunchDarkly),
    ] {
        check_refused_as(tree, format);
    }
    // A document of Flagdeck inside counts more, and files that are no flags prove nothing there.
    let own = json!({"a": flagd, "b": {"enabled": true, "components": {}}});
    assert!(matches!(recognise(&own), Recognised::Nested { .. }));
    let package = json!({"tool": {"name": "app", "version": "1.0"}});
    assert!(refusal_of(package).starts_with("not_a_flag_document"));
    // Unknown keys hold what they like, also when a patch adds them.
    let kept = json!({"vendor": flagd}).to_string();
    apply(&FlagDocument::default(), &Edit::Patch(kept.into())).expect("it is kept");
}

#[test]
fn flags_of_others_are_named() {
    use Format::*;
    let flagd = json!({"state": "ENABLED", "variants": {"on": true, "off": false},
        "defaultVariant": "on", "targeting": {}});
    check_format(json!({"flags": {"checkout": {"state": "ENABLED"}}}), Flagd);
    check_format(
        json!({"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": {"a": flagd}}),
        Flagd,
    );
    check_format(
        json!({"metadata": {}, "flags": [{"key": "a", "defaultVariant": "on"}]}),
        Flagd,
    );

    let flag = json!({"key": "a", "on": true, "variations": [true, false],
        "fallthrough": {"variation": 0}, "offVariation": 1});
    check_format(json!({"flags": {"a": flag}, "segments": {}}), LaunchDarkly);
    check_format(json!({"flagValues": {"a": true}}), LaunchDarkly);
    check_format(
        json!({"items": [{"key": "a", "kind": "boolean", "variations": [], "environments": {}}]}),
        LaunchDarkly,
    );
    check_format(
        json!({"a": true, "$flagsState": {"a": {"version": 1}}, "$valid": true}),
        LaunchDarkly,
    );
    check_format(
        json!({"key": "a", "kind": "boolean", "variations": [{"value": true}], "environments": {}}),
        LaunchDarkly,
    );

    let feature = json!({"name": "a", "type": "release", "project": "default", "stale": false});
    check_format(
        json!({"features": [feature], "featureStrategies": [], "featureEnvironments": []}),
        Unleash,
    );
    check_format(
        json!({"version": 2, "features": [{"name": "a", "enabled": true, "strategies": []}]}),
        Unleash,
    );
    check_format(
        json!({"toggles": [{"name": "a", "enabled": true, "impressionData": false}]}),
        Unleash,
    );
    check_format(
        json!({"name": "a", "enabled": true, "strategies": [{"name": "default"}]}),
        Unleash,
    );

    let state = json!({"id": 1, "enabled": true, "feature_state_value": null,
        "feature": {"id": 1, "name": "a", "type": "STANDARD"}});
    check_format(json!([state]), Flagsmith);
    check_format(state.clone(), Flagsmith);
    check_format(json!({"traits": [], "flags": [state]}), Flagsmith);
    check_format(
        json!({"api_key": "x", "feature_states": [state]}),
        Flagsmith,
    );

    check_format(
        json!({"status": 200, "features": {"a": {"defaultValue": true, "rules": []}}}),
        GrowthBook,
    );
    check_format(
        json!({"a": {"defaultValue": false}, "b": {"defaultValue": "x"}}),
        GrowthBook,
    );
    check_format(
        json!({"features": [{"id": "a", "valueType": "boolean"}], "limit": 10}),
        GrowthBook,
    );

    check_format(
        json!({"splits": [{"name": "a", "killed": false}], "since": -1, "till": 1}),
        Split,
    );
    check_format(
        json!({"ff": {"d": [], "s": -1, "t": 1}, "rbs": {"d": []}}),
        Split,
    );
    check_format(
        json!({"name": "a", "treatments": [{"name": "on"}], "defaultTreatment": "off"}),
        Split,
    );

    check_format(
        json!({"p": {"u": "x"}, "f": {"a": {"t": 0, "v": {"b": true}}}}),
        ConfigCat,
    );
    check_format(
        json!({"feature_gates": [], "dynamic_configs": [], "has_updates": true}),
        Statsig,
    );
    check_format(
        json!({"featureFlags": {"a": true}, "featureFlagPayloads": {}}),
        PostHog,
    );
    check_format(
        json!({"count": 1, "results": [{"key": "a", "filters": {"groups": []}, "active": true}]}),
        PostHog,
    );
    check_format(
        json!({"version": "1.4", "namespace": "default",
            "flags": [{"key": "a", "name": "A", "type": "BOOLEAN_FLAG_TYPE", "enabled": false}]}),
        Flipt,
    );
    check_format(
        json!({"version": "1", "flags": {"a": {"name": "A"}}, "values": {"a": {"enabled": true}}}),
        AppConfig,
    );
    check_format(
        json!({"parameters": {"a": {"defaultValue": {"value": "true"}}}, "conditions": []}),
        Firebase,
    );
    check_format(
        json!({"FeatureManagement": {"A": true}, "Logging": {}}),
        DotNet,
    );
    check_format(json!({"feature_management": {"feature_flags": []}}), DotNet);
    check_format(
        json!({"features": {"a": {"_id": "1", "key": "a"}}, "featureVariationMap": {"1": "2"}}),
        DevCycle,
    );
    check_format(
        json!({"flags": [{"key": "a", "value": true, "reason": "STATIC", "variant": "on"}]}),
        Ofrep,
    );
}

#[test]
fn files_that_lie_about_are_named() {
    use Format::*;
    check_format(
        json!({"name": "shop", "version": "1.0.0", "scripts": {"test": "vitest"}}),
        PackageJson,
    );
    check_format(
        json!({"name": "shop", "private": true, "workspaces": []}),
        PackageJson,
    );
    check_format(json!({"lockfileVersion": 3, "packages": {}}), PackageJson);
    check_format(
        json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "properties": {"components": {"type": "object"}, "rollout": {"type": "object"}}}),
        JsonSchema,
    );
    check_format(
        json!({"openapi": "3.1.0", "info": {}, "paths": {}, "components": {"schemas": {}}}),
        OpenApi,
    );
    check_format(
        json!({"bomFormat": "CycloneDX", "components": [{"name": "x"}]}),
        CycloneDx,
    );
    check_format(
        json!({"format": "flagdeck-snapshots", "version": 1, "snapshots": []}),
        SnapshotBundle,
    );
    let flags = json!({"enabled": true, "components": {"a": true}});
    check_format(
        json!({"timestamp": 1, "ml": {"flags": flags}, "files": 2}),
        State,
    );
}

#[test]
fn a_patch_is_refused_if_it_would_be_kept_as_keys_without_a_meaning() {
    let document = document_of(&json!({"components": {"a": true}, "flags": {}, "Requires": 1}));
    let patched = |patch: Value| apply(&document, &Edit::Patch(patch.to_string().into_bytes()));
    for patch in [
        json!({"Components": {"b": true}}),
        json!({"data": {"components": {"b": true}}}),
        json!({"features": {"b": {"defaultValue": true}}}),
    ] {
        let refused = patched(patch.clone()).expect_err("the patch must be refused");
        assert!(matches!(refused, EditError::Invalid(_)), "{patch}");
    }
    for patch in [
        json!({}),
        json!({"note": "of a person"}),
        json!({"Requires": 2}),
        json!({"Requires": null, "Components": null}),
        json!({"flags": {"x": {"state": "ENABLED"}}}),
        json!({"rollouts": {"a": {"percentage": 1}}}),
    ] {
        assert!(patched(patch.clone()).is_ok(), "{patch}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_document_as_it_is_written_is_recognised(document in documents()) {
        let written = document.to_bytes();
        let read = read_document(&written);
        prop_assert_eq!(read.map(|checked| checked.document), Ok(document));
    }

    #[test]
    fn a_document_in_any_object_is_found_where_it_is(
        document in documents(),
        around in prop::collection::vec("[A-Za-z~/0-9]{1,8}", 1..=3),
    ) {
        // Of keys of the document itself, the outer object is one.
        let known = |key: &String| recognise(&json!({ key.as_str(): {} })) != Recognised::Unknown;
        prop_assume!(!around.iter().any(known) && around[0] != "ml");
        let wrap = |inner, key: &String| json!({ key.as_str(): inner });
        let tree = around.iter().rev().fold(document.to_value(), wrap);
        match recognise(&tree) {
            Recognised::Nested { pointer, .. } => {
                prop_assert_eq!(tree.pointer(&pointer), Some(&document.to_value()));
            }
            other => prop_assert!(false, "{other:?}: {tree}"),
        }
    }
}
