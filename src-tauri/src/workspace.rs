//! A workspace as one file: flags with their whole history, settings, and snapshots on request.
//!
//! The file is lines of JSON, compressed with Zstandard: a head with the format, then the parts
//! (`settings`, `revision`s from the first on, `snapshots` of one source each), then an end that has
//! the number of lines and the BLAKE3 hash of each part. Each revision has the hash that its row has
//! in the store, which is over all before it. [`Workspace::open`] checks all of that, and every
//! document, before anything is used. Knows nothing of the application.

pub mod limits;
mod lines;
mod parts;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use flagdeck_core::validate;
use serde_json::Value;

use self::lines::Lines;
use self::parts::{Counted, Head, Line, SnapshotsLine};
use crate::store::sqlite::{Hash, NO_HASH};
use crate::store::{Draft, RevisionNumber};

pub use self::write::Writer;

/// What distinguishes the file from others.
const FORMAT: &str = "flagdeck-workspace";

/// The layout of the lines.
const VERSION: u32 = 1;

/// What a frame of Zstandard begins with (RFC 8878, section 3.1.1).
const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What a file name of it ends in.
pub const ENDING: &str = "flagdeck";

/// Why a file is not imported, or a workspace is not exported.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// It is something else.
    #[error("the file is not a workspace that Flagdeck exported")]
    Other,
    /// It has a later layout.
    #[error("the file is of a newer Flagdeck; update Flagdeck to import it")]
    Newer,
    /// It is not as it was written.
    #[error("the file is damaged or was altered ({what}); nothing was imported")]
    Damaged {
        /// What does not match.
        what: String,
    },
    /// What is to be exported could not be imported.
    #[error("the workspace cannot be exported: {what}")]
    Unwritable {
        /// What is wrong with it.
        what: String,
    },
    /// It is larger than any that is read.
    #[error("the workspace is larger than {} MiB", .bytes_max / (1024 * 1024))]
    TooLarge {
        /// The bound.
        bytes_max: u64,
    },
    /// The data folder is in use already.
    #[error("{what}; a workspace can only be imported into a fresh data folder")]
    NotFresh {
        /// What is there.
        what: String,
    },
}

impl WorkspaceError {
    fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    fn unwritable(what: impl Into<String>) -> Self {
        Self::Unwritable { what: what.into() }
    }
}

/// A workspace that was read and checked.
#[derive(Debug, Clone)]
pub struct Workspace {
    bytes: Arc<[u8]>,
    /// The settings that were set, by name.
    pub settings: BTreeMap<String, Value>,
    /// How many revisions there are.
    pub revisions: u64,
    /// The document of the latest one, as JSON.
    latest: Option<Arc<[u8]>>,
    /// The sources that snapshots are of, with how many.
    pub sources: Vec<(String, u64)>,
}

/// A revision as it was, with the hash of its row.
pub type Kept = (Draft, Hash);

impl Workspace {
    /// Checks a whole file.
    ///
    /// # Errors
    /// [`WorkspaceError`] if it is none, or anything in it does not match.
    pub fn open(bytes: Vec<u8>) -> Result<Self, WorkspaceError> {
        let mut workspace = Self {
            bytes: bytes.into(),
            settings: BTreeMap::new(),
            revisions: 0,
            latest: None,
            sources: Vec::new(),
        };
        let mut counted = Counted::default();
        let mut previous = NO_HASH;
        let mut lines = workspace.lines()?;
        loop {
            let text = lines.next()?;
            let text = text.ok_or_else(|| WorkspaceError::damaged("its end is missing"))?;
            match counted.add(&text)? {
                Line::Settings(settings) => workspace.settings = settings,
                Line::Revision(revision) => {
                    let number = RevisionNumber(workspace.revisions).next();
                    let (draft, hash) = revision.checked(number, &previous)?;
                    check_document(number, &draft)?;
                    previous = hash;
                    workspace.revisions = number.0;
                    workspace.latest = Some(draft.document);
                }
                Line::Snapshots(SnapshotsLine { of, count, .. }) => {
                    workspace.sources.push((of, count));
                }
                Line::End(end) => {
                    counted.check(&end)?;
                    lines.end()?;
                    return Ok(workspace);
                }
            }
        }
    }

    /// Returns the document that will be in force, as JSON text; `None` if there is no revision.
    pub fn latest_document(&self) -> Option<String> {
        let latest = self.latest.as_deref()?;
        Some(String::from_utf8_lossy(latest).into_owned())
    }

    /// Returns how many snapshots there are, as the file says.
    pub fn snapshots(&self) -> u64 {
        let counts = self.sources.iter().map(|(_, count)| *count);
        counts.fold(0, u64::saturating_add)
    }

    /// Goes through the revisions, from the first one on.
    ///
    /// # Errors
    /// [`WorkspaceError`], as [`Self::open`].
    pub fn each_revision(
        &self,
    ) -> Result<impl Iterator<Item = Result<Kept, WorkspaceError>> + Send + 'static, WorkspaceError>
    {
        let mut lines = self.lines()?;
        let mut next = move || loop {
            match Line::read(&lines.next()?.unwrap_or_default())? {
                Line::Revision(revision) => return Ok(Some(revision.kept()?)),
                Line::Settings(_) => {}
                Line::Snapshots(_) | Line::End(_) => return Ok(None),
            }
        };
        Ok(std::iter::from_fn(move || next().transpose()))
    }

    /// Calls `each` with every source and the bundle of its snapshots.
    ///
    /// # Errors
    /// That of `each`; [`WorkspaceError`], as [`Self::open`].
    pub fn each_source<E: From<WorkspaceError>>(
        &self,
        mut each: impl FnMut(&str, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut lines = self.lines()?;
        loop {
            match Line::read(&lines.next()?.unwrap_or_default())? {
                Line::Snapshots(SnapshotsLine { of, bundle, .. }) => each(&of, bundle.get())?,
                Line::Settings(_) | Line::Revision(_) => {}
                Line::End(_) => return Ok(()),
            }
        }
    }

    /// Begins to read the lines behind the head.
    fn lines(&self) -> Result<Lines, WorkspaceError> {
        if !self.bytes.starts_with(&ZSTANDARD) {
            return Err(WorkspaceError::Other);
        }
        let mut lines = Lines::of(Arc::clone(&self.bytes))?;
        Head::check(&lines.next()?.unwrap_or_default())?;
        Ok(lines)
    }
}

/// A document that is not valid would be in force, or could be restored.
fn check_document(number: RevisionNumber, draft: &Draft) -> Result<(), WorkspaceError> {
    let checked = validate(&draft.document);
    checked.map(drop).map_err(|_| {
        WorkspaceError::damaged(format!("the document of revision {number} is not valid"))
    })
}

#[cfg(test)]
mod tests;
