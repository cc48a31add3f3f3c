//! Who gains and loses what, before it is done: a slider that moves says at each step what the edit
//! would, and everything that puts another document in force can be looked at.

use std::ops::ControlFlow;

use flagdeck::app::following::FollowState;
use flagdeck::app::previews::shapes::{Listed, Previewed, Tally, Wanted};
use flagdeck::app::previews::{Moving, Over, Planned};
use flagdeck::error::Code;
use flagdeck::flags::AsOf;
use flagdeck::flags::following::Selection;
use flagdeck::{App, Error};
use flagdeck_core::{Edit, Percentage, RolloutChange, Strategy};
use serde_json::json;

use crate::rosters_read::Desk;
use crate::support::apps::{change, rollout_of, set_percentage, someone, switch, turn_master};
use crate::support::following::{fetch, open, with_components};
use crate::support::scripted::{Script, Scripted};

fn users(count: usize) -> String {
    let rows = (0..count).map(|at| {
        let groups = ["", "beta", "beta;staff", "eu"][at % 4];
        format!("user-{at},{groups},{}\n", at % 5 + 1)
    });
    format!("id,groups,weight\n{}", rows.collect::<String>())
}

fn desk_of(count: usize) -> Desk {
    let desk = Desk::new();
    turn_master(&desk.app, true);
    switch(&desk.app, "calculator", true);
    switch(&desk.app, "ui.badges", true);
    set_percentage(&desk.app, 100_000);
    desk.import(users(count), "all");
    desk
}

#[track_caller]
fn preview(app: &App, planned: &Planned) -> Previewed {
    let go_on = |_, _| ControlFlow::Continue(());
    let previewed = app.preview(planned, &Over::Latest, &go_on).unwrap();
    previewed.expect("nothing breaks it off")
}

fn refusal(app: &App, planned: &Planned) -> Code {
    let go_on = |_, _| ControlFlow::Continue(());
    let refused = app.preview(planned, &Over::Latest, &go_on);
    refused.expect_err("it is refused").code()
}

fn slide(app: &App, edit: &Edit) -> Result<Tally, Error> {
    let Edit::SetRollout { component, change } = edit.clone() else {
        panic!("{edit:?} is no edit of a rollout");
    };
    let moving = Moving { component, change };
    app.slide(&moving, &Over::Latest)
}

fn staged(component: Option<&str>, strategy: Strategy, groups: &[&str], milli: u32) -> Edit {
    Edit::SetRollout {
        component: component.map(|path| path.parse().unwrap()),
        change: RolloutChange {
            percentage: Some(Percentage::from_milli(milli).unwrap()),
            user_groups: Some(groups.iter().map(|&group| group.to_owned()).collect()),
            strategy: Some(strategy),
        },
    }
}

/// Compares a step with the preview of the edit that saves it.
#[track_caller]
fn check_step(app: &App, edit: &Edit) {
    let step = &slide(app, edit).unwrap();
    let previewed = preview(app, &Planned::Edit(edit.clone()));
    let whole = &previewed.all;
    assert_eq!(step.people, whole.people, "{edit:?}");
    assert_eq!(step.groups, whole.groups, "{edit:?}");
    assert_eq!(step.revision, whole.revision);
    let rounded = |parts: f64| (parts * 1e9).round();
    let weighted = [step, whole].map(|tally| {
        let parts = tally.weighted.expect("there are weights");
        [parts.gain, parts.lose, parts.both, parts.unchanged].map(rounded)
    });
    assert_eq!(weighted[0], weighted[1], "{edit:?}");
    assert_eq!(step.warning.is_some(), whole.warning.is_some());
    if !previewed.components.is_empty() {
        assert_eq!(step.sentence, whole.sentence, "{edit:?}");
    }
}

#[test]
fn each_step_of_a_slider_is_what_the_edit_would_do() {
    let desk = desk_of(700);
    let app = &desk.app;
    for milli in [0, 1, 12_500, 49_999, 50_000, 100_000] {
        check_step(app, &rollout_of(None, milli));
        check_step(app, &rollout_of(Some("ui.badges"), milli));
        check_step(
            app,
            &staged(Some("ui.badges"), Strategy::Canary, &["beta"], milli),
        );
        check_step(
            app,
            &staged(Some("calculator"), Strategy::Feature, &["staff"], milli),
        );
    }
    // The flags change, and so does what a step is compared with.
    set_percentage(app, 60_000);
    change(app, rollout_of(Some("ui.badges"), 30_000));
    for milli in [0, 20_000, 30_000, 31_000, 60_000, 99_999] {
        check_step(app, &rollout_of(None, milli));
        check_step(app, &rollout_of(Some("ui.badges"), milli));
    }
    // So does the roster.
    desk.import(users(90), "all");
    check_step(app, &rollout_of(None, 20_000));
    assert_eq!(
        slide(app, &rollout_of(None, 1000))
            .unwrap()
            .roster
            .unwrap()
            .people,
        90
    );
}

#[test]
fn a_slider_over_no_roster_tells_the_share_to_expect() {
    let desk = Desk::new();
    turn_master(&desk.app, true);
    switch(&desk.app, "ui.badges", true);
    let edit = rollout_of(Some("ui.badges"), 30_000);
    let slid = slide(&desk.app, &edit).unwrap();
    let previewed = preview(&desk.app, &Planned::Edit(edit));
    assert_eq!(slid, previewed.all);
    assert_eq!(slid.people, None);
    assert!(slid.sentence.contains("expected"), "{slid:?}");
}

#[test]
fn it_is_counted_for_how_many_a_component_was_on_then() {
    let desk = desk_of(400);
    let app = &desk.app;
    change(app, rollout_of(Some("ui.badges"), 100_000));
    let then = app.flags().live().revision.0;
    change(app, rollout_of(Some("ui.badges"), 0));
    for (at, on) in [(None, 0), (Some(AsOf::Revision(then)), 400)] {
        let counted = app.on_for("ui.badges", at, &Over::Latest).unwrap();
        assert_eq!(counted.unwrap().on, on);
    }
    let wanted = Wanted {
        who: Listed::On,
        component: Some("ui.badges".into()),
        offset: 0,
        limit: 10,
    };
    let standing = Planned::Standing(Some(AsOf::Revision(then)));
    let listed = app
        .preview_users(&standing, &Over::Latest, &wanted)
        .unwrap();
    assert_eq!((listed.users.len(), listed.more), (10, true));
    let nobody = app.preview_users(&Planned::Standing(None), &Over::Latest, &wanted);
    assert_eq!(nobody.unwrap().users, []);
}

#[test]
fn what_cannot_be_is_refused_before_it_is_counted() {
    let desk = desk_of(10);
    let refused = slide(&desk.app, &rollout_of(Some("nothing.here"), 5)).unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let between = staged(None, Strategy::BlueGreen, &[], 50_000);
    let refused = slide(&desk.app, &between).unwrap_err();
    assert_eq!(refused.code(), Code::Invalid);
    let moving = Moving {
        component: None,
        change: RolloutChange::default(),
    };
    let named = Over::Named("nobody".parse().unwrap());
    let refused = desk.app.slide(&moving, &named).unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[test]
fn all_who_are_listed_can_be_written_as_a_table() {
    let desk = desk_of(300);
    desk.import("id,groups\n=SUM(A1),beta\nada,beta;staff\nben,\n", "few");
    let edit = Planned::Edit(rollout_of(None, 0));
    let wanted = Wanted {
        who: Listed::Lose,
        component: None,
        offset: 0,
        limit: 1,
    };
    let table = |over: &Over, wanted: &Wanted| desk.app.preview_table(&edit, over, wanted).unwrap();
    assert_eq!(
        table(&Over::Latest, &wanted),
        "id,groups,weight\r\n\"'=SUM(A1)\",beta,1\r\nada,\"beta;staff\",1\r\nben,,1\r\n"
    );
    let all = Over::Named("all".parse().unwrap());
    assert_eq!(
        table(&all, &wanted).lines().count(),
        301,
        "the limit does not count"
    );
    let later = Wanted {
        offset: 290,
        ..wanted
    };
    assert_eq!(table(&all, &later).lines().count(), 11);
}

#[test]
fn a_backup_is_looked_at_before_it_is_restored() {
    let desk = desk_of(50);
    let backup = desk.app.flags().back_up().unwrap().unwrap();
    turn_master(&desk.app, false);
    let previewed = preview(&desk.app, &Planned::Backup(backup.name.clone()));
    assert_eq!(previewed.all.people.unwrap().gain, 50);
    let go_on = |_, _| ControlFlow::Continue(());
    let missing = Planned::Backup("none.db".into());
    let refused = desk
        .app
        .preview(&missing, &Over::Latest, &go_on)
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[test]
fn overrides_are_looked_at_before_they_are_returned_or_published() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(Script::Serve);
    server.put(&with_components(&json!({"a": true, "b": true})));
    let app = open(folder.path(), &server.url());
    assert_eq!(fetch(&app), FollowState::Fresh);
    set_percentage(&app, 100_000);
    switch(&app, "a", false);
    let request = desk.request(users(40).as_bytes(), "all");
    let go_on = &mut |_| ControlFlow::Continue(());
    app.rosters().import(&request, go_on).unwrap();
    let a = || Selection::Component("a".parse().unwrap());
    let returned = preview(&app, &Planned::ReturnOverrides(a()));
    let of = &returned.components[..];
    assert!(
        matches!(of, [only] if only.component == "a"),
        "{returned:?}"
    );
    assert_eq!(
        returned.all.people.unwrap().gain,
        40,
        "everyone has it again"
    );
    // Elsewhere, the default rollout is at 25 % still.
    let published = preview(&app, &Planned::Publish(a()));
    let people = published.all.people.unwrap();
    assert!(people.lose > 0 && people.lose < 40, "{people:?}");
    assert_eq!(people.gain, 0);
    // What is at the address now.
    server.put(&with_components(&json!({"a": true, "b": false})));
    let named = app.review_followed().unwrap().document;
    let adopted = preview(&app, &Planned::Adopt(Some(named.clone())));
    let names: Vec<&str> = adopted
        .components
        .iter()
        .map(|of| of.component.as_str())
        .collect();
    assert_eq!(names, ["b"], "the override of a stays");
    assert_eq!(adopted.all.people.unwrap().lose, 40);
    assert!(
        app.flags().live().document.components.len() == 2,
        "nothing changed"
    );
    // What was looked at is gone: nothing is said of what is there instead.
    server.put(&with_components(&json!({"a": false, "b": false})));
    assert_eq!(refusal(&app, &Planned::Adopt(Some(named))), Code::Conflict);
    app.flags()
        .clear_overrides(&Selection::All, &someone())
        .unwrap();
    let none = refusal(&app, &Planned::ReturnOverrides(a()));
    assert_eq!(none, Code::NotFound);
}

#[test]
fn a_step_that_is_looked_at_is_the_one_that_is_meant() {
    let desk = desk_of(40);
    let app = &desk.app;
    switch(app, "calculator", false);
    let (undo, _) = app.flags().steps();
    let off = undo.unwrap().revision;
    let lost = |planned: &Planned| preview(app, planned).all.people.unwrap().lose;
    let gained = |planned: &Planned| preview(app, planned).all.people.unwrap().gain;
    assert_eq!(gained(&Planned::Undo(Some(off))), 40);
    switch(app, "ui.badges", false);
    assert_eq!(refusal(app, &Planned::Undo(Some(off))), Code::Conflict);
    app.flags().undo(&someone()).unwrap();
    let (_, redo) = app.flags().steps();
    let redo = redo.unwrap().revision;
    assert_eq!(lost(&Planned::Redo(Some(redo))), 40);
    assert_eq!(refusal(app, &Planned::Redo(Some(off))), Code::Conflict);
}
