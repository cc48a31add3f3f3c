//! One walk through two states at once, which notes where they differ.

use std::collections::HashSet;

use super::excerpt::Excerpt;
use super::place::{Group, Segment, passes};
use super::{ListChange, Options, SeriesChange};
use crate::limits;
use crate::state::HISTORY;
use crate::tree::{Object, Tree};

/// A change, borrowed from the states.
pub(super) struct Raw<'a> {
    pub(super) place: Box<[Segment<'a>]>,
    pub(super) what: What<'a>,
    pub(super) is_noise: bool,
}

/// What happened in a place.
pub(super) enum What<'a> {
    Added(&'a Tree),
    Removed(&'a Tree),
    Changed(&'a Tree, &'a Tree),
    Moved {
        from: Box<[Segment<'a>]>,
        value: &'a Tree,
    },
    List {
        list: ListChange,
        went: Option<Excerpt>,
        came: Option<Excerpt>,
    },
    Series {
        list: ListChange,
        series: SeriesChange,
    },
}

/// What was found on the way.
#[derive(Default)]
pub(super) struct Found<'a> {
    /// The first [`limits::STATE_CHANGES_MAX`] changes.
    pub(super) changes: Vec<Raw<'a>>,
    pub(super) total: usize,
    pub(super) noise: usize,
    pub(super) tolerated: usize,
    /// Groups in which something changed.
    pub(super) touched: HashSet<Group<'a>>,
}

/// A way through two states.
pub(super) struct Walk<'a> {
    options: &'a Options,
    /// Where it is.
    place: Vec<Segment<'a>>,
    pub(super) found: Found<'a>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self {
            options,
            place: Vec::new(),
            found: Found::default(),
        }
    }

    pub(super) fn finish(self) -> Found<'a> {
        self.found
    }

    pub(super) fn compare(&mut self, before: &'a Tree, after: &'a Tree) {
        match (before, after) {
            (Tree::Object(old), Tree::Object(new)) => self.members(old, new),
            (Tree::Array(old), Tree::Array(new)) => self.lists(old, new),
            _ if before == after => {}
            _ if self.is_within(before, after) => self.found.tolerated += 1,
            _ => self.note(|| What::Changed(before, after)),
        }
    }

    /// Goes one step further, and back.
    pub(super) fn step(&mut self, step: Segment<'a>, visit: impl FnOnce(&mut Self)) {
        self.place.push(step);
        visit(self);
        self.place.pop();
    }

    /// Notes a change where it is.
    pub(super) fn note(&mut self, what: impl FnOnce() -> What<'a>) {
        let is_noise = passes(&self.place, &self.options.noise);
        self.found.total += 1;
        self.found.noise += usize::from(is_noise);
        self.found.touched.insert(Group::of(&self.place));
        if self.found.changes.len() < limits::STATE_CHANGES_MAX {
            self.found.changes.push(Raw {
                place: self.place.as_slice().into(),
                what: what(),
                is_noise,
            });
        }
    }

    /// Returns whether two values are numbers that differ within the tolerance.
    pub(super) fn is_within(&self, before: &Tree, after: &Tree) -> bool {
        let tolerance = self.options.tolerance;
        match (before.as_f64(), after.as_f64()) {
            (Some(old), Some(new)) if tolerance > 0.0 => {
                (old - new).abs() <= tolerance * old.abs().max(new.abs())
            }
            _ => false,
        }
    }

    /// Compares two objects in the order of the later one. Their keys mostly have the same order,
    /// and then no key is looked up.
    fn members(&mut self, old: &'a Object, new: &'a Object) {
        let without_history = self.place.is_empty() && !self.options.with_history;
        let kept = |(key, _): &(&'a str, &'a Tree)| !(without_history && *key == HISTORY);
        let mut gone = old.iter().filter(kept).peekable();
        for (key, after) in new.iter().filter(kept) {
            let is_other = |(beside, _): &(&'a str, _)| *beside != key;
            let is_gone = |next: &_| is_other(next) && !new.contains_key(next.0);
            while let Some((key, before)) = gone.next_if(is_gone) {
                self.step(Segment::Key(key), |walk| {
                    walk.note(|| What::Removed(before));
                });
            }
            let beside = gone.next_if(|next| !is_other(next));
            let before = beside.map(|(_, before)| before).or_else(|| old.get(key));
            self.member(key, before, after);
        }
        for (key, before) in gone.filter(|(key, _)| !new.contains_key(key)) {
            self.step(Segment::Key(key), |walk| {
                walk.note(|| What::Removed(before));
            });
        }
    }

    fn member(&mut self, key: &'a str, before: Option<&'a Tree>, after: &'a Tree) {
        self.step(Segment::Key(key), |walk| match before {
            Some(before) => walk.compare(before, after),
            None => walk.note(|| What::Added(after)),
        });
    }
}
