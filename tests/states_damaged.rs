//! A damaged state is an error that says how to go on; it is never served, and never built on.

use std::path::Path;

use flagdeck::App;
use flagdeck::state::SourceName;
use rusqlite::Connection;
use serde_json::json;

use crate::states::{at, me, now, put, take, web};
use crate::support::apps::open;

/// Makes a source with a snapshot, a later whole report and a change after it.
pub fn prepare(folder: &Path) -> App {
    let app = open(folder);
    put(&app, &json!({ "n": 1, "mode": "old" }));
    take(&app);
    put(&app, &json!({ "n": 2, "mode": "new" }));
    app.set_state(&web(), "ml.n", Some(json!(3).into()), &me())
        .unwrap();
    app
}

pub fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("state.db")).unwrap()
}

/// Flips a bit in a column of the only row of a table.
pub fn flip(database: &Connection, table: &str, column: &str, byte: usize) {
    let read = format!("SELECT {column} FROM {table} ORDER BY seq DESC LIMIT 1");
    let mut bytes: Vec<u8> = database.query_row(&read, [], |row| row.get(0)).unwrap();
    bytes[byte] ^= 1;
    let write =
        format!("UPDATE {table} SET {column} = ?1 WHERE seq = (SELECT max(seq) FROM {table})");
    database.execute(&write, [&bytes]).unwrap();
}

fn refusal(app: &App) -> String {
    app.current_state(&web()).unwrap_err().to_string()
}

#[test]
fn a_damaged_state_is_refused_and_no_snapshot_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    drop(prepare(folder.path()));
    flip(&database(folder.path()), "whole", "text", 20);
    let app = open(folder.path());
    let said = refusal(&app);
    assert!(said.contains("the state of web"), "{said}");
    assert!(
        said.contains("recovered from snapshot 1, the latest"),
        "{said}"
    );
    let set = app.set_state(&web(), "ml.n", Some(json!(4).into()), &me());
    assert!(set.is_err(), "no change builds on a damaged state");
    let problems = app.check().unwrap().problems;
    assert!(
        problems.iter().any(|it| it.contains("the state of web")),
        "{problems:?}"
    );
    assert_eq!(at(&app, 1), json!({ "n": 1, "mode": "old" }));
}

#[test]
fn the_next_whole_report_replaces_a_damaged_state() {
    for next in [json!({ "n": 9 }), json!({})] {
        let folder = tempfile::tempdir().unwrap();
        drop(prepare(folder.path()));
        flip(&database(folder.path()), "whole", "text", 20);
        let app = open(folder.path());
        put(&app, &next);
        assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
        drop(app);
        let app = open(folder.path());
        let now = now(&app);
        assert_eq!((&now["n"], &now["mode"]), (&next["n"], &next["mode"]));
        assert_eq!(at(&app, 1), json!({ "n": 1, "mode": "old" }));
    }
}

#[test]
fn damage_to_one_source_leaves_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let other: SourceName = "other".parse().unwrap();
    let app = prepare(folder.path());
    flip(&database(folder.path()), "whole", "text", 20);
    let report =
        |n: u32| app.put_state(&other, json!({ "n": n }).to_string().as_bytes(), None, None);
    report(1).unwrap();
    report(2).unwrap();
    assert!(app.current_state(&other).is_ok());
    assert!(app.current_state(&web()).is_err());
}

#[test]
fn a_change_that_is_missing_in_the_journal_is_noticed() {
    for remains in ["seq < (SELECT max(seq) FROM journal)", "seq > 3"] {
        let folder = tempfile::tempdir().unwrap();
        let app = prepare(folder.path());
        app.set_state(&web(), "ml.m", Some(json!(1).into()), &me())
            .unwrap();
        drop(app);
        let rest = format!("DELETE FROM journal WHERE NOT ({remains})");
        database(folder.path()).execute(&rest, []).unwrap();
        let said = refusal(&open(folder.path()));
        assert!(said.contains("is missing"), "{remains}: {said}");
    }
}

#[test]
fn no_bit_of_a_stored_state_flips_unnoticed() {
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path());
    let database = database(folder.path());
    for (table, column) in [
        ("whole", "text"),
        ("whole", "seal"),
        ("journal", "change"),
        ("journal", "seal"),
    ] {
        let length = format!("SELECT length({column}) FROM {table} ORDER BY seq DESC LIMIT 1");
        let length: u32 = database.query_row(&length, [], |row| row.get(0)).unwrap();
        for byte in 0..length {
            flip(&database, table, column, byte as usize);
            let served = app.current_state(&web()).is_ok();
            flip(&database, table, column, byte as usize);
            assert!(!served, "byte {byte} of {table}.{column}");
        }
    }
    assert_eq!(now(&app)["n"], 3);
}
