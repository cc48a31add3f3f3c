//! `quarantine list`, `show`, `export`, `seen`, `remove`.

use std::path::Path;

use anyhow::Context;
use flagdeck::App;
use flagdeck::durable::{self, Access};
use flagdeck::store::sqlite::quarantine::{Database, Quarantined};

use super::{Refused, salvage};
use crate::arguments::QuarantineCommand;
use crate::input::{can_answer, is_confirmed, subject};
use crate::output::{Output, size, when};

pub fn run(app: &App, command: QuarantineCommand, output: &mut Output) -> anyhow::Result<()> {
    match command {
        QuarantineCommand::List => list(&app.quarantine()?, output)?,
        QuarantineCommand::Show { name } => {
            let survey = app.survey(&name)?;
            match output.json {
                true => output.value(&survey)?,
                false => salvage::describe_all(app, &[survey], output)?,
            }
        }
        QuarantineCommand::Export { name, to } => export(app, &name, &to, output)?,
        QuarantineCommand::Seen { names, all } => {
            let names = match all {
                true => app.quarantine()?.into_iter().map(|it| it.name).collect(),
                false => names,
            };
            app.note_quarantine_seen(&names)?;
            output.note_saved();
            list(&app.quarantine()?, output)?;
        }
        QuarantineCommand::Remove { name, yes } => {
            if !yes && !is_removal_confirmed(&name, output)? {
                let refused = format!("nothing was deleted: add --yes to delete {name} for good");
                return Err(Refused(refused).into());
            }
            app.remove_quarantined(&name)?;
            output.note_saved();
            list(&app.quarantine()?, output)?;
        }
    }
    Ok(())
}

fn is_removal_confirmed(name: &str, output: &Output) -> anyhow::Result<bool> {
    let asks = !output.json && can_answer();
    Ok(asks && is_confirmed(&format!("Delete {name} for good?"))?)
}

fn export(app: &App, name: &str, file: &Path, output: &mut Output) -> anyhow::Result<()> {
    let exported = app.export_quarantined(name)?;
    let written = durable::save(file, &exported.bytes, Access::KeptOrPrivate);
    written.with_context(|| format!("{} cannot be written", subject(file)))?;
    if output.json {
        return Ok(output.value(&serde_json::json!({ "file": file, "holds": exported.what }))?);
    }
    let line = format!("{} holds {}", file.display(), exported.what);
    Ok(output.line(line)?)
}

fn list(entries: &[Quarantined], output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        output.value(&entries)?;
        return Ok(());
    }
    if entries.is_empty() {
        output.line("Nothing is in quarantine.")?;
    }
    for entry in entries {
        heading(entry, output)?;
        if entry.label.is_some() {
            output.line(format!("    {}", entry.path.display()))?;
        }
    }
    Ok(())
}

/// Says which entry it is, what it was, when it was moved and why.
pub fn heading(entry: &Quarantined, output: &mut Output) -> anyhow::Result<()> {
    let Quarantined { name, bytes, .. } = entry;
    let size = size(*bytes);
    let kind = entry.database.map_or("unknown", what);
    let Some(label) = &entry.label else {
        return Ok(output.line(format!("{name}  {kind}, {size}, why is not known"))?);
    };
    let unseen = match label.seen {
        true => "",
        false => ", not looked at yet",
    };
    let when = when(label.at_ms);
    output.line(format!("{name}  {kind} of {when}, {size}{unseen}"))?;
    output.line(format!("    {}", label.what))?;
    if let Some(kept) = label.kept {
        output.line(format!("    {}", kept.sentence()))?;
    }
    Ok(())
}

fn what(database: Database) -> &'static str {
    match database {
        Database::Flags => "flags",
        Database::Metrics => "metrics",
        Database::States => "states and snapshots",
        Database::Rosters => "rosters",
        Database::Rollouts => "rollouts",
    }
}
