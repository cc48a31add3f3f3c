//! A line for people: made of texts that are safe to show, and set off only by the writer.
//!
//! A text becomes part of a line by [`visible`], so no line holds a character that a terminal
//! acts on. Escape sequences are written by [`Line::painted`] alone.

use std::fmt;
use std::ops::Add;

use flagdeck_core::visible;
use unicode_width::UnicodeWidthStr;

/// How a piece of text is set off, if colours can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Heading,
    Before,
    After,
    Faint,
    Good,
    Bad,
}

impl Tone {
    /// Returns the parameter of the terminal's sequence that sets a text off.
    fn code(self) -> u8 {
        match self {
            Self::Heading => 1,
            Self::Faint => 2,
            Self::Before | Self::Bad => 31,
            Self::After | Self::Good => 32,
        }
    }
}

/// A line, without its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line(Vec<Span>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    /// In its visible form.
    text: String,
    tone: Option<Tone>,
}

/// Returns a text that is set off.
pub fn toned(tone: Tone, text: &str) -> Line {
    Line::of(text, Some(tone))
}

/// Returns what is so with a green mark, what is not with a red one.
pub fn mark(ok: bool, text: &str) -> Line {
    let sign = match ok {
        true => toned(Tone::Good, "✓"),
        false => toned(Tone::Bad, "✗"),
    };
    sign + " " + text
}

impl Line {
    fn of(text: &str, tone: Option<Tone>) -> Self {
        let text = visible(text).into_owned();
        match text.is_empty() {
            true => Self::default(),
            false => Self(vec![Span { text, tone }]),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many columns of a terminal it takes.
    pub fn width(&self) -> usize {
        self.0.iter().map(|span| span.text.width()).sum()
    }

    /// Returns it for a terminal that shows colours.
    pub fn painted(&self) -> String {
        let painted = self.0.iter().map(|Span { text, tone }| match tone {
            Some(tone) => format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code()),
            None => text.clone(),
        });
        painted.collect()
    }
}

impl fmt::Display for Line {
    /// Writes it without colours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|span| f.write_str(&span.text))
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::of(text, None)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::of(&text, None)
    }
}

impl From<&String> for Line {
    fn from(text: &String) -> Self {
        Self::of(text, None)
    }
}

impl<T: Into<Self>> Add<T> for Line {
    type Output = Self;

    fn add(mut self, after: T) -> Self {
        self.0.extend(after.into().0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tones_of_a_line_are_escape_sequences() {
        let line = toned(Tone::Heading, "a\u{1b}[0m") + "  b\n" + toned(Tone::Faint, "c\u{9b}");
        assert_eq!(line.to_string(), "a\\u{1b}[0m  b\\nc\\u{9b}");
        assert_eq!(
            line.painted(),
            "\u{1b}[1ma\\u{1b}[0m\u{1b}[0m  b\\n\u{1b}[2mc\\u{9b}\u{1b}[0m"
        );
    }

    #[test]
    fn the_width_is_that_of_what_is_shown() {
        for (text, width) in [
            ("", 0),
            ("tracker", 7),
            ("検索", 4),
            ("한글", 4),
            ("e\u{301}", 1),
            ("😀", 2),
            ("👩\u{200d}💻", 2),
            ("a\u{200b}b", 10),
            ("a\tb", 4),
        ] {
            assert_eq!(Line::from(text).width(), width, "{text:?}");
        }
    }
}
