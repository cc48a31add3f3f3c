//! The shapes of what sources keep as state: sources, snapshots, differences, blame, restores.

use std::fmt;

pub use flagdeck_core::diff::states::{Excerpt, Kind as StateChangeKind, ListChange, SeriesChange};
use flagdeck_core::restore::{Status, Transition};
use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use crate::store::{Actor, Mark};

/// A source whose state Flagdeck keeps.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct StateSource {
    /// What it calls itself.
    pub name: String,
    /// When its state was reported or set last, in milliseconds since 1970; `null` if there are
    /// snapshots only, as of an import.
    pub at_ms: Option<i64>,
    /// Bytes of its state as JSON text; 0 if there are snapshots only.
    pub bytes: u64,
    /// Changes in the ring of the latest ones.
    pub changes: u32,
    /// How many of them the ring holds.
    pub changes_max: u32,
    /// Snapshots there are of it.
    pub snapshots: u64,
    /// What they take on disk, in bytes.
    pub snapshot_bytes: u64,
    /// When the latest one was taken, in milliseconds since 1970.
    pub last_snapshot_ms: Option<i64>,
    /// Its restore that is open, or else its latest that is not damaged; `null` without any.
    pub restore: Option<StateRestore>,
    /// Whether what is stored of it is damaged, so that its state cannot be read.
    pub is_damaged: bool,
}

/// One source's state at one moment, without the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Snapshot {
    /// Its number, which no other snapshot ever has.
    pub id: u64,
    /// Whose state it is.
    pub source: String,
    /// When it was taken, in milliseconds since 1970.
    pub at_ms: i64,
    /// Why it was taken.
    pub cause: SnapshotCause,
    /// Its name, given by a person.
    pub name: Option<String>,
    /// A person's note about it.
    pub note: Option<String>,
    /// Whether it stays until it is unpinned.
    pub is_pinned: bool,
    /// How many files the source had.
    pub files: u64,
    /// Bytes of the state as JSON text.
    pub bytes: u64,
    /// How many changes a comparison with the snapshot before it tells of; 0 of the first one.
    /// `null` until the open application has counted them.
    pub changes: Option<u32>,
    /// Whether there is no earlier one of its source.
    pub is_first: bool,
    /// Whether it is damaged: its state cannot be read, or what is stored beside that, such as its
    /// time, may be wrong.
    pub is_damaged: bool,
    /// The revision of the flags that was in force.
    pub revision: u64,
}

/// Why a snapshot was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum SnapshotCause {
    /// The interval was over.
    Interval,
    /// It was requested.
    Asked,
    /// A state was about to be restored.
    BeforeRestore,
    /// Flags were about to be rolled back.
    BeforeRollback,
    /// It was read from a file.
    Import,
}

/// Which snapshots to look for. What is not given lets every snapshot through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase", optional_fields))]
pub struct SnapshotFilter {
    /// Only of the source of exactly this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Only those taken at this moment or later, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// Only those taken before this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// Only those in which this text appeared or disappeared or is in a changed key, ignoring case,
    /// or whose name or note has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Only pinned ones, or only others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
}

/// What could not be read, because it is damaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Unreadable {
    /// Records of changes: a change, or the changes that a report or a snapshot is kept with.
    pub records: u32,
    /// Snapshots.
    pub snapshots: u32,
}

impl Unreadable {
    /// Returns it if it is anything.
    pub(in crate::state) fn if_any(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records = match self.records {
            0 => None,
            1 => Some("1 record of changes".to_owned()),
            records => Some(format!("{records} records of changes")),
        };
        let snapshots = match self.snapshots {
            0 => None,
            1 => Some("1 snapshot".to_owned()),
            snapshots => Some(format!("{snapshots} snapshots")),
        };
        let parts: Vec<String> = [records, snapshots].into_iter().flatten().collect();
        write!(f, "{} could not be read", parts.join(" and "))
    }
}

/// A file that snapshots were written to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct SnapshotsFile {
    /// Its path.
    pub place: String,
    /// What is damaged, and left out; left out itself if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub unreadable: Option<Unreadable>,
}

/// Some of the snapshots that a filter lets through, latest first.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct SnapshotPage {
    /// How many the filter lets through in all.
    pub total: usize,
    /// Those of this page.
    pub snapshots: Vec<Snapshot>,
    /// What could not be searched for a text; left out if all could.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub unreadable: Option<Unreadable>,
}

/// How much changed over time, in equal columns.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Timeline {
    /// Where it begins, in milliseconds since 1970.
    pub from_ms: i64,
    /// Where it ends.
    pub to_ms: i64,
    /// Its columns, earliest first, of `(toMs - fromMs) / columns.length` each.
    pub columns: Vec<TimelineColumn>,
    /// The latest changes of the flags in it, earliest first.
    pub marks: Vec<Mark>,
    /// How many changes of the flags there are in it.
    pub marks_total: usize,
}

/// One column of a timeline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct TimelineColumn {
    /// Snapshots in it.
    pub snapshots: u32,
    /// Values that changed in them.
    pub changes: u64,
}

/// A state that can be looked at or compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum StateAt {
    /// The state of a snapshot.
    Snapshot {
        /// Its number.
        id: u64,
    },
    /// The present state of a source.
    Now {
        /// The name of the source.
        source: String,
    },
}

/// How to compare.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct StateDifferenceOptions {
    /// Numbers count as equal that differ by no more than this share of the larger one, 0 to 1.
    #[serde(default)]
    pub tolerance: f64,
    /// Names of keys whose changes are noise, folded away.
    #[serde(default)]
    pub noise: Vec<String>,
    /// Whether to compare the `history` that the source reports, too.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    pub with_history: bool,
}

/// What differs between two states.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct StateDifference {
    /// The changes, in the order of the later state, removals at their earlier place.
    pub changes: Vec<StateChange>,
    /// How many there are; more than `changes` has if there are very many.
    pub total: usize,
    /// How many of them are noise.
    pub noise: usize,
    /// Numbers that differ within the tolerance.
    pub tolerated: usize,
    /// Groups of the state in which nothing changed, as JSON Pointers.
    pub unchanged: Vec<String>,
    /// The changes that set what differs, as far as they are known.
    pub records: Vec<ChangeRecord>,
    /// What could not be read of those; left out if all could.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub unreadable: Option<Unreadable>,
}

/// One thing that differs between two states.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct StateChange {
    /// Where: a JSON Pointer into the later state, or into the earlier one if it was removed.
    pub pointer: String,
    /// The keys on the way there as a person reads them, from the root of the state: an element of
    /// a list by its key, as in `files[id=7].name`.
    pub path: String,
    /// The group it is shown under, such as `ml.metrics.performance`.
    pub group: String,
    /// What happened.
    pub kind: StateChangeKind,
    /// Where it was before, a JSON Pointer into the earlier state, if it moved or was renamed.
    pub from: Option<String>,
    /// What it was; `null` if it was not there.
    pub before: Option<Excerpt>,
    /// What it is; `null` if it is not there any more.
    pub after: Option<Excerpt>,
    /// What happened to the elements of a list.
    pub list: Option<ListChange>,
    /// How a list of numbers drifted.
    pub series: Option<SeriesChange>,
    /// Whether it is noise.
    pub is_noise: bool,
    /// The latest recorded change that set it, or something in it or around it: its place in
    /// `records`. `null` if none is known.
    pub record: Option<usize>,
}

/// What set or removed a value.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Blame {
    /// Which value, as a difference prints it: `ml.files[id=7].name`.
    pub key: String,
    /// Where it is: a JSON Pointer; `null` if it is not there.
    pub pointer: Option<String>,
    /// The value; `null` if it is not there.
    pub value: Option<Excerpt>,
    /// Its value before; `null` if it was not there, or never changed.
    pub before: Option<Excerpt>,
    /// The first snapshot with this value; `null` if it changed since the latest one.
    pub since: Option<Snapshot>,
    /// The last snapshot with another value; `null` if there is none.
    pub until: Option<Snapshot>,
    /// The recorded changes that set it, or something in it or around it, latest first.
    pub records: Vec<ChangeRecord>,
    /// The snapshots in which it changed before that, latest first, up to a hundred.
    pub earlier: Vec<BlameEntry>,
    /// If it is a number: what it was in the snapshots that were looked at, earliest first.
    pub values: Vec<BlameValue>,
    /// What could not be read of the snapshots that were looked at, and of the changes between
    /// them; left out if all could.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub unreadable: Option<Unreadable>,
}

/// A snapshot in which a value changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct BlameEntry {
    /// The first snapshot with this value.
    pub snapshot: Snapshot,
    /// What it was; `null` if it was not there.
    pub before: Option<Excerpt>,
    /// What it became; `null` if it was removed.
    pub after: Option<Excerpt>,
}

/// A number at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct BlameValue {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What it was.
    pub value: f64,
}

/// A change as a source recorded it, or as it was found in a whole report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ChangeRecord {
    /// What was set: a dotted key, or for a whole report a key as a difference prints it.
    pub key: String,
    /// What it was; `null` if it was not there.
    pub before: Option<Excerpt>,
    /// What it became; `null` if it was removed.
    pub after: Option<Excerpt>,
    /// When, in milliseconds since 1970; for a whole report, the time of the report.
    pub at_ms: i64,
    /// Whether it is known only from a whole report.
    pub by_report: bool,
    /// For a whole report: when the source last reported before, so that it was set between then
    /// and `atMs`. `null` if it is not known.
    pub since_ms: Option<i64>,
    /// Its origin in a few words: a file and line, or what the source reported.
    pub place: String,
    /// Its origin: a stack trace, or what the source reported.
    pub origin: String,
}

/// What to restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RestoreRequest {
    /// The snapshot to restore from.
    pub snapshot: u64,
    /// Only these parts, as keys such as `ml.list[id=gamma].n` or as JSON Pointers; empty for
    /// everything.
    #[serde(default)]
    pub only: Vec<String>,
    /// All but these parts, likewise.
    #[serde(default)]
    pub except: Vec<String>,
    /// Whether to put the flags of that moment in force again, too, as a revision.
    #[serde(default)]
    pub with_flags: bool,
}

/// What a damaged state is to be recovered from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recovery {
    /// The number of the snapshot; the latest that can be read if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<u64>,
}

/// A restore, and its outcome. Of a damaged one everything but the number may be wrong or missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct StateRestore {
    /// Its number.
    pub id: u64,
    /// Whose state was asked to be restored.
    pub source: String,
    /// The snapshot it asks for.
    pub snapshot: u64,
    /// The snapshot of what the source had before, which undoing it asks for; `null` of a recovery,
    /// which follows a state that could not be read.
    pub safety: Option<u64>,
    /// When it was asked for, in milliseconds since 1970.
    pub at_ms: i64,
    /// By whom.
    pub actor: Actor,
    /// The revision that the flags became with it; `null` if they were not changed.
    pub revision: Option<u64>,
    /// The parts that alone are asked for, as keys such as `ml.list[id=gamma].n`; empty for
    /// everything.
    pub only: Vec<String>,
    /// The parts that are left as the source has them, likewise.
    pub except: Vec<String>,
    /// The restore that this one undoes; `null` if it undoes none.
    pub undoes: Option<u64>,
    /// How it stands.
    pub status: RestoreStatus,
    /// When it stopped being open, in milliseconds since 1970; `null` while it is open.
    pub ended_ms: Option<i64>,
    /// Who cancelled or superseded it; `null` otherwise.
    pub ended_by: Option<Actor>,
    /// When the source confirmed it, in milliseconds since 1970; `null` if it did not.
    pub confirmed_ms: Option<i64>,
    /// Whether the state that the source confirmed it with is as asked for; `null` if it did not
    /// confirm it, or that was not compared.
    pub is_exact: Option<bool>,
    /// Keys that were not as asked for when the source confirmed it, the first 20.
    pub differing: Vec<String>,
}

/// How a restore stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum RestoreStatus {
    /// The source has not confirmed it yet.
    Open,
    /// The source confirmed it.
    Confirmed,
    /// A newer restore of the same source replaced it.
    Superseded,
    /// It was cancelled.
    Cancelled,
    /// It took the place of a damaged state when it was made; its source was asked for nothing.
    Recovered,
    /// What is stored of it does not match its hash: only its number is certain, and it is not
    /// asked for.
    Damaged,
}

impl RestoreStatus {
    /// Returns the status as the rules of restores know it; `None` if it is damaged.
    pub(in crate::state) fn known(self) -> Option<Status> {
        match self {
            Self::Open => Some(Status::Open),
            Self::Confirmed => Some(Status::Confirmed),
            Self::Superseded => Some(Status::Superseded),
            Self::Cancelled => Some(Status::Cancelled),
            Self::Recovered => Some(Status::Recovered),
            Self::Damaged => None,
        }
    }

    /// Returns the status after an event; `None` if the restore has ended, or is damaged.
    pub(in crate::state) fn after(self, step: Transition) -> Option<Status> {
        self.known()?.after(step)
    }
}

impl From<Status> for RestoreStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Open => Self::Open,
            Status::Confirmed => Self::Confirmed,
            Status::Superseded => Self::Superseded,
            Status::Cancelled => Self::Cancelled,
            Status::Recovered => Self::Recovered,
        }
    }
}

/// Which restores to look for. What is not given lets every restore through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase", optional_fields))]
pub struct RestoreFilter {
    /// Only of the source of exactly this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Only those asked for at this moment or later, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// Only those asked for before this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
}

/// Some of the restores that a filter lets through, newest first.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RestorePage {
    /// How many the filter lets through in all.
    pub total: usize,
    /// Those of this page.
    pub restores: Vec<StateRestore>,
}

/// The name, note and pin of a snapshot. What is not given stays; an empty text removes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase", optional_fields))]
pub struct SnapshotLabel {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether it stays until it is unpinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_pinned: Option<bool>,
}
