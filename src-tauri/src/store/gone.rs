//! Files of a store that were removed or replaced while it was open, and what is in their place.

use std::fmt;
use std::path::PathBuf;

use super::RevisionSummary;

/// An open store whose files were removed or replaced: writes to them would be lost.
#[derive(Debug, Clone)]
pub struct Gone {
    /// The data folder.
    pub data_dir: PathBuf,
    /// The file in it that was removed or replaced; `None` if the folder was.
    pub file: Option<String>,
    /// What is in its place.
    pub instead: Instead,
}

/// What is in the place of files that were removed.
#[derive(Debug, Clone)]
pub enum Instead {
    /// Nothing.
    Nothing,
    /// Something that was not examined.
    Something,
    /// Another store, with this as its latest revision; `None` if it has none.
    Store(Option<Box<RevisionSummary>>),
    /// Nothing that this program can see: the path to it may not be followed, or its disk fails.
    Unreachable {
        /// Why not.
        reason: String,
    },
    /// Something that cannot be read as a store.
    Unreadable {
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            None => write!(f, "the data folder {}", self.data_dir.display())?,
            Some(file) => write!(f, "{file} in the data folder {}", self.data_dir.display())?,
        }
        match &self.instead {
            Instead::Nothing => f.write_str(" was removed while Flagdeck had it open"),
            Instead::Unreachable { reason } => {
                write!(
                    f,
                    " can no longer be reached while Flagdeck has it open ({reason})"
                )
            }
            _ => f.write_str(" was replaced while Flagdeck had it open"),
        }?;
        match &self.instead {
            Instead::Nothing | Instead::Something | Instead::Unreachable { .. } => Ok(()),
            Instead::Store(None) => f.write_str("; an empty store is in its place"),
            Instead::Store(Some(latest)) => write!(
                f,
                "; another store is in its place, with {} revisions, the latest by {}",
                latest.number, latest.actor.name
            ),
            Instead::Unreadable { reason } => {
                write!(f, "; what is in its place cannot be read ({reason})")
            }
        }
    }
}

/// The outcome of switching to another store.
#[derive(Debug)]
pub struct Reopened {
    /// Where a copy of the former one is kept; `None` if there was no need, or it could not be read
    /// any more.
    pub kept: Option<PathBuf>,
    /// A notice for people about the new one, if it was damaged.
    pub recovery: Option<String>,
}
