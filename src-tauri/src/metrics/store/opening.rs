//! From a data folder to an open `metrics.db`: whose file it is, of what format, who else has it.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use crate::store::StoreError;
use crate::store::sqlite::connection;

pub(super) const DATABASE: &str = "metrics.db";
/// Held by the one program that keeps the checkpoint.
pub(super) const LEAD: &str = "metrics.lock";
/// Shared by all that have the store open, so that nobody moves it away beneath another.
pub(super) const USERS: &str = "metrics.users";
const QUARANTINE: &str = "quarantine";

/// Marks a database as Flagdeck's metrics: "FLDM" in ASCII.
const APPLICATION_ID: u32 = 0x464c_444d;

/// The format of this program.
const FORMAT: i64 = 1;

/// How long to wait for another program's commit: a checkpoint takes a few milliseconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
CREATE TABLE log (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms  INTEGER NOT NULL,
    writer INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    events BLOB    NOT NULL
) STRICT;

CREATE TABLE delivery (
    key      TEXT PRIMARY KEY,
    at_ms    INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    accepted INTEGER NOT NULL,
    rejected INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_by_age ON delivery (at_ms);

CREATE TABLE checkpoint (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    pruned   INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    totals   BLOB    NOT NULL
) STRICT;

CREATE TABLE name (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE frame (
    step_s INTEGER NOT NULL,
    at_s   INTEGER NOT NULL,
    packed BLOB    NOT NULL,
    PRIMARY KEY (step_s, at_s)
) STRICT, WITHOUT ROWID;
";

pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = connection::writing(path, true, PATIENCE)?;
    connection::use_log(&connection)?;
    make_tables(&connection)?;
    check_owner(&connection)?;
    connection::tidy_on_close(&connection)?;
    Ok(connection)
}

/// Makes the tables of an empty file.
fn make_tables(connection: &Connection) -> Result<(), StoreError> {
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format != 0 {
        return Ok(());
    }
    let result = connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         {TABLES}
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {FORMAT};
         COMMIT;"
    ));
    if let Err(error) = result {
        let _ = connection.execute_batch("ROLLBACK");
        // Another program may have been faster.
        let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if format == 0 {
            return Err(match StoreError::from(error) {
                StoreError::Sqlite(_) => damaged("it holds something else"),
                other => other,
            });
        }
    }
    Ok(())
}

pub(super) fn check_owner(connection: &Connection) -> Result<(), StoreError> {
    let mark: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if mark as u32 != APPLICATION_ID || format < 1 {
        return Err(damaged("it is not Flagdeck's"));
    }
    if format > FORMAT {
        let reason = "metrics.db was last used by a newer Flagdeck; update Flagdeck".into();
        return Err(StoreError::ReadOnly { reason });
    }
    Ok(())
}

pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { what: what.into() }
}

pub(super) fn open_sound(data_dir: &Path) -> Result<(Connection, super::Past), StoreError> {
    let connection = connect(&data_dir.join(DATABASE))?;
    let past = super::read_past(&connection)?;
    Ok((connection, past))
}

/// Opens a file to be locked; none where the folder has no room for one.
pub(super) fn open_lock(data_dir: &Path, name: &str) -> Option<File> {
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true);
    options.open(data_dir.join(name)).ok()
}

pub(super) fn set_aside_notice(what: &str, place: &Path) -> String {
    format!(
        "What was measured so far cannot be read ({what}); it was set aside in {}, and measuring \
         began anew. No flag is affected.",
        place.display()
    )
}

/// Moves a damaged store to where nothing is ever deleted; returns the place.
pub(super) fn set_aside(data_dir: &Path, now_ms: i64) -> Result<PathBuf, StoreError> {
    let folder = data_dir.join(QUARANTINE);
    let failed = |source| StoreError::File {
        path: data_dir.join(DATABASE),
        source,
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    let place = folder.join(format!("metrics-{now_ms}.db"));
    for suffix in ["-shm", "-wal", ""] {
        let from = data_dir.join(format!("{DATABASE}{suffix}"));
        let to = folder.join(format!("metrics-{now_ms}.db{suffix}"));
        match fs::rename(from, to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
    }
    Ok(place)
}
