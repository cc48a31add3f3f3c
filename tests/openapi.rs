//! `docs/openapi.json` is true: every example in it is sent to a real server and answered as it
//! says, and every failure that it lists happens.

mod described;
mod failures;

use std::collections::BTreeSet;

use flagdeck::App;
use flagdeck::flags::targeted::{Target, TargetedRequest};
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{RestoreRequest, SnapshotLabel};
use serde_json::Value;

use self::described::{Description, Operation, is_success};
use crate::following::{follow, team};
use crate::http_states::send;
use crate::http_stream::Stream;
use crate::http_support::Running;
use crate::states_damaged::{database, flip};
use crate::support::apps::{open, set_percentage, switch};

const DOCUMENT: &str = r#"{"enabled":true,"components":{"calculator":true,"ui":{"badges":true}}}"#;
const STATE: &str = r#"{"version":"6.0.0","usage":{"filesAnalyzed":41}}"#;

/// A server with flags, and with the state of `shop`, a snapshot of it and a restore that is open.
pub fn prepared() -> Running {
    let server = Running::collecting();
    let headers = [
        ("If-Match", "*"),
        ("Flagdeck-Confirm", "large-loss"),
        ("Content-Type", "application/json"),
    ];
    let answer = server.write("PUT", &headers, DOCUMENT);
    assert_eq!(answer.status, 200, "{}", answer.text());
    report(&server.app, STATE);
    take_and_restore(&server.app);
    server
}

/// A server whose state of `shop` is damaged, with a snapshot of it that can be read.
fn damaged() -> Running {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    report(&app, STATE);
    take(&app);
    report(&app, r#"{"version":"6.0.1"}"#);
    drop(app);
    flip(&database(folder.path()), "whole", "text", 5);
    Running::on(folder)
}

/// A server whose flags follow a document of which two parts are overridden, with overrides for one
/// application and one user. It fetches nothing.
fn overridden() -> Running {
    let server = Running::start();
    assert!(follow(&server.app, &team(&serde_json::json!({}))));
    switch(&server.app, "ui.badges", true);
    set_percentage(&server.app, 55_000);
    let targets = [
        Target::Source("shop-dev".parse().unwrap()),
        Target::User("ada".into()),
    ];
    for target in targets {
        let wanted = TargetedRequest {
            target,
            component: "ui.badges".parse().unwrap(),
            on: true,
            for_ms: 60_000,
            by: Actor::new(Via::Window, "me"),
        };
        server.app.flags().override_for(wanted).unwrap();
    }
    server
}

fn report(app: &App, state: &str) {
    let shop = "shop".parse().unwrap();
    let put = app.put_state(&shop, state.as_bytes(), Some(12), None);
    put.unwrap();
}

fn take(app: &App) -> u64 {
    let taken = app.take_snapshots(None, &SnapshotLabel::default());
    taken.unwrap()[0].id
}

fn take_and_restore(app: &App) {
    let request = RestoreRequest {
        snapshot: take(app),
        only: vec![],
        except: vec![],
        with_flags: false,
    };
    let me = Actor::new(Via::Window, "me");
    app.restore_state(&request, &me).unwrap();
}

/// The server on which the examples of an operation succeed.
fn server_for(operation: &Operation) -> Running {
    match operation.id.as_str() {
        "recoverState" => damaged(),
        "endOverrides" | "listOverrides" => overridden(),
        _ => prepared(),
    }
}

#[test]
fn every_example_is_answered_as_described() {
    let description = Description::read();
    for operation in description.operations() {
        for request in operation.examples() {
            let answer = request.send(&server_for(&operation));
            assert!(is_success(answer.status), "{request:?}: {answer:?}");
            operation.check(&request, &answer);
        }
    }
}

#[test]
fn every_failure_that_is_described_happens() {
    let description = Description::read();
    for operation in description.operations() {
        for status in operation.failures() {
            let failure = failures::of(&operation, status);
            let failure =
                failure.unwrap_or_else(|| panic!("nothing provokes {status} of {}", operation.id));
            let server = prepared();
            (failure.before)(&server);
            let answer = failure.request.send(&server);
            assert_eq!(answer.status, status, "{:?}: {answer:?}", failure.request);
            operation.check(&failure.request, &answer);
        }
    }
}

#[test]
fn every_example_of_an_answer_is_as_described() {
    let description = Description::read();
    let mut examples = 0;
    for operation in description.operations() {
        for (status, content) in operation.contents() {
            let Some(example) = content.get("example") else {
                continue;
            };
            examples += 1;
            let what = format!("the example of {status} of {}", operation.id);
            description.validate(&what, &content["schema"], example);
        }
    }
    assert!(examples > 0);
}

#[test]
fn every_example_of_a_body_is_as_described() {
    let description = Description::read();
    for operation in description.operations() {
        for (media, content) in operation.bodies() {
            for (name, example) in content["examples"].as_object().expect("examples") {
                let what = format!("the example {name} of {media} of {}", operation.id);
                description.validate(&what, &content["schema"], &example["value"]);
            }
        }
    }
}

/// `OPTIONS` is taken nowhere: the refusal lists the methods that are.
#[test]
fn every_method_is_described_and_every_described_one_is_taken() {
    let description = Description::read();
    let server = prepared();
    for (path, described) in description.methods() {
        let refused = server.request("OPTIONS", &path, &[], "");
        assert_eq!(refused.problem(405), "method_not_allowed", "{path}");
        let allowed = refused.header("allow").unwrap().to_ascii_lowercase();
        let taken: BTreeSet<&str> = allowed
            .split(',')
            .map(str::trim)
            .filter(|method| *method != "head")
            .collect();
        let described: BTreeSet<&str> = described.iter().map(String::as_str).collect();
        assert_eq!(taken, described, "at {path}, taken and described");
    }
}

#[test]
fn the_events_of_the_stream_are_as_described() {
    let description = Description::read();
    let server = prepared();
    let mut stream = Stream::open(&server, true);
    let check = |name: &str, schema: &str, data: Value| {
        let schema = serde_json::json!({ "$ref": format!("#/components/schemas/{schema}") });
        description.validate(&format!("the event {name}"), &schema, &data);
    };
    check("flags", "FlagsEvent", stream.event("flags"));
    let restored = stream.event("ml:state:restored");
    check("ml:state:restored", "StateRestoredEvent", restored);
    let change = r#"{"key":"ml.n","newValue":1,"source":"at analyse (files.js:12)"}"#;
    send(&server, "POST", "/api/ml/state/shop/changes", &[], change);
    let changed = stream.event("ml:state:changed");
    check("ml:state:changed", "StateChangedEvent", changed);
    let half = r#"{"rollout":{"percentage":50}}"#;
    send(
        &server,
        "PATCH",
        "/api/ml/flags",
        &[("If-Match", "*")],
        half,
    );
    let changed = stream.event("flags");
    assert_eq!(changed["changed"][0]["after"], 50);
    check("flags", "FlagsEvent", changed);
    send(&server, "DELETE", "/api/ml/state/shop", &[], "");
    let removed = stream.event("ml:state:removed");
    check("ml:state:removed", "StateRemovedEvent", removed);
    let mut refetching = Stream::open_at(&server, "/api/ml/flags/stream?events=ofrep", &[]);
    let refetch = serde_json::from_str(&refetching.until("data: ")).unwrap();
    check("of OpenFeature", "RefetchEvent", refetch);
    failures::lose_the_folder(&server);
    check("store", "StoreEvent", stream.event("store"));
}

#[test]
fn the_description_is_served_and_is_of_this_version() {
    let served = prepared().get("/api/openapi.json", &[]).json();
    assert_eq!(served, Description::read().value());
    assert_eq!(served["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_reference_leads_somewhere_and_every_part_is_used() {
    let description = Description::read();
    let used = description.references();
    let parts = description.parts();
    assert_eq!(
        used.difference(&parts).collect::<Vec<_>>(),
        [&""; 0],
        "lead nowhere"
    );
    let unused: Vec<&String> = parts.difference(&used).collect();
    // What the data of an event is cannot be said but in words.
    let unused = unused.into_iter().filter(|part| !part.ends_with("Event"));
    assert_eq!(unused.collect::<Vec<_>>(), [&""; 0], "are used nowhere");
}
