//! Whom a component reaches: the share of users for whom it is on, with everything it requires.
//!
//! Custom rollouts hash `[component, user]`, so distinct ones decide independently and their
//! shares multiply. Components on the default rollout share one bucket per user, so that rollout
//! counts once, however many of them a component requires. Shares are of users with an id;
//! a user without one is in no share below 100 %.
//!
//! The master switch is left out of the shares: they tell who sees a component as soon as flags
//! are on.

mod table;
mod words;

use crate::audience;
use crate::compile::{Compiled, ComponentId};
use crate::document::FlagDocument;

/// Whom a component reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    /// The share of users in none of `groups`, 0.0..=1.0.
    pub others: f64,
    /// The share of users in `groups`, 0.0..=1.0, at least `others`.
    pub members: f64,
    /// The groups that make a difference, in the order they are met. Empty if none does.
    pub groups: Vec<String>,
    /// How exact the shares are.
    pub bound: Bound,
    /// Why nobody sees it; then both shares are 0.
    pub nobody: Option<Nobody>,
}

/// How exact the shares of a [`Reach`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Both shares are exact.
    Exact,
    /// Different groups count along the requirements: `members` is the share of users who are in
    /// all that matter, and at most that of other members. `others` is exact.
    MembersAtMost,
    /// More rollouts than are multiplied out
    /// ([`PREREQUISITES_FLAT_MAX`](crate::limits::PREREQUISITES_FLAT_MAX)): both shares are
    /// upper bounds.
    AtMost,
}

/// Why nobody sees a component.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Nobody {
    /// It is switched off.
    SwitchedOff,
    /// This component, which it requires, is switched off.
    RequiredOff(String),
    /// Its custom rollout is at 0 %.
    Zero,
    /// It follows the default rollout, which is at 0 %.
    DefaultZero,
    /// The rollout of this component, which it requires, is at 0 %.
    RequiredZero(String),
}

/// The reach of every component of one document.
#[derive(Debug, Clone)]
pub struct Reaches {
    all_off: bool,
    /// Every distinct reach once: most components share one with many others.
    kinds: Vec<Reach>,
    /// The reach of a component that is on, has no custom rollout and requires nothing.
    default_kind: usize,
    /// For each component, in the order of the document.
    components: Vec<Kinds>,
}

/// What is known of one component, as positions in [`Reaches::kinds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// Whom it reaches.
    pub sees: usize,
    /// For whom everything it requires is on; `None` if it requires nothing.
    pub met: Option<usize>,
}

/// A component that an edit may show to users who do not see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Widening {
    /// The component.
    pub path: String,
    /// Whom it reaches before.
    pub before: Reach,
    /// Whom it would reach.
    pub after: Reach,
}

impl Widening {
    /// Returns whether the shares do not tell what the edit does: it exchanges users for others,
    /// as from 25 % by a custom rollout to 25 % by the default rollout.
    fn exchanges_users(&self) -> bool {
        !self.after.is_wider_than(&self.before)
    }
}

impl Reaches {
    /// Computes the reach of every component.
    pub fn of(compiled: &Compiled, all_off: bool) -> Self {
        table::build(compiled, all_off)
    }

    /// Returns whether the master switch is off, so that nobody sees anything.
    pub fn all_off(&self) -> bool {
        self.all_off
    }

    /// Returns every distinct reach.
    pub fn kinds(&self) -> &[Reach] {
        &self.kinds
    }

    /// Returns which of the kinds a component of `compiled` has.
    pub fn kinds_of(&self, id: ComponentId) -> Kinds {
        self.components[id.0 as usize]
    }

    /// Returns which of the kinds a component has that is on, has no custom rollout and requires
    /// nothing.
    pub fn default_kind(&self) -> usize {
        self.default_kind
    }

    /// Returns whom a component reaches that is on, has no custom rollout and requires nothing.
    pub fn by_default(&self) -> &Reach {
        &self.kinds[self.default_kind]
    }

    /// Returns whom a component reaches, as soon as flags are on.
    pub fn sees(&self, id: ComponentId) -> &Reach {
        &self.kinds[self.kinds_of(id).sees]
    }

    /// Returns for whom everything that a component requires is on; `None` if it requires nothing.
    pub fn met(&self, id: ComponentId) -> Option<&Reach> {
        self.kinds_of(id).met.map(|kind| &self.kinds[kind])
    }

    /// Says whom a component reaches: `25 % of everyone`, `Nobody: all flags are off`.
    pub fn say(&self, id: ComponentId) -> String {
        match self.all_off {
            true => words::ALL_OFF.to_owned(),
            false => self.sees(id).to_string(),
        }
    }
}

impl Reach {
    /// Returns the share that a bar shows for it: of users in no group if they see it at all, or
    /// else of the members.
    pub fn share(&self) -> f64 {
        if self.others > 0.0 {
            self.others
        } else {
            self.members
        }
    }

    /// Returns whether it is on for every user, with or without an id.
    pub fn is_everyone(&self) -> bool {
        self.bound != Bound::AtMost && self.others >= 1.0
    }

    /// Returns the share of users in `group` and in no other, at most.
    fn share_in(&self, group: &str) -> f64 {
        match self.groups.iter().any(|named| named == group) {
            true => self.members,
            false => self.others,
        }
    }

    /// Returns whether the shares alone show that there are users who would see a component with
    /// this reach, and did not with `before`.
    fn is_wider_than(&self, before: &Self) -> bool {
        const NOISE: f64 = 1e-12;
        let mut groups = self.groups.iter().chain(&before.groups);
        self.others > before.others + NOISE
            || groups.any(|group| self.share_in(group) > before.share_in(group) + NOISE)
    }
}

/// Lists the components of `before` that users may see in `after` who do not see them in `before`,
/// in the order of the document, and whom they reach. The master switch does not count.
pub fn widenings(before: &FlagDocument, after: &FlagDocument) -> Vec<Widening> {
    let widened = audience::widened(before, after);
    if widened.is_empty() {
        return Vec::new();
    }
    let (before, after) = (Compiled::new(before), Compiled::new(after));
    let reaches = (Reaches::of(&before, false), Reaches::of(&after, false));
    let widening = |path: String| {
        Some(Widening {
            before: reaches.0.sees(before.component(&path)?).clone(),
            after: reaches.1.sees(after.component(&path)?).clone(),
            path,
        })
    };
    widened.into_iter().filter_map(widening).collect()
}
