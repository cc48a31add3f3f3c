//! Bytes that people and programs hand over → text, or lines of it, and what was done to read it.
//!
//! One rule for every reader: a UTF-8 byte order mark is skipped; LF, CRLF and a CR alone end a
//! line; a blank line is skipped. Everything else is kept as it is, blanks at the ends of a line
//! included. UTF-16, UTF-32 and compressed files are refused by name. Knows nothing of what a text
//! means.

use std::fmt;

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Why bytes cannot be read as text. The sentence follows the name of what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// They are text in another encoding.
    #[error("is {encoding}; save it as UTF-8")]
    OtherEncoding {
        /// Its name, such as UTF-16.
        encoding: &'static str,
    },
    /// They are a file of another kind.
    #[error("is {what}")]
    NotText {
        /// What it is, and what to do.
        what: &'static str,
    },
    /// They are not text in UTF-8.
    #[error("is not UTF-8 text: byte {byte} of line {line} cannot be read")]
    NotUtf8 {
        /// The line, from 1.
        line: usize,
        /// The byte in that line, from 1.
        byte: usize,
    },
}

/// What was done to read a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Byte order marks skipped: at the beginning of the text, or of a line, as in files that were
    /// joined.
    pub marks: usize,
    /// Blank lines skipped.
    pub blank_lines: usize,
    /// Lines that end with CRLF.
    pub crlf: usize,
    /// Lines that end with CR alone.
    pub cr: usize,
    /// Lines that begin or end with a blank, which was kept.
    pub padded: usize,
}

impl fmt::Display for Reading {
    /// Describes in one sentence what was done; empty if the text was read as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let passed = [
            counted(self.marks, "byte order mark"),
            counted(self.blank_lines, "blank line"),
        ];
        let passed: Vec<String> = passed.into_iter().flatten().collect();
        let ends = match (self.crlf > 0, self.cr > 0) {
            (true, true) => Some("CRLF and CR were read as line ends"),
            (true, false) => Some("CRLF was read as a line end"),
            (false, true) => Some("CR was read as a line end"),
            (false, false) => None,
        };
        let skipped = (!passed.is_empty()).then(|| format!("skipped {}", passed.join(" and ")));
        let padded = match self.padded {
            0 => None,
            1 => Some("1 line begins or ends with blanks, which count".to_owned()),
            count => Some(format!(
                "{count} lines begin or end with blanks, which count"
            )),
        };
        let parts = [skipped, ends.map(str::to_owned), padded];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join("; "))
    }
}

/// Returns a whole text without byte order marks before it, and how many there were.
///
/// # Errors
/// [`TextError`] if it is not UTF-8.
pub fn read(bytes: &[u8]) -> Result<(&str, Reading), TextError> {
    let (rest, marks) = unmarked(bytes)?;
    let text = str::from_utf8(rest).map_err(|error| not_utf8(rest, error.valid_up_to()))?;
    let reading = Reading {
        marks,
        ..Reading::default()
    };
    Ok((text, reading))
}

/// Returns what follows byte order marks, and how many there were. Whether that is UTF-8 is left
/// to a reader that checks it anyway, such as one of JSON.
///
/// # Errors
/// [`TextError::OtherEncoding`] for UTF-16 and UTF-32, with a mark or without;
/// [`TextError::NotText`] for compressed files.
pub fn unmarked(bytes: &[u8]) -> Result<(&[u8], usize), TextError> {
    if let Some(what) = packed(bytes) {
        return Err(TextError::NotText { what });
    }
    match other_encoding(bytes) {
        Some(encoding) => Err(TextError::OtherEncoding { encoding }),
        None => Ok(skip_marks(bytes)),
    }
}

/// Walks the lines of a text, as bytes: a line that is not UTF-8 affects no other.
///
/// # Errors
/// As for [`unmarked`].
pub fn lines(bytes: &[u8]) -> Result<Lines<'_>, TextError> {
    let (rest, marks) = unmarked(bytes)?;
    Ok(Lines {
        rest,
        line: 0,
        reading: Reading {
            marks,
            ..Reading::default()
        },
    })
}

/// The lines of a text that are not blank, without their ends.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: &'a [u8],
    line: usize,
    reading: Reading,
}

impl<'a> Lines<'a> {
    /// Returns the next line as text; `None` after the last one.
    ///
    /// # Errors
    /// [`TextError::NotUtf8`] with its place in the whole text.
    pub fn next_text(&mut self) -> Result<Option<&'a str>, TextError> {
        let Some(bytes) = self.next() else {
            return Ok(None);
        };
        let text = str::from_utf8(bytes).map_err(|error| TextError::NotUtf8 {
            line: self.line,
            byte: error.valid_up_to() + 1,
        })?;
        self.reading.padded += usize::from(text.trim() != text);
        Ok(Some(text))
    }

    /// Returns what was done to read the lines so far.
    pub fn reading(&self) -> Reading {
        self.reading
    }

    /// Cuts the next line off, with its end.
    fn cut(&mut self) -> &'a [u8] {
        self.line += 1;
        let (line, end) = split_line(self.rest);
        self.rest = &self.rest[line.len() + end.len()..];
        match end {
            b"\r\n" => self.reading.crlf += 1,
            b"\r" => self.reading.cr += 1,
            _ => {}
        }
        line
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let (line, marks) = skip_marks(self.cut());
            self.reading.marks += marks;
            if !is_blank(line) {
                return Some(line);
            }
            self.reading.blank_lines += 1;
        }
        None
    }
}

/// Splits the first line off, and returns it and its end: LF, CRLF, CR, or nothing at the end of
/// the text.
pub fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let Some(at) = bytes.iter().position(is_end) else {
        return (bytes, &[]);
    };
    let width = if bytes[at..].starts_with(b"\r\n") {
        2
    } else {
        1
    };
    (&bytes[..at], &bytes[at..at + width])
}

fn skip_marks(bytes: &[u8]) -> (&[u8], usize) {
    let mut rest = bytes;
    while let Some(unmarked) = rest.strip_prefix(MARK) {
        rest = unmarked;
    }
    (rest, (bytes.len() - rest.len()) / MARK.len())
}

/// Names the encoding of bytes that are UTF-16 or UTF-32: by their mark, or by the zeros in their
/// first character.
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some("UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        [0, 0, 0, 1..=u8::MAX, ..] | [1..=u8::MAX, 0, 0, 0, ..] => Some("UTF-32"),
        [0, 1..=u8::MAX, 0, 1..=u8::MAX, ..] | [1..=u8::MAX, 0, 1..=u8::MAX, 0, ..] => {
            Some("UTF-16")
        }
        _ => None,
    }
}

/// Names a compressed file by the bytes that its format begins with.
fn packed(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x1F, 0x8B, ..] => Some("compressed with gzip; unpack it first"),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some("compressed with zstd; unpack it first"),
        [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Some("compressed with xz; unpack it first"),
        [b'P', b'K', 3, 4, ..] => {
            Some("a zip archive, as spreadsheets in .xlsx files are; save it as text")
        }
        _ => None,
    }
}

fn is_blank(line: &[u8]) -> bool {
    match line.trim_ascii() {
        [] => true,
        [b'!'..=b'~', ..] => false,
        rest => str::from_utf8(rest).is_ok_and(|text| text.trim().is_empty()),
    }
}

fn not_utf8(bytes: &[u8], at: usize) -> TextError {
    let (mut line, mut rest, mut left) = (1, bytes, at);
    loop {
        let (text, end) = split_line(rest);
        let width = text.len() + end.len();
        if left < width || end.is_empty() {
            let byte = left + 1;
            return TextError::NotUtf8 { line, byte };
        }
        (line, rest, left) = (line + 1, &rest[width..], left - width);
    }
}

/// `1 blank line`, `3 blank lines`; `None` for none.
fn counted(count: usize, what: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        count => Some(format!("{count} {what}s")),
    }
}
