//! What is sound in quarantine: said, exported, and taken back as it was, without a change of what
//! is in use or of the quarantine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use flagdeck::App;
use flagdeck::app::Survey;
use flagdeck::clock::Clock;
use flagdeck::metrics::frame::Frame;
use flagdeck::metrics::store::MetricsReader;
use flagdeck::state::shapes::{Snapshot, SnapshotFilter, SnapshotLabel};
use flagdeck_core::Edit;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::apps::{
    assert_sound, change, close, open, open_watching, open_watching_by, percentage, report,
    set_percentage, turn_master,
};
use crate::support::cli::Cli;
use crate::support::folders::{copy_folder, cp, names_in, put_state, report_one, web};
use crate::support::stores::{database, tamper, temporary};
use crate::support::waiting::wait_until;

/// Saves five revisions, with a backup of the first three.
fn five_revisions_three_in_backup(folder: &Path) {
    let app = open(folder);
    turn_master(&app, true);
    for n in 2..=5 {
        set_percentage(&app, n * 1000);
        if n == 3 {
            app.flags().back_up().unwrap().expect("a backup");
        }
    }
    close(app);
}

/// Makes the store one that is moved to quarantine when it is opened, with every revision sound.
fn damage_flags(folder: &Path) {
    tamper(folder, "PRAGMA user_version = 0");
}

/// Opens a folder, and returns the one entry of its quarantine, too.
fn with_entry(folder: &Path) -> (App, String) {
    let app = open(folder);
    if folder.join("state.db").exists() {
        // Only what writes moves it.
        put_state(&app, 100).unwrap();
    }
    let entries = app.quarantine().unwrap();
    let [entry] = &entries[..] else {
        panic!("{entries:?}");
    };
    let name = entry.name.clone();
    (app, name)
}

/// Lists the hashes of the revisions of a store.
fn hashes(database: &Path) -> Vec<(i64, Vec<u8>)> {
    let connection = Connection::open(database).unwrap();
    let sql = "SELECT number, hash FROM revision ORDER BY number";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Reads every file below a folder.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for name in names_in(folder) {
        let path = folder.join(name);
        match path.is_dir() {
            true => found.extend(contents(&path)),
            false => found.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    found
}

fn quarantine(folder: &Path) -> PathBuf {
    folder.join("quarantine")
}

#[track_caller]
fn survey(app: &App, name: &str) -> Survey {
    app.survey(name).unwrap()
}

// Revisions.

#[test]
fn revisions_after_the_newest_backup_are_taken_back_as_they_were() {
    let folder = temporary();
    five_revisions_three_in_backup(folder.path());
    let before = hashes(&database(folder.path()));
    damage_flags(folder.path());
    let (app, name) = with_entry(folder.path());
    assert_eq!(app.flags().live().revision.0, 3);
    let kept = contents(&quarantine(folder.path()));

    let found = survey(&app, &name);
    assert_eq!(found.readable, "5 revisions (1 to 5) can be read.");
    assert_eq!(found.takes, ["revisions 4 to 5"]);
    assert_eq!((found.sound, found.damaged), (5, 0));
    assert_eq!(found.changes, ["Default rollout: 3 % → 5 %"]);
    assert_eq!(found.leaves, [""; 0]);
    assert_eq!(app.flags().live().revision.0, 3, "only a look");

    let taken = app.take_back(&name).unwrap();
    assert_eq!(taken.taken, ["revisions 4 to 5"]);
    assert_eq!(taken.left, ["Nothing in it is missing here."]);
    assert_eq!((app.flags().live().revision.0, percentage(&app)), (5, 5000));
    assert_eq!(app.take_back(&name).unwrap().taken, [""; 0], "once");
    assert_sound(&app);
    set_percentage(&app, 6000);
    close(app);
    assert_eq!(hashes(&database(folder.path()))[..5], before);
    assert_eq!(contents(&quarantine(folder.path())), kept);
}

#[test]
fn what_was_saved_since_is_never_replaced() {
    let folder = temporary();
    five_revisions_three_in_backup(folder.path());
    damage_flags(folder.path());
    let (app, name) = with_entry(folder.path());
    set_percentage(&app, 50_000);
    let found = survey(&app, &name);
    assert_eq!(found.takes, [""; 0]);
    let [why] = &found.leaves[..] else {
        panic!("{found:?}");
    };
    assert!(
        why.starts_with("2 revisions are not taken back: other changes"),
        "{why}"
    );
    assert_eq!(app.take_back(&name).unwrap().taken, [""; 0]);
    assert_eq!(
        (app.flags().live().revision.0, percentage(&app)),
        (4, 50_000)
    );

    let exported = app.export_quarantined(&name).unwrap();
    assert_eq!(exported.what, "the document of revision 5");
    let document: Value = serde_json::from_slice(&exported.bytes).unwrap();
    assert_eq!(document["rollout"]["percentage"], 5.0);
    change(&app, Edit::Replace(exported.bytes));
    assert_eq!(percentage(&app), 5000);
    close(app);
}

#[test]
fn revisions_before_a_damaged_one_are_taken_back_and_those_after_it_are_not() {
    for (damaged, takes, left) in [
        (5, &["revision 4"][..], None),
        (
            4,
            &[],
            Some("1 revision is not taken back: a revision before cannot be read."),
        ),
    ] {
        let folder = temporary();
        five_revisions_three_in_backup(folder.path());
        let forge = format!(
            "DROP TRIGGER revision_is_never_edited;
             UPDATE revision SET note = 'forged' WHERE number = {damaged};
             PRAGMA user_version = 0"
        );
        tamper(folder.path(), &forge);
        let (app, name) = with_entry(folder.path());
        let found = survey(&app, &name);
        assert_eq!((found.sound, found.damaged), (4, 1));
        assert!(
            found.readable.ends_with(" can be read; 1 cannot."),
            "{found:?}"
        );
        assert_eq!(found.takes, takes);
        let told = found
            .leaves
            .iter()
            .any(|it| left.is_some_and(|left| it.starts_with(left)));
        assert_eq!(told, left.is_some(), "{found:?}");
        assert_eq!(app.take_back(&name).unwrap().taken, takes);
        assert_eq!(app.flags().live().revision.0, 3 + takes.len() as u64);
        close(app);
    }
}

#[test]
fn without_a_backup_all_revisions_are_taken_back() {
    let folder = temporary();
    let app = open(folder.path());
    turn_master(&app, true);
    // More than a document that is stored plain has, so that the others are stored as changes.
    let mut document = app.flags().live().document.to_tree().to_string();
    let large: String = (0..2000).map(|n| format!("\"c{n}\":false,")).collect();
    let at = document.find("\"calculator\"").unwrap();
    document.insert_str(at, &large);
    change(&app, Edit::Replace(document.into_bytes()));
    for n in 1..=5 {
        set_percentage(&app, n * 1000);
    }
    close(app);
    let before = hashes(&database(folder.path()));
    let _ = fs::remove_dir_all(folder.path().join("backups"));
    damage_flags(folder.path());
    let (app, name) = with_entry(folder.path());
    assert_eq!(app.flags().live().revision.0, 0);
    assert_eq!(app.take_back(&name).unwrap().taken, ["revisions 1 to 7"]);
    assert_sound(&app);
    close(app);
    assert_eq!(hashes(&database(folder.path())), before);
}

#[test]
fn what_is_in_the_log_of_a_store_is_taken_back_and_the_log_stays() {
    let folder = temporary();
    let (copy, data) = (folder.path().join("copy"), folder.path().join("data"));
    five_revisions_three_in_backup(&data);
    let app = open(&data);
    set_percentage(&app, 6000);
    copy_folder(&data, &copy);
    close(app);
    fs::remove_dir_all(&data).unwrap();
    let entry = data.join("quarantine/20251124T120000.000Z");
    fs::create_dir_all(&entry).unwrap();
    for name in ["flagdeck.db", "flagdeck.db-wal"] {
        fs::rename(copy.join(name), entry.join(name)).unwrap();
    }
    let app = open(&data);
    // A copy that a program left that was killed.
    fs::create_dir(data.join("quarantine/.copy-left")).unwrap();
    let kept = contents(&entry);
    assert_eq!(
        survey(&app, "20251124T120000.000Z").takes,
        ["revisions 1 to 6"]
    );
    app.take_back("20251124T120000.000Z").unwrap();
    assert_eq!(percentage(&app), 6000);
    assert_eq!(contents(&entry), kept);
    let names = names_in(&data.join("quarantine"));
    assert!(
        !names.iter().any(|name| name.starts_with(".copy-")),
        "{names:?}"
    );
    close(app);
}

#[test]
fn a_running_program_puts_in_force_what_another_takes_back() {
    let folder = temporary();
    five_revisions_three_in_backup(folder.path());
    damage_flags(folder.path());
    let running = open_watching(folder.path());
    let name = running.quarantine().unwrap()[0].name.clone();
    let other = open(folder.path());
    other.take_back(&name).unwrap();
    close(other);
    wait_until("it to be in force", || percentage(&running) == 5000);
    close(running);
}

// Snapshots.

/// Fills `state.db` with snapshots of two sources, labelled in several ways, and returns them.
fn fill_states(folder: &Path) -> Vec<Snapshot> {
    let app = open(folder);
    for n in 1..=6 {
        put_state(&app, n).unwrap();
        let label = SnapshotLabel {
            name: (n == 2).then(|| "before the trial".into()),
            note: (n == 3).then(|| "as agreed".into()),
            is_pinned: Some(n == 4),
        };
        app.take_snapshots(Some(&web()), &label).unwrap();
    }
    let change = r#"{"key":"ml.n","newValue":7,"timestamp":1767225600000}"#;
    let format = flagdeck::format::Format::NdJson;
    app.record_changes(&web(), change.as_bytes(), format)
        .unwrap();
    app.take_snapshots(None, &SnapshotLabel::default()).unwrap();
    let shop = "shop".parse().unwrap();
    app.put_state(&shop, br#"{"ml":{"a":1}}"#, Some(3), None)
        .unwrap();
    app.take_snapshots(Some(&shop), &SnapshotLabel::default())
        .unwrap();
    let found = snapshots(&app);
    close(app);
    found
}

fn snapshots(app: &App) -> Vec<Snapshot> {
    let filter = SnapshotFilter::default();
    let mut found = app.snapshots(&filter, 0, 100).unwrap().snapshots;
    found.sort_by_key(|snapshot| snapshot.id);
    found
}

/// Changes a closed `state.db`, so that it is moved to quarantine when it is opened.
fn damage_states(folder: &Path, sql: &str) {
    let connection = Connection::open(folder.join("state.db")).unwrap();
    let sql = format!("{sql}; PRAGMA application_id = 7");
    connection.execute_batch(&sql).unwrap();
}

/// What has to come back of a snapshot; its number is another one.
fn kept_of(snapshot: &Snapshot) -> Value {
    let Snapshot {
        source,
        at_ms,
        name,
        note,
        is_pinned,
        files,
        bytes,
        revision,
        ..
    } = snapshot;
    let cause = format!("{:?}", snapshot.cause);
    json!([
        source, at_ms, name, note, is_pinned, files, bytes, revision, cause
    ])
}

fn kept_of_all(snapshots: &[Snapshot]) -> Vec<Value> {
    let mut kept: Vec<Value> = snapshots.iter().map(kept_of).collect();
    kept.sort_by_key(ToString::to_string);
    kept
}

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
    let source = "UPDATE source SET seq = 99 WHERE name = 'web'";
    for (sql, takes, damaged) in [
        (page, &["1 snapshot of shop", "3 snapshots of web"][..], 4),
        (label, &["1 snapshot of shop", "6 snapshots of web"], 1),
        (source, &["1 snapshot of shop"], 7),
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
        for ((component, _), tally) in &frame.tallies {
            let name = names[component].to_string();
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

// Other entries.

#[test]
fn of_what_cannot_be_read_one_sentence_says_so() {
    let folder = temporary();
    five_revisions_three_in_backup(folder.path());
    let app = open(folder.path());
    let within = quarantine(folder.path());
    fs::create_dir_all(within.join("20251124T120000.000Z")).unwrap();
    fs::create_dir_all(within.join("20251125T120000.000Z")).unwrap();
    fs::write(within.join("20251125T120000.000Z/flagdeck.db"), [7; 9000]).unwrap();
    fs::write(within.join("state-7.db"), [7; 9000]).unwrap();
    fs::write(within.join("metrics-7.db"), "").unwrap();
    fs::write(within.join("note.txt"), "a note").unwrap();
    // Another database than its name says.
    fs::copy(database(folder.path()), within.join("state-8.db")).unwrap();
    for (name, why) in [
        ("20251124T120000.000Z", "there is no database in it"),
        ("20251125T120000.000Z", "the file is not a database"),
        ("state-7.db", "the file is not a database"),
        ("metrics-7.db", "there is no database in it"),
        ("note.txt", "which database it was is not known"),
        ("state-8.db", "its snapshots cannot be read"),
    ] {
        let found = survey(&app, name);
        assert_eq!(found.readable, format!("Nothing in it can be read: {why}."));
        assert_eq!((found.takes.len(), found.leaves.len()), (0, 0));
        app.take_back(name).unwrap_err();
        app.export_quarantined(name).unwrap_err();
    }
    close(app);
}

#[test]
fn a_damaged_backup_is_looked_into_like_an_entry() {
    let folder = temporary();
    five_revisions_three_in_backup(folder.path());
    let backups = folder.path().join("backups");
    let backup = backups.join(
        names_in(&backups)
            .iter()
            .find(|it| it.ends_with(".db"))
            .unwrap(),
    );
    let connection = Connection::open(&backup).unwrap();
    let forge = "DROP TRIGGER revision_is_never_edited;
                 UPDATE revision SET note = 'forged' WHERE number = 2";
    connection.execute_batch(forge).unwrap();
    drop(connection);
    damage_flags(folder.path());
    let app = open(folder.path());
    assert_eq!(app.flags().live().revision.0, 0, "no backup is good");
    let entries = app.quarantine().unwrap();
    assert_eq!(entries.len(), 2, "{entries:?}");
    let damaged = entries
        .iter()
        .find(|it| it.name.ends_with(".db.damaged"))
        .unwrap();
    let label = damaged.label.as_ref().expect("why it is not used");
    assert!(
        label.seen && label.what.contains("does not verify"),
        "{label:?}"
    );
    let found = survey(&app, &damaged.name);
    assert_eq!(
        found.readable,
        "2 revisions (1 to 3) can be read; 1 cannot."
    );
    assert_eq!(found.takes, ["revision 1"]);
    app.remove_quarantined(&damaged.name).unwrap();
    assert_eq!(app.quarantine().unwrap().len(), 1);
    close(app);
}

// The command line.

#[test]
fn the_doctor_says_first_what_it_takes_back_and_does_it_when_told() {
    let cli = Cli::new();
    five_revisions_three_in_backup(cli.data_dir());
    damage_flags(cli.data_dir());
    let preview = cli.run("doctor --salvage");
    assert_eq!(preview.code, Some(0), "{preview:?}");
    assert!(
        preview.out.contains("Can be taken back: revisions 4 to 5"),
        "{preview:?}"
    );
    assert!(
        preview.out.contains("Default rollout: 3 % → 5 %"),
        "{preview:?}"
    );
    assert!(preview.err.contains("add --yes"), "{preview:?}");
    let name = cli.json("quarantine list")[0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let found = cli.json(&format!("quarantine show {name}"));
    assert_eq!(found["takes"], json!(["revisions 4 to 5"]));
    assert_eq!(cli.json("doctor --salvage"), json!([found]));

    let file = cli.data_dir().join("exported.json");
    cli.ok(&format!("quarantine export {name} --to {}", file.display()));
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let done = cli.ok("doctor --yes --salvage");
    assert!(
        done.ends_with(&format!("Taken back from {name}: revisions 4 to 5\n")),
        "{done}"
    );
    assert_eq!(cli.json("history")[0]["revision"], 5);
    let again = cli.ok(&format!("doctor --salvage {name} --yes"));
    assert!(
        again.ends_with("Nothing in quarantine can be taken back.\n"),
        "{again}"
    );
    cli.refused(
        "doctor --salvage ../flagdeck.db",
        3,
        "othing in quarantine is called",
    );
    cli.refused("doctor --yes", 2, "--salvage");
}

#[test]
fn snapshots_are_exported_as_a_bundle_that_can_be_imported() {
    let cli = Cli::new();
    fill_states(cli.data_dir());
    damage_states(
        cli.data_dir(),
        "UPDATE source SET seq = 99 WHERE name = 'shop'",
    );
    cli.run("state set ml.n 1 --source other");
    let name = cli.json("quarantine list")[0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let file = cli.data_dir().join("bundle.json");
    let said = cli.ok(&format!("quarantine export {name} --to {}", file.display()));
    assert!(said.ends_with(" holds 7 snapshots\n"), "{said}");
    cli.ok(&format!("snapshot import {} --name old", file.display()));
    let listed = cli.json("snapshot list --source old");
    assert_eq!(listed.as_array().unwrap().len(), 7, "{listed}");
}

/// A store with its log is copied to be read, flags are appended, snapshots stored one by one: it
/// is killed somewhere in that, again and again, while a server runs on the folder.
#[test]
fn a_salvage_that_is_killed_is_finished_by_the_next_one() {
    let cli = Cli::new();
    let other = temporary();
    let app = open(other.path());
    turn_master(&app, true);
    for n in 1..=60 {
        set_percentage(&app, n * 1000);
        put_state(&app, n).unwrap();
        app.take_snapshots(None, &SnapshotLabel::default()).unwrap();
    }
    let before = snapshots(&app);
    let within = quarantine(cli.data_dir());
    let entry = within.join("20251124T120000.000Z");
    fs::create_dir_all(&entry).unwrap();
    for suffix in ["", "-wal"] {
        let flags = format!("flagdeck.db{suffix}");
        cp(&other.path().join(&flags), &entry.join(&flags));
        let states = other.path().join(format!("state.db{suffix}"));
        cp(&states, &within.join(format!("state-7.db{suffix}")));
    }
    close(app);
    let kept = contents(&entry);

    let serving = cli.serve();
    for attempt in 0..12 {
        let mut salvage = cli.command("doctor --salvage --yes").spawn().unwrap();
        // A real pause: it is killed at any moment, which nothing tells of.
        thread::sleep(Duration::from_millis(attempt * 7));
        salvage.kill().unwrap();
        salvage.wait().unwrap();
    }
    cli.ok("doctor --salvage --yes");
    let app = open(cli.data_dir());
    wait_until("all to be in force", || percentage(&app) == 60_000);
    assert_eq!(app.flags().live().revision.0, 61);
    assert_eq!(kept_of_all(&snapshots(&app)), kept_of_all(&before));
    assert_sound(&app);
    close(app);
    drop(serving);
    assert_eq!(contents(&entry), kept);
    let names = names_in(&within);
    let left = names.iter().filter(|name| name.starts_with(".copy-"));
    assert_eq!(left.count(), 0, "{names:?}");
}

#[test]
fn two_salvages_at_once_take_everything_back_once() {
    let cli = Cli::new();
    let other = temporary();
    five_revisions_three_in_backup(other.path());
    let before = fill_states(other.path());
    let within = quarantine(cli.data_dir());
    let entry = within.join("20251124T120000.000Z");
    fs::create_dir_all(&entry).unwrap();
    cp(&database(other.path()), &entry.join("flagdeck.db"));
    cp(&other.path().join("state.db"), &within.join("state-7.db"));
    let start = || {
        cli.command("doctor --salvage --yes")
            .stdout(Stdio::null())
            .spawn()
    };
    let running: Vec<_> = (0..3).map(|_| start().unwrap()).collect();
    for mut salvage in running {
        assert!(salvage.wait().unwrap().success());
    }
    let app = open(cli.data_dir());
    assert_eq!(app.flags().live().revision.0, 5);
    assert_eq!(kept_of_all(&snapshots(&app)), kept_of_all(&before));
    assert_sound(&app);
    close(app);
    assert_eq!(
        hashes(&database(cli.data_dir())),
        hashes(&database(other.path()))
    );
}

/// Whatever bit is altered in a file that is set aside, only what was there comes back.
#[test]
fn nothing_is_taken_back_that_was_not_there() {
    const FLIPS: usize = 48;
    let other = temporary();
    five_revisions_three_in_backup(other.path());
    let saved = hashes(&database(other.path()));
    let taken = kept_of_all(&fill_states(other.path()));
    for (file, place) in [
        ("flagdeck.db", "quarantine/20251124T120000.000Z/flagdeck.db"),
        ("state.db", "quarantine/state-7.db"),
    ] {
        let sound = fs::read(other.path().join(file)).unwrap();
        let mut some = 0;
        for flip in 0..FLIPS {
            let folder = temporary();
            let app = open(folder.path());
            let entry = folder.path().join(place);
            fs::create_dir_all(entry.parent().unwrap()).unwrap();
            let mut bytes = sound.clone();
            // Spread over the file, with its header among them.
            let at = if flip < 8 {
                flip * 12
            } else {
                flip * (bytes.len() - 1) / FLIPS
            };
            bytes[at] ^= 1 << (flip % 8);
            fs::write(&entry, &bytes).unwrap();
            let name = app.quarantine().unwrap()[0].name.clone();
            let found = survey(&app, &name);
            let back = app.take_back(&name);
            assert_eq!(
                back.is_ok_and(|it| it.taken == found.takes),
                found.sound > 0,
                "{at}"
            );
            some += usize::from(!found.takes.is_empty());
            let revisions = hashes(&database(folder.path()));
            assert!(saved.starts_with(&revisions), "{at}: {revisions:?}");
            let snapshots = kept_of_all(&snapshots(&app));
            assert!(snapshots.iter().all(|it| taken.contains(it)), "{at}");
            assert_sound(&app);
            close(app);
            assert_eq!(fs::read(&entry).unwrap(), bytes, "{at}");
        }
        assert!(some > FLIPS / 2, "{file}: something came back of {some}");
    }
}
