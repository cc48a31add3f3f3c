//! SQLite stores on folders of their own: sound ones, and ones that are damaged.

use std::fs;
use std::path::{Path, PathBuf};

use flagdeck::store::sqlite::{Opened, Origin, Recovery, SqliteStore};
use flagdeck::store::{RevisionNumber, Store};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::store_contract::{append, append_many, assert_sound, draft};

/// When each store is opened, in milliseconds since 1970.
pub const NOW_MS: i64 = 1_767_225_600_000;

pub fn temporary() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub fn open(folder: &Path) -> Opened {
    SqliteStore::open(folder, NOW_MS).expect("the store opens")
}

/// Opens a store that nothing is wrong with.
pub fn open_sound(folder: &Path) -> SqliteStore {
    let opened = open(folder);
    assert_eq!(opened.recovery, None);
    opened.store
}

/// Opens a store that something is wrong with.
pub fn open_damaged(folder: &Path) -> (SqliteStore, Recovery) {
    let opened = open(folder);
    let recovery = opened.recovery.expect("the damage is found");
    (opened.store, recovery)
}

pub fn database(folder: &Path) -> PathBuf {
    folder.join("flagdeck.db")
}

/// Changes a closed store as no Flagdeck does.
#[track_caller]
pub fn tamper(folder: &Path, sql: &str) {
    let connection = Connection::open(database(folder)).expect("SQLite opens it");
    connection.execute_batch(sql).expect("it can be changed");
}

/// Leaves a gap in the numbers of a folder's revisions.
pub fn leave_out(folder: &Path, number: u64) {
    let sql = format!(
        "PRAGMA foreign_keys = OFF; DROP TRIGGER revision_is_never_deleted;
         DELETE FROM revision WHERE number = {number};"
    );
    tamper(folder, &sql);
}

/// Marks the store of a folder as written by a newer Flagdeck: this one only reads it.
pub fn mark_as_newer(folder: &Path) {
    tamper(folder, "PRAGMA user_version = 1000");
}

/// The document of the revision after `index` others: pages long, and no word comes twice.
pub fn document(index: usize) -> Vec<u8> {
    let words: String = (0..1500).map(|word| format!("{index}.{word} ")).collect();
    format!("{{\"text\":\"{words}\"}}").into_bytes()
}

/// Fills a folder with three revisions, a backup of the first two among them, and closes it.
pub fn three_revisions_two_in_backup(folder: &Path) {
    let store = open_sound(folder);
    append_many(&store, 2, document);
    store
        .back_up(0, 0)
        .expect("it can be backed up")
        .expect("a backup");
    append_many(&store, 1, |_| document(2));
}

/// Checks that the store went back to its backup, and told so.
pub fn assert_recovered(folder: &Path, expected_damage: &str) -> Recovery {
    let (store, recovery) = open_damaged(folder);
    assert!(recovery.what.contains(expected_damage), "{}", recovery.what);
    let restored = recovery.restored.as_ref().expect("the backup is good");
    assert_eq!(restored.revision, RevisionNumber(2));
    let Origin::Backup(backup) = &restored.origin else {
        panic!("{restored:?}");
    };
    assert!(backup.exists());
    assert_sound(&store, 2);
    let head = store.head().expect("it can be read").expect("it is there");
    assert_eq!(*head.draft.document, *document(1));
    append(&store, 2, draft(b"{}"));
    drop(store);
    assert_sound(&open_sound(folder), 3);
    recovery
}

/// Flips a bit of this word wherever it is, also where SQLite left a copy behind.
pub fn flip(path: &Path, word: &str, bit: u8) {
    let mut bytes = fs::read(path).expect("it can be read");
    let found: Vec<_> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(word.as_bytes()))
        .collect();
    assert!(!found.is_empty(), "{word} is not there");
    for at in found {
        bytes[at] ^= 1 << bit;
    }
    fs::write(path, bytes).expect("it can be written");
}
