//! Which components and groups were renamed or moved, inferred from two documents alone.
//!
//! What is gone and what appeared with equal content is the same, where no other could be
//! meant: larger parts of the tree first, and among equals those that kept their name or
//! their group. Content is the switches beneath and everything said about them: rollouts,
//! descriptions, requirements.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};

use super::Change;
use super::matching::{Side, pairs};

/// The sections of a document whose keys are paths.
pub(super) const SECTIONS: [&str; 3] = ["rollouts", "requires", "about"];

/// What was renamed or moved: none of it inside another.
#[derive(Debug, Default)]
pub(super) struct Renames<'a> {
    /// From a path to a path, and what is there.
    found: Vec<(String, String, &'a Value)>,
    to_by_from: HashMap<String, String>,
}

impl<'a> Renames<'a> {
    /// Infers them from what came and went between two documents, as a comparison in place
    /// tells it.
    pub(super) fn infer(before: &'a Value, after: &'a Value, in_place: &[Change]) -> Self {
        let mut gone = Side::default();
        let mut appeared = Side::default();
        for change in in_place {
            match (&change.before, &change.after) {
                (Some(_), None) => gone.collect(before, &change.pointer),
                (None, Some(_)) => appeared.collect(after, &change.pointer),
                _ => {}
            }
        }
        if gone.nodes.is_empty() || appeared.nodes.is_empty() {
            return Self::default();
        }
        gone.digest(before);
        appeared.digest(after);
        let alike = pairs(&gone, &appeared);
        let supposed = Self::of(&alike, &gone, &appeared);
        let mut sure = alike;
        sure.retain(|(left, right)| {
            gone.nodes[*left].value == appeared.nodes[*right].value
                && supposed.carry_over((before, &gone, *left), (after, &appeared, *right))
        });
        sure.sort_unstable();
        Self::of(&sure, &gone, &appeared)
    }

    fn of(pairs: &[(usize, usize)], gone: &Side<'a>, appeared: &Side<'a>) -> Self {
        let rename = |(left, right): &(usize, usize)| {
            let left = &gone.nodes[*left];
            (
                left.path.clone(),
                appeared.nodes[*right].path.clone(),
                left.value,
            )
        };
        let found: Vec<_> = pairs.iter().map(rename).collect();
        let by_from = found.iter().map(|(from, to, _)| (from.clone(), to.clone()));
        Self {
            to_by_from: by_from.collect(),
            found,
        }
    }

    /// Whether what is said about a part of the tree is said about the other one too.
    fn carry_over(
        &self,
        (before, gone, left): (&Value, &Side<'_>, usize),
        (after, appeared, right): (&Value, &Side<'_>, usize),
    ) -> bool {
        let from = &gone.nodes[left].path;
        let to = &appeared.nodes[right].path;
        gone.inside(left).all(|index| {
            let old = gone.nodes[index].path.as_str();
            let new = format!("{to}{}", &old[from.len()..]);
            SECTIONS.iter().all(|section| {
                let old = said(before, section, old);
                let old = old.map(|value| self.in_value(section, value));
                old.as_ref() == said(after, section, &new)
            })
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn changes(&self) -> Vec<Change> {
        let change = |(from, to, node): &(String, String, &Value)| Change {
            pointer: pointer(to),
            from: Some(pointer(from)),
            before: Some((*node).clone()),
            after: Some((*node).clone()),
        };
        self.found.iter().map(change).collect()
    }

    /// Returns a document as it is after the renames alone.
    pub(super) fn applied_to(&self, before: &Value) -> Value {
        let mut document = before.clone();
        let Some(Value::Object(tree)) = document.get_mut("components") else {
            return document;
        };
        let mut gone_by_group: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
        for (from, ..) in &self.found {
            let (group, name) = from.rsplit_once('.').unwrap_or(("", from));
            gone_by_group.entry(group).or_default().insert(name);
        }
        for (group, gone) in gone_by_group {
            if let Some(group) = descend(tree, group) {
                group.retain(|name, _| !gone.contains(name.as_str()));
            }
        }
        for (_, to, node) in &self.found {
            let (group, name) = to.rsplit_once('.').unwrap_or(("", to));
            if let Some(group) = descend(tree, group) {
                group.insert(name.to_owned(), (*node).clone());
            }
        }
        for section in SECTIONS {
            if let Some(Value::Object(entries)) = document.get_mut(section) {
                let moved = std::mem::take(entries).into_iter().map(|(path, value)| {
                    let value = self.in_value(section, &value);
                    (self.follow(&path).unwrap_or(path), value)
                });
                *entries = moved.collect();
            }
        }
        document
    }

    /// Returns what is said in a section, with the paths it names as they are after.
    fn in_value(&self, section: &str, value: &Value) -> Value {
        match value {
            Value::Array(paths) if section == "requires" => {
                let follow = |path: &Value| match path.as_str().and_then(|path| self.follow(path)) {
                    Some(moved) => Value::String(moved),
                    None => path.clone(),
                };
                Value::Array(paths.iter().map(follow).collect())
            }
            other => other.clone(),
        }
    }

    /// Returns what a path is after; none where it stays.
    fn follow(&self, path: &str) -> Option<String> {
        let ends = path.match_indices('.').map(|(end, _)| end);
        ends.chain([path.len()]).find_map(|end| {
            let to = self.to_by_from.get(&path[..end])?;
            Some(format!("{to}{}", &path[end..]))
        })
    }
}

fn pointer(path: &str) -> String {
    format!("/components/{}", path.replace('.', "/"))
}

/// Returns a group of the tree, made where it is missing; none where a component is in the way.
fn descend<'a>(tree: &'a mut Map<String, Value>, path: &str) -> Option<&'a mut Map<String, Value>> {
    let mut names = path.split('.').filter(|name| !name.is_empty());
    names.try_fold(tree, |group, name| {
        let node = group.entry(name).or_insert_with(|| Map::new().into());
        node.as_object_mut()
    })
}

/// Returns what a section of a document says about a path.
pub(super) fn said<'a>(document: &'a Value, section: &str, path: &str) -> Option<&'a Value> {
    document.get(section)?.get(path)
}
