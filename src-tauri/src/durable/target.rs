//! Where a file is written: the end of the links that its path leads through.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

/// Links that a path may lead through; Linux follows as many.
const LINKS_MAX: usize = 40;

/// A folder that anyone may write to, in which each removes only their own.
const SHARED_MODE: u32 = 0o1002;

/// Why a link is not followed. The sentence follows the name of the link.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("it is a link to a folder, {}", .place.display())]
    Folder { place: PathBuf },
    #[error("it is a link to {}, whose folder is not there", .place.display())]
    NoFolder { place: PathBuf },
    #[error("it is a link that leads back to itself")]
    Loop,
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
        Err(io::Error::other(LinkError::Loop))
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

    /// Says of a failure in its folder that a link leads there.
    pub(super) fn explain(&self, error: io::Error) -> io::Error {
        match error.kind() {
            io::ErrorKind::NotFound if self.is_linked => io::Error::other(LinkError::NoFolder {
                place: self.path.clone(),
            }),
            _ => error,
        }
    }
}

/// Returns what a link leads to. The kernel refuses to follow links that others planted in a
/// folder such as `/tmp` (`fs.protected_symlinks`); reading one and following it here must not
/// be a way around that.
fn follow(place: &Path, link: &Metadata) -> io::Result<PathBuf> {
    let folder = folder_of(place);
    let shared = fs::metadata(folder)?;
    let is_shared = shared.permissions().mode() & SHARED_MODE == SHARED_MODE;
    let is_own = [geteuid().as_raw(), shared.uid()].contains(&link.uid());
    if is_shared && !is_own {
        return Err(io::Error::other(LinkError::Planted));
    }
    Ok(folder.join(fs::read_link(place)?))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
