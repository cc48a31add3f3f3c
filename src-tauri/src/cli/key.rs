//! Keys of values in a state, as people write them: `ml.files[id=7].name`, as a difference
//! prints them, or a JSON Pointer.

use std::str::FromStr;
use std::{fmt, iter};

use flagdeck::Error;
use flagdeck_core::tree::path::ROOT;
use flagdeck_core::tree::{Path, PathError, Tree};

/// Names that are listed if one is missing.
const NAMES_MAX: usize = 12;

/// Which value of a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    text: String,
    path: Path,
}

/// A text that names no value.
#[derive(Debug, thiserror::Error)]
pub enum NoKey {
    /// It is not within the state.
    #[error(
        "a key begins with ml., such as ml.files[id=7].name, or is a JSON Pointer such as /flags"
    )]
    Outside,
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] PathError),
}

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let inner = text.strip_prefix(ROOT);
        let is_rooted = inner.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        if !is_rooted && !text.starts_with('/') {
            return Err(NoKey::Outside);
        }
        Ok(Self {
            text: text.to_owned(),
            path: text.parse()?,
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Key {
    /// Returns it as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns where the value is in the tree `ml`, as a JSON Pointer.
    ///
    /// # Errors
    /// [`Error::NotFound`], with what there is as far as the key leads.
    pub fn find(&self, ml: &Tree) -> Result<String, Error> {
        self.path.find(ml).ok_or_else(|| self.missing(ml))
    }

    /// Returns the value in the tree `ml`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn value<'a>(&self, ml: &'a Tree) -> Result<&'a Tree, Error> {
        self.path.value(ml).ok_or_else(|| self.missing(ml))
    }

    fn missing(&self, ml: &Tree) -> Error {
        let ways = iter::successors(self.path.parent(), Path::parent);
        let mut known = ways.filter_map(|way| Some((way.value(ml)?, way)));
        let (there, way) = known.next().unwrap_or((ml, Path::default()));
        let (there, way) = (names(there), way.rooted());
        Error::NotFound {
            message: match there.is_empty() {
                true => format!("there is no {self}: {way} has nothing in it"),
                false => format!("there is no {self}; in {way} there is {there}"),
            },
        }
    }
}

/// Lists what is in a value, lazily.
fn names(value: &Tree) -> String {
    let all: Vec<String> = match value {
        Tree::Object(object) => object.keys().map(str::to_owned).collect(),
        Tree::Array(list) if !list.is_empty() => vec![format!("0 to {}", list.len() - 1)],
        _ => Vec::new(),
    };
    let mut text = all[..all.len().min(NAMES_MAX)].join(", ");
    if all.len() > NAMES_MAX {
        text += &format!(" and {} more", all.len() - NAMES_MAX);
    }
    text
}

/// Reads a key that can be set: one of a part of the state.
pub fn settable(text: &str) -> Result<Key, NotSettable> {
    let key: Key = text.parse()?;
    match key.path.is_root() {
        true => Err(NotSettable::Whole),
        false => Ok(key),
    }
}

/// A text that is no key that can be set.
#[derive(Debug, thiserror::Error)]
pub enum NotSettable {
    /// It is the key of everything.
    #[error("a key that can be set leads into ml, such as ml.flags.enabled")]
    Whole,
    /// It is no key.
    #[error(transparent)]
    NoKey(#[from] NoKey),
}

#[cfg(test)]
mod tests {
    use flagdeck_core::tree;
    use serde_json::json;

    use super::*;

    fn ml() -> Tree {
        json!({
            "flags": {"enabled": true, "rollouts": {"ui.badges": {"percentage": 25}}},
            "history": [{"key": "ml.a"}, {"key": "ml.b"}],
            "a/b": {"": 1},
            "a.b": {"c": 2},
            "a": {"b": 3},
        })
        .into()
    }

    #[track_caller]
    fn check(key: &str, pointer: &str) {
        let key: Key = key.parse().unwrap();
        assert_eq!(key.find(&ml()).unwrap(), pointer, "{key}");
        assert_eq!(
            key.value(&ml()).unwrap(),
            tree::get(&ml(), pointer).unwrap()
        );
    }

    #[track_caller]
    fn missing(key: &str, said: &str) {
        let key: Key = key.parse().unwrap();
        assert_eq!(key.find(&ml()).unwrap_err().to_string(), said);
    }

    #[test]
    fn keys_lead_to_values() {
        check("ml", "");
        check("ml.flags.enabled", "/flags/enabled");
        check("ml.history.1.key", "/history/1/key");
        check("/history/0", "/history/0");
        check("ml.history[1].key", "/history/1/key");
        check("ml.history[key=ml.b]", "/history/1");
        check("ml.a/b", "/a~1b");
    }

    #[test]
    fn names_with_dots_are_found() {
        let percentage = "/flags/rollouts/ui.badges/percentage";
        check("ml.flags.rollouts.ui.badges.percentage", percentage);
        check("ml.a.b.c", "/a.b/c");
        check("ml.a.b", "/a/b");
        check("ml[\"a.b\"]", "/a.b");
        check("/a/b", "/a/b");
    }

    #[test]
    fn what_is_missing_is_told_with_what_is_there() {
        missing(
            "ml.flags.enabld",
            "there is no ml.flags.enabld; in ml.flags there is enabled, rollouts",
        );
        missing(
            "ml.history.2.key",
            "there is no ml.history.2.key; in ml.history there is 0 to 1",
        );
        missing(
            "/flags/enabled/x",
            "there is no /flags/enabled/x: ml.flags.enabled has nothing in it",
        );
        missing(
            "ml.x",
            "there is no ml.x; in ml there is flags, history, a/b, a.b, a",
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "flags", "ml.", "mlx", "files", "ML.flags"] {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
        for text in ["ml", "", "flags.enabled", "ml.a[b]"] {
            assert!(settable(text).is_err(), "{text}");
        }
        assert_eq!(settable("ml.flags").unwrap().text(), "ml.flags");
    }
}
