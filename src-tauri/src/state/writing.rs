//! Writing states and snapshots. Each call is durable when it returns, or changed nothing.

use std::ops::ControlFlow;

use flagdeck_core::state::Change;
use flagdeck_core::tree::{Path, Tree};

use super::bundle::{self, Bundled, Progress};
use super::intake::{self, ChangeProblem};
use super::store::{self, DamagedRecord, Imported, NewSnapshot, Whole};
use super::{ChangesReceipt, SourceName, StateError, StatePut, StateTree, States, StoredOf};
use crate::format::Format;
use crate::state::shapes::{Snapshot, SnapshotLabel, StateAt, Unreadable};
use crate::store::Actor;
use crate::store::StoreError;

/// A value that a person sets in a state.
#[derive(Debug)]
pub(crate) struct Assignment<'a> {
    /// Where: a key that a difference prints, or a JSON Pointer.
    pub(crate) key: &'a str,
    /// The value; `None` removes what is there.
    pub(crate) value: Option<Tree>,
    pub(crate) actor: &'a Actor,
}

impl States {
    /// Stores a whole state.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be read or stored.
    pub(crate) fn put(
        &self,
        source: &SourceName,
        body: impl AsRef<[u8]>,
        files: Option<u64>,
        confirms: Option<u64>,
        now_ms: i64,
    ) -> Result<StatePut, StateError> {
        let sent = intake::read_state(body.as_ref())?;
        // A body that is handed over is as large as the tree's text, which is written below.
        drop(body);
        let whole = Whole {
            tree: sent.tree,
            files: files.or(sent.files),
        };
        let mut writer = self.writer(now_ms)?;
        let put = writer.store().put(source, whole, confirms, now_ms)?;
        Ok(StatePut {
            changed: put.changes > 0,
            bytes: put.bytes,
            changes: put.changes,
            restore: put.confirmation,
            warnings: sent.warnings,
        })
    }

    /// Applies changes that a source recorded, each separately.
    ///
    /// # Errors
    /// [`StateError`] if they cannot be read or stored.
    pub(crate) fn record(
        &self,
        source: &SourceName,
        body: &[u8],
        format: Format,
        history_max: usize,
        now_ms: i64,
    ) -> Result<ChangesReceipt, StateError> {
        let batch = intake::read_changes(body, format, now_ms)?;
        let (places, changes): (Vec<usize>, Vec<Change>) = batch.changes.into_iter().unzip();
        let mut problems = batch.problems;
        let mut accepted = changes.len();
        if !changes.is_empty() {
            let mut writer = self.writer(now_ms)?;
            let recorded = writer
                .store()
                .record(source, &changes, history_max, now_ms)?;
            accepted -= recorded.refused.len();
            problems.extend(
                recorded
                    .refused
                    .into_iter()
                    .map(|(nth, message)| ChangeProblem {
                        index: places[nth],
                        message,
                    }),
            );
        }
        Ok(ChangesReceipt {
            accepted,
            untracked: batch.untracked,
            rejected: problems.len(),
            problems,
        })
    }

    /// Sets or removes the value under one key. Returns whether it differs from before.
    ///
    /// # Errors
    /// [`StateError`] if the key leads nowhere, or it cannot be stored.
    pub(crate) fn set(
        &self,
        source: &SourceName,
        assignment: Assignment<'_>,
        history_max: usize,
        now_ms: i64,
    ) -> Result<bool, StateError> {
        let Assignment { key, value, actor } = assignment;
        let make = |state: &Tree| {
            Ok(vec![Change {
                key: settable(key, state)?,
                old: None,
                new: value,
                at_ms: now_ms,
                origin: format!("Flagdeck, by {}", actor.name),
                hint: None,
            }])
        };
        let mut writer = self.writer(now_ms)?;
        let recorded = writer
            .store()
            .record_made(source, make, history_max, now_ms)?;
        match recorded.refused.into_iter().next() {
            Some((_, message)) => Err(StateError::Invalid { message }),
            None => Ok(recorded.differing > 0),
        }
    }

    /// Takes a snapshot; `None` if only a changed state is wanted, and it did not change.
    ///
    /// # Errors
    /// [`StateError`] if there is no such state, or it cannot be kept.
    pub(crate) fn take(
        &self,
        source: &SourceName,
        new_snapshot: &NewSnapshot<'_>,
    ) -> Result<Option<u64>, StateError> {
        self.writer(new_snapshot.at_ms)?
            .store()
            .take(source, new_snapshot)
    }

    /// Lists the sources that have a state, those whose record is damaged last.
    ///
    /// # Errors
    /// [`StateError`] if they cannot be read.
    pub(crate) fn names_with_state(&self) -> Result<Vec<SourceName>, StateError> {
        let sources = self.sources(0)?.into_iter();
        sources
            .filter(|source| source.at_ms.is_some() || source.is_damaged)
            .map(|source| Ok(source.name.parse()?))
            .collect()
    }

    /// Lists sources whose present state is in no snapshot, with when the latest was taken, in
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub(crate) fn sources_to_snapshot(
        &self,
        now_ms: i64,
    ) -> Result<Vec<(SourceName, Option<i64>)>, StoreError> {
        self.writer(now_ms)?.store().sources_to_snapshot()
    }

    /// Pins, names or notes a snapshot.
    ///
    /// # Errors
    /// [`StateError`] if there is none of that number, or the label is too long.
    pub(crate) fn label(
        &self,
        id: u64,
        label: &SnapshotLabel,
        now_ms: i64,
    ) -> Result<(), StateError> {
        self.reader_of(&format!("snapshot {id}"))?;
        self.writer(now_ms)?.store().label(id, label)
    }

    /// Removes a source and everything of it. Returns how much that was; `None` if nothing is
    /// stored of it.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be stored; then nothing was removed.
    pub(crate) fn remove_source(
        &self,
        source: &SourceName,
        now_ms: i64,
    ) -> Result<Option<StoredOf>, StoreError> {
        match self.is_there() {
            true => self.writer(now_ms)?.store().remove_source(source),
            false => Ok(None),
        }
    }

    /// Removes a snapshot that is not pinned; only one of `source`, if that is given. Returns the
    /// name of its source.
    ///
    /// # Errors
    /// [`StateError`] if there is none, it is pinned, or it cannot be stored.
    pub(crate) fn remove_snapshot(
        &self,
        id: u64,
        source: Option<&SourceName>,
        now_ms: i64,
    ) -> Result<SourceName, StateError> {
        self.reader_of(&format!("snapshot {id}"))?;
        self.writer(now_ms)?.store().remove_snapshot(id, source)
    }

    /// Finds single records that are damaged and that nothing needs.
    ///
    /// # Errors
    /// [`StoreError`] if reading stopped before the end.
    pub(super) fn damaged_records(&self) -> Result<Vec<DamagedRecord>, StoreError> {
        match self.reader()? {
            Some(connection) => store::damaged_records(&connection),
            None => Ok(Vec::new()),
        }
    }

    /// Says of each of them what is lost with it.
    ///
    /// # Errors
    /// [`StoreError`] if reading stopped before the end.
    pub(crate) fn describe_damaged_records(&self) -> Result<Vec<String>, StoreError> {
        let records = self.damaged_records()?.into_iter();
        Ok(records.map(|record| record.to_string()).collect())
    }

    /// Removes them, and says of each what is lost. Two connections have to find it damaged: a disk
    /// may fail to read once.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be stored; then none was removed.
    pub(crate) fn remove_damaged_records(&self, now_ms: i64) -> Result<Vec<String>, StoreError> {
        let records = self.damaged_records()?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let mut writer = self.writer(now_ms)?;
        let removed = writer.store().remove_damaged_records(&records)?.into_iter();
        Ok(removed.map(|record| record.to_string()).collect())
    }

    /// Removes the snapshots of a source that came from a file.
    ///
    /// # Errors
    /// [`StateError`] if there are none.
    pub(crate) fn remove_imported(
        &self,
        source: &SourceName,
        now_ms: i64,
    ) -> Result<(), StateError> {
        self.reader_of(&format!("source {source}"))?;
        self.writer(now_ms)?.store().remove_imported(source)
    }

    /// Writes snapshots as a bundle, leaving out what is damaged.
    ///
    /// # Errors
    /// [`StateError::NotFound`] if one is not there, [`StateError`] if none can be read.
    pub(crate) fn export(&self, ids: &[u64]) -> Result<SnapshotsExport, StateError> {
        let (mut sound, mut damaged) = (Vec::new(), Vec::new());
        for id in ids {
            match self.snapshot_with_state(*id) {
                Err(StateError::Store(error @ StoreError::Damaged { .. })) => damaged.push(error),
                read => sound.push(read?),
            }
        }
        let mut unreadable = Unreadable {
            snapshots: u32::try_from(damaged.len()).unwrap_or(u32::MAX),
            records: 0,
        };
        if let (true, Some(error)) = (sound.is_empty(), damaged.pop()) {
            return Err(error.into());
        }
        let ids: Vec<u64> = sound.iter().map(|(snapshot, _)| snapshot.id).collect();
        let mut bundled = Vec::new();
        for (snapshot, state) in sound {
            let (recorded, damaged) = self.recorded(snapshot.id, &ids)?;
            unreadable.records += damaged;
            bundled.push(Bundled::of(snapshot, &state, &recorded));
        }
        Ok(SnapshotsExport {
            text: bundle::write(bundled),
            ids,
            unreadable: unreadable.if_any(),
        })
    }

    fn snapshot_with_state(&self, id: u64) -> Result<(Snapshot, StateTree), StateError> {
        Ok((self.snapshot(id)?, self.at(&StateAt::Snapshot { id })?))
    }

    /// Imports the snapshots of a file; calls `watch` for each one before it is stored. `None` if
    /// `watch` breaks, and then none was imported.
    ///
    /// # Errors
    /// [`StateError`] if it is not a bundle or state, or they cannot be stored; then none was.
    pub(crate) fn import(
        &self,
        bytes: &[u8],
        source: &SourceName,
        is_packed: bool,
        now_ms: i64,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Option<FromFile>, StateError> {
        let imported = self.writer(now_ms)?.store().import(source, |import| {
            bundle::read_each(bytes, now_ms, &mut |bundled, progress| {
                if watch(progress).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                import.add(&of_file(bundled, is_packed))?;
                Ok(ControlFlow::Continue(()))
            })
        })?;
        let Some((ids, warnings)) = imported else {
            return Ok(None);
        };
        let taken = ids.into_iter().map(|id| self.snapshot(id));
        Ok(Some(FromFile {
            snapshots: taken.collect::<Result<_, _>>()?,
            warnings,
        }))
    }
}

/// Snapshots as a bundle.
#[derive(Debug)]
pub struct SnapshotsExport {
    /// The bundle: JSON text.
    pub text: String,
    /// The numbers of the snapshots in it.
    pub ids: Vec<u64>,
    /// What is damaged, and left out; `None` if nothing is.
    pub unreadable: Option<Unreadable>,
}

/// The snapshots of a file, once they are stored.
#[derive(Debug)]
pub(crate) struct FromFile {
    pub(crate) snapshots: Vec<Snapshot>,
    /// About how they were read, a sentence each.
    pub(crate) warnings: Vec<String>,
}

fn of_file(bundled: Bundled, is_packed: bool) -> Imported {
    Imported {
        recorded: bundled.recorded(),
        label: bundled.label(),
        at_ms: bundled.at_ms,
        revision: bundled.revision,
        files: bundled.files,
        tree: bundled.ml,
        is_packed,
    }
}

/// Returns a key as it is recorded. Elements named by identity are found in `state`.
fn settable(key: &str, state: &Tree) -> Result<String, StateError> {
    let invalid = |message: String| StateError::Invalid { message };
    let path: Path = key.parse().map_err(|error| invalid(format!("{error}")))?;
    let is_pointer = key.starts_with('/');
    let is_rooted = is_pointer || flagdeck_core::state::tracked(key).is_some();
    if !is_rooted || path.is_root() {
        return Err(invalid(format!(
            "{key} is outside of ml, the only part that is kept"
        )));
    }
    if !is_pointer && !key.contains('[') {
        return Ok(key.to_owned());
    }
    let pointer = path.target(state).ok_or_else(|| StateError::NotFound {
        message: format!("there is no {key}, and nothing that it could be added to"),
    })?;
    Ok(Path::from_pointer(&pointer).rooted())
}
