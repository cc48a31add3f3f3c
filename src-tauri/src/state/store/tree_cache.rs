//! Trees of sources in memory, so that a change does not read its state from disk again.

use std::time::Instant;

use flagdeck_core::tree::Tree;
use rusqlite::Connection;

use super::recovery;
use super::sources::{self, Source};
use crate::state::StateError;
use crate::state::limits::{TREE_HELD_FOR, TREES_HELD_BYTES_MAX};

/// The trees of the sources that changed last, within a bound of bytes.
#[derive(Debug, Default)]
pub(super) struct TreeCache(Vec<Held>);

#[derive(Debug)]
struct Held {
    source: i64,
    seq: i64,
    /// Bytes of its text.
    bytes: u64,
    tree: Tree,
    used: Instant,
}

impl TreeCache {
    /// Removes and returns the tree of a source as of its last change; reads it if it is not
    /// cached. The caller puts it back with [`Self::hold`] when its change is durable.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        source: &Source,
    ) -> Result<Tree, StateError> {
        match self.cached(source) {
            Some(tree) => Ok(tree),
            None => sources::load_tree(connection, source),
        }
    }

    /// Like [`Self::take`], for a whole report: it replaces a damaged state, see
    /// [`recovery::load_for_report`].
    pub(super) fn take_for_report(
        &mut self,
        connection: &Connection,
        source: &mut Source,
    ) -> Result<Tree, StateError> {
        match self.cached(source) {
            Some(tree) => Ok(tree),
            None => recovery::load_for_report(connection, source),
        }
    }

    /// Removes the tree of a source; returns it if it is as of the source's last change.
    fn cached(&mut self, source: &Source) -> Option<Tree> {
        let place = self.0.iter().position(|held| held.source == source.id)?;
        let held = self.0.swap_remove(place);
        (held.seq == source.seq).then_some(held.tree)
    }

    /// Caches the tree of a source in place of the one that it has of it.
    pub(super) fn replace(&mut self, source: &Source, tree: Tree) {
        self.0.retain(|held| held.source != source.id);
        self.hold(source, tree);
    }

    /// Caches the tree of a source, and drops the least recently used ones above the bound.
    pub(super) fn hold(&mut self, source: &Source, tree: Tree) {
        self.0.push(Held {
            source: source.id,
            seq: source.seq,
            bytes: source.bytes,
            tree,
            used: Instant::now(),
        });
        while self.bytes() > TREES_HELD_BYTES_MAX {
            let oldest = self.0.iter().enumerate().min_by_key(|(_, held)| held.used);
            match oldest.map(|(place, _)| place) {
                Some(place) => drop(self.0.swap_remove(place)),
                None => break,
            }
        }
    }

    /// Drops the trees that have not been used for a while.
    pub(super) fn drop_idle(&mut self) {
        self.0.retain(|held| held.used.elapsed() < TREE_HELD_FOR);
    }

    fn bytes(&self) -> u64 {
        self.0.iter().map(|held| held.bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::stored_name;
    use super::*;

    #[test]
    fn what_is_held_stays_within_its_bytes_and_the_latest_stays() {
        let mut trees = TreeCache::default();
        let mut source = Source {
            id: 0,
            name: stored_name("web"),
            seq: 1,
            at_ms: 0,
            files: 0,
            bytes: TREES_HELD_BYTES_MAX / 3,
            records: 0,
        };
        for id in 1..=5 {
            source.id = id;
            trees.hold(&source, Tree::Null);
        }
        let held: Vec<i64> = trees.0.iter().map(|held| held.source).collect();
        assert_eq!(held.len(), 3);
        assert!(held.contains(&5) && !held.contains(&1), "{held:?}");
        source.bytes = TREES_HELD_BYTES_MAX;
        source.id = 6;
        trees.hold(&source, Tree::Null);
        assert_eq!((trees.0.len(), trees.0[0].source), (1, 6));
    }
}
