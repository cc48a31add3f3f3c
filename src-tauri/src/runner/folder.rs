//! The folder that holds the state of one run: for its owner alone, and removed with the run.
//!
//! A lock on the folder means that its run is alive. The system releases it also when the process
//! is killed, so [`remove_dead`] can tell the folders of dead runs from those of live ones.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use tempfile::TempDir;

use super::left_running::end_left_running;
use crate::private;

const PREFIX: &str = "flagctl-bisect-";

/// A folder that other runs leave alone as long as this is there, and that is removed with it.
pub struct Folder {
    // Before the lock: it is removed while it is held.
    folder: TempDir,
    _lock: File,
}

impl Folder {
    /// Creates a folder among the system's temporary files.
    pub fn make() -> io::Result<Self> {
        loop {
            let folder = private::temporary_folder(PREFIX)?;
            if let Some(lock) = lock_own(folder.path())? {
                return Ok(Self {
                    folder,
                    _lock: lock,
                });
            }
        }
    }

    /// Writes a file; returns its path.
    pub fn write(&self, name: &str, contents: &[u8]) -> io::Result<PathBuf> {
        let path = self.folder.path().join(name);
        private::create(&path)?.write_all(contents)?;
        Ok(path)
    }
}

/// Locks a folder that was just made; `None` if another process removed it before that, because
/// no lock was on it.
fn lock_own(folder: &Path) -> io::Result<Option<File>> {
    let lock = match File::open(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        lock => lock?,
    };
    // On a file system without locks, other processes cannot lock it either.
    let _ = lock.lock();
    let is_there = is_same(&lock.metadata()?, folder);
    Ok(is_there.then_some(lock))
}

/// Removes the folders among the system's temporary files that belong to runs of this user which
/// were killed, and ends what these left running. Returns how many of them left anything behind.
///
/// An empty folder may be one that another process has made and is about to lock. It is removed
/// too, since that process then makes another, but it is not the trace of a killed run.
pub fn remove_dead() -> usize {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else {
        return 0;
    };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter(|path| remove_if_dead(path)).count()
}

fn remove_if_dead(path: &Path) -> bool {
    let Some(lock) = lock_of_dead(path) else {
        return false;
    };
    let Ok(folder) = lock.metadata() else {
        return false;
    };
    let is_of_folder = |file: &Path| file.parent().is_some_and(|parent| is_same(&folder, parent));
    let has_ended_some = end_left_running(is_of_folder);
    if fs::remove_dir(path).is_ok() {
        return has_ended_some;
    }
    fs::remove_dir_all(path).is_ok()
}

/// Locks the folder of a dead run; `None` if its run is alive, or it belongs to another user.
fn lock_of_dead(path: &Path) -> Option<File> {
    let name = path.file_name()?.as_bytes();
    if !name.starts_with(PREFIX.as_bytes()) {
        return None;
    }
    let is_own = |found: &Metadata| found.is_dir() && found.uid() == geteuid().as_raw();
    // Checked before it is opened: opening something other than a folder may block.
    let found = fs::symlink_metadata(path).ok().filter(is_own)?;
    let lock = File::open(path).ok()?;
    lock.try_lock().ok()?;
    let opened = lock.metadata().ok()?;
    (identity(&opened) == identity(&found)).then_some(lock)
}

fn is_same(folder: &Metadata, path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| identity(&found) == identity(folder))
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_about_to_be_locked_is_no_dead_run() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join(format!("{PREFIX}making"));
        fs::create_dir(&path).unwrap();
        assert!(!remove_if_dead(&path));
        assert!(
            lock_own(&path).unwrap().is_none(),
            "its maker makes another"
        );
        fs::create_dir(&path).unwrap();
        fs::write(path.join("7.json"), "{}").unwrap();
        assert!(remove_if_dead(&path));
    }

    #[test]
    fn a_locked_folder_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join(format!("{PREFIX}live"));
        fs::create_dir(&path).unwrap();
        let lock = lock_own(&path).unwrap().unwrap();
        assert!(!remove_if_dead(&path) && path.exists());
        drop(lock);
        assert!(!remove_if_dead(&path) && !path.exists());
    }
}
