//! Rows packed together.

use memchr::memmem;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// Bytes of a hash: damage is found by it, no forgery.
const HASH_BYTES: usize = 16;

/// A row as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Packed<'a> {
    pub(super) id: &'a str,
    /// Places of groups in what is known of the roster.
    pub(super) groups: Vec<u32>,
    pub(super) weight: Option<f64>,
    /// Columns and their texts.
    #[serde(borrow)]
    pub(super) attributes: Vec<(u32, &'a str)>,
}

impl Packed<'_> {
    /// Adds it to others.
    pub(super) fn write(&self, packed: &mut Vec<u8>) {
        postcard::to_io(self, packed).expect("a row fits in memory");
    }
}

/// Some rows of a roster.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    pub(super) roster: i64,
    pub(super) seq: i64,
    pub(super) packed: &'a [u8],
}

impl Chunk<'_> {
    /// Returns what is stored with it, by which damage is found.
    pub(super) fn hash(&self) -> [u8; HASH_BYTES] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.roster.to_le_bytes());
        hasher.update(&self.seq.to_le_bytes());
        hasher.update(self.packed);
        let mut hash = [0; HASH_BYTES];
        hasher.finalize_xof().fill(&mut hash);
        hash
    }

    /// Runs `read` on each row.
    pub(super) fn each(
        &self,
        mut read: impl FnMut(&Packed<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut rest = self.packed;
        while !rest.is_empty() {
            let (row, after) = postcard::take_from_bytes(rest).map_err(|_| damaged())?;
            read(&row)?;
            rest = after;
        }
        Ok(())
    }

    /// Runs `read` on each row of one user. Reads rows only if the id is among the bytes.
    pub(super) fn each_of(
        &self,
        id: &str,
        mut read: impl FnMut(&Packed<'_>),
    ) -> Result<(), StoreError> {
        if memmem::find(self.packed, id.as_bytes()).is_none() {
            return Ok(());
        }
        self.each(|row| {
            if row.id == id {
                read(row);
            }
            Ok(())
        })
    }
}

pub(super) fn damaged() -> StoreError {
    StoreError::damaged("rows of a roster do not match their hash")
}
