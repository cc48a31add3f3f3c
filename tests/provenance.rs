//! Where values come from: the layers that make them, and what a change does to overrides.

use std::path::Path;

use flagdeck::App;
use flagdeck::flags::following::{Adopted, Selection};
use flagdeck::flags::provenance::{LayerKind, PlaceLayers, Since, Subject, ValueLayer};
use flagdeck::flags::targeted::{Target, TargetedRequest};
use flagdeck::flags::{OverrideChange, Scope};
use flagdeck::store::RevisionNumber;
use flagdeck::wire::Explanation;
use flagdeck_core::{Edit, Place};
use serde_json::{Value, json};

use crate::following::{FROM, components, follow, following, team};
use crate::support::apps::{
    change, open, rollout_of, set_percentage, someone, switch, turn_master,
};

/// Says the layers of a value in short: `override /rollout`, `followed 2`, `local 1`, `off`.
fn layers(app: &App, subject: Subject<'_>) -> Vec<String> {
    let live = app.flags().live();
    let layers = app.flags().layers_of_value(&live, subject);
    let layers = layers.expect("the store can be read");
    layers.iter().map(in_short).collect()
}

fn in_short(layer: &ValueLayer) -> String {
    let revision = |since: &Option<Since>| {
        let number = since.as_ref().map(|since| format!(" {}", since.revision));
        number.unwrap_or_default()
    };
    match layer {
        ValueLayer::Off(_) => "off".into(),
        ValueLayer::Targeted(one) => format!("for {}", one.target),
        ValueLayer::Override(overrides) => {
            let places: Vec<String> = overrides.iter().map(|(at, _)| at.pointer()).collect();
            format!("override {}", places.join(" "))
        }
        ValueLayer::Followed { from, since } => {
            assert_eq!(from, FROM);
            format!("followed{}", revision(since))
        }
        ValueLayer::Local(since) => format!("local{}", revision(since)),
    }
}

fn component(app: &App, path: &str) -> Vec<String> {
    layers(app, Subject::Component(path))
}

#[test]
fn a_local_value_comes_from_the_revision_that_changed_it_last() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    assert_eq!(component(&app, "tracker"), ["off", "local"]);
    turn_master(&app, true);
    switch(&app, "tracker", true);
    set_percentage(&app, 10_000);
    switch(&app, "calculator", true);
    assert_eq!(component(&app, "tracker"), ["local 2"]);
    assert_eq!(layers(&app, Subject::Rollout), ["local 3"]);
    assert_eq!(layers(&app, Subject::Master), ["local 1"]);
    let past = app.flags().at(RevisionNumber(2)).unwrap();
    let told = app
        .flags()
        .layers_of_value(&past, Subject::Component("calculator"));
    let told: Vec<String> = told.unwrap().iter().map(in_short).collect();
    assert_eq!(told, ["local"], "it had not been changed then");
}

#[test]
fn a_followed_value_comes_from_what_brought_it() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    assert_eq!(component(&app, "ui.badges"), ["followed 1"]);
    assert!(follow(&app, &team(&components(true, true))));
    assert_eq!(component(&app, "ui.badges"), ["followed 2"]);
    assert_eq!(component(&app, "cart"), ["followed 1"]);
}

#[test]
fn following_begins_later_than_a_local_change_with_the_same_value() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    change(&app, Edit::Replace(team(&json!({})).document.to_bytes()));
    assert_eq!(component(&app, "cart"), ["local 1"]);
    assert!(follow(&app, &team(&json!({}))));
    assert_eq!(component(&app, "cart"), ["followed 2"]);
}

#[test]
fn an_override_decides_over_what_is_followed_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "ui.badges", true);
    assert_eq!(
        component(&app, "ui.badges"),
        ["override /components/ui/badges", "followed"]
    );
    assert_eq!(component(&app, "ui.hints"), ["followed 1"]);
    // The same value is followed by now, and the override still decides.
    assert!(follow(&app, &team(&components(true, true))));
    assert_eq!(component(&app, "ui.badges").len(), 2);
    let badges = Selection::Components(vec!["ui.badges".parse().unwrap()]);
    app.flags().clear_overrides(&badges, &someone()).unwrap();
    assert_eq!(component(&app, "ui.badges"), ["followed 2"]);
}

#[test]
fn an_override_of_the_default_rollout_decides_for_those_that_use_it() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    change(&app, rollout_of(Some("cart"), 30_000));
    set_percentage(&app, 55_000);
    assert_eq!(component(&app, "search"), ["override /rollout", "followed"]);
    assert_eq!(
        component(&app, "cart"),
        ["override /rollouts/cart", "followed"]
    );
    assert_eq!(
        layers(&app, Subject::Rollout),
        ["override /rollout", "followed"]
    );
    assert_eq!(layers(&app, Subject::Master), ["followed 1"]);
}

#[test]
fn the_master_switch_decides_over_everything() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "search", true);
    turn_master(&app, false);
    assert_eq!(
        component(&app, "search"),
        ["off", "override /enabled /components/search", "followed"]
    );
    let Adopted::Revision(_) = app
        .flags()
        .follow(&team(&json!({"enabled": false})), false)
        .unwrap()
    else {
        panic!("a kill switch is never held");
    };
    let told = Explanation::of(&app, "search", "ada", &[], None).unwrap();
    let told: Value = serde_json::to_value(told).unwrap();
    assert_eq!(told["layers"][0]["kind"], "off");
    assert_eq!(told["layers"][0]["isEmergency"], false);
    assert_eq!(told["layers"][1]["overrides"][1]["what"], "switch");
    assert_eq!(told["layers"][2]["from"], FROM);
}

#[test]
fn a_part_of_the_document_comes_from_the_layer_of_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    set_percentage(&app, 55_000);
    let live = app.flags().live();
    let layers = PlaceLayers::of(&live);
    assert_eq!(layers.at("/rollout"), LayerKind::Override);
    assert_eq!(layers.at("/rollout/percentage"), LayerKind::Override);
    assert_eq!(layers.at("/rollouts/cart"), LayerKind::Followed);
    assert_eq!(layers.at("/components/search"), LayerKind::Followed);
    assert_eq!(layers.at(""), LayerKind::Followed);
    let local = open_beside(folder.path());
    let layers = PlaceLayers::of(&local.flags().live());
    assert_eq!(layers.at("/rollout"), LayerKind::Local);
}

fn open_beside(folder: &Path) -> App {
    open(&folder.join("beside"))
}

#[test]
fn an_override_for_one_user_decides_for_them_alone() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "search", false);
    for user in ["ada", "bob"] {
        let request = TargetedRequest {
            target: Target::User(user.into()),
            component: "search".parse().unwrap(),
            on: true,
            for_ms: 3_600_000,
            by: someone(),
        };
        app.flags().override_for(request).unwrap();
    }
    let layers = |scope| {
        let live = app.flags().in_force(scope);
        let layers = app
            .flags()
            .layers_of_value(&live, Subject::Component("search"));
        let layers: Vec<String> = layers.unwrap().iter().map(in_short).collect();
        layers
    };
    assert_eq!(
        layers(Scope::User("ada")),
        ["for the user ada", "followed 1"]
    );
    assert_eq!(layers(Scope::User("carol")), ["followed 1"]);
    assert_eq!(layers(Scope::Everyone), ["followed 1"]);
    turn_master(&app, false);
    assert_eq!(
        layers(Scope::User("bob")),
        ["off", "for the user bob", "override /enabled", "followed"]
    );
}

#[test]
fn a_change_says_what_it_overrides_and_what_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    let paths = vec!["search".parse().unwrap()];
    let set = |on| {
        let paths = paths.clone();
        change(&app, Edit::SetComponents { paths, on }).overrides
    };
    let search = Place::Switch("search".parse().unwrap());
    let told = |made: &[&Place], ended: &[&Place]| {
        let owned = |places: &[&Place]| places.iter().copied().cloned().collect();
        Some(OverrideChange {
            from: FROM.into(),
            made: owned(made),
            ended: owned(ended),
        })
    };
    assert_eq!(set(true), told(&[&search], &[]));
    assert_eq!(set(true), None, "it is like this already");
    let undone = app.flags().undo(&someone()).unwrap();
    assert_eq!(undone.overrides, told(&[], &[&search]));
    let redone = app.flags().redo(&someone()).unwrap();
    assert_eq!(redone.overrides, told(&[&search], &[]));
    assert_eq!(set(false), told(&[], &[&search]));

    let local = open_beside(folder.path());
    let paths = vec!["tracker".parse().unwrap()];
    let changed = change(&local, Edit::SetComponents { paths, on: true });
    assert_eq!(changed.overrides, None);
}

#[test]
fn a_selection_of_which_a_part_is_not_overridden_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let app = following(folder.path());
    switch(&app, "search", true);
    let refused = |which: &Selection| {
        let refused = app.flags().clear_overrides(which, &someone());
        refused.unwrap_err().to_string()
    };
    let components = |paths: &[&str]| {
        let paths = paths.iter().map(|path| path.parse().unwrap());
        Selection::Components(paths.collect())
    };
    assert_eq!(
        refused(&components(&["search", "cart"])),
        "there is no override of cart"
    );
    let rollout = Selection::Places([Place::Rollout].into());
    assert_eq!(refused(&rollout), "there is no override of /rollout");
    assert_eq!(
        app.flags().live().followed.as_ref().unwrap().own().count(),
        1
    );
    app.flags()
        .clear_overrides(&components(&["search"]), &someone())
        .unwrap();
}
