//! Trees to JSON text, and from other values.

use std::{fmt, io};

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Number, Object, Tree, read, read_unique};

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Object(members) => members.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl fmt::Display for Tree {
    /// Writes it as JSON text without white space, or in lines as `{:#}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = match f.alternate() {
            true => serde_json::to_writer_pretty(Pieces(f), self),
            false => serde_json::to_writer(Pieces(f), self),
        };
        written.map_err(|_| fmt::Error)
    }
}

/// Writes piece by piece, so that a caller that needs only the beginning can stop there.
struct Pieces<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl io::Write for Pieces<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.write_str(text).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a tree inside a JSON text that `serde_json` reads, for `#[serde(deserialize_with)]`. Keeps
/// every digit, as [`super::read`] does.
///
/// # Errors
/// If it is no tree, or the text is not borrowed from the input.
pub fn deserialize<'de, D: Deserializer<'de>>(value: D) -> Result<Tree, D::Error> {
    let text = <&RawValue>::deserialize(value)?;
    read(text.get().as_bytes()).map_err(D::Error::custom)
}

/// The same, for a value that may be missing: an explicit null is a value, not a missing one. Goes
/// with `#[serde(default)]`.
///
/// # Errors
/// As for [`deserialize`].
pub fn deserialize_present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Tree>, D::Error> {
    deserialize(value).map(Some)
}

/// As [`deserialize`], and refuses an object with a key that is there twice, as
/// [`super::read_unique`] does.
///
/// # Errors
/// As for [`deserialize`], and for a key that is there twice.
pub fn deserialize_unique<'de, D: Deserializer<'de>>(value: D) -> Result<Tree, D::Error> {
    let text = <&RawValue>::deserialize(value)?;
    read_unique(text.get().as_bytes()).map_err(D::Error::custom)
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number.into()),
            Value::String(text) => text.into(),
            Value::Array(elements) => Self::Array(elements.into_iter().map(Self::from).collect()),
            Value::Object(members) => {
                let members = members.into_iter();
                let members = members.map(|(key, value)| (key.into(), value.into()));
                members.collect::<Object>().into()
            }
        }
    }
}

impl From<Object> for Tree {
    fn from(members: Object) -> Self {
        Self::Object(Box::new(members))
    }
}

impl From<Vec<Tree>> for Tree {
    fn from(elements: Vec<Tree>) -> Self {
        Self::Array(elements)
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for Tree {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Number> for Tree {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Tree {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl From<i64> for Tree {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}
