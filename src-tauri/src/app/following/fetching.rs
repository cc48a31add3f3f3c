//! The chore: fetching on schedule, by the one program that leads.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use flagdeck_core::Loss;

use super::status::{FollowState, FollowStatus};
use super::{named, received, shown};
use crate::app::{App, Event};
use crate::error::Error;
use crate::flags::following::Adopted;
use crate::lock::lock;
use crate::store::{Actor, Via};
use crate::upstream::{self, Answer, Chain, Credential, FollowError, Remote, Since};

/// What a program knows of the document that it follows.
#[derive(Debug, Default)]
pub(in crate::app) struct Follower(pub(super) Mutex<Fetching>);

#[derive(Debug, Default)]
pub(super) struct Fetching {
    remote: Option<(Key, Remote)>,
    /// `None` while nothing is followed.
    pub(super) status: Option<FollowStatus>,
    failures: u32,
    failing_since_ms: Option<i64>,
    due: Option<Instant>,
    /// A newer entity tag of the document that was stored with an older one.
    retagged: Option<Retagged>,
}

/// What a [`Remote`] was made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) address: String,
    pub(super) credential: Option<Credential>,
}

#[derive(Debug)]
struct Retagged {
    stored: Option<String>,
    newer: String,
}

/// What came of one fetch.
pub(super) enum Found {
    Same,
    Held {
        lost: Loss,
        document: String,
    },
    Failed {
        reason: String,
        retry_after: Option<Duration>,
    },
}

impl App {
    /// Fetches the document unless it is the one that `known` names, and adopts it.
    ///
    /// # Errors
    /// If it cannot be saved.
    pub(super) fn found(&self, remote: &Remote, known: Option<String>) -> Result<Found, Error> {
        let answer = match remote.fetch(known.as_deref()) {
            Ok(answer) => answer,
            Err(error) => {
                return Ok(Found::Failed {
                    retry_after: error.retry_after(),
                    reason: error.to_string(),
                });
            }
        };
        let fetched = match answer {
            Answer::Unchanged { chain } => {
                self.lineage().follow(chain);
                return Ok(Found::Same);
            }
            Answer::Document(fetched) => fetched,
        };
        self.lineage().follow(fetched.chain.clone());
        let document = named(&fetched);
        let received = received(remote, *fetched);
        Ok(match self.flags().follow(&received, false)? {
            Adopted::Held(lost) => Found::Held { lost, document },
            Adopted::Revision(_) => Found::Same,
            Adopted::Unchanged => {
                self.retag(received.etag);
                Found::Same
            }
        })
    }

    /// Returns the entity tag to ask with: that of the document that is followed.
    pub(super) fn known_tag(&self, remote: &Remote) -> Option<String> {
        if !self.config().feature_flags.cache.enabled {
            return None;
        }
        let live = self.flags().live();
        let followed = live.followed.as_ref()?;
        if followed.from != remote.address().to_string() {
            return None;
        }
        let fetching = lock(&self.0.follower.0);
        let newer = fetching.retagged.as_ref();
        let newer = newer.filter(|it| it.stored == followed.etag);
        newer.map_or_else(|| followed.etag.clone(), |it| Some(it.newer.clone()))
    }

    /// Notes that the document that is followed has another entity tag now. It is not stored,
    /// because the document is the same.
    fn retag(&self, etag: Option<String>) {
        let live = self.flags().live();
        let stored = live.followed.as_ref().and_then(|it| it.etag.clone());
        let newer = etag.filter(|etag| stored.as_ref() != Some(etag));
        lock(&self.0.follower.0).retagged = newer.map(|newer| Retagged { stored, newer });
    }

    /// Makes a fetch due now.
    pub(super) fn fetch_soon(&self) {
        lock(&self.0.follower.0).due = None;
    }

    /// Notes that another program fetches.
    pub(in crate::app) fn follow_elsewhere(&self) {
        let mut fetching = lock(&self.0.follower.0);
        *fetching = Fetching::default();
    }

    /// Fetches if that is due, and ends following if the settings name no document any more.
    pub(in crate::app) fn look_at_followed(&self) {
        let key = match self.key() {
            Ok(None) => return self.follow_nothing(),
            Ok(Some(key)) => key,
            Err(error) => return self.cannot_follow(&error.to_string()),
        };
        let now = self.0.clock.instant();
        let mut fetching = lock(&self.0.follower.0);
        let known = fetching.remote.take();
        let remote = match known {
            Some((known, remote)) if known == key => {
                if fetching.due.is_some_and(|due| now < due) {
                    fetching.remote = Some((known, remote));
                    return;
                }
                remote
            }
            _ => {
                *fetching = Fetching::default();
                match Remote::new(&key.address, key.credential.clone(), self.lineage().id()) {
                    Ok(remote) => {
                        fetching.status = Some(waiting(&remote));
                        remote
                    }
                    Err(error) => {
                        drop(fetching);
                        return self.cannot_follow(&FollowError::from(error).to_string());
                    }
                }
            }
        };
        drop(fetching);
        let known = self.known_tag(&remote);
        let found = self
            .found(&remote, known)
            .unwrap_or_else(|error| Found::Failed {
                reason: format!("its document cannot be adopted: {}", error.in_full()),
                retry_after: None,
            });
        self.note_fetch(key, remote, found);
    }

    /// Notes what came of a fetch, and when the next one is due.
    fn note_fetch(&self, key: Key, remote: Remote, found: Found) {
        let (now, now_ms) = (self.0.clock.instant(), self.now_ms());
        let config = self.config();
        let mut fetching = lock(&self.0.follower.0);
        let before = fetching.status.take();
        let confirmed_ms = match found {
            Found::Same => Some(now_ms),
            _ => before.as_ref().and_then(|status| status.confirmed_ms),
        };
        let retry_after = match &found {
            Found::Failed { retry_after, .. } => *retry_after,
            _ => None,
        };
        fetching.failures = match &found {
            Found::Failed { .. } => fetching.failures.saturating_add(1),
            _ => 0,
        };
        fetching.failing_since_ms = match &found {
            Found::Failed { .. } => Some(fetching.failing_since_ms.unwrap_or(now_ms)),
            _ => None,
        };
        let state = match found {
            Found::Same => FollowState::Fresh,
            Found::Held { lost, document } => FollowState::Held {
                since_ms: held_since_ms(before.as_ref(), &document).unwrap_or(now_ms),
                lost: lost.to_string(),
                document,
            },
            Found::Failed { reason, .. } => {
                let since_ms = fetching.failing_since_ms.unwrap_or(now_ms);
                let cache = &config.feature_flags.cache;
                let ttl_ms = i64::try_from(cache.ttl_ms).unwrap_or(i64::MAX);
                let is_fresh = cache.enabled
                    && confirmed_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < ttl_ms);
                match is_fresh {
                    true => FollowState::Retrying { since_ms, reason },
                    false => FollowState::Stale { since_ms, reason },
                }
            }
        };
        let since = Since {
            failures: fetching.failures,
            retry_after_ms: retry_after.and_then(|time| u64::try_from(time.as_millis()).ok()),
        };
        let pause_ms = upstream::next_ms(
            config.feature_flags.refresh_interval_ms,
            since,
            fastrand::u64(..),
        );
        fetching.due = Some(now + Duration::from_millis(pause_ms));
        let pause_ms = i64::try_from(pause_ms).unwrap_or(i64::MAX);
        let status = FollowStatus {
            address: remote.address().to_string(),
            state,
            confirmed_ms,
            next_ms: Some(now_ms.saturating_add(pause_ms)),
        };
        let is_news = before.is_none_or(|before| before.state != status.state);
        fetching.status = Some(status);
        fetching.remote = Some((key, remote));
        drop(fetching);
        if is_news {
            self.announce(Event::Status);
        }
    }

    /// The settings name no document: what was followed is a local document from now on.
    fn follow_nothing(&self) {
        let was_following = {
            let mut fetching = lock(&self.0.follower.0);
            std::mem::take(&mut *fetching).status.is_some()
        };
        self.lineage().follow(Chain::default());
        if was_following {
            self.announce(Event::Status);
        }
        let live = self.flags().live();
        let Some(followed) = &live.followed else {
            return;
        };
        let actor = Actor::new(Via::Followed, &followed.from);
        if let Err(error) = self.flags().stop_following(&actor) {
            tracing::warn!(error = error.in_full(), "following cannot be ended");
        }
    }

    fn cannot_follow(&self, reason: &str) {
        let config = self.config();
        let endpoint = config.feature_flags.endpoint.as_deref().unwrap_or_default();
        let mut fetching = lock(&self.0.follower.0);
        let since_ms = fetching.failing_since_ms.unwrap_or_else(|| self.now_ms());
        let status = FollowStatus {
            address: shown(endpoint),
            state: FollowState::Stale {
                since_ms,
                reason: reason.to_owned(),
            },
            confirmed_ms: None,
            next_ms: None,
        };
        let is_news = fetching.status.as_ref() != Some(&status);
        *fetching = Fetching {
            failing_since_ms: Some(since_ms),
            status: Some(status),
            ..Fetching::default()
        };
        drop(fetching);
        if is_news {
            self.announce(Event::Status);
        }
    }
}

fn waiting(remote: &Remote) -> FollowStatus {
    FollowStatus {
        address: remote.address().to_string(),
        state: FollowState::Waiting,
        confirmed_ms: None,
        next_ms: None,
    }
}

fn held_since_ms(before: Option<&FollowStatus>, held: &str) -> Option<i64> {
    match &before?.state {
        FollowState::Held {
            since_ms, document, ..
        } if document == held => Some(*since_ms),
        _ => None,
    }
}
