//! What came of a search, for people and for programs.

use std::process::ExitCode;

use flagdeck::App;
use flagdeck::wire::{Snapshot, StateAt, StateDifference};
use flagdeck_core::bisect::{Found, Verdict};
use rustix::process::Signal;
use serde::Serialize;

use super::super::snapshot::options;
use super::goal::{Goal, verb, word};
use super::hunt::{Counts, Stop};
use crate::arguments::BisectArguments;
use crate::difference;
use crate::output::{Output, counted, remark, when};

/// As `flagctl --help` lists them.
const NO_VERDICT: u8 = 8;
/// To which the number of the signal is added.
const ENDED_BY_SIGNAL: i32 = 128;

/// Snapshots that are named one by one; more are a range.
const NAMED_MAX: usize = 10;

/// A search that ended, and how far it came.
pub struct Report<'a> {
    pub app: &'a App,
    pub arguments: &'a BisectArguments,
    pub goal: Goal,
    pub history: &'a [Snapshot],
    /// The last one before the one looked for, and the first one after, as far as they are known.
    pub known: (Option<usize>, Option<usize>),
    pub runs: u32,
    pub timed_out: u32,
}

/// What came of it, for programs.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    /// `found`, `range`, `all_good`, `all_bad`, `inverted`, `untold`, `flaky` or `stopped`.
    outcome: &'static str,
    last_good: Option<&'a Snapshot>,
    first_bad: Option<&'a Snapshot>,
    /// In place of these two, with `--first-good`.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_bad: Option<&'a Snapshot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_good: Option<&'a Snapshot>,
    /// Snapshots between the two that were skipped: the one looked for may be among them.
    untold: Vec<u64>,
    /// At which snapshot runs disagreed, and how often the command ended how.
    flaky: Option<&'a Snapshot>,
    counts: Option<Counts>,
    /// The run that was no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<Stopped>,
    /// Snapshots that were tried.
    runs: u32,
    /// Runs that were ended at the limit of time, and skipped.
    timed_out: u32,
    difference: Option<StateDifference>,
}

#[derive(Serialize)]
struct Stopped {
    snapshot: u64,
    code: Option<i32>,
    signal: Option<i32>,
    message: String,
}

impl<'a> Report<'a> {
    /// Prints the result of a complete search.
    pub fn found(&self, found: &Found, output: &mut Output) -> anyhow::Result<ExitCode> {
        let told = self.told(found)?;
        if output.json {
            output.value(&told)?;
        } else {
            for line in self.lines(found) {
                output.line(line)?;
            }
            self.print_difference(&told, output)?;
        }
        self.remark_timed_out();
        Ok(match told.outcome {
            "found" => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        })
    }

    /// Reports that runs on one snapshot disagreed.
    pub fn flaky(
        &self,
        at: usize,
        counts: Counts,
        output: &mut Output,
    ) -> anyhow::Result<ExitCode> {
        let snapshot = &self.history[at];
        if output.json {
            output.value(&Told {
                flaky: Some(snapshot),
                counts: Some(counts),
                ..self.known_told("flaky")
            })?;
        } else {
            let Counts { good, bad, skipped } = counts;
            let times = self.arguments.repeat;
            output.line(format!(
                "Flaky: at {}, {} succeeded {good}, failed {bad} and skipped {skipped} of {times} \
                 times, which is no verdict",
                named(snapshot),
                self.command()
            ))?;
        }
        self.remark_timed_out();
        self.remark_known();
        Ok(ExitCode::from(NO_VERDICT))
    }

    /// Reports that a run gave no verdict.
    pub fn stopped(&self, at: usize, stop: &Stop, output: &mut Output) -> anyhow::Result<ExitCode> {
        let id = self.history[at].id;
        let message = format!(
            "stopped at snapshot {id}: the command {} {stop}",
            self.command()
        );
        remark(&message);
        self.remark_known();
        if output.json {
            let (code, signal) = match stop {
                Stop::NoVerdict(no_verdict) => (no_verdict.code(), no_verdict.signal()),
                Stop::NotStarted(_) => (None, None),
            };
            output.value(&Told {
                stopped: Some(Stopped {
                    snapshot: id,
                    code,
                    signal,
                    message,
                }),
                ..self.known_told("stopped")
            })?;
        }
        Ok(ExitCode::from(NO_VERDICT))
    }

    /// Reports how far a search came before a signal ended it.
    pub fn interrupted(&self, signal: Signal) -> ExitCode {
        self.remark_known();
        let code = u8::try_from(ENDED_BY_SIGNAL + signal.as_raw());
        code.map_or(ExitCode::FAILURE, ExitCode::from)
    }

    /// Says what is known so far, and how to continue.
    pub fn remark_known(&self) {
        let id = |at: Option<usize>| at.map(|at| self.history[at].id);
        let (before, after) = (id(self.known.0), id(self.known.1));
        let options = self.goal.options(before, after);
        let end = |verdict, id| format!("the command {} at snapshot {id}", verb(verdict));
        let known = match (before, after) {
            (Some(before), Some(after)) => format!(
                "the first {} snapshot is later than {before}, and {after} at the latest",
                word(self.goal.after())
            ),
            (Some(before), None) => end(self.goal.before(), before),
            (None, Some(after)) => end(self.goal.after(), after),
            (None, None) => return remark("nothing is known yet"),
        };
        remark(&format!("{known}; to go on: {options}"));
    }

    fn remark_timed_out(&self) {
        let limit = self.arguments.timeout;
        match self.timed_out {
            0 => {}
            runs => remark(&format!(
                "{} ended after {limit:?} and skipped; --timeout changes the limit",
                match runs {
                    1 => "1 run was".to_owned(),
                    runs => format!("{runs} runs were"),
                }
            )),
        }
    }

    fn command(&self) -> String {
        self.arguments.command[0].to_string_lossy().into()
    }

    fn told(&self, found: &Found) -> anyhow::Result<Told<'a>> {
        let at = |at: &usize| &self.history[*at];
        Ok(match found {
            Found::First { good, bad, untold } => Told {
                untold: untold.iter().map(|at| self.history[*at].id).collect(),
                difference: Some(self.difference(at(good), at(bad))?),
                ..self.ends(
                    if untold.is_empty() { "found" } else { "range" },
                    Some(at(good)),
                    Some(at(bad)),
                )
            },
            Found::AllGood(last) => self.ends(self.all(Verdict::Good), Some(at(last)), None),
            Found::AllBad(first) => self.ends(self.all(Verdict::Bad), None, Some(at(first))),
            Found::Inverted { .. } => self.ends("inverted", None, None),
            Found::Untold => self.ends("untold", None, None),
        })
    }

    fn all(&self, verdict: Verdict) -> &'static str {
        match self.goal.mirror(verdict) {
            Verdict::Good => "all_good",
            Verdict::Bad | Verdict::Skip => "all_bad",
        }
    }

    fn known_told(&self, outcome: &'static str) -> Told<'a> {
        let at = |at: Option<usize>| at.map(|at| &self.history[at]);
        self.ends(outcome, at(self.known.0), at(self.known.1))
    }

    fn ends(
        &self,
        outcome: &'static str,
        before: Option<&'a Snapshot>,
        after: Option<&'a Snapshot>,
    ) -> Told<'a> {
        let told = Told {
            outcome,
            runs: self.runs,
            timed_out: self.timed_out,
            ..Told::default()
        };
        match self.goal {
            Goal::FirstBad => Told {
                last_good: before,
                first_bad: after,
                ..told
            },
            Goal::FirstGood => Told {
                last_bad: before,
                first_good: after,
                ..told
            },
        }
    }

    fn difference(&self, before: &Snapshot, after: &Snapshot) -> anyhow::Result<StateDifference> {
        let at = |snapshot: &Snapshot| StateAt::Snapshot { id: snapshot.id };
        let options = options(&self.arguments.compare);
        let difference = self
            .app
            .state_difference(&at(before), &at(after), &options)?;
        Ok(difference)
    }

    fn print_difference(&self, told: &Told, output: &mut Output) -> anyhow::Result<()> {
        let Some(found) = &told.difference else {
            return Ok(());
        };
        let changes = counted(difference::count(found), "change");
        output.line(format!("Between the two, {changes}:"))?;
        difference::print(found, output)?;
        Ok(())
    }

    fn lines(&self, found: &Found) -> Vec<String> {
        let name = |at: &usize| named(&self.history[*at]);
        let (before, after) = (self.goal.before(), self.goal.after());
        match found {
            Found::First { good, bad, untold } => vec![
                format!("First {}: {}", word(after), self.first_of(untold, *bad)),
                format!("Last {}: {}", word(before), name(good)),
            ],
            Found::AllGood(last) => vec![format!(
                "{}: the command {} at {}, the last that was not skipped",
                match self.goal {
                    Goal::FirstBad => "Nothing fails",
                    Goal::FirstGood => "Nothing succeeds",
                },
                verb(before),
                name(last)
            )],
            Found::AllBad(first) => vec![format!(
                "It began earlier: the command {} at {}, the first that was not skipped",
                verb(after),
                name(first)
            )],
            Found::Inverted { bad, good } => vec![
                format!(
                    "The other way round: the command {} at {}, and {} at {}",
                    verb(after),
                    name(bad),
                    verb(before),
                    name(good)
                ),
                format!("Hint: {}", self.goal.other_way()),
            ],
            Found::Untold => vec!["Too many snapshots were skipped to find anything".into()],
        }
    }

    /// The one looked for, or `one of snapshots 9, 10 and 11; of these, 9 and 10 were skipped`.
    fn first_of(&self, untold: &[usize], after: usize) -> String {
        if untold.is_empty() {
            return named(&self.history[after]);
        }
        let ids = |all: &[usize]| {
            let ids: Vec<u64> = all.iter().map(|at| self.history[*at].id).collect();
            listed(&ids)
        };
        let all = [untold, &[after]].concat();
        format!(
            "one of snapshots {}; of these, {} were skipped",
            ids(&all),
            ids(untold)
        )
    }
}

/// `9, 10 and 11`, or how many there are between the ends.
fn listed(ids: &[u64]) -> String {
    match ids {
        [] => String::new(),
        [only] => only.to_string(),
        [first, .., last] if ids.len() > NAMED_MAX => {
            format!("{first} to {last} ({} of them)", ids.len())
        }
        [before @ .., last] => {
            let before: Vec<String> = before.iter().map(u64::to_string).collect();
            format!("{} and {last}", before.join(", "))
        }
    }
}

fn named(snapshot: &Snapshot) -> String {
    let name = snapshot.name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(" “{name}”"));
    format!("snapshot {} of {}{name}", snapshot.id, when(snapshot.at_ms))
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn few_are_named_and_many_are_a_range() {
        assert_eq!(listed(&[9]), "9");
        assert_eq!(listed(&[9, 10, 12]), "9, 10 and 12");
        assert_eq!(
            listed(&(1..=40).collect::<Vec<_>>()),
            "1 to 40 (40 of them)"
        );
    }
}
