//! What is damaged, what only looks so, and who is told: on all three databases.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use flagdeck::App;
use flagdeck::metrics::IntakeError;
use flagdeck::metrics::store::MetricsStore;
use flagdeck::state::StateError;
use flagdeck::store::StoreError;
use flagdeck::store::sqlite::quarantine::{self, Database, Label};
use rusqlite::Connection;
use serde_json::json;

use crate::cli_state::{ml, report};
use crate::support::apps::{
    clock_of_a_moment_ago, close, open, open_watching, open_watching_by, turn_master,
};
use crate::support::cli::{Cli, Ran};
use crate::support::disks::{folder_of_own_process, on_a_small_disk};
use crate::support::folders::{copy_folder, put_state, quarantined, report_one};
use crate::support::waiting::{wait_for, wait_until};

/// A closed folder with a revision, its backup, a state with snapshots and measurements.
fn full() -> Cli {
    let cli = Cli::new();
    cli.ok("master on");
    cli.ok("backup make");
    for confidence in [0.5, 0.6] {
        report(&cli, "kc-web", &ml(confidence, &[1, 2, 3]));
        cli.ok("snapshot take");
    }
    let app = open_watching(cli.data_dir());
    report_one(&app).unwrap();
    app.close();
    cli
}

/// Lists the tables and indexes of a database with their first pages; the first page of the file is
/// the list itself.
fn first_pages(file: &Path) -> Vec<(String, u32)> {
    let connection = Connection::open(file).unwrap();
    let sql = "SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 1";
    let mut statement = connection.prepare(sql).unwrap();
    let pages = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    pages.unwrap().map(Result::unwrap).collect()
}

#[test]
fn damage_to_the_first_page_of_any_table_or_index_is_found_by_opening() {
    const PAGE_BYTES: usize = 4096;
    let cli = full();
    for file in ["state.db", "metrics.db"] {
        let sound = fs::read(cli.data_dir().join(file)).unwrap();
        let pages = first_pages(&cli.data_dir().join(file));
        assert!(pages.len() > 5, "{pages:?}");
        for (name, page) in pages {
            let folder = tempfile::tempdir().unwrap();
            let mut bytes = sound.clone();
            bytes[(page as usize - 1) * PAGE_BYTES..][..PAGE_BYTES].fill(0xa5);
            fs::write(folder.path().join(file), bytes).unwrap();
            match file {
                "state.db" => put_state(&open(folder.path()), 1).unwrap(),
                _ => drop(MetricsStore::open(folder.path(), 1, 0).unwrap()),
            }
            let mut set_aside = quarantined(folder.path());
            set_aside.retain(|name| name.ends_with(".db"));
            assert_eq!(set_aside.len(), 1, "{file}, {name}: {set_aside:?}");
        }
    }
}

/// Runs `flagctl` with one system call in it that fails; `None` if this machine does not let one
/// program trace another.
fn run_with_fault(cli: &Cli, fault: &str, arguments: &str) -> Option<Ran> {
    let inner = cli.command(arguments);
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=pread64", "-e"])
        .arg(format!("inject=pread64:{fault}"))
        .arg(inner.get_program())
        .args(inner.get_args())
        .env("FLAGDECK_DATA_DIR", cli.data_dir());
    let ran = Ran::of(command.output().ok()?);
    (!ran.err.contains("ptrace")).then_some(ran)
}

/// Reads of the loader of programs come first, and are of no interest.
const READS_OF_LOADER: usize = 2;

#[test]
#[expect(clippy::print_stderr, reason = "tells that a test was skipped")]
fn a_disk_that_keeps_failing_is_an_error_that_names_the_file() {
    let cli = full();
    for (arguments, file) in [("master off", "flagdeck.db"), ("metrics", "metrics.db")] {
        let mut is_named = false;
        for nth in (1..=35).step_by(3) {
            let fault = format!("error=EIO:when={}+", nth + READS_OF_LOADER);
            let Some(ran) = run_with_fault(&cli, &fault, arguments) else {
                eprintln!("skipped: strace is missing, or may not trace");
                return;
            };
            assert!(!ran.err.contains("damaged:"), "{fault}: {ran:?}");
            is_named |= ran.code == Some(1) && ran.err.contains(file);
        }
        assert!(is_named, "{file} is named");
        assert!(quarantined(cli.data_dir()).is_empty());
    }
}

/// Damages a database so that none can open it.
fn destroy(cli: &Cli, name: &str) {
    fs::write(cli.data_dir().join(name), b"garbage".repeat(1000)).unwrap();
}

#[test]
fn what_was_set_aside_is_told_by_every_command_until_it_was_looked_at() {
    let cli = full();
    destroy(&cli, "state.db");
    let found = cli.run("state set ml.n 1 --source kc-web");
    assert!(
        found.err.contains("(state.db: the file is not"),
        "{found:?}"
    );
    for arguments in ["get", "state list", "metrics"] {
        let ran = cli.run(arguments);
        assert_eq!(ran.err.matches("state.db: ").count(), 1, "{ran:?}");
    }
    let doctor = cli.run("doctor");
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert!(
        doctor.out.contains("state.db: the file is not"),
        "{doctor:?}"
    );

    let [entry] = &quarantine::unseen(cli.data_dir())[..] else {
        panic!("one was set aside");
    };
    let label = Label {
        seen: true,
        ..entry.label.clone()
    };
    quarantine::write_label(&entry.path, &label).unwrap();
    assert_eq!(cli.run("get").err, "");
    cli.ok("doctor");
}

#[test]
fn each_database_leaves_the_reason_beside_what_was_set_aside() {
    for (name, database) in [
        ("flagdeck.db", Database::Flags),
        ("metrics.db", Database::Metrics),
        ("state.db", Database::States),
    ] {
        let cli = full();
        destroy(&cli, name);
        let app = open_watching(cli.data_dir());
        put_state(&app, 1).unwrap();
        app.close();
        let [entry] = &quarantine::unseen(cli.data_dir())[..] else {
            panic!("{name} was set aside");
        };
        assert_eq!(entry.label.database, database);
        assert!(entry.label.what.contains(name), "{entry:?}");
        assert!(entry.label.at_ms > 0 && entry.path.exists(), "{entry:?}");
    }
}

#[test]
fn what_another_program_set_aside_is_told_while_running() {
    let cli = full();
    let app = open_watching(cli.data_dir());
    let before = app.notices();
    let mut events = app.subscribe();
    let entry = cli.data_dir().join("quarantine/state-7.db");
    fs::create_dir(entry.parent().unwrap()).unwrap();
    fs::write(&entry, "").unwrap();
    let label = Label {
        database: Database::States,
        what: "state.db: the database is malformed".into(),
        at_ms: 7,
        seen: false,
        kept: None,
    };
    quarantine::write_label(&entry, &label).unwrap();
    assert_eq!(app.notices().len(), before.len() + 1);
    wait_until("the notice to be announced", || {
        matches!(events.try_recv(), Ok(flagdeck::Event::Status))
    });
    app.close();
}

/// Makes what a program leaves that was killed between creating a file and its tables.
type Begun = fn(&Path);

#[test]
fn a_file_without_tables_is_a_new_one() {
    let begun: [Begun; 3] = [
        |file| fs::write(file, "").unwrap(),
        |file| {
            // Turned to a log, and nothing else: its one page is in the file.
            let connection = Connection::open(file).unwrap();
            connection
                .pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
                .unwrap();
        },
        |file| {
            fs::write(file, "").unwrap();
            fs::write(file.with_extension("db-wal"), "").unwrap();
        },
    ];
    for begin in begun {
        let cli = Cli::new();
        cli.ok("master on");
        for name in ["metrics.db", "state.db"] {
            begin(&cli.data_dir().join(name));
        }
        assert_eq!(cli.run("state list").code, Some(0));
        assert_eq!(cli.run("metrics").code, Some(0));
        cli.ok("doctor");
        cli.ok("state set ml.n 1 --source kc-web");
        let app = open_watching(cli.data_dir());
        report_one(&app).unwrap();
        assert!(app.notices().is_empty(), "{:?}", app.notices());
        app.close();
        assert!(quarantined(cli.data_dir()).is_empty());
    }
}

#[test]
fn a_log_whose_database_is_gone_is_kept_and_told() {
    let cli = full();
    let crashed = Cli::new();
    let app = open_watching(cli.data_dir());
    put_state(&app, 1).unwrap();
    copy_folder(cli.data_dir(), crashed.data_dir());
    app.close();
    fs::write(crashed.data_dir().join("state.db"), "").unwrap();
    let ran = crashed.run("state set ml.n 1 --source other");
    assert!(ran.err.contains("its log is not"), "{ran:?}");
    assert!(
        quarantined(crashed.data_dir())
            .iter()
            .any(|name| name.ends_with(".db-wal"))
    );
}

/// A link to itself: it is there, and the system cannot say what it is.
#[test]
fn a_database_that_cannot_be_looked_at_is_no_empty_one() {
    for (name, commands) in [
        ("flagdeck.db", ["history", "export"]),
        ("state.db", ["snapshot list", "state list"]),
        ("metrics.db", ["metrics", "metrics --json"]),
    ] {
        let cli = full();
        let database = cli.data_dir().join(name);
        fs::remove_file(&database).unwrap();
        std::os::unix::fs::symlink(&database, &database).unwrap();
        for command in commands {
            let ran = cli.run(command);
            assert_eq!(ran.code, Some(1), "{command}: {ran:?}");
            assert!(ran.err.contains(name), "{command}: {ran:?}");
        }
        assert!(quarantined(cli.data_dir()).is_empty());
    }
}

#[test]
fn what_a_full_disk_kept_off_is_opened_as_soon_as_there_is_room() {
    on_a_small_disk("store_certain::child_starts_on_a_filled_disk");
}

#[test]
#[ignore = "the body of a process that a test starts on a small disk"]
fn child_starts_on_a_filled_disk() {
    let folder = folder_of_own_process();
    drop(App::open(flagdeck::Options::new(&folder)).unwrap());
    let ballast = folder.join("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    while file.write(&[0; 512]).is_ok() {}
    drop(file);

    let app = open_watching(&folder);
    let told = app.notices();
    assert!(
        told.iter()
            .any(|it| it.message.contains("the disk is full")),
        "{told:?}"
    );
    let refused = app
        .report(b"[]", flagdeck::metrics::event::Format::Json, None)
        .unwrap();
    let refused = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(refused.stored());
    assert!(matches!(refused, Err(IntakeError::DiskFull)), "{refused:?}");
    let state = json!({"n": 1}).to_string();
    let refused = app.put_state(&"web".parse().unwrap(), state.as_bytes(), None, None);
    assert!(
        matches!(refused, Err(StateError::Store(StoreError::DiskFull))),
        "{refused:?}"
    );
    assert!(app.flags().read_only().is_some());

    fs::remove_file(ballast).unwrap();
    wait_for(
        "everything to be opened again",
        || (app.flags().read_only(), app.notices()),
        |(read_only, notices)| read_only.is_none() && notices.is_empty(),
    );
    report_one(&app).unwrap();
    turn_master(&app, true);
    app.put_state(&"web".parse().unwrap(), state.as_bytes(), None, None)
        .unwrap();
    app.close();
}

#[test]
fn what_is_read_on_a_full_disk_is_not_lost_when_another_program_writes_first() {
    on_a_small_disk("store_certain::child_reads_while_another_program_writes");
}

#[test]
#[ignore = "the body of a process that a test starts on a small disk"]
fn child_reads_while_another_program_writes() {
    let folder = folder_of_own_process();
    let app = open(&folder);
    turn_master(&app, true);
    close(app);
    let ballast = folder.join("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    while file.write(&[0; 512]).is_ok() {}
    drop(file);
    let clock = clock_of_a_moment_ago();
    let app = open_watching_by(&folder, &clock);
    assert!(app.flags().read_only().is_some());

    fs::remove_file(ballast).unwrap();
    // The last program that writes empties the log into the database, and removes it.
    for value in ["off", "on", "off"] {
        let mut other = Command::new(env!("CARGO_BIN_EXE_flagctl"));
        other.arg("--data-dir").arg(&folder).args(["master", value]);
        assert!(other.status().unwrap().success());
    }
    assert!(app.gone().is_none(), "{:?}", app.gone());
    clock.advance(Duration::from_secs(1));
    wait_until("flags to be writable", || app.flags().read_only().is_none());
    turn_master(&app, true);
    app.close();
}

#[test]
fn a_lock_that_another_program_keeps_is_an_answer_that_names_it() {
    let cli = full();
    let is_known = fs::read_to_string("/proc/locks").is_ok_and(|locks| !locks.is_empty());
    for name in ["flagdeck.lock", "state.users"] {
        let lock = fs::File::create(cli.data_dir().join(name)).unwrap();
        lock.lock().unwrap();
        let ran = cli.run("state set ml.n 1 --source kc-web");
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains("locked"), "{ran:?}");
        if is_known {
            let process = format!("(process {})", std::process::id());
            assert!(ran.err.contains(&process), "{ran:?}");
        }
    }
    cli.ok("state set ml.n 1 --source kc-web");
}

#[test]
fn doctor_reads_everything_and_names_the_file() {
    let sound = full();
    let said = sound.ok("doctor");
    for file in [
        "flagdeck.db",
        "backups/r0000000001",
        "metrics.db",
        "state.db",
    ] {
        let line = said.lines().find(|line| line.contains(file));
        assert!(
            line.is_some_and(|line| line.contains("sound")),
            "{file}: {said}"
        );
    }
    for (file, sql) in [
        ("metrics.db", "INSERT INTO frame VALUES (10, 0, x'ff')"),
        (
            "metrics.db",
            "UPDATE checkpoint SET totals = zeroblob(length(totals))",
        ),
        (
            "state.db",
            "UPDATE snapshot SET coding = zeroblob(length(coding))",
        ),
    ] {
        let cli = Cli::new();
        copy_folder(sound.data_dir(), cli.data_dir());
        let connection = Connection::open(cli.data_dir().join(file)).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        assert_found(&cli, file);
    }
    let cli = Cli::new();
    copy_folder(sound.data_dir(), cli.data_dir());
    let backup = fs::read_dir(cli.data_dir().join("backups")).unwrap();
    let mut backups = backup.map(|it| it.unwrap().path());
    let backup = backups.find(|path| path.extension().is_some()).unwrap();
    let bytes = fs::read(&backup).unwrap();
    fs::write(&backup, &bytes[..bytes.len() / 2]).unwrap();
    assert_found(&cli, "backups/r0000000001");
}

#[track_caller]
fn assert_found(cli: &Cli, file: &str) {
    let doctor = cli.run("doctor");
    assert_eq!(doctor.code, Some(1), "{file}: {doctor:?}");
    let is_of_file = |line: &&str| line.starts_with('✗') && line.contains(file);
    assert!(
        doctor.out.lines().any(|line| is_of_file(&line)),
        "{file}: {doctor:?}"
    );
}
