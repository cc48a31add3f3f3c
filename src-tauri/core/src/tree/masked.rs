//! Numbers that `serde_json` would round or refuse, masked before it reads the text.

use std::borrow::Cow;

use memchr::memchr2;

use super::Number;

/// JSON text without the numbers that `serde_json` does not read as they are.
#[derive(Debug)]
pub(crate) struct Masked<'a> {
    /// The text, with each replaced by `0` and spaces: everything else keeps its place.
    pub(crate) text: Cow<'a, str>,
    /// Those numbers, each with how many numbers stand before it in the text.
    pub(crate) numbers: Vec<(usize, Number)>,
}

/// Masks the numbers of a text that are kept by their literals.
pub(crate) fn masked(json: &str) -> Masked<'_> {
    let mut masked = Masked {
        text: Cow::Borrowed(json),
        numbers: Vec::new(),
    };
    let (mut at, mut passed) = (0, 0);
    while let Some(byte) = json.as_bytes().get(at) {
        at += match byte {
            b'"' => string_length(&json.as_bytes()[at..]),
            b'-' | b'0'..=b'9' => {
                let read = Number::read_prefix(&json[at..]);
                let length = read.as_ref().map_or(1, |(_, length)| *length);
                let number = read.map(|(number, _)| number);
                if let Some(number) = number.filter(|number| number.as_literal().is_some()) {
                    masked.numbers.push((passed, number));
                    let zero = format!("{:<length$}", 0);
                    masked.text.to_mut().replace_range(at..at + length, &zero);
                }
                passed += 1;
                length
            }
            _ => 1,
        };
    }
    masked
}

/// Counts the bytes of the string that a text begins with, up to the end of one that is not closed.
fn string_length(json: &[u8]) -> usize {
    let mut length = 1;
    while let Some(found) = json
        .get(length..)
        .and_then(|rest| memchr2(b'"', b'\\', rest))
    {
        length += found;
        match json[length] {
            b'"' => return length + 1,
            _ => length += 2,
        }
    }
    json.len()
}
