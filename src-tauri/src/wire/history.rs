//! The revisions, and why a user got what they got.

use flagdeck_core::{self as core, User, groups, summary};
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use super::following::Layer;
use crate::app::App;
use crate::error::Error;
use crate::flags::AsOf;
use crate::flags::live::Live;
use crate::flags::provenance::Subject;
use crate::store::{HistoryFilter, RevisionNumber, RevisionSummary};

/// Sentences of one revision that lists show: an import may have 10 000.
pub(super) const SENTENCES_LISTED_MAX: usize = 20;

/// Revisions of one page: several windows full, and little to read and send.
const PAGE_REVISIONS_MAX: usize = 500;

/// Some of the revisions that a filter lets through, latest first.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct HistoryPage {
    /// How many the filter lets through in all.
    pub total: usize,
    /// Those of this page.
    pub revisions: Vec<Revision>,
}

/// A revision without its document.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Revision {
    /// The revision; in lists of the window, a very long list of its changes is cut.
    #[serde(flatten)]
    pub revision: RevisionSummary,
    /// What changed in one line.
    pub summary: String,
    /// How many changes there are in all.
    pub changes_total: usize,
}

/// Why a user gets what they get.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub struct Explanation {
    /// The revision that decided.
    pub revision: RevisionNumber,
    /// The decision, with everything that led to it.
    #[serde(flatten)]
    pub explanation: core::Explanation,
    /// Where the value comes from, the layer that decides first; none if there is no such
    /// component.
    pub layers: Vec<Layer>,
}

impl HistoryPage {
    /// Shows a page of the history.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn of(
        app: &App,
        filter: &HistoryFilter,
        offset: usize,
        limit: usize,
    ) -> Result<Self, Error> {
        let limit = limit.min(PAGE_REVISIONS_MAX);
        let page = app.flags().history(filter, offset, limit)?;
        let revisions = page.revisions.into_iter();
        Ok(Self {
            total: page.total,
            revisions: revisions.map(Revision::cut).collect(),
        })
    }
}

impl Revision {
    /// Shows a revision with the first of its changes.
    fn cut(revision: RevisionSummary) -> Self {
        let mut shown = Self::from(revision);
        shown.revision.changes.truncate(SENTENCES_LISTED_MAX);
        shown
    }
}

impl From<RevisionSummary> for Revision {
    fn from(revision: RevisionSummary) -> Self {
        Self {
            summary: summary(&revision.changes),
            changes_total: revision.changes.len(),
            revision,
        }
    }
}

impl Explanation {
    /// Shows why a component is what it is for a user, as of a moment or else as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no revision of that number.
    pub fn of(
        app: &App,
        component: &str,
        user: &str,
        groups: &[String],
        at: Option<AsOf>,
    ) -> Result<Self, Error> {
        let groups = groups::trimmed(groups.iter().map(String::as_str));
        let user = User {
            id: user,
            groups: &groups,
        };
        let (live, explanation) = app.flags().explain(component, &user, at)?;
        Self::with_layers(app, &live, component, explanation)
    }

    /// Shows why a component is what it is for a user, of flags that were chosen before.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn within(app: &App, live: &Live, component: &str, user: &User<'_>) -> Result<Self, Error> {
        Self::with_layers(app, live, component, live.explain(component, user))
    }

    fn with_layers(
        app: &App,
        live: &Live,
        component: &str,
        explanation: core::Explanation,
    ) -> Result<Self, Error> {
        let subject = Subject::Component(component);
        let layers = match live.compiled.component(component) {
            Some(_) => app.flags().layers_of_value(live, subject)?,
            None => Vec::new(),
        };
        Ok(Self {
            revision: live.revision,
            explanation,
            layers: layers.into_iter().map(Into::into).collect(),
        })
    }
}
