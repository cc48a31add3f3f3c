//! What was damaged and set aside: told of by every command until a person saw it, listed, deleted.

use std::fs;

use serde_json::Value;

use crate::support::cli::Cli;

/// A folder whose `state.db` is garbage.
fn damaged() -> Cli {
    let cli = Cli::new();
    cli.ok("state set ml.n 1 --source web");
    fs::write(cli.data_dir().join("state.db"), [7; 9000]).unwrap();
    cli
}

fn entries(cli: &Cli) -> Vec<Value> {
    let entries = cli.json("quarantine list");
    entries.as_array().unwrap().clone()
}

#[test]
fn what_was_set_aside_is_told_of_until_it_was_seen() {
    let cli = damaged();
    let ran = cli.run("state set ml.n 2 --source web");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err
            .contains("states and their snapshots cannot be read")
    );
    for command in ["get", "state list", "history", "doctor"] {
        let ran = cli.run(command);
        let told = format!("{}{}", ran.out, ran.err);
        assert!(
            told.contains("flagctl quarantine lists it"),
            "{command}: {told}"
        );
    }

    let [entry] = &entries(&cli)[..] else {
        panic!("{:?}", entries(&cli));
    };
    let name = entry["name"].as_str().unwrap();
    assert_eq!(entry["label"]["database"], "states");
    let list = cli.ok("quarantine list");
    assert!(
        list.contains(name) && list.contains("not looked at yet"),
        "{list}"
    );

    cli.ok(&format!("quarantine seen {name}"));
    for command in ["get", "state list"] {
        let ran = cli.run(command);
        assert!(!ran.err.contains("quarantine"), "{command}: {ran:?}");
    }
    assert_eq!(entries(&cli)[0]["label"]["seen"], true);
}

#[test]
fn the_doctor_tells_of_an_entry_without_a_label() {
    let cli = Cli::new();
    cli.ok("master on");
    let quarantine = cli.data_dir().join("quarantine");
    fs::create_dir(&quarantine).unwrap();
    fs::write(quarantine.join("state-7.db"), "old").unwrap();
    let told = cli.ok("doctor --config http.port=0");
    assert!(
        told.contains("✓ quarantine/state-7.db was set aside"),
        "{told}"
    );
}

#[test]
fn damage_is_told_of_once_when_it_is_met() {
    let cli = damaged();
    let ran = cli.run("state set ml.n 2 --source web");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(!ran.err.contains("ERROR"), "{}", ran.err);
}

#[test]
fn one_is_deleted_when_it_is_said_so_and_nothing_else_is() {
    let cli = damaged();
    cli.ok("state set ml.n 2 --source web");
    let name = entries(&cli)[0]["name"].as_str().unwrap().to_owned();
    let kept = cli.data_dir().join("quarantine").join(&name);
    let refused = cli.run(&format!("quarantine remove {name}"));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("othing was deleted") && kept.exists());
    for other in ["../state.db", ".", "", "state.db", "state-1.db"] {
        let ran = cli.run_with(&["quarantine", "remove", other, "--yes"]);
        assert_eq!(ran.code, Some(3), "{ran:?}");
        let ran = cli.run_with(&["quarantine", "seen", &name, other]);
        assert_eq!(ran.code, Some(3), "{ran:?}");
    }
    assert_eq!(
        entries(&cli)[0]["label"]["seen"],
        false,
        "all of them or none"
    );
    cli.ok(&format!("quarantine remove {name} --yes"));
    assert!(!kept.exists());
    assert_eq!(cli.ok("quarantine list"), "Nothing is in quarantine.\n");
    assert!(cli.ok("state get ml.n").contains('2'));
}
