//! Commands that outlive a killed run.
//!
//! Reads `/proc`; finds nothing if that is missing.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::process::{Pid, Signal, getpgid, getpgrp, getsid, kill_process_group};

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
    let group = getpgid(Some(process)).ok()?;
    let session = getsid(Some(process)).ok()?;
    (group != session && group != getpgrp()).then_some(group)
}
