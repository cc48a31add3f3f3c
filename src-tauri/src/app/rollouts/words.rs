//! Sentences about rollouts: how one stands and why, what is missing for a step, what happened.

use flagdeck_core::ramp::{Gap, Missing, Phase, Unwatched};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::rollouts::course::Course;
use crate::rollouts::limits::LATE_SHARE;
use crate::rollouts::shapes::{ArmCounts, GuardRules, GuardTest};
use crate::rollouts::store::{KeptRamp, Seen};

/// How a rollout is called.
pub(super) fn name(component: Option<&str>) -> &str {
    component.unwrap_or("the default rollout")
}

/// The same at the beginning of a sentence.
pub(super) fn title(component: Option<&str>) -> &str {
    component.unwrap_or("The default rollout")
}

/// `1,204`.
fn thousands(count: u64) -> String {
    flagdeck_core::diff::documents::thousands(count as usize)
}

/// `1.2 %`, with as many digits as say something.
fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => "none".into(),
        _ => percent(part as f64 / whole as f64),
    }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent.abs() {
        0.0 => "0 %".into(),
        ..0.1 => format!("{percent:.2} %"),
        ..10.0 => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

/// `12 of 340 (3.5 %)`.
fn part_of(part: u64, whole: u64) -> String {
    let (all, of) = (thousands(whole), thousands(part));
    format!("{of} of {all} ({})", share(part, whole))
}

/// `3 h 12 min`, `45 s`.
pub(super) fn span(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{minutes} min"),
        7200..172_800 => match minutes % 60 {
            0 => format!("{hours} h"),
            rest => format!("{hours} h {rest} min"),
        },
        _ => match hours % 24 {
            0 => format!("{days} days"),
            rest => format!("{days} days {rest} h"),
        },
    }
}

/// A moment as a person at this machine reads it: `14:02` today, else `Tue 2026-12-01 14:02`.
pub(super) fn moment(at_ms: i64, now_ms: i64) -> String {
    let zoned = |ms: i64| {
        let instant = Timestamp::from_millisecond(ms).unwrap_or_default();
        instant.to_zoned(TimeZone::system())
    };
    let (at, now) = (zoned(at_ms), zoned(now_ms));
    match at.date() == now.date() {
        true => at.strftime("%H:%M").to_string(),
        false => at.strftime("%a %Y-%m-%d %H:%M").to_string(),
    }
}

/// Says why a rollout is rolled back: what was measured, against what.
pub(super) fn harm(test: GuardTest, course: &Course, rules: &GuardRules) -> String {
    let (exposed, control) = (&course.exposed, &course.control);
    let failed = part_of(exposed.failed, exposed.calculations);
    match test {
        GuardTest::Relative => format!(
            "{failed} calculations failed for users with it on, {} for the others",
            part_of(control.failed, control.calculations)
        ),
        GuardTest::Absolute => format!(
            "{failed} calculations failed for users with it on; the limit is {}",
            percent(rules.error_rate)
        ),
        GuardTest::Latency => slower(course),
        GuardTest::Late => format!(
            "{} calculations took longer than {} for users with it on; the limit is {}",
            part_of(exposed.late, exposed.calculations),
            milliseconds(rules.response_time_ms),
            percent(LATE_SHARE)
        ),
        GuardTest::Memory => format!(
            "the application uses {}; the limit is {}",
            course
                .memory_bytes
                .map_or_else(|| "too much memory".into(), mebibytes),
            mebibytes(rules.memory_bytes)
        ),
        GuardTest::Ratio => "the share of users with it on is not what the rollout says".into(),
    }
}

fn slower(course: &Course) -> String {
    let Some(slow) = course.slowest() else {
        return "calculations take longer for users with it on than for the others".into();
    };
    format!(
        "{} calculations took longer than {} for users with it on, {} for the others",
        part_of(slow.exposed, course.exposed.calculations),
        milliseconds((slow.edge_s * 1000.0) as u64),
        part_of(slow.control, course.control.calculations)
    )
}

fn milliseconds(ms: u64) -> String {
    match ms.is_multiple_of(1000) {
        true => format!("{} s", ms / 1000),
        false => format!("{ms} ms"),
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Says what the guard waits for a person to look at.
pub(super) fn held(test: GuardTest) -> &'static str {
    match test {
        GuardTest::Memory => {
            "memory has grown by half since this attempt began; it may be for another reason"
        }
        GuardTest::Ratio => {
            "the share of users with it on is not what the rollout says, so the comparison is not \
             fair"
        }
        _ => "the guard asks to stay",
    }
}

/// Says what was seen so far without harm.
pub(super) fn seen(seen: &Seen) -> String {
    let of = |arm: &ArmCounts| share(arm.failed, arm.calculations);
    let (exposed, control) = (&seen.exposed, &seen.control);
    let exposed_text = format!(
        "{} calculations with it on, {} failed",
        thousands(exposed.calculations),
        of(exposed)
    );
    match control.calculations {
        0 => exposed_text,
        calculations => format!(
            "{exposed_text}; {} with it off, {} failed",
            thousands(calculations),
            of(control)
        ),
    }
}

/// Says that harm is possible, and not certain.
pub(super) fn doubtful(seen: &Seen) -> String {
    format!(
        "It may do harm, which is not certain yet: {}.",
        self::seen(seen)
    )
}

/// Says where a ramp is and what is missing, in one sentence.
pub(super) fn ramp(
    kept: &KeptRamp,
    missing: &[Missing],
    earliest_ms: Option<i64>,
    now_ms: i64,
) -> String {
    let ramp = &kept.ramp;
    let at = match ramp.present() {
        Some(present) => format!("At {present} %"),
        None => "Not begun".into(),
    };
    match ramp.phase {
        Phase::Running => {}
        Phase::Paused => return format!("{at}, paused."),
        Phase::Changed => {
            return format!("{at}, paused: the rollout was changed by other means.");
        }
        Phase::Completed => return "Complete: every step was made and watched.".into(),
        Phase::Aborted => return format!("{at}, ended before it was complete."),
        Phase::RolledBack => return "Rolled back.".into(),
    }
    let next = match ramp.next() {
        Some(next) => format!("{at}, next {next} %"),
        None => format!("{at}, the last step"),
    };
    if missing.is_empty() {
        return format!("{next} now.");
    }
    let parts: Vec<String> = missing.iter().map(|it| lacks(it, now_ms)).collect();
    let when = match earliest_ms {
        Some(at_ms) if at_ms > now_ms => format!(", at {} at the earliest", moment(at_ms, now_ms)),
        _ => String::new(),
    };
    format!("{next}{when}. Missing: {}.", parts.join("; "))
}

fn lacks(missing: &Missing, now_ms: i64) -> String {
    match *missing {
        Missing::Person => "a person who resumes it".into(),
        Missing::Start { at_ms } => format!("its start at {}", moment(at_ms, now_ms)),
        Missing::Guard => "a person who looks at what the guard found".into(),
        Missing::Watching { why, since_ms } => {
            format!("{} since {}", unwatched(why), moment(since_ms, now_ms))
        }
        Missing::Time { left_ms } => format!("{} more", span(left_ms)),
        Missing::Exposed { left } => {
            format!("{} more calculations with it on", thousands(left))
        }
        Missing::Hours { opens_ms } => match opens_ms {
            Some(opens_ms) => format!("working hours, from {}", moment(opens_ms, now_ms)),
            None => "working hours".into(),
        },
    }
}

fn unwatched(why: Unwatched) -> &'static str {
    match why {
        Unwatched::Closed => "Flagdeck was not running",
        Unwatched::Unstored => "what applications report could not be kept",
        Unwatched::Silent => "nothing was reported of it",
        Unwatched::Off => "nobody had it on",
    }
}

/// Says that a step begins again, and why.
pub(super) fn began_again(gap: &Gap) -> String {
    let length = gap.to_ms.saturating_sub(gap.from_ms).unsigned_abs();
    format!(
        "For {} {}: the step begins again.",
        span(length),
        unwatched(gap.why)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_shares_have_as_many_digits_as_say_something() {
        let spans = [0, 900, 119_000, 120_000, 7_199_000, 7_200_000, 11_520_000];
        let texts = spans.map(span);
        assert_eq!(
            texts,
            [
                "0 s",
                "1 s",
                "119 s",
                "2 min",
                "119 min",
                "2 h",
                "3 h 12 min"
            ]
        );
        assert_eq!(span(3 * 86_400_000 + 3_600_000), "3 days 1 h");
        assert_eq!(
            [(0, 9), (1, 3000), (1, 30), (29, 30), (0, 0)].map(|(part, all)| share(part, all)),
            ["0 %", "0.03 %", "3.3 %", "97 %", "none"]
        );
    }
}
