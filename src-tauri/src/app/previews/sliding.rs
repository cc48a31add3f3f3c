//! A slider that moves: users are hashed once, and each step of it looks up how many there are.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, Weak};

use flagdeck_core::affected::slide::{Slide, Slider};
use flagdeck_core::{
    Affected, ComponentPath, Edit, FlagDocument, Percentage, Rollout, RolloutChange, Roster,
    Touched, apply,
};

use super::shapes::{RosterCounted, Slid};
use super::{App, Compared, Over, Pair, counting, tally};
use crate::error::Error;
use crate::flags::{AsOf, Scope};
use crate::lock::lock;
use crate::store::RevisionNumber;

/// A rollout whose slider moves.
#[derive(Debug, Clone)]
pub struct Moving {
    /// The component whose own rollout it is; the default rollout if `None`.
    pub component: Option<ComponentPath>,
    /// The rollout as it is at this moment.
    pub change: RolloutChange,
    /// As of when the rest of the document is; as things are if `None`.
    pub at: Option<AsOf>,
}

/// The slider that moved last: it may take a hundred megabytes.
#[derive(Debug, Default)]
pub struct Sliding(Mutex<Option<Prepared>>);

/// Users who were hashed for a rollout.
#[derive(Debug)]
struct Prepared {
    of: Subject,
    /// Whose roster it is. Held weakly: another one may take its place.
    roster: Weak<Roster>,
    components: usize,
    touched: Slide<Touched>,
    /// The component of the slider alone.
    own: Option<Slide<Affected>>,
}

/// What was prepared, apart from the roster.
#[derive(Debug, Clone, PartialEq)]
struct Subject {
    revision: RevisionNumber,
    component: Option<ComponentPath>,
    /// Its percentage does not count, and is 0.
    rollout: Rollout,
}

/// A document, and the percentage of one of its rollouts that would be.
struct Step {
    saved: FlagDocument,
    subject: Subject,
    percentage: Percentage,
}

impl App {
    /// Says what a rollout would do to whom with the slider where it is, and changes nothing. The
    /// first step looks at every user of the roster, and so does the first after a change.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::NotFound`] if there cannot be such a rollout or there is no
    /// such roster.
    pub fn slide(&self, moving: &Moving, over: &Over) -> Result<Slid, Error> {
        let step = self.step(moving)?;
        let Some((counted, roster)) = self.roster_of(over)? else {
            return Ok(step.expected());
        };
        let mut prepared = lock(&self.0.sliding.0);
        if !prepared.as_ref().is_some_and(|it| it.is_of(&step, &roster)) {
            // Before the next one is made: both may be large.
            *prepared = None;
            *prepared = Some(Prepared::of(&step, &roster, self.threads()));
        }
        let prepared = prepared.as_ref().expect("it was prepared");
        Ok(prepared.at(&step, counted, &roster))
    }

    fn step(&self, moving: &Moving) -> Result<Step, Error> {
        let live = match moving.at {
            Some(at) => self.flags().as_of(at)?,
            None => self.flags().in_force(Scope::Everyone),
        };
        let component = moving.component.clone();
        let edit = Edit::SetRollout {
            component: component.clone(),
            change: moving.change.clone(),
        };
        let mut after = apply(&live.document, &edit)?.document;
        let rollout = match &component {
            Some(path) => after.rollouts.remove(path).unwrap_or_default(),
            None => after.rollout,
        };
        Ok(Step {
            saved: live.document.clone(),
            percentage: rollout.percentage,
            subject: Subject {
                revision: live.revision,
                component,
                rollout: Rollout {
                    percentage: Percentage::ZERO,
                    ..rollout
                },
            },
        })
    }
}

impl Step {
    fn slider(&self) -> Slider {
        let Subject {
            component, rollout, ..
        } = &self.subject;
        let slider = Slider::new(&self.saved, component.as_ref(), rollout);
        slider.expect("an edit of the rollout was applied to the document")
    }

    /// Says what part of all users to expect, for want of a roster.
    fn expected(self) -> Slid {
        let pair = Pair {
            revision: self.subject.revision,
            after: self.slider().document(self.percentage),
            before: self.saved,
        };
        Slid {
            all: Compared::of(&pair).expected().all,
            on: None,
        }
    }
}

impl Prepared {
    fn of(step: &Step, roster: &Arc<Roster>, threads: usize) -> Self {
        let slider = step.slider();
        let go_on = |_, _| ControlFlow::Continue(());
        let never = "nothing breaks it off";
        let touched = counting::in_shares(roster.len(), threads, &go_on, |range, done| {
            slider.keys_touched(roster, range, |so_far, _| done(so_far))
        });
        let touched = Slide::new(roster, &touched.expect(never));
        let own = step.subject.component.as_ref().map(|path| {
            let keys = counting::in_shares(roster.len(), threads, &go_on, |range, done| {
                slider.keys(path.as_str(), roster, range, |so_far, _| done(so_far))
            });
            Slide::new(roster, &keys.expect(never))
        });
        Self {
            of: step.subject.clone(),
            roster: Arc::downgrade(roster),
            components: slider.components().len(),
            touched,
            own,
        }
    }

    fn is_of(&self, step: &Step, roster: &Arc<Roster>) -> bool {
        self.of == step.subject && Weak::ptr_eq(&self.roster, &Arc::downgrade(roster))
    }

    fn at(&self, step: &Step, counted: RosterCounted, roster: &Roster) -> Slid {
        let touched = self.touched.at(step.percentage);
        let own = self.own.as_ref().map(|slide| slide.at(step.percentage));
        let revision = self.of.revision;
        Slid {
            all: tally(revision, counted, roster, &touched, self.components),
            on: own.map(|own| own.all.after().count),
        }
    }
}
