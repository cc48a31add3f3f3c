//! Rosters, and forgetting a user everywhere.

use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use super::App;
use crate::error::Error;
use crate::flags::targeted::{Target, TargetedOverride, TargetedSelection};
use crate::rosters::Rosters;
use crate::rosters::shapes::Forgotten;
use crate::store::sqlite::quarantine::Database;

/// Where a user was, who is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ForgottenUser {
    /// The rosters that the user was removed from.
    pub rosters: Vec<Forgotten>,
    /// Components that were on or off for the user alone: these overrides have ended.
    pub overrides: Vec<String>,
    /// Damaged rosters in quarantine, of which it is not known who is in them. They are deleted by
    /// [`App::remove_quarantined`].
    pub quarantined: Vec<String>,
}

impl App {
    /// Returns the rosters.
    pub fn rosters(&self) -> &Rosters {
        &self.0.rosters
    }

    /// Removes a user from every roster, and ends the overrides for the user; what was stored is
    /// overwritten. Returns where the user was: that may be nowhere.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::File`] if that cannot be stored. Part of it may be: the next
    /// call removes what is left.
    pub fn forget(&self, id: &str) -> Result<ForgottenUser, Error> {
        self.flags().check_place()?;
        let rosters = self.rosters().forget(id)?;
        let ended = self.flags().end_targeted(&TargetedSelection {
            target: Some(Target::User(id.into())),
            components: Vec::new(),
        })?;
        Ok(ForgottenUser {
            rosters,
            overrides: ended.iter().map(component).collect(),
            quarantined: self.quarantined_rosters()?,
        })
    }

    fn quarantined_rosters(&self) -> Result<Vec<String>, Error> {
        let entries = self.quarantine()?.into_iter();
        let of_rosters = entries.filter(|entry| entry.database == Some(Database::Rosters));
        Ok(of_rosters.map(|entry| entry.name).collect())
    }
}

fn component(ended: &TargetedOverride) -> String {
    ended.component.to_string()
}
