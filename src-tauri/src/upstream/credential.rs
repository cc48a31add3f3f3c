//! The credential that a remote is asked with: from `ML_FLAGS_TOKEN`, or a file that only its owner
//! can read. Never shown.

use std::fmt;
use std::path::{Path, PathBuf};

use flagdeck_core::text;
use thiserror::Error;
use ureq::http::HeaderValue;

use super::limits::CREDENTIAL_BYTES_MAX;
use crate::config::{FLAGS_TOKEN, FLAGS_TOKEN_FILE};
use crate::private::{self, SecretError};

/// The file of the data folder that holds it.
pub const CREDENTIAL_FILE: &str = FLAGS_TOKEN_FILE;

/// A secret that is sent as `Authorization: Bearer`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(HeaderValue);

/// Why a credential is not used. A sentence of its own.
#[derive(Debug, Error)]
pub enum CredentialError {
    /// Its file is not to be used, or cannot be.
    #[error("the credential in {} is not used: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: SecretError,
    },
    /// It is empty, or has characters that no header may have.
    #[error(
        "the credential in {place} is not used: it must be one line of visible ASCII characters"
    )]
    Unusable {
        /// The variable or the file.
        place: String,
    },
}

impl Credential {
    /// Takes what the environment has in [`FLAGS_TOKEN`] if that is not empty, or else reads
    /// [`CREDENTIAL_FILE`]. Returns `None` without either.
    ///
    /// # Errors
    /// [`CredentialError`] if there is one that cannot be used: it is never left out silently.
    pub fn load(
        data_dir: &Path,
        in_environment: Option<&str>,
    ) -> Result<Option<Self>, CredentialError> {
        if let Some(value) = in_environment.filter(|value| !value.is_empty()) {
            return Self::of(value, FLAGS_TOKEN).map(Some);
        }
        let path = data_dir.join(CREDENTIAL_FILE);
        let secret = private::read_secret(&path, CREDENTIAL_BYTES_MAX);
        let secret = secret.map_err(|reason| CredentialError::File {
            path: path.clone(),
            reason,
        })?;
        let Some(bytes) = secret else {
            return Ok(None);
        };
        let place = path.display().to_string();
        match text::read(&bytes) {
            Ok((text, _)) => Self::of(text, &place).map(Some),
            Err(_) => Err(CredentialError::Unusable { place }),
        }
    }

    fn of(text: &str, place: &str) -> Result<Self, CredentialError> {
        let secret = text.trim_ascii();
        let is_plain = secret.bytes().all(|byte| byte.is_ascii_graphic());
        match HeaderValue::from_str(&format!("Bearer {secret}")) {
            Ok(mut header) if is_plain && !secret.is_empty() => {
                header.set_sensitive(true);
                Ok(Self(header))
            }
            _ => Err(CredentialError::Unusable {
                place: place.to_owned(),
            }),
        }
    }

    /// Returns what is sent.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(***)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn put(folder: &Path, text: &[u8], mode: u32) {
        let path = folder.join(CREDENTIAL_FILE);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    fn sent(folder: &Path, variable: Option<&str>) -> Option<String> {
        let credential = Credential::load(folder, variable).unwrap()?;
        assert!(!format!("{credential:?} {:?}", credential.header()).contains("secret"));
        Some(credential.header().to_str().unwrap().to_owned())
    }

    #[test]
    fn the_variable_counts_more_than_the_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(sent(folder.path(), None), None);
        put(folder.path(), b"\xef\xbb\xbf secret-1\r\n", 0o600);
        assert_eq!(sent(folder.path(), None).unwrap(), "Bearer secret-1");
        assert_eq!(sent(folder.path(), Some("")).unwrap(), "Bearer secret-1");
        assert_eq!(
            sent(folder.path(), Some("secret-2")).unwrap(),
            "Bearer secret-2"
        );
    }

    #[test]
    fn one_that_cannot_be_used_is_refused_without_being_shown() {
        let folder = tempfile::tempdir().unwrap();
        let said = |variable| {
            let refused = Credential::load(folder.path(), variable).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("secret"));
            refused.to_string()
        };
        let rule = "is not used: it must be one line of visible ASCII characters";
        for value in ["secret\nsecret", " ", "secret\u{e4}", "secret secret"] {
            assert_eq!(
                said(Some(value)),
                format!("the credential in ML_FLAGS_TOKEN {rule}")
            );
        }
        let place = folder.path().join(CREDENTIAL_FILE);
        for text in [&b""[..], b"\n", b"secret\xff", b"secret\0"] {
            put(folder.path(), text, 0o600);
            assert_eq!(
                said(None),
                format!("the credential in {} {rule}", place.display())
            );
        }
        put(folder.path(), b"secret", 0o644);
        assert!(said(None).ends_with(&format!("run chmod 600 {}", place.display())));
    }
}
