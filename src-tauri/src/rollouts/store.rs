//! The store of rollouts: `rollouts.db` in the data folder.
//!
//! Small rows, mostly JSON: attempts with their blocks, ramps, decisions, the timeline, plans and
//! rules. Does not read the clock, and knows no flags.

use std::path::Path;

use flagdeck_core::guard::Block;
use flagdeck_core::guard::interval::Interval;
use flagdeck_core::ramp::{Plan, Ramp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::counting::{Totals, pack, unpack};
use super::limits::{ENTRIES_MAX, REPLAYABLE_MAX};
use super::shapes::{
    ArmCounts, Decision, GuardRules, GuardTest, OwnGuardRules, TestStatus, TimelineEntry,
};
use crate::store::sqlite::place::Placed;
use crate::store::sqlite::quarantine::Database;
use crate::store::sqlite::side::{Opened, SharedLock, SideDatabase};
use crate::store::sqlite::{certainty, commits, connection};
use crate::store::{Actor, StoreError};

/// `rollouts.db`, marked with "FLDO" in ASCII.
pub(super) const ROLLOUTS: SideDatabase = SideDatabase {
    database: Database::Rollouts,
    mark: 0x464c_444f,
    format: 1,
    tables: &[TABLES, commits::TABLE],
    upgrades: &[],
    progress: "SELECT name, seq FROM sqlite_sequence",
};

// A target is the path of a component, and '' for the default rollout.
const TABLES: &str = "
CREATE TABLE attempt (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    target   TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    began_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    info     TEXT    NOT NULL
) STRICT;
CREATE INDEX attempt_open ON attempt (target) WHERE ended_ms IS NULL;
CREATE INDEX attempt_number ON attempt (target, number);

CREATE TABLE block (
    attempt INTEGER NOT NULL REFERENCES attempt (id),
    seq     INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    packed  BLOB    NOT NULL,
    PRIMARY KEY (attempt, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE ramp (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    target  TEXT    NOT NULL,
    is_open INTEGER NOT NULL,
    info    TEXT    NOT NULL
) STRICT;
CREATE INDEX ramp_target ON ramp (target, id);

CREATE TABLE decision (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    target  TEXT    NOT NULL,
    attempt INTEGER NOT NULL REFERENCES attempt (id),
    is_open INTEGER NOT NULL,
    info    TEXT    NOT NULL
) STRICT;
CREATE INDEX decision_target ON decision (target, id);

CREATE TABLE entry (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT    NOT NULL,
    info   TEXT    NOT NULL
) STRICT;
CREATE INDEX entry_target ON entry (target, id);

CREATE TABLE plan (
    name TEXT PRIMARY KEY,
    info TEXT NOT NULL
) STRICT;

CREATE TABLE rules (
    target TEXT PRIMARY KEY,
    info   TEXT NOT NULL
) STRICT;

-- When somebody watched last, in milliseconds since 1970.
CREATE TABLE watched (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    at_ms    INTEGER NOT NULL
) STRICT;
";

/// An attempt that goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Its key.
    pub id: i64,
    /// The component; `None` for the default rollout.
    pub component: Option<String>,
    /// 1 for the first at this rollout.
    pub number: u32,
    /// When it began, in milliseconds since 1970.
    pub began_ms: i64,
    /// The rest of what is known.
    pub info: AttemptInfo,
}

/// What is kept of an attempt besides its blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptInfo {
    /// What it is held to: fixed for all of it.
    pub rules: GuardRules,
    /// Memory before it, in bytes, if that is known.
    pub baseline_bytes: Option<u64>,
    /// The totals when the last block ended.
    pub totals: Totals,
    /// When that was, in milliseconds since 1970.
    pub block_ms: i64,
    /// The share of users who should have it on, if that is a share of everyone; 0 to 1.
    pub share: Option<f64>,
    /// Since when, in milliseconds since 1970.
    pub share_ms: i64,
    /// Whether it was widened since memory was last within its limit.
    pub is_widened: bool,
    /// What asks to stay, if anything does.
    pub held: Option<GuardTest>,
    /// What was seen, for programs that do not watch.
    pub seen: Seen,
}

/// What was seen of an attempt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// When the last calculation was reported, in milliseconds since 1970.
    pub at_ms: Option<i64>,
    /// What was judged of users with it on.
    pub exposed: ArmCounts,
    /// The same of the others.
    pub control: ArmCounts,
    /// The difference of the shares of failed calculations.
    pub difference: Option<Interval>,
    /// The evidence of each test.
    pub tests: Vec<TestStatus>,
    /// Blocks that were judged.
    pub blocks: u32,
    /// Calculations that were not judged yet.
    pub waiting: u64,
}

/// A ramp as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptRamp {
    /// Its number; 0 before it is stored.
    #[serde(skip)]
    pub id: u64,
    /// The component; `None` for the default rollout.
    pub component: Option<String>,
    /// The name of its plan.
    pub plan_name: Option<String>,
    /// Where it is.
    pub ramp: Ramp,
    /// Who started it.
    pub by: Actor,
    /// When, in milliseconds since 1970.
    pub started_ms: i64,
    /// The revision in force when it was started: what the rollout was before.
    pub before: u64,
    /// When the present step was made, in milliseconds since 1970.
    pub stepped_ms: Option<i64>,
    /// A step that is being made. It is stored before the flags are changed, so that a program that
    /// is killed in between leaves no doubt.
    pub making: Option<Making>,
    /// Who wishes that the next step is made, whatever is missing for it.
    pub skipped_by: Option<Actor>,
}

/// A step that is being made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Making {
    /// The revision in force before.
    pub base: u64,
}

/// A connection to `rollouts.db` that writes.
pub struct RolloutStore {
    connection: Placed,
    /// Nothing moves the database away while it is held.
    _share: SharedLock,
}

impl RolloutStore {
    /// Opens the store of an existing data folder, and creates it if it is missing. A damaged one
    /// is moved to quarantine if no other program has it open.
    pub fn open(data_dir: &Path, now_ms: i64) -> Result<Self, StoreError> {
        let Opened {
            connection, share, ..
        } = ROLLOUTS.open(data_dir, now_ms, plans)?;
        Ok(Self {
            connection,
            _share: share,
        })
    }

    /// Writes in one transaction, which ends durably or changes nothing.
    pub fn within<T, E: From<StoreError>>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.connection.begin()?;
        let done = write(&transaction)?;
        match transaction.commit() {
            Ok(()) => Ok(done),
            Err(error) => Err(ROLLOUTS.judge(&self.connection, error).into()),
        }
    }
}

/// Returns how a target is written.
fn target(component: Option<&str>) -> &str {
    component.unwrap_or_default()
}

fn component(target: String) -> Option<String> {
    (!target.is_empty()).then_some(target)
}

fn write(info: &impl Serialize) -> String {
    serde_json::to_string(info).expect("what is kept is plain data")
}

fn read<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, StoreError> {
    let damaged = |_| StoreError::damaged(format!("{what} cannot be read"));
    serde_json::from_str(text).map_err(damaged)
}

/// Reads a number and a text.
fn numbered(row: &Row<'_>) -> rusqlite::Result<(u64, String)> {
    let id: i64 = row.get(0)?;
    Ok((id.unsigned_abs(), row.get(1)?))
}

// Attempts and blocks.

/// Lists the attempts that go on, earliest first.
pub fn open_attempts(connection: &Connection) -> Result<Vec<Attempt>, StoreError> {
    let sql = "SELECT id, target, number, began_ms, info FROM attempt
               WHERE ended_ms IS NULL ORDER BY id";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let columns: (i64, String, u32, i64, String) = (
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
        );
        Ok(columns)
    })?;
    rows.map(|row| {
        let (id, target, number, began_ms, info) = row?;
        Ok(Attempt {
            id,
            component: component(target),
            number,
            began_ms,
            info: read(&info, "an attempt")?,
        })
    })
    .collect()
}

/// Begins an attempt, the next one at this rollout.
pub fn begin_attempt(
    transaction: &Transaction<'_>,
    component: Option<&str>,
    began_ms: i64,
    info: AttemptInfo,
) -> Result<Attempt, StoreError> {
    let number: u32 = transaction.query_row(
        "SELECT coalesce(max(number), 0) + 1 FROM attempt WHERE target = ?1",
        [target(component)],
        |row| row.get(0),
    )?;
    transaction.execute(
        "INSERT INTO attempt (target, number, began_ms, info) VALUES (?1, ?2, ?3, ?4)",
        params![target(component), number, began_ms, write(&info)],
    )?;
    Ok(Attempt {
        id: transaction.last_insert_rowid(),
        component: component.map(str::to_owned),
        number,
        began_ms,
        info,
    })
}

/// Keeps what is known of an attempt, and a block of it if there is a new one.
pub fn keep_attempt(
    transaction: &Transaction<'_>,
    attempt: &Attempt,
    block: Option<(u32, i64, &Block)>,
) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE attempt SET info = ?2 WHERE id = ?1",
        params![attempt.id, write(&attempt.info)],
    )?;
    if let Some((seq, at_ms, block)) = block {
        transaction.execute(
            "INSERT INTO block (attempt, seq, at_ms, packed) VALUES (?1, ?2, ?3, ?4)",
            params![attempt.id, seq, at_ms, pack(block)],
        )?;
    }
    Ok(())
}

/// Ends an attempt. Its blocks are kept if a decision is of them.
pub fn end_attempt(transaction: &Transaction<'_>, id: i64, at_ms: i64) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE attempt SET ended_ms = ?2 WHERE id = ?1",
        [id, at_ms],
    )?;
    transaction.execute(
        "DELETE FROM block WHERE attempt = ?1
         AND NOT EXISTS (SELECT 1 FROM decision WHERE decision.attempt = ?1)",
        [id],
    )?;
    Ok(())
}

/// Reads the blocks of an attempt, earliest first, with when they ended; `None` if one is missing.
pub fn blocks(
    connection: &Connection,
    attempt: i64,
    up_to: u32,
) -> Result<Option<Vec<(i64, Block)>>, StoreError> {
    let sql = "SELECT seq, at_ms, packed FROM block WHERE attempt = ?1 AND seq <= ?2 ORDER BY seq";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(params![attempt, up_to])?;
    let mut blocks = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, at_ms): (u32, i64) = (row.get(0)?, row.get(1)?);
        let packed = row.get_ref(2)?.as_blob().unwrap_or_default();
        let block = unpack(packed).ok_or_else(|| StoreError::damaged("a block cannot be read"))?;
        if seq as usize != blocks.len() + 1 {
            return Ok(None);
        }
        blocks.push((at_ms, block));
    }
    Ok(Some(blocks))
}

// Ramps.

/// Lists the ramps that go on, earliest first.
pub fn open_ramps(connection: &Connection) -> Result<Vec<KeptRamp>, StoreError> {
    ramps(connection, "WHERE is_open ORDER BY id")
}

/// Lists the last ramp of each rollout.
pub fn last_ramps(connection: &Connection) -> Result<Vec<KeptRamp>, StoreError> {
    ramps(
        connection,
        "WHERE id IN (SELECT max(id) FROM ramp GROUP BY target) ORDER BY id",
    )
}

fn ramps(connection: &Connection, which: &str) -> Result<Vec<KeptRamp>, StoreError> {
    let mut statement = connection.prepare(&format!("SELECT id, info FROM ramp {which}"))?;
    let rows = statement.query_map([], numbered)?;
    rows.map(|row| {
        let (id, info) = row?;
        let ramp = read(&info, "a ramp")?;
        Ok(KeptRamp { id, ..ramp })
    })
    .collect()
}

/// Returns the ramp of a rollout that goes on, if one does.
pub fn open_ramp(
    connection: &Connection,
    component: Option<&str>,
) -> Result<Option<KeptRamp>, StoreError> {
    let sql = "SELECT id, info FROM ramp WHERE is_open AND target = ?1";
    let found = connection.query_row(sql, [target(component)], numbered);
    let Some((id, info)) = found.optional()? else {
        return Ok(None);
    };
    let ramp = read(&info, "a ramp")?;
    Ok(Some(KeptRamp { id, ..ramp }))
}

/// Begins a ramp, and returns its number.
pub fn begin_ramp(transaction: &Transaction<'_>, ramp: &KeptRamp) -> Result<u64, StoreError> {
    transaction.execute(
        "INSERT INTO ramp (target, is_open, info) VALUES (?1, 1, ?2)",
        params![target(ramp.component.as_deref()), write(ramp)],
    )?;
    Ok(transaction.last_insert_rowid().unsigned_abs())
}

/// Keeps where a ramp is.
pub fn keep_ramp(transaction: &Transaction<'_>, ramp: &KeptRamp) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE ramp SET is_open = ?2, info = ?3 WHERE id = ?1",
        params![
            ramp.id.cast_signed(),
            ramp.ramp.phase.is_open(),
            write(ramp)
        ],
    )?;
    Ok(())
}

// Decisions and the timeline.

/// Adds a decision of an attempt, and returns its number.
pub fn add_decision(
    transaction: &Transaction<'_>,
    attempt: i64,
    decision: &Decision,
) -> Result<u64, StoreError> {
    transaction.execute(
        "INSERT INTO decision (target, attempt, is_open, info) VALUES (?1, ?2, 1, ?3)",
        params![
            target(decision.component.as_deref()),
            attempt,
            write(decision)
        ],
    )?;
    let id = transaction.last_insert_rowid();
    transaction.execute(
        "DELETE FROM block WHERE attempt IN
         (SELECT attempt FROM decision WHERE id <= ?1 ORDER BY id DESC LIMIT 1)",
        [id - REPLAYABLE_MAX.cast_signed()],
    )?;
    Ok(id.unsigned_abs())
}

/// Keeps what became of a decision.
pub fn keep_decision(
    transaction: &Transaction<'_>,
    decision: &Decision,
    is_open: bool,
) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE decision SET is_open = ?2, info = ?3 WHERE id = ?1",
        params![decision.id.cast_signed(), is_open, write(decision)],
    )?;
    Ok(())
}

/// Lists the decisions that are not carried out yet, earliest first.
pub fn open_decisions(connection: &Connection) -> Result<Vec<Decision>, StoreError> {
    decisions(connection, "WHERE is_open ORDER BY id")
}

/// Lists the last decision of each rollout.
pub fn last_decisions(connection: &Connection) -> Result<Vec<Decision>, StoreError> {
    decisions(
        connection,
        "WHERE id IN (SELECT max(id) FROM decision GROUP BY target) ORDER BY id",
    )
}

/// Lists every decision, latest first.
pub fn all_decisions(connection: &Connection) -> Result<Vec<Decision>, StoreError> {
    decisions(connection, "ORDER BY id DESC")
}

fn decisions(connection: &Connection, which: &str) -> Result<Vec<Decision>, StoreError> {
    let mut statement = connection.prepare(&format!("SELECT id, info FROM decision {which}"))?;
    let rows = statement.query_map([], numbered)?;
    rows.map(|row| {
        let (id, info) = row?;
        let decision: Decision = read(&info, "a decision")?;
        Ok(Decision { id, ..decision })
    })
    .collect()
}

/// Finds a decision by its number, with the key and the baseline of its attempt.
pub fn decision(
    connection: &Connection,
    id: u64,
) -> Result<Option<(Decision, i64, AttemptInfo)>, StoreError> {
    let sql = "SELECT decision.info, attempt.id, attempt.info FROM decision
               JOIN attempt ON attempt.id = decision.attempt WHERE decision.id = ?1";
    let found = connection.query_row(sql, [id.cast_signed()], |row| {
        let columns: (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(columns)
    });
    let Some((info, attempt, of_attempt)) = found.optional()? else {
        return Ok(None);
    };
    let decision: Decision = read(&info, "a decision")?;
    let of_attempt = read(&of_attempt, "an attempt")?;
    Ok(Some((Decision { id, ..decision }, attempt, of_attempt)))
}

/// Adds an entry to the timeline.
pub fn add_entry(transaction: &Transaction<'_>, entry: &TimelineEntry) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO entry (target, info) VALUES (?1, ?2)",
        params![target(entry.component.as_deref()), write(entry)],
    )?;
    let oldest = transaction.last_insert_rowid() - ENTRIES_MAX.cast_signed();
    transaction.execute("DELETE FROM entry WHERE id <= ?1", [oldest])?;
    Ok(())
}

/// Lists what happened to a rollout, latest first.
pub fn entries(
    connection: &Connection,
    component: Option<&str>,
    limit: usize,
) -> Result<Vec<TimelineEntry>, StoreError> {
    let sql = "SELECT id, info FROM entry WHERE target = ?1 ORDER BY id DESC LIMIT ?2";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map(params![target(component), limit as i64], numbered)?;
    rows.map(|row| {
        let (id, info) = row?;
        let entry: TimelineEntry = read(&info, "an entry of the timeline")?;
        Ok(TimelineEntry { id, ..entry })
    })
    .collect()
}

// Plans and rules.

/// Lists the own plans, by name.
pub fn plans(connection: &Connection) -> Result<Vec<(String, Plan)>, StoreError> {
    let mut statement = connection.prepare("SELECT name, info FROM plan ORDER BY name")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    rows.map(|row| {
        let (name, info) = row?;
        Ok((name, read(&info, "a plan")?))
    })
    .collect()
}

/// Keeps a plan, in place of the one of this name.
pub fn keep_plan(transaction: &Transaction<'_>, name: &str, plan: &Plan) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT OR REPLACE INTO plan (name, info) VALUES (?1, ?2)",
        [name, &write(plan)],
    )?;
    Ok(())
}

/// Removes a plan. Returns whether there was one.
pub fn remove_plan(transaction: &Transaction<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(transaction.execute("DELETE FROM plan WHERE name = ?1", [name])? > 0)
}

/// Lists what is set for single rollouts.
pub fn rules(connection: &Connection) -> Result<Vec<(Option<String>, OwnGuardRules)>, StoreError> {
    let mut statement = connection.prepare("SELECT target, info FROM rules ORDER BY target")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    rows.map(|row| {
        let (target, info) = row?;
        Ok((component(target), read(&info, "the rules of a rollout")?))
    })
    .collect()
}

/// Sets what one rollout is held to.
pub fn keep_rules(
    transaction: &Transaction<'_>,
    component: Option<&str>,
    rules: &OwnGuardRules,
) -> Result<(), StoreError> {
    match *rules == OwnGuardRules::default() {
        true => transaction.execute("DELETE FROM rules WHERE target = ?1", [target(component)])?,
        false => transaction.execute(
            "INSERT OR REPLACE INTO rules (target, info) VALUES (?1, ?2)",
            [target(component), &write(rules)],
        )?,
    };
    Ok(())
}

/// Returns when somebody watched last, in milliseconds since 1970; `None` for never.
pub fn watched(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let found = connection.query_row("SELECT at_ms FROM watched", [], |row| row.get(0));
    Ok(found.optional()?)
}

/// Notes that somebody watches.
pub fn note_watched(transaction: &Transaction<'_>, at_ms: i64) -> Result<(), StoreError> {
    transaction.execute("INSERT OR REPLACE INTO watched VALUES (1, ?1)", [at_ms])?;
    Ok(())
}

/// Reads everything. Returns how many decisions there are, and the problems that are certain.
pub(super) fn check(data_dir: &Path) -> Result<Option<(usize, Vec<String>)>, StoreError> {
    if ROLLOUTS.read(data_dir)?.is_none() {
        return Ok(None);
    }
    let checked = certainty::check(&ROLLOUTS.path(data_dir), || {
        let Some(connection) = ROLLOUTS.read(data_dir)? else {
            return Ok((0, Vec::new()));
        };
        let moment = connection.unchecked_transaction()?;
        problems(&moment).map_err(|error| ROLLOUTS.name(error))
    });
    checked.map(Some)
}

fn problems(connection: &Connection) -> Result<(usize, Vec<String>), StoreError> {
    let mut problems = Vec::new();
    let read: [Result<(), StoreError>; 4] = [
        connection::check_structure(connection),
        open_attempts(connection).and_then(|attempts| {
            let mut each = attempts.iter();
            each.try_for_each(|it| blocks(connection, it.id, u32::MAX).map(drop))
        }),
        ramps(connection, "").map(drop),
        plans(connection).map(drop),
    ];
    for read in read {
        match read {
            Err(StoreError::Damaged { what }) => {
                problems.push(format!("rollouts.db is damaged: {what}"));
            }
            read => read?,
        }
    }
    let decisions = match all_decisions(connection) {
        Err(StoreError::Damaged { what }) => {
            problems.push(format!("rollouts.db is damaged: {what}"));
            0
        }
        decisions => decisions?.len(),
    };
    Ok((decisions, problems))
}
