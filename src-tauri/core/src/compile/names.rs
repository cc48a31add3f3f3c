//! Finds components by their names.
//!
//! A table of its own, because every evaluation by name waits for it: a slot is four bytes and leads
//! to the component at once, so there is less to load, one after the other, than in a map.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use super::{Component, ComponentId};

/// Slots for each component: few names share one.
const SLOTS_PER_COMPONENT: usize = 4;

/// What a slot holds that leads to no component.
const FREE: u32 = u32::MAX;

/// A hash table with linear probing; a power of two of slots, most of them free.
#[derive(Debug, Clone)]
pub(super) struct Names {
    slots: Box<[u32]>,
    /// Leaves as many bits of a hash as number the slots.
    shift: u32,
}

impl Names {
    /// Lists components by their names, which are all different.
    pub(super) fn new(components: &[Component]) -> Self {
        let len = (components.len() * SLOTS_PER_COMPONENT)
            .next_power_of_two()
            .max(2);
        let mut names = Self {
            slots: vec![FREE; len].into(),
            shift: u64::BITS - len.ilog2(),
        };
        for (id, component) in (0..).zip(components) {
            let mut at = names.begin(&component.path);
            while names.slots[at] != FREE {
                at = names.next(at);
            }
            names.slots[at] = id;
        }
        names
    }

    /// Finds the one of `components` that has a name.
    #[inline]
    pub(super) fn find(&self, name: &str, components: &[Component]) -> Option<ComponentId> {
        let mut at = self.begin(name);
        loop {
            let id = self.slots[at];
            // A slot that is free is beyond them.
            if *components.get(id as usize)?.path == *name {
                return Some(ComponentId(id));
            }
            at = self.next(at);
        }
    }

    #[inline]
    fn begin(&self, name: &str) -> usize {
        // Core draws no random numbers. Names come from a document its owner accepted and are at most
        // `limits::COMPONENTS_MAX`, so predictable hash collisions are no risk.
        let mut hasher = FixedState::with_seed(0x666c_6167_6465_636b).build_hasher();
        hasher.write(name.as_bytes());
        (hasher.finish() >> self.shift) as usize
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        (at + 1) % self.slots.len()
    }
}
