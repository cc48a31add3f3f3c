//! `get`, `export`: the flags, as they are or were.

use flagdeck::App;
use flagdeck::flags::live::Live;
use flagdeck_core::document::{Group, Node};
use flagdeck_core::flagd;
use flagdeck_core::{ComponentPath, Rollout, Strategy};

use super::edit::warn;
use super::{flags_at, remark_all_off};
use crate::output::{Output, Table, when, who};
use crate::when::At;

/// Shows the flags as a tree; as the document itself for programs.
pub fn flags(app: &App, at: Option<At>, output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        return document(app, at, output);
    }
    let live = flags_at(app, at)?;
    remark_all_off(&live, "");
    let document = &live.document;
    let (all, on) = document.count();
    output.line(heading(&live))?;
    let master = if document.enabled { "on" } else { "off" };
    output.line(format!(
        "Master switch {master}, {on} of {all} components on"
    ))?;
    output.line(default_rollout(&live))?;
    output.line("")?;
    let mut table = Table::new();
    tree(&live, &document.components, "", 0, &mut table);
    Ok(output.table(&table)?)
}

/// Writes the document, indented for people and for version control.
pub fn document(app: &App, at: Option<At>, output: &mut Output) -> anyhow::Result<()> {
    output.value(&flags_at(app, at)?.document.to_tree())?;
    Ok(())
}

/// Writes the document as flag definitions of flagd, and tells what is not in them.
pub fn definitions(app: &App, at: Option<At>, output: &mut Output) -> anyhow::Result<()> {
    let definitions = flagd::definitions(&flags_at(app, at)?.document);
    warn(&definitions.left_out);
    output.json_text(&(definitions.text() + "\n"))?;
    Ok(())
}

/// Says the default rollout, and whom it reaches if groups make that another share.
pub fn default_rollout(live: &Live) -> String {
    let rollout = &live.document.rollout;
    let words = format!("Default rollout: {}", rollout_words(rollout));
    let is_plain = rollout.user_groups.is_empty() && rollout.strategy != Strategy::Feature;
    match is_plain {
        true => words,
        false => format!("{words}  {}", live.reaches().by_default()),
    }
}

/// Says a rollout in words: `canary, 12.5 %, groups beta`.
pub fn rollout_words(rollout: &Rollout) -> String {
    let strategy = rollout.strategy.in_words();
    let mut words = format!("{strategy}, {} %", rollout.percentage);
    if !rollout.user_groups.is_empty() {
        let groups: Vec<&str> = rollout.groups().collect();
        words += &format!(", groups {}", groups.join(", "));
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

fn tree(live: &Live, group: &Group, prefix: &str, depth: usize, table: &mut Table<2>) {
    for (name, node) in group {
        let path = format!("{prefix}{name}");
        let indented = format!("{:1$}{name}", "", 2 * depth);
        match node {
            Node::Component(on) => table.row([indented.into(), state(live, &path, *on).into()]),
            Node::Group(inner) => {
                table.text(indented);
                tree(live, inner, &format!("{path}."), depth + 1, table);
            }
        }
    }
}

fn state(live: &Live, path: &str, on: bool) -> String {
    let document = &live.document;
    let mut parts = vec![if on { "on " } else { "off" }.to_owned()];
    parts.extend(reach(live, path).filter(|_| on));
    if let Some(own) = document.rollouts.get(path) {
        parts.push(format!("custom rollout {}", rollout_words(own)));
    }
    if let Some(required) = document.requires.get(path).filter(|list| !list.is_empty()) {
        let names: Vec<&str> = required.iter().map(ComponentPath::as_str).collect();
        parts.push(format!("requires {}", names.join(", ")));
    }
    parts.join("  ")
}

/// Says whom a component reaches; while all flags are off, whom it would.
fn reach(live: &Live, path: &str) -> Option<String> {
    let reaches = live.reaches();
    let reach = reaches.sees(live.compiled.component(path)?);
    match (reaches.all_off(), &reach.nobody) {
        (true, None) => Some(format!("would reach {reach}")),
        _ => Some(reach.to_string()),
    }
}
