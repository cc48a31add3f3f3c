//! `get`, `export`: the flags or a part of them, as they are or were.

use std::collections::HashSet;

use flagdeck::flags::Scope;
use flagdeck::flags::followed::Followed;
use flagdeck::flags::live::Live;
use flagdeck::flags::provenance::Subject;
use flagdeck::wire::{Layer, path};
use flagdeck::{App, Error};
use flagdeck_core::document::{Group, Node};
use flagdeck_core::flagd;
use flagdeck_core::{ComponentPath, Rollout, Strategy};
use serde_json::json;

use super::edit::warn;
use super::{flags_at, remark_all_off};
use crate::layers;
use crate::output::{Output, Table, counted, when, who};
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
    if let Some(followed) = &live.followed {
        output.line(following(followed))?;
    }
    output.line("")?;
    let mut table = Table::new();
    Tree::of(&live).rows(&document.components, "", 0, &mut table);
    Ok(output.table(&table)?)
}

/// Shows one component, with where its value comes from, or the components of a group.
pub fn part(app: &App, name: &str, at: Option<At>, output: &mut Output) -> anyhow::Result<()> {
    let live = match at {
        Some(_) => flags_at(app, at)?,
        None => app.flags().in_force(Scope::Everyone),
    };
    let path = path(name)?;
    match live.document.node(&path) {
        Some(Node::Component(on)) => component(app, &live, name, *on, output),
        Some(Node::Group(group)) => self::group(&live, name, group, output),
        None => {
            let message = flagdeck_core::edit::not_found(&live.document, name);
            Err(Error::NotFound { message }.into())
        }
    }
}

fn component(
    app: &App,
    live: &Live,
    name: &str,
    on: bool,
    output: &mut Output,
) -> anyhow::Result<()> {
    let layers = app
        .flags()
        .layers_of_value(live, Subject::Component(name))?;
    let layers: Vec<Layer> = layers.into_iter().map(Into::into).collect();
    if output.json {
        let document = &live.document;
        return Ok(output.value(&json!({
            "component": name,
            "on": on,
            "rollout": document.rollout_of(name),
            "isCustomRollout": document.rollouts.contains_key(name),
            "requires": document.requires.get(name).map_or(&[][..], Vec::as_slice),
            "revision": live.revision,
            "layers": layers,
        }))?);
    }
    output.line(format!("{name}  {}", Tree::of(live).state(name, on)))?;
    for line in layers::lines(&layers) {
        output.line(format!("  {line}"))?;
    }
    Ok(())
}

fn group(live: &Live, name: &str, group: &Group, output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        return Ok(output.value(group)?);
    }
    remark_all_off(live, "");
    let mut table = Table::new();
    Tree::of(live).rows(group, &format!("{name}."), 0, &mut table);
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

/// `Follows https://…, 2 overrides`.
fn following(followed: &Followed) -> String {
    let overrides = match followed.own().count() {
        0 => "nothing overridden".into(),
        count => counted(count, "override"),
    };
    format!("Follows {}, {overrides}", followed.from)
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

/// The tree of components, with what is said of each.
struct Tree<'a> {
    live: &'a Live,
    /// Components and groups of which something is overridden.
    overridden: HashSet<&'a str>,
}

impl<'a> Tree<'a> {
    fn of(live: &'a Live) -> Self {
        let acting = live.followed.as_deref().map(Followed::acting);
        let acting = acting.into_iter().flatten();
        let paths = acting.filter_map(|(place, _)| place.component());
        Self {
            live,
            overridden: paths.map(ComponentPath::as_str).collect(),
        }
    }

    fn rows(&self, group: &Group, prefix: &str, depth: usize, table: &mut Table<2>) {
        for (name, node) in group {
            let path = format!("{prefix}{name}");
            let indented = format!("{:1$}{name}", "", 2 * depth);
            match node {
                Node::Component(on) => {
                    table.row([indented.into(), self.state(&path, *on).into()]);
                }
                Node::Group(inner) => {
                    table.text(indented);
                    self.rows(inner, &format!("{path}."), depth + 1, table);
                }
            }
        }
    }

    fn state(&self, path: &str, on: bool) -> String {
        let document = &self.live.document;
        let mut parts = vec![if on { "on " } else { "off" }.to_owned()];
        parts.extend(reach(self.live, path).filter(|_| on));
        if let Some(own) = document.rollouts.get(path) {
            parts.push(format!("custom rollout {}", rollout_words(own)));
        }
        if let Some(required) = document.requires.get(path).filter(|list| !list.is_empty()) {
            let names: Vec<&str> = required.iter().map(ComponentPath::as_str).collect();
            parts.push(format!("requires {}", names.join(", ")));
        }
        if self.overridden.contains(path) {
            parts.push("overridden".into());
        }
        parts.join("  ")
    }
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
