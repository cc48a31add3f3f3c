//! One attempt at a rollout in memory: its guard, what was counted, and what it says.

use flagdeck_core::guard::interval::{self, Interval};
use flagdeck_core::guard::memory::MemoryRule;
use flagdeck_core::guard::strict::Strict;
use flagdeck_core::guard::{self, Action, Block, Evidence, Guard, Rules, Verdict, split_alpha};
use flagdeck_core::limits::{GUARD_LIMIT_MAX, GUARD_RATIO_ALPHA};
use flagdeck_core::measure::DURATION_EDGES_S;

use super::limits::{ERROR_RATE_MIN, INTERVAL_ALPHA, LATE_SHARE, POINTS_MAX};
use super::shapes::{ArmCounts, EvidencePoint, GuardRules, GuardTest, TestStatus};

/// Tests that may roll back, and share the probability of doing so wrongly.
const TESTS: usize = 4;

/// What is decided by, as the rules say.
#[derive(Debug, Clone)]
pub struct Course {
    rules: GuardRules,
    judge: Judge,
    /// What was judged of users with it on.
    pub exposed: ArmCounts,
    /// The same of the others.
    pub control: ArmCounts,
    /// How many blocks were judged.
    pub blocks: u32,
    /// Memory at the end of the last one that had it reported, in bytes.
    pub memory_bytes: Option<u64>,
    /// For each edge of a histogram, how many calculations took longer: of users with it on, and of
    /// the others.
    slow: [(u64, u64); DURATION_EDGES_S.len()],
}

/// How many calculations took longer than an edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slow {
    /// The edge, in seconds.
    pub edge_s: f64,
    /// Of users with it on.
    pub exposed: u64,
    /// Of the others.
    pub control: u64,
}

#[derive(Debug, Clone)]
enum Judge {
    Tests(Box<Guard>),
    /// The bare thresholds: errors, slow calculations, memory.
    Strict(Strict, Strict),
}

/// What a block led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// What is to be done: to roll back, or to stay.
    pub action: Action,
    /// What led to it.
    pub test: GuardTest,
}

impl Course {
    /// Begins an attempt. `baseline_bytes` is the memory before it, if that is known.
    pub fn new(rules: GuardRules, baseline_bytes: Option<u64>) -> Self {
        let judge = match rules.strict {
            true => Judge::Strict(Strict::new(rules.error_rate), Strict::new(LATE_SHARE)),
            false => Judge::Tests(Box::new(Guard::new(of_core(&rules, baseline_bytes)))),
        };
        Self {
            rules,
            judge,
            exposed: ArmCounts::default(),
            control: ArmCounts::default(),
            blocks: 0,
            memory_bytes: None,
            slow: Default::default(),
        }
    }

    /// Adds a block, and returns what it led to; `None` to go on as before.
    pub fn add(&mut self, block: &Block) -> Option<Judged> {
        self.exposed.add(&block.exposed);
        self.control.add(&block.control);
        self.blocks += 1;
        self.memory_bytes = block.memory_bytes.or(self.memory_bytes);
        let slow = block.exposed.slow.iter().zip(&block.control.slow);
        for (sums, (exposed, control)) in self.slow.iter_mut().zip(slow) {
            sums.0 += exposed;
            sums.1 += control;
        }
        match &mut self.judge {
            Judge::Tests(guard) => {
                let verdict = guard.add(block)?;
                let evidence = guard.evidence();
                self.judged(verdict, &evidence)
            }
            Judge::Strict(errors, late) => {
                let has_failed = errors.add(&block.exposed);
                let is_late = late.add(&guard::Counts {
                    failed: block.exposed.late,
                    ..block.exposed.clone()
                });
                let memory = block.memory_bytes.filter(|_| block.is_widened);
                let is_large = memory.is_some_and(|bytes| bytes > self.rules.memory_bytes);
                let test = match (has_failed, is_late, is_large) {
                    (true, _, _) => GuardTest::Absolute,
                    (_, true, _) => GuardTest::Late,
                    (_, _, true) => GuardTest::Memory,
                    _ => return None,
                };
                let action = Action::RollBack;
                Some(Judged { action, test })
            }
        }
    }

    fn judged(&self, verdict: Verdict, evidence: &Evidence) -> Option<Judged> {
        let Verdict { action, test } = verdict;
        let mut test = GuardTest::from(test?);
        let errors = evidence.ln_absolute.unwrap_or(f64::NEG_INFINITY);
        if test == GuardTest::Absolute && errors < self.threshold_ln() {
            test = GuardTest::Late;
        }
        Some(Judged { action, test })
    }

    /// Returns ln of the evidence at which a test rolls back.
    fn threshold_ln(&self) -> f64 {
        -split_alpha(self.rules.alpha, TESTS).ln()
    }

    /// Returns the evidence of each test; nothing if bare thresholds decide.
    pub fn tests(&self) -> Vec<TestStatus> {
        let Some(evidence) = self.evidence() else {
            return Vec::new();
        };
        let threshold_ln = self.threshold_ln();
        let tests = [
            (GuardTest::Relative, Some(evidence.ln_relative)),
            (GuardTest::Latency, evidence.ln_latency),
            (GuardTest::Absolute, evidence.ln_absolute),
            (GuardTest::Late, evidence.ln_late),
            (GuardTest::Ratio, evidence.ln_ratio),
        ];
        let tests = tests.into_iter().filter_map(|(test, ln)| {
            let threshold_ln = match test {
                GuardTest::Ratio => -GUARD_RATIO_ALPHA.ln(),
                _ => threshold_ln,
            };
            Some(TestStatus {
                test,
                ln: ln?,
                threshold_ln,
            })
        });
        tests.collect()
    }

    fn evidence(&self) -> Option<Evidence> {
        match &self.judge {
            Judge::Tests(guard) => Some(guard.evidence()),
            Judge::Strict(..) => None,
        }
    }

    /// Returns where durations differ with the most evidence; `None` without durations.
    pub fn slowest(&self) -> Option<Slow> {
        let Judge::Tests(guard) = &self.judge else {
            return None;
        };
        let at = guard.slowest_edge()?;
        let (exposed, control) = *self.slow.get(at)?;
        Some(Slow {
            edge_s: DURATION_EDGES_S[at],
            exposed,
            control,
        })
    }

    /// Returns the difference of the shares of failed calculations.
    pub fn difference(&self) -> Option<Interval> {
        let (exposed, control) = (&self.exposed, &self.control);
        interval::difference(
            exposed.failed,
            exposed.calculations,
            control.failed,
            control.calculations,
            INTERVAL_ALPHA,
        )
    }

    fn point(&self, at_ms: i64) -> EvidencePoint {
        EvidencePoint {
            at_ms,
            evidence: self.evidence().unwrap_or(NO_EVIDENCE),
            difference: self.difference(),
            exposed: self.exposed,
            control: self.control,
        }
    }
}

/// What bare thresholds have.
const NO_EVIDENCE: Evidence = Evidence {
    ln_relative: 0.0,
    ln_latency: None,
    ln_absolute: None,
    ln_late: None,
    ln_ratio: None,
};

/// Judges blocks again. Returns the first decision to roll back, with after how many blocks, and
/// how the evidence grew: the last of every few blocks, so that there are not too many.
pub fn replay(
    mut course: Course,
    blocks: &[(i64, Block)],
) -> (Option<(Judged, u32)>, Vec<EvidencePoint>) {
    let every = blocks.len().div_ceil(POINTS_MAX).max(1);
    let (mut decided, mut points) = (None, Vec::new());
    for (at, (at_ms, block)) in blocks.iter().enumerate() {
        let judged = course.add(block);
        let rolls_back = judged.filter(|it| it.action == Action::RollBack);
        decided = decided.or(rolls_back.map(|judged| (judged, course.blocks)));
        if (at + 1) % every == 0 || at + 1 == blocks.len() {
            points.push(course.point(*at_ms));
        }
    }
    (decided, points)
}

fn of_core(rules: &GuardRules, baseline_bytes: Option<u64>) -> Rules {
    Rules {
        alpha: split_alpha(rules.alpha, TESTS),
        tolerated_ratio: rules.tolerated_ratio,
        // A rollout that may fail nearly always needs no test for it.
        error_limit: (rules.error_rate <= GUARD_LIMIT_MAX)
            .then(|| rules.error_rate.max(ERROR_RATE_MIN)),
        late_limit: Some(LATE_SHARE),
        memory: Some(MemoryRule {
            limit_bytes: rules.memory_bytes,
            baseline_bytes,
        }),
        least_exposed: None,
        renews: true,
    }
}
