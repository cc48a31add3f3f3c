//! Files that the user chooses: bounded, one snapshot at a time, all or nothing.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::process::Stdio;

use flagdeck::App;
use flagdeck::state::Progress;
use flagdeck_core::limits::DOCUMENT_BYTES_MAX;
use rustix::fs::{CWD, Mode, mkfifoat};
use serde_json::{Value, json};

use crate::states::{put, take};
use crate::support::apps::{assert_sound, open};
use crate::support::cli::{Cli, Ran};

/// A bundle of snapshots that share nothing, each of about so many bytes.
fn bundle(snapshots: usize, bytes: usize) -> String {
    let snapshot = |index: usize| {
        let text = format!("{index:04}").repeat(bytes / 4);
        json!({ "timestamp": 1_767_225_600_000_u64 + index as u64, "ml": { "text": text }, "files": 1 })
    };
    let snapshots: Vec<Value> = (0..snapshots).map(snapshot).collect();
    json!({ "format": "flagdeck-snapshots", "version": 2, "snapshots": snapshots }).to_string()
}

fn sources(app: &App) -> Vec<String> {
    let sources = app.state_sources().unwrap().into_iter();
    sources.map(|source| source.name).collect()
}

#[test]
fn an_import_tells_how_far_it_is_and_keeps_nothing_if_it_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let bundle = bundle(4, 100);
    let mut told = Vec::new();
    let cancelled = app.import_watched(bundle.as_bytes(), "file", &mut |progress| {
        told.push(progress);
        match progress.done {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    assert_eq!(cancelled.unwrap(), None);
    let expected: Vec<Progress> = (1..=3).map(|done| Progress { done, total: 4 }).collect();
    assert_eq!(told, expected);
    assert_eq!(sources(&app), Vec::<String>::new());
    assert_eq!(
        app.import_snapshots(bundle.as_bytes(), "file")
            .unwrap()
            .len(),
        4
    );
    assert_sound(&app);
}

#[test]
fn a_bundle_that_is_bad_at_its_end_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 1 }));
    let first = take(&app).id;
    put(&app, &json!({ "n": 2 }));
    let exported = app.export_snapshots(&[first, take(&app).id]).unwrap().text;
    let altered = exported.replace("\"n\":2", "\"n\":3");
    assert_ne!(altered, exported);
    for (bad, said) in [
        (altered, "does not match its hash"),
        (exported.replace("\"n\":2", "\"n\":2,,"), "is no JSON"),
        (
            exported.replace("\"n\":2", "\"n\":2,\"n\":2"),
            "an object has the key \"n\" twice, at the root",
        ),
        (bundle(10_001, 4), "1 to 10000 snapshots"),
    ] {
        let refused = app.import_snapshots(bad.as_bytes(), "file").unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
        assert_eq!(sources(&app), ["web"]);
    }
    assert_sound(&app);
}

/// The trees of a bundle take many times its text.
#[test]
fn importing_more_snapshots_takes_no_more_memory_for_their_trees() {
    const BYTES: usize = 200_000;
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let needed = |snapshots: usize| {
        let bundle = bundle(snapshots, BYTES);
        let import = || {
            app.import_snapshots(bundle.as_bytes(), "file").unwrap();
        };
        allocation_counter::measure(import).bytes_max
    };
    let (few, many) = (needed(3), needed(30));
    assert!(many < few + few / 2, "{many} bytes for 30, {few} for 3");
}

#[test]
fn a_pipe_is_read_to_its_end_and_a_device_without_one_up_to_the_bound() {
    let cli = Cli::new();
    cli.refused("import /dev/zero", 2, "/dev/zero is larger than 4 MiB");
    cli.refused("import /tmp", 2, "/tmp is a folder, not a file");
    cli.refused("snapshot import /tmp", 2, "/tmp is a folder, not a file");
    let pipe = cli.data_dir().join("pipe");
    mkfifoat(CWD, &pipe, Mode::RWXU).unwrap();
    let mut command = cli.command("import --yes");
    command
        .arg(&pipe)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let importing = command.spawn().unwrap();
    // Waits for its reader.
    let mut writer = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    writer.write_all(b"{\"enabled\": true}").unwrap();
    drop(writer);
    let ran = Ran::of(importing.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let endless = " ".repeat(DOCUMENT_BYTES_MAX + 1);
    let ran = cli.run_with_input("import -", &endless);
    assert!(
        ran.code == Some(2) && ran.err.contains("larger than 4 MiB"),
        "{ran:?}"
    );
}
