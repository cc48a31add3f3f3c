//! Several programs on one data folder: what only one of them may do, and who does it when that
//! one ends, however it does.

use std::fs::{self, File};
use std::thread;
use std::time::Duration;

use flagdeck::leader::{Leader, Role};
use flagdeck::metrics::store::MetricsReader;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::observers::{Stranger, answer};
use crate::support::serving::{Serving, exchange, flagctl, get, sample};
use crate::support::waiting::wait_until;

/// A program that pushes to a path of a gateway, and takes snapshots as often as said.
fn serve(folder: &TempDir, gateway: &str, snapshots_ms: u64) -> Serving {
    let interval = format!("state.snapshotInterval={snapshots_ms}");
    let mut command = flagctl(folder, &["--config", &interval, "serve", "--port", "0"]);
    command
        .env("PROMETHEUS_GATEWAY", gateway)
        .env("FLAGDECK_METRICS_INTERVAL", "1000");
    Serving::run(command)
}

fn end(serving: &mut Serving, signal: Signal) {
    kill_process(Pid::from_child(&serving.child), signal).unwrap();
    serving.child.wait().unwrap();
}

/// Sends a body with the token, and returns the head of the answer.
fn send(serving: &Serving, token: &str, head: &str, body: &str) -> std::io::Result<String> {
    let Serving { address, .. } = serving;
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n"
    );
    let kind = match head.contains("events") {
        true => "Content-Type: application/x-ndjson",
        false => "Content-Type: application/json",
    };
    let key = format!("Idempotency-Key: {}", body.len());
    exchange(address, &format!("{request}{kind}\r\n{key}\r\n\r\n{body}"))
}

fn put_state(serving: &Serving, token: &str, step: usize) {
    let body = format!(r#"{{"version":"{step}"}}"#);
    let answer = send(serving, token, "PUT /api/ml/state/web", &body).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

fn snapshots(folder: &TempDir) -> usize {
    let listed = flagctl(folder, &["snapshot", "list", "--json"])
        .output()
        .unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    listed.as_array().unwrap().len()
}

/// Lists the methods and first segments of what a gateway was asked, in order.
fn calls(gateway: &Stranger) -> Vec<String> {
    let requests = gateway.requests();
    let call = |request: &String| request.split('/').take(2).collect::<String>();
    requests.iter().map(call).collect()
}

fn is_free(folder: &TempDir, role: Role) -> bool {
    Leader::new(folder.path()).seat(role).lead().is_some()
}

/// The second program would take a snapshot each second, if it led.
fn one_acts_until_it_ends_by(signal: Signal) {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Stranger::saying(answer("200 OK", ""));
    let url = |name: &str| format!("{}/{name}", gateway.url());
    let mut one = serve(&folder, &url("one"), 86_400_000);
    wait_until("it leads", || calls(&gateway).contains(&"PUT one".into()));
    let other = serve(&folder, &url("other"), 1000);
    let token = other.token(&folder);

    put_state(&other, &token, 1);
    wait_until("the first snapshot", || snapshots(&folder) == 1);
    put_state(&other, &token, 2);
    let pushed = calls(&gateway).len();
    wait_until("three seconds are over", || {
        calls(&gateway).len() > pushed + 3
    });
    assert_eq!(snapshots(&folder), 1);
    assert!(!calls(&gateway).contains(&"PUT other".into()));

    end(&mut one, signal);
    wait_until("the other one takes a snapshot", || snapshots(&folder) == 2);
    wait_until("the other one pushes", || {
        calls(&gateway).contains(&"PUT other".into())
    });
    let calls = calls(&gateway);
    let first = calls.iter().position(|call| call == "PUT other").unwrap();
    assert!(
        !calls[first..].iter().any(|call| call.ends_with("one")),
        "{calls:?}"
    );
    let deleted = calls[..first].contains(&"DELETE one".into());
    assert_eq!(deleted, signal == Signal::TERM, "{calls:?}");
    assert!(!is_free(&folder, Role::Flags));
}

#[test]
fn one_of_two_programs_acts_until_it_is_killed() {
    one_acts_until_it_ends_by(Signal::KILL);
}

#[test]
fn one_of_two_programs_acts_until_it_ends() {
    one_acts_until_it_ends_by(Signal::TERM);
}

#[test]
fn a_program_that_ended_leads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = serve(&folder, "", 1000);
    for role in [Role::Flags, Role::Metrics, Role::States] {
        wait_until("it leads", || !is_free(&folder, role));
    }
    end(&mut serving, Signal::TERM);
    for role in [Role::Flags, Role::Metrics, Role::States] {
        assert!(is_free(&folder, role), "{role:?}");
    }
}

/// Whatever part of a tick the killed leader had kept, the next one keeps the rest, once.
#[test]
fn what_is_counted_is_kept_once_whichever_leader_is_killed() {
    const ROUNDS: usize = 5;
    let folder = tempfile::tempdir().unwrap();
    let event = r#"{"type":"ml:calculation:error","source":"web","component":"ui.badges","error":"x","exposed":true}"#;
    let (mut leader, mut next) = (serve(&folder, "", 1000), serve(&folder, "", 1000));
    let token = next.token(&folder);
    let mut sent = 0;
    for round in 0..ROUNDS {
        for batch in 1..=20 {
            // Each batch has as many bytes as no other one, which is its key.
            let count = round * 20 + batch;
            let to = if batch % 2 == 0 { &leader } else { &next };
            let body = format!("{event}\n").repeat(count);
            let answer = send(to, &token, "POST /api/ml/events", &body).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            sent += count as u64;
            // A real pause: the leader is to be killed at any moment of its work.
            thread::sleep(Duration::from_millis(20));
        }
        end(&mut leader, Signal::KILL);
        leader = std::mem::replace(&mut next, serve(&folder, "", 1000));
    }
    let counted = |serving: &Serving| {
        let text = get(&serving.address, "/metrics");
        let name = r#"ml_errors_total{source="web",component="ui.badges",arm="exposed"}"#;
        sample(&text, name)
    };
    wait_until("both count all", || {
        counted(&leader) == sent && counted(&next) == sent
    });
    end(&mut leader, Signal::TERM);
    end(&mut next, Signal::TERM);
    let reader = MetricsReader::open(folder.path()).unwrap().unwrap();
    let mut kept = 0;
    let visited = reader.each_frame(10, 0, i64::MAX, |_, frame| {
        kept += frame.sum(|_, _| true).errors;
    });
    visited.unwrap();
    assert_eq!(kept, sent);
}

/// The lock that earlier versions hold while they keep and push metrics.
#[test]
fn nothing_is_pushed_while_an_earlier_version_pushes() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = File::create(folder.path().join("metrics.lock")).unwrap();
    earlier.try_lock().unwrap();
    let gateway = Stranger::saying(answer("200 OK", ""));
    let serving = serve(&folder, &gateway.url(), 1000);
    let token = serving.token(&folder);
    put_state(&serving, &token, 1);
    wait_until("it leads otherwise", || snapshots(&folder) == 1);
    assert_eq!(gateway.requests(), [""; 0]);
    drop(earlier);
    wait_until("it pushes", || !gateway.requests().is_empty());
}

/// Metrics that one program cannot keep are for another one to keep; what it can do, it does.
#[test]
fn a_program_with_metrics_of_a_newer_version_leads_only_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = serve(&folder, "", 1000);
    end(&mut first, Signal::TERM);
    let database = rusqlite::Connection::open(folder.path().join("metrics.db")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let _serving = serve(&folder, "", 1000);
    for role in [Role::Flags, Role::States] {
        wait_until("it leads", || !is_free(&folder, role));
    }
    assert!(is_free(&folder, Role::Metrics));
}

#[test]
fn a_lock_that_was_removed_makes_no_second_leader() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Stranger::saying(answer("200 OK", ""));
    let url = |name: &str| format!("{}/{name}", gateway.url());
    let _one = serve(&folder, &url("one"), 1000);
    wait_until("it leads", || calls(&gateway).contains(&"PUT one".into()));
    let lock = folder.path().join("metrics.lock");
    fs::remove_file(&lock).unwrap();
    wait_until("the lock is made again", || lock.exists());
    let _other = serve(&folder, &url("other"), 1000);
    let pushed = calls(&gateway).len();
    wait_until("three seconds are over", || {
        calls(&gateway).len() > pushed + 3
    });
    assert!(!calls(&gateway).contains(&"PUT other".into()));
}
