//! `flagctl` tells whom components reach, and that all flags are off.

use crate::support::cli::{Cli, Ran};

/// `ui.badges` at half of those who see `tracker`, which is a quarter of everyone.
fn with_requirement() -> Cli {
    let cli = Cli::new();
    cli.ok("master on");
    cli.ok("set tracker on");
    cli.ok("set ui.badges on");
    cli.ok("rollout tracker --percentage 25");
    cli.ok("rollout ui.badges --percentage 50");
    let document = cli.json("get").to_string();
    let required = document.replacen('{', r#"{"requires":{"ui.badges":["tracker"]},"#, 1);
    let imported = cli.run_with_input("import -", &required);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    cli
}

#[track_caller]
fn run(cli: &Cli, arguments: &str) -> Ran {
    let ran = cli.run_with_input(arguments, "");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran
}

#[test]
fn who_sees_a_component_is_shown_with_what_it_requires() {
    let cli = with_requirement();
    let get = cli.ok("get");
    assert!(
        get.contains("on   12.5 % of everyone  custom rollout canary, 50 %  requires tracker"),
        "{get}"
    );
    assert_eq!(
        cli.ok("rollout ui.badges"),
        "ui.badges, custom rollout: canary, 50 %\nReaches: 12.5 % of everyone\n"
    );
    let explained = cli.ok("explain ui.badges --user user0");
    assert!(
        explained.contains("  reaches: 12.5 % of everyone\n"),
        "{explained}"
    );
    assert_eq!(
        cli.json("explain ui.badges --user user0")["reach"],
        "12.5 % of everyone"
    );
}

#[test]
fn all_flags_off_is_mentioned_with_every_result_that_it_changes() {
    let cli = with_requirement();
    assert_eq!(run(&cli, "get").err, "");
    cli.ok("master off");
    let get = run(&cli, "get");
    assert!(
        get.err.starts_with("flagctl: All flags are off since 2"),
        "{get:?}"
    );
    assert!(get.err.ends_with(" by ada (flagctl)\n"), "{get:?}");
    assert!(
        !get.out.contains("All flags"),
        "standard output stays the result"
    );
    assert!(
        get.out.contains("on   would reach 12.5 % of everyone"),
        "{get:?}"
    );
    assert_eq!(run(&cli, "get --json").err, "");
    for command in ["explain tracker", "eval tracker --users - --count"] {
        let ran = run(&cli, command);
        assert!(
            ran.err.starts_with("flagctl: All flags are off since"),
            "{ran:?}"
        );
    }
    for command in ["set ui on", "rollout tracker --percentage 30"] {
        let ran = run(&cli, command);
        assert!(ran.err.contains("All flags are off since"), "{ran:?}");
        assert!(ran.err.contains("nobody sees this until"), "{ran:?}");
    }
    assert_eq!(run(&cli, "set ui off").err, "");
    let then = run(&cli, "get --at 6");
    assert_eq!(then.err, "", "they were on then");
}

#[test]
fn a_new_store_says_that_it_was_never_turned_on() {
    let cli = Cli::new();
    let get = run(&cli, "get");
    assert_eq!(get.err, "flagctl: All flags are off (never turned on)\n");
}

#[test]
fn groups_only_without_a_group_warns_on_every_way_in() {
    let cli = Cli::new();
    cli.ok("master on");
    let warning =
        "flagctl: warning at /rollout/strategy: rollout.strategy is feature (groups only)";
    let ran = run(&cli, "rollout --strategy feature --percentage 25");
    assert!(ran.err.starts_with(warning), "{ran:?}");
    let document = cli.json("get").to_string();
    for arguments in ["import -", "import - --check"] {
        let ran = cli.run_with_input(arguments, &document);
        assert!(ran.err.starts_with(warning), "{ran:?}");
    }
    let ran = run(&cli, "rollout --groups beta");
    assert_eq!(ran.err, "");
}
