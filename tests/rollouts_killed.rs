//! A rollback and a step of a ramp, broken off at any point: whoever goes on neither forgets one nor
//! makes one twice.

use std::fs;
use std::thread;
use std::time::Duration;

use flagdeck::rollouts::shapes::{Decision, Outcome};
use flagdeck::rollouts::store::{self, Making};
use flagdeck::store::Cause;
use rusqlite::Connection;
use serde_json::json;

use crate::rollouts::{count_on, harmful, healthy, rolled_out, status};
use crate::support::apps::{Place, history, open, someone};
use crate::support::processes::send;
use crate::support::serving::{Serving, exchange};
use crate::support::waiting::{let_pass, wait_until};

const SECOND: Duration = Duration::from_secs(1);

/// Moments at which the program is killed, from when its rollout begins to do harm.
const ROUNDS: u64 = 8;
const KILLED_WITHIN_MS: u64 = 7000;

fn raw(place: &Place) -> Connection {
    Connection::open(place.folder.path().join("rollouts.db")).unwrap()
}

fn rollbacks(app: &flagdeck::App) -> usize {
    let history = history(app);
    let made = history
        .iter()
        .filter(|it| matches!(it.cause, Cause::RollBack(_)));
    made.count()
}

/// Puts a decision back to what it was before it was carried out.
fn make_pending(place: &Place, decision: &Decision) {
    let mut raw = raw(place);
    let transaction = raw.transaction().unwrap();
    let pending = Decision {
        outcome: Outcome::Pending { trouble: None },
        ..decision.clone()
    };
    store::keep_decision(&transaction, &pending, true).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn a_decision_that_was_made_and_not_carried_out_is_carried_out_once() {
    let place = Place::new();
    let app = place.open();
    rolled_out(&app, 10_000);
    healthy(&app, &place.clock, "tracker", 6);
    harmful(&app, &place.clock, "tracker");
    let decision = app.rollouts().decisions().unwrap().remove(0);
    app.close();
    drop(app);

    // Killed after the revision was saved, before that was noted.
    make_pending(&place, &decision);
    let app = place.open();
    let_pass(&place.clock, SECOND);
    assert_eq!(app.decision(decision.id).unwrap().outcome, decision.outcome);
    assert_eq!(rollbacks(&app), 1);

    // Killed before the revision was saved.
    app.flags().undo(&someone()).unwrap();
    assert!(count_on(&app, "tracker") > 0);
    let base = app.flags().live().revision.0;
    app.close();
    drop(app);
    make_pending(
        &place,
        &Decision {
            base,
            ..decision.clone()
        },
    );
    let app = place.open();
    let_pass(&place.clock, SECOND);
    assert_eq!(count_on(&app, "tracker"), 0);
    assert_eq!(rollbacks(&app), 2);
    assert!(matches!(
        app.decision(decision.id).unwrap().outcome,
        Outcome::Done { .. }
    ));
}

#[test]
fn what_a_person_has_switched_off_meanwhile_is_left_and_said() {
    let place = Place::new();
    let app = place.open();
    rolled_out(&app, 10_000);
    healthy(&app, &place.clock, "tracker", 6);
    harmful(&app, &place.clock, "tracker");
    let decision = app.rollouts().decisions().unwrap().remove(0);
    let base = app.flags().live().revision.0;
    app.close();
    drop(app);
    make_pending(
        &place,
        &Decision {
            base,
            ..decision.clone()
        },
    );
    let app = place.open();
    let_pass(&place.clock, SECOND);
    assert_eq!(app.decision(decision.id).unwrap().outcome, Outcome::WasOff);
    assert_eq!(rollbacks(&app), 1);
    let status = status(&app, Some("tracker"));
    assert!(
        status.sentence.starts_with("Off, and it did harm"),
        "{}",
        status.sentence
    );
}

#[test]
fn a_step_that_was_begun_is_made_once() {
    let place = Place::new();
    let app = place.open();
    crate::support::apps::turn_master(&app, true);
    crate::rollouts::start(
        &app,
        Some("tracker"),
        crate::rollouts::plan("10-50-100", 3600, 0),
    );
    let_pass(&place.clock, SECOND);
    assert_eq!(status(&app, Some("tracker")).percentage, 10.0);
    let base = app.flags().live().revision.0;
    app.close();
    drop(app);

    // Killed before the flags were changed, and then after.
    for (base, made) in [(base, 2), (base, 3)] {
        let mut raw = raw(&place);
        let transaction = raw.transaction().unwrap();
        let mut kept = store::open_ramp(&transaction, Some("tracker"))
            .unwrap()
            .unwrap();
        kept.making = Some(Making { base });
        store::keep_ramp(&transaction, &kept).unwrap();
        transaction.commit().unwrap();
        let app = place.open();
        let_pass(&place.clock, SECOND);
        let ramp = status(&app, Some("tracker")).ramp.unwrap();
        assert_eq!(ramp.made, made);
        // The second time, a revision of the ramp after `base` is found and no other is made.
        assert_eq!(app.flags().live().revision.0, base + 1);
        app.close();
        drop(app);
    }
}

/// Reports, until it is killed, that every calculation with `tracker` on fails.
fn report(address: &str, token: &str, fails: bool) -> std::io::Result<String> {
    let mut lines = String::new();
    for index in 0..200 {
        let exposed = index % 10 == 0;
        let mut event = match exposed && fails {
            true => json!({"type": "ml:calculation:error"}),
            false => json!({"type": "ml:calculation:complete", "duration": 0.01, "confidence": 1}),
        };
        event["source"] = json!("web");
        event["component"] = json!("tracker");
        event["exposed"] = json!(exposed);
        lines += &format!("{event}\n");
    }
    let request = format!(
        "POST /api/ml/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{lines}",
        lines.len()
    );
    exchange(address, &request)
}

/// Kills a server so many milliseconds after a rollout began to do harm, and starts it again.
fn killed_after(delay_ms: u64) {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    rolled_out(&app, 10_000);
    drop(app);
    let mut serving = Serving::start(&folder);
    let token = serving.token(&folder);
    report(&serving.address, &token, false).unwrap();
    let began = std::time::Instant::now();
    let delay = Duration::from_millis(delay_ms);
    while began.elapsed() < delay {
        report(&serving.address, &token, true).unwrap();
        // A real pause: reports come at a pace.
        thread::sleep(Duration::from_millis(50).min(delay.saturating_sub(began.elapsed())));
    }
    send(rustix::process::Signal::KILL, &serving.child);
    serving.child.wait().unwrap();

    let serving = Serving::start(&folder);
    let app = open(folder.path());
    wait_until("the rollback", || {
        report(&serving.address, &token, true).unwrap();
        app.flags().refresh().unwrap();
        count_on(&app, "tracker") == 0
    });
    wait_until("that to be noted", || {
        let decisions = app.rollouts().decisions().unwrap();
        decisions.len() == 1 && matches!(decisions[0].outcome, Outcome::Done { .. })
    });
    assert_eq!(rollbacks(&app), 1, "killed after {delay_ms} ms");
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
    drop(serving);
    // It stays off after another start.
    let _serving = Serving::start(&folder);
    app.flags().refresh().unwrap();
    assert_eq!(count_on(&app, "tracker"), 0);
    assert!(fs::metadata(folder.path().join("rollouts.db")).is_ok());
}

#[test]
fn a_program_that_is_killed_at_any_moment_of_a_rollback_forgets_none_and_makes_none_twice() {
    let rounds = (1..=ROUNDS).map(|round| round * KILLED_WITHIN_MS / ROUNDS);
    let rounds: Vec<u64> = rounds.collect();
    thread::scope(|scope| {
        for delay_ms in rounds {
            scope.spawn(move || killed_after(delay_ms));
        }
    });
}
