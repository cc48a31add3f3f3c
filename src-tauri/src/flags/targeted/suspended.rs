//! Which overrides for one application or user do not act at present, and why.

use std::collections::BTreeSet;
use std::fmt;

use flagdeck_core::{ComponentPath, Reason, User};

use super::{Target, TargetedOverride};
use crate::flags::live::Live;
use crate::flags::{Flags, Scope};

/// Why an override for one application or user does not act at present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// All flags are off.
    AllOff,
    /// The document has no such component.
    Gone(ComponentPath),
    /// This component, which the overridden one requires, is off for everyone.
    Requirement(ComponentPath),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllOff => f.write_str("all flags are off"),
            Self::Gone(component) => write!(f, "there is no component {component}"),
            Self::Requirement(component) => write!(f, "it requires {component}, which is off"),
        }
    }
}

impl Flags {
    /// Returns why an override does not act at present; `None` if it does. A requirement that is on
    /// for some users is no obstacle.
    pub fn obstacle(&self, one: &TargetedOverride) -> Option<Obstacle> {
        let live = self.in_force(match &one.target {
            Target::Source(name) => Scope::Source(name.as_str()),
            Target::User(id) => Scope::User(id),
        });
        if !live.document.enabled {
            return Some(Obstacle::AllOff);
        }
        if live.compiled.component(one.component.as_str()).is_none() {
            return Some(Obstacle::Gone(one.component.clone()));
        }
        let off = one.on.then(|| requirement_off(&live, &one.component));
        off.flatten().map(Obstacle::Requirement)
    }
}

/// Returns a component that is required, directly or by what is, and off for every user.
fn requirement_off(live: &Live, component: &ComponentPath) -> Option<ComponentPath> {
    let required = |of: &ComponentPath| live.document.requires.get(of).into_iter().flatten();
    let mut seen = BTreeSet::new();
    let mut open: Vec<_> = required(component).collect();
    while let Some(path) = open.pop() {
        if !seen.insert(path) {
            continue;
        }
        let reason = live.compiled.evaluate(path.as_str(), &User::id("")).reason;
        if matches!(reason, Reason::ComponentOff | Reason::Zero) {
            return Some(path.clone());
        }
        open.extend(required(path));
    }
    None
}
