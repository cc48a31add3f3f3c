//! The secret that messages are signed with: from `FLAGDECK_WEBHOOK_SECRET`, or a file that only
//! its owner can read. Never shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flagdeck_core::text;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

use crate::private::{self, SecretError};

/// Holds the secret.
pub const SECRET_VARIABLE: &str = "FLAGDECK_WEBHOOK_SECRET";

/// The file of the data folder that holds the secret otherwise.
pub const SECRET_FILE: &str = "webhook-secret";

/// What the text of a secret begins with.
const PREFIX: &str = "whsec_";

/// Bytes of a secret, by Standard Webhooks.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Bytes of its file: more than any secret has.
const FILE_BYTES_MAX: u64 = 1024;

/// A secret shared with the receiver, 24 to 64 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// A text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it must be {PREFIX} and then 24 to 64 bytes in base64")]
pub struct NoSecret;

/// Why a secret is not used. A sentence of its own.
#[derive(Debug, Error)]
pub enum SecretFault {
    /// Its file is not to be used, or cannot be.
    #[error("the webhook secret in {} is not used: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: SecretError,
    },
    /// It does not have the form of one.
    #[error("the webhook secret in {place} is not used: {NoSecret}")]
    Malformed {
        /// The variable or the file.
        place: String,
    },
}

impl Secret {
    /// Takes what the environment has in [`SECRET_VARIABLE`] if that is not empty, or else reads
    /// [`SECRET_FILE`]. Returns `None` without either.
    ///
    /// # Errors
    /// [`SecretFault`] if there is one that cannot be used: nothing is to be sent without the
    /// signature that a receiver expects.
    pub fn load(
        data_dir: &Path,
        in_environment: Option<&str>,
    ) -> Result<Option<Self>, SecretFault> {
        if let Some(value) = in_environment.filter(|value| !value.is_empty()) {
            return Self::of(value, SECRET_VARIABLE).map(Some);
        }
        let path = data_dir.join(SECRET_FILE);
        let secret = private::read_secret(&path, FILE_BYTES_MAX);
        let secret = secret.map_err(|reason| SecretFault::File {
            path: path.clone(),
            reason,
        })?;
        let Some(bytes) = secret else {
            return Ok(None);
        };
        let text = text::read(&bytes).map_or("", |(text, _)| text);
        Self::of(text, &path.display().to_string()).map(Some)
    }

    fn of(text: &str, place: &str) -> Result<Self, SecretFault> {
        text.trim_ascii()
            .parse()
            .map_err(|NoSecret| SecretFault::Malformed {
                place: place.to_owned(),
            })
    }

    /// Signs what is sent at a time, in seconds since 1970. Returns the value of the header
    /// `webhook-signature`.
    pub(super) fn signature(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let mut code: Hmac<Sha256> = Mac::new_from_slice(&self.0).expect("a key has any length");
        code.update(format!("{id}.{timestamp_s}.").as_bytes());
        code.update(body);
        let code = code.finalize().into_bytes();
        format!("v1,{}", BASE64_STANDARD.encode(code))
    }
}

impl FromStr for Secret {
    type Err = NoSecret;

    fn from_str(text: &str) -> Result<Self, NoSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(NoSecret)?;
        let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| NoSecret)?;
        match BYTES.contains(&bytes.len()) {
            true => Ok(Self(bytes)),
            false => Err(NoSecret),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const TEXT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn put(folder: &Path, text: &str, mode: u32) -> PathBuf {
        let path = folder.join(SECRET_FILE);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    fn of_bytes(count: usize) -> String {
        format!("{PREFIX}{}", BASE64_STANDARD.encode(vec![7; count]))
    }

    /// The example that the documentation of the libraries of Standard Webhooks has.
    #[test]
    fn a_signature_is_the_published_one() {
        let secret: Secret = TEXT.parse().unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = secret.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{secret:?}"), "Secret(***)");
    }

    #[test]
    fn a_secret_has_its_prefix_and_24_to_64_bytes() {
        for count in [24, 25, 64] {
            assert_eq!(of_bytes(count).parse(), Ok(Secret(vec![7; count])));
        }
        let upper = TEXT.to_uppercase();
        let bare = &TEXT[PREFIX.len()..];
        let (short, long) = (of_bytes(23), of_bytes(65));
        for text in [
            "",
            PREFIX,
            bare,
            &upper,
            &short,
            &long,
            "whsec_*",
            "whsec_MfKQ",
        ] {
            assert_eq!(text.parse::<Secret>(), Err(NoSecret), "{text}");
        }
        let told = NoSecret.to_string();
        assert_eq!(told, "it must be whsec_ and then 24 to 64 bytes in base64");
    }

    #[test]
    fn the_variable_counts_more_than_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let load = |variable| Secret::load(folder.path(), variable).unwrap();
        assert_eq!(load(None), None);
        put(folder.path(), &format!("\u{feff}{TEXT}\r\n"), 0o600);
        assert_eq!(load(None), TEXT.parse().ok());
        assert_eq!(load(Some("")), TEXT.parse().ok());
        let other = of_bytes(32);
        assert_eq!(load(Some(&other)), other.parse().ok());
    }

    #[test]
    fn one_that_cannot_be_used_is_refused_without_being_shown() {
        let folder = tempfile::tempdir().unwrap();
        let said = |variable| {
            let refused = Secret::load(folder.path(), variable).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("hidden"));
            refused.to_string()
        };
        let rule = "is not used: it must be whsec_ and then 24 to 64 bytes in base64";
        let expected = format!("the webhook secret in FLAGDECK_WEBHOOK_SECRET {rule}");
        assert_eq!(said(Some("whsec_hidden")), expected);
        let path = put(folder.path(), "hidden", 0o600);
        let expected = format!("the webhook secret in {} {rule}", path.display());
        assert_eq!(said(None), expected);
        put(folder.path(), TEXT, 0o644);
        assert!(said(None).ends_with(&format!("run chmod 600 {}", path.display())));
    }
}
