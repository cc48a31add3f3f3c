//! The programs under test: `flagctl` on a data folder, and what it answers over HTTP.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

pub const FLAGCTL: &str = env!("CARGO_BIN_EXE_flagctl");

/// What is asked of a folder. The answers do not depend on when.
pub const QUESTIONS: [&str; 9] = [
    "history --limit 1000 --json",
    "export --json",
    "state list --json",
    "state get --json",
    "snapshot list --limit 1000 --json",
    "snapshot show 1 --json",
    "snapshot show 3 --json",
    "snapshot restores --limit 1000 --json",
    "backup list --json",
];

/// Longer than any answer takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// `flagctl` on a folder, with none of this environment's settings.
pub fn flagctl(folder: &Path, arguments: &str) -> Command {
    on_folder(folder, FLAGCTL, arguments)
}

/// A program on a folder, which may be one that starts `flagctl`.
pub fn on_folder(folder: &Path, program: impl AsRef<OsStr>, arguments: &str) -> Command {
    let mut command = Command::new(program);
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

/// What was answered to a question.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub out: String,
    /// Whether it failed, or said something beside its result.
    pub is_told: bool,
}

impl Answer {
    pub fn of(output: &Output) -> Self {
        Self {
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            is_told: !output.status.success() || !output.stderr.is_empty(),
        }
    }

    /// Returns whether it differs from the right answer without a word.
    pub fn is_silently_not(&self, right: &Self) -> bool {
        self.out != right.out && !self.is_told
    }
}

/// Returns the token of a folder; none if it cannot be made.
pub fn token(folder: &Path) -> String {
    let token = run(folder, "token").stdout;
    String::from_utf8_lossy(&token).trim().to_owned()
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
        command.stderr(Stdio::null());
        Self::run(command, folder).expect("it serves")
    }

    /// Runs a command that serves a folder; `None` if it ends before it does.
    pub fn run(mut command: Command, folder: &Path) -> Option<Self> {
        let child = command.stdout(Stdio::piped()).spawn();
        let mut child = child.expect("the command starts");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        out.read_line(&mut line).expect("its output can be read");
        let mut serving = Self {
            child,
            address: String::new(),
            token: String::new(),
        };
        // If there is none, it is dropped, and so killed.
        let (_, address) = line.trim().rsplit_once("http://")?;
        serving.address = address.to_owned();
        serving.token = token(folder);
        Some(serving)
    }

    /// Returns how it ended, if it did so by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is a child")
    }

    /// Ends it by SIGTERM.
    pub fn end(&mut self) {
        // Fails only if it has ended already.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
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
