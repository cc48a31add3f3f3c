//! The quarantine: files that were damaged or replaced, each with a label that says why.
//!
//! An entry is a folder (of the flags) or a `.db` file (of the others). Its label is a small JSON
//! file beside it, the entry's name with `.json` after it, written before the entry is complete. An
//! entry of an earlier Flagdeck has none. Never deletes an entry.
//!
//! The files of a database are gathered in a folder, with a label from the beginning, before they
//! become an entry. So a crash at any point leaves its reason, and the next start finishes it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::backup;
use super::folder::{self, QUARANTINE, file_failed};
use super::place::beside;
use crate::durable::{self, Access};
use crate::store::StoreError;

/// More bytes than any label has.
const LABEL_BYTES_MAX: u64 = 64 * 1024;

/// Why a sound database was moved.
pub(super) const REPLACED: &str = "another one was put in its place, as a person asked";

/// Why there is a copy of an open database.
pub(super) const KEPT: &str = "a copy of the one that was open when another one took its place";

/// A database of a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    /// `flagdeck.db`.
    Flags,
    /// `metrics.db`.
    Metrics,
    /// `state.db`.
    States,
}

impl Database {
    /// Returns the name of its file, without `.db`.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Flags => "flagdeck",
            Self::Metrics => "metrics",
            Self::States => "state",
        }
    }

    fn path(self, data_dir: &Path) -> PathBuf {
        data_dir.join(format!("{}.db", self.stem()))
    }

    /// Returns where its files are gathered.
    fn unfinished(self, data_dir: &Path) -> PathBuf {
        let quarantine = data_dir.join(QUARANTINE);
        match self {
            Self::Flags => quarantine.join(".unfinished"),
            Self::Metrics | Self::States => quarantine.join(format!(".unfinished-{}", self.stem())),
        }
    }

    /// Names an entry, not yet used by another one.
    fn free_entry(self, data_dir: &Path, at_ms: i64) -> PathBuf {
        let (name, suffix) = match self {
            Self::Flags => (backup::stamp(at_ms), ""),
            Self::Metrics | Self::States => (format!("{}-{at_ms}", self.stem()), ".db"),
        };
        free_place(&data_dir.join(QUARANTINE), &name, suffix)
    }
}

/// What is known of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Label {
    /// The database it was.
    pub database: Database,
    /// Why it was moved, without a full stop.
    pub what: String,
    /// When it was moved, in milliseconds since 1970.
    pub at_ms: i64,
    /// Whether a person has looked at it, or asked for it to be moved. Until then every program
    /// tells of it.
    pub seen: bool,
}

/// An entry with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The folder or file.
    pub path: PathBuf,
    /// What is known of it.
    pub label: Label,
}

impl Entry {
    /// Says what happened, and where the files are.
    pub fn sentence(&self) -> String {
        let Label { what, at_ms, .. } = &self.label;
        let (place, when) = (self.path.display(), backup::minute(*at_ms));
        let lost = match self.label.database {
            Database::Flags => {
                return format!(
                    "The saved flags were damaged ({what}). The files were moved to {place} on \
                     {when}, and the newest good backup took their place, if there was one; \
                     please check the flags. flagctl quarantine lists it."
                );
            }
            Database::Metrics => "What was measured so far",
            Database::States => "The states and their snapshots",
        };
        format!(
            "{lost} cannot be read ({what}); the file was moved to {place} on {when}, and a new \
             one was started. No flag is affected. flagctl quarantine lists it."
        )
    }
}

/// An entry as it is listed, also one of an earlier Flagdeck, without a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quarantined {
    /// Its name in the quarantine.
    pub name: String,
    /// The folder or file.
    pub path: PathBuf,
    /// Bytes of its files, and of the label.
    pub bytes: u64,
    /// Which database it was, why and when it was moved, and whether a person has looked at it;
    /// `None` without a label.
    pub label: Option<Label>,
}

/// Names the label of an entry.
pub fn label_path(entry: &Path) -> PathBuf {
    let mut name = entry.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// Writes the label of an entry, durably, in place of an earlier one.
///
/// # Errors
/// [`StoreError::File`] if it cannot be written, [`StoreError::DiskFull`].
pub fn write_label(entry: &Path, label: &Label) -> Result<(), StoreError> {
    let path = label_path(entry);
    let json = serde_json::to_vec(label).expect("plain data in memory");
    durable::replace(&path, &json, Access::Private).map_err(|error| file_failed(&path, error))
}

/// Reads the label of an entry; `None` if it has none, or one that is not a label.
///
/// # Errors
/// [`StoreError::File`] if it cannot be read.
pub fn read_label(entry: &Path) -> Result<Option<Label>, StoreError> {
    let path = label_path(entry);
    match durable::read_at_most(&path, LABEL_BYTES_MAX) {
        Ok(json) => Ok(serde_json::from_slice(&json).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_failed(&path, error)),
    }
}

/// Returns whether an earlier program was killed while it moved the files of a database.
pub(super) fn is_unfinished(data_dir: &Path, database: Database) -> Result<bool, StoreError> {
    folder::exists(&database.unfinished(data_dir))
}

/// Moves the files of a database to quarantine, durably, and finishes what an earlier program
/// began; returns the entry, `None` if there was no file. No program may have them open.
///
/// # Errors
/// [`StoreError::File`] if they cannot be moved, [`StoreError::DiskFull`].
pub(super) fn set_aside(data_dir: &Path, label: &Label) -> Result<Option<PathBuf>, StoreError> {
    let database = label.database;
    let unfinished = database.unfinished(data_dir);
    let path = database.path(data_dir);
    if folder::exists(&path)? && folder::exists(&unfinished.join(name_of(&path)))? {
        // All were gathered, and a Flagdeck that does not know of them made another database.
        finish(data_dir, database)?;
    }
    // The database last: without it, its log is not read.
    let files = ["-shm", "-wal", "-journal", ""].map(|suffix| beside(&path, suffix));
    let mut present = Vec::new();
    for file in &files {
        present.extend(folder::exists(file)?.then_some(file));
    }
    let is_begun = folder::exists(&unfinished)?;
    if present.is_empty() && !is_begun {
        return Ok(None);
    }
    if !is_begun {
        // A label without a folder is of an entry that was finished.
        folder::remove(&label_path(&unfinished))?;
    }
    folder::create_within(data_dir, &unfinished)?;
    if read_label(&unfinished)?.is_none() {
        write_label(&unfinished, label)?;
    }
    for file in present {
        folder::rename(file, &unfinished.join(name_of(file)))?;
    }
    finish(data_dir, database)
}

/// Makes an entry of gathered files.
fn finish(data_dir: &Path, database: Database) -> Result<Option<PathBuf>, StoreError> {
    let unfinished = database.unfinished(data_dir);
    let gathered = names_in(&unfinished).map_err(|error| file_failed(&unfinished, error))?;
    let mut entry = None;
    if !gathered.is_empty() {
        let label = read_label(&unfinished)?.unwrap_or_else(|| Label {
            database,
            what: format!("{}.db: moving it was cut short", database.stem()),
            at_ms: 0,
            seen: false,
        });
        let place = database.free_entry(data_dir, label.at_ms);
        write_label(&place, &label)?;
        move_gathered(&unfinished, gathered, database, &place)?;
        entry = Some(place);
    }
    remove_folder(&unfinished)?;
    folder::remove(&label_path(&unfinished))?;
    Ok(entry)
}

fn move_gathered(
    unfinished: &Path,
    mut names: Vec<String>,
    database: Database,
    place: &Path,
) -> Result<(), StoreError> {
    if database == Database::Flags {
        return folder::rename(unfinished, place);
    }
    let of_database = format!("{}.db", database.stem());
    // The database last: it is what makes the entry, if a crash comes between.
    names.sort_by_key(|name| *name == of_database);
    for name in names {
        let suffix = name.strip_prefix(&of_database).unwrap_or_default();
        folder::rename(&unfinished.join(&name), &beside(place, suffix))?;
    }
    Ok(())
}

fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|file| Ok(file?.file_name().to_string_lossy().into()));
    names.collect()
}

fn remove_folder(folder: &Path) -> Result<(), StoreError> {
    match fs::remove_dir(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(file_failed(folder, error)),
        _ => Ok(()),
    }
}

fn name_of(file: &Path) -> &std::ffi::OsStr {
    file.file_name().expect("a database's files have names")
}

/// Returns an unused path of this name, with a number if need be.
pub(super) fn free_place(quarantine: &Path, name: &str, suffix: &str) -> PathBuf {
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .map(|name| quarantine.join(name + suffix))
        .find(|place| !place.exists())
        .expect("numbers do not end")
}

/// Lists the entries of a data folder that were not looked at yet, earliest first.
pub fn unseen(data_dir: &Path) -> Vec<Entry> {
    let mut entries = labelled(&data_dir.join(QUARANTINE)).unwrap_or_else(|error| {
        if error.kind() != ErrorKind::NotFound {
            tracing::warn!(%error, "the quarantine cannot be read");
        }
        Vec::new()
    });
    entries.retain(|entry| !entry.label.seen);
    entries.sort_by(|a, b| (a.label.at_ms, &a.path).cmp(&(b.label.at_ms, &b.path)));
    entries
}

/// Lists all entries of a data folder, earliest first; those without a label, by their names,
/// before the others.
///
/// # Errors
/// [`StoreError::File`] if the quarantine cannot be read.
pub fn list(data_dir: &Path) -> Result<Vec<Quarantined>, StoreError> {
    let quarantine = data_dir.join(QUARANTINE);
    let names = match names_in(&quarantine) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        names => names.map_err(|error| file_failed(&quarantine, error))?,
    };
    let mut entries = Vec::new();
    for name in names.iter().filter(|name| is_entry(name, &names)) {
        let path = quarantine.join(name);
        let mut bytes = 0;
        for file in files_of(&path) {
            bytes += bytes_of(&file).map_err(|error| file_failed(&file, error))?;
        }
        entries.push(Quarantined {
            name: name.clone(),
            label: read_label(&path)?,
            path,
            bytes,
        });
    }
    let begins = |entry: &Quarantined| entry.label.as_ref().map(|label| label.at_ms);
    entries.sort_by(|a, b| (begins(a), &a.name).cmp(&(begins(b), &b.name)));
    Ok(entries)
}

/// Notes that a person has looked at an entry, so that it is not told of any more.
///
/// # Errors
/// [`StoreError::File`] if that cannot be written, [`StoreError::DiskFull`].
pub fn note_seen(entry: &Quarantined) -> Result<(), StoreError> {
    match &entry.label {
        Some(label) if !label.seen => write_label(
            &entry.path,
            &Label {
                seen: true,
                ..label.clone()
            },
        ),
        _ => Ok(()),
    }
}

/// Deletes the files of an entry, durably. The label is the last, so that what is left of an entry
/// after a crash is still told of.
///
/// # Errors
/// [`StoreError::File`] if one cannot be deleted.
pub fn remove(entry: &Quarantined) -> Result<(), StoreError> {
    let mut files = files_of(&entry.path);
    let label = label_path(&entry.path);
    let has_label = files.pop_if(|last| *last == label).is_some();
    delete(&entry.path, &files)?;
    match has_label {
        true => delete(&entry.path, &[label]),
        false => Ok(()),
    }
}

/// Deletes files of an entry, durably.
fn delete(entry: &Path, files: &[PathBuf]) -> Result<(), StoreError> {
    for file in files {
        let is_folder = fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_dir());
        let removed = match is_folder {
            true => fs::remove_dir_all(file),
            false => fs::remove_file(file),
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(file_failed(file, error));
            }
            _ => {}
        }
    }
    let quarantine = entry.parent().expect("an entry is in the quarantine");
    folder::sync(quarantine).map_err(|error| file_failed(quarantine, error))
}

/// Returns whether a name is that of an entry, and not of what belongs to one.
fn is_entry(name: &str, names: &[String]) -> bool {
    let belongs = ["-wal", "-shm", "-journal", ".json"]
        .iter()
        .filter_map(|suffix| name.strip_suffix(suffix))
        .any(|entry| names.iter().any(|other| other == entry));
    !belongs && !name.starts_with('.')
}

/// Names what belongs to an entry: the label last.
fn files_of(entry: &Path) -> Vec<PathBuf> {
    let files = ["-shm", "-wal", "-journal", ""].map(|suffix| beside(entry, suffix));
    let files = files.into_iter().chain([label_path(entry)]);
    files
        .filter(|file| fs::symlink_metadata(file).is_ok())
        .collect()
}

/// Counts the bytes of a file, or of the files in a folder.
fn bytes_of(path: &Path) -> io::Result<u64> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    let mut bytes = 0;
    for file in fs::read_dir(path)? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes)
}

fn labelled(quarantine: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for file in fs::read_dir(quarantine)? {
        let path = file?.path();
        // Only what is there: a label is written first, and an entry can be removed by hand.
        if let Ok(Some(label)) = read_label(&path) {
            entries.push(Entry { path, label });
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn label(at_ms: i64, seen: bool) -> Label {
        Label {
            database: Database::States,
            what: "state.db: the database is malformed".into(),
            at_ms,
            seen,
        }
    }

    #[test]
    fn a_label_is_a_small_private_file_beside_its_entry() {
        let folder = tempfile::tempdir().unwrap();
        let entry = folder.path().join("state-7.db");
        write_label(&entry, &label(7, false)).unwrap();
        let path = folder.path().join("state-7.db.json");
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            r#"{"database":"states","what":"state.db: the database is malformed","atMs":7,"seen":false}"#
        );
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(read_label(&entry).unwrap(), Some(label(7, false)));
    }

    #[test]
    fn an_entry_without_a_readable_label_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let entry = folder.path().join("state-7.db");
        assert_eq!(read_label(&entry).unwrap(), None);
        for text in [
            "",
            "{",
            "{}",
            r#"{"database":"others","what":"","atMs":1,"seen":false}"#,
        ] {
            fs::write(label_path(&entry), text).unwrap();
            assert_eq!(read_label(&entry).unwrap(), None, "{text}");
        }
    }

    /// Prepares a data folder with these files, each with its name as its content.
    fn folder_of(files: &[&str]) -> tempfile::TempDir {
        let data_dir = tempfile::tempdir().unwrap();
        for name in files {
            let path = data_dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        data_dir
    }

    #[track_caller]
    fn assert_quarantined(data_dir: &Path, expected: &[&str]) {
        let mut names = names_in(&data_dir.join(QUARANTINE)).unwrap();
        names.sort();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_database_is_set_aside_with_its_log_and_the_reason() {
        let data_dir = folder_of(&["state.db", "state.db-wal"]);
        let entry = set_aside(data_dir.path(), &label(7, false))
            .unwrap()
            .unwrap();
        assert_quarantined(
            data_dir.path(),
            &["state-7.db", "state-7.db-wal", "state-7.db.json"],
        );
        assert_eq!(unseen(data_dir.path())[0].path, entry);
        assert!(!data_dir.path().join("state.db").exists());
        assert_eq!(set_aside(data_dir.path(), &label(8, false)).unwrap(), None);
    }

    #[test]
    fn what_a_killed_program_began_is_finished_with_its_reason() {
        let cut_short = [
            // Before anything was moved, between two files, and in the midst of making the entry.
            &["state.db", "state.db-wal"][..],
            &["state.db", "quarantine/.unfinished-state/state.db-wal"],
            &[
                "quarantine/.unfinished-state/state.db",
                "quarantine/state-7.db-wal",
            ],
        ];
        for files in cut_short {
            let data_dir = folder_of(files);
            let unfinished = Database::States.unfinished(data_dir.path());
            fs::create_dir_all(&unfinished).unwrap();
            write_label(&unfinished, &label(7, false)).unwrap();
            assert!(is_unfinished(data_dir.path(), Database::States).unwrap());

            let later = Label {
                what: "moving it was cut short".into(),
                ..label(9, false)
            };
            let entry = set_aside(data_dir.path(), &later).unwrap().unwrap();
            assert_quarantined(
                data_dir.path(),
                &["state-7.db", "state-7.db-wal", "state-7.db.json"],
            );
            assert_eq!(read_label(&entry).unwrap(), Some(label(7, false)));
            assert!(!is_unfinished(data_dir.path(), Database::States).unwrap());
        }
    }

    #[test]
    fn a_gathered_database_is_not_overwritten_by_a_later_one() {
        let data_dir = folder_of(&["state.db", "quarantine/.unfinished-state/state.db"]);
        let entry = set_aside(data_dir.path(), &label(7, false))
            .unwrap()
            .unwrap();
        assert_eq!(fs::read_to_string(entry).unwrap(), "state.db");
        let earlier = data_dir.path().join("quarantine/state-0.db");
        assert!(
            fs::read_to_string(earlier)
                .unwrap()
                .contains(".unfinished-state")
        );
    }

    #[test]
    fn entries_that_were_not_looked_at_are_listed_earliest_first() {
        let data_dir = tempfile::tempdir().unwrap();
        assert_eq!(unseen(data_dir.path()), []);
        let quarantine = data_dir.path().join(QUARANTINE);
        fs::create_dir(&quarantine).unwrap();
        for (name, at_ms, seen) in [("b", 2, false), ("a", 3, false), ("seen", 1, true)] {
            fs::write(quarantine.join(name), "").unwrap();
            write_label(&quarantine.join(name), &label(at_ms, seen)).unwrap();
        }
        fs::write(quarantine.join("of an earlier Flagdeck"), "").unwrap();
        write_label(&quarantine.join("removed by hand"), &label(0, false)).unwrap();
        let names = unseen(data_dir.path())
            .into_iter()
            .map(|entry| entry.path.file_name().unwrap().to_owned());
        assert_eq!(names.collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn an_entry_is_listed_with_all_its_files_noted_as_seen_and_removed() {
        let data_dir = folder_of(&[
            "quarantine/state-7.db",
            "quarantine/state-7.db-wal",
            "quarantine/20251124T120000.000Z/flagdeck.db",
            "quarantine/20251124T120000.000Z/flagdeck.db-wal",
            "quarantine/metrics-9.db",
            "quarantine/.unfinished-state/state.db",
            "quarantine/note.json",
        ]);
        let quarantine = data_dir.path().join(QUARANTINE);
        write_label(&quarantine.join("state-7.db"), &label(7, false)).unwrap();
        let entries = list(data_dir.path()).unwrap();
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let flags = "20251124T120000.000Z";
        assert_eq!(names, [flags, "metrics-9.db", "note.json", "state-7.db"]);
        assert!(entries[0].bytes > 80 && entries[3].bytes > 120);

        note_seen(&entries[3]).unwrap();
        assert_eq!(unseen(data_dir.path()), []);
        remove(&entries[3]).unwrap();
        remove(&entries[0]).unwrap();
        assert_quarantined(
            data_dir.path(),
            &[".unfinished-state", "metrics-9.db", "note.json"],
        );
        assert_eq!(list(data_dir.path()).unwrap().len(), 2);
        assert_eq!(list(&data_dir.path().join("none")).unwrap(), []);
    }
}
