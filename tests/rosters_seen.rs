//! Users in events, kept as a roster of their own: only if that is wished, across restarts, never
//! after they were forgotten.

use std::fs;
use std::path::Path;
use std::time::Duration;

use flagdeck::App;
use flagdeck::rosters::SEEN;
use flagdeck::rosters::shapes::RosterInfo;
use serde_json::json;

use crate::rosters_kept::files_with;
use crate::rosters_read::{Desk, go_on};
use crate::support::apps::{close, open_watching_by, report, standing_clock};
use crate::support::waiting::{let_pass, wait_until};

fn wish(app: &App) {
    let set = app.change_setting("metrics.keepUsers", &json!(true));
    set.expect("it can be set");
}

/// An event of a user in groups.
fn event(user: &str, groups: &[&str]) -> String {
    let event = json!({
        "type": "ml:calculation:complete", "source": "shop", "duration": 0.1, "confidence": 0.5,
        "component": "ui.badges", "user": user, "groups": groups,
    });
    format!("{event}\n")
}

fn seen(app: &App) -> Option<RosterInfo> {
    let all = app.rosters().list().expect("they can be read");
    all.into_iter().find(|info| info.name == SEEN)
}

fn groups(info: &RosterInfo) -> Vec<(&str, u64)> {
    let mut groups: Vec<(&str, u64)> = info
        .groups
        .iter()
        .map(|group| (group.name.as_str(), group.people))
        .collect();
    groups.sort_unstable();
    groups
}

#[test]
fn users_in_events_are_kept_only_if_that_is_wished() {
    let folder = tempfile::tempdir().unwrap();
    let clock = standing_clock();
    let app = open_watching_by(folder.path(), &clock);
    report(&app, &event("user-ada-1815", &["beta"])).unwrap();
    app.rosters().keep_seen().unwrap();
    assert_eq!(seen(&app), None);
    assert!(
        files_with(folder.path(), "user-ada-1815").is_empty(),
        "no id is kept"
    );
    wish(&app);
    let lines = [
        event("user-ada-1815", &["beta"]),
        event("user-ben-1815", &[]),
        event("user-ada-1815", &["beta", "staff"]),
        // Not counted, and not kept.
        event("user-eve-1815", &["beta"]).replace("0.1", "-1"),
    ];
    report(&app, &lines.concat()).unwrap();
    let_pass(&clock, Duration::from_secs(10));
    wait_until("the roster", || seen(&app).is_some());
    let kept = seen(&app).unwrap();
    assert_eq!(kept.people, 2);
    assert_eq!(groups(&kept), [("beta", 1), ("staff", 1)]);
    assert_eq!((kept.ungrouped, kept.rest), (1, 0));
    assert!(files_with(folder.path(), "user-eve-1815").is_empty());
}

#[test]
fn users_in_events_are_there_after_a_restart_and_are_counted_over() {
    let folder = tempfile::tempdir().unwrap();
    let clock = standing_clock();
    let app = open_watching_by(folder.path(), &clock);
    wish(&app);
    report(&app, &event("user-ada-1815", &["beta"])).unwrap();
    close(app);
    let app = open_watching_by(folder.path(), &clock);
    assert_eq!(seen(&app).expect("it was kept at the end").people, 1);
    report(&app, &event("user-ben-1815", &["beta"])).unwrap();
    app.rosters().keep_seen().unwrap();
    let (info, roster) = app.rosters().load(None).unwrap();
    assert_eq!((info.name.as_str(), roster.len()), (SEEN, 2));
    let person = app
        .rosters()
        .person(&SEEN.parse().unwrap(), "user-ben-1815")
        .unwrap();
    assert_eq!(person.unwrap().groups, ["beta"]);
}

#[test]
fn an_imported_roster_is_counted_before_those_seen_later() {
    let desk = Desk::new();
    desk.import("id\nada\n", "all");
    let clock = standing_clock();
    let app = open_watching_by(&desk.data_dir(), &clock);
    wish(&app);
    let_pass(&clock, Duration::from_secs(60));
    report(&app, &event("user-ben-1815", &[])).unwrap();
    app.rosters().keep_seen().unwrap();
    assert_eq!(app.rosters().load(None).unwrap().0.name, "all");
    let request = desk.request(b"id\nada\n", SEEN);
    let refused = app.rosters().import(&request, &mut go_on).unwrap_err();
    assert!(
        refused.to_string().contains("choose another name"),
        "{refused}"
    );
}

#[test]
fn a_user_who_is_forgotten_is_in_no_file_whether_kept_already_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let app = open_watching_by(folder.path(), &standing_clock());
    wish(&app);
    report(
        &app,
        &(event("user-ada-1815", &[]) + &event("user-ben-1815", &[])),
    )
    .unwrap();
    app.forget("user-ada-1815").unwrap();
    app.rosters().keep_seen().unwrap();
    assert_eq!(seen(&app).unwrap().people, 1, "before it was kept");
    let forgotten = app.forget("user-ben-1815").unwrap();
    assert_eq!(forgotten.rosters[0].roster, SEEN);
    for id in ["user-ada-1815", "user-ben-1815"] {
        assert!(files_with(folder.path(), id).is_empty(), "{id}");
    }
    // The roster can be removed, and what waits with it.
    report(&app, &event("user-cem-1815", &[])).unwrap();
    app.rosters().remove(&SEEN.parse().unwrap()).unwrap();
    app.rosters().keep_seen().unwrap();
    assert_eq!(seen(&app), None);
    assert!(files_with(folder.path(), "user-cem-1815").is_empty());
}

#[test]
fn what_cannot_be_kept_waits() {
    let folder = tempfile::tempdir().unwrap();
    let app = open_watching_by(folder.path(), &standing_clock());
    wish(&app);
    let place = folder.path().join("rosters.db");
    fs::create_dir(&place).unwrap();
    report(&app, &event("user-ada-1815", &[])).unwrap();
    app.rosters().keep_seen().unwrap_err();
    fs::remove_dir(&place).unwrap();
    app.rosters().keep_seen().unwrap();
    wait_until("it is kept", || seen(&app).is_some_and(|it| it.people == 1));
}

/// Two programs on one folder, of which the first keeps users in events.
fn two_programs(folder: &Path) -> [App; 2] {
    let clock = standing_clock();
    let programs = [(); 2].map(|()| open_watching_by(folder, &clock));
    wish(&programs[0]);
    programs
}

#[test]
fn a_user_who_is_forgotten_by_another_program_is_not_kept_by_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let [here, other] = two_programs(folder.path());
    // Without a database, with one, and with the user in it.
    for id in ["user-ada-1815", "user-ben-1815", "user-cem-1815"] {
        report(&here, &event(id, &["beta"])).unwrap();
        if id == "user-cem-1815" {
            here.rosters().keep_seen().unwrap();
            assert!(!files_with(folder.path(), id).is_empty());
            report(&here, &event(id, &["staff"])).unwrap();
        }
        other.forget(id).unwrap();
        here.rosters().keep_seen().unwrap();
        assert!(files_with(folder.path(), id).is_empty(), "{id}");
        // What was dropped is kept with the next event that names it, from then on.
        let another = format!("another-{id}");
        report(&here, &event(&another, &[])).unwrap();
        here.rosters().keep_seen().unwrap();
        assert!(!files_with(folder.path(), &another).is_empty(), "{another}");
        other.forget(&another).unwrap();
        report(&here, &event("user-eve-1815", &[])).unwrap();
        here.rosters().keep_seen().unwrap();
    }
    report(&here, &event("user-ada-1815", &[])).unwrap();
    here.rosters().keep_seen().unwrap();
    assert!(!files_with(folder.path(), "user-ada-1815").is_empty());
}

#[test]
fn forgetting_a_user_discards_no_other_user_of_the_same_program() {
    let folder = tempfile::tempdir().unwrap();
    let [here, other] = two_programs(folder.path());
    let both = event("user-ada-1815", &[]) + &event("user-ben-1815", &[]);
    report(&here, &both).unwrap();
    here.forget("user-ada-1815").unwrap();
    here.rosters().keep_seen().unwrap();
    assert_eq!(seen(&here).unwrap().people, 1);
    // Unless another program has forgotten one of them before.
    report(&here, &event("user-cem-1815", &[])).unwrap();
    other.forget("user-cem-1815").unwrap();
    here.forget("user-ada-1815").unwrap();
    here.rosters().keep_seen().unwrap();
    assert!(files_with(folder.path(), "user-cem-1815").is_empty());
}

#[test]
fn users_seen_before_their_roster_was_removed_by_another_program_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let [here, other] = two_programs(folder.path());
    report(&here, &event("user-ada-1815", &[])).unwrap();
    here.rosters().keep_seen().unwrap();
    report(&here, &event("user-ben-1815", &[])).unwrap();
    other.rosters().remove(&SEEN.parse().unwrap()).unwrap();
    here.rosters().keep_seen().unwrap();
    assert_eq!(seen(&here), None);
    for id in ["user-ada-1815", "user-ben-1815"] {
        assert!(files_with(folder.path(), id).is_empty(), "{id}");
    }
    report(&here, &event("user-cem-1815", &[])).unwrap();
    here.rosters().keep_seen().unwrap();
    assert_eq!(seen(&here).unwrap().people, 1);
}

#[test]
fn rosters_of_the_first_format_are_upgraded_and_of_a_newer_one_are_refused() {
    let desk = Desk::new();
    desk.import("id\nada\nben\n", "all");
    let raw = || rusqlite::Connection::open(desk.data_dir().join("rosters.db")).unwrap();
    let first = "DROP TABLE forgettings; PRAGMA user_version = 1;";
    raw().execute_batch(first).unwrap();
    let (_, roster) = desk.app.rosters().load(None).unwrap();
    assert_eq!(roster.len(), 2);
    raw().execute_batch(first).unwrap();
    desk.app.forget("ada").unwrap();
    assert_eq!(desk.app.rosters().load(None).unwrap().1.len(), 1);
    assert_eq!(desk.app.rosters().check().unwrap(), Some((1, Vec::new())));
    raw().execute_batch("PRAGMA user_version = 3").unwrap();
    let refused = desk.app.forget("ben").unwrap_err().to_string();
    assert!(refused.contains("newer Flagdeck"), "{refused}");
}
