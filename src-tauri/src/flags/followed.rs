//! What is followed, and what is overridden of it: kept with each revision made while it is followed.
//!
//! The document of such a revision is the followed one with the overrides over it, so the followed
//! one is that document with the value put back that each override replaces.

use std::collections::BTreeMap;

use flagdeck_core::overrides::{Values, differing, overridden, value};
use flagdeck_core::tree::{self, Tree};
use flagdeck_core::{ComponentPath, FlagDocument, Place};
use serde::{Deserialize, Serialize};

use crate::store::{Actor, StoreError};

/// A document that is followed, with what is overridden of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Followed {
    /// Its address, without credentials.
    pub from: String,
    /// The entity tag it came with, as it was sent; `None` if it had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// What is overridden of it.
    pub overrides: BTreeMap<Place, Override>,
}

/// A value over the one that is followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Override {
    /// The value; `None` for none.
    #[serde(
        default,
        deserialize_with = "tree::deserialize_present",
        skip_serializing_if = "Option::is_none"
    )]
    pub value: Option<Tree>,
    /// The value that is followed; `None` for none.
    #[serde(
        default,
        deserialize_with = "tree::deserialize_present",
        skip_serializing_if = "Option::is_none"
    )]
    pub followed: Option<Tree>,
    /// Since when, in milliseconds since 1970.
    pub since_ms: i64,
    /// Who set it.
    pub by: Actor,
    /// Why it does not act at present, a sentence; `None` if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<String>,
    /// Whether it only follows from the removal of its component, and ends with that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_implied: bool,
}

/// Returns what a revision says that begins to follow a document.
pub(super) fn beginning(from: &str) -> String {
    format!("Follows {from}")
}

/// Overrides that people set, whatever is followed.
pub(super) type Own = BTreeMap<Place, Override>;

impl Followed {
    /// Reads what a revision keeps.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it is not what Flagdeck writes.
    pub(super) fn read(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(|error| StoreError::Damaged {
            what: format!("what is followed cannot be read ({error})"),
        })
    }

    /// Checks what a revision from elsewhere keeps.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it is not what Flagdeck writes.
    pub(crate) fn check(text: &str) -> Result<(), StoreError> {
        Self::read(text).map(drop)
    }

    pub(super) fn write(&self) -> Box<str> {
        let text = serde_json::to_string(self).expect("texts and trees are JSON");
        text.into()
    }

    /// Returns the overrides that people set: not those that follow from others.
    pub fn own(&self) -> impl Iterator<Item = (&Place, &Override)> {
        self.overrides.iter().filter(|(_, it)| !it.is_implied)
    }

    /// Returns the overrides that act: those that people set, without the suspended ones.
    pub fn acting(&self) -> impl Iterator<Item = (&Place, &Override)> {
        self.own().filter(|(_, it)| it.suspended.is_none())
    }

    /// Returns what the revision says that began to follow the document.
    pub(super) fn beginning(&self) -> String {
        beginning(&self.from)
    }

    pub(super) fn own_overrides(&self) -> Own {
        let own = self.own();
        own.map(|(place, it)| (place.clone(), it.clone())).collect()
    }

    /// Returns the overrides about a component or group, or anything in it.
    pub fn within(&self, path: &ComponentPath) -> impl Iterator<Item = (&Place, &Override)> {
        self.own().filter(|(place, _)| place.is_within(path))
    }

    /// Returns the followed document, where `document` is what results with the overrides.
    pub(super) fn base(&self, document: &FlagDocument) -> FlagDocument {
        let acting = self.overrides.iter();
        let acting = acting.filter(|(_, it)| it.suspended.is_none());
        let back: Values = acting
            .map(|(place, it)| (place.clone(), it.followed.clone()))
            .collect();
        overridden(document, &back).document
    }

    /// Lays overrides over a document that is followed: what results, and what is kept of it.
    pub(super) fn over(
        base: &FlagDocument,
        (from, etag): (String, Option<String>),
        own: Own,
    ) -> (FlagDocument, Self) {
        let values = own
            .iter()
            .map(|(place, it)| (place.clone(), it.value.clone()));
        let result = overridden(base, &values.collect());
        let mut overrides = own;
        for (place, one) in &mut overrides {
            one.followed = value(base, place);
            one.suspended = result.suspended.get(place).cloned();
            one.is_implied = false;
        }
        let mut followed = Self {
            from,
            etag,
            overrides,
        };
        followed.add_implied(base, &result.document);
        (result.document, followed)
    }

    /// Returns what is kept after an edit: an override for each place that it changed, and none for
    /// those that it gave their followed value back.
    pub(super) fn after_edit(
        &self,
        before: &FlagDocument,
        after: &FlagDocument,
        (by, at_ms): (&Actor, i64),
    ) -> Self {
        let base = self.base(before);
        let mut overrides = self.own_overrides();
        for changed in differing(before, after) {
            let followed = value(&base, &changed.place);
            if changed.after == followed {
                overrides.remove(&changed.place);
                continue;
            }
            let set = Override {
                value: changed.after,
                followed,
                since_ms: at_ms,
                by: by.clone(),
                suspended: None,
                is_implied: false,
            };
            overrides.insert(changed.place, set);
        }
        let mut next = Self {
            overrides,
            ..self.clone()
        };
        next.add_implied(&base, after);
        next
    }

    /// Notes what differs from the followed document only because of other overrides: what is said
    /// of a component that is removed, and a group that is no longer empty.
    fn add_implied(&mut self, base: &FlagDocument, result: &FlagDocument) {
        let found = differing(base, result).into_iter();
        let found = found.filter(|one| !self.overrides.contains_key(&one.place));
        let mut own = self.overrides.values();
        let first = own.clone().find(|it| it.value.is_none());
        let Some(cause) = first.or_else(|| own.next()).cloned() else {
            return;
        };
        let implied = found.map(|one| {
            let implied = Override {
                value: one.after,
                followed: one.before,
                suspended: None,
                is_implied: true,
                ..cause.clone()
            };
            (one.place, implied)
        });
        let implied: Vec<_> = implied.collect();
        self.overrides.extend(implied);
    }
}
