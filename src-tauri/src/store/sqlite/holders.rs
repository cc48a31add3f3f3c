//! Programs on this machine that have a removed, moved or replaced store open. They still hold all
//! of it, and are asked by a signal to write it back.
//!
//! Each notes which files it has open under which path. Reads `/proc`; finds nothing if that is
//! missing, or of programs of another user.

mod claim;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

pub(crate) use self::claim::Claim;
use self::claim::Claimed;
use crate::store::StoreError;
use crate::store::sqlite::place::{Identity, beside};

/// Asks a program to write back. The other one for users, `SIGUSR1`, is taken: WebKit stops its
/// threads with that, many times an hour, in the process of the window as well.
pub(crate) const ASK: Signal = Signal::USR2;

/// Programs that handle the signal; it would kill any other.
const KNOWN: [&str; 2] = ["flagctl", "flagdeck"];

/// How often the kernel's list of locks is read. It is written part by part, and a lock that is held
/// is missing from one reading in a thousand while many others come and go.
const LOCK_READS_MAX: usize = 5;

/// A program that has a removed store open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    process: u32,
    name: String,
}

impl Holder {
    /// Returns its name for people: `flagctl (process 123)`.
    pub fn describe(&self) -> String {
        format!("{} (process {})", self.name, self.process)
    }

    /// Asks it to write its store back. Does not wait for that.
    ///
    /// # Errors
    /// If it is not Flagdeck, or may not be signalled by this user.
    pub fn ask(&self) -> io::Result<()> {
        if !KNOWN.contains(&self.name.as_str()) {
            let message = format!("{} is no Flagdeck", self.describe());
            return Err(io::Error::other(message));
        }
        let process = i32::try_from(self.process).ok().and_then(Pid::from_raw);
        let process = process.ok_or(io::ErrorKind::NotFound)?;
        Ok(kill_process(process, ASK)?)
    }
}

/// Lists the other programs that have a database of a data folder open whose file was removed,
/// moved away or replaced.
pub fn of_removed(data_dir: &Path) -> Vec<Holder> {
    let names = names_of(data_dir);
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let own = std::process::id();
    let numbers = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|process| *process != own && holds_removed(*process, &names))
        .map(|process| Holder {
            process,
            name: name_of(process),
        })
        .collect()
}

/// Makes the error for a file that another program keeps locked; names the program if it can be
/// known.
pub(crate) fn held(path: &Path) -> StoreError {
    match of_lock(path) {
        Some(holder) => StoreError::Held {
            path: path.to_owned(),
            by: holder.describe(),
        },
        None => StoreError::Busy,
    }
}

/// Returns another program that has a lock on a file, or on the shared memory of a database; one
/// that has it exclusively, if any has.
pub(crate) fn of_lock(path: &Path) -> Option<Holder> {
    let files = [path.to_owned(), beside(path, "-shm")];
    let files: Vec<Identity> = files
        .iter()
        .filter_map(|it| Identity::of(it).ok())
        .collect();
    (0..LOCK_READS_MAX).find_map(|_| holder_of_any(&files))
}

fn holder_of_any(files: &[Identity]) -> Option<Holder> {
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let mut others: Vec<_> = locks
        .lines()
        .filter_map(Lock::read)
        .filter(|lock| files.contains(&lock.file) && lock.process != std::process::id())
        .collect();
    others.sort_by_key(|lock| !lock.is_exclusive);
    let process = others.first()?.process;
    Some(Holder {
        process,
        name: name_of(process),
    })
}

/// A line of `/proc/locks`, such as `1: FLOCK  ADVISORY  WRITE 4711 08:02:131 0 EOF`.
#[derive(Debug, PartialEq, Eq)]
struct Lock {
    process: u32,
    file: Identity,
    is_exclusive: bool,
}

impl Lock {
    /// Returns `None` for a lock that is waited for, or one of a process outside of the container.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().skip(3);
        let is_exclusive = words.next()? == "WRITE";
        let process = words.next()?.parse().ok().filter(|process| *process > 0)?;
        let mut numbers = words.next()?.split(':');
        let mut hexadecimal = || u32::from_str_radix(numbers.next()?, 16).ok();
        let device = rustix::fs::makedev(hexadecimal()?, hexadecimal()?);
        let inode = numbers.next()?.parse().ok()?;
        Some(Self {
            process,
            file: Identity { device, inode },
            is_exclusive,
        })
    }
}

/// Notes that the file under a path is open, for other programs to find when the path does not lead
/// to it any more.
pub(crate) fn claim(path: &Path, file: Identity) -> Vec<Claim> {
    let claims = names_of(path)
        .into_iter()
        .map(|path| Claim::make(&path, file));
    let claims: io::Result<Vec<Claim>> = claims.collect();
    claims.unwrap_or_else(|error| {
        tracing::debug!(%error, "other programs cannot see which files are open");
        Vec::new()
    })
}

fn holds_removed(process: u32, data_dirs: &[PathBuf]) -> bool {
    let is_within = |claimed: &Claimed| {
        let folder = claimed.path.parent();
        data_dirs.iter().any(|data_dir| folder == Some(data_dir))
    };
    let mut within = Claimed::of(process).filter(is_within);
    within.any(|claimed| Identity::of(&claimed.path).ok() != Some(claimed.file))
}

fn name_of(process: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{process}/comm"));
    name.map_or_else(|_| "a program".into(), |name| name.trim_end().to_owned())
}

/// Names a path as it is given, and with its links followed, if that differs: a link may lead
/// elsewhere by the next time.
fn names_of(path: &Path) -> Vec<PathBuf> {
    let given = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let resolved = resolved(path);
    match given == resolved {
        true => vec![resolved],
        false => vec![given, resolved],
    }
}

/// Follows the links in a path, of which the end may be missing.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(resolved) = fs::canonicalize(path) {
        return resolved;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if parent != Path::new("") => resolved(parent).join(name),
        (_, Some(name)) => resolved(Path::new(".")).join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_path_whose_end_is_missing_is_resolved_as_far_as_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(folder.path()).unwrap();
        let link = real.join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(resolved(&link.join("a/b")), real.join("a/b"));
        let here = std::env::current_dir().unwrap();
        assert_eq!(resolved(Path::new("gone")), here.join("gone"));
    }

    #[test]
    fn a_line_of_locks_tells_the_process_and_the_file() {
        let file = Identity {
            device: rustix::fs::makedev(8, 18),
            inode: 131,
        };
        let lock = |process, is_exclusive| Lock {
            process,
            file,
            is_exclusive,
        };
        for (line, expected) in [
            (
                "1: FLOCK  ADVISORY  WRITE 4711 08:12:131 0 EOF",
                Some(lock(4711, true)),
            ),
            (
                "2: POSIX  ADVISORY  READ 42 08:12:131 124 124",
                Some(lock(42, false)),
            ),
            ("1: -> FLOCK  ADVISORY  WRITE 4712 08:12:131 0 EOF", None),
            ("3: FLOCK  ADVISORY  WRITE -1 08:12:131 0 EOF", None),
            ("", None),
        ] {
            assert_eq!(Lock::read(line), expected, "{line}");
        }
    }

    #[test]
    fn the_holder_of_a_lock_is_found_while_many_others_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("held");
        // Tells by a line that it has the lock.
        let mut child = Command::new("flock")
            .arg(&path)
            .args(["-c", "echo; exec sleep 60"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0];
        child.stdout.take().unwrap().read_exact(&mut line).unwrap();
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for number in 0..2 {
                let (folder, is_over) = (folder.path(), &is_over);
                scope.spawn(move || {
                    let name = |at| folder.join(format!("{number}-{at}"));
                    let files = (0..60).map(|at| File::create(name(at)).unwrap());
                    let files: Vec<File> = files.collect();
                    while !is_over.load(Ordering::Relaxed) {
                        files.iter().for_each(|file| file.lock().unwrap());
                        files.iter().for_each(|file| file.unlock().unwrap());
                    }
                });
            }
            let missed = (0..5_000).filter(|_| of_lock(&path).is_none()).count();
            is_over.store(true, Ordering::Relaxed);
            assert_eq!(missed, 0);
        });
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_program_that_is_no_flagdeck_is_not_signalled() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let holder = Holder {
            process: child.id(),
            name: "sleep".into(),
        };
        assert!(holder.ask().is_err());
        assert!(child.try_wait().unwrap().is_none(), "it goes on");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
