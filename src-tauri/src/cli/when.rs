//! Moments as people name them on a command line: a day, a moment, or how long ago. And how
//! long something is to take.

use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use flagdeck::wire::AsOf;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

/// A moment, or a day from its first moment to its last.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// A day of this machine's calendar.
    Day(Date),
    /// A moment by this machine's clock.
    Local(DateTime),
    /// A moment that is the same everywhere.
    Moment(Timestamp),
    /// So long before the moment it is asked.
    Ago(Span),
}

/// A text that names no moment.
#[derive(Debug, thiserror::Error)]
#[error(
    "a moment is a day such as 2026-11-23, a moment such as 2026-11-23T14:00:00Z, or how long \
     ago, such as 2d, 3h or 10m"
)]
pub struct NoMoment;

impl FromStr for When {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        // From what says most to what says least: a shorter form is the beginning of a longer.
        let moment = text.parse().map(Self::Moment);
        let moment = moment.or_else(|_| match text.contains([':', 'T']) {
            true => text.parse().map(Self::Local),
            false => text.parse().map(Self::Day),
        });
        match moment.or_else(|_| text.parse().map(Self::Ago)) {
            Ok(Self::Ago(span)) if span.is_negative() => Err(NoMoment),
            found => found.map_err(|_| NoMoment),
        }
    }
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
        let here = TimeZone::system();
        let found = match self {
            Self::Day(day) => day
                .checked_add(Span::new().days(days_more))
                .and_then(|day| day.to_zoned(here)),
            Self::Local(moment) => moment.to_zoned(here),
            Self::Moment(moment) => Ok(moment.to_zoned(here)),
            Self::Ago(span) => Timestamp::from_millisecond(now_ms)
                .and_then(|now| now.to_zoned(here).checked_sub(span)),
        };
        let found = found.context("the moment is beyond every calendar")?;
        Ok(found.timestamp().as_millisecond())
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
        match text.strip_prefix(['r', '#']).unwrap_or(text).parse() {
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
