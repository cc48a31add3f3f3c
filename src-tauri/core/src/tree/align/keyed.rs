//! Elements identified by a key that each of them has.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;

use super::{Ends, Pairs};
use crate::limits;
use crate::tree::Tree;

/// The place of each value in a list.
type Places<'a> = HashMap<&'a Tree, usize, RandomState>;

/// Members of an object that are searched one by one.
const FEW: usize = 8;

/// Keys that may identify elements, the likeliest first.
const KEYS: [&str; 6] = ["id", "key", "ts", "timestamp", "name", "path"];

/// What an identifying key gives for two lists.
pub(super) struct Keyed {
    pub(super) key: &'static str,
    /// The places of elements with the same value, ascending in the earlier list.
    pub(super) found: Pairs,
}

impl Keyed {
    /// Infers the key: the first that identifies elements and has a value in both lists between
    /// their equal ends; else the first that identifies them, as nothing stayed.
    pub(super) fn infer(before: &[Tree], after: &[Tree], ends: &Ends) -> Option<Self> {
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

    /// Looks at a key; `None` if it does not identify elements.
    fn by(key: &'static str, before: &[Tree], after: &[Tree], ends: &Ends) -> Option<Self> {
        let old = ids(key, before)?;
        let new = ids(key, after)?;
        let found = match is_ascending(&old, &new) {
            true => merged(ends.between(&old), ends.between(&new)),
            false => looked_up(&old, &new, ends)?,
        };
        Some(Self { key, found })
    }
}

/// Returns the key that identifies the elements of a list; `None` if none does.
pub(in crate::tree) fn identity(list: &[Tree]) -> Option<&'static str> {
    let tells_apart = |key: &&str| ids(key, list).is_some_and(|ids| places(&ids).is_some());
    KEYS.into_iter().find(tells_apart)
}

/// The identity of an element: the value of the key, or the element itself if it has none.
#[derive(Clone, Copy)]
struct Id<'a> {
    value: &'a Tree,
    is_key: bool,
}

/// Returns the identity of each element; `None` if too many lack the key.
fn ids<'a>(key: &str, list: &'a [Tree]) -> Option<Vec<Id<'a>>> {
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

fn key_of<'a>(key: &str, element: &'a Tree) -> Option<&'a Tree> {
    let members = element.as_object()?;
    // Among few members, a linear search is faster than a hash.
    let id = match members.len() <= FEW {
        true => members.iter().find(|(name, _)| *name == key)?.1,
        false => members.get(key)?,
    };
    matches!(id, Tree::String(_) | Tree::Number(_)).then_some(id)
}

/// Returns whether keys ascend in both lists, which makes them unique and easy to match.
fn is_ascending(old: &[Id<'_>], new: &[Id<'_>]) -> bool {
    let ascends = |ids: &[Id<'_>]| {
        let mut pairs = ids.windows(2);
        pairs.all(|pair| order(pair[0], pair[1]) == Some(Ordering::Less))
    };
    ascends(old) && ascends(new)
}

/// Compares keys of one kind: numbers or texts; `None` for two kinds.
fn order(one: Id<'_>, other: Id<'_>) -> Option<Ordering> {
    match (one.value, other.value) {
        _ if !one.is_key || !other.is_key => None,
        (Tree::String(one), Tree::String(other)) => Some(one.cmp(other)),
        (Tree::Number(one), Tree::Number(other)) => one.partial_cmp(other),
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

/// Matches equal keys of two lists in any order; `None` if a list has one twice.
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
            // A duplicate; equal elements without a key count as one.
            None if id.is_key => return None,
            None => {}
        }
    }
    Some(found)
}

/// Returns the place of each key; `None` if one is there twice.
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
