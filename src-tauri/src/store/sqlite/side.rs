//! A database next to that of the flags, in the same data folder: its owner and format, who else
//! has it open, and what is done if it is damaged.
//!
//! Metrics and states have one each, so that flags never wait for them, and damage to one does not
//! affect the others.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::copies::{self, Turn, put_in_place};
use super::folder::{self, QUARANTINE, file_failed};
use super::place::{Placed, beside};
use super::{backup, connection, write_back};
use crate::private;
use crate::store::StoreError;

/// How long to wait for another program's commit, which takes a few milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A database next to that of the flags.
#[derive(Debug)]
pub(crate) struct SideDatabase {
    /// Its name without `.db`.
    pub(crate) stem: &'static str,
    /// What marks it as Flagdeck's: SQLite's `application_id`.
    pub(crate) mark: u32,
    /// The format of this program: SQLite's `user_version`.
    pub(crate) format: i64,
    /// The SQL that creates its tables.
    pub(crate) tables: &'static [&'static str],
    /// The upgrades from one format to the next: the first is from format 1.
    pub(crate) upgrades: &'static [Upgrade],
    /// Its progress: SQL that selects pairs of a name and a number that only grows.
    pub(crate) progress: &'static str,
}

/// The lineage of a file: a copy has the same, a database that was created separately has another.
const LINEAGE: &str = "
CREATE TABLE lineage (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id       BLOB    NOT NULL
) STRICT;
INSERT INTO lineage VALUES (1, randomblob(16));
";

/// Upgrades the tables of one format to the next, with their content.
pub(crate) type Upgrade = fn(&Transaction<'_>) -> Result<(), StoreError>;

/// A shared lock on a database, which prevents moving it away while it is open.
#[derive(Debug)]
pub(crate) struct SharedLock(Option<File>);

impl SideDatabase {
    /// Returns its path.
    pub(crate) fn path(&self, data_dir: &Path) -> PathBuf {
        data_dir.join(format!("{}.db", self.stem))
    }

    /// Takes the lock shared. If the folder has no room for a lock file, the result locks nothing.
    pub(crate) fn share(&self, data_dir: &Path) -> SharedLock {
        let file = open_lock(&self.users(data_dir));
        let share = SharedLock(file);
        share.again();
        share
    }

    /// Opens the one connection of a program that writes; creates the file if it is missing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it is not Flagdeck's, [`StoreError::ReadOnly`] if a newer
    /// Flagdeck's.
    pub(crate) fn connect(&self, data_dir: &Path) -> Result<Placed, StoreError> {
        self.named(self.connected(data_dir))
    }

    fn connected(&self, data_dir: &Path) -> Result<Placed, StoreError> {
        copies::finish(data_dir, self.stem, PATIENCE)?;
        let mut connection = connection::writing(&self.path(data_dir), true, PATIENCE)?;
        connection::use_log(&connection)?;
        self.make_tables(&connection)?;
        self.check_owner(&connection)?;
        self.upgrade(&mut connection)?;
        match begin_lineage(&mut connection) {
            // The file can be used without it; only its copies are not recognised.
            Ok(()) | Err(StoreError::DiskFull) => {}
            Err(error) => return Err(error),
        }
        connection::tidy_on_close(&connection)?;
        Placed::new(connection, &self.path(data_dir))
    }

    /// Opens a connection that cannot write; `None` if there is no file.
    ///
    /// # Errors
    /// As for [`Self::connect`].
    pub(crate) fn read(&self, data_dir: &Path) -> Result<Option<Connection>, StoreError> {
        self.named(self.opened(data_dir))
    }

    fn opened(&self, data_dir: &Path) -> Result<Option<Connection>, StoreError> {
        let path = self.path(data_dir);
        if !path.exists() {
            return Ok(None);
        }
        let source = connection::Source {
            path,
            immutable: false,
            patience: PATIENCE,
        };
        let connection = source.open()?;
        self.check_owner(&connection)?;
        if format_of(&connection)? < self.format {
            // Only a connection that writes can upgrade it to this format.
            drop(self.connect(data_dir)?);
        }
        Ok(Some(connection))
    }

    /// Names the file in a message of damage: there are three.
    pub(crate) fn named<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        let name = format!("{}.db: ", self.stem);
        result.map_err(|error| match error {
            StoreError::Damaged { what } if !what.starts_with(&name) => {
                StoreError::damaged(name + &what)
            }
            other => other,
        })
    }

    /// Upgrades a file of an earlier format, in one transaction.
    fn upgrade(&self, connection: &mut Connection) -> Result<(), StoreError> {
        if format_of(connection)? == self.format {
            return Ok(());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Again, within the write lock: another program may have been faster.
        let from = usize::try_from(format_of(&transaction)?).unwrap_or(usize::MAX);
        for upgrade in self.upgrades.iter().skip(from.saturating_sub(1)) {
            upgrade(&transaction)?;
        }
        transaction.pragma_update(None, "user_version", self.format)?;
        Ok(transaction.commit()?)
    }

    /// Creates the tables in an empty file.
    fn make_tables(&self, connection: &Connection) -> Result<(), StoreError> {
        if format_of(connection)? != 0 {
            return Ok(());
        }
        let Self {
            mark,
            format,
            tables,
            ..
        } = self;
        let tables = tables.concat();
        let result = connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             {tables}
             {LINEAGE}
             PRAGMA application_id = {mark};
             PRAGMA user_version = {format};
             COMMIT;"
        ));
        if let Err(error) = result {
            let _ = connection.execute_batch("ROLLBACK");
            // Another program may have been faster.
            if format_of(connection)? == 0 {
                return Err(match StoreError::from(error) {
                    StoreError::Sqlite(_) => StoreError::damaged("it holds something else"),
                    other => other,
                });
            }
        }
        Ok(())
    }

    fn check_owner(&self, connection: &Connection) -> Result<(), StoreError> {
        let mark: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let format = format_of(connection)?;
        if mark as u32 != self.mark || format < 1 {
            return Err(StoreError::damaged("it is not Flagdeck's"));
        }
        if format > self.format {
            let reason = format!(
                "{}.db was last used by a newer Flagdeck; update Flagdeck",
                self.stem
            );
            return Err(StoreError::ReadOnly { reason });
        }
        Ok(())
    }

    /// Returns whether the file under the database's name is a copy of the open one, possibly
    /// continued, with all its data.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub(crate) fn is_continued(&self, open: &Placed, data_dir: &Path) -> Result<bool, StoreError> {
        if open.place().has_database() {
            return Ok(false);
        }
        let Some(there) = self.read(data_dir)? else {
            return Ok(false);
        };
        let lineage = lineage_of(open)?;
        if lineage.is_none() || lineage != lineage_of(&there)? {
            return Ok(false);
        }
        let there = self.progress_of(&there)?;
        let is_there = |(name, number): (&String, &i64)| there.get(name) >= Some(number);
        Ok(self.progress_of(open)?.iter().all(is_there))
    }

    fn progress_of(&self, connection: &Connection) -> Result<BTreeMap<String, i64>, StoreError> {
        let mut statement = connection.prepare(self.progress)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Copies everything out of the open files to their name. What is there instead is moved to
    /// quarantine; returns its place.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written or does not verify, or another program has what is
    /// there instead open; then nothing was changed.
    pub(crate) fn write_back(
        &self,
        open: &Placed,
        share: &SharedLock,
        data_dir: &Path,
        now_ms: i64,
    ) -> Result<Option<PathBuf>, StoreError> {
        folder::create(data_dir).map_err(|error| file_failed(data_dir, error))?;
        let turn = Turn::take(data_dir, PATIENCE)?;
        if write_back::for_sure(|| self.is_continued(open, data_dir)) {
            return Ok(None);
        }
        turn.copy(
            self.stem,
            |to| self.copy_out(open, to),
            |whole| self.replace(share, whole, data_dir, now_ms),
        )
    }

    /// Keeps a copy of an open database in quarantine, unless the file in its place has all of it;
    /// returns its place.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written or does not verify.
    pub(crate) fn keep(
        &self,
        open: &Placed,
        data_dir: &Path,
        now_ms: i64,
    ) -> Result<Option<PathBuf>, StoreError> {
        if write_back::for_sure(|| self.is_continued(open, data_dir)) {
            return Ok(None);
        }
        let folder = data_dir.join(QUARANTINE);
        folder::create_within(data_dir, &folder)?;
        let place = folder.join(format!("{}-{now_ms}.db", self.stem));
        self.copy_out(open, &place)?;
        Ok(Some(place))
    }

    fn copy_out(&self, open: &Connection, copy: &Path) -> Result<(), StoreError> {
        backup::copy_out(open, copy)?;
        let copied = backup::open(copy)?;
        self.check_owner(&copied)?;
        let verdict: String = copied.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        drop(copied);
        match verdict.as_str() {
            "ok" => backup::make_durable(copy),
            _ => Err(StoreError::damaged(verdict)),
        }
    }

    fn replace(
        &self,
        share: &SharedLock,
        copy: &Path,
        data_dir: &Path,
        now_ms: i64,
    ) -> Result<Option<PathBuf>, StoreError> {
        let path = self.path(data_dir);
        let files = [path.clone(), beside(&path, "-wal"), beside(&path, "-shm")];
        // Without a database under the name, no program can be using it.
        let is_free = !path.exists() || share.can_replace(&self.users(data_dir));
        let set_aside = match is_free {
            true if files.iter().any(|file| file.exists()) => {
                self.set_aside(data_dir, now_ms).map(Some)
            }
            true => Ok(None),
            false => Err(StoreError::Busy),
        };
        let placed = set_aside.and_then(|place| {
            put_in_place(copy, &path)?;
            Ok(place)
        });
        share.again();
        placed
    }

    fn users(&self, data_dir: &Path) -> PathBuf {
        data_dir.join(format!("{}.users", self.stem))
    }

    /// Moves a damaged file to quarantine; returns its place.
    ///
    /// # Errors
    /// [`StoreError::File`] if it cannot be moved.
    pub(crate) fn set_aside(&self, data_dir: &Path, now_ms: i64) -> Result<PathBuf, StoreError> {
        let folder = data_dir.join(QUARANTINE);
        let failed = |source| StoreError::File {
            path: self.path(data_dir),
            source,
        };
        folder::create_within(data_dir, &folder)?;
        let name = format!("{}-{now_ms}.db", self.stem);
        for suffix in ["-shm", "-wal", ""] {
            let from = data_dir.join(format!("{}.db{suffix}", self.stem));
            match fs::rename(from, folder.join(format!("{name}{suffix}"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed(error));
                }
                _ => {}
            }
        }
        Ok(folder.join(name))
    }
}

impl SharedLock {
    /// Returns whether no other program has the lock, and takes it exclusively.
    pub(crate) fn is_alone(&self) -> bool {
        self.0.as_ref().is_some_and(|file| file.try_lock().is_ok())
    }

    /// Returns whether no other program has the present lock file locked; if it is still this one,
    /// it is taken exclusively.
    fn can_replace(&self, lock: &Path) -> bool {
        let Some(there) = open_lock(lock) else {
            return false;
        };
        let identity =
            |file: &File| Some((file.metadata().ok()?.dev(), file.metadata().ok()?.ino()));
        match &self.0 {
            Some(own) if identity(own) == identity(&there) => self.is_alone(),
            _ => there.try_lock().is_ok(),
        }
    }

    /// Takes the lock shared again after it was taken exclusively.
    pub(crate) fn again(&self) {
        if let Some(file) = &self.0 {
            // Without locks, as on some network drives, no file is ever moved away.
            let _ = file.lock_shared();
        }
    }
}

/// Adds a lineage to a file of a Flagdeck that had none.
fn begin_lineage(connection: &mut Connection) -> Result<(), StoreError> {
    if lineage_of(connection)?.is_some() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Again, within the write lock: another program may have been faster.
    if lineage_of(&transaction)?.is_none() {
        transaction.execute_batch(LINEAGE)?;
    }
    Ok(transaction.commit()?)
}

/// Returns `None` for a file that has none yet.
fn lineage_of(connection: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
    let tables = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'lineage')";
    if !connection.query_row(tables, [], |row| row.get(0))? {
        return Ok(None);
    }
    let found = connection.query_row("SELECT id FROM lineage", [], |row| row.get(0));
    Ok(found.optional()?)
}

fn format_of(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Opens a lock file; `None` if the folder has no room for one.
pub(crate) fn open_lock(path: &Path) -> Option<File> {
    private::open_lock(path).ok()
}
