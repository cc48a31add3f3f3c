//! Rollouts that never were, to tell how often a guard stops a healthy one, and how soon a harmful
//! one. The numbers are drawn by the caller: the same draws give the same rollouts.

use super::strict::Strict;
use super::{Action, Block, Counts, Guard, Rules};

/// What happens to calculations besides the rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Nothing: each one fails with the same probability.
    Even,
    /// Some users fail ten times as often as others.
    Uneven,
    /// The same, and some users make most of the calculations: the tests take calculations as
    /// independent of each other, and a few heavy users who fail more often are not.
    Frequent,
    /// Now and then both arms fail ten times as often for a while.
    Bursts,
    /// The failures of both arms triple, and the share of exposed users grows fivefold, by and by.
    Drift,
    /// The share of exposed users grows in steps: 5, 10, 25, 50 %.
    Ramp,
}

/// A rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What happens besides.
    pub setting: Setting,
    /// The probability that a calculation fails, of others and of exposed users: 0.0 to 1.0.
    pub control: f64,
    /// The same of exposed users.
    pub exposed: f64,
    /// The share of users who are exposed, where the setting does not say: 0.0 to 1.0.
    pub share: f64,
    /// Calculations of both arms until it ends.
    pub calculations: u64,
    /// Calculations of a block: it ends with the first one from there on at which both arms are in
    /// it.
    pub block: u64,
}

/// Who decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Judge {
    /// The tests.
    Guard(Rules),
    /// The bare threshold, over this share.
    Strict(f64),
}

/// Draws a number of 0.0 to 1.0, without 1.0.
pub type Draw<'a> = dyn FnMut() -> f64 + 'a;

/// Users of an uneven rollout.
const USERS: usize = 2000;

/// The part of them that fails ten times as often.
const FRAIL: f64 = 0.05;

/// The probability that a burst begins with a calculation, and that it ends.
const BURST_BEGINS: f64 = 1.0 / 1500.0;
const BURST_ENDS: f64 = 1.0 / 150.0;

/// Runs a rollout. Returns how many calculations exposed users had made when it was rolled back;
/// `None` if it was not.
pub fn run(scenario: &Scenario, judge: &Judge, draw: &mut Draw<'_>) -> Option<u64> {
    let mut judging = Judging::new(judge);
    let mut world = World::new(scenario, draw);
    let mut block = Block::default();
    let mut exposed = 0;
    for at in 0..scenario.calculations {
        let (is_exposed, fails) = world.calculate(at, draw);
        let arm = match is_exposed {
            true => &mut block.exposed,
            false => &mut block.control,
        };
        arm.calculations += 1;
        arm.failed += u64::from(fails);
        exposed += u64::from(is_exposed);
        if is_whole(&block, scenario.block) {
            if judging.rolls_back(&block) {
                return Some(exposed);
            }
            block = Block::default();
        }
    }
    None
}

/// Returns whether a block ends here: a rule that does not look at outcomes.
pub fn is_whole(block: &Block, calculations: u64) -> bool {
    let of = |counts: &Counts| counts.calculations;
    let (exposed, control) = (of(&block.exposed), of(&block.control));
    exposed + control >= calculations && exposed > 0 && control > 0
}

enum Judging {
    Guard(Box<Guard>),
    Strict(Strict),
}

impl Judging {
    fn new(judge: &Judge) -> Self {
        match judge {
            Judge::Guard(rules) => Self::Guard(Box::new(Guard::new(rules.clone()))),
            Judge::Strict(limit) => Self::Strict(Strict::new(*limit)),
        }
    }

    fn rolls_back(&mut self, block: &Block) -> bool {
        match self {
            Self::Guard(guard) => guard
                .add(block)
                .is_some_and(|verdict| verdict.action == Action::RollBack),
            Self::Strict(strict) => strict.add(&block.exposed),
        }
    }
}

/// A user of an uneven rollout.
#[derive(Clone, Copy)]
struct User {
    /// Where the user's bucket is, 0.0 to 1.0.
    bucket: f64,
    /// How often the user fails, beside the mean.
    weakness: f64,
}

struct World<'a> {
    scenario: &'a Scenario,
    /// Empty if users are alike.
    users: Vec<User>,
    is_burst: bool,
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario, draw: &mut Draw<'_>) -> Self {
        let count = match scenario.setting {
            Setting::Uneven | Setting::Frequent => USERS,
            _ => 0,
        };
        // The mean is 1.
        let weak = 10.0 / (1.0 + 9.0 * FRAIL);
        let users = (0..count).map(|_| User {
            bucket: draw(),
            weakness: if draw() < FRAIL { weak } else { weak / 10.0 },
        });
        Self {
            scenario,
            users: users.collect(),
            is_burst: false,
        }
    }

    /// Returns whether the next calculation is of an exposed user, and whether it fails.
    fn calculate(&mut self, at: u64, draw: &mut Draw<'_>) -> (bool, bool) {
        let done = at as f64 / self.scenario.calculations as f64;
        let share = self.share(done);
        let (bucket, weakness) = match self.users.len() {
            0 => (draw(), 1.0),
            users => {
                // Those at the beginning of the list come more often, if any do.
                let skew = match self.scenario.setting {
                    Setting::Frequent => draw(),
                    _ => 1.0,
                };
                let user = self.users[(draw() * skew * users as f64) as usize];
                (user.bucket, user.weakness)
            }
        };
        let is_exposed = bucket < share;
        let rate = match is_exposed {
            true => self.scenario.exposed,
            false => self.scenario.control,
        };
        let fails = draw() < rate * weakness * self.strain(done, draw);
        (is_exposed, fails)
    }

    fn share(&self, done: f64) -> f64 {
        match self.scenario.setting {
            Setting::Drift => self.scenario.share * (1.0 + 4.0 * done),
            Setting::Ramp => [0.05, 0.1, 0.25, 0.5][((done * 4.0) as usize).min(3)],
            _ => self.scenario.share,
        }
    }

    /// Returns by how much both arms fail more often than they should.
    fn strain(&mut self, done: f64, draw: &mut Draw<'_>) -> f64 {
        match self.scenario.setting {
            Setting::Drift => 1.0 + 2.0 * done,
            Setting::Bursts => {
                let turns = if self.is_burst {
                    BURST_ENDS
                } else {
                    BURST_BEGINS
                };
                self.is_burst ^= draw() < turns;
                if self.is_burst { 10.0 } else { 1.0 }
            }
            _ => 1.0,
        }
    }
}
