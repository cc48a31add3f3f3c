//! Evaluates the flags in force for one context, and says what each value depends on.

use std::sync::Arc;

use flagdeck_core::{ComponentId, Evaluation, Reason, User};

use super::context::EvaluationContext;
use super::labels::Label;
use super::live::Live;
use super::{Flags, Scope};

/// The flags in force for one context.
#[derive(Debug)]
pub struct Evaluator {
    live: Arc<Live>,
    context: EvaluationContext,
}

/// What was decided for a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The component.
    pub component: ComponentId,
    /// On or off, and the rule that decided.
    pub evaluation: Evaluation,
    /// What that depends on.
    pub basis: Basis,
}

/// What the value of a component depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A switch that is off: the master switch, the component's own, or that of one it requires.
    Switch,
    /// Nothing that differs between users.
    Constant,
    /// The groups of the user.
    Groups,
    /// The bucket of the user.
    Bucket,
    /// The bucket of a user without an id: there is no value.
    MissingUser,
}

impl Flags {
    /// Returns what evaluates the flags in force for a context.
    pub fn evaluator(&self, context: EvaluationContext) -> Evaluator {
        let live = self.in_force(Scope::Context(&context));
        Evaluator { live, context }
    }
}

impl Evaluator {
    /// Returns the document in force for the context.
    pub fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Evaluates the component that a path names; `None` if there is none.
    pub fn evaluate(&self, path: &str) -> Option<Decision> {
        let component = self.live.compiled.component(path)?;
        let groups: Vec<&str> = self.context.groups().collect();
        let user = self.context.user(&groups);
        let evaluation = self.live.compiled.evaluate_id(component, &user);
        Some(self.decision(component, evaluation, &user))
    }

    /// Evaluates every component, in the order of the document.
    pub fn evaluate_all(&self, mut visit: impl FnMut(Decision)) {
        let groups: Vec<&str> = self.context.groups().collect();
        let user = self.context.user(&groups);
        let compiled = &self.live.compiled;
        compiled.evaluate_all(&user, |component, evaluation| {
            visit(self.decision(component, evaluation, &user));
        });
    }

    /// Returns how many groups are looked up to evaluate every component, at most.
    pub fn lookups(&self) -> usize {
        self.live.compiled.components().len() * self.context.groups().count()
    }

    /// Returns what is known of a component for every user.
    pub fn label(&self, component: ComponentId) -> &Label {
        &self.live.labels()[component.index()]
    }

    fn decision(&self, component: ComponentId, evaluation: Evaluation, user: &User) -> Decision {
        Decision {
            component,
            evaluation,
            basis: self.basis(component, evaluation.reason, user),
        }
    }

    fn basis(&self, component: ComponentId, reason: Reason, user: &User) -> Basis {
        match reason {
            // No id of a component is unknown to its document.
            Reason::Unknown | Reason::MasterOff | Reason::ComponentOff => Basis::Switch,
            Reason::Zero => Basis::Constant,
            Reason::NotInGroup | Reason::Group => Basis::Groups,
            Reason::Split => Basis::Bucket,
            Reason::NoUser => Basis::MissingUser,
            Reason::Full => self.label(component).at_full,
            Reason::Prerequisite(failing) => {
                let decided = self.live.compiled.evaluate_id(failing, user);
                self.basis(failing, decided.reason, user)
            }
        }
    }
}
