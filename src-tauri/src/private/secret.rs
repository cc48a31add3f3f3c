//! Reading a secret that the user keeps in a file: only if no other user can.

use std::fs::{Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;

use super::OTHERS;
use super::users::described;

/// Why a secret is not used. The sentence follows the name of its file.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Other users can read it or write to it.
    #[error("other users can read it or write to it; run chmod 600 {}", .path.display())]
    Open {
        /// Its place.
        path: PathBuf,
    },
    /// It is another user's.
    #[error("it belongs to {owner}")]
    Foreign {
        /// The name of the owner.
        owner: String,
    },
    /// It is a folder, a pipe or the like.
    #[error("it is not a file")]
    NotAFile,
    /// It is larger than any secret.
    #[error("it has more than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: u64,
    },
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
}

/// Reads a secret; `None` if there is no such file. What is checked is the file that is read, to
/// which a link may lead.
///
/// # Errors
/// [`SecretError`] if another user can use it, or it cannot be read.
pub fn read_secret(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, SecretError> {
    let mut options = OpenOptions::new();
    // A pipe that has no writer would make this wait for one.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = match options.read(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    check(path, &file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > bytes_max {
        true => Err(SecretError::TooLarge { bytes_max }),
        false => Ok(Some(bytes)),
    }
}

fn check(path: &Path, found: &Metadata) -> Result<(), SecretError> {
    if !found.is_file() {
        return Err(SecretError::NotAFile);
    }
    if found.uid() != geteuid().as_raw() {
        return Err(SecretError::Foreign {
            owner: described(found.uid()),
        });
    }
    match found.mode() & OTHERS {
        0 => Ok(()),
        _ => Err(SecretError::Open {
            path: path.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    fn said(path: &Path) -> String {
        read_secret(path, 100).unwrap_err().to_string()
    }

    #[test]
    fn a_secret_is_read_only_if_no_other_user_can() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert_eq!(read_secret(&path, 100).unwrap(), None);
        fs::write(&path, "text").unwrap();
        for mode in [0o644, 0o640, 0o620, 0o601] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let refused = format!(
                "other users can read it or write to it; run chmod 600 {}",
                path.display()
            );
            assert_eq!(said(&path), refused);
            let link = folder.path().join(format!("{mode:o}"));
            symlink(&path, &link).unwrap();
            assert!(read_secret(&link, 100).is_err());
        }
        for mode in [0o600, 0o400] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_secret(&path, 4).unwrap(), Some(b"text".into()));
        }
        assert!(matches!(
            read_secret(&path, 3),
            Err(SecretError::TooLarge { bytes_max: 3 })
        ));
    }

    #[test]
    fn what_is_not_a_file_is_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(said(folder.path()), "it is not a file");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert_eq!(said(&pipe), "it is not a file");
    }

    /// Needs root, to give a file away.
    #[test]
    fn a_secret_of_another_user_is_not_used() {
        const EVE: u32 = 4_000_000_007;
        if !geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "text").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(EVE), None).unwrap();
        assert_eq!(said(&path), format!("it belongs to user {EVE}"));
    }
}
