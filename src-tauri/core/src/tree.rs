//! JSON trees: places in them, their text, and the patches between them.
//!
//! Programs name a place by a JSON Pointer (RFC 6901), sources by a dotted key, as in
//! `metrics.usage.filesAnalyzed`, and people by the key that a difference prints, as in
//! `files[id=7].name`. Knows nothing of what a tree means.

pub mod align;
pub mod canonical;
mod json;
pub mod keys;
mod masked;
mod number;
pub mod order;
pub mod patch;
pub mod path;
mod read;

use std::hash::{Hash, Hasher};

use foldhash::fast::RandomState;
use indexmap::IndexMap;

pub use self::align::{Alignment, Run, align};
pub use self::canonical::{hash, is_hash_of, write};
pub use self::json::{deserialize, deserialize_unique};
pub use self::keys::{KeyError, dotted, get, get_key, put, set_key};
pub(crate) use self::masked::{Masked, masked};
pub use self::number::Number;
pub use self::order::settled;
pub use self::patch::{Patch, compare};
pub use self::path::{Path, PathError, Slot, slot};
pub(crate) use self::read::read_strict;
pub use self::read::{UniqueError, mended, read, read_unique};

/// A JSON tree.
///
/// The same as `serde_json::Value` with its keys in order, in less than half of the memory:
/// a node takes 24 bytes instead of 72, a list of numbers three times less. States are held and
/// compared whole, and have tens of thousands of nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Tree {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, equal to every number of the same value.
    Number(Number),
    /// A text.
    String(Box<str>),
    /// A list.
    Array(Vec<Tree>),
    /// An object.
    Object(Box<Object>),
}

/// The members of an object, in their order. Objects that differ only in the order are equal.
#[derive(Debug, Clone, Default, Eq)]
pub struct Object(IndexMap<Box<str>, Tree, RandomState>);

impl Tree {
    /// Returns a text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns what a switch says.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns a number as the float that is nearest to it, if there is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// Returns a whole number, if it fits, however it is written; see [`crate::whole`].
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64().or_else(|| number.small()),
            _ => None,
        }
    }

    /// Returns a whole number from 0 up, if it fits, however it is written; see [`crate::whole`].
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number
                .as_u64()
                .or_else(|| u64::try_from(number.small()?).ok()),
            _ => None,
        }
    }

    /// Returns the elements of a list.
    pub fn as_array(&self) -> Option<&[Tree]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// Returns the members of an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Returns the members of an object, mutably.
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Returns a member of an object.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.as_object()?.get(key)
    }
}

impl Object {
    /// Returns an object without members, and room for so many.
    pub fn with_capacity(members: usize) -> Self {
        Self(IndexMap::with_capacity_and_hasher(
            members,
            RandomState::default(),
        ))
    }

    /// Returns a member.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.0.get(key)
    }

    /// Returns a member with its name.
    pub(crate) fn get_key_value(&self, key: &str) -> Option<(&str, &Tree)> {
        let (key, value) = self.0.get_key_value(key)?;
        Some((key, value))
    }

    /// Returns a member, mutably.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Tree> {
        self.0.get_mut(key)
    }

    /// Returns a member, mutably; inserts `null` if it is missing.
    pub fn get_or_insert(&mut self, key: impl Into<Box<str>>) -> &mut Tree {
        self.0.entry(key.into()).or_default()
    }

    /// Keeps the members for which `keep` returns `true`.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Tree) -> bool) {
        self.0.retain(|key, value| keep(key, value));
    }

    /// Returns whether there is a member of this name.
    pub fn contains_key(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Replaces the member of the same name, or adds one at the end.
    pub fn insert(&mut self, key: impl Into<Box<str>>, value: Tree) {
        self.0.insert(key.into(), value);
    }

    /// Inserts a member that is not there yet before the one at `place`.
    pub fn insert_at(&mut self, place: usize, key: impl Into<Box<str>>, value: Tree) {
        self.0.shift_insert(place, key.into(), value);
    }

    /// Adds members at the end, or replaces those of the same name.
    pub(crate) fn extend(&mut self, members: impl Iterator<Item = (Box<str>, Tree)>) {
        self.0.extend(members);
    }

    /// Takes a member away; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Tree> {
        self.0.shift_remove(key)
    }

    /// Counts the members.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Goes through the members in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Tree)> + DoubleEndedIterator {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    /// Goes through the names in their order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.0.keys().map(|key| &**key)
    }

    /// Goes through the values in their order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Tree> {
        self.0.values()
    }
}

impl IntoIterator for Object {
    type Item = (Box<str>, Tree);
    type IntoIter = indexmap::map::IntoIter<Box<str>, Tree>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(Box<str>, Tree)> for Object {
    /// The last of several members of one name counts, in the place of the first.
    fn from_iter<I: IntoIterator<Item = (Box<str>, Tree)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        order::are_same(self, other)
    }
}

impl Hash for Object {
    /// The order does not count, as in comparisons of objects.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_unstable_by_key(|(key, _)| *key);
        sorted.hash(state);
    }
}

/// Returns whether two trees are the same in every value, which is what `==` says, too: neither the
/// order of keys nor how a number is spelled counts.
pub fn same(one: &Tree, other: &Tree) -> bool {
    one == other
}

/// Returns whether a value has more than about so many bytes as text. Stops looking once it has.
pub fn is_larger(value: &Tree, bytes: usize) -> bool {
    left(value, bytes).is_none()
}

/// Subtracts the length of a value's text from a budget; `None` if it does not suffice.
fn left(value: &Tree, budget: usize) -> Option<usize> {
    match value {
        Tree::String(text) => budget.checked_sub(text.len() + 2),
        Tree::Array(elements) => elements
            .iter()
            .try_fold(budget.checked_sub(2)?, |budget, element| {
                left(element, budget.checked_sub(1)?)
            }),
        Tree::Object(members) => members
            .iter()
            .try_fold(budget.checked_sub(2)?, |budget, (key, value)| {
                left(value, budget.checked_sub(key.len() + 4)?)
            }),
        Tree::Number(number) => budget.checked_sub(number.as_literal().map_or(5, str::len)),
        // The shortest and the longest of these differ by little.
        _ => budget.checked_sub(5),
    }
}

/// Returns how deep a value is nested: 0 for one without parts.
pub fn depth(value: &Tree) -> usize {
    let deepest = match value {
        Tree::Array(elements) => elements.iter().map(depth).max(),
        Tree::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + deepest.unwrap_or(0)
}
