//! The application without a face: changes, history, undo, two of them on one folder.

use flagdeck::error::Code;
use flagdeck::store::{Actor, Cause, RevisionNumber, Via};
use flagdeck::wire::Flags;
use flagdeck::{App, ChangeRequest, Event, Outcome};
use flagdeck_core::Edit;

use crate::support::apps::{
    assert_sound, history, open, open_watching, request, request_by, rollout, someone,
};
use crate::support::waiting::wait_until;

fn master(on: bool) -> ChangeRequest {
    request(Edit::SetMaster { on })
}

fn percentage(milli: u32) -> ChangeRequest {
    request(rollout(milli))
}

fn change(app: &App, request: ChangeRequest) -> Outcome {
    app.flags().change(request).unwrap()
}

#[test]
fn a_new_folder_begins_with_the_safe_default_and_no_revision() {
    let folder = tempfile::tempdir().unwrap();
    let live = open(folder.path()).flags().live();
    assert_eq!(live.revision, RevisionNumber::NONE);
    assert!(!live.document.enabled);
    assert_eq!(live.document.count(), (6, 0));
}

#[test]
fn a_change_is_in_force_at_once_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let outcome = change(&app, master(true));
    assert_eq!(outcome.changes, ["Master switch on"]);
    assert!(app.flags().live().document.enabled);
    let generation = app.flags().live().generation.clone();
    drop(app);
    let app = open(folder.path());
    assert!(app.flags().live().document.enabled);
    assert_eq!(app.flags().live().generation, generation);
    assert_eq!(app.flags().live().origin.as_ref().unwrap().actor, someone());
}

#[test]
fn a_change_to_what_is_so_already_makes_no_revision() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    assert!(!change(&app, master(false)).changed);
    assert_eq!(history(&app).len(), 0);
}

#[test]
fn a_refused_change_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    change(&app, percentage(25_000));
    let bad = Edit::Patch(br#"{"rollout":{"percentage":101,"strategy":"x"}}"#.to_vec());
    let refused = app.flags().change(request(bad)).unwrap_err();
    assert_eq!(refused.code(), Code::Invalid);
    assert_eq!(app.flags().live().revision, RevisionNumber(1));
}

#[test]
fn a_change_based_on_an_old_revision_is_refused_with_the_winner() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    change(&app, master(true));
    let late = ChangeRequest {
        base: Some(RevisionNumber::NONE),
        ..percentage(1000)
    };
    let refused = app.flags().change(late).unwrap_err();
    assert_eq!(refused.code(), Code::Conflict);
    let on_time = ChangeRequest {
        base: Some(RevisionNumber(1)),
        ..percentage(1000)
    };
    assert!(change(&app, on_time).changed);
}

#[test]
fn undo_and_redo_walk_through_the_history_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    for milli in [1000, 5000, 10_000] {
        change(&app, percentage(milli));
    }
    let percent = |app: &App| app.flags().live().document.rollout.percentage.milli();
    app.flags().undo(&someone()).unwrap();
    assert_eq!(percent(&app), 5000);
    drop(app);
    let app = open(folder.path());
    app.flags().undo(&someone()).unwrap();
    assert_eq!(percent(&app), 1000);
    app.flags().undo(&someone()).unwrap();
    assert_eq!(percent(&app), 0);
    assert_eq!(
        app.flags().undo(&someone()).unwrap_err().code(),
        Code::NothingToDo
    );
    for milli in [1000, 5000, 10_000] {
        app.flags().redo(&someone()).unwrap();
        assert_eq!(percent(&app), milli);
    }
    assert_eq!(
        app.flags().redo(&someone()).unwrap_err().code(),
        Code::NothingToDo
    );
    assert_eq!(history(&app).len(), 9, "every step is a revision");
}

#[test]
fn a_step_names_what_it_would_act_on() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    change(&app, percentage(12_500));
    let (undo, redo) = app.flags().steps();
    assert_eq!(undo.unwrap().sentence, "Default rollout: 0 % → 12.5 %");
    assert_eq!(redo, None);
    app.flags().undo(&someone()).unwrap();
    let (undo, redo) = app.flags().steps();
    assert_eq!(undo, None);
    assert_eq!(redo.unwrap().sentence, "Default rollout: 0 % → 12.5 %");
}

#[test]
fn a_step_that_another_change_has_overtaken_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    change(&app, percentage(1000));
    change(&app, percentage(2000));
    let overtaken = RevisionNumber(1);
    let refused = app
        .flags()
        .undo_revision(overtaken, &someone())
        .unwrap_err();
    assert_eq!(refused.code(), Code::Conflict);
    assert_eq!(app.flags().live().document.rollout.percentage.milli(), 2000);
    app.flags()
        .undo_revision(RevisionNumber(2), &someone())
        .unwrap();
    assert_eq!(app.flags().live().document.rollout.percentage.milli(), 1000);
    let refused = app
        .flags()
        .redo_revision(overtaken, &someone())
        .unwrap_err();
    assert_eq!(refused.code(), Code::Conflict);
    app.flags()
        .redo_revision(RevisionNumber(2), &someone())
        .unwrap();
    assert_eq!(app.flags().live().document.rollout.percentage.milli(), 2000);
}

#[test]
fn the_window_is_told_whose_step_it_would_take_back() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let (maria, ci) = (
        Actor::new(Via::Window, "maria"),
        Actor::new(Via::Flagctl, "ci"),
    );
    let change_as = |actor: &Actor, milli| change(&app, request_by(actor, rollout(milli)));
    let shown = || Flags::of(&app, &maria).undo.expect("a step");
    change_as(&maria, 1000);
    assert!(shown().is_own);
    change_as(&ci, 2000);
    assert!(!shown().is_own);
    assert_eq!(shown().step.actor, Some(ci.clone()));
    app.flags().undo(&ci).unwrap();
    assert!(shown().is_own);
    let redo = Flags::of(&app, &maria).redo.expect("a step");
    assert!(!redo.is_own, "ci took it back");
}

#[test]
fn a_restore_is_a_new_revision_and_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    change(&app, percentage(1000));
    change(&app, percentage(2000));
    app.restore(RevisionNumber(1), &someone(), Some("too early".into()))
        .unwrap();
    assert_eq!(app.flags().live().revision, RevisionNumber(3));
    assert_eq!(app.flags().live().document.rollout.percentage.milli(), 1000);
    let latest = history(&app).remove(0);
    assert_eq!(latest.cause, Cause::Restore(RevisionNumber(1)));
    assert_eq!(latest.note.as_deref(), Some("too early"));
    app.flags().undo(&someone()).unwrap();
    assert_eq!(app.flags().live().document.rollout.percentage.milli(), 2000);
    let missing = app
        .restore(RevisionNumber(99), &someone(), None)
        .unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}

#[test]
fn the_document_of_any_revision_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    change(&app, percentage(1000));
    change(&app, percentage(2000));
    let then = app.flags().at(RevisionNumber(1)).unwrap();
    assert_eq!(then.document.rollout.percentage.milli(), 1000);
    assert_eq!(
        app.flags().at(RevisionNumber(3)).unwrap_err().code(),
        Code::NotFound
    );
}

#[test]
fn changes_by_two_applications_on_one_folder_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let switches = |from: usize| {
        let path = folder.path();
        move || {
            let app = open(path);
            for index in 0..25 {
                let name = format!("c{}", from + index);
                let patch = format!(r#"{{"components":{{"{name}":true}}}}"#);
                change(&app, request(Edit::Patch(patch.into_bytes())));
            }
        }
    };
    std::thread::scope(|scope| {
        for from in [0, 100, 200, 300] {
            scope.spawn(switches(from));
        }
    });
    let app = open(folder.path());
    assert_eq!(app.flags().live().revision, RevisionNumber(100));
    assert_eq!(app.flags().live().document.count(), (106, 100));
    assert_sound(&app);
}

#[test]
fn an_open_application_sees_what_another_one_saves() {
    let folder = tempfile::tempdir().unwrap();
    let watching = open_watching(folder.path());
    let mut events = watching.subscribe();
    let other = open(folder.path());
    for milli in [1000, 2000, 3000] {
        change(&other, percentage(milli));
    }
    wait_until("the change of the other one", || {
        watching.flags().live().revision == RevisionNumber(3)
    });
    let mut latest = None;
    while let Ok(event) = events.try_recv() {
        if let Event::Flags(revision) = event {
            latest = Some(revision);
        }
    }
    assert_eq!(latest, Some(RevisionNumber(3)));
    // What undo acts on includes what was saved elsewhere, step by step.
    watching.flags().undo(&someone()).unwrap();
    assert_eq!(
        watching.flags().live().document.rollout.percentage.milli(),
        2000
    );
}

#[test]
fn an_application_that_was_not_watching_still_changes_the_latest_revision() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (open(folder.path()), open(folder.path()));
    change(&first, master(true));
    change(&second, percentage(5000));
    let live = second.flags().live();
    assert_eq!(live.revision, RevisionNumber(2));
    assert!(live.document.enabled, "the other's change is kept");
}

#[test]
fn an_open_application_backs_up_and_a_damaged_store_comes_back_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    change(&app, master(true));
    assert!(app.flags().back_up_when_due().unwrap().is_some());
    assert!(
        app.flags().back_up_when_due().unwrap().is_none(),
        "the newest is up to date"
    );
    drop(app);
    std::fs::write(folder.path().join("flagdeck.db"), b"not a database at all").unwrap();
    let app = open(folder.path());
    assert!(app.flags().live().document.enabled);
    let notices = app.notices();
    assert_eq!(notices.len(), 1);
    let said = &notices[0].message;
    assert!(
        said.contains("quarantine") && said.contains("revision 1"),
        "{said}"
    );
}
