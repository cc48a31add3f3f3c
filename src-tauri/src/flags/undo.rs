//! Undo and redo: which change they act on, and acting on it as a new revision.

use super::undo_log::UndoStep;
use super::{Flags, Outcome, Step, lock};
use crate::error::Error;
use crate::store::{Actor, Cause, RevisionNumber};

impl Flags {
    /// Returns what undo and redo would act on.
    pub fn steps(&self) -> (Option<UndoStep>, Option<UndoStep>) {
        if let Some(step) = self.emergency_step() {
            return (Some(step), None);
        }
        let log = lock(&self.0.undo_log);
        (log.undo().cloned(), log.redo().cloned())
    }

    /// Takes the latest change back, made by any user, as a new revision. While an emergency is
    /// ahead of what is stored, that is what is taken back, and no revision is made.
    ///
    /// # Errors
    /// [`Error::NothingToDo`] if there is none, [`Error::Conflict`] if another change
    /// was saved in the meantime.
    pub fn undo(&self, actor: &Actor) -> Result<Outcome, Error> {
        self.step_back(None, actor)
    }

    /// Takes the change back that made the revision `of`, if undo would still act on that one.
    ///
    /// # Errors
    /// As [`Flags::undo`]; [`Error::Conflict`] also if undo would act on another change.
    pub fn undo_revision(&self, of: RevisionNumber, actor: &Actor) -> Result<Outcome, Error> {
        self.step_back(Some(of), actor)
    }

    fn step_back(&self, of: Option<RevisionNumber>, actor: &Actor) -> Result<Outcome, Error> {
        let guard = self.guard();
        self.expect_step(of, self.steps().0)?;
        if let Some(outcome) = self.undo_emergency(&guard) {
            return Ok(outcome);
        }
        let step = lock(&self.0.undo_log).undo().cloned();
        let UndoStep {
            revision, sentence, ..
        } = step.ok_or(Error::NothingToDo {
            message: "there is nothing to undo",
        })?;
        let before = self.before(revision)?;
        let outcome = self.put_back(&guard, before, Cause::Undo(revision), actor, None)?;
        Ok(outcome.of(Step::Undone(sentence)))
    }

    /// Brings back the latest change that was taken back, as a new revision.
    ///
    /// # Errors
    /// [`Error::NothingToDo`] if there is none, [`Error::Conflict`] if another change
    /// was saved in the meantime.
    pub fn redo(&self, actor: &Actor) -> Result<Outcome, Error> {
        self.step_forth(None, actor)
    }

    /// Brings the change back that made the revision `of`, if redo would still act on that one.
    ///
    /// # Errors
    /// As [`Flags::redo`]; [`Error::Conflict`] also if redo would act on another change.
    pub fn redo_revision(&self, of: RevisionNumber, actor: &Actor) -> Result<Outcome, Error> {
        self.step_forth(Some(of), actor)
    }

    fn step_forth(&self, of: Option<RevisionNumber>, actor: &Actor) -> Result<Outcome, Error> {
        let guard = self.guard();
        self.expect_step(of, self.steps().1)?;
        let step = lock(&self.0.undo_log).redo().cloned();
        let UndoStep {
            revision, sentence, ..
        } = step.ok_or(Error::NothingToDo {
            message: "there is nothing to redo",
        })?;
        let outcome = self.put_back(&guard, revision, Cause::Redo(revision), actor, None)?;
        Ok(outcome.of(Step::Redone(sentence)))
    }

    /// Refuses if a step is not the one that was asked for.
    fn expect_step(&self, of: Option<RevisionNumber>, step: Option<UndoStep>) -> Result<(), Error> {
        match of {
            Some(of) if step.is_none_or(|step| step.revision != of) => self.conflict(of),
            _ => Ok(()),
        }
    }
}
