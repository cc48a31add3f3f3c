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
const NUMBERS_MAX: u64 = 1_000_000;

/// Finds the sound revisions of a store that was set aside, and compares them with those of `own`.
pub(super) fn examine(remains: &Remains, own: &Connection) -> Result<FoundRevisions, StoreError> {
    let last = last_number(remains)?;
    let moment = own.unchecked_transaction()?;
    let mut examination = Examination {
        connection: remains.connection(),
        own: &moment,
        tail: None,
        gap: 0,
        failed: 0,
        found: FoundRevisions::default(),
    };
    examination.follow(revision::latest_link(&moment)?)?;
    for number in 1..=last.unwrap_or(NUMBERS_TRIED) {
        examination.look(RevisionNumber(number))?;
    }
    let Examination {
        mut found,
        gap,
        failed,
        ..
    } = examination;
    // Without a last number, it is not known whether there were any after the last one found.
    match last {
        Some(_) => found.damaged += gap + failed,
        None if found.sound == 0 => return Err(Remains::unreadable("revisions")),
        None => {}
    }
    Ok(found)
}

/// Returns up to which number to look for revisions; `None` if that cannot be read.
fn last_number(remains: &Remains) -> Result<Option<u64>, StoreError> {
    remains.check("SELECT number FROM revision", "revisions")?;
    let latest = read_if_sound(revision::latest(remains.connection()))?;
    Ok(latest.map(|latest| latest.0.min(NUMBERS_MAX)))
}

/// A look at each revision of a store that was set aside.
struct Examination<'a> {
    connection: &'a Connection,
    own: &'a Connection,
    tail: Option<Tail>,
    /// Numbers without a revision since the last one. They count if another revision follows.
    gap: u64,
    /// Numbers whose revision could not be read since the last one.
    failed: u64,
    found: FoundRevisions,
}

impl Examination<'_> {
    /// Finds the revisions that follow one, hash for hash.
    fn follow(&mut self, (latest, hash): (RevisionNumber, Hash)) -> Result<(), StoreError> {
        let mut walk = Walk::after(self.connection, latest, hash);
        let found = &mut self.found;
        while let Some(revision) = walk.next()? {
            found.last_continuing = Some(revision);
        }
        found.continuing = span(latest, found.last_continuing.as_ref().map(|it| it.number));
        Ok(())
    }

    fn look(&mut self, number: RevisionNumber) -> Result<(), StoreError> {
        let loaded = revision::load_after(self.connection, number, &mut self.tail);
        match read_if_sound(loaded)? {
            Some(None) => self.gap += 1,
            Some(Some(revision)) => {
                self.found.damaged += std::mem::take(&mut self.gap);
                self.found.damaged += std::mem::take(&mut self.failed);
                self.found.add(revision.summary());
                self.compare(number)?;
            }
            None => self.failed += 1,
        }
        Ok(())
    }

    /// Notes whether the store in use has a sound revision, another one of its number, or none.
    fn compare(&mut self, number: RevisionNumber) -> Result<(), StoreError> {
        let own = revision::hash_of(self.own, number)?;
        let is_there = own == revision::hash_of(self.connection, number)?;
        let found = &mut self.found;
        if !is_there && !found.continuing.is_some_and(|span| span.has(number)) {
            found.others += 1;
            found.is_forked |= own.is_some();
        }
        Ok(())
    }
}

impl FoundRevisions {
    fn add(&mut self, summary: RevisionSummary) {
        self.sound += 1;
        self.first.get_or_insert_with(|| summary.clone());
        self.last = Some(summary);
    }
}

/// Loads the latest sound revision.
pub(super) fn latest_sound(remains: &Remains) -> Result<Option<Revision>, StoreError> {
    let last = last_number(remains)?.unwrap_or(NUMBERS_TRIED);
    for number in (1..=last).rev() {
        let loaded = revision::load(remains.connection(), RevisionNumber(number));
        if let Some(Some(revision)) = read_if_sound(loaded)? {
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
