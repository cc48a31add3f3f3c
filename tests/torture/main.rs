//! The built `flagctl` tortured: killed and damaged at random, and held to what it acknowledged.
//!
//! ```text
//! make torture                                        every rig, for a minute together
//! make torture SECONDS=1800 SEED=7 RIG=flip           one rig, longer, with other choices
//! make torture SEED=1234 RIG=flip ROUNDS=1            one round again
//! ```
//!
//! A rig is a function that tries one round on a data folder of its own, with choices that follow
//! from a seed; the next round has the next seed. Nothing acknowledged may be lost, and damage is
//! told: an answer that differs from the right one without a word is silent.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is there to print"
)]

mod program;
mod round;
mod rigs {
    pub mod flip;
    pub mod kill;
}

use std::env;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use self::round::{Counts, Round};

/// For all rigs together, if nothing else is said.
const SECONDS: u64 = 4;

/// A way to torture.
struct Rig {
    name: &'static str,
    round: fn(&mut Round),
}

const RIGS: [Rig; 2] = [
    Rig {
        name: "kill",
        round: rigs::kill::round,
    },
    Rig {
        name: "flip",
        round: rigs::flip::round,
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    // Options are those of the usual test harness, which `cargo test` passes to every test.
    let named: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let is_named = |rig: &&Rig| named.is_empty() || named.iter().any(|name| *name == rig.name);
    let chosen: Vec<&Rig> = RIGS.iter().filter(is_named).collect();
    if chosen.is_empty() {
        // A filter that is meant for the tests of another target.
        println!("torture: no such rig; there are {}", names());
        return match env::var_os("TORTURE_SECONDS") {
            Some(_) => ExitCode::FAILURE,
            None => ExitCode::SUCCESS,
        };
    }
    let seconds = number("TORTURE_SECONDS").unwrap_or(SECONDS);
    let seed = number("TORTURE_SEED").unwrap_or(1);
    let each = Duration::from_secs(seconds) / chosen.len() as u32;
    let tried: Vec<(&str, Counts)> = chosen
        .iter()
        .map(|rig| (rig.name, run(rig, each, seed)))
        .collect();
    tell(&tried, seed)
}

/// Tries rounds until the time is over; at least one.
fn run(rig: &Rig, time: Duration, seed: u64) -> Counts {
    let deadline = Instant::now() + time;
    let rounds_max = number("TORTURE_ROUNDS").unwrap_or(u64::MAX);
    let mut counts = Counts::default();
    while counts.rounds < rounds_max && (counts.rounds == 0 || Instant::now() < deadline) {
        let seed = seed.wrapping_add(counts.rounds);
        counts.rounds += 1;
        let mut round = Round::new(seed, &mut counts);
        let ended = panic::catch_unwind(AssertUnwindSafe(|| (rig.round)(&mut round)));
        if ended.is_err() {
            round.counts.broken += 1;
        }
        let findings = std::mem::take(&mut round.findings);
        for finding in &findings {
            println!("torture {}: {finding}", rig.name);
        }
        if ended.is_err() || !findings.is_empty() {
            println!(
                "  again: make torture RIG={} SEED={seed} ROUNDS=1",
                rig.name
            );
        }
    }
    counts
}

/// Prints one table, and says whether all held.
fn tell(tried: &[(&str, Counts)], seed: u64) -> ExitCode {
    println!("{:<8} {}", "rig", Counts::heading());
    for (name, counts) in tried {
        println!("{name:<8} {}", counts.row());
    }
    let failed = tried.iter().filter(|(_, counts)| !counts.held()).count();
    println!(
        "torture: {} rigs, {failed} failed, seed {seed}",
        tried.len()
    );
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn names() -> String {
    RIGS.map(|rig| rig.name).join(", ")
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok().filter(|text| !text.is_empty())?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a whole number, not {text}")),
    )
}
