//! `flagctl roster` and `flagctl preview`: from a file to who gains and loses what.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::rosters_kept::files_with;
use crate::support::cli::Cli;
use crate::support::waiting::wait_until;

const CUSTOMERS: &str =
    "id;groups;weight;plan\nada;beta;2,5;pro\nben;;;free\neve;beta|staff;1;\n;x;1;\n";

/// `flagctl` on a folder in which flags are on, with a file of customers beside it.
struct Desk {
    cli: Cli,
    files: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self {
            cli: Cli::new(),
            files: tempfile::tempdir().unwrap(),
        };
        desk.cli.ok("master on");
        desk.file("customers.csv", CUSTOMERS);
        desk
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.files.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs in the folder of the files.
    fn ok(&self, arguments: &str) -> String {
        let mut command = self.cli.command(arguments);
        let output = command.current_dir(self.files.path()).output().unwrap();
        assert!(output.status.success(), "{arguments}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{arguments} --json"))).unwrap()
    }
}

#[test]
fn what_was_understood_is_shown_before_it_is_taken() {
    let desk = Desk::new();
    let told = desk.ok("roster import customers.csv --dry-run");
    assert_eq!(
        told,
        "customers.csv: CSV, separated by semicolons, UTF-8\n\
         \u{20} columns: id, groups, weight; as attributes: plan\n\
         \u{20} 3 people in 3 rows\n\
         \u{20} groups: beta 2, staff 1, in none 1\n\
         \u{20} left out: 1 row\n\
         \u{20}   line 5: it has no id\n\
         \u{20} first rows:\n\
         \u{20}   ID   GROUPS       WEIGHT  FURTHER\n\
         \u{20}   ada  beta         2.5     plan: pro\n\
         \u{20}   ben               1       plan: free\n\
         \u{20}   eve  beta, staff  1\n"
    );
    assert_eq!(desk.json("roster list"), json!([]));
    let looked = desk.json("roster import customers.csv --dry-run");
    assert_eq!(
        (&looked["name"], &looked["good"]),
        (&json!("customers"), &json!(3))
    );
    assert_eq!(
        looked["badRows"],
        json!([{"line": 5, "reason": "it has no id"}])
    );
    let imported = desk.ok("roster import customers.csv --name eu --yes");
    assert!(
        imported.ends_with("Imported as eu: 3 people\n"),
        "{imported}"
    );
    desk.file("customers.csv", "id\nada\nfay\n");
    let again = desk.ok("roster import customers.csv --name eu");
    let replaced =
        "  replaces eu: +1 added, 2 removed, 1 with other groups or another weight, 0 as";
    assert!(again.contains(replaced), "{again}");
}

#[test]
fn rosters_are_listed_shown_removed_and_persons_forgotten() {
    let desk = Desk::new();
    desk.cli
        .refused("roster show eu", 3, "There is no roster eu");
    desk.ok("roster import customers.csv --yes");
    let listed = desk.ok("roster list");
    assert!(
        listed
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("customers  3       2"),
        "{listed}"
    );
    let shown = desk.ok("roster show customers");
    assert!(
        shown.starts_with("customers: 3 people\n  imported 2"),
        "{shown}"
    );
    let ada = desk.ok("roster show customers --id ada");
    assert_eq!(ada, "ada\n  groups: beta\n  weight: 2.5\n  plan: pro\n");
    desk.cli.refused(
        "roster show customers --id ADA",
        3,
        "flagctl: The roster customers has no user ADA.",
    );
    desk.cli.ok("overrides set tracker on --user ada");
    let forgotten = desk.ok("roster forget ada");
    assert_eq!(
        forgotten,
        "ada was removed from the roster customers\nada has no override of tracker any more\n"
    );
    assert_eq!(
        desk.ok("roster forget ada"),
        "ada is in no roster, and has no override\n"
    );
    desk.ok("config set metrics.keepUsers true");
    assert_eq!(
        desk.ok("roster forget ada"),
        "ada is in no roster, and has no override\n\
         ada is kept again if an event names ada from now on: metrics.keepUsers is on\n"
    );
    assert_eq!(desk.json("overrides")["targeted"], json!([]));
    assert_eq!(
        desk.ok("roster remove customers"),
        "Removed customers: 2 people\n"
    );
    desk.cli
        .refused("roster remove customers", 3, "There is no roster customers");
    let empty = desk.file("empty.csv", "id,weight\nada,none\n");
    let import = format!("roster import {}", empty.display());
    desk.cli
        .refused(&import, 2, "has no row that can be read: line 2");
}

#[test]
fn a_preview_says_who_gains_and_loses_and_changes_nothing() {
    let desk = Desk::new();
    desk.ok("rollout ui.badges --percentage 100 --groups beta --strategy feature");
    let without = desk.ok("preview set ui.badges on");
    let sentence = "about 0 % gain it, 0 % lose it, 100 % unchanged of users in no group that a \
                    rollout names; of those in beta about 100 % gain it, 0 % lose it, 0 % \
                    unchanged (expected: there is no roster)\n";
    assert!(without.starts_with(sentence), "{without}");
    assert!(without.contains("ui.badges  beta"), "{without}");
    desk.ok("roster import customers.csv --name EU --yes");
    let told = desk.ok("preview set ui.badges on");
    assert_eq!(
        told,
        "+2 gain it, 0 lose it, 1 unchanged (EU, 3 people)\n\
         \u{20} by weight: 77.778 % gain, 0 % lose, 22.222 % unchanged\n\
         \u{20} GROUP        GAIN  LOSE  UNCHANGED\n\
         \u{20} beta            2     0          0\n\
         \u{20} staff           1     0          0\n\
         \u{20} in no group     0     0          1\n"
    );
    desk.ok("set ui.badges on");
    let ran = desk.cli.run("preview rollout ui.badges --groups staff");
    assert!(
        ran.out
            .starts_with("0 gain it, 1 lose it, 2 unchanged (EU, 3 people)\n"),
        "{ran:?}"
    );
    assert_eq!(
        ran.err,
        "flagctl: warning: 1 person loses what that person has: ui.badges\n"
    );
    let losers = desk.ok("preview rollout ui.badges --groups staff --list lose");
    assert_eq!(losers, "id,groups,weight\nada,beta,2.5\n");
    let kept = desk.json("preview rollout ui.badges --groups staff --list on --limit 1");
    assert_eq!(
        kept["users"],
        json!([{"id": "eve", "groups": ["beta", "staff"], "weight": 1.0}])
    );
    assert_eq!(kept["more"], json!(false));
    let all = desk.json("preview rollout ui.badges 100 --strategy blue-green");
    assert_eq!(
        all["people"],
        json!({"gain": 1, "lose": 0, "both": 0, "unchanged": 2})
    );
    for command in ["preview undo", "preview master off", "preview restore 1"] {
        let gone = desk.json(command);
        assert_eq!(gone["people"]["lose"], json!(2), "{command}: {gone}");
        assert_eq!(gone["components"][0]["component"], json!("ui.badges"));
    }
    desk.ok("undo");
    assert_eq!(desk.json("preview redo")["people"]["gain"], json!(2));
    let history = desk.json("history").as_array().unwrap().len();
    assert_eq!(history, 4, "a preview makes no revision");
    desk.cli
        .refused("preview undo --roster none", 3, "There is no roster none");
    desk.cli
        .refused("preview rollout ui.badges", 2, "Name what would change");
    desk.cli.refused("preview set nothing on", 3, "nothing");
    desk.cli
        .refused("preview master on --list on", 2, "name the one");
}

/// Starts `flagctl`, to be killed.
fn start(desk: &Desk, arguments: &str) -> Child {
    let mut command = desk.cli.command(arguments);
    command.current_dir(desk.files.path());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn log_bytes(data_dir: &Path) -> u64 {
    fs::metadata(data_dir.join("rosters.db-wal")).map_or(0, |log| log.len())
}

#[test]
fn an_import_that_is_killed_leaves_nothing_behind() {
    let desk = Desk::new();
    desk.ok("roster import customers.csv --name eu --yes");
    let rows = (0..600_000).map(|at| format!("killed{at};beta;1;\n"));
    desk.file(
        "large.csv",
        &format!("id;groups;weight;plan\n{}", rows.collect::<String>()),
    );
    let mut import = start(&desk, "roster import large.csv --name eu --yes");
    wait_until("some of it to be in the log", || {
        let ended = import.try_wait().unwrap();
        assert!(ended.is_none(), "it ended before it was killed");
        log_bytes(desk.cli.data_dir()) >= 4 * 1024 * 1024
    });
    import.kill().unwrap();
    import.wait().unwrap();
    assert!(!files_with(desk.cli.data_dir(), "killed17").is_empty());
    assert_eq!(desk.json("roster show eu")["people"], json!(3));
    assert_eq!(
        desk.ok("roster forget nobody"),
        "nobody is in no roster, and has no override\n"
    );
    assert_eq!(
        files_with(desk.cli.data_dir(), "killed17"),
        Vec::<PathBuf>::new()
    );
}

#[test]
fn an_id_is_in_no_other_file_log_or_export() {
    let desk = Desk::new();
    let secret = "ada.secret@example.com";
    desk.file("people.csv", &format!("id,groups\n{secret},beta\nben,\n"));
    let workspace = desk.files.path().join("workspace");
    let mut printed = String::new();
    for arguments in [
        "roster import people.csv --yes",
        "roster list",
        "roster show people",
        "set ui.badges on",
        "preview rollout ui.badges 100",
        "backup make",
        "export",
        &format!("export --workspace {} --snapshots", workspace.display()),
        "doctor",
        "roster forget ben",
    ] {
        let mut command = desk.cli.command(arguments);
        command
            .env("RUST_LOG", "trace")
            .current_dir(desk.files.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments}: {output:?}");
        printed += &String::from_utf8(output.stderr).unwrap();
        // What was understood of the file shows its first rows.
        if !arguments.starts_with("roster import") {
            printed += &String::from_utf8(output.stdout).unwrap();
        }
    }
    assert!(!printed.contains(secret), "{printed}");
    let found = files_with(desk.cli.data_dir(), secret);
    assert_eq!(found, [desk.cli.data_dir().join("rosters.db")]);
    assert!(!fs::read(&workspace).unwrap().is_empty());
    let import = Cli::new();
    import.ok(&format!("import --workspace {}", workspace.display()));
    assert!(files_with(import.data_dir(), secret).is_empty());
}

/// For how many of a list a component is on, as `flagctl eval` says.
fn evaluated(desk: &Desk, users: &[String]) -> Vec<bool> {
    let text = users.join("\n");
    let ran = desk
        .cli
        .run_with_input("eval ui.badges --users - --json", &text);
    let rows: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    rows.iter()
        .map(|row| row["value"].as_bool().unwrap())
        .collect()
}

proptest! {
    // Each case runs flagctl some times.
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Who gains and who loses is what `flagctl eval` says before and after.
    #[test]
    fn a_preview_counts_what_eval_says(
        users in prop::collection::btree_set("[a-z]{1,6}", 1..40),
        percentages in prop::collection::vec(0..=100u32, 3),
        switches in prop::collection::vec(any::<bool>(), 2),
        edit in 0..4,
    ) {
        let desk = Desk::new();
        let users: Vec<String> = users.into_iter().collect();
        let document = json!({
            "enabled": true,
            "components": {"ui": {"badges": switches[0]}, "base": switches[1]},
            "rollout": {"percentage": percentages[0], "userGroups": [], "strategy": "canary"},
            "rollouts": {"ui.badges": {"percentage": percentages[1], "userGroups": [], "strategy": "canary"}},
            "requires": {"ui.badges": ["base"]},
        });
        desk.file("document.json", &document.to_string());
        desk.ok("import document.json --yes");
        desk.file("users.txt", &users.join("\n"));
        desk.ok("roster import users.txt --yes");
        let edit = match edit {
            0 => "set ui.badges on".into(),
            1 => "set base off".into(),
            2 => "rollout ui.badges --inherit".into(),
            _ => format!("rollout ui.badges --percentage {}", percentages[2]),
        };
        let previewed = desk.json(&format!("preview {edit}"));
        let listed = |who: &str| {
            let listed = desk.json(&format!("preview {edit} --list {who} --of ui.badges"));
            let users = listed["users"].as_array().unwrap().iter();
            users.map(|user| user["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (gain, lose, on) = (listed("gain"), listed("lose"), listed("on"));
        let before = evaluated(&desk, &users);
        desk.ok(&edit);
        let after = evaluated(&desk, &users);
        let with = |was: bool, is: bool| -> Vec<String> {
            let pairs = before.iter().zip(&after).zip(&users);
            pairs.filter(|(it, _)| *it == (&was, &is)).map(|(_, user)| user.clone()).collect()
        };
        prop_assert_eq!(&gain, &with(false, true));
        prop_assert_eq!(&lose, &with(true, false));
        prop_assert_eq!(&on, &with(true, true));
        let of = previewed["components"].as_array().unwrap().iter();
        let badges = of.clone().find(|of| of["component"] == "ui.badges");
        let counted = |name: &str| badges.map_or(0, |of| of["people"][name].as_u64().unwrap());
        prop_assert_eq!(counted("gain"), gain.len() as u64);
        prop_assert_eq!(counted("lose"), lose.len() as u64);
    }
}
