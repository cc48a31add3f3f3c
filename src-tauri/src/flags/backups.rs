//! Backups, as people use them: listed, made, compared, and restored.

use flagdeck_core::{FlagDocument, validate};

use super::{Difference, Flags, Outcome, Wanted};
use crate::error::Error;
use crate::store::{Actor, Backup, Cause, Revision};

impl Flags {
    /// Lists the backups that hold a revision, newest first.
    ///
    /// # Errors
    /// If their folder cannot be read.
    pub fn backups(&self) -> Result<Vec<Backup>, Error> {
        Ok(self.store().backups()?)
    }

    /// Copies the store into a verified backup; `None` if one holds the latest revision already, or
    /// there is no revision.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn back_up(&self) -> Result<Option<Backup>, Error> {
        self.ensure_writable()?;
        let Some(made) = self.store().back_up(self.0.clock.now_ms(), 0)? else {
            return Ok(None);
        };
        let is_made = |backup: &Backup| made.file_name().is_some_and(|name| *name == *backup.name);
        Ok(self.backups()?.into_iter().find(is_made))
    }

    /// Returns what putting the latest document of a backup in force would change.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no backup of that name, [`Error::Store`] if it is damaged.
    pub fn backup_difference(&self, name: &str) -> Result<Difference, Error> {
        let (_, document) = self.backed_up(name)?;
        Ok(Difference::between(&self.live().document, &document))
    }

    /// Puts the latest document of a backup in force, as a new revision.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no backup of that name, [`Error::Store`] if it is damaged,
    /// [`Error::Conflict`] if another change was saved in the meantime.
    pub fn restore_backup(&self, name: &str, actor: &Actor) -> Result<Outcome, Error> {
        let live = self.live();
        let (revision, document) = self.backed_up(name)?;
        let note = format!(
            "From the backup of revision {}, saved {}",
            revision.number,
            minute(revision.draft.at_ms)
        );
        let wanted = Wanted {
            note: Some(note),
            ..Wanted::new(document, actor, Cause::Import)
        };
        self.save_or_conflict(&self.guard(), &live, wanted)
    }

    /// Returns the latest document of a backup.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no backup of that name, [`Error::Store`] if it is damaged.
    pub(crate) fn document_of_backup(&self, name: &str) -> Result<FlagDocument, Error> {
        Ok(self.backed_up(name)?.1)
    }

    fn backed_up(&self, name: &str) -> Result<(Revision, FlagDocument), Error> {
        let revision = self.store().backed_up(name)?;
        let revision = revision.ok_or_else(|| Error::NotFound {
            message: format!("there is no backup {name:?}"),
        })?;
        let checked = validate(&revision.draft.document);
        let checked = checked.map_err(|problems| Error::Invalid { problems })?;
        Ok((revision, checked.document))
    }
}

/// Formats a time for people, in UTC to the minute, because notes are read in any time zone.
fn minute(at_ms: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    instant.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
