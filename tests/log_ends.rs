//! The end of a database's log: what is lost with it is said, what is before it is kept.

use std::fs;
use std::path::{Path, PathBuf};

use flagdeck::App;
use rusqlite::{Connection, OpenFlags, Row};
use tempfile::TempDir;

use crate::support::apps::{
    clock_of_a_moment_ago, close, open_watching, open_watching_by, set_percentage,
};
use crate::support::cli::Cli;
use crate::support::folders::{copy_folder, put_state, quarantined, report_one};
use crate::support::waiting::wait_until;

/// Bytes of a log's header, and of each frame's before its page (SQLite's file format, section 4.1).
const LOG_HEADER: usize = 32;
const FRAME: usize = 24 + 4096;

/// A database, and one write to it.
struct Kind {
    name: &'static str,
    write: fn(&App, u32),
    /// A command that reads it.
    read: &'static str,
    /// Counts the writes that can be read.
    writes: &'static str,
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "flagdeck",
        write: |app, n| {
            set_percentage(app, 1000 * n);
        },
        read: "history",
        writes: "SELECT max(number) FROM revision",
    },
    Kind {
        name: "state",
        write: |app, n| put_state(app, n).unwrap(),
        read: "state list",
        writes: "SELECT max(seq) FROM source",
    },
    Kind {
        name: "metrics",
        write: |app, _| {
            report_one(app).unwrap();
        },
        read: "metrics",
        writes: "SELECT seq FROM sqlite_sequence WHERE name = 'log'",
    },
];

/// What the writes leave that were made since the log was emptied.
const WRITES: u32 = 6;

/// What happens to a log.
type Accident = fn(&Path);

impl Kind {
    fn file(&self, folder: &Path, suffix: &str) -> PathBuf {
        folder.join(format!("{}.db{suffix}", self.name))
    }

    /// Makes a folder as a program leaves it that was killed: with a log of several writes, which
    /// are in the database as well if it was `checkpointed`.
    fn killed(&self, checkpointed: bool) -> TempDir {
        // Nothing is written but what the test writes.
        let clock = clock_of_a_moment_ago();
        let running = tempfile::tempdir().unwrap();
        let app = open_watching_by(running.path(), &clock);
        (1..=3).for_each(|n| (self.write)(&app, n));
        close(app);
        let app = open_watching_by(running.path(), &clock);
        (4..4 + WRITES).for_each(|n| (self.write)(&app, n));
        if checkpointed {
            let database = Connection::open(self.file(running.path(), "")).unwrap();
            let passive = "PRAGMA wal_checkpoint(PASSIVE)";
            wait_until("all of the log to be in the database", || {
                let row = |row: &Row<'_>| Ok((row.get::<_, u32>(1)?, row.get::<_, u32>(2)?));
                let (frames, copied) = database.query_row(passive, [], row).unwrap();
                frames == copied
            });
            // Closing it would leave this process's locks to nobody.
            std::mem::forget(database);
        }
        let killed = tempfile::tempdir().unwrap();
        copy_folder(running.path(), killed.path());
        fs::remove_file(self.file(killed.path(), "-shm")).unwrap();
        close(app);
        killed
    }

    fn writes(&self, folder: &Path) -> u32 {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database = Connection::open_with_flags(self.file(folder, ""), flags).unwrap();
        let writes: Option<u32> = database
            .query_row(self.writes, [], |row| row.get(0))
            .unwrap();
        writes.unwrap_or_default()
    }

    /// Damages the log of a copy of `killed`; returns what is said of it, and how many writes are
    /// left. One more goes on from them.
    fn after(&self, killed: &TempDir, damage: impl FnOnce(&Path)) -> (Cli, Vec<String>, u32) {
        let cli = Cli::new();
        copy_folder(killed.path(), cli.data_dir());
        damage(&self.file(cli.data_dir(), "-wal"));
        let reading = cli.run(self.read);
        // As a program does that writes.
        let app = open_watching(cli.data_dir());
        (self.write)(&app, 99);
        let notices = app.notices().into_iter().map(|it| it.message);
        let said = [reading.err, reading.out]
            .into_iter()
            .chain(notices)
            .collect();
        close(app);
        let left = self.writes(cli.data_dir()) - 1;
        (cli, said, left)
    }
}

fn frames(log: &Path) -> usize {
    (fs::read(log).unwrap().len() - LOG_HEADER) / FRAME
}

fn flip(log: &Path, at: usize) {
    let mut bytes = fs::read(log).unwrap();
    bytes[at] ^= 4;
    fs::write(log, bytes).unwrap();
}

fn is_told(said: &[String], words: &str) -> bool {
    said.iter().any(|said| said.contains(words))
}

const LACKS: &str = "it lacks the last";

#[test]
fn a_bit_that_flips_in_a_log_is_told_and_what_is_before_it_is_kept() {
    for kind in &KINDS {
        let name = kind.name;
        let killed = kind.killed(false);
        let frames = frames(&kind.file(killed.path(), "-wal"));
        assert!(frames >= WRITES as usize, "{frames}");
        let mut left = Vec::new();
        // In the header, in the first frames, in the middle and in the last one.
        for frame in [None, Some(0), Some(1), Some(frames / 2), Some(frames - 1)] {
            let at = frame.map_or(9, |frame| LOG_HEADER + frame * FRAME + 24 + 100);
            let (cli, said, writes) = kind.after(&killed, |log| flip(log, at));
            assert!(is_told(&said, LACKS), "{name} {frame:?}: {said:?}");
            assert!(!quarantined(cli.data_dir()).is_empty(), "the log is kept");
            left.push(writes);
        }
        assert!(left.is_sorted() && left[0] >= 3, "{name}: {left:?}");
        assert!(
            left[4] > left[0] && left[4] <= 3 + WRITES,
            "{name}: {left:?}"
        );
    }
}

#[test]
fn a_log_that_is_cut_or_gone_is_told() {
    for kind in &KINDS {
        let killed = kind.killed(false);
        let damages: [(&str, Accident); 3] = [
            ("gone", |log| fs::remove_file(log).unwrap()),
            ("empty", |log| fs::write(log, "").unwrap()),
            ("cut", |log| {
                let bytes = fs::read(log).unwrap();
                fs::write(log, &bytes[..bytes.len() - FRAME]).unwrap();
            }),
        ];
        for (damage, accident) in damages {
            let (_cli, said, _) = kind.after(&killed, accident);
            assert!(is_told(&said, LACKS), "{} {damage}: {said:?}", kind.name);
        }
    }
}

#[test]
fn nothing_is_lost_with_a_log_whose_writes_are_in_the_database() {
    for kind in &KINDS {
        let killed = kind.killed(true);
        // Of the log something is left, which is older than the database.
        let last = frames(&kind.file(killed.path(), "-wal")) - 1;
        let at = LOG_HEADER + last * FRAME + 200;
        let (cli, said, left) = kind.after(&killed, |log| flip(log, at));
        assert!(is_told(&said, LACKS), "{}: {said:?}", kind.name);
        let nothing = is_told(&said, "Nothing that was saved is lost");
        assert!(nothing, "{}: {said:?}", kind.name);
        assert_eq!(left, 3 + WRITES, "{}", kind.name);
        let told = cli.json("quarantine list");
        assert_eq!(told[0]["label"]["kept"], "all", "{told}");
    }
}

#[test]
fn the_log_of_another_folder_is_not_taken_for_its_own() {
    for kind in &KINDS {
        let (mine, other) = (kind.killed(true), kind.killed(true));
        let log = kind.file(other.path(), "-wal");
        let (_cli, said, left) = kind.after(&mine, |own| {
            fs::copy(log, own).unwrap();
        });
        let is_told = is_told(&said, "its log belongs to another database");
        assert!(is_told, "{}: {said:?}", kind.name);
        assert_eq!(left, 3 + WRITES, "{}", kind.name);
    }
}

#[test]
fn a_killed_program_and_a_sound_log_make_nothing_up() {
    for kind in &KINDS {
        for checkpointed in [false, true] {
            let killed = kind.killed(checkpointed);
            let (cli, said, left) = kind.after(&killed, |_| {});
            assert!(!is_told(&said, "lacks"), "{}: {said:?}", kind.name);
            assert_eq!(left, 3 + WRITES, "{}", kind.name);
            assert!(quarantined(cli.data_dir()).is_empty());
        }
    }
}

#[test]
fn another_database_may_be_put_in_place_by_hand() {
    for kind in &KINDS {
        let (mine, other) = (kind.killed(true), tempfile::tempdir().unwrap());
        let app = open_watching(other.path());
        (1..=2).for_each(|n| (kind.write)(&app, n));
        close(app);
        let cli = Cli::new();
        copy_folder(mine.path(), cli.data_dir());
        fs::remove_file(kind.file(cli.data_dir(), "-wal")).unwrap();
        fs::copy(kind.file(other.path(), ""), kind.file(cli.data_dir(), "")).unwrap();
        let ran = cli.run(kind.read);
        assert_eq!(ran.code, Some(0), "{}: {ran:?}", kind.name);
        assert!(quarantined(cli.data_dir()).is_empty());
    }
}

#[test]
fn a_program_that_is_killed_over_it_leaves_what_the_next_one_finishes() {
    for kind in &KINDS {
        let killed = kind.killed(true);
        // The copy is complete; of the damaged files these are moved.
        for moved in [&["-wal"][..], &["-wal", ""]] {
            let cli = Cli::new();
            copy_folder(killed.path(), cli.data_dir());
            let whole = cli.data_dir().join(format!(".{}-whole.db", kind.name));
            fs::copy(kind.file(cli.data_dir(), ""), whole).unwrap();
            let unfinished = cli.data_dir().join(match kind.name {
                "flagdeck" => "quarantine/.unfinished".into(),
                name => format!("quarantine/.unfinished-{name}"),
            });
            fs::create_dir_all(&unfinished).unwrap();
            for suffix in moved {
                let file = kind.file(cli.data_dir(), suffix);
                fs::rename(&file, unfinished.join(file.file_name().unwrap())).unwrap();
            }
            let app = open_watching(cli.data_dir());
            (kind.write)(&app, 99);
            close(app);
            let left = kind.writes(cli.data_dir());
            assert_eq!(left, 4 + WRITES, "{}: {moved:?}", kind.name);
        }
    }
}

#[test]
fn a_database_that_lost_everything_is_told() {
    for kind in &KINDS {
        let (mine, cli) = (kind.killed(true), Cli::new());
        copy_folder(mine.path(), cli.data_dir());
        fs::remove_file(kind.file(cli.data_dir(), "-wal")).unwrap();
        fs::write(kind.file(cli.data_dir(), ""), "").unwrap();
        let app = open_watching(cli.data_dir());
        (kind.write)(&app, 99);
        let told: Vec<String> = app.notices().into_iter().map(|it| it.message).collect();
        close(app);
        assert!(is_told(&told, "empty"), "{}: {told:?}", kind.name);
    }
}
