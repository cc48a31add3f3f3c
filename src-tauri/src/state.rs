//! States of sources: reported, stored, reviewed, restored.
//!
//! The founding specification's state extension (section 3) for any number of sources: each reports
//! its `ml` tree whole or change by change; snapshots of it are taken regularly, and it is restored
//! on request. `state/store.rs` stores it; `state/past.rs` reads the past. Reading opens separate
//! connections, so that reports do not wait for it.

mod blame;
mod bundle;
pub mod intake;
pub mod limits;
mod past;
mod records;
mod restoring;
mod salvage;
mod search;
pub mod shapes;
mod show;
mod store;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use flagdeck_core::KeyError;
use flagdeck_core::restore::PartError;
use flagdeck_core::tree::Tree;
use rusqlite::Connection;
use serde::Serialize;

use self::intake::ChangeProblem;
pub(crate) use self::store::{NewRecovery, NewSnapshot, StoredOf};
use self::store::{STATES, StateStore};
use crate::lock::lock;
use crate::state::shapes::{RestoreStatus, StateRestore};
use crate::store::sqlite::certainty;
use crate::store::sqlite::place::Place;
use crate::store::{Gone, StoreError};
use crate::trusted_time;

pub use self::bundle::{Progress, compare_files, notes_on_file, patch_files, read_file};
pub(crate) use self::bundle::{read_each as read_bundle, write as write_bundle};
pub use self::past::{StateNews, StateTree};
pub use self::restoring::AskedState;
pub(crate) use self::restoring::{RestoreContext, undo_of};
pub(crate) use self::show::plainly_compared;
pub use self::writing::SnapshotsExport;
pub(crate) use self::writing::{Assignment, FromFile};
pub use crate::source::{SourceName, SourceNameError};

/// Why a state was not stored, found or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A value is not allowed.
    #[error("{message}")]
    Invalid {
        /// Which one, and what is allowed.
        message: String,
    },
    /// The body is not JSON, or not a state.
    #[error("{message}")]
    Unreadable {
        /// Why.
        message: String,
    },
    /// It is too large.
    #[error("the state has {bytes} bytes; at most {max} (8 MiB) are kept")]
    TooLarge {
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        max: usize,
    },
    /// There are too many of something.
    #[error("{message}")]
    TooMany {
        /// Of what.
        message: String,
    },
    /// There is nothing of that name or number.
    #[error("{message}")]
    NotFound {
        /// What was looked for.
        message: String,
    },
    /// What is stored of the state of a source cannot be read.
    #[error("the state of {name} is damaged: {what}; {}", way_on(*.snapshot))]
    Damaged {
        /// The source.
        name: SourceName,
        /// What cannot be read.
        what: String,
        /// Its latest snapshot that can be read, from which the state can be recovered.
        snapshot: Option<u64>,
    },
    /// What is stored of a restore does not match its hash.
    #[error("restore {id} is damaged: its record does not match its hash; ask for another one")]
    DamagedRestore {
        /// Its number.
        id: u64,
    },
    /// A restore can be read: only a damaged one is removed.
    #[error("restore {id} is sound: it is part of the history, and stays")]
    SoundRestore {
        /// Its number.
        id: u64,
    },
    /// The state of a source can be read, so there is nothing to recover.
    #[error("the state of {name} is sound: there is nothing to recover")]
    Sound {
        /// The source.
        name: SourceName,
    },
    /// A snapshot is pinned, so it is not removed.
    #[error("snapshot {id} is pinned: unpin it first")]
    Pinned {
        /// Its number.
        id: u64,
    },
    /// A restore is not open any more.
    #[error("{message}")]
    Ended {
        /// Which, and how it ended.
        message: String,
    },
    /// States are not stored at present.
    #[error("states are not kept: {reason}")]
    Unavailable {
        /// Why.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for StateError {
    fn from(error: StoreError) -> Self {
        Self::Store(STATES.name(error))
    }
}

impl From<SourceNameError> for StateError {
    fn from(error: SourceNameError) -> Self {
        Self::Invalid {
            message: error.to_string(),
        }
    }
}

impl From<KeyError> for StateError {
    fn from(error: KeyError) -> Self {
        Self::Invalid {
            message: error.to_string(),
        }
    }
}

impl From<PartError> for StateError {
    fn from(error: PartError) -> Self {
        let message = error.to_string();
        match error {
            PartError::Missing { .. } => Self::NotFound { message },
            PartError::Key(_) | PartError::History { .. } | PartError::Nothing { .. } => {
                Self::Invalid { message }
            }
        }
    }
}

/// Says how to go on after damage to a state.
fn way_on(snapshot: Option<u64>) -> String {
    match snapshot {
        Some(id) => format!(
            "it can be recovered from snapshot {id}, the latest that can be read; its next whole \
             report replaces it, too"
        ),
        None => "no snapshot of it can be read; its next whole report replaces it".into(),
    }
}

impl StateError {
    /// Makes the error for a restore that is not open, with how it ended.
    pub(in crate::state) fn ended(restore: &StateRestore) -> Self {
        let StateRestore { id, source, .. } = restore;
        let how = match restore.status {
            RestoreStatus::Open => "is open",
            RestoreStatus::Confirmed => "was confirmed",
            RestoreStatus::Superseded => "was superseded by a newer one",
            RestoreStatus::Cancelled => "was cancelled",
            RestoreStatus::Recovered => {
                "took the place of a damaged state, of which nothing is left"
            }
            RestoreStatus::Damaged => "is damaged",
        };
        Self::Ended {
            message: format!("restore {id} of {source} {how}"),
        }
    }
}

/// The receipt for a reported state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatePut {
    /// Whether it differs from the one before.
    pub changed: bool,
    /// Bytes of it as JSON text.
    pub bytes: u64,
    /// Values that differ from the one before.
    pub changes: u32,
    /// What became of the restore that it confirms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<Confirmation>,
    /// Warnings about how the state was read, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The outcome of a source's confirmation of a restore. Its state is stored in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirmation {
    /// The number of the restore, as the source reported it.
    pub id: u64,
    /// How it stands.
    pub status: ConfirmationStatus,
    /// Whether the state of its first confirmation is as asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_exact: Option<bool>,
    /// Keys of that state that are not, the first 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differing: Vec<String>,
}

/// The status of a restore that a source confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationStatus {
    /// It is confirmed, by this or an earlier confirmation.
    Confirmed,
    /// A newer restore had replaced it: that one is or was open.
    Superseded,
    /// It had been cancelled.
    Cancelled,
    /// What is stored of it is damaged, so that it cannot be told.
    Damaged,
    /// The source was asked for no restore of that number.
    Unknown,
}

impl Confirmation {
    /// Returns the outcome for a number that is no restore of the source.
    pub(in crate::state) fn unknown(id: u64) -> Self {
        Self {
            id,
            status: ConfirmationStatus::Unknown,
            is_exact: None,
            differing: Vec::new(),
        }
    }

    /// Returns the outcome of a restore that has ended or is damaged.
    pub(in crate::state) fn of(restore: &StateRestore) -> Self {
        Self {
            id: restore.id,
            status: match restore.status {
                RestoreStatus::Open | RestoreStatus::Confirmed => ConfirmationStatus::Confirmed,
                RestoreStatus::Superseded => ConfirmationStatus::Superseded,
                RestoreStatus::Cancelled => ConfirmationStatus::Cancelled,
                // Its source was asked for nothing.
                RestoreStatus::Recovered => ConfirmationStatus::Unknown,
                RestoreStatus::Damaged => ConfirmationStatus::Damaged,
            },
            is_exact: restore.is_exact,
            differing: restore.differing.clone(),
        }
    }
}

/// The receipt for reported changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangesReceipt {
    /// Changes that were applied and recorded.
    pub accepted: usize,
    /// Changes outside of `ml.`, which Flagdeck ignores.
    pub untracked: usize,
    /// Changes that could not be applied.
    pub rejected: usize,
    /// What is wrong with the first of those.
    pub problems: Vec<ChangeProblem>,
}

/// The state a source has.
#[derive(Debug, Clone)]
pub struct CurrentState {
    /// When the source last reported, in milliseconds since 1970.
    pub at_ms: i64,
    /// How many files it has.
    pub files: u64,
    /// Its tree.
    pub ml: Arc<Tree>,
    /// The strong entity tag of the tree, with its quotes.
    pub etag: String,
    /// Changes that are missing in its `history` because they are damaged.
    pub unreadable: u32,
}

/// Stores the states of a data folder. Opens `state.db` when it is first needed.
#[derive(Debug)]
pub(crate) struct States {
    data_dir: PathBuf,
    writer: Mutex<Option<StateStore>>,
    /// The files that `writer` is open on, outside of its lock, so that a check waits for no
    /// transaction.
    place: Mutex<Option<Arc<Place>>>,
    /// Sources that changed since the last announcement.
    changed: Mutex<BTreeSet<SourceName>>,
}

/// The store is being written by this program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Busy;

/// The locked writing connection to the store.
pub(crate) struct Writer<'a>(MutexGuard<'a, Option<StateStore>>);

impl States {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            writer: Mutex::default(),
            place: Mutex::default(),
            changed: Mutex::default(),
        }
    }

    /// Returns whether anything was ever stored, or may have been: opening it says why it cannot
    /// be found out.
    pub(crate) fn is_there(&self) -> bool {
        STATES.path(&self.data_dir).try_exists().unwrap_or(true)
    }

    /// Waits for the writing connection.
    fn writer(&self, now_ms: i64) -> Result<Writer<'_>, StoreError> {
        let mut writer = lock(&self.writer);
        if let Some(store) = writer.as_ref() {
            store.place().check()?;
        }
        if writer.is_none() {
            let store = StateStore::open(&self.data_dir, now_ms)?;
            *lock(&self.place) = Some(Arc::clone(store.place()));
            *writer = Some(store);
        }
        Ok(Writer(writer))
    }

    /// Opens a reading connection; `None` if nothing was ever stored.
    fn reader(&self) -> Result<Option<Connection>, StoreError> {
        if let Some(place) = self.place() {
            place.check()?;
        }
        STATES.read(&self.data_dir)
    }

    /// Reads until the result is certain: what looks damaged is read again by a connection of its
    /// own, because SQLite calls a database malformed if the disk fails once.
    ///
    /// # Errors
    /// Those of `read`; see [`certainty::look`].
    fn surely<T>(&self, read: impl Fn() -> Result<T, StateError>) -> Result<T, StateError> {
        certainty::look(&STATES.path(&self.data_dir), || match read() {
            Err(StateError::Store(error)) => Err(error),
            found => Ok(found),
        })?
    }

    /// The same, for something that was asked for by name.
    fn reader_of(&self, what: &dyn fmt::Display) -> Result<Connection, StateError> {
        self.reader()?.ok_or_else(|| StateError::NotFound {
            message: format!("there is no {what}; no application has reported a state yet"),
        })
    }

    /// Returns what became of the files of the open store, if they are not in place.
    pub(crate) fn gone(&self) -> Option<Gone> {
        let place = self.place()?;
        (!place.is_intact()).then(|| place.gone())
    }

    fn place(&self) -> Option<Arc<Place>> {
        lock(&self.place).clone()
    }

    /// Returns whether the files in the place of the open store have all its data; true if it is
    /// not open.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub(crate) fn is_continued(&self) -> Result<bool, StoreError> {
        match lock(&self.writer).as_ref() {
            Some(store) => store.is_continued(&self.data_dir),
            None => Ok(true),
        }
    }

    /// Writes the open store back under its name, if its files are not in place, and continues with
    /// it. What is there instead is moved to quarantine; returns its place.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written; then nothing was changed.
    pub(crate) fn write_back(&self, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
        let set_aside = match lock(&self.writer).as_ref() {
            Some(store) if !store.place().is_intact() => {
                store.write_back(&self.data_dir, now_ms)?
            }
            _ => return Ok(None),
        };
        self.reopen();
        Ok(set_aside)
    }

    /// Switches to the store under the name if the files of the open one are not in place, and
    /// keeps a copy of the open one; returns the copy's place.
    ///
    /// # Errors
    /// [`StoreError`] if there is no room for the copy; then nothing was changed.
    pub(crate) fn use_other(&self, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
        let kept = match lock(&self.writer).as_ref() {
            Some(store) if !store.place().is_intact() => store.keep(&self.data_dir, now_ms)?,
            _ => None,
        };
        self.reopen();
        Ok(kept)
    }

    /// Switches to the store under the name, which is opened when it is needed.
    pub(crate) fn reopen(&self) {
        *lock(&self.writer) = None;
        *lock(&self.place) = None;
    }

    /// Returns the revision that was in force when the latest snapshot was taken here; `None`
    /// without any.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub(crate) fn last_revision(&self) -> Result<Option<u64>, StoreError> {
        match self.reader()? {
            Some(connection) => store::last_revision(&connection),
            None => Ok(None),
        }
    }

    /// Notes that a source changed, to be announced.
    pub(crate) fn note_change(&self, source: &SourceName) {
        lock(&self.changed).insert(source.clone());
    }

    /// Returns the sources that changed since the last time.
    pub(crate) fn take_changed(&self) -> BTreeSet<SourceName> {
        std::mem::take(&mut lock(&self.changed))
    }

    /// Returns a number that differs from an earlier one if another program wrote since; `None` if
    /// this program has not opened the store.
    ///
    /// # Errors
    /// [`Busy`] if this program is writing, instead of waiting.
    pub(crate) fn version(&self) -> Result<Option<u64>, Busy> {
        let writer = match self.writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Busy),
        };
        Ok(writer.as_ref().and_then(|store| store.version().ok()))
    }

    /// Returns the last change of each source, and the last restore. `None` if they cannot be read.
    pub(crate) fn progress(&self) -> Option<(BTreeMap<SourceName, i64>, u64)> {
        let Some(connection) = self.reader().ok()? else {
            return Some((BTreeMap::new(), 0));
        };
        let sources = store::all_sources(&connection).ok()?.sound.into_iter();
        let changes = sources.map(|source| (source.name, source.seq)).collect();
        Some((changes, store::last_restore(&connection).ok()?))
    }

    /// Opens the store if there is one, so that what other programs write to it is seen, and drops
    /// unused trees from memory.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be opened.
    pub(crate) fn look_after(&self, now_ms: i64) -> Result<(), StoreError> {
        if self.is_there() {
            self.writer(now_ms)?.store().forget_idle();
        }
        Ok(())
    }

    /// Removes snapshots that are too old or too many.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read or written.
    pub(crate) fn thin(&self, now_ms: i64) -> Result<(), StoreError> {
        let trusted = trusted_time::read(&self.data_dir);
        let plan = StateStore::plan_thinning(&self.data_dir, &trusted)?;
        for rewrite in plan.rewrites() {
            // One at a time, so that a report does not wait for all of them.
            self.writer(now_ms)?.store().thin(rewrite)?;
        }
        Ok(())
    }

    /// Counts the changes of snapshots without a count, which are from an earlier format or follow
    /// a removed one: those of one chain at a time, so that no source waits long. Returns whether
    /// it counted any.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read or written.
    pub(crate) fn recount(&self, now_ms: i64) -> Result<bool, StoreError> {
        Ok(self.writer(now_ms)?.store().recount()? > 0)
    }

    /// Reads everything. Returns how many sources and snapshots there are, and the problems that
    /// are certain, a sentence each; `None` without a store.
    ///
    /// # Errors
    /// [`StoreError`] if reading stopped before the end.
    pub(crate) fn check(&self) -> Result<Option<(Counts, Vec<String>)>, StoreError> {
        if self.reader()?.is_none() {
            return Ok(None);
        }
        certainty::check(&STATES.path(&self.data_dir), || {
            let Some(connection) = self.reader()? else {
                return Ok((Counts::default(), Vec::new()));
            };
            // As of one moment: another program may be writing.
            let connection = connection.unchecked_transaction()?;
            let problems = store::check(&connection).map_err(|error| STATES.name(error))?;
            // What cannot be counted is among the problems.
            Ok((store::counts(&connection).unwrap_or_default(), problems))
        })
        .map(Some)
    }
}

/// How much is stored.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) sources: usize,
    pub(crate) snapshots: usize,
}

impl Writer<'_> {
    fn store(&mut self) -> &mut StateStore {
        self.0.as_mut().expect("a writer is made of an open store")
    }
}
