//! Recovery of a damaged store: it is moved to quarantine whole, and replaced by the newest good
//! copy of itself or of a backup.
//!
//! Never deletes anything, and needs the folder's lock exclusively. After a crash at any point the
//! next start finishes it: see [`quarantine`], and a
//! folder with backups but no database is damaged, not empty.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::connection::Source;
use super::copies::{Turn, put_in_place};
use super::folder::{self, Folder};
use super::quarantine::{self, Database, Kept, Label};
use super::{backup, commits, revision, schema};
use crate::store::{RevisionNumber, StoreError};

/// How long to wait for another program that replaces files of the folder.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was done about a damaged store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// What was wrong with it, in plain words.
    pub what: String,
    /// Where its files are; `None` if there were none left.
    pub set_aside: Option<PathBuf>,
    /// What replaced it; `None` if nothing was good, and the store starts empty.
    pub restored: Option<Restored>,
}

/// The copy that replaced a damaged store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What it is a copy of.
    pub origin: Origin,
    /// The latest revision in it.
    pub revision: RevisionNumber,
    /// When that was saved, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What replaced a damaged store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// This backup; it still is there.
    Backup(PathBuf),
    /// The store itself, up to the damage.
    Store(Kept),
}

impl Restored {
    fn kept(&self) -> Option<Kept> {
        match self.origin {
            Origin::Store(kept) => Some(kept),
            Origin::Backup(_) => None,
        }
    }
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
                origin: Origin::Store(kept),
                revision,
                at_ms,
            }) => format!(
                " {} In force is revision {revision}, saved {}; please check the flags.",
                kept.sentence(),
                backup::minute(*at_ms)
            ),
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
pub(super) fn is_unfinished(folder: &Folder) -> Result<bool, StoreError> {
    quarantine::is_unfinished(folder.path(), Database::Flags)
}

/// Moves the store's files to quarantine and puts the newest good copy in their place: of what is
/// sound in the store itself, or of a backup.
pub(super) fn recover(folder: &Folder, what: String, now_ms: i64) -> Result<Recovery, StoreError> {
    let turn = Turn::take(folder.path(), PATIENCE)?;
    let label = |kept| Label {
        kept,
        ..label(&what, now_ms, false)
    };
    // The copy comes first: if there is no room for it, everything stays as it is.
    let replaced = turn.copy(
        folder::STEM,
        |to| copy_newest_good(folder, to, now_ms),
        |whole, restored| {
            let set_aside = quarantine::set_aside(folder.path(), &label(restored.kept()))?;
            put_in_place(whole, &folder.database())?;
            Ok((set_aside, Some(restored)))
        },
    );
    let (set_aside, restored) = match replaced {
        Err(StoreError::Damaged { .. }) => {
            (quarantine::set_aside(folder.path(), &label(None))?, None)
        }
        replaced => replaced?,
    };
    Ok(Recovery {
        what,
        set_aside,
        restored,
    })
}

/// What may replace a damaged store.
enum Candidate {
    /// The store itself, as SQLite reads it now.
    Store(Connection),
    /// This backup.
    Backup(PathBuf),
}

/// Copies the candidate with the latest revision, durably and verified.
///
/// # Errors
/// [`StoreError::Damaged`] if none is good.
fn copy_newest_good(folder: &Folder, to: &Path, now_ms: i64) -> Result<Restored, StoreError> {
    // Before it is replaced by that of the copy.
    let noted = commits::noted(&folder.database());
    for (_, candidate) in candidates(folder)? {
        let copied = match &candidate {
            Candidate::Store(store) => backup::write(store, to).map(drop),
            Candidate::Backup(path) => backup::copy(path, to),
        };
        match (copied, candidate) {
            (Ok(()), Candidate::Store(_)) => {
                let is_all = commits::is_all(noted, &backup::open(to)?);
                let kept = if is_all { Kept::All } else { Kept::Part };
                return describe(Origin::Store(kept), to);
            }
            (Ok(()), Candidate::Backup(path)) => return describe(Origin::Backup(path), to),
            (Err(StoreError::Damaged { .. }), Candidate::Store(_)) => {}
            (Err(StoreError::Damaged { what }), Candidate::Backup(path)) => {
                distrust(&path, &what, now_ms)?;
            }
            (Err(error), _) => return Err(error),
        }
    }
    Err(StoreError::damaged("there is no good copy of it"))
}

/// Lists what may replace the store, latest revision first. A damaged log may hide what is in the
/// database already, so the database is a candidate without its log, too.
fn candidates(folder: &Folder) -> Result<Vec<(RevisionNumber, Candidate)>, StoreError> {
    let read = |immutable| {
        let source = Source {
            path: folder.database(),
            immutable,
            patience: Duration::ZERO,
        };
        let store = source.open().ok()?;
        schema::owner(&store).ok()?;
        let latest = revision::head(&store).ok()??.number;
        Some((latest, Candidate::Store(store)))
    };
    // Of a store whose files are being moved some may be gone, and SQLite removes the log of an
    // empty database.
    let can_read = !is_unfinished(folder)? && folder::length(&folder.database())? > 0;
    let store = can_read.then(|| [false, true].into_iter().filter_map(read));
    let backups = backup::list(folder)?.into_iter();
    let backups = backups.map(|backup| (backup.revision, Candidate::Backup(backup.path)));
    let mut candidates: Vec<_> = store.into_iter().flatten().chain(backups).collect();
    candidates.sort_by_key(|(latest, _)| Reverse(*latest));
    Ok(candidates)
}

fn describe(origin: Origin, copy: &Path) -> Result<Restored, StoreError> {
    let latest = revision::latest_summary(&backup::open(copy)?)?;
    Ok(Restored {
        origin,
        revision: latest
            .as_ref()
            .map_or(RevisionNumber::NONE, |latest| latest.number),
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
        kept: None,
    }
}
