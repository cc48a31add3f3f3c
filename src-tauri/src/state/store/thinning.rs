//! Lets snapshots go: plans which, makes the chains anew that they were in, then puts those in
//! the place of the old ones.
//!
//! Planning reads and computes, and holds nobody up; carrying out is short, and does nothing to
//! a chain that somebody else changed meanwhile.

use std::collections::HashSet;
use std::path::Path;

use flagdeck_core::chain::{self, Chain};
use flagdeck_core::retention::{Kept, Retention};
use flagdeck_core::tree;
use rusqlite::{Connection, params};

use super::snapshots::{self, Row};
use super::{STATES, sources};
use crate::store::StoreError;

/// What a row takes beside its coding, with its places in the indexes; measured.
const ROW_BYTES: u64 = 220;

/// What thinning is to do.
#[derive(Debug, Default)]
pub(in crate::state) struct Plan(pub(super) Vec<Rewrite>);

impl Plan {
    pub(in crate::state) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A chain made anew.
#[derive(Debug)]
pub(super) struct Rewrite {
    chain: i64,
    /// Every snapshot it had when this was planned.
    ids: Vec<i64>,
    dropped: Vec<i64>,
    /// The others, with the chain each is in from then on, and its coding.
    kept: Vec<(i64, i64, Vec<u8>)>,
}

/// Plans for every source of a data folder.
pub(super) fn plan(data_dir: &Path, now_ms: i64) -> Result<Plan, StoreError> {
    let Some(connection) = STATES.read(data_dir)? else {
        return Ok(Plan::default());
    };
    let moment = connection.unchecked_transaction()?;
    let mut rewrites = Vec::new();
    for source in sources::all(&moment)? {
        let rows = snapshots::of_source(&moment, Some(source.id))?;
        let dropped = to_drop(&rows, now_ms);
        let goes = |row: &Row| dropped.contains(&row.id());
        // The chain that still grows is left alone: it would be made anew again and again.
        let latest = rows.last().map(|row| row.chain);
        for chain in rows.chunk_by(|one, next| one.chain == next.chain) {
            if Some(chain[0].chain) != latest && chain.iter().any(goes) {
                rewrites.push(Rewrite::without(&moment, chain, &goes)?);
            }
        }
    }
    Ok(Plan(rewrites))
}

fn to_drop(rows: &[Row], now_ms: i64) -> HashSet<i64> {
    let kept: Vec<Kept> = rows
        .iter()
        .map(|row| Kept {
            id: row.id(),
            at_ms: row.snapshot.at_ms,
            bytes: row.coding_bytes + ROW_BYTES,
            is_pinned: row.snapshot.is_pinned || row.snapshot.name.is_some(),
        })
        .collect();
    let dropped = Retention::default().to_drop(&kept, now_ms);
    dropped.into_iter().collect()
}

impl Rewrite {
    /// Makes a chain anew without some of its snapshots. One that cannot be read stays as it is.
    pub(super) fn without(
        connection: &Connection,
        chain: &[Row],
        goes: &impl Fn(&Row) -> bool,
    ) -> Result<Self, StoreError> {
        let ids: Vec<i64> = chain.iter().map(Row::id).collect();
        let dropped = chain.iter().filter(|row| goes(row)).map(Row::id).collect();
        let mut kept: Vec<(i64, i64, Vec<u8>)> = Vec::new();
        let mut made: Option<(Chain, i64)> = None;
        let mut read = 0;
        snapshots::each_step(connection, chain, |step| {
            let is_sound = tree::hash(step.after) == step.row.hash;
            read += usize::from(is_sound);
            if !is_sound || goes(step.row) {
                return;
            }
            let id = step.row.id();
            let next = made.as_mut().and_then(|(made, first)| {
                let coding = made.encode(step.after).bytes;
                made.advance(&coding).ok()?;
                Some((id, *first, coding))
            });
            let next = next.unwrap_or_else(|| {
                let text = tree::write(step.after);
                made = Some((Chain::start(step.after.clone()), id));
                (id, id, chain::keyframe(&text))
            });
            kept.push(next);
        })?;
        let rewrite = Self {
            chain: chain[0].chain,
            ids,
            dropped,
            kept,
        };
        match read == chain.len() {
            true => Ok(rewrite),
            false => Ok(Self {
                dropped: Vec::new(),
                kept: Vec::new(),
                ..rewrite
            }),
        }
    }
}

/// Puts a chain made anew in the place of the old one, if that is as it was.
pub(super) fn carry_out(connection: &Connection, rewrite: &Rewrite) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM snapshot WHERE chain = ?1 ORDER BY id")?;
    let ids: Vec<i64> = statement
        .query_map([rewrite.chain], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if ids != rewrite.ids {
        return Ok(());
    }
    for id in &rewrite.dropped {
        connection
            .prepare_cached("DELETE FROM snapshot WHERE id = ?1")?
            .execute([id])?;
    }
    for (id, chain, coding) in &rewrite.kept {
        connection
            .prepare_cached("UPDATE snapshot SET chain = ?2, coding = ?3 WHERE id = ?1")?
            .execute(params![id, chain, coding])?;
    }
    Ok(())
}
