//! Whom components reach, and since when nobody sees any.

use std::collections::BTreeMap;

use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use super::Actor;

/// Since when all flags are off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct AllOff {
    /// When the master switch went off, in milliseconds since 1970; `null` if it was never on.
    pub since_ms: Option<i64>,
    /// Who turned it off; `null` if it was never on.
    pub by: Option<Actor>,
    /// Whether that is stored; an emergency is in force before it is.
    pub is_stored: bool,
}

/// Whom each component reaches as soon as flags are on, with everything it requires.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Reaches {
    /// Every distinct reach once; the rest are positions in here.
    pub kinds: Vec<Reach>,
    /// The reach of a component that is on, has no custom rollout and requires nothing.
    pub default: usize,
    /// The reach of each component that has another one, by path.
    pub sees: BTreeMap<String, usize>,
    /// For whom everything is on that a component requires, by path; only of those that require
    /// something.
    pub met: BTreeMap<String, usize>,
}

/// Whom a component reaches.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Reach {
    /// In words: `25 % of everyone`.
    pub words: String,
    /// In words, within a sentence: `everyone`, `nobody: tracker is off`.
    pub phrase: String,
    /// The share that a bar shows, in per cent: of users in no group if they see it at all, or
    /// else of the members of its groups.
    pub percentage: f64,
    /// Whether every user sees it.
    pub is_everyone: bool,
    /// Whether nobody does.
    pub is_nobody: bool,
}

/// What an edit would show to users who do not see it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Widenings {
    /// The components, of which a very long list is cut.
    pub components: Vec<Widening>,
    /// How many there are in all.
    pub total: usize,
}

/// A component that would be shown to users who do not see it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Widening {
    /// The component.
    pub path: String,
    /// Whom it reaches, in words.
    pub before: String,
    /// Whom it would reach.
    pub after: String,
}
