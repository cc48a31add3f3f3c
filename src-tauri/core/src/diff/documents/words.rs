//! A change in words, for people.

use std::fmt;

use super::{Change, Rename};
use crate::document::{Bucketing, Strategy};
use crate::problem::{listed, quote};
use crate::tree::Tree;

impl fmt::Display for Change {
    /// Says the change in words: `ui.badges: 12.5 % → 25 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.tokens();
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let (before, after) = (self.before.as_ref(), self.after.as_ref());
        if let Some(rename) = self.renamed() {
            return renamed(f, &rename, after);
        }
        match tokens.as_slice() {
            [] => f.write_str("The whole document changed"),
            ["enabled"] => write!(f, "Master switch {}", on_off(after)),
            ["bucketing"] => write!(f, "Bucketing: {} → {}", hashed(before), hashed(after)),
            ["components", path @ ..] if !path.is_empty() => {
                component(f, &path.join("."), before, after)
            }
            ["rollout", field] => rollout_field(f, "Default rollout", field, before, after),
            ["rollouts", path, field] => rollout_field(f, path, field, before, after),
            ["rollouts", path] => own_rollout(f, path, after),
            ["requires", path] => requires(f, path, after),
            ["about", path] => about(f, path, after),
            ["about", path, field] => about_field(f, path, field, before, after),
            ["rollouts" | "requires" | "about"] => self.section(f),
            _ => write!(f, "{} changed", quote(&self.pointer)),
        }
    }
}

impl Change {
    /// A whole optional section was added or removed: list its entries one by one.
    fn section(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentences: Vec<String> = self.inner().iter().map(ToString::to_string).collect();
        f.write_str(&sentences.join("; "))
    }
}

fn renamed(f: &mut fmt::Formatter<'_>, rename: &Rename, node: Option<&Tree>) -> fmt::Result {
    let Rename { from, to } = rename;
    let group = |path: &str| path.rsplit_once('.').map(|(group, _)| group.to_owned());
    let verb = if group(from) == group(to) {
        "renamed"
    } else {
        "moved"
    };
    let kind = if matches!(node, Some(Tree::Object(_))) {
        "Group "
    } else {
        ""
    };
    write!(f, "{kind}{from} {verb} to {to}")
}

fn component(
    f: &mut fmt::Formatter<'_>,
    path: &str,
    before: Option<&Tree>,
    after: Option<&Tree>,
) -> fmt::Result {
    match (before, after) {
        (None, Some(Tree::Bool(true))) => write!(f, "{path} added, on"),
        (None, Some(Tree::Bool(false))) => write!(f, "{path} added, off"),
        (None, Some(group)) => write!(f, "Group {path} added{}", with_components(group)),
        (Some(group @ Tree::Object(_)), None) => {
            write!(f, "Group {path} removed{}", with_components(group))
        }
        (_, None) => write!(f, "{path} removed"),
        (_, Some(Tree::Object(_))) => write!(f, "{path} became a group"),
        (Some(Tree::Object(_)), Some(on)) => {
            write!(f, "{path} became a component, {}", on_off(Some(on)))
        }
        (_, on) => write!(f, "{path} {}", on_off(on)),
    }
}

/// Says how many components are in a group: ` with 3 components`; nothing for an empty one.
fn with_components(group: &Tree) -> String {
    match leaves(group) {
        0 => String::new(),
        1 => " with 1 component".into(),
        count => format!(" with {count} components"),
    }
}

fn leaves(node: &Tree) -> usize {
    match node {
        Tree::Object(group) => group.values().map(leaves).sum(),
        _ => 1,
    }
}

fn rollout_field(
    f: &mut fmt::Formatter<'_>,
    whose: &str,
    field: &str,
    before: Option<&Tree>,
    after: Option<&Tree>,
) -> fmt::Result {
    match field {
        "percentage" => {
            let per_cent = |value: Option<&Tree>| format!("{} %", plain(value));
            write!(f, "{whose}: {} → {}", per_cent(before), per_cent(after))
        }
        "userGroups" => write!(f, "{whose}: groups {}", list_change(before, after)),
        "strategy" => write!(f, "{whose}: {} → {}", strategy(before), strategy(after)),
        other => write!(f, "{whose}: {} changed", quote(other)),
    }
}

fn own_rollout(f: &mut fmt::Formatter<'_>, path: &str, after: Option<&Tree>) -> fmt::Result {
    let Some(rollout) = after else {
        return write!(f, "{path} follows the default rollout");
    };
    let percentage = plain(rollout.get("percentage"));
    let strategy = strategy(rollout.get("strategy"));
    write!(f, "{path}: custom rollout, {strategy} {percentage} %")?;
    match rollout.get("userGroups") {
        Some(Tree::Array(groups)) if !groups.is_empty() => {
            write!(f, ", groups {}", listed(&names(groups)))
        }
        _ => Ok(()),
    }
}

fn requires(f: &mut fmt::Formatter<'_>, path: &str, after: Option<&Tree>) -> fmt::Result {
    match after {
        Some(Tree::Array(list)) if !list.is_empty() => {
            write!(f, "{path} requires {}", listed(&names(list)))
        }
        _ => write!(f, "{path} requires nothing"),
    }
}

fn about(f: &mut fmt::Formatter<'_>, path: &str, after: Option<&Tree>) -> fmt::Result {
    match after.and_then(|about| about.get("title")) {
        Some(title) => write!(f, "{path}: described as {}", plain(Some(title))),
        None if after.is_some() => write!(f, "{path}: described"),
        None => write!(f, "{path}: description removed"),
    }
}

fn about_field(
    f: &mut fmt::Formatter<'_>,
    path: &str,
    field: &str,
    before: Option<&Tree>,
    after: Option<&Tree>,
) -> fmt::Result {
    match field {
        "title" | "owner" | "expires" => {
            write!(f, "{path}: {field} {}", arrow(before, after))
        }
        "tags" => write!(f, "{path}: tags {}", list_change(before, after)),
        "description" => write!(f, "{path}: description changed"),
        other => write!(f, "{path}: {} changed", quote(other)),
    }
}

fn on_off(value: Option<&Tree>) -> &'static str {
    match value {
        Some(Tree::Bool(true)) => "on",
        _ => "off",
    }
}

fn hashed(bucketing: Option<&Tree>) -> &str {
    bucketing
        .and_then(Tree::as_str)
        .unwrap_or(Bucketing::default().as_str())
}

/// Says a strategy as people call it.
fn strategy(value: Option<&Tree>) -> String {
    let known = Strategy::ALL.into_iter().find(|strategy| {
        let name = value.and_then(Tree::as_str);
        name == Some(strategy.as_str())
    });
    known.map_or_else(|| plain(value), |strategy| strategy.in_words().to_owned())
}

fn arrow(before: Option<&Tree>, after: Option<&Tree>) -> String {
    format!("{} → {}", plain(before), plain(after))
}

fn plain(value: Option<&Tree>) -> String {
    match value {
        None => "none".into(),
        Some(Tree::String(text)) => text.to_string(),
        Some(other) => other.to_string(),
    }
}

fn names(list: &[Tree]) -> Vec<&str> {
    list.iter().filter_map(Tree::as_str).collect()
}

fn list_change(before: Option<&Tree>, after: Option<&Tree>) -> String {
    let before = names(before.and_then(Tree::as_array).unwrap_or_default());
    let after = names(after.and_then(Tree::as_array).unwrap_or_default());
    let added = after.iter().filter(|name| !before.contains(name));
    let removed = before.iter().filter(|name| !after.contains(name));
    let signed: Vec<String> = added
        .map(|name| format!("+{name}"))
        .chain(removed.map(|name| format!("−{name}")))
        .collect();
    match signed.is_empty() {
        true => "in another order".into(),
        false => listed(&signed),
    }
}
