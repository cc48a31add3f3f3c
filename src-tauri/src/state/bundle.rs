//! Snapshots as files: a bundle that says everything of them, or a single state.
//!
//! A bundle is JSON: `{"format": "flagdeck-snapshots", "version": 1, "snapshots": […]}`, each
//! with its state, what its source recorded, what people said of it, and its hash, which is checked when it is read.

use flagdeck_core::state::{self, Change};
use flagdeck_core::tree::{self, Tree};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::intake::{self, Sent};
use super::limits::{BUNDLE_BYTES_MAX, BUNDLE_SNAPSHOTS_MAX, RECORDED_MAX};
use super::past::StateTree;
use super::records::Known;
use super::{StateError, show};
use crate::wire::{Snapshot, SnapshotLabel, StateDifference, StateDifferenceOptions};

const FORMAT: &str = "flagdeck-snapshots";
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Bundle {
    format: String,
    version: u32,
    snapshots: Vec<Bundled>,
}

/// A snapshot in a file. Names are those of the specification where it has one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bundled {
    #[serde(rename = "timestamp")]
    pub(crate) at_ms: i64,
    pub(crate) ml: Tree,
    pub(crate) files: u64,
    #[serde(default)]
    source: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    pub(crate) revision: u64,
    /// What the source recorded since the snapshot before, latest first, as it records changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Tree>,
    /// BLAKE3 of the state in canonical form, as hexadecimal digits; none where nobody said.
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

    /// Returns what was recorded since the snapshot before, latest first. What is no record is
    /// left out: the state counts.
    pub(crate) fn recorded(&self) -> Vec<Change> {
        let read = self.changes.iter().filter_map(state::read);
        let tracked = read.filter(|change| state::tracked(&change.key).is_some());
        let bounded = |change: Change| Change {
            old: change.old.map(state::bounded),
            new: change.new.map(state::bounded),
            ..change
        };
        tracked.take(RECORDED_MAX).map(bounded).collect()
    }

    /// Returns what is to be said of it once it is kept. It is pinned: who reads an old one
    /// wants it to stay.
    pub(crate) fn label(&self) -> SnapshotLabel {
        SnapshotLabel {
            name: self.name.clone(),
            note: self.note.clone(),
            is_pinned: Some(true),
        }
    }

    fn check(&self) -> Result<(), StateError> {
        intake::in_milliseconds(self.at_ms).map_err(unreadable)?;
        let is_right = self
            .hash
            .as_ref()
            .is_none_or(|hash| *hash == hash_of(&self.ml));
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
        format: FORMAT.into(),
        version: VERSION,
        snapshots,
    };
    serde_json::to_string(&bundle).expect("a bundle is JSON")
}

/// Reads a bundle, one `{timestamp, ml, files}`, or one bare state, which is taken to be of
/// `now_ms`.
///
/// # Errors
/// [`StateError::Unreadable`] where it is none of these, or does not match its hashes.
pub(crate) fn read(bytes: &[u8], now_ms: i64) -> Result<Vec<Bundled>, StateError> {
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(unreadable("the file is larger than 256 MiB"));
    }
    let marked: Result<Marked, _> = serde_json::from_slice(bytes);
    if marked.is_ok_and(|marked| marked.format == FORMAT) {
        return read_bundle(bytes);
    }
    let tree = serde_json::from_slice(bytes)
        .map_err(|error| unreadable(&format!("the file is no JSON: {error}")))?;
    let Sent { tree, files, at_ms } = intake::unwrap(tree)?;
    Ok(vec![Bundled {
        at_ms: at_ms.unwrap_or(now_ms),
        ml: tree,
        files: files.unwrap_or_default(),
        source: String::new(),
        name: None,
        note: None,
        revision: 0,
        changes: Vec::new(),
        hash: None,
    }])
}

/// What tells a bundle from other JSON.
#[derive(Deserialize)]
struct Marked {
    format: String,
}

fn read_bundle(bytes: &[u8]) -> Result<Vec<Bundled>, StateError> {
    let bundle: Bundle = serde_json::from_slice(bytes)
        .map_err(|error| unreadable(&format!("the bundle cannot be read: {error}")))?;
    if bundle.version > VERSION {
        return Err(unreadable(
            "the bundle is of a newer Flagdeck; update Flagdeck",
        ));
    }
    if bundle.snapshots.is_empty() || bundle.snapshots.len() > BUNDLE_SNAPSHOTS_MAX {
        let message = format!("a bundle has 1 to {BUNDLE_SNAPSHOTS_MAX} snapshots");
        return Err(unreadable(&message));
    }
    bundle.snapshots.iter().try_for_each(Bundled::check)?;
    Ok(bundle.snapshots)
}

/// Reads the one state of a file: a bundle of one snapshot, `{timestamp, ml, files}`, or a bare
/// state.
///
/// # Errors
/// [`StateError::Unreadable`] where it is none of these.
pub fn read_file(bytes: &[u8]) -> Result<Tree, StateError> {
    let mut snapshots = read(bytes, 0)?;
    match (snapshots.pop(), snapshots.len()) {
        (Some(only), 0) => Ok(only.ml),
        _ => Err(unreadable(
            "the bundle has several snapshots; import it to compare them",
        )),
    }
}

/// Returns what turns the state of one file into that of another, as operations of RFC 6902.
///
/// # Errors
/// As for [`read_file`].
pub fn patch_files(before: &[u8], after: &[u8]) -> Result<Value, StateError> {
    let (before, after) = (read_file(before)?, read_file(after)?);
    let patch = flagdeck_core::compare(&before, &after);
    Ok(Value::Array(patch.to_json_patch()))
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
