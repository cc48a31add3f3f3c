//! `flagctl`, as a person and a script use it: real processes on real data folders.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::cli::Cli;
use crate::support::processes::send;
use crate::support::serving::{Serving, get};
use crate::support::waiting::wait_for;

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
        "Default rollout: groups only, 50 %, groups beta, staff  50 % of beta or staff only\n"
    );
}

#[test]
fn a_group_switches_all_of_its_components_in_one_revision() {
    let cli = Cli::new();
    let outcome = cli.json("set ui on");
    assert_eq!(outcome["revision"], 1);
    assert_eq!(outcome["changes"].as_array().unwrap().len(), 3);
    assert_eq!(cli.json("set ui on")["changed"], false);
}

#[test]
fn a_component_gets_a_custom_rollout_and_loses_it_again() {
    let cli = Cli::new();
    cli.ok("rollout --percentage 10 --groups beta");
    let out = cli.ok("rollout ui.badges --percentage 12.5");
    assert!(
        out.contains("ui.badges: custom rollout, canary 12.5 %, groups beta"),
        "{out}"
    );
    assert_eq!(
        cli.ok("rollout tracker"),
        "tracker, default rollout: canary, 10 %, groups beta\n\
         Reaches: Nobody: all flags are off\n"
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
        out.contains("ada (flagctl)  Default rollout: 0 % → 5 %  “slowly”"),
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
fn a_setting_is_set_read_and_reset_and_the_rest_of_the_file_stays() {
    let cli = Cli::new();
    let file = cli.data_dir().join("config.toml");
    std::fs::write(&file, "# ours\n[metrics] # later\n").unwrap();
    assert_eq!(
        cli.ok("config set metrics.interval 2000"),
        "metrics.interval = 2000\n"
    );
    assert_eq!(cli.ok("config get metrics.interval"), "2000\n");
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "# ours\n[metrics] # later\ninterval = 2000\n"
    );
    let told = cli.json("config get metrics.interval");
    assert_eq!(told["value"], 2000);
    assert_eq!(told["inFile"], 2000);
    assert_eq!(told["source"], json!({"kind": "file"}));
    assert_eq!(told["variable"], "FLAGDECK_METRICS_INTERVAL");
    assert_eq!(
        cli.ok("config reset metrics.interval"),
        "metrics.interval is not set in config.toml\n"
    );
    assert_eq!(cli.ok("config get metrics.interval"), "10000\n");
    assert_eq!(cli.ok("config get metrics.pushGateway"), "\n");
    let origins = "http://localhost:5173,http://localhost:8080";
    cli.ok(&format!("config set http.allowedOrigins {origins}"));
    assert_eq!(
        cli.ok("config get http.allowedOrigins"),
        format!("{origins}\n")
    );
}

#[test]
fn the_list_of_settings_names_the_source_of_each_value() {
    let cli = Cli::new();
    cli.ok("config set state.maxHistorySize 7");
    cli.ok("config set metrics.bufferSize 8");
    let list = cli.ok("config list --config metrics.bufferSize=9");
    let line = |name: &str| {
        let line = list.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("http.port "), "http.port 4680 the default");
    assert_eq!(
        line("state.maxHistorySize"),
        "state.maxHistorySize 7 config.toml"
    );
    assert_eq!(
        line("metrics.bufferSize"),
        "metrics.bufferSize 9 the command line, not 8 from config.toml"
    );
    assert_eq!(
        line("featureFlags.endpoint"),
        "featureFlags.endpoint (none) the default"
    );
    let settings = cli.json("config list");
    assert_eq!(settings.as_array().unwrap().len(), list.lines().count());
}

#[test]
fn a_setting_that_does_not_count_yet_says_why() {
    let cli = Cli::new();
    let ran = cli.run("config set http.port 4700");
    assert_eq!(ran.out, "http.port = 4700\n");
    assert!(ran.err.contains("when they start again"), "{}", ran.err);
    let ran = cli.run("config set metrics.interval 2000 --config metrics.interval=3000");
    assert_eq!(ran.out, "metrics.interval = 2000\n");
    let said = "metrics.interval stays 3000 here, because of the command line";
    assert!(ran.err.contains(said), "{}", ran.err);
}

#[test]
fn a_setting_that_cannot_be_is_refused_and_the_file_kept() {
    let cli = Cli::new();
    let range = "http.port must be a whole number from 0 to 65535 (port), not";
    cli.refused("config set http.port 70000", 2, range);
    cli.refused("config set http.port -1", 2, range);
    cli.refused("config set http.prt 1", 3, "http.prt is not a setting");
    cli.refused("config get http.prt", 3, "http.prt is not a setting");
    cli.refused("config reset http.prt", 3, "http.prt is not a setting");
    let file = cli.data_dir().join("config.toml");
    assert!(!file.exists());
    std::fs::write(&file, "port 4680\n").unwrap();
    cli.refused("config set http.port 4700", 2, "not valid TOML in line 1");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "port 4680\n");
}

#[test]
fn programs_that_set_settings_at_once_keep_each_others() {
    let cli = Cli::new();
    let settings = [
        "metrics.interval",
        "featureFlags.refreshInterval",
        "state.snapshotInterval",
        "rollback.triggers.responseTime",
        "performance.maxMemoryMB",
        "metrics.bufferSize",
    ];
    let running: Vec<Child> = settings
        .iter()
        .map(|name| {
            let mut command = cli.command(&format!("config set {name} 1234"));
            command.stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    for name in settings {
        assert_eq!(cli.ok(&format!("config get {name}")), "1234\n", "{name}");
    }
}

#[test]
fn a_backup_is_made_looked_at_and_restored_by_name() {
    let cli = Cli::new();
    assert_eq!(
        cli.ok("backup list"),
        "No backups yet; flagctl backup make makes one.\n"
    );
    assert_eq!(cli.json("backup make"), Value::Null);
    cli.ok("master on");
    cli.ok("rollout --percentage 5");
    let made = cli.json("backup make");
    assert_eq!(made["revision"], 2);
    let name = made["name"].as_str().unwrap();
    assert_eq!(
        cli.ok("backup make"),
        "Nothing to back up that no backup holds already\n"
    );
    let list = cli.ok("backup list");
    assert!(
        list.starts_with(&format!("{name}  revision 2, saved ")),
        "{list}"
    );
    assert_eq!(cli.json("backup list")[0], made);
    cli.ok("master off");

    let preview = "The backup is good. Restoring it would change:\n  Master switch on\n";
    assert_eq!(cli.ok(&format!("backup restore {name} --check")), preview);
    let ran = cli.run(&format!("backup restore {name}"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), preview));
    assert!(ran.err.contains("add --yes"), "{}", ran.err);
    let checked = cli.json(&format!("backup restore {name} --check"));
    let change = json!({
        "pointer": "/enabled",
        "sentence": "Master switch on",
        "before": "false",
        "after": "true"
    });
    assert_eq!(checked, json!({ "changes": [change], "total": 1 }));
    assert_eq!(
        cli.ok(&format!("backup restore {name} --yes")),
        "Revision 4\n  Master switch on\n"
    );
    let history = cli.json("history --limit 1");
    assert_eq!(history[0]["cause"], json!({"kind": "import"}));
    let note = history[0]["note"].as_str().unwrap();
    assert!(note.starts_with("From the backup of revision 2"), "{note}");
    cli.ok("undo");
    assert_eq!(cli.json("get")["enabled"], false);
}

#[test]
fn a_backup_that_is_missing_or_damaged_is_refused() {
    let cli = Cli::new();
    cli.refused("backup restore nothing --yes", 3, "here is no backup");
    cli.ok("master on");
    let backups = cli.json("backup list");
    let name = backups[0]["name"].as_str().unwrap();
    let file = cli.data_dir().join("backups").join(name);
    std::fs::write(file, "not a database").unwrap();
    let said = "is damaged (the file is not a database)";
    cli.refused(&format!("backup restore {name} --check"), 1, said);
    cli.refused(&format!("backup restore {name} --yes"), 1, said);
    assert_eq!(cli.json("history").as_array().unwrap().len(), 1);
}

#[test]
fn a_damaged_store_comes_back_from_the_backup_that_changes_leave_behind() {
    let cli = Cli::new();
    cli.ok("master on");
    std::fs::write(cli.data_dir().join("flagdeck.db"), "not a database").unwrap();
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
    std::fs::write(cli.data_dir().join("config.toml"), "[http]\nport = 99999\n").unwrap();
    let ran = cli.run("doctor");
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("✗ http.port in"), "{}", ran.out);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let cli = Cli::new();
    cli.ok("master on");
    let users: String = (0..200_000).map(|user| format!("user{user}\n")).collect();
    let file = cli.data_dir().join("users");
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

fn served(serving: &Serving) -> Value {
    let answer = get(&serving.address, "/api/ml/flags");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn what_is_served_follows_what_other_commands_change() {
    let cli = Cli::new();
    let serving = cli.serve();
    assert_eq!(served(&serving)["enabled"], false);
    cli.ok("master on");
    let served = || served(&serving)["enabled"].clone();
    wait_for("the change to be served", served, |on| *on == true);
}

#[test]
fn a_server_that_is_asked_to_end_ends_well() {
    let cli = Cli::new();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut serving = cli.serve();
        send(signal, &serving.child);
        assert!(serving.child.wait().unwrap().success(), "{signal:?}");
    }
}

#[test]
fn a_port_in_use_is_reported_with_a_way_on() {
    let cli = Cli::new();
    let serving = cli.serve();
    let port = serving.address.rsplit_once(':').unwrap().1;
    let other = Cli::new();
    let said = format!("ort {port} is used by");
    other.refused(&format!("serve --port {port}"), 1, &said);
}

#[test]
fn completions_and_the_man_page_are_printed() {
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
