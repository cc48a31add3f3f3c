//! What is followed and what is overridden of it, as faces show it.

use flagdeck_core::document::PathError;
use flagdeck_core::tree::Tree;
use flagdeck_core::{Change, NoPlace, Place};
use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use super::flags::Outcome;
use super::reach::Widenings;
use super::review::{Difference, Loss};
use crate::app::following::{self, FollowStatus, Published};
use crate::error::Error;
use crate::flags::followed;
use crate::flags::following::{PublicationReview, Selection};
use crate::flags::live::Live;
use crate::flags::provenance::ValueLayer;
use crate::flags::targeted::TargetedOverride;
use crate::store::{Actor, RevisionNumber};

/// The document that is followed, and what is overridden of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Followed {
    /// Its address, without credentials.
    pub from: String,
    /// The overrides: of the document as a whole first, then by component.
    pub overrides: Vec<Override>,
}

/// A value over the one that is followed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Override {
    /// Where: a JSON Pointer into the document.
    pub place: String,
    /// The component or group that it is about; `null` for the document as a whole.
    pub component: Option<String>,
    /// Which part of it is overridden.
    pub what: OverriddenPart,
    /// What it changes of what is followed, a sentence each; none if both are the same.
    pub changes: Vec<String>,
    /// What it overrides with, as JSON; left out for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "unknown"))]
    pub value: Option<Tree>,
    /// What is followed, as JSON; left out for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "unknown"))]
    pub followed: Option<Tree>,
    /// Since when, in milliseconds since 1970.
    pub since_ms: i64,
    /// Who set it.
    pub by: Actor,
    /// Why it does not act at present, a sentence; `null` if it does.
    pub suspended: Option<String>,
}

/// One layer of what makes a value; the first of several decides.
#[derive(Debug, Clone, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(
    test,
    derive(TS),
    ts(
        tag = "kind",
        rename_all = "snake_case",
        rename_all_fields = "camelCase"
    )
)]
pub enum Layer {
    /// All flags are off.
    Off {
        /// Since when, in milliseconds since 1970; `null` if they were never on.
        since_ms: Option<i64>,
        /// Who turned them off; `null` if they were never on.
        by: Option<Actor>,
        /// Whether it is an emergency that is not stored yet.
        is_emergency: bool,
    },
    /// An override for one application or user.
    Targeted(TargetedOverride),
    /// Overrides of the followed document.
    Override {
        /// Those that act on the value.
        overrides: Vec<Override>,
    },
    /// The followed document.
    Followed {
        /// Its address, without credentials.
        from: String,
        /// The revision since which its value is in force; `null` under an override.
        revision: Option<RevisionNumber>,
        /// When that was saved, in milliseconds since 1970.
        at_ms: Option<i64>,
    },
    /// The local document.
    Local {
        /// The revision that changed the value last; `null` for the safe default.
        revision: Option<RevisionNumber>,
        /// When that was saved, in milliseconds since 1970.
        at_ms: Option<i64>,
        /// Who saved it.
        by: Option<Actor>,
    },
}

/// How following a document is going, and how much of it is overridden.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Following {
    /// How it is going.
    #[serde(flatten)]
    pub status: FollowStatus,
    /// How many overrides act.
    pub overrides: usize,
    /// How many do not act at present.
    pub suspended: usize,
}

/// A part of a document that is overridden as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum OverriddenPart {
    /// The master switch.
    Master,
    /// How users are hashed.
    Bucketing,
    /// The default rollout.
    Rollout,
    /// A component: on, off, or removed.
    Switch,
    /// The custom rollout of a component.
    CustomRollout,
    /// What a component requires.
    Requires,
    /// What people should know about a component or group.
    About,
    /// A key that the format does not have.
    Unknown,
}

/// A place that was to be published, and was changed at the remote.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct PublishConflict {
    /// Where: a JSON Pointer into the document.
    pub place: String,
    /// The component or group that it is about; `null` for the document as a whole.
    pub component: Option<String>,
    /// Which part of it differs.
    pub what: OverriddenPart,
    /// What the remote changed, a sentence each.
    pub theirs: Vec<String>,
    /// What publishing would change of that, a sentence each.
    pub mine: Vec<String>,
}

/// What the remote has at present, and what adopting it would do.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct FollowedReview {
    /// What names the document, to accept it and no other.
    pub document: String,
    /// What it would change of what is in force, with the overrides over it.
    pub difference: Difference,
    /// What it has lost, if that is more than half of the components.
    pub loss: Option<Loss>,
}

/// What publishing overrides would do at the remote.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct PublishingReview {
    /// What it would show to users there who do not see it.
    pub widenings: Widenings,
    /// What it would remove, if that is more than half of the components: it has to be confirmed.
    pub loss: Option<Loss>,
}

/// What came of publishing: one of both.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Publishing {
    /// What it changed here; `null` if nothing was published.
    pub published: Option<Outcome>,
    /// Where the remote was changed since it was overridden; empty if it is published.
    pub conflicts: Vec<PublishConflict>,
}

/// Which overrides are meant.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum OverrideSelection {
    /// All of them.
    All,
    /// Those about a component or group, and about anything in that group.
    Component(String),
    /// Those of these places: JSON Pointers into the document.
    Places(Vec<String>),
}

impl OverrideSelection {
    /// Returns it as the application takes it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it names no part of a document.
    pub fn read(&self) -> Result<Selection, Error> {
        let not_found = |message: String| Error::NotFound { message };
        Ok(match self {
            Self::All => Selection::All,
            Self::Component(path) => Selection::Component(
                path.parse()
                    .map_err(|error: PathError| not_found(error.to_string()))?,
            ),
            Self::Places(places) => {
                let places = places.iter().map(|place| place.parse());
                let places: Result<_, NoPlace> = places.collect();
                Selection::Places(places.map_err(|error| not_found(error.to_string()))?)
            }
        })
    }
}

impl From<following::FollowedReview> for FollowedReview {
    fn from(review: following::FollowedReview) -> Self {
        Self {
            document: review.document,
            difference: review.adoption.difference.into(),
            loss: review.adoption.loss.map(Into::into),
        }
    }
}

impl From<PublicationReview> for PublishingReview {
    fn from(review: PublicationReview) -> Self {
        Self {
            widenings: review.widenings.into(),
            loss: review.loss.map(Into::into),
        }
    }
}

impl From<Published> for Publishing {
    fn from(published: Published) -> Self {
        match published {
            Published::Done(outcome) => Self {
                published: Some(outcome.into()),
                conflicts: Vec::new(),
            },
            Published::Conflict(conflicts) => Self {
                published: None,
                conflicts: conflicts.iter().map(PublishConflict::of).collect(),
            },
        }
    }
}

impl Followed {
    /// Shows what a revision follows; `None` if it is a local document.
    pub fn of(live: &Live) -> Option<Self> {
        let followed = live.followed.as_ref()?;
        let overrides = followed.own();
        Some(Self {
            from: followed.from.clone(),
            overrides: overrides
                .map(|(place, it)| Override::of(place, it))
                .collect(),
        })
    }
}

impl Following {
    /// Adds to how it is going what a revision overrides.
    pub fn of(status: FollowStatus, live: &Live) -> Self {
        let followed = live.followed.as_deref();
        let own = followed.map_or(0, |followed| followed.own().count());
        let overrides = followed.map_or(0, |followed| followed.acting().count());
        Self {
            status,
            overrides,
            suspended: own - overrides,
        }
    }
}

impl From<ValueLayer> for Layer {
    fn from(layer: ValueLayer) -> Self {
        match layer {
            ValueLayer::Off(all_off) => Self::Off {
                since_ms: all_off.since_ms,
                by: all_off.by.clone(),
                is_emergency: !all_off.is_stored,
            },
            ValueLayer::Targeted(one) => Self::Targeted(one),
            ValueLayer::Override(overrides) => Self::Override {
                overrides: overrides
                    .iter()
                    .map(|(place, it)| Override::of(place, it))
                    .collect(),
            },
            ValueLayer::Followed { from, since } => Self::Followed {
                from,
                revision: since.as_ref().map(|since| since.revision),
                at_ms: since.map(|since| since.at_ms),
            },
            ValueLayer::Local(since) => Self::Local {
                revision: since.as_ref().map(|since| since.revision),
                at_ms: since.as_ref().map(|since| since.at_ms),
                by: since.map(|since| since.by),
            },
        }
    }
}

impl Override {
    fn of(place: &Place, it: &followed::Override) -> Self {
        Self {
            place: place.pointer(),
            component: component(place),
            what: OverriddenPart::of(place),
            changes: sentences(place, it.followed.as_ref(), it.value.as_ref()),
            value: it.value.clone(),
            followed: it.followed.clone(),
            since_ms: it.since_ms,
            by: it.by.clone(),
            suspended: it.suspended.clone(),
        }
    }
}

impl PublishConflict {
    /// Shows a conflict.
    fn of(conflict: &following::PublishConflict) -> Self {
        let following::PublishConflict {
            place,
            was,
            theirs,
            mine,
        } = conflict;
        Self {
            place: place.pointer(),
            component: component(place),
            what: OverriddenPart::of(place),
            theirs: sentences(place, was.as_ref(), theirs.as_ref()),
            mine: sentences(place, theirs.as_ref(), mine.as_ref()),
        }
    }
}

impl OverriddenPart {
    fn of(place: &Place) -> Self {
        match place {
            Place::Master => Self::Master,
            Place::Bucketing => Self::Bucketing,
            Place::Rollout => Self::Rollout,
            Place::Switch(_) => Self::Switch,
            Place::CustomRollout(_) => Self::CustomRollout,
            Place::Requires(_) => Self::Requires,
            Place::About(_) => Self::About,
            Place::Unknown(_) => Self::Unknown,
        }
    }
}

fn component(place: &Place) -> Option<String> {
    place.component().map(ToString::to_string)
}

/// Says what differs between two values of a place.
fn sentences(place: &Place, before: Option<&Tree>, after: Option<&Tree>) -> Vec<String> {
    let found = Change::within(&place.pointer(), before, after);
    found.iter().map(ToString::to_string).collect()
}
