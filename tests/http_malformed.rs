//! Requests that programs disagree about are refused, whatever else is right with them.

use std::time::Duration;

use flagdeck::http::Limits;

use crate::http_support::Running;

/// Sends each request on a connection of its own, then sees that the server goes on.
#[track_caller]
fn check(cases: &[(&str, u16)]) {
    let server = Running::start();
    for (request, status) in cases {
        let answer = server.raw(request);
        assert_eq!(answer.status, *status, "{request:?}: {answer:?}");
    }
    assert_eq!(server.get("/healthz", &[]).status, 200);
}

#[test]
fn a_request_whose_end_is_ambiguous_is_refused() {
    let put = "PUT /api/ml/flags HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
               Content-Type: application/json\r\nIf-Match: *\r\n";
    let with = |rest: &str| (format!("{put}{rest}"), 400);
    let cases = [
        with("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        with("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"),
        with("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        with("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
        with("Content-Length: 2, 2\r\n\r\n{}"),
        with("Content-Length: -2\r\n\r\n{}"),
        with("Content-Length: +2\r\n\r\n{}"),
        with("Content-Length: 0x2\r\n\r\n{}"),
        with("Content-Length: \r\n\r\n{}"),
        with("Content-Length: 18446744073709551618\r\n\r\n{}"),
        with("Content-Length : 2\r\n\r\n{}"),
        with(" Content-Length: 2\r\n\r\n{}"),
        with("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        with("Transfer-Encoding: identity\r\n\r\n{}"),
        with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        with("Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    ];
    let cases: Vec<_> = cases
        .iter()
        .map(|(case, status)| (&**case, *status))
        .collect();
    check(&cases);
}

#[test]
fn a_bare_line_feed_does_not_end_a_line() {
    check(&[
        ("GET /healthz HTTP/1.1\nHost: {host}\n\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: {host}\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\n", 400),
        (
            "GET /healthz HTTP/1.1\r\nHost: {host}\r\nX: a\nContent-Length: 5\r\n\r\n",
            400,
        ),
        ("\n", 400),
    ]);
}

#[test]
fn what_is_not_http_is_refused() {
    check(&[
        ("\r\n\r\n", 400),
        ("GET /healthz\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost {host}\r\n\r\n", 400),
        (
            "GET /healthz HTTP/1.1\r\nHost: {host}\r\nX\0: 1\r\n\r\n",
            400,
        ),
        (
            "GET /healthz HTTP/1.1\r\nHost: {host}\r\nX: a\r\n b\r\n\r\n",
            400,
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ]);
}

#[test]
fn a_refusal_is_a_problem_document_and_ends_the_connection() {
    let server = Running::start();
    let mut client = server.connect();
    client.send("GET /healthz HTTP/1.1\nHost: x\n\n");
    let answer = client.answer();
    assert_eq!(answer.problem(400), "malformed");
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(client.is_closed());
}

#[test]
fn requests_before_a_refused_one_are_answered_and_those_after_it_are_not() {
    let server = Running::start();
    let good = server.compose("GET", "/healthz", &[], "");
    let bad = good.replace("\r\n\r\n", "\r\nContent-Length: x\r\n\r\n");
    let mut client = server.connect();
    client.send([&*good, &*good, &*bad, &*good].concat());
    assert_eq!(client.answer().status, 200);
    assert_eq!(client.answer().status, 200);
    assert_eq!(client.answer().status, 400);
    assert!(client.is_closed());
}

#[test]
fn a_body_hides_no_request() {
    let server = Running::start();
    let hidden = server.compose("GET", "/healthz", &[], "");
    let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
    let bearer = format!("Bearer {}", server.token);
    let headers = [&headers[..], &[("Authorization", &bearer)]].concat();
    let carrier = server.compose("PUT", "/api/ml/flags", &headers, &hidden);
    let mut client = server.connect();
    client.send([&*carrier, &*hidden].concat());
    assert_eq!(client.answer().problem(422), "invalid");
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_connection_closes_after_a_chunked_request() {
    let server = Running::start();
    let mut client = server.connect();
    let patch = "PATCH /api/ml/flags HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: application/merge-patch+json\r\nIf-Match: *\r\n\
                 Transfer-Encoding: chunked\r\n\r\n10\r\n{\"enabled\":true}\r\n0\r\n\r\n";
    client.send(server.fill_in(patch.as_bytes()));
    client.send(server.compose("GET", "/healthz", &[], "\n\n"));
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.header("connection")),
        (200, Some("close"))
    );
    assert_eq!(answer.json()["enabled"], true);
    assert!(client.is_closed());
}

#[test]
fn a_body_may_come_after_its_request_was_refused() {
    let server = Running::start();
    let get = server.compose("GET", "/healthz", &[], "");
    let post = server.compose("POST", "/healthz", &[], "body");
    let (head, body) = post.split_at(post.len() - 4);
    let mut client = server.connect();
    for _ in 0..3 {
        client.send(head);
        assert_eq!(client.answer().status, 405, "without waiting for the body");
        client.send([body, &*get].concat());
        assert_eq!(client.answer().status, 200, "on the same connection");
    }
}

#[test]
fn a_body_that_never_comes_ends_the_connection_of_a_refused_request() {
    let limits = Limits {
        body_time: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = Running::with_limits(limits);
    let post = server.compose("POST", "/healthz", &[], "body");
    let mut client = server.connect();
    client.send(&post[..post.len() - 1]);
    assert_eq!(client.answer().status, 405);
    assert!(client.is_closed());
}

#[test]
fn a_large_body_of_a_refused_request_ends_the_connection() {
    let server = Running::start();
    let post = server.compose("POST", "/healthz", &[], &"x".repeat(1024 * 1024));
    let mut client = server.connect();
    // The server may stop reading before all is sent.
    let _ = client.try_send(&post[..512 * 1024]);
    assert_eq!(client.answer().status, 405);
    assert!(client.is_closed());
}

#[test]
fn a_request_may_come_in_any_pieces() {
    let server = Running::start();
    let get = server.compose("GET", "/healthz", &[("X-Filler", "abc")], "");
    let put = server.compose("POST", "/healthz", &[], "body");
    let stream = [&*get, &*put, &*get].concat();
    for piece in [1, 2, 3, 7, get.len() - 1, get.len() + 1] {
        let mut client = server.connect();
        for bytes in stream.as_bytes().chunks(piece) {
            client.send(bytes);
        }
        let statuses = [(); 3].map(|()| client.answer().status);
        assert_eq!(statuses, [200, 405, 200], "in pieces of {piece}");
    }
}

#[test]
fn a_hundred_requests_at_once_are_answered_in_order() {
    let server = Running::start();
    let paths = ["/healthz", "/api/ml/flags", "/nothing"];
    let requests: String = (0..100)
        .map(|n| server.compose("GET", paths[n % 3], &[], ""))
        .collect();
    let mut client = server.connect();
    client.send(requests);
    for n in 0..100 {
        assert_eq!(
            client.answer().status,
            [200, 200, 404][n % 3],
            "request {n}"
        );
    }
}

#[test]
fn large_heads_are_refused_by_what_is_large_in_them() {
    let server = Running::start();
    let many = [("X", "1"); 200];
    let answer = server.get("/healthz", &many);
    assert_eq!(answer.problem(431), "head_too_large");

    let megabyte = "x".repeat(1024 * 1024);
    let mut client = server.connect();
    // The server may stop reading before all is sent.
    let _ = client.try_send(server.compose("GET", "/healthz", &[("X", &megabyte)], ""));
    assert_eq!(client.answer().problem(431), "head_too_large");

    let mut client = server.connect();
    let long = format!("/healthz?{}", "x".repeat(70 * 1024));
    let _ = client.try_send(server.compose("GET", &long, &[], ""));
    assert_eq!(client.answer().problem(414), "address_too_long");

    let fits = [("X", "1"); 90];
    assert_eq!(server.get("/healthz", &fits).status, 200);
}
