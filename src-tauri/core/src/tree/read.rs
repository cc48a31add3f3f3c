//! JSON text to a tree: every number digit for digit, in one pass.
//!
//! Takes what `serde_json` takes, and numbers of any size besides; what it refuses, it refuses in
//! the words of `serde_json`. A reader of its own, since `serde_json` rounds numbers before it
//! shows them, or else keeps each as a text.

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use serde::de::{Error, IgnoredAny};
use serde_json::Value;

use super::{Number, Object, Tree};
use crate::limits::READ_DEPTH_MAX;

/// Reads JSON text as a tree.
///
/// Numbers keep every digit; see [`Number`]. Half of a surrogate pair, as in `"\ud83d"`, becomes
/// U+FFFD; see [`mended`]. The last of several members of one name counts.
///
/// # Errors
/// What `serde_json` says of a text that is no JSON, is not UTF-8, or is nested too deep.
pub fn read(bytes: &[u8]) -> Result<Tree, serde_json::Error> {
    let bytes = mended(bytes);
    let text = str::from_utf8(&bytes).map_err(|error| {
        let byte = error.valid_up_to() + 1;
        serde_json::Error::custom(format!("byte {byte} is not UTF-8 text"))
    })?;
    Reader::whole(text).ok_or_else(|| refusal(text))
}

/// Says why a text is no tree, as `serde_json` does. A number that is too large for that is passed
/// over: what is wrong stands behind it.
fn refusal(text: &str) -> serde_json::Error {
    if text.trim().is_empty() {
        return Error::custom("it is empty");
    }
    let is_of_range = |error: &serde_json::Error| error.to_string().starts_with(OUT_OF_RANGE);
    let strict = serde_json::from_str::<Value>(text).err();
    let refused = strict.filter(|error| !is_of_range(error));
    let refused = refused.or_else(|| serde_json::from_str::<IgnoredAny>(text).err());
    refused.unwrap_or_else(|| Error::custom("it is nested too deep"))
}

/// How `serde_json` refuses a number beyond all doubles.
const OUT_OF_RANGE: &str = "number out of range";

/// Replaces each half of a surrogate pair that stands alone in JSON text by U+FFFD.
///
/// `JSON.stringify` writes `"\ud83d"` for a text that was cut inside an emoji. It is no text that
/// UTF-8 can hold, so most readers refuse it, and all that is around it.
/// The text keeps its length.
pub fn mended(json: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = Cow::Borrowed(json);
    let mut at = 0;
    while let Some(found) = json.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        at += found;
        at += match (
            surrogate(&json[at..]),
            surrogate(json.get(at + 6..).unwrap_or_default()),
        ) {
            (Some(Half::High), Some(Half::Low)) => 12,
            (Some(_), _) => {
                mended.to_mut()[at..at + 6].copy_from_slice(b"\\ufffd");
                6
            }
            // The escape, and what it escapes: perhaps another backslash.
            (None, _) => 2,
        };
    }
    mended
}

/// A half of a surrogate pair.
enum Half {
    High,
    Low,
}

/// Reads the escape of half a surrogate pair that a text begins with.
fn surrogate(json: &[u8]) -> Option<Half> {
    let digits = json.strip_prefix(b"\\u")?.first_chunk::<4>()?;
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    match (is_hex, digits[0], digits[1].to_ascii_lowercase()) {
        (true, b'd' | b'D', b'8' | b'9' | b'a' | b'b') => Some(Half::High),
        (true, b'd' | b'D', b'c'..=b'f') => Some(Half::Low),
        _ => None,
    }
}

/// Goes through a text from its beginning to its end; `None` once it is no JSON.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn whole(text: &'a str) -> Option<Tree> {
        let mut reader = Self {
            text,
            at: 0,
            depth: 0,
        };
        let tree = reader.value()?;
        reader.skip_space();
        (reader.at == text.len()).then_some(tree)
    }

    fn value(&mut self) -> Option<Tree> {
        self.skip_space();
        match self.peek()? {
            b'"' => self.string().map(Tree::String),
            b'{' => self.object(),
            b'[' => self.array(),
            b't' => self.word("true", true.into()),
            b'f' => self.word("false", false.into()),
            b'n' => self.word("null", Tree::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self) -> Option<Tree> {
        self.open()?;
        let mut members: Vec<(Box<str>, Tree)> = Vec::new();
        while !self.closes(b'}', members.is_empty())? {
            self.skip_space();
            let key = self.string()?;
            self.skip_space();
            self.take(b':')?;
            members.push((key, self.value()?));
        }
        Some(members.into_iter().collect::<Object>().into())
    }

    fn array(&mut self) -> Option<Tree> {
        self.open()?;
        let mut elements = Vec::new();
        while !self.closes(b']', elements.is_empty())? {
            elements.push(self.value()?);
        }
        // What is read is kept longer than it grows.
        elements.shrink_to_fit();
        Some(Tree::Array(elements))
    }

    fn open(&mut self) -> Option<()> {
        self.at += 1;
        self.depth += 1;
        (self.depth <= READ_DEPTH_MAX).then_some(())
    }

    /// Says whether a list or an object ends here; if not, passes over the comma that has to stand
    /// before all but the first of its parts.
    fn closes(&mut self, bracket: u8, is_first: bool) -> Option<bool> {
        self.skip_space();
        let is_end = self.peek()? == bracket;
        if is_end {
            self.at += 1;
            self.depth -= 1;
        } else if !is_first {
            self.take(b',')?;
        }
        Some(is_end)
    }

    fn string(&mut self) -> Option<Box<str>> {
        self.take(b'"')?;
        let piece = self.plain()?;
        if self.peek()? == b'"' {
            self.at += 1;
            return Some(piece.into());
        }
        let mut string = piece.to_owned();
        while self.peek()? == b'\\' {
            string.push(self.escape()?);
            string.push_str(self.plain()?);
        }
        self.at += 1;
        Some(string.into())
    }

    /// Reads on to a quote or a backslash.
    fn plain(&mut self) -> Option<&'a str> {
        let rest = &self.text.as_bytes()[self.at..];
        let end = self.at + memchr2(b'"', b'\\', rest)?;
        let piece = &self.text[self.at..end];
        self.at = end;
        let has_controls = piece.bytes().any(|byte| byte < b' ');
        (!has_controls).then_some(piece)
    }

    fn escape(&mut self) -> Option<char> {
        let kind = *self.text.as_bytes().get(self.at + 1)?;
        self.at += 2;
        Some(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.escaped_unit(),
            _ => return None,
        })
    }

    fn escaped_unit(&mut self) -> Option<char> {
        let high = self.unit()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high);
        }
        self.take(b'\\')?;
        self.take(b'u')?;
        // What is mended has no half alone.
        let low = self.unit()?;
        char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low.checked_sub(0xdc00)?)
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    }

    fn number(&mut self) -> Option<Tree> {
        let (number, length) = Number::read_prefix(&self.text[self.at..])?;
        self.at += length;
        Some(Tree::Number(number))
    }

    fn word(&mut self, word: &str, value: Tree) -> Option<Tree> {
        let is_word = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        is_word.then_some(value)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        let is_next = self.peek()? == byte;
        self.at += 1;
        is_next.then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }
}
