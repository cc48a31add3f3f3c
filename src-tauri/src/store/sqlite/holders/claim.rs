//! What a program notes about a database that it has open: its path and its file. Other programs
//! find the note although the path leads elsewhere by then.
//!
//! Kept in a file in memory, which is open as long as the database is, however the program ends.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::store::sqlite::place::Identity;

/// What the file in memory is called; the kernel shows it as [`SHOWN`].
#[cfg(target_os = "linux")]
const NAME: &str = "flagdeck-database";
const SHOWN: &str = "/memfd:flagdeck-database (deleted)";

/// Bytes of a claim that are read: more than a path can have.
const BYTES_MAX: u64 = 16 * 1024;

/// A note that this program has a database open; withdrawn when it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    _file: OwnedFd,
}

/// A note of another program.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claimed {
    /// The database's path, when it was opened.
    pub(super) path: PathBuf,
    /// Its file.
    pub(super) file: Identity,
}

impl Claim {
    /// Notes that the file under a path, without links in it, is open.
    ///
    /// # Errors
    /// [`io::Error`] if this system has no files in memory, or no room for one.
    #[cfg(target_os = "linux")]
    pub(crate) fn make(path: &Path, file: Identity) -> io::Result<Self> {
        use std::io::Write;

        use rustix::fs::{MemfdFlags, memfd_create};
        let note = Claimed {
            path: path.to_owned(),
            file,
        };
        let mut memory = fs::File::from(memfd_create(NAME, MemfdFlags::CLOEXEC)?);
        memory.write_all(&note.to_bytes())?;
        Ok(Self {
            _file: memory.into(),
        })
    }

    /// Without files in memory there are no claims.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn make(_path: &Path, _file: Identity) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Claimed {
    /// Reads all claims of a process; none of one that is another user's, or has ended.
    pub(super) fn of(process: u32) -> impl Iterator<Item = Self> {
        let descriptors = fs::read_dir(format!("/proc/{process}/fd"));
        let descriptors = descriptors.into_iter().flatten().flatten();
        descriptors.filter_map(|descriptor| Self::read(&descriptor.path()))
    }

    fn read(descriptor: &Path) -> Option<Self> {
        use std::io::Read;
        if fs::read_link(descriptor).ok()?.as_os_str() != SHOWN {
            return None;
        }
        let mut bytes = Vec::new();
        let memory = fs::File::open(descriptor).ok()?;
        memory.take(BYTES_MAX).read_to_end(&mut bytes).ok()?;
        Self::from_bytes(&bytes)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let Identity { device, inode } = self.file;
        let mut bytes = format!("{device} {inode} ").into_bytes();
        bytes.extend(self.path.as_os_str().as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut parts = bytes.splitn(3, |byte| *byte == b' ');
        let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse().ok();
        let (device, inode) = (number()?, number()?);
        let path = PathBuf::from(OsStr::from_bytes(parts.next()?));
        Some(Self {
            path,
            file: Identity { device, inode },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_read_as_it_was_made_whatever_the_path() {
        for path in ["/a/flagdeck.db", "/a b/\n ü/flagdeck.db", "/ "] {
            let claimed = Claimed {
                path: path.into(),
                file: Identity {
                    device: u64::MAX,
                    inode: 7,
                },
            };
            assert_eq!(Claimed::from_bytes(&claimed.to_bytes()), Some(claimed));
        }
        for damaged in [&b""[..], b"1 2", b"1 x /a", b"-1 2 /a"] {
            assert_eq!(Claimed::from_bytes(damaged), None);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_claim_is_found_as_long_as_it_is_held() {
        let path = Path::new("/nowhere/claimed-in-a-test.db");
        let file = Identity {
            device: 1,
            inode: 2,
        };
        let is_found = || Claimed::of(std::process::id()).any(|found| found.path == path);
        let claim = Claim::make(path, file).unwrap();
        assert!(is_found());
        drop(claim);
        assert!(!is_found());
    }
}
