//! The kinds of values a document is made of, each with the sentence that refuses any other value.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

use jiff::civil::Date;

use super::place::Place;
use super::{Check, Field};
use crate::document::{ComponentPath, PathError, Percentage, PercentageError};
use crate::problem::{Code, describe, quote};
use crate::recognise::nearest;
use crate::tree::{Object, Tree};

impl Check {
    pub(super) fn switch(&mut self, (at, value): Field) -> bool {
        let Some(value) = value else {
            return false;
        };
        value.as_bool().unwrap_or_else(|| {
            self.wrong_type(&at, "true or false", &value);
            false
        })
    }

    pub(super) fn percentage(&mut self, (at, value): Field) -> Percentage {
        let Some(value) = value else {
            return Percentage::default();
        };
        let number = match &value {
            Tree::Number(number) => Ok(number.as_f64().unwrap_or(f64::INFINITY)),
            _ => Err(PercentageError::NotANumber),
        };
        let percentage = number.and_then(Percentage::try_from);
        percentage.unwrap_or_else(|error| {
            let code = match error {
                PercentageError::NotANumber => Code::WrongType,
                PercentageError::OutOfRange => Code::OutOfRange,
                PercentageError::TooFine => Code::TooFine,
            };
            let message = format!(
                "{} must be a number from 0 to 100 in steps of 0.001, not {}.",
                at.name(),
                describe(&value)
            );
            self.error(code, &at, message);
            Percentage::default()
        })
    }

    /// Reads one of a few words; a missing one is the default.
    pub(super) fn word<T: Copy + Default>(
        &mut self,
        (at, value): Field,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> T {
        let Some(value) = value else {
            return T::default();
        };
        let known = all.iter().find(|one| value.as_str() == Some(name(**one)));
        known.copied().unwrap_or_else(|| {
            let code = match value {
                Tree::String(_) => Code::UnknownValue,
                _ => Code::WrongType,
            };
            let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
            let message = format!(
                "{} must be {}, not {}.",
                at.name(),
                one_of(&names),
                describe(&value)
            );
            self.error(code, &at, message);
            T::default()
        })
    }

    pub(super) fn date(&mut self, (at, value): Field) -> Option<Date> {
        let value = value?;
        // Only YYYY-MM-DD: jiff reads longer forms too, and would not write them back.
        let text = value.as_str().filter(|text| text.len() == 10);
        let day = text.and_then(|text| text.parse().ok());
        if day.is_none() {
            let message = format!(
                "{} must be a day as YYYY-MM-DD, not {}.",
                at.name(),
                describe(&value)
            );
            self.error(Code::BadDate, &at, message);
        }
        day
    }

    pub(super) fn optional_text(&mut self, (at, value): Field, most: usize) -> Option<String> {
        self.text(&at, value?, most)
    }

    fn text(&mut self, at: &Place, value: Tree, most: usize) -> Option<String> {
        let code = match value {
            Tree::String(text) if (1..=most).contains(&text.chars().count()) => {
                return Some(text.into());
            }
            Tree::String(_) => Code::BadName,
            _ => Code::WrongType,
        };
        let message = format!(
            "{} must be a text of 1 to {most} characters, not {}.",
            at.name(),
            describe(&value)
        );
        self.error(code, at, message);
        None
    }

    /// Reads a list's texts; duplicates are kept, with a warning.
    pub(super) fn texts(&mut self, items: Vec<(Place, Tree)>, most: usize) -> Vec<String> {
        let mut texts = Vec::with_capacity(items.len());
        let mut seen = HashSet::with_capacity(items.len());
        for (at, value) in items {
            let Some(text) = self.text(&at, value, most) else {
                continue;
            };
            if !seen.insert(text.clone()) {
                self.repeated(&at, &text);
            }
            texts.push(text);
        }
        texts
    }

    pub(super) fn list<'a>(
        &mut self,
        at: &'a Place,
        value: Option<Tree>,
        most: usize,
        what: &str,
    ) -> Vec<(Place<'a>, Tree)> {
        let items = match value {
            None => return Vec::new(),
            Some(Tree::Array(items)) => items,
            Some(other) => {
                self.wrong_type(at, "a list", &other);
                return Vec::new();
            }
        };
        if items.len() > most {
            let (name, found) = (at.name(), items.len());
            let message = format!("{name} has {found} {what}; at most {most} are allowed.");
            self.error(Code::TooMany, at, message);
            return Vec::new();
        }
        let placed = items.into_iter().enumerate();
        placed.map(|(i, item)| (at.index(i), item)).collect()
    }

    pub(super) fn object(&mut self, at: &Place, value: Tree) -> Option<Object> {
        match value {
            Tree::Object(object) => Some(*object),
            other => {
                self.wrong_type(at, "an object", &other);
                None
            }
        }
    }

    /// Reads an object whose keys are names of components.
    pub(super) fn section<T>(
        &mut self,
        (at, value): Field,
        read: fn(&mut Self, Place, Tree) -> T,
    ) -> BTreeMap<ComponentPath, T> {
        let object = value.and_then(|value| self.object(&at, value));
        let mut section = BTreeMap::new();
        for (name, value) in object.unwrap_or_default() {
            let at = at.entry(&name);
            let item = read(self, at, value);
            match ComponentPath::from_str(&name) {
                Ok(path) => {
                    section.insert(path, item);
                }
                Err(error) => self.bad_path(&at, &name, error),
            }
        }
        section
    }

    /// Keeps what is left of an object, with a warning for each key.
    pub(super) fn unknown(&mut self, at: &Place, left: Object, known: &[&'static str]) -> Object {
        for key in left.keys() {
            let hint = nearest(key, known).map(|meant| format!("; did you mean {}?", quote(meant)));
            let message = format!(
                "{} is not a key that Flagdeck knows; it is kept as it is{}",
                quote(key),
                hint.as_deref().unwrap_or(".")
            );
            self.warn(Code::UnknownKey, &at.entry(key), message);
        }
        left
    }

    pub(super) fn repeated(&mut self, at: &Place, text: &str) {
        let message = format!("{} names {} again.", at.name(), quote(text));
        self.warn(Code::DuplicateEntry, at, message);
    }

    pub(super) fn bad_path(&mut self, at: &Place, name: &str, error: PathError) {
        let code = match error {
            PathError::BadSegment | PathError::Reserved => Code::BadName,
            PathError::TooDeep => Code::TooDeep,
        };
        let message = format!("{} cannot be used: {error}.", quote(name));
        self.error(code, at, message);
    }

    fn wrong_type(&mut self, at: &Place, wanted: &str, found: &Tree) {
        let message = format!("{} must be {wanted}, not {}.", at.name(), describe(found));
        self.error(Code::WrongType, at, message);
    }
}

/// `canary, blue-green or feature`.
fn one_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}
