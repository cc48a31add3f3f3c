//! A rollout made ready to decide.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;
use indexmap::IndexSet;

use super::{Barred, Course, Prerequisites};
use crate::bucket::{Bucketer, Slot};
use crate::document::{FlagDocument, Percentage, Rollout, Strategy};
use crate::evaluate::Reason;

/// A rollout made ready to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gate {
    pub(crate) bucketer: Bucketer,
    /// The first bucket that is not in, 0..=100 000.
    pub(crate) threshold: u32,
    pub(crate) admission: Admission,
    /// Its place in [`Compiled::lanes`](super::Compiled::lanes); `None` for the document's rollout.
    pub(crate) slot: Option<Slot>,
}

/// Whom a rollout lets in before it looks at buckets. Lists are positions in
/// [`Compiled::groups`](super::Compiled::groups).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Only buckets decide.
    Part,
    /// It is at 0 %.
    Nobody,
    /// It is at 100 %, for everyone.
    Everyone,
    /// Everyone in a group of this list is in; buckets decide for others.
    GroupsFirst(u32),
    /// Only users in a group of this list may be in; buckets decide for them.
    GroupsOnly(u32),
}

/// Names of groups, in order.
pub(crate) type GroupList = IndexSet<Box<str>, FixedState>;

/// The lists that rollouts name, each once.
#[derive(Default)]
pub(super) struct GroupLists {
    lists: Vec<GroupList>,
    known: HashMap<BTreeSet<Box<str>>, u32>,
}

impl GroupLists {
    /// Returns the position of a list of what a rollout names; `None` if it names no group.
    fn position(&mut self, rollout: &Rollout) -> Option<u32> {
        let names: BTreeSet<Box<str>> = rollout.groups().map(Into::into).collect();
        if names.is_empty() {
            return None;
        }
        if let Some(known) = self.known.get(&names) {
            return Some(*known);
        }
        let position = self.lists.len() as u32;
        self.lists.push(names.iter().cloned().collect());
        self.known.insert(names, position);
        Some(position)
    }

    pub(super) fn into_lists(self) -> Vec<GroupList> {
        self.lists
    }
}

impl Gate {
    /// Makes the gate of the document's rollout or of a component's own.
    pub(super) fn new(
        document: &FlagDocument,
        component: Option<&str>,
        rollout: &Rollout,
        lists: &mut GroupLists,
    ) -> Self {
        Self {
            bucketer: Bucketer::new(document.bucketing, component),
            threshold: rollout.percentage.milli(),
            admission: Admission::of(rollout, lists),
            slot: None,
        }
    }

    /// Returns how a component is evaluated to which this rollout applies.
    pub(super) fn course(&self, barred: Option<Barred>, prerequisites: Prerequisites) -> Course {
        let settled = |value, reason| Course::Settled { value, reason };
        if let Some(barred) = barred {
            return settled(false, barred.into());
        }
        match (self.admission, self.slot) {
            (Admission::Nobody, _) => settled(false, Reason::Zero),
            _ if !prerequisites.is_none() => Course::Requiring(prerequisites),
            (Admission::Everyone, _) => settled(true, Reason::Full),
            (_, None) => Course::Document,
            (Admission::Part, Some(slot)) => Course::Bucket(slot),
            (_, Some(_)) => Course::Own,
        }
    }

    /// Returns whether it is the document's rollout.
    pub(crate) fn is_document(&self) -> bool {
        self.slot.is_none()
    }
}

impl Admission {
    fn of(rollout: &Rollout, lists: &mut GroupLists) -> Self {
        if rollout.percentage == Percentage::ZERO {
            return Self::Nobody;
        }
        match (rollout.strategy, lists.position(rollout)) {
            (Strategy::Canary, Some(list)) => Self::GroupsFirst(list),
            (Strategy::Feature, Some(list)) => Self::GroupsOnly(list),
            _ if rollout.percentage == Percentage::FULL => Self::Everyone,
            _ => Self::Part,
        }
    }
}
