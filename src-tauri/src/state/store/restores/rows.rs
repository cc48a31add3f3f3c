//! The rows of restores: read with their seals, listed, sealed.
//!
//! A row that does not match its seal is listed as damaged. It is never open: no source is asked for
//! it, and it prevents no other restore. Nothing writes it again, as a seal over what was damaged
//! would make it look sound.

use flagdeck_core::restore::Status;
use rusqlite::{Connection, Row, params};

use super::super::seal::{SEAL_BYTES, seal_of_columns};
use crate::state::StateError;
use crate::state::limits::MOMENT_MS_MAX;
use crate::state::shapes::{RestoreFilter, RestorePage, RestoreStatus, StateRestore};
use crate::store::sqlite::read_via;
use crate::store::{Actor, StoreError, Via};

/// The columns that are sealed, in the order of the seal.
const SEALED: &str = "restore.id, restore.source, snapshot, safety, restore.at_ms, via, actor, \
     revision, only_parts, except_parts, undoes, status, ended_ms, ended_via, ended_actor, exact, \
     differing";

/// How many those are: the seal follows them, then the name of the source.
const SEALED_COUNT: usize = 17;

/// Rows with the names of their sources. One whose source cannot be found is not left out.
const ROWS: &str = "restore LEFT JOIN source ON source.id = restore.source";

/// Seals a row as it is.
pub(in crate::state::store) fn seal_row(
    connection: &Connection,
    id: i64,
) -> Result<(), StoreError> {
    let sql = format!("SELECT {SEALED} FROM restore WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let sealed = statement.query_row([id], |row| seal_of_columns(row, SEALED_COUNT))?;
    connection
        .prepare_cached("UPDATE restore SET seal = ?2 WHERE id = ?1")?
        .execute(params![id, sealed])?;
    Ok(())
}

/// Seals every row that can be read: a file of an earlier format has no seals to compare them with.
pub(super) fn seal_readable(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare(&selecting("TRUE ORDER BY restore.id"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if read_values(row).is_ok() {
            seal_row(connection, row.get(0)?)?;
        }
    }
    Ok(())
}

fn selecting(condition: &str) -> String {
    format!("SELECT {SEALED}, restore.seal, source.name FROM {ROWS} WHERE {condition}")
}

/// Reads a row. Of one that does not match its seal only the number is certain.
fn read(row: &Row<'_>) -> Result<StateRestore, StoreError> {
    let sealed: rusqlite::Result<[u8; SEAL_BYTES]> = row.get(SEALED_COUNT);
    let is_sealed = sealed.is_ok_and(|sealed| seal_of_columns(row, SEALED_COUNT) == Ok(sealed));
    match read_values(row) {
        Ok(restore) if is_sealed => Ok(restore),
        Err(error @ rusqlite::Error::SqliteFailure(..)) => Err(error.into()),
        Ok(_) | Err(_) => Ok(damaged(row)?),
    }
}

fn read_values(row: &Row<'_>) -> rusqlite::Result<StateRestore> {
    let unsigned = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let perhaps = |column| {
        let found = row.get::<_, Option<i64>>(column);
        found.map(|found| found.map(i64::unsigned_abs))
    };
    let status = read_status(row.get_ref(11)?.as_str()?).ok_or(rusqlite::Error::InvalidQuery)?;
    let ended_ms: Option<i64> = row.get(12)?;
    Ok(StateRestore {
        id: unsigned(0)?,
        source: row.get(SEALED_COUNT + 1)?,
        snapshot: unsigned(2)?,
        // None of a recovery.
        safety: Some(unsigned(3)?).filter(|safety| *safety > 0),
        at_ms: row.get(4)?,
        actor: read_actor(row, 5)?.ok_or(rusqlite::Error::InvalidQuery)?,
        revision: perhaps(7)?,
        only: read_keys(row, 8)?,
        except: read_keys(row, 9)?,
        undoes: perhaps(10)?,
        status,
        ended_ms,
        ended_by: read_actor(row, 13)?,
        confirmed_ms: ended_ms.filter(|_| status == RestoreStatus::Confirmed),
        is_exact: row.get(15)?,
        differing: read_keys(row, 16)?,
    })
}

/// Returns what can be read of a damaged row about where it belongs: nothing of what it asked for,
/// or of what became of it.
fn damaged(row: &Row<'_>) -> rusqlite::Result<StateRestore> {
    let id: i64 = row.get(0)?;
    let name = row.get_ref(SEALED_COUNT + 1)?.as_bytes_or_null();
    let name = name.ok().flatten().unwrap_or_default();
    let at_ms: i64 = row.get(4).unwrap_or_default();
    let actor = read_actor(row, 5).ok().flatten();
    Ok(StateRestore {
        id: id.unsigned_abs(),
        source: String::from_utf8_lossy(name).into_owned(),
        snapshot: row.get::<_, i64>(2).unwrap_or_default().unsigned_abs(),
        safety: None,
        at_ms: at_ms.clamp(0, MOMENT_MS_MAX),
        actor: actor.unwrap_or(Actor {
            via: Via::Flagctl,
            name: String::new(),
        }),
        revision: None,
        only: Vec::new(),
        except: Vec::new(),
        undoes: None,
        status: RestoreStatus::Damaged,
        ended_ms: None,
        ended_by: None,
        confirmed_ms: None,
        is_exact: None,
        differing: Vec::new(),
    })
}

/// Reads an actor from a column and the next one; `None` if there is none.
fn read_actor(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Actor>> {
    let Some(via) = row.get::<_, Option<String>>(column)? else {
        return Ok(None);
    };
    Ok(Some(Actor {
        via: read_via(&via).ok_or(rusqlite::Error::InvalidQuery)?,
        name: row.get(column + 1)?,
    }))
}

pub(super) fn write_keys(keys: &[String]) -> String {
    serde_json::to_string(keys).expect("texts are JSON")
}

fn read_keys(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    let keys = serde_json::from_str(row.get_ref(column)?.as_str()?);
    keys.map_err(|_| rusqlite::Error::InvalidQuery)
}

/// Lists rows by a condition on them, with the values of its parameters.
fn select(
    connection: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<StateRestore>, StoreError> {
    let mut statement = connection.prepare_cached(&selecting(condition))?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Finds one, also a damaged one.
pub(super) fn find(connection: &Connection, id: u64) -> Result<Option<StateRestore>, StoreError> {
    let key = i64::try_from(id).unwrap_or(i64::MAX);
    Ok(select(connection, "restore.id = ?1", [key])?.pop())
}

/// Loads one.
///
/// # Errors
/// [`StateError::NotFound`] if there is none of that number, [`StateError::DamagedRestore`] if it
/// is damaged.
pub(in crate::state) fn load(connection: &Connection, id: u64) -> Result<StateRestore, StateError> {
    let found = find(connection, id)?;
    let restore = found.ok_or_else(|| StateError::NotFound {
        message: format!("there was no restore {id}"),
    })?;
    match restore.status {
        RestoreStatus::Damaged => Err(StateError::DamagedRestore { id }),
        _ => Ok(restore),
    }
}

/// Lists those that are open, of every source, newest first.
pub(in crate::state) fn all_open(connection: &Connection) -> Result<Vec<StateRestore>, StoreError> {
    open_among(connection, "status = 'open' ORDER BY restore.id DESC", [])
}

/// Lists those of a source that are open, newest first.
pub(super) fn open_of(
    connection: &Connection,
    source: i64,
) -> Result<Vec<StateRestore>, StoreError> {
    let condition = "restore.source = ?1 AND status = 'open' ORDER BY restore.id DESC";
    open_among(connection, condition, [source])
}

fn open_among(
    connection: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<StateRestore>, StoreError> {
    let mut found = select(connection, condition, values)?;
    found.retain(|restore| restore.status == RestoreStatus::Open);
    Ok(found)
}

/// Lists those that `filter` lets through, newest first, up to `limit` of them without the first
/// `offset`.
pub(in crate::state) fn list(
    connection: &Connection,
    filter: &RestoreFilter,
    offset: usize,
    limit: usize,
) -> Result<RestorePage, StoreError> {
    const CONDITION: &str = "(?1 IS NULL OR source.name = ?1) \
         AND (?2 IS NULL OR restore.at_ms >= ?2) AND (?3 IS NULL OR restore.at_ms < ?3)";
    let RestoreFilter {
        source,
        since_ms,
        until_ms,
    } = filter;
    let count = format!("SELECT count(*) FROM {ROWS} WHERE {CONDITION}");
    let narrowed = params![source, since_ms, until_ms];
    let total: i64 = connection.query_row(&count, narrowed, |row| row.get(0))?;
    let bounded = |number| i64::try_from(number).unwrap_or(i64::MAX);
    Ok(RestorePage {
        total: usize::try_from(total).unwrap_or_default(),
        restores: select(
            connection,
            &format!("{CONDITION} ORDER BY restore.id DESC LIMIT ?4 OFFSET ?5"),
            params![source, since_ms, until_ms, bounded(limit), bounded(offset)],
        )?,
    })
}

/// Returns the number of the last restore of any source; 0 without any.
pub(in crate::state) fn last_id(connection: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(max(id), 0) FROM restore";
    let id: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(id.unsigned_abs())
}

/// Returns the restore of a source that is open, or else its latest, leaving out damaged ones.
pub(in crate::state) fn latest(
    connection: &Connection,
    source: i64,
) -> Result<Option<StateRestore>, StoreError> {
    let condition = "restore.source = ?1 ORDER BY status = 'open' DESC, restore.id DESC";
    let mut statement = connection.prepare_cached(&selecting(condition))?;
    let mut rows = statement.query([source])?;
    while let Some(row) = rows.next()? {
        let restore = read(row)?;
        if restore.status != RestoreStatus::Damaged {
            return Ok(Some(restore));
        }
    }
    Ok(None)
}

/// Returns the numbers of the damaged ones.
pub(in crate::state::store) fn all_damaged(
    connection: &Connection,
) -> Result<Vec<u64>, StoreError> {
    let all = select(connection, "TRUE ORDER BY restore.id", [])?;
    let damaged = all
        .into_iter()
        .filter(|it| it.status == RestoreStatus::Damaged);
    Ok(damaged.map(|restore| restore.id).collect())
}

/// Returns how a status is written.
pub(in crate::state::store) fn status_text(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Confirmed => "confirmed",
        Status::Superseded => "superseded",
        Status::Cancelled => "cancelled",
        Status::Recovered => "recovered",
    }
}

fn read_status(text: &str) -> Option<RestoreStatus> {
    [
        Status::Open,
        Status::Confirmed,
        Status::Superseded,
        Status::Cancelled,
        Status::Recovered,
    ]
    .into_iter()
    .find(|status| status_text(*status) == text)
    .map(RestoreStatus::from)
}
