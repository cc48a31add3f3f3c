//! Recent counts of each component and arm, so that components can be judged since the revision
//! that changed who sees them.
//!
//! No further back than the dashboard shows: hours of success would hide a present failure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

use flagdeck_core::measure::{Arm, Tally};

use super::event::Labels;

/// How long a bin is.
const BIN_MS: i64 = 10_000;

/// For how long every moment has a separate bin: a revision of another program may be noticed that
/// late.
const APART_FOR_MS: i64 = 1_000;

/// How much later than others an earlier batch may be counted: other programs store some, too.
/// Anything earlier is from before a clock was set back.
const LATE_MS: i64 = 60_000;

/// Counts in bins, none of which spans a revision.
///
/// A batch is in the bin of the moment it came at, whenever it is counted. Moments are in
/// milliseconds since 1970.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Earliest first.
    bins: VecDeque<Bin>,
    /// Moments that no bin may span.
    splits: BTreeSet<i64>,
    /// The first bin that was changed since it was stored; `None` if all are on disk.
    changed_ms: Option<i64>,
}

#[derive(Debug)]
struct Bin {
    /// Nothing in it came before that.
    from_ms: i64,
    counts: Counts,
}

/// Calculations by component, arm and source.
pub type Counts = BTreeMap<Labels, Tally>;

/// What was counted of the arms of a component.
pub type Arms = Vec<(Arm, Tally)>;

impl Evidence {
    /// Adds calculations that were reported at a moment.
    pub fn count(&mut self, labels: &Labels, tally: &Tally, at_ms: i64) {
        let bin = self.bin(at_ms);
        bin.counts.entry(labels.clone()).or_default().merge(tally);
        let from_ms = bin.from_ms;
        self.note_changed(from_ms);
    }

    /// Adds a stored bin, later than all before. Nothing is added to it any more: which revisions
    /// were saved since is unknown.
    pub fn restore(&mut self, from_ms: i64, counts: Counts) {
        self.split(from_ms);
        self.split(from_ms + 1);
        self.bins.push_back(Bin { from_ms, counts });
    }

    /// Ends the bin at a moment: a revision was saved then, or may have been. What came after it,
    /// and is in one bin with what came before it already, counts as before.
    pub fn split(&mut self, at_ms: i64) {
        self.splits.insert(at_ms);
    }

    /// Removes what a source reported.
    pub fn remove_source(&mut self, source: &str) {
        let mut changed_ms = None;
        for bin in &mut self.bins {
            let before = bin.counts.len();
            bin.counts.retain(|labels, _| *labels.source != *source);
            if bin.counts.len() != before {
                changed_ms = changed_ms.or(Some(bin.from_ms));
            }
        }
        if let Some(changed_ms) = changed_ms {
            self.note_changed(changed_ms);
        }
    }

    /// Discards bins that began before a moment.
    pub fn forget_before(&mut self, at_ms: i64) {
        while self.bins.front().is_some_and(|bin| bin.from_ms < at_ms) {
            self.bins.pop_front();
        }
        self.splits = self.splits.split_off(&at_ms);
    }

    /// Adds up what was counted of each component from the moment that `since_ms` says; only whole
    /// bins. A component of which nothing was counted since then, only before, has no arms; others
    /// are left out.
    pub fn since(&self, since_ms: impl Fn(&str) -> i64) -> BTreeMap<Box<str>, Arms> {
        let mut components: BTreeMap<&str, (i64, BTreeMap<Arm, Tally>)> = BTreeMap::new();
        for bin in &self.bins {
            for (labels, tally) in &bin.counts {
                let component = &*labels.component;
                let counted = components.entry(component);
                let (since_ms, arms) =
                    counted.or_insert_with(|| (since_ms(component), BTreeMap::new()));
                if bin.from_ms >= *since_ms {
                    arms.entry(labels.arm).or_default().merge(tally);
                }
            }
        }
        let components = components.into_iter();
        components
            .map(|(component, (_, arms))| (component.into(), arms.into_iter().collect()))
            .collect()
    }

    /// Joins bins as time passes, so that they stay few when no events arrive.
    pub fn settle(&mut self, now_ms: i64) {
        self.join(now_ms - APART_FOR_MS);
    }

    /// Returns the bins from the first one that was changed since they were stored, by the moments
    /// they begin at. They replace all that were stored from there on.
    pub fn unkept(&self) -> BTreeMap<i64, Counts> {
        let Some(changed_ms) = self.changed_ms else {
            return BTreeMap::new();
        };
        let bins = self.bins.iter().filter(|bin| bin.from_ms >= changed_ms);
        bins.map(|bin| (bin.from_ms, bin.counts.clone())).collect()
    }

    /// Marks all bins as stored.
    pub fn note_kept(&mut self) {
        self.changed_ms = None;
    }

    fn note_changed(&mut self, from_ms: i64) {
        let first = self.changed_ms.map_or(from_ms, |first| first.min(from_ms));
        self.changed_ms = Some(first);
    }

    /// Returns the bin of what came at a moment.
    fn bin(&mut self, at_ms: i64) -> &mut Bin {
        let is_ahead = |bin: &Bin| bin.from_ms > at_ms + LATE_MS;
        while self.bins.back().is_some_and(is_ahead) {
            self.bins.pop_back();
        }
        let next = self.bins.partition_point(|bin| bin.from_ms <= at_ms);
        let newest_ms = self
            .bins
            .back()
            .map_or(at_ms, |last| last.from_ms.max(at_ms));
        let is_apart = newest_ms - at_ms < APART_FOR_MS;
        let length_ms = if is_apart { 1 } else { BIN_MS };
        let of_before = next.checked_sub(1).filter(|index| {
            let from_ms = self.bins[*index].from_ms;
            at_ms - from_ms < length_ms && !self.is_split(from_ms, at_ms)
        });
        if let Some(index) = of_before {
            return &mut self.bins[index];
        }
        let counts = Counts::new();
        let from_ms = at_ms;
        self.bins.insert(next, Bin { from_ms, counts });
        self.join(newest_ms - APART_FOR_MS);
        // It may have been joined with the one before, and later ones with it.
        let after = self.bins.partition_point(|bin| bin.from_ms <= at_ms);
        &mut self.bins[after - 1]
    }

    /// Joins bins that begin before a moment, as far as they may be.
    fn join(&mut self, before_ms: i64) {
        let mut index = 1;
        while index < self.bins.len() && self.bins[index].from_ms < before_ms {
            let first_ms = self.bins[index - 1].from_ms;
            let from_ms = self.bins[index].from_ms;
            if from_ms - first_ms < BIN_MS && !self.is_split(first_ms, from_ms) {
                let joined = self.bins.remove(index).expect("it is there");
                let first = &mut self.bins[index - 1].counts;
                for (key, tally) in joined.counts {
                    first.entry(key).or_default().merge(&tally);
                }
                self.note_changed(first_ms);
            } else {
                index += 1;
            }
        }
    }

    /// Returns whether there is a split after a moment, up to another.
    fn is_split(&self, after_ms: i64, up_to_ms: i64) -> bool {
        let within = (Bound::Excluded(after_ms), Bound::Included(up_to_ms));
        self.splits.range(within).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels() -> Labels {
        Labels {
            source: "web".into(),
            component: "ui.badges".into(),
            arm: Arm::Exposed,
        }
    }

    /// Counts one error at each of these moments.
    fn count(evidence: &mut Evidence, moments_ms: impl IntoIterator<Item = i64>) {
        for at_ms in moments_ms {
            let mut tally = Tally::default();
            tally.record_error();
            evidence.count(&labels(), &tally, at_ms);
        }
    }

    fn errors(evidence: &Evidence, since_ms: i64) -> u64 {
        let counted = evidence.since(|_| since_ms);
        let arms = counted.get("ui.badges");
        let arm = arms.and_then(|arms| arms.first());
        arm.map_or(0, |(_, tally)| tally.errors)
    }

    fn every_100_ms(from_ms: i64, to_ms: i64) -> impl Iterator<Item = i64> {
        (from_ms..to_ms).step_by(100)
    }

    #[test]
    fn what_was_counted_since_a_revision_is_told_from_what_was_before() {
        let mut evidence = Evidence::default();
        count(&mut evidence, every_100_ms(100_000, 104_250));
        evidence.split(104_250);
        count(&mut evidence, every_100_ms(104_300, 123_000));
        assert_eq!(errors(&evidence, 104_250), 187);
        assert_eq!(errors(&evidence, 0), 43 + 187);
    }

    #[test]
    fn two_revisions_in_one_second_are_told_apart() {
        let mut evidence = Evidence::default();
        count(&mut evidence, [100_000]);
        evidence.split(100_100);
        count(&mut evidence, [100_150]);
        evidence.split(100_200);
        evidence.split(100_210);
        count(&mut evidence, [100_250, 100_300]);
        assert_eq!(errors(&evidence, 100_100), 3);
        assert_eq!(errors(&evidence, 100_200), 2);
        assert_eq!(errors(&evidence, 100_210), 2);
    }

    #[test]
    fn a_batch_that_is_counted_late_is_of_the_moment_it_came_at() {
        let mut evidence = Evidence::default();
        count(&mut evidence, [100_000]);
        evidence.split(100_500);
        count(&mut evidence, [100_600, 100_499, 99_000, 100_700]);
        assert_eq!(errors(&evidence, 100_500), 2);
        assert_eq!(errors(&evidence, 100_000), 4);
        assert_eq!(errors(&evidence, 0), 5);
    }

    /// Its bin is joined with later ones at once, as far as they are old enough.
    #[test]
    fn a_batch_from_before_all_others_is_counted_first() {
        let mut evidence = Evidence::default();
        count(&mut evidence, [100_000, 100_500, 101_400, 99_900]);
        assert_eq!(errors(&evidence, 0), 4);
        assert_eq!(errors(&evidence, 99_900), 4);
        assert_eq!(errors(&evidence, 100_500), 2);
    }

    #[test]
    fn a_revision_that_is_noticed_late_leaves_out_what_cannot_be_told_apart() {
        let mut evidence = Evidence::default();
        count(&mut evidence, every_100_ms(100_000, 123_000));
        evidence.split(104_250);
        count(&mut evidence, [123_000]);
        assert_eq!(errors(&evidence, 104_250), 131, "from 110 s on");
    }

    #[test]
    fn a_revision_of_another_program_is_told_apart_although_it_is_noticed_a_little_later() {
        let mut evidence = Evidence::default();
        count(&mut evidence, (100_000..104_900).step_by(25));
        evidence.split(104_250);
        count(&mut evidence, (104_900..110_000).step_by(25));
        assert_eq!(errors(&evidence, 104_250), 230);
    }

    #[test]
    fn bins_that_were_read_again_stay_apart() {
        let mut evidence = Evidence::default();
        count(&mut evidence, [100_000]);
        let mut again = Evidence::default();
        for from_ms in [100_000, 100_500] {
            again.restore(from_ms, evidence.unkept()[&100_000].clone());
        }
        count(&mut again, (101_000..120_000).step_by(10));
        assert_eq!(errors(&again, 100_500), 1901);
    }

    #[test]
    fn bins_are_few_however_often_is_reported() {
        let mut evidence = Evidence::default();
        count(&mut evidence, 100_000..400_000);
        assert!(evidence.bins.len() <= 1000 + 31, "{}", evidence.bins.len());
        evidence.settle(402_000);
        assert_eq!(evidence.bins.len(), 30);
        assert_eq!(errors(&evidence, 0), 300_000);
    }

    #[test]
    fn what_comes_first_after_a_revision_counts_although_the_revision_was_not_noticed() {
        let mut evidence = Evidence::default();
        count(&mut evidence, [104_260]);
        assert_eq!(errors(&evidence, 104_250), 1);
    }

    #[test]
    fn what_is_kept_and_read_again_is_the_same() {
        let mut evidence = Evidence::default();
        count(&mut evidence, [100_000]);
        evidence.split(100_500);
        count(&mut evidence, [100_600]);
        let kept = evidence.unkept();
        assert_eq!(kept.keys().copied().collect::<Vec<_>>(), [100_000, 100_600]);
        evidence.note_kept();
        assert!(evidence.unkept().is_empty());
        count(&mut evidence, [100_700]);
        assert_eq!(
            evidence.unkept().into_keys().collect::<Vec<_>>(),
            [100_700],
            "from what has changed on"
        );
        let mut again = Evidence::default();
        for (from_ms, counts) in kept {
            again.restore(from_ms, counts);
        }
        assert_eq!(errors(&again, 100_500), 1);
        assert_eq!(errors(&again, 0), 2);
    }

    #[test]
    fn what_was_counted_only_before_has_no_arms_until_it_is_forgotten() {
        let mut evidence = Evidence::default();
        count(&mut evidence, [100_000]);
        assert_eq!(evidence.since(|_| 105_000)["ui.badges"], Arms::default());
        evidence.forget_before(150_000);
        assert!(evidence.since(|_| 105_000).is_empty());
    }

    #[test]
    fn what_is_old_is_forgotten_and_a_clock_that_is_set_back_starts_again() {
        let mut evidence = Evidence::default();
        count(&mut evidence, (100_000..300_000).step_by(1000));
        evidence.forget_before(150_000);
        assert_eq!(errors(&evidence, 0), 150);
        count(&mut evidence, [50_000]);
        assert_eq!(errors(&evidence, 0), 1);
    }

    /// What may happen, some milliseconds after the last.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        Reported {
            late_ms: i64,
        },
        Saved {
            noticed_after_ms: i64,
        },
        /// Kept and read again, by a program that was started since.
        Kept,
    }

    fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
        let step = prop_oneof![
            6 => (0_i64..3).prop_map(|late| Step::Reported { late_ms: late * 150 }),
            2 => (0_i64..300).prop_map(|noticed_after_ms| Step::Saved { noticed_after_ms }),
            1 => Just(Step::Kept),
        ];
        let pause_ms = prop_oneof![3 => 0_i64..50, 1 => 0_i64..15_000];
        prop::collection::vec((pause_ms, step), 1..80)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn since_a_revision_everything_counts_that_came_after_it_and_nothing_else(
            steps in steps(),
        ) {
            let mut evidence = Evidence::default();
            let mut on_disk: BTreeMap<i64, Counts> = BTreeMap::new();
            let (mut reported, mut saved) = (Vec::new(), Vec::new());
            let mut unnoticed: Vec<(i64, i64)> = Vec::new();
            let (mut now_ms, mut started_ms) = (1_000_000, 0);
            for (pause_ms, step) in steps {
                now_ms += pause_ms;
                unnoticed.retain(|(noticed_ms, at_ms)| {
                    if *noticed_ms <= now_ms {
                        evidence.split(*at_ms);
                    }
                    *noticed_ms > now_ms
                });
                match step {
                    Step::Reported { late_ms } => {
                        // What came before the start was read at the start.
                        let at_ms = (now_ms - late_ms).max(started_ms);
                        reported.push(at_ms);
                        count(&mut evidence, [at_ms]);
                    }
                    Step::Saved { noticed_after_ms } => {
                        saved.push(now_ms);
                        unnoticed.push((now_ms + noticed_after_ms, now_ms));
                    }
                    Step::Kept => {
                        started_ms = now_ms;
                        let unkept = evidence.unkept();
                        if let Some(first) = unkept.keys().next() {
                            drop(on_disk.split_off(first));
                        }
                        on_disk.extend(unkept);
                        evidence = Evidence::default();
                        for (from_ms, counts) in &on_disk {
                            evidence.restore(*from_ms, counts.clone());
                        }
                    }
                }
            }
            prop_assert_eq!(errors(&evidence, 0), reported.len() as u64);
            for saved_ms in saved {
                let after = reported.iter().filter(|at_ms| **at_ms >= saved_ms).count();
                prop_assert_eq!(errors(&evidence, saved_ms), after as u64);
            }
        }
    }
}
