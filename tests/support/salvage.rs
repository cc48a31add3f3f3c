//! Stores that were set aside, and what has to come back of them.

use std::fs;
use std::path::{Path, PathBuf};

use flagdeck::App;
use flagdeck::app::Survey;
use flagdeck::state::shapes::{Snapshot, SnapshotFilter, SnapshotLabel};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::apps::{close, open, set_percentage, turn_master};
use super::folders::{names_in, put_state, web};
use super::stores::tamper;

/// Saves five revisions, with a backup of the first three.
pub fn five_revisions_three_in_backup(folder: &Path) {
    let app = open(folder);
    turn_master(&app, true);
    for n in 2..=5 {
        set_percentage(&app, n * 1000);
        if n == 3 {
            app.flags().back_up().unwrap().expect("a backup");
        }
    }
    close(app);
}

/// Makes the store one that is moved to quarantine when it is opened, with every revision sound.
pub fn damage_flags(folder: &Path) {
    tamper(folder, "PRAGMA user_version = 0");
}

/// Opens a folder, and returns the one entry of its quarantine, too.
pub fn with_entry(folder: &Path) -> (App, String) {
    let app = open(folder);
    if folder.join("state.db").exists() {
        // Only what writes moves it.
        put_state(&app, 100).unwrap();
    }
    let entries = app.quarantine().unwrap();
    let [entry] = &entries[..] else {
        panic!("{entries:?}");
    };
    let name = entry.name.clone();
    (app, name)
}

/// Lists the hashes of the revisions of a store.
pub fn hashes(database: &Path) -> Vec<(i64, Vec<u8>)> {
    let connection = Connection::open(database).unwrap();
    let sql = "SELECT number, hash FROM revision ORDER BY number";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Reads every file below a folder but labels, which note that an entry was looked at.
pub fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for name in names_in(folder) {
        let path = folder.join(&name);
        match path.is_dir() {
            true => found.extend(contents(&path)),
            false if name.ends_with(".json") => {}
            false => found.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    found
}

pub fn quarantine(folder: &Path) -> PathBuf {
    folder.join("quarantine")
}

#[track_caller]
pub fn survey(app: &App, name: &str) -> Survey {
    app.survey(name).unwrap()
}

/// Fills `state.db` with snapshots of two sources, labelled in several ways, and returns them.
pub fn fill_states(folder: &Path) -> Vec<Snapshot> {
    let app = open(folder);
    for n in 1..=6 {
        put_state(&app, n).unwrap();
        let label = SnapshotLabel {
            name: (n == 2).then(|| "before the trial".into()),
            note: (n == 3).then(|| "as agreed".into()),
            is_pinned: Some(n == 4),
        };
        app.take_snapshots(Some(&web()), &label).unwrap();
    }
    let change = r#"{"key":"ml.n","newValue":7,"timestamp":1767225600000}"#;
    let format = flagdeck::format::Format::NdJson;
    app.record_changes(&web(), change.as_bytes(), format)
        .unwrap();
    app.take_snapshots(None, &SnapshotLabel::default()).unwrap();
    let shop = "shop".parse().unwrap();
    app.put_state(&shop, br#"{"ml":{"a":1}}"#, Some(3), None)
        .unwrap();
    app.take_snapshots(Some(&shop), &SnapshotLabel::default())
        .unwrap();
    let found = snapshots(&app);
    close(app);
    found
}

pub fn snapshots(app: &App) -> Vec<Snapshot> {
    let filter = SnapshotFilter::default();
    let mut found = app.snapshots(&filter, 0, 100).unwrap().snapshots;
    found.sort_by_key(|snapshot| snapshot.id);
    found
}

/// Changes a closed `state.db`, so that it is moved to quarantine when it is opened.
pub fn damage_states(folder: &Path, sql: &str) {
    let connection = Connection::open(folder.join("state.db")).unwrap();
    let sql = format!("{sql}; PRAGMA application_id = 7");
    connection.execute_batch(&sql).unwrap();
}

/// What has to come back of a snapshot; its number is another one.
pub fn kept_of(snapshot: &Snapshot) -> Value {
    let Snapshot {
        source,
        at_ms,
        name,
        note,
        is_pinned,
        files,
        bytes,
        revision,
        ..
    } = snapshot;
    let cause = format!("{:?}", snapshot.cause);
    json!([
        source, at_ms, name, note, is_pinned, files, bytes, revision, cause
    ])
}

pub fn kept_of_all(snapshots: &[Snapshot]) -> Vec<Value> {
    let mut kept: Vec<Value> = snapshots.iter().map(kept_of).collect();
    kept.sort_by_key(ToString::to_string);
    kept
}
