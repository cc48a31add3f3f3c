//! Which elements of two lists are the same: equal ones, and those under one key.
//!
//! Knows nothing of what elements mean: two of them are equal, have the same key, or have the same
//! place. Similarity counts only if nearly all elements would be paired by place: if most of those
//! pairs have little in common, all of them count as removed and added.

mod content;
mod keyed;

use std::ops::Range;

use self::content::{Contents, short};
use self::keyed::Keyed;
pub(super) use self::keyed::identity;
use super::{Tree, same};
use crate::limits::{ALIGN_CONTENT_MAX, ALIGN_STRANGERS_MIN};

/// How the elements of one list became those of another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alignment {
    /// The key of objects that elements were identified by; `None` if by content and place.
    pub key: Option<String>,
    /// What happened from the first to the last element, no two of one kind in a row.
    /// `Keep`, `Change` and `Drop` add up to the length of the earlier list, `Keep`, `Change`
    /// and `Add` to that of the later one.
    pub runs: Vec<Run>,
    /// Elements that stayed, but in another order among those that stayed: their places in the
    /// earlier and in the later list. They are in `runs` as dropped and as added. Those that were
    /// identified by a key may differ inside.
    pub moved: Vec<(usize, usize)>,
}

/// At least one element in a row to which the same happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// They stayed and are equal.
    Keep(usize),
    /// They stayed and each differs from what it was.
    Change(usize),
    /// They were removed.
    Drop(usize),
    /// They were added.
    Add(usize),
}

/// Returns how the elements of `before` became those of `after`.
///
/// Objects with a key in common (`id`, `key`, `ts`, `timestamp`, `name` or `path`: text or number,
/// in nearly all of them, and unique in each list, except for some that were all removed) are
/// identified by it. All others are identified by content: a ring that moved on first, which takes
/// linear time for any content, otherwise the longest common part as far as
/// [`crate::limits::ALIGN_DIFFERENCES_MAX`] reaches in a list of at most [`ALIGN_CONTENT_MAX`]
/// elements, and what is left between equal elements by place, unless most of it is unrelated.
///
/// Equality is that of [`same`].
pub fn align(before: &[Tree], after: &[Tree]) -> Alignment {
    let ends = Ends::of(before, after);
    let (old, new) = (ends.between(before), ends.between(after));
    if old.is_empty() || new.is_empty() {
        return ends.around(&Matches::default(), None, (old, new));
    }
    if let Some(Keyed { key, found }) = Keyed::infer(before, after, &ends) {
        let matches = Matches::by_key(found);
        return ends.around(&matches, Some(key.to_owned()), (old, new));
    }
    let shared = overlap(before, after);
    if is_plain_ring(before, after, shared, &ends) {
        return ring(before.len(), after.len(), shared);
    }
    let mut matches = by_content(old, new);
    matches.part_strangers(old, new);
    // Beyond the bound of that search, or by place.
    if shared > matches.pairs.len() + ends.len() {
        return ring(before.len(), after.len(), shared);
    }
    ends.around(&matches, None, (old, new))
}

/// How many elements at both ends are equal in place.
struct Ends {
    head: usize,
    tail: usize,
}

impl Ends {
    fn of(before: &[Tree], after: &[Tree]) -> Self {
        let is_same = |(old, new): &(&Tree, &Tree)| same(old, new);
        let head = before.iter().zip(after).take_while(is_same).count();
        let pairs = before[head..].iter().rev().zip(after[head..].iter().rev());
        Self {
            head,
            tail: pairs.take_while(is_same).count(),
        }
    }

    fn len(&self) -> usize {
        self.head + self.tail
    }

    fn between<'a, T>(&self, list: &'a [T]) -> &'a [T] {
        &list[self.head..list.len() - self.tail]
    }

    /// Adds the equal ends around what happened between them.
    fn around(
        &self,
        matches: &Matches,
        key: Option<String>,
        (old, new): (&[Tree], &[Tree]),
    ) -> Alignment {
        let mut runs = Runs::default();
        runs.push(Run::Keep(self.head));
        matches.write(old, new, &mut runs);
        runs.push(Run::Keep(self.tail));
        let moved = matches.moved.iter();
        Alignment {
            key,
            runs: runs.0,
            moved: moved
                .map(|(from, to)| (from + self.head, to + self.head))
                .collect(),
        }
    }
}

/// Places in the earlier and in the later list.
type Pairs = Vec<(usize, usize)>;

/// Returns the longest end of `before` that `after` begins with, in elements.
///
/// The search of Knuth, Morris and Pratt ("Fast pattern matching in strings", 1977) for `after`,
/// as far as it got when `before` ends: at most four comparisons an element, whatever repeats.
fn overlap(before: &[Tree], after: &[Tree]) -> usize {
    let longest = before.len().min(after.len());
    let (text, pattern) = (&before[before.len() - longest..], &after[..longest]);
    let borders = borders(pattern);
    let mut matched = 0;
    for element in text {
        matched = extended(pattern, &borders, matched, element);
    }
    matched
}

/// Returns the failure function: for every prefix of a list, the length of its longest proper
/// prefix that is also its suffix.
fn borders(pattern: &[Tree]) -> Vec<u32> {
    let mut borders = vec![0; pattern.len()];
    let mut matched = 0;
    for place in 1..pattern.len() {
        matched = extended(pattern, &borders, matched, &pattern[place]);
        borders[place] = short(matched);
    }
    borders
}

/// Returns how much of a pattern is matched once one more element is read.
fn extended(pattern: &[Tree], borders: &[u32], matched: usize, element: &Tree) -> usize {
    let mut matched = matched;
    loop {
        if pattern.get(matched).is_some_and(|next| same(next, element)) {
            return matched + 1;
        }
        if matched == 0 {
            return 0;
        }
        matched = borders[matched - 1] as usize;
    }
}

/// Returns whether most of a list moved on to its front, and the first that went did not come back.
fn is_plain_ring(before: &[Tree], after: &[Tree], shared: usize, ends: &Ends) -> bool {
    let is_most = 2 * shared >= before.len().min(after.len()) && shared >= ends.len();
    let came_back = || {
        let mut added = after[shared..].iter();
        can_move(&before[0]) && added.any(|added| same(added, &before[0]))
    };
    shared > 0 && is_most && !came_back()
}

fn ring(before: usize, after: usize, shared: usize) -> Alignment {
    let mut runs = Runs::default();
    runs.push(Run::Drop(before - shared));
    runs.push(Run::Keep(shared));
    runs.push(Run::Add(after - shared));
    Alignment {
        runs: runs.0,
        ..Alignment::default()
    }
}

/// Returns whether an element of this kind can be recognised in another place, which numbers
/// cannot.
fn can_move(element: &Tree) -> bool {
    match element {
        Tree::Null | Tree::Bool(_) | Tree::Number(_) => false,
        Tree::String(_) | Tree::Array(_) | Tree::Object(_) => true,
    }
}

/// Returns whether two elements that differ have half of their parts in common. Different texts
/// have nothing in common; numbers are matched by their place.
fn are_alike(one: &Tree, other: &Tree) -> bool {
    let (common, parts) = match (one, other) {
        (Tree::Object(old), Tree::Object(new)) => {
            let common = old
                .iter()
                .filter(|(key, value)| new.get(key) == Some(value));
            (common.count(), old.len().max(new.len()))
        }
        (Tree::Array(old), Tree::Array(new)) => {
            let common = old.iter().zip(new).filter(|(old, new)| old == new);
            (common.count(), old.len().max(new.len()))
        }
        (Tree::String(_), _) | (_, Tree::String(_)) => return false,
        _ => return true,
    };
    2 * common >= parts
}

/// Matches equal elements: the most of them that there are in the same order, within bounds.
fn by_content(old: &[Tree], new: &[Tree]) -> Matches {
    if old.len().max(new.len()) > ALIGN_CONTENT_MAX {
        return Matches::default();
    }
    let contents = Contents::of(old, new);
    let once = contents.once();
    let by_order = || in_order(once.clone()).0;
    let pairs = match contents.are_shared_once() {
        true => by_order(),
        false => contents.longest_common().unwrap_or_else(by_order),
    };
    let mut is_matched = vec![false; old.len()];
    for &(from, _) in &pairs {
        is_matched[from] = true;
    }
    let moved = once.iter().copied();
    Matches {
        moved: moved
            .filter(|&(from, _)| !is_matched[from] && can_move(&old[from]))
            .collect(),
        pairs,
        are_told_apart: false,
    }
}

/// Parts pairs, ascending on the left, into the most that ascend on the right too, and the rest.
///
/// A longest increasing subsequence, by the smallest ends of those of each length
/// (Fredman, "On computing the length of longest increasing subsequences", 1975).
fn in_order(pairs: Pairs) -> (Pairs, Pairs) {
    if pairs.is_sorted_by_key(|pair| pair.1) {
        return (pairs, Vec::new());
    }
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| pairs[end].1 < pair.1);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut is_kept = vec![false; pairs.len()];
    let mut next = ends.last().copied();
    while let Some(index) = next {
        is_kept[index] = true;
        next = before[index];
    }
    let mut is_kept = is_kept.into_iter();
    let (kept, rest) = pairs
        .into_iter()
        .partition(|_| is_kept.next() == Some(true));
    (kept, rest)
}

/// Which elements of two lists are the same.
#[derive(Default)]
struct Matches {
    /// Their places, ascending on both sides.
    pairs: Pairs,
    /// Places of those that break that order.
    moved: Pairs,
    /// Whether no others are the same, whatever their places are.
    are_told_apart: bool,
}

impl Matches {
    fn by_key(found: Pairs) -> Self {
        let (pairs, moved) = in_order(found);
        Self {
            pairs,
            moved,
            are_told_apart: true,
        }
    }

    /// Separates elements paired only by place, if most pairs have little in common.
    fn part_strangers(&mut self, old: &[Tree], new: &[Tree]) {
        let mut runs = Runs::default();
        self.write(old, new, &mut runs);
        let (mut pairs, mut strangers) = (0, 0);
        let (mut from, mut to) = (0, 0);
        for run in runs.0 {
            match run {
                Run::Keep(count) => (from, to) = (from + count, to + count),
                Run::Drop(count) => from += count,
                Run::Add(count) => to += count,
                Run::Change(count) => {
                    let paired = old[from..from + count].iter().zip(&new[to..to + count]);
                    strangers += paired.filter(|(old, new)| !are_alike(old, new)).count();
                    pairs += count;
                    (from, to) = (from + count, to + count);
                }
            }
        }
        self.are_told_apart = strangers >= ALIGN_STRANGERS_MIN && 2 * strangers > pairs;
    }

    fn write(&self, old: &[Tree], new: &[Tree], runs: &mut Runs) {
        let loose = self.loose(old.len(), new.len());
        let (mut left, mut right) = (0, 0);
        for &(from, to) in &self.pairs {
            runs.between(&loose, (old, left..from), (new, right..to));
            // What is equal to a hash may still differ in the order of keys.
            runs.pair(same(&old[from], &new[to]));
            (left, right) = (from + 1, to + 1);
        }
        runs.between(&loose, (old, left..old.len()), (new, right..new.len()));
    }

    /// Marks for every element on both sides whether it may be paired by its place.
    fn loose(&self, before: usize, after: usize) -> [Vec<bool>; 2] {
        let mut loose = [before, after].map(|length| vec![!self.are_told_apart; length]);
        for &(from, to) in &self.moved {
            loose[0][from] = false;
            loose[1][to] = false;
        }
        loose
    }
}

#[derive(Default)]
struct Runs(Vec<Run>);

impl Runs {
    fn push(&mut self, run: Run) {
        match (self.0.last_mut(), run) {
            (_, Run::Keep(0) | Run::Change(0) | Run::Drop(0) | Run::Add(0)) => {}
            (Some(Run::Keep(count)), Run::Keep(more))
            | (Some(Run::Change(count)), Run::Change(more))
            | (Some(Run::Drop(count)), Run::Drop(more))
            | (Some(Run::Add(count)), Run::Add(more)) => *count += more,
            _ => self.0.push(run),
        }
    }

    fn pair(&mut self, is_equal: bool) {
        self.push(match is_equal {
            true => Run::Keep(1),
            false => Run::Change(1),
        });
    }

    /// Pairs by place the elements that may be, and drops and adds the rest.
    fn between(
        &mut self,
        [is_old_loose, is_new_loose]: &[Vec<bool>; 2],
        (old, mut left): (&[Tree], Range<usize>),
        (new, mut right): (&[Tree], Range<usize>),
    ) {
        while !left.is_empty() && !right.is_empty() {
            let (from, to) = (left.start, right.start);
            match (is_old_loose[from], is_new_loose[to]) {
                (false, _) => self.push(Run::Drop(1)),
                (true, false) => self.push(Run::Add(1)),
                (true, true) => self.pair(same(&old[from], &new[to])),
            }
            left.start += usize::from(!is_old_loose[from] || is_new_loose[to]);
            right.start += usize::from(is_old_loose[from]);
        }
        self.push(Run::Drop(left.len()));
        self.push(Run::Add(right.len()));
    }
}
