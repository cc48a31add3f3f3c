//! Processes that tests start, and how they end.

use std::fs;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

pub use super::ended::Ended;
use super::waiting::wait_until;

pub fn send(signal: Signal, child: &Child) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Says whether a process is running. One that has ended may stay in the list of processes: the
/// first process of a container often reaps none, or late.
pub fn is_running(process: Pid) -> bool {
    test_kill_process(process).is_ok() && !is_zombie(process)
}

fn is_zombie(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    // The name before the state stands in parentheses, and may hold some.
    let stat = stat.unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, after)| after);
    state.is_some_and(|state| state.starts_with('Z'))
}

#[track_caller]
pub fn wait_until_ended(process: Pid) {
    wait_until("the end of a process", || !is_running(process));
}

#[test]
fn a_process_that_ended_and_was_not_reaped_is_not_running() {
    let mut child = std::process::Command::new("sleep")
        .arg("600")
        .spawn()
        .unwrap();
    let process = Pid::from_child(&child);
    assert!(is_running(process));
    child.kill().unwrap();
    wait_until_ended(process);
    child.wait().unwrap();
    assert!(!is_running(process));
}
