//! How a person laid a text out: its byte order mark, the end of every line, whether the last
//! line has one. An edit is made to plain text, whose lines end with LF, and laid out again.
//! Knows nothing of TOML.

use flagdeck_core::TextError;
use flagdeck_core::text::{self, split_line};

/// A text as it was written.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The byte order marks before it.
    marks: String,
    text: String,
}

/// A line and its end.
type Line<'a> = (&'a str, &'a str);

impl Layout {
    /// Reads a text.
    ///
    /// # Errors
    /// [`TextError`] if it is not UTF-8.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, TextError> {
        let (text, reading) = text::read(bytes)?;
        Ok(Self {
            marks: "\u{feff}".repeat(reading.marks),
            text: text.to_owned(),
        })
    }

    /// Returns the text with LF at the end of every line, the last one included.
    pub(super) fn plain(&self) -> String {
        let lines = lines(&self.text).into_iter();
        lines.flat_map(|(line, _)| [line, "\n"]).collect()
    }

    /// Lays an edited plain text out: lines that were there keep their ends, and give them to
    /// those in their place; others get the end that most lines have. The last line has one if it
    /// had one before.
    pub(super) fn lay_out(&self, edited: &str) -> String {
        let (before, after) = (lines(&self.text), lines(edited));
        let usual = usual_end(&before);
        let is_same = |(one, other): &(&Line, &Line)| one.0 == other.0;
        let first = before.iter().zip(&after).take_while(is_same).count();
        let rest = before[first..]
            .iter()
            .rev()
            .zip(after[first..].iter().rev());
        let last = rest.take_while(is_same).count();
        let is_open = before.last().is_some_and(|(_, end)| end.is_empty());
        let end_of = |index: usize| match after.len() - index {
            1 if is_open => "",
            left if left <= last => before[before.len() - left].1,
            _ if index < before.len() - last => before[index].1,
            _ => usual,
        };
        let mut text = self.marks.clone();
        for (index, (line, _)) in after.iter().enumerate() {
            text += line;
            text += match end_of(index) {
                "" if index + 1 < after.len() => usual,
                end => end,
            };
        }
        text
    }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, end) = split_line(rest.as_bytes());
        let (line, after) = rest.split_at(line.len());
        let (end, after) = after.split_at(end.len());
        lines.push((line, end));
        rest = after;
    }
    lines
}

/// Returns the end that most lines have, LF if there is none.
fn usual_end<'a>(lines: &[Line<'a>]) -> &'a str {
    let count = |end: &&str| lines.iter().filter(|(_, other)| other == end).count();
    let mut ends = ["\r", "\r\n", "\n"];
    ends.sort_by_key(count);
    ends[2]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(before: &str, edited: &str, expected: &str) {
        let layout = Layout::of(before.as_bytes()).unwrap();
        assert_eq!(layout.lay_out(edited), expected);
    }

    #[test]
    fn what_is_edited_is_laid_out_as_it_was() {
        check("a\r\nb\r\n", "a\nc\n", "a\r\nc\r\n");
        check("a\r\nb\r\n", "a\nb\nc\n", "a\r\nb\r\nc\r\n");
        check("a\r\nb\r\n", "b\n", "b\r\n");
        check("a\rb", "a\nc\n", "a\rc");
        check("\u{feff}a\n", "a\nb\n", "\u{feff}a\nb\n");
        check("\u{feff}", "a\n", "\u{feff}a\n");
        check("", "a\n", "a\n");
        check("a", "a\nb\n", "a\nb");
        check("a\r\nb", "a\n", "a");
        check("a\n\nb", "a\n\n", "a\n");
    }

    #[test]
    fn lines_that_end_differently_keep_their_ends() {
        check(
            "a\nb\r\nc\r\nd\ne\r\n",
            "a\nb\nx\ny\nd\ne\n",
            "a\nb\r\nx\r\ny\r\nd\ne\r\n",
        );
        check("a\r\nb\nc\r\n", "a\nx\nc\n", "a\r\nx\nc\r\n");
    }

    proptest! {
        /// Without an edit every byte stays.
        #[test]
        fn a_plain_text_is_laid_out_as_it_was(text in "([ab\u{feff}]|\r|\n|\r\n){0,20}") {
            let layout = Layout::of(text.as_bytes()).unwrap();
            prop_assert!(!layout.plain().contains('\r'));
            prop_assert_eq!(layout.lay_out(&layout.plain()), text);
        }
    }
}
