//! What does not count as a difference between two trees, and is preserved: the order of keys (RFC
//! 8259, section 4), and the spelling of equal numbers.
//!
//! A tree that replaces another one has this order: members that both have keep their old order,
//! and a new member comes after the one it follows in the new text, or first if it follows none.
//! The order of lists has meaning, and is that of the new tree.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use super::{Object, Tree, compare};

/// Returns a tree that replaces another one, with its keys in the old order, and with equal numbers
/// spelled as before.
///
/// The values are those of `new`. Costs one pass over both trees if nothing has to change.
pub fn settled(new: Tree, old: &Tree) -> Tree {
    if is_settled(&new, old) {
        return new;
    }
    let mut kept = old.clone();
    match compare(old, &new).apply(&mut kept) {
        Ok(()) => kept,
        Err(_) => new,
    }
}

/// Returns whether the keys of two trees are in one order, as far as both have them, and numbers
/// spelled alike. Elements of lists are looked at by their place.
fn is_settled(new: &Tree, old: &Tree) -> bool {
    match (new, old) {
        (Tree::Object(new), Tree::Object(old)) => have_one_order(new, old),
        (Tree::Array(new), Tree::Array(old)) => {
            let mut pairs = new.iter().zip(old);
            pairs.all(|(new, old)| is_settled(new, old))
        }
        (Tree::Number(new), Tree::Number(old)) => new != old || new.is_spelled_as(old),
        _ => true,
    }
}

fn have_one_order(new: &Object, old: &Object) -> bool {
    if new.keys().eq(old.keys()) {
        let mut pairs = new.values().zip(old.values());
        return pairs.all(|(new, old)| is_settled(new, old));
    }
    let mut left = old.iter().filter(|(key, _)| new.contains_key(key));
    let mut stay = new.iter().filter(|(key, _)| old.contains_key(key));
    stay.all(|(key, new)| {
        left.next()
            .is_some_and(|(beside, old)| beside == key && is_settled(new, old))
    })
}

/// Returns whether two objects have the same members, in whatever order. Members mostly come in the
/// same order, and then none is looked up.
pub(super) fn are_same(one: &Object, other: &Object) -> bool {
    let mut beside = other.iter();
    one.len() == other.len()
        && one.iter().all(|(key, value)| {
            let found = match beside.next() {
                Some((name, found)) if name == key => Some(found),
                _ => other.get(key),
            };
            found == Some(value)
        })
}

/// Returns the final place of each member that `new` adds, in that order.
pub(super) fn places<'a>(old: &Object, new: &'a Object) -> Vec<(usize, &'a str, &'a Tree)> {
    let before: Vec<&str> = old.keys().collect();
    let after: Vec<&str> = new.keys().collect();
    let names = merged(&before, &after).into_iter().enumerate();
    let added = names.filter(|(_, key)| !old.contains_key(key));
    added
        .filter_map(|(place, key)| Some((place, key, new.get(key)?)))
        .collect()
}

/// Returns the names of an object that replaces another one, in their resulting order.
pub(crate) fn merged<'a>(old: &[&str], new: &[&'a str]) -> Vec<&'a str> {
    let known: HashSet<&str, RandomState> = old.iter().copied().collect();
    let is_new = |key: &&str| !known.contains(key);
    let first = new.iter().take_while(|key| is_new(key)).count();
    let (first, rest) = new.split_at(first);
    // Each that stays, with those that come behind it.
    let runs = rest.chunk_by(|_, next| is_new(next));
    let mut runs: HashMap<&str, &[&'a str], RandomState> =
        runs.filter_map(|run| Some((*run.first()?, run))).collect();
    let stay = old.iter().filter_map(|key| runs.remove(key));
    std::iter::once(first)
        .chain(stay)
        .flatten()
        .copied()
        .collect()
}
