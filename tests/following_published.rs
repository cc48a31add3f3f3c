//! Publishing overrides into a followed document: over changes elsewhere, in conflict, and under its
//! latest entity tag.

use std::thread;

use flagdeck::App;
use flagdeck::app::following::{FollowState, Published};
use flagdeck::error::Code;
use flagdeck::flags::following::Selection;
use flagdeck::store::Cause;
use flagdeck_core::Place;
use serde_json::json;

use crate::support::apps::{history, someone, switch};
use crate::support::following::{fetch, open, options, text, with_components};
use crate::support::scripted::{Script, Scripted};
use crate::support::waiting::wait_until;

fn publish(app: &App, which: &Selection) -> Published {
    app.publish(which, false, &someone())
        .expect("the server answers")
}

#[test]
fn overrides_are_published_over_changes_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(Script::Serve);
    server.put(&with_components(&json!({"a": true, "b": true, "c": true})));
    let app = open(folder.path(), &server.url());
    assert_eq!(fetch(&app), FollowState::Fresh);
    switch(&app, "a", false);
    switch(&app, "c", false);
    // Another machine publishes in between.
    server.put(&with_components(&json!({"a": true, "b": false, "c": true})));
    let only_a = Selection::Component("a".parse().unwrap());
    assert!(matches!(publish(&app, &only_a), Published::Done(_)));
    let expected = with_components(&json!({"a": false, "b": false, "c": true}));
    assert_eq!(server.document(), expected);
    let overrides = |app: &App| -> Vec<String> {
        let live = app.flags().live();
        let followed = live.followed.as_ref().expect("it is followed");
        followed.own().map(|(place, _)| place.pointer()).collect()
    };
    assert_eq!(overrides(&app), ["/components/c"]);
    assert_eq!(fetch(&app), FollowState::Fresh);
    assert_eq!(history(&app)[0].cause, Cause::Publish);
}

#[test]
fn a_conflict_shows_both_sides_and_each_is_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(Script::Serve);
    server.put(&with_components(&json!({"a": true, "b": true, "c": true})));
    let app = open(folder.path(), &server.url());
    assert_eq!(fetch(&app), FollowState::Fresh);
    let remove = flagdeck_core::Edit::Remove {
        paths: vec!["a".parse().unwrap()],
        release: false,
    };
    app.flags()
        .change(crate::support::apps::request(remove))
        .unwrap();
    switch(&app, "b", false);
    // The same components change there, one of them to the same value.
    server.put(&with_components(
        &json!({"a": false, "b": false, "c": true}),
    ));
    let Published::Conflict(conflicts) = publish(&app, &Selection::All) else {
        panic!("a was changed there");
    };
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    let conflict = &conflicts[0];
    let a: Place = "/components/a".parse().unwrap();
    assert_eq!(conflict.place, a);
    assert_eq!(conflict.was, Some(true.into()));
    assert_eq!(conflict.theirs, Some(false.into()));
    assert_eq!(conflict.mine, None);
    // Nothing was published; what they have is below the overrides by now.
    assert!(server.document().contains(r#""a":false"#));
    let theirs = Selection::Places([a].into());
    app.flags().clear_overrides(&theirs, &someone()).unwrap();
    assert!(matches!(publish(&app, &Selection::All), Published::Done(_)));
    assert_eq!(text(&app), server.document());
}

#[test]
fn a_document_without_a_tag_is_followed_and_not_published_to() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(Script::ServeUntagged);
    let app = open(folder.path(), &server.url());
    assert_eq!(fetch(&app), FollowState::Fresh);
    assert_eq!(fetch(&app), FollowState::Fresh);
    assert_eq!(history(&app).len(), 1);
    switch(&app, "ui.badges", false);
    let refused = app.publish(&Selection::All, false, &someone()).unwrap_err();
    assert_eq!(refused.code(), Code::Remote);
    assert_eq!(
        refused.in_full(),
        refused.to_string(),
        "a cause is told once"
    );
    assert_eq!(
        app.flags().live().followed.as_ref().unwrap().own().count(),
        1
    );
}

#[test]
fn overrides_are_published_under_the_latest_tag_of_an_unchanged_document() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Scripted::answering(Script::ServeUntaggedChanges);
    let app = open(folder.path(), &server.url());
    assert_eq!(fetch(&app), FollowState::Fresh);
    switch(&app, "ui.badges", false);
    // The same text is written there once more.
    server.put(&server.document());
    assert!(matches!(publish(&app, &Selection::All), Published::Done(_)));
    // The answer to that named no tag.
    switch(&app, "ui.badges", true);
    assert!(matches!(publish(&app, &Selection::All), Published::Done(_)));
    assert!(server.document().contains(r#""badges":true"#));
    // Another program does not know what this one fetched since.
    server.turn_to(Script::Serve);
    let other = open(folder.path(), &server.url());
    switch(&other, "ui.badges", false);
    assert!(matches!(
        publish(&other, &Selection::All),
        Published::Done(_)
    ));
    assert!(server.document().contains(r#""badges":false"#));
}

#[test]
fn an_answer_that_comes_late_takes_nothing_back_that_was_published_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Scripted::answering(Script::Serve);
    let mut options = options(folder.path(), &server.url());
    let uncached = ("FLAGDECK_FEATURE_FLAGS_CACHE_ENABLED", "false");
    options
        .given
        .environment
        .push((uncached.0.into(), uncached.1.into()));
    let app = App::open(options).unwrap();
    assert_eq!(fetch(&app), FollowState::Fresh);
    switch(&app, "ui.badges", false);
    server.turn_to(Script::ServeLate);
    server.requests();
    let state = thread::scope(|scope| {
        let fetching = scope.spawn(|| fetch(&app));
        wait_until("the fetch", || !server.requests().is_empty());
        assert!(matches!(publish(&app, &Selection::All), Published::Done(_)));
        server.turn_to(Script::Serve);
        fetching.join().unwrap()
    });
    assert_eq!(state, FollowState::Fresh);
    assert_eq!(text(&app), server.document());
    assert!(text(&app).contains(r#""badges":false"#));
    assert_eq!(history(&app)[0].cause, Cause::Publish);
}
