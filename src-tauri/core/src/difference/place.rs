//! Where something is in a state: for programs as a JSON Pointer, for people by groups and keys.

use serde_json::Value;

use crate::tree::keys;

/// The member of a state whose members are groups of their own.
const GROUPED: &str = "metrics";

/// A place in a state.
#[derive(Debug, Clone, Default)]
pub(super) struct Place(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    /// A member of an object.
    Key(String),
    /// An element of a list.
    Element {
        /// Its index in the earlier state.
        before: usize,
        /// Its index in the later state.
        after: usize,
        /// What tells it from others, where something does.
        name: Option<String>,
    },
}

impl Place {
    /// Returns the place of a member.
    pub(super) fn key(&self, key: &str) -> Self {
        self.with(Part::Key(key.to_owned()))
    }

    /// Returns the place of an element.
    pub(super) fn element(&self, before: usize, after: usize, name: Option<String>) -> Self {
        self.with(Part::Element {
            before,
            after,
            name,
        })
    }

    fn with(&self, part: Part) -> Self {
        let mut parts = Vec::with_capacity(self.0.len() + 1);
        parts.extend(self.0.iter().cloned());
        parts.push(part);
        Self(parts)
    }

    /// Returns the keys on the way.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Key(key) => Some(key.as_str()),
            Part::Element { .. } => None,
        })
    }

    /// Returns where it is in the later state.
    pub(super) fn pointer(&self) -> String {
        self.pointer_by(|_, after| after)
    }

    /// Returns where it was in the earlier state.
    pub(super) fn pointer_before(&self) -> String {
        self.pointer_by(|before, _| before)
    }

    fn pointer_by(&self, index: impl Fn(usize, usize) -> usize) -> String {
        self.0.iter().fold(String::new(), |at, part| match part {
            Part::Key(key) => keys::at(&at, key),
            Part::Element { before, after, .. } => format!("{at}/{}", index(*before, *after)),
        })
    }

    /// Returns its group as a dotted key.
    pub(super) fn group(&self) -> String {
        let parts = &self.0[..self.group_depth()];
        parts
            .iter()
            .fold("ml".to_owned(), |group, part| match part {
                Part::Key(key) => format!("{group}.{key}"),
                Part::Element { after, .. } => format!("{group}.{after}"),
            })
    }

    /// Returns the way from its group to it; of a group, its name.
    pub(super) fn path(&self) -> String {
        let depth = self.group_depth();
        let parts = match self.0.len() > depth {
            true => &self.0[depth..],
            false => &self.0[depth.saturating_sub(1)..],
        };
        let mut path = String::new();
        for part in parts {
            match part {
                Part::Key(key) if path.is_empty() => path.push_str(key),
                Part::Key(key) => {
                    path.push('.');
                    path.push_str(key);
                }
                Part::Element {
                    name: Some(name), ..
                } => path.push_str(&format!("[{name}]")),
                Part::Element { after, .. } => path.push_str(&format!("[{after}]")),
            }
        }
        path
    }

    fn group_depth(&self) -> usize {
        let is_grouped = matches!(self.0.first(), Some(Part::Key(key)) if key == GROUPED);
        self.0.len().min(if is_grouped { 2 } else { 1 })
    }
}

/// Lists the groups of a state.
pub(super) fn groups(tree: &Value) -> Vec<Place> {
    let root = Place::default();
    let members = tree.as_object().into_iter().flatten();
    members
        .flat_map(|(key, value)| match value {
            Value::Object(inner) if key == GROUPED => {
                inner.keys().map(|name| root.key(key).key(name)).collect()
            }
            _ => vec![root.key(key)],
        })
        .collect()
}
