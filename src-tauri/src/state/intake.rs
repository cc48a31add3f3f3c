//! Bytes to states and changes, and what is wrong with the rest.

use flagdeck_core::limits::TREE_DEPTH_MAX;
use flagdeck_core::state::{self, Change, Hint};
use flagdeck_core::tree::{self, Tree};
use serde::Serialize;

use super::StateError;
use super::limits::{CHANGES_MAX, FILES_MAX, MOMENTS_IN_SECONDS, STATE_BYTES_MAX};
use crate::metrics::event::Format;

/// A change that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeProblem {
    /// Which one, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub message: String,
}

/// Changes as they were sent.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Those that can be tried, with their places.
    pub(crate) changes: Vec<(usize, Change)>,
    /// How many are outside `ml.`.
    pub(crate) untracked: usize,
    /// What is wrong with others.
    pub(crate) problems: Vec<ChangeProblem>,
}

/// A state as it was sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) tree: Tree,
    pub(crate) files: Option<u64>,
    /// When it was so, where that was said, in milliseconds since 1970.
    pub(crate) at_ms: Option<i64>,
}

/// Reads a state: the `ml` tree, or the specification's `{timestamp, ml, files}` around it.
///
/// # Errors
/// [`StateError::Unreadable`] where it is no JSON object, [`StateError::TooLarge`].
pub(crate) fn read_state(bytes: &[u8]) -> Result<Sent, StateError> {
    if bytes.len() > STATE_BYTES_MAX {
        return Err(StateError::TooLarge {
            bytes: bytes.len(),
            max: STATE_BYTES_MAX,
        });
    }
    let value: Tree = serde_json::from_slice(bytes).map_err(|error| StateError::Unreadable {
        message: format!("the state is no JSON: {error}"),
    })?;
    unwrap(value)
}

/// Takes a state out of what is around it.
pub(crate) fn unwrap(value: Tree) -> Result<Sent, StateError> {
    let unreadable = |message: &str| StateError::Unreadable {
        message: message.into(),
    };
    let Tree::Object(mut members) = value else {
        return Err(unreadable("a state must be a JSON object, the ml tree"));
    };
    let is_around = |key: &str| matches!(key, "timestamp" | "ml" | "files");
    if !members.contains_key("ml") || !members.keys().all(is_around) {
        return shallow(Sent {
            tree: Tree::Object(members),
            files: None,
            at_ms: None,
        });
    }
    let files = members.get("files").map(|files| {
        let files = files.as_u64().filter(|files| *files <= FILES_MAX);
        files.ok_or_else(|| unreadable("files must be a whole number from 0 to 2^53 - 1"))
    });
    let at_ms = members.get("timestamp").map(|at_ms| {
        let at_ms = at_ms.as_i64().filter(|at_ms| *at_ms >= 0);
        let at_ms = at_ms.ok_or_else(|| unreadable("timestamp must be in milliseconds since 1970"));
        at_ms.and_then(|at_ms| in_milliseconds(at_ms).map_err(unreadable))
    });
    let (files, at_ms) = (files.transpose()?, at_ms.transpose()?);
    match members.remove("ml") {
        Some(tree @ Tree::Object(_)) => shallow(Sent { tree, files, at_ms }),
        _ => Err(unreadable("ml must be a JSON object")),
    }
}

/// Refuses a moment that is in seconds: kept as it is, it would be one of 1970 or a little later.
pub(super) fn in_milliseconds(at_ms: i64) -> Result<i64, &'static str> {
    match MOMENTS_IN_SECONDS.contains(&at_ms) {
        true => Err(
            "timestamp is in seconds; it must be in milliseconds since 1970, a thousand times that",
        ),
        false => Ok(at_ms),
    }
}

/// Refuses what is nested too deep to be kept.
fn shallow(sent: Sent) -> Result<Sent, StateError> {
    match tree::depth(&sent.tree) <= TREE_DEPTH_MAX {
        true => Ok(sent),
        false => Err(StateError::Unreadable {
            message: format!("a state is nested at most {TREE_DEPTH_MAX} levels deep"),
        }),
    }
}

/// Reads changes, each judged by itself.
///
/// # Errors
/// [`StateError::Unreadable`] where they are not what `format` says, [`StateError::TooMany`].
pub(crate) fn read_changes(bytes: &[u8], format: Format, now_ms: i64) -> Result<Batch, StateError> {
    let records = match format {
        Format::Json => array(bytes)?,
        Format::NdJson => lines(bytes)?,
    };
    if records.len() > CHANGES_MAX {
        return Err(StateError::TooMany {
            message: format!(
                "the batch has {} changes; at most {CHANGES_MAX} are taken",
                records.len()
            ),
        });
    }
    let mut batch = Batch::default();
    for (index, record) in records.into_iter().enumerate() {
        match record.and_then(|record| change(&record, now_ms)) {
            Ok(Some(change)) => batch.changes.push((index, change)),
            Ok(None) => batch.untracked += 1,
            Err(message) => batch.problems.push(ChangeProblem { index, message }),
        }
    }
    Ok(batch)
}

type Record = Result<Tree, String>;

fn array(bytes: &[u8]) -> Result<Vec<Record>, StateError> {
    match serde_json::from_slice(bytes) {
        Ok(Tree::Array(records)) => Ok(records.into_iter().map(Ok).collect()),
        Ok(record @ Tree::Object(_)) => Ok(vec![Ok(record)]),
        Ok(_) => Err(StateError::Unreadable {
            message: "changes must be a JSON array of objects".into(),
        }),
        Err(error) => Err(StateError::Unreadable {
            message: format!("the changes are no JSON: {error}"),
        }),
    }
}

fn lines(bytes: &[u8]) -> Result<Vec<Record>, StateError> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.trim_ascii().is_empty());
    Ok(lines
        .take(CHANGES_MAX + 1)
        .map(|line| serde_json::from_slice(line).map_err(|error| format!("no JSON: {error}")))
        .collect())
}

/// Reads one; none for a key that is not tracked.
fn change(record: &Tree, now_ms: i64) -> Result<Option<Change>, String> {
    let key = record.get("key").and_then(Tree::as_str);
    let key = key.ok_or("key must be a text such as ml.usage.filesAnalyzed")?;
    if key == "ml" {
        return Err("key must lead into ml; all of it is replaced by PUT".into());
    }
    if state::tracked(key).is_none() {
        return Ok(None);
    }
    let at_ms = match record.get("timestamp") {
        None | Some(Tree::Null) => now_ms,
        Some(at_ms) => at_ms
            .as_f64()
            .filter(|at_ms| (0.0..=9e15).contains(at_ms))
            .ok_or("timestamp must be in milliseconds since 1970, 0 to 9e15")?
            as i64,
    };
    let at_ms = in_milliseconds(at_ms)?;
    let origin = match record.get("source") {
        None | Some(Tree::Null) => String::new(),
        Some(Tree::String(origin)) => origin.clone().into(),
        Some(_) => return Err("source must be a text, such as a stack trace".into()),
    };
    Ok(Some(Change {
        key: key.to_owned(),
        old: record.get("oldValue").cloned(),
        new: record.get("newValue").cloned(),
        at_ms,
        origin,
        hint: hint(record)?,
    }))
}

/// Reads which frame of the stack trace made a change: `frame`, or `skip`.
fn hint(record: &Tree) -> Result<Option<Hint>, String> {
    let is_said = |name| record.get(name).is_some_and(|value| *value != Tree::Null);
    match (is_said("frame"), is_said("skip"), state::hint(record)) {
        (true, _, Some(hint @ Hint::Frame(_))) | (false, true, Some(hint)) => Ok(Some(hint)),
        (false, false, _) => Ok(None),
        (true, ..) => Err("frame must be a text such as limits.js:88".into()),
        (false, true, None) => Err("skip must be a whole number of frames, 0 or more".into()),
    }
}
