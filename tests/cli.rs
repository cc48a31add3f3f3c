//! `flagctl`, as a person and a script use it: real processes on real data folders.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

struct Cli {
    folder: TempDir,
}

/// What a run printed, and how it ended.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Cli {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flagctl"));
        command
            .args(arguments.split_whitespace())
            .env_clear()
            .env("USER", "ada")
            .env("TZ", "UTC")
            .env("FLAGDECK_DATA_DIR", self.folder.path());
        command
    }

    fn run(&self, arguments: &str) -> Ran {
        self.run_with_input(arguments, "")
    }

    fn run_with_input(&self, arguments: &str, input: &str) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads no input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    fn ok(&self, arguments: &str) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out
    }

    #[track_caller]
    fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{arguments} --json"))).unwrap()
    }

    #[track_caller]
    fn refused(&self, arguments: &str, code: i32, said: &str) {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.err.contains(said), "{}", ran.err);
        assert_eq!(
            ran.out, "",
            "results go to standard output, refusals do not"
        );
    }
}

#[test]
fn what_one_command_changes_the_next_one_reads() {
    let cli = Cli::new();
    assert_eq!(cli.ok("master on"), "Revision 1\n  Master switch on\n");
    cli.ok("set ui.badges on");
    cli.ok("rollout --percentage 50 --strategy feature --groups beta,staff");
    let document = cli.json("get");
    assert_eq!(document["enabled"], true);
    assert_eq!(document["components"]["ui"]["badges"], true);
    assert_eq!(
        document["rollout"],
        json!({"percentage": 50, "userGroups": ["beta", "staff"], "strategy": "feature"})
    );
    assert_eq!(
        cli.ok("rollout"),
        "Everyone: groups only, 50 %, groups beta, staff\n"
    );
}

#[test]
fn a_group_switches_everything_beneath_it_in_one_revision() {
    let cli = Cli::new();
    let outcome = cli.json("set ui on");
    assert_eq!(outcome["revision"], 1);
    assert_eq!(outcome["changes"].as_array().unwrap().len(), 3);
    assert_eq!(cli.json("set ui on")["changed"], false);
}

#[test]
fn a_component_gets_a_rollout_of_its_own_and_gives_it_back() {
    let cli = Cli::new();
    cli.ok("rollout --percentage 10 --groups beta");
    let out = cli.ok("rollout ui.badges --percentage 12.5");
    assert!(
        out.contains("ui.badges: own rollout, canary 12.5 %, groups beta"),
        "{out}"
    );
    assert_eq!(
        cli.ok("rollout tracker"),
        "tracker, as everyone: canary, 10 %, groups beta\n"
    );
    cli.ok("rollout ui.badges --inherit");
    assert_eq!(cli.json("get").get("rollouts"), None);
}

#[test]
fn bad_arguments_are_refused_with_the_field_and_its_range() {
    let cli = Cli::new();
    cli.refused("rollout --percentage 100.0001", 2, "from 0 to 100");
    cli.refused("rollout --percentage -1", 2, "from 0 to 100");
    cli.refused("rollout --percentage 0.0005", 2, "in steps of 0.001");
    cli.refused("rollout --percentage NaN", 2, "from 0 to 100");
    cli.refused(
        "rollout --strategy slow",
        2,
        "canary, blue-green or feature",
    );
    cli.refused(
        "rollout --percentage 50 --strategy blue-green",
        2,
        "must be 0 or 100",
    );
    cli.refused("set calculator maybe", 2, "on");
    cli.refused("set __proto__ on", 2, "reserved");
    cli.refused("set calculatr on", 3, "did you mean calculator?");
    cli.refused("rollout ui --percentage 5", 3, "and ui is a group");
    cli.refused("restore 7", 3, "here are no revisions yet");
    cli.refused("undo", 5, "nothing to undo");
    cli.refused("redo", 5, "nothing to redo");
    cli.refused("get --config http.prt=1", 2, "http.prt is not a setting");
    assert_eq!(
        cli.ok("history"),
        "No revisions: nothing has been changed yet.\n"
    );
}

#[test]
fn an_import_says_everything_that_is_wrong_and_changes_nothing() {
    let cli = Cli::new();
    cli.ok("master on");
    let bad = r#"{"enabled": 1, "enabled": 2, "components": {"a b": true, "c": "on"},
        "rollout": {"percentage": "50"}, "requires": {"c": ["nobody"]}, "colour": 1}"#;
    let ran = cli.run_with_input("import -", bad);
    assert_eq!(ran.code, Some(2));
    for place in [
        "/enabled",
        "/components/a b",
        "/components/c",
        "/rollout/percentage",
    ] {
        assert!(
            ran.err.contains(&format!("error at {place}:")),
            "{place}: {}",
            ran.err
        );
    }
    assert!(ran.err.contains("warning at /colour:"), "{}", ran.err);
    let failure = cli.run_with_input("import - --json", bad).err;
    let failure: Value = serde_json::from_str(&failure).unwrap();
    assert_eq!(failure["code"], "invalid");
    assert!(failure["problems"].as_array().unwrap().len() >= 6);
    assert_eq!(cli.json("history").as_array().unwrap().len(), 1);
}

#[test]
fn what_is_exported_can_be_imported_and_unknown_keys_survive() {
    let cli = Cli::new();
    let document = json!({
        "enabled": true,
        "components": {"zeta": true, "alpha": false},
        "rollout": {"percentage": 0.125, "userGroups": [], "strategy": "canary", "why": "slow"},
        "team": {"name": "search"},
    });
    let ran = cli.run_with_input("import - --note first", &document.to_string());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err
            .contains("\"team\" is not a key that Flagdeck knows"),
        "{}",
        ran.err
    );
    let exported = cli.ok("export");
    assert_eq!(serde_json::from_str::<Value>(&exported).unwrap(), document);
    assert!(
        exported.find("zeta") < exported.find("alpha"),
        "the order is the document's"
    );

    let other = Cli::new();
    let check = other.run_with_input("import - --check", &exported);
    assert!(check.out.contains("It would change:"), "{}", check.out);
    assert_eq!(other.json("history"), json!([]));
    other.run_with_input("import -", &exported);
    assert_eq!(other.ok("export"), exported);
}

#[test]
fn users_are_evaluated_line_by_line_as_they_stand() {
    let cli = Cli::new();
    cli.ok("master on");
    cli.ok("set ui.badges on");
    cli.ok("rollout ui.badges --percentage 20");
    let users = "user0\nuser42\n user42\na,\"b\"\n\ncafé";
    let ran = cli.run_with_input("eval ui.badges --users -", users);
    assert_eq!(
        ran.out,
        "user,value,reason,bucket\n\
         user0,false,split,40283\n\
         user42,true,split,5856\n\
         \x20user42,false,split,95240\n\
         \"a,\"\"b\"\"\",false,split,26928\n\
         ,false,no_user,\n\
         café,false,split,81657\n"
    );
    let ran = cli.run_with_input("eval ui.badges --users - --json", "user42\n");
    let rows: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        rows,
        json!([{"user": "user42", "value": true, "reason": "split", "bucket": 5856}])
    );
    cli.ok("rollout ui.badges --groups beta");
    let ran = cli.run_with_input("eval ui.badges --users - --groups beta,x", "user0\n");
    assert!(ran.out.ends_with("user0,true,group,40283\n"), "{}", ran.out);
    let ran = cli.run_with_input("eval ui --users -", "user0\n");
    assert_eq!(ran.code, Some(3));
    assert!(ran.err.contains("and ui is a group"), "{}", ran.err);
}

#[test]
fn counting_agrees_with_evaluating() {
    let cli = Cli::new();
    cli.ok("master on");
    cli.ok("set tracker on");
    cli.ok("rollout --percentage 50");
    let users: String = (0..1000).map(|user| format!("user{user}\n")).collect();
    let rows = cli.run_with_input("eval tracker --users -", &users).out;
    assert_eq!(
        rows.lines().filter(|row| row.contains(",true,")).count(),
        498
    );
    assert_eq!(
        cli.run_with_input("eval tracker --users - --count", &users)
            .out,
        "498 of 1000\n"
    );
    assert_eq!(
        cli.run_with_input("eval tracker --users - --count", "").out,
        "0 of 0\n"
    );
}

#[test]
fn a_decision_is_explained_as_it_was_at_any_revision() {
    let cli = Cli::new();
    cli.ok("master on");
    cli.ok("set ui.badges on");
    cli.ok("rollout --percentage 50");
    let told = cli.json("explain ui.badges --user user42");
    assert_eq!(told["value"], true);
    assert_eq!(told["bucket"], 34204);
    assert_eq!(told["revision"], 3);
    let then = cli.ok("explain ui.badges --user user42 --at 1");
    assert!(
        then.starts_with("ui.badges is off for \"user42\": ui.badges is switched off."),
        "{then}"
    );
    let ran = cli.run("explain nothing --user x");
    assert_eq!(ran.code, Some(3));
}

#[test]
fn history_says_who_when_and_why_and_restore_and_undo_add_to_it() {
    let cli = Cli::new();
    cli.ok("rollout --percentage 5 --note slowly");
    cli.ok("rollout --percentage 25");
    cli.ok("undo");
    cli.ok("redo");
    cli.ok("restore 1 --note again");
    let history = cli.json("history");
    let causes: Vec<String> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|revision| revision["cause"].to_string())
        .collect();
    assert_eq!(
        causes,
        [
            r#"{"kind":"restore","of":1}"#,
            r#"{"kind":"redo","of":2}"#,
            r#"{"kind":"undo","of":2}"#,
            r#"{"kind":"edit"}"#,
            r#"{"kind":"edit"}"#
        ]
    );
    assert_eq!(
        history[4]["actor"],
        json!({"via": "flagctl", "name": "ada"})
    );
    let out = cli.ok("history --limit 1 --before 2");
    assert!(
        out.contains("ada (flagctl)  Everyone: 0 % → 5 %  “slowly”"),
        "{out}"
    );
    assert_eq!(cli.json("get --at 2")["rollout"]["percentage"], 25);
}

#[test]
fn the_token_is_kept_until_it_is_rotated() {
    let cli = Cli::new();
    let first = cli.ok("token");
    assert_eq!(cli.ok("token"), first);
    let second = cli.ok("token --rotate");
    assert_ne!(first, second);
    assert_eq!(cli.json("token")["token"], second.trim());
}

#[test]
fn a_damaged_store_comes_back_from_the_backup_that_changes_leave_behind() {
    let cli = Cli::new();
    cli.ok("master on");
    std::fs::write(cli.folder.path().join("flagdeck.db"), "not a database").unwrap();
    let ran = cli.run("get --json");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err.contains("The saved flags were damaged"),
        "{}",
        ran.err
    );
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["enabled"], true);
}

#[test]
fn the_doctor_finds_what_is_wrong_and_says_so_by_its_exit_code() {
    let cli = Cli::new();
    cli.ok("master on");
    let well = cli.json("doctor --config http.port=0");
    assert_eq!(well["ok"], true, "{well}");
    std::fs::write(
        cli.folder.path().join("config.toml"),
        "[http]\nport = 99999\n",
    )
    .unwrap();
    let ran = cli.run("doctor");
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("✗ http.port in"), "{}", ran.out);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let cli = Cli::new();
    let users: String = (0..200_000).map(|user| format!("user{user}\n")).collect();
    let file = cli.folder.path().join("users");
    std::fs::write(&file, users).unwrap();
    let mut child = cli
        .command(&format!("eval tracker --users {}", file.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    drop(out);
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    assert!(child.wait().unwrap().success(), "{err}");
    assert_eq!(err, "");
}

/// A `flagctl serve` that is stopped by its process id, whatever the test does.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(cli: &Cli) -> Self {
        let mut child = cli
            .command("serve --port 0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .rsplit_once("http://")
            .expect(&line)
            .1
            .to_owned();
        Self { child, address }
    }

    fn get(&self) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        let request =
            format!("GET /api/ml/flags HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_is_served_follows_what_other_commands_change() {
    let cli = Cli::new();
    let serving = Serving::start(&cli);
    assert_eq!(serving.get()["enabled"], false);
    cli.ok("master on");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while serving.get()["enabled"] == false {
        assert!(
            std::time::Instant::now() < deadline,
            "the change is never served"
        );
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_server_that_is_asked_to_end_ends_well() {
    let cli = Cli::new();
    let mut serving = Serving::start(&cli);
    let process = rustix::process::Pid::from_child(&serving.child);
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    assert!(serving.child.wait().unwrap().success());
}

#[test]
fn a_port_in_use_is_said_with_a_way_on() {
    let cli = Cli::new();
    let serving = Serving::start(&cli);
    let port = serving.address.rsplit_once(':').unwrap().1;
    let other = Cli::new();
    let said = format!("ort {port} is used by");
    other.refused(&format!("serve --port {port}"), 1, &said);
}

#[test]
fn shells_and_man_get_what_they_want() {
    let cli = Cli::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(cli.ok(&format!("completions {shell}")).contains("flagctl"));
    }
    let page = cli.ok("man");
    assert!(
        page.contains(".TH flagctl") && page.contains("Exit codes"),
        "{page}"
    );
}
