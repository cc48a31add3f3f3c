//! What a JSON tree from outside is, judged by its keys alone: a flag document, one with
//! misspelt keys, one nested in something else, or a file of another format.
//!
//! Almost every key of a flag document can be left out, so nearly any JSON object would pass
//! validation as the safe default, and importing it would turn everything off.
//! Knows nothing of whether what it recognises is valid.

mod foreign;

use std::collections::VecDeque;

pub use self::foreign::Format;
use crate::document::{check_segment, founding_components};
use crate::edit::distance;
use crate::limits;
use crate::problem::{Code, Pointer, Problem, listed, quote};
use crate::tree::{Object, Tree};

/// The keys of a flag document.
pub(crate) const KEYS: [&str; 7] = [
    "enabled",
    "components",
    "rollout",
    "rollouts",
    "requires",
    "about",
    "bucketing",
];

/// The keys of which a flag document has at least one.
const TELLING_KEYS: [&str; 3] = ["enabled", "components", "rollout"];

/// The keys whose entries are named after components.
const SECTIONS: [&str; 3] = ["rollouts", "requires", "about"];

/// Letters of a key for each that may be wrong, missing or too many.
const LETTERS_PER_MISTAKE: usize = 5;

/// What a JSON tree is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognised {
    /// A flag document.
    FlagDocument {
        /// Keys that are a known one but for their spelling.
        misspelt: Vec<Misspelt>,
    },
    /// Something else that has a flag document inside.
    Nested {
        /// Where the document is: a JSON Pointer.
        pointer: String,
        /// A key of the document, as it is spelt there.
        key: String,
    },
    /// A file of another format.
    Foreign(Format),
    /// None of these.
    Unknown,
}

/// An unknown key that is similar to a missing one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misspelt {
    /// The key as it is there.
    pub found: String,
    /// The key that is meant.
    pub meant: &'static str,
}

/// Recognises a tree by its keys.
///
/// A flag document has at least one of `enabled`, `components` and `rollout`. Without them, a
/// rollout, a requirement or a description of a component of the safe default tells one, too.
pub fn recognise(tree: &Tree) -> Recognised {
    let format = Format::of(tree);
    if let Some(object) = tree.as_object() {
        let misspelt = misspelt(object);
        let is_meant = |one: &Misspelt| TELLING_KEYS.contains(&one.meant);
        let is_own = is_telling(object) || misspelt.iter().any(is_meant);
        if is_own && !format.is_some_and(|format| format.shares_keys(object)) {
            return Recognised::FlagDocument { misspelt };
        }
    }
    if let Some(format) = format.filter(|format| !format.is_of_flags()) {
        return Recognised::Foreign(format);
    }
    // Flags, and rules that they share, may have the names of a document's keys.
    if foreign::is_certainly_flagd(tree) {
        return Recognised::Foreign(Format::Flagd);
    }
    let nested = inside(tree, |value| sure_key(value.as_object()?));
    match (nested, format) {
        (Some((pointer, key)), _) => Recognised::Nested { pointer, key },
        (None, Some(format)) => Recognised::Foreign(format),
        (None, None) => Recognised::Unknown,
    }
}

/// Returns the format of flags of others that are somewhere inside a tree.
pub(crate) fn foreign_inside(tree: &Tree) -> Option<Format> {
    let of_flags = |value: &Tree| Format::of(value).filter(|format| format.is_of_flags());
    inside(tree, of_flags).map(|(_, format)| format)
}

/// Finds keys of an object that are similar to a document key that it lacks.
pub(crate) fn misspelt(object: &Object) -> Vec<Misspelt> {
    let mut missing = KEYS.to_vec();
    missing.retain(|key| !object.contains_key(key));
    let unknown = object.keys().filter(|key| !KEYS.contains(key));
    let mut found = Vec::new();
    for key in unknown {
        if let Some(meant) = nearest(key, &missing) {
            missing.retain(|key| *key != meant);
            let found_key = key.to_owned();
            found.push(Misspelt {
                found: found_key,
                meant,
            });
        }
    }
    found
}

/// Returns the known key that `key` is close to: but for its case, for `_` and `-`, and for one
/// letter in five.
pub(crate) fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let plain: String = key.chars().filter(|c| !matches!(c, '_' | '-')).collect();
    let near = known.iter().filter_map(|known| {
        let most = known.len() / LETTERS_PER_MISTAKE;
        // Most keys are of another length, which costs less to see.
        let may_be = plain.len().abs_diff(known.len()) <= most;
        let distance = may_be.then(|| distance(&plain, known))?;
        (distance <= most).then_some((distance, *known))
    });
    near.min().map(|(_, known)| known)
}

fn is_telling(object: &Object) -> bool {
    let founding = founding_components();
    let is_founding = |path: &str| {
        let group = path.split('.').next().unwrap_or_default();
        founding.contains_key(group)
    };
    let tells = |section: &&str| match object.get(section) {
        Some(Tree::Object(entries)) => entries.keys().any(is_founding),
        _ => false,
    };
    TELLING_KEYS.iter().any(|key| object.contains_key(key)) || SECTIONS.iter().any(tells)
}

/// Finds the value nearest to the root of which `find` returns something, and returns its pointer
/// with that.
fn inside<T>(tree: &Tree, find: impl Fn(&Tree) -> Option<T>) -> Option<(String, T)> {
    let mut waiting = VecDeque::from([(Pointer::default(), tree, 0)]);
    let mut looked_at = 0;
    while let Some((at, value, level)) = waiting.pop_front() {
        if let Some(found) = find(value) {
            return Some((at.into(), found));
        }
        if level == limits::NESTED_LEVELS_MAX {
            continue;
        }
        for (token, inner) in entries(value, limits::NESTED_VALUES_MAX - looked_at) {
            looked_at += 1;
            waiting.push_back((at.at(&token), inner, level + 1));
        }
    }
    None
}

/// Lists the objects and lists that are one level down, up to `most`.
fn entries(value: &Tree, most: usize) -> Vec<(String, &Tree)> {
    let is_branch = |it: &Tree| matches!(it, Tree::Object(_) | Tree::Array(_));
    match value {
        Tree::Object(object) => {
            let branches = object.iter().filter(|(_, it)| is_branch(it)).take(most);
            branches.map(|(key, it)| (key.to_owned(), it)).collect()
        }
        Tree::Array(items) => {
            let numbered = items.iter().enumerate();
            let branches = numbered.filter(|(_, it)| is_branch(it)).take(most);
            branches.map(|(i, it)| (i.to_string(), it)).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns a key, as it is spelt, if a nested object certainly is a flag document: a single key
/// such as `enabled` proves nothing there.
fn sure_key(object: &Object) -> Option<String> {
    let as_meant = misspelt(object);
    let spelt = |key: &'static str| match object.contains_key(key) {
        true => Some(key.to_owned()),
        false => as_meant
            .iter()
            .find(|one| one.meant == key)
            .map(|one| one.found.clone()),
    };
    let object_at = |key: &'static str| {
        let spelt = spelt(key)?;
        object.get(&spelt)?.as_object().map(|_| spelt)
    };
    let components = object_at("components");
    let rollout = object_at("rollout");
    let has_more = KEYS.iter().filter(|key| spelt(key).is_some()).count() > 1;
    let shares = |key: &String| {
        object
            .get(key)
            .and_then(|it| it.get("percentage"))
            .is_some()
    };
    match (components, rollout) {
        (Some(key), _) => Some(key),
        (None, Some(key)) if has_more || shares(&key) => Some(key),
        _ => None,
    }
}

impl Misspelt {
    /// Returns it as a problem that refuses the document.
    pub(crate) fn problem(&self) -> Problem {
        let message = format!(
            "{} is not a key of a flag document; did you mean {}?",
            quote(&self.found),
            quote(self.meant)
        );
        let pointer = Pointer::default().at(&self.found);
        Problem::error(Code::MisspeltKey, pointer, message)
    }
}

/// Says that a document is inside something else.
pub(crate) fn nested_problem(pointer: &str, key: &str) -> Problem {
    let message = format!(
        "The flag document is at {}, not at the top: did you mean {} there? Leave out what is around it.",
        quote(pointer),
        quote(key)
    );
    Problem::error(Code::NestedDocument, pointer, message)
}

/// Says that an object is no flag document.
pub(crate) fn unknown_problem(object: &Object) -> Problem {
    let message = if is_component_tree(object) {
        "This is not a flag document, but looks like its components: put it under components, \
         as in {\"enabled\": true, \"components\": {\"checkout\": true}}."
            .to_owned()
    } else {
        let keys: Vec<String> = object.keys().map(quote).collect();
        let found = match keys.is_empty() {
            true => "nothing".into(),
            false => listed(&keys),
        };
        format!(
            "This is not a flag document: it has {found}, and a flag document has at least one \
             of enabled, components and rollout. The smallest one is {{\"enabled\": false}}."
        )
    };
    Problem::error(Code::NotAFlagDocument, "", message)
}

/// Returns whether an object has nothing but switches, and groups of them.
fn is_component_tree(object: &Object) -> bool {
    let is_node = |node: &Tree| match node {
        Tree::Bool(_) => true,
        Tree::Object(group) => is_component_tree(group),
        _ => false,
    };
    let is_name = |name: &str| check_segment(name).is_ok() && !KEYS.contains(&name);
    !object.is_empty() && object.keys().all(is_name) && object.values().all(is_node)
}

impl Format {
    /// Returns it as a problem that refuses the document.
    pub(crate) fn problem(self) -> Problem {
        let message = format!(
            "This is {}, not a flag document. {}",
            self.name(),
            self.advice()
        );
        Problem::error(Code::ForeignFormat, "", message)
    }
}
