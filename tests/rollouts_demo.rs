//! The demo's synthetic host over the guard: healthy, its ramp reaches everyone; with a regression it
//! is rolled back and stays off.

use std::time::Duration;

use flagdeck::App;
use flagdeck::demo::event::ndjson;
use flagdeck::demo::exposure::exposure_of;
use flagdeck::demo::host::{Host, STEP, Traits};
use flagdeck::demo::{start_ramp, turn_on_flags, usual_components};
use flagdeck::flags::Scope;
use flagdeck::rollouts::shapes::RolloutStanding;
use flagdeck::store::{Cause, Via};
use flagdeck_core::ramp::Phase;

use crate::rollouts::{count_on, status};
use crate::support::apps::{Place, history, report};
use crate::support::waiting::let_pass;

const STEPS_A_SECOND: usize = (1000 / STEP.as_millis()) as usize;

/// The host of the demo with 200 calculations a second.
fn host(app: &App, has_regression: bool) -> Host {
    Host::new(Traits {
        users: 4000,
        rate_per_s: 200.0,
        components: usual_components(&app.flags().live().document),
        has_regression,
        seed: 19,
    })
}

/// Plays for so many seconds, or until something is so; returns for how many it played.
fn play(
    place: &Place,
    app: &App,
    host: &mut Host,
    seconds: usize,
    until: impl Fn() -> bool,
) -> usize {
    for second in 0..seconds {
        if until() {
            return second;
        }
        for _ in 0..STEPS_A_SECOND {
            let live = app.flags().in_force(Scope::Everyone);
            let events = host.step(&exposure_of(&live.compiled, host));
            let lines = String::from_utf8(ndjson(&events)).unwrap();
            report(app, &lines).unwrap();
            let_pass(&place.clock, STEP);
        }
    }
    seconds
}

#[test]
fn the_healthy_demo_reaches_everyone() {
    let place = Place::new();
    let app = place.open();
    start_ramp(&app, Via::Flagctl).unwrap();
    let mut host = host(&app, false);
    let is_complete = || {
        let ramp = status(&app, None).ramp.unwrap();
        ramp.phase == Phase::Completed
    };
    let seconds = play(&place, &app, &mut host, 180, is_complete);
    assert!(seconds < 150, "{:#?}", status(&app, None));
    for component in ["calculator", "tracker", "ui.badges"] {
        assert_eq!(count_on(&app, component), 1000, "{component}");
    }
    assert!(app.rollouts().decisions().unwrap().is_empty());
}

#[test]
fn the_demo_with_a_regression_is_collecting_then_rolled_back_and_stays_off() {
    let place = Place::new();
    let app = place.open();
    turn_on_flags(&app, Via::Flagctl).unwrap().unwrap();
    let mut host = host(&app, true);
    play(&place, &app, &mut host, 2, || false);
    let first = status(&app, Some("tracker"));
    assert_eq!(
        first.standing,
        RolloutStanding::Collecting,
        "{}",
        first.sentence
    );
    let all = ["calculator", "tracker", "ui.badges"];
    let is_off = || all.iter().all(|component| count_on(&app, component) == 0);
    let seconds = play(&place, &app, &mut host, 60, is_off);
    assert!(seconds < 30, "{seconds} s");
    let rolled_back = status(&app, Some("tracker"));
    assert_eq!(rolled_back.standing, RolloutStanding::RolledBack);
    play(&place, &app, &mut host, 20, || false);
    let causes = history(&app).into_iter().map(|it| it.cause);
    let rollbacks = causes.filter(|it| matches!(it, Cause::RollBack(_))).count();
    assert_eq!(rollbacks, all.len());
    app.close();
    drop(app);
    let app = place.open();
    let_pass(&place.clock, Duration::from_secs(1));
    assert!(all.iter().all(|component| count_on(&app, component) == 0));
}
