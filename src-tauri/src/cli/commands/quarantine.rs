//! `quarantine list`, `seen`, `remove`.

use flagdeck::App;
use flagdeck::store::sqlite::quarantine::{Database, Quarantined};

use super::Refused;
use crate::arguments::QuarantineCommand;
use crate::output::{Output, when};

pub fn run(app: &App, command: QuarantineCommand, output: &mut Output) -> anyhow::Result<()> {
    match command {
        QuarantineCommand::List => list(&app.quarantine()?, output)?,
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
            if !yes {
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

fn list(entries: &[Quarantined], output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        output.value(&entries)?;
        return Ok(());
    }
    if entries.is_empty() {
        output.line("Nothing is in quarantine.")?;
    }
    for entry in entries {
        let kilobytes = entry.bytes.div_ceil(1000);
        let Some(label) = &entry.label else {
            output.line(format!("{}  {kilobytes} KB, why is not known", entry.name))?;
            continue;
        };
        output.line(format!(
            "{}  {} of {}, {kilobytes} KB{}",
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
