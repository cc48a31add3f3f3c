//! The edit that puts who sees a component back to what it was, never to more people.

use crate::audience::Audience;
use crate::diff::documents::changes;
use crate::document::{ComponentPath, FlagDocument, Node, Rollout, Strategy};
use crate::edit::{Edit, RolloutChange, apply};
use crate::limits::ROLLBACK_REVISIONS_MAX;

/// An edit after which fewer people see a component, and no user sees anything they did not see
/// before.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollback {
    /// The edit.
    pub edit: Edit,
    /// What it does, in words.
    pub sentence: String,
}

/// Decides how to roll a component back. `earlier` are the documents of the revisions before,
/// latest first; no more of them are asked for than needed, nor than [`ROLLBACK_REVISIONS_MAX`].
///
/// Puts back its switch and custom rollout, or the default rollout if it uses that, as they were
/// when fewer people saw it last; switches it off if there was no such time, or if that would show
/// something to more people. Returns `None` if no user sees the component.
pub fn roll_back(
    document: &FlagDocument,
    component: &ComponentPath,
    earlier: impl Iterator<Item = FlagDocument>,
) -> Option<Rollback> {
    let audience = Audience::of(document, component.as_str());
    if audience == Audience::Nobody {
        return None;
    }
    let before = last_narrower(document, component, &audience, earlier);
    let back = before.and_then(|(before, path)| put_back(document, component, &before, &path));
    Some(back.unwrap_or_else(|| switch_off(document, component)))
}

/// Finds the latest earlier document in which certainly fewer people saw the component, and what
/// it was called there.
fn last_narrower(
    document: &FlagDocument,
    component: &ComponentPath,
    audience: &Audience<'_>,
    earlier: impl Iterator<Item = FlagDocument>,
) -> Option<(FlagDocument, ComponentPath)> {
    let mut after = document.clone();
    let mut path = component.clone();
    for before in earlier.take(ROLLBACK_REVISIONS_MAX) {
        path = path_before(&before, &after, path)?;
        if Audience::of(&before, path.as_str()).is_narrower_than(audience) {
            return Some((before, path));
        }
        after = before;
    }
    None
}

/// Returns the path that a component had in the document before; `None` if it was not there.
pub fn path_before(
    before: &FlagDocument,
    after: &FlagDocument,
    path: ComponentPath,
) -> Option<ComponentPath> {
    if matches!(before.node(&path), Some(Node::Component(_))) {
        return Some(path);
    }
    let found = changes(&before.to_tree(), &after.to_tree());
    let pointer = pointer_of(path.as_str());
    found.iter().find_map(|change| {
        let from = change.from.as_deref()?.strip_prefix("/components/")?;
        let rest = pointer.strip_prefix(change.pointer.as_str())?;
        let is_itself_or_inside = rest.is_empty() || rest.starts_with('/');
        let path = format!("{from}{rest}").replace('/', ".");
        is_itself_or_inside.then(|| path.parse().ok()).flatten()
    })
}

/// Segments of a path have no character that a JSON Pointer escapes.
fn pointer_of(path: &str) -> String {
    format!("/components/{}", path.replace('.', "/"))
}

/// Makes the component's switch and rollout what they were before; `None` if that is not
/// certainly less for everyone.
fn put_back(
    document: &FlagDocument,
    component: &ComponentPath,
    before: &FlagDocument,
    path: &ComponentPath,
) -> Option<Rollback> {
    let back = match before.node(path) {
        Some(Node::Component(true)) => put_rollout_back(document, component, before, path)?,
        _ => return None,
    };
    let after = apply(document, &back.edit).ok()?.document;
    narrows(document, &after, component).then_some(back)
}

fn put_rollout_back(
    document: &FlagDocument,
    component: &ComponentPath,
    before: &FlagDocument,
    path: &ComponentPath,
) -> Option<Rollback> {
    let own = (before.rollouts.get(path), document.rollouts.get(component));
    match own {
        (Some(then), Some(now)) if !is_same(then, now) => Some(Rollback {
            edit: set(Some(component), then),
            sentence: format!("Sets {component} back to {}", from_to(then, now)),
        }),
        (None, Some(now)) => Some(Rollback {
            edit: Edit::ClearRollout {
                component: component.clone(),
            },
            sentence: format!(
                "Removes the custom rollout of {component} ({}): the default rollout, {}, applies",
                in_words(now),
                in_words(&document.rollout),
            ),
        }),
        (None, None) if !is_same(&before.rollout, &document.rollout) => Some(Rollback {
            edit: set(None, &before.rollout),
            sentence: format!(
                "Sets the default rollout back to {}{}",
                from_to(&before.rollout, &document.rollout),
                also_used_by(document, component),
            ),
        }),
        // A requirement or the master switch changed, or one part of all users would be replaced by
        // another.
        _ => None,
    }
}

fn set(component: Option<&ComponentPath>, rollout: &Rollout) -> Edit {
    Edit::SetRollout {
        component: component.cloned(),
        change: RolloutChange {
            percentage: Some(rollout.percentage),
            user_groups: Some(rollout.user_groups.clone()),
            strategy: Some(rollout.strategy),
        },
    }
}

fn switch_off(document: &FlagDocument, component: &ComponentPath) -> Rollback {
    let edit = Edit::SetComponents {
        paths: vec![component.clone()],
        on: false,
    };
    let after = apply(document, &edit).map(|checked| checked.document);
    let mut others = Vec::new();
    if let Ok(after) = after {
        document.for_each_component(|path, _| {
            let is_other = path != component.as_str();
            let was_seen = Audience::of(document, path) != Audience::Nobody;
            if is_other && was_seen && Audience::of(&after, path) == Audience::Nobody {
                others.push(path.to_owned());
            }
        });
    }
    let tail = match others.as_slice() {
        [] => String::new(),
        [only] => format!(", and with it {only}, which requires it"),
        others => format!(", and with it {} components that require it", others.len()),
    };
    Rollback {
        edit,
        sentence: format!("Switches {component} off{tail}"),
    }
}

/// Returns whether fewer people see the component afterwards, and no user sees anything more.
fn narrows(before: &FlagDocument, after: &FlagDocument, component: &ComponentPath) -> bool {
    let audiences = |path: &str| (Audience::of(after, path), Audience::of(before, path));
    let (now, then) = audiences(component.as_str());
    let mut is_narrower = now.is_narrower_than(&then);
    after.for_each_component(|path, _| {
        let (now, then) = audiences(path);
        is_narrower &= now.is_within(&then);
    });
    is_narrower
}

fn is_same(one: &Rollout, other: &Rollout) -> bool {
    one.percentage == other.percentage
        && one.user_groups == other.user_groups
        && one.strategy == other.strategy
}

/// `5 % (it is 25 %)`, with what else differs.
fn from_to(then: &Rollout, now: &Rollout) -> String {
    let differs_in_share = then.user_groups == now.user_groups && then.strategy == now.strategy;
    match differs_in_share {
        true => format!("{} % (it is {} %)", then.percentage, now.percentage),
        false => format!("{} (it is {})", in_words(then), in_words(now)),
    }
}

fn in_words(rollout: &Rollout) -> String {
    let Rollout {
        percentage,
        user_groups,
        strategy,
        ..
    } = rollout;
    let groups = match user_groups.as_slice() {
        [] => return format!("{percentage} %"),
        [only] => format!("group {only}"),
        several => format!("{} groups", several.len()),
    };
    match strategy {
        Strategy::Feature => format!("{percentage} % of {groups} only"),
        Strategy::Canary => format!("{groups} and {percentage} %"),
        Strategy::BlueGreen => format!("{percentage} %"),
    }
}

fn also_used_by(document: &FlagDocument, component: &ComponentPath) -> String {
    let mut others = 0;
    document.for_each_component(|path, is_on| {
        let uses_default = !document.rollouts.contains_key(path);
        others += usize::from(is_on && uses_default && path != component.as_str());
    });
    match others {
        0 => String::new(),
        1 => ", also for 1 other component".into(),
        others => format!(", also for {others} other components"),
    }
}
