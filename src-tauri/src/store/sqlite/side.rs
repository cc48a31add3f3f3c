//! A database next to that of the flags, in the same data folder: its owner and format, who else
//! has it open, and what is done if it is damaged.
//!
//! Metrics, states and rosters have one each, so that flags never wait for them, and damage to one does not
//! affect the others.

mod recovery;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::commits::{self, Commit};
use super::copies::{self, Turn, put_in_place};
use super::folder::{self, QUARANTINE, file_failed};
use super::holders;
use super::opening::missing_tables;
use super::place::{Placed, beside};
use super::quarantine::{self, Database, Label};
use super::{backup, certainty, connection, patience, write_back};
use crate::private;
use crate::store::StoreError;

/// How long to wait for another program's commit, which takes a few milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A database next to that of the flags.
#[derive(Debug)]
pub(crate) struct SideDatabase {
    /// Which one it is.
    pub(crate) database: Database,
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

/// Bytes of a log that holds nothing: its header.
const EMPTY_LOG_BYTES: u64 = 32;

/// A side database that was opened to be written, and is sound as far as `look` looked.
#[derive(Debug)]
pub(crate) struct Opened<T> {
    pub(crate) connection: Placed,
    pub(crate) share: SharedLock,
    /// What `look` read.
    pub(crate) found: T,
}

/// A shared lock on a database, which prevents moving it away while it is open.
#[derive(Debug)]
pub(crate) struct SharedLock(Option<File>);

impl SideDatabase {
    /// Returns its path.
    pub(crate) fn path(&self, data_dir: &Path) -> PathBuf {
        data_dir.join(format!("{}.db", self.stem()))
    }

    /// Returns its name without `.db`.
    fn stem(&self) -> &'static str {
        self.database.stem()
    }

    /// Opens the one connection of a program that writes, and reads what `look` reads; creates the
    /// file if it is missing. A file that is damaged for certain is moved to quarantine, with a
    /// label that says why, and a new one is started, if no other program has it open.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it is and another program has it open,
    /// [`StoreError::ReadOnly`] if it is a newer Flagdeck's, [`StoreError::Held`] if another
    /// program keeps it locked, [`StoreError::File`] if the disk fails.
    pub(crate) fn open<T>(
        &self,
        data_dir: &Path,
        now_ms: i64,
        look: impl Fn(&Connection) -> Result<T, StoreError>,
    ) -> Result<Opened<T>, StoreError> {
        let users = self.users(data_dir);
        let share = SharedLock(open_lock(&users));
        let mut damage = None;
        let opened = patience::wait(share.patience(), || {
            if !share.try_again() {
                return Ok(None);
            }
            match self.look(data_dir, &look) {
                Err(StoreError::Damaged { what }) => damage = Some(what),
                opened => return opened.map(Some),
            }
            if !share.is_alone() {
                return Ok(None);
            }
            let opened = self.look_alone(data_dir, now_ms, &look)?;
            share.again();
            Ok(Some(opened))
        });
        match self.held(data_dir, opened)? {
            Some((connection, found)) => Ok(Opened {
                connection,
                share,
                found,
            }),
            None => Err(in_use(damage, &users)),
        }
    }

    /// Looks again, because another program may have been faster, and sets it aside if it is
    /// damaged.
    fn look_alone<T>(
        &self,
        data_dir: &Path,
        now_ms: i64,
        look: &impl Fn(&Connection) -> Result<T, StoreError>,
    ) -> Result<(Placed, T), StoreError> {
        let what = match self.look(data_dir, look) {
            Err(StoreError::Damaged { what }) => what,
            other => return other,
        };
        // A notice tells of it as long as nobody has looked at it.
        tracing::warn!(what, "a database is moved to quarantine");
        match quarantine::is_unfinished(data_dir, self.database)? {
            true => quarantine::set_aside(data_dir, &self.label(what, now_ms, false)).map(drop)?,
            false => self.recover(data_dir, &self.label(what, now_ms, false), look)?,
        }
        self.look(data_dir, look)
    }

    fn look<T>(
        &self,
        data_dir: &Path,
        look: &impl Fn(&Connection) -> Result<T, StoreError>,
    ) -> Result<(Placed, T), StoreError> {
        certainty::look(&self.path(data_dir), || {
            let opened = self.connected(data_dir).and_then(|connection| {
                connection::check_roots(&connection)?;
                let found = look(&connection)?;
                Ok((connection, found))
            });
            self.named(opened.map_err(missing_tables))
        })
    }

    /// Names the program that keeps it locked.
    fn held<T>(&self, data_dir: &Path, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.map_err(|error| match error {
            StoreError::Busy => holders::held(&self.path(data_dir)),
            other => other,
        })
    }

    fn label(&self, what: impl Into<String>, at_ms: i64, seen: bool) -> Label {
        Label {
            database: self.database,
            what: what.into(),
            at_ms,
            seen,
            kept: None,
        }
    }

    fn connect(&self, data_dir: &Path) -> Result<Placed, StoreError> {
        self.named(self.connected(data_dir))
    }

    fn connected(&self, data_dir: &Path) -> Result<Placed, StoreError> {
        self.check_files(data_dir)?;
        copies::finish(data_dir, self.stem(), PATIENCE)?;
        let path = self.path(data_dir);
        let noted = match folder::is_there(&path)? {
            true => commits::noted(&path),
            false => None,
        };
        let mut connection = connection::writing(&path, true, PATIENCE)?;
        if is_new(&connection)? {
            commits::check_empty(noted)?;
        }
        connection::use_log(&connection)?;
        self.make_tables(&connection)?;
        self.check_owner(&connection)?;
        self.check_end(data_dir, noted, &connection)?;
        self.upgrade(&mut connection)?;
        match begin_lineage(&mut connection) {
            // The file can be used without it; only its copies are not recognised.
            Ok(()) | Err(StoreError::DiskFull) => {}
            Err(error) => return Err(error),
        }
        connection::tidy_on_close(&connection)?;
        Placed::new(connection, &path)
    }

    /// Finds damage that SQLite would remove, with what is left of the data.
    fn check_files(&self, data_dir: &Path) -> Result<(), StoreError> {
        if quarantine::is_unfinished(data_dir, self.database)? {
            return Err(StoreError::damaged("moving it to quarantine was cut short"));
        }
        let path = self.path(data_dir);
        let has_log = folder::length(&beside(&path, "-wal"))? > EMPTY_LOG_BYTES;
        if has_log && folder::length(&path)? == 0 {
            return Err(StoreError::damaged(
                "the file is gone or empty, its log is not",
            ));
        }
        Ok(())
    }

    /// Opens a connection that cannot write; `None` if there is no file, or one without tables
    /// yet.
    ///
    /// # Errors
    /// As for [`Self::open`]; nothing is set aside.
    pub(crate) fn read(&self, data_dir: &Path) -> Result<Option<Connection>, StoreError> {
        let path = self.path(data_dir);
        let opened = certainty::look(&path, || self.named(self.opened(data_dir)));
        self.held(data_dir, opened)
    }

    fn opened(&self, data_dir: &Path) -> Result<Option<Connection>, StoreError> {
        let source = connection::Source {
            path: self.path(data_dir),
            immutable: false,
            patience: PATIENCE,
        };
        if !folder::is_there(&source.path)? {
            return Ok(None);
        }
        self.check_files(data_dir)?;
        let noted = commits::noted(&source.path);
        let mut connection = source.open()?;
        match format_of(&connection) {
            // A program was killed while it created the file: only one that writes can roll that
            // back.
            Err(StoreError::ReadOnly { .. }) => {
                drop(self.connect(data_dir)?);
                connection = source.open()?;
            }
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        if is_new(&connection)? {
            return commits::check_empty(noted).map(|()| None);
        }
        self.check_owner(&connection)?;
        self.check_end(data_dir, noted, &connection)?;
        if format_of(&connection)? < self.format {
            // Only a connection that writes can upgrade it to this format.
            drop(self.connect(data_dir)?);
        }
        Ok(Some(connection))
    }

    /// Finds the loss of commits that were noted, with the log for example.
    fn check_end(
        &self,
        data_dir: &Path,
        noted: Option<Commit>,
        connection: &Connection,
    ) -> Result<(), StoreError> {
        // An earlier format does not count its commits: no note is about it.
        if format_of(connection)? < self.format {
            return Ok(());
        }
        let without_log = connection::Source {
            path: self.path(data_dir),
            immutable: true,
            patience: Duration::ZERO,
        };
        commits::check(noted, connection, || without_log.open())
    }

    fn named<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.map_err(|error| self.name(error))
    }

    /// Names the file in a message of damage: there are several.
    pub(crate) fn name(&self, error: StoreError) -> StoreError {
        let name = format!("{}.db: ", self.stem());
        match error {
            StoreError::Damaged { what } if !what.starts_with(&name) => {
                StoreError::damaged(name + &what)
            }
            other => other,
        }
    }

    /// Tells whether an error of an open connection was damage, and names the file.
    pub(crate) fn judge(&self, open: &Placed, error: StoreError) -> StoreError {
        self.name(certainty::judge(open.place().database(), error))
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
                return Err(match missing_tables(error.into()) {
                    StoreError::Damaged { .. } if !is_new(connection)? => {
                        StoreError::damaged("it holds something else")
                    }
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
                self.stem()
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
            self.stem(),
            |to| self.copy_out(open, to),
            |whole, ()| self.replace(share, whole, data_dir, now_ms),
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
        let place = folder.join(format!("{}-{now_ms}.db", self.stem()));
        quarantine::write_label(&place, &self.label(quarantine::KEPT, now_ms, true))?;
        self.copy_out(open, &place)?;
        Ok(Some(place))
    }

    fn copy_out(&self, open: &Connection, copy: &Path) -> Result<(), StoreError> {
        backup::copy_out(open, copy)?;
        let copied = backup::open(copy)?;
        self.check_owner(&copied)?;
        connection::check_structure(&copied)?;
        drop(copied);
        backup::make_durable(copy)
    }

    fn replace(
        &self,
        share: &SharedLock,
        copy: &Path,
        data_dir: &Path,
        now_ms: i64,
    ) -> Result<Option<PathBuf>, StoreError> {
        let path = self.path(data_dir);
        // Without a database under the name, no program can be using it.
        let is_free = !folder::is_there(&path)? || share.can_replace(&self.users(data_dir));
        let set_aside = match is_free {
            true => {
                quarantine::set_aside(data_dir, &self.label(quarantine::REPLACED, now_ms, true))
            }
            false => Err(holders::held(&self.users(data_dir))),
        };
        let placed = set_aside.and_then(|place| {
            put_in_place(copy, &path)?;
            Ok(place)
        });
        share.again();
        placed
    }

    fn users(&self, data_dir: &Path) -> PathBuf {
        data_dir.join(format!("{}.users", self.stem()))
    }
}

/// Says why a database could not be opened in time.
fn in_use(damage: Option<String>, users: &Path) -> StoreError {
    let Some(what) = damage else {
        return holders::held(users);
    };
    let by = holders::of_lock(users).map_or("another program".into(), |it| it.describe());
    StoreError::damaged(format!(
        "{what}; {by} has it open: close every Flagdeck window and every flagctl, then start again"
    ))
}

impl SharedLock {
    /// Returns how long to wait for other programs: not at all in a folder without room for a lock.
    fn patience(&self) -> Duration {
        self.0.as_ref().map_or(Duration::ZERO, |_| PATIENCE)
    }

    /// Takes the lock shared; `false` while another program has it exclusively.
    fn try_again(&self) -> bool {
        // Without locks, as on some network drives, no file is ever moved away.
        !matches!(
            self.0.as_ref().map(File::try_lock_shared),
            Some(Err(TryLockError::WouldBlock))
        )
    }

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

/// Returns whether a file has no tables yet: a program was killed between creating the two.
fn is_new(connection: &Connection) -> Result<bool, StoreError> {
    let mark: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables = "SELECT EXISTS (SELECT 1 FROM sqlite_schema)";
    let has_tables: bool = connection.query_row(tables, [], |row| row.get(0))?;
    Ok(mark == 0 && format_of(connection)? == 0 && !has_tables)
}

fn format_of(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Opens a lock file; `None` if the folder has no room for one.
pub(crate) fn open_lock(path: &Path) -> Option<File> {
    private::open_lock(path).ok()
}
