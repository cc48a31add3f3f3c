//! Moments as people name them on a command line: a day, a moment, or how long ago. And how
//! long something is to take.

use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use flagdeck::wire::AsOf;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, Zoned};

/// A moment, or a day from its first moment to its last.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// A day of this machine's calendar.
    Day(Day),
    /// A moment by this machine's clock.
    Local(Day, Time),
    /// A moment that is the same everywhere.
    Moment(Timestamp),
    /// So long before the moment it is asked.
    Ago(Span),
}

/// A day, by its date or as seen from today.
#[derive(Debug, Clone, Copy)]
pub enum Day {
    /// Of the calendar.
    Date(Date),
    /// So many days before today.
    Ago(i64),
    /// The last day of this name before today.
    Last(Weekday),
}

/// A text that names no moment.
#[derive(Debug, thiserror::Error)]
#[error(
    "a moment is a day such as 2026-11-23, today or yesterday, a moment such as \
     2026-11-23T14:00:00Z or \"yesterday 14:00\", or how long ago, such as 2d, 3h or 10m"
)]
pub struct NoMoment;

impl FromStr for When {
    type Err = NoMoment;

    /// Reads what the window reads, too (`ui/src/model/moment.ts`).
    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let text = text.trim().to_ascii_lowercase();
        if let Ok(moment) = text.parse() {
            return Ok(Self::Moment(moment));
        }
        day_and_time(&text).or_else(|| ago(&text)).ok_or(NoMoment)
    }
}

/// Reads a day, a time of today, or both: `yesterday 16:00`, `2026-11-23T14:00`, `tue, 4:00 pm`.
fn day_and_time(text: &str) -> Option<When> {
    let text = text.strip_prefix("last ").map_or(text, str::trim_start);
    // A date ends where its clock begins, with a T if it is written as programs do.
    let is_between = |c: char| c.is_ascii_whitespace() || c == ',';
    let split = match text
        .split_once('t')
        .filter(|(date, _)| date.parse::<Date>().is_ok())
    {
        Some(split) => Some(split),
        None => text.split_once(is_between),
    };
    let (first, rest) = split.unwrap_or((text, ""));
    let rest = rest.trim_start_matches(is_between);
    match (day(first), rest) {
        (Some(day), "") => Some(When::Day(day)),
        (Some(day), rest) => Some(When::Local(day, clock(rest)?)),
        (None, _) => Some(When::Local(Day::Ago(0), clock(text)?)),
    }
}

fn day(text: &str) -> Option<Day> {
    const WEEKDAYS: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    match text {
        "today" => return Some(Day::Ago(0)),
        "yesterday" => return Some(Day::Ago(1)),
        _ => {}
    }
    let is_it = |(name, _): &&(&str, Weekday)| text == *name || text == &name[..3];
    let weekday = WEEKDAYS.iter().find(is_it).map(|(_, day)| Day::Last(*day));
    weekday.or_else(|| text.parse().ok().map(Day::Date))
}

/// Reads `16:00`, `16:00:05` or `4:00 pm`.
fn clock(text: &str) -> Option<Time> {
    let halves = [("am", 0), ("pm", 12)];
    let half = halves.iter().find_map(|(name, add)| {
        let digits = text.strip_suffix(name)?.trim_end();
        Some((digits, add))
    });
    let parts = half.map_or(text, |(digits, _)| digits).split(':');
    let parts = parts.zip([1, 2, 2, 2]);
    let parts: Option<Vec<i8>> = parts.map(|(text, least)| digits(text, least)).collect();
    let (hour, minute, second) = match parts?[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match half {
        None => hour,
        Some((_, add)) if (1..=12).contains(&hour) => hour % 12 + add,
        Some(_) => return None,
    };
    Time::new(hour, minute, second, 0).ok()
}

/// Reads two digits, or at least `least`.
fn digits(text: &str, least: usize) -> Option<i8> {
    let is_plain = (least..=2).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// Reads `2d`, `1h30m` or `2 hours ago`.
fn ago(text: &str) -> Option<When> {
    let text = text.strip_suffix("ago").map_or(text, str::trim_end);
    let span: Span = text.parse().ok()?;
    (!span.is_negative()).then_some(When::Ago(span))
}

impl When {
    /// Returns where it begins, in milliseconds since 1970.
    pub fn begins_ms(self, now_ms: i64) -> anyhow::Result<i64> {
        self.moment(now_ms, 0)
    }

    /// Returns the first moment after it, in milliseconds since 1970; a moment is its own end.
    pub fn ends_ms(self, now_ms: i64) -> anyhow::Result<i64> {
        self.moment(now_ms, 1)
    }

    fn moment(self, now_ms: i64, days_more: i64) -> anyhow::Result<i64> {
        let found = self.zoned(now_ms, days_more);
        let found = found.context("the moment is beyond every calendar")?;
        Ok(found.timestamp().as_millisecond())
    }

    fn zoned(self, now_ms: i64, days_more: i64) -> Result<Zoned, jiff::Error> {
        let here = TimeZone::system();
        let now = Timestamp::from_millisecond(now_ms)?.to_zoned(here.clone());
        match self {
            Self::Day(day) => {
                let day = day.date(now.date())?;
                day.checked_add(Span::new().days(days_more))?.to_zoned(here)
            }
            Self::Local(day, time) => day.date(now.date())?.to_datetime(time).to_zoned(here),
            Self::Moment(moment) => Ok(moment.to_zoned(here)),
            Self::Ago(span) => now.checked_sub(span),
        }
    }
}

impl Day {
    fn date(self, today: Date) -> Result<Date, jiff::Error> {
        match self {
            Self::Date(date) => Ok(date),
            Self::Ago(days) => today.checked_sub(Span::new().days(days)),
            Self::Last(weekday) => today.nth_weekday(-1, weekday),
        }
    }
}

/// A moment of the flags: a revision, or the one that was in force then.
#[derive(Debug, Clone, Copy)]
pub enum At {
    /// The revision of this number.
    Revision(u64),
    /// At this moment; of a day, its first one.
    When(When),
}

/// A text that names no moment of the flags.
#[derive(Debug, thiserror::Error)]
#[error("it must be the number of a revision, or a moment: {NoMoment}")]
pub struct NoAt;

impl FromStr for At {
    type Err = NoAt;

    fn from_str(text: &str) -> Result<Self, NoAt> {
        // As the window writes them, too.
        let number = text.trim().to_ascii_lowercase();
        let number = number.strip_prefix("revision").unwrap_or(&number);
        let number = number.strip_prefix(['r', '#']).unwrap_or(number);
        match number.trim().parse() {
            Ok(number) => Ok(Self::Revision(number)),
            Err(_) => text.parse().map(Self::When).map_err(|_: NoMoment| NoAt),
        }
    }
}

impl At {
    /// Returns the moment, as seen from `now_ms`.
    pub fn as_of(self, now_ms: i64) -> anyhow::Result<AsOf> {
        Ok(match self {
            Self::Revision(number) => AsOf::Revision(number),
            Self::When(when) => AsOf::AtMs(when.begins_ms(now_ms)?),
        })
    }
}

/// A text that is no time that something can take.
#[derive(Debug, thiserror::Error)]
#[error("it must be a time such as 90s, 10m or 2h")]
pub struct NoDuration;

/// Reads how long something is to take: `90s`, `10m`, `2h`.
pub fn duration(text: &str) -> Result<Duration, NoDuration> {
    let duration: SignedDuration = text.parse().map_err(|_| NoDuration)?;
    let duration = Duration::try_from(duration).map_err(|_| NoDuration)?;
    match duration.is_zero() {
        true => Err(NoDuration),
        false => Ok(duration),
    }
}

/// Reads the same, also in days of 24 hours: `2d`.
pub fn whole_duration(text: &str) -> Result<Duration, NoDuration> {
    const DAY_S: u64 = 24 * 60 * 60;
    let days = text
        .trim()
        .strip_suffix('d')
        .and_then(|days| days.parse().ok());
    match days.map(|days: u64| days.checked_mul(DAY_S)) {
        None => duration(text),
        Some(None | Some(0)) => Err(NoDuration),
        Some(Some(seconds)) => Ok(Duration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::DateTime;
    use serde::Deserialize;

    use super::*;

    /// Read by the tests of the page, too.
    const VECTORS: &str = include_str!("../../../tests/fixtures/typed_moments.json");

    #[derive(Deserialize)]
    struct Vectors {
        now: String,
        local: Vec<(String, String)>,
        everywhere: Vec<(String, i64)>,
        revisions: Vec<(String, u64)>,
        refused: Vec<String>,
    }

    fn local_ms(text: &str) -> i64 {
        let local: DateTime = text.parse().unwrap();
        let zoned = local.to_zoned(TimeZone::system()).unwrap();
        zoned.timestamp().as_millisecond()
    }

    #[test]
    fn moments_are_read_as_the_window_reads_them() {
        let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
        let now_ms = local_ms(&vectors.now);
        let read = |text: &str| text.parse::<When>().expect(text).begins_ms(now_ms).unwrap();
        for (text, expected) in &vectors.local {
            assert_eq!(read(text), local_ms(expected), "{text:?}");
        }
        for (text, expected) in &vectors.everywhere {
            assert_eq!(read(text), *expected, "{text:?}");
        }
        for (text, expected) in &vectors.revisions {
            let at = text.parse::<At>().expect(text);
            assert!(
                matches!(at, At::Revision(number) if number == *expected),
                "{text:?}"
            );
        }
        for text in &vectors.refused {
            assert!(text.parse::<When>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_day_is_taken_whole() {
        let now_ms = local_ms("2026-11-25T14:30:00");
        for day in ["2026-11-24", "yesterday", "Tue", "last tuesday"] {
            let day: When = day.parse().unwrap();
            assert_eq!(
                day.begins_ms(now_ms).unwrap(),
                local_ms("2026-11-24T00:00:00")
            );
            assert_eq!(
                day.ends_ms(now_ms).unwrap(),
                local_ms("2026-11-25T00:00:00")
            );
        }
    }
}
