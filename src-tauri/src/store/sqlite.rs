//! The store embedded in this machine: one SQLite file in the data folder.
//!
//! One thread writes, each append in its own durable commit; readers have separate connections and
//! never wait. Any number of programs may have the same folder open. Decides nothing about flags,
//! and does not read the clock.

mod backup;
pub(crate) mod certainty;
mod chain;
pub(crate) mod commits;
pub(crate) mod connection;
pub(crate) mod side;
pub(crate) use self::revision::{Hash, NO_HASH, read_via, seal, write_via};
mod copies;
mod folder;
mod followed;
pub mod holders;
mod index;
mod open;
mod opening;
mod patience;
pub(crate) mod place;
pub mod quarantine;
mod recovery;
mod revision;
mod salvage;
mod schema;
mod search;
mod whole;
mod write_back;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use flagdeck_core::Trace;
use rusqlite::Connection;

use self::chain::Tail;
use self::commits::Commit;
use self::open::{Open, remember};
use self::opening::Settings;
use self::quarantine::{Quarantined, Remains};
pub use self::recovery::{Origin, Recovery, Restored};
use self::writer::Writer;
use super::{
    Actor, Appended, Backup, CheckReport, Draft, FoundRevisions, Gone, HistoryFilter, HistoryPage,
    Instead, LastChange, Reopened, Revision, RevisionNumber, RevisionSpan, RevisionSummary,
    Revisions, Store, StoreError,
};
use crate::lock::lock;

/// How long to wait for another program's lock: longer than any commit or checkpoint takes
/// on a slow disk, shorter than a person's patience.
const PATIENCE: Duration = Duration::from_secs(5);

/// Revisions in a SQLite file of this machine.
///
/// Dropping it closes everything and ends its thread. What the folder holds: `flagdeck.db` with
/// SQLite's `-wal` and `-shm`, and a note of the latest commit in `-commits`; `flagdeck.lock`; `backups/`, the newest ten; `quarantine/`,
/// everything that ever was damaged or replaced.
#[derive(Debug)]
pub struct SqliteStore {
    data_dir: PathBuf,
    /// Replaced whole when the store is written back or opened again; running calls continue with
    /// the one they began on.
    open: ArcSwap<Open>,
}

/// A store that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: SqliteStore,
    /// A notice for people about a recovery from damage.
    pub recovery: Option<Recovery>,
}

/// What a write returns, with the latest revision that it committed and the commit, if it did.
type Committed<T> = (T, Option<(RevisionNumber, Commit)>);

/// Whether a store can be written.
#[derive(Debug)]
enum Access {
    /// Through this thread.
    Writable(Writer),
    /// No, and why.
    ReadOnly(String),
    /// No, and why; this can pass.
    ReadOnlyForNow(String),
}

/// Returns the version of SQLite that is built in.
pub fn version() -> &'static str {
    rusqlite::version()
}

impl SqliteStore {
    /// Opens the store of a data folder, and creates both if they are missing. `now_ms` is the
    /// time, in milliseconds since 1970.
    ///
    /// A store that cannot be written opens for reading; [`Store::read_only`] says why. A damaged
    /// one is moved to quarantine and replaced by the newest good backup. Waits up to five seconds
    /// for other programs.
    ///
    /// # Errors
    /// [`StoreError::Folder`] if the folder cannot be used, holds another program's file, or holds
    /// a damaged store that another program has open; [`StoreError::Migration`] if an older format
    /// could not be migrated; [`StoreError::Busy`] if another program is replacing the store and
    /// does not end.
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

    /// Runs, on the thread that writes, what may commit revisions: it gets the chain of documents
    /// as of the last one, and returns the latest that it committed, if it did.
    fn commit<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Connection, &mut Option<Tail>) -> Result<Committed<T>, StoreError>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        let open = self.open_now();
        if write_back::is_overwritten_for_sure(&open)? {
            return Err(StoreError::Gone(open.overwritten()));
        }
        let (tail, place) = (Arc::clone(&open.tail), Arc::clone(&open.place));
        let (known, note) = (Arc::clone(&open.known), Arc::clone(&open.note));
        open.writer()?.run(move |connection| {
            let mut tail = lock(&tail);
            place.check()?;
            let (written, committed) = write(connection, &mut tail)
                .map_err(|error| certainty::judge(place.database(), error))?;
            let Some((latest, commit)) = committed else {
                place.check()?;
                return Ok(written);
            };
            // A commit to files that were removed by then must not be acknowledged.
            place.confirm()?;
            remember(&known, connection, latest)?;
            note.write(commit);
            Ok(written)
        })
    }

    /// Switches to another set of files; the former are closed when no call uses them.
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
        self.commit(move |connection, tail| {
            let (appended, commit) = revision::append(connection, expected, &draft, &trace, tail)?;
            let committed = match appended {
                Appended::Saved(number) => commit.map(|commit| (number, commit)),
                Appended::Conflict(_) => None,
            };
            Ok((appended, committed))
        })
    }

    fn revision(&self, number: RevisionNumber) -> Result<Option<Revision>, StoreError> {
        self.open_now()
            .read(|reader| revision::load(reader, number))
    }

    fn summaries(
        &self,
        before: Option<RevisionNumber>,
        limit: usize,
    ) -> Result<Vec<RevisionSummary>, StoreError> {
        self.open_now()
            .read(|reader| revision::summaries(reader, before, limit))
    }

    fn history(
        &self,
        filter: &HistoryFilter,
        offset: usize,
        limit: usize,
    ) -> Result<HistoryPage, StoreError> {
        self.open_now()
            .read(|reader| search::history(reader, filter, offset, limit))
    }

    fn actors(&self) -> Result<Vec<Actor>, StoreError> {
        self.open_now().read(search::actors)
    }

    fn last_changes(&self, after: RevisionNumber) -> Result<Vec<LastChange>, StoreError> {
        self.open_now()
            .read(|reader| search::last_changes(reader, after))
    }

    fn version(&self) -> Result<u64, StoreError> {
        // A connection that never writes: its data version counts every commit, also those of this
        // store.
        let open = self.open_now();
        let watcher = lock(&open.connections.watcher);
        open.place.version(&watcher)
    }

    fn check(&self) -> Result<CheckReport, StoreError> {
        let open = self.open_now();
        open.place.check()?;
        // Separate connections, because this can take seconds.
        let source = &open.connections.source;
        audited(&source.path, || {
            let connection = source.open()?;
            let mut report = revision::audit(&connection)?;
            revision::note(&mut report.problems, index::audit(&connection))?;
            Ok(report)
        })
    }

    fn back_up(&self, now_ms: i64, unless_younger_ms: u64) -> Result<Option<PathBuf>, StoreError> {
        let open = self.open_now();
        open.writer()?;
        open.place.check()?;
        if backup::has_younger(&open.folder, now_ms, unless_younger_ms)? {
            return Ok(None);
        }
        let source = &open.connections.source;
        certainty::look(&source.path, || backup::make(&open.folder, source))
    }

    fn backups(&self) -> Result<Vec<Backup>, StoreError> {
        backup::describe(&self.open_now().folder)
    }

    fn check_backup(&self, name: &str) -> Result<Option<CheckReport>, StoreError> {
        let Some(path) = backup::find(&self.open_now().folder, name)? else {
            return Ok(None);
        };
        let mut report = audited(&path, || revision::audit(&backup::open(&path)?))?;
        report.problems.extend(backup::missing_end(&path)?);
        Ok(Some(report))
    }

    fn backed_up(&self, name: &str) -> Result<Option<Revision>, StoreError> {
        backup::latest(&self.open_now().folder, name)
    }

    fn examine(&self, entry: &Quarantined) -> Result<FoundRevisions, StoreError> {
        let remains = Remains::open(entry)?;
        // A separate connection, because this can take seconds.
        let own = self.open_now().connections.source.open()?;
        salvage::examine(&remains, &own)
    }

    fn latest_set_aside(&self, entry: &Quarantined) -> Result<Option<Revision>, StoreError> {
        salvage::latest_sound(&Remains::open(entry)?)
    }

    fn take_back(&self, entry: &Quarantined) -> Result<Option<RevisionSpan>, StoreError> {
        let open = self.open_now();
        if write_back::is_overwritten_for_sure(&open)? {
            return Err(StoreError::Gone(open.overwritten()));
        }
        let remains = Remains::open(entry)?;
        let (tail, place) = (Arc::clone(&open.tail), Arc::clone(&open.place));
        let known = Arc::clone(&open.known);
        open.writer()?.run(move |connection| {
            // The chain is another one afterwards.
            *lock(&tail) = None;
            place.check()?;
            let taken = salvage::append(connection, &remains)
                .map_err(|error| certainty::judge(place.database(), error))?;
            place.confirm()?;
            if let Some(span) = taken {
                remember(&known, connection, span.last)?;
            }
            Ok(taken)
        })
    }

    fn each_revision(
        &self,
        each: &mut dyn FnMut(Revision, Hash) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let open = self.open_now();
        open.place.check()?;
        // A separate connection, because this can take seconds.
        let connection = open.connections.source.open()?;
        whole::each(&connection, each)
    }

    fn begin_with(&self, revisions: Revisions) -> Result<Option<RevisionNumber>, StoreError> {
        self.commit(move |connection, tail| {
            *tail = None;
            let begun = whole::begin(connection, revisions)?;
            Ok((begun.map(|(last, _)| last), begun))
        })
    }

    fn read_only(&self) -> Option<String> {
        match &self.open_now().connections.access {
            Access::Writable(_) => None,
            Access::ReadOnly(reason) | Access::ReadOnlyForNow(reason) => Some(reason.clone()),
        }
    }

    fn write_again(&self, now_ms: i64) -> Result<bool, StoreError> {
        let before = self.open_now();
        let is_passing = matches!(before.connections.access, Access::ReadOnlyForNow(_));
        if !is_passing || !before.place.is_intact() {
            return Ok(false);
        }
        let (open, _) = Open::enter(&self.data_dir, &Self::settings(now_ms))?;
        let is_writable = matches!(open.connections.access, Access::Writable(_));
        if is_writable {
            self.go_on_with(open);
        }
        Ok(is_writable)
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
            true => Err(StoreError::Gone(open.overwritten())),
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
        // Another thread may have resolved it since the caller checked.
        if self.check_place().is_ok() {
            return Ok(Reopened {
                kept: None,
                recovery: None,
            });
        }
        if !folder::is_there(&before.folder.database())? {
            return Err(StoreError::Gone(before.place.gone()));
        }
        let kept = write_back::keep(&before, now_ms)?;
        if before.place.has_database() {
            write_back::part_from_overwritten(&before, &Self::settings(now_ms))?;
        }
        // The other store may need a migration first, which needs its lock exclusively.
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

/// Makes sure that the problems of a report are no failures of the disk.
fn audited(
    path: &Path,
    audit: impl Fn() -> Result<CheckReport, StoreError>,
) -> Result<CheckReport, StoreError> {
    let (revisions, problems) = certainty::check(path, || {
        let report = audit()?;
        Ok((report.revisions, report.problems))
    })?;
    Ok(CheckReport {
        revisions,
        problems,
    })
}

#[cfg(test)]
mod tests;
