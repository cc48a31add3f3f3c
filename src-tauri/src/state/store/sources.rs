//! Sources, their states whole, and the journal of the changes since, whose end is the ring.

use flagdeck_core::state;
use flagdeck_core::state::{Change, Hint};
use flagdeck_core::tree::{self, KeyError, Object, Tree};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::seal::{SEAL_BYTES, mismatch, seal};
use super::{snapshots, stored_name};
use crate::state::limits::{JOURNAL_BYTES_MAX, JOURNAL_CHANGES_MAX, SOURCES_MAX, STATE_BYTES_MAX};
use crate::state::{SourceName, StateError};
use crate::store::StoreError;

/// The level of zstd for a state written whole: it is rewritten often.
const WHOLE_LEVEL: i32 = 1;

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
    fn seal(&self) -> [u8; SEAL_BYTES] {
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

const COLUMNS: &str = "id, name, seq, at_ms, files, bytes, records, seal";

fn read(row: &Row<'_>) -> Result<Source, StoreError> {
    let name: String = row.get(1)?;
    let source = Source {
        id: row.get(0)?,
        name: stored_name(&name),
        seq: row.get(2)?,
        at_ms: row.get(3)?,
        files: row.get::<_, i64>(4)?.unsigned_abs(),
        bytes: row.get::<_, i64>(5)?.unsigned_abs(),
        records: row.get(6)?,
    };
    let sealed: [u8; SEAL_BYTES] = row.get(7)?;
    match source.seal() == sealed {
        true => Ok(source),
        false => Err(mismatch(&format!("the source {name}"))),
    }
}

/// Lists every source, the last to report first.
pub(in crate::state) fn all(connection: &Connection) -> Result<Vec<Source>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM source ORDER BY at_ms DESC, name");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut sources = Vec::new();
    while let Some(row) = rows.next()? {
        sources.push(read(row)?);
    }
    Ok(sources)
}

/// Reads the source of a number; `None` if there is none.
pub(super) fn of_id(connection: &Connection, id: i64) -> Result<Option<Source>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM source WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read).transpose()
}

pub(super) fn find(
    connection: &Connection,
    name: &SourceName,
) -> Result<Option<Source>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM source WHERE name = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([name.as_str()])?;
    rows.next()?.map(read).transpose()
}

/// Returns an existing source.
pub(in crate::state) fn get(
    connection: &Connection,
    name: &SourceName,
) -> Result<Source, StateError> {
    match find(connection, name)? {
        Some(source) => Ok(source),
        None => Err(unknown(connection, name)?),
    }
}

/// Returns a source that has a state, not only snapshots.
pub(super) fn get_with_state(
    connection: &Connection,
    name: &SourceName,
) -> Result<Source, StateError> {
    let source = get(connection, name)?;
    match source.seq {
        0 => Err(StateError::NotFound {
            message: format!("{name} has only snapshots; it has reported no state"),
        }),
        _ => Ok(source),
    }
}

fn unknown(connection: &Connection, name: &SourceName) -> Result<StateError, StoreError> {
    let known: Vec<String> = all(connection)?
        .into_iter()
        .map(|source| source.name.to_string())
        .collect();
    let message = match known.as_slice() {
        [] => format!("there is no source {name}; no application has reported a state yet"),
        known => format!("there is no source {name}; there is {}", known.join(", ")),
    };
    Ok(StateError::NotFound { message })
}

/// Returns a source, and creates it if it is missing.
pub(super) fn find_or_make(
    connection: &Connection,
    name: &SourceName,
) -> Result<Source, StateError> {
    if let Some(source) = find(connection, name)? {
        return Ok(source);
    }
    let count: u32 = connection
        .query_row("SELECT count(*) FROM source", [], |row| row.get(0))
        .map_err(StoreError::from)?;
    if count >= SOURCES_MAX {
        return Err(StateError::TooMany {
            message: format!(
                "the states of {SOURCES_MAX} sources are stored already, the most there can be"
            ),
        });
    }
    let mut source = Source {
        id: 0,
        name: name.clone(),
        seq: 0,
        at_ms: 0,
        files: 0,
        bytes: 0,
        records: 0,
    };
    connection
        .execute(
            "INSERT INTO source (name, seq, at_ms, files, bytes, records, seal) \
             VALUES (?1, 0, 0, 0, 0, 0, ?2)",
            params![name.as_str(), source.seal()],
        )
        .map_err(StoreError::from)?;
    source.id = connection.last_insert_rowid();
    Ok(source)
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
        connection.execute("DELETE FROM source WHERE id = ?1", [source])?;
    }
    Ok(())
}

/// Writes a state whole, as of the source's last change. Only the ring is left of the journal.
pub(super) fn write_whole(
    connection: &Connection,
    source: &mut Source,
    tree: &Tree,
) -> Result<(), StateError> {
    let text = tree::write(tree);
    let bytes = text.len();
    if bytes > STATE_BYTES_MAX {
        return Err(StateError::TooLarge {
            bytes,
            max: STATE_BYTES_MAX,
        });
    }
    let seq = source.seq;
    Ok(write_as_of(connection, source, &text, seq)?)
}

/// Writes the text of a state whole, as of a change.
pub(super) fn write_as_of(
    connection: &Connection,
    source: &mut Source,
    text: &[u8],
    seq: i64,
) -> Result<(), StoreError> {
    let packed = zstd::bulk::compress(text, WHOLE_LEVEL).map_err(|source| StoreError::File {
        path: "state.db".into(),
        source,
    })?;
    source.bytes = text.len() as u64;
    let sealed = seal(&[&source.id.to_le_bytes(), &seq.to_le_bytes(), &packed]);
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

fn journal_seal(source: i64, seq: i64, history_max: i64, packed: &[u8]) -> [u8; SEAL_BYTES] {
    seal(&[
        &source.to_le_bytes(),
        &seq.to_le_bytes(),
        &history_max.to_le_bytes(),
        packed,
    ])
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
/// [`StoreError::Damaged`] if a part of it is damaged or missing. No snapshot takes its place:
/// later changes replayed on an older state would make one that never existed.
pub(super) fn load_tree(connection: &Connection, source: &Source) -> Result<Tree, StoreError> {
    replayed(connection, source).map_err(|error| match error {
        // What SQLite finds may be one failed read, which is judged by who called.
        error if error.is_malformed() => error,
        StoreError::Damaged { what } => damaged_state(connection, source, &what),
        error => error,
    })
}

fn replayed(connection: &Connection, source: &Source) -> Result<Tree, StoreError> {
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

fn missing(seq: i64) -> StoreError {
    StoreError::damaged(format!("change {seq} is missing"))
}

/// Returns the error for a state that cannot be read: what is damaged, and how to go on.
fn damaged_state(connection: &Connection, source: &Source, what: &str) -> StoreError {
    let name = &source.name;
    let sound = match snapshots::latest_readable(connection, source.id) {
        Ok(Some(id)) => format!("snapshot {id} is its latest that can be read"),
        Ok(None) | Err(_) => "it has no snapshot that can be read".to_owned(),
    };
    StoreError::damaged(format!(
        "the state of {name}: {what}; {sound}, and the next whole report of {name} replaces it"
    ))
}

/// Loads the state that a whole report is compared with: an empty one in place of a damaged one,
/// which is removed. The ring and the snapshots stay.
pub(super) fn load_for_report(
    connection: &Connection,
    source: &mut Source,
) -> Result<Tree, StoreError> {
    match load_tree(connection, source) {
        Err(error) if error.is_malformed() => Err(error),
        Err(StoreError::Damaged { what }) => {
            tracing::error!(source = %source.name, what, "a whole report replaces a damaged state");
            let empty = Tree::from(Object::default());
            let seq = source.seq;
            write_as_of(connection, source, &tree::write(&empty), seq)?;
            Ok(empty)
        }
        loaded => loaded,
    }
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
    if seal(&[&source.to_le_bytes(), &seq.to_le_bytes(), &packed]) != sealed {
        return Err(what());
    }
    let text = zstd::bulk::decompress(&packed, STATE_BYTES_MAX).map_err(|_| what())?;
    let tree = tree::read(&text).map_err(|_| what())?;
    Ok(Some((tree, seq)))
}
