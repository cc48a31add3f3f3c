//! People counted for all of a roster and for each of its groups.

use std::ops::{Add, AddAssign};

use super::Roster;

/// A number of people, and the sum of their weights.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct People {
    /// How many.
    pub count: u64,
    /// What they weigh together; equal to `count` if no user has a weight. The rounding of sums
    /// depends on their order.
    pub weight: f64,
}

/// Something for everyone, and for each group.
///
/// A person in several groups counts in each of them, so the groups may add up to more than all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ByGroup<T> {
    /// Everyone, each person once.
    pub all: T,
    /// Every group of the roster, in the order of [`Roster::groups`].
    pub groups: Vec<T>,
    /// Those in no group.
    pub ungrouped: T,
}

impl<T> ByGroup<T> {
    /// Applies a function to every part.
    pub fn map<U>(self, mut function: impl FnMut(T) -> U) -> ByGroup<U> {
        ByGroup {
            all: function(self.all),
            groups: self.groups.into_iter().map(&mut function).collect(),
            ungrouped: function(self.ungrouped),
        }
    }
}

impl<T: AddAssign + Copy> AddAssign<&Self> for ByGroup<T> {
    /// Adds what was counted in another range of the same roster.
    fn add_assign(&mut self, other: &Self) {
        self.all += other.all;
        for (sum, more) in self.groups.iter_mut().zip(&other.groups) {
            *sum += *more;
        }
        self.ungrouped += other.ungrouped;
    }
}

impl Add for People {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            weight: self.weight + other.weight,
        }
    }
}

impl AddAssign for People {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl People {
    /// Returns those who are left without `others`, who are among them.
    pub(crate) fn without(self, others: Self) -> Self {
        let count = self.count - others.count;
        // Rounding must leave no weight without people, and none below zero.
        let weight = match count {
            0 => 0.0,
            _ => (self.weight - others.weight).max(0.0),
        };
        Self { count, weight }
    }
}

/// People of each of `N` kinds, for each set of groups: what is added for one person is one number,
/// whatever the number of groups.
pub(crate) struct SetSums<const N: usize> {
    counts: Vec<[u32; N]>,
    weights: Option<Vec<[f64; N]>>,
}

impl<const N: usize> SetSums<N> {
    pub(crate) fn new(roster: &Roster) -> Self {
        let sets = roster.sets.len();
        let weights = roster.weights.as_ref().map(|_| vec![[0.0; N]; sets]);
        Self {
            counts: vec![[0; N]; sets],
            weights,
        }
    }

    /// Adds the people from the position `from` on, given the kind of each.
    pub(crate) fn add(&mut self, roster: &Roster, from: usize, kinds: &[u8]) {
        let range = from..from + kinds.len();
        let sets = &roster.set_of[range.clone()];
        match self.counts.as_mut_slice() {
            [all] => count_kinds(all, kinds),
            counts => {
                for (&set, &kind) in sets.iter().zip(kinds) {
                    counts[set as usize][usize::from(kind)] += 1;
                }
            }
        }
        if let (Some(sums), Some(weights)) = (&mut self.weights, &roster.weights) {
            for ((&set, &kind), weight) in sets.iter().zip(kinds).zip(&weights[range]) {
                sums[set as usize][usize::from(kind)] += weight;
            }
        }
    }

    /// Returns the people of each kind, by group.
    pub(crate) fn by_group(&self, roster: &Roster) -> ByGroup<[People; N]> {
        let none = [People::default(); N];
        let mut sums = ByGroup {
            all: none,
            groups: vec![none; roster.sets.names().len()],
            ungrouped: none,
        };
        for (set, groups) in roster.sets.iter().enumerate() {
            let people = self.of_set(set);
            add_each(&mut sums.all, &people);
            if groups.is_empty() {
                add_each(&mut sums.ungrouped, &people);
            }
            for &group in groups {
                add_each(&mut sums.groups[group as usize], &people);
            }
        }
        sums
    }

    fn of_set(&self, set: usize) -> [People; N] {
        std::array::from_fn(|kind| {
            let count = self.counts[set][kind];
            let weight = match &self.weights {
                Some(weights) => weights[set][kind],
                None => f64::from(count),
            };
            let count = u64::from(count);
            People { count, weight }
        })
    }
}

/// Adds how many there are of each kind: as many passes, but in loops that compilers turn into
/// vector instructions.
pub(crate) fn count_kinds<const N: usize>(counts: &mut [u32; N], kinds: &[u8]) {
    // So few that their number fits a byte.
    for kinds in kinds.chunks(usize::from(u8::MAX)) {
        for (kind, count) in counts.iter_mut().enumerate() {
            let kind = kind as u8;
            *count += u32::from(kinds.iter().map(|it| u8::from(*it == kind)).sum::<u8>());
        }
    }
}

fn add_each<const N: usize>(sums: &mut [People; N], people: &[People; N]) {
    for (sum, people) in sums.iter_mut().zip(people) {
        *sum += *people;
    }
}
