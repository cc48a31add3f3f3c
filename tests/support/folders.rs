//! Data folders: what is in them, copies of them, and one that can be lost.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use flagdeck::clock::Clock;
use flagdeck::error::Code;
use flagdeck::metrics::IntakeError;
use flagdeck::state::SourceName;
use flagdeck::{App, Error};
use serde_json::json;
use tempfile::TempDir;

use super::apps::{close, open, open_watching, open_watching_by, report, set_percentage};
use super::serving::{Serving, exchange};
use super::waiting::wait_for;

/// Lists the names in a folder; none if it is missing.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

/// Lists what is in the quarantine of a data folder, without the labels.
pub fn quarantined(data_dir: &Path) -> Vec<String> {
    let mut names = names_in(&data_dir.join("quarantine"));
    names.retain(|name| !name.ends_with(".json"));
    names
}

/// Copies a folder with all it holds, as it is at this moment.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in names_in(from) {
        let (from, to) = (from.join(&name), to.join(&name));
        match from.is_dir() {
            true => copy_folder(&from, &to),
            // `cp`, because this process would lose its locks by closing the file itself.
            false => cp(&from, &to),
        }
    }
}

pub fn cp(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg(from).arg(to).status();
    // What a program puts in place by a rename may be gone since it was listed.
    assert!(copied.unwrap().success() || !from.exists());
}

/// A data folder that can be removed, within one that stays.
pub struct Place {
    pub outer: TempDir,
    pub data: PathBuf,
}

impl Place {
    pub fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("flagdeck");
        Self { outer, data }
    }

    /// Opens it as a program that stays open does.
    pub fn open(&self) -> App {
        open_watching(&self.data)
    }

    /// The same by a clock that stands.
    pub fn open_by(&self, clock: &Clock) -> App {
        open_watching_by(&self.data, clock)
    }

    /// Removes it while programs may still make files in it.
    pub fn remove(&self) {
        remove_in_use(&self.data);
    }

    /// Makes another store beside it, with some revisions; returns its folder.
    pub fn another(&self, revisions: u32) -> PathBuf {
        let other = self.outer.path().join("other");
        let app = open(&other);
        for milli in 1..=revisions {
            set_percentage(&app, 50_000 + milli);
        }
        close(app);
        other
    }

    /// Puts another store in its place: moved there, under files of their own.
    pub fn replace_by_another(&self, revisions: u32) {
        let other = self.another(revisions);
        self.remove();
        fs::rename(other, &self.data).unwrap();
    }

    /// Puts a copy in its place, as a backup tool does that restores a folder.
    pub fn replace_by_copy(&self) {
        let copy = self.outer.path().join("copy");
        copy_folder(&self.data, &copy);
        self.remove();
        fs::rename(copy, &self.data).unwrap();
    }

    /// Prepares a `flagctl` on it.
    pub fn flagctl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flagctl"));
        command.arg("--data-dir").arg(&self.data).args(arguments);
        command
    }

    /// Serves it, and returns its token as well.
    pub fn serve(&self) -> (Serving, String) {
        self.serve_by(self.flagctl(&["serve", "--port", "0"]))
    }

    /// Serves it by a command.
    pub fn serve_by(&self, command: Command) -> (Serving, String) {
        let serving = Serving::run(command);
        let token = self.flagctl(&["token"]).output().unwrap();
        let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
        (serving, token)
    }
}

/// Removes a folder as `rm -r` does, again while a program still makes files in it.
pub fn remove_in_use(folder: &Path) {
    let may_be_left = [io::ErrorKind::DirectoryNotEmpty, io::ErrorKind::NotFound];
    while let Err(error) = fs::remove_dir_all(folder)
        && folder.exists()
    {
        assert!(may_be_left.contains(&error.kind()), "{error}");
    }
}

/// Reports a state of the source `web`.
pub fn put_state(app: &App, n: u32) -> Result<(), Error> {
    let body = json!({ "ml": { "n": n } }).to_string();
    Ok(app
        .put_state(&web(), body.as_bytes(), None, None)
        .map(drop)?)
}

pub fn web() -> SourceName {
    "web".parse().unwrap()
}

/// Reports one event; returns how many were accepted.
pub fn report_one(app: &App) -> Result<usize, IntakeError> {
    let event = r#"{"type":"ml:calculation:complete","source":"web","component":"ui.badges","duration":0.25,"confidence":0.5,"iterations":12,"exposed":true}"#;
    Ok(report(app, event)?.accepted)
}

/// Sets the percentage of the default rollout over HTTP, and returns the answer.
pub fn put(address: &str, token: &str, percent_milli: u32) -> String {
    let percentage = f64::from(percent_milli) / 1000.0;
    let body = json!({ "rollout": { "percentage": percentage } }).to_string();
    let request = format!(
        "PATCH /api/ml/flags HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         If-Match: *\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    exchange(address, &request).unwrap()
}

/// Waits until it is noticed that a folder is lost, and returns how that is told.
#[track_caller]
pub fn noticed(app: &App) -> String {
    noticed_as(app, "")
}

/// Waits until it is noticed that a folder is lost, and told in these words, among others. What is
/// done to a folder in two steps may be looked at between them.
#[track_caller]
pub fn noticed_as(app: &App, words: &str) -> String {
    let gone = wait_for(
        &format!("the notice of a lost folder, {words:?}"),
        || app.gone().map(|gone| gone.to_string()),
        |told| told.as_ref().is_some_and(|told| told.contains(words)),
    );
    gone.unwrap()
}

#[track_caller]
pub fn assert_gone<T: std::fmt::Debug>(result: Result<T, impl Into<Error>>) {
    let error = result.map_err(Into::into).expect_err("nothing is saved");
    assert_eq!(error.code(), Code::StoreGone, "{}", error.in_full());
}
