//! Commands that outlive a killed run.
//!
//! Reads `/proc`; finds nothing if that is missing.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use procfs::process::{Process, Stat};
use rustix::process::{Pid, Signal, kill_process_group};

use super::FILE_VARIABLE;

/// Ends every group of processes that was started on a file which `is_left` names. A process
/// that has left the terminal's session is left alone, as at the end of a run. Returns whether
/// there was any.
pub fn end_left_running(is_left: impl Fn(&Path) -> bool) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else {
        return false;
    };
    let numbers = processes.flatten().filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        Pid::from_raw(number)
    });
    let mut has_ended_some = false;
    for process in numbers.filter(|process| was_started_on(*process, &is_left)) {
        if let Some(group) = group_of_run(process) {
            // Nothing can be done if it may not be signalled.
            has_ended_some |= kill_process_group(group, Signal::KILL).is_ok();
        }
    }
    has_ended_some
}

fn was_started_on(process: Pid, is_left: impl Fn(&Path) -> bool) -> bool {
    let environment = fs::read(format!("/proc/{}/environ", process.as_raw_nonzero()));
    let environment = environment.unwrap_or_default();
    let mut variables = environment.split(|byte| *byte == 0);
    variables.any(|variable| {
        let variable = variable.strip_prefix(FILE_VARIABLE.as_bytes());
        let file = variable.and_then(|rest| rest.strip_prefix(b"="));
        file.is_some_and(|file| is_left(Path::new(OsStr::from_bytes(file))))
    })
}

/// Returns the group of a process; `None` if it leads its own session, or is that of this process.
fn group_of_run(process: Pid) -> Option<Pid> {
    let of = Process::new(process.as_raw_pid()).ok()?.stat().ok()?;
    let own = Process::myself().ok()?.stat().ok()?;
    group_to_end(&of, &own)
}

/// A group or session that began outside of a container has the number 0 inside of it. That is why
/// `/proc` is read: `getsid` and `getpgrp` of rustix panic there. Sending a signal to the group 0
/// sends it to the own one.
fn group_to_end(of: &Stat, own: &Stat) -> Option<Pid> {
    let group = Pid::from_raw(of.pgrp)?;
    (of.pgrp != of.session && of.pgrp != own.pgrp).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(group: i32, session: i32) -> Stat {
        let mut stat = Process::myself().unwrap().stat().unwrap();
        stat.pgrp = group;
        stat.session = session;
        stat
    }

    /// Returns the number of the group that is ended for a process, seen from one of `own`.
    fn ended(own: (i32, i32), group: i32, session: i32) -> Option<i32> {
        let group = group_to_end(&stat(group, session), &stat(own.0, own.1));
        group.map(Pid::as_raw_pid)
    }

    #[test]
    fn a_group_is_ended_unless_it_is_the_own_one_or_leads_its_session() {
        let own = (10, 5);
        assert_eq!(ended(own, 20, 5), Some(20));
        assert_eq!(ended(own, 20, 20), None);
        assert_eq!(ended(own, 10, 5), None);
    }

    #[test]
    fn a_session_from_outside_of_a_container_has_no_number_and_group_0_is_never_ended() {
        let own = (0, 0);
        assert_eq!(ended(own, 20, 0), Some(20));
        assert_eq!(ended(own, 0, 0), None);
        assert_eq!(ended(own, 0, 7), None);
    }
}
