//! States over HTTP: put, changed, read back.

use flagdeck::wire::SnapshotLabel;
use serde_json::json;

use crate::http_support::{Answer, Running};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Sends a request with the token and a JSON body.
pub fn send(
    server: &Running,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let bearer = format!("Bearer {}", server.token);
    let mut all = vec![("Authorization", bearer.as_str()), JSON];
    all.extend(headers);
    server.request(method, path, &all, body)
}

#[test]
fn a_state_is_put_changed_and_read_back() {
    let server = Running::collecting();
    let path = "/api/ml/state/my%20app";
    let answer = send(
        &server,
        "PUT",
        &format!("{path}?files=12"),
        &[],
        r#"{"usage":{"n":1}}"#,
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["changed"], true);
    let changes = r#"[{"key":"ml.usage.n","newValue":2},{"key":"ui.x","newValue":2},{"key":"ml..","newValue":1}]"#;
    let receipt = send(&server, "POST", &format!("{path}/changes"), &[], changes).json();
    assert_eq!(
        (
            &receipt["accepted"],
            &receipt["untracked"],
            &receipt["rejected"]
        ),
        (&json!(1), &json!(1), &json!(1))
    );
    let read = send(&server, "GET", path, &[], "");
    let state = read.json();
    assert_eq!(
        (&state["ml"]["usage"]["n"], &state["files"]),
        (&json!(2), &json!(12))
    );
    assert_eq!(state["ml"]["history"][0]["key"], "ml.usage.n");
    let tag = read.header("etag").unwrap().to_owned();
    assert_eq!(
        send(&server, "GET", path, &[("If-None-Match", &tag)], "").status,
        304
    );
    let again = send(&server, "PUT", path, &[], &state["ml"].to_string()).json();
    assert_eq!(again["changed"], false);
}

#[test]
fn errors_are_problem_documents() {
    let server = Running::collecting();
    let long = format!("/api/ml/state/{}", "x".repeat(129));
    for (method, path, headers, body, status, code) in [
        ("PUT", "/api/ml/state/web", &[][..], "[]", 400, "malformed"),
        ("PUT", "/api/ml/state/web", &[], "{", 400, "malformed"),
        (
            "PUT",
            "/api/ml/state/web?files=-1",
            &[],
            "{}",
            400,
            "malformed",
        ),
        (
            "PUT",
            "/api/ml/state/web?files=9007199254740992",
            &[],
            "{}",
            400,
            "malformed",
        ),
        (
            "PUT",
            "/api/ml/state/web?files=%2b5",
            &[],
            "{}",
            400,
            "malformed",
        ),
        (
            "PUT",
            "/api/ml/state/web?files=1&files=2",
            &[],
            "{}",
            400,
            "malformed",
        ),
        ("PUT", "/api/ml/state/a/b", &[], "{}", 404, "not_found"),
        ("PUT", "/api/ml/state//web", &[], "{}", 404, "not_found"),
        ("PUT", "/api/ml/state/%2e%2e", &[], "{}", 404, "not_found"),
        (
            "PUT",
            "/api/ml/state/web",
            &[("Ml-Restore", "x")],
            "{}",
            400,
            "malformed",
        ),
        (
            "GET",
            "/api/ml/state/web/restores/x",
            &[],
            "",
            400,
            "malformed",
        ),
        (
            "GET",
            "/api/ml/state/web/restores/7",
            &[],
            "",
            404,
            "not_found",
        ),
        ("PUT", long.as_str(), &[], "{}", 400, "malformed"),
        ("PUT", "/api/ml/state/%ff", &[], "{}", 400, "malformed"),
        ("PUT", "/api/ml/state/%01", &[], "{}", 400, "malformed"),
        ("PUT", "/api/ml/state/%00", &[], "{}", 400, "malformed"),
        ("PUT", "/api/ml/state/a%2fb", &[], "{}", 404, "not_found"),
        ("PUT", "/api/ml/state/..", &[], "{}", 404, "not_found"),
        ("PUT", "/api/ml/state/", &[], "{}", 404, "not_found"),
        (
            "POST",
            "/api/ml/state/web",
            &[],
            "{}",
            405,
            "method_not_allowed",
        ),
        (
            "POST",
            "/api/ml/state/web/changes",
            &[],
            "5",
            400,
            "malformed",
        ),
        ("GET", "/api/ml/state/nobody", &[], "", 404, "not_found"),
    ] {
        let answer = send(&server, method, path, headers, body);
        assert_eq!(answer.problem(status), code, "{method} {path} {body}");
    }
    let unasked = server.request("PUT", "/api/ml/state/web", &[JSON], "{}");
    assert_eq!(unasked.problem(401), "unauthorized");
    assert_eq!(
        server.get("/api/ml/state/web", &[]).problem(401),
        "unauthorized"
    );
}

#[test]
fn an_address_is_decoded_once_and_what_cannot_be_is_told() {
    let server = Running::collecting();
    let source = "/api/ml/state/a%2525%20%C3%A4+b";
    let put = send(&server, "PUT", &format!("{source}?files=1%32"), &[], "{}");
    assert_eq!(put.status, 200, "{}", put.text());
    let changes = r#"[{"key":"ml.n","newValue":2}]"#;
    let changed = send(
        &server,
        "POST",
        &format!("{source}/changes?x"),
        &[],
        changes,
    );
    assert_eq!(changed.status, 200, "{}", changed.text());
    let read = send(&server, "GET", &format!("{source}?%66iles=x"), &[], "").json();
    assert_eq!((&read["files"], &read["ml"]["n"]), (&json!(12), &json!(2)));
    let sources = server.app.state_sources().unwrap();
    assert_eq!(sources[0].name, "a%25 ä+b");

    let told = |path: &str, detail: &str| {
        let refused = send(&server, "PUT", &format!("/api/ml/state/{path}"), &[], "{}");
        assert_eq!(refused.problem(400), "malformed", "{path}");
        assert_eq!(refused.json()["detail"], detail, "{path}");
    };
    told("%ff", "The source in the address is no UTF-8 text.");
    let range = "The query cannot be read: files: must be a whole number from 0 to 2^53 - 1.";
    told("web?files=-1", range);
    told("web?files=", range);
    told(
        "web?files=1&%66iles=2",
        "The query cannot be read: duplicate field `files`.",
    );
}

/// What is wrong with an address is not told without the token.
#[test]
fn the_token_is_asked_for_before_the_address_is_read() {
    let server = Running::collecting();
    for path in ["/api/ml/state/%ff", "/api/ml/state/web?files=x"] {
        let refused = server.request("PUT", path, &[JSON], "{}");
        assert_eq!(refused.problem(401), "unauthorized", "{path}");
    }
}

#[test]
fn a_state_of_five_megabytes_fits_and_one_of_nine_does_not() {
    let server = Running::collecting();
    let state = |bytes: usize| json!({ "cache": { "text": "x".repeat(bytes) } }).to_string();
    let answer = send(&server, "PUT", "/api/ml/state/web", &[], &state(5_000_000));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let refused = send(&server, "PUT", "/api/ml/state/web", &[], &state(9_000_000));
    assert_eq!(refused.problem(413), "too_large");
}

#[test]
fn a_timestamp_in_seconds_is_refused_and_named() {
    let server = Running::collecting();
    let (state, changes) = ("/api/ml/state/web", "/api/ml/state/web/changes");
    let put = |at: i64| {
        let body = json!({ "timestamp": at, "ml": { "n": 1 } }).to_string();
        send(&server, "PUT", state, &[], &body)
    };
    let said = "imestamp is in seconds; it must be in milliseconds since 1970";
    let refused = put(1_796_000_000);
    assert!(refused.text().contains(said), "{}", refused.text());
    assert_eq!(refused.problem(400), "malformed");
    let change = |at: f64| json!({ "key": "ml.n", "newValue": at, "timestamp": at });
    let sent = json!([change(1.796e9), change(1.796e12), change(0.0)]).to_string();
    let receipt = send(&server, "POST", changes, &[], &sent).json();
    assert_eq!(
        (&receipt["accepted"], &receipt["rejected"]),
        (&json!(2), &json!(1))
    );
    let message = receipt["problems"][0]["message"].as_str().unwrap();
    assert!(message.contains(said), "{message}");
    for at in [0, 999_999_999, 100_000_000_000, 1_796_000_000_000] {
        assert!(put(at).status < 300, "{at}");
    }
    let own = json!({ "n": 2, "history": [change(1.796e9)] });
    let told = send(&server, "PUT", state, &[], &own.to_string()).json();
    let warning = told["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("1 record in ml.history has a timestamp in seconds"),
        "{warning}"
    );
}

#[test]
fn a_change_whose_value_has_another_name_removes_nothing() {
    let server = Running::collecting();
    send(&server, "PUT", "/api/ml/state/web", &[], r#"{"a":1,"b":2}"#);
    for name in ["new", "value", "after", "new_value", "NewValue"] {
        let change = json!([{ "key": "ml.a", name: 7 }]).to_string();
        let receipt = send(&server, "POST", "/api/ml/state/web/changes", &[], &change).json();
        let said = &receipt["problems"][0]["message"];
        let expected = format!("{name} is not read; did you mean newValue?");
        assert!(said.as_str().unwrap().starts_with(&expected), "{receipt}");
    }
    let change = r#"[{"key":"ml.b","oldValue":2}]"#;
    let receipt = send(&server, "POST", "/api/ml/state/web/changes", &[], change).json();
    assert_eq!(receipt["accepted"], 1, "as JSON.stringify writes undefined");
    let state = send(&server, "GET", "/api/ml/state/web", &[], "").json();
    assert_eq!((&state["ml"]["a"], state["ml"].get("b")), (&json!(1), None));
}

#[test]
fn changes_come_by_the_line_and_only_uncompressed() {
    let server = Running::collecting();
    let path = "/api/ml/state/web/changes";
    let bearer = format!("Bearer {}", server.token);
    let lines = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/x-ndjson"),
    ];
    let body = "{\"key\":\"ml.a\",\"newValue\":1}\n\n{\"key\":\"ml.b\"\n{\"key\":\"ml.c\",\"newValue\":null}\n";
    let receipt = server.request("POST", path, &lines, body).json();
    assert_eq!(
        (&receipt["accepted"], &receipt["rejected"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(receipt["problems"][0]["index"], 1);
    let packed = send(&server, "POST", path, &[("Content-Encoding", "gzip")], "x");
    assert_eq!(packed.problem(415), "unsupported_media_type");
}

#[test]
fn a_source_and_a_snapshot_are_removed_with_the_token() {
    let server = Running::collecting();
    let path = "/api/ml/state/web";
    send(&server, "PUT", path, &[], r#"{"n":1}"#);
    let source = "web".parse().unwrap();
    let take = |is_pinned| {
        let label = SnapshotLabel {
            is_pinned: Some(is_pinned),
            ..SnapshotLabel::default()
        };
        let taken = server.app.take_snapshots(Some(&source), &label);
        format!("{path}/snapshots/{}", taken.unwrap()[0].id)
    };
    let (plain, pinned) = (take(false), take(true));
    let event = r#"{"type":"ml:usage","source":"web"}"#;
    assert_eq!(server.report(&[], event).status, 200);

    let stranger = server.request("DELETE", &plain, &[], "");
    assert_eq!(stranger.problem(401), "unauthorized");
    let elsewhere = plain.replace("/web/", "/shop/");
    let delete = |path: &str| send(&server, "DELETE", path, &[], "");
    assert_eq!(delete(&elsewhere).problem(404), "not_found");
    assert_eq!(
        delete(&format!("{path}/snapshots/+1")).problem(400),
        "malformed"
    );
    assert_eq!(delete(&plain).status, 204);
    assert_eq!(delete(&plain).problem(404), "not_found");
    assert_eq!(delete(&pinned).problem(409), "pinned");

    let stranger = server.request("DELETE", path, &[], "");
    assert_eq!(stranger.problem(401), "unauthorized");
    assert_eq!(
        delete(path).json(),
        json!({"source": "web", "hasState": true, "snapshots": 1, "pinned": 1, "restores": 0,
            "calculations": 0})
    );
    assert_eq!(delete(path).problem(404), "not_found");
    assert_eq!(
        send(&server, "GET", path, &[], "").problem(404),
        "not_found"
    );
    let metrics = server.get("/metrics", &[]);
    let metrics = metrics.text();
    assert!(!metrics.contains("source=\"web\""), "{metrics}");
}
