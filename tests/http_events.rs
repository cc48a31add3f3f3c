//! What applications report over HTTP: bounded, judged one by one, exact whatever breaks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use flagdeck::metrics::store::MetricsReader;
use flagdeck::metrics::tiers::TICK_S;
use serde_json::json;

use crate::http_support::Running;
use crate::support::serving::{Serving, exchange, get, sample};
use crate::support::waiting::wait_until;

const COMPLETE: &str = r#"{"type":"ml:calculation:complete","source":"web","component":"ui.badges","duration":0.25,"confidence":0.5,"exposed":true}"#;

#[test]
fn a_bad_event_is_reported_by_its_index_and_the_good_ones_count() {
    let server = Running::collecting();
    let lines = format!(
        "{COMPLETE}\n{}\n{COMPLETE}\n",
        COMPLETE.replace("0.25", "-1")
    );
    let answer = server.report(&[], &lines);
    assert_eq!(answer.status, 200);
    let message = "duration must be a number of seconds from 0 to 86400";
    let expected = json!({
        "accepted": 2, "rejected": 1, "duplicate": false,
        "problems": [{ "index": 1, "message": message }],
    });
    assert_eq!(answer.json(), expected);
    let array = format!("[{COMPLETE}, {COMPLETE}]");
    let json = server.report(
        &[("Content-Type", "application/json; charset=utf-8")],
        &array,
    );
    assert_eq!(json.json()["accepted"], 2);
    let only = server.report(&[("Content-Type", "application/json")], COMPLETE);
    assert_eq!(only.json()["accepted"], 1);
    assert_eq!(total(server.get("/metrics", &[]).text()), 5);
}

#[test]
fn reporting_requires_the_token() {
    let server = Running::collecting();
    let headers = [("Content-Type", "application/x-ndjson")];
    let refused = server.request("POST", "/api/ml/events", &headers, COMPLETE);
    assert_eq!(refused.problem(401), "unauthorized");
    let wrong = [headers[0], ("Authorization", "Bearer 0123")];
    let refused = server.request("POST", "/api/ml/events", &wrong, COMPLETE);
    assert_eq!(refused.problem(401), "unauthorized");
    assert_eq!(
        server.get("/api/ml/events", &[]).problem(405),
        "method_not_allowed"
    );
}

#[test]
fn every_spelling_of_a_media_type_is_understood() {
    let server = Running::collecting();
    let lines = [
        "application/x-ndjson",
        "application/x-ndjson; charset=utf-8",
        "application/ndjson",
        "Application/NDJSON;charset=UTF-8",
        "application/jsonl",
        "application/x-jsonl",
        "application/jsonlines",
        "application/json; charset=UTF-8",
        "APPLICATION/JSON",
    ];
    for name in lines {
        let answer = server.report(&[("Content-Type", name)], COMPLETE);
        assert_eq!(answer.json()["accepted"], 1, "{name}");
    }
    for encoding in ["identity", "Identity", "identity, identity", ""] {
        let headers = [("Content-Encoding", encoding)];
        assert_eq!(server.report(&headers, COMPLETE).json()["accepted"], 1);
    }
    for encoding in ["gzip", "identity, gzip", "br", "x-identity"] {
        let refused = server.report(&[("Content-Encoding", encoding)], COMPLETE);
        assert_eq!(refused.header("accept-encoding"), Some("identity"));
        assert_eq!(refused.problem(415), "unsupported_media_type");
    }
    for name in [
        "text/x-ndjson",
        "application/json-seq",
        "json",
        "application/ndjsonx",
    ] {
        let refused = server.report(&[("Content-Type", name)], COMPLETE);
        assert_eq!(refused.problem(415), "unsupported_media_type", "{name}");
    }
}

#[test]
fn a_body_that_is_no_batch_is_refused_whole() {
    let server = Running::collecting();
    let as_json = [("Content-Type", "application/json")];
    for text in ["5", "[", "[1,]", "\"x\""] {
        assert_eq!(
            server.report(&as_json, text).problem(400),
            "malformed",
            "{text}"
        );
    }
    let plain = [("Content-Type", "text/plain")];
    let code = server.report(&plain, COMPLETE).problem(415);
    assert_eq!(code, "unsupported_media_type");
    let packed = [("Content-Encoding", "gzip")];
    assert_eq!(server.report(&packed, COMPLETE).status, 415);
    let many = "0\n".repeat(10_001);
    assert_eq!(server.report(&[], &many).problem(413), "too_many");
    let far_too_large = [("Content-Length", "2147483648")];
    assert_eq!(server.report(&far_too_large, "").problem(413), "too_large");
    // Nothing of any of them counts.
    assert!(!server.get("/metrics", &[]).text().contains("source="));
}

#[test]
fn a_batch_under_a_key_counts_once() {
    let server = Running::collecting();
    let key = [("Idempotency-Key", "7c9e6679-7425-40de-944b-e07fc1f90ae7")];
    assert_eq!(server.report(&key, COMPLETE).json()["duplicate"], false);
    let other = server.report(&key, &COMPLETE.replace("web", "other"));
    assert_eq!(other.problem(422), "key_reused");
    let again = server.report(&key, COMPLETE).json();
    assert_eq!(
        (&again["duplicate"], &again["accepted"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(total(server.get("/metrics", &[]).text()), 1);
    let long = "k".repeat(129);
    for bad in ["", long.as_str(), "\u{e9}"] {
        let refused = server.report(&[("Idempotency-Key", bad)], COMPLETE);
        assert_eq!(refused.problem(400), "malformed", "{bad}");
    }
}

#[test]
fn a_program_that_does_not_stay_open_says_that_it_does_not_collect() {
    let server = Running::start();
    let refused = server.report(&[], COMPLETE);
    assert_eq!(refused.problem(503), "not_collecting");
    assert_eq!(server.get("/metrics", &[]).problem(503), "not_collecting");
}

/// While another program holds the store, batches wait; those beyond the queue are sent away,
/// and every one that was acknowledged is there afterwards.
#[test]
fn a_full_queue_sends_batches_away_and_loses_nothing_that_was_acknowledged() {
    let server = Running::collecting();
    // A batch of the largest kind, so that few fill the room.
    let batch = format!("{COMPLETE}\n").repeat(10_000);
    let holder = rusqlite::Connection::open(server.data_dir().join("metrics.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (acknowledged, sent_away) = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..40)
            .map(|_| scope.spawn(|| server.report(&[], &batch)))
            .collect();
        let turned_away = || server.app.pulse(None).unwrap().unwrap().batches_turned_away;
        wait_until("a batch to be turned away", || turned_away() > 0);
        holder.execute_batch("ROLLBACK").unwrap();
        let mut counts = (0, 0);
        for sender in senders {
            let answer = sender.join().unwrap();
            match answer.status {
                200 => counts.0 += answer.json()["accepted"].as_u64().unwrap(),
                429 => {
                    assert_eq!(answer.problem(429), "queue_full");
                    assert_eq!(answer.header("retry-after"), Some("1"));
                    counts.1 += 1;
                }
                // Longer than the store's patience, on a slow machine.
                _ => assert_eq!(answer.problem(503), "busy"),
            }
        }
        counts
    });
    assert!(sent_away > 0, "the queue never was full");
    assert!(acknowledged > 0, "nothing found room");
    assert_eq!(total(server.get("/metrics", &[]).text()), acknowledged);
}

/// Four clients send a million events to a program that is killed and started again; each batch
/// is sent until it is acknowledged. Not one is lost, not one is counted twice.
#[test]
fn a_million_events_are_counted_exactly_while_programs_are_killed() {
    const CLIENTS: u64 = 4;
    const BATCHES: u64 = 125;
    const EVENTS: u64 = 2000;
    /// So many batches are acknowledged from one kill to the next.
    const KILL_AFTER: u64 = 80;
    let folder = tempfile::tempdir().unwrap();
    let address = Arc::new(Mutex::new(String::new()));
    let batch = format!("{COMPLETE}\n").repeat(EVENTS as usize);
    let acknowledged = AtomicU64::new(0);
    let mut restarts = 0;
    let mut serving = Serving::start(&folder);
    let token = serving.token(&folder);
    std::thread::scope(|scope| {
        *address.lock().unwrap() = serving.address.clone();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (address, batch, token) = (&address, &batch, &token);
                let acknowledged = &acknowledged;
                scope.spawn(move || {
                    for number in 0..BATCHES {
                        let key = format!("client-{client}-batch-{number}");
                        deliver(address, token, &key, batch);
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for seen in (KILL_AFTER..CLIENTS * BATCHES).step_by(KILL_AFTER as usize) {
            wait_until("more batches", || {
                acknowledged.load(Ordering::SeqCst) >= seen
            });
            serving = serving.kill_and_start_again(&folder, restarts % 2 == 0);
            restarts += 1;
            *address.lock().unwrap() = serving.address.clone();
        }
        for client in clients {
            client.join().unwrap();
        }
        let text = get(&serving.address, "/metrics");
        assert_eq!(
            total(&text),
            CLIENTS * BATCHES * EVENTS,
            "after {restarts} restarts"
        );
        let accepted = sample(&text, "flagdeck_events_accepted_total");
        assert_eq!(accepted, CLIENTS * BATCHES * EVENTS);
        let serving = serving.kill_and_start_again(&folder, true);
        let text = get(&serving.address, "/metrics");
        assert_eq!(total(&text), CLIENTS * BATCHES * EVENTS);
        // The same number is in the frames that charts are drawn of.
        serving.kill_and_start_again(&folder, false);
        let reader = MetricsReader::open(folder.path()).unwrap().unwrap();
        let mut drawn = 0;
        let visited = reader.each_frame(TICK_S, 0, i64::MAX, |_, frame| {
            drawn += frame.sum(|_, _| true).total();
        });
        visited.unwrap();
        assert_eq!(drawn, CLIENTS * BATCHES * EVENTS);
    });
    assert!(restarts > 1, "nothing was killed");
}

/// Sends a batch until it is acknowledged, at whatever address the program has by then.
fn deliver(address: &Mutex<String>, token: &str, key: &str, batch: &str) {
    wait_until("a batch to be taken", || {
        let to = address.lock().unwrap().clone();
        let head = format!(
            "POST /api/ml/events HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/x-ndjson\r\nIdempotency-Key: {key}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            batch.len()
        );
        let answer = exchange(&to, &(head + batch));
        answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    });
}

fn total(text: &str) -> u64 {
    sample(
        text,
        r#"ml_calculations_total{source="web",component="ui.badges",arm="exposed"}"#,
    )
}

#[test]
fn an_unknown_component_is_told_once_and_counts() {
    let server = Running::collecting();
    let event = |component: &str| {
        format!(r#"{{"type":"ml:calculation:error","source":"web","component":"{component}"}}"#)
    };
    let lines = [event("ui.bages"), event("ui.bages"), event("tracker")].join("\n");
    let answer = server.report(&[], &lines).json();
    assert_eq!(answer["accepted"], 3);
    let warning = "the flags have no component ui.bages; what was reported of it is counted";
    assert_eq!(answer["warnings"], serde_json::json!([warning]));
    let answer = server.report(&[], &event("tracker")).json();
    assert!(answer.get("warnings").is_none(), "{answer}");
    let many: Vec<String> = (0..30).map(|n| event(&format!("c{n}"))).collect();
    let answer = server.report(&[], &many.join("\n")).json();
    let warnings = answer["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 21);
    assert_eq!(warnings[20], "10 more components are unknown");
    let metrics = server.get("/metrics", &[]);
    assert!(metrics.text().contains("component=\"ui.bages\""));
}

#[test]
fn a_moment_out_of_range_is_refused_by_its_field_and_range() {
    let server = Running::collecting();
    let event = r#"{"type":"ml:usage","source":"web","timestamp":1767225600}"#;
    let answer = server.report(&[], event).json();
    assert_eq!(
        (&answer["accepted"], &answer["rejected"]),
        (&0.into(), &1.into())
    );
    let message = answer["problems"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("timestamp must be a number of milliseconds"),
        "{message}"
    );
}
