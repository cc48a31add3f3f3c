//! Snapshots: a row each, in chains of which the first is kept whole.
//!
//! A row's seal covers everything but its coding; the coding is checked by what it gives, whose
//! BLAKE3 in canonical form the row has. So one altered bit is seen when a snapshot is read.

use std::collections::HashMap;

use flagdeck_core::Patch;
use flagdeck_core::chain::{self, Chain};
use flagdeck_core::tree::{self, Tree};
use rusqlite::{Connection, OptionalExtension, params};

use super::sources::Source;
use super::{SEAL_BYTES, mismatch, ring, seal, stored_name};
use crate::state::limits::{NAME_CHARS_MAX, NOTE_CHARS_MAX};
use crate::state::shapes::{Snapshot, SnapshotCause, SnapshotLabel};
use crate::state::{SourceName, StateError};
use crate::store::StoreError;

/// What to take a snapshot with.
#[derive(Debug, Clone)]
pub(crate) struct Taking<'a> {
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
    /// Whether to take none where the latest is of the same change.
    pub(crate) only_new: bool,
    /// How many files the source had, where that is not what it has.
    pub(crate) files: Option<u64>,
}

/// A snapshot with where and how it is kept.
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

fn read(row: &rusqlite::Row<'_>) -> Result<Row, StoreError> {
    let id: i64 = row.get(0)?;
    let what = || mismatch(&format!("snapshot {id}"));
    let cause: String = row.get(3)?;
    let unsigned = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let (changes, is_uncounted): (u32, bool) = (row.get(9)?, row.get(17)?);
    let found = Row {
        snapshot: Snapshot {
            id: id.unsigned_abs(),
            source: row.get(1)?,
            at_ms: row.get(2)?,
            cause: read_cause(&cause).ok_or_else(what)?,
            name: row.get(4)?,
            note: row.get(5)?,
            is_pinned: row.get(6)?,
            files: unsigned(7)?,
            bytes: unsigned(8)?,
            changes: (!is_uncounted).then_some(changes),
            is_first: row.get(18)?,
            revision: unsigned(10)?,
        },
        changes,
        source: row.get(11)?,
        seq: row.get(12)?,
        chain: row.get(13)?,
        hash: row.get(14)?,
        coding_bytes: unsigned(16)?,
    };
    let sealed: [u8; SEAL_BYTES] = row.get(15)?;
    match found.seal() == sealed {
        true => Ok(found),
        false => Err(what()),
    }
}

/// Lists rows by a condition on them, which has `?1`.
fn select(
    connection: &Connection,
    condition: &str,
    value: impl rusqlite::ToSql,
) -> Result<Vec<Row>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM snapshot JOIN source ON source.id = snapshot.source \
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

/// Loads one; an error that names it where it is not there.
pub(in crate::state) fn load(connection: &Connection, id: u64) -> Result<Row, StateError> {
    let key = i64::try_from(id).unwrap_or(i64::MAX);
    let found = select(connection, "snapshot.id = ?1", key)?.pop();
    found.ok_or_else(|| StateError::NotFound {
        message: format!("there is no snapshot {id}; it may have been removed because of its age"),
    })
}

/// Lists those of a source in the order they were taken in, or those of all.
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

/// Returns the state of a source's latest snapshot that can be read, with the change it is of.
pub(super) fn latest_tree(
    connection: &Connection,
    source: i64,
) -> Result<Option<(Tree, i64)>, StoreError> {
    for row in of_source(connection, Some(source))?.iter().rev() {
        if let Ok(tree) = tree_of(connection, row) {
            return Ok(Some((tree, row.seq)));
        }
    }
    Ok(None)
}

/// Lists sources that have a change which no snapshot is of, with when the latest was taken.
pub(super) fn news(connection: &Connection) -> Result<Vec<(SourceName, Option<i64>)>, StoreError> {
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

/// Takes one: whole where a chain begins, else as what changed since the one before.
pub(super) fn take(
    connection: &Connection,
    source: &Source,
    tree: &Tree,
    taking: &Taking<'_>,
) -> Result<u64, StateError> {
    let text = tree::write(tree);
    let before = latest(connection, source.id)?;
    let coded = code(connection, before.as_ref(), tree, &text, taking.is_packed)?;
    let id = next_id(connection)?;
    let mut row = Row {
        snapshot: Snapshot {
            id: id.unsigned_abs(),
            source: source.name.to_string(),
            at_ms: taking.at_ms,
            cause: taking.cause,
            name: None,
            note: None,
            is_pinned: false,
            files: taking.files.unwrap_or(source.files),
            bytes: text.len() as u64,
            changes: Some(coded.changes),
            is_first: before.is_none(),
            revision: taking.revision,
        },
        changes: coded.changes,
        source: source.id,
        seq: source.seq,
        chain: coded.chain.unwrap_or(id),
        hash: tree::hash(tree),
        coding_bytes: coded.bytes.len() as u64,
    };
    apply_label(&mut row.snapshot, taking.label)?;
    let since = latest_seq(connection, source.id)?.unwrap_or(i64::MIN);
    insert(connection, &row, &coded.bytes)?;
    if taking.cause != SnapshotCause::Import {
        ring::keep(connection, source, id, since)?;
    }
    Ok(row.snapshot.id)
}

/// A state as it is kept.
struct Coded {
    /// The chain it goes on; none where it begins one.
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
    // Whatever is wrong with the chain, this snapshot begins another one.
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

/// Counts what differs between two states, as every face shows it: see
/// [`flagdeck_core::difference::count`].
fn counted(before: &Tree, after: &Tree) -> u32 {
    u32::try_from(flagdeck_core::difference::count(before, after)).unwrap_or(u32::MAX)
}

/// Says whether the changes of any snapshot are to be counted.
pub(super) fn are_uncounted(connection: &Connection) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM uncounted)")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Counts the changes of the latest snapshots that are to be counted, those of one chain. Returns
/// how many snapshots it counted.
pub(super) fn recount(connection: &Connection) -> Result<usize, StoreError> {
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
        // What cannot be read has no changes that could be looked at.
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
    each_step(connection, chain, |step| {
        let is_asked = step.row.snapshot.changes.is_none();
        if let Some(before) = before.as_ref().filter(|_| is_asked) {
            counts.insert(step.row.id(), counted(before, step.after));
        }
        before = Some(step.after.clone());
    })?;
    Ok(counts)
}

fn write_count(connection: &Connection, row: &Row, changes: u32) -> Result<(), StoreError> {
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

/// One snapshot after the other.
pub(in crate::state) struct Step<'a> {
    pub(in crate::state) row: &'a Row,
    pub(in crate::state) after: &'a Tree,
}

/// Walks through the snapshots of a chain, in order, as far as they can be read. `rows` are all
/// of them, or the first ones.
pub(in crate::state) fn each_step(
    connection: &Connection,
    rows: &[Row],
    mut visit: impl FnMut(&Step<'_>),
) -> Result<(), StoreError> {
    let mut chain: Option<Chain> = None;
    let mut statement = connection.prepare_cached("SELECT coding FROM snapshot WHERE id = ?1")?;
    for row in rows {
        let coding: Vec<u8> = statement.query_row([row.id()], |found| found.get(0))?;
        let Some(open) = &mut chain else {
            let Ok(open) = Chain::open(&coding) else {
                return Ok(());
            };
            visit(&Step {
                row,
                after: open.tree(),
            });
            chain = Some(open);
            continue;
        };
        if open.advance(&coding).is_err() {
            return Ok(());
        }
        visit(&Step {
            row,
            after: open.tree(),
        });
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
/// changed in each. `before` is the state that was there before the chain. Returns the last state.
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
pub(super) fn check(connection: &Connection, source: i64) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    let rows = match of_source(connection, Some(source)) {
        Ok(rows) => rows,
        Err(StoreError::Damaged { what }) => return Ok(vec![what]),
        Err(error) => return Err(error),
    };
    for chain in rows.chunk_by(|one, next| one.chain == next.chain) {
        let mut read = 0;
        each_step(connection, chain, |step| {
            read += 1;
            if !tree::is_hash_of(&step.row.hash, step.after) {
                problems.push(mismatch(&format!("snapshot {}", step.row.id())).to_string());
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

/// Says something else of one.
pub(super) fn label(
    connection: &Connection,
    id: u64,
    label: &SnapshotLabel,
) -> Result<(), StateError> {
    let mut row = load(connection, id)?;
    apply_label(&mut row.snapshot, label)?;
    let Snapshot {
        name,
        note,
        is_pinned,
        ..
    } = &row.snapshot;
    connection
        .execute(
            "UPDATE snapshot SET name = ?2, note = ?3, pinned = ?4, seal = ?5 WHERE id = ?1",
            params![row.id(), name, note, is_pinned, row.seal()],
        )
        .map_err(StoreError::from)?;
    Ok(())
}

fn apply_label(snapshot: &mut Snapshot, label: &SnapshotLabel) -> Result<(), StateError> {
    let bounded = |field, text: &Option<String>, most| match text {
        Some(text) if text.chars().nth(most).is_some() => Err(StateError::Invalid {
            message: format!("the {field} of a snapshot has at most {most} characters"),
        }),
        _ => Ok(()),
    };
    bounded("name", &label.name, NAME_CHARS_MAX)?;
    bounded("note", &label.note, NOTE_CHARS_MAX)?;
    let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(name) = &label.name {
        snapshot.name = said(name);
    }
    if let Some(note) = &label.note {
        snapshot.note = said(note);
    }
    snapshot.is_pinned = label.is_pinned.unwrap_or(snapshot.is_pinned);
    Ok(())
}

/// Removes those of a source that came from files. What was taken on after one begins from what
/// is left.
pub(super) fn remove_imported(connection: &Connection, source: &Source) -> Result<(), StateError> {
    let rows = of_source(connection, Some(source.id))?;
    let imported = |row: &Row| row.snapshot.cause == SnapshotCause::Import;
    if !rows.iter().any(imported) {
        return Err(StateError::NotFound {
            message: format!("no snapshots of {} came from a file", source.name),
        });
    }
    for row in rows.iter().filter(|row| imported(row)) {
        // What was recorded elsewhere is not handed on to a snapshot that was taken here.
        ring::write_recorded(connection, row.snapshot.id as i64, &[])?;
    }
    for chain in rows.chunk_by(|one, next| one.chain == next.chain) {
        if chain.iter().any(imported) {
            let rewrite = super::thinning::Rewrite::without(connection, &[chain], &imported)?;
            if let Some(rewrite) = rewrite {
                super::thinning::carry_out(connection, &rewrite)?;
            }
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
