//! The name of a source: an application that reports, or that is given flags.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use flagdeck_core::limits::SOURCE_CHARS_MAX;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The name of a source: 1 to 128 characters, none of them a control character or a slash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(Arc<str>);

/// Why a text is not the name of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "source must be a name of 1 to {SOURCE_CHARS_MAX} characters, without control characters and \
     slashes"
)]
pub struct SourceNameError;

impl SourceName {
    /// Wraps a name that was checked before it was stored.
    pub(crate) fn known(text: &str) -> Self {
        Self(text.into())
    }

    /// Returns it as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns it as shared text.
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl FromStr for SourceName {
    type Err = SourceNameError;

    fn from_str(text: &str) -> Result<Self, SourceNameError> {
        let is_short = text.chars().nth(SOURCE_CHARS_MAX).is_none();
        let is_plain = !text.trim().is_empty() && !text.contains(char::is_control);
        // Whether a text could not be part of an address.
        let is_path = text.contains(['/', '\\']) || text == "." || text == "..";
        match is_short && is_plain && !is_path {
            true => Ok(Self(text.into())),
            false => Err(SourceNameError),
        }
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for SourceName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SourceName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
