//! What set a value and what took it away: recorded changes, whole reports, identities, texts
//! that came and went, and one count of what differs.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use flagdeck::App;
use flagdeck::metrics::event::Format;
use flagdeck::wire::{
    Blame, ChangeRecord, SnapshotFilter, StateAt, StateDifference, StateDifferenceOptions,
};
use serde_json::{Value, json};

use crate::states::{found, me, now, put, take, web};
use crate::support::apps::open;

fn record(app: &App, changes: &Value) {
    let body = changes.to_string();
    let receipt = app.record_changes(&web(), body.as_bytes(), Format::Json);
    assert_eq!(receipt.unwrap().rejected, 0);
}

/// Records that one value was set, by a frame of its own behind that of the recorder.
fn set(app: &App, key: &str, value: &Value, line: u32) {
    let stack = format!("Error\n    at put (state.js:5:9)\n    at save (limits.js:{line}:5)");
    record(
        app,
        &json!([{ "key": key, "newValue": value, "source": stack }]),
    );
}

fn web_now() -> StateAt {
    StateAt::Now {
        source: "web".into(),
    }
}

fn blame(app: &App, key: &str) -> Blame {
    app.blame(&web_now(), key).unwrap()
}

fn text(value: Option<&flagdeck::wire::Excerpt>) -> &str {
    value.map_or("nothing", |value| &value.text)
}

fn places(records: &[ChangeRecord]) -> Vec<&str> {
    records.iter().map(|record| record.place.as_str()).collect()
}

fn compared(app: &App, from: u64, to: &StateAt) -> StateDifference {
    let options = StateDifferenceOptions::default();
    let from = StateAt::Snapshot { id: from };
    app.state_difference(&from, to, &options).unwrap()
}

#[test]
fn what_was_recorded_outlives_whole_reports_restarts_and_other_programs() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(folder.path()), open(folder.path()));
    set(&one, "ml.limits.memMB", &json!(5), 88);
    set(&other, "ml.limits.cpu", &json!(2), 90);
    for n in 0..5 {
        put(&one, &json!({ "limits": { "memMB": 5, "cpu": 2 }, "n": n }));
    }
    drop((one, other));
    let app = open(folder.path());
    assert_eq!(now(&app)["history"].as_array().unwrap().len(), 2);
    assert_eq!(app.state_sources().unwrap()[0].changes, 2);
    let found = blame(&app, "ml.limits.memMB");
    assert_eq!(places(&found.records), ["limits.js:88"]);
    assert_eq!(
        places(&blame(&app, "ml.limits.cpu").records),
        ["limits.js:90"]
    );
}

#[test]
fn a_history_that_the_source_reports_is_its_own_and_counts_as_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let own = json!([{ "key": "ml.n", "newValue": 2, "timestamp": 7, "source": "own.js:3" }]);
    put(&app, &json!({ "n": 1, "history": [] }));
    let first = take(&app);
    put(&app, &json!({ "n": 2, "history": own }));
    set(&app, "ml.k", &json!(1), 9);
    assert_eq!(now(&app)["history"], own);
    assert_eq!(places(&blame(&app, "ml.n").records), ["own.js:3"]);
    let found = compared(&app, first.id, &web_now());
    let paths: Vec<&str> = found
        .changes
        .iter()
        .map(|change| change.path.as_str())
        .collect();
    assert_eq!(paths, ["n", "k"]);
    assert_eq!(found.total, 2);
}

#[test]
fn a_record_in_seconds_stays_in_the_state_and_is_no_change() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let own = |n: i64, at: f64| json!({ "key": "ml.n", "newValue": n, "timestamp": at, "source": format!("own.js:{n}") });
    put(&app, &json!({ "n": 0 }));
    let history = json!([own(1, 1.764e12), own(2, 1.764e9), own(3, 1.764_000_000_5e9)]);
    let state = json!({ "n": 3, "history": history });
    let said = app.put_state(&web(), state.to_string().as_bytes(), None, None);
    assert_eq!(
        said.unwrap().warnings,
        [
            "2 records in ml.history have a timestamp in seconds and do not count as changes; it \
             must be in milliseconds since 1970."
        ]
    );
    assert_eq!(now(&app)["history"], history);
    // What only a whole report tells of has no place.
    let own_places = || places(&blame(&app, "ml.n").records).concat();
    assert_eq!(own_places(), "own.js:1");

    // Also where it came as a change, or from a version that did not look at it.
    record(
        &app,
        &json!([{ "key": "ml.history", "newValue": [own(4, 1.764e9)] }]),
    );
    assert_eq!(own_places(), "");
}

#[test]
fn a_value_of_a_whole_report_was_set_between_two_moments() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let list = |n: i32| json!({ "list": [{ "id": "alpha", "n": 1 }, { "id": "gamma", "n": n }] });
    put(&app, &list(2));
    take(&app);
    put(&app, &list(2));
    put(&app, &list(3));
    for other in 0..3 {
        let mut state = list(3);
        state["other"] = json!(other);
        put(&app, &state);
    }
    let check = |found: Blame| {
        let [record] = found.records.as_slice() else {
            panic!("{:?}", found.records);
        };
        assert!(record.by_report && record.place.is_empty());
        assert_eq!(record.key, "ml.list[id=gamma].n");
        assert_eq!(
            (text(record.before.as_ref()), text(record.after.as_ref())),
            ("2", "3")
        );
        assert!(record.since_ms.unwrap() <= record.at_ms);
    };
    check(blame(&app, "ml.list[id=gamma].n"));
    take(&app);
    check(blame(&app, "ml.list[id=gamma].n"));
    let found = compared(&app, 1, &web_now());
    let by = found.changes[0].record.map(|place| &found.records[place]);
    assert!(by.is_some_and(|record| record.by_report));
}

#[test]
fn a_forgotten_whole_report_is_placed_between_snapshots() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 0, "other": 0 }));
    let first = take(&app);
    put(&app, &json!({ "n": 1, "other": 0 }));
    let second = take(&app);
    for other in 0..150 {
        put(&app, &json!({ "n": 1, "other": other }));
    }
    let found = blame(&app, "ml.n");
    let [record] = found.records.as_slice() else {
        panic!("{:?}", found.records);
    };
    assert!(record.by_report);
    assert_eq!(
        (record.since_ms, record.at_ms),
        (Some(first.at_ms), second.at_ms)
    );
    assert_eq!(
        (text(record.before.as_ref()), text(record.after.as_ref())),
        ("0", "1")
    );
}

#[test]
fn a_report_that_set_another_value_than_was_recorded_is_named_too() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 0 }));
    take(&app);
    set(&app, "ml.n", &json!(1), 5);
    put(&app, &json!({ "n": 2 }));
    let found = blame(&app, "ml.n");
    let by_report: Vec<bool> = found
        .records
        .iter()
        .map(|record| record.by_report)
        .collect();
    assert_eq!(by_report, [true, false]);
    set(&app, "ml.n", &json!(3), 8);
    let found = blame(&app, "ml.n");
    assert!(found.records.iter().all(|record| !record.by_report));
}

#[test]
fn blame_goes_by_identity_and_not_by_place() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let list = |ids: &[&str]| -> Value {
        let records: Vec<Value> = ids
            .iter()
            .map(|id| json!({ "id": id, "n": id.len() }))
            .collect();
        json!({ "list": records })
    };
    put(&app, &list(&["alpha", "be", "gamma1"]));
    let first = take(&app);
    put(&app, &list(&["be", "gamma1"]));
    let second = take(&app);
    let stayed = blame(&app, "ml.list[id=gamma1].n");
    assert_eq!(stayed.since.unwrap().id, first.id);
    assert!(stayed.until.is_none());
    assert!(
        stayed
            .records
            .iter()
            .all(|record| record.at_ms <= first.at_ms)
    );
    let by_place = blame(&app, "/list/1/n");
    assert_eq!(
        (by_place.key.as_str(), by_place.until),
        ("ml.list[id=gamma1].n", None)
    );

    let gone = blame(&app, "ml.list[id=alpha]");
    assert_eq!((gone.pointer, gone.value), (None, None));
    assert_eq!(text(gone.before.as_ref()), r#"{"id":"alpha","n":5}"#);
    assert_eq!(
        (gone.since.unwrap().id, gone.until.unwrap().id),
        (second.id, first.id)
    );
    assert!(gone.records[0].by_report);
    let within = blame(&app, "ml.list[id=alpha].n");
    assert_eq!(text(within.before.as_ref()), "5");
    let never = app
        .blame(&web_now(), "ml.list[id=omega]")
        .unwrap_err()
        .to_string();
    assert_eq!(
        never,
        "there is no ml.list[id=omega], now or in any snapshot"
    );
}

#[test]
fn blame_shows_who_removed_a_key_and_its_last_value() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "a": { "gone": 7, "stays": 1 } }));
    take(&app);
    let stack = "Error\n    at clean (janitor.js:12:3)";
    record(&app, &json!([{ "key": "ml.a.gone", "source": stack }]));
    for at in [false, true] {
        if at {
            take(&app);
        }
        let gone = blame(&app, "ml.a.gone");
        assert_eq!(places(&gone.records), ["janitor.js:12"]);
        assert_eq!(text(gone.before.as_ref()), "7");
        assert_eq!(text(gone.records[0].before.as_ref()), "7");
    }
}

#[test]
fn each_earlier_change_has_both_values_and_numbers_their_series() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    for n in [1, 1, 2, 5] {
        put(&app, &json!({ "n": n, "text": "x" }));
        take(&app);
    }
    put(&app, &json!({ "n": 9, "text": "x" }));
    let found = blame(&app, "ml.n");
    let earlier: Vec<(u64, &str, &str)> = found
        .earlier
        .iter()
        .map(|entry| {
            let id = entry.snapshot.id;
            (id, text(entry.before.as_ref()), text(entry.after.as_ref()))
        })
        .collect();
    assert_eq!(earlier, [(4, "2", "5"), (3, "1", "2")]);
    assert_eq!(text(found.before.as_ref()), "5");
    let values: Vec<f64> = found.values.iter().map(|point| point.value).collect();
    assert_eq!(values, [1.0, 1.0, 2.0, 5.0, 9.0]);
    assert!(found.values.is_sorted_by_key(|point| point.at_ms));
    assert!(blame(&app, "ml.text").values.is_empty());
}

#[test]
fn a_search_finds_what_went_as_well_as_what_came() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let states = [
        json!({ "list": [{ "id": "alpha", "owner": "Anna" }, { "id": "beta", "owner": "Ben" }] }),
        json!({ "list": [{ "id": "beta", "owner": "Ben" }] }),
        json!({ "list": [{ "id": "beta", "owner": "Bea" }] }),
        json!({ "list": [{ "id": "beta", "owner": "Bea" }], "flags": { "ui.badges": { "on": 1 } } }),
        json!({ "list": [{ "id": "beta", "owner": "Bea", "moved": "Bea" }] }),
    ];
    for state in &states {
        put(&app, state);
        take(&app);
    }
    assert_eq!(found(&app, "Anna"), [2, 1]);
    assert_eq!(found(&app, "ben"), [3, 1]);
    assert_eq!(found(&app, "ml.list[id=alpha]"), [2]);
    assert_eq!(found(&app, "list[id=beta].owner"), [3]);
    assert_eq!(found(&app, "ui.badges"), [5, 4]);
    assert_eq!(found(&app, "bea"), [5, 3]);
    assert_eq!(found(&app, "nothing like it"), Vec::<u64>::new());
}

#[test]
fn keys_are_set_as_a_difference_prints_them() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(
        &app,
        &json!({ "list": [{ "id": "alpha" }, { "id": "gamma", "n": 1 }], "a": {} }),
    );
    let set = |key: &str, value: i32| app.set_state(&web(), key, Some(json!(value).into()), &me());
    assert!(set("ml.list[id=gamma].n", 2).unwrap());
    assert!(set("/list/0/n", 3).unwrap());
    assert!(set("ml.list[0][\"m\"]", 4).unwrap());
    let refused = set("ml.list[id=omega].n", 2).unwrap_err().to_string();
    assert!(
        refused.contains("there is no ml.list[id=omega].n"),
        "{refused}"
    );
    assert!(set("ml[", 2).is_err() && set("other[0]", 2).is_err() && set("mlx.a", 1).is_err());
    let expected = json!([{ "id": "alpha", "n": 3, "m": 4 }, { "id": "gamma", "n": 2 }]);
    assert_eq!(now(&app)["list"], expected);
}

#[test]
fn blame_covers_imported_snapshots() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [app, other] = folders.each_ref().map(|folder| open(folder.path()));
    put(&app, &json!({ "a": 1, "b": 1 }));
    let first = take(&app);
    set(&app, "ml.a", &json!(2), 7);
    take(&app);
    set(&app, "ml.b", &json!(2), 9);
    let last = take(&app);
    let bundle = app.export_snapshots(&[first.id, last.id]).unwrap().text;
    let imported = other.import_snapshots(bundle.as_bytes(), "studio").unwrap();
    let at = StateAt::Snapshot { id: imported[1].id };
    for (key, place) in [("ml.a", "limits.js:7"), ("ml.b", "limits.js:9")] {
        let told = other.blame(&at, key).unwrap();
        assert_eq!(places(&told.records), [place], "{key}");
    }
    // They go with the snapshots that they came with.
    other.remove_imported("studio").unwrap();
    assert!(other.state_sources().unwrap().is_empty());
}

#[test]
fn a_change_recorded_in_seconds_is_left_out_and_reported() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [app, other] = folders.each_ref().map(|folder| open(folder.path()));
    put(&app, &json!({ "a": 1 }));
    take(&app);
    for n in [7, 8] {
        let place = format!("limits.js:{n}");
        record(
            &app,
            &json!([{ "key": "ml.a", "newValue": n, "source": place }]),
        );
    }
    let bundle = app.export_snapshots(&[take(&app).id]).unwrap().text;
    let mut bundle: Value = serde_json::from_str(&bundle).unwrap();
    let changes = &mut bundle["snapshots"][0]["changes"];
    let in_seconds = changes[0]["timestamp"].as_i64().unwrap() / 1000;
    changes[0]["timestamp"] = in_seconds.into();

    let bundle = bundle.to_string();
    let imported = other.import_snapshots(bundle.as_bytes(), "studio").unwrap();
    let told: Vec<String> = other.notices().into_iter().map(|it| it.message).collect();
    assert_eq!(
        told,
        [
            "studio: 1 record in changes has a timestamp in seconds and does not count as a \
             change; it must be in milliseconds since 1970."
        ]
    );
    let at = StateAt::Snapshot { id: imported[0].id };
    let records = other.blame(&at, "ml.a").unwrap().records;
    assert_eq!(places(&records), ["limits.js:7"]);
}

#[test]
fn a_record_is_set_even_if_another_program_moves_it() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let records = |order: [&str; 2]| {
        let list: Vec<Value> = order.map(|id| json!({ "id": id, "n": 0 })).into();
        json!({ "list": list })
    };
    put(&app, &records(["alpha", "gamma"]));
    let is_done = AtomicBool::new(false);
    let mut hits = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let other = open(folder.path());
            while !is_done.load(Ordering::Relaxed) {
                put(&other, &records(["gamma", "alpha"]));
                put(&other, &records(["alpha", "gamma"]));
            }
        });
        for _ in 0..40 {
            let set = app.set_state(&web(), "ml.list[id=gamma].id", Some("gamma".into()), &me());
            // Had it stood elsewhere, the other record would have become gamma.
            hits.push(set.map_err(|error| error.to_string()));
        }
        is_done.store(true, Ordering::Relaxed);
    });
    assert_eq!(hits, vec![Ok(false); 40], "each found gamma");
}

#[test]
fn list_timeline_and_comparison_count_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let list = |from: i32, to: i32| -> Vec<Value> {
        (from..to)
            .map(|id| json!({ "id": id, "text": format!("text {id}"), "n": id }))
            .collect()
    };
    put(
        &app,
        &json!({ "list": list(0, 40), "old": { "text": "long enough to move" } }),
    );
    let first = take(&app);
    put(
        &app,
        &json!({ "list": list(7, 43), "new": { "text": "long enough to move" } }),
    );
    set(&app, "ml.n", &json!(1), 3);
    let second = take(&app);
    let told = compared(&app, first.id, &StateAt::Snapshot { id: second.id });
    assert_eq!((second.changes, told.total), (Some(3), 3));
    let timeline = app
        .timeline(&SnapshotFilter::default(), 1)
        .unwrap()
        .unwrap();
    assert_eq!(timeline.columns[0].changes, 3);
}

fn old_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/states-format-1.db");
    std::fs::copy(file, folder.path().join("state.db")).unwrap();
    folder
}

#[test]
fn a_file_of_the_format_before_keeps_its_ring_and_is_counted_again() {
    let folder = old_folder();
    let app = open(folder.path());
    let ml = now(&app);
    assert_eq!(ml["limits"]["memMB"], 128);
    let keys: Vec<&str> = ml["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["key"].as_str().unwrap())
        .collect();
    let (limit, list) = ("ml.limits.memMB", "ml.list");
    let caches = [
        "ml.cache.old name",
        "ml.cache.new name",
        "ml.cache.old name",
    ];
    assert_eq!(
        keys,
        [limit, list, limit, caches[0], caches[1], caches[2], limit]
    );
    assert_eq!(places(&blame(&app, limit).records), ["late.js:7"]);
    let other = app.current_state(&"other".parse().unwrap()).unwrap();
    assert_eq!(other.ml.to_string(), r#"{"n":1,"history":["mine"]}"#);
    let then = app.blame(&StateAt::Snapshot { id: 2 }, limit).unwrap();
    assert_eq!(places(&then.records), ["limits.js:90"]);

    let page = app.snapshots(&SnapshotFilter::default(), 0, 10).unwrap();
    let counted: Vec<(u64, Option<u32>)> = page
        .snapshots
        .iter()
        .map(|snapshot| (snapshot.id, snapshot.changes))
        .collect();
    let one = Some(1);
    assert_eq!(
        counted,
        [(5, Some(0)), (4, one), (3, one), (2, one), (1, Some(0))]
    );
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
    put(&app, &json!({ "n": 1 }));
    assert_eq!(now(&app)["history"].as_array().unwrap().len(), 7);
}
