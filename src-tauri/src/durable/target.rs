//! The place that a file is written to: the end of the links that its path leads through.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

/// Links that a path may lead through; Linux follows as many.
const LINKS_MAX: usize = 40;

/// A folder that anyone may write to, in which users remove only their own files (sticky bit).
const SHARED_MODE: u32 = 0o1002;

/// Why a link is not followed. The sentence follows the name of the link.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("it is a link to a folder, {}", .place.display())]
    Folder { place: PathBuf },
    #[error("it is a link to {}, whose folder is not there", .place.display())]
    NoFolder { place: PathBuf },
    #[error("it is a link that leads back to itself, or through more than {LINKS_MAX} others")]
    Endless,
    #[error("it is a link to {}, a file of another user", .place.display())]
    Foreign { place: PathBuf },
    #[error("it is a link of another user, in a folder that anyone may write to")]
    Planted,
}

/// A place to write a file to.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    before: Option<Metadata>,
    is_linked: bool,
}

impl Target {
    /// Follows the links of a path, also to a file that is not there yet.
    ///
    /// # Errors
    /// If the path cannot be looked at, or leads through a link to what must not be replaced.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut place = path.to_owned();
        for _ in 0..=LINKS_MAX {
            let found = match fs::symlink_metadata(&place) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                found => Some(found?),
            };
            match found.filter(Metadata::is_symlink) {
                Some(link) => place = follow(&place, &link)?,
                None => return Self::at(path, place),
            }
        }
        Err(io::Error::other(LinkError::Endless))
    }

    fn at(path: &Path, place: PathBuf) -> io::Result<Self> {
        let before = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            before => Some(before?),
        };
        let target = Self {
            is_linked: path != place,
            path: place,
            before,
        };
        match target.refusal() {
            Some(refusal) => Err(io::Error::other(refusal)),
            None => Ok(target),
        }
    }

    fn refusal(&self) -> Option<LinkError> {
        let before = self.before.as_ref().filter(|_| self.is_linked)?;
        let user = geteuid();
        let is_foreign = !user.is_root() && before.uid() != user.as_raw();
        let place = self.path.clone();
        match before {
            before if before.is_dir() => Some(LinkError::Folder { place }),
            before if before.is_file() && is_foreign => Some(LinkError::Foreign { place }),
            _ => None,
        }
    }

    /// Returns the path of the file itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what is there; `None` if nothing is.
    pub(super) fn before(&self) -> Option<&Metadata> {
        self.before.as_ref()
    }

    /// Returns the folder that it is in.
    pub(super) fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    /// Adds to an error in its folder that a link leads there.
    pub(super) fn explain(&self, error: io::Error) -> io::Error {
        match error.kind() {
            io::ErrorKind::NotFound if self.is_linked => io::Error::other(LinkError::NoFolder {
                place: self.path.clone(),
            }),
            _ => error,
        }
    }
}

/// Returns what a link leads to. The kernel refuses to follow links that other users planted in a
/// folder such as `/tmp` (`fs.protected_symlinks`); following them here must not circumvent that.
fn follow(place: &Path, link: &Metadata) -> io::Result<PathBuf> {
    let found = fs::metadata(folder_of(place))?;
    let around = Around {
        owner: found.uid(),
        mode: found.permissions().mode(),
    };
    if around.is_planted(link.uid(), geteuid().as_raw()) {
        return Err(io::Error::other(LinkError::Planted));
    }
    let folder = place.parent().unwrap_or(Path::new(""));
    Ok(folder.join(fs::read_link(place)?))
}

/// The folder that a link is in.
struct Around {
    owner: u32,
    mode: u32,
}

impl Around {
    /// Returns whether a link of `owner` may be a trap for `user`.
    fn is_planted(&self, owner: u32, user: u32) -> bool {
        self.mode & SHARED_MODE == SHARED_MODE && owner != user && owner != self.owner
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_a_trap_if_others_planted_it_in_a_folder_of_all() {
        const ROOT: u32 = 0;
        const ADA: u32 = 1000;
        const EVE: u32 = 1001;
        let is_planted = |mode, owner| Around { owner: ROOT, mode }.is_planted(owner, ADA);
        assert!(is_planted(0o41777, EVE));
        assert!(!is_planted(0o41777, ADA), "it is her own");
        assert!(
            !is_planted(0o41777, ROOT),
            "it belongs to the owner of the folder"
        );
        assert!(!is_planted(0o40775, EVE), "not anyone may write there");
        assert!(!is_planted(0o40777, EVE), "the kernel follows it, too");
        let of_eve = Around {
            owner: EVE,
            mode: 0o41777,
        };
        assert!(
            of_eve.is_planted(ADA + 2, ROOT),
            "an administrator is caught as well"
        );
    }
}
