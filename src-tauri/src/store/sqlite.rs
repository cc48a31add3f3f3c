//! The store embedded in this machine: one SQLite file in the data folder.
//!
//! One thread writes, each append its own durable commit; reading has connections of its
//! own and waits for nobody. Any number of programs may have the same folder open. Decides
//! nothing about flags, and asks nobody for the time.

pub(crate) mod apart;
mod backup;
mod chain;
pub(crate) mod connection;
pub(crate) use self::revision::{read_via, write_via};
mod folder;
mod index;
mod open;
mod opening;
mod patience;
pub(crate) mod place;
mod recovery;
mod revision;
mod schema;
mod search;
mod write_back;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use flagdeck_core::Trace;

use self::open::{Open, remember};
use self::opening::Settings;
pub use self::recovery::{Recovery, Restored};
use self::writer::Writer;
use super::{
    Actor, Appended, Backup, CheckReport, Draft, Gone, HistoryFilter, HistoryPage, Instead,
    LastChange, Reopened, Revision, RevisionNumber, RevisionSummary, Store, StoreError,
};
use crate::lock::lock;

/// How long to wait for another program's lock: longer than any commit or checkpoint takes
/// on a slow disk, shorter than a person's patience.
const PATIENCE: Duration = Duration::from_secs(5);

/// Revisions in a SQLite file of this machine.
///
/// Dropping it closes everything and ends its thread. What the folder holds:
/// `flagdeck.db` with SQLite's `-wal` and `-shm`; `flagdeck.lock`; `backups/`, the newest
/// ten; `quarantine/`, everything that ever was damaged.
#[derive(Debug)]
pub struct SqliteStore {
    data_dir: PathBuf,
    /// Replaced whole when the store is written back or opened again; calls under way go on with
    /// the one they began on.
    open: ArcSwap<Open>,
}

/// A store that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: SqliteStore,
    /// What had to be done about damage first; people should be told.
    pub recovery: Option<Recovery>,
}

/// Whether a store can be written.
#[derive(Debug)]
enum Access {
    /// Through this thread.
    Writable(Writer),
    /// No, and why.
    ReadOnly(String),
}

/// Returns the version of SQLite that is built in.
pub fn version() -> &'static str {
    rusqlite::version()
}

impl SqliteStore {
    /// Opens the store of a data folder, making both where they are missing. `now_ms` is
    /// the time, in milliseconds since 1970.
    ///
    /// A store that cannot be written opens for reading; [`Store::read_only`] says why.
    /// A damaged one is set aside and replaced by the newest good backup.
    /// Waits up to five seconds for other programs.
    ///
    /// # Errors
    /// [`StoreError::Folder`] where the folder cannot be used, holds another program's
    /// file, or holds a damaged store that another program has open;
    /// [`StoreError::Migration`] where an older format could not be renewed;
    /// [`StoreError::Busy`] where another program is replacing the store and does not end.
    pub fn open(data_dir: &Path, now_ms: i64) -> Result<Opened, StoreError> {
        Self::open_with(
            data_dir,
            &Settings {
                now_ms,
                patience: PATIENCE,
                migrations: schema::MIGRATIONS,
            },
        )
    }

    fn open_with(data_dir: &Path, settings: &Settings) -> Result<Opened, StoreError> {
        let (open, recovery) = Open::enter(data_dir, settings)?;
        Ok(Opened {
            store: Self {
                data_dir: open.folder.path().to_owned(),
                open: ArcSwap::from_pointee(open),
            },
            recovery,
        })
    }

    fn open_now(&self) -> Arc<Open> {
        self.open.load_full()
    }

    /// Goes on with another set of files; those before are closed once no call uses them.
    fn go_on_with(&self, open: Open) {
        let before = self.open.swap(Arc::new(open));
        before.leave();
    }

    fn settings(now_ms: i64) -> Settings {
        Settings {
            now_ms,
            patience: PATIENCE,
            migrations: schema::MIGRATIONS,
        }
    }
}

impl Store for SqliteStore {
    fn head(&self) -> Result<Option<Revision>, StoreError> {
        self.open_now().head()
    }

    fn append(
        &self,
        expected: RevisionNumber,
        draft: Draft,
        trace: Trace,
    ) -> Result<Appended, StoreError> {
        let open = self.open_now();
        let (tail, place) = (Arc::clone(&open.tail), Arc::clone(&open.place));
        let known = Arc::clone(&open.known);
        open.writer()?.run(move |connection| {
            let mut tail = lock(&tail);
            place.check()?;
            let appended = revision::append(connection, expected, &draft, &trace, &mut tail)?;
            // What went into files that were removed meanwhile must not be acknowledged.
            place.check()?;
            if let Appended::Saved(number) = appended {
                remember(&known, connection, number)?;
            }
            Ok(appended)
        })
    }

    fn revision(&self, number: RevisionNumber) -> Result<Option<Revision>, StoreError> {
        revision::load(&self.open_now().reader(), number)
    }

    fn summaries(
        &self,
        before: Option<RevisionNumber>,
        limit: usize,
    ) -> Result<Vec<RevisionSummary>, StoreError> {
        revision::summaries(&self.open_now().reader(), before, limit)
    }

    fn history(
        &self,
        filter: &HistoryFilter,
        offset: usize,
        limit: usize,
    ) -> Result<HistoryPage, StoreError> {
        search::history(&self.open_now().reader(), filter, offset, limit)
    }

    fn actors(&self) -> Result<Vec<Actor>, StoreError> {
        search::actors(&self.open_now().reader())
    }

    fn last_changes(&self, after: RevisionNumber) -> Result<Vec<LastChange>, StoreError> {
        search::last_changes(&self.open_now().reader(), after)
    }

    fn version(&self) -> Result<u64, StoreError> {
        // A connection that never writes: to it every commit is somebody else's, this
        // store's own included.
        let open = self.open_now();
        let watcher = lock(&open.connections.watcher);
        let version: u32 = watcher
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        Ok(version.into())
    }

    fn check(&self) -> Result<CheckReport, StoreError> {
        let open = self.open_now();
        open.place.check()?;
        // A connection of its own, because this can take seconds.
        let connection = open.connections.source.open()?;
        let mut report = revision::audit(&connection)?;
        revision::note(&mut report.problems, index::audit(&connection))?;
        Ok(report)
    }

    fn back_up(&self, now_ms: i64, unless_younger_ms: u64) -> Result<Option<PathBuf>, StoreError> {
        let open = self.open_now();
        open.writer()?;
        open.place.check()?;
        if backup::has_younger(&open.folder, now_ms, unless_younger_ms)? {
            return Ok(None);
        }
        backup::make(&open.folder, &open.connections.source)
    }

    fn backups(&self) -> Result<Vec<Backup>, StoreError> {
        backup::describe(&self.open_now().folder)
    }

    fn backed_up(&self, name: &str) -> Result<Option<Revision>, StoreError> {
        backup::latest(&self.open_now().folder, name)
    }

    fn read_only(&self) -> Option<String> {
        match &self.open_now().connections.access {
            Access::Writable(_) => None,
            Access::ReadOnly(reason) => Some(reason.clone()),
        }
    }

    fn gone(&self) -> Option<Gone> {
        let open = self.open_now();
        let is_intact = open.place.is_intact();
        let is_overwritten = is_intact && write_back::is_overwritten(&open);
        if is_intact && !is_overwritten {
            return None;
        }
        let mut gone = open.place.gone();
        if is_overwritten || matches!(gone.instead, Instead::Something) {
            gone.instead = write_back::look(&open.folder);
        }
        Some(gone)
    }

    fn check_place(&self) -> Result<(), StoreError> {
        let open = self.open_now();
        open.place.check()?;
        match lock(&open.known).is_overwritten {
            true => Err(StoreError::Gone(Gone {
                instead: Instead::Something,
                ..open.place.gone()
            })),
            false => Ok(()),
        }
    }

    fn is_continued(&self) -> Result<bool, StoreError> {
        write_back::is_continued(&self.open_now())
    }

    fn write_back(&self, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
        let settings = Self::settings(now_ms);
        let set_aside = write_back::write_back(&self.open_now(), &settings)?;
        let (open, _) = Open::enter(&self.data_dir, &settings)?;
        self.go_on_with(open);
        Ok(set_aside)
    }

    fn reopen(&self, now_ms: i64) -> Result<Reopened, StoreError> {
        let before = self.open_now();
        // Another thread may have settled it since the caller looked.
        if self.check_place().is_ok() {
            return Ok(Reopened {
                kept: None,
                recovery: None,
            });
        }
        if !before.folder.database().exists() {
            return Err(StoreError::Gone(before.place.gone()));
        }
        let kept = write_back::keep(&before, now_ms)?;
        if before.place.has_database() {
            write_back::part_from_overwritten(&before, &Self::settings(now_ms))?;
        }
        // What is there may have to be renewed first, for which nobody may share its lock.
        before.folder.leave()?;
        match Open::enter(&self.data_dir, &Self::settings(now_ms)) {
            Ok((open, recovery)) => {
                self.go_on_with(open);
                Ok(Reopened {
                    kept,
                    recovery: recovery.map(|recovery| recovery.sentence()),
                })
            }
            Err(error) => {
                before.folder.share()?;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
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

    /// Opens as a program of these migrations does that has hardly any patience.
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
        // Such as nothing can be saved of by packing.
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
                Ok(
                    connection.pragma_update_and_check(
                        None,
                        "max_page_count",
                        pages,
                        |_| Ok(()),
                    )?,
                )
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
        append(&open_as(&place, WITH_A_TAG).expect("a store").store, 10)
            .expect("it can be written");
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
}
