//! The data folder: its files, its lock, and whether it can be relied on.
//!
//! Knows nothing of SQL, and never looks into a file.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::private;
use crate::store::StoreError;

/// The name of the database, without `.db`.
pub(super) const STEM: &str = "flagdeck";
const DATABASE: &str = "flagdeck.db";
const LOCK: &str = "flagdeck.lock";
/// The backups.
pub(super) const BACKUPS: &str = "backups";
/// The quarantine: everything that was replaced or damaged.
pub(super) const QUARANTINE: &str = "quarantine";

/// A data folder, and this handle's lock on it.
///
/// Every program that has the store open shares the lock; replacing the store's files needs it
/// exclusively, so that no file is ever moved away under a reader or writer.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// `None` in a folder in which no file can be created: then nothing is ever replaced.
    lock: Option<File>,
}

impl Folder {
    /// Opens a data folder, and creates it (for its owner only) if it is missing.
    pub(super) fn enter(path: &Path) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(|error| unusable(path, &error))?;
        create(&path).map_err(|error| unusable(&path, &error))?;
        refuse_network(&path)?;
        private::tighten(&path);
        let lock = open_lock(&path.join(LOCK))?;
        Ok(Self { path, lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn database(&self) -> PathBuf {
        database_of(&self.path)
    }

    /// Names the file that is locked.
    pub(super) fn lock_file(&self) -> PathBuf {
        self.path.join(LOCK)
    }

    /// SQLite's write-ahead log.
    pub(super) fn log(&self) -> PathBuf {
        self.beside_database("-wal")
    }

    pub(super) fn backups(&self) -> PathBuf {
        self.path.join(BACKUPS)
    }

    pub(super) fn quarantine(&self) -> PathBuf {
        self.path.join(QUARANTINE)
    }

    /// Returns whether the folder can be locked exclusively at all.
    pub(super) fn has_lock(&self) -> bool {
        self.lock.is_some()
    }

    /// Returns whether both have the same lock: not if the folder or its lock was replaced between.
    pub(super) fn shares_lock_with(&self, other: &Self) -> bool {
        let identity = |folder: &Self| {
            let metadata = folder.lock.as_ref()?.metadata().ok()?;
            Some((metadata.dev(), metadata.ino()))
        };
        identity(self).is_some() && identity(self) == identity(other)
    }

    /// Takes the lock shared; `false` while another has it exclusively.
    pub(super) fn try_share(&self) -> Result<bool, StoreError> {
        let Some(lock) = &self.lock else {
            return Ok(true);
        };
        self.locked(lock.try_lock_shared())
    }

    /// Releases the shared lock and takes it exclusively; `false` (and no lock left) while another
    /// program has one.
    pub(super) fn try_alone(&self) -> Result<bool, StoreError> {
        let Some(lock) = &self.lock else {
            return Ok(false);
        };
        lock.unlock().map_err(|source| self.lock_failed(source))?;
        self.locked(lock.try_lock())
    }

    /// Releases the shared lock.
    pub(super) fn leave(&self) -> Result<(), StoreError> {
        let Some(lock) = &self.lock else {
            return Ok(());
        };
        lock.unlock().map_err(|source| self.lock_failed(source))
    }

    /// Downgrades the exclusive lock to a shared one.
    pub(super) fn share(&self) -> Result<(), StoreError> {
        let Some(lock) = &self.lock else {
            return Ok(());
        };
        lock.lock_shared()
            .map_err(|source| self.lock_failed(source))
    }

    /// Returns whether the folder's disk is full.
    pub(super) fn is_disk_full(&self) -> bool {
        is_disk_full(&self.path)
    }

    /// Makes the error for a folder that cannot be used.
    pub(super) fn unusable(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Folder {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    fn beside_database(&self, suffix: &str) -> PathBuf {
        self.path.join(format!("{DATABASE}{suffix}"))
    }

    fn locked(&self, result: Result<(), TryLockError>) -> Result<bool, StoreError> {
        match result {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(source)) => Err(self.lock_failed(source)),
        }
    }

    fn lock_failed(&self, source: io::Error) -> StoreError {
        file_failed(&self.lock_file(), source)
    }
}

/// Returns whether the disk of an existing file is full.
pub(super) fn is_disk_full(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|disk| disk.f_bavail == 0)
}

/// Names the database of a folder, which need not exist.
pub(super) fn database_of(data_dir: &Path) -> PathBuf {
    data_dir.join(DATABASE)
}

/// Creates a folder and its parents, each for its owner only, durably.
pub(super) fn create(path: &Path) -> io::Result<()> {
    private::create_folders(path)
}

/// Creates a folder in the data folder and those between, each for its owner only, durably. Never
/// the data folder itself: if it was moved away, a new one would prevent moving it back.
pub(super) fn create_within(data_dir: &Path, path: &Path) -> Result<(), StoreError> {
    let Some(parent) = path.parent().filter(|_| path != data_dir) else {
        return Ok(());
    };
    create_within(data_dir, parent)?;
    private::create_within(parent, path).map_err(|error| file_failed(path, error))
}

/// Syncs the names in a folder to the disk.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Moves a file within one file system, durably.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|source| file_failed(from, source))?;
    for folder in [to.parent(), from.parent()].into_iter().flatten() {
        sync(folder).map_err(|source| file_failed(folder, source))?;
    }
    Ok(())
}

/// Removes a file; a missing one is no error.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(file_failed(path, error)),
        _ => Ok(()),
    }
}

/// Returns whether a file or folder is there.
///
/// # Errors
/// [`StoreError::File`] if that cannot be found out: it is not missing then.
pub(crate) fn is_there(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(|error| file_failed(path, error))
}

/// Returns a file's length in bytes; 0 for a missing one.
pub(super) fn length(path: &Path) -> Result<u64, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(file_failed(path, error)),
    }
}

/// Wraps an error of the file system; a full disk is a separate case.
pub(super) fn file_failed(path: &Path, source: io::Error) -> StoreError {
    if source.kind() == ErrorKind::StorageFull {
        return StoreError::DiskFull;
    }
    StoreError::File {
        path: path.to_owned(),
        source,
    }
}

fn unusable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Folder {
        path: path.to_owned(),
        reason: match error.kind() {
            ErrorKind::PermissionDenied => "you may not write there".into(),
            ErrorKind::ReadOnlyFilesystem => "it would lie on a write-protected disk".into(),
            ErrorKind::StorageFull => "the disk is full".into(),
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                "there is a file of that name".into()
            }
            _ => error.to_string(),
        },
    }
}

fn open_lock(path: &Path) -> Result<Option<File>, StoreError> {
    match private::open_lock(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if is_unwritable(error.kind()) => Ok(File::open(path).ok()),
        Err(error) => Err(file_failed(path, error)),
    }
}

fn is_unwritable(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::StorageFull
    )
}

/// Refuses network drives: locks and shared memory do not work between two machines there.
#[cfg(target_os = "linux")]
fn refuse_network(path: &Path) -> Result<(), StoreError> {
    let status = rustix::fs::statfs(path).map_err(|error| unusable(path, &error.into()))?;
    // The kernel's numbers have 32 bits; the field's width and sign differ between machines.
    let Some(kind) = network_drive(status.f_type as u32) else {
        return Ok(());
    };
    Err(StoreError::Folder {
        path: path.to_owned(),
        reason: format!(
            "it lies on a network drive ({kind}), where a store is not safe; \
             choose a folder on a disk of this machine"
        ),
    })
}

#[cfg(not(target_os = "linux"))]
fn refuse_network(_path: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Names the network file system behind a number of `statfs(2)`.
#[cfg(target_os = "linux")]
fn network_drive(magic: u32) -> Option<&'static str> {
    match magic {
        0x6969 => Some("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
        0x0102_1997 => Some("9P"),
        0x5346_414f => Some("AFS"),
        0x00c3_6400 => Some("Ceph"),
        0x7375_7245 => Some("Coda"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it exists").permissions().mode() & 0o777
    }

    #[test]
    fn a_missing_folder_is_made_for_its_owner_only() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let path = temporary.path().join("a/b");
        Folder::enter(&path).expect("it can be made");
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join(LOCK)), 0o600);
    }

    #[test]
    fn what_is_made_within_a_data_folder_does_not_bring_it_back() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let data = temporary.path().join("data");
        let within = data.join("quarantine/unfinished");
        create_within(&data, &within).expect_err("the data folder is gone");
        assert!(!data.exists());
        fs::create_dir(&data).expect("a folder");
        create_within(&data, &within).expect("it can be made");
        create_within(&data, &within).expect("it is there");
        assert_eq!(mode(&within), 0o700);
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_named() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let path = temporary.path().join("taken");
        fs::write(&path, "").expect("a file");
        let refused = Folder::enter(&path).expect_err("it is a file");
        assert!(
            refused.to_string().contains("a file of that name"),
            "{refused}"
        );
    }

    #[test]
    fn one_can_be_alone_only_when_nobody_shares() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let first = Folder::enter(temporary.path()).expect("a folder");
        let second = Folder::enter(temporary.path()).expect("a folder");
        assert!(first.try_share().expect("locks work"));
        assert!(second.try_share().expect("locks work"));
        assert!(!second.try_alone().expect("locks work"));
        drop(first);
        assert!(second.try_alone().expect("locks work"));
        let third = Folder::enter(temporary.path()).expect("a folder");
        assert!(!third.try_share().expect("locks work"));
        second.share().expect("locks work");
        assert!(third.try_share().expect("locks work"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn network_drives_are_told_from_disks() {
        for (magic, drive) in [
            (0x6969, Some("NFS")),
            (0xff53_4d42, Some("SMB")),
            (0xfe53_4d42, Some("SMB")),
            (0x0102_1997, Some("9P")),
            (0xef53, None),
            (0x0102_1994, None),
            (0x9123_683e, None),
        ] {
            assert_eq!(network_drive(magic), drive, "{magic:#x}");
        }
    }
}
