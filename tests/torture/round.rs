//! One round of a rig: its choices, its data folder, what was counted and what was found.

use std::path::PathBuf;

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// What the rounds of a rig came to.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    pub rounds: u64,
    pub kills: u64,
    /// System calls that failed, times a disk was filled, and clocks that were set wrong.
    pub faults: u64,
    pub flips: u64,
    pub acknowledged: u64,
    /// Acknowledged, and not there afterwards, or there twice.
    pub lost: u64,
    /// Damage or refusal that was said.
    pub told: u64,
    /// Answers that differ from the right ones without a word.
    pub silent: u64,
    /// Rounds that panicked.
    pub broken: u64,
}

impl Counts {
    pub fn heading() -> String {
        "  rounds    kills   faults    flips  acknowledged  lost    told  silent  broken".to_owned()
    }

    pub fn row(&self) -> String {
        format!(
            "{:>8} {:>8} {:>8} {:>8} {:>13} {:>5} {:>7} {:>7} {:>7}",
            self.rounds,
            self.kills,
            self.faults,
            self.flips,
            self.acknowledged,
            self.lost,
            self.told,
            self.silent,
            self.broken
        )
    }

    /// Says in a line how far a rig is.
    pub fn progress(&self) -> String {
        format!(
            "{} rounds, {} acknowledged, {} lost, {} told, {} silent",
            self.rounds, self.acknowledged, self.lost, self.told, self.silent
        )
    }

    pub fn held(&self) -> bool {
        self.lost == 0 && self.silent == 0 && self.broken == 0
    }

    pub fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.faults += other.faults;
        self.flips += other.flips;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.told += other.told;
        self.silent += other.silent;
    }
}

pub struct Round {
    pub seed: u64,
    pub rng: Rng,
    pub folder: PathBuf,
    /// Removes the folder in the end, if it is one of this process.
    made: Option<TempDir>,
    pub counts: Counts,
    pub findings: Vec<String>,
    pub is_control: bool,
    /// Lies that the rig has to find.
    pub planted: u64,
}

impl Round {
    /// Makes one on a folder of its own. The rig of a control plants lies, to show that it finds
    /// them.
    pub fn new(seed: u64, is_control: bool) -> Self {
        let made = tempfile::tempdir().expect("a folder can be made");
        let mut round = Self::on(made.path().to_owned(), seed, is_control);
        round.made = Some(made);
        round
    }

    /// Makes one on a folder that is there.
    pub fn on(folder: PathBuf, seed: u64, is_control: bool) -> Self {
        Self {
            seed,
            rng: Rng::with_seed(seed),
            folder,
            made: None,
            counts: Counts::default(),
            findings: Vec::new(),
            is_control,
            planted: 0,
        }
    }

    /// Returns the data folder of the programs.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Returns whether to plant a lie here, which is then to be found.
    pub fn plants(&mut self) -> bool {
        self.planted += u64::from(self.is_control);
        self.is_control
    }

    /// Returns how many steps to take of the usual number: few in a control, which is to be cheap.
    pub fn steps(&self, usual: usize) -> usize {
        match self.is_control {
            true => usual.div_ceil(4),
            false => usual,
        }
    }

    /// Counts what was acknowledged and is not there exactly once.
    pub fn lost(&mut self, what: &str) {
        self.counts.lost += 1;
        self.findings.push(format!("lost: {what}"));
    }

    /// Counts an answer that differs without a word.
    pub fn silent(&mut self, what: &str) {
        self.counts.silent += 1;
        self.findings.push(format!("silent: {what}"));
    }
}
