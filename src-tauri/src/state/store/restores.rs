//! Restores, and whether their sources confirmed them.

use flagdeck_core::state;
use flagdeck_core::tree::{self, Tree};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::sources::Source;
use crate::state::StateError;
use crate::store::StoreError;
use crate::store::sqlite::{read_via, write_via};
use crate::wire::{Actor, StateRestore};

/// What is to be known of a restore beside the state.
#[derive(Debug)]
pub(in crate::state) struct Restoring<'a> {
    /// The snapshot it is from.
    pub(in crate::state) snapshot: u64,
    /// How many files the source is to have.
    pub(in crate::state) files: u64,
    pub(in crate::state) actor: &'a Actor,
    /// The revision the flags became by it.
    pub(in crate::state) revision: Option<u64>,
}

/// What a source said of a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::state) struct Confirmation {
    pub(in crate::state) id: u64,
    /// Whether the state it has is the restored one, but for its ring of changes.
    pub(in crate::state) is_exact: bool,
}

pub(super) fn add(
    connection: &Connection,
    source: &Source,
    safety: u64,
    restoring: &Restoring<'_>,
    after: &Tree,
    at_ms: i64,
) -> Result<u64, StoreError> {
    connection.execute(
        "INSERT INTO restore (source, snapshot, safety, at_ms, via, actor, hash, revision) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            source.id,
            restoring.snapshot as i64,
            safety as i64,
            at_ms,
            write_via(restoring.actor.via),
            restoring.actor.name,
            tree::hash(&state::without_history(after)),
            restoring.revision.map(|revision| revision as i64),
        ],
    )?;
    Ok(connection.last_insert_rowid().unsigned_abs())
}

/// Notes that a source took a restore, with what is kept of it and what it says it has. Both may
/// have gone on from what was restored meanwhile. The first word counts.
pub(super) fn confirm(
    connection: &Connection,
    source: &Source,
    id: u64,
    (kept, told): (&Tree, &Tree),
    at_ms: i64,
) -> Result<Confirmation, StateError> {
    let key = i64::try_from(id).unwrap_or(i64::MAX);
    let hash: Option<[u8; 32]> = connection
        .query_row(
            "SELECT hash FROM restore WHERE id = ?1 AND source = ?2",
            [key, source.id],
            |row| row.get(0),
        )
        .optional()
        .map_err(StoreError::from)?;
    let Some(hash) = hash else {
        return Err(StateError::NotFound {
            message: format!("there was no restore {id} of {}", source.name),
        });
    };
    let told = tree::hash(&state::without_history(told));
    let is_exact = told == hash || told == tree::hash(&state::without_history(kept));
    connection
        .execute(
            "UPDATE restore SET confirmed_ms = ?2, exact = ?3 \
             WHERE id = ?1 AND confirmed_ms IS NULL",
            params![key, at_ms, is_exact],
        )
        .map_err(StoreError::from)?;
    Ok(Confirmation { id, is_exact })
}

const COLUMNS: &str = "SELECT restore.id, source.name, snapshot, safety, restore.at_ms, via, actor, \
     confirmed_ms, exact, revision FROM restore JOIN source ON source.id = restore.source";

fn read(row: &Row<'_>) -> rusqlite::Result<StateRestore> {
    let unsigned = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let via: String = row.get(5)?;
    Ok(StateRestore {
        id: unsigned(0)?,
        source: row.get(1)?,
        snapshot: unsigned(2)?,
        safety: unsigned(3)?,
        at_ms: row.get(4)?,
        actor: Actor {
            via: read_via(&via).ok_or(rusqlite::Error::InvalidQuery)?,
            name: row.get(6)?,
        },
        confirmed_ms: row.get(7)?,
        is_exact: row.get(8)?,
        revision: row.get::<_, Option<i64>>(9)?.map(i64::unsigned_abs),
    })
}

/// Loads one; an error that names it where it is not there.
pub(in crate::state) fn load(connection: &Connection, id: u64) -> Result<StateRestore, StateError> {
    let key = i64::try_from(id).unwrap_or(i64::MAX);
    let found = connection
        .query_row(&format!("{COLUMNS} WHERE restore.id = ?1"), [key], read)
        .optional()
        .map_err(StoreError::from)?;
    found.ok_or_else(|| StateError::NotFound {
        message: format!("there was no restore {id}"),
    })
}

/// Returns the number of the last restore of any source; 0 without any.
pub(in crate::state) fn last_id(connection: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(max(id), 0) FROM restore";
    let id: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(id.unsigned_abs())
}

/// Returns the latest restore of a source.
pub(in crate::state) fn latest(
    connection: &Connection,
    source: i64,
) -> Result<Option<StateRestore>, StoreError> {
    let sql = format!("{COLUMNS} WHERE restore.source = ?1 ORDER BY restore.id DESC LIMIT 1");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([source], read).optional()?)
}
