//! Snapshots as files: a complete bundle, or a single state.
//!
//! A bundle is JSON: `{"format": "flagdeck-snapshots", "version": 2, "snapshots": […]}`, each with
//! its state, what its source recorded, its labels, and its hash, which is checked when it is read.
//! The hash is over values, so that a bundle may be written again by another program: in another
//! order of keys, or with `1` for `1.0`. In version 1, it is over their spelling.

use flagdeck_core::state::{self, Change};
use flagdeck_core::text;
use flagdeck_core::tree::{self, Tree};
use flagdeck_core::whole;
use serde::de::Error;
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

#[derive(Serialize, Deserialize)]
struct Bundle {
    format: String,
    #[serde(deserialize_with = "whole::deserialize")]
    version: u32,
    snapshots: Vec<Bundled>,
}

/// A snapshot in a file. Names are those of the specification, if it has one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bundled {
    #[serde(rename = "timestamp", deserialize_with = "whole::deserialize")]
    pub(crate) at_ms: i64,
    #[serde(deserialize_with = "tree::deserialize")]
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
    /// Warnings about how it was read.
    #[serde(skip)]
    pub(crate) warnings: Vec<String>,
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
            warnings: Vec::new(),
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

/// Reads a list of trees as [`tree::deserialize`] reads one.
fn trees_of<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<Tree>, D::Error> {
    let texts = Vec::<&RawValue>::deserialize(value)?.into_iter();
    let trees = texts.map(|text| tree::read(text.get().as_bytes()));
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
        format: FORMAT.into(),
        version: VERSION,
        snapshots,
    };
    serde_json::to_string(&bundle).expect("a bundle is JSON")
}

/// Reads a bundle, one `{timestamp, ml, files}`, or one bare state, which gets the time `now_ms`.
///
/// # Errors
/// [`StateError::Unreadable`] if it is none of these, or does not match its hashes.
pub(crate) fn read(bytes: &[u8], now_ms: i64) -> Result<Vec<Bundled>, StateError> {
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(unreadable("the file is larger than 256 MiB"));
    }
    let (json, _) = text::read(bytes).map_err(|error| unreadable(&format!("the file {error}")))?;
    let json = &*tree::mended(json.as_bytes());
    let marked: Result<Marked, _> = serde_json::from_slice(json);
    if marked.is_ok_and(|marked| marked.format == FORMAT) {
        return read_bundle(json);
    }
    let tree =
        tree::read(json).map_err(|error| unreadable(&format!("the file is no JSON: {error}")))?;
    let Sent {
        tree,
        files,
        at_ms,
        warnings,
    } = intake::unwrap(tree)?;
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
        warnings,
    }])
}

/// What distinguishes a bundle from other JSON.
#[derive(Deserialize)]
struct Marked {
    format: String,
}

fn read_bundle(json: &[u8]) -> Result<Vec<Bundled>, StateError> {
    let bundle: Bundle = serde_json::from_slice(json)
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
    let mut snapshots = bundle.snapshots;
    let warnings = told_of(&snapshots);
    snapshots[0].warnings = warnings;
    Ok(snapshots)
}

/// Warns of recorded changes of a bundle that are left out, in one sentence for each place.
fn told_of(snapshots: &[Bundled]) -> Vec<String> {
    let count = |records: fn(&Bundled) -> &[Tree]| {
        let counts = snapshots.iter().map(records).map(state::count_in_seconds);
        counts.sum()
    };
    let recorded = intake::in_seconds(count(|it| &it.changes), "changes");
    let own = intake::in_seconds(count(|it| intake::history(&it.ml)), "ml.history");
    recorded.into_iter().chain(own).collect()
}

/// Reads the one state of a file: a bundle of one snapshot, `{timestamp, ml, files}`, or a bare
/// state.
///
/// # Errors
/// [`StateError::Unreadable`] if it is none of these.
pub fn read_file(bytes: &[u8]) -> Result<Tree, StateError> {
    let mut snapshots = read(bytes, 0)?;
    match (snapshots.pop(), snapshots.len()) {
        (Some(only), 0) => Ok(only.ml),
        _ => Err(unreadable(
            "the bundle has several snapshots; import it to compare them",
        )),
    }
}

/// Returns warnings about how a file is read, a sentence each.
///
/// # Errors
/// [`StateError::Unreadable`] if it cannot be read.
pub fn notes_on_file(bytes: &[u8]) -> Result<Vec<String>, StateError> {
    let read = read(bytes, 0)?.into_iter();
    Ok(read.flat_map(|bundled| bundled.warnings).collect())
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
