//! The members of an object: in their order, and found by name.
//!
//! States have tens of thousands of objects with few members each and the same names in all of
//! them, so names are shared, and only the places of many members are hashed.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::{Tree, order};

/// Members that are searched one by one: among few, that is faster than a hash.
const FEW: usize = 16;

/// The members of an object, in their order. Objects that differ only in the order are equal.
#[derive(Debug, Clone, Default, Eq)]
pub struct Object {
    members: Vec<(Arc<str>, Tree)>,
    /// The place of each member by its name, if there are more than [`FEW`].
    places: Option<Box<Places>>,
}

type Places = HashMap<Arc<str>, usize, RandomState>;

impl Object {
    /// Returns an object without members, and room for so many.
    pub fn with_capacity(members: usize) -> Self {
        Self {
            members: Vec::with_capacity(members),
            places: None,
        }
    }

    /// Returns a member.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// Returns a member with its name.
    pub(crate) fn get_key_value(&self, key: &str) -> Option<(&str, &Tree)> {
        let (key, value) = &self.members[self.place(key)?];
        Some((key, value))
    }

    /// Returns a member, mutably.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Tree> {
        let place = self.place(key)?;
        Some(&mut self.members[place].1)
    }

    /// Returns a member, mutably; inserts `null` if it is missing.
    pub fn get_or_insert(&mut self, key: impl Into<Arc<str>>) -> &mut Tree {
        let key = key.into();
        let place = self.place(&key).unwrap_or_else(|| {
            self.push(key, Tree::Null);
            self.members.len() - 1
        });
        &mut self.members[place].1
    }

    /// Keeps the members for which `keep` returns `true`.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Tree) -> bool) {
        self.members.retain(|(key, value)| keep(key, value));
        self.index();
    }

    /// Returns whether there is a member of this name.
    pub fn contains_key(&self, key: &str) -> bool {
        self.place(key).is_some()
    }

    /// Replaces the member of the same name, or adds one at the end.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: Tree) {
        let key = key.into();
        match self.place(&key) {
            Some(place) => self.members[place].1 = value,
            None => self.push(key, value),
        }
    }

    /// Inserts a member that is not there yet before the one at `place`.
    pub fn insert_at(&mut self, place: usize, key: impl Into<Arc<str>>, value: Tree) {
        let key = key.into();
        self.members.insert(place, (Arc::clone(&key), value));
        match &mut self.places {
            Some(places) => {
                let behind = places.values_mut().filter(|at| **at >= place);
                behind.for_each(|at| *at += 1);
                places.insert(key, place);
            }
            None => self.index(),
        }
    }

    /// Adds members at the end, or replaces those of the same name.
    pub(crate) fn extend(&mut self, members: impl Iterator<Item = (Arc<str>, Tree)>) {
        members.for_each(|(key, value)| self.insert(key, value));
    }

    /// Takes a member away; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Tree> {
        let place = self.place(key)?;
        if let Some(places) = &mut self.places {
            places.remove(key);
            let behind = places.values_mut().filter(|at| **at > place);
            behind.for_each(|at| *at -= 1);
        }
        Some(self.members.remove(place).1)
    }

    /// Counts the members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Goes through the members in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Tree)> + DoubleEndedIterator {
        self.members.iter().map(|(key, value)| (&**key, value))
    }

    /// Goes through the names in their order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.members.iter().map(|(key, _)| &**key)
    }

    /// Goes through the values in their order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Tree> {
        self.members.iter().map(|(_, value)| value)
    }

    fn place(&self, key: &str) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(key).copied(),
            None => self.members.iter().position(|(name, _)| **name == *key),
        }
    }

    /// Adds a member that is not there yet.
    fn push(&mut self, key: Arc<str>, value: Tree) {
        if let Some(places) = &mut self.places {
            places.insert(Arc::clone(&key), self.members.len());
        }
        self.members.push((key, value));
        if self.places.is_none() {
            self.index();
        }
    }

    /// Notes the places of all members, if they are many.
    fn index(&mut self) {
        self.places = (self.members.len() > FEW).then(|| {
            let names = self.members.iter().map(|(key, _)| Arc::clone(key));
            let mut places =
                Places::with_capacity_and_hasher(self.members.capacity(), RandomState::default());
            places.extend(names.zip(0..));
            Box::new(places)
        });
    }
}

impl IntoIterator for Object {
    type Item = (Arc<str>, Tree);
    type IntoIter = std::vec::IntoIter<(Arc<str>, Tree)>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

impl FromIterator<(Arc<str>, Tree)> for Object {
    /// The last of several members of one name counts, in the place of the first.
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Tree)>>(members: I) -> Self {
        let members = members.into_iter();
        let mut object = Self::with_capacity(members.size_hint().0);
        object.extend(members);
        object
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
        let mut sorted: Vec<_> = self.iter().collect();
        sorted.sort_unstable_by_key(|(key, _)| *key);
        sorted.hash(state);
    }
}

/// Names that were read last, so that the objects of a text share them. A name that is not found
/// any more is there twice, which costs memory and nothing else.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Each in the slot of its hash.
    slots: Vec<Option<Arc<str>>>,
    hasher: RandomState,
}

impl Names {
    /// Names that are kept.
    const SLOTS: usize = 256;

    /// Returns a name, shared if it was read lately.
    pub(super) fn share(&mut self, name: &str) -> Arc<str> {
        self.slots.resize(Self::SLOTS, None);
        let slot = self.hasher.hash_one(name) as usize % Self::SLOTS;
        match &self.slots[slot] {
            Some(known) if **known == *name => Arc::clone(known),
            _ => Arc::clone(self.slots[slot].insert(name.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An object that is searched one by one, and one that is hashed, by the same steps.
    #[test]
    fn few_members_and_many_are_found_in_their_places() {
        for count in [0, 1, FEW - 1, FEW, FEW + 1, 3 * FEW] {
            let name = |nth: usize| format!("key{nth}");
            let numbered = |nth: usize| (Arc::from(name(nth)), Tree::from(nth as u64));
            let mut object: Object = (0..count).map(numbered).collect();
            let mut expected: Vec<String> = (0..count).map(name).collect();
            object.insert("last", Tree::Null);
            expected.push("last".into());
            object.insert_at(count / 2, "middle", true.into());
            expected.insert(count / 2, "middle".into());
            check(&object, &expected);
            assert_eq!(object.remove("middle"), Some(true.into()));
            expected.remove(count / 2);
            check(&object, &expected);
            assert_eq!(object.remove("middle"), None);
            object.insert("last", "again".into());
            *object.get_or_insert("new") = "made".into();
            expected.push("new".into());
            check(&object, &expected);
            assert_eq!(object.get("last"), Some(&"again".into()));
            object.retain(|key, _| key.len() % 2 == 0);
            expected.retain(|key| key.len() % 2 == 0);
            check(&object, &expected);
        }
    }

    #[track_caller]
    fn check(object: &Object, expected: &[String]) {
        assert!(object.keys().eq(expected.iter().map(String::as_str)));
        assert!(object.places.is_some() || object.len() <= FEW);
        for (place, name) in expected.iter().enumerate() {
            assert_eq!(object.place(name), Some(place), "{name}");
        }
        assert_eq!(object.place("missing"), None);
    }

    #[test]
    fn a_name_that_is_read_again_is_shared() {
        let mut names = Names::default();
        let first = names.share("confidence");
        assert!(Arc::ptr_eq(&first, &names.share("confidence")));
        for other in 0..10 * Names::SLOTS {
            let name = other.to_string();
            assert_eq!(&*names.share(&name), name);
        }
        assert_eq!(names.slots.len(), Names::SLOTS);
    }
}
