//! Changes by JSON from elsewhere, a document or a patch: one that would remove more than half of
//! the components is refused until the caller confirms that, which catches a file of another
//! project or a misplaced `null`.
//!
//! Nothing else is asked about. An edit that removes names what it removes, and the window asks
//! about it. Undo, redo, and restoring a revision, a backup or the flags of a snapshot go back to
//! what was in force here: they are the way out of a bad change, and can be undone themselves.

use flagdeck_core::{Edit, FlagDocument, Loss, loss};

use super::live::Live;
use super::{ChangeRequest, Flags, Outcome};
use crate::error::Error;
use crate::store::RevisionNumber;

/// What JSON from elsewhere may remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Losses {
    /// Up to half of the components.
    Small,
    /// Everything: it was confirmed.
    Any,
}

impl Flags {
    /// Makes a change like [`Flags::change`], also if it removes more than half of the components:
    /// the caller has confirmed that.
    ///
    /// # Errors
    /// As [`Flags::change`], except for [`Error::LargeLoss`].
    pub fn change_confirmed(&self, request: ChangeRequest) -> Result<Outcome, Error> {
        self.change_in(&self.guard(), request, Losses::Any, None)
    }
}

/// Refuses an edit by JSON from elsewhere that makes a document without most of the components.
///
/// # Errors
/// [`Error::LargeLoss`].
pub(super) fn check_loss(
    edit: &Edit,
    losses: Losses,
    live: &Live,
    next: &FlagDocument,
) -> Result<(), Error> {
    if losses == Losses::Any || !edit.has_json() {
        return Ok(());
    }
    match large_loss(live, next) {
        Some(loss) => Err(Error::LargeLoss { loss }),
        None => Ok(()),
    }
}

/// Returns what a document would remove, if it is more than half of the components. Before
/// anything was saved there is only the safe default, which can be replaced without asking.
pub(super) fn large_loss(live: &Live, next: &FlagDocument) -> Option<Loss> {
    if live.revision == RevisionNumber::NONE {
        return None;
    }
    Some(loss(&live.document, next)).filter(Loss::is_large)
}
