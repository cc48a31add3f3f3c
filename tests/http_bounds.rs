//! Bounds on time, size and number, and a stop that cuts nobody off in mid-answer.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use flagdeck::http::{BindError, Limits, Server};
use flagdeck::wire::Status;
use flagdeck::{App, Event};

use crate::http_support::Running;
use crate::support::apps::open;

const SHORT: Duration = Duration::from_millis(200);

fn head_of_put(server: &Running, body_header: &str) -> Vec<u8> {
    let head = format!(
        "PUT /api/ml/flags HTTP/1.1\r\nHost: {{host}}\r\nAuthorization: Bearer {{token}}\r\n\
         Content-Type: application/json\r\nIf-Match: *\r\n{body_header}\r\n\r\n"
    );
    server.fill_in(head.as_bytes())
}

#[test]
fn a_head_that_does_not_end_is_answered_and_closed() {
    let server = Running::with_limits(Limits {
        head_time: SHORT,
        ..Limits::default()
    });
    let mut client = server.connect();
    client.send("GET /healthz HTTP/1.1\r\nHost: 127.");
    assert_eq!(client.answer().problem(408), "too_slow");
    assert!(client.is_closed());
}

#[test]
fn the_time_for_a_head_does_not_start_again_with_each_byte() {
    let server = Running::with_limits(Limits {
        head_time: SHORT,
        linger_time: SHORT,
        ..Limits::default()
    });
    let mut client = server.connect();
    client.send("GET /healthz HTTP/1.1\r\nX: ");
    let cut_off = (0..1000).any(|_| {
        // A real pause: the bound is on how long real bytes take.
        std::thread::sleep(SHORT / 10);
        client.try_send("x").is_err()
    });
    assert!(cut_off);
}

#[test]
fn a_connection_that_never_asks_is_closed() {
    let server = Running::with_limits(Limits {
        head_time: SHORT,
        ..Limits::default()
    });
    assert!(server.connect().is_closed());
}

#[test]
fn a_connection_that_falls_silent_is_closed() {
    let server = Running::with_limits(Limits {
        idle_time: SHORT,
        ..Limits::default()
    });
    let mut client = server.connect();
    client.send(server.compose("GET", "/healthz", &[], ""));
    assert_eq!(client.answer().status, 200);
    assert!(client.is_closed());
}

#[test]
fn a_second_head_has_its_own_time() {
    let server = Running::with_limits(Limits {
        head_time: SHORT,
        ..Limits::default()
    });
    let mut client = server.connect();
    client.send(server.compose("GET", "/healthz", &[], ""));
    assert_eq!(client.answer().status, 200);
    // A real pause: nothing tells that a time limit is not in force.
    std::thread::sleep(2 * SHORT);
    client.send(server.compose("GET", "/healthz", &[], ""));
    assert_eq!(
        client.answer().status,
        200,
        "waiting between requests is not slow"
    );
    client.send("GET /heal");
    assert_eq!(client.answer().problem(408), "too_slow");
}

#[test]
fn a_body_that_does_not_come_is_answered_and_closed() {
    let server = Running::with_limits(Limits {
        body_time: SHORT,
        ..Limits::default()
    });
    for body in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
        let mut client = server.connect();
        client.send(head_of_put(&server, body));
        client.send("5\r\n{");
        assert_eq!(client.answer().problem(408), "too_slow", "{body}");
        assert!(client.is_closed(), "{body}");
    }
}

#[test]
fn a_body_that_would_be_too_large_is_refused_before_it_comes() {
    let server = Running::start();
    for length in ["2147483648", "999999999999999999"] {
        let mut client = server.connect();
        client.send(head_of_put(&server, &format!("Content-Length: {length}")));
        assert_eq!(client.answer().problem(413), "too_large");
        assert!(client.is_closed());
    }
    let mut client = server.connect();
    let waits = "Expect: 100-continue\r\nContent-Length: 5000000";
    client.send(head_of_put(&server, waits));
    assert_eq!(client.answer().problem(413), "too_large");
}

#[test]
fn a_body_that_grows_too_large_is_refused_and_the_client_gets_to_know() {
    let server = Running::start();
    let chunk = [b"10000\r\n", &[b' '; 0x10000][..], b"\r\n"].concat();
    let mut client = server.connect();
    client.send(head_of_put(&server, "Transfer-Encoding: chunked"));
    for _ in 0..100 {
        client.send(&chunk);
    }
    assert_eq!(client.answer().problem(413), "too_large");
}

#[test]
fn a_body_as_large_as_a_document_may_be_is_accepted() {
    let server = Running::start();
    let document = r#"{"enabled":true,"components":{},"rollout":{"percentage":0,"userGroups":[],"strategy":"canary"}}"#;
    let padded = document.to_owned() + &" ".repeat(4 * 1024 * 1024 - document.len());
    let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
    assert_eq!(server.write("PUT", &headers, &padded).status, 200);
    let headers = [headers[0], headers[1], ("Expect", "100-continue")];
    let answer = server.write("PUT", &headers, &format!("{padded} "));
    assert_eq!(answer.problem(413), "too_large");
}

#[test]
fn a_stop_lets_the_request_in_flight_end_and_closes_idle_connections() {
    let mut server = Running::start();
    let mut idle = server.connect();
    idle.send(server.compose("GET", "/healthz", &[], ""));
    assert_eq!(idle.answer().status, 200);

    let mut busy = server.connect();
    let document = r#"{"enabled":true,"components":{},"rollout":{"percentage":0,"userGroups":[],"strategy":"canary"}}"#;
    let length = format!("Expect: 100-continue\r\nContent-Length: {}", document.len());
    busy.send(head_of_put(&server, &length));
    assert_eq!(
        busy.answer_without_body().status,
        100,
        "its body is awaited"
    );

    server.begin_stop();
    assert!(idle.is_closed());
    busy.send(document);
    assert_eq!(busy.answer().status, 200);
    assert!(busy.is_closed());
    drop((idle, busy));
    server.stop();
}

#[test]
fn a_stop_does_not_wait_for_a_client_that_does_not_end() {
    let mut server = Running::with_limits(Limits {
        drain_time: SHORT,
        ..Limits::default()
    });
    let mut stuck = server.connect();
    stuck.send(head_of_put(
        &server,
        "Expect: 100-continue\r\nContent-Length: 9",
    ));
    assert_eq!(stuck.answer_without_body().status, 100);
    server.stop();
    assert!(stuck.is_closed());
}

#[test]
fn a_port_in_use_names_its_owner_and_a_way_on() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Server::bind(app.clone(), port).unwrap_err();
    assert!(matches!(error, BindError::PortTaken { port: named, .. } if named == port));
    let message = error.to_string();
    assert!(
        message.starts_with(&format!("port {port} is used by ")),
        "{message}"
    );
    assert!(message.contains("http.port"), "{message}");
    if cfg!(target_os = "linux") {
        let own = format!("(process {})", std::process::id());
        assert!(message.contains(&own), "{message}");
    }
    drop(taken);
    assert!(Server::bind(app, port).is_ok());
}

#[test]
fn why_flags_are_not_served_is_a_notice_until_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let told = |app: &App| {
        let notices = app.notices().into_iter();
        let told = notices.map(|notice| notice.message);
        told.filter(|message| message.starts_with("Flags are not served over HTTP: "))
            .collect::<Vec<_>>()
    };
    assert_eq!((app.not_serving(), told(&app)), (None, Vec::new()));

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Server::bind(app.clone(), port).unwrap_err();
    let mut announced = app.subscribe();
    app.set_not_serving(error.into());
    assert!(matches!(announced.try_recv(), Ok(Event::Status)));
    let why = app.not_serving().unwrap();
    assert_eq!(why.port, port);
    if cfg!(target_os = "linux") {
        let own = format!("(process {})", std::process::id());
        assert!(why.owner.unwrap().contains(&own));
    }
    let sentence = format!("Flags are not served over HTTP: {}.", why.reason);
    assert_eq!(told(&app), [sentence]);
    assert_eq!(Status::of(&app).serving, None);
    assert!(Status::of(&app).not_serving.is_some());

    drop(taken);
    let server = Server::bind(app.clone(), port).unwrap();
    app.set_serving(Some(server.address()));
    assert_eq!((app.not_serving(), told(&app)), (None, Vec::new()));
    assert_eq!(Status::of(&app).serving, Some(server.address().to_string()));
}

#[test]
fn only_the_loopback_address_listens() {
    let server = Running::start();
    assert_eq!(server.address.ip().to_string(), "127.0.0.1");
    let port = server.address.port();
    // All of 127.0.0.0/8 is this machine: a server on every address would answer here.
    for address in ["127.0.0.2", "::1"] {
        assert!(TcpStream::connect((address, port)).is_err(), "{address}");
    }
}
