//! Decides who is heard at all, before any route: this machine under its own names, and the
//! origins on the allow-list; any origin, for the modules for web pages alone. Without it any website could read and change flags through the
//! browser of anyone who visits it (DNS rebinding).

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CONTENT_SECURITY_POLICY, HOST, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::assets;
use super::problem::ProblemDetails;
use super::sample;
use super::token::query_names_token;
use crate::app::App;
use crate::config::Origin;
use crate::error::Code;
use crate::{address, loopback};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Knows this server's own names.
#[derive(Debug)]
pub(super) struct Gate {
    app: App,
    port: u16,
}

/// The origin of an admitted request.
#[derive(Debug)]
pub(super) enum Caller {
    /// A program of this machine, or a page that this server served.
    Own,
    /// A page of this origin, which is on the allow-list.
    Listed(HeaderValue),
    /// A page of any origin, which asks for what tells nothing of this machine.
    Anyone,
}

impl Gate {
    pub(super) fn new(app: App, port: u16) -> Self {
        Self { app, port }
    }

    /// Admits a request or says why not.
    ///
    /// # Errors
    /// 400 for what is malformed, 403 for what is foreign, 404 for addresses in disguise.
    pub(super) fn admit<B>(&self, request: &Request<B>) -> Result<Caller, ProblemDetails> {
        self.check_host(request.headers())?;
        self.check_authority(request.uri())?;
        let caller = match assets::is_public(request.uri().path()) {
            true => Caller::Anyone,
            false => self.identify(request.headers())?,
        };
        check_path(request.uri().path())?;
        if request.uri().query().is_some_and(query_names_token) {
            return Err(ProblemDetails::malformed(
                "A token in the address ends up in logs; send `Authorization: Bearer <token>`.",
            ));
        }
        Ok(caller)
    }

    fn check_host(&self, headers: &HeaderMap) -> Result<(), ProblemDetails> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(ProblemDetails::malformed(
                "The request needs one Host header.",
            ));
        };
        let host = host
            .to_str()
            .map_err(|_| ProblemDetails::malformed("Host is not plain ASCII."))?;
        if host.is_empty() {
            return Err(ProblemDetails::malformed("Host is empty."));
        }
        if !self.is_own_name(host) {
            return Err(foreign("This host name does not stand for this server."));
        }
        Ok(())
    }

    /// An absolute address in the request line counts more than the Host header.
    fn check_authority(&self, uri: &Uri) -> Result<(), ProblemDetails> {
        let Some(authority) = uri.authority() else {
            return Ok(());
        };
        let is_http = uri.scheme_str().is_none_or(|scheme| scheme == "http");
        if !is_http || !self.is_own_name(authority.as_str()) {
            return Err(foreign("This server answers for itself only."));
        }
        Ok(())
    }

    fn identify(&self, headers: &HeaderMap) -> Result<Caller, ProblemDetails> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else {
            return Ok(Caller::Own);
        };
        let refused = || foreign("This origin is not on the list `http.allowedOrigins`.");
        let text = origin.to_str().map_err(|_| refused())?;
        if origins.next().is_some() {
            return Err(refused());
        }
        let own = text.strip_prefix("http://");
        if own.is_some_and(|name| self.is_own_name(name)) {
            return Ok(Caller::Own);
        }
        // Opaque origins (`null`) cannot be distinguished: never listed.
        let sent = Origin::parse(text).ok_or_else(refused)?;
        let config = self.app.config();
        let mut listed = config.http.allowed_origins.iter();
        match listed.any(|one| Origin::parse(one).as_ref() == Some(&sent)) {
            true => Ok(Caller::Listed(origin.clone())),
            false => Err(refused()),
        }
    }

    /// Compares `name[:port]` with the names of this server; port 80 may be left out.
    fn is_own_name(&self, authority: &str) -> bool {
        let Some((host, port)) = address::split_port(authority) else {
            return false;
        };
        let port = match port {
            Some(digits) => address::plain_port(digits),
            None => Some(80),
        };
        loopback::is_name(host) && port == Some(self.port)
    }
}

impl Caller {
    /// Answers a browser that asks before it sends; `None` if the request is no such question.
    pub(super) fn preflight<B>(&self, request: &Request<B>) -> Option<Response> {
        let asks = request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let methods = match self {
            Self::Own => return None,
            Self::Listed(_) => "GET, HEAD, POST, PUT, PATCH, DELETE",
            Self::Anyone => "GET, HEAD",
        };
        if !asks {
            return None;
        }
        let answer = [
            (ACCESS_CONTROL_ALLOW_METHODS, methods),
            (
                ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, content-type, flagdeck-confirm, idempotency-key, if-match, \
                 if-none-match, last-event-id, ml-restore",
            ),
            (ACCESS_CONTROL_MAX_AGE, "600"),
            (
                HeaderName::from_static("access-control-allow-private-network"),
                "true",
            ),
        ];
        Some((StatusCode::NO_CONTENT, answer).into_response())
    }

    /// Adds the headers that let pages of other origins read an answer.
    pub(super) fn mark(&self, headers: &mut HeaderMap) {
        let origin = match self {
            Self::Own => return,
            Self::Listed(origin) => origin.clone(),
            Self::Anyone => HeaderValue::from_static("*"),
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(
                "etag, retry-after, ml-all-off, ml-followed, ml-overrides, ml-revision, \
                 ml-stale-since, ml-unreadable, ml-warning",
            ),
        );
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    }
}

/// Adds the headers that every answer has, so that no page can embed, sniff or run it.
pub(super) fn harden(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    // A page of this server has a policy of its own.
    let policy = headers.entry(CONTENT_SECURITY_POLICY);
    policy.or_insert(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'",
    ));
    headers.append(VARY, HeaderValue::from_static("Origin"));
}

/// Refuses addresses that some programs read as other addresses.
fn check_path(path: &str) -> Result<(), ProblemDetails> {
    if path.starts_with("//") {
        return Err(ProblemDetails::new(
            Code::NotFound,
            "The path begins with two slashes: the address before it ends in one too many.",
        ));
    }
    if path != "/" && path != sample::ROOT && path.split('/').skip(1).any(is_disguised) {
        return Err(ProblemDetails::not_found());
    }
    if path.contains("%00") {
        return Err(ProblemDetails::malformed("The address has a zero byte."));
    }
    Ok(())
}

fn is_disguised(segment: &str) -> bool {
    if segment.is_empty() || segment.contains('\\') {
        return true;
    }
    if !segment.contains(['%', '.']) {
        return false;
    }
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".." || plain.contains("%2f") || plain.contains("%5c")
}

fn foreign(detail: &'static str) -> ProblemDetails {
    ProblemDetails::new(Code::Foreign, detail)
}
