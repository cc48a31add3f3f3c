//! At which ports the programs on a data folder serve flags, for other programs of the same user:
//! `flagctl demo` and `doctor` find a window or a server that is not at the usual port.
//!
//! A program that serves holds a shared lock on a file named after its port. The system releases it
//! however the program ends, so what an earlier one left behind is told from one that runs.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::private;

/// The folder of these files.
const FOLDER: &str = "serving";

/// How often to lock again a file that is removed just when it is locked.
const TRIES_MAX: usize = 100;

/// Says that this program serves at a port, until it is dropped or the program ends.
#[derive(Debug)]
pub struct Announced {
    _locked: File,
}

impl Announced {
    /// Announces a port to the programs on a data folder, which exists. Removes what programs left
    /// behind that ended.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn at(data_dir: &Path, port: u16) -> io::Result<Self> {
        let folder = data_dir.join(FOLDER);
        private::create_folders(&folder)?;
        for (file, _) in announced(&folder) {
            remove_if_left(&file);
        }
        let path = folder.join(port.to_string());
        for _ in 0..TRIES_MAX {
            let file = private::open_lock(&path)?;
            // Waits only while another program looks.
            file.lock_shared()?;
            if is_of(&file, &path) {
                return Ok(Self { _locked: file });
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }
}

/// Lists the ports at which programs on a data folder serve now, the lowest first.
pub fn ports(data_dir: &Path) -> Vec<u16> {
    let announced = announced(&data_dir.join(FOLDER)).into_iter();
    let running = announced.filter(|(file, _)| is_held(file));
    let mut ports: Vec<u16> = running.map(|(_, port)| port).collect();
    ports.sort_unstable();
    ports
}

fn announced(folder: &Path) -> Vec<(PathBuf, u16)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let files = entries.flatten().filter_map(|entry| {
        let port = entry.file_name().to_str()?.parse().ok()?;
        Some((entry.path(), port))
    });
    files.collect()
}

fn is_held(file: &Path) -> bool {
    File::open(file).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Removes a file that no program holds. Nothing depends on it.
fn remove_if_left(file: &Path) {
    if let Ok(opened) = File::open(file)
        && opened.try_lock().is_ok()
        && is_of(&opened, file)
    {
        let _ = fs::remove_file(file);
    }
}

/// Returns whether a file is still the one under its name.
fn is_of(file: &File, path: &Path) -> bool {
    let identity = |found: io::Result<fs::Metadata>| found.map(|it| (it.dev(), it.ino())).ok();
    let own = identity(file.metadata());
    own.is_some() && own == identity(fs::metadata(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_announced_until_its_program_ends() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path();
        assert!(ports(there).is_empty());
        let first = Announced::at(there, 4700).unwrap();
        let second = Announced::at(there, 4680).unwrap();
        assert_eq!(ports(there), [4680, 4700]);
        drop(first);
        assert_eq!(ports(there), [4680]);
        drop(second);
        assert!(ports(there).is_empty());
    }

    /// The next program may have the port before the one before has ended.
    #[test]
    fn two_programs_may_announce_one_port() {
        let folder = tempfile::tempdir().unwrap();
        let before = Announced::at(folder.path(), 4680).unwrap();
        let next = Announced::at(folder.path(), 4680).unwrap();
        drop(before);
        assert_eq!(ports(folder.path()), [4680]);
        drop(next);
        assert!(ports(folder.path()).is_empty());
    }

    #[test]
    fn what_is_left_behind_is_removed_by_the_next_program() {
        let folder = tempfile::tempdir().unwrap();
        drop(Announced::at(folder.path(), 4701).unwrap());
        let serving = folder.path().join(FOLDER);
        fs::write(serving.join("notes"), "of a person").unwrap();
        let _own = Announced::at(folder.path(), 4702).unwrap();
        let names = fs::read_dir(&serving).unwrap();
        let mut names: Vec<_> = names.map(|it| it.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["4702", "notes"]);
    }
}
