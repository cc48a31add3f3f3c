//! The quarantine: files that were damaged or replaced, each with a label that says why.
//!
//! An entry is a folder (of the flags) or a `.db` file (of the others). Its label is a small JSON
//! file beside it, the entry's name with `.json` after it, written before the entry is complete. An
//! entry of an earlier Flagdeck has none. A damaged backup, which stays among the backups under
//! another name, is listed as an entry, too. Never deletes an entry unless a person asks for it.
//!
//! The files of a database are gathered in a folder, with a label from the beginning, before they
//! become an entry. So a crash at any point leaves its reason, and the next start finishes it.

mod remains;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

pub(crate) use self::remains::{Remains, read_if_sound};
use super::folder::{self, BACKUPS, QUARANTINE, file_failed};
use super::place::beside;
use super::{backup, commits};
use crate::durable::{self, Access};
use crate::store::StoreError;

/// More bytes than any label has.
const LABEL_BYTES_MAX: u64 = 64 * 1024;

/// What a person can do about an entry.
const HOW: &str = "flagctl quarantine lists it, flagctl doctor --salvage takes back what is sound.";

/// Why a sound database was moved.
pub(super) const REPLACED: &str = "another one was put in its place, as a person asked";

/// The end of the name of a damaged backup, with which it does not count as one.
pub(super) const DAMAGED_BACKUP: &str = ".damaged";

/// Why there is a copy of an open database.
pub(super) const KEPT: &str = "a copy of the one that was open when another one took its place";

/// A database of a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum Database {
    /// `flagdeck.db`.
    Flags,
    /// `metrics.db`.
    Metrics,
    /// `state.db`.
    States,
    /// `rosters.db`.
    Rosters,
    /// `rollouts.db`.
    Rollouts,
}

impl Database {
    /// Returns the name of its file, without `.db`.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Flags => "flagdeck",
            Self::Metrics => "metrics",
            Self::States => "state",
            Self::Rosters => "rosters",
            Self::Rollouts => "rollouts",
        }
    }

    /// Tells by its name which one an entry was; `None` if the name does not say.
    fn of_entry(entry: &Path) -> Option<Self> {
        let name = entry.file_name()?.to_str()?;
        if entry.is_dir() || name.ends_with(DAMAGED_BACKUP) {
            return Some(Self::Flags);
        }
        let (stem, _) = name.split_once('-')?;
        let all = [
            Self::Flags,
            Self::Metrics,
            Self::States,
            Self::Rosters,
            Self::Rollouts,
        ];
        all.into_iter().find(|database| database.stem() == stem)
    }

    fn path(self, data_dir: &Path) -> PathBuf {
        data_dir.join(format!("{}.db", self.stem()))
    }

    /// Names what is in it.
    fn data(self) -> &'static str {
        match self {
            Self::Flags => "The saved flags",
            Self::Metrics => "The saved metrics",
            Self::States => "The saved states",
            Self::Rosters => "The saved rosters",
            Self::Rollouts => "Ramps and decisions about rollouts",
        }
    }

    /// Returns where its files are gathered.
    fn unfinished(self, data_dir: &Path) -> PathBuf {
        let quarantine = data_dir.join(QUARANTINE);
        match self {
            Self::Flags => quarantine.join(".unfinished"),
            Self::Metrics | Self::States | Self::Rosters | Self::Rollouts => {
                quarantine.join(format!(".unfinished-{}", self.stem()))
            }
        }
    }

    /// Names an entry, not yet used by another one.
    fn free_entry(self, data_dir: &Path, at_ms: i64) -> Result<PathBuf, StoreError> {
        let (name, suffix) = match self {
            Self::Flags => (backup::stamp(at_ms), ""),
            Self::Metrics | Self::States | Self::Rosters | Self::Rollouts => {
                (format!("{}-{at_ms}", self.stem()), ".db")
            }
        };
        free_place(&data_dir.join(QUARANTINE), &name, suffix)
    }
}

/// What is known of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
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
    /// What of it stayed in force; `None` for nothing.
    #[serde(default)]
    pub kept: Option<Kept>,
}

/// What of a damaged database stayed in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum Kept {
    /// Everything up to the damage.
    Part,
    /// Everything that was saved.
    All,
}

impl Kept {
    /// Says what of it was kept.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Part => {
                "Everything before the damage is kept and in use; what was saved after it is lost."
            }
            Self::All => "Nothing that was saved is lost.",
        }
    }
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
    /// Returns its name, as it is listed.
    pub fn name(&self) -> String {
        name_of(&self.path).to_string_lossy().into_owned()
    }

    /// Says what happened, and where the files are.
    pub fn sentence(&self) -> String {
        let Label { what, at_ms, .. } = &self.label;
        let (place, when) = (self.path.display(), backup::minute(*at_ms));
        if let Some(kept) = self.label.kept {
            let (data, kept) = (self.label.database.data(), kept.sentence());
            return format!(
                "{data} were damaged ({what}). {kept} The damaged files were moved to {place} on \
                 {when}. {HOW}"
            );
        }
        let lost = match self.label.database {
            Database::Flags => {
                return format!(
                    "The saved flags were damaged ({what}). The files were moved to {place} on \
                     {when}, and the newest good backup took their place, if there was one; \
                     please check the flags. {HOW}"
                );
            }
            Database::Metrics => "What was measured so far",
            Database::States => "The states and their snapshots",
            Database::Rosters => "The imported rosters",
            Database::Rollouts => "Ramps and decisions about rollouts",
        };
        format!(
            "{lost} cannot be read ({what}); the file was moved to {place} on {when}, and a new \
             one was started. No flag is affected. {HOW}"
        )
    }
}

/// An entry as it is listed, also one of an earlier Flagdeck, without a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Quarantined {
    /// Its name in the quarantine, or among the backups.
    pub name: String,
    /// The folder or file.
    #[cfg_attr(test, ts(type = "string"))]
    pub path: PathBuf,
    /// Bytes of its files, and of the label.
    pub bytes: u64,
    /// Which database it was, by its label or its name; `None` if neither says so.
    pub database: Option<Database>,
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
    folder::is_there(&database.unfinished(data_dir))
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
    if folder::is_there(&path)? && folder::is_there(&unfinished.join(name_of(&path)))? {
        // All were gathered, and a Flagdeck that does not know of them made another database.
        finish(data_dir, database)?;
    }
    // The database last: without it, its log is not read.
    let files = ["-shm", "-wal", "-journal", ""].map(|suffix| beside(&path, suffix));
    let mut present = Vec::new();
    for file in &files {
        present.extend(folder::is_there(file)?.then_some(file));
    }
    let is_unfinished = folder::is_there(&unfinished)?;
    if present.is_empty() && !is_unfinished {
        folder::remove(&commits::note_path(&path))?;
        return Ok(None);
    }
    if !is_unfinished {
        // A label without a folder is of an entry that was finished.
        folder::remove(&label_path(&unfinished))?;
    }
    folder::create_within(data_dir, &unfinished)?;
    if read_label(&unfinished)?.is_none() {
        write_label(&unfinished, label)?;
    }
    // In the copy that replaces it, what the label says is missing would be missing again.
    folder::remove(&commits::note_path(&path))?;
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
            kept: None,
        });
        let place = database.free_entry(data_dir, label.at_ms)?;
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
pub(super) fn free_place(
    quarantine: &Path,
    name: &str,
    suffix: &str,
) -> Result<PathBuf, StoreError> {
    let mut place = quarantine.join(name.to_owned() + suffix);
    let mut number = 1;
    while folder::is_there(&place)? {
        number += 1;
        place = quarantine.join(format!("{name}-{number}{suffix}"));
    }
    Ok(place)
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
    let mut entries = entries_in(&data_dir.join(QUARANTINE), |_| true)?;
    let is_damaged_backup = |name: &str| name.ends_with(DAMAGED_BACKUP);
    entries.extend(entries_in(&data_dir.join(BACKUPS), is_damaged_backup)?);
    let begins = |entry: &Quarantined| entry.label.as_ref().map(|label| label.at_ms);
    entries.sort_by(|a, b| (begins(a), &a.name).cmp(&(begins(b), &b.name)));
    Ok(entries)
}

/// Lists the entries of a folder whose names are `wanted`; none of a folder that is not there.
fn entries_in(
    folder: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Quarantined>, StoreError> {
    let names = match names_in(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        names => names.map_err(|error| file_failed(folder, error))?,
    };
    let entries = names
        .iter()
        .filter(|name| is_entry(name, &names) && wanted(name));
    entries.map(|name| entry_of(folder, name)).collect()
}

fn entry_of(folder: &Path, name: &str) -> Result<Quarantined, StoreError> {
    let path = folder.join(name);
    let mut bytes = 0;
    for file in files_of(&path) {
        bytes += bytes_of(&file).map_err(|error| file_failed(&file, error))?;
    }
    let label = read_label(&path)?;
    let by_label = label.as_ref().map(|label| label.database);
    Ok(Quarantined {
        name: name.to_owned(),
        database: by_label.or_else(|| Database::of_entry(&path)),
        label,
        path,
        bytes,
    })
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
    files.filter(|file| !is_missing(file)).collect()
}

/// Returns whether there is nothing under a name, not even a link.
fn is_missing(file: &Path) -> bool {
    fs::symlink_metadata(file).is_err_and(|error| error.kind() == ErrorKind::NotFound)
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
mod tests;
