//! The stream of events over HTTP: flags, restores, what becomes of the store, and its places.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flagdeck::http::Limits;
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{RestoreRequest, SnapshotLabel};
use flagdeck_core::Edit;
use serde_json::{Value, json};

use crate::http_states::send;
use crate::http_support::Running;
use crate::support::apps::{open, request_by};
use crate::support::folders::remove_in_use;
use crate::support::waiting::{PATIENCE, wait_until};

/// A stream of events, read line by line.
pub struct Stream(BufReader<TcpStream>);

impl Stream {
    pub fn open(server: &Running, with_token: bool) -> Self {
        let bearer = format!("Bearer {}", server.token);
        let headers = [("Authorization", bearer.as_str())];
        Self::open_with(server, if with_token { &headers[..] } else { &[] })
    }

    pub fn open_with(server: &Running, headers: &[(&str, &str)]) -> Self {
        Self::open_at(server, "/api/ml/flags/stream", headers)
    }

    pub fn open_at(server: &Running, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = server.compose("GET", path, headers, "");
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

    /// Reads on to the next event, which must have no name; returns its id and what it says.
    #[track_caller]
    pub fn message(&mut self) -> (String, Value) {
        let mut id = String::new();
        loop {
            let line = self.line().expect("the stream goes on");
            assert!(!line.starts_with("event:"), "{line}");
            if let Some(sent) = line.strip_prefix("id: ") {
                id = sent.to_owned();
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return (id, serde_json::from_str(data).unwrap());
            }
        }
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
    remove_in_use(&data_dir);
    assert_eq!(stream.event("store"), json!({ "status": "store_gone" }));
    // A client that connects while it is gone is told at once.
    let mut late = Stream::open(&server, false);
    assert_eq!(late.event("store"), json!({ "status": "store_gone" }));
    server.app.write_back().unwrap();
    assert_eq!(stream.event("store"), json!({ "status": "ok" }));
    assert_eq!(late.event("store"), json!({ "status": "ok" }));
}

pub fn switch(server: &Running, on: bool) {
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
fn the_stream_tells_which_keys_changed_and_from_where() {
    let server = Running::collecting();
    let path = "/api/ml/state/web/changes";
    send(&server, "PUT", "/api/ml/state/web", &[], r#"{"a":1}"#);
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
