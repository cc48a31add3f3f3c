//! Undo and redo: which change they act on, and acting on it as a new revision.

use flagdeck_core::FlagDocument;

use super::emergency::ChangeGuard;
use super::followed::Followed;
use super::live::Live;
use super::undo_log::UndoStep;
use super::{Flags, Follows, Outcome, Step, Wanted, lock};
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
        let outcome = self.step_to(&guard, before, Cause::Undo(revision), actor)?;
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
        let outcome = self.step_to(&guard, revision, Cause::Redo(revision), actor)?;
        Ok(outcome.of(Step::Redone(sentence)))
    }

    /// Returns the document that would be in force after [`Flags::undo`], or after
    /// [`Flags::undo_revision`] if `of` names a revision.
    ///
    /// # Errors
    /// [`Error::NothingToDo`] if there is nothing to undo, [`Error::Conflict`] if undo would act on
    /// another change than `of`.
    pub fn undone(&self, of: Option<RevisionNumber>) -> Result<FlagDocument, Error> {
        let (step, _) = self.steps();
        self.expect_step(of, step.clone())?;
        let step = step.ok_or(Error::NothingToDo {
            message: "there is nothing to undo",
        })?;
        match self.emergency_step() {
            // It made no revision: what is stored is in force again.
            Some(_) => Ok(self.live().document.clone()),
            None => self.stepped(step.revision, self.before(step.revision)?),
        }
    }

    /// Returns the document that would be in force after [`Flags::redo`], or after
    /// [`Flags::redo_revision`] if `of` names a revision.
    ///
    /// # Errors
    /// [`Error::NothingToDo`] if there is nothing to redo, [`Error::Conflict`] if redo would act on
    /// another change than `of`.
    pub fn redone(&self, of: Option<RevisionNumber>) -> Result<FlagDocument, Error> {
        self.expect_step(of, self.steps().1)?;
        let step = lock(&self.0.undo_log).redo().cloned();
        let step = step.ok_or(Error::NothingToDo {
            message: "there is nothing to redo",
        })?;
        self.stepped(step.revision, step.revision)
    }

    /// Returns the document after a step of the revision `of` to what was in force at `to`.
    fn stepped(&self, of: RevisionNumber, to: RevisionNumber) -> Result<FlagDocument, Error> {
        match self.overrides_as_at(&self.live(), of, to)? {
            Some((document, _)) => Ok(document),
            None => self.document_at(to),
        }
    }

    /// Takes the step that `cause` names: to what was in force at a revision, or while a document is
    /// followed, to what was overridden then, since the followed one may have changed.
    fn step_to(
        &self,
        guard: &ChangeGuard<'_>,
        to: RevisionNumber,
        cause: Cause,
        actor: &Actor,
    ) -> Result<Outcome, Error> {
        let (Cause::Undo(of) | Cause::Redo(of)) = cause else {
            return self.put_back(guard, to, cause, actor, None);
        };
        let live = self.live();
        let Some((document, followed)) = self.overrides_as_at(&live, of, to)? else {
            return self.put_back(guard, to, cause, actor, None);
        };
        let wanted = Wanted {
            follows: Follows::Now(Some(followed)),
            ..Wanted::new(document, actor, cause)
        };
        self.save_or_conflict(guard, &live, wanted)
    }

    /// Returns what is in force with what the revision `of` overrides as it is at `to`: at that
    /// revision or the one before; `None` if nothing was followed then, or is now.
    fn overrides_as_at(
        &self,
        live: &Live,
        of: RevisionNumber,
        to: RevisionNumber,
    ) -> Result<Option<(FlagDocument, Followed)>, Error> {
        if live.followed.is_none() {
            return Ok(None);
        }
        let before = match self.before(of)? {
            RevisionNumber::NONE => return Ok(None),
            before => self.at(before)?,
        };
        let after = self.at(of)?;
        Ok(live.with_overrides_as_at((&before, &after), to))
    }

    /// Refuses if a step is not the one that was asked for.
    fn expect_step(&self, of: Option<RevisionNumber>, step: Option<UndoStep>) -> Result<(), Error> {
        match of {
            Some(of) if step.is_none_or(|step| step.revision != of) => self.conflict(of),
            _ => Ok(()),
        }
    }
}
