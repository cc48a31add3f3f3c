//! Writing back under attack: programs are killed over it, disks are full, folders are moved away,
//! and other programs look on.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use flagdeck::store::RevisionNumber;
use flagdeck::wire::SnapshotLabel;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use crate::support::apps::{
    assert_sound, close, open, open_watching_by, request, rollout, set_percentage, standing_clock,
};
use crate::support::folders::{
    Place, assert_gone, names_in, noticed, noticed_as, put, put_state, quarantined, report_one, web,
};
use crate::support::serving::{Serving, get};
use crate::support::waiting::{let_pass, wait_for, wait_until};

fn process(serving: &Serving) -> Pid {
    Pid::from_child(&serving.child)
}

/// Runs `flagctl` on the folder, which has to fail, and returns what it says.
#[track_caller]
fn refusal(place: &Place, arguments: &[&str]) -> String {
    let output = place.flagctl(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!output.status.success(), "{said}");
    said
}

/// Files in the folder that are none of its own.
fn leftovers(place: &Place) -> Vec<String> {
    let is_copy = |name: &String| name.starts_with('.') && name.contains(".db");
    names_in(&place.data).into_iter().filter(is_copy).collect()
}

#[test]
fn a_folder_that_was_moved_away_is_found_by_other_programs_and_can_be_moved_back() {
    let place = Place::new();
    let (serving, token) = place.serve();
    assert!(put(&serving.address, &token, 1000).starts_with("HTTP/1.1 200 "));
    let away = place.outer.path().join("away");
    fs::rename(&place.data, &away).unwrap();

    let said = refusal(&place, &["set", "calculator", "on"]);
    assert!(said.contains("flagctl (process "), "{said}");
    assert!(!place.data.exists(), "nothing is made in its place");
    fs::rename(&away, &place.data).unwrap();
    assert!(put(&serving.address, &token, 2000).starts_with("HTTP/1.1 200 "));
    assert!(place.flagctl(&["doctor"]).status().unwrap().success());
}

#[test]
fn a_folder_that_was_moved_away_is_written_back_by_doctor() {
    let place = Place::new();
    let (serving, token) = place.serve();
    assert!(put(&serving.address, &token, 1000).starts_with("HTTP/1.1 200 "));
    let away = place.outer.path().join("away");
    fs::rename(&place.data, &away).unwrap();
    let doctor = place.flagctl(&["doctor", "--write-back"]).output().unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.status.success(), "{said}");
    assert!(said.contains("1 revision matches its hash"), "{said}");
    assert!(put(&serving.address, &token, 2000).starts_with("HTTP/1.1 200 "));
    assert!(away.join("flagdeck.db").exists(), "what was moved stays");
}

#[test]
fn doctor_reports_a_link_to_another_store() {
    let place = Place::new();
    let real = place.outer.path().join("real");
    fs::create_dir(&real).unwrap();
    symlink(&real, &place.data).unwrap();
    let (serving, token) = place.serve();
    assert!(put(&serving.address, &token, 1000).starts_with("HTTP/1.1 200 "));
    let other = place.another(2);
    fs::remove_file(&place.data).unwrap();
    symlink(&other, &place.data).unwrap();

    let refused = put(&serving.address, &token, 2000);
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    let said = refusal(&place, &["doctor"]);
    assert!(said.contains("flagctl (process "), "{said}");
    assert!(said.contains("saves nothing"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_reached_is_not_called_removed() {
    let place = Place::new();
    let app = place.open();
    set_percentage(&app, 1000);
    let away = place.outer.path().join("away");
    fs::rename(&place.data, &away).unwrap();
    // A path that leads nowhere, for every user.
    symlink(&place.data, &place.data).unwrap();
    noticed_as(&app, "can no longer be reached");
    assert_gone(app.flags().change(request(rollout(2000))));
    assert!(app.write_back().is_err());
    fs::remove_file(&place.data).unwrap();
    fs::rename(&away, &place.data).unwrap();
    set_percentage(&app, 2000);
    assert_eq!(app.flags().live().revision, RevisionNumber(2));
}

#[test]
fn states_and_metrics_of_another_history_are_never_used() {
    let place = Place::new();
    let clock = standing_clock();
    let app = place.open_by(&clock);
    put_state(&app, 1).unwrap();
    report_one(&app).unwrap();
    // Of the same source, and further than those that are open.
    let other = place.outer.path().join("other");
    let another = open_watching_by(&other, &clock);
    for n in 1..=5 {
        put_state(&another, n).unwrap();
        report_one(&another).unwrap();
        another
            .take_snapshots(None, &SnapshotLabel::default())
            .unwrap();
    }
    close(another);
    for name in ["state.db", "metrics.db"] {
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(place.data.join(format!("{name}{suffix}")));
        }
        fs::rename(other.join(name), place.data.join(name)).unwrap();
        let_pass(&clock, Duration::from_secs(1));
        let told = app.gone().unwrap().to_string();
        assert!(told.starts_with(&format!("{name} in ")), "{told}");
        assert!(told.contains("was replaced"), "{told}");
        // Everything that follows a copy looks at it some times more.
        for _ in 0..3 {
            let_pass(&clock, Duration::from_secs(1));
        }
        assert!(app.gone().is_some(), "{name} is not followed");
        assert_eq!(app.write_back().unwrap().len(), 1, "it is set aside");
        assert!(app.gone().is_none());
    }
    let state = app.current_state(&web()).unwrap();
    assert_eq!(state.ml.to_string(), r#"{"n":1}"#);
    assert_eq!(app.glance().unwrap().unwrap().1.through, 1);
}

#[test]
fn an_unconfirmed_revision_is_reported_when_it_is_written_back() {
    let place = Place::new();
    // It does not look out for what others save, as if that was saved just before.
    let app = open(&place.data);
    let other = open(&place.data);
    set_percentage(&app, 1000);
    set_percentage(&other, 2000);
    place.remove();
    app.write_back().unwrap();
    assert_eq!(app.flags().live().revision, RevisionNumber(2));
    let notices = app.notices();
    let told = "Revision 2 was written back with the rest, although Flagdeck had not confirmed it";
    assert!(
        notices.iter().any(|it| it.message.contains(told)),
        "{notices:?}"
    );
}

#[test]
fn a_program_that_is_killed_while_it_writes_back_leaves_all_or_nothing() {
    let mut whole = 0;
    for round in 0..8 {
        let place = Place::new();
        let (serving, token) = place.serve();
        for n in 1..=3 {
            let answer = put(&serving.address, &token, n * 1000);
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        }
        place.remove();
        kill_process(process(&serving), Signal::USR2).unwrap();
        // A real pause, because it is killed at moments that nothing tells of: from before it
        // begins to after it has ended.
        thread::sleep(Duration::from_millis(4 * round * round));
        kill_process(process(&serving), Signal::KILL).unwrap();
        drop(serving);

        let app = place.open();
        let revisions = app.flags().live().revision.0;
        assert!(revisions == 3 || revisions == 0, "{revisions}");
        assert_sound(&app);
        whole += revisions / 3;
        set_percentage(&app, 9000);
        report_one(&app).unwrap();
        put_state(&app, 1).unwrap();
        assert_eq!(leftovers(&place), Vec::<String>::new(), "round {round}");
    }
    assert!(whole > 0, "the last rounds give it time enough");
}

#[test]
fn a_copy_that_a_killed_program_had_whole_is_the_store() {
    let place = Place::new();
    let app = place.open();
    (1..=3).for_each(|n| set_percentage(&app, n * 1000));
    close(app);
    // As it is between the two steps, with what was there half set aside.
    let aside = place.data.join("quarantine/.unfinished");
    fs::create_dir_all(&aside).unwrap();
    fs::write(aside.join("flagdeck.db-wal"), "of another store").unwrap();
    let whole = place.data.join(".flagdeck-whole.db");
    fs::rename(place.data.join("flagdeck.db"), whole).unwrap();
    let app = place.open();
    assert_eq!(app.flags().live().revision, RevisionNumber(3));
    assert_sound(&app);
    assert_eq!(leftovers(&place), Vec::<String>::new());
    assert!(!aside.exists(), "it is set aside as a whole");
    set_percentage(&app, 4000);
}

/// Limits how large a file of the program may be, as a full disk or a quota does.
fn limit_files(serving: &Serving, bytes: Option<u64>) {
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(process(serving)), Resource::Fsize, limit).unwrap();
}

#[test]
fn without_room_nothing_is_written_back_and_nothing_is_lost() {
    let place = Place::new();
    let mut command = std::process::Command::new("sh");
    // As for a full disk, the program is told instead of ended.
    let script = r#"trap '' XFSZ; exec "$0" --data-dir "$1" serve --port 0"#;
    command.args(["-c", script, env!("CARGO_BIN_EXE_flagctl")]);
    let errors = place.outer.path().join("errors");
    command
        .arg(&place.data)
        .stderr(fs::File::create(&errors).unwrap());
    let (serving, token) = place.serve_by(command);
    assert!(put(&serving.address, &token, 1000).starts_with("HTTP/1.1 200 "));
    place.remove();
    limit_files(&serving, Some(16 * 1024));
    kill_process(process(&serving), Signal::USR2).unwrap();
    let said = || fs::read_to_string(&errors).unwrap();
    wait_for("the failure to be told", said, |said| {
        said.contains("The store failed")
    });
    assert!(!place.data.join("flagdeck.db").exists());
    assert_eq!(leftovers(&place), Vec::<String>::new());
    let health = get(&serving.address, "/healthz");
    assert!(health.contains("store_gone"), "{health}");

    limit_files(&serving, None);
    kill_process(process(&serving), Signal::USR2).unwrap();
    wait_until("the folder to be written back", || {
        get(&serving.address, "/healthz").contains("\"status\":\"ok\"")
    });
    assert!(put(&serving.address, &token, 2000).starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_program_goes_on_when_its_log_is_closed() {
    let place = Place::new();
    let mut command = place.flagctl(&["serve", "--port", "0"]);
    command.stderr(Stdio::piped());
    let (mut serving, token) = place.serve_by(command);
    // As a terminal that was closed. What it tells of the loss is refused.
    drop(serving.child.stderr.take());
    assert!(put(&serving.address, &token, 1000).starts_with("HTTP/1.1 200 "));
    for lost in 1..=2 {
        place.remove();
        let health = || get(&serving.address, "/healthz");
        wait_until("the notice of a lost folder", || {
            health().contains("store_gone")
        });
        kill_process(process(&serving), Signal::USR2).unwrap();
        wait_until("the folder to be written back", || {
            health().contains("\"status\":\"ok\"")
        });
        assert!(put(&serving.address, &token, 1000 + lost).starts_with("HTTP/1.1 200 "));
    }
    let elsewhere = place.flagctl(&["set", "calculator", "on"]).status();
    assert!(elsewhere.unwrap().success());
    wait_until("a change by another program to be seen", || {
        get(&serving.address, "/healthz").contains("\"revision\":4")
    });
}

#[test]
fn what_a_third_program_began_in_the_place_is_set_aside_once_it_ended() {
    let place = Place::new();
    let (first, second) = (place.open(), place.open());
    set_percentage(&first, 1000);
    wait_until("the other to see it", || {
        second.flags().live().revision.0 == 1
    });
    place.remove();
    let third = open(&place.data);
    set_percentage(&third, 50_000);
    noticed(&first);
    let began = Instant::now();
    let refused = first.write_back().unwrap_err();
    assert!(refused.in_full().contains("close it and try again"));
    assert!(began.elapsed() < Duration::from_secs(20));
    set_percentage(&third, 51_000);
    drop(third);
    thread::scope(|scope| {
        for app in [&first, &second] {
            scope.spawn(|| app.write_back().unwrap());
        }
    });
    set_percentage(&first, 2000);
    wait_until("the other to see it", || {
        second.flags().live().revision.0 == 2
    });
    assert_sound(&second);
    assert_eq!(
        quarantined(&place.data).len(),
        1,
        "what the third one began"
    );
}
