//! The users of a roster and of each of its groups, sorted by the percentage that lets them in.

use std::marker::PhantomData;

use super::{GAINS, KEEPS, Key, Keys};
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
        Self {
            gain: reached.gains,
            lose,
            // Users whom the percentage reaches lose nothing, and only these gain.
            both: People::default(),
            neither: reached.all.without(lose).without(reached.gains),
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
}

/// Users as they are sorted.
struct Sorted {
    /// With the set of groups that each is in.
    users: Vec<(Key, u32)>,
    /// The weight of each; empty if the roster has none.
    weights: Vec<f64>,
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
        let sorted = sorted(roster, parts);
        for (at, &(key, set)) in sorted.users.iter().enumerate() {
            let weight = sorted.weights.get(at).copied();
            places.all.add(key, weight);
            let groups = roster.sets().get(set);
            if groups.is_empty() {
                places.ungrouped.add(key, weight);
            }
            for &group in groups {
                places.groups[group as usize].add(key, weight);
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
        let had = |key: &Key| u8::from(key.has(KEEPS));
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
fn sorted<T>(roster: &Roster, parts: &[Keys<T>]) -> Sorted {
    let mut places = vec![0_u32; BUCKETS as usize + 2];
    for (_, key) in moving(parts) {
        places[key.percent_milli() as usize + 1] += 1;
    }
    let mut sum = 0;
    for place in &mut places {
        sum += *place;
        *place = sum;
    }
    let weights = roster.weights();
    let mut sorted = Sorted {
        users: vec![(Key(0), 0); sum as usize],
        weights: weights.map_or(Vec::new(), |_| vec![0.0; sum as usize]),
    };
    for (at, key) in moving(parts) {
        let next = &mut places[key.percent_milli() as usize];
        let place = *next as usize;
        *next += 1;
        sorted.users[place] = (key, roster.set_of()[at]);
        if let Some(weights) = weights {
            sorted.weights[place] = weights[at];
        }
    }
    sorted
}

/// Returns the users who can move, with their positions in the roster.
fn moving<T>(parts: &[Keys<T>]) -> impl Iterator<Item = (usize, Key)> {
    let users = parts
        .iter()
        .flat_map(|part| (part.from..).zip(part.keys.iter().copied()));
    users.filter(|(_, key)| key.moves())
}

impl Place {
    fn at(&self, percent_milli: u32) -> Reached {
        Reached {
            all: self.all,
            had: self.had,
            gains: self.gains.up_to(percent_milli),
            keeps: self.keeps.up_to(percent_milli),
        }
    }

    fn add(&mut self, key: Key, weight: Option<f64>) {
        for (bit, ranks) in [(GAINS, &mut self.gains), (KEEPS, &mut self.keeps)] {
            if key.has(bit) {
                ranks.push(key.percent_milli(), weight);
            }
        }
    }

    fn shrunk(mut self) -> Self {
        for ranks in [&mut self.gains, &mut self.keeps] {
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
