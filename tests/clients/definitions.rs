//! Flag definitions that Flagdeck writes decide the same in flagd's released evaluators.
//!
//! `FLAGD_USERS=1000000` asks for so many users instead of [`USERS`], and prints how many were
//! decided.

use std::collections::BTreeMap;
use std::env;

use flagdeck_core::document::Bucketing;
use flagdeck_core::flagd::{self, Definitions};
use flagdeck_core::{Compiled, FlagDocument, User, validate};
use serde_json::{Value, json};

use crate::driver::Driver;
use crate::flagdeck::{Flagdeck, client};

/// Users that are asked for unless another number is given.
const USERS: usize = 3_000;

/// Users of one question.
const AT_ONCE: usize = 1_000;

/// Users have none or some of these groups.
const GROUPS: [&[&str]; 4] = [&[], &["beta"], &["staff", "équipe"], &["beta", "qa"]];

#[test]
fn of_flagd_3_in_the_evaluator_of_pypi() {
    let mut document = document("flagd-3");
    let all = ["café", "用户", "😀", "user", "a\"b\\c$&", ""];
    check(&document, &mut python(), &all, users());
    // The default rollout is shared text, unless that would be spoilt.
    document.rollout.user_groups = vec!["équipe".into(), "a\"b\\c$&".into()];
    check(&document, &mut python(), &all, AT_ONCE);
}

#[test]
fn of_flagd_2_in_the_evaluator_of_npm() {
    let mut document = document("flagd-2");
    let ascii = [
        "user",
        "a\"b\\c$&",
        "ada@example.com/",
        "",
        &"x".repeat(300),
    ];
    check(&document, &mut node(), &ascii, users());
    document.rollout.user_groups = vec!["équipe".into(), "a\"b\\c$&".into()];
    check(&document, &mut node(), &ascii, AT_ONCE);
}

/// What `flagctl` writes is what was checked.
#[test]
fn flagctl_writes_them() {
    let flagdeck = Flagdeck::start();
    let written = flagdeck.command("export --format flagd").output().unwrap();
    assert!(
        written.status.success() && written.stderr.is_empty(),
        "{written:?}"
    );
    let definitions = String::from_utf8(written.stdout).unwrap();
    for evaluator in [&mut python(), &mut node()] {
        evaluator.ask(&json!({ "definitions": definitions }));
        let asked = json!({"keys": ["ui.badges"], "users": [
            {"id": "user42", "groups": ["beta"]}, {"id": "", "groups": []},
        ]});
        assert_eq!(evaluator.ask(&asked), json!({ "ui.badges": "10" }));
    }
}

fn users() -> usize {
    env::var("FLAGD_USERS").map_or(USERS, |users| users.parse().unwrap())
}

fn python() -> Driver {
    Driver::start(client("target/clients/venv/bin/python").arg("flagd.py"))
}

fn node() -> Driver {
    Driver::start(client("node").arg("flagd.mjs"))
}

/// Every kind of rollout, switch and requirement that can be written.
fn document(bucketing: &str) -> FlagDocument {
    let rollout = |percentage: f64, groups: &[&str], strategy: &str| json!({"percentage": percentage, "userGroups": groups, "strategy": strategy});
    let mut document = json!({
        "enabled": true,
        "components": {
            "default": true, "off": false, "tenth": true, "grain": true, "nearly": true,
            "none": true, "all": true, "canary": true,
            "ui": {
                "groups": true, "part": true, "team": true, "deep": true, "deeper": true,
                "blocked": true, "refused": true,
            },
        },
        "rollout": rollout(43.217, &["beta"], "canary"),
        "rollouts": {
            "off": rollout(50.0, &[], "canary"),
            "tenth": rollout(10.0, &[], "canary"),
            "grain": rollout(0.001, &[], "canary"),
            "nearly": rollout(99.999, &[], "canary"),
            "none": rollout(0.0, &["beta"], "canary"),
            "all": rollout(100.0, &[], "blue-green"),
            "canary": rollout(12.5, &["staff", "équipe"], "canary"),
            "ui.groups": rollout(100.0, &["beta", "staff"], "feature"),
            "ui.part": rollout(60.0, &["staff", "qa"], "feature"),
            "ui.team": rollout(70.0, &["équipe"], "feature"),
        },
        "requires": {
            "tenth": ["default"],
            "ui.deep": ["ui.groups"],
            "ui.deeper": ["ui.deep", "all"],
            "ui.blocked": ["off"],
            "ui.refused": ["none"],
        },
        "bucketing": bucketing,
    });
    if bucketing == Bucketing::Flagd2.as_str() {
        // A rule can name the share of another flag.
        document["requires"]["canary"] = json!(["nearly", "ui.part"]);
        document["requires"]["ui.team"] = json!(["tenth"]);
    }
    validate(document.to_string().as_bytes()).unwrap().document
}

/// Compares what an evaluator decides with what the document does; the ids of users begin with one
/// of `names`.
#[track_caller]
#[expect(
    clippy::print_stdout,
    reason = "a run over many users reports its counts"
)]
fn check(document: &FlagDocument, evaluator: &mut Driver, names: &[&str], users: usize) {
    let Definitions { tree, left_out } = flagd::definitions(document);
    assert!(
        !left_out
            .iter()
            .any(|it| it.message.contains(" is left out: ")),
        "{left_out:?}"
    );
    evaluator.ask(&json!({ "definitions": tree.to_string() }));
    let compiled = Compiled::new(document);
    let mut on: BTreeMap<String, usize> = BTreeMap::new();
    let paths: Vec<&str> = compiled.components().map(|id| compiled.path(id)).collect();
    for from in (0..users).step_by(AT_ONCE) {
        let people: Vec<(String, &[&str])> = (from..users.min(from + AT_ONCE))
            .map(|at| person(at, names))
            .collect();
        let asked: Vec<Value> = people
            .iter()
            .map(|(id, groups)| json!({"id": id, "groups": groups}))
            .collect();
        let found = evaluator.ask(&json!({"users": asked, "keys": paths}));
        for path in &paths {
            let decided = found[path].as_str().unwrap();
            let expected: String = people
                .iter()
                .map(
                    |(id, groups)| match compiled.evaluate(path, &User { id, groups }).value {
                        true => '1',
                        false => '0',
                    },
                )
                .collect();
            assert_eq!(decided, expected, "{path}, from user {from}");
            *on.entry((*path).into()).or_default() += decided.matches('1').count();
        }
    }
    println!(
        "{users} users decided alike for {} flags; on for: {on:?}",
        paths.len()
    );
    let differing = on
        .values()
        .filter(|count| (1..users).contains(*count))
        .count();
    assert!(differing >= 9, "{on:?}");
}

/// The user of a number: now and then without an id.
fn person<'a>(at: usize, names: &[&str]) -> (String, &'a [&'a str]) {
    let groups = GROUPS[at / 7 % GROUPS.len()];
    let id = match at % 500 {
        499 => String::new(),
        _ => format!("{}{at}", names[at % names.len()]),
    };
    (id, groups)
}
