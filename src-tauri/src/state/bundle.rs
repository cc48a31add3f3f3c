//! Snapshots as files: a complete bundle, or a single state.
//!
//! A bundle is JSON: `{"format": "flagdeck-snapshots", "version": 2, "snapshots": […]}`, each with
//! its state, what its source recorded, its labels, and its hash, which is checked when it is read.
//! The hash is over values, so that a bundle may be written again by another program: in another
//! order of keys, or with `1` for `1.0`. In version 1, it is over their spelling.

use std::ops::ControlFlow;

use flagdeck_core::state::{self, Change};
use flagdeck_core::text;
use flagdeck_core::tree::{self, Tree};
use flagdeck_core::whole;
use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::intake::{self, Sent};
use super::limits::{BUNDLE_BYTES_MAX, BUNDLE_SNAPSHOTS_MAX, RECORDED_MAX};
use super::past::StateTree;
use super::records::Known;
use super::{StateError, show};
use crate::state::shapes::{Snapshot, SnapshotLabel, StateDifference, StateDifferenceOptions};

pub(super) const FORMAT: &str = "flagdeck-snapshots";
const VERSION: u32 = 2;

#[derive(Serialize)]
struct Bundle {
    format: &'static str,
    version: u32,
    snapshots: Vec<Bundled>,
}

/// A bundle as it is read: the snapshots as text, because the trees of all of them would take many
/// times the memory of the file.
#[derive(Deserialize)]
struct Texts<'a> {
    #[serde(borrow)]
    snapshots: Vec<&'a RawValue>,
}

/// How far a file is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Snapshots that are read.
    pub done: usize,
    /// Snapshots of the file.
    pub total: usize,
}

/// A snapshot in a file. Names are those of the specification, if it has one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bundled {
    #[serde(rename = "timestamp", deserialize_with = "whole::deserialize")]
    pub(crate) at_ms: i64,
    #[serde(deserialize_with = "tree::deserialize_unique")]
    pub(crate) ml: Tree,
    #[serde(deserialize_with = "whole::deserialize")]
    pub(crate) files: u64,
    #[serde(default)]
    source: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default, deserialize_with = "whole::deserialize")]
    pub(crate) revision: u64,
    /// What the source recorded since the snapshot before, latest first, as it records changes.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "trees_of"
    )]
    changes: Vec<Tree>,
    /// BLAKE3 of the state in canonical form, as hexadecimal digits, if known.
    #[serde(default)]
    hash: Option<String>,
}

impl Bundled {
    pub(crate) fn of(snapshot: Snapshot, state: &StateTree, recorded: &[Change]) -> Self {
        Self {
            at_ms: state.at_ms,
            ml: Tree::clone(&state.ml),
            files: state.files,
            source: snapshot.source,
            name: snapshot.name,
            note: snapshot.note,
            revision: snapshot.revision,
            changes: recorded.iter().map(state::record).collect(),
            hash: Some(hash_of(&state.ml)),
        }
    }

    /// Returns what was recorded since the snapshot before, latest first. Invalid records and those
    /// with a timestamp in seconds are left out: the state counts.
    pub(crate) fn recorded(&self) -> Vec<Change> {
        let read = self.changes.iter().filter_map(state::read_reported);
        let tracked = read.filter(|change| state::tracked(&change.key).is_some());
        let bounded = |change: Change| Change {
            old: change.old.map(state::bounded),
            new: change.new.map(state::bounded),
            ..change
        };
        tracked.take(RECORDED_MAX).map(bounded).collect()
    }

    /// Returns its label in the store. It is pinned: a person who imports an old one wants to keep
    /// it.
    pub(crate) fn label(&self) -> SnapshotLabel {
        SnapshotLabel {
            name: self.name.clone(),
            note: self.note.clone(),
            is_pinned: Some(true),
        }
    }

    fn check(&self) -> Result<(), StateError> {
        intake::in_milliseconds(self.at_ms).map_err(unreadable)?;
        let is_right = self.hash.as_ref().is_none_or(|digits| {
            let hash = blake3::Hash::from_hex(digits);
            hash.is_ok_and(|hash| tree::is_hash_of(hash.as_bytes(), &self.ml))
        });
        match (is_right, self.ml.as_object().is_some()) {
            (true, true) => Ok(()),
            (true, false) => Err(unreadable("ml must be a JSON object")),
            (false, _) => Err(unreadable(&format!(
                "the snapshot of {} in it does not match its hash; the file was altered",
                self.at_ms
            ))),
        }
    }
}

/// Reads a list of trees as [`tree::deserialize_unique`] reads one.
fn trees_of<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<Tree>, D::Error> {
    let texts = Vec::<&RawValue>::deserialize(value)?.into_iter();
    let trees = texts.map(|text| tree::read_unique(text.get().as_bytes()));
    trees.collect::<Result<_, _>>().map_err(D::Error::custom)
}

fn hash_of(ml: &Tree) -> String {
    blake3::Hash::from_bytes(tree::hash(ml))
        .to_hex()
        .to_string()
}

fn unreadable(message: &str) -> StateError {
    StateError::Unreadable {
        message: message.into(),
    }
}

/// Writes a bundle as JSON text.
pub(crate) fn write(snapshots: Vec<Bundled>) -> String {
    let bundle = Bundle {
        format: FORMAT,
        version: VERSION,
        snapshots,
    };
    serde_json::to_string(&bundle).expect("a bundle is JSON")
}

/// Reads a bundle, one `{timestamp, ml, files}`, or one bare state, which gets the time `now_ms`,
/// and calls `each` with one snapshot at a time. Returns warnings about how they were read, a
/// sentence each; `None` if `each` breaks.
///
/// # Errors
/// [`StateError::Unreadable`] if it is none of these, or does not match its hashes; that of `each`.
pub(crate) fn read_each(
    bytes: &[u8],
    now_ms: i64,
    each: &mut dyn FnMut(Bundled, Progress) -> Result<ControlFlow<()>, StateError>,
) -> Result<Option<Vec<String>>, StateError> {
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(unreadable("the file is larger than 256 MiB"));
    }
    let (json, _) = text::read(bytes).map_err(|error| unreadable(&format!("the file {error}")))?;
    let json = &*tree::mended(json.as_bytes());
    let marked: Result<Marked, _> = serde_json::from_slice(json);
    if marked.is_ok_and(|marked| marked.format == FORMAT) {
        return read_bundle(json, each);
    }
    let tree = tree::read_unique(json)
        .map_err(|error| unreadable(&intake::refused("the file", &error)))?;
    let Sent {
        tree,
        files,
        at_ms,
        warnings,
    } = intake::unwrap(tree)?;
    let bundled = Bundled {
        at_ms: at_ms.unwrap_or(now_ms),
        ml: tree,
        files: files.unwrap_or_default(),
        source: String::new(),
        name: None,
        note: None,
        revision: 0,
        changes: Vec::new(),
        hash: None,
    };
    let whole = Progress { done: 1, total: 1 };
    Ok(each(bundled, whole)?.is_continue().then_some(warnings))
}

/// What distinguishes a bundle from other JSON.
#[derive(Deserialize)]
struct Marked {
    format: String,
}

/// What is known of a bundle without memory for its snapshots.
#[derive(Deserialize)]
struct Counted {
    #[serde(deserialize_with = "whole::deserialize")]
    version: u32,
    snapshots: Vec<IgnoredAny>,
}

fn read_bundle(
    json: &[u8],
    each: &mut dyn FnMut(Bundled, Progress) -> Result<ControlFlow<()>, StateError>,
) -> Result<Option<Vec<String>>, StateError> {
    let failed = |error| unreadable(&format!("the bundle cannot be read: {error}"));
    let counted: Counted = serde_json::from_slice(json).map_err(failed)?;
    if counted.version > VERSION {
        return Err(unreadable(
            "the bundle is of a newer Flagdeck; update Flagdeck",
        ));
    }
    let total = counted.snapshots.len();
    if total == 0 || total > BUNDLE_SNAPSHOTS_MAX {
        let message = format!("a bundle has 1 to {BUNDLE_SNAPSHOTS_MAX} snapshots");
        return Err(unreadable(&message));
    }
    let texts: Texts<'_> = serde_json::from_slice(json).map_err(failed)?;
    let mut left_out = LeftOut::default();
    for (index, text) in texts.snapshots.into_iter().enumerate() {
        let done = index + 1;
        let bundled: Bundled = serde_json::from_str(text.get()).map_err(|error| {
            unreadable(&format!(
                "snapshot {done} of the bundle cannot be read: {error}"
            ))
        })?;
        bundled.check()?;
        left_out.count(&bundled);
        if each(bundled, Progress { done, total })?.is_break() {
            return Ok(None);
        }
    }
    Ok(Some(left_out.warnings()))
}

/// Recorded changes of a bundle that are left out, by where they are.
#[derive(Default)]
struct LeftOut {
    recorded: usize,
    own: usize,
}

impl LeftOut {
    fn count(&mut self, bundled: &Bundled) {
        self.recorded += state::count_in_seconds(&bundled.changes);
        self.own += state::count_in_seconds(intake::history(&bundled.ml));
    }

    /// Warns of them, in one sentence for each place.
    fn warnings(&self) -> Vec<String> {
        let recorded = intake::in_seconds(self.recorded, "changes");
        let own = intake::in_seconds(self.own, "ml.history");
        recorded.into_iter().chain(own).collect()
    }
}

/// Reads the one state of a file: a bundle of one snapshot, `{timestamp, ml, files}`, or a bare
/// state.
///
/// # Errors
/// [`StateError::Unreadable`] if it is none of these.
pub fn read_file(bytes: &[u8]) -> Result<Tree, StateError> {
    read_only(bytes).map(|(tree, _)| tree)
}

/// Returns warnings about how a file is read, a sentence each.
///
/// # Errors
/// As for [`read_file`].
pub fn notes_on_file(bytes: &[u8]) -> Result<Vec<String>, StateError> {
    read_only(bytes).map(|(_, warnings)| warnings)
}

fn read_only(bytes: &[u8]) -> Result<(Tree, Vec<String>), StateError> {
    let mut only = None;
    let warnings = read_each(bytes, 0, &mut |bundled, progress| {
        if progress.total == 1 {
            only = Some(bundled.ml);
            return Ok(ControlFlow::Continue(()));
        }
        Ok(ControlFlow::Break(()))
    })?;
    only.zip(warnings)
        .ok_or_else(|| unreadable("the bundle has several snapshots; import it to compare them"))
}

/// Returns what turns the state of one file into that of another, as operations of RFC 6902.
///
/// # Errors
/// As for [`read_file`].
pub fn patch_files(before: &[u8], after: &[u8]) -> Result<Tree, StateError> {
    let (before, after) = (read_file(before)?, read_file(after)?);
    let patch = flagdeck_core::compare(&before, &after);
    Ok(patch.to_json_patch().into())
}

/// Compares the states of two files.
///
/// # Errors
/// As for [`read_file`].
pub fn compare_files(
    before: &[u8],
    after: &[u8],
    options: &StateDifferenceOptions,
) -> Result<StateDifference, StateError> {
    let (before, after) = (read_file(before)?, read_file(after)?);
    let known = Known::of_files(&before, &after);
    Ok(show::compared(&before, &after, &known, options))
}
