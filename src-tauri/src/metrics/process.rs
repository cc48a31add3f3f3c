//! What this process itself uses, and whether another one runs, as reported by the system.

#[cfg(target_os = "linux")]
use procfs::process::{LimitValue, Process};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// The values of the conventional `process_*` metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProcessUse {
    /// Processor time of all threads, in seconds.
    pub cpu_s: f64,
    /// Resident memory, in bytes.
    pub resident_bytes: u64,
    /// Virtual memory, in bytes.
    pub virtual_bytes: u64,
    /// Open file descriptors.
    pub open_fds: u64,
    /// How many of them there may be; `None` if the system does not report it.
    pub max_fds: Option<u64>,
    /// When it started, in seconds since 1970.
    pub started_s: f64,
}

/// Returns what this process uses; `None` if the system does not report it.
#[cfg(target_os = "linux")]
pub fn look() -> Option<ProcessUse> {
    let process = Process::myself().ok()?;
    let stat = process.stat().ok()?;
    let ticks_per_s = procfs::ticks_per_second() as f64;
    let booted_s = procfs::boot_time_secs().ok()? as f64;
    let max_fds = match process.limits().ok()?.max_open_files.soft_limit {
        LimitValue::Value(value) => Some(value),
        LimitValue::Unlimited => None,
    };
    Some(ProcessUse {
        cpu_s: (stat.utime + stat.stime) as f64 / ticks_per_s,
        resident_bytes: stat.rss * procfs::page_size(),
        virtual_bytes: stat.vsize,
        open_fds: process.fd_count().ok()? as u64,
        max_fds,
        started_s: booted_s + stat.starttime as f64 / ticks_per_s,
    })
}

/// Returns what this process uses; `None` if the system does not report it.
#[cfg(not(target_os = "linux"))]
pub fn look() -> Option<ProcessUse> {
    None
}

/// Returns the resident memory of this process, in bytes; `None` if the system does not report it.
#[cfg(target_os = "linux")]
pub fn resident_bytes() -> Option<f64> {
    let stat = Process::myself().ok()?.statm().ok()?;
    Some((stat.resident * procfs::page_size()) as f64)
}

/// Returns the resident memory of this process, in bytes; `None` if the system does not report it.
#[cfg(not(target_os = "linux"))]
pub fn resident_bytes() -> Option<f64> {
    None
}

/// Returns whether a process runs. One that has ended does not, even if it was not reaped yet.
pub fn is_running(process: Pid) -> bool {
    // A process of another user cannot be signalled, but runs.
    test_kill_process(process) != Err(Errno::SRCH) && !has_ended(process)
}

/// Returns when a process started, in clock ticks since the system did; `None` if the system does
/// not report it. Tells a process from a later one of the same number.
#[cfg(target_os = "linux")]
pub fn started_ticks(process: Pid) -> Option<u64> {
    let stat = Process::new(process.as_raw_pid()).ok()?.stat().ok()?;
    Some(stat.starttime)
}

/// Returns when a process started; `None` if the system does not report it.
#[cfg(not(target_os = "linux"))]
pub fn started_ticks(_: Pid) -> Option<u64> {
    None
}

/// Returns whether a process is only an entry that its parent has not reaped yet.
#[cfg(target_os = "linux")]
fn has_ended(process: Pid) -> bool {
    let stat = Process::new(process.as_raw_pid()).and_then(|process| process.stat());
    stat.is_ok_and(|stat| matches!(stat.state, 'Z' | 'X'))
}

/// Returns whether a process has ended; `false` if the system does not report it.
#[cfg(not(target_os = "linux"))]
fn has_ended(_: Pid) -> bool {
    false
}
