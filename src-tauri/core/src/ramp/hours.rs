//! When a ramp may make a step: hours of days, in a time zone.

use jiff::civil::{Date, Time, Weekday};
use jiff::{ToSpan, Zoned};
use serde::{Deserialize, Serialize};

use super::PlanError;

/// Working hours. They may go over midnight, and belong to the day they begin on then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename = "RampHours", rename_all = "camelCase")
)]
pub struct Hours {
    /// The days, from Monday on, each once.
    pub days: Vec<Day>,
    /// When they begin, by the clock of the zone: `09:00`.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    #[serde(with = "clock")]
    pub from: Time,
    /// When they end: `17:00`. The same as `from` for the whole day.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    #[serde(with = "clock")]
    pub to: Time,
    /// The name of the time zone: `Europe/Berlin`.
    pub zone: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename = "RampDay", rename_all = "camelCase")
)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    /// All of them, from Monday on.
    pub const ALL: [Self; 7] = [
        Self::Mon,
        Self::Tue,
        Self::Wed,
        Self::Thu,
        Self::Fri,
        Self::Sat,
        Self::Sun,
    ];

    fn of(weekday: Weekday) -> Self {
        Self::ALL[weekday.to_monday_zero_offset() as usize]
    }

    /// Returns its short name.
    pub fn name(self) -> &'static str {
        ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][self as usize]
    }

    fn from_text(text: &str) -> Option<Self> {
        let named = |day: &Self| day.name().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(named)
    }
}

/// Days to look ahead for the next opening: each day of the week comes once.
const AHEAD_DAYS: i64 = 8;

impl Hours {
    /// Reads `Mon-Fri 09:00-17:00`, or `09:00-17:00` for every day, or `Mon,Wed,Fri 22:00-06:00`.
    ///
    /// # Errors
    /// [`PlanError::Hours`] if it is anything else.
    pub fn from_text(text: &str, zone: &str) -> Result<Self, PlanError> {
        let refused = || PlanError::Hours(text.to_owned());
        let text = text.trim();
        let (days, times) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
        let (from, to) = times.split_once('-').ok_or_else(refused)?;
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).map_err(|_| refused());
        let hours = Self {
            days: days_from_text(days.trim()).ok_or_else(refused)?,
            from: time(from)?,
            to: time(to)?,
            zone: zone.to_owned(),
        };
        hours.check()?;
        Ok(hours)
    }

    /// Checks that there is a day.
    ///
    /// # Errors
    /// [`PlanError::NoDay`] if not.
    pub(super) fn check(&self) -> Result<(), PlanError> {
        match self.days.is_empty() {
            true => Err(PlanError::NoDay),
            false => Ok(()),
        }
    }

    /// Writes them as [`Hours::from_text`] reads them.
    pub fn to_text(&self) -> String {
        let times = format!(
            "{}-{}",
            self.from.strftime("%H:%M"),
            self.to.strftime("%H:%M")
        );
        let is_run = self
            .days
            .windows(2)
            .all(|pair| pair[1] as u8 == pair[0] as u8 + 1);
        match self.days.as_slice() {
            days if days.len() == Day::ALL.len() => times,
            [first, .., last] if is_run && self.days.len() > 2 => {
                format!("{}-{} {times}", first.name(), last.name())
            }
            days => {
                let names: Vec<_> = days.iter().map(|day| day.name()).collect();
                format!("{} {times}", names.join(","))
            }
        }
    }

    /// Returns whether a moment is within them.
    pub fn is_open(&self, now: &Zoned) -> bool {
        let today = now.date();
        let days = [today.yesterday().ok(), Some(today)];
        let mut spans = days
            .into_iter()
            .flatten()
            .filter_map(|day| self.span(day, now));
        spans.any(|(from, to)| from <= *now && *now < to)
    }

    /// Returns when they begin next, after a moment that is not within them; `None` if not within
    /// a week, as with a day that a zone leaves out.
    pub fn opens(&self, now: &Zoned) -> Option<Zoned> {
        let days = (0..=AHEAD_DAYS).filter_map(|ahead| now.date().checked_add(ahead.days()).ok());
        let mut begins = days
            .filter_map(|day| self.span(day, now))
            .map(|(from, _)| from);
        begins.find(|from| from > now)
    }

    /// Returns when the hours of a day begin and end, if it has any.
    fn span(&self, day: Date, now: &Zoned) -> Option<(Zoned, Zoned)> {
        if !self.days.contains(&Day::of(day.weekday())) {
            return None;
        }
        let last = match self.from < self.to {
            true => day,
            false => day.tomorrow().ok()?,
        };
        let zoned = |day: Date, time: Time| day.to_datetime(time).to_zoned(now.time_zone().clone());
        Some((zoned(day, self.from).ok()?, zoned(last, self.to).ok()?))
    }
}

/// Reads `Mon-Fri`, `Mon,Wed` or nothing for every day.
fn days_from_text(text: &str) -> Option<Vec<Day>> {
    if text.is_empty() {
        return Some(Day::ALL.to_vec());
    }
    let mut days = Vec::new();
    for part in text.split(',').map(str::trim) {
        match part.split_once('-') {
            None => days.push(Day::from_text(part)?),
            Some((first, last)) => {
                let (first, last) = (Day::from_text(first.trim())?, Day::from_text(last.trim())?);
                let both = (first as usize, last as usize);
                // Sat-Mon goes over the end of the week.
                let length = (both.1 + 7 - both.0) % 7;
                days.extend((0..=length).map(|at| Day::ALL[(both.0 + at) % 7]));
            }
        }
    }
    days.sort_unstable();
    days.dedup();
    Some(days)
}

/// A time as `09:00`.
mod clock {
    use jiff::civil::Time;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Time, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&time.strftime("%H:%M"))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Time, D::Error> {
        let text = String::deserialize(from)?;
        Time::strptime("%H:%M", &text).map_err(|_| D::Error::custom("the time is not HH:MM"))
    }
}
