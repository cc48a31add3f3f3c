//! What a revision keeps of the document that was followed when it was made.
//!
//! A text that is not looked into here; its hash is part of the hash of the revision.

use rusqlite::{Connection, params};

use super::revision::{Hash, mismatch, to_key};
use crate::store::{RevisionNumber, StoreError};

/// The table, part of format 6.
pub(super) const TABLE: &str = "
CREATE TABLE revision_followed (
    revision INTEGER PRIMARY KEY REFERENCES revision (number),
    hash     BLOB    NOT NULL CHECK (length(hash) = 32),
    followed TEXT    NOT NULL
) STRICT;

CREATE TRIGGER revision_followed_is_never_edited BEFORE UPDATE ON revision_followed
BEGIN SELECT RAISE(ABORT, 'a revision is never edited'); END;

CREATE TRIGGER revision_followed_is_never_deleted BEFORE DELETE ON revision_followed
BEGIN SELECT RAISE(ABORT, 'a revision is never deleted'); END;
";

/// Returns the hash of a text.
pub(super) fn hash(text: &str) -> Hash {
    *blake3::hash(text.as_bytes()).as_bytes()
}

/// Writes the text of a revision, within its transaction.
pub(super) fn insert(
    connection: &Connection,
    number: RevisionNumber,
    text: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO revision_followed VALUES (?1, ?2, ?3)")?
        .execute(params![to_key(number), hash(text), text])?;
    Ok(())
}

/// Reads the text of a revision, which has this hash.
pub(super) fn load(
    connection: &Connection,
    number: RevisionNumber,
    expected: &Hash,
) -> Result<Box<str>, StoreError> {
    let text: String = connection
        .prepare_cached("SELECT followed FROM revision_followed WHERE revision = ?1")?
        .query_row([to_key(number)], |row| row.get(0))?;
    match hash(&text) == *expected {
        true => Ok(text.into()),
        false => Err(mismatch(number)),
    }
}
