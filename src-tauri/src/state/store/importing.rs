//! Snapshots from a file, stored one at a time in one transaction: all of them, or none.

use flagdeck_core::state::Change;
use flagdeck_core::tree::Tree;
use rusqlite::Transaction;

use super::snapshots::{self, NewSnapshot};
use super::sources::Source;
use super::{StateStore, finding, ring};
use crate::state::shapes::{SnapshotCause, SnapshotLabel};
use crate::state::{SourceName, StateError};

/// A snapshot from a file.
#[derive(Debug)]
pub(in crate::state) struct Imported {
    pub(in crate::state) tree: Tree,
    pub(in crate::state) at_ms: i64,
    pub(in crate::state) label: SnapshotLabel,
    pub(in crate::state) revision: u64,
    pub(in crate::state) files: u64,
    pub(in crate::state) is_packed: bool,
    /// What its source recorded since the one before, latest first.
    pub(in crate::state) recorded: Vec<Change>,
}

/// An import under way.
#[derive(Debug)]
pub(in crate::state) struct Import<'a> {
    transaction: &'a Transaction<'a>,
    source: Source,
    ids: Vec<u64>,
}

impl StateStore {
    /// Stores the snapshots that `fill` adds, and returns their numbers with what it returns;
    /// none if it returns `None`.
    ///
    /// # Errors
    /// Those of `fill`, and [`StateError`] if they cannot be stored; then none was.
    pub(in crate::state) fn import<T>(
        &mut self,
        name: &SourceName,
        fill: impl FnOnce(&mut Import<'_>) -> Result<Option<T>, StateError>,
    ) -> Result<Option<(Vec<u64>, T)>, StateError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            let mut import = Import {
                source: finding::find_or_make(&transaction, name)?,
                transaction: &transaction,
                ids: Vec::new(),
            };
            // Otherwise the transaction is rolled back.
            let Some(filled) = fill(&mut import)? else {
                return Ok(None);
            };
            let ids = import.ids;
            transaction.commit()?;
            Ok(Some((ids, filled)))
        })
    }
}

impl Import<'_> {
    /// Adds a snapshot.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be stored.
    pub(in crate::state) fn add(&mut self, imported: &Imported) -> Result<(), StateError> {
        self.source.files = imported.files;
        let new_snapshot = NewSnapshot {
            at_ms: imported.at_ms,
            cause: SnapshotCause::Import,
            label: &imported.label,
            revision: imported.revision,
            is_packed: imported.is_packed,
            only_new: false,
            files: Some(imported.files),
        };
        let tree = &imported.tree;
        let id = snapshots::take(self.transaction, &self.source, tree, &new_snapshot)?;
        ring::write_recorded(self.transaction, id as i64, &imported.recorded)?;
        self.ids.push(id);
        Ok(())
    }
}
