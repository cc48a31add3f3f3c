//! Calls to the servers that people configure: a Pushgateway, a Prometheus.
//!
//! Every call is bounded in time and every answer in size. Redirects are not followed: what is
//! pushed, and the credentials it is pushed with, go where somebody configured and nowhere else.
//! The credentials of an address are sent to its server and never shown, in no error either.

use std::io::{self, ErrorKind, Read};
use std::net::Ipv4Addr;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use thiserror::Error;
use ureq::http::{Request, Response, Uri, header, request};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, AsSendBody, Body, Proxy, Timeout};

use crate::loopback;

/// How long to wait for a connection.
const CONNECT_TIME: Duration = Duration::from_secs(2);

/// Bytes of an answer that are looked at in order to quote it.
const QUOTE_BYTES_MAX: u64 = 4096;

/// Characters of a server's own words that fit into a sentence.
const QUOTE_CHARS_MAX: usize = 200;

/// A server at an address that somebody configured.
pub(crate) struct Server {
    /// Scheme, host, port and path; without credentials, query and closing slash.
    base: String,
    authorization: Option<String>,
    agent: Agent,
}

/// Why a call gave no answer that can be used. Follows the name of the server, or stands alone.
#[derive(Debug, Error)]
pub enum CallError {
    /// It is no address of a server.
    #[error("its address cannot be used")]
    Address,
    /// There is no connection.
    #[error("it cannot be reached: {cause}")]
    Unreachable {
        /// Why.
        cause: String,
    },
    /// There is a connection, and no whole answer in time.
    #[error("it did not answer within {total_s} s")]
    Silent {
        /// How long it had, in seconds.
        total_s: u64,
    },
    /// The connection ended before the answer did.
    #[error("it closed the connection without an answer")]
    Closed,
    /// It names another address.
    #[error("it leads elsewhere, which is not followed: {status} {to}")]
    Elsewhere {
        /// The status of the answer.
        status: u16,
        /// Where it leads.
        to: String,
    },
    /// The answer is larger than any that makes sense.
    #[error("its answer is larger than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: u64,
    },
    /// The answer is no HTTP.
    #[error("its answer cannot be read: {cause}")]
    Garbled {
        /// Why.
        cause: String,
    },
}

impl Server {
    /// Takes an address apart; asks nothing yet.
    ///
    /// A proxy is taken from the environment as other programs do (`HTTPS_PROXY`, `NO_PROXY`),
    /// but never for this machine: a proxy elsewhere would look for the server on its own.
    ///
    /// # Errors
    /// [`CallError::Address`].
    pub(crate) fn at(address: &str) -> Result<Self, CallError> {
        let uri: Uri = address.parse().map_err(|_| CallError::Address)?;
        let scheme = uri.scheme_str().ok_or(CallError::Address)?;
        let authority = uri.authority().ok_or(CallError::Address)?.as_str();
        if !matches!(scheme, "http" | "https") {
            return Err(CallError::Address);
        }
        let (credentials, host) = match authority.rsplit_once('@') {
            Some((credentials, host)) => (Some(credentials), host),
            None => (None, authority),
        };
        if !has_plain_port(host, uri.host().unwrap_or_default()) {
            return Err(CallError::Address);
        }
        let path = uri.path().trim_end_matches('/');
        Ok(Self {
            base: format!("{scheme}://{host}{path}"),
            authorization: credentials.map(basic),
            agent: agent(is_this_machine(uri.host().unwrap_or_default())),
        })
    }

    /// Begins a request for a path beneath the address.
    pub(crate) fn request(&self, method: &str, path: &str) -> request::Builder {
        let request = Request::builder().method(method);
        let request = request.uri(format!("{}{path}", self.base));
        match &self.authorization {
            Some(basic) => request.header(header::AUTHORIZATION, basic),
            None => request,
        }
    }

    /// Sends a request and waits for the head of the answer, whatever its status. `total` bounds
    /// the answer's body too.
    ///
    /// # Errors
    /// All but [`CallError::TooLarge`].
    pub(crate) fn call(
        &self,
        request: request::Builder,
        body: impl AsSendBody,
        total: Duration,
    ) -> Result<Response<Body>, CallError> {
        let request = request.body(body).map_err(|_| CallError::Address)?;
        let bounded = self.agent.configure_request(request);
        let request = bounded.timeout_global(Some(total)).build();
        let response = self.agent.run(request);
        let response = response.map_err(|error| CallError::of(error, total))?;
        if response.status().is_redirection() {
            return Err(elsewhere(&response));
        }
        Ok(response)
    }
}

impl CallError {
    fn of(error: ureq::Error, total: Duration) -> Self {
        match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => Self::Unreachable {
                cause: format!("no connection within {} s", CONNECT_TIME.as_secs()),
            },
            ureq::Error::Timeout(_) => Self::Silent {
                total_s: total.as_secs(),
            },
            ureq::Error::HostNotFound => Self::Unreachable {
                cause: "there is no such host".into(),
            },
            ureq::Error::Io(error) if is_end(&error) => Self::Closed,
            error @ (ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..)) => {
                Self::Garbled {
                    cause: quoted(&error.to_string()),
                }
            }
            ureq::Error::Io(error) => Self::Unreachable {
                cause: quoted(&error.to_string()),
            },
            error => Self::Unreachable {
                cause: quoted(&error.to_string()),
            },
        }
    }
}

/// Reads the whole body of an answer, as long as it is no larger than `bytes_max`.
///
/// # Errors
/// [`CallError::TooLarge`] beyond that, and what can go wrong on the way.
pub(crate) fn whole(
    response: &mut Response<Body>,
    bytes_max: u64,
    total: Duration,
) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    let mut bounded = response.body_mut().as_reader().take(bytes_max + 1);
    let read = bounded.read_to_end(&mut body);
    read.map_err(|error| CallError::of(error.into(), total))?;
    match body.len() as u64 > bytes_max {
        true => Err(CallError::TooLarge { bytes_max }),
        false => Ok(body),
    }
}

/// Quotes what a server answered, or names the status where it said nothing.
pub(crate) fn excerpt(response: &mut Response<Body>) -> String {
    let mut body = Vec::new();
    let mut bounded = response.body_mut().as_reader().take(QUOTE_BYTES_MAX);
    // What was read before it broke off still says something.
    let _ = bounded.read_to_end(&mut body);
    let words = quoted(&String::from_utf8_lossy(&body));
    match words.is_empty() {
        true => response.status().canonical_reason().unwrap_or("").into(),
        false => words,
    }
}

/// Makes one line of a text: no control characters, and no longer than a sentence can bear.
pub(crate) fn quoted(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(QUOTE_CHARS_MAX) {
        None => line,
        Some(_) => line
            .chars()
            .take(QUOTE_CHARS_MAX - 1)
            .chain(['…'])
            .collect(),
    }
}

/// Returns an address as it may be shown: without what stands before an `@`, and without a query,
/// which may hold a token and is never sent.
pub(crate) fn without_credentials(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    // Up to the last @, wherever it is: a password may hold a slash that makes the address
    // unusable, and must not be shown even then.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{rest}")
}

fn agent(is_this_machine: bool) -> Agent {
    let proxy = match is_this_machine {
        true => None,
        false => Proxy::try_from_env(),
    };
    let roots = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    let config = Agent::config_builder()
        .timeout_connect(Some(CONNECT_TIME))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy)
        .tls_config(roots.build())
        .user_agent(concat!("flagdeck/", env!("CARGO_PKG_VERSION")));
    config.build().into()
}

/// Says whether nothing but a port follows the name: a password with a slash in it would make a
/// host of the user's name.
fn has_plain_port(host: &str, name: &str) -> bool {
    match host
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix(':'))
    {
        Some(port) => port.parse::<u16>().is_ok(),
        None => host == name,
    }
}

fn is_this_machine(host: &str) -> bool {
    let is_loopback = |host: &str| host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
    loopback::is_name(host) || is_loopback(host)
}

/// Returns the header that sends what stands before the `@` of an address.
fn basic(credentials: &str) -> String {
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let mut pair: Vec<u8> = percent_decode_str(user).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(password));
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

fn elsewhere(response: &Response<Body>) -> CallError {
    let to = response.headers().get(header::LOCATION);
    let to = to.map(|to| String::from_utf8_lossy(to.as_bytes()));
    CallError::Elsewhere {
        status: response.status().as_u16(),
        to: quoted(&without_credentials(&to.unwrap_or_default())),
    }
}

fn is_end(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let check = |address: &str, base: &str, authorization: Option<&str>| {
            let server = Server::at(address).unwrap();
            assert_eq!(server.base, base);
            assert_eq!(server.authorization.as_deref(), authorization, "{address}");
        };
        check("http://gate:9091", "http://gate:9091", None);
        check("https://gate/push/", "https://gate/push", None);
        check("http://[::1]:9091//", "http://[::1]:9091", None);
        check("http://gate/a?b=c", "http://gate/a", None);
        // user:pass, and user:p@ss/
        let pass = Some("Basic dXNlcjpwYXNz");
        check("http://user:pass@gate", "http://gate", pass);
        let escaped = Some("Basic dXNlcjpwQHNzLw==");
        check("http://user:p%40ss%2f@gate", "http://gate", escaped);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for address in [
            "",
            "gate:9091",
            "/metrics",
            "ftp://gate",
            "http://",
            "http://a b",
            "http://gate:",
            "http://gate:99999",
            "http://user:pa/ss@gate",
        ] {
            let refused = Server::at(address).is_err_and(|e| matches!(e, CallError::Address));
            assert!(refused, "{address}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let check = |address, shown| assert_eq!(without_credentials(address), shown);
        check("http://gate:9091/x", "http://gate:9091/x");
        check("https://user:pass@gate/x", "https://gate/x");
        check("http://user:p/ss@gate/x", "http://gate/x");
        check("http://user:p@ss@gate", "http://gate");
        check("http://gate/x?token=secret#t", "http://gate/x");
        check("http://user:p?ss@gate", "http://gate");
    }

    #[test]
    fn a_quotation_is_one_short_line() {
        assert_eq!(quoted(" a\r\n\tb\u{1b}[1m\0c "), "a b [1m c");
        let long = quoted(&"ä".repeat(1000));
        assert_eq!(long.chars().count(), QUOTE_CHARS_MAX);
        assert!(long.ends_with('…'));
        assert_eq!(
            quoted(&"ä".repeat(QUOTE_CHARS_MAX)).chars().count(),
            QUOTE_CHARS_MAX
        );
    }

    #[test]
    fn only_this_machine_is_never_asked_through_a_proxy() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "[::1]"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in [
            "127.0.0.1.example",
            "localhost.example",
            "10.0.0.1",
            "[::2]",
            "",
        ] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
