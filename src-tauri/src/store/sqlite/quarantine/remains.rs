//! Reading what is left in an entry of the quarantine, without changing it.
//!
//! A database without a log is read as it is, as a file that cannot change. One with a log is
//! copied first, because SQLite writes beside a log to read it. The copies of a program that was
//! killed are removed by the next one that makes a copy.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::{Database, Quarantined};
use crate::private;
use crate::store::StoreError;
use crate::store::sqlite::certainty;
use crate::store::sqlite::connection::{self, Source};
use crate::store::sqlite::folder::{self, file_failed};
use crate::store::sqlite::place::beside;

/// What the names of copies begin with.
const COPY: &str = ".copy-";

/// Locked by each program that reads a copy.
const LOCK: &str = ".copies.lock";

/// A database in quarantine, open to be read.
#[derive(Debug)]
pub(crate) struct Remains {
    // Closed before its copy is removed.
    connection: Connection,
    _copy: Option<PrivateCopy>,
}

impl Remains {
    /// Opens an entry.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if it is no database, or one that SQLite cannot open;
    /// [`StoreError::File`] if it cannot be read or copied, [`StoreError::DiskFull`].
    pub(crate) fn open(entry: &Quarantined) -> Result<Self, StoreError> {
        Self::opened(entry).map_err(|error| match error {
            StoreError::Damaged { what } => StoreError::Unreadable { what },
            other => other,
        })
    }

    fn opened(entry: &Quarantined) -> Result<Self, StoreError> {
        let database = database_file(entry);
        let is_file = fs::symlink_metadata(&database).is_ok_and(|found| found.is_file());
        if !is_file || folder::length(&database)? == 0 {
            return Err(StoreError::damaged("there is no database in it"));
        }
        let copy = match has_log(&database)? {
            true => Some(PrivateCopy::make(entry, &database)?),
            false => None,
        };
        let connection = match &copy {
            // A copy may be rolled back, if that is what its journal is for.
            Some(copy) => connection::writing(&copy.database, false, Duration::ZERO)?,
            None => as_it_is(database).open()?,
        };
        // Fails for a file that is no database.
        let tables = "SELECT count(*) FROM sqlite_schema";
        connection.query_row(tables, [], |_| Ok(()))?;
        Ok(Self {
            connection,
            _copy: copy,
        })
    }

    /// Fails if a table that holds everything else cannot be read.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], which says that of `what`.
    pub(crate) fn check(&self, sql: &str, what: &str) -> Result<(), StoreError> {
        let prepared = self.connection.prepare(sql).map(drop);
        let prepared = read_if_sound(prepared.map_err(Into::into))?;
        prepared.ok_or_else(|| Self::unreadable(what))
    }

    /// Makes the error for an entry of which nothing of a kind can be read.
    pub(crate) fn unreadable(what: &str) -> StoreError {
        StoreError::Unreadable {
            what: format!("its {what} cannot be read"),
        }
    }

    /// Returns the connection, on which nothing can be assumed to be sound.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// Returns what was read, if it could be: what is damaged, missing or of a wrong kind is `None`.
///
/// # Errors
/// Those that say nothing of the file, such as a failed disk.
pub(crate) fn read_if_sound<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(error) if certainty::is_failed_disk(&error) => Err(error),
        // What else SQLite calls an error is a table or column that is not there.
        Err(StoreError::Damaged { .. } | StoreError::Sqlite(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn as_it_is(path: PathBuf) -> Source {
    Source {
        path,
        immutable: true,
        patience: Duration::ZERO,
    }
}

fn database_file(entry: &Quarantined) -> PathBuf {
    match entry.path.is_dir() {
        true => entry.path.join(format!("{}.db", Database::Flags.stem())),
        false => entry.path.clone(),
    }
}

fn has_log(database: &Path) -> Result<bool, StoreError> {
    let log = folder::length(&beside(database, "-wal"))?;
    let journal = folder::length(&beside(database, "-journal"))?;
    Ok(log > 0 || journal > 0)
}

/// A copy of a database with its log, for the owner alone, removed when it is dropped.
#[derive(Debug)]
struct PrivateCopy {
    database: PathBuf,
    // Removed while the lock is held.
    _folder: TempDir,
    _lock: File,
}

impl PrivateCopy {
    fn make(entry: &Quarantined, database: &Path) -> Result<Self, StoreError> {
        let within = entry.path.parent().unwrap_or(&entry.path);
        let failed = |error| file_failed(within, error);
        let lock = lock_copies(within)?;
        let copies = private::temporary_folder_in(within, COPY).map_err(failed)?;
        let copy = copies.path().join("copy.db");
        for suffix in ["", "-wal", "-journal"] {
            let from = beside(database, suffix);
            if folder::is_there(&from)? {
                private::copy(&from, &beside(&copy, suffix)).map_err(failed)?;
            }
        }
        Ok(Self {
            database: copy,
            _folder: copies,
            _lock: lock,
        })
    }
}

/// Takes the lock that keeps copies from being removed, after removing those of programs that were
/// killed.
fn lock_copies(within: &Path) -> Result<File, StoreError> {
    let path = within.join(LOCK);
    let lock = private::open_lock(&path).map_err(|error| file_failed(&path, error))?;
    if lock.try_lock().is_ok() {
        remove_copies(within);
    }
    lock.lock_shared()
        .map_err(|error| file_failed(&path, error))?;
    Ok(lock)
}

fn remove_copies(within: &Path) {
    let entries = fs::read_dir(within).into_iter().flatten().flatten();
    let is_copy = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(COPY);
    for copy in entries.filter(is_copy) {
        if let Err(error) = fs::remove_dir_all(copy.path()) {
            tracing::warn!(%error, "a copy of a database in quarantine stays");
        }
    }
}
