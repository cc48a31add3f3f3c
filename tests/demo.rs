//! The demo that a program plays itself: what it turns on, what it reports, and taking it away.

use flagdeck::App;
use flagdeck::demo::{DEMO_SOURCE, Demo, DemoStatus, KeepFlags, RemovedDemo, turn_on_flags};
use flagdeck::state::SourceName;
use flagdeck::state::shapes::{RestoreRequest, SnapshotLabel};
use flagdeck::store::{RevisionNumber, Via};
use flagdeck_core::{Edit, FlagDocument};
use tempfile::TempDir;

use crate::support::apps::{change, open, open_watching, rollout, someone, switch, turn_master};
use crate::support::waiting::{wait_for, wait_until};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn source() -> SourceName {
    DEMO_SOURCE.parse().unwrap()
}

#[track_caller]
fn status(app: &App) -> DemoStatus {
    Demo::default().status(app).unwrap()
}

/// Plays until the demo has reported events and a state.
#[track_caller]
fn play(app: &App) -> Demo {
    let demo = Demo::default();
    demo.start(app, &someone()).unwrap();
    wait_until("the demo reports its state", || {
        app.state_marks().contains_key(&source())
    });
    wait_until("the demo reports events", || {
        let pulse = app.pulse(None).unwrap().unwrap();
        pulse
            .sources
            .iter()
            .any(|source| source.name == DEMO_SOURCE)
    });
    demo
}

#[track_caller]
fn remove(app: &App, keep: KeepFlags) -> RemovedDemo {
    flagdeck::demo::remove(app, &someone(), keep).unwrap()
}

#[test]
fn it_plays_until_it_is_stopped_and_is_labelled_after_a_restart() {
    let folder = folder();
    let app = open_watching(folder.path());
    let before = status(&app);
    assert!(before.turns_flags_on && !before.is_playing && before.sources.is_empty());
    let demo = play(&app);
    let playing = demo.status(&app).unwrap();
    assert!(playing.is_playing && !playing.turns_flags_on);
    assert_eq!(playing.trouble, None);
    demo.start(&app, &someone()).unwrap();
    demo.stop();
    assert!(!demo.status(&app).unwrap().is_playing);
    app.close();
    drop(app);

    let app = open(folder.path());
    let left = status(&app);
    let names: Vec<&str> = left.sources.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, [DEMO_SOURCE]);
    assert_eq!(
        left.flags,
        [
            "Master switch off",
            "calculator off",
            "tracker off",
            "ui.badges off",
            "Default rollout: 50 % → 0 %",
        ]
    );
}

#[test]
fn flags_of_an_empty_store_are_turned_on_once_and_other_flags_never() {
    let folder = folder();
    let app = open(folder.path());
    let turned_on = turn_on_flags(&app, Via::Window).unwrap().unwrap();
    assert_eq!(turned_on.changes.len(), 5, "{:?}", turned_on.changes);
    let live = app.flags().live();
    let origin = live.origin.as_ref().unwrap();
    assert_eq!(origin.actor.name, "synthetic-demo");
    assert!(turn_on_flags(&app, Via::Window).unwrap().is_none());

    let folder = self::folder();
    let app = open(folder.path());
    switch(&app, "orchestrator", true);
    assert!(turn_on_flags(&app, Via::Window).unwrap().is_none());
    assert_eq!(app.flags().live().revision, RevisionNumber(1));
    assert!(status(&app).flags.is_empty());
}

#[test]
fn no_flags_are_turned_on_after_an_emergency() {
    let folder = folder();
    let app = open(folder.path());
    switch(&app, "tracker", true);
    turn_master(&app, true);
    app.flags().emergency_off(&someone());
    assert!(!status(&app).turns_flags_on);
    assert!(turn_on_flags(&app, Via::Window).unwrap().is_none());
}

#[test]
fn no_flags_are_turned_on_where_another_application_reports() {
    let folder = folder();
    let app = open(folder.path());
    let shop = "shop".parse().unwrap();
    app.put_state(&shop, "{}", None, None).unwrap();
    assert!(!status(&app).turns_flags_on);
    assert!(turn_on_flags(&app, Via::Window).unwrap().is_none());
}

#[test]
fn removing_turns_back_what_was_turned_on_by_one_revision_that_can_be_undone() {
    let folder = folder();
    let app = open(folder.path());
    turn_on_flags(&app, Via::Window).unwrap();
    let on = app.flags().live().document.clone();
    let told = status(&app).flags;
    let removed = remove(&app, KeepFlags::No);
    assert_eq!(removed.flags, told);
    assert_eq!(removed.revision, Some(2));
    assert_eq!(app.flags().live().document, FlagDocument::default());
    assert!(status(&app).flags.is_empty());
    assert_eq!(remove(&app, KeepFlags::No).revision, None);

    app.flags().undo(&someone()).unwrap();
    assert_eq!(app.flags().live().document, on);
    // What was brought back was brought back by a person.
    assert!(status(&app).flags.is_empty());
}

#[test]
fn what_was_changed_since_stays() {
    let folder = folder();
    let app = open(folder.path());
    turn_on_flags(&app, Via::Window).unwrap();
    change(&app, rollout(80_000));
    switch(&app, "orchestrator", true);
    switch(&app, "tracker", false);
    switch(&app, "tracker", true);
    let removed = remove(&app, KeepFlags::No);
    assert_eq!(
        removed.flags,
        ["Master switch off", "calculator off", "ui.badges off"]
    );
    let document = app.flags().live().document.clone();
    assert_eq!(document.rollout.percentage.milli(), 80_000);
    let mut on = Vec::new();
    document.for_each_component(|path, is_on| {
        if is_on {
            on.push(path.to_owned());
        }
    });
    assert_eq!(on, ["tracker", "orchestrator"]);
}

#[test]
fn a_master_switch_that_a_person_turned_off_and_on_stays_on() {
    let folder = folder();
    let app = open(folder.path());
    turn_on_flags(&app, Via::Window).unwrap();
    turn_master(&app, false);
    turn_master(&app, true);
    remove(&app, KeepFlags::No);
    assert!(app.flags().live().document.enabled);
}

#[test]
fn flags_can_be_kept() {
    let folder = folder();
    let app = open(folder.path());
    turn_on_flags(&app, Via::Window).unwrap();
    let removed = remove(&app, KeepFlags::Yes);
    assert_eq!((removed.revision, removed.flags.len()), (None, 0));
    assert!(app.flags().live().document.enabled);
}

#[test]
fn a_component_that_was_removed_or_renamed_is_left_alone() {
    let folder = folder();
    let app = open(folder.path());
    turn_on_flags(&app, Via::Window).unwrap();
    let from = "calculator".parse().unwrap();
    let to = "engine".parse().unwrap();
    change(&app, Edit::Move { from, to });
    let removed = remove(&app, KeepFlags::No);
    assert!(!removed.flags.iter().any(|said| said.contains("engine")));
    let engine = "engine".parse().unwrap();
    assert!(app.flags().live().document.node(&engine).is_some());
}

#[test]
fn its_sources_are_deleted_and_others_stay() {
    let folder = folder();
    let app = open_watching(folder.path());
    let demo = play(&app);
    let other: SourceName = "shop".parse().unwrap();
    app.put_state(&other, r#"{"version": "1"}"#, None, None)
        .unwrap();
    let label = SnapshotLabel::default();
    app.take_snapshots(None, &label).unwrap();
    let removed = demo.remove(&app, &someone(), KeepFlags::No).unwrap();
    let names: Vec<&str> = removed
        .sources
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, [DEMO_SOURCE]);
    assert!(removed.sources[0].snapshots >= 1 && removed.sources[0].calculations > 0);
    let left = app.state_sources().unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    // One that was asked for, and another if one is due.
    assert!(left[0].name == "shop" && left[0].snapshots >= 1);
    assert!(demo.status(&app).unwrap().sources.is_empty());
}

#[test]
fn a_demo_that_another_program_removes_ends() {
    let folder = folder();
    let app = open_watching(folder.path());
    let demo = play(&app);
    remove(&open(folder.path()), KeepFlags::No);
    wait_until("the demo ends", || !demo.status(&app).unwrap().is_playing);
    assert!(status(&app).sources.is_empty());
}

#[test]
fn it_applies_a_restore_and_confirms_it() {
    let folder = folder();
    let app = open_watching(folder.path());
    let demo = play(&app);
    let label = SnapshotLabel::default();
    let taken = app.take_snapshots(Some(&source()), &label).unwrap();
    let request = RestoreRequest {
        snapshot: taken[0].id,
        only: Vec::new(),
        except: Vec::new(),
        with_flags: false,
    };
    let asked = app.restore_state(&request, &someone()).unwrap();
    wait_for(
        "the restore is confirmed",
        || app.state_restore(asked.id).unwrap().confirmed_ms,
        Option::is_some,
    );
    drop(demo);
}
