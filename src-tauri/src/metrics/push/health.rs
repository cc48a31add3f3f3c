//! How pushing goes, for use without the window: a small file for other programs on the data
//! folder, and which changes are worth a line in the log.
//!
//! The file names the process that pushes. It is valid only while that process runs, so a killed
//! process leaves no stale health behind.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, getpid};
use serde::{Deserialize, Serialize};

use crate::metrics::process;
use crate::metrics::shapes::PushHealth;
use crate::private;

const FILE: &str = "push.json";

/// How often a continuing failure is reported again.
const REMIND_EVERY_MS: i64 = 10 * 60 * 1000;

/// The minimum interval between reports of failures that end and begin again.
const TELL_EVERY_MS: i64 = 60 * 1000;

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// The number of the process that pushes.
    process: i32,
    /// When it started, since numbers of processes are used again.
    started_ticks: Option<u64>,
    #[serde(flatten)]
    health: PushHealth,
}

/// Stores how pushing by this process goes, or removes the file if nothing is pushed.
///
/// Not synced: after a power cut no process pushes.
///
/// # Errors
/// If the file cannot be written; what it said before stays.
pub fn keep(data_dir: &Path, health: Option<&PushHealth>) -> io::Result<()> {
    let Some(health) = health else {
        return remove(&place(data_dir));
    };
    let kept = Kept {
        process: getpid().as_raw_nonzero().get(),
        started_ticks: process::started_ticks(getpid()),
        health: health.clone(),
    };
    let mut file = private::temporary_file(data_dir)?;
    file.write_all(&serde_json::to_vec(&kept)?)?;
    file.persist(place(data_dir))?;
    Ok(())
}

/// Returns how pushing by another process goes; `None` if no other process pushes.
pub fn of_another(data_dir: &Path) -> Option<PushHealth> {
    let kept: Kept = serde_json::from_slice(&fs::read(place(data_dir)).ok()?).ok()?;
    is_another(&kept).then_some(kept.health)
}

/// Removes the file of a process that was killed.
///
/// # Errors
/// If the file cannot be removed.
pub fn forget_ended(data_dir: &Path) -> io::Result<()> {
    match of_another(data_dir) {
        Some(_) => Ok(()),
        None => remove(&place(data_dir)),
    }
}

fn place(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Returns whether it is of a process other than this one, which runs.
fn is_another(kept: &Kept) -> bool {
    let Some(pid) = Pid::from_raw(kept.process).filter(|_| kept.process > 0) else {
        return false;
    };
    let is_same = match (kept.started_ticks, process::started_ticks(pid)) {
        (Some(kept), Some(found)) => kept == found,
        // Unknown: told by its number alone.
        _ => true,
    };
    pid != getpid() && is_same && process::is_running(pid)
}

/// A change in how pushing goes that is worth reporting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthChange {
    /// Pushes fail.
    Fails,
    /// They still fail, which was reported before.
    StillFails,
    /// They arrive again, after a failure that was reported. The health is that before.
    Works,
}

/// Decides what is worth a line: the first failure, that it lasts, and its end.
#[derive(Debug, Default)]
pub struct HealthReporter {
    /// The health of the failure that was reported and has not ended.
    told: Option<PushHealth>,
    /// When a failure was last reported.
    told_ms: Option<i64>,
}

impl HealthReporter {
    /// Notes how pushing goes at `now_ms`. Returns what to report, with its health.
    pub fn look(
        &mut self,
        health: Option<&PushHealth>,
        now_ms: i64,
    ) -> Option<(HealthChange, PushHealth)> {
        let before = self.told.take();
        let same = |told: &PushHealth| health.is_some_and(|it| it.gateway == told.gateway);
        let before = before.filter(same);
        let health = health?;
        if health.error.is_none() {
            let is_back = health.failing_since_ms.is_none();
            return before
                .filter(|_| is_back)
                .map(|told| (HealthChange::Works, told));
        }
        let (news, pause_ms) = match &before {
            Some(_) => (HealthChange::StillFails, REMIND_EVERY_MS),
            None => (HealthChange::Fails, TELL_EVERY_MS),
        };
        let is_due = self.told_ms.is_none_or(|at| now_ms - at >= pause_ms);
        if is_due {
            self.told_ms = Some(now_ms);
        }
        if is_due || before.is_some() {
            self.told = Some(health.clone());
        }
        is_due.then(|| (news, health.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use rustix::process::{WaitId, WaitIdOptions, waitid};

    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn health(error: Option<&str>) -> PushHealth {
        PushHealth {
            gateway: "http://gate".into(),
            at_ms: None,
            error: error.map(str::to_owned),
            failing_since_ms: error.map(|_| 5),
            failures: u64::from(error.is_some()),
            waiting: 0,
        }
    }

    /// What is reported of pushes every ten seconds, as minutes and changes.
    fn told(pushes: impl IntoIterator<Item = bool>) -> Vec<(i64, HealthChange)> {
        let mut teller = HealthReporter::default();
        let at_ms = (0_i64..).map(|at| at * 10_000);
        let looks = pushes.into_iter().zip(at_ms).filter_map(|(works, at_ms)| {
            let health = health((!works).then_some("refused"));
            let (news, _) = teller.look(Some(&health), at_ms)?;
            Some((at_ms / MINUTE_MS, news))
        });
        looks.collect()
    }

    #[test]
    fn a_failure_is_told_at_once_every_ten_minutes_and_when_it_ends() {
        let half_an_hour = std::iter::repeat_n(false, 6 * 25).chain([true, true]);
        let expected = [
            (0, HealthChange::Fails),
            (10, HealthChange::StillFails),
            (20, HealthChange::StillFails),
            (25, HealthChange::Works),
        ];
        assert_eq!(told(half_an_hour), expected);
        assert_eq!(told([true, true, true]), []);
    }

    #[test]
    fn a_gateway_that_fails_every_other_time_is_told_once_a_minute() {
        let flapping = (0..18).map(|at| at % 2 == 1);
        let lines = told(flapping);
        let fails = lines
            .iter()
            .filter(|(_, news)| *news == HealthChange::Fails);
        assert_eq!(fails.count(), 3, "{lines:?}");
        assert_eq!(lines.len(), 6, "{lines:?}");
    }

    #[test]
    fn a_failure_that_was_not_told_for_its_haste_is_told_if_it_lasts() {
        let lines = told([false, true, false, false, false, false, false, false, false]);
        let expected = [
            (0, HealthChange::Fails),
            (0, HealthChange::Works),
            (1, HealthChange::Fails),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn another_gateway_begins_with_a_clean_sheet() {
        let mut teller = HealthReporter::default();
        teller.look(Some(&health(Some("refused"))), 0).unwrap();
        let mut other = health(None);
        other.gateway = "http://other".into();
        assert_eq!(teller.look(Some(&other), 1), None);
        assert_eq!(teller.look(None, 2), None);
    }

    /// Keeps the health of a failure as if another process had.
    fn keep_as(process: u32, started_ticks: Option<u64>, data_dir: &Path) -> PushHealth {
        let kept = Kept {
            process: process.cast_signed(),
            started_ticks,
            health: health(Some("refused")),
        };
        fs::write(place(data_dir), serde_json::to_vec(&kept).unwrap()).unwrap();
        kept.health
    }

    fn start() -> Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    fn started(child: &Child) -> u64 {
        process::started_ticks(Pid::from_child(child)).unwrap()
    }

    #[test]
    fn what_is_kept_counts_while_its_process_runs() {
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path(), Some(&health(None))).unwrap();
        assert_eq!(of_another(folder.path()), None, "it is this process's own");
        let mut other = start();
        for started_ticks in [Some(started(&other)), None] {
            let failing = keep_as(other.id(), started_ticks, folder.path());
            forget_ended(folder.path()).unwrap();
            assert_eq!(of_another(folder.path()), Some(failing));
        }
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(of_another(folder.path()), None);
        forget_ended(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_process_that_was_not_reaped_pushes_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let mut other = start();
        keep_as(other.id(), Some(started(&other)), folder.path());
        other.kill().unwrap();
        // Waits for its end, and leaves it to be reaped.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(Pid::from_child(&other)), options).unwrap();
        assert_eq!(of_another(folder.path()), None);
        other.wait().unwrap();
    }

    #[test]
    fn a_later_process_of_the_same_number_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut later = start();
        keep_as(later.id(), Some(started(&later) - 1), folder.path());
        assert_eq!(of_another(folder.path()), None);
        later.kill().unwrap();
        later.wait().unwrap();
    }
}
