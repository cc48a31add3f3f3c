//! Hashes that seal rows: an altered bit is seen when a row is read.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::store::StoreError;

/// Bytes of a hash that seals a row: enough against chance.
pub(super) const SEAL_BYTES: usize = 16;

/// Returns the hash of the parts of a row. The length of each part counts too.
pub(super) fn seal(parts: &[&[u8]]) -> [u8; SEAL_BYTES] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut sealed = [0; SEAL_BYTES];
    hasher.finalize_xof().fill(&mut sealed);
    sealed
}

/// Returns the hash of the first `count` columns of a row, as they are stored.
pub(super) fn seal_of_columns(row: &Row<'_>, count: usize) -> rusqlite::Result<[u8; SEAL_BYTES]> {
    let parts = (0..count).map(|column| Ok(bytes_of(row.get_ref(column)?)));
    let parts: Vec<Vec<u8>> = parts.collect::<rusqlite::Result<_>>()?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Ok(seal(&parts))
}

/// Returns a value with its type.
fn bytes_of(value: ValueRef<'_>) -> Vec<u8> {
    match value {
        ValueRef::Null => vec![0],
        ValueRef::Integer(number) => [&[1], &number.to_le_bytes()[..]].concat(),
        ValueRef::Real(number) => [&[2], &number.to_le_bytes()[..]].concat(),
        ValueRef::Text(text) => [&[3], text].concat(),
        ValueRef::Blob(bytes) => [&[4], bytes].concat(),
    }
}

/// Returns the error for a row that does not match its hash; `what` names the row.
pub(super) fn mismatch(what: &str) -> StoreError {
    StoreError::damaged(format!("{what} does not match its hash"))
}
