//! The store of states: `state.db` in the data folder.
//!
//! A separate file, like that of metrics. It holds for each source:
//!
//! - its state **whole**, as of some change, and the **journal** of the changes since; the end of
//!   the journal is the ring of the latest changes, which is kept when a state is reported whole;
//! - its **snapshots**, in chains: the first whole, each of the others as changes to the one
//!   before;
//! - its **restores**: what each asks for while it is open, and how it ended.
//!
//! Any number of programs may write: every call is one transaction that begins from what is there.
//! Does not read the clock, and knows nothing of settings.

mod damaged;
mod finding;
mod importing;
mod recovery;
mod removing;
mod reporting;
mod restores;
mod ring;
mod salvage;
mod schema;
mod seal;
mod snapshots;
mod sources;
mod thinning;
mod tree_cache;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use flagdeck_core::restore::Asked;
use flagdeck_core::state::Change;
use flagdeck_core::tree::Tree;
use flagdeck_core::trusted::TrustedTime;
use rusqlite::{Connection, OptionalExtension, Transaction};

pub(super) use self::damaged::{DamagedRecord, find as damaged_records};
pub(super) use self::finding::{
    DamagedSource, Sources, all as all_sources, get as get_source, get_any as get_any_source,
};
pub(super) use self::importing::Imported;
pub(crate) use self::recovery::NewRecovery;
pub(crate) use self::removing::StoredOf;
pub(super) use self::removing::stored_of;
pub(super) use self::reporting::Whole;
pub(super) use self::restores::{
    NewRestore, OpenRestore, all_open as open_restores, last_id as last_restore,
    latest as latest_restore, list as list_restores, load as load_restore, open as open_restore,
};
pub(super) use self::ring::{
    Report, Reported, of as ring_of, recorded_if_sound, reports, since as recorded_since,
};
pub(super) use self::salvage::{Others, Sound, each_sound, is_there};
pub(super) use self::schema::STATES;
pub(crate) use self::snapshots::NewSnapshot;
pub(super) use self::snapshots::{
    Changed, Row, each_change, each_state, in_sum as snapshots_in_sum, load, mark_damaged,
    of_source, tree_of,
};
pub(super) use self::sources::{Recorded, Source, is_intact};
use self::tree_cache::TreeCache;
use super::limits::PAGES_KIB;
use super::{Counts, SourceName, StateError};
use crate::state::shapes::{SnapshotLabel, StateRestore};
use crate::store::Actor;
use crate::store::StoreError;
use crate::store::sqlite::connection::check_structure;
use crate::store::sqlite::place::{Place, Placed};
use crate::store::sqlite::side::{Opened, SharedLock};

/// A connection to `state.db` that writes.
#[derive(Debug)]
pub(super) struct StateStore {
    connection: Placed,
    share: SharedLock,
    trees: TreeCache,
}

impl StateStore {
    /// Opens the store of an existing data folder, and creates it if it is missing. A damaged one
    /// is moved to quarantine if no other program has it open.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written, or is of a newer Flagdeck.
    pub(super) fn open(data_dir: &Path, now_ms: i64) -> Result<Self, StoreError> {
        let Opened {
            connection, share, ..
        } = STATES.open(data_dir, now_ms, look)?;
        connection.pragma_update(None, "cache_size", -PAGES_KIB)?;
        Ok(Self {
            connection,
            share,
            trees: TreeCache::default(),
        })
    }

    /// Returns the files it is open on.
    pub(super) fn place(&self) -> &Arc<Place> {
        self.connection.place()
    }

    /// Returns whether the file under its name has all its data.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub(super) fn is_continued(&self, data_dir: &Path) -> Result<bool, StoreError> {
        STATES.is_continued(&self.connection, data_dir)
    }

    /// Writes everything back under its name; returns where the file there was moved. The store has
    /// to be opened again then.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written, or another program has the file there open.
    pub(super) fn write_back(
        &self,
        data_dir: &Path,
        now_ms: i64,
    ) -> Result<Option<PathBuf>, StoreError> {
        STATES.write_back(&self.connection, &self.share, data_dir, now_ms)
    }

    /// Keeps a copy of it in quarantine; returns its place.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub(super) fn keep(&self, data_dir: &Path, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
        STATES.keep(&self.connection, data_dir, now_ms)
    }

    /// Applies changes one by one and records each, durably and together. Some of them may be
    /// refused; the others are applied.
    ///
    /// # Errors
    /// [`StateError`] if they cannot be stored; then none was.
    pub(super) fn record(
        &mut self,
        name: &SourceName,
        changes: &[Change],
        history_max: usize,
        now_ms: i64,
    ) -> Result<Recorded, StateError> {
        self.record_made(name, |_| Ok(changes.to_vec()), history_max, now_ms)
    }

    /// Like [`Self::record`], with changes that `make` derives from the state they apply to. No
    /// other write comes in between.
    ///
    /// # Errors
    /// Those of `make`, and [`StateError`] if they cannot be stored; then none was.
    pub(super) fn record_made(
        &mut self,
        name: &SourceName,
        make: impl FnOnce(&Tree) -> Result<Vec<Change>, StateError>,
        history_max: usize,
        now_ms: i64,
    ) -> Result<Recorded, StateError> {
        self.within(name, finding::find_or_make, |transaction, source, tree| {
            let changes = make(tree)?;
            source.at_ms = now_ms;
            let recorded = sources::record_all(transaction, source, tree, &changes, history_max)?;
            sources::write(transaction, source)?;
            Ok(recorded)
        })
    }

    /// Takes a snapshot of a source's state. Returns `None` if `new_snapshot` asks for one only of a
    /// changed state and the latest one is of the same state.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be stored, or there is no such state.
    pub(super) fn take(
        &mut self,
        name: &SourceName,
        new_snapshot: &NewSnapshot<'_>,
    ) -> Result<Option<u64>, StateError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            let source = finding::get_with_state(&transaction, name)?;
            let latest = snapshots::latest_seq(&transaction, source.id)?;
            // Before the tree is loaded: of most sources there is nothing to take.
            if new_snapshot.only_new && latest == Some(source.seq) {
                return Ok(None);
            }
            let tree = store.trees.take(&transaction, &source)?;
            let id = snapshots::take(&transaction, &source, &tree, new_snapshot)?;
            transaction.commit()?;
            store.trees.hold(&source, tree);
            Ok(Some(id))
        })
    }

    /// Takes a snapshot of what a source has reported, and opens a restore for it, in one step.
    /// `make` derives what to ask for from the latest report.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be stored, or there is no such state; then nothing was.
    pub(super) fn ask(
        &mut self,
        name: &SourceName,
        new_snapshot: &NewSnapshot<'_>,
        new_restore: &NewRestore<'_>,
        make: impl FnOnce(&Tree) -> Result<Asked, StateError>,
    ) -> Result<StateRestore, StateError> {
        self.within(
            name,
            finding::get_with_state,
            |transaction, source, tree| {
                let asked = make(tree)?;
                let safety = snapshots::take(transaction, source, tree, new_snapshot)?;
                let id = restores::ask(transaction, source, safety, new_restore, &asked)?;
                restores::load(transaction, id)
            },
        )
    }

    /// Runs `work` on the state of a source, in one transaction that ends durably. The source is
    /// the one that `find` finds, with its tree as of its last change.
    ///
    /// # Errors
    /// Those of `find` and `work`, and [`StateError`] if it cannot be stored; then nothing was.
    fn within<T>(
        &mut self,
        name: &SourceName,
        find: fn(&Connection, &SourceName) -> Result<Source, StateError>,
        work: impl FnOnce(&Transaction<'_>, &mut Source, &mut Tree) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            let mut source = find(&transaction, name)?;
            let mut tree = store.trees.take(&transaction, &source)?;
            let done = work(&transaction, &mut source, &mut tree)?;
            transaction.commit()?;
            // Only a tree that is on disk: after a failed commit the next call reads it again.
            store.trees.hold(&source, tree);
            Ok(done)
        })
    }

    /// Writes, and tells whether what fails is damaged or the disk failed once. Every write goes
    /// through this.
    ///
    /// # Errors
    /// Those of `write`, as they turned out.
    pub(in crate::state) fn surely<T, E: Judged>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        write(self).map_err(|error| error.judged(&self.connection))
    }

    /// Cancels a restore that is open.
    ///
    /// # Errors
    /// [`StateError`] if it is not open, or that cannot be stored.
    pub(super) fn cancel(
        &mut self,
        id: u64,
        actor: &Actor,
        now_ms: i64,
    ) -> Result<StateRestore, StateError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            let restore = restores::cancel(&transaction, id, actor, now_ms)?;
            transaction.commit()?;
            Ok(restore)
        })
    }

    /// Changes the label of a snapshot.
    ///
    /// # Errors
    /// [`StateError`] if there is none of that number, or it cannot be stored.
    pub(super) fn label(&mut self, id: u64, label: &SnapshotLabel) -> Result<(), StateError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            snapshots::label(&transaction, id, label)?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Removes the imported snapshots of a source, and the source if nothing else is left of it.
    ///
    /// # Errors
    /// [`StateError`] if there is no such source, or it cannot be stored.
    pub(super) fn remove_imported(&mut self, name: &SourceName) -> Result<(), StateError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            let source = finding::get(&transaction, name)?;
            snapshots::remove_imported(&transaction, &source)?;
            sources::remove_if_empty(&transaction, source.id)?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Removes a source and everything of it, also if it is damaged. Returns how much that was;
    /// `None` if there is none of that name.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be stored; then nothing was removed.
    pub(super) fn remove_source(
        &mut self,
        name: &SourceName,
    ) -> Result<Option<StoredOf>, StoreError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            let removed = removing::remove_source(&transaction, name)?;
            transaction.commit()?;
            Ok(removed)
        })
    }

    /// Removes a snapshot that is not pinned, only one of `source` if that is given; and its source
    /// if nothing else is left of it. Returns the source's name.
    ///
    /// # Errors
    /// [`StateError`] if there is none, it is pinned, or it cannot be stored.
    pub(super) fn remove_snapshot(
        &mut self,
        id: u64,
        source: Option<&SourceName>,
    ) -> Result<SourceName, StateError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            let source = removing::remove_snapshot(&transaction, id, source)?;
            transaction.commit()?;
            Ok(source)
        })
    }

    /// Plans which snapshots to remove, for their age or number.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read or written.
    pub(super) fn plan_thinning(
        data_dir: &Path,
        trusted: &TrustedTime,
    ) -> Result<thinning::Plan, StoreError> {
        thinning::plan(data_dir, trusted)
    }

    /// Carries out one part of a plan of [`Self::plan_thinning`], unless something changed since.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub(super) fn thin(&mut self, rewrite: &thinning::Rewrite) -> Result<(), StoreError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            thinning::carry_out(&transaction, rewrite)?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Counts the changes of the uncounted snapshots of one chain. Returns how many snapshots it
    /// read; 0 if none is uncounted.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read or written.
    pub(super) fn recount(&mut self) -> Result<usize, StoreError> {
        self.surely(|store| {
            if !snapshots::are_uncounted(&store.connection)? {
                return Ok(0);
            }
            let transaction = store.connection.begin()?;
            let counted = snapshots::recount(&transaction)?;
            transaction.commit()?;
            Ok(counted)
        })
    }

    /// Lists the sources whose present state is in no snapshot.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub(super) fn sources_to_snapshot(&self) -> Result<Vec<(SourceName, Option<i64>)>, StoreError> {
        let found = snapshots::sources_to_snapshot(&self.connection);
        found.map_err(|error| error.judged(&self.connection))
    }

    /// Returns a number that differs from an earlier one if another program wrote since.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub(super) fn version(&self) -> Result<u64, StoreError> {
        self.connection.place().version(&self.connection)
    }

    /// Drops cached trees that have not been used for a while.
    pub(super) fn forget_idle(&mut self) {
        self.trees.drop_idle();
    }
}

/// Loads the state of a source, as it is on disk; to be called within a transaction.
///
/// # Errors
/// [`StateError`] if there is none, or it cannot be read.
pub(super) fn current(
    moment: &Transaction<'_>,
    name: &SourceName,
) -> Result<(Source, Tree), StateError> {
    let source = finding::get_with_state(moment, name)?;
    let tree = sources::load_tree(moment, &source)?;
    Ok((source, tree))
}

/// Returns the revision that was in force when the latest snapshot was taken, leaving out imported
/// ones, which may be from another machine.
///
/// # Errors
/// [`StoreError`] if it cannot be read.
pub(super) fn last_revision(connection: &Connection) -> Result<Option<u64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT revision FROM snapshot WHERE cause != 'import' ORDER BY id DESC LIMIT 1",
    )?;
    let last: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
    Ok(last.and_then(|revision| u64::try_from(revision).ok()))
}

/// Reads everything, and lists problems, a sentence each.
///
/// # Errors
/// [`StoreError`] if reading stopped before the end.
pub(super) fn check(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    match check_structure(connection) {
        Err(StoreError::Damaged { what }) => problems.push(format!("state.db is damaged: {what}")),
        checked => checked?,
    }
    let Sources { sound, damaged } = finding::all(connection)?;
    for source in sound {
        match sources::replayed(connection, &source) {
            Err(StoreError::Damaged { what }) => {
                let error = recovery::damaged(connection, source.id, &source.name, what);
                problems.push(error.to_string());
            }
            read => drop(read?),
        }
        problems.extend(snapshots::check(connection, source.id)?);
        problems.extend(ring::check(connection, &source)?);
    }
    for DamagedSource { id, name } in damaged {
        let error = recovery::damaged(connection, id, &name, finding::DAMAGED.into());
        problems.push(error.to_string());
        problems.extend(snapshots::check(connection, id)?);
    }
    let astray = snapshots::astray(connection)?;
    problems.extend(astray.iter().map(|row| {
        let id = row.snapshot.id;
        format!("the source of snapshot {id} is not there: its record is damaged")
    }));
    problems.extend(restores::check(connection)?);
    Ok(problems)
}

/// Counts the sources and their snapshots.
///
/// # Errors
/// [`StoreError`] if they cannot be read.
pub(super) fn counts(connection: &Connection) -> Result<Counts, StoreError> {
    let sources = finding::all(connection)?;
    Ok(Counts {
        sources: sources.sound.len() + sources.damaged.len(),
        snapshots: snapshots::count(connection)? as usize,
    })
}

/// An error of which a second look tells whether the database is damaged or the disk failed once.
pub(in crate::state) trait Judged {
    fn judged(self, open: &Placed) -> Self;
}

impl Judged for StoreError {
    fn judged(self, open: &Placed) -> Self {
        let unnamed = match self {
            Self::Damaged { what } => Self::damaged(what.trim_start_matches("state.db: ")),
            other => other,
        };
        STATES.judge(open, unnamed)
    }
}

impl Judged for StateError {
    fn judged(self, open: &Placed) -> Self {
        match self {
            Self::Store(error) => error.judged(open).into(),
            other => other,
        }
    }
}

/// Reads what every use of the database begins with.
fn look(connection: &Connection) -> Result<(), StoreError> {
    finding::all(connection)?;
    snapshots::count(connection)?;
    Ok(())
}

/// Wraps a stored name, which is valid.
fn stored_name(text: &str) -> SourceName {
    SourceName::known(text)
}
