//! States over HTTP: put, changed, read back, confirmed; and the stream that tells of them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flagdeck::http::Limits;
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{RestoreRequest, SnapshotLabel};
use flagdeck_core::Edit;
use serde_json::{Value, json};

use crate::http_support::{Answer, Running};
use crate::support::apps::{open, request_by};
use crate::support::waiting::{PATIENCE, wait_until};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn send(
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

/// A stream of events, read line by line.
pub struct Stream(BufReader<TcpStream>);

impl Stream {
    pub fn open(server: &Running, with_token: bool) -> Self {
        let bearer = format!("Bearer {}", server.token);
        let headers = [("Authorization", bearer.as_str())];
        Self::open_with(server, if with_token { &headers[..] } else { &[] })
    }

    pub fn open_with(server: &Running, headers: &[(&str, &str)]) -> Self {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = server.compose("GET", "/api/ml/flags/stream", headers, "");
        stream.write_all(request.as_bytes()).unwrap();
        Self(BufReader::new(stream))
    }

    /// Reads on until the server ends the stream, by its last chunk.
    #[track_caller]
    pub fn ends(&mut self) {
        assert_eq!(self.until("0"), "");
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim_end().to_owned()),
        }
    }

    /// Reads on until a line begins so; returns the rest of it.
    #[track_caller]
    pub fn until(&mut self, start: &str) -> String {
        let begun = Instant::now();
        // Heartbeats keep the connection from falling silent.
        while let Some(line) = self.line().filter(|_| begun.elapsed() < PATIENCE) {
            if let Some(rest) = line.strip_prefix(start) {
                return rest.to_owned();
            }
        }
        panic!("the stream ended before {start}");
    }

    pub fn event(&mut self, name: &str) -> Value {
        self.until(&format!("event: {name}"));
        serde_json::from_str(&self.until("data: ")).unwrap()
    }
}

/// What becomes of the folder is told to every client, whoever it is.
#[test]
fn the_stream_reports_a_lost_store_and_its_return() {
    let server = Running::collecting();
    switch(&server, true);
    let mut stream = Stream::open(&server, false);
    stream.event("flags");
    let data_dir = server.app.data_dir().to_owned();
    fs::remove_dir_all(&data_dir).unwrap();
    assert_eq!(stream.event("store"), json!({ "status": "store_gone" }));
    // A client that connects while it is gone is told at once.
    let mut late = Stream::open(&server, false);
    assert_eq!(late.event("store"), json!({ "status": "store_gone" }));
    server.app.write_back().unwrap();
    assert_eq!(stream.event("store"), json!({ "status": "ok" }));
    assert_eq!(late.event("store"), json!({ "status": "ok" }));
}

fn switch(server: &Running, on: bool) {
    let change = request_by(&Actor::new(Via::Http, "test"), Edit::SetMaster { on });
    server.app.flags().change(change).unwrap();
}

#[test]
fn the_stream_sends_the_flags_at_once_and_each_revision() {
    let server = Running::collecting();
    let mut stream = Stream::open(&server, false);
    assert_eq!(stream.until("HTTP/1.1 "), "200 OK");
    assert_eq!(stream.until("content-type: "), "text/event-stream");
    let first = stream.event("flags");
    assert_eq!(first["revision"], 0);
    let never_on = json!({"sinceMs": null, "by": null, "isStored": true});
    assert_eq!(first["allOff"], never_on);
    switch(&server, true);
    let told = stream.event("flags");
    assert_eq!(told["allOff"], Value::Null);
    assert_eq!(told["revision"], 1);
    let etag = server
        .get("/api/ml/flags", &[])
        .header("etag")
        .unwrap()
        .to_owned();
    assert_eq!(told["etag"], etag);
    server
        .app
        .flags()
        .emergency_off(&Actor::new(Via::Http, "test"));
    // Off at once, and a revision once that is stored.
    while stream.event("flags")["revision"] != 2 {}
}

/// The id of each event of flags names what is in force, so a client that connects again with the
/// last one is told only of what it has missed.
#[test]
fn a_client_that_reconnects_gets_only_what_it_missed() {
    let server = Running::collecting();
    switch(&server, true);
    let mut stream = Stream::open(&server, false);
    stream.until("event: flags");
    let seen = stream.until("id: ");
    drop(stream);

    let last_seen = [("Last-Event-ID", seen.as_str())];
    let mut again = Stream::open_with(&server, &last_seen);
    again.until("retry: ");
    switch(&server, false);
    assert_eq!(again.event("flags")["revision"], 2, "nothing before that");
    drop(again);

    let mut late = Stream::open_with(&server, &last_seen);
    assert_eq!(late.event("flags")["revision"], 2, "what it has missed");
    let mut unknown = Stream::open_with(&server, &[("Last-Event-ID", "2")]);
    assert_eq!(unknown.event("flags")["revision"], 2, "an id of none");
}

#[test]
fn the_stream_sends_a_restore_to_clients_with_the_token() {
    let server = Running::collecting();
    send(&server, "PUT", "/api/ml/state/web", &[], r#"{"n":1}"#);
    let source = "web".parse().unwrap();
    let id = server
        .app
        .take_snapshots(Some(&source), &SnapshotLabel::default())
        .unwrap()[0]
        .id;
    send(&server, "PUT", "/api/ml/state/web", &[], r#"{"n":2}"#);
    let mut stream = Stream::open(&server, true);
    let mut stranger = Stream::open(&server, false);
    stream.event("flags");
    stranger.event("flags");
    let request = RestoreRequest {
        snapshot: id,
        only: vec![],
        except: vec![],
        with_flags: false,
    };
    let restore = server
        .app
        .restore_state(&request, &Actor::new(Via::Window, "me"))
        .unwrap();
    let told = stream.event("ml:state:restored");
    assert_eq!(
        (&told["restore"], &told["source"]),
        (&json!(restore.id), &json!("web"))
    );
    let href = told["href"].as_str().unwrap();
    assert_eq!(href, format!("/api/ml/state/web/restores/{}", restore.id));
    let asked = send(&server, "GET", href, &[], "");
    assert_eq!(asked.json()["ml"], json!({ "n": 1 }));
    let reported = send(&server, "GET", "/api/ml/state/web", &[], "").json();
    assert_eq!(reported["ml"], json!({ "n": 2 }));
    let tag = asked.header("etag").unwrap().to_owned();
    let again = send(&server, "GET", href, &[("If-None-Match", &tag)], "");
    assert_eq!(again.status, 304);
    let elsewhere = href.replace("/web/", "/other/");
    let elsewhere = send(&server, "GET", &elsewhere, &[], "");
    assert_eq!(elsewhere.problem(404), "not_found");
    assert_eq!(server.get(href, &[]).problem(401), "unauthorized");
    let number = restore.id.to_string();
    let confirmed = send(
        &server,
        "PUT",
        "/api/ml/state/web",
        &[("Ml-Restore", &number)],
        r#"{"n":1}"#,
    );
    let confirmed = &confirmed.json()["restore"];
    assert_eq!(
        confirmed,
        &json!({ "id": restore.id, "status": "confirmed", "isExact": true })
    );
    assert_eq!(
        send(&server, "GET", href, &[], "").problem(410),
        "restore_ended"
    );
    assert!(
        server
            .app
            .state_restore(restore.id)
            .unwrap()
            .confirmed_ms
            .is_some()
    );
    // The next thing that others hear of is a revision.
    switch(&server, true);
    assert_eq!(stranger.until("event: "), "flags");
}

#[test]
fn a_silent_stream_gets_comments_and_places_are_freed() {
    let limits = Limits {
        heartbeat_time: Duration::from_millis(50),
        streams_max: 2,
        ..Limits::default()
    };
    let server = Running::with_limits(limits);
    let mut first = Stream::open(&server, false);
    let mut second = Stream::open(&server, false);
    first.event("flags");
    second.event("flags");
    first.until(":");
    drop(second);
    wait_until("the place of the client that left", || {
        let mut third = Stream::open(&server, false);
        third.until("HTTP/1.1 ").starts_with("200")
    });
}

#[test]
fn streams_do_not_hold_up_the_end() {
    let limits = Limits {
        drain_time: Duration::from_secs(60),
        ..Limits::default()
    };
    let mut server = Running::with_limits(limits);
    let mut stream = Stream::open(&server, false);
    stream.event("flags");
    // Waits until the server has ended, which a stream left open would put off for a minute.
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() < limits.drain_time / 2);
    stream.ends();
}

#[test]
fn a_restore_by_another_program_is_sent_again_until_confirmed() {
    let server = Running::collecting();
    send(&server, "PUT", "/api/ml/state/web", &[], r#"{"n":1}"#);
    let mut stream = Stream::open(&server, true);
    stream.event("flags");
    let other = open(server.data_dir());
    let id = other
        .take_snapshots(None, &SnapshotLabel::default())
        .unwrap()[0]
        .id;
    let request = RestoreRequest {
        snapshot: id,
        only: vec![],
        except: vec![],
        with_flags: false,
    };
    let restore = other
        .restore_state(&request, &Actor::new(Via::Flagctl, "me"))
        .unwrap();
    assert_eq!(stream.event("ml:state:restored")["restore"], restore.id);
    // A report without a word of it leaves it open.
    send(&server, "PUT", "/api/ml/state/web", &[], r#"{"n":9}"#);
    let mut late = Stream::open(&server, true);
    assert_eq!(late.event("ml:state:restored")["restore"], restore.id);
    send(
        &server,
        "PUT",
        "/api/ml/state/web",
        &[("Ml-Restore", &restore.id.to_string())],
        r#"{"n":1}"#,
    );
    let mut later = Stream::open(&server, true);
    later.event("flags");
    switch(&server, true);
    assert_eq!(later.until("event: "), "flags");
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
    let mut stream = Stream::open(&server, true);
    stream.event("flags");
    send(
        &server,
        "POST",
        path,
        &[],
        r#"[{"key":"ml.a","newValue":2,"source":"Error\n    at save (limits.js:88:5)"}]"#,
    );
    let told = stream.event("ml:state:changed");
    let expected =
        json!({ "source": "web", "keys": ["ml.a"], "more": 0, "origin": "limits.js:88" });
    assert_eq!(told, expected);
    let many: Vec<Value> = (0..25).map(|n| json!({ "n": n })).collect();
    send(
        &server,
        "PUT",
        "/api/ml/state/web",
        &[],
        &json!({ "a": 2, "many": many }).to_string(),
    );
    let told = stream.event("ml:state:changed");
    assert_eq!(
        (&told["origin"], &told["more"]),
        (&json!("report"), &json!(0))
    );
    let keys = told["keys"].as_array().unwrap();
    assert!(
        keys.contains(&json!("ml.many")) && !keys.contains(&json!("ml.a")),
        "{told}"
    );
}
