//! A damaged state is recovered from a snapshot because a person asks for it, and that is told.

use flagdeck::state::StateError;
use flagdeck::wire::{RestoreFilter, RestoreStatus, StateAt, StateRestore};
use flagdeck::{App, Error};
use serde_json::{Value, json};

use crate::http_support::Running;
use crate::states::{at, me, now, put, take, web};
use crate::states_damaged::{database, flip, prepare};
use crate::support::apps::open;
use crate::support::cli::Cli;

fn restores(app: &App) -> Vec<StateRestore> {
    let page = app.state_restores(&RestoreFilter::default(), 0, 10);
    page.unwrap().restores
}

/// A folder whose state is damaged, with snapshot 1 from before.
fn damaged() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    drop(prepare(folder.path()));
    flip(&database(folder.path()), "whole", "text", 20);
    folder
}

#[test]
fn a_snapshot_takes_the_place_of_a_damaged_state() {
    let folder = damaged();
    let app = open(folder.path());
    let restore = app.recover_state(&web(), None, &me()).unwrap();
    assert_eq!(
        (restore.status, restore.snapshot, restore.safety),
        (RestoreStatus::Recovered, 1, None)
    );
    assert_eq!(restore.actor, me());
    assert_eq!(restores(&app), [restore]);
    let is_recovered = |app: &App| {
        let now = now(app);
        assert_eq!((&now["n"], &now["mode"]), (&json!(1), &json!("old")));
    };
    is_recovered(&app);
    drop(app);
    let app = open(folder.path());
    is_recovered(&app);
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
    app.set_state(&web(), "ml.n", Some(json!(4).into()), &me())
        .unwrap();
    assert_eq!(now(&app)["mode"], "old");
    assert_eq!(now(&app)["n"], 4);
}

#[test]
fn the_journal_has_a_recovery_with_its_cause() {
    let folder = damaged();
    let app = open(folder.path());
    app.recover_state(&web(), Some(1), &me()).unwrap();
    let state = now(&app);
    let latest = state["history"].as_array().unwrap().last().unwrap();
    assert_eq!(latest["key"], "ml");
    let cause = latest["source"].as_str().unwrap();
    assert!(cause.contains(&me().name), "{cause}");
    assert!(cause.contains("recovered from snapshot 1"), "{cause}");
    assert!(cause.contains("does not match its hash"), "{cause}");
    let news = app.state_news(&web(), 0).unwrap();
    assert_eq!(news.keys.first().map(String::as_str), Some("ml"));
}

#[test]
fn blame_names_the_recovery_that_set_a_value_back() {
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path());
    take(&app);
    put(&app, &json!({ "n": 9, "mode": "newest" }));
    drop(app);
    flip(&database(folder.path()), "whole", "text", 20);
    let app = open(folder.path());
    app.recover_state(&web(), Some(1), &me()).unwrap();
    let at_present = StateAt::Now {
        source: web().to_string(),
    };
    let blame = app.blame(&at_present, "ml.mode").unwrap();
    assert_eq!(blame.value.unwrap().text, "\"old\"");
    let latest = blame.records.first().unwrap();
    assert!(
        latest.origin.contains("recovered from snapshot 1"),
        "{latest:?}"
    );
}

#[test]
fn a_change_that_is_damaged_in_the_journal_is_gone_after_the_recovery() {
    let folder = tempfile::tempdir().unwrap();
    drop(prepare(folder.path()));
    flip(&database(folder.path()), "journal", "change", 2);
    let app = open(folder.path());
    assert!(app.current_state(&web()).is_err());
    app.recover_state(&web(), None, &me()).unwrap();
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_sound_state_and_a_snapshot_that_is_not_there_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path());
    let sound = app.recover_state(&web(), Some(1), &me());
    assert!(matches!(sound, Err(StateError::Sound { .. })), "{sound:?}");
    let other = app.put_state(&"other".parse().unwrap(), b"{}", None, None);
    other.unwrap();
    take(&app);
    drop(app);
    let database = database(folder.path());
    database
        .execute("UPDATE whole SET text = x'00' WHERE source = 1", [])
        .unwrap();
    let app = open(folder.path());
    let of_other = app.recover_state(&web(), Some(2), &me()).unwrap_err();
    assert!(
        of_other.to_string().contains("is of other, not of web"),
        "{of_other}"
    );
    let missing = app.recover_state(&web(), Some(99), &me());
    assert!(
        matches!(missing, Err(StateError::NotFound { .. })),
        "{missing:?}"
    );
    assert!(app.current_state(&web()).is_err(), "nothing was changed");
    assert_eq!(restores(&app), []);
}

#[test]
fn without_a_snapshot_that_can_be_read_only_a_report_replaces_the_state() {
    let folder = damaged();
    let database = database(folder.path());
    database
        .execute("UPDATE snapshot SET coding = x'01'", [])
        .unwrap();
    let app = open(folder.path());
    let refused = app.recover_state(&web(), None, &me()).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("no snapshot of web can be read"),
        "{refused}"
    );
    put(&app, &json!({ "n": 5 }));
    assert_eq!(now(&app)["n"], 5);
}

#[test]
fn a_recovery_cannot_be_undone_and_leaves_an_open_restore_open() {
    let folder = tempfile::tempdir().unwrap();
    let app = prepare(folder.path());
    let open_restore = app
        .restore_state(&crate::states::everything(1), &me())
        .unwrap();
    drop(app);
    flip(&database(folder.path()), "whole", "text", 20);
    let app = open(folder.path());
    let recovery = app.recover_state(&web(), None, &me()).unwrap();
    let undone = app.undo_restore(recovery.id, &me()).unwrap_err();
    assert!(matches!(undone, Error::State(StateError::Ended { .. })));
    let sources = app.state_sources().unwrap();
    let shown = sources[0].restore.as_ref().unwrap();
    assert_eq!(
        (shown.id, shown.status),
        (open_restore.id, RestoreStatus::Open)
    );
    assert_eq!(at(&app, 1), json!({ "n": 1, "mode": "old" }));
}

#[test]
fn flagctl_recovers_a_state_if_it_is_told_to() {
    let cli = Cli::new();
    drop(prepare(cli.data_dir()));
    cli.refused("state recover --yes", 5, "there is nothing to recover");
    flip(&database(cli.data_dir()), "whole", "text", 20);
    cli.refused("state get", 1, "To recover it: flagctl state recover.");
    cli.refused(
        "state recover",
        2,
        "To recover it from snapshot 1, add --yes",
    );
    let ran = cli.run("doctor");
    assert!(ran.out.contains("recovered from snapshot 1"), "{ran:?}");
    let said = cli.ok("state recover --from 1 --yes");
    assert!(said.contains("the state of snapshot 1 again"), "{said}");
    assert_eq!(cli.json("state get ml.mode"), "old");
    let listed = cli.ok("snapshot restores");
    assert!(listed.contains("place of a damaged state"), "{listed}");
    assert_eq!(cli.json("snapshot restores")[0]["status"], "recovered");
}

#[test]
fn a_state_is_recovered_over_http() {
    let server = Running::on(damaged());
    let bearer = format!("Bearer {}", server.token);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("User-Agent", "shop/2"),
    ];
    let send = |method: &str, path: &str, body: &str| server.request(method, path, &headers, body);
    let path = "/api/ml/state/web";
    let recovery = format!("{path}/recovery");
    let refused = send("GET", path, "");
    assert_eq!(refused.status, 500);
    let problem = refused.json();
    assert_eq!(problem["code"], "state_damaged");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("recovered from snapshot 1"), "{detail}");
    for body in ["", "[]", "{\"snapshot\":-1}", "{\"from\":1}"] {
        assert_eq!(send("POST", &recovery, body).status, 400, "{body}");
    }
    let anonymous = server.request("POST", &recovery, &headers[1..], "{}");
    assert_eq!(anonymous.status, 401);
    let done: Value = send("POST", &recovery, "{\"snapshot\":1}").json();
    assert_eq!(
        (&done["status"], &done["actor"]["name"]),
        (&json!("recovered"), &json!("shop"))
    );
    assert_eq!(send("GET", path, "").json()["ml"]["mode"], "old");
    let again = send("POST", &recovery, "{}");
    assert_eq!(
        (again.status, again.json()["code"].as_str()),
        (409, Some("nothing_to_do"))
    );
}
