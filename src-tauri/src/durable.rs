//! Files that are replaced whole or not at all, whatever happens meanwhile.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::path::Path;

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
