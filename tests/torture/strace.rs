//! System calls that fail in a program, by `strace`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use fastrand::Rng;

use crate::program::{FLAGCTL, on_folder};

/// Files that are shared memory of programs.
const SHARED: [&str; 3] = ["flagdeck.db-shm", "metrics.db-shm", "state.db-shm"];

const INTERRUPTED: &str = "error=EINTR";

/// The call transfers nothing.
const NOTHING: &str = "retval=0";

/// How long `flagctl` may take, in seconds, until it is killed.
const SECONDS_MAX: &str = "60";

/// System calls, what they come to instead, and how many a command makes about.
struct Kind {
    calls: &'static str,
    outcomes: &'static [&'static str],
    times: u32,
    /// Whether only calls on [`SHARED`] files fail.
    is_of_shared: bool,
}

/// A call that transfers nothing is a read at the end of a file, and a write to a disk without
/// room. Those of a part cannot be made by strace, which skips the call that it answers.
const KINDS: [Kind; 11] = [
    Kind::of("pread64", &["error=EIO", INTERRUPTED, NOTHING], 60),
    Kind::of("read", &["error=EIO", INTERRUPTED], 12),
    Kind::of(
        "pwrite64",
        &["error=EIO", "error=ENOSPC", INTERRUPTED, NOTHING],
        50,
    ),
    Kind::of(
        "fsync,fdatasync",
        &["error=EIO", "error=ENOSPC", INTERRUPTED],
        10,
    ),
    Kind::of("ftruncate", &["error=EIO", "error=ENOSPC"], 6),
    Kind::of("openat", &["error=EIO", "error=EMFILE", "error=ENOSPC"], 40),
    Kind::of(
        "?rename,?renameat,renameat2",
        &["error=EIO", "error=ENOSPC"],
        2,
    ),
    Kind::of("?unlink,unlinkat", &["error=EIO", "error=EBUSY"], 4),
    Kind::of("newfstatat,statx", &["error=EIO"], 100),
    Kind::of("getdents64", &["error=EIO"], 8),
    Kind {
        is_of_shared: true,
        ..Kind::of("mmap", &["error=EIO", "error=ENOMEM"], 3)
    },
];

impl Kind {
    const fn of(calls: &'static str, outcomes: &'static [&'static str], times: u32) -> Self {
        Self {
            calls,
            outcomes,
            times,
            is_of_shared: false,
        }
    }
}

/// System calls that fail in one run of a program.
#[derive(Debug)]
pub struct Fault {
    calls: &'static str,
    is_of_shared: bool,
    outcome: &'static str,
    /// Which calls of each thread: one, all from one on, or one in several.
    when: String,
}

impl Fault {
    /// Chooses one for a program that makes so many times as many calls as a command.
    pub fn any(rng: &mut Rng, times: u32) -> Self {
        let kind = &KINDS[rng.usize(0..KINDS.len())];
        let first = 1 + rng.u32(0..kind.times * times);
        let outcome = kind.outcomes[rng.usize(0..kind.outcomes.len())];
        let when = match rng.u8(0..8) {
            // What was interrupted is tried again, rightly for ever; and a file that always ends at
            // once is an empty one.
            0 if ![INTERRUPTED, NOTHING].contains(&outcome) => format!("{first}+"),
            1 => format!("{first}+{}", 2 + rng.u32(0..9)),
            _ => first.to_string(),
        };
        Self {
            calls: kind.calls,
            is_of_shared: kind.is_of_shared,
            outcome,
            when,
        }
    }

    /// Prepares a `flagctl` in which it happens. With `is_behind`, strace runs behind it: what is
    /// started is then `flagctl` itself, and can be sent signals.
    pub fn flagctl(&self, data: &Path, log: &Path, arguments: &str, is_behind: bool) -> Command {
        let mut command = match is_behind {
            true => on_folder(data, "strace", "-D"),
            // It kills the group, and so also what is traced.
            false => on_folder(data, "timeout", &format!("-s KILL {SECONDS_MAX} strace")),
        };
        command.args(["-f", "--seccomp-bpf", "-qq"]);
        if self.is_of_shared {
            for name in SHARED {
                command.arg("-P").arg(data.join(name));
            }
        }
        command
            .args(["-e", &format!("trace={}", self.calls)])
            .args([
                "-e",
                &format!("inject={}:{}:when={}", self.calls, self.outcome, self.when),
            ])
            .arg("-o")
            .arg(log)
            .arg(FLAGCTL)
            .args(arguments.split_whitespace());
        command
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {}", self.calls, self.outcome, self.when)
    }
}

/// Counts the calls that failed on purpose, of which strace keeps a log.
pub fn failures(log: &Path) -> u64 {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.matches("(INJECTED)").count() as u64
}

/// Returns whether this machine has strace, and lets it trace.
pub fn is_there() -> bool {
    static IS_THERE: OnceLock<bool> = OnceLock::new();
    *IS_THERE.get_or_init(|| {
        let mut command = Command::new("strace");
        command
            .args(["-f", "-D", "--seccomp-bpf", "-qq", "-o", "/dev/null"])
            .args(["-e", "trace=fsync", "-e", "inject=fsync:error=EIO"])
            .args([FLAGCTL, "--version"])
            .stdin(Stdio::null());
        command
            .output()
            .is_ok_and(|it| it.status.success() && it.stderr.is_empty())
    })
}

/// Where strace keeps its log, beside the data folder.
pub fn log_beside(data: &Path) -> PathBuf {
    data.with_file_name("strace.log")
}
