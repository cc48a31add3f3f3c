//! The flags in force with all that a face shows of them, and what came of a change.

use flagdeck_core::{FlagDocument, summary};
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use super::following::Followed;
use super::history::SENTENCES_LISTED_MAX;
use super::reach::Reaches;
use crate::app::App;
use crate::flags::live::{AllOff, Live};
use crate::flags::targeted::TargetedOverride;
use crate::flags::undo_log::UndoStep;
use crate::flags::{self, OverrideChange, Scope};
use crate::store::{Actor, RevisionNumber};

/// Everything the window shows of the flags at one revision.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Flags {
    /// The revision shown; 0 while nothing has been saved and the safe default is in force.
    pub revision: RevisionNumber,
    /// When it was saved, in milliseconds since 1970; `null` for revision 0.
    pub at_ms: Option<i64>,
    /// Who saved it; `null` for revision 0.
    pub actor: Option<Actor>,
    /// What changed with it in one line.
    pub summary: String,
    /// What changed with it, a sentence each, of which a very long list is cut.
    pub changes: Vec<String>,
    /// Since when all flags are off; `null` while the master switch is on.
    pub all_off: Option<AllOff>,
    /// What is followed, with what is overridden of that; `null` if it is a local document.
    pub followed: Option<Followed>,
    /// Overrides for single applications and users, which lie over all of this for these.
    pub targeted: Vec<TargetedOverride>,
    /// Whom each component reaches.
    pub reach: Reaches,
    /// The document in its published format.
    pub document: FlagDocument,
    /// How many components there are.
    pub components: usize,
    /// How many of them are switched on, whatever the master switch says.
    pub components_on: usize,
    /// What undo would take back.
    pub undo: Option<Step>,
    /// What redo would bring back.
    pub redo: Option<Step>,
}

/// A revision that undo or redo would act on.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Step {
    /// The revision, and what it changed.
    #[serde(flatten)]
    pub step: UndoStep,
    /// Whether the person at this window made it.
    pub is_own: bool,
}

/// What came of a change.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Outcome {
    /// The revision in force after it.
    pub revision: RevisionNumber,
    /// Whether it made that revision; `false` if nothing had to change.
    pub changed: bool,
    /// What came of it in one line.
    pub summary: String,
    /// What changed, a sentence each.
    pub changes: Vec<String>,
    /// What it overrides of the followed document, or no longer does; left out if neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub overrides: Option<OverrideChange>,
}

impl Flags {
    /// Shows the flags as they are in force, to `viewer`.
    pub fn of(app: &App, viewer: &Actor) -> Self {
        let (undo, redo) = app.flags().steps();
        Self {
            targeted: app.flags().targeted(),
            undo: undo.map(|step| Step::of(step, viewer)),
            redo: redo.map(|step| Step::of(step, viewer)),
            ..Self::past(&app.flags().in_force(Scope::Everyone))
        }
    }

    /// Shows the flags of one revision, without anything to undo.
    pub fn past(live: &Live) -> Self {
        let (components, components_on) = live.document.count();
        let origin = live.origin.as_ref();
        Self {
            revision: live.revision,
            at_ms: origin.map(|origin| origin.at_ms),
            actor: origin.map(|origin| origin.actor.clone()),
            summary: origin.map_or_else(String::new, |origin| summary(&origin.changes)),
            changes: origin.map_or_else(Vec::new, |origin| {
                let listed = origin.changes.iter().take(SENTENCES_LISTED_MAX);
                listed.cloned().collect()
            }),
            all_off: live.all_off.as_deref().cloned(),
            followed: Followed::of(live),
            targeted: Vec::new(),
            reach: Reaches::of(live),
            document: live.document.clone(),
            components,
            components_on,
            undo: None,
            redo: None,
        }
    }
}

impl Step {
    /// Shows a step to `viewer`; an emergency that is held and not stored counts as theirs.
    fn of(step: UndoStep, viewer: &Actor) -> Self {
        Self {
            is_own: step.actor.as_ref().is_none_or(|actor| actor == viewer),
            step,
        }
    }
}

impl From<flags::Outcome> for Outcome {
    fn from(outcome: flags::Outcome) -> Self {
        Self {
            revision: outcome.revision,
            changed: outcome.changed,
            summary: outcome.sentence(),
            changes: outcome.changes,
            overrides: outcome.overrides,
        }
    }
}
