//! The names of components, and the components by their names.
//!
//! A table of its own, because every evaluation by name waits for it: in a large document each part
//! that is read is a miss of the processor's cache, so slots are small and names lie side by side.

use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

use foldhash::fast::FixedState;

use super::ComponentId;

/// Slots for each component: few names share one.
const SLOTS_PER_COMPONENT: usize = 4;

/// What a slot holds that leads to no component.
const FREE: u32 = u32::MAX;

/// All names, in the order of the document, with a hash table over them.
#[derive(Debug, Clone)]
pub(super) struct Names {
    text: String,
    /// Where each name begins in `text`, and where the last one ends.
    bounds: Vec<u32>,
    /// Numbers of components, each in the first slot that was free from that of its hash on. A power
    /// of two of them, most of them free; none before [`Names::index`].
    slots: Box<[u32]>,
    /// Leaves as many bits of a hash as number the slots.
    shift: u32,
}

impl Names {
    /// Creates an empty list.
    pub(super) fn new() -> Self {
        Self {
            text: String::new(),
            bounds: vec![0],
            slots: Box::default(),
            shift: 0,
        }
    }

    /// Returns how many there are.
    fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Adds the name of the next component, which no other has.
    pub(super) fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.bounds.push(self.text.len() as u32);
    }

    /// Makes the names that were added known to [`Names::find`].
    pub(super) fn index(&mut self) {
        let wanted = (self.len() * SLOTS_PER_COMPONENT).max(2);
        let len = wanted.next_power_of_two();
        self.slots = vec![FREE; len].into();
        self.shift = u64::BITS - len.ilog2();
        for id in 0..self.len() as u32 {
            let mut at = self.first_slot(self.get(ComponentId(id)));
            while self.slots[at] != FREE {
                at = self.next_slot(at);
            }
            self.slots[at] = id;
        }
    }

    /// Returns the name of a component.
    pub(super) fn get(&self, id: ComponentId) -> &str {
        &self.text[self.range(id.0)]
    }

    #[inline]
    fn range(&self, id: u32) -> Range<usize> {
        let [start, end] = [0, 1].map(|i| self.bounds[id as usize + i] as usize);
        start..end
    }

    /// Finds the component that has a name.
    // A call would save and restore registers, which costs a twentieth of an evaluation.
    #[inline(always)]
    pub(super) fn find(&self, name: &str) -> Option<ComponentId> {
        let mut at = self.first_slot(name);
        loop {
            let id = self.slots[at];
            if id == FREE {
                return None;
            }
            if self.text.as_bytes()[self.range(id)] == *name.as_bytes() {
                return Some(ComponentId(id));
            }
            at = self.next_slot(at);
        }
    }

    #[inline]
    fn first_slot(&self, name: &str) -> usize {
        // Core draws no random numbers. Names come from a document its owner accepted and are at most
        // `limits::COMPONENTS_MAX`, so predictable hash collisions are no risk.
        let mut hasher = FixedState::with_seed(0x666c_6167_6465_636b).build_hasher();
        hasher.write(name.as_bytes());
        (hasher.finish() >> self.shift) as usize
    }

    #[inline]
    fn next_slot(&self, at: usize) -> usize {
        (at + 1) % self.slots.len()
    }
}
