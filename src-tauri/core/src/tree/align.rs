//! Which elements of two lists are the same: equal ones, and those under one key.
//!
//! Knows nothing of what elements mean, and never looks for likeness: two elements are equal,
//! have the same key, or have the same place.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use foldhash::fast::RandomState;
use serde_json::Value;

use super::same;
use crate::limits;

/// What elements are told apart by, the likeliest first.
const KEYS: [&str; 6] = ["id", "key", "ts", "timestamp", "name", "path"];

/// Members of an object that are few.
const FEW: usize = 8;

/// How the elements of one list became those of another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alignment {
    /// The key of objects that elements were told apart by; none where by content and place.
    pub key: Option<String>,
    /// What happened from the first to the last element, no two of one kind in a row.
    /// `Keep`, `Change` and `Drop` add up to the length of the earlier list, `Keep`, `Change`
    /// and `Add` to that of the later one.
    pub runs: Vec<Run>,
    /// Elements that stayed, but stand elsewhere among those that stayed: their places in the
    /// earlier and in the later list. They are in `runs` as dropped and as added.
    /// Those that were told apart by a key may differ within.
    pub moved: Vec<(usize, usize)>,
}

/// So many elements in a row to which the same happened, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// They stayed and are equal.
    Keep(usize),
    /// They stayed and each differs from what it was.
    Change(usize),
    /// They went.
    Drop(usize),
    /// They came.
    Add(usize),
}

/// Tells how the elements of `before` became those of `after`.
///
/// Objects with a key in common (`id`, `key`, `ts`, `timestamp`, `name` or `path`: text or
/// number, in nearly all of them, and in no two of one list alike, but for some that all went)
/// are told apart by it.
/// Anything else is by content: a ring that moved on first, which takes linear time whatever is
/// in it, otherwise the longest common part as far as [`limits::ALIGN_DIFFERENCES_MAX`] reaches,
/// and what is left between equal elements by place.
///
/// Equal is what [`same`] takes as equal.
pub fn align(before: &[Value], after: &[Value]) -> Alignment {
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
    let matches = by_content(old, new);
    // More than that search found within its bound, or by place.
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
    fn of(before: &[Value], after: &[Value]) -> Self {
        let is_same = |(old, new): &(&Value, &Value)| same(old, new);
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

    /// Puts the ends around what happened between them.
    fn around(
        &self,
        matches: &Matches,
        key: Option<String>,
        (old, new): (&[Value], &[Value]),
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

type Places<'a> = HashMap<&'a Value, usize, RandomState>;

/// What a key that tells elements apart says of two lists.
struct Keyed {
    key: &'static str,
    /// The places of elements with the same, ascending in the earlier list.
    found: Pairs,
}

impl Keyed {
    /// Infers the key: the first that tells elements apart and of which both lists share one
    /// between their equal ends; failing that, the first that tells them apart, as nothing
    /// stayed.
    fn infer(before: &[Value], after: &[Value], ends: &Ends) -> Option<Self> {
        let mut unshared = None;
        for key in KEYS {
            let Some(keyed) = Self::by(key, before, after, ends) else {
                continue;
            };
            if !keyed.found.is_empty() {
                return Some(keyed);
            }
            unshared = unshared.or(Some(keyed));
        }
        unshared
    }

    /// Looks at a key; none where it does not tell elements apart.
    fn by(key: &'static str, before: &[Value], after: &[Value], ends: &Ends) -> Option<Self> {
        let old = ids(key, before)?;
        let new = ids(key, after)?;
        let found = match is_ascending(&old, &new) {
            true => merged(ends.between(&old), ends.between(&new)),
            false => looked_up(&old, &new, ends)?,
        };
        Some(Self { key, found })
    }
}

/// What tells an element from others: the value of the key, or itself where it has none.
#[derive(Clone, Copy)]
struct Id<'a> {
    value: &'a Value,
    is_key: bool,
}

/// Returns what tells each element apart; none where too many lack the key.
fn ids<'a>(key: &str, list: &'a [Value]) -> Option<Vec<Id<'a>>> {
    let mut ids = Vec::with_capacity(list.len());
    let mut without = 0;
    for element in list {
        let value = key_of(key, element);
        without += usize::from(value.is_none());
        if without * limits::ALIGN_KEYLESS_ONE_IN > list.len() {
            return None;
        }
        ids.push(Id {
            value: value.unwrap_or(element),
            is_key: value.is_some(),
        });
    }
    Some(ids)
}

fn key_of<'a>(key: &str, element: &'a Value) -> Option<&'a Value> {
    let members = element.as_object()?;
    // In a few members one is found sooner by looking at each than by its hash.
    let id = match members.len() <= FEW {
        true => members.iter().find(|(name, _)| *name == key)?.1,
        false => members.get(key)?,
    };
    (id.is_string() || id.is_number()).then_some(id)
}

/// Says whether keys ascend in both lists, which makes them unique and easy to match.
fn is_ascending(old: &[Id<'_>], new: &[Id<'_>]) -> bool {
    let ascends = |ids: &[Id<'_>]| {
        let mut pairs = ids.windows(2);
        pairs.all(|pair| order(pair[0], pair[1]) == Some(Ordering::Less))
    };
    ascends(old) && ascends(new)
}

/// Compares keys of one kind: counts, other numbers or texts; none of two kinds.
fn order(one: Id<'_>, other: Id<'_>) -> Option<Ordering> {
    match (one.value, other.value) {
        _ if !one.is_key || !other.is_key => None,
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Number(one), Value::Number(other)) => match (one.as_u64(), other.as_u64()) {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            (None, None) if one.is_f64() && other.is_f64() => {
                one.as_f64()?.partial_cmp(&other.as_f64()?)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Matches equal keys of two lists in which they ascend; those of two kinds never are.
fn merged(old: &[Id<'_>], new: &[Id<'_>]) -> Pairs {
    let mut found = Pairs::with_capacity(old.len().min(new.len()));
    let (mut from, mut to) = (0, 0);
    while let (Some(one), Some(other)) = (old.get(from), new.get(to)) {
        let order = order(*one, *other);
        if order == Some(Ordering::Equal) {
            found.push((from, to));
        }
        from += usize::from(order != Some(Ordering::Greater));
        to += usize::from(order != Some(Ordering::Less));
    }
    found
}

/// Matches equal keys of two lists in any order; none where one is twice in a list.
fn looked_up(old: &[Id<'_>], new: &[Id<'_>], ends: &Ends) -> Option<Pairs> {
    let places = places(new)?;
    let old = ends.between(old);
    let mut is_found = vec![false; ends.between(new).len()];
    let mut found = Pairs::with_capacity(old.len());
    for (from, id) in old.iter().enumerate() {
        let Some(to) = places.get(id.value) else {
            continue;
        };
        let between = to.checked_sub(ends.head).filter(|&to| to < is_found.len());
        match between.filter(|&to| !std::mem::replace(&mut is_found[to], true)) {
            Some(to) => found.push((from, to)),
            // Another has it; of those without a key that are alike, one stands for all.
            None if id.is_key => return None,
            None => {}
        }
    }
    Some(found)
}

/// Returns where each key is; none where one is twice.
fn places<'a>(ids: &[Id<'a>]) -> Option<Places<'a>> {
    let mut places = Places::with_capacity_and_hasher(ids.len(), RandomState::default());
    for (place, id) in ids.iter().enumerate() {
        match places.entry(id.value) {
            Entry::Occupied(_) if id.is_key => return None,
            Entry::Occupied(_) => {}
            Entry::Vacant(vacant) => drop(vacant.insert(place)),
        }
    }
    Some(places)
}

/// Returns the longest end of `before` that `after` begins with, in elements.
///
/// The search of Knuth, Morris and Pratt ("Fast pattern matching in strings", 1977) for `after`,
/// as far as it got when `before` ends: at most four comparisons an element, whatever repeats.
fn overlap(before: &[Value], after: &[Value]) -> usize {
    let longest = before.len().min(after.len());
    let (text, pattern) = (&before[before.len() - longest..], &after[..longest]);
    let borders = borders(pattern);
    let mut matched = 0;
    for element in text {
        matched = extended(pattern, &borders, matched, element);
    }
    matched
}

/// Returns for every beginning of a list how much of it, itself aside, it ends with again.
fn borders(pattern: &[Value]) -> Vec<usize> {
    let mut borders = vec![0; pattern.len()];
    let mut matched = 0;
    for place in 1..pattern.len() {
        matched = extended(pattern, &borders, matched, &pattern[place]);
        borders[place] = matched;
    }
    borders
}

/// Returns how much of a pattern is matched once one more element is read.
fn extended(pattern: &[Value], borders: &[usize], matched: usize, element: &Value) -> usize {
    let mut matched = matched;
    loop {
        if pattern.get(matched).is_some_and(|next| same(next, element)) {
            return matched + 1;
        }
        if matched == 0 {
            return 0;
        }
        matched = borders[matched - 1];
    }
}

/// Says whether most of a list moved on to its front, and the first that went did not come back.
fn is_plain_ring(before: &[Value], after: &[Value], shared: usize, ends: &Ends) -> bool {
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

/// Says whether an element is itself in another place too: one 7 is not another.
fn can_move(element: &Value) -> bool {
    match element {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(_) | Value::Array(_) | Value::Object(_) => true,
    }
}

/// Matches equal elements: the most of them that there are in the same order, within bounds.
fn by_content(old: &[Value], new: &[Value]) -> Matches {
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
        are_keyed: false,
    }
}

/// Two lists as numbers that are equal where elements are.
struct Contents {
    before: Vec<usize>,
    after: Vec<usize>,
    /// By number: how often it is in each list, and where last.
    found: Vec<[Found; 2]>,
}

#[derive(Clone, Copy, Default)]
struct Found {
    count: usize,
    last: usize,
}

impl Contents {
    fn of(old: &[Value], new: &[Value]) -> Self {
        let mut numbers = Places::with_capacity_and_hasher(old.len(), RandomState::default());
        let mut contents = Self {
            before: Vec::with_capacity(old.len()),
            after: Vec::with_capacity(new.len()),
            // The first stands for everything that is in the later list only.
            found: vec![[Found::default(); 2]],
        };
        for (place, element) in old.iter().enumerate() {
            let number = match numbers.entry(element) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(unknown) => {
                    contents.found.push([Found::default(); 2]);
                    *unknown.insert(contents.found.len() - 1)
                }
            };
            contents.found[number][0].note(place);
            contents.before.push(number);
        }
        for (place, element) in new.iter().enumerate() {
            let number = numbers.get(element).copied().unwrap_or_default();
            contents.found[number][1].note(place);
            contents.after.push(number);
        }
        contents
    }

    /// Returns the places of what is exactly once in each list, in the order of the earlier one.
    fn once(&self) -> Pairs {
        let found = self.found.iter();
        let once = found.filter(|sides| sides.iter().all(|side| side.count == 1));
        once.map(|[before, after]| (before.last, after.last))
            .collect()
    }

    /// Says whether nothing that is in both lists is twice in one.
    fn are_shared_once(&self) -> bool {
        let mut found = self.found.iter();
        found.all(|sides| !is_shared(sides) || sides.iter().all(|side| side.count == 1))
    }

    /// Returns a longest common part; none where too much differs.
    fn longest_common(&self) -> Option<Pairs> {
        // What is on one side only is in no common part, and would count as a difference.
        let shared = |list: &[usize]| -> (Vec<usize>, Vec<usize>) {
            let places = list.iter().copied().enumerate();
            places
                .filter(|&(_, number)| is_shared(&self.found[number]))
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
        Some(pairs.map(|(from, to)| (left[from], right[to])).collect())
    }
}

impl Found {
    fn note(&mut self, place: usize) {
        self.count += 1;
        self.last = place;
    }
}

fn is_shared(sides: &[Found; 2]) -> bool {
    sides.iter().all(|side| side.count > 0)
}

/// A search for a longest common part: how far one gets with ever more differences.
///
/// The greedy one of Myers ("An O(ND) difference algorithm and its variations", 1986).
/// A diagonal is where `from - to` is the same, of places in both lists.
struct Search<'a> {
    old: &'a [usize],
    new: &'a [usize],
    /// By the number of differences: the place in `old` on every other diagonal from
    /// `-differences` to `differences`.
    reached: Vec<Vec<isize>>,
}

impl Search<'_> {
    /// Returns the places of a longest common part; none beyond the most differences.
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

    /// Returns where one gets onto a diagonal with its last difference: from the one beside it
    /// that leads further, by an element dropped or one added.
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

    /// Returns where the elements that are equal from here on end.
    fn slide(&self, from: isize, diagonal: isize) -> isize {
        let rest = |list: &[usize], place: isize| -> usize { list.len().min(place as usize) };
        let old = &self.old[rest(self.old, from)..];
        let new = &self.new[rest(self.new, from - diagonal)..];
        let equal = old.iter().zip(new).take_while(|(old, new)| old == new);
        from + equal.count() as isize
    }

    /// Goes back the way that led to the end.
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

/// Which elements of two lists belong together.
#[derive(Default)]
struct Matches {
    /// Their places, ascending on both sides.
    pairs: Pairs,
    /// Places of those that break that order.
    moved: Pairs,
    /// Whether a key told: then pairs may differ within, and no others belong together.
    are_keyed: bool,
}

impl Matches {
    fn by_key(found: Pairs) -> Self {
        let (pairs, moved) = in_order(found);
        Self {
            pairs,
            moved,
            are_keyed: true,
        }
    }

    fn write(&self, old: &[Value], new: &[Value], runs: &mut Runs) {
        let loose = self.loose(old.len(), new.len());
        let (mut left, mut right) = (0, 0);
        for &(from, to) in &self.pairs {
            runs.between(&loose, (old, left..from), (new, right..to));
            // What is equal to a hash may still differ in the sign of zero.
            runs.pair(same(&old[from], &new[to]));
            (left, right) = (from + 1, to + 1);
        }
        runs.between(&loose, (old, left..old.len()), (new, right..new.len()));
    }

    /// Tells of every element on both sides whether it may belong to one by its place.
    fn loose(&self, before: usize, after: usize) -> [Vec<bool>; 2] {
        let mut loose = [before, after].map(|length| vec![!self.are_keyed; length]);
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

    /// Pairs by place what may be paired, and drops and adds the rest.
    fn between(
        &mut self,
        [is_old_loose, is_new_loose]: &[Vec<bool>; 2],
        (old, mut left): (&[Value], Range<usize>),
        (new, mut right): (&[Value], Range<usize>),
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
