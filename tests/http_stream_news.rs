//! What the events of a stream say, and to whom.

use flagdeck::store::{Actor, Via};
use flagdeck_core::Edit;
use serde_json::{Value, json};

use crate::http_states::send;
use crate::http_stream::{Stream, switch};
use crate::http_support::Running;
use crate::support::apps::request_by;

fn replace(server: &Running, document: &Value) {
    let edit = Edit::Replace(document.to_string().into());
    let change = request_by(&Actor::new(Via::Window, "ada"), edit);
    server.app.flags().change_confirmed(change).unwrap();
}

#[test]
fn a_change_of_flags_is_told_with_what_changed() {
    let server = Running::collecting();
    replace(
        &server,
        &json!({ "components": { "a": false, "old": true } }),
    );
    let mut open = Stream::open(&server, false);
    let mut trusted = Stream::open(&server, true);
    for stream in [&mut open, &mut trusted] {
        let first = stream.event("flags");
        assert_eq!(
            (&first["changed"], &first["more"]),
            (&Value::Null, &Value::Null)
        );
    }
    let long = "x".repeat(300);
    replace(
        &server,
        &json!({
            "components": { "a": true, "new": true },
            "about": { "a": { "title": "A", "description": long } },
        }),
    );
    let told = open.event("flags");
    let expected = json!([
        { "pointer": "/components/new", "from": "/components/old", "before": true, "after": true },
        { "pointer": "/components/a", "before": false, "after": true },
        { "pointer": "/about", "cut": true },
    ]);
    assert_eq!((&told["changed"], &told["more"]), (&expected, &json!(0)));
    assert!(
        told.get("by").is_none(),
        "names are for clients with the token"
    );
    let told = trusted.event("flags");
    assert_eq!(told["changed"], expected);
    assert_eq!(told["by"], json!({ "via": "window", "name": "ada" }));

    let many: serde_json::Map<_, _> = (0..30).map(|n| (format!("c{n}"), true.into())).collect();
    replace(
        &server,
        &json!({ "components": { "a": true, "new": true, "many": many } }),
    );
    let told = open.event("flags");
    assert_eq!(told["more"], 0);
    let all: serde_json::Map<_, _> = (0..30).map(|n| (format!("c{n}"), false.into())).collect();
    replace(
        &server,
        &json!({ "components": { "a": true, "new": true, "many": all } }),
    );
    let told = open.event("flags");
    let changed = told["changed"].as_array().unwrap().len();
    assert_eq!((changed, &told["more"]), (20, &json!(10)));
}

#[test]
fn a_client_that_names_itself_is_told_of_itself_alone() {
    let server = Running::collecting();
    let bearer = format!("Bearer {}", server.token);
    let token = [("Authorization", bearer.as_str())];
    let mut web = Stream::open_at(&server, "/api/ml/flags/stream?source=web", &token);
    let mut all = Stream::open(&server, true);
    web.event("flags");
    all.event("flags");
    send(&server, "PUT", "/api/ml/state/shop", &[], r#"{"n":1}"#);
    assert_eq!(all.event("ml:state:changed")["source"], "shop");
    send(&server, "PUT", "/api/ml/state/web", &[], r#"{"n":1}"#);
    assert_eq!(all.event("ml:state:changed")["source"], "web");
    assert_eq!(web.event("ml:state:changed")["source"], "web");
    switch(&server, true);
    assert_eq!(web.event("flags")["revision"], 1);

    for path in ["/api/ml/flags", "/api/ml/flags/stream"] {
        let named = server.get(&format!("{path}?source=a%2Fb"), &[]);
        assert_eq!(named.problem(400), "malformed", "{path}");
        let detail = named.json()["detail"].to_string();
        assert!(detail.contains("1 to 128 characters"), "{detail}");
    }
    assert_eq!(server.get("/api/ml/flags?source=web", &[]).status, 200);
}

#[test]
fn who_set_a_value_and_that_a_source_was_removed_is_told() {
    let server = Running::collecting();
    let source = "web".parse().unwrap();
    send(&server, "PUT", "/api/ml/state/web", &[], r#"{"n":1}"#);
    let mut stream = Stream::open(&server, true);
    stream.event("flags");
    let set = |value: u64| {
        let actor = Actor::new(Via::Flagctl, "ada");
        let set = server
            .app
            .set_state(&source, "ml.n", Some(value.into()), &actor);
        set.unwrap();
    };
    set(2);
    let told = stream.event("ml:state:changed");
    let expected = json!({ "source": "web", "keys": ["ml.n"], "more": 0,
        "origin": "Flagdeck, by ada" });
    assert_eq!(told, expected);
    server.app.remove_source(&source).unwrap();
    assert_eq!(stream.event("ml:state:removed"), json!({ "source": "web" }));
    send(&server, "PUT", "/api/ml/state/web", &[], r#"{"again":1}"#);
    let told = stream.event("ml:state:changed");
    assert_eq!(told["keys"], json!(["ml.again"]));
    // A snapshot is no change of the state.
    server
        .app
        .take_snapshots(None, &Default::default())
        .unwrap();
    set(3);
    assert_eq!(stream.event("ml:state:changed")["keys"], json!(["ml.n"]));
}
