//! All flags off: since when and by whom, over revisions, restarts, programs and ways to change.

use std::path::Path;
use std::time::Duration;

use flagdeck::clock::Clock;
use flagdeck::flags::Scope;
use flagdeck::flags::live::AllOff;
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{AsOf, Flags};
use flagdeck::{App, ChangeRequest, Options, Outcome};
use flagdeck_core::Edit;
use serde_json::json;

use crate::support::apps::{open, request_by, standing_clock};
use crate::support::stores::mark_as_newer;

const MILLISECOND: Duration = Duration::from_millis(1);

fn change_as(app: &App, name: &str, edit: Edit) -> Outcome {
    let request = request_by(&Actor::new(Via::Window, name), edit);
    app.flags().change_confirmed(request).unwrap()
}

fn turn_master(app: &App, name: &str, on: bool) {
    change_as(app, name, Edit::SetMaster { on });
}

fn switch(app: &App, name: &str, on: bool) {
    let paths = vec!["tracker".parse().unwrap()];
    change_as(app, name, Edit::SetComponents { paths, on });
}

fn all_off(app: &App) -> Option<AllOff> {
    app.flags()
        .in_force(Scope::Everyone)
        .all_off
        .as_deref()
        .cloned()
}

/// Since which revision all flags are off, and by whom.
#[track_caller]
fn check(app: &App, revision: u64, name: &str) {
    let since = app
        .flags()
        .revision(flagdeck::store::RevisionNumber(revision))
        .unwrap();
    assert_eq!(
        all_off(app),
        Some(AllOff {
            since_ms: Some(since.draft.at_ms),
            by: Some(Actor::new(Via::Window, name)),
            is_stored: true,
        })
    );
}

/// Opens it by a clock that stands.
fn open_by(folder: &Path, clock: &Clock) -> App {
    let clock = clock.clone();
    App::open(Options {
        clock,
        ..Options::new(folder)
    })
    .unwrap()
}

#[test]
fn a_new_store_is_off_because_it_was_never_on() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    assert_eq!(all_off(&app), Some(AllOff::NEVER_ON));
    switch(&app, "maria", true);
    assert_eq!(all_off(&app), Some(AllOff::NEVER_ON));
    drop(app);
    let app = open(folder.path());
    assert_eq!(all_off(&app), Some(AllOff::NEVER_ON));
    turn_master(&app, "maria", true);
    assert_eq!(all_off(&app), None);
}

#[test]
fn later_revisions_and_restarts_do_not_move_the_moment() {
    let folder = tempfile::tempdir().unwrap();
    let clock = standing_clock();
    let app = open_by(folder.path(), &clock);
    turn_master(&app, "maria", true);
    turn_master(&app, "jonas", false);
    check(&app, 2, "jonas");
    clock.advance(MILLISECOND);
    switch(&app, "maria", true);
    change_as(
        &app,
        "maria",
        Edit::Patch(br#"{"rollout": {"percentage": 7}}"#.to_vec()),
    );
    check(&app, 2, "jonas");
    drop(app);
    let app = open_by(folder.path(), &clock);
    check(&app, 2, "jonas");
}

#[test]
fn the_latest_of_several_times_counts_and_a_note_that_says_the_same_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let clock = standing_clock();
    let app = open_by(folder.path(), &clock);
    turn_master(&app, "maria", true);
    turn_master(&app, "maria", false);
    turn_master(&app, "maria", true);
    clock.advance(MILLISECOND);
    turn_master(&app, "jonas", false);
    for _ in 0..20 {
        let patch = json!({"rollout": {"percentage": app.flags().live().revision.0}});
        let edit = Edit::Patch(patch.to_string().into_bytes());
        let request = ChangeRequest {
            note: Some("Master switch off, as agreed".into()),
            ..request_by(&Actor::new(Via::Http, "script"), edit)
        };
        app.flags().change_confirmed(request).unwrap();
    }
    drop(app);
    check(&open_by(folder.path(), &clock), 4, "jonas");
}

#[test]
fn another_program_sees_it_after_missing_revisions() {
    let folder = tempfile::tempdir().unwrap();
    let clock = standing_clock();
    let (here, there) = (
        open_by(folder.path(), &clock),
        open_by(folder.path(), &clock),
    );
    turn_master(&here, "maria", true);
    there.flags().refresh().unwrap();
    clock.advance(MILLISECOND);
    turn_master(&here, "jonas", false);
    clock.advance(MILLISECOND);
    switch(&here, "maria", true);
    there.flags().refresh().unwrap();
    check(&there, 2, "jonas");
}

#[test]
fn undo_import_and_restore_turn_off_too() {
    let folder = tempfile::tempdir().unwrap();
    let clock = standing_clock();
    let app = open_by(folder.path(), &clock);
    let maria = Actor::new(Via::Window, "maria");
    turn_master(&app, "jonas", true);
    let undone = app.flags().undo(&maria).unwrap();
    check(&app, 2, "maria");
    assert_eq!(
        undone.sentence(),
        "Undid “Master switch on”: all flags are off"
    );
    let redone = app.flags().redo(&maria).unwrap();
    assert_eq!(all_off(&app), None);
    assert_eq!(
        redone.sentence(),
        "Redid “Master switch on”: flags are live again"
    );
    clock.advance(MILLISECOND);
    let document = json!({"enabled": false, "components": {"a": true}});
    change_as(
        &app,
        "maria",
        Edit::Replace(document.to_string().into_bytes()),
    );
    check(&app, 4, "maria");
    app.restore(flagdeck::store::RevisionNumber(3), &maria, None)
        .unwrap();
    assert_eq!(all_off(&app), None);
    clock.advance(MILLISECOND);
    app.restore(flagdeck::store::RevisionNumber(2), &maria, None)
        .unwrap();
    check(&app, 6, "maria");
}

#[test]
fn the_past_shows_who_turned_all_flags_off_then() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    turn_master(&app, "maria", true);
    turn_master(&app, "jonas", false);
    switch(&app, "maria", true);
    turn_master(&app, "maria", true);
    let at = |number| Flags::past(&app.flags().as_of(AsOf::Revision(number)).unwrap()).all_off;
    assert_eq!(at(4), None);
    assert_eq!(at(3).unwrap().by.unwrap().name, "jonas");
    assert_eq!(at(3).unwrap().since_ms, at(2).unwrap().since_ms);
    assert_eq!(at(0).unwrap().since_ms, None);
}

#[test]
fn an_emergency_that_is_not_stored_says_so_and_since_when() {
    let folder = tempfile::tempdir().unwrap();
    let clock = standing_clock();
    turn_master(&open_by(folder.path(), &clock), "maria", true);
    mark_as_newer(folder.path());
    let app = open_by(folder.path(), &clock);
    let jonas = Actor::new(Via::Window, "jonas");
    app.flags().emergency_off(&jonas);
    let first = all_off(&app).unwrap();
    assert_eq!(first.by, Some(jonas));
    assert!(!first.is_stored && first.since_ms.is_some());
    clock.advance(MILLISECOND);
    app.flags().emergency_off(&Actor::new(Via::Window, "maria"));
    assert_eq!(all_off(&app), Some(first), "it is off since the first call");
    let taken_back = app.flags().undo(&Actor::new(Via::Window, "maria")).unwrap();
    assert_eq!(
        taken_back.sentence(),
        "Undid “Master switch off”: flags are live again"
    );
    assert_eq!(all_off(&app), None);
}
