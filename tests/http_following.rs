//! What HTTP tells of a followed document, and how overrides are made and ended through it.

use std::fs;

use flagdeck::flags::following::{Adopted, RemoteDocument};
use serde_json::{Value, json};

use crate::following::{FROM, components, follow, team};
use crate::http_stream::Stream;
use crate::http_support::{Answer, Running};
use crate::support::apps::{history, open, set_percentage, switch, turn_master};
use crate::support::waiting::wait_for;

const FLAGS: &str = "/api/ml/flags";
const OVERRIDES: &str = "/api/ml/flags/overrides";

fn send(server: &Running, method: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {}", server.token);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("User-Agent", "check/1"),
    ];
    server.request(method, path, &headers, "")
}

fn overridden(server: &Running) -> Vec<Value> {
    let listed = send(server, "GET", OVERRIDES).json();
    let listed = listed["overrides"].as_array().unwrap().iter();
    listed.map(|one| one["place"].clone()).collect()
}

#[test]
fn the_document_says_what_it_follows_and_how_much_is_overridden() {
    let server = Running::start();
    let local = server.get(FLAGS, &[]);
    assert_eq!(local.header("ml-followed"), None);
    assert_eq!(local.header("ml-overrides"), None);
    assert!(follow(&server.app, &team(&json!({}))));
    set_percentage(&server.app, 55_000);
    let answer = server.get(FLAGS, &[]);
    assert_eq!(answer.header("ml-followed"), Some(FROM));
    assert_eq!(answer.header("ml-overrides"), Some("1"));
    assert_eq!(answer.header("ml-stale-since"), None);
    let etag = answer.header("etag").unwrap();
    let unchanged = server.get(FLAGS, &[("If-None-Match", etag)]);
    assert_eq!(unchanged.status, 304);
    assert_eq!(unchanged.header("ml-overrides"), Some("1"));
}

#[test]
fn put_and_patch_make_overrides_under_the_tag_of_what_is_in_force() {
    let server = Running::start();
    assert!(follow(&server.app, &team(&json!({}))));
    let etag = server.get(FLAGS, &[]).header("etag").unwrap().to_owned();
    let patch = json!({"components": {"search": true}}).to_string();
    let merge = ("Content-Type", "application/merge-patch+json");
    let patched = server.write("PATCH", &[("If-Match", &etag), merge], &patch);
    assert_eq!(patched.status, 200, "{}", patched.text());
    assert_eq!(patched.header("ml-overrides"), Some("1"));
    assert_eq!(overridden(&server), ["/components/search"]);

    // What the remote changes makes the tag stale, as any change does.
    let etag = patched.header("etag").unwrap();
    assert!(follow(&server.app, &team(&components(true, true))));
    let json = ("Content-Type", "application/json");
    let document = team(&json!({})).document.to_bytes();
    let document = String::from_utf8(document).unwrap();
    let stale = server.write("PUT", &[("If-Match", etag), json], &document);
    assert_eq!(stale.problem(412), "stale");
    let etag = stale.header("etag").unwrap();
    let put = server.write("PUT", &[("If-Match", etag), json], &document);
    assert_eq!(put.status, 200, "{}", put.text());
    // The value of search is the followed one again, that of ui.badges is not.
    assert_eq!(overridden(&server), ["/components/ui/badges"]);
    let own = server.app.flags().live().base();
    assert_eq!(own, Some(team(&components(true, true)).document));
}

#[test]
fn overrides_are_listed_and_ended_with_the_token() {
    let server = Running::start();
    assert!(follow(&server.app, &team(&json!({}))));
    switch(&server.app, "search", true);
    switch(&server.app, "ui.badges", true);
    set_percentage(&server.app, 55_000);
    for method in ["GET", "DELETE"] {
        let refused = server.request(method, OVERRIDES, &[], "");
        assert_eq!(refused.problem(401), "unauthorized");
    }
    let listed = send(&server, "GET", OVERRIDES).json();
    let listed = &listed["overrides"];
    assert_eq!(listed[1]["component"], "search");
    assert_eq!(
        (&listed[1]["value"], &listed[1]["followed"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(listed[1]["by"]["name"], "someone");

    for wrong in [
        "?al",
        "?component=search&place=/rollout",
        "?component=",
        "?place=rollout",
    ] {
        let refused = send(&server, "DELETE", &format!("{OVERRIDES}{wrong}"));
        assert!(
            matches!(refused.status, 400 | 404),
            "{wrong}: {}",
            refused.text()
        );
    }
    let none = send(&server, "DELETE", &format!("{OVERRIDES}?component=cart"));
    assert_eq!(none.problem(404), "not_found");
    let ended = send(&server, "DELETE", &format!("{OVERRIDES}?component=ui"));
    assert_eq!(ended.status, 200, "{}", ended.text());
    assert_eq!(
        ended.json()["overrides"],
        json!({"from": FROM, "made": [], "ended": ["/components/ui/badges"]})
    );
    let ended = send(&server, "DELETE", &format!("{OVERRIDES}?place=/rollout"));
    assert_eq!(ended.status, 200, "{}", ended.text());
    assert_eq!(overridden(&server), ["/components/search"]);
    assert_eq!(send(&server, "DELETE", OVERRIDES).status, 200);
    assert_eq!(
        server.app.flags().live().document,
        team(&json!({})).document
    );
    let latest = &history(&server.app)[0];
    assert_eq!(latest.actor.name, "check");
}

#[test]
fn evaluations_and_events_name_the_layer() {
    let server = Running::start();
    let metadata = |key: &str| {
        let path = format!("/ofrep/v1/evaluate/flags/{key}");
        let body = r#"{"context": {"targetingKey": "ada"}}"#;
        let json = [("Content-Type", "application/json")];
        let answer = server.request("POST", &path, &json, body);
        answer.json()["metadata"]["layer"].clone()
    };
    switch(&server.app, "tracker", true);
    assert_eq!(metadata("tracker"), "off");
    turn_master(&server.app, true);
    assert_eq!(metadata("tracker"), "local");
    let accepted = server.app.flags().follow(&team(&json!({})), true);
    assert!(matches!(accepted, Ok(Adopted::Revision(_))));
    assert_eq!(metadata("search"), "followed");
    let mut stream = Stream::open(&server, false);
    let first = stream.event("flags");
    assert_eq!(first["followed"], json!({"from": FROM, "overrides": 0}));
    switch(&server.app, "search", true);
    let told = stream.event("flags");
    assert_eq!(told["followed"], json!({"from": FROM, "overrides": 1}));
    assert_eq!(told["changed"][0]["layer"], "override");
    assert_eq!(metadata("search"), "override");
    assert_eq!(metadata("cart"), "followed");
    assert!(follow(&server.app, &team(&components(true, true))));
    assert_eq!(stream.event("flags")["changed"][0]["layer"], "followed");
}

#[test]
fn health_and_metrics_say_how_following_goes_and_the_document_since_when_it_is_stale() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing listens at this port: it is that of a listener that has ended.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/api/ml/flags", free.local_addr().unwrap());
    drop(free);
    let config = format!("[featureFlags]\nendpoint = \"{address}\"\n");
    fs::write(folder.path().join("config.toml"), config).unwrap();
    let app = open(folder.path());
    let remote = RemoteDocument {
        from: address.clone(),
        ..team(&json!({}))
    };
    assert!(follow(&app, &remote));
    switch(&app, "search", true);
    drop(app);

    let server = Running::watching_on(folder);
    let following = || server.get("/healthz", &[]).json()["following"].clone();
    let kind = || following()["state"]["kind"].clone();
    wait_for("the first fetch to fail", kind, |kind| kind == "stale");
    let told = following();
    assert_eq!(told["address"], json!(address));
    assert_eq!(
        (&told["overrides"], &told["suspended"]),
        (&json!(1), &json!(0))
    );
    assert!(told["state"]["reason"].is_string());
    let answer = server.get(FLAGS, &[]);
    let since = answer.header("ml-stale-since").unwrap();
    let since: jiff::Timestamp = since.parse().unwrap();
    assert_eq!(json!(since.as_millisecond()), told["state"]["sinceMs"]);
    let metrics = server.get("/metrics", &[]);
    let metrics = metrics.text();
    assert!(metrics.contains("\nflagdeck_followed_held 0"), "{metrics}");
    assert!(metrics.contains("\nflagdeck_overrides 1"), "{metrics}");
    assert!(
        !metrics.contains("flagdeck_followed_confirmed_age"),
        "never confirmed"
    );
}

#[test]
fn without_a_followed_document_nothing_is_told_of_one() {
    let server = Running::collecting();
    assert!(
        server
            .get("/healthz", &[])
            .json()
            .get("following")
            .is_none()
    );
    let metrics = server.get("/metrics", &[]);
    assert!(!metrics.text().contains("flagdeck_followed"));
    assert!(!metrics.text().contains("flagdeck_overrides"));
    assert_eq!(
        Stream::open(&server, false).event("flags")["followed"],
        Value::Null
    );
}
