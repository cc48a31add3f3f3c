//! Keys as a difference prints them, `files[id=7].name`: read, found in a tree, printed.
//!
//! | written | what it names |
//! |---|---|
//! | `a.b` | the member `b` of the member `a`; if there is none, a member whose name is `a.b`; if there is none either, a new member `b` of `a` |
//! | `["a.b"]` | a member of exactly this name, as a JSON string |
//! | `[3]` | an element of a list by its place |
//! | `[id=7]`, `[id="7"]`, `[id=gamma]` | the element whose `id` is the number 7, the text `7`, the text `gamma` |
//! | `/files/0/name` | a JSON Pointer (RFC 6901) |
//!
//! Any key but a JSON Pointer may begin with [`ROOT`], as in `ml.files[id=7].name`. What is printed
//! reads back as the same key: names and texts that would be misread are quoted, with invisible
//! characters as JSON escapes.

use std::fmt::{self, Write};
use std::str::FromStr;

use super::align::identity;
use super::{Number, Object, Tree, keys};
use crate::limits::IDENTITY_CHARS_MAX;
use crate::visible::{visible, visible_json};

/// What sources call the tree, and a key may begin with.
pub const ROOT: &str = "ml";

/// A key: the steps from a tree to a part of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Path(Vec<Step>);

/// One step from a value to a part of it.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// A part of a dotted key: a member, an element by its place, or the beginning of a member
    /// whose name continues in the next part.
    Part(String),
    /// A member of exactly this name, or an element by its place.
    Name(String),
    /// An element by its place.
    Index(usize),
    /// The element that has this value under this name.
    Identity { name: String, value: Tree },
}

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A name is empty.
    #[error("{key} has an empty part; a key is such as ml.files[id=7].name")]
    Empty {
        /// The text.
        key: String,
    },
    /// What is in brackets is no place, no identity and no name.
    #[error("{key} has [{inside}]; brackets hold a place, [id=7], or a name in quotes")]
    Brackets {
        /// The text.
        key: String,
        /// What is in the brackets.
        inside: String,
    },
    /// A bracket is not closed, or closed without being open, or a name follows one directly.
    #[error("{key} is not readable from {rest}; a key is such as ml.files[id=7].name")]
    Unreadable {
        /// The text.
        key: String,
        /// Where it stops being readable.
        rest: String,
    },
}

/// Where something that a tree lacks would be inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The object or list it would be in: a JSON Pointer.
    pub container: String,
    /// What it would be called there; `None` for an element of a list.
    pub name: Option<String>,
    /// Before which of the existing parts it would be; their number for the end.
    pub index: usize,
}

impl Path {
    /// Returns the key of a part of a tree, with elements of lists by their identity if they
    /// have one. Returns `None` if there is nothing at the pointer.
    pub fn of(tree: &Tree, pointer: &str) -> Option<Self> {
        let mut at = tree;
        let mut steps = Vec::new();
        for token in keys::tokens(pointer) {
            let inner = keys::part(at, &token)?;
            steps.push(match at {
                Tree::Array(list) => Step::of_element(list, inner, token.parse().ok()?),
                _ => Step::Name(token),
            });
            at = inner;
        }
        Some(Self(steps))
    }

    /// Returns the key of a place that a JSON Pointer names, whatever is there.
    pub fn from_pointer(pointer: &str) -> Self {
        Self(keys::tokens(pointer).into_iter().map(Step::Name).collect())
    }

    /// Returns where it leads in a tree, as a JSON Pointer; `None` if nothing is there.
    pub fn find(&self, tree: &Tree) -> Option<String> {
        let mut pointer = String::new();
        find(&self.0, tree, &mut pointer).then_some(pointer)
    }

    /// Reads a key from the members of the tree on: it does not begin with [`ROOT`], and is no
    /// JSON Pointer.
    ///
    /// # Errors
    /// [`PathError`] if the text is no key.
    pub fn from_dotted(text: &str) -> Result<Self, PathError> {
        Reader::behind_root(text, text).read()
    }

    /// Returns where it leads in a tree, or would lead once members of its last names are added, or
    /// an element at the end of a list.
    /// Returns `None` if it names another element of a list that is not there.
    pub fn target(&self, tree: &Tree) -> Option<String> {
        if let Some(pointer) = self.find(tree) {
            return Some(pointer);
        }
        let parent = self.parent()?;
        match self.0.last()? {
            Step::Part(name) | Step::Name(name) => Some(keys::at(&parent.target(tree)?, name)),
            Step::Index(place) => {
                let list = parent.find(tree)?;
                let length = keys::get(tree, &list)?.as_array()?.len();
                (*place == length).then(|| keys::at(&list, &place.to_string()))
            }
            Step::Identity { .. } => None,
        }
    }

    /// Returns what it leads to in a tree.
    pub fn value<'a>(&self, tree: &'a Tree) -> Option<&'a Tree> {
        keys::get(tree, &self.find(tree)?)
    }

    /// Returns the key of what this one is in; `None` for the whole tree.
    pub fn parent(&self) -> Option<Self> {
        let (_, before) = self.0.split_last()?;
        Some(Self(before.to_vec()))
    }

    /// Counts the steps.
    pub(super) fn steps(&self) -> usize {
        self.0.len()
    }

    /// Returns whether it leads to the whole tree.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether it leads to the value that identifies an element of a list.
    pub fn is_identity(&self) -> bool {
        match self.0.as_slice() {
            [
                ..,
                Step::Identity { name, .. },
                Step::Part(last) | Step::Name(last),
            ] => name == last,
            _ => false,
        }
    }

    /// Returns whether it ends with an element of a list by its place.
    pub fn ends_by_place(&self) -> bool {
        matches!(self.0.last(), Some(Step::Index(_)))
    }

    /// Returns it as people read it from the name of the tree on: `ml.files[id=7].name`.
    pub fn rooted(&self) -> String {
        let mut text = ROOT.to_owned();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        for step in &self.0 {
            match step {
                Step::Part(name) | Step::Name(name) => write_name(text, name),
                Step::Index(place) => write_place(text, *place),
                Step::Identity { name, value } => write_identity(text, name, value),
            }
        }
    }
}

impl fmt::Display for Path {
    /// Writes it from the members of the tree on: `files[id=7].name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        match text.starts_with('/') {
            true => Ok(Self::from_pointer(text)),
            false => Reader::of(text).read(),
        }
    }
}

impl Step {
    /// Returns the step to an element: by its identity if that can be read back, else by place.
    fn of_element(list: &[Tree], element: &Tree, place: usize) -> Self {
        let by_identity = || {
            let name = identity(list)?;
            let value = element.get(name)?;
            is_printable(name, value).then(|| Self::Identity {
                name: name.to_owned(),
                value: value.clone(),
            })
        };
        by_identity().unwrap_or(Self::Index(place))
    }
}

/// Returns where something at a pointer in one tree would be inserted in another one that lacks it:
/// next to its former neighbour. Returns `None` if its parent is missing too.
pub fn slot(from: &Tree, pointer: &str, to: &Tree) -> Option<Slot> {
    let (outer, token) = pointer.rsplit_once('/')?;
    let container = Path::of(from, outer)?.find(to)?;
    let name = keys::tokens(&format!("/{token}")).pop()?;
    let (name, index) = match (keys::get(from, outer)?, keys::get(to, &container)?) {
        (Tree::Object(from), Tree::Object(to)) => {
            let index = member_index(from, &name, to);
            (Some(name), index)
        }
        (Tree::Array(from), Tree::Array(to)) => (None, element_index(from, name.parse().ok()?, to)),
        _ => return None,
    };
    Some(Slot {
        container,
        name,
        index,
    })
}

impl Slot {
    /// Inserts a value there. Returns whether there is such an object or list.
    pub fn insert(&self, tree: &mut Tree, value: Tree) -> bool {
        match (keys::get_mut(tree, &self.container), &self.name) {
            (Some(Tree::Object(members)), Some(name)) => {
                match members.contains_key(name) {
                    true => members.insert(name.as_str(), value),
                    false => members.insert_at(self.index.min(members.len()), name.as_str(), value),
                }
                true
            }
            (Some(Tree::Array(elements)), None) => {
                elements.insert(self.index.min(elements.len()), value);
                true
            }
            _ => false,
        }
    }
}

/// Returns the place behind the nearest member before `name` that is there.
fn member_index(from: &Object, name: &str, to: &Object) -> usize {
    let before: Vec<&str> = from.keys().take_while(|key| *key != name).collect();
    let beside = before.iter().rev().find(|key| to.contains_key(key));
    let place = |beside: &&str| to.keys().position(|key| key == *beside);
    beside.and_then(place).map_or(0, |place| place + 1)
}

/// Returns the place behind the nearest element before `place` that is there.
fn element_index(from: &[Tree], place: usize, to: &[Tree]) -> usize {
    let Some(name) = identity(from) else {
        return place.min(to.len());
    };
    let beside = from[..place.min(from.len())].iter().rev();
    let mut found = beside.filter_map(|element| position(to, name, element.get(name)?));
    found.next().map_or(0, |place| place + 1)
}

fn position(list: &[Tree], name: &str, value: &Tree) -> Option<usize> {
    list.iter().position(|it| it.get(name) == Some(value))
}

/// Follows steps, and writes the path as a JSON Pointer. A dotted key is first read part by part,
/// then with more and more parts as one name; no value is looked at twice.
fn find(steps: &[Step], at: &Tree, pointer: &mut String) -> bool {
    let Some((first, rest)) = steps.split_first() else {
        return true;
    };
    match (first, at) {
        (Step::Part(part), Tree::Object(_)) => find_part(part, rest, at, pointer),
        (Step::Part(name) | Step::Name(name), _) => go_on(name, rest, at, pointer),
        (Step::Index(place), Tree::Array(_)) => go_on(&place.to_string(), rest, at, pointer),
        (Step::Identity { name, value }, Tree::Array(list)) => position(list, name, value)
            .is_some_and(|place| go_on(&place.to_string(), rest, at, pointer)),
        (Step::Index(_) | Step::Identity { .. }, _) => false,
    }
}

fn find_part(part: &str, rest: &[Step], at: &Tree, pointer: &mut String) -> bool {
    let mut name = part.to_owned();
    let mut rest = rest;
    loop {
        if go_on(&name, rest, at, pointer) {
            return true;
        }
        let Some((Step::Part(next), others)) = rest.split_first() else {
            return false;
        };
        name = format!("{name}.{next}");
        rest = others;
    }
}

fn go_on(name: &str, rest: &[Step], at: &Tree, pointer: &mut String) -> bool {
    let Some(inner) = keys::part(at, name) else {
        return false;
    };
    let length = pointer.len();
    *pointer = keys::at(pointer, name);
    let is_found = find(rest, inner, pointer);
    if !is_found {
        pointer.truncate(length);
    }
    is_found
}

/// Writes the step to a member behind others.
pub(crate) fn write_name(text: &mut String, name: &str) {
    // A key may begin with the name of the tree, which is then no member.
    let is_first = text.is_empty();
    if is_plain(name) && !(is_first && name == ROOT) {
        text.push_str(if is_first { "" } else { "." });
        text.push_str(name);
    } else {
        let _ = write!(text, "[{}]", visible_json(&Tree::from(name).to_string()));
    }
}

/// Writes the step to an element by its place.
pub(crate) fn write_place(text: &mut String, place: usize) {
    let _ = write!(text, "[{place}]");
}

/// Writes the step to the element that has a value under a name.
pub(crate) fn write_identity(text: &mut String, name: &str, value: &Tree) {
    let _ = match value {
        Tree::String(value) if is_plain_value(value) => write!(text, "[{name}={value}]"),
        other => write!(text, "[{name}={}]", visible_json(&other.to_string())),
    };
}

/// Returns whether an identity can be printed so that it can be read back.
pub(crate) fn is_printable(name: &str, value: &Tree) -> bool {
    let is_short = match value {
        Tree::String(text) => text.chars().nth(IDENTITY_CHARS_MAX).is_none(),
        Tree::Number(number) => number
            .as_literal()
            .is_none_or(|it| it.len() <= IDENTITY_CHARS_MAX),
        _ => false,
    };
    is_short && is_plain(name) && !name.contains('=')
}

/// Returns whether a name reads as one among others that are joined by dots.
fn is_plain(name: &str) -> bool {
    let is_odd = |c: char| c.is_whitespace() || matches!(c, '.' | '[' | ']' | '"');
    !name.is_empty() && !name.starts_with('/') && !name.contains(is_odd) && is_visible(name)
}

/// Returns whether a text reads as itself behind an equals sign: not as a number or a JSON string.
fn is_plain_value(text: &str) -> bool {
    let is_odd = |c: char| matches!(c, '[' | ']' | '"');
    !text.is_empty()
        && text == text.trim()
        && !text.contains(is_odd)
        && is_visible(text)
        && Number::read(text).is_none()
}

fn is_visible(text: &str) -> bool {
    visible(text) == text
}

/// Reads a key from its beginning to its end.
struct Reader<'a> {
    key: &'a str,
    rest: &'a str,
    steps: Vec<Step>,
}

impl<'a> Reader<'a> {
    fn of(key: &'a str) -> Self {
        let behind = key.strip_prefix(ROOT);
        let behind = behind.filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        Self::behind_root(key, behind.unwrap_or(key))
    }

    fn behind_root(key: &'a str, rest: &'a str) -> Self {
        Self {
            key,
            rest,
            steps: Vec::new(),
        }
    }

    fn read(mut self) -> Result<Path, PathError> {
        if self.rest.len() < self.key.len() {
            self.separator()?;
        }
        while !self.rest.is_empty() {
            match self.rest.strip_prefix('[') {
                Some(inside) => self.brackets(inside)?,
                None => self.name()?,
            }
            self.separator()?;
        }
        Ok(Path(self.steps))
    }

    fn name(&mut self) -> Result<(), PathError> {
        let end = self.rest.find(['.', '[', ']']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            let key = self.key.to_owned();
            return Err(PathError::Empty { key });
        }
        self.steps.push(Step::Part(name.to_owned()));
        self.rest = rest;
        Ok(())
    }

    fn brackets(&mut self, inside: &'a str) -> Result<(), PathError> {
        let end = end_of_brackets(inside).ok_or_else(|| self.unreadable())?;
        let (text, rest) = (&inside[..end], &inside[end + 1..]);
        let step = selector(text).ok_or_else(|| PathError::Brackets {
            key: self.key.to_owned(),
            inside: text.to_owned(),
        })?;
        self.steps.push(step);
        self.rest = rest;
        Ok(())
    }

    /// Reads what separates a step: a dot before a name; optional before a bracket.
    fn separator(&mut self) -> Result<(), PathError> {
        match self.rest.chars().next() {
            None | Some('[') => Ok(()),
            Some('.') if self.rest.len() > 1 => {
                self.rest = &self.rest[1..];
                Ok(())
            }
            Some('.') => Err(PathError::Empty {
                key: self.key.to_owned(),
            }),
            Some(_) => Err(self.unreadable()),
        }
    }

    fn unreadable(&self) -> PathError {
        PathError::Unreadable {
            key: self.key.to_owned(),
            rest: self.rest.to_owned(),
        }
    }
}

/// Returns where the bracket closes that a text is inside of: not within a JSON string.
fn end_of_brackets(inside: &str) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (place, c) in inside.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ']' if !is_quoted => return Some(place),
            _ => {}
        }
    }
    None
}

/// Reads the text in brackets.
fn selector(text: &str) -> Option<Step> {
    if text.starts_with('"') {
        return serde_json::from_str(text).ok().map(Step::Name);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return keys::index(text).map(Step::Index);
    }
    let (name, value) = text.split_once('=')?;
    let value = match value.starts_with('"') {
        true => serde_json::from_str::<String>(value).ok()?.into(),
        false => match Number::read(value.trim()) {
            Some(number) => Tree::Number(number),
            None => value.into(),
        },
    };
    (!name.is_empty()).then(|| Step::Identity {
        name: name.to_owned(),
        value,
    })
}
