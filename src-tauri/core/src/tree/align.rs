//! Which elements of two lists belong together.
//!
//! Rings that moved on are recognised whatever their length; lists of objects are matched by a
//! key that tells their elements apart; everything else by the longest common subsequence, as
//! far as that is affordable.

use std::hash::{Hash, Hasher};

use foldhash::fast::{FixedState, FoldHasher};
use serde_json::Value;
use std::collections::HashMap;
use std::hash::BuildHasher;

use super::same;
use crate::limits::{ALIGN_DIFFERENCES_MAX, ALIGN_KEYS};

/// How the elements of two lists belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alignment {
    /// The key that elements were told apart by; none where by their content or place.
    pub key: Option<String>,
    /// What becomes of both lists, in order. The lengths of those of the earlier list (`Keep`,
    /// `Change`, `Drop`) add up to it, as those of the later list do (`Keep`, `Change`, `Add`).
    pub runs: Vec<Run>,
    /// Elements that stand elsewhere, as indices before and after. In `runs` they are dropped
    /// and added.
    pub moved: Vec<(usize, usize)>,
}

/// Elements next to each other that fare alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// So many are the same in both.
    Keep(usize),
    /// So many of both belong together, and differ.
    Change(usize),
    /// So many of the earlier list went.
    Drop(usize),
    /// So many of the later list came.
    Add(usize),
}

/// Aligns two lists.
pub fn align(before: &[Value], after: &[Value]) -> Alignment {
    let prefix = common(before.iter().zip(after));
    let (old, new) = (&before[prefix..], &after[prefix..]);
    if old.is_empty() || new.is_empty() {
        return plain(prefix, ends(old, new), 0);
    }
    if prefix == 0
        && let Some(kept) = overlap(before, after)
    {
        let runs = [
            Run::Drop(before.len() - kept),
            Run::Keep(kept),
            Run::Add(after.len() - kept),
        ];
        return plain(0, runs.to_vec(), 0);
    }
    let suffix = common(old.iter().rev().zip(new.iter().rev()));
    let (old, new) = (&old[..old.len() - suffix], &new[..new.len() - suffix]);
    if let Some(aligned) = by_key(old, new) {
        let moved = aligned.moved.into_iter();
        return Alignment {
            moved: moved
                .map(|(from, to)| (from + prefix, to + prefix))
                .collect(),
            key: aligned.key,
            ..plain(prefix, aligned.runs, suffix)
        };
    }
    plain(prefix, by_content(old, new), suffix)
}

fn plain(prefix: usize, runs: Vec<Run>, suffix: usize) -> Alignment {
    let mut joined = Vec::with_capacity(runs.len() + 2);
    for run in [Run::Keep(prefix)]
        .into_iter()
        .chain(runs)
        .chain([Run::Keep(suffix)])
    {
        push(&mut joined, run);
    }
    Alignment {
        runs: joined,
        ..Alignment::default()
    }
}

/// Adds a run, to the last one where they fare alike.
fn push(runs: &mut Vec<Run>, run: Run) {
    match (runs.last_mut(), run) {
        (_, Run::Keep(0) | Run::Change(0) | Run::Drop(0) | Run::Add(0)) => {}
        (Some(Run::Keep(count)), Run::Keep(more))
        | (Some(Run::Change(count)), Run::Change(more))
        | (Some(Run::Drop(count)), Run::Drop(more))
        | (Some(Run::Add(count)), Run::Add(more)) => *count += more,
        _ => runs.push(run),
    }
}

fn common<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> usize {
    let mut pairs = pairs;
    let mut count = 0;
    while pairs.next().is_some_and(|(one, other)| same(one, other)) {
        count += 1;
    }
    count
}

fn ends(old: &[Value], new: &[Value]) -> Vec<Run> {
    vec![Run::Drop(old.len()), Run::Add(new.len())]
}

/// Returns how many elements at the end of `before` stand at the beginning of `after`, if those
/// are most of the shorter one: a ring that moved on.
///
/// The prefix function of Knuth, Morris and Pratt (1977), which takes time in proportion to the
/// lengths whatever the elements are.
fn overlap(before: &[Value], after: &[Value]) -> Option<usize> {
    // An end of `before` longer than `after` cannot be its beginning.
    let text = &before[before.len().saturating_sub(after.len())..];
    let table = borders(after);
    let mut matched = 0;
    for element in text {
        while matched > 0 && (matched == after.len() || !same(element, &after[matched])) {
            matched = table[matched - 1];
        }
        if same(element, &after[matched]) {
            matched += 1;
        }
    }
    let shorter = before.len().min(after.len());
    (matched * 2 > shorter).then_some(matched)
}

/// For each beginning of a list, how long its longest proper end is that is a beginning too.
fn borders(list: &[Value]) -> Vec<usize> {
    let mut table = vec![0; list.len()];
    let mut matched = 0;
    for place in 1..list.len() {
        while matched > 0 && !same(&list[place], &list[matched]) {
            matched = table[matched - 1];
        }
        if same(&list[place], &list[matched]) {
            matched += 1;
        }
        table[place] = matched;
    }
    table
}

/// Aligns lists of objects by a key that each of them has, if there is one.
fn by_key(old: &[Value], new: &[Value]) -> Option<Alignment> {
    let key = ALIGN_KEYS
        .into_iter()
        .find(|key| identifies(old, key) && identifies(new, key))?;
    let places: HashMap<u64, usize, FixedState> = new
        .iter()
        .enumerate()
        .filter_map(|(place, element)| Some((digest(element.get(key)?), place)))
        .collect();
    let target = |element: &Value| places.get(&digest(element.get(key)?)).copied();
    let pairs: Vec<(usize, usize)> = old
        .iter()
        .enumerate()
        .filter_map(|(place, element)| Some((place, target(element)?)))
        .filter(|(from, to)| old[*from].get(key) == new[*to].get(key))
        .collect();
    let stay = longest_rising(&pairs);
    let moved = pairs.iter().filter(|pair| !stay.contains(pair)).copied();
    Some(Alignment {
        key: Some(key.to_owned()),
        moved: moved.collect(),
        runs: runs_of(&stay, old, new),
    })
}

/// Says whether a key tells the elements of a list apart: each is an object that has it, no two
/// of them the same.
fn identifies(list: &[Value], key: &str) -> bool {
    let mut seen = std::collections::HashSet::with_capacity(list.len());
    !list.is_empty()
        && list.iter().all(|element| match element.get(key) {
            Some(value @ (Value::String(_) | Value::Number(_))) => seen.insert(digest(value)),
            _ => false,
        })
}

/// Returns as many of the pairs as can stay in order: those of a longest rising subsequence of
/// their second places. `pairs` rise in the first.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // `tails[length]` is the pair with the lowest second place that ends a rising run so long.
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (place, pair) in pairs.iter().enumerate() {
        let length = tails.partition_point(|tail| pairs[*tail].1 < pair.1);
        before.push(length.checked_sub(1).map(|shorter| tails[shorter]));
        match tails.get_mut(length) {
            Some(tail) => *tail = place,
            None => tails.push(place),
        }
    }
    let mut found = Vec::with_capacity(tails.len());
    let mut place = tails.last().copied();
    while let Some(at) = place {
        found.push(pairs[at]);
        place = before[at];
    }
    found.reverse();
    found
}

/// Makes runs of pairs that rise in both places.
fn runs_of(pairs: &[(usize, usize)], old: &[Value], new: &[Value]) -> Vec<Run> {
    let mut runs = Vec::new();
    let (mut from, mut to) = (0, 0);
    for (old_place, new_place) in pairs {
        push(&mut runs, Run::Drop(old_place - from));
        push(&mut runs, Run::Add(new_place - to));
        push(
            &mut runs,
            match same(&old[*old_place], &new[*new_place]) {
                true => Run::Keep(1),
                false => Run::Change(1),
            },
        );
        (from, to) = (old_place + 1, new_place + 1);
    }
    push(&mut runs, Run::Drop(old.len() - from));
    push(&mut runs, Run::Add(new.len() - to));
    runs
}

/// Aligns by what elements are: a longest common subsequence where the lists differ little, else
/// place by place. An element that went where another came is taken for changed.
fn by_content(old: &[Value], new: &[Value]) -> Vec<Run> {
    let (from, to): (Vec<u64>, Vec<u64>) = (
        old.iter().map(digest).collect(),
        new.iter().map(digest).collect(),
    );
    let pairs = common_subsequence(&from, &to).unwrap_or_default();
    let pairs: Vec<(usize, usize)> = pairs
        .into_iter()
        .filter(|(from, to)| same(&old[*from], &new[*to]))
        .collect();
    changed(runs_of(&pairs, old, new))
}

/// Takes elements that went for those that came in their place.
fn changed(runs: Vec<Run>) -> Vec<Run> {
    let mut joined: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs {
        match (joined.last().copied(), run) {
            (Some(Run::Drop(dropped)), Run::Add(added)) => {
                joined.pop();
                let both = dropped.min(added);
                push(&mut joined, Run::Change(both));
                push(&mut joined, Run::Drop(dropped - both));
                push(&mut joined, Run::Add(added - both));
            }
            _ => push(&mut joined, run),
        }
    }
    joined
}

/// Returns a longest common subsequence as pairs of places; none where the lists differ in more
/// than [`ALIGN_DIFFERENCES_MAX`] elements.
///
/// Myers, "An O(ND) difference algorithm and its variations" (1986), the greedy form.
fn common_subsequence(old: &[u64], new: &[u64]) -> Option<Vec<(usize, usize)>> {
    let (n, m) = (old.len() as isize, new.len() as isize);
    let most = (n + m).min(ALIGN_DIFFERENCES_MAX as isize);
    let centre = most + 1;
    // The furthest place in `old` on each diagonal; what they were before each round is kept to
    // find the way back.
    let mut furthest = vec![0isize; (2 * most + 3) as usize];
    let mut rounds: Vec<Vec<isize>> = Vec::new();
    for d in 0..=most {
        rounds.push(furthest[(centre - d - 1) as usize..=(centre + d + 1) as usize].to_vec());
        for k in (-d..=d).step_by(2) {
            let at = |k: isize| furthest[(centre + k) as usize];
            let down = k == -d || (k != d && at(k - 1) < at(k + 1));
            let mut x = if down { at(k + 1) } else { at(k - 1) + 1 };
            while x < n && x - k < m && old[x as usize] == new[(x - k) as usize] {
                x += 1;
            }
            furthest[(centre + k) as usize] = x;
            if x >= n && x - k >= m {
                return Some(way_back(&rounds, n, m));
            }
        }
    }
    None
}

fn way_back(rounds: &[Vec<isize>], n: isize, m: isize) -> Vec<(usize, usize)> {
    let (mut x, mut y) = (n, m);
    let mut pairs = Vec::new();
    for (d, round) in rounds.iter().enumerate().rev() {
        let d = d as isize;
        let k = x - y;
        let at = |k: isize| round[(k + d + 1) as usize];
        let down = k == -d || (k != d && at(k - 1) < at(k + 1));
        let previous = if down { k + 1 } else { k - 1 };
        let (start_x, start_y) = match d {
            0 => (0, 0),
            _ => (at(previous), at(previous) - previous),
        };
        while x > start_x && y > start_y {
            (x, y) = (x - 1, y - 1);
            pairs.push((x as usize, y as usize));
        }
        (x, y) = (start_x, start_y);
    }
    pairs.reverse();
    pairs
}

/// Returns a number that the same values share, and others hardly ever do.
pub(crate) fn digest(value: &Value) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    feed(value, &mut hasher);
    hasher.finish()
}

fn feed(value: &Value, hasher: &mut FoldHasher<'_>) {
    match value {
        Value::Null => hasher.write_u8(0),
        Value::Bool(value) => hasher.write_u8(1 + u8::from(*value)),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), _, _) if !number_is_float(value) => (3u8, number).hash(hasher),
            (_, Some(number), _) if !number_is_float(value) => (4u8, number).hash(hasher),
            (_, _, number) => (5u8, number.unwrap_or_default().to_bits()).hash(hasher),
        },
        Value::String(text) => (6u8, text).hash(hasher),
        Value::Array(elements) => {
            (7u8, elements.len()).hash(hasher);
            elements.iter().for_each(|element| feed(element, hasher));
        }
        Value::Object(members) => {
            (8u8, members.len()).hash(hasher);
            for (key, value) in members {
                key.hash(hasher);
                feed(value, hasher);
            }
        }
    }
}

fn number_is_float(value: &Value) -> bool {
    value.is_f64()
}
