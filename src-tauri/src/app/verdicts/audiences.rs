//! Since which revision each component has its present audience, as far back as components are
//! judged.

use std::collections::HashMap;

use flagdeck_core::FlagDocument;
use flagdeck_core::audience::changed;
use flagdeck_core::verdict::Since;

use super::MINUTES;
use crate::app::App;
use crate::error::Error;
use crate::metrics::tiers::SECONDS_IN_MEMORY_S;
use crate::store::{HistoryFilter, RevisionNumber};

/// Revisions looked at one by one; of more, the earlier ones count as one.
const REVISIONS_MAX: usize = 20;

/// Which components changed, up to which revision that is known.
#[derive(Debug, Default)]
pub(super) struct Audiences {
    /// The revision that was looked at last; `None` before the first.
    seen: Option<(RevisionNumber, FlagDocument)>,
    changed: HashMap<String, Changed>,
}

/// The latest revision that changed who sees a component.
#[derive(Debug, Clone, Copy)]
struct Changed {
    revision: RevisionNumber,
    at_ms: i64,
}

impl Audiences {
    /// Looks at the revisions since the last call. Cheap if there are none.
    ///
    /// # Errors
    /// If one cannot be read; then it is tried again the next time.
    pub(super) fn follow(&mut self, app: &App) -> Result<(), Error> {
        let live = app.flags().live();
        let begin = match self.seen.take() {
            Some(seen) if seen.0 <= live.revision => seen,
            _ => first(app, live.revision)?,
        };
        let seen = begin.0;
        self.seen = Some(begin);
        if seen < live.revision {
            for number in app.flags().between(seen, live.revision, REVISIONS_MAX)? {
                self.step(app, number)?;
            }
        }
        self.forget(app.now_ms());
        Ok(())
    }

    fn step(&mut self, app: &App, number: RevisionNumber) -> Result<(), Error> {
        let revision = app.flags().at(number)?;
        let at_ms = revision.origin.as_ref().map_or(0, |origin| origin.at_ms);
        if let Some((_, before)) = &self.seen {
            for component in changed(before, &revision.document) {
                let change = Changed {
                    revision: number,
                    at_ms,
                };
                self.changed.insert(component, change);
            }
        }
        self.seen = Some((number, revision.document.clone()));
        Ok(())
    }

    fn forget(&mut self, now_ms: i64) {
        let since_ms = now_ms - SECONDS_IN_MEMORY_S * 1000;
        self.changed.retain(|_, change| change.at_ms >= since_ms);
    }

    fn latest(&self, component: &str, now_ms: i64) -> Option<Changed> {
        let latest = self.changed.get(component).copied();
        // A revision from the future was saved before the clock was set back.
        latest.filter(|change| change.at_ms <= now_ms)
    }

    /// Returns since when a component is judged.
    pub(super) fn since(&self, component: &str, now_ms: i64) -> Since {
        let latest = self.latest(component, now_ms);
        latest.map_or(Since::Minutes(MINUTES), |change| {
            Since::Revision(change.revision.0)
        })
    }

    /// The same as a moment, in milliseconds since 1970.
    pub(super) fn since_ms(&self, component: &str, now_ms: i64) -> i64 {
        let latest = self.latest(component, now_ms);
        latest.map_or(now_ms - SECONDS_IN_MEMORY_S * 1000, |change| change.at_ms)
    }
}

/// Returns the revision that was in force at the beginning of the judged time.
fn first(app: &App, latest: RevisionNumber) -> Result<(RevisionNumber, FlagDocument), Error> {
    let filter = HistoryFilter {
        until_ms: Some(app.now_ms() - SECONDS_IN_MEMORY_S * 1000),
        up_to: Some(latest),
        ..HistoryFilter::default()
    };
    let before = app.flags().history(&filter, 0, 1)?.revisions;
    let number = before.first().map_or(RevisionNumber::NONE, |it| it.number);
    Ok((number, app.flags().document_at(number)?))
}
