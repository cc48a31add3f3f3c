//! Hashes that seal rows: an altered bit is seen when a row is read.

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

/// Returns the error for a row that does not match its hash; `what` names the row.
pub(super) fn mismatch(what: &str) -> StoreError {
    StoreError::damaged(format!("{what} does not match its hash"))
}
