//! A data folder whose name is no UTF-8, with signs that mean something in addresses.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::serving::{Serving, get};

const NAME: &[u8] = b"fl\xff\xe4gs %41?mode=rw#\xe2\x82 x";

fn flagctl(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flagctl"));
    command.env("FLAGDECK_DATA_DIR", folder).args(arguments);
    command
}

#[track_caller]
fn ok(folder: &Path, arguments: &[&str]) -> String {
    let output = flagctl(folder, arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {errors}");
    assert!(!errors.contains("could be made"), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn a_folder_of_any_name_is_as_good_as_another() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join(OsStr::from_bytes(NAME));
    ok(&folder, &["set", "ui.badges", "on"]);
    let backups: Value = serde_json::from_str(&ok(&folder, &["backup", "list", "--json"])).unwrap();
    assert_eq!(backups.as_array().map(Vec::len), Some(1), "made by itself");
    let name = backups[0]["name"].as_str().unwrap();
    ok(&folder, &["set", "ui.badges", "off"]);
    ok(&folder, &["backup", "make"]);
    ok(&folder, &["backup", "restore", name, "--yes"]);
    let flags = ok(&folder, &["get", "--json"]);
    assert!(flags.contains("\"badges\": true"), "{flags}");

    ok(&folder, &["state", "set", "ml.n", "1", "--source", "web"]);
    ok(&folder, &["snapshot", "take"]);
    assert!(ok(&folder, &["snapshot", "list"]).contains("web"));
    let address = ["serve", "--port", "0"];
    let serving = Serving::run(flagctl(&folder, &address));
    assert!(get(&serving.address, "/healthz").contains("\"ok\""));
    assert!(get(&serving.address, "/metrics").contains("flagdeck_"));
    ok(&folder, &["metrics"]);
    let doctor = ok(&folder, &["doctor"]);
    assert!(doctor.contains("flagdeck.db is sound"), "{doctor}");
    drop(serving);
    assert_eq!(files(outer.path()), [folder], "nothing is beside it");
}

/// The store is damaged, and the newest backup takes its place.
#[test]
fn a_backup_in_a_folder_of_any_name_takes_the_place_of_a_damaged_store() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join(OsStr::from_bytes(NAME));
    ok(&folder, &["set", "ui.badges", "on"]);
    for suffix in ["", "-wal", "-shm"] {
        let file = folder.join(format!("flagdeck.db{suffix}"));
        if file.exists() {
            fs::write(&file, "no database at all".repeat(100)).unwrap();
        }
    }
    let output = flagctl(&folder, &["get", "--json"]).output().unwrap();
    let (flags, told) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(flags.contains("\"badges\": true"), "{flags} {told}");
    assert!(told.contains("backup"), "{told}");
}
