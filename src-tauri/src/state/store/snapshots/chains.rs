//! Reading chains: the first snapshot is whole, each of the others is a patch.

use std::collections::HashSet;

use flagdeck_core::chain::{self, Chain};
use flagdeck_core::tree::{self, Tree};
use rusqlite::Connection;

use super::super::seal::mismatch;
use super::walking::each_state;
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

/// Checks every snapshot of a source.
pub(in crate::state::store) fn check(
    connection: &Connection,
    source: i64,
) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    let rows = of_source(connection, Some(source))?;
    for chain in rows.chunk_by(|one, next| one.chain == next.chain) {
        let mut sound = HashSet::new();
        each_state(connection, chain, |_, row, state| {
            if tree::is_hash_of(&row.hash, state) {
                sound.insert(row.id());
            }
        })?;
        let unread = chain.iter().filter(|row| !sound.contains(&row.id()));
        problems.extend(unread.map(|row| match row.snapshot.is_damaged {
            true => format!(
                "what is stored of snapshot {} does not match its hash",
                row.id()
            ),
            false => format!("snapshot {} cannot be read", row.id()),
        }));
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
        .find(|row| !row.snapshot.is_damaged && tree_of(connection, row).is_ok());
    Ok(readable.map(Row::id))
}
