//! The whole log: read out, and put into a store that has none.

use flagdeck_core::tree;
use flagdeck_core::{FlagDocument, Trace, changes};
use rusqlite::{Connection, TransactionBehavior};

use super::commits::{self, Commit};
use super::revision::{self, Hash, NO_HASH};
use crate::store::{Revision, RevisionNumber, Revisions, StoreError};

/// Calls `each` with every revision, from the first on, and the hash of its row, as of one moment.
/// Each row is checked, and that it follows the one before.
pub(super) fn each(
    connection: &Connection,
    each: &mut dyn FnMut(Revision, Hash) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let moment = connection.unchecked_transaction()?;
    let (mut previous, mut tail) = (NO_HASH, None);
    for number in (1..=revision::latest(&moment)?.0).map(RevisionNumber) {
        let missing = || StoreError::damaged(format!("revision {number} is missing"));
        let loaded = revision::load_after(&moment, number, &mut tail)?.ok_or_else(missing)?;
        let hash = revision::hash_of(&moment, number)?.ok_or_else(missing)?;
        if revision::previous_hash_of(&moment, number)? != previous {
            return Err(revision::mismatch(number));
        }
        previous = hash;
        each(loaded, hash)?;
    }
    Ok(())
}

/// Saves revisions as they were: number, hash, author and time. All of them, or none. Returns the
/// last; `None` if there is a revision already, or there are none to save.
pub(super) fn begin(
    connection: &mut Connection,
    revisions: Revisions,
) -> Result<Option<(RevisionNumber, Commit)>, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if revision::latest(&transaction)? != RevisionNumber::NONE {
        return Ok(None);
    }
    let mut before = FlagDocument::default().to_tree();
    let (mut last, mut previous, mut tail) = (RevisionNumber::NONE, NO_HASH, None);
    for kept in revisions {
        let (draft, hash) = kept?;
        let number = last.next();
        let mut trace = Trace::default();
        if let Ok(after) = tree::read(&draft.document) {
            trace = Trace::of(&changes(&before, &after));
            before = after;
        }
        let after = (number, previous);
        previous = revision::insert_next(&transaction, after, &draft, &trace, &mut tail)?;
        if previous != hash {
            return Err(revision::mismatch(number));
        }
        last = number;
    }
    if last == RevisionNumber::NONE {
        return Ok(None);
    }
    let commit = commits::count(&transaction)?;
    transaction.commit()?;
    Ok(Some((last, commit)))
}
