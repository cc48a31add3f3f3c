//! Verdicts over the application itself: each arm by itself, since the revision that changed who
//! sees a component, and the way back.

use std::time::Duration;

use flagdeck::clock::Clock;
use flagdeck::flags::Scope;
use flagdeck::store::{Actor, RevisionNumber, Via};
use flagdeck::wire::{JudgedComponent, MemoryStanding, Pulse, Standing};
use flagdeck::{App, Error};
use flagdeck_core::{ComponentPath, Edit, User};
use tempfile::TempDir;

use crate::support::apps::{
    self, change, clock_of_a_moment_ago, close, history, open_watching_by, rollout_of, switch,
    turn_master,
};
use crate::support::serving::flagctl;
use crate::support::stores::leave_out;
use crate::support::waiting::{let_pass, let_pass_until};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

fn open(folder: &TempDir) -> (App, Clock) {
    let clock = clock_of_a_moment_ago();
    (open_watching_by(folder.path(), &clock), clock)
}

fn ada() -> Actor {
    Actor::new(Via::Window, "ada")
}

fn path(name: &str) -> ComponentPath {
    name.parse().unwrap()
}

fn roll_out(app: &App, component: &str, percent_milli: u32) -> u64 {
    let edit = rollout_of(Some(component), percent_milli);
    change(app, edit).revision.0
}

/// Flags that are on, `ui.badges` for 5 % of everyone and then for 25 %.
fn rolled_out(app: &App) -> u64 {
    turn_master(app, true);
    for component in ["ui.badges", "tracker"] {
        switch(app, component, true);
    }
    roll_out(app, "ui.badges", 5_000);
    roll_out(app, "ui.badges", 25_000)
}

/// Reports calculations of one arm, of which some failed.
fn report(app: &App, component: &str, exposed: bool, total: usize, failed: usize) {
    let line = |index: usize| {
        let outcome = match index < failed {
            true => r#""type":"ml:calculation:error""#,
            false => r#""type":"ml:calculation:complete","duration":0.02,"confidence":0.5"#,
        };
        format!(r#"{{{outcome},"source":"web","component":"{component}","exposed":{exposed}}}"#)
            + "\n"
    };
    let lines: String = (0..total).map(line).collect();
    apps::report(app, &lines).unwrap();
}

fn pulse(app: &App) -> Pulse {
    app.pulse(None).unwrap().unwrap()
}

/// Lets time pass until the pulse is as wanted, and returns it.
#[track_caller]
fn until(app: &App, clock: &Clock, what: &str, is_so: impl Fn(&Pulse) -> bool) -> Pulse {
    let_pass_until(clock, what, || is_so(&pulse(app)));
    pulse(app)
}

fn of<'a>(pulse: &'a Pulse, component: &str) -> &'a JudgedComponent {
    let mut components = pulse.components.iter();
    components.find(|it| it.component == component).unwrap()
}

fn count_in(app: &App, component: &str) -> usize {
    let live = app.flags().in_force(Scope::Everyone);
    let users = (0..1000).map(|index| format!("user{index}"));
    users
        .filter(|id| live.compiled.evaluate(component, &User::id(id)).value)
        .count()
}

#[test]
fn the_component_that_is_named_stays_while_another_is_about_as_bad() {
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = open(&folder);
    rolled_out(&app);
    report(&app, "ui.badges", true, 1000, 92);
    report(&app, "tracker", true, 1000, 95);
    let named = |pulse: &Pulse| pulse.verdict.component.clone().unwrap_or_default();
    let counts = |pulse: &Pulse, of: &str, whole| {
        let mut judged = pulse.components.iter().filter(|it| it.component == of);
        judged.any(|it| {
            it.exposed
                .as_ref()
                .is_some_and(|arm| arm.errors.whole == whole)
        })
    };
    let first = until(&app, &clock, "both to be judged", |pulse| {
        counts(pulse, "ui.badges", 1000) && counts(pulse, "tracker", 1000)
    });
    assert_eq!(named(&first), "tracker");
    // 10 % by then, of 9.5.
    report(&app, "ui.badges", true, 100, 18);
    let then = until(&app, &clock, "more to be judged", |pulse| {
        counts(pulse, "ui.badges", 1100)
    });
    assert_eq!(named(&then), "tracker");
    report(&app, "ui.badges", true, 400, 200);
    let worse = until(&app, &clock, "much more to fail", |pulse| {
        counts(pulse, "ui.badges", 1500)
    });
    assert_eq!(named(&worse), "ui.badges");
}

#[test]
fn a_small_rollout_that_fails_is_named_and_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = open(&folder);
    let revision = rolled_out(&app);
    report(&app, "ui.badges", true, 500, 46);
    report(&app, "ui.badges", false, 9500, 57);
    report(&app, "tracker", false, 1000, 5);
    let pulse = until(&app, &clock, "the verdict", |it| it.errors.whole == 11_000);
    // All together fail so seldom that nothing would be said.
    assert!(pulse.errors.share.unwrap() < 0.01);
    assert_eq!(pulse.verdict.standing, Standing::Beyond);
    assert_eq!(pulse.verdict.component.as_deref(), Some("ui.badges"));
    assert_eq!(
        pulse.verdict.sentence,
        format!("ui.badges: 9.2 % errors on, 0.6 % off since revision {revision}")
    );
    let badges = of(&pulse, "ui.badges");
    assert!(badges.difference.as_ref().unwrap().low > 0.05);
    let plan = badges.rollback.clone().unwrap();
    assert_eq!(plan.sentence, "Sets ui.badges back to 5 % (it is 25 %)");
    assert!(of(&pulse, "tracker").rollback.is_none());

    let before = count_in(&app, "ui.badges");
    let base = Some(RevisionNumber(plan.base));
    let outcome = app.roll_back(&path("ui.badges"), base, &ada()).unwrap();
    assert_eq!(outcome.changes, ["ui.badges: 25 % → 5 %"]);
    let after = count_in(&app, "ui.badges");
    assert!(after < before / 3, "{after} of {before} see it");
    let latest = history(&app).remove(0);
    assert_eq!(
        latest.note.as_deref(),
        Some(&*format!(
            "9.2 % errors on, 0.6 % off since revision {revision}"
        ))
    );
    // What was counted before says nothing of those who see it now.
    let pulse = until(&app, &clock, "a fresh start", |it| {
        it.verdict.component.is_none()
    });
    assert_ne!(pulse.verdict.standing, Standing::Beyond);
    app.flags().undo(&ada()).unwrap();
    assert_eq!(count_in(&app, "ui.badges"), before);
}

#[test]
fn a_hundred_calculations_make_a_verdict_and_99_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = open(&folder);
    rolled_out(&app);
    report(&app, "ui.badges", true, 99, 99);
    let pulse = until(&app, &clock, "99", |it| it.errors.whole == 99);
    assert_eq!(pulse.verdict.standing, Standing::TooFew);
    assert_eq!(pulse.verdict.sentence, "Not enough data yet");
    report(&app, "ui.badges", true, 1, 0);
    let pulse = until(&app, &clock, "100", |it| it.errors.whole == 100);
    assert_eq!(pulse.verdict.standing, Standing::Beyond);
}

#[test]
fn only_a_change_of_who_sees_it_starts_a_verdict_again() {
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = open(&folder);
    let revision = rolled_out(&app);
    report(&app, "ui.badges", true, 500, 46);
    until(&app, &clock, "the verdict", |it| {
        it.verdict.component.is_some()
    });
    // Another component, and what people should know about this one.
    roll_out(&app, "tracker", 50_000);
    change(
        &app,
        Edit::Describe {
            path: path("ui.badges"),
            change: flagdeck_core::AboutChange {
                owner: Some("search team".into()),
                ..Default::default()
            },
        },
    );
    let pulse = pulse(&app);
    assert_eq!(of(&pulse, "ui.badges").since, Some(revision));
    assert_eq!(pulse.verdict.standing, Standing::Beyond);
    // What it requires is part of who sees it.
    clock.advance(MILLISECOND);
    let latest = change(
        &app,
        Edit::SetRequires {
            component: path("ui.badges"),
            requires: vec![path("tracker")],
        },
    );
    report(&app, "ui.badges", true, 3, 0);
    let pulse = until(&app, &clock, "a fresh start", |it| {
        it.components
            .iter()
            .any(|it| it.since == Some(latest.revision.0))
    });
    assert_eq!(of(&pulse, "ui.badges").standing, Standing::TooFew);
}

#[test]
fn revisions_are_followed_whatever_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = open(&folder);
    let latest = rolled_out(&app);
    close(app);
    leave_out(folder.path(), latest - 1);
    let (app, clock) = open(&folder);
    report(&app, "ui.badges", true, 500, 46);
    let pulse = until(&app, &clock, "the verdict", |it| it.errors.whole == 500);
    let badges = of(&pulse, "ui.badges");
    assert_eq!(badges.since, Some(latest));
    // The custom rollout came with the revision that is left out.
    let plan = badges.rollback.clone().unwrap();
    assert_eq!(
        plan.sentence,
        "Removes the custom rollout of ui.badges (25 %): the default rollout, 0 %, applies"
    );
}

#[test]
fn two_components_that_do_harm_are_both_named() {
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = open(&folder);
    rolled_out(&app);
    report(&app, "ui.badges", true, 500, 46);
    report(&app, "tracker", true, 500, 150);
    let pulse = until(&app, &clock, "both", |it| it.errors.whole == 1000);
    assert_eq!(pulse.verdict.component.as_deref(), Some("tracker"));
    assert!(
        pulse.verdict.sentence.ends_with("; 1 more over a limit"),
        "{}",
        pulse.verdict.sentence
    );
    let plans = pulse
        .components
        .iter()
        .filter_map(|it| it.rollback.as_ref());
    let plans: Vec<&str> = plans.map(|plan| plan.component.as_str()).collect();
    // The default rollout is 0 %, so tracker is on for nobody: there is nothing to roll back.
    assert_eq!(plans, ["ui.badges"]);
}

#[test]
fn what_cannot_be_rolled_back_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = open(&folder);
    let base = rolled_out(&app);
    let badges = path("ui.badges");
    let gone = app.roll_back(&path("ui.gone"), None, &ada()).unwrap_err();
    assert!(matches!(gone, Error::NotFound { .. }), "{gone:?}");
    let group = app.roll_back(&path("ui"), None, &ada()).unwrap_err();
    assert!(matches!(group, Error::NotFound { .. }), "{group:?}");
    // The plan was made on another revision.
    roll_out(&app, "ui.badges", 30_000);
    let old = Some(RevisionNumber(base));
    let conflict = app.roll_back(&badges, old, &ada()).unwrap_err();
    assert!(matches!(conflict, Error::Conflict { .. }), "{conflict:?}");
    let plan = app.rollback_plan(&badges).unwrap();
    assert_eq!(plan.sentence, "Sets ui.badges back to 25 % (it is 30 %)");
    // Nobody sees it while all flags are off.
    turn_master(&app, false);
    let off = app.roll_back(&badges, None, &ada()).unwrap_err();
    assert!(matches!(off, Error::NothingToDo { .. }), "{off:?}");
    // And one that was removed is not there to be rolled back.
    let paths = vec![badges.clone()];
    change(
        &app,
        Edit::Remove {
            paths,
            release: true,
        },
    );
    let removed = app.roll_back(&badges, None, &ada()).unwrap_err();
    assert!(matches!(removed, Error::NotFound { .. }), "{removed:?}");
}

#[test]
fn memory_near_its_limit_stays_what_it_was_called() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = open(&folder);
    let memory = |bytes: u64| {
        let line = format!(r#"{{"type":"ml:memory","source":"web","bytes":{bytes}}}"#);
        apps::report(&app, &line).unwrap();
        pulse(&app).memory.standing
    };
    assert_eq!(memory(104_000_000), MemoryStanding::Within);
    assert_eq!(memory(105_000_000), MemoryStanding::High);
    assert_eq!(memory(104_000_000), MemoryStanding::High);
    assert_eq!(memory(90_000_000), MemoryStanding::Within);
    assert_eq!(memory(158_000_000), MemoryStanding::Over);
    assert_eq!(memory(150_000_000), MemoryStanding::Over);
}

/// Other programs save revisions, too, and a test of an application reports at once.
#[test]
fn what_is_reported_right_after_a_change_counts_after_it_for_every_program() {
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = open(&folder);
    rolled_out(&app);
    report(&app, "ui.badges", true, 300, 0);
    let other = open_watching_by(folder.path(), &clock);
    clock.advance(MILLISECOND);
    roll_out(&other, "ui.badges", 40_000);
    report(&app, "ui.badges", true, 200, 30);
    report(&app, "ui.badges", false, 400, 4);
    let said = "ui.badges: 15 % errors on, 1.0 % off since revision 6";
    until(&app, &clock, "the verdict", |it| {
        it.verdict.sentence.starts_with(said)
    });
    let from_outside = || {
        let output = flagctl(&folder, &["metrics"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    // Before it is kept together with the time before, and after.
    for _ in 0..12 {
        let text = from_outside();
        assert!(text.contains(said), "{text}");
        let_pass(&clock, SECOND);
    }
    close(other);
    close(app);
    let again = open_watching_by(folder.path(), &clock);
    until(&again, &clock, "the verdict", |it| {
        it.verdict.sentence.starts_with(said)
    });
    assert!(from_outside().contains(said));
}

/// The command line reads what is kept, and comes to the same verdict.
#[test]
fn the_command_line_shows_the_same_verdict_and_rolls_back() {
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = open(&folder);
    rolled_out(&app);
    report(&app, "ui.badges", true, 500, 46);
    report(&app, "ui.badges", false, 2000, 12);
    let told = until(&app, &clock, "the verdict", |it| {
        it.verdict.component.is_some()
    });
    close(app);
    let said = |arguments: &[&str]| {
        let output = flagctl(&folder, arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text)
    };
    let (_, text) = said(&["metrics"]);
    assert!(text.contains(&told.verdict.sentence), "{text}");
    assert!(
        text.contains(
            "To roll back: flagctl rollback ui.badges  (Sets ui.badges back to 5 % (it is 25 %))"
        ),
        "{text}"
    );
    let (_, text) = said(&["rollback", "ui.badges", "--check"]);
    assert_eq!(text, "Sets ui.badges back to 5 % (it is 25 %)\n");
    let (code, text) = said(&["rollback", "ui.badges"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("ui.badges: 25 % → 5 %"), "{text}");
    let (_, text) = said(&["history", "--limit", "1"]);
    assert!(
        text.contains("9.2 % errors on, 0.6 % off since revision"),
        "{text}"
    );
    // Further back it had no custom rollout, and the default is nobody.
    let (_, text) = said(&["rollback", "ui.badges", "--check"]);
    assert_eq!(
        text,
        "Removes the custom rollout of ui.badges (5 %): the default rollout, 0 %, applies\n"
    );
    said(&["rollback", "ui.badges"]);
    let (code, _) = said(&["rollback", "ui.badges"]);
    assert_eq!(code, Some(5), "nobody sees it");
    let (code, _) = said(&["rollback", "ui.gone"]);
    assert_eq!(code, Some(3));
}
