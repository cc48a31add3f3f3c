//! The modules for web pages are served to pages of any origin, and nothing else is.

use std::fs;
use std::path::Path;

use crate::http_support::{Answer, Running};

const NAMES: [&str; 4] = [
    "MLConfig",
    "MLFeatureFlags",
    "MLStateExtension",
    "PrometheusExporter",
];

const FOREIGN: [(&str, &str); 1] = [("Origin", "https://app.example")];

#[track_caller]
fn readable_by_anyone(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let policy = answer.header("cross-origin-resource-policy");
    assert_eq!(policy, Some("cross-origin"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn the_modules_are_served_as_they_are_in_the_tree_to_pages_of_any_origin() {
    let server = Running::start();
    for name in NAMES {
        let path = format!("/js/ml/{name}.js");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(&path[1..]);
        let origins = ["https://app.example", "null", "http://localhost:5173"];
        for headers in origins.map(|origin| [("Origin", origin)]) {
            let answer = server.get(&path, &headers);
            assert_eq!(answer.status, 200, "{path}");
            readable_by_anyone(&answer);
        }
        let answer = server.get(&path, &[]);
        readable_by_anyone(&answer);
        let media = answer.header("content-type");
        assert_eq!(media, Some("text/javascript; charset=utf-8"));
        assert_eq!(answer.text(), fs::read_to_string(file).unwrap());
        let etag = answer.header("etag").unwrap();
        let known = server.get(&path, &[FOREIGN[0], ("If-None-Match", etag)]);
        assert_eq!((known.status, known.text().len()), (304, 0));
        readable_by_anyone(&known);
        assert_eq!(server.request("HEAD", &path, &FOREIGN, "").status, 200);
        assert_eq!(server.request("PUT", &path, &FOREIGN, "{}").status, 405);
    }
}

#[test]
fn a_foreign_page_is_let_in_to_the_modules_alone() {
    let server = Running::start();
    for path in [
        "/js/ml/other.js",
        "/js/ml",
        "/js/ml/MLConfig.d.ts",
        "/js/ml/MLConfig.js/x",
        "/js/ml/../../healthz",
        "/JS/ml/MLConfig.js",
        "/api/ml/flags",
        "/healthz",
    ] {
        let answer = server.get(path, &FOREIGN);
        assert_eq!(answer.problem(403), "foreign", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
    assert_eq!(server.get("/js/ml/other.js", &[]).status, 404);
    let elsewhere = "GET /js/ml/MLConfig.js HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert_eq!(server.raw(elsewhere).problem(403), "foreign");
}

/// A browser asks so before a page from outside reads from this machine.
#[test]
fn a_browser_that_asks_first_is_told_what_any_origin_may_do() {
    let server = Running::start();
    let asks = [FOREIGN[0], ("Access-Control-Request-Method", "GET")];
    let answer = server.request("OPTIONS", "/js/ml/MLConfig.js", &asks, "");
    assert_eq!(answer.status, 204);
    readable_by_anyone(&answer);
    let methods = answer.header("access-control-allow-methods");
    assert_eq!(methods, Some("GET, HEAD"));
    let private = answer.header("access-control-allow-private-network");
    assert_eq!(private, Some("true"));
    let refused = server.request("OPTIONS", "/api/ml/flags", &asks, "");
    assert_eq!(refused.problem(403), "foreign");
}

#[test]
fn the_flags_name_the_revision_they_are_of() {
    let server = Running::start();
    let revision = |answer: &Answer| answer.header("ml-revision").map(str::to_owned);
    let first = server.get("/api/ml/flags", &[]);
    assert_eq!(revision(&first).as_deref(), Some("0"));
    let any = [("If-Match", "*"), ("Content-Type", "application/json")];
    let changed = server.write("PATCH", &any, r#"{"enabled":true}"#);
    assert_eq!(revision(&changed).as_deref(), Some("1"));
    let etag = changed.header("etag").unwrap();
    let known = server.get("/api/ml/flags", &[("If-None-Match", etag)]);
    assert_eq!(
        (known.status, revision(&known).as_deref()),
        (304, Some("1"))
    );
}
