//! What changed between two documents: as a list for programs, in words for people.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::document::Bucketing;
use crate::problem::{Pointer, listed, quote};

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Where: a JSON Pointer into the document.
    pub pointer: String,
    /// The value before; none where there was none.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub before: Option<Value>,
    /// The value after; none where there is none any more.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub after: Option<Value>,
}

/// A null that is there is a value, not the absence of one.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// Lists what differs between two documents in their published form, in the order of `before`,
/// then what is only in `after`.
///
/// Objects are compared key by key, whatever their order; lists and everything else as a whole.
pub fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare(&Pointer::default(), Some(before), Some(after), &mut found);
    found
}

fn compare(at: &Pointer, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    if before == after {
        return;
    }
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (before, after) {
        return compare_objects(at, old, new, found);
    }
    found.push(Change {
        pointer: at.as_str().to_owned(),
        before: before.cloned(),
        after: after.cloned(),
    });
}

fn compare_objects(
    at: &Pointer,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    found: &mut Vec<Change>,
) {
    // Equal ones are passed over before a pointer is built: documents are mostly equal.
    for (key, old) in before {
        let new = after.get(key);
        if new != Some(old) {
            compare(&at.at(key), Some(old), new, found);
        }
    }
    for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        compare(&at.at(key), None, Some(new), found);
    }
}

impl Change {
    fn tokens(&self) -> Vec<String> {
        let tokens = self.pointer.split('/').skip(1);
        tokens
            .map(|token| token.replace("~1", "/").replace("~0", "~"))
            .collect()
    }
}

impl fmt::Display for Change {
    /// Says the change in words: `ui.badges: 12.5 % → 25 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.tokens();
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let (before, after) = (self.before.as_ref(), self.after.as_ref());
        match tokens.as_slice() {
            [] => f.write_str("The whole document changed"),
            ["enabled"] => write!(f, "Master switch {}", on_off(after)),
            ["bucketing"] => write!(f, "Bucketing: {} → {}", hashed(before), hashed(after)),
            ["components", path @ ..] if !path.is_empty() => {
                component(f, &path.join("."), before, after)
            }
            ["rollout", field] => rollout_field(f, "Everyone", field, before, after),
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
    /// A whole optional section came or went: say its entries one by one.
    fn section(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = |value: &Option<Value>| match value {
            Some(Value::Object(entries)) => entries.clone(),
            _ => Map::new(),
        };
        let mut inner = Vec::new();
        let at = Pointer::default().at(self.pointer.trim_start_matches('/'));
        compare_objects(
            &at,
            &entries(&self.before),
            &entries(&self.after),
            &mut inner,
        );
        let sentences: Vec<String> = inner.iter().map(ToString::to_string).collect();
        f.write_str(&sentences.join("; "))
    }
}

fn component(
    f: &mut fmt::Formatter<'_>,
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> fmt::Result {
    match (before, after) {
        (None, Some(Value::Bool(true))) => write!(f, "{path} added, on"),
        (None, Some(Value::Bool(false))) => write!(f, "{path} added, off"),
        (None, Some(_)) => write!(f, "Group {path} added"),
        (Some(Value::Object(_)), None) => write!(f, "Group {path} removed"),
        (_, None) => write!(f, "{path} removed"),
        (_, Some(Value::Object(_))) => write!(f, "{path} became a group"),
        (Some(Value::Object(_)), Some(on)) => {
            write!(f, "{path} became a component, {}", on_off(Some(on)))
        }
        (_, on) => write!(f, "{path} {}", on_off(on)),
    }
}

fn rollout_field(
    f: &mut fmt::Formatter<'_>,
    whose: &str,
    field: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> fmt::Result {
    match field {
        "percentage" => {
            let per_cent = |value: Option<&Value>| format!("{} %", plain(value));
            write!(f, "{whose}: {} → {}", per_cent(before), per_cent(after))
        }
        "userGroups" => write!(f, "{whose}: groups {}", list_change(before, after)),
        "strategy" => write!(f, "{whose}: {}", arrow(before, after)),
        other => write!(f, "{whose}: {} changed", quote(other)),
    }
}

fn own_rollout(f: &mut fmt::Formatter<'_>, path: &str, after: Option<&Value>) -> fmt::Result {
    let Some(rollout) = after else {
        return write!(f, "{path} follows the rollout for everyone");
    };
    let percentage = plain(rollout.get("percentage"));
    let strategy = plain(rollout.get("strategy"));
    write!(f, "{path}: own rollout, {strategy} {percentage} %")?;
    match rollout.get("userGroups") {
        Some(Value::Array(groups)) if !groups.is_empty() => {
            write!(f, ", groups {}", listed(&names(groups)))
        }
        _ => Ok(()),
    }
}

fn requires(f: &mut fmt::Formatter<'_>, path: &str, after: Option<&Value>) -> fmt::Result {
    match after {
        Some(Value::Array(list)) if !list.is_empty() => {
            write!(f, "{path} requires {}", listed(&names(list)))
        }
        _ => write!(f, "{path} requires nothing"),
    }
}

fn about(f: &mut fmt::Formatter<'_>, path: &str, after: Option<&Value>) -> fmt::Result {
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
    before: Option<&Value>,
    after: Option<&Value>,
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

fn on_off(value: Option<&Value>) -> &'static str {
    match value {
        Some(Value::Bool(true)) => "on",
        _ => "off",
    }
}

fn hashed(bucketing: Option<&Value>) -> &str {
    bucketing
        .and_then(Value::as_str)
        .unwrap_or(Bucketing::default().as_str())
}

fn arrow(before: Option<&Value>, after: Option<&Value>) -> String {
    format!("{} → {}", plain(before), plain(after))
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None => "none".into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn names(list: &[Value]) -> Vec<&str> {
    list.iter().filter_map(Value::as_str).collect()
}

fn list_change(before: Option<&Value>, after: Option<&Value>) -> String {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (before, after) = (list(before), list(after));
    let added = names(&after)
        .into_iter()
        .filter(|name| !names(&before).contains(name));
    let removed = names(&before)
        .into_iter()
        .filter(|name| !names(&after).contains(name));
    let signed: Vec<String> = added
        .map(|name| format!("+{name}"))
        .chain(removed.map(|name| format!("−{name}")))
        .collect();
    match signed.is_empty() {
        true => "in another order".into(),
        false => listed(&signed),
    }
}
