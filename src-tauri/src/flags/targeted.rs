//! Overrides for one application or one user, for a while: for development.
//!
//! They are in one file of the data folder and in no revision, so user ids never get into the log,
//! a backup or an export. Every program on the folder reads that file, and applies what it says
//! only to those that it names.

mod file;
mod suspended;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;
use flagdeck_core::document::Node;
use flagdeck_core::edit::not_found;
use flagdeck_core::overrides::{Values, overridden};
use flagdeck_core::tree::Tree;
use flagdeck_core::{ComponentPath, FlagDocument, Percentage, Place, Rollout};
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};

use self::file::Stamp;
pub use self::file::{FILE, TargetedFile};
pub use self::suspended::Obstacle;
use super::limits::{
    TARGETED_MAX, TARGETED_TIME_MAX_MS, TARGETED_TIME_MIN_MS, TARGETED_USER_BYTES_MAX,
};
use super::live::Live;
use super::{Flags, Scope};
use crate::error::Error;
use crate::events::Event;
use crate::source::SourceName;
use crate::store::Actor;

/// Whom an override is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename_all = "camelCase"))]
pub enum Target {
    /// An application that calls itself by this name.
    Source(#[cfg_attr(test, ts(type = "string"))] SourceName),
    /// The user of this id, in any application.
    User(Box<str>),
}

/// A component that is on or off for one application or one user, whatever its rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename_all = "camelCase"))]
pub struct TargetedOverride {
    /// Whom it is for.
    #[serde(rename = "for")]
    pub target: Target,
    /// The component.
    #[serde(deserialize_with = "component")]
    #[cfg_attr(test, ts(type = "string"))]
    pub component: ComponentPath,
    /// Whether it is on. What it requires still has to be on, too.
    pub on: bool,
    /// Since when, in milliseconds since 1970.
    pub since_ms: i64,
    /// Until when, in milliseconds since 1970.
    pub until_ms: i64,
    /// Who set it.
    pub by: Actor,
}

fn component<'de, D: serde::Deserializer<'de>>(value: D) -> Result<ComponentPath, D::Error> {
    let text = String::deserialize(value)?;
    text.parse().map_err(serde::de::Error::custom)
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(name) => write!(f, "the application {}", name.as_str()),
            Self::User(id) => write!(f, "the user {id}"),
        }
    }
}

/// Which of these overrides are meant. What is not given lets each one through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetedSelection {
    /// Only those for this application or user.
    pub target: Option<Target>,
    /// Only those of these components, and of components in these groups.
    pub components: Vec<ComponentPath>,
}

/// An override that is asked for.
#[derive(Debug, Clone)]
pub struct TargetedRequest {
    /// Whom it is for.
    pub target: Target,
    /// The component.
    pub component: ComponentPath,
    /// Whether it is to be on.
    pub on: bool,
    /// For how long, in milliseconds: a minute to 30 days.
    pub for_ms: i64,
    /// Who asks for it.
    pub by: Actor,
}

/// The overrides of all targets, as they were read. Immutable, and replaced whole.
#[derive(Debug, Default)]
pub(super) struct Targeted {
    list: Vec<TargetedOverride>,
    of_sources: Layers,
    of_users: Layers,
    /// When the first of them ends, in milliseconds since 1970.
    first_end_ms: Option<i64>,
    stamp: Stamp,
}

/// By the name of an application, or the id of a user.
type Layers = HashMap<Box<str>, TargetedLayer, RandomState>;

/// The overrides of one target, by component.
pub(super) type OfTarget = BTreeMap<ComponentPath, TargetedOverride>;

/// What lies over the flags for one target.
#[derive(Debug)]
pub(super) struct TargetedLayer {
    own: OfTarget,
    values: Values,
    /// What the layer adds to a generation.
    name: String,
    /// What is below with this over it, made when it is first asked for.
    made: ArcSwapOption<Made>,
}

#[derive(Debug)]
struct Made {
    below: Weak<Live>,
    /// `None` if it is as what is below.
    over: Option<Arc<Live>>,
}

impl Targeted {
    fn of(list: Vec<TargetedOverride>, stamp: Stamp) -> Self {
        let mut own: BTreeMap<&Target, Vec<&TargetedOverride>> = BTreeMap::new();
        for one in &list {
            own.entry(&one.target).or_default().push(one);
        }
        let (mut of_sources, mut of_users) = (Layers::default(), Layers::default());
        for (target, own) in own {
            let layer = TargetedLayer::of(&own);
            match target {
                Target::Source(name) => of_sources.insert(name.as_str().into(), layer),
                Target::User(id) => of_users.insert(id.clone(), layer),
            };
        }
        Self {
            of_sources,
            of_users,
            first_end_ms: list.iter().map(|one| one.until_ms).min(),
            list,
            stamp,
        }
    }

    /// Returns the layers of a scope, the lowest first: that of the application, then of the user.
    pub(super) fn layers(&self, scope: Scope<'_>) -> [Option<&TargetedLayer>; 2] {
        if self.list.is_empty() {
            return [None, None];
        }
        let (source, user) = match scope {
            Scope::Everyone => (None, None),
            Scope::Source(name) => (Some(name), None),
            Scope::User(id) => (None, Some(id)),
            Scope::Context(context) => {
                let source = context.source().map(SourceName::as_str);
                (source, context.targeting_key())
            }
        };
        [
            source.and_then(|name| self.of_sources.get(name)),
            user.and_then(|id| self.of_users.get(id)),
        ]
    }
}

impl TargetedLayer {
    fn of(own: &[&TargetedOverride]) -> Self {
        let mut values = Values::new();
        for one in own {
            let switch = Place::Switch(one.component.clone());
            values.insert(switch, Some(Tree::Bool(one.on)));
            if one.on {
                let rollout = Place::CustomRollout(one.component.clone());
                values.insert(rollout, Some(everyone().to_tree()));
            }
        }
        let mut hasher = blake3::Hasher::new();
        for (place, value) in &values {
            hasher.update(place.pointer().as_bytes());
            hasher.update(
                value
                    .as_ref()
                    .map_or_else(String::new, Tree::to_string)
                    .as_bytes(),
            );
            hasher.update(&[0]);
        }
        Self {
            name: hasher.finalize().to_hex()[..16].to_owned(),
            own: own
                .iter()
                .map(|one| (one.component.clone(), TargetedOverride::clone(one)))
                .collect(),
            values,
            made: ArcSwapOption::empty(),
        }
    }

    /// Returns what is below with this over it; that itself if nothing is different.
    pub(super) fn over(&self, below: &Arc<Live>) -> Arc<Live> {
        let made = self.made.load();
        // As long as it is held, nothing else has its address.
        let is_of = |made: &Made| made.below.as_ptr() == Arc::as_ptr(below);
        let over = match made.as_deref().filter(|made| is_of(made)) {
            Some(made) => made.over.clone(),
            None => self.make(below),
        };
        over.unwrap_or_else(|| Arc::clone(below))
    }

    fn make(&self, below: &Arc<Live>) -> Option<Arc<Live>> {
        let document = self.over_document(&below.document);
        let over = (document != below.document).then(|| {
            let generation = below.generation.targeted(&self.name);
            Arc::new(below.targeted(document, &self.own, generation))
        });
        self.made.store(Some(Arc::new(Made {
            below: Arc::downgrade(below),
            over: over.clone(),
        })));
        over
    }

    /// Lays the values over a document; those of components that it does not have are left out.
    fn over_document(&self, document: &FlagDocument) -> FlagDocument {
        let is_there = |place: &Place| {
            let path = place.component();
            path.is_some_and(|path| matches!(document.node(path), Some(Node::Component(_))))
        };
        let values = self.values.iter().filter(|(place, _)| is_there(place));
        let values = values.map(|(place, value)| (place.clone(), value.clone()));
        overridden(document, &values.collect()).document
    }
}

/// The rollout of a component that is on whatever its rollout.
fn everyone() -> Rollout {
    Rollout {
        percentage: Percentage::FULL,
        ..Rollout::default()
    }
}

impl Flags {
    /// Lists the overrides for single applications and users that are in force, by target.
    pub fn targeted(&self) -> Vec<TargetedOverride> {
        let targeted = self.0.targeted.load();
        let now_ms = self.0.clock.now_ms();
        let is_in_force = |one: &&TargetedOverride| one.until_ms > now_ms;
        targeted.list.iter().filter(is_in_force).cloned().collect()
    }

    /// Switches a component on or off for one application or one user, for a while. Replaces an
    /// override of the same component for the same target.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such component, [`Error::OutOfRange`] for the time or
    /// the user id, [`Error::TooMany`], [`Error::File`] if the file cannot be written.
    pub fn override_for(&self, request: TargetedRequest) -> Result<TargetedOverride, Error> {
        self.check_request(&request)?;
        let now_ms = self.0.clock.now_ms();
        let set = TargetedOverride {
            target: request.target,
            component: request.component,
            on: request.on,
            since_ms: now_ms,
            until_ms: now_ms.saturating_add(request.for_ms),
            by: request.by,
        };
        self.change_targeted(|list| {
            list.retain(|one| (&one.target, &one.component) != (&set.target, &set.component));
            if list.len() >= TARGETED_MAX {
                let message = format!(
                    "there are {TARGETED_MAX} overrides for single applications and users; end some \
                     first"
                );
                return Err(Error::TooMany { message });
            }
            list.push(set.clone());
            Ok(())
        })?;
        Ok(set)
    }

    /// Ends overrides for single applications and users; returns those that were in force.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written.
    pub fn end_targeted(&self, which: &TargetedSelection) -> Result<Vec<TargetedOverride>, Error> {
        let mut ended = Vec::new();
        self.change_targeted(|list| {
            ended = list.extract_if(.., |one| which.has(one)).collect();
            Ok(())
        })?;
        Ok(ended)
    }

    /// Checks that the file can be read; returns how many overrides are in force, `None` if there
    /// is no file.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read.
    pub fn check_targeted(&self) -> Result<Option<usize>, Error> {
        let now_ms = self.0.clock.now_ms();
        let (list, stamp) = self.0.targeted_file.read_or_fail()?;
        let in_force = list.iter().filter(|one| one.until_ms > now_ms).count();
        Ok(stamp.map(|_| in_force))
    }

    /// Reads the file again if it changed, and forgets what has ended.
    pub(crate) fn look_at_targeted(&self) {
        let known = self.0.targeted.load();
        let now_ms = self.0.clock.now_ms();
        let has_ended = known.first_end_ms.is_some_and(|end_ms| end_ms <= now_ms);
        if has_ended || self.0.targeted_file.stamp() != known.stamp {
            self.read_targeted();
        }
    }

    /// Puts in force what the file says. What cannot be read overrides nothing.
    pub(super) fn read_targeted(&self) {
        let (list, stamp) = match self.0.targeted_file.read() {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(%error, "overrides for single applications cannot be read");
                (Vec::new(), self.0.targeted_file.stamp())
            }
        };
        self.put_targeted(list, stamp);
    }

    fn put_targeted(&self, mut list: Vec<TargetedOverride>, stamp: Stamp) {
        let now_ms = self.0.clock.now_ms();
        list.retain(|one| one.until_ms > now_ms);
        list.sort_by(|one, other| {
            (&one.target, &one.component).cmp(&(&other.target, &other.component))
        });
        let is_same = self.0.targeted.load().list == list;
        self.0.targeted.store(Arc::new(Targeted::of(list, stamp)));
        if !is_same {
            self.0.events.announce(Event::Targeted);
        }
    }

    fn change_targeted(
        &self,
        change: impl FnOnce(&mut Vec<TargetedOverride>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.check_place()?;
        let now_ms = self.0.clock.now_ms();
        let (list, stamp) = self.0.targeted_file.change(|list| {
            list.retain(|one| one.until_ms > now_ms);
            change(list)
        })?;
        self.put_targeted(list, stamp);
        Ok(())
    }

    fn check_request(&self, request: &TargetedRequest) -> Result<(), Error> {
        let document = &self.live().document;
        let component = &request.component;
        if !matches!(document.node(component), Some(Node::Component(_))) {
            let message = match document.node(component) {
                Some(_) => {
                    format!("only a component can be overridden, and {component} is a group")
                }
                None => not_found(document, component.as_str()),
            };
            return Err(Error::NotFound { message });
        }
        if !(TARGETED_TIME_MIN_MS..=TARGETED_TIME_MAX_MS).contains(&request.for_ms) {
            let message =
                "an override for one application or user lasts a minute to 30 days".into();
            return Err(Error::OutOfRange { message });
        }
        match &request.target {
            Target::User(id) if id.is_empty() || id.len() > TARGETED_USER_BYTES_MAX => {
                let message = format!("a user id has 1 to {TARGETED_USER_BYTES_MAX} bytes here");
                Err(Error::OutOfRange { message })
            }
            _ => Ok(()),
        }
    }
}

impl TargetedSelection {
    fn has(&self, one: &TargetedOverride) -> bool {
        let mut components = self.components.iter();
        self.target.as_ref().is_none_or(|it| *it == one.target)
            && (self.components.is_empty() || components.any(|it| one.component.is_within(it)))
    }
}
