//! Which files an open database is, and whether they still are the ones under its name.
//!
//! A file that is open can be removed or replaced: what is written to it then is lost when the last
//! program closes it, although every write succeeds. A check costs one `stat` per file. An open
//! file keeps its inode, so no other file can be mistaken for it.

use std::fs;
use std::io::{self, ErrorKind};
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::commits::{self, Note};
use super::connection::keep_log_on_close;
use super::folder::file_failed;
use crate::store::sqlite::holders::{self, Claim};
use crate::store::{Gone, Instead, StoreError};

/// The identity of a file, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

impl Identity {
    /// Follows links, as opening does.
    ///
    /// # Errors
    /// [`io::Error`] if the path leads to no file, or may not be followed.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

/// When a file was written last, and how large it was then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    written_s: i64,
    written_ns: i64,
}

impl Stamp {
    /// Returns `None` if the file cannot be looked at.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            bytes: metadata.len(),
            written_s: metadata.mtime(),
            written_ns: metadata.mtime_nsec(),
        })
    }
}

/// The files of an open database, as they were when it was opened.
#[derive(Debug)]
pub(crate) struct Place {
    database: PathBuf,
    /// The database, then its log and shared memory if it has them: a commit goes to the log.
    files: Vec<(PathBuf, Identity)>,
    folder: Option<Identity>,
    /// Number of the opening of a database by this process.
    opening: u32,
    /// Lets other programs find that these files are open, whatever became of their names.
    _claims: Vec<Claim>,
}

impl Place {
    /// Notes the files of a database that has just been opened and read.
    ///
    /// # Errors
    /// [`StoreError::File`] if the database cannot be looked at.
    pub(crate) fn of(database: &Path) -> Result<Self, StoreError> {
        Self::with_companions(database, &["-wal", "-shm"])
    }

    /// The same for a database that is read without its log: that and the shared memory are not in
    /// use, and the last program that writes removes them.
    ///
    /// # Errors
    /// [`StoreError::File`] if the database cannot be looked at.
    pub(super) fn without_log(database: &Path) -> Result<Self, StoreError> {
        Self::with_companions(database, &[])
    }

    fn with_companions(database: &Path, suffixes: &[&str]) -> Result<Self, StoreError> {
        static OPENINGS: AtomicU32 = AtomicU32::new(0);
        let identity = Identity::of(database).map_err(|error| file_failed(database, error))?;
        let mut files = vec![(database.to_owned(), identity)];
        for suffix in suffixes {
            let companion = beside(database, suffix);
            files.extend(Identity::of(&companion).ok().map(|it| (companion, it)));
        }
        Ok(Self {
            database: database.to_owned(),
            files,
            folder: Identity::of(folder_of(database)).ok(),
            opening: OPENINGS.fetch_add(1, Ordering::Relaxed),
            _claims: holders::claim(database, identity),
        })
    }

    /// Returns a number that differs from an earlier one if another connection to these files may
    /// have written since, or if other files are open than then.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub(crate) fn version(&self, connection: &Connection) -> Result<u64, StoreError> {
        let changes: u32 = connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        // SQLite counts for each connection from the same number.
        Ok(u64::from(self.opening) << u32::BITS | u64::from(changes))
    }

    /// Returns the path of the database.
    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    /// Returns whether all files are the ones under their names.
    pub(crate) fn is_intact(&self) -> bool {
        self.files.iter().all(is_in_place)
    }

    /// Returns whether the database itself is, whatever became of its log and its shared memory.
    /// Opening it once more in this process would use the removed ones.
    pub(crate) fn has_database(&self) -> bool {
        self.files.first().is_some_and(is_in_place)
    }

    /// Fails if they are not.
    ///
    /// # Errors
    /// [`StoreError::Gone`], without examining what is there instead.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.is_intact() {
            true => Ok(()),
            false => Err(StoreError::Gone(self.gone())),
        }
    }

    /// Fails after a commit if the files are not in place any more.
    ///
    /// # Errors
    /// [`StoreError::Unconfirmed`].
    pub(crate) fn confirm(&self) -> Result<(), StoreError> {
        match self.is_intact() {
            true => Ok(()),
            false => Err(StoreError::Unconfirmed(self.gone())),
        }
    }

    /// Returns what was lost, without examining what is there instead.
    pub(crate) fn gone(&self) -> Gone {
        let folder = folder_of(&self.database);
        let is_folder = Identity::of(folder).ok() != self.folder;
        let lost = self.files.iter().find(|file| !is_in_place(file));
        let lost = lost.map_or(&self.database, |(path, _)| path);
        let name = lost.file_name().map(|name| name.to_string_lossy().into());
        // A new folder without a database, or a file of that name, does not count as a replacement.
        let instead = if is_folder { &self.database } else { lost };
        Gone {
            data_dir: folder.to_owned(),
            file: name.filter(|_| !is_folder),
            instead: instead_of(instead),
        }
    }
}

fn is_in_place((path, identity): &(PathBuf, Identity)) -> bool {
    Identity::of(path).is_ok_and(|found| found == *identity)
}

/// Returns what is under a name, without examining it.
fn instead_of(path: &Path) -> Instead {
    match fs::metadata(path) {
        Ok(_) => Instead::Something,
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Instead::Nothing,
            _ => Instead::Unreachable {
                reason: error.to_string(),
            },
        },
    }
}

fn folder_of(database: &Path) -> &Path {
    database.parent().unwrap_or(database)
}

/// Names a companion of a database.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A connection that knows its files, and acknowledges no commit to files that were removed.
#[derive(Debug)]
pub(crate) struct Placed {
    connection: Connection,
    /// Shared with readers that only check.
    place: Arc<Place>,
    note: Note,
}

impl Placed {
    /// Binds a connection, which has read something, to the files under its name.
    ///
    /// # Errors
    /// [`StoreError::File`] if the database cannot be looked at.
    pub(crate) fn new(connection: Connection, database: &Path) -> Result<Self, StoreError> {
        let place = Arc::new(Place::of(database)?);
        Ok(Self {
            connection,
            place,
            note: Note::beside(database),
        })
    }

    pub(crate) fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// [`StoreError::Gone`] if the files are not in place, [`StoreError::Busy`] if another
    /// program does not end its own.
    pub(crate) fn begin(&mut self) -> Result<PlacedTransaction<'_>, StoreError> {
        let Self {
            connection,
            place,
            note,
        } = self;
        place.check()?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(PlacedTransaction {
            transaction,
            place,
            note,
        })
    }
}

impl Drop for Placed {
    /// Prevents SQLite from touching, by name, the files that replaced these.
    fn drop(&mut self) {
        if !self.place.is_intact()
            && let Err(error) = keep_log_on_close(&self.connection)
        {
            tracing::warn!(%error, "the log of a database that was removed is closed as usual");
        }
    }
}

impl Deref for Placed {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Placed {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// A transaction that writes to files in their place; rolled back when it is dropped.
#[derive(Debug)]
pub(crate) struct PlacedTransaction<'a> {
    transaction: Transaction<'a>,
    place: &'a Place,
    note: &'a Note,
}

impl PlacedTransaction<'_> {
    /// Makes everything durable.
    ///
    /// # Errors
    /// [`StoreError::Gone`] if the files were removed before: then nothing is stored.
    /// [`StoreError::Unconfirmed`] if they were removed while that was done: then it is not stored,
    /// unless the database is written back.
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        self.place.check()?;
        let commit = commits::count(&self.transaction)?;
        self.transaction.commit()?;
        self.place.confirm()?;
        self.note.write(commit);
        Ok(())
    }
}

impl<'a> Deref for PlacedTransaction<'a> {
    type Target = Transaction<'a>;

    fn deref(&self) -> &Transaction<'a> {
        &self.transaction
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    /// A folder within another, with a database in it that is open.
    fn open() -> (TempDir, PathBuf, Placed) {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("data");
        fs::create_dir(&folder).unwrap();
        let path = folder.join("some.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE t (x)")
            .and_then(|()| connection.execute_batch(commits::TABLE))
            .unwrap();
        let placed = Placed::new(connection, &path).unwrap();
        (outer, folder, placed)
    }

    #[test]
    fn a_version_does_not_come_again_when_files_are_opened_again() {
        let (_outer, folder, _placed) = open();
        let path = folder.join("some.db");
        let mut seen = Vec::new();
        for _ in 0..3 {
            let place = Place::of(&path).unwrap();
            let (watcher, writer) = (Connection::open(&path), Connection::open(&path));
            let (watcher, writer) = (watcher.unwrap(), writer.unwrap());
            for _ in 0..3 {
                writer.execute("INSERT INTO t VALUES (1)", []).unwrap();
                let version = place.version(&watcher).unwrap();
                assert!(!seen.contains(&version), "{version} in {seen:?}");
                assert_eq!(place.version(&watcher).unwrap(), version, "nothing changed");
                seen.push(version);
            }
        }
    }

    /// Checks what is lost after `accident` happened to the folder: a file of it, or the folder.
    #[track_caller]
    fn check(accident: impl FnOnce(&Path), expected: Result<(), Option<&str>>) {
        let (_outer, folder, mut placed) = open();
        accident(&folder);
        let found = placed.begin().and_then(|transaction| {
            transaction.execute("INSERT INTO t VALUES (1)", [])?;
            transaction.commit()
        });
        match found {
            Ok(()) => assert_eq!(expected, Ok(())),
            Err(StoreError::Gone(gone)) => {
                assert_eq!(gone.data_dir, folder);
                assert_eq!(expected, Err(gone.file.as_deref()));
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn whatever_is_removed_or_replaced_is_named() {
        check(|_| {}, Ok(()));
        check(|folder| fs::remove_dir_all(folder).unwrap(), Err(None));
        check(
            |folder| fs::rename(folder, folder.with_extension("old")).unwrap(),
            Err(None),
        );
        for name in ["some.db", "some.db-wal", "some.db-shm"] {
            check(
                |folder| fs::remove_file(folder.join(name)).unwrap(),
                Err(Some(name)),
            );
        }
        check(
            |folder| {
                fs::copy(folder.join("some.db"), folder.join("copy")).unwrap();
                fs::rename(folder.join("copy"), folder.join("some.db")).unwrap();
            },
            Err(Some("some.db")),
        );
        check(
            |folder| {
                fs::remove_dir_all(folder).unwrap();
                fs::write(folder, "a file in its place").unwrap();
            },
            Err(None),
        );
        check(
            |folder| {
                fs::rename(folder, folder.with_extension("old")).unwrap();
                fs::create_dir(folder).unwrap();
                fs::write(folder.join("some.db"), "another").unwrap();
            },
            Err(None),
        );
    }

    #[test]
    fn a_link_that_leads_to_the_same_files_is_the_same_place() {
        check(
            |folder| {
                let moved = folder.with_extension("moved");
                fs::rename(folder, &moved).unwrap();
                symlink(&moved, folder).unwrap();
            },
            Ok(()),
        );
    }

    #[test]
    fn a_folder_that_comes_back_is_in_place_again() {
        let (_outer, folder, mut placed) = open();
        let away = folder.with_extension("away");
        fs::rename(&folder, &away).unwrap();
        assert!(matches!(placed.begin(), Err(StoreError::Gone(_))));
        fs::rename(&away, &folder).unwrap();
        placed.begin().unwrap().commit().unwrap();
    }

    #[test]
    fn what_cannot_be_reached_is_not_called_removed() {
        let (_outer, folder, mut placed) = open();
        fs::rename(&folder, folder.with_extension("away")).unwrap();
        // A path that leads nowhere, for every user.
        symlink(&folder, &folder).unwrap();
        let Err(StoreError::Gone(gone)) = placed.begin().map(drop) else {
            panic!("it is not in place");
        };
        assert!(
            matches!(gone.instead, Instead::Unreachable { .. }),
            "{gone:?}"
        );
        let told = gone.to_string();
        assert!(told.contains("can no longer be reached"), "{told}");
        assert!(!told.contains("removed"), "{told}");
    }

    #[test]
    fn a_commit_that_the_files_are_removed_under_is_not_confirmed() {
        let (_outer, folder, mut placed) = open();
        placed
            .commit_hook(Some(move || {
                fs::remove_dir_all(&folder).unwrap();
                false
            }))
            .unwrap();
        let transaction = placed.begin().unwrap();
        transaction.execute("INSERT INTO t VALUES (1)", []).unwrap();
        let refused = transaction.commit().unwrap_err();
        assert!(matches!(refused, StoreError::Unconfirmed(_)), "{refused:?}");
        let count: i64 = placed
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 1, "it comes with a write back");
    }

    #[test]
    fn a_commit_to_files_removed_within_its_transaction_is_rolled_back() {
        let (_outer, folder, mut placed) = open();
        let transaction = placed.begin().unwrap();
        transaction.execute("INSERT INTO t VALUES (1)", []).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(transaction.commit(), Err(StoreError::Gone(_))));
        let count: i64 = placed
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 0);
    }
}
