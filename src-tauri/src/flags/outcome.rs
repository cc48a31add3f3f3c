//! The outcome of a change, and its description in one line.

use flagdeck_core::{Place, Problem, summary};
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use super::followed::Followed;
use crate::store::RevisionNumber;

/// The outcome of a change.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The revision in force.
    pub revision: RevisionNumber,
    /// Whether the change made it; `false` if nothing changed.
    pub changed: bool,
    /// What changed, a sentence each.
    pub changes: Vec<String>,
    /// What is worth knowing about the document.
    pub warnings: Vec<Problem>,
    /// The step that was taken back or brought back; `None` for any other change.
    pub step: Option<Step>,
    /// What it overrides of the followed document, or no longer does; `None` if neither.
    pub overrides: Option<OverrideChange>,
}

/// What a change overrides of the followed document, or no longer does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
pub struct OverrideChange {
    /// The address of the followed document, without credentials.
    pub from: String,
    /// What it overrides: JSON Pointers into the document.
    #[cfg_attr(test, ts(type = "Array<string>"))]
    pub made: Vec<Place>,
    /// What it overrides no longer.
    #[cfg_attr(test, ts(type = "Array<string>"))]
    pub ended: Vec<Place>,
}

impl OverrideChange {
    /// Compares what is overridden before and after a change; `None` if that is the same, or
    /// nothing is followed.
    pub(super) fn between(before: Option<&Followed>, after: Option<&Followed>) -> Option<Self> {
        let (before, after) = (before?, after?);
        let (old, new) = (before.own_overrides(), after.own_overrides());
        let value = |place| old.get(place).map(|it| &it.value);
        let made = new.iter().filter(|(at, it)| value(at) != Some(&it.value));
        let ended = old.keys().filter(|place| !new.contains_key(place));
        let change = Self {
            from: after.from.clone(),
            made: made.map(|(place, _)| place.clone()).collect(),
            ended: ended.cloned().collect(),
        };
        let is_none = change.made.is_empty() && change.ended.is_empty();
        (!is_none).then_some(change)
    }
}

/// A change that was taken back or brought back, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It was taken back.
    Undone(String),
    /// It had been taken back, and was brought back.
    Redone(String),
}

impl Outcome {
    /// Nothing had to change.
    pub(crate) fn unchanged(revision: RevisionNumber, warnings: Vec<Problem>) -> Self {
        Self {
            revision,
            changed: false,
            changes: Vec::new(),
            warnings,
            step: None,
            overrides: None,
        }
    }

    /// Notes which step caused it.
    #[must_use]
    pub(super) fn of(self, step: Step) -> Self {
        Self {
            step: Some(step),
            ..self
        }
    }

    /// Describes the outcome in one line: what changed, or which step was taken and what that means
    /// for all flags.
    pub fn sentence(&self) -> String {
        let (verb, step) = match &self.step {
            None => return summary(&self.changes),
            Some(Step::Undone(step)) => ("Undid", step),
            Some(Step::Redone(step)) => ("Redid", step),
        };
        let says = |sentence| self.changes.iter().any(|change| change == sentence);
        let effect = match (says("Master switch on"), says("Master switch off")) {
            (true, _) => ": flags are live again",
            (_, true) => ": all flags are off",
            _ => "",
        };
        format!("{verb} \u{201c}{step}\u{201d}{effect}")
    }
}
