//! The chore: fetching on schedule, by the one program that leads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flagdeck_core::{FlagDocument, Loss};

use super::status::{FollowState, FollowStatus};
use super::{named, received, shown};
use crate::app::{App, Event};
use crate::error::Error;
use crate::flags::following::{Adopted, RemoteDocument};
use crate::flags::live::Live;
use crate::lock::lock;
use crate::store::{Actor, Via};
use crate::upstream::{self, Answer, Chain, Credential, FollowError, Remote, Since};

/// How often to look again at a credential or an address that cannot be used.
const LOOK_AGAIN_EVERY: Duration = Duration::from_secs(2);

/// How often a document is fetched again because another one was adopted while it was fetched.
const FETCH_TRIES_MAX: usize = 4;

/// What is known of the followed document beside what is stored.
#[derive(Debug, Default)]
pub(in crate::app) struct Follower {
    /// How it is going; `None` while this program does not fetch.
    pub(super) status: Mutex<Option<FollowStatus>>,
    /// The document that is followed, if it was fetched with another entity tag than it was stored
    /// with.
    retagged: Mutex<Option<RemoteDocument>>,
    /// Whether a fetch is due now, whenever it would be by itself.
    is_due: AtomicBool,
    asking: Mutex<Asking>,
}

/// What is broken off when this program closes.
#[derive(Debug, Default)]
struct Asking {
    is_ended: bool,
    /// What is or was fetched from last, on schedule.
    remote: Option<Arc<Remote>>,
}

impl Follower {
    /// Breaks off the fetch that is under way, and lets no other begin on schedule.
    pub(in crate::app) fn end(&self) {
        let mut asking = lock(&self.asking);
        asking.is_ended = true;
        if let Some(remote) = &asking.remote {
            remote.stop();
        }
    }

    /// Notes what is fetched from next.
    fn begin(&self, remote: &Arc<Remote>) {
        let mut asking = lock(&self.asking);
        if asking.is_ended {
            remote.stop();
        }
        asking.remote = Some(Arc::clone(remote));
    }
}

/// What came of one fetch.
pub(super) enum Found {
    /// What is followed is what the remote has.
    Same,
    /// The remote has a document that was not adopted.
    Held {
        /// What it has lost.
        lost: Loss,
        /// What names it.
        document: String,
    },
    /// There is no document.
    Failed {
        /// Why, a sentence that follows the name of the remote.
        reason: String,
        /// How long the remote asks to wait.
        retry_after: Option<Duration>,
    },
}

/// Fetches on schedule, while this program leads.
#[derive(Debug, Default)]
pub(in crate::app) struct Fetcher {
    /// What the settings named at the last look.
    endpoint: Option<String>,
    /// Whether another one was named before, and nothing was fetched from this one yet.
    is_other: bool,
    /// What was prepared for it, and with which credential.
    remote: Option<(Option<Credential>, Arc<Remote>)>,
    due: Option<Instant>,
    failures: u32,
    failing_since_ms: Option<i64>,
}

impl Fetcher {
    /// Returns whether there is something to do: a document to follow, or one that is no longer
    /// named, and may not have been adopted.
    pub(in crate::app) fn is_wanted(app: &App) -> bool {
        app.config().feature_flags.endpoint.is_some()
            || app.flags().live().followed.is_some()
            || app.lineage().follows_any()
    }

    /// Fetches if that is due, and ends following if the settings name no document any more.
    pub(in crate::app) fn look(&mut self, app: &App) {
        let Some(endpoint) = app.config().feature_flags.endpoint.clone() else {
            *self = Self::default();
            return app.follow_nothing();
        };
        if self.endpoint.as_ref() != Some(&endpoint) {
            let is_other = self.endpoint.is_some();
            if is_other {
                // Whom the other one follows says nothing of this one.
                app.lineage().follow(Chain::default());
            }
            *self = Self {
                endpoint: Some(endpoint.clone()),
                is_other,
                ..Self::default()
            };
            app.note_following(Some(waiting(&endpoint)));
        }
        let now = app.0.clock.instant();
        let is_asked = app.0.follower.is_due.swap(false, Ordering::SeqCst);
        if self.due.is_some_and(|due| now < due) && !is_asked {
            return;
        }
        let remote = match self.prepare(app, &endpoint) {
            Ok(remote) => remote,
            Err(error) => {
                self.due = Some(now + LOOK_AGAIN_EVERY);
                return self.note_unusable(app, &endpoint, error.to_string());
            }
        };
        let found = app.found(&remote, !self.is_other);
        let found = found.unwrap_or_else(|error| Found::Failed {
            reason: format!("its document cannot be adopted: {}", error.in_full()),
            retry_after: None,
        });
        self.note(app, &endpoint, found);
    }

    /// Ends what was going on: another program leads.
    pub(in crate::app) fn rest(&mut self, app: &App) {
        *self = Self::default();
        app.note_following(None);
    }

    fn prepare(&mut self, app: &App, endpoint: &str) -> Result<Arc<Remote>, FollowError> {
        let credential = app.credential()?;
        let known = self.remote.take().filter(|(known, _)| *known == credential);
        let known = match known {
            Some(known) => known,
            None => {
                let remote = Arc::new(app.remote_at(endpoint, credential.clone())?);
                app.0.follower.begin(&remote);
                (credential, remote)
            }
        };
        Ok(Arc::clone(&self.remote.insert(known).1))
    }

    /// Notes what came of a fetch, and when the next one is due.
    fn note(&mut self, app: &App, endpoint: &str, found: Found) {
        let (now, now_ms) = (app.0.clock.instant(), app.now_ms());
        let before = lock(&app.0.follower.status).clone();
        let mut confirmed_ms = before.as_ref().and_then(|status| status.confirmed_ms);
        let mut retry_after_ms = None;
        let state = match found {
            Found::Failed {
                reason,
                retry_after,
            } => {
                self.failures = self.failures.saturating_add(1);
                retry_after_ms = retry_after.and_then(|time| u64::try_from(time.as_millis()).ok());
                self.failed(app, confirmed_ms, reason)
            }
            Found::Same => {
                self.is_answered();
                confirmed_ms = Some(now_ms);
                FollowState::Fresh
            }
            Found::Held { lost, document } => {
                self.is_answered();
                FollowState::Held {
                    since_ms: held_since_ms(before.as_ref(), &document).unwrap_or(now_ms),
                    lost: lost.to_string(),
                    document,
                }
            }
        };
        let since = Since {
            failures: self.failures,
            retry_after_ms,
        };
        let refresh_ms = app.config().feature_flags.refresh_interval_ms;
        let pause_ms = upstream::next_ms(refresh_ms, since, fastrand::u64(..));
        self.due = Some(now + Duration::from_millis(pause_ms));
        let pause_ms = i64::try_from(pause_ms).unwrap_or(i64::MAX);
        app.note_following(Some(FollowStatus {
            address: shown(endpoint),
            state,
            confirmed_ms,
            next_ms: Some(now_ms.saturating_add(pause_ms)),
        }));
    }

    fn is_answered(&mut self) {
        self.is_other = false;
        self.failures = 0;
        self.failing_since_ms = None;
    }

    /// Returns how it is going after a failure.
    fn failed(&mut self, app: &App, confirmed_ms: Option<i64>, reason: String) -> FollowState {
        let now_ms = app.now_ms();
        let since_ms = *self.failing_since_ms.get_or_insert(now_ms);
        match counts_as_fresh(app, confirmed_ms, now_ms) {
            true => FollowState::Retrying { since_ms, reason },
            false => FollowState::Stale { since_ms, reason },
        }
    }

    /// Notes that the address or the credential cannot be used.
    fn note_unusable(&mut self, app: &App, endpoint: &str, reason: String) {
        let before = lock(&app.0.follower.status).clone();
        let confirmed_ms = before.and_then(|status| status.confirmed_ms);
        app.note_following(Some(FollowStatus {
            address: shown(endpoint),
            state: self.failed(app, confirmed_ms, reason),
            confirmed_ms,
            next_ms: None,
        }));
    }
}

impl App {
    /// Fetches the document and adopts it; only if it changed, if `is_known`.
    ///
    /// # Errors
    /// If it cannot be saved.
    pub(super) fn found(&self, remote: &Remote, is_known: bool) -> Result<Found, Error> {
        for _ in 0..FETCH_TRIES_MAX {
            if let Some(found) = self.found_once(remote, is_known)? {
                return Ok(found);
            }
        }
        Ok(Found::Failed {
            reason: "its document changed again and again while it was fetched".into(),
            retry_after: None,
        })
    }

    /// The same once; `None` if another document was adopted while this one was fetched.
    fn found_once(&self, remote: &Remote, is_known: bool) -> Result<Option<Found>, Error> {
        let asked = self.flags().live();
        let known = is_known.then(|| self.known_tag(remote, &asked)).flatten();
        let answer = match remote.fetch(known.as_deref()) {
            Ok(answer) => answer,
            Err(error) => {
                return Ok(Some(Found::Failed {
                    retry_after: error.retry_after(),
                    reason: error.to_string(),
                }));
            }
        };
        let fetched = match answer {
            Answer::Unchanged { chain } => {
                self.lineage().follow(chain);
                return Ok(Some(Found::Same));
            }
            Answer::Document(fetched) => fetched,
        };
        self.lineage().follow(fetched.chain.clone());
        let document = named(&fetched);
        let received = received(remote, *fetched);
        let Some(adopted) = self.flags().follow_since(&asked, &received)? else {
            return Ok(None);
        };
        self.note_tag(received, &adopted);
        Ok(Some(match adopted {
            Adopted::Held(lost) => Found::Held { lost, document },
            Adopted::Revision(_) | Adopted::Unchanged => Found::Same,
        }))
    }

    /// Returns the entity tag to ask with: that of the document that is followed.
    fn known_tag(&self, remote: &Remote, live: &Live) -> Option<String> {
        if !self.config().feature_flags.cache.enabled {
            return None;
        }
        let followed = live.followed.as_ref()?;
        if followed.from != remote.address().to_string() {
            return None;
        }
        self.newest_tag(&followed.from, live.base().as_ref(), followed.etag.as_ref())
    }

    /// Returns the entity tag that a document came with last; it was stored with `stored`.
    pub(super) fn newest_tag(
        &self,
        from: &str,
        document: Option<&FlagDocument>,
        stored: Option<&String>,
    ) -> Option<String> {
        let retagged = lock(&self.0.follower.retagged);
        let newer = retagged.as_ref();
        let newer = newer.filter(|it| it.from == from && Some(&it.document) == document);
        newer.map_or_else(|| stored.cloned(), |it| it.etag.clone())
    }

    /// Notes the entity tag of the document that is followed, if it has another one now. It is not
    /// stored, because the document is the same.
    pub(super) fn note_tag(&self, received: RemoteDocument, adopted: &Adopted) {
        let is_same = matches!(adopted, Adopted::Unchanged);
        *lock(&self.0.follower.retagged) = is_same.then_some(received);
    }

    /// Makes a fetch due now, in the program that leads.
    pub(super) fn fetch_soon(&self) {
        self.0.follower.is_due.store(true, Ordering::SeqCst);
    }

    /// Notes how following is going, and announces it if that is news.
    fn note_following(&self, status: Option<FollowStatus>) {
        let state = status.as_ref().map(|it| it.state.clone());
        let before = std::mem::replace(&mut *lock(&self.0.follower.status), status);
        if before.map(|it| it.state) != state {
            self.announce(Event::Status);
        }
    }

    /// The settings name no document: what was followed is a local document from now on.
    fn follow_nothing(&self) {
        self.note_following(None);
        self.lineage().follow(Chain::default());
        let live = self.flags().live();
        let Some(followed) = &live.followed else {
            return;
        };
        let actor = Actor::new(Via::Followed, &followed.from);
        if let Err(error) = self.flags().stop_following(&actor) {
            tracing::warn!(error = error.in_full(), "following cannot be ended");
        }
    }
}

/// Returns whether what serves counts as fresh, though a fetch failed.
fn counts_as_fresh(app: &App, confirmed_ms: Option<i64>, now_ms: i64) -> bool {
    let config = app.config();
    let cache = &config.feature_flags.cache;
    let ttl_ms = i64::try_from(cache.ttl_ms).unwrap_or(i64::MAX);
    cache.enabled && confirmed_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < ttl_ms)
}

fn waiting(endpoint: &str) -> FollowStatus {
    FollowStatus {
        address: shown(endpoint),
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
