//! The built programs tortured: killed, damaged, with failing system calls, on full disks and by
//! wrong clocks, and held to what they acknowledged.
//!
//! ```text
//! make torture                                        every rig, for a minute together
//! make torture SECONDS=1800 SEED=7 RIG=flip           one rig, longer, with other choices
//! make torture SEED=1234 RIG=flip ROUNDS=1            one round again
//! ```
//!
//! A rig is a function that tries one round on a data folder of its own, with choices that follow
//! from a seed; the next round has the next seed. Nothing acknowledged may be lost, and damage is
//! told: an answer that differs from the right one without a word is silent. Before its rounds,
//! every rig runs a control: a round with lies planted in its records, all of which it has to find.
//! Power cuts need LazyFS, a file system that forgets what was not synced; that rig is skipped, and
//! says how to get it, if it is not there.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is there to print"
)]

mod lazyfs;
mod ledger;
#[path = "../support/restores.rs"]
mod model;
mod place;
mod program;
mod rig;
mod round;
mod servers;
mod strace;
mod rigs {
    pub mod clock;
    pub mod disk;
    pub mod fault;
    pub mod flip;
    pub mod kill;
    pub mod power;
    pub mod restore;
}

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use self::rig::{Limits, Place, Rig, Tried};
use self::round::Counts;

/// For all rigs together, if nothing else is said.
const SECONDS: u64 = 12;

const RIGS: [Rig; 7] = [
    Rig {
        name: "kill",
        skipped: || None,
        place: Place::Folder,
        round: rigs::kill::round,
    },
    Rig {
        name: "fault",
        skipped: rigs::fault::skipped,
        place: Place::Folder,
        round: rigs::fault::round,
    },
    Rig {
        name: "disk",
        skipped: rigs::disk::skipped,
        place: Place::SmallDisk,
        round: rigs::disk::round,
    },
    Rig {
        name: "clock",
        skipped: || None,
        place: Place::Folder,
        round: rigs::clock::round,
    },
    Rig {
        name: "restore",
        skipped: || None,
        place: Place::Folder,
        round: rigs::restore::round,
    },
    Rig {
        name: "flip",
        skipped: || None,
        place: Place::Folder,
        round: rigs::flip::round,
    },
    Rig {
        name: "power",
        skipped: rigs::power::skipped,
        place: Place::Folder,
        round: rigs::power::round,
    },
];

fn main() -> ExitCode {
    if let Some(ordered) = place::ordered() {
        let rig = RIGS.iter().find(|rig| rig.name == ordered.rig);
        ordered.run(rig.expect("a rig of this program").round);
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = env::args().skip(1).collect();
    // Options are those of the usual test harness, which `cargo test` passes to every test.
    let named: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let is_named = |rig: &&Rig| named.is_empty() || named.iter().any(|name| *name == rig.name);
    let chosen: Vec<&Rig> = RIGS.iter().filter(is_named).collect();
    if chosen.is_empty() {
        // A filter that is meant for the tests of another target.
        let names = RIGS.map(|rig| rig.name).join(", ");
        println!("torture: no such rig; there are {names}");
        return match env::var_os("TORTURE_SECONDS") {
            Some(_) => ExitCode::FAILURE,
            None => ExitCode::SUCCESS,
        };
    }
    let possible: Vec<&Rig> = chosen.into_iter().filter(|rig| is_possible(rig)).collect();
    let seconds = number("TORTURE_SECONDS").unwrap_or(SECONDS);
    let limits = Limits {
        time: Duration::from_secs(seconds) / possible.len().max(1) as u32,
        rounds_max: number("TORTURE_ROUNDS"),
        seed: number("TORTURE_SEED").unwrap_or(1),
    };
    let tried: Vec<Tried> = possible.iter().map(|rig| rig.run(&limits)).collect();
    tell(&tried, limits.seed)
}

/// Returns whether a rig can run here; says why not.
fn is_possible(rig: &Rig) -> bool {
    let skipped = (rig.skipped)();
    if let Some(reason) = skipped {
        println!("torture {}: skipped: {reason}", rig.name);
    }
    skipped.is_none()
}

/// Prints one table, and returns whether all held.
fn tell(tried: &[Tried], seed: u64) -> ExitCode {
    println!("{:<8} {}", "rig", Counts::heading());
    for rig in tried {
        println!("{:<8} {}", rig.name, rig.counts.row());
    }
    let failed: Vec<&Tried> = tried.iter().filter(|rig| !rig.held()).collect();
    for rig in &failed {
        rig.tell_how_to_repeat();
    }
    println!(
        "torture: {} rigs, {} failed, seed {seed}",
        tried.len(),
        failed.len()
    );
    match failed.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok().filter(|text| !text.is_empty())?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a whole number, not {text}")),
    )
}
