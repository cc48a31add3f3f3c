//! `follow`: how following a document is going, and accepting one that is held.

use std::process::ExitCode;

use anyhow::anyhow;
use flagdeck::address::Address;
use flagdeck::app::following::{FollowState, FollowStatus};
use flagdeck::store::RevisionNumber;
use flagdeck::wire::{self, Following};
use flagdeck::{App, serving};
use flagdeck_core::summary;

use super::Refused;
use super::edit::{Reporting, report};
use crate::arguments::{FollowArguments, FollowCommand, Listing};
use crate::demo::Flagdeck;
use crate::input::{can_answer, is_confirmed};
use crate::output::{Output, counted, progress, when};

pub fn run(
    app: &App,
    arguments: &FollowArguments,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Some(FollowCommand::Accept { yes }) => {
            accept(app, yes, output)?;
            Ok(ExitCode::SUCCESS)
        }
        None => follow(app, arguments.no_fetch, output),
    }
}

/// Says how following is going; 1 if what is in force is not known to be what the remote has.
fn follow(app: &App, no_fetch: bool, output: &mut Output) -> anyhow::Result<ExitCode> {
    let Some(stored) = app.following() else {
        nothing(app, output)?;
        return Ok(ExitCode::SUCCESS);
    };
    let before = app.flags().live().revision;
    let running = running(app);
    let status = match no_fetch {
        true => running.unwrap_or(stored),
        false => known_before(app.fetch_now()?, running),
    };
    if app.flags().live().revision != before {
        output.note_saved();
    }
    let following = Following::of(status, &app.flags().live());
    match output.json {
        true => output.value(&following)?,
        false => describe(app, &following, before, output)?,
    }
    Ok(match following.status.state {
        FollowState::Stale { .. } | FollowState::Held { .. } => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

/// Asks the program that serves this folder how its fetches went; `None` without an answer.
fn running(app: &App) -> Option<FollowStatus> {
    let port = *serving::ports(app.data_dir()).first()?;
    let flagdeck = Flagdeck::at(Address::of_port(port), app.data_dir().to_owned());
    flagdeck.following().ok().flatten()
}

/// Adds what the running program knows of the time before: since when fetches fail, and when one
/// succeeded last.
fn known_before(status: FollowStatus, running: Option<FollowStatus>) -> FollowStatus {
    let Some(running) = running.filter(|running| running.address == status.address) else {
        return status;
    };
    let state = match (status.state, running.state) {
        (
            FollowState::Stale { reason, .. },
            FollowState::Stale { since_ms, .. } | FollowState::Retrying { since_ms, .. },
        ) => FollowState::Stale { since_ms, reason },
        (
            FollowState::Held { lost, document, .. },
            FollowState::Held {
                since_ms,
                document: known,
                ..
            },
        ) if document == known => FollowState::Held {
            since_ms,
            lost,
            document,
        },
        (state, _) => state,
    };
    FollowStatus {
        state,
        confirmed_ms: status.confirmed_ms.or(running.confirmed_ms),
        next_ms: running.next_ms,
        ..status
    }
}

fn nothing(app: &App, output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        return Ok(output.value(&None::<Following>)?);
    }
    let line = match &app.flags().live().followed {
        None => "Follows no document. To follow one: flagctl config set featureFlags.endpoint URL"
            .to_owned(),
        Some(followed) => format!(
            "The flags still follow {}, which featureFlags.endpoint no longer names; the window \
             or flagctl serve makes them local.",
            followed.from
        ),
    };
    Ok(output.line(line)?)
}

fn describe(
    app: &App,
    following: &Following,
    before: RevisionNumber,
    output: &mut Output,
) -> anyhow::Result<()> {
    let FollowStatus {
        address,
        state,
        confirmed_ms,
        next_ms,
    } = &following.status;
    output.line(format!("Follows {address}"))?;
    let live = app.flags().live();
    if let Some(origin) = live.origin.as_ref().filter(|_| live.revision != before) {
        let changes = summary(&origin.changes);
        output.line(format!(
            "  adopted as revision {}: {changes}",
            live.revision
        ))?;
    }
    output.line(format!("  {}", state_in_words(state)))?;
    if let Some(confirmed_ms) = confirmed_ms {
        output.line(format!("  last confirmed {}", when(*confirmed_ms)))?;
    }
    if let Some(next_ms) = next_ms {
        output.line(format!("  next fetch {}", when(*next_ms)))?;
    }
    let suspended = match following.suspended {
        0 => String::new(),
        more => format!(", {more} suspended"),
    };
    let overrides = counted(following.overrides, "override");
    Ok(output.line(format!("  {overrides}{suspended}"))?)
}

fn state_in_words(state: &FollowState) -> String {
    match state {
        FollowState::Waiting => "the first fetch is under way".into(),
        FollowState::Fresh => "up to date".into(),
        FollowState::Retrying { since_ms, reason } => format!(
            "fetches fail since {}, within the time that counts as fresh: {reason}",
            when(*since_ms)
        ),
        FollowState::Stale { since_ms, reason } => {
            format!("stale since {}: {reason}", when(*since_ms))
        }
        FollowState::Held { since_ms, lost, .. } => format!(
            "held since {}: its document has lost {lost}; flagctl follow accept follows it all \
             the same",
            when(*since_ms)
        ),
        FollowState::Elsewhere => "not fetched: no window or flagctl serve answers".into(),
    }
}

/// Follows a document that is held, after a question.
fn accept(app: &App, yes: bool, output: &mut Output) -> anyhow::Result<()> {
    let FollowStatus { address, state, .. } = app.fetch_now()?;
    let (lost, document) = match state {
        FollowState::Held { lost, document, .. } => (lost, document),
        FollowState::Stale { reason, .. } => return Err(anyhow!("{address}: {reason}")),
        _ => return not_held(app, &address, output),
    };
    if !yes && !is_accepted(&address, &lost, output)? {
        let refused = format!(
            "nothing was changed: {address} has lost {lost}; to follow it all the same, add --yes"
        );
        return Err(Refused(refused).into());
    }
    let listing = Listing { all: false };
    let outcome = app.accept_followed(&document)?;
    report(outcome, Reporting { output, listing })
}

fn is_accepted(address: &str, lost: &str, output: &Output) -> anyhow::Result<bool> {
    if output.json || !can_answer() {
        return Ok(false);
    }
    progress(&format!("The document at {address} has lost {lost}.\n"));
    Ok(is_confirmed("Follow it all the same?")?)
}

fn not_held(app: &App, address: &str, output: &mut Output) -> anyhow::Result<()> {
    if !output.json {
        return Ok(output.line(format!("No document is held: {address} is up to date."))?);
    }
    Ok(output.value(&wire::Outcome {
        revision: app.flags().live().revision,
        changed: false,
        summary: String::new(),
        changes: Vec::new(),
        overrides: None,
    })?)
}
