//! Elements identified by their content: a longest common subsequence of two lists.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;

use super::Pairs;
use crate::limits;
use crate::tree::Tree;

/// The number that each of the values has.
type Numbers<'a> = HashMap<&'a Tree, u32, RandomState>;

/// Two lists as numbers that are equal if elements are, in half of the memory that places take: a
/// list may have millions of elements.
pub(super) struct Contents {
    before: Vec<u32>,
    after: Vec<u32>,
    /// By number: how often it is in each list, and its last place.
    found: Vec<[Found; 2]>,
}

#[derive(Clone, Copy, Default)]
struct Found {
    count: u32,
    last: u32,
}

impl Contents {
    pub(super) fn of(old: &[Tree], new: &[Tree]) -> Self {
        let mut numbers = Numbers::with_capacity_and_hasher(old.len(), RandomState::default());
        let mut contents = Self {
            before: Vec::with_capacity(old.len()),
            after: Vec::with_capacity(new.len()),
            // The first number is for everything that is only in the later list.
            found: vec![[Found::default(); 2]],
        };
        for (place, element) in old.iter().enumerate() {
            let number = match numbers.entry(element) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(unknown) => {
                    contents.found.push([Found::default(); 2]);
                    *unknown.insert(short(contents.found.len() - 1))
                }
            };
            contents.found[number as usize][0].note(place);
            contents.before.push(number);
        }
        for (place, element) in new.iter().enumerate() {
            let number = numbers.get(element).copied().unwrap_or_default();
            contents.found[number as usize][1].note(place);
            contents.after.push(number);
        }
        contents
    }

    /// Returns the places of elements that are exactly once in each list, in the order of the
    /// earlier one.
    pub(super) fn once(&self) -> Pairs {
        let found = self.found.iter();
        let once = found.filter(|sides| sides.iter().all(|side| side.count == 1));
        once.map(|[before, after]| (before.last as usize, after.last as usize))
            .collect()
    }

    /// Returns whether every element that is in both lists is unique in each.
    pub(super) fn are_shared_once(&self) -> bool {
        let mut found = self.found.iter();
        found.all(|sides| !is_shared(sides) || sides.iter().all(|side| side.count == 1))
    }

    /// Returns a longest common subsequence; `None` if too much differs.
    pub(super) fn longest_common(&self) -> Option<Pairs> {
        // Elements on one side only are in no common subsequence, and would count as differences.
        let shared = |list: &[u32]| -> (Vec<u32>, Vec<u32>) {
            let places = (0..).zip(list.iter().copied());
            places
                .filter(|&(_, number)| is_shared(&self.found[number as usize]))
                .unzip()
        };
        let (left, old) = shared(&self.before);
        let (right, new) = shared(&self.after);
        let search = Search {
            old: &old,
            new: &new,
            reached: Vec::new(),
        };
        let pairs = search.run()?.into_iter();
        Some(
            pairs
                .map(|(from, to)| (left[from] as usize, right[to] as usize))
                .collect(),
        )
    }
}

impl Found {
    fn note(&mut self, place: usize) {
        self.count += 1;
        self.last = short(place);
    }
}

/// Shortens a place in a list, or the number of an element.
pub(super) fn short(place: usize) -> u32 {
    u32::try_from(place).expect("no text that is read has so many elements")
}

fn is_shared(sides: &[Found; 2]) -> bool {
    sides.iter().all(|side| side.count > 0)
}

/// A search for a longest common subsequence: how far it gets with each further difference.
///
/// The greedy algorithm of Myers ("An O(ND) difference algorithm and its variations", 1986). A
/// diagonal is all pairs of places with the same `from - to`.
struct Search<'a> {
    old: &'a [u32],
    new: &'a [u32],
    /// By the number of differences: the place in `old` on every other diagonal from
    /// `-differences` to `differences`.
    reached: Vec<Vec<isize>>,
}

impl Search<'_> {
    /// Returns the places of a longest common subsequence; `None` beyond the bound of differences.
    fn run(mut self) -> Option<Pairs> {
        let (old, new) = (self.old.len() as isize, self.new.len() as isize);
        for differences in 0..=limits::ALIGN_DIFFERENCES_MAX as isize {
            self.reached
                .push(Vec::with_capacity(differences as usize + 1));
            for diagonal in (-differences..=differences).step_by(2) {
                let from = self.slide(self.step(differences, diagonal), diagonal);
                self.reached[differences as usize].push(from);
                if from >= old && from - diagonal >= new {
                    return Some(self.pairs(differences, diagonal));
                }
            }
        }
        None
    }

    /// Returns where the path enters a diagonal with its last difference: from the neighbouring
    /// diagonal that is further, by an element dropped or added.
    fn step(&self, differences: isize, diagonal: isize) -> isize {
        if differences == 0 {
            return 0;
        }
        match self.is_by_add(differences, diagonal) {
            true => self.at(differences - 1, diagonal + 1),
            false => self.at(differences - 1, diagonal - 1) + 1,
        }
    }

    fn is_by_add(&self, differences: isize, diagonal: isize) -> bool {
        let beside = |side| self.at(differences - 1, diagonal + side);
        diagonal == -differences || (diagonal != differences && beside(-1) < beside(1))
    }

    fn at(&self, differences: isize, diagonal: isize) -> isize {
        self.reached[differences as usize][(diagonal + differences) as usize / 2]
    }

    /// Returns the end of the run of equal elements from here.
    fn slide(&self, from: isize, diagonal: isize) -> isize {
        let rest = |list: &[u32], place: isize| -> usize { list.len().min(place as usize) };
        let old = &self.old[rest(self.old, from)..];
        let new = &self.new[rest(self.new, from - diagonal)..];
        let equal = old.iter().zip(new).take_while(|(old, new)| old == new);
        from + equal.count() as isize
    }

    /// Traces the path back from the end.
    fn pairs(&self, differences: isize, diagonal: isize) -> Pairs {
        let (mut differences, mut diagonal) = (differences, diagonal);
        let mut pairs = Vec::new();
        loop {
            let slid = self.step(differences, diagonal)..self.at(differences, diagonal);
            let slid = slid.rev();
            pairs.extend(slid.map(|from| (from as usize, (from - diagonal) as usize)));
            if differences == 0 {
                break;
            }
            diagonal += match self.is_by_add(differences, diagonal) {
                true => 1,
                false => -1,
            };
            differences -= 1;
        }
        pairs.reverse();
        pairs
    }
}
