//! The programs under test: `flagctl` on a data folder, and what it answers over HTTP.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Longer than any answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// `flagctl` on a folder, with none of this environment's settings.
pub fn flagctl(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flagctl"));
    command
        .args(arguments.split_whitespace())
        .env_clear()
        .env("USER", "ada")
        .env("FLAGDECK_DATA_DIR", folder)
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(folder: &Path, arguments: &str) -> Output {
    flagctl(folder, arguments).output().expect("flagctl starts")
}

/// Runs a command that prints JSON; `None` if it failed.
pub fn json(folder: &Path, arguments: &str) -> Option<Value> {
    let output = run(folder, &format!("{arguments} --json"));
    let json = || serde_json::from_slice(&output.stdout).ok();
    output.status.success().then(json).flatten()
}

/// Returns what `doctor` finds wrong. The port of the settings may be another program's.
pub fn faults(folder: &Path) -> Vec<String> {
    let output = run(folder, "doctor --json");
    let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else {
        return vec![String::from_utf8_lossy(&output.stderr).into_owned()];
    };
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let faults = findings.iter().filter(|finding| finding["ok"] == false);
    let texts = faults.filter_map(|finding| finding["text"].as_str());
    texts
        .filter(|text| !text.starts_with("port "))
        .map(str::to_owned)
        .collect()
}

/// A `flagctl serve`, killed when it is dropped.
pub struct Serving {
    child: Child,
    pub address: String,
    pub token: String,
}

impl Serving {
    pub fn start(folder: &Path) -> Self {
        let mut command = flagctl(folder, "serve --port 0");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("flagctl starts");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        out.read_line(&mut line).expect("it says its address");
        let address = line.trim().rsplit_once("http://").expect("an address").1;
        let token = run(folder, "token").stdout;
        Self {
            child,
            address: address.to_owned(),
            token: String::from_utf8_lossy(&token).trim().to_owned(),
        }
    }

    /// Ends it by SIGKILL, which it cannot catch.
    pub fn kill(&mut self) {
        // Fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a request; `Ok` with the body if it was answered with 200.
    pub fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> io::Result<String> {
        send(&self.address, &self.token, method, path, headers, body)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn send(
    address: &str,
    token: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         {headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let whole = answer.split_once("\r\n\r\n");
    match whole.filter(|(head, _)| head.starts_with("HTTP/1.1 200")) {
        Some((_, body)) => Ok(body.to_owned()),
        None => Err(io::Error::other(answer)),
    }
}
