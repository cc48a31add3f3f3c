//! Restores of a source over HTTP, while `flagctl serve` is killed by SIGKILL: none is lost, and
//! what was acknowledged holds.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use flagdeck::wire::{RestoreFilter, RestoreStatus};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::apps::open;
use crate::support::serving::{Serving, exchange, flagctl};

const ROUNDS: usize = 24;

struct Source<'a> {
    folder: &'a TempDir,
    token: String,
    serving: Option<Serving>,
    kills: usize,
}

impl Source<'_> {
    fn address(&self) -> &str {
        &self.serving.as_ref().unwrap().address
    }

    fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n{headers}\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address(),
            self.token,
            body.len()
        )
    }

    /// Puts a state until that is acknowledged; the server is killed while the first is on its
    /// way. Returns the answer.
    fn put(&mut self, state: &Value, restore: Option<u64>, delay: Option<Duration>) -> Value {
        let header = restore.map_or(String::new(), |id| format!("Ml-Restore: {id}\r\n"));
        let mut delay = delay;
        loop {
            let request = self.request("PUT", "/api/ml/state/kanban", &header, &state.to_string());
            let address = self.address().to_owned();
            let sending = thread::spawn(move || exchange(&address, &request));
            if let Some(delay) = delay.take() {
                // A real pause: it is killed at any moment, which nothing tells of.
                thread::sleep(delay);
                self.kill();
            }
            if let Some(answer) = body(sending.join().unwrap()) {
                return answer;
            }
        }
    }

    fn kill(&mut self) {
        let serving = self.serving.take().unwrap();
        self.serving = Some(serving.kill_and_start_again(self.folder, true));
        self.kills += 1;
    }

    /// Connects, and returns what it is told to read.
    fn told(&self) -> (u64, String) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        let wait = Some(Duration::from_secs(60));
        stream.set_read_timeout(wait).unwrap();
        let request = self.request("GET", "/api/ml/flags/stream", "", "");
        stream.write_all(request.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
        // Before the first heartbeat.
        let told = lines.find(|line| line == "event: ml:state:restored" || line.starts_with(':'));
        assert_eq!(told.as_deref(), Some("event: ml:state:restored"));
        let data = lines.next().unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        let href = data["href"].as_str().unwrap().to_owned();
        (data["restore"].as_u64().unwrap(), href)
    }

    fn asked(&self, href: &str) -> Value {
        let answer = exchange(self.address(), &self.request("GET", href, "", ""));
        body(answer).unwrap()["ml"].clone()
    }

    fn reviewer(&self, arguments: &[&str]) -> Value {
        let output = flagctl(self.folder, &[&["--json"], arguments].concat()).output();
        serde_json::from_slice(&output.unwrap().stdout).unwrap()
    }
}

/// The JSON of an answer with status 200.
fn body(answer: std::io::Result<String>) -> Option<Value> {
    let answer = answer
        .ok()
        .filter(|answer| answer.starts_with("HTTP/1.1 200"))?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

fn state(n: usize, other: usize) -> Value {
    json!({ "n": n, "other": other, "list": [{ "id": "alpha", "n": n }] })
}

#[test]
fn no_restore_is_lost_when_flagdeck_is_killed_between_any_two_words() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&folder);
    let token = serving.token(&folder);
    let mut source = Source {
        folder: &folder,
        token,
        serving: Some(serving),
        kills: 0,
    };
    source.put(&state(0, 0), None, None);
    let snapshot = source.reviewer(&["snapshot", "take"])[0]["id"].to_string();
    let mut restores = Vec::new();
    for round in 1..=ROUNDS {
        // Now and then while the request is read, stored, or answered.
        let delay = |salt: usize| {
            let micros = (round * 977 + salt * 1723) % 8000;
            (round + salt)
                .is_multiple_of(3)
                .then(|| Duration::from_micros(micros as u64))
        };
        source.put(&state(round, round), None, delay(0));
        let restored = source.reviewer(&["snapshot", "restore", &snapshot, "--only", "ml.n"]);
        let id = restored["restore"]["id"].as_u64().unwrap();
        source.put(&state(round, round + 100), None, delay(1));
        let (told, href) = source.told();
        assert_eq!(told, id);
        let asked = source.asked(&href);
        assert_eq!(
            (&asked["n"], &asked["other"]),
            (&json!(0), &json!(round + 100))
        );
        let confirmed = source.put(&asked, Some(id), delay(2));
        let expected = json!({ "id": id, "status": "confirmed", "isExact": true });
        assert_eq!(confirmed["restore"], expected);
        restores.push(id);
    }
    assert!(source.kills >= ROUNDS / 2, "{}", source.kills);
    drop(source);
    let app = open(folder.path());
    let page = app
        .state_restores(&RestoreFilter::default(), 0, 100)
        .unwrap();
    let ids: Vec<u64> = page.restores.iter().rev().map(|it| it.id).collect();
    assert_eq!(ids, restores);
    let is_exact = |it: &flagdeck::wire::StateRestore| {
        it.status == RestoreStatus::Confirmed && it.is_exact == Some(true)
    };
    assert!(page.restores.iter().all(is_exact), "{:?}", page.restores);
    let current = app.current_state(&"kanban".parse().unwrap()).unwrap();
    let current = serde_json::to_value(&*current.ml).unwrap();
    assert_eq!(
        (&current["n"], &current["other"]),
        (&json!(0), &json!(ROUNDS + 100))
    );
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
}
