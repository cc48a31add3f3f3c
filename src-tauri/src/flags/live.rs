//! The document in force, with everything derived from it once and read often.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use flagdeck_core::{Compiled, Explanation, FlagDocument, Reaches, User, explain, validate};
use serde::Serialize;

use super::emergency::Call;
use super::followed::Followed;
use super::labels::{self, Label};
use super::layers::Generation;
use super::targeted::OfTarget;
use crate::store::{Actor, Cause, Revision, RevisionNumber, StoreError};

/// One revision ready for use: immutable, shared by reference, replaced whole.
#[derive(Debug)]
pub struct Live {
    /// Its number; [`RevisionNumber::NONE`] for the safe default of a new store.
    pub revision: RevisionNumber,
    /// Where it came from; `None` for the safe default.
    pub origin: Option<Origin>,
    /// The document.
    pub document: FlagDocument,
    /// The document ready to be evaluated.
    pub compiled: Compiled,
    /// The document as it is served: JSON text.
    pub text: Arc<[u8]>,
    /// What names this document among all that were ever in force.
    pub generation: Generation,
    /// What it follows, with what is overridden of that; `None` if it is a local document.
    pub followed: Option<Arc<Followed>>,
    /// The overrides for the application or user that this is in force for, by component.
    pub(super) targeted: OfTarget,
    /// Since when all flags are off; `None` while the master switch is on.
    pub all_off: Option<Arc<AllOff>>,
    /// Whom each component reaches, computed when it is first asked for.
    reaches: OnceLock<Reaches>,
    /// What clients are told of each component, computed when it is first asked for.
    labels: OnceLock<Vec<Label>>,
    /// The same with the master switch off, made when it is first asked for.
    switched_off: ArcSwapOption<Live>,
}

/// Since when all flags are off, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename_all = "camelCase"))]
pub struct AllOff {
    /// When the master switch went off, in milliseconds since 1970; `None` if it was never on.
    pub since_ms: Option<i64>,
    /// Who turned it off; `None` if it was never on.
    pub by: Option<Actor>,
    /// Whether that is stored; an emergency is in force before it is.
    pub is_stored: bool,
}

impl AllOff {
    /// All flags are off because the master switch was never on.
    pub const NEVER_ON: Self = Self {
        since_ms: None,
        by: None,
        is_stored: true,
    };

    /// Returns the moment as programs read it, RFC 3339 in UTC; `None` if it was never on.
    pub fn since(&self) -> Option<String> {
        let instant = jiff::Timestamp::from_millisecond(self.since_ms?);
        Some(instant.unwrap_or_default().to_string())
    }
}

/// Where a revision came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who.
    pub actor: Actor,
    /// Why it came to be.
    pub cause: Cause,
    /// What changed, a sentence each.
    pub changes: Vec<String>,
}

impl Live {
    /// The safe default, in force while nothing has been saved.
    pub fn safe_default() -> Self {
        let document = FlagDocument::default();
        let text = document.to_bytes().into();
        Self::new(RevisionNumber::NONE, None, document, text)
    }

    /// Makes a stored revision ready for use.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if its document is not valid, though its hash is right: another
    /// program or a newer Flagdeck wrote it.
    pub fn load(revision: &Revision) -> Result<Self, StoreError> {
        let draft = &revision.draft;
        let checked = validate(&draft.document).map_err(|problems| StoreError::Damaged {
            what: format!(
                "revision {} holds a document that is not valid ({})",
                revision.number,
                problems.first().map_or("", |problem| &problem.message)
            ),
        })?;
        let origin = Origin {
            at_ms: draft.at_ms,
            actor: draft.actor.clone(),
            cause: draft.cause,
            changes: draft.changes.clone(),
        };
        let followed = draft.followed.as_deref().map(Followed::read).transpose()?;
        let text = Arc::clone(&draft.document);
        let live = Self::new(revision.number, Some(origin), checked.document, text);
        Ok(Self {
            followed: followed.map(Arc::new),
            ..live
        })
    }

    /// Notes since when all flags are off, if the master switch is.
    #[must_use]
    pub fn off_since(self, all_off: AllOff) -> Self {
        Self {
            all_off: (!self.document.enabled).then(|| Arc::new(all_off)),
            ..self
        }
    }

    /// Returns it with the master switch off, as it is since an emergency was called; itself if
    /// that is off already.
    pub(super) fn switched_off(self: &Arc<Self>, call: &Call) -> Arc<Self> {
        if !self.document.enabled {
            return Arc::clone(self);
        }
        let generation = self.generation.switched_off(call.number);
        let made = self.switched_off.load_full();
        if let Some(made) = made.filter(|made| made.generation == generation) {
            return made;
        }
        let document = FlagDocument {
            enabled: false,
            ..self.document.clone()
        };
        let text = document.to_bytes().into();
        let off = Self::new(self.revision, self.origin.clone(), document, text);
        let off = Arc::new(Self {
            all_off: Some(Arc::clone(&call.all_off)),
            followed: self.followed.clone(),
            targeted: self.targeted.clone(),
            generation,
            ..off
        });
        self.switched_off.store(Some(Arc::clone(&off)));
        off
    }

    /// Returns the same revision with the document that one target has by these overrides.
    pub(super) fn targeted(
        &self,
        document: FlagDocument,
        own: &OfTarget,
        generation: Generation,
    ) -> Self {
        let mut targeted = self.targeted.clone();
        targeted.extend(own.clone());
        let text = document.to_bytes().into();
        let same = Self::new(self.revision, self.origin.clone(), document, text);
        Self {
            targeted,
            all_off: self.all_off.clone(),
            followed: self.followed.clone(),
            generation,
            ..same
        }
    }

    /// Explains what a component is for a user, and what decides.
    pub fn explain(&self, component: &str, user: &User<'_>) -> Explanation {
        explain(
            &self.document,
            &self.compiled,
            self.reaches(),
            component,
            user,
        )
    }

    /// Returns whom each component reaches.
    pub fn reaches(&self) -> &Reaches {
        let reaches = || Reaches::of(&self.compiled, !self.document.enabled);
        self.reaches.get_or_init(reaches)
    }

    /// Returns what clients are told of each component beside its value, in the order of the
    /// document.
    pub fn labels(&self) -> &[Label] {
        self.labels.get_or_init(|| labels::of(self))
    }

    /// Returns whether [`Self::labels`] takes no time.
    pub(crate) fn has_labels(&self) -> bool {
        self.labels.get().is_some()
    }

    fn new(
        revision: RevisionNumber,
        origin: Option<Origin>,
        document: FlagDocument,
        text: Arc<[u8]>,
    ) -> Self {
        Self {
            all_off: (!document.enabled).then(|| Arc::new(AllOff::NEVER_ON)),
            reaches: OnceLock::new(),
            labels: OnceLock::new(),
            revision,
            origin,
            compiled: Compiled::new(&document),
            document,
            generation: Generation::of_revision(revision, &text),
            text,
            followed: None,
            targeted: OfTarget::new(),
            switched_off: ArcSwapOption::empty(),
        }
    }
}
