//! Which components and groups were renamed or moved, inferred from two documents alone.
//!
//! A part that is gone and one that appeared with equal content are the same if there is no other
//! candidate: larger parts of the tree first, and among equals those that kept their name or their
//! group. Content is the switches inside and everything said about them: rollouts, descriptions,
//! requirements.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Change;
use super::matching::{Side, pairs};
use crate::tree::{Object, Tree};

/// The sections of a document whose keys are paths.
pub(super) const SECTIONS: [&str; 3] = ["rollouts", "requires", "about"];

/// What was renamed or moved: none of it inside another.
#[derive(Debug, Default)]
pub(super) struct Renames<'a> {
    /// From a path to a path, and what is there.
    found: Vec<(String, String, &'a Tree)>,
    to_by_from: HashMap<String, String>,
}

impl<'a> Renames<'a> {
    /// Infers them from what a comparison in place lists as added and removed.
    pub(super) fn infer(before: &'a Tree, after: &'a Tree, in_place: &[Change]) -> Self {
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

    /// Returns whether what is said about a part of the tree is said about the other one too.
    fn carry_over(
        &self,
        (before, gone, left): (&Tree, &Side<'_>, usize),
        (after, appeared, right): (&Tree, &Side<'_>, usize),
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
        let change = |(from, to, node): &(String, String, &Tree)| Change {
            pointer: pointer(to),
            from: Some(pointer(from)),
            before: Some((*node).clone()),
            after: Some((*node).clone()),
        };
        self.found.iter().map(change).collect()
    }

    /// Returns a document as it is after the renames alone.
    pub(super) fn applied_to(&self, before: &Tree) -> Tree {
        let mut document = before.clone();
        let components = member_mut(&mut document, "components");
        let Some(tree) = components.and_then(Tree::as_object_mut) else {
            return document;
        };
        let mut gone_by_group: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
        for (from, ..) in &self.found {
            let (group, name) = from.rsplit_once('.').unwrap_or(("", from));
            gone_by_group.entry(group).or_default().insert(name);
        }
        for (group, gone) in gone_by_group {
            if let Some(group) = descend(tree, group) {
                group.retain(|name, _| !gone.contains(name));
            }
        }
        for (_, to, node) in &self.found {
            let (group, name) = to.rsplit_once('.').unwrap_or(("", to));
            if let Some(group) = descend(tree, group) {
                group.insert(name.to_owned(), (*node).clone());
            }
        }
        for section in SECTIONS {
            if let Some(Tree::Object(entries)) = member_mut(&mut document, section) {
                let moved = std::mem::take(entries).into_iter().map(|(path, value)| {
                    let value = self.in_value(section, &value);
                    (self.follow(&path).map_or(path, Into::into), value)
                });
                **entries = moved.collect();
            }
        }
        document
    }

    /// Returns what is said in a section, with the paths it names as they are after.
    fn in_value(&self, section: &str, value: &Tree) -> Tree {
        match value {
            Tree::Array(paths) if section == "requires" => {
                let follow = |path: &Tree| match path.as_str().and_then(|path| self.follow(path)) {
                    Some(moved) => moved.into(),
                    None => path.clone(),
                };
                Tree::Array(paths.iter().map(follow).collect())
            }
            other => other.clone(),
        }
    }

    /// Returns the new path of a path; `None` if it is unchanged.
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

fn member_mut<'a>(document: &'a mut Tree, key: &str) -> Option<&'a mut Tree> {
    document.as_object_mut()?.get_mut(key)
}

/// Returns a group of the tree, created if it is missing; `None` if a component is in the way.
fn descend<'a>(tree: &'a mut Object, path: &str) -> Option<&'a mut Object> {
    let mut names = path.split('.').filter(|name| !name.is_empty());
    names.try_fold(tree, |group, name| {
        if !group.contains_key(name) {
            group.insert(name, Object::default().into());
        }
        group.get_mut(name)?.as_object_mut()
    })
}

/// Returns what a section of a document says about a path.
pub(super) fn said<'a>(document: &'a Tree, section: &str, path: &str) -> Option<&'a Tree> {
    document.get(section)?.get(path)
}
