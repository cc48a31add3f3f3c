//! Debian's Chromium without a window, driven by its own driver.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::ended::Ended;
use super::waiting::PATIENCE;

/// A browser with one tab. Parts of its page are named by their `data-testid`.
pub struct Chromium {
    client: Client,
    _driver: Ended,
    port: u16,
    _profile: TempDir,
}

impl Chromium {
    /// Opens a page.
    pub async fn open(address: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (driver, port) = start_driver();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(profile.path()))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await;
        let client = client.unwrap_or_else(|error| panic!("Chromium opens: {error}"));
        client.goto(address).await.unwrap();
        Self {
            client,
            _driver: driver,
            port,
            _profile: profile,
        }
    }

    /// Presses the pointer's button on a part.
    pub async fn click(&self, part: &str) {
        let found = self.client.find(Locator::Css(&by_testid(part))).await;
        found.unwrap().click().await.unwrap();
    }

    /// Moves a slider.
    pub async fn slide(&self, part: &str, value: u32) {
        let script = "const slider = document.querySelector(arguments[0]);
            slider.value = arguments[1];
            slider.dispatchEvent(new Event('input'));";
        self.run(script, vec![json!(by_testid(part)), json!(value)])
            .await;
    }

    /// Returns the value of an expression of the page.
    pub async fn value(&self, expression: &str) -> Value {
        self.run(&format!("return {expression}"), Vec::new()).await
    }

    /// Waits until a part, one of those of that name, tells a text.
    pub async fn until_told(&self, part: &str, text: &str) {
        self.until(
            &format!("{part} tells “{text}”"),
            "return [...document.querySelectorAll(arguments[0])].some((part) =>
                part.checkVisibility() && part.innerText.includes(arguments[1]))",
            vec![json!(by_testid(part)), json!(text)],
        )
        .await;
    }

    /// Waits until so many parts of a name are shown.
    pub async fn until_count(&self, part: &str, count: u64) {
        self.until(
            &format!("there are {count} of {part}"),
            "return [...document.querySelectorAll(arguments[0])]
                .filter((part) => part.checkVisibility()).length === arguments[1]",
            vec![json!(by_testid(part)), json!(count)],
        )
        .await;
    }

    async fn until(&self, what: &str, script: &str, arguments: Vec<Value>) {
        /// How often a page is looked at.
        const PULSE: Duration = Duration::from_millis(50);
        let deadline = Instant::now() + PATIENCE;
        while self.run(script, arguments.clone()).await != true {
            if Instant::now() > deadline {
                let text = self.value("document.body.innerText").await;
                panic!("never came about: {what}; the page says: {text}");
            }
            // A real pause: the page is another program.
            sleep(PULSE).await;
        }
    }

    /// Returns the errors in the console since the last call, but for connections that failed: a
    /// browser tells of each, whatever a page does about it.
    pub async fn errors(&self) -> Vec<String> {
        let session = self.client.session_id().await.unwrap().unwrap();
        let path = format!("/session/{session}/se/log");
        let log = ask(self.port, &path, &json!({ "type": "browser" }));
        let entries = log["value"].as_array().unwrap().iter();
        let errors = entries.filter(|entry| {
            let is_connection = entry["message"].as_str().unwrap().contains("net::ERR_");
            entry["level"] == "SEVERE" && !(entry["source"] == "network" && is_connection)
        });
        errors.map(ToString::to_string).collect()
    }

    /// Closes it.
    pub async fn close(self) {
        self.client.clone().close().await.unwrap();
    }

    async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap()
    }
}

fn by_testid(part: &str) -> String {
    format!("[data-testid=\"{part}\"]")
}

/// Starts the driver, which starts the browser, and waits until it listens at a port of its choice.
fn start_driver() -> (Ended, u16) {
    let mut driver = Command::new("chromedriver");
    driver
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut driver = Ended(driver.spawn().expect("chromedriver is installed"));
    let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    (driver, port.expect("chromedriver tells its port"))
}

/// Asks the driver what no client of WebDriver asks. It keeps its connections open, so the end of
/// an answer is known by its length.
fn ask(port: u16, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        answer.read_line(&mut line).unwrap();
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut text = vec![0; length];
    answer.read_exact(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn capabilities(profile: &Path) -> Map<String, Value> {
    let options = json!({
        "binary": "/usr/bin/chromium",
        "args": [
            "--headless=new",
            // The tests may be run by root in a container.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            format!("--user-data-dir={}", profile.display()),
        ],
    });
    Map::from_iter([
        ("goog:chromeOptions".to_owned(), options),
        ("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" })),
    ])
}
