//! Edits of the tree itself: components and groups are added, renamed, moved or removed, with
//! everything said about them.

use std::collections::{BTreeMap, BTreeSet};

use super::{EditError, missing, refused};
use crate::document::{ComponentPath, FlagDocument, Group, Node};
use crate::problem::{Code, listed};

/// Adds a node at the end of its group, and creates missing groups on the way.
pub(super) fn add(
    document: &mut FlagDocument,
    path: &ComponentPath,
    node: Node,
) -> Result<(), EditError> {
    let mut segments: Vec<&str> = path.segments().collect();
    let name = segments.pop().expect("a path has a segment");
    let mut group = &mut document.components;
    for segment in segments {
        let inner = group
            .entry(segment.to_owned())
            .or_insert_with(|| Node::Group(Group::new()));
        group = match inner {
            Node::Group(inner) => inner,
            Node::Component(_) => {
                return Err(taken(
                    path,
                    &format!("{segment} is a component, not a group"),
                ));
            }
        };
    }
    if group.contains_key(name) {
        return Err(taken(path, "there is one of that name already"));
    }
    group.insert(name.to_owned(), node);
    Ok(())
}

/// Gives a node another path; everything said about it and every requirement of it follows.
pub(super) fn relocate(
    document: &mut FlagDocument,
    from: &ComponentPath,
    to: &ComponentPath,
) -> Result<(), EditError> {
    if from == to {
        return Ok(());
    }
    if rest_within(to, from).is_some() {
        return Err(taken(to, "a group cannot be put into itself"));
    }
    let (place, node) = take(document, from).ok_or_else(|| missing(document, from))?;
    add(document, to, node)?;
    if parent(from) == parent(to) {
        let group = siblings(document, to).expect("it was put there above");
        group.move_index(group.len() - 1, place);
    }
    let follow = |path: &mut ComponentPath| {
        if let Some(rest) = rest_within(path, from) {
            // Validation checks the depth, and names every path that is too deep.
            *path = ComponentPath::unchecked(format!("{to}{rest}"));
        }
    };
    rename_keys(&mut document.rollouts, follow);
    rename_keys(&mut document.about, follow);
    rename_keys(&mut document.requires, follow);
    document.requires.values_mut().flatten().for_each(follow);
    Ok(())
}

/// Removes nodes with everything said about them. If others require them, it is refused, or with
/// `release` these requirements are removed too.
pub(super) fn remove(
    document: &mut FlagDocument,
    paths: &[ComponentPath],
    release: bool,
) -> Result<(), EditError> {
    let gone: BTreeSet<&str> = paths.iter().map(ComponentPath::as_str).collect();
    for path in paths {
        // It may have been removed with a group.
        if take(document, path).is_none() && !parent(path).is_some_and(|group| is_in(group, &gone))
        {
            return Err(missing(document, path));
        }
    }
    let stays = |path: &ComponentPath| !is_in(path.as_str(), &gone);
    document.rollouts.retain(|path, _| stays(path));
    document.about.retain(|path, _| stays(path));
    document.requires.retain(|path, _| stays(path));
    let mut dependents = Vec::new();
    document.requires.retain(|path, required| {
        let before = required.len();
        required.retain(stays);
        if required.len() < before {
            dependents.push(path.as_str().to_owned());
        }
        required.len() == before || !required.is_empty()
    });
    match dependents.is_empty() || release {
        true => Ok(()),
        false => Err(still_required(&dependents)),
    }
}

fn taken(path: &ComponentPath, reason: &str) -> EditError {
    refused(
        Code::NameTaken,
        format!("{path} cannot be there: {reason}."),
    )
}

fn still_required(dependents: &[String]) -> EditError {
    let verb = match dependents.len() {
        1 => "requires",
        _ => "require",
    };
    let message = format!("{} {verb} what would be removed.", listed(dependents));
    refused(Code::StillRequired, message)
}

/// Returns whether a path, or a group around it, is among `gone`.
fn is_in(path: &str, gone: &BTreeSet<&str>) -> bool {
    let ends = path.match_indices('.').map(|(end, _)| end);
    ends.chain([path.len()])
        .any(|end| gone.contains(&path[..end]))
}

/// Returns what follows `group` in `path`: empty or `.rest`; `None` if `path` is outside of it.
fn rest_within<'a>(path: &'a ComponentPath, group: &ComponentPath) -> Option<&'a str> {
    let rest = path.as_str().strip_prefix(group.as_str())?;
    (rest.is_empty() || rest.starts_with('.')).then_some(rest)
}

fn rename_keys<T>(map: &mut BTreeMap<ComponentPath, T>, rename: impl Fn(&mut ComponentPath)) {
    let entries = std::mem::take(map).into_iter().map(|(mut path, value)| {
        rename(&mut path);
        (path, value)
    });
    *map = entries.collect();
}

/// Removes a node from its group, and returns its place there.
fn take(document: &mut FlagDocument, path: &ComponentPath) -> Option<(usize, Node)> {
    let name = path.segments().last().expect("a path has a segment");
    let (place, _, node) = siblings(document, path)?.shift_remove_full(name)?;
    Some((place, node))
}

/// Returns the group that a path is directly in.
fn siblings<'a>(document: &'a mut FlagDocument, path: &ComponentPath) -> Option<&'a mut Group> {
    let mut group = &mut document.components;
    for segment in parent(path).iter().flat_map(|parent| parent.split('.')) {
        group = match group.get_mut(segment)? {
            Node::Group(inner) => inner,
            Node::Component(_) => return None,
        };
    }
    Some(group)
}

fn parent(path: &ComponentPath) -> Option<&str> {
    path.as_str().rsplit_once('.').map(|(parent, _)| parent)
}
