//! What happened to a list: its elements as a whole, and within those that stayed.

use std::collections::HashSet;

use super::ListChange;
use super::excerpt::excerpt_of;
use super::place::Segment;
use super::series::{Numbers, change, series};
use super::walk::{Walk, What};
use crate::limits;
use crate::tree::{Alignment, Run, Tree, align, same};

/// Two lists and how their elements belong together.
pub(super) struct Lists<'a> {
    old: &'a [Tree],
    new: &'a [Tree],
    alignment: Alignment,
}

impl<'a> Walk<'a> {
    pub(super) fn lists(&mut self, old: &'a [Tree], new: &'a [Tree]) {
        let alignment = align(old, new);
        if matches!(alignment.runs.as_slice(), [] | [Run::Keep(_)]) {
            return;
        }
        let lists = Lists {
            old,
            new,
            alignment,
        };
        match Numbers::of(old).zip(Numbers::of(new)) {
            Some((before, after)) => self.series(&lists, before, after),
            None => self.elements(&lists),
        }
    }

    fn series(&mut self, lists: &Lists<'a>, before: Numbers, after: Numbers) {
        let mut list = lists.counts();
        let mut within = 0;
        let mut largest: Option<f64> = None;
        lists.each_that_stayed(|old, new| {
            let is_within = self.is_within(old, new);
            within += usize::from(!same(old, new) && is_within);
            list.changed += usize::from(!same(old, new) && !is_within);
            largest = change(old, new).into_iter().chain(largest).reduce(f64::max);
        });
        self.found.tolerated += within;
        if list.dropped + list.added + list.changed > 0 {
            self.note(|| What::Series {
                list,
                series: series(before, after, largest),
            });
        }
    }

    fn elements(&mut self, lists: &Lists<'a>) {
        let list = lists.counts();
        let listed = self.found.changes.len();
        let is_list = list.dropped + list.added + list.moved > 0;
        if is_list {
            let (went, came) = lists.went_and_came();
            self.note(|| What::List {
                list,
                went: excerpt_of(&went),
                came: excerpt_of(&came),
            });
        }
        let changed = self.within_elements(lists);
        if is_list
            && let Some(raw) = self.found.changes.get_mut(listed)
            && let What::List { list, .. } = &mut raw.what
        {
            list.changed = changed;
        }
    }

    /// Compares the elements that stayed, and returns how many of them differ.
    fn within_elements(&mut self, lists: &Lists<'a>) -> usize {
        let mut changed = 0;
        for (before, after) in lists.compared() {
            let (old, new) = (&lists.old[before], &lists.new[after]);
            let id = lists.alignment.key.as_deref().and_then(|key| {
                let mut members = new.as_object()?.iter();
                members.find(|(name, _)| *name == key)
            });
            let step = Segment::Element { before, after, id };
            let total = self.found.total;
            self.step(step, |walk| walk.compare(old, new));
            changed += usize::from(self.found.total > total);
        }
        changed
    }
}

impl<'a> Lists<'a> {
    /// Counts what happened to elements as wholes; what changed within is not known yet.
    fn counts(&self) -> ListChange {
        let moved = self.alignment.moved.len();
        let (mut dropped, mut added) = (0, 0);
        self.each(|run, _, _| match run {
            Run::Drop(count) => dropped += count,
            Run::Add(count) => added += count,
            Run::Keep(_) | Run::Change(_) => {}
        });
        ListChange {
            key: self.alignment.key.clone(),
            is_shifted: self.is_shifted(),
            dropped: dropped - moved,
            added: added - moved,
            moved,
            changed: 0,
            length_before: self.old.len(),
            length_after: self.new.len(),
        }
    }

    fn is_shifted(&self) -> bool {
        match self.alignment.runs.as_slice() {
            [Run::Drop(_), stayed @ .., Run::Add(_)] => {
                let stays = |run: &Run| matches!(run, Run::Keep(_) | Run::Change(_));
                self.alignment.moved.is_empty() && !stayed.is_empty() && stayed.iter().all(stays)
            }
            _ => false,
        }
    }

    /// Visits what was and is in the places of elements that belong together, equal ones too.
    fn each_that_stayed(&self, mut visit: impl FnMut(&Tree, &Tree)) {
        self.each(|run, from, to| {
            if let Run::Keep(count) | Run::Change(count) = run {
                let pairs = self.old[from..from + count].iter().zip(&self.new[to..]);
                pairs.for_each(|(old, new)| visit(old, new));
            }
        });
    }

    /// Returns the places of elements that belong together and may differ within, in the order
    /// of the later list.
    fn compared(&self) -> Vec<(usize, usize)> {
        let mut compared = self.alignment.moved.clone();
        self.each(|run, from, to| {
            if let Run::Change(count) = run {
                compared.extend((0..count).map(|i| (from + i, to + i)));
            }
        });
        compared.sort_unstable_by_key(|&(_, to)| to);
        compared
    }

    /// Returns the beginnings of the removed and of the added elements.
    fn went_and_came(&self) -> (Vec<&'a Tree>, Vec<&'a Tree>) {
        let (from, to): (HashSet<usize>, HashSet<usize>) =
            self.alignment.moved.iter().copied().unzip();
        let (mut went, mut came) = (Vec::new(), Vec::new());
        self.each(|run, left, right| match run {
            Run::Drop(count) => take(&mut went, self.old, left..left + count, &from),
            Run::Add(count) => take(&mut came, self.new, right..right + count, &to),
            Run::Keep(_) | Run::Change(_) => {}
        });
        (went, came)
    }

    /// Visits every run with the places where it begins in both lists.
    fn each(&self, mut visit: impl FnMut(Run, usize, usize)) {
        let (mut from, mut to) = (0, 0);
        for run in self.alignment.runs.iter().copied() {
            visit(run, from, to);
            let (before, after) = match run {
                Run::Keep(count) | Run::Change(count) => (count, count),
                Run::Drop(count) => (count, 0),
                Run::Add(count) => (0, count),
            };
            (from, to) = (from + before, to + after);
        }
    }
}

/// Collects elements that did not move, no more than can be shown.
fn take<'a>(
    taken: &mut Vec<&'a Tree>,
    list: &'a [Tree],
    places: std::ops::Range<usize>,
    moved: &HashSet<usize>,
) {
    // An element has at least two characters.
    let room = limits::EXCERPT_CHARS_MAX.saturating_sub(taken.len());
    let stayed = places.filter(|place| !moved.contains(place));
    taken.extend(stayed.take(room).map(|place| &list[place]));
}
