//! A running Flagdeck, as its HTTP interface shows it. The token is sent to nothing else.

use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use flagdeck::address::Address;
use flagdeck::app::following::FollowStatus;
use flagdeck::clients::Connected;
use flagdeck::http::port_owner;
use flagdeck::outbound::{self, Server, whole};
use flagdeck::token;
use flagdeck_core::limits::DOCUMENT_BYTES_MAX;
use flagdeck_core::tree::{self, Tree};
use flagdeck_core::{FlagDocument, read_document};
use serde::Deserialize;
use ureq::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, RETRY_AFTER,
};
use ureq::http::{Response, request};
use ureq::{AsSendBody, Body};

use super::outbox::Batch;
use flagdeck::demo::event::SOURCE;
use flagdeck::demo::state::Change;

/// Longer than anything on this machine takes, short enough to notice that it hangs.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// The same for a state, of which there may be much more than of anything else.
const STATE_TIME: Duration = Duration::from_secs(30);
const STATE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Longer than Flagdeck ever stays silent while it announces.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Bytes of an answer other than the document and a state.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// The same of a list of clients, each of which may have a long name.
const CLIENTS_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Names the restore that a state confirms.
const ML_RESTORE: HeaderName = HeaderName::from_static("ml-restore");

/// Names a batch that may be sent again.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A Flagdeck that is believed to be at an address.
#[derive(Debug)]
pub struct Flagdeck {
    server: Server,
    data_dir: PathBuf,
}

/// The flags in force, and what to ask for later ones with.
#[derive(Debug)]
pub struct Flags {
    pub document: FlagDocument,
    pub etag: Option<String>,
}

/// What became of a batch, this time or the first time it arrived.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Receipt {
    /// How many of its events were not taken.
    pub rejected: u64,
    /// Why, for some of them.
    #[serde(default)]
    pub problems: Vec<EventProblem>,
}

/// Why an event was not taken.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EventProblem {
    pub message: String,
}

/// Why Flagdeck at an address did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("nothing answers at {address}: {reason}")]
    Away { address: String, reason: String },
    #[error("what answers at {address} is not Flagdeck; the token was not sent to it")]
    Stranger { address: String },
    #[error("Flagdeck at {address} has more waiting than it takes")]
    Full {
        address: String,
        /// When to try again, if it said so.
        after: Option<Duration>,
    },
    #[error("Flagdeck at {address} takes nothing: {reason}")]
    Failing { address: String, reason: String },
    #[error("Flagdeck at {address} refuses what is reported: {reason}")]
    Refused { address: String, reason: String },
    #[error("the program that answers at {address} is run by {user}; the token was not sent to it")]
    Foreign { address: String, user: String },
    #[error(
        "Flagdeck at {address} does not accept the token in {data_dir}: it keeps its data \
         elsewhere; say where with --data-dir"
    )]
    TokenRefused { address: String, data_dir: String },
    #[error("Flagdeck at {address} keeps no states, and is older than this flagctl")]
    Stateless { address: String },
    #[error("the state at {address} cannot be read: {reason}")]
    State { address: String, reason: String },
    #[error("the token in {data_dir} cannot be read")]
    Token { data_dir: String, source: io::Error },
    #[error("Flagdeck at {address} lists no clients, and is older than this flagctl")]
    Clientless { address: String },
    #[error("the clients of {address} cannot be read: {reason}")]
    Clients { address: String, reason: String },
    #[error("the flags at {address} cannot be read: {reason}")]
    Flags { address: String, reason: String },
}

impl CallError {
    /// Says whether the same may be tried again with success.
    pub fn is_passing(&self) -> bool {
        match self {
            // Also a stranger: a program that took the port while Flagdeck was away may end.
            Self::Away { .. } | Self::Stranger { .. } | Self::Full { .. } => true,
            Self::Foreign { .. } => true,
            Self::Failing { .. } => true,
            Self::Refused { .. } | Self::TokenRefused { .. } => false,
            Self::Stateless { .. } | Self::State { .. } => false,
            Self::Token { .. } | Self::Flags { .. } => false,
            Self::Clientless { .. } | Self::Clients { .. } => false,
        }
    }
}

impl Flagdeck {
    /// Prepares to talk to a Flagdeck with this data folder. Asks nothing yet.
    pub fn at(address: Address, data_dir: PathBuf) -> Self {
        Self {
            server: Server::at(address),
            data_dir,
        }
    }

    /// Returns where it is.
    pub fn address(&self) -> &Address {
        self.server.address()
    }

    /// Makes sure that it is Flagdeck that answers, by the shape of what `/healthz` says, and that
    /// no other user runs it.
    ///
    /// # Errors
    /// [`CallError::Away`], [`CallError::Stranger`] or [`CallError::Foreign`].
    pub fn check(&self) -> Result<(), CallError> {
        /// What any Flagdeck says, whether it can save or not.
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only that they are there is looked at")]
        struct Health {
            status: String,
            version: String,
            revision: u64,
            writable: bool,
        }
        let mut answer = self.call(self.server.request("GET", "/healthz"), ())?;
        let health = body(&mut answer).unwrap_or_default();
        match serde_json::from_slice::<Health>(&health) {
            Ok(_) => self.check_user(),
            Err(_) => Err(CallError::Stranger {
                address: self.shown(),
            }),
        }
    }

    /// Returns how following a document is going there; `None` if none is followed.
    ///
    /// # Errors
    /// If there is no answer, or it is not Flagdeck's.
    pub fn following(&self) -> Result<Option<FollowStatus>, CallError> {
        /// What is looked at of its health.
        #[derive(Deserialize)]
        struct Health {
            following: Option<FollowStatus>,
        }
        let mut answer = self.call(self.server.request("GET", "/healthz"), ())?;
        let health = body(&mut answer).map_err(|error| self.failure(error))?;
        let health: Result<Health, _> = serde_json::from_slice(&health);
        match health {
            Ok(health) => Ok(health.following),
            Err(_) => Err(CallError::Stranger {
                address: self.shown(),
            }),
        }
    }

    /// Any user can take a port that is free, and answer as Flagdeck does.
    fn check_user(&self) -> Result<(), CallError> {
        match port_owner::another_user(self.address().port()) {
            None => Ok(()),
            Some(user) => Err(CallError::Foreign {
                address: self.shown(),
                user,
            }),
        }
    }

    /// Returns the flags in force; `None` if they are still those of `etag`.
    ///
    /// # Errors
    /// If there is no answer, or none that can be understood.
    pub fn flags(&self, etag: Option<&str>) -> Result<Option<Flags>, CallError> {
        let mut request = self.server.request("GET", &named("/api/ml/flags"));
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let mut answer = self.call(request, ())?;
        let unreadable = |reason: String| CallError::Flags {
            address: self.shown(),
            reason,
        };
        match answer.status().as_u16() {
            304 => return Ok(None),
            200 => {}
            _ => return Err(unreadable(reason(answer))),
        }
        let text = whole(&mut answer, DOCUMENT_BYTES_MAX as u64, ANSWER_TIME);
        let text = text.map_err(|error| unreadable(error.to_string()))?;
        let checked = read_document(&text).map_err(|problems| {
            let first = problems.into_iter().next();
            unreadable(first.map_or_else(String::new, |problem| problem.message))
        })?;
        Ok(Some(Flags {
            document: checked.document,
            etag: header(&answer, ETAG),
        }))
    }

    /// Returns the clients that used it lately.
    ///
    /// # Errors
    /// If there is no answer, or none that can be understood.
    pub fn clients(&self) -> Result<Connected, CallError> {
        let request = self.authorized("GET", "/api/ml/clients")?;
        let mut answer = self.call(request, ())?;
        let address = self.shown();
        match answer.status().as_u16() {
            200 => {}
            404 => return Err(CallError::Clientless { address }),
            _ => return Err(self.refusal(answer)),
        }
        let text = whole(&mut answer, CLIENTS_BYTES_MAX, ANSWER_TIME);
        let text = text.map_err(|error| self.failure(error))?;
        serde_json::from_slice(&text).map_err(|error| CallError::Clients {
            address,
            reason: error.to_string(),
        })
    }

    /// Sends a batch. The same batch may be sent again, and is counted once.
    ///
    /// # Errors
    /// If it was not taken, or it is not known whether it was.
    pub fn send(&self, batch: &Batch) -> Result<Receipt, CallError> {
        let request = self.authorized("POST", "/api/ml/events")?;
        let request = request
            .header(IDEMPOTENCY_KEY, &batch.key)
            .header(CONTENT_TYPE, "application/x-ndjson");
        self.receipt(self.call(request, batch.body.as_slice())?)
    }

    /// Sends the whole state of the host; `restore` is the number of what it confirms.
    ///
    /// # Errors
    /// If it was not taken, or it is not known whether it was.
    pub fn put_state(
        &self,
        text: &[u8],
        files: usize,
        restore: Option<u64>,
    ) -> Result<(), CallError> {
        let request = self.authorized("PUT", &state_path(&format!("?files={files}")))?;
        let mut request = request.header(CONTENT_TYPE, "application/json");
        if let Some(restore) = restore {
            request = request.header(ML_RESTORE, restore);
        }
        let answer = self.server.call(request, text, STATE_TIME);
        self.taken(answer.map_err(|error| self.failure(error))?)
    }

    /// Sends what has changed in the state.
    ///
    /// # Errors
    /// If it was not taken, or it is not known whether it was.
    pub fn post_changes(&self, changes: &[Change]) -> Result<(), CallError> {
        let text = serde_json::to_vec(changes).expect("a change is plain data");
        let request = self.authorized("POST", &state_path("/changes"))?;
        let request = request.header(CONTENT_TYPE, "application/json");
        self.taken(self.call(request, text.as_slice())?)
    }

    /// Returns what a restore asks the host to become: the tree `ml`. Returns `None` if the
    /// restore is over.
    ///
    /// # Errors
    /// If there is no answer, or none that can be understood.
    pub fn asked(&self, href: &str) -> Result<Option<Tree>, CallError> {
        #[derive(Deserialize)]
        struct State {
            #[serde(deserialize_with = "tree::deserialize")]
            ml: Tree,
        }
        let request = self.authorized("GET", href)?;
        let answer = self.server.call(request, (), STATE_TIME);
        let mut answer = answer.map_err(|error| self.failure(error))?;
        match answer.status().as_u16() {
            200 => {}
            // Cancelled, or superseded by one that has its own event.
            404 | 410 => return Ok(None),
            _ => return Err(self.refusal(answer)),
        }
        let state = whole(&mut answer, STATE_BYTES_MAX, STATE_TIME);
        let state = state.map_err(|error| self.failure(error))?;
        match serde_json::from_slice::<State>(&state) {
            Ok(state) => Ok(Some(state.ml)),
            Err(error) => Err(CallError::State {
                address: self.shown(),
                reason: error.to_string(),
            }),
        }
    }

    /// Returns what Flagdeck announces from here on: events as the HTML standard writes them.
    ///
    /// # Errors
    /// [`CallError::Stateless`] if it announces nothing, and if it cannot be reached.
    pub fn announcements(&self) -> Result<impl BufRead + use<>, CallError> {
        // Only clients with the token get news of states.
        let request = self.authorized("GET", &named("/api/ml/flags/stream"))?;
        let request = request.header(ACCEPT, "text/event-stream");
        let answer = self.server.listen(request, SILENCE_MAX);
        let answer = answer.map_err(|error| self.failure(error))?;
        match answer.status().as_u16() {
            200 => Ok(BufReader::new(answer.into_body().into_reader())),
            404 => Err(self.stateless()),
            _ => Err(self.refusal(answer)),
        }
    }

    /// Begins a request with the token, once it is sure who is there.
    fn authorized(&self, method: &str, path: &str) -> Result<request::Builder, CallError> {
        // Every time: another program may have taken the port since. What answers stays on the
        // connection that it answered on, and the token follows it there.
        self.check()?;
        let token = token::load(&self.data_dir).map_err(|source| CallError::Token {
            data_dir: self.folder(),
            source,
        })?;
        let request = self.server.request(method, path);
        Ok(request.header(AUTHORIZATION, format!("Bearer {token}")))
    }

    fn call(
        &self,
        request: request::Builder,
        body: impl AsSendBody,
    ) -> Result<Response<Body>, CallError> {
        let answer = self.server.call(request, body, ANSWER_TIME);
        answer.map_err(|error| self.failure(error))
    }

    fn taken(&self, mut answer: Response<Body>) -> Result<(), CallError> {
        match answer.status().as_u16() {
            200..300 => {
                // To the end, so that the connection can be used again.
                let _ = body(&mut answer);
                Ok(())
            }
            404 => Err(self.stateless()),
            _ => Err(self.refusal(answer)),
        }
    }

    fn receipt(&self, mut answer: Response<Body>) -> Result<Receipt, CallError> {
        let address = self.shown();
        match answer.status().as_u16() {
            200 => {
                let receipt = body(&mut answer).unwrap_or_default();
                // An answer that broke off: it will be given again.
                serde_json::from_slice(&receipt).map_err(|error| CallError::Failing {
                    address,
                    reason: format!("its answer cannot be read: {error}"),
                })
            }
            404 => Err(CallError::Refused {
                address,
                reason: "it does not know of any, and is older than this flagctl".into(),
            }),
            _ => Err(self.refusal(answer)),
        }
    }

    /// Reads why something was not taken.
    fn refusal(&self, answer: Response<Body>) -> CallError {
        let address = self.shown();
        match answer.status().as_u16() {
            401 => CallError::TokenRefused {
                address,
                data_dir: self.folder(),
            },
            429 => CallError::Full {
                address,
                after: retry_after(&answer),
            },
            500.. => CallError::Failing {
                address,
                reason: reason(answer),
            },
            _ => CallError::Refused {
                address,
                reason: reason(answer),
            },
        }
    }

    fn failure(&self, error: outbound::CallError) -> CallError {
        let address = self.shown();
        match error {
            outbound::CallError::Unreachable { cause } => CallError::Away {
                address,
                reason: cause,
            },
            error @ (outbound::CallError::Silent { .. }
            | outbound::CallError::Closed
            | outbound::CallError::Address(_)) => CallError::Away {
                address,
                reason: error.to_string(),
            },
            // Flagdeck speaks HTTP, redirects nowhere, and sends no more than was requested.
            outbound::CallError::Garbled { .. }
            | outbound::CallError::Certificate { .. }
            | outbound::CallError::Forbidden(_)
            | outbound::CallError::Elsewhere { .. }
            | outbound::CallError::TooLarge { .. } => CallError::Stranger { address },
        }
    }

    fn stateless(&self) -> CallError {
        CallError::Stateless {
            address: self.shown(),
        }
    }

    fn shown(&self) -> String {
        self.address().to_string()
    }

    fn folder(&self) -> String {
        self.data_dir.display().to_string()
    }
}

/// Returns a path under the state of the host, whose name needs no escaping.
fn state_path(rest: &str) -> String {
    format!("/api/ml/state/{SOURCE}{rest}")
}

/// Adds who asks to a path, so that the host is listed under its own name.
fn named(path: &str) -> String {
    format!("{path}?source={SOURCE}")
}

/// Reads an answer that is short.
fn body(answer: &mut Response<Body>) -> Result<Vec<u8>, outbound::CallError> {
    whole(answer, ANSWER_BYTES_MAX, ANSWER_TIME)
}

fn header(answer: &Response<Body>, name: HeaderName) -> Option<String> {
    let value = answer.headers().get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// Reads how long to wait, in seconds; Flagdeck names no dates.
fn retry_after(answer: &Response<Body>) -> Option<Duration> {
    let seconds = header(answer, RETRY_AFTER)?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Returns what a problem document (RFC 9457) says, or the status alone.
fn reason(mut answer: Response<Body>) -> String {
    #[derive(Deserialize)]
    struct Problem {
        detail: String,
    }
    let status = answer.status();
    let body = body(&mut answer).unwrap_or_default();
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => problem.detail.trim_end_matches('.').to_owned(),
        Err(_) => format!("it answers {status}"),
    }
}
