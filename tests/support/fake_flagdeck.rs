//! A server that answers as Flagdeck does, or fails as it is told to, and keeps a ledger.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cli::Cli;
use super::waiting::{PATIENCE, wait_until};

pub const HEALTHY: &str = r#"{"status":"ok","version":"0.1.0","revision":3,"writable":true}"#;

/// What the server does with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Takes nothing and asks for a second.
    Full,
    /// Takes it, and breaks the connection off before it says so.
    TakeAndCut,
    /// Takes nothing and fails.
    Fail,
    /// Wants another token.
    Refuse,
}

/// A batch as it arrived, whatever became of it.
pub struct Arrival {
    pub at: Instant,
    pub key: String,
    pub body: String,
}

#[derive(Default)]
pub struct Ledger {
    pub health: String,
    pub flags: (String, Value),
    /// For the next batches; those after them are taken.
    pub reactions: VecDeque<Reaction>,
    pub token: String,
    pub arrivals: Vec<Arrival>,
    /// How many events each key stands for.
    pub taken: BTreeMap<String, usize>,
    /// Requests with a token, to any address.
    pub with_token: usize,
    pub requests: usize,
    pub not_modified: usize,
    /// Whether states are kept; an older Flagdeck knows of none.
    pub keeps_states: bool,
    /// The tree `ml`, as reported and changed.
    pub state: Value,
    pub wholes: Vec<Whole>,
    pub changes: usize,
    /// What restore 7 asks for, while it is open.
    pub asked: Option<Value>,
    /// What is announced next.
    pub announcement: Option<String>,
    pub is_over: bool,
}

/// A state as it was reported whole.
pub struct Whole {
    pub address: String,
    pub restore: Option<String>,
    pub ml: Value,
}

impl Ledger {
    /// Everything that was taken, each batch once.
    pub fn events(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        let mut events = Vec::new();
        for arrival in &self.arrivals {
            if self.taken.contains_key(&arrival.key) && !seen.contains(&&arrival.key) {
                seen.push(&arrival.key);
                let lines = arrival.body.lines();
                events.extend(lines.map(|line| serde_json::from_str::<Value>(line).unwrap()));
            }
        }
        events
    }
}

/// A server in threads of its own. Stops when dropped.
pub struct Fake {
    pub address: SocketAddr,
    pub ledger: Arc<Mutex<Ledger>>,
    pub accepting: Option<JoinHandle<()>>,
}

impl Fake {
    pub fn start(cli: &Cli) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ledger = Arc::new(Mutex::new(Ledger {
            health: HEALTHY.into(),
            flags: ("\"r0\"".into(), document(false, 0)),
            token: cli.ok("token").trim().to_owned(),
            ..Ledger::default()
        }));
        let address = listener.local_addr().unwrap();
        let shared = Arc::downgrade(&ledger);
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(ledger) = shared.upgrade() else {
                    return;
                };
                thread::spawn(move || answer(stream.unwrap(), &ledger));
            }
        });
        Self {
            address,
            ledger,
            accepting: Some(accepting),
        }
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until the ledger is as wanted.
    #[track_caller]
    pub fn wait(&self, what: &str, is_so: impl Fn(&Ledger) -> bool) {
        wait_until(what, || is_so(&self.ledger()));
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let ledger = self.ledger.lock();
        ledger.unwrap_or_else(PoisonError::into_inner).is_over = true;
        self.ledger = Arc::default();
        // The thread that accepts connections looks up, and finds the ledger gone.
        while !self.accepting.as_ref().unwrap().is_finished() {
            let _ = TcpStream::connect(self.address);
            // A real pause, of a server that looks again.
            thread::sleep(Duration::from_millis(2));
        }
        let _ = self.accepting.take().unwrap().join();
    }
}

/// Answers one request and closes.
fn answer(stream: TcpStream, ledger: &Mutex<Ledger>) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap_or_default();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap_or_default();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length");
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    if first.is_empty() || reader.read_exact(&mut body).is_err() {
        return;
    }
    let body = String::from_utf8(body).unwrap();
    // Who asks makes no difference here.
    let first = first.replace("?source=synthetic-demo", "");
    if first.starts_with("GET /api/ml/flags/stream ") {
        return announce(reader.get_mut(), ledger);
    }
    let mut ledger = ledger.lock().unwrap();
    ledger.requests += 1;
    ledger.with_token += usize::from(headers.contains_key("authorization"));
    let answer = match first.split(' ').take(2).collect::<Vec<_>>()[..] {
        ["GET", "/healthz"] => Some(response("200 OK", "", &ledger.health)),
        ["GET", "/api/ml/flags"] => Some(flags(&mut ledger, headers.get("if-none-match"))),
        ["POST", "/api/ml/events"] => events(&mut ledger, &headers, body),
        [method, path] if ledger.keeps_states => {
            Some(state(&mut ledger, method, path, &headers, &body))
        }
        _ => Some(response("404 Not Found", "", "{}")),
    };
    drop(ledger);
    if let Some(answer) = answer {
        let _ = reader.get_mut().write_all(answer.as_bytes());
    }
}

fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

fn flags(ledger: &mut Ledger, has: Option<&String>) -> String {
    let (etag, document) = &ledger.flags;
    let header = format!("ETag: {etag}\r\n");
    if has == Some(etag) {
        ledger.not_modified += 1;
        return response("304 Not Modified", &header, "");
    }
    response("200 OK", &header, &document.to_string())
}

fn events(ledger: &mut Ledger, headers: &BTreeMap<String, String>, body: String) -> Option<String> {
    assert_eq!(headers["content-type"], "application/x-ndjson");
    let is_known = headers["authorization"] == format!("Bearer {}", ledger.token);
    let key = headers["idempotency-key"].clone();
    assert!(key.len() <= 128 && key.bytes().all(|byte| byte.is_ascii_graphic()));
    let count = body.lines().count();
    let at = Instant::now();
    ledger.arrivals.push(Arrival {
        at,
        key: key.clone(),
        body,
    });
    let reaction = ledger.reactions.pop_front();
    match reaction {
        _ if !is_known => return Some(response("401 Unauthorized", "", "{}")),
        Some(Reaction::Refuse) => return Some(response("401 Unauthorized", "", "{}")),
        Some(Reaction::Full) => {
            let wait = "Retry-After: 1\r\n";
            return Some(response("429 Too Many Requests", wait, "{}"));
        }
        Some(Reaction::Fail) => {
            let detail = r#"{"detail":"Metrics are not collected."}"#;
            return Some(response("503 Service Unavailable", "", detail));
        }
        Some(Reaction::TakeAndCut) | None => {}
    }
    let duplicate = ledger.taken.insert(key, count).is_some();
    let answer = json!({"accepted": count, "rejected": 0, "duplicate": duplicate, "problems": []});
    (reaction.is_none()).then(|| response("200 OK", "", &answer.to_string()))
}

/// Takes a state in, or tells it, as the real one does.
fn state(
    ledger: &mut Ledger,
    method: &str,
    address: &str,
    headers: &BTreeMap<String, String>,
    body: &str,
) -> String {
    assert_eq!(headers["authorization"], format!("Bearer {}", ledger.token));
    let path = address.split('?').next().unwrap();
    match (method, path) {
        ("PUT", "/api/ml/state/synthetic-demo") => {
            ledger.state = serde_json::from_str(body).unwrap();
            if headers.contains_key("ml-restore") {
                ledger.asked = None;
            }
            ledger.wholes.push(Whole {
                address: address.to_owned(),
                restore: headers.get("ml-restore").cloned(),
                ml: ledger.state.clone(),
            });
            response("200 OK", "", "{}")
        }
        ("POST", "/api/ml/state/synthetic-demo/changes") => {
            let changes: Vec<Value> = serde_json::from_str(body).unwrap();
            ledger.changes += changes.len();
            for change in changes {
                change_state(&mut ledger.state, &change);
            }
            response("200 OK", "", "{}")
        }
        ("GET", "/api/ml/state/synthetic-demo/restores/7") => match &ledger.asked {
            Some(asked) => {
                let state = json!({"timestamp": 5, "ml": asked, "files": 30});
                response("200 OK", "", &state.to_string())
            }
            None => response("410 Gone", "", "{}"),
        },
        _ => response("404 Not Found", "", "{}"),
    }
}

/// Makes a change, of which the host has to know what it changes.
fn change_state(state: &mut Value, change: &Value) {
    let key = change["key"].as_str().unwrap();
    let pointer = key.strip_prefix("ml").unwrap().replace('.', "/");
    let origin = change["source"].as_str().unwrap();
    assert!(origin.contains("at MLStateExtension.trackChange"));
    assert!(change["timestamp"].as_i64() > Some(1_700_000_000_000));
    let before = state.pointer(&pointer);
    assert_eq!(before, change.get("oldValue"), "{key}");
    if let Some(place) = state.pointer_mut(&pointer) {
        *place = change["newValue"].clone();
        return;
    }
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = state.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.insert(name.to_owned(), change["newValue"].clone());
}

/// Announces whatever there is, until the test is over.
fn announce(stream: &mut TcpStream, ledger: &Mutex<Ledger>) {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n";
    let keeps_states = ledger.lock().unwrap().keeps_states;
    if !keeps_states {
        let _ = stream.write_all(response("404 Not Found", "", "{}").as_bytes());
        return;
    }
    stream.write_all(head.as_bytes()).unwrap();
    loop {
        let mut ledger = ledger.lock().unwrap();
        if ledger.is_over {
            return;
        }
        let text = ledger.announcement.take();
        drop(ledger);
        if let Some(text) = text {
            let _ = stream.write_all(text.as_bytes());
        }
        // A real pause, of a server that looks again.
        thread::sleep(Duration::from_millis(5));
    }
}

/// A document in which `ui.badges` is on for a share of all users.
pub fn document(on: bool, percentage: u32) -> Value {
    json!({
        "enabled": true,
        "components": {"ui": {"badges": on}, "tracker": false},
        "rollout": {"percentage": percentage, "userGroups": [], "strategy": "canary"},
    })
}
