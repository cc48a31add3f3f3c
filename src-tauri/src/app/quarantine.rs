//! What was set aside, as a person looks through it.

use super::{App, Event};
use crate::error::Error;
use crate::store::sqlite::quarantine::{self, Quarantined};

impl App {
    /// Lists what was set aside, earliest first.
    ///
    /// # Errors
    /// If the quarantine cannot be read.
    pub fn quarantine(&self) -> Result<Vec<Quarantined>, Error> {
        Ok(quarantine::list(self.data_dir())?)
    }

    /// Notes that a person has looked at these, so that nothing tells of them any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] if one is not there; then none was noted.
    pub fn note_quarantine_seen(&self, names: &[String]) -> Result<(), Error> {
        let entries = names.iter().map(|name| self.quarantined(name));
        let entries: Vec<Quarantined> = entries.collect::<Result<_, _>>()?;
        for entry in entries {
            quarantine::note_seen(&entry)?;
        }
        self.announce(Event::Status);
        Ok(())
    }

    /// Deletes one.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is not there.
    pub fn remove_quarantined(&self, name: &str) -> Result<(), Error> {
        quarantine::remove(&self.quarantined(name)?)?;
        self.announce(Event::Status);
        Ok(())
    }

    pub(super) fn quarantined(&self, name: &str) -> Result<Quarantined, Error> {
        let mut entries = self.quarantine()?.into_iter();
        let entry = entries.find(|entry| entry.name == name);
        entry.ok_or_else(|| Error::NotFound {
            message: format!("nothing in quarantine is called {name}"),
        })
    }
}
