//! Snapshots of a database that was set aside: counted, written as a bundle, taken back.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::bundle::{self, Bundled};
use super::limits::{BUNDLE_BYTES_MAX, BUNDLE_SNAPSHOTS_MAX};
use super::past::StateTree;
use super::store::{self, Others, Sound};
use super::{StateError, States};
use crate::state::shapes::Snapshot;
use crate::store::sqlite::quarantine::{Quarantined, Remains};

/// Snapshots that are stored in one transaction: reports of sources wait for it.
const TAKEN_AT_ONCE: usize = 16;

/// Bytes of states up to which snapshots are stored in one transaction.
const BYTES_AT_ONCE: u64 = 8 * 1024 * 1024;

/// Bytes of states in a bundle: with what was recorded they fit in one that can be imported.
const EXPORTED_BYTES_MAX: u64 = BUNDLE_BYTES_MAX as u64 / 4;

/// What can be read of a database of states that was set aside, compared with the one in use.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoundSnapshots {
    /// Sound snapshots by source: how many there are, and how many of them are missing here.
    pub(crate) sources: BTreeMap<String, (u64, u64)>,
    /// Snapshots that do not match their hashes, or cannot be read.
    pub(crate) damaged: u64,
    /// Sources whose record is damaged, by the name that their snapshots get: the name that is
    /// stored, if it is one.
    pub(crate) renamed: BTreeMap<String, Option<String>>,
    /// When the first and the last sound one were taken, in milliseconds since 1970.
    pub(crate) span: Option<(i64, i64)>,
}

impl FoundSnapshots {
    fn add(&mut self, sound: &Sound, is_missing: bool) {
        let at_ms = sound.snapshot.at_ms;
        let source = self.sources.entry(sound.snapshot.source.clone());
        let (count, missing) = source.or_default();
        *count += 1;
        *missing += u64::from(is_missing);
        let (first, last) = self.span.unwrap_or((at_ms, at_ms));
        self.span = Some((first.min(at_ms), last.max(at_ms)));
    }
}

/// Snapshots of a database that was set aside, as a file.
#[derive(Debug)]
pub(crate) struct ExportedSnapshots {
    /// The bundle.
    pub(crate) text: String,
    /// Snapshots in it.
    pub(crate) count: usize,
    /// Sound snapshots that did not fit in it: the latest are in it.
    pub(crate) left_out: usize,
}

impl States {
    /// Finds the sound snapshots of a database that was set aside. Changes nothing.
    ///
    /// # Errors
    /// [`StateError`] if nothing of it can be read, or reading failed.
    pub(crate) fn examine(&self, entry: &Quarantined) -> Result<FoundSnapshots, StateError> {
        let remains = Remains::open(entry)?;
        let own = self.reader()?;
        let mut found = FoundSnapshots::default();
        let Others { damaged, renamed } = store::each_sound(&remains, &entry.name, &mut |sound| {
            let is_missing = !is_there(own.as_ref(), &sound)?;
            found.add(&sound, is_missing);
            Ok(())
        })?;
        Ok(FoundSnapshots {
            damaged,
            renamed,
            ..found
        })
    }

    /// Stores the sound snapshots of a database that was set aside that are missing here, in short
    /// transactions. Returns how many, by source. Can be repeated after it ended early.
    ///
    /// # Errors
    /// As for [`Self::examine`], and [`StateError`] if one cannot be stored: those before it are.
    pub(crate) fn take_back(
        &self,
        entry: &Quarantined,
        is_packed: bool,
        now_ms: i64,
    ) -> Result<BTreeMap<String, u64>, StateError> {
        let remains = Remains::open(entry)?;
        let mut taken = BTreeMap::new();
        let mut waiting: Vec<Sound> = Vec::new();
        let mut store_all = |waiting: &mut Vec<Sound>| {
            // Of one source each, so that they can be counted.
            for of_source in waiting.chunk_by(|a, b| a.snapshot.source == b.snapshot.source) {
                let stored = self
                    .writer(now_ms)?
                    .store()
                    .take_back(of_source, is_packed)?;
                *taken
                    .entry(of_source[0].snapshot.source.clone())
                    .or_default() += stored;
            }
            waiting.clear();
            Ok::<(), StateError>(())
        };
        store::each_sound(&remains, &entry.name, &mut |sound| {
            waiting.push(sound);
            let bytes: u64 = waiting.iter().map(|sound| sound.snapshot.bytes).sum();
            if waiting.len() >= TAKEN_AT_ONCE || bytes >= BYTES_AT_ONCE {
                store_all(&mut waiting)?;
            }
            Ok(())
        })?;
        store_all(&mut waiting)?;
        taken.retain(|_, count| *count > 0);
        Ok(taken)
    }

    /// Writes the sound snapshots of a database that was set aside as a bundle; `None` if there is
    /// none.
    ///
    /// # Errors
    /// As for [`Self::examine`].
    pub(crate) fn export_set_aside(
        &self,
        entry: &Quarantined,
    ) -> Result<Option<ExportedSnapshots>, StateError> {
        let remains = Remains::open(entry)?;
        let mut latest = Latest::default();
        store::each_sound(&remains, &entry.name, &mut |sound| {
            latest.add(sound);
            Ok(())
        })?;
        let Latest { kept, left_out, .. } = latest;
        let bundled: Vec<Bundled> = kept.into_values().map(|(bundled, _)| bundled).collect();
        Ok((!bundled.is_empty()).then(|| ExportedSnapshots {
            count: bundled.len(),
            text: bundle::write(bundled),
            left_out,
        }))
    }
}

/// The latest snapshots, as many as a bundle may have, in the order of their times.
#[derive(Default)]
struct Latest {
    kept: BTreeMap<(i64, u64), (Bundled, u64)>,
    bytes: u64,
    left_out: usize,
}

impl Latest {
    fn add(&mut self, sound: Sound) {
        let Snapshot {
            at_ms, id, bytes, ..
        } = sound.snapshot;
        self.bytes += bytes;
        self.kept.insert((at_ms, id), (of_sound(sound), bytes));
        while self.kept.len() > BUNDLE_SNAPSHOTS_MAX
            || (self.bytes > EXPORTED_BYTES_MAX && self.kept.len() > 1)
        {
            let earliest = self.kept.pop_first();
            self.bytes -= earliest.map_or(0, |(_, (_, bytes))| bytes);
            self.left_out += 1;
        }
    }
}

fn is_there(own: Option<&Connection>, sound: &Sound) -> Result<bool, StateError> {
    match own {
        Some(own) => store::is_there(own, sound),
        None => Ok(false),
    }
}

fn of_sound(sound: Sound) -> Bundled {
    let Sound {
        snapshot,
        tree,
        recorded,
    } = sound;
    let state = StateTree {
        at_ms: snapshot.at_ms,
        ml: tree.into(),
        files: snapshot.files,
    };
    Bundled::of(snapshot, &state, &recorded)
}
