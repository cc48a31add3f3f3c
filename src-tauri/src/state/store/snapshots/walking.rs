//! Walking through chains: every state that is certain is visited, and the others are not.
//!
//! A state is certain if every coding up to it is the one that was written, or else if it matches
//! its own hash. What follows a damaged coding may still be sound, so the walk goes on as far as
//! patches can be applied.

use std::borrow::Cow;
use std::collections::HashSet;

use flagdeck_core::Patch;
use flagdeck_core::chain::Chain;
use flagdeck_core::tree::{self, Tree};
use rusqlite::Connection;

use super::coding_seal::{Coding, Codings, Place};
use super::{Row, select};
use crate::state::shapes::Snapshot;
use crate::store::StoreError;

/// What changed in a snapshot: a patch and the state it is applied to, or the first state that
/// there is.
pub(in crate::state) enum Changed<'a> {
    Since(&'a Patch<'a>, &'a Tree),
    First(&'a Tree),
}

/// Walks through the snapshots of a chain, in order, and visits those that can be read, each with
/// its place among `rows`, which are all of them or the first ones.
pub(in crate::state) fn each_state(
    connection: &Connection,
    rows: &[Row],
    mut visit: impl FnMut(usize, &Row, &Tree),
) -> Result<(), StoreError> {
    let mut walk = Walk::of(connection)?;
    for (place, row) in rows.iter().enumerate() {
        let coding = walk.coding(row)?;
        let Some(state) = walk.advance(row, &coding) else {
            if walk.is_over() {
                break;
            }
            continue;
        };
        visit(place, row, state);
    }
    Ok(())
}

/// Walks through the snapshots of a chain, in order, and visits what changed in those that can be
/// read, since the one before that can be. `before` is the state before the chain. Returns the last
/// state.
pub(in crate::state) fn each_change(
    connection: &Connection,
    rows: &[Row],
    before: Option<&Tree>,
    mut visit: impl FnMut(&Row, &Changed<'_>),
) -> Result<Option<Tree>, StoreError> {
    let mut walk = Walk::of(connection)?;
    // What a state is compared with that no patch leads to from the one before.
    let mut known = before.map(Cow::Borrowed);
    for row in rows {
        let coding = walk.coding(row)?;
        if walk.take_step(row, &coding, &mut visit) {
            continue;
        }
        if let Some(tree) = walk.certain() {
            known = Some(Cow::Owned(tree.clone()));
        }
        if let Some(state) = walk.advance(row, &coding) {
            match known.as_deref() {
                Some(known) => {
                    let patch = flagdeck_core::compare(known, state);
                    visit(row, &Changed::Since(&patch, known));
                }
                None => visit(row, &Changed::First(state)),
            }
        } else if walk.is_over() {
            break;
        }
    }
    Ok(match walk.into_certain() {
        Some(tree) => Some(tree),
        None => known.map(Cow::into_owned),
    })
}

/// Marks the snapshots that cannot be read. Decodes only chains with a coding that is not the one
/// that was written.
pub(in crate::state) fn mark_damaged(
    connection: &Connection,
    snapshots: &mut [Snapshot],
) -> Result<(), StoreError> {
    let mut chain_of = connection.prepare_cached("SELECT chain FROM snapshot WHERE id = ?1")?;
    let mut looked_at = HashSet::new();
    let mut damaged = HashSet::new();
    for snapshot in snapshots.iter() {
        let chain: i64 = chain_of.query_row([snapshot.id as i64], |row| row.get(0))?;
        if looked_at.insert(chain) {
            damaged.extend(unreadable(connection, chain)?);
        }
    }
    for snapshot in snapshots {
        snapshot.is_damaged |= damaged.contains(&snapshot.id);
    }
    Ok(())
}

/// Lists the snapshots of a chain that cannot be read.
fn unreadable(connection: &Connection, chain: i64) -> Result<Vec<u64>, StoreError> {
    let rows = select(
        connection,
        "snapshot.chain = ?1 ORDER BY snapshot.id",
        chain,
    )?;
    let mut walk = Walk::of(connection)?;
    let mut is_sealed = true;
    for row in &rows {
        is_sealed &= walk.coding(row)?.is_sealed;
    }
    if is_sealed {
        return Ok(Vec::new());
    }
    let mut readable = HashSet::new();
    each_state(connection, &rows, |_, row, _| {
        readable.insert(row.snapshot.id);
    })?;
    let ids = rows.iter().map(|row| row.snapshot.id);
    Ok(ids.filter(|id| !readable.contains(id)).collect())
}

/// A walk through one chain.
struct Walk<'a> {
    codings: Codings<'a>,
    /// `None` before its first snapshot.
    chain: Option<Chain>,
    /// The snapshot that was read last; 0 before the first.
    last: i64,
    /// Whether the state it is at is the one that was stored.
    is_certain: bool,
    is_over: bool,
}

impl<'a> Walk<'a> {
    fn of(connection: &'a Connection) -> Result<Self, StoreError> {
        Ok(Self {
            codings: Codings::of(connection)?,
            chain: None,
            last: 0,
            is_certain: true,
            is_over: false,
        })
    }

    /// Reads the coding of the next snapshot. One that is missing leads nowhere.
    fn coding(&mut self, row: &Row) -> Result<Coding, StoreError> {
        let before = std::mem::replace(&mut self.last, row.id());
        let place = Place {
            id: row.id(),
            chain: row.chain,
            before,
        };
        let found = self.codings.get(place)?;
        Ok(found.unwrap_or(Coding {
            bytes: Vec::new(),
            is_sealed: false,
        }))
    }

    /// Goes on to the next snapshot; returns its state if it can be read.
    fn advance(&mut self, row: &Row, coding: &Coding) -> Option<&Tree> {
        let advanced = match &mut self.chain {
            Some(chain) => chain.advance(&coding.bytes).map(drop),
            None => Chain::open(&coding.bytes).map(|open| self.chain = Some(open)),
        };
        if advanced.is_err() {
            self.end();
        }
        let tree = self.chain.as_ref().filter(|_| !self.is_over)?.tree();
        let is_sealed = self.is_certain && coding.is_sealed;
        self.is_certain = is_sealed || tree::is_hash_of(&row.hash, tree);
        (self.is_certain && !row.snapshot.is_damaged).then_some(tree)
    }

    /// Goes on by a patch, from a state that is certain to one that is, and visits that. Returns
    /// whether it did.
    fn take_step(
        &mut self,
        row: &Row,
        coding: &Coding,
        visit: &mut impl FnMut(&Row, &Changed<'_>),
    ) -> bool {
        let is_plain = self.is_certain && coding.is_sealed;
        let Some(chain) = self.chain.as_mut().filter(|_| is_plain) else {
            return false;
        };
        let Ok(patch) = chain.peek(&coding.bytes) else {
            return false;
        };
        if !row.snapshot.is_damaged {
            visit(row, &Changed::Since(&patch, chain.tree()));
        }
        if chain.apply(&patch).is_err() {
            self.end();
        }
        true
    }

    /// Nothing after it can be read.
    fn end(&mut self) {
        (self.is_over, self.is_certain) = (true, false);
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns the state it is at, if that is certain.
    fn certain(&self) -> Option<&Tree> {
        let chain = self.chain.as_ref().filter(|_| self.is_certain);
        chain.map(Chain::tree)
    }

    fn into_certain(self) -> Option<Tree> {
        let chain = self.chain.filter(|_| self.is_certain);
        chain.map(Chain::into_tree)
    }
}
