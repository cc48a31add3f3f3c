//! Two servers on one folder and commands beside them, killed while they write. Everything that
//! was acknowledged is there afterwards, once.

use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Serving, faults, flagctl, json as ask, send};
use crate::round::Round;

const STEPS: usize = 24;
/// One in so many steps a program is killed in.
const KILL_ONE_IN: usize = 3;
const KILL_AFTER_US_MAX: u64 = 8_000;
/// Until a write counts as refused for good.
const TRIES_MAX: usize = 20;
const STATE: &str = "/api/ml/state/web";
const JSON: &str = "Content-Type: application/json\r\n";

/// What was acknowledged.
#[derive(Default)]
struct Ledger {
    /// Percentages, each set once.
    percentages: Vec<f64>,
    events: u64,
    state: Value,
    /// Snapshots, with the state each was taken of.
    snapshots: Vec<(u64, Value)>,
    restores: Vec<u64>,
}

pub fn round(round: &mut Round) {
    let folder = round.folder.path().to_owned();
    let mut servers = [Serving::start(&folder), Serving::start(&folder)];
    let mut ledger = Ledger::default();
    put_state(round, &mut servers, &mut ledger, 0);
    for step in 1..=STEPS {
        match round.rng.u8(0..6) {
            0 => set_percentage(round, &mut servers, &mut ledger, step),
            1 => set_by_command(round, &mut ledger, step),
            2 => report(round, &mut servers, &mut ledger, step),
            3 => take_snapshot(round, &mut ledger),
            4 => restore(round, &mut ledger),
            _ => put_state(round, &mut servers, &mut ledger, step),
        }
    }
    // Killed, not ended: what they acknowledged is on disk.
    drop(servers);
    round.counts.kills += 2;
    check(round, &folder, &ledger);
}

/// Sends a request to one of the servers, which may be killed while it works.
fn attempt(
    round: &mut Round,
    servers: &mut [Serving; 2],
    request: (&'static str, &'static str, String, String),
) -> Option<String> {
    let folder = round.folder.path().to_owned();
    let which = round.rng.usize(0..servers.len());
    let (address, token) = (servers[which].address.clone(), servers[which].token.clone());
    let (method, path, headers, body) = request;
    let sending = thread::spawn(move || send(&address, &token, method, path, &headers, &body));
    if let Some(delay) = kill_after(round) {
        // A real pause: it is killed at any moment, which nothing tells of.
        thread::sleep(delay);
        servers[which].kill();
        servers[which] = Serving::start(&folder);
        round.counts.kills += 1;
    }
    sending.join().expect("sending does not panic").ok()
}

fn kill_after(round: &mut Round) -> Option<Duration> {
    let kills = round.rng.usize(0..KILL_ONE_IN) == 0;
    let delay = Duration::from_micros(round.rng.u64(0..KILL_AFTER_US_MAX));
    kills.then_some(delay)
}

/// Sets a percentage of its own, once: an answer that is lost leaves it unknown.
fn set_percentage(round: &mut Round, servers: &mut [Serving; 2], ledger: &mut Ledger, step: usize) {
    let percentage = percentage(step);
    let body = json!({ "rollout": { "percentage": percentage } }).to_string();
    let headers = format!("{JSON}If-Match: *\r\n");
    let request = ("PATCH", "/api/ml/flags", headers, body);
    if attempt(round, servers, request).is_some() {
        round.counts.acknowledged += 1;
        ledger.percentages.push(percentage);
    }
}

fn percentage(step: usize) -> f64 {
    step as f64 + 0.5
}

fn set_by_command(round: &mut Round, ledger: &mut Ledger, step: usize) {
    let percentage = percentage(step);
    if command(round, &format!("rollout --percentage {percentage}")).is_some() {
        ledger.percentages.push(percentage);
    }
}

/// Sends a batch under its key until it is acknowledged, and so counted once.
fn report(round: &mut Round, servers: &mut [Serving; 2], ledger: &mut Ledger, step: usize) {
    let events = round.rng.u64(1..20);
    let line = "{\"type\":\"ml:usage\",\"source\":\"web\"}\n";
    let headers =
        format!("Content-Type: application/x-ndjson\r\nIdempotency-Key: batch-{step}\r\n");
    let body = line.repeat(events as usize);
    for _ in 0..TRIES_MAX {
        let request = ("POST", "/api/ml/events", headers.clone(), body.clone());
        if attempt(round, servers, request).is_some() {
            round.counts.acknowledged += events;
            ledger.events += events;
            return;
        }
    }
    panic!("a batch was refused {TRIES_MAX} times");
}

fn put_state(round: &mut Round, servers: &mut [Serving; 2], ledger: &mut Ledger, step: usize) {
    let state = json!({ "n": step, "list": [{ "id": "alpha", "n": step * 7 }], "kept": "é" });
    for _ in 0..TRIES_MAX {
        let request = ("PUT", STATE, JSON.to_owned(), state.to_string());
        if attempt(round, servers, request).is_some() {
            round.counts.acknowledged += 1;
            ledger.state = state;
            return;
        }
    }
    panic!("a state was refused {TRIES_MAX} times");
}

fn take_snapshot(round: &mut Round, ledger: &mut Ledger) {
    let taken = command(round, "snapshot take");
    if let Some(id) = taken.and_then(|taken| taken[0]["id"].as_u64()) {
        ledger.snapshots.push((id, ledger.state.clone()));
    }
}

fn restore(round: &mut Round, ledger: &mut Ledger) {
    let Some((id, _)) = ledger.snapshots.first() else {
        return;
    };
    let asked = command(round, &format!("snapshot restore {id}"));
    ledger
        .restores
        .extend(asked.and_then(|asked| asked["restore"]["id"].as_u64()));
}

/// Runs a command, which may be killed while it works; `None` if it did not acknowledge.
fn command(round: &mut Round, arguments: &str) -> Option<Value> {
    let mut child = flagctl(round.folder.path(), &format!("{arguments} --json"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("flagctl starts");
    if let Some(delay) = kill_after(round) {
        // A real pause: it is killed at any moment, which nothing tells of.
        thread::sleep(delay);
        // Fails only if it has ended already.
        let _ = child.kill();
        round.counts.kills += 1;
    }
    let output = child.wait_with_output().expect("it ends");
    let answer = serde_json::from_slice(&output.stdout).ok()?;
    round.counts.acknowledged += 1;
    Some(answer)
}

fn check(round: &mut Round, folder: &Path, ledger: &Ledger) {
    for fault in faults(folder) {
        round.lost(&format!("doctor finds: {fault}"));
    }
    check_flags(round, folder, ledger);
    if ask(folder, "state get").as_ref() != Some(&ledger.state) {
        round.lost(&format!("the state {}", ledger.state));
    }
    for (id, state) in &ledger.snapshots {
        let shown = ask(folder, &format!("snapshot show {id}"));
        if shown.map(|shown| shown["ml"].clone()).as_ref() != Some(state) {
            round.lost(&format!("snapshot {id}"));
        }
    }
    let restores = ask(folder, "snapshot restores --limit 1000").unwrap_or_default();
    for id in &ledger.restores {
        let found = restores.as_array().into_iter().flatten();
        if found.filter(|restore| restore["id"] == *id).count() != 1 {
            round.lost(&format!("restore {id}"));
        }
    }
    check_events(round, folder, ledger);
}

fn check_flags(round: &mut Round, folder: &Path, ledger: &Ledger) {
    let history = ask(folder, "history --limit 1000").unwrap_or_default();
    let summaries = history.as_array().into_iter().flatten();
    let summaries: Vec<&str> = summaries.filter_map(|it| it["summary"].as_str()).collect();
    for percentage in &ledger.percentages {
        let end = format!(" → {percentage} %");
        let found = summaries.iter().filter(|it| it.ends_with(&end)).count();
        if found != 1 {
            round.lost(&format!(
                "{percentage} % was set once, and is there {found} times"
            ));
        }
    }
}

fn check_events(round: &mut Round, folder: &Path, ledger: &Ledger) {
    let serving = Serving::start(folder);
    let metrics = serving.send("GET", "/metrics", "", "").expect("it answers");
    let name = "ml_usage_total{source=\"web\"} ";
    let counted = metrics.lines().find_map(|line| line.strip_prefix(name));
    let counted = counted.map_or(0, |count| count.parse().expect("a number"));
    if counted != ledger.events {
        round.lost(&format!(
            "{} events are counted as {counted}",
            ledger.events
        ));
    }
}
