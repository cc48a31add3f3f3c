//! What undo and redo would act on, derived from the causes of the revisions.
//!
//! Undo is a step back in the log of revisions, not in the memory of one program: it holds
//! across restarts, and takes back what another face changed. Knows nothing of documents.

use flagdeck_core::summary;
use serde::Serialize;

use crate::store::{Actor, Cause, RevisionNumber, RevisionSummary};

/// Revisions looked at when a store is opened: as far back as undo reaches after a restart.
pub const UNDO_STEPS_MAX: usize = 500;

/// The steps back and forth from the latest revision.
#[derive(Debug, Clone, Default)]
pub struct UndoLog {
    latest: RevisionNumber,
    /// What can be taken back, the next one last.
    done: Vec<UndoStep>,
    /// What can be brought back, the next one last.
    undone: Vec<UndoStep>,
}

/// A revision that undo or redo would act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename_all = "camelCase"))]
pub struct UndoStep {
    /// Its number.
    pub revision: RevisionNumber,
    /// What it changed, in words.
    pub sentence: String,
    /// Who made it, or who took it back or brought it back since; `None` for an emergency that is
    /// held and not stored.
    pub actor: Option<Actor>,
    /// When that was, in milliseconds since 1970.
    pub at_ms: Option<i64>,
}

impl UndoLog {
    /// Adds revisions, earliest first; known ones are skipped.
    pub fn extend(&mut self, revisions: impl IntoIterator<Item = RevisionSummary>) {
        for revision in revisions {
            if revision.number > self.latest {
                self.latest = revision.number;
                self.push(&revision);
            }
        }
    }

    /// Returns the latest revision added.
    pub fn latest(&self) -> RevisionNumber {
        self.latest
    }

    /// Returns what undo would take back.
    pub fn undo(&self) -> Option<&UndoStep> {
        self.done.last()
    }

    /// Returns what redo would bring back.
    pub fn redo(&self) -> Option<&UndoStep> {
        self.undone.last()
    }

    fn push(&mut self, revision: &RevisionSummary) {
        if revision.is_damaged {
            // What it did is not known, so no step reaches past it.
            self.done.clear();
            self.undone.clear();
            return;
        }
        match revision.cause {
            Cause::Undo(of) => shift(&mut self.done, &mut self.undone, of, revision),
            Cause::Redo(of) => shift(&mut self.undone, &mut self.done, of, revision),
            // An edit is taken back without what was adopted since.
            Cause::Adopt => {}
            // What was done before is below what is followed now, or published.
            Cause::Follow | Cause::Publish | Cause::Unfollow => {
                self.done.clear();
                self.undone.clear();
            }
            Cause::Edit
            | Cause::Import
            | Cause::Restore(_)
            | Cause::Ramp(_)
            | Cause::RollBack(_) => {
                self.undone.clear();
                self.done.push(UndoStep {
                    revision: revision.number,
                    sentence: summary(&revision.changes),
                    actor: Some(revision.actor.clone()),
                    at_ms: Some(revision.at_ms),
                });
                if self.done.len() > UNDO_STEPS_MAX {
                    self.done.remove(0);
                }
            }
        }
    }
}

/// Moves the step `of` to the other side, as `by` did; one from before the beginning of the log is
/// in neither.
fn shift(
    from: &mut Vec<UndoStep>,
    to: &mut Vec<UndoStep>,
    of: RevisionNumber,
    by: &RevisionSummary,
) {
    if let Some(step) = from.pop_if(|step| step.revision == of) {
        to.push(UndoStep {
            actor: Some(by.actor.clone()),
            at_ms: Some(by.at_ms),
            ..step
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Actor, Via};

    fn log(causes: &[Cause]) -> UndoLog {
        let mut log = UndoLog::default();
        log.extend(
            causes
                .iter()
                .zip(1..)
                .map(|(cause, number)| RevisionSummary {
                    number: RevisionNumber(number),
                    at_ms: 0,
                    actor: Actor {
                        via: Via::Window,
                        name: "someone".into(),
                    },
                    cause: *cause,
                    note: None,
                    changes: vec![format!("change {number}")],
                    is_damaged: false,
                }),
        );
        log
    }

    fn steps(causes: &[Cause]) -> (Option<u64>, Option<u64>) {
        let log = log(causes);
        let number = |step: Option<&UndoStep>| step.map(|step| step.revision.0);
        (number(log.undo()), number(log.redo()))
    }

    #[test]
    fn undo_walks_back_and_redo_forth() {
        use Cause::{Edit, Redo, Undo};
        let undo = |of| Undo(RevisionNumber(of));
        let redo = |of| Redo(RevisionNumber(of));
        assert_eq!(steps(&[]), (None, None));
        assert_eq!(steps(&[Edit, Edit]), (Some(2), None));
        assert_eq!(steps(&[Edit, Edit, undo(2)]), (Some(1), Some(2)));
        assert_eq!(steps(&[Edit, Edit, undo(2), undo(1)]), (None, Some(1)));
        let there_and_back = [Edit, Edit, undo(2), undo(1), redo(1)];
        assert_eq!(steps(&there_and_back), (Some(1), Some(2)));
    }

    #[test]
    fn a_step_names_who_moved_it_last() {
        let by = |name: &str, number, cause| RevisionSummary {
            number: RevisionNumber(number),
            at_ms: i64::try_from(number).expect("small"),
            actor: Actor::new(Via::Flagctl, name),
            cause,
            note: None,
            changes: vec!["change".into()],
            is_damaged: false,
        };
        let mut log = UndoLog::default();
        log.extend([by("ada", 1, Cause::Edit)]);
        let of = RevisionNumber(1);
        let mover = |step: Option<&UndoStep>| {
            let step = step.expect("a step");
            (step.actor.clone().expect("an actor").name, step.at_ms)
        };
        assert_eq!(mover(log.undo()), ("ada".into(), Some(1)));
        log.extend([by("ben", 2, Cause::Undo(of))]);
        assert_eq!(mover(log.redo()), ("ben".into(), Some(2)));
        log.extend([by("cleo", 3, Cause::Redo(of))]);
        assert_eq!(mover(log.undo()), ("cleo".into(), Some(3)));
    }

    #[test]
    fn an_edit_after_an_undo_ends_what_could_be_redone() {
        let undo = Cause::Undo(RevisionNumber(2));
        let causes = [Cause::Edit, Cause::Edit, undo, Cause::Edit];
        assert_eq!(steps(&causes), (Some(4), None));
    }

    #[test]
    fn a_step_from_before_the_log_began_is_passed_over() {
        assert_eq!(steps(&[Cause::Undo(RevisionNumber(0))]), (None, None));
    }

    #[test]
    fn no_step_reaches_past_a_damaged_revision() {
        let mut log = log(&[Cause::Edit, Cause::Edit]);
        let after = |number, is_damaged| RevisionSummary {
            number: RevisionNumber(number),
            at_ms: 0,
            actor: Actor::new(Via::Window, "ada"),
            cause: Cause::Edit,
            note: None,
            changes: vec!["change".into()],
            is_damaged,
        };
        log.extend([after(3, true)]);
        assert_eq!((log.undo(), log.redo()), (None, None));
        log.extend([after(4, false)]);
        assert_eq!(log.undo().map(|step| step.revision.0), Some(4));
    }

    #[test]
    fn steps_reach_past_what_was_adopted_and_not_past_the_beginning_of_following() {
        use Cause::{Adopt, Edit, Follow, Publish, Undo, Unfollow};
        let undo = |of| Undo(RevisionNumber(of));
        assert_eq!(steps(&[Edit, Adopt]), (Some(1), None));
        assert_eq!(steps(&[Edit, Edit, undo(2), Adopt]), (Some(1), Some(2)));
        for ends in [Follow, Publish, Unfollow] {
            assert_eq!(steps(&[Edit, Edit, undo(2), ends]), (None, None));
            assert_eq!(steps(&[Edit, ends, Edit]), (Some(3), None));
        }
    }

    #[test]
    fn revisions_known_already_change_nothing() {
        let mut known = log(&[Cause::Edit, Cause::Edit]);
        known.extend(std::iter::once(RevisionSummary {
            number: RevisionNumber(2),
            cause: Cause::Undo(RevisionNumber(1)),
            at_ms: 0,
            actor: Actor {
                via: Via::Http,
                name: String::new(),
            },
            note: None,
            changes: vec![],
            is_damaged: false,
        }));
        assert_eq!(known.undo().map(|step| step.revision.0), Some(2));
    }
}
