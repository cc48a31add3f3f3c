//! The edits people make: (document, edit) → document.
//!
//! An edit says what is wanted, not what the result looks like, so it can be applied again to a
//! document that somebody else changed in between.

use serde_json::{Map, Value};

use crate::document::{ComponentPath, FlagDocument, Node, Percentage, Rollout, Strategy};
use crate::problem::{Problem, quote};
use crate::validate::{Checked, read_patch, validate, validate_value};

/// One edit.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Turns the master switch.
    SetMaster {
        /// Its new position.
        on: bool,
    },
    /// Switches components; a group stands for every component beneath it.
    SetComponents {
        /// Components and groups.
        paths: Vec<ComponentPath>,
        /// Their new position.
        on: bool,
    },
    /// Changes a rollout: a component's own (a copy of the document's, where it has none yet),
    /// or the document's.
    SetRollout {
        /// The component; none for the document's rollout.
        component: Option<ComponentPath>,
        /// What is new about it.
        change: RolloutChange,
    },
    /// Takes a component's own rollout away: it follows the document's again.
    ClearRollout {
        /// The component.
        component: ComponentPath,
    },
    /// Puts another document, as JSON text, in the place of all.
    Replace(Vec<u8>),
    /// Applies a JSON Merge Patch (RFC 7396), as JSON text.
    Patch(Vec<u8>),
}

/// What is new about a rollout; what is not given stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RolloutChange {
    /// The share of all users.
    pub percentage: Option<Percentage>,
    /// The whole list of groups.
    pub user_groups: Option<Vec<String>>,
    /// The strategy.
    pub strategy: Option<Strategy>,
}

/// Why an edit was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EditError {
    /// A name leads to nothing, or to a group where a component is needed.
    #[error("{message}")]
    NotFound {
        /// What was looked for, and what comes close.
        message: String,
    },
    /// The document that the edit would make has errors.
    #[error("the document would not be valid")]
    Invalid(Vec<Problem>),
}

/// Applies an edit and checks what it makes.
///
/// # Errors
/// [`EditError`] where it cannot be applied; `document` itself is never touched.
pub fn apply(document: &FlagDocument, edit: &Edit) -> Result<Checked, EditError> {
    let mut next = document.clone();
    match edit {
        Edit::SetMaster { on } => next.enabled = *on,
        Edit::SetComponents { paths, on } => {
            for path in paths {
                let node = next.node_mut(path).ok_or_else(|| EditError::NotFound {
                    message: not_found(document, path.as_str()),
                })?;
                switch(node, *on);
            }
        }
        Edit::SetRollout { component, change } => {
            rollout_for(&mut next, component.as_ref())?.change(change);
        }
        Edit::ClearRollout { component } => {
            require_component(document, component)?;
            next.rollouts.remove(component);
        }
        Edit::Replace(bytes) => return validate(bytes).map_err(EditError::Invalid),
        Edit::Patch(bytes) => return patch(document, bytes),
    }
    validate(&next.to_bytes()).map_err(EditError::Invalid)
}

fn patch(document: &FlagDocument, bytes: &[u8]) -> Result<Checked, EditError> {
    let patch = read_patch(bytes).map_err(EditError::Invalid)?;
    let mut tree = document.to_value();
    merge(&mut tree, patch);
    validate_value(&tree).map_err(EditError::Invalid)
}

/// Merges a patch (RFC 7396), leaving the other keys in their order: it is the order of the
/// component tree that people see.
fn merge(target: &mut Value, patch: Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let object = target.as_object_mut().expect("it was made an object above");
    for (key, value) in patch {
        match value {
            Value::Null => {
                object.shift_remove(&key);
            }
            Value::Object(inner) => merge(object.entry(key).or_insert(Value::Null), inner),
            other => {
                object.insert(key, other);
            }
        }
    }
}

fn switch(node: &mut Node, on: bool) {
    match node {
        Node::Component(is_on) => *is_on = on,
        Node::Group(group) => group.values_mut().for_each(|node| switch(node, on)),
    }
}

fn rollout_for<'a>(
    document: &'a mut FlagDocument,
    component: Option<&ComponentPath>,
) -> Result<&'a mut Rollout, EditError> {
    let Some(path) = component else {
        return Ok(&mut document.rollout);
    };
    require_component(document, path)?;
    let copy = || Rollout {
        unknown: serde_json::Map::new(),
        ..document.rollout.clone()
    };
    Ok(document.rollouts.entry(path.clone()).or_insert_with(copy))
}

impl Rollout {
    fn change(&mut self, change: &RolloutChange) {
        if let Some(percentage) = change.percentage {
            self.percentage = percentage;
        }
        if let Some(groups) = &change.user_groups {
            self.user_groups.clone_from(groups);
        }
        if let Some(strategy) = change.strategy {
            self.strategy = strategy;
        }
    }
}

fn require_component(document: &FlagDocument, path: &ComponentPath) -> Result<(), EditError> {
    match document.node(path) {
        Some(Node::Component(_)) => Ok(()),
        Some(Node::Group(_)) => Err(EditError::NotFound {
            message: format!("a rollout belongs to a component, and {path} is a group"),
        }),
        None => Err(EditError::NotFound {
            message: not_found(document, path.as_str()),
        }),
    }
}

/// Says that a name leads nowhere, with the names that come close.
pub fn not_found(document: &FlagDocument, name: &str) -> String {
    let mut near: Vec<(usize, String)> = Vec::new();
    document.for_each_component(|path, _| {
        let distance = distance(name, path);
        if distance <= 2.max(name.len() / 3) || path.ends_with(&format!(".{name}")) {
            near.push((distance, path.to_owned()));
        }
    });
    near.sort();
    let near: Vec<String> = near.into_iter().take(3).map(|(_, path)| path).collect();
    match near.is_empty() {
        true => format!("there is no component or group {}", quote(name)),
        false => format!(
            "there is no component or group {}; did you mean {}?",
            quote(name),
            near.join(" or ")
        ),
    }
}

/// The Levenshtein distance in bytes, which for component names are characters.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(!x.eq_ignore_ascii_case(&y));
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
