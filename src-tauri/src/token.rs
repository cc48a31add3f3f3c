//! The token that authorizes writes over HTTP: 256 random bits in a file only its owner can read.
//!
//! Read from the file at every use, so that a rotation by any process counts at once.

use std::io;
use std::path::{Path, PathBuf};

use flagdeck_core::text;
use subtle::ConstantTimeEq;

use crate::durable::{self, Access};

/// Reads the token, and creates one if there is none.
///
/// # Errors
/// If the file can be neither read nor created.
pub fn load(data_dir: &Path) -> io::Result<String> {
    match written(data_dir) {
        Ok(token) if is_token(&token) => Ok(token),
        Ok(_) => rotate(data_dir),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(data_dir),
        Err(error) => Err(error),
    }
}

/// Replaces the token; the one before is refused from then on.
///
/// # Errors
/// If the file cannot be written; then the token before stays.
pub fn rotate(data_dir: &Path) -> io::Result<String> {
    let token = generate();
    let line = format!("{token}\n");
    durable::replace(&path(data_dir), line.as_bytes(), Access::Private)?;
    Ok(token)
}

/// Returns whether `presented` is the token, in constant time. Only reads: without a token every
/// request is refused.
///
/// # Errors
/// If the file cannot be read.
pub fn accepts(data_dir: &Path, presented: &str) -> io::Result<bool> {
    let token = match written(data_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        token => token?,
    };
    Ok(is_same(&token, presented))
}

/// Returns whether `presented` is this token, in constant time.
pub(crate) fn is_same(token: &str, presented: &str) -> bool {
    let equal: bool = token.as_bytes().ct_eq(presented.as_bytes()).into();
    equal && is_token(token)
}

/// Reads the token; `None` if there is none that can be read.
pub(crate) fn read(data_dir: &Path) -> Option<String> {
    written(data_dir).ok().filter(|token| is_token(token))
}

/// Returns the file the token is kept in.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("token")
}

/// Returns what the file holds, a token or not.
fn written(data_dir: &Path) -> io::Result<String> {
    let bytes = durable::read(&path(data_dir))?;
    let (text, _) = text::read(&bytes)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("it {error}")))?;
    Ok(text.trim_ascii().to_owned())
}

/// Creates the first token; if another process was faster, returns its token.
fn create(data_dir: &Path) -> io::Result<String> {
    let token = generate();
    match durable::create(&path(data_dir), format!("{token}\n").as_bytes()) {
        Ok(()) => Ok(token),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => written(data_dir),
        Err(error) => Err(error),
    }
}

const PREFIX: &str = "flagdeck_";
const RANDOM_BYTES: usize = 32;

fn generate() -> String {
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random).expect("the operating system has random numbers");
    let digits = random.iter().map(|byte| format!("{byte:02x}"));
    PREFIX.to_owned() + &digits.collect::<String>()
}

fn is_token(text: &str) -> bool {
    let digits = text.strip_prefix(PREFIX).unwrap_or_default();
    digits.len() == 2 * RANDOM_BYTES && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(data_dir: &Path) -> u32 {
        let file = fs::metadata(path(data_dir)).unwrap();
        file.permissions().mode() & 0o777
    }

    #[test]
    fn the_token_is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let token = load(folder.path()).unwrap();
        assert_eq!(load(folder.path()).unwrap(), token);
        assert!(accepts(folder.path(), &token).unwrap());
        assert_eq!(mode(folder.path()), 0o600);
    }

    #[test]
    fn a_token_that_others_could_read_is_for_its_owner_only_once_it_is_rotated() {
        let folder = tempfile::tempdir().unwrap();
        load(folder.path()).unwrap();
        let everybody = fs::Permissions::from_mode(0o644);
        fs::set_permissions(path(folder.path()), everybody).unwrap();
        rotate(folder.path()).unwrap();
        assert_eq!(mode(folder.path()), 0o600);
    }

    #[test]
    fn a_rotated_token_replaces_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let before = load(folder.path()).unwrap();
        let after = rotate(folder.path()).unwrap();
        assert_ne!(before, after);
        assert!(!accepts(folder.path(), &before).unwrap());
        assert!(accepts(folder.path(), &after).unwrap());
    }

    #[test]
    fn a_link_stays_one_from_the_first_token_on() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = elsewhere.path().join("secret");
        symlink(&target, path(folder.path())).unwrap();
        let first = load(folder.path()).unwrap();
        assert_eq!(load(folder.path()).unwrap(), first);
        let rotated = rotate(folder.path()).unwrap();
        assert!(accepts(folder.path(), &rotated).unwrap());
        assert!(path(folder.path()).is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), rotated + "\n");
        assert_eq!(mode(folder.path()), 0o600);
    }

    #[test]
    fn a_token_that_an_editor_saved_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let token = load(folder.path()).unwrap();
        for text in [
            format!("\u{feff}{token}\r\n"),
            format!(" {token}"),
            format!("{token}\r"),
        ] {
            fs::write(path(folder.path()), text).unwrap();
            assert!(accepts(folder.path(), &token).unwrap());
            assert_eq!(load(folder.path()).unwrap(), token);
        }
    }

    #[test]
    fn an_emptied_file_accepts_nobody() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(path(folder.path()), "").unwrap();
        assert!(!accepts(folder.path(), "").unwrap());
    }
}
