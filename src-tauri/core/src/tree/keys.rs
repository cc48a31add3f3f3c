//! Places in a tree, by JSON Pointer and by dotted key: found, set, taken away.

use super::{Object, Tree, patch};
use crate::limits::{SEGMENTS_RESERVED, TREE_DEPTH_MAX};

/// Why nothing can be set at a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A part of the key is empty.
    #[error("{key} has an empty part; a key is such as usage.filesAnalyzed")]
    Empty {
        /// The key.
        key: String,
    },
    /// A part of the key is a name that JavaScript gives a meaning of its own.
    #[error("{key} has the part {part}, which JavaScript reserves")]
    Reserved {
        /// The key.
        key: String,
        /// The part.
        part: String,
    },
    /// What is set would be nested too deep.
    #[error("{key} leads deeper than {TREE_DEPTH_MAX} levels, with what is in its value")]
    TooDeep {
        /// The key.
        key: String,
    },
    /// There is no such place in a list.
    #[error("{key} leads to {part} of a list of {length}; there is 0 to {length}")]
    NoSuchElement {
        /// The key.
        key: String,
        /// The part that should be an index.
        part: String,
        /// How many elements there are; the next one may be set.
        length: usize,
    },
    /// The way leads through something that has no parts.
    #[error("{key} leads through {part}, which is neither an object nor a list")]
    NoParts {
        /// The key.
        key: String,
        /// Where it ends.
        part: String,
    },
}

/// Returns what is at a JSON Pointer; the tree itself for `""`.
pub fn get<'a>(tree: &'a Tree, pointer: &str) -> Option<&'a Tree> {
    if pointer.is_empty() {
        return Some(tree);
    }
    if !pointer.starts_with('/') {
        return None;
    }
    tokens(pointer)
        .iter()
        .try_fold(tree, |at, token| part(at, token))
}

/// Returns what is at a JSON Pointer, to be changed.
pub(super) fn get_mut<'a>(tree: &'a mut Tree, pointer: &str) -> Option<&'a mut Tree> {
    tokens(pointer).iter().try_fold(tree, |at, token| match at {
        Tree::Object(members) => members.get_mut(token),
        Tree::Array(elements) => elements.get_mut(index(token)?),
        _ => None,
    })
}

/// Returns a part of an object or a list.
pub(super) fn part<'a>(at: &'a Tree, key: &str) -> Option<&'a Tree> {
    match at {
        Tree::Object(members) => members.get(key),
        Tree::Array(elements) => elements.get(index(key)?),
        _ => None,
    }
}

/// Returns what is at a dotted key. A key of an object that has dots itself is found, too: the
/// longest one that the rest begins with.
pub fn get_key<'a>(tree: &'a Tree, key: &str) -> Option<&'a Tree> {
    let mut at = tree;
    let mut rest = Some(key);
    while let Some(key) = rest {
        let part = next_part(at, key);
        at = self::part(at, part)?;
        rest = after(key, part);
    }
    Some(at)
}

/// Sets what is at a dotted key, or takes it away; returns what was there. Objects that are
/// missing on the way are made. A list takes a value at its end, too.
///
/// # Errors
/// [`KeyError`] where the key leads nowhere that can be set; nothing is changed then.
pub fn set_key(tree: &mut Tree, key: &str, value: Option<Tree>) -> Result<Option<Tree>, KeyError> {
    check(key, value.as_ref())?;
    let mut parts = Vec::new();
    let mut at = Some(&*tree);
    let mut rest = Some(key);
    while let Some(key) = rest {
        let part = at.map_or_else(|| first(key), |at| next_part(at, key));
        at = at.and_then(|at| self::part(at, part));
        rest = after(key, part);
        parts.push(part);
    }
    set(tree, &parts, value, key)
}

/// Sets what is at a JSON Pointer, or takes it away; returns what was there. `""` is the whole.
///
/// # Errors
/// [`KeyError`] where the pointer leads nowhere that can be set; nothing is changed then.
pub fn put(tree: &mut Tree, pointer: &str, value: Option<Tree>) -> Result<Option<Tree>, KeyError> {
    let tokens = tokens(pointer);
    let parts: Vec<&str> = tokens.iter().map(String::as_str).collect();
    if parts.is_empty() {
        return Ok(Some(replace(tree, &value.unwrap_or_default())));
    }
    set(tree, &parts, value, pointer)
}

/// Returns the keys on the way to a JSON Pointer.
pub fn tokens(pointer: &str) -> Vec<String> {
    let tokens = pointer.split('/').skip(1);
    tokens
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// Returns a JSON Pointer with another key at its end.
pub fn at(pointer: &str, key: &str) -> String {
    match key.contains(['~', '/']) {
        true => format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")),
        false => format!("{pointer}/{key}"),
    }
}

/// Returns a JSON Pointer as a dotted key.
pub fn dotted(pointer: &str) -> String {
    tokens(pointer).join(".")
}

/// Returns a dotted key as a JSON Pointer into a tree, in which it need not be.
pub fn pointer_of(tree: &Tree, key: &str) -> String {
    let mut pointer = String::new();
    let mut found = Some(tree);
    let mut rest = Some(key).filter(|key| !key.is_empty());
    while let Some(key) = rest {
        let part = found.map_or_else(|| first(key), |found| next_part(found, key));
        pointer = at(&pointer, part);
        found = found.and_then(|found| self::part(found, part));
        rest = after(key, part);
    }
    pointer
}

fn check(key: &str, value: Option<&Tree>) -> Result<(), KeyError> {
    let owned = || key.to_owned();
    let mut count = value.map_or(0, super::depth);
    for part in key.split('.') {
        if part.is_empty() {
            return Err(KeyError::Empty { key: owned() });
        }
        if SEGMENTS_RESERVED.contains(&part) {
            return Err(KeyError::Reserved {
                key: owned(),
                part: part.into(),
            });
        }
        count += 1;
    }
    match count > TREE_DEPTH_MAX {
        true => Err(KeyError::TooDeep { key: owned() }),
        false => Ok(()),
    }
}

/// Returns the first part of a key: the longest key of an object that the key begins with, else
/// what stands before the first dot.
fn next_part<'a>(at: &Tree, key: &'a str) -> &'a str {
    let Tree::Object(members) = at else {
        return first(key);
    };
    let dots = key.match_indices('.').map(|(place, _)| place);
    let ends = std::iter::once(key.len()).chain(dots.rev());
    ends.map(|end| &key[..end])
        .find(|part| members.contains_key(part))
        .unwrap_or_else(|| first(key))
}

fn first(key: &str) -> &str {
    key.split('.').next().unwrap_or(key)
}

fn after<'a>(key: &'a str, part: &str) -> Option<&'a str> {
    key[part.len()..].strip_prefix('.')
}

/// Reads an index as JSON Pointers have them: no sign, no leading zero.
pub(super) fn index(part: &str) -> Option<usize> {
    let is_plain = part == "0" || !part.starts_with(['0', '+']);
    part.parse().ok().filter(|_| is_plain)
}

/// Sets what is at the end of a way that has at least one part.
fn set(
    tree: &mut Tree,
    parts: &[&str],
    value: Option<Tree>,
    key: &str,
) -> Result<Option<Tree>, KeyError> {
    let Some((part, rest)) = parts.split_first() else {
        return Ok(None);
    };
    match tree {
        Tree::Object(members) => set_member(members, part, rest, value, key),
        Tree::Array(elements) => {
            let length = elements.len();
            let place = index(part).filter(|place| *place <= length);
            let no_such_element = || KeyError::NoSuchElement {
                key: key.to_owned(),
                part: (*part).to_owned(),
                length,
            };
            let place = place.ok_or_else(no_such_element)?;
            match (elements.get_mut(place), rest.is_empty(), value) {
                (Some(element), false, value) => set(element, rest, value, key),
                (Some(element), true, Some(value)) => Ok(Some(replace(element, &value))),
                (Some(_), true, None) => Ok(Some(elements.remove(place))),
                (None, true, Some(value)) => {
                    elements.push(value);
                    Ok(None)
                }
                (None, _, None) => Ok(None),
                (None, false, Some(_)) => Err(no_such_element()),
            }
        }
        _ => Err(KeyError::NoParts {
            key: key.to_owned(),
            part: (*part).to_owned(),
        }),
    }
}

/// Puts a value in the place of another one; what is equal in both stays as it is written.
fn replace(at: &mut Tree, value: &Tree) -> Tree {
    let settled = patch::settled(at, value);
    std::mem::replace(at, settled)
}

fn set_member(
    members: &mut Object,
    part: &str,
    rest: &[&str],
    value: Option<Tree>,
    key: &str,
) -> Result<Option<Tree>, KeyError> {
    if let Some(member) = members.get_mut(part) {
        return match (rest.is_empty(), value) {
            (false, value) => set(member, rest, value, key),
            (true, Some(value)) => Ok(Some(replace(member, &value))),
            (true, None) => Ok(members.remove(part)),
        };
    }
    if let Some(value) = value {
        let made = rest.iter().rev().fold(value, |inner, part| {
            Object::from_iter([((*part).into(), inner)]).into()
        });
        members.insert(part.to_owned(), made);
    }
    Ok(None)
}
