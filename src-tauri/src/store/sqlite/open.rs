//! The open files of one store: its connections, its lock, and what is known of its content.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use rusqlite::Connection;

use super::chain::Tail;
use super::commits::Note;
use super::folder::Folder;
use super::opening::{Connections, Settings};
use super::place::{Place, Stamp};
use super::recovery::Recovery;
use super::writer::Writer;
use super::{Access, certainty, connection, opening, revision, write_back};
use crate::lock::lock;
use crate::store::{Gone, Instead, Revision, RevisionNumber, StoreError};

/// The open files of a store.
#[derive(Debug)]
pub(super) struct Open {
    // In the order of closing: what reads, what writes (and empties the log), the lock.
    pub(super) connections: Connections,
    pub(super) folder: Folder,
    pub(super) place: Arc<Place>,
    pub(super) note: Arc<Note>,
    pub(super) known: Arc<Mutex<Known>>,
    /// The chain of documents as of the last append, so that it need not be read again.
    pub(super) tail: Arc<Mutex<Option<Tail>>>,
}

/// A revision with its hash, which is over all revisions before it, too.
pub(super) type Head = (RevisionNumber, [u8; 32]);

/// Heads that are remembered: more than are saved between two checkpoints of the log.
const HEADS_MAX: usize = 2000;

/// What is known of the file's content, to notice when another program overwrites it in place.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// When the file was last written, as of the last check.
    pub(super) stamp: Option<Stamp>,
    /// Revisions that were the latest when they were read or saved, the last one last.
    pub(super) heads: VecDeque<Head>,
    /// Since when the file looks damaged, if that may be a checkpoint.
    pub(super) damaged_since: Option<Instant>,
    /// Whether the file lost that revision.
    pub(super) is_overwritten: bool,
}

impl Open {
    pub(super) fn enter(
        data_dir: &Path,
        settings: &Settings,
    ) -> Result<(Self, Option<Recovery>), StoreError> {
        opening::refuse_beside_removed(data_dir)?;
        let folder = Folder::enter(data_dir)?;
        write_back::finish(&folder, settings)?;
        let (connections, recovery) = opening::open(&folder, settings)?;
        let database = folder.database();
        let place = match connections.source.immutable {
            true => Place::without_log(&database)?,
            false => Place::of(&database)?,
        };
        let open = Self {
            place: Arc::new(place),
            note: Arc::new(Note::beside(&database)),
            connections,
            folder,
            known: Arc::default(),
            tail: Arc::default(),
        };
        Ok((open, recovery))
    }

    pub(super) fn writer(&self) -> Result<&Writer, StoreError> {
        match &self.connections.access {
            Access::Writable(writer) => Ok(writer),
            Access::ReadOnly(reason) | Access::ReadOnlyForNow(reason) => {
                Err(StoreError::ReadOnly {
                    reason: reason.clone(),
                })
            }
        }
    }

    pub(super) fn reader(&self) -> MutexGuard<'_, Connection> {
        lock(&self.connections.reader)
    }

    /// Reads from the store. What seems damaged is read again by fresh connections: the disk may
    /// have failed once.
    ///
    /// # Errors
    /// Those of `read`; see [`certainty::look`].
    pub(super) fn read<T>(
        &self,
        read: impl Fn(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match read(&self.reader()) {
            Err(error) if certainty::is_doubtful(&error) && self.place.is_intact() => {
                let source = &self.connections.source;
                certainty::look(&source.path, || read(&source.open()?))
            }
            certain => certain,
        }
    }

    /// What became of files whose content another program overwrote.
    pub(super) fn overwritten(&self) -> Gone {
        Gone {
            instead: Instead::Something,
            ..self.place.gone()
        }
    }

    pub(super) fn head(&self) -> Result<Option<Revision>, StoreError> {
        self.read(|reader| {
            let head = revision::head(reader)?;
            if let Some(head) = &head {
                remember(&self.known, reader, head.number)?;
            }
            Ok(head)
        })
    }

    /// Prevents SQLite from touching, by name, the files that replaced these.
    pub(super) fn leave(&self) {
        let Connections {
            reader, watcher, ..
        } = &self.connections;
        for connection in [reader, watcher] {
            leave_log(&lock(connection));
        }
        if let Access::Writable(writer) = &self.connections.access {
            let left = writer.run(|connection| {
                leave_log(connection);
                Ok(())
            });
            if let Err(error) = left {
                tracing::warn!(%error, "the files of the store before were not left");
            }
        }
    }
}

fn leave_log(connection: &Connection) {
    if let Err(error) = connection::keep_log_on_close(connection) {
        tracing::warn!(%error, "the log of the store before is closed as usual");
    }
}

/// Notes the latest revision with its hash.
pub(super) fn remember(
    known: &Mutex<Known>,
    connection: &Connection,
    number: RevisionNumber,
) -> Result<(), StoreError> {
    let mut known = lock(known);
    if known
        .heads
        .back()
        .is_some_and(|(latest, _)| *latest >= number)
    {
        return Ok(());
    }
    let hash = revision::hash_of(connection, number)?;
    known.heads.extend(hash.map(|hash| (number, hash)));
    if known.heads.len() > HEADS_MAX {
        known.heads.pop_front();
    }
    Ok(())
}
