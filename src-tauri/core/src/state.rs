//! The state of a source: its `ml` namespace, and the record of every change to it.
//!
//! The founding specification's state extension (section 3) as values: what a new source
//! begins with, how a change is applied, and how the ring of the latest changes is served.
//!
//! The ring is kept separately from the state, so that a state reported whole erases none of it.
//! The specification has it in the state, as `ml.history`: [`with_ring`] puts it there for readers,
//! unless the source reports a `history` with other records in it, which is a part of its state
//! like any other. One that holds nothing but what is in the ring is the ring, reported back by a
//! source that read it: [`without_known`] removes it. A record in it whose timestamp is in seconds
//! stays in the state and is no change, see [`read_reported`]. Knows nothing of time or disk.

mod origin;

use std::borrow::Cow;

use serde_json::json;

use crate::limits::{
    MOMENTS_IN_SECONDS, RECORD_EXCERPT_CHARS, RECORD_VALUE_BYTES_MAX, RECORD_VALUE_DEPTH_MAX,
};
use crate::tree::path::ROOT;
use crate::tree::{self, KeyError, Object, Path, Tree};

pub use self::origin::{Hint, Recorders, place};

/// The member of a state that holds the ring of changes.
pub const HISTORY: &str = "history";

/// A change to a state, as its source recorded it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What was set, as a dotted key that begins with `ml`.
    pub key: String,
    /// What it was, if the source reported that; if not, the value here counts.
    pub old: Option<Tree>,
    /// What it became; `None` if it was removed.
    pub new: Option<Tree>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// From where: a stack trace, or whatever the source said.
    pub origin: String,
    /// Which frame of the stack trace made it, if the source said.
    pub hint: Option<Hint>,
}

/// Returns what a source begins with: the namespace of the founding specification, without the
/// ring, which is kept separately.
pub fn initial() -> Tree {
    json!({
        "version": "6.0.0",
        "flags": {},
        "metrics": {
            "performance": {
                "calculationTime": [],
                "convergenceIterations": [],
                "memoryUsage": []
            },
            "usage": {
                "filesAnalyzed": 0,
                "feedbackProvided": 0,
                "confidenceImprovement": []
            },
            "quality": {
                "avgConfidence": 0,
                "convergenceRate": 0,
                "userAgreement": 0
            }
        },
        "cache": {}
    })
    .into()
}

/// Returns the rest of a key behind `ml.`, or behind `ml` if a name in brackets follows; `None` for
/// a key that is not tracked.
pub fn tracked(key: &str) -> Option<&str> {
    let behind = key.strip_prefix(ROOT)?;
    let in_brackets = || {
        let key = Some(behind).filter(|key| key.starts_with('['))?;
        tree::keys::path_of(key).map(|_| key)
    };
    behind.strip_prefix('.').or_else(in_brackets)
}

/// Returns a tracked key as it is recorded: only with dots, except that a name with dots is in
/// brackets and quotes. Elements of lists that it names by identity are found in `ml`.
///
/// # Errors
/// [`KeyError::Nowhere`] if it names an element that is not there.
pub fn recorded<'a>(key: &'a str, ml: &Tree) -> Result<Cow<'a, str>, KeyError> {
    let Some(path) = tracked(key).and_then(tree::keys::path_of) else {
        return Ok(key.into());
    };
    match path.target(ml) {
        Some(pointer) => Ok(Path::from_pointer(&pointer).rooted().into()),
        None => Err(KeyError::Nowhere { key: key.into() }),
    }
}

/// Applies a change to a tree. A key that does not begin with `ml` is outside of the tree, and
/// ignored.
///
/// Returns the change as the ring keeps it: with what was there before, if the source did not
/// say, and with values too large to be kept a hundred times over cut to their beginning.
/// Returns `None` if the key is not tracked.
///
/// # Errors
/// [`KeyError`] if the key leads nowhere that can be set; nothing is changed then.
pub fn track(ml: &mut Tree, change: &Change) -> Result<Option<Change>, KeyError> {
    let Some(key) = tracked(&change.key) else {
        return Ok(None);
    };
    let before = tree::set_key(ml, key, change.new.clone())?;
    Ok(Some(Change {
        key: change.key.clone(),
        old: change.old.clone().or(before).map(bounded),
        new: change.new.clone().map(bounded),
        at_ms: change.at_ms,
        origin: change.origin.clone(),
        hint: change.hint.clone(),
    }))
}

/// Applies a change that was recorded before. A change from a version that treated brackets as part
/// of names is applied that way.
///
/// # Errors
/// [`KeyError`] if the key leads nowhere that can be set; nothing is changed then.
pub fn replay(ml: &mut Tree, change: &Change) -> Result<(), KeyError> {
    let Err(error) = track(ml, change) else {
        return Ok(());
    };
    match tracked(&change.key) {
        Some(key) if key.contains('[') => {
            tree::keys::set_by_dots(ml, key, change.new.clone()).map(drop)
        }
        _ => Err(error),
    }
}

/// Returns a change as the specification writes it.
pub fn record(change: &Change) -> Tree {
    let mut record = Object::with_capacity(5);
    record.insert("key", change.key.clone().into());
    for (name, value) in [("oldValue", &change.old), ("newValue", &change.new)] {
        if let Some(value) = value {
            record.insert(name, value.clone());
        }
    }
    record.insert("timestamp", change.at_ms.into());
    record.insert("source", change.origin.clone().into());
    match &change.hint {
        Some(Hint::Skip(frames)) => record.insert("skip", u64::from(*frames).into()),
        Some(Hint::Frame(frame)) => record.insert("frame", frame.clone().into()),
        None => {}
    }
    record.into()
}

/// Returns a value as the ring keeps it: one that is too large, as its beginning.
pub fn bounded(value: Tree) -> Tree {
    let is_large = tree::is_larger(&value, RECORD_VALUE_BYTES_MAX);
    match is_large || tree::depth(&value) > RECORD_VALUE_DEPTH_MAX {
        false => value,
        true => {
            let text = value.to_string();
            let cut: String = text.chars().take(RECORD_EXCERPT_CHARS).collect();
            json!({ "excerpt": cut, "bytes": text.len() }).into()
        }
    }
}

/// Returns whether a value of a record is only the beginning of what was set.
pub fn is_cut(value: &Tree) -> bool {
    let members = value.as_object().filter(|members| members.len() == 2);
    members.is_some_and(|members| {
        let (excerpt, bytes) = (members.get("excerpt"), members.get("bytes"));
        excerpt.and_then(Tree::as_str).is_some() && bytes.and_then(Tree::as_u64).is_some()
    })
}

/// Returns a state as readers get it: with the ring, oldest first, as its `history`, unless the
/// ring is empty or the state has a `history` with anything in it.
pub fn with_ring(ml: Tree, ring: &[Change]) -> Tree {
    match ml {
        Tree::Object(mut members) if !ring.is_empty() && !has_own(members.get(HISTORY)) => {
            let records: Vec<Tree> = ring.iter().map(record).collect();
            members.insert(HISTORY, records.into());
            Tree::Object(members)
        }
        ml => ml,
    }
}

fn has_own(history: Option<&Tree>) -> bool {
    let is_empty = |history: &Tree| history.as_array().is_some_and(<[Tree]>::is_empty);
    history.is_some_and(|history| !is_empty(history))
}

/// Removes the `history` from a state reported whole, if everything in it is in the ring: it
/// becomes what it was in the state before, absent or empty.
pub fn without_known(ml: &mut Tree, before: &Tree, ring: &[Change]) {
    let history = ml.get(HISTORY).and_then(Tree::as_array);
    let is_in_ring = |record: &Tree| {
        let is_same = |own: &Change, it: &Change| {
            own.key == it.key && own.at_ms == it.at_ms && own.new == it.new
        };
        read(record).is_some_and(|own| ring.iter().any(|it| is_same(&own, it)))
    };
    let is_ring = history.is_some_and(|all| !all.is_empty() && all.iter().all(is_in_ring));
    if let (true, Tree::Object(members)) = (is_ring, ml) {
        match before.get(HISTORY) {
            None => drop(members.remove(HISTORY)),
            Some(_) => members.insert(HISTORY, Tree::Array(Vec::new())),
        }
    }
}

/// Removes the ring from a state that contains it, as states were stored in format 1. A `history`
/// that holds anything but records is the source's own, and stays.
///
/// Returns the changes, oldest first.
pub fn take_ring(ml: &mut Tree) -> Vec<Change> {
    let ring = ml.get(HISTORY).and_then(Tree::as_array);
    let read: Option<Vec<Change>> = ring.and_then(|ring| ring.iter().map(read).collect());
    match (read, ml) {
        (Some(ring), Tree::Object(members)) => {
            members.remove(HISTORY);
            ring
        }
        _ => Vec::new(),
    }
}

/// Reads the `history` of a state, latest first. What is no record is left out.
pub fn records(ml: &Tree) -> impl Iterator<Item = Change> + '_ {
    let ring = ml.get(HISTORY).and_then(Tree::as_array);
    ring.into_iter().flatten().rev().filter_map(read_reported)
}

/// Returns whether a timestamp is in seconds: in milliseconds since 1970, it would be one of the
/// three years after that.
pub fn is_in_seconds(at_ms: i64) -> bool {
    MOMENTS_IN_SECONDS.contains(&at_ms)
}

/// Counts the records among what a source reports as changes whose timestamp is in seconds.
pub fn count_in_seconds(records: &[Tree]) -> usize {
    let read = records.iter().filter_map(read);
    read.filter(|change| is_in_seconds(change.at_ms)).count()
}

/// Reads a change in what a source reports as its own history, or recorded in a file. Returns
/// `None` also if its timestamp is in seconds: it would be shown as a change of 1970.
pub fn read_reported(record: &Tree) -> Option<Change> {
    read(record).filter(|change| !is_in_seconds(change.at_ms))
}

/// Reads a change as sources write it; `None` if it has no key.
pub fn read(record: &Tree) -> Option<Change> {
    Some(Change {
        key: record.get("key")?.as_str()?.to_owned(),
        old: record.get("oldValue").cloned(),
        new: record.get("newValue").cloned(),
        at_ms: record.get("timestamp").and_then(milliseconds)?,
        origin: match record.get("source") {
            Some(Tree::String(origin)) => origin.clone().into(),
            _ => String::new(),
        },
        hint: hint(record),
    })
}

/// Reads which frame a source names for a change: `frame`, or else `skip`.
pub fn hint(record: &Tree) -> Option<Hint> {
    let frame = record.get("frame").and_then(Tree::as_str);
    let frame = frame.filter(|frame| !frame.trim().is_empty());
    let skip = || record.get("skip")?.as_u64()?.try_into().ok();
    match frame {
        Some(frame) => Some(Hint::Frame(frame.trim().to_owned())),
        None => skip().map(Hint::Skip),
    }
}

/// Reads a time in milliseconds, whole or not, as JavaScript writes them.
fn milliseconds(value: &Tree) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|at_ms| at_ms as i64))
}

/// Returns a state without its `history`: for comparing two states apart from how they came about.
pub fn without_history(ml: &Tree) -> Tree {
    let mut ml = ml.clone();
    if let Tree::Object(members) = &mut ml {
        members.remove(HISTORY);
    }
    ml
}
