//! Following the document that the settings name: fetched on schedule by the program that leads,
//! adopted, and published to.
//!
//! A fetch that fails changes nothing in force, however often: the last good document goes on
//! serving. What is known of the fetches of another program is only what that stored.

mod fetching;
mod status;

use std::time::Duration;

use flagdeck_core::tree::Tree;
use flagdeck_core::{FlagDocument, Place};

use self::fetching::Found;
pub(super) use self::fetching::{Fetcher, Follower};
pub use self::status::{FollowState, FollowStatus};
use super::{App, Finding};
use crate::address::without_credentials;
use crate::error::Error;
use crate::flags::Outcome;
use crate::flags::following::{Adopted, AdoptionReview, Publication, RemoteDocument, Selection};
use crate::flags::live::Live;
use crate::lock::lock;
use crate::metrics::exposition::FollowedFigures;
use crate::store::Actor;
use crate::upstream::{
    self, Answer, Credential, FetchError, Fetched, FollowError, PublishError, Remote,
};

/// How often to look whether a fetch is due, and whether the settings name another document.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How often publishing is tried again over changes elsewhere in the document.
const PUBLISH_TRIES_MAX: usize = 4;

/// A component, or another part of the document, that was overridden here and changed there.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishConflict {
    /// Where.
    pub place: Place,
    /// What was followed when it was overridden; `None` for no value.
    pub was: Option<Tree>,
    /// What the remote has now.
    pub theirs: Option<Tree>,
    /// What is overridden with here.
    pub mine: Option<Tree>,
}

/// What the remote has at present, and what adopting it would do.
#[derive(Debug)]
pub struct FollowedReview {
    /// What names the document, to accept it and no other.
    pub document: String,
    /// What adopting it would do.
    pub adoption: AdoptionReview,
}

/// What came of publishing.
#[derive(Debug)]
pub enum Published {
    /// It is published.
    Done(Outcome),
    /// Nothing was: the remote changed where it was to be published. What it has was adopted, with
    /// the overrides still over it.
    Conflict(Vec<PublishConflict>),
}

impl App {
    /// Returns how following a document is going; `None` if the settings name none.
    pub fn following(&self) -> Option<FollowStatus> {
        let known = lock(&self.0.follower.status).clone();
        let config = self.config();
        let endpoint = config.feature_flags.endpoint.as_deref()?;
        Some(known.unwrap_or_else(|| FollowStatus {
            address: shown(endpoint),
            state: FollowState::Elsewhere,
            confirmed_ms: None,
            next_ms: None,
        }))
    }

    /// Returns how following stands, for metrics; `None` if the settings name no document.
    pub(super) fn followed_figures(&self) -> Option<FollowedFigures> {
        let status = self.following()?;
        let live = self.flags().live();
        let now_ms = self.now_ms();
        Some(FollowedFigures {
            confirmed_age_s: status
                .confirmed_ms
                .map(|at_ms| now_ms.saturating_sub(at_ms).max(0) as f64 / 1000.0),
            is_held: matches!(status.state, FollowState::Held { .. }),
            overrides: live.followed.as_ref().map_or(0, |it| it.acting().count()),
        })
    }

    /// Fetches the followed document now and adopts it, even if it has lost most components, if it
    /// is the one that `document` names: the one that is held.
    ///
    /// # Errors
    /// [`FollowError`] if it cannot be fetched, or is another one that has lost as much.
    pub fn accept_followed(&self, document: &str) -> Result<Outcome, Error> {
        let remote = self.remote()?;
        let fetched = self.fetch_whole(&remote)?;
        let is_it = named(&fetched) == document;
        let outcome = match self.adopt(&remote, *fetched, is_it)? {
            Adopted::Revision(outcome) => outcome,
            Adopted::Unchanged => Outcome::unchanged(self.flags().live().revision, Vec::new()),
            Adopted::Held(lost) => return Err(FollowError::Another { lost }.into()),
        };
        self.fetch_soon();
        Ok(outcome)
    }

    /// Fetches the followed document, and returns what adopting it would do. Changes nothing.
    ///
    /// # Errors
    /// [`FollowError`] if it cannot be fetched.
    pub fn review_followed(&self) -> Result<FollowedReview, Error> {
        let remote = self.remote()?;
        let fetched = self.fetch_whole(&remote)?;
        Ok(FollowedReview {
            document: named(&fetched),
            adoption: self.flags().review_adoption(&received(&remote, *fetched)),
        })
    }

    /// Fetches the followed document, and returns what would be in force if it was adopted. Changes
    /// nothing.
    ///
    /// # Errors
    /// [`FollowError`] if it cannot be fetched, or is another one than `document` names.
    pub(super) fn adopted(&self, document: Option<&str>) -> Result<FlagDocument, Error> {
        let remote = self.remote()?;
        let fetched = self.fetch_whole(&remote)?;
        if document.is_some_and(|document| document != named(&fetched)) {
            return Err(FollowError::Replaced.into());
        }
        Ok(self.flags().adopted(&received(&remote, *fetched)))
    }

    /// Fetches the followed document now, as a program that does not stay open does, and returns
    /// how it is going. Adopts it unless it is held.
    ///
    /// # Errors
    /// [`FollowError`] if the settings name none, or none that can be followed.
    pub fn fetch_now(&self) -> Result<FollowStatus, Error> {
        let remote = self.remote()?;
        let now_ms = self.now_ms();
        let found = self.found(&remote, true);
        let state = match found {
            Ok(Found::Same) => FollowState::Fresh,
            Ok(Found::Held { lost, document }) => FollowState::Held {
                since_ms: now_ms,
                lost: lost.to_string(),
                document,
            },
            Ok(Found::Failed { reason, .. }) => FollowState::Stale {
                since_ms: now_ms,
                reason,
            },
            Err(error) => return Err(error),
        };
        let is_confirmed = matches!(state, FollowState::Fresh);
        self.fetch_soon();
        Ok(FollowStatus {
            address: remote.address().to_string(),
            confirmed_ms: is_confirmed.then_some(now_ms),
            state,
            next_ms: None,
        })
    }

    /// Fetches the followed document and adopts nothing: says whether it can be followed. `None` if
    /// the settings name none.
    pub fn check_followed(&self) -> Option<Finding> {
        let address = shown(self.config().feature_flags.endpoint.as_deref()?);
        let fetched = self.remote().and_then(|remote| self.fetch_whole(&remote));
        let lost = match fetched {
            Ok(fetched) => self.flags().loss_of_followed(&fetched.checked.document),
            Err(error) => return Some(Finding::new(false, error.to_string())),
        };
        Some(match lost {
            None => Finding::new(true, format!("{address}: its document can be followed")),
            Some(lost) => {
                let text = format!(
                    "{address}: its document is held, because it has lost {lost}: flagctl follow \
                     accept follows it all the same"
                );
                Finding::new(false, text)
            }
        })
    }

    /// Publishes overrides to the followed document. Changes of it elsewhere are adopted on the
    /// way.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such override, [`Error::LargeLoss`] if it would remove
    /// most components and that was not confirmed, [`FollowError`] if the remote refuses it.
    pub fn publish(
        &self,
        which: &Selection,
        confirms_loss: bool,
        actor: &Actor,
    ) -> Result<Published, Error> {
        let remote = self.remote()?;
        let mut was_fetched = false;
        for _ in 0..PUBLISH_TRIES_MAX {
            let publication = self.flags().publication(which)?;
            check_address(&remote, &publication)?;
            let cause = match self.send(&remote, &publication, confirms_loss) {
                Ok(etag) => {
                    let etag = etag.as_deref();
                    let outcome = self.flags().published(&publication, etag, actor)?;
                    self.fetch_soon();
                    return Ok(Published::Done(outcome));
                }
                Err(cause) => cause,
            };
            // What the document was stored with may lack a tag that the server has for it.
            let may_be_outdated = match cause {
                PublishError::Conflict { .. } => true,
                PublishError::NoTag => !was_fetched,
                _ => false,
            };
            if !may_be_outdated {
                let address = remote.address().to_string();
                return Err(FollowError::Publish { address, cause }.into());
            }
            was_fetched = true;
            let conflicts = self.conflicts(&remote, &publication)?;
            if !conflicts.is_empty() {
                return Ok(Published::Conflict(conflicts));
            }
        }
        Err(FollowError::Contended.into())
    }

    /// Sends a publication, and returns the entity tag of what it made.
    fn send(
        &self,
        remote: &Remote,
        publication: &Publication,
        confirms_loss: bool,
    ) -> Result<Option<String>, PublishError> {
        let text = publication.document.to_bytes();
        let etag = self.newest_tag(
            &publication.to,
            Some(&publication.base),
            publication.replaces.as_ref(),
        );
        let published = remote.publish(upstream::Publication {
            text: std::str::from_utf8(&text).expect("JSON is UTF-8"),
            etag: etag.as_deref(),
            confirms_loss,
        })?;
        Ok(published.etag)
    }

    /// Adopts what the remote has, and returns where it differs from what a publication was made
    /// over.
    fn conflicts(
        &self,
        remote: &Remote,
        publication: &Publication,
    ) -> Result<Vec<PublishConflict>, Error> {
        let before = self.flags().live();
        let fetched = self.fetch_whole(remote)?;
        if let Adopted::Held(lost) = self.adopt(remote, *fetched, false)? {
            return Err(FollowError::Another { lost }.into());
        }
        let after = self.flags().live();
        let at = |live: &Live, place: &Place| {
            let followed = live.followed.as_ref()?;
            followed.overrides.get(place).cloned()
        };
        let places = publication.values.keys();
        let conflicts = places.filter_map(|place| {
            let (before, after) = (at(&before, place)?, at(&after, place)?);
            let is_new = before.followed != after.followed && after.followed != after.value;
            is_new.then(|| PublishConflict {
                place: place.clone(),
                was: before.followed,
                theirs: after.followed,
                mine: after.value,
            })
        });
        Ok(conflicts.collect())
    }

    /// Follows a document that was fetched for a person, and notes whom its Flagdeck follows.
    fn adopt(&self, remote: &Remote, fetched: Fetched, accepted: bool) -> Result<Adopted, Error> {
        self.lineage().follow(fetched.chain.clone());
        let received = received(remote, fetched);
        let adopted = self.flags().follow(&received, accepted)?;
        self.note_tag(received, &adopted);
        Ok(adopted)
    }

    fn remote(&self) -> Result<Remote, FollowError> {
        let config = self.config();
        let endpoint = config.feature_flags.endpoint.as_deref();
        let endpoint = endpoint.ok_or(FollowError::Nothing)?;
        self.remote_at(endpoint, self.credential()?)
    }

    fn credential(&self) -> Result<Option<Credential>, FollowError> {
        let in_environment = self.0.flags_token.as_deref();
        Ok(Credential::load(self.data_dir(), in_environment)?)
    }

    fn remote_at(
        &self,
        endpoint: &str,
        credential: Option<Credential>,
    ) -> Result<Remote, FollowError> {
        let remote = Remote::new(endpoint, credential, self.lineage().id())?;
        Ok(match self.0.call_time {
            Some(call_time) => remote.with_call_time(call_time),
            None => remote,
        })
    }

    fn fetch_whole(&self, remote: &Remote) -> Result<Box<Fetched>, FollowError> {
        let failed = |cause| FollowError::Fetch {
            address: remote.address().to_string(),
            cause,
        };
        match remote.fetch(None).map_err(failed)? {
            Answer::Document(fetched) => Ok(fetched),
            Answer::Unchanged { .. } => Err(failed(FetchError::Unasked)),
        }
    }
}

/// Fails if what is followed came from another address than the one that the settings name since:
/// its entity tag means nothing there.
fn check_address(remote: &Remote, publication: &Publication) -> Result<(), FollowError> {
    let named = remote.address().to_string();
    match named == publication.to {
        true => Ok(()),
        false => Err(FollowError::Elsewhere {
            followed: publication.to.clone(),
            named,
        }),
    }
}

fn received(remote: &Remote, fetched: Fetched) -> RemoteDocument {
    RemoteDocument {
        from: remote.address().to_string(),
        etag: fetched.etag,
        document: fetched.checked.document,
    }
}

/// Names a document that was fetched.
fn named(fetched: &Fetched) -> String {
    blake3::hash(&fetched.bytes).to_hex()[..32].to_owned()
}

/// Returns an address as it may be shown.
fn shown(address: &str) -> String {
    without_credentials(address)
}
