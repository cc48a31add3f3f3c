//! A real server on a free port, and a client that sends exactly the bytes it is given.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use flagdeck::config::Given;
use flagdeck::http::{Limits, Server};
use flagdeck::{App, Options};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Long enough for any answer on a busy machine, short enough to end a test that got none.
const ANSWER_TIME: Duration = Duration::from_secs(20);

/// A server in a thread of its own, over a fresh data folder. Stops when dropped.
pub struct Running {
    pub app: App,
    pub token: String,
    pub address: SocketAddr,
    shutdown: CancellationToken,
    thread: Option<JoinHandle<()>>,
    folder: TempDir,
}

impl Running {
    pub fn start() -> Self {
        Self::with_limits(Limits::default())
    }

    /// Takes in what applications report, as a program that stays open does.
    pub fn collecting() -> Self {
        Self::open(tempfile::tempdir().unwrap(), Limits::default(), |options| {
            options.watch = true;
        })
    }

    /// Lets pages of one more origin in.
    pub fn with_origin(origin: &str) -> Self {
        let allowed = ("http.allowedOrigins".to_owned(), origin.to_owned());
        let given = Given {
            command_line: vec![allowed],
            ..Given::default()
        };
        Self::over(tempfile::tempdir().unwrap(), Limits::default(), given)
    }

    pub fn with_limits(limits: Limits) -> Self {
        Self::over(tempfile::tempdir().unwrap(), limits, Given::default())
    }

    /// Starts over a data folder that somebody has prepared.
    pub fn on(folder: TempDir) -> Self {
        Self::over(folder, Limits::default(), Given::default())
    }

    /// The same, as a program that stays open does: it fetches what it follows.
    pub fn watching_on(folder: TempDir) -> Self {
        Self::open(folder, Limits::default(), |options| options.watch = true)
    }

    fn over(folder: TempDir, limits: Limits, given: Given) -> Self {
        Self::open(folder, limits, |options| options.given = given)
    }

    fn open(folder: TempDir, limits: Limits, adapt: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::new(folder.path());
        adapt(&mut options);
        let app = App::open(options).unwrap();
        let token = app.token().unwrap();
        let server = Server::bind(app.clone(), 0).unwrap().with_limits(limits);
        let address = server.address();
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build();
            runtime.unwrap().block_on(server.run(stop)).unwrap();
        });
        Self {
            app,
            token,
            address,
            shutdown,
            thread: Some(thread),
            folder,
        }
    }

    /// The folder the application keeps everything in.
    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    pub fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address).unwrap())
    }

    /// Sends bytes on a fresh connection, with `{host}` and `{token}` filled in.
    pub fn raw(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut client = self.connect();
        client.send(self.fill_in(request.as_ref()));
        client.answer()
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.request("GET", path, headers, "")
    }

    /// Sends a request with the token.
    pub fn write(&self, method: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend(headers);
        self.request(method, "/api/ml/flags", &all, body)
    }

    /// Reports events, one a line, with the token.
    pub fn report(&self, headers: &[(&str, &str)], lines: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("Authorization", bearer.as_str())];
        if !headers.iter().any(|(name, _)| *name == "Content-Type") {
            all.push(("Content-Type", "application/x-ndjson"));
        }
        all.extend(headers);
        self.request("POST", "/api/ml/events", &all, lines)
    }

    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut client = self.connect();
        client.send(self.compose(method, path, headers, body));
        match method {
            "HEAD" => client.answer_without_body(),
            _ => client.answer(),
        }
    }

    pub fn compose(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        head + "\r\n" + body
    }

    pub fn fill_in(&self, request: &[u8]) -> Vec<u8> {
        let host = self.address.to_string();
        let port = self.address.port().to_string();
        let places: [(&[u8], &str); 3] = [
            (b"{host}", &host),
            (b"{port}", &port),
            (b"{token}", &self.token),
        ];
        let mut filled = request.to_vec();
        for (place, value) in places {
            while let Some(at) = filled.windows(place.len()).position(|here| here == place) {
                filled.splice(at..at + place.len(), value.bytes());
            }
        }
        filled
    }

    /// Asks the server to stop, without waiting for it.
    pub fn begin_stop(&self) {
        self.shutdown.cancel();
    }

    /// Stops the server, closes the application, and starts both again over the same folder.
    pub fn restart(mut self) -> Self {
        self.stop();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        drop(self);
        Self::on(folder)
    }

    /// Stops the server and waits for its end.
    pub fn stop(&mut self) {
        self.shutdown.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(std::thread::panicking() || ended.is_ok());
        }
    }
}

/// One connection.
pub struct Client(BufReader<TcpStream>);

impl Client {
    pub fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(ANSWER_TIME)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).unwrap();
    }

    /// Sends to a server that may have closed the connection.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.0.get_mut().write_all(bytes.as_ref())
    }

    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        let mut answer = self.answer_without_body();
        let length = answer.header("content-length").map(str::to_owned);
        let length = length.map_or(0, |length| length.parse().unwrap());
        if answer.status != 304 {
            answer.body.resize(length, 0);
            self.0.read_exact(&mut answer.body).unwrap();
        }
        answer
    }

    #[track_caller]
    pub fn answer_without_body(&mut self) -> Answer {
        let status_line = self.line();
        assert!(
            !status_line.is_empty(),
            "the server closed the connection without an answer"
        );
        let mut words = status_line.split(' ');
        let version = words.next();
        assert!(
            matches!(version, Some("HTTP/1.1" | "HTTP/1.0")),
            "an answer begins with a version, not as {status_line:?}"
        );
        let status = words.next().unwrap().parse().unwrap();
        let lines = std::iter::from_fn(|| Some(self.line()).filter(|line| !line.is_empty()));
        let headers = lines.map(|line| {
            let header = line.split_once(": ");
            let (name, value) = header.expect("a header is a name, a colon and a value");
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Answer {
            status,
            headers: headers.collect(),
            body: Vec::new(),
        }
    }

    /// Returns whether the server closed the connection without a further byte.
    pub fn is_closed(&mut self) -> bool {
        match self.0.fill_buf() {
            Ok(rest) => rest.is_empty(),
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.0.read_line(&mut line);
        read.expect("the server answers in time and does not reset the connection");
        line.trim_end().to_owned()
    }
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} is there twice: {self:?}");
        value
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Checks the status, and that an error is a problem document of it. Returns its code.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{} {:?}", self.text(), self.headers);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem["code"].as_str().unwrap().to_owned()
    }
}
