//! `flagctl` on a folder of its own, as a person and a script use it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::serving::Serving;

/// `flagctl` on a data folder of its own, in an environment of its own.
pub struct Cli {
    folder: TempDir,
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Cli {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// Prepares a run.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flagctl"));
        command
            .args(arguments.split_whitespace())
            .env_clear()
            .env("USER", "ada")
            .env("TZ", "UTC")
            .env("FLAGDECK_DATA_DIR", self.folder.path());
        command
    }

    /// Runs with arguments that may be empty or hold blanks.
    pub fn run_with(&self, arguments: &[&str]) -> Ran {
        let output = self.command("").args(arguments).output().unwrap();
        Ran::of(output)
    }

    pub fn run(&self, arguments: &str) -> Ran {
        self.run_with_input(arguments, "")
    }

    pub fn run_with_input(&self, arguments: &str, input: &str) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads no input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ran::of(child.wait_with_output().unwrap())
    }

    /// Starts `flagctl serve` on a free port.
    pub fn serve(&self) -> Serving {
        let mut command = self.command("serve --port 0");
        command.stderr(Stdio::piped());
        Serving::run(command)
    }

    #[track_caller]
    pub fn ok(&self, arguments: &str) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out
    }

    #[track_caller]
    pub fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{arguments} --json"))).unwrap()
    }

    #[track_caller]
    pub fn refused(&self, arguments: &str, code: i32, said: &str) {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.err.contains(said), "{}", ran.err);
        assert_eq!(
            ran.out, "",
            "results go to standard output, refusals do not"
        );
    }
}
