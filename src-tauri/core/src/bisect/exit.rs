//! What a run says of a snapshot, by how it ended: read as `git bisect run` reads it.
//!
//! A verdict is 0 (good), 125 (skip) or any other code up to 127 (bad). A program that was killed
//! or could not be started says nothing of the snapshot, also if a shell, npm or a pipeline
//! reports that as 128 and the number of the signal.

use std::fmt::{self, Display, Formatter};

use super::Verdict;

const GOOD: i32 = 0;
const SKIP: i32 = 125;
/// What shells report of a command that is not executable, and of one that is not found.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;
/// What shells report of a program that a signal killed is this and the signal's number.
const KILLED: i32 = 128;

/// Why a run is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoVerdict {
    /// A shell could not execute a command.
    #[error("exited with {NOT_EXECUTABLE}, which says that a command could not be executed")]
    NotExecutable,
    /// A shell did not find a command.
    #[error("exited with {NOT_FOUND}, which says that a command was not found")]
    NotFound,
    /// A shell tells that a signal killed a program.
    #[error("exited with {}, which says that a program was killed by {_0}", KILLED + _0.0)]
    ChildKilled(SignalNumber),
    /// An exit code that is no verdict.
    #[error("exited with {0}, and only exit codes up to 127 are verdicts")]
    OutOfRange(i32),
    /// A signal killed the command itself.
    #[error("was killed by {0}, which is no verdict")]
    Killed(SignalNumber),
}

/// The number of a signal, shown with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalNumber(pub i32);

impl NoVerdict {
    /// Returns the exit code, if the command itself exited.
    pub fn code(self) -> Option<i32> {
        match self {
            Self::NotExecutable => Some(NOT_EXECUTABLE),
            Self::NotFound => Some(NOT_FOUND),
            Self::ChildKilled(signal) => Some(KILLED + signal.0),
            Self::OutOfRange(code) => Some(code),
            Self::Killed(_) => None,
        }
    }

    /// Returns the signal that killed the command or a program that it ran.
    pub fn signal(self) -> Option<i32> {
        match self {
            Self::ChildKilled(signal) | Self::Killed(signal) => Some(signal.0),
            Self::NotExecutable | Self::NotFound | Self::OutOfRange(_) => None,
        }
    }

    /// Returns whether this is how shells report a command that does not run at all. A test may
    /// also mean it as bad, so it is one once the command is known to run.
    pub fn may_be_bad(self) -> bool {
        matches!(self, Self::NotExecutable | Self::NotFound)
    }
}

/// Reads an exit code, from 0 to 255.
///
/// # Errors
/// [`NoVerdict`] if it says nothing of the snapshot.
pub fn read(code: i32) -> Result<Verdict, NoVerdict> {
    match code {
        GOOD => Ok(Verdict::Good),
        SKIP => Ok(Verdict::Skip),
        NOT_EXECUTABLE => Err(NoVerdict::NotExecutable),
        NOT_FOUND => Err(NoVerdict::NotFound),
        1..KILLED => Ok(Verdict::Bad),
        _ => Err(match SignalNumber(code - KILLED) {
            signal if signal.name().is_some() => NoVerdict::ChildKilled(signal),
            _ => NoVerdict::OutOfRange(code),
        }),
    }
}

impl SignalNumber {
    /// The signals that end a process, as Linux numbers them.
    fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "SIGHUP",
            2 => "SIGINT",
            3 => "SIGQUIT",
            4 => "SIGILL",
            5 => "SIGTRAP",
            6 => "SIGABRT",
            7 => "SIGBUS",
            8 => "SIGFPE",
            9 => "SIGKILL",
            10 => "SIGUSR1",
            11 => "SIGSEGV",
            12 => "SIGUSR2",
            13 => "SIGPIPE",
            14 => "SIGALRM",
            15 => "SIGTERM",
            16 => "SIGSTKFLT",
            24 => "SIGXCPU",
            25 => "SIGXFSZ",
            26 => "SIGVTALRM",
            27 => "SIGPROF",
            29 => "SIGIO",
            30 => "SIGPWR",
            31 => "SIGSYS",
            _ => return None,
        })
    }
}

impl Display for SignalNumber {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        match self.name() {
            Some(name) => write!(formatter, "signal {} ({name})", self.0),
            None => write!(formatter, "signal {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_git_bisect_run_reads_them() {
        for code in 0..=255 {
            let expected = match code {
                0 => Some(Verdict::Good),
                125 => Some(Verdict::Skip),
                1..=124 => Some(Verdict::Bad),
                _ => None,
            };
            assert_eq!(read(code).ok(), expected, "{code}");
            if let Err(no_verdict) = read(code) {
                assert_eq!(no_verdict.code(), Some(code));
                assert_eq!(no_verdict.may_be_bad(), matches!(code, 126 | 127));
                assert!(no_verdict.to_string().contains(&code.to_string()));
            }
        }
    }

    #[test]
    fn the_signal_behind_a_code_is_named() {
        let check = |code, signal, said: &str| {
            let no_verdict = read(code).unwrap_err();
            assert_eq!(no_verdict.signal(), signal);
            assert!(no_verdict.to_string().contains(said), "{no_verdict}");
        };
        check(137, Some(9), "exited with 137");
        check(137, Some(9), "killed by signal 9 (SIGKILL)");
        check(134, Some(6), "signal 6 (SIGABRT)");
        check(128, None, "exited with 128");
        check(255, None, "exited with 255");
        let real_time = NoVerdict::Killed(SignalNumber(34));
        assert_eq!(
            real_time.to_string(),
            "was killed by signal 34, which is no verdict"
        );
    }
}
