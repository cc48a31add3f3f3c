//! `roster`: lists of users, imported from files.

use std::ops::ControlFlow;
use std::path::Path;

use flagdeck::app::ForgottenUser;
use flagdeck::rosters::shapes::{
    Forgotten, GroupCount, Look, Person, Replaced, RosterInfo, Understood,
};
use flagdeck::rosters::{Done, Encoding, FileFormat, Form, ImportRequest, Taken};
use flagdeck::state::SourceName;
use flagdeck::{App, Error};
use flagdeck_core::diff::documents::thousands;

use super::Refused;
use crate::arguments::{RosterCommand, RosterImportArguments};
use crate::input::{can_answer, is_confirmed};
use crate::output::{Output, Table, can_ask, progress, remark, when};

/// Groups that are named in a line; the rest are counted.
const GROUPS_NAMED_MAX: usize = 20;

pub fn run(app: &App, command: RosterCommand, output: &mut Output) -> anyhow::Result<()> {
    match command {
        RosterCommand::Import(arguments) => import(app, arguments, output),
        RosterCommand::List => list(app, output),
        RosterCommand::Show { name, id: None } => show(app, &name, output),
        RosterCommand::Show { name, id: Some(id) } => show_person(app, &name, &id, output),
        RosterCommand::Remove { name } => remove(app, &name, output),
        RosterCommand::Forget { id } => forget(app, &id, output),
    }
}

fn import(app: &App, arguments: RosterImportArguments, output: &mut Output) -> anyhow::Result<()> {
    let name = match arguments.name {
        Some(name) => name,
        None => name_of(&arguments.file)?,
    };
    let request = ImportRequest {
        file: arguments.file,
        table: arguments.table,
        name,
    };
    let asks = !arguments.yes && !output.json && can_answer();
    if arguments.dry_run || asks {
        let looked = app
            .rosters()
            .look(&request, &mut told())
            .map_err(Error::from)?;
        let look = looked.expect("nothing breaks it off");
        tell(&look, &request, output)?;
        output.finish()?;
        if arguments.dry_run || !is_confirmed("Import them?")? {
            return Ok(());
        }
    }
    let imported = app
        .rosters()
        .import(&request, &mut told())
        .map_err(Error::from)?;
    let look = imported.expect("nothing breaks it off");
    output.note_saved();
    match asks {
        // It was told before.
        true => {}
        false => tell(&look, &request, output)?,
    }
    if !output.json {
        let people = people(look.understood.people);
        output.line(format!("Imported as {}: {people}", look.name))?;
    }
    Ok(())
}

/// Names a roster as its file.
fn name_of(file: &Path) -> anyhow::Result<SourceName> {
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    let name = stem.and_then(|stem| stem.parse().ok());
    let refused = "the name of the file can be no name; give one with --name";
    Ok(name.ok_or_else(|| Refused(refused.into()))?)
}

/// Tells a person who waits how far a file is read.
fn told() -> impl FnMut(Done) -> ControlFlow<()> {
    let mut next = 10;
    move |Done { done, total }| {
        let percent = done * 100 / total.max(1);
        if percent >= next && can_ask() {
            progress(&format!("flagctl: {percent} % read\n"));
            next = percent - percent % 10 + 10;
        }
        ControlFlow::Continue(())
    }
}

fn tell(look: &Look, request: &ImportRequest, output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        return Ok(output.value(look)?);
    }
    let file = request.file.display();
    output.line(format!("{file}: {}", form(&look.understood.form)))?;
    tell_rows(&look.understood, output)?;
    if let Some(replaced) = &look.replaces {
        output.line(format!("  replaces {}: {}", look.name, changes(*replaced)))?;
    }
    Ok(())
}

fn tell_rows(understood: &Understood, output: &mut Output) -> anyhow::Result<()> {
    output.line(format!("  columns: {}", columns(&understood.form)))?;
    output.line(format!("  {}", counts(understood)))?;
    let groups = groups(&understood.groups, understood.ungrouped);
    output.line(format!("  groups: {groups}"))?;
    if understood.padded > 0 {
        let padded = thousands(understood.padded as usize);
        output.line(format!(
            "  ids that begin or end with blanks, which count: {padded}"
        ))?;
    }
    tell_bad(understood, output)?;
    output.line("  first rows:")?;
    let mut table = Table::headed(["ID", "GROUPS", "WEIGHT", "FURTHER"]).indented("    ");
    for person in &understood.first {
        table.row([
            person.id.as_str().into(),
            person.groups.join(", ").into(),
            person.weight.to_string().into(),
            further(person).into(),
        ]);
    }
    Ok(output.table(&table)?)
}

fn tell_bad(understood: &Understood, output: &mut Output) -> anyhow::Result<()> {
    if understood.bad == 0 {
        return Ok(());
    }
    output.line(format!("  left out: {}", rows(understood.bad)))?;
    for row in &understood.bad_rows {
        output.line(format!("    line {}: {}", row.line, row.reason))?;
    }
    match understood.bad as usize - understood.bad_rows.len() {
        0 => Ok(()),
        more => Ok(output.line(format!("    … and {} more", thousands(more)))?),
    }
}

/// `CSV, separated by semicolons, UTF-8`.
fn form(form: &Form) -> String {
    let format = match form.format {
        FileFormat::Csv => "CSV",
        FileFormat::Lines => "one id a line",
        FileFormat::Ndjson => "NDJSON",
        FileFormat::Sqlite => "SQLite",
        FileFormat::Events => "events",
    };
    let separator = form.separator.map(|separator| match separator {
        ';' => "separated by semicolons",
        '\t' => "separated by tabs",
        _ => "separated by commas",
    });
    let encoding = form.encoding.map(|encoding| match encoding {
        Encoding::Utf8 => "UTF-8",
        Encoding::Utf16Le | Encoding::Utf16Be => "UTF-16",
    });
    let table = form.table.as_ref().map(|table| format!("table {table}"));
    let parts = [Some(format), separator, encoding, table.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `id, groups, weight; as attributes: plan, country`.
fn columns(form: &Form) -> String {
    let named = |is_attribute: bool| {
        let columns = form.columns.iter();
        let columns = columns.filter(|it| (it.taken == Taken::Attribute) == is_attribute);
        columns
            .map(|it| it.name.trim())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match named(true) {
        attributes if attributes.is_empty() => named(false),
        attributes => format!("{}; as attributes: {attributes}", named(false)),
    }
}

fn counts(understood: &Understood) -> String {
    let people = people(understood.people);
    match understood.duplicates {
        0 => format!("{people} in {}", rows(understood.good)),
        again => format!(
            "{people} in {}; {} replaced an earlier one of the same id",
            rows(understood.good),
            thousands(again as usize)
        ),
    }
}

fn changes(replaced: Replaced) -> String {
    let count = |count: u64| thousands(count as usize);
    let Replaced {
        at_ms,
        added,
        removed,
        changed,
        unchanged,
    } = replaced;
    format!(
        "+{} added, {} removed, {} with other groups or another weight, {} as before (imported {})",
        count(added),
        count(removed),
        count(changed),
        count(unchanged),
        when(at_ms)
    )
}

/// `beta 400, staff 40, in none 3,560`.
fn groups(groups: &[GroupCount], ungrouped: u64) -> String {
    let mut groups: Vec<&GroupCount> = groups.iter().filter(|group| group.people > 0).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.people));
    let named = groups.iter().take(GROUPS_NAMED_MAX);
    let count = |count: u64| thousands(count as usize);
    let mut parts: Vec<String> = named
        .map(|group| format!("{} {}", group.name, count(group.people)))
        .collect();
    if groups.len() > GROUPS_NAMED_MAX {
        parts.push(format!(
            "{} more",
            thousands(groups.len() - GROUPS_NAMED_MAX)
        ));
    }
    parts.push(format!("in none {}", count(ungrouped)));
    parts.join(", ")
}

fn further(person: &Person) -> String {
    let attributes = person.attributes.iter();
    let attributes = attributes.map(|(name, text)| format!("{name}: {text}"));
    attributes.collect::<Vec<_>>().join(", ")
}

/// `1 person`, `4,000 people`.
pub fn people(count: u64) -> String {
    match count {
        1 => "1 person".into(),
        count => format!("{} people", thousands(count as usize)),
    }
}

fn rows(count: u64) -> String {
    match count {
        1 => "1 row".into(),
        count => format!("{} rows", thousands(count as usize)),
    }
}

fn list(app: &App, output: &mut Output) -> anyhow::Result<()> {
    let rosters = app.rosters().list().map_err(Error::from)?;
    if output.json {
        return Ok(output.value(&rosters)?);
    }
    if rosters.is_empty() {
        return Ok(output.line("There is no roster yet; flagctl roster import brings one in.")?);
    }
    let mut table = Table::headed(["NAME", "PEOPLE", "GROUPS", "AS OF", "FILE"]);
    for roster in &rosters {
        let groups = roster.groups.iter().filter(|group| group.people > 0);
        table.row([
            roster.name.as_str().into(),
            thousands(roster.people as usize).into(),
            thousands(groups.count()).into(),
            when(roster.at_ms).into(),
            match roster.form.format {
                FileFormat::Events => form(&roster.form).into(),
                _ => roster.file.as_str().into(),
            },
        ]);
    }
    Ok(output.table(&table)?)
}

fn show(app: &App, name: &SourceName, output: &mut Output) -> anyhow::Result<()> {
    let info = app.rosters().info(Some(name)).map_err(Error::from)?;
    if output.json {
        return Ok(output.value(&info)?);
    }
    output.line(format!("{}: {}", info.name, people(info.people)))?;
    match info.form.format {
        FileFormat::Events => tell_seen(&info, output)?,
        _ => tell_file(&info, output)?,
    }
    output.line(format!(
        "  groups: {}",
        groups(&info.groups, info.ungrouped)
    ))?;
    if info.duplicates > 0 {
        output.line(format!(
            "  replaced by a later row of the same id: {}",
            rows(info.duplicates)
        ))?;
    }
    if info.bad > 0 {
        output.line(format!("  left out: {}", rows(info.bad)))?;
    }
    Ok(())
}

fn tell_file(info: &RosterInfo, output: &mut Output) -> anyhow::Result<()> {
    let RosterInfo { file, at_ms, .. } = info;
    let (when, form) = (when(*at_ms), form(&info.form));
    output.line(format!("  imported {when} from {file}: {form}"))?;
    Ok(output.line(format!("  columns: {}", columns(&info.form)))?)
}

fn tell_seen(info: &RosterInfo, output: &mut Output) -> anyhow::Result<()> {
    output.line(format!("  of events, the last one {}", when(info.at_ms)))?;
    match info.rest {
        0 => Ok(()),
        rest => {
            let rest = thousands(rest as usize);
            Ok(output.line(format!("  not kept, at least about: {rest} more"))?)
        }
    }
}

fn show_person(app: &App, name: &SourceName, id: &str, output: &mut Output) -> anyhow::Result<()> {
    let found = app.rosters().person(name, id).map_err(Error::from)?;
    let person = found.ok_or_else(|| Error::NotFound {
        message: format!("the roster {name} has no user {id}"),
    })?;
    if output.json {
        return Ok(output.value(&person)?);
    }
    output.line(&person.id)?;
    let groups = match person.groups.is_empty() {
        true => "none".into(),
        false => person.groups.join(", "),
    };
    output.line(format!("  groups: {groups}"))?;
    output.line(format!("  weight: {}", person.weight))?;
    for (name, text) in &person.attributes {
        output.line(format!("  {name}: {text}"))?;
    }
    Ok(())
}

fn remove(app: &App, name: &SourceName, output: &mut Output) -> anyhow::Result<()> {
    let removed = app.rosters().remove(name).map_err(Error::from)?;
    output.note_saved();
    match output.json {
        true => Ok(output.value(&removed)?),
        false => Ok(output.line(format!("Removed {name}: {}", people(removed.people)))?),
    }
}

fn forget(app: &App, id: &str, output: &mut Output) -> anyhow::Result<()> {
    let forgotten = app.forget(id)?;
    output.note_saved();
    if !forgotten.quarantined.is_empty() {
        let names = forgotten.quarantined.join(", ");
        remark(&format!(
            "damaged rosters in quarantine may name the user: {names}; \
             flagctl quarantine remove deletes them"
        ));
    }
    if output.json {
        return Ok(output.value(&forgotten)?);
    }
    let ForgottenUser {
        rosters, overrides, ..
    } = &forgotten;
    if rosters.is_empty() && overrides.is_empty() {
        output.line(format!("{id} is in no roster, and has no override"))?;
    }
    for Forgotten { roster, .. } in rosters {
        output.line(format!("{id} was removed from the roster {roster}"))?;
    }
    for component in overrides {
        output.line(format!("{id} has no override of {component} any more"))?;
    }
    if app.config().metrics.keep_users {
        output.line(format!(
            "{id} is kept again if an event names {id} from now on: metrics.keepUsers is on"
        ))?;
    }
    Ok(())
}
