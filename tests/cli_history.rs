//! `flagctl history` and `flagctl diff`, as processes on real data folders.

use jiff::Timestamp;
use serde_json::Value;

use crate::support::cli::Cli;
use crate::support::waiting::wait_until;

/// What is listed where nothing matches.
const NOTHING: [u64; 0] = [];

/// The numbers of the revisions that `flagctl history` lists.
#[track_caller]
fn listed(cli: &Cli, conditions: &str) -> Vec<u64> {
    let listed = cli.json(&format!("history {conditions}"));
    let numbers = listed.as_array().unwrap().iter();
    numbers
        .map(|revision| revision["revision"].as_u64().unwrap())
        .collect()
}

fn with_four_revisions() -> Cli {
    let cli = Cli::new();
    cli.ok("master on");
    cli.ok("set ui.badges on --note Sommerfest");
    cli.ok("rollout tracker --percentage 5");
    cli.ok("set ui on");
    cli
}

#[test]
fn history_is_narrowed_by_every_condition() {
    let cli = with_four_revisions();
    assert_eq!(listed(&cli, ""), [4, 3, 2, 1]);
    assert_eq!(listed(&cli, "--component ui"), [4, 2]);
    assert_eq!(listed(&cli, "--component ui.badges"), [2]);
    assert_eq!(listed(&cli, "--component tracker"), [3]);
    assert_eq!(listed(&cli, "--text SOMMER"), [2]);
    assert_eq!(listed(&cli, "--actor ada"), [4, 3, 2, 1]);
    assert_eq!(listed(&cli, "--actor ADA"), NOTHING);
    assert_eq!(listed(&cli, "--via flagctl --limit 1"), [4]);
    assert_eq!(listed(&cli, "--via window"), NOTHING);
    assert_eq!(listed(&cli, "--component ui --before 4"), [2]);
    assert_eq!(
        cli.ok("history --component nothing"),
        "No revisions match.\n"
    );
}

#[test]
fn words_are_found_in_every_spelling_also_those_that_an_earlier_version_wrote() {
    let cli = Cli::new();
    cli.run_with(&["master", "on", "--note", "Straße in İstanbul, cafe\u{301}"]);
    let check = || {
        for text in ["istanbul", "STRASSE", "caf\u{e9}", "CAFE\u{301}"] {
            assert_eq!(listed(&cli, &format!("--text {text}")), [1], "{text}");
        }
        assert_eq!(listed(&cli, "--text cafe"), NOTHING, "accents count");
    };
    check();
    // Folded by case alone, letter by letter.
    let old = "master switch on\nstrasse in i\u{307}stanbul, cafe\u{301}";
    let file = cli.data_dir().join("flagdeck.db");
    let store = rusqlite::Connection::open(file).unwrap();
    let changed = store.execute("UPDATE revision_words SET folded = ?1", [old]);
    assert_eq!(changed, Ok(1));
    drop(store);
    check();
}

#[test]
fn history_takes_days_moments_and_how_long_ago() {
    let cli = with_four_revisions();
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let all = [4, 3, 2, 1];
    for since in [
        "2020-01-01",
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00",
        "2d",
        "1w",
        "1h30m",
        "yesterday",
        "Yesterday,00:00",
    ] {
        assert_eq!(listed(&cli, &format!("--since {since}")), all, "{since}");
        assert_eq!(
            listed(&cli, &format!("--until {since}")),
            NOTHING,
            "{since}"
        );
    }
    // The day may have changed since they were made.
    assert_eq!(
        listed(&cli, &format!("--until {today}")),
        all,
        "a day is taken whole"
    );
    assert_eq!(listed(&cli, "--since 2999-12-31"), NOTHING);
    for wrong in ["tomorrow", "2026-13-01", "12", "-2d", ""] {
        let ran = cli.run_with(&["history", &format!("--since={wrong}")]);
        assert_eq!(ran.code, Some(2), "{wrong}: {ran:?}");
        assert!(ran.err.contains("such as 2d, 3h or 10m"), "{}", ran.err);
    }
}

#[test]
fn diff_says_what_differs_and_takes_the_revision_in_force_for_granted() {
    let cli = with_four_revisions();
    assert_eq!(cli.ok("diff 0 2"), "Master switch on\nui.badges on\n");
    assert_eq!(cli.ok("diff 2 1"), "ui.badges off\n");
    assert_eq!(cli.ok("diff 3"), "ui.dashboard on\nui.curationPanel on\n");
    assert_eq!(cli.ok("diff 4 4"), "Revisions 4 and 4 do not differ.\n");
    let told: Value = cli.json("diff 1 2");
    assert_eq!(told["total"], 1);
    assert_eq!(told["changes"][0]["pointer"], "/components/ui/badges");
    assert_eq!(told["changes"][0]["after"], "true");
    cli.refused("diff 1 9", 3, "There is no revision 9; there are 1 to 4.");
}

#[test]
fn a_moment_stands_for_the_revision_that_was_in_force_then() {
    let cli = Cli::new();
    let before = moment();
    cli.ok("master on");
    cli.ok("set ui.badges on");
    let between = moment();
    cli.ok("rollout --percentage 50");
    let explained = |at: &str| {
        let arguments = format!("explain ui.badges --user user42 --json --at {at}");
        let words: Vec<&str> = arguments.split(' ').collect();
        let ran = cli.run_with(&words);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        (told["revision"].as_u64().unwrap(), ran.err)
    };
    let (revision, said) = explained(&between);
    assert_eq!(revision, 2);
    assert!(said.contains(", revision 2 decided"), "{said}");
    let (revision, said) = explained("1h");
    assert_eq!(revision, 0);
    assert!(said.contains("the safe default decided"), "{said}");
    assert_eq!(explained(&before).0, 0);
    assert_eq!(explained("3"), (3, String::new()), "a number is a revision");
    assert_eq!(
        cli.json(&format!("get --at {between}"))["rollout"]["percentage"],
        0
    );
    assert_eq!(cli.json(&format!("export --at {before}"))["enabled"], false);
    cli.refused("get --at 9", 3, "here is no revision 9");
    cli.refused("get --at soon", 2, "the number of a revision, or a moment");
}

/// A moment between what was done before and what is done next, as `--at` takes it.
fn moment() -> String {
    next_millisecond();
    let moment = Timestamp::now().to_string();
    next_millisecond();
    moment
}

/// Waits until the machine's clock, which commands go by, shows another millisecond.
fn next_millisecond() {
    let began = Timestamp::now().as_millisecond();
    wait_until("the next millisecond", || {
        Timestamp::now().as_millisecond() > began
    });
}

/// A document of `count` components, `c0`, `c1`, …, all on.
fn flat(count: usize) -> String {
    let components = (0..count).map(|index| (format!("c{index}"), Value::Bool(true)));
    let components: serde_json::Map<_, _> = components.collect();
    serde_json::json!({"enabled": true, "components": components}).to_string()
}

#[test]
fn every_list_of_changes_is_bounded_unless_all_are_asked_for() {
    let cli = Cli::new();
    let import =
        |arguments: &str| cli.run_with_input(&format!("import - {arguments}"), &flat(2000));
    let bounded = |out: &str, what: &str| {
        let is_change = |line: &&str| !line.starts_with("Revision") && !line.starts_with("The");
        let changes: Vec<&str> = out.lines().filter(is_change).collect();
        assert_eq!(changes.len(), 21, "{what}: {out}");
        // Six founding components and groups make room, the master switch goes on.
        assert!(
            changes[20].contains("… and 1,98"),
            "{what}: {}",
            changes[20]
        );
        assert!(
            changes[20].ends_with(" more (--all)"),
            "{what}: {}",
            changes[20]
        );
        assert!(out.lines().all(|line| line.len() < 200), "{what}");
    };
    let whole = |out: &str, what: &str| {
        assert!(
            out.lines().count() > 2000 && !out.contains("--all"),
            "{what}"
        );
    };
    bounded(&import("--check").out, "import --check");
    bounded(&import("").out, "import");
    for command in ["diff 0 1", "undo", "redo", "restore 1"] {
        if command == "restore 1" {
            cli.ok("undo");
        }
        bounded(&cli.ok(command), command);
    }
    whole(&cli.ok("diff 0 1 --all"), "diff --all");
    whole(&cli.ok("undo --all"), "undo --all");
    let history = cli.ok("history");
    assert!(
        history.contains("2,000 components added: c0, c1 and 1,998 more"),
        "{history}"
    );
    assert!(history.lines().all(|line| line.len() < 250), "{history}");
    whole(&cli.ok("history --all"), "history --all");
}

#[test]
fn undo_says_what_it_took_back_and_what_that_means_for_all_flags() {
    let cli = Cli::new();
    cli.ok("master on");
    cli.ok("master off");
    assert_eq!(
        cli.ok("undo"),
        "Revision 3: Undid “Master switch off”: flags are live again\n  Master switch on\n"
    );
    assert_eq!(
        cli.ok("redo"),
        "Revision 4: Redid “Master switch off”: all flags are off\n  Master switch off\n"
    );
    assert_eq!(
        cli.json("undo")["summary"],
        "Undid “Master switch off”: flags are live again"
    );
}
