//! Whether a data folder can be trusted: whose it is, and who else could write in it or replace it.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::users::{described, is_another_user, is_own_group};

const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;

/// Users remove and rename only their own entries of such a folder.
const STICKY: u32 = 0o1000;

/// Why a data folder is not trusted. Each sentence follows the folder's name, and says what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// It is another user's.
    #[error("it belongs to {owner}; run Flagdeck as {owner}, or use it anyway with --trust-folder")]
    Foreign {
        /// The name of the owner.
        owner: String,
    },
    /// Other users can write in it.
    #[error(
        "other users can write in it; run chmod go-w {}, or use it anyway with --trust-folder",
        .folder.display()
    )]
    Open {
        /// The folder itself.
        folder: PathBuf,
    },
    /// Other users can put another folder in its place.
    #[error(
        "{who} can replace it, by writing in {}; use another folder, or this one anyway with \
         --trust-folder",
        .parent.display()
    )]
    Replaceable {
        /// The users.
        who: String,
        /// The folder that they can write in.
        parent: PathBuf,
    },
}

/// Checks that only this user and root can write in a folder or replace it. A folder that does not
/// exist is checked by those that lead to it.
///
/// # Errors
/// [`Untrusted`] if another user can.
pub fn check(folder: &Path) -> Result<(), Untrusted> {
    let named = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    check_own(&named)?;
    check_parents(&named)?;
    // If links lead to it, the folders that these are in count as well as those that it is in.
    match fs::canonicalize(&named) {
        Ok(real) if real != named => check_parents(&real),
        _ => Ok(()),
    }
}

fn check_own(folder: &Path) -> Result<(), Untrusted> {
    let Ok(found) = fs::metadata(folder) else {
        return Ok(());
    };
    if is_another_user(found.uid()) {
        return Err(Untrusted::Foreign {
            owner: described(found.uid()),
        });
    }
    match others_write(&found) {
        true => Err(Untrusted::Open {
            folder: folder.to_owned(),
        }),
        false => Ok(()),
    }
}

fn check_parents(folder: &Path) -> Result<(), Untrusted> {
    folder.ancestors().skip(1).try_for_each(check_parent)
}

fn check_parent(parent: &Path) -> Result<(), Untrusted> {
    let Ok(found) = fs::metadata(parent) else {
        return Ok(());
    };
    let who = if is_another_user(found.uid()) {
        described(found.uid())
    } else if others_write(&found) && found.mode() & STICKY == 0 {
        "other users".into()
    } else {
        return Ok(());
    };
    Err(Untrusted::Replaceable {
        who,
        parent: parent.to_owned(),
    })
}

fn others_write(found: &Metadata) -> bool {
    let mode = found.mode();
    mode & OTHERS_WRITE != 0 || (mode & GROUP_WRITES != 0 && !is_own_group(found.gid()))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use rustix::process::geteuid;

    use super::*;

    fn make(path: &Path, mode: u32) {
        fs::create_dir(path).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_that_others_can_only_look_into_is_trusted() {
        let outer = tempfile::tempdir().unwrap();
        for (name, mode) in [("own", 0o700), ("seen", 0o755)] {
            let folder = outer.path().join(name);
            make(&folder, mode);
            assert_eq!(check(&folder), Ok(()));
            assert_eq!(check(&folder.join("not/there/yet")), Ok(()));
        }
    }

    #[test]
    fn a_folder_that_others_can_write_in_is_not_trusted() {
        let outer = tempfile::tempdir().unwrap();
        for mode in [0o777, 0o757, 0o1777] {
            let folder = outer.path().join(format!("{mode:o}"));
            make(&folder, mode);
            let refused = check(&folder).unwrap_err();
            assert_eq!(refused, Untrusted::Open { folder });
        }
    }

    #[test]
    fn a_folder_that_others_can_replace_is_not_trusted() {
        let outer = tempfile::tempdir().unwrap();
        let (open, shared) = (outer.path().join("open"), outer.path().join("shared"));
        make(&open, 0o777);
        make(&shared, 0o1777);
        make(&open.join("data"), 0o700);
        make(&shared.join("data"), 0o700);
        let replaceable = Err(Untrusted::Replaceable {
            who: "other users".into(),
            parent: open.clone(),
        });
        assert_eq!(check(&open.join("data")), replaceable);
        assert_eq!(check(&open.join("not there")), replaceable);
        assert_eq!(check(&shared.join("data")), Ok(()), "as in /tmp");
        // The folder is sound, but the link to it can be replaced; and the other way round.
        symlink(shared.join("data"), open.join("link")).unwrap();
        assert_eq!(check(&open.join("link")), replaceable);
        symlink(open.join("data"), shared.join("link")).unwrap();
        assert!(check(&shared.join("link")).is_err());
    }

    /// Needs root, to give a folder away.
    #[test]
    fn a_folder_of_another_user_is_not_trusted() {
        const EVE: u32 = 4_000_000_007;
        if !geteuid().is_root() {
            return;
        }
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("eves");
        make(&folder, 0o700);
        make(&folder.join("data"), 0o700);
        chown(&folder, Some(EVE), None).unwrap();
        let owner = format!("user {EVE}");
        assert_eq!(
            check(&folder),
            Err(Untrusted::Foreign {
                owner: owner.clone()
            })
        );
        let parent = folder.clone();
        let replaceable = Err(Untrusted::Replaceable { who: owner, parent });
        assert_eq!(check(&folder.join("data")), replaceable);
    }
}
