//! Percentage bucketing: a user's fixed number in 0..100 000.
//!
//! `flagd-3` is what OpenFeature flagd's `fractional` does from its third generation on:
//! `bucket = (murmur3_x86_32(canonical CBOR of the key, seed 0) as u64 × 100 000) >> 32`.
//! The key is the CBOR text of the user id for the document's rollout, and the CBOR array
//! `[component, user id]` for a component's own. `flagd-2` is the same over plain UTF-8 bytes.
//! User ids are hashed as they come: no trimming, no Unicode normalisation, any length.

use std::hint::select_unpredictable;

use crate::document::Bucketing;
use crate::limits::BUCKETS;

/// What a rollout hashes users with: the part of the key before the user id, already hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucketer {
    prefix: Murmur3,
    bucketing: Bucketing,
}

impl Bucketer {
    /// Makes the bucketer of the document's rollout, or of one component's own.
    pub fn new(bucketing: Bucketing, component: Option<&str>) -> Self {
        let empty = Murmur3::default();
        let prefix = match (bucketing, component) {
            (_, None) => empty,
            (Bucketing::Flagd2, Some(component)) => empty.write(component.as_bytes()),
            (Bucketing::Flagd3, Some(component)) => empty
                .write(&[CBOR_ARRAY_OF_TWO])
                .write_cbor_text_head(component.len())
                .write(component.as_bytes()),
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
        let before = match self.bucketing {
            Bucketing::Flagd2 => self.prefix,
            Bucketing::Flagd3 => self.prefix.write_cbor_text_head(user.len()),
        };
        scale(before.write(user).finish())
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

/// MurmurHash3 x86_32 with seed 0 (Austin Appleby, public domain), fed in pieces.
///
/// Pieces need not be of whole 4-byte blocks: the bytes left over wait in `carry`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Murmur3 {
    hash: u32,
    /// Up to three bytes that do not fill a block yet, the first one lowest.
    carry: u32,
    carry_bits: u32,
    /// Bytes fed so far, modulo 2³² as the algorithm has it.
    len: u32,
}

// By value: a state whose address is taken lives in memory, which costs more than the hash.
impl Murmur3 {
    #[inline(always)]
    fn write(self, bytes: &[u8]) -> Self {
        let (blocks, rest) = bytes.as_chunks::<4>();
        let whole = blocks.iter().fold(self, |state, block| {
            let word = state.carried(u32::from_le_bytes(*block));
            Self {
                hash: mix_block(state.hash, word as u32),
                carry: (word >> 32) as u32,
                ..state
            }
        });
        let part = Self {
            len: self.len.wrapping_add(4 * blocks.len() as u32),
            ..whole
        };
        part.write_part(last_bytes(bytes, rest), rest.len() as u32)
    }

    /// Feeds up to three bytes, the first one lowest in `word`.
    #[inline(always)]
    fn write_part(self, word: u32, bytes: u32) -> Self {
        let word = self.carried(word);
        let bits = self.carry_bits + 8 * bytes;
        let mixed = mix_block(self.hash, word as u32);
        // Whether a block is full depends on the lengths of names and ids: no pattern to learn.
        Self {
            hash: select_unpredictable(bits >= 32, mixed, self.hash),
            carry: select_unpredictable(bits >= 32, (word >> 32) as u32, word as u32),
            carry_bits: bits % 32,
            len: self.len.wrapping_add(bytes),
        }
    }

    /// Feeds one byte. Whether it fills a block depends on what is before it, which for one rollout
    /// is always the same: a predicted branch costs less than a block.
    #[inline(always)]
    fn write_byte(self, byte: u32) -> Self {
        let word = self.carry | byte << self.carry_bits;
        let len = self.len.wrapping_add(1);
        if self.carry_bits == 24 {
            let hash = mix_block(self.hash, word);
            return Self {
                hash,
                carry: 0,
                carry_bits: 0,
                len,
            };
        }
        Self {
            carry: word,
            carry_bits: self.carry_bits + 8,
            len,
            ..self
        }
    }

    /// Appends a word to the bytes left over.
    #[inline(always)]
    fn carried(self, word: u32) -> u64 {
        u64::from(self.carry) | u64::from(word) << self.carry_bits
    }

    /// Feeds the head of a CBOR text of `len` bytes in its shortest form (RFC 8949, 4.2.1).
    #[inline(always)]
    fn write_cbor_text_head(self, len: usize) -> Self {
        let text = u32::from(CBOR_TEXT);
        match len {
            0..24 => self.write_byte(text | len as u32),
            24..0x100 => self.write_part((text | 24) | (len as u32) << 8, 2),
            0x100..0x1_0000 => self.write_part((text | 25) | (len as u32).swap_bytes() >> 8, 3),
            _ => self.write_long_cbor_text_head(len),
        }
    }

    #[cold]
    fn write_long_cbor_text_head(self, len: usize) -> Self {
        match u32::try_from(len) {
            Ok(len) => self.write(&[CBOR_TEXT | 26]).write(&len.to_be_bytes()),
            Err(_) => self
                .write(&[CBOR_TEXT | 27])
                .write(&(len as u64).to_be_bytes()),
        }
    }

    #[inline]
    fn finish(self) -> u32 {
        // Mixing a zero tail changes nothing, so an empty one needs no branch.
        let mut hash = self.hash ^ scramble(self.carry);
        hash ^= self.len;
        hash ^= hash >> 16;
        hash = hash.wrapping_mul(0x85eb_ca6b);
        hash ^= hash >> 13;
        hash = hash.wrapping_mul(0xc2b2_ae35);
        hash ^ (hash >> 16)
    }
}

/// Returns `rest`, the up to three bytes at the end of `bytes`, the first one lowest.
#[inline(always)]
fn last_bytes(bytes: &[u8], rest: &[u8]) -> u32 {
    // Mostly there are four bytes to read at once, whatever part of them is left.
    if let Some(last) = bytes.last_chunk::<4>() {
        let last = u64::from(u32::from_le_bytes(*last));
        return ((last << (8 * rest.len())) >> 32) as u32;
    }
    match *rest {
        [a] => u32::from(a),
        [a, b] => u32::from_le_bytes([a, b, 0, 0]),
        [a, b, c] => u32::from_le_bytes([a, b, c, 0]),
        _ => 0,
    }
}

#[inline]
fn mix_block(hash: u32, block: u32) -> u32 {
    (hash ^ scramble(block))
        .rotate_left(13)
        .wrapping_mul(5)
        .wrapping_add(0xe654_6b64)
}

#[inline]
fn scramble(block: u32) -> u32 {
    block
        .wrapping_mul(0xcc9e_2d51)
        .rotate_left(15)
        .wrapping_mul(0x1b87_3593)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn murmur3(bytes: &[u8]) -> u32 {
        Murmur3::default().write(bytes).finish()
    }

    /// Values of the reference implementation, as SMHasher and Wikipedia list them for seed 0.
    #[test]
    fn murmur3_agrees_with_the_reference_values() {
        assert_eq!(murmur3(b""), 0);
        assert_eq!(murmur3(b"test"), 0xba6b_d213);
        assert_eq!(murmur3(b"Hello, world!"), 0xc036_3e43);
        let fox = b"The quick brown fox jumps over the lazy dog";
        assert_eq!(murmur3(fox), 0x2e4f_f723);
    }

    proptest! {
        #[test]
        fn murmur3_does_not_depend_on_how_its_input_is_cut(
            bytes in prop::collection::vec(any::<u8>(), 0..64),
            cuts in prop::collection::vec(0usize..64, 0..4),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut hash = Murmur3::default();
            let mut from = 0;
            for cut in cuts {
                hash = hash.write(&bytes[from..cut]);
                from = cut;
            }
            prop_assert_eq!(hash.write(&bytes[from..]).finish(), murmur3(&bytes));
        }
    }
}
