//! Whom components reach, and what an edit would show to more users.

use std::collections::BTreeMap;

use flagdeck_core as core;
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use crate::flags::live::Live;

/// Components that are listed of those an edit would widen: more than is read.
const WIDENINGS_LISTED_MAX: usize = 100;

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

impl Reaches {
    /// Shows whom each component of a document reaches.
    pub(super) fn of(live: &Live) -> Self {
        let (compiled, reaches) = (&live.compiled, live.reaches());
        let all = || compiled.components().map(|id| (id, reaches.kinds_of(id)));
        let sees = all().filter(|(_, kinds)| kinds.sees != reaches.default_kind());
        let met = all().filter_map(|(id, kinds)| Some((id, kinds.met?)));
        let path = |id| compiled.path(id).to_owned();
        Self {
            kinds: reaches.kinds().iter().map(Into::into).collect(),
            default: reaches.default_kind(),
            sees: sees.map(|(id, kinds)| (path(id), kinds.sees)).collect(),
            met: met.map(|(id, met)| (path(id), met)).collect(),
        }
    }
}

impl From<&core::Reach> for Reach {
    fn from(reach: &core::Reach) -> Self {
        Self {
            words: reach.to_string(),
            phrase: reach.phrase(),
            percentage: reach.share() * 100.0,
            is_everyone: reach.is_everyone(),
            is_nobody: reach.nobody.is_some(),
        }
    }
}

impl From<Vec<core::Widening>> for Widenings {
    fn from(found: Vec<core::Widening>) -> Self {
        let total = found.len();
        let component = |widening: core::Widening| Widening {
            before: widening.before.to_string(),
            after: widening.after_in_words(),
            path: widening.path,
        };
        let listed = found.into_iter().take(WIDENINGS_LISTED_MAX);
        Self {
            components: listed.map(component).collect(),
            total,
        }
    }
}
