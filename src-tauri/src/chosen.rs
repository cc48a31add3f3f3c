//! Files that the user chooses: read with a bound, whatever they turn out to be.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::durable;

/// Why a file is not read. Each sentence follows its name.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is a folder, or a device or a pipe where only a file can be.
    #[error("is {0}, not a file")]
    NotAFile(&'static str),
    /// It is larger than what it should hold can be.
    #[error("is larger than {} MiB", .bytes_max / (1024 * 1024))]
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
    /// It cannot be opened or read.
    #[error("cannot be read")]
    File(#[from] io::Error),
}

/// Reads a file, and nothing but a file: never waits for a pipe that has no writer, nor for the end
/// of a device that has none.
///
/// # Errors
/// [`ReadError`] if it is none, has more than `bytes_max` bytes, or cannot be read.
pub fn read_file(path: &Path, bytes_max: usize) -> Result<Vec<u8>, ReadError> {
    read_from(open_file(path)?, bytes_max)
}

/// Opens a file to be read piece by piece, and nothing but a file, as [`read_file`].
///
/// # Errors
/// [`ReadError`] if it is none, or cannot be opened.
pub(crate) fn open_file(path: &Path) -> Result<File, ReadError> {
    // Without waiting: opening a pipe waits for its writer. For a file, that makes no difference.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = openat(CWD, path, flags, Mode::empty());
    let file = File::from(opened.map_err(|error| durable::explained(path, error.into()))?);
    let kind = file.metadata()?.file_type();
    match (kind.is_file(), kind.is_dir()) {
        (true, _) => Ok(file),
        (false, true) => Err(folder(path)),
        (false, false) => Err(ReadError::NotAFile("a device or a pipe")),
    }
}

/// Reads a file, a pipe or a device; waits for what has a writer.
///
/// # Errors
/// [`ReadError`] if it has more than `bytes_max` bytes, is a folder, or cannot be read.
pub fn read_stream(path: &Path, bytes_max: usize) -> Result<Vec<u8>, ReadError> {
    let file = File::open(path).map_err(|error| durable::explained(path, error))?;
    match file.metadata()?.is_dir() {
        true => Err(folder(path)),
        false => read_from(file, bytes_max),
    }
}

/// Reads to the end.
///
/// # Errors
/// [`ReadError`] if there are more than `bytes_max` bytes, or reading fails.
pub fn read_from(source: impl Read, bytes_max: usize) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    source.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() > bytes_max {
        true => Err(ReadError::TooLarge { bytes_max }),
        false => Ok(bytes),
    }
}

fn folder(path: &Path) -> ReadError {
    // It may be a link to one.
    let error = durable::explained(path, ErrorKind::IsADirectory.into());
    match error.kind() {
        ErrorKind::IsADirectory => ReadError::NotAFile("a folder"),
        _ => ReadError::File(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rustix::fs::mkfifoat;

    use super::*;

    const MAX: usize = 1024 * 1024;

    type Reader = fn(&Path, usize) -> Result<Vec<u8>, ReadError>;

    #[track_caller]
    fn check_refused(read: Reader, path: &Path, said: &str) {
        assert_eq!(read(path, MAX).unwrap_err().to_string(), said);
    }

    #[test]
    fn a_file_is_read_whole_up_to_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flags.json");
        for read in [read_file, read_stream] {
            for length in [0, 1, MAX] {
                fs::write(&path, vec![b' '; length]).unwrap();
                assert_eq!(read(&path, MAX).unwrap().len(), length);
            }
            fs::write(&path, vec![b' '; MAX + 1]).unwrap();
            check_refused(read, &path, "is larger than 1 MiB");
            check_refused(read, folder.path(), "is a folder, not a file");
            let missing = read(&folder.path().join("gone"), MAX).unwrap_err();
            assert!(
                matches!(missing, ReadError::File(error) if error.kind() == io::ErrorKind::NotFound)
            );
        }
    }

    #[test]
    fn what_has_no_end_is_bounded_and_no_pipe_is_waited_for() {
        check_refused(read_stream, Path::new("/dev/zero"), "is larger than 1 MiB");
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mkfifoat(CWD, &pipe, Mode::RWXU).unwrap();
        for path in [Path::new("/dev/zero"), Path::new("/dev/null"), &pipe] {
            check_refused(read_file, path, "is a device or a pipe, not a file");
        }
    }

    #[test]
    fn what_a_link_leads_to_is_said_if_it_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("gone/flags.json", &link).unwrap();
        let said = read_file(&link, MAX).unwrap_err();
        let cause = std::error::Error::source(&said).unwrap().to_string();
        assert!(
            cause.contains("not there") || cause.contains("No such file"),
            "{cause}"
        );
    }
}
