//! The users of a roster and of each of its groups, sorted by the percentage that lets them in.

use std::marker::PhantomData;

use super::{Key, Keys};
use crate::affected::{Affected, Touched};
use crate::document::Percentage;
use crate::limits::BUCKETS;
use crate::roster::{ByGroup, People, Roster, SetSums};

/// What a slider does at every percentage: `T` is [`Affected`] for one component, [`Touched`] for
/// all.
#[derive(Debug, Clone)]
pub struct Slide<T> {
    /// Everyone, by group.
    places: ByGroup<Place>,
    outcome: PhantomData<T>,
}

/// What can be said of users at a percentage.
pub trait Outcome: sealed::Sealed {
    #[doc(hidden)]
    fn of(reached: Reached) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Affected {}
    impl Sealed for super::Touched {}
}

/// Those of a group whom a percentage reaches.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Reached {
    all: People,
    had: People,
    gains: People,
    keeps: People,
    gains_one: People,
}

impl Outcome for Affected {
    fn of(reached: Reached) -> Self {
        Self {
            gain: reached.gains,
            lose: reached.had.without(reached.keeps),
            keep_on: reached.keeps,
            keep_off: reached.all.without(reached.had).without(reached.gains),
        }
    }
}

impl Outcome for Touched {
    fn of(reached: Reached) -> Self {
        let lose = reached.had.without(reached.keeps);
        let gain_only = reached.gains.without(reached.gains_one);
        Self {
            gain: reached.gains,
            lose,
            both: reached.gains_one,
            neither: reached.all.without(lose).without(gain_only),
        }
    }
}

/// The users of one group.
#[derive(Debug, Clone, Default)]
struct Place {
    all: People,
    had: People,
    gains: Ranks,
    keeps: Ranks,
    gains_one: Ranks,
}

/// A user as it is sorted.
#[derive(Debug, Clone, Copy)]
struct User {
    key: Key,
    /// The position in the roster.
    at: u32,
}

impl<T: Outcome> Slide<T> {
    /// Sorts users that were hashed, for all of the roster or for some ranges of it that do not
    /// overlap; who is in none of them is not counted. Takes 4 bytes for each user and for each group
    /// of a user, 12 if the roster has weights.
    ///
    /// # Panics
    /// If the users are not of this roster.
    pub fn new(roster: &Roster, parts: &[Keys<T>]) -> Self {
        let mut places = totals(roster, parts);
        let sets = roster.sets();
        for user in sorted(parts) {
            let at = user.at as usize;
            let weight = roster.weights().map(|weights| weights[at]);
            places.all.add(user.key, weight);
            let groups = sets.get(roster.set_of()[at]);
            if groups.is_empty() {
                places.ungrouped.add(user.key, weight);
            }
            for &group in groups {
                places.groups[group as usize].add(user.key, weight);
            }
        }
        Self {
            places: places.map(Place::shrunk),
            outcome: PhantomData,
        }
    }

    /// Returns what happens to users with the rollout at a percentage, against the document as it
    /// is saved.
    pub fn at(&self, percentage: Percentage) -> ByGroup<T> {
        let at = |place: &Place| T::of(place.at(percentage.milli()));
        ByGroup {
            all: at(&self.places.all),
            groups: self.places.groups.iter().map(at).collect(),
            ungrouped: at(&self.places.ungrouped),
        }
    }
}

/// Counts the users, and those of them for whom something is on before.
fn totals<T>(roster: &Roster, parts: &[Keys<T>]) -> ByGroup<Place> {
    let mut sums = SetSums::<2>::new(roster);
    for part in parts {
        let had = |key: &Key| u8::from(key.has(Key::HAD));
        let had: Vec<u8> = part.keys.iter().map(had).collect();
        sums.add(roster, part.from, &had);
    }
    sums.by_group(roster).map(|[others, had]| Place {
        all: others + had,
        had,
        ..Place::default()
    })
}

/// Returns the users who can move, by the percentage that lets them in: there are few percentages,
/// so each user's place is found by counting.
fn sorted<T>(parts: &[Keys<T>]) -> Vec<User> {
    let users = || {
        let users = parts
            .iter()
            .flat_map(|part| (part.from as u32..).zip(&part.keys));
        users.filter(|(_, key)| key.moves())
    };
    let mut places = vec![0_u32; BUCKETS as usize + 2];
    for (_, key) in users() {
        places[key.percent_milli() as usize + 1] += 1;
    }
    let mut sum = 0;
    for place in &mut places {
        sum += *place;
        *place = sum;
    }
    let nobody = User { key: Key(0), at: 0 };
    let mut sorted = vec![nobody; sum as usize];
    for (at, &key) in users() {
        let place = &mut places[key.percent_milli() as usize];
        sorted[*place as usize] = User { key, at };
        *place += 1;
    }
    sorted
}

impl Place {
    fn at(&self, percent_milli: u32) -> Reached {
        Reached {
            all: self.all,
            had: self.had,
            gains: self.gains.up_to(percent_milli),
            keeps: self.keeps.up_to(percent_milli),
            gains_one: self.gains_one.up_to(percent_milli),
        }
    }

    fn add(&mut self, key: Key, weight: Option<f64>) {
        for (bit, ranks) in [
            (Key::GAINS, &mut self.gains),
            (Key::KEEPS, &mut self.keeps),
            (Key::GAINS_ONE, &mut self.gains_one),
        ] {
            if key.has(bit) {
                ranks.push(key.percent_milli(), weight);
            }
        }
    }

    fn shrunk(mut self) -> Self {
        for ranks in [&mut self.gains, &mut self.keeps, &mut self.gains_one] {
            ranks.percents.shrink_to_fit();
            ranks.weights.shrink_to_fit();
        }
        self
    }
}

/// Users sorted by the percentage that lets them in.
#[derive(Debug, Clone, Default)]
struct Ranks {
    /// In thousandths of a per cent, rising.
    percents: Vec<u32>,
    /// The weights of all up to each; empty if the roster has none.
    weights: Vec<f64>,
}

impl Ranks {
    fn push(&mut self, percent_milli: u32, weight: Option<f64>) {
        self.percents.push(percent_milli);
        if let Some(weight) = weight {
            let sum = self.weights.last().copied().unwrap_or_default();
            self.weights.push(sum + weight);
        }
    }

    fn up_to(&self, percent_milli: u32) -> People {
        let count = self
            .percents
            .partition_point(|percent| *percent <= percent_milli);
        let weight = match count.checked_sub(1) {
            Some(last) => self.weights.get(last).copied().unwrap_or(count as f64),
            None => 0.0,
        };
        let count = count as u64;
        People { count, weight }
    }
}
