//! What a command says and exits with if its output cannot be written: a full disk, and a reader that
//! is gone.

use std::fs::{self, File};
use std::process::Stdio;

use serde_json::Value;

use crate::support::cli::Cli;

/// Runs over a full disk; returns the exit code and what is said.
fn over_full_disk(cli: &Cli, arguments: &str) -> (Option<i32>, String) {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = cli.command(arguments);
    let output = command
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Runs into a pipe that nobody reads; returns the exit code and what is said.
fn into_closed_pipe(cli: &Cli, arguments: &str) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = cli.command(arguments);
    let output = command
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn a_full_disk_is_one_sentence_and_a_reader_that_is_gone_is_none() {
    let cli = Cli::new();
    cli.ok("master on");
    for arguments in [
        "completions bash",
        "completions zsh",
        "man",
        "--help",
        "help set",
        "--version",
        "get",
        "get --json",
        "history",
        "export",
        "config list",
        "doctor",
        "demo --dry-run",
    ] {
        let (code, said) = over_full_disk(&cli, arguments);
        assert_eq!(code, Some(1), "{arguments}: {said}");
        assert!(
            said.contains("No space left on device"),
            "{arguments}: {said}"
        );
        if !arguments.contains("--json") {
            assert_eq!(said.lines().count(), 1, "{arguments}: {said}");
        }
        let closed = into_closed_pipe(&cli, arguments);
        assert_eq!(closed, (Some(0), String::new()), "{arguments}");
    }
}

#[test]
fn what_is_saved_and_cannot_be_printed_is_another_failure() {
    let cli = Cli::new();
    let state = cli.data_dir().join("state.json");
    let document = cli.data_dir().join("document.json");
    fs::write(&state, "{\"n\": 1}").unwrap();
    fs::write(
        &document,
        "{\"enabled\": false, \"components\": {\"tracker\": true}}",
    )
    .unwrap();
    let users = cli.data_dir().join("users.csv");
    fs::write(&users, "id\nada\n").unwrap();
    cli.ok("state set --source web ml.n 0");
    let damaged = "recover";
    // In an order in which each of them saves something.
    for arguments in [
        "set calculator on",
        "set tracker on --json",
        "master on",
        "rollout ui.badges --percentage 5",
        "undo",
        "redo",
        "set ui.badges on",
        "rollback ui.badges",
        "restore 1",
        &format!("import {} --yes", document.display()),
        "backup make",
        "backup restore LATEST --yes",
        "config set http.port 4700",
        "config reset http.port",
        "state set ml.n 1",
        "snapshot take",
        "state set ml.n 2 --json",
        "snapshot take --name second",
        "snapshot pin 1",
        "snapshot label 1 --note x",
        "snapshot restore 1",
        "snapshot cancel 1",
        "snapshot restore 1 --json",
        "snapshot undo 2",
        &format!("snapshot import {} --name copy", state.display()),
        "snapshot remove copy",
        &format!("snapshot export 1 -o {}", state.display()),
        "token --rotate",
        "overrides set tracker on --user ada",
        "overrides clear --user ada",
        &format!("roster import {} --yes", users.display()),
        "roster forget ada",
        "roster remove users --json",
        damaged,
        "snapshot take --name third",
        "snapshot remove --id LATEST",
        "state remove web --yes",
    ] {
        let arguments = match arguments {
            "backup restore LATEST --yes" => {
                let name = cli.json("backup list")[0]["name"]
                    .as_str()
                    .unwrap()
                    .to_owned();
                cli.ok("master on");
                format!("backup restore {name} --yes")
            }
            "snapshot remove --id LATEST" => {
                let id = &cli.json("snapshot list")[0]["id"];
                format!("snapshot remove --id {id}")
            }
            "recover" => {
                let database = rusqlite::Connection::open(cli.data_dir().join("state.db"));
                let sql = "UPDATE journal SET change = x'00'";
                database.unwrap().execute(sql, []).unwrap();
                "state recover --yes".into()
            }
            other => other.to_owned(),
        };
        let (code, said) = over_full_disk(&cli, &arguments);
        assert_eq!(code, Some(9), "{arguments}: {said}");
        let told = "t is saved, but the output could not be written: No space left on device";
        assert!(said.contains(told), "{arguments}: {said}");
        if arguments.ends_with("--json") {
            let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
            assert_eq!(last["code"], "not_printed");
        }
    }
    let history = cli.json("history");
    let before = history.as_array().unwrap().len();
    for idle in ["master on --json", "snapshot restores", "config list"] {
        cli.ok("master on");
        let (code, said) = over_full_disk(&cli, idle);
        assert_eq!(code, Some(1), "{idle}: {said}");
    }
    let after = cli.json("history").as_array().unwrap().len();
    assert!(after <= before + 1, "nothing was saved by those");
}
