//! `FlagDocument` → [`Compiled`]: immutable, replaced whole, fast to evaluate.
//!
//! What does not depend on the user is decided here, once: the master switch, every component's
//! own switch, and whether all it requires is switched on. What is left for a user is a few
//! gates: one for the rollout that applies, one for each further rollout that a prerequisite
//! brings in.

mod gate;
mod names;

use crate::bucket::{Bucketer, Lanes, Slot};
use crate::document::{ComponentPath, FlagDocument};
use crate::evaluate::Reason;
use crate::limits;

use self::gate::GroupLists;
pub(crate) use self::gate::{Admission, Gate, GroupList};
use self::names::Names;

/// A document made ready to be evaluated.
#[derive(Debug, Clone)]
pub struct Compiled {
    names: Names,
    /// How each component is evaluated, apart from what only people ask for: an evaluation reads
    /// one of them, and many documents have more than a processor's cache holds.
    pub(crate) rules: Vec<Rule>,
    pub(crate) components: Vec<Component>,
    /// The document's rollout.
    pub(crate) document: Gate,
    /// What the components' own rollouts hash with, as it is read to evaluate them all.
    pub(crate) lanes: Lanes,
    /// The groups that gates name; no two lists are equal.
    pub(crate) groups: Vec<GroupList>,
    /// Prerequisite checks of all components, one after the other.
    pub(crate) checks: Vec<Check>,
}

/// A component of one [`Compiled`] document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId(pub(crate) u32);

impl ComponentId {
    /// Returns its place in [`Compiled::components`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a component is evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) course: Course,
    /// The rollout that applies: a copy, because following a reference costs more than the rest.
    pub(crate) gate: Gate,
}

/// What is left to decide for a user.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Course {
    /// Nothing: it is the same for every user.
    Settled { value: bool, reason: Reason },
    /// The document's rollout.
    Document,
    /// Its own rollout, of which only the bucket counts.
    Bucket(Slot),
    /// Its own rollout, of which groups count as well.
    Own,
    /// The rollout that applies, then those of what it requires.
    Requiring(Prerequisites),
}

#[derive(Debug, Clone)]
pub(crate) struct Component {
    /// Its own switch.
    pub(crate) on: bool,
    /// What keeps it off for every user.
    pub(crate) barred: Option<Barred>,
    pub(crate) requires: Vec<ComponentId>,
    pub(crate) prerequisites: Prerequisites,
}

/// Why a component is off for every user, before any rollout is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Barred {
    Master,
    Component,
    Prerequisite(ComponentId),
}

impl From<Barred> for Reason {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::Master => Self::MasterOff,
            Barred::Component => Self::ComponentOff,
            Barred::Prerequisite(id) => Self::Prerequisite(id),
        }
    }
}

/// How to check what a component requires for one user.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Prerequisites {
    /// The distinct gates beyond its own, in [`Compiled::checks`].
    Flat { from: u32, len: u32 },
    /// Too many of them to list: walk the graph.
    Walk,
}

impl Prerequisites {
    /// Nothing is required, or no further rollout is evaluated for it.
    const NONE: Self = Self::Flat { from: 0, len: 0 };

    fn is_none(self) -> bool {
        matches!(self, Self::Flat { len: 0, .. })
    }
}

/// A rollout that a component's prerequisites bring in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check {
    pub(crate) component: ComponentId,
    pub(crate) gate: Gate,
}

impl Compiled {
    /// Compiles a valid document.
    ///
    /// Names in `rollouts` and `requires` that lead to no component are skipped, and components in
    /// a cycle of prerequisites are off: no document that `validate` accepts has either.
    pub fn new(document: &FlagDocument) -> Self {
        let mut lists = GroupLists::default();
        let mut compiled = Self {
            names: Names::new(),
            rules: Vec::new(),
            components: Vec::new(),
            document: Gate::new(document, None, &document.rollout, &mut lists),
            lanes: Lanes::default(),
            groups: Vec::new(),
            checks: Vec::new(),
        };
        document.for_each_component(|path, on| {
            compiled.add_component(document, path, on, &mut lists);
        });
        compiled.groups = lists.into_lists();
        compiled.names.index();
        compiled.lay_out_lanes();
        for (path, required) in &document.requires {
            compiled.link(path, required);
        }
        for id in compiled.children_first() {
            compiled.settle(document.enabled, id);
        }
        compiled
    }

    /// Returns the component that a path names.
    #[inline(always)]
    pub fn component(&self, path: &str) -> Option<ComponentId> {
        self.names.find(path)
    }

    /// Returns every component, in the order of the document.
    pub fn components(&self) -> impl ExactSizeIterator<Item = ComponentId> + use<> {
        (0..self.components.len() as u32).map(ComponentId)
    }

    /// Returns the path of a component.
    pub fn path(&self, id: ComponentId) -> &str {
        self.names.get(id)
    }

    pub(crate) fn get(&self, id: ComponentId) -> &Component {
        &self.components[id.0 as usize]
    }

    #[inline]
    pub(crate) fn rule(&self, id: ComponentId) -> &Rule {
        &self.rules[id.0 as usize]
    }

    fn add_component(
        &mut self,
        document: &FlagDocument,
        path: &str,
        on: bool,
        lists: &mut GroupLists,
    ) {
        let (course, gate) = match document.rollouts.get(path) {
            Some(own) => (Course::Own, Gate::new(document, Some(path), own, lists)),
            None => (Course::Document, self.document),
        };
        self.names.push(path);
        self.rules.push(Rule { course, gate });
        self.components.push(Component {
            on,
            barred: None,
            requires: Vec::new(),
            prerequisites: Prerequisites::NONE,
        });
    }

    /// Lays out what own rollouts hash with, as [`Lanes`] have it.
    fn lay_out_lanes(&mut self) {
        let own = self
            .rules
            .iter_mut()
            .filter(|rule| matches!(rule.course, Course::Own));
        let mut own: Vec<&mut Gate> = own.map(|rule| &mut rule.gate).collect();
        let bucketers: Vec<Bucketer> = own.iter().map(|gate| gate.bucketer).collect();
        let (lanes, slots) = Lanes::new(&bucketers);
        for (gate, slot) in own.iter_mut().zip(slots) {
            gate.slot = Some(slot);
        }
        self.lanes = lanes;
    }

    fn link(&mut self, path: &ComponentPath, required: &[ComponentPath]) {
        let Some(id) = self.component(path.as_str()) else {
            return;
        };
        let ids = required
            .iter()
            .filter_map(|path| self.component(path.as_str()));
        self.components[id.0 as usize].requires = ids.collect();
    }

    /// Returns every component after all those it requires; members of a cycle come in any order.
    pub(crate) fn children_first(&self) -> Vec<ComponentId> {
        let mut seen = vec![false; self.components.len()];
        let mut order = Vec::with_capacity(self.components.len());
        let mut stack = Vec::new();
        for start in self.components() {
            if !std::mem::replace(&mut seen[start.0 as usize], true) {
                stack.push((start, 0));
            }
            while let Some((id, position)) = stack.last_mut() {
                let Some(&next) = self.get(*id).requires.get(*position) else {
                    order.push(*id);
                    stack.pop();
                    continue;
                };
                *position += 1;
                if !std::mem::replace(&mut seen[next.0 as usize], true) {
                    stack.push((next, 0));
                }
            }
        }
        order
    }

    /// Decides what does not depend on the user, from what is known of the prerequisites.
    fn settle(&mut self, enabled: bool, id: ComponentId) {
        let barred = self.barred(enabled, id);
        let prerequisites = self.prerequisites(id);
        let component = &mut self.components[id.0 as usize];
        component.barred = barred;
        component.prerequisites = prerequisites;
        let rule = &mut self.rules[id.0 as usize];
        rule.course = rule.gate.course(barred, prerequisites);
    }

    fn barred(&self, enabled: bool, id: ComponentId) -> Option<Barred> {
        let component = self.get(id);
        if !enabled {
            return Some(Barred::Master);
        }
        if !component.on {
            return Some(Barred::Component);
        }
        let mut required = component.requires.iter().copied();
        required.find_map(|required| match self.get(required).barred {
            None => None,
            // The deepest cause is what a person has to change.
            Some(Barred::Prerequisite(deeper)) => Some(Barred::Prerequisite(deeper)),
            Some(_) => Some(Barred::Prerequisite(required)),
        })
    }

    /// Lists the gates that prerequisites bring in, each once, nearest first.
    fn prerequisites(&mut self, id: ComponentId) -> Prerequisites {
        let gate = self.rule(id).gate;
        let mut checks: Vec<Check> = Vec::new();
        for &required in &self.get(id).requires {
            let Prerequisites::Flat { from, len } = self.get(required).prerequisites else {
                return Prerequisites::Walk;
            };
            let own = Check {
                component: required,
                gate: self.rule(required).gate,
            };
            let further = &self.checks[from as usize..(from + len) as usize];
            for check in std::iter::once(&own).chain(further) {
                let known =
                    check.gate == gate || checks.iter().any(|earlier| earlier.gate == check.gate);
                if !known {
                    checks.push(*check);
                }
            }
            if checks.len() > limits::PREREQUISITES_FLAT_MAX {
                return Prerequisites::Walk;
            }
        }
        let from = self.checks.len() as u32;
        let len = checks.len() as u32;
        self.checks.extend(checks);
        Prerequisites::Flat { from, len }
    }
}
