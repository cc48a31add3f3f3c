//! Ramps: what is missing for the next step, and that nothing unwatched counts.

use flagdeck_core::Percentage;
use flagdeck_core::ramp::{
    Gap, Hours, Look, Missing, NAMED, Phase, Plan, PlanError, Ramp, Unwatched, steps_from_text,
};
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn plan(steps: &str, dwell_s: u64, least_exposed: u64) -> Plan {
    Plan {
        steps: steps_from_text(steps).expect("steps"),
        dwell_s,
        least_exposed,
        hours: None,
    }
}

fn seen(now_ms: i64, watched_ms: u64, exposed: u64) -> Look {
    Look {
        now_ms,
        watched_ms,
        exposed,
        gap: None,
        is_held: false,
    }
}

/// Looks, and makes the step that nothing is missing for.
fn go_on(ramp: &mut Ramp, look: &Look) -> Vec<Missing> {
    ramp.look(look);
    let missing = ramp.missing(look, &TimeZone::UTC);
    if missing.is_empty() && ramp.phase == Phase::Running {
        ramp.step();
    }
    missing
}

#[test]
fn a_step_needs_its_time_and_its_calculations() {
    let mut ramp = Ramp::new(plan("10-100", 60, 5), None);
    assert_eq!(ramp.present(), None);
    assert_eq!(go_on(&mut ramp, &seen(0, 0, 0)), []);
    assert_eq!(ramp.present(), Percentage::from_milli(10_000));
    let missing = go_on(&mut ramp, &seen(30_000, 30_000, 2));
    let expected = [
        Missing::Time { left_ms: 30_000 },
        Missing::Exposed { left: 3 },
    ];
    assert_eq!(missing, expected);
    assert_eq!(
        go_on(&mut ramp, &seen(60_000, 30_000, 2)),
        [Missing::Exposed { left: 1 }]
    );
    assert_eq!(go_on(&mut ramp, &seen(61_000, 1000, 1)), []);
    assert_eq!(ramp.present(), Some(Percentage::FULL));
    assert_eq!(ramp.phase, Phase::Running, "the last step is watched, too");
    assert_eq!(go_on(&mut ramp, &seen(125_000, 60_000, 9)), []);
    assert_eq!(ramp.phase, Phase::Completed);
}

#[test]
fn a_step_that_was_not_watched_begins_again() {
    let mut ramp = Ramp::new(plan("10-100", 60, 5), None);
    go_on(&mut ramp, &seen(0, 0, 0));
    go_on(&mut ramp, &seen(59_000, 59_000, 50));
    let gap = Gap {
        why: Unwatched::Closed,
        from_ms: 59_000,
        to_ms: 3_600_000,
    };
    let back = Look {
        gap: Some(gap),
        ..seen(3_600_001, 0, 0)
    };
    let missing = go_on(&mut ramp, &back);
    let expected = [
        Missing::Time { left_ms: 60_000 },
        Missing::Exposed { left: 5 },
    ];
    assert_eq!(missing, expected);
    assert_eq!(ramp.gap, Some(gap), "it says how long");
    // A moment without watching does not count, and begins nothing again.
    go_on(&mut ramp, &seen(3_631_000, 31_000, 3));
    let moment = Look {
        gap: Some(Gap {
            from_ms: 3_631_000,
            to_ms: 3_651_000,
            ..gap
        }),
        ..seen(3_651_001, 0, 0)
    };
    let missing = go_on(&mut ramp, &moment);
    assert_eq!(missing[0], Missing::Time { left_ms: 29_000 });
    // While it goes on, that is what is missing.
    let blind = Look {
        gap: Some(Gap {
            why: Unwatched::Silent,
            from_ms: 3_700_000,
            to_ms: 3_800_000,
        }),
        ..seen(3_800_000, 0, 0)
    };
    let missing = go_on(&mut ramp, &blind);
    let why = Unwatched::Silent;
    let since_ms = 3_700_000;
    assert_eq!(missing[0], Missing::Watching { why, since_ms });
    assert_eq!(ramp.earliest_ms(&blind, &TimeZone::UTC), None);
}

#[test]
fn what_the_guard_holds_stays_however_long() {
    let mut ramp = Ramp::new(plan("10-100", 60, 0), None);
    go_on(&mut ramp, &seen(0, 0, 0));
    let held = Look {
        is_held: true,
        ..seen(600_000, 600_000, 1000)
    };
    let missing = go_on(&mut ramp, &held);
    assert_eq!(missing, [Missing::Guard, Missing::Time { left_ms: 60_000 }]);
}

#[test]
fn a_paused_ramp_waits_for_a_person_and_watches_its_step_again() {
    let mut ramp = Ramp::new(plan("10-100", 60, 0), None);
    go_on(&mut ramp, &seen(0, 0, 0));
    for phase in [Phase::Paused, Phase::Changed] {
        go_on(&mut ramp, &seen(50_000, 50_000, 0));
        ramp.phase = phase;
        let missing = go_on(&mut ramp, &seen(900_000, 850_000, 0));
        assert_eq!(missing, [Missing::Person]);
        ramp.resume();
        let missing = go_on(&mut ramp, &seen(900_000, 0, 0));
        assert_eq!(missing, [Missing::Time { left_ms: 60_000 }]);
    }
}

#[test]
fn what_has_ended_makes_no_step() {
    for phase in [Phase::Completed, Phase::Aborted, Phase::RolledBack] {
        let mut ramp = Ramp::new(plan("10-100", 0, 0), None);
        go_on(&mut ramp, &seen(0, 0, 0));
        ramp.phase = phase;
        go_on(&mut ramp, &seen(1_000_000, 1_000_000, 1_000_000));
        assert_eq!((ramp.made, ramp.phase), (1, phase));
        assert!(!phase.is_open());
    }
}

#[test]
fn it_begins_when_it_is_to_and_within_working_hours() {
    let zone = TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC);
    let at = |day: i8, hour: i8| {
        let zoned = date(2026, 3, day).at(hour, 0, 0, 0).to_zoned(zone.clone());
        zoned.expect("a moment").timestamp().as_millisecond()
    };
    let hours = Hours::from_text("Mon-Fri 09:00-17:00", "Europe/Berlin").expect("hours");
    let plan = Plan {
        hours: Some(hours),
        ..plan("10-100", 3600, 0)
    };
    // Saturday the 28th; on the 29th the clocks of Europe go forward.
    let mut ramp = Ramp::new(plan, Some(at(28, 12)));
    let missing = |ramp: &Ramp, now_ms| ramp.missing(&seen(now_ms, 0, 0), &zone);
    let opens_ms = Some(at(30, 9));
    assert_eq!(
        missing(&ramp, at(28, 11)),
        [
            Missing::Start { at_ms: at(28, 12) },
            Missing::Hours { opens_ms }
        ]
    );
    assert_eq!(missing(&ramp, at(28, 13)), [Missing::Hours { opens_ms }]);
    assert_eq!(ramp.earliest_ms(&seen(at(28, 11), 0, 0), &zone), opens_ms);
    assert_eq!(missing(&ramp, at(30, 16)), []);
    ramp.step();
    assert_eq!(
        ramp.earliest_ms(&seen(at(30, 16), 0, 0), &zone),
        Some(at(31, 9)),
        "an hour later it is 17:00"
    );
    ramp.step();
    ramp.look(&seen(at(31, 23), 3_600_000, 0));
    let done = missing(&ramp, at(31, 23));
    assert_eq!(done, [], "nothing is widened by watching the last step");
}

#[test]
fn hours_are_read_as_people_write_them() {
    let zone = TimeZone::UTC;
    let is_open = |text: &str, day: i8, hour: i8| {
        let hours = Hours::from_text(text, "UTC").expect("hours");
        // The 1st of June 2026 is a Monday.
        let now = date(2026, 6, day).at(hour, 30, 0, 0).to_zoned(zone.clone());
        hours.is_open(&now.expect("a moment"))
    };
    assert!(is_open("09:00-17:00", 6, 9));
    assert!(!is_open("09:00-17:00", 6, 17));
    assert!(is_open("Mon-Fri 09:00-17:00", 5, 16));
    assert!(!is_open("Mon-Fri 09:00-17:00", 6, 16));
    assert!(is_open("mon,wed 22:00-06:00", 2, 5), "Monday's night");
    assert!(!is_open("mon,wed 22:00-06:00", 2, 22));
    assert!(is_open("Sat-Mon 00:00-00:00", 7, 23));
    for text in ["Mon-Fri 09:00-17:00", "Mon,Wed 22:00-06:00", "09:00-17:00"] {
        let hours = Hours::from_text(text, "UTC").expect("hours");
        assert_eq!(hours.to_text(), text);
        let json = serde_json::to_string(&hours).expect("JSON");
        assert_eq!(serde_json::from_str::<Hours>(&json).expect("hours"), hours);
    }
    for text in [
        "",
        "9 to 5",
        "Mon-Fri",
        "Mon-Foo 09:00-17:00",
        "09:00-25:00",
    ] {
        let refused = Hours::from_text(text, "UTC").expect_err(text);
        assert_eq!(refused, PlanError::Hours(text.into()));
    }
}

#[test]
fn plans_say_what_is_wrong_with_them() {
    let check = |steps: &str| plan(steps, 0, 0).check().map_err(|error| error.to_string());
    assert_eq!(check("1-5-10-25-50-100"), Ok(()));
    assert_eq!(check("0.5, 12.5 100"), Ok(()));
    assert_eq!(
        check("1-10-5"),
        Err("steps grow: 5 does not come after 10".into())
    );
    assert_eq!(check(""), Err("a ramp has 1 to 200 steps, not 0".into()));
    for text in ["0", "101", "5-x", "1.0001"] {
        assert!(steps_from_text(text).is_err(), "{text}");
    }
    let long = plan("1", 366 * 24 * 3600 + 1, 0).check();
    assert_eq!(long, Err(PlanError::Dwell));
    for named in NAMED {
        assert_eq!(named.plan().check(), Ok(()), "{}", named.name);
    }
    assert_eq!(
        NAMED[0]
            .plan()
            .above(Percentage::from_milli(10_000).expect("10 %"))
            .steps_text(),
        "25-50-100"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// However looks fall, a step is made only after it was watched for its time without a long gap,
    /// and saw its calculations.
    #[test]
    fn no_step_is_made_unwatched(
        looks in prop::collection::vec((0_u64..40_000, 0_u64..4, 0_i64..200_000, any::<bool>()), 1..80),
    ) {
        let mut ramp = Ramp::new(plan("1-5-10-50-100", 60, 5), None);
        go_on(&mut ramp, &seen(0, 0, 0));
        let (mut now_ms, mut watched_ms, mut exposed) = (0, 0, 0);
        for (watched, seen_now, closed_ms, is_closed) in looks {
            now_ms += watched as i64;
            let mut look = seen(now_ms, watched, seen_now);
            if is_closed {
                let gap = Gap { why: Unwatched::Closed, from_ms: now_ms, to_ms: now_ms + closed_ms };
                now_ms += closed_ms + 1;
                look = Look { now_ms, gap: Some(gap), ..look };
                if closed_ms > 60_000 {
                    (watched_ms, exposed) = (0, 0);
                }
            }
            watched_ms += watched;
            exposed += seen_now;
            let made = ramp.made;
            go_on(&mut ramp, &look);
            let is_due = watched_ms >= 60_000 && exposed >= 5;
            prop_assert_eq!(ramp.made != made || ramp.phase == Phase::Completed, is_due);
            if is_due {
                (watched_ms, exposed) = (0, 0);
            }
            if ramp.phase == Phase::Completed {
                break;
            }
        }
    }
}
