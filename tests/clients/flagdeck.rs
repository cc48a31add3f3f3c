//! A `flagctl serve` on a data folder of its own, which can be stopped and started again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The address in the recipes.
pub const ADDRESS: &str = "http://127.0.0.1:4680";

/// How long a change of the settings may take to be noticed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A data folder, and the program that serves it.
pub struct Flagdeck {
    folder: TempDir,
    port: u16,
    serving: Option<Child>,
}

impl Flagdeck {
    /// Starts on a free port, with `ui.badges` on for 12.5 % of all users and the group beta.
    pub fn start() -> Self {
        let mut flagdeck = Self {
            folder: tempfile::tempdir().unwrap(),
            port: 0,
            serving: None,
        };
        flagdeck.run("master on");
        flagdeck.run("set ui.badges on");
        flagdeck.run("rollout ui.badges --percentage 12.5 --groups beta");
        flagdeck.start_again();
        flagdeck
    }

    /// Lets pages of an origin read the flags, and waits until the program has noticed.
    pub fn allow(&self, origin: &str) {
        self.run(&format!("config set http.allowedOrigins {origin}"));
        let began = Instant::now();
        while !self.allows(origin) {
            assert!(began.elapsed() < PATIENCE, "{origin} is not allowed");
            // A real pause, from one look to the next.
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks as the browser does for a page of an origin.
    fn allows(&self, origin: &str) -> bool {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let ask = format!(
            "OPTIONS /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n",
            self.port
        );
        stream.write_all(ask.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.starts_with("HTTP/1.1 204")
    }

    /// Runs `flagctl` on the folder.
    pub fn run(&self, arguments: &str) {
        let ran = self.command(arguments).output().unwrap();
        assert!(ran.status.success(), "{arguments}: {ran:?}");
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn stop(&mut self) {
        let mut serving = self.serving.take().expect("it runs");
        kill_process(Pid::from_child(&serving), Signal::TERM).unwrap();
        serving.wait().unwrap();
    }

    /// Serves at the port it had before.
    pub fn start_again(&mut self) {
        let mut command = self.command(&format!("serve --port {}", self.port));
        let mut serving = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(serving.stdout.take().unwrap());
        self.serving = Some(serving);
        out.read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().expect(&line);
        self.port = port.parse().expect(&line);
    }

    /// Returns `flagctl` with arguments, on the folder.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flagctl"));
        command.arg("--data-dir").arg(self.folder.path());
        command.args(arguments.split(' '));
        command
    }
}

impl Drop for Flagdeck {
    fn drop(&mut self) {
        if let Some(mut serving) = self.serving.take() {
            // Fails only if it has ended already.
            let _ = serving.kill();
            let _ = serving.wait();
        }
    }
}

/// A path from the root of the tree.
pub fn path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Prepares a program in the folder of the clients, whose requests no proxy gets.
pub fn client(program: &str) -> Command {
    let program = match program.contains('/') {
        true => path(program).into_os_string(),
        false => program.into(),
    };
    let mut command = Command::new(program);
    command.current_dir(path("tests/clients"));
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command
}

/// A binary of the crate in `tests/clients/rust`.
pub fn built(name: &str) -> String {
    format!("target/debug/{name}")
}

/// Runs a program to its end, which has to be a good one, and returns what it printed.
#[track_caller]
pub fn output(command: &mut Command, input: &str) -> String {
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.expect("tools/clients.sh has installed it");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let ran = child.wait_with_output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}
