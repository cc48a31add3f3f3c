//! System calls that fail in a server or in the commands beside it, while they read and write.
//!
//! A failure is an answer: nothing panics, no file is moved to quarantine, and no answer differs
//! from the right one without a word. What was acknowledged is there when calls do not fail any
//! more.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::ledger::{Ledger, Programs, Request};
use crate::program::{Answer, QUESTIONS, Serving, flagctl, run};
use crate::round::Round;
use crate::strace::{self, Fault};

const STEPS: usize = 16;

/// How many times as many calls a server makes as a command.
const CALLS_OF_SERVER: u32 = 8;

pub fn skipped() -> Option<&'static str> {
    (!strace::is_there()).then_some("strace is missing (apt install strace), or may not trace")
}

pub fn round(round: &mut Round) {
    prepare(round);
    let mut programs = Faulty::start(round);
    let mut ledger = Ledger::new();
    ledger.put_state(round, &mut programs, 0);
    for step in 1..=round.steps(STEPS) {
        match round.rng.u8(0..4) {
            0 => ask(round),
            _ => ledger.write(round, &mut programs, step),
        }
    }
    programs.end(round);
    check_quarantine(round);
    ledger.check(round);
}

/// Makes a folder with something in every database.
fn prepare(round: &mut Round) {
    let data = round.data();
    for arguments in [
        "master on",
        "state set ml.n 1 --source first",
        "snapshot take",
        "state set ml.n 2 --source first",
        "snapshot take",
        "snapshot restore 1",
        "backup make",
    ] {
        let output = run(&data, arguments);
        assert!(output.status.success(), "{arguments}: {output:?}");
    }
}

/// A server and commands, calls of one or the other of which fail.
struct Faulty {
    data: PathBuf,
    /// `None` once it has ended by itself.
    serving: Option<Serving>,
    /// What fails in the server; in commands something does if this is `None`.
    in_server: Option<Fault>,
}

impl Faulty {
    fn start(round: &mut Round) -> Self {
        let data = round.data();
        let is_in_server = round.rng.bool();
        let in_server = is_in_server.then(|| Fault::any(&mut round.rng, CALLS_OF_SERVER));
        let errors = File::create(errors_of_server(&data)).expect("a file can be made");
        let mut command = match &in_server {
            Some(fault) => fault.flagctl(&data, &strace::log_beside(&data), SERVE, true),
            None => flagctl(&data, SERVE),
        };
        command.stderr(errors);
        let faulty = Self {
            serving: Serving::run(command, &data),
            in_server,
            data,
        };
        if faulty.serving.is_none() {
            faulty.check_end(round);
        }
        faulty
    }

    /// Ends the server, and looks at what it said and how it was traced.
    fn end(mut self, round: &mut Round) {
        self.note_end(round);
        match self.serving.take() {
            Some(mut serving) if round.rng.bool() => serving.end(),
            // Killed.
            Some(serving) => {
                drop(serving);
                round.counts.kills += 1;
            }
            None => {}
        }
        let said = fs::read_to_string(errors_of_server(&self.data)).unwrap_or_default();
        if let Some(fault) = &self.in_server {
            round.counts.faults += strace::failures(&strace::log_beside(&self.data));
            check_words(round, &format!("serve, {fault}"), &said);
        }
    }

    /// Notes if the server has ended by itself.
    fn note_end(&mut self, round: &mut Round) {
        if self.serving.as_mut().and_then(Serving::ended).is_some() {
            self.serving = None;
            self.check_end(round);
        }
    }

    /// A server that ends by itself says why.
    fn check_end(&self, round: &mut Round) {
        round.counts.told += 1;
        let said = fs::read_to_string(errors_of_server(&self.data)).unwrap_or_default();
        if said.is_empty() {
            round.silent(&format!("serve ended, {:?}", self.in_server));
        }
    }
}

const SERVE: &str = "serve --port 0";

fn errors_of_server(data: &Path) -> PathBuf {
    data.with_file_name("serve.err")
}

impl Programs for Faulty {
    fn send(&mut self, round: &mut Round, request: &Request) -> Option<String> {
        let answered = {
            let serving = self.serving.as_ref()?;
            let Request {
                method,
                path,
                headers,
                body,
                ..
            } = request;
            serving.send(method, path, headers, body)
        };
        match answered {
            Ok(answer) => return Some(answer),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                round.silent(&format!("no answer to {request:?}, {:?}", self.in_server));
            }
            // Refused in words, or the server has ended.
            Err(_) => round.counts.told += 1,
        }
        self.note_end(round);
        None
    }

    fn command(&mut self, round: &mut Round, arguments: &str) -> Option<Value> {
        let arguments = format!("{arguments} --json");
        let output = match self.in_server {
            Some(_) => run(&self.data, &arguments),
            None => run_with_fault(round, &arguments).0,
        };
        let answer = serde_json::from_slice(&output.stdout);
        answer.ok().filter(|_| output.status.success())
    }
}

/// Asks something while calls fail: the answer is right, or not without a word.
fn ask(round: &mut Round) {
    let question = QUESTIONS[round.rng.usize(0..QUESTIONS.len())];
    let right = Answer::of(&run(&round.data(), question));
    let (output, fault) = run_with_fault(round, question);
    let mut answer = Answer::of(&output);
    if round.plants() {
        answer = Answer {
            out: "never said".to_owned(),
            is_told: false,
        };
    }
    // A server takes snapshots on schedule, and then either is right.
    let later = Answer::of(&run(&round.data(), question));
    if answer.is_silently_not(&right) && answer.is_silently_not(&later) {
        let difference = difference(&answer.out, &right.out);
        round.silent(&format!("{question}, {fault}: {difference}"));
    }
}

/// Returns the first lines in which two texts differ.
fn difference(one: &str, other: &str) -> String {
    let (mut one, mut other) = (one.lines(), other.lines());
    loop {
        match (one.next(), other.next()) {
            (one, other) if one == other && one.is_some() => {}
            (one, other) => {
                return format!(
                    "{:?}, and not {:?}",
                    one.unwrap_or_default(),
                    other.unwrap_or_default()
                );
            }
        }
    }
}

/// Runs a command, some calls of which fail.
fn run_with_fault(round: &mut Round, arguments: &str) -> (Output, Fault) {
    let data = round.data();
    let log = strace::log_beside(&data).with_extension("command");
    let fault = Fault::any(&mut round.rng, 1);
    let mut command = fault.flagctl(&data, &log, arguments, false);
    let output = command.stderr(Stdio::piped()).output();
    let output = output.expect("strace starts");
    round.counts.faults += strace::failures(&log);
    round.counts.told += u64::from(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    check_words(round, &format!("{arguments}, {fault}"), &said);
    // Without a code it was killed: by itself, or because it took too long.
    let is_killed = output.status.code().is_none_or(|code| code == 128 + 9);
    if is_killed || !output.status.success() && said.is_empty() {
        let status = output.status;
        round.silent(&format!("{arguments}, {fault}: {status} without a word"));
    }
    (output, fault)
}

fn check_words(round: &mut Round, what: &str, said: &str) {
    let is_wrong = said.contains("panicked") || said.contains("damaged:");
    if is_wrong || round.plants() {
        round.silent(&format!("{what}: {said}"));
    }
}

fn check_quarantine(round: &mut Round) {
    let quarantine = round.data().join("quarantine");
    if round.plants() {
        fs::create_dir_all(&quarantine).expect("a folder can be made");
        fs::write(quarantine.join("planted.db"), "").expect("a file can be written");
    }
    let entries = fs::read_dir(quarantine).into_iter().flatten();
    for entry in entries.flatten() {
        let name = entry.file_name();
        round.lost(&format!("{} is in quarantine", name.display()));
    }
}
