//! What becomes of a damaged state: a snapshot takes its place because a person asks for that, or
//! the next whole report of its source does.

use flagdeck_core::restore::Status;
use flagdeck_core::state::{self, Change};
use flagdeck_core::tree::{self, Object, Tree};
use rusqlite::{Connection, Transaction, params};

use super::snapshots::{self, Row};
use super::sources::{self, Source};
use super::{StateStore, finding, restores};
use crate::state::shapes::StateRestore;
use crate::state::{SourceName, StateError};
use crate::store::sqlite::write_via;
use crate::store::{Actor, StoreError};

/// A recovery to be made.
#[derive(Debug)]
pub(crate) struct NewRecovery<'a> {
    /// The snapshot; `None` for the latest that can be read.
    pub(crate) snapshot: Option<u64>,
    /// When, in milliseconds since 1970.
    pub(crate) at_ms: i64,
    pub(crate) actor: &'a Actor,
    /// Changes that the ring holds.
    pub(crate) history_max: usize,
}

impl StateStore {
    /// Makes a snapshot the state of its source in place of a damaged one, durably. Journal and
    /// restores have it as a change.
    ///
    /// # Errors
    /// [`StateError::Sound`] if the state can be read, [`StateError::NotFound`] if there is no such
    /// snapshot of the source, and [`StateError`] if it cannot be read or stored; then nothing was.
    pub(in crate::state) fn recover(
        &mut self,
        name: &SourceName,
        new_recovery: &NewRecovery<'_>,
    ) -> Result<StateRestore, StateError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            let (source, tree, restore) = recover(&transaction, name, new_recovery)?;
            transaction.commit()?;
            store.trees.replace(&source, tree);
            Ok(restore)
        })
    }
}

fn recover(
    transaction: &Transaction<'_>,
    name: &SourceName,
    new_recovery: &NewRecovery<'_>,
) -> Result<(Source, Tree, StateRestore), StateError> {
    let found = finding::get_with_state(transaction, name);
    let (what, latest) = match found.and_then(|it| sources::load_tree(transaction, &it)) {
        Ok(_) => return Err(StateError::Sound { name: name.clone() }),
        Err(StateError::Damaged { what, snapshot, .. }) => (what, snapshot),
        Err(error) => return Err(error),
    };
    let mut source = finding::get_any(transaction, name)?;
    let row = chosen(transaction, &source, new_recovery.snapshot.or(latest))?;
    let tree = snapshots::tree_of(transaction, &row)?;
    source.seq += 1;
    source.at_ms = new_recovery.at_ms;
    source.files = row.snapshot.files;
    let change = change_of(&row, &tree, &what, new_recovery);
    sources::remove_unreadable(transaction, &source)?;
    sources::add_to_ring(transaction, &mut source, &change, new_recovery.history_max)?;
    sources::write_whole(transaction, &mut source, &tree)?;
    sources::write(transaction, &source)?;
    let NewRecovery { actor, at_ms, .. } = new_recovery;
    let id = note_recovery(transaction, &source, row.snapshot.id, actor, *at_ms)?;
    let restore = restores::load(transaction, id)?;
    Ok((source, tree, restore))
}

/// Loads the snapshot that is to take the place of the state.
fn chosen(
    connection: &Connection,
    source: &Source,
    snapshot: Option<u64>,
) -> Result<Row, StateError> {
    let name = &source.name;
    let missing = |message: String| StateError::NotFound { message };
    let id = snapshot.ok_or_else(|| {
        missing(format!(
            "no snapshot of {name} can be read; its next whole report replaces the damaged state"
        ))
    })?;
    let row = snapshots::load(connection, id)?;
    match row.source == source.id {
        true => Ok(row),
        false => Err(missing(format!(
            "snapshot {id} is of {}, not of {name}",
            row.snapshot.source
        ))),
    }
}

/// Makes the change that the journal has of a recovery: the whole tree was set.
fn change_of(row: &Row, tree: &Tree, what: &str, new_recovery: &NewRecovery<'_>) -> Change {
    Change {
        key: tree::path::ROOT.to_owned(),
        old: None,
        new: Some(state::bounded(tree.clone())),
        at_ms: new_recovery.at_ms,
        origin: format!(
            "Flagdeck, by {}: recovered from snapshot {}, as the state was damaged: {what}",
            new_recovery.actor.name, row.snapshot.id
        ),
        hint: None,
    }
}

/// Notes that a snapshot took the place of a damaged state. A restore that is open stays open.
fn note_recovery(
    connection: &Connection,
    source: &Source,
    snapshot: u64,
    actor: &Actor,
    at_ms: i64,
) -> Result<u64, StoreError> {
    connection.execute(
        "INSERT INTO restore (source, snapshot, safety, at_ms, via, actor, status, ended_ms) \
         VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?3)",
        params![
            source.id,
            snapshot as i64,
            at_ms,
            write_via(actor.via),
            actor.name,
            restores::status_text(Status::Recovered),
        ],
    )?;
    let id = connection.last_insert_rowid();
    restores::seal_row(connection, id)?;
    Ok(id.unsigned_abs())
}

/// Makes the error for a state that cannot be read: what is damaged, and how to go on.
pub(super) fn damaged(
    connection: &Connection,
    source: i64,
    name: &SourceName,
    what: String,
) -> StateError {
    let readable = snapshots::latest_readable(connection, source);
    StateError::Damaged {
        name: name.clone(),
        what,
        snapshot: readable.ok().flatten().map(i64::unsigned_abs),
    }
}

/// Loads the state that a whole report is compared with: an empty one in place of a damaged one,
/// which is removed. The ring and the snapshots stay.
pub(super) fn load_for_report(
    connection: &Connection,
    source: &mut Source,
) -> Result<Tree, StateError> {
    match sources::load_tree(connection, source) {
        Err(StateError::Damaged { what, .. }) => {
            tracing::error!(source = %source.name, what, "a whole report replaces a damaged state");
            let empty = Tree::from(Object::default());
            let seq = source.seq;
            sources::remove_unreadable(connection, source)?;
            sources::write_as_of(connection, source, &empty, seq)?;
            Ok(empty)
        }
        loaded => loaded,
    }
}
