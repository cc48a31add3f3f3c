//! States put back, taken out and taken in; and the flags as of the past.

use flagdeck::ChangeRequest;
use flagdeck::state::StateError;
use flagdeck::wire::{
    AsOf, RestoreRequest, SnapshotCause, SnapshotFilter, SnapshotLabel, StateDifferenceOptions,
};
use flagdeck_core::Edit;
use serde_json::{Value, json};

use crate::states::{at, everything, me, now, open, put, take, web};

#[test]
fn a_restore_puts_back_all_or_parts_and_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let then = json!({ "flags": { "a": 1 }, "cache": { "x": 1 }, "n": 1 });
    let later = json!({ "flags": { "a": 2 }, "cache": { "x": 2 }, "new": true });
    put(&app, &then);
    let id = take(&app).id;
    put(&app, &later);
    let preview = app
        .preview_restore(&everything(id), &StateDifferenceOptions::default())
        .unwrap();
    assert_eq!(preview.total, 4);
    assert_eq!(now(&app), later);
    let restore = app.restore_state(&everything(id), &me()).unwrap();
    assert_eq!(now(&app), then);
    assert_eq!(at(&app, restore.safety), later);
    assert_eq!(
        app.snapshot(restore.safety).unwrap().cause,
        SnapshotCause::BeforeRestore
    );
    app.undo_restore(restore.id, &me()).unwrap();
    assert_eq!(now(&app), later);
    let part = RestoreRequest {
        only: vec!["/flags".into(), "/n".into(), "/new".into()],
        ..everything(id)
    };
    app.restore_state(&part, &me()).unwrap();
    assert_eq!(
        now(&app),
        json!({ "flags": { "a": 1 }, "cache": { "x": 2 }, "n": 1 })
    );
    put(&app, &later);
    let but = RestoreRequest {
        except: vec!["/flags".into()],
        ..everything(id)
    };
    app.restore_state(&but, &me()).unwrap();
    assert_eq!(
        now(&app),
        json!({ "flags": { "a": 2 }, "cache": { "x": 1 }, "n": 1 })
    );
    let nowhere = RestoreRequest {
        only: vec!["/nope".into()],
        ..everything(id)
    };
    assert!(
        app.restore_state(&nowhere, &me())
            .unwrap_err()
            .to_string()
            .contains("/nope")
    );
}

#[test]
fn a_source_confirms_a_restore_with_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 1 }));
    let id = take(&app).id;
    put(&app, &json!({ "n": 2 }));
    let confirm = |restore: u64, state: Value| {
        let body = state.to_string();
        app.put_state(&web(), body.as_bytes(), None, Some(restore))
    };
    let restore = app.restore_state(&everything(id), &me()).unwrap();
    assert_eq!(restore.confirmed_ms, None);
    let told = confirm(restore.id, json!({ "n": 1, "history": [1] })).unwrap();
    assert!(told.restore.unwrap().is_exact);
    let shown = app.state_restore(restore.id).unwrap();
    assert!(shown.confirmed_ms.is_some());
    assert_eq!(shown.is_exact, Some(true));
    let restore = app.restore_state(&everything(id), &me()).unwrap();
    assert!(
        !confirm(restore.id, json!({ "n": 5 }))
            .unwrap()
            .restore
            .unwrap()
            .is_exact
    );
    assert!(matches!(
        confirm(99, json!({})),
        Err(StateError::NotFound { .. })
    ));
}

#[test]
fn flags_are_restored_with_a_state_as_a_revision() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let switch = |on| {
        let edit = Edit::SetMaster { on };
        app.change(ChangeRequest {
            edit,
            actor: me(),
            note: None,
            base: None,
        })
        .unwrap();
    };
    switch(true);
    put(&app, &json!({ "n": 1 }));
    let id = take(&app).id;
    switch(false);
    put(&app, &json!({ "n": 2 }));
    let request = RestoreRequest {
        with_flags: true,
        ..everything(id)
    };
    let restore = app.restore_state(&request, &me()).unwrap();
    assert_eq!(restore.revision, Some(3));
    assert!(app.live().document.enabled);
    app.undo_restore(restore.id, &me()).unwrap();
    assert!(!app.live().document.enabled);
    assert_eq!(now(&app), json!({ "n": 2 }));
}

#[test]
fn restoring_flags_takes_a_snapshot_of_what_is_new_first() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    for on in [true, false] {
        let edit = Edit::SetMaster { on };
        app.change(ChangeRequest {
            edit,
            actor: me(),
            note: None,
            base: None,
        })
        .unwrap();
    }
    put(&app, &json!({ "n": 1 }));
    for revision in [1, 2] {
        app.restore(flagdeck::store::RevisionNumber(revision), &me(), None)
            .unwrap();
    }
    let page = app.snapshots(&SnapshotFilter::default(), 0, 10).unwrap();
    let causes: Vec<SnapshotCause> = page.snapshots.iter().map(|one| one.cause).collect();
    assert_eq!(causes, [SnapshotCause::BeforeRollback]);
}

#[test]
fn a_bundle_says_everything_and_is_held_against_its_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 1, "x": [1.5] }));
    let first = take(&app);
    put(&app, &json!({ "n": 2 }));
    let second = take(&app);
    app.label_snapshot(
        first.id,
        &SnapshotLabel {
            name: Some("one".into()),
            ..SnapshotLabel::default()
        },
    )
    .unwrap();
    let bundle = app.export_snapshots(&[first.id, second.id]).unwrap();
    let other = tempfile::tempdir().unwrap();
    let other = open(other.path());
    let read = other
        .import_snapshots(bundle.as_bytes(), "from web")
        .unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(
        (read[0].name.as_deref(), read[0].at_ms, read[0].is_pinned),
        (Some("one"), first.at_ms, true)
    );
    assert_eq!(at(&other, read[0].id), json!({ "n": 1, "x": [1.5] }));
    let altered = bundle.replace("1.5", "1.6");
    let refused = other
        .import_snapshots(altered.as_bytes(), "x")
        .unwrap_err()
        .to_string();
    assert!(refused.contains("does not match its hash"), "{refused}");
    for (text, reason) in [
        ("", "no JSON"),
        ("[1]", "must be a JSON object"),
        (
            r#"{"format":"flagdeck-snapshots","version":2,"snapshots":[]}"#,
            "newer Flagdeck",
        ),
        (
            r#"{"format":"flagdeck-snapshots","version":1,"snapshots":[]}"#,
            "1 to 10000",
        ),
        (r#"{"ml": {}, "timestamp": -1}"#, "timestamp"),
    ] {
        let refused = other
            .import_snapshots(text.as_bytes(), "x")
            .unwrap_err()
            .to_string();
        assert!(refused.contains(reason), "{text}: {refused}");
    }
    assert_eq!(
        other
            .import_snapshots(br#"{"n": 7}"#, "bare")
            .unwrap()
            .len(),
        1
    );
    other.remove_imported("from web").unwrap();
    let names: Vec<String> = other
        .state_sources()
        .unwrap()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(names, ["bare"]);
}

#[test]
fn the_flags_are_told_as_of_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let before = flagdeck::app::now_ms() - 1;
    let edit = Edit::SetMaster { on: true };
    app.change(ChangeRequest {
        edit,
        actor: me(),
        note: None,
        base: None,
    })
    .unwrap();
    let saved = app.live().origin.as_ref().unwrap().at_ms;
    assert_eq!(app.as_of(AsOf::AtMs(before)).unwrap().revision.0, 0);
    assert_eq!(app.as_of(AsOf::AtMs(saved)).unwrap().revision.0, 1);
    assert_eq!(app.as_of(AsOf::Revision(1)).unwrap().revision.0, 1);
    assert!(app.as_of(AsOf::Revision(7)).is_err());
}
