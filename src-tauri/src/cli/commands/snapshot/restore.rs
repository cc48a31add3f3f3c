//! `snapshot restore`, `restores`, `cancel`, `undo`: an application asked to become what it was.

use flagdeck::app::{Undone, UndoneFlags};
use flagdeck::state::SourceName;
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{
    RestoreFilter, RestoreRequest, RestoreStatus, StateDifference, StateDifferenceOptions,
    StateRestore,
};
use flagdeck::{App, Error};
use serde::Serialize;

use crate::arguments::{RestoreArguments, RestoresArguments, UndoArguments};
use crate::difference;
use crate::output::{Output, counted, table, when};

/// Keys that are printed in one line.
const KEYS_MAX: usize = 3;

/// What a restore asks for, for programs.
#[derive(Serialize)]
struct Done<'a> {
    /// `null` if it was only looked at.
    restore: Option<&'a StateRestore>,
    difference: &'a StateDifference,
}

fn me() -> Actor {
    Actor::local(Via::Flagctl)
}

/// Asks for a restore, or only says what it would change.
///
/// It is asked for also if the state that was reported last has no change to make: what the
/// application changed since is reported a moment later.
pub fn restore(app: &App, arguments: &RestoreArguments, output: &mut Output) -> anyhow::Result<()> {
    let request = RestoreRequest {
        snapshot: arguments.id,
        only: arguments.only.clone(),
        except: arguments.except.clone(),
        with_flags: arguments.flags,
    };
    let found = app.preview_restore(&request, &StateDifferenceOptions::default())?;
    let restore = match arguments.dry_run {
        true => None,
        false => Some(app.restore_state(&request, &me())?),
    };
    if restore.is_some() {
        output.note_saved();
    }
    if output.json {
        return Ok(output.value(&Done {
            restore: restore.as_ref(),
            difference: &found,
        })?);
    }
    let (id, changes) = (arguments.id, changes(found.total));
    output.line(match &restore {
        Some(restore) => format!(
            "Restore {}: {} asked for {} of snapshot {id}: {changes}",
            restore.id,
            restore.source,
            parts(restore)
        ),
        None => format!("Restoring snapshot {id} would make {changes}"),
    })?;
    difference::print(&found, output)?;
    match &restore {
        Some(restore) => tell(restore, output),
        None => Ok(()),
    }
}

fn changes(count: usize) -> String {
    match count {
        0 => "no change to what was reported last".to_owned(),
        count => counted(count, "change"),
    }
}

/// Says how it stands, and how to take it back.
fn tell(restore: &StateRestore, output: &mut Output) -> anyhow::Result<()> {
    let StateRestore {
        id, safety, source, ..
    } = restore;
    if let Some(revision) = restore.revision {
        output.line(format!("The flags of that moment are revision {revision}"))?;
    }
    if let Some(safety) = safety {
        output.line(format!(
            "What {source} has now is kept as snapshot {safety}"
        ))?;
    }
    output.line(format!(
        "Waiting for {source} to confirm; see flagctl snapshot restores"
    ))?;
    output.line(format!("To cancel: flagctl snapshot cancel {id}"))?;
    output.line(format!("To undo: flagctl snapshot undo {id}"))?;
    Ok(())
}

/// Undoes a restore: that of a number, or the latest that stands, of one application or of all.
pub fn undo(app: &App, arguments: &UndoArguments, output: &mut Output) -> anyhow::Result<()> {
    let id = match arguments.restore {
        Some(id) => id,
        None => latest(app, arguments.source.source.as_ref())?,
    };
    if arguments.dry_run {
        return preview_undo(app, id, output);
    }
    let undone = app.undo_restore(id, &me())?;
    output.note_saved();
    if output.json {
        return Ok(output.value(&undone.restore)?);
    }
    let Undone { restore, flags } = &undone;
    let source = &restore.source;
    if restore.status == RestoreStatus::Cancelled {
        output.line(format!(
            "Restore {id} of {source} is cancelled: {source} had not taken it"
        ))?;
        return tell_flags(*flags, output);
    }
    output.line(format!(
        "Undo of restore {id}: {source} is asked for {} as before it, in snapshot {}",
        parts(restore),
        restore.snapshot
    ))?;
    tell_flags(*flags, output)?;
    let told = StateRestore {
        revision: None,
        ..restore.clone()
    };
    tell(&told, output)
}

fn tell_flags(flags: UndoneFlags, output: &mut Output) -> anyhow::Result<()> {
    let sentence = match flags {
        UndoneFlags::Untouched => return Ok(()),
        UndoneFlags::Restored(revision) => {
            format!("The flags are what they were before it, as revision {revision}")
        }
        UndoneFlags::ChangedSince(revision) => {
            format!("The flags were changed since, and stay as in revision {revision}")
        }
    };
    Ok(output.line(sentence)?)
}

fn preview_undo(app: &App, id: u64, output: &mut Output) -> anyhow::Result<()> {
    let found = app.preview_undo_restore(id, &StateDifferenceOptions::default())?;
    if output.json {
        return Ok(output.value(&Done {
            restore: None,
            difference: &found,
        })?);
    }
    let restore = app.state_restore(id)?;
    if restore.status == RestoreStatus::Open {
        let source = &restore.source;
        return Ok(output.line(format!(
            "Undoing restore {id} would cancel it: {source} has not taken it"
        ))?);
    }
    let changes = counted(found.total, "change");
    output.line(format!("Undoing restore {id} would make {changes}"))?;
    difference::print(&found, output)?;
    // Its snapshot may not be kept any more.
    match app.changed_since_restore(id) {
        Ok(keys) if !keys.is_empty() => {
            output.line(format!("Changed since restore {id}: {}", listed(&keys)))?;
        }
        _ => {}
    }
    Ok(())
}

fn latest(app: &App, source: Option<&SourceName>) -> anyhow::Result<u64> {
    let filter = RestoreFilter {
        source: source.map(ToString::to_string),
        ..RestoreFilter::default()
    };
    let restores = app.state_restores(&filter, 0, usize::MAX)?.restores;
    let stands =
        |it: &&StateRestore| matches!(it.status, RestoreStatus::Open | RestoreStatus::Confirmed);
    let latest = restores.iter().find(stands);
    Ok(latest.map(|restore| restore.id).ok_or(Error::NothingToDo {
        message: "there is no restore to undo",
    })?)
}

/// Cancels a restore that its application has not taken.
pub fn cancel(app: &App, id: u64, output: &mut Output) -> anyhow::Result<()> {
    let restore = app.cancel_restore(id, &me())?;
    output.note_saved();
    if output.json {
        return Ok(output.value(&restore)?);
    }
    let source = &restore.source;
    output.line(format!(
        "Restore {id} is cancelled; {source} keeps its state"
    ))?;
    if let Some(revision) = restore.revision {
        output.line(format!(
            "The flags that came with it stay, as revision {revision}"
        ))?;
    }
    Ok(())
}

/// Removes the records of damaged restores, up to the first that cannot be.
pub fn remove_damaged(app: &App, ids: &[u64], output: &mut Output) -> anyhow::Result<()> {
    for id in ids {
        app.remove_damaged_restore(*id)?;
        output.note_saved();
    }
    if output.json {
        return Ok(output.value(&serde_json::json!({ "removed": ids }))?);
    }
    let removed = counted(ids.len(), "damaged restore");
    Ok(output.line(format!("{removed} removed"))?)
}

/// Lists restores, newest first.
pub fn list(app: &App, arguments: RestoresArguments, output: &mut Output) -> anyhow::Result<()> {
    let now_ms = app.now_ms();
    let since = arguments.since.map(|when| when.begins_ms(now_ms));
    let until = arguments.until.map(|when| when.ends_ms(now_ms));
    let filter = RestoreFilter {
        source: arguments.source.map(|source| source.to_string()),
        since_ms: since.transpose()?,
        until_ms: until.transpose()?,
    };
    let page = app.state_restores(&filter, 0, arguments.limit)?;
    if output.json {
        return Ok(output.value(&page.restores)?);
    }
    if page.total == 0 {
        return Ok(output.line("No restores.")?);
    }
    let rows: Vec<_> = page.restores.iter().map(row).collect();
    let headings = ["ID", "TIME", "SOURCE", "FROM", "WHAT", "BY", "STATUS"];
    table(headings, &rows, output)?;
    match page.total - page.restores.len() {
        0 => {}
        more => output.line(format!("… and {more} earlier ones"))?,
    }
    Ok(())
}

fn row(restore: &StateRestore) -> [String; 7] {
    if restore.status == RestoreStatus::Damaged {
        return damaged_row(restore);
    }
    let undoes = restore.undoes.map(|id| format!(", undoes {id}"));
    [
        restore.id.to_string(),
        when(restore.at_ms),
        restore.source.clone(),
        format!("snapshot {}", restore.snapshot),
        parts(restore) + &undoes.unwrap_or_default(),
        restore.actor.name.clone(),
        status(restore),
    ]
}

/// What else is stored of a damaged one may be wrong.
fn damaged_row(restore: &StateRestore) -> [String; 7] {
    let unknown = || "unknown".to_owned();
    [
        restore.id.to_string(),
        when(restore.at_ms),
        restore.source.clone(),
        unknown(),
        unknown(),
        unknown(),
        status(restore),
    ]
}

/// `everything`, `ml.list[id=gamma].n`, `all but ml.cache`.
fn parts(restore: &StateRestore) -> String {
    let StateRestore { only, except, .. } = restore;
    match (only.as_slice(), except.as_slice()) {
        ([], []) => "everything".into(),
        (only, []) => listed(only),
        ([], except) => format!("all but {}", listed(except)),
        (only, except) => format!("{} but {}", listed(only), listed(except)),
    }
}

fn listed(keys: &[String]) -> String {
    let shown = keys[..keys.len().min(KEYS_MAX)].join(", ");
    match keys.len().saturating_sub(KEYS_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Says how a restore stands, and since when.
fn status(restore: &StateRestore) -> String {
    let ended = restore.ended_ms.map(when).unwrap_or_default();
    let by = restore.ended_by.as_ref();
    let by = by.map_or_else(String::new, |actor| format!(" by {}", actor.name));
    match (restore.status, restore.is_exact) {
        (RestoreStatus::Open, _) => "open: waiting to be confirmed".into(),
        (RestoreStatus::Confirmed, Some(true)) => format!("confirmed exactly {ended}"),
        (RestoreStatus::Confirmed, Some(false)) if restore.differing.is_empty() => {
            format!("confirmed with other values {ended}")
        }
        (RestoreStatus::Confirmed, Some(false)) => {
            let differing = listed(&restore.differing);
            format!("confirmed {ended}, but not {differing}")
        }
        (RestoreStatus::Confirmed, None) => format!("confirmed {ended}"),
        (RestoreStatus::Superseded, _) => format!("superseded{by} {ended}"),
        (RestoreStatus::Cancelled, _) => format!("cancelled{by} {ended}"),
        (RestoreStatus::Recovered, _) => "took the place of a damaged state".into(),
        (RestoreStatus::Damaged, _) => "damaged: its record does not match its hash".into(),
    }
}
