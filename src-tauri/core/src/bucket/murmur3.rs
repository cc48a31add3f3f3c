//! MurmurHash3 x86_32 with seed 0 (Austin Appleby, public domain), of a key in three pieces: a
//! prefix that is hashed once, a head of up to two bytes, and the user id.
//!
//! The pieces do not end where the 4-byte blocks of the algorithm do. Shifting every block of the id
//! into place would cost more than hashing it, so only the first ones are put together from the
//! pieces; from there on, blocks are read from where they begin in the id.

use std::hint::select_unpredictable;

/// The first part of a key, hashed up to its last whole block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Prefix {
    pub(super) hash: u32,
    /// The up to three bytes after the last whole block, the first one lowest.
    pub(super) rest: u32,
    /// Bytes written, modulo 2³² as the algorithm has it.
    pub(super) len: u32,
}

/// Up to two bytes between the prefix and the id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// The first one lowest.
    bytes: u32,
    len: u32,
}

impl Head {
    pub(super) const EMPTY: Self = Self { bytes: 0, len: 0 };

    #[inline]
    pub(super) fn of_one(byte: u8) -> Self {
        let bytes = u32::from(byte);
        Self { bytes, len: 1 }
    }

    #[inline]
    pub(super) fn of_two(bytes: [u8; 2]) -> Self {
        let bytes = u32::from(u16::from_le_bytes(bytes));
        Self { bytes, len: 2 }
    }

    /// Returns its bytes, the first one lowest.
    pub(super) fn to_bytes(self) -> [u8; 2] {
        [self.bytes as u8, (self.bytes >> 8) as u8]
    }

    /// Returns how many bytes it has.
    pub(super) fn len(self) -> usize {
        self.len as usize
    }
}

impl Prefix {
    /// Adds bytes; not made for speed.
    pub(super) fn write(self, bytes: &[u8]) -> Self {
        bytes.iter().fold(self, |prefix, byte| {
            let rest = prefix.rest | u32::from(*byte) << (8 * prefix.phase());
            let len = prefix.len.wrapping_add(1);
            match len % 4 {
                0 => Self {
                    hash: mix(prefix.hash, rest),
                    rest: 0,
                    len,
                },
                _ => Self {
                    rest,
                    len,
                    ..prefix
                },
            }
        })
    }

    /// Returns the hash of prefix, head and id one after the other, given the phase of the prefix: in
    /// loops over ids, it is a constant.
    #[inline(always)]
    pub(super) fn hash_in(&self, phase: u32, head: Head, id: &[u8]) -> u32 {
        let len = self
            .len
            .wrapping_add(head.len)
            .wrapping_add(id.len() as u32);
        let hash = if let Some(first) = id.first_chunk() {
            self.hash_long(phase, head, first, id)
        } else if let (Some(first), Some(last)) = (id.first_chunk(), id.last_chunk()) {
            self.hash_short(phase, head, first, last, id.len())
        } else {
            self.hash_tiny(head, id)
        };
        finish(hash, len)
    }

    /// Hashes an id of eight bytes or more.
    #[inline(always)]
    fn hash_long(&self, phase: u32, head: Head, first: &[u8; 8], id: &[u8]) -> u32 {
        // What does not depend on the prefix comes first: it is done before the prefix is there.
        let key = u64::from(head.bytes) | u64::from_le_bytes(*first) << (8 * head.len);
        let word = u64::from(self.rest) | key << (8 * phase);
        let hash = mix(mix(self.hash, word as u32), (word >> 32) as u32);
        let (blocks, rest) = id[8 - (phase + head.len) as usize..].as_chunks::<4>();
        let hash = blocks
            .iter()
            .fold(hash, |hash, block| mix(hash, u32::from_le_bytes(*block)));
        hash ^ scramble(last_bytes(id, rest.len()))
    }

    /// Hashes an id of four to seven bytes, whose head is one byte at most: two blocks at most.
    #[inline(always)]
    fn hash_short(
        &self,
        phase: u32,
        head: Head,
        first: &[u8; 4],
        last: &[u8; 4],
        id_len: usize,
    ) -> u32 {
        let [first, last] = [first, last].map(|part| u64::from(u32::from_le_bytes(*part)));
        // Bytes that are in both are the same in both.
        let id = first | last << (8 * (id_len - 4));
        let key = u64::from(head.bytes) | id << (8 * head.len);
        let word = u64::from(self.rest) | key << (8 * phase);
        let [first, second] = [word as u32, (word >> 32) as u32];
        let third = ((key >> 32) >> (32 - 8 * phase)) as u32;
        let one = mix(self.hash, first);
        // Whether there are two depends on the lengths of names and ids: no pattern to learn.
        let are_two = (phase + head.len) as usize + id_len >= 8;
        let hash = select_unpredictable(are_two, mix(one, second), one);
        let rest = select_unpredictable(are_two, third, second);
        hash ^ scramble(rest)
    }

    /// Hashes an id of up to three bytes.
    #[cold]
    fn hash_tiny(&self, head: Head, id: &[u8]) -> u32 {
        let whole = self.write(&head.to_bytes()[..head.len()]).write(id);
        whole.hash ^ scramble(whole.rest)
    }

    /// Returns how many bytes there are after the last whole block.
    #[inline]
    pub(super) fn phase(self) -> u32 {
        self.len % 4
    }
}

/// Returns the last up to three bytes of an id of four or more, the first of them lowest.
#[inline]
fn last_bytes(id: &[u8], count: usize) -> u32 {
    let last = id.last_chunk().map_or(0, |last| u32::from_le_bytes(*last));
    ((u64::from(last) << (8 * count)) >> 32) as u32
}

/// Mixes a block into a hash.
#[inline]
pub(super) fn mix(hash: u32, block: u32) -> u32 {
    mix_scrambled(hash, scramble(block))
}

/// Mixes a block that is scrambled already into a hash.
#[inline]
pub(super) fn mix_scrambled(hash: u32, block: u32) -> u32 {
    (hash ^ block)
        .rotate_left(13)
        .wrapping_mul(5)
        .wrapping_add(0xe654_6b64)
}

/// Does what can be done to a block without knowing what is before it.
#[inline]
pub(super) fn scramble(block: u32) -> u32 {
    scramble_multiplied(multiplied(block))
}

/// Begins to scramble a block or a part of it: the sum of its parts, each multiplied, is the block
/// multiplied.
#[inline]
pub(super) fn multiplied(part: u32) -> u32 {
    part.wrapping_mul(0xcc9e_2d51)
}

/// Scrambles a block that is multiplied.
#[inline]
pub(super) fn scramble_multiplied(block: u32) -> u32 {
    block.rotate_left(15).wrapping_mul(0x1b87_3593)
}

/// Ends the hash of a key of `len` bytes, after its rest.
#[inline]
pub(super) fn finish(hash: u32, len: u32) -> u32 {
    let hash = hash ^ len;
    let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn murmur3(bytes: &[u8]) -> u32 {
        Prefix::default().hash_in(0, Head::EMPTY, bytes)
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

    #[test]
    fn murmur3_does_not_depend_on_how_its_input_is_cut() {
        let bytes: Vec<u8> = (0..64_u8).map(|i| i.wrapping_mul(37) ^ 0xa5).collect();
        for len in 0..=bytes.len() {
            let bytes = &bytes[..len];
            for cut in 0..=len {
                let prefix = Prefix::default().write(&bytes[..cut]);
                let cut = prefix.hash_in(prefix.phase(), Head::EMPTY, &bytes[cut..]);
                assert_eq!(cut, murmur3(bytes), "{len} bytes");
            }
        }
    }

    #[test]
    fn a_head_between_prefix_and_id_is_hashed_as_bytes_of_either() {
        let bytes: Vec<u8> = (0..64_u8).map(|i| i.wrapping_mul(91) ^ 0x3c).collect();
        // Ids after a head of two bytes are long, as those of CBOR are.
        for (head_len, ids) in [(0, 0..48), (1, 0..48), (2, 24..48)] {
            for (prefix_len, id_len) in ids.flat_map(|id| (0..8).map(move |prefix| (prefix, id))) {
                let (prefix, rest) = bytes.split_at(prefix_len);
                let (head, rest) = rest.split_at(head_len);
                let head = match *head {
                    [] => Head::EMPTY,
                    [byte] => Head::of_one(byte),
                    _ => Head::of_two([head[0], head[1]]),
                };
                let prefix = Prefix::default().write(prefix);
                let hash = prefix.hash_in(prefix.phase(), head, &rest[..id_len]);
                let whole = murmur3(&bytes[..prefix_len + head_len + id_len]);
                assert_eq!(hash, whole, "{prefix_len}, {head_len} and {id_len} bytes");
            }
        }
    }
}
