//! States restored, taken out and taken in; and the flags as of the past.

use flagdeck::App;
use flagdeck::app::UndoneFlags;
use flagdeck::error::Code;
use flagdeck::state::{Confirmation, ConfirmationStatus};
use flagdeck::store::{Actor, RevisionNumber, Via};
use flagdeck::wire::{
    AsOf, RestoreFilter, RestorePage, RestoreRequest, RestoreStatus, SnapshotCause, SnapshotFilter,
    SnapshotLabel, StateDifferenceOptions,
};
use serde_json::{Value, json};

use crate::states::{at, everything, me, now, put, take, web};
use crate::support::apps::{open, turn_master};

/// What the source of a restore is asked to become.
fn asked(app: &App, restore: u64) -> Value {
    let asked = app.asked_state(&web(), restore).unwrap();
    serde_json::to_value(&*asked.state.ml).unwrap()
}

fn confirm(app: &App, restore: u64, state: &Value) -> Confirmation {
    let body = state.to_string();
    let put = app.put_state(&web(), body.as_bytes(), None, Some(restore));
    put.unwrap().restore.unwrap()
}

fn only(snapshot: u64, keys: &[&str]) -> RestoreRequest {
    RestoreRequest {
        only: keys.iter().map(|key| (*key).to_owned()).collect(),
        ..everything(snapshot)
    }
}

/// The race of every application that reports at its start or each second.
#[test]
fn a_restore_is_not_lost_to_what_the_source_reports() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let stale = json!({ "limits": { "memMB": 5 }, "n": 1 });
    put(&app, &json!({ "limits": { "memMB": 512 }, "n": 1 }));
    let id = take(&app).id;
    put(&app, &stale);
    let restore = app
        .restore_state(&only(id, &["ml.limits.memMB"]), &me())
        .unwrap();
    assert_eq!(now(&app), stale, "the state is what the source said");
    put(&app, &stale);
    put(&app, &json!({ "limits": { "memMB": 5 }, "n": 2 }));
    assert_eq!(
        app.state_restore(restore.id).unwrap().status,
        RestoreStatus::Open
    );
    let asked = asked(&app, restore.id);
    assert_eq!(asked, json!({ "limits": { "memMB": 512 }, "n": 2 }));
    // One that reads its state in place of what is asked for confirms what it has.
    let told = confirm(&app, restore.id, &now(&app));
    assert_eq!(told.status, ConfirmationStatus::Confirmed);
    assert_eq!(told.is_exact, Some(false));
    assert_eq!(told.differing, ["ml.limits.memMB"]);
}

#[test]
fn a_restore_asks_for_all_or_parts_and_is_confirmed_by_what_the_source_has() {
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
    let whole = app.restore_state(&everything(id), &me()).unwrap();
    assert_eq!(
        (now(&app), asked(&app, whole.id)),
        (later.clone(), then.clone())
    );
    assert_eq!(at(&app, whole.safety.unwrap()), later);
    assert_eq!(
        app.snapshot(whole.safety.unwrap()).unwrap().cause,
        SnapshotCause::BeforeRestore
    );
    let parts = only(id, &["/flags", "ml.n", "new"]);
    let parts = app.restore_state(&parts, &me()).unwrap();
    assert_eq!(parts.only, ["ml.flags", "ml.n", "ml.new"]);
    assert_eq!(
        asked(&app, parts.id),
        json!({ "flags": { "a": 1 }, "cache": { "x": 2 }, "n": 1 })
    );
    let but = RestoreRequest {
        except: vec!["ml.flags".into()],
        ..everything(id)
    };
    let but = app.restore_state(&but, &me()).unwrap();
    let wanted = json!({ "flags": { "a": 2 }, "cache": { "x": 1 }, "n": 1 });
    assert_eq!(asked(&app, but.id), wanted);
    // What the source does with what it is not asked for is its own.
    let has = json!({ "flags": { "b": 3 }, "cache": { "x": 1 }, "n": 1, "history": [1] });
    assert_eq!(confirm(&app, but.id, &has).is_exact, Some(true));
    assert_eq!(now(&app), has);
    for (keys, said) in [(&["/nope"], "/nope"), (&["ml.n["], "ml.n[")] {
        let refused = app.restore_state(&only(id, keys), &me());
        assert!(refused.unwrap_err().to_string().contains(said));
    }
}

#[test]
fn a_confirmation_gets_the_status_of_its_restore_and_its_state_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 1 }));
    let id = take(&app).id;
    put(&app, &json!({ "n": 2 }));
    let ask = || app.restore_state(&everything(id), &me()).unwrap().id;
    let (first, second) = (ask(), ask());
    let third = ask();
    app.cancel_restore(third, &me()).unwrap();
    let stands = |restore: u64, n: u64| {
        let told = confirm(&app, restore, &json!({ "n": n }));
        assert_eq!(now(&app)["n"], n, "a report is kept");
        (told.status, told.is_exact)
    };
    use ConfirmationStatus::{Cancelled, Confirmed, Superseded, Unknown};
    assert_eq!(stands(first, 3), (Superseded, None));
    assert_eq!(stands(second, 4), (Superseded, None));
    assert_eq!(stands(third, 5), (Cancelled, None));
    assert_eq!(stands(99, 6), (Unknown, None));
    let fourth = ask();
    assert_eq!(stands(fourth, 7), (Confirmed, Some(false)));
    assert_eq!(
        stands(fourth, 1),
        (Confirmed, Some(false)),
        "the first word"
    );
    let other = "other".parse().unwrap();
    let put = app.put_state(&other, b"{}", None, Some(fourth)).unwrap();
    assert_eq!(put.restore.unwrap().status, Unknown);
    let refused = app.cancel_restore(fourth, &me()).unwrap_err();
    assert_eq!(refused.code(), Code::RestoreEnded);
    assert_eq!(
        refused.to_string(),
        format!("restore {fourth} of web was confirmed")
    );
}

#[test]
fn restores_are_listed_with_who_ended_them() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    assert_eq!(list(&app, None).total, 0);
    put(&app, &json!({ "n": 1 }));
    let id = take(&app).id;
    let first = app.restore_state(&everything(id), &me()).unwrap().id;
    let bob = Actor::new(Via::Window, "bob");
    let second = app.restore_state(&everything(id), &bob).unwrap().id;
    confirm(&app, second, &json!({ "n": 1 }));
    let third = app.restore_state(&only(id, &["ml.n"]), &me()).unwrap().id;
    app.cancel_restore(third, &bob).unwrap();
    let page = list(&app, Some("web"));
    let told: Vec<_> = page
        .restores
        .iter()
        .map(|it| (it.id, it.status, it.ended_by.clone(), it.is_exact))
        .collect();
    let by = |actor: &Actor| Some(actor.clone());
    assert_eq!(
        told,
        [
            (third, RestoreStatus::Cancelled, by(&bob), None),
            (second, RestoreStatus::Confirmed, None, Some(true)),
            (first, RestoreStatus::Superseded, by(&bob), None),
        ]
    );
    assert!(page.restores.iter().all(|it| it.ended_ms >= Some(it.at_ms)));
    let early = RestoreFilter {
        until_ms: Some(page.restores[2].at_ms),
        ..RestoreFilter::default()
    };
    assert_eq!(app.state_restores(&early, 0, 9).unwrap().total, 0);
    let one = app.state_restores(&RestoreFilter::default(), 1, 1).unwrap();
    assert_eq!((one.total, one.restores[0].id), (3, second));
    let nobody = RestoreFilter {
        source: Some("nobody".into()),
        ..RestoreFilter::default()
    };
    assert!(app.state_restores(&nobody, 0, 9).is_err());
}

fn list(app: &App, source: Option<&str>) -> RestorePage {
    let filter = RestoreFilter {
        source: source.map(str::to_owned),
        ..RestoreFilter::default()
    };
    app.state_restores(&filter, 0, 100).unwrap()
}

#[test]
fn undo_asks_for_the_same_parts_only() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "a": 1, "b": 1 }));
    let id = take(&app).id;
    put(&app, &json!({ "a": 2, "b": 1 }));
    let restore = app.restore_state(&only(id, &["ml.a"]), &me()).unwrap();
    confirm(&app, restore.id, &json!({ "a": 1, "b": 1 }));
    put(&app, &json!({ "a": 1, "b": 99 }));
    let preview = |app: &App| {
        let options = StateDifferenceOptions::default();
        app.preview_undo_restore(restore.id, &options).unwrap()
    };
    assert_eq!(preview(&app).changes.len(), 1);
    assert!(app.changed_since_restore(restore.id).unwrap().is_empty());
    put(&app, &json!({ "a": 7, "b": 99 }));
    let changes = preview(&app).changes;
    assert_eq!(changes[0].before.as_ref().unwrap().text, "7");
    assert_eq!(app.changed_since_restore(restore.id).unwrap(), ["ml.a"]);
    let undo = app.undo_restore(restore.id, &me()).unwrap();
    assert_eq!(undo.flags, UndoneFlags::Untouched);
    let undo = undo.restore;
    assert_eq!(
        (undo.undoes, undo.only.as_slice()),
        (Some(restore.id), &["ml.a".to_owned()][..])
    );
    assert_eq!(asked(&app, undo.id), json!({ "a": 2, "b": 99 }));
}

#[test]
fn undoing_a_restore_that_is_not_confirmed_cancels_it() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 1 }));
    let id = take(&app).id;
    put(&app, &json!({ "n": 2 }));
    let restore = app.restore_state(&everything(id), &me()).unwrap();
    let options = StateDifferenceOptions::default();
    let preview = app.preview_undo_restore(restore.id, &options).unwrap();
    assert_eq!(preview.total, 0);
    let undone = app.undo_restore(restore.id, &me()).unwrap().restore;
    assert_eq!(
        (undone.id, undone.status),
        (restore.id, RestoreStatus::Cancelled)
    );
    assert_eq!(list(&app, None).total, 1);
    let again = app.undo_restore(restore.id, &me()).unwrap_err();
    assert_eq!(again.code(), Code::RestoreEnded);
    assert!(app.preview_undo_restore(restore.id, &options).is_err());
}

#[test]
fn a_lost_record_is_asked_for_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let record = |id: &str, n: u64| json!({ "id": id, "n": n });
    put(
        &app,
        &json!({ "list": [record("alpha", 1), record("beta", 2), record("gamma", 3)] }),
    );
    let id = take(&app).id;
    put(
        &app,
        &json!({ "list": [record("alpha", 9), record("gamma", 9)] }),
    );
    let request = only(id, &["ml.list[id=beta]", "ml.list[id=gamma].n"]);
    let restore = app.restore_state(&request, &me()).unwrap();
    assert_eq!(restore.only, ["ml.list[id=beta]", "ml.list[id=gamma].n"]);
    put(
        &app,
        &json!({ "list": [record("new", 0), record("gamma", 7), record("alpha", 8)] }),
    );
    let wanted = json!({
        "list": [record("new", 0), record("gamma", 3), record("alpha", 8), record("beta", 2)]
    });
    assert_eq!(asked(&app, restore.id), wanted);
    assert_eq!(confirm(&app, restore.id, &wanted).is_exact, Some(true));
}

#[test]
fn an_open_restore_outlives_its_snapshot_and_damage_to_it_refuses_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 1 }));
    let id = take(&app).id;
    put(&app, &json!({ "n": 2 }));
    let restore = app.restore_state(&everything(id), &me()).unwrap();
    let database = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    database
        .execute("DELETE FROM snapshot WHERE id = ?1", [id as i64])
        .unwrap();
    assert_eq!(asked(&app, restore.id), json!({ "n": 1 }));
    database.execute("UPDATE asked SET files = 7", []).unwrap();
    let refused = app.asked_state(&web(), restore.id).unwrap_err().to_string();
    assert!(refused.contains("does not match its hash"), "{refused}");
    assert!(!app.check().unwrap().problems.is_empty());
    let told = confirm(&app, restore.id, &json!({ "n": 1 }));
    assert_eq!(
        (told.status, told.is_exact),
        (ConfirmationStatus::Confirmed, None)
    );
    assert_eq!(now(&app), json!({ "n": 1 }));
}

/// A file that the Flagdeck before kept: with a restore that was confirmed with something else,
/// one that another took the place of, and one that was not confirmed.
#[test]
fn a_state_db_of_format_1_is_upgraded_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    std::fs::write(&file, include_bytes!("fixtures/state-format-1.db")).unwrap();
    let app = open(folder.path());
    let page = list(&app, Some("web"));
    let told = page
        .restores
        .iter()
        .map(|it| (it.id, it.status, it.is_exact));
    use RestoreStatus::{Cancelled, Confirmed, Superseded};
    let expected = [
        (3, Cancelled, None),
        (2, Superseded, None),
        (1, Confirmed, Some(false)),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert!(app.open_restores().unwrap().is_empty());
    assert_eq!(now(&app), json!({ "n": 5 }));
    assert_eq!(at(&app, 1)["k"], 1);
    let restore = app.restore_state(&only(1, &["ml.n"]), &me()).unwrap();
    assert_eq!(restore.id, 4);
    assert_eq!(asked(&app, 4), json!({ "n": 1 }));
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_state_db_of_a_newer_flagdeck_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    put(&open(folder.path()), &json!({ "n": 1 }));
    let database = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let app = open(folder.path());
    let refused = app.put_state(&web(), b"{}", None, None).unwrap_err();
    assert!(refused.to_string().contains("newer Flagdeck"), "{refused}");
    assert!(app.current_state(&web()).is_err());
}

#[test]
fn a_source_that_only_came_from_a_file_is_asked_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let id = app.import_snapshots(br#"{"n":7}"#, "bare").unwrap()[0].id;
    let refused = app.restore_state(&everything(id), &me()).unwrap_err();
    assert!(refused.to_string().contains("only snapshots"), "{refused}");
}

#[test]
fn flags_are_restored_with_a_state_as_a_revision() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    turn_master(&app, true);
    put(&app, &json!({ "n": 1 }));
    let id = take(&app).id;
    turn_master(&app, false);
    put(&app, &json!({ "n": 2 }));
    let request = RestoreRequest {
        with_flags: true,
        ..everything(id)
    };
    let restore = app.restore_state(&request, &me()).unwrap();
    assert_eq!(restore.revision, Some(3));
    assert!(app.flags().live().document.enabled);
    confirm(&app, restore.id, &json!({ "n": 1 }));
    let undone = app.undo_restore(restore.id, &me()).unwrap();
    assert!(!app.flags().live().document.enabled);
    assert_eq!(undone.flags, UndoneFlags::Restored(RevisionNumber(4)));
    assert_eq!(undone.restore.revision, Some(4));
    // Changed since by somebody: they stay.
    let restore = app.restore_state(&request, &me()).unwrap();
    turn_master(&app, false);
    let live = app.flags().live().revision;
    let undone = app.undo_restore(restore.id, &me()).unwrap();
    assert_eq!(undone.flags, UndoneFlags::ChangedSince(live));
    assert_eq!(app.flags().live().revision, live);
    // What cannot be asked for changes no flags.
    let nowhere = RestoreRequest {
        only: vec!["ml.nope".into()],
        ..request
    };
    assert!(app.restore_state(&nowhere, &me()).is_err());
    assert_eq!(app.flags().live().revision, live);
}

#[test]
fn restoring_flags_takes_a_snapshot_of_what_is_new_first() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    turn_master(&app, true);
    turn_master(&app, false);
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
    let bundle = app.export_snapshots(&[first.id, second.id]).unwrap().text;
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
            r#"{"format":"flagdeck-snapshots","version":3,"snapshots":[]}"#,
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
fn the_flags_can_be_read_as_of_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let before = jiff::Timestamp::now().as_millisecond() - 1;
    turn_master(&app, true);
    let saved = app.flags().live().origin.as_ref().unwrap().at_ms;
    assert_eq!(app.flags().as_of(AsOf::AtMs(before)).unwrap().revision.0, 0);
    assert_eq!(app.flags().as_of(AsOf::AtMs(saved)).unwrap().revision.0, 1);
    assert_eq!(app.flags().as_of(AsOf::Revision(1)).unwrap().revision.0, 1);
    assert!(app.flags().as_of(AsOf::Revision(7)).is_err());
}
