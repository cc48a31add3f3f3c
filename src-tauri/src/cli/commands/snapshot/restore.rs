//! `snapshot restore`, `undo`: a state put in place again, and taken back.

use flagdeck::state::SourceName;
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{
    RestoreRequest, StateAt, StateDifference, StateDifferenceOptions, StateRestore,
};
use flagdeck::{App, Error};
use flagdeck_core::tree::Tree;
use serde::Serialize;

use crate::arguments::RestoreArguments;
use crate::difference;
use crate::key::Key;
use crate::output::{Output, counted};

/// What a restore did, for programs.
#[derive(Serialize)]
struct Done<'a> {
    /// None where it was not to be done, or there was nothing to do.
    restore: Option<&'a StateRestore>,
    difference: &'a StateDifference,
}

/// Puts a state in place, or only says what that would change.
pub fn restore(app: &App, arguments: &RestoreArguments, output: &mut Output) -> anyhow::Result<()> {
    let request = request(app, arguments)?;
    let found = app.preview_restore(&request, &StateDifferenceOptions::default())?;
    let is_idle = found.total == 0 && !arguments.flags;
    let restore = match is_idle || arguments.dry_run {
        true => None,
        false => Some(app.restore_state(&request, &Actor::local(Via::Flagctl))?),
    };
    if output.json {
        return Ok(output.value(&Done {
            restore: restore.as_ref(),
            difference: &found,
        })?);
    }
    if is_idle {
        let id = arguments.id;
        return Ok(output.line(format!("Nothing to change: all is as in snapshot {id}"))?);
    }
    let (id, changes) = (arguments.id, counted(found.total, "change"));
    output.line(match &restore {
        Some(restore) => format!("Snapshot {id} of {} restored: {changes}", restore.source),
        None => format!("Restoring snapshot {id} would make {changes}"),
    })?;
    difference::print(&found, output)?;
    match &restore {
        Some(restore) => tell(restore, output),
        None => Ok(()),
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
    if restore.confirmed_ms.is_none() {
        output.line(format!("{source} takes it in when it hears of it"))?;
    }
    output.line(format!("What was there before is snapshot {safety}"))?;
    output.line(format!("To take this back: flagctl snapshot undo {id}"))?;
    Ok(())
}

/// Takes a restore back: that of a number, or the latest, of one application or of all.
pub fn undo(
    app: &App,
    id: Option<u64>,
    source: Option<&SourceName>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let id = match id {
        Some(id) => id,
        None => latest(app, source)?,
    };
    let restore = app.undo_restore(id, &Actor::local(Via::Flagctl))?;
    if output.json {
        return Ok(output.value(&restore)?);
    }
    let (source, snapshot) = (&restore.source, restore.snapshot);
    output.line(format!(
        "Restore {id} of {source} is taken back: all is as in snapshot {snapshot}"
    ))?;
    tell(&restore, output)
}

fn latest(app: &App, source: Option<&SourceName>) -> anyhow::Result<u64> {
    let name = source.map(ToString::to_string);
    let sources = app.state_sources()?.into_iter();
    let sources = sources.filter(|source| name.as_ref().is_none_or(|name| *name == source.name));
    let restores = sources.filter_map(|source| source.restore);
    let latest = restores.max_by_key(|restore| (restore.at_ms, restore.id));
    Ok(latest.map(|restore| restore.id).ok_or(Error::NothingToDo {
        message: "nothing was ever restored",
    })?)
}

fn request(app: &App, arguments: &RestoreArguments) -> anyhow::Result<RestoreRequest> {
    let snapshot = app.snapshot(arguments.id)?;
    let trees = match arguments.only.is_empty() && arguments.except.is_empty() {
        true => Vec::new(),
        false => trees(app, snapshot.id, snapshot.source)?,
    };
    Ok(RestoreRequest {
        snapshot: snapshot.id,
        only: pointers(&arguments.only, &trees)?,
        except: pointers(&arguments.except, &trees)?,
        with_flags: arguments.flags,
    })
}

/// Loads where the named parts may be: in the snapshot, or, to be taken away, in what is there.
fn trees(app: &App, id: u64, source: String) -> Result<Vec<Tree>, Error> {
    let then = app.state_at(&StateAt::Snapshot { id })?;
    let now = match app.state_at(&StateAt::Now { source }) {
        Ok(now) => Some(now),
        // Of an import, there is nothing else.
        Err(Error::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let all = [Some(then), now].into_iter().flatten();
    Ok(all.map(|state| state.ml.as_ref().clone()).collect())
}

fn pointers(keys: &[Key], trees: &[Tree]) -> Result<Vec<String>, Error> {
    let pointer = |key: &Key| {
        let mut found = trees.iter().map(|tree| key.find(tree)).collect::<Vec<_>>();
        let at = found.iter().position(Result::is_ok).unwrap_or(0);
        found.swap_remove(at)
    };
    keys.iter().map(pointer).collect()
}
