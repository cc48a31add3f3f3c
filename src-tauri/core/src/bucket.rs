//! Percentage bucketing: a user's fixed number in 0..100 000.
//!
//! `flagd-3` is what OpenFeature flagd's `fractional` does from its third generation on:
//! `bucket = (murmur3_x86_32(canonical CBOR of the key, seed 0) as u64 × 100 000) >> 32`.
//! The key is the CBOR text of the user id for the document's rollout, and the CBOR array
//! `[component, user id]` for a component's own. `flagd-2` is the same over plain UTF-8 bytes.
//! User ids are hashed as they come: no trimming, no Unicode normalisation, any length.

mod lanes;
mod murmur3;

use crate::document::Bucketing;
use crate::limits::BUCKETS;

pub(crate) use self::lanes::{Buckets, Lanes, PreparedId, Slot};
use self::murmur3::{Head, Prefix};

/// What a rollout hashes users with: the part of the key before the user id, already hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucketer {
    prefix: Prefix,
    bucketing: Bucketing,
}

impl Bucketer {
    /// Makes the bucketer of the document's rollout, or of one component's own.
    pub fn new(bucketing: Bucketing, component: Option<&str>) -> Self {
        let empty = Prefix::default();
        let prefix = match (bucketing, component) {
            (_, None) => empty,
            (Bucketing::Flagd2, Some(component)) => empty.write(component.as_bytes()),
            (Bucketing::Flagd3, Some(component)) => {
                let array = empty.write(&[CBOR_ARRAY_OF_TWO]);
                write_text_head(array, component.len()).write(component.as_bytes())
            }
        };
        Self { prefix, bucketing }
    }

    /// Returns the user's bucket, 0..100 000.
    #[inline]
    pub fn bucket(&self, user: &str) -> u32 {
        self.bucket_of(user.as_bytes())
    }

    /// Returns the bucket of a user id in its UTF-8 bytes.
    #[inline]
    pub(crate) fn bucket_of(&self, user: &[u8]) -> u32 {
        scale(match short_head(self.bucketing, user.len()) {
            Some(head) => self.prefix.hash(head, user),
            None => write_text_head(self.prefix, user.len()).hash(Head::EMPTY, user),
        })
    }

    /// Prepares a user id for many rollouts of the same bucketing; returns `None` for an unusual one.
    pub(crate) fn prepare(&self, user: &str) -> Option<PreparedId> {
        PreparedId::new(self.bucketing, user.as_bytes())
    }
}

/// Spreads a 32-bit hash evenly over the buckets (multiply-shift, no modulo bias).
#[inline]
fn scale(hash: u32) -> u32 {
    ((u64::from(hash) * u64::from(BUCKETS)) >> 32) as u32
}

// RFC 8949, section 3: major type 4 (array) with two items; major type 3 (text).
const CBOR_ARRAY_OF_TWO: u8 = 0x82;
const CBOR_TEXT: u8 = 0x60;

/// Returns what is hashed before an id of `len` bytes; `None` if that is more than two bytes.
#[inline]
fn short_head(bucketing: Bucketing, len: usize) -> Option<Head> {
    match (bucketing, len) {
        (Bucketing::Flagd2, _) => Some(Head::EMPTY),
        (Bucketing::Flagd3, 0..24) => Some(Head::of_one(CBOR_TEXT | len as u8)),
        (Bucketing::Flagd3, 24..0x100) => Some(Head::of_two([CBOR_TEXT | 24, len as u8])),
        (Bucketing::Flagd3, _) => None,
    }
}

/// Writes the head of a CBOR text of `len` bytes in its shortest form (RFC 8949, 4.2.1).
#[cold]
fn write_text_head(prefix: Prefix, len: usize) -> Prefix {
    match len {
        0..24 => prefix.write(&[CBOR_TEXT | len as u8]),
        24..0x100 => prefix.write(&[CBOR_TEXT | 24, len as u8]),
        0x100..0x1_0000 => prefix
            .write(&[CBOR_TEXT | 25])
            .write(&(len as u16).to_be_bytes()),
        0x1_0000..0x1_0000_0000 => prefix
            .write(&[CBOR_TEXT | 26])
            .write(&(len as u32).to_be_bytes()),
        _ => prefix
            .write(&[CBOR_TEXT | 27])
            .write(&(len as u64).to_be_bytes()),
    }
}
