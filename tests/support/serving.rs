//! A `flagctl serve` in a process of its own, and what it answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use super::processes::{Ended, send};

use super::waiting::PATIENCE;

/// A `flagctl serve`.
pub struct Serving {
    pub child: Ended,
    pub address: String,
}

impl Serving {
    /// Starts it over a data folder, on a free port.
    pub fn start(folder: &TempDir) -> Self {
        Self::run(flagctl(folder, &["serve", "--port", "0"]))
    }

    /// Runs a command that serves, and waits until it says where.
    pub fn run(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .rsplit_once("http://")
            .expect(&line)
            .1
            .to_owned();
        Self {
            child: Ended(child),
            address,
        }
    }

    pub fn token(&self, folder: &TempDir) -> String {
        let told = flagctl(folder, &["token"]).output().unwrap();
        String::from_utf8(told.stdout).unwrap().trim().to_owned()
    }

    /// Ends the program by a signal, which it cannot catch if `unseen`, and starts it again.
    pub fn kill_and_start_again(mut self, folder: &TempDir, unseen: bool) -> Self {
        let signal = if unseen { Signal::KILL } else { Signal::TERM };
        send(signal, &self.child);
        self.child.wait().unwrap();
        Self::start(folder)
    }
}

/// `flagctl` on a data folder.
pub fn flagctl(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flagctl"));
    command.arg("--data-dir").arg(folder.path()).args(arguments);
    command
}

/// Asks for an address, and returns the whole answer.
pub fn get(address: &str, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    exchange(address, &request).unwrap()
}

/// Sends a whole request, and reads the whole answer.
pub fn exchange(address: &str, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The value of a sample in classic text.
#[track_caller]
pub fn sample(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("no sample {name} in {text}"));
    line.trim().parse().unwrap()
}
