//! `state list`, `get`, `set`, `recover`, `remove`: what applications keep as state.

use std::path::Path;

use flagdeck::app::RemovedSource;
use flagdeck::error::sentence;
use flagdeck::state::limits::STATE_BYTES_MAX;
use flagdeck::state::{SourceName, StateError};
use flagdeck::store::{Actor, Via};
use flagdeck::wire::StateSource;
use flagdeck::{App, Error};
use flagdeck_core::tree::{self, Tree, UniqueError};
use serde_json::json;

use super::Refused;
use super::source::{NOBODY, one_source};
use crate::arguments::{OneSource, RecoverArguments, SetArguments, StateCommand};
use crate::input::{can_answer, is_confirmed, read_json, subject};
use crate::key::Key;
use crate::output::{Output, counted, progress, remark, size, table, when};

/// What only JSON begins with.
const JSON_BEGINS: [char; 3] = ['{', '[', '"'];

pub fn run(app: &App, command: StateCommand, output: &mut Output) -> anyhow::Result<()> {
    match command {
        StateCommand::List => list(&app.state_sources()?, output),
        StateCommand::Get { source, key } => get(app, source, key.as_ref(), output),
        StateCommand::Set(arguments) => set(app, arguments, output),
        StateCommand::Recover(arguments) => recover(app, arguments, output),
        StateCommand::Remove { source, yes } => remove(app, &source, yes, output),
    }
}

fn list(sources: &[StateSource], output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        return Ok(output.value(&sources)?);
    }
    if sources.is_empty() {
        return Ok(output.line(sentence(NOBODY))?);
    }
    let rows = sources.iter().map(|source| {
        [
            source.name.clone(),
            match source.is_damaged {
                true => "damaged".into(),
                false => source.at_ms.map_or_else(|| "–".into(), when),
            },
            size(source.bytes),
            counted(source.snapshots as usize, "snapshot"),
        ]
    });
    Ok(table(
        ["SOURCE", "REPORTED", "SIZE", "KEPT"],
        &rows.collect::<Vec<_>>(),
        output,
    )?)
}

fn get(app: &App, source: OneSource, key: Option<&Key>, output: &mut Output) -> anyhow::Result<()> {
    let source = one_source(app, source.source)?;
    // Found here rather than by its name there: names may have dots in them.
    let whole = app.current_state(&source).map_err(Error::from)?;
    if whole.unreadable > 0 {
        let missing = counted(whole.unreadable as usize, "change");
        remark(&format!("{missing} of ml.history could not be read"));
    }
    let value = match key {
        None => &*whole.ml,
        Some(key) => key.value(&whole.ml)?,
    };
    Ok(output.value(value)?)
}

fn set(app: &App, arguments: SetArguments, output: &mut Output) -> anyhow::Result<()> {
    let SetArguments {
        source,
        key,
        value,
        json_file,
        ..
    } = arguments;
    let value = match (value, json_file) {
        (Some(text), _) => Some(value_of(&text)?),
        (None, Some(file)) => Some(value_in(&file)?),
        (None, None) => None,
    };
    let source = one_source(app, source.source)?;
    let actor = Actor::local(Via::Flagctl);
    let is = match &value {
        Some(value) => format!("is {value}"),
        None => "is not there".into(),
    };
    let key = key.text();
    let changed = app.set_state(&source, key, value, &actor);
    let changed = changed.map_err(Error::from)?;
    output.note_saved();
    if output.json {
        let done = json!({ "source": source.to_string(), "key": key, "changed": changed });
        return Ok(output.value(&done)?);
    }
    Ok(output.line(match changed {
        true => format!("{key} of {source} {is}"),
        false => format!("Nothing to change: {key} of {source} {is} already"),
    })?)
}

/// Puts a snapshot in the place of a damaged state, after a question.
fn recover(app: &App, arguments: RecoverArguments, output: &mut Output) -> anyhow::Result<()> {
    let source = one_source(app, arguments.source.source)?;
    if !arguments.yes {
        confirm_recovery(app, &source, arguments.from, output)?;
    }
    let actor = Actor::local(Via::Flagctl);
    let restore = app.recover_state(&source, arguments.from, &actor);
    let restore = restore.map_err(Error::from)?;
    output.note_saved();
    if output.json {
        return Ok(output.value(&restore)?);
    }
    output.line(format!(
        "{source} has the state of snapshot {} again; snapshot restores has this as {}",
        restore.snapshot, restore.id
    ))?;
    Ok(())
}

/// Asks whether a damaged state is to be replaced; a state that can be read is not asked about.
fn confirm_recovery(
    app: &App,
    source: &SourceName,
    from: Option<u64>,
    output: &Output,
) -> anyhow::Result<()> {
    let Err(StateError::Damaged { what, snapshot, .. }) = app.current_state(source) else {
        return Ok(());
    };
    let Some(id) = from.or(snapshot) else {
        return Ok(());
    };
    let told = format!("The state of {source} is damaged: {what}.");
    if output.json || !can_answer() {
        let refused = format!("{told} To recover it from snapshot {id}, add --yes.");
        return Err(Refused(refused).into());
    }
    let at = when(app.snapshot(id)?.at_ms);
    progress(&format!("{told}\n"));
    let question = format!(
        "Recover it from snapshot {id} of {at}? What {source} reported since then is lost."
    );
    match is_confirmed(&question)? {
        true => Ok(()),
        false => Err(Refused("nothing was changed".into()).into()),
    }
}

/// Removes an application, after a question.
fn remove(app: &App, source: &SourceName, yes: bool, output: &mut Output) -> anyhow::Result<()> {
    if !yes {
        confirm_removal(&app.removable(source)?, output)?;
    }
    let removed = app.remove_source(source)?;
    output.note_saved();
    if output.json {
        return Ok(output.value(&removed)?);
    }
    Ok(output.line(format!("Removed {source}: {}", contents(&removed)))?)
}

fn confirm_removal(found: &RemovedSource, output: &Output) -> anyhow::Result<()> {
    let RemovedSource { source, .. } = found;
    let told = format!("There is of {source}: {}.", contents(found));
    if output.json || !can_answer() {
        let refused = format!("{told} To remove it, which cannot be undone, add --yes.");
        return Err(Refused(refused).into());
    }
    progress(&format!("{told}\n"));
    match is_confirmed("Remove all of it? This cannot be undone.")? {
        true => Ok(()),
        false => Err(Refused("nothing was removed".into()).into()),
    }
}

/// `its state, 12 snapshots (2 pinned), 1 restore, 340 calculations`.
fn contents(found: &RemovedSource) -> String {
    let state = found.has_state.then(|| "its state".to_owned());
    let many = |count: u64, what| (count > 0).then(|| counted(count as usize, what));
    let snapshots = many(found.snapshots, "snapshot").map(|snapshots| match found.pinned {
        0 => snapshots,
        pinned => format!("{snapshots} ({pinned} pinned)"),
    });
    let parts = [
        state,
        snapshots,
        many(found.restores, "restore"),
        many(found.calculations, "calculation"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => "measurements without calculations".into(),
        false => parts.join(", "),
    }
}

/// Reads a value as the help says: JSON, or else text, unless it was meant to be JSON.
fn value_of(text: &str) -> Result<Tree, Refused> {
    // As a shell gives it that reads it from a file.
    let text = text.trim_start_matches('\u{feff}');
    match tree::read_unique(text.as_bytes()) {
        Ok(value) => Ok(value),
        Err(error @ UniqueError::Repeated { .. }) => {
            Err(Refused(format!("the value cannot be read: {error}")))
        }
        Err(UniqueError::Json(error)) if text.trim_start().starts_with(JSON_BEGINS) => {
            Err(Refused(format!(
                "the value begins as JSON does, and is none: {error}"
            )))
        }
        Err(_) => Ok(text.into()),
    }
}

fn value_in(file: &Path) -> anyhow::Result<Tree> {
    let value = tree::read_unique(&read_json(file, STATE_BYTES_MAX)?);
    let refused = |error| match error {
        UniqueError::Json(error) => format!("{} holds no JSON: {error}", subject(file)),
        error => format!("{} cannot be read: {error}", subject(file)),
    };
    Ok(value.map_err(|error| Refused(refused(error)))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_json_or_else_text_unless_it_was_meant_to_be_json() {
        let read = |text| value_of(text).unwrap();
        assert_eq!(read("25"), json!(25).into());
        assert_eq!(read("null"), Tree::Null);
        assert_eq!(read(r#"{"a": [1]}"#), json!({"a": [1]}).into());
        assert_eq!(read(r#""25""#), "25".into());
        assert_eq!(
            read("18446744073709551617").to_string(),
            "18446744073709551617"
        );
        assert_eq!(read("canary"), "canary".into());
        assert_eq!(read("-1 or so"), "-1 or so".into());
        assert_eq!(read(""), "".into());
        for text in ["{a: 1}", "[1,", " \"open"] {
            let refused = value_of(text).unwrap_err().to_string();
            assert!(refused.starts_with("the value begins as JSON"), "{refused}");
        }
    }
}
