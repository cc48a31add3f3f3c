//! (Compiled, component, user) → [`Evaluation`]: on or off, and why.
//!
//! `evaluate` computes and allocates nothing. The order of the rules is the specification's: first
//! what holds for every user (master switch, the component's switch, its prerequisites' switches),
//! then the rollout, then the rollouts of everything it requires.

use crate::bucket::{Buckets, PreparedId, Slot};
use crate::compile::{Admission, Compiled, ComponentId, Course, Gate, GroupList, Prerequisites};
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

/// What an [`Evaluation`] is made of.
type Parts = (bool, Reason, Option<u32>);

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
    #[inline]
    const fn off(reason: Reason) -> Self {
        Self::without_bucket(false, reason)
    }

    #[inline]
    const fn on(reason: Reason) -> Self {
        Self::without_bucket(true, reason)
    }

    #[inline]
    const fn without_bucket(value: bool, reason: Reason) -> Self {
        Self {
            value,
            reason,
            bucket: None,
        }
    }

    /// The outcome of a rollout for which only the bucket counts.
    #[inline(always)]
    fn by_id(gate: &Gate, id: &str) -> Self {
        match id.is_empty() {
            true => Self::off(Reason::NoUser),
            false => Self::split(gate.bucketer.bucket(id), gate.threshold),
        }
    }

    #[inline(always)]
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
    #[inline(always)]
    pub fn evaluate_id(&self, id: ComponentId, user: &User) -> Evaluation {
        let rule = self.rule(id);
        match rule.course {
            Course::Settled { value, reason } => Evaluation::without_bucket(value, reason),
            // Not by the copy in the rule: a processor that foresees the branch hashes the id before
            // the rule is there.
            Course::Document if self.document.admission == Admission::Part => {
                Evaluation::by_id(&self.document, user.id)
            }
            Course::Bucket(_) => Evaluation::by_id(&rule.gate, user.id),
            Course::Document | Course::Own | Course::Requiring(_) => {
                let (value, reason, bucket) = self.evaluate_whole(id, user.id, user.groups);
                Evaluation {
                    value,
                    reason,
                    bucket,
                }
            }
        }
    }

    /// Evaluates every component, in the order of the document. Allocates nothing, as `evaluate`.
    ///
    /// Evaluates the document's rollout once for all components that follow it, and reads the
    /// user's id and groups once for all that have their own.
    #[inline]
    pub fn evaluate_all(&self, user: &User, visit: impl FnMut(ComponentId, Evaluation)) {
        let Some(id) = self.prepare(user.id) else {
            let by_bucket = |gate: &Gate, _| Evaluation::by_id(gate, user.id);
            return self.visit_all(user, by_bucket, visit);
        };
        let mut buckets = Buckets::new(&self.lanes, &id);
        let by_bucket = |gate: &Gate, slot| Evaluation::split(buckets.get(slot), gate.threshold);
        self.visit_all(user, by_bucket, visit);
    }

    /// Evaluates every component; `by_bucket` decides an own rollout when groups do not.
    #[inline(always)]
    fn visit_all(
        &self,
        user: &User,
        mut by_bucket: impl FnMut(&Gate, Slot) -> Evaluation,
        mut visit: impl FnMut(ComponentId, Evaluation),
    ) {
        let mut memberships = Memberships::new(self, user.groups);
        let document = memberships.decide(&self.document);
        let document = document.unwrap_or_else(|| Evaluation::by_id(&self.document, user.id));
        // Each arm visits by itself: what they have in common would be copied through memory.
        for (rule, id) in self.rules.iter().zip(self.components()) {
            match rule.course {
                Course::Document => visit(id, document),
                Course::Bucket(slot) => visit(id, by_bucket(&rule.gate, slot)),
                Course::Settled { value, reason } => {
                    visit(id, Evaluation::without_bucket(value, reason));
                }
                Course::Own | Course::Requiring(_) => {
                    let own = match rule.gate.slot {
                        None => document,
                        Some(slot) => memberships
                            .decide(&rule.gate)
                            .unwrap_or_else(|| by_bucket(&rule.gate, slot)),
                    };
                    visit(id, self.check(own, id, rule.course, user));
                }
            }
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

    /// Evaluates a component for which groups or prerequisites count.
    // Arguments and result in parts: a whole user or evaluation would be written to memory by every
    // evaluation, also by those that do not come here.
    #[inline(never)]
    fn evaluate_whole(&self, id: ComponentId, user: &str, groups: &[&str]) -> Parts {
        let user = &User { id: user, groups };
        let rule = self.rule(id);
        let whole = self.check(self.decide(&rule.gate, user), id, rule.course, user);
        (whole.value, whole.reason, whole.bucket)
    }

    /// Returns the evaluation of a component whose rollout gave `own`.
    #[inline]
    fn check(&self, own: Evaluation, id: ComponentId, course: Course, user: &User) -> Evaluation {
        let Course::Requiring(prerequisites) = course else {
            return own;
        };
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

impl Compiled {
    /// Decides for one user by the table of the specification, `shouldShow`.
    // Inlined, so that the outcome stays in registers: written to memory and copied from there, it
    // costs more than the hash.
    #[inline(always)]
    pub(crate) fn decide(&self, gate: &Gate, user: &User) -> Evaluation {
        match gate.admission {
            Admission::Part => Evaluation::by_id(gate, user.id),
            _ => self.decide_by_groups(gate, user),
        }
    }

    #[inline(never)]
    fn decide_by_groups(&self, gate: &Gate, user: &User) -> Evaluation {
        let decided = Memberships::new(self, user.groups).decide(gate);
        decided.unwrap_or_else(|| Evaluation::by_id(gate, user.id))
    }
}

/// Which lists name a group of the user; found when they are asked for.
pub(crate) struct Memberships<'a> {
    lists: &'a [GroupList],
    groups: &'a [&'a str],
    /// The lists that were looked at, a bit each. Only the first 64 are remembered.
    known: u64,
    /// Those of them that name one.
    named: u64,
}

impl<'a> Memberships<'a> {
    pub(crate) fn new(compiled: &'a Compiled, groups: &'a [&'a str]) -> Self {
        Self {
            lists: &compiled.groups,
            groups,
            known: 0,
            named: 0,
        }
    }

    /// Decides by the rules that do not need the id, rows 1 to 4 of the table; `None` if they do
    /// not suffice.
    #[inline(never)]
    pub(crate) fn decide(&mut self, gate: &Gate) -> Option<Evaluation> {
        match gate.admission {
            Admission::Part => return None,
            Admission::Nobody => return Some(Evaluation::off(Reason::Zero)),
            Admission::Everyone => return Some(Evaluation::on(Reason::Full)),
            Admission::GroupsFirst(list) if self.are_in(list) => {
                return Some(Evaluation::on(Reason::Group));
            }
            Admission::GroupsOnly(list) if !self.are_in(list) => {
                return Some(Evaluation::off(Reason::NotInGroup));
            }
            Admission::GroupsFirst(_) | Admission::GroupsOnly(_) => {}
        }
        (gate.threshold == limits::BUCKETS).then(|| Evaluation::on(Reason::Full))
    }

    /// Returns whether a list names any of the user's groups.
    fn are_in(&mut self, list: u32) -> bool {
        let bit = 1_u64.checked_shl(list).unwrap_or(0);
        if self.known & bit == 0 {
            let names = &self.lists[list as usize];
            let are_in = self.groups.iter().any(|group| names.contains(*group));
            self.known |= bit;
            if bit == 0 {
                return are_in;
            }
            self.named |= if are_in { bit } else { 0 };
        }
        self.named & bit != 0
    }
}
