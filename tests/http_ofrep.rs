//! The OpenFeature Remote Evaluation Protocol over HTTP: values, reasons, refusals, and what holds
//! for every document and every user.

use std::fs;

use flagdeck::http::Limits;
use flagdeck_core::{Edit, User};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::http_support::{Answer, Running};
use crate::support::apps::{change, request, set_percentage, someone, turn_master};
use crate::support::arbitrary::{documents, paths, people};
use crate::support::waiting::wait_until;

pub const JSON: (&str, &str) = ("Content-Type", "application/json");
const ALL: &str = "/ofrep/v1/evaluate/flags";

/// Sends a body to the address of one flag.
fn post(server: &Running, key: &str, body: &str) -> Answer {
    server.request("POST", &format!("{ALL}/{key}"), &[JSON], body)
}

/// Evaluates one flag for a context.
fn one(server: &Running, key: &str, context: &Value) -> Answer {
    post(server, key, &json!({ "context": context }).to_string())
}

/// Evaluates all flags for a context.
pub fn all(server: &Running, headers: &[(&str, &str)], context: &Value) -> Answer {
    all_at(server, ALL, headers, context)
}

pub fn all_at(server: &Running, path: &str, more: &[(&str, &str)], context: &Value) -> Answer {
    let headers = [&[JSON], more].concat();
    let body = json!({ "context": context }).to_string();
    server.request("POST", path, &headers, &body)
}

/// Checks a refusal of one flag or of all; returns the sentence.
#[track_caller]
fn refused(answer: &Answer, status: u16, key: Option<&str>, code: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let said = answer.json();
    assert_eq!(said["errorCode"], code, "{said}");
    assert_eq!(said.get("key").and_then(Value::as_str), key, "{said}");
    let details = said["errorDetails"].as_str().unwrap();
    assert!(details.ends_with('.'), "{details}");
    details.to_owned()
}

pub fn replace(server: &Running, document: &Value) {
    let edit = Edit::Replace(document.to_string().into());
    let changed = server.app.flags().change_confirmed(request(edit));
    changed.unwrap();
}

/// A document in which something is decided by every rule.
fn every_rule() -> Value {
    let rollout = |percentage: u32, groups: Value, strategy: &str| json!({"percentage": percentage, "userGroups": groups, "strategy": strategy});
    json!({
        "enabled": true,
        "components": {
            "full": true, "off": false, "zero": true, "half": true, "early": true, "late": true,
            "staff": true, "needsOff": true, "needsZero": true, "needsHalf": true,
            "needsStaff": true, "needsFull": true, "ui": {"badges": true},
        },
        "rollout": rollout(100, json!([]), "canary"),
        "rollouts": {
            "zero": rollout(0, json!([]), "canary"),
            "half": rollout(50, json!([]), "canary"),
            "early": rollout(25, json!(["beta"]), "canary"),
            "late": rollout(100, json!(["beta"]), "canary"),
            "staff": rollout(100, json!(["staff"]), "feature"),
        },
        "requires": {
            "needsOff": ["off"], "needsZero": ["zero"], "needsHalf": ["half"],
            "needsStaff": ["staff"], "needsFull": ["full"],
        },
        "about": {"ui.badges": {"title": "Confidence \"badges\"", "owner": "search team"}},
    })
}

#[test]
fn each_value_has_the_reason_that_openfeature_has_for_it() {
    let server = Running::start();
    replace(&server, &every_rule());
    let nobody: &[&str] = &[];
    let cases = [
        ("full", nobody, true, "STATIC", "full"),
        ("off", nobody, false, "DISABLED", "component_off"),
        ("zero", nobody, false, "STATIC", "zero"),
        ("early", &["beta"], true, "TARGETING_MATCH", "group"),
        ("late", &["beta"], true, "TARGETING_MATCH", "group"),
        ("late", nobody, true, "STATIC", "full"),
        ("staff", nobody, false, "TARGETING_MATCH", "not_in_group"),
        ("staff", &["staff"], true, "TARGETING_MATCH", "full"),
        ("needsOff", nobody, false, "DISABLED", "prerequisite"),
        ("needsZero", nobody, false, "STATIC", "prerequisite"),
        ("needsFull", nobody, true, "STATIC", "full"),
        (
            "needsStaff",
            nobody,
            false,
            "TARGETING_MATCH",
            "prerequisite",
        ),
        ("needsStaff", &["staff"], true, "TARGETING_MATCH", "full"),
        ("ui.badges", nobody, true, "STATIC", "full"),
    ];
    for (key, groups, value, reason, rule) in cases {
        let context = json!({"targetingKey": "ada", "groups": groups});
        let answer = one(&server, key, &context);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let said = answer.json();
        assert_eq!(said["key"], key);
        assert_eq!(said["value"], value, "{said}");
        assert_eq!(said["variant"], if value { "on" } else { "off" });
        assert_eq!(said["reason"], reason, "{said}");
        assert_eq!(said["metadata"]["rule"], rule, "{said}");
        assert_eq!(said["metadata"]["revision"], 1);
        let required = (rule == "prerequisite").then(|| key.trim_start_matches("needs"));
        let required = required.map(str::to_lowercase);
        let named = said["metadata"]["prerequisite"].as_str().map(str::to_owned);
        assert_eq!(named, required);
    }
    turn_master(&server.app, false);
    let off = one(&server, "full", &json!({})).json();
    assert_eq!(
        (&off["value"], &off["reason"], &off["metadata"]["rule"]),
        (&json!(false), &json!("DISABLED"), &json!("master_off"))
    );
}

#[test]
fn what_a_bucket_decides_is_a_split_with_the_bucket_beside_it() {
    let server = Running::start();
    replace(&server, &every_rule());
    let live = server.app.flags().live();
    let mut values = Vec::new();
    for number in 0..40 {
        let id = format!("user{number}");
        let decided = live.compiled.evaluate("half", &User::id(&id));
        let context = json!({ "targetingKey": id });
        let said = one(&server, "half", &context).json();
        assert_eq!(said["value"], decided.value);
        assert_eq!(said["reason"], "SPLIT");
        assert_eq!(said["metadata"]["rule"], "split");
        assert_eq!(said["metadata"]["bucket"], decided.bucket.unwrap());
        assert_eq!(said["metadata"]["threshold"], 50_000);
        // It is on for some because of the bucket in what it requires.
        let needs = one(&server, "needsHalf", &context).json();
        assert_eq!(needs["value"], decided.value);
        assert_eq!(needs["reason"], "SPLIT", "{needs}");
        assert_eq!(needs["metadata"].get("bucket"), None, "it has none itself");
        values.push(decided.value);
    }
    assert!(values.contains(&true) && values.contains(&false));
}

#[test]
fn metadata_says_what_is_known_and_only_primitives() {
    let server = Running::start();
    replace(&server, &every_rule());
    let said = one(&server, "ui.badges", &json!({})).json();
    let metadata = json!({
        "layer": "local", "title": "Confidence \"badges\"", "owner": "search team", "revision": 1,
        "rule": "full",
    });
    assert_eq!(said["metadata"], metadata);
    let plain = one(&server, "full", &json!({})).json();
    assert_eq!(
        plain["metadata"],
        json!({"layer": "local", "revision": 1, "rule": "full"})
    );
}

#[test]
fn a_flag_that_does_not_exist_is_not_found_and_a_group_names_its_components() {
    let server = Running::start();
    replace(&server, &every_rule());
    let details = |key: &str, named: &str| {
        let answer = one(&server, key, &json!({}));
        refused(&answer, 404, Some(named), "FLAG_NOT_FOUND")
    };
    assert_eq!(
        details("nothing", "nothing"),
        "There is no component of this name."
    );
    assert_eq!(
        details("ui", "ui"),
        "ui is a group; ask for a component of it, such as ui.badges."
    );
    details("ui.", "ui.");
    details("full.x", "full.x");
    details("%22%20%C3%BC", "\" ü");
}

#[test]
fn a_value_that_depends_on_a_user_needs_one() {
    let server = Running::start();
    replace(&server, &every_rule());
    let missing = "TARGETING_KEY_MISSING";
    for context in [
        json!({}),
        json!({"targetingKey": ""}),
        json!({"targetingKey": null}),
    ] {
        for key in ["half", "early", "needsHalf"] {
            let answer = one(&server, key, &context);
            let details = refused(&answer, 400, Some(key), missing);
            assert_eq!(
                details,
                format!(
                    "Whether {key} is on depends on the user, and the context has no targetingKey."
                )
            );
        }
        for key in [
            "full",
            "off",
            "zero",
            "late",
            "staff",
            "needsOff",
            "needsStaff",
        ] {
            assert_eq!(one(&server, key, &context).status, 200, "{key} needs none");
        }
    }
    let beta = json!({"groups": ["beta"]});
    assert_eq!(one(&server, "early", &beta).json()["value"], true);

    let flags = all(&server, &[], &json!({}));
    assert_eq!(flags.status, 200);
    let flags = flags.json()["flags"].as_array().unwrap().clone();
    assert_eq!(flags.len(), 13);
    let failed: Vec<_> = flags
        .iter()
        .filter(|flag| flag["errorCode"] == missing)
        .collect();
    let names: Vec<_> = failed.iter().map(|flag| &flag["key"]).collect();
    assert_eq!(names, ["half", "early", "needsHalf"]);
    assert!(
        failed
            .iter()
            .all(|flag| flag["errorDetails"].is_string() && flag.get("value").is_none())
    );
}

#[test]
fn a_context_that_is_none_is_refused_with_the_field() {
    let server = Running::start();
    for (body, code, said) in [
        ("", "PARSE_ERROR", "The body is no JSON"),
        ("{", "PARSE_ERROR", "The body is no JSON"),
        ("[]", "PARSE_ERROR", "The body must be an object"),
        (
            r#"{"context": {"a": 1, "a": 2}}"#,
            "PARSE_ERROR",
            "the key \"a\" twice, at /context",
        ),
        (
            r#"{"context": 7}"#,
            "INVALID_CONTEXT",
            "The context must be an object, not a number.",
        ),
        (
            r#"{"context": {"targetingKey": 7}}"#,
            "INVALID_CONTEXT",
            "context.targetingKey must",
        ),
        (
            r#"{"context": {"groups": "beta"}}"#,
            "INVALID_CONTEXT",
            "context.groups must be",
        ),
        (
            r#"{"context": {"source": "a/b"}}"#,
            "INVALID_CONTEXT",
            "context.source must be a name",
        ),
        (
            r#"{"targetingKey": "ada"}"#,
            "INVALID_CONTEXT",
            "The body has no context",
        ),
    ] {
        let single = post(&server, "tracker", body);
        let bulk = server.request(
            "POST",
            ALL,
            &[JSON, ("Content-Length", &body.len().to_string())]
                [..if body.is_empty() { 2 } else { 1 }],
            body,
        );
        let details = refused(&single, 400, Some("tracker"), code);
        assert!(details.contains(said), "{body}: {details}");
        assert_eq!(refused(&bulk, 400, None, code), details);
    }
    let deep = format!("{{\"context\": {{\"a\": {}", "[".repeat(5000));
    refused(
        &post(&server, "tracker", &deep),
        400,
        Some("tracker"),
        "PARSE_ERROR",
    );
    let bytes = b"POST /ofrep/v1/evaluate/flags/x HTTP/1.1\r\nHost: {host}\r\n\
        Content-Type: application/json\r\nContent-Length: 2\r\n\r\n\xff\xff";
    refused(&server.raw(bytes), 400, Some("x"), "PARSE_ERROR");
    let no_text = server.request("POST", &format!("{ALL}/%FF"), &[JSON], "{}");
    refused(&no_text, 400, Some(""), "PARSE_ERROR");
}

/// Released clients leave out what they have nothing for.
#[test]
fn a_context_may_be_left_out() {
    let server = Running::start();
    for body in [
        "{}",
        r#"{"context": null}"#,
        r#"{"context": {}, "later": 1}"#,
        "\u{feff}{}",
    ] {
        assert_eq!(post(&server, "tracker", body).status, 200, "{body}");
    }
    let utf8 = ("Content-Type", "application/json; charset=utf-8");
    let answer = server.request("POST", ALL, &[utf8], "{}");
    assert_eq!(answer.status, 200);
}

#[test]
fn what_is_too_large_or_no_json_is_refused_in_the_protocols_shape() {
    let server = Running::start();
    let large = json!({"context": {"note": "x".repeat(64 * 1024)}}).to_string();
    let answer = post(&server, "tracker", &large);
    let details = refused(&answer, 413, Some("tracker"), "GENERAL");
    assert_eq!(details, "The body is larger than 64 KiB.");
    let chunked = [JSON, ("Transfer-Encoding", "chunked")];
    let mut client = server.connect();
    client.send(server.compose("POST", ALL, &chunked, ""));
    client.send(format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len()));
    refused(&client.answer(), 413, None, "GENERAL");
    let most = json!({"context": {"note": "x".repeat(64 * 1024 - 23)}}).to_string();
    assert_eq!(most.len(), 64 * 1024);
    assert_eq!(post(&server, "tracker", &most).status, 200);

    let text = server.request("POST", ALL, &[("Content-Type", "text/plain")], "{}");
    let details = refused(&text, 415, None, "GENERAL");
    assert_eq!(details, "Content-Type has to be application/json.");
    let twice = format!("{ALL}?flagConfigEtag=1&flagConfigEtag=2");
    refused(
        &all_at(&server, &twice, &[], &json!({})),
        400,
        None,
        "PARSE_ERROR",
    );
    assert_eq!(server.get(ALL, &[]).problem(405), "method_not_allowed");
}

#[test]
fn a_request_that_finds_no_memory_is_told_when_to_come_again() {
    let server = Running::with_limits(Limits {
        body_bytes_in_memory_max: 100,
        memory_wait: std::time::Duration::from_millis(50),
        ..Limits::default()
    });
    let mut slow = server.connect();
    let waiting = [JSON, ("Expect", "100-continue"), ("Content-Length", "100")];
    slow.send(server.compose("POST", ALL, &waiting, ""));
    assert_eq!(slow.answer_without_body().status, 100);
    let answer = one(&server, "tracker", &json!({}));
    refused(&answer, 429, Some("tracker"), "GENERAL");
    assert_eq!(answer.header("retry-after"), Some("1"));
    slow.send(format!("{{}}{}", " ".repeat(98)));
    assert_eq!(slow.answer().status, 200);
}

/// Whoever has connected before must not see the flags on after an emergency.
#[test]
fn an_emergency_counts_before_it_is_stored() {
    let server = Running::start();
    replace(&server, &every_rule());
    let before = all(&server, &[], &json!({}));
    assert_eq!(before.header("ml-all-off"), None);
    let tag = before.header("etag").unwrap().to_owned();
    let other = Connection::open(server.data_dir().join("flagdeck.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    server.app.flags().emergency_off(&someone());
    assert!(server.app.flags().is_emergency(), "it cannot be stored yet");

    let single = one(&server, "full", &json!({}));
    assert_eq!(single.json()["value"], false);
    assert!(single.header("ml-all-off").is_some());
    let bulk = all(&server, &[("If-None-Match", &tag)], &json!({}));
    assert_eq!(bulk.status, 200);
    assert!(bulk.header("ml-all-off").is_some());
    let flags = bulk.json()["flags"].as_array().unwrap().clone();
    assert!(flags.iter().all(|flag| flag["value"] == false));
    other.execute_batch("ROLLBACK").unwrap();
    wait_until("the emergency to be stored", || {
        !server.app.flags().is_emergency()
    });
}

#[test]
fn no_token_is_needed_and_pages_of_a_listed_origin_may_ask() {
    let origin = "http://localhost:5173";
    let server = Running::with_origin(origin);
    for (method, path) in [("POST", ALL), ("POST", "/ofrep/v1/evaluate/flags/tracker")] {
        let asks = [
            ("Origin", origin),
            ("Access-Control-Request-Method", method),
            (
                "Access-Control-Request-Headers",
                "content-type,if-none-match",
            ),
        ];
        let answer = server.request("OPTIONS", path, &asks, "");
        assert_eq!(answer.status, 204);
        let allowed = |name: &str| answer.header(name).unwrap().to_owned();
        assert!(allowed("access-control-allow-methods").contains("POST"));
        for name in ["content-type", "if-none-match"] {
            assert!(allowed("access-control-allow-headers").contains(name));
        }
        for (sent, status) in [("{}", 200), ("[]", 400)] {
            let answer = server.request(method, path, &[JSON, ("Origin", origin)], sent);
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            let exposed = answer.header("access-control-expose-headers").unwrap();
            assert!(exposed.contains("etag") && exposed.contains("retry-after"));
        }
        let foreign = [JSON, ("Origin", "http://evil.example")];
        let answer = server.request(method, path, &foreign, "{}");
        assert_eq!(answer.problem(403), "foreign");
    }
}

fn runner() -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })
}

/// What holds for any document and any user: each by itself and all at once are what `evaluate`
/// says, in the order of the document, in no more bytes than are reserved.
#[test]
fn values_are_what_evaluate_says() {
    let server = Running::start();
    let documents_and_people = (documents(), prop::collection::vec(people(), 1..4));
    let checked = runner().run(&documents_and_people, |(document, people)| {
        let edit = Edit::Replace(document.to_bytes());
        server.app.flags().change_confirmed(request(edit)).unwrap();
        let live = server.app.flags().live();
        // Keys that were in force before keep their order.
        let paths = paths(&live.document);
        for person in people {
            let context = json!({"targetingKey": person.id, "groups": person.groups});
            let answer = all(&server, &[], &context).json();
            let flags = answer["flags"].as_array().unwrap();
            prop_assert_eq!(flags.len(), paths.len());
            for (path, flag) in paths.iter().zip(flags) {
                let decided = live.compiled.evaluate(path.as_str(), &person.user());
                let about = document.about.get(path);
                prop_assert_eq!(&flag["key"], path.as_str());
                let mut single = one(&server, path.as_str(), &context).json();
                if let Some(metadata) = single.get_mut("metadata").and_then(Value::as_object_mut) {
                    prop_assert_eq!(metadata.remove("revision"), Some(json!(live.revision.0)));
                }
                prop_assert_eq!(&single, flag);
                if flag.get("errorCode").is_some() {
                    prop_assert!(person.id.is_empty() && !decided.value, "{}", flag);
                    continue;
                }
                prop_assert_eq!(&flag["value"], decided.value);
                prop_assert_eq!(&flag["metadata"]["rule"], decided.reason.as_str());
                let title = about.and_then(|about| about.title.as_deref());
                prop_assert_eq!(flag["metadata"]["title"].as_str(), title);
                let owner = about.and_then(|about| about.owner.as_deref());
                prop_assert_eq!(flag["metadata"]["owner"].as_str(), owner);
            }
        }
        Ok(())
    });
    checked.unwrap();
}

/// A value that is said to be the same for everyone is.
#[test]
fn a_static_value_is_the_same_for_every_user() {
    let server = Running::start();
    let documents_and_people = (documents(), prop::collection::vec(people(), 2..6));
    let checked = runner().run(&documents_and_people, |(document, people)| {
        let edit = Edit::Replace(document.to_bytes());
        server.app.flags().change_confirmed(request(edit)).unwrap();
        let mut constant = std::collections::BTreeMap::<String, Value>::new();
        let mut answers = Vec::new();
        for person in &people {
            let context = json!({"targetingKey": person.id, "groups": person.groups});
            let answer = all(&server, &[], &context).json();
            for flag in answer["flags"].as_array().unwrap() {
                let key = flag["key"].as_str().unwrap().to_owned();
                if matches!(flag["reason"].as_str(), Some("STATIC" | "DISABLED")) {
                    constant.insert(key.clone(), flag["value"].clone());
                }
                // Without a user, there may be no value.
                answers.extend(flag.get("value").map(|value| (key, value.clone())));
            }
        }
        for (key, value) in answers {
            if let Some(constant) = constant.get(&key) {
                prop_assert_eq!(constant, &value, "{}", key);
            }
        }
        Ok(())
    });
    checked.unwrap();
}

#[test]
fn what_follows_a_change_is_the_new_value() {
    let server = Running::start();
    replace(&server, &every_rule());
    let value = |key: &str| one(&server, key, &json!({"targetingKey": "ada"})).json();
    assert_eq!(value("ui.badges")["value"], true);
    set_percentage(&server.app, 0);
    let zero = value("ui.badges");
    assert_eq!(
        (&zero["value"], &zero["metadata"]["revision"]),
        (&json!(false), &json!(2))
    );
    let paths = vec!["ui.badges".parse().unwrap()];
    change(&server.app, Edit::SetComponents { paths, on: false });
    assert_eq!(value("ui.badges")["reason"], "DISABLED");
}

/// The examples of the page are what Flagdeck answers.
#[test]
fn the_page_shows_real_answers() {
    let page = fs::read_to_string("docs/http.md").unwrap();
    let section = page.split("## OpenFeature").nth(1).unwrap();
    let mut examples = section.split("```json\n").skip(1);
    let mut next = || -> Value {
        let text = examples.next().unwrap().split("```").next().unwrap();
        serde_json::from_str(text).unwrap()
    };
    let server = Running::start();
    replace(&server, &next());
    let request = next().to_string();
    assert_eq!(post(&server, "ui.badges", &request).json(), next());
    assert_eq!(
        server.request("POST", ALL, &[JSON], &request).json(),
        next()
    );
    assert_eq!(one(&server, "ui.badges", &json!({})).json(), next());
}
