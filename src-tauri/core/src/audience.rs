//! Who sees a component, so that two documents can be compared: the same people, or fewer.
//!
//! Knows no users: it compares switches, rollouts and requirements.

use std::collections::BTreeSet;

use crate::document::{
    Bucketing, ComponentPath, FlagDocument, Node, Percentage, Rollout, Strategy,
};

/// Who sees a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// It is off for everyone.
    Nobody,
    /// Those that every one of these rollouts lets through, its own first; everyone for none.
    Through(Vec<Gate>),
}

/// A rollout that a user has to pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// What users are hashed with.
    bucketing: Bucketing,
    /// The component whose custom rollout it is; none for the default rollout. A part of
    /// everyone is another part under another one.
    owner: Option<ComponentPath>,
    percentage: Percentage,
    /// In order, each once.
    groups: Vec<String>,
    strategy: Strategy,
}

impl Audience {
    /// Returns who sees a component; nobody for what is no component.
    pub fn of(document: &FlagDocument, component: &str) -> Self {
        let mut required = BTreeSet::new();
        let mut waiting = vec![component.to_owned()];
        let mut gates: Vec<Gate> = Vec::new();
        while let Some(path) = waiting.pop() {
            if !document.enabled || !is_on(document, &path) {
                return Self::Nobody;
            }
            match Gate::of(document, &path) {
                Some(gate) if gate.percentage == Percentage::ZERO => return Self::Nobody,
                Some(gate) if !gates.contains(&gate) => gates.push(gate),
                _ => {}
            }
            let further = document.requires.get(path.as_str()).into_iter().flatten();
            for path in further {
                if required.insert(path.as_str().to_owned()) {
                    waiting.push(path.as_str().to_owned());
                }
            }
        }
        gates.sort_by(|a, b| a.owner.cmp(&b.owner));
        Self::Through(gates)
    }

    /// Whether everyone in it certainly is in `other`, too. If that depends on who there is, the
    /// answer is no.
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nobody, _) => true,
            (Self::Through(_), Self::Nobody) => false,
            (Self::Through(gates), Self::Through(wider)) => wider
                .iter()
                .all(|wider| gates.iter().any(|gate| gate.is_within(wider))),
        }
    }

    /// Whether it certainly is the same people as `other`.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self == other || (self.is_within(other) && other.is_within(self))
    }

    /// Whether it certainly is within `other`, and may be fewer people.
    pub fn is_narrower_than(&self, other: &Self) -> bool {
        self.is_within(other) && !other.is_within(self)
    }
}

/// Lists the components of `after` that may be seen by other people than in `before`.
pub fn changed(before: &FlagDocument, after: &FlagDocument) -> Vec<String> {
    let mut changed = Vec::new();
    after.for_each_component(|path, _| {
        if !Audience::of(before, path).is_same_as(&Audience::of(after, path)) {
            changed.push(path.to_owned());
        }
    });
    changed
}

impl Gate {
    /// Returns the rollout that decides for a component; none if it lets everyone through.
    fn of(document: &FlagDocument, component: &str) -> Option<Self> {
        let own = document.rollouts.get_key_value(component);
        let rollout = own.map_or(&document.rollout, |(_, rollout)| rollout);
        let gate = Self {
            bucketing: document.bucketing,
            owner: own.map(|(path, _)| path.clone()),
            percentage: rollout.percentage,
            groups: groups_of(rollout),
            strategy: rollout.strategy,
        };
        let is_open = gate.percentage == Percentage::FULL && !gate.is_for_groups();
        (!is_open).then_some(gate)
    }

    fn is_for_groups(&self) -> bool {
        self.strategy == Strategy::Feature && !self.groups.is_empty()
    }

    /// The groups whose members pass whatever the percentage.
    fn first(&self) -> &[String] {
        match self.strategy {
            Strategy::Canary => &self.groups,
            Strategy::BlueGreen | Strategy::Feature => &[],
        }
    }

    /// Whether everyone who passes it certainly passes `wider`.
    fn is_within(&self, wider: &Self) -> bool {
        if self == wider {
            return true;
        }
        let same_buckets = (self.bucketing, &self.owner) == (wider.bucketing, &wider.owner);
        let is_fewer = same_buckets && self.percentage <= wider.percentage;
        let passes_share = is_fewer || wider.percentage == Percentage::FULL;
        let names = |list: &[String], names: &[String]| names.iter().all(|it| list.contains(it));
        match (self.is_for_groups(), wider.is_for_groups()) {
            (true, true) => passes_share && names(&wider.groups, &self.groups),
            (false, true) => false,
            (true, false) => passes_share || names(wider.first(), &self.groups),
            (false, false) => passes_share && names(wider.first(), self.first()),
        }
    }
}

fn groups_of(rollout: &Rollout) -> Vec<String> {
    let groups: BTreeSet<&String> = rollout.user_groups.iter().collect();
    match rollout.strategy {
        // Groups mean nothing to it.
        Strategy::BlueGreen => Vec::new(),
        Strategy::Canary | Strategy::Feature => groups.into_iter().cloned().collect(),
    }
}

fn is_on(document: &FlagDocument, component: &str) -> bool {
    let mut segments = component.split('.');
    let first = segments
        .next()
        .and_then(|name| document.components.get(name));
    let node = segments.try_fold(first, |node, segment| match node {
        Some(Node::Group(group)) => Some(group.get(segment)),
        _ => None,
    });
    matches!(node, Some(Some(Node::Component(true))))
}
