//! Who is noted as a client over HTTP, under which name, and who may read the list.

use flagdeck::clients::{Client, Interface};
use flagdeck::wire::Connected;
use serde_json::json;

use crate::http_states::send;
use crate::http_stream::Stream;
use crate::http_support::Running;
use crate::support::waiting::wait_until;

const CURL: (&str, &str) = ("User-Agent", "curl/8.5.0");

/// The interfaces that a source of a program used, as they are listed; `None` if it is not.
fn used(server: &Running, source: Option<&str>, program: &str) -> Option<Vec<Interface>> {
    let list = server.app.connected().clients;
    let is_it = |client: &Client| {
        client.source.as_deref() == source && client.program.as_deref() == Some(program)
    };
    let client = list.into_iter().find(is_it)?;
    Some(client.uses.iter().map(|one| one.over).collect())
}

fn listed(server: &Running) -> usize {
    server.app.connected().clients.len()
}

/// How many streams of a source are open.
fn open_streams(server: &Running, source: &str) -> u32 {
    let list = server.app.connected().clients;
    let of_it = |client: &&Client| client.source.as_deref() == Some(source);
    let uses = list.iter().filter(of_it).flat_map(|client| &client.uses);
    uses.map(|one| one.open).sum()
}

#[test]
fn each_interface_is_noted_for_the_client_that_used_it() {
    let server = Running::collecting();
    let event = r#"{"type":"ml:usage","source":"shop"}"#;
    let document = server.get("/api/ml/flags?source=shop", &[CURL]);
    let etag = document.header("etag").unwrap();
    let known = [CURL, ("If-None-Match", etag)];
    assert_eq!(server.get("/api/ml/flags?source=shop", &known).status, 304);
    assert_eq!(server.report(&[CURL], event).status, 200);
    let put = send(&server, "PUT", "/api/ml/state/shop", &[CURL], "{}");
    assert_eq!(put.status, 200);
    assert_eq!(
        used(&server, Some("shop"), "curl"),
        Some(vec![
            Interface::Document,
            Interface::Events,
            Interface::State
        ])
    );
    let shop = &server.app.connected().clients[0];
    assert_eq!(shop.uses[0].requests, 2, "304 is a success, too");

    assert_eq!(listed(&server), 1);
    server.get("/metrics", &[("User-Agent", "Prometheus/3.5.0")]);
    let metrics = vec![Interface::Metrics];
    assert_eq!(used(&server, None, "Prometheus"), Some(metrics));
}

#[test]
fn a_client_without_any_name_is_listed_as_http() {
    let server = Running::start();
    server.get("/api/ml/flags", &[]);
    let document = Some(vec![Interface::Document]);
    assert_eq!(used(&server, None, "http"), document);
    let long = format!("{}/1", "p".repeat(1000));
    server.get("/api/ml/flags", &[("User-Agent", &long)]);
    assert_eq!(used(&server, None, &"p".repeat(64)), document);
}

#[test]
fn a_batch_of_several_sources_is_noted_by_its_program_alone() {
    let server = Running::collecting();
    let lines =
        "{\"type\":\"ml:usage\",\"source\":\"a\"}\n{\"type\":\"ml:usage\",\"source\":\"b\"}";
    assert_eq!(server.report(&[CURL], lines).status, 200);
    assert_eq!(used(&server, None, "curl"), Some(vec![Interface::Events]));
    assert_eq!(listed(&server), 1);
}

#[test]
fn a_change_of_the_document_is_a_use_of_it() {
    let server = Running::start();
    let patch = ("Content-Type", "application/merge-patch+json");
    let headers = [CURL, ("If-Match", "*"), patch];
    assert_eq!(
        server
            .write("PATCH", &headers, r#"{"enabled":true}"#)
            .status,
        200
    );
    assert_eq!(used(&server, None, "curl"), Some(vec![Interface::Document]));
}

#[test]
fn what_is_refused_is_no_use() {
    let server = Running::collecting();
    server
        .get("/api/ml/flags", &[CURL, ("Origin", "https://evil.example")])
        .problem(403);
    server.get("/api/ml/state/shop", &[CURL]).problem(401);
    send(&server, "GET", "/api/ml/state/shop", &[CURL], "").problem(404);
    send(&server, "POST", "/api/ml/events", &[CURL], "{").problem(400);
    let stale = [
        CURL,
        ("If-Match", "\"old\""),
        ("Content-Type", "application/json"),
    ];
    server.write("PUT", &stale, "{}").problem(412);
    server.get("/nothing", &[CURL]).problem(404);
    assert_eq!(server.get("/healthz", &[CURL]).status, 200);
    assert_eq!(listed(&server), 0);
}

#[test]
fn a_source_that_no_name_can_be_is_refused_with_the_rule() {
    let server = Running::start();
    let long = "a".repeat(129);
    let names = [
        "",
        "%20",
        "a%2Fb",
        "a%5Cb",
        "..",
        "a%0Ab",
        "%00",
        &long,
        "a&source=b",
    ];
    for path in ["/api/ml/flags", "/api/ml/flags/stream"] {
        for name in names {
            let answer = server.get(&format!("{path}?source={name}"), &[]);
            assert_eq!(answer.problem(400), "malformed", "{name}");
        }
        let answer = server.get(&format!("{path}?source=a%2Fb"), &[]);
        let detail = answer.json()["detail"].to_string();
        assert!(detail.contains("1 to 128 characters"), "{detail}");
    }
    assert_eq!(listed(&server), 0);
    assert_eq!(server.get("/api/ml/flags?sources=x&at=", &[]).status, 200);
    let name = "%E6%A4%9C%E7%B4%A2+1%3C";
    assert_eq!(
        server
            .get(&format!("/api/ml/flags?source={name}"), &[])
            .status,
        200
    );
    assert!(used(&server, Some("検索 1<"), "http").is_some());
}

#[test]
fn a_stream_is_open_until_its_client_leaves() {
    let server = Running::start();
    let path = "/api/ml/flags/stream?source=shop";
    let mut first = Stream::open_at(&server, path, &[CURL]);
    first.event("flags");
    let mut second = Stream::open_at(&server, path, &[CURL]);
    second.event("flags");
    assert_eq!(open_streams(&server, "shop"), 2);
    drop(first);
    wait_until("the end of one stream", || {
        open_streams(&server, "shop") == 1
    });
    drop(second);
    wait_until("the end of the other", || {
        open_streams(&server, "shop") == 0
    });
    assert_eq!(
        used(&server, Some("shop"), "curl"),
        Some(vec![Interface::Stream])
    );
}

#[test]
fn the_list_is_for_clients_with_the_token() {
    let server = Running::start();
    server.get("/api/ml/flags?source=shop", &[CURL]);
    server.get("/api/ml/clients", &[]).problem(401);
    let answer = send(&server, "GET", "/api/ml/clients", &[CURL], "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let list: Connected = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(list, server.app.connected());
    assert_eq!(answer.json()["seenForS"], 900);
    assert_eq!(
        answer.json()["clients"][0]["uses"][0]["over"],
        json!("document")
    );
    assert_eq!(listed(&server), 1, "who asks for the list is not in it");
}
