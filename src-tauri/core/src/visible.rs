//! Texts of others made safe to show: control sequences of terminals and invisible characters are
//! written as escapes.
//!
//! A note, a name or a key may hold a line feed that forges another row of a list, an escape
//! sequence that a terminal obeys, a bidirectional override that makes one name read as another,
//! or a character of no width that makes two names look the same. Knows nothing of terminals and
//! windows; each writes through it.
//!
//! The rule is also in `ui/src/model/visible.ts`; `tests/fixtures/visible.json` holds both to it.

use std::borrow::Cow;
use std::fmt::Write;

/// The variation selector that makes a symbol an emoji.
const EMOJI: char = '\u{fe0f}';

/// Returns the text with `\n`, `\r`, `\t` and escapes such as `\u{1b}` in place of characters
/// that act or are not seen.
///
/// These are all control characters (C0, DEL, C1), line and paragraph separators, bidirectional
/// marks, overrides and isolates, and format characters and fillers without width. Joiners and
/// variation selectors stay if they shape a visible character: in emoji, in Arabic and Indic
/// scripts, and behind ideographs. The result is its own visible form.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden, |text, c| {
        let _ = match c {
            '\n' => text.write_str("\\n"),
            '\r' => text.write_str("\\r"),
            '\t' => text.write_str("\\t"),
            c => write!(text, "\\u{{{:x}}}", u32::from(c)),
        };
    })
}

/// Returns JSON text of the same value, with the same characters as escapes of JSON.
///
/// Line breaks and tabs between values stay; JSON allows none of them unescaped within a string.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    let acts_in_json =
        |c: char, before, after| !c.is_ascii_whitespace() && is_hidden(c, before, after);
    escaped(json, acts_in_json, |text, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(text, "\\u{unit:04x}");
        }
    })
}

/// Replaces the hidden characters of a text.
fn escaped(
    text: &str,
    is_hidden: impl Fn(char, Option<char>, Option<char>) -> bool,
    escape: impl Fn(&mut String, char),
) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.into();
    }
    let mut result = String::new();
    let (mut copied, mut before) = (0, None);
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let is_hidden = is_hidden(c, before, text[end..].chars().next());
        if is_hidden {
            result.push_str(&text[copied..at]);
            escape(&mut result, c);
            copied = end;
        }
        // A hidden character shapes no other, and is shaped by none.
        before = (!is_hidden).then_some(c);
    }
    match copied {
        0 => text.into(),
        _ => (result + &text[copied..]).into(),
    }
}

/// Returns whether a character acts or is invisible, given its two neighbours.
fn is_hidden(c: char, before: Option<char>, after: Option<char>) -> bool {
    match c {
        '\u{200c}' | '\u{200d}' => {
            !(before.is_some_and(|c| joins(c) || c == EMOJI) && after.is_some_and(joins))
        }
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
            let is_keycap = after == Some('\u{20e3}') && before.is_some_and(|c| c.is_ascii());
            !(is_keycap || before.is_some_and(varies))
        }
        c => acts(c) || has_no_width(c),
    }
}

/// Returns whether a character changes the place or the form of others.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}' | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

/// Returns whether a character leaves no trace: Unicode's `Default_Ignorable_Code_Point`, which
/// includes fillers, tags and the soft hyphen.
fn has_no_width(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Returns whether joiners shape a character: in Arabic, Indic and neighbouring scripts, in
/// Mongolian, and in emoji.
fn joins(c: char) -> bool {
    let is_letter = matches!(c, '\u{620}'..='\u{109f}' | '\u{1780}'..='\u{18af}');
    (is_letter && !has_no_width(c)) || is_symbol(c)
}

/// Returns whether a character has variants: a symbol or an ideograph.
fn varies(c: char) -> bool {
    is_symbol(c)
        || matches!(
            c,
            '\u{3001}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
        )
}

fn is_symbol(c: char) -> bool {
    matches!(
        c,
        '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}'
    )
}
