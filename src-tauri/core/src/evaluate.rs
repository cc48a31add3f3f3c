//! (Compiled, component, user) → [`Evaluation`]: on or off, and why.
//!
//! `evaluate` computes and allocates nothing. The order of the rules is the specification's: first
//! what holds for every user (master switch, the component's switch, its prerequisites' switches),
//! then the rollout, then the rollouts of everything it requires.

use crate::bucket::{Buckets, PreparedId};
use crate::compile::{Admission, Barred, Compiled, ComponentId, Course, Gate, Prerequisites};
use crate::limits;

/// Whom a component is evaluated for.
#[derive(Debug, Clone, Copy, Default)]
pub struct User<'a> {
    /// The id, hashed as it comes; the empty one is no id.
    pub id: &'a str,
    /// The groups the user belongs to.
    pub groups: &'a [&'a str],
}

impl<'a> User<'a> {
    /// A user in no group.
    pub fn id(id: &'a str) -> Self {
        Self { id, groups: &[] }
    }
}

/// On or off, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluation {
    /// Whether the component is on for the user.
    pub value: bool,
    /// The rule that decided.
    pub reason: Reason,
    /// The user's bucket, 0..100 000, if the component's rollout needed it.
    pub bucket: Option<u32>,
}

/// The rule that decided an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No component has that name.
    Unknown,
    /// The master switch is off.
    MasterOff,
    /// The component is switched off.
    ComponentOff,
    /// This component, which it requires, is off: for every user, or for this one.
    Prerequisite(ComponentId),
    /// The rollout is at 0 %.
    Zero,
    /// The rollout is for groups only, and the user is in none of them.
    NotInGroup,
    /// The user is in one of the groups that come first.
    Group,
    /// The rollout is at 100 %.
    Full,
    /// The rollout is for a part of everyone, and there is no user id.
    NoUser,
    /// The user's bucket was compared with the percentage.
    Split,
}

impl Reason {
    /// Returns its published name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_component",
            Self::MasterOff => "master_off",
            Self::ComponentOff => "component_off",
            Self::Prerequisite(_) => "prerequisite",
            Self::Zero => "zero",
            Self::NotInGroup => "not_in_group",
            Self::Group => "group",
            Self::Full => "full",
            Self::NoUser => "no_user",
            Self::Split => "split",
        }
    }
}

impl Evaluation {
    const fn off(reason: Reason) -> Self {
        Self {
            value: false,
            reason,
            bucket: None,
        }
    }

    const fn on(reason: Reason) -> Self {
        Self {
            value: true,
            reason,
            bucket: None,
        }
    }

    #[inline]
    const fn split(bucket: u32, threshold: u32) -> Self {
        Self {
            value: bucket < threshold,
            reason: Reason::Split,
            bucket: Some(bucket),
        }
    }
}

impl Compiled {
    /// Evaluates the component that a path names.
    #[inline]
    pub fn evaluate(&self, path: &str, user: &User) -> Evaluation {
        match self.component(path) {
            Some(id) => self.evaluate_id(id, user),
            None => Evaluation::off(Reason::Unknown),
        }
    }

    /// Evaluates one component.
    #[inline]
    pub fn evaluate_id(&self, id: ComponentId, user: &User) -> Evaluation {
        let rule = self.rule(id);
        match rule.course {
            Course::Barred(barred) => Evaluation::off(barred.into()),
            // Not by the copy in the rule: a processor that foresees the branch hashes the id before
            // the rule is there.
            Course::Document => self.decide(&self.document, user),
            Course::Own => self.decide(&rule.gate, user),
            Course::Requiring(prerequisites) => {
                let own = self.decide(&rule.gate, user);
                self.check(own, id, prerequisites, user)
            }
        }
    }

    /// Evaluates every component, in the order of the document.
    ///
    /// Evaluates the document's rollout once for all components that follow it, and reads the
    /// user's id once for all that have their own.
    #[inline]
    pub fn evaluate_all(&self, user: &User, mut visit: impl FnMut(ComponentId, Evaluation)) {
        let document = self.decide(&self.document, user);
        let id = self.prepare(user.id);
        let mut buckets = id.as_ref().map(|id| Buckets::new(&self.lanes, id));
        for (rule, id) in self.rules.iter().zip(self.components()) {
            let evaluation = match rule.course {
                Course::Barred(barred) => Evaluation::off(barred.into()),
                Course::Document => document,
                Course::Own => self.decide_own(&rule.gate, user, buckets.as_mut()),
                Course::Requiring(prerequisites) => {
                    let own = match rule.gate.slot {
                        Some(_) => self.decide_own(&rule.gate, user, buckets.as_mut()),
                        None => document,
                    };
                    self.check(own, id, prerequisites, user)
                }
            };
            visit(id, evaluation);
        }
    }

    /// Returns the user's bucket for a component, 0..100 000, whether its rollout needs it or not.
    pub fn bucket(&self, id: ComponentId, user: &str) -> u32 {
        self.rule(id).gate.bucketer.bucket(user)
    }

    /// Prepares a user's id for many rollouts; returns `None` if there are few of them, or for an
    /// id of an unusual length.
    fn prepare(&self, user: &str) -> Option<PreparedId> {
        if self.lanes.len() < limits::PREPARED_ROLLOUTS_MIN {
            return None;
        }
        self.document.bucketer.prepare(user)
    }

    /// Returns the evaluation of a component whose rollout gave `own`.
    #[inline]
    fn check(
        &self,
        own: Evaluation,
        id: ComponentId,
        prerequisites: Prerequisites,
        user: &User,
    ) -> Evaluation {
        if !own.value {
            return own;
        }
        match self.failing_prerequisite(id, prerequisites, user) {
            None => own,
            Some(failing) => Evaluation {
                value: false,
                reason: Reason::Prerequisite(failing),
                ..own
            },
        }
    }

    /// Returns the first prerequisite whose rollout leaves the user out.
    #[inline(never)]
    fn failing_prerequisite(
        &self,
        id: ComponentId,
        prerequisites: Prerequisites,
        user: &User,
    ) -> Option<ComponentId> {
        match prerequisites {
            Prerequisites::Flat { from, len } => {
                let checks = &self.checks[from as usize..(from + len) as usize];
                let mut checks = checks.iter();
                let failing = checks.find(|check| !self.decide(&check.gate, user).value);
                failing.map(|check| check.component)
            }
            Prerequisites::Walk => self.walk_prerequisites(id, user),
        }
    }

    /// Walks in the order of the flat list: depth first, in the order of the document.
    #[cold]
    fn walk_prerequisites(&self, id: ComponentId, user: &User) -> Option<ComponentId> {
        let mut seen = vec![false; self.components.len()];
        let mut waiting: Vec<ComponentId> = Vec::new();
        waiting.extend(self.get(id).requires.iter().rev());
        while let Some(required) = waiting.pop() {
            if std::mem::replace(&mut seen[required.0 as usize], true) {
                continue;
            }
            if !self.decide(&self.rule(required).gate, user).value {
                return Some(required);
            }
            waiting.extend(self.get(required).requires.iter().rev());
        }
        None
    }
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

impl Compiled {
    /// Decides for one user by the table of the specification, `shouldShow`.
    // Inlined, so that the outcome stays in registers: written to memory and copied from there, it
    // costs more than the hash.
    #[inline(always)]
    pub(crate) fn decide(&self, gate: &Gate, user: &User) -> Evaluation {
        if let Some(decided) = self.decide_by_groups(gate, user.groups) {
            return decided;
        }
        if user.id.is_empty() {
            return Evaluation::off(Reason::NoUser);
        }
        Evaluation::split(gate.bucketer.bucket(user.id), gate.threshold)
    }

    /// The same for a component's own rollout; `buckets` are the user's, if they were prepared.
    #[inline(always)]
    fn decide_own(&self, gate: &Gate, user: &User, buckets: Option<&mut Buckets>) -> Evaluation {
        let (Some(buckets), Some(slot)) = (buckets, gate.slot) else {
            return self.decide(gate, user);
        };
        if let Some(decided) = self.decide_by_groups(gate, user.groups) {
            return decided;
        }
        Evaluation::split(buckets.get(slot), gate.threshold)
    }

    /// Decides by the rules that do not need the id, rows 1 to 4 of the table; `None` if they do
    /// not suffice.
    #[inline(always)]
    pub(crate) fn decide_by_groups(&self, gate: &Gate, groups: &[&str]) -> Option<Evaluation> {
        let named = match gate.admission {
            Admission::Part => return None,
            Admission::Nobody => return Some(Evaluation::off(Reason::Zero)),
            Admission::Everyone => return Some(Evaluation::on(Reason::Full)),
            Admission::GroupsFirst(list) | Admission::GroupsOnly(list) => {
                self.names_any(list, groups)
            }
        };
        match gate.admission {
            Admission::GroupsFirst(_) if named => Some(Evaluation::on(Reason::Group)),
            Admission::GroupsOnly(_) if !named => Some(Evaluation::off(Reason::NotInGroup)),
            _ => (gate.threshold == limits::BUCKETS).then(|| Evaluation::on(Reason::Full)),
        }
    }

    #[inline]
    fn names_any(&self, list: u32, groups: &[&str]) -> bool {
        !groups.is_empty() && self.names_any_of(list, groups)
    }

    #[inline(never)]
    fn names_any_of(&self, list: u32, groups: &[&str]) -> bool {
        let list = &self.groups[list as usize];
        let is_named = |group: &&str| {
            let found = list.binary_search_by(|named| (**named).cmp(group));
            found.is_ok()
        };
        groups.iter().any(is_named)
    }
}
