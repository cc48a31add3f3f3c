//! Runs a command on a state, with a timeout, and ends all processes that it started.

mod folder;
mod left_running;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use self::folder::Folder;
pub use self::folder::remove_dead;
use crate::private;

/// The placeholder for the path of the file in an argument.
const PLACE: &[u8] = b"{}";

/// The environment variable that names the file.
const FILE_VARIABLE: &str = "FLAGDECK_SNAPSHOT_FILE";

/// How long a command may take to end when asked, before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// A command, and how long it may take.
#[derive(Debug)]
pub struct Trial<'a> {
    command: &'a [OsString],
    time_max: Duration,
}

/// What a command is run on.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The number of the snapshot.
    pub id: u64,
    /// When it was taken, as RFC 3339 has it.
    pub time: String,
    /// The state as JSON text.
    pub text: &'a [u8],
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this code, from 0 to 255.
    Code(i32),
    /// A signal of this number killed it.
    Signal(i32),
    /// It timed out, and was ended.
    TimedOut,
    /// This signal asked the whole process to end.
    Interrupted(Signal),
}

impl<'a> Trial<'a> {
    /// Prepares a command, of at least one word.
    pub fn new(command: &'a [OsString], time_max: Duration) -> Self {
        Self { command, time_max }
    }

    /// Runs the command once; ends it if it takes too long, or when `interrupted` completes.
    /// Nothing of it is left when the future is complete, or dropped before that.
    ///
    /// # Errors
    /// If it cannot be started.
    pub async fn run(
        &self,
        subject: &Subject<'_>,
        interrupted: impl Future<Output = Signal>,
    ) -> io::Result<Ended> {
        // A separate folder: a run may change the file, and create others next to it.
        let folder = Folder::make()?;
        let file = folder.write(&format!("{}.json", subject.id), subject.text)?;
        let running = Running::of(self.start(subject, &file)?);
        let group = running.group;
        let mut over = spawn_blocking(move || wait(group));
        let early = tokio::select! {
            biased;
            signal = interrupted => Some(Ended::Interrupted(signal)),
            _ = &mut over => None,
            () = sleep(self.time_max) => Some(Ended::TimedOut),
        };
        if early.is_some() {
            ask_to_end(group, over).await;
        }
        let status = running.end()?;
        Ok(early.unwrap_or_else(|| ended(status)))
    }

    fn start(&self, subject: &Subject, file: &Path) -> io::Result<Child> {
        let words = self.command.iter().map(|word| filled(word, file));
        let words: Vec<OsString> = words.collect();
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .env(FILE_VARIABLE, file)
            .env("FLAGDECK_SNAPSHOT_ID", subject.id.to_string())
            .env("FLAGDECK_SNAPSHOT_TIME", &subject.time)
            .stdin(File::open(file)?)
            // Results on standard output are those of the search.
            .stdout(Stdio::from(io::stderr()))
            // A separate process group: it is ended with all that it started, and only by this
            // process.
            .process_group(0);
        private::as_user(|| command.spawn())
    }
}

/// A command that was started; ended with all that it started when this is dropped.
struct Running {
    /// The leader of its group of processes. `None` once it is ended: after that, another process
    /// may get its number.
    command: Option<Child>,
    group: Pid,
}

impl Running {
    fn of(command: Child) -> Self {
        Self {
            group: Pid::from_child(&command),
            command: Some(command),
        }
    }

    /// Ends what the command left running, which could spoil the next run, and the command itself
    /// if it runs; returns how it ended.
    fn end(mut self) -> io::Result<ExitStatus> {
        let command = self.command.take().expect("it is ended once");
        end(self.group, command)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(command) = self.command.take() {
            let _ = end(self.group, command);
        }
    }
}

fn end(group: Pid, mut command: Child) -> io::Result<ExitStatus> {
    // Nothing can be done if one of them may not be signalled.
    let _ = kill_process_group(group, Signal::KILL);
    command.wait()
}

/// Replaces the placeholders by the path of the file.
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

/// Waits until a process has ended, without reaping it: until then, no other process gets its
/// number.
fn wait(process: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(waitid(WaitId::Pid(process), options), Err(Errno::INTR)) {}
}

/// Asks a process group to end, and waits some time for that.
async fn ask_to_end(group: Pid, over: JoinHandle<()>) {
    let _ = kill_process_group(group, Signal::TERM);
    // After the timeout it is killed.
    let _ = timeout(GRACE, over).await;
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(code),
        (None, signal) => Ended::Signal(signal.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Instant;

    use rustix::process::test_kill_process;

    use super::*;

    /// Waits until the command has started, and panics, as a fault in a search would.
    async fn panic_after(started: &Path) -> Signal {
        while !started.exists() {
            sleep(Duration::from_millis(5)).await;
        }
        panic!("a fault in the search");
    }

    /// Says whether a process is running; one that has ended may not be reaped yet.
    fn is_running(process: Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
        let is_zombie = stat.is_ok_and(|stat| stat.contains(") Z "));
        !is_zombie && test_kill_process(process).is_ok()
    }

    #[test]
    fn a_panic_leaves_no_process_and_no_file_behind() {
        let folder = tempfile::tempdir().unwrap();
        let started = folder.path().join("started");
        let script = format!(
            "sleep 600 & echo $! {{}} > {0}.part; mv {0}.part {0}; wait",
            started.display()
        );
        let command = ["sh", "-c", &script].map(OsString::from);
        let trial = Trial::new(&command, Duration::from_secs(600));
        let subject = Subject {
            id: 7,
            time: "2026-11-23T14:00:00Z".into(),
            text: b"{}",
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let run = AssertUnwindSafe(|| runtime.block_on(trial.run(&subject, panic_after(&started))));
        catch_unwind(run).unwrap_err();

        let told = std::fs::read_to_string(&started).unwrap();
        let (process, file) = told.trim().split_once(' ').unwrap();
        let process = Pid::from_raw(process.parse().unwrap()).unwrap();
        let began = Instant::now();
        while is_running(process) {
            let waited = began.elapsed();
            assert!(waited.as_secs() < 60, "it still runs after {waited:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!Path::new(file).parent().unwrap().exists());
    }

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
