//! What to do when the files of an open store were removed or replaced: examining what is there
//! instead, and writing back.
//!
//! An open file keeps its content, whatever became of its name, so the whole store can be copied
//! out of it. Never deletes anything.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connection::Source;
use super::copies::{self, Turn, put_in_place};
use super::folder::{self, Folder, file_failed};
use super::opening::Settings;
use super::place::Stamp;
use super::{Open, backup, patience, quarantine, recovery, revision};
use crate::lock::lock;
use crate::private;
use crate::store::{Instead, RevisionNumber, StoreError};

/// How long to wait for another program that is just opening the file there.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a file has to look damaged without being written. One that is read during a checkpoint
/// may look so, and a busy disk can delay a write of that for a second and more.
const DAMAGED_FOR: Duration = Duration::from_secs(3);

/// Returns what is under the name of a store, as far as it can be read.
pub(super) fn look(folder: &Folder) -> Instead {
    let latest = read(folder, false).and_then(|there| revision::latest_summary(&there));
    match latest {
        Ok(latest) => Instead::Store(latest.map(Box::new)),
        Err(error) => Instead::Unreadable {
            reason: error.to_string(),
        },
    }
}

/// Returns whether the file under the name of a store holds the latest known revision of the open
/// one. A revision's hash is over all before it, so then nothing is missing.
pub(super) fn is_continued(open: &Open) -> Result<bool, StoreError> {
    if open.place.has_database() || !folder::is_there(&open.folder.database())? {
        return Ok(false);
    }
    let there = read(&open.folder, false)?;
    let latest = lock(&open.known).heads.back().copied();
    match latest {
        // Of another file, that is an error.
        None => revision::latest(&there).map(|_| true),
        Some((number, hash)) => Ok(revision::hash_of(&there, number)? == Some(hash)),
    }
}

/// Checks whether a store is continued, and retries until it can be read: another program may just
/// be opening what it has written back. A file that stays unreadable does not count as continued.
pub(super) fn for_sure(is_continued: impl Fn() -> Result<bool, StoreError>) -> bool {
    let answer = patience::wait(PATIENCE, || Ok::<_, StoreError>(is_continued().ok()));
    answer.is_ok_and(|answer| answer == Some(true))
}

/// What a database file without its log, as of the last checkpoint, turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// As far as is known, this store.
    Own,
    /// A store of another history. A row of a revision never changes, so even a file that is read
    /// during a checkpoint has no other hash for a number.
    Foreign,
    /// Half of a checkpoint, or anything.
    Damaged,
}

/// Returns whether another program overwrote the content of the file in place, as `cp` does. SQLite
/// does not notice. Reads only if the file was written since the last check, which checkpoints do,
/// too, and until it is sure. Never waits: the next check decides.
pub(super) fn is_overwritten(open: &Open) -> bool {
    let stamp = Stamp::of(&open.folder.database());
    let was_written = {
        let known = lock(&open.known);
        if known.stamp == stamp && known.damaged_since.is_none() {
            return known.is_overwritten;
        }
        known.stamp != stamp
    };
    let content = content(open);
    let known = &mut *lock(&open.known);
    known.stamp = stamp;
    let since = known.damaged_since.filter(|_| !was_written);
    let since = since.unwrap_or_else(Instant::now);
    known.is_overwritten = match content {
        Content::Own => false,
        Content::Foreign => true,
        Content::Damaged => known.is_overwritten || since.elapsed() >= DAMAGED_FOR,
    };
    let is_undecided = content == Content::Damaged && !known.is_overwritten;
    known.damaged_since = is_undecided.then_some(since);
    known.is_overwritten
}

/// The same for a change, which must not be saved to a file that was overwritten: waits until it is
/// sure.
///
/// # Errors
/// [`StoreError::Busy`] if it is not sure in time.
pub(super) fn is_overwritten_for_sure(open: &Open) -> Result<bool, StoreError> {
    let decided = patience::wait(2 * DAMAGED_FOR, || {
        let is_overwritten = is_overwritten(open);
        let is_sure = is_overwritten || lock(&open.known).damaged_since.is_none();
        Ok::<_, StoreError>(is_sure.then_some(is_overwritten))
    })?;
    decided.ok_or(StoreError::Busy)
}

fn content(open: &Open) -> Content {
    let known = lock(&open.known).heads.back().copied();
    let found = read(&open.folder, true).and_then(|there| {
        let number = revision::latest(&there)?;
        let head = revision::hash_of(&there, number)?;
        // Not asked of the open file: a connection that cannot use the log sees nothing newer.
        let of_known = match known {
            Some((known, _)) if known < number => revision::hash_of(&there, known)?,
            _ => None,
        };
        Ok(head.map(|head| (number, head, of_known)))
    });
    let (number, head, of_known) = match found {
        Ok(Some(found)) => found,
        Err(StoreError::Damaged { .. }) if is_complete(open) => return Content::Damaged,
        // Before the first checkpoint there is no table.
        Ok(None) | Err(_) => return Content::Own,
    };
    let heads = &lock(&open.known).heads;
    let at_same = heads.binary_search_by_key(&number, |head| head.0);
    match (at_same, known) {
        (Ok(at), _) if heads[at].1 == head => Content::Own,
        (Ok(_), _) => Content::Foreign,
        // Saved by another program since the last check, or not of this history.
        (Err(_), Some((known, own))) if known < number => match of_known {
            Some(there) if there == own => Content::Own,
            Some(_) => Content::Foreign,
            None => Content::Damaged,
        },
        (Err(_), _) => Content::Own,
    }
}

/// Returns whether the file can be read without its log. It cannot after a checkpoint that stopped
/// at what a reader was reading: that leaves out pages which were written again since, and only a
/// later checkpoint, with a change, completes it.
fn is_complete(open: &Open) -> bool {
    let pages = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let pages = open
        .reader()
        .query_row("PRAGMA wal_checkpoint(NOOP)", [], pages);
    pages.is_ok_and(|(logged, checkpointed)| checkpointed == 0 || checkpointed == logged)
}

fn read(folder: &Folder, without_log: bool) -> Result<Connection, StoreError> {
    let source = Source {
        path: folder.database(),
        immutable: without_log,
        patience: PATIENCE,
    };
    source.open()
}

/// Copies everything out of the open files to their name; returns where the file there was moved.
pub(super) fn write_back(open: &Open, settings: &Settings) -> Result<Option<PathBuf>, StoreError> {
    let folder = Folder::enter(open.folder.path())?;
    // Two programs that had the same files open may both be asked for it.
    let turn = Turn::take(folder.path(), settings.patience)?;
    if for_sure(|| is_continued(open)) {
        return Ok(None);
    }
    // The copy comes first: if there is no room for it, everything stays as it is.
    turn.copy(
        folder::STEM,
        |to| backup::write(&open.reader(), to).map(drop),
        |whole, ()| replace(open, &folder, whole, settings),
    )
}

/// Finishes a write back whose program was killed.
pub(super) fn finish(folder: &Folder, settings: &Settings) -> Result<(), StoreError> {
    if !copies::are_there(folder.path(), folder::STEM)? {
        return Ok(());
    }
    let turn = Turn::take(folder.path(), settings.patience)?;
    let is_set_aside = folder::is_there(&folder.database())? && !recovery::is_unfinished(folder)?;
    if turn.has_whole(folder::STEM)? && !is_set_aside {
        let _alone = Alone::take(folder, settings.patience)?;
        recovery::set_aside(folder, settings.now_ms)?;
    }
    turn.finish(folder::STEM)
}

fn replace(
    open: &Open,
    folder: &Folder,
    copy: &Path,
    settings: &Settings,
) -> Result<Option<PathBuf>, StoreError> {
    let _alone = match folder::is_there(&folder.database())? {
        true => Some(Alone::beside(open, folder, settings.patience)?),
        // Without a database under the name, no program can be using it.
        false => None,
    };
    let set_aside = recovery::set_aside(folder, settings.now_ms)?;
    put_in_place(copy, &folder.database())?;
    Ok(set_aside)
}

/// Keeps a copy of the open store in quarantine, unless the file in its place has all of it;
/// returns its place. An overwritten one may be unreadable.
pub(super) fn keep(open: &Open, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
    if for_sure(|| is_continued(open)) || revision::latest(&open.reader()).is_ok_and(is_none) {
        return Ok(None);
    }
    let folder = &open.folder;
    let place = quarantine::free_place(&folder.quarantine(), &backup::stamp(now_ms), "")?;
    folder::create_within(folder.path(), &place)?;
    quarantine::write_label(&place, &recovery::label(quarantine::KEPT, now_ms, true))?;
    match backup::write(&open.reader(), &place.join("flagdeck.db")) {
        Ok(_) => Ok(Some(place)),
        Err(StoreError::DiskFull) => Err(StoreError::DiskFull),
        Err(error) => {
            tracing::warn!(%error, "the store that was open is past reading");
            Ok(None)
        }
    }
}

fn is_none(latest: RevisionNumber) -> bool {
    latest == RevisionNumber::NONE
}

/// Moves what another program wrote into the open file to a separate file, without the log of the
/// former content. The file with its log is moved to quarantine.
pub(super) fn part_from_overwritten(open: &Open, settings: &Settings) -> Result<(), StoreError> {
    let folder = &open.folder;
    let turn = Turn::take(folder.path(), settings.patience)?;
    let _alone = Alone::take(folder, settings.patience)?;
    let copy = |to: &Path| {
        private::copy(&folder.database(), to).map_err(|error| file_failed(to, error))?;
        backup::make_durable(to)
    };
    turn.copy(folder::STEM, copy, |whole, ()| {
        recovery::set_aside(folder, settings.now_ms)?;
        put_in_place(whole, &folder.database())
    })
}

/// The exclusive lock of a folder, which is downgraded to shared when this is dropped.
struct Alone<'a>(&'a Folder);

impl<'a> Alone<'a> {
    /// Takes the present lock of a folder exclusively, which an open store may have shared.
    fn beside(open: &'a Open, folder: &'a Folder, patience: Duration) -> Result<Self, StoreError> {
        // The open store's shared lock would block this, if the lock file is still the same.
        match open.folder.shares_lock_with(folder) {
            true => Self::take(&open.folder, patience),
            false => Self::take(folder, patience),
        }
    }

    fn take(folder: &'a Folder, patience: Duration) -> Result<Self, StoreError> {
        let alone = Self(folder);
        let taken: Option<()> = patience::wait(patience, || {
            Ok::<_, StoreError>(folder.try_alone()?.then_some(()))
        })?;
        taken.map(|()| alone).ok_or_else(|| {
            folder.unusable(
                "another program has the store that is in its place open; close it and try again",
            )
        })
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.share() {
            tracing::warn!(%error, "the lock of the data folder is not shared");
        }
    }
}
