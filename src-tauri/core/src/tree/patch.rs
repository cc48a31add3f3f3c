//! The exact difference of two trees, as a tree of its own: what it is applied to becomes the
//! other, the order of keys included. Numbers that are equal stay spelled as they were.

use std::borrow::Cow;

use super::align::{Run, align, identity};
use super::{Object, Tree, keys, path, same};

/// What turns a tree into another one. Borrows from both where they were compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch<'a> {
    /// Nothing.
    Same,
    /// This takes its place.
    Replace(Cow<'a, Tree>),
    /// An object stays one, and some of its members differ.
    Members(Members<'a>),
    /// A list stays one; its elements fare as these say, in order.
    Elements(Vec<Piece<'a>>),
}

/// What becomes of the members of an object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Members<'a> {
    /// Keys that go.
    pub removed: Vec<Cow<'a, str>>,
    /// Members that differ.
    pub changed: Vec<(Cow<'a, str>, Patch<'a>)>,
    /// Members that come, with where each stands once all have; in order.
    pub added: Vec<(usize, Cow<'a, str>, Cow<'a, Tree>)>,
}

/// What becomes of elements next to each other.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece<'a> {
    /// So many stay.
    Keep(usize),
    /// So many go.
    Drop(usize),
    /// These come.
    Add(Cow<'a, [Tree]>),
    /// These differ, one after the other.
    Change(Vec<Patch<'a>>),
}

/// Compares two trees.
pub fn compare<'a>(before: &'a Tree, after: &'a Tree) -> Patch<'a> {
    match (before, after) {
        (Tree::Object(old), Tree::Object(new)) => match compare_members(old, new) {
            Some(members) if members == Members::default() => Patch::Same,
            Some(members) => Patch::Members(members),
            None => Patch::Replace(Cow::Borrowed(after)),
        },
        (Tree::Array(old), Tree::Array(new)) => match same(before, after) {
            true => Patch::Same,
            false => Patch::Elements(compare_elements(old, new)),
        },
        _ if same(before, after) => Patch::Same,
        _ => Patch::Replace(Cow::Borrowed(after)),
    }
}

/// Returns what a value becomes when another one takes its place: the other one, with numbers that
/// are equal in both spelled as they were.
pub fn settled(before: &Tree, after: &Tree) -> Tree {
    settled_with_changes(before, after).0
}

/// Does as [`settled`] does, and counts what changes; see [`Patch::changes`].
pub fn settled_with_changes(before: &Tree, after: &Tree) -> (Tree, usize) {
    let patch = compare(before, after);
    let mut settled = before.clone();
    let applied = patch.apply(&mut settled);
    applied.expect("a patch is of the tree that was compared");
    (settled, patch.changes())
}

/// Compares members; none where those that stay stand in another order.
fn compare_members<'a>(old: &'a Object, new: &'a Object) -> Option<Members<'a>> {
    let mut members = Members::default();
    if old.len() == new.len() && old.keys().eq(new.keys()) {
        for ((key, old), new) in old.iter().zip(new.values()) {
            members.compare(key, old, new);
        }
        return Some(members);
    }
    let mut left = old.keys().filter(|key| new.contains_key(key));
    for (place, (key, value)) in new.iter().enumerate() {
        match old.get(key) {
            Some(before) => {
                if left.next() != Some(key) {
                    return None;
                }
                members.compare(key, before, value);
            }
            None => members
                .added
                .push((place, key.into(), Cow::Borrowed(value))),
        }
    }
    let removed = old.keys().filter(|key| !new.contains_key(key));
    members.removed.extend(removed.map(Cow::Borrowed));
    Some(members)
}

impl<'a> Members<'a> {
    fn compare(&mut self, key: &'a str, before: &'a Tree, after: &'a Tree) {
        match compare(before, after) {
            Patch::Same => {}
            patch => self.changed.push((key.into(), patch)),
        }
    }

    fn apply(&self, members: &mut Object) -> Result<(), Misfit> {
        for key in &self.removed {
            members.remove(key).ok_or(Misfit)?;
        }
        for (key, patch) in &self.changed {
            patch.apply(members.get_mut(key).ok_or(Misfit)?)?;
        }
        for (place, key, value) in &self.added {
            if *place > members.len() || members.contains_key(key) {
                return Err(Misfit);
            }
            match *place == members.len() {
                true => members.insert(&**key, Tree::clone(value)),
                false => members.insert_at(*place, &**key, Tree::clone(value)),
            };
        }
        Ok(())
    }
}

fn compare_elements<'a>(old: &'a [Tree], new: &'a [Tree]) -> Vec<Piece<'a>> {
    let (mut from, mut to) = (0, 0);
    let mut pieces = Vec::new();
    for run in align(old, new).runs {
        match run {
            Run::Keep(count) => {
                pieces.push(Piece::Keep(count));
                (from, to) = (from + count, to + count);
            }
            Run::Change(count) => {
                let pairs = old[from..from + count].iter().zip(&new[to..to + count]);
                pieces.push(Piece::Change(
                    pairs.map(|(old, new)| compare(old, new)).collect(),
                ));
                (from, to) = (from + count, to + count);
            }
            Run::Drop(count) => {
                pieces.push(Piece::Drop(count));
                from += count;
            }
            Run::Add(count) => {
                pieces.push(Piece::Add(Cow::Borrowed(&new[to..to + count])));
                to += count;
            }
        }
    }
    pieces
}

/// A patch is not of the tree it was applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the patch is not of this tree")]
pub struct Misfit;

impl Patch<'_> {
    /// Turns `tree` into the later one of the trees that were compared, if it is the earlier.
    ///
    /// # Errors
    /// [`Misfit`] where it is not; the tree is worth nothing then.
    pub fn apply(&self, tree: &mut Tree) -> Result<(), Misfit> {
        match (self, tree) {
            (Self::Same, _) => Ok(()),
            (Self::Replace(value), tree) => {
                tree.clone_from(value);
                Ok(())
            }
            (Self::Members(members), Tree::Object(found)) => members.apply(found),
            (Self::Elements(pieces), Tree::Array(elements)) => apply_pieces(pieces, elements),
            _ => Err(Misfit),
        }
    }

    /// Says whether it turns a tree into itself.
    pub fn is_same(&self) -> bool {
        *self == Self::Same
    }

    /// Counts what it changes: values that are others, members that came or went, and lists of
    /// plain values or with elements that came or went, each once.
    pub fn changes(&self) -> usize {
        match self {
            Self::Same => 0,
            Self::Replace(_) => 1,
            Self::Members(members) => {
                let changed = members.changed.iter().map(|(_, patch)| patch.changes());
                members.removed.len() + members.added.len() + changed.sum::<usize>()
            }
            Self::Elements(pieces) => {
                let is_other = |piece: &Piece<'_>| match piece {
                    Piece::Keep(_) => false,
                    Piece::Drop(_) | Piece::Add(_) => true,
                    Piece::Change(patches) => {
                        patches.iter().any(|p| matches!(p, Patch::Replace(_)))
                    }
                };
                let inner = pieces.iter().map(|piece| match piece {
                    Piece::Change(patches) => patches.iter().map(Self::inner_changes).sum(),
                    _ => 0,
                });
                usize::from(pieces.iter().any(is_other)) + inner.sum::<usize>()
            }
        }
    }

    /// Counts what it changes within an element; that the element is another one counts with its
    /// list.
    fn inner_changes(&self) -> usize {
        match self {
            Self::Replace(_) => 0,
            patch => patch.changes(),
        }
    }

    /// Visits every value that goes and every one that comes, each where it is, given the tree
    /// that it is applied to. A value in the place of another comes with that one.
    pub fn visit<'a>(
        &'a self,
        before: &'a Tree,
        mut visit: impl FnMut(&Place<'a>, Option<&Tree>, Option<&Tree>),
    ) {
        self.visit_at(Some(before), &mut Place::default(), &mut visit);
    }

    fn visit_at<'a>(
        &'a self,
        before: Option<&'a Tree>,
        place: &mut Place<'a>,
        visit: &mut impl FnMut(&Place<'a>, Option<&Tree>, Option<&Tree>),
    ) {
        match self {
            Self::Same => {}
            Self::Replace(value) => visit(place, before, Some(value)),
            Self::Members(members) => {
                members.visit_at(before.and_then(Tree::as_object), place, visit);
            }
            Self::Elements(pieces) => {
                let list = before.and_then(Tree::as_array).unwrap_or_default();
                visit_pieces(pieces, list, place, visit);
            }
        }
    }

    /// Returns it as the operations of RFC 6902, which are applied one after the other. They tell
    /// nothing of the order of keys.
    pub fn to_json_patch(&self) -> Vec<Tree> {
        let mut operations = Vec::new();
        self.operations("", &mut operations);
        operations
    }

    fn operations(&self, at: &str, operations: &mut Vec<Tree>) {
        match self {
            Self::Same => {}
            Self::Replace(value) => {
                operations.push(operation("replace", at, Some(value)));
            }
            Self::Members(members) => members.operations(at, operations),
            Self::Elements(pieces) => element_operations(pieces, at, operations),
        }
    }
}

impl Members<'_> {
    fn visit_at<'a>(
        &'a self,
        before: Option<&'a Object>,
        place: &mut Place<'a>,
        visit: &mut impl FnMut(&Place<'a>, Option<&Tree>, Option<&Tree>),
    ) {
        let old = |key: &str| before.and_then(|members| members.get(key));
        for key in &self.removed {
            place.within(PlaceStep::Key(key), |place| visit(place, old(key), None));
        }
        for (key, patch) in &self.changed {
            let step = PlaceStep::Key(key);
            place.within(step, |place| patch.visit_at(old(key), place, visit));
        }
        for (_, key, value) in &self.added {
            place.within(PlaceStep::Key(key), |place| visit(place, None, Some(value)));
        }
    }

    fn operations(&self, at: &str, operations: &mut Vec<Tree>) {
        for key in &self.removed {
            operations.push(operation("remove", keys::at(at, key), None));
        }
        for (key, patch) in &self.changed {
            patch.operations(&keys::at(at, key), operations);
        }
        for (_, key, value) in &self.added {
            operations.push(operation("add", keys::at(at, key), Some(value)));
        }
    }
}

fn visit_pieces<'a>(
    pieces: &'a [Piece<'_>],
    list: &'a [Tree],
    place: &mut Place<'a>,
    visit: &mut impl FnMut(&Place<'a>, Option<&Tree>, Option<&Tree>),
) {
    let name = identity(list);
    let step = |at: usize, element| PlaceStep::Element { at, element, name };
    let mut from = 0;
    for piece in pieces {
        match piece {
            Piece::Keep(count) => from += count,
            Piece::Drop(count) => {
                for at in from..from + count {
                    let old = list.get(at);
                    place.within(step(at, old), |place| visit(place, old, None));
                }
                from += count;
            }
            Piece::Add(values) => values.iter().for_each(|value| {
                place.within(step(from, Some(value)), |place| {
                    visit(place, None, Some(value));
                });
            }),
            Piece::Change(patches) => {
                for patch in patches {
                    let old = list.get(from);
                    place.within(step(from, old), |place| patch.visit_at(old, place, visit));
                    from += 1;
                }
            }
        }
    }
}

/// Where something is that a patch changes.
#[derive(Debug, Default)]
pub struct Place<'a>(Vec<PlaceStep<'a>>);

#[derive(Debug)]
enum PlaceStep<'a> {
    Key(&'a str),
    Element {
        at: usize,
        element: Option<&'a Tree>,
        /// What tells the elements of its list apart.
        name: Option<&'static str>,
    },
}

impl<'a> Place<'a> {
    fn within(&mut self, step: PlaceStep<'a>, visit: impl FnOnce(&mut Self)) {
        self.0.push(step);
        visit(self);
        self.0.pop();
    }

    /// Returns it as a difference prints it, behind the name of the tree:
    /// `ml.files[id=7]["a.b"]`.
    pub fn printed(&self) -> String {
        let mut text = path::ROOT.to_owned();
        for step in &self.0 {
            match step {
                PlaceStep::Key(key) => path::write_name(&mut text, key),
                PlaceStep::Element { at, element, name } => {
                    let identity = name.and_then(|name| Some((name, element.as_ref()?.get(name)?)));
                    match identity.filter(|(name, value)| path::is_printable(name, value)) {
                        Some((name, value)) => path::write_identity(&mut text, name, value),
                        None => path::write_place(&mut text, *at),
                    }
                }
            }
        }
        text
    }

    /// Returns its names and places joined by dots: `ml.files.3.a.b`.
    pub fn dotted(&self) -> String {
        let mut text = path::ROOT.to_owned();
        for step in &self.0 {
            text.push('.');
            match step {
                PlaceStep::Key(key) => text.push_str(key),
                PlaceStep::Element { at, .. } => text.push_str(&at.to_string()),
            }
        }
        text
    }
}

/// Makes an operation of RFC 6902.
fn operation(op: &str, path: impl Into<String>, value: Option<&Tree>) -> Tree {
    let members = [("op", op.into()), ("path", Tree::from(path.into()))];
    let value = value.map(|value| ("value", value.clone()));
    let members = members.into_iter().chain(value);
    let members = members.map(|(key, value)| (key.into(), value));
    members.collect::<Object>().into()
}

fn element_operations(pieces: &[Piece<'_>], at: &str, operations: &mut Vec<Tree>) {
    let mut place = 0;
    for piece in pieces {
        match piece {
            Piece::Keep(count) => place += count,
            Piece::Drop(count) => {
                let operation = operation("remove", format!("{at}/{place}"), None);
                operations.extend(std::iter::repeat_n(operation, *count));
            }
            Piece::Add(values) => {
                for value in values.iter() {
                    let path = format!("{at}/{place}");
                    operations.push(operation("add", path, Some(value)));
                    place += 1;
                }
            }
            Piece::Change(patches) => {
                for patch in patches {
                    patch.operations(&format!("{at}/{place}"), operations);
                    place += 1;
                }
            }
        }
    }
}

fn apply_pieces(pieces: &[Piece<'_>], elements: &mut Vec<Tree>) -> Result<(), Misfit> {
    let taken = pieces.iter().map(|piece| match piece {
        Piece::Keep(count) | Piece::Drop(count) => *count,
        Piece::Change(patches) => patches.len(),
        Piece::Add(_) => 0,
    });
    let taken = taken.fold(0usize, usize::saturating_add);
    if taken != elements.len() {
        return Err(Misfit);
    }
    let mut place = 0;
    for piece in pieces {
        match piece {
            Piece::Keep(count) => place += count,
            Piece::Drop(count) => drop(elements.drain(place..place + count)),
            Piece::Add(values) => {
                elements.splice(place..place, values.iter().cloned());
                place += values.len();
            }
            Piece::Change(patches) => {
                for patch in patches {
                    patch.apply(&mut elements[place])?;
                    place += 1;
                }
            }
        }
    }
    Ok(())
}
