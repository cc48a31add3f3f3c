//! Other users of the machine: what Flagdeck writes is for its owner alone, and a data folder that
//! others could change is not used.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flagdeck::store::RevisionNumber;
use serde_json::json;

use crate::states::{put, take};
use crate::support::apps::{close, open, open_watching, report, switch};
use crate::support::cli::{Cli, Ran};
use crate::support::disks::{folder_of_own_process, in_own_process};
use crate::support::processes::Ended;
use crate::support::serving::get;

/// A number that no account has.
const EVE: u32 = 54_321;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Everything in a folder, at any depth.
fn everything_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything_in(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

#[track_caller]
fn check_private(folder: &Path, names: &[&str]) {
    let found = everything_in(folder);
    for name in names {
        let path = folder.join(name);
        assert!(found.contains(&path), "{name} is missing in {found:#?}");
    }
    for path in found {
        let mode = fs::symlink_metadata(&path).unwrap().mode();
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
    }
}

/// Prepares to run a command under a umask that takes no right away.
fn unmasked(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 0; exec \"$@\"", "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// Run in a process of its own: writes all that an application writes.
#[test]
#[ignore = "run by another test"]
fn write_everything() {
    let folder = folder_of_own_process();
    let data = folder.join("data");
    let app = open_watching(&data);
    switch(&app, "tracker", true);
    app.flags().back_up().unwrap();
    put(&app, &json!({ "n": 1 }));
    take(&app);
    report(&app, r#"{"component":"tracker","ok":true,"durationMs":3}"#).unwrap();
    app.token().unwrap();
    app.change_setting("http.port", &json!(4700)).unwrap();
    // While it is open: the logs are there.
    check_private(
        &data,
        &[
            "flagdeck.db-wal",
            "state.db-wal",
            "metrics.db-wal",
            "state.db-shm",
            "token",
        ],
    );
    close(app);
    // What is damaged goes to quarantine, and a copy of the backup takes its place.
    fs::write(data.join("flagdeck.db"), "no database".repeat(1000)).unwrap();
    set_mode(&data.join("flagdeck.db"), 0o644);
    let app = open(&data);
    assert_eq!(app.flags().live().revision, RevisionNumber(1));
    close(app);
    check_private(
        &data,
        &["quarantine", "flagdeck.db", "config.toml", "metrics.users"],
    );
}

#[test]
fn everything_in_a_data_folder_is_for_its_owner_alone() {
    let outer = tempfile::tempdir().unwrap();
    let data = outer.path().join("data");
    fs::create_dir(&data).unwrap();
    set_mode(&data, 0o755);
    let command = in_own_process("private::write_everything", outer.path());
    let output = unmasked(&command).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mode = fs::metadata(&data).unwrap().mode() & 0o777;
    assert_eq!(mode, 0o755, "a folder that was there stays as it is");
}

#[test]
fn what_holds_a_state_is_exported_for_its_owner_alone_and_a_document_as_the_umask_says() {
    let cli = Cli::new();
    cli.ok("state set ml.n 1 --source web");
    cli.ok("snapshot take");
    let bundle = cli.data_dir().join("bundle.json");
    let export = |name: &str| {
        let place = cli.data_dir().join(name);
        let command = cli.command(&format!("snapshot export 1 -o {}", place.display()));
        let done = unmasked(&command).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        fs::metadata(place).unwrap().mode() & 0o777
    };
    assert_eq!(export("bundle.json"), 0o600);
    set_mode(&bundle, 0o640);
    assert_eq!(
        export("bundle.json"),
        0o640,
        "one that was there keeps its mode"
    );
}

/// What `bisect` runs creates files as if the user had started it.
#[test]
fn a_command_of_bisect_has_the_umask_of_the_user() {
    let cli = Cli::new();
    for n in 1..=3 {
        cli.ok(&format!("state set ml.n {n} --source web"));
        cli.ok("snapshot take");
    }
    let note = cli.data_dir().join("note");
    let script = format!("umask > {}; grep -q 1 {{}}", note.display());
    let mut bisect = cli.command("bisect --good 1 --bad 3 -- sh -c");
    bisect
        .env("PATH", std::env::var_os("PATH").unwrap())
        .arg(script);
    let ran = Ran::of(unmasked(&bisect).output().unwrap());
    let umask = fs::read_to_string(note).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert_eq!(umask.trim().trim_start_matches('0'), "", "{ran:?}");
}

#[test]
fn a_folder_that_others_can_write_in_is_refused_unless_it_is_trusted() {
    let cli = Cli::new();
    cli.ok("set tracker on");
    set_mode(cli.data_dir(), 0o777);
    let place = cli.data_dir().display().to_string();
    let said = format!("run chmod go-w {place}, or use it anyway with --trust-folder");
    for command in ["get", "serve --port 0", "token", "doctor", "demo --for 1s"] {
        cli.refused(command, 1, &said);
    }
    cli.ok("get --trust-folder");
    let trusting = cli
        .command("get")
        .env("FLAGDECK_TRUST_FOLDER", "1")
        .output();
    assert!(trusting.unwrap().status.success());
    let ran = cli.run("doctor --trust-folder");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("other users can write in it"), "{ran:?}");
    set_mode(cli.data_dir(), 0o755);
    let told = cli.ok("doctor");
    assert!(told.contains(&format!("chmod 700 {place}")), "{told}");
}

#[test]
fn doctor_tells_what_others_can_read_and_the_command_that_ends_it() {
    let cli = Cli::new();
    cli.ok("config set metrics.pushGateway http://ada:secret@gate.example");
    let file = cli.data_dir().join("config.toml");
    cli.ok("doctor");
    set_mode(&file, 0o644);
    let ran = cli.run("doctor");
    let said = format!("metrics.pushGateway: run chmod 600 {}", file.display());
    assert!(ran.code == Some(1) && ran.out.contains(&said), "{ran:?}");
    assert!(!ran.out.contains("secret"), "{ran:?}");
    cli.ok("config set metrics.pushGateway http://gate.example");
    set_mode(&file, 0o644);
    cli.ok("doctor");
}

/// Prepares a program to be run by another user; `None`, with a message, if that cannot be.
#[expect(clippy::print_stderr, reason = "tells that a test was skipped")]
fn as_eve(mut command: Command) -> Option<Command> {
    let mut trial = Command::new(command.get_program());
    let trial = trial.arg("--help").uid(EVE).gid(EVE).output();
    if rustix::process::geteuid().is_root() && trial.is_ok_and(|it| it.status.success()) {
        command.uid(EVE).gid(EVE);
        return Some(command);
    }
    eprintln!("skipped: this user cannot run {command:?} as another one");
    None
}

#[test]
fn another_user_opens_no_file_so_holds_no_lock_and_stops_nothing() {
    let cli = Cli::new();
    set_mode(cli.data_dir(), 0o755);
    cli.ok("set tracker on");
    cli.ok("state set ml.n 1 --source web");
    let serving = cli.serve();
    let files = everything_in(cli.data_dir());
    assert!(files.iter().any(|file| file.ends_with("state.users")));
    // Prints what it can read, write, or create beside it.
    let script = "for f; do (: < $f) && echo read $f; (: >> $f) && echo wrote $f; \
                  (: > $f.eve) && echo made $f.eve; done 2>&-; echo end";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).args(&files);
    let Some(mut eve) = as_eve(shell) else { return };
    let ran = Ran::of(eve.output().unwrap());
    assert_eq!(ran.out, "end\n");
    cli.ok("set tracker off");
    assert!(get(&serving.address, "/healthz").contains("\"ok\""));
}

#[test]
fn a_folder_of_another_user_is_refused_to_root_as_well() {
    if as_eve(Command::new("sh")).is_none() {
        return;
    }
    let cli = Cli::new();
    cli.ok("set tracker on");
    chown(cli.data_dir(), Some(EVE), Some(EVE)).unwrap();
    cli.refused("get", 1, &format!("it belongs to user {EVE}"));
    cli.ok("get --trust-folder");
}

/// Run in a process of its own, by another user: answers as Flagdeck does, and prints what it is
/// sent.
#[test]
#[ignore = "run by another test"]
#[expect(clippy::print_stdout, reason = "the test that runs it reads this")]
fn answer_as_flagdeck_does() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    println!("port {}", listener.local_addr().unwrap().port());
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        println!("asked {:?}", String::from_utf8_lossy(&request[..length]));
        let health = r#"{"status":"ok","version":"0.1.0","revision":1,"writable":true}"#;
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{health}",
            health.len()
        );
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

#[test]
fn the_token_is_not_sent_to_a_program_of_another_user() {
    let cli = Cli::new();
    cli.ok("set tracker on");
    cli.ok("token");
    let outer = tempfile::tempdir().unwrap();
    let listen = in_own_process("private::answer_as_flagdeck_does", outer.path());
    let Some(mut eve) = as_eve(listen) else {
        return;
    };
    let mut listening = Ended(eve.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(listening.stdout.take().unwrap()).lines();
    let port = lines
        .find_map(|line| Some(line.unwrap().split_once("port ")?.1.to_owned()))
        .unwrap();
    let said = format!("is run by user {EVE}; the token was not sent to it");
    cli.refused(
        &format!("demo --for 1s --url http://127.0.0.1:{port}"),
        1,
        &said,
    );
    let ran = cli.run(&format!("doctor --config http.port={port}"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told = format!("a program of user {EVE} listens on port {port}");
    assert!(ran.out.contains(&told), "{ran:?}");
    drop(listening);
    let asked: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(
        asked.iter().any(|line| line.contains("/healthz")),
        "{asked:?}"
    );
    assert!(
        !asked.iter().any(|line| line.contains("Bearer")),
        "{asked:?}"
    );
}
