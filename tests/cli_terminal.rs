//! `flagctl` over a store full of hostile texts: nothing that others wrote acts on the terminal
//! or forges a line. And output that cannot be written.

use std::collections::BTreeSet;
use std::fs::{self};
use std::path::PathBuf;
use std::process::Stdio;

use flagdeck::flags::following::RemoteDocument;
use flagdeck::metrics::event::Format;
use flagdeck::state::SourceName;
use flagdeck::state::shapes::SnapshotLabel;
use flagdeck::{App, Options};
use flagdeck_core::{Edit, read_document, visible};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::apps::{open, request};
use crate::support::cli::{Cli, Ran};

/// Forges a row of the history, sets a title and colours, clears, reverses, hides.
const TEXT: &str = "x\n    9  2026-01-01 00:00:00  admin (window)  FORGED\r\u{1b}]0;owned\u{7}\
    \u{1b}[31m\u{9b}2J\u{7f}\u{202e}lap\u{2066}\u{200b}\t\u{2028}\u{85}end";

/// The same, short.
const TAG: &str = "x\n    9  2026 FORGED\u{1b}[2J\u{9b}\u{202e}";

/// The same for names in which no control characters are allowed.
const NAME: &str = "w\u{202e}be\u{2066}\u{200b}\u{2028}  FORGED";

/// An entry of the quarantine: states of a source with a hostile name.
const SET_ASIDE: &str = "state-7.db";

/// An address at which nothing answers.
const NOWHERE: &str = "http://127.0.0.1:1/api/ml/flags";

/// What a line begins with that `TEXT` forges.
const FORGED: &str = "    9  2026";

/// A data folder, itself of a hostile name, that holds hostile texts wherever texts are kept.
struct Hostile {
    outer: TempDir,
    data_dir: PathBuf,
    cli: Cli,
}

impl Hostile {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let data_dir = outer.path().join(format!("data {TEXT}"));
        fs::create_dir(&data_dir).unwrap();
        let cli = Cli::new();
        Self {
            outer,
            data_dir,
            cli,
        }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.cli.command("");
        let command = command
            .env("FLAGDECK_DATA_DIR", &self.data_dir)
            .env("USER", TEXT)
            .args(arguments)
            .current_dir(self.outer.path())
            .stdin(Stdio::null());
        Ran::of(command.output().unwrap())
    }

    /// Writes a file beside the data folder, also of a hostile name; returns its path.
    fn file(&self, name: &str, contents: &str) -> String {
        let path = self.outer.path().join(format!("{name} {TEXT}"));
        fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    }

    fn fill(&self) {
        let document = self.file("document", &document().to_string());
        self.done(&["import", &document, "--note", TEXT]);
        self.done(&["set", "ui.badges", "off", "--note", TEXT]);
        self.done(&["rollout", "ui.badges", "--groups", &TEXT.replace(',', "")]);
        let mut options = Options::new(&self.data_dir);
        options.watch = true;
        let app = App::open(options).unwrap();
        let source: SourceName = NAME.parse().unwrap();
        let put = |ml: Value| {
            let text = ml.to_string();
            app.put_state(&source, text.as_bytes(), Some(3), None)
                .unwrap();
        };
        put(ml(1));
        put(ml(2));
        let change =
            json!({"key": "ml.n", "newValue": TEXT, "source": format!("Error\n at {TEXT}")});
        let change = change.to_string();
        app.record_changes(&source, change.as_bytes(), Format::Json)
            .unwrap();
        let event = json!({"type": "ml:calculation:complete", "source": NAME,
            "component": "ui.badges", "duration": 0.25, "confidence": 0.5, "exposed": true});
        let event = event.to_string();
        let delivery = app.report(event.as_bytes(), Format::NdJson, None).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(delivery.stored()).unwrap();
        self.follow(&app);
        app.close();
        self.set_aside();
    }

    /// Follows a document of which keys with hostile names are overridden. Nothing listens at its
    /// address.
    fn follow(&self, app: &App) {
        let own = document().to_string();
        let remote = RemoteDocument {
            from: NOWHERE.into(),
            etag: None,
            document: read_document(own.as_bytes()).unwrap().document,
        };
        app.flags().follow(&remote, true).unwrap();
        let edit = Edit::Patch(json!({TEXT: 2, "about": null}).to_string().into());
        app.flags().change(request(edit)).unwrap();
        let config = format!("[featureFlags]\nendpoint = {NOWHERE:?}\n");
        fs::write(self.data_dir.join("config.toml"), config).unwrap();
    }

    /// Puts states with a snapshot into the quarantine, which are in use nowhere.
    fn set_aside(&self) {
        let other = self.outer.path().join("other");
        let app = App::open(Options::new(&other)).unwrap();
        let source: SourceName = NAME.parse().unwrap();
        let text = ml(3).to_string();
        app.put_state(&source, text.as_bytes(), Some(3), None)
            .unwrap();
        app.take_snapshots(None, &SnapshotLabel::default()).unwrap();
        app.close();
        drop(app);
        let quarantine = self.data_dir.join("quarantine");
        fs::create_dir_all(&quarantine).unwrap();
        fs::rename(other.join("state.db"), quarantine.join(SET_ASIDE)).unwrap();
    }
}

fn document() -> Value {
    json!({
        "enabled": true,
        "components": {"calculator": true, "ui": {"badges": true}},
        "rollout": {"percentage": 50, "userGroups": [TEXT, "検索"], "strategy": "canary"},
        "about": {"ui.badges": {"title": TEXT, "description": TEXT, "owner": TEXT, "tags": [TAG]}},
        TEXT: 1,
    })
}

fn ml(n: u64) -> Value {
    json!({"n": n, TEXT: {TEXT: n}, "list": [{"id": TEXT, "n": n}, {"id": "b", "n": n}],
        "text": format!("{n}{TEXT}")})
}

/// A document that is wrong in every part, under hostile names.
fn invalid_document() -> Value {
    json!({
        "enabled": TEXT,
        "components": {TEXT: true, "calculator": TEXT, "ui": {TEXT: {TEXT: true}}},
        "rollout": {"percentage": TEXT, "userGroups": [TEXT, 7, TEXT], "strategy": TEXT, TEXT: 1},
        "rollouts": {TEXT: {"percentage": 7}, "calculator": {TEXT: TEXT}},
        "requires": {"calculator": [TEXT], TEXT: TEXT},
        "about": {"calculator": {"expires": TEXT, TEXT: TEXT}, TEXT: {"title": 7}},
        "bucketing": TEXT,
    })
}

/// A document of another vendor, with hostile names of flags.
fn foreign_document() -> Value {
    json!({"flags": {TEXT: {"state": "ENABLED", "variants": {TEXT: true}, "defaultVariant": TEXT}}})
}

/// A bundle whose one snapshot is not what its hash says, with hostile texts around it.
fn altered_bundle() -> Value {
    json!({"format": "flagdeck-snapshots", "version": 1, "source": NAME, "exportedBy": TEXT, TEXT: 1,
        "snapshots": [{"id": 1, "atMs": 1, "hash": TEXT, "name": TEXT, "note": TEXT, "cause": TEXT,
            "state": {"timestamp": 1, "ml": ml(1), "files": 3}}]})
}

/// Checks that all that was printed is what it looks like.
#[track_caller]
fn check(arguments: &[&str], ran: &Ran) {
    for printed in [&ran.out, &ran.err] {
        for line in printed.split('\n') {
            assert_eq!(visible(line), line, "{arguments:?}");
            assert!(!line.starts_with(FORGED), "{arguments:?}: {line}");
        }
    }
}

/// The commands of `flagctl`, as its help lists them.
fn commands(cli: &Cli) -> BTreeSet<String> {
    let help = cli.ok("--help");
    let (_, listed) = help.split_once("Commands:\n").unwrap();
    let lines = listed.lines().take_while(|line| !line.is_empty());
    // What a command does begins on its line, or is indented more.
    let named = lines.filter(|line| !line.starts_with("   "));
    let names = named.filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

#[test]
fn no_command_prints_what_a_terminal_would_act_on() {
    let hostile = Hostile::new();
    hostile.fill();
    let (a, b) = (
        hostile.file("a.json", &ml(1).to_string()),
        hostile.file("b.json", &ml(2).to_string()),
    );
    let missing = format!("{a} missing");
    let key = format!("ml[{}]", json!(TEXT));
    let bundle = hostile.file("bundle.json", "");
    let altered = hostile.file("altered.json", &altered_bundle().to_string());
    let foreign = hostile.file("foreign.json", &foreign_document().to_string());
    let invalid = hostile.file("invalid.json", &invalid_document().to_string());
    let broken = hostile.file("broken.json", &format!("{{\"{TEXT}"));
    let shouts = hostile.file("shouts", "#!/bin/sh\nexit 126\n");
    let (lost, option) = (format!("{key}.missing"), format!("--{TEXT}"));
    let assignment = format!("http.port={TEXT}");
    let unknown = format!("/{TEXT}");
    let users = format!("id,groups,note\n\"{TEXT}\",\"{TEXT}\",\"{TEXT}\"\n{TAG}\n");
    let users = hostile.file("users.csv", &users);
    // In the order in which a person would use them: what is undone was done before.
    let runs: Vec<Vec<&str>> = vec![
        vec!["get"],
        vec!["get", "--at", TEXT],
        vec!["get", "--config", &assignment],
        vec!["get", TEXT],
        vec!["get", "ui.badges"],
        vec!["get", "ui"],
        vec!["history"],
        vec!["history", "--all", "--text", "forged"],
        vec!["diff", "0"],
        vec!["diff", "0", TEXT],
        vec!["rollout"],
        vec!["rollout", "ui.badges"],
        vec!["rollout", "ui.badges", "--percentage", TEXT],
        vec!["rollout", TEXT],
        vec!["explain", "ui.badges", "--user", TEXT, "--groups", TEXT],
        vec!["explain", TEXT],
        vec!["eval", "ui.badges", "--users", &missing],
        vec!["eval", "ui.badges", "--users", &a, "--count"],
        vec!["set", "ui.badges", "on", "--note", TEXT],
        vec!["set", TEXT, "on"],
        vec!["set", "ui.badges", TEXT],
        vec!["undo"],
        vec!["redo"],
        vec!["restore", "1", "--all"],
        vec!["rollback", "ui.badges"],
        vec!["rollback", "ui.badges", "--check"],
        vec!["rollback", TEXT],
        vec!["master", "off", "--note", TEXT],
        vec!["import", &a],
        vec!["import", &foreign],
        vec!["import", &invalid],
        vec!["import", &invalid, "--check"],
        vec!["import", &broken],
        vec!["import", &missing],
        vec!["follow", "--no-fetch"],
        vec!["follow"],
        vec!["follow", TEXT],
        vec!["follow", "accept"],
        vec!["overrides"],
        vec!["overrides", "list"],
        vec!["overrides", "set", TEXT, "on", "--user", TEXT],
        vec!["overrides", "set", "tracker", "on", "--user", TEXT],
        vec!["overrides", "clear", "tracker", "--user", TEXT],
        vec!["overrides", "clear", TEXT],
        vec!["overrides", "clear", "--place", &unknown],
        vec!["overrides", "publish", "--place", TEXT],
        vec!["overrides", "publish", "--all", "--check"],
        vec!["overrides", "publish", "--all", "--yes"],
        vec!["roster", "import", &missing],
        vec!["roster", "import", &invalid],
        vec!["roster", "import", &users],
        vec!["roster", "import", &users, "--name", NAME, "--yes"],
        vec!["roster", "list"],
        vec!["roster", "show", NAME],
        vec!["roster", "show", TEXT],
        vec!["roster", "show", NAME, "--id", TEXT],
        vec!["preview", "master", "on"],
        vec!["preview", "set", TEXT, "on"],
        vec!["preview", "rollout", "ui.badges", "--groups", "x"],
        vec!["preview", "rollout", "ui.badges", TEXT],
        vec!["roster", "forget", TEXT],
        vec!["roster", "remove", NAME],
        vec!["roster", "remove", TEXT],
        vec!["backup", "make"],
        vec!["backup", "list"],
        vec!["backup", "restore", TEXT],
        vec!["config", "list"],
        vec!["config", "get", TEXT],
        vec!["config", "set", "metrics.pushGateway", TEXT],
        vec!["config", "set", "http.port", TEXT],
        vec!["config", "set", TEXT, TEXT],
        vec!["config", "reset", TEXT],
        vec!["state", "list"],
        vec!["state", "set", "ml.note", TEXT],
        vec!["state", "set", "ml.note", "--json-file", &missing],
        vec!["state", "set", "ml.note", "--json-file", &shouts],
        vec!["state", "set", &key, "7"],
        vec!["state", "get", &lost],
        vec!["state", "get", "--source", TEXT],
        vec!["state", "get", "--source", NAME, "ml.n.n"],
        vec!["snapshot", "take", "--name", TEXT, "--note", TEXT],
        vec!["state", "set", &key, "8"],
        vec!["snapshot", "take", "--name", TEXT, "--pin"],
        vec!["snapshot", "list"],
        vec!["snapshot", "list", "--source", TEXT],
        vec!["snapshot", "label", "1", "--note", TEXT],
        vec!["snapshot", "pin", "1"],
        vec!["snapshot", "diff", "1", "now"],
        vec!["snapshot", "diff", "1", "2"],
        vec!["snapshot", "diff", &a, &b],
        vec!["snapshot", "diff", &a, &missing],
        vec!["snapshot", "diff", &a, &shouts],
        vec!["snapshot", "blame", "ml.n", "--stack"],
        vec!["snapshot", "blame", "ml.list[1].n"],
        vec!["snapshot", "blame", &key],
        vec!["snapshot", "show", TEXT],
        vec!["snapshot", "restore", "1"],
        vec!["snapshot", "restore", "1", "--only", &key],
        vec!["snapshot", "restores"],
        vec!["snapshot", "undo", "--dry-run"],
        vec!["snapshot", "undo"],
        vec!["snapshot", "cancel", "2"],
        vec!["snapshot", "export", "1", "-o", &bundle],
        vec!["snapshot", "import", &a, "--name", NAME],
        vec!["snapshot", "import", &a],
        vec!["snapshot", "import", &missing],
        vec!["snapshot", "import", &bundle, "--name", NAME],
        vec!["snapshot", "import", &altered],
        vec!["snapshot", "import", &broken],
        vec!["snapshot", "import", &a, "--name", TEXT],
        vec!["snapshot", "remove", NAME],
        vec!["snapshot", "remove", "--id", "1"],
        vec!["state", "remove", TEXT],
        vec!["state", "remove", NAME],
        vec!["bisect", "--source", NAME, "--", "true"],
        vec![
            "bisect",
            "--source",
            NAME,
            "--",
            "sh",
            "-c",
            "test $FLAGDECK_SNAPSHOT_ID = 1",
        ],
        vec!["bisect", "--source", NAME, "--", TEXT],
        vec!["bisect", "--source", NAME, "--", "sh", &shouts],
        vec!["guard", "replay", &missing],
        vec!["guard", "replay", &shouts],
        vec!["guard", "simulate", "--setting", TEXT],
        vec!["guard", "simulate", "--runs", "2"],
        vec!["guard", "list"],
        vec!["guard", "decision", TEXT],
        vec!["guard", "decision", "1"],
        vec!["ramp", "plan"],
        vec!["ramp", "plan", TEXT, "--steps", "1-10"],
        vec!["ramp", "plan", NAME, "--steps", TEXT],
        vec!["ramp", "plan", NAME, "--steps", "1", "--hours", TEXT],
        vec!["ramp", "start", TEXT],
        vec!["ramp", "start", "--plan", TEXT],
        vec!["ramp", "start", "--dry-run"],
        vec!["ramp", "pause", TEXT],
        vec!["ramp", "status"],
        vec!["ramp", "status", TEXT],
        vec!["metrics"],
        vec!["doctor"],
        vec!["quarantine", "list"],
        vec!["quarantine", "show", TEXT],
        vec!["quarantine", "show", SET_ASIDE],
        vec!["quarantine", "export", SET_ASIDE, "--to", &bundle],
        vec!["quarantine", "export", SET_ASIDE, "--to", TEXT],
        vec!["doctor", "--salvage", SET_ASIDE],
        vec!["doctor", "--salvage", "--yes"],
        vec!["quarantine", "seen", TEXT],
        vec!["quarantine", "remove", TEXT, "--yes"],
        vec!["serve", "--port", TEXT],
        vec!["clients"],
        vec!["clients", "--url", TEXT],
        vec!["demo", "--url", TEXT],
        vec!["demo", "--component", TEXT],
        vec!["demo"],
        vec!["token"],
        vec!["completions", TEXT],
        vec!["completions", "bash"],
        vec!["man", TEXT],
        vec![TEXT],
        vec!["--", TEXT],
        vec!["get", &option],
        vec!["help", TEXT],
    ];
    let mut tried = BTreeSet::from(["export", "man", "help"].map(str::to_owned));
    let mut told = BTreeSet::new();
    for arguments in &runs {
        let ran = hostile.run(arguments);
        check(arguments, &ran);
        tried.insert(arguments[0].to_owned());
        if ran.out.contains("FORGED") || ran.err.contains("FORGED") {
            told.insert(arguments[0]);
        }
    }
    let untried: Vec<String> = commands(&hostile.cli).difference(&tried).cloned().collect();
    assert!(untried.is_empty(), "{untried:?} are not tried");
    // These have to show what others wrote, so the texts did arrive.
    for command in [
        "history",
        "snapshot",
        "state",
        "bisect",
        "metrics",
        "rollout",
        "doctor",
        "overrides",
    ] {
        assert!(told.contains(command), "{command} told nothing: {told:?}");
    }
}

#[test]
fn a_note_over_several_lines_is_one_row_of_the_history() {
    let cli = Cli::new();
    cli.ok("master on");
    let note = "two\nlines";
    let ran = cli.run_with(&["set", "calculator", "on", "--note", note]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let history = cli.ok("history");
    assert_eq!(history.lines().count(), 2, "{history}");
    assert!(history.contains("“two\\nlines”"), "{history}");
    assert_eq!(
        cli.json("history")[0]["note"],
        note,
        "programs get it as it is"
    );
}

#[test]
fn a_config_file_with_hostile_names_is_reported_in_one_line_each() {
    let hostile = Hostile::new();
    let name = json!(TEXT).to_string().replace("\u{7f}", "\\u007f");
    let text = format!("{name} = 1\n[http]\n{name} = 2\nport = {name}\n");
    fs::write(hostile.data_dir.join("config.toml"), text).unwrap();
    for arguments in [["get", "--all"], ["config", "list"], ["doctor", "--json"]] {
        let arguments = match arguments {
            [command, "--all"] => vec![command],
            other => other.to_vec(),
        };
        let ran = hostile.run(&arguments);
        if !arguments.contains(&"--json") {
            check(&arguments, &ran);
        }
    }
    let ran = hostile.run(&["get"]);
    assert!(ran.err.contains("FORGED"), "{}", ran.err);
    check(&["get"], &ran);
}

#[test]
fn hostile_variables_are_reported_in_one_line_each() {
    let hostile = Hostile::new();
    let unknown = format!("FLAGDECK_{TEXT}");
    let filter = format!("flagdeck={TEXT}");
    for (name, value, arguments) in [
        ("FLAGDECK_LOG", filter.as_str(), ["get"]),
        ("FLAGDECK_HTTP_PORT", TEXT, ["get"]),
        ("ML_FLAGS_ENDPOINT", TEXT, ["get"]),
        ("PROMETHEUS_GATEWAY", TEXT, ["metrics"]),
        (&unknown, TEXT, ["doctor"]),
    ] {
        let mut command = hostile.cli.command("");
        let command = command
            .env("FLAGDECK_DATA_DIR", &hostile.data_dir)
            .env(name, value)
            .args(arguments);
        let ran = Ran::of(command.output().unwrap());
        check(&arguments, &ran);
        let told = format!("{}{}", ran.out, ran.err);
        assert!(told.contains("FORGED"), "{name}: {ran:?}");
    }
}

/// Runs on a terminal, as `script` of util-linux makes one; returns what it got.
fn on_terminal(hostile: &Hostile, arguments: &str) -> String {
    let flagctl = env!("CARGO_BIN_EXE_flagctl");
    let command = hostile.cli.command("");
    let script = std::process::Command::new("script")
        .args(["-qec", &format!("{flagctl} {arguments}"), "/dev/null"])
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("FLAGDECK_DATA_DIR", &hostile.data_dir)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output();
    let printed = String::from_utf8(script.unwrap().stdout).unwrap();
    printed.replace("\r\n", "\n")
}

#[test]
fn what_programs_read_is_safe_on_a_terminal_and_exact_in_a_pipe() {
    let hostile = Hostile::new();
    hostile.fill();
    for command in ["export", "get --json", "state get", "history --json"] {
        let words: Vec<&str> = command.split(' ').collect();
        let piped: Value = serde_json::from_str(&hostile.run(&words).out).unwrap();
        let shown = on_terminal(&hostile, command);
        check(
            &words,
            &Ran {
                code: None,
                out: shown.clone(),
                err: String::new(),
            },
        );
        assert_eq!(
            serde_json::from_str::<Value>(&shown).unwrap(),
            piped,
            "{command}"
        );
        assert!(shown.contains("\\u202e"), "{command}: {shown}");
    }
    let users = hostile.outer.path().join("users");
    fs::write(&users, "a\u{1b}[2J\u{202e}\nb").unwrap();
    let users = users.to_str().unwrap();
    let piped = hostile.run(&["eval", "calculator", "--users", users]).out;
    assert!(piped.contains("a\u{1b}[2J\u{202e},"), "{piped}");
    let shown = on_terminal(&hostile, &format!("eval calculator --users {users}"));
    assert_eq!(
        shown,
        piped
            .replace("\u{1b}", "\\u{1b}")
            .replace('\u{202e}', "\\u{202e}")
    );
}

#[test]
fn columns_stay_in_line_with_any_text_in_them() {
    let hostile = Hostile::new();
    let app = open(&hostile.data_dir);
    for name in [
        "web",
        "検索エンジン",
        "😀 emoji",
        "e\u{301}te\u{301}",
        "w\u{200b}b",
    ] {
        let source: SourceName = name.parse().unwrap();
        app.put_state(&source, b"{}", Some(3), None).unwrap();
    }
    app.close();
    let ran = hostile.run(&["state", "list"]);
    let mut lines = ran.out.lines();
    let at = lines.next().unwrap().find("REPORTED").unwrap();
    let columns = |line: &str| {
        let (name, _) = line.split_once("  20").expect(line);
        // Wide characters take two columns, combining ones none.
        let widths = name.chars().map(|c| match c {
            '\u{300}'..='\u{36f}' => 0,
            '\u{3000}'..='\u{9fff}' | '\u{1f300}'..='\u{1faff}' => 2,
            _ => 1,
        });
        widths.sum::<usize>() + 2
    };
    let found: Vec<usize> = lines.map(columns).collect();
    assert_eq!(found, [at; 5], "{}", ran.out);
}

#[test]
fn a_table_for_spreadsheets_runs_nothing() {
    let cli = Cli::new();
    let users = "=1+1\n-2+3\n@SUM(A1)\n+49170\n-5\nplain";
    let ran = cli.run_with_input("eval calculator --users -", users);
    let names: Vec<&str> = ran
        .out
        .lines()
        .map(|line| line.split(',').next().unwrap())
        .collect();
    let written = [
        "user",
        "\"'=1+1\"",
        "\"'-2+3\"",
        "\"'@SUM(A1)\"",
        "\"'+49170\"",
        "-5",
        "plain",
    ];
    assert_eq!(names, written, "{ran:?}");
    let json = cli
        .run_with_input("eval calculator --users - --json", users)
        .out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["user"], "=1+1", "programs get it as it is");
}
