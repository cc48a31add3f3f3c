//! Everything off in an emergency: at once for every reader, stored as soon as it can be.

use std::path::Path;
use std::thread;

use flagdeck::flags::Scope;
use flagdeck::store::RevisionNumber;
use flagdeck::wire::{Flags, Status};
use flagdeck::{App, Error};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::http_support::Running;
use crate::support::apps::{history, open, set_percentage, someone, switch, turn_master};
use crate::support::stores::mark_as_newer;
use crate::support::waiting::wait_until;

/// Opens an application on which everything is on.
fn open_on(folder: &Path) -> App {
    let app = open(folder);
    turn_master(&app, true);
    app
}

/// Serves a folder in which everything is on.
fn serve_on() -> (Running, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    drop(open_on(&path));
    (Running::on(folder), path)
}

/// Takes the store's lock, as another program does while it writes.
fn lock_store(folder: &Path) -> Connection {
    let other = Connection::open(folder.join("flagdeck.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

/// Opens a store, with everything on, that a newer Flagdeck has written: for reading only.
fn open_read_only() -> (App, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    drop(open_on(folder.path()));
    mark_as_newer(folder.path());
    let app = open(folder.path());
    assert!(app.flags().read_only().is_some());
    (app, folder)
}

fn served(server: &Running) -> bool {
    server.get("/api/ml/flags", &[]).json()["enabled"]
        .as_bool()
        .unwrap()
}

#[test]
fn an_emergency_is_a_revision_that_says_so_and_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let app = open_on(folder.path());
    let outcome = app.flags().emergency_off(&someone());
    assert!(outcome.changed);
    assert_eq!(outcome.changes, ["Master switch off"]);
    wait_until("the emergency to be stored", || !app.flags().is_emergency());
    assert!(!app.flags().live().document.enabled);
    let latest = history(&app).remove(0);
    assert_eq!(latest.number, RevisionNumber(2));
    assert_eq!(latest.note.as_deref(), Some("Emergency off"));
    app.flags().undo(&someone()).unwrap();
    assert!(app.flags().in_force(Scope::Everyone).document.enabled);
}

#[test]
fn an_emergency_when_all_is_off_makes_no_revision() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    app.flags().emergency_off(&someone());
    wait_until("the end of the emergency", || !app.flags().is_emergency());
    assert_eq!(app.flags().live().revision, RevisionNumber::NONE);
    assert_eq!(app.notices(), []);
}

#[test]
fn an_emergency_is_served_while_another_program_keeps_the_store_locked() {
    let (server, folder) = serve_on();
    let before = server.get("/api/ml/flags", &[]);
    let other = lock_store(&folder);
    server.app.flags().emergency_off(&someone());

    let held = server.get("/api/ml/flags", &[]);
    assert_eq!(held.json()["enabled"], false);
    assert_ne!(held.header("etag"), before.header("etag"));
    assert!(server.app.flags().is_emergency(), "it cannot be stored yet");
    assert!(server.app.flags().live().document.enabled, "nor is it");
    let status = Status::of(&server.app);
    assert!(status.is_held_off);
    let obstacle = &server.app.obstacles()[0].message;
    assert!(
        obstacle.starts_with("All flags are off, but that is not stored yet"),
        "{obstacle}"
    );

    other.execute_batch("ROLLBACK").unwrap();
    wait_until("the emergency to be stored", || {
        !server.app.flags().is_emergency()
    });
    assert!(!server.app.flags().live().document.enabled);
    let stored = server.get("/api/ml/flags", &[]);
    assert_eq!(stored.text(), held.text());
    assert_ne!(
        stored.header("etag"),
        held.header("etag"),
        "another generation"
    );
    assert_eq!(server.app.notices(), []);
    drop(server);
}

#[test]
fn an_emergency_holds_over_a_store_that_cannot_be_written_and_says_why() {
    let (app, _folder) = open_read_only();
    app.flags().emergency_off(&someone());
    assert!(!app.flags().in_force(Scope::Everyone).document.enabled);
    wait_until("a notice that says why", || {
        let notices = app.obstacles();
        notices
            .last()
            .is_some_and(|notice| notice.message.contains("newer Flagdeck"))
    });
    let reason = Status::of(&app).held_off_because.unwrap();
    assert!(reason.contains("newer Flagdeck"), "{reason}");
    let flags = Flags::of(&app, &someone());
    assert!(!flags.document.enabled, "the window shows what is in force");
    let undo = flags.undo.unwrap();
    assert_eq!(undo.step.sentence, "Master switch off");
}

#[test]
fn turning_the_master_switch_on_takes_an_emergency_back() {
    let (app, _folder) = open_read_only();
    let known = app.notices();
    app.flags().emergency_off(&someone());
    turn_master(&app, true);
    assert!(app.flags().in_force(Scope::Everyone).document.enabled);
    assert!(!app.flags().is_emergency());
    assert_eq!(app.notices(), known);
}

#[test]
fn undo_takes_an_emergency_back_that_is_not_stored_yet_and_nothing_else() {
    let (app, _folder) = open_read_only();
    app.flags().emergency_off(&someone());
    let outcome = app.flags().undo(&someone()).unwrap();
    assert_eq!(outcome.changes, ["Master switch on"]);
    assert!(app.flags().in_force(Scope::Everyone).document.enabled);
    let refused = app.flags().undo(&someone()).unwrap_err();
    assert!(matches!(refused, Error::ReadOnly { .. }), "{refused}");
}

#[test]
fn an_emergency_holds_again_after_it_was_taken_back() {
    let (app, _folder) = open_read_only();
    for _ in 0..3 {
        app.flags().emergency_off(&someone());
        assert!(!app.flags().in_force(Scope::Everyone).document.enabled);
        turn_master(&app, true);
        assert!(app.flags().in_force(Scope::Everyone).document.enabled);
    }
}

/// A generation names one document that was in force, and no other ever has it.
#[test]
fn each_emergency_has_its_own_generation_and_keeps_it() {
    let (app, _folder) = open_read_only();
    let now = || app.flags().in_force(Scope::Everyone).generation.clone();
    let stored = now();
    let mut seen = vec![stored.clone()];
    for _ in 0..3 {
        app.flags().emergency_off(&someone());
        let off = now();
        assert!(!seen.contains(&off), "{off} in {seen:?}");
        app.flags().emergency_off(&someone());
        assert_eq!(now(), off, "called twice, it is the same document");
        turn_master(&app, true);
        assert_eq!(now(), stored, "what is stored is in force again");
        seen.push(off);
    }
}

/// Two stores count alike; what is in force in them is named differently if it differs, and alike
/// by every program on one folder.
#[test]
fn generations_of_two_programs_differ_if_what_is_in_force_does() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (app, other) = (open_on(folder.path()), open_on(elsewhere.path()));
    let generation = |app: &App| app.flags().in_force(Scope::Everyone).generation.clone();
    assert_eq!(app.flags().live().revision, other.flags().live().revision);
    set_percentage(&app, 1000);
    set_percentage(&other, 2000);
    assert_eq!(app.flags().live().revision, other.flags().live().revision);
    assert_ne!(generation(&app), generation(&other));
    let beside = open(folder.path());
    assert_eq!(generation(&beside), generation(&app));
}

#[test]
fn turning_everything_on_after_an_emergency_has_the_last_word() {
    let folder = tempfile::tempdir().unwrap();
    let app = open_on(folder.path());
    let other = lock_store(folder.path());
    app.flags().emergency_off(&someone());
    thread::scope(|scope| {
        let turned_on = scope.spawn(|| turn_master(&app, true));
        other.execute_batch("ROLLBACK").unwrap();
        turned_on.join().unwrap();
    });
    assert!(!app.flags().is_emergency());
    assert!(app.flags().in_force(Scope::Everyone).document.enabled);
    assert!(app.flags().live().document.enabled);
}

#[test]
fn another_change_during_an_emergency_leaves_everything_off() {
    let (server, folder) = serve_on();
    let other = lock_store(&folder);
    server.app.flags().emergency_off(&someone());
    let app = server.app.clone();
    thread::scope(|scope| {
        let changed = scope.spawn(|| switch(&app, "calculator", true));
        other.execute_batch("ROLLBACK").unwrap();
        changed.join().unwrap();
    });
    assert!(!served(&server));
    wait_until("the emergency to be stored", || !app.flags().is_emergency());
    let stored = &app.flags().live().document;
    assert!(!stored.enabled);
    assert_eq!(stored.count(), (6, 1));
}

#[test]
fn a_change_by_another_program_does_not_end_an_emergency() {
    let folder = tempfile::tempdir().unwrap();
    let app = open_on(folder.path());
    turn_master(&app, false);
    let other = open(folder.path());
    turn_master(&other, true);
    assert!(
        !app.flags().live().document.enabled,
        "it has not been seen yet"
    );
    app.flags().emergency_off(&someone());
    wait_until("the emergency to be stored", || !app.flags().is_emergency());
    assert!(!app.flags().in_force(Scope::Everyone).document.enabled);
    assert_eq!(app.flags().live().revision, RevisionNumber(4));
}
