//! What `flagctl` reads from files and standard input: of any kind, any size and any name.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use rustix::fs::{CWD, Mode, mkfifoat};
use serde_json::json;
use tempfile::TempDir;

use crate::cli_state::report;
use crate::support::cli::{Cli, Ran};

const DOCUMENT: &str = r#"{"enabled": true, "components": {"search": true}}"#;

/// An application with a state, and a folder that commands run in.
struct Rig {
    cli: Cli,
    folder: TempDir,
}

impl Rig {
    fn new() -> Self {
        let cli = Cli::new();
        report(&cli, "web", &json!({"n": 1}));
        Self {
            cli,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, contents).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.cli.command("");
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        Ran::of(command.stdin(Stdio::null()).output().unwrap())
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], said: &str) {
        let ran = self.run(arguments);
        assert!(matches!(ran.code, Some(1 | 2)), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(said), "{arguments:?}: {ran:?}");
        assert_eq!(ran.out, "", "{arguments:?}");
    }
}

/// Every command that reads a file, with the most that it reads.
fn readers(file: &str) -> [(Vec<&str>, &'static str); 6] {
    [
        (vec!["import", file, "--yes"], "4 MiB"),
        (vec!["state", "set", "ml.n", "--json-file", file], "8 MiB"),
        (vec!["guard", "replay", file], "32 MiB"),
        (vec!["snapshot", "import", file, "--name", "x"], "256 MiB"),
        (vec!["snapshot", "diff", file, file], "256 MiB"),
        (
            vec!["eval", "calculator", "--count", "--users", file],
            "1024 MiB",
        ),
    ]
}

#[test]
fn what_has_no_end_or_is_too_large_is_refused_with_the_limit() {
    let rig = Rig::new();
    let sparse = File::create(rig.folder.path().join("sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    for file in ["sparse", "/dev/zero"] {
        for (arguments, limit) in readers(file) {
            rig.refused(
                &arguments,
                &format!("The file {file} is larger than {limit}."),
            );
        }
    }
    let mut command = rig.command(&["import", "-", "--yes"]);
    let ran = Ran::of(
        command
            .stdin(File::open("/dev/zero").unwrap())
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.contains("Standard input is larger than 4 MiB."),
        "{ran:?}"
    );
}

#[test]
fn a_pipe_and_standard_input_are_read_as_files_are() {
    let rig = Rig::new();
    let pipe = rig.folder.path().join("pipe");
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    let writer = thread::spawn(move || fs::write(pipe, DOCUMENT).unwrap());
    let ran = rig.run(&["import", "pipe", "--yes"]);
    writer.join().unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("search added, on"), "{ran:?}");

    let document = rig.file("document", DOCUMENT);
    for place in ["-", "/dev/stdin"] {
        let mut command = rig.command(&["import", place, "--yes"]);
        let ran = Ran::of(
            command
                .stdin(File::open(&document).unwrap())
                .output()
                .unwrap(),
        );
        assert_eq!(
            ran.out, "No change: revision 1 is like this already\n",
            "{ran:?}"
        );
    }
    // A file of that name has its folder before it.
    rig.file("-", DOCUMENT.replace("true}", "false}"));
    let ran = rig.run(&["import", "./-", "--yes"]);
    assert!(ran.out.contains("search off"), "{ran:?}");
}

#[test]
fn the_name_of_a_file_is_shown_as_it_is_spelled() {
    let rig = Rig::new();
    let utf_16: Vec<u8> = DOCUMENT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    rig.file("wide", utf_16);
    for (arguments, _) in readers("wide") {
        rig.refused(&arguments, "The file wide is UTF-16; save it as UTF-8.");
    }
    for (arguments, _) in readers("missing") {
        rig.refused(&arguments, "The file missing cannot be read: ");
    }
    fs::create_dir(rig.folder.path().join("folder")).unwrap();
    symlink("folder", rig.folder.path().join("link")).unwrap();
    for (arguments, _) in readers("link") {
        rig.refused(
            &arguments,
            "The file link cannot be read: it is a link to a folder, ",
        );
    }
}

#[test]
fn an_empty_file_is_called_empty_and_no_users_are_none() {
    let rig = Rig::new();
    for (name, contents) in [("nothing", ""), ("mark", "\u{feff}"), ("blank", " \r\n\n")] {
        rig.file(name, contents);
        rig.refused(
            &["import", name, "--yes"],
            "The document is empty; the smallest one is",
        );
        rig.refused(
            &["state", "set", "ml.n", "--json-file", name],
            &format!("The file {name} holds no JSON: it is empty"),
        );
        let said = "The file is no JSON: it is empty";
        rig.refused(&["snapshot", "import", name, "--name", "x"], said);
        let said = format!("{name}: the file is no JSON: it is empty");
        rig.refused(&["snapshot", "diff", name, name], &said);
        let ran = rig.run(&["eval", "calculator", "--users", name]);
        assert_eq!(ran.out, "user,value,reason,bucket\n", "{ran:?}");
    }
}

#[test]
fn of_two_files_the_one_that_cannot_be_compared_is_named() {
    let rig = Rig::new();
    rig.file("whole", "{\"n\": 1}");
    rig.file("cut", "{\"n\": ");
    for pair in [["cut", "whole"], ["whole", "cut"]] {
        rig.refused(
            &["snapshot", "diff", pair[0], pair[1]],
            "cut: the file is no JSON: ",
        );
    }
}

#[test]
fn a_file_of_another_kind_is_named_when_it_is_kept_as_a_state() {
    let rig = Rig::new();
    rig.file("own", "{\"n\": 1, \"enabled\": true, \"format\": \"csv\"}");
    let ran = rig.run(&["snapshot", "import", "own", "--name", "own"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    rig.run(&["snapshot", "export", "1", "-o", "bundle"]);
    let bundle = fs::read_to_string(rig.folder.path().join("bundle")).unwrap();
    let kept = "It has a bundle of snapshots in it, and is kept as one state.";
    for (name, contents, said) in [
        (
            "document",
            DOCUMENT.to_owned(),
            "It looks like a flag document, and is kept as a state",
        ),
        ("around", format!("{{\"data\": {bundle}}}"), kept),
        ("misspelt", bundle.replace("\"format\"", "\"Format\""), kept),
    ] {
        rig.file(name, contents);
        let ran = rig.run(&["snapshot", "import", name, "--name", name]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.err.contains(said), "{ran:?}");
    }
}
