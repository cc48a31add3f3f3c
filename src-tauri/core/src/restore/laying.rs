//! One part of a state laid on another state, which then has that part as the first has it, or
//! lacks it too.

use crate::tree::{self, Object, Path, Tree, keys, slot};

/// Makes a part of `base` what it is in `from`.
///
/// An element of a list is found by its identity in each. One that `base` lacks is inserted
/// behind the nearest neighbour that both have; one that `from` lacks is removed, and no other.
/// If what a part is in is gone from `base`, objects and lists on the way are made empty, and a
/// record of a list comes back whole.
pub(super) fn lay(base: &mut Tree, from: &Tree, part: &Path) {
    match (part.find(from), part.find(base)) {
        (Some(theirs), Some(ours)) => replace(base, &ours, tree::get(from, &theirs).cloned()),
        (Some(theirs), None) => bring(base, from, part, &theirs),
        (None, Some(_)) => remove(base, part),
        (None, None) => {}
    }
}

/// Sets or removes the value at an existing place.
fn replace(base: &mut Tree, pointer: &str, value: Option<Tree>) {
    let put = tree::put(base, pointer, value);
    debug_assert!(put.is_ok(), "{pointer} was found");
}

/// Removes what a key leads to. A list that is shorter in the snapshot ends there: behind
/// an element that is named by its place, the next one would have that name.
fn remove(base: &mut Tree, part: &Path) {
    while let Some(pointer) = part.find(base) {
        if pointer.is_empty() {
            return;
        }
        replace(base, &pointer, None);
    }
}

/// Inserts what `base` lacks.
fn bring(base: &mut Tree, from: &Tree, part: &Path, theirs: &str) {
    let made = part.parent().map(|outer| make(base, from, &outer));
    if made == Some(Made::ToInsertInto) {
        insert(base, from, part, theirs, tree::get(from, theirs).cloned());
    }
}

/// Inserts a value behind the nearest neighbour that both trees have.
fn insert(base: &mut Tree, from: &Tree, part: &Path, theirs: &str, value: Option<Tree>) {
    if part.ends_by_place() {
        return fill(base, from, part, theirs);
    }
    if let (Some(slot), Some(value)) = (slot(from, theirs, base), value) {
        slot.insert(base, value);
    }
}

/// Fills a list up to an element that is named by its place.
fn fill(base: &mut Tree, from: &Tree, part: &Path, theirs: &str) {
    let outer = part.parent().and_then(|outer| outer.find(base));
    let (Some(ours), Some((outer, last))) = (outer, theirs.rsplit_once('/')) else {
        return;
    };
    let length = list(base, &ours).len();
    let missing = list(from, outer).iter().enumerate();
    let end = last.parse::<usize>().map_or(0, |last| last + 1);
    for (place, element) in missing.take(end).skip(length) {
        replace(
            base,
            &keys::at(&ours, &place.to_string()),
            Some(element.clone()),
        );
    }
}

fn list<'a>(tree: &'a Tree, pointer: &str) -> &'a [Tree] {
    let found = tree::get(tree, pointer).and_then(Tree::as_array);
    found.unwrap_or_default()
}

/// What was created so that something can be inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// An object or a list that still lacks it.
    ToInsertInto,
    /// An element of a list, with all that it had.
    WithAllInIt,
}

/// Creates the object or list that `part` leads to in `from` in `base`, too.
fn make(base: &mut Tree, from: &Tree, part: &Path) -> Made {
    let Some(theirs) = part.find(from) else {
        return Made::ToInsertInto;
    };
    let value = tree::get(from, &theirs).cloned().unwrap_or_default();
    let ours = part.find(base);
    if let Some(ours) = &ours
        && tree::get(base, ours).is_some_and(|ours| is_one_kind(ours, &value))
    {
        return Made::ToInsertInto;
    }
    let outer = part.parent().unwrap_or_default();
    if ours.is_none() && make(base, from, &outer) == Made::WithAllInIt {
        return Made::WithAllInIt;
    }
    let is_element = outer.value(from).is_some_and(|it| it.as_array().is_some());
    let (value, made) = match is_element {
        true => (value, Made::WithAllInIt),
        false => (emptied(&value), Made::ToInsertInto),
    };
    match ours {
        Some(ours) => replace(base, &ours, Some(value)),
        None => insert(base, from, part, &theirs, Some(value)),
    }
    made
}

fn is_one_kind(one: &Tree, other: &Tree) -> bool {
    matches!(
        (one, other),
        (Tree::Object(_), Tree::Object(_)) | (Tree::Array(_), Tree::Array(_))
    )
}

fn emptied(value: &Tree) -> Tree {
    match value {
        Tree::Array(_) => Tree::Array(Vec::new()),
        _ => Object::default().into(),
    }
}
