//! (Two documents, roster) → how many users gain, lose and keep a component.
//!
//! A [`Preview`] is made of the document before and the document after an edit, an undo, a restore
//! or an import: it determines for whom each component is on in either, and which components can
//! change. [`Preview::over`] counts people over a roster, exactly as [`Compiled::evaluate`] decides
//! for each of them. [`slide`] does the same for every percentage of a rollout at once.
//!
//! Components are compared by their paths, as applications ask for them: one that was renamed or
//! removed is lost, and one under a new path is gained. The master switch counts.
//!
//! Counts are numbers of people. The sum of their weights is separate ([`People::weight`]).
//!
//! [`People::weight`]: crate::roster::People::weight

mod block;
mod over;
mod side;
pub mod slide;

use std::ops::{Add, AddAssign};

use indexmap::{IndexMap, IndexSet};

use self::side::{Doc, Side, Sides};
use crate::compile::Compiled;
use crate::document::FlagDocument;
use crate::roster::{People, Roster};

pub use self::over::{RosterPreview, Touched, TouchedWho, Who, Whole};

/// Two documents, and for whom each component is on in either.
#[derive(Debug, Clone)]
pub struct Preview {
    before: Compiled,
    after: Compiled,
    sides: Sides,
    /// What happens to components, each once: many share their rollouts before and after.
    kinds: IndexSet<Kind>,
    /// The kind of each component: those of the document after in its order, then the others.
    components: IndexMap<Box<str>, usize>,
}

/// What happens to a component.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    before: Side,
    after: Side,
}

/// The kind of what is in neither document.
const ABSENT: usize = 0;

/// What an edit does to one component, in four parts that add up to all users: counts of people, or
/// shares.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Affected<T = People> {
    /// Off before, on after.
    pub gain: T,
    /// On before, off after.
    pub lose: T,
    /// On before and after.
    pub keep_on: T,
    /// Off before and after.
    pub keep_off: T,
}

impl<T: Add<Output = T> + Copy> Affected<T> {
    /// Returns the users for whom nothing changes.
    pub fn unchanged(&self) -> T {
        self.keep_on + self.keep_off
    }

    /// Returns the users for whom it is on before.
    pub fn before(&self) -> T {
        self.lose + self.keep_on
    }

    /// Returns the users for whom it is on after.
    pub fn after(&self) -> T {
        self.gain + self.keep_on
    }
}

impl Affected {
    /// Returns whether any user loses what they had.
    pub fn takes_away(&self) -> bool {
        self.lose.count > 0
    }
}

impl<T: AddAssign> AddAssign for Affected<T> {
    fn add_assign(&mut self, other: Self) {
        self.gain += other.gain;
        self.lose += other.lose;
        self.keep_on += other.keep_on;
        self.keep_off += other.keep_off;
    }
}

impl Preview {
    /// Compares two documents.
    pub fn new(before: &FlagDocument, after: &FlagDocument) -> Self {
        Self::of_compiled(Compiled::new(before), Compiled::new(after))
    }

    fn of_compiled(before: Compiled, after: Compiled) -> Self {
        let mut sides = Sides::default();
        let before_read = sides.read(&before, Doc::Before);
        let after_read = sides.read(&after, Doc::After);
        let mut kinds = IndexSet::from([Kind {
            before: Side::Nobody,
            after: Side::Nobody,
        }]);
        let mut components: IndexMap<Box<str>, usize> = IndexMap::new();
        for path in paths(&after).chain(paths(&before)) {
            if !components.contains_key(path) {
                let kind = Kind {
                    before: sides.side(&before, &before_read, path),
                    after: sides.side(&after, &after_read, path),
                };
                components.insert(path.into(), kinds.insert_full(kind).0);
            }
        }
        Self {
            before,
            after,
            sides,
            kinds,
            components,
        }
    }

    /// Returns the components that a user can gain or lose, by their paths: those of the document
    /// after in its order, then those that are only in the one before.
    ///
    /// All others are on for the same users before and after. With more rollouts
    /// behind a component than are compared
    /// ([`PREREQUISITES_FLAT_MAX`](crate::limits::PREREQUISITES_FLAT_MAX)), it is listed.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.changing().map(|(path, _)| path)
    }

    /// Returns what part of all users gains, loses and keeps a component, of those with an id who
    /// are in exactly these groups: numbers from 0.0 to 1.0 that add up to 1.
    ///
    /// Custom rollouts decide independently, as for [`Reach`](crate::reach::Reach); a rollout whose
    /// percentage is raised keeps who was in. Returns `None` with more rollouts behind the component
    /// than are multiplied out
    /// ([`PREREQUISITES_FLAT_MAX`](crate::limits::PREREQUISITES_FLAT_MAX)).
    pub fn expected(&self, path: &str, groups: &[&str]) -> Option<Affected<f64>> {
        let kind = &self.kinds[self.kind_of(path)];
        self.sides.expected(&kind.before, &kind.after, groups)
    }

    /// Prepares to count over a roster.
    pub fn over<'a>(&'a self, roster: &'a Roster) -> RosterPreview<'a> {
        RosterPreview::new(self, roster)
    }

    fn compiled(&self, doc: Doc) -> &Compiled {
        match doc {
            Doc::Before => &self.before,
            Doc::After => &self.after,
        }
    }

    fn kind_of(&self, path: &str) -> usize {
        self.components.get(path).copied().unwrap_or(ABSENT)
    }

    /// Returns the components that can change, with their kinds.
    fn changing(&self) -> impl Iterator<Item = (&str, usize)> {
        let all = self.components.iter().map(|(path, kind)| (&**path, *kind));
        all.filter(|(_, kind)| self.kinds[*kind].before != self.kinds[*kind].after)
    }
}

fn paths(compiled: &Compiled) -> impl Iterator<Item = &str> {
    compiled.components().map(|id| compiled.path(id))
}
