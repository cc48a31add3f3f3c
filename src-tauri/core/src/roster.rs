//! A roster: the users over which an edit is counted before it is saved, with their groups and
//! weights.
//!
//! Ids stand in the order in which they were added, one after the other in one buffer. For each
//! there is the number of the set of groups the user is in; the distinct sets are stored once, and
//! so are the names. Besides the text of its ids, a roster takes 8 bytes an id, 8 more if any user
//! has a weight, and at most 64 MiB for the sets.
//!
//! Knows nothing of files: rows come from the caller, one by one, through [`RosterBuilder`].

mod builder;
mod by_group;
mod sets;

use crate::users::UserIds;

pub use self::builder::{Pushed, RosterBuilder, RosterError};
pub use self::by_group::{ByGroup, People};
pub(crate) use self::by_group::{SetSums, count_kinds};
use self::sets::GroupSets;

/// User ids, each once, with groups and weights.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    ids: UserIds,
    /// The set of groups of each user.
    set_of: Vec<u32>,
    sets: GroupSets,
    /// The weight of each user; `None` if all have the same.
    weights: Option<Vec<f64>>,
    replaced: u64,
}

impl Roster {
    /// Returns how many users there are, at most
    /// [`ROSTER_IDS_MAX`](crate::limits::ROSTER_IDS_MAX).
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns the ids, in the order in which they were added.
    pub fn ids(&self) -> &UserIds {
        &self.ids
    }

    /// Returns the position of a user. Reads all ids before it, about 2 ns each.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.ids.position(id)
    }

    /// Returns the names of all groups, in the order in which they were met.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &str> {
        self.sets.names().iter().map(AsRef::as_ref)
    }

    /// Returns the groups of one user, in the order of [`Roster::groups`].
    ///
    /// # Panics
    /// If `index` is not below [`Roster::len`].
    pub fn groups_of(&self, index: usize) -> impl ExactSizeIterator<Item = &str> {
        let groups = self.sets.get(self.set_of[index]).iter();
        groups.map(|&group| self.sets.names()[group as usize].as_ref())
    }

    /// Returns the weight of one user: 1 if none was given.
    ///
    /// # Panics
    /// If `index` is not below [`Roster::len`].
    pub fn weight(&self, index: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[index])
    }

    /// Returns whether any user has another weight than 1: if not, sums of weights are counts.
    pub fn has_weights(&self) -> bool {
        self.weights.is_some()
    }

    /// Returns how many rows had an id that was there already, and replaced its groups and weight.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Counts all users, by group.
    pub fn people(&self) -> ByGroup<People> {
        let mut sums = SetSums::<1>::new(self);
        let codes = vec![0; self.len()];
        sums.add(self, 0, &codes);
        sums.by_group(self).map(|[people]| people)
    }

    pub(crate) fn sets(&self) -> &GroupSets {
        &self.sets
    }

    /// Returns the set of groups of each user.
    pub(crate) fn set_of(&self) -> &[u32] {
        &self.set_of
    }

    pub(crate) fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }
}
