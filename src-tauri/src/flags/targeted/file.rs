//! The file that all programs on a folder share, `overrides.json`: read whole, replaced whole,
//! changed by one program at a time.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::TargetedOverride;
use crate::durable::{self, Access};
use crate::error::Error;
use crate::flags::limits::TARGETED_FILE_BYTES_MAX;
use crate::private;

/// Its name in the data folder.
pub const FILE: &str = "overrides.json";

/// Held by the program that changes the file.
const LOCK: &str = "overrides.lock";

/// The file of a data folder.
#[derive(Debug)]
pub struct TargetedFile {
    path: PathBuf,
    lock: PathBuf,
}

/// Tells one content of the file from another, without reading it; `None` for no file. It is
/// replaced whole, so each content has an inode of its own.
pub(super) type Stamp = Option<(u64, i64, i64)>;

impl TargetedFile {
    /// Names the file of a data folder. Reads nothing yet.
    pub fn of(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join(FILE),
            lock: data_dir.join(LOCK),
        }
    }

    /// Returns what tells the content of the file from others.
    pub(super) fn stamp(&self) -> Stamp {
        let metadata = fs::metadata(&self.path).ok()?;
        Some((metadata.ino(), metadata.mtime(), metadata.mtime_nsec()))
    }

    /// Reads the file; without one, there is no override.
    pub(super) fn read(&self) -> io::Result<(Vec<TargetedOverride>, Stamp)> {
        let stamp = self.stamp();
        let list = match durable::read_at_most(&self.path, TARGETED_FILE_BYTES_MAX) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| unreadable(&error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok((list, stamp))
    }

    /// The same, with the file named in the failure.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read.
    pub(super) fn read_or_fail(&self) -> Result<(Vec<TargetedOverride>, Stamp), Error> {
        self.read().map_err(|source| self.failed(source))
    }

    /// Changes the file while no other program does, durably.
    pub(super) fn change(
        &self,
        change: impl FnOnce(&mut Vec<TargetedOverride>) -> Result<(), Error>,
    ) -> Result<(Vec<TargetedOverride>, Stamp), Error> {
        let failed = |source| self.failed(source);
        let lock = private::open_lock(&self.lock).map_err(failed)?;
        // Released when it is closed, however this program ends.
        lock.lock().map_err(failed)?;
        let (before, stamp) = self.read_or_fail()?;
        let mut list = before.clone();
        change(&mut list)?;
        if list == before {
            return Ok((list, stamp));
        }
        let text = serde_json::to_vec_pretty(&list).expect("plain data is JSON");
        durable::replace(&self.path, &text, Access::Private).map_err(failed)?;
        Ok((list, self.stamp()))
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::File {
            path: self.path.clone(),
            source,
        }
    }
}

/// Says where the text is wrong. The error itself may quote a user id, and ends in the log.
fn unreadable(error: &serde_json::Error) -> io::Error {
    let (line, column) = (error.line(), error.column());
    let message = format!("it is not a list of overrides, at line {line}, column {column}");
    io::Error::new(io::ErrorKind::InvalidData, message)
}
