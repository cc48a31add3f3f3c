//! What the SQLite store does when files, disks, programs and people misbehave.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use flagdeck::store::sqlite::{Opened, Recovery, SqliteStore};
use flagdeck::store::{
    Actor, Appended, Cause, HistoryFilter, RevisionNumber, Store, StoreError, Via,
};
use flagdeck::{App, ChangeRequest, Options};
use flagdeck_core::{Edit, Trace};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::store_contract::{append, append_many, assert_sound, draft, number_of_head};

/// Where a test that runs in a process of its own finds its folder.
const FOLDER: &str = "FLAGDECK_TEST_FOLDER";

const NOW_MS: i64 = 1_767_225_600_000;

fn temporary() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn open(folder: &Path) -> Opened {
    SqliteStore::open(folder, NOW_MS).expect("the store opens")
}

/// Opens a store that nothing is wrong with.
fn open_sound(folder: &Path) -> SqliteStore {
    let opened = open(folder);
    assert_eq!(opened.recovery, None);
    opened.store
}

/// Opens a store that something is wrong with.
fn open_damaged(folder: &Path) -> (SqliteStore, Recovery) {
    let opened = open(folder);
    let recovery = opened.recovery.expect("the damage is found");
    (opened.store, recovery)
}

fn database(folder: &Path) -> PathBuf {
    folder.join("flagdeck.db")
}

fn files_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry.expect("an entry")))
        .collect();
    names.sort();
    names
}

/// The document of the revision after `index` others: pages long, and no word comes twice.
fn document(index: usize) -> Vec<u8> {
    let words: String = (0..1500).map(|word| format!("{index}.{word} ")).collect();
    format!("{{\"text\":\"{words}\"}}").into_bytes()
}

/// Fills a folder with three revisions, a backup of the first two among them, and closes it.
fn three_revisions_two_in_backup(folder: &Path) {
    let store = open_sound(folder);
    append_many(&store, 2, document);
    store
        .back_up(0, 0)
        .expect("it can be backed up")
        .expect("a backup");
    append_many(&store, 1, |_| document(2));
}

/// Checks that the store went back to its backup, and told so.
fn assert_recovered(folder: &Path, expected_damage: &str) -> Recovery {
    let (store, recovery) = open_damaged(folder);
    assert!(recovery.what.contains(expected_damage), "{}", recovery.what);
    let restored = recovery.restored.as_ref().expect("the backup is good");
    assert_eq!(restored.revision, RevisionNumber(2));
    assert!(restored.backup.exists());
    assert_sound(&store, 2);
    let head = store.head().expect("it can be read").expect("it is there");
    assert_eq!(*head.draft.document, *document(1));
    append(&store, 2, draft(b"{}"));
    drop(store);
    assert_sound(&open_sound(folder), 3);
    recovery
}

/// Flips a bit of this word wherever it is, also where SQLite left a copy behind.
fn flip(path: &Path, word: &str, bit: u8) {
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

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for name in files_in(from) {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            fs::copy(from, to).expect("it can be copied");
        }
    }
}

#[test]
fn garbage_is_set_aside_and_the_backup_takes_its_place() {
    let place = temporary();
    let folder = place.path();
    three_revisions_two_in_backup(folder);
    let garbage = b"this is not a database at all, whatever its name says".repeat(100);
    fs::write(database(folder), &garbage).expect("it can be written");
    fs::write(folder.join("flagdeck.db-wal"), b"nor a log").expect("it can be written");

    let recovery = assert_recovered(folder, "not a database");
    let set_aside = recovery.set_aside.as_ref().expect("it was set aside");
    assert_eq!(fs::read(database(set_aside)).expect("it was kept"), garbage);
    assert_eq!(
        fs::read(set_aside.join("flagdeck.db-wal")).expect("it was kept"),
        b"nor a log"
    );
    assert_eq!(
        recovery
            .sentence()
            .replace(&set_aside.display().to_string(), "…"),
        "The saved flags were damaged (flagdeck.db is not a database). The damaged files \
         were kept and moved to …. The newest good backup took their place: revision 2, \
         saved 2026-01-01 00:00 UTC. Changes made after it are not in force; please check \
         the flags."
    );
}

#[test]
fn without_a_good_backup_the_store_starts_empty_and_says_so() {
    let place = temporary();
    let folder = place.path();
    append_many(&open_sound(folder), 1, document);
    fs::write(database(folder), b"garbage").expect("it can be written");
    let (store, recovery) = open_damaged(folder);
    assert_eq!(recovery.restored, None);
    assert!(
        recovery.sentence().contains("no good backup"),
        "{}",
        recovery.sentence()
    );
    assert_sound(&store, 0);
    append(&store, 0, draft(b"{}"));
}

#[test]
fn a_damaged_backup_is_kept_but_passed_over() {
    let place = temporary();
    let folder = place.path();
    let store = open_sound(folder);
    append_many(&store, 2, document);
    store.back_up(0, 0).expect("it can be backed up");
    append_many(&store, 1, document);
    let newest = store
        .back_up(0, 0)
        .expect("it can be backed up")
        .expect("a backup");
    drop(store);
    flip(&newest, " 1.700 ", 3);
    fs::write(database(folder), b"garbage").expect("it can be written");

    assert_recovered(folder, "not a database");
    assert!(!newest.exists());
    let kept = format!("{}.damaged", newest.display());
    assert!(Path::new(&kept).exists());
}

#[test]
fn a_file_cut_short_is_found_damaged() {
    let whole = temporary();
    three_revisions_two_in_backup(whole.path());
    let length = fs::metadata(database(whole.path()))
        .expect("it exists")
        .len();
    for kept in [
        0,
        1,
        99,
        100,
        512,
        4096,
        length / 2,
        length - 4096,
        length - 1,
    ] {
        let place = temporary();
        copy_folder(whole.path(), place.path());
        let file = fs::OpenOptions::new()
            .write(true)
            .open(database(place.path()));
        file.and_then(|file| file.set_len(kept))
            .expect("it can be cut");
        assert_recovered(place.path(), "flagdeck.db");
    }
}

#[test]
fn a_missing_database_with_backups_is_damage_not_a_fresh_start() {
    let place = temporary();
    three_revisions_two_in_backup(place.path());
    fs::remove_file(database(place.path())).expect("it was there");
    let recovery = assert_recovered(place.path(), "gone");
    assert_eq!(recovery.set_aside, None);
}

#[test]
fn a_missing_log_is_noticed_by_the_backup_that_knew_more() {
    let place = temporary();
    let store = open_sound(place.path());
    append_many(&store, 2, document);
    store.back_up(0, 0).expect("it can be backed up");
    // As it is while the store is open, but without its log.
    let copy = temporary();
    copy_folder(place.path(), copy.path());
    fs::remove_file(copy.path().join("flagdeck.db-wal")).expect("it was there");
    drop(store);
    let (store, recovery) = open_damaged(copy.path());
    assert_eq!(
        recovery.restored.map(|it| it.revision),
        Some(RevisionNumber(2))
    );
    assert_sound(&store, 2);
}

#[test]
fn another_stores_backup_makes_a_sound_store_no_damaged_one() {
    let (mine, other) = (temporary(), temporary());
    append(&open_sound(mine.path()), 0, draft(b"{}"));
    three_revisions_two_in_backup(other.path());
    copy_folder(&other.path().join("backups"), &mine.path().join("backups"));
    assert_sound(&open_sound(mine.path()), 1);
}

#[test]
fn a_log_without_its_database_is_set_aside() {
    let place = temporary();
    let store = open_sound(place.path());
    append_many(&store, 1, document);
    let copy = temporary();
    copy_folder(place.path(), copy.path());
    fs::remove_file(database(copy.path())).expect("it was there");
    let (store, recovery) = open_damaged(copy.path());
    let set_aside = recovery.set_aside.expect("the log was set aside");
    assert!(set_aside.join("flagdeck.db-wal").exists());
    assert_sound(&store, 0);
}

#[test]
fn a_flipped_bit_in_the_latest_document_is_found_at_opening() {
    let whole = temporary();
    three_revisions_two_in_backup(whole.path());
    for (word, bit) in [(" 2.1 ", 0), (" 2.9 ", 1), (" 2.700 ", 7), (" 2.1499 ", 4)] {
        let place = temporary();
        copy_folder(whole.path(), place.path());
        flip(&database(place.path()), word, bit);
        assert_recovered(place.path(), "revision 3 does not match its hash");
    }
}

#[test]
fn a_flipped_bit_in_an_older_document_is_found_by_reading_it_and_by_a_check() {
    let place = temporary();
    three_revisions_two_in_backup(place.path());
    flip(&database(place.path()), " 0.700 ", 5);
    let store = open_sound(place.path());
    assert_eq!(number_of_head(&store), RevisionNumber(3));
    let refused = store
        .revision(RevisionNumber(1))
        .expect_err("it is damaged");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
    assert!(
        store
            .revision(RevisionNumber(2))
            .expect("it can be read")
            .is_some()
    );
    let report = store.check().expect("everything can be read");
    assert_eq!(report.problems, ["revision 1 does not match its hash"]);
    assert_eq!(report.revisions, 2);
    // Nor does it get into a backup.
    let refused = store.back_up(0, 0).expect_err("it does not verify");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
    assert_eq!(
        files_in(&place.path().join("backups")).len(),
        2,
        "a backup and a lock"
    );
}

#[test]
fn no_flipped_bit_anywhere_changes_what_is_read() {
    let whole = temporary();
    three_revisions_two_in_backup(whole.path());
    let bytes = fs::read(database(whole.path())).expect("it can be read");
    // Every part of the file in turn; the header and the table's root more closely.
    let places = (0..110).step_by(3).chain((110..bytes.len()).step_by(797));
    for (round, byte) in places.enumerate() {
        let place = temporary();
        let mut flipped = bytes.clone();
        flipped[byte] ^= 1 << (round % 8);
        fs::write(database(place.path()), flipped).expect("it can be written");
        let Ok(Opened { store, recovery }) = SqliteStore::open(place.path(), NOW_MS) else {
            continue;
        };
        for (index, number) in (1..=3).map(RevisionNumber).enumerate() {
            match store.revision(number) {
                Ok(Some(revision)) => {
                    assert_eq!(*revision.draft.document, *document(index), "byte {byte}");
                }
                Ok(None) => assert!(
                    recovery.is_some() || !store.check().is_ok_and(|it| it.problems.is_empty()),
                    "byte {byte}: revision {number} is gone unnoticed"
                ),
                Err(_) => {}
            }
        }
    }
}

#[test]
fn a_page_of_zeros_never_goes_unnoticed() {
    let whole = temporary();
    three_revisions_two_in_backup(whole.path());
    let bytes = fs::read(database(whole.path())).expect("it can be read");
    for page in 0..bytes.len() / 4096 {
        let place = temporary();
        let mut zeroed = bytes.clone();
        zeroed[page * 4096..(page + 1) * 4096].fill(0);
        fs::write(database(place.path()), zeroed).expect("it can be written");
        let Opened { store, recovery } = open(place.path());
        let report = store.check().expect("everything can be read");
        assert!(
            recovery.is_some() || !report.problems.is_empty(),
            "page {page} went unnoticed"
        );
    }
}

#[test]
fn a_tampered_note_is_refused_in_lists_too() {
    let place = temporary();
    append_many(&open_sound(place.path()), 3, document);
    let connection = Connection::open(database(place.path())).expect("SQLite opens it");
    connection
        .execute_batch(
            "DROP TRIGGER revision_is_never_edited;
             UPDATE revision SET note = 'it was not me' WHERE number = 2;",
        )
        .expect("it can be tampered with");
    drop(connection);
    let store = open_sound(place.path());
    assert_eq!(
        store.summaries(None, 1).expect("the latest is sound").len(),
        1
    );
    let refused = store.summaries(None, 10).expect_err("one was altered");
    assert!(
        refused.to_string().contains("revision 2 does not match"),
        "{refused}"
    );
}

#[test]
fn an_exchanged_row_breaks_the_chain() {
    let (place, other) = (temporary(), temporary());
    append_many(&open_sound(place.path()), 3, document);
    append_many(&open_sound(other.path()), 3, |index| document(index + 10));
    // A whole row, with hashes that match its own fields.
    let connection = Connection::open(database(place.path())).expect("SQLite opens it");
    connection
        .execute_batch(&format!(
            "ATTACH '{}' AS other;
             PRAGMA foreign_keys = OFF;
             DROP TRIGGER revision_is_never_deleted;
             DROP TRIGGER revision_follows_the_latest;
             DELETE FROM revision WHERE number = 2;
             INSERT INTO revision SELECT * FROM other.revision WHERE number = 2;",
            database(other.path()).display()
        ))
        .expect("it can be tampered with");
    drop(connection);
    let report = open_sound(place.path())
        .check()
        .expect("everything can be read");
    for problem in [
        "the definition of revision_is_never_deleted is missing or altered",
        "the definition of revision_follows_the_latest is missing or altered",
        "revision 2 does not follow the revision before it",
        "revision 3 does not follow the revision before it",
    ] {
        assert!(
            report.problems.iter().any(|it| it == problem),
            "{:?}",
            report.problems
        );
    }
}

#[test]
fn another_programs_file_is_refused_and_left_as_it_is() {
    for mark in [0, 0x1234_5678] {
        let place = temporary();
        let connection = Connection::open(database(place.path())).expect("SQLite opens it");
        connection
            .execute_batch(&format!(
                "PRAGMA application_id = {mark}; CREATE TABLE theirs (x)"
            ))
            .expect("a table");
        drop(connection);
        let before = fs::read(database(place.path())).expect("it can be read");
        let refused = SqliteStore::open(place.path(), NOW_MS).expect_err("it is not ours");
        assert!(
            refused.to_string().contains("belongs to another program"),
            "{refused}"
        );
        assert_eq!(
            fs::read(database(place.path())).expect("it can be read"),
            before
        );
        assert!(!place.path().join("quarantine").exists());
    }
}

#[test]
fn a_newer_format_is_read_and_never_written() {
    let place = temporary();
    append_many(&open_sound(place.path()), 2, document);
    let connection = Connection::open(database(place.path())).expect("SQLite opens it");
    connection
        .pragma_update(None, "user_version", 99)
        .expect("it can be written");
    drop(connection);
    let store = open_sound(place.path());
    let reason = store.read_only().expect("it cannot be written");
    assert!(reason.contains("newer Flagdeck"), "{reason}");
    assert_eq!(number_of_head(&store), RevisionNumber(2));
    let refused = store.append(RevisionNumber(2), draft(b"{}"), Trace::default());
    assert!(
        matches!(refused, Err(StoreError::ReadOnly { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_newer_format_that_cannot_be_understood_is_refused_not_set_aside() {
    let place = temporary();
    append_many(&open_sound(place.path()), 2, document);
    let connection = Connection::open(database(place.path())).expect("SQLite opens it");
    connection
        .execute_batch("PRAGMA user_version = 99; ALTER TABLE revision RENAME TO version;")
        .expect("it can be written");
    drop(connection);
    let refused = SqliteStore::open(place.path(), NOW_MS).expect_err("it is unknown");
    assert!(refused.to_string().contains("newer Flagdeck"), "{refused}");
    assert!(!place.path().join("quarantine").exists());
}

/// Everything that revisions are found by.
fn index(folder: &Path) -> Vec<String> {
    let connection = Connection::open(database(folder)).expect("SQLite opens it");
    let mut rows = Vec::new();
    for query in [
        "SELECT revision, folded, '' FROM revision_words ORDER BY 1",
        "SELECT touch.revision, path.name, path.last_revision FROM touch \
         JOIN path ON path.id = touch.path ORDER BY 1, 2",
        "SELECT revision, name_before, name_after FROM rename ORDER BY 1, 2",
    ] {
        let mut statement = connection.prepare(query).expect("the tables are there");
        let row = |row: &rusqlite::Row<'_>| {
            let cell = |index| row.get::<_, rusqlite::types::Value>(index);
            Ok(format!("{:?} {:?} {:?}", cell(0)?, cell(1)?, cell(2)?))
        };
        let found = statement.query_map([], row).expect("they can be read");
        rows.extend(found.map(|row| row.expect("it can be read")));
    }
    rows
}

#[test]
fn a_store_from_before_the_index_gets_the_one_it_would_have_had() {
    let place = temporary();
    let app = App::open(Options::new(place.path())).expect("it opens");
    let path = |name: &str| name.parse().expect("a path");
    let edits = [
        Edit::SetMaster { on: true },
        Edit::SetComponents {
            paths: vec![path("ui")],
            on: true,
        },
        Edit::Move {
            from: path("ui.badges"),
            to: path("search.Marks"),
        },
        Edit::Replace(br#"{"components":{"search":{"Marks":true},"new":{"a":false}}}"#.to_vec()),
    ];
    for edit in edits {
        let request = ChangeRequest {
            edit,
            actor: Actor::new(Via::Window, "ada"),
            note: Some("Über".into()),
            base: None,
        };
        app.flags().change_confirmed(request).expect("it is valid");
    }
    app.flags()
        .undo(&Actor::new(Via::Http, "ada"))
        .expect("there is a step");
    drop(app);
    let expected = index(place.path());
    assert!(
        expected.iter().any(|row| row.contains("search.Marks")),
        "{expected:?}"
    );

    let connection = Connection::open(database(place.path())).expect("SQLite opens it");
    connection
        .execute_batch(
            "DROP INDEX revision_by_actor; DROP TABLE revision_words; DROP TABLE touch;
             DROP TABLE path; DROP TABLE rename; DROP TABLE revision_chain; PRAGMA user_version = 1;
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(replace(replace(sql,
                 'via           TEXT    NOT NULL,',
                 'via           TEXT    NOT NULL CHECK (via IN (''window'', ''flagctl'', ''http'')),'),
                 'cause         TEXT    NOT NULL,',
                 'cause         TEXT    NOT NULL CHECK (cause IN (''edit'', ''import'', ''undo'', ''redo'', ''restore'')),'),
                 'cause_of      INTEGER,',
                 'cause_of      INTEGER CHECK ((cause IN (''undo'', ''redo'', ''restore'')) = (cause_of IS NOT NULL)),')
             WHERE name = 'revision';",
        )
        .expect("as a program before it left the file");
    drop(connection);
    let store = open_sound(place.path());
    assert_sound(&store, 5);
    drop(store);
    assert_eq!(index(place.path()), expected);
}

/// Written by the last version of format 3: an import, an edit, its undo and redo, and a restore.
#[test]
fn a_store_of_format_3_is_brought_to_this_one_with_all_it_holds() {
    let place = temporary();
    fs::copy(
        "tests/fixtures/flagdeck-format-3.db",
        database(place.path()),
    )
    .expect("it is copied");
    let before = index(place.path());
    let hashes = |connection: &Connection| -> Vec<Vec<u8>> {
        let mut statement = connection
            .prepare("SELECT hash FROM revision ORDER BY number")
            .expect("a table");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("hashes")
    };
    let raw = || Connection::open(database(place.path())).expect("SQLite opens it");
    let hashes_before = hashes(&raw());

    let store = open_sound(place.path());
    assert_sound(&store, 5);
    let summaries = store.summaries(None, 10).expect("they are readable");
    let causes: Vec<Cause> = summaries
        .iter()
        .rev()
        .map(|summary| summary.cause)
        .collect();
    let of = RevisionNumber;
    assert_eq!(
        causes,
        [
            Cause::Import,
            Cause::Edit,
            Cause::Undo(of(2)),
            Cause::Redo(of(2)),
            Cause::Restore(of(1)),
        ]
    );
    assert_eq!(summaries[4].note.as_deref(), Some("Übernahme"));
    drop(store);
    assert_eq!(index(place.path()), before);
    assert_eq!(hashes(&raw()), hashes_before);
    for check in ["integrity_check", "foreign_key_check"] {
        let raw = raw();
        let mut statement = raw.prepare(&format!("PRAGMA {check}")).expect("a pragma");
        let said: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .and_then(Iterator::collect)
            .expect("an answer");
        assert!(said.is_empty() || said == ["ok"], "{check}: {said:?}");
    }

    let app = App::open(Options::new(place.path())).expect("it opens");
    app.flags()
        .undo(&Actor::new(Via::Window, "ada"))
        .expect("there is a step");
    assert_eq!(app.flags().live().revision, RevisionNumber(6));
    assert_eq!(
        app.check().expect("it is readable").problems,
        Vec::<String>::new()
    );
}

#[test]
fn a_check_finds_what_the_index_has_too_little_or_too_much() {
    for (tampering, said) in [
        ("DELETE FROM revision_words WHERE revision = 2", "1 short"),
        (
            "INSERT INTO rename VALUES ('a', 'b', 9)",
            "names what is not there, 1 times",
        ),
    ] {
        let place = temporary();
        append_many(&open_sound(place.path()), 3, document);
        let connection = Connection::open(database(place.path())).expect("SQLite opens it");
        connection
            .execute_batch(&format!("PRAGMA foreign_keys = OFF; {tampering}"))
            .expect("it can be tampered with");
        drop(connection);
        let report = open_sound(place.path()).check().expect("it can be read");
        let [problem] = report.problems.as_slice() else {
            panic!("one problem: {:?}", report.problems);
        };
        assert!(problem.contains(said), "{problem}");
    }
}

#[test]
fn what_is_found_is_checked_against_its_hash() {
    let place = temporary();
    append_many(&open_sound(place.path()), 3, document);
    let connection = Connection::open(database(place.path())).expect("SQLite opens it");
    connection
        .execute_batch(
            "DROP TRIGGER revision_is_never_edited;
             UPDATE revision SET actor = 'eve' WHERE number = 2;",
        )
        .expect("it can be tampered with");
    drop(connection);
    let store = open_sound(place.path());
    let filter = HistoryFilter {
        name: Some("eve".into()),
        ..HistoryFilter::default()
    };
    let refused = store.history(&filter, 0, 10).expect_err("it was altered");
    assert!(
        refused
            .to_string()
            .contains("revision 2 does not match its hash"),
        "{refused}"
    );
}

#[test]
fn a_recovery_cut_short_is_finished_with_all_files_together() {
    let place = temporary();
    let folder = place.path();
    three_revisions_two_in_backup(folder);
    // The log was moved already; without it the database looks sound.
    let unfinished = folder.join("quarantine/.unfinished");
    fs::create_dir_all(&unfinished).expect("a folder");
    fs::write(unfinished.join("flagdeck.db-wal"), b"moved").expect("it can be written");
    let recovery = assert_recovered(folder, "cut short");
    let set_aside = recovery.set_aside.expect("it was set aside");
    assert_eq!(files_in(&set_aside), ["flagdeck.db", "flagdeck.db-wal"]);
    assert!(!unfinished.exists());
}

#[test]
fn what_is_set_aside_never_replaces_what_was() {
    let place = temporary();
    let folder = place.path();
    for _ in 0..3 {
        fs::write(database(folder), b"garbage").expect("it can be written");
        open_damaged(folder);
    }
    assert_eq!(files_in(&folder.join("quarantine")).len(), 3);
}

#[test]
fn the_log_of_a_damaged_store_is_set_aside_untouched() {
    let place = temporary();
    append_many(&open_sound(place.path()), 2, document);
    let store = open_sound(place.path());
    let crashed = temporary();
    copy_folder(place.path(), crashed.path());
    drop(store);
    flip(&database(crashed.path()), " 1.700 ", 6);
    let log = fs::read(crashed.path().join("flagdeck.db-wal")).expect("it is there");
    assert!(!log.is_empty());
    let (_, recovery) = open_damaged(crashed.path());
    let set_aside = recovery.set_aside.expect("it was set aside");
    let kept = fs::read(set_aside.join("flagdeck.db-wal")).expect("it was kept");
    assert!(kept == log);
}

#[test]
fn of_many_who_find_the_damage_one_repairs_it() {
    let place = temporary();
    let folder = place.path();
    three_revisions_two_in_backup(folder);
    fs::write(database(folder), b"garbage").expect("it can be written");
    let opened: Vec<Opened> = thread::scope(|scope| {
        let openers: Vec<_> = (0..6).map(|_| scope.spawn(|| open(folder))).collect();
        openers
            .into_iter()
            .map(|it| it.join().expect("it opens"))
            .collect()
    });
    assert_eq!(opened.iter().filter(|it| it.recovery.is_some()).count(), 1);
    assert_eq!(files_in(&folder.join("quarantine")).len(), 1);
    for Opened { store, .. } in &opened {
        append_many(store, 1, document);
    }
    assert_sound(&opened[0].store, 2 + opened.len() as u64);
}

#[test]
fn a_backup_is_a_whole_store_in_one_file() {
    let place = temporary();
    let store = open_sound(place.path());
    assert_eq!(
        store.back_up(0, 0).expect("nothing to do"),
        None,
        "of nothing"
    );
    append_many(&store, 3, document);
    let backup = store
        .back_up(0, 0)
        .expect("it can be backed up")
        .expect("a backup");
    assert_eq!(
        store.back_up(0, 0).expect("nothing to do"),
        None,
        "of the same"
    );
    append_many(&store, 1, document);
    assert!(store.back_up(0, 0).expect("it can be backed up").is_some());

    let elsewhere = temporary();
    fs::copy(backup, database(elsewhere.path())).expect("it can be copied");
    let copy = open_sound(elsewhere.path());
    assert_sound(&copy, 3);
    append_many(&copy, 1, document);
}

#[test]
fn the_newest_ten_backups_are_kept() {
    let place = temporary();
    let store = open_sound(place.path());
    // What a crash in the middle of a backup leaves behind.
    fs::create_dir(place.path().join("backups")).expect("a folder");
    fs::write(place.path().join("backups/.tmp"), b"half").expect("it can be written");
    fs::write(place.path().join("backups/.tmp-journal"), b"half").expect("it can be written");
    for _ in 0..12 {
        append_many(&store, 1, |_| b"{}".to_vec());
        store
            .back_up(0, 0)
            .expect("it can be backed up")
            .expect("a backup");
    }
    let mut names = files_in(&place.path().join("backups"));
    names.retain(|name| name != ".lock");
    let numbers: Vec<_> = names.iter().map(|name| name[..11].to_owned()).collect();
    let expected: Vec<_> = (3..=12).map(|number| format!("r{number:010}")).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn backups_and_appends_do_not_disturb_each_other() {
    let place = temporary();
    let store = open_sound(place.path());
    append_many(&store, 1, document);
    let ended = AtomicBool::new(false);
    let backups = thread::scope(|scope| {
        let backing_up = scope.spawn(|| {
            let mut backups = 0;
            while !ended.load(Ordering::Relaxed) || backups == 0 {
                backups += usize::from(store.back_up(0, 0).expect("it can be backed up").is_some());
            }
            backups
        });
        append_many(&store, 60, document);
        ended.store(true, Ordering::Relaxed);
        backing_up.join().expect("no panic")
    });
    assert!(backups > 0);
    assert_sound(&store, 61);
}

/// Runs one of the ignored tests below in a process of its own.
fn in_own_process(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test program"));
    command
        .args(["--ignored", "--exact", "--nocapture", test])
        .env(FOLDER, folder);
    command
}

pub fn folder_of_own_process() -> PathBuf {
    std::env::var_os(FOLDER)
        .expect("run by another test")
        .into()
}

#[test]
fn programs_at_once_lose_nothing() {
    let place = temporary();
    let store = open_sound(place.path());
    let seen = store.version().expect("it can be read");
    let mut programs: Vec<_> = (0..3)
        .map(|_| {
            in_own_process("store_sqlite::append_thirty", place.path())
                .stdout(Stdio::null())
                .spawn()
                .expect("it starts")
        })
        .collect();
    append_many(&store, 30, document);
    for program in &mut programs {
        assert!(program.wait().expect("it ends").success());
    }
    assert_sound(&store, 120);
    assert_ne!(store.version().expect("it can be read"), seen);
}

#[test]
#[ignore = "a process of another test"]
fn append_thirty() {
    append_many(&open_sound(&folder_of_own_process()), 30, document);
}

#[test]
fn killed_at_any_moment_it_has_all_it_acknowledged() {
    const KILLS: usize = 12;
    let place = temporary();
    let mut acknowledged = 0;
    for round in 0..KILLS {
        let mut child = in_own_process("store_sqlite::append_until_killed", place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        // Killed after a different number of appends each time, wherever the next one is.
        let mut wanted = round * 7 % 40 + 1;
        let mut seen = |line: &str| {
            if let Some(number) = line.strip_prefix("saved ") {
                acknowledged = number.parse().expect("a number");
                wanted = wanted.saturating_sub(1);
            }
            wanted == 0
        };
        let enough = lines.by_ref().any(|line| seen(&line.expect("a line")));
        assert!(enough, "the child ended by itself");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        // What it still said before it died counts too.
        for line in lines.map_while(Result::ok) {
            seen(&line);
        }
    }
    assert!(acknowledged >= KILLS as u64);
    let store = open_sound(place.path());
    let RevisionNumber(latest) = number_of_head(&store);
    // One append per kill can have become durable without anybody being told.
    assert!(
        latest >= acknowledged,
        "{acknowledged} acknowledged, {latest} there"
    );
    assert!(latest <= acknowledged + 1);
    assert_sound(&store, latest);
}

#[test]
#[ignore = "the process that is killed by another test"]
fn append_until_killed() {
    let store = open_sound(&folder_of_own_process());
    let mut latest = number_of_head(&store);
    loop {
        let document = document(latest.0 as usize);
        match store
            .append(latest, draft(&document), Trace::default())
            .expect("it can be written")
        {
            Appended::Saved(number) => latest = number,
            Appended::Conflict(winner) => panic!("revision {} was faster", winner.number),
        }
        writeln!(std::io::stdout(), "\nsaved {latest}").expect("a pipe");
    }
}

/// Runs an ignored test in a process that has a disk of one mebibyte for its folder.
/// Passes, and says so, where this machine lets nobody mount one.
#[expect(clippy::print_stderr, reason = "tells that a test was skipped")]
pub fn on_a_small_disk(test: &str) {
    const MOUNT: &str = "mount -t tmpfs -o size=1m none \"$FLAGDECK_TEST_FOLDER\"";
    let place = temporary();
    let contained = |script: &str| {
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .env(FOLDER, place.path());
        command
    };
    if !contained(MOUNT)
        .output()
        .is_ok_and(|it| it.status.success())
    {
        eprintln!("skipped: this machine lets nobody mount a disk");
        return;
    }
    let inner = in_own_process(test, place.path());
    let output = contained(&format!("{MOUNT} && exec \"$@\""))
        .arg(inner.get_program())
        .args(inner.get_args())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    on_a_small_disk("store_sqlite::fill_the_disk");
}

#[test]
#[ignore = "runs on the small disk of another test"]
fn fill_the_disk() {
    let folder = folder_of_own_process();
    let store = open_sound(&folder);
    let mut saved = 0;
    let refused = loop {
        match store.append(
            RevisionNumber(saved),
            draft(&document(saved as usize)),
            Trace::default(),
        ) {
            Ok(_) => saved += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::DiskFull), "{refused:?}");
    assert!(saved > 10);
    assert_sound(&store, saved);
    let refused = store.back_up(0, 0).expect_err("there is no room");
    assert!(matches!(refused, StoreError::DiskFull), "{refused:?}");
    assert_eq!(files_in(&folder.join("backups")), [".lock"]);
    drop(store);

    assert_sound(&open_sound(&folder), saved);
}

#[test]
fn a_store_opened_on_a_full_disk_is_read_and_says_so() {
    on_a_small_disk("store_sqlite::open_on_a_filled_disk");
}

#[test]
#[ignore = "runs on the small disk of another test"]
fn open_on_a_filled_disk() {
    let folder = folder_of_own_process();
    append_many(&open_sound(&folder), 2, document);
    let ballast = folder.join("ballast");
    let mut file = fs::File::create(&ballast).expect("names are free");
    while file.write(&[0; 512]).is_ok() {}
    drop(file);

    let store = open_sound(&folder);
    let reason = store.read_only().expect("it cannot be written");
    assert!(reason.contains("the disk is full"), "{reason}");
    assert_sound(&store, 2);
    let refused = store.append(RevisionNumber(2), draft(b"{}"), Trace::default());
    assert!(
        matches!(refused, Err(StoreError::ReadOnly { .. })),
        "{refused:?}"
    );
    drop(store);

    fs::remove_file(ballast).expect("it is there");
    let store = open_sound(&folder);
    append_many(&store, 1, document);
    assert_sound(&store, 3);
}

#[test]
fn a_write_protected_folder_is_read_and_says_so() {
    on_a_small_disk("store_sqlite::protect_the_disk");
}

#[test]
#[ignore = "runs on the small disk of another test"]
fn protect_the_disk() {
    let disk = folder_of_own_process();
    let (closed, crashed) = (disk.join("closed"), disk.join("crashed"));
    let store = open_sound(&closed);
    append_many(&store, 2, document);
    copy_folder(&closed, &crashed);
    drop(store);
    let protected = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&disk)
        .status();
    assert!(protected.is_ok_and(|status| status.success()));

    for folder in [&closed, &crashed] {
        let store = open_sound(folder);
        let reason = store.read_only().expect("it cannot be written");
        assert!(reason.contains("write-protected"), "{reason}");
        assert_sound(&store, 2);
        store.version().expect("it can be read");
        let refused = store.append(RevisionNumber(2), draft(b"{}"), Trace::default());
        assert!(
            matches!(refused, Err(StoreError::ReadOnly { .. })),
            "{refused:?}"
        );
    }
    let refused = SqliteStore::open(&disk.join("missing"), NOW_MS).expect_err("it cannot be made");
    assert!(
        refused.to_string().contains("write-protected disk"),
        "{refused}"
    );
    let refused = SqliteStore::open(&disk, NOW_MS).expect_err("there is no store");
    assert!(
        refused.to_string().contains("there is no store yet"),
        "{refused}"
    );
}

/// Documents that are kept as what changed come back to the byte, in any order, and one altered
/// bit is noticed.
#[test]
fn large_documents_come_back_to_the_byte() {
    let place = temporary();
    let store = open_sound(place.path());
    let document = |number: u64| -> Vec<u8> {
        let components: serde_json::Map<String, serde_json::Value> = (0..1000)
            .map(|n| {
                (
                    format!("component{n:04}"),
                    (n % 7 < number % 7 || n == number).into(),
                )
            })
            .collect();
        let note = if number.is_multiple_of(50) { "  " } else { "" };
        let components = serde_json::Value::Object(components);
        format!("{{\"enabled\":true,{note}\"components\":{components}}}").into_bytes()
    };
    for number in 1..=150 {
        let draft = draft(&document(number));
        let saved = store.append(RevisionNumber(number - 1), draft, Trace::default());
        assert!(matches!(saved, Ok(Appended::Saved(_))), "{saved:?}");
    }
    for number in (1..=150).map(|n| n * 37 % 151) {
        let found = store.revision(RevisionNumber(number)).unwrap().unwrap();
        assert_eq!(
            &*found.draft.document,
            &document(number)[..],
            "revision {number}"
        );
    }
    assert_eq!(store.check().unwrap().problems, Vec::<String>::new());
    let bytes = std::fs::metadata(place.path().join("flagdeck.db"))
        .unwrap()
        .len();
    assert!(bytes < 150 * 21 * 1024 / 4, "{bytes} bytes");
}
