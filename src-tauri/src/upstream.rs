//! What talks to the remote document that a Flagdeck follows: fetches it, publishes to it, and
//! says when to ask next.
//!
//! Each failure is one sentence with a stable kind, and changes nothing: what is in force is not
//! known here. Every call is bounded in time, and every answer in size; a document is validated
//! before it is handed on.
//!
//! **Redirects** of a fetch are followed three times at most, because files are often served by
//! another host than the one that people know. The credential goes to the configured origin alone,
//! `https` never leads to `http`, and no redirect or name leads to this machine, its link or the
//! metadata service of a cloud unless the configured address is itself written as one. A
//! publication follows none.

mod answer;
mod chain;
mod credential;
mod error;
mod limits;
mod lineage;
mod schedule;
mod unfollowed;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use thiserror::Error;
use ureq::Body;
use ureq::http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH, LOCATION,
};
use ureq::http::{HeaderName, Response, request};

pub use self::answer::{Answer, Fetched, Published};
use self::answer::{is_strong, read, read_published};
pub use self::chain::{Chain, FlagdeckId, ML_VIA, NoId};
pub use self::credential::{CREDENTIAL_FILE, Credential, CredentialError};
pub use self::error::{Circle, Complaint, FetchError, Kind, PublishError, RedirectError};
use self::limits::{CALL_TIME, REDIRECTS_MAX};
pub use self::lineage::{LINEAGE_FILE, Lineage};
pub use self::schedule::{Since, next_ms};
pub use self::unfollowed::FollowError;
use crate::address::{Address, NoAddress};
use crate::config::FLAGS_TOKEN;
use crate::lock::lock;
use crate::outbound::{CallError, Server, is_redirect, quoted};

/// Confirms to a Flagdeck that most of the components are removed.
const FLAGDECK_CONFIRM: HeaderName = HeaderName::from_static("flagdeck-confirm");

/// What a bare address of a Flagdeck lacks.
const HINT: &str = "; that of a Flagdeck ends in /api/ml/flags";

/// A document at an address, and what it is asked with.
#[derive(Debug)]
pub struct Remote {
    server: Server,
    credential: Option<Credential>,
    own: FlagdeckId,
    call_time: Duration,
    under_way: Mutex<UnderWay>,
}

/// What [`Remote::stop`] ends.
#[derive(Debug, Default)]
struct UnderWay {
    is_stopped: bool,
    /// The one that is or was asked last.
    server: Option<Server>,
}

/// Why an address cannot be followed. Follows the name of the setting, or stands alone.
#[derive(Debug, Error)]
pub enum NoRemote {
    /// It is no address of a server.
    #[error(transparent)]
    Address(#[from] NoAddress),
    /// The settings would keep a secret.
    #[error(
        "its address holds a user name or password; put the credential into {FLAGS_TOKEN} or the \
         file {CREDENTIAL_FILE} of the data folder instead"
    )]
    Credentials,
}

/// A document to be published.
#[derive(Debug, Clone, Copy)]
pub struct Publication<'a> {
    /// The whole document.
    pub text: &'a str,
    /// The entity tag that it was made of came with.
    pub etag: Option<&'a str>,
    /// Whether a person knows that it removes more than half of the components.
    pub confirms_loss: bool,
}

impl Remote {
    /// Prepares to talk to the document at an address. Asks nothing yet.
    ///
    /// # Errors
    /// [`NoRemote`] if the address cannot be followed.
    pub fn new(
        address: &str,
        credential: Option<Credential>,
        own: FlagdeckId,
    ) -> Result<Self, NoRemote> {
        let address: Address = address.parse()?;
        if address.credentials().is_some() {
            return Err(NoRemote::Credentials);
        }
        Ok(Self {
            server: Server::guarded(address),
            credential,
            own,
            call_time: CALL_TIME,
            under_way: Mutex::default(),
        })
    }

    /// Bounds the time of one call otherwise, for tests.
    #[doc(hidden)]
    pub fn with_call_time(self, call_time: Duration) -> Self {
        Self { call_time, ..self }
    }

    /// Returns the address as it may be shown, without its query.
    pub fn address(&self) -> &Address {
        self.server.address()
    }

    /// Breaks off the call that is under way, and lets no other begin: for a program that ends, or
    /// an address that is not followed any more.
    pub fn stop(&self) {
        let mut under_way = lock(&self.under_way);
        under_way.is_stopped = true;
        if let Some(server) = &under_way.server {
            server.break_off();
        }
    }

    /// Fetches the document, unless it is the one that `known`, an entity tag, names.
    ///
    /// # Errors
    /// [`FetchError`] if there is no valid document, or it is not to be followed.
    pub fn fetch(&self, known: Option<&str>) -> Result<Answer, FetchError> {
        let asked = self.ask(known)?;
        let answered = &asked.response;
        Circle::check(self.own, &Chain::read(answered.headers()))?;
        let answer = read(asked.response, known.is_some(), self.call_time);
        answer.map_err(|error| self.explained(error, asked.withheld))
    }

    /// Publishes a document in the place of the one that its tag names.
    ///
    /// # Errors
    /// [`PublishError`] if it was not taken, or if it is not known whether it was.
    pub fn publish(&self, publication: Publication<'_>) -> Result<Published, PublishError> {
        let etag = publication.etag.filter(|etag| is_strong(etag));
        let etag = etag.ok_or(PublishError::NoTag)?;
        let request = self.asking(&self.server, "PUT");
        let mut request = request
            .header(CONTENT_TYPE, "application/json")
            .header(IF_MATCH, etag);
        if publication.confirms_loss {
            request = request.header(FLAGDECK_CONFIRM, "large-loss");
        }
        let text = publication.text;
        self.begin(&self.server)?;
        let response = self.server.call(request, text, self.call_time)?;
        Circle::check(self.own, &Chain::read(response.headers()))?;
        read_published(response, self.call_time)
    }

    /// Asks, and follows redirects.
    fn ask(&self, known: Option<&str>) -> Result<Asked, FetchError> {
        let deadline = Instant::now() + self.call_time;
        let mut elsewhere = None;
        for _ in 0..=REDIRECTS_MAX {
            let server = elsewhere.as_ref().unwrap_or(&self.server);
            let response = self.ask_once(server, known, deadline)?;
            if !is_redirect(response.status()) {
                let withheld = self.withholds(server).then(|| server.address().server());
                return Ok(Asked { response, withheld });
            }
            elsewhere = Some(self.led_to(server.address(), &response)?);
        }
        let last = elsewhere.as_ref().unwrap_or(&self.server);
        Err(FetchError::Redirect(RedirectError::TooMany {
            redirects_max: REDIRECTS_MAX,
            to: last.address().to_string(),
        }))
    }

    fn ask_once(
        &self,
        server: &Server,
        known: Option<&str>,
        deadline: Instant,
    ) -> Result<Response<Body>, FetchError> {
        // An encoding would have to be decoded within the bound on the bytes of a document.
        let mut request = self
            .asking(server, "GET")
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity");
        if let Some(etag) = known {
            request = request.header(IF_NONE_MATCH, etag);
        }
        self.begin(server)?;
        let left = deadline.saturating_duration_since(Instant::now());
        let answered = match left.is_zero() {
            true => Err(self.silent()),
            false => server.call_once(request, (), left),
        };
        answered.map_err(|error| match error {
            CallError::Silent { .. } => self.silent().into(),
            CallError::Forbidden(cause) if !std::ptr::eq(server, &self.server) => {
                let to = server.address().to_string();
                RedirectError::Forbidden { to, cause }.into()
            }
            error => error.into(),
        })
    }

    /// Notes which server is asked.
    ///
    /// # Errors
    /// If none is to be asked any more.
    fn begin(&self, server: &Server) -> Result<(), CallError> {
        let mut under_way = lock(&self.under_way);
        if under_way.is_stopped {
            return Err(CallError::Closed);
        }
        under_way.server = Some(server.clone());
        Ok(())
    }

    /// Begins a request, with the credential if the server is of the configured origin.
    fn asking(&self, server: &Server, method: &str) -> request::Builder {
        let mut request = server.request_whole(method);
        if let Some(ids) = Chain::of(self.own).header() {
            request = request.header(ML_VIA, ids);
        }
        match &self.credential {
            Some(credential) if !self.withholds(server) => {
                request.header(AUTHORIZATION, credential.header())
            }
            _ => request,
        }
    }

    fn withholds(&self, server: &Server) -> bool {
        self.credential.is_some() && !server.address().is_same_origin(self.address())
    }

    /// Prepares to ask where a redirect leads.
    fn led_to(&self, from: &Address, response: &Response<Body>) -> Result<Server, RedirectError> {
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        let to = location.and_then(|location| from.leading_to(location).ok());
        let to = to.filter(|to| to.credentials().is_none());
        let to = to.ok_or(RedirectError::Nowhere { status })?;
        let shown = quoted(&to.to_string());
        if from.is_secure() && !to.is_secure() {
            return Err(RedirectError::Unencrypted { to: shown });
        }
        let server = self.server.leading_to(to);
        server.map_err(|cause| RedirectError::Forbidden { to: shown, cause })
    }

    fn silent(&self) -> CallError {
        CallError::Silent {
            total_s: self.call_time.as_secs(),
        }
    }

    /// Adds to an error what the way there explains.
    fn explained(&self, error: FetchError, withheld: Option<String>) -> FetchError {
        match error {
            FetchError::Denied { status, .. } => FetchError::Denied { status, withheld },
            FetchError::Missing { status, .. } if self.address().path().is_empty() => {
                FetchError::Missing { status, hint: HINT }
            }
            error => error,
        }
    }
}

/// The last answer of a fetch.
struct Asked {
    response: Response<Body>,
    /// The server that the credential was not sent to.
    withheld: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns where a redirect leads, or why it is not followed.
    fn led(from: &str, location: &str) -> String {
        let remote = Remote::new(from, None, FlagdeckId::random()).unwrap();
        let response = Response::builder().status(302).header(LOCATION, location);
        let response = response.body(Body::builder().data(Vec::new())).unwrap();
        match remote.led_to(remote.address(), &response) {
            Ok(server) => server.address().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_redirect_leads_to_no_place_that_is_less_protected() {
        assert_eq!(led("http://a/x", "https://a/x"), "https://a/x");
        assert_eq!(led("https://a/x", "/y"), "https://a/y");
        assert_eq!(
            led("https://a/x", "http://a/x"),
            "it redirects from https to http://a/x, which is not encrypted; that is not followed"
        );
        for to in [
            "http://127.0.0.1:4680/x",
            "http://localhost/x",
            "http://[::1]/x",
        ] {
            assert!(led("http://a/x", to).contains("is this machine"), "{to}");
            assert_eq!(led("http://127.0.0.1/x", to), to);
        }
        let metadata = "http://169.254.169.254/x";
        for from in ["http://a/x", "http://127.0.0.1/x"] {
            assert!(led(from, metadata).contains("link-local"), "{from}");
        }
        assert_eq!(led("http://169.254.1.1/x", metadata), metadata);
    }
}
