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
                false => salvage::describe(&survey, output)?,
            }
        }
        QuarantineCommand::Export { name, to } => export(app, &name, &to, output)?,
        QuarantineCommand::Seen { names, all } => {
            let names = match all {
                true => app.quarantine()?.into_iter().map(|it| it.name).collect(),
                false => names,
            };
            app.note_quarantine_seen(&names)?;
            list(&app.quarantine()?, output)?;
        }
        QuarantineCommand::Remove { name, yes } => {
            if !yes && !is_removal_confirmed(&name, output)? {
                let refused = format!("nothing was deleted: add --yes to delete {name} for good");
                return Err(Refused(refused).into());
            }
            app.remove_quarantined(&name)?;
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
        let size = size(entry.bytes);
        let Some(label) = &entry.label else {
            let kind = entry.database.map_or("", what);
            let kind = [kind, if kind.is_empty() { "" } else { ", " }].concat();
            output.line(format!("{}  {kind}{size}, why is not known", entry.name))?;
            continue;
        };
        output.line(format!(
            "{}  {} of {}, {size}{}",
            entry.name,
            what(label.database),
            when(label.at_ms),
            if label.seen {
                ""
            } else {
                ", not looked at yet"
            }
        ))?;
        output.line(format!("    {}", label.what))?;
        output.line(format!("    {}", entry.path.display()))?;
    }
    Ok(())
}

fn what(database: Database) -> &'static str {
    match database {
        Database::Flags => "flags",
        Database::Metrics => "metrics",
        Database::States => "states and snapshots",
    }
}
