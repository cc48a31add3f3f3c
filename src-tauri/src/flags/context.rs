//! From a context to what is evaluated: the one place that gives the attributes of a context a
//! meaning.
//!
//! A context is what an application says of a user and of itself, as an OpenFeature client sends
//! it: a targeting key and attributes of any name. Two attributes have a meaning, `groups` and
//! `source`; all others are kept for rules that ask for them.

use flagdeck_core::limits::{GROUPS_MAX, KEY_BYTES_MAX};
use flagdeck_core::tree::{Object, Tree};
use flagdeck_core::{User, groups};
use thiserror::Error;

use crate::source::{SourceName, SourceNameError};

/// Whom flags are evaluated for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvaluationContext {
    /// The user id; empty if there is none.
    targeting_key: Box<str>,
    /// The groups that the user belongs to.
    groups: Vec<Box<str>>,
    /// The application that asks, if it says so.
    source: Option<SourceName>,
    /// Everything else that was said.
    attributes: Object,
}

/// Why a context cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ContextError {
    /// The context, or a member of it with a meaning, is of another kind.
    #[error("{place} must be {wanted}, not {found}")]
    Kind {
        /// Where it is.
        place: String,
        /// What belongs there.
        wanted: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// The user belongs to too many groups.
    #[error("context.groups has {count} entries; at most {GROUPS_MAX} are allowed")]
    TooManyGroups {
        /// How many there are.
        count: usize,
    },
    /// The application has a name that no source may have.
    #[error("context.{0}")]
    Source(#[from] SourceNameError),
    /// An attribute has a name that is too long.
    #[error(
        "an attribute of the context has a name of {bytes} bytes; at most {KEY_BYTES_MAX} are \
         allowed"
    )]
    LongName {
        /// How long it is.
        bytes: usize,
    },
}

impl EvaluationContext {
    /// Reads a context. What is `null` counts as left out.
    ///
    /// # Errors
    /// [`ContextError`] if it is no object, or something in it that has a meaning is not what it
    /// must be.
    pub fn from_tree(tree: Tree) -> Result<Self, ContextError> {
        let mut attributes = match tree {
            Tree::Null => return Ok(Self::default()),
            Tree::Object(members) => *members,
            other => return Err(kind("the context", "an object", &other)),
        };
        let mut take = |name| attributes.remove(name).filter(|value| *value != Tree::Null);
        let context = Self {
            targeting_key: take("targetingKey").map_or(Ok("".into()), targeting_key)?,
            groups: take("groups").map_or(Ok(Vec::new()), groups_of)?,
            source: take("source").map(source).transpose()?,
            attributes: Object::default(),
        };
        check_names(&attributes)?;
        Ok(Self {
            attributes,
            ..context
        })
    }

    /// Makes the context of a user of an application; the empty user id is none.
    pub fn of(user: &str, source: Option<SourceName>) -> Self {
        Self {
            targeting_key: user.into(),
            source,
            ..Self::default()
        }
    }

    /// Returns the user id; `None` if there is none. The empty one is none.
    pub fn targeting_key(&self) -> Option<&str> {
        Some(&*self.targeting_key).filter(|key| !key.is_empty())
    }

    /// Returns the application that asks, if it says so.
    pub fn source(&self) -> Option<&SourceName> {
        self.source.as_ref()
    }

    /// Returns what was said beside the targeting key, the groups and the source.
    pub fn attributes(&self) -> &Object {
        &self.attributes
    }

    /// Returns the groups that the user belongs to.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| &**group)
    }

    /// Returns the user, in the groups of [`Self::groups`].
    pub(super) fn user<'a>(&'a self, groups: &'a [&'a str]) -> User<'a> {
        User {
            id: &self.targeting_key,
            groups,
        }
    }
}

fn targeting_key(value: Tree) -> Result<Box<str>, ContextError> {
    match value {
        Tree::String(key) => Ok(key),
        other => Err(kind("context.targetingKey", "a text", &other)),
    }
}

fn groups_of(value: Tree) -> Result<Vec<Box<str>>, ContextError> {
    let Tree::Array(entries) = value else {
        return Err(kind("context.groups", "a list of texts", &value));
    };
    let count = entries.len();
    if count > GROUPS_MAX {
        return Err(ContextError::TooManyGroups { count });
    }
    let named = entries.iter().enumerate().map(|(index, entry)| {
        let text = entry.as_str();
        text.ok_or_else(|| kind(&format!("context.groups[{index}]"), "a text", entry))
    });
    let named: Vec<&str> = named.collect::<Result<_, _>>()?;
    Ok(groups::trimmed(named).into_iter().map(Into::into).collect())
}

fn source(value: Tree) -> Result<SourceName, ContextError> {
    match value {
        Tree::String(name) => Ok(name.parse()?),
        other => Err(kind("context.source", "a text", &other)),
    }
}

fn check_names(attributes: &Object) -> Result<(), ContextError> {
    let mut lengths = attributes.keys().map(str::len);
    match lengths.find(|bytes| *bytes > KEY_BYTES_MAX) {
        None => Ok(()),
        Some(bytes) => Err(ContextError::LongName { bytes }),
    }
}

fn kind(place: &str, wanted: &'static str, found: &Tree) -> ContextError {
    ContextError::Kind {
        place: place.into(),
        wanted,
        found: match found {
            Tree::Null => "null",
            Tree::Bool(_) => "true or false",
            Tree::Number(_) => "a number",
            Tree::String(_) => "a text",
            Tree::Array(_) => "a list",
            Tree::Object(_) => "an object",
        },
    }
}

#[cfg(test)]
mod tests {
    use flagdeck_core::tree;

    use super::*;

    fn read(json: &str) -> Result<EvaluationContext, ContextError> {
        EvaluationContext::from_tree(tree::read(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_context_keeps_all_that_is_said() {
        let context = read(
            r#"{"plan": "pro", "targetingKey": "ada", "groups": [" beta ", "", "qa"],
                "source": "shop", "cart": {"items": [1, 2.50]}}"#,
        )
        .unwrap();
        assert_eq!(context.targeting_key(), Some("ada"));
        assert_eq!(context.groups().collect::<Vec<_>>(), ["beta", "qa"]);
        assert_eq!(context.source().map(SourceName::as_str), Some("shop"));
        let others = tree::read(br#"{"plan": "pro", "cart": {"items": [1, 2.50]}}"#).unwrap();
        assert_eq!(Some(context.attributes()), others.as_object());
    }

    #[test]
    fn what_is_null_or_empty_is_left_out() {
        for json in [
            "null",
            "{}",
            r#"{"targetingKey": null, "groups": null, "source": null}"#,
            r#"{"targetingKey": "", "groups": [" "]}"#,
        ] {
            assert_eq!(read(json), Ok(EvaluationContext::default()), "{json}");
        }
    }

    #[test]
    fn a_refusal_names_the_field_and_what_it_must_be() {
        let many = format!(r#"{{"groups": {}}}"#, Tree::from(vec!["a".into(); 1001]));
        let long = format!(r#"{{"{}": 1}}"#, "n".repeat(257));
        for (json, said) in [
            ("[]", "the context must be an object, not a list"),
            (r#""ada""#, "the context must be an object, not a text"),
            (
                r#"{"targetingKey": 7}"#,
                "context.targetingKey must be a text, not a number",
            ),
            (
                r#"{"targetingKey": false}"#,
                "context.targetingKey must be a text, not true or false",
            ),
            (
                r#"{"groups": "beta"}"#,
                "context.groups must be a list of texts, not a text",
            ),
            (
                r#"{"groups": ["beta", {}]}"#,
                "context.groups[1] must be a text, not an object",
            ),
            (
                r#"{"groups": [null]}"#,
                "context.groups[0] must be a text, not null",
            ),
            (
                &many,
                "context.groups has 1001 entries; at most 1000 are allowed",
            ),
            (
                r#"{"source": 1}"#,
                "context.source must be a text, not a number",
            ),
            (
                r#"{"source": "a/b"}"#,
                "context.source must be a name of 1 to 128 characters, without control \
                 characters and slashes",
            ),
            (
                &long,
                "an attribute of the context has a name of 257 bytes; at most 256 are allowed",
            ),
        ] {
            let refused = read(json).unwrap_err().to_string();
            assert_eq!(refused, said, "{json:.80}");
        }
    }
}
