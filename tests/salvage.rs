//! What is sound in quarantine: said, exported, and taken back as it was, without a change of what
//! is in use or of the quarantine.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use flagdeck_core::Edit;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::apps::{
    assert_sound, change, close, open, open_watching, percentage, set_percentage, turn_master,
};
use crate::support::cli::Cli;
use crate::support::folders::{copy_folder, names_in};
use crate::support::salvage::{
    contents, damage_flags, damage_states, fill_states, five_revisions_three_in_backup, hashes,
    quarantine, survey, with_entry,
};
use crate::support::stores::{database, tamper, temporary};
use crate::support::waiting::wait_until;

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
    assert_eq!(cli.json("quarantine list")[0]["label"]["seen"], true);
    assert_eq!(cli.run("get").err, "", "nothing is told of any more");
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
    assert!(said.ends_with(" holds 8 snapshots\n"), "{said}");
    cli.ok(&format!("snapshot import {} --name old", file.display()));
    let listed = cli.json("snapshot list --source old");
    assert_eq!(listed.as_array().unwrap().len(), 8, "{listed}");
}
