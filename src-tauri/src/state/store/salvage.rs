//! Snapshots of a database that was set aside: the sound ones are read one by one, and stored as
//! they were, each once.
//!
//! A snapshot is sound if its row and its state match their hashes. Each row is found by its number,
//! so that what is damaged affects no other; a chain ends where a step of it cannot be read.
//!
//! The name of a source is in the row of the source. If that is damaged, the name may be wrong, and
//! its snapshots would be mixed with those of another source: they get a name of their own.

use std::collections::BTreeMap;

use flagdeck_core::chain::Chain;
use flagdeck_core::state::Change;
use flagdeck_core::tree::{self, Tree};
use rusqlite::{Connection, OptionalExtension};

use super::finding;
use super::snapshots::{self, NewSnapshot};
use super::sources::Source;
use super::{StateStore, ring};
use crate::state::shapes::{Snapshot, SnapshotLabel};
use crate::state::{SourceName, StateError};
use crate::store::StoreError;
use crate::store::sqlite::quarantine::{Remains, read_if_sound};

/// Snapshots that are looked for if the last number cannot be read.
const NUMBERS_TRIED: i64 = 100_000;

/// Snapshots that are looked for at most: the last number may be damaged, too.
const NUMBERS_MAX: i64 = 1_000_000;

/// A sound snapshot of a damaged database.
#[derive(Debug)]
pub(in crate::state) struct Sound {
    pub(in crate::state) snapshot: Snapshot,
    pub(in crate::state) tree: Tree,
    /// What its source recorded since the one before, latest first.
    pub(in crate::state) recorded: Vec<Change>,
}

/// What else was found besides sound snapshots.
#[derive(Debug, Default)]
pub(in crate::state) struct Others {
    /// Snapshots that are not sound.
    pub(in crate::state) damaged: u64,
    /// Sources whose record is damaged, by the name that their snapshots get: the name that is
    /// stored, if it is one.
    pub(in crate::state) renamed: BTreeMap<String, Option<String>>,
}

/// Visits the sound snapshots of a damaged database in the order they were taken, chain by chain,
/// and returns what else there is. `entry` is the name of the database in quarantine.
///
/// # Errors
/// [`StoreError::Unreadable`] if no snapshot can be looked for, those of `visit`, and those that say
/// nothing of the file.
pub(in crate::state) fn each_sound(
    remains: &Remains,
    entry: &str,
    visit: &mut dyn FnMut(Sound) -> Result<(), StateError>,
) -> Result<Others, StateError> {
    let mut found = Found {
        entry,
        others: Others::default(),
        sources: BTreeMap::new(),
    };
    let chains = found.chains(remains)?;
    for ids in chains.values() {
        found.visit_chain(remains.connection(), ids, visit)?;
    }
    Ok(found.others)
}

/// What the snapshots of a source are taken back as.
#[derive(Debug, Clone)]
struct Called {
    name: SourceName,
    /// If the record of the source is damaged: the name that is stored, if it is one.
    instead_of: Option<Option<String>>,
}

struct Found<'a> {
    entry: &'a str,
    others: Others,
    /// The sources by their numbers; `None` for one that cannot be called anything.
    sources: BTreeMap<i64, Option<Called>>,
}

impl Found<'_> {
    /// Lists the numbers of the snapshots there are, by their chains.
    fn chains(&mut self, remains: &Remains) -> Result<BTreeMap<i64, Vec<i64>>, StoreError> {
        let mut chains: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        let sql = "SELECT chain FROM snapshot WHERE id = ?1";
        remains.check(sql, "snapshots")?;
        let connection = remains.connection();
        let mut statement = connection.prepare(sql)?;
        let last = last_number(connection)?;
        let mut failed = 0;
        for id in 1..=last.unwrap_or(NUMBERS_TRIED).min(NUMBERS_MAX) {
            let chain = statement.query_row([id], |row| row.get(0)).optional();
            match read_if_sound(chain.map_err(Into::into))? {
                Some(Some(chain)) => {
                    chains.entry(chain).or_default().push(id);
                    self.others.damaged += std::mem::take(&mut failed);
                }
                // It was thinned.
                Some(None) => {}
                None => failed += 1,
            }
        }
        // Without a last number, it is not known whether there were any after the last one found.
        match (last, chains.is_empty()) {
            (Some(_), _) => self.others.damaged += failed,
            (None, true) if failed > 0 => return Err(Remains::unreadable("snapshots")),
            (None, _) => {}
        }
        Ok(chains)
    }

    fn visit_chain(
        &mut self,
        connection: &Connection,
        ids: &[i64],
        visit: &mut dyn FnMut(Sound) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        let mut open: Option<Chain> = None;
        for (place, id) in ids.iter().enumerate() {
            if !advance(connection, *id, &mut open)? {
                self.others.damaged += (ids.len() - place) as u64;
                break;
            }
            let Some(sound) = self.sound(connection, *id, open.as_ref())? else {
                self.others.damaged += 1;
                continue;
            };
            visit(sound)?;
        }
        Ok(())
    }

    /// Reads a snapshot whose chain is open at it; `None` if it is not sound.
    fn sound(
        &mut self,
        connection: &Connection,
        id: i64,
        open: Option<&Chain>,
    ) -> Result<Option<Sound>, StoreError> {
        let Some((source, tree)) = self.source_of(connection, id)?.zip(open.map(Chain::tree))
        else {
            return Ok(None);
        };
        let name = source.name.as_str();
        let row = snapshots::load_alone(connection, id, name);
        let row = read_if_sound(row)?.flatten();
        let is_sound =
            |row: &snapshots::Row| !row.snapshot.is_damaged && tree::is_hash_of(&row.hash, tree);
        let Some(row) = row.filter(is_sound) else {
            return Ok(None);
        };
        if let Some(stored) = source.instead_of {
            self.others.renamed.insert(name.to_owned(), stored);
        }
        Ok(Some(Sound {
            snapshot: row.snapshot,
            tree: tree.clone(),
            recorded: read_if_sound(ring::recorded(connection, id))?.unwrap_or_default(),
        }))
    }

    /// Returns what the source of a snapshot is called; `None` if that cannot be found out.
    fn source_of(
        &mut self,
        connection: &Connection,
        id: i64,
    ) -> Result<Option<Called>, StoreError> {
        let sql = "SELECT source FROM snapshot WHERE id = ?1";
        let source = connection.query_row(sql, [id], |row| row.get(0));
        let Some(source): Option<i64> = read_if_sound(source.map_err(Into::into))? else {
            return Ok(None);
        };
        if let Some(known) = self.sources.get(&source) {
            return Ok(known.clone());
        }
        let found = read_if_sound(finding::of_id(connection, source))?.flatten();
        let called = self.called(source, found);
        self.sources.insert(source, called.clone());
        Ok(called)
    }

    fn called(&self, id: i64, found: Option<finding::Found>) -> Option<Called> {
        // A name is checked again: it comes from a file that is not to be trusted.
        let checked = |name: &SourceName| name.as_str().parse::<SourceName>().ok();
        let stored = match found {
            Some(Ok(source)) => {
                return Some(Called {
                    name: checked(&source.name)?,
                    instead_of: None,
                });
            }
            Some(Err(damaged)) => checked(&damaged.name).map(|name| name.to_string()),
            None => None,
        };
        Some(Called {
            name: format!("recovered-{}-{id}", self.entry).parse().ok()?,
            instead_of: Some(stored),
        })
    }
}

/// Opens a chain at the next of its snapshots; `false` if that cannot be read.
fn advance(connection: &Connection, id: i64, open: &mut Option<Chain>) -> Result<bool, StoreError> {
    let sql = "SELECT coding FROM snapshot WHERE id = ?1";
    let coding = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row([id], |row| row.get::<_, Vec<u8>>(0)));
    let Some(coding) = read_if_sound(coding.map_err(Into::into))? else {
        return Ok(false);
    };
    let Some(chain) = open else {
        *open = Chain::open(&coding).ok();
        return Ok(open.is_some());
    };
    Ok(chain.advance(&coding).is_ok())
}

/// Returns the number of the last snapshot that was ever taken; `None` if it cannot be read.
fn last_number(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let mut last: Option<i64> = None;
    for sql in [
        "SELECT seq FROM sqlite_sequence WHERE name = 'snapshot'",
        "SELECT max(id) FROM snapshot",
    ] {
        let found = connection.query_row(sql, [], |row| row.get(0)).optional();
        let found: Option<Option<i64>> = read_if_sound(found.map_err(Into::into))?;
        last = last.max(found.flatten());
    }
    Ok(last)
}

/// Returns whether a snapshot of the same source, time and state is there.
pub(in crate::state) fn is_there(
    connection: &Connection,
    sound: &Sound,
) -> Result<bool, StateError> {
    let name: SourceName = sound.snapshot.source.parse()?;
    let Some(source) = finding::id_of(connection, &name)? else {
        return Ok(false);
    };
    let at_ms = sound.snapshot.at_ms;
    Ok(snapshots::has(connection, source, at_ms, &sound.tree)?)
}

impl StateStore {
    /// Stores snapshots of a database that was set aside, with their times, labels and causes, if
    /// they are not there yet; durably and together. Returns how many it stored.
    ///
    /// # Errors
    /// [`StateError`] if they cannot be stored; then none was.
    pub(in crate::state) fn take_back(
        &mut self,
        sounds: &[Sound],
        is_packed: bool,
    ) -> Result<u64, StateError> {
        self.surely(|states| {
            let transaction = states.connection.begin()?;
            let mut taken = 0;
            for sound in sounds {
                if !is_there(&transaction, sound)? {
                    store(&transaction, sound, is_packed)?;
                    taken += 1;
                }
            }
            transaction.commit()?;
            Ok(taken)
        })
    }
}

fn store(connection: &Connection, sound: &Sound, is_packed: bool) -> Result<(), StateError> {
    let Sound {
        snapshot,
        tree,
        recorded,
    } = sound;
    let source = finding::find_or_make(connection, &snapshot.source.parse()?)?;
    // It is of no change that this database knows: the present state may still have to be taken,
    // and what was recorded since the snapshot before belongs to the next one.
    let seq = snapshots::latest_seq(connection, source.id)?;
    let source = Source {
        seq: seq.unwrap_or_default(),
        ..source
    };
    let new_snapshot = NewSnapshot {
        at_ms: snapshot.at_ms,
        cause: snapshot.cause,
        label: &SnapshotLabel {
            name: snapshot.name.clone(),
            note: snapshot.note.clone(),
            is_pinned: Some(snapshot.is_pinned),
        },
        revision: snapshot.revision,
        is_packed,
        only_new: false,
        files: Some(snapshot.files),
    };
    let id = snapshots::take(connection, &source, tree, &new_snapshot)?;
    Ok(ring::write_recorded(connection, id as i64, recorded)?)
}
