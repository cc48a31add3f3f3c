//! What Flagdeck does when a database is damaged, empty, locked, or on a disk that fails or is full:
//! what is damaged is set aside and told by every program, and nothing else is.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use flagdeck::App;
use flagdeck::store::sqlite::quarantine;
use rusqlite::Connection;

use crate::support::apps::{
    clock_of_a_moment_ago, close, open, open_watching, open_watching_by, set_percentage,
    turn_master,
};
use crate::support::cli::{Cli, Ran};
use crate::support::disks::{folder_of_own_process, on_a_small_disk};
use crate::support::folders::{copy_folder, names_in, put_state, quarantined, report_one, web};
use crate::support::waiting::{wait_for, wait_until};

/// The databases beside the flags, with the words for what each holds.
const BESIDE: [(&str, &str); 2] = [
    (
        "state.db",
        "The states and their snapshots cannot be read (state.db: ",
    ),
    (
        "metrics.db",
        "What was measured so far cannot be read (metrics.db: ",
    ),
];

/// Fills a folder: three revisions, a state with two snapshots, an event.
fn fill(cli: &Cli) {
    // By a clock that stands: no snapshot is taken because time goes on.
    let app = open_watching_by(cli.data_dir(), &clock_of_a_moment_ago());
    turn_master(&app, true);
    for n in 1..=2 {
        set_percentage(&app, n * 1000);
        put_state(&app, n).unwrap();
        app.take_snapshots(None, &Default::default()).unwrap();
    }
    report_one(&app).unwrap();
    close(app);
}

/// Zeroes the pages of a database after the first.
fn damage(cli: &Cli, file: &str) {
    let file = OpenOptions::new()
        .write(true)
        .open(cli.data_dir().join(file))
        .unwrap();
    let bytes = file.metadata().unwrap().len() as usize;
    file.write_all_at(&vec![0; bytes - 4096], 4096).unwrap();
}

/// Writes to every database.
fn write_to_all(cli: &Cli) {
    let app = open_watching(cli.data_dir());
    set_percentage(&app, 7000);
    put_state(&app, 7).unwrap();
    report_one(&app).unwrap();
    close(app);
}

/// Counts the databases in quarantine, without what SQLite keeps beside them.
fn set_aside(cli: &Cli) -> usize {
    let names = quarantined(cli.data_dir());
    names.iter().filter(|name| name.ends_with(".db")).count()
}

fn times(ran: &Ran, words: &str) -> usize {
    ran.err.matches(words).count()
}

#[test]
fn what_was_set_aside_is_told_by_every_program_until_it_is_looked_at() {
    for (file, words) in BESIDE {
        let cli = Cli::new();
        fill(&cli);
        damage(&cli, file);
        write_to_all(&cli);
        assert_eq!(set_aside(&cli), 1, "{file}");
        for command in ["get", "state list", "metrics", "history", "master off"] {
            let ran = cli.run(command);
            assert_eq!(times(&ran, words), 1, "{file}, {command}: {ran:?}");
        }
        let doctor = cli.run("doctor --config http.port=0");
        assert_eq!(doctor.code, Some(1), "{doctor:?}");
        assert_eq!(doctor.out.matches(words).count(), 1, "{doctor:?}");
        let app = open_watching(cli.data_dir());
        let notices = app.notices();
        let told = notices.iter().filter(|it| it.message.contains(words));
        assert_eq!(told.count(), 1, "{notices:?}");
        close(app);

        let mut entries = quarantine::unseen(cli.data_dir());
        let entry = entries.pop().unwrap();
        let seen = quarantine::Label {
            seen: true,
            ..entry.label
        };
        quarantine::write_label(&entry.path, &seen).unwrap();
        assert_eq!(times(&cli.run("get"), words), 0, "{file}");
        assert_eq!(set_aside(&cli), 1, "it stays");
    }
}

#[test]
fn the_doctor_finds_damage_that_nothing_has_met_yet() {
    for (file, _) in BESIDE {
        let cli = Cli::new();
        fill(&cli);
        damage(&cli, file);
        let doctor = cli.run("doctor --config http.port=0");
        assert_eq!(doctor.code, Some(1), "{doctor:?}");
        let found = format!("✗ {file} is damaged: ");
        assert!(doctor.out.contains(&found), "{doctor:?}");
        assert!(!doctor.out.contains("in database main"), "{doctor:?}");
    }
}

#[test]
fn the_doctor_reads_everything_and_names_the_file() {
    for (file, sql, found) in [
        (
            "flagdeck.db",
            "DELETE FROM revision_words",
            "✗ flagdeck.db: the index of the history",
        ),
        (
            "flagdeck.db",
            "UPDATE revision SET note = 'forged' WHERE number = 2",
            "✗ flagdeck.db: revision 2 does not match its hash",
        ),
        (
            "backup",
            "UPDATE revision SET note = 'forged' WHERE number = 1",
            "✗ backups/r0000000003-",
        ),
        (
            "state.db",
            "UPDATE whole SET text = zeroblob(9)",
            "✗ state.db: the state of web is damaged",
        ),
        (
            "state.db",
            "UPDATE journal SET change = zeroblob(9)",
            "✗ state.db: change 3 of web",
        ),
        (
            "state.db",
            "UPDATE report SET changes = zeroblob(9)",
            "✗ state.db: the report of change 1 of web",
        ),
        (
            "state.db",
            "UPDATE recorded SET changes = zeroblob(9)",
            "✗ state.db: what was recorded before snapshot 3",
        ),
        (
            "state.db",
            "UPDATE snapshot SET coding = zeroblob(9) WHERE id = 2",
            "✗ state.db: snapshot 2",
        ),
        (
            "metrics.db",
            "UPDATE log SET hash = zeroblob(16)",
            "✗ metrics.db is damaged: batches of the log",
        ),
        (
            "metrics.db",
            "UPDATE frame SET packed = x'ff'",
            "✗ metrics.db is damaged: rows of the table frame",
        ),
        (
            "metrics.db",
            "UPDATE evidence SET packed = x'ff'",
            "✗ metrics.db is damaged: rows of the table evidence",
        ),
        (
            "metrics.db",
            "UPDATE checkpoint SET totals = x'ff'",
            "✗ metrics.db is damaged: the totals",
        ),
    ] {
        let cli = Cli::new();
        fill(&cli);
        cli.ok("state set --source web ml.n 9");
        cli.ok("snapshot take --source web");
        cli.ok("backup make");
        let sound = cli.ok("doctor --config http.port=0");
        for file in [
            "flagdeck.db",
            "backups/r0000000003-",
            "metrics.db",
            "state.db",
        ] {
            assert!(sound.contains(&format!("✓ {file}")), "{sound}");
        }
        let path = match file {
            "backup" => {
                let names = names_in(&cli.data_dir().join("backups"));
                let latest = names.iter().find(|name| name.starts_with("r0000000003-"));
                cli.data_dir().join("backups").join(latest.unwrap())
            }
            _ => cli.data_dir().join(file),
        };
        let database = Connection::open(path).unwrap();
        let unguarded = "DROP TRIGGER IF EXISTS revision_is_never_edited";
        database.execute_batch(unguarded).unwrap();
        let rows = database.execute(sql, []).unwrap();
        drop(database);
        assert!(rows > 0, "{sql}");
        let doctor = cli.run("doctor --config http.port=0");
        assert_eq!(doctor.code, Some(1), "{doctor:?}");
        assert!(doctor.out.contains(found), "{sql}: {doctor:?}");
        assert!(!cli.data_dir().join("quarantine").exists(), "{sql}");
    }
}

#[test]
fn a_damaged_old_revision_stops_no_command_and_is_marked_in_the_history() {
    for sql in [
        "UPDATE revision SET changes = '[\"calculator of\"]' WHERE number = 2",
        "UPDATE revision SET via = CAST(x'ff' AS TEXT) WHERE number = 2",
        "UPDATE revision SET cause = 'whim' WHERE number = 2",
    ] {
        let cli = Cli::new();
        for change in [
            "master on",
            "set calculator on",
            "set tracker on",
            "master off",
        ] {
            cli.ok(change);
        }
        let database = Connection::open(cli.data_dir().join("flagdeck.db")).unwrap();
        let unguarded = "DROP TRIGGER revision_is_never_edited";
        database.execute_batch(unguarded).unwrap();
        assert!(database.execute(sql, []).unwrap() > 0, "{sql}");
        drop(database);
        let listed = cli.ok("history");
        assert_eq!(listed.lines().count(), 4, "{listed}");
        assert!(listed.contains("damaged: it does not match its hash"));
        let revisions = cli.json("history");
        assert_eq!(revisions[2]["isDamaged"], true, "{sql}");
        assert_eq!(revisions[1].get("isDamaged"), None);
        cli.ok("undo");
        assert_eq!(cli.json("get")["enabled"], true);
        // Before it is the damaged one, so what it took the place of is not known.
        cli.refused("undo", 1, "revision 2 does not match its hash");
        cli.ok("set orchestrator on");
    }
}

#[test]
fn the_doctor_does_not_call_a_locked_database_damaged() {
    let cli = Cli::new();
    fill(&cli);
    let serving = cli.serve();
    cli.ok("doctor --config http.port=0");
    drop(serving);
    let holder = Connection::open(cli.data_dir().join("state.db")).unwrap();
    holder
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    let doctor = cli.run("doctor --config http.port=0");
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert!(
        doctor.out.contains("✗ state.db could not be checked: "),
        "{doctor:?}"
    );
    assert!(doctor.out.contains("✓ metrics.db "), "{doctor:?}");
    assert!(!doctor.out.contains("damaged"), "{doctor:?}");
}

/// A crash between creating a file and its tables leaves an empty one.
#[test]
fn an_empty_file_is_a_new_one_for_all_who_read_and_write() {
    for (file, _) in BESIDE {
        let cli = Cli::new();
        fill(&cli);
        fs::write(cli.data_dir().join(file), "").unwrap();
        // Nothing was saved to it yet.
        fs::remove_file(cli.data_dir().join(format!("{file}-commits"))).unwrap();
        for command in [
            "get",
            "state list",
            "metrics",
            "doctor --config http.port=0",
        ] {
            let ran = cli.run(command);
            assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{file}, {command}");
        }
        write_to_all(&cli);
        assert!(!cli.data_dir().join("quarantine").exists(), "{file}");
        assert_eq!(
            cli.ok("doctor --config http.port=0").matches('✗').count(),
            0
        );
    }
}

#[test]
fn a_locked_database_is_reported_with_the_program_that_locks_it() {
    for (file, command) in [
        ("flagdeck.db", "get"),
        ("state.db", "state get --source web"),
        ("metrics.db", "metrics"),
    ] {
        assert_reports_lock(file, command);
    }
}

#[track_caller]
fn assert_reports_lock(file: &str, command: &str) {
    let cli = Cli::new();
    fill(&cli);
    let holder = Connection::open(cli.data_dir().join(file)).unwrap();
    holder
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    // Some containers do not tell who has a lock.
    let own = std::process::id().to_string();
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let by = match locks.split_whitespace().any(|word| word == own) {
        true => format!("(process {own}) keeps {}/{file}", cli.data_dir().display()),
        false => "nother program keeps".to_owned(),
    };
    let ran = cli.run(command);
    assert!(ran.code != Some(0) && ran.err.contains(&by), "{ran:?}");
    drop(holder);
    cli.ok(command);
    assert!(!cli.data_dir().join("quarantine").exists());
}

#[test]
fn a_disk_with_room_again_takes_flags_and_events_without_a_restart() {
    on_a_small_disk("damage_told::child_starts_on_a_full_disk");
}

#[test]
#[ignore = "the body of a process that a test starts on a small disk"]
fn child_starts_on_a_full_disk() {
    let folder = folder_of_own_process();
    let app = open(&folder);
    set_percentage(&app, 1000);
    close(app);
    let ballast = folder.join("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    while file.write(&[0; 512]).is_ok() {}
    drop(file);

    let app = open_watching(&folder);
    report_one(&app).unwrap_err();
    put_state(&app, 1).unwrap_err();
    assert!(app.flags().read_only().is_some(), "flags are read");
    let told = |app: &App| {
        let notices = app.notices();
        notices
            .iter()
            .any(|it| it.message.contains("cannot be kept"))
    };
    assert!(told(&app), "{:?}", app.notices());

    fs::remove_file(ballast).unwrap();
    let _ = wait_for(
        "events to be accepted",
        || report_one(&app),
        |accepted| *accepted == Ok(1),
    );
    wait_until("flags to be writable", || app.flags().read_only().is_none());
    set_percentage(&app, 2000);
    put_state(&app, 1).unwrap();
    wait_until("the notice to end", || !told(&app));
    close(app);
}

/// How a read goes wrong: with an error, or without a byte as at the end of a file.
const FAULTS: [&str; 2] = ["error=EIO", "retval=0"];

/// Runs `flagctl` with a fault of the nth read of a file; `None` if it reads it less often, or no
/// fault can be made here.
fn with_failed_read(cli: &Cli, file: &str, fault: &str, nth: u32, arguments: &str) -> Option<Ran> {
    let log = cli.data_dir().join("strace.log");
    let command = cli.command(arguments);
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-e", "trace=pread64", "-P"])
        .arg(cli.data_dir().join(file))
        .args(["-e", &format!("inject=pread64:{fault}:when={nth}"), "-o"])
        .arg(&log)
        .arg(command.get_program())
        .args(command.get_args())
        .env("FLAGDECK_DATA_DIR", cli.data_dir())
        .stdin(Stdio::null());
    let ran = Ran::of(strace.output().ok()?);
    let log = fs::read_to_string(log).unwrap_or_default();
    log.contains("INJECTED").then_some(ran)
}

#[test]
#[expect(clippy::print_stderr, reason = "tells that a test was skipped")]
fn a_read_that_fails_once_sets_nothing_aside() {
    let sound = Cli::new();
    fill(&sound);
    let commands = [
        ("state.db", "state set --source web ml.n 7"),
        ("state.db", "snapshot diff 1 2"),
        ("state.db", "snapshot take --source web"),
        ("flagdeck.db", "master off"),
        ("metrics.db", "metrics"),
    ];
    let failures: usize = thread::scope(|scope| {
        let tried = commands.map(|(file, arguments)| {
            let sound = sound.data_dir();
            scope.spawn(move || each_read_fails(sound, file, arguments))
        });
        tried.map(|tried| tried.join().unwrap()).iter().sum()
    });
    if failures == 0 {
        eprintln!("skipped: strace cannot make a read fail here");
    }
}

/// Lets each read of a file by a command fail once, in each way. Returns how many did.
fn each_read_fails(sound: &Path, file: &str, arguments: &str) -> usize {
    let mut failures = 0;
    for fault in FAULTS {
        for nth in 1.. {
            let cli = Cli::new();
            copy_folder(sound, cli.data_dir());
            let Some(ran) = with_failed_read(&cli, file, fault, nth, arguments) else {
                break;
            };
            failures += 1;
            assert_fails_alone(&cli, file, &ran);
        }
    }
    failures
}

/// A command that met a fault may fail, but takes nothing for damaged, and everything is there.
#[track_caller]
fn assert_fails_alone(cli: &Cli, file: &str, ran: &Ran) {
    assert!(
        ran.code == Some(0) || ran.err.contains("disk") && ran.err.contains(file),
        "{file}: {ran:?}"
    );
    assert!(!ran.err.contains("damaged:"), "{file}: {ran:?}");
    assert!(
        !cli.data_dir().join("quarantine").exists(),
        "{file}: {ran:?}"
    );
    let app = open(cli.data_dir());
    assert!(app.flags().live().revision.0 >= 3);
    assert_eq!(app.snapshot(2).unwrap().source, web().to_string());
    assert!(app.glance().unwrap().is_some());
    close(app);
}

/// A link to itself stands for a disk that cannot say whether a file is there.
#[test]
fn a_file_of_which_the_disk_cannot_tell_is_not_called_missing() {
    for (file, commands) in [
        (
            "state.db",
            &["state list", "snapshot list", "snapshot show 1"][..],
        ),
        ("flagdeck.db", &["get", "history", "demo"][..]),
    ] {
        let cli = Cli::new();
        fill(&cli);
        let path = cli.data_dir().join(file);
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&path, &path).unwrap();
        for command in commands {
            let ran = cli.run(command);
            assert_eq!(ran.code, Some(1), "{command}: {ran:?}");
            assert!(ran.err.contains(file), "{command}: {ran:?}");
            assert!(!ran.err.contains("no application"), "{command}: {ran:?}");
            assert!(!ran.err.contains("holds no data"), "{command}: {ran:?}");
        }
        assert!(path.is_symlink(), "nothing took its place");
    }
}
