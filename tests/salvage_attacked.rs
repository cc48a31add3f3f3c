//! Salvage that is killed, that runs several times at once, and over damage at random: everything
//! comes back once, and nothing that was not there.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use flagdeck::state::shapes::SnapshotLabel;

use crate::support::apps::{assert_sound, close, open, percentage, set_percentage, turn_master};
use crate::support::cli::Cli;
use crate::support::folders::{cp, names_in, put_state};
use crate::support::salvage::{
    contents, fill_states, five_revisions_three_in_backup, hashes, kept_of_all, quarantine,
    snapshots, survey,
};
use crate::support::stores::{database, temporary};
use crate::support::waiting::wait_until;

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
    const FLIPS: usize = 20;
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
            let at = if flip < 6 {
                flip * 16
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
            let mut snapshots = snapshots(&app);
            // Of a source whose record is damaged, no name is claimed.
            snapshots.retain(|it| !it.source.starts_with("recovered-"));
            let snapshots = kept_of_all(&snapshots);
            assert!(snapshots.iter().all(|it| taken.contains(it)), "{at}");
            // The snapshots are of revisions that this store never had.
            let mut problems = app.check().unwrap().problems;
            problems.retain(|problem| !problem.starts_with("Revisions are missing"));
            assert_eq!(problems, [""; 0], "{at}");
            close(app);
            assert_eq!(fs::read(&entry).unwrap(), bytes, "{at}");
        }
        assert!(some > FLIPS / 2, "{file}: something came back of {some}");
    }
}
