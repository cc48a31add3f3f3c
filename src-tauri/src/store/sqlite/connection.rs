//! Connections to the database, and the mapping of SQLite's errors.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use crate::private;
use crate::store::StoreError;

/// What SQLite says of a damaged file, and of one that the disk fails to read.
const MALFORMED: &str = "the database is malformed";
const NO_DATABASE: &str = "the file is not a database";

/// Opens the one connection of a store that writes. Changes no file, nor does dropping it
/// before [`tidy_on_close`].
///
/// # Errors
/// If there is no file, unless `create`.
pub(crate) fn writing(
    path: &Path,
    create: bool,
    patience: Duration,
) -> Result<Connection, StoreError> {
    if create {
        // Why it cannot be created, SQLite says.
        let _ = private::create_if_missing(path);
    }
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
    let connection = Connection::open_with_flags(path, flags)?;
    harden(&connection, patience)?;
    // The log of a damaged store is kept as it is.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // An acknowledged revision survives a power cut: each commit waits for the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(connection)
}

/// Turns on the write-ahead log, which lets readers and the writer work at once.
pub(crate) fn use_log(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    Ok(())
}

/// Makes the last connection checkpoint and remove the log when it closes.
pub(crate) fn tidy_on_close(connection: &Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

/// Makes a connection leave all files under its name untouched when it closes.
pub(crate) fn keep_log_on_close(connection: &Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(())
}

/// Where to read from; opens any number of connections that cannot write.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The database.
    pub(crate) path: PathBuf,
    /// Whether the file cannot change, so that it is read without lock or log.
    pub(crate) immutable: bool,
    /// How long to wait for a lock.
    pub(crate) patience: Duration,
}

impl Source {
    pub(crate) fn open(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = if self.immutable {
            let uri = immutable_uri(&self.path);
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
        } else {
            Connection::open_with_flags(&self.path, flags)?
        };
        harden(&connection, self.patience)?;
        Ok(connection)
    }
}

/// Fails if a page that leads to a whole table or index is damaged: reads one row of each.
pub(super) fn check_roots(connection: &Connection) -> Result<(), StoreError> {
    // The entries of a partial index are found by its condition alone.
    let mut statement = connection.prepare(
        "SELECT name, NULL FROM sqlite_schema WHERE type = 'table' AND rootpage > 0
         UNION ALL SELECT owner.name, part.name FROM sqlite_schema AS owner
         JOIN pragma_index_list(owner.name) AS part WHERE owner.type = 'table' AND NOT part.partial",
    )?;
    let roots = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let roots: Vec<(String, Option<String>)> = roots.collect::<Result<_, _>>()?;
    for (table, index) in roots {
        let by = match index {
            Some(index) => format!("INDEXED BY {}", quoted(&index)),
            None => "NOT INDEXED".into(),
        };
        let sql = format!("SELECT 1 FROM {} {by} LIMIT 1", quoted(&table));
        connection.query_row(&sql, [], |_| Ok(())).optional()?;
    }
    Ok(())
}

/// Writes a name so that SQL takes it for nothing else.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Fails if the structure of a database is damaged. Reads all of it.
pub(crate) fn check_structure(connection: &Connection) -> Result<(), StoreError> {
    check_by(connection, "PRAGMA quick_check(1)")
}

/// Fails if the structure of a database is damaged, or an index of it does not match its table.
pub(super) fn check_indexes(connection: &Connection) -> Result<(), StoreError> {
    check_by(connection, "PRAGMA integrity_check(1)")
}

fn check_by(connection: &Connection, check: &str) -> Result<(), StoreError> {
    let verdict: String = connection.query_row(check, [], |row| row.get(0))?;
    match verdict.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::damaged(without_heading(&verdict))),
    }
}

/// Removes the heading that SQLite's checks put before what they find in the pages of a database.
pub(super) fn without_heading(verdict: &str) -> &str {
    let after = verdict.strip_prefix("*** in database main ***");
    after.unwrap_or(verdict).trim_start()
}

/// Names a file as SQLite reads it, byte for byte: a name need not be UTF-8.
fn immutable_uri(path: &Path) -> String {
    const ESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');
    let path = percent_encode(path.as_os_str().as_bytes(), ESCAPED);
    format!("file:{path}?immutable=1")
}

/// Configures a connection to distrust the file's schema, and its timeout.
fn harden(connection: &Connection, patience: Duration) -> Result<(), StoreError> {
    connection.busy_timeout(patience)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        if let E::FromSqlConversionFailure(..)
        | E::InvalidColumnType(..)
        | E::IntegralValueOutOfRange(..)
        | E::Utf8Error(..) = error
        {
            return Self::damaged("a value in it is not of its kind");
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => Self::damaged(MALFORMED),
            Some(ErrorCode::NotADatabase) => Self::damaged(NO_DATABASE),
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed,
            ) => Self::Busy,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly {
                reason: "the database or its folder is write-protected".into(),
            },
            _ => Self::Sqlite(error),
        }
    }
}

impl StoreError {
    /// Returns whether it is SQLite that says so, as opposed to a hash.
    pub(crate) fn is_malformed(&self) -> bool {
        matches!(self, Self::Damaged { what } if what == MALFORMED || what == NO_DATABASE)
    }

    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn meaning(code: i32) -> StoreError {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn only_a_malformed_file_counts_as_damage() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert!(
                matches!(meaning(code), StoreError::Damaged { .. }),
                "{code}"
            );
        }
        for code in [
            ffi::SQLITE_IOERR,
            ffi::SQLITE_IOERR_READ,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_PERM,
            ffi::SQLITE_NOMEM,
            ffi::SQLITE_ERROR,
        ] {
            assert!(matches!(meaning(code), StoreError::Sqlite(_)), "{code}");
        }
    }

    #[test]
    fn failures_a_person_can_help_have_names() {
        assert!(matches!(meaning(ffi::SQLITE_FULL), StoreError::DiskFull));
        assert!(matches!(meaning(ffi::SQLITE_BUSY), StoreError::Busy));
        assert!(matches!(
            meaning(ffi::SQLITE_BUSY_SNAPSHOT),
            StoreError::Busy
        ));
        assert!(matches!(
            meaning(ffi::SQLITE_READONLY_DIRECTORY),
            StoreError::ReadOnly { .. }
        ));
    }

    #[test]
    fn a_path_with_any_character_can_be_read_immutably() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let path = temporary.path().join("50% ?#é.db");
        Connection::open(&path)
            .expect("a database")
            .execute_batch("CREATE TABLE here (x)")
            .expect("a table");
        let source = Source {
            path,
            immutable: true,
            patience: Duration::ZERO,
        };
        let count: i64 = source
            .open()
            .expect("it opens")
            .query_row("SELECT count(*) FROM here", [], |row| row.get(0))
            .expect("the table is there");
        assert_eq!(count, 0);
    }

    #[test]
    fn sqlite_is_free_of_the_log_reset_fault() {
        assert!(
            rusqlite::version_number() >= 3_051_003,
            "{}",
            rusqlite::version()
        );
    }
}
