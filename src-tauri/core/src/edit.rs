//! The edits people make: (document, edit) → document.
//!
//! An edit says what is wanted, not what the result looks like, so it can be applied again to a
//! document that was changed in between.

mod structure;

use serde::Deserialize;

use crate::document::{
    About, ComponentPath, FlagDocument, Group, Node, Percentage, Rollout, Strategy,
};
use crate::problem::{Code, Problem, quote};
use crate::tree::{Object, Tree};
use crate::validate::{
    Checked, check_patched_keys, read_document, read_patch, validate, validate_value,
};

/// One edit.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Turns the master switch.
    SetMaster {
        /// Its new position.
        on: bool,
    },
    /// Switches components; a group stands for every component under it.
    SetComponents {
        /// Components and groups.
        paths: Vec<ComponentPath>,
        /// Their new position.
        on: bool,
    },
    /// Changes a rollout: a component's custom rollout (first a copy of the document's, if it has
    /// none), or the document's.
    SetRollout {
        /// The component; `None` for the document's rollout.
        component: Option<ComponentPath>,
        /// What to change.
        change: RolloutChange,
    },
    /// Removes a component's custom rollout: it follows the document's again.
    ClearRollout {
        /// The component.
        component: ComponentPath,
    },
    /// Adds a component, with the groups around it that are missing.
    AddComponent {
        /// Its path, which must not exist yet.
        path: ComponentPath,
        /// Its switch.
        on: bool,
    },
    /// Adds an empty group, with the groups around it that are missing.
    AddGroup {
        /// Its path, which must not exist yet.
        path: ComponentPath,
    },
    /// Gives a component or group another path. Everything said about it and every requirement
    /// of it moves along; within one group it keeps its place.
    Move {
        /// Where it is.
        from: ComponentPath,
        /// Its new path, which must not exist yet.
        to: ComponentPath,
    },
    /// Removes components and groups, with everything said about them.
    Remove {
        /// Components and groups.
        paths: Vec<ComponentPath>,
        /// Whether other components stop requiring them; if not, the edit is refused while any
        /// does.
        release: bool,
    },
    /// Changes what people should know about a component or group.
    Describe {
        /// The component or group.
        path: ComponentPath,
        /// What to change.
        change: AboutChange,
    },
    /// Says what a component requires, in place of what it required before.
    SetRequires {
        /// The component.
        component: ComponentPath,
        /// The components it requires; none to require nothing.
        requires: Vec<ComponentPath>,
    },
    /// Several edits as one, each applied to what those before it made.
    Batch(Vec<Edit>),
    /// Replaces the whole document by another one, as JSON text.
    Replace(Vec<u8>),
    /// Applies a JSON Merge Patch (RFC 7396), as JSON text.
    Patch(Vec<u8>),
}

/// Changes to a rollout; what is not given stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RolloutChange {
    /// The share of all users.
    pub percentage: Option<Percentage>,
    /// The whole list of groups.
    pub user_groups: Option<Vec<String>>,
    /// The strategy.
    pub strategy: Option<Strategy>,
}

/// Changes to a description; what is not given stays.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields))]
pub struct AboutChange {
    /// A name for people; empty to have none.
    pub title: Option<String>,
    /// What it does; empty to say nothing.
    pub description: Option<String>,
    /// Who answers for it; empty for no owner.
    pub owner: Option<String>,
    /// The whole list of tags.
    pub tags: Option<Vec<String>>,
    /// The day it should be gone, `YYYY-MM-DD`; empty for no day.
    pub expires: Option<String>,
}

/// Why an edit was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EditError {
    /// A name leads to nothing, or to a group where a component is needed.
    #[error("{message}")]
    NotFound {
        /// What was looked for, and similar names.
        message: String,
    },
    /// The document that the edit would make has errors.
    #[error("the document would not be valid")]
    Invalid(Vec<Problem>),
}

impl Edit {
    /// Returns whether it is JSON from elsewhere, a document or a patch of one, or contains such
    /// JSON. Of the edits only [`Edit::Remove`] removes anything, and names it.
    pub fn has_json(&self) -> bool {
        match self {
            Self::Replace(_) | Self::Patch(_) => true,
            Self::Batch(edits) => edits.iter().any(Self::has_json),
            Self::SetMaster { .. }
            | Self::SetComponents { .. }
            | Self::SetRollout { .. }
            | Self::ClearRollout { .. }
            | Self::AddComponent { .. }
            | Self::AddGroup { .. }
            | Self::Move { .. }
            | Self::Remove { .. }
            | Self::Describe { .. }
            | Self::SetRequires { .. } => false,
        }
    }
}

fn refused(code: Code, message: String) -> EditError {
    EditError::Invalid(vec![Problem::error(code, "", message)])
}

/// Applies an edit and checks the result.
///
/// # Errors
/// [`EditError`] if it cannot be applied; `document` itself is never touched.
pub fn apply(document: &FlagDocument, edit: &Edit) -> Result<Checked, EditError> {
    match edit {
        Edit::Replace(bytes) => read_document(bytes).map_err(EditError::Invalid),
        Edit::Patch(bytes) => patch(document, bytes),
        edit => {
            let mut next = document.clone();
            make(&mut next, edit)?;
            validate(&next.to_bytes()).map_err(EditError::Invalid)
        }
    }
}

/// Applies an edit without checking the result.
fn make(document: &mut FlagDocument, edit: &Edit) -> Result<(), EditError> {
    match edit {
        Edit::SetMaster { on } => document.enabled = *on,
        Edit::SetComponents { paths, on } => {
            for path in paths {
                match document.node_mut(path) {
                    Some(node) => switch(node, *on),
                    None => return Err(missing(document, path)),
                }
            }
        }
        Edit::SetRollout { component, change } => {
            rollout_for(document, component.as_ref())?.change(change);
        }
        Edit::ClearRollout { component } => {
            require_component(document, component)?;
            document.rollouts.remove(component);
        }
        Edit::AddComponent { path, on } => structure::add(document, path, Node::Component(*on))?,
        Edit::AddGroup { path } => structure::add(document, path, Node::Group(Group::new()))?,
        Edit::Move { from, to } => structure::relocate(document, from, to)?,
        Edit::Remove { paths, release } => structure::remove(document, paths, *release)?,
        Edit::Describe { path, change } => describe(document, path, change)?,
        Edit::SetRequires {
            component,
            requires,
        } => {
            require_component(document, component)?;
            match requires.is_empty() {
                true => document.requires.remove(component),
                false => document
                    .requires
                    .insert(component.clone(), requires.clone()),
            };
        }
        Edit::Batch(edits) => edits.iter().try_for_each(|edit| make(document, edit))?,
        whole @ (Edit::Replace(_) | Edit::Patch(_)) => {
            *document = apply(document, whole)?.document;
        }
    }
    Ok(())
}

fn missing(document: &FlagDocument, path: &ComponentPath) -> EditError {
    EditError::NotFound {
        message: not_found(document, path.as_str()),
    }
}

fn describe(
    document: &mut FlagDocument,
    path: &ComponentPath,
    change: &AboutChange,
) -> Result<(), EditError> {
    if document.node(path).is_none() {
        return Err(missing(document, path));
    }
    let mut about = document.about.remove(path).unwrap_or_default();
    let line = |field: &mut Option<String>, change: &Option<String>| {
        if let Some(text) = change {
            *field = Some(text.clone()).filter(|text| !text.is_empty());
        }
    };
    line(&mut about.title, &change.title);
    line(&mut about.description, &change.description);
    line(&mut about.owner, &change.owner);
    if let Some(tags) = &change.tags {
        about.tags.clone_from(tags);
    }
    match change.expires.as_deref() {
        None => {}
        Some("") => about.expires = None,
        Some(day) => about.expires = Some(read_day(path, day)?),
    }
    if about != About::default() {
        document.about.insert(path.clone(), about);
    }
    Ok(())
}

fn read_day(path: &ComponentPath, day: &str) -> Result<jiff::civil::Date, EditError> {
    day.parse().map_err(|_| {
        let message = format!(
            "The day {path} expires must be a calendar date such as 2027-01-31, not {}.",
            quote(day)
        );
        refused(Code::BadDate, message)
    })
}

fn patch(document: &FlagDocument, bytes: &[u8]) -> Result<Checked, EditError> {
    let patch = read_patch(bytes).map_err(EditError::Invalid)?;
    let new_keys = patch
        .iter()
        .filter(|(key, value)| **value != Tree::Null && !document.unknown.contains_key(key));
    let new_keys = new_keys.map(|(key, value)| (key.into(), value.clone()));
    check_patched_keys(new_keys.collect()).map_err(EditError::Invalid)?;
    let mut tree = document.to_tree();
    merge(&mut tree, patch);
    validate_value(&tree).map_err(EditError::Invalid)
}

/// Merges a patch (RFC 7396) and keeps the order of the other keys, which people see as the order
/// of the component tree.
fn merge(target: &mut Tree, patch: Object) {
    if target.as_object().is_none() {
        *target = Object::default().into();
    }
    let object = target.as_object_mut().expect("it was made an object above");
    for (key, value) in patch {
        match value {
            Tree::Null => {
                object.remove(&key);
            }
            Tree::Object(inner) => merge(object.get_or_insert(key), *inner),
            other => object.insert(key, other),
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
        unknown: Object::default(),
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
            message: format!("only components have this, and {path} is a group"),
        }),
        None => Err(EditError::NotFound {
            message: not_found(document, path.as_str()),
        }),
    }
}

/// Makes the error for a name that leads nowhere, with similar names.
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

/// Returns the Levenshtein distance in bytes, which for component names are characters, without
/// regard to case.
pub fn distance(a: &str, b: &str) -> usize {
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
