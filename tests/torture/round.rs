//! One round of a rig: its choices, its data folder, what was counted and what was found.

use fastrand::Rng;
use tempfile::TempDir;

/// What the rounds of a rig came to.
#[derive(Debug, Default)]
pub struct Counts {
    pub rounds: u64,
    pub kills: u64,
    pub flips: u64,
    pub acknowledged: u64,
    /// Acknowledged, and not there afterwards, or there twice.
    pub lost: u64,
    /// Damage that was said.
    pub told: u64,
    /// Answers that differ from the right ones without a word.
    pub silent: u64,
    /// Silent ones of a kind that is known (see `rigs/flip.rs`).
    pub known: u64,
    /// Rounds that panicked.
    pub broken: u64,
}

impl Counts {
    pub fn heading() -> String {
        "  rounds    kills    flips  acknowledged  lost   told  silent  known  broken".to_owned()
    }

    pub fn row(&self) -> String {
        format!(
            "{:>8} {:>8} {:>8} {:>13} {:>5} {:>6} {:>7} {:>6} {:>7}",
            self.rounds,
            self.kills,
            self.flips,
            self.acknowledged,
            self.lost,
            self.told,
            self.silent,
            self.known,
            self.broken
        )
    }

    pub fn held(&self) -> bool {
        self.lost == 0 && self.silent == 0 && self.broken == 0
    }
}

pub struct Round<'a> {
    pub rng: Rng,
    pub folder: TempDir,
    pub counts: &'a mut Counts,
    pub findings: Vec<String>,
}

impl<'a> Round<'a> {
    pub fn new(seed: u64, counts: &'a mut Counts) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            folder: tempfile::tempdir().expect("a folder can be made"),
            counts,
            findings: Vec::new(),
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
