//! Snapshots: a row each, in chains of which the first is kept whole.
//!
//! A row's seal covers everything except its coding; the coding is checked by the BLAKE3 hash, in
//! the row, of the decoded state in canonical form. So one altered bit is seen when a snapshot is
//! read.

mod chains;
mod coding_seal;
mod counting;
mod labels;
mod taking;
mod walking;

use flagdeck_core::tree::{self, Tree};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension};

pub(in crate::state) use self::chains::tree_of;
pub(super) use self::chains::{check, latest_readable};
pub(super) use self::coding_seal::{
    Place, TABLE as SEALS, make_all as seal_codings, write as seal_coding,
};
pub(super) use self::counting::{are_uncounted, recount};
pub(super) use self::labels::label;
pub(crate) use self::taking::NewSnapshot;
pub(super) use self::taking::take;
pub(in crate::state) use self::walking::{Changed, each_change, each_state, mark_damaged};
use super::seal::{SEAL_BYTES, mismatch, seal};
use super::sources::Source;
use super::{ring, stored_name};
use crate::state::limits::MOMENT_MS_MAX;
use crate::state::shapes::{Snapshot, SnapshotCause};
use crate::state::{SourceName, StateError};
use crate::store::StoreError;

/// A snapshot with how it is stored.
#[derive(Debug, Clone)]
pub(in crate::state) struct Row {
    pub(in crate::state) snapshot: Snapshot,
    /// Its changes as they are stored, counted or not.
    changes: u32,
    pub(in crate::state) source: i64,
    pub(in crate::state) seq: i64,
    /// The number of the snapshot its chain begins with.
    pub(in crate::state) chain: i64,
    /// BLAKE3 of the state in canonical form.
    pub(in crate::state) hash: [u8; 32],
    /// Bytes of its coding.
    pub(in crate::state) coding_bytes: u64,
}

impl Row {
    pub(super) fn id(&self) -> i64 {
        self.snapshot.id as i64
    }

    fn seal(&self) -> [u8; SEAL_BYTES] {
        let Snapshot {
            id,
            at_ms,
            cause,
            name,
            note,
            is_pinned,
            files,
            bytes,
            revision,
            ..
        } = &self.snapshot;
        let given = |text: &Option<String>| [u8::from(text.is_some())];
        seal(&[
            &id.to_le_bytes(),
            &self.source.to_le_bytes(),
            &at_ms.to_le_bytes(),
            cause_text(*cause).as_bytes(),
            &given(name),
            name.as_deref().unwrap_or_default().as_bytes(),
            &given(note),
            note.as_deref().unwrap_or_default().as_bytes(),
            &[u8::from(*is_pinned)],
            &files.to_le_bytes(),
            &bytes.to_le_bytes(),
            &self.changes.to_le_bytes(),
            &revision.to_le_bytes(),
            &self.seq.to_le_bytes(),
            &self.hash,
        ])
    }
}

const COLUMNS: &str = "snapshot.id, source.name, snapshot.at_ms, cause, snapshot.name, note, \
     pinned, snapshot.files, snapshot.bytes, changes, revision, snapshot.source, snapshot.seq, \
     chain, hash, snapshot.seal, length(coding), \
     EXISTS (SELECT 1 FROM uncounted WHERE uncounted.snapshot = snapshot.id), \
     NOT EXISTS (SELECT 1 FROM snapshot AS earlier \
     WHERE earlier.source = snapshot.source AND earlier.id < snapshot.id)";

/// The same of a snapshot whose source is called `?2`, by itself: what else is in the database may
/// be damaged.
const COLUMNS_ALONE: &str = "id, ?2, at_ms, cause, name, note, pinned, files, bytes, changes, \
     revision, source, seq, chain, hash, seal, length(coding), 0, 0";

/// Reads a snapshot of a damaged database, whose source is called `source`; `None` if there is none
/// of that number.
pub(super) fn load_alone(
    connection: &Connection,
    id: i64,
    source: &str,
) -> Result<Option<Row>, StoreError> {
    let sql = format!("SELECT {COLUMNS_ALONE} FROM snapshot WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params![id, source])?;
    rows.next()?.map(read).transpose()
}

/// Returns whether a source has a snapshot of this time and state.
pub(super) fn has(
    connection: &Connection,
    source: i64,
    at_ms: i64,
    state: &Tree,
) -> Result<bool, StoreError> {
    let sql = "SELECT hash FROM snapshot WHERE at_ms = ?1 AND source = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([at_ms, source])?;
    while let Some(row) = rows.next()? {
        let hash: [u8; 32] = row.get(0)?;
        if tree::is_hash_of(&hash, state) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads a row. One that does not match its seal is marked as damaged, with what is stored of it as
/// far as that can be read.
fn read(row: &rusqlite::Row<'_>) -> Result<Row, StoreError> {
    let found = match read_values(row) {
        Ok((found, sealed)) if found.seal() == sealed => return Ok(found),
        Ok((found, _)) => found,
        Err(error) if is_of_value(&error) => unreadable(row)?,
        Err(error) => return Err(error.into()),
    };
    let at_ms = found.snapshot.at_ms.clamp(0, MOMENT_MS_MAX);
    Ok(Row {
        snapshot: Snapshot {
            at_ms,
            is_damaged: true,
            ..found.snapshot
        },
        ..found
    })
}

/// Returns whether an error is about a value that was read, as opposed to reading it.
fn is_of_value(error: &rusqlite::Error) -> bool {
    use rusqlite::Error;
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
            | Error::InvalidColumnType(..)
    )
}

/// Returns what is known of a row of which not all values can be read.
fn unreadable(row: &rusqlite::Row<'_>) -> Result<Row, StoreError> {
    let id: i64 = row.get(0)?;
    let name = row.get_ref(1)?.as_bytes_or_null();
    let name = name.ok().flatten().unwrap_or_default();
    Ok(Row {
        snapshot: Snapshot {
            id: id.unsigned_abs(),
            source: String::from_utf8_lossy(name).into_owned(),
            at_ms: row.get(2).unwrap_or_default(),
            cause: SnapshotCause::Interval,
            name: None,
            note: None,
            is_pinned: false,
            files: 0,
            bytes: 0,
            changes: None,
            is_first: row.get(18).unwrap_or_default(),
            is_damaged: true,
            revision: 0,
        },
        changes: 0,
        source: row.get(11).unwrap_or_default(),
        seq: row.get(12).unwrap_or_default(),
        chain: row.get(13).unwrap_or_default(),
        hash: row.get(14).unwrap_or_default(),
        coding_bytes: row.get::<_, i64>(16).unwrap_or_default().unsigned_abs(),
    })
}

/// Reads the values of a row, and its seal.
fn read_values(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Row, [u8; SEAL_BYTES])> {
    let id: i64 = row.get(0)?;
    let cause: String = row.get(3)?;
    let unsigned = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let (changes, is_uncounted): (u32, bool) = (row.get(9)?, row.get(17)?);
    let found = Row {
        snapshot: Snapshot {
            id: id.unsigned_abs(),
            source: row.get(1)?,
            at_ms: row.get(2)?,
            cause: read_cause(&cause).ok_or_else(|| {
                rusqlite::Error::FromSqlConversionFailure(3, Type::Text, cause.clone().into())
            })?,
            name: row.get(4)?,
            note: row.get(5)?,
            is_pinned: row.get(6)?,
            files: unsigned(7)?,
            bytes: unsigned(8)?,
            changes: (!is_uncounted).then_some(changes),
            is_first: row.get(18)?,
            is_damaged: false,
            revision: unsigned(10)?,
        },
        changes,
        source: row.get(11)?,
        seq: row.get(12)?,
        chain: row.get(13)?,
        hash: row.get(14)?,
        coding_bytes: unsigned(16)?,
    };
    Ok((found, row.get(15)?))
}

/// Lists rows by a condition on them, which has `?1`.
fn select(
    connection: &Connection,
    condition: &str,
    value: impl rusqlite::ToSql,
) -> Result<Vec<Row>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM snapshot LEFT JOIN source ON source.id = snapshot.source \
         WHERE {condition}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([value])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Loads one, also a damaged one; an error names it if it is missing.
pub(super) fn load_any(connection: &Connection, id: u64) -> Result<Row, StateError> {
    let key = i64::try_from(id).unwrap_or(i64::MAX);
    let found = select(connection, "snapshot.id = ?1", key)?.pop();
    found.ok_or_else(|| StateError::NotFound {
        message: format!("there is no snapshot {id}; it may have been removed because of its age"),
    })
}

/// Loads one; an error names it if it is missing or damaged.
pub(in crate::state) fn load(connection: &Connection, id: u64) -> Result<Row, StateError> {
    let row = load_any(connection, id)?;
    match row.snapshot.is_damaged {
        true => Err(mismatch(&format!("snapshot {id}")).into()),
        false => Ok(row),
    }
}

/// Lists those of a source, or of all, in the order they were stored.
pub(in crate::state) fn of_source(
    connection: &Connection,
    source: Option<i64>,
) -> Result<Vec<Row>, StoreError> {
    match source {
        Some(source) => select(
            connection,
            "snapshot.source = ?1 ORDER BY snapshot.id",
            source,
        ),
        None => select(connection, "?1 = 0 ORDER BY snapshot.id", 0),
    }
}

/// Lists those whose source is not there: which it is, or that it is, was damaged.
pub(super) fn astray(connection: &Connection) -> Result<Vec<Row>, StoreError> {
    select(connection, "?1 = 0 AND source.id IS NULL", 0)
}

pub(super) fn latest(connection: &Connection, source: i64) -> Result<Option<Row>, StoreError> {
    let condition = "snapshot.source = ?1 ORDER BY snapshot.id DESC LIMIT 1";
    Ok(select(connection, condition, source)?.pop())
}

/// Returns the change of a source that its latest snapshot is of.
pub(super) fn latest_seq(connection: &Connection, source: i64) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT seq FROM snapshot WHERE source = ?1 AND cause <> 'import' \
               ORDER BY id DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([source], |row| row.get(0)).optional()?)
}

/// Lists sources with changes since their latest snapshot, with when that was taken.
pub(super) fn sources_to_snapshot(
    connection: &Connection,
) -> Result<Vec<(SourceName, Option<i64>)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT source.name, latest.at_ms FROM source LEFT JOIN snapshot AS latest \
         ON latest.id = (SELECT max(id) FROM snapshot \
                         WHERE snapshot.source = source.id AND cause <> 'import') \
         WHERE source.seq > 0 AND (latest.seq IS NULL OR latest.seq <> source.seq)",
    )?;
    let rows = statement.query_map([], |row| {
        let name: String = row.get(0)?;
        Ok((stored_name(&name), row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Counts the snapshots of a source, and the bytes they take; with when the latest was taken.
pub(in crate::state) fn in_sum(
    connection: &Connection,
    source: i64,
) -> Result<(u64, u64, Option<i64>), StoreError> {
    let sql = "SELECT count(*), coalesce(sum(length(coding)), 0), max(at_ms) FROM snapshot \
               WHERE source = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let (count, bytes, at_ms): (i64, i64, Option<i64>) =
        statement.query_row([source], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok((count.unsigned_abs(), bytes.unsigned_abs(), at_ms))
}

pub(super) fn count(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT count(*) FROM snapshot", [], |row| row.get(0))?)
}

/// Removes those of a source that came from files. Later snapshots are rewritten on top of the
/// remaining ones.
pub(super) fn remove_imported(connection: &Connection, source: &Source) -> Result<(), StateError> {
    let rows = of_source(connection, Some(source.id))?;
    let imported = |row: &Row| row.snapshot.cause == SnapshotCause::Import;
    if !rows.iter().any(imported) {
        return Err(StateError::NotFound {
            message: format!("no snapshots of {} came from a file", source.name),
        });
    }
    for row in rows.iter().filter(|row| imported(row)) {
        // What was recorded elsewhere is not inherited by a snapshot that was taken here.
        ring::write_recorded(connection, row.snapshot.id as i64, &[])?;
    }
    for chain in rows.chunk_by(|one, next| one.chain == next.chain) {
        if chain.iter().any(imported) {
            let rewrite = super::thinning::Rewrite::without(connection, &[chain], &imported)?;
            let damaged = || mismatch(&format!("a snapshot in the chain of {}", chain[0].id()));
            super::thinning::carry_out(connection, &rewrite.ok_or_else(damaged)?)?;
        }
    }
    Ok(())
}

fn cause_text(cause: SnapshotCause) -> &'static str {
    match cause {
        SnapshotCause::Interval => "interval",
        SnapshotCause::Asked => "asked",
        SnapshotCause::BeforeRestore => "before_restore",
        SnapshotCause::BeforeRollback => "before_rollback",
        SnapshotCause::Import => "import",
    }
}

fn read_cause(text: &str) -> Option<SnapshotCause> {
    [
        SnapshotCause::Interval,
        SnapshotCause::Asked,
        SnapshotCause::BeforeRestore,
        SnapshotCause::BeforeRollback,
        SnapshotCause::Import,
    ]
    .into_iter()
    .find(|cause| cause_text(*cause) == text)
}
