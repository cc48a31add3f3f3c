//! What no other part can see of a store: its pragmas, its locks, its migrations, its limits.

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;

use super::folder::Folder;
use super::schema::Migration;
use super::*;
use crate::store::{Cause, Via};

const WITH_A_TAG: &[Migration] = &followed_by(
    "CREATE TABLE tag (name TEXT PRIMARY KEY) STRICT; INSERT INTO tag VALUES ('kept');",
);
const WITH_A_FAULT: &[Migration] = &followed_by(
    "CREATE TABLE tag (name TEXT PRIMARY KEY) STRICT; INSERT INTO nowhere VALUES (1);",
);

/// The format of this program, and of one with a migration more.
const FORMAT: usize = schema::MIGRATIONS.len();
const NEXT_FORMAT: usize = FORMAT + 1;

/// The migrations of a program with one more.
const fn followed_by(sql: &'static str) -> [Migration; NEXT_FORMAT] {
    let mut migrations = [Migration {
        sql,
        fill: |_| Ok(()),
    }; NEXT_FORMAT];
    let mut index = 0;
    while index < FORMAT {
        migrations[index] = schema::MIGRATIONS[index];
        index += 1;
    }
    migrations
}

fn temporary() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Opens like a program with these migrations and almost no timeout.
fn open_as(place: &TempDir, migrations: &'static [Migration]) -> Result<Opened, StoreError> {
    let settings = Settings {
        now_ms: 0,
        patience: Duration::from_millis(50),
        migrations,
    };
    SqliteStore::open_with(place.path(), &settings)
}

fn open(place: &TempDir) -> SqliteStore {
    let opened = open_as(place, schema::MIGRATIONS).expect("the store opens");
    assert_eq!(opened.recovery, None);
    opened.store
}

fn append(store: &SqliteStore, bytes: usize) -> Result<RevisionNumber, StoreError> {
    // Incompressible bytes.
    let mut document = vec![0; bytes];
    blake3::Hasher::new().finalize_xof().fill(&mut document);
    let draft = Draft {
        at_ms: 0,
        actor: Actor {
            via: Via::Window,
            name: "ada".into(),
        },
        cause: Cause::Edit,
        note: None,
        changes: Vec::new(),
        document: Arc::from(document),
        followed: None,
    };
    let latest = store
        .head()?
        .map_or(RevisionNumber::NONE, |head| head.number);
    match store.append(latest, draft, Trace::default())? {
        Appended::Saved(number) => Ok(number),
        Appended::Conflict(winner) => panic!("revision {} was faster", winner.number),
    }
}

fn assert_sound(store: &SqliteStore, revisions: u64) {
    let report = store.check().expect("everything can be read");
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(report.revisions, revisions);
}

fn raw(place: &TempDir) -> Connection {
    Connection::open(place.path().join("flagdeck.db")).expect("SQLite opens it")
}

fn format(place: &TempDir) -> usize {
    raw(place)
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map(|format: i64| usize::try_from(format).expect("not negative"))
        .expect("a format")
}

fn limit_pages(store: &SqliteStore, pages: u32) {
    let open = store.open_now();
    let writer = open.writer().expect("it can be written");
    writer
        .run(move |connection| {
            Ok(connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)
        })
        .expect("a limit");
}

#[test]
fn every_commit_waits_for_the_disk() {
    let place = temporary();
    let store = open(&place);
    let (synchronous, journal): (i64, String) = store
        .open_now()
        .writer()
        .and_then(|writer| {
            writer.run(|connection| {
                let synchronous =
                    connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
                let journal =
                    connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
                Ok((synchronous, journal))
            })
        })
        .expect("it answers");
    assert_eq!((synchronous, journal.as_str()), (2, "wal"));
}

#[test]
fn a_full_disk_refuses_whole_and_loses_nothing() {
    let place = temporary();
    let store = open(&place);
    append(&store, 100).expect("there is room");
    limit_pages(&store, 30);
    let refused = append(&store, 1_000_000).expect_err("there is no room");
    assert!(matches!(refused, StoreError::DiskFull), "{refused:?}");
    assert_sound(&store, 1);
    limit_pages(&store, 1_000_000);
    assert_eq!(
        append(&store, 1_000_000).expect("there is room again"),
        RevisionNumber(2)
    );
    assert_sound(&store, 2);
}

#[test]
fn a_lock_that_stays_is_an_answer_not_a_wait() {
    let place = temporary();
    let store = open(&place);
    let other = raw(&place);
    other
        .execute_batch("BEGIN IMMEDIATE")
        .expect("the lock is free");
    let refused = append(&store, 10).expect_err("it is locked");
    assert!(matches!(refused, StoreError::Busy), "{refused:?}");
    let second = open(&place);
    assert_eq!(
        second.read_only(),
        None,
        "who writes proves that one can write"
    );
    other.execute_batch("ROLLBACK").expect("a transaction");
    assert_eq!(append(&second, 10).expect("it is free"), RevisionNumber(1));
}

#[test]
fn a_migration_comes_after_a_backup_and_keeps_every_revision() {
    let place = temporary();
    append(&open(&place), 10).expect("it can be written");
    let migrated = open_as(&place, WITH_A_TAG)
        .expect("it can be migrated")
        .store;
    assert_sound(&migrated, 1);
    append(&migrated, 10).expect("it can be written");
    drop(migrated);
    assert_eq!(format(&place), NEXT_FORMAT);
    let tag: String = raw(&place)
        .query_row("SELECT name FROM tag", [], |row| row.get(0))
        .expect("the migration's row");
    assert_eq!(tag, "kept");

    let backups = backup::list(&Folder::enter(place.path()).expect("a folder"));
    let [backup] = &backups.expect("a list")[..] else {
        panic!("one backup");
    };
    assert_eq!(backup.revision, RevisionNumber(1));
    let before = backup::open(&backup.path).expect("it can be read");
    assert_eq!(
        schema::owner(&before).expect("a mark"),
        schema::Owner::Flagdeck { format: FORMAT }
    );
}

#[test]
fn a_failing_migration_leaves_the_file_as_it_was_and_a_backup() {
    let place = temporary();
    append(&open(&place), 10).expect("it can be written");
    let refused = open_as(&place, WITH_A_FAULT).expect_err("the migration is faulty");
    assert!(
        matches!(
            refused,
            StoreError::Migration {
                from: FORMAT,
                to: NEXT_FORMAT,
                ..
            }
        ),
        "{refused:?}"
    );
    let folder = Folder::enter(place.path()).expect("a folder");
    assert_eq!(backup::list(&folder).expect("a list").len(), 1);
    assert!(!place.path().join("quarantine").exists());
    assert_eq!(format(&place), FORMAT);
    let store = open(&place);
    assert_sound(&store, 1);
    append(&store, 10).expect("the older program goes on");
    assert!(
        raw(&place).prepare("SELECT * FROM tag").is_err(),
        "nothing half done"
    );
}

#[test]
fn a_migration_that_fails_while_it_fills_leaves_the_file_as_it_was() {
    const FILLS_BADLY: &[Migration] = &[
        schema::MIGRATIONS[0],
        schema::MIGRATIONS[1],
        schema::MIGRATIONS[2],
        schema::MIGRATIONS[3],
        schema::MIGRATIONS[4],
        schema::MIGRATIONS[5],
        schema::MIGRATIONS[6],
        Migration {
            sql: "CREATE TABLE tag (name TEXT PRIMARY KEY) STRICT;",
            fill: |connection| {
                connection.execute("INSERT INTO tag VALUES ('half')", [])?;
                Err(StoreError::DiskFull)
            },
        },
    ];
    let place = temporary();
    append(&open(&place), 10).expect("it can be written");
    open_as(&place, FILLS_BADLY).expect_err("it cannot be filled");
    assert_eq!(format(&place), FORMAT);
    let store = open(&place);
    append(&store, 10).expect("the older program goes on");
    assert_sound(&store, 2);
}

#[test]
fn a_damaged_revision_stops_a_migration_but_sets_nothing_aside() {
    let place = temporary();
    let store = open(&place);
    append(&store, 10).expect("it can be written");
    append(&store, 10).expect("it can be written");
    drop(store);
    raw(&place)
        .execute_batch(
            "DROP TRIGGER revision_is_never_edited;
             UPDATE revision SET note = 'tampered' WHERE number = 1;",
        )
        .expect("it can be tampered with");
    let refused = open_as(&place, WITH_A_TAG).expect_err("no backup of it verifies");
    assert!(
        matches!(refused, StoreError::Migration { .. }),
        "{refused:?}"
    );
    assert!(!place.path().join("quarantine").exists());
    assert_eq!(format(&place), FORMAT);
}

#[test]
fn a_migration_waits_until_nobody_else_has_the_store_open() {
    let place = temporary();
    let held = open(&place);
    append(&held, 10).expect("it can be written");
    let refused = open_as(&place, WITH_A_TAG).expect_err("somebody has it open");
    assert!(
        refused.to_string().contains("close every Flagdeck window"),
        "{refused}"
    );
    append(&held, 10).expect("the other is not disturbed");
    drop(held);
    let migrated = open_as(&place, WITH_A_TAG).expect("it is free").store;
    assert_sound(&migrated, 2);
}

#[test]
fn an_older_program_reads_a_newer_store_and_changes_nothing() {
    let place = temporary();
    append(&open_as(&place, WITH_A_TAG).expect("a store").store, 10).expect("it can be written");
    let older = open(&place);
    let reason = older.read_only().expect("it cannot write");
    assert!(reason.contains("newer Flagdeck"), "{reason}");
    assert_eq!(
        older.head().expect("it reads").map(|head| head.number.0),
        Some(1)
    );
    assert!(matches!(
        append(&older, 10),
        Err(StoreError::ReadOnly { .. })
    ));
    assert!(matches!(
        older.back_up(0, 0),
        Err(StoreError::ReadOnly { .. })
    ));
    assert_eq!(format(&place), NEXT_FORMAT);
}

#[test]
fn a_damaged_store_that_others_have_open_is_left_to_them() {
    let place = temporary();
    let held = open(&place);
    append(&held, 10).expect("it can be written");
    raw(&place)
        .execute_batch(
            "DROP TRIGGER revision_is_never_edited; UPDATE revision SET note = 'tampered';",
        )
        .expect("it can be tampered with");
    let refused = open_as(&place, schema::MIGRATIONS).expect_err("it is damaged, and held");
    let message = refused.to_string();
    assert!(
        message.contains("revision 1 does not match its hash"),
        "{message}"
    );
    assert!(message.contains("close every Flagdeck window"), "{message}");
    assert!(!place.path().join("quarantine").exists());
    drop(held);
    let opened = open_as(&place, schema::MIGRATIONS).expect("it is free");
    assert!(opened.recovery.is_some());
}

#[test]
fn a_folder_that_somebody_repairs_is_waited_for_then_given_up() {
    let place = temporary();
    let repairer = Folder::enter(place.path()).expect("a folder");
    assert!(repairer.try_alone().expect("locks work"));
    let refused = open_as(&place, schema::MIGRATIONS).expect_err("it is being repaired");
    assert!(matches!(refused, StoreError::Busy), "{refused:?}");
    drop(repairer);
    assert_sound(&open(&place), 0);
}

#[test]
fn closing_leaves_one_file_without_a_log() {
    let place = temporary();
    let store = open(&place);
    append(&store, 10).expect("it can be written");
    assert!(place.path().join("flagdeck.db-wal").exists());
    drop(store);
    assert!(!place.path().join("flagdeck.db-wal").exists());
    assert!(!place.path().join("flagdeck.db-shm").exists());
}

#[test]
fn a_change_that_the_folder_was_removed_under_is_unconfirmed_and_comes_with_the_write_back() {
    let outer = temporary();
    let data_dir = outer.path().join("data");
    let settings = Settings {
        now_ms: 0,
        patience: Duration::from_millis(50),
        migrations: schema::MIGRATIONS,
    };
    let opened = SqliteStore::open_with(&data_dir, &settings).expect("the store opens");
    let store = opened.store;
    append(&store, 100).expect("the folder is there");
    let removed = data_dir.clone();
    let open = store.open_now();
    let writer = open.writer().expect("it can be written");
    writer
        .run(move |connection| {
            // After everything that can refuse it, before it is durable.
            connection.commit_hook(Some(move || {
                std::fs::remove_dir_all(&removed).expect("it can be removed");
                false
            }))?;
            Ok(())
        })
        .expect("a hook");
    let refused = append(&store, 100).expect_err("what is written is lost");
    assert!(matches!(refused, StoreError::Unconfirmed(_)), "{refused:?}");
    let said = refused.to_string();
    assert!(
        said.contains("it is not stored now, but will be if"),
        "{said}"
    );
    let next = append(&store, 100).expect_err("nothing is saved");
    assert!(matches!(next, StoreError::Gone(_)), "{next:?}");
    drop(open);
    store.write_back(0).expect("it can be written back");
    let head = store.head().expect("it can be read").expect("a revision");
    assert_eq!(head.number, RevisionNumber(2));
    assert_sound(&store, 2);
}

/// Half of a checkpoint that a busy disk holds up looks like damage; a file that `cp` wrote over
/// stays like that.
#[test]
fn a_checkpoint_that_is_held_up_is_not_taken_for_another_store() {
    let place = temporary();
    drop(
        (1..=3)
            .map(|_| append(&open(&place), 40_000))
            .collect::<Vec<_>>(),
    );
    let file = place.path().join("flagdeck.db");
    let whole = std::fs::read(&file).expect("a database");
    // Its log is empty.
    let store = open(&place);
    store.head().expect("it can be read");
    assert!(store.gone().is_none());
    let half = || {
        let file = std::fs::OpenOptions::new().write(true).open(&file);
        let written = file.and_then(|file| file.write_all_at(&[7; 8192], 4096));
        written.expect("it can be written");
    };
    half();
    for _ in 0..3 {
        assert!(store.gone().is_none());
        assert!(store.check_place().is_ok());
        std::thread::sleep(Duration::from_millis(30));
    }
    std::fs::write(&file, whole).expect("it can be written");
    assert!(store.gone().is_none());
    half();
    let began = std::time::Instant::now();
    while store.gone().is_none() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "it is not noticed"
        );
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// A checkpoint stops at what a reader reads, and leaves out pages that were written again since:
/// without its log the file may be malformed until the next change completes the checkpoint.
#[test]
fn a_checkpoint_that_stops_at_a_reader_is_not_taken_for_another_store() {
    let place = temporary();
    let store = open(&place);
    let reader = Connection::open(place.path().join("flagdeck.db")).expect("a reader");
    let mut stopped = 0;
    for _ in 0..100 {
        let moment = reader.unchecked_transaction().expect("a transaction");
        revision::latest(&moment).expect("it can be read");
        for _ in 0..5 {
            append(&store, 100).expect("it can be written");
        }
        let (logged, checkpointed) = pages_of(&store);
        stopped += u32::from(0 < checkpointed && checkpointed < logged);
    }
    assert!(stopped > 0, "no checkpoint stopped");
    assert!(store.gone().is_none());
}

/// Pages of the log, and how many of them were checkpointed.
fn pages_of(store: &SqliteStore) -> (i64, i64) {
    let open = store.open_now();
    let pages = |row: &rusqlite::Row<'_>| Ok((row.get(1)?, row.get(2)?));
    let reader = open.reader();
    let pages = reader.query_row("PRAGMA wal_checkpoint(NOOP)", [], pages);
    pages.expect("it can be asked")
}
