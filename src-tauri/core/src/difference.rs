//! What differs between two states, as a reviewer reads it: a ring that moved on is one line, a
//! list of numbers is how it drifted, what was renamed is not gone.
//!
//! Both trees are what a source has under `ml`. Says nothing of who changed it, or when.

mod lists;
mod moves;
mod place;

use serde_json::{Map, Value};

use self::place::Place;
use crate::limits::{STATE_CHANGES_MAX, VALUE_CHARS_SHOWN};
use crate::tree::same;

/// How to compare.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Numbers count as equal that differ by no more than this share of the larger one, 0 to 1.
    pub tolerance: f64,
    /// Names of keys whose changes are noise.
    pub noise: Vec<String>,
}

/// What differs between two states.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// The first [`STATE_CHANGES_MAX`] changes, in the order of the later state; in an object,
    /// what went comes last.
    pub changes: Vec<Change>,
    /// How many there are in all.
    pub total: usize,
    /// How many of them are noise.
    pub noise: usize,
    /// Numbers that differ within the tolerance.
    pub tolerated: usize,
    /// Groups of the later state in which nothing differs, as JSON Pointers.
    pub unchanged: Vec<String>,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where: a JSON Pointer into the later state, or into the earlier one where it went.
    pub pointer: String,
    /// The keys from its group to it, an element of a list by its key, as in `files[id=7].name`;
    /// of a group itself, its name.
    pub path: String,
    /// The group it belongs to, as a dotted key: `ml.flags`, `ml.metrics.performance`.
    pub group: String,
    /// What happened.
    pub kind: Kind,
    /// Where it was before, if it moved.
    pub from: Option<String>,
    /// What it was; of a list of which elements came or went, those that went.
    pub before: Option<Excerpt>,
    /// What it is; of a list of which elements came or went, those that came.
    pub after: Option<Excerpt>,
    /// What happened to the elements of a list.
    pub list: Option<ListChange>,
    /// How a list of numbers drifted.
    pub series: Option<SeriesChange>,
    /// Whether it is noise.
    pub is_noise: bool,
}

/// What happened to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It appeared.
    Added,
    /// It went.
    Removed,
    /// It is another one.
    Changed,
    /// It has another name or place.
    Moved,
    /// Elements of a list came or went.
    List,
    /// A list of numbers changed.
    Series,
}

/// A value as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The first [`VALUE_CHARS_SHOWN`] characters of its JSON text.
    pub text: String,
    /// Whether that is all of it.
    pub is_whole: bool,
}

/// What happened to the elements of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListChange {
    /// The key that elements were told apart by.
    pub key: Option<String>,
    /// Whether it is a ring that moved on.
    pub is_shifted: bool,
    /// Elements that went.
    pub dropped: usize,
    /// Elements that came.
    pub added: usize,
    /// Elements that stand elsewhere.
    pub moved: usize,
    /// Elements that stayed and differ.
    pub changed: usize,
    /// Elements before.
    pub length_before: usize,
    /// Elements after.
    pub length_after: usize,
}

/// How a list of numbers drifted.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesChange {
    /// The numbers before, or means of neighbours where there are more than a small chart shows.
    pub before: Vec<f64>,
    /// The numbers after, likewise.
    pub after: Vec<f64>,
    /// The mean before.
    pub mean_before: Option<f64>,
    /// The mean after.
    pub mean_after: Option<f64>,
    /// What 95 in a hundred did not exceed before (nearest rank).
    pub p95_before: Option<f64>,
    /// The same after.
    pub p95_after: Option<f64>,
    /// The largest difference between two numbers that belong together.
    pub largest_change: Option<f64>,
}

/// Compares two states.
pub fn difference(before: &Value, after: &Value, options: &Options) -> Difference {
    let mut found = Found {
        options,
        changes: Vec::new(),
        tolerated: 0,
    };
    found.value(&Place::default(), before, after);
    let Found {
        changes, tolerated, ..
    } = found;
    let changes = moves::joined(changes);
    Difference {
        total: changes.len(),
        noise: changes.iter().filter(|raw| raw.is_noise(options)).count(),
        tolerated,
        unchanged: unchanged(after, &changes),
        changes: changes
            .iter()
            .take(STATE_CHANGES_MAX)
            .map(|raw| raw.shown(options))
            .collect(),
    }
}

/// A difference while it is looked for.
struct Found<'a> {
    options: &'a Options,
    changes: Vec<Raw<'a>>,
    tolerated: usize,
}

/// A change before anything is made of it.
struct Raw<'a> {
    place: Place,
    kind: Kind,
    from: Option<Place>,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    /// Elements that went, and those that came.
    elements: (Vec<&'a Value>, Vec<&'a Value>),
    list: Option<ListChange>,
    series: Option<SeriesChange>,
}

impl<'a> Found<'a> {
    fn value(&mut self, at: &Place, before: &'a Value, after: &'a Value) {
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => self.members(at, old, new),
            _ if same(before, after) => {}
            (Value::Array(old), Value::Array(new)) => self.lists(at, old, new),
            _ if self.tolerates(before, after) => self.tolerated += 1,
            _ => self.push(at, Kind::Changed, Some(before), Some(after)),
        }
    }

    fn members(&mut self, at: &Place, old: &'a Map<String, Value>, new: &'a Map<String, Value>) {
        // Mostly the same keys in the same order, which no look-up is needed for.
        if old.len() == new.len() && old.keys().eq(new.keys()) {
            for ((key, before), after) in old.iter().zip(new.values()) {
                if !same(before, after) {
                    self.value(&at.key(key), before, after);
                }
            }
            return;
        }
        for (key, after) in new {
            match old.get(key) {
                Some(before) if same(before, after) => {}
                Some(before) => self.value(&at.key(key), before, after),
                None => self.push(&at.key(key), Kind::Added, None, Some(after)),
            }
        }
        for (key, before) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
            self.push(&at.key(key), Kind::Removed, Some(before), None);
        }
    }

    fn tolerates(&self, before: &Value, after: &Value) -> bool {
        match (before.as_f64(), after.as_f64()) {
            (Some(before), Some(after)) => is_within(before, after, self.options.tolerance),
            _ => false,
        }
    }

    fn push(
        &mut self,
        at: &Place,
        kind: Kind,
        before: Option<&'a Value>,
        after: Option<&'a Value>,
    ) {
        self.changes.push(Raw {
            place: at.clone(),
            kind,
            from: None,
            before,
            after,
            elements: (Vec::new(), Vec::new()),
            list: None,
            series: None,
        });
    }
}

/// Says whether two numbers differ by no more than a share of the larger one.
fn is_within(one: f64, other: f64, tolerance: f64) -> bool {
    tolerance > 0.0 && (one - other).abs() <= tolerance * one.abs().max(other.abs())
}

impl Raw<'_> {
    fn is_noise(&self, options: &Options) -> bool {
        let is_noisy = |key: &str| options.noise.iter().any(|noise| noise == key);
        self.place.keys().any(is_noisy)
    }

    fn shown(&self, options: &Options) -> Change {
        let (went, came) = &self.elements;
        let part = |elements: &[&Value]| (!elements.is_empty()).then(|| excerpt_of(elements));
        Change {
            pointer: match self.kind {
                Kind::Removed => self.place.pointer_before(),
                _ => self.place.pointer(),
            },
            path: self.place.path(),
            group: self.place.group(),
            kind: self.kind,
            from: self.from.as_ref().map(Place::pointer_before),
            before: self.before.map(excerpt).or_else(|| part(went)),
            after: self.after.map(excerpt).or_else(|| part(came)),
            list: self.list.clone(),
            series: self.series.clone(),
            is_noise: self.is_noise(options),
        }
    }
}

/// Returns the beginning of a value's JSON text.
pub fn excerpt(value: &Value) -> Excerpt {
    match value {
        // A long one is not written whole only to be cut.
        Value::String(text) if text.len() > 4 * VALUE_CHARS_SHOWN => {
            let cut: String = text.chars().take(VALUE_CHARS_SHOWN).collect();
            Excerpt {
                text: Value::String(cut).to_string(),
                is_whole: false,
            }
        }
        Value::Array(elements) => excerpt_of(&elements.iter().collect::<Vec<_>>()),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| {
                let value = excerpt(value);
                let text = format!("{}:{}", Value::String(key.clone()), value.text);
                (text, value.is_whole)
            });
            joined('{', members, '}')
        }
        leaf => cut(leaf.to_string(), true),
    }
}

fn excerpt_of(elements: &[&Value]) -> Excerpt {
    let elements = elements.iter().map(|element| {
        let element = excerpt(element);
        (element.text, element.is_whole)
    });
    joined('[', elements, ']')
}

/// Joins parts until there is enough to show.
fn joined(open: char, parts: impl Iterator<Item = (String, bool)>, close: char) -> Excerpt {
    let mut text = String::from(open);
    let mut is_whole = true;
    for (place, (part, is_whole_part)) in parts.enumerate() {
        if text.len() > 4 * VALUE_CHARS_SHOWN {
            return cut(text, false);
        }
        if place > 0 {
            text.push(',');
        }
        text.push_str(&part);
        is_whole &= is_whole_part;
    }
    text.push(close);
    cut(text, is_whole)
}

fn cut(text: String, is_whole: bool) -> Excerpt {
    match text.char_indices().nth(VALUE_CHARS_SHOWN) {
        None => Excerpt { text, is_whole },
        Some((end, _)) => Excerpt {
            text: text[..end].to_owned(),
            is_whole: false,
        },
    }
}

/// Lists the groups of a state in which nothing differs.
fn unchanged(after: &Value, changes: &[Raw<'_>]) -> Vec<String> {
    let touched: std::collections::HashSet<String> =
        changes.iter().map(|raw| raw.place.group()).collect();
    let groups = place::groups(after).into_iter();
    groups
        .filter(|group| !touched.contains(&group.group()))
        .map(|group| group.pointer())
        .collect()
}
