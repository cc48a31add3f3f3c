//! A server of one flag document, which misbehaves in the way that it is told.
//!
//! Its address stays the same whatever it does, so that the ways can follow one another. It is not
//! given to another program while nothing listens there.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flagdeck::upstream::Kind;
use flagdeck_core::limits::DOCUMENT_BYTES_MAX;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use tokio::net::TcpSocket;

use super::observers::request;
use super::waiting::{PATIENCE, wait_until};

/// A document in which the master switch is on.
pub const DOCUMENT: &str = r#"{"enabled":true,"components":{"ui":{"badges":true}},"rollout":{"percentage":25,"userGroups":[],"strategy":"canary"}}"#;

/// What the server does with each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Script {
    /// Answers as it should: with an entity tag, `304`, and changes that depend on the tag.
    Serve,
    /// Answers without an entity tag.
    ServeUntagged,
    /// The same to changes alone, as a plain file server does.
    ServeUntaggedChanges,
    /// Answers as it should, but to a fetch late: with what it had when it was asked, once it is told
    /// to do something else.
    ServeLate,
    /// Listens to nothing.
    Refuse,
    /// Says nothing.
    Stall,
    /// Sends a byte of the document now and then.
    Drip,
    /// Sends a byte of the head now and then.
    DripHead,
    /// Sends larger headers than any answer has.
    LongHead,
    /// Sends more headers than any answer has.
    ManyHeaders,
    /// Ends the connection within the document.
    Truncate,
    /// Stops sending within the document, and keeps the connection open.
    HalfClose,
    /// Ends the connection without an answer.
    Hang,
    /// Sends what is not HTTP.
    Garble,
    /// Leads to TLS, with a certificate of an unknown issuer.
    Certificate,
    /// Sends a redirect to an address.
    Redirect(String),
    /// Sends a document that declares to be larger than any.
    TooLarge,
    /// Sends a document that never ends.
    Endless,
    /// Answers `304` whatever it is asked.
    Unmodified,
    /// Answers with a status and headers, each with its line end, and an empty body.
    Status(&'static str, String),
    /// Answers `200` with a media type and a body.
    Body(&'static str, &'static str),
}

impl Script {
    /// Lists ways to fail a fetch, with the kind and the sentence that each is told as.
    pub fn failures() -> Vec<(Self, Kind, &'static str)> {
        let status = |line| Self::Status(line, String::new());
        vec![
            (
                Self::Refuse,
                Kind::Unreachable,
                "it cannot be reached: no program listens there",
            ),
            (Self::Stall, Kind::Slow, "it did not answer within 1 s"),
            (Self::Drip, Kind::Slow, "it did not answer within 1 s"),
            (Self::DripHead, Kind::Slow, "it did not answer within 1 s"),
            (
                Self::LongHead,
                Kind::Garbled,
                "its answer cannot be read: its headers are larger than 65536 bytes",
            ),
            (
                Self::ManyHeaders,
                Kind::Garbled,
                "its answer cannot be read: it has more than 128 headers",
            ),
            (
                Self::Truncate,
                Kind::Truncated,
                "the connection ended before the whole document had arrived",
            ),
            (
                Self::HalfClose,
                Kind::Truncated,
                "the connection ended before the whole document had arrived",
            ),
            (
                Self::Hang,
                Kind::Closed,
                "it closed the connection without an answer",
            ),
            (
                Self::Garble,
                Kind::Garbled,
                "its answer cannot be read: protocol: http parse fail: invalid HTTP version",
            ),
            (
                Self::Certificate,
                Kind::Certificate,
                "its certificate is not valid: this machine does not know its issuer",
            ),
            (
                Self::Redirect("http://169.254.169.254/latest/meta-data?token=secret".into()),
                Kind::Redirect,
                "it redirects to http://169.254.169.254/latest/meta-data, which is not followed: \
                 169.254.169.254 is a link-local address, which only the configured address \
                 itself may name",
            ),
            (
                Self::TooLarge,
                Kind::TooLarge,
                "its answer is larger than 4194304 bytes",
            ),
            (
                Self::Endless,
                Kind::TooLarge,
                "its answer is larger than 4194304 bytes",
            ),
            (
                Self::Unmodified,
                Kind::Unasked,
                "it answered that nothing changed (304), without having been asked",
            ),
            (
                Self::Body("text/html; charset=utf-8", "<!doctype html>"),
                Kind::WebPage,
                "it answered with a web page instead of a flag document",
            ),
            (
                Self::Body("text/csv", DOCUMENT),
                Kind::WrongType,
                "it answered with text/csv instead of JSON",
            ),
            (
                Self::Body("application/json", r#"{"enabled":true,"#),
                Kind::NotJson,
                "its document cannot be read: The document is not valid JSON: EOF while parsing a \
                 value (line 1, column 16)",
            ),
            (
                Self::Body(
                    "application/json",
                    r#"{"enabled":1,"rollout":{"percentage":101}}"#,
                ),
                Kind::Invalid,
                "its document is not valid: /enabled: enabled must be true or false, not 1. \
                 /rollout/percentage: rollout.percentage must be a number from 0 to 100 in steps \
                 of 0.001, not 101",
            ),
            (
                Self::Body(
                    "application/json",
                    r#"{"enabled":true,"bucketing":"flagd-9"}"#,
                ),
                Kind::LaterFormat,
                "its document may be for a later version of Flagdeck: /bucketing: bucketing must be \
                 flagd-3 or flagd-2, not the text \"flagd-9\"",
            ),
            (
                status("401 Unauthorized"),
                Kind::Denied,
                "it wants a credential, or another one (401)",
            ),
            (
                status("403 Forbidden"),
                Kind::Denied,
                "it refuses this credential, or a request without one (403)",
            ),
            (
                status("404 Not Found"),
                Kind::Missing,
                "it has no document at this address (404)",
            ),
            (
                status("503 Service Unavailable"),
                Kind::Failing,
                "it answered with an error of its own (503)",
            ),
            (
                status("204 No Content"),
                Kind::Unexpected,
                "it answered with status 204 instead of a flag document",
            ),
        ]
    }
}

/// The server. Stops when dropped.
pub struct Scripted {
    pub address: SocketAddr,
    stage: Arc<Stage>,
    accepting: Option<JoinHandle<()>>,
    /// Bound and not listening.
    _port: TcpSocket,
}

struct Stage {
    script: Mutex<Script>,
    document: Mutex<Served>,
    requests: Mutex<Vec<String>>,
}

struct Served {
    text: String,
    version: u32,
}

impl Scripted {
    pub fn answering(script: Script) -> Self {
        let (port, address) = reserve();
        let stage = Stage {
            script: Mutex::new(Script::Refuse),
            document: Mutex::new(Served {
                text: DOCUMENT.into(),
                version: 1,
            }),
            requests: Mutex::default(),
        };
        let mut server = Self {
            address,
            stage: Arc::new(stage),
            accepting: None,
            _port: port,
        };
        server.turn_to(script);
        server
    }

    /// Does something else from now on.
    pub fn turn_to(&mut self, script: Script) {
        let listens = script != Script::Refuse;
        *self.stage.script.lock().unwrap() = script;
        match (listens, &self.accepting) {
            (true, None) => self.accepting = Some(accept(self.address, &self.stage)),
            (false, Some(_)) => self.end(),
            _ => {}
        }
    }

    /// Serves another document from now on.
    pub fn put(&self, text: &str) {
        self.stage.document.lock().unwrap().replace(text);
    }

    /// The document that is served.
    pub fn document(&self) -> String {
        self.stage.document.lock().unwrap().text.clone()
    }

    /// The address of the document.
    pub fn url(&self) -> String {
        format!("http://{}/flags.json", self.address)
    }

    /// Everything it was asked, head and body, since the last call.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.stage.requests.lock().unwrap())
    }

    fn end(&mut self) {
        *self.stage.script.lock().unwrap() = Script::Refuse;
        let _ = TcpStream::connect(self.address);
        let ended = self.accepting.take().map(JoinHandle::join);
        assert!(thread::panicking() || ended.is_none_or(|ended| ended.is_ok()));
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.end();
    }
}

impl Served {
    fn replace(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.version += 1;
    }

    fn etag(&self) -> String {
        format!("\"v{}\"", self.version)
    }
}

/// Takes a port that no other program is given.
fn reserve() -> (TcpSocket, SocketAddr) {
    let port = socket((Ipv4Addr::LOCALHOST, 0).into());
    let address = port.local_addr().unwrap();
    (port, address)
}

/// Makes a socket at an address that others of this server may have as well.
fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

fn accept(address: SocketAddr, stage: &Arc<Stage>) -> JoinHandle<()> {
    let listener = listen(address);
    let stage = Arc::clone(stage);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let script = stage.script.lock().unwrap().clone();
            if script == Script::Refuse {
                return;
            }
            let stage = Arc::clone(&stage);
            thread::spawn(move || play(&script, &stage, stream));
        }
    })
}

fn listen(address: SocketAddr) -> TcpListener {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build();
    let listener = runtime
        .unwrap()
        .block_on(async { socket(address).listen(128).unwrap().into_std().unwrap() });
    listener.set_nonblocking(false).unwrap();
    listener
}

/// Answers one request and closes. The client may leave at any moment.
fn play(script: &Script, stage: &Stage, stream: TcpStream) {
    let mut first = [0];
    if matches!(stream.peek(&mut first), Ok(1)) && first[0] == TLS_HANDSHAKE {
        return shake_hands(stream);
    }
    let Some((request, mut stream)) = request(stream) else {
        return;
    };
    stage.requests.lock().unwrap().push(request.clone());
    let _ = act(script, stage, &request, &mut stream);
}

fn act(
    script: &Script,
    stage: &Stage,
    request: &str,
    stream: &mut TcpStream,
) -> std::io::Result<()> {
    let half = &DOCUMENT[..DOCUMENT.len() / 2];
    match script {
        Script::Refuse | Script::Hang => Ok(()),
        Script::Serve => stream.write_all(serve(stage, request).as_bytes()),
        Script::ServeUntagged => {
            let document = stage.document.lock().unwrap().text.clone();
            stream.write_all(answer("200 OK", JSON, &document).as_bytes())
        }
        Script::ServeUntaggedChanges => {
            let answer = serve(stage, request);
            let is_change = request.starts_with("PUT ");
            let lines = answer.split_inclusive("\r\n");
            let lines = lines.filter(|line| !is_change || !line.starts_with("ETag"));
            stream.write_all(lines.collect::<String>().as_bytes())
        }
        Script::ServeLate => {
            let answer = serve(stage, request);
            if request.starts_with("GET ") {
                wait_until("another script", || {
                    *stage.script.lock().unwrap() != Script::ServeLate
                });
            }
            stream.write_all(answer.as_bytes())
        }
        Script::Stall => wait_for_end(stream),
        Script::Drip => drip(&declaring(DOCUMENT_BYTES_MAX, "{"), stream),
        Script::DripHead => drip("HTTP/1.1 200 OK\r\nX: ", stream),
        Script::LongHead => {
            // Few of them: how many there may be is a limit of its own.
            let line = format!("X: {}\r\n", "x".repeat(10_000));
            stream.write_all(answer("200 OK", &line.repeat(20), DOCUMENT).as_bytes())
        }
        Script::ManyHeaders => {
            let lines = "X: x\r\n".repeat(200);
            stream.write_all(answer("200 OK", &lines, DOCUMENT).as_bytes())
        }
        Script::Truncate => stream.write_all(declaring(DOCUMENT.len(), half).as_bytes()),
        Script::HalfClose => {
            stream.write_all(declaring(DOCUMENT.len(), half).as_bytes())?;
            stream.shutdown(Shutdown::Write)?;
            wait_for_end(stream)
        }
        Script::Garble => stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        Script::Certificate => {
            let to = stream.local_addr()?;
            let location = format!("Location: https://{to}/\r\n");
            stream.write_all(answer("307 Temporary Redirect", &location, "").as_bytes())
        }
        Script::Redirect(to) => {
            let location = format!("Location: {to}\r\n");
            stream.write_all(answer("302 Found", &location, "").as_bytes())
        }
        Script::TooLarge => stream.write_all(declaring(DOCUMENT_BYTES_MAX + 1, half).as_bytes()),
        Script::Endless => endless(stream),
        Script::Unmodified => stream.write_all(answer("304 Not Modified", "", "").as_bytes()),
        Script::Status(status, headers) => stream.write_all(answer(status, headers, "").as_bytes()),
        Script::Body(media, body) => {
            let media = format!("Content-Type: {media}\r\n");
            stream.write_all(answer("200 OK", &media, body).as_bytes())
        }
    }
}

const JSON: &str = "Content-Type: application/json\r\n";

fn serve(stage: &Stage, request: &str) -> String {
    let mut served = stage.document.lock().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let tag_is = |header: &str, served: &Served| {
        let line = format!("\r\n{header}: {}", served.etag());
        head.to_ascii_lowercase().contains(&line)
    };
    if head.starts_with("PUT ") {
        if !tag_is("if-match", &served) {
            return answer("412 Precondition Failed", "", "");
        }
        served.replace(body);
    }
    let tag = format!("ETag: {}\r\n", served.etag());
    match tag_is("if-none-match", &served) {
        true => answer("304 Not Modified", &tag, ""),
        false => answer("200 OK", &format!("{JSON}{tag}"), &served.text),
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    let headers = format!("{headers}Connection: close\r\nContent-Length: {length}\r\n");
    format!("HTTP/1.1 {status}\r\n{headers}\r\n{body}")
}

/// Makes an answer that declares another length than it has.
fn declaring(length: usize, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: {length}\r\n\r\n{body}")
}

fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.1 200 OK\r\n{JSON}\r\n{{").as_bytes())?;
    loop {
        stream.write_all(&[b' '; 64 * 1024])?;
    }
}

fn drip(beginning: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(beginning.as_bytes())?;
    loop {
        stream.write_all(b" ")?;
        // A real pause, of a server that is slow.
        thread::sleep(Duration::from_millis(20));
    }
}

fn wait_for_end(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.read_to_end(&mut Vec::new()).map(drop)
}

/// What the first message of TLS begins with.
const TLS_HANDSHAKE: u8 = 22;

/// Shows the certificate, to a client that leaves at that.
fn shake_hands(mut stream: TcpStream) {
    static CONFIG: OnceLock<Arc<ServerConfig>> = OnceLock::new();
    let config = Arc::clone(CONFIG.get_or_init(config));
    let mut connection = ServerConnection::new(config).unwrap();
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let _ = connection.complete_io(&mut stream);
}

fn config() -> Arc<ServerConfig> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/unknown-issuer.pem");
    let certificate = CertificateDer::from_pem_file(&path).unwrap();
    let key = PrivateKeyDer::from_pem_file(&path).unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    Arc::new(config.unwrap())
}
