//! JSON text to a tree: every number digit for digit, in one pass.
//!
//! Accepts what `serde_json` accepts, and numbers of any size; errors are those of `serde_json`. It
//! is a separate reader because `serde_json` either rounds numbers or keeps each as a text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use memchr::memchr;
use serde::de::{Error, IgnoredAny};
use serde_json::Value;

use super::object::Names;
use super::{Number, Object, Tree};
use crate::limits::{JSON_DEPTH_MAX, KEY_BYTES_MAX, READ_DEPTH_MAX};
use crate::problem::quote;

/// Reads JSON text as a tree.
///
/// Numbers keep every digit; see [`Number`]. Half of a surrogate pair, as in `"\ud83d"`, becomes
/// U+FFFD; see [`mended`]. The last of several members of one name counts.
///
/// # Errors
/// What `serde_json` says of a text that is no JSON, is not UTF-8, or is nested too deep.
pub fn read(bytes: &[u8]) -> Result<Tree, serde_json::Error> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let byte = error.valid_up_to() + 1;
        serde_json::Error::custom(format!("byte {byte} is not UTF-8 text"))
    })?;
    Reader::whole(text, &LAX).ok_or_else(|| refusal(text))
}

/// Why a text is no tree of which nothing was ignored.
#[derive(Debug, thiserror::Error)]
pub enum UniqueError {
    /// It is no JSON, or nested too deep.
    #[error("it is no JSON: {0}")]
    Json(serde_json::Error),
    /// An object has a key twice.
    #[error("an object has the key {} twice, at {}", quote(.key), place(.pointer))]
    Repeated {
        /// Where the object is: a JSON Pointer.
        pointer: String,
        /// The key.
        key: String,
    },
}

fn place(pointer: &str) -> &str {
    match pointer {
        "" => "the root",
        pointer => pointer,
    }
}

/// Reads JSON text as [`read`] does, and refuses an object with a key that is there twice: which
/// of the two values counts is another question for every reader.
///
/// # Errors
/// [`UniqueError`]: what is wrong, with the place of a key that is there twice.
pub fn read_unique(bytes: &[u8]) -> Result<Tree, UniqueError> {
    let Ok(text) = str::from_utf8(bytes) else {
        return read(bytes).map_err(UniqueError::Json);
    };
    let mut reader = Reader::new(text, &UNIQUE);
    let tree = reader.read_all();
    match (tree, reader.repeated) {
        (Some(tree), _) => Ok(tree),
        (None, Some(Repeated { key, path })) => {
            let path = path.iter().rev();
            Err(UniqueError::Repeated {
                pointer: path.map(|token| format!("/{}", escaped(token))).collect(),
                key,
            })
        }
        (None, None) => Err(UniqueError::Json(refusal(text))),
    }
}

/// Writes a step of a JSON Pointer (RFC 6901).
fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Reads JSON text as [`read`] does; `None` if that would ignore anything: a duplicate key in an
/// object, or a key that is longer or deeper than a flag document allows.
pub(crate) fn read_strict(text: &str) -> Option<Tree> {
    Reader::whole(text, &STRICT)
}

/// What a reader takes.
struct Rules {
    depth_max: usize,
    key_bytes_max: usize,
    takes_repeated_keys: bool,
}

const LAX: Rules = Rules {
    depth_max: READ_DEPTH_MAX,
    key_bytes_max: usize::MAX,
    takes_repeated_keys: true,
};

const UNIQUE: Rules = Rules {
    depth_max: READ_DEPTH_MAX,
    key_bytes_max: usize::MAX,
    takes_repeated_keys: false,
};

const STRICT: Rules = Rules {
    depth_max: JSON_DEPTH_MAX,
    key_bytes_max: KEY_BYTES_MAX,
    takes_repeated_keys: false,
};

/// Says why a text is no tree, as `serde_json` does. A number that is too large for it is skipped:
/// the error is after it.
fn refusal(text: &str) -> serde_json::Error {
    if text.trim().is_empty() {
        return Error::custom("it is empty");
    }
    let mended = mended(text.as_bytes());
    let text = str::from_utf8(&mended).expect("an escape takes the place of another one");
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
/// `JSON.stringify` writes `"\ud83d"` for a text that was cut inside an emoji. It is not valid
/// UTF-8 text, so most readers refuse the whole document. The text keeps its length.
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

/// Returns the first key that the object which is opened at a place of a text has twice.
fn repeated_key(text: &str, opened: usize) -> Option<String> {
    let mut reader = Reader::new(text, &LAX);
    reader.at = opened;
    reader.open()?;
    let mut keys = HashSet::new();
    while !reader.closes(b'}', keys.is_empty())? {
        reader.skip_space();
        let key = reader.string()?;
        reader.skip_space();
        reader.take(b':')?;
        reader.value()?;
        if let Some(repeated) = keys.replace(key) {
            return Some(repeated.into());
        }
    }
    None
}

/// Elements of a list that are worth a list of their own while they are read.
const LONG_LIST: usize = 4096;

/// Goes through a text from its beginning to its end; `None` once it is not what the rules take.
struct Reader<'a> {
    text: &'a str,
    rules: &'a Rules,
    at: usize,
    depth: usize,
    /// The parts of the lists and objects that are being read, outer ones first: each takes its
    /// parts when it is closed, in exactly as much memory.
    elements: Vec<Tree>,
    members: Vec<(Arc<str>, Tree)>,
    names: Names,
    /// Why it stopped, if that was for a key that is there twice.
    repeated: Option<Repeated>,
}

/// A key that is there twice.
struct Repeated {
    key: String,
    /// The way to its object, inner steps first.
    path: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, rules: &'a Rules) -> Self {
        Self {
            text,
            rules,
            at: 0,
            depth: 0,
            elements: Vec::new(),
            members: Vec::new(),
            names: Names::default(),
            repeated: None,
        }
    }

    fn whole(text: &'a str, rules: &'a Rules) -> Option<Tree> {
        Self::new(text, rules).read_all()
    }

    fn read_all(&mut self) -> Option<Tree> {
        let tree = self.value()?;
        self.skip_space();
        (self.at == self.text.len()).then_some(tree)
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
        let opened = self.at;
        self.open()?;
        let begin = self.members.len();
        while !self.closes(b'}', self.members.len() == begin)? {
            self.skip_space();
            let key = self
                .name()
                .filter(|key| key.len() <= self.rules.key_bytes_max)?;
            self.skip_space();
            self.take(b':')?;
            let Some(value) = self.value() else {
                self.note_step(|| (*key).into());
                return None;
            };
            self.members.push((key, value));
        }
        let count = self.members.len() - begin;
        let object: Object = self.members.drain(begin..).collect();
        if object.len() == count || self.rules.takes_repeated_keys {
            return Some(object.into());
        }
        self.repeated = Some(Repeated {
            key: repeated_key(self.text, opened).unwrap_or_default(),
            path: Vec::new(),
        });
        None
    }

    /// Notes a step of the way to a key that is there twice, on the way out of what it is in.
    fn note_step(&mut self, step: impl FnOnce() -> String) {
        if let Some(repeated) = &mut self.repeated {
            repeated.path.push(step());
        }
    }

    fn array(&mut self) -> Option<Tree> {
        self.open()?;
        let begin = self.elements.len();
        while !self.closes(b']', self.elements.len() == begin)? {
            let Some(element) = self.value() else {
                let place = self.elements.len() - begin;
                self.note_step(|| place.to_string());
                return None;
            };
            self.elements.push(element);
        }
        Some(Tree::Array(self.elements_from(begin)))
    }

    /// Takes the elements of a list that is closed. A long one that no other is around takes them
    /// without a copy.
    fn elements_from(&mut self, begin: usize) -> Vec<Tree> {
        if begin > 0 || self.elements.len() < LONG_LIST {
            return self.elements.drain(begin..).collect();
        }
        let mut elements = std::mem::take(&mut self.elements);
        elements.shrink_to_fit();
        elements
    }

    fn open(&mut self) -> Option<()> {
        self.at += 1;
        self.depth += 1;
        (self.depth <= self.rules.depth_max).then_some(())
    }

    /// Returns whether a list or an object ends here; if not, skips the comma that is required
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

    /// Reads the name of a member.
    fn name(&mut self) -> Option<Arc<str>> {
        let begin = self.at;
        self.take(b'"')?;
        let piece = self.plain()?;
        if self.peek()? == b'"' {
            self.at += 1;
            return Some(self.names.share(piece));
        }
        self.at = begin;
        self.string().map(Arc::from)
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
        let end = self.at + plain_length(rest);
        let piece = &self.text[self.at..end];
        self.at = end;
        matches!(self.peek()?, b'"' | b'\\').then_some(piece)
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
        let unit = unit(&self.text.as_bytes()[self.at..])?;
        self.at += 4;
        let low = match unit {
            0xd800..0xdc00 => low_half(&self.text.as_bytes()[self.at..]),
            _ => None,
        };
        let code = low.map(|low| 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
        self.at += low.map_or(0, |_| 6);
        // Half of a pair is no character.
        Some(char::from_u32(code.unwrap_or(unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
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

/// Returns the code unit that four hexadecimal digits stand for.
fn unit(digits: &[u8]) -> Option<u32> {
    let digits = digits.first_chunk::<4>()?.iter();
    digits
        .copied()
        .map(char::from)
        .try_fold(0, |unit, digit| Some(unit * 16 + digit.to_digit(16)?))
}

/// Reads the escape of the second half of a surrogate pair that a text begins with.
fn low_half(text: &[u8]) -> Option<u32> {
    unit(text.strip_prefix(b"\\u")?).filter(|unit| (0xdc00..0xe000).contains(unit))
}

/// Counts the bytes before the first special one in a string: a quote, a backslash or a control
/// character.
fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let found = words.iter().enumerate().find_map(|(nth, word)| {
        let marks = special_bytes(u64::from_le_bytes(*word));
        (marks != 0).then(|| nth * 8 + marks.trailing_zeros() as usize / 8)
    });
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
    let in_rest = || rest.iter().position(is_special).unwrap_or(rest.len());
    found.unwrap_or_else(|| words.len() * 8 + in_rest())
}

/// Marks the special bytes of a word in a string, with their highest bit. Those behind the first
/// may be marked wrongly (Anderson, "Bit Twiddling Hacks": "Determine if a word has a byte less
/// than n").
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, b' ') | is(b'"') | is(b'\\')) & (ONES * 0x80)
}
