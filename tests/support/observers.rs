//! Readers of metrics: a real Pushgateway and a real Prometheus, each on a free port over a fresh
//! folder; and strangers, hand-written servers that answer as no observer should.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::Value;
use tempfile::TempDir;

use super::waiting::{PATIENCE, wait_for, wait_until};

/// How often another port is tried, if another program was faster to take it.
const PORTS_TRIED: usize = 5;

/// A real Pushgateway. Ends when dropped.
pub struct Pushgateway(Program);

impl Pushgateway {
    pub fn start() -> Self {
        Self(Program::start("prometheus-pushgateway", |address, _| {
            vec![
                format!("--web.listen-address={address}"),
                "--persistence.file=".into(),
                "--log.level=warn".into(),
            ]
        }))
    }

    /// `http://…`, without a closing slash.
    pub fn url(&self) -> String {
        self.0.url("")
    }

    /// The groups it holds, as its `/api/v1/metrics` tells them.
    pub fn metrics(&self) -> Value {
        let mut answer = json(&self.0.url("/api/v1/metrics"));
        answer["data"].take()
    }

    /// The group of an instance of Flagdeck.
    pub fn group(&self, instance: &str) -> Option<Value> {
        let groups = self.metrics();
        let mut groups = groups.as_array().unwrap().iter();
        let labels = serde_json::json!({ "job": "flagdeck", "instance": instance });
        groups.find(|group| group["labels"] == labels).cloned()
    }

    /// Ends it; it forgets everything.
    pub fn stop(&mut self) {
        self.0.stop();
    }

    /// Starts it again on the port it had.
    pub fn start_again(&mut self) {
        wait_until("its port to be free again", || self.0.launch());
    }
}

/// A real Prometheus. Ends when dropped.
pub struct Prometheus(Program);

impl Prometheus {
    /// Scrapes a path of some servers, as often as `interval` (such as `1s`) says.
    pub fn scraping(targets: &[SocketAddr], path: &str, interval: &str) -> Self {
        let targets: Vec<String> = targets.iter().map(|target| format!("'{target}'")).collect();
        let config = format!(
            "global: {{ scrape_interval: {interval} }}\n\
             scrape_configs:\n\
             - job_name: flagdeck\n\
             \x20 metrics_path: '{path}'\n\
             \x20 static_configs: [ {{ targets: [ {} ] }} ]\n",
            targets.join(", ")
        );
        Self(Program::start("prometheus", |address, folder| {
            let file = folder.join("prometheus.yml");
            fs::write(&file, &config).unwrap();
            vec![
                format!("--config.file={}", file.display()),
                format!("--storage.tsdb.path={}", folder.join("data").display()),
                format!("--web.listen-address={address}"),
                "--log.level=warn".into(),
            ]
        }))
    }

    /// `http://…`, without a closing slash.
    pub fn url(&self) -> String {
        self.0.url("")
    }

    /// What it answers to a query, now.
    pub fn query(&self, promql: &str) -> Value {
        let query = ureq::http::uri::Builder::new()
            .scheme("http")
            .authority(self.0.address.to_string())
            .path_and_query(format!("/api/v1/query?query={}", escaped(promql)))
            .build();
        let mut answer = json(&query.unwrap().to_string());
        assert_eq!(answer["status"], "success", "{answer}");
        answer["data"]["result"].take()
    }

    /// How many connections it has accepted, the one of this question included.
    pub fn connections(&self) -> u64 {
        let (_, metrics) = get(&self.0.url("/metrics")).unwrap();
        let name = "net_conntrack_listener_conn_accepted_total{listener_name=\"http\"} ";
        let mut values = metrics.lines().filter_map(|line| line.strip_prefix(name));
        values.next().unwrap().parse().unwrap()
    }
}

/// A program that serves HTTP, and says on `/-/ready` that it does.
struct Program {
    name: &'static str,
    arguments: Vec<String>,
    address: SocketAddr,
    child: Option<Child>,
    folder: TempDir,
}

impl Program {
    fn start(name: &'static str, arguments: impl Fn(SocketAddr, &Path) -> Vec<String>) -> Self {
        for _ in 0..PORTS_TRIED {
            let folder = tempfile::tempdir().unwrap();
            let address = free_address();
            let mut program = Self {
                name,
                arguments: arguments(address, folder.path()),
                address,
                child: None,
                folder,
            };
            if program.launch() {
                return program;
            }
        }
        panic!("{name} does not start");
    }

    /// Starts it and waits until it is ready. False if it ended: its port is taken.
    fn launch(&mut self) -> bool {
        let log = File::create(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(self.name);
        command.args(&self.arguments).current_dir(&self.folder);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!("{} is missing: run tools/need.sh test", self.name),
            _ => panic!("{}: {error}", self.name),
        });
        self.child = Some(child);
        let what = format!("{} to be ready", self.name);
        let see = || {
            let has_ended = self.child.as_mut().unwrap().try_wait().unwrap().is_some();
            let is_ready = get(&self.url("/-/ready")).is_some_and(|(status, _)| status == 200);
            let log = fs::read_to_string(self.folder.path().join("log"));
            (has_ended, is_ready, log.unwrap_or_default())
        };
        let (has_ended, ..) = wait_for(&what, see, |(ended, ready, _)| *ended || *ready);
        !has_ended
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A server that answers every request with what a function makes of it.
pub struct Stranger {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stranger {
    /// Answers with the same bytes whatever it is asked.
    pub fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::answering(move |_| answer.clone())
    }

    pub fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let is_over = Arc::<AtomicBool>::default();
        let (seen, over) = (Arc::clone(&requests), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let Some((request, mut stream)) = stream.ok().and_then(request) else {
                    continue;
                };
                seen.lock().unwrap().push(request.clone());
                // The client may have gone already.
                let _ = stream.write_all(&answer(&request));
            }
        });
        Self {
            address,
            requests,
            is_over,
            thread: Some(thread),
        }
    }

    /// `http://…`, without a closing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything it was asked, head and body.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let ended = self.thread.take().unwrap().join();
        assert!(thread::panicking() || ended.is_ok());
    }
}

/// Makes an answer of a status line's end, such as `200 OK`, and a body.
pub fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

/// Reads a whole request. Returns it with its connection.
pub(super) fn request(stream: TcpStream) -> Option<(String, TcpStream)> {
    let patience = Some(PATIENCE);
    stream.set_read_timeout(patience).unwrap();
    stream.set_write_timeout(patience).unwrap();
    let mut reader = BufReader::new(stream);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        request += &line;
        match line.as_str() {
            "" => return None,
            "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request += std::str::from_utf8(&body).unwrap();
    Some((request, reader.into_inner()))
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

fn json(url: &str) -> Value {
    let (_, body) = get(url).unwrap_or_else(|| panic!("{url} does not answer"));
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{url}: {error}: {body}"))
}

fn get(url: &str) -> Option<(u16, String)> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .proxy(None);
    let mut response = config.build().new_agent().get(url).call().ok()?;
    let body = response.body_mut().read_to_string().ok()?;
    Some((response.status().as_u16(), body))
}

/// Escapes what stands in a query.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
