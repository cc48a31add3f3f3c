//! A verdict in words, for people: `ui.badges: 9.2 % errors on, 0.6 % off since revision 47`.

use std::fmt;

use super::{ArmVerdict, ComponentVerdict, Criterion, Since, Standing};
use crate::limits::VERDICT_CALCULATIONS_MIN;
use crate::measure::Arm;
use crate::statistics::ShareInterval;

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revision(number) => write!(f, "since revision {number}"),
            Self::Minutes(minutes) => write!(f, "in the last {minutes} minutes"),
        }
    }
}

impl ComponentVerdict {
    /// Says the verdict with its component.
    pub fn sentence(&self) -> String {
        format!("{}: {}", self.name(), self.reason())
    }

    /// Says the verdict without its component.
    pub fn reason(&self) -> String {
        let since = self.since;
        match self.worst() {
            Some(worst) if worst.standing == Standing::Within => {
                format!("within limits{} {since}", self.too_few())
            }
            Some(worst) => match worst.criterion {
                Some(criterion) => self.over(worst, criterion),
                None => self.counts(),
            },
            None => format!("no calculations {since}"),
        }
    }

    fn name(&self) -> &str {
        match self.component.as_str() {
            "" => "Calculations without a component",
            name => name,
        }
    }

    fn over(&self, worst: &ArmVerdict, criterion: Criterion) -> String {
        let limit = self.limits.limit(criterion);
        let is_certain = worst.standing == Standing::Beyond;
        // The unit is named once, with the first share.
        let mut counted = Some(self.counted(criterion));
        let arms = self.arms.iter().map(|arm| {
            let is_uncertain = arm.arm == worst.arm && !is_certain;
            let place = self.place(arm.arm);
            match arm
                .share(criterion)
                .filter(|_| arm.standing > Standing::TooFew)
            {
                None => format!("too few{place}"),
                Some(share) => {
                    let counted = counted.take().unwrap_or_default();
                    let range = if is_uncertain {
                        interval(share)
                    } else {
                        String::new()
                    };
                    format!("{}{counted}{place}{range}", percent(share.share))
                }
            }
        });
        let mut text = arms.collect::<Vec<_>>().join(", ");
        if !is_certain && self.limits.is_strict(criterion) {
            let share = worst.share(criterion).map_or(0.0, |it| it.share);
            let place = if share > limit { "above" } else { "close to" };
            text = format!("{place} the limit of {} %: {text}", limit * 100.0);
        }
        format!("{text} {}", self.since)
    }

    fn counted(&self, criterion: Criterion) -> String {
        match criterion {
            Criterion::Errors => " errors".into(),
            Criterion::Late | Criterion::Slow => {
                format!(" over {} s", self.limits.duration_s(criterion))
            }
        }
    }

    /// Returns how an arm is named after a figure.
    fn place(&self, arm: Arm) -> String {
        match arm {
            // A single arm needs no name.
            Arm::Unknown if self.arms.len() == 1 => String::new(),
            arm => format!(" {}", in_a_word(arm)),
        }
    }

    /// Names the arms that have too few calculations, if others have enough.
    fn too_few(&self) -> String {
        let few = self
            .arms
            .iter()
            .filter(|arm| arm.standing == Standing::TooFew);
        let few: Vec<&str> = few.map(|arm| in_a_word(arm.arm)).collect();
        match few.is_empty() {
            true => String::new(),
            false => format!(", not enough data yet {}", few.join(" and ")),
        }
    }

    fn counts(&self) -> String {
        let counts = self.arms.iter();
        let counts = counts.map(|arm| format!("{}{}", arm.total, self.place(arm.arm)));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let since = self.since;
        format!("not enough data yet ({counts} of {VERDICT_CALCULATIONS_MIN} calculations {since})")
    }
}

fn in_a_word(arm: Arm) -> &'static str {
    match arm {
        Arm::Exposed => "on",
        Arm::Control => "off",
        Arm::Unknown => "for unknown users",
    }
}

/// Says in one sentence how everything stands: the worst verdict, else that all is well, and what
/// it is too early to say. `verdicts` are in the order of [`ComponentVerdict::sort`].
///
/// If there are exposed arms, all is well only if one has enough data: users for whom everything is
/// off tell nothing about what is on.
pub fn overall(verdicts: &[ComponentVerdict]) -> (Standing, String) {
    let Some(worst) = verdicts.first() else {
        return (Standing::TooFew, "No calculations".into());
    };
    let standing = match worst.standing() {
        Standing::Within if is_unproven(verdicts) => Standing::TooFew,
        standing => standing,
    };
    let sentence = match standing {
        Standing::Above | Standing::Beyond => {
            let over = verdicts.iter().filter(|it| it.standing().is_over());
            match over.count() - 1 {
                0 => worst.sentence(),
                others => format!("{}; {others} more over a limit", worst.sentence()),
            }
        }
        Standing::Within => match early(verdicts).as_slice() {
            [] => "Within limits".into(),
            [only] => format!("Within limits; not enough data yet for {only}"),
            [first, more @ ..] => format!(
                "Within limits; not enough data yet for {first} and {} more",
                more.len()
            ),
        },
        Standing::TooFew => "Not enough data yet".into(),
    };
    (standing, sentence)
}

/// Returns whether there are exposed arms, or components whose arms did not calculate yet, and no
/// exposed arm has enough data.
fn is_unproven(verdicts: &[ComponentVerdict]) -> bool {
    let exposed = || verdicts.iter().filter_map(|it| it.arm(Arm::Exposed));
    let may_be_exposed = exposed().next().is_some() || verdicts.iter().any(|it| it.arms.is_empty());
    may_be_exposed && exposed().all(|arm| arm.standing == Standing::TooFew)
}

/// Lists the arms that have too few calculations, and the components that have none.
fn early(verdicts: &[ComponentVerdict]) -> Vec<String> {
    let arms = verdicts.iter().flat_map(|verdict| {
        if verdict.arms.is_empty() {
            return vec![verdict.name().to_owned()];
        }
        let few = verdict.arms.iter();
        let few = few.filter(|arm| arm.standing == Standing::TooFew);
        few.map(|arm| format!("{}{}", verdict.name(), verdict.place(arm.arm)))
            .collect()
    });
    arms.collect()
}

fn percent(share: f64) -> String {
    format!("{} %", number(share))
}

fn interval(share: ShareInterval) -> String {
    format!(" ({} to {} %)", number(share.low), number(share.high))
}

/// `8.1`, `12`, `<0.1`: as the window writes shares.
fn number(share: f64) -> String {
    match share * 100.0 {
        percent if percent <= 0.0 => "0".into(),
        percent if percent >= 100.0 => "100".into(),
        percent if percent < 0.05 => "<0.1".into(),
        percent if percent >= 99.95 => ">99.9".into(),
        percent if (9.95..=99.0).contains(&percent) => format!("{percent:.0}"),
        percent => format!("{percent:.1}"),
    }
}
