//! Runs a command on a state: bounded in time, and ended with everything that it started.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::pin::Pin;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tempfile::TempDir;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

/// What stands for the path of the file in an argument.
const PLACE: &[u8] = b"{}";

/// How long a command that is asked to end may take, before it is made to.
const GRACE: Duration = Duration::from_secs(2);

/// A command, and how long it may take.
pub struct Trial<'a> {
    command: &'a [OsString],
    time_max: Duration,
    /// Only its owner may look into it: states are nobody else's business.
    folder: TempDir,
}

/// What a command is run on.
pub struct Subject<'a> {
    pub id: u64,
    /// When it was taken, as RFC 3339 has it.
    pub time: String,
    /// The state as JSON text.
    pub text: &'a [u8],
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Code(i32),
    Signal(i32),
    /// It took too long, and was ended.
    TimedOut,
    /// Whoever started all of it wants it to end.
    Interrupted,
}

impl<'a> Trial<'a> {
    /// Prepares a command, of at least one word.
    pub fn new(command: &'a [OsString], time_max: Duration) -> io::Result<Self> {
        Ok(Self {
            command,
            time_max,
            folder: tempfile::Builder::new().prefix("flagctl-").tempdir()?,
        })
    }

    /// Runs the command once; ends it if it takes too long, or when `interrupted` is over.
    ///
    /// # Errors
    /// If it cannot be started.
    pub async fn run(
        &self,
        subject: &Subject<'_>,
        interrupted: &mut Pin<&mut impl Future<Output = ()>>,
    ) -> io::Result<Ended> {
        // Written anew for each run, which may have changed it.
        let file = self.folder.path().join(format!("{}.json", subject.id));
        std::fs::write(&file, subject.text)?;
        let mut child = self.start(subject, &file)?;
        let group = Pid::from_child(&child);
        let mut over = spawn_blocking(move || wait(group));
        let early = tokio::select! {
            biased;
            () = interrupted => Some(Ended::Interrupted),
            _ = &mut over => None,
            () = sleep(self.time_max) => Some(Ended::TimedOut),
        };
        if early.is_some() {
            ask_to_end(group, over).await;
        }
        // Also what it left behind, which could spoil the next run. Nothing to be done where
        // one of them may not be ended.
        let _ = kill_process_group(group, Signal::KILL);
        let status = child.wait()?;
        std::fs::remove_file(file).or_else(ignore_missing)?;
        Ok(early.unwrap_or_else(|| ended(status)))
    }

    fn start(&self, subject: &Subject, file: &Path) -> io::Result<Child> {
        let words = self.command.iter().map(|word| filled(word, file));
        let words: Vec<OsString> = words.collect();
        Command::new(&words[0])
            .args(&words[1..])
            .env("FLAGDECK_SNAPSHOT_FILE", file)
            .env("FLAGDECK_SNAPSHOT_ID", subject.id.to_string())
            .env("FLAGDECK_SNAPSHOT_TIME", &subject.time)
            .stdin(File::open(file)?)
            // Results on standard output are those of the search.
            .stdout(Stdio::from(io::stderr()))
            // A group of its own: it is ended with all that it started, and by nobody else.
            .process_group(0)
            .spawn()
    }
}

/// Puts the path of the file in its places.
fn filled(word: &OsStr, file: &Path) -> OsString {
    let mut filled = Vec::new();
    let mut rest = word.as_bytes();
    while let Some(at) = memchr::memmem::find(rest, PLACE) {
        filled.extend_from_slice(&rest[..at]);
        filled.extend_from_slice(file.as_os_str().as_bytes());
        rest = &rest[at + PLACE.len()..];
    }
    filled.extend_from_slice(rest);
    OsString::from_vec(filled)
}

/// Waits until a process has ended, and leaves it: as long as it is not reaped, its number is
/// nobody else's.
fn wait(process: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(waitid(WaitId::Pid(process), options), Err(Errno::INTR)) {}
}

/// Asks a group of processes to end, and gives it some time for that.
async fn ask_to_end(group: Pid, over: JoinHandle<()>) {
    let _ = kill_process_group(group, Signal::TERM);
    // Whoever takes longer is not asked again.
    let _ = timeout(GRACE, over).await;
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(code),
        (None, signal) => Ended::Signal(signal.unwrap_or_default()),
    }
}

/// The command may have taken the file away.
fn ignore_missing(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_takes_every_place() {
        let file = Path::new("/tmp/7.json");
        let check = |word: &str, with: &str| assert_eq!(filled(word.as_ref(), file), *with);
        check("{}", "/tmp/7.json");
        check("--in={},{}", "--in=/tmp/7.json,/tmp/7.json");
        check("{ }{", "{ }{");
        check("", "");
    }
}
