//! Damaged restores: listed as such, never acted on, and never an obstacle to others.

use std::fs;
use std::path::Path;

use flagdeck::App;
use flagdeck::error::Code;
use flagdeck::state::ConfirmationStatus;
use flagdeck::wire::{RestoreFilter, RestoreStatus, StateDifferenceOptions, StateRestore};
use rusqlite::params;
use rusqlite::types::Value;
use serde_json::json;

use crate::http_support::Running;
use crate::states::{everything, me, put, take, web};
use crate::states_damaged::database;
use crate::support::apps::open;
use crate::support::cli::Cli;

/// Makes restore 1, which is superseded with every column filled in, and restore 2, which is open.
fn prepare(folder: &Path) -> App {
    let app = open(folder);
    put(&app, &json!({ "n": 1, "mode": "old" }));
    let id = take(&app).id;
    put(&app, &json!({ "n": 2, "mode": "new" }));
    let parts = flagdeck::wire::RestoreRequest {
        only: vec!["ml.n".into()],
        ..everything(id)
    };
    app.restore_state(&parts, &me()).unwrap();
    app.restore_state(&everything(id), &me()).unwrap();
    app
}

fn restores(app: &App) -> Vec<StateRestore> {
    let page = app.state_restores(&RestoreFilter::default(), 0, 10);
    page.unwrap().restores
}

/// The number and status of each, latest first.
fn statuses(app: &App) -> Vec<(u64, RestoreStatus)> {
    restores(app).iter().map(|it| (it.id, it.status)).collect()
}

fn damage(folder: &Path, sql: &str) {
    let changed = database(folder).execute(sql, []).unwrap();
    assert!(changed > 0, "{sql}");
}

/// Returns what a value is with a bit of each of its bytes flipped, and what is of another type or
/// missing.
fn altered(value: &Value) -> Vec<Value> {
    let flipped = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let places = (0..bytes.len()).map(|place| {
            let mut bytes = bytes.to_vec();
            bytes[place] ^= 1 << (place % 8);
            bytes
        });
        places.collect()
    };
    match value {
        Value::Null => vec![Value::Integer(1), Value::Text("window".into())],
        Value::Integer(number) => [0, 9, 31, 63]
            .map(|bit| Value::Integer(number ^ (1 << bit)))
            .into(),
        // Not all of them are UTF-8: they are written as bytes, and called text.
        Value::Text(text) => flipped(text.as_bytes())
            .into_iter()
            .map(Value::Blob)
            .collect(),
        Value::Blob(bytes) => flipped(bytes).into_iter().map(Value::Blob).collect(),
        Value::Real(_) => unreachable!("there is no such column"),
    }
}

#[test]
fn no_bit_of_the_row_of_a_restore_is_altered_unnoticed() {
    use RestoreStatus::{Damaged, Open, Superseded};
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path());
    assert_eq!(statuses(&app), [(2, Open), (1, Superseded)]);
    let database = database(folder.path());
    // Any number may be in a damaged row, also that of a source that is not there.
    database.pragma_update(None, "foreign_keys", false).unwrap();
    let columns = "SELECT name, type FROM pragma_table_info('restore') WHERE name != 'id'";
    let mut columns = database.prepare(columns).unwrap();
    let columns = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let columns: Vec<(String, String)> = columns.unwrap().map(Result::unwrap).collect();
    assert_eq!(columns.len(), 17);
    for (column, kind) in columns {
        let read = format!("SELECT {column} FROM restore WHERE id = 1");
        let before: Value = database.query_row(&read, [], |row| row.get(0)).unwrap();
        let write = format!("UPDATE restore SET {column} = CAST(?1 AS {kind}) WHERE id = 1");
        for wrong in altered(&before) {
            let changed = database.execute(&write, [&wrong]);
            if changed.is_err() {
                // Of a type that SQLite does not put in the column.
                continue;
            }
            let told = statuses(&app);
            assert_eq!(told, [(2, Open), (1, Damaged)], "{column} {wrong:?}");
        }
        database.execute(&write, params![before]).unwrap();
        assert_eq!(statuses(&app), [(2, Open), (1, Superseded)], "{column}");
    }
}

#[test]
fn acting_on_a_damaged_restore_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path());
    damage(
        folder.path(),
        "UPDATE restore SET actor = 'eve' WHERE id = 2",
    );
    let options = StateDifferenceOptions::default();
    for refused in [
        app.state_restore(2).unwrap_err(),
        app.cancel_restore(2, &me()).unwrap_err(),
        app.undo_restore(2, &me()).unwrap_err(),
        app.preview_undo_restore(2, &options).unwrap_err(),
        app.changed_since_restore(2).unwrap_err(),
    ] {
        assert_eq!(refused.code(), Code::StateDamaged, "{refused}");
        assert!(refused.to_string().contains("restore 2 is damaged"));
    }
    let refused = app.asked_state(&web(), 2).unwrap_err();
    assert!(refused.to_string().contains("restore 2 is damaged"));
    assert_eq!(
        app.open_restores().unwrap(),
        [],
        "no source is asked for it"
    );
    let source = &app.state_sources().unwrap()[0];
    assert_eq!(
        source.restore.as_ref().unwrap().id,
        1,
        "the latest sound one"
    );
    let problems = app.check().unwrap().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("restore 2 is damaged"), "{problems:?}");
}

#[test]
fn a_damaged_restore_that_was_open_prevents_neither_the_next_one_nor_a_confirmation() {
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path());
    damage(
        folder.path(),
        "UPDATE restore SET snapshot = 7 WHERE id = 2",
    );
    let report = app
        .put_state(&web(), br#"{"n": 1}"#, None, Some(2))
        .unwrap();
    let told = report.restore.unwrap();
    assert_eq!(told.status, ConfirmationStatus::Damaged);
    assert!(report.changed, "the report is stored");
    let next = app.restore_state(&everything(1), &me()).unwrap();
    let open = app.open_restores().unwrap();
    assert_eq!(open, std::slice::from_ref(&next));
    let confirmed = app.put_state(&web(), br#"{"n": 1, "mode": "old"}"#, None, Some(next.id));
    assert_eq!(confirmed.unwrap().restore.unwrap().is_exact, Some(true));
    let asked: u32 = database(folder.path())
        .query_row("SELECT count(*) FROM asked", [], |row| row.get(0))
        .unwrap();
    assert_eq!(asked, 0, "what nothing asks for is not kept");
}

#[test]
fn a_damaged_restore_is_removed_alone_and_a_sound_one_stays() {
    let cli = Cli::new();
    let app = prepare(cli.data_dir());
    damage(
        cli.data_dir(),
        "UPDATE restore SET actor = 'eve' WHERE id = 2",
    );
    let refused = app.remove_damaged_restore(1).unwrap_err();
    assert_eq!(refused.code(), Code::NothingToDo, "{refused}");
    let missing = app.remove_damaged_restore(3).unwrap_err();
    assert_eq!(missing.code(), Code::NotFound, "{missing}");
    let command = "snapshot remove --restore 2";
    assert_eq!(cli.ok(command), "1 damaged restore removed\n");
    cli.refused(command, 3, "There was no restore 2");
    assert_eq!(statuses(&app), [(1, RestoreStatus::Superseded)]);
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
    let next = app.restore_state(&everything(1), &me()).unwrap();
    assert_eq!(next.id, 3, "its number is given to no other one");
    let report = app.put_state(&web(), br#"{"n": 5}"#, None, Some(2));
    let told = report.unwrap().restore.unwrap();
    assert_eq!(told.status, ConfirmationStatus::Unknown);
}

/// Damage may say that a restore is of a source which is not there.
#[test]
fn a_damaged_restore_of_no_source_is_removed_too() {
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path());
    let database = database(folder.path());
    database.pragma_update(None, "foreign_keys", false).unwrap();
    let moved = "UPDATE restore SET source = 77 WHERE id = 2";
    assert_eq!(database.execute(moved, []).unwrap(), 1);
    app.remove_damaged_restore(2).unwrap();
    assert_eq!(statuses(&app), [(1, RestoreStatus::Superseded)]);
}

/// Unlike SQL, damage changes no index with the row.
#[test]
fn a_status_that_is_damaged_in_the_file_refuses_no_later_restore() {
    let folder = tempfile::tempdir().unwrap();
    drop(prepare(folder.path()));
    let file = folder.path().join("state.db");
    let mut bytes = fs::read(&file).unwrap();
    let written = b"[][]open";
    let places: Vec<usize> = (0..bytes.len() - written.len())
        .filter(|place| bytes[*place..].starts_with(written))
        .collect();
    for place in places {
        bytes[place + 4] ^= 0x20;
    }
    fs::write(&file, bytes).unwrap();
    let app = open(folder.path());
    use RestoreStatus::{Damaged, Open, Superseded};
    assert_eq!(statuses(&app), [(2, Damaged), (1, Superseded)]);
    app.restore_state(&everything(1), &me()).unwrap();
    assert_eq!(statuses(&app)[0], (3, Open));
}

/// Makes the tables of restores those of format 4.
fn downgrade(folder: &Path) {
    database(folder)
        .execute_batch(
            "ALTER TABLE restore DROP COLUMN seal;
             CREATE UNIQUE INDEX restore_open ON restore (source) WHERE status = 'open';
             PRAGMA user_version = 4",
        )
        .unwrap();
}

#[test]
fn restores_of_an_earlier_format_are_sealed_when_it_is_upgraded() {
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path());
    let before = restores(&app);
    drop(app);
    downgrade(folder.path());
    let app = open(folder.path());
    assert_eq!(restores(&app), before);
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
    drop(app);
    damage(
        folder.path(),
        "UPDATE restore SET actor = 'eve' WHERE id = 2",
    );
    let app = open(folder.path());
    assert_eq!(statuses(&app)[0], (2, RestoreStatus::Damaged));
}

#[test]
fn a_restore_of_an_earlier_format_that_cannot_be_read_is_not_sealed() {
    let folder = tempfile::tempdir().unwrap();
    drop(prepare(folder.path()));
    damage(
        folder.path(),
        "UPDATE restore SET via = 'whim' WHERE id = 1",
    );
    downgrade(folder.path());
    let app = open(folder.path());
    use RestoreStatus::{Damaged, Open};
    assert_eq!(statuses(&app), [(2, Open), (1, Damaged)]);
}

#[test]
fn flagctl_and_http_tell_of_a_damaged_restore() {
    let cli = Cli::new();
    drop(prepare(cli.data_dir()));
    damage(
        cli.data_dir(),
        "UPDATE restore SET actor = 'eve' WHERE id = 2",
    );
    let table = cli.ok("snapshot restores");
    let line = table.lines().nth(1).unwrap();
    assert!(
        line.starts_with("2 ") && line.contains("damaged"),
        "{table}"
    );
    assert!(!table.contains("eve"), "{table}");
    assert_eq!(cli.json("snapshot restores")[0]["status"], "damaged");
    cli.refused("snapshot cancel 2", 1, "estore 2 is damaged");
    let ran = cli.run("snapshot cancel 2");
    assert!(!ran.err.contains("state recover"), "{ran:?}");
    let ran = cli.run("doctor");
    assert!(ran.out.contains("restore 2 is damaged"), "{ran:?}");
    // "Undo the latest" means the latest that stands: the other one was superseded.
    cli.refused("snapshot undo", 5, "no restore to undo");
}

#[test]
fn http_answers_for_a_damaged_restore_with_its_code() {
    let folder = tempfile::tempdir().unwrap();
    drop(prepare(folder.path()));
    damage(
        folder.path(),
        "UPDATE restore SET actor = 'eve' WHERE id = 2",
    );
    let server = Running::on(folder);
    let bearer = format!("Bearer {}", server.token);
    let address = "/api/ml/state/web/restores/2";
    let answer = server.get(address, &[("Authorization", &bearer)]);
    assert_eq!(answer.json()["code"], "state_damaged");
}
