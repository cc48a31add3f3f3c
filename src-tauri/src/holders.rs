//! Programs on this machine that have a store open which was removed from its data folder. They
//! still hold all of it, and are asked by a signal to write it back.
//!
//! Reads `/proc`; finds nothing if that is missing, or of programs of another user.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

use crate::app::App;
use crate::translate::sentence;

/// What the kernel adds to the name of an open file that was removed.
const REMOVED: &str = " (deleted)";

/// What a data folder holds; each is written back.
const DATABASES: [&str; 3] = ["flagdeck.db", "state.db", "metrics.db"];

/// Asks a program to write back. The other one for users, `SIGUSR1`, is taken: WebKit stops its
/// threads with that, many times an hour, in the process of the window as well.
const ASK: Signal = Signal::USR2;

/// Programs that know the signal; any other would be ended by it.
const KNOWN: [&str; 2] = ["flagctl", "flagdeck"];

/// A program that has a removed store open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    process: u32,
    name: String,
}

impl Holder {
    /// Returns what people know it by: `flagctl (process 123)`.
    pub fn describe(&self) -> String {
        format!("{} (process {})", self.name, self.process)
    }

    /// Asks it to write its store back. Does not wait for that.
    ///
    /// # Errors
    /// If it is no Flagdeck, or may not be asked by this user.
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

/// Lists the programs, other than this one, that have a removed store of a data folder open.
pub fn of_removed(data_dir: &Path) -> Vec<Holder> {
    let data_dir = resolved(data_dir);
    let targets = DATABASES.map(|name| data_dir.join(format!("{name}{REMOVED}")));
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let own = std::process::id();
    let numbers = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|process| *process != own && holds(*process, &targets))
        .map(|process| Holder {
            process,
            name: name_of(process),
        })
        .collect()
}

/// Listens from here on for other programs that ask to write back; the future has the application
/// do so, each time, until it is dropped.
///
/// # Errors
/// If the signal cannot be listened to.
pub fn write_back_when_asked(
    app: impl Fn() -> Option<App> + Clone + Send + 'static,
) -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut asked = signal(SignalKind::from_raw(ASK.as_raw()))?;
    Ok(async move {
        while asked.recv().await.is_some() {
            let app = app.clone();
            let written = tokio::task::spawn_blocking(move || app().map(|app| app.write_back()));
            match written.await {
                Ok(None | Some(Ok(_))) => {}
                Ok(Some(Err(error))) => tracing::error!("{}", sentence(&error.in_full())),
                Err(error) => tracing::error!(%error, "writing back failed"),
            }
        }
    })
}

fn holds(process: u32, targets: &[PathBuf]) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    let mut links = descriptors
        .flatten()
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
    links.any(|link| targets.contains(&link))
}

fn name_of(process: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{process}/comm"));
    name.map_or_else(|_| "a program".into(), |name| name.trim_end().to_owned())
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
