//! Taking a snapshot: whole if it begins a chain, else as a patch of the one before.

use flagdeck_core::chain;
use flagdeck_core::tree::{self, Tree};
use rusqlite::{Connection, params};

use super::super::ring;
use super::super::sources::Source;
use super::chains::open_chain;
use super::coding_seal::{self, Place};
use super::counting::counted;
use super::labels::apply_label;
use super::{Row, cause_text, latest, latest_seq};
use crate::state::StateError;
use crate::state::shapes::{Snapshot, SnapshotCause, SnapshotLabel};
use crate::store::StoreError;

/// A snapshot to be taken, without its state.
#[derive(Debug, Clone)]
pub(crate) struct NewSnapshot<'a> {
    /// When, in milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// Why.
    pub(crate) cause: SnapshotCause,
    /// How it is named, noted and pinned.
    pub(crate) label: &'a SnapshotLabel,
    /// The revision of the flags in force.
    pub(crate) revision: u64,
    /// Whether to pack it; else it is kept whole, as plain text.
    pub(crate) is_packed: bool,
    /// Whether to take none if the latest one is of the same change.
    pub(crate) only_new: bool,
    /// How many files the source had, if that differs from the present.
    pub(crate) files: Option<u64>,
}

/// Takes one: whole if it begins a chain, else as a patch of the one before.
pub(in crate::state::store) fn take(
    connection: &Connection,
    source: &Source,
    tree: &Tree,
    wanted: &NewSnapshot<'_>,
) -> Result<u64, StateError> {
    let text = tree::write(tree);
    let before = latest(connection, source.id)?;
    let coded = code(connection, before.as_ref(), tree, &text, wanted.is_packed)?;
    let id = next_id(connection)?;
    let mut row = Row {
        snapshot: Snapshot {
            id: id.unsigned_abs(),
            source: source.name.to_string(),
            at_ms: wanted.at_ms,
            cause: wanted.cause,
            name: None,
            note: None,
            is_pinned: false,
            files: wanted.files.unwrap_or(source.files),
            bytes: text.len() as u64,
            changes: Some(coded.changes),
            is_first: before.is_none(),
            is_damaged: false,
            revision: wanted.revision,
        },
        changes: coded.changes,
        source: source.id,
        seq: source.seq,
        chain: coded.chain.unwrap_or(id),
        hash: tree::hash(tree),
        coding_bytes: coded.bytes.len() as u64,
    };
    apply_label(&mut row.snapshot, wanted.label)?;
    let since = latest_seq(connection, source.id)?.unwrap_or(i64::MIN);
    insert(connection, &row, &coded.bytes)?;
    let is_continued = coded.chain.is_some();
    let place = Place {
        id,
        chain: row.chain,
        before: before.filter(|_| is_continued).map_or(0, |it| it.id()),
    };
    coding_seal::write(connection, place, &coded.bytes)?;
    if wanted.cause != SnapshotCause::Import {
        ring::keep(connection, source, id, since)?;
    }
    Ok(row.snapshot.id)
}

/// A state as it is stored.
struct Coded {
    /// The chain it continues; `None` if it begins one.
    chain: Option<i64>,
    bytes: Vec<u8>,
    changes: u32,
}

fn code(
    connection: &Connection,
    before: Option<&Row>,
    tree: &Tree,
    text: &[u8],
    is_packed: bool,
) -> Result<Coded, StoreError> {
    let whole = |changes| Coded {
        chain: None,
        bytes: match is_packed {
            true => chain::keyframe(text),
            false => text.to_vec(),
        },
        changes,
    };
    let Some(before) = before else {
        return Ok(whole(0));
    };
    // If the chain is damaged in any way, this snapshot begins another one.
    if before.snapshot.is_damaged {
        return Ok(whole(0));
    }
    let Ok((chain, length)) = open_chain(connection, before) else {
        return Ok(whole(0));
    };
    let step = chain.encode(tree);
    let changes = counted(chain.tree(), tree);
    match is_packed && !chain::is_full(&length.with(step.bytes.len())) {
        true => Ok(Coded {
            chain: Some(before.chain),
            bytes: step.bytes,
            changes,
        }),
        false => Ok(whole(changes)),
    }
}

fn next_id(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'snapshot'), 0) + 1";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

fn insert(connection: &Connection, row: &Row, coding: &[u8]) -> Result<(), StoreError> {
    let Snapshot {
        at_ms,
        cause,
        name,
        note,
        is_pinned,
        files,
        bytes,
        revision,
        ..
    } = &row.snapshot;
    connection
        .prepare_cached(
            "INSERT INTO snapshot VALUES \
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            row.id(),
            row.source,
            at_ms,
            cause_text(*cause),
            name,
            note,
            is_pinned,
            *files as i64,
            *bytes as i64,
            row.changes,
            *revision as i64,
            row.seq,
            row.chain,
            row.hash,
            row.seal(),
            coding
        ])?;
    Ok(())
}
