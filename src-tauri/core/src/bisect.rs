//! The search for the first snapshot at which something fails, by halving.
//!
//! Knows nothing of commands and snapshots: they are numbered from the earliest, 0, and the
//! caller tries the ones that this asks for. Of `n` snapshots after a good one, the first bad one
//! is found in ⌈log₂ n⌉ trials, if none has to be skipped.

pub mod exit;

/// What a trial showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The command succeeds.
    Good,
    /// The command fails.
    Bad,
    /// Neither: the command cannot tell.
    Skip,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Try this one.
    Try(usize),
    /// Nothing: this is the result.
    Done(Found),
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It begins to fail between two of them.
    First {
        /// The last good one.
        good: usize,
        /// The first one that is known to be bad.
        bad: usize,
        /// Those between the two, all skipped: the first bad one may be among them.
        untold: Vec<usize>,
    },
    /// It does not fail: this is the last one that was not skipped.
    AllGood(usize),
    /// It fails at the first and succeeds at the last that was not skipped: the opposite of what
    /// was looked for.
    Inverted {
        /// The first one, which is bad.
        bad: usize,
        /// The last one, which is good.
        good: usize,
    },
    /// It fails already at this one, the first that was not skipped.
    AllBad(usize),
    /// All were skipped, or all but the end that is known.
    Untold,
}

/// A search in progress.
#[derive(Debug, Clone)]
pub struct Search {
    /// For each snapshot, whether it was skipped.
    skipped: Vec<bool>,
    /// The last one that is known to be good.
    good: Option<usize>,
    /// The first one that is known to be bad.
    bad: Option<usize>,
    /// Snapshots skipped since the last verdict.
    skips: usize,
    /// The last one that was not skipped, if it is good: there is nothing to look for, and the
    /// first one says whether the history is inverted.
    good_end: Option<usize>,
    /// The result, if it is known before the search has narrowed down to it.
    end: Option<Found>,
}

impl Search {
    /// Begins a search among `count` snapshots. An end that is known, the first of them as good
    /// or the last as bad, is not tried.
    pub fn new(count: usize, is_first_good: bool, is_last_bad: bool) -> Self {
        Self {
            skipped: vec![false; count],
            good: (is_first_good && count > 0).then_some(0),
            bad: (is_last_bad && count > 0).then(|| count - 1),
            skips: 0,
            good_end: None,
            end: None,
        }
    }

    /// Returns what to do next: first the ends, the last one before the first, then halves.
    pub fn step(&self) -> Step {
        if let Some(end) = &self.end {
            return Step::Done(end.clone());
        }
        if self.good_end.is_some() {
            return Step::Try(0);
        }
        let next = match (self.good, self.bad) {
            (_, None) => self.untried().next_back(),
            (None, Some(_)) => self.untried().next(),
            (Some(good), Some(bad)) => self.nearest(self.aim(good, bad)),
        };
        match next {
            Some(next) => Step::Try(next),
            None => Step::Done(self.found()),
        }
    }

    /// Records the verdict on `at`, which [`Search::step`] asked for.
    pub fn tell(&mut self, at: usize, verdict: Verdict) {
        if let Some(good) = self.good_end {
            self.end = Some(match verdict {
                Verdict::Bad => Found::Inverted { bad: at, good },
                Verdict::Good | Verdict::Skip => Found::AllGood(good),
            });
            return;
        }
        match verdict {
            Verdict::Skip => {
                self.skipped[at] = true;
                self.skips += 1;
                return;
            }
            Verdict::Good if self.bad.is_none() => self.end_good(at),
            Verdict::Bad if self.good.is_none() && self.bad.is_some() => {
                self.end = Some(Found::AllBad(at));
            }
            Verdict::Good => self.good = Some(at),
            Verdict::Bad => self.bad = Some(at),
        }
        self.skips = 0;
    }

    /// The last one that was not skipped is good. The first one is tried as well, unless it is
    /// known to be good: if it fails, the history is inverted.
    fn end_good(&mut self, at: usize) {
        match self.good.is_none() && at > 0 {
            true => self.good_end = Some(at),
            false => self.end = Some(Found::AllGood(at)),
        }
    }

    /// Returns how many trials are left, if none is skipped.
    pub fn trials_left(&self) -> u32 {
        if self.good_end.is_some() {
            return u32::from(self.end.is_none());
        }
        if !matches!(self.step(), Step::Try(_)) {
            return 0;
        }
        let ends = u32::from(self.good.is_none()) + u32::from(self.bad.is_none());
        let good = self.good.unwrap_or(0);
        let bad = self.bad.or_else(|| self.untried().next_back());
        ends + bad
            .map_or(0, |bad| bad - good)
            .max(1)
            .next_power_of_two()
            .ilog2()
    }

    /// Returns the last one known to be good, and the first one known to be bad.
    pub fn known(&self) -> (Option<usize>, Option<usize>) {
        (self.good, self.bad)
    }

    /// Returns those that were not tried and can narrow the search, from the first.
    fn untried(&self) -> impl DoubleEndedIterator<Item = usize> {
        let from = self.good.map_or(0, |good| good + 1);
        let to = self.bad.unwrap_or(self.skipped.len());
        (from..to).filter(|at| !self.skipped[*at])
    }

    /// Returns where to look between two: the middle, and after each skip a place further from it,
    /// on either side in turn, because snapshots to skip often come in a row.
    fn aim(&self, good: usize, bad: usize) -> usize {
        let middle = good.midpoint(bad);
        let distance = self.skips.div_ceil(2).pow(2);
        match self.skips.is_multiple_of(2) {
            true => middle.saturating_sub(distance),
            false => middle + distance,
        }
    }

    fn nearest(&self, aim: usize) -> Option<usize> {
        self.untried().min_by_key(|at| at.abs_diff(aim))
    }

    fn found(&self) -> Found {
        match (self.good, self.bad) {
            (Some(good), Some(bad)) => Found::First {
                good,
                bad,
                untold: (good + 1..bad).collect(),
            },
            // The other end was skipped.
            (None, Some(0)) => Found::AllBad(0),
            (_, _) => Found::Untold,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Searches a history; returns what was found, and what was tried.
    fn search(history: &[Verdict], ends_known: bool) -> (Found, Vec<usize>) {
        let mut search = Search::new(history.len(), ends_known, ends_known);
        let mut tried = Vec::new();
        loop {
            match search.step() {
                Step::Done(found) => return (found, tried),
                Step::Try(at) => {
                    assert!(!tried.contains(&at), "{at} again after {tried:?}");
                    tried.push(at);
                    search.tell(at, history[at]);
                }
            }
        }
    }

    /// Good ones, then bad ones.
    fn monotone(good: usize, bad: usize) -> Vec<Verdict> {
        let mut history = vec![Verdict::Good; good];
        history.extend(vec![Verdict::Bad; bad]);
        history
    }

    fn exact(bad: usize) -> Found {
        Found::First {
            good: bad - 1,
            bad,
            untold: Vec::new(),
        }
    }

    fn log2_up(number: usize) -> usize {
        (0..).find(|power| 1 << power >= number).unwrap()
    }

    #[test]
    fn a_thousand_take_ten_trials_and_the_two_ends() {
        let (found, tried) = search(&monotone(700, 324), false);
        assert_eq!(found, exact(700));
        assert_eq!(tried[..2], [1023, 0], "the ends first");
        assert!(tried.len() <= 12, "{tried:?}");
    }

    #[test]
    fn two_snapshots_with_known_ends_need_no_trial() {
        assert_eq!(search(&monotone(1, 1), true), (exact(1), vec![]));
    }

    #[test]
    fn where_nothing_turns_the_end_that_shows_it_is_told() {
        let (found, tried) = search(&monotone(5, 0), false);
        assert_eq!((found, tried), (Found::AllGood(4), vec![4, 0]));
        let (found, tried) = search(&monotone(0, 5), false);
        assert_eq!((found, tried), (Found::AllBad(0), vec![4, 0]));
        assert_eq!(search(&monotone(0, 1), false).0, Found::AllBad(0));
        assert_eq!(search(&[], false), (Found::Untold, vec![]));
        assert_eq!(search(&[], true), (Found::Untold, vec![]));
    }

    #[test]
    fn an_inverted_history_is_recognised() {
        use Verdict::{Bad, Good, Skip};
        let inverted = |bad, good| Found::Inverted { bad, good };
        let (found, tried) = search(&[Bad, Bad, Bad, Good, Good], false);
        assert_eq!((found, tried), (inverted(0, 4), vec![4, 0]));
        assert_eq!(search(&[Bad, Good, Skip], false).0, inverted(0, 1));
        assert_eq!(search(&[Skip, Bad, Good], false).0, Found::AllGood(2));
        let mut search = Search::new(3, true, false);
        search.tell(2, Good);
        assert_eq!(search.step(), Step::Done(Found::AllGood(2)));
    }

    #[test]
    fn ends_that_cannot_be_told_give_way_to_their_neighbours() {
        use Verdict::{Bad, Good, Skip};
        let history = [Skip, Skip, Good, Bad, Bad, Skip];
        let (found, tried) = search(&history, false);
        assert_eq!(found, exact(3));
        assert_eq!(tried[..5], [5, 4, 0, 1, 2]);
        assert_eq!(search(&[Skip; 4], false).0, Found::Untold);
        assert_eq!(search(&[Skip, Bad], false).0, Found::Untold);
        assert_eq!(search(&[Skip, Good, Skip], false).0, Found::AllGood(1));
        assert_eq!(search(&[Skip, Bad, Bad], false).0, Found::AllBad(1));
    }

    #[test]
    fn what_cannot_be_told_at_the_turn_is_named() {
        use Verdict::{Bad, Good, Skip};
        let (found, _) = search(&[Good, Good, Skip, Skip, Bad, Bad], false);
        let untold = vec![2, 3];
        let (good, bad) = (1, 4);
        assert_eq!(found, Found::First { good, bad, untold });
    }

    #[test]
    fn a_long_row_that_cannot_be_told_is_left_in_a_few_trials() {
        let mut history = monotone(100, 900);
        history[400..600].fill(Verdict::Skip);
        let (found, tried) = search(&history, false);
        assert_eq!(found, exact(100));
        assert!(tried.len() < 40, "{}", tried.len());
    }

    #[test]
    fn how_many_are_left_is_told_before_and_between() {
        let mut search = Search::new(129, false, false);
        assert_eq!(search.trials_left(), 9);
        search.tell(128, Verdict::Bad);
        search.tell(0, Verdict::Good);
        assert_eq!(search.trials_left(), 7);
        search.tell(64, Verdict::Bad);
        assert_eq!(search.trials_left(), 6);
        assert_eq!(Search::new(2, true, true).trials_left(), 0);
        assert_eq!(Search::new(0, false, false).trials_left(), 0);
    }

    proptest! {
        #[test]
        fn a_monotone_history_is_searched_exactly_in_log2_trials(
            good in 1_usize..600,
            bad in 1_usize..600,
            ends_known: bool,
        ) {
            let (found, tried) = search(&monotone(good, bad), ends_known);
            prop_assert_eq!(found, exact(good));
            let ends = if ends_known { 0 } else { 2 };
            prop_assert!(tried.len() <= log2_up(good + bad - 1) + ends);
        }

        #[test]
        fn skips_never_lead_astray(
            good in 1_usize..60,
            bad in 1_usize..60,
            skips in proptest::collection::vec(any::<bool>(), 120),
        ) {
            let mut history = monotone(good, bad);
            let count = history.len();
            for at in 1..count - 1 {
                if skips[at] {
                    history[at] = Verdict::Skip;
                }
            }
            let (found, _) = search(&history, false);
            let last_good = (0..good).rfind(|at| history[*at] == Verdict::Good).unwrap();
            let first_bad = (good..count).find(|at| history[*at] == Verdict::Bad).unwrap();
            let untold: Vec<usize> = (last_good + 1..first_bad).collect();
            let (good, bad) = (last_good, first_bad);
            prop_assert_eq!(found, Found::First { good, bad, untold });
        }

        #[test]
        fn every_search_ends_and_tries_nothing_twice(
            draws in proptest::collection::vec(0_u8..3, 0..60),
            first: bool,
            last: bool,
        ) {
            let verdicts = [Verdict::Good, Verdict::Bad, Verdict::Skip];
            let mut search = Search::new(draws.len(), first, last);
            let mut tried = Vec::new();
            while let Step::Try(at) = search.step() {
                prop_assert!(!tried.contains(&at));
                tried.push(at);
                search.tell(at, verdicts[draws[at] as usize]);
            }
        }
    }
}
