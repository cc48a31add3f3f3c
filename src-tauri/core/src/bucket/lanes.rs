//! One user id hashed after many prefixes.
//!
//! The id's bytes are the same after every prefix, and all that differs is where blocks begin in
//! them: there are four phases, by the length of the prefix modulo 4. So the blocks are scrambled
//! once for each phase, and the prefixes of one phase lie side by side, in loops that compilers turn
//! into vector instructions.

use super::murmur3::{Prefix, finish, mix_scrambled, multiplied, scramble, scramble_multiplied};
use super::{Bucketer, scale, short_head};
use crate::document::Bucketing;
use crate::limits::PREPARED_ID_BYTES_MAX;

/// Rollouts that are hashed at a time: their buckets fit in a processor's first cache.
const TILE: usize = 128;

/// Bytes of a block.
const BLOCK: usize = 4;

/// Blocks after the first one, and a rest, of the longest head and id.
const BLOCKS: usize = (2 + PREPARED_ID_BYTES_MAX) / BLOCK + 1;

/// What rollouts hash users with: tiles of them, each sorted by phase.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lanes {
    hash: Vec<u32>,
    /// Multiplied for [`scramble_multiplied`].
    rest: Vec<u32>,
    len: Vec<u32>,
    /// For each tile and phase, the position after the last one.
    ends: Vec<[usize; 4]>,
}

/// The position of a rollout in [`Lanes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(u32);

impl Lanes {
    /// Lays out rollouts of one bucketing, and returns where each is.
    pub(crate) fn new(bucketers: &[Bucketer]) -> (Self, Vec<Slot>) {
        let mut lanes = Self::default();
        let mut slots = vec![Slot(0); bucketers.len()];
        for (tile, slots) in bucketers.chunks(TILE).zip(slots.chunks_mut(TILE)) {
            let ends = [0, 1, 2, 3].map(|phase| {
                for (bucketer, slot) in tile.iter().zip(&mut *slots) {
                    if bucketer.prefix.phase() == phase {
                        *slot = Slot(lanes.hash.len() as u32);
                        lanes.push(bucketer.prefix);
                    }
                }
                lanes.hash.len()
            });
            lanes.ends.push(ends);
        }
        (lanes, slots)
    }

    /// Returns how many rollouts there are.
    pub(crate) fn len(&self) -> usize {
        self.hash.len()
    }

    fn push(&mut self, prefix: Prefix) {
        self.hash.push(prefix.hash);
        self.rest.push(multiplied(prefix.rest));
        self.len.push(prefix.len);
    }
}

/// A user id of a usual length, ready to be hashed after prefixes of every phase.
#[derive(Debug)]
pub(crate) struct PreparedId {
    /// For each phase, what follows the rest of a prefix in the first block; multiplied.
    first: [u32; 4],
    /// The blocks after the first one, then the rest, scrambled; each for each phase.
    blocks: [[u32; 4]; BLOCKS],
    /// Bytes of head and id.
    len: usize,
}

impl PreparedId {
    /// Prepares an id; returns `None` if it fills no block or is longer than
    /// [`PREPARED_ID_BYTES_MAX`].
    pub(crate) fn new(bucketing: Bucketing, id: &[u8]) -> Option<Self> {
        if id.len() > PREPARED_ID_BYTES_MAX {
            return None;
        }
        let head = short_head(bucketing, id.len())?;
        let len = head.len() + id.len();
        if len < BLOCK {
            return None;
        }
        let mut bytes = [0; BLOCK * (BLOCKS + 1)];
        bytes[..2].copy_from_slice(&head.to_bytes());
        bytes[head.len()..len].copy_from_slice(id);
        let block_at = |at: usize| {
            let block = bytes[at..].first_chunk();
            block.map_or(0, |block| u32::from_le_bytes(*block))
        };
        let mut prepared = Self {
            first: [0, 8, 16, 24].map(|shift| multiplied(block_at(0) << shift)),
            blocks: [[0; 4]; BLOCKS],
            len,
        };
        for (i, block) in prepared.blocks[..=len / BLOCK].iter_mut().enumerate() {
            // Not by `map`, which may be left a call for each block.
            let scrambled = |from| scramble(block_at(BLOCK * i + from));
            *block = [scrambled(4), scrambled(3), scrambled(2), scrambled(1)];
        }
        Some(prepared)
    }

    /// Finds the buckets for prefixes of one phase, given by their parts.
    #[inline]
    fn fill(&self, phase: usize, [hash, rest, len]: [&[u32]; 3], buckets: &mut [u32]) {
        let first = self.first[phase];
        for ((bucket, hash), rest) in buckets.iter_mut().zip(hash).zip(rest) {
            // The bytes of both are apart, so their sum is both of them in one block.
            let block = scramble_multiplied(rest.wrapping_add(first));
            *bucket = mix_scrambled(*hash, block);
        }
        let whole = (phase + self.len) / BLOCK - 1;
        for block in &self.blocks[..whole] {
            for bucket in &mut *buckets {
                *bucket = mix_scrambled(*bucket, block[phase]);
            }
        }
        let rest = self.blocks[whole][phase];
        for (bucket, len) in buckets.iter_mut().zip(len) {
            let len = len.wrapping_add(self.len as u32);
            *bucket = scale(finish(*bucket ^ rest, len));
        }
    }
}

/// The buckets of one user, found a tile at a time.
pub(crate) struct Buckets<'a> {
    lanes: &'a Lanes,
    id: &'a PreparedId,
    /// Which tile was asked for last.
    tile: usize,
    /// Its buckets.
    buckets: [u32; TILE],
}

impl<'a> Buckets<'a> {
    /// Begins to find the buckets of a user, who was prepared for the bucketing of `lanes`.
    pub(crate) fn new(lanes: &'a Lanes, id: &'a PreparedId) -> Self {
        Self {
            lanes,
            id,
            tile: usize::MAX,
            buckets: [0; TILE],
        }
    }

    /// Returns the user's bucket for a rollout. Quick for one that is near the one before.
    #[inline]
    pub(crate) fn get(&mut self, slot: Slot) -> u32 {
        let slot = slot.0 as usize;
        if slot / TILE != self.tile {
            self.fill(slot / TILE);
        }
        self.buckets[slot % TILE]
    }

    #[inline(never)]
    fn fill(&mut self, tile: usize) {
        let lanes = self.lanes;
        let mut from = tile * TILE;
        for (phase, &end) in lanes.ends[tile].iter().enumerate() {
            let parts = [&lanes.hash, &lanes.rest, &lanes.len].map(|part| &part[from..end]);
            let buckets = &mut self.buckets[from - tile * TILE..end - tile * TILE];
            self.id.fill(phase, parts, buckets);
            from = end;
        }
        self.tile = tile;
    }
}
