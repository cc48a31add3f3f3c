//! Backups of the SQLite store: whole, the newest ones kept, made while others write.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use flagdeck::store::Store;

use crate::store_contract::{append_many, assert_sound};
use crate::support::folders::names_in;
use crate::support::stores::{database, document, open_sound, temporary};

#[test]
fn a_backup_is_a_whole_store_in_one_file() {
    let place = temporary();
    let store = open_sound(place.path());
    assert_eq!(
        store.back_up(0, 0).expect("nothing to do"),
        None,
        "of nothing"
    );
    append_many(&store, 3, document);
    let backup = store
        .back_up(0, 0)
        .expect("it can be backed up")
        .expect("a backup");
    assert_eq!(
        store.back_up(0, 0).expect("nothing to do"),
        None,
        "of the same"
    );
    append_many(&store, 1, document);
    assert!(store.back_up(0, 0).expect("it can be backed up").is_some());

    let elsewhere = temporary();
    fs::copy(backup, database(elsewhere.path())).expect("it can be copied");
    let copy = open_sound(elsewhere.path());
    assert_sound(&copy, 3);
    append_many(&copy, 1, document);
}

#[test]
fn the_newest_ten_backups_are_kept() {
    let place = temporary();
    let store = open_sound(place.path());
    // What a crash in the middle of a backup leaves behind.
    fs::create_dir(place.path().join("backups")).expect("a folder");
    fs::write(place.path().join("backups/.tmp"), b"half").expect("it can be written");
    fs::write(place.path().join("backups/.tmp-journal"), b"half").expect("it can be written");
    for _ in 0..12 {
        append_many(&store, 1, |_| b"{}".to_vec());
        store
            .back_up(0, 0)
            .expect("it can be backed up")
            .expect("a backup");
    }
    let mut names = names_in(&place.path().join("backups"));
    names.retain(|name| name != ".lock");
    let numbers: Vec<_> = names.iter().map(|name| name[..11].to_owned()).collect();
    let expected: Vec<_> = (3..=12).map(|number| format!("r{number:010}")).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn backups_and_appends_do_not_disturb_each_other() {
    let place = temporary();
    let store = open_sound(place.path());
    append_many(&store, 1, document);
    let ended = AtomicBool::new(false);
    let backups = thread::scope(|scope| {
        let backing_up = scope.spawn(|| {
            let mut backups = 0;
            while !ended.load(Ordering::Relaxed) || backups == 0 {
                backups += usize::from(store.back_up(0, 0).expect("it can be backed up").is_some());
            }
            backups
        });
        append_many(&store, 60, document);
        ended.store(true, Ordering::Relaxed);
        backing_up.join().expect("no panic")
    });
    assert!(backups > 0);
    assert_sound(&store, 61);
}
