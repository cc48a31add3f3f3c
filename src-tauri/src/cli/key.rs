//! Names of values in a state, as people write them: `ml.flags.enabled`, or a JSON Pointer.

use std::str::FromStr;
use std::{fmt, iter};

use flagdeck::Error;
use flagdeck_core::tree::{self, Tree};

/// What every key begins with: the state is what applications keep as `ml`.
const ROOT: &str = "ml";

/// Names that are listed where one is missing.
const NAMES_MAX: usize = 12;

/// Which value of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// `ml.flags.enabled`, without `ml.`; nothing for `ml` itself. Names may have dots in them.
    Dotted(String),
    /// `/flags/enabled`: a JSON Pointer (RFC 6901) into `ml`.
    Pointer(String),
}

/// A text that names no value.
#[derive(Debug, thiserror::Error)]
#[error("a key begins with ml., such as ml.flags.enabled, or is a JSON Pointer such as /flags")]
pub struct NoKey;

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        if text.starts_with('/') {
            return Ok(Self::Pointer(text.to_owned()));
        }
        match text.strip_prefix(ROOT) {
            Some("") => Ok(Self::Dotted(String::new())),
            Some(rest) if rest.starts_with('.') && rest.len() > 1 => {
                Ok(Self::Dotted(rest[1..].to_owned()))
            }
            _ => Err(NoKey),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dotted(rest) if rest.is_empty() => f.write_str(ROOT),
            Self::Dotted(rest) => write!(f, "{ROOT}.{rest}"),
            Self::Pointer(pointer) => f.write_str(pointer),
        }
    }
}

impl Key {
    /// Returns where the value is in the tree `ml`, as a JSON Pointer.
    ///
    /// # Errors
    /// [`Error::NotFound`], with what there is as far as the key leads.
    pub fn find(&self, ml: &Tree) -> Result<String, Error> {
        self.pointer_in(ml).ok_or_else(|| self.missing(ml))
    }

    /// Returns the value in the tree `ml`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn value<'a>(&self, ml: &'a Tree) -> Result<&'a Tree, Error> {
        let found = tree::get(ml, &self.find(ml)?);
        found.ok_or_else(|| self.missing(ml))
    }

    fn pointer_in(&self, ml: &Tree) -> Option<String> {
        match self {
            Self::Pointer(pointer) => tree::get(ml, pointer).map(|_| pointer.clone()),
            Self::Dotted(names) if names.is_empty() => Some(String::new()),
            Self::Dotted(names) => walk(ml, names),
        }
    }

    fn missing(&self, ml: &Tree) -> Error {
        let ways = iter::successors(self.shorter(), Self::shorter);
        let mut known = ways.filter_map(|way| Some((way.pointer_in(ml)?, way)));
        let (pointer, way) = known.next().unwrap_or((String::new(), Self::root()));
        let there = names(tree::get(ml, &pointer).unwrap_or(ml));
        Error::NotFound {
            message: match there.is_empty() {
                true => format!("there is no {self}: {way} has nothing in it"),
                false => format!("there is no {self}; in {way} there is {there}"),
            },
        }
    }

    /// Returns the key without its last name; none where it has only one.
    fn shorter(&self) -> Option<Self> {
        match self {
            Self::Dotted(names) => {
                let shorter = names.rsplit_once('.').map_or("", |(before, _)| before);
                (!names.is_empty()).then(|| Self::Dotted(shorter.to_owned()))
            }
            Self::Pointer(pointer) => match pointer.rsplit_once('/')? {
                ("", _) => Some(Self::root()),
                (before, _) => Some(Self::Pointer(before.to_owned())),
            },
        }
    }

    fn root() -> Self {
        Self::Dotted(String::new())
    }
}

/// Follows names, of which one may have dots in it: the longest that is there goes first.
fn walk(value: &Tree, names: &str) -> Option<String> {
    let ends = names.match_indices('.').map(|(at, _)| at);
    let mut ends: Vec<usize> = ends.chain([names.len()]).collect();
    ends.reverse();
    ends.into_iter().find_map(|end| {
        let name = &names[..end];
        let inner = match value {
            Tree::Object(object) => object.get(name)?,
            Tree::Array(list) => list.get(name.parse::<usize>().ok()?)?,
            _ => return None,
        };
        let here = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        match names.get(end + 1..) {
            None => Some(here),
            Some(rest) => Some(here + &walk(inner, rest)?),
        }
    })
}

/// Lists what is in a value, as far as anybody reads on.
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

/// Reads a key that can be set: one beneath `ml`, as applications write it.
pub fn settable(text: &str) -> Result<String, NotSettable> {
    match text.parse() {
        Ok(Key::Dotted(names)) if !names.is_empty() => Ok(text.to_owned()),
        _ => Err(NotSettable),
    }
}

/// A text that is no key that can be set.
#[derive(Debug, thiserror::Error)]
#[error("a key that can be set begins with ml., such as ml.flags.enabled")]
pub struct NotSettable;

#[cfg(test)]
mod tests {
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
        check("ml.a/b", "/a~1b");
    }

    #[test]
    fn names_with_dots_are_found() {
        let percentage = "/flags/rollouts/ui.badges/percentage";
        check("ml.flags.rollouts.ui.badges.percentage", percentage);
        check("ml.a.b.c", "/a.b/c");
        check("ml.a.b", "/a.b");
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
            "there is no /flags/enabled/x: /flags/enabled has nothing in it",
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
        for text in ["ml", "/flags", "flags.enabled"] {
            assert!(settable(text).is_err(), "{text}");
        }
        assert_eq!(settable("ml.flags").unwrap(), "ml.flags");
    }
}
