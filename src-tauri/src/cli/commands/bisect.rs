//! `bisect`: the snapshot at which a command starts to fail.

use std::pin::{Pin, pin};
use std::process::ExitCode;

use anyhow::{Context, bail};
use flagdeck::App;
use flagdeck::state::SourceName;
use flagdeck::wire::{Snapshot, SnapshotFilter, StateAt, StateDifference};
use serde::Serialize;
use tokio::runtime;

use super::snapshot::options;
use super::source::one_source;
use super::{Refused, interrupted};
use crate::arguments::{BisectArguments, CompareArguments};
use crate::bisect::{Found, Search, Step, Verdict};
use crate::difference;
use crate::output::{Output, counted, moment, progress, remark, when};
use crate::trial::{Ended, Subject, Trial};

/// What a command says by its exit code.
const GOOD: i32 = 0;
const UNTOLD: i32 = 125;
/// What shells say of a command that cannot be run, or is not found.
const NOT_RUN: [i32; 2] = [126, 127];

/// As `flagctl --help` lists it.
const INTERRUPTED: u8 = 130;

/// Snapshots that are listed at once.
const PAGE: usize = 1000;

/// Finds it and says so; the exit code is 1 where there is no answer.
pub fn bisect(
    app: &App,
    arguments: &BisectArguments,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let history = history(app, arguments)?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let hunt = Hunt {
        app,
        arguments,
        trial: Trial::new(&arguments.command, arguments.timeout)?,
        search: Search::new(
            history.len(),
            arguments.good.is_some(),
            arguments.bad.is_some(),
        ),
        history,
        runs: 0,
    };
    runtime.block_on(async {
        let mut interrupted = pin!(interrupted()?);
        hunt.run(&mut interrupted, output).await
    })
}

/// Lists the snapshots from the good one to the bad one, earliest first.
fn history(app: &App, arguments: &BisectArguments) -> anyhow::Result<Vec<Snapshot>> {
    let source = source(app, arguments)?;
    let mut history = all(app, &source)?;
    let place = |id: u64| {
        let found = history.iter().position(|snapshot| snapshot.id == id);
        match found {
            Some(found) => Ok(found),
            None => Err(missing(app, id, &source)),
        }
    };
    let first = arguments.good.map(place).transpose()?.unwrap_or(0);
    let last = arguments.bad.map(place).transpose()?;
    let last = last.unwrap_or(history.len().saturating_sub(1));
    if arguments.good.is_some() && arguments.bad.is_some() && first >= last {
        return Err(Refused("the bad snapshot must be later than the good one".into()).into());
    }
    history.truncate(last + 1);
    history.drain(..first.min(history.len()));
    match history.is_empty() {
        true => Err(Refused(format!("there are no snapshots of {source} to look at")).into()),
        false => Ok(history),
    }
}

/// Returns whose snapshots are meant: those of the named one, of the ends, or of the only one.
fn source(app: &App, arguments: &BisectArguments) -> anyhow::Result<SourceName> {
    match (&arguments.source.source, arguments.good.or(arguments.bad)) {
        (None, Some(id)) => Ok(app.snapshot(id)?.source.parse()?),
        (named, _) => one_source(app, named.clone()),
    }
}

/// Says why a snapshot is not among those of a source.
fn missing(app: &App, id: u64, source: &SourceName) -> anyhow::Error {
    match app.snapshot(id) {
        Ok(other) => Refused(format!(
            "snapshot {id} is of {}, not of {source}",
            other.source
        ))
        .into(),
        Err(error) => error.into(),
    }
}

fn all(app: &App, source: &SourceName) -> anyhow::Result<Vec<Snapshot>> {
    let filter = SnapshotFilter {
        source: Some(source.to_string()),
        ..SnapshotFilter::default()
    };
    let mut all = Vec::new();
    loop {
        let page = app.snapshots(&filter, all.len(), PAGE)?;
        let is_last = page.snapshots.is_empty();
        all.extend(page.snapshots);
        if is_last || all.len() >= page.total {
            break;
        }
    }
    all.sort_by_key(|snapshot| (snapshot.at_ms, snapshot.id));
    // One that was taken meanwhile has moved the pages.
    all.dedup_by_key(|snapshot| snapshot.id);
    Ok(all)
}

/// A search, and what it is done with.
struct Hunt<'a> {
    app: &'a App,
    arguments: &'a BisectArguments,
    trial: Trial<'a>,
    history: Vec<Snapshot>,
    search: Search,
    /// Snapshots that were tried.
    runs: u32,
}

/// What the runs on one snapshot showed.
enum Tried {
    /// The same each time.
    Same(Verdict),
    /// Not the same.
    Flaky(Counts),
    Interrupted,
}

/// How often a command ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Counts {
    good: u32,
    bad: u32,
    skipped: u32,
}

/// What came of it, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    /// `found`, `all_good`, `all_bad`, `untold` or `flaky`.
    outcome: &'static str,
    last_good: Option<&'a Snapshot>,
    first_bad: Option<&'a Snapshot>,
    /// Snapshots between the two that could not be told: the first bad one may be among them.
    untold: Vec<u64>,
    /// Where a command ended differently, and how often how.
    flaky: Option<&'a Snapshot>,
    counts: Option<Counts>,
    /// Snapshots that were tried.
    runs: u32,
    difference: Option<StateDifference>,
}

impl Hunt<'_> {
    async fn run(
        mut self,
        interrupted: &mut Pin<&mut impl Future<Output = ()>>,
        output: &mut Output,
    ) -> anyhow::Result<ExitCode> {
        loop {
            let at = match self.search.step() {
                Step::Try(at) => at,
                Step::Done(found) => return self.tell(&found, output),
            };
            self.announce(at);
            let tried = self.try_one(at, interrupted).await;
            match tried.inspect_err(|_| progress("no answer\n"))? {
                Tried::Same(verdict) => {
                    progress(&format!("{}\n", word(verdict)));
                    self.search.tell(at, verdict);
                }
                Tried::Flaky(counts) => return self.tell_flaky(at, counts, output),
                Tried::Interrupted => {
                    progress("interrupted\n");
                    self.tell_known();
                    return Ok(ExitCode::from(INTERRUPTED));
                }
            }
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
    async fn try_one(
        &self,
        at: usize,
        interrupted: &mut Pin<&mut impl Future<Output = ()>>,
    ) -> anyhow::Result<Tried> {
        let snapshot = &self.history[at];
        let id = snapshot.id;
        let state = self.app.state_at(&StateAt::Snapshot { id })?;
        let text = serde_json::to_vec(&state)?;
        let subject = Subject {
            id,
            time: moment(snapshot.at_ms),
            text: &text,
        };
        let mut counts = Counts::default();
        for _ in 0..self.arguments.repeat {
            let ended = self.trial.run(&subject, interrupted).await;
            let ended =
                ended.with_context(|| format!("the command {} cannot be run", self.name()))?;
            match self.verdict(ended, id)? {
                Some(verdict) => counts.add(verdict),
                None => return Ok(Tried::Interrupted),
            }
        }
        Ok(counts.tried())
    }

    /// Reads how a run ended; none where it was interrupted.
    fn verdict(&self, ended: Ended, id: u64) -> anyhow::Result<Option<Verdict>> {
        let name = self.name();
        Ok(Some(match ended {
            Ended::Code(GOOD) => Verdict::Good,
            Ended::Code(UNTOLD) => Verdict::Skip,
            Ended::Code(code) if NOT_RUN.contains(&code) => bail!(
                "the command {name} ended with {code} at snapshot {id}, which says that it could not be run \
                 at all; nothing was found"
            ),
            Ended::Code(_) | Ended::TimedOut => Verdict::Bad,
            Ended::Signal(signal) => bail!(
                "the command {name} was ended by signal {signal} at snapshot {id}, which is no answer; \
                 nothing was found"
            ),
            Ended::Interrupted => return Ok(None),
        }))
    }

    fn name(&self) -> String {
        self.arguments.command[0].to_string_lossy().into()
    }

    fn tell(&self, found: &Found, output: &mut Output) -> anyhow::Result<ExitCode> {
        let told = self.told(found)?;
        if output.json {
            output.value(&told)?;
        } else {
            for line in self.lines(found) {
                output.line(line)?;
            }
            if let Some(found) = &told.difference {
                let changes = counted(difference::count(found), "change");
                output.line(format!("Between the two, {changes}:"))?;
                difference::print(found, output)?;
            }
        }
        Ok(match found {
            Found::First { .. } => ExitCode::SUCCESS,
            Found::AllGood(_) | Found::AllBad(_) | Found::Untold => ExitCode::FAILURE,
        })
    }

    fn told(&self, found: &Found) -> anyhow::Result<Told<'_>> {
        let mut told = Told {
            runs: self.runs,
            ..Told::of("untold")
        };
        match found {
            Found::First { good, bad, untold } => {
                let (good, bad) = (&self.history[*good], &self.history[*bad]);
                told.outcome = "found";
                told.last_good = Some(good);
                told.first_bad = Some(bad);
                told.untold = untold.iter().map(|at| self.history[*at].id).collect();
                told.difference = Some(self.difference(good, bad)?);
            }
            Found::AllGood(last) => {
                told.outcome = "all_good";
                told.last_good = Some(&self.history[*last]);
            }
            Found::AllBad(first) => {
                told.outcome = "all_bad";
                told.first_bad = Some(&self.history[*first]);
            }
            Found::Untold => {}
        }
        Ok(told)
    }

    fn difference(&self, good: &Snapshot, bad: &Snapshot) -> anyhow::Result<StateDifference> {
        let at = |snapshot: &Snapshot| StateAt::Snapshot { id: snapshot.id };
        let compare: &CompareArguments = &self.arguments.compare;
        let options = options(compare);
        Ok(self.app.state_difference(&at(good), &at(bad), &options)?)
    }

    fn lines(&self, found: &Found) -> Vec<String> {
        let name = |at: &usize| named(&self.history[*at]);
        match found {
            Found::First { good, bad, untold } => {
                let mut lines = vec![
                    format!("First bad: {}", name(bad)),
                    format!("Last good: {}", name(good)),
                ];
                if !untold.is_empty() {
                    let between = counted(untold.len(), "snapshot");
                    lines.push(format!(
                        "{between} between the two could not be told: it may have begun there"
                    ));
                }
                lines
            }
            Found::AllGood(last) => vec![format!(
                "Nothing fails: the command succeeds at {}, the last that can be told",
                name(last)
            )],
            Found::AllBad(first) => vec![format!(
                "It began earlier: the command fails at {}, the first that can be told",
                name(first)
            )],
            Found::Untold => vec!["Too few snapshots could be told to find anything".into()],
        }
    }

    fn tell_flaky(
        &self,
        at: usize,
        counts: Counts,
        output: &mut Output,
    ) -> anyhow::Result<ExitCode> {
        progress("flaky\n");
        let snapshot = &self.history[at];
        if output.json {
            output.value(&Told {
                flaky: Some(snapshot),
                counts: Some(counts),
                runs: self.runs,
                ..Told::of("flaky")
            })?;
            return Ok(ExitCode::FAILURE);
        }
        let Counts { good, bad, skipped } = counts;
        let times = self.arguments.repeat;
        output.line(format!(
            "Flaky: at {}, {} succeeded {good}, failed {bad} and skipped {skipped} of {times} \
             times; nothing can be said from where on it fails",
            named(snapshot),
            self.name()
        ))?;
        Ok(ExitCode::FAILURE)
    }

    /// Says how far a search came.
    fn tell_known(&self) {
        let id = |at: Option<usize>| at.map(|at| self.history[at].id);
        let (good, bad) = self.search.known();
        if let (Some(good), Some(bad)) = (id(good), id(bad)) {
            remark(&format!(
                "the first bad snapshot is later than {good}, and {bad} at the latest; to go on: \
                 --good {good} --bad {bad}"
            ));
        }
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

impl Told<'_> {
    fn of(outcome: &'static str) -> Self {
        Self {
            outcome,
            last_good: None,
            first_bad: None,
            untold: Vec::new(),
            flaky: None,
            counts: None,
            runs: 0,
            difference: None,
        }
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Bad => "bad",
        Verdict::Skip => "skipped",
    }
}

fn named(snapshot: &Snapshot) -> String {
    let name = snapshot.name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(" “{name}”"));
    format!("snapshot {} of {}{name}", snapshot.id, when(snapshot.at_ms))
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
                Tried::Interrupted => "interrupted",
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
