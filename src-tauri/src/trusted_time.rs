//! The trusted time of a data folder, kept in `clock.json`: what is deleted for its age goes by it.
//!
//! The program that leads the flags keeps it. Every program reads it when it deletes something, as
//! it was at most a minute ago.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flagdeck_core::trusted::TrustedTime;
use serde_json::json;

use crate::clock::Clock;
use crate::durable::{self, Access};

const FILE: &str = "clock.json";

/// Larger than any that was ever written.
const BYTES_MAX: u64 = 64 * 1024;

/// How often it is written.
const SAVE_EVERY: Duration = Duration::from_secs(60);

/// What counts as running time at most between two looks: a program that was stopped, or another
/// that kept the time meanwhile, saw no clock.
const RAN_MAX: Duration = Duration::from_secs(10);

/// How far a clock has to be set back to be told of: more than one that is put right.
const SET_BACK_MIN_MS: i64 = 60 * 60 * 1000;

/// A moment, and which time to trust when something is deleted for its age.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// What the clock says, in milliseconds since 1970.
    pub now_ms: i64,
    /// What is known of that clock.
    pub trusted: TrustedTime,
}

impl Moment {
    /// Returns what a clock says that has been right for long enough.
    pub fn sure(now_ms: i64) -> Self {
        Self {
            now_ms,
            trusted: TrustedTime::sure_of(now_ms),
        }
    }
}

/// Returns the trusted time of a folder. With a file that is missing or cannot be read, nothing is
/// old before a program has run for a day.
pub fn read(data_dir: &Path) -> TrustedTime {
    let kept = durable::read_at_most(&path(data_dir), BYTES_MAX);
    kept.ok()
        .and_then(|kept| serde_json::from_slice(&kept).ok())
        .unwrap_or_default()
}

/// Ends a condition on what is too old: the rows that a clock wrote which was behind, in the ranges
/// of a JSON list (`[[first, last], …]`), are not. Takes the column and the parameter of the list.
macro_rules! and_not_within {
    ($column:literal, $parameter:literal) => {
        concat!(
            " AND NOT EXISTS (SELECT 1 FROM json_each(",
            $parameter,
            ") AS behind WHERE ",
            $column,
            " BETWEEN behind.value ->> 0 AND behind.value ->> 1)"
        )
    };
}
pub(crate) use and_not_within;

/// What is too old in a table, as parameters of a statement: by default, nothing.
#[derive(Debug)]
pub(crate) struct OldRows {
    /// Rows before this are too old.
    pub(crate) before: i64,
    /// The ranges for [`and_not_within`].
    pub(crate) except: String,
}

impl OldRows {
    /// Returns what is older than `kept_ms` in a table that has times in a unit of `unit_ms`
    /// milliseconds.
    pub(crate) fn in_units(trusted: &TrustedTime, kept_ms: i64, unit_ms: i64) -> Self {
        let Some(old) = trusted.old(kept_ms) else {
            return Self {
                before: i64::MIN,
                except: "[]".to_owned(),
            };
        };
        let units = |[first_ms, last_ms]: [i64; 2]| {
            [first_ms.div_euclid(unit_ms), last_ms.div_euclid(unit_ms)]
        };
        let except: Vec<_> = old.except.into_iter().map(units).collect();
        Self {
            before: old.before_ms.div_euclid(unit_ms),
            except: json!(except).to_string(),
        }
    }
}

/// Says what is deleted for its age.
pub fn describe(time: &TrustedTime) -> String {
    const HOUR_MS: i64 = 60 * 60 * 1000;
    let Some(now_ms) = time.at_least_ms() else {
        return format!(
            "nothing is removed for its age yet: Flagdeck has run {} h here of the 24 h after \
             which it trusts the clock",
            time.ran_ms() / HOUR_MS
        );
    };
    match jiff::Timestamp::from_millisecond(now_ms) {
        Ok(now) => format!(
            "what is too old is removed as of {}",
            now.strftime("%Y-%m-%d %H:%M UTC")
        ),
        Err(_) => "nothing is removed for its age: the clock shows no date".to_owned(),
    }
}

/// Keeps the trusted time of a folder, in the program that leads.
#[derive(Debug)]
pub struct TimeKeeper {
    path: PathBuf,
    time: TrustedTime,
    looked: Option<Instant>,
    saved: Option<Instant>,
}

impl TimeKeeper {
    /// Makes one that reads what a folder has when it looks first.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            path: path(data_dir),
            time: TrustedTime::default(),
            looked: None,
            saved: None,
        }
    }

    /// Looks at the clock, which is to be done each second. Returns what people should know.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn look(&mut self, data_dir: &Path, clock: &Clock) -> io::Result<Option<String>> {
        let (now, now_ms) = (clock.instant(), clock.now_ms());
        let looked = self.looked.replace(now);
        let ran = looked.map(|looked| now.saturating_duration_since(looked));
        let ran = ran.filter(|ran| *ran <= RAN_MAX);
        if ran.is_none() {
            // The first look, or the first after another program led.
            self.time = read(data_dir);
        }
        let told = set_back(self.time.set_back_by_ms(now_ms));
        let ran_ms = ran.unwrap_or_default().as_millis();
        self.time
            .observe(i64::try_from(ran_ms).unwrap_or_default(), now_ms);
        // A clock that went back is not forgotten by a program that is killed.
        let is_due = told.is_some() || self.saved.is_none_or(|saved| now >= saved + SAVE_EVERY);
        if is_due {
            self.saved = Some(now);
            let text = serde_json::to_vec(&self.time).expect("plain data is JSON");
            durable::replace(&self.path, &text, Access::Private)?;
        }
        Ok(told)
    }
}

fn set_back(by_ms: i64) -> Option<String> {
    const HOURS: i64 = 60 * 60 * 1000;
    const DAYS: i64 = 24 * HOURS;
    if by_ms < SET_BACK_MIN_MS {
        return None;
    }
    let by = match by_ms / DAYS {
        0 => format!("{} h", by_ms / HOURS),
        days => format!("{days} days"),
    };
    Some(format!(
        "The clock of this machine went back by {by}. Nothing is removed for its age until \
         Flagdeck has run for 24 h since."
    ))
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

#[cfg(test)]
mod tests {
    use flagdeck_core::limits::CLOCK_TRUSTED_AFTER_MS;

    use super::*;

    const BEGIN_MS: i64 = 1_764_000_000_000;
    const DAY_MS: i64 = CLOCK_TRUSTED_AFTER_MS;

    fn run(keeper: &mut TimeKeeper, folder: &Path, clock: &Clock, seconds: u64) -> Vec<String> {
        let looks = (0..seconds / 10).filter_map(|_| {
            clock.advance(Duration::from_secs(10));
            keeper.look(folder, clock).unwrap()
        });
        looks.collect()
    }

    #[test]
    fn running_time_adds_up_over_restarts_and_programs() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::standing_at(BEGIN_MS);
        for _ in 0..13 {
            let mut keeper = TimeKeeper::new(folder.path());
            run(&mut keeper, folder.path(), &clock, 2 * 60 * 60);
            // The night, and another program that leads.
            clock.advance(Duration::from_secs(60 * 60 * 10));
        }
        let time = read(folder.path());
        assert!(time.ran_ms() > 13 * 2 * 60 * 60 * 1000 - 13 * 70_000);
        assert!(time.old(DAY_MS).is_some());
        assert!(describe(&time).starts_with("what is too old is removed as of 2025-"));
    }

    #[test]
    fn a_program_that_was_stopped_has_seen_no_clock() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::standing_at(BEGIN_MS);
        let mut keeper = TimeKeeper::new(folder.path());
        run(&mut keeper, folder.path(), &clock, 60 * 60);
        clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
        run(&mut keeper, folder.path(), &clock, 60 * 60);
        assert!(read(folder.path()).ran_ms() <= 2 * 60 * 60 * 1000);
    }

    #[test]
    fn a_clock_that_was_set_back_is_told_once_and_its_file_may_be_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::standing_at(BEGIN_MS);
        let mut keeper = TimeKeeper::new(folder.path());
        assert!(run(&mut keeper, folder.path(), &clock, 600).is_empty());
        clock.set(BEGIN_MS - 3650 * DAY_MS);
        let told = run(&mut keeper, folder.path(), &clock, 600);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("went back by 3650 days"), "{told:?}");
        std::fs::write(path(folder.path()), "{").unwrap();
        assert_eq!(read(folder.path()), TrustedTime::default());
        assert!(describe(&read(folder.path())).contains("has run 0 h"));
    }
}
