//! Removes a source with everything that is stored of it, and single snapshots.
//!
//! Nothing of a source is decoded for that, so damage to it is no obstacle.

use rusqlite::{Connection, OptionalExtension, params};

use super::seal::mismatch;
use super::snapshots::{self, Row};
use super::thinning::{self, Rewrite};
use super::{finding, ring, sources};
use crate::state::{SourceName, StateError};
use crate::store::StoreError;

/// How much is stored of a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StoredOf {
    /// Whether it has a state, whole or as changes.
    pub(crate) has_state: bool,
    /// Its snapshots.
    pub(crate) snapshots: u64,
    /// The pinned ones among them.
    pub(crate) pinned: u64,
    /// Its restores, open or ended.
    pub(crate) restores: u64,
}

/// Counts what is stored of a source; `None` if nothing is.
pub(in crate::state) fn stored_of(
    connection: &Connection,
    name: &SourceName,
) -> Result<Option<StoredOf>, StoreError> {
    let id = finding::id_of(connection, name)?;
    id.map(|id| count(connection, id)).transpose()
}

fn count(connection: &Connection, source: i64) -> Result<StoredOf, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM whole WHERE source = ?1) \
                OR EXISTS (SELECT 1 FROM journal WHERE source = ?1), \
                (SELECT count(*) FROM snapshot WHERE source = ?1), \
                (SELECT count(*) FROM snapshot WHERE source = ?1 AND pinned <> 0), \
                (SELECT count(*) FROM restore WHERE source = ?1)",
    )?;
    let counted = statement.query_row([source], |row| {
        let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
        Ok(StoredOf {
            has_state: row.get(0)?,
            snapshots: count(1)?,
            pinned: count(2)?,
            restores: count(3)?,
        })
    });
    Ok(counted?)
}

/// Deletes in the order of what refers to what; `?1` is the source.
const DELETE_ALL: [&str; 9] = [
    "DELETE FROM recorded WHERE snapshot IN (SELECT id FROM snapshot WHERE source = ?1)",
    "DELETE FROM uncounted WHERE snapshot IN (SELECT id FROM snapshot WHERE source = ?1)",
    "DELETE FROM coding_seal WHERE snapshot IN (SELECT id FROM snapshot WHERE source = ?1)",
    "DELETE FROM snapshot WHERE source = ?1",
    "DELETE FROM asked WHERE restore IN (SELECT id FROM restore WHERE source = ?1)",
    "DELETE FROM restore WHERE source = ?1",
    "DELETE FROM report WHERE source = ?1",
    "DELETE FROM journal WHERE source = ?1",
    "DELETE FROM whole WHERE source = ?1",
];

/// Removes a source and everything of it; returns how much that was, `None` if there is none.
pub(super) fn remove_source(
    connection: &Connection,
    name: &SourceName,
) -> Result<Option<StoredOf>, StoreError> {
    let Some(id) = finding::id_of(connection, name)? else {
        return Ok(None);
    };
    let stored = count(connection, id)?;
    for sql in DELETE_ALL {
        connection.prepare_cached(sql)?.execute([id])?;
    }
    sources::remove_row(connection, id)?;
    Ok(Some(stored))
}

/// Removes a snapshot that is not pinned; later ones of its chain are rewritten without it. Only
/// one of `only_of`, if that is given. Returns the name of its source.
pub(super) fn remove_snapshot(
    connection: &Connection,
    id: u64,
    only_of: Option<&SourceName>,
) -> Result<SourceName, StateError> {
    let row = snapshots::load_any(connection, id)?;
    if let Some(name) = only_of.filter(|name| name.as_str() != row.snapshot.source) {
        return Err(StateError::NotFound {
            message: format!("there is no snapshot {id} of {name}"),
        });
    }
    if row.snapshot.is_pinned {
        return Err(StateError::Pinned { id });
    }
    let rows = snapshots::of_source(connection, Some(row.source))?;
    let chain: Vec<Row> = rows
        .into_iter()
        .filter(|it| it.chain == row.chain)
        .collect();
    match chain.last().map(Row::id) == Some(row.id()) {
        true => delete(connection, row.id())?,
        false => rewrite_without(connection, &chain, &row)?,
    }
    let source = super::stored_name(&row.snapshot.source);
    if let Some(source) = finding::id_of(connection, &source)? {
        sources::remove_if_empty(connection, source)?;
    }
    Ok(source)
}

/// Deletes a snapshot on which no other is based.
fn delete(connection: &Connection, id: i64) -> Result<(), StoreError> {
    ring::hand_on(connection, id)?;
    connection
        .prepare_cached("DELETE FROM coding_seal WHERE snapshot = ?1")?
        .execute([id])?;
    connection
        .prepare_cached("DELETE FROM snapshot WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

fn rewrite_without(
    connection: &Connection,
    chain: &[Row],
    removed: &Row,
) -> Result<(), StoreError> {
    let goes = |row: &Row| row.id() == removed.id();
    let rewrite = Rewrite::without(connection, &[chain], &goes)?;
    let damaged = || {
        let what = "a snapshot that later ones are based on";
        mismatch(&format!(
            "{what}, of the chain of snapshot {}",
            removed.id()
        ))
    };
    thinning::carry_out(connection, &rewrite.ok_or_else(damaged)?)
}

/// The row of the table of the numbers that were given out which counts sources.
const LAST_SOURCE: &str = "source";

/// Notes that a number of a source was given out. It is not given out again: what other programs
/// hold of that number in memory would be taken for the state of another source.
pub(super) fn note_number(connection: &Connection, id: i64) -> Result<(), StoreError> {
    let noted = connection
        .prepare_cached("UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1")?
        .execute(params![LAST_SOURCE, id])?;
    if noted == 0 {
        connection
            .prepare_cached("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)")?
            .execute(params![LAST_SOURCE, id])?;
    }
    Ok(())
}

/// Returns the number of the next source.
pub(super) fn next_number(connection: &Connection) -> Result<i64, StoreError> {
    let noted: Option<i64> = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1")?
        .query_row([LAST_SOURCE], |row| row.get(0))
        .optional()?;
    let largest: Option<i64> = connection
        .prepare_cached("SELECT max(id) FROM source")?
        .query_row([], |row| row.get(0))?;
    Ok(noted.max(largest).unwrap_or(0) + 1)
}
