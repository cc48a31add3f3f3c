//! Of what is damaged in the past of a state, it is said that it could not be read; everything else
//! is still listed, searched and explained.

use std::path::Path;

use flagdeck::App;
use flagdeck::metrics::event::Format;
use flagdeck::state::SourceName;
use flagdeck::wire::{
    Blame, SnapshotFilter, SnapshotPage, StateAt, StateDifferenceOptions, Unreadable,
};
use rusqlite::Connection;
use serde_json::json;

use crate::http_support::Running;
use crate::states::{at, me, now, put, take, web};
use crate::states_damaged::database;
use crate::support::apps::open;
use crate::support::cli::Cli;

/// Makes snapshots 1 to `count`, in which `ml.n` is the number and `ml.k` a third of it.
fn prepare(folder: &Path, count: u64) -> App {
    let app = open(folder);
    for n in 1..=count {
        put(
            &app,
            &json!({ "n": n, "k": n / 3, "word": format!("word{n}") }),
        );
        take(&app);
    }
    app
}

fn damage(folder: &Path, sql: &str) {
    let changed = database(folder).execute(sql, []).unwrap();
    assert!(changed > 0, "{sql}");
}

/// Flips a bit of a blob.
fn flip(folder: &Path, table: &str, column: &str, place: &str) {
    let database = database(folder);
    let select = format!("SELECT {column} FROM {table} WHERE {place}");
    let mut bytes: Vec<u8> = database.query_row(&select, [], |row| row.get(0)).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let update = format!("UPDATE {table} SET {column} = ?1 WHERE {place}");
    assert!(database.execute(&update, [bytes]).unwrap() > 0);
}

fn page(app: &App, text: &str) -> SnapshotPage {
    let filter = SnapshotFilter {
        text: Some(text.into()),
        ..SnapshotFilter::default()
    };
    app.snapshots(&filter, 0, 100).unwrap()
}

fn ids(page: &SnapshotPage) -> Vec<u64> {
    page.snapshots.iter().map(|snapshot| snapshot.id).collect()
}

/// The snapshots that are listed as damaged, earliest first.
fn marked(app: &App) -> Vec<u64> {
    let page = page(app, "");
    let damaged = page.snapshots.iter().filter(|it| it.is_damaged);
    let mut ids: Vec<u64> = damaged.map(|it| it.id).collect();
    ids.sort_unstable();
    ids
}

fn blame(app: &App, key: &str) -> Blame {
    let at = StateAt::Now {
        source: web().to_string(),
    };
    app.blame(&at, key).unwrap()
}

fn unreadable(records: u32, snapshots: u32) -> Option<Unreadable> {
    Some(Unreadable { records, snapshots })
}

#[test]
fn a_sound_past_has_nothing_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path(), 6);
    assert_eq!(marked(&app), Vec::<u64>::new());
    assert_eq!(page(&app, "word3").unreadable, None);
    assert_eq!(blame(&app, "ml.n").unreadable, None);
    assert!(!app.state_sources().unwrap()[0].is_damaged);
}

#[test]
fn damaged_snapshots_are_marked_in_lists_and_the_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    drop(prepare(folder.path(), 6));
    flip(folder.path(), "snapshot", "coding", "id = 3");
    damage(
        folder.path(),
        "UPDATE snapshot SET note = 'other' WHERE id = 5",
    );
    let app = open(folder.path());
    let page = page(&app, "");
    assert_eq!(page.total, 6, "all of them are listed");
    let marked = marked(&app);
    assert!(marked.contains(&3) && marked.contains(&5), "{marked:?}");
    for id in 1..=6 {
        let is_readable = app.state_at(&StateAt::Snapshot { id }).is_ok();
        assert_eq!(marked.contains(&id), !is_readable, "snapshot {id}");
    }
    assert!(!marked.contains(&1) && !marked.contains(&2));
}

#[test]
fn a_search_counts_the_snapshots_it_could_not_read() {
    let folder = tempfile::tempdir().unwrap();
    drop(prepare(folder.path(), 6));
    damage(
        folder.path(),
        "UPDATE snapshot SET coding = x'01' WHERE id = 4",
    );
    let app = open(folder.path());
    let found = page(&app, "word2");
    assert_eq!(ids(&found), [3, 2], "where it came and where it went");
    assert_eq!(found.unreadable, unreadable(0, 3));
    let label = flagdeck::wire::SnapshotLabel {
        name: Some("word of May".into()),
        ..Default::default()
    };
    app.label_snapshot(5, &label).unwrap();
    let found = page(&app, "of may");
    assert_eq!(ids(&found), [5], "its name can be read");
    assert!(found.snapshots[0].is_damaged);
}

#[test]
fn blame_looks_past_damaged_snapshots_and_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    drop(prepare(folder.path(), 6));
    damage(
        folder.path(),
        "UPDATE snapshot SET coding = x'01' WHERE id = 4",
    );
    let app = open(folder.path());
    let blame = blame(&app, "ml.n");
    assert_eq!(blame.unreadable, unreadable(0, 3));
    assert_eq!(blame.since, None, "snapshot 6 cannot be read");
    assert_eq!(blame.until.unwrap().id, 3);
    let numbers: Vec<f64> = blame.values.iter().map(|it| it.value).collect();
    assert_eq!(numbers, [1.0, 2.0, 3.0, 6.0]);
}

#[test]
fn a_value_that_a_flipped_bit_made_is_in_no_history() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    // Steps that are stored as plain bytes: a flipped digit decodes to another number.
    for n in [111, 222, 333] {
        put(&app, &json!({ "n": n }));
        take(&app);
    }
    drop(app);
    let database = database(folder.path());
    let sql = "SELECT coding FROM snapshot WHERE id = 2";
    let coding: Vec<u8> = database.query_row(sql, [], |row| row.get(0)).unwrap();
    let (mut tried, mut decoded) = (0, 0);
    for byte in 0..coding.len() {
        for bit in 0..8 {
            let mut flipped = coding.clone();
            flipped[byte] ^= 1 << bit;
            let update = "UPDATE snapshot SET coding = ?1 WHERE id = 2";
            database.execute(update, [&flipped]).unwrap();
            let app = open(folder.path());
            let blame = blame(&app, "ml.n");
            let numbers: Vec<f64> = blame.values.iter().map(|it| it.value).collect();
            let is_true = |number: &f64| [111.0, 222.0, 333.0].contains(number);
            assert!(numbers.iter().all(is_true), "{numbers:?}");
            assert!(blame.unreadable.is_some_and(|it| it.snapshots > 0));
            tried += 1;
            // The third is sound by its own hash if the step to it can still be applied.
            decoded += usize::from(!marked(&app).contains(&3));
        }
    }
    assert!(tried > 0 && decoded > 0, "{decoded} of {tried}");
}

#[test]
fn damaged_records_of_changes_are_counted_and_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 0 }));
    take(&app);
    for n in 1..=4 {
        let change = json!([{ "key": "ml.n", "newValue": n, "source": format!("at{n}.js:1") }]);
        app.record_changes(&web(), change.to_string().as_bytes(), Format::Json)
            .unwrap();
        take(&app);
    }
    drop(app);
    flip(folder.path(), "recorded", "changes", "snapshot = 3");
    let app = open(folder.path());
    let (from, to) = (StateAt::Snapshot { id: 1 }, StateAt::Snapshot { id: 5 });
    let options = StateDifferenceOptions::default();
    let difference = app.state_difference(&from, &to, &options).unwrap();
    assert_eq!(difference.unreadable, unreadable(1, 0));
    assert_eq!(difference.records.len(), 1, "the latest is known");
    let blame = app
        .blame(&StateAt::Snapshot { id: 3 }, "ml.n")
        .expect("the value is there");
    assert_eq!(blame.unreadable, unreadable(1, 0));
    assert_eq!(blame.value.unwrap().text, "2");
}

#[test]
fn an_export_leaves_out_what_is_damaged_and_says_how_much() {
    let cli = Cli::new();
    let app = open(cli.data_dir());
    for n in 1..=3 {
        put(&app, &json!({ "n": n }));
        app.set_state(&web(), "ml.set", Some(json!(n).into()), &me())
            .unwrap();
        take(&app);
    }
    assert_eq!(app.export_snapshots(&[1, 2, 3]).unwrap().unreadable, None);
    drop(app);
    flip(cli.data_dir(), "recorded", "changes", "snapshot = 2");
    damage(
        cli.data_dir(),
        "UPDATE snapshot SET note = 'forged' WHERE id = 3",
    );
    let app = open(cli.data_dir());
    let export = app.export_snapshots(&[1, 2, 3]).unwrap();
    assert_eq!(export.ids, [1, 2]);
    assert_eq!(export.unreadable, unreadable(1, 1));
    let bundle: serde_json::Value = serde_json::from_str(&export.text).unwrap();
    let snapshots = bundle["snapshots"].as_array().unwrap();
    let read: Vec<_> = snapshots.iter().map(|it| &it["ml"]["n"]).collect();
    assert_eq!(read, [1, 2]);
    assert_eq!(snapshots[0]["changes"].as_array().unwrap().len(), 1);
    assert_eq!(snapshots[1].get("changes"), None);
    let other = tempfile::tempdir().unwrap();
    let imported = open(other.path()).import_snapshots(export.text.as_bytes(), "web");
    assert_eq!(imported.unwrap().len(), 2);
    let refused = app.export_snapshots(&[3]).unwrap_err().to_string();
    assert!(refused.contains("snapshot 3 does not match"), "{refused}");
    let missing = app.export_snapshots(&[1, 9]).unwrap_err();
    assert_eq!(missing.code(), flagdeck::error::Code::NotFound);

    let file = cli.data_dir().join("out.json");
    let ran = cli.run(&format!(
        "snapshot export 1 2 3 --output {}",
        file.display()
    ));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.starts_with("2 snapshots written to "), "{ran:?}");
    let said = "1 record of changes and 1 snapshot could not be read: left out of the export";
    assert!(ran.err.contains(said), "{ran:?}");
    let told = cli.json(&format!(
        "snapshot export 1 2 3 --output {}",
        file.display()
    ));
    assert_eq!(told["snapshots"], json!([1, 2]));
    assert_eq!(told["unreadable"], json!({ "records": 1, "snapshots": 1 }));
    let printed = cli.run("snapshot export 1 2 3");
    assert!(printed.err.contains(said), "{printed:?}");
}

#[test]
fn a_damaged_change_of_the_ring_is_told_of() {
    let cli = Cli::new();
    let app = open(cli.data_dir());
    put(&app, &json!({ "n": 0 }));
    for n in 1..=3 {
        app.set_state(&web(), "ml.n", Some(json!(n).into()), &me())
            .unwrap();
    }
    // Written whole: the ring is all that is left of the journal.
    put(&app, &json!({ "n": 3, "m": 1 }));
    drop(app);
    flip(cli.data_dir(), "journal", "change", "seq = 3");
    let ran = cli.run("state get ml.n");
    assert_eq!((ran.code, ran.out.trim()), (Some(0), "3"));
    assert!(ran.err.contains("1 change of ml.history could not be read"));
    let app = open(cli.data_dir());
    assert_eq!(now(&app)["history"].as_array().unwrap().len(), 2);
    let news = app.state_news(&web(), 0).unwrap();
    assert_eq!(
        (news.keys.first().unwrap().as_str(), news.more),
        ("ml.n", 1)
    );
    assert_eq!(blame(&app, "ml.n").unreadable, unreadable(1, 0));
}

#[test]
fn http_counts_the_damaged_changes_of_a_state() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 0 }));
    app.set_state(&web(), "ml.n", Some(json!(1).into()), &me())
        .unwrap();
    put(&app, &json!({ "n": 2 }));
    drop(app);
    let server = Running::on(folder);
    let bearer = format!("Bearer {}", server.token);
    let get = || server.get("/api/ml/state/web", &[("Authorization", &bearer)]);
    assert_eq!(get().header("ml-unreadable"), None);
    flip(server.data_dir(), "journal", "change", "seq = 2");
    let answer = get();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("ml-unreadable"), Some("1"));
}

#[test]
fn a_damaged_source_is_listed_and_the_others_stay() {
    let cli = Cli::new();
    let app = prepare(cli.data_dir(), 2);
    let other: SourceName = "other".parse().unwrap();
    app.put_state(&other, b"{\"n\":7}", None, None).unwrap();
    drop(app);
    for column in ["seq", "at_ms", "files", "bytes", "records"] {
        let sql = format!("UPDATE source SET {column} = {column} + 8 WHERE name = 'web'");
        damage(cli.data_dir(), &sql);
        let app = open(cli.data_dir());
        let sources = app.state_sources().unwrap();
        let listed: Vec<_> = sources
            .iter()
            .map(|it| (it.name.as_str(), it.is_damaged, it.snapshots))
            .collect();
        assert_eq!(listed, [("other", false, 0), ("web", true, 2)], "{column}");
        assert!(app.current_state(&other).is_ok());
        let refused = app.current_state(&web()).unwrap_err().to_string();
        assert!(refused.contains("recovered from snapshot 2"), "{refused}");
        assert_eq!(at(&app, 1)["n"], 1, "its snapshots can be read");
        assert_eq!(ids(&page(&app, "word1")), [2, 1]);
        let problems = app.check().unwrap().problems;
        assert!(
            problems.iter().any(|it| it.contains("the state of web")),
            "{problems:?}"
        );
        drop(app);
        let undo = format!("UPDATE source SET {column} = {column} - 8 WHERE name = 'web'");
        damage(cli.data_dir(), &undo);
    }
    damage(
        cli.data_dir(),
        "UPDATE source SET seq = seq + 8 WHERE name = 'web'",
    );
    let listed = cli.ok("state list");
    assert!(listed.contains("damaged"), "{listed}");
    let ran = cli.run("snapshot take");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("he state of web is damaged"), "{ran:?}");
    let app = open(cli.data_dir());
    assert_eq!(page(&app, "").total, 3, "of the other one was taken");
}

#[test]
fn a_report_or_a_recovery_repairs_a_damaged_source() {
    for is_reported in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        drop(prepare(folder.path(), 2));
        damage(folder.path(), "UPDATE source SET records = records + 8");
        let app = open(folder.path());
        let set = app.set_state(&web(), "ml.n", Some(json!(9).into()), &me());
        assert!(set.is_err(), "no change builds on it");
        if is_reported {
            put(&app, &json!({ "n": 5 }));
        } else {
            app.recover_state(&web(), Some(1), &me()).unwrap();
        }
        drop(app);
        let app = open(folder.path());
        assert_eq!(now(&app)["n"], if is_reported { 5 } else { 1 });
        assert!(!app.state_sources().unwrap()[0].is_damaged);
        assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
        assert_eq!(take(&app).id, 3);
    }
}

#[test]
fn a_state_that_cannot_be_read_is_marked_in_the_list_of_sources() {
    let folder = tempfile::tempdir().unwrap();
    drop(prepare(folder.path(), 2));
    let is_marked = |app: &App| app.state_sources().unwrap()[0].is_damaged;
    let app = open(folder.path());
    assert!(!is_marked(&app));
    flip(folder.path(), "whole", "text", "source = 1");
    assert!(is_marked(&app));
    app.recover_state(&web(), None, &me()).unwrap();
    assert!(!is_marked(&app));
}

#[test]
fn no_bit_of_the_row_of_a_snapshot_or_a_source_fails_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path(), 2);
    let label = flagdeck::wire::SnapshotLabel {
        name: Some("name".into()),
        note: Some("note".into()),
        is_pinned: None,
    };
    app.label_snapshot(1, &label).unwrap();
    let database = database(folder.path());
    let check = |is_marked: bool, what: &str| {
        assert_eq!(page(&app, "").total, 2, "{what}");
        assert_eq!(app.state_sources().unwrap().len(), 1, "{what}");
        assert_eq!(marked(&app).contains(&1), is_marked, "{what}");
    };
    check(false, "nothing");
    for (column, wrong) in [
        ("at_ms", "-9223372036854775808"),
        ("cause", "'whim'"),
        ("name", "CAST(x'ff' AS TEXT)"),
        ("note", "'note of another'"),
        ("pinned", "1"),
        ("files", "7"),
        ("bytes", "-7"),
        ("changes", "4294967296"),
        ("revision", "-1"),
        ("seq", "99"),
        ("hash", "x'00'"),
        ("seal", "x'00'"),
    ] {
        let before: rusqlite::types::Value = database
            .query_row(
                &format!("SELECT {column} FROM snapshot WHERE id = 1"),
                [],
                |row| row.get(0),
            )
            .unwrap();
        damage(
            folder.path(),
            &format!("UPDATE snapshot SET {column} = {wrong} WHERE id = 1"),
        );
        check(true, column);
        let undo = format!("UPDATE snapshot SET {column} = ?1 WHERE id = 1");
        database.execute(&undo, [before]).unwrap();
    }
    check(false, "everything is as it was");
    damage(
        folder.path(),
        "UPDATE source SET name = CAST(x'77ff' AS TEXT)",
    );
    assert!(app.state_sources().unwrap()[0].is_damaged);
    assert_eq!(page(&app, "").total, 2);
}

#[test]
fn a_snapshot_of_a_source_that_is_not_there_stays_listed() {
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path(), 2);
    let database = database(folder.path());
    database
        .execute_batch("PRAGMA foreign_keys = off; UPDATE snapshot SET source = 99 WHERE id = 1")
        .unwrap();
    let page = page(&app, "");
    assert_eq!((page.total, ids(&page)), (2, vec![2, 1]));
    assert!(marked(&app).contains(&1));
    let problems = app.check().unwrap().problems;
    let said = "the source of snapshot 1 is not there";
    assert!(problems.iter().any(|it| it.contains(said)), "{problems:?}");
}

#[test]
fn codings_of_an_earlier_format_are_sealed_when_it_is_upgraded() {
    let folder = tempfile::tempdir().unwrap();
    drop(prepare(folder.path(), 4));
    let database = Connection::open(folder.path().join("state.db")).unwrap();
    database
        .execute_batch(
            "DROP TABLE coding_seal; DROP TABLE commits; ALTER TABLE restore DROP COLUMN seal;
             PRAGMA user_version = 3",
        )
        .unwrap();
    drop(database);
    let app = open(folder.path());
    assert_eq!(marked(&app), Vec::<u64>::new());
    assert_eq!(blame(&app, "ml.n").unreadable, None);
    drop(app);
    flip(folder.path(), "snapshot", "coding", "id = 2");
    let app = open(folder.path());
    assert!(marked(&app).contains(&2));
}
