//! What is known of how a state changed: the ring of changes that a source recorded, which is the
//! end of its journal; the changes that each snapshot keeps of it; and what whole reports changed.
//!
//! A change belongs to a snapshot if it was recorded since the one before. When a snapshot is
//! removed, the next one inherits its changes.

use flagdeck_core::diff::states::{self, Difference};
use flagdeck_core::state::{self, Change};
use flagdeck_core::tree::Tree;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::finding;
use super::seal::{SEAL_BYTES, mismatch, seal};
use super::sources::{self, Source};
use crate::state::limits::{RECORDED_MAX, REPORT_CHANGES_MAX, REPORTS_MAX};
use crate::state::shapes::Excerpt;
use crate::store::StoreError;

/// The tables that came with format 2.
pub(super) const TABLES: &str = "
-- The changes that were recorded between a snapshot and the one before.
CREATE TABLE recorded (
    snapshot INTEGER PRIMARY KEY REFERENCES snapshot (id),
    seal     BLOB NOT NULL,
    changes  BLOB NOT NULL
) STRICT;

-- What the latest whole reports changed.
CREATE TABLE report (
    source   INTEGER NOT NULL REFERENCES source (id),
    seq      INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    -- When the source was heard before.
    since_ms INTEGER NOT NULL,
    seal     BLOB    NOT NULL,
    changes  BLOB    NOT NULL,
    PRIMARY KEY (source, seq)
) STRICT, WITHOUT ROWID;

-- Snapshots whose changes since the one before are to be counted.
CREATE TABLE uncounted (snapshot INTEGER PRIMARY KEY) STRICT;
";

/// The level of zstd for what is written with each report.
const LEVEL: i32 = 3;

/// Bytes that changes may unpack to.
const UNPACKED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a whole report changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::state) struct Report {
    pub(in crate::state) at_ms: i64,
    /// When the source reported before; 0 if it had not.
    pub(in crate::state) since_ms: i64,
    /// The first changes of it.
    pub(in crate::state) changes: Vec<Reported>,
}

/// One change of a whole report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::state) struct Reported {
    /// What changed, as a difference prints it.
    pub(in crate::state) key: String,
    pub(in crate::state) before: Option<Excerpt>,
    pub(in crate::state) after: Option<Excerpt>,
}

/// Makes format 2 of format 1, in which the ring was a part of the state.
pub(super) fn migrate_ring(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO uncounted SELECT id FROM snapshot", [])?;
    for mut source in finding::all(transaction)?.sound {
        // A state that cannot be read is left as it is: reading it reports the damage.
        let Ok(Some((mut tree, seq))) = sources::load_whole(transaction, source.id) else {
            continue;
        };
        let ring = state::take_ring(&mut tree);
        for (back, change) in ring.iter().rev().enumerate() {
            let at = seq - i64::try_from(back).unwrap_or_default();
            sources::add_to_journal(transaction, source.id, at, change, ring.len())?;
        }
        let journal: u32 = transaction.query_row(
            "SELECT count(*) FROM journal WHERE source = ?1",
            [source.id],
            |row| row.get(0),
        )?;
        source.records = source.records.min(journal);
        sources::write_as_of(transaction, &mut source, &tree, seq)?;
        sources::write(transaction, &source)?;
    }
    Ok(())
}

/// What was read of records, without those that are damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::state) struct Readable<T> {
    pub(in crate::state) found: Vec<T>,
    /// How many are damaged.
    pub(in crate::state) damaged: u32,
}

impl<T> Readable<T> {
    /// Collects what was read; `None` is a damaged one.
    fn collect(read: impl IntoIterator<Item = Option<T>>) -> Self {
        let mut damaged = 0;
        let found = read.into_iter().filter_map(|one| {
            damaged += u32::from(one.is_none());
            one
        });
        Self {
            found: found.collect(),
            damaged,
        }
    }
}

/// Returns the ring of a source, oldest first.
pub(in crate::state) fn of(
    connection: &Connection,
    source: &Source,
) -> Result<Readable<Change>, StoreError> {
    let mut ring = since(connection, source, i64::MIN)?;
    ring.found.reverse();
    Ok(ring)
}

/// Returns the changes in the ring that were recorded after a change of the source, latest first.
pub(in crate::state) fn since(
    connection: &Connection,
    source: &Source,
    seq: i64,
) -> Result<Readable<Change>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, history_max, seal, change FROM journal WHERE source = ?1 AND seq > ?2 \
         ORDER BY seq DESC LIMIT ?3",
    )?;
    let mut rows = statement.query(params![source.id, seq, source.records])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        // A damaged change affects no other.
        let change = sources::read_journal(row, source.id)?;
        changes.push(change.map(|change| Change {
            new: change.new.map(state::bounded),
            ..change
        }));
    }
    Ok(Readable::collect(changes))
}

/// Finds damage in what a source recorded and reported, and in what its snapshots keep of it.
pub(super) fn check(connection: &Connection, source: &Source) -> Result<Vec<String>, StoreError> {
    let what =
        |kind: &str, seq: &i64| format!("{kind} {seq} of {} does not match its hash", source.name);
    let journal =
        "SELECT seq, history_max, seal, change FROM journal WHERE source = ?1 ORDER BY seq";
    let changes = numbers_of(connection, journal, source.id, |row| {
        Ok(sources::read_journal(row, source.id)?.is_none())
    })?;
    let reports = damaged_reports(connection, source.id)?;
    let recorded = damaged_recorded(connection, source.id)?;
    let changes = changes.iter().map(|seq| what("change", seq));
    let reports = reports.iter().map(|seq| what("the report of change", seq));
    let recorded = recorded
        .iter()
        .map(|id| format!("{} does not match its hash", before(*id)));
    Ok(changes.chain(reports).chain(recorded).collect())
}

/// Returns the changes of which a source's reports are damaged.
pub(super) fn damaged_reports(
    connection: &Connection,
    source: i64,
) -> Result<Vec<i64>, StoreError> {
    let sql =
        "SELECT seq, at_ms, since_ms, seal, changes FROM report WHERE source = ?1 ORDER BY seq";
    let is_damaged = |row: &Row<'_>| Ok(read_report(row, source)?.is_none());
    numbers_of(connection, sql, source, is_damaged)
}

/// Returns the snapshots of a source for which what was recorded before them is damaged.
pub(super) fn damaged_recorded(
    connection: &Connection,
    source: i64,
) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT snapshot.id FROM recorded JOIN snapshot ON snapshot.id = recorded.snapshot \
               WHERE snapshot.source = ?1 ORDER BY snapshot.id";
    numbers_of(connection, sql, source, |row| {
        Ok(recorded_if_sound(connection, row.get(0)?)?.is_none())
    })
}

/// Returns the first column of the rows of a source that are `chosen`.
pub(super) fn numbers_of(
    connection: &Connection,
    sql: &str,
    source: i64,
    chosen: impl Fn(&Row<'_>) -> Result<bool, StoreError>,
) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([source])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if chosen(row)? {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// Keeps with a snapshot what was recorded since the one before, which is of the change `since`.
pub(super) fn keep(
    connection: &Connection,
    source: &Source,
    snapshot: i64,
    since: i64,
) -> Result<(), StoreError> {
    let changes = self::since(connection, source, since)?;
    if changes.damaged > 0 {
        let damaged = changes.damaged;
        tracing::warn!(source = %source.name, damaged, "a snapshot is kept without the damaged changes");
    }
    write_recorded(connection, snapshot, &changes.found)
}

/// Keeps changes, latest first, with a snapshot, in place of those that it has.
pub(super) fn write_recorded(
    connection: &Connection,
    snapshot: i64,
    changes: &[Change],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return forget(connection, "recorded", snapshot);
    }
    let latest = &changes[..changes.len().min(RECORDED_MAX)];
    let packed: Vec<_> = latest.iter().map(sources::packable).collect();
    let packed = pack(&packed)?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO recorded VALUES (?1, ?2, ?3)")?
        .execute(params![
            snapshot,
            seal(&[&snapshot.to_le_bytes(), &packed]),
            packed
        ])?;
    Ok(())
}

/// Returns what was recorded between a snapshot and the one before, latest first.
pub(in crate::state) fn recorded(
    connection: &Connection,
    snapshot: i64,
) -> Result<Vec<Change>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT seal, changes FROM recorded WHERE snapshot = ?1")?;
    let row: Option<([u8; SEAL_BYTES], Vec<u8>)> = statement
        .query_row([snapshot], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((sealed, packed)) = row else {
        return Ok(Vec::new());
    };
    let what = || mismatch(&before(snapshot));
    if seal(&[&snapshot.to_le_bytes(), &packed]) != sealed {
        return Err(what());
    }
    let changes: Vec<sources::Packed> = unpack(&packed).ok_or_else(what)?;
    Ok(changes.into_iter().filter_map(sources::unpacked).collect())
}

/// Names what was recorded before a snapshot.
fn before(snapshot: i64) -> String {
    format!("what was recorded before snapshot {snapshot}")
}

/// Returns the same; `None` if it is damaged.
///
/// # Errors
/// [`StoreError`] if it cannot be read for another reason.
pub(in crate::state) fn recorded_if_sound(
    connection: &Connection,
    snapshot: i64,
) -> Result<Option<Vec<Change>>, StoreError> {
    match recorded(connection, snapshot) {
        Err(error) if error.is_malformed() => Err(error),
        Err(StoreError::Damaged { .. }) => Ok(None),
        read => read.map(Some),
    }
}

/// Moves the changes of a snapshot to the next one of its source before it is removed. The next one
/// has to be recounted, because its predecessor changes.
pub(super) fn hand_on(connection: &Connection, snapshot: i64) -> Result<(), StoreError> {
    let next: Option<i64> = connection
        .prepare_cached(
            "SELECT min(id) FROM snapshot WHERE id > ?1 \
             AND source = (SELECT source FROM snapshot WHERE id = ?1)",
        )?
        .query_row([snapshot], |row| row.get(0))?;
    if let Some(next) = next {
        inherit(connection, snapshot, next)?;
        connection
            .prepare_cached("INSERT OR IGNORE INTO uncounted VALUES (?1)")?
            .execute([next])?;
    }
    forget(connection, "recorded", snapshot)?;
    forget(connection, "uncounted", snapshot)
}

/// Adds what was recorded before a snapshot to what was before the next one. What is damaged of the
/// one is lost with it; what is damaged of the next one stays, so that it is not taken for sound.
fn inherit(connection: &Connection, snapshot: i64, next: i64) -> Result<(), StoreError> {
    let earlier = recorded_if_sound(connection, snapshot)?;
    if earlier.is_none() {
        tracing::warn!(snapshot, "damaged changes are removed with their snapshot");
    }
    let earlier = earlier.unwrap_or_default();
    if earlier.is_empty() {
        return Ok(());
    }
    if let Some(mut changes) = recorded_if_sound(connection, next)? {
        changes.extend(earlier);
        write_recorded(connection, next, &changes)?;
    }
    Ok(())
}

fn forget(connection: &Connection, table: &str, snapshot: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(&format!("DELETE FROM {table} WHERE snapshot = ?1"))?
        .execute([snapshot])?;
    Ok(())
}

/// Notes what a whole report changed. `since_ms` is when the source reported before.
pub(super) fn report(
    connection: &Connection,
    source: &Source,
    since_ms: i64,
    (before, after): (&Tree, &Tree),
) -> Result<(), StoreError> {
    let found = flagdeck_core::difference(before, after, &states::Options::default());
    let packed = pack(&packable(found))?;
    let sealed = report_seal(source.id, source.seq, source.at_ms, since_ms, &packed);
    connection
        .prepare_cached("INSERT OR REPLACE INTO report VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            source.id,
            source.seq,
            source.at_ms,
            since_ms,
            sealed,
            packed
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM report WHERE source = ?1 AND seq <= \
             (SELECT seq FROM report WHERE source = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![source.id, REPORTS_MAX])?;
    Ok(())
}

/// Lists the reports after one change of a source up to another, latest first.
pub(in crate::state) fn reports(
    connection: &Connection,
    source: i64,
    (after, to): (i64, i64),
) -> Result<Readable<Report>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at_ms, since_ms, seal, changes FROM report \
         WHERE source = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq DESC",
    )?;
    let mut rows = statement.query(params![source, after, to])?;
    let mut reports = Vec::new();
    while let Some(row) = rows.next()? {
        reports.push(read_report(row, source)?);
    }
    Ok(Readable::collect(reports))
}

/// Reads one; `None` if it is damaged, which affects no other.
fn read_report(row: &Row<'_>, source: i64) -> Result<Option<Report>, StoreError> {
    let (seq, at_ms, since_ms): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let sealed: [u8; SEAL_BYTES] = row.get(3)?;
    let packed: Vec<u8> = row.get(4)?;
    if report_seal(source, seq, at_ms, since_ms, &packed) != sealed {
        return Ok(None);
    }
    let changes: Option<Vec<PackedReported>> = unpack(&packed);
    Ok(changes.map(|changes| Report {
        at_ms,
        since_ms,
        changes: changes.into_iter().map(reported).collect(),
    }))
}

fn report_seal(
    source: i64,
    seq: i64,
    at_ms: i64,
    since_ms: i64,
    packed: &[u8],
) -> [u8; SEAL_BYTES] {
    seal(&[
        &source.to_le_bytes(),
        &seq.to_le_bytes(),
        &at_ms.to_le_bytes(),
        &since_ms.to_le_bytes(),
        packed,
    ])
}

/// The beginning of a value, and whether it is all of it.
type PackedExcerpt = Option<(String, bool)>;

type PackedReported = (String, PackedExcerpt, PackedExcerpt);

fn packable(found: Difference) -> Vec<PackedReported> {
    let changes = found.changes.into_iter().take(REPORT_CHANGES_MAX);
    let excerpt = |it: Option<states::Excerpt>| it.map(|it| (it.text, it.is_whole));
    changes
        .map(|change| (change.path, excerpt(change.before), excerpt(change.after)))
        .collect()
}

fn reported((key, before, after): PackedReported) -> Reported {
    let excerpt = |it: PackedExcerpt| it.map(|(text, is_whole)| Excerpt { text, is_whole });
    Reported {
        key,
        before: excerpt(before),
        after: excerpt(after),
    }
}

fn pack<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    let plain = postcard::to_stdvec(value)
        .map_err(|_| StoreError::damaged("a change cannot be written"))?;
    zstd::bulk::compress(&plain, LEVEL).map_err(|source| StoreError::File {
        path: "state.db".into(),
        source,
    })
}

fn unpack<T: serde::de::DeserializeOwned>(packed: &[u8]) -> Option<T> {
    let plain = zstd::bulk::decompress(packed, UNPACKED_BYTES_MAX).ok()?;
    postcard::from_bytes(&plain).ok()
}
