//! What sources keep as state, as the application sees it: with the settings, the flags in force
//! and their revisions, announced to clients.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use flagdeck_core::compare;
use flagdeck_core::tree::{self, Tree};

use super::notices::Level;
use super::watch::CannotWork;
use super::{App, Event};
use crate::error::Error;
use crate::flags::Scope;
use crate::format::Format;
use crate::state::intake::ChangeProblem;
use crate::state::limits::{FILES_MAX, PROBLEMS_MAX};
use crate::state::shapes::{
    Blame, Snapshot, SnapshotCause, SnapshotFilter, SnapshotLabel, SnapshotPage, StateAt,
    StateDifference, StateDifferenceOptions, StateSource, Timeline,
};
use crate::state::{
    Assignment, ChangesReceipt, CurrentState, FromFile, NewSnapshot, Progress, SnapshotsExport,
    SourceName, StateError, StateNews, StatePut, StateTree,
};
use crate::store::{Actor, StoreError};

/// Chains of which the changes are counted before a page of snapshots is shown: some tenths of a
/// second, and more than a page has.
const RECOUNTS_MAX: usize = 8;

impl App {
    // Reporting.

    /// Stores the whole state of a source. `confirms` is the number of a restore that the source
    /// says it applied; the state is stored in any case.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be read or kept; what was kept stays.
    pub fn put_state(
        &self,
        source: &SourceName,
        body: impl AsRef<[u8]>,
        files: Option<u64>,
        confirms: Option<u64>,
    ) -> Result<StatePut, StateError> {
        self.ensure_states_kept()?;
        if files.is_some_and(|files| files > FILES_MAX) {
            let message = "files must be a whole number from 0 to 2^53 - 1".into();
            return Err(StateError::Invalid { message });
        }
        let put = self
            .0
            .states
            .put(source, body, files, confirms, self.now_ms())?;
        if put.restore.is_some() || put.changed {
            self.0.states.note_change(source);
        }
        Ok(put)
    }

    /// Applies changes that a source recorded.
    ///
    /// # Errors
    /// [`StateError`] if they cannot be read or kept; then none was applied.
    pub fn record_changes(
        &self,
        source: &SourceName,
        body: &[u8],
        format: Format,
    ) -> Result<ChangesReceipt, StateError> {
        self.ensure_states_kept()?;
        let states = &self.0.states;
        let mut receipt = states.record(source, body, format, self.history_max(), self.now_ms())?;
        if receipt.accepted > 0 {
            states.note_change(source);
        }
        receipt
            .problems
            .sort_by_key(|problem: &ChangeProblem| problem.index);
        receipt.problems.truncate(PROBLEMS_MAX);
        Ok(receipt)
    }

    /// Sets or removes what a source has under a dotted key that begins with `ml.`, and records
    /// that. Returns whether the value differs from before.
    ///
    /// # Errors
    /// [`StateError`] if the key leads nowhere, or it cannot be stored.
    pub fn set_state(
        &self,
        source: &SourceName,
        key: &str,
        value: Option<Tree>,
        actor: &Actor,
    ) -> Result<bool, StateError> {
        self.ensure_states_kept()?;
        let states = &self.0.states;
        let assignment = Assignment { key, value, actor };
        let differs = states.set(source, assignment, self.history_max(), self.now_ms())?;
        states.note_change(source);
        Ok(differs)
    }

    pub(super) fn ensure_states_kept(&self) -> Result<(), StateError> {
        self.flags().check_place()?;
        match self.config().state.persist_ml {
            true => Ok(()),
            false => Err(StateError::Unavailable {
                reason: "the setting state.persistML is off".into(),
            }),
        }
    }

    pub(super) fn history_max(&self) -> usize {
        usize::try_from(self.config().state.max_history_size).unwrap_or(usize::MAX)
    }

    // Reading.

    /// Returns the value of a source under a dotted key, `ml` for everything.
    ///
    /// # Errors
    /// [`StateError::NotFound`] if there is no such source, or nothing under the key.
    pub fn state_value(&self, source: &SourceName, key: Option<&str>) -> Result<Tree, StateError> {
        let state = self.0.states.current(source)?;
        value_under(&state.ml, key)
    }

    /// Returns the state a source has.
    ///
    /// # Errors
    /// [`StateError::NotFound`] if there is none.
    pub fn current_state(&self, source: &SourceName) -> Result<CurrentState, StateError> {
        self.0.states.current(source)
    }

    /// Returns the latest change of each source, for [`Self::state_news`]; empty if they cannot be
    /// read.
    pub fn state_marks(&self) -> BTreeMap<SourceName, i64> {
        let progress = self.0.states.progress();
        progress.map(|(marks, _)| marks).unwrap_or_default()
    }

    /// Returns what changed in the state of a source since a change of it; 0 for all.
    ///
    /// # Errors
    /// [`StateError`] if there is no such source, or it cannot be read.
    pub fn state_news(&self, source: &SourceName, since: i64) -> Result<StateNews, StateError> {
        self.0.states.news_since(source, since)
    }

    /// Lists every source that has a state or a snapshot, the latest heard first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn state_sources(&self) -> Result<Vec<StateSource>, Error> {
        let changes_max = u32::try_from(self.history_max()).unwrap_or(u32::MAX);
        Ok(self.0.states.sources(changes_max)?)
    }

    // Snapshots.

    /// Takes a snapshot of a source, or of every one that has a state.
    ///
    /// # Errors
    /// If one cannot be kept; the others are.
    pub fn take_snapshots(
        &self,
        source: Option<&SourceName>,
        label: &SnapshotLabel,
    ) -> Result<Vec<Snapshot>, Error> {
        self.ensure_states_kept()?;
        let sources = match source {
            Some(source) => vec![source.clone()],
            None => self.0.states.names_with_state()?,
        };
        if sources.is_empty() {
            return Err(StateError::NotFound {
                message: "no application has reported a state yet".into(),
            }
            .into());
        }
        let taken = sources.iter().map(|source| {
            let id = self.take(source, SnapshotCause::Asked, label, false)?;
            self.0.states.snapshot(id.unwrap_or_default())
        });
        // Damage to one source keeps none of the others from having one.
        let taken: Vec<Result<Snapshot, StateError>> = taken.collect();
        self.announce(Event::State(source.map(SourceName::shared)));
        Ok(taken.into_iter().collect::<Result<_, _>>()?)
    }

    fn take(
        &self,
        source: &SourceName,
        cause: SnapshotCause,
        label: &SnapshotLabel,
        only_new: bool,
    ) -> Result<Option<u64>, StateError> {
        let new_snapshot = NewSnapshot {
            at_ms: self.now_ms(),
            cause,
            label,
            revision: self
                .flags()
                .in_force(Scope::Source(source.as_str()))
                .revision
                .0,
            is_packed: self.config().state.compression_enabled,
            only_new,
            files: None,
        };
        self.0.states.take(source, &new_snapshot)
    }

    /// Takes a snapshot of every source whose state changed, before flags are rolled back. A
    /// failure is reported, and stops nothing.
    pub(super) fn take_before_rollback(&self) {
        if !self.0.states.is_there() || !self.config().state.persist_ml {
            return;
        }
        let taken = self.0.states.names_with_state().and_then(|sources| {
            let label = SnapshotLabel::default();
            let taken = sources
                .iter()
                .map(|source| self.take(source, SnapshotCause::BeforeRollback, &label, true));
            let taken: Vec<Result<_, StateError>> = taken.collect();
            taken.into_iter().try_for_each(|taken| taken.map(drop))
        });
        if let Err(error) = taken {
            let message = format!("No snapshot was taken before the flags were put back: {error}.");
            self.notify(Level::Warning, message);
        }
    }

    /// Lists the snapshots that `filter` lets through, latest first, up to `limit` of them
    /// without the first `offset`.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn snapshots(
        &self,
        filter: &SnapshotFilter,
        offset: usize,
        limit: usize,
    ) -> Result<SnapshotPage, Error> {
        let states = &self.0.states;
        let mut page = states.snapshots(filter, offset, limit)?;
        for _ in 0..RECOUNTS_MAX {
            let is_counted = page.snapshots.iter().all(|it| it.changes.is_some());
            // In a read-only folder some cannot be counted.
            if is_counted || !states.recount(self.now_ms()).unwrap_or(false) {
                break;
            }
            page = states.snapshots(filter, offset, limit)?;
        }
        Ok(page)
    }

    /// Returns one snapshot.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number.
    pub fn snapshot(&self, id: u64) -> Result<Snapshot, Error> {
        Ok(self.0.states.snapshot(id)?)
    }

    /// Counts changes over time, among the snapshots that `filter` lets through, with the changes
    /// of the flags. `None` without any snapshot.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn timeline(
        &self,
        filter: &SnapshotFilter,
        columns: usize,
    ) -> Result<Option<Timeline>, Error> {
        let Some((from_ms, to_ms, columns)) = self.0.states.density(filter, columns)? else {
            return Ok(None);
        };
        let (mut marks, marks_total) = self.marks(from_ms, to_ms)?;
        marks.reverse();
        Ok(Some(Timeline {
            from_ms,
            to_ms,
            columns,
            marks,
            marks_total,
        }))
    }

    /// Pins, names or notes a snapshot.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number.
    pub fn label_snapshot(&self, id: u64, label: &SnapshotLabel) -> Result<Snapshot, Error> {
        self.0.states.label(id, label, self.now_ms())?;
        let snapshot = self.0.states.snapshot(id)?;
        self.announce(Event::State(Some(snapshot.source.as_str().into())));
        Ok(snapshot)
    }

    /// Removes the snapshots of a source that came from a file.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there are none.
    pub fn remove_imported(&self, source: &str) -> Result<(), Error> {
        self.0
            .states
            .remove_imported(&source.parse()?, self.now_ms())?;
        self.announce(Event::State(None));
        Ok(())
    }

    /// Returns a state at some moment, checked against its hash.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none.
    pub fn state_at(&self, at: &StateAt) -> Result<StateTree, Error> {
        Ok(self.0.states.at(at)?)
    }

    /// Compares two states.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such state.
    pub fn state_difference(
        &self,
        from: &StateAt,
        to: &StateAt,
        options: &StateDifferenceOptions,
    ) -> Result<StateDifference, Error> {
        Ok(self.0.states.compared(from, to, checked(options)?)?)
    }

    /// Returns what turns one state into another, as operations of RFC 6902.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such state.
    pub fn state_patch(&self, from: &StateAt, to: &StateAt) -> Result<Tree, Error> {
        let (from, to) = (self.state_at(from)?, self.state_at(to)?);
        Ok(compare(&from.ml, &to.ml).to_json_patch().into())
    }

    /// Returns which change set or removed a value, when, and from where. `key` is a key as a
    /// difference prints it, or a JSON Pointer.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such state, or the value was never there.
    pub fn blame(&self, at: &StateAt, key: &str) -> Result<Blame, Error> {
        Ok(self.0.states.blame(at, key)?)
    }

    // Files.

    /// Writes snapshots as a bundle: JSON text with everything known about them. What is damaged is
    /// left out, and counted.
    ///
    /// # Errors
    /// [`Error::NotFound`] if one is not there, and an error if none can be read.
    pub fn export_snapshots(&self, ids: &[u64]) -> Result<SnapshotsExport, Error> {
        Ok(self.0.states.export(ids)?)
    }

    /// Imports a bundle, one `{timestamp, ml, files}` or one bare state, as snapshots of a source
    /// of this name. They are pinned.
    ///
    /// # Errors
    /// If it is none of these, or cannot be kept; then nothing was.
    pub fn import_snapshots(&self, bytes: &[u8], name: &str) -> Result<Vec<Snapshot>, Error> {
        let imported = self.import_watched(bytes, name, &mut |_| ControlFlow::Continue(()))?;
        Ok(imported.expect("only its watch can end an import"))
    }

    /// The same; calls `watch` for each snapshot before it is stored. `None` if `watch` breaks, and
    /// then nothing was stored.
    ///
    /// # Errors
    /// As for [`Self::import_snapshots`].
    pub fn import_watched(
        &self,
        bytes: &[u8],
        name: &str,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Option<Vec<Snapshot>>, Error> {
        self.ensure_states_kept()?;
        let is_packed = self.config().state.compression_enabled;
        let source = name.parse()?;
        let states = &self.0.states;
        let imported = states.import(bytes, &source, is_packed, self.now_ms(), watch)?;
        let Some(FromFile {
            snapshots,
            warnings,
        }) = imported
        else {
            return Ok(None);
        };
        for warning in warnings {
            self.notify(Level::Warning, format!("{name}: {warning}"));
        }
        self.announce(Event::State(Some(source.as_str().into())));
        Ok(Some(snapshots))
    }
}

/// Returns what is under a dotted key that begins with `ml`.
///
/// # Errors
/// [`StateError::NotFound`] if nothing is, [`StateError::Invalid`] for another key.
pub fn value_under(ml: &Tree, key: Option<&str>) -> Result<Tree, StateError> {
    let Some(key) = key.filter(|key| *key != "ml") else {
        return Ok(ml.clone());
    };
    let Some(rest) = flagdeck_core::state::tracked(key) else {
        let message = format!("the key {key} is outside of ml; one inside is ml.flags");
        return Err(StateError::Invalid { message });
    };
    let found = tree::get_key(ml, rest).cloned();
    found.ok_or_else(|| StateError::NotFound {
        message: format!("there is nothing under {key}"),
    })
}

pub(super) fn checked(
    options: &StateDifferenceOptions,
) -> Result<&StateDifferenceOptions, StateError> {
    match (0.0..=1.0).contains(&options.tolerance) {
        true => Ok(options),
        false => Err(StateError::Invalid {
            message: "the tolerance must be a share from 0 to 1".into(),
        }),
    }
}

/// Does what every program on the folder does for itself.
pub(super) fn look_after(app: &App) {
    if let Err(error) = app.0.states.look_after(app.now_ms()) {
        // The leader warns of it.
        tracing::debug!(%error, "states cannot be opened");
    }
}

/// Removes snapshots that are too old or too many.
pub(super) fn thin(app: &App) -> Result<(), CannotWork> {
    let thinned = app.0.states.thin(app.now_ms());
    thinned.map_err(|error| cannot_work(&error, "old snapshots are not removed"))
}

/// Counts the changes of uncounted snapshots, some of them at a time.
pub(super) fn recount(app: &App) -> Result<(), CannotWork> {
    if !app.0.states.is_there() {
        return Ok(());
    }
    let recounted = app.0.states.recount(app.now_ms());
    let is_news = recounted
        .map_err(|error| cannot_work(&error, "the changes of snapshots are not counted"))?;
    if is_news {
        app.announce(Event::State(None));
    }
    Ok(())
}

fn cannot_work(error: &StoreError, consequence: &str) -> CannotWork {
    tracing::warn!(%error, "{consequence}");
    CannotWork
}

/// What was announced of states so far.
#[derive(Debug)]
pub(super) struct Told {
    /// A number that changes when another program writes.
    version: Option<u64>,
    /// The last change of each source, and the last restore.
    progress: Option<(BTreeMap<SourceName, i64>, u64)>,
}

impl Told {
    /// Counts everything until now as announced.
    pub(super) fn now(app: &App) -> Self {
        Self {
            version: None,
            progress: app.0.states.progress(),
        }
    }
}

/// Announces the states that changed and the restores, by this program or another.
pub(super) fn tell_of_changes(app: &App, told: &mut Told) {
    let states = &app.0.states;
    let mut changed = states.take_changed();
    let version = states.version();
    let is_same = version.is_ok_and(|version| version == told.version);
    if changed.is_empty() && is_same && told.progress.is_some() {
        return;
    }
    let by_others = version.is_ok() && told.version.is_some() && !is_same;
    told.version = version.unwrap_or(told.version);
    let Some((now, last_restore)) = states.progress() else {
        return;
    };
    if let Some((before, restore)) = &told.progress {
        let is_other = |(name, seq): &(&SourceName, &i64)| before.get(*name) != Some(*seq);
        changed.extend(now.iter().filter(is_other).map(|(name, _)| name.clone()));
        let is_removed = |name: &&SourceName| !now.contains_key(*name);
        changed.extend(before.keys().filter(is_removed).cloned());
        (restore + 1..=last_restore).for_each(|id| app.announce(Event::Restored(id)));
    }
    told.progress = Some((now, last_restore));
    match by_others && changed.is_empty() {
        // Snapshots, or their labels.
        true => app.announce(Event::State(None)),
        false => changed
            .iter()
            .for_each(|source| app.announce(Event::State(Some(source.shared())))),
    }
}

/// Takes the snapshots that are due. A clock that was set back makes one due, too.
pub(super) fn take_due(app: &App) -> Result<(), CannotWork> {
    let config = app.config();
    if !config.state.persist_ml || !app.0.states.is_there() {
        return Ok(());
    }
    let interval_ms = i64::try_from(config.state.snapshot_interval_ms).unwrap_or(i64::MAX);
    let now_ms = app.now_ms();
    let is_due = |last: Option<i64>| {
        last.is_none_or(|last| !(0..interval_ms).contains(&now_ms.saturating_sub(last)))
    };
    let sources = app.0.states.sources_to_snapshot(now_ms);
    let sources = sources.map_err(|error| cannot_work(&error, "no snapshots are taken"))?;
    for (source, _) in sources.into_iter().filter(|(_, last)| is_due(*last)) {
        let label = SnapshotLabel::default();
        match app.take(&source, SnapshotCause::Interval, &label, true) {
            Ok(Some(_)) => app.announce(Event::State(Some(source.shared()))),
            Ok(None) => {}
            // Damage to one source keeps none of the others from having snapshots.
            Err(error) => tracing::warn!(%error, %source, "no snapshot was taken"),
        }
    }
    Ok(())
}
