//! Two servers on one folder and commands beside them, any of which may be killed while it works.

use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::ledger::{Programs, Request};
use crate::program::{Serving, flagctl, send};
use crate::round::Round;

/// One in so many steps a program is killed in.
const KILL_ONE_IN: usize = 3;
const KILL_AFTER_US_MAX: u64 = 8_000;
/// Until a write counts as refused for good.
const TRIES_MAX: usize = 20;

pub struct Servers([Serving; 2]);

impl Programs for Servers {
    /// What may be sent again is, until it is acknowledged.
    fn send(&mut self, round: &mut Round, request: &Request) -> Option<String> {
        if !request.is_repeatable {
            return self.attempt(round, request);
        }
        let acknowledged = (0..TRIES_MAX).find_map(|_| self.attempt(round, request));
        assert!(
            acknowledged.is_some(),
            "{request:?} was refused {TRIES_MAX} times"
        );
        acknowledged
    }

    /// Runs a command, which may be killed while it works.
    fn command(&mut self, round: &mut Round, arguments: &str) -> Option<Value> {
        let mut child = flagctl(&round.data(), &format!("{arguments} --json"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("flagctl starts");
        if let Some(delay) = kill_after(round) {
            // A real pause: it is killed at any moment, which nothing tells of.
            thread::sleep(delay);
            // Fails only if it has ended already.
            let _ = child.kill();
            round.counts.kills += 1;
        }
        let output = child.wait_with_output().expect("it ends");
        serde_json::from_slice(&output.stdout).ok()
    }
}

impl Servers {
    pub fn start(data: &Path) -> Self {
        Self([Serving::start(data), Serving::start(data)])
    }

    /// Returns one of them.
    pub fn any(&self, round: &mut Round) -> &Serving {
        &self.0[round.rng.usize(0..2)]
    }

    /// Sends a request to one of the servers, which may be killed while it works.
    fn attempt(&mut self, round: &mut Round, request: &Request) -> Option<String> {
        let server = &mut self.0[round.rng.usize(0..2)];
        let (address, token) = (server.address.clone(), server.token.clone());
        let request = request.clone();
        let sending = thread::spawn(move || {
            let Request {
                method,
                path,
                headers,
                body,
                ..
            } = &request;
            send(&address, &token, method, path, headers, body)
        });
        if let Some(delay) = kill_after(round) {
            // A real pause: it is killed at any moment, which nothing tells of.
            thread::sleep(delay);
            server.kill();
            *server = Serving::start(&round.data());
            round.counts.kills += 1;
        }
        sending.join().expect("sending does not panic").ok()
    }
}

fn kill_after(round: &mut Round) -> Option<Duration> {
    let kills = round.rng.usize(0..KILL_ONE_IN) == 0;
    let delay = Duration::from_micros(round.rng.u64(0..KILL_AFTER_US_MAX));
    kills.then_some(delay)
}
