//! Removes what an application left behind: its state, snapshots and restores, and what it
//! reported. None of that can be undone, so faces say first what there is.

use serde::Serialize;

use super::{App, Event};
use crate::error::Error;
use crate::metrics::{self, RemovedMeasurements};
use crate::state::{SourceName, StateError, StoredOf};

/// What there is of a source, or what was removed of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RemovedSource {
    /// Its name.
    pub source: String,
    /// Whether it has a state.
    pub has_state: bool,
    /// Its snapshots.
    pub snapshots: u64,
    /// The pinned ones among them.
    pub pinned: u64,
    /// Its restores, open or ended.
    pub restores: u64,
    /// Calculations of it that are counted.
    pub calculations: u64,
}

impl App {
    /// Removes a source: its state with the journal, its snapshots, pinned ones too, its restores,
    /// and everything it reported, so that totals, charts and verdicts are as if it had not. This
    /// cannot be undone. A source that reports again begins afresh.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is nothing of it, others if that cannot be stored: what is left
    /// is removed by the next call.
    pub fn remove_source(&self, source: &SourceName) -> Result<RemovedSource, Error> {
        self.flags().check_place()?;
        let stored = self.0.states.remove_source(source, self.now_ms());
        let stored = stored.map_err(StateError::from)?;
        if stored.is_some() {
            self.0.states.note_change(source);
        }
        let measured = self.remove_measurements(source)?;
        if stored.is_none() && measured.is_none() {
            return Err(nothing_of(source));
        }
        self.announce(Event::State(Some(source.shared())));
        let calculations = measured.unwrap_or_default().calculations;
        Ok(of(source, stored.unwrap_or_default(), calculations))
    }

    fn remove_measurements(
        &self,
        source: &SourceName,
    ) -> Result<Option<RemovedMeasurements>, Error> {
        let name = source.as_str();
        Ok(match &self.0.metrics {
            Some(metrics) => metrics.remove_source(name)?,
            None => metrics::remove_source(self.data_dir(), name, self.now_ms())?,
        })
    }

    /// Returns what [`Self::remove_source`] would remove.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is nothing of it, others if it cannot be read.
    pub fn removable(&self, source: &SourceName) -> Result<RemovedSource, Error> {
        let stored = self.0.states.stored_of(source)?;
        let counted = match &self.0.metrics {
            Some(metrics) => metrics.counted_of(source.as_str()),
            None => metrics::counted_of(self.data_dir(), source.as_str(), self.now_ms())?,
        };
        let is_known = stored.is_some() || counted.is_known;
        if !is_known && !metrics::is_drawn(self.data_dir(), source.as_str())? {
            return Err(nothing_of(source));
        }
        Ok(of(source, stored.unwrap_or_default(), counted.calculations))
    }

    /// Removes a restore whose record is damaged, so that nothing tells of it any more. What it
    /// asked for and what became of it cannot be read, so nothing else is lost. A sound one stays.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number, [`StateError::SoundRestore`] if it can
    /// be read, others if that cannot be stored.
    pub fn remove_damaged_restore(&self, id: u64) -> Result<(), Error> {
        self.flags().check_place()?;
        let states = &self.0.states;
        states.remove_damaged_restore(id, self.now_ms())?;
        // Whose it was is not certain.
        self.announce(Event::State(None));
        Ok(())
    }

    /// Says of every single record that is damaged what cannot be read any more because of that.
    /// Nothing needs these records.
    ///
    /// # Errors
    /// If reading stopped before the end.
    pub fn damaged_records(&self) -> Result<Vec<String>, Error> {
        let mut found = self.0.states.describe_damaged_records()?;
        found.extend(frames(metrics::undecodable_frames(self.data_dir())?));
        Ok(found)
    }

    /// Removes the records that [`Self::damaged_records`] tells of, and returns what it says of
    /// those that were removed. This cannot be undone.
    ///
    /// # Errors
    /// If that cannot be stored.
    pub fn remove_damaged_records(&self) -> Result<Vec<String>, Error> {
        self.flags().check_place()?;
        let now_ms = self.now_ms();
        let mut removed = self.0.states.remove_damaged_records(now_ms)?;
        if !removed.is_empty() {
            self.announce(Event::State(None));
        }
        let undecodable = metrics::remove_undecodable_frames(self.data_dir(), now_ms)?;
        removed.extend(frames(undecodable));
        Ok(removed)
    }

    /// Removes a snapshot. This cannot be undone. A pinned one has to be unpinned first.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number, or none of `source` if one is given;
    /// [`StateError::Pinned`] if it is pinned, others if that cannot be stored.
    pub fn remove_snapshot(&self, id: u64, source: Option<&SourceName>) -> Result<(), Error> {
        self.flags().check_place()?;
        let removed = self.0.states.remove_snapshot(id, source, self.now_ms())?;
        self.announce(Event::State(Some(removed.shared())));
        Ok(())
    }
}

/// Says of damaged frames what is lost with them; `None` without any.
fn frames(count: u64) -> Option<String> {
    match count {
        0 => None,
        1 => Some("1 frame: what was counted in its time, in charts".into()),
        count => Some(format!(
            "{count} frames: what was counted in their time, in charts"
        )),
    }
}

fn of(source: &SourceName, stored: StoredOf, calculations: u64) -> RemovedSource {
    let StoredOf {
        has_state,
        snapshots,
        pinned,
        restores,
    } = stored;
    RemovedSource {
        source: source.to_string(),
        has_state,
        snapshots,
        pinned,
        restores,
        calculations,
    }
}

fn nothing_of(source: &SourceName) -> Error {
    Error::NotFound {
        message: format!("there is nothing of {source}: no state, no snapshot and no event"),
    }
}
