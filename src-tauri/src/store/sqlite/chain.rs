//! How documents are stored: in chains of revisions, the first whole, each of the others as a patch
//! of the one before.
//!
//! A document of 10 000 components that is changed 100 000 times would take gigabytes otherwise. A
//! small one is always kept whole. A document is read back byte for byte: if the patch does not
//! give exactly its text, it is stored whole.

use flagdeck_core::chain::{self, Chain, Length};
use flagdeck_core::tree::{self, Tree};
use rusqlite::{Connection, OptionalExtension, params};

use super::revision::{from_key, mismatch, to_key};
use crate::store::{RevisionNumber, StoreError};

/// The first format that has chains.
const FORMAT_WITH_CHAINS: i64 = 3;

/// A chain open at one revision, from which the next one is read or written.
#[derive(Debug)]
pub(super) struct Tail {
    number: RevisionNumber,
    /// The revision the chain begins with.
    first: RevisionNumber,
    chain: Chain,
    length: Length,
}

/// A document as it is stored.
#[derive(Debug)]
pub(super) struct Coded {
    pub(super) bytes: Vec<u8>,
    /// The revision its chain begins with; `None` if it begins one.
    pub(super) first: Option<RevisionNumber>,
}

/// Bytes up to which a document is stored whole and plain: such a revision does not depend on
/// others.
const PLAIN_BYTES_MAX: usize = 16 * 1024;

/// Codes a document as the revision after the one that `tail` is open at, if it is.
pub(super) fn code(tail: Option<&Tail>, document: &[u8]) -> Coded {
    if document.len() <= PLAIN_BYTES_MAX {
        return Coded {
            bytes: document.to_vec(),
            first: None,
        };
    }
    let step = tail.and_then(|tail| tail.step(document));
    step.unwrap_or_else(|| Coded {
        bytes: chain::keyframe(document),
        first: None,
    })
}

/// Opens the chain at a revision; `None` if the document cannot be read, so that the next one has
/// to be kept whole.
pub(super) fn open(connection: &Connection, number: RevisionNumber) -> Option<Tail> {
    let mut tail = None;
    document(connection, number, &mut tail).ok()?;
    tail
}

/// Advances to the next document, stored as `coded`.
pub(super) fn noted(
    tail: Option<Tail>,
    number: RevisionNumber,
    document: &[u8],
    coded: &Coded,
) -> Option<Tail> {
    match (coded.first, tail) {
        (Some(_), Some(mut tail)) => {
            tail.advance(number, &coded.bytes)?;
            Some(tail)
        }
        _ => Tail::begin(number, &coded.bytes, tree::read(document).ok()?),
    }
}

/// Records to which chain a revision belongs.
pub(super) fn link(
    connection: &Connection,
    number: RevisionNumber,
    coded: &Coded,
) -> Result<(), StoreError> {
    if let Some(first) = coded.first {
        connection
            .prepare_cached("INSERT INTO revision_chain VALUES (?1, ?2)")?
            .execute(params![to_key(number), to_key(first)])?;
    }
    Ok(())
}

/// Reads a document as text, not yet checked against its hash. `tail` is an open chain, which is
/// reused if possible; it is open at this revision then.
pub(super) fn document(
    connection: &Connection,
    number: RevisionNumber,
    tail: &mut Option<Tail>,
) -> Result<Vec<u8>, StoreError> {
    let first = first_of(connection, number)?;
    if first.is_none() {
        let kept = kept(connection, number)?;
        let text = chain::text_of(&kept).map_err(|_| mismatch(number))?;
        *tail = tree::read(&text)
            .ok()
            .and_then(|tree| Tail::begin(number, &kept, tree));
        return Ok(text);
    }
    let mut open = match tail.take() {
        Some(open) if Some(open.first) == first && open.number < number => open,
        _ => {
            let first = first.unwrap_or(number);
            let kept = kept(connection, first)?;
            let tree = chain::text_of(&kept)
                .ok()
                .and_then(|text| tree::read(&text).ok());
            tree.and_then(|tree| Tail::begin(first, &kept, tree))
                .ok_or_else(|| mismatch(number))?
        }
    };
    while open.number < number {
        let next = open.number.next();
        open.advance(next, &kept(connection, next)?)
            .ok_or_else(|| mismatch(number))?;
    }
    let text = tree::write(open.chain.tree());
    *tail = Some(open);
    Ok(text)
}

/// Returns the revision that the chain of another one begins with; `None` if that is itself.
fn first_of(
    connection: &Connection,
    number: RevisionNumber,
) -> Result<Option<RevisionNumber>, StoreError> {
    let statement =
        connection.prepare_cached("SELECT first FROM revision_chain WHERE revision = ?1");
    if statement.is_err() && format(connection)? < FORMAT_WITH_CHAINS {
        return Ok(None);
    }
    let first: Option<i64> = statement?
        .query_row([to_key(number)], |row| row.get(0))
        .optional()?;
    Ok(first.map(from_key))
}

/// Returns the format of a database. One of an older format has every document whole; it is read
/// before it is migrated.
fn format(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn kept(connection: &Connection, number: RevisionNumber) -> Result<Vec<u8>, StoreError> {
    let kept = connection
        .prepare_cached("SELECT document FROM revision WHERE number = ?1")?
        .query_row([to_key(number)], |row| row.get(0))
        .optional()?;
    kept.ok_or_else(|| StoreError::damaged(format!("revision {number} is missing")))
}

impl Tail {
    fn begin(number: RevisionNumber, kept: &[u8], tree: Tree) -> Option<Self> {
        Some(Self {
            number,
            first: number,
            length: Length::of_keyframe(kept.len()),
            chain: Chain::start(tree),
        })
    }

    pub(super) fn is_at(&self, number: RevisionNumber) -> bool {
        self.number == number
    }

    fn advance(&mut self, number: RevisionNumber, bytes: &[u8]) -> Option<()> {
        self.chain.advance(bytes).ok()?;
        self.length = self.length.with(bytes.len());
        self.number = number;
        Some(())
    }

    /// Codes the next document as a step; `None` if it should be, or can only be, stored whole.
    fn step(&self, document: &[u8]) -> Option<Coded> {
        let next = tree::read(document).ok()?;
        let patch = tree::compare(self.chain.tree(), &next);
        let bytes = self.chain.encode_patch(&patch).bytes;
        let is_full = chain::is_full(&self.length.with(bytes.len()));
        // A patch ignores the order of keys and the spelling of numbers.
        let is_exact = || {
            let mut after = self.chain.tree().clone();
            let applied = patch.apply(&mut after);
            applied.is_ok() && tree::write(&after) == document
        };
        (!is_full && is_exact()).then_some(Coded {
            bytes,
            first: Some(self.first),
        })
    }
}
