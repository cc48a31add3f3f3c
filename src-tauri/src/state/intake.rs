//! Bytes to states and changes, and what is wrong with the rest.

use flagdeck_core::TextError;
use flagdeck_core::limits::TREE_DEPTH_MAX;
use flagdeck_core::state::{self, Change, Hint};
use flagdeck_core::text;
use flagdeck_core::tree::{self, Object, Tree, UniqueError};
use serde::Serialize;

use super::StateError;
use super::bundle::FORMAT;
use super::limits::{CHANGES_MAX, FILES_MAX, KEY_CHARS_TOLD_MAX, KEYS_TOLD_MAX, STATE_BYTES_MAX};
use crate::format::Format;

/// A change that was not applied.
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
    /// Its time, if given, in milliseconds since 1970.
    pub(crate) at_ms: Option<i64>,
    /// Warnings about how it was read.
    pub(crate) warnings: Vec<String>,
}

/// Reads a state: the `ml` tree, or the specification's `{timestamp, ml, files}` around it; see
/// [`unwrap`].
///
/// # Errors
/// [`StateError::Unreadable`] if it is no JSON object, [`StateError::TooLarge`].
pub(crate) fn read_state(bytes: &[u8]) -> Result<Sent, StateError> {
    if bytes.len() > STATE_BYTES_MAX {
        return Err(StateError::TooLarge {
            bytes: bytes.len(),
            max: STATE_BYTES_MAX,
        });
    }
    let unreadable = |what: String| StateError::Unreadable { message: what };
    let (json, _) = text::read(bytes).map_err(|error| unreadable(format!("the state {error}")))?;
    let value = tree::read_unique(json.as_bytes())
        .map_err(|error| unreadable(refused("the state", &error)))?;
    unwrap(value)
}

/// Unwraps a state.
///
/// An object with `ml` that has nothing but `timestamp`, `ml` and `files`, or that has all three,
/// two numbers and an object, among others, is the specification's wrapper of a state; any other
/// object is the `ml` tree itself. Members other than these three are not stored; a warning names
/// them.
///
/// # Errors
/// [`StateError::Unreadable`] if it is no object, or one of the three is not what it has to be.
pub(crate) fn unwrap(value: Tree) -> Result<Sent, StateError> {
    let Tree::Object(mut members) = value else {
        return Err(unreadable("a state must be a JSON object, the ml tree"));
    };
    if !is_around(&members) {
        return kept(Sent {
            warnings: ml_inside(&members)
                .into_iter()
                .chain(mistaken(&members))
                .map(str::to_owned)
                .collect(),
            tree: Tree::Object(members),
            files: None,
            at_ms: None,
        });
    }
    let whole = |name: &str, what: &str| {
        let message = format!("{name} must be a whole number{what} from 0 to 2^53 - 1");
        let number = |value: &Tree| value.as_u64().filter(|number| *number <= FILES_MAX);
        let read = members.get(name).map(|value| number(value).ok_or(message));
        read.transpose().map_err(|message| unreadable(&message))
    };
    let files = whole("files", "")?;
    let at_ms = whole("timestamp", " of milliseconds since 1970,")?.map(|at_ms| at_ms as i64);
    let at_ms = at_ms.map(in_milliseconds).transpose().map_err(unreadable)?;
    let warnings = beside(&members);
    match members.remove("ml") {
        Some(tree @ Tree::Object(_)) => kept(Sent {
            tree,
            files,
            at_ms,
            warnings,
        }),
        _ => Err(unreadable("ml must be a JSON object")),
    }
}

/// Says why a text cannot be read as a tree.
pub(super) fn refused(what: &str, error: &UniqueError) -> String {
    match error {
        UniqueError::Json(error) => format!("{what} is no JSON: {error}"),
        UniqueError::Repeated { .. } => format!("{what} cannot be read: {error}"),
    }
}

/// The members of a state in the specification.
const AROUND: [&str; 3] = ["timestamp", "ml", "files"];

/// Returns whether an object is the specification's wrapper of a state.
fn is_around(members: &Object) -> bool {
    let is_number = |name| matches!(members.get(name), Some(Tree::Number(_)));
    let has_all = matches!(members.get("ml"), Some(Tree::Object(_)))
        && is_number("timestamp")
        && is_number("files");
    let is_bare = members.contains_key("ml") && members.keys().all(|key| AROUND.contains(&key));
    has_all || is_bare
}

/// Warns of members next to a state, which are not stored.
fn beside(members: &Object) -> Vec<String> {
    let others = members.keys().filter(|key| !AROUND.contains(key));
    let others: Vec<String> = others.map(quoted).collect();
    let named = others[..others.len().min(KEYS_TOLD_MAX)].join(", ");
    let more = match others.len().saturating_sub(KEYS_TOLD_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let told = format!("Only ml, timestamp and files are kept of a state, not {named}{more}.");
    (!others.is_empty()).then_some(told).into_iter().collect()
}

/// Warns of an `ml` inside of a tree, which may have been meant as the tree.
fn ml_inside(members: &Object) -> Option<&'static str> {
    let is_object = matches!(members.get("ml"), Some(Tree::Object(_)));
    is_object.then_some(
        "The ml in it is kept as ml.ml: it is taken as the state only with nothing else, or with \
         the numbers timestamp and files, beside it.",
    )
}

/// Warns of a tree that looks like a file of another kind.
fn mistaken(members: &Object) -> Option<&'static str> {
    let is_bundle = |object: &Object| {
        let mut marks = object
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case("format"));
        marks.any(|(_, format)| format.as_str() == Some(FORMAT))
    };
    let has_object = |key| matches!(members.get(key), Some(Tree::Object(_)));
    if is_bundle(members) || members.values().filter_map(Tree::as_object).any(is_bundle) {
        return Some("It has a bundle of snapshots in it, and is kept as one state.");
    }
    let is_document = has_object("components")
        && (members.contains_key("enabled") || members.contains_key("rollout"));
    is_document.then_some(
        "It looks like a flag document, and is kept as a state: flags are imported with `flagctl \
         import`, in Flags, or by PUT of /api/ml/flags.",
    )
}

/// Returns the beginning of a key in quotes.
fn quoted(key: &str) -> String {
    let cut: String = key.chars().take(KEY_CHARS_TOLD_MAX).collect();
    Tree::from(cut).to_string()
}

/// Refuses a timestamp in seconds: as milliseconds it would be in 1970 or a little later.
pub(super) fn in_milliseconds(at_ms: i64) -> Result<i64, &'static str> {
    match state::is_in_seconds(at_ms) {
        true => Err(
            "timestamp is in seconds; it must be in milliseconds since 1970, a thousand times that",
        ),
        false => Ok(at_ms),
    }
}

fn unreadable(message: &str) -> StateError {
    StateError::Unreadable {
        message: message.into(),
    }
}

/// Warns of records in `place` whose timestamp is in seconds: the state counts without them.
pub(super) fn in_seconds(count: usize, place: &str) -> Option<String> {
    let told = match count {
        0 => return None,
        1 => {
            format!("1 record in {place} has a timestamp in seconds and does not count as a change")
        }
        count => format!(
            "{count} records in {place} have a timestamp in seconds and do not count as changes"
        ),
    };
    Some(format!("{told}; it must be in milliseconds since 1970."))
}

/// Returns the history inside of a state.
pub(super) fn history(tree: &Tree) -> &[Tree] {
    let history = tree.get(state::HISTORY).and_then(Tree::as_array);
    history.unwrap_or_default()
}

/// Refuses a state that is nested too deep to be stored, and warns of invalid changes in its
/// history.
fn kept(mut sent: Sent) -> Result<Sent, StateError> {
    if tree::depth(&sent.tree) > TREE_DEPTH_MAX {
        let message = format!("a state is nested at most {TREE_DEPTH_MAX} levels deep");
        return Err(unreadable(&message));
    }
    let count = state::count_in_seconds(history(&sent.tree));
    sent.warnings.extend(in_seconds(count, "ml.history"));
    Ok(sent)
}

/// Reads changes, each judged separately.
///
/// # Errors
/// [`StateError::Unreadable`] if they are not what `format` says, [`StateError::TooMany`].
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
    let (json, _) = text::read(bytes).map_err(no_text)?;
    match tree::read_unique(json.as_bytes()) {
        Ok(Tree::Array(records)) => Ok(records.into_iter().map(Ok).collect()),
        Ok(record @ Tree::Object(_)) => Ok(vec![Ok(record)]),
        Ok(_) => Err(StateError::Unreadable {
            message: "changes must be a JSON array of objects".into(),
        }),
        Err(error) => Err(StateError::Unreadable {
            message: refused("the body", &error),
        }),
    }
}

fn lines(bytes: &[u8]) -> Result<Vec<Record>, StateError> {
    Ok(text::lines(bytes)
        .map_err(no_text)?
        .take(CHANGES_MAX + 1)
        .map(|line| tree::read_unique(line).map_err(|error| error.to_string()))
        .collect())
}

fn no_text(error: TextError) -> StateError {
    StateError::Unreadable {
        message: format!("the body {error}"),
    }
}

/// Reads one; `None` for a key that is not tracked.
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
        new: new_value(record)?,
        at_ms,
        origin,
        hint: hint(record)?,
    }))
}

/// Names that other programs use for `newValue`.
const NEW_VALUES: [&str; 5] = ["newvalue", "new_value", "new", "value", "after"];

/// Reads what was set. A record without it removes the member, so one that has it under another
/// name is refused.
fn new_value(record: &Tree) -> Result<Option<Tree>, String> {
    if let Some(value) = record.get("newValue") {
        return Ok(Some(value.clone()));
    }
    let mut names = record.as_object().into_iter().flat_map(Object::keys);
    let is_meant = |name: &&str| NEW_VALUES.contains(&name.to_ascii_lowercase().as_str());
    match names.find(is_meant) {
        Some(name) => Err(format!(
            "{name} is not read; did you mean newValue? Without that, the member is removed"
        )),
        None => Ok(None),
    }
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
