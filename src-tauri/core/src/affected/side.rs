//! For whom a component is on in one document, in a form that is the same for the same users.
//!
//! Of users with an id, a rollout decides by a bucket and a threshold, which differs at most between
//! members of its groups and others. So a component is on for a user if a few buckets are below
//! thresholds; which ones, compilation has determined.

use std::collections::HashMap;

use indexmap::IndexSet;

use super::Affected;
use crate::bucket::Bucketer;
use crate::compile::{Admission, Compiled, ComponentId, Course, Gate, Prerequisites};
use crate::evaluate::Memberships;
use crate::limits::BUCKETS;

/// For which users with an id a component is on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Nobody,
    /// The users whom all of these let through; in order. Everyone if there are none.
    Through(Box<[Bar]>),
    /// The users for whom evaluation says so: too many rollouts are behind it to list them.
    Walk(Doc, ComponentId),
}

/// One of the two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Doc {
    Before,
    After,
}

/// A rollout that users with an id have to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Bar {
    /// What buckets are found with: a position in [`Sides::bucketers`].
    pub(super) bucketer: usize,
    /// The groups that make a difference: a position in [`Sides::lists`].
    pub(super) list: Option<usize>,
    /// The first bucket that is not in, for members of the groups: 0 for none, [`BUCKETS`] for all.
    pub(super) inside: u32,
    /// The same for everyone else.
    pub(super) outside: u32,
}

/// What rollouts of both documents decide by, each once.
#[derive(Debug, Clone, Default)]
pub(super) struct Sides {
    bucketers: IndexSet<Bucketer>,
    lists: IndexSet<Vec<Box<str>>>,
}

/// A position that no bucketer has.
const NO_BUCKETER: usize = usize::MAX;

/// The position of each list of groups of one document in [`Sides::lists`].
#[derive(Debug, Clone)]
pub(super) struct Read {
    doc: Doc,
    lists: Vec<usize>,
}

impl Bar {
    /// Returns whether buckets decide for any user.
    pub(super) fn needs_buckets(&self) -> bool {
        [self.inside, self.outside]
            .iter()
            .any(|&threshold| is_between(threshold))
    }

    /// Returns the threshold for users who are in `list` or not.
    pub(super) fn threshold(&self, is_in: bool) -> u32 {
        if is_in { self.inside } else { self.outside }
    }

    fn is_open(&self) -> bool {
        (self.inside, self.outside) == (BUCKETS, BUCKETS)
    }

    fn is_closed(&self) -> bool {
        (self.inside, self.outside) == (0, 0)
    }
}

/// Returns whether a threshold is one that buckets are below or not.
pub(super) fn is_between(threshold: u32) -> bool {
    threshold != 0 && threshold != BUCKETS
}

impl Sides {
    /// Reads the lists of groups of a document.
    pub(super) fn read(&mut self, compiled: &Compiled, doc: Doc) -> Read {
        let lists = compiled.groups.iter();
        let lists = lists.map(|list| self.lists.insert_full(list.iter().cloned().collect()).0);
        Read {
            doc,
            lists: lists.collect(),
        }
    }

    pub(super) fn bucketer(&self, at: usize) -> &Bucketer {
        &self.bucketers[at]
    }

    pub(super) fn bucketers_len(&self) -> usize {
        self.bucketers.len()
    }

    pub(super) fn lists(&self) -> impl ExactSizeIterator<Item = &[Box<str>]> {
        self.lists.iter().map(Vec::as_slice)
    }

    /// Returns for whom a component is on.
    pub(super) fn side(&mut self, compiled: &Compiled, read: &Read, path: &str) -> Side {
        let Some(id) = compiled.component(path) else {
            return Side::Nobody;
        };
        let rule = compiled.rule(id);
        let own = std::iter::once(&rule.gate);
        match rule.course {
            Course::Settled { value: false, .. } => Side::Nobody,
            Course::Settled { value: true, .. } => Side::Through(Box::default()),
            Course::Document | Course::Bucket(_) | Course::Own => self.through(compiled, read, own),
            Course::Requiring(Prerequisites::Flat { from, len }) => {
                let checks = &compiled.checks[from as usize..(from + len) as usize];
                let checks = checks.iter().map(|check| &check.gate);
                self.through(compiled, read, own.chain(checks))
            }
            Course::Requiring(Prerequisites::Walk) => Side::Walk(read.doc, id),
        }
    }

    fn through<'a>(
        &mut self,
        compiled: &Compiled,
        read: &Read,
        gates: impl Iterator<Item = &'a Gate>,
    ) -> Side {
        let bars = gates.map(|gate| self.bar(compiled, read, gate));
        let mut bars: Vec<Bar> = bars.filter(|bar| !bar.is_open()).collect();
        if bars.iter().any(Bar::is_closed) {
            return Side::Nobody;
        }
        bars.sort_unstable();
        Side::Through(bars.into())
    }

    /// Returns what a gate decides for users with an id.
    pub(super) fn bar(&mut self, compiled: &Compiled, read: &Read, gate: &Gate) -> Bar {
        let list = match gate.admission {
            Admission::GroupsFirst(list) | Admission::GroupsOnly(list) => Some(list as usize),
            Admission::Part | Admission::Nobody | Admission::Everyone => None,
        };
        let member = list.and_then(|list| compiled.groups[list].first());
        let outside = threshold(compiled, gate, &[]);
        let inside = member.map_or(outside, |name| threshold(compiled, gate, &[name]));
        let list = list.filter(|_| inside != outside);
        Bar {
            bucketer: self.bucketers.insert_full(gate.bucketer).0,
            list: list.map(|list| read.lists[list]),
            inside,
            outside,
        }
    }

    /// Returns what part of the users in `groups` gains, loses and keeps what goes from one side to
    /// the other; `None` if either is not listed.
    pub(super) fn expected(
        &self,
        before: &Side,
        after: &Side,
        groups: &[&str],
    ) -> Option<Affected<f64>> {
        let before = self.thresholds(before, groups)?;
        let after = self.thresholds(after, groups)?;
        let of_both = before.iter().map(|(bucketer, threshold)| {
            let after = after.get(bucketer).copied().unwrap_or(BUCKETS);
            part(after.min(*threshold))
        });
        let is_further = |(bucketer, _): &(&usize, &u32)| !before.contains_key(*bucketer);
        let further = after.iter().filter(is_further);
        let further = further.map(|(_, threshold)| part(*threshold));
        let keep_on: f64 = of_both.chain(further).product();
        let product = |side: &HashMap<usize, u32>| side.values().map(|it| part(*it)).product();
        let (was, is): (f64, f64) = (product(&before), product(&after));
        Some(Affected {
            gain: (is - keep_on).max(0.0),
            lose: (was - keep_on).max(0.0),
            keep_on,
            keep_off: (1.0 - was - is + keep_on).max(0.0),
        })
    }

    /// Returns the threshold that applies to users in `groups` for each bucketer.
    fn thresholds(&self, side: &Side, groups: &[&str]) -> Option<HashMap<usize, u32>> {
        let bars = match side {
            Side::Nobody => return Some(HashMap::from([(NO_BUCKETER, 0)])),
            Side::Through(bars) => bars.iter(),
            Side::Walk(..) => return None,
        };
        let threshold = |bar: &Bar| {
            let names = |list: usize| &self.lists[list];
            let is_named = |list| names(list).iter().any(|name| groups.contains(&&**name));
            (bar.bucketer, bar.threshold(bar.list.is_some_and(is_named)))
        };
        Some(bars.map(threshold).collect())
    }
}

/// Returns the first bucket that is not in, for users with an id who are in `groups`: by the rules of
/// evaluation that need no id, or else the gate's own.
fn threshold(compiled: &Compiled, gate: &Gate, groups: &[&str]) -> u32 {
    match Memberships::new(compiled, groups).decide(gate) {
        Some(decided) if decided.value => BUCKETS,
        Some(_) => 0,
        None => gate.threshold,
    }
}

fn part(threshold: u32) -> f64 {
    f64::from(threshold) / f64::from(BUCKETS)
}
