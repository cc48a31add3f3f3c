//! What the SQLite store keeps when several programs use it, one is killed, or the disk is full or
//! write-protected. Functions that begin with `child_` are the bodies of processes.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use flagdeck::store::sqlite::SqliteStore;
use flagdeck::store::{Appended, RevisionNumber, Store, StoreError};
use flagdeck_core::Trace;

use crate::store_contract::{append_many, assert_sound, draft, number_of_head};
use crate::support::disks::{folder_of_own_process, in_own_process, on_a_small_disk};
use crate::support::folders::{copy_folder, names_in};
use crate::support::stores::{NOW_MS, document, open_sound, temporary};

#[test]
fn programs_at_once_lose_nothing() {
    let place = temporary();
    let store = open_sound(place.path());
    let seen = store.version().expect("it can be read");
    let mut programs: Vec<_> = (0..3)
        .map(|_| {
            in_own_process("store_programs::child_appends_thirty", place.path())
                .stdout(Stdio::null())
                .spawn()
                .expect("it starts")
        })
        .collect();
    append_many(&store, 30, document);
    for program in &mut programs {
        assert!(program.wait().expect("it ends").success());
    }
    assert_sound(&store, 120);
    assert_ne!(store.version().expect("it can be read"), seen);
}

#[test]
#[ignore = "the body of a process that a test starts"]
fn child_appends_thirty() {
    append_many(&open_sound(&folder_of_own_process()), 30, document);
}

#[test]
fn killed_at_any_moment_it_has_all_it_acknowledged() {
    const KILLS: usize = 12;
    let place = temporary();
    let mut acknowledged = 0;
    for round in 0..KILLS {
        let mut child = in_own_process("store_programs::child_appends_until_killed", place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        // Killed after a different number of appends each time, wherever the next one is.
        let mut wanted = round * 7 % 40 + 1;
        let mut seen = |line: &str| {
            if let Some(number) = line.strip_prefix("saved ") {
                acknowledged = number.parse().expect("a number");
                wanted = wanted.saturating_sub(1);
            }
            wanted == 0
        };
        let enough = lines.by_ref().any(|line| seen(&line.expect("a line")));
        assert!(enough, "the child ended by itself");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        // What it still said before it died counts too.
        for line in lines.map_while(Result::ok) {
            seen(&line);
        }
    }
    assert!(acknowledged >= KILLS as u64);
    let store = open_sound(place.path());
    let RevisionNumber(latest) = number_of_head(&store);
    // One append per kill can have become durable without anybody being told.
    assert!(
        latest >= acknowledged,
        "{acknowledged} acknowledged, {latest} there"
    );
    assert!(latest <= acknowledged + 1);
    assert_sound(&store, latest);
}

#[test]
#[ignore = "the body of a process that a test starts and kills"]
fn child_appends_until_killed() {
    let store = open_sound(&folder_of_own_process());
    let mut latest = number_of_head(&store);
    loop {
        let document = document(latest.0 as usize);
        match store
            .append(latest, draft(&document), Trace::default())
            .expect("it can be written")
        {
            Appended::Saved(number) => latest = number,
            Appended::Conflict(winner) => panic!("revision {} was faster", winner.number),
        }
        writeln!(std::io::stdout(), "\nsaved {latest}").expect("a pipe");
    }
}

#[test]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    on_a_small_disk("store_programs::child_fills_the_disk");
}

#[test]
#[ignore = "the body of a process that a test starts on a small disk"]
fn child_fills_the_disk() {
    let folder = folder_of_own_process();
    let store = open_sound(&folder);
    let mut saved = 0;
    let refused = loop {
        match store.append(
            RevisionNumber(saved),
            draft(&document(saved as usize)),
            Trace::default(),
        ) {
            Ok(_) => saved += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::DiskFull), "{refused:?}");
    assert!(saved > 10);
    assert_sound(&store, saved);
    let refused = store.back_up(0, 0).expect_err("there is no room");
    assert!(matches!(refused, StoreError::DiskFull), "{refused:?}");
    assert_eq!(names_in(&folder.join("backups")), [".lock"]);
    drop(store);

    assert_sound(&open_sound(&folder), saved);
}

#[test]
fn a_store_opened_on_a_full_disk_is_read_and_says_so() {
    on_a_small_disk("store_programs::child_opens_on_a_filled_disk");
}

#[test]
#[ignore = "the body of a process that a test starts on a small disk"]
fn child_opens_on_a_filled_disk() {
    let folder = folder_of_own_process();
    append_many(&open_sound(&folder), 2, document);
    let ballast = folder.join("ballast");
    let mut file = fs::File::create(&ballast).expect("names are free");
    while file.write(&[0; 512]).is_ok() {}
    drop(file);

    let store = open_sound(&folder);
    let reason = store.read_only().expect("it cannot be written");
    assert!(reason.contains("the disk is full"), "{reason}");
    assert_sound(&store, 2);
    let refused = store.append(RevisionNumber(2), draft(b"{}"), Trace::default());
    assert!(
        matches!(refused, Err(StoreError::ReadOnly { .. })),
        "{refused:?}"
    );
    drop(store);

    fs::remove_file(ballast).expect("it is there");
    let store = open_sound(&folder);
    append_many(&store, 1, document);
    assert_sound(&store, 3);
}

#[test]
fn a_write_protected_folder_is_read_and_says_so() {
    on_a_small_disk("store_programs::child_protects_the_disk");
}

#[test]
#[ignore = "the body of a process that a test starts on a small disk"]
fn child_protects_the_disk() {
    let disk = folder_of_own_process();
    let (closed, crashed) = (disk.join("closed"), disk.join("crashed"));
    let store = open_sound(&closed);
    append_many(&store, 2, document);
    copy_folder(&closed, &crashed);
    drop(store);
    let protected = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&disk)
        .status();
    assert!(protected.is_ok_and(|status| status.success()));

    for folder in [&closed, &crashed] {
        let store = open_sound(folder);
        let reason = store.read_only().expect("it cannot be written");
        assert!(reason.contains("write-protected"), "{reason}");
        assert_sound(&store, 2);
        store.version().expect("it can be read");
        let refused = store.append(RevisionNumber(2), draft(b"{}"), Trace::default());
        assert!(
            matches!(refused, Err(StoreError::ReadOnly { .. })),
            "{refused:?}"
        );
    }
    let refused = SqliteStore::open(&disk.join("missing"), NOW_MS).expect_err("it cannot be made");
    assert!(
        refused.to_string().contains("write-protected disk"),
        "{refused}"
    );
    let refused = SqliteStore::open(&disk, NOW_MS).expect_err("there is no store");
    assert!(
        refused.to_string().contains("there is no store yet"),
        "{refused}"
    );
}
