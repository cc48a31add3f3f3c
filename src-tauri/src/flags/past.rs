//! Looking back, and looking before acting: the history, differences between revisions, what
//! a document would change, why a user gets what they get. Changes nothing.

use std::iter;
use std::sync::Arc;

use flagdeck_core::{
    Change, Edit, Explanation, FlagDocument, Loss, Problem, User, Widening, apply, changes, flagd,
    read_document, widenings,
};

use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use super::live::Live;
use super::replacing::large_loss;
use super::{Flags, Scope};
use crate::error::Error;
use crate::store::{Actor, HistoryFilter, HistoryPage, LastChange, RevisionNumber};

/// A moment of the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum AsOf {
    /// At a revision; 0 stands for the safe default.
    Revision(u64),
    /// At a time, in milliseconds since 1970.
    AtMs(i64),
}

/// What differs between two documents.
#[derive(Debug, Clone, Default)]
pub struct Difference {
    /// Every change.
    pub changes: Vec<Change>,
}

/// A document that may be put in force.
#[derive(Debug, Clone)]
pub struct Review {
    /// The revision it was compared with: the one in force.
    pub revision: RevisionNumber,
    /// Everything wrong with it; an error among them refuses it.
    pub problems: Vec<Problem>,
    /// What it would change; nothing if it is refused.
    pub difference: Difference,
    /// What it would remove, if that is more than half of the components: it has to be confirmed.
    pub loss: Option<Loss>,
}

impl Flags {
    /// Loads the revisions that `filter` lets through, latest first, up to `limit` of them
    /// without the first `offset`.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn history(
        &self,
        filter: &HistoryFilter,
        offset: usize,
        limit: usize,
    ) -> Result<HistoryPage, Error> {
        Ok(self.store().history(filter, offset, limit)?)
    }

    /// Returns the number of the revision before another one; [`RevisionNumber::NONE`] if there is
    /// none. Numbers only grow, but not always by one.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn before(&self, number: RevisionNumber) -> Result<RevisionNumber, Error> {
        let before = self.store().summaries(Some(number), 1)?;
        Ok(before.first().map_or(RevisionNumber::NONE, |it| it.number))
    }

    /// Lists the revisions before another one, latest first, down to [`RevisionNumber::NONE`]. One
    /// that cannot be read ends the list.
    pub(crate) fn all_before(
        &self,
        number: RevisionNumber,
    ) -> impl Iterator<Item = RevisionNumber> + '_ {
        iter::successors(self.before(number).ok(), |number| match *number {
            RevisionNumber::NONE => None,
            number => self.before(number).ok(),
        })
    }

    /// Lists the revisions after one, up to and including another, earliest first; of more than
    /// `limit`, the latest.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(crate) fn between(
        &self,
        after: RevisionNumber,
        up_to: RevisionNumber,
        limit: usize,
    ) -> Result<Vec<RevisionNumber>, Error> {
        let latest = self.store().summaries(Some(up_to.next()), limit)?;
        let numbers = latest.iter().rev().map(|it| it.number);
        Ok(numbers.filter(|number| *number > after).collect())
    }

    /// Returns what a revision changed: the number of the revision before it, and what differs from
    /// that.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number.
    pub fn changed_by(
        &self,
        number: RevisionNumber,
    ) -> Result<(RevisionNumber, Difference), Error> {
        let before = self.before(number)?;
        Ok((before, self.difference(before, number)?))
    }

    /// Lists every actor who saved a revision.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn actors(&self) -> Result<Vec<Actor>, Error> {
        Ok(self.store().actors()?)
    }

    /// Lists the components and groups that a revision later than `after` changed, with the last
    /// that did; removed ones are left out.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn last_changes(&self, after: RevisionNumber) -> Result<Vec<LastChange>, Error> {
        let mut found = self.store().last_changes(after)?;
        let live = self.live();
        let is_there = |path: &str| {
            let path = path.parse().ok();
            path.is_some_and(|path| live.document.node(&path).is_some())
        };
        found.retain(|change| is_there(&change.path));
        Ok(found)
    }

    /// Compares the documents of two revisions; [`RevisionNumber::NONE`] stands for the safe
    /// default.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of such a number.
    pub fn difference(
        &self,
        from: RevisionNumber,
        to: RevisionNumber,
    ) -> Result<Difference, Error> {
        let (from, to) = (self.document_at(from)?, self.document_at(to)?);
        Ok(Difference::between(&from, &to))
    }

    /// Returns what is wrong with a document, and what it would change.
    pub fn review(&self, text: &[u8]) -> Review {
        let live = self.in_force(Scope::Everyone);
        match read_document(text) {
            Ok(checked) => Review {
                revision: live.revision,
                problems: checked.warnings,
                difference: Difference::between(&live.document, &checked.document),
                loss: large_loss(&live, &checked.document),
            },
            Err(problems) => Review {
                revision: live.revision,
                problems,
                difference: Difference::default(),
                loss: None,
            },
        }
    }

    /// Lists the components that an edit may show to users who do not see them, as soon as flags
    /// are on.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::NotFound`] if the edit cannot be applied.
    pub fn widenings(&self, edit: &Edit) -> Result<Vec<Widening>, Error> {
        let live = self.in_force(Scope::Everyone);
        let document = apply(&live.document, edit)?.document;
        Ok(widenings(&live.document, &document))
    }

    /// Explains what a component is for a user, now or as of a moment, and what decided.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no revision of that number. That there is no such component
    /// is an explanation.
    pub fn explain(
        &self,
        component: &str,
        user: &User<'_>,
        at: Option<AsOf>,
    ) -> Result<(Arc<Live>, Explanation), Error> {
        let live = match at {
            Some(at) => self.as_of(at)?,
            None => self.in_force(Scope::User(user.id)),
        };
        let explanation = live.explain(component, user);
        Ok((live, explanation))
    }

    /// Returns the flags as of a moment. Before the first revision, that is the safe default.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such revision.
    pub fn as_of(&self, at: AsOf) -> Result<Arc<Live>, Error> {
        match at {
            AsOf::Revision(0) => Ok(Arc::new(Live::safe_default())),
            AsOf::Revision(number) => self.at(RevisionNumber(number)),
            AsOf::AtMs(at_ms) => {
                let filter = HistoryFilter {
                    until_ms: Some(at_ms.saturating_add(1)),
                    ..HistoryFilter::default()
                };
                match self.history(&filter, 0, 1)?.revisions.first() {
                    Some(latest) => self.at(latest.number),
                    None => Ok(Arc::new(Live::safe_default())),
                }
            }
        }
    }

    /// Returns the document in force as JSON text, indented, with all its keys in their order.
    pub fn document_text(&self) -> String {
        let document = self.in_force(Scope::Everyone).document.to_tree();
        format!("{document:#}")
    }

    /// Returns the document in force as flag definitions of flagd, with what is not in them.
    pub fn definitions(&self) -> flagd::Definitions {
        flagd::definitions(&self.in_force(Scope::Everyone).document)
    }

    /// Loads the document of a revision; the safe default for [`RevisionNumber::NONE`].
    pub(crate) fn document_at(&self, number: RevisionNumber) -> Result<FlagDocument, Error> {
        match number {
            RevisionNumber::NONE => Ok(FlagDocument::default()),
            number => Ok(self.at(number)?.document.clone()),
        }
    }
}

impl Difference {
    pub(super) fn between(from: &FlagDocument, to: &FlagDocument) -> Self {
        Self {
            changes: changes(&from.to_tree(), &to.to_tree()),
        }
    }
}
