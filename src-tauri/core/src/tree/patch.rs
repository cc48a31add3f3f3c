//! The exact difference of two trees: applied to the one, it gives the other in every value. The
//! order of keys and the spelling of numbers do not count, and are preserved.

pub mod codec;

use std::borrow::Cow;

use super::align::{Run, align, identity};
use super::{Object, Tree, keys, order, path, same};
use crate::limits::MEMBERS_SHIFTED_MAX;

/// What turns a tree into another one. Borrows only from the later one, so that it can be applied
/// to the earlier one.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch<'a> {
    /// Nothing.
    Same,
    /// The value is replaced.
    Replace(Cow<'a, Tree>),
    /// An object stays one, and some of its members differ.
    Members(Box<Members<'a>>),
    /// A list stays one; what happens to its elements, in order.
    Elements(Vec<Piece<'a>>),
}

/// What happens to the members of an object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Members<'a> {
    /// Keys that are removed.
    pub removed: Vec<Cow<'a, str>>,
    /// Members that differ.
    pub changed: Vec<(Cow<'a, str>, Patch<'a>)>,
    /// Members that are added, each with its final place, in order.
    pub added: Vec<(usize, Cow<'a, str>, Cow<'a, Tree>)>,
}

/// What happens to consecutive elements.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece<'a> {
    /// So many stay.
    Keep(usize),
    /// So many are removed.
    Drop(usize),
    /// These are added.
    Add(Cow<'a, [Tree]>),
    /// These differ, one after the other.
    Change(Vec<Patch<'a>>),
    /// The same if all of them are replaced: millions of numbers have no patch each.
    Replace(Cow<'a, [Tree]>),
}

impl Piece<'_> {
    /// Returns how many elements of the earlier list it is about.
    fn taken(&self) -> usize {
        match self {
            Self::Keep(count) | Self::Drop(count) => *count,
            Self::Change(patches) => patches.len(),
            Self::Replace(values) => values.len(),
            Self::Add(_) => 0,
        }
    }
}

/// Compares two trees.
pub fn compare<'a>(before: &Tree, after: &'a Tree) -> Patch<'a> {
    match (before, after) {
        (Tree::Object(old), Tree::Object(new)) => match compare_members(old, new) {
            members if members == Members::default() => Patch::Same,
            members => Patch::Members(Box::new(members)),
        },
        (Tree::Array(old), Tree::Array(new)) => match same(before, after) {
            true => Patch::Same,
            false => Patch::Elements(compare_elements(old, new)),
        },
        _ if same(before, after) => Patch::Same,
        _ => Patch::Replace(Cow::Borrowed(after)),
    }
}

fn compare_members<'a>(old: &Object, new: &'a Object) -> Members<'a> {
    let mut members = Members::default();
    if old.keys().eq(new.keys()) {
        for (before, (key, after)) in old.values().zip(new.iter()) {
            members.compare(key, before, after);
        }
        return members;
    }
    for (key, before) in old.iter() {
        match new.get_key_value(key) {
            Some((key, after)) => members.compare(key, before, after),
            None => members.removed.push(key.to_owned().into()),
        }
    }
    if old.len() - members.removed.len() < new.len() {
        let added = order::places(old, new).into_iter();
        let added = added.map(|(place, key, value)| (place, key.into(), Cow::Borrowed(value)));
        members.added.extend(added);
    }
    members
}

impl<'a> Members<'a> {
    fn compare(&mut self, key: &'a str, before: &Tree, after: &'a Tree) {
        match compare(before, after) {
            Patch::Same => {}
            patch => self.changed.push((key.into(), patch)),
        }
    }

    fn apply(&self, members: &mut Object) -> Result<(), PatchMismatch> {
        if !self.removed.is_empty() {
            self.remove(members)?;
        }
        for (key, patch) in &self.changed {
            patch.apply(members.get_mut(key).ok_or(PatchMismatch)?)?;
        }
        match self.added.first() {
            Some((place, ..))
                if *place < members.len() && self.added.len() > MEMBERS_SHIFTED_MAX =>
            {
                self.merge(members)
            }
            _ => self.insert(members),
        }
    }

    /// Removes members in one pass: the keys stand in the order of the members.
    fn remove(&self, members: &mut Object) -> Result<(), PatchMismatch> {
        let mut left = self.removed.iter().peekable();
        members.retain(|key, _| left.next_if(|gone| **gone == *key).is_none());
        left.next().map_or(Ok(()), |_| Err(PatchMismatch))
    }

    /// Inserts members one by one, each of which shifts those behind it.
    fn insert(&self, members: &mut Object) -> Result<(), PatchMismatch> {
        for (place, key, value) in &self.added {
            if *place > members.len() || members.contains_key(key) {
                return Err(PatchMismatch);
            }
            match *place == members.len() {
                true => members.insert(&**key, Tree::clone(value)),
                false => members.insert_at(*place, &**key, Tree::clone(value)),
            }
        }
        Ok(())
    }

    /// Does the same as [`Self::insert`], in one pass over the members.
    fn merge(&self, members: &mut Object) -> Result<(), PatchMismatch> {
        let length = members.len() + self.added.len();
        let mut stay = std::mem::take(members).into_iter();
        let mut merged = Object::with_capacity(length);
        for (place, key, value) in &self.added {
            let before = place.checked_sub(merged.len()).ok_or(PatchMismatch)?;
            merged.extend(stay.by_ref().take(before));
            if merged.len() < *place {
                return Err(PatchMismatch);
            }
            merged.insert(&**key, Tree::clone(value));
        }
        merged.extend(stay);
        *members = merged;
        // Fewer if an added member was there already.
        match members.len() == length {
            true => Ok(()),
            false => Err(PatchMismatch),
        }
    }
}

fn compare_elements<'a>(old: &[Tree], new: &'a [Tree]) -> Vec<Piece<'a>> {
    let (mut from, mut to) = (0, 0);
    let mut pieces = Vec::new();
    for run in align(old, new).runs {
        match run {
            Run::Keep(count) => {
                pieces.push(Piece::Keep(count));
                (from, to) = (from + count, to + count);
            }
            Run::Change(count) => {
                pieces.push(compare_pairs(
                    &old[from..from + count],
                    &new[to..to + count],
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

/// Compares elements that differ, each with the one in the same place.
fn compare_pairs<'a>(old: &[Tree], new: &'a [Tree]) -> Piece<'a> {
    let mut pairs = old.iter().zip(new);
    let has_parts = |(old, new): (&Tree, &Tree)| {
        matches!(
            (old, new),
            (Tree::Object(_), Tree::Object(_)) | (Tree::Array(_), Tree::Array(_))
        )
    };
    match pairs.clone().any(has_parts) {
        true => Piece::Change(pairs.map(|(old, new)| compare(old, new)).collect()),
        false => {
            debug_assert!(pairs.all(|(old, new)| !same(old, new)));
            Piece::Replace(Cow::Borrowed(new))
        }
    }
}

/// The error for a patch that does not fit the tree it was applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the patch does not fit this tree")]
pub struct PatchMismatch;

impl Patch<'_> {
    /// Turns `tree` into the later one of the trees that were compared, if it is the earlier.
    ///
    /// # Errors
    /// [`PatchMismatch`] if it is not; the tree is unusable then.
    pub fn apply(&self, tree: &mut Tree) -> Result<(), PatchMismatch> {
        match (self, tree) {
            (Self::Same, _) => Ok(()),
            (Self::Replace(value), tree) => {
                tree.clone_from(value);
                Ok(())
            }
            (Self::Members(members), Tree::Object(found)) => members.apply(found),
            (Self::Elements(pieces), Tree::Array(elements)) => apply_pieces(pieces, elements),
            _ => Err(PatchMismatch),
        }
    }

    /// Returns whether it turns a tree into itself.
    pub fn is_same(&self) -> bool {
        *self == Self::Same
    }

    /// Counts the changes: changed values, added and removed members, and lists of plain values or
    /// with added or removed elements, each list once.
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
                    Piece::Drop(_) | Piece::Add(_) | Piece::Replace(_) => true,
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

    /// Counts what it changes within an element; that the element changed counts with its list.
    fn inner_changes(&self) -> usize {
        match self {
            Self::Replace(_) => 0,
            patch => patch.changes(),
        }
    }

    /// Visits every removed and every added value with its place, given the tree that the patch is
    /// applied to. A replaced value is visited together with its replacement.
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

    /// Returns it as the operations of RFC 6902, which are applied one after the other. They do not
    /// express the order of keys.
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
            Piece::Replace(values) => {
                for value in values.iter() {
                    let old = list.get(from);
                    place.within(step(from, old), |place| visit(place, old, Some(value)));
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
        /// The key that identifies the elements of its list.
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
            Piece::Replace(values) => {
                for value in values.iter() {
                    let path = format!("{at}/{place}");
                    operations.push(operation("replace", path, Some(value)));
                    place += 1;
                }
            }
        }
    }
}

fn apply_pieces(pieces: &[Piece<'_>], elements: &mut Vec<Tree>) -> Result<(), PatchMismatch> {
    let taken = pieces.iter().map(Piece::taken);
    let taken = taken.fold(0usize, usize::saturating_add);
    if taken != elements.len() {
        return Err(PatchMismatch);
    }
    let stays_in_place = |piece: &Piece<'_>| !matches!(piece, Piece::Drop(_) | Piece::Add(_));
    let (last, before) = pieces.split_last().unzip();
    if !before.unwrap_or_default().iter().all(stays_in_place) {
        return rebuild_elements(pieces, elements);
    }
    change_elements(pieces, elements)?;
    match last {
        Some(Piece::Drop(count)) => elements.truncate(elements.len() - count),
        Some(Piece::Add(values)) => {
            elements.reserve_exact(values.len());
            elements.extend_from_slice(values);
        }
        _ => {}
    }
    Ok(())
}

/// Changes the elements that stay, where they are. Passes over what is dropped or added at the end.
fn change_elements(pieces: &[Piece<'_>], elements: &mut [Tree]) -> Result<(), PatchMismatch> {
    let mut left = elements.iter_mut();
    for piece in pieces {
        match piece {
            Piece::Change(patches) => {
                let mut changed = patches.iter().zip(left.by_ref());
                changed.try_for_each(|(patch, element)| patch.apply(element))?;
            }
            Piece::Replace(values) => {
                let replaced = values.iter().zip(left.by_ref());
                replaced.for_each(|(value, element)| element.clone_from(value));
            }
            Piece::Keep(0) | Piece::Drop(_) | Piece::Add(_) => {}
            Piece::Keep(count) => drop(left.nth(count - 1)),
        }
    }
    Ok(())
}

/// Moves each element once, however many come and go between them.
fn rebuild_elements(pieces: &[Piece<'_>], elements: &mut Vec<Tree>) -> Result<(), PatchMismatch> {
    let lengths = pieces.iter().map(|piece| match piece {
        Piece::Keep(count) => *count,
        Piece::Change(patches) => patches.len(),
        Piece::Add(values) | Piece::Replace(values) => values.len(),
        Piece::Drop(_) => 0,
    });
    let mut rebuilt = Vec::with_capacity(lengths.sum());
    let mut left = std::mem::take(elements).into_iter();
    for piece in pieces {
        match piece {
            Piece::Keep(count) => rebuilt.extend(left.by_ref().take(*count)),
            Piece::Drop(count) => left.by_ref().take(*count).for_each(drop),
            Piece::Add(values) => rebuilt.extend(values.iter().cloned()),
            Piece::Replace(values) => {
                left.by_ref().take(values.len()).for_each(drop);
                rebuilt.extend(values.iter().cloned());
            }
            Piece::Change(patches) => {
                for (patch, mut element) in patches.iter().zip(left.by_ref()) {
                    patch.apply(&mut element)?;
                    rebuilt.push(element);
                }
            }
        }
    }
    *elements = rebuilt;
    Ok(())
}
