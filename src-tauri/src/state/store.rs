//! Where states are kept: `state.db` in the data folder.
//!
//! A file of its own, as metrics have one. What it holds, of each source:
//!
//! - its state **whole**, as of some change, and the **journal** of the changes since; the
//!   journal's end is the ring of the latest changes, which stays when a state comes whole;
//! - its **snapshots**, in chains: one whole, and what each of the next changes of the one before;
//! - its **restores**: what each asks for while it is open, and how it ended.
//!
//! Any number of programs may write: every call is one transaction that begins from what is
//! there. Asks nobody for the time, and knows nothing of settings.

mod restores;
mod ring;
mod snapshots;
mod sources;
mod thinning;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use flagdeck_core::restore::Asked;
use flagdeck_core::state::{self, Change};
use flagdeck_core::tree::{Object, Tree};
use rusqlite::{Connection, OptionalExtension, Transaction};

pub(super) use self::restores::{Asking, Open as OpenRestore};
pub(crate) use self::snapshots::Taking;
pub(super) use self::snapshots::{
    Changed, Row, each_change, each_step, in_sum as snapshots_in_sum, load, of_source, tree_of,
};
pub(super) use self::sources::{Recorded, Source};
use super::limits::{PAGES_KIB, TREE_HELD_FOR, TREES_HELD_BYTES_MAX};
use super::{Confirmation, SourceName, StateError};
use crate::state::shapes::{SnapshotLabel, StateRestore};
use crate::store::Actor;
use crate::store::StoreError;
use crate::store::sqlite::place::{Place, Placed, PlacedTransaction};
use crate::store::sqlite::side::{SharedLock, SideDatabase};

/// `state.db`, marked with "FLDS" in ASCII.
pub(super) const STATES: SideDatabase = SideDatabase {
    stem: "state",
    mark: 0x464c_4453,
    format: 3,
    tables: &[TABLES, ring::TABLES],
    upgrades: &[upgrade_to_2, upgrade_to_3],
    progress: "SELECT 'the last ' || name, seq FROM sqlite_sequence
               UNION ALL SELECT 'source ' || name, seq FROM source",
};

/// Bytes of a hash that seals a row: enough against chance.
const SEAL_BYTES: usize = 16;

// `coding` comes last: SQLite reads what stands before it without walking through it.
const TABLES: &str = "
CREATE TABLE source (
    id      INTEGER PRIMARY KEY,
    name    TEXT    NOT NULL UNIQUE,
    -- Grows with every change; what is held in memory is good while it is the same.
    seq     INTEGER NOT NULL,
    -- When it was heard last; 0 for one of which there are only snapshots.
    at_ms   INTEGER NOT NULL,
    files   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    records INTEGER NOT NULL,
    seal    BLOB    NOT NULL
) STRICT;

CREATE TABLE whole (
    source INTEGER PRIMARY KEY REFERENCES source (id),
    seq    INTEGER NOT NULL,
    seal   BLOB    NOT NULL,
    text   BLOB    NOT NULL
) STRICT;

CREATE TABLE journal (
    source      INTEGER NOT NULL REFERENCES source (id),
    seq         INTEGER NOT NULL,
    history_max INTEGER NOT NULL,
    seal        BLOB    NOT NULL,
    change      BLOB    NOT NULL,
    PRIMARY KEY (source, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    source   INTEGER NOT NULL REFERENCES source (id),
    at_ms    INTEGER NOT NULL,
    cause    TEXT    NOT NULL,
    name     TEXT,
    note     TEXT,
    pinned   INTEGER NOT NULL,
    files    INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    changes  INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    -- The change of the source that it is of.
    seq      INTEGER NOT NULL,
    -- The snapshot its chain begins with: itself, where it is kept whole.
    chain    INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    seal     BLOB    NOT NULL,
    coding   BLOB    NOT NULL
) STRICT;

CREATE INDEX snapshot_by_source ON snapshot (source, id);
CREATE INDEX snapshot_by_time ON snapshot (at_ms, id);
CREATE INDEX snapshot_by_chain ON snapshot (chain, id);

CREATE TABLE restore (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    source       INTEGER NOT NULL REFERENCES source (id),
    snapshot     INTEGER NOT NULL,
    safety       INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    via          TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    revision     INTEGER,
    -- Keys as people read them, in JSON lists; none for everything.
    only_parts   TEXT    NOT NULL DEFAULT '[]',
    except_parts TEXT    NOT NULL DEFAULT '[]',
    undoes       INTEGER,
    status       TEXT    NOT NULL DEFAULT 'open',
    ended_ms     INTEGER,
    ended_via    TEXT,
    ended_actor  TEXT,
    -- Whether what the source confirmed with is as asked for, and what is not.
    exact        INTEGER,
    differing    TEXT    NOT NULL DEFAULT '[]'
) STRICT;

CREATE INDEX restore_by_source ON restore (source, id);
CREATE UNIQUE INDEX restore_open ON restore (source) WHERE status = 'open';

CREATE TABLE asked (
    restore INTEGER PRIMARY KEY REFERENCES restore (id),
    -- How many files the source is to have; none for as many as it has.
    files   INTEGER,
    seal    BLOB NOT NULL,
    text    BLOB NOT NULL
) STRICT;
";

/// A hold on `state.db` that writes.
#[derive(Debug)]
pub(super) struct StateStore {
    connection: Placed,
    share: SharedLock,
    trees: Trees,
}

/// A state that comes from its source whole.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) tree: Tree,
    pub(super) files: Option<u64>,
}

/// A snapshot that comes from a file.
#[derive(Debug)]
pub(super) struct Imported<'a> {
    pub(super) tree: Tree,
    pub(super) taking: Taking<'a>,
    /// What its source recorded since the one before, latest first.
    pub(super) recorded: Vec<Change>,
}

/// What came of a state that was put.
#[derive(Debug)]
pub(super) struct Put {
    pub(super) bytes: u64,
    /// Values that differ from before; 0 where it is the same.
    pub(super) changes: u32,
    pub(super) confirmation: Option<Confirmation>,
}

impl StateStore {
    /// Opens the store of a data folder, which exists, making it where it is missing. A damaged
    /// one is set aside, if no other program has it open; then a sentence tells of it.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be written, or is of a newer Flagdeck.
    pub(super) fn open(data_dir: &Path, now_ms: i64) -> Result<(Self, Option<String>), StoreError> {
        let share = STATES.share(data_dir);
        let (connection, notice) = match STATES.named(open_sound(data_dir)) {
            Err(StoreError::Damaged { what }) => {
                if !share.is_alone() {
                    return Err(StoreError::Damaged { what });
                }
                let place = STATES.set_aside(data_dir, now_ms)?;
                let connection = open_sound(data_dir)?;
                share.again();
                let notice = format!(
                    "The states and their snapshots cannot be read ({what}); they were set aside \
                     in {}, and keeping them began anew. No flag is affected.",
                    place.display()
                );
                (connection, Some(notice))
            }
            opened => (opened?, None),
        };
        let store = Self {
            connection,
            share,
            trees: Trees::default(),
        };
        Ok((store, notice))
    }

    /// Returns the files it is open on.
    pub(super) fn place(&self) -> &Arc<Place> {
        self.connection.place()
    }

    /// Whether what is under its name has everything that it has.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub(super) fn is_continued(&self, data_dir: &Path) -> Result<bool, StoreError> {
        STATES.is_continued(&self.connection, data_dir)
    }

    /// Puts everything it holds under its name again; returns where what was there was set aside.
    /// It has to be opened again then.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written, or another program has what is there open.
    pub(super) fn write_back(
        &self,
        data_dir: &Path,
        now_ms: i64,
    ) -> Result<Option<PathBuf>, StoreError> {
        STATES.write_back(&self.connection, &self.share, data_dir, now_ms)
    }

    /// Keeps a copy of it where nothing is ever deleted; returns its place.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub(super) fn keep(&self, data_dir: &Path, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
        STATES.keep(&self.connection, data_dir, now_ms)
    }

    /// Takes in a state whole, durably. `confirms` is the restore that a source says it took.
    ///
    /// # Errors
    /// [`StateError`] where it cannot be stored; then nothing was.
    pub(super) fn put(
        &mut self,
        name: &SourceName,
        whole: Whole,
        confirms: Option<u64>,
        now_ms: i64,
    ) -> Result<Put, StateError> {
        let Self {
            connection, trees, ..
        } = self;
        let transaction = begin(connection)?;
        let mut source = sources::find_or_make(&transaction, name)?;
        let mut tree = trees.take(&transaction, &source)?;
        let mut whole = whole;
        let ring = ring::of(&transaction, &source)?;
        state::without_known(&mut whole.tree, &tree, &ring);
        let patch = flagdeck_core::compare(&tree, &whole.tree);
        let changes = patch.changes();
        let confirmation = confirms
            .map(|id| restores::confirm(&transaction, &source, id, &whole.tree, now_ms))
            .transpose()?;
        let heard_ms = std::mem::replace(&mut source.at_ms, now_ms);
        source.files = whole.files.unwrap_or(source.files);
        if changes > 0 || source.seq == 0 {
            source.seq += 1;
            // The first report is of all that there is.
            let nothing = Tree::from(Object::default());
            let before = if source.seq == 1 { &nothing } else { &tree };
            ring::report(&transaction, &source, heard_ms, (before, &whole.tree))?;
            match source.seq {
                // Nothing was written before that could stay.
                1 => tree = whole.tree,
                // What is equal in both stays as it was written.
                _ => patch
                    .apply(&mut tree)
                    .expect("it was compared with this tree"),
            }
            sources::write_whole(&transaction, &mut source, &tree)?;
        }
        sources::write(&transaction, &source)?;
        transaction.commit()?;
        let bytes = source.bytes;
        trees.hold(&source, tree);
        Ok(Put {
            bytes,
            changes: u32::try_from(changes).unwrap_or(u32::MAX),
            confirmation,
        })
    }

    /// Applies changes one by one and records each, durably and together. Some of them may be
    /// refused; the others are applied.
    ///
    /// # Errors
    /// [`StateError`] where they cannot be stored; then none was.
    pub(super) fn record(
        &mut self,
        name: &SourceName,
        changes: &[Change],
        history_max: usize,
        now_ms: i64,
    ) -> Result<Recorded, StateError> {
        self.record_made(name, |_| Ok(changes.to_vec()), history_max, now_ms)
    }

    /// Does as [`Self::record`] does with changes that are made of the state they apply to: it
    /// cannot become another one in between.
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
        let Self {
            connection, trees, ..
        } = self;
        let transaction = begin(connection)?;
        let mut source = sources::find_or_make(&transaction, name)?;
        let mut tree = trees.take(&transaction, &source)?;
        let changes = make(&tree)?;
        source.at_ms = now_ms;
        let recorded =
            sources::record_all(&transaction, &mut source, &mut tree, &changes, history_max)?;
        sources::write(&transaction, &source)?;
        transaction.commit()?;
        trees.hold(&source, tree);
        Ok(recorded)
    }

    /// Takes a snapshot of a source's state; none where `taking` asks for one of what is new and
    /// the latest one is of the same state.
    ///
    /// # Errors
    /// [`StateError`] where it cannot be stored, or there is no such state.
    pub(super) fn take(
        &mut self,
        name: &SourceName,
        taking: &Taking<'_>,
    ) -> Result<Option<u64>, StateError> {
        let Self {
            connection, trees, ..
        } = self;
        let transaction = begin(connection)?;
        let source = sources::get_with_state(&transaction, name)?;
        if taking.only_new && snapshots::latest_seq(&transaction, source.id)? == Some(source.seq) {
            return Ok(None);
        }
        let tree = trees.take(&transaction, &source)?;
        let id = snapshots::take(&transaction, &source, &tree, taking)?;
        transaction.commit()?;
        trees.hold(&source, tree);
        Ok(Some(id))
    }

    /// Takes a snapshot of what a source has reported, and asks it to become something else, in
    /// one step. `make` says what of the latest report.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be stored, or there is no such state; then nothing was.
    pub(super) fn ask(
        &mut self,
        name: &SourceName,
        taking: &Taking<'_>,
        asking: &Asking<'_>,
        make: impl FnOnce(&Tree) -> Result<Asked, StateError>,
    ) -> Result<StateRestore, StateError> {
        let Self {
            connection, trees, ..
        } = self;
        let transaction = begin(connection)?;
        let source = sources::get_with_state(&transaction, name)?;
        let reported = trees.take(&transaction, &source)?;
        let asked = make(&reported)?;
        let safety = snapshots::take(&transaction, &source, &reported, taking)?;
        let id = restores::ask(&transaction, &source, safety, asking, &asked, taking.at_ms)?;
        let restore = restores::load(&transaction, id)?;
        transaction.commit()?;
        trees.hold(&source, reported);
        Ok(restore)
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
        let transaction = begin(&mut self.connection)?;
        let restore = restores::cancel(&transaction, id, actor, now_ms)?;
        transaction.commit()?;
        Ok(restore)
    }

    /// Keeps a state that came from a file as a snapshot.
    ///
    /// # Errors
    /// [`StateError`] where it cannot be stored.
    pub(super) fn import(
        &mut self,
        name: &SourceName,
        states: &[Imported<'_>],
    ) -> Result<Vec<u64>, StateError> {
        let transaction = begin(&mut self.connection)?;
        let mut source = sources::find_or_make(&transaction, name)?;
        let mut ids = Vec::with_capacity(states.len());
        for imported in states {
            source.files = imported.taking.files.unwrap_or_default();
            let id = snapshots::take(&transaction, &source, &imported.tree, &imported.taking)?;
            ring::write_recorded(&transaction, id as i64, &imported.recorded)?;
            ids.push(id);
        }
        transaction.commit()?;
        Ok(ids)
    }

    /// Says something else of a snapshot.
    ///
    /// # Errors
    /// [`StateError`] where there is none of that number, or it cannot be stored.
    pub(super) fn label(&mut self, id: u64, label: &SnapshotLabel) -> Result<(), StateError> {
        let transaction = begin(&mut self.connection)?;
        snapshots::label(&transaction, id, label)?;
        transaction.commit()?;
        Ok(())
    }

    /// Removes the snapshots of a source that came from files, and the source, if there is
    /// nothing else of it.
    ///
    /// # Errors
    /// [`StateError`] where there is no such source, or it cannot be stored.
    pub(super) fn remove_imported(&mut self, name: &SourceName) -> Result<(), StateError> {
        let transaction = begin(&mut self.connection)?;
        let source = sources::get(&transaction, name)?;
        snapshots::remove_imported(&transaction, &source)?;
        sources::remove_if_empty(&transaction, source.id)?;
        transaction.commit()?;
        Ok(())
    }

    /// Lets snapshots go that are too old or too many.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read or written.
    pub(super) fn plan_thinning(
        data_dir: &Path,
        now_ms: i64,
    ) -> Result<thinning::Plan, StoreError> {
        thinning::plan(data_dir, now_ms)
    }

    /// Carries out one part of what [`Self::plan_thinning`] planned, unless something was changed
    /// since.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub(super) fn thin(&mut self, rewrite: &thinning::Rewrite) -> Result<(), StoreError> {
        let transaction = begin(&mut self.connection)?;
        thinning::carry_out(&transaction, rewrite)?;
        transaction.commit()?;
        Ok(())
    }

    /// Counts the changes of snapshots that are to be counted, of one chain. Returns how many
    /// snapshots it looked at; 0 if none is to be counted.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read or written.
    pub(super) fn recount(&mut self) -> Result<usize, StoreError> {
        if !snapshots::are_uncounted(&self.connection)? {
            return Ok(0);
        }
        let transaction = begin(&mut self.connection)?;
        let counted = snapshots::recount(&transaction)?;
        transaction.commit()?;
        Ok(counted)
    }

    /// Lists the sources that have a state which no snapshot is of.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read.
    pub(super) fn news(&self) -> Result<Vec<(SourceName, Option<i64>)>, StoreError> {
        snapshots::news(&self.connection)
    }

    /// Returns a number that differs from an earlier one where another program wrote since.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub(super) fn version(&self) -> Result<u64, StoreError> {
        self.connection.place().version(&self.connection)
    }

    /// Lets go of trees that nobody changes.
    pub(super) fn forget_idle(&mut self) {
        self.trees
            .0
            .retain(|held| held.used.elapsed() < TREE_HELD_FOR);
    }
}

/// Loads the state of a source, as it is on disk; to be called within a transaction.
///
/// # Errors
/// [`StateError`] where there is none, or it cannot be read.
pub(super) fn current(
    moment: &Transaction<'_>,
    name: &SourceName,
) -> Result<(Source, Tree), StateError> {
    let source = sources::get_with_state(moment, name)?;
    let tree = sources::load_tree(moment, &source)?;
    Ok((source, tree))
}

pub(super) use self::restores::{
    all_open as open_restores, last_id as last_restore, latest as latest_restore,
    list as list_restores, load as load_restore, open as open_restore,
};
pub(super) use self::ring::{
    Report, Reported, of as ring_of, recorded, reports, since as recorded_since,
};
pub(super) use self::sources::{all as all_sources, get as get_source};

/// Returns the revision that was in force when the latest snapshot was taken, leaving out those
/// that came from files, perhaps of another machine.
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

/// Reads everything, and lists what is wrong, a sentence each.
///
/// # Errors
/// [`StoreError`] where reading stopped before the end.
pub(super) fn check(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        problems.push(format!("state.db is damaged: {verdict}"));
    }
    for source in sources::all(connection)? {
        if let Err(error) = sources::load_tree(connection, &source) {
            problems.push(format!("the state of {} is damaged: {error}", source.name));
        }
        problems.extend(snapshots::check(connection, source.id)?);
    }
    problems.extend(restores::check(connection)?);
    Ok(problems)
}

/// Makes format 2 of format 1, in which a restore was written over the state, and the ring of
/// changes was a part of it.
fn upgrade_to_2(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    restores::migrate_restores(transaction)?;
    ring::migrate_ring(transaction)
}

/// Makes format 3 of format 2, whose snapshots have hashes over the spelling of numbers: these are
/// still known, and stay.
fn upgrade_to_3(_: &Transaction<'_>) -> Result<(), StoreError> {
    Ok(())
}

fn open_sound(data_dir: &Path) -> Result<Placed, StoreError> {
    let connection = STATES.connect(data_dir)?;
    connection.pragma_update(None, "cache_size", -PAGES_KIB)?;
    // Reads the pages that everything else is found by.
    sources::all(&connection)?;
    snapshots::count(&connection)?;
    Ok(connection)
}

fn begin(connection: &mut Placed) -> Result<PlacedTransaction<'_>, StoreError> {
    connection.begin()
}

/// The trees of sources that change often.
#[derive(Debug, Default)]
struct Trees(Vec<Held>);

#[derive(Debug)]
struct Held {
    source: i64,
    seq: i64,
    /// Bytes of its text.
    bytes: u64,
    tree: Tree,
    used: Instant,
}

impl Trees {
    /// Returns the tree of a source as of its last change, held or read. It is not held from
    /// then on: whoever changes it gives it back once the change is durable.
    fn take(&mut self, connection: &Connection, source: &Source) -> Result<Tree, StoreError> {
        let held = self.0.iter().position(|held| held.source == source.id);
        let held = held.map(|place| self.0.swap_remove(place));
        match held.filter(|held| held.seq == source.seq) {
            Some(held) => Ok(held.tree),
            None => sources::load_tree(connection, source),
        }
    }

    fn hold(&mut self, source: &Source, tree: Tree) {
        self.0.push(Held {
            source: source.id,
            seq: source.seq,
            bytes: source.bytes,
            tree,
            used: Instant::now(),
        });
        while self.bytes() > TREES_HELD_BYTES_MAX {
            let oldest = self.0.iter().enumerate().min_by_key(|(_, held)| held.used);
            match oldest.map(|(place, _)| place) {
                Some(place) => drop(self.0.swap_remove(place)),
                None => break,
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.0.iter().map(|held| held.bytes).sum()
    }
}

fn seal(parts: &[&[u8]]) -> [u8; SEAL_BYTES] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut sealed = [0; SEAL_BYTES];
    hasher.finalize_xof().fill(&mut sealed);
    sealed
}

/// Names whose a row is in a message of damage.
fn mismatch(what: &str) -> StoreError {
    StoreError::damaged(format!("{what} does not match its hash"))
}

/// A name that is known to be good, because it is stored.
fn stored_name(text: &str) -> SourceName {
    SourceName(Arc::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_stays_within_its_bytes_and_the_latest_stays() {
        let mut trees = Trees::default();
        let mut source = Source {
            id: 0,
            name: stored_name("web"),
            seq: 1,
            at_ms: 0,
            files: 0,
            bytes: TREES_HELD_BYTES_MAX / 3,
            records: 0,
        };
        for id in 1..=5 {
            source.id = id;
            trees.hold(&source, Tree::Null);
        }
        let held: Vec<i64> = trees.0.iter().map(|held| held.source).collect();
        assert_eq!(held.len(), 3);
        assert!(held.contains(&5) && !held.contains(&1), "{held:?}");
        source.bytes = TREES_HELD_BYTES_MAX;
        source.id = 6;
        trees.hold(&source, Tree::Null);
        assert_eq!((trees.0.len(), trees.0[0].source), (1, 6));
    }
}
