//! Each released client evaluates, misses Flagdeck while it is stopped, and goes on by itself.

use serde_json::json;

use crate::driver::Driver;
use crate::flagdeck::{Flagdeck, built, client};

/// In the rollout of 12.5 % of `ui.badges`: bucket 5856.
const IN: &str = "user42";

/// Not in it: bucket 40283.
const OUT: &str = "user0";

#[test]
fn the_npm_provider_for_servers() {
    let mut flagdeck = Flagdeck::start();
    let mut node = Driver::start(client("node").arg("server.mjs"));
    node.ask(&json!({ "url": flagdeck.url() }));
    evaluates_each_time(&mut node, &mut flagdeck);
    reads_groups(&mut node);
}

#[test]
fn the_pypi_provider() {
    let mut flagdeck = Flagdeck::start();
    let mut python = Driver::start(client("target/clients/venv/bin/python").arg("server.py"));
    python.ask(&json!({ "url": flagdeck.url() }));
    evaluates_each_time(&mut python, &mut flagdeck);
    reads_groups(&mut python);
}

/// It cannot send groups: a context of this crate has no lists.
#[test]
fn the_rust_crate() {
    let mut flagdeck = Flagdeck::start();
    let mut crates = Driver::start(&mut client(&built("released-client")));
    crates.ask(&json!({ "url": flagdeck.url() }));
    evaluates_each_time(&mut crates, &mut flagdeck);
}

#[test]
fn the_npm_provider_for_pages_polls() {
    let mut flagdeck = Flagdeck::start();
    let mut page = Driver::start(client("node").args(["web.mjs", "polling"]));
    keeps_up(&mut page, &mut flagdeck);
}

#[test]
fn the_npm_provider_for_pages_listens_to_the_stream() {
    let mut flagdeck = Flagdeck::start();
    let mut page = Driver::start(client("node").args(["web.mjs", "sse"]));
    keeps_up(&mut page, &mut flagdeck);
}

/// A client that asks for each evaluation.
#[track_caller]
fn evaluates_each_time(client: &mut Driver, flagdeck: &mut Flagdeck) {
    client.is_user(IN);
    assert_eq!(client.value("ui.badges"), json!(true));
    client.is_user(OUT);
    assert_eq!(client.value("ui.badges"), json!(false));
    assert_eq!(client.evaluate("ui.gone")["error"], "FLAG_NOT_FOUND");

    client.is_user(IN);
    flagdeck.run("set ui.badges off");
    client.wait_for("ui.badges", false);
    flagdeck.stop();
    let missed = client.evaluate("ui.badges");
    assert!(!missed["error"].is_null(), "{missed}");
    flagdeck.run("set ui.badges on");
    flagdeck.start_again();
    assert_eq!(client.value("ui.badges"), json!(true));
}

#[track_caller]
fn reads_groups(client: &mut Driver) {
    client
        .ask(&json!({ "context": { "targetingKey": OUT, "groups": ["beta"], "source": "shop" } }));
    assert_eq!(client.value("ui.badges"), json!(true));
    client.ask(&json!({ "context": { "targetingKey": OUT, "groups": ["alpha"] } }));
    assert_eq!(client.value("ui.badges"), json!(false));
}

/// A client that evaluates what it fetched, and fetches when it hears of a change.
#[track_caller]
fn keeps_up(page: &mut Driver, flagdeck: &mut Flagdeck) {
    let origin = page.line()["origin"].as_str().unwrap().to_owned();
    flagdeck.allow(&origin);
    page.is_user(IN);
    page.ask(&json!({ "url": flagdeck.url() }));
    assert_eq!(page.value("ui.badges"), json!(true));
    assert_eq!(page.evaluate("ui.gone")["error"], "FLAG_NOT_FOUND");
    flagdeck.run("set ui.badges off");
    page.wait_for("ui.badges", false);

    flagdeck.stop();
    assert_eq!(
        page.value("ui.badges"),
        json!(false),
        "it keeps what it had"
    );
    flagdeck.run("set ui.badges on");
    flagdeck.start_again();
    page.wait_for("ui.badges", true);
    flagdeck.run("set ui.badges off");
    page.wait_for("ui.badges", false);

    page.is_user(OUT);
    assert_eq!(page.value("ui.badges"), json!(false));
    page.ask(&json!({ "context": { "targetingKey": OUT, "groups": ["beta"], "source": "shop" } }));
    flagdeck.run("set ui.badges on");
    page.wait_for("ui.badges", true);
}
