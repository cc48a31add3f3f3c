//! Counts the changes of snapshots that were stored without a count.

use std::collections::HashMap;

use flagdeck_core::tree::Tree;
use rusqlite::{Connection, params};

use super::chains::tree_of;
use super::walking::each_state;
use super::{Row, of_source, select};
use crate::store::StoreError;

/// Returns whether any snapshot is uncounted.
pub(in crate::state::store) fn are_uncounted(connection: &Connection) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM uncounted)")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Counts the changes of the latest uncounted snapshots, those of one chain. Returns how many
/// snapshots it counted.
pub(in crate::state::store) fn recount(connection: &Connection) -> Result<usize, StoreError> {
    let latest: Option<i64> =
        connection.query_row("SELECT max(snapshot) FROM uncounted", [], |row| row.get(0))?;
    let Some(latest) = latest else {
        return Ok(0);
    };
    let Some(row) = select(connection, "snapshot.id = ?1", latest)?.pop() else {
        return forget_uncounted(connection, latest);
    };
    let rows = of_source(connection, Some(row.source))?;
    let Some(begin) = rows.iter().position(|other| other.chain == row.chain) else {
        return forget_uncounted(connection, latest);
    };
    let end = begin + rows[begin..].partition_point(|other| other.id() <= latest);
    let chain: Vec<Row> = rows[begin..end]
        .iter()
        .filter(|other| other.chain == row.chain)
        .cloned()
        .collect();
    let before = begin
        .checked_sub(1)
        .and_then(|place| tree_of(connection, &rows[place]).ok());
    let counts = counts(connection, &chain, before)?;
    for row in chain.iter().filter(|row| row.snapshot.changes.is_none()) {
        // A snapshot that cannot be read has no visible changes.
        let changes = counts.get(&row.id()).copied().unwrap_or_default();
        write_count(connection, row, changes)?;
    }
    Ok(chain.len())
}

/// Counts for each snapshot of a chain what differs from the one before.
fn counts(
    connection: &Connection,
    chain: &[Row],
    before: Option<Tree>,
) -> Result<HashMap<i64, u32>, StoreError> {
    let mut before = before;
    let mut counts = HashMap::new();
    each_state(connection, chain, |_, row, state| {
        let is_asked = row.snapshot.changes.is_none();
        if let Some(before) = before.as_ref().filter(|_| is_asked) {
            counts.insert(row.id(), counted(before, state));
        }
        before = Some(state.clone());
    })?;
    Ok(counts)
}

fn write_count(connection: &Connection, row: &Row, changes: u32) -> Result<(), StoreError> {
    if row.snapshot.is_damaged {
        // A seal over what was damaged would make it look sound.
        forget_uncounted(connection, row.id())?;
        return Ok(());
    }
    let row = Row {
        changes,
        ..row.clone()
    };
    connection
        .prepare_cached("UPDATE snapshot SET changes = ?2, seal = ?3 WHERE id = ?1")?
        .execute(params![row.id(), changes, row.seal()])?;
    forget_uncounted(connection, row.id())?;
    Ok(())
}

fn forget_uncounted(connection: &Connection, id: i64) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached("DELETE FROM uncounted WHERE snapshot = ?1")?;
    Ok(statement.execute([id])?)
}

/// Counts the changes between two states, as every face shows them: see
/// [`flagdeck_core::diff::states::count`].
pub(super) fn counted(before: &Tree, after: &Tree) -> u32 {
    u32::try_from(flagdeck_core::diff::states::count(before, after)).unwrap_or(u32::MAX)
}
