//! Taking back what is sound in a store that was set aside.
//!
//! A revision is sound if its row and its document match their hashes. It can be taken back if it
//! follows the latest revision of the store in use, hash for hash: then it is appended as it was.
//! Nothing that was saved since is ever replaced.

use flagdeck_core::tree::{self, Tree};
use flagdeck_core::{FlagDocument, Trace, changes};
use rusqlite::{Connection, TransactionBehavior};

use super::chain::Tail;
use super::quarantine::{Remains, read_if_sound};
use super::revision::{self, Hash, NO_HASH};
use crate::store::{
    FoundRevisions, Revision, RevisionNumber, RevisionSpan, RevisionSummary, StoreError,
};

/// Revisions that are looked for if the highest number cannot be read.
const NUMBERS_TRIED: u64 = 100_000;

/// Revisions that are looked for at most: the highest number may be damaged, too.
const NUMBERS_MAX: u64 = 10_000_000;

/// Finds the sound revisions of a store that was set aside, and compares them with those of `own`.
pub(super) fn examine(remains: &Remains, own: &Connection) -> Result<FoundRevisions, StoreError> {
    let connection = remains.connection();
    let moment = own.unchecked_transaction()?;
    let mut found = FoundRevisions::default();
    found.follow(connection, revision::latest_link(&moment)?)?;
    let mut missed = 0;
    let mut tail = None;
    for number in numbers(connection)? {
        match read_if_sound(revision::load_after(connection, number, &mut tail))? {
            Some(Some(revision)) => {
                found.damaged += std::mem::take(&mut missed);
                found.add(revision.summary());
                let is_other = !is_in(&moment, connection, number)?;
                found.compare(
                    number,
                    is_other,
                    revision::hash_of(&moment, number)?.is_some(),
                );
            }
            // A number without a revision counts if another revision comes after it.
            Some(None) => missed += 1,
            None => found.damaged += 1 + std::mem::take(&mut missed),
        }
    }
    Ok(found)
}

impl FoundRevisions {
    /// Finds those that follow a revision, hash for hash.
    fn follow(
        &mut self,
        connection: &Connection,
        (latest, hash): (RevisionNumber, Hash),
    ) -> Result<(), StoreError> {
        let mut walk = Walk::after(connection, latest, hash);
        while let Some(revision) = walk.next()? {
            self.last_continuing = Some(revision);
        }
        self.continuing = span(latest, self.last_continuing.as_ref().map(|it| it.number));
        Ok(())
    }

    fn add(&mut self, summary: RevisionSummary) {
        self.sound += 1;
        self.first.get_or_insert_with(|| summary.clone());
        self.last = Some(summary);
    }

    /// Notes a sound revision that the store in use has not; `is_taken` says whether it has another
    /// one of that number.
    fn compare(&mut self, number: RevisionNumber, is_other: bool, is_taken: bool) {
        let continues = self.continuing.is_some_and(|span| span.has(number));
        if is_other && !continues {
            self.others += 1;
            self.is_forked |= is_taken;
        }
    }
}

fn is_in(
    own: &Connection,
    connection: &Connection,
    number: RevisionNumber,
) -> Result<bool, StoreError> {
    Ok(revision::hash_of(own, number)? == revision::hash_of(connection, number)?)
}

/// Names the numbers to look for.
fn numbers(connection: &Connection) -> Result<impl Iterator<Item = RevisionNumber>, StoreError> {
    let has_table = read_if_sound(revision::has_table(connection))?;
    if has_table.is_none() {
        return Err(StoreError::damaged("its revisions cannot be read"));
    }
    let latest = read_if_sound(revision::latest(connection))?;
    let latest = latest.map_or(NUMBERS_TRIED, |latest| latest.0.min(NUMBERS_MAX));
    Ok((1..=latest).map(RevisionNumber))
}

/// Loads the latest sound revision.
pub(super) fn latest_sound(remains: &Remains) -> Result<Option<Revision>, StoreError> {
    let connection = remains.connection();
    let mut numbers: Vec<RevisionNumber> = numbers(connection)?.collect();
    while let Some(number) = numbers.pop() {
        if let Some(Some(revision)) = read_if_sound(revision::load(connection, number))? {
            return Ok(Some(revision));
        }
    }
    Ok(None)
}

/// Appends the revisions that follow the latest one, as they were: number, hash, author and time.
/// All of them, or none. Returns which; `None` if none does.
pub(super) fn append(
    own: &mut Connection,
    remains: &Remains,
) -> Result<Option<RevisionSpan>, StoreError> {
    let transaction = own.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (latest, hash) = revision::latest_link(&transaction)?;
    let mut before = document_at(&transaction, latest)?;
    let mut walk = Walk::after(remains.connection(), latest, hash);
    let (mut last, mut tail) = (None, None);
    while let Some(Revision { number, draft }) = walk.next()? {
        let mut trace = Trace::default();
        if let Ok(after) = tree::read(&draft.document) {
            trace = Trace::of(&changes(&before, &after));
            before = after;
        }
        let after = (number, walk.previous_hash);
        let hash = revision::insert_next(&transaction, after, &draft, &trace, &mut tail)?;
        if hash != walk.hash {
            return Err(revision::mismatch(number));
        }
        last = Some(number);
    }
    transaction.commit()?;
    Ok(span(latest, last))
}

/// Returns the revisions after `latest` up to `last`.
fn span(latest: RevisionNumber, last: Option<RevisionNumber>) -> Option<RevisionSpan> {
    last.map(|last| RevisionSpan {
        first: latest.next(),
        last,
    })
}

/// Reads the document of a revision as a tree; what is in force while nothing is saved for none.
fn document_at(connection: &Connection, number: RevisionNumber) -> Result<Tree, StoreError> {
    let found = revision::load(connection, number)?;
    let tree = found.and_then(|revision| tree::read(&revision.draft.document).ok());
    Ok(tree.unwrap_or_else(|| FlagDocument::default().to_tree()))
}

/// Sound revisions, each of which follows the one before, hash for hash.
struct Walk<'a> {
    connection: &'a Connection,
    number: RevisionNumber,
    /// Hash of the revision before the last one returned.
    previous_hash: Hash,
    /// Hash of the last one returned.
    hash: Hash,
    tail: Option<Tail>,
}

impl<'a> Walk<'a> {
    fn after(connection: &'a Connection, number: RevisionNumber, hash: Hash) -> Self {
        Self {
            connection,
            number,
            previous_hash: NO_HASH,
            hash,
            tail: None,
        }
    }

    fn next(&mut self) -> Result<Option<Revision>, StoreError> {
        let number = self.number.next();
        let loaded = revision::load_after(self.connection, number, &mut self.tail);
        let Some(Some(revision)) = read_if_sound(loaded)? else {
            return Ok(None);
        };
        let link = revision::previous_hash_of(self.connection, number)?;
        let hash = revision::hash_of(self.connection, number)?;
        let Some(hash) = hash.filter(|_| link == self.hash) else {
            return Ok(None);
        };
        self.number = number;
        self.previous_hash = std::mem::replace(&mut self.hash, hash);
        Ok(Some(revision))
    }
}
