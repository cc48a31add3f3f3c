//! Trees one after the other: the first is kept whole, each of the others as a patch of the one
//! before.
//!
//! Carries the snapshots of states and the revisions of the flag document. Reading one costs
//! reading the first and as many steps as there are to it, so chains are kept short; see
//! [`is_full`].

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

use crate::limits::{CHAIN_STEP_BYTES_PER_KEYFRAME, CHAIN_STEPS_MAX, STEP_PLAIN_BYTES_MAX};
use crate::tree::patch::codec::{self, Damaged, is_affordable};
use crate::tree::{self, Patch, Tree, compare};

/// How zstd packs: how hard it tries, and the entries of its tables, as powers of two.
///
/// By default, tables grow with what is packed. JSON repeats itself soon, and small ones find as
/// much: 4.8 MB of it are packed in 0.12 s and 8 MB of memory at level 12; zstd's defaults take
/// 0.32 s and 57 MB, and give half a percent more bytes.
struct Packing {
    level: i32,
    hash_log: u32,
    chain_log: u32,
}

/// For what is kept whole: written once in eighty, read often.
const KEYFRAME: Packing = Packing {
    level: 12,
    hash_log: 15,
    chain_log: 16,
};

/// For a step, which is small: most of the time goes to reading the dictionary.
const STEP: Packing = Packing {
    level: 3,
    hash_log: 15,
    chain_log: 15,
};

impl Packing {
    fn pack(&self, plain: &[u8], dictionary: &[u8]) -> Vec<u8> {
        let packed = Compressor::new(self.level).and_then(|mut packer| {
            packer.set_parameter(CParameter::HashLog(self.hash_log))?;
            packer.set_parameter(CParameter::ChainLog(self.chain_log))?;
            packer.set_dictionary(self.level, dictionary)?;
            packer.compress(plain)
        });
        packed.expect("memory takes what is packed")
    }
}

/// What begins a tree or a step that is packed. No JSON text begins so.
const PACKED: u8 = 1;
const PLAIN: u8 = 0;

/// A chain, open at one of its trees.
pub struct Chain {
    tree: Tree,
    /// The text of the first tree.
    dictionary: Vec<u8>,
    unpacker: Option<Decompressor<'static>>,
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain")
            .field("tree", &self.tree)
            .finish_non_exhaustive()
    }
}

/// What leads from one tree to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is to be kept.
    pub bytes: Vec<u8>,
    /// Values that differ; see [`Patch::changes`].
    pub changes: usize,
}

/// How long a chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// Bytes of what is kept whole.
    pub keyframe_bytes: usize,
    /// Steps after it.
    pub steps: usize,
    /// Bytes of those.
    pub step_bytes: usize,
}

impl Length {
    /// Measures a chain of one tree, kept in so many bytes.
    pub fn of_keyframe(bytes: usize) -> Self {
        Self {
            keyframe_bytes: bytes,
            steps: 0,
            step_bytes: 0,
        }
    }

    /// Measures it with one more step of so many bytes.
    pub fn with(self, bytes: usize) -> Self {
        Self {
            steps: self.steps + 1,
            step_bytes: self.step_bytes + bytes,
            ..self
        }
    }
}

/// Returns whether a chain is longer than it should be: in steps, which reading takes time for, or
/// in their bytes, so that a tree that changes completely begins another one.
pub fn is_full(length: &Length) -> bool {
    length.steps > CHAIN_STEPS_MAX
        || length.step_bytes > CHAIN_STEP_BYTES_PER_KEYFRAME * length.keyframe_bytes
}

/// Packs the text of a tree that is kept whole.
pub fn keyframe(text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![PACKED];
    write_length(text.len(), &mut bytes);
    bytes.extend(KEYFRAME.pack(text, &[]));
    bytes
}

/// Returns the text of a tree that is kept whole: packed by [`keyframe`], or as plain text.
///
/// # Errors
/// [`Damaged`] if it cannot be unpacked.
pub fn text_of(bytes: &[u8]) -> Result<Vec<u8>, Damaged> {
    let Some((&PACKED, rest)) = bytes.split_first() else {
        // No JSON text begins with the mark of what is packed.
        return Ok(bytes.to_vec());
    };
    let (length, packed) = read_length(rest)?;
    let text = zstd::bulk::decompress(packed, length).map_err(|_| Damaged)?;
    match text.len() == length {
        true => Ok(text),
        false => Err(Damaged),
    }
}

impl Chain {
    /// Begins a chain with a tree.
    pub fn start(tree: Tree) -> Self {
        Self {
            dictionary: tree::write(&tree),
            tree,
            unpacker: None,
        }
    }

    /// Opens a chain at its first tree, kept by [`keyframe`] or as plain text.
    ///
    /// # Errors
    /// [`Damaged`] if the bytes are no such tree.
    pub fn open(keyframe: &[u8]) -> Result<Self, Damaged> {
        let text = text_of(keyframe)?;
        Ok(Self {
            tree: tree::read(&text).map_err(|_| Damaged)?,
            dictionary: text,
            unpacker: None,
        })
    }

    /// Returns the tree it is open at.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Returns the tree it is open at.
    pub fn into_tree(self) -> Tree {
        self.tree
    }

    /// Writes what leads from the tree it is open at to the next one.
    pub fn encode(&self, next: &Tree) -> Step {
        self.encode_patch(&compare(&self.tree, next))
    }

    /// Writes a patch of the tree it is open at.
    pub fn encode_patch(&self, patch: &Patch<'_>) -> Step {
        let plain = codec::write(patch, &self.tree);
        let mut bytes = Vec::new();
        // A few bytes have nothing to save, and packing takes the time to read the whole
        // dictionary.
        if plain.len() > STEP_PLAIN_BYTES_MAX {
            bytes.push(PACKED);
            write_length(plain.len(), &mut bytes);
            bytes.extend(STEP.pack(&plain, &self.dictionary));
        }
        if bytes.is_empty() || bytes.len() > plain.len() {
            bytes = vec![PLAIN];
            bytes.extend(plain);
        }
        Step {
            bytes,
            changes: patch.changes(),
        }
    }

    /// Goes on to the next tree; returns what changed.
    ///
    /// # Errors
    /// [`Damaged`] if the bytes do not lead from this tree to another one. The chain is unusable
    /// then.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<Patch<'static>, Damaged> {
        let patch = self.peek(bytes)?;
        self.apply(&patch)?;
        Ok(patch)
    }

    /// Returns what leads to the next tree, without going there.
    ///
    /// # Errors
    /// [`Damaged`] if the bytes do not lead from this tree to another one.
    pub fn peek(&mut self, bytes: &[u8]) -> Result<Patch<'static>, Damaged> {
        let (kind, rest) = bytes.split_first().ok_or(Damaged)?;
        match *kind {
            PLAIN => codec::read(rest, &self.tree),
            PACKED => {
                let (length, packed) = read_length(rest)?;
                let plain = self.unpack(packed, length)?;
                codec::read(&plain, &self.tree)
            }
            _ => Err(Damaged),
        }
    }

    /// Goes to the tree that [`Self::peek`] leads to.
    ///
    /// # Errors
    /// [`Damaged`] if it is not of this tree. The chain is unusable then.
    pub fn apply(&mut self, patch: &Patch<'_>) -> Result<(), Damaged> {
        patch.apply(&mut self.tree).map_err(|_| Damaged)
    }

    fn unpack(&mut self, packed: &[u8], length: usize) -> Result<Vec<u8>, Damaged> {
        if self.unpacker.is_none() {
            let unpacker = Decompressor::with_dictionary(&self.dictionary);
            self.unpacker = Some(unpacker.map_err(|_| Damaged)?);
        }
        let unpacker = self.unpacker.as_mut().ok_or(Damaged)?;
        let plain = unpacker.decompress(packed, length).map_err(|_| Damaged)?;
        match plain.len() == length {
            true => Ok(plain),
            false => Err(Damaged),
        }
    }
}

/// Writes how many bytes come of what is packed.
fn write_length(length: usize, bytes: &mut Vec<u8>) {
    assert!(
        is_affordable(length),
        "trees are bounded on their way in, far below what is read"
    );
    bytes.extend((length as u32).to_le_bytes());
}

fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), Damaged> {
    let (length, packed) = bytes.split_first_chunk::<4>().ok_or(Damaged)?;
    let length = u32::from_le_bytes(*length) as usize;
    match is_affordable(length) {
        true => Ok((length, packed)),
        false => Err(Damaged),
    }
}
