//! `bisect`: the snapshot at which a command starts to fail, or to succeed again.

mod goal;
mod hunt;
mod report;

use std::process::ExitCode;

use flagdeck::App;
use flagdeck::runner;
use flagdeck::state::SourceName;
use flagdeck::wire::{Snapshot, SnapshotFilter};
use tokio::runtime;

use self::goal::Goal;
use self::hunt::Hunt;
use super::Refused;
use super::source::one_source;
use crate::arguments::BisectArguments;
use crate::output::{Output, counted, remark};
use crate::signals::EndSignals;

/// Snapshots that are listed at once.
const PAGE: usize = 1000;

/// Finds it and says so; the exit code is 1 if no snapshot is the answer, and 8 if the command
/// gave no verdict.
pub fn bisect(
    app: &App,
    arguments: &BisectArguments,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let history = history(app, arguments)?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    remark_dead(runner::remove_dead());
    let hunt = Hunt::new(app, arguments, history);
    runtime.block_on(async {
        let mut signals = EndSignals::listen()?;
        let own = app.clone();
        tokio::spawn(flagdeck::app::write_back_when_asked(move || {
            Some(own.clone())
        })?);
        hunt.run(&mut signals, output).await
    })
}

/// Reports that earlier runs were killed, and that what they left behind was removed.
fn remark_dead(count: usize) {
    if count > 0 {
        let runs = counted(count, "run");
        remark(&format!(
            "removed what {runs} left behind when bisect was killed"
        ));
    }
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
    let goal = Goal::of(arguments);
    let (first, last) = goal.ends(arguments);
    let are_both_given = first.is_some() && last.is_some();
    let first = first.map(place).transpose()?.unwrap_or(0);
    let last = last.map(place).transpose()?;
    let last = last.unwrap_or(history.len().saturating_sub(1));
    if are_both_given && first >= last {
        return Err(Refused(goal.wrong_order().into()).into());
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
    // One that was taken during the listing has moved the pages.
    all.dedup_by_key(|snapshot| snapshot.id);
    Ok(all)
}
