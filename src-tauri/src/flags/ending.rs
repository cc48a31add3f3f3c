//! Ends overrides of either kind: of the followed document, and for single applications and users.

use super::following::Selection;
use super::targeted::{TargetedOverride, TargetedSelection};
use super::{Flags, Outcome};
use crate::error::Error;
use crate::store::Actor;

/// Which overrides are to be ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// All of both kinds.
    All,
    /// Those of the followed document that are selected.
    Followed(Selection),
    /// Those for single applications and users that are selected.
    Targeted(TargetedSelection),
}

/// Overrides that were ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// What that changed for everyone.
    pub outcome: Outcome,
    /// Those for single applications and users.
    pub targeted: Vec<TargetedOverride>,
}

impl Flags {
    /// Ends overrides. Those for single applications and users make no revision.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of them, else as [`Flags::clear_overrides`] and
    /// [`Flags::end_targeted`].
    pub fn end_overrides(&self, which: &Ending, actor: &Actor) -> Result<Ended, Error> {
        match which {
            Ending::Followed(selection) => {
                let outcome = self.clear_overrides(selection, actor)?;
                let targeted = Vec::new();
                Ok(Ended { outcome, targeted })
            }
            Ending::Targeted(selection) => {
                let targeted = self.end_targeted(selection)?;
                match targeted.is_empty() {
                    true => Err(no_targeted(selection)),
                    false => Ok(self.ended_without_revision(targeted)),
                }
            }
            Ending::All => self.end_all(actor),
        }
    }

    fn end_all(&self, actor: &Actor) -> Result<Ended, Error> {
        let targeted = self.end_targeted(&TargetedSelection::default())?;
        match self.clear_overrides(&Selection::All, actor) {
            Err(Error::NotFound { .. }) if !targeted.is_empty() => {
                Ok(self.ended_without_revision(targeted))
            }
            outcome => Ok(Ended {
                outcome: outcome?,
                targeted,
            }),
        }
    }

    fn ended_without_revision(&self, targeted: Vec<TargetedOverride>) -> Ended {
        Ended {
            outcome: Outcome::unchanged(self.live().revision, Vec::new()),
            targeted,
        }
    }
}

fn no_targeted(selection: &TargetedSelection) -> Error {
    let target = selection.target.as_ref();
    let target = target.map_or_else(String::new, |target| format!(" for {target}"));
    let names: Vec<&str> = selection.components.iter().map(|it| it.as_str()).collect();
    let of = match names.is_empty() {
        true => String::new(),
        false => format!(" of {}", names.join(", ")),
    };
    Error::NotFound {
        message: format!("there is no override{of}{target}"),
    }
}
