//! Backups: verified copies of the whole store, one file each, named by their content.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use rusqlite::backup::Backup as Copy;

use super::connection::Source;
use super::folder::{self, Folder, file_failed};
use super::{patience, revision};
use crate::private;
use crate::store::{self, Revision, RevisionNumber, StoreError};

/// Backups kept; making one more removes the oldest.
pub(super) const BACKUPS_KEPT: usize = 10;

/// Where a backup is made before it is known to be good.
const UNFINISHED: &str = ".tmp";

/// Locked by the program that makes a backup, so that two do not share [`UNFINISHED`].
const LOCK: &str = ".lock";

/// The format of a time in a name: UTC to the millisecond, sortable.
const STAMP: &str = "%Y%m%dT%H%M%S.%3fZ";

/// A backup file, described by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Backup {
    /// The latest revision in it.
    pub(super) revision: RevisionNumber,
    /// Its place.
    pub(super) path: PathBuf,
}

impl Backup {
    fn name(&self) -> Option<&str> {
        self.path.file_name()?.to_str()
    }

    /// Returns when its latest revision was saved, by its name.
    fn at_ms(&self) -> Option<i64> {
        let (_, stamp) = self.name()?.strip_suffix(".db")?.split_once('-')?;
        let time = strtime::parse(STAMP, stamp).ok()?.to_datetime().ok()?;
        let instant = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(instant.as_millisecond())
    }
}

/// Lists the backups of a folder, newest first.
pub(super) fn list(folder: &Folder) -> Result<Vec<Backup>, StoreError> {
    let place = folder.backups();
    let entries = match fs::read_dir(&place) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file_failed(&place, error)),
    };
    let mut backups = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| file_failed(&place, error))?.path();
        if let Some(revision) = revision_in_name(&path) {
            backups.push(Backup { revision, path });
        }
    }
    backups.sort_unstable_by(|a, b| b.cmp(a));
    Ok(backups)
}

/// Describes the backups that hold a revision, newest first.
pub(super) fn describe(folder: &Folder) -> Result<Vec<store::Backup>, StoreError> {
    let mut described = Vec::new();
    for backup in list(folder)? {
        let metadata = match fs::metadata(&backup.path) {
            Ok(metadata) => metadata,
            // Another program may just have removed an old one.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(file_failed(&backup.path, error)),
        };
        if let Some((name, at_ms)) = backup.name().zip(backup.at_ms()) {
            described.push(store::Backup {
                name: name.to_owned(),
                revision: backup.revision,
                at_ms,
                bytes: metadata.len(),
            });
        }
    }
    described.retain(|backup| backup.revision != RevisionNumber::NONE);
    Ok(described)
}

/// Returns the place of a backup; `None` if there is none of that name, which is never used as a
/// path.
pub(super) fn find(folder: &Folder, name: &str) -> Result<Option<PathBuf>, StoreError> {
    let mut backups = list(folder)?.into_iter();
    let found = backups.find(|backup| backup.name() == Some(name));
    Ok(found.map(|backup| backup.path))
}

/// Loads the latest revision of a backup; `None` if there is none of that name.
///
/// The name is looked up among the backups and never used as a path.
///
/// # Errors
/// [`StoreError::DamagedBackup`] if that revision cannot be read, does not match its hash, or is
/// not the one that the name promises.
pub(super) fn latest(folder: &Folder, name: &str) -> Result<Option<Revision>, StoreError> {
    let mut backups = list(folder)?.into_iter();
    let Some(backup) = backups.find(|backup| backup.name() == Some(name)) else {
        return Ok(None);
    };
    let damaged = |what: String| StoreError::DamagedBackup {
        name: name.to_owned(),
        what: what.replace("flagdeck.db", "the file"),
    };
    match open(&backup.path).and_then(|connection| revision::head(&connection)) {
        Ok(Some(latest)) if latest.number == backup.revision => Ok(Some(latest)),
        Ok(_) => Err(damaged(format!("revision {} is missing", backup.revision))),
        Err(StoreError::Damaged { what }) => Err(damaged(what)),
        Err(StoreError::Sqlite(error)) => Err(damaged(error.to_string())),
        Err(error) => Err(error),
    }
}

/// Returns whether the newest backup was made less than `age_ms` before `now_ms`, by its file's
/// time. One from the future does not count: the clock was set back.
pub(super) fn has_younger(folder: &Folder, now_ms: i64, age_ms: u64) -> Result<bool, StoreError> {
    let Some(newest) = list(folder)?.into_iter().next() else {
        return Ok(false);
    };
    let modified = fs::metadata(&newest.path).and_then(|metadata| metadata.modified());
    let modified = modified.map_err(|error| file_failed(&newest.path, error))?;
    let made_ms = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    let made_ms = i64::try_from(made_ms.as_millis()).unwrap_or(i64::MAX);
    let age = u64::try_from(now_ms.saturating_sub(made_ms));
    Ok(age.is_ok_and(|age| age < age_ms))
}

/// Makes a verified backup of what `source` holds, and returns its place; `None` if that backup is
/// there already, or there is no revision to hold.
pub(super) fn make(folder: &Folder, source: &Source) -> Result<Option<PathBuf>, StoreError> {
    let connection = source.open()?;
    match name(&connection)? {
        Some(name) if !folder::is_there(&folder.backups().join(&name))? => {
            make_anyway(folder, &connection, source.patience).map(Some)
        }
        _ => Ok(None),
    }
}

/// Says that a backup lost its end, which SQLite reads as zeros: a file has at least the pages that
/// its header counts (section 1.3 of SQLite's file format).
pub(super) fn missing_end(path: &Path) -> Result<Option<String>, StoreError> {
    let mut header = [0; 32];
    let read = File::open(path).and_then(|mut file| {
        file.read_exact(&mut header)?;
        file.metadata()
    });
    let length = read.map_err(|error| file_failed(path, error))?.len();
    let page_bytes = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    let [.., a, b, c, d] = header;
    let expected = u64::from(u32::from_be_bytes([a, b, c, d])) * page_bytes;
    let missing = format!("it has {length} of {expected} bytes");
    Ok((length < expected).then_some(missing))
}

/// Makes a verified backup of what `connection` sees, and returns its place.
pub(super) fn make_anyway(
    folder: &Folder,
    connection: &Connection,
    patience: Duration,
) -> Result<PathBuf, StoreError> {
    let place = folder.backups();
    folder::create_within(folder.path(), &place)?;
    let _lock = lock(&place.join(LOCK), patience)?;
    let unfinished = place.join(UNFINISHED);
    let finished = match write(connection, &unfinished) {
        Ok(name) => place.join(name),
        Err(error) => {
            discard(&unfinished)?;
            return Err(error);
        }
    };
    folder::rename(&unfinished, &finished)?;
    prune(folder, &finished);
    Ok(finished)
}

/// Copies a backup to where a store can be opened, durably and verified.
///
/// # Errors
/// [`StoreError::Damaged`] if it does not verify; then nothing is left of the copy.
pub(super) fn copy(backup: &Path, to: &Path) -> Result<(), StoreError> {
    discard(to)?;
    private::copy(backup, to).map_err(|error| file_failed(to, error))?;
    let verified = verify(to).and_then(|_| make_durable(to));
    if verified.is_err() {
        discard(to)?;
    }
    verified
}

/// Opens a backup for reading; backups are never written to.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let source = Source {
        path: path.to_owned(),
        immutable: true,
        patience: Duration::ZERO,
    };
    source.open()
}

/// Writes, verifies and makes durable a copy of the database; returns its name.
pub(super) fn write(connection: &Connection, to: &Path) -> Result<String, StoreError> {
    copy_out(connection, to)?;
    let name = verify(to)?;
    make_durable(to)?;
    Ok(name)
}

/// Copies what an open database holds into one file, neither verified nor durable yet.
pub(super) fn copy_out(connection: &Connection, to: &Path) -> Result<(), StoreError> {
    discard(to)?;
    private::create(to).map_err(|error| file_failed(to, error))?;
    let mut target = Connection::open(to)?;
    // A copy that a crash left unfinished is never used, so it needs no journal.
    target.pragma_update(None, "synchronous", "OFF")?;
    Copy::new(connection, &mut target)?.run_to_completion(
        i32::MAX,
        Duration::from_millis(5),
        None,
    )?;
    // A single file, without a log, can be copied and mailed.
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    target.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Reads and checks everything in a copy; returns its name.
fn verify(path: &Path) -> Result<String, StoreError> {
    let connection = open(path)?;
    let report = revision::audit(&connection)?;
    if let Some(problem) = report.problems.first() {
        return Err(StoreError::damaged(format!(
            "the backup does not verify: {problem}"
        )));
    }
    Ok(name(&connection)?.unwrap_or_else(|| file_name(RevisionNumber::NONE, 0)))
}

/// Syncs a file's content to the disk.
pub(super) fn make_durable(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| file_failed(path, error))
}

/// Removes an unfinished copy and SQLite's companions.
fn discard(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        folder::remove(Path::new(&name))?;
    }
    Ok(())
}

/// Takes an exclusive lock.
pub(super) fn lock(path: &Path, patience_max: Duration) -> Result<File, StoreError> {
    let file = private::open_lock(path).map_err(|error| file_failed(path, error))?;
    patience::wait(patience_max, || match file.try_lock() {
        Ok(()) => Ok(Some(())),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(file_failed(path, error)),
    })?
    .ok_or(StoreError::Busy)?;
    Ok(file)
}

/// Removes what is beyond [`BACKUPS_KEPT`], never the one just made. Failures are ignored.
fn prune(folder: &Folder, just_made: &Path) {
    let older = list(folder).unwrap_or_default().into_iter();
    let older = older
        .map(|backup| backup.path)
        .filter(|path| path != just_made);
    for path in older.skip(BACKUPS_KEPT - 1) {
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "an old backup stays");
        }
    }
}

/// Names the backup of what a connection sees; `None` without any revision.
///
/// Named by number and time, because after a restore a number can come a second time.
fn name(connection: &Connection) -> Result<Option<String>, StoreError> {
    let latest = revision::latest_summary(connection)?;
    Ok(latest.map(|latest| file_name(latest.number, latest.at_ms)))
}

fn file_name(revision: RevisionNumber, at_ms: i64) -> String {
    format!("r{:010}-{}.db", revision.0, stamp(at_ms))
}

fn revision_in_name(path: &Path) -> Option<RevisionNumber> {
    let name = path.file_name()?.to_str()?;
    let (number, _) = name
        .strip_prefix('r')?
        .strip_suffix(".db")?
        .split_once('-')?;
    number.parse().ok().map(RevisionNumber)
}

/// Formats a time for a file name.
pub(super) fn stamp(at_ms: i64) -> String {
    moment(at_ms).strftime(STAMP).to_string()
}

/// Formats a time for people, in UTC to the minute.
pub(super) fn minute(at_ms: i64) -> String {
    moment(at_ms).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn moment(at_ms: i64) -> jiff::Timestamp {
    // Times beyond jiff's range (years -9999 to 9999) do not occur; any name will do.
    jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_revision_and_sort_by_it() {
        let name = file_name(RevisionNumber(42), 1_767_225_600_123);
        assert_eq!(name, "r0000000042-20260101T000000.123Z.db");
        assert_eq!(revision_in_name(Path::new(&name)), Some(RevisionNumber(42)));
        assert!(name > file_name(RevisionNumber(9), i64::MAX));
        assert_eq!(minute(1_767_225_600_123), "2026-01-01 00:00 UTC");
        let path = PathBuf::from(name);
        let revision = RevisionNumber(42);
        assert_eq!(Backup { revision, path }.at_ms(), Some(1_767_225_600_123));
    }

    #[test]
    fn other_files_are_no_backups() {
        for name in [
            ".tmp",
            ".tmp-journal",
            ".lock",
            "notes.db",
            "r1.db",
            "rx-y.db",
        ] {
            assert_eq!(revision_in_name(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn a_backup_that_lost_its_end_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r0000000001-x.db");
        let connection = Connection::open(&path).unwrap();
        let table = "CREATE TABLE a (b); INSERT INTO a VALUES (zeroblob(9000))";
        connection.execute_batch(table).unwrap();
        drop(connection);
        assert_eq!(missing_end(&path).unwrap(), None);
        let length = fs::metadata(&path).unwrap().len();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(length - 100).unwrap();
        let found = format!("it has {} of {length} bytes", length - 100);
        assert_eq!(missing_end(&path).unwrap(), Some(found));
    }
}
