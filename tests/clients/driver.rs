//! Programs around released clients: a line of JSON in, a line of JSON out.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long to wait at most: far longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a program has for ending by itself.
const ENDING: Duration = Duration::from_secs(20);

/// A program around a client, which answers each line with a line.
pub struct Driver {
    child: Child,
    /// Taken when it ends.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts a program.
    pub fn start(command: &mut Command) -> Self {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.expect("tools/clients.sh has installed it");
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// Evaluates for a user from here on.
    #[track_caller]
    pub fn is_user(&mut self, user: &str) {
        self.ask(&json!({ "context": { "targetingKey": user } }));
    }

    /// Returns the value of a flag that can be evaluated.
    #[track_caller]
    pub fn value(&mut self, key: &str) -> Value {
        let found = self.evaluate(key);
        assert!(found["error"].is_null(), "{found}");
        found["value"].clone()
    }

    /// Evaluates a flag, with its default if that fails.
    #[track_caller]
    pub fn evaluate(&mut self, key: &str) -> Value {
        self.ask(&json!({ "key": key }))
    }

    /// Waits until a flag has a value.
    #[track_caller]
    pub fn wait_for(&mut self, key: &str, value: bool) {
        self.wait_for_answer(&json!({ "key": key }), |found| found["value"] == value);
    }

    /// Asks until the answer is as wanted. A failure tells what was answered last.
    #[track_caller]
    pub fn wait_for_answer(&mut self, asked: &Value, is_wanted: impl Fn(&Value) -> bool) {
        let began = Instant::now();
        loop {
            let found = self.ask(asked);
            if is_wanted(&found) {
                return;
            }
            let waited = began.elapsed();
            assert!(
                waited < PATIENCE,
                "{asked}: last seen after {waited:.1?}: {found}"
            );
            // A real pause, from one look to the next.
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a line, and returns the answer.
    #[track_caller]
    pub fn ask(&mut self, asked: &Value) -> Value {
        let input = self.input.as_mut().expect("it has not ended");
        writeln!(input, "{asked}").expect("the client listens");
        self.line()
    }

    /// Returns the next line.
    #[track_caller]
    pub fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the client ended: {line:?}"))
    }
}

impl Drop for Driver {
    /// Ends its input, upon which it ends by itself and takes Chromium and its files with it.
    fn drop(&mut self) {
        self.input.take();
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < ENDING {
            // A real pause, from one look to the next.
            thread::sleep(Duration::from_millis(20));
        }
        // Fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
