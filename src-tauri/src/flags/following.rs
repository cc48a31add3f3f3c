//! Following a document: adopting it, and what is overridden of it.
//!
//! An emergency stays in force over all of this. Only a change of the flags by a person ends it.

use std::collections::BTreeSet;

use flagdeck_core::overrides::{Values, differing};
use flagdeck_core::{ComponentPath, FlagDocument, Loss, Place, Widening, loss, widenings};

use super::followed::{Followed, Own, beginning};
use super::live::Live;
use super::replacing::large_loss;
use super::{CONFLICT_RETRIES_MAX, Difference, Flags, Follows, Outcome, Wanted};
use crate::error::Error;
use crate::store::{Actor, Cause, RevisionNumber, Via};

/// A document as it was fetched.
#[derive(Debug, Clone)]
pub struct RemoteDocument {
    /// Its address, without credentials.
    pub from: String,
    /// The entity tag it came with, as it was sent; `None` if it had none.
    pub etag: Option<String>,
    /// The document; valid.
    pub document: FlagDocument,
}

/// What became of a document that was fetched.
#[derive(Debug)]
pub enum Adopted {
    /// It is what was followed already.
    Unchanged,
    /// It is followed from now on.
    Revision(Outcome),
    /// It is not followed until a person accepts it: it has lost this much of the one before.
    Held(Loss),
}

/// Some of the overrides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// Those about a component or a group, and about anything in that group.
    Component(ComponentPath),
    /// The same of several, each of which has one.
    Components(Vec<ComponentPath>),
    /// Those of these places.
    Places(BTreeSet<Place>),
}

/// What publishing overrides would do to the document that is followed.
#[derive(Debug, Clone)]
pub struct PublicationReview {
    /// The address it is published at, without credentials.
    pub to: String,
    /// What it would change there.
    pub difference: Difference,
    /// The components that it may show to users there who do not see them.
    pub widenings: Vec<Widening>,
    /// What it would remove, if that is more than half of the components.
    pub loss: Option<Loss>,
}

/// A document with overrides that are to be published.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The address it is published at, without credentials.
    pub to: String,
    /// The entity tag of the document it replaces; `None` if that had none.
    pub replaces: Option<String>,
    /// The document it replaces: what is followed.
    pub base: FlagDocument,
    /// What is followed, with the overrides in it.
    pub document: FlagDocument,
    /// The overrides that are published.
    pub values: Values,
}

/// What adopting a document would do.
#[derive(Debug, Clone)]
pub struct AdoptionReview {
    /// What it would change of what is in force, with the overrides over it.
    pub difference: Difference,
    /// What it has lost, if that is so much that it is held.
    pub loss: Option<Loss>,
}

impl Selection {
    fn has(&self, place: &Place) -> bool {
        match self {
            Self::All => true,
            Self::Component(path) => place.is_within(path),
            Self::Components(paths) => paths.iter().any(|path| place.is_within(path)),
            Self::Places(places) => places.contains(place),
        }
    }

    /// Returns what of the selection is not overridden; `None` if all of it is.
    fn missing(&self, own: &Own) -> Option<String> {
        let is_without = |path: &&ComponentPath| !own.keys().any(|place| place.is_within(path));
        match self {
            Self::All => own.is_empty().then(String::new),
            Self::Component(path) => Some(path).filter(is_without).map(ToString::to_string),
            Self::Components(paths) => {
                let without = paths.iter().find(is_without);
                without.map(ToString::to_string)
            }
            Self::Places(places) => {
                let without = places.iter().find(|place| !own.contains_key(*place));
                without.map(ToString::to_string)
            }
        }
    }
}

impl Live {
    /// Returns the document that is followed, without overrides; `None` if none is.
    pub fn base(&self) -> Option<FlagDocument> {
        let followed = self.followed.as_ref()?;
        Some(match followed.overrides.is_empty() {
            true => self.document.clone(),
            false => followed.base(&self.document),
        })
    }

    /// Lays other overrides over what is followed; `None` if nothing is.
    fn with_overrides(&self, own: Own) -> Option<(FlagDocument, Followed)> {
        let followed = self.followed.as_ref()?;
        let source = (followed.from.clone(), followed.etag.clone());
        Some(Followed::over(&self.base()?, source, own))
    }

    /// Gives the places whose override differs between two revisions the override that they had at
    /// `to`, which is one of these; `None` if nothing was followed at one of them, or is now.
    pub(super) fn with_overrides_as_at(
        &self,
        (before, after): (&Self, &Self),
        to: RevisionNumber,
    ) -> Option<(FlagDocument, Followed)> {
        let before_own = before.followed.as_ref()?.own_overrides();
        let after_own = after.followed.as_ref()?.own_overrides();
        let places: BTreeSet<&Place> = before_own.keys().chain(after_own.keys()).collect();
        let (target, other) = match to == before.revision {
            true => (&before_own, &after_own),
            false => (&after_own, &before_own),
        };
        let mut own = self.followed.as_ref()?.own_overrides();
        for place in places {
            let wanted = target.get(place);
            if wanted.map(|it| &it.value) == other.get(place).map(|it| &it.value) {
                continue;
            }
            match wanted {
                Some(wanted) => own.insert(place.clone(), wanted.clone()),
                None => own.remove(place),
            };
        }
        self.with_overrides(own)
    }
}

impl Flags {
    /// Follows a document as it is now, with all overrides over it. One that is blank, or has lost
    /// more than half of the components, is held unless it was `accepted`.
    ///
    /// # Errors
    /// As [`Flags::change`], except for [`Error::LargeLoss`].
    pub fn follow(&self, remote: &RemoteDocument, accepted: bool) -> Result<Adopted, Error> {
        for _ in 0..CONFLICT_RETRIES_MAX {
            if let Some(adopted) = self.follow_over(&self.live(), remote, accepted)? {
                return Ok(adopted);
            }
        }
        self.conflict(self.live().revision)
    }

    /// The same with a document that was asked for over `asked`. Returns `None` if another one is
    /// followed since then, by a publication or another program: the answer may be older than that.
    ///
    /// # Errors
    /// As [`Flags::follow`].
    pub fn follow_since(
        &self,
        asked: &Live,
        remote: &RemoteDocument,
    ) -> Result<Option<Adopted>, Error> {
        for _ in 0..CONFLICT_RETRIES_MAX {
            let live = self.live();
            if live.revision != asked.revision && live.base() != asked.base() {
                return Ok(None);
            }
            if let Some(adopted) = self.follow_over(&live, remote, false)? {
                return Ok(Some(adopted));
            }
        }
        self.conflict(self.live().revision)
    }

    /// Follows a document in place of what `live` follows; `None` if another change was saved first.
    fn follow_over(
        &self,
        live: &Live,
        remote: &RemoteDocument,
        accepted: bool,
    ) -> Result<Option<Adopted>, Error> {
        let base = live.base();
        let followed = live.followed.as_ref();
        let is_other = followed.is_none_or(|it| it.from != remote.from);
        if !is_other && base.as_ref() == Some(&remote.document) {
            return Ok(Some(Adopted::Unchanged));
        }
        let lost = lost(live, base.as_ref(), &remote.document);
        if let Some(lost) = lost.filter(|_| !accepted) {
            return Ok(Some(Adopted::Held(lost)));
        }
        let wanted = adoption(live, base.as_ref(), remote, is_other);
        let actor = Actor::new(Via::Followed, &remote.from);
        let appended = self.append(live, wanted.by(&actor))?;
        Ok(appended.map(Adopted::Revision))
    }

    /// Returns what [`Flags::follow`] would do with a document.
    pub fn review_adoption(&self, remote: &RemoteDocument) -> AdoptionReview {
        let live = self.live();
        let base = live.base();
        let adoption = adoption(&live, base.as_ref(), remote, false);
        AdoptionReview {
            difference: Difference::between(&live.document, &adoption.document),
            loss: lost(&live, base.as_ref(), &remote.document),
        }
    }

    /// Ends overrides: what is followed is in force there again.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of them, else as [`Flags::change`].
    pub fn clear_overrides(&self, which: &Selection, actor: &Actor) -> Result<Outcome, Error> {
        for _ in 0..CONFLICT_RETRIES_MAX {
            let live = self.live();
            let (own, ended) = split(&live, which)?;
            let (document, followed) = live.with_overrides(own).ok_or_else(no_override)?;
            let changes = !differing(&live.document, &document).is_empty();
            let said = format!("Override ended: {}", named(&ended));
            let wanted = Wanted {
                follows: Follows::Now(Some(followed)),
                sentences: Vec::from_iter((!changes).then_some(said)),
                ..Wanted::new(document, actor, Cause::Edit)
            };
            if let Some(outcome) = self.append(&live, wanted)? {
                return Ok(outcome);
            }
        }
        self.conflict(self.live().revision)
    }

    /// Returns the document that would be in force after [`Flags::clear_overrides`].
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of them.
    pub(crate) fn without_overrides(&self, which: &Selection) -> Result<FlagDocument, Error> {
        let live = self.live();
        let (own, _) = split(&live, which)?;
        let (document, _) = live.with_overrides(own).ok_or_else(no_override)?;
        Ok(document)
    }

    /// Returns the document that would be in force after [`Flags::follow`] with a document.
    pub(crate) fn adopted(&self, remote: &RemoteDocument) -> FlagDocument {
        let live = self.live();
        adoption(&live, live.base().as_ref(), remote, false).document
    }

    /// Prepares overrides to be published.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of them, or none of them acts.
    pub fn publication(&self, which: &Selection) -> Result<Publication, Error> {
        let live = self.live();
        let followed = live.followed.as_ref().ok_or_else(no_override)?;
        let (_, chosen) = split(&live, which)?;
        let acting: Own = chosen
            .into_iter()
            .filter(|(_, it)| it.suspended.is_none())
            .collect();
        if acting.is_empty() {
            return Err(no_override());
        }
        let values = acting.iter();
        let values = values.map(|(place, it)| (place.clone(), it.value.clone()));
        let values = values.collect();
        let source = (followed.from.clone(), followed.etag.clone());
        let base = live.base().ok_or_else(no_override)?;
        let (document, over) = Followed::over(&base, source, acting);
        if let Some(reason) = over.overrides.values().find_map(|it| it.suspended.as_ref()) {
            let message = format!("these overrides cannot be published without others: {reason}");
            return Err(Error::NotFound { message });
        }
        Ok(Publication {
            to: followed.from.clone(),
            replaces: followed.etag.clone(),
            document: document.in_order_of(&base),
            base,
            values,
        })
    }

    /// Returns what publishing overrides would do to the document that is followed.
    ///
    /// # Errors
    /// As [`Flags::publication`].
    pub fn review_publication(&self, which: &Selection) -> Result<PublicationReview, Error> {
        let publication = self.publication(which)?;
        let (base, document) = (&publication.base, &publication.document);
        Ok(PublicationReview {
            difference: Difference::between(base, document),
            widenings: widenings(base, document),
            loss: Some(loss(base, document)).filter(Loss::is_large),
            to: publication.to,
        })
    }

    /// Returns what a document that was fetched has lost, if that is so much that it is held.
    pub fn loss_of_followed(&self, remote: &FlagDocument) -> Option<Loss> {
        let live = self.live();
        lost(&live, live.base().as_ref(), remote)
    }

    /// Notes that overrides were published: what is followed has their values now, and they end,
    /// except for one that was changed since.
    ///
    /// # Errors
    /// As [`Flags::change`].
    pub fn published(
        &self,
        publication: &Publication,
        etag: Option<&str>,
        actor: &Actor,
    ) -> Result<Outcome, Error> {
        for _ in 0..CONFLICT_RETRIES_MAX {
            let live = self.live();
            let followed = live.followed.as_ref().ok_or_else(no_override)?;
            let mut own = followed.own_overrides();
            own.retain(|place, it| publication.values.get(place) != Some(&it.value));
            let source = (publication.to.clone(), etag.map(str::to_owned));
            let (document, followed) = Followed::over(&publication.document, source, own);
            let wanted = Wanted {
                follows: Follows::Now(Some(followed)),
                sentences: vec![format!("Published {}", list_of(publication.values.keys()))],
                ..Wanted::new(document, actor, Cause::Publish)
            };
            if let Some(outcome) = self.append(&live, wanted)? {
                return Ok(outcome);
            }
        }
        self.conflict(self.live().revision)
    }

    /// Makes the document in force a local one, which follows nothing; `None` if it is.
    ///
    /// # Errors
    /// As [`Flags::change`].
    pub fn stop_following(&self, actor: &Actor) -> Result<Option<Outcome>, Error> {
        for _ in 0..CONFLICT_RETRIES_MAX {
            let live = self.live();
            let Some(followed) = &live.followed else {
                return Ok(None);
            };
            let said = format!("{} is no longer followed", followed.from);
            let wanted = Wanted {
                follows: Follows::Now(None),
                sentences: vec![said],
                ..Wanted::new(live.document.clone(), actor, Cause::Unfollow)
            };
            if let Some(outcome) = self.append(&live, wanted)? {
                return Ok(Some(outcome));
            }
        }
        self.conflict(self.live().revision)
    }
}

/// Returns what a document has lost of the one before, if that is so much that it is asked about.
fn lost(live: &Live, base: Option<&FlagDocument>, remote: &FlagDocument) -> Option<Loss> {
    match base {
        Some(base) => Some(loss(base, remote)).filter(Loss::is_large),
        None => large_loss(live, remote),
    }
}

/// What a document that was fetched makes of what is in force.
struct Adoption {
    document: FlagDocument,
    followed: Followed,
    cause: Cause,
    sentences: Vec<String>,
}

impl Adoption {
    fn by(self, actor: &Actor) -> Wanted<'_> {
        Wanted {
            follows: Follows::Now(Some(self.followed)),
            sentences: self.sentences,
            ..Wanted::new(self.document, actor, self.cause)
        }
    }
}

fn adoption(
    live: &Live,
    base: Option<&FlagDocument>,
    remote: &RemoteDocument,
    is_other: bool,
) -> Adoption {
    let own = live.followed.as_ref().map(|it| it.own_overrides());
    let source = (remote.from.clone(), remote.etag.clone());
    let (document, followed) = Followed::over(&remote.document, source, own.unwrap_or_default());
    let mut sentences = Vec::new();
    if is_other {
        sentences.push(beginning(&remote.from));
    } else if let Some(base) = base.filter(|_| differing(&live.document, &document).is_empty()) {
        let changed = differing(base, &remote.document).into_iter();
        let changed: BTreeSet<Place> = changed.map(|one| one.place).collect();
        let said = match changed.is_empty() {
            true => "The order of what is followed changed".into(),
            false => format!("Changed under overrides: {}", list_of(&changed)),
        };
        sentences.push(said);
    }
    Adoption {
        document,
        followed,
        cause: match is_other {
            true => Cause::Follow,
            false => Cause::Adopt,
        },
        sentences,
    }
}

/// Splits the overrides into those that stay and those that were selected.
fn split(live: &Live, which: &Selection) -> Result<(Own, Own), Error> {
    let own = live.followed.as_ref().map(|it| it.own_overrides());
    let own = own.unwrap_or_default();
    match which.missing(&own) {
        None => {
            let own = own.into_iter();
            let (selected, rest) = own.partition(|(place, _)| which.has(place));
            Ok((rest, selected))
        }
        Some(what) if what.is_empty() => Err(no_override()),
        Some(what) => Err(Error::NotFound {
            message: format!("there is no override of {what}"),
        }),
    }
}

fn no_override() -> Error {
    Error::NotFound {
        message: "there is no such override".into(),
    }
}

fn named(own: &Own) -> String {
    list_of(own.keys())
}

/// Names what places are about: `ui.badges, default rollout`.
pub fn list_of<'a>(places: impl IntoIterator<Item = &'a Place>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for place in places {
        let name = match place {
            Place::Master => "master switch",
            Place::Bucketing => "bucketing",
            Place::Rollout => "default rollout",
            Place::Unknown(key) => key,
            Place::Switch(path)
            | Place::CustomRollout(path)
            | Place::Requires(path)
            | Place::About(path) => path.as_str(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}
