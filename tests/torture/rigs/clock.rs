//! A clock that jumps by years, over sleep and restarts: nothing that is younger than its limit by
//! the true time is deleted for its age, whatever the clock said when it was written, and what is
//! older goes in the end. What a clock wrote that was ahead goes once it is known to be of the future.
//!
//! A clock is wrong for less than a day of running time at once, which is how long Flagdeck has to
//! run with a clock until it trusts it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use flagdeck::clock::Clock;
use flagdeck::metrics::event::Format;
use flagdeck::store::{Actor, Via};
use flagdeck::trusted_time::TimeKeeper;
use flagdeck::wire::SnapshotLabel;
use flagdeck::{App, ChangeRequest, Options};
use flagdeck_core::Edit;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::round::Round;

const STEPS: usize = 8;

const SECOND_MS: i64 = 1000;
const HOUR_MS: i64 = 3600 * SECOND_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const YEAR_MS: i64 = 365 * DAY_MS;

/// Snapshots that are taken together: so many that a chain of them ends, which is thinned.
const SNAPSHOTS: u64 = 16;

/// When a round begins: the first moment of 2026.
const BEGIN_MS: i64 = 1_767_225_600_000;

/// How often a program looks at the clock here: as seldom as it may for that to count as running.
const LOOK_MS: i64 = 10 * SECOND_MS;

/// How much too early a deletion may be: readings of the clock are kept for ten minutes together,
/// and the time since they began counts.
const SLACK_MS: i64 = 20 * 60 * SECOND_MS;

/// How far ahead a clock is, at most, that Flagdeck finds to be behind.
const BEHIND_MS: i64 = -7 * DAY_MS;

/// Backups that are kept whatever their age.
const BACKUPS_KEPT: usize = 10;

/// What is deleted for its age, with the SQL that names all that is there.
const KINDS: [Kind; 6] = [
    Kind::of("log", "metrics.db", "SELECT id FROM log", HOUR_MS),
    Kind::of("key", "metrics.db", "SELECT key FROM delivery", HOUR_MS),
    Kind::of(
        "tick",
        "metrics.db",
        "SELECT at_s FROM frame WHERE step_s = 10",
        2 * DAY_MS,
    ),
    Kind::of(
        "minute",
        "metrics.db",
        "SELECT at_s FROM frame WHERE step_s = 60",
        14 * DAY_MS,
    ),
    Kind::of(
        "hour",
        "metrics.db",
        "SELECT at_s FROM frame WHERE step_s = 3600",
        366 * DAY_MS,
    ),
    Kind::of(
        "snapshot",
        "state.db",
        "SELECT id FROM snapshot",
        15 * DAY_MS,
    ),
];

struct Kind {
    name: &'static str,
    database: &'static str,
    sql: &'static str,
    kept_ms: i64,
}

impl Kind {
    const fn of(
        name: &'static str,
        database: &'static str,
        sql: &'static str,
        kept_ms: i64,
    ) -> Self {
        Self {
            name,
            database,
            sql,
            kept_ms,
        }
    }

    /// Names all that is there.
    fn found(&self, data: &Path) -> Vec<String> {
        let path = data.join(self.database);
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let database = database.expect("the database is there");
        let mut statement = database.prepare(self.sql).expect("its tables are these");
        let names = statement.query_map([], |row| {
            let value: rusqlite::types::Value = row.get(0)?;
            Ok(format!("{value:?}"))
        });
        let names = names.expect("it can be read");
        names.map(|name| name.expect("a row")).collect()
    }
}

/// When something was written.
#[derive(Debug, Clone, Copy)]
struct Written {
    /// At the earliest, by the true time.
    at_ms: i64,
    /// Of running time.
    ran_ms: i64,
    /// How far the clock was ahead.
    wrong_by_ms: i64,
}

/// A machine with a data folder, and what is known of that.
struct Machine {
    data: std::path::PathBuf,
    clock: Clock,
    true_ms: i64,
    /// How far the clock is ahead.
    wrong_by_ms: i64,
    ran_ms: i64,
    sessions: usize,
    there: BTreeMap<(&'static str, String), Written>,
    backups: Vec<String>,
}

pub fn round(round: &mut Round) {
    // In memory if possible: a second of the round is hours with a file that is synced each minute.
    let made = tempfile::tempdir_in("/dev/shm").or_else(|_| TempDir::new());
    let made = made.expect("a folder can be made");
    let mut machine = Machine::new(made.path());
    machine.session(round);
    for _ in 0..round.steps(STEPS) {
        match round.rng.u8(0..5) {
            0 => machine.run(round.rng.i64(HOUR_MS..30 * HOUR_MS)),
            1 => machine.sleep(round.rng.i64(HOUR_MS..40 * DAY_MS)),
            2 | 3 => machine.go_wrong(round),
            _ => machine.session(round),
        }
    }
    machine.session(round);
    machine.grow_old(round);
}

impl Machine {
    fn new(folder: &Path) -> Self {
        Self {
            data: folder.join("data"),
            clock: Clock::standing_at(BEGIN_MS),
            true_ms: BEGIN_MS,
            wrong_by_ms: 0,
            ran_ms: 0,
            sessions: 0,
            there: BTreeMap::new(),
            backups: Vec::new(),
        }
    }

    /// Lets time pass without any program that runs.
    fn sleep(&mut self, ms: i64) {
        self.true_ms += ms;
        self.clock.advance(Duration::from_millis(ms.unsigned_abs()));
    }

    /// Lets a program run that only looks at the clock.
    fn run(&mut self, ms: i64) {
        let mut keeper = TimeKeeper::new(&self.data);
        for _ in 0..ms / LOOK_MS {
            self.sleep(LOOK_MS);
            self.ran_ms += LOOK_MS;
            let looked = keeper.look(&self.data, &self.clock);
            looked.expect("the time can be kept");
        }
    }

    /// The clock jumps, programs run by it, and it is put right.
    fn go_wrong(&mut self, round: &mut Round) {
        round.counts.faults += 1;
        let by_ms = match round.rng.bool() {
            true => round.rng.i64(-10 * YEAR_MS..10 * YEAR_MS),
            false => round.rng.i64(-3 * DAY_MS..3 * DAY_MS),
        };
        self.set_wrong_by(by_ms);
        let ran_ms = round.rng.i64(0..22 * HOUR_MS);
        self.run(ran_ms / 2);
        if round.rng.bool() {
            self.session(round);
        }
        if round.rng.bool() {
            self.sleep(round.rng.i64(0..30 * DAY_MS));
        }
        self.run(ran_ms / 2);
        self.set_wrong_by(0);
        self.run(round.rng.i64(HOUR_MS..3 * HOUR_MS));
    }

    fn set_wrong_by(&mut self, ms: i64) {
        self.wrong_by_ms = ms;
        self.clock.set(self.true_ms + ms);
    }

    /// Opens Flagdeck, writes something of each kind, lets it delete what it finds too old, and
    /// looks what is gone.
    fn session(&mut self, round: &mut Round) {
        let written = Written {
            at_ms: self.true_ms,
            ran_ms: self.ran_ms,
            wrong_by_ms: self.wrong_by_ms,
        };
        let app = App::open(Options {
            watch: true,
            clock: self.clock.clone(),
            ..Options::new(&self.data)
        });
        let app = app.expect("it opens");
        self.settle();
        self.write(round, &app);
        for _ in 0..3 {
            self.sleep(LOOK_MS);
            self.ran_ms += LOOK_MS;
            self.settle();
        }
        // Thinning is due after an hour; a backup is before.
        self.sleep(HOUR_MS + SECOND_MS);
        self.settle();
        app.close();
        self.look(round, written);
    }

    fn write(&mut self, round: &mut Round, app: &App) {
        self.sessions += 1;
        let actor = Actor::new(Via::Window, "someone");
        let change = app.flags().change(ChangeRequest {
            edit: Edit::SetMaster {
                on: self.sessions % 2 == 1,
            },
            actor,
            note: None,
            base: None,
        });
        change.expect("flags are saved");
        let source = "web".parse().expect("a name");
        for snapshot in 0..SNAPSHOTS {
            let state = format!("{{\"n\":[{},{snapshot}]}}", self.sessions);
            let put = app.put_state(&source, state.as_bytes(), None, None);
            put.expect("a state is stored");
            let taken = app.take_snapshots(None, &SnapshotLabel::default());
            taken.expect("a snapshot is taken");
        }
        let event = b"{\"type\":\"ml:usage\",\"source\":\"web\"}\n";
        let key = format!("batch-{}", self.sessions);
        let delivery = app.report(event, Format::NdJson, Some(key.as_str().into()));
        let delivery = delivery.expect("an event is accepted");
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let stored = runtime.expect("a runtime").block_on(delivery.stored());
        stored.expect("an event is stored");
        round.counts.acknowledged += 2 + 2 * SNAPSHOTS;
    }

    /// Waits until all that is due was done.
    fn settle(&self) {
        while !self.clock.is_idle() {
            // A real pause, from one look to the next.
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Looks what is there, and whether what is gone was old enough.
    fn look(&mut self, round: &mut Round, written: Written) {
        for kind in &KINDS {
            let mut found = kind.found(&self.data);
            let is_young = written.wrong_by_ms == 0 && kind.kept_ms > HOUR_MS;
            if is_young && self.sessions > 1 && round.plants() {
                // As if it had been deleted right after it was written.
                self.there.insert((kind.name, "planted".into()), written);
            }
            found.sort();
            let is_gone = |(name, key): &(&'static str, String)| {
                *name == kind.name && found.binary_search(key).is_err()
            };
            let gone: Vec<_> = self
                .there
                .keys()
                .filter(|it| is_gone(it))
                .cloned()
                .collect();
            for key in gone {
                let written = self.there.remove(&key).expect("it was there");
                self.check_age(round, kind, &key.1, written);
            }
            for key in found {
                self.there.entry((kind.name, key)).or_insert(written);
            }
        }
        self.look_at_backups(round);
    }

    fn check_age(&self, round: &mut Round, kind: &Kind, key: &str, written: Written) {
        let (age_ms, ran_ms) = (self.true_ms - written.at_ms, self.ran_ms - written.ran_ms);
        let is_old = match written.wrong_by_ms {
            // What is of the future goes when it is known to be.
            1.. => ran_ms >= kind.kept_ms.min(DAY_MS) - SLACK_MS,
            // A clock that is behind by less makes things as much older.
            BEHIND_MS..=-1 => age_ms - written.wrong_by_ms >= kind.kept_ms - SLACK_MS,
            _ => age_ms >= kind.kept_ms - SLACK_MS,
        };
        if !is_old {
            let hours = age_ms / HOUR_MS;
            round.lost(&format!(
                "{} {key} was deleted after {hours} h, {written:?}",
                kind.name
            ));
        }
    }

    /// Of backups as many as ever are kept, the latest ones, whatever the clock says.
    fn look_at_backups(&mut self, round: &mut Round) {
        let entries = fs::read_dir(self.data.join("backups"))
            .into_iter()
            .flatten();
        let names = entries.flatten().map(|it| it.file_name().into_string());
        let found: Vec<String> = names.flatten().filter(|it| it.ends_with(".db")).collect();
        let gone = self.backups.iter().filter(|name| !found.contains(name));
        let gone: Vec<String> = gone.cloned().collect();
        if !gone.is_empty() && found.len() < BACKUPS_KEPT {
            round.lost(&format!("backups {gone:?}, of {}", found.len()));
        }
        self.backups = found;
    }

    /// With a clock that is right for long, all that is old goes. For what was written shortly before
    /// the first sleep, that sleep may not count: as if the clock had been behind.
    fn grow_old(&mut self, round: &mut Round) {
        let began_ms = self.true_ms;
        for _ in 0..2 {
            self.sleep(40 * DAY_MS);
            self.run(26 * HOUR_MS);
        }
        self.session(round);
        for ((kind, key), written) in &self.there {
            let is_bounded = ["log", "key", "tick", "minute"].contains(kind);
            if is_bounded && written.at_ms < began_ms {
                round.silent(&format!("{kind} {key} stays, {written:?}"));
            }
        }
    }
}
