//! Which places differ between two documents.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Place;
use crate::document::{ComponentPath, FlagDocument, Group, Node};
use crate::tree::{self, Object, Tree};

/// A place with another value in one document than in another.
#[derive(Debug, Clone, PartialEq)]
pub struct Differing {
    /// The place.
    pub place: Place,
    /// Its value before; `None` for none.
    pub before: Option<Tree>,
    /// Its value after; `None` for none.
    pub after: Option<Tree>,
}

/// Lists the places that differ, in their order. The order of keys is no difference.
pub fn differing(before: &FlagDocument, after: &FlagDocument) -> Vec<Differing> {
    let mut found = Found::default();
    found.compare(Place::Master, &before.enabled, &after.enabled);
    found.compare(Place::Bucketing, &before.bucketing, &after.bucketing);
    found.compare(Place::Rollout, &before.rollout, &after.rollout);
    found.groups("", Some(&before.components), Some(&after.components));
    found.section(Place::CustomRollout, &before.rollouts, &after.rollouts);
    found.section(Place::Requires, &before.requires, &after.requires);
    found.section(Place::About, &before.about, &after.about);
    found.unknown(&before.unknown, &after.unknown);
    let mut found = found.0;
    found.sort_by(|one, other| one.place.cmp(&other.place));
    found
}

/// Returns the value that a place has in a document; `None` for none.
pub fn value(document: &FlagDocument, place: &Place) -> Option<Tree> {
    match place {
        Place::Master => Some(written(&document.enabled)),
        Place::Bucketing => Some(written(&document.bucketing)),
        Place::Rollout => Some(written(&document.rollout)),
        Place::Switch(path) => document.node(path).and_then(leaf),
        Place::CustomRollout(path) => document.rollouts.get(path).map(written),
        Place::Requires(path) => document.requires.get(path).map(written),
        Place::About(path) => document.about.get(path).map(written),
        Place::Unknown(key) => document.unknown.get(key).cloned(),
    }
}

#[derive(Default)]
struct Found(Vec<Differing>);

impl Found {
    fn compare<T: Serialize + PartialEq>(&mut self, place: Place, before: &T, after: &T) {
        if before != after {
            self.add(place, Some(written(before)), Some(written(after)));
        }
    }

    fn add(&mut self, place: Place, before: Option<Tree>, after: Option<Tree>) {
        self.0.push(Differing {
            place,
            before,
            after,
        });
    }

    /// Compares what is directly in two groups of one path, and in their groups.
    fn groups(&mut self, at: &str, before: Option<&Group>, after: Option<&Group>) {
        let old = before.into_iter().flat_map(Group::keys);
        let new = after.into_iter().flat_map(Group::keys);
        let new = new.filter(|name| before.is_none_or(|before| !before.contains_key(*name)));
        for name in old.chain(new) {
            let [before, after] = [before, after].map(|group| group.and_then(|it| it.get(name)));
            if before != after {
                let path = match at {
                    "" => name.clone(),
                    at => format!("{at}.{name}"),
                };
                self.nodes(&path, before, after);
            }
        }
    }

    fn nodes(&mut self, path: &str, before: Option<&Node>, after: Option<&Node>) {
        let [before_leaf, after_leaf] = [before, after].map(|node| node.and_then(leaf));
        if before_leaf != after_leaf {
            let place = Place::Switch(ComponentPath::unchecked(path.to_owned()));
            self.add(place, before_leaf, after_leaf);
        }
        let [before, after] = [before, after].map(|node| match node {
            Some(Node::Group(group)) => Some(group),
            _ => None,
        });
        self.groups(path, before, after);
    }

    fn section<T: Serialize + PartialEq>(
        &mut self,
        place: fn(ComponentPath) -> Place,
        before: &BTreeMap<ComponentPath, T>,
        after: &BTreeMap<ComponentPath, T>,
    ) {
        let paths: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for path in paths {
            let [before, after] = [before, after].map(|section| section.get(path));
            if before != after {
                self.add(place(path.clone()), before.map(written), after.map(written));
            }
        }
    }

    fn unknown(&mut self, before: &Object, after: &Object) {
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let [before, after] = [before, after].map(|unknown| unknown.get(key));
            if before != after {
                let place = Place::Unknown(key.into());
                self.add(place, before.cloned(), after.cloned());
            }
        }
    }
}

/// Returns the value of a node that has one: a component's switch, or `{}` for a group without
/// anything in it.
fn leaf(node: &Node) -> Option<Tree> {
    match node {
        Node::Component(on) => Some(Tree::Bool(*on)),
        Node::Group(group) => group.is_empty().then(|| Object::default().into()),
    }
}

fn written(value: &impl Serialize) -> Tree {
    let text = serde_json::to_vec(value).expect("a part of a document can be written");
    tree::read(&text).expect("it was written above")
}
