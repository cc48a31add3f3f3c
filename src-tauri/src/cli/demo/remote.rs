//! A running Flagdeck, as its HTTP interface shows it. Nobody else is sent the token.

use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use flagdeck::token;
use flagdeck_core::limits::DOCUMENT_BYTES_MAX;
use flagdeck_core::tree::{self, Tree};
use flagdeck_core::{FlagDocument, read_document};
use serde::Deserialize;
use ureq::Agent;
use ureq::http::Response;
use ureq::http::header::{ETAG, RETRY_AFTER};

use super::address::Address;
use super::event::SOURCE;
use super::outbox::Batch;
use super::state::Change;

/// Longer than anything on this machine takes, short enough to notice that it hangs.
const CONNECT_TIME: Duration = Duration::from_secs(2);
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// The same for a state, of which there may be much more than of anything else.
const STATE_TIME: Duration = Duration::from_secs(30);
const STATE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Longer than Flagdeck ever stays silent where it announces something.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Bytes of an answer other than the document.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// A Flagdeck that is believed to be at an address.
#[derive(Debug)]
pub struct Flagdeck {
    agent: Agent,
    address: Address,
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

/// Why Flagdeck did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("nothing answers at {address}: {reason}")]
    Away { address: Address, reason: String },
    #[error("what answers at {address} is not Flagdeck; the token was not sent to it")]
    Stranger { address: Address },
    #[error("Flagdeck at {address} has more waiting than it takes")]
    Full {
        address: Address,
        /// When to try again, where it said so.
        after: Option<Duration>,
    },
    #[error("Flagdeck at {address} takes nothing: {reason}")]
    Failing { address: Address, reason: String },
    #[error("Flagdeck at {address} refuses what is reported: {reason}")]
    Refused { address: Address, reason: String },
    #[error(
        "Flagdeck at {address} does not accept the token in {data_dir}: it keeps its data \
         elsewhere; say where with --data-dir"
    )]
    TokenRefused { address: Address, data_dir: String },
    #[error("Flagdeck at {address} keeps no states, and is older than this flagctl")]
    Stateless { address: Address },
    #[error("the state at {address} cannot be read: {reason}")]
    State { address: Address, reason: String },
    #[error("the token in {data_dir} cannot be read")]
    Token { data_dir: String, source: io::Error },
    #[error("the flags at {address} cannot be read: {reason}")]
    Flags { address: Address, reason: String },
}

impl CallError {
    /// Says whether the same may be tried again with success.
    pub fn is_passing(&self) -> bool {
        match self {
            // Also a stranger: whoever took the port while Flagdeck was away may leave again.
            Self::Away { .. } | Self::Stranger { .. } | Self::Full { .. } => true,
            Self::Failing { .. } => true,
            Self::Refused { .. } | Self::TokenRefused { .. } => false,
            Self::Stateless { .. } | Self::State { .. } => false,
            Self::Token { .. } | Self::Flags { .. } => false,
        }
    }
}

impl Flagdeck {
    /// Prepares to talk to a Flagdeck with this data folder. Contacts nobody.
    pub fn at(address: Address, data_dir: PathBuf) -> Self {
        let config = Agent::config_builder()
            // Whoever a redirect or a proxy leads to is not this machine's Flagdeck.
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIME))
            .timeout_global(Some(ANSWER_TIME))
            .user_agent(concat!("flagctl-demo/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.new_agent(),
            address,
            data_dir,
        }
    }

    /// Returns where it is.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Makes sure that it is Flagdeck that answers, by the shape of what `/healthz` says.
    ///
    /// # Errors
    /// [`CallError::Away`] or [`CallError::Stranger`].
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
        let request = self.agent.get(self.url("/healthz"));
        let mut answer = request.call().map_err(|error| self.failure(error))?;
        let health = text(&mut answer, ANSWER_BYTES_MAX).unwrap_or_default();
        match serde_json::from_str::<Health>(&health) {
            Ok(_) => Ok(()),
            Err(_) => Err(CallError::Stranger {
                address: self.address,
            }),
        }
    }

    /// Returns the flags in force; none where they are still those of `etag`.
    ///
    /// # Errors
    /// Where they cannot be had or understood.
    pub fn flags(&self, etag: Option<&str>) -> Result<Option<Flags>, CallError> {
        let mut request = self.agent.get(self.url("/api/ml/flags"));
        if let Some(etag) = etag {
            request = request.header("If-None-Match", etag);
        }
        let mut answer = request.call().map_err(|error| self.failure(error))?;
        let unreadable = |reason: String| CallError::Flags {
            address: self.address,
            reason,
        };
        match answer.status().as_u16() {
            304 => return Ok(None),
            200 => {}
            _ => return Err(unreadable(reason(answer))),
        }
        let bytes = text(&mut answer, DOCUMENT_BYTES_MAX as u64);
        let bytes = bytes.map_err(|error| unreadable(error.to_string()))?;
        let checked = read_document(bytes.as_bytes()).map_err(|problems| {
            let first = problems.into_iter().next();
            unreadable(first.map_or_else(String::new, |problem| problem.message))
        })?;
        Ok(Some(Flags {
            document: checked.document,
            etag: header(&answer, ETAG.as_str()),
        }))
    }

    /// Hands a batch over. The same batch may be sent again, and is counted once.
    ///
    /// # Errors
    /// Where it was not taken, or nobody knows whether it was.
    pub fn send(&self, batch: &Batch) -> Result<Receipt, CallError> {
        let request = self
            .agent
            .post(self.url("/api/ml/events"))
            .header("Authorization", self.authorization()?)
            .header("Idempotency-Key", &batch.key)
            .content_type("application/x-ndjson");
        let answer = request.send(batch.body.as_slice());
        self.receipt(answer.map_err(|error| self.failure(error))?)
    }

    /// Hands the whole state of the host over; `restore` is the number of what it confirms.
    ///
    /// # Errors
    /// Where it was not taken, or nobody knows whether it was.
    pub fn put_state(
        &self,
        text: &[u8],
        files: usize,
        restore: Option<u64>,
    ) -> Result<(), CallError> {
        let url = format!("{}?files={files}", self.state_url());
        let mut request = self
            .agent
            .put(url)
            .header("Authorization", self.authorization()?)
            .content_type("application/json");
        if let Some(restore) = restore {
            request = request.header("Ml-Restore", restore.to_string());
        }
        let request = request.config().timeout_global(Some(STATE_TIME)).build();
        self.taken(request.send(text))
    }

    /// Hands over what has changed in the state.
    ///
    /// # Errors
    /// Where it was not taken, or nobody knows whether it was.
    pub fn post_changes(&self, changes: &[Change]) -> Result<(), CallError> {
        let text = serde_json::to_vec(changes).expect("a change is plain data");
        let request = self
            .agent
            .post(format!("{}/changes", self.state_url()))
            .header("Authorization", self.authorization()?)
            .content_type("application/json");
        self.taken(request.send(text.as_slice()))
    }

    /// Returns what a restore asks the host to become: the tree `ml`. Returns `None` if the
    /// restore is over.
    ///
    /// # Errors
    /// If it cannot be had or understood.
    pub fn asked(&self, href: &str) -> Result<Option<Tree>, CallError> {
        #[derive(Deserialize)]
        struct State {
            #[serde(deserialize_with = "tree::deserialize")]
            ml: Tree,
        }
        let request = self
            .agent
            .get(self.url(href))
            .header("Authorization", self.authorization()?);
        let request = request.config().timeout_global(Some(STATE_TIME)).build();
        let mut answer = request.call().map_err(|error| self.failure(error))?;
        match answer.status().as_u16() {
            200 => {}
            // Cancelled, or superseded by one that has its own event.
            404 | 410 => return Ok(None),
            _ => return Err(self.refusal(answer)),
        }
        let state = text(&mut answer, STATE_BYTES_MAX).map_err(|error| self.failure(error))?;
        match serde_json::from_str::<State>(&state) {
            Ok(state) => Ok(Some(state.ml)),
            Err(error) => Err(CallError::State {
                address: self.address,
                reason: error.to_string(),
            }),
        }
    }

    /// Returns what Flagdeck announces from here on: events as the HTML standard writes them.
    ///
    /// # Errors
    /// [`CallError::Stateless`] where it announces nothing, and where it cannot be reached.
    pub fn announcements(&self) -> Result<impl BufRead + use<>, CallError> {
        let request = self.agent.get(self.url("/api/ml/flags/stream"));
        let request = request.header("Accept", "text/event-stream");
        // Of states, only who has the token is told.
        let request = request.header("Authorization", &self.authorization()?);
        let request = request
            .config()
            .timeout_global(None)
            .timeout_per_read(Some(SILENCE_MAX))
            .build();
        let answer = request.call().map_err(|error| self.failure(error))?;
        match answer.status().as_u16() {
            200 => Ok(BufReader::new(answer.into_body().into_reader())),
            404 => Err(CallError::Stateless {
                address: self.address,
            }),
            _ => Err(self.refusal(answer)),
        }
    }

    /// Returns what writes are sent with, once it is sure who is there.
    fn authorization(&self) -> Result<String, CallError> {
        // Every time: the port may have changed hands since. What answers stays on the
        // connection that it answered on, and the token follows it there.
        self.check()?;
        let token = token::load(&self.data_dir).map_err(|source| CallError::Token {
            data_dir: self.folder(),
            source,
        })?;
        Ok(format!("Bearer {token}"))
    }

    fn taken(&self, answer: Result<Response<ureq::Body>, ureq::Error>) -> Result<(), CallError> {
        let mut answer = answer.map_err(|error| self.failure(error))?;
        match answer.status().as_u16() {
            200..300 => {
                // To the end, so that the connection can be used again.
                let _ = text(&mut answer, ANSWER_BYTES_MAX);
                Ok(())
            }
            404 => Err(CallError::Stateless {
                address: self.address,
            }),
            _ => Err(self.refusal(answer)),
        }
    }

    fn receipt(&self, mut answer: Response<ureq::Body>) -> Result<Receipt, CallError> {
        let address = self.address;
        match answer.status().as_u16() {
            200 => {
                let receipt = text(&mut answer, ANSWER_BYTES_MAX).unwrap_or_default();
                // An answer that broke off: it will be given again.
                serde_json::from_str(&receipt).map_err(|error| CallError::Failing {
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
    fn refusal(&self, answer: Response<ureq::Body>) -> CallError {
        let address = self.address;
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

    fn failure(&self, error: ureq::Error) -> CallError {
        let reason = match error {
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                "no program listens there".into()
            }
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::Timeout(_) => "it took too long".into(),
            // What is no HTTP is no Flagdeck.
            ureq::Error::Protocol(_) => {
                return CallError::Stranger {
                    address: self.address,
                };
            }
            error => error.to_string(),
        };
        CallError::Away {
            address: self.address,
            reason,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    fn state_url(&self) -> String {
        // A name that needs no escaping.
        self.url(&format!("/api/ml/state/{SOURCE}"))
    }

    fn folder(&self) -> String {
        self.data_dir.display().to_string()
    }
}

fn text(answer: &mut Response<ureq::Body>, bytes_max: u64) -> Result<String, ureq::Error> {
    let body = answer.body_mut().with_config().limit(bytes_max);
    body.read_to_string()
}

fn header(answer: &Response<ureq::Body>, name: &str) -> Option<String> {
    let value = answer.headers().get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// Reads how long to wait, in seconds; Flagdeck names no dates.
fn retry_after(answer: &Response<ureq::Body>) -> Option<Duration> {
    let seconds = header(answer, RETRY_AFTER.as_str())?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Returns what a problem document (RFC 9457) says, or the status alone.
fn reason(mut answer: Response<ureq::Body>) -> String {
    #[derive(Deserialize)]
    struct Problem {
        detail: String,
    }
    let status = answer.status();
    let body = text(&mut answer, ANSWER_BYTES_MAX).unwrap_or_default();
    match serde_json::from_str::<Problem>(&body) {
        Ok(problem) => problem.detail.trim_end_matches('.').to_owned(),
        Err(_) => format!("it answers {status}"),
    }
}
