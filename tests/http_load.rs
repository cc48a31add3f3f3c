//! Many clients at once: none of them keeps another out by waiting, and the bodies that are in memory
//! are bounded.

use std::time::Duration;

use flagdeck::http::Limits;
use flagdeck::{App, Options};
use serde_json::Value;

use crate::http_stream::Stream;
use crate::http_support::{Client, Running};

const SHORT: Duration = Duration::from_millis(200);

fn ask(server: &Running, client: &mut Client) -> u16 {
    client.send(server.compose("GET", "/healthz", &[], ""));
    client.answer().status
}

/// Begins a request whose body the server awaits.
fn begin_put(server: &Running, path: &str, length: usize) -> Client {
    let bearer = format!("Bearer {}", server.token);
    let length = length.to_string();
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Expect", "100-continue"),
        ("Content-Length", &length),
    ];
    let mut client = server.connect();
    client.send(server.compose("PUT", path, &headers, ""));
    client
}

fn health(server: &Running) -> Value {
    server.get("/healthz", &[]).json()["http"].clone()
}

#[test]
fn connections_that_only_wait_keep_nobody_out() {
    let server = Running::with_limits(Limits {
        connections_max: 8,
        ..Limits::default()
    });
    let mut silent: Vec<_> = (0..40).map(|_| server.connect()).collect();
    for _ in 0..40 {
        assert_eq!(ask(&server, &mut server.connect()), 200);
    }
    assert!(silent[0].is_closed(), "it waited longest");

    let mut kept: Vec<_> = (0..6).map(|_| server.connect()).collect();
    for client in &mut kept {
        assert_eq!(ask(&server, client), 200);
    }
    let mut half: Vec<_> = (0..4).map(|_| server.connect()).collect();
    for client in &mut half {
        client.send("GET /healthz HTTP/1.1\r\n");
    }
    assert_eq!(ask(&server, &mut server.connect()), 200);
    assert!(server.app.load().connections_evicted.get() >= 40);
}

#[test]
fn a_connection_that_presented_the_token_is_closed_last() {
    let server = Running::with_limits(Limits {
        connections_max: 4,
        ..Limits::default()
    });
    let mut known = server.connect();
    let bearer = format!("Bearer {}", server.token);
    let headers = [("Authorization", bearer.as_str())];
    known.send(server.compose("GET", "/api/ml/state/web", &headers, ""));
    assert_eq!(known.answer().status, 404);
    for _ in 0..20 {
        assert_eq!(ask(&server, &mut server.connect()), 200);
    }
    assert_eq!(ask(&server, &mut known), 200);
}

#[test]
fn a_request_that_is_being_answered_keeps_its_connection() {
    let server = Running::with_limits(Limits {
        connections_max: 2,
        ..Limits::default()
    });
    let mut busy = [(); 2].map(|()| begin_put(&server, "/api/ml/state/web", 2));
    for client in &mut busy {
        assert_eq!(client.answer_without_body().status, 100);
    }
    let mut extra = server.connect();
    assert_eq!(extra.answer().status, 503);
    assert!(extra.is_closed());
    for client in &mut busy {
        client.send("{}");
        assert_eq!(client.answer().status, 200);
    }
    assert_eq!(ask(&server, &mut server.connect()), 200);
}

#[test]
fn one_stream_too_many_ends_the_oldest_of_a_client_without_the_token() {
    let server = Running::with_limits(Limits {
        streams_max: 2,
        ..Limits::default()
    });
    let mut known = Stream::open(&server, true);
    known.event("flags");
    let mut last = Stream::open(&server, false);
    last.event("flags");
    for _ in 0..3 {
        let mut next = Stream::open(&server, false);
        next.event("flags");
        last.ends();
        last = next;
    }
    let mut second = Stream::open(&server, true);
    second.event("flags");
    last.ends();
    let answer = server.get("/api/ml/flags/stream", &[]);
    assert_eq!(answer.problem(503), "too_many_streams");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(server.app.load().streams_evicted.get(), 4);
}

/// Each stream needs a file here and one in the server: more than a process may open by default.
#[test]
fn a_thousand_streams_are_told_of_a_change() {
    let server = Running::start();
    assert_eq!(server.get("/healthz", &[]).status, 200);
    let mut streams: Vec<_> = (0..1000).map(|_| Stream::open(&server, false)).collect();
    for stream in &mut streams {
        stream.event("flags");
    }
    assert_eq!(health(&server)["streams"]["now"], 1000);
    let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
    let answer = server.write("PATCH", &headers, r#"{"enabled":true}"#);
    assert_eq!(answer.status, 200);
    for stream in &mut streams {
        assert_eq!(stream.event("flags")["revision"], 1);
    }
}

#[test]
fn bodies_share_a_bounded_memory() {
    let bytes = 10_000;
    let server = Running::with_limits(Limits {
        body_bytes_in_memory_max: bytes,
        memory_wait: SHORT,
        ..Limits::default()
    });
    let mut slow = begin_put(&server, "/api/ml/state/web", bytes);
    assert_eq!(slow.answer_without_body().status, 100);
    assert_eq!(health(&server)["bodyBytes"]["now"], bytes);
    let mut refused = begin_put(&server, "/api/ml/state/web", 2);
    let answer = refused.answer();
    assert_eq!(answer.problem(429), "too_much_at_once");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(server.app.load().bodies_refused.get(), 1);

    slow.send(format!("{{}}{}", " ".repeat(bytes - 2)));
    assert_eq!(slow.answer().status, 200);
    let mut next = begin_put(&server, "/api/ml/state/web", 2);
    assert_eq!(next.answer_without_body().status, 100);
    drop(next);
    let mut last = begin_put(&server, "/api/ml/state/web", bytes);
    assert_eq!(
        last.answer_without_body().status,
        100,
        "what broke off holds nothing"
    );
}

#[test]
fn a_replaced_token_ends_the_streams_that_began_with_it() {
    let server = Running::collecting();
    let mut known = Stream::open(&server, true);
    let mut unknown = Stream::open(&server, false);
    known.event("flags");
    unknown.event("flags");
    server.app.rotate_token().unwrap();
    known.ends();

    let bearer = format!("Bearer {}", server.app.token().unwrap());
    let mut known = Stream::open_with(&server, &[("Authorization", &bearer)]);
    known.event("flags");
    let other = App::open(Options::new(server.data_dir())).unwrap();
    other.rotate_token().unwrap();
    known.ends();

    let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
    let bearer = format!("Bearer {}", other.token().unwrap());
    let headers = [&headers[..], &[("Authorization", bearer.as_str())]].concat();
    let answer = server.request("PATCH", "/api/ml/flags", &headers, r#"{"enabled":true}"#);
    assert_eq!(answer.status, 200);
    assert_eq!(unknown.event("flags")["revision"], 1);
}

#[test]
fn what_the_server_carries_is_shown() {
    let server = Running::collecting();
    let mut stream = Stream::open(&server, false);
    stream.event("flags");
    let carried = health(&server);
    assert_eq!(carried["connections"]["now"], 2);
    assert_eq!(carried["streams"]["now"], 1);
    assert_eq!(carried["bodyBytes"]["now"], 0);
    assert!(carried["connections"]["max"].as_u64() > carried["streams"]["max"].as_u64());
    let metrics = server.get("/metrics", &[]);
    for line in [
        "flagdeck_http_connections 2.0",
        "flagdeck_http_streams 1.0",
        "flagdeck_http_body_bytes 0.0",
        "flagdeck_http_connections_evicted_total 0",
        "flagdeck_http_streams_evicted_total 0",
        "flagdeck_http_bodies_refused_total 0",
    ] {
        let text = metrics.text();
        assert!(text.lines().any(|told| told == line), "{line}: {text}");
    }
}
