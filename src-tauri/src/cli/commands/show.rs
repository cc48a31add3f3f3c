//! `get`, `export`: the flags, as they are or were.

use flagdeck::App;
use flagdeck::live::Live;
use flagdeck_core::document::{Group, Node};
use flagdeck_core::{ComponentPath, FlagDocument, Rollout, Strategy};

use super::flags_at;
use crate::output::{Output, when, who};
use crate::when::At;

/// Shows the flags as a tree; as the document itself for programs.
pub fn flags(app: &App, at: Option<At>, output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        return document(app, at, output);
    }
    let live = flags_at(app, at)?;
    let document = &live.document;
    let (all, on) = document.count();
    output.line(heading(&live))?;
    let master = if document.enabled { "on" } else { "off" };
    output.line(format!(
        "Master switch {master}, {on} of {all} components on"
    ))?;
    output.line(format!("Everyone: {}", rollout_words(&document.rollout)))?;
    output.line("")?;
    let mut rows = Vec::new();
    tree(document, &document.components, "", 0, &mut rows);
    let width = rows.iter().map(|(name, _)| name.chars().count()).max();
    for (name, state) in &rows {
        let width = width.unwrap_or_default();
        output.line(format!("{name:width$}  {state}").trim_end())?;
    }
    Ok(())
}

/// Writes the document, indented for people and for version control.
pub fn document(app: &App, at: Option<At>, output: &mut Output) -> anyhow::Result<()> {
    output.value(&flags_at(app, at)?.document.to_value())?;
    Ok(())
}

/// Says a rollout in words: `canary, 12.5 %, groups beta`.
pub fn rollout_words(rollout: &Rollout) -> String {
    let strategy = match rollout.strategy {
        Strategy::Canary => "canary",
        Strategy::BlueGreen => "blue-green",
        Strategy::Feature => "groups only",
    };
    let mut words = format!("{strategy}, {} %", rollout.percentage);
    if !rollout.user_groups.is_empty() {
        words += &format!(", groups {}", rollout.user_groups.join(", "));
    }
    words
}

fn heading(live: &Live) -> String {
    match &live.origin {
        None => "Nothing saved yet: the safe default is in force".into(),
        Some(origin) => format!(
            "Revision {}, {} by {}",
            live.revision,
            when(origin.at_ms),
            who(&origin.actor)
        ),
    }
}

fn tree(
    document: &FlagDocument,
    group: &Group,
    prefix: &str,
    depth: usize,
    rows: &mut Vec<(String, String)>,
) {
    for (name, node) in group {
        let path = format!("{prefix}{name}");
        let indented = format!("{:1$}{name}", "", 2 * depth);
        match node {
            Node::Component(on) => rows.push((indented, state(document, &path, *on))),
            Node::Group(inner) => {
                rows.push((indented, String::new()));
                tree(document, inner, &format!("{path}."), depth + 1, rows);
            }
        }
    }
}

fn state(document: &FlagDocument, path: &str, on: bool) -> String {
    let mut parts = vec![if on { "on " } else { "off" }.to_owned()];
    if let Some(own) = document.rollouts.get(path) {
        parts.push(rollout_words(own));
    }
    if let Some(required) = document.requires.get(path).filter(|list| !list.is_empty()) {
        let names: Vec<&str> = required.iter().map(ComponentPath::as_str).collect();
        parts.push(format!("requires {}", names.join(", ")));
    }
    parts.join("  ")
}
