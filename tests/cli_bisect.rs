//! `flagctl bisect`, as a process that runs commands on the snapshots of a real data folder.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli_snapshot::take;
use crate::cli_state::{folder, report};
use crate::support::cli::{Cli, Ran};

/// Succeeds while `n` is a number below ten.
pub const BELOW_TEN: &str = r#"grep -q '"n":[0-9][,}]' "$FLAGDECK_SNAPSHOT_FILE""#;

/// An application with a snapshot for each value of `n`, from 1 on; returns their numbers.
pub fn with_history(count: u64) -> (Cli, Vec<u64>) {
    let cli = Cli::new();
    let ids = (1..=count).map(|n| {
        report(&cli, "kc-web", &json!({"n": n}));
        take(&cli, "")
    });
    let ids = ids.collect();
    (cli, ids)
}

pub fn bisect(cli: &Cli, options: &str, script: &str) -> Ran {
    let mut words = vec!["bisect"];
    words.extend(options.split_whitespace());
    words.extend(["--", "sh", "-c", script]);
    cli.run_with(&words)
}

/// How often a script ran that writes a line each time.
fn lines(file: &Path) -> usize {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().count()
}

#[test]
fn the_first_bad_snapshot_is_found_in_few_runs_with_the_difference() {
    let (cli, ids) = with_history(17);
    let log = folder(&cli).join("log");
    let script = format!("echo run >> {}; {BELOW_TEN}", log.display());
    let ran = bisect(&cli, "", &script);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let (good, bad) = (ids[8], ids[9]);
    let lines_out: Vec<&str> = ran.out.lines().collect();
    assert!(lines_out[0].starts_with(&format!("First bad: snapshot {bad} of ")));
    assert!(lines_out[1].starts_with(&format!("Last good: snapshot {good} of ")));
    assert!(ran.out.contains("9 → 10"), "{}", ran.out);
    assert!(lines(&log) <= 2 + 4, "{} runs", lines(&log));
    let first = format!("run 1 of about 6: snapshot {} of ", ids[16]);
    assert!(ran.err.starts_with(&first), "{}", ran.err);
    assert!(ran.err.contains(" … bad\n") && ran.err.contains(" … good\n"));
}

#[test]
fn ends_that_are_given_are_not_run() {
    let (cli, ids) = with_history(17);
    let log = folder(&cli).join("log");
    let script = format!(
        "echo $FLAGDECK_SNAPSHOT_ID >> {}; {BELOW_TEN}",
        log.display()
    );
    let options = format!("--good {} --bad {} --json", ids[5], ids[13]);
    let ran = bisect(&cli, &options, &script);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["outcome"], "found");
    assert_eq!(
        (&told["lastGood"]["id"], &told["firstBad"]["id"]),
        (&json!(ids[8]), &json!(ids[9]))
    );
    assert_eq!(told["difference"]["total"], 1);
    assert_eq!(told["runs"], 3);
    let run = std::fs::read_to_string(&log).unwrap();
    let run: Vec<&str> = run.lines().collect();
    assert_eq!(run.len(), 3);
    assert!(!run.contains(&ids[5].to_string().as_str()));
    assert!(!run.contains(&ids[13].to_string().as_str()));
}

#[test]
fn the_command_gets_the_state_in_every_way_that_is_told() {
    let (cli, ids) = with_history(2);
    let folder = folder(&cli);
    let script = format!(
        "cat > {0}/input; cp \"$1\" {0}/argument; cp $FLAGDECK_SNAPSHOT_FILE {0}/variable; \
         echo $FLAGDECK_SNAPSHOT_ID $FLAGDECK_SNAPSHOT_TIME > {0}/told; echo loud; exit 0",
        folder.display()
    );
    let good = ids[0].to_string();
    let ran = cli.run_with(&[
        "bisect", "--good", &good, "--", "sh", "-c", &script, "sh", "{}",
    ]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.starts_with("Nothing fails"), "{ran:?}");
    assert!(ran.err.contains("loud"), "what it prints is no result");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let state: Value = serde_json::from_str(&read("input")).unwrap();
    assert_eq!(state["ml"], json!({"n": 2}));
    assert_eq!(state["files"], 3);
    assert_eq!(read("argument"), read("input"));
    assert_eq!(read("variable"), read("input"));
    let told = read("told");
    let (id, time) = told.trim().split_once(' ').unwrap();
    assert_eq!(id, ids[1].to_string());
    time.parse::<jiff::Timestamp>().unwrap();
}

#[test]
fn where_nothing_turns_it_is_said_and_the_exit_code_is_1() {
    let (cli, ids) = with_history(4);
    let outcome = |script: &str| {
        let ran = bisect(&cli, "--json", script);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        serde_json::from_str::<Value>(&ran.out).unwrap()
    };
    let good = outcome("exit 0");
    assert_eq!(
        (&good["outcome"], &good["lastGood"]["id"]),
        (&json!("all_good"), &json!(ids[3]))
    );
    let bad = outcome("exit 3");
    assert_eq!(
        (&bad["outcome"], &bad["firstBad"]["id"]),
        (&json!("all_bad"), &json!(ids[0]))
    );
    assert_eq!(outcome("exit 125")["outcome"], "untold");
}

#[test]
fn snapshots_that_cannot_be_told_are_gone_around() {
    let (cli, ids) = with_history(17);
    let skip = |numbers: &str| {
        format!("case $FLAGDECK_SNAPSHOT_ID in {numbers}) exit 125;; esac; {BELOW_TEN}")
    };
    let far = format!("{}|{}", ids[4], ids[5]);
    let ran = bisect(&cli, "", &skip(&far));
    assert!(
        ran.out
            .starts_with(&format!("First bad: snapshot {} of ", ids[9])),
        "{ran:?}"
    );
    let near = format!("{}|{}", ids[8], ids[9]);
    let ran = bisect(&cli, "--json", &skip(&near));
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &told["outcome"]), (Some(1), &json!("range")));
    assert_eq!(told["untold"], json!([ids[8], ids[9]]));
    assert_eq!(
        (&told["lastGood"]["id"], &told["firstBad"]["id"]),
        (&json!(ids[7]), &json!(ids[10]))
    );
    let ran = bisect(&cli, "", &skip(&near));
    let [one, two, three] = [ids[8], ids[9], ids[10]];
    let said = format!(
        "First bad: one of snapshots {one}, {two} and {three}; of these, {one} and {two} were \
         skipped\n"
    );
    assert!(ran.out.starts_with(&said), "{ran:?}");
    assert_eq!(ran.code, Some(1));
}

#[test]
fn a_command_that_cannot_decide_is_called_flaky_with_its_counts() {
    let (cli, ids) = with_history(9);
    let log = folder(&cli).join("log");
    let script = format!(
        "echo >> {0}; test $(($(wc -l < {0}) % 3)) = 0",
        log.display()
    );
    let ran = bisect(&cli, "--repeat 6", &script);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert!(
        ran.out
            .starts_with(&format!("Flaky: at snapshot {} of ", ids[8])),
        "{ran:?}"
    );
    assert!(
        ran.out
            .contains("succeeded 2, failed 4 and skipped 0 of 6 times"),
        "{ran:?}"
    );
    assert_eq!(lines(&log), 6, "the search goes no further");
    std::fs::remove_file(&log).unwrap();
    let told: Value =
        serde_json::from_str(&bisect(&cli, "--repeat 6 --json", &script).out).unwrap();
    assert_eq!(told["outcome"], "flaky");
    assert_eq!(told["flaky"]["id"], ids[8]);
    assert_eq!(told["counts"], json!({"good": 2, "bad": 4, "skipped": 0}));
    // One that can is asked as often, and believed.
    let (cli, ids) = with_history(12);
    let ran = bisect(&cli, "--repeat 2", BELOW_TEN);
    assert!(
        ran.out
            .starts_with(&format!("First bad: snapshot {} of ", ids[9])),
        "{ran:?}"
    );
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let cli = Cli::new();
    cli.refused("bisect -- true", 3, "No application has reported");
    let (cli, ids) = with_history(3);
    let (first, last) = (ids[0], ids[2]);
    let order = format!("bisect --good {last} --bad {first} -- true");
    cli.refused(&order, 2, "must be later than the good one");
    cli.refused("bisect --good 999 -- true", 3, "999");
    cli.refused("bisect", 2, "<COMMAND>");
    report(&cli, "batch", &json!({"n": 1}));
    cli.refused("bisect -- true", 2, "say with --source");
    cli.refused("bisect --source batch -- true", 2, "no snapshots of batch");
    let foreign = format!("bisect --source batch --good {first} -- true");
    cli.refused(
        &foreign,
        2,
        &format!("napshot {first} is of kc-web, not of batch"),
    );
}
