//! `metrics.db`: what is kept, how finely and for how long; what two programs make of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

use flagdeck::leader::{Lead, Leader, Role};
use flagdeck::metrics::collector::Checkpoint;
use flagdeck::metrics::event::Event;
use flagdeck::metrics::frame::{Frame, SeriesKey};
use flagdeck::metrics::limits::LOG_KEPT_MS;
use flagdeck::metrics::store::{
    Key, MetricsReader, MetricsStore, NewBatch, Others, Past, Stored, Unsaved,
};
use flagdeck::store::StoreError;
use flagdeck::store::sqlite::quarantine;
use flagdeck::trusted_time::Moment;
use flagdeck::wire::Notice;
use flagdeck_core::measure::Arm;
use tempfile::TempDir;

use crate::support::apps::open_watching;
use crate::support::disks::{folder_of_own_process, on_a_small_disk};
use crate::support::waiting::wait_for;

const DAY_S: i64 = 24 * 60 * 60;

/// A day long past, at whose midnight all tiers begin a frame.
const BEGIN_S: i64 = 20_000 * DAY_S;

/// No evidence.
const NOTHING: BTreeMap<i64, Frame> = BTreeMap::new();

fn open(folder: &TempDir, writer: i64) -> (MetricsStore, Past) {
    MetricsStore::open(folder.path(), writer, 0).unwrap()
}

fn lead(folder: &TempDir) -> Lead {
    let seat = Leader::new(folder.path()).seat(Role::Metrics);
    seat.lead().unwrap()
}

fn batch(events: usize) -> NewBatch {
    NewBatch {
        at_ms: BEGIN_S * 1000,
        key: None,
        events: vec![Event::Usage("web".into()); events],
        rejected: 0,
    }
}

fn tick(errors: u64) -> Frame {
    let mut frame = Frame::default();
    let key = SeriesKey::without_source(1, Arm::Unknown);
    frame.tallies.entry(key).or_default().errors = errors;
    frame
}

fn unsaved<const N: usize>(ticks: [(i64, Frame); N]) -> Unsaved {
    Unsaved {
        ticks: ticks.into(),
        ..Unsaved::default()
    }
}

fn through(through: i64) -> Checkpoint {
    Checkpoint {
        through,
        ..Checkpoint::default()
    }
}

/// The errors of each frame of a tier, by its beginning.
fn errors(folder: &TempDir, step_s: u32) -> Vec<(i64, u64)> {
    let reader = MetricsReader::open(folder.path()).unwrap().unwrap();
    let mut errors = Vec::new();
    let visited = reader.each_frame(step_s, 0, i64::MAX, |at_s, frame| {
        errors.push((at_s - BEGIN_S, frame.sum(|_, _| true).errors));
    });
    visited.unwrap();
    errors
}

#[test]
fn ticks_are_summed_up_to_minutes_and_hours_once_those_are_over() {
    let folder = tempfile::tempdir().unwrap();
    let lead = lead(&folder);
    let (mut store, _) = open(&folder, 1);
    let mut keep = |at_s: i64, errors: u64| {
        let ticks = unsaved([(BEGIN_S + at_s, tick(errors))]);
        let now_ms = (BEGIN_S + at_s + 10) * 1000;
        store
            .keep(&lead, &through(0), &ticks, &NOTHING, &Moment::sure(now_ms))
            .unwrap();
    };
    for at_s in (0..60).step_by(10) {
        assert_eq!(errors(&folder, 60), []);
        keep(at_s, 1);
    }
    assert_eq!(errors(&folder, 60), [(0, 6)]);
    keep(3590, 5);
    keep(3600, 7);
    assert_eq!(errors(&folder, 60), [(0, 6), (3540, 5)]);
    assert_eq!(errors(&folder, 3600), [(0, 11)]);
    // As after a restart within a tick: what comes later is added.
    keep(3600, 2);
    assert_eq!(errors(&folder, 10).last(), Some(&(3600, 9)));
}

#[test]
fn what_comes_late_is_in_every_tier() {
    let folder = tempfile::tempdir().unwrap();
    let lead = lead(&folder);
    let (mut store, _) = open(&folder, 1);
    let mut keep = |at_s: i64, errors: u64, now_s: i64| {
        let ticks = unsaved([(BEGIN_S + at_s, tick(errors))]);
        store
            .keep(
                &lead,
                &through(0),
                &ticks,
                &NOTHING,
                &Moment::sure((BEGIN_S + now_s) * 1000),
            )
            .unwrap();
    };
    // A clock that was two hours ahead for a while.
    keep(7200, 1, 7260);
    assert_eq!(errors(&folder, 60), [(7200, 1)]);
    keep(0, 2, 70);
    keep(3500, 4, 3600);
    assert_eq!(errors(&folder, 60), [(0, 2), (3480, 4), (7200, 1)]);
    keep(3650, 8, 11_000);
    let hours: u64 = errors(&folder, 3600).iter().map(|(_, errors)| errors).sum();
    assert_eq!(hours, 15);
}

#[test]
fn each_tier_forgets_what_is_too_old_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let lead = lead(&folder);
    let (mut store, _) = open(&folder, 1);
    let ticks = unsaved([(BEGIN_S, tick(1)), (BEGIN_S + 60, tick(2))]);
    store
        .keep(
            &lead,
            &through(0),
            &ticks,
            &NOTHING,
            &Moment::sure((BEGIN_S + 70) * 1000),
        )
        .unwrap();
    let mut kept_after = |days: i64| {
        let now_ms = (BEGIN_S + days * DAY_S + 3600) * 1000;
        store
            .keep(
                &lead,
                &through(0),
                &Unsaved::default(),
                &NOTHING,
                &Moment::sure(now_ms),
            )
            .unwrap();
        [10, 60, 3600].map(|step_s| errors(&folder, step_s).len())
    };
    assert_eq!(kept_after(1), [2, 2, 1]);
    assert_eq!(kept_after(3), [0, 2, 1]);
    assert_eq!(kept_after(20), [0, 0, 1]);
    assert_eq!(kept_after(400), [0, 0, 0]);
}

#[test]
fn a_wrong_clock_deletes_no_frame_no_batch_and_no_key() {
    const TEN_YEARS_MS: i64 = 3650 * DAY_S * 1000;
    let folder = tempfile::tempdir().unwrap();
    let lead = lead(&folder);
    let (mut store, _) = open(&folder, 1);
    let keyed = || NewBatch {
        key: Some(Key::new("first".into(), b"body")),
        ..batch(2)
    };
    store.append(&[keyed()]).unwrap();
    let ticks = unsaved([(BEGIN_S, tick(1))]);
    let right = Moment::sure((BEGIN_S + 70) * 1000);
    store
        .keep(&lead, &through(1), &ticks, &NOTHING, &right)
        .unwrap();
    let frames = || [10, 60, 3600].map(|step_s| errors(&folder, step_s).len());
    let before = frames();
    for wrong_by_ms in [TEN_YEARS_MS, -TEN_YEARS_MS, 0] {
        let mut wrong = right.clone();
        wrong.now_ms += wrong_by_ms;
        for _ in 0..2 {
            wrong.trusted.observe(5000, wrong.now_ms);
            store
                .keep(&lead, &through(1), &Unsaved::default(), &NOTHING, &wrong)
                .unwrap();
        }
        assert!(frames()[0] == before[0] && frames()[2] >= before[2]);
        let (stored, _) = store.append(&[keyed()]).unwrap();
        assert!(matches!(stored[..], [Stored::Before { .. }]), "{stored:?}");
        assert_eq!(open(&folder, 2).1.last, 1);
    }
}

#[test]
fn what_a_clock_of_the_future_wrote_keeps_nothing_in_the_log() {
    const TEN_YEARS_MS: i64 = 3650 * DAY_S * 1000;
    let folder = tempfile::tempdir().unwrap();
    let lead = lead(&folder);
    let (mut store, _) = open(&folder, 1);
    let of_future = NewBatch {
        at_ms: BEGIN_S * 1000 + TEN_YEARS_MS,
        key: Some(Key::new("of the future".into(), b"body")),
        ..batch(1)
    };
    store.append(&[of_future]).unwrap();
    store.append(&[batch(1)]).unwrap();
    let later = Moment::sure(BEGIN_S * 1000 + LOG_KEPT_MS + 1);
    store
        .keep(&lead, &through(2), &Unsaved::default(), &NOTHING, &later)
        .unwrap();
    let database = rusqlite::Connection::open(folder.path().join("metrics.db")).unwrap();
    for table in ["log", "delivery"] {
        let count = format!("SELECT count(*) FROM {table}");
        let left: i64 = database.query_row(&count, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[test]
fn what_was_counted_leaves_the_log_and_what_was_not_stays() {
    let folder = tempfile::tempdir().unwrap();
    let lead = lead(&folder);
    let (mut store, past) = open(&folder, 1);
    assert_eq!(
        (past.checkpoint, past.batches.len()),
        (Checkpoint::default(), 0)
    );
    for _ in 0..3 {
        store.append(&[batch(2)]).unwrap();
    }
    let much_later_ms = BEGIN_S * 1000 + LOG_KEPT_MS + 1;
    store
        .keep(
            &lead,
            &through(2),
            &Unsaved::default(),
            &NOTHING,
            &Moment::sure(much_later_ms),
        )
        .unwrap();
    drop(store);
    let (mut store, past) = open(&folder, 1);
    let left: Vec<i64> = past.batches.iter().map(|it| it.id).collect();
    assert_eq!(left, [3]);
    assert_eq!(past.checkpoint.through, 2);
    store
        .keep(
            &lead,
            &through(3),
            &Unsaved::default(),
            &NOTHING,
            &Moment::sure(much_later_ms),
        )
        .unwrap();
    // Numbers go on where they were, also when the log is empty.
    let (stored, _) = store.append(&[batch(1)]).unwrap();
    assert_eq!(stored, [Stored::At(4)]);
}

#[test]
fn another_program_gets_each_batch_or_everything() {
    let folder = tempfile::tempdir().unwrap();
    let lead = lead(&folder);
    let (mut one, _) = open(&folder, 1);
    let (mut other, _) = open(&folder, 2);
    let batches = |others: Others| match others {
        Others::Batches(batches) => batches.len(),
        Others::Everything(_) => panic!("nothing was missed"),
    };
    one.append(&[batch(1), batch(1)]).unwrap();
    assert_eq!(batches(other.look().unwrap()), 2);
    assert_eq!(batches(other.look().unwrap()), 0);
    one.append(&[batch(1)]).unwrap();
    let (_, seen) = other.append(&[batch(1)]).unwrap();
    assert_eq!(batches(seen), 1, "also while it appends itself");
    assert_eq!(batches(one.look().unwrap()), 1);
    // One that slept while batches left the log has to take over what they were counted into.
    one.append(&[batch(1)]).unwrap();
    one.keep(
        &lead,
        &through(5),
        &Unsaved::default(),
        &NOTHING,
        &Moment::sure(BEGIN_S * 1000 + LOG_KEPT_MS + 1),
    )
    .unwrap();
    let Others::Everything(past) = other.look().unwrap() else {
        panic!("a batch was missed");
    };
    assert_eq!(past.checkpoint.through, 5);
    assert_eq!(batches(other.look().unwrap()), 0);
}

#[test]
fn a_damaged_file_that_another_program_has_open_is_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut held, _) = open(&folder, 1);
    held.append(&[batch(1)]).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("metrics.db")).unwrap();
    connection
        .execute("UPDATE log SET hash = zeroblob(16)", [])
        .unwrap();
    drop(connection);
    let refused = MetricsStore::open(folder.path(), 2, 0).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
    held.append(&[batch(1)]).unwrap();
    drop(held);
    MetricsStore::open(folder.path(), 2, 0).unwrap();
    let set_aside = quarantine::unseen(folder.path());
    let [entry] = &set_aside[..] else {
        panic!("{set_aside:?}");
    };
    let told = entry.sentence();
    assert!(
        told.contains("(metrics.db: ") && told.contains("was moved to"),
        "{told}"
    );
}

/// There are three databases: which one is damaged is said, and said rightly.
#[test]
fn a_damaged_file_is_called_by_its_own_name() {
    for (name, whose) in [
        (
            "metrics.db",
            "What was measured so far cannot be read (metrics.db: ",
        ),
        (
            "state.db",
            "The states and their snapshots cannot be read (state.db: ",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            let app = open_watching(folder.path());
            let source = "web".parse().unwrap();
            app.put_state(&source, b"{}", None, None).unwrap();
            app
        };
        open().close();
        std::fs::write(folder.path().join(name), "no database at all, ".repeat(500)).unwrap();
        let app = open();
        let is_told = |notices: &Vec<Notice>| {
            let mut notices = notices.iter();
            notices.any(|notice| notice.message.starts_with(whose))
        };
        let others = wait_for(name, || app.notices(), is_told);
        let names_flags = |notice: &Notice| notice.message.contains("flagdeck.db");
        assert!(!others.iter().any(names_flags), "{others:?}");
    }
}

#[test]
fn a_name_keeps_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let (mut one, _) = open(&folder, 1);
    let (mut other, _) = open(&folder, 2);
    let badges = one.name("ui.badges").unwrap();
    let empty = other.name("").unwrap();
    assert_eq!(other.name("ui.badges").unwrap(), badges);
    assert_eq!(one.name("").unwrap(), empty);
    assert_ne!(badges, empty);
}

#[test]
fn a_file_of_a_newer_flagdeck_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder, 1));
    let file = folder.path().join("metrics.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = fs::read(&file).unwrap();
    let refused = MetricsStore::open(folder.path(), 1, 0).unwrap_err();
    assert!(refused.to_string().contains("newer Flagdeck"), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_file_from_before_evidence_was_kept_goes_on_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let lead = lead(&folder);
    let (mut store, _) = open(&folder, 1);
    store.append(&[batch(3)]).unwrap();
    drop(store);
    let connection = rusqlite::Connection::open(folder.path().join("metrics.db")).unwrap();
    connection
        .execute_batch("DROP TABLE evidence; DROP TABLE commits")
        .unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    drop(connection);
    let mut reader = MetricsReader::open(folder.path()).unwrap().unwrap();
    let past = reader.past().unwrap();
    assert_eq!((past.batches.len(), past.evidence.len()), (1, 0));
    drop(reader);
    let (mut store, past) = open(&folder, 1);
    assert_eq!(past.batches.len(), 1);
    let evidence = BTreeMap::from([(BEGIN_S * 1000, tick(7))]);
    store
        .keep(
            &lead,
            &through(1),
            &Unsaved::default(),
            &evidence,
            &Moment::sure(BEGIN_S * 1000),
        )
        .unwrap();
    drop(store);
    assert_eq!(open(&folder, 1).1.evidence.len(), 1);
}

/// Evidence is kept from the first part on that has changed, and as long as anybody is judged by it.
#[test]
fn evidence_takes_the_place_of_what_was_kept_from_there_on() {
    let folder = tempfile::tempdir().unwrap();
    let lead = lead(&folder);
    let (mut store, _) = open(&folder, 1);
    let begin_ms = BEGIN_S * 1000;
    let kept = |folder| {
        let kept = open(folder, 2).1.evidence.into_iter();
        let errors = |frame: Frame| frame.sum(|_, _| true).errors;
        kept.map(|(from_ms, frame)| (from_ms - begin_ms, errors(frame)))
            .collect::<Vec<_>>()
    };
    let mut keep = |evidence: &[(i64, u64)], now_ms| {
        let frames = evidence
            .iter()
            .map(|(from_ms, errors)| (begin_ms + from_ms, tick(*errors)));
        let moment = Moment::sure(begin_ms + now_ms);
        store
            .keep(
                &lead,
                &through(0),
                &Unsaved::default(),
                &frames.collect(),
                &moment,
            )
            .unwrap();
    };
    keep(&[(0, 1), (100, 2), (200, 3)], 1000);
    keep(&[(100, 5), (300, 4)], 2000);
    assert_eq!(kept(&folder), [(0, 1), (100, 5), (300, 4)]);
    keep(&[], 3000);
    assert_eq!(kept(&folder).len(), 3);
    keep(&[(910_000, 6)], 900_150);
    assert_eq!(kept(&folder), [(300, 4), (910_000, 6)]);
}

/// Bits that rot in what counts are noticed, or change nothing.
#[test]
fn a_batch_with_a_flipped_bit_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _) = open(&folder, 1);
    store.append(&[batch(50)]).unwrap();
    drop(store);
    let connection = rusqlite::Connection::open(folder.path().join("metrics.db")).unwrap();
    let events: Vec<u8> = connection
        .query_row("SELECT events FROM log", [], |row| row.get(0))
        .unwrap();
    for at in 0..events.len() {
        let mut flipped = events.clone();
        flipped[at] ^= 1 << (at % 8);
        connection
            .execute("UPDATE log SET events = ?1", [flipped])
            .unwrap();
        let mut reader = MetricsReader::open(folder.path()).unwrap().unwrap();
        let read = reader.past();
        assert!(matches!(read, Err(StoreError::Damaged { .. })), "byte {at}");
    }
}

#[test]
fn a_full_disk_takes_no_batch_and_loses_none() {
    on_a_small_disk("metrics_store::child_fills_the_disk");
}

#[test]
#[ignore = "the body of a process that a test starts on a small disk"]
fn child_fills_the_disk() {
    let folder = folder_of_own_process();
    let (mut store, _) = MetricsStore::open(&folder, 1, 0).unwrap();
    let mut stored = 0;
    let refused = loop {
        match store.append(&[batch(100)]) {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::DiskFull), "{refused:?}");
    assert!(stored > 10, "{stored}");
    drop(store);
    // The rest of the disk too: not a byte can be written.
    let ballast = folder.join("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    while file.write(&[0; 512]).is_ok() {}
    drop(file);
    let mut reader = MetricsReader::open(&folder).unwrap().unwrap();
    assert_eq!(reader.past().unwrap().batches.len(), stored);
    drop(reader);
    fs::remove_file(ballast).unwrap();
    let (_, past) = MetricsStore::open(&folder, 1, 0).unwrap();
    assert_eq!(past.batches.len(), stored);
}
