//! The data folder is removed, replaced or overwritten while programs have it open: it is noticed,
//! nothing claims to be saved, and what is open is written back.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use flagdeck::App;
use flagdeck::error::Code;
use flagdeck::flags::Scope;
use flagdeck::store::{HistoryFilter, Instead, RevisionNumber};
use flagdeck::wire::{SnapshotLabel, Status};
use serde_json::json;

use crate::support::apps::{
    assert_sound, close, open, request, rollout, set_percentage, someone, standing_clock,
    turn_master,
};
use crate::support::folders::{
    Place, assert_gone, copy_folder, cp, noticed, put, put_state, report_one, web,
};
use crate::support::serving::get;
use crate::support::waiting::{let_pass, let_pass_until, wait_until};

/// How often a program that stays open looks at its files.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The percentage of the default rollout in force, in thousandths of a percent.
fn in_force(app: &App) -> u32 {
    let live = app.flags().in_force(Scope::Everyone);
    live.document.rollout.percentage.milli()
}

#[test]
fn a_removed_folder_is_noticed_and_nothing_is_reported_as_saved() {
    let place = Place::new();
    let clock = standing_clock();
    let app = place.open_by(&clock);
    set_percentage(&app, 1000);
    put_state(&app, 1).unwrap();
    app.token().unwrap();
    place.remove();

    // At once, before any look by itself.
    assert_gone(app.flags().change(request(rollout(2000))));
    assert_gone(app.flags().change(request(rollout(1000))));
    assert_gone(app.flags().undo(&someone()));
    assert_gone(app.restore(RevisionNumber(1), &someone(), None));
    assert_gone(app.flags().back_up());
    assert_gone(app.change_setting("http.port", &json!(4700)));
    assert_gone(app.rotate_token());
    assert_gone(put_state(&app, 2));
    assert_gone(app.take_snapshots(None, &SnapshotLabel::default()));
    assert!(report_one(&app).is_err());
    assert!(!place.data.exists(), "nothing is made in its place");

    let_pass(&clock, LOOK_EVERY);
    assert_eq!(
        app.gone().unwrap().to_string(),
        format!(
            "the data folder {} was removed while Flagdeck had it open",
            place.data.display()
        )
    );
    assert_eq!(app.flags().live().revision, RevisionNumber(1));
    assert_eq!(in_force(&app), 1000);
    let status = Status::of(&app).store_gone.unwrap();
    assert_eq!((status.open.revisions, status.is_replaced), (1, false));
    assert_eq!(app.settings().len(), flagdeck::config::KEYS.len());
}

#[test]
fn what_is_open_is_written_back_whole() {
    let place = Place::new();
    let clock = standing_clock();
    let app = place.open_by(&clock);
    let token = app.token().unwrap();
    app.change_setting("state.maxHistorySize", &json!(77))
        .unwrap();
    (1..=5).for_each(|n| set_percentage(&app, n * 1000));
    put_state(&app, 7).unwrap();
    app.take_snapshots(None, &SnapshotLabel::default()).unwrap();
    assert_eq!(report_one(&app).unwrap(), 1);
    // What small files hold is noted once a second.
    let_pass(&clock, Duration::from_secs(1));
    place.remove();
    let_pass(&clock, LOOK_EVERY);
    assert!(app.gone().is_some());

    assert_eq!(app.write_back().unwrap(), Vec::<PathBuf>::new());
    assert!(app.gone().is_none());
    assert_eq!(app.flags().live().revision, RevisionNumber(5));
    app.flags().undo(&someone()).unwrap();
    assert_eq!(in_force(&app), 4000);
    put_state(&app, 8).unwrap();
    assert_eq!(report_one(&app).unwrap(), 1);
    close(app);

    let app = place.open_by(&clock);
    assert_eq!(app.flags().live().revision, RevisionNumber(6));
    assert_eq!(app.token().unwrap(), token);
    assert_eq!(app.config().state.max_history_size, 77);
    assert_sound(&app);
    assert_eq!(app.notices(), []);
    let history = app
        .flags()
        .history(&HistoryFilter::default(), 0, 10)
        .unwrap();
    assert_eq!(history.total, 6);
    assert_eq!(app.snapshots(&Default::default(), 0, 10).unwrap().total, 1);
    let state = app.current_state(&web()).unwrap();
    assert_eq!(state.ml.to_string(), r#"{"n":8}"#);
    let counted = app.glance().unwrap().unwrap().1;
    assert_eq!(counted.through, 2, "both batches are in the log");
    let mode = fs::metadata(&place.data).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&mode) & 0o777, 0o700);
}

/// Asked by mistake, as by a signal that was meant for something else.
#[test]
fn writing_back_what_is_in_place_changes_no_file() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::new();
    let clock = standing_clock();
    let app = place.open_by(&clock);
    set_percentage(&app, 1000);
    put_state(&app, 1).unwrap();
    app.token().unwrap();
    let files = ["token", "flagdeck.db-wal", "state.db-wal", "metrics.db-wal"];
    let inodes = || files.map(|name| fs::metadata(place.data.join(name)).unwrap().ino());
    let before = inodes();
    assert_eq!(app.write_back().unwrap(), Vec::<PathBuf>::new());
    // Everything that looks at the files looks once more.
    let_pass(&clock, Duration::from_secs(1));
    assert_eq!(inodes(), before);
    assert_eq!(app.notices(), []);
    put_state(&app, 2).unwrap();
}

#[test]
fn a_folder_that_comes_back_is_used_again() {
    let place = Place::new();
    let app = place.open();
    set_percentage(&app, 1000);
    let away = place.outer.path().join("away");
    fs::rename(&place.data, &away).unwrap();
    noticed(&app);
    fs::rename(&away, &place.data).unwrap();
    set_percentage(&app, 2000);
    wait_until("the return of the folder", || app.gone().is_none());
}

#[test]
fn each_database_is_noticed_by_its_name() {
    for name in [
        "flagdeck.db",
        "flagdeck.db-wal",
        "flagdeck.db-shm",
        "state.db",
        "metrics.db",
    ] {
        let place = Place::new();
        let app = place.open();
        set_percentage(&app, 1000);
        put_state(&app, 1).unwrap();
        report_one(&app).unwrap();
        fs::remove_file(place.data.join(name)).unwrap();
        let told = noticed(&app);
        assert!(
            told.starts_with(&format!("{name} in the data folder ")),
            "{told}"
        );
        app.write_back().unwrap();
        assert!(app.gone().is_none(), "{name}");
        set_percentage(&app, 2000);
        put_state(&app, 2).unwrap();
        report_one(&app).unwrap();
        drop(app);
        let app = place.open();
        assert_eq!(
            app.check().unwrap().problems,
            Vec::<String>::new(),
            "{name}"
        );
        assert_eq!(app.flags().live().revision, RevisionNumber(2), "{name}");
        assert_eq!(app.glance().unwrap().unwrap().1.through, 2, "{name}");
    }
}

#[test]
fn another_store_in_the_place_is_shown_and_can_be_overruled() {
    let place = Place::new();
    let app = place.open();
    (1..=4).for_each(|n| set_percentage(&app, n * 1000));
    put_state(&app, 1).unwrap();
    place.replace_by_another(3);
    wait_until("a look into it", || {
        app.gone()
            .is_some_and(|gone| matches!(gone.instead, Instead::Store(Some(_))))
    });
    let told = app.gone().unwrap().to_string();
    assert!(
        told.contains("was replaced while Flagdeck had it open"),
        "{told}"
    );
    assert_gone(app.flags().change(request(rollout(9000))));
    assert_gone(put_state(&app, 2));
    let status = Status::of(&app).store_gone.unwrap();
    let instead = status.instead.unwrap();
    assert_eq!((status.open.revisions, instead.revisions), (4, 3));
    assert_eq!(instead.actor.unwrap().name, "someone");
    assert_eq!(
        app.flags().live().revision,
        RevisionNumber(4),
        "never used by itself"
    );

    let set_aside = app.write_back().unwrap();
    assert_eq!(set_aside.len(), 1, "{set_aside:?}");
    assert!(set_aside[0].join("flagdeck.db").exists(), "never deleted");
    set_percentage(&app, 9000);
    assert_eq!(app.flags().live().revision, RevisionNumber(5));
    assert_eq!(app.check().unwrap().revisions, 5);
}

#[test]
fn another_store_in_the_place_can_be_used() {
    let place = Place::new();
    let app = place.open();
    (1..=4).for_each(|n| set_percentage(&app, n * 1000));
    place.replace_by_another(3);
    noticed(&app);
    app.use_new_store().unwrap();
    assert!(app.gone().is_none());
    assert_eq!(app.flags().live().revision, RevisionNumber(3));
    assert_eq!(in_force(&app), 50_003);
    app.flags().undo(&someone()).unwrap();
    assert_eq!(in_force(&app), 50_002);
    assert_eq!(app.check().unwrap().revisions, 4);
}

#[test]
fn a_copy_that_lacks_nothing_is_used() {
    let place = Place::new();
    let clock = standing_clock();
    let app = place.open_by(&clock);
    set_percentage(&app, 1000);
    put_state(&app, 1).unwrap();
    report_one(&app).unwrap();
    place.replace_by_copy();
    let_pass_until(&clock, "the copy to be used", || {
        app.notices()
            .iter()
            .any(|it| it.message.contains("a copy that lacks nothing"))
    });
    let_pass_until(&clock, "the metrics to go on", || app.gone().is_none());
    set_percentage(&app, 2000);
    put_state(&app, 2).unwrap();
    report_one(&app).unwrap();
    drop(app);
    let app = place.open_by(&clock);
    assert_eq!(app.flags().live().revision, RevisionNumber(2));
    assert_sound(&app);
}

#[test]
fn an_older_copy_is_another_store() {
    let place = Place::new();
    let app = place.open();
    set_percentage(&app, 1000);
    let copy = place.outer.path().join("copy");
    copy_folder(&place.data, &copy);
    set_percentage(&app, 2000);
    place.remove();
    fs::rename(copy, &place.data).unwrap();
    noticed(&app);
    assert_gone(app.flags().change(request(rollout(3000))));
    app.write_back().unwrap();
    assert_eq!(app.flags().live().revision, RevisionNumber(2));
}

#[test]
fn a_file_in_place_of_the_folder_is_reported_and_kept() {
    let place = Place::new();
    let app = place.open();
    set_percentage(&app, 1000);
    place.remove();
    fs::write(&place.data, "notes").unwrap();
    assert!(noticed(&app).contains("was removed while Flagdeck had it open"));
    let refused = app.write_back().unwrap_err();
    assert!(
        refused.in_full().contains("a file of that name"),
        "{}",
        refused.in_full()
    );
    assert_eq!(fs::read_to_string(&place.data).unwrap(), "notes");
    fs::remove_file(&place.data).unwrap();
    app.write_back().unwrap();
    set_percentage(&app, 2000);
}

#[test]
fn a_token_that_was_accepted_stays_so_when_the_folder_is_lost() {
    let place = Place::new();
    let clock = standing_clock();
    let app = place.open_by(&clock);
    set_percentage(&app, 1000);
    // Made by another program since this one looked at its small files.
    let token = open(&place.data).token().unwrap();
    assert!(app.accepts_token(&token));
    place.remove();
    assert_gone(app.flags().change(request(rollout(2000))));
    assert!(app.accepts_token(&token));
    assert!(!app.accepts_token("another"));
}

#[test]
fn a_store_overwritten_in_its_file_is_noticed() {
    let place = Place::new();
    let clock = standing_clock();
    let app = place.open_by(&clock);
    set_percentage(&app, 1000);
    let_pass(&clock, LOOK_EVERY);
    let other = place.another(3);
    // As `cp` and `rsync --inplace` do: the file stays, its content is another.
    cp(&other.join("flagdeck.db"), &place.data.join("flagdeck.db"));
    assert_gone(app.flags().change(request(rollout(2000))));
    wait_until("it is told", || {
        let_pass(&clock, LOOK_EVERY);
        app.gone().is_some()
    });
    let told = app.gone().unwrap().to_string();
    assert!(told.contains("was replaced"), "{told}");
    assert_gone(app.flags().change(request(rollout(2000))));
}

#[test]
fn all_flags_off_is_in_force_without_a_store_and_stored_once_it_is_back() {
    let place = Place::new();
    let app = place.open();
    turn_master(&app, true);
    place.remove();
    app.flags().emergency_off(&someone());
    assert!(!app.flags().in_force(Scope::Everyone).document.enabled);
    assert!(app.flags().is_emergency(), "it is not said to be stored");
    assert_eq!(app.flags().live().revision, RevisionNumber(1));
    let told = app.obstacles();
    assert!(
        told.iter().any(|it| it.message.contains("not stored yet")),
        "{told:?}"
    );
    app.write_back().unwrap();
    wait_until("the emergency to be stored", || !app.flags().is_emergency());
    assert_eq!(app.flags().live().revision, RevisionNumber(2));
    assert!(!app.flags().live().document.enabled);
}

#[test]
fn of_two_programs_the_one_follows_what_the_other_writes_back() {
    let place = Place::new();
    let clock = standing_clock();
    let (first, second) = (place.open_by(&clock), place.open_by(&clock));
    set_percentage(&first, 1000);
    put_state(&second, 1).unwrap();
    // Within a second each program has each database open.
    let_pass(&clock, Duration::from_secs(1));
    assert_eq!(second.flags().live().revision, RevisionNumber(1));
    place.remove();
    let_pass(&clock, LOOK_EVERY);
    assert!(first.gone().is_some() && second.gone().is_some());
    first.write_back().unwrap();
    let_pass_until(&clock, "the other to follow", || second.gone().is_none());
    set_percentage(&second, 2000);
    put_state(&second, 2).unwrap();
    let_pass(&clock, LOOK_EVERY);
    assert_eq!(first.flags().live().revision, RevisionNumber(2));
    report_one(&second).unwrap();
}

/// The files that are written back are opened again, and SQLite counts changes for each opening.
#[test]
fn what_another_program_saves_right_after_writing_back_is_seen() {
    for changes_seen in 0..6 {
        let place = Place::new();
        let clock = standing_clock();
        let app = place.open_by(&clock);
        for n in 1..=changes_seen {
            set_percentage(&app, n * 1000);
            let_pass(&clock, LOOK_EVERY);
        }
        place.remove();
        app.write_back().unwrap();
        set_percentage(&open(&place.data), 50_000);
        let_pass(&clock, LOOK_EVERY);
        assert_eq!(in_force(&app), 50_000, "after {changes_seen} changes");
    }
}

#[test]
fn two_programs_that_write_back_at_once_make_one_store() {
    let place = Place::new();
    let (first, second) = (place.open(), place.open());
    set_percentage(&first, 1000);
    wait_until("the other to see it", || {
        second.flags().live().revision == RevisionNumber(1)
    });
    place.remove();
    thread::scope(|scope| {
        for app in [&first, &second] {
            scope.spawn(|| app.write_back().unwrap());
        }
    });
    set_percentage(&first, 2000);
    wait_until("the other to see it", || {
        second.flags().live().revision == RevisionNumber(2)
    });
    assert!(!place.data.join("quarantine").exists());
}

#[test]
fn no_acknowledged_write_is_missing_after_writing_back() {
    for round in 0..4 {
        let place = Place::new();
        let app = place.open();
        let (acknowledged, state) = (AtomicU64::new(0), AtomicU64::new(0));
        let is_over = AtomicBool::new(false);
        let mut failure = None;
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut milli = 0;
                while !is_over.load(Ordering::SeqCst) {
                    milli += 1;
                    match app.flags().change(request(rollout(milli))) {
                        Ok(outcome) => acknowledged.store(outcome.revision.0, Ordering::SeqCst),
                        Err(error) => assert_eq!(error.code(), Code::StoreGone),
                    }
                }
            });
            scope.spawn(|| {
                let mut n = 0;
                while !is_over.load(Ordering::SeqCst) {
                    n += 1;
                    if put_state(&app, n).is_ok() {
                        state.store(n.into(), Ordering::SeqCst);
                    }
                }
            });
            for _ in 0..3 {
                // Some writes each time, wherever the next one is.
                let so_far = acknowledged.load(Ordering::SeqCst);
                wait_until("more writes", || {
                    acknowledged.load(Ordering::SeqCst) > so_far + 3 + 2 * round
                });
                place.remove();
                // Whatever happens, the others have to end.
                if let Err(error) = app.write_back() {
                    failure = Some(error.in_full());
                    break;
                }
            }
            is_over.store(true, Ordering::SeqCst);
        });
        assert_eq!(failure, None);
        let acknowledged = acknowledged.load(Ordering::SeqCst);
        assert!(acknowledged > 0);
        drop(app);
        let app = place.open();
        assert_sound(&app);
        assert!(
            app.flags().live().revision.0 >= acknowledged,
            "{acknowledged}"
        );
        let kept = app.current_state(&web()).unwrap().ml.to_string();
        let kept: u64 = kept
            .trim_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .unwrap();
        assert!(kept >= state.load(Ordering::SeqCst), "{kept}");
    }
}

#[test]
fn a_new_store_reports_revisions_that_other_databases_know() {
    let place = Place::new();
    let app = place.open();
    (1..=3).for_each(|n| set_percentage(&app, n * 1000));
    put_state(&app, 1).unwrap();
    app.take_snapshots(None, &SnapshotLabel::default()).unwrap();
    close(app);
    fs::remove_file(place.data.join("flagdeck.db")).unwrap();
    fs::remove_dir_all(place.data.join("backups")).unwrap_or_default();
    let app = place.open();
    let missing = "db knows revision 3, but this store has none yet.";
    let notices = app.notices();
    assert!(
        notices.iter().any(|it| it.message.contains(missing)),
        "{notices:?}"
    );
    let problems = app.check().unwrap().problems;
    assert!(problems[0].contains(missing), "{problems:?}");
    set_percentage(&app, 1000);
    let problems = app.check().unwrap().problems;
    assert!(problems[0].contains("this store ends at 1"), "{problems:?}");
}

#[test]
fn a_served_folder_that_was_removed_answers_503_and_is_written_back_by_doctor() {
    let place = Place::new();
    let (serving, token) = place.serve();
    let address = &serving.address;
    for n in 1..=3 {
        let answer = put(address, &token, n * 1000);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    assert!(get(address, "/healthz").contains("\"status\":\"ok\""));
    place.remove();

    let refused = put(address, &token, 4000);
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("store_gone"), "{refused}");
    assert!(!refused.contains(place.data.to_str().unwrap()), "{refused}");
    let health = get(address, "/healthz");
    assert!(health.starts_with("HTTP/1.1 503 "), "{health}");
    assert!(health.contains("\"status\":\"store_gone\""), "{health}");
    let served = get(address, "/api/ml/flags");
    assert!(served.contains("\"percentage\":3"), "{served}");

    // Another program begins no store in its place.
    let set = place
        .flagctl(&["set", "calculator", "on"])
        .output()
        .unwrap();
    let said = String::from_utf8(set.stderr).unwrap();
    assert!(!set.status.success(), "{said}");
    assert!(said.contains("flagctl (process "), "{said}");
    let doctor = place.flagctl(&["doctor"]).output().unwrap();
    assert!(!doctor.status.success());

    let doctor = place.flagctl(&["doctor", "--write-back"]).output().unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.status.success(), "{said}");
    assert!(said.contains("3 revisions match their hashes"), "{said}");
    let answer = put(address, &token, 4000);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let undone = place.flagctl(&["undo"]).output().unwrap();
    assert!(undone.status.success());
    wait_until("the undo to be served", || {
        get(address, "/api/ml/flags").contains("\"percentage\":3")
    });
}

#[test]
fn a_look_costs_microseconds() {
    let place = Place::new();
    let app = place.open();
    set_percentage(&app, 1000);
    let looks = 10_000;
    let began = Instant::now();
    for _ in 0..looks {
        assert!(app.store_state() == flagdeck::app::StoreState::Ok);
    }
    let each = began.elapsed() / looks;
    // A few calls of `stat`; far more than a quiet machine takes.
    assert!(each < Duration::from_micros(500), "{each:?}");
}
