//! Who sees a component, so that two documents can be compared: the same people, or fewer.
//!
//! Knows no users: it compares switches, rollouts and requirements.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::document::{
    Bucketing, ComponentPath, FlagDocument, Node, Percentage, Rollout, Strategy,
};

/// Who sees a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience<'a> {
    /// It is off for everyone.
    Nobody,
    /// Those that every one of these rollouts lets through, in order of their owners; everyone
    /// for none.
    Through(Vec<Rc<Gate<'a>>>),
}

/// A rollout that a user has to pass.
#[derive(Debug, PartialEq, Eq)]
pub struct Gate<'a> {
    /// What users are hashed with.
    bucketing: Bucketing,
    /// The component whose custom rollout it is; `None` for the default rollout. A part of everyone
    /// is another part under another one.
    owner: Option<&'a ComponentPath>,
    percentage: Percentage,
    /// In order, each once.
    groups: Vec<&'a str>,
    strategy: Strategy,
}

/// Who sees the components of one document.
struct Audiences<'a> {
    document: &'a FlagDocument,
    /// The default rollout, which most components share; `None` if it lets everyone through.
    default: Option<Rc<Gate<'a>>>,
}

impl<'a> Audience<'a> {
    /// Returns who sees a component; [`Audience::Nobody`] if there is no such component.
    pub fn of(document: &'a FlagDocument, component: &str) -> Self {
        Audiences::of(document).see(component)
    }

    /// Returns who the default rollout lets through; [`Audience::Nobody`] while the master switch is
    /// off.
    pub fn of_default(document: &'a FlagDocument) -> Self {
        let gate = Gate::of(document, None, &document.rollout);
        match document.enabled && document.rollout.percentage != Percentage::ZERO {
            true => Self::Through(gate.into_iter().collect()),
            false => Self::Nobody,
        }
    }

    /// Returns whether it is a part of all users: neither nobody nor certainly everyone.
    pub fn is_partial(&self) -> bool {
        matches!(self, Self::Through(gates) if !gates.is_empty())
    }

    /// Returns whether everyone in it certainly is in `other`, too. If that depends on which users
    /// there are, the answer is no.
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nobody, _) => true,
            (Self::Through(_), Self::Nobody) => false,
            (Self::Through(gates), Self::Through(wider)) => wider.iter().all(|wider| {
                // Mostly the same rollout decides before and after.
                let same = gates.binary_search_by_key(&wider.owner, |gate| gate.owner);
                same.is_ok_and(|at| gates[at].is_within(wider))
                    || gates.iter().any(|gate| gate.is_within(wider))
            }),
        }
    }

    /// Returns whether it certainly is the same people as `other`.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self == other || (self.is_within(other) && other.is_within(self))
    }

    /// Returns whether it certainly is within `other`, and may be fewer people.
    pub fn is_narrower_than(&self, other: &Self) -> bool {
        self.is_within(other) && !other.is_within(self)
    }
}

/// Lists the components of `before` that users may see in `after` who do not see them in `before`,
/// in the order of the document. The master switch does not count.
pub fn widened(before: &FlagDocument, after: &FlagDocument) -> Vec<String> {
    let (was, becomes) = (Audiences::of(before), Audiences::of(after));
    let mut widened = Vec::new();
    after.for_each_component(|path, _| {
        let is_in_both = matches!(before.node_at(path), Some(Node::Component(_)));
        if is_in_both && !becomes.see_once_on(path).is_within(&was.see_once_on(path)) {
            widened.push(path.to_owned());
        }
    });
    widened
}

/// Lists the components of `after` that may be seen by other people than in `before`.
pub fn changed(before: &FlagDocument, after: &FlagDocument) -> Vec<String> {
    let (was, becomes) = (Audiences::of(before), Audiences::of(after));
    let mut changed = Vec::new();
    after.for_each_component(|path, _| {
        if !was.see(path).is_same_as(&becomes.see(path)) {
            changed.push(path.to_owned());
        }
    });
    changed
}

impl<'a> Audiences<'a> {
    fn of(document: &'a FlagDocument) -> Self {
        Self {
            document,
            default: Gate::of(document, None, &document.rollout),
        }
    }

    fn see(&self, component: &str) -> Audience<'a> {
        match self.document.enabled {
            true => self.see_once_on(component),
            false => Audience::Nobody,
        }
    }

    /// Returns who sees a component as soon as flags are on.
    fn see_once_on(&self, component: &str) -> Audience<'a> {
        let mut known = BTreeSet::from([component]);
        let mut waiting = vec![component];
        let mut uses_default = false;
        let mut gates = Vec::new();
        while let Some(path) = waiting.pop() {
            if !matches!(self.document.node_at(path), Some(Node::Component(true))) {
                return Audience::Nobody;
            }
            match self.document.rollouts.get_key_value(path) {
                Some((owner, own)) => gates.extend(Gate::of(self.document, Some(owner), own)),
                None => uses_default = true,
            }
            let required = self.document.requires.get(path).into_iter().flatten();
            let further = required.map(ComponentPath::as_str);
            waiting.extend(further.filter(|path| known.insert(path)));
        }
        if uses_default {
            gates.extend(self.default.clone());
        }
        if gates.iter().any(|gate| gate.percentage == Percentage::ZERO) {
            return Audience::Nobody;
        }
        gates.sort_by_key(|gate| gate.owner);
        Audience::Through(gates)
    }
}

impl<'a> Gate<'a> {
    /// Returns a rollout as something to pass; `None` if it lets everyone through.
    fn of(
        document: &FlagDocument,
        owner: Option<&'a ComponentPath>,
        rollout: &'a Rollout,
    ) -> Option<Rc<Self>> {
        let gate = Self {
            bucketing: document.bucketing,
            owner,
            percentage: rollout.percentage,
            groups: groups_of(rollout),
            strategy: rollout.strategy,
        };
        let is_open = gate.percentage == Percentage::FULL && !gate.is_for_groups();
        (!is_open).then(|| Rc::new(gate))
    }

    fn is_for_groups(&self) -> bool {
        self.strategy == Strategy::Feature && !self.groups.is_empty()
    }

    /// The groups whose members pass whatever the percentage.
    fn first(&self) -> &[&'a str] {
        match self.strategy {
            Strategy::Canary => &self.groups,
            Strategy::BlueGreen | Strategy::Feature => &[],
        }
    }

    /// Returns whether everyone who passes it certainly passes `wider`.
    fn is_within(&self, wider: &Self) -> bool {
        if self == wider {
            return true;
        }
        let same_buckets = (self.bucketing, &self.owner) == (wider.bucketing, &wider.owner);
        let is_fewer = same_buckets && self.percentage <= wider.percentage;
        let passes_share = is_fewer || wider.percentage == Percentage::FULL;
        let names = |list: &[&str], names: &[&str]| {
            list == names || names.iter().all(|it| list.binary_search(it).is_ok())
        };
        match (self.is_for_groups(), wider.is_for_groups()) {
            (true, true) => passes_share && names(&wider.groups, &self.groups),
            (false, true) => false,
            (true, false) => passes_share || names(wider.first(), &self.groups),
            (false, false) => passes_share && names(wider.first(), self.first()),
        }
    }
}

fn groups_of(rollout: &Rollout) -> Vec<&str> {
    let groups: BTreeSet<&str> = rollout.groups().collect();
    match rollout.strategy {
        // Blue-green rollouts ignore groups.
        Strategy::BlueGreen => Vec::new(),
        Strategy::Canary | Strategy::Feature => groups.into_iter().collect(),
    }
}
