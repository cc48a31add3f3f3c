//! The rows of sources, found by name or all of them. One that is damaged hides no other: it is
//! listed as such, its snapshots can be read, and a whole report or a recovery repairs it.

use rusqlite::{Connection, Row, params};

use super::seal::SEAL_BYTES;
use super::sources::Source;
use super::{recovery, removing, stored_name};
use crate::state::limits::SOURCES_MAX;
use crate::state::{SourceName, StateError};
use crate::store::StoreError;

/// What is wrong with a row that does not match its seal.
pub(super) const DAMAGED: &str = "its record does not match its hash";

/// A source whose row is damaged.
#[derive(Debug, Clone)]
pub(in crate::state) struct DamagedSource {
    pub(in crate::state) id: i64,
    /// As it is stored, which may be another than it was.
    pub(in crate::state) name: SourceName,
}

/// A source as it was found.
pub(super) type Found = Result<Source, DamagedSource>;

/// Every source.
#[derive(Debug, Default)]
pub(in crate::state) struct Sources {
    /// The last to report first.
    pub(in crate::state) sound: Vec<Source>,
    pub(in crate::state) damaged: Vec<DamagedSource>,
}

const COLUMNS: &str = "id, name, seq, at_ms, files, bytes, records, seal";

fn read(row: &Row<'_>) -> Result<Found, StoreError> {
    let id: i64 = row.get(0)?;
    let text = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
    let name = stored_name(&String::from_utf8_lossy(text));
    match read_values(row, id, &name) {
        Ok((source, sealed)) if source.seal() == sealed => Ok(Ok(source)),
        Err(error @ rusqlite::Error::SqliteFailure(..)) => Err(error.into()),
        Ok(_) | Err(_) => Ok(Err(DamagedSource { id, name })),
    }
}

fn read_values(
    row: &Row<'_>,
    id: i64,
    name: &SourceName,
) -> rusqlite::Result<(Source, [u8; SEAL_BYTES])> {
    let source = Source {
        id,
        name: name.clone(),
        seq: row.get(2)?,
        at_ms: row.get(3)?,
        files: row.get::<_, i64>(4)?.unsigned_abs(),
        bytes: row.get::<_, i64>(5)?.unsigned_abs(),
        records: row.get(6)?,
    };
    Ok((source, row.get(7)?))
}

/// Lists every source.
pub(in crate::state) fn all(connection: &Connection) -> Result<Sources, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM source ORDER BY at_ms DESC, name");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut sources = Sources::default();
    while let Some(row) = rows.next()? {
        match read(row)? {
            Ok(source) => sources.sound.push(source),
            Err(damaged) => sources.damaged.push(damaged),
        }
    }
    Ok(sources)
}

/// Reads the source of a number; `None` if there is none.
pub(super) fn of_id(connection: &Connection, id: i64) -> Result<Option<Found>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM source WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read).transpose()
}

/// Returns the number of a source, also of a damaged one; `None` if there is none of that name.
pub(super) fn id_of(connection: &Connection, name: &SourceName) -> Result<Option<i64>, StoreError> {
    let found = find(connection, name)?;
    Ok(found.map(|found| match found {
        Ok(source) => source.id,
        Err(damaged) => damaged.id,
    }))
}

fn find(connection: &Connection, name: &SourceName) -> Result<Option<Found>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM source WHERE name = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([name.as_str()])?;
    rows.next()?.map(read).transpose()
}

/// Returns an existing source.
///
/// # Errors
/// [`StateError::NotFound`] if there is none, [`StateError::Damaged`] if its row is damaged.
pub(in crate::state) fn get(
    connection: &Connection,
    name: &SourceName,
) -> Result<Source, StateError> {
    match find(connection, name)? {
        Some(Ok(source)) => Ok(source),
        Some(Err(damaged)) => Err(refused(connection, &damaged)),
        None => Err(unknown(connection, name)?),
    }
}

/// Returns an existing source, also a damaged one with what else is stored of it.
///
/// # Errors
/// [`StateError::NotFound`] if there is none.
pub(in crate::state) fn get_any(
    connection: &Connection,
    name: &SourceName,
) -> Result<Source, StateError> {
    match find(connection, name)? {
        Some(Ok(source)) => Ok(source),
        Some(Err(damaged)) => Ok(rebuilt(connection, &damaged)?),
        None => Err(unknown(connection, name)?),
    }
}

/// Returns a source that has a state, not only snapshots.
pub(super) fn get_with_state(
    connection: &Connection,
    name: &SourceName,
) -> Result<Source, StateError> {
    let source = get(connection, name)?;
    match source.seq {
        0 => Err(StateError::NotFound {
            message: format!("{name} has only snapshots; it has reported no state"),
        }),
        _ => Ok(source),
    }
}

fn refused(connection: &Connection, damaged: &DamagedSource) -> StateError {
    recovery::damaged(connection, damaged.id, &damaged.name, DAMAGED.into())
}

fn unknown(connection: &Connection, name: &SourceName) -> Result<StateError, StoreError> {
    let Sources { sound, damaged } = all(connection)?;
    let sound = sound.into_iter().map(|source| source.name);
    let damaged = damaged.into_iter().map(|source| source.name);
    let known: Vec<String> = sound.chain(damaged).map(|name| name.to_string()).collect();
    let message = match known.as_slice() {
        [] => format!("there is no source {name}; no application has reported a state yet"),
        known => format!("there is no source {name}; there is {}", known.join(", ")),
    };
    Ok(StateError::NotFound { message })
}

/// Returns a source, and creates it if it is missing.
///
/// # Errors
/// [`StateError::Damaged`] if its row is damaged.
pub(super) fn find_or_make(
    connection: &Connection,
    name: &SourceName,
) -> Result<Source, StateError> {
    match find(connection, name)? {
        Some(Ok(source)) => Ok(source),
        Some(Err(damaged)) => Err(refused(connection, &damaged)),
        None => make(connection, name),
    }
}

/// The same for a whole report, which replaces what is damaged.
pub(super) fn find_or_make_for_report(
    connection: &Connection,
    name: &SourceName,
) -> Result<Source, StateError> {
    match find(connection, name)? {
        Some(Err(damaged)) => {
            tracing::error!(source = %name, "a whole report replaces a damaged record of its source");
            Ok(rebuilt(connection, &damaged)?)
        }
        Some(Ok(source)) => Ok(source),
        None => make(connection, name),
    }
}

fn make(connection: &Connection, name: &SourceName) -> Result<Source, StateError> {
    let count: u32 = connection
        .query_row("SELECT count(*) FROM source", [], |row| row.get(0))
        .map_err(StoreError::from)?;
    if count >= SOURCES_MAX {
        return Err(StateError::TooMany {
            message: format!(
                "the states of {SOURCES_MAX} sources are stored already, the most there can be"
            ),
        });
    }
    let source = Source {
        id: removing::next_number(connection)?,
        name: name.clone(),
        seq: 0,
        at_ms: 0,
        files: 0,
        bytes: 0,
        records: 0,
    };
    connection
        .execute(
            "INSERT INTO source (id, name, seq, at_ms, files, bytes, records, seal) \
             VALUES (?1, ?2, 0, 0, 0, 0, 0, ?3)",
            params![source.id, name.as_str(), source.seal()],
        )
        .map_err(StoreError::from)?;
    Ok(source)
}

/// Rebuilds a source from what else is stored of it.
fn rebuilt(connection: &Connection, damaged: &DamagedSource) -> Result<Source, StoreError> {
    let DamagedSource { id, name } = damaged;
    let mut statement = connection.prepare_cached(
        "SELECT max((SELECT coalesce(max(seq), 0) FROM whole WHERE source = ?1), \
                    (SELECT coalesce(max(seq), 0) FROM journal WHERE source = ?1), \
                    (SELECT coalesce(max(seq), 0) FROM report WHERE source = ?1)), \
                (SELECT coalesce(max(at_ms), 0) FROM report WHERE source = ?1), \
                coalesce((SELECT files FROM snapshot WHERE source = ?1 ORDER BY id DESC LIMIT 1), 0), \
                (SELECT count(*) FROM journal WHERE source = ?1)",
    )?;
    let rebuilt = statement.query_row([id], |row| {
        Ok(Source {
            id: *id,
            name: name.clone(),
            seq: row.get(0)?,
            at_ms: row.get(1)?,
            files: row.get::<_, i64>(2)?.unsigned_abs(),
            bytes: 0,
            records: row.get(3)?,
        })
    });
    Ok(rebuilt?)
}
