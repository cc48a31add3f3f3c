//! Reading chains: the first snapshot is whole, each of the others is a patch.

use flagdeck_core::Patch;
use flagdeck_core::chain::{self, Chain};
use flagdeck_core::tree::{self, Tree};
use rusqlite::Connection;

use super::super::seal::mismatch;
use super::{Row, of_source};
use crate::store::StoreError;

/// Opens the chain of a snapshot at it, checked; with how long it is.
pub(in crate::state) fn open_chain(
    connection: &Connection,
    row: &Row,
) -> Result<(Chain, chain::Length), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, coding FROM snapshot WHERE chain = ?1 AND id <= ?2 ORDER BY id",
    )?;
    let mut rows = statement.query([row.chain, row.id()])?;
    let what = || mismatch(&format!("snapshot {}", row.id()));
    let mut open: Option<(Chain, chain::Length)> = None;
    while let Some(found) = rows.next()? {
        let coding = found.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        match &mut open {
            None => {
                let chain = Chain::open(coding).map_err(|_| what())?;
                open = Some((chain, chain::Length::of_keyframe(coding.len())));
            }
            Some((chain, length)) => {
                chain.advance(coding).map_err(|_| what())?;
                *length = length.with(coding.len());
            }
        }
    }
    let (chain, length) = open.ok_or_else(what)?;
    match tree::is_hash_of(&row.hash, chain.tree()) {
        true => Ok((chain, length)),
        false => Err(what()),
    }
}

/// Returns the state of a snapshot, checked.
pub(in crate::state) fn tree_of(connection: &Connection, row: &Row) -> Result<Tree, StoreError> {
    Ok(open_chain(connection, row)?.0.into_tree())
}

/// Walks through the snapshots of a chain, in order, as far as they can be read. `rows` are all
/// of them, or the first ones.
pub(in crate::state) fn each_state(
    connection: &Connection,
    rows: &[Row],
    mut visit: impl FnMut(&Row, &Tree),
) -> Result<(), StoreError> {
    let mut chain: Option<Chain> = None;
    let mut statement = connection.prepare_cached("SELECT coding FROM snapshot WHERE id = ?1")?;
    for row in rows {
        let coding: Vec<u8> = statement.query_row([row.id()], |found| found.get(0))?;
        let Some(open) = &mut chain else {
            let Ok(open) = Chain::open(&coding) else {
                return Ok(());
            };
            visit(row, open.tree());
            chain = Some(open);
            continue;
        };
        if open.advance(&coding).is_err() {
            return Ok(());
        }
        visit(row, open.tree());
    }
    Ok(())
}

/// What changed in a snapshot: a patch and the state it is applied to, or the first state that
/// there is.
pub(in crate::state) enum Changed<'a> {
    Since(&'a Patch<'a>, &'a Tree),
    First(&'a Tree),
}

/// Walks through the snapshots of a chain, in order, as far as they can be read, and visits what
/// changed in each. `before` is the state before the chain. Returns the last state.
pub(in crate::state) fn each_change(
    connection: &Connection,
    rows: &[Row],
    before: Option<&Tree>,
    mut visit: impl FnMut(&Row, &Changed<'_>),
) -> Result<Option<Tree>, StoreError> {
    let mut chain: Option<Chain> = None;
    let mut statement = connection.prepare_cached("SELECT coding FROM snapshot WHERE id = ?1")?;
    for row in rows {
        let coding: Vec<u8> = statement.query_row([row.id()], |found| found.get(0))?;
        let Some(open) = &mut chain else {
            let Ok(open) = Chain::open(&coding) else {
                break;
            };
            match before {
                Some(before) => {
                    let patch = flagdeck_core::compare(before, open.tree());
                    visit(row, &Changed::Since(&patch, before));
                }
                None => visit(row, &Changed::First(open.tree())),
            }
            chain = Some(open);
            continue;
        };
        let Ok(patch) = open.peek(&coding) else {
            break;
        };
        visit(row, &Changed::Since(&patch, open.tree()));
        if open.apply(&patch).is_err() {
            return Ok(None);
        }
    }
    Ok(chain.map(Chain::into_tree))
}

/// Checks every snapshot of a source.
pub(in crate::state::store) fn check(
    connection: &Connection,
    source: i64,
) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    let rows = match of_source(connection, Some(source)) {
        Ok(rows) => rows,
        Err(StoreError::Damaged { what }) => return Ok(vec![what]),
        Err(error) => return Err(error),
    };
    for chain in rows.chunk_by(|one, next| one.chain == next.chain) {
        let mut read = 0;
        each_state(connection, chain, |row, state| {
            read += 1;
            if !tree::is_hash_of(&row.hash, state) {
                problems.push(format!("snapshot {} does not match its hash", row.id()));
            }
        })?;
        problems.extend(
            chain
                .iter()
                .skip(read)
                .map(|row| format!("snapshot {} cannot be read", row.id())),
        );
    }
    Ok(problems)
}

/// Returns the number of a source's latest snapshot that can be read.
pub(in crate::state::store) fn latest_readable(
    connection: &Connection,
    source: i64,
) -> Result<Option<i64>, StoreError> {
    let rows = of_source(connection, Some(source))?;
    let readable = rows
        .iter()
        .rev()
        .find(|row| tree_of(connection, row).is_ok());
    Ok(readable.map(Row::id))
}
