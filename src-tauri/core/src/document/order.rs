//! A document that replaces another one keeps its order of keys and the spelling of numbers under
//! unknown keys; [`crate::tree::order`] has the rule.

use std::collections::BTreeMap;

use super::{About, ComponentPath, FlagDocument, Group, Node, Rollout};
use crate::tree::{Object, Tree, order, settled};

impl FlagDocument {
    /// Returns the document with its keys in the order they have in another one, as far as that has
    /// them. Its meaning stays the same.
    #[must_use]
    pub fn in_order_of(self, old: &Self) -> Self {
        Self {
            components: components(self.components, &old.components),
            rollout: rollout(self.rollout, &old.rollout),
            rollouts: section(self.rollouts, &old.rollouts, rollout),
            about: section(self.about, &old.about, about),
            unknown: unknown(self.unknown, &old.unknown),
            ..self
        }
    }
}

fn components(mut new: Group, old: &Group) -> Group {
    let is_in_order = new.keys().eq(old.keys());
    for (name, node) in &mut new {
        if let (Node::Group(inner), Some(Node::Group(old))) = (node, old.get(name)) {
            *inner = components(std::mem::take(inner), old);
        }
    }
    if is_in_order {
        return new;
    }
    let [before, after] =
        [old, &new].map(|group| group.keys().map(String::as_str).collect::<Vec<_>>());
    let names = order::merged(&before, &after).into_iter();
    let names: Vec<String> = names.map(str::to_owned).collect();
    let entries = names.iter().filter_map(|name| new.swap_remove_entry(name));
    entries.collect()
}

fn rollout(new: Rollout, old: &Rollout) -> Rollout {
    Rollout {
        unknown: unknown(new.unknown, &old.unknown),
        ..new
    }
}

fn about(new: About, old: &About) -> About {
    About {
        unknown: unknown(new.unknown, &old.unknown),
        ..new
    }
}

fn section<T>(
    new: BTreeMap<ComponentPath, T>,
    old: &BTreeMap<ComponentPath, T>,
    keep: fn(T, &T) -> T,
) -> BTreeMap<ComponentPath, T> {
    let kept = new.into_iter().map(|(path, entry)| {
        let entry = match old.get(&path) {
            Some(old) => keep(entry, old),
            None => entry,
        };
        (path, entry)
    });
    kept.collect()
}

fn unknown(new: Object, old: &Object) -> Object {
    if new.is_empty() || old.is_empty() {
        return new;
    }
    match settled(new.into(), &old.clone().into()) {
        Tree::Object(kept) => *kept,
        _ => unreachable!("an object in another order is one"),
    }
}
