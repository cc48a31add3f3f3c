//! A day of use replayed: a host reports its state, snapshots are taken, and whoever works on
//! the folder is killed at random. What was acknowledged is there, to the byte.

use std::process::Stdio;
use std::time::Duration;

use flagdeck::wire::StateAt;
use flagdeck_core::tree::canonical::canonical;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::apps::open;
use crate::support::serving::{Serving, exchange, flagctl};

/// Snapshots of a day, one every five minutes.
const SNAPSHOTS: usize = 288;

/// One in so many steps something is killed in.
const KILL_ONE_IN: usize = 7;

/// A state that goes on as a host's does: rings that move on, counters, a flag now and then.
fn state(step: usize) -> Value {
    let ring = |length: usize, scale: f64| -> Vec<f64> {
        let number = |n: usize| ((n * 7919) % 1000) as f64 * scale;
        (step * 5..step * 5 + length).map(number).collect()
    };
    json!({
        "version": "6.0.0",
        "flags": { "ui.badges": step % 9 < 4, "tracker": step.is_multiple_of(50) },
        "metrics": {
            "performance": {
                "calculationTime": ring(200, 0.01),
                "convergenceIterations": ring(200, 1.0),
                "memoryUsage": ring(200, 1024.0),
            },
            "usage": { "filesAnalyzed": step * 3, "feedbackProvided": step / 10 },
        },
        "history": (step..step + 40).map(|n| json!({ "key": "ml.n", "newValue": n, "source": "at a.js:1" })).collect::<Vec<_>>(),
        "cache": { "n": format!("{:x}", step * 2_654_435_761) },
    })
}

/// Puts a state until it is acknowledged, over whatever restarts that takes.
fn put(serving: Serving, folder: &TempDir, token: &str, step: usize, dies: bool) -> Serving {
    let mut serving = serving;
    let mut dies = dies;
    loop {
        let body = state(step).to_string();
        let request = format!(
            "PUT /api/ml/state/web HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            serving.address,
            body.len()
        );
        let address = serving.address.clone();
        let sending = std::thread::spawn(move || exchange(&address, &request));
        if std::mem::take(&mut dies) {
            // A real pause: it is killed at any moment, which nothing tells of.
            std::thread::sleep(Duration::from_micros((step as u64 * 977) % 6000));
            serving = serving.kill_and_start_again(folder, step.is_multiple_of(2));
        }
        let answer = sending.join().unwrap();
        if answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            return serving;
        }
    }
}

/// Takes a snapshot in a process of its own; none where that died before it said so.
fn take(folder: &TempDir, step: usize, dies: bool) -> Option<u64> {
    let mut command = flagctl(folder, &["--json", "snapshot", "take"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    if dies {
        // A real pause: it is killed at any moment, which nothing tells of.
        std::thread::sleep(Duration::from_micros((step as u64 * 1723) % 30_000));
        // Fails only where it has ended already.
        let _ = child.kill();
    }
    let output = child.wait_with_output().unwrap();
    let taken: Value = serde_json::from_slice(&output.stdout).ok()?;
    taken[0]["id"].as_u64()
}

#[test]
fn every_acknowledged_snapshot_of_a_day_survives_kills_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(&folder);
    let token = serving.token(&folder);
    let mut acknowledged = Vec::new();
    let mut kills = 0;
    for step in 0..SNAPSHOTS {
        let server_dies = step % KILL_ONE_IN == 3;
        let taker_dies = step % KILL_ONE_IN == 5;
        kills += usize::from(server_dies) + usize::from(taker_dies);
        serving = put(serving, &folder, &token, step, server_dies);
        acknowledged.extend(take(&folder, step, taker_dies).map(|id| (id, step)));
    }
    drop(serving);
    assert!(
        kills > 80 && acknowledged.len() > 200,
        "{kills} {}",
        acknowledged.len()
    );
    let app = open(folder.path());
    for (id, step) in &acknowledged {
        let found = app.state_at(&StateAt::Snapshot { id: *id }).unwrap();
        assert_eq!(
            canonical(&found.ml),
            canonical(&state(*step).into()),
            "snapshot {id}"
        );
    }
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
}
