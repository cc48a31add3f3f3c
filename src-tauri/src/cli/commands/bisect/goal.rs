//! What a search looks for: the first snapshot at which a command fails, or succeeds again.

use crate::arguments::BisectArguments;
use flagdeck_core::bisect::Verdict;

/// What a search looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    FirstBad,
    FirstGood,
}

impl Goal {
    pub fn of(arguments: &BisectArguments) -> Self {
        match arguments.first_good {
            true => Self::FirstGood,
            false => Self::FirstBad,
        }
    }

    /// Returns the snapshots given for the earlier and the later end.
    pub fn ends(self, arguments: &BisectArguments) -> (Option<u64>, Option<u64>) {
        match self {
            Self::FirstBad => (arguments.good, arguments.bad),
            Self::FirstGood => (arguments.bad, arguments.good),
        }
    }

    /// Translates between what a command said and what [`flagdeck_core::bisect::Search`] is told, which
    /// looks for the first bad one. The same in both directions.
    pub fn mirror(self, verdict: Verdict) -> Verdict {
        match (self, verdict) {
            (Self::FirstGood, Verdict::Good) => Verdict::Bad,
            (Self::FirstGood, Verdict::Bad) => Verdict::Good,
            (_, verdict) => verdict,
        }
    }

    /// Returns what the snapshots before the one looked for are.
    pub fn before(self) -> Verdict {
        self.mirror(Verdict::Good)
    }

    /// Returns what the one looked for is.
    pub fn after(self) -> Verdict {
        self.mirror(Verdict::Bad)
    }

    pub fn wrong_order(self) -> &'static str {
        match self {
            Self::FirstBad => {
                "the bad snapshot must be later than the good one; to find the first good \
                 snapshot after bad ones, add --first-good"
            }
            Self::FirstGood => {
                "with --first-good, the good snapshot must be later than the bad one"
            }
        }
    }

    /// Returns how to search a history that turned the other way.
    pub fn other_way(self) -> &'static str {
        match self {
            Self::FirstBad => "to find the first good snapshot, add --first-good",
            Self::FirstGood => "to find the first bad snapshot, leave out --first-good",
        }
    }

    /// Returns the options that continue a search between two ends.
    pub fn options(self, before: Option<u64>, after: Option<u64>) -> String {
        let option = |verdict, id: Option<u64>| id.map(|id| format!("--{} {id}", word(verdict)));
        let flag = (self == Self::FirstGood).then(|| "--first-good".to_owned());
        let ends = [option(self.before(), before), option(self.after(), after)];
        let options: Vec<String> = flag.into_iter().chain(ends.into_iter().flatten()).collect();
        options.join(" ")
    }
}

pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Bad => "bad",
        Verdict::Skip => "skipped",
    }
}

/// Says what a command does on a snapshot with this verdict.
pub fn verb(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "succeeds",
        Verdict::Bad => "fails",
        Verdict::Skip => "cannot tell",
    }
}
