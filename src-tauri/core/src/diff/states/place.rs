//! Where something is in two states at once, for programs and for people.

use crate::problem::Pointer;
use crate::state::HISTORY;
use crate::tree::path::{ROOT, is_printable, write_identity, write_name, write_place};
use crate::tree::{Object, Tree};

/// The member of a state whose own members are shown as groups.
const SPLIT: &str = "metrics";

/// One step from a value to a part of it, in both states.
#[derive(Debug, Clone, Copy)]
pub(super) enum Segment<'a> {
    /// To the member of an object.
    Key(&'a str),
    /// To the element of a list.
    Element {
        /// Its place in the earlier list.
        before: usize,
        /// Its place in the later list.
        after: usize,
        /// The key that identifies it, and its value.
        id: Option<(&'a str, &'a Tree)>,
    },
}

/// One of the two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

impl Segment<'_> {
    fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Element { .. } => None,
        }
    }
}

/// Returns the JSON Pointer of a place in one of the states.
pub(super) fn pointer(place: &[Segment<'_>], side: Side) -> String {
    let step = |at: Pointer, step: &Segment<'_>| match (step, side) {
        (Segment::Key(key), _) => at.at(key),
        (Segment::Element { before, .. }, Side::Before) => at.at(&before.to_string()),
        (Segment::Element { after, .. }, Side::After) => at.at(&after.to_string()),
    };
    place.iter().fold(Pointer::default(), step).into()
}

/// Returns about how many bytes a place takes as text.
pub(super) fn bytes(place: &[Segment<'_>]) -> usize {
    let keys = place.iter().map(|step| step.key().map_or(8, str::len) + 1);
    keys.sum()
}

/// Returns whether a key on the way is one of some names.
pub(super) fn passes(place: &[Segment<'_>], names: &[String]) -> bool {
    let mut keys = place.iter().filter_map(Segment::key);
    !names.is_empty() && keys.any(|key| names.iter().any(|name| name == key))
}

/// Returns a place in one of the states as people read it, and as [`crate::tree::Path`] reads it.
pub(super) fn path(place: &[Segment<'_>], side: Side) -> String {
    let mut path = String::new();
    write(&mut path, place, side);
    path
}

/// Returns the name of the group of a place.
pub(super) fn group(place: &[Segment<'_>]) -> String {
    let mut group = String::from(ROOT);
    write(
        &mut group,
        &place[..Group::of(place).keys().count()],
        Side::After,
    );
    group
}

fn write(path: &mut String, place: &[Segment<'_>], side: Side) {
    for step in place {
        match (step, side) {
            (Segment::Key(key), _) => write_name(path, key),
            (
                Segment::Element {
                    id: Some((key, id)),
                    ..
                },
                _,
            ) if is_printable(key, id) => write_identity(path, key, id),
            (Segment::Element { before, .. }, Side::Before) => write_place(path, *before),
            (Segment::Element { after, .. }, Side::After) => write_place(path, *after),
        }
    }
}

/// What changes are shown under: a member of the state, or a member of [`SPLIT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Group<'a>(Option<&'a str>, Option<&'a str>);

impl<'a> Group<'a> {
    /// Returns the group of a place.
    pub(super) fn of(place: &[Segment<'a>]) -> Self {
        match *place {
            [Segment::Key(SPLIT), Segment::Key(name), ..] => Self(Some(SPLIT), Some(name)),
            [Segment::Key(name), ..] => Self(Some(name), None),
            _ => Self(None, None),
        }
    }

    /// Returns whether it is the history that a source reports.
    pub(super) fn is_history(&self) -> bool {
        *self == Self(Some(HISTORY), None)
    }

    /// Returns its JSON Pointer.
    pub(super) fn pointer(&self) -> String {
        let keys = self.keys();
        keys.fold(Pointer::default(), |at, key| at.at(key)).into()
    }

    fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        [self.0, self.1].into_iter().flatten()
    }
}

/// Returns the groups of a state.
pub(super) fn groups(state: &Tree) -> impl Iterator<Item = Group<'_>> {
    let members = state.as_object().into_iter().flat_map(Object::iter);
    members.flat_map(|(name, value)| {
        let split = value
            .as_object()
            .filter(|inner| name == SPLIT && !inner.is_empty());
        let inner = split.into_iter().flat_map(Object::keys);
        let whole = split.is_none().then_some(Group(Some(name), None));
        let parts = inner.map(|inner| Group(Some(name), Some(inner)));
        whole.into_iter().chain(parts)
    })
}
