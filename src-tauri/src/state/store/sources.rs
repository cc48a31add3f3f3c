//! Sources, their states whole, and the journal of the changes since, whose end is the ring.
//!
//! `finding.rs` reads the rows of sources.

use std::io::{self, BufWriter, Write};

use flagdeck_core::state;
use flagdeck_core::state::{Change, Hint};
use flagdeck_core::tree::{self, KeyError, Tree};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::seal::{SEAL_BYTES, mismatch, seal};
use super::{recovery, removing};
use crate::state::limits::{JOURNAL_BYTES_MAX, JOURNAL_CHANGES_MAX, STATE_BYTES_MAX};
use crate::state::{SourceName, StateError};
use crate::store::StoreError;

/// The level of zstd for a state written whole: it is rewritten often.
const WHOLE_LEVEL: i32 = 1;

/// Bytes of text that are packed at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// A source without its state.
#[derive(Debug, Clone)]
pub(in crate::state) struct Source {
    pub(in crate::state) id: i64,
    pub(in crate::state) name: SourceName,
    /// Grows with every change; 0 without any.
    pub(in crate::state) seq: i64,
    /// When it last reported, in milliseconds since 1970; 0 if never.
    pub(in crate::state) at_ms: i64,
    pub(in crate::state) files: u64,
    /// Bytes of the state as text, when it was last written whole.
    pub(in crate::state) bytes: u64,
    /// Changes in its ring: the latest of its journal.
    pub(in crate::state) records: u32,
}

impl Source {
    pub(super) fn seal(&self) -> [u8; SEAL_BYTES] {
        seal(&[
            self.name.as_str().as_bytes(),
            &self.seq.to_le_bytes(),
            &self.at_ms.to_le_bytes(),
            &self.files.to_le_bytes(),
            &self.bytes.to_le_bytes(),
            &self.records.to_le_bytes(),
        ])
    }
}

/// Writes the row of a source, without its state.
pub(super) fn write(connection: &Connection, source: &Source) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE source SET seq = ?2, at_ms = ?3, files = ?4, bytes = ?5, records = ?6, \
             seal = ?7 WHERE id = ?1",
        )?
        .execute(params![
            source.id,
            source.seq,
            source.at_ms,
            source.files as i64,
            source.bytes as i64,
            source.records,
            source.seal()
        ])?;
    Ok(())
}

/// Removes a source of which nothing is kept any more.
pub(super) fn remove_if_empty(connection: &Connection, source: i64) -> Result<(), StoreError> {
    let is_empty: bool = connection.query_row(
        "SELECT seq = 0 AND NOT EXISTS (SELECT 1 FROM snapshot WHERE source = ?1) \
         FROM source WHERE id = ?1",
        [source],
        |row| row.get(0),
    )?;
    if is_empty {
        connection.execute("DELETE FROM restore WHERE source = ?1", [source])?;
        remove_row(connection, source)?;
    }
    Ok(())
}

/// Removes the row of a source, to which nothing refers any more.
pub(super) fn remove_row(connection: &Connection, source: i64) -> Result<(), StoreError> {
    removing::note_number(connection, source)?;
    connection.execute("DELETE FROM source WHERE id = ?1", [source])?;
    Ok(())
}

/// Writes a state whole, as of the source's last change. Only the ring is left of the journal.
pub(super) fn write_whole(
    connection: &Connection,
    source: &mut Source,
    tree: &Tree,
) -> Result<(), StateError> {
    let seq = source.seq;
    let packed = pack(tree)?;
    if packed.bytes > STATE_BYTES_MAX {
        return Err(StateError::TooLarge {
            bytes: packed.bytes,
            max: STATE_BYTES_MAX,
        });
    }
    Ok(write_packed(connection, source, &packed, seq)?)
}

/// Writes a state whole, as of a change, however large it is.
pub(super) fn write_as_of(
    connection: &Connection,
    source: &mut Source,
    tree: &Tree,
    seq: i64,
) -> Result<(), StoreError> {
    write_packed(connection, source, &pack(tree)?, seq)
}

/// The text of a state as it is stored.
struct PackedText {
    packed: Vec<u8>,
    /// Bytes of the text.
    bytes: usize,
}

/// Packs the text of a state while it is written: the text as a whole is never in memory.
fn pack(tree: &Tree) -> Result<PackedText, StoreError> {
    let pack = || {
        let mut counted = Counted {
            inner: zstd::stream::write::Encoder::new(Vec::new(), WHOLE_LEVEL)?,
            bytes: 0,
        };
        let mut pieces = BufWriter::with_capacity(PIECE_BYTES, &mut counted);
        serde_json::to_writer(&mut pieces, tree)?;
        pieces.into_inner()?;
        Ok(PackedText {
            packed: counted.inner.finish()?,
            bytes: counted.bytes,
        })
    };
    pack().map_err(|source| StoreError::File {
        path: "state.db".into(),
        source,
    })
}

/// A writer that counts what goes through it.
struct Counted<W> {
    inner: W,
    bytes: usize,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(piece)?;
        self.bytes += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn write_packed(
    connection: &Connection,
    source: &mut Source,
    PackedText { packed, bytes }: &PackedText,
    seq: i64,
) -> Result<(), StoreError> {
    source.bytes = *bytes as u64;
    let sealed = whole_seal(source.id, seq, packed);
    connection
        .prepare_cached("INSERT OR REPLACE INTO whole VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![source.id, seq, sealed, packed])?;
    connection
        .prepare_cached(
            "DELETE FROM journal WHERE source = ?1 AND seq <= ?2 AND seq <= \
             (SELECT seq FROM journal WHERE source = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?3)",
        )?
        .execute(params![source.id, seq, source.records])?;
    Ok(())
}

/// The outcome of changes.
#[derive(Debug, Default)]
pub(in crate::state) struct Recorded {
    /// What is wrong with those that cannot be applied, by their place.
    pub(in crate::state) refused: Vec<(usize, String)>,
    /// How many of the others changed a value.
    pub(in crate::state) differing: usize,
}

/// Applies changes to a tree and adds them to the journal.
pub(super) fn record_all(
    connection: &Connection,
    source: &mut Source,
    tree: &mut Tree,
    changes: &[Change],
    history_max: usize,
) -> Result<Recorded, StateError> {
    let mut recorded = Recorded::default();
    for (place, change) in changes.iter().enumerate() {
        match apply(tree, change) {
            Ok((change, is_other)) => {
                recorded.differing += usize::from(is_other);
                source.seq += 1;
                add_to_journal(connection, source.id, source.seq, &change, history_max)?;
            }
            Err(error) => recorded.refused.push((place, error.to_string())),
        }
    }
    let applied = changes.len() - recorded.refused.len();
    let records = (source.records as usize + applied).min(history_max);
    source.records = u32::try_from(records).unwrap_or(u32::MAX);
    // Every change counts against the bound of the state, which is checked when it is written.
    if journal_is_full(connection, source.id)? {
        write_whole(connection, source, tree)?;
    }
    Ok(recorded)
}

/// Applies a change to a tree; returns it as it is recorded, and whether it changed a value.
fn apply(tree: &mut Tree, change: &Change) -> Result<(Change, bool), KeyError> {
    let change = Change {
        key: state::recorded(&change.key, tree)?.into_owned(),
        ..change.clone()
    };
    let key = state::tracked(&change.key).unwrap_or_default();
    let is_other = tree::get_key(tree, key) != change.new.as_ref();
    let old = state::track(tree, &change)?.and_then(|tracked| tracked.old);
    Ok((Change { old, ..change }, is_other))
}

pub(super) fn add_to_journal(
    connection: &Connection,
    source: i64,
    seq: i64,
    change: &Change,
    history_max: usize,
) -> Result<(), StoreError> {
    let packed = postcard::to_stdvec(&packable(change))
        .map_err(|_| StoreError::damaged("a change cannot be written"))?;
    let history_max = history_max as i64;
    connection
        .prepare_cached("INSERT OR REPLACE INTO journal VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            source,
            seq,
            history_max,
            journal_seal(source, seq, history_max, &packed),
            packed
        ])?;
    Ok(())
}

/// A change as the journal holds it: values as JSON text, which postcard has no form for.
pub(super) type Packed = (
    String,
    Option<String>,
    Option<String>,
    i64,
    String,
    PackedHint,
);

/// How many frames of the stack trace to skip, or which one it is.
type PackedHint = Option<(Option<u32>, String)>;

/// A change as the journal of format 1 holds it.
type PackedBefore = (String, Option<String>, Option<String>, i64, String);

pub(super) fn packable(change: &Change) -> Packed {
    let text = |value: &Option<Tree>| value.as_ref().map(Tree::to_string);
    let hint = change.hint.as_ref().map(|hint| match hint {
        Hint::Skip(frames) => (Some(*frames), String::new()),
        Hint::Frame(frame) => (None, frame.clone()),
    });
    (
        change.key.clone(),
        text(&change.old),
        text(&change.new),
        change.at_ms,
        change.origin.clone(),
        hint,
    )
}

pub(super) fn unpacked((key, old, new, at_ms, origin, hint): Packed) -> Option<Change> {
    let value = |text: Option<String>| text.map(|text| tree::read(text.as_bytes())).transpose();
    Some(Change {
        key,
        old: value(old).ok()?,
        new: value(new).ok()?,
        at_ms,
        origin,
        hint: hint.map(|(skip, frame)| match skip {
            Some(frames) => Hint::Skip(frames),
            None => Hint::Frame(frame),
        }),
    })
}

fn read_packed(bytes: &[u8]) -> Option<Change> {
    let packed = postcard::from_bytes(bytes).or_else(|_| {
        let (key, old, new, at_ms, origin): PackedBefore = postcard::from_bytes(bytes)?;
        Ok::<Packed, postcard::Error>((key, old, new, at_ms, origin, None))
    });
    packed.ok().and_then(unpacked)
}

fn whole_seal(source: i64, seq: i64, packed: &[u8]) -> [u8; SEAL_BYTES] {
    seal(&[&source.to_le_bytes(), &seq.to_le_bytes(), packed])
}

fn journal_seal(source: i64, seq: i64, history_max: i64, packed: &[u8]) -> [u8; SEAL_BYTES] {
    seal(&[
        &source.to_le_bytes(),
        &seq.to_le_bytes(),
        &history_max.to_le_bytes(),
        packed,
    ])
}

/// Adds a change to the journal that counts as one of its ring.
pub(super) fn add_to_ring(
    connection: &Connection,
    source: &mut Source,
    change: &Change,
    history_max: usize,
) -> Result<(), StoreError> {
    add_to_journal(connection, source.id, source.seq, change, history_max)?;
    let records = (source.records as usize + 1).min(history_max);
    source.records = u32::try_from(records).unwrap_or(u32::MAX);
    Ok(())
}

/// Removes the changes of the journal that do not match their hash: nothing can be read of them.
pub(super) fn remove_unreadable(
    connection: &Connection,
    source: &Source,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare(
        "SELECT seq, history_max, seal, change FROM journal WHERE source = ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query([source.id])?;
    let mut unreadable: Vec<i64> = Vec::new();
    while let Some(row) = rows.next()? {
        if read_journal(row, source.id)?.is_none() {
            unreadable.push(row.get(0)?);
        }
    }
    let mut delete =
        connection.prepare_cached("DELETE FROM journal WHERE source = ?1 AND seq = ?2")?;
    for seq in unreadable {
        delete.execute([source.id, seq])?;
    }
    Ok(())
}

fn journal_is_full(connection: &Connection, source: i64) -> Result<bool, StoreError> {
    let (changes, bytes): (i64, i64) = connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(length(change)), 0) FROM journal WHERE source = ?1 \
             AND seq > coalesce((SELECT seq FROM whole WHERE source = ?1), 0)",
        )?
        .query_row([source], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(changes > JOURNAL_CHANGES_MAX || bytes > JOURNAL_BYTES_MAX)
}

/// Loads the state of a source: the one written whole, with every later change of the journal.
///
/// # Errors
/// [`StateError::Damaged`] if a part of it is damaged or missing. No snapshot takes its place
/// unasked: later changes replayed on an older state would make one that never existed.
pub(super) fn load_tree(connection: &Connection, source: &Source) -> Result<Tree, StateError> {
    replayed(connection, source).map_err(|error| match error {
        // What SQLite finds may be one failed read, which is judged by the caller.
        error if error.is_malformed() => error.into(),
        StoreError::Damaged { what } => {
            recovery::damaged(connection, source.id, &source.name, what)
        }
        error => error.into(),
    })
}

/// Replays the journal on the state written whole.
pub(super) fn replayed(connection: &Connection, source: &Source) -> Result<Tree, StoreError> {
    let whole = load_whole(connection, source.id)?;
    let (mut tree, mut seq) = whole.unwrap_or_else(|| (state::initial(), 0));
    let mut statement = connection.prepare_cached(
        "SELECT seq, history_max, seal, change FROM journal \
         WHERE source = ?1 AND seq > ?2 ORDER BY seq",
    )?;
    let mut rows = statement.query([source.id, seq])?;
    while let Some(row) = rows.next()? {
        let at: i64 = row.get(0)?;
        let what = || mismatch(&format!("change {at}"));
        if at != seq + 1 {
            return Err(missing(seq + 1));
        }
        let change = read_journal(row, source.id)?.ok_or_else(what)?;
        state::replay(&mut tree, &change).map_err(|_| what())?;
        seq = at;
    }
    match seq == source.seq {
        true => Ok(tree),
        false => Err(missing(source.seq)),
    }
}

/// Returns whether all that the state of a source is made of is as it was written. Decodes none of
/// it.
///
/// # Errors
/// [`StoreError`] if it cannot be read.
pub(in crate::state) fn is_intact(
    connection: &Connection,
    source: &Source,
) -> Result<bool, StoreError> {
    let mut whole =
        connection.prepare_cached("SELECT seq, seal, text FROM whole WHERE source = ?1")?;
    let whole = whole.query_row([source.id], |row| {
        let seq: i64 = row.get(0)?;
        let text = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        Ok((seq, is_sealed(row, 1, &whole_seal(source.id, seq, text))?))
    });
    let (mut seq, mut is_intact) = whole.optional()?.unwrap_or((0, true));
    let mut journal = connection.prepare_cached(
        "SELECT seq, history_max, seal, change FROM journal \
         WHERE source = ?1 AND seq > ?2 ORDER BY seq",
    )?;
    let mut rows = journal.query([source.id, seq])?;
    while let Some(row) = rows.next()? {
        let (at, history_max): (i64, i64) = (row.get(0)?, row.get(1)?);
        let packed = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
        let sealed = journal_seal(source.id, at, history_max, packed);
        is_intact &= at == seq + 1 && is_sealed(row, 2, &sealed)?;
        seq = at;
    }
    Ok(is_intact && seq == source.seq)
}

/// Returns whether a column of a row has this seal.
fn is_sealed(row: &Row<'_>, column: usize, seal: &[u8]) -> rusqlite::Result<bool> {
    Ok(row.get_ref(column)?.as_blob()? == seal)
}

fn missing(seq: i64) -> StoreError {
    StoreError::damaged(format!("change {seq} is missing"))
}

/// Reads a change of the journal; `None` if it does not match its hash.
pub(super) fn read_journal(row: &Row<'_>, source: i64) -> Result<Option<Change>, StoreError> {
    let (seq, history_max): (i64, i64) = (row.get(0)?, row.get(1)?);
    let sealed: [u8; SEAL_BYTES] = row.get(2)?;
    let packed = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
    if journal_seal(source, seq, history_max, packed) != sealed {
        return Ok(None);
    }
    Ok(read_packed(packed))
}

pub(super) fn load_whole(
    connection: &Connection,
    source: i64,
) -> Result<Option<(Tree, i64)>, StoreError> {
    let row: Option<(i64, [u8; SEAL_BYTES], Vec<u8>)> = connection
        .prepare_cached("SELECT seq, seal, text FROM whole WHERE source = ?1")?
        .query_row([source], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((seq, sealed, packed)) = row else {
        return Ok(None);
    };
    let what = || mismatch("a state");
    if whole_seal(source, seq, &packed) != sealed {
        return Err(what());
    }
    let text = zstd::bulk::decompress(&packed, STATE_BYTES_MAX).map_err(|_| what())?;
    let tree = tree::read(&text).map_err(|_| what())?;
    Ok(Some((tree, seq)))
}
