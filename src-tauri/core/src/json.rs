//! Strict JSON: bytes → (tree, every problem), with those that [`crate::tree::read`] accepts
//! silently.
//!
//! That one keeps the last of two equal keys; here they are a problem with its place. A text
//! without problems is read in one pass; only one with a problem is read again, by `serde_json`, to
//! find what and where it is. Knows nothing of what the tree means.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::limits;
use crate::problem::{Code, Pointer, Problem, Problems, quote};
use crate::text;
use crate::tree::{self, Masked, Number, Object, Tree};

/// Reads bytes into a tree, adding what is wrong with them to `problems`.
///
/// Returns `None` if the bytes are no JSON at all; a tree with duplicate keys is returned (the
/// first one counts), so that the rest of it can be checked too.
pub(crate) fn read(bytes: &[u8], problems: &mut Problems) -> Option<Tree> {
    let text = match text_of(bytes) {
        Ok(text) => text,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    tree::read_strict(text).or_else(|| explain(text, problems))
}

/// Reads a text in which something is wrong, and adds all of that to `problems`.
fn explain(text: &str, problems: &mut Problems) -> Option<Tree> {
    let text = tree::mended(text.as_bytes());
    let text = str::from_utf8(&text).expect("an escape takes the place of another one");
    let Masked { text, numbers } = tree::masked(text);
    let walk = Walk {
        numbers: RefCell::new(numbers.into()),
        ..Walk::default()
    };
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    let tree = (&walk)
        .deserialize(&mut deserializer)
        .and_then(|tree| deserializer.end().map(|()| tree));
    let refusal = tree.as_ref().err();
    let refusal = refusal.map(|error| other_notation(&text).unwrap_or_else(|| walk.refusal(error)));
    for problem in walk.duplicates.into_inner().into_iter().chain(refusal) {
        problems.push(problem);
    }
    tree.ok()
}

fn text_of(bytes: &[u8]) -> Result<&str, Problem> {
    let (len, most) = (bytes.len(), limits::DOCUMENT_BYTES_MAX);
    if len > most {
        let message = format!("The document has {len} bytes; at most {most} (4 MiB) are allowed.");
        return Err(Problem::error(Code::TooLarge, "", message));
    }
    let (text, _) = text::read(bytes).map_err(|error| {
        let message = format!("The document {error}.");
        Problem::error(Code::NotUtf8, "", message)
    })?;
    if text.trim_ascii().is_empty() {
        let message = "The document is empty; the smallest one is {\"enabled\": false}.";
        return Err(Problem::error(Code::Syntax, "", message));
    }
    Ok(text)
}

/// Names the notation of a text that is no JSON, by its first line.
fn other_notation(text: &str) -> Option<Problem> {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let begins_with_name = |end: char| {
        let name = first.split_once(end).map_or("", |(name, _)| name.trim());
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_part)
    };
    let notation = match first {
        markup if markup.starts_with('<') => "HTML or XML",
        comment if comment.starts_with("//") || comment.starts_with("/*") => {
            "JSON with comments, which JSON does not have"
        }
        "---" => "YAML",
        _ if begins_with_name(':') => "YAML",
        _ if begins_with_name('=') => "TOML",
        _ => return None,
    };
    let message = format!("The document is not JSON; it looks like {notation}.");
    Some(Problem::error(Code::Syntax, "", message))
}

/// The state of the walk: where it is, so that an error can name its place, and what it found.
#[derive(Default)]
struct Walk {
    path: RefCell<Vec<String>>,
    duplicates: RefCell<Vec<Problem>>,
    /// How many numbers it has passed, and the coming ones that the parser does not read exactly.
    passed: Cell<usize>,
    numbers: RefCell<VecDeque<(usize, Number)>>,
    /// Why the walk stopped, if the parser itself found nothing wrong.
    stopped: RefCell<Option<(Code, String)>>,
}

impl Walk {
    fn pointer(&self) -> Pointer {
        let path = self.path.borrow();
        path.iter()
            .fold(Pointer::default(), |pointer, token| pointer.at(token))
    }

    /// Returns a number as the text has it, in place of what the parser read.
    fn exact(&self, read: Number) -> Number {
        let nth = self.passed.replace(self.passed.get() + 1);
        let mut numbers = self.numbers.borrow_mut();
        let is_masked = numbers.front().is_some_and(|(place, _)| *place == nth);
        match is_masked {
            true => numbers.pop_front().map_or(read, |(_, number)| number),
            false => read,
        }
    }

    fn enter(&self, token: String) {
        self.path.borrow_mut().push(token);
    }

    fn leave(&self) -> String {
        let left = self.path.borrow_mut().pop();
        left.expect("what is left was entered")
    }

    fn stop<E: serde::de::Error>(&self, code: Code, why: String) -> E {
        self.stopped.replace(Some((code, why)));
        E::custom("stopped")
    }

    /// Refuses an object or a list that is too deep, before the parser descends into it.
    fn check_depth<E: serde::de::Error>(&self) -> Result<(), E> {
        let most = limits::JSON_DEPTH_MAX;
        if self.path.borrow().len() < most {
            return Ok(());
        }
        let why = format!("The document is nested deeper than {most} levels");
        Err(self.stop(Code::TooDeep, why))
    }

    fn check_key<E: serde::de::Error>(&self, key: &str) -> Result<(), E> {
        let (len, most) = (key.len(), limits::KEY_BYTES_MAX);
        if len <= most {
            return Ok(());
        }
        let key = quote(key);
        let why = format!("The key {key} has {len} bytes; at most {most} are allowed");
        Err(self.stop(Code::TooLarge, why))
    }

    /// Notes a duplicate key in the current object.
    fn duplicate<E: serde::de::Error>(&self, key: &str) -> Result<(), E> {
        let mut duplicates = self.duplicates.borrow_mut();
        if duplicates.len() == limits::PROBLEMS_MAX {
            let why = format!("More than {} keys are there twice", limits::PROBLEMS_MAX);
            return Err(self.stop(Code::MoreProblems, why));
        }
        let message = format!("The key {} is there twice; keep one.", quote(key));
        let pointer = self.pointer().at(key);
        duplicates.push(Problem::error(Code::DuplicateKey, pointer, message));
        Ok(())
    }

    /// Says why there is no tree.
    fn refusal(&self, error: &serde_json::Error) -> Problem {
        let (code, why) = self.stopped.take().unwrap_or_else(|| parser_words(error));
        let (line, column) = (error.line(), error.column());
        let message = format!("{why} (line {line}, column {column}).");
        Problem::error(code, self.pointer(), message)
    }
}

fn parser_words(error: &serde_json::Error) -> (Code, String) {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    (
        Code::Syntax,
        format!("The document is not valid JSON: {words}"),
    )
}

impl<'de> DeserializeSeed<'de> for &Walk {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Walk {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, on: bool) -> Result<Tree, E> {
        Ok(on.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(self.exact(number.into()).into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(self.exact(number.into()).into())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Tree, E> {
        let number = Number::from_f64(number);
        let number = number.ok_or_else(|| E::custom("JSON has no such number"))?;
        Ok(self.exact(number).into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        self.check_depth()?;
        let mut list = Vec::new();
        loop {
            self.enter(list.len().to_string());
            let item = items.next_element_seed(self)?;
            self.leave();
            match item {
                Some(item) => list.push(item),
                None => return Ok(list.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        self.check_depth()?;
        let mut object = Object::default();
        while let Some(key) = entries.next_key::<String>()? {
            self.check_key(&key)?;
            self.enter(key);
            let value = entries.next_value_seed(self)?;
            let key = self.leave();
            match object.contains_key(&key) {
                false => object.insert(key, value),
                true => self.duplicate(&key)?,
            }
        }
        Ok(object.into())
    }
}
