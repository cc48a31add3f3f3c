//! What can be wrong with a document, said so that a product lead understands it.

use std::fmt;

use serde::Serialize;

use crate::diff::documents::thousands;
use crate::limits;
use crate::tree::Tree;

/// Whether a problem refuses the document or is only worth knowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename_all = "snake_case")
)]
pub enum Severity {
    /// The document is refused.
    Error,
    /// The document is accepted as it stands.
    Warning,
}

/// The kind of a problem: stable names that programs may branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename = "ProblemCode", rename_all = "snake_case")
)]
pub enum Code {
    /// More bytes than [`limits::DOCUMENT_BYTES_MAX`], or in a key than [`limits::KEY_BYTES_MAX`].
    TooLarge,
    /// Not UTF-8.
    NotUtf8,
    /// Not JSON.
    Syntax,
    /// JSON that is not a flag document, nor anything else that is known.
    NotAFlagDocument,
    /// A file of another format.
    ForeignFormat,
    /// A flag document inside something else.
    NestedDocument,
    /// A misspelt known key.
    MisspeltKey,
    /// More than half of the components would be removed.
    LargeLoss,
    /// JSON nested deeper than [`limits::JSON_DEPTH_MAX`], or a path deeper than [`limits::PATH_DEPTH_MAX`].
    TooDeep,
    /// A duplicate key in an object.
    DuplicateKey,
    /// A key that has to be there and is not.
    MissingKey,
    /// A value of another JSON type than the format has there.
    WrongType,
    /// A number outside its range.
    OutOfRange,
    /// A number finer than its step.
    TooFine,
    /// A word outside the list of known ones.
    UnknownValue,
    /// A name with characters it may not have, or a text of a wrong length.
    BadName,
    /// More entries than a list may have.
    TooMany,
    /// The same entry twice in a list.
    DuplicateEntry,
    /// A name that leads to no component.
    UnknownComponent,
    /// Components that require each other.
    Cycle,
    /// A blue-green rollout that is neither 0 nor 100 %.
    BlueGreenPartial,
    /// A rollout for groups only that names no group, so that its percentage applies to everyone.
    GroupsOnlyWithoutGroup,
    /// Not a calendar date.
    BadDate,
    /// A path that something else has already.
    NameTaken,
    /// Something to be removed is required by others.
    StillRequired,
    /// A key the format does not have; kept as it is.
    UnknownKey,
    /// Something that flag definitions of flagd cannot express.
    NotInFlagd,
    /// Something in flag definitions of flagd that a flag document cannot express.
    NotInFlagDocument,
    /// Further problems that are not listed.
    MoreProblems,
}

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Problem {
    /// Whether it refuses the document.
    pub severity: Severity,
    /// Its kind.
    pub code: Code,
    /// Where it is: a JSON Pointer (RFC 6901), `""` for the whole document.
    pub pointer: String,
    /// What is wrong, in one plain sentence with the field and its range.
    pub message: String,
}

impl Problem {
    /// Makes a problem that refuses the document.
    pub fn error(code: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            pointer: pointer.into(),
            message: message.into(),
        }
    }

    /// Makes a problem that is only worth knowing.
    pub fn warning(code: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, pointer, message)
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.pointer, self.message)
        }
    }
}

/// Collects problems, up to [`limits::PROBLEMS_MAX`] of each severity, and counts the rest.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    unlisted: usize,
}

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        let list = match problem.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if list.len() < limits::PROBLEMS_MAX {
            list.push(problem);
        } else {
            self.unlisted += 1;
        }
    }

    pub(crate) fn any_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Returns the list, errors first, each severity in the order of the document.
    pub(crate) fn into_vec(self) -> Vec<Problem> {
        let severity = match self.any_errors() {
            true => Severity::Error,
            false => Severity::Warning,
        };
        let mut list = self.errors;
        list.extend(self.warnings);
        let unlisted = self.unlisted + list.len().saturating_sub(limits::PROBLEMS_MAX);
        list.truncate(limits::PROBLEMS_MAX);
        if unlisted > 0 {
            let message = format!("Further problems that are not listed: {unlisted}.");
            list.push(Problem {
                severity,
                ..Problem::error(Code::MoreProblems, "", message)
            });
        }
        list
    }
}

/// A JSON Pointer (RFC 6901).
#[derive(Debug, Clone, Default)]
pub(crate) struct Pointer(String);

impl Pointer {
    /// Returns the pointer one step deeper.
    pub(crate) fn at(&self, token: &str) -> Self {
        let mut deeper = String::with_capacity(self.0.len() + token.len() + 1);
        deeper.push_str(&self.0);
        deeper.push('/');
        for character in token.chars() {
            match character {
                '~' => deeper.push_str("~0"),
                '/' => deeper.push_str("~1"),
                other => deeper.push(other),
            }
        }
        Self(deeper)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.0
    }
}

/// Describes a value, for "…, not …": `the text "50"`, `a list`, `nothing (null)`.
pub(crate) fn describe(value: &Tree) -> String {
    match value {
        Tree::Null => "nothing (null)".into(),
        Tree::Bool(on) => on.to_string(),
        Tree::Number(number) => number.to_string(),
        Tree::String(text) => format!("the text {}", quote(text)),
        Tree::Array(_) => "a list".into(),
        Tree::Object(_) => "an object".into(),
    }
}

/// Quotes a text for a message: escaped, and cut at [`limits::QUOTE_CHARS_MAX`] characters.
pub(crate) fn quote(text: &str) -> String {
    let mut shown: String = text.chars().take(limits::QUOTE_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    // Debug escapes control, right-to-left and zero-width characters.
    format!("{shown:?}")
}

/// Lists names for a sentence: the first [`limits::NAMES_SHOWN_MAX`], and how many more.
pub(crate) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    listed_up_to(names, limits::NAMES_SHOWN_MAX)
}

/// Lists names for a sentence: the first `most`, and how many more.
pub(crate) fn listed_up_to<T: AsRef<str>>(names: &[T], most: usize) -> String {
    let shown = names.iter().take(most).map(T::as_ref);
    let text = shown.collect::<Vec<&str>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => text,
        more => format!("{text} and {} more", thousands(more)),
    }
}
