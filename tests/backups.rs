//! Backups as people use them: made, listed, compared, put in force again, found damaged.

use std::fs;
use std::path::{Path, PathBuf};

use flagdeck::error::Code;
use flagdeck::store::{Backup, Cause, RevisionNumber};

use crate::support::apps::{history, open, percentage, set_percentage, someone};

fn file(folder: &Path, backup: &Backup) -> PathBuf {
    folder.join("backups").join(&backup.name)
}

#[test]
fn a_backup_is_made_when_there_is_something_it_would_hold() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    assert_eq!(app.flags().back_up().unwrap(), None, "there is no revision");
    set_percentage(&app, 1000);
    let made = app.flags().back_up().unwrap().unwrap();
    assert_eq!(made.revision, RevisionNumber(1));
    assert_eq!(
        made.at_ms,
        app.flags().live().origin.as_ref().unwrap().at_ms,
        "the time of the revision in it"
    );
    let length = fs::metadata(file(folder.path(), &made)).unwrap().len();
    assert_eq!(made.bytes, length);
    assert_eq!(
        app.flags().back_up().unwrap(),
        None,
        "one holds the latest already"
    );
    assert_eq!(app.flags().backups().unwrap(), [made]);
}

#[test]
fn a_backup_is_put_in_force_as_a_revision_and_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    set_percentage(&app, 1000);
    let backup = app.flags().back_up().unwrap().unwrap();
    set_percentage(&app, 2000);
    let sentences: Vec<String> = app
        .flags()
        .backup_difference(&backup.name)
        .unwrap()
        .changes
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(sentences, ["Default rollout: 2 % → 1 %"]);
    assert_eq!(percentage(&app), 2000, "comparing changes nothing");

    let outcome = app
        .flags()
        .restore_backup(&backup.name, &someone())
        .unwrap();
    assert_eq!(outcome.revision, RevisionNumber(3));
    assert_eq!(outcome.changes, sentences);
    assert_eq!(percentage(&app), 1000);
    let latest = history(&app).remove(0);
    assert_eq!(latest.cause, Cause::Import);
    let note = latest.note.unwrap();
    assert!(
        note.starts_with("From the backup of revision 1, saved 20"),
        "{note}"
    );

    let again = app
        .flags()
        .restore_backup(&backup.name, &someone())
        .unwrap();
    assert!(!again.changed);
    app.flags().undo(&someone()).unwrap();
    assert_eq!(percentage(&app), 2000);
}

#[test]
fn a_name_that_is_no_backups_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    set_percentage(&app, 1000);
    let backup = app.flags().back_up().unwrap().unwrap();
    let outside = folder.path().join(&backup.name);
    fs::copy(file(folder.path(), &backup), &outside).unwrap();
    for name in [
        "",
        ".",
        "..",
        "nothing",
        &format!("../{}", backup.name),
        &format!("./{}", backup.name),
        outside.to_str().unwrap(),
        &format!("{}\0", backup.name),
    ] {
        let refused = app.flags().restore_backup(name, &someone()).unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{name}");
        let refused = app.flags().backup_difference(name).unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{name}");
    }
}

/// Damages a backup, and checks that it is refused and nothing changed.
#[track_caller]
fn assert_refused(damage: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    set_percentage(&app, 1000);
    let backup = app.flags().back_up().unwrap().unwrap();
    set_percentage(&app, 2000);
    let path = file(folder.path(), &backup);
    fs::write(&path, damage(fs::read(&path).unwrap())).unwrap();
    let refused = app
        .flags()
        .backup_difference(&backup.name)
        .unwrap_err()
        .in_full();
    let begin = format!("the backup {} is damaged (", backup.name);
    assert!(refused.starts_with(&begin), "{refused}");
    assert!(refused.contains("nothing was changed"), "{refused}");
    app.flags()
        .restore_backup(&backup.name, &someone())
        .unwrap_err();
    assert_eq!(percentage(&app), 2000);
    assert_eq!(app.flags().live().revision, RevisionNumber(2));
    assert!(path.exists(), "what is damaged is kept");
}

#[test]
fn a_damaged_backup_is_refused_and_kept() {
    assert_refused(|_| Vec::new());
    assert_refused(|_| b"not a database at all".to_vec());
    assert_refused(|whole| whole[..whole.len() / 2].to_vec());
    assert_refused(|mut whole| {
        let word = b"\"percentage\"";
        let mut places = whole.windows(word.len());
        let place = places.position(|bytes| bytes == word).unwrap();
        whole[place + 1] ^= 1;
        whole
    });
}

#[test]
fn a_backup_under_the_name_of_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    set_percentage(&app, 1000);
    let first = app.flags().back_up().unwrap().unwrap();
    set_percentage(&app, 2000);
    let second = app.flags().back_up().unwrap().unwrap();
    let (first, second) = (file(folder.path(), &first), file(folder.path(), &second));
    fs::copy(first, &second).unwrap();
    let name = second.file_name().unwrap().to_str().unwrap();
    let refused = app.flags().backup_difference(name).unwrap_err().in_full();
    assert!(refused.contains("(revision 2 is missing)"), "{refused}");
}
