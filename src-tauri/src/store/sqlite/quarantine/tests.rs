//! Labels and entries: written, listed, finished after a crash, deleted.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn label(at_ms: i64, seen: bool) -> Label {
    Label {
        database: Database::States,
        what: "state.db: the database is malformed".into(),
        at_ms,
        seen,
        kept: None,
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
        r#"{"database":"states","what":"state.db: the database is malformed","atMs":7,"seen":false,"kept":null}"#
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
