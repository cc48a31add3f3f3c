//! `snapshot diff`: what differs between two states, in files or in the store.

use std::path::Path;
use std::process::ExitCode;

use flagdeck::state::limits::BUNDLE_BYTES_MAX;
use flagdeck::state::{self, SourceName};
use flagdeck::wire::{StateAt, StateDifference, StateDifferenceOptions};
use flagdeck::{App, Error};
use flagdeck_core::tree::Tree;

use super::super::Refused;
use super::super::source::one_source;
use crate::arguments::{CompareArguments, DiffArguments};
use crate::difference;
use crate::input::{name_of, read_json};
use crate::output::{Output, counted, remark, when};
use crate::which::{Place, Which};

/// One of two states.
enum Side {
    Kept { at: StateAt, title: String },
    File { bytes: Vec<u8>, title: String },
}

impl Side {
    fn title(&self) -> &str {
        match self {
            Self::Kept { title, .. } | Self::File { title, .. } => title,
        }
    }
}

/// Compares where at least one of the two is kept.
pub fn diff(app: &App, arguments: &DiffArguments, output: &mut Output) -> anyhow::Result<ExitCode> {
    let (from, to) = sides(app, arguments)?;
    if let (Side::Kept { at: a, .. }, Side::Kept { at: b, .. }) = (&from, &to) {
        if arguments.patch {
            return patch(&app.state_patch(a, b)?, arguments, output);
        }
        let found = app.state_difference(a, b, &options(&arguments.compare))?;
        let titles = (from.title(), to.title());
        return tell(&found, titles, arguments, output);
    }
    let bytes = |side: &Side| match side {
        Side::File { bytes, .. } => Ok(bytes.clone()),
        Side::Kept { at, .. } => Ok::<_, anyhow::Error>(serde_json::to_vec(&app.state_at(at)?)?),
    };
    let (a, b) = (bytes(&from)?, bytes(&to)?);
    let titles = (from.title(), to.title());
    compare(&a, &b, titles, arguments, output)
}

/// Compares two files, without a look at the data folder; none where they are not both files.
pub fn compare_files(
    arguments: &DiffArguments,
    output: &mut Output,
) -> Option<anyhow::Result<ExitCode>> {
    let (Which::File(from), Some(Which::File(to))) = (&arguments.from, &arguments.to) else {
        return None;
    };
    let titles = (name_of(from), name_of(to));
    let both = contents(from).and_then(|a| Ok((a, contents(to)?)));
    Some(match both {
        Ok((a, b)) => compare(&a, &b, (&titles.0, &titles.1), arguments, output),
        Err(refused) => Err(refused.into()),
    })
}

/// Reads a file, and reports what of it is not compared. If it cannot be read, the exit code is not
/// that of a difference.
fn contents(file: &Path) -> Result<Vec<u8>, Refused> {
    let bytes = read_json(file, BUNDLE_BYTES_MAX).map_err(|error| Refused(format!("{error:#}")))?;
    let name = name_of(file);
    let notes = state::notes_on_file(&bytes);
    for note in notes.map_err(|error| Refused(format!("{name}: {error}")))? {
        remark(&format!("{name}: {note}"));
    }
    Ok(bytes)
}

/// How to compare, as the arguments say.
pub fn options(arguments: &CompareArguments) -> StateDifferenceOptions {
    StateDifferenceOptions {
        tolerance: arguments.tolerance,
        noise: arguments.ignore.clone(),
        with_history: arguments.with_history,
    }
}

fn compare(
    a: &[u8],
    b: &[u8],
    titles: (&str, &str),
    arguments: &DiffArguments,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    if arguments.patch {
        let found = state::patch_files(a, b).map_err(Error::from)?;
        return patch(&found, arguments, output);
    }
    let found = state::compare_files(a, b, &options(&arguments.compare));
    tell(&found.map_err(Error::from)?, titles, arguments, output)
}

fn patch(patch: &Tree, arguments: &DiffArguments, output: &mut Output) -> anyhow::Result<ExitCode> {
    output.value(patch)?;
    let differs = patch.as_array().is_some_and(|steps| !steps.is_empty());
    Ok(exit_code(differs, arguments))
}

fn tell(
    found: &StateDifference,
    (from, to): (&str, &str),
    arguments: &DiffArguments,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let count = difference::count(found);
    if output.json {
        output.value(found)?;
    } else {
        let changes = counted(count, "change");
        output.line(format!("From {from} to {to}: {changes}"))?;
        difference::print(found, output)?;
    }
    Ok(exit_code(count > 0, arguments))
}

fn exit_code(differs: bool, arguments: &DiffArguments) -> ExitCode {
    match differs && arguments.exit_code {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// Finds both; the source of `now` is that of the other one, unless it is given.
fn sides(app: &App, arguments: &DiffArguments) -> anyhow::Result<(Side, Side)> {
    let now = Which::Kept(Place::Now);
    let (from, to) = (&arguments.from, arguments.to.as_ref().unwrap_or(&now));
    let mut source = arguments.source.source.clone();
    for which in [from, to] {
        if let (None, Which::Kept(Place::Snapshot(id))) = (&source, which) {
            source = Some(app.snapshot(*id)?.source.parse()?);
        }
    }
    let side = |which: &Which| match which {
        Which::File(file) => Ok(Side::File {
            bytes: contents(file)?,
            title: name_of(file),
        }),
        Which::Kept(place) => kept(app, *place, source.clone()),
    };
    Ok((side(from)?, side(to)?))
}

fn kept(app: &App, place: Place, source: Option<SourceName>) -> anyhow::Result<Side> {
    Ok(match place {
        Place::Snapshot(id) => Side::Kept {
            title: format!("snapshot {id} of {}", when(app.snapshot(id)?.at_ms)),
            at: StateAt::Snapshot { id },
        },
        Place::Now => Side::Kept {
            title: "now".into(),
            at: StateAt::Now {
                source: one_source(app, source)?.to_string(),
            },
        },
    })
}
