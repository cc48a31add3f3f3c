//! `flagctl demo --page` and `flagctl demo --remove`.

use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::cli::Cli;
use crate::support::processes::send;
use crate::support::serving::{Serving, exchange, get};

/// What `demo --page` prints of where the page is.
struct Page {
    serving: Serving,
    token: String,
}

/// Starts `demo --page` where nothing runs, on a free port.
fn page(cli: &Cli) -> Page {
    let mut command = cli.command("demo --page --no-open --config http.port=0");
    command.stderr(Stdio::piped());
    let mut serving = Serving::run(command);
    let (address, token) = serving.address.split_once("/sample/#token=").unwrap();
    let token = token.to_owned();
    serving.address = address.to_owned();
    Page { serving, token }
}

fn end(mut page: Page) {
    send(Signal::TERM, &page.serving.child);
    assert_eq!(page.serving.child.wait().unwrap().code(), Some(0));
}

/// Reports one calculation and a state, as the page does.
fn report(address: &str, token: &str) {
    let send = |method: &str, path: &str, body: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = exchange(address, &request).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    };
    let event = json!([{
        "type": "ml:calculation:complete", "source": "synthetic-sample", "duration": 0.4,
        "confidence": 0.9, "iterations": 20, "component": "calculator", "user": "user42"
    }]);
    send("POST", "/api/ml/events", &event.to_string());
    send(
        "PUT",
        "/api/ml/state/synthetic-sample",
        r#"{"version":"1"}"#,
    );
}

#[test]
fn where_nothing_runs_the_page_is_served_until_interrupted() {
    let cli = Cli::new();
    let page = page(&cli);
    assert_eq!(page.token, cli.ok("token").trim());
    let answer = get(&page.serving.address, "/sample/");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(
        answer.contains("default-src 'none'; script-src 'self';"),
        "{answer}"
    );
    assert!(!answer.contains(&page.token), "a page has no secret in it");
    let flags = cli.json("get");
    assert_eq!(flags["enabled"], true, "{flags}");
    end(page);
}

#[test]
fn a_flagdeck_that_runs_is_found_and_flags_that_are_used_stay() {
    let cli = Cli::new();
    cli.ok("set orchestrator on");
    let serving = cli.serve();
    let url = format!("http://{}", serving.address);
    let told = cli.json(&format!("demo --page --no-open --url {url}"));
    let token = cli.ok("token");
    let address = format!("{url}/sample/#token={}", token.trim());
    assert_eq!(
        told,
        json!({ "address": address, "opened": false, "flags": [] })
    );
    assert_eq!(cli.json("history").as_array().unwrap().len(), 1);
}

#[test]
fn the_browser_is_opened_with_a_file_and_not_with_the_token() {
    let cli = Cli::new();
    let serving = cli.serve();
    let programs = tempfile::tempdir().unwrap();
    let opener = programs.path().join("xdg-open");
    let noted = programs.path().join("noted");
    std::fs::write(
        &opener,
        format!("#!/bin/sh\necho \"$@\" > {}\n", noted.display()),
    )
    .unwrap();
    let made = Command::new("chmod").arg("+x").arg(&opener).status();
    assert!(made.unwrap().success());
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let mut command = cli.command(&format!(
        "demo --page --json --url http://{}",
        serving.address
    ));
    let output = command.env("DISPLAY", ":99").env("PATH", path).output();
    let told: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!(told["opened"], true);
    let arguments = std::fs::read_to_string(noted).unwrap();
    let file = cli.data_dir().join("sample.html");
    assert_eq!(arguments.trim(), file.display().to_string());
    let page = std::fs::read_to_string(file).unwrap();
    assert!(page.contains(told["address"].as_str().unwrap()), "{page}");
}

#[test]
fn removing_says_first_what_it_removes_and_needs_a_yes() {
    let cli = Cli::new();
    let page = page(&cli);
    report(&page.serving.address, &page.token);
    let ran = cli.run("demo --remove");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    for said in [
        "deletes synthetic-sample: its state, 0 snapshots, 1 calculation, for good",
        "turns flags back, which can be undone: 3 components off",
        "Nothing was removed: add --yes",
    ] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    let removed = cli.json("demo --remove --yes");
    assert_eq!(removed["sources"][0]["name"], "synthetic-sample");
    assert_eq!(removed["revision"], 2);
    let flags = cli.json("get");
    assert_eq!(flags["enabled"], false, "{flags}");
    assert_eq!(cli.json("state list"), json!([]));
    cli.ok("undo");
    assert_eq!(cli.json("get")["enabled"], true);
    assert_eq!(
        cli.ok("demo --remove --yes"),
        "There is no demo to remove\n"
    );
    end(page);
}

#[test]
fn flags_that_were_turned_on_can_be_kept() {
    let cli = Cli::new();
    let page = page(&cli);
    end(page);
    let kept = cli.ok("demo --remove --keep-flags");
    assert_eq!(kept, "There is no demo to remove\n");
    assert_eq!(cli.json("get")["enabled"], true);
}
