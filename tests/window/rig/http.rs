//! Requests to the HTTP interface that the window serves.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::PATIENCE;

/// Asks the HTTP interface at an address, and returns the JSON it answers.
pub fn get(address: SocketAddr, path: &str) -> Value {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let (status, body) = send(address, &request);
    assert_eq!(status, 200, "GET {path}: {body}");
    serde_json::from_str(&body).expect("a body of JSON")
}

/// Changes a part of the document at an address (RFC 7396), and returns the status it answers.
#[allow(dead_code, reason = "measured, not tested")]
pub fn patch(address: SocketAddr, path: &str, token: &str, patch: &Value) -> u16 {
    let body = patch.to_string();
    let request = format!(
        "PATCH {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
        Authorization: Bearer {token}\r\nIf-Match: *\r\n\
        Content-Type: application/merge-patch+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    send(address, &request).0
}

/// Sends a document to the HTTP interface at an address, and returns the status it answers.
pub fn put(address: SocketAddr, path: &str, token: &str, document: &Value) -> u16 {
    let body = document.to_string();
    let request = format!(
        "PUT {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
        Authorization: Bearer {token}\r\nIf-Match: *\r\n\
        Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    send(address, &request).0
}

/// Reports events, one a line, to the HTTP interface at an address, and returns the status.
pub fn report(address: SocketAddr, token: &str, lines: &str) -> u16 {
    let request = format!(
        "POST /api/ml/events HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
        Authorization: Bearer {token}\r\nContent-Type: application/x-ndjson\r\n\
        Content-Length: {}\r\n\r\n{lines}",
        lines.len()
    );
    send(address, &request).0
}

/// Confirms a restore as its source: reads what is asked for, and hands that in as its state.
pub fn confirm(address: SocketAddr, token: &str, source: &str, restore: u64) -> u16 {
    let path = format!("/api/ml/state/{source}");
    let ask = format!(
        "GET {path}/restores/{restore} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
        Authorization: Bearer {token}\r\n\r\n"
    );
    let (status, body) = send(address, &ask);
    assert_eq!(status, 200, "what is asked for: {body}");
    let request = format!(
        "PUT {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
        Authorization: Bearer {token}\r\nMl-Restore: {restore}\r\n\
        Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    send(address, &request).0
}

/// Sends a request and returns the status and the body of the answer.
fn send(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the window listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a time limit");
    stream
        .write_all(request.as_bytes())
        .expect("a request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.expect("a status"), body.to_owned())
}
