//! Since when all flags are off: the time of the revision that turned the master switch off.

use super::Flags;
use super::live::{AllOff, Live};
use crate::store::{HistoryFilter, RevisionNumber, Store, StoreError};
use crate::store::{Revision, RevisionSummary};

/// The sentence of a revision that turned the master switch off.
const TURNED_OFF: &str = "Master switch off";

/// Revisions read at a time. A note may say the same words, so the first is nearly always it.
const LOOKED_AT_ONCE: usize = 16;

/// Makes a revision ready for use, with since when all flags are off by it.
///
/// # Errors
/// [`StoreError`] if its document is not valid, or the history cannot be read.
pub(super) fn load(store: &dyn Store, revision: &Revision) -> Result<Live, StoreError> {
    let live = Live::load(revision)?;
    match live.document.enabled {
        true => Ok(live),
        false => Ok(live.off_since(find(store, revision.number)?)),
    }
}

/// Finds the revision up to `number`, by which all flags are off, that turned them off.
fn find(store: &dyn Store, number: RevisionNumber) -> Result<AllOff, StoreError> {
    let filter = HistoryFilter {
        component: Some(String::new()),
        text: Some(TURNED_OFF.into()),
        up_to: Some(number),
        ..HistoryFilter::default()
    };
    let mut seen = 0;
    loop {
        let page = store.history(&filter, seen, LOOKED_AT_ONCE)?;
        let turned_off = page.revisions.iter().find(|revision| turns_off(revision));
        if let Some(revision) = turned_off {
            return Ok(turned_off_by(revision));
        }
        seen += page.revisions.len();
        if page.revisions.is_empty() || seen >= page.total {
            return Ok(AllOff::NEVER_ON);
        }
    }
}

fn turns_off(revision: &RevisionSummary) -> bool {
    revision.changes.iter().any(|change| change == TURNED_OFF)
}

fn turned_off_by(revision: &RevisionSummary) -> AllOff {
    AllOff {
        since_ms: Some(revision.at_ms),
        by: Some(revision.actor.clone()),
        is_stored: true,
    }
}

impl Flags {
    /// Makes a revision ready for use that follows what is in force.
    pub(super) fn load_next(&self, revision: &Revision) -> Result<Live, StoreError> {
        let live = Live::load(revision)?;
        if live.document.enabled {
            return Ok(live);
        }
        let before = self.live();
        let summary = revision.summary();
        if before.revision.next() != revision.number {
            // All off goes into force, whatever the history answers.
            let found = find(self.store(), revision.number);
            return Ok(live.off_since(found.unwrap_or_else(|_| turned_off_by(&summary))));
        }
        Ok(live.off_since(match &before.all_off {
            Some(all_off) => AllOff::clone(all_off),
            None => turned_off_by(&summary),
        }))
    }
}
