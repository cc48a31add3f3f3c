//! A roster while rows are added to it.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::Roster;
use super::sets::SetsBuilder;
use crate::limits::{
    GROUP_CHARS_MAX, ROSTER_GROUPS_MAX, ROSTER_IDS_MAX, ROSTER_MEMBERSHIPS_MAX,
    ROSTER_USER_GROUPS_MAX, ROSTER_WEIGHT_MAX,
};
use crate::users::{TooManyIds, UserIds};

/// Collects the rows of a [`Roster`].
///
/// It takes 10 to 20 bytes an id more than the roster it makes, to find ids that come again.
#[derive(Debug, Clone)]
pub struct RosterBuilder {
    ids: UserIds,
    /// The positions of all ids, by their hashes.
    known: HashTable<u32>,
    hasher: FixedState,
    set_of: Vec<u32>,
    sets: SetsBuilder,
    /// Of each user, from the first that is not 1 on.
    weights: Option<Vec<f64>>,
    /// Groups of all users together.
    memberships: u64,
    replaced: u64,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The user is new.
    Added,
    /// The id was there already: groups and weight are those of the later row.
    Replaced,
}

/// Why a row is not taken. All users are as they were.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum RosterError {
    /// The id is empty: a user without an id is in no bucket.
    #[error("the user id is empty")]
    EmptyId,
    /// The weight is none.
    #[error("a weight is above 0 and at most {ROSTER_WEIGHT_MAX}, not {weight}")]
    BadWeight {
        /// What was given.
        weight: f64,
    },
    /// The name of a group is too long.
    #[error("a group name has at most {GROUP_CHARS_MAX} characters")]
    LongGroup,
    /// The user is in too many groups.
    #[error("a user is in at most {ROSTER_USER_GROUPS_MAX} groups")]
    TooManyUserGroups,
    /// It would be one group too many.
    #[error("a roster has at most {ROSTER_GROUPS_MAX} groups")]
    TooManyGroups,
    /// All users together are in too many groups.
    #[error("the users of a roster are in at most {ROSTER_MEMBERSHIPS_MAX} groups together")]
    TooManyMemberships,
    /// Too many users are in a combination of groups that no other user is in.
    #[error("the users of this roster are in too many different combinations of groups")]
    TooManySets,
    /// It would be one id too many.
    #[error("a roster has at most {ROSTER_IDS_MAX} user ids")]
    TooManyIds,
    /// The ids are too long together.
    #[error(transparent)]
    TooMuchText(#[from] TooManyIds),
}

impl Default for RosterBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl RosterBuilder {
    /// Begins an empty roster.
    pub fn new() -> Self {
        // Core draws no random numbers. Rows come from a file of the person at this machine, so
        // predictable collisions only slow down what that person can cancel.
        let hasher = FixedState::with_seed(0x726f_7374_6572);
        Self {
            ids: UserIds::new(),
            known: HashTable::new(),
            sets: SetsBuilder::new(hasher.clone()),
            hasher,
            set_of: Vec::new(),
            weights: None,
            memberships: 0,
            replaced: 0,
        }
    }

    /// Adds a user, or replaces groups and weight if the id is there already.
    ///
    /// The id is taken as it is. Blanks around names of groups are trimmed, as in documents, and
    /// blank names left out. A missing weight is 1.
    ///
    /// # Errors
    /// [`RosterError`] if the row is not taken; then all users are as they were.
    pub fn push<'a>(
        &mut self,
        id: &str,
        groups: impl IntoIterator<Item = &'a str>,
        weight: Option<f64>,
    ) -> Result<Pushed, RosterError> {
        if id.is_empty() {
            return Err(RosterError::EmptyId);
        }
        let weight = checked(weight)?;
        let set = self.sets.number(groups.into_iter())?;
        let hash = hash_of(&self.hasher, id);
        let is_id = |index: &u32| self.ids.get(*index as usize) == id;
        let known = self.known.find(hash, is_id).map(|index| *index as usize);
        let memberships = self.memberships_with(known, set)?;
        match known {
            Some(index) => {
                self.set_of[index] = set;
                self.replaced += 1;
            }
            None => self.add(id, hash, set)?,
        }
        self.memberships = memberships;
        self.weigh(known.unwrap_or(self.len() - 1), weight);
        Ok(known.map_or(Pushed::Added, |_| Pushed::Replaced))
    }

    /// Returns how many users there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns how many rows replaced an earlier one.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Makes the roster, and frees what only further rows would need.
    pub fn finish(mut self) -> Roster {
        drop(std::mem::take(&mut self.known));
        self.ids.shrink();
        self.set_of.shrink_to_fit();
        let is_weight = |weights: &Vec<f64>| weights.iter().any(|weight| *weight != 1.0);
        let mut weights = self.weights.filter(is_weight);
        weights.iter_mut().for_each(Vec::shrink_to_fit);
        let sets = self.sets.finish(&mut self.set_of);
        Roster {
            ids: self.ids,
            set_of: self.set_of,
            sets,
            weights,
            replaced: self.replaced,
        }
    }

    /// Returns how many groups all users are in together if this one has the groups of `set`.
    fn memberships_with(&self, known: Option<usize>, set: u32) -> Result<u64, RosterError> {
        let before = known.map_or(0, |index| self.sets.count_of(self.set_of[index]));
        let others = self.memberships - before as u64;
        let memberships = others + self.sets.count_of(set) as u64;
        match memberships > ROSTER_MEMBERSHIPS_MAX {
            true => Err(RosterError::TooManyMemberships),
            false => Ok(memberships),
        }
    }

    fn add(&mut self, id: &str, hash: u64, set: u32) -> Result<(), RosterError> {
        if self.ids.len() == ROSTER_IDS_MAX {
            return Err(RosterError::TooManyIds);
        }
        self.ids.push(id)?;
        self.set_of.push(set);
        let (ids, hasher) = (&self.ids, &self.hasher);
        let index = ids.len() as u32 - 1;
        let hash_at = |index: &u32| hash_of(hasher, ids.get(*index as usize));
        self.known.insert_unique(hash, index, hash_at);
        Ok(())
    }

    fn weigh(&mut self, index: usize, weight: f64) {
        if self.weights.is_none() && weight != 1.0 {
            self.weights = Some(vec![1.0; index]);
        }
        let len = self.len();
        if let Some(weights) = &mut self.weights {
            weights.resize(len, 1.0);
            weights[index] = weight;
        }
    }
}

fn checked(weight: Option<f64>) -> Result<f64, RosterError> {
    let weight = weight.unwrap_or(1.0);
    match weight > 0.0 && weight <= ROSTER_WEIGHT_MAX {
        true => Ok(weight),
        false => Err(RosterError::BadWeight { weight }),
    }
}

fn hash_of(hasher: &FixedState, id: &str) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(id.as_bytes());
    hasher.finish()
}
