//! Recovery of a damaged store: it is moved to quarantine whole, and replaced by a backup.
//!
//! Never deletes anything, and needs the folder's lock exclusively. After a crash at any point the
//! next start finishes it: see [`quarantine`], and a
//! folder with backups but no database is damaged, not empty.

use std::path::{Path, PathBuf};

use super::folder::{self, Folder};
use super::quarantine::{self, Database, Label};
use super::{backup, revision};
use crate::store::{RevisionNumber, StoreError};

/// Where a backup is copied to before it replaces the store.
const RESTORING: &str = ".restoring.db";

/// What was done about a damaged store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// What was wrong with it, in plain words.
    pub what: String,
    /// Where its files are; `None` if there were none left.
    pub set_aside: Option<PathBuf>,
    /// What replaced it; `None` if no backup was good, and the store starts empty.
    pub restored: Option<Restored>,
}

/// The backup that replaced a damaged store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup; it still is there.
    pub backup: PathBuf,
    /// The latest revision in it.
    pub revision: RevisionNumber,
    /// When that was saved, in milliseconds since 1970.
    pub at_ms: i64,
}

impl Recovery {
    /// Describes for a product lead what happened, what was kept and what is in force.
    pub fn sentence(&self) -> String {
        let damage = format!("The saved flags were damaged ({}).", self.what);
        let kept = match &self.set_aside {
            Some(place) => format!(
                " The damaged files were kept and moved to {}.",
                place.display()
            ),
            None => String::new(),
        };
        let force = match &self.restored {
            Some(Restored {
                revision, at_ms, ..
            }) => format!(
                " The newest good backup took their place: revision {revision}, saved {}. \
                 Changes made after it are not in force; please check the flags.",
                backup::minute(*at_ms)
            ),
            None => " There was no good backup, so all flags start afresh, switched off.".into(),
        };
        damage + &kept + &force
    }
}

/// Returns whether an earlier recovery was interrupted while it moved files.
pub(super) fn is_unfinished(folder: &Folder) -> bool {
    quarantine::is_unfinished(folder.path(), Database::Flags)
}

/// Moves the store's files to quarantine and puts the newest good backup in their place.
pub(super) fn recover(folder: &Folder, what: String, now_ms: i64) -> Result<Recovery, StoreError> {
    // The copy comes first: if there is no room for it, everything stays as it is.
    let copy = folder.path().join(RESTORING);
    let restored = copy_newest_good(folder, &copy, now_ms)?;
    let set_aside = quarantine::set_aside(folder.path(), &label(&what, now_ms, false))?;
    if restored.is_some() {
        folder::rename(&copy, &folder.database())?;
    }
    Ok(Recovery {
        what,
        set_aside,
        restored,
    })
}

fn copy_newest_good(
    folder: &Folder,
    copy: &Path,
    now_ms: i64,
) -> Result<Option<Restored>, StoreError> {
    for candidate in backup::list(folder)? {
        match backup::copy(&candidate.path, copy) {
            Ok(()) => return describe(candidate.path, copy).map(Some),
            Err(StoreError::Damaged { what }) => distrust(&candidate.path, &what, now_ms)?,
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn describe(backup: PathBuf, copy: &Path) -> Result<Restored, StoreError> {
    let latest = revision::summaries(&backup::open(copy)?, None, 1)?;
    let latest = latest.first();
    Ok(Restored {
        backup,
        revision: latest.map_or(RevisionNumber::NONE, |latest| latest.number),
        at_ms: latest.map_or(0, |latest| latest.at_ms),
    })
}

/// Keeps a damaged backup under a name that does not count as one, with a label that says why.
fn distrust(backup: &Path, what: &str, now_ms: i64) -> Result<(), StoreError> {
    tracing::warn!(backup = %backup.display(), what, "a backup is damaged");
    let mut name = backup.as_os_str().to_owned();
    name.push(quarantine::DAMAGED_BACKUP);
    // The recovery itself is told of.
    quarantine::write_label(Path::new(&name), &label(what, now_ms, true))?;
    folder::rename(backup, Path::new(&name))
}

/// Moves everything under the store's names to quarantine, to be replaced by what a person asked
/// for.
pub(super) fn set_aside(folder: &Folder, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
    quarantine::set_aside(folder.path(), &label(quarantine::REPLACED, now_ms, true))
}

/// Makes the label of a store.
pub(super) fn label(what: &str, now_ms: i64, seen: bool) -> Label {
    Label {
        database: Database::Flags,
        what: what.to_owned(),
        at_ms: now_ms,
        seen,
    }
}
