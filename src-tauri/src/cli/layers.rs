//! Where values come from, in words, and which command takes a layer away.

use flagdeck::flags::targeted::{Target, TargetedOverride};
use flagdeck::wire::{Layer, OverriddenPart, Override};
use flagdeck_core::tree::Tree;

use crate::output::{when, who};

/// Characters of a value that are shown of one that is neither a switch nor a rollout.
const VALUE_CHARS_MAX: usize = 60;

/// Describes the layers of a value, one a line, the one that decides first; the last line says what
/// takes that one away.
pub fn lines(layers: &[Layer]) -> Vec<String> {
    let described = layers.iter().flat_map(describe);
    let removal = layers.first().and_then(removal);
    described.chain(removal).collect()
}

fn describe(layer: &Layer) -> Vec<String> {
    match layer {
        Layer::Off {
            since_ms,
            by,
            is_emergency,
        } => {
            let since = since(*since_ms, by.as_ref().map(who));
            let stored = match is_emergency {
                true => ", not stored yet",
                false => "",
            };
            vec![format!("all flags off{since}{stored}")]
        }
        Layer::Targeted(one) => vec![describe_targeted(one)],
        Layer::Override { overrides } => overrides.iter().map(describe_override).collect(),
        Layer::Followed {
            from,
            revision,
            at_ms,
        } => {
            let of = revision.map(|revision| format!(", in force with revision {revision}"));
            let of = of.unwrap_or_default();
            vec![format!("followed from {from}{of}{}", since(*at_ms, None))]
        }
        Layer::Local {
            revision: Some(revision),
            at_ms,
            by,
        } => {
            let at = at_ms.map(|at_ms| format!(" of {}", when(at_ms)));
            let by = by.as_ref().map(|by| format!(" by {}", who(by)));
            let (at, by) = (at.unwrap_or_default(), by.unwrap_or_default());
            vec![format!("local, revision {revision}{at}{by}")]
        }
        Layer::Local { .. } => vec!["local, the safe default".into()],
    }
}

fn describe_targeted(one: &TargetedOverride) -> String {
    let position = position(one.on);
    format!(
        "{position} for {} until {}{}",
        one.target,
        when(one.until_ms),
        since(Some(one.since_ms), Some(who(&one.by))),
    )
}

fn describe_override(one: &Override) -> String {
    format!(
        "overridden{}: {} {}, followed {}",
        since(Some(one.since_ms), Some(who(&one.by))),
        part_in_words(one.what, &one.place),
        value_in_words(one.value.as_ref()),
        value_in_words(one.followed.as_ref()),
    )
}

/// ` since 2026-11-23 14:02:05 by maria (window)`.
fn since(since_ms: Option<i64>, by: Option<String>) -> String {
    let since = since_ms.map(|since_ms| format!(" since {}", when(since_ms)));
    let by = by.map(|by| format!(" by {by}"));
    since.unwrap_or_default() + &by.unwrap_or_default()
}

fn removal(layer: &Layer) -> Option<String> {
    match layer {
        Layer::Off { .. } => Some("to turn flags on: flagctl master on".into()),
        Layer::Override { overrides } => {
            let one = overrides.first()?;
            let which = selected(one.component.as_deref(), &one.place);
            Some(format!("to follow again: flagctl overrides clear {which}"))
        }
        Layer::Targeted(one) => Some(format!("to take it back: {}", clear_targeted(one))),
        Layer::Followed { .. } | Layer::Local { .. } => None,
    }
}

/// Returns the command that ends an override for one application or user.
pub fn clear_targeted(one: &TargetedOverride) -> String {
    let component = &one.component;
    match &one.target {
        Target::Source(name) => {
            format!(
                "flagctl overrides clear {component} --source {}",
                quoted(name.as_str())
            )
        }
        Target::User(id) => format!("flagctl overrides clear {component} --user {}", quoted(id)),
    }
}

/// Quotes an argument for a shell, unless it is plain.
fn quoted(argument: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    match !argument.is_empty() && !argument.starts_with('-') && argument.chars().all(is_plain) {
        true => argument.to_owned(),
        false => format!("'{}'", argument.replace('\'', "'\\''")),
    }
}

/// `on`, `off`.
pub fn position(on: bool) -> &'static str {
    match on {
        true => "on",
        false => "off",
    }
}

/// Selects an override in the arguments of `flagctl overrides`.
pub fn selected(component: Option<&str>, place: &str) -> String {
    match component {
        Some(component) => component.to_owned(),
        None => format!("--place {place}"),
    }
}

/// Names the part of a document that is overridden.
pub fn part_in_words(part: OverriddenPart, place: &str) -> String {
    let word = match part {
        OverriddenPart::Master => "master switch",
        OverriddenPart::Bucketing => "bucketing",
        OverriddenPart::Rollout => "default rollout",
        OverriddenPart::Switch => "switch",
        OverriddenPart::CustomRollout => "custom rollout",
        OverriddenPart::Requires => "requires",
        OverriddenPart::About => "description",
        OverriddenPart::Unknown => return format!("key {}", place.trim_start_matches('/')),
    };
    word.into()
}

/// `on`, `12.5 % canary`, `none`; the beginning of anything else that is long.
pub fn value_in_words(value: Option<&Tree>) -> String {
    let Some(value) = value else {
        return "none".into();
    };
    match value {
        Tree::Bool(true) => "on".into(),
        Tree::Bool(false) => "off".into(),
        value => rollout_in_words(value).unwrap_or_else(|| shortened(&value.to_string())),
    }
}

fn rollout_in_words(value: &Tree) -> Option<String> {
    let rollout = value.as_object()?;
    let percentage = rollout.get("percentage")?;
    let Some(Tree::String(strategy)) = rollout.get("strategy") else {
        return None;
    };
    let groups = rollout.get("userGroups").map(ToString::to_string);
    let groups = groups.filter(|groups| groups != "[]");
    let groups = groups.map_or_else(String::new, |groups| format!(" {groups}"));
    Some(format!("{percentage} % {strategy}{}", shortened(&groups)))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
