//! Rollouts that are watched: what does harm is switched off with its reason, ramps go on only while
//! somebody watches, and two programs on a folder do neither twice.

use std::time::Duration;

use flagdeck::app::NewRamp;
use flagdeck::clock::Clock;
use flagdeck::flags::Scope;
use flagdeck::rollouts::shapes::{
    GuardTest, Happened, Outcome, OwnGuardRules, RolloutStanding, RolloutStatus,
};
use flagdeck::store::{Cause, Via};
use flagdeck::{App, Error};
use flagdeck_core::User;
use flagdeck_core::ramp::{Hours, Missing, Phase, Plan, Unwatched, steps_from_text};
use serde_json::json;

use crate::support::apps::{
    Place, change, history, report, rollout, rollout_of, someone, switch, turn_master,
};
use crate::support::waiting::let_pass;

const SECOND: Duration = Duration::from_secs(1);

pub fn plan(steps: &str, dwell_s: u64, least_exposed: u64) -> Plan {
    Plan {
        steps: steps_from_text(steps).unwrap(),
        dwell_s,
        least_exposed,
        hours: None,
    }
}

#[track_caller]
pub fn start(app: &App, component: Option<&str>, plan: Plan) {
    let ramp = NewRamp {
        component: component.map(str::to_owned),
        plan,
        plan_name: None,
        starts_ms: None,
    };
    app.start_ramp(ramp, &someone()).unwrap();
}

/// `tracker`, on for a part of everyone.
pub fn rolled_out(app: &App, percent_milli: u32) {
    turn_master(app, true);
    change(app, rollout(100_000));
    switch(app, "tracker", true);
    change(app, rollout_of(Some("tracker"), percent_milli));
}

/// Calculations of one arm, of which some failed.
pub struct Arm(pub bool, pub usize, pub usize);

/// Reports calculations of a component, or of none.
#[track_caller]
pub fn calculate(app: &App, component: &str, arms: [Arm; 2]) {
    let mut lines = String::new();
    for Arm(exposed, total, failed) in arms {
        for index in 0..total {
            let event = match index < failed {
                true => json!({"type": "ml:calculation:error"}),
                false => json!({
                    "type": "ml:calculation:complete", "duration": 0.02, "confidence": 0.5,
                }),
            };
            let mut event = event;
            event["source"] = json!("web");
            event["exposed"] = json!(exposed);
            if !component.is_empty() {
                event["component"] = json!(component);
            }
            lines += &format!("{event}\n");
        }
    }
    report(app, &lines).unwrap();
}

/// Lets seconds pass in which nothing fails.
pub fn healthy(app: &App, clock: &Clock, component: &str, seconds: u64) {
    for _ in 0..seconds {
        calculate(app, component, [Arm(true, 20, 0), Arm(false, 180, 0)]);
        let_pass(clock, SECOND);
    }
}

/// Lets seconds pass in which every calculation with it on fails, until it is off.
#[track_caller]
pub fn harmful(app: &App, clock: &Clock, component: &str) -> u64 {
    for second in 1..=30 {
        calculate(app, component, [Arm(true, 20, 20), Arm(false, 180, 2)]);
        let_pass(clock, SECOND);
        if status(app, target(component)).standing == RolloutStanding::RolledBack {
            return second;
        }
    }
    panic!("not rolled back: {:#?}", status(app, target(component)));
}

fn target(component: &str) -> Option<&str> {
    (!component.is_empty()).then_some(component)
}

#[track_caller]
pub fn status(app: &App, component: Option<&str>) -> RolloutStatus {
    app.rollout_details(component).unwrap().status
}

fn happened(app: &App, component: Option<&str>) -> Vec<Happened> {
    let details = app.rollout_details(component).unwrap();
    details.timeline.iter().rev().map(|it| it.what).collect()
}

/// How many of a thousand users have it on.
pub fn count_on(app: &App, component: &str) -> usize {
    let live = app.flags().in_force(Scope::Everyone);
    (0..1000)
        .filter(|at| {
            let id = format!("user{at}");
            live.compiled.evaluate(component, &User::id(&id)).value
        })
        .count()
}

#[test]
fn what_does_harm_is_switched_off_within_a_tick_with_its_reason() {
    let place = Place::new();
    let app = place.open();
    rolled_out(&app, 10_000);
    healthy(&app, &place.clock, "tracker", 20);
    let before = status(&app, Some("tracker"));
    assert_eq!(
        before.standing,
        RolloutStanding::Healthy,
        "{}",
        before.sentence
    );
    assert!(count_on(&app, "tracker") > 50);

    let seconds = harmful(&app, &place.clock, "tracker");
    assert!(seconds <= 10, "{seconds} s");
    assert_eq!(count_on(&app, "tracker"), 0);

    let after = status(&app, Some("tracker"));
    let latest = &history(&app)[0];
    let decision = app.decision(after.rolled_back.unwrap().id).unwrap();
    assert_eq!(latest.cause, Cause::RollBack(decision.id));
    assert_eq!(latest.actor.via, Via::Rollout);
    assert!(
        latest
            .note
            .as_ref()
            .unwrap()
            .contains("failed for users with it on")
    );
    let revision = latest.number.0;
    let is_override = false;
    assert_eq!(
        decision.outcome,
        Outcome::Done {
            revision,
            is_override
        }
    );
    assert_eq!(decision.test, GuardTest::Relative);
    assert!(decision.difference.unwrap().low > 0.0);
    let told = app.notices();
    assert!(
        told.iter()
            .any(|it| it.message.starts_with("tracker was rolled back")),
        "{told:?}"
    );

    let replayed = app.replay_decision(decision.id).unwrap();
    assert_eq!(replayed.is_same, Some(true));
    assert_eq!(replayed.points.last().unwrap().exposed, decision.exposed);
    assert_eq!(
        happened(&app, Some("tracker")),
        [Happened::AttemptBegan, Happened::RolledBack]
    );
    // It stays off, whatever is reported.
    for _ in 0..20 {
        calculate(&app, "tracker", [Arm(true, 20, 20), Arm(false, 180, 2)]);
        let_pass(&place.clock, SECOND);
    }
    assert_eq!(history(&app)[0].number.0, revision);
}

#[test]
fn another_try_is_another_attempt_and_undo_is_one() {
    let place = Place::new();
    let app = place.open();
    rolled_out(&app, 10_000);
    healthy(&app, &place.clock, "tracker", 6);
    harmful(&app, &place.clock, "tracker");
    app.flags().undo(&someone()).unwrap();
    healthy(&app, &place.clock, "tracker", 20);
    let again = status(&app, Some("tracker"));
    assert_eq!(
        again.standing,
        RolloutStanding::Healthy,
        "{}",
        again.sentence
    );
    assert_eq!(again.attempt.unwrap().number, 2);
    harmful(&app, &place.clock, "tracker");
    assert_eq!(app.rollouts().decisions().unwrap().len(), 2);
}

#[test]
fn the_default_rollout_is_judged_by_what_names_no_component_and_goes_to_0() {
    let place = Place::new();
    let app = place.open();
    turn_master(&app, true);
    switch(&app, "tracker", true);
    change(&app, rollout(10_000));
    healthy(&app, &place.clock, "", 6);
    assert!(count_on(&app, "tracker") > 0);
    harmful(&app, &place.clock, "");
    assert_eq!(app.flags().live().document.rollout.percentage.milli(), 0);
    assert_eq!(count_on(&app, "tracker"), 0);
}

#[test]
fn nothing_is_rolled_back_if_that_is_off_for_all_or_for_one() {
    let place = Place::new();
    let app = place.open();
    rolled_out(&app, 10_000);
    let off = OwnGuardRules {
        enabled: Some(false),
        ..OwnGuardRules::default()
    };
    app.set_guard_rules(Some("tracker"), &off).unwrap();
    let bad = |app: &App| {
        for _ in 0..15 {
            calculate(app, "tracker", [Arm(true, 20, 20), Arm(false, 180, 2)]);
            let_pass(&place.clock, SECOND);
        }
    };
    bad(&app);
    let of_one = status(&app, Some("tracker"));
    assert_eq!(of_one.standing, RolloutStanding::Unwatched);
    app.set_guard_rules(Some("tracker"), &OwnGuardRules::default())
        .unwrap();
    app.change_setting("rollback.enabled", &json!(false))
        .unwrap();
    bad(&app);
    assert!(count_on(&app, "tracker") > 0);
    assert!(app.rollouts().decisions().unwrap().is_empty());
}

#[test]
fn bare_thresholds_decide_if_that_is_asked_for() {
    let place = Place::new();
    let app = place.open();
    app.change_setting("rollback.strict", &json!(true)).unwrap();
    rolled_out(&app, 10_000);
    let_pass(&place.clock, SECOND);
    // No more often than others, and above 5 %.
    for _ in 0..12 {
        calculate(&app, "tracker", [Arm(true, 20, 2), Arm(false, 180, 18)]);
        let_pass(&place.clock, SECOND);
    }
    let decisions = app.rollouts().decisions().unwrap();
    assert_eq!(decisions[0].test, GuardTest::Absolute);
    assert!(decisions[0].rules.strict);
}

#[test]
fn memory_rolls_back_what_was_widened_since_it_was_below_the_limit() {
    let place = Place::new();
    let app = place.open();
    rolled_out(&app, 10_000);
    let memory = |mebibytes: u64| {
        let event = json!({"type": "ml:memory", "source": "web", "bytes": mebibytes << 20});
        report(&app, &format!("{event}\n")).unwrap();
    };
    let go_on = |mebibytes: u64, seconds: u64| {
        for _ in 0..seconds {
            memory(mebibytes);
            healthy(&app, &place.clock, "tracker", 1);
        }
    };
    go_on(100, 12);
    // Over the limit, and nothing was widened.
    go_on(170, 30);
    assert!(app.rollouts().decisions().unwrap().is_empty());
    go_on(100, 12);
    change(&app, rollout_of(Some("tracker"), 20_000));
    go_on(200, 30);
    let decisions = app.rollouts().decisions().unwrap();
    assert_eq!(decisions.len(), 1);
    assert_eq!(decisions[0].test, GuardTest::Memory);
    assert_eq!(count_on(&app, "tracker"), 0);
}

#[test]
fn a_ramp_reaches_everyone_step_by_step() {
    let place = Place::new();
    let app = place.open();
    turn_master(&app, true);
    start(&app, Some("tracker"), plan("10-50-100", 20, 30));
    let_pass(&place.clock, SECOND);
    let first = status(&app, Some("tracker"));
    assert_eq!((first.percentage, first.is_on), (10.0, true));
    let ramp = first.ramp.unwrap();
    assert_eq!((ramp.made, ramp.phase), (1, Phase::Running));
    // Time alone is not enough.
    let_pass(&place.clock, 25 * SECOND);
    for _ in 0..20 {
        let_pass(&place.clock, SECOND);
    }
    let waits = status(&app, Some("tracker")).ramp.unwrap();
    assert_eq!(waits.made, 1);
    assert!(
        waits
            .missing
            .iter()
            .any(|it| matches!(it, Missing::Exposed { .. })),
        "{:?}",
        waits.missing
    );
    healthy(&app, &place.clock, "tracker", 90);
    let done = status(&app, Some("tracker"));
    assert_eq!(done.ramp.unwrap().phase, Phase::Completed);
    assert_eq!(count_on(&app, "tracker"), 1000);
    let steps = [
        Happened::RampStarted,
        Happened::StepMade,
        Happened::AttemptBegan,
        Happened::StepMade,
        Happened::StepMade,
        Happened::Completed,
    ];
    let told: Vec<Happened> = happened(&app, Some("tracker"))
        .into_iter()
        .filter(|it| *it != Happened::StepBeganAgain)
        .collect();
    assert_eq!(told, steps);
    let causes: Vec<Cause> = history(&app).iter().map(|it| it.cause).collect();
    assert_eq!(causes[..3], [Cause::Ramp(1); 3]);
}

#[test]
fn a_ramp_of_what_does_harm_ends_with_it_off() {
    let place = Place::new();
    let app = place.open();
    turn_master(&app, true);
    start(&app, Some("tracker"), plan("10-50-100", 20, 30));
    let_pass(&place.clock, SECOND);
    harmful(&app, &place.clock, "tracker");
    let after = status(&app, Some("tracker"));
    assert_eq!(after.ramp.unwrap().phase, Phase::RolledBack);
    assert_eq!(count_on(&app, "tracker"), 0);
    let_pass(&place.clock, 60 * SECOND);
    assert_eq!(count_on(&app, "tracker"), 0);
}

#[test]
fn time_in_which_flagdeck_was_closed_does_not_count() {
    let place = Place::new();
    let app = place.open();
    turn_master(&app, true);
    start(&app, Some("tracker"), plan("10-50-100", 30, 30));
    let_pass(&place.clock, SECOND);
    healthy(&app, &place.clock, "tracker", 20);
    app.close();
    drop(app);
    place.clock.advance(3600 * SECOND);
    let app = place.open();
    let_pass(&place.clock, SECOND);
    let back = status(&app, Some("tracker")).ramp.unwrap();
    assert_eq!(back.made, 1);
    let gap = back.gap.unwrap();
    assert_eq!(gap.why, Unwatched::Closed);
    assert!(gap.to_ms - gap.from_ms > 3_500_000, "{gap:?}");
    assert!(happened(&app, Some("tracker")).contains(&Happened::StepBeganAgain));
    healthy(&app, &place.clock, "tracker", 20);
    assert_eq!(status(&app, Some("tracker")).ramp.unwrap().made, 1);
    healthy(&app, &place.clock, "tracker", 15);
    assert_eq!(status(&app, Some("tracker")).ramp.unwrap().made, 2);
}

#[test]
fn a_ramp_without_reports_holds_and_says_so() {
    let place = Place::new();
    let app = place.open();
    turn_master(&app, true);
    start(&app, Some("tracker"), plan("10-100", 5, 0));
    let_pass(&place.clock, SECOND);
    for _ in 0..90 {
        let_pass(&place.clock, SECOND);
    }
    let silent = status(&app, Some("tracker"));
    let ramp = silent.ramp.unwrap();
    let why = Unwatched::Silent;
    assert!(
        ramp.made == 2
            || ramp
                .missing
                .iter()
                .any(|it| matches!(it, Missing::Watching { why: found, .. } if *found == why)),
        "{ramp:?}"
    );
}

#[test]
fn a_ramp_is_paused_resumed_skipped_and_ended() {
    let place = Place::new();
    let app = place.open();
    turn_master(&app, true);
    let before = app.flags().live().document.clone();
    start(&app, Some("tracker"), plan("10-25-50-100", 3600, 0));
    let_pass(&place.clock, SECOND);
    let of = Some("tracker");
    app.pause_ramp(of, &someone()).unwrap();
    let paused = status(&app, of);
    assert_eq!(paused.standing, RolloutStanding::Holding);
    assert!(app.pause_ramp(of, &someone()).is_err());
    app.resume_ramp(of, &someone()).unwrap();
    app.skip_ramp(of, &someone()).unwrap();
    let_pass(&place.clock, SECOND);
    assert_eq!(status(&app, of).percentage, 25.0);
    // Changed by hand: it waits, and goes on from there.
    change(&app, rollout_of(of, 30_000));
    let_pass(&place.clock, SECOND);
    assert_eq!(status(&app, of).ramp.unwrap().phase, Phase::Changed);
    app.resume_ramp(of, &someone()).unwrap();
    app.skip_ramp(of, &someone()).unwrap();
    let_pass(&place.clock, SECOND);
    assert_eq!(status(&app, of).percentage, 50.0);
    app.abort_ramp(of, true, &someone()).unwrap();
    assert_eq!(app.flags().live().document, before);
    assert!(matches!(
        app.abort_ramp(of, true, &someone()),
        Err(Error::NotFound { .. })
    ));
    // Another one may be started.
    start(&app, of, plan("10-100", 3600, 0));
}

#[test]
fn ramps_that_cannot_be_are_refused_with_a_reason() {
    let place = Place::new();
    let app = place.open();
    rolled_out(&app, 50_000);
    let refused = |component: &str, plan: Plan| {
        let ramp = NewRamp {
            component: target(component).map(str::to_owned),
            plan,
            plan_name: None,
            starts_ms: None,
        };
        app.start_ramp(ramp, &someone()).unwrap_err().to_string()
    };
    assert_eq!(
        refused("tracker", plan("10-50", 60, 0)),
        "tracker is at 50 % already, and no step of this plan is above that"
    );
    assert!(refused("nothing", plan("10-50", 60, 0)).contains("nothing"));
    assert_eq!(
        refused("tracker", plan("60-55", 60, 0)),
        "steps grow: 55 does not come after 60"
    );
    let hours = Hours::from_text("Mon-Fri 09:00-17:00", "Atlantis/Capital").unwrap();
    let zoned = Plan {
        hours: Some(hours),
        ..plan("60-70", 60, 0)
    };
    assert!(refused("tracker", zoned).contains("no time zone Atlantis/Capital"));
    start(&app, Some("tracker"), plan("60-70", 60, 0));
    assert!(refused("tracker", plan("60-70", 60, 0)).contains("goes on already"));
}

#[test]
fn of_two_programs_one_watches_and_the_other_takes_over() {
    let place = Place::new();
    let (first, second) = (place.open(), place.open());
    turn_master(&first, true);
    start(&second, Some("tracker"), plan("10-50-100", 20, 30));
    for _ in 0..60 {
        calculate(&second, "tracker", [Arm(true, 20, 0), Arm(false, 180, 0)]);
        let_pass(&place.clock, SECOND);
        if status(&second, Some("tracker")).ramp.unwrap().made == 2 {
            break;
        }
    }
    first.close();
    drop(first);
    let_pass(&place.clock, 2 * SECOND);
    harmful(&second, &place.clock, "tracker");
    let causes: Vec<Cause> = history(&second).iter().map(|it| it.cause).collect();
    let of_ramp = causes
        .iter()
        .filter(|it| matches!(it, Cause::Ramp(_)))
        .count();
    let rolled_back = causes
        .iter()
        .filter(|it| matches!(it, Cause::RollBack(_)))
        .count();
    assert_eq!((of_ramp, rolled_back), (2, 1));
}

/// Reports a calculation of each of these users with `tracker` on or off.
#[track_caller]
fn of_users(app: &App, users: impl IntoIterator<Item = (String, bool)>, fails: bool) {
    let lines = users.into_iter().map(|(user, exposed)| {
        let mut event = match fails && exposed {
            true => json!({"type": "ml:calculation:error"}),
            false => json!({
                "type": "ml:calculation:complete", "duration": 0.02, "confidence": 0.5,
            }),
        };
        event["source"] = json!("web");
        event["component"] = json!("tracker");
        event["user"] = json!(user);
        event["exposed"] = json!(exposed);
        format!("{event}\n")
    });
    let lines: String = lines.collect();
    report(app, &lines).unwrap();
}

#[test]
fn one_user_who_fails_again_and_again_is_one_user_who_fails() {
    let place = Place::new();
    let app = place.open();
    rolled_out(&app, 10_000);
    let_pass(&place.clock, SECOND);
    // A hundred users with it off calculate every second; in the third, one with it on fails a
    // hundred times.
    for second in 0..20 {
        let others = (0..100).map(|user| (format!("other{user}"), false));
        of_users(&app, others, false);
        if second == 3 {
            of_users(&app, (0..100).map(|_| ("ada".to_owned(), true)), true);
        }
        let_pass(&place.clock, SECOND);
    }
    assert!(app.rollouts().decisions().unwrap().is_empty());
    let seen = status(&app, Some("tracker")).attempt.unwrap();
    let counted = (seen.exposed.calculations, seen.exposed.failed);
    assert_eq!(counted, (1, 1), "{seen:?}");
    assert!(seen.control.calculations < 600, "{seen:?}");
}

#[test]
fn a_rollout_with_far_more_users_on_than_it_says_is_held_until_a_person_has_looked() {
    let place = Place::new();
    let app = place.open();
    rolled_out(&app, 10_000);
    let_pass(&place.clock, SECOND);
    let mut next = 0;
    for second in 0..100 {
        // A third of all, of 10 %, once applications have had the time to hear of it.
        let users = (0..12).map(|at| (format!("user{}", next + at), at % 3 == 0));
        of_users(&app, users, false);
        next += 12;
        let_pass(&place.clock, SECOND);
        if second == 60 {
            let early = status(&app, Some("tracker"));
            assert_ne!(
                early.standing,
                RolloutStanding::Holding,
                "{}",
                early.sentence
            );
        }
    }
    let held = status(&app, Some("tracker"));
    assert_eq!(held.standing, RolloutStanding::Holding, "{}", held.sentence);
    assert!(
        held.sentence.contains("is not what the rollout says"),
        "{}",
        held.sentence
    );
    assert!(happened(&app, Some("tracker")).contains(&Happened::Held));
    assert!(count_on(&app, "tracker") > 0);
}

#[test]
fn a_ramp_never_narrows_and_makes_no_step_while_all_flags_are_off() {
    let place = Place::new();
    let app = place.open();
    turn_master(&app, true);
    let of = Some("tracker");
    let later = NewRamp {
        component: of.map(str::to_owned),
        plan: plan("10-25-50", 3600, 0),
        plan_name: None,
        starts_ms: Some(place.clock.now_ms() + 5000),
    };
    app.start_ramp(later, &someone()).unwrap();
    // Raised by hand before it begins.
    switch(&app, "tracker", true);
    change(&app, rollout_of(of, 30_000));
    let_pass(&place.clock, 6 * SECOND);
    let status_now = || status(&app, of);
    assert_eq!(status_now().percentage, 30.0);
    assert_eq!(status_now().ramp.unwrap().phase, Phase::Changed);
    // It goes on above that, once flags are on.
    turn_master(&app, false);
    app.resume_ramp(of, &someone()).unwrap();
    let_pass(&place.clock, 5 * SECOND);
    assert_eq!(status_now().percentage, 30.0);
    turn_master(&app, true);
    let_pass(&place.clock, 2 * SECOND);
    assert_eq!(status_now().percentage, 50.0);
    app.abort_ramp(of, false, &someone()).unwrap();
    turn_master(&app, false);
    let off = NewRamp {
        component: of.map(str::to_owned),
        plan: plan("60-70", 60, 0),
        plan_name: None,
        starts_ms: None,
    };
    let refused = app.start_ramp(off, &someone()).unwrap_err().to_string();
    assert_eq!(refused, "all flags are off; turn them on first");
}
