//! The readers of foreign bytes, each tried on many inputs that are made of small examples.
//!
//! ```text
//! cargo test --test fuzz                              all targets, for 2 seconds together
//! cargo test --test fuzz -- document keys             these targets
//! FUZZ_SECONDS=600 FUZZ_SEED=7 cargo test --test fuzz longer, and with other inputs
//! cargo test --test fuzz -- repeat document FILE      one input again
//! ```
//!
//! Examples are in `tests/fuzz/seeds/`, a folder for each target; an input that gives an answer of
//! a kind not seen before is an example as well, from then on. Inputs are made by `mutate.rs`,
//! what must hold is in `targets/`. Each target runs in a process of its own, so that an abort, a
//! stack overflow and an endless loop are found like a panic. Builds on stable Rust, and needs
//! neither instrumentation nor a crate.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is there to print"
)]

mod campaign;
mod mutate;
mod targets;

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use flagdeck_core::diff::documents::thousands;

use self::campaign::Outcome;
use self::targets::{TARGETS, Target};

/// For all targets together, if nothing else is said.
const SECONDS: u64 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["worker", target, millis, seed] => worker(target, millis, seed),
        ["repeat", target, file] => repeat(target, Path::new(file)),
        _ => all(&words),
    }
}

/// Tries the targets that are named, or all of them.
fn all(words: &[&str]) -> ExitCode {
    let is_named = |target: &Target| words.iter().any(|word| target.name.contains(word));
    // Options are those of the usual test harness, which `cargo test` passes to every test.
    let names_any = words.iter().any(|word| !word.starts_with('-'));
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| !names_any || is_named(target))
        .collect();
    let time = number("FUZZ_SECONDS");
    if chosen.is_empty() && time.is_some() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("fuzz: no such target; there are {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    let started = Instant::now();
    let seconds = time.unwrap_or(SECONDS);
    let seed = number("FUZZ_SEED").unwrap_or(1);
    let each = Duration::from_secs(seconds) / chosen.len().max(1) as u32;
    let (mut inputs, mut failed) = (0, 0);
    for target in &chosen {
        match campaign::supervise(target, each, seed) {
            Outcome::Held { inputs: tried } => inputs += tried,
            Outcome::Failed => failed += 1,
        }
    }
    println!(
        "fuzz: {} inputs, targets: {}, {:.1} s, seed {seed}",
        thousands(inputs),
        chosen.len(),
        started.elapsed().as_secs_f64()
    );
    println!("{} passed, {failed} failed", chosen.len() - failed);
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Tries one target in this process; the parent reads what it prints.
fn worker(target: &str, millis: &str, seed: &str) -> ExitCode {
    let parsed = (Target::find(target), millis.parse(), seed.parse());
    let (Some(target), Ok(millis), Ok(seed)) = parsed else {
        eprintln!("usage: fuzz worker TARGET MILLISECONDS SEED");
        return ExitCode::FAILURE;
    };
    campaign::work(target, Duration::from_millis(millis), seed)
}

/// Tries one input, with the message of its panic.
fn repeat(target: &str, file: &Path) -> ExitCode {
    let (Some(found), Ok(input)) = (Target::find(target), std::fs::read(file)) else {
        eprintln!("there is no target {target}, or no file {}", file.display());
        return ExitCode::FAILURE;
    };
    let started = Instant::now();
    (found.check)(&input);
    println!(
        "{target} holds for {} in {:?}",
        file.display(),
        started.elapsed()
    );
    ExitCode::SUCCESS
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a whole number, not {text}")),
    )
}
