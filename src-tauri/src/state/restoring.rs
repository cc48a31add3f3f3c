//! Restores: previewed, asked for, undone, cancelled, listed.
//!
//! A restore never writes a state, which is what its source last reported; only a recovery does, in
//! place of a report that is damaged. See
//! [`flagdeck_core::restore`] for what it asks for, and how it ends.

use std::sync::Arc;

use flagdeck_core::restore::{Asked, Parts, Status, Undo};
use flagdeck_core::tree::{self, Tree};

use super::limits::RESTORE_PARTS_MAX;
use super::store::{self, NewRecovery, NewRestore, NewSnapshot, OpenRestore};
use super::{SourceName, StateError, StateTree, States};
use crate::state::shapes::{
    RestoreFilter, RestorePage, RestoreRequest, SnapshotCause, SnapshotLabel, StateAt, StateRestore,
};
use crate::store::Actor;
use crate::store::StoreError;

/// What a source is asked to become.
#[derive(Debug, Clone)]
pub struct AskedState {
    /// The state, as of when it was asked for.
    pub state: StateTree,
    /// The strong entity tag of it, with its quotes.
    pub etag: String,
}

/// The circumstances in which a restore is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RestoreContext<'a> {
    pub(crate) actor: &'a Actor,
    /// The revision that the flags became with it.
    pub(crate) revision: Option<u64>,
    /// The revision in force.
    pub(crate) in_force: u64,
    /// Whether snapshots are packed.
    pub(crate) is_packed: bool,
    pub(crate) at_ms: i64,
}

impl States {
    /// Returns what a source has reported, and what it would be asked to become.
    ///
    /// # Errors
    /// [`StateError`] if there is no such snapshot or part, or its source has no state.
    pub(crate) fn preview(&self, request: &RestoreRequest) -> Result<(Tree, Tree), StateError> {
        let snapshot = self.snapshot(request.snapshot)?;
        let then = self.then(request.snapshot)?;
        let now = self.current(&snapshot.source.parse()?)?;
        let asked = asked(request, &now.ml, Tree::clone(&then.ml))?;
        Ok((Tree::clone(&now.ml), asked.laid_on(&now.ml)))
    }

    /// Asks the source of a snapshot to return to it, in whole or in part.
    ///
    /// # Errors
    /// [`StateError`] if there is no such snapshot or part, its source has no state, or it cannot
    /// be kept.
    pub(crate) fn restore(
        &self,
        request: &RestoreRequest,
        context: &RestoreContext<'_>,
    ) -> Result<StateRestore, StateError> {
        let source = self.snapshot(request.snapshot)?.source.parse()?;
        let then = self.then(request.snapshot)?;
        let new_restore = NewRestore {
            snapshot: request.snapshot,
            at_ms: context.at_ms,
            actor: context.actor,
            revision: context.revision,
            undoes: None,
            files: request.only.is_empty().then_some(then.files),
        };
        self.ask(&source, &new_restore, context, |now| {
            asked(request, now, Tree::clone(&then.ml))
        })
    }

    /// Makes a snapshot the state of its source in place of a damaged one.
    ///
    /// # Errors
    /// [`StateError::Sound`] if the state can be read, [`StateError::NotFound`] if there is no such
    /// snapshot, or it cannot be kept.
    pub(crate) fn recover(
        &self,
        name: &SourceName,
        new_recovery: &NewRecovery<'_>,
    ) -> Result<StateRestore, StateError> {
        self.reader_of(&format!("source {name}"))?;
        let mut writer = self.writer(new_recovery.at_ms)?;
        writer.store().recover(name, new_recovery)
    }

    /// Asks the source of a confirmed restore for the same parts as they were before.
    ///
    /// # Errors
    /// [`StateError`] if the snapshot of what was before is gone, or it cannot be kept.
    pub(crate) fn ask_for_before(
        &self,
        restore: &StateRestore,
        context: &RestoreContext<'_>,
    ) -> Result<StateRestore, StateError> {
        let (before, files) = self.before(restore)?;
        let new_restore = NewRestore {
            snapshot: safety_of(restore)?,
            at_ms: context.at_ms,
            actor: context.actor,
            revision: context.revision,
            undoes: Some(restore.id),
            files: restore.only.is_empty().then_some(files),
        };
        self.ask(&restore.source.parse()?, &new_restore, context, |_| {
            Ok(before)
        })
    }

    fn ask(
        &self,
        source: &SourceName,
        new_restore: &NewRestore<'_>,
        context: &RestoreContext<'_>,
        make: impl FnOnce(&Tree) -> Result<Asked, StateError>,
    ) -> Result<StateRestore, StateError> {
        let new_snapshot = NewSnapshot {
            at_ms: context.at_ms,
            cause: SnapshotCause::BeforeRestore,
            label: &SnapshotLabel::default(),
            revision: context.in_force,
            is_packed: context.is_packed,
            only_new: false,
            files: None,
        };
        let mut writer = self.writer(context.at_ms)?;
        writer.store().ask(source, &new_snapshot, new_restore, make)
    }

    /// Returns what the source of a restore has reported, and what it would be asked to become by
    /// undoing it.
    ///
    /// # Errors
    /// [`StateError::Ended`] if it never took effect, [`StateError::NotFound`] if the snapshot of
    /// what was before is gone.
    pub(crate) fn preview_undo(&self, restore: &StateRestore) -> Result<(Tree, Tree), StateError> {
        let now = Tree::clone(&self.current(&restore.source.parse()?)?.ml);
        let asked = match undo_of(restore)? {
            Undo::Cancel => now.clone(),
            Undo::AskForBefore => self.before(restore)?.0.laid_on(&now),
        };
        Ok((now, asked))
    }

    /// Returns the keys within a restore's parts that its source has changed since.
    ///
    /// # Errors
    /// [`StateError::NotFound`] if the snapshot that it is from is gone.
    pub(crate) fn changed_since(&self, restore: &StateRestore) -> Result<Vec<String>, StateError> {
        let then = self.then(restore.snapshot)?;
        let now = self.current(&restore.source.parse()?)?;
        let asked = Asked::new(parts_of(restore)?, Tree::clone(&then.ml));
        Ok(asked.verdict(&now.ml).differing)
    }

    /// Cancels a restore that is open.
    ///
    /// # Errors
    /// [`StateError::Ended`] if it is not open, [`StateError::NotFound`] if there was none.
    pub(crate) fn cancel(
        &self,
        id: u64,
        actor: &Actor,
        now_ms: i64,
    ) -> Result<StateRestore, StateError> {
        self.reader_of(&format!("restore {id}"))?;
        self.writer(now_ms)?.store().cancel(id, actor, now_ms)
    }

    /// Removes a restore whose record is damaged.
    ///
    /// # Errors
    /// [`StateError::SoundRestore`] if it is not, [`StateError::NotFound`] if there is none.
    pub(crate) fn remove_damaged_restore(&self, id: u64, now_ms: i64) -> Result<(), StateError> {
        // Two connections have to find it damaged: a disk may fail to read once.
        match self.restored(id) {
            Err(StateError::DamagedRestore { .. }) => {}
            Err(error) => return Err(error),
            Ok(_) => return Err(StateError::SoundRestore { id }),
        }
        self.writer(now_ms)?.store().remove_damaged_restore(id)
    }

    /// Returns one restore.
    ///
    /// # Errors
    /// [`StateError::NotFound`] if there was none of that number.
    pub(crate) fn restored(&self, id: u64) -> Result<StateRestore, StateError> {
        self.surely(|| {
            let connection = self.reader_of(&format!("restore {id}"))?;
            store::load_restore(&connection, id)
        })
    }

    /// Lists the restores that `filter` lets through, newest first, up to `limit` of them without
    /// the first `offset`.
    ///
    /// # Errors
    /// [`StateError::NotFound`] if there is no such source.
    pub(crate) fn restores(
        &self,
        filter: &RestoreFilter,
        offset: usize,
        limit: usize,
    ) -> Result<RestorePage, StateError> {
        self.surely(|| {
            let Some(connection) = self.reader()? else {
                return Ok(RestorePage {
                    total: 0,
                    restores: Vec::new(),
                });
            };
            if let Some(name) = &filter.source {
                store::get_source(&connection, &name.parse()?)?;
            }
            Ok(store::list_restores(&connection, filter, offset, limit)?)
        })
    }

    /// Lists the restores that their sources have not confirmed yet.
    ///
    /// # Errors
    /// [`StateError`] if they cannot be read.
    pub(crate) fn open_restores(&self) -> Result<Vec<StateRestore>, StateError> {
        self.surely(|| match self.reader()? {
            Some(connection) => Ok(store::open_restores(&connection)?),
            None => Ok(Vec::new()),
        })
    }

    /// Returns what a source is asked to become: the parts of an open restore laid on the latest
    /// report.
    ///
    /// # Errors
    /// [`StateError::NotFound`] if the source was asked for no restore of that number,
    /// [`StateError::Ended`] if it is not open.
    pub(crate) fn asked(&self, name: &SourceName, id: u64) -> Result<AskedState, StateError> {
        self.surely(|| {
            let connection = self.reader_of(&format!("restore {id} of {name}"))?;
            let moment = connection.unchecked_transaction();
            let moment = moment.map_err(StoreError::from)?;
            let restore = store::load_restore(&moment, id)?;
            if restore.source != name.as_str() {
                return Err(StateError::NotFound {
                    message: format!("there was no restore {id} of {name}"),
                });
            }
            let open = store::open_restore(&moment, restore)?;
            let (source, report) = store::current(&moment, name)?;
            Ok(asked_state(&open, source.files, &report))
        })
    }

    fn then(&self, snapshot: u64) -> Result<StateTree, StateError> {
        self.at(&StateAt::Snapshot { id: snapshot })
    }

    /// Returns the parts of a restore as they were before it, with how many files there were.
    fn before(&self, restore: &StateRestore) -> Result<(Asked, u64), StateError> {
        let before = self.then(safety_of(restore)?)?;
        let asked = Asked::new(parts_of(restore)?, Tree::clone(&before.ml));
        Ok((asked, before.files))
    }
}

/// Returns how a restore is undone.
///
/// # Errors
/// [`StateError::Ended`] if it never took effect.
pub(crate) fn undo_of(restore: &StateRestore) -> Result<Undo, StateError> {
    let undo = restore.status.known().and_then(Status::undo);
    undo.ok_or_else(|| StateError::ended(restore))
}

/// Returns the snapshot of what the source had before a restore.
///
/// # Errors
/// [`StateError::Ended`] if there is none, as of a recovery.
fn safety_of(restore: &StateRestore) -> Result<u64, StateError> {
    restore.safety.ok_or_else(|| StateError::ended(restore))
}

fn asked(request: &RestoreRequest, now: &Tree, then: Tree) -> Result<Asked, StateError> {
    let RestoreRequest { only, except, .. } = request;
    if only.len() + except.len() > RESTORE_PARTS_MAX {
        return Err(StateError::Invalid {
            message: format!("a restore names at most {RESTORE_PARTS_MAX} parts"),
        });
    }
    Ok(Asked::new(Parts::find(only, except, now, &then)?, then))
}

fn parts_of(restore: &StateRestore) -> Result<Parts, StateError> {
    let parts = Parts::read(&restore.only, &restore.except);
    let what = |_| StoreError::damaged(format!("restore {} names no parts", restore.id));
    Ok(parts.map_err(what)?)
}

fn asked_state(open: &OpenRestore, files: u64, report: &Tree) -> AskedState {
    let ml = open.asked.laid_on(report);
    let files = open.files.unwrap_or(files);
    let hash = [&tree::hash(&ml)[..], &files.to_le_bytes()].concat();
    let hash = blake3::hash(&hash).to_hex();
    AskedState {
        state: StateTree {
            at_ms: open.restore.at_ms,
            ml: Arc::new(ml),
            files,
        },
        etag: format!("\"{}\"", &hash[..32]),
    }
}
