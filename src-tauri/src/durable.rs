//! Files that are replaced whole or not at all, whatever happens meanwhile.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What a new file may be used for, of which the process's mask takes its part.
const FILE_MODE: u32 = 0o666;

/// Writes a file that a person named, whole or not at all. A link stays a link, and what it leads
/// to is replaced, its rights kept; what is no file, such as a pipe, is written to as it is.
///
/// # Errors
/// Where it cannot be written; what was there stays.
pub fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let before = fs::metadata(&path).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        return fs::write(&path, bytes);
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(FILE_MODE))
        .tempfile_in(folder)?;
    if let Some(before) = before {
        file.as_file().set_permissions(before.permissions())?;
    }
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Puts `bytes` in a file's place: readers see the old file or the whole new one, and what is
/// there when this returns survives a power cut. Only its owner may read it, unless
/// `permissions` say otherwise.
///
/// # Errors
/// Where it cannot be written; the old file stays, unless only syncing the folder failed.
pub(crate) fn replace(
    path: &Path,
    bytes: &[u8],
    permissions: Option<Permissions>,
) -> io::Result<()> {
    let folder = path.parent().expect("a file lies in a folder");
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flags.json");
        fs::write(&path, "before").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        save(&path, b"after").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        let files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1, "nothing is left beside it");
    }

    #[test]
    fn a_link_leads_to_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let (link, path) = (folder.path().join("link"), folder.path().join("flags.json"));
        fs::write(&path, "before").unwrap();
        symlink(&path, &link).unwrap();
        save(&link, b"after").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        assert!(link.is_symlink());
    }

    #[test]
    fn what_is_no_file_is_written_to() {
        save(Path::new("/dev/null"), b"text").unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert!(save(folder.path(), b"text").is_err());
        assert!(save(&folder.path().join("gone/flags.json"), b"text").is_err());
    }
}
