//! The beginnings of values, as far as they are shown.

use std::fmt::{self, Write};

use serde::Serialize;

use crate::limits;
use crate::tree::Tree;

/// The beginning of a value, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename_all = "camelCase")
)]
pub struct Excerpt {
    /// JSON text, the first [`limits::EXCERPT_CHARS_MAX`] characters of it.
    pub text: String,
    /// Whether that is all of it.
    pub is_whole: bool,
}

/// Returns the beginning of a value's JSON text, writing no more of it than is shown.
pub fn excerpt(value: &Tree) -> Excerpt {
    let mut cut = Cut::after(limits::EXCERPT_CHARS_MAX);
    let written = write!(cut, "{value}");
    cut.excerpt(written)
}

/// Returns the beginning of a list of some elements; `None` if there are none.
pub(super) fn excerpt_of(elements: &[&Tree]) -> Option<Excerpt> {
    let (first, rest) = elements.split_first()?;
    let mut cut = Cut::after(limits::EXCERPT_CHARS_MAX);
    let mut written = write!(cut, "[{first}");
    for element in rest {
        written = written.and_then(|()| write!(cut, ",{element}"));
        if written.is_err() {
            break;
        }
    }
    let written = written.and_then(|()| cut.write_char(']'));
    Some(cut.excerpt(written))
}

/// Returns whether a value's JSON text has at least so many characters, reading no more of it.
pub(super) fn has_chars(value: &Tree, least: usize) -> bool {
    let mut cut = Cut::after(least.saturating_sub(1));
    write!(cut, "{value}").is_err()
}

/// Takes so many characters, and fails at the next one.
struct Cut {
    text: String,
    left: usize,
}

impl Cut {
    fn after(chars: usize) -> Self {
        Self {
            text: String::new(),
            left: chars,
        }
    }

    fn excerpt(self, written: fmt::Result) -> Excerpt {
        Excerpt {
            text: self.text,
            is_whole: written.is_ok(),
        }
    }
}

impl fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Some((end, _)) = text.char_indices().nth(self.left) else {
            self.left -= text.chars().count();
            self.text.push_str(text);
            return Ok(());
        };
        self.text.push_str(&text[..end]);
        self.left = 0;
        Err(fmt::Error)
    }
}
