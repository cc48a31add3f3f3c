//! Places in a tree, by JSON Pointer and by dotted key: found, set, removed.
//!
//! One rule for dotted keys, for every reader: `a.b` is the member `b` of `a` if that is there,
//! else the one member named `a.b` if that is there, else a new member `b` of `a`. A name in
//! brackets and quotes is one member whether it is there or not, as in `versions["v1.2"]`;
//! [`super::path`] has everything that brackets hold. Brackets that hold none of it are part of a
//! name. Any text is a name, also one that JavaScript reserves.

use std::borrow::Cow;

use super::{Object, Path, Tree, settled};
use crate::limits::TREE_DEPTH_MAX;

/// Why nothing can be set at a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A part of the key is empty.
    #[error("{key} has an empty part; a key is such as usage.filesAnalyzed")]
    Empty {
        /// The key.
        key: String,
    },
    /// What is set would be nested too deep.
    #[error("{key} leads deeper than {TREE_DEPTH_MAX} levels, with what is in its value")]
    TooDeep {
        /// The key.
        key: String,
    },
    /// There is no such place in a list.
    #[error("{key} leads to {part} of a list of {length}; an index is from 0 to {length}")]
    NoSuchElement {
        /// The key.
        key: String,
        /// The part that should be an index.
        part: String,
        /// How many elements there are; the next one may be set.
        length: usize,
    },
    /// It names an element that is not there, or a place in a list that is not there.
    #[error("there is no {key}, and nothing that it could be added to")]
    Nowhere {
        /// The key.
        key: String,
    },
    /// The path leads through something that has no parts.
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

/// Returns what is at a JSON Pointer, mutably.
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

/// Returns what is at a dotted key.
pub fn get_key<'a>(tree: &'a Tree, key: &str) -> Option<&'a Tree> {
    if let Some(found) = path_of(key).and_then(|path| path.value(tree)) {
        return Some(found);
    }
    let mut parts = Vec::new();
    let is_found = key.split('.').count() <= TREE_DEPTH_MAX && follow(tree, key, &mut parts);
    match is_found {
        true => parts.into_iter().try_fold(tree, part),
        false => None,
    }
}

/// Sets what is at a dotted key, or removes it; returns what was there. Missing objects on the way
/// are created. A value can be added at the end of a list, too.
///
/// # Errors
/// [`KeyError`] if the key leads nowhere that can be set; nothing is changed then.
pub fn set_key(tree: &mut Tree, key: &str, value: Option<Tree>) -> Result<Option<Tree>, KeyError> {
    let owned = || key.to_owned();
    let path = path_of(key);
    if path.is_none() && key.split('.').any(str::is_empty) {
        return Err(KeyError::Empty { key: owned() });
    }
    // Before the key is followed, which takes longer the more parts it has.
    let parts = path.as_ref().map_or(key.split('.').count(), Path::steps);
    if parts + value.as_ref().map_or(0, super::depth) > TREE_DEPTH_MAX {
        return Err(KeyError::TooDeep { key: owned() });
    }
    match path {
        Some(path) => {
            let pointer = path.target(tree);
            let tokens = tokens(&pointer.ok_or_else(|| KeyError::Nowhere { key: owned() })?);
            let parts: Vec<&str> = tokens.iter().map(String::as_str).collect();
            set(tree, &parts, value, key)
        }
        None => set_by_dots(tree, key, value),
    }
}

/// Does the same as [`set_key`] with a key whose brackets are part of names.
pub(crate) fn set_by_dots(
    tree: &mut Tree,
    key: &str,
    value: Option<Tree>,
) -> Result<Option<Tree>, KeyError> {
    set(tree, &way(tree, key), value, key)
}

/// Sets what is at a JSON Pointer, or removes it; returns what was there. `""` is the whole.
///
/// # Errors
/// [`KeyError`] if the pointer leads nowhere that can be set; nothing is changed then.
pub fn put(tree: &mut Tree, pointer: &str, value: Option<Tree>) -> Result<Option<Tree>, KeyError> {
    let tokens = tokens(pointer);
    let parts: Vec<&str> = tokens.iter().map(String::as_str).collect();
    if parts.is_empty() {
        return Ok(Some(replaced(tree, value.unwrap_or_default())));
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
    if let Some(pointer) = path_of(key).and_then(|path| path.target(tree)) {
        return pointer;
    }
    let parts = way(tree, key).into_iter().filter(|part| !part.is_empty());
    parts.fold(String::new(), |pointer, part| at(&pointer, part))
}

/// Returns a dotted key with dots alone: `versions.v1.2` of `versions["v1.2"]`.
pub fn flattened(key: &str) -> Cow<'_, str> {
    match path_of(key) {
        Some(path) => dotted(&path.target(&Tree::Null).unwrap_or_default()).into(),
        None => key.into(),
    }
}

/// Reads a dotted key that has brackets; `None` if it has none, or what is in them is part of
/// a name.
pub(crate) fn path_of(key: &str) -> Option<Path> {
    let has_brackets = key.contains('[');
    has_brackets.then(|| Path::from_dotted(key).ok())?
}

/// Follows a dotted key: part by part first, then with more and more parts as one name. Returns
/// whether it leads to something, with the names on the way in `parts`.
fn follow<'a>(at: &Tree, key: &'a str, parts: &mut Vec<&'a str>) -> bool {
    let dots = key.match_indices('.').map(|(place, _)| place);
    for end in dots.chain([key.len()]) {
        let Some(inner) = part(at, &key[..end]) else {
            continue;
        };
        parts.push(&key[..end]);
        if end == key.len() || follow(inner, &key[end + 1..], parts) {
            return true;
        }
        parts.pop();
    }
    false
}

/// Returns the names on the way to a dotted key that may be missing: after the longest prefix that
/// exists, each part is a name.
fn way<'a>(tree: &Tree, key: &'a str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    if follow(tree, key, &mut parts) {
        return parts;
    }
    let mut dots = key.rmatch_indices('.').map(|(place, _)| place);
    let end = dots.find(|end| follow(tree, &key[..*end], &mut parts));
    let rest = end.map_or(key, |end| &key[end + 1..]);
    parts.extend(rest.split('.'));
    parts
}

/// Reads an index as JSON Pointers have them: no sign, no leading zero.
pub(super) fn index(part: &str) -> Option<usize> {
    let is_plain = part == "0" || !part.starts_with(['0', '+']);
    part.parse().ok().filter(|_| is_plain)
}

/// Sets what is at the end of a path of at least one part.
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
                (Some(element), true, Some(value)) => Ok(Some(replaced(element, value))),
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

/// Replaces a value; what is equal in both keeps its spelling.
fn replaced(place: &mut Tree, value: Tree) -> Tree {
    let value = settled(value, place);
    std::mem::replace(place, value)
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
            (true, Some(value)) => Ok(Some(replaced(member, value))),
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
