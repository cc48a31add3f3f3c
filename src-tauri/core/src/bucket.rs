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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
        self.bucket_in(self.prefix.phase(), user.as_bytes())
    }

    /// Counts the ids whose bucket is below `threshold`; the empty one has none.
    pub(crate) fn count_below<'a>(
        &self,
        threshold: u32,
        ids: impl Iterator<Item = &'a [u8]>,
    ) -> usize {
        // All are hashed after one prefix, so its phase is taken out of the loop.
        match self.prefix.phase() {
            0 => self.count_below_in(0, threshold, ids),
            1 => self.count_below_in(1, threshold, ids),
            2 => self.count_below_in(2, threshold, ids),
            _ => self.count_below_in(3, threshold, ids),
        }
    }

    // A loop that is inlined with the phase, as a closure would not be.
    #[inline(always)]
    fn count_below_in<'a>(
        self,
        phase: u32,
        threshold: u32,
        ids: impl Iterator<Item = &'a [u8]>,
    ) -> usize {
        let mut count = 0;
        for id in ids {
            let is_below = !id.is_empty() & (self.bucket_in(phase, id) < threshold);
            count += usize::from(is_below);
        }
        count
    }

    /// Finds the bucket of each id, none of which is empty, as many as there is room for.
    pub(crate) fn fill<'a>(&self, buckets: &mut [u32], ids: impl Iterator<Item = &'a [u8]>) {
        match self.prefix.phase() {
            0 => self.fill_in(0, buckets, ids),
            1 => self.fill_in(1, buckets, ids),
            2 => self.fill_in(2, buckets, ids),
            _ => self.fill_in(3, buckets, ids),
        }
    }

    #[inline(always)]
    fn fill_in<'a>(self, phase: u32, buckets: &mut [u32], ids: impl Iterator<Item = &'a [u8]>) {
        for (bucket, id) in buckets.iter_mut().zip(ids) {
            *bucket = self.bucket_in(phase, id);
        }
    }

    /// Returns the bucket of a user id in its UTF-8 bytes, given the phase of the prefix.
    #[inline(always)]
    fn bucket_in(&self, phase: u32, user: &[u8]) -> u32 {
        scale(match short_head(self.bucketing, user.len()) {
            Some(head) => self.prefix.hash_in(phase, head, user),
            None => self.hash_long(user),
        })
    }

    #[cold]
    fn hash_long(&self, user: &[u8]) -> u32 {
        let prefix = write_text_head(self.prefix, user.len());
        prefix.hash_in(prefix.phase(), Head::EMPTY, user)
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
