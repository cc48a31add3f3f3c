//! What the SQLite store does when its files are damaged, missing, cut short or altered.

use std::fs;
use std::path::Path;
use std::thread;

use flagdeck::store::sqlite::{Opened, SqliteStore};
use flagdeck::store::{RevisionNumber, Store, StoreError};

use crate::store_contract::{append, append_many, assert_sound, draft, number_of_head};
use crate::support::folders::{copy_folder, names_in, quarantined};
use crate::support::stores::{
    NOW_MS, assert_recovered, database, document, flip, open, open_damaged, open_sound, tamper,
    temporary, three_revisions_two_in_backup,
};

#[test]
fn garbage_is_set_aside_and_the_backup_takes_its_place() {
    let place = temporary();
    let folder = place.path();
    three_revisions_two_in_backup(folder);
    let garbage = b"this is not a database at all, whatever its name says".repeat(100);
    fs::write(database(folder), &garbage).expect("it can be written");
    fs::write(folder.join("flagdeck.db-wal"), b"nor a log").expect("it can be written");

    let recovery = assert_recovered(folder, "not a database");
    let set_aside = recovery.set_aside.as_ref().expect("it was set aside");
    assert_eq!(fs::read(database(set_aside)).expect("it was kept"), garbage);
    assert_eq!(
        fs::read(set_aside.join("flagdeck.db-wal")).expect("it was kept"),
        b"nor a log"
    );
    assert_eq!(
        recovery
            .sentence()
            .replace(&set_aside.display().to_string(), "…"),
        "The saved flags were damaged (flagdeck.db is not a database). The damaged files \
         were kept and moved to …. The newest good backup took their place: revision 2, \
         saved 2026-01-01 00:00 UTC. Changes made after it are not in force; please check \
         the flags."
    );
}

#[test]
fn without_a_good_backup_the_store_starts_empty_and_says_so() {
    let place = temporary();
    let folder = place.path();
    append_many(&open_sound(folder), 1, document);
    fs::write(database(folder), b"garbage").expect("it can be written");
    let (store, recovery) = open_damaged(folder);
    assert_eq!(recovery.restored, None);
    assert!(
        recovery.sentence().contains("no good backup"),
        "{}",
        recovery.sentence()
    );
    assert_sound(&store, 0);
    append(&store, 0, draft(b"{}"));
}

#[test]
fn a_damaged_backup_is_kept_but_passed_over() {
    let place = temporary();
    let folder = place.path();
    let store = open_sound(folder);
    append_many(&store, 2, document);
    store.back_up(0, 0).expect("it can be backed up");
    append_many(&store, 1, document);
    let newest = store
        .back_up(0, 0)
        .expect("it can be backed up")
        .expect("a backup");
    drop(store);
    flip(&newest, " 1.700 ", 3);
    fs::write(database(folder), b"garbage").expect("it can be written");

    assert_recovered(folder, "not a database");
    assert!(!newest.exists());
    let kept = format!("{}.damaged", newest.display());
    assert!(Path::new(&kept).exists());
}

#[test]
fn a_file_cut_short_is_found_damaged() {
    let whole = temporary();
    three_revisions_two_in_backup(whole.path());
    let length = fs::metadata(database(whole.path()))
        .expect("it exists")
        .len();
    for kept in [
        0,
        1,
        99,
        100,
        512,
        4096,
        length / 2,
        length - 4096,
        length - 1,
    ] {
        let place = temporary();
        copy_folder(whole.path(), place.path());
        let file = fs::OpenOptions::new()
            .write(true)
            .open(database(place.path()));
        file.and_then(|file| file.set_len(kept))
            .expect("it can be cut");
        assert_recovered(place.path(), "flagdeck.db");
    }
}

#[test]
fn a_missing_database_with_backups_is_damage_not_a_fresh_start() {
    let place = temporary();
    three_revisions_two_in_backup(place.path());
    fs::remove_file(database(place.path())).expect("it was there");
    let recovery = assert_recovered(place.path(), "gone");
    assert_eq!(recovery.set_aside, None);
}

#[test]
fn a_missing_table_is_damage() {
    let place = temporary();
    three_revisions_two_in_backup(place.path());
    tamper(place.path(), "DROP TABLE opening");
    assert_recovered(place.path(), "its tables are altered");
}

#[test]
fn a_missing_log_is_noticed_by_the_backup_that_knew_more() {
    let place = temporary();
    let store = open_sound(place.path());
    append_many(&store, 2, document);
    store.back_up(0, 0).expect("it can be backed up");
    // As it is while the store is open, but without its log.
    let copy = temporary();
    copy_folder(place.path(), copy.path());
    fs::remove_file(copy.path().join("flagdeck.db-wal")).expect("it was there");
    drop(store);
    let (store, recovery) = open_damaged(copy.path());
    assert_eq!(
        recovery.restored.map(|it| it.revision),
        Some(RevisionNumber(2))
    );
    assert_sound(&store, 2);
}

#[test]
fn another_stores_backup_makes_a_sound_store_no_damaged_one() {
    let (mine, other) = (temporary(), temporary());
    append(&open_sound(mine.path()), 0, draft(b"{}"));
    three_revisions_two_in_backup(other.path());
    copy_folder(&other.path().join("backups"), &mine.path().join("backups"));
    assert_sound(&open_sound(mine.path()), 1);
}

#[test]
fn a_log_without_its_database_is_set_aside() {
    let place = temporary();
    let store = open_sound(place.path());
    append_many(&store, 1, document);
    let copy = temporary();
    copy_folder(place.path(), copy.path());
    fs::remove_file(database(copy.path())).expect("it was there");
    let (store, recovery) = open_damaged(copy.path());
    let set_aside = recovery.set_aside.expect("the log was set aside");
    assert!(set_aside.join("flagdeck.db-wal").exists());
    assert_sound(&store, 0);
}

#[test]
fn a_flipped_bit_in_the_latest_document_is_found_at_opening() {
    let whole = temporary();
    three_revisions_two_in_backup(whole.path());
    for (word, bit) in [(" 2.1 ", 0), (" 2.9 ", 1), (" 2.700 ", 7), (" 2.1499 ", 4)] {
        let place = temporary();
        copy_folder(whole.path(), place.path());
        flip(&database(place.path()), word, bit);
        assert_recovered(place.path(), "revision 3 does not match its hash");
    }
}

#[test]
fn a_flipped_bit_in_an_older_document_is_found_by_reading_it_and_by_a_check() {
    let place = temporary();
    three_revisions_two_in_backup(place.path());
    flip(&database(place.path()), " 0.700 ", 5);
    let store = open_sound(place.path());
    assert_eq!(number_of_head(&store), RevisionNumber(3));
    let refused = store
        .revision(RevisionNumber(1))
        .expect_err("it is damaged");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
    assert!(
        store
            .revision(RevisionNumber(2))
            .expect("it can be read")
            .is_some()
    );
    let report = store.check().expect("everything can be read");
    assert_eq!(report.problems, ["revision 1 does not match its hash"]);
    assert_eq!(report.revisions, 2);
    // Nor does it get into a backup.
    let refused = store.back_up(0, 0).expect_err("it does not verify");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
    assert_eq!(
        names_in(&place.path().join("backups")).len(),
        2,
        "a backup and a lock"
    );
}

#[test]
fn no_flipped_bit_anywhere_changes_what_is_read() {
    let whole = temporary();
    three_revisions_two_in_backup(whole.path());
    let bytes = fs::read(database(whole.path())).expect("it can be read");
    // Every part of the file in turn; the header and the table's root more closely.
    let places = (0..110).step_by(3).chain((110..bytes.len()).step_by(797));
    for (round, byte) in places.enumerate() {
        let place = temporary();
        let mut flipped = bytes.clone();
        flipped[byte] ^= 1 << (round % 8);
        fs::write(database(place.path()), flipped).expect("it can be written");
        let Ok(Opened { store, recovery }) = SqliteStore::open(place.path(), NOW_MS) else {
            continue;
        };
        for (index, number) in (1..=3).map(RevisionNumber).enumerate() {
            match store.revision(number) {
                Ok(Some(revision)) => {
                    assert_eq!(*revision.draft.document, *document(index), "byte {byte}");
                }
                Ok(None) => assert!(
                    recovery.is_some() || !store.check().is_ok_and(|it| it.problems.is_empty()),
                    "byte {byte}: revision {number} is gone unnoticed"
                ),
                Err(_) => {}
            }
        }
    }
}

#[test]
fn a_page_of_zeros_never_goes_unnoticed() {
    let whole = temporary();
    three_revisions_two_in_backup(whole.path());
    let bytes = fs::read(database(whole.path())).expect("it can be read");
    for page in 0..bytes.len() / 4096 {
        let place = temporary();
        let mut zeroed = bytes.clone();
        zeroed[page * 4096..(page + 1) * 4096].fill(0);
        fs::write(database(place.path()), zeroed).expect("it can be written");
        let Opened { store, recovery } = open(place.path());
        let report = store.check().expect("everything can be read");
        assert!(
            recovery.is_some() || !report.problems.is_empty(),
            "page {page} went unnoticed"
        );
    }
}

#[test]
fn a_tampered_note_is_in_no_list_and_hides_no_other_revision() {
    let place = temporary();
    append_many(&open_sound(place.path()), 3, document);
    tamper(
        place.path(),
        "DROP TRIGGER revision_is_never_edited;
             UPDATE revision SET note = 'it was not me' WHERE number = 2;",
    );
    let store = open_sound(place.path());
    let listed = store.summaries(None, 10).expect("they can be read");
    let damaged: Vec<bool> = listed.iter().map(|it| it.is_damaged).collect();
    assert_eq!(damaged, [false, true, false]);
    assert_eq!(
        (listed[1].number, &listed[1].note),
        (RevisionNumber(2), &None)
    );
    assert_eq!(listed[1].changes, ["damaged: it does not match its hash"]);
    let refused = store
        .revision(RevisionNumber(2))
        .expect_err("it was altered");
    assert!(
        refused.to_string().contains("revision 2 does not match"),
        "{refused}"
    );
}

#[test]
fn an_exchanged_row_breaks_the_chain() {
    let (place, other) = (temporary(), temporary());
    append_many(&open_sound(place.path()), 3, document);
    append_many(&open_sound(other.path()), 3, |index| document(index + 10));
    // A whole row, with hashes that match its own fields.
    tamper(
        place.path(),
        &format!(
            "ATTACH '{}' AS other;
             PRAGMA foreign_keys = OFF;
             DROP TRIGGER revision_is_never_deleted;
             DROP TRIGGER revision_follows_the_latest;
             DELETE FROM revision WHERE number = 2;
             INSERT INTO revision SELECT * FROM other.revision WHERE number = 2;",
            database(other.path()).display()
        ),
    );
    let report = open_sound(place.path())
        .check()
        .expect("everything can be read");
    for problem in [
        "the definition of revision_is_never_deleted is missing or altered",
        "the definition of revision_follows_the_latest is missing or altered",
        "revision 2 does not follow the revision before it",
        "revision 3 does not follow the revision before it",
    ] {
        assert!(
            report.problems.iter().any(|it| it == problem),
            "{:?}",
            report.problems
        );
    }
}

#[test]
fn a_recovery_cut_short_is_finished_with_all_files_together() {
    let place = temporary();
    let folder = place.path();
    three_revisions_two_in_backup(folder);
    // The log was moved already; without it the database looks sound.
    let unfinished = folder.join("quarantine/.unfinished");
    fs::create_dir_all(&unfinished).expect("a folder");
    fs::write(unfinished.join("flagdeck.db-wal"), b"moved").expect("it can be written");
    let recovery = assert_recovered(folder, "cut short");
    let set_aside = recovery.set_aside.expect("it was set aside");
    assert_eq!(names_in(&set_aside), ["flagdeck.db", "flagdeck.db-wal"]);
    assert!(!unfinished.exists());
}

#[test]
fn what_is_set_aside_never_replaces_what_was() {
    let place = temporary();
    let folder = place.path();
    for _ in 0..3 {
        fs::write(database(folder), b"garbage").expect("it can be written");
        open_damaged(folder);
    }
    assert_eq!(quarantined(folder).len(), 3);
}

#[test]
fn the_log_of_a_damaged_store_is_set_aside_untouched() {
    let place = temporary();
    append_many(&open_sound(place.path()), 2, document);
    let store = open_sound(place.path());
    let crashed = temporary();
    copy_folder(place.path(), crashed.path());
    drop(store);
    flip(&database(crashed.path()), " 1.700 ", 6);
    let log = fs::read(crashed.path().join("flagdeck.db-wal")).expect("it is there");
    assert!(!log.is_empty());
    let (_, recovery) = open_damaged(crashed.path());
    let set_aside = recovery.set_aside.expect("it was set aside");
    let kept = fs::read(set_aside.join("flagdeck.db-wal")).expect("it was kept");
    assert!(kept == log);
}

#[test]
fn of_many_programs_that_find_damage_one_repairs_it() {
    let place = temporary();
    let folder = place.path();
    three_revisions_two_in_backup(folder);
    fs::write(database(folder), b"garbage").expect("it can be written");
    let opened: Vec<Opened> = thread::scope(|scope| {
        let openers: Vec<_> = (0..6).map(|_| scope.spawn(|| open(folder))).collect();
        openers
            .into_iter()
            .map(|it| it.join().expect("it opens"))
            .collect()
    });
    assert_eq!(opened.iter().filter(|it| it.recovery.is_some()).count(), 1);
    assert_eq!(quarantined(folder).len(), 1);
    for Opened { store, .. } in &opened {
        append_many(store, 1, document);
    }
    assert_sound(&opened[0].store, 2 + opened.len() as u64);
}
