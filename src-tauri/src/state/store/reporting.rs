//! Whole reports: a state that takes the place of the one before, with what that changed.

use flagdeck_core::state;
use flagdeck_core::tree::{self, Object, Tree};
use rusqlite::Transaction;

use super::sources::{self, Source};
use super::{StateStore, finding, restores, ring};
use crate::state::{Confirmation, SourceName, StateError};

/// A state that its source reports whole.
#[derive(Debug)]
pub(in crate::state) struct Whole {
    pub(in crate::state) tree: Tree,
    pub(in crate::state) files: Option<u64>,
}

/// The outcome of a reported state.
#[derive(Debug)]
pub(in crate::state) struct Put {
    pub(in crate::state) bytes: u64,
    /// Values that differ from before; 0 if it is the same.
    pub(in crate::state) changes: u32,
    pub(in crate::state) confirmation: Option<Confirmation>,
}

impl StateStore {
    /// Replaces the state of a source, durably, also a damaged one. `confirms` is the restore that
    /// the source says it applied.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be stored; then nothing was.
    pub(in crate::state) fn put(
        &mut self,
        name: &SourceName,
        whole: Whole,
        confirms: Option<u64>,
        now_ms: i64,
    ) -> Result<Put, StateError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            let mut source = finding::find_or_make_for_report(&transaction, name)?;
            let mut tree = store.trees.take_for_report(&transaction, &mut source)?;
            let put = report(
                &transaction,
                &mut source,
                &mut tree,
                (whole, confirms),
                now_ms,
            )?;
            transaction.commit()?;
            // Only a tree that is on disk, as in `within`.
            store.trees.hold(&source, tree);
            Ok(put)
        })
    }
}

/// Stores a whole report, and what it confirms.
fn report(
    transaction: &Transaction<'_>,
    source: &mut Source,
    tree: &mut Tree,
    (whole, confirms): (Whole, Option<u64>),
    now_ms: i64,
) -> Result<Put, StateError> {
    let mut reported = whole.tree;
    state::without_known(&mut reported, tree, &ring::of(transaction, source)?.found);
    let confirmation = confirms
        .map(|id| restores::confirm(transaction, source, id, &reported, now_ms))
        .transpose()?;
    let heard_ms = std::mem::replace(&mut source.at_ms, now_ms);
    source.files = whole.files.unwrap_or(source.files);
    let changes = replace(transaction, source, tree, reported, heard_ms)?;
    sources::write(transaction, source)?;
    Ok(Put {
        bytes: source.bytes,
        changes,
        confirmation,
    })
}

/// Stores what a source reports in place of its state, if they differ. Returns how many values
/// differ.
fn replace(
    transaction: &Transaction<'_>,
    source: &mut Source,
    tree: &mut Tree,
    reported: Tree,
    heard_ms: i64,
) -> Result<u32, StateError> {
    let is_first = source.seq == 0;
    if !is_first && tree::same(tree, &reported) {
        return Ok(0);
    }
    source.seq += 1;
    // The first report is recorded as a change of everything in it.
    let nothing = Tree::from(Object::default());
    let before = if is_first { &nothing } else { &*tree };
    ring::report(transaction, source, heard_ms, (before, &reported))?;
    let changes = merge(tree, reported, is_first);
    sources::write_whole(transaction, source, tree)?;
    Ok(u32::try_from(changes).unwrap_or(u32::MAX))
}

/// Turns a tree into the reported one. Returns how many values differ.
///
/// Has memory of its own for the comparison, and returns it before the tree is written.
fn merge(tree: &mut Tree, reported: Tree, is_first: bool) -> usize {
    let patch = flagdeck_core::compare(tree, &reported);
    let changes = patch.changes();
    if is_first {
        *tree = reported;
    } else {
        // What is equal in both keeps its spelling.
        patch
            .apply(tree)
            .expect("the patch was made against this tree");
    }
    changes
}
