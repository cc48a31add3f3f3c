//! What is left of databases in quarantine: what can be read, exported and taken back.
//!
//! Nothing in the quarantine is changed, but for a note that it was looked at, and nothing in use is
//! replaced: what is taken back is added, as it was, and once however often that is repeated.

mod words;

use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use super::{App, Event};
use crate::error::Error;
use crate::metrics::store::salvage;
use crate::store::StoreError;
use crate::store::sqlite::quarantine::{self, Database, Quarantined};

/// Seconds that frames may be ahead of the moment a database was set aside, by a clock that was set
/// back since.
const FUTURE_S: i64 = 24 * 60 * 60;

/// Changes of the flags that are listed before revisions are taken back.
const CHANGES_MAX: usize = 100;

/// What can be read of an entry of the quarantine, and what of it can be taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Survey {
    /// The name of the entry.
    pub name: String,
    /// Revisions, snapshots or frames that match their hashes.
    pub sound: u64,
    /// Those that do not, cannot be read, or are missing among the others.
    pub damaged: u64,
    /// When the earliest sound one was saved, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// When the latest sound one was saved, in milliseconds since 1970.
    pub to_ms: Option<i64>,
    /// What can be read, in a sentence.
    pub readable: String,
    /// What is missing in the database in use and can be added to it, in a few words each.
    pub takes: Vec<String>,
    /// What is not taken back and why, a sentence each.
    pub leaves: Vec<String>,
    /// What taking it back would change in the flags in force, a sentence each; the first of them
    /// if there are many.
    pub changes: Vec<String>,
}

/// What was taken back from an entry of the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct TakenBack {
    /// The name of the entry.
    pub name: String,
    /// What was added to the database in use, in a few words each; empty if nothing was missing.
    pub taken: Vec<String>,
    /// What was not and why, a sentence each.
    pub left: Vec<String>,
}

/// What can be read of an entry, as a file.
#[derive(Debug, Clone)]
pub struct Export {
    /// A name for the file.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// What is in it, in a sentence.
    pub what: String,
}

impl App {
    /// Finds what can be read of an entry of the quarantine, and what of it can be taken back.
    /// Changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is not there, [`Error::Store`] if the disk fails. A damaged entry
    /// is no error.
    pub fn survey(&self, name: &str) -> Result<Survey, Error> {
        let entry = self.quarantined(name)?;
        let surveyed = match entry.database {
            Some(Database::Flags) => self.survey_flags(&entry),
            Some(Database::States) => self.survey_states(&entry),
            Some(Database::Metrics) => self.survey_metrics(&entry),
            Some(Database::Rosters) => Err(only_imported()),
            Some(Database::Rollouts) => Err(started_again()),
            None => Err(unknown()),
        };
        let survey = surveyed.or_else(unreadable)?;
        Ok(Survey {
            name: entry.name,
            ..survey
        })
    }

    /// Adds what is sound in an entry of the quarantine and missing here, as it was, and marks the
    /// entry as seen. Repeating it adds nothing twice.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is not there, [`Error::Store`] if nothing of it can be read, or
    /// what was read cannot be stored. Revisions are taken back all or not at all; of snapshots
    /// and frames, those before the failure are.
    pub fn take_back(&self, name: &str) -> Result<TakenBack, Error> {
        let entry = self.quarantined(name)?;
        self.flags().check_place()?;
        let taken = match entry.database {
            Some(Database::Flags) => self.take_back_revisions(&entry)?,
            Some(Database::States) => self.take_back_snapshots(&entry)?,
            Some(Database::Metrics) => self.take_back_frames(&entry)?,
            Some(Database::Rosters) => return Err(only_imported()),
            Some(Database::Rollouts) => return Err(started_again()),
            None => return Err(unknown()),
        };
        self.note_looked_at(&entry);
        let left = self.survey(name)?.leaves;
        Ok(TakenBack {
            name: entry.name,
            taken,
            left,
        })
    }

    /// Marks an entry as seen. Its content is taken back: a failure here fails nothing.
    fn note_looked_at(&self, entry: &Quarantined) {
        if let Err(error) = quarantine::note_seen(entry) {
            tracing::warn!(%error, entry = entry.name, "what was taken back stays marked as not seen");
        }
        self.announce(Event::Status);
    }

    /// Makes a file of what can be read of an entry of the quarantine.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is not there or holds nothing that can be read.
    pub fn export_quarantined(&self, name: &str) -> Result<Export, Error> {
        let entry = self.quarantined(name)?;
        let exported = match entry.database {
            Some(Database::Flags) => self.export_flags(&entry)?,
            Some(Database::States) => self.export_snapshots_of(&entry)?,
            Some(Database::Metrics) => self.export_frames(&entry)?,
            Some(Database::Rosters) => return Err(only_imported()),
            Some(Database::Rollouts) => return Err(started_again()),
            None => return Err(unknown()),
        };
        exported.ok_or_else(|| Error::NotFound {
            message: format!("nothing in {name} can be read"),
        })
    }

    // Revisions.

    fn survey_flags(&self, entry: &Quarantined) -> Result<Survey, Error> {
        let found = self.flags().store().examine(entry)?;
        let changes = found.last_continuing.as_ref().map(|last| {
            let review = self.flags().review(&last.draft.document);
            let changes = review.difference.changes.iter();
            changes.take(CHANGES_MAX).map(ToString::to_string).collect()
        });
        Ok(Survey {
            sound: found.sound,
            damaged: found.damaged,
            from_ms: found.first.as_ref().map(|first| first.at_ms),
            to_ms: found.last.as_ref().map(|last| last.at_ms),
            readable: words::readable_revisions(&found),
            takes: found.continuing.map(words::revisions).into_iter().collect(),
            leaves: words::left_revisions(&found).into_iter().collect(),
            changes: changes.unwrap_or_default(),
            ..Survey::default()
        })
    }

    fn take_back_revisions(&self, entry: &Quarantined) -> Result<Vec<String>, Error> {
        let flags = self.flags();
        let taken = flags.without_exchange(|| flags.store().take_back(entry))?;
        flags.refresh()?;
        Ok(taken.map(words::revisions).into_iter().collect())
    }

    fn export_flags(&self, entry: &Quarantined) -> Result<Option<Export>, Error> {
        let latest = self.flags().store().latest_set_aside(entry)?;
        Ok(latest.map(|latest| Export {
            name: format!("flags-revision-{}.json", latest.number),
            bytes: latest.draft.document.to_vec(),
            what: format!("the document of revision {}", latest.number),
        }))
    }

    // Snapshots.

    fn survey_states(&self, entry: &Quarantined) -> Result<Survey, Error> {
        let found = self.0.states.examine(entry)?;
        let count = |of: fn(&(u64, u64)) -> u64| {
            let sources = found.sources.iter();
            words::snapshots(sources.map(|(source, counts)| (source, of(counts))))
        };
        let takes = count(|(_, missing)| *missing);
        let has_all = takes.is_empty() && !found.sources.is_empty();
        Ok(Survey {
            sound: found.sources.values().map(|(count, _)| count).sum(),
            damaged: found.damaged,
            from_ms: found.span.map(|(first, _)| first),
            to_ms: found.span.map(|(_, last)| last),
            readable: words::readable(&count(|(sound, _)| *sound), "snapshots", found.damaged)
                + &words::renamed(&found.renamed),
            leaves: has_all
                .then(|| words::NONE_MISSING.into())
                .into_iter()
                .collect(),
            takes,
            ..Survey::default()
        })
    }

    fn take_back_snapshots(&self, entry: &Quarantined) -> Result<Vec<String>, Error> {
        self.ensure_states_kept()?;
        let is_packed = self.config().state.compression_enabled;
        let taken = self.0.states.take_back(entry, is_packed, self.now_ms())?;
        for source in taken.keys() {
            self.announce(Event::State(Some(source.as_str().into())));
        }
        Ok(words::snapshots(
            taken.iter().map(|(source, count)| (source, *count)),
        ))
    }

    fn export_snapshots_of(&self, entry: &Quarantined) -> Result<Option<Export>, Error> {
        let exported = self.0.states.export_set_aside(entry)?;
        Ok(exported.map(|exported| Export {
            name: "snapshots.json".into(),
            what: words::exported_snapshots(exported.count, exported.left_out),
            bytes: exported.text.into_bytes(),
        }))
    }

    // Frames.

    fn survey_metrics(&self, entry: &Quarantined) -> Result<Survey, Error> {
        let until_s = self.until_s(entry);
        let found = salvage::examine(self.data_dir(), entry, until_s)?;
        let has_all = found.missing == 0 && found.sound > 0;
        Ok(Survey {
            sound: found.sound,
            damaged: found.damaged,
            from_ms: found.span.map(|(first_s, _)| first_s * 1000),
            to_ms: found.span.map(|(_, last_s)| last_s * 1000),
            readable: words::readable(&words::sound_frames(&found), "frames", found.damaged),
            takes: words::frames(&found),
            leaves: has_all
                .then(|| words::NONE_MISSING.into())
                .into_iter()
                .collect(),
            ..Survey::default()
        })
    }

    fn take_back_frames(&self, entry: &Quarantined) -> Result<Vec<String>, Error> {
        let until_s = self.until_s(entry);
        let now_ms = self.now_ms();
        let taken = salvage::take_back(self.data_dir(), entry, until_s, now_ms)?;
        Ok(words::frames(&taken))
    }

    fn export_frames(&self, entry: &Quarantined) -> Result<Option<Export>, Error> {
        let exported = salvage::export(entry, self.until_s(entry))?;
        Ok(exported.map(|exported| Export {
            name: "frames.csv".into(),
            what: words::exported_frames(exported.frames, exported.left_out),
            bytes: exported.text.into_bytes(),
        }))
    }

    /// Returns up to when an entry can have frames, in seconds since 1970.
    fn until_s(&self, entry: &Quarantined) -> i64 {
        let at_ms = entry.label.as_ref().map(|label| label.at_ms);
        at_ms.unwrap_or_else(|| self.now_ms()).div_euclid(1000) + FUTURE_S
    }
}

fn unknown() -> Error {
    let what = "which database it was is not known".into();
    StoreError::Unreadable { what }.into()
}

/// Rosters are copies of files that a person has: nothing of one is taken out of a damaged database.
fn only_imported() -> Error {
    let what = "rosters are not taken back; import their files again".into();
    StoreError::Unreadable { what }.into()
}

/// What was counted of a rollout is of that time.
fn started_again() -> Error {
    let what = "ramps and decisions are not taken back; start ramps again".into();
    StoreError::Unreadable { what }.into()
}

/// Makes a survey of an entry of which nothing can be read.
fn unreadable(error: Error) -> Result<Survey, Error> {
    let Error::Store(StoreError::Unreadable { what }) = error else {
        return Err(error);
    };
    Ok(Survey {
        readable: words::unreadable(&what),
        ..Survey::default()
    })
}
