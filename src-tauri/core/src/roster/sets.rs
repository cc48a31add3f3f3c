//! Distinct sets of groups, each stored once.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use indexmap::IndexSet;

use super::builder::RosterError;
use crate::limits;

/// The set of a user in no group.
pub(super) const NO_GROUPS: u32 = 0;

/// Names of groups, and distinct sets of them. The first set is empty.
#[derive(Debug, Clone)]
pub(crate) struct GroupSets {
    names: Vec<Box<str>>,
    /// The groups of all sets one after the other, those of a set rising.
    entries: Vec<u32>,
    /// The position after each set in `entries`.
    ends: Vec<u32>,
}

impl Default for GroupSets {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            entries: Vec::new(),
            ends: vec![0],
        }
    }
}

impl GroupSets {
    /// Returns the names of the groups.
    pub(crate) fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// Returns how many sets there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns the groups of a set, as positions in [`GroupSets::names`].
    pub(crate) fn get(&self, set: u32) -> &[u32] {
        let set = set as usize;
        let from = set.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.entries[from as usize..self.ends[set] as usize]
    }

    /// Returns the groups of every set, in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.len() as u32).map(|set| self.get(set))
    }
}

/// Sets of groups while they are being collected.
#[derive(Debug, Clone)]
pub(super) struct SetsBuilder {
    names: IndexSet<Box<str>, FixedState>,
    sets: GroupSets,
    /// The numbers of all sets, by the hash of their groups.
    known: HashTable<u32>,
    hasher: FixedState,
    /// The groups of the set that is looked up.
    wanted: Vec<u32>,
}

impl SetsBuilder {
    pub(super) fn new(hasher: FixedState) -> Self {
        let mut builder = Self {
            names: IndexSet::with_hasher(hasher.clone()),
            sets: GroupSets::default(),
            known: HashTable::new(),
            hasher,
            wanted: Vec::new(),
        };
        builder.remember(NO_GROUPS);
        builder
    }

    /// Returns how many groups a set has.
    pub(super) fn count_of(&self, set: u32) -> usize {
        self.sets.get(set).len()
    }

    /// Returns the number of the set of these groups. Blanks around names are trimmed, blank names
    /// left out, and each group counts once.
    pub(super) fn number<'a>(
        &mut self,
        groups: impl Iterator<Item = &'a str>,
    ) -> Result<u32, RosterError> {
        self.wanted.clear();
        for name in groups.map(str::trim).filter(|name| !name.is_empty()) {
            let group = self.group(name)?;
            self.wanted.push(group);
            // A name may come again and again: what is kept of them is bounded all the same.
            if self.wanted.len() > 2 * limits::ROSTER_USER_GROUPS_MAX {
                count_each_once(&mut self.wanted)?;
            }
        }
        count_each_once(&mut self.wanted)?;
        self.number_of_wanted()
    }

    fn group(&mut self, name: &str) -> Result<u32, RosterError> {
        if let Some(known) = self.names.get_index_of(name) {
            return Ok(known as u32);
        }
        if name.chars().count() > limits::GROUP_CHARS_MAX {
            return Err(RosterError::LongGroup);
        }
        if self.names.len() == limits::ROSTER_GROUPS_MAX {
            return Err(RosterError::TooManyGroups);
        }
        Ok(self.names.insert_full(name.into()).0 as u32)
    }

    fn number_of_wanted(&mut self) -> Result<u32, RosterError> {
        let hash = hash_of(&self.hasher, &self.wanted);
        let is_wanted = |set: &u32| self.sets.get(*set) == self.wanted;
        if let Some(known) = self.known.find(hash, is_wanted) {
            return Ok(*known);
        }
        if self.sets.entries.len() + self.wanted.len() > limits::ROSTER_SET_ENTRIES_MAX {
            return Err(RosterError::TooManySets);
        }
        self.sets.entries.extend_from_slice(&self.wanted);
        self.sets.ends.push(self.sets.entries.len() as u32);
        let set = self.sets.len() as u32 - 1;
        self.remember(set);
        Ok(set)
    }

    fn remember(&mut self, set: u32) {
        let (sets, hasher) = (&self.sets, &self.hasher);
        let hash = |set: &u32| hash_of(hasher, sets.get(*set));
        self.known.insert_unique(hash(&set), set, hash);
    }

    /// Returns the sets that users have; `set_of` is changed to their numbers.
    ///
    /// Rows that were replaced or refused leave others, and groups that no user is in.
    pub(super) fn finish(mut self, set_of: &mut [u32]) -> GroupSets {
        self.sets.names = self.names.iter().cloned().collect();
        if !self.all_are_used(set_of) {
            return self.only_used(set_of);
        }
        self.sets.names.shrink_to_fit();
        self.sets.entries.shrink_to_fit();
        self.sets.ends.shrink_to_fit();
        self.sets
    }

    fn all_are_used(&self, set_of: &[u32]) -> bool {
        let mut used = vec![false; self.sets.len()];
        used[NO_GROUPS as usize] = true;
        for &set in set_of {
            used[set as usize] = true;
        }
        let mut named = vec![false; self.names.len()];
        for &group in &self.sets.entries {
            named[group as usize] = true;
        }
        used.iter().chain(&named).all(|used| *used)
    }

    fn only_used(&self, set_of: &mut [u32]) -> GroupSets {
        let mut builder = Self::new(self.hasher.clone());
        let mut numbers: Vec<Option<u32>> = vec![None; self.sets.len()];
        for set in &mut *set_of {
            let old = *set as usize;
            *set = *numbers[old].get_or_insert_with(|| {
                let groups = self.sets.get(old as u32).iter();
                let names = groups.map(|&group| self.sets.names[group as usize].as_ref());
                builder.number(names).expect("fewer than there were fit")
            });
        }
        builder.finish(set_of)
    }
}

/// Sorts groups, each once, and refuses more than one user may be in.
fn count_each_once(groups: &mut Vec<u32>) -> Result<(), RosterError> {
    groups.sort_unstable();
    groups.dedup();
    match groups.len() > limits::ROSTER_USER_GROUPS_MAX {
        true => Err(RosterError::TooManyUserGroups),
        false => Ok(()),
    }
}

fn hash_of(hasher: &FixedState, groups: &[u32]) -> u64 {
    let mut hasher = hasher.build_hasher();
    for &group in groups {
        hasher.write_u32(group);
    }
    hasher.finish()
}
