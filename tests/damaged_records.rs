//! Single records that are damaged and that nothing needs: doctor tells of each, and how to remove
//! them; what is lost is said before, and all else stays.

use std::path::Path;

use flagdeck::App;
use flagdeck::wire::{RestoreFilter, StateAt};
use rusqlite::Connection;
use serde_json::json;

use crate::states::{everything, me, put, take, web};
use crate::states_damaged::database;
use crate::support::apps::{open, open_watching};
use crate::support::cli::Cli;
use crate::support::folders::report_one;

/// Makes one record of each kind: a change that is part of no state, a report, what was recorded
/// before a snapshot, and a restore.
fn prepare(folder: &Path) -> App {
    let app = open(folder);
    put(&app, &json!({ "n": 1 }));
    app.set_state(&web(), "ml.n", Some(json!(2).into()), &me())
        .unwrap();
    take(&app);
    put(&app, &json!({ "n": 3 }));
    take(&app);
    app.restore_state(&everything(1), &me()).unwrap();
    app.cancel_restore(1, &me()).unwrap();
    app
}

const DAMAGE: [&str; 4] = [
    "UPDATE journal SET seal = zeroblob(16)",
    "UPDATE report SET seal = zeroblob(16) WHERE seq = 1",
    "UPDATE recorded SET seal = zeroblob(16) WHERE snapshot = 1",
    "UPDATE restore SET actor = 'eve'",
];

const LOST: [&str; 4] = [
    "restore 1: what it asked for, and how it ended",
    "change 2 of web: what it set, in the history",
    "the report of change 1 of web: the list of what it changed",
    "what was recorded before snapshot 1: the list of changes, not the snapshot",
];

fn damage(database: &Connection) {
    for sql in DAMAGE {
        assert_eq!(database.execute(sql, []).unwrap(), 1, "{sql}");
    }
}

/// Returns what snapshots, state and restores have.
fn kept(app: &App) -> (Vec<String>, usize) {
    let states = [
        StateAt::Snapshot { id: 1 },
        StateAt::Snapshot { id: 2 },
        StateAt::Now {
            source: web().to_string(),
        },
    ];
    let texts = states.map(|at| app.state_at(&at).unwrap().ml.to_string());
    let restores = app.state_restores(&RestoreFilter::default(), 0, 9).unwrap();
    (texts.into(), restores.total)
}

#[test]
fn every_kind_is_told_of_and_removed_and_nothing_else_is_lost() {
    let cli = Cli::new();
    let app = prepare(cli.data_dir());
    assert_eq!(app.damaged_records().unwrap(), Vec::<String>::new());
    assert_eq!(
        cli.ok("doctor --remove-damaged"),
        "No single record is damaged.\n"
    );
    let (states, restores) = kept(&app);
    damage(&database(cli.data_dir()));
    let told = cli.run("doctor");
    assert_eq!(told.code, Some(1), "{told:?}");
    let way = "nothing needs 4 damaged records: flagctl doctor --remove-damaged";
    assert!(told.out.contains(way), "{told:?}");
    assert_eq!(app.check().unwrap().problems.len(), 4);
    // Without a terminal to ask on, what is lost is said and nothing is removed.
    for lost in LOST {
        cli.refused("doctor --remove-damaged", 2, lost);
    }
    assert_eq!(app.damaged_records().unwrap(), LOST);
    let removed = cli.json("doctor --remove-damaged --yes");
    assert_eq!(removed, json!({ "removed": LOST }));
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
    assert_eq!(cli.run("doctor").code, Some(0));
    assert_eq!(kept(&app), (states, restores - 1));
}

/// A change that the state is made of is no single record: without it, there is no state.
#[test]
fn a_change_that_the_state_needs_stays() {
    let cli = Cli::new();
    let app = open(cli.data_dir());
    put(&app, &json!({ "n": 1 }));
    app.set_state(&web(), "ml.n", Some(json!(2).into()), &me())
        .unwrap();
    let sql = "UPDATE journal SET seal = zeroblob(16)";
    assert_eq!(database(cli.data_dir()).execute(sql, []).unwrap(), 1);
    assert_eq!(app.damaged_records().unwrap(), Vec::<String>::new());
    assert!(!app.check().unwrap().problems.is_empty());
}

#[test]
fn a_frame_that_cannot_be_decoded_is_removed() {
    let cli = Cli::new();
    let app = open_watching(cli.data_dir());
    report_one(&app).unwrap();
    drop(app);
    let app = open(cli.data_dir());
    let metrics = Connection::open(cli.data_dir().join("metrics.db")).unwrap();
    let sql = "INSERT INTO frame VALUES (10, 1000, x'ff')";
    assert_eq!(metrics.execute(sql, []).unwrap(), 1);
    let lost = "1 frame: what was counted in its time, in charts";
    assert_eq!(app.damaged_records().unwrap(), [lost]);
    let removed = cli.json("doctor --remove-damaged --yes");
    assert_eq!(removed, json!({ "removed": [lost] }));
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
}
