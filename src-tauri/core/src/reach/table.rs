//! The reach of every component, from what compilation knows of its rollouts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Bound, Kinds, Nobody, Reach, Reaches};
use crate::compile::{Admission, Compiled, ComponentId, Gate, Prerequisites};
use crate::limits;

/// Computes the reach of every component.
pub(super) fn build(compiled: &Compiled, all_off: bool) -> Reaches {
    let mut builder = Builder::new(compiled);
    for id in compiled.children_first() {
        builder.learn(id);
    }
    let default_kind = builder.kind(Shares::of_default(compiled));
    let components = compiled.components();
    let components = components.map(|id| builder.kinds_of(id)).collect();
    Reaches {
        all_off,
        kinds: builder.kinds,
        default_kind,
        components,
    }
}

/// Whom rollouts together let through.
#[derive(Debug, Clone, PartialEq)]
struct Shares {
    others: f64,
    members: f64,
    /// Positions in [`Compiled::groups`] of the lists that make a difference.
    lists: Vec<u32>,
    bound: Bound,
    nobody: Option<Why>,
}

/// Why nobody is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Why {
    SwitchedOff,
    RequiredOff(ComponentId),
    Zero,
    DefaultZero,
    RequiredZero(ComponentId),
}

/// Shares as they are looked up: floats by their bits.
type Key = (u64, u64, Vec<u32>, Bound, Option<Why>);

struct Builder<'a> {
    compiled: &'a Compiled,
    /// For each component, which one keeps it off for everyone: itself, or what it requires.
    off: Vec<Option<ComponentId>>,
    /// For each component, what its rollouts let through, switches aside.
    gates: Vec<Option<Shares>>,
    kinds: Vec<Reach>,
    kind_by_key: HashMap<Key, usize>,
}

impl<'a> Builder<'a> {
    fn new(compiled: &'a Compiled) -> Self {
        let count = compiled.components.len();
        Self {
            compiled,
            off: vec![None; count],
            gates: vec![None; count],
            kinds: Vec::new(),
            kind_by_key: HashMap::new(),
        }
    }

    /// Notes what holds for a component, after all those it requires.
    fn learn(&mut self, id: ComponentId) {
        let component = self.compiled.get(id);
        let mut required = component.requires.iter();
        self.off[id.0 as usize] = match component.on {
            false => Some(id),
            true => required.find_map(|required| self.off[required.0 as usize]),
        };
        self.gates[id.0 as usize] = Some(match component.prerequisites {
            Prerequisites::Flat { .. } => self.multiplied(id),
            Prerequisites::Walk => self.bounded(id),
        });
    }

    fn kinds_of(&mut self, id: ComponentId) -> Kinds {
        let met = self.met(id);
        let sees = self.sees(id);
        Kinds {
            sees: self.kind(sees),
            met: met.map(|met| self.kind(met)),
        }
    }

    fn sees(&self, id: ComponentId) -> Shares {
        match self.off[id.0 as usize] {
            Some(off) if off == id => Shares::nobody(Why::SwitchedOff),
            Some(off) => Shares::nobody(Why::RequiredOff(off)),
            None => self.gates_of(id).clone(),
        }
    }

    /// Returns for whom everything is on that a component requires.
    fn met(&self, id: ComponentId) -> Option<Shares> {
        let requires = &self.compiled.get(id).requires;
        if requires.is_empty() {
            return None;
        }
        let mut off = requires
            .iter()
            .map(|required| self.off[required.0 as usize]);
        if let Some(off) = off.find_map(|off| off) {
            return Some(Shares::nobody(Why::RequiredOff(off)));
        }
        Some(match self.compiled.get(id).prerequisites {
            Prerequisites::Flat { .. } => self.multiplied_requirements(id),
            Prerequisites::Walk => self.bounded_requirements(id),
        })
    }

    fn gates_of(&self, id: ComponentId) -> &Shares {
        let gates = self.gates[id.0 as usize].as_ref();
        gates.expect("every component was learned before it is asked for")
    }

    /// Multiplies a component's own rollout with the distinct ones behind its requirements.
    fn multiplied(&self, id: ComponentId) -> Shares {
        let gate = &self.compiled.rule(id).gate;
        let mut shares = Shares::everyone();
        shares.pass(gate, own_zero(gate));
        self.pass_checks(id, &mut shares);
        shares
    }

    fn multiplied_requirements(&self, id: ComponentId) -> Shares {
        let mut shares = Shares::everyone();
        self.pass_checks(id, &mut shares);
        // The checks leave out the component's own gate: if that is the default rollout, what it
        // requires may be on it as well.
        let gate = &self.compiled.rule(id).gate;
        if gate.is_document()
            && let Some(required) = self.required_on_default(id)
        {
            let zero = Why::RequiredZero(required);
            shares.pass(gate, zero);
        }
        shares
    }

    fn pass_checks(&self, id: ComponentId, shares: &mut Shares) {
        if let Prerequisites::Flat { from, len } = self.compiled.get(id).prerequisites {
            for check in &self.compiled.checks[from as usize..(from + len) as usize] {
                let zero = Why::RequiredZero(check.component);
                shares.pass(&check.gate, zero);
            }
        }
    }

    /// Returns what a component on the default rollout requires that is on it too, directly or
    /// behind a custom rollout.
    fn required_on_default(&self, id: ComponentId) -> Option<ComponentId> {
        let mut required = self.compiled.get(id).requires.iter().copied();
        required.find(|&required| {
            let component = self.compiled.get(required);
            let Prerequisites::Flat { from, len } = component.prerequisites else {
                return true;
            };
            let checks = &self.compiled.checks[from as usize..(from + len) as usize];
            self.compiled.rule(required).gate.is_document()
                || checks.iter().any(|check| check.gate.is_document())
        })
    }

    /// Bounds the reach of a component with too many rollouts behind it: at most the smallest reach
    /// among what it requires, times the share of its custom rollout.
    fn bounded(&self, id: ComponentId) -> Shares {
        let gate = &self.compiled.rule(id).gate;
        let mut shares = self.bounded_requirements(id);
        if !gate.is_document() {
            shares.pass(gate, Why::Zero);
        }
        shares
    }

    fn bounded_requirements(&self, id: ComponentId) -> Shares {
        let mut shares = Shares::everyone();
        shares.bound = Bound::AtMost;
        for &required in &self.compiled.get(id).requires {
            let of = self.gates_of(required);
            shares.others = shares.others.min(of.others);
            shares.members = shares.members.min(of.members);
            shares.nobody = shares
                .nobody
                .or(of.nobody.map(|why| why.seen_from(required)));
            of.lists.iter().for_each(|list| shares.add_list(*list));
        }
        shares
    }

    /// Returns the position of an equal reach, which is added if it is missing.
    fn kind(&mut self, shares: Shares) -> usize {
        let shares = shares.settled();
        let key = (
            shares.others.to_bits(),
            shares.members.to_bits(),
            shares.lists.clone(),
            shares.bound,
            shares.nobody,
        );
        match self.kind_by_key.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                self.kinds.push(shares.named(self.compiled));
                *place.insert(self.kinds.len() - 1)
            }
        }
    }
}

impl Shares {
    fn everyone() -> Self {
        Self {
            others: 1.0,
            members: 1.0,
            lists: Vec::new(),
            bound: Bound::Exact,
            nobody: None,
        }
    }

    fn nobody(why: Why) -> Self {
        Self {
            nobody: Some(why),
            ..Self::everyone()
        }
    }

    fn of_default(compiled: &Compiled) -> Self {
        let mut shares = Self::everyone();
        shares.pass(&compiled.document, Why::DefaultZero);
        shares
    }

    /// Applies one more rollout, by the table of the specification.
    fn pass(&mut self, gate: &Gate, zero: Why) {
        let share = f64::from(gate.threshold) / f64::from(limits::BUCKETS);
        if gate.threshold == 0 {
            self.nobody = self.nobody.or(Some(zero));
        }
        match gate.admission {
            Admission::GroupsFirst(_) if gate.threshold == limits::BUCKETS => {}
            Admission::GroupsFirst(list) => {
                self.others *= share;
                self.add_list(list);
            }
            Admission::GroupsOnly(list) => {
                self.others = 0.0;
                self.members *= share;
                self.add_list(list);
            }
            Admission::Part | Admission::Nobody | Admission::Everyone => {
                self.others *= share;
                self.members *= share;
            }
        }
    }

    fn add_list(&mut self, list: u32) {
        if !self.lists.contains(&list) && self.lists.len() < limits::REACH_LISTS_MAX {
            self.lists.push(list);
        }
    }

    /// Removes what makes no difference, and determines how exact the rest is.
    fn settled(mut self) -> Self {
        if self.nobody.is_some() {
            (self.others, self.members) = (0.0, 0.0);
            self.lists.clear();
            self.bound = Bound::Exact;
        } else if self.bound == Bound::AtMost && self.others >= 1.0 {
            // Only rollouts at 100 % leave a bound of everyone.
            self.bound = Bound::Exact;
        } else if self.bound == Bound::Exact && self.lists.len() > 1 {
            self.bound = Bound::MembersAtMost;
        }
        self
    }

    fn named(self, compiled: &Compiled) -> Reach {
        let mut groups: Vec<String> = Vec::new();
        for list in self.lists {
            for group in &compiled.groups[list as usize] {
                if !groups.iter().any(|known| **known == **group) {
                    groups.push(group.to_string());
                }
            }
        }
        let path = |id| compiled.path(id).to_owned();
        Reach {
            others: self.others,
            members: self.members,
            groups,
            bound: self.bound,
            nobody: self.nobody.map(|why| match why {
                Why::SwitchedOff => Nobody::SwitchedOff,
                Why::RequiredOff(id) => Nobody::RequiredOff(path(id)),
                Why::Zero => Nobody::Zero,
                Why::DefaultZero => Nobody::DefaultZero,
                Why::RequiredZero(id) => Nobody::RequiredZero(path(id)),
            }),
        }
    }
}

impl Why {
    /// Returns what it is for a component that requires the one it was found for.
    fn seen_from(self, required: ComponentId) -> Self {
        match self {
            Self::SwitchedOff => Self::RequiredOff(required),
            Self::Zero | Self::DefaultZero => Self::RequiredZero(required),
            deeper @ (Self::RequiredOff(_) | Self::RequiredZero(_)) => deeper,
        }
    }
}

fn own_zero(gate: &Gate) -> Why {
    match gate.is_document() {
        false => Why::Zero,
        true => Why::DefaultZero,
    }
}
