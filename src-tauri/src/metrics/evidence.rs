//! What was counted lately of each component and arm, so that components can be judged since the
//! revision that changed who sees them.
//!
//! No further back than the dashboard looks: what went well for hours would hide what fails now.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use flagdeck_core::measure::{Arm, Tally};

use super::frame::{Frame, NameId};
use super::tiers::{TICK_S, step_of};

/// Counts in bins of ten seconds, which also end at every revision.
#[derive(Debug, Default)]
pub struct Evidence {
    bins: VecDeque<Bin>,
    names: HashMap<NameId, Box<str>>,
    /// What comes later than this second starts a bin, whatever the last one is.
    cut_after_s: Option<i64>,
}

#[derive(Debug)]
struct Bin {
    /// When its first second began, in seconds since 1970.
    at_s: i64,
    tallies: BTreeMap<(NameId, Arm), Tally>,
}

/// What was counted of the arms of a component.
pub type Arms = Vec<(Arm, Tally)>;

impl Evidence {
    /// Learns names of components.
    pub fn learn(&mut self, names: impl IntoIterator<Item = (NameId, Box<str>)>) {
        for (id, name) in names {
            self.names.entry(id).or_insert(name);
        }
    }

    /// Adds what was counted in a second, or in a tick that was kept, that began at `at_s`.
    pub fn add(&mut self, at_s: i64, frame: &Frame) {
        // What is later is of a clock that was set back since.
        while self.bins.back().is_some_and(|last| last.at_s > at_s) {
            self.bins.pop_back();
        }
        let is_cut = self.cut_after_s.is_some_and(|cut_s| at_s > cut_s);
        let goes_on = self
            .bins
            .back()
            .is_some_and(|last| !is_cut && step_of(last.at_s, TICK_S) == step_of(at_s, TICK_S));
        if !goes_on {
            self.cut_after_s = self.cut_after_s.filter(|_| !is_cut);
            self.bins.push_back(Bin {
                at_s,
                tallies: BTreeMap::new(),
            });
        }
        let last = self.bins.back_mut().expect("there is one, or it was made");
        for (key, tally) in &frame.tallies {
            last.tallies.entry(*key).or_default().merge(tally);
        }
    }

    /// Starts another bin with what comes later than the second that began at `at_s`.
    pub fn cut_after(&mut self, at_s: i64) {
        self.cut_after_s = Some(at_s);
    }

    /// Forgets what began before a moment.
    pub fn forget_before(&mut self, at_s: i64) {
        while self.bins.front().is_some_and(|first| first.at_s < at_s) {
            self.bins.pop_front();
        }
    }

    /// Adds up what was counted of each component from the moment that `since_s` says, in seconds
    /// since 1970; only whole bins. A component of which nothing was counted since then, only before,
    /// has no arms; others are left out.
    pub fn since(&self, since_s: impl Fn(&str) -> i64) -> BTreeMap<Box<str>, Arms> {
        let names = self.names.iter();
        let starts: HashMap<NameId, i64> = names.map(|(id, name)| (*id, since_s(name))).collect();
        let mut counted: BTreeMap<(NameId, Arm), Tally> = BTreeMap::new();
        let mut seen = HashSet::new();
        for bin in &self.bins {
            for (key, tally) in &bin.tallies {
                seen.insert(key.0);
                let is_since = starts
                    .get(&key.0)
                    .is_some_and(|start_s| bin.at_s >= *start_s);
                if is_since {
                    counted.entry(*key).or_default().merge(tally);
                }
            }
        }
        let names = seen.iter().filter_map(|id| self.names.get(id));
        let mut components: BTreeMap<Box<str>, Arms> =
            names.map(|name| (name.clone(), Arms::default())).collect();
        for ((id, arm), tally) in counted {
            let arms = components.entry(self.names[&id].clone()).or_default();
            arms.push((arm, tally));
        }
        components
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(errors: u64) -> Frame {
        let mut frame = Frame::default();
        let tally = frame.tallies.entry((1, Arm::Exposed)).or_default();
        tally.errors = errors;
        frame
    }

    fn evidence() -> Evidence {
        let mut evidence = Evidence::default();
        evidence.learn([(1, "ui.badges".into())]);
        evidence
    }

    fn errors(evidence: &Evidence, since_s: i64) -> u64 {
        let counted = evidence.since(|_| since_s);
        let arms = counted.get("ui.badges");
        let arm = arms.and_then(|arms| arms.first());
        arm.map_or(0, |(_, tally)| tally.errors)
    }

    #[test]
    fn what_was_counted_since_a_revision_is_told_from_what_was_before_to_the_second() {
        let mut evidence = evidence();
        for at_s in 100..104 {
            evidence.add(at_s, &frame(1));
        }
        // Saved in this second, noticed a second later: that second is of both sides.
        evidence.add(104, &frame(1000));
        evidence.cut_after(104);
        for at_s in 105..123 {
            evidence.add(at_s, &frame(1));
        }
        assert_eq!(errors(&evidence, 105), 18);
        assert_eq!(errors(&evidence, 0), 1022);
    }

    #[test]
    fn a_revision_that_is_noticed_late_leaves_out_what_cannot_be_told_apart() {
        let mut evidence = evidence();
        for at_s in 100..123 {
            evidence.add(at_s, &frame(1));
        }
        evidence.cut_after(104);
        evidence.add(123, &frame(1));
        assert_eq!(errors(&evidence, 105), 14, "from 110 on");
    }

    #[test]
    fn what_was_counted_only_before_has_no_arms_until_it_is_forgotten() {
        let mut evidence = evidence();
        evidence.add(100, &frame(1));
        assert_eq!(evidence.since(|_| 105)["ui.badges"], Arms::default());
        evidence.forget_before(150);
        assert!(evidence.since(|_| 105).is_empty());
    }

    #[test]
    fn what_is_old_is_forgotten_and_a_clock_that_is_set_back_starts_again() {
        let mut evidence = evidence();
        for at_s in 100..200 {
            evidence.add(at_s, &frame(1));
        }
        evidence.forget_before(150);
        assert_eq!(errors(&evidence, 0), 50);
        evidence.add(50, &frame(7));
        assert_eq!(errors(&evidence, 0), 7);
    }
}
