//! Files that are replaced whole or not at all.
//!
//! A link is followed: its target is replaced, and the link stays.

mod target;

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use tempfile::NamedTempFile;

use self::target::Target;
use crate::private;

/// Who may use a file once it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Keeps the present mode; a new file gets that of the user's umask.
    Kept,
    /// Keeps the present mode; a new file is for its owner alone.
    KeptOrPrivate,
    /// Its owner alone, whatever the mode of a file that it replaces.
    Private,
}

/// Reads a file whole.
///
/// # Errors
/// If it cannot be read; the error says so if a link leads to no file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path).map_err(|error| explained(path, error))
}

/// Reads at most so many bytes from the beginning of a file of Flagdeck's own.
///
/// # Errors
/// As for [`read`].
pub(crate) fn read_at_most(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns an error of opening a file, or what is wrong with the link that it is.
pub(crate) fn explained(path: &Path, error: io::Error) -> io::Error {
    Target::of(path).err().unwrap_or(error)
}

/// Writes a file that the user named, whole or not at all. A link stays a link, and its target is
/// replaced or created, with the permissions that `access` says; anything but a file, such as a
/// pipe, is written to directly.
///
/// # Errors
/// If it cannot be written; what was there stays.
pub fn save(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let target = Target::of(path)?;
    match target.before() {
        Some(before) if !before.is_file() => private::write_to(path, bytes),
        _ => put(&target, bytes, access),
    }
}

/// Replaces a file by `bytes`: readers see the old file or the whole new one, which survives a
/// power cut when this returns.
///
/// # Errors
/// If it cannot be written; the old file stays, unless only syncing the folder failed.
pub(crate) fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    put(&Target::of(path)?, bytes, access)
}

/// Creates a file for its owner alone, unless it exists.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if there is; others if it cannot be written.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = Target::of(path)?;
    let file = written(&target, bytes, Access::Private)?;
    file.persist_noclobber(target.path())
        .map_err(|error| error.error)?;
    File::open(target.folder())?.sync_all()
}

fn put(target: &Target, bytes: &[u8], access: Access) -> io::Result<()> {
    let file = written(target, bytes, access)?;
    file.persist(target.path()).map_err(|error| error.error)?;
    File::open(target.folder())?.sync_all()
}

/// Writes a temporary file in the same folder, durably.
fn written(target: &Target, bytes: &[u8], access: Access) -> io::Result<NamedTempFile> {
    let file = match access {
        Access::Kept => private::temporary_file_of_user(target.folder()),
        Access::KeptOrPrivate | Access::Private => private::temporary_file(target.folder()),
    };
    let mut file = file.map_err(|error| target.explain(error))?;
    file.write_all(bytes)?;
    if let Some(before) = target.before() {
        keep_owner(file.as_file(), before);
        if access != Access::Private {
            file.as_file().set_permissions(before.permissions())?;
        }
    }
    file.as_file().sync_all()?;
    Ok(file)
}

/// Gives a file the owner and group of the replaced one, as far as this user may; otherwise it
/// belongs to this user.
fn keep_owner(file: &File, before: &Metadata) {
    let is_kept = fchown(file, Some(before.uid()), Some(before.gid())).is_ok();
    if !is_kept {
        let _ = fchown(file, None, Some(before.gid()));
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flags.json");
        fs::write(&path, "before").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        save(&path, b"after", Access::Kept).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(mode(&path), 0o640);
        replace(&path, b"later", Access::KeptOrPrivate).unwrap();
        assert_eq!(mode(&path), 0o640);
        replace(&path, b"last", Access::Private).unwrap();
        assert_eq!(mode(&path), 0o600);
        let files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1, "nothing is left beside it");
    }

    #[test]
    fn a_private_file_is_its_owners_alone_whatever_it_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("people.csv"), folder.path().join("link"));
        symlink(&path, &link).unwrap();
        for named in [&path, &path, &link] {
            save(named, b"ada", Access::Private).unwrap();
            assert_eq!(mode(&path), 0o600);
            fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        }
        save(&path, b"ada", Access::KeptOrPrivate).unwrap();
        assert_eq!(mode(&path), 0o644);
    }

    #[test]
    fn a_chain_of_links_leads_to_what_was_written() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = elsewhere.path().join("flags.json");
        fs::write(&path, "before").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        symlink("flags.json", elsewhere.path().join("near")).unwrap();
        // Relative to the folder that the link itself is in.
        let link = folder.path().join("link");
        symlink(elsewhere.path().join("near"), &link).unwrap();
        save(&link, b"after", Access::Kept).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(mode(&path), 0o640);
        assert!(link.is_symlink() && elsewhere.path().join("near").is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_link_that_dangles_gets_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let write: [fn(&Path) -> io::Result<()>; 3] = [
            |link| save(link, b"text", Access::Kept),
            |link| replace(link, b"text", Access::KeptOrPrivate),
            |link| create(link, b"text"),
        ];
        for (index, write) in write.into_iter().enumerate() {
            let link = folder.path().join(format!("link{index}"));
            let target = folder.path().join(format!("target{index}"));
            symlink(target.file_name().unwrap(), &link).unwrap();
            write(&link).unwrap();
            assert!(link.is_symlink());
            assert_eq!(fs::read_to_string(&target).unwrap(), "text");
            assert_eq!(mode(&target) & 0o077 == 0, index > 0);
        }
    }

    #[test]
    fn a_file_that_is_there_is_not_made_again_through_a_link_either() {
        let folder = tempfile::tempdir().unwrap();
        let (link, path) = (folder.path().join("link"), folder.path().join("token"));
        fs::write(&path, "first").unwrap();
        symlink(&path, &link).unwrap();
        for path in [&link, &path] {
            let refused = create(path, b"second").unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
    }

    #[track_caller]
    fn check_refused(link: &Path, said: &str) {
        for refused in [
            save(link, b"text", Access::Kept),
            replace(link, b"text", Access::Kept),
        ] {
            let refused = refused.unwrap_err().to_string();
            assert_eq!(refused, said);
        }
        assert!(link.is_symlink(), "it stays as it is");
    }

    #[test]
    fn a_link_that_leads_to_no_file_is_refused_in_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink(folder.path(), at("folder")).unwrap();
        let place = folder.path().display();
        check_refused(&at("folder"), &format!("it is a link to a folder, {place}"));
        let refused = read(&at("folder")).unwrap_err().to_string();
        assert_eq!(refused, format!("it is a link to a folder, {place}"));

        symlink("there", at("here")).unwrap();
        symlink("here", at("there")).unwrap();
        let endless = "it is a link that leads back to itself, or through more than 40 others";
        check_refused(&at("here"), endless);
        assert_eq!(read(&at("here")).unwrap_err().to_string(), endless);

        symlink("gone/flags.json", at("lost")).unwrap();
        let gone = at("gone/flags.json");
        check_refused(
            &at("lost"),
            &format!(
                "it is a link to {}, whose folder is not there",
                gone.display()
            ),
        );
    }

    #[test]
    fn what_is_no_file_is_written_to() {
        save(Path::new("/dev/null"), b"text", Access::Kept).unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert!(save(folder.path(), b"text", Access::Kept).is_err());
        assert!(
            save(
                &folder.path().join("gone/flags.json"),
                b"text",
                Access::Kept
            )
            .is_err()
        );
    }
}
