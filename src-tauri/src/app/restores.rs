//! Restores of states, with their flags, announced to clients.

use flagdeck_core::restore::Undo;

use super::App;
use super::states::checked;
use crate::error::Error;
use crate::flags::Scope;
use crate::state::shapes::{
    RestoreFilter, RestorePage, RestoreRequest, StateDifference, StateDifferenceOptions,
    StateRestore,
};
use crate::state::{
    AskedState, NewRecovery, RestoreContext, SourceName, StateError, plainly_compared, undo_of,
};
use crate::store::Actor;
use crate::store::RevisionNumber;

/// What undoing a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The restore itself if it was cancelled, else the one that asks for what was before.
    pub restore: StateRestore,
    /// What became of the flags.
    pub flags: UndoneFlags,
}

/// What became of the flags when a restore was undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoneFlags {
    /// The restore had not changed them.
    Untouched,
    /// They are what they were before the restore, as this revision.
    Restored(RevisionNumber),
    /// They were changed since, and stay as this revision has them.
    ChangedSince(RevisionNumber),
}

impl App {
    /// Returns what a restore would change if the source applied it now.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such snapshot or part.
    pub fn preview_restore(
        &self,
        request: &RestoreRequest,
        options: &StateDifferenceOptions,
    ) -> Result<StateDifference, Error> {
        let options = checked(options)?;
        let (now, asked) = self.0.states.preview(request)?;
        Ok(plainly_compared(&now, &asked, options))
    }

    /// Asks the source of a snapshot to become what it was then, all or in part, after a snapshot
    /// of what it is. The flags first, if they are to be restored, too.
    ///
    /// The state itself stays what the source reported last. A restore of the source that is open
    /// is superseded.
    ///
    /// # Errors
    /// If it cannot be asked for; then neither restore nor flags changed, unless the store
    /// failed between the two.
    pub fn restore_state(
        &self,
        request: &RestoreRequest,
        actor: &Actor,
    ) -> Result<StateRestore, Error> {
        self.ensure_states_kept()?;
        let revision = match request.with_flags {
            true => {
                // What cannot be asked for changes no flags.
                self.0.states.preview(request)?;
                self.restore_flags_of(request.snapshot, actor)?
            }
            false => None,
        };
        let context = self.restore_context(actor, revision);
        let restore = self.0.states.restore(request, &context)?;
        self.note_restore(&restore)?;
        Ok(restore)
    }

    /// Makes a snapshot the state of its source in place of a damaged one: the latest snapshot that
    /// can be read, or `snapshot`. What was reported after it is lost. The source is asked for
    /// nothing; the restores have it as recovered.
    ///
    /// # Errors
    /// [`StateError::Sound`] if the state can be read, [`StateError::NotFound`] if there is no such
    /// snapshot, or it cannot be kept; then nothing changed.
    pub fn recover_state(
        &self,
        source: &SourceName,
        snapshot: Option<u64>,
        actor: &Actor,
    ) -> Result<StateRestore, StateError> {
        self.ensure_states_kept()?;
        let new_recovery = NewRecovery {
            snapshot,
            at_ms: self.now_ms(),
            actor,
            history_max: self.history_max(),
        };
        let restore = self.0.states.recover(source, &new_recovery)?;
        self.0.states.note_change(source);
        Ok(restore)
    }

    /// Restores the flags of a snapshot's moment; returns the revision it made.
    fn restore_flags_of(&self, snapshot: u64, actor: &Actor) -> Result<Option<u64>, Error> {
        let then = self.snapshot(snapshot)?.revision;
        if then == self.flags().live().revision.0 || then == 0 {
            return Ok(None);
        }
        let note = Some(format!("With the state of snapshot {snapshot}"));
        let outcome = self.restore(RevisionNumber(then), actor, note)?;
        Ok(outcome.changed.then_some(outcome.revision.0))
    }

    /// Says what undoing a restore would change: the same parts as they were before it, on top of
    /// what the source has become since. Undoing an open restore changes no state.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there was no such restore, or what was before is not kept any more.
    pub fn preview_undo_restore(
        &self,
        id: u64,
        options: &StateDifferenceOptions,
    ) -> Result<StateDifference, Error> {
        let options = checked(options)?;
        let (now, asked) = self.0.states.preview_undo(&self.state_restore(id)?)?;
        Ok(plainly_compared(&now, &asked, options))
    }

    /// Lists the keys within a restore's parts that its source has changed since, the first 20.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there was no such restore, or its snapshot is not kept any more.
    pub fn changed_since_restore(&self, id: u64) -> Result<Vec<String>, Error> {
        Ok(self.0.states.changed_since(&self.state_restore(id)?)?)
    }

    /// Undoes a restore. One that is open is cancelled; for one that its source has confirmed, the
    /// same parts are asked for as they were before. The flags that came with it are restored, too,
    /// unless they were changed since.
    ///
    /// # Errors
    /// If the restore never took effect, or what was before is not kept any more.
    pub fn undo_restore(&self, id: u64, actor: &Actor) -> Result<Undone, Error> {
        self.ensure_states_kept()?;
        let restore = self.state_restore(id)?;
        match undo_of(&restore)? {
            Undo::Cancel => {
                let cancelled = self.cancel_restore(id, actor)?;
                let flags = self.undo_flags_of(&restore, actor)?;
                Ok(Undone {
                    restore: cancelled,
                    flags,
                })
            }
            Undo::AskForBefore => self.ask_for_before(&restore, actor),
        }
    }

    fn ask_for_before(&self, restore: &StateRestore, actor: &Actor) -> Result<Undone, Error> {
        // What cannot be asked for changes no flags.
        self.0.states.preview_undo(restore)?;
        let flags = self.undo_flags_of(restore, actor)?;
        let revision = match flags {
            UndoneFlags::Restored(revision) => Some(revision.0),
            UndoneFlags::Untouched | UndoneFlags::ChangedSince(_) => None,
        };
        let context = self.restore_context(actor, revision);
        let restore = self.0.states.ask_for_before(restore, &context)?;
        self.note_restore(&restore)?;
        Ok(Undone { restore, flags })
    }

    /// Restores the flags as they were before a restore, if they are still what it made of them.
    fn undo_flags_of(&self, restore: &StateRestore, actor: &Actor) -> Result<UndoneFlags, Error> {
        let Some(revision) = restore.revision else {
            return Ok(UndoneFlags::Untouched);
        };
        let live = self.flags().live().revision;
        if live.0 != revision {
            return Ok(UndoneFlags::ChangedSince(live));
        }
        let before = self.flags().before(RevisionNumber(revision))?;
        let note = Some(format!("Undo of restore {}", restore.id));
        let outcome = self.restore(before, actor, note)?;
        Ok(UndoneFlags::Restored(outcome.revision))
    }

    /// Cancels a restore that is open. Flags that came with it stay.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there was none of that number; an error that says how it ended if
    /// it is not open.
    pub fn cancel_restore(&self, id: u64, actor: &Actor) -> Result<StateRestore, Error> {
        let restore = self.0.states.cancel(id, actor, self.now_ms())?;
        self.note_restore(&restore)?;
        Ok(restore)
    }

    /// Returns one restore.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there was none of that number.
    pub fn state_restore(&self, id: u64) -> Result<StateRestore, Error> {
        Ok(self.0.states.restored(id)?)
    }

    /// Lists the restores that `filter` lets through, newest first, up to `limit` of them without
    /// the first `offset`.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such source.
    pub fn state_restores(
        &self,
        filter: &RestoreFilter,
        offset: usize,
        limit: usize,
    ) -> Result<RestorePage, Error> {
        Ok(self.0.states.restores(filter, offset, limit)?)
    }

    /// Lists the restores that their sources have not confirmed yet, newest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn open_restores(&self) -> Result<Vec<StateRestore>, Error> {
        Ok(self.0.states.open_restores()?)
    }

    /// Returns what a source is asked to become: the parts of an open restore laid on the latest
    /// report.
    ///
    /// # Errors
    /// [`StateError::NotFound`] if the source was asked for no restore of that number,
    /// [`StateError::Ended`] if it is not open.
    pub fn asked_state(&self, source: &SourceName, id: u64) -> Result<AskedState, StateError> {
        self.0.states.asked(source, id)
    }

    fn restore_context<'a>(&self, actor: &'a Actor, revision: Option<u64>) -> RestoreContext<'a> {
        RestoreContext {
            actor,
            revision,
            in_force: self.flags().in_force(Scope::Everyone).revision.0,
            is_packed: self.config().state.compression_enabled,
            at_ms: self.now_ms(),
        }
    }

    /// Has a restore announced, here and by every other program on the folder.
    fn note_restore(&self, restore: &StateRestore) -> Result<(), Error> {
        self.0.states.note_change(&restore.source.parse()?);
        Ok(())
    }
}
