//! Following a document: what is adopted of it, what is overridden, published, and taken back.

use std::path::Path;

use flagdeck::App;
use flagdeck::flags::following::{Adopted, RemoteDocument, Selection};
use flagdeck::store::{Actor, Cause, RevisionNumber, Via};
use flagdeck_core::tree::Tree;
use flagdeck_core::{Edit, FlagDocument, Place, validate_value};
use serde_json::{Value, json};

use crate::support::apps::{
    assert_sound, change, history, open, percentage, set_percentage, someone, switch, turn_master,
};

pub const FROM: &str = "https://flags.example/api/ml/flags";

fn document(json: &Value) -> FlagDocument {
    let checked = validate_value(&Tree::from(json.clone()));
    checked.expect("the document is valid").document
}

/// The followed document of these tests, with some keys replaced.
pub fn team(changes: &Value) -> RemoteDocument {
    let mut json = json!({
        "enabled": true,
        "components": {"search": false, "cart": true, "ui": {"badges": false, "hints": true}},
        "rollout": {"percentage": 20, "userGroups": [], "strategy": "canary"},
    });
    for (key, value) in changes.as_object().expect("an object") {
        json[key] = value.clone();
    }
    RemoteDocument {
        from: FROM.into(),
        etag: Some("\"1\"".into()),
        document: document(&json),
    }
}

pub fn components(badges: bool, hints: bool) -> Value {
    json!({"components": {
        "search": false, "cart": true, "ui": {"badges": badges, "hints": hints},
    }})
}

/// Follows a document that is not held, and says whether it made a revision.
#[track_caller]
pub fn follow(app: &App, remote: &RemoteDocument) -> bool {
    match app.flags().follow(remote, false).expect("it can be saved") {
        Adopted::Unchanged => false,
        Adopted::Revision(outcome) => outcome.changed,
        Adopted::Held(lost) => panic!("held: {lost}"),
    }
}

pub fn following(folder: &Path) -> App {
    let app = open(folder);
    assert!(follow(&app, &team(&json!({}))));
    app
}

fn is_on(app: &App, component: &str) -> bool {
    let mut found = None;
    let live = app.flags().live();
    live.document.for_each_component(|path, on| {
        if path == component {
            found = Some(on);
        }
    });
    found.expect("the component is there")
}

fn overridden(app: &App) -> Vec<String> {
    let live = app.flags().live();
    let followed = live.followed.as_ref().expect("something is followed");
    followed.own().map(|(place, _)| place.pointer()).collect()
}

fn clear(app: &App, which: &Selection) {
    app.flags()
        .clear_overrides(which, &someone())
        .expect("it can be saved");
}

fn undo(app: &App) {
    app.flags().undo(&someone()).expect("there is a step");
}

fn latest(app: &App) -> (Cause, Vec<String>) {
    let latest = history(app).swap_remove(0);
    (latest.cause, latest.changes)
}

#[test]
fn a_followed_document_is_a_revision_by_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    assert_eq!(app.flags().live().document, team(&json!({})).document);
    let first = &history(&app)[0];
    assert_eq!(first.cause, Cause::Follow);
    assert_eq!(first.actor, Actor::new(Via::Followed, FROM));
    assert_eq!(first.changes[0], format!("Follows {FROM}"));

    assert!(follow(&app, &team(&components(true, true))));
    assert_eq!(latest(&app), (Cause::Adopt, vec!["ui.badges on".into()]));
    drop(app);
    let app = open(folder.path());
    assert!(is_on(&app, "ui.badges"));
    assert_sound(&app);
}

#[test]
fn what_did_not_change_makes_no_revision() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    let again = RemoteDocument {
        etag: Some("\"2\"".into()),
        ..team(&json!({}))
    };
    assert!(!follow(&app, &again));
    switch(&app, "search", true);
    assert!(!follow(&app, &again));
    assert_eq!(history(&app).len(), 2);
}

#[test]
fn an_edit_overrides_what_is_followed_and_no_refresh_takes_it_away() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "search", true);
    set_percentage(&app, 55_000);
    assert_eq!(overridden(&app), ["/rollout", "/components/search"]);

    let other = team(&json!({
        "rollout": {"percentage": 30, "userGroups": ["beta"], "strategy": "canary"},
        "components": {"search": false, "cart": false, "ui": {"badges": true, "hints": true}},
    }));
    assert!(follow(&app, &other));
    assert!(is_on(&app, "search"));
    assert!(!is_on(&app, "cart"));
    assert_eq!(percentage(&app), 55_000);
    assert_eq!(app.flags().live().base(), Some(other.document));
    drop(app);
    let app = open(folder.path());
    assert_eq!(overridden(&app), ["/rollout", "/components/search"]);
    assert_sound(&app);
}

#[test]
fn an_override_stays_while_the_followed_value_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "ui.badges", true);
    assert!(follow(&app, &team(&components(true, true))));
    assert_eq!(
        latest(&app),
        (
            Cause::Adopt,
            vec!["Changed under overrides: ui.badges".into()]
        )
    );
    assert!(follow(&app, &team(&components(false, true))));
    assert!(is_on(&app, "ui.badges"));
    assert_eq!(overridden(&app), ["/components/ui/badges"]);
}

#[test]
fn giving_the_followed_value_back_ends_an_override() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "search", true);
    switch(&app, "search", false);
    assert_eq!(overridden(&app), [""; 0]);
}

#[test]
fn overrides_are_cleared_one_by_one_and_together() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "search", true);
    switch(&app, "ui.badges", true);
    switch(&app, "ui.hints", false);
    set_percentage(&app, 55_000);
    clear(&app, &Selection::Component("ui".parse().unwrap()));
    assert_eq!(overridden(&app), ["/rollout", "/components/search"]);
    assert!(!is_on(&app, "ui.badges") && is_on(&app, "ui.hints"));
    clear(&app, &Selection::Places([Place::Rollout].into()));
    assert_eq!(percentage(&app), 20_000);
    undo(&app);
    assert_eq!(percentage(&app), 55_000);
    clear(&app, &Selection::All);
    assert_eq!(app.flags().live().document, team(&json!({})).document);
    let none = app.flags().clear_overrides(&Selection::All, &someone());
    assert_eq!(none.unwrap_err().to_string(), "there is no such override");

    // One that has the followed value by now ends without a change.
    switch(&app, "search", true);
    let on = json!({"search": true, "cart": true, "ui": {"badges": false, "hints": true}});
    follow(&app, &team(&json!({"components": on})));
    clear(&app, &Selection::All);
    assert_eq!(
        latest(&app),
        (Cause::Edit, vec!["Override ended: search".into()])
    );
    assert_eq!(overridden(&app), [""; 0]);
}

#[test]
fn undo_takes_an_edit_back_and_not_what_was_adopted_since() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "ui.badges", true);
    // The followed document changes elsewhere, and under the override.
    assert!(follow(&app, &team(&components(false, false))));
    assert!(follow(&app, &team(&components(true, false))));
    undo(&app);
    assert_eq!(overridden(&app), [""; 0]);
    assert_eq!(
        app.flags().live().document,
        team(&components(true, false)).document
    );
    assert!(follow(&app, &team(&components(false, true))));
    app.flags().redo(&someone()).expect("there is a step");
    assert!(is_on(&app, "ui.badges") && is_on(&app, "ui.hints"));
    assert_eq!(overridden(&app), ["/components/ui/badges"]);
    undo(&app);
    assert!(
        app.flags().undo(&someone()).is_err(),
        "following is not taken back"
    );
    assert_sound(&app);
}

#[test]
fn a_removed_component_stays_removed_with_what_is_said_of_it_since() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    let paths = vec!["ui.badges".parse().unwrap()];
    change(
        &app,
        Edit::Remove {
            paths,
            release: false,
        },
    );
    let with_rollout = team(&json!({
        "rollouts": {"ui.badges": {"percentage": 1, "userGroups": [], "strategy": "canary"}},
    }));
    assert!(follow(&app, &with_rollout));
    assert_eq!(overridden(&app), ["/components/ui/badges"]);
    // It comes back with its custom rollout: at the default one it would reach more people.
    undo(&app);
    assert_eq!(app.flags().live().document, with_rollout.document);
}

#[test]
fn what_has_lost_most_components_is_held_and_a_kill_switch_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    let small = team(&json!({"components": {"cart": true}}));
    let Ok(Adopted::Held(lost)) = app.flags().follow(&small, false) else {
        panic!("it has lost three of four");
    };
    assert_eq!(
        lost.to_string(),
        "3 of 4 components: search, ui.badges, ui.hints"
    );
    assert_eq!(history(&app).len(), 1);
    assert!(follow(&app, &team(&json!({"enabled": false}))));
    assert!(!app.flags().live().document.enabled);
    assert!(matches!(
        app.flags().follow(&small, true),
        Ok(Adopted::Revision(_))
    ));
    assert_eq!(app.flags().live().document, small.document);
}

#[test]
fn a_local_document_is_not_given_up_for_a_small_one_without_a_question() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    change(&app, Edit::Replace(team(&json!({})).document.to_bytes()));
    let blank = team(&json!({"components": {}}));
    assert!(matches!(
        app.flags().follow(&blank, false),
        Ok(Adopted::Held(_))
    ));
    let Ok(Adopted::Revision(_)) = app.flags().follow(&team(&components(true, true)), false) else {
        panic!("nothing is lost");
    };
    assert_eq!(overridden(&app), [""; 0]);
}

#[test]
fn all_flags_off_is_an_override_that_no_followed_document_turns_on() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    turn_master(&app, false);
    assert_eq!(overridden(&app), ["/enabled"]);
    follow(&app, &team(&json!({"enabled": false})));
    follow(&app, &team(&json!({"enabled": true})));
    assert!(!app.flags().live().document.enabled);
}

#[test]
fn published_overrides_are_part_of_what_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "search", true);
    set_percentage(&app, 55_000);
    let search = Selection::Component("search".parse().unwrap());
    let publication = app.flags().publication(&search).expect("it acts");
    assert_eq!(publication.replaces.as_deref(), Some("\"1\""));
    let expected = json!({"components": {
        "search": true, "cart": true, "ui": {"badges": false, "hints": true},
    }});
    assert_eq!(publication.document, team(&expected).document);
    let etag = Some("\"2\"");
    app.flags()
        .published(&publication, etag, &someone())
        .expect("it can be saved");
    assert_eq!(
        latest(&app),
        (Cause::Publish, vec!["Published search".into()])
    );
    assert_eq!(overridden(&app), ["/rollout"]);
    assert!(is_on(&app, "search"));
    assert_eq!(app.flags().live().base(), Some(publication.document));
    assert!(
        app.flags().undo(&someone()).is_err(),
        "what is published is not taken back here"
    );
}

#[test]
fn a_held_document_is_reviewed_with_the_overrides_over_it_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    set_percentage(&app, 55_000);
    let small = team(&json!({
        "components": {"cart": true},
        "rollout": {"percentage": 30, "userGroups": [], "strategy": "canary"},
    }));
    let review = app.flags().review_adoption(&small);
    let lost = review.loss.expect("three of four").to_string();
    assert_eq!(lost, "3 of 4 components: search, ui.badges, ui.hints");
    let changes = review.difference.changes.iter();
    let pointers: Vec<&str> = changes.map(|change| change.pointer.as_str()).collect();
    // The default rollout stays as it is overridden.
    assert_eq!(pointers, ["/components/search", "/components/ui"]);
    assert_eq!(history(&app).len(), 2);
    assert!(
        app.flags()
            .review_adoption(&team(&json!({})))
            .loss
            .is_none()
    );
}

#[test]
fn publishing_is_reviewed_for_whom_it_would_reach_at_the_remote() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "search", true);
    switch(&app, "cart", false);
    let review = |component: &str| {
        let which = Selection::Component(component.parse().unwrap());
        let review = app.flags().review_publication(&which).expect("it acts");
        assert!(review.loss.is_none());
        let shown = review.widenings.into_iter().map(|widening| widening.path);
        shown.collect::<Vec<_>>()
    };
    assert_eq!(review("search"), ["search"]);
    assert_eq!(review("cart"), [""; 0]);

    let paths = ["search", "ui.badges", "ui.hints"].map(|path| path.parse().unwrap());
    change(
        &app,
        Edit::Remove {
            paths: paths.to_vec(),
            release: false,
        },
    );
    let review = app.flags().review_publication(&Selection::All).unwrap();
    let lost = review.loss.expect("three of four").to_string();
    assert_eq!(lost, "3 of 4 components: search, ui.badges, ui.hints");
}

#[test]
fn an_override_that_is_changed_while_it_is_published_stays() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "search", true);
    switch(&app, "cart", false);
    set_percentage(&app, 55_000);
    let publication = app.flags().publication(&Selection::All).unwrap();
    set_percentage(&app, 60_000);
    remove(&app, "cart");
    let published = app.flags().published(&publication, None, &someone());
    published.unwrap();
    // What is published is below what was changed since.
    let live = app.flags().live();
    assert_eq!(live.base().unwrap(), publication.document);
    assert_eq!(percentage(&app), 60_000);
    assert!(is_on(&app, "search"));
    assert_eq!(overridden(&app), ["/rollout", "/components/cart"]);
}

fn remove(app: &App, component: &str) {
    let paths = vec![component.parse().expect("it is a path")];
    let release = false;
    change(app, Edit::Remove { paths, release });
}

#[test]
fn what_is_no_longer_followed_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "search", true);
    let before = app.flags().live().document.clone();
    assert!(app.flags().stop_following(&someone()).unwrap().is_some());
    assert_eq!(app.flags().live().document, before);
    assert!(app.flags().live().followed.is_none());
    assert_eq!(latest(&app).0, Cause::Unfollow);
    assert!(app.flags().stop_following(&someone()).unwrap().is_none());
    switch(&app, "search", false);
    assert!(app.flags().live().followed.is_none());
}

#[test]
fn overrides_are_the_same_for_every_program_on_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let one = following(folder.path());
    let other = open(folder.path());
    switch(&other, "search", true);
    one.flags().refresh().unwrap();
    assert_eq!(overridden(&one), ["/components/search"]);
    // The one adopts while the other has not looked.
    switch(&other, "cart", false);
    assert!(follow(&one, &team(&components(true, true))));
    assert_eq!(overridden(&one), ["/components/cart", "/components/search"]);
    assert_sound(&one);
}

#[test]
fn restoring_a_revision_overrides_what_differs_from_what_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    assert!(follow(&app, &team(&components(true, false))));
    let old = app.flags().at(RevisionNumber(1)).unwrap();
    change(&app, Edit::Replace(old.document.to_bytes()));
    assert_eq!(app.flags().live().document, old.document);
    assert_eq!(
        overridden(&app),
        ["/components/ui/badges", "/components/ui/hints"]
    );
}
