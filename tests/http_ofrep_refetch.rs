//! The OpenFeature Remote Evaluation Protocol over HTTP: entity tags, when a client is to ask again,
//! and documents of any size.

use flagdeck::http::Limits;
use flagdeck_core::limits::COMPONENTS_MAX;
use serde_json::{Value, json};

use crate::http_ofrep::{all, all_at, replace};
use crate::http_stream::Stream;
use crate::http_support::{Answer, Running};
use crate::support::apps::{switch, turn_master};

const STREAM: &str = "/api/ml/flags/stream?events=ofrep";

fn half() -> Value {
    json!({
        "enabled": true,
        "components": {"half": true, "other": true, "third": true},
        "rollout": {"percentage": 50, "userGroups": ["beta"], "strategy": "canary"},
    })
}

fn tag(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("etag").unwrap().to_owned()
}

#[test]
fn the_answer_with_all_flags_names_revision_and_stream() {
    let server = Running::start();
    replace(&server, &half());
    let answer = all(&server, &[], &json!({"targetingKey": "ada"})).json();
    assert_eq!(answer["metadata"], json!({"revision": 1}));
    let stream = json!({
        "type": "sse", "endpoint": {"requestUri": STREAM}, "inactivityDelaySec": 120,
    });
    assert_eq!(answer["eventStreams"], json!([stream]));
    let keys: Vec<_> = answer["flags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| &flag["key"])
        .collect();
    assert_eq!(keys, ["half", "other", "third"]);
    // So that clients that compare flags with the ones before find those that changed.
    assert_eq!(answer["flags"][0]["metadata"].get("revision"), None);
}

/// A client whose groups change keeps its tag: one of the document alone would leave it with the
/// old values (flagd 2012).
#[test]
fn the_tag_is_of_all_that_is_answered() {
    let server = Running::start();
    replace(&server, &half());
    let out = (0..).map(|number| format!("user{number}")).find(|id| {
        let said = all(&server, &[], &json!({ "targetingKey": id })).json();
        said["flags"][0]["value"] == false
    });
    let plain = json!({"targetingKey": out});
    let grouped = json!({"targetingKey": out, "groups": ["beta"]});
    let first = tag(&all(&server, &[], &plain));
    assert_eq!(tag(&all(&server, &[], &plain)), first);

    let known = [("If-None-Match", first.as_str())];
    let same = all(&server, &known, &plain);
    assert_eq!(
        (same.status, same.header("etag")),
        (304, Some(first.as_str()))
    );
    assert_eq!(same.header("content-length"), None);
    let weak = format!("\"x\", W/{first}");
    assert_eq!(
        all(&server, &[("If-None-Match", &weak)], &plain).status,
        304
    );
    let other = all(&server, &known, &grouped);
    assert_ne!(tag(&other), first);
    assert_eq!(other.json()["flags"][0]["value"], true);
    // What makes no difference to the answer makes none to the tag.
    let more = json!({"targetingKey": out, "plan": "pro", "source": "shop"});
    assert_eq!(all(&server, &known, &more).status, 304);

    switch(&server.app, "other", false);
    let changed = all(&server, &known, &plain);
    assert_eq!(changed.status, 200);
    assert_ne!(tag(&changed), first);
}

#[test]
fn a_tag_holds_over_a_restart() {
    let server = Running::start();
    replace(&server, &half());
    let context = json!({"targetingKey": "ada"});
    let before = all(&server, &[], &context);
    let known = tag(&before);
    let again = server.restart();
    assert_eq!(
        all(&again, &[("If-None-Match", &known)], &context).status,
        304
    );
    assert_eq!(all(&again, &[], &context).text(), before.text());
}

/// A client that asks because of an event needs an answer that is as new as the event.
#[test]
fn a_client_that_was_told_of_other_flags_is_never_sent_away() {
    let server = Running::start();
    replace(&server, &half());
    let context = json!({"targetingKey": "ada"});
    let known = tag(&all(&server, &[], &context));
    let status = |query: &str| {
        let path = format!("/ofrep/v1/evaluate/flags?{query}");
        all_at(&server, &path, &[("If-None-Match", &known)], &context).status
    };
    let generation = server.app.flags().live().generation.to_string();
    assert_eq!(status(""), 304);
    assert_eq!(
        status("tenant=7"),
        304,
        "queries of others make no difference"
    );
    assert_eq!(status(&format!("flagConfigEtag=%22{generation}%22")), 304);
    assert_eq!(status(&format!("flagConfigEtag={generation}")), 304);
    assert_eq!(status("flagConfigEtag=%22other%22"), 200);
    assert_eq!(status("flagConfigEtag="), 200);
    assert_eq!(status("flagConfigLastModified=1771622898"), 200);
    assert_eq!(status("flagConfigLastModified=yesterday"), 200);
}

#[test]
fn the_stream_tells_when_to_ask_again_and_nothing_else() {
    let origin = "http://localhost:5173";
    let server = Running::with_origin(origin);
    replace(&server, &half());
    let mut stream = Stream::open_at(&server, STREAM, &[("Origin", origin)]);
    assert_eq!(stream.until("HTTP/1.1 "), "200 OK");
    assert_eq!(stream.until("content-type: "), "text/event-stream");
    assert_eq!(stream.until("access-control-allow-origin: "), origin);
    assert_eq!(stream.until("retry: "), "2000");
    let (id, told) = stream.message();
    let etag = |server: &Running| server.app.flags().live().generation.etag();
    assert_eq!(
        told,
        json!({"type": "refetchEvaluation", "etag": etag(&server)})
    );
    assert_eq!(format!("\"{id}\""), etag(&server));

    turn_master(&server.app, false);
    let (_, told) = stream.message();
    assert_eq!(told["etag"], etag(&server));
    // With the token, too, no event of a name comes in between.
    let bearer = format!("Bearer {}", server.token);
    let mut known = Stream::open_at(&server, STREAM, &[("Authorization", &bearer)]);
    known.message();
    turn_master(&server.app, true);
    assert_eq!(known.message().1["etag"], etag(&server));
    assert_eq!(stream.message().1["etag"], etag(&server));
}

#[test]
fn a_client_that_connects_again_is_told_only_what_it_missed() {
    let server = Running::start();
    replace(&server, &half());
    let mut stream = Stream::open_at(&server, STREAM, &[]);
    let (seen, _) = stream.message();
    drop(stream);
    let last = [("Last-Event-ID", seen.as_str())];
    let mut again = Stream::open_at(&server, STREAM, &last);
    again.until("retry: ");
    turn_master(&server.app, false);
    let (id, _) = again.message();
    assert_ne!(id, seen, "nothing before that");
    let mut late = Stream::open_at(&server, STREAM, &last);
    assert_eq!(late.message().0, id, "what it has missed");
}

#[test]
fn a_stream_of_unknown_events_is_refused() {
    let server = Running::start();
    let answer = server.get("/api/ml/flags/stream?events=flagd", &[]);
    assert_eq!(answer.problem(400), "malformed");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("ofrep"), "{detail}");
}

fn largest() -> Value {
    let components = (0..COMPONENTS_MAX).map(|number| (format!("c{number}"), json!(true)));
    json!({
        "enabled": true,
        "components": components.collect::<serde_json::Map<_, _>>(),
        "rollout": {"percentage": 50, "userGroups": [], "strategy": "canary"},
    })
}

/// Large answers wait for memory, in line, and requests for one flag do not wait for them.
#[test]
fn the_largest_document_is_answered_within_the_memory_for_answers() {
    let server = Running::with_limits(Limits {
        answer_bytes_in_memory_max: 3 * 1024 * 1024,
        ..Limits::default()
    });
    replace(&server, &largest());
    let context = json!({"targetingKey": "ada"});
    let before = all(&server, &[], &context);
    let known = tag(&before);
    assert_eq!(
        before.json()["flags"].as_array().unwrap().len(),
        COMPONENTS_MAX
    );

    let body = json!({ "context": context }).to_string();
    let request = server.compose(
        "POST",
        "/ofrep/v1/evaluate/flags",
        &[("Content-Type", "application/json")],
        &body,
    );
    let mut clients: Vec<_> = (0..6).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send(&request);
    }
    let one = server.request(
        "POST",
        "/ofrep/v1/evaluate/flags/c7",
        &[("Content-Type", "application/json")],
        &body,
    );
    assert_eq!(one.status, 200);
    for client in &mut clients {
        let answer = client.answer();
        assert_eq!(tag(&answer), known);
        assert_eq!(answer.body, before.body);
    }
    assert_eq!(
        all(&server, &[("If-None-Match", &known)], &context).status,
        304
    );
}

#[test]
fn a_user_of_as_many_groups_as_are_allowed_is_answered() {
    let server = Running::start();
    let components = (0..20).map(|number| (format!("c{number}"), json!(true)));
    let mut document = half();
    document["components"] = components.collect::<serde_json::Map<_, _>>().into();
    replace(&server, &document);
    let mut groups: Vec<String> = (0..999).map(|number| format!("g{number}")).collect();
    groups.push("beta".into());
    let answer = all(&server, &[], &json!({ "groups": groups })).json();
    let flags = answer["flags"].as_array().unwrap();
    assert_eq!(flags.len(), 20);
    assert!(flags.iter().all(|flag| flag["value"] == true));
}
