//! Local values laid over a followed document.
//!
//! A document falls into [`Place`]s, each with one value or none. An override gives a place another
//! value, or none. It stays if the followed document changes, also if that comes to have the same
//! value; and it is kept, but does not act, while the followed document leaves it no place.

mod differing;
mod place;

use std::collections::BTreeMap;

pub use self::differing::{Differing, differing, value};
pub use self::place::{NoPlace, Place};
use crate::document::{ComponentPath, FlagDocument};
use crate::problem::Severity;
use crate::tree::{Object, Tree, put};
use crate::validate::validate_value;

/// The values that places have; `None` for none.
pub type Values = BTreeMap<Place, Option<Tree>>;

/// A document with local values over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Overridden {
    /// What results; valid.
    pub document: FlagDocument,
    /// The places whose value does not act at present, each with the reason: a sentence.
    pub suspended: BTreeMap<Place, String>,
}

/// Lays values over a valid document.
///
/// A value that does not fit the document is left out. Which these are does not depend on when they
/// were given: one value after the other is tried, in the order of places, until none of the rest
/// fits. So the result is a largest set of values that fit together, though not always the only one.
pub fn overridden(below: &FlagDocument, own: &Values) -> Overridden {
    if own.is_empty() {
        return Overridden {
            document: below.clone(),
            suspended: BTreeMap::new(),
        };
    }
    let tree = below.to_tree();
    match with_all(&tree, own) {
        Ok(document) => Overridden {
            document,
            suspended: BTreeMap::new(),
        },
        Err(_) => as_many_as_fit(below, tree, own),
    }
}

/// Lays all values over a document.
///
/// # Errors
/// Why one of them does not fit.
fn with_all(tree: &Tree, own: &Values) -> Result<FlagDocument, String> {
    let mut tree = tree.clone();
    // What is removed first leaves room for what is added.
    let (added, removed): (Vec<_>, Vec<_>) = own.iter().partition(|(_, value)| value.is_some());
    for (place, value) in removed.into_iter().chain(added) {
        lay(&mut tree, place, value.as_ref())?;
    }
    checked(&tree)
}

fn as_many_as_fit(below: &FlagDocument, mut tree: Tree, own: &Values) -> Overridden {
    let mut document = below.clone();
    let mut waiting: Vec<_> = own.iter().collect();
    loop {
        let before = waiting.len();
        let mut suspended = BTreeMap::new();
        waiting.retain(|(place, value)| match with(&tree, place, value.as_ref()) {
            Ok(next) => {
                (tree, document) = next;
                false
            }
            Err(reason) => {
                suspended.insert(Place::clone(place), reason);
                true
            }
        });
        // One that fits now may be what another one waited for.
        if waiting.is_empty() || waiting.len() == before {
            return Overridden {
                document,
                suspended,
            };
        }
    }
}

fn with(tree: &Tree, place: &Place, value: Option<&Tree>) -> Result<(Tree, FlagDocument), String> {
    let mut tree = tree.clone();
    lay(&mut tree, place, value)?;
    let document = checked(&tree)?;
    Ok((tree, document))
}

fn checked(tree: &Tree) -> Result<FlagDocument, String> {
    let checked = validate_value(tree).map(|checked| checked.document);
    checked.map_err(|problems| {
        let errors = problems.into_iter();
        let mut errors = errors.filter(|problem| problem.severity == Severity::Error);
        errors
            .next()
            .map_or_else(String::new, |first| first.message)
    })
}

/// Gives one place a value, or none.
fn lay(tree: &mut Tree, place: &Place, value: Option<&Tree>) -> Result<(), String> {
    let document = tree.as_object_mut().expect("a document is an object");
    match (place, value) {
        (Place::Switch(path), Some(value)) => {
            let mut segments: Vec<&str> = path.segments().collect();
            let name = segments.pop().expect("a path has a segment");
            let group = group_of(document.get_or_insert("components"), &segments)?;
            set_switch(group, name, value, path)
        }
        (Place::Switch(path), None) => {
            let segments: Vec<&str> = path.segments().collect();
            if let Some(Tree::Object(group)) = document.get_mut("components")
                && remove_switch(group, &segments)
            {
                forget(document, path);
            }
            Ok(())
        }
        (Place::CustomRollout(path), value) => set_in(document, "rollouts", path.as_str(), value),
        (Place::Requires(path), value) => set_in(document, "requires", path.as_str(), value),
        (Place::About(path), value) => set_in(document, "about", path.as_str(), value),
        (Place::Master | Place::Bucketing | Place::Rollout | Place::Unknown(_), value) => {
            put(tree, &place.pointer(), value.cloned())
                .map(|_| ())
                .map_err(|error| error.to_string())
        }
    }
}

/// Returns the group that a path is in, with groups added on the way.
fn group_of<'a>(components: &'a mut Tree, segments: &[&str]) -> Result<&'a mut Object, String> {
    let mut group = components;
    for (depth, segment) in segments.iter().enumerate() {
        let inner = group.as_object_mut().map(|group| {
            if !group.contains_key(segment) {
                group.insert(*segment, Object::default().into());
            }
            group.get_mut(segment).expect("it was added above")
        });
        group = inner.ok_or_else(|| is_a_component(&segments[..depth]))?;
    }
    group
        .as_object_mut()
        .ok_or_else(|| is_a_component(segments))
}

fn is_a_component(segments: &[&str]) -> String {
    format!(
        "The followed document has a component {}, and no group of that name.",
        segments.join(".")
    )
}

fn set_switch(
    group: &mut Object,
    name: &str,
    value: &Tree,
    path: &ComponentPath,
) -> Result<(), String> {
    let is_empty_group = |tree: &Tree| tree.as_object().is_some_and(Object::is_empty);
    match group.get_mut(name) {
        None => group.insert(name, value.clone()),
        Some(Tree::Object(inner)) if !inner.is_empty() => {
            // A group that was empty when it was overridden has what was added to it since.
            return match is_empty_group(value) {
                true => Ok(()),
                false => Err(format!(
                    "The followed document has a group {path}, and no component of that name."
                )),
            };
        }
        Some(there) => *there = value.clone(),
    }
    Ok(())
}

/// Removes a component or an empty group, and the groups that are empty without it. Returns whether
/// it was there.
fn remove_switch(group: &mut Object, segments: &[&str]) -> bool {
    let Some((name, rest)) = segments.split_first() else {
        return false;
    };
    let (is_removed, is_left_empty) = match group.get_mut(name) {
        Some(Tree::Object(inner)) if rest.is_empty() => (inner.is_empty(), inner.is_empty()),
        Some(Tree::Object(inner)) => (remove_switch(inner, rest), inner.is_empty()),
        Some(_) => (rest.is_empty(), rest.is_empty()),
        None => (false, false),
    };
    if is_removed && is_left_empty {
        group.remove(name);
    }
    is_removed
}

/// Removes what the document says of a component that was removed.
fn forget(document: &mut Object, path: &ComponentPath) {
    for section in ["rollouts", "requires", "about"] {
        if let Some(Tree::Object(entries)) = document.get_mut(section) {
            entries.remove(path.as_str());
        }
    }
}

fn set_in(
    document: &mut Object,
    section: &str,
    key: &str,
    value: Option<&Tree>,
) -> Result<(), String> {
    match value {
        Some(value) => {
            let entries = document.get_or_insert(section);
            if entries.as_object().is_none() {
                *entries = Object::default().into();
            }
            let entries = entries.as_object_mut().expect("it was made one above");
            entries.insert(key, value.clone());
        }
        None => {
            if let Some(Tree::Object(entries)) = document.get_mut(section) {
                entries.remove(key);
            }
        }
    }
    Ok(())
}
