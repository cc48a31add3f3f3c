//! `snapshot`: states as they were; taken, listed, compared, restored.

mod blame;
mod compare;
mod restore;

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use flagdeck::durable::{self, Access};
use flagdeck::state::limits::BUNDLE_BYTES_MAX;
use flagdeck::state::{Progress, SnapshotsExport, SourceName};
use flagdeck::wire::{Snapshot, SnapshotCause, SnapshotFilter, SnapshotLabel, StateAt, Unreadable};
use flagdeck::{App, Error};
use serde::Serialize;

pub use self::compare::{compare_files, options};
use super::source::{nobody, one_source};
use crate::arguments::{ListArguments, OneSource, SnapshotCommand, Words};
use crate::input::{read_json, subject};
use crate::key::Key;
use crate::output::{self, Output, can_ask, counted, remark, size, table, when};
use crate::which::Place;

/// How often people are told how far an import is.
const TOLD_EVERY: Duration = Duration::from_millis(200);

pub fn run(app: &App, command: SnapshotCommand, output: &mut Output) -> anyhow::Result<ExitCode> {
    match command {
        SnapshotCommand::Take { source, words, pin } => {
            let label = label(words, pin.then_some(true));
            take(app, source.as_ref(), &label, output)?;
        }
        SnapshotCommand::List(arguments) => list(app, arguments, output)?,
        SnapshotCommand::Show { at, key, source } => show(app, at, key, source, output)?,
        SnapshotCommand::Diff(arguments) => return compare::diff(app, &arguments, output),
        SnapshotCommand::Blame {
            at,
            key,
            stack,
            source,
        } => {
            let at = place(app, at.unwrap_or(Place::Now), source)?;
            blame::blame(app, &at, &key, stack, output)?;
        }
        SnapshotCommand::Pin { id, off } => pin(app, id, !off, output)?,
        SnapshotCommand::Label { id, words } => {
            tell(&app.label_snapshot(id, &label(words, None))?, output)?;
        }
        SnapshotCommand::Restore(arguments) => restore::restore(app, &arguments, output)?,
        SnapshotCommand::Restores(arguments) => restore::list(app, arguments, output)?,
        SnapshotCommand::Cancel { restore } => restore::cancel(app, restore, output)?,
        SnapshotCommand::Undo(arguments) => restore::undo(app, &arguments, output)?,
        SnapshotCommand::Export { ids, output: file } => {
            export(app, &ids, file.as_deref(), output)?;
        }
        SnapshotCommand::Import { file, name } => import(app, &file, name, output)?,
        SnapshotCommand::Remove {
            source,
            ids,
            restores,
        } => match source {
            Some(source) => remove_imported(app, &source, output)?,
            None if ids.is_empty() => restore::remove_damaged(app, &restores, output)?,
            None => remove(app, &ids, output)?,
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn label(words: Words, is_pinned: Option<bool>) -> SnapshotLabel {
    SnapshotLabel {
        name: words.name,
        note: words.note,
        is_pinned,
    }
}

fn take(
    app: &App,
    source: Option<&SourceName>,
    label: &SnapshotLabel,
    output: &mut Output,
) -> anyhow::Result<()> {
    let taken = app.take_snapshots(source, label)?;
    if taken.is_empty() {
        return Err(nobody().into());
    }
    tell_all(&taken, output)
}

fn pin(app: &App, id: u64, is_pinned: bool, output: &mut Output) -> anyhow::Result<()> {
    let label = SnapshotLabel {
        is_pinned: Some(is_pinned),
        ..SnapshotLabel::default()
    };
    tell(&app.label_snapshot(id, &label)?, output)
}

/// Shows a snapshot that was changed.
fn tell(snapshot: &Snapshot, output: &mut Output) -> anyhow::Result<()> {
    output.note_saved();
    match output.json {
        true => output.value(snapshot)?,
        false => output.line(sentence(snapshot))?,
    }
    Ok(())
}

/// Shows snapshots that were stored.
fn tell_all(snapshots: &[Snapshot], output: &mut Output) -> anyhow::Result<()> {
    output.note_saved();
    if output.json {
        return Ok(output.value(&snapshots)?);
    }
    for snapshot in snapshots {
        output.line(sentence(snapshot))?;
    }
    Ok(())
}

/// `Snapshot 12 of kc-web, 18 changes, “before the release”, pinned`.
fn sentence(snapshot: &Snapshot) -> String {
    let Snapshot { id, source, .. } = snapshot;
    let mut sentence = format!("Snapshot {id} of {source}");
    match snapshot.changes {
        None => {}
        Some(0) if snapshot.is_first => sentence += ", the first",
        Some(changes) => sentence += &format!(", {}", counted(changes as usize, "change")),
    }
    let words = [&snapshot.name, &snapshot.note];
    for words in words.into_iter().flatten() {
        sentence += &format!(", “{words}”");
    }
    if snapshot.is_pinned {
        sentence += ", pinned";
    }
    sentence
}

fn list(app: &App, arguments: ListArguments, output: &mut Output) -> anyhow::Result<()> {
    let limit = arguments.limit;
    let page = app.snapshots(&filter(arguments, app.now_ms())?, 0, limit)?;
    if let Some(unreadable) = page.unreadable {
        remark(&format!(
            "{unreadable}: flagctl doctor lists what is damaged"
        ));
    }
    if output.json {
        return Ok(output.value(&page.snapshots)?);
    }
    if page.total == 0 {
        return Ok(output.line("No snapshots.")?);
    }
    let rows: Vec<_> = page.snapshots.iter().map(row).collect();
    let headings = ["ID", "TIME", "SOURCE", "CHANGES", "SIZE", "WHY"];
    table(headings, &rows, output)?;
    match page.total - page.snapshots.len() {
        0 => {}
        more => output.line(format!("… and {more} earlier ones"))?,
    }
    Ok(())
}

fn filter(arguments: ListArguments, now_ms: i64) -> anyhow::Result<SnapshotFilter> {
    let since = arguments.since.map(|when| when.begins_ms(now_ms));
    let until = arguments.until.map(|when| when.ends_ms(now_ms));
    Ok(SnapshotFilter {
        source: arguments.source.map(|source| source.to_string()),
        since_ms: since.transpose()?,
        until_ms: until.transpose()?,
        text: arguments.text,
        pinned: arguments.pinned.then_some(true),
    })
}

fn row(snapshot: &Snapshot) -> [String; 6] {
    [
        snapshot.id.to_string(),
        when(snapshot.at_ms),
        snapshot.source.clone(),
        match snapshot.changes {
            None => "–".into(),
            Some(0) if snapshot.is_first => "first".into(),
            Some(changes) => changes.to_string(),
        },
        size(snapshot.bytes),
        why(snapshot),
    ]
}

/// Returns what identifies a snapshot for people: its name, or else why it was taken.
fn why(snapshot: &Snapshot) -> String {
    let cause = match snapshot.cause {
        SnapshotCause::Interval => "regular",
        SnapshotCause::Asked => "asked for",
        SnapshotCause::BeforeRestore => "before a restore",
        SnapshotCause::BeforeRollback => "before a rollback",
        SnapshotCause::Import => "imported",
    };
    let name = snapshot.name.as_ref();
    let mut why = name.map_or_else(|| cause.to_owned(), |name| format!("“{name}”"));
    if snapshot.is_pinned {
        why += ", pinned";
    }
    if snapshot.is_damaged {
        why += ", damaged";
    }
    why
}

fn show(
    app: &App,
    at: Place,
    key: Option<Key>,
    source: OneSource,
    output: &mut Output,
) -> anyhow::Result<()> {
    let state = app.state_at(&place(app, at, source)?)?;
    match key {
        None => output.value(&state)?,
        Some(key) => output.value(key.value(&state.ml)?)?,
    }
    Ok(())
}

/// Returns the position of a state, with its source if there are several.
fn place(app: &App, at: Place, source: OneSource) -> anyhow::Result<StateAt> {
    Ok(match at {
        Place::Snapshot(id) => StateAt::Snapshot { id },
        Place::Now => StateAt::Now {
            source: one_source(app, source.source)?.to_string(),
        },
    })
}

fn export(app: &App, ids: &[u64], file: Option<&Path>, output: &mut Output) -> anyhow::Result<()> {
    let SnapshotsExport {
        text,
        ids,
        unreadable,
    } = app.export_snapshots(ids)?;
    let text = text + "\n";
    if let Some(file) = file {
        let written = durable::save(file, text.as_bytes(), Access::KeptOrPrivate);
        written.with_context(|| format!("{} cannot be written", subject(file)))?;
        output.note_saved();
    }
    if let Some(unreadable) = unreadable {
        remark(&format!("{unreadable}: left out of the export"));
    }
    let Some(file) = file else {
        return Ok(output.json_text(&text)?);
    };
    if output.json {
        return Ok(output.value(&Exported {
            file,
            snapshots: &ids,
            unreadable,
        })?);
    }
    let many = counted(ids.len(), "snapshot");
    Ok(output.line(format!("{many} written to {}", file.display()))?)
}

/// A file of snapshots, for programs.
#[derive(Serialize)]
struct Exported<'a> {
    file: &'a Path,
    snapshots: &'a [u64],
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<Unreadable>,
}

fn import(app: &App, file: &Path, name: Option<String>, output: &mut Output) -> anyhow::Result<()> {
    let name = name.unwrap_or_else(|| file_name(file));
    let known = app.notices().len();
    let bytes = read_json(file, BUNDLE_BYTES_MAX)?;
    let mut telling = Telling::default();
    let taken = app.import_watched(&bytes, &name, &mut |progress| telling.tell(progress));
    telling.end();
    let taken = taken?.expect("what tells of it does not end it");
    for notice in app.notices().iter().skip(known) {
        remark(&notice.message);
    }
    if taken.is_empty() {
        let message = format!("{} holds no snapshot", subject(file));
        return Err(Error::NotFound { message }.into());
    }
    tell_all(&taken, output)
}

/// Tells people how far an import is, at intervals. Whatever ends the program, none or all of the
/// snapshots are kept.
#[derive(Default)]
struct Telling {
    told: Option<Instant>,
}

impl Telling {
    fn tell(&mut self, progress: Progress) -> ControlFlow<()> {
        let Progress { done, total } = progress;
        let is_due = self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY);
        if total > 1 && is_due && can_ask() {
            self.told = Some(Instant::now());
            output::progress(&format!("\rimporting snapshot {done} of {total} "));
        }
        ControlFlow::Continue(())
    }

    fn end(&self) {
        if self.told.is_some() {
            output::progress("\n");
        }
    }
}

/// Removes single snapshots, up to the first that cannot be.
fn remove(app: &App, ids: &[u64], output: &mut Output) -> anyhow::Result<()> {
    for id in ids {
        app.remove_snapshot(*id, None)?;
        output.note_saved();
    }
    if output.json {
        return Ok(output.value(&serde_json::json!({ "removed": ids }))?);
    }
    let removed = counted(ids.len(), "snapshot");
    Ok(output.line(format!("{removed} removed"))?)
}

fn remove_imported(app: &App, source: &SourceName, output: &mut Output) -> anyhow::Result<()> {
    let filter = SnapshotFilter {
        source: Some(source.to_string()),
        ..SnapshotFilter::default()
    };
    let before = app.snapshots(&filter, 0, 0)?.total;
    app.remove_imported(source.as_str())?;
    output.note_saved();
    // Of a source that has nothing else, nothing is left to be listed.
    let after = app.snapshots(&filter, 0, 0).map_or(0, |page| page.total);
    let removed = before.saturating_sub(after);
    if output.json {
        let done = serde_json::json!({ "source": source.as_str(), "removed": removed });
        return Ok(output.value(&done)?);
    }
    let removed = counted(removed, "imported snapshot");
    Ok(output.line(format!("{removed} of {source} taken away"))?)
}

fn file_name(file: &Path) -> String {
    match file.file_name() {
        Some(name) if name != "-" => name.to_string_lossy().into(),
        _ => "standard input".into(),
    }
}
