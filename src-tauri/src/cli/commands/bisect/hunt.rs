//! A search at work: runs the command on the snapshots that it asks for, until one is found or
//! a run is no verdict.

use std::io;
use std::process::ExitCode;

use flagdeck::App;
use flagdeck::runner::{Ended, Subject, Trial};
use flagdeck::wire::{Snapshot, StateAt};
use flagdeck_core::bisect::exit::{self, NoVerdict, SignalNumber};
use flagdeck_core::bisect::{Search, Step, Verdict};
use rustix::process::Signal;
use serde::Serialize;

use super::goal::{Goal, word};
use super::report::Report;
use crate::arguments::BisectArguments;
use crate::output::{Output, moment, progress, when};
use crate::signals::EndSignals;

/// A search, and what it is done with.
pub struct Hunt<'a> {
    app: &'a App,
    arguments: &'a BisectArguments,
    goal: Goal,
    trial: Trial<'a>,
    history: Vec<Snapshot>,
    search: Search,
    /// Snapshots that were tried.
    runs: u32,
    /// Runs that were ended at the limit of time.
    timed_out: u32,
    /// A run gave a verdict that no missing command gives.
    is_command_there: bool,
}

/// What the runs on one snapshot showed.
enum Tried {
    /// The same each time.
    Same(Verdict),
    /// Not the same.
    Flaky(Counts),
    /// One of them was no verdict.
    Stopped(Stop),
    Interrupted(Signal),
}

/// What one run showed.
enum Shown {
    Verdict(Verdict),
    Stopped(Stop),
    Interrupted(Signal),
}

/// Why a search stops without a result.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    #[error(transparent)]
    NoVerdict(NoVerdict),
    #[error("could not be started: {0}")]
    NotStarted(io::Error),
}

/// How often a command ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub good: u32,
    pub bad: u32,
    pub skipped: u32,
}

impl<'a> Hunt<'a> {
    pub fn new(app: &'a App, arguments: &'a BisectArguments, history: Vec<Snapshot>) -> Self {
        let goal = Goal::of(arguments);
        let (first, last) = goal.ends(arguments);
        Self {
            app,
            arguments,
            goal,
            trial: Trial::new(&arguments.command, arguments.timeout),
            search: Search::new(history.len(), first.is_some(), last.is_some()),
            history,
            runs: 0,
            timed_out: 0,
            is_command_there: false,
        }
    }

    pub async fn run(
        mut self,
        signals: &mut EndSignals,
        output: &mut Output,
    ) -> anyhow::Result<ExitCode> {
        loop {
            let at = match self.search.step() {
                Step::Try(at) => at,
                Step::Done(found) => return self.report().found(&found, output),
            };
            self.announce(at);
            let tried = self.try_one(at, signals).await;
            let tried = tried.inspect_err(|_| {
                progress("failed\n");
                self.report().remark_known();
            })?;
            match tried {
                Tried::Same(verdict) => {
                    progress(&format!("{}\n", word(verdict)));
                    self.search.tell(at, self.goal.mirror(verdict));
                }
                Tried::Flaky(counts) => {
                    progress("flaky\n");
                    return self.report().flaky(at, counts, output);
                }
                Tried::Stopped(stop) => {
                    progress("no verdict\n");
                    return self.report().stopped(at, &stop, output);
                }
                Tried::Interrupted(signal) => {
                    progress("interrupted\n");
                    return Ok(self.report().interrupted(signal));
                }
            }
        }
    }

    fn report(&self) -> Report<'_> {
        Report {
            app: self.app,
            arguments: self.arguments,
            goal: self.goal,
            history: &self.history,
            known: self.search.known(),
            runs: self.runs,
            timed_out: self.timed_out,
        }
    }

    fn announce(&mut self, at: usize) {
        let about = self.runs + self.search.trials_left();
        self.runs += 1;
        let Snapshot { id, at_ms, .. } = self.history[at];
        let (run, at) = (self.runs, when(at_ms));
        progress(&format!(
            "run {run} of about {}: snapshot {id} of {at} … ",
            about.max(run)
        ));
    }

    /// Runs the command on a snapshot, as often as it is to be.
    async fn try_one(&mut self, at: usize, signals: &mut EndSignals) -> anyhow::Result<Tried> {
        let mut counts = Counts::default();
        for _ in 0..self.arguments.repeat {
            match self.try_once(at, signals).await? {
                Shown::Verdict(verdict) => counts.add(verdict),
                Shown::Stopped(stop) => return Ok(Tried::Stopped(stop)),
                Shown::Interrupted(signal) => return Ok(Tried::Interrupted(signal)),
            }
        }
        Ok(counts.tried())
    }

    async fn try_once(&mut self, at: usize, signals: &mut EndSignals) -> anyhow::Result<Shown> {
        let shown = self.show(at, signals).await?;
        match shown {
            Shown::Verdict(_) => self.is_command_there = true,
            Shown::Stopped(Stop::NoVerdict(no_verdict)) if no_verdict.may_be_bad() => {
                return match self.is_command_there {
                    true => Ok(Shown::Verdict(Verdict::Bad)),
                    false => self.look_elsewhere(at, no_verdict, signals).await,
                };
            }
            Shown::Stopped(_) | Shown::Interrupted(_) => {}
        }
        Ok(shown)
    }

    /// Tells a command that is not there from one that ends with 126 or 127 because the snapshot
    /// is bad: the latter ends otherwise at the earliest snapshot.
    async fn look_elsewhere(
        &mut self,
        at: usize,
        no_verdict: NoVerdict,
        signals: &mut EndSignals,
    ) -> anyhow::Result<Shown> {
        const EARLIEST: usize = 0;
        if at == EARLIEST {
            return Ok(Shown::Stopped(Stop::NoVerdict(no_verdict)));
        }
        progress("checking the command at the earliest snapshot … ");
        Ok(match self.show(EARLIEST, signals).await? {
            Shown::Verdict(Verdict::Good | Verdict::Bad) => {
                self.is_command_there = true;
                Shown::Verdict(Verdict::Bad)
            }
            Shown::Verdict(Verdict::Skip) | Shown::Stopped(_) => {
                Shown::Stopped(Stop::NoVerdict(no_verdict))
            }
            Shown::Interrupted(signal) => Shown::Interrupted(signal),
        })
    }

    /// Runs the command once on a snapshot.
    async fn show(&mut self, at: usize, signals: &mut EndSignals) -> anyhow::Result<Shown> {
        let snapshot = &self.history[at];
        let id = snapshot.id;
        let state = self.app.state_at(&StateAt::Snapshot { id })?;
        let text = serde_json::to_vec(&state)?;
        let subject = Subject {
            id,
            time: moment(snapshot.at_ms),
            text: &text,
        };
        let ended = match self.trial.run(&subject, signals.next()).await {
            Ok(ended) => ended,
            Err(error) => return Ok(Shown::Stopped(Stop::NotStarted(error))),
        };
        self.timed_out += u32::from(ended == Ended::TimedOut);
        Ok(shown(ended))
    }
}

fn shown(ended: Ended) -> Shown {
    let read = match ended {
        Ended::Code(code) => exit::read(code),
        Ended::Signal(signal) => Err(NoVerdict::Killed(SignalNumber(signal))),
        Ended::TimedOut => Ok(Verdict::Skip),
        Ended::Interrupted(signal) => return Shown::Interrupted(signal),
    };
    match read {
        Ok(verdict) => Shown::Verdict(verdict),
        Err(no_verdict) => Shown::Stopped(Stop::NoVerdict(no_verdict)),
    }
}

impl Counts {
    fn add(&mut self, verdict: Verdict) {
        let count = match verdict {
            Verdict::Good => &mut self.good,
            Verdict::Bad => &mut self.bad,
            Verdict::Skip => &mut self.skipped,
        };
        *count += 1;
    }

    fn tried(self) -> Tried {
        match self {
            Self {
                bad: 0, skipped: 0, ..
            } => Tried::Same(Verdict::Good),
            Self {
                good: 0,
                skipped: 0,
                ..
            } => Tried::Same(Verdict::Bad),
            Self {
                good: 0, bad: 0, ..
            } => Tried::Same(Verdict::Skip),
            mixed => Tried::Flaky(mixed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_is_flaky() {
        let tried = |good, bad, skipped| {
            let counts = Counts { good, bad, skipped };
            match counts.tried() {
                Tried::Same(verdict) => word(verdict),
                Tried::Flaky(_) => "flaky",
                Tried::Stopped(_) | Tried::Interrupted(_) => "ended",
            }
        };
        assert_eq!(tried(3, 0, 0), "good");
        assert_eq!(tried(0, 1, 0), "bad");
        assert_eq!(tried(0, 0, 2), "skipped");
        for (good, bad, skipped) in [(2, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)] {
            assert_eq!(tried(good, bad, skipped), "flaky");
        }
    }
}
