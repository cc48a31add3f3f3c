//! The state of a source: its `ml` namespace, and the record of every change to it.
//!
//! The founding specification's state extension (section 3) as values: what a new source
//! begins with, how a change is applied, and the ring of the latest changes that is part of
//! the state itself. Knows nothing of time or disk.

use serde_json::json;

use crate::limits::{RECORD_EXCERPT_CHARS, RECORD_VALUE_BYTES_MAX, RECORD_VALUE_DEPTH_MAX};
use crate::tree::{self, KeyError, Object, Tree};

/// What every tracked key begins with.
pub const PREFIX: &str = "ml.";

/// The member of the tree that holds the ring of changes.
pub const HISTORY: &str = "history";

/// A change to a state, as its source recorded it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What was set, as a dotted key with its prefix `ml.`.
    pub key: String,
    /// What it was, where the source said; else what it was here counts.
    pub old: Option<Tree>,
    /// What it became; none where it was taken away.
    pub new: Option<Tree>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// From where: a stack trace, or whatever the source said.
    pub origin: String,
}

/// Returns what a source begins with: the namespace of the founding specification.
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
        "history": [],
        "cache": {}
    })
    .into()
}

/// Returns the rest of a key behind `ml.`; none for a key that is not tracked.
pub fn tracked(key: &str) -> Option<&str> {
    key.strip_prefix(PREFIX)
}

/// Applies a change to a tree, and records it in the tree's ring of the latest `history_max`
/// changes. A key without the prefix `ml.` is none of the tree's, and left alone.
///
/// Returns whether it was tracked.
///
/// # Errors
/// [`KeyError`] where the key leads nowhere that can be set; nothing is changed then.
pub fn track(ml: &mut Tree, change: &Change, history_max: usize) -> Result<bool, KeyError> {
    let Some(key) = tracked(&change.key) else {
        return Ok(false);
    };
    let before = tree::set_key(ml, key, change.new.clone())?;
    push(ml, record(change, before), history_max);
    Ok(true)
}

/// Returns a change as the ring holds it. Values too large to be kept a hundred times over are
/// cut to their beginning.
fn record(change: &Change, before: Option<Tree>) -> Tree {
    let mut record = Object::with_capacity(5);
    record.insert("key", change.key.clone().into());
    let old = change.old.clone().or(before);
    for (name, value) in [("oldValue", old), ("newValue", change.new.clone())] {
        if let Some(value) = value {
            record.insert(name, bounded(value));
        }
    }
    record.insert("timestamp", change.at_ms.into());
    record.insert("source", change.origin.clone().into());
    record.into()
}

fn bounded(value: Tree) -> Tree {
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

/// Says whether a value of a record is only the beginning of what was set.
pub fn is_cut(value: &Tree) -> bool {
    let members = value.as_object().filter(|members| members.len() == 2);
    members.is_some_and(|members| {
        let (excerpt, bytes) = (members.get("excerpt"), members.get("bytes"));
        excerpt.and_then(Tree::as_str).is_some() && bytes.and_then(Tree::as_u64).is_some()
    })
}

/// Adds a record to the ring. A ring that is missing, or no list, is begun anew, unless the tree
/// is no object.
fn push(ml: &mut Tree, record: Tree, history_max: usize) {
    let Tree::Object(members) = ml else {
        return;
    };
    if members.get(HISTORY).and_then(Tree::as_array).is_none() {
        members.insert(HISTORY, Tree::Array(Vec::new()));
    }
    if let Some(Tree::Array(ring)) = members.get_mut(HISTORY) {
        ring.push(record);
        let too_many = ring.len().saturating_sub(history_max);
        ring.drain(..too_many);
    }
}

/// Reads the ring of a tree, latest first. What is no record is left out.
pub fn records(ml: &Tree) -> impl Iterator<Item = Change> + '_ {
    let ring = ml.get(HISTORY).and_then(Tree::as_array);
    ring.into_iter().flatten().rev().filter_map(read)
}

/// Reads a change as sources write it; none where it has no key.
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
    })
}

/// Reads a time in milliseconds, whole or not, as JavaScript has them.
fn milliseconds(value: &Tree) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|at_ms| at_ms as i64))
}

/// Returns a state without its ring: what is compared to tell whether two are the same but for
/// how they came about.
pub fn without_history(ml: &Tree) -> Tree {
    let mut ml = ml.clone();
    if let Tree::Object(members) = &mut ml {
        members.remove(HISTORY);
    }
    ml
}
