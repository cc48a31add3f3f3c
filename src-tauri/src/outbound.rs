//! Calls to servers: the Pushgateway and the Prometheus that people configure, and the Flagdeck
//! that `flagctl demo` reports to.
//!
//! Every call is bounded in time and every answer in size. Redirects are not followed here: what is
//! sent, and the credentials it is sent with, go to the address that was given and nowhere else.
//! The credentials of an address are sent to its server and never shown, not in an error either.

mod guard;

use std::io::{self, ErrorKind, Read};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use thiserror::Error;
use ureq::config::Config;
use ureq::http::{Request, Response, StatusCode, header, request};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, AsSendBody, Body, Proxy, Timeout};

use self::guard::Guard;
pub use self::guard::{Forbidden, Reserved};
use crate::address::{Address, NoAddress, without_credentials};

/// How long to wait for a connection.
const CONNECT_TIME: Duration = Duration::from_secs(2);

/// Headers of an answer: the bound of the HTTP library.
const HEADERS_MAX: usize = 128;

/// Bytes of an answer that are looked at in order to quote it.
const QUOTE_BYTES_MAX: u64 = 4096;

/// Characters of a server's own words that fit into a sentence.
const QUOTE_CHARS_MAX: usize = 200;

/// A server at an address. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Server {
    address: Address,
    agent: Agent,
    /// What the guard lets it be.
    allowed: Option<Reserved>,
}

/// Why a call gave no answer that can be used. Follows the name of the server, or stands alone.
#[derive(Debug, Error)]
pub enum CallError {
    /// It is no address of a server.
    #[error(transparent)]
    Address(#[from] NoAddress),
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
    /// The server cannot prove that it is the one that was meant.
    #[error("its certificate is not valid: {cause}")]
    Certificate {
        /// Why.
        cause: String,
    },
    /// It is at a network address that only a configured address may name.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The connection ended before the answer did.
    #[error("it closed the connection without an answer")]
    Closed,
    /// It names another address.
    #[error("it redirects elsewhere, which is not followed: {status} {to}")]
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
    /// Prepares to call a server. Asks nothing yet.
    ///
    /// A proxy is taken from the environment as other programs do (`HTTPS_PROXY`, `NO_PROXY`),
    /// but never for this machine: a proxy elsewhere would look for the server on its own.
    pub fn at(address: Address) -> Self {
        Self {
            agent: config(&address).into(),
            address,
            allowed: None,
        }
    }

    /// Prepares to call a server that is at a [`Reserved`] network address only if the address is
    /// written as one: a name may not lead there.
    ///
    /// What is checked is what is connected to: a name is looked up once. A proxy looks names up
    /// itself, so behind one only what is written as a number is checked.
    pub fn guarded(address: Address) -> Self {
        let allowed = Reserved::named_by(&address);
        Self::behind(Guard::new(&address, allowed), address, allowed)
    }

    /// Prepares to call a server that this one, which is guarded, leads to. What this one may be,
    /// that may be as well.
    ///
    /// # Errors
    /// If it is at a reserved address for sure.
    pub fn leading_to(&self, address: Address) -> Result<Self, Forbidden> {
        let guard = Guard::new(&address, self.allowed);
        guard.check(Reserved::named_by(&address))?;
        Ok(Self::behind(guard, address, self.allowed))
    }

    fn behind(guard: Guard, address: Address, allowed: Option<Reserved>) -> Self {
        let connector = DefaultConnector::default();
        Self {
            agent: Agent::with_parts(config(&address), connector, guard),
            address,
            allowed,
        }
    }

    /// Returns where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Breaks off every call of it and of its clones, and lets no other begin. A name that is being
    /// looked up, and a connection that is being made, are waited for.
    pub fn break_off(&self) {
        self.agent.clone().shutdown();
    }

    /// Begins a request for a path under the address.
    pub fn request(&self, method: &str, path: &str) -> request::Builder {
        self.begin(method, format!("{}{path}", self.address))
    }

    /// Begins a request for exactly what the address names, its query included.
    pub fn request_whole(&self, method: &str) -> request::Builder {
        self.begin(method, self.address.whole())
    }

    fn begin(&self, method: &str, uri: String) -> request::Builder {
        let request = Request::builder().method(method).uri(uri);
        match self.address.credentials() {
            Some(credentials) => request.header(header::AUTHORIZATION, basic(credentials)),
            None => request,
        }
    }

    /// Sends a request and waits for the head of the answer, whatever its status. `total` bounds
    /// the answer's body too.
    ///
    /// # Errors
    /// All but [`CallError::TooLarge`].
    pub fn call(
        &self,
        request: request::Builder,
        body: impl AsSendBody,
        total: Duration,
    ) -> Result<Response<Body>, CallError> {
        refuse_redirect(self.call_once(request, body, total)?)
    }

    /// The same, and a redirect is an answer like any other.
    ///
    /// # Errors
    /// As for [`Self::call`], but for [`CallError::Elsewhere`].
    pub fn call_once(
        &self,
        request: request::Builder,
        body: impl AsSendBody,
        total: Duration,
    ) -> Result<Response<Body>, CallError> {
        let request = request.body(body).map_err(|_| NoAddress)?;
        let bounded = self.agent.configure_request(request);
        let request = bounded.timeout_global(Some(total)).build();
        let response = self.agent.run(request);
        response.map_err(|error| self.failed(error, total))
    }

    /// Sends a request whose answer goes on until the server ends it, or says nothing for
    /// `silence_max`.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn listen(
        &self,
        request: request::Builder,
        silence_max: Duration,
    ) -> Result<Response<Body>, CallError> {
        let request = request.body(()).map_err(|_| NoAddress)?;
        let bounded = self.agent.configure_request(request);
        let request = bounded.timeout_per_read(Some(silence_max)).build();
        let response = self.agent.run(request);
        refuse_redirect(response.map_err(|error| self.failed(error, silence_max))?)
    }

    /// Says why there is no answer, and names the proxy if it is what cannot be reached.
    fn failed(&self, error: ureq::Error, time_max: Duration) -> CallError {
        match (CallError::of(error, time_max), self.proxy()) {
            (CallError::Unreachable { cause }, Some(proxy)) => CallError::Unreachable {
                cause: format!("{cause} (through the proxy {proxy})"),
            },
            (error, _) => error,
        }
    }

    /// Returns the proxy that it is reached through, as it may be shown.
    fn proxy(&self) -> Option<String> {
        let proxy = self.agent.config().proxy()?;
        let uri = self.address.whole().parse().ok()?;
        let shown = format!("{}:{}", proxy.host(), proxy.port());
        (!proxy.is_no_proxy(&uri)).then_some(shown)
    }
}

fn refuse_redirect(response: Response<Body>) -> Result<Response<Body>, CallError> {
    match is_redirect(response.status()) {
        true => Err(elsewhere(&response)),
        false => Ok(response),
    }
}

/// Returns whether an answer names another address.
pub fn is_redirect(status: StatusCode) -> bool {
    status.is_redirection() && status != StatusCode::NOT_MODIFIED
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
            ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                Self::Unreachable {
                    cause: "no program listens there".into(),
                }
            }
            ureq::Error::Rustls(error) => Self::of_tls(&error),
            ureq::Error::Other(error) => match error.downcast::<Forbidden>() {
                Ok(forbidden) => Self::Forbidden(*forbidden),
                Err(error) => Self::Unreachable {
                    cause: quoted(&error.to_string()),
                },
            },
            ureq::Error::LargeResponseHeader(_, bytes_max) => Self::Garbled {
                cause: format!("its headers are larger than {bytes_max} bytes"),
            },
            // The error itself is in a crate of its own, which ureq does not name.
            ureq::Error::Protocol(error) if error.to_string().contains("too many headers") => {
                Self::Garbled {
                    cause: format!("it has more than {HEADERS_MAX} headers"),
                }
            }
            error @ ureq::Error::Protocol(_) => Self::Garbled {
                cause: quoted(&error.to_string()),
            },
            ureq::Error::Io(error) => match error.get_ref().and_then(|it| it.downcast_ref()) {
                Some(error) => Self::of_tls(error),
                None => Self::Unreachable {
                    cause: quoted(&error.to_string()),
                },
            },
            error => Self::Unreachable {
                cause: quoted(&error.to_string()),
            },
        }
    }
}

impl CallError {
    fn of_tls(error: &rustls::Error) -> Self {
        use rustls::CertificateError as Wrong;
        let rustls::Error::InvalidCertificate(wrong) = error else {
            return Self::Unreachable {
                cause: quoted(&format!("no encrypted connection: {error}")),
            };
        };
        let cause = match wrong {
            Wrong::UnknownIssuer => "this machine does not know its issuer".into(),
            Wrong::Expired | Wrong::ExpiredContext { .. } => "it has expired".into(),
            Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => "it is not valid yet".into(),
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
                "it is for another name".into()
            }
            Wrong::Revoked => "it was revoked".into(),
            other => quoted(&other.to_string()),
        };
        Self::Certificate { cause }
    }
}

/// Reads the whole body of an answer, as long as it is no larger than `bytes_max`.
///
/// # Errors
/// [`CallError::TooLarge`] beyond that, and what can go wrong on the way.
pub fn whole(
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

/// Quotes what a server answered, for the log.
pub fn excerpt(response: &mut Response<Body>) -> String {
    let mut body = Vec::new();
    let mut bounded = response.body_mut().as_reader().take(QUOTE_BYTES_MAX);
    // What was read before it broke off still says something.
    let _ = bounded.read_to_end(&mut body);
    quoted(&String::from_utf8_lossy(&body))
}

/// Makes one line of a text: no control characters, and no longer than a sentence can bear.
pub fn quoted(text: &str) -> String {
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

fn config(address: &Address) -> Config {
    let proxy = match address.is_on_this_machine() {
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
    config.build()
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
    use std::io::{BufRead, BufReader, Write};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::thread;

    use super::*;

    #[test]
    fn credentials_are_sent_as_they_are_meant() {
        let check = |address: &str, sent: Option<&str>| {
            let server = Server::at(address.parse().unwrap());
            let request = server.request("GET", "/x").body(()).unwrap();
            assert_eq!(request.uri(), "http://gate/x");
            let header = request.headers().get(header::AUTHORIZATION);
            assert_eq!(header.map(|it| it.to_str().unwrap()), sent, "{address}");
        };
        check("http://gate/?a=b", None);
        // user:pass, user:p@ss/ and user:
        check("http://user:pass@gate", Some("Basic dXNlcjpwYXNz"));
        check("http://user:p%40ss%2f@gate", Some("Basic dXNlcjpwQHNzLw=="));
        check("http://user@gate", Some("Basic dXNlcjo="));
    }

    #[test]
    fn a_proxy_on_this_machine_is_not_what_a_guard_refuses() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = listener.local_addr().unwrap();
        let server = behind_proxy(
            "http://flags.example/x",
            &format!("http://user:pass@{proxy}"),
        );
        let asked = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut stream = BufReader::new(stream);
            ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"].map(|answer| {
                let head = head(&mut stream);
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
                head.lines().next().unwrap_or_default().to_owned()
            })
        });
        let call = || {
            let request = server.request_whole("GET");
            server.call(request, (), Duration::from_secs(60))
        };
        assert_eq!(call().unwrap().status(), 204);
        let asked = asked.join().unwrap();
        assert_eq!(
            asked,
            ["CONNECT flags.example:80 HTTP/1.1", "GET /x HTTP/1.1"]
        );
        // The proxy is gone, and so is the connection that was kept open.
        let gone = behind_proxy(
            "http://flags.example/x",
            &format!("http://user:pass@{proxy}"),
        );
        let error = gone.call(gone.request_whole("GET"), (), Duration::from_secs(60));
        let told =
            format!("it cannot be reached: no program listens there (through the proxy {proxy})");
        assert_eq!(error.unwrap_err().to_string(), told);
    }

    fn behind_proxy(address: &str, proxy: &str) -> Server {
        let address: Address = address.parse().unwrap();
        let guard = Guard::new(&address, None);
        let config = Agent::config_builder().proxy(Proxy::new(proxy).ok());
        let connector = DefaultConnector::default();
        Server {
            agent: Agent::with_parts(config.build(), connector, guard),
            address,
            allowed: None,
        }
    }

    fn head(stream: &mut BufReader<TcpStream>) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).unwrap(), 0);
        }
        head
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
}
