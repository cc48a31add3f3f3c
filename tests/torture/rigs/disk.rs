//! A disk that is full when programs start, fills while they run, and has room again: all three
//! databases go on without a restart, what was refused was said, and nothing acknowledged is lost.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::ledger::{Ledger, Programs, Request};
use crate::place::can_mount;
use crate::program::{Serving, flagctl, run, token};
use crate::round::Round;

const STEPS: usize = 32;

/// How much room is left at most when the disk is said to be nearly full.
const BYTES_LEFT_MAX: u64 = 96 * 1024;

/// Until what was full has to be accepted again: a program tries each second.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn skipped() -> Option<&'static str> {
    (!can_mount()).then_some("this machine lets no process mount a disk")
}

pub fn round(round: &mut Round) {
    let ballast = round.folder.join("ballast");
    if round.rng.bool() {
        // Otherwise the folder has yet to be made when the disk may be full.
        let output = run(&round.data(), "master on");
        assert!(output.status.success(), "{output:?}");
    }
    if round.rng.bool() {
        fill(round, &ballast, 0);
    }
    let mut programs = OnDisk(start(round, &ballast));
    let mut ledger = Ledger::new();
    for step in 1..=round.steps(STEPS) {
        match round.rng.u8(0..8) {
            0 => fill(round, &ballast, 0),
            1 => {
                let left = round.rng.u64(0..BYTES_LEFT_MAX);
                fill(round, &ballast, left);
            }
            2 => free(&ballast),
            _ => ledger.write(round, &mut programs, step),
        }
    }
    free(&ballast);
    go_on(round, &mut programs, &mut ledger);
    match round.rng.bool() {
        true => programs.0.end(),
        false => round.counts.kills += 1,
    }
    drop(programs);
    ledger.check(round);
}

/// Fills the disk but for so many bytes.
fn fill(round: &mut Round, ballast: &Path, left: u64) {
    round.counts.faults += 1;
    let mut file = File::create(ballast).expect("a name takes no room");
    while file.write(&[0; 4096]).is_ok() {}
    let bytes = file.metadata().expect("it is open").len();
    file.set_len(bytes.saturating_sub(left))
        .expect("it can be cut");
}

fn free(ballast: &Path) {
    match fs::remove_file(ballast) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => panic!("{error}"),
        _ => {}
    }
}

/// Starts a server. On a full disk it may refuse to start if it says so, and then has to start
/// once there is room.
fn start(round: &mut Round, ballast: &Path) -> Serving {
    if let Some(serving) = try_to_start(round) {
        return serving;
    }
    round.counts.told += 1;
    free(ballast);
    try_to_start(round).expect("it starts on a disk with room")
}

fn try_to_start(round: &mut Round) -> Option<Serving> {
    let mut command = flagctl(&round.data(), "serve --port 0");
    let errors = errors_of_server(round);
    // On another disk.
    let said = File::create(&errors).expect("a file can be made");
    command.stderr(said);
    let serving = Serving::run(command, &round.data());
    let said = fs::read_to_string(errors).unwrap_or_default();
    if serving.is_none() && !said.contains("disk") {
        round.silent(&format!("serve ended on a full disk: {said:?}"));
    }
    serving
}

fn errors_of_server(round: &Round) -> PathBuf {
    round.folder.with_extension("serve.err")
}

/// Waits until everything is accepted again, without a restart.
fn go_on(round: &mut Round, programs: &mut OnDisk, ledger: &mut Ledger) {
    let began = Instant::now();
    let mut steps = 1000..;
    for write in [Ledger::set_percentage, Ledger::put_state, Ledger::report] {
        let is_accepted = |round: &mut Round| {
            let before = round.counts.acknowledged;
            let step = steps.next().expect("numbers do not end");
            write(ledger, round, programs, step);
            round.counts.acknowledged > before
        };
        if !until(is_accepted, round, began) {
            let said = fs::read_to_string(errors_of_server(round)).unwrap_or_default();
            let last = said.lines().last().unwrap_or_default();
            round.silent(&format!(
                "refused on a disk with room again; serve said {last}"
            ));
            return;
        }
    }
}

fn until(mut is_so: impl FnMut(&mut Round) -> bool, round: &mut Round, began: Instant) -> bool {
    while !is_so(round) {
        if began.elapsed() > PATIENCE {
            return false;
        }
        // A real pause, from one try to the next.
        thread::sleep(Duration::from_millis(50));
    }
    true
}

/// A server and commands on a disk that may be full.
struct OnDisk(Serving);

impl Programs for OnDisk {
    fn send(&mut self, round: &mut Round, request: &Request) -> Option<String> {
        if self.0.token.is_empty() {
            // There was no room for one when the server was started.
            self.0.token = token(&round.data());
        }
        let Request {
            method,
            path,
            headers,
            body,
            ..
        } = request;
        let error = match self.0.send(method, path, headers, body) {
            Ok(answer) => return Some(answer),
            Err(error) => error.to_string(),
        };
        refused(round, &format!("{method} {path}"), &error);
        None
    }

    fn command(&mut self, round: &mut Round, arguments: &str) -> Option<Value> {
        let mut command = flagctl(&round.data(), &format!("{arguments} --json"));
        let output = command.stderr(Stdio::piped()).output();
        let output = output.expect("flagctl starts");
        if !output.status.success() {
            refused(round, arguments, &String::from_utf8_lossy(&output.stderr));
            return None;
        }
        serde_json::from_slice(&output.stdout).ok()
    }
}

/// Counts a refusal, which has to say that it is about the disk, or that there is no state
/// or token yet.
fn refused(round: &mut Round, what: &str, said: &str) {
    round.counts.told += 1;
    let is_known = ["disk", "read_only", "not_found", "unauthorized"];
    if !is_known.iter().any(|word| said.contains(word)) {
        round.silent(&format!("{what} refused with {said:?}"));
    }
}
