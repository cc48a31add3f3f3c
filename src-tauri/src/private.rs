//! Files and folders for their owner alone: everything that Flagdeck keeps is created here.
//!
//! A mode is given when a file is created, so that there is no moment in which another user can
//! open it. The process's umask ([`restrict`]) is a second line, for what libraries write.
//! Knows nothing of what is in a file.

mod exposed;
mod secret;
mod trust;
mod users;

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use rustix::fs::{Mode, OFlags};
use rustix::process::{geteuid, umask};
use tempfile::{NamedTempFile, TempDir};

pub(crate) use self::exposed::tighten;
pub use self::exposed::{Exposed, exposed, others_can_read};
pub use self::secret::{SecretError, read_secret};
pub use self::trust::{Untrusted, check};
pub(crate) use self::users::{account, described, is_another_user};
use crate::lock::lock;

const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// The mode of a file that is not private, before the user's umask.
const PUBLIC_MODE: u32 = 0o666;

/// What group and others may do.
const OTHERS: u32 = 0o077;

/// The umask that this process was started with, once [`restrict`] replaced it.
static USERS: OnceLock<Mode> = OnceLock::new();

/// Held while the user's umask is in force, so that two threads do not restore each other's.
static AS_USER: Mutex<()> = Mutex::new(());

/// Makes the umask of this process 077. To be called once, before there are other threads.
pub fn restrict() {
    let before = umask(Mode::from_raw_mode(OTHERS));
    USERS.get_or_init(|| before);
}

/// Runs `start` under the umask that the user has, for commands that are started for them.
pub fn as_user<T>(start: impl FnOnce() -> T) -> T {
    let Some(users) = USERS.get() else {
        return start();
    };
    let _turn = lock(&AS_USER);
    umask(*users);
    let started = start();
    umask(Mode::from_raw_mode(OTHERS));
    started
}

/// Creates a folder; its parent must exist.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] if there is something of that name, others if it cannot be made.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(FOLDER_MODE).create(path)
}

/// Creates a folder with its parents, durably; one that is there stays as it is.
///
/// # Errors
/// If one cannot be made.
pub fn create_folders(path: &Path) -> io::Result<()> {
    create_with_parents(&std::path::absolute(path)?)
}

fn create_with_parents(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent().filter(|_| !path.is_dir()) else {
        return Ok(());
    };
    create_with_parents(parent)?;
    create_within(parent, path)
}

/// Creates a folder in another one, durably; one that is there stays as it is.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn create_within(parent: &Path, path: &Path) -> io::Result<()> {
    match create_folder(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(parent)?.sync_all(),
    }
}

/// Creates a file and opens it for writing.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] if there is something of that name, a link included.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(FILE_MODE);
    options.open(path)
}

/// Creates an empty file unless there is one, for SQLite, which gives its log and its shared memory
/// the mode of the database.
///
/// Never opens a file that is there: closing a database releases the locks that this process has
/// on it.
///
/// # Errors
/// If it cannot be created.
pub(crate) fn create_if_missing(path: &Path) -> io::Result<()> {
    match create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Copies a file to a name that is free.
///
/// # Errors
/// If it cannot be read, or the copy not be written.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    io::copy(&mut from, &mut create(to)?)?;
    Ok(())
}

/// Opens a lock file, and creates it if it is missing. Another user who could open it could hold
/// the lock, so one that an earlier version left open to others is closed to them.
///
/// # Errors
/// If it cannot be opened for writing, or is a link.
pub fn open_lock(path: &Path) -> io::Result<File> {
    open_or_create(path)
}

/// Opens a file to read it and write to it in place, and creates it if it is missing.
///
/// # Errors
/// If it cannot be opened for writing, or is a link.
pub(crate) fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options
        .mode(FILE_MODE)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    let file = options.open(path)?;
    let found = file.metadata()?;
    if found.mode() & OTHERS != 0 && found.uid() == geteuid().as_raw() {
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    }
    Ok(file)
}

/// Creates a temporary file in a folder, to be renamed.
///
/// # Errors
/// If it cannot be created.
pub(crate) fn temporary_file(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(FILE_MODE))
        .tempfile_in(folder)
}

/// Creates a temporary file in a folder, to be renamed to one that is not Flagdeck's own: other
/// users may do with it what the user's umask allows.
///
/// # Errors
/// If it cannot be created.
pub(crate) fn temporary_file_of_user(folder: &Path) -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(PUBLIC_MODE))
        .tempfile_in(folder)?;
    if let Some(users) = USERS.get() {
        let mode = PUBLIC_MODE & !users.as_raw_mode();
        let opened = file.as_file();
        opened.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(file)
}

/// Writes to something that is there and is no file, such as a pipe.
///
/// # Errors
/// If it cannot be opened or written.
pub(crate) fn write_to(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all(bytes)
}

/// Creates a folder among the system's temporary files, which is removed when it is dropped.
///
/// # Errors
/// If it cannot be created.
pub(crate) fn temporary_folder(prefix: &str) -> io::Result<TempDir> {
    temporary_folder_in(&std::env::temp_dir(), prefix)
}

/// Creates a folder in another one, which is removed when it is dropped.
///
/// # Errors
/// If it cannot be created.
pub(crate) fn temporary_folder_in(folder: &Path, prefix: &str) -> io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix(prefix)
        .permissions(Permissions::from_mode(FOLDER_MODE))
        .tempdir_in(folder)
}

/// Listens at a socket. `address` is a path that leads to `path` and is short enough for one.
///
/// # Errors
/// If there is something of that name, or it cannot be created.
pub fn listen(address: &Path, path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(address)?;
    // A socket gets its mode from the umask alone.
    fs::set_permissions(path, Permissions::from_mode(FILE_MODE))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn what_is_created_is_for_its_owner_alone() {
        let outer = tempfile::tempdir().unwrap();
        let at = |name: &str| outer.path().join(name);
        create_folders(&at("a/b")).unwrap();
        assert_eq!((mode(&at("a")), mode(&at("a/b"))), (0o700, 0o700));
        create(&at("file")).unwrap();
        create_if_missing(&at("database")).unwrap();
        open_lock(&at("lock")).unwrap();
        listen(&at("socket"), &at("socket")).unwrap();
        fs::write(at("open"), "text").unwrap();
        fs::set_permissions(at("open"), Permissions::from_mode(0o644)).unwrap();
        copy(&at("open"), &at("copy")).unwrap();
        for name in ["file", "database", "lock", "socket", "copy"] {
            assert_eq!(mode(&at(name)), 0o600, "{name}");
        }
        assert_eq!(fs::read_to_string(at("copy")).unwrap(), "text");
        assert_eq!(mode(temporary_file(outer.path()).unwrap().path()), 0o600);
        assert_eq!(mode(temporary_folder("flagdeck-").unwrap().path()), 0o700);
        let within = temporary_folder_in(outer.path(), ".copy-").unwrap();
        assert_eq!(within.path().parent(), Some(outer.path()));
        assert_eq!(mode(within.path()), 0o700);
    }

    #[test]
    fn nothing_is_created_through_a_link_or_over_a_file() {
        let outer = tempfile::tempdir().unwrap();
        let (link, target) = (outer.path().join("link"), outer.path().join("target"));
        symlink(&target, &link).unwrap();
        assert_eq!(create(&link).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert!(open_lock(&link).is_err() && !target.exists());
        fs::write(&target, "text").unwrap();
        assert!(create(&target).is_err() && copy(&target, &target).is_err());
        create_if_missing(&target).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "text");
    }

    #[test]
    fn a_lock_that_others_could_open_is_closed_to_them() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("state.users");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        open_lock(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
    }
}
