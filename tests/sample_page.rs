//! The sample page as `flagctl demo --page` serves it, in a real Chromium, with the modules.

use std::net::TcpListener;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::chromium::Chromium;
use crate::support::serving::{Serving, flagctl};
use crate::support::waiting::{wait_for, wait_until};

/// What the page calls itself.
const SOURCE: &str = "synthetic-sample";

/// A folder whose flags are on for everyone, for the user of the page too.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        "master on",
        "set calculator on",
        "set tracker on",
        "rollout --percentage 100",
    ] {
        run(&folder, arguments);
    }
    folder
}

#[track_caller]
fn run(folder: &TempDir, arguments: &str) -> Value {
    let arguments: Vec<&str> = arguments.split(' ').chain(["--json"]).collect();
    let output = flagctl(folder, &arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Serves at a port that is known, so that it can come back there.
fn serve_at(folder: &TempDir, port: u16) -> Serving {
    Serving::run(flagctl(folder, &["serve", "--port", &port.to_string()]))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

async fn open(folder: &TempDir, serving: &Serving) -> Chromium {
    let (address, token) = (&serving.address, serving.token(folder));
    let page = Chromium::open(&format!("http://{address}/sample/#token={token}")).await;
    page.until_told("connection", "Connected").await;
    page
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn it_follows_switches_reports_and_applies_a_restore() {
    let folder = folder();
    let serving = Serving::start(&folder);
    let page = open(&folder, &serving).await;
    let address = page.value("location.href").await;
    let expected = format!("http://{}/sample/", serving.address);
    assert_eq!(address, expected, "the token leaves the address at once");

    page.click("samples").await;
    page.until_count("file", 4).await;
    page.until_told("file", "iterations").await;
    page.until_count("dashboard", 0).await;
    run(&folder, "set ui.dashboard on");
    page.until_told("dashboard", "Files analysed").await;
    page.until_told("said", "ui.dashboard is on").await;
    run(&folder, "set calculator off");
    page.until_told("off", "files are counted, not analysed")
        .await;
    run(&folder, "set calculator on");

    let figures = || run(&folder, "state get ml.metrics.usage.filesAnalyzed");
    wait_for("the state is reported", figures, |count| *count == 4);
    let taken = run(&folder, &format!("snapshot take --source {SOURCE}"));
    page.click("clear").await;
    page.until_count("file", 0).await;
    let results = || run(&folder, "state get ml.results");
    wait_for("that is reported", results, |results| *results == json!({}));
    let id = taken[0]["id"].as_u64().unwrap();
    run(&folder, &format!("snapshot restore {id}"));
    page.until_told("note", "Flagdeck restored an earlier state: 4 files")
        .await;
    page.until_count("file", 4).await;
    let restores = || run(&folder, "snapshot restores");
    let confirmed = wait_for("the restore is confirmed", restores, |restores| {
        restores[0]["status"] == "confirmed"
    });
    assert_eq!(confirmed[0]["isExact"], true, "{confirmed}");
    assert_eq!(page.errors().await, Vec::<String>::new());
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_flagdeck_it_keeps_its_flags_and_catches_up_when_that_is_back() {
    let folder = folder();
    let port = free_port();
    let serving = serve_at(&folder, port);
    let page = open(&folder, &serving).await;
    drop(serving);
    page.until_told("connection", "Flagdeck is away; flags of")
        .await;
    page.click("samples").await;
    page.until_told("file", "iterations").await;
    // Switched by another program, which serves nothing.
    run(&folder, "set ui.dashboard on");
    let serving = serve_at(&folder, port);
    page.until_told("connection", "Connected").await;
    page.until_told("dashboard", "Files analysed").await;
    wait_until("what happened is reported", || {
        let told = flagctl(&folder, &["state", "get", "ml.results.f1.iterations"]).output();
        told.is_ok_and(|told| told.status.success())
    });
    assert_eq!(page.errors().await, Vec::<String>::new());
    page.close().await;
    drop(serving);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_rollout_and_what_fails_can_be_seen() {
    let folder = folder();
    let serving = Serving::start(&folder);
    let page = open(&folder, &serving).await;
    run(&folder, "set ui.badges on");
    page.until_told("crowd", "ui.badges is on for 100 of 100 users")
        .await;
    // The same users as Flagdeck counts.
    run(&folder, "rollout --percentage 30");
    let users: String = (0..100).map(|user| format!("user{user}\n")).collect();
    let list = folder.path().join("users.txt");
    std::fs::write(&list, users).unwrap();
    let counted = run(
        &folder,
        &format!("eval ui.badges --users {} --count", list.display()),
    );
    let on = counted["on"].as_u64().unwrap();
    page.until_told("crowd", &format!("is on for {on} of 100 users"))
        .await;

    page.slide("failure", 100).await;
    page.slide("rate", 50).await;
    let failed = || {
        let told = run(&folder, "metrics");
        told["totals"].to_string()
    };
    let all = wait_for("failures are reported", failed, |told| {
        told.contains(SOURCE) && told.contains("\"exposed\"")
    });
    assert!(all.contains("ui.badges"), "{all}");
    assert_eq!(page.errors().await, Vec::<String>::new());
    page.close().await;
}

/// A name of a file may hold anything, and acts on nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_hostile_name_of_a_file_is_shown_as_it_is() {
    let folder = folder();
    let serving = Serving::start(&folder);
    let page = open(&folder, &serving).await;
    let name = "<img src=x onerror=alert(1)>\u{202e}fdp.txt";
    let drop = format!(
        "(() => {{
            const files = new DataTransfer();
            files.items.add(new File(['One plain sentence is enough.'], {}));
            files.items.add(new File(['\\0\\0'], 'picture.png'));
            document.dispatchEvent(new DragEvent('drop', {{ dataTransfer: files }}));
            return true;
        }})()",
        serde_json::to_string(name).unwrap()
    );
    page.value(&drop).await;
    page.until_count("file", 2).await;
    page.until_told("file", "<img src=x onerror=alert(1)>")
        .await;
    page.until_told("file", "This is not a text file").await;
    assert_eq!(page.value("document.images.length").await, 1);
    assert_eq!(page.errors().await, Vec::<String>::new());
    page.close().await;
}

/// The page reports changes a moment after they were made: a restore may be asked for before that,
/// when what was reported last is what is wanted.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_restore_that_is_asked_for_before_a_change_is_reported_takes_it_back() {
    const ROUNDS: usize = 3;
    let folder = folder();
    let serving = Serving::start(&folder);
    let page = open(&folder, &serving).await;
    page.click("samples").await;
    page.until_count("file", 4).await;
    wait_until("the state is reported", || {
        let key = "ml.metrics.usage.filesAnalyzed";
        let told = flagctl(&folder, &["state", "get", key]).output();
        told.is_ok_and(|told| told.stdout.trim_ascii() == b"4")
    });
    let taken = run(&folder, &format!("snapshot take --source {SOURCE}"));
    let id = taken[0]["id"].as_u64().unwrap();
    for _ in 0..ROUNDS {
        page.click("clear").await;
        run(&folder, &format!("snapshot restore {id}"));
        page.until_count("file", 4).await;
        let restores = || run(&folder, "snapshot restores");
        let restores = wait_for("the restore is confirmed", restores, |restores| {
            restores[0]["status"] == "confirmed"
        });
        assert_eq!(restores[0]["isExact"], true, "{restores}");
    }
    assert_eq!(page.errors().await, Vec::<String>::new());
    page.close().await;
}
