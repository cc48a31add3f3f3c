//! The store: revisions of the flag document, appended and never changed.
//!
//! Only domain types; `store/sqlite.rs` is the embedded implementation. Every backend passes the
//! same contract test (`tests/store_contract.rs`).

mod gone;
mod set_aside;
pub mod sqlite;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use flagdeck_core::Trace;
use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

pub use self::gone::{Gone, Instead, Reopened};
pub use self::set_aside::{FoundRevisions, RevisionSpan};
use self::sqlite::Hash;
use self::sqlite::quarantine::Quarantined;

/// The number of a revision: 1, 2, 3, …; 0 stands for "nothing saved yet".
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(test, derive(TS))]
pub struct RevisionNumber(pub u64);

impl RevisionNumber {
    /// Before the first revision.
    pub const NONE: Self = Self(0);

    /// Returns the number of the revision that follows.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for RevisionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who made a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Actor {
    /// The face it was made through.
    pub via: Via,
    /// The name of the operating system's user, or what the HTTP client called itself.
    pub name: String,
}

/// The face of Flagdeck that a change was made through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum Via {
    /// The window.
    Window,
    /// The command line.
    Flagctl,
    /// The local HTTP interface.
    Http,
    /// None: the document that is followed changed.
    Followed,
    /// None: a ramp made a step, or a rollout that did harm was rolled back.
    Rollout,
}

/// A change of the flags, to be marked on a chart.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Mark {
    /// The revision.
    pub revision: u64,
    /// When it was saved, in milliseconds since 1970.
    pub at_ms: i64,
    /// What it changed, in words.
    pub sentence: String,
}

/// Why a revision came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of", rename_all = "snake_case")]
#[cfg_attr(
    test,
    derive(TS),
    ts(tag = "kind", content = "of", rename_all = "snake_case")
)]
pub enum Cause {
    /// The document was edited.
    Edit,
    /// A whole document was imported.
    Import,
    /// A revision was undone.
    Undo(RevisionNumber),
    /// A revision that had been undone was redone.
    Redo(RevisionNumber),
    /// An earlier document was restored.
    Restore(RevisionNumber),
    /// A remote document began to be followed, or another one than before.
    Follow,
    /// The document that is followed changed.
    Adopt,
    /// Overrides were published: the document that is followed has them now.
    Publish,
    /// No document is followed any more; the latest one became the local one.
    Unfollow,
    /// A ramp made a step; its number.
    Ramp(u64),
    /// A rollout that did harm was rolled back; the number of the decision.
    RollBack(u64),
}

/// What is about to become a revision.
#[derive(Debug, Clone)]
pub struct Draft {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who.
    pub actor: Actor,
    /// Why it came to be.
    pub cause: Cause,
    /// The reason given for it.
    pub note: Option<String>,
    /// What changed, a sentence each.
    pub changes: Vec<String>,
    /// The document as JSON text, valid when it was written.
    pub document: Arc<[u8]>,
    /// What is followed and what is overridden of it, as JSON text; `None` if nothing is followed.
    pub followed: Option<Box<str>>,
}

/// One accepted version of the flag document. Never edited, never deleted.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Its number.
    pub number: RevisionNumber,
    /// Its content.
    pub draft: Draft,
}

/// A revision without its document, for lists.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RevisionSummary {
    /// Its number.
    #[serde(rename = "revision")]
    pub number: RevisionNumber,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who.
    pub actor: Actor,
    /// Why it came to be.
    pub cause: Cause,
    /// The reason given for it.
    pub note: Option<String>,
    /// What changed, a sentence each.
    pub changes: Vec<String>,
    /// Whether its row does not match its hash: anything but its number may be wrong. Left out if
    /// it does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    pub is_damaged: bool,
}

impl Revision {
    /// Returns it without its document.
    pub fn summary(&self) -> RevisionSummary {
        RevisionSummary {
            number: self.number,
            at_ms: self.draft.at_ms,
            actor: self.draft.actor.clone(),
            cause: self.draft.cause,
            note: self.draft.note.clone(),
            changes: self.draft.changes.clone(),
            is_damaged: false,
        }
    }
}

/// Which revisions to look for. What is not given lets every revision through.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase", optional_fields))]
pub struct HistoryFilter {
    /// Only those that touched what has this path, under whatever path it had then, or
    /// anything in that group; `""` for those that touched the document as a whole.
    pub component: Option<String>,
    /// Only those made through this face.
    pub via: Option<Via>,
    /// Only those made by an actor of exactly this name.
    pub name: Option<String>,
    /// Only those with this text in one of their changes or in their note, whatever its case;
    /// see [`flagdeck_core::fold()`].
    pub text: Option<String>,
    /// Only those saved at this moment or later, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// Only those saved before this moment, in milliseconds since 1970.
    pub until_ms: Option<i64>,
    /// Only those up to this number, so that pages do not shift while revisions are added.
    pub up_to: Option<RevisionNumber>,
}

/// Some of the revisions that a filter lets through, latest first.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    /// How many the filter lets through in all.
    pub total: usize,
    /// Those of this page.
    pub revisions: Vec<RevisionSummary>,
}

/// The last revision that touched a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct LastChange {
    /// The path of a component or group; `""` for the document as a whole.
    pub path: String,
    /// The revision.
    pub revision: RevisionNumber,
    /// When it was saved, in milliseconds since 1970.
    pub at_ms: i64,
}

/// The outcome of an append.
#[derive(Debug)]
pub enum Appended {
    /// The draft became this revision, and is durable.
    Saved(RevisionNumber),
    /// Another revision was saved first; nothing was written. Holds the latest revision.
    Conflict(Box<Revision>),
}

/// What a thorough check found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// Revisions whose hash was checked.
    pub revisions: u64,
    /// Problems, a sentence each; empty for a sound store.
    pub problems: Vec<String>,
}

/// A verified copy of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Backup {
    /// What it is called.
    pub name: String,
    /// The latest revision in it.
    pub revision: RevisionNumber,
    /// When that was saved, in milliseconds since 1970.
    pub at_ms: i64,
    /// Its size.
    pub bytes: u64,
}

/// Revisions as they were, from the first on, each with the hash of its row.
pub(crate) type Revisions = Box<dyn Iterator<Item = Result<(Draft, Hash), StoreError>> + Send>;

/// Keeps revisions. Calls block until done; those that write are durable when they return.
pub trait Store: Send + Sync + fmt::Debug {
    /// Loads the latest revision; `None` in a store without any.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read, or does not match its hash.
    fn head(&self) -> Result<Option<Revision>, StoreError>;

    /// Saves `draft` as the revision after `expected`, if `expected` still is the latest
    /// ([`RevisionNumber::NONE`] for the first one), indexed by `trace`.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written; then nothing was. [`StoreError::Missing`] if
    /// `expected` is a revision and the store has none.
    fn append(
        &self,
        expected: RevisionNumber,
        draft: Draft,
        trace: Trace,
    ) -> Result<Appended, StoreError>;

    /// Loads one revision; `None` if there is none of that number.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read, or does not match its hash.
    fn revision(&self, number: RevisionNumber) -> Result<Option<Revision>, StoreError>;

    /// Loads up to `limit` summaries, latest first, of revisions before `before`
    /// (of all, for `None`).
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read. One that does not match its hash is marked as damaged.
    fn summaries(
        &self,
        before: Option<RevisionNumber>,
        limit: usize,
    ) -> Result<Vec<RevisionSummary>, StoreError>;

    /// Loads the revisions that `filter` lets through, latest first, up to `limit` of them
    /// without the first `offset`.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read, or do not match their hashes.
    fn history(
        &self,
        filter: &HistoryFilter,
        offset: usize,
        limit: usize,
    ) -> Result<HistoryPage, StoreError>;

    /// Lists every actor who saved a revision, by name and face, each once.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn actors(&self) -> Result<Vec<Actor>, StoreError>;

    /// Lists every path that a revision later than `after` touched, with the last that did, in the
    /// order of the paths. A rename touches both names.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read, or a revision does not match its hash.
    fn last_changes(&self, after: RevisionNumber) -> Result<Vec<LastChange>, StoreError>;

    /// Returns a number that differs from an earlier one if this process or another may have
    /// written since, or if other files are open than then. Cheap enough to ask ten times a second.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn version(&self) -> Result<u64, StoreError>;

    /// Reads everything and checks it against its hashes.
    ///
    /// # Errors
    /// [`StoreError`] if reading stopped before the end.
    fn check(&self) -> Result<CheckReport, StoreError>;

    /// Copies the store into a verified backup, and returns its place; `None` if there is no need:
    /// a backup holds the latest revision already, the newest one was made less than
    /// `unless_younger_ms` before `now_ms` (milliseconds since 1970), or there is no revision.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written or does not verify.
    fn back_up(&self, now_ms: i64, unless_younger_ms: u64) -> Result<Option<PathBuf>, StoreError>;

    /// Lists the backups that hold a revision, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be listed.
    fn backups(&self) -> Result<Vec<Backup>, StoreError>;

    /// Reads everything in a backup and checks it against its hashes; `None` if there is none of
    /// that name.
    ///
    /// # Errors
    /// [`StoreError`] if reading stopped before the end.
    fn check_backup(&self, name: &str) -> Result<Option<CheckReport>, StoreError>;

    /// Loads the latest revision of a backup; `None` if there is none of that name.
    ///
    /// # Errors
    /// [`StoreError::DamagedBackup`] if it cannot be read, or does not match its hash.
    fn backed_up(&self, name: &str) -> Result<Option<Revision>, StoreError>;

    /// Finds the sound revisions of a store that was set aside, and compares them with those of
    /// this one. Changes neither.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if nothing of it can be read, others if reading failed.
    fn examine(&self, entry: &Quarantined) -> Result<FoundRevisions, StoreError>;

    /// Loads the latest sound revision of a store that was set aside; `None` if it has none.
    ///
    /// # Errors
    /// As for [`Self::examine`].
    fn latest_set_aside(&self, entry: &Quarantined) -> Result<Option<Revision>, StoreError>;

    /// Appends the revisions of a store that was set aside that follow the latest one, hash for
    /// hash: as they were, all of them or none. Returns which; `None` if none does.
    ///
    /// # Errors
    /// As for [`Self::examine`], and [`StoreError`] if they cannot be written; then none was.
    fn take_back(&self, entry: &Quarantined) -> Result<Option<RevisionSpan>, StoreError>;

    /// Calls `each` with every revision, from the first on, and the hash of its row, which is over
    /// all before it.
    ///
    /// # Errors
    /// That of `each`; [`StoreError`] if one cannot be read, or does not match its hash.
    fn each_revision(
        &self,
        each: &mut dyn FnMut(Revision, Hash) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Saves revisions as they were in a store that has none, from the first on: all of them, or
    /// none. Returns the last; `None` if the store has a revision.
    ///
    /// # Errors
    /// Those of `revisions`; [`StoreError`] if one does not match its hash, or they cannot be
    /// written.
    fn begin_with(&self, revisions: Revisions) -> Result<Option<RevisionNumber>, StoreError>;

    /// Returns why nothing can be written; `None` if it can.
    fn read_only(&self) -> Option<String>;

    /// Tries to write again if the store could only be read for a reason that passes, such as a full
    /// disk; returns whether it can be written since.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be opened again; then nothing was changed.
    fn write_again(&self, now_ms: i64) -> Result<bool, StoreError>;

    /// Returns what became of the store's files, if they are not in place. Cheap enough to ask ten
    /// times a second while they are.
    fn gone(&self) -> Option<Gone>;

    /// Fails if the files are not in place, without examining what is there instead.
    ///
    /// # Errors
    /// [`StoreError::Gone`].
    fn check_place(&self) -> Result<(), StoreError>;

    /// Returns whether what replaced the store is a complete copy of it.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn is_continued(&self) -> Result<bool, StoreError>;

    /// Writes everything the open store holds, with every revision, back under its name, and
    /// continues with that. What is there instead is moved to quarantine, never deleted; returns
    /// its place.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written or does not verify, or another program has what is
    /// there instead open; then nothing was changed.
    fn write_back(&self, now_ms: i64) -> Result<Option<PathBuf>, StoreError>;

    /// Switches to the store that replaced the open one. Unless that is a complete copy, a copy of
    /// the open one is kept in quarantine.
    ///
    /// # Errors
    /// [`StoreError`] if there is none, or it cannot be opened; then nothing was changed.
    fn reopen(&self, now_ms: i64) -> Result<Reopened, StoreError>;
}

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The data folder cannot be used.
    #[error("the data folder {path} cannot be used: {reason}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why, in plain words.
        reason: String,
    },
    /// The file is damaged.
    #[error("the store is damaged: {what}")]
    Damaged {
        /// What does not match.
        what: String,
    },
    /// A backup is damaged.
    #[error("the backup {name} is damaged ({what}); nothing was changed, choose another one")]
    DamagedBackup {
        /// The backup.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// Nothing of a database in quarantine can be read.
    #[error("nothing in it can be read: {what}")]
    Unreadable {
        /// Why not.
        what: String,
    },
    /// The store is open for reading only.
    #[error("the store is open for reading only: {reason}")]
    ReadOnly {
        /// Why.
        reason: String,
    },
    /// The files of the open store were removed or replaced.
    #[error("{0}; nothing is saved until that is resolved")]
    Gone(Gone),
    /// They were removed during the commit: the change is only in the open files.
    #[error(
        "{0} while this was saved; it is not stored now, but will be if the open store is written \
         back"
    )]
    Unconfirmed(Gone),
    /// The disk is full.
    #[error("the disk is full; nothing was saved, and nothing was lost")]
    DiskFull,
    /// Another process keeps the store locked.
    #[error("another program keeps the store locked; nothing was saved, try again")]
    Busy,
    /// Another process keeps a file of the store locked, and is known.
    #[error("{by} keeps {path} locked; nothing was saved, try again")]
    Held {
        /// The file.
        path: PathBuf,
        /// The process, for people.
        by: String,
    },
    /// SQLite failed.
    #[error("the store failed")]
    Sqlite(#[source] rusqlite::Error),
    /// A file failed.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A revision that the caller has seen is missing, as is every other.
    #[error("revision {number} is not in the store")]
    Missing {
        /// The revision.
        number: RevisionNumber,
    },
    /// The store could not be brought to this program's format; it stays as it was.
    #[error("the store could not be brought from format {from} to {to}, and stays as it was")]
    Migration {
        /// The format it has.
        from: usize,
        /// The format this program needs.
        to: usize,
        /// The cause.
        source: Box<StoreError>,
    },
    /// The store panicked; its transaction was rolled back.
    #[error("the store hit an internal error: {message}")]
    Panicked {
        /// What it says.
        message: String,
    },
    /// The writer thread has ended, because the store is closing.
    #[error("the store is closed")]
    Closed,
}
