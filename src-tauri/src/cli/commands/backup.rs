//! `backup list`, `make`, `restore`.

use flagdeck::store::{Actor, Backup, Via};
use flagdeck::{App, wire};

use super::Refused;
use super::edit::{Reporting, list_changes, report};
use crate::arguments::BackupCommand;
use crate::output::{Output, when};

pub fn run(app: &App, command: BackupCommand, output: &mut Output) -> anyhow::Result<()> {
    match command {
        BackupCommand::List => list(app.flags().backups()?, output)?,
        BackupCommand::Make => make(app.flags().back_up()?, output)?,
        BackupCommand::Restore {
            name,
            yes: true,
            listing,
            ..
        } => {
            let actor = Actor::local(Via::Flagctl);
            let outcome = app.flags().restore_backup(&name, &actor)?;
            report(outcome, Reporting { output, listing })?;
        }
        BackupCommand::Restore {
            name,
            check,
            listing,
            ..
        } => {
            preview(app, &name, Reporting { output, listing })?;
            if !check {
                let refused = "nothing was changed: add --yes to restore it";
                return Err(Refused(refused.into()).into());
            }
        }
    }
    Ok(())
}

fn list(backups: Vec<Backup>, output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        output.value(&backups)?;
        return Ok(());
    }
    if backups.is_empty() {
        output.line("No backups yet; flagctl backup make makes one.")?;
    }
    for backup in backups {
        output.line(format!(
            "{}  revision {}, saved {}, {} KB",
            backup.name,
            backup.revision,
            when(backup.at_ms),
            backup.bytes.div_ceil(1000)
        ))?;
    }
    Ok(())
}

fn make(made: Option<Backup>, output: &mut Output) -> anyhow::Result<()> {
    if made.is_some() {
        output.note_saved();
    }
    if output.json {
        output.value(&made)?;
        return Ok(());
    }
    output.line(match made {
        Some(backup) => format!(
            "Revision {} is backed up as {}",
            backup.revision, backup.name
        ),
        None => "Nothing to back up that no backup holds already".into(),
    })?;
    Ok(())
}

/// Says what restoring a backup would change.
fn preview(app: &App, name: &str, reporting: Reporting<'_>) -> anyhow::Result<()> {
    let found = app.flags().backup_difference(name)?;
    if reporting.output.json {
        return Ok(reporting.output.value(&wire::Difference::from(found))?);
    }
    let heading = "The backup is good. Restoring it would change:";
    reporting.output.line(heading)?;
    list_changes(&found, reporting)
}
