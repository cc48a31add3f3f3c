//! The outcome of a change, and its description in one line.

use flagdeck_core::{Problem, summary};

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
