//! Where a value comes from: the layers that make it, the one that decides first.
//!
//! A switched-off master switch decides over everything, an override over what is followed, and
//! without a followed document the local one decides alone.

use std::collections::HashSet;
use std::sync::Arc;

use flagdeck_core::{FlagDocument, Place};

use super::Flags;
use super::followed::{Followed, Override};
use super::live::{AllOff, Live};
use super::targeted::{OfTarget, TargetedOverride};
use crate::error::Error;
use crate::store::{Actor, HistoryFilter, RevisionNumber, RevisionSummary, Via};

/// Revisions looked through for the one that changed a part of the document as a whole.
const LOOKED_AT_MAX: usize = 16;

/// The layer that decides a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerKind {
    /// All flags are off.
    Off,
    /// An override: of the followed document, or for one application or user.
    Override,
    /// The followed document.
    Followed,
    /// The local document, which follows nothing.
    Local,
}

/// What the value of is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A component.
    Component(&'a str),
    /// The master switch.
    Master,
    /// The default rollout.
    Rollout,
}

/// One layer of what makes a value.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueLayer {
    /// All flags are off.
    Off(Arc<AllOff>),
    /// An override for one application or user.
    Targeted(TargetedOverride),
    /// Overrides of the followed document that act on it.
    Override(Vec<(Place, Override)>),
    /// The followed document.
    Followed {
        /// Its address, without credentials.
        from: String,
        /// Since when its value is in force; `None` under an override.
        since: Option<Since>,
    },
    /// The local document; `None` for the safe default.
    Local(Option<Since>),
}

/// The revision since which a value is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Since {
    /// Its number.
    pub revision: RevisionNumber,
    /// When it was saved, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who saved it.
    pub by: Actor,
}

impl LayerKind {
    /// Returns it as programs read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Override => "override",
            Self::Followed => "followed",
            Self::Local => "local",
        }
    }
}

impl From<RevisionSummary> for Since {
    fn from(revision: RevisionSummary) -> Self {
        Self {
            revision: revision.number,
            at_ms: revision.at_ms,
            by: revision.actor,
        }
    }
}

impl Subject<'_> {
    /// Returns whether an override of this place has a part in the value.
    fn depends_on(self, place: &Place, document: &FlagDocument) -> bool {
        match (self, place) {
            (
                Self::Component(path),
                Place::Switch(own) | Place::CustomRollout(own) | Place::Requires(own),
            ) => own.as_str() == path,
            (Self::Component(path), Place::Rollout) => !document.rollouts.contains_key(path),
            (Self::Component(_) | Self::Rollout, Place::Bucketing)
            | (Self::Component(_) | Self::Master, Place::Master)
            | (Self::Rollout, Place::Rollout) => true,
            _ => false,
        }
    }

    /// Returns what finds the revisions that changed it, and how a change of it begins.
    fn changes(self) -> (HistoryFilter, &'static str) {
        let (path, begins) = match self {
            Self::Component(path) => (path, ""),
            Self::Master => ("", "Master switch"),
            Self::Rollout => ("", "Default rollout"),
        };
        let filter = HistoryFilter {
            component: Some(path.to_owned()),
            text: (!begins.is_empty()).then(|| begins.to_owned()),
            ..HistoryFilter::default()
        };
        (filter, begins)
    }
}

/// The layer that decides each component of one revision.
#[derive(Debug)]
pub(super) struct Deciding<'a> {
    document: &'a FlagDocument,
    without: LayerKind,
    /// Components with an override for one application or user.
    targeted: &'a OfTarget,
    /// Components with an override of their own.
    own: HashSet<&'a str>,
    is_default_rollout: bool,
    is_everything: bool,
}

impl<'a> Deciding<'a> {
    pub(super) fn of(live: &'a Live) -> Self {
        let mut deciding = Self {
            document: &live.document,
            without: match (live.document.enabled, &live.followed) {
                (false, _) => LayerKind::Off,
                (true, Some(_)) => LayerKind::Followed,
                (true, None) => LayerKind::Local,
            },
            targeted: &live.targeted,
            own: HashSet::new(),
            is_default_rollout: false,
            is_everything: false,
        };
        let acting = live.followed.as_deref().map(Followed::acting);
        for (place, _) in acting.into_iter().flatten() {
            deciding.note(place);
        }
        deciding
    }

    fn note(&mut self, place: &'a Place) {
        match place {
            Place::Switch(path) | Place::CustomRollout(path) | Place::Requires(path) => {
                self.own.insert(path.as_str());
            }
            Place::Rollout => self.is_default_rollout = true,
            Place::Master | Place::Bucketing => self.is_everything = true,
            Place::About(_) | Place::Unknown(_) => {}
        }
    }

    /// Returns the layer that decides a component.
    pub(super) fn layer(&self, path: &str) -> LayerKind {
        if self.without != LayerKind::Off && self.targeted.contains_key(path) {
            return LayerKind::Override;
        }
        let is_overridden = || {
            self.is_everything
                || self.own.contains(path)
                || self.is_default_rollout && !self.document.rollouts.contains_key(path)
        };
        match self.without {
            LayerKind::Followed if is_overridden() => LayerKind::Override,
            other => other,
        }
    }
}

/// The layers that the parts of one revision's document come from.
#[derive(Debug)]
pub struct PlaceLayers {
    without: LayerKind,
    /// JSON Pointers to what is overridden.
    overridden: HashSet<String>,
}

impl PlaceLayers {
    /// Derives them from a revision.
    pub fn of(live: &Live) -> Self {
        let acting = live.followed.as_deref().map(Followed::acting);
        let acting = acting.into_iter().flatten();
        Self {
            without: match live.followed {
                Some(_) => LayerKind::Followed,
                None => LayerKind::Local,
            },
            overridden: acting.map(|(place, _)| place.pointer()).collect(),
        }
    }

    /// Returns the layer of the part at a JSON Pointer: an override of it, or of what it is a part
    /// of.
    pub fn at(&self, pointer: &str) -> LayerKind {
        let ends = pointer.match_indices('/').map(|(end, _)| end);
        let mut ends = ends.skip(1).chain([pointer.len()]);
        match ends.any(|end| self.overridden.contains(&pointer[..end])) {
            true => LayerKind::Override,
            false => self.without,
        }
    }
}

impl Flags {
    /// Returns the layers that make a value of one revision, the one that decides first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn layers_of_value(
        &self,
        live: &Live,
        subject: Subject<'_>,
    ) -> Result<Vec<ValueLayer>, Error> {
        let mut layers = Vec::new();
        layers.extend(live.all_off.clone().map(ValueLayer::Off));
        if let Subject::Component(path) = subject {
            let targeted = live.targeted.get(path).cloned();
            layers.extend(targeted.map(ValueLayer::Targeted));
        }
        let Some(followed) = live.followed.as_deref() else {
            let since = self.last_change(live.revision, subject)?;
            layers.push(ValueLayer::Local(since));
            return Ok(layers);
        };
        let acting = followed.acting();
        let acting = acting.filter(|(place, _)| subject.depends_on(place, &live.document));
        let overrides: Vec<_> = acting.map(|(at, it)| (at.clone(), it.clone())).collect();
        let since = match overrides.is_empty() {
            true => self.followed_since(live.revision, followed, subject)?,
            false => None,
        };
        if !overrides.is_empty() {
            layers.push(ValueLayer::Override(overrides));
        }
        layers.push(ValueLayer::Followed {
            from: followed.from.clone(),
            since,
        });
        Ok(layers)
    }

    /// Finds the later one of the revision that changed the value last and the one that began to
    /// follow the document.
    fn followed_since(
        &self,
        up_to: RevisionNumber,
        followed: &Followed,
        subject: Subject<'_>,
    ) -> Result<Option<Since>, Error> {
        let began = HistoryFilter {
            via: Some(Via::Followed),
            name: Some(followed.from.clone()),
            text: Some(followed.beginning()),
            up_to: Some(up_to),
            ..HistoryFilter::default()
        };
        let began = self.history(&began, 0, 1)?.revisions.pop().map(Since::from);
        let changed = self.last_change(up_to, subject)?;
        let both = began.into_iter().chain(changed);
        Ok(both.max_by_key(|since| since.revision))
    }

    fn last_change(
        &self,
        up_to: RevisionNumber,
        subject: Subject<'_>,
    ) -> Result<Option<Since>, Error> {
        if up_to == RevisionNumber::NONE {
            return Ok(None);
        }
        let (filter, begins) = subject.changes();
        let filter = HistoryFilter {
            up_to: Some(up_to),
            ..filter
        };
        let page = self.history(&filter, 0, LOOKED_AT_MAX)?;
        let changed = |revision: &RevisionSummary| {
            let mut changes = revision.changes.iter();
            begins.is_empty() || changes.any(|change| change.starts_with(begins))
        };
        Ok(page.revisions.into_iter().find(changed).map(Since::from))
    }
}
