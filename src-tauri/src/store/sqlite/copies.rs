//! Replacing a database by a copy within its folder, so that a program that is killed meanwhile
//! loses nothing.
//!
//! A copy has one name until it is verified and durable, another from then on; the next program
//! that opens the folder renames a complete copy to the database if that is missing. Making or
//! moving one requires the [`Turn`].

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::folder::{self, file_failed};
use super::place::beside;
use super::{backup, quarantine};
use crate::store::StoreError;

/// The lock of the program that writes back.
const LOCK: &str = ".write-back.lock";

/// The exclusive right to make and move copies in a folder.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    folder: &'a Path,
    _lock: File,
}

impl<'a> Turn<'a> {
    /// Waits for it.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if another program keeps it longer than `patience`.
    pub(super) fn take(folder: &'a Path, patience: Duration) -> Result<Self, StoreError> {
        let lock = backup::lock(&folder.join(LOCK), patience)?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Makes a copy of the database `stem` by `fill`, verified and durable, and has `replace` give it
    /// the database's name. If that fails, nothing is left of it.
    pub(super) fn copy<T>(
        &self,
        stem: &str,
        fill: impl FnOnce(&Path) -> Result<(), StoreError>,
        replace: impl FnOnce(&Path) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.finish(stem)?;
        let (unfinished, whole) = (unfinished(self.folder, stem), whole(self.folder, stem));
        let replaced = fill(&unfinished)
            .and_then(|()| folder::rename(&unfinished, &whole))
            .and_then(|()| replace(&whole));
        for copy in [&unfinished, &whole] {
            discard(copy);
        }
        replaced
    }

    /// Returns whether a complete copy of the database `stem` is waiting to be renamed.
    pub(super) fn has_whole(&self, stem: &str) -> Result<bool, StoreError> {
        folder::exists(&whole(self.folder, stem))
    }

    /// Renames a complete copy to the database `stem` if that is missing; else moves the copy to
    /// quarantine. Removes an incomplete one.
    pub(super) fn finish(&self, stem: &str) -> Result<(), StoreError> {
        discard(&unfinished(self.folder, stem));
        if !self.has_whole(stem)? {
            return Ok(());
        }
        let whole = whole(self.folder, stem);
        let database = self.folder.join(format!("{stem}.db"));
        if !folder::exists(&database)? && !folder::exists(&beside(&database, "-wal"))? {
            tracing::warn!(database = %database.display(), "a write back is finished");
            return put_in_place(&whole, &database);
        }
        let aside = self.folder.join(folder::QUARANTINE);
        folder::create_within(self.folder, &aside)?;
        let place = quarantine::free_place(&aside, &format!("{stem}-not-written-back"), "");
        tracing::warn!(place = %place.display(), "a copy that was not written back is moved to quarantine");
        folder::rename(&whole, &place)
    }
}

/// Finishes what a killed program left, if any: see [`Turn::finish`].
pub(super) fn finish(folder: &Path, stem: &str, patience: Duration) -> Result<(), StoreError> {
    match are_there(folder, stem)? {
        true => Turn::take(folder, patience)?.finish(stem),
        false => Ok(()),
    }
}

/// Returns whether a program is copying the database `stem`, or was killed while it did.
pub(super) fn are_there(folder: &Path, stem: &str) -> Result<bool, StoreError> {
    Ok(folder::exists(&whole(folder, stem))? || folder::exists(&unfinished(folder, stem))?)
}

/// Gives a finished copy its name, unless another program was faster.
pub(super) fn put_in_place(copy: &Path, to: &Path) -> Result<(), StoreError> {
    match rename_to_free(copy, to) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(file_failed(to, error));
        }
        // Some file systems do not support this.
        Err(_) => return folder::rename(copy, to),
    }
    let folder = to.parent().unwrap_or(to);
    folder::sync(folder).map_err(|error| file_failed(folder, error))
}

#[cfg(target_os = "linux")]
fn rename_to_free(from: &Path, to: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(target_os = "linux"))]
fn rename_to_free(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::hard_link(from, to)?;
    std::fs::remove_file(from)
}

/// Removes a copy and what SQLite may have left beside it; failures are ignored. The copy itself is
/// removed last, because it shows that something is left.
fn discard(copy: &Path) {
    for suffix in ["-journal", "-wal", "-shm", ""] {
        if let Err(error) = folder::remove(&beside(copy, suffix)) {
            tracing::warn!(%error, "a copy of the store stays");
        }
    }
}

fn unfinished(folder: &Path, stem: &str) -> PathBuf {
    folder.join(format!(".{stem}-unfinished.db"))
}

fn whole(folder: &Path, stem: &str) -> PathBuf {
    folder.join(format!(".{stem}-whole.db"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(50);

    /// Finishes in a folder of these files, and returns what is left of them, with their texts.
    #[track_caller]
    fn check(files: &[&str], expected: &[(&str, &str)]) {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            fs::write(folder.path().join(name), name).unwrap();
        }
        finish(folder.path(), "state", PATIENCE).unwrap();
        let mut left = Vec::new();
        for place in [folder.path(), &folder.path().join("quarantine")] {
            for entry in fs::read_dir(place).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_file() && !path.ends_with(LOCK) {
                    let name = path.strip_prefix(folder.path()).unwrap();
                    left.push((
                        name.display().to_string(),
                        fs::read_to_string(&path).unwrap(),
                    ));
                }
            }
        }
        left.sort();
        let expected = expected
            .iter()
            .map(|(name, text)| ((*name).into(), (*text).into()));
        assert_eq!(left, expected.collect::<Vec<(String, String)>>());
    }

    #[test]
    fn what_a_program_was_killed_over_is_finished() {
        check(&[], &[]);
        check(&["state.db"], &[("state.db", "state.db")]);
        check(
            &[".state-unfinished.db", ".state-unfinished.db-journal"],
            &[],
        );
        // While its journal mode is changed, a copy has a log.
        check(
            &[
                ".state-unfinished.db",
                ".state-unfinished.db-shm",
                ".state-unfinished.db-wal",
            ],
            &[],
        );
        check(
            &[".state-unfinished.db", "state.db"],
            &[("state.db", "state.db")],
        );
        check(&[".state-whole.db"], &[("state.db", ".state-whole.db")]);
        check(
            &[".state-whole.db", "state.db"],
            &[
                ("quarantine/state-not-written-back", ".state-whole.db"),
                ("state.db", "state.db"),
            ],
        );
    }

    #[test]
    fn a_copy_that_another_program_makes_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let turn = Turn::take(folder.path(), PATIENCE).unwrap();
        let made = turn.copy(
            "state",
            |to| fs::write(to, "a copy").map_err(|error| file_failed(to, error)),
            |whole| {
                let other = finish(folder.path(), "state", PATIENCE);
                assert!(matches!(other, Err(StoreError::Busy)), "{other:?}");
                put_in_place(whole, &folder.path().join("state.db"))
            },
        );
        made.unwrap();
        let text = fs::read_to_string(folder.path().join("state.db")).unwrap();
        assert_eq!(text, "a copy");
        assert!(!are_there(folder.path(), "state").unwrap());
    }

    #[test]
    fn a_name_that_was_taken_is_left_and_nothing_stays_of_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("state.db");
        let turn = Turn::take(folder.path(), PATIENCE).unwrap();
        let refused = turn.copy(
            "state",
            |to| fs::write(to, "a copy").map_err(|error| file_failed(to, error)),
            |whole| {
                fs::write(&database, "of another program").unwrap();
                put_in_place(whole, &database)
            },
        );
        assert!(refused.is_err());
        assert_eq!(fs::read_to_string(&database).unwrap(), "of another program");
        assert!(!are_there(folder.path(), "state").unwrap());
    }
}
