//! States and their snapshots: kept, compared, looked back at, restored.

use flagdeck::App;
use flagdeck::metrics::event::Format;
use flagdeck::state::{SourceName, StateError};
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{RestoreRequest, Snapshot, SnapshotFilter, SnapshotLabel, StateAt};
use flagdeck_core::tree;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::apps::open;

pub fn web() -> SourceName {
    "web".parse().unwrap()
}

pub fn me() -> Actor {
    Actor::local(Via::Flagctl)
}

pub fn put(app: &App, state: &Value) {
    app.put_state(&web(), state.to_string().as_bytes(), None, None)
        .unwrap();
}

pub fn take(app: &App) -> Snapshot {
    let mut taken = app.take_snapshots(None, &SnapshotLabel::default()).unwrap();
    taken.pop().unwrap()
}

pub fn at(app: &App, id: u64) -> Value {
    serde_json::to_value(&*app.state_at(&StateAt::Snapshot { id }).unwrap().ml).unwrap()
}

pub fn now(app: &App) -> Value {
    serde_json::to_value(&*app.current_state(&web()).unwrap().ml).unwrap()
}

fn written(state: Value) -> Vec<u8> {
    tree::write(&state.into())
}

fn canonical(state: Value) -> Vec<u8> {
    tree::canonical::canonical(&state.into())
}

/// The ids of the snapshots that a search finds, the latest first.
pub fn found(app: &App, text: &str) -> Vec<u64> {
    let filter = SnapshotFilter {
        text: Some(text.into()),
        ..SnapshotFilter::default()
    };
    let page = app.snapshots(&filter, 0, 10).unwrap();
    page.snapshots.iter().map(|snapshot| snapshot.id).collect()
}

pub fn everything(snapshot: u64) -> RestoreRequest {
    RestoreRequest {
        snapshot,
        only: Vec::new(),
        except: Vec::new(),
        with_flags: false,
    }
}

#[test]
fn a_change_is_applied_recorded_and_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let body = br#"[
        {"key": "ml.usage.filesAnalyzed", "oldValue": 0, "newValue": 3, "timestamp": 7, "source": "a.js:1"},
        {"key": "files", "newValue": []},
        {"key": "ml..x", "newValue": 1},
        {"newValue": 1}
    ]"#;
    let receipt = app.record_changes(&web(), body, Format::Json).unwrap();
    assert_eq!(
        (receipt.accepted, receipt.untracked, receipt.rejected),
        (1, 1, 2)
    );
    assert_eq!(receipt.problems[0].index, 2);
    assert!(receipt.problems[1].message.contains("key must be a text"));
    drop(app);
    let ml = now(&open(folder.path()));
    assert_eq!(ml["version"], "6.0.0");
    assert_eq!(ml["usage"]["filesAnalyzed"], 3);
    assert_eq!(
        ml["history"],
        json!([{ "key": "ml.usage.filesAnalyzed", "oldValue": 0, "newValue": 3, "timestamp": 7, "source": "a.js:1" }])
    );
}

#[test]
fn two_programs_on_a_folder_change_the_same_state() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(folder.path()), open(folder.path()));
    for number in 0..20 {
        let app = if number % 2 == 0 { &one } else { &other };
        app.set_state(
            &web(),
            &format!("ml.cache.k{number}"),
            Some(json!(number).into()),
            &me(),
        )
        .unwrap();
    }
    assert_eq!(now(&one), now(&other));
    assert_eq!(now(&one)["cache"].as_object().unwrap().len(), 20);
    assert_eq!(now(&one)["history"].as_array().unwrap().len(), 20);
}

#[test]
fn the_ring_holds_as_many_changes_as_the_setting_says() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    for number in 0..2500 {
        app.set_state(&web(), "ml.n", Some(json!(number).into()), &me())
            .unwrap();
    }
    assert_eq!(now(&app)["history"].as_array().unwrap().len(), 100);
    let source = &app.state_sources().unwrap()[0];
    assert_eq!((source.changes, source.changes_max), (100, 100));
    drop(app);
    let app = open(folder.path());
    assert_eq!(now(&app)["n"], 2499);
    assert_eq!(now(&app)["history"][99]["newValue"], 2499);
}

#[test]
fn a_snapshot_keeps_the_state_and_counts_its_changes() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let states: Vec<Value> = (0..150)
        .map(|n| json!({ "n": n, "list": (n..n + 50).collect::<Vec<i32>>(), "z": -0.0, "a": { "ü": [null, 1.5] } }))
        .collect();
    let ids: Vec<u64> = states
        .iter()
        .map(|state| {
            put(&app, state);
            take(&app).id
        })
        .collect();
    for (state, id) in states.iter().zip(&ids) {
        assert_eq!(written(at(&app, *id)), written(state.clone()));
    }
    let page = app.snapshots(&SnapshotFilter::default(), 0, 10).unwrap();
    assert_eq!((page.total, page.snapshots.len()), (150, 10));
    assert_eq!(page.snapshots[0].id, ids[149]);
    assert_eq!(page.snapshots[0].changes, Some(2));
    assert_eq!(app.snapshot(ids[0]).unwrap().changes, Some(0));
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn snapshots_are_found_by_what_changed_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "flags": { "badges": false }, "n": 1 }));
    let first = take(&app);
    put(&app, &json!({ "flags": { "badges": true }, "n": 1 }));
    let badges = take(&app);
    put(
        &app,
        &json!({ "flags": { "badges": true }, "n": 2, "who": "Straße" }),
    );
    let last = take(&app);
    assert_eq!(found(&app, "ml.flags.badges"), [badges.id]);
    assert_eq!(found(&app, "STRASSE"), [last.id]);
    assert_eq!(found(&app, "badges"), [badges.id, first.id]);
    app.label_snapshot(
        first.id,
        &SnapshotLabel {
            name: Some("Release 6".into()),
            ..SnapshotLabel::default()
        },
    )
    .unwrap();
    assert_eq!(found(&app, "release"), [first.id]);
    assert_eq!(found(&app, "nothing like it"), Vec::<u64>::new());
}

#[test]
fn a_label_is_kept_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 1 }));
    let id = take(&app).id;
    let label = SnapshotLabel {
        name: Some(" candidate ".into()),
        note: Some("before the talk".into()),
        is_pinned: Some(true),
    };
    app.label_snapshot(id, &label).unwrap();
    let unpinned = SnapshotLabel {
        is_pinned: Some(false),
        note: Some(String::new()),
        ..SnapshotLabel::default()
    };
    let shown = app.label_snapshot(id, &unpinned).unwrap();
    assert_eq!(
        (shown.name.as_deref(), shown.note, shown.is_pinned),
        (Some("candidate"), None, false)
    );
    let long = SnapshotLabel {
        name: Some("x".repeat(121)),
        ..SnapshotLabel::default()
    };
    let refused = app.label_snapshot(id, &long).unwrap_err().to_string();
    assert_eq!(refused, "the name of a snapshot has at most 120 characters");
    let missing = app.label_snapshot(99, &label).unwrap_err().to_string();
    assert!(missing.contains("no snapshot 99"), "{missing}");
}

#[test]
fn blame_names_the_snapshots_and_the_change() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let change = |value: i32| {
        let body = json!([{ "key": "ml.quality.avg", "newValue": value, "timestamp": value, "source": format!("line {value}") }]);
        app.record_changes(&web(), body.to_string().as_bytes(), Format::Json)
            .unwrap();
    };
    let ids: Vec<u64> = (0..200)
        .map(|n| {
            if n == 30 || n == 120 {
                change(n);
            }
            app.set_state(&web(), "ml.n", Some(json!(n).into()), &me())
                .unwrap();
            take(&app).id
        })
        .collect();
    let blame = app
        .blame(
            &StateAt::Now {
                source: "web".into(),
            },
            "/quality/avg",
        )
        .unwrap();
    assert_eq!(blame.since.unwrap().id, ids[120]);
    assert_eq!(blame.until.unwrap().id, ids[119]);
    assert_eq!(blame.records.len(), 1);
    assert_eq!(blame.records[0].origin, "line 120");
    let earlier: Vec<u64> = blame
        .earlier
        .iter()
        .map(|entry| entry.snapshot.id)
        .collect();
    assert_eq!(earlier, [ids[30]]);
    let then = app
        .blame(&StateAt::Snapshot { id: ids[100] }, "/quality/avg")
        .unwrap();
    assert_eq!(then.since.unwrap().id, ids[30]);
    assert_eq!(then.records[0].origin, "line 30");
    // As far as anybody remembers.
    let always = app
        .blame(
            &StateAt::Now {
                source: "web".into(),
            },
            "/version",
        )
        .unwrap();
    assert_eq!(
        (always.since.unwrap().id, always.until.is_none()),
        (ids[0], true)
    );
    change(500);
    let fresh = app
        .blame(
            &StateAt::Now {
                source: "web".into(),
            },
            "/quality/avg",
        )
        .unwrap();
    assert!(fresh.since.is_none());
    assert_eq!(fresh.until.unwrap().id, ids[199]);
    assert_eq!(fresh.records[0].origin, "line 500");
}

#[test]
fn what_is_no_state_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let mut deep = json!(1);
    for _ in 0..110 {
        deep = json!({ "a": deep });
    }
    for (body, reason) in [
        ("", "no JSON"),
        ("[]", "must be a JSON object"),
        ("{\"a\":NaN}", "no JSON"),
        ("{\"a\":1e}", "no JSON"),
        ("{\"a\":1}x", "no JSON"),
        (
            "{\"a\":{\"n\":1,\"m\":[],\"n\":2}}",
            "the state cannot be read: an object has the key \"n\" twice, at /a",
        ),
        (
            "{\"ml\":{},\"ml\":{\"n\":1}}",
            "has the key \"ml\" twice, at the root",
        ),
        ("{\"ml\":1}", "ml must be a JSON object"),
        ("{\"ml\":{},\"files\":-1}", "files must be a whole number"),
        (&deep.to_string(), "100 levels"),
    ] {
        let refused = app
            .put_state(&web(), body.as_bytes(), None, None)
            .unwrap_err()
            .to_string();
        assert!(refused.contains(reason), "{body}: {refused}");
    }
    for name in ["", " ", "a\u{0}", &"x".repeat(129)] {
        assert!(name.parse::<SourceName>().is_err(), "{name:?}");
    }
    assert!(app.state_sources().unwrap().is_empty());
    assert!(matches!(
        app.current_state(&web()),
        Err(StateError::NotFound { .. })
    ));
}

#[test]
fn a_damaged_file_is_set_aside_and_flags_go_on() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("state.db"), vec![7; 8192]).unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 1 }));
    assert_eq!(now(&app)["n"], 1);
    let kept = std::fs::read_dir(folder.path().join("quarantine")).unwrap();
    assert!(kept.count() >= 1);
}

#[test]
fn a_flipped_bit_is_noticed_and_the_next_snapshot_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    for n in 0..3 {
        put(&app, &json!({ "n": n, "text": "x".repeat(500) }));
        take(&app);
    }
    let database = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    let mut coding: Vec<u8> = database
        .query_row("SELECT coding FROM snapshot WHERE id = 2", [], |row| {
            row.get(0)
        })
        .unwrap();
    let last = coding.len() - 1;
    coding[last] ^= 1;
    database
        .execute("UPDATE snapshot SET coding = ?1 WHERE id = 2", [&coding])
        .unwrap();
    let refused = app
        .state_at(&StateAt::Snapshot { id: 2 })
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("snapshot 2 does not match its hash"),
        "{refused}"
    );
    assert!(app.state_at(&StateAt::Snapshot { id: 1 }).is_ok());
    assert!(!app.check().unwrap().problems.is_empty());
    put(&app, &json!({ "n": 9 }));
    assert_eq!(at(&app, take(&app).id), json!({ "n": 9 }));
    database
        .execute("UPDATE snapshot SET at_ms = at_ms + 1 WHERE id = 1", [])
        .unwrap();
    assert!(
        app.snapshot(1)
            .unwrap_err()
            .to_string()
            .contains("does not match its hash")
    );
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |number| serde_json::Number::from_f64(number)
            .map(Value::Number)),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("\\PC{0,4}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn restoring_a_snapshot_gives_back_what_it_was_of(
        states in prop::collection::vec(prop::collection::vec(("\\PC{0,4}", json_value()), 0..5), 1..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let app = open(folder.path());
        let states: Vec<Value> = states.into_iter()
            .map(|members| Value::Object(members.into_iter().filter(|(key, _)| key != "ml").collect()))
            .collect();
        let ids: Vec<u64> = states.iter().map(|state| { put(&app, state); take(&app).id }).collect();
        for (state, id) in states.iter().zip(ids) {
            let restore = app.restore_state(&everything(id), &me()).unwrap();
            let asked = app.asked_state(&web(), restore.id).unwrap();
            let body = asked.state.ml.to_string();
            let put = app.put_state(&web(), body.as_bytes(), None, Some(restore.id)).unwrap();
            prop_assert_eq!(put.restore.unwrap().is_exact, Some(true));
            prop_assert_eq!(canonical(now(&app)), canonical(state.clone()));
        }
    }
}

#[test]
fn a_change_with_a_key_twice_is_refused_and_the_others_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 1 }));
    let lines =
        b"{\"key\":\"ml.n\",\"newValue\":{\"a\":1,\"a\":2}}\n{\"key\":\"ml.n\",\"newValue\":3}";
    let receipt = app.record_changes(&web(), lines, Format::NdJson).unwrap();
    assert_eq!((receipt.accepted, receipt.rejected), (1, 1));
    let problem = &receipt.problems[0];
    assert_eq!(problem.index, 0);
    assert!(
        problem
            .message
            .contains("the key \"a\" twice, at /newValue"),
        "{problem:?}"
    );
    let array = b"[{\"key\":\"ml.n\",\"newValue\":4,\"newValue\":5}]";
    let refused = app.record_changes(&web(), array, Format::Json).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("the key \"newValue\" twice, at /0"),
        "{refused}"
    );
    assert_eq!(now(&app)["n"], 3);
}
