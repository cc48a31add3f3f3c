//! What a wrong clock may not delete, and when a right one does.

use flagdeck_core::limits::CLOCK_TRUSTED_AFTER_MS as DAY_MS;
use flagdeck_core::trusted::TrustedTime;
use proptest::prelude::*;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const YEAR_MS: i64 = 365 * DAY_MS;
const BEGIN_MS: i64 = 1_764_000_000_000;

/// A machine with a program that runs on it, and its clock.
struct Machine {
    true_ms: i64,
    /// How far the clock is ahead.
    wrong_by_ms: i64,
    time: TrustedTime,
}

impl Machine {
    fn new() -> Self {
        Self {
            true_ms: BEGIN_MS,
            wrong_by_ms: 0,
            time: TrustedTime::default(),
        }
    }

    fn run(&mut self, ms: i64) {
        for _ in 0..ms / MINUTE_MS {
            self.true_ms += MINUTE_MS;
            self.time
                .observe(MINUTE_MS, self.true_ms + self.wrong_by_ms);
        }
        // Restarts lose nothing.
        let kept = serde_json::to_vec(&self.time).expect("plain data is JSON");
        assert_eq!(
            serde_json::from_slice::<TrustedTime>(&kept).expect("what was written is read"),
            self.time
        );
        assert!(kept.len() < 16_000, "{} bytes", kept.len());
    }

    /// What something written now says of its time.
    fn stamp(&self) -> i64 {
        self.true_ms + self.wrong_by_ms
    }

    fn is_old(&self, stamp_ms: i64, kept_ms: i64) -> bool {
        let Some(old) = self.time.old(kept_ms) else {
            return false;
        };
        let is_young = |[first_ms, last_ms]: &[i64; 2]| (*first_ms..=*last_ms).contains(&stamp_ms);
        stamp_ms < old.before_ms && !old.except.iter().any(is_young)
    }

    /// How much older than `kept_ms` something has to be to be deleted; `None` if nothing is.
    fn lags_by_ms(&self, kept_ms: i64) -> Option<i64> {
        let before_ms = self.time.old(kept_ms)?.before_ms;
        Some(self.true_ms - kept_ms - before_ms)
    }
}

#[test]
fn nothing_is_old_before_the_program_has_run_for_a_day() {
    let mut machine = Machine::new();
    machine.run(DAY_MS - MINUTE_MS);
    assert_eq!(machine.lags_by_ms(2 * DAY_MS), None);
    assert_eq!(
        machine.lags_by_ms(HOUR_MS),
        Some(0),
        "what is kept for an hour"
    );
    machine.run(MINUTE_MS);
    assert_eq!(machine.lags_by_ms(2 * DAY_MS), Some(0));
}

#[test]
fn ten_years_ahead_or_back_for_less_than_a_day_delete_nothing_too_early() {
    for wrong_by_ms in [10 * YEAR_MS, -10 * YEAR_MS, -50 * YEAR_MS] {
        for wrong_for_ms in [MINUTE_MS, HOUR_MS, 23 * HOUR_MS] {
            let mut machine = Machine::new();
            machine.run(2 * DAY_MS);
            machine.wrong_by_ms = wrong_by_ms;
            machine.run(wrong_for_ms);
            let lag_ms = machine.lags_by_ms(2 * DAY_MS).unwrap();
            assert_eq!(lag_ms, (-wrong_by_ms).max(0));
            machine.wrong_by_ms = 0;
            machine.run(MINUTE_MS);
            assert!(machine.lags_by_ms(2 * DAY_MS).unwrap() >= 0);
            machine.run(DAY_MS + HOUR_MS);
            assert_eq!(
                machine.lags_by_ms(2 * DAY_MS),
                Some(0),
                "and then it is right again"
            );
            assert_eq!(machine.time.future_after_ms(), Some(machine.true_ms));
        }
    }
}

#[test]
fn what_a_clock_ahead_wrote_is_not_of_the_future_until_it_was_right_for_a_day() {
    let mut machine = Machine::new();
    machine.run(2 * DAY_MS);
    machine.wrong_by_ms = 10 * YEAR_MS;
    machine.run(HOUR_MS);
    machine.wrong_by_ms = 0;
    machine.run(HOUR_MS);
    assert!(machine.time.future_after_ms().unwrap() > machine.true_ms + 9 * YEAR_MS);
}

#[test]
fn a_year_in_a_drawer_is_believed_after_a_day_of_running() {
    let mut machine = Machine::new();
    machine.run(2 * DAY_MS);
    machine.true_ms += YEAR_MS;
    for _ in 0..2 {
        assert_eq!(machine.time.set_back_by_ms(machine.true_ms), 0);
        machine.run(8 * HOUR_MS);
        assert!(machine.lags_by_ms(2 * DAY_MS).unwrap() >= YEAR_MS);
        machine.true_ms += 16 * HOUR_MS;
    }
    machine.run(9 * HOUR_MS);
    assert!(machine.lags_by_ms(2 * DAY_MS).unwrap() < 3 * DAY_MS);
}

#[test]
fn a_clock_that_was_set_back_is_noticed_and_a_night_is_not() {
    let mut machine = Machine::new();
    assert_eq!(machine.time.set_back_by_ms(0), 0);
    machine.run(HOUR_MS);
    assert_eq!(
        machine.time.set_back_by_ms(machine.true_ms + 8 * HOUR_MS),
        0
    );
    let back_ms = machine.time.set_back_by_ms(machine.true_ms - YEAR_MS);
    assert_eq!(back_ms, YEAR_MS);
}

#[test]
fn a_clock_of_a_test_is_trusted() {
    let sure = TrustedTime::sure_of(BEGIN_MS);
    let old = |kept_ms: i64| sure.old(kept_ms).unwrap();
    assert_eq!(old(DAY_MS).before_ms, BEGIN_MS - DAY_MS);
    assert_eq!(old(5).before_ms, BEGIN_MS - 5);
    assert!(old(5).except.is_empty());
    assert_eq!(sure.future_after_ms(), Some(BEGIN_MS));
}

#[test]
fn what_a_clock_wrote_that_was_behind_is_as_old_as_it_is() {
    let kept_ms = 14 * DAY_MS;
    for is_fresh in [false, true] {
        for off_ms in [0, 3 * DAY_MS] {
            let mut machine = Machine::new();
            machine.run(if is_fresh { 0 } else { 5 * DAY_MS });
            machine.wrong_by_ms = -10 * YEAR_MS;
            machine.run(HOUR_MS);
            let (written_ms, stamp_ms) = (machine.true_ms, machine.stamp());
            machine.run(HOUR_MS);
            machine.true_ms += off_ms;
            machine.wrong_by_ms = 0;
            machine.run(MINUTE_MS);
            assert_eq!(machine.time.written_ms(stamp_ms), None, "not known yet");
            while machine.true_ms < written_ms + kept_ms {
                assert!(!machine.is_old(stamp_ms, kept_ms));
                machine.run(6 * HOUR_MS);
            }
            let late_ms = machine.time.written_ms(stamp_ms).unwrap() - written_ms;
            assert!((0..=off_ms).contains(&late_ms), "{late_ms}");
            machine.run(off_ms + DAY_MS);
            assert!(machine.is_old(stamp_ms, kept_ms), "it goes in the end");
        }
    }
}

#[test]
fn two_wrong_years_one_after_the_other_are_both_behind() {
    let mut machine = Machine::new();
    let mut stamps = Vec::new();
    for wrong_years in [-6, -11, -3] {
        machine.wrong_by_ms = wrong_years * YEAR_MS;
        machine.run(HOUR_MS);
        stamps.push(machine.stamp());
    }
    machine.wrong_by_ms = 0;
    machine.run(3 * DAY_MS);
    for stamp_ms in stamps {
        assert!(!machine.is_old(stamp_ms, 7 * DAY_MS));
    }
    assert_eq!(machine.time.written_ms(BEGIN_MS), Some(BEGIN_MS));
}

#[test]
fn a_clock_that_ran_for_a_month_counts_as_right() {
    let mut machine = Machine::new();
    machine.run(31 * DAY_MS);
    let stamp_ms = machine.stamp();
    machine.true_ms += YEAR_MS;
    machine.run(2 * DAY_MS);
    assert_eq!(machine.time.written_ms(stamp_ms), Some(stamp_ms));
    assert!(machine.is_old(stamp_ms, 14 * DAY_MS));
}

/// Minutes of running with a clock that is wrong by so many hours, then minutes switched off.
fn step() -> impl Strategy<Value = (i64, i64, i64)> {
    let wrong = prop_oneof![Just(0), -100_000..100_000_i64, -3..3_i64];
    (1..600_i64, wrong, prop_oneof![Just(0), 0..100_000_i64])
}

proptest! {
    /// Whatever a clock says that is wrong for less than a day in all.
    #[test]
    fn a_wrong_clock_deletes_nothing_too_early(
        steps in prop::collection::vec(step(), 1..12),
        kept_days in 1..400_i64,
    ) {
        let mut machine = Machine::new();
        machine.run(DAY_MS);
        let mut wrong_for_ms = 0;
        for (minutes, wrong_hours, off) in steps {
            let is_short = wrong_for_ms + minutes * MINUTE_MS < DAY_MS - 10 * MINUTE_MS;
            machine.wrong_by_ms = if is_short { wrong_hours * HOUR_MS } else { 0 };
            if machine.wrong_by_ms != 0 {
                wrong_for_ms += minutes * MINUTE_MS;
            }
            machine.run(minutes * MINUTE_MS);
            machine.true_ms += off * MINUTE_MS;
            let lag_ms = machine.lags_by_ms(kept_days * DAY_MS);
            prop_assert!(lag_ms.is_none_or(|lag| lag >= 0), "{lag_ms:?}");
        }
    }

    /// Whatever a clock says that is ever behind, for less than a day in all, is not old for that.
    #[test]
    fn what_was_written_is_kept_at_least_as_long(
        steps in prop::collection::vec(step(), 1..10),
        kept_days in 3..400_i64,
    ) {
        let mut machine = Machine::new();
        let mut written = Vec::new();
        let mut wrong_for_ms = 0;
        for (minutes, wrong_hours, off) in steps {
            let is_short = wrong_for_ms + minutes * MINUTE_MS < DAY_MS - 10 * MINUTE_MS;
            // A clock that is less than a day behind makes things older by that.
            let is_much = wrong_hours.abs() > 48;
            machine.wrong_by_ms = if is_short && is_much { wrong_hours.min(0) * HOUR_MS } else { 0 };
            if machine.wrong_by_ms != 0 {
                wrong_for_ms += minutes * MINUTE_MS;
            }
            machine.run(minutes * MINUTE_MS);
            written.push((machine.true_ms, machine.stamp()));
            for (written_ms, stamp_ms) in &written {
                let is_young = machine.true_ms - written_ms <= kept_days * DAY_MS;
                prop_assert!(!(is_young && machine.is_old(*stamp_ms, kept_days * DAY_MS)));
            }
            machine.true_ms += off * MINUTE_MS;
        }
    }

    /// Whatever it said before, a clock that is right is believed after a day.
    #[test]
    fn a_right_clock_is_believed_after_a_day(steps in prop::collection::vec(step(), 0..12)) {
        let mut machine = Machine::new();
        for (minutes, wrong_hours, off) in steps {
            machine.wrong_by_ms = wrong_hours * HOUR_MS;
            machine.run(minutes * MINUTE_MS);
            machine.true_ms += off * MINUTE_MS;
        }
        machine.wrong_by_ms = 0;
        machine.run(DAY_MS + 20 * MINUTE_MS);
        prop_assert_eq!(machine.lags_by_ms(DAY_MS), Some(0));
        prop_assert_eq!(machine.time.future_after_ms(), Some(machine.true_ms));
    }
}
