//! What of a data folder other users can use: closed to them when the folder is opened, and listed
//! if that fails.

use std::fs::{self, Metadata, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::users::described;
use super::{FILE_MODE, FOLDER_MODE, OTHERS};

/// The databases' names without `.db`.
const DATABASES: [&str; 5] = ["flagdeck", "metrics", "rollouts", "rosters", "state"];

/// The other files that Flagdeck alone writes. Neither `config.toml`, which keeps the mode that its
/// user gave it, nor the tokens: if others could read one, it is to be replaced.
const FILES: [&str; 10] = [
    "clock.json",
    "flagdeck.id",
    "flags.lock",
    "overrides.json",
    "overrides.lock",
    "push.json",
    "preferences.json",
    "rollouts.lock",
    "upstream.lock",
    "window.lock",
];

/// Folders of a data folder in which everything is Flagdeck's.
const FOLDERS: [&str; 2] = ["backups", "quarantine"];

/// A file or folder that other users can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// Its place.
    pub path: PathBuf,
    /// Who owns it, if that is another user.
    pub owner: Option<String>,
    /// What closes it to others.
    pub command: String,
}

/// Closes to other users what earlier versions left open to them in a data folder. Of what fails,
/// [`exposed`] tells.
pub(crate) fn tighten(data_dir: &Path) {
    for (path, found) in made_by_flagdeck(data_dir) {
        if is_own(&found) && is_open(&found) {
            let closed = fs::set_permissions(&path, Permissions::from_mode(mode(&found)));
            if let Err(error) = closed {
                tracing::warn!(path = %path.display(), %error, "others can still use it");
            }
        }
    }
}

/// Lists what of a data folder other users can use.
pub fn exposed(data_dir: &Path) -> Vec<Exposed> {
    let made = made_by_flagdeck(data_dir).into_iter();
    made.filter(|(_, found)| !is_own(found) || is_open(found))
        .map(|(path, found)| described_of(path, &found))
        .collect()
}

/// Returns whether other users can read a file; false if it is not there.
pub fn others_can_read(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.mode() & 0o044 != 0)
}

fn described_of(path: PathBuf, found: &Metadata) -> Exposed {
    let place = path.display();
    let command = match is_own(found) {
        true => format!("chmod {:o} {place}", mode(found)),
        false => format!("chown {} {place}", described(geteuid().as_raw())),
    };
    Exposed {
        owner: (!is_own(found)).then(|| described(found.uid())),
        command,
        path,
    }
}

fn is_own(found: &Metadata) -> bool {
    found.uid() == geteuid().as_raw()
}

fn is_open(found: &Metadata) -> bool {
    found.mode() & OTHERS != 0
}

fn mode(found: &Metadata) -> u32 {
    match found.is_dir() {
        true => FOLDER_MODE,
        // One that is write-protected stays so.
        false => found.mode() & FILE_MODE,
    }
}

/// Lists the files and folders that Flagdeck alone writes, without following links.
fn made_by_flagdeck(data_dir: &Path) -> Vec<(PathBuf, Metadata)> {
    let entries = fs::read_dir(data_dir).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        if FOLDERS.contains(&name) {
            collect(entry.path(), &mut found);
        } else if is_file_of_flagdeck(name) {
            found.extend(looked_at(entry.path()));
        }
    }
    found
}

fn is_file_of_flagdeck(name: &str) -> bool {
    let of_database = |stem: &&str| {
        let rest = name.strip_prefix(*stem).unwrap_or_default();
        rest.starts_with(".db") || rest == ".lock" || rest == ".users"
    };
    FILES.contains(&name) || DATABASES.iter().any(of_database)
}

/// Adds a folder and everything in it.
fn collect(path: PathBuf, found: &mut Vec<(PathBuf, Metadata)>) {
    let Some((path, metadata)) = looked_at(path) else {
        return;
    };
    if metadata.is_dir() {
        let entries = fs::read_dir(&path).into_iter().flatten().flatten();
        for entry in entries {
            collect(entry.path(), found);
        }
    }
    found.push((path, metadata));
}

fn looked_at(path: PathBuf) -> Option<(PathBuf, Metadata)> {
    let found = fs::symlink_metadata(&path).ok()?;
    (found.is_dir() || found.is_file()).then_some((path, found))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn modes(folder: &Path, names: &[&str]) -> Vec<u32> {
        let mode = |name| fs::metadata(folder.join(name)).unwrap().mode() & 0o777;
        names.iter().map(mode).collect()
    }

    fn make(folder: &Path, name: &str, mode: u32) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_an_earlier_version_left_open_is_closed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let own = [
            "flagdeck.db",
            "state.db-wal",
            "metrics.users",
            "backups/r1.db",
            "overrides.json",
            "overrides.lock",
            "upstream.lock",
        ];
        let others = ["config.toml", "token", "notes.txt", "flagdeck.txt"];
        for name in own.iter().chain(&others) {
            make(folder.path(), name, 0o644);
        }
        make(folder.path(), "state.db", 0o444);
        symlink(
            folder.path().join("notes.txt"),
            folder.path().join("metrics.db"),
        )
        .unwrap();
        let names = exposed(folder.path()).into_iter().map(|it| it.path);
        assert_eq!(names.count(), own.len() + 2, "with state.db and backups");
        tighten(folder.path());
        assert_eq!(modes(folder.path(), &own), [0o600; 7]);
        assert_eq!(modes(folder.path(), &others), [0o644; 4]);
        assert_eq!(
            modes(folder.path(), &["state.db", "backups"]),
            [0o400, 0o700]
        );
        assert_eq!(exposed(folder.path()), []);
    }

    #[test]
    fn what_is_open_is_told_with_what_closes_it() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), "state.db", 0o640);
        let path = folder.path().join("state.db");
        let command = format!("chmod 600 {}", path.display());
        let told = Exposed {
            path,
            owner: None,
            command,
        };
        assert_eq!(exposed(folder.path()), [told]);
    }
}
