//! Hashes of codings. The seal of a row covers everything but its coding, which thinning rewrites,
//! and the hash of a state takes decoding it; this one tells in microseconds whether a coding is the
//! one that was written, and whether the one before it in its chain is.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Transaction, params};

use super::super::seal::{SEAL_BYTES, seal};
use crate::store::StoreError;

/// The table that came with format 4.
pub(in crate::state::store) const TABLE: &str = "
-- Hashes of the codings of snapshots.
CREATE TABLE coding_seal (
    snapshot INTEGER PRIMARY KEY REFERENCES snapshot (id) ON DELETE CASCADE,
    seal     BLOB NOT NULL
) STRICT;
";

/// The place of a snapshot in its chain.
#[derive(Debug, Clone, Copy)]
pub(in crate::state::store) struct Place {
    pub(in crate::state::store) id: i64,
    /// The number of the snapshot its chain begins with.
    pub(in crate::state::store) chain: i64,
    /// The snapshot before it in the chain; 0 if it begins one.
    pub(in crate::state::store) before: i64,
}

impl Place {
    fn seal(self, coding: &[u8]) -> [u8; SEAL_BYTES] {
        let Self { id, chain, before } = self;
        seal(&[
            &id.to_le_bytes(),
            &chain.to_le_bytes(),
            &before.to_le_bytes(),
            coding,
        ])
    }
}

/// Seals the coding of a snapshot.
pub(in crate::state::store) fn write(
    connection: &Connection,
    place: Place,
    coding: &[u8],
) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO coding_seal VALUES (?1, ?2)")?
        .execute(params![place.id, place.seal(coding)])?;
    Ok(())
}

/// Seals every coding as it is: a file of an earlier format has no seals to compare them with.
pub(in crate::state::store) fn make_all(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute_batch(TABLE)?;
    let mut statement =
        transaction.prepare("SELECT id, chain, coding FROM snapshot ORDER BY chain, id")?;
    let mut rows = statement.query([])?;
    let mut last = Place {
        id: 0,
        chain: 0,
        before: 0,
    };
    while let Some(row) = rows.next()? {
        let (id, chain) = (row.get(0)?, row.get(1)?);
        let before = if chain == last.chain { last.id } else { 0 };
        last = Place { id, chain, before };
        let coding = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        write(transaction, last, coding)?;
    }
    Ok(())
}

/// A coding as it is stored.
#[derive(Debug)]
pub(super) struct Coding {
    pub(super) bytes: Vec<u8>,
    /// Whether it is what was written for its place.
    pub(super) is_sealed: bool,
}

/// Reads codings with their seals.
pub(super) struct Codings<'a>(CachedStatement<'a>);

impl<'a> Codings<'a> {
    pub(super) fn of(connection: &'a Connection) -> Result<Self, StoreError> {
        Ok(Self(connection.prepare_cached(
            "SELECT coding, (SELECT seal FROM coding_seal WHERE coding_seal.snapshot = snapshot.id) \
             FROM snapshot WHERE id = ?1",
        )?))
    }

    /// Returns the coding in a place; `None` if there is no such snapshot.
    pub(super) fn get(&mut self, place: Place) -> Result<Option<Coding>, StoreError> {
        let found = self.0.query_row([place.id], |row| {
            let bytes: Vec<u8> = row.get(0)?;
            let sealed = row
                .get_ref(1)?
                .as_blob_or_null()
                .map_err(rusqlite::Error::from)?;
            let is_sealed = sealed == Some(&place.seal(&bytes)[..]);
            Ok(Coding { bytes, is_sealed })
        });
        Ok(found.optional()?)
    }
}
