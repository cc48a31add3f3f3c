//! (document, component, user) → on or off, and why: the specification's table, row by row.

use flagdeck_core::limits::PREREQUISITES_FLAT_MAX;
use flagdeck_core::{Compiled, Evaluation, Reason, User};
use serde_json::{Value, json};

use crate::support::{document_of, plain};

/// Evaluates and says the outcome as `on full` or `off prerequisite tracker`,
/// after asking the plain evaluation for its opinion.
fn outcome(tree: &Value, component: &str, id: &str, groups: &[&str]) -> String {
    let document = document_of(tree);
    let compiled = Compiled::new(&document);
    let user = User { id, groups };
    let evaluation = compiled.evaluate(component, &user);
    let said = said(&compiled, &evaluation);
    let plain = plain::evaluate(&document, component, &user);
    let failing = plain.failing_prerequisite.map(|path| format!(" {path}"));
    let state = if plain.value { "on" } else { "off" };
    let plain = format!("{state} {}{}", plain.reason, failing.unwrap_or_default());
    assert_eq!(said, plain, "compiled and plain evaluation of {component}");
    said
}

fn said(compiled: &Compiled, evaluation: &Evaluation) -> String {
    let state = if evaluation.value { "on" } else { "off" };
    let reason = evaluation.reason.as_str();
    match evaluation.reason {
        Reason::Prerequisite(id) => format!("{state} {reason} {}", compiled.path(id)),
        _ => format!("{state} {reason}"),
    }
}

/// `user0` is in bucket 38 371 of the document's rollout.
const USER: &str = "user0";

#[track_caller]
fn check_rollout(rollout: Value, id: &str, groups: &[&str], expected: &str) {
    let tree = json!({"enabled": true, "components": {"calculator": true}, "rollout": rollout});
    assert_eq!(
        outcome(&tree, "calculator", id, groups),
        expected,
        "{rollout}"
    );
}

fn rollout(percentage: f64, groups: &[&str], strategy: &str) -> Value {
    json!({"percentage": percentage, "userGroups": groups, "strategy": strategy})
}

#[test]
fn row_1_nothing_is_on_at_zero_not_even_for_the_groups() {
    for strategy in ["canary", "blue-green", "feature"] {
        check_rollout(
            rollout(0.0, &["beta"], strategy),
            USER,
            &["beta"],
            "off zero",
        );
        check_rollout(rollout(0.0, &["beta"], strategy), USER, &[], "off zero");
    }
}

#[test]
fn row_2_feature_keeps_those_out_who_are_in_none_of_its_groups() {
    let full = rollout(100.0, &["beta", "staff"], "feature");
    check_rollout(full.clone(), USER, &[], "off not_in_group");
    check_rollout(full.clone(), USER, &["Beta"], "off not_in_group");
    check_rollout(full.clone(), "", &["ops"], "off not_in_group");
    check_rollout(full, USER, &["ops", "staff"], "on full");
    check_rollout(
        rollout(50.0, &["beta"], "feature"),
        USER,
        &["beta"],
        "on split",
    );
    check_rollout(
        rollout(10.0, &["beta"], "feature"),
        USER,
        &["beta"],
        "off split",
    );
    check_rollout(
        rollout(10.0, &["beta"], "feature"),
        "",
        &["beta"],
        "off no_user",
    );
    check_rollout(rollout(50.0, &[], "feature"), USER, &[], "on split");
}

#[test]
fn row_3_canary_lets_its_groups_in_first() {
    let canary = rollout(0.001, &["beta"], "canary");
    check_rollout(canary.clone(), USER, &["beta"], "on group");
    check_rollout(canary.clone(), "", &["ops", "beta"], "on group");
    check_rollout(canary, USER, &["ops"], "off split");
    check_rollout(
        rollout(100.0, &["beta"], "canary"),
        USER,
        &["beta"],
        "on group",
    );
}

#[test]
fn row_4_everybody_is_in_at_a_hundred_with_or_without_an_id() {
    for strategy in ["canary", "blue-green", "feature"] {
        check_rollout(rollout(100.0, &[], strategy), USER, &[], "on full");
        check_rollout(rollout(100.0, &[], strategy), "", &[], "on full");
    }
    check_rollout(
        rollout(100.0, &["beta"], "blue-green"),
        USER,
        &[],
        "on full",
    );
    check_rollout(
        rollout(100.0, &["beta"], "blue-green"),
        USER,
        &["beta"],
        "on full",
    );
}

#[test]
fn row_5_a_part_of_everyone_needs_an_id() {
    check_rollout(rollout(99.999, &[], "canary"), "", &[], "off no_user");
}

#[test]
fn row_6_the_bucket_is_compared_with_the_percentage() {
    check_rollout(rollout(38.371, &[], "canary"), USER, &[], "off split");
    check_rollout(rollout(38.372, &[], "canary"), USER, &[], "on split");
}

#[test]
fn the_bucket_is_told_where_it_was_looked_at() {
    let tree = |percentage: f64| {
        json!({"enabled": true, "components": {"calculator": true},
            "rollout": rollout(percentage, &["beta"], "canary")})
    };
    let bucket = |percentage, groups: &[&str]| {
        let compiled = Compiled::new(&document_of(&tree(percentage)));
        let user = User { id: USER, groups };
        compiled.evaluate("calculator", &user).bucket
    };
    assert_eq!(bucket(10.0, &[]), Some(38_371));
    assert_eq!(bucket(90.0, &[]), Some(38_371));
    assert_eq!(bucket(90.0, &["beta"]), None);
    assert_eq!(bucket(0.0, &[]), None);
}

#[test]
fn a_component_with_a_rollout_of_its_own_is_bucketed_apart() {
    // `user0` is in bucket 40 283 of `ui.badges`.
    let tree = |own: f64| {
        json!({"enabled": true, "components": {"ui": {"badges": true, "dashboard": true}},
            "rollout": rollout(39.0, &[], "canary"),
            "rollouts": {"ui.badges": rollout(own, &[], "canary")}})
    };
    assert_eq!(outcome(&tree(40.283), "ui.badges", USER, &[]), "off split");
    assert_eq!(outcome(&tree(40.284), "ui.badges", USER, &[]), "on split");
    assert_eq!(outcome(&tree(0.0), "ui.badges", USER, &[]), "off zero");
    assert_eq!(outcome(&tree(0.0), "ui.dashboard", USER, &[]), "on split");
}

#[test]
fn the_same_bucketing_name_decides_in_evaluation() {
    let tree = |bucketing: &str| {
        json!({"enabled": true, "components": {"calculator": true}, "bucketing": bucketing,
            "rollout": rollout(30.0, &[], "canary")})
    };
    // Buckets 38 371 and 27 873.
    assert_eq!(
        outcome(&tree("flagd-3"), "calculator", USER, &[]),
        "off split"
    );
    assert_eq!(
        outcome(&tree("flagd-2"), "calculator", USER, &[]),
        "on split"
    );
}

#[test]
fn switches_come_before_rollouts() {
    let tree = |enabled: bool, calculator: bool| {
        json!({"enabled": enabled, "components": {"calculator": calculator},
            "rollout": rollout(0.0, &[], "canary")})
    };
    let check = |enabled, calculator, expected: &str| {
        assert_eq!(
            outcome(&tree(enabled, calculator), "calculator", USER, &[]),
            expected
        );
    };
    check(false, false, "off master_off");
    check(false, true, "off master_off");
    check(true, false, "off component_off");
    check(true, true, "off zero");
}

#[test]
fn a_group_or_an_unknown_name_is_not_enabled() {
    let tree = json!({"enabled": true, "components": {"ui": {"badges": true}},
        "rollout": rollout(100.0, &[], "canary")});
    let unknown = [
        "ui",
        "nothing",
        "ui.badges.more",
        "ui.",
        ".ui",
        "",
        "UI.badges",
        "ui.badges ",
    ];
    for name in unknown {
        assert_eq!(
            outcome(&tree, name, USER, &[]),
            "off unknown_component",
            "{name:?}"
        );
    }
    assert_eq!(outcome(&tree, "ui.badges", USER, &[]), "on full");
}

#[test]
fn the_safe_default_is_off_for_everybody() {
    let tree = json!({});
    assert_eq!(
        outcome(&tree, "ui.badges", USER, &["beta"]),
        "off master_off"
    );
}

fn chain(switches: [bool; 3], rollouts: Value) -> Value {
    let [a, b, c] = switches;
    json!({"enabled": true, "components": {"a": a, "b": b, "c": c},
        "rollout": rollout(100.0, &[], "canary"), "rollouts": rollouts,
        "requires": {"a": ["b"], "b": ["c"]}})
}

#[test]
fn a_prerequisite_that_is_switched_off_is_named_at_any_depth() {
    let check = |switches, expected: &str| {
        assert_eq!(
            outcome(&chain(switches, json!({})), "a", USER, &[]),
            expected
        );
    };
    check([true, true, true], "on full");
    check([true, true, false], "off prerequisite c");
    check([true, false, false], "off prerequisite b");
    check([true, false, true], "off prerequisite b");
    check([false, false, false], "off component_off");
}

#[test]
fn a_prerequisite_that_leaves_the_user_out_is_named_at_any_depth() {
    let check = |rollouts, expected: &str| {
        assert_eq!(
            outcome(&chain([true; 3], rollouts), "a", USER, &[]),
            expected
        );
    };
    let full = || rollout(100.0, &[], "canary");
    let zero = || rollout(0.0, &[], "canary");
    check(json!({"c": zero()}), "off prerequisite c");
    check(json!({"b": zero(), "c": zero()}), "off prerequisite b");
    check(json!({"a": zero(), "b": zero()}), "off zero");
    check(json!({"a": full(), "b": full(), "c": full()}), "on full");
}

#[test]
fn a_prerequisite_with_the_groups_rollout_lets_only_the_group_through() {
    let tree = chain(
        [true; 3],
        json!({"c": rollout(100.0, &["beta"], "feature")}),
    );
    assert_eq!(outcome(&tree, "a", USER, &["beta"]), "on full");
    assert_eq!(outcome(&tree, "a", USER, &[]), "off prerequisite c");
}

#[test]
fn a_prerequisite_on_the_documents_rollout_is_asked_behind_an_own_one() {
    let tree = json!({"enabled": true, "components": {"a": true, "b": true},
        "rollout": rollout(10.0, &[], "canary"),
        "rollouts": {"a": rollout(100.0, &[], "canary")}, "requires": {"a": ["b"]}});
    assert_eq!(outcome(&tree, "a", USER, &[]), "off prerequisite b");
}

#[test]
fn a_diamond_of_prerequisites_is_on_when_all_its_corners_are() {
    let tree = |left: f64, right: f64, bottom: f64| {
        json!({"enabled": true,
            "components": {"top": true, "left": true, "right": true, "bottom": true},
            "rollout": rollout(100.0, &[], "canary"),
            "rollouts": {"left": rollout(left, &[], "canary"),
                "right": rollout(right, &[], "canary"),
                "bottom": rollout(bottom, &[], "canary")},
            "requires": {"top": ["left", "right"], "left": ["bottom"], "right": ["bottom"]}})
    };
    let check = |left, right, bottom, expected: &str| {
        assert_eq!(
            outcome(&tree(left, right, bottom), "top", USER, &[]),
            expected
        );
    };
    check(100.0, 100.0, 100.0, "on full");
    check(0.0, 100.0, 100.0, "off prerequisite left");
    check(100.0, 0.0, 100.0, "off prerequisite right");
    check(100.0, 100.0, 0.0, "off prerequisite bottom");
    // In the order of the list and depth first: `bottom` behind `left` before `right`.
    check(100.0, 0.0, 0.0, "off prerequisite bottom");
}

/// `top` requires `c0`…, of which each has a rollout of its own: at 100 %, but for one at 0.
fn wide(count: usize, zero_at: Option<usize>) -> Value {
    let name = |i: usize| format!("c{i}");
    let components = (0..count).map(|i| (name(i), Value::Bool(true)));
    let components = components.chain([("top".to_owned(), Value::Bool(true))]);
    let own = |i: usize| rollout(if zero_at == Some(i) { 0.0 } else { 100.0 }, &[], "canary");
    json!({"enabled": true,
        "components": components.collect::<serde_json::Map<_, _>>(),
        "rollout": rollout(100.0, &[], "canary"),
        "rollouts": (0..count).map(|i| (name(i), own(i))).collect::<serde_json::Map<_, _>>(),
        "requires": {"top": (0..count).map(name).collect::<Vec<_>>()}})
}

#[test]
fn many_distinct_rollouts_behind_a_component_are_walked_to_the_same_end() {
    for count in [PREREQUISITES_FLAT_MAX, PREREQUISITES_FLAT_MAX + 1, 200] {
        assert_eq!(outcome(&wide(count, None), "top", USER, &[]), "on full");
        for zero in [0, count / 2, count - 1] {
            let expected = format!("off prerequisite c{zero}");
            assert_eq!(
                outcome(&wide(count, Some(zero)), "top", USER, &[]),
                expected
            );
        }
    }
}

#[test]
fn a_chain_as_long_as_a_document_may_be_compiles_and_evaluates() {
    const LEN: usize = 10_000;
    let name = |i: usize| format!("c{i}");
    let mut tree = json!({"enabled": true, "components": crate::support::flat_components(LEN),
        "rollout": rollout(100.0, &[], "canary"), "rollouts": {}, "requires": {}});
    for i in 1..LEN {
        tree["requires"][name(i)] = json!([name(i - 1)]);
        tree["rollouts"][name(i)] = rollout(100.0, &[], "canary");
    }
    let last = name(LEN - 1);
    let evaluate = |tree: &Value| {
        let compiled = Compiled::new(&document_of(tree));
        said(&compiled, &compiled.evaluate(&last, &User::id(USER)))
    };
    assert_eq!(evaluate(&tree), "on full");
    tree["rollouts"]["c0"] = rollout(0.0, &[], "canary");
    assert_eq!(evaluate(&tree), "off prerequisite c0");
    tree["components"]["c0"] = json!(false);
    assert_eq!(evaluate(&tree), "off prerequisite c0");
}

#[test]
fn evaluation_allocates_nothing() {
    let mut tree = wide(PREREQUISITES_FLAT_MAX, None);
    tree["rollout"] = rollout(50.0, &["beta"], "feature");
    tree["components"]["plain"] = json!(true);
    let compiled = Compiled::new(&document_of(&tree));
    let users = [
        User {
            id: USER,
            groups: &["ops", "beta"],
        },
        User::id("user1"),
        User::id(""),
    ];
    let info = allocation_counter::measure(|| {
        let mut on = 0;
        for user in &users {
            for name in ["top", "plain", "c7", "nothing"] {
                on += usize::from(compiled.evaluate(name, user).value);
            }
            compiled.evaluate_all(user, |_, evaluation| on += usize::from(evaluation.value));
        }
        assert!(on > 0, "something was on, so something was evaluated");
    });
    assert_eq!(info.count_total, 0);
}
