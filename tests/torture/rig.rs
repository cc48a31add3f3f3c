//! A rig: its control, then its rounds until the time is over, and what they came to.

use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use crate::place::run_on_small_disk;
use crate::round::{Counts, Round};

/// How often a rig tells how far it is, at most.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// How many rounds are named that are worth repeating.
const REPEATS_MAX: usize = 5;

/// How many findings of a round are printed, and how much of each.
const FINDINGS_MAX: usize = 5;
const FINDING_CHARS_MAX: usize = 800;

/// A way to torture.
pub struct Rig {
    pub name: &'static str,
    /// Returns why it cannot run here; `None` if it can.
    pub skipped: fn() -> Option<&'static str>,
    pub place: Place,
    pub round: fn(&mut Round),
}

/// Where a rig has its folders.
pub enum Place {
    Folder,
    SmallDisk,
}

/// How long a rig runs, and with which choices.
pub struct Limits {
    pub time: Duration,
    /// `None` for as many as the time allows.
    pub rounds_max: Option<u64>,
    /// Of the first round.
    pub seed: u64,
}

/// A rig that was run.
pub struct Tried {
    pub name: &'static str,
    pub counts: Counts,
    /// Whether the control found every lie that was planted.
    is_seeing: bool,
    /// The seeds of the rounds that found something.
    found: Vec<u64>,
}

impl Rig {
    /// Tries rounds until the time is over; at least one.
    pub fn run(&self, limits: &Limits) -> Tried {
        // One round that is repeated needs no control.
        let is_seeing = limits.rounds_max.is_some() || self.finds_lies(limits.seed);
        let mut tried = Tried {
            name: self.name,
            counts: Counts::default(),
            is_seeing,
            found: Vec::new(),
        };
        let rounds_max = limits.rounds_max.unwrap_or(u64::MAX);
        let deadline = Instant::now() + limits.time;
        let mut told = Instant::now();
        while tried.counts.rounds < rounds_max
            && (tried.counts.rounds == 0 || Instant::now() < deadline)
        {
            let seed = limits.seed.wrapping_add(tried.counts.rounds);
            self.try_round(seed, &mut tried);
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                println!("torture {}: {}", self.name, tried.counts.progress());
            }
        }
        tried
    }

    fn try_round(&self, seed: u64, tried: &mut Tried) {
        tried.counts.rounds += 1;
        let mut round = Round::new(seed, false);
        let is_whole = self.attempt(&mut round);
        tried.counts.add(&round.counts);
        tried.counts.broken += u64::from(!is_whole);
        self.tell_of(&round);
        if !is_whole || !round.findings.is_empty() {
            tried.found.push(seed);
        }
    }

    fn tell_of(&self, round: &Round) {
        for finding in round.findings.iter().take(FINDINGS_MAX) {
            let finding: String = finding.chars().take(FINDING_CHARS_MAX).collect();
            println!("torture {}, seed {}: {finding}", self.name, round.seed);
        }
        let more = round.findings.len().saturating_sub(FINDINGS_MAX);
        if more > 0 {
            println!("  and {more} more");
        }
    }

    /// Runs a round with lies planted, and returns whether it found as many at least.
    fn finds_lies(&self, seed: u64) -> bool {
        let mut round = Round::new(seed, true);
        let is_whole = self.attempt(&mut round);
        let (planted, found) = (round.planted, round.findings.len() as u64);
        let is_seeing = is_whole && planted > 0 && found >= planted;
        if is_seeing {
            println!("torture {}: control found {planted} lies", self.name);
        } else {
            println!(
                "torture {}: BLIND, its control found {found} of {planted} lies: {:#?}",
                self.name, round.findings
            );
        }
        is_seeing
    }

    /// Runs a round; returns whether it came to its end.
    fn attempt(&self, round: &mut Round) -> bool {
        match self.place {
            Place::Folder => panic::catch_unwind(AssertUnwindSafe(|| (self.round)(round))).is_ok(),
            Place::SmallDisk => run_on_small_disk(self.name, round),
        }
    }
}

impl Tried {
    pub fn held(&self) -> bool {
        self.is_seeing && self.counts.held()
    }

    pub fn tell_how_to_repeat(&self) {
        for seed in self.found.iter().take(REPEATS_MAX) {
            println!(
                "  again: make torture RIG={} SEED={seed} ROUNDS=1",
                self.name
            );
        }
    }
}
