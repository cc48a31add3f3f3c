//! What the page looks at before it is done.

use flagdeck_core as core;
use serde::Deserialize;
#[cfg(test)]
use ts_rs::TS;

use super::{Edit, OverrideSelection};
use crate::app::previews::{self, Moving, Over};
use crate::error::Error;
use crate::flags::AsOf;
use crate::store::RevisionNumber;

/// What is looked at before it is done.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(tag = "kind", rename_all = "snake_case"))]
pub enum Planned {
    /// An edit, or a whole document.
    Edit {
        /// The edit.
        edit: Edit,
    },
    /// Taking the latest change back.
    Undo {
        /// The revision that it must have made; any if `null`.
        #[serde(default)]
        of: Option<u64>,
    },
    /// Bringing the latest change back that was taken back.
    Redo {
        /// The revision that it must have made; any if `null`.
        #[serde(default)]
        of: Option<u64>,
    },
    /// Showing a component to fewer people again.
    RollBack {
        /// The component.
        component: String,
    },
    /// Putting the document of a revision in force again.
    Restore {
        /// The revision.
        revision: u64,
    },
    /// Putting the latest document of a backup in force.
    Backup {
        /// The name of the backup.
        name: String,
    },
    /// Ending overrides of the document that is followed.
    ReturnOverrides {
        /// The overrides.
        which: OverrideSelection,
    },
    /// Publishing overrides: whom that affects elsewhere.
    Publish {
        /// The overrides.
        which: OverrideSelection,
    },
    /// Adopting the document that is followed, as it is at its address now.
    Adopt {
        /// What a review named it: another one is refused. Any if `null`.
        #[serde(default)]
        document: Option<String>,
    },
    /// Nothing: whom components are on for, as of a moment or else as things are.
    Standing {
        /// The moment.
        #[serde(default)]
        at: Option<AsOf>,
    },
}

impl TryFrom<Planned> for previews::Planned {
    type Error = Error;

    fn try_from(planned: Planned) -> Result<Self, Error> {
        Ok(match planned {
            Planned::Edit { edit } => Self::Edit(edit.try_into()?),
            Planned::Undo { of } => Self::Undo(of.map(RevisionNumber)),
            Planned::Redo { of } => Self::Redo(of.map(RevisionNumber)),
            Planned::RollBack { component } => Self::RollBack(super::path(&component)?),
            Planned::Restore { revision } => Self::Restore(RevisionNumber(revision)),
            Planned::Backup { name } => Self::Backup(name),
            Planned::ReturnOverrides { which } => Self::ReturnOverrides(which.read()?),
            Planned::Publish { which } => Self::Publish(which.read()?),
            Planned::Adopt { document } => Self::Adopt(document),
            Planned::Standing { at } => Self::Standing(at),
        })
    }
}

/// Reads an edit of a rollout as a slider that moves.
///
/// # Errors
/// [`Error::Invalid`] if there cannot be such a rollout, [`Error::OutOfRange`] if it is another
/// edit.
pub fn moving(edit: Edit) -> Result<Moving, Error> {
    match edit.try_into()? {
        core::Edit::SetRollout { component, change } => Ok(Moving { component, change }),
        _ => Err(Error::OutOfRange {
            message: "a slider moves a rollout: the edit must be set_rollout".into(),
        }),
    }
}

/// Reads the name of a roster; the one imported last is meant if there is none.
///
/// # Errors
/// [`Error::NotFound`] if there can be no roster of that name.
pub fn over(roster: Option<&str>) -> Result<Over, Error> {
    match roster {
        None => Ok(Over::Latest),
        Some(name) => Ok(Over::Named(super::rosters::roster_name(name)?)),
    }
}
