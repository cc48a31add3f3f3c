//! Snapshots and frames that are sound in quarantine are taken back, each once and as it was.

use std::fs;
use std::path::Path;

use flagdeck::clock::Clock;
use flagdeck::metrics::frame::Frame;
use flagdeck::metrics::store::MetricsReader;
use flagdeck::state::shapes::{Snapshot, SnapshotLabel};
use rusqlite::Connection;
use serde_json::json;

use crate::support::apps::{assert_sound, close, open, open_watching_by, report};
use crate::support::folders::{report_one, web};
use crate::support::salvage::{
    contents, damage_states, fill_states, kept_of_all, quarantine, snapshots, survey, with_entry,
};
use crate::support::stores::temporary;

#[test]
fn snapshots_are_taken_back_with_their_times_labels_and_causes() {
    let folder = temporary();
    let before = fill_states(folder.path());
    damage_states(folder.path(), "");
    let (app, name) = with_entry(folder.path());
    let kept = contents(&quarantine(folder.path()));
    let found = survey(&app, &name);
    assert_eq!(
        found.readable,
        "1 snapshot of shop, 7 snapshots of web can be read."
    );
    assert_eq!(found.takes, ["1 snapshot of shop", "7 snapshots of web"]);
    assert_eq!(snapshots(&app).len(), 0, "only a look");

    let taken = app.take_back(&name).unwrap();
    assert_eq!(taken.taken, found.takes);
    assert_eq!(taken.left, ["Nothing in it is missing here."]);
    let entry = app.quarantine().unwrap().remove(0);
    assert!(
        entry.label.unwrap().seen,
        "what was taken back was looked at"
    );
    let after = snapshots(&app);
    assert_eq!(kept_of_all(&after), kept_of_all(&before));
    assert_eq!(app.take_back(&name).unwrap().taken, [""; 0]);
    assert_eq!(snapshots(&app).len(), after.len(), "each once");
    assert_eq!(contents(&quarantine(folder.path())), kept);

    // The state that came since is in no snapshot yet.
    let own = app.take_snapshots(None, &SnapshotLabel::default()).unwrap();
    assert_eq!(own.len(), 1, "{own:?}");
    assert_sound(&app);
    close(app);
}

#[test]
fn snapshots_of_unharmed_chains_are_taken_back_and_the_others_counted() {
    let page = "UPDATE snapshot SET coding = zeroblob(9) WHERE id = 4";
    let label = "UPDATE snapshot SET name = 'forged' WHERE id = 4";
    for (sql, takes, damaged) in [
        (page, &["1 snapshot of shop", "3 snapshots of web"][..], 4),
        (label, &["1 snapshot of shop", "6 snapshots of web"], 1),
    ] {
        let folder = temporary();
        fill_states(folder.path());
        damage_states(folder.path(), sql);
        let (app, name) = with_entry(folder.path());
        let found = survey(&app, &name);
        assert_eq!(
            (found.takes, found.damaged),
            (takes.iter().map(ToString::to_string).collect(), damaged),
            "{sql}"
        );
        assert_eq!(app.take_back(&name).unwrap().taken, takes);
        assert_sound(&app);
        close(app);
    }
}

/// Whatever is damaged in the record of a source, its name may be: its snapshots are mixed with
/// those of no other.
#[test]
fn snapshots_of_a_source_whose_record_is_damaged_get_a_name_of_their_own() {
    let stored = "The record of web is damaged, and its name may be wrong";
    let unreadable = "The name of a source cannot be read";
    for (sql, said) in [
        ("UPDATE source SET seq = 99 WHERE name = 'web'", stored),
        (
            "UPDATE source SET name = CAST(x'77ff0a' AS TEXT) WHERE name = 'web'",
            unreadable,
        ),
        (
            "PRAGMA foreign_keys = off; DELETE FROM source WHERE name = 'web'",
            unreadable,
        ),
    ] {
        let folder = temporary();
        let before = fill_states(folder.path());
        damage_states(folder.path(), sql);
        let (app, name) = with_entry(folder.path());
        let found = survey(&app, &name);
        let called = format!("recovered-{name}-1");
        let takes = [
            format!("7 snapshots of {called}"),
            "1 snapshot of shop".into(),
        ];
        assert_eq!((&found.takes[..], found.damaged), (&takes[..], 0), "{sql}");
        assert!(found.readable.contains(said), "{sql}: {}", found.readable);
        assert!(found.readable.contains(&called), "{}", found.readable);
        assert_eq!(app.take_back(&name).unwrap().taken, takes, "{sql}");
        assert_eq!(app.take_back(&name).unwrap().taken, [""; 0], "each once");
        let renamed: Vec<_> = before
            .iter()
            .map(|snapshot| match snapshot.source.as_str() {
                "web" => Snapshot {
                    source: called.clone(),
                    ..snapshot.clone()
                },
                _ => snapshot.clone(),
            })
            .collect();
        let mut expected = kept_of_all(&renamed);
        let mut after = kept_of_all(&snapshots(&app));
        expected.sort_by_key(ToString::to_string);
        after.sort_by_key(ToString::to_string);
        assert_eq!(after, expected, "{sql}");
        assert_sound(&app);
        close(app);
    }
}

#[test]
fn snapshots_beside_damaged_pages_are_found() {
    let folder = temporary();
    let app = open(folder.path());
    for n in 0..40 {
        let body = json!({ "ml": { "n": n, "text": "a word ".repeat(2000 + n) } }).to_string();
        app.put_state(&web(), body.as_bytes(), None, None).unwrap();
        app.take_snapshots(None, &SnapshotLabel::default()).unwrap();
    }
    close(app);
    let path = folder.path().join("state.db");
    let mut bytes = fs::read(&path).unwrap();
    // Some page in the midst, and the mark.
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    bytes[68..72].fill(7);
    fs::write(&path, bytes).unwrap();
    let (app, name) = with_entry(folder.path());
    let found = survey(&app, &name);
    assert!(
        found.sound >= 1 && found.sound + found.damaged >= 40,
        "{found:?}"
    );
    let taken = app.take_back(&name).unwrap();
    assert_eq!(taken.taken, found.takes);
    assert_sound(&app);
    close(app);
}

// Frames.

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Reports calculations of a component at a moment, as a program that ends afterwards.
fn measure(folder: &Path, at_ms: i64, component: &str, calculations: usize) {
    let clock = Clock::standing_at(at_ms);
    let app = open_watching_by(folder, &clock);
    let event = json!({"type": "ml:calculation:complete", "source": component,
        "component": component, "duration": 0.25, "confidence": 0.5, "exposed": true});
    let lines = format!("{event}\n").repeat(calculations);
    assert_eq!(report(&app, &lines).unwrap().accepted, calculations);
    close(app);
}

/// Counts the calculations in the frames of ten seconds, by time and component.
fn measured(folder: &Path) -> Vec<(i64, String, u64)> {
    let reader = MetricsReader::open(folder).unwrap().unwrap();
    let names = reader.names().unwrap();
    let mut found = Vec::new();
    let visit = |at_s: i64, frame: &Frame| {
        for (key, tally) in &frame.tallies {
            let name = names[&key.component].to_string();
            found.push((at_s, name, tally.total()));
        }
    };
    reader.each_frame(10, 0, i64::MAX, visit).unwrap();
    found
}

#[test]
fn frames_of_times_that_have_none_are_taken_back_under_their_names() {
    let folder = temporary();
    let begin_ms = 1_767_225_600_000;
    measure(folder.path(), begin_ms, "ui.badges", 3);
    measure(folder.path(), begin_ms + HOUR_MS, "tracker", 2);
    let before = measured(folder.path());
    assert_eq!(before.len(), 2, "{before:?}");
    let connection = Connection::open(folder.path().join("metrics.db")).unwrap();
    connection
        .execute_batch("PRAGMA application_id = 7")
        .unwrap();
    drop(connection);
    // In the time of the second one, and under numbers of names in another order.
    measure(folder.path(), begin_ms + HOUR_MS, "calculator", 5);

    let clock = Clock::standing_at(begin_ms + 2 * HOUR_MS);
    let running = open_watching_by(folder.path(), &clock);
    let name = running.quarantine().unwrap()[0].name.clone();
    let kept = contents(&quarantine(folder.path()));
    let found = survey(&running, &name);
    assert_eq!(found.damaged, 0);
    let [takes] = &found.takes[..] else {
        panic!("{found:?}");
    };
    assert!(takes.ends_with(" of 1 day"), "{takes}");
    let exported = running.export_quarantined(&name).unwrap();
    let table = String::from_utf8(exported.bytes).unwrap();
    assert!(
        table.contains("2026-01-01T00:00:00Z,10,ui.badges,exposed,3,0,"),
        "{table}"
    );

    assert_eq!(running.take_back(&name).unwrap().taken, [takes.as_str()]);
    assert_eq!(running.take_back(&name).unwrap().taken, [""; 0], "once");
    let event = |name: &str, n: i64| (begin_ms / 1000 + n * 3600, name.to_owned());
    let expected = [(event("ui.badges", 0), 3), (event("calculator", 1), 5)];
    let after = measured(folder.path()).into_iter();
    let after: Vec<_> = after
        .map(|(at_s, name, count)| ((at_s, name), count))
        .collect();
    assert_eq!(after, expected);
    report_one(&running).unwrap();
    assert_sound(&running);
    close(running);
    assert_eq!(contents(&quarantine(folder.path())), kept);
}

#[test]
fn a_frame_that_does_not_match_its_hash_is_counted_and_stays() {
    let folder = temporary();
    let begin_ms = 1_767_225_600_000;
    measure(folder.path(), begin_ms, "ui.badges", 3);
    measure(folder.path(), begin_ms + HOUR_MS, "tracker", 2);
    let connection = Connection::open(folder.path().join("metrics.db")).unwrap();
    let first = begin_ms / 1000;
    let damage = format!(
        "UPDATE frame SET packed = x'ff' WHERE step_s = 10 AND at_s = {first};
         PRAGMA application_id = 7"
    );
    connection.execute_batch(&damage).unwrap();
    drop(connection);
    let app = open_watching_by(folder.path(), &Clock::standing_at(begin_ms + 2 * HOUR_MS));
    let name = app.quarantine().unwrap()[0].name.clone();
    let found = survey(&app, &name);
    assert_eq!(found.damaged, 1);
    assert!(
        found.readable.ends_with(" can be read; 1 cannot."),
        "{found:?}"
    );
    app.take_back(&name).unwrap();
    let after = measured(folder.path());
    assert_eq!(after, [(first + 3600, "tracker".to_owned(), 2)]);
    assert_sound(&app);
    close(app);
}

#[test]
fn of_a_table_of_which_no_page_can_be_read_no_number_is_made_up() {
    let folder = temporary();
    fill_states(folder.path());
    let path = folder.path().join("state.db");
    let connection = Connection::open(&path).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name IN ('snapshot', 'sqlite_sequence')";
    let mut statement = connection.prepare(sql).unwrap();
    let roots = statement.query_map([], |row| row.get::<_, u32>(0));
    let roots: Vec<u32> = roots.unwrap().map(Result::unwrap).collect();
    drop(statement);
    connection.close().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    for root in roots {
        let end = root as usize * 4096;
        bytes[end - 4096..end].fill(0xa5);
    }
    // The mark.
    bytes[68..72].fill(7);
    fs::write(&path, bytes).unwrap();
    let (app, name) = with_entry(folder.path());
    let found = survey(&app, &name);
    let why = "Nothing in it can be read: its snapshots cannot be read.";
    assert_eq!((found.readable.as_str(), found.damaged), (why, 0));
    close(app);
}
