//! The quarantine: files that were damaged or replaced, each with a label that says why.
//!
//! An entry is a folder (of the flags) or a `.db` file (of the others). Its label is a small JSON
//! file beside it, the entry's name with `.json` after it, written before the entry is complete. An
//! entry of an earlier Flagdeck has none. Never deletes an entry.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::folder::{QUARANTINE, file_failed};
use crate::durable::{self, Access};
use crate::store::StoreError;

/// More bytes than any label has.
const LABEL_BYTES_MAX: u64 = 64 * 1024;

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

/// Lists the entries of a data folder that nobody has looked at, earliest first.
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

    #[test]
    fn entries_that_nobody_looked_at_are_listed_earliest_first() {
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
}
