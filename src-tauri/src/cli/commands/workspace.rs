//! `export --workspace`, `import --workspace`: all there is as one file.

use std::path::Path;

use anyhow::Context;
use flagdeck::App;
use flagdeck::app::{ExportedWorkspace, ImportedWorkspace};
use flagdeck::durable::{self, Access};
use flagdeck::wire::WorkspaceFile;
use flagdeck::workspace::limits::FILE_BYTES_MAX;

use crate::input::read;
use crate::output::{Output, counted, remark};

/// Writes the workspace to a file.
pub fn export(
    app: &App,
    file: &Path,
    with_snapshots: bool,
    output: &mut Output,
) -> anyhow::Result<()> {
    let ExportedWorkspace {
        bytes,
        revisions,
        snapshots,
        left_out,
    } = app.export_workspace(with_snapshots)?;
    durable::save(file, &bytes, Access::KeptOrPrivate)
        .with_context(|| format!("cannot write {}", file.display()))?;
    let told = WorkspaceFile {
        file: file.display().to_string(),
        revisions,
        snapshots,
        left_out,
    };
    tell(&told, "has", output)
}

/// Puts the workspace of a file into the data folder, or only says whether that can be done.
pub fn import(app: &App, file: &Path, only_check: bool, output: &mut Output) -> anyhow::Result<()> {
    let workspace = app.open_workspace(read(file, FILE_BYTES_MAX)?)?;
    let mut told = WorkspaceFile {
        file: file.display().to_string(),
        revisions: workspace.revisions,
        snapshots: workspace.snapshots(),
        left_out: Vec::new(),
    };
    if only_check {
        return tell(&told, "can be imported:", output);
    }
    let ImportedWorkspace { left_out, .. } = app.import_workspace(&workspace)?;
    output.note_saved();
    told.left_out = left_out;
    tell(&told, "was imported:", output)
}

fn tell(told: &WorkspaceFile, verb: &str, output: &mut Output) -> anyhow::Result<()> {
    for sentence in &told.left_out {
        remark(sentence);
    }
    if output.json {
        return Ok(output.value(told)?);
    }
    let said = |count: u64, what| counted(usize::try_from(count).unwrap_or(usize::MAX), what);
    let revisions = said(told.revisions, "revision");
    let snapshots = said(told.snapshots, "snapshot");
    Ok(output.line(format!("{} {verb} {revisions} and {snapshots}", told.file))?)
}
