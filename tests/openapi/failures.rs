//! Requests that fail as the description says, made of its examples.

use std::fs;

use flagdeck::wire::SnapshotLabel;

use super::described::{Operation, Request};
use crate::http_states::send;
use crate::http_support::Running;
use crate::support::waiting::wait_until;

/// A request that fails, and what happens before it.
pub struct Failure {
    pub before: fn(&Running),
    pub request: Request,
}

/// Returns what makes an operation fail so; `None` if nothing here does.
pub fn of(operation: &Operation, status: u16) -> Option<Failure> {
    let least = operation.request();
    let (before, request): (fn(&Running), Request) = match (operation.id.as_str(), status) {
        ("reportEvents", 422) => (report_under_the_key, least.with("Idempotency-Key", KEY)),
        ("getRestore", 410) => (confirm, least),
        ("removeSnapshot", 409) => (pin, least),
        ("getHealth", 503) => (lose_the_folder, least),
        _ => (|_| {}, alone(operation, status, least)?),
    };
    Some(Failure { before, request })
}

/// Returns a request that fails whatever was before it.
fn alone(operation: &Operation, status: u16, least: Request) -> Option<Request> {
    Some(match (operation.id.as_str(), status) {
        (_, 304) => least.with("If-None-Match", "*"),
        ("getState" | "removeSource", 400) => least.at("/api/ml/state/%09"),
        ("removeSnapshot", 400) => least.at("/api/ml/state/shop/snapshots/first"),
        ("getFlags", 400) => least.at("/api/ml/flags?source=a/b"),
        ("streamChanges", 400) => least.at("/api/ml/flags/stream?events=all"),
        ("endOverrides", 400) => least.at("/api/ml/flags/overrides?all"),
        // Nothing is followed.
        ("endOverrides", 404) => least,
        ("getRestore", 400) => least.at("/api/ml/state/shop/restores/first"),
        ("overrideForTarget", 404) => least.at("/api/ml/flags/overrides/ui.gone"),
        ("overrideForTarget", 422) => {
            least.saying(r#"{"for":{"source":"shop"},"on":true,"forMs":1}"#)
        }
        (_, 400) => least.saying("{"),
        (_, 401) => least.with("Authorization", "Bearer wrong"),
        ("getState" | "removeSource", 404) => least.at("/api/ml/state/web"),
        ("removeSnapshot", 404) => least.at("/api/ml/state/shop/snapshots/99"),
        ("evaluateFlag", 404) => least.at("/ofrep/v1/evaluate/flags/ui.gone"),
        ("getSampleFile", 404) => least.at("/sample/gone.js"),
        ("getModule", 404) => least.at("/js/ml/gone.js"),
        ("getRestore", 404) => least.at("/api/ml/state/shop/restores/99"),
        ("recoverState", 404) => least.at("/api/ml/state/web/recovery"),
        ("replaceFlags", 409) => least.saying(r#"{"components":{}}"#),
        ("changeFlags", 409) => least.saying(r#"{"components":{"calculator":null,"ui":null}}"#),
        // It can be read.
        ("recoverState", 409) => least,
        (_, 412) => least.with("If-Match", "\"0-0\""),
        (_, 413) => least.saying("").with("Content-Length", "9000000"),
        (_, 415) => least.with("Content-Type", "text/plain"),
        ("replaceFlags" | "changeFlags", 422) => least.saying(r#"{"enabled":1}"#),
        (_, 428) => least.without("If-Match"),
        _ => return None,
    })
}

const KEY: &str = "a-key";

fn report_under_the_key(server: &Running) {
    let headers = [("Idempotency-Key", KEY)];
    let answer = server.report(&headers, r#"{"type":"ml:usage","source":"shop"}"#);
    assert_eq!(answer.status, 200);
}

fn confirm(server: &Running) {
    let headers = [("Ml-Restore", "1")];
    let answer = send(server, "PUT", "/api/ml/state/shop", &headers, "{}");
    assert_eq!(answer.json()["restore"]["status"], "confirmed");
}

fn pin(server: &Running) {
    let label = SnapshotLabel {
        is_pinned: Some(true),
        ..SnapshotLabel::default()
    };
    server.app.label_snapshot(1, &label).unwrap();
}

/// Removes the data folder of a running server, and waits until it noticed.
pub fn lose_the_folder(server: &Running) {
    fs::remove_dir_all(server.data_dir()).unwrap();
    let is_noticed = || server.get("/healthz", &[]).status == 503;
    wait_until("the loss of the folder", is_noticed);
}
