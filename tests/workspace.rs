//! A workspace as one file: exported, and a fresh data folder started with it.

use std::fs;
use std::path::Path;

use flagdeck::App;
use flagdeck::app::ExportedWorkspace;
use flagdeck::state::SourceName;
use flagdeck::state::shapes::{SnapshotFilter, SnapshotLabel};
use flagdeck::store::RevisionSummary;
use serde_json::{Value, json};

use crate::support::apps::{history, open, percentage, set_percentage, someone};
use crate::support::cli::Cli;

fn put(app: &App, source: &str, n: u32) {
    let source: SourceName = source.parse().unwrap();
    let ml = json!({"n": n, "history": []}).to_string();
    app.put_state(&source, ml.as_bytes(), Some(1), None)
        .unwrap();
    app.take_snapshots(Some(&source), &SnapshotLabel::default())
        .unwrap();
}

/// A folder with a history, settings and snapshots.
fn filled(folder: &Path) -> App {
    let app = open(folder);
    for milli in [1000, 2000, 3000] {
        set_percentage(&app, milli);
    }
    app.flags().undo(&someone()).unwrap();
    put(&app, "shop", 1);
    put(&app, "shop", 2);
    put(&app, "till", 3);
    set(&app, "http.port", &json!(4711));
    set(
        &app,
        "metrics.pushGateway",
        &json!("http://gate.example:9091"),
    );
    set(
        &app,
        "http.allowedOrigins",
        &json!(["http://localhost:5173"]),
    );
    app
}

fn set(app: &App, name: &str, value: &Value) {
    app.change_setting(name, value).unwrap();
}

fn exported(app: &App, with_snapshots: bool) -> ExportedWorkspace {
    app.export_workspace(with_snapshots).unwrap()
}

/// What has to be the same of each revision.
fn facts(revisions: &[RevisionSummary]) -> Vec<String> {
    revisions.iter().map(|it| format!("{it:?}")).collect()
}

fn states(app: &App, source: &str) -> Vec<String> {
    let filter = SnapshotFilter {
        source: Some(source.into()),
        ..SnapshotFilter::default()
    };
    let found = app.snapshots(&filter, 0, 100).unwrap().snapshots;
    let at = |id| flagdeck::state::shapes::StateAt::Snapshot { id };
    let texts = found
        .iter()
        .map(|it| app.state_at(&at(it.id)).unwrap().ml.to_string());
    texts.collect()
}

fn refused(app: &App, bytes: Vec<u8>) -> String {
    app.open_workspace(bytes).unwrap_err().to_string()
}

#[test]
fn a_fresh_folder_goes_on_where_the_workspace_was() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let before = filled(from.path());
    let ExportedWorkspace {
        bytes,
        revisions,
        snapshots,
        left_out,
    } = exported(&before, true);
    assert_eq!((revisions, snapshots, &left_out[..]), (4, 3, &[][..]));

    let after = open(to.path());
    let workspace = after.open_workspace(bytes).unwrap();
    let latest = workspace.latest_document().unwrap();
    let imported = after.import_workspace(&workspace).unwrap();
    let read = flagdeck_core::validate(latest.as_bytes()).unwrap();
    assert_eq!(read.document, after.flags().live().document);
    assert_eq!(imported.revisions, 4);
    assert_eq!(facts(&history(&after)), facts(&history(&before)));
    assert_eq!(percentage(&after), 2000);
    assert_eq!(states(&after, "shop"), states(&before, "shop"));
    assert_eq!(states(&after, "till"), states(&before, "till"));
    assert_eq!(
        after.check().unwrap().problems,
        [""; 0],
        "every hash and link matches"
    );

    // Undo and redo know the history, also after it is opened again.
    after.flags().redo(&someone()).unwrap();
    assert_eq!(percentage(&after), 3000);
    drop(after);
    assert_eq!(percentage(&open(to.path())), 3000);
}

#[test]
fn settings_come_along_without_secrets_and_contact_nobody() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let before = filled(from.path());
    let after = open(to.path());
    let workspace = after
        .open_workspace(exported(&before, false).bytes)
        .unwrap();
    assert_eq!(workspace.snapshots(), 0);
    let imported = after.import_workspace(&workspace).unwrap();
    assert_eq!(imported.settings, ["http.port"]);
    assert_eq!(
        imported.left_out,
        [
            "http.allowedOrigins is left out: set it yourself to let http://localhost:5173 read \
             the flags.",
            "metrics.pushGateway is left out: set it yourself to contact http://gate.example:9091.",
        ]
    );

    set(
        &before,
        "metrics.pushGateway",
        &json!("http://ada:secret@gate.example:9091"),
    );
    let ExportedWorkspace {
        bytes, left_out, ..
    } = exported(&before, false);
    assert_eq!(
        left_out,
        ["metrics.pushGateway is left out: it has a secret."]
    );
    let text = zstd::decode_all(&bytes[..]).unwrap();
    assert!(!String::from_utf8(text).unwrap().contains("secret"));
}

#[test]
fn only_a_fresh_folder_takes_a_workspace() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let before = filled(from.path());
    let bytes = exported(&before, true).bytes;
    assert_eq!(
        refused(&before, bytes.clone()),
        "this data folder has revisions already; a workspace can only be imported into a fresh \
         data folder"
    );
    let after = open(to.path());
    put(&after, "till", 9);
    let said = refused(&after, bytes.clone());
    assert!(
        said.starts_with("there is a state or a snapshot of till already"),
        "{said}"
    );

    // Another program was faster, after the file was looked at: nothing is left of it.
    let to = tempfile::tempdir().unwrap();
    let (after, other) = (open(to.path()), open(to.path()));
    let workspace = after.open_workspace(bytes).unwrap();
    set_percentage(&other, 7000);
    let said = after.import_workspace(&workspace).unwrap_err().to_string();
    assert!(said.contains("has revisions already"), "{said}");
    assert_eq!(percentage(&after), 7000);
    assert!(after.state_sources().unwrap().is_empty());
    assert!(
        after
            .settings()
            .iter()
            .all(|setting| setting.in_file.is_null())
    );
}

#[test]
fn flagctl_moves_a_workspace() {
    let (from, to) = (Cli::new(), Cli::new());
    from.ok("master on");
    from.ok("rollout --percentage 12.5");
    let file = from.data_dir().join("all.flagdeck");
    let file = file.to_str().unwrap();
    let told = from.json(&format!("export --workspace {file} --snapshots"));
    assert_eq!(
        told,
        json!({"file": file, "revisions": 2, "snapshots": 0, "leftOut": []})
    );
    let mode = {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(file).unwrap().permissions().mode()
    };
    assert_eq!(mode & 0o777, 0o600);

    let checked = to.ok(&format!("import --workspace {file} --check"));
    assert_eq!(
        checked,
        format!("{file} can be imported: 2 revisions and 0 snapshots\n")
    );
    assert_eq!(to.json("history"), json!([]));
    to.ok(&format!("import --workspace {file}"));
    assert_eq!(to.json("history"), from.json("history"));
    assert_eq!(to.ok("export"), from.ok("export"));
    to.refused(
        &format!("import --workspace {file}"),
        2,
        "has revisions already",
    );

    let mut bytes = fs::read(file).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(file, bytes).unwrap();
    Cli::new().refused(&format!("import --workspace {file}"), 2, "damaged");
    Cli::new().refused("export --snapshots", 2, "--workspace");
}
