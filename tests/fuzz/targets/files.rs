//! Files of people: snapshot bundles and `config.toml`.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use flagdeck::config::{self, Given, KEYS, Loaded};
use flagdeck::fuzzing;
use serde_json::json;
use tempfile::TempDir;

use super::{gist, kind};

pub const BUNDLE_WORDS: &[&str] = &[
    "\"format\"",
    "\"flagdeck-snapshots\"",
    "\"version\"",
    "\"snapshots\"",
    "\"timestamp\"",
    "\"ml\"",
    "\"files\"",
    "\"source\"",
    "\"name\"",
    "\"note\"",
    "\"changes\"",
    "\"hash\"",
];

pub const USER_WORDS: &[&str] = &[
    "id",
    "groups",
    "weight",
    "id;groups",
    "sep=;",
    "\"",
    "\"\"",
    "\r\n",
    ";",
    "\t",
    "1,5",
    "{\"id\":",
    "\"groups\":[",
    "\u{feff}",
];

pub const CONFIG_WORDS: &[&str] = &[
    "[http]",
    "port",
    "http.port",
    "[metrics]",
    "enabled",
    "interval",
    "10000.0",
    "[featureFlags.cache]",
    "ttl",
    "[[http]]",
    "{ port = 1 }",
    "'''",
    "\"\"\"",
    "1979-05-27T07:32:00Z",
    "0x1F",
    "1_000",
    "inf",
];

/// A bundle that is read is written, and read again as the same text.
pub fn bundle(bytes: &[u8]) -> u64 {
    let written = match fuzzing::bundle(bytes) {
        Ok(written) => written,
        Err(error) => return kind(gist(&error)),
    };
    let again = fuzzing::bundle(written.as_bytes()).expect("what was written is readable");
    assert_eq!(again, written, "written and read again");
    kind((written.matches("\"ml\"").count().min(9), written.len() / 64))
}

/// Every setting has a value whatever the file says; one that is set has that value afterwards,
/// and leaves all others as they were; taken out, it is what it was without the file.
pub fn config(bytes: &[u8]) -> u64 {
    const NAME: &str = "http.port";
    let before = loaded(bytes);
    assert_eq!(before.values.len(), KEYS.len());
    let problems: Vec<String> = before.problems.iter().take(4).map(gist).collect();
    let kind = kind((problems, before.is_file_unusable));
    let Ok(text) = str::from_utf8(bytes) else {
        assert!(before.is_file_unusable);
        return kind;
    };
    if before.is_file_unusable {
        return kind;
    }
    if let Some(set) = fuzzing::config_set(text, NAME, &json!(4711)) {
        same_but(&before, &loaded(set.as_bytes()), NAME, 4711);
    }
    if let Some(removed) = fuzzing::config_remove(text, NAME) {
        same_but(&before, &loaded(removed.as_bytes()), NAME, 4680);
    }
    kind
}

fn same_but(before: &Loaded, after: &Loaded, name: &str, port: u16) {
    assert!(!after.is_file_unusable, "{:?}", after.problems);
    assert_eq!(after.config.http.port, port);
    for (key, values) in KEYS.iter().zip(before.values.iter().zip(&after.values)) {
        assert!(key.name == name || values.0 == values.1, "{}", key.name);
    }
}

/// Reads the configuration of a folder whose `config.toml` has these bytes.
fn loaded(bytes: &[u8]) -> Loaded {
    thread_local! {
        static FOLDER: RefCell<TempDir> =
            RefCell::new(tempfile::tempdir().expect("a temporary folder"));
    }
    FOLDER.with_borrow(|folder| {
        write(&folder.path().join("config.toml"), bytes).expect("it is writable");
        config::load(folder.path(), &Given::default())
    })
}

/// Overwrites a file. Some file systems wait for the disk if it is truncated first.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)
}

/// Every row of a file of users is a good one or a bad one, and every user is counted once, in
/// groups or in none.
pub fn users(bytes: &[u8]) -> u64 {
    thread_local! {
        static FOLDER: TempDir = tempfile::tempdir().expect("a temporary folder");
    }
    let file = FOLDER.with(|folder| folder.path().join("users"));
    std::fs::write(&file, bytes).expect("a temporary file");
    let understood = match fuzzing::users(&file) {
        Ok(understood) => understood,
        Err(error) => {
            return kind(gist(
                &error.to_string().replace(&*file.to_string_lossy(), ""),
            ));
        }
    };
    let people = understood.people;
    assert!(understood.good > 0, "a file without users is refused");
    assert_eq!(people + understood.duplicates, understood.good);
    assert_eq!(understood.bad.min(20), understood.bad_rows.len() as u64);
    assert!(understood.groups.iter().all(|group| group.people <= people));
    assert!(understood.ungrouped <= people);
    let form = understood.form;
    let reasons: Vec<String> = understood
        .bad_rows
        .iter()
        .map(|row| gist(&row.reason))
        .collect();
    let columns: Vec<String> = form
        .columns
        .iter()
        .map(|it| format!("{:?}", it.taken))
        .collect();
    kind((
        format!("{:?}{:?}", form.format, form.separator),
        columns,
        reasons,
    ))
}
