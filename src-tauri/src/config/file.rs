//! `config.toml` on disk: read whole, replaced whole.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use flagdeck_core::TextError;

use super::edit::{self, EditError};
use super::keys::Key;
use super::layout::Layout;
use crate::durable::{self, Access};

/// How long to wait for another program that changes the file, which takes it milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two tries to have the file to oneself.
const PAUSE: Duration = Duration::from_millis(5);

/// Why a setting was not changed. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such setting.
    #[error("{name} is not a setting")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The setting does not take this value.
    #[error("{name} must be {range}, not {value}")]
    Invalid {
        /// The setting.
        name: &'static str,
        /// What it takes.
        range: String,
        /// What was given.
        value: Value,
    },
    /// What is in the file cannot be changed without harm.
    #[error("{path} {fault}; the file stays as it is, please mend it and try again")]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, to follow its name.
        fault: String,
    },
    /// The file may not be changed.
    #[error("{path} is write-protected")]
    Protected {
        /// The file.
        path: PathBuf,
    },
    /// There is no room for it.
    #[error("the disk is full; {path} stays as it is")]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Reading or writing failed.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// The name of the configuration in a data folder.
pub(crate) const FILE: &str = "config.toml";

/// Returns where the configuration of a data folder is kept.
pub(super) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

/// Why there is no text in the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// It cannot be read. The sentence follows its name.
    #[error("cannot be read ({0})")]
    File(#[from] io::Error),
    /// What is in it is not text.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Reads the file; one that is missing is empty.
pub(super) fn read(path: &Path) -> Result<Layout, ReadError> {
    match durable::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Layout::default()),
        bytes => Ok(Layout::of(&bytes?)?),
    }
}

/// Writes a checked value into the file, durably; null takes the key out of it.
pub(super) fn change(data_dir: &Path, key: &Key, value: &Value) -> Result<(), ChangeError> {
    let path = path(data_dir);
    let failed = |error| failed(&path, error);
    let _turn = take_turn(data_dir).map_err(failed)?;
    let layout = read(&path).map_err(|error| unreadable(&path, error))?;
    let before = layout.plain();
    let after = match value {
        Value::Null => edit::remove(&before, key.name),
        value => edit::set(&before, key.name, value),
    };
    let after = after.map_err(|error| unsound(&path, error))?;
    if after == before {
        return Ok(());
    }
    // Replacing a file needs no permission on the file, so that is checked here.
    if fs::metadata(&path).is_ok_and(|file| file.permissions().readonly()) {
        return Err(ChangeError::Protected { path });
    }
    let after = layout.lay_out(&after);
    durable::replace(&path, after.as_bytes(), Access::KeptOrPrivate).map_err(failed)
}

/// Identifies a state of the file without reading it; `None` for a missing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    bytes: u64,
    changed_s: i64,
    changed_ns: i64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            inode: metadata.ino(),
            bytes: metadata.len(),
            changed_s: metadata.ctime(),
            changed_ns: metadata.ctime_nsec(),
        })
    }
}

/// Waits until no other program changes the file; holds until dropped.
///
/// The folder is what is locked: the file itself is replaced at every change.
fn take_turn(data_dir: &Path) -> io::Result<File> {
    let folder = File::open(data_dir)?;
    let start = Instant::now();
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(folder),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if start.elapsed() >= PATIENCE => {
                let message = "another program keeps it; nothing was changed, try again";
                return Err(io::Error::other(message));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
        }
    }
}

fn failed(path: &Path, source: io::Error) -> ChangeError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ChangeError::DiskFull { path },
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ChangeError::Protected { path }
        }
        _ => ChangeError::File { path, source },
    }
}

fn unreadable(path: &Path, error: ReadError) -> ChangeError {
    match error {
        ReadError::File(error) => failed(path, error),
        ReadError::Text(error) => ChangeError::Unsound {
            path: path.to_owned(),
            fault: error.to_string(),
        },
    }
}

fn unsound(path: &Path, error: EditError) -> ChangeError {
    ChangeError::Unsound {
        path: path.to_owned(),
        fault: match error {
            EditError::NotToml { line, problem } => {
                format!("is not valid TOML in line {line} ({problem})")
            }
            EditError::Obstructed { place } => {
                format!("has something else under the name {place}")
            }
        },
    }
}
