//! Where what was measured is kept: `metrics.db` in the data folder.
//!
//! A file of its own, so that flags never wait for metrics, their backups stay small, and
//! damage to the one sets nothing else aside. What it holds:
//!
//! - the **log**: every batch of events, durable before it is acknowledged;
//! - the **checkpoint**: the totals, as of a batch of the log;
//! - **frames** in tiers, for the charts. Frames of ticks are written with the checkpoint they
//!   belong to, so whatever is counted in the one is counted in the other.
//!
//! Any number of programs may append to the log, and each counts all of it. One of them, which
//! holds the lock, keeps the checkpoint and the frames. Decides nothing about events, and asks
//! nobody for the time.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::collector::Checkpoint;
use super::event::Event;
use super::frame::{Frame, NameId};
use super::limits::{KEY_KEPT_MS, KEYS_MAX, LOG_BYTES_MAX, LOG_KEPT_MS};
use super::tiers::{PackedFrame, TICK_S, TIERS, Tier, step_of};
use crate::store::StoreError;
use crate::store::sqlite::connection;

const DATABASE: &str = "metrics.db";
/// Held by the one program that keeps the checkpoint.
const LEAD: &str = "metrics.lock";
/// Shared by all that have the store open, so that nobody moves it away beneath another.
const USERS: &str = "metrics.users";
const QUARANTINE: &str = "quarantine";

/// Marks a database as Flagdeck's metrics: "FLDM" in ASCII.
const APPLICATION_ID: u32 = 0x464c_444d;

/// The format of this program.
const FORMAT: i64 = 1;

/// How long to wait for another program's commit: a checkpoint takes a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of a hash that are kept: enough against chance.
const HASH_BYTES: usize = 16;

/// How far ahead of the clock a frame may be: where it is set back, by no more than this.
const FUTURE_S: i64 = 24 * 60 * 60;

const FRAMES: &str = "SELECT at_s, packed FROM frame \
    WHERE step_s = ?1 AND at_s >= ?2 AND at_s < ?3 ORDER BY at_s";

const TABLES: &str = "
CREATE TABLE log (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms  INTEGER NOT NULL,
    writer INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    events BLOB    NOT NULL
) STRICT;

CREATE TABLE delivery (
    key      TEXT PRIMARY KEY,
    at_ms    INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    accepted INTEGER NOT NULL,
    rejected INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_by_age ON delivery (at_ms);

CREATE TABLE checkpoint (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    pruned   INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    totals   BLOB    NOT NULL
) STRICT;

CREATE TABLE name (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE frame (
    step_s INTEGER NOT NULL,
    at_s   INTEGER NOT NULL,
    packed BLOB    NOT NULL,
    PRIMARY KEY (step_s, at_s)
) STRICT, WITHOUT ROWID;
";

/// A hold on `metrics.db` that appends.
#[derive(Debug)]
pub struct MetricsStore {
    connection: Connection,
    data_dir: PathBuf,
    /// Held by the one program that keeps the checkpoint.
    lead: Option<File>,
    _user: Option<File>,
    /// Tells this program's batches from those of others.
    writer: i64,
    /// The last batch that was read or written.
    seen: i64,
    /// What SQLite says changes when another connection commits.
    version: Option<i64>,
    names: HashMap<Box<str>, NameId>,
}

/// What was there when the store was opened.
#[derive(Debug, Default)]
pub struct Past {
    /// The totals as they were kept last.
    pub checkpoint: Checkpoint,
    /// The batches since.
    pub batches: Vec<Logged>,
    /// Packed ticks of the latest time, earliest first.
    pub ticks: Vec<PackedFrame>,
    /// The last batch there was.
    pub last: i64,
    /// What people should know: a damaged file was set aside.
    pub notice: Option<String>,
}

/// A batch to be appended.
#[derive(Debug)]
pub struct NewBatch {
    /// When it came, in milliseconds since 1970.
    pub at_ms: i64,
    /// What keeps it from being counted twice.
    pub key: Option<Key>,
    /// The valid events.
    pub events: Vec<Event>,
    /// How many others there were.
    pub rejected: usize,
}

/// A name that a client gave to a batch, which may come again.
#[derive(Debug, Clone)]
pub struct Key {
    /// The name.
    pub name: Box<str>,
    /// Tells the batch from another one under the same name.
    pub hash: [u8; HASH_BYTES],
}

impl Key {
    /// Names a batch of these bytes.
    pub fn new(name: Box<str>, body: &[u8]) -> Self {
        Self {
            name,
            hash: hash(body),
        }
    }
}

/// What came of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is durable, at this place in the log; 0 for a batch without events.
    At(i64),
    /// One under the same key was stored before, with so many events taken and refused.
    Before {
        /// Events that counted then.
        accepted: usize,
        /// Events that did not.
        rejected: usize,
    },
    /// Another batch was stored under the same key before; this one was not.
    Reused,
}

/// A batch of the log.
#[derive(Debug, PartialEq)]
pub struct Logged {
    /// Its place.
    pub id: i64,
    /// When it came, in milliseconds since 1970.
    pub at_ms: i64,
    /// Its events.
    pub events: Vec<Event>,
}

/// What other programs appended.
#[derive(Debug)]
pub enum Others {
    /// These batches.
    Batches(Vec<Logged>),
    /// More than the log still holds: everything has to be taken from this.
    Everything(Past),
}

impl MetricsStore {
    /// Opens the store of a data folder, which exists, making it where it is missing. A damaged
    /// one is set aside, if no other program has it open.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be written, or is of a newer Flagdeck.
    pub fn open(data_dir: &Path, writer: i64, now_ms: i64) -> Result<(Self, Past), StoreError> {
        let user = open_lock(data_dir, USERS);
        let share = || user.as_ref().is_none_or(|user| user.lock_shared().is_ok());
        share();
        let (connection, past, notice) = match open_sound(data_dir) {
            Err(StoreError::Damaged { what }) => {
                let is_alone = user.as_ref().is_some_and(|user| user.try_lock().is_ok());
                if !is_alone {
                    return Err(StoreError::Damaged { what });
                }
                let place = set_aside(data_dir, now_ms)?;
                let (connection, past) = open_sound(data_dir)?;
                share();
                (connection, past, Some(set_aside_notice(&what, &place)))
            }
            opened => opened.map(|(connection, past)| (connection, past, None))?,
        };
        let mut store = Self {
            connection,
            data_dir: data_dir.to_owned(),
            lead: None,
            _user: user,
            writer,
            seen: 0,
            version: None,
            names: HashMap::new(),
        };
        let past = match store.try_to_lead() {
            // Whoever led before may have kept something since.
            true => store.reread()?,
            false => {
                store.seen = past.last;
                store.learn()?;
                past
            }
        };
        Ok((store, Past { notice, ..past }))
    }

    /// Appends batches, all of them or none, durably. Returns what came of each, and what other
    /// programs had appended before.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be written; then none was.
    pub fn append(&mut self, batches: &[NewBatch]) -> Result<(Vec<Stored>, Others), StoreError> {
        let Self {
            connection,
            writer,
            seen,
            ..
        } = self;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let others = read_others(&transaction, *writer, *seen)?;
        let stored = batches
            .iter()
            .map(|batch| append_one(&transaction, *writer, batch))
            .collect::<Result<Vec<_>, _>>()?;
        let last = last_id(&transaction)?;
        transaction.commit()?;
        *seen = last;
        Ok((stored, others))
    }

    /// Reads what other programs appended since the last look. Cheap where they did not.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub fn look(&mut self) -> Result<Others, StoreError> {
        let version: i64 = self
            .connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if self.version == Some(version) {
            return Ok(Others::Batches(Vec::new()));
        }
        let transaction = self.connection.transaction()?;
        let others = read_others(&transaction, self.writer, self.seen)?;
        self.seen = last_id(&transaction)?;
        drop(transaction);
        self.version = Some(version);
        Ok(others)
    }

    /// Whether a name has a number that is known without a look at the disk.
    pub fn knows(&self, text: &str) -> bool {
        self.names.contains_key(text)
    }

    /// Returns the number of a name, which gets one where it has none.
    ///
    /// # Errors
    /// [`StoreError`] where it has none and cannot be given one.
    pub fn name(&mut self, text: &str) -> Result<NameId, StoreError> {
        if let Some(id) = self.names.get(text) {
            return Ok(*id);
        }
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO name (text) VALUES (?1)")?
            .execute([text])?;
        let id = name_id(&self.connection, text)?.ok_or(StoreError::Closed)?;
        self.names.insert(text.into(), id);
        Ok(id)
    }

    /// Whether this program keeps the checkpoint.
    pub fn leads(&self) -> bool {
        self.lead.is_some()
    }

    /// Becomes the program that keeps the checkpoint, where no other is. Whoever does has to
    /// read anew what was kept.
    pub fn try_to_lead(&mut self) -> bool {
        if self.lead.is_none() {
            let lead = open_lock(&self.data_dir, LEAD);
            self.lead = lead.filter(|lead| lead.try_lock().is_ok());
        }
        self.leads()
    }

    /// Lets another program keep the checkpoint.
    pub fn stop_leading(&mut self) {
        self.lead = None;
    }

    /// Keeps totals, and what was counted into them since the last time, by tick, durably and
    /// together. Sums up what coarser tiers lack, and forgets what is too old.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be written; then nothing was.
    pub fn keep(
        &mut self,
        checkpoint: &Checkpoint,
        ticks: &BTreeMap<i64, Frame>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let summed_until_s = summed_until(&transaction)?;
        for (at_s, frame) in ticks {
            add_frame(&transaction, TICK_S, *at_s, frame)?;
            for (tier, until_s) in &summed_until_s {
                // It came late: its span has been summed up already.
                if at_s < until_s {
                    let begins_s = step_of(*at_s, tier.step_s);
                    add_frame(&transaction, tier.step_s, begins_s, frame)?;
                }
            }
        }
        sum_up(&transaction, now_ms / 1000)?;
        let pruned = forget(&transaction, checkpoint.through, now_ms)?;
        write_checkpoint(&transaction, checkpoint, pruned)?;
        transaction.commit()?;
        Ok(())
    }

    /// Empties the log file into the database, so that one file is left when the program ends.
    pub fn close(self) {
        let emptied = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = emptied {
            tracing::debug!(%error, "the metrics' log stays for the next start");
        }
    }

    /// Reads everything anew, as it is kept.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read, or does not match its hash.
    pub fn reread(&mut self) -> Result<Past, StoreError> {
        let transaction = self.connection.transaction()?;
        let past = read_past(&transaction)?;
        drop(transaction);
        self.seen = past.last;
        self.learn()?;
        Ok(past)
    }

    fn learn(&mut self) -> Result<(), StoreError> {
        let names = read_names(&self.connection)?.into_iter();
        self.names = names.map(|(id, text)| (text, id)).collect();
        Ok(())
    }
}

/// Reads `metrics.db` without ever writing: for charts, and for programs that only look.
#[derive(Debug)]
pub struct MetricsReader(Connection);

impl MetricsReader {
    /// Opens the store of a data folder for reading; none where there is no store.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub fn open(data_dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = data_dir.join(DATABASE);
        if !path.exists() {
            return Ok(None);
        }
        let source = connection::Source {
            path,
            immutable: false,
            patience: PATIENCE,
        };
        let connection = source.open()?;
        check_owner(&connection)?;
        Ok(Some(Self(connection)))
    }

    /// Visits the frames of a tier that begin from `from_s` to before `to_s`, earliest first, one
    /// at a time: together they may be far more than fits in memory well.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read.
    pub fn each_frame(
        &self,
        step_s: u32,
        from_s: i64,
        to_s: i64,
        mut visit: impl FnMut(i64, &Frame),
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(FRAMES)?;
        let mut rows = statement.query(params![step_s, from_s, to_s])?;
        while let Some(row) = rows.next()? {
            let packed = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            if let Some(frame) = Frame::unpack(packed) {
                visit(row.get(0)?, &frame);
            }
        }
        Ok(())
    }

    /// Returns every name with its number.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read.
    pub fn names(&self) -> Result<HashMap<NameId, Box<str>>, StoreError> {
        Ok(read_names(&self.0)?.into_iter().collect())
    }

    /// Returns everything that was counted, and the ticks of the latest time.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read, or does not match its hash.
    pub fn past(&mut self) -> Result<Past, StoreError> {
        let transaction = self.0.transaction()?;
        read_past(&transaction)
    }

    /// Reads everything, and lists what is wrong, a sentence each.
    ///
    /// # Errors
    /// [`StoreError`] where reading stopped before the end.
    pub fn check(&mut self) -> Result<Vec<String>, StoreError> {
        let mut problems = Vec::new();
        let verdict: String = self
            .0
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            problems.push(format!("metrics.db is damaged: {verdict}"));
        }
        match self.past() {
            Ok(_) => {}
            Err(StoreError::Damaged { what }) => {
                problems.push(format!("metrics.db is damaged: {what}"));
            }
            Err(error) => return Err(error),
        }
        Ok(problems)
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = connection::writing(path, true, PATIENCE)?;
    connection::use_log(&connection)?;
    make_tables(&connection)?;
    check_owner(&connection)?;
    connection::tidy_on_close(&connection)?;
    Ok(connection)
}

/// Makes the tables of an empty file.
fn make_tables(connection: &Connection) -> Result<(), StoreError> {
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format != 0 {
        return Ok(());
    }
    let result = connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         {TABLES}
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {FORMAT};
         COMMIT;"
    ));
    if let Err(error) = result {
        let _ = connection.execute_batch("ROLLBACK");
        // Another program may have been faster.
        let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if format == 0 {
            return Err(match StoreError::from(error) {
                StoreError::Sqlite(_) => damaged("it holds something else"),
                other => other,
            });
        }
    }
    Ok(())
}

fn check_owner(connection: &Connection) -> Result<(), StoreError> {
    let mark: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if mark as u32 != APPLICATION_ID || format < 1 {
        return Err(damaged("it is not Flagdeck's"));
    }
    if format > FORMAT {
        let reason = "metrics.db was last used by a newer Flagdeck; update Flagdeck".into();
        return Err(StoreError::ReadOnly { reason });
    }
    Ok(())
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { what: what.into() }
}

fn open_sound(data_dir: &Path) -> Result<(Connection, Past), StoreError> {
    let connection = connect(&data_dir.join(DATABASE))?;
    let past = read_past(&connection)?;
    Ok((connection, past))
}

/// Opens a file to be locked; none where the folder has no room for one.
fn open_lock(data_dir: &Path, name: &str) -> Option<File> {
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true);
    options.open(data_dir.join(name)).ok()
}

fn set_aside_notice(what: &str, place: &Path) -> String {
    format!(
        "What was measured so far cannot be read ({what}); it was set aside in {}, and measuring \
         began anew. No flag is affected.",
        place.display()
    )
}

/// Moves a damaged store to where nothing is ever deleted; returns the place.
fn set_aside(data_dir: &Path, now_ms: i64) -> Result<PathBuf, StoreError> {
    let folder = data_dir.join(QUARANTINE);
    let failed = |source| StoreError::File {
        path: data_dir.join(DATABASE),
        source,
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    let place = folder.join(format!("metrics-{now_ms}.db"));
    for suffix in ["-shm", "-wal", ""] {
        let from = data_dir.join(format!("{DATABASE}{suffix}"));
        let to = folder.join(format!("metrics-{now_ms}.db{suffix}"));
        match fs::rename(from, to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
    }
    Ok(place)
}

fn append_one(
    connection: &Connection,
    writer: i64,
    batch: &NewBatch,
) -> Result<Stored, StoreError> {
    let NewBatch {
        at_ms,
        key,
        events,
        rejected,
    } = batch;
    if let Some(key) = key {
        if let Some(before) = delivered(connection, key)? {
            return Ok(before);
        }
        connection
            .prepare_cached("INSERT INTO delivery VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                key.name,
                at_ms,
                key.hash,
                events.len() as i64,
                *rejected as i64
            ])?;
    }
    if events.is_empty() {
        return Ok(Stored::At(0));
    }
    let packed = postcard::to_allocvec(events).expect("plain data in memory");
    connection
        .prepare_cached("INSERT INTO log (at_ms, writer, hash, events) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![at_ms, writer, hash(&packed), packed])?;
    Ok(Stored::At(connection.last_insert_rowid()))
}

fn delivered(connection: &Connection, key: &Key) -> Result<Option<Stored>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT hash, accepted, rejected FROM delivery WHERE key = ?1")?;
    let before = statement.query_row([&key.name], |row| {
        if row.get_ref(0)?.as_blob()? != key.hash {
            return Ok(Stored::Reused);
        }
        let count = |value: i64| usize::try_from(value).unwrap_or_default();
        Ok(Stored::Before {
            accepted: count(row.get(1)?),
            rejected: count(row.get(2)?),
        })
    });
    Ok(before.optional()?)
}

/// Reads what other programs appended after `seen`.
fn read_others(connection: &Connection, writer: i64, seen: i64) -> Result<Others, StoreError> {
    let pruned: Option<i64> = connection
        .prepare_cached("SELECT pruned FROM checkpoint")?
        .query_row([], |row| row.get(0))
        .optional()?;
    if pruned.is_some_and(|pruned| pruned > seen) {
        return Ok(Others::Everything(read_past(connection)?));
    }
    let mut statement = connection.prepare_cached(
        "SELECT id, at_ms, hash, events FROM log WHERE id > ?1 AND writer <> ?2 ORDER BY id",
    )?;
    let rows = statement.query_map([seen, writer], logged)?;
    let batches = rows.map(|row| row?).collect::<Result<_, _>>()?;
    Ok(Others::Batches(batches))
}

fn read_past(connection: &Connection) -> Result<Past, StoreError> {
    let checkpoint = read_checkpoint(connection)?;
    let mut statement = connection
        .prepare_cached("SELECT id, at_ms, hash, events FROM log WHERE id > ?1 ORDER BY id")?;
    let rows = statement.query_map([checkpoint.through], logged)?;
    let batches = rows.map(|row| row?).collect::<Result<_, _>>()?;
    let newest: Option<i64> = connection
        .prepare_cached("SELECT max(at_s) FROM frame WHERE step_s = ?1")?
        .query_row([TICK_S], |row| row.get(0))?;
    let from_s = newest.unwrap_or(0) - super::tiers::TICKS_IN_MEMORY_S;
    Ok(Past {
        checkpoint,
        batches,
        ticks: packed_frames(connection, TICK_S, from_s, i64::MAX)?,
        last: last_id(connection)?,
        notice: None,
    })
}

fn logged(row: &rusqlite::Row) -> rusqlite::Result<Result<Logged, StoreError>> {
    let (id, at_ms) = (row.get(0)?, row.get(1)?);
    let expected: [u8; HASH_BYTES] = match row.get_ref(2)?.as_blob()?.try_into() {
        Ok(expected) => expected,
        Err(_) => return Ok(Err(damaged("a batch has no hash"))),
    };
    let packed = row.get_ref(3)?.as_blob()?;
    if hash(packed) != expected {
        return Ok(Err(damaged("a batch does not match its hash")));
    }
    Ok(match postcard::from_bytes(packed) {
        Ok(events) => Ok(Logged { id, at_ms, events }),
        Err(_) => Err(damaged("a batch cannot be read")),
    })
}

fn read_checkpoint(connection: &Connection) -> Result<Checkpoint, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>)> = connection
        .prepare_cached("SELECT hash, totals FROM checkpoint")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((expected, totals)) = row else {
        return Ok(Checkpoint::default());
    };
    if hash(&totals)[..] != expected[..] {
        return Err(damaged("the totals do not match their hash"));
    }
    postcard::from_bytes(&totals).map_err(|_| damaged("the totals cannot be read"))
}

fn write_checkpoint(
    connection: &Connection,
    checkpoint: &Checkpoint,
    pruned: i64,
) -> Result<(), StoreError> {
    let totals = postcard::to_allocvec(checkpoint).expect("plain data in memory");
    connection
        .prepare_cached("INSERT OR REPLACE INTO checkpoint VALUES (1, ?1, ?2, ?3)")?
        .execute(params![pruned, hash(&totals), totals])?;
    Ok(())
}

/// Adds a frame to what is kept of its span: after a restart that may be something already.
fn add_frame(
    connection: &Connection,
    step_s: u32,
    at_s: i64,
    frame: &Frame,
) -> Result<(), StoreError> {
    let before: Option<Vec<u8>> = connection
        .prepare_cached("SELECT packed FROM frame WHERE step_s = ?1 AND at_s = ?2")?
        .query_row(params![step_s, at_s], |row| row.get(0))
        .optional()?;
    let packed = match before.and_then(|packed| Frame::unpack(&packed)) {
        Some(mut before) => {
            before.merge(frame);
            before.pack()
        }
        None => frame.pack(),
    };
    connection
        .prepare_cached("INSERT OR REPLACE INTO frame VALUES (?1, ?2, ?3)")?
        .execute(params![step_s, at_s, packed])?;
    Ok(())
}

/// Returns each coarser tier, with the end of the last span of it that was summed up.
fn summed_until(connection: &Connection) -> Result<Vec<(Tier, i64)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT max(at_s) FROM frame WHERE step_s = ?1")?;
    let coarser = TIERS.iter().skip(1).map(|tier| {
        let newest: Option<i64> = statement.query_row([tier.step_s], |row| row.get(0))?;
        let until_s = newest.map_or(0, |newest| newest + i64::from(tier.step_s));
        Ok((*tier, until_s))
    });
    coarser.collect()
}

/// Sums up the spans of each coarser tier that are over and not there yet.
fn sum_up(connection: &Connection, now_s: i64) -> Result<(), StoreError> {
    for (tier, fine) in TIERS.iter().skip(1).zip(TIERS) {
        // Read again for each: an hour is made of minutes that were just summed up.
        let until_s = summed_until(connection)?;
        let from_s = until_s.iter().find(|(summed, _)| summed == tier);
        let from_s = from_s.map_or(0, |(_, until_s)| *until_s);
        let to_s = step_of(now_s, tier.step_s);
        let mut sums: BTreeMap<i64, Frame> = BTreeMap::new();
        for (at_s, packed) in packed_frames(connection, fine.step_s, from_s, to_s)? {
            if let Some(frame) = Frame::unpack(&packed) {
                let sum = sums.entry(step_of(at_s, tier.step_s)).or_default();
                sum.merge(&frame);
            }
        }
        for (at_s, sum) in sums {
            add_frame(connection, tier.step_s, at_s, &sum)?;
        }
    }
    Ok(())
}

/// Removes what is too old, and frames of a future that a clock once was in; returns the last
/// batch that is not in the log any more.
fn forget(connection: &Connection, through: i64, now_ms: i64) -> Result<i64, StoreError> {
    let now_s = now_ms / 1000;
    for tier in TIERS {
        connection
            .prepare_cached("DELETE FROM frame WHERE step_s = ?1 AND (at_s < ?2 OR at_s > ?3)")?
            .execute(params![tier.step_s, now_s - tier.kept_s, now_s + FUTURE_S])?;
    }
    connection
        .prepare_cached("DELETE FROM delivery WHERE at_ms < ?1")?
        .execute([now_ms - KEY_KEPT_MS])?;
    connection
        .prepare_cached(
            "DELETE FROM delivery WHERE at_ms < \
             (SELECT at_ms FROM delivery ORDER BY at_ms DESC LIMIT 1 OFFSET ?1)",
        )?
        .execute([KEYS_MAX])?;
    // From its beginning only, so that whoever reads it knows what is missing.
    let too_many = oldest_beyond(connection, LOG_BYTES_MAX)?;
    let too_old = oldest_before(connection, now_ms - LOG_KEPT_MS)?;
    let last = through.min(too_many.max(too_old));
    connection
        .prepare_cached("DELETE FROM log WHERE id <= ?1")?
        .execute([last])?;
    let first: Option<i64> = connection
        .prepare_cached("SELECT min(id) FROM log")?
        .query_row([], |row| row.get(0))?;
    match first {
        Some(first) => Ok(first - 1),
        None => last_id(connection),
    }
}

/// Returns the last batch before the first one that came at `at_ms` or later.
fn oldest_before(connection: &Connection, at_ms: i64) -> Result<i64, StoreError> {
    let fresh: Option<i64> = connection
        .prepare_cached("SELECT id FROM log WHERE at_ms >= ?1 ORDER BY id LIMIT 1")?
        .query_row([at_ms], |row| row.get(0))
        .optional()?;
    match fresh {
        Some(fresh) => Ok(fresh - 1),
        None => last_id(connection),
    }
}

/// Returns the last batch before the newest ones that fit in so many bytes; 0 where all do.
fn oldest_beyond(connection: &Connection, bytes_max: i64) -> Result<i64, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id, length(events) FROM log ORDER BY id DESC")?;
    let mut rows = statement.query([])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        bytes += row.get::<_, i64>(1)?;
        if bytes > bytes_max {
            return Ok(row.get(0)?);
        }
    }
    Ok(0)
}

/// Returns the last batch that ever was in the log.
fn last_id(connection: &Connection) -> Result<i64, StoreError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'log'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or(0))
}

fn packed_frames(
    connection: &Connection,
    step_s: u32,
    from_s: i64,
    to_s: i64,
) -> Result<Vec<PackedFrame>, StoreError> {
    let mut statement = connection.prepare_cached(FRAMES)?;
    let rows = statement.query_map(params![step_s, from_s, to_s], |row| {
        Ok((row.get(0)?, row.get_ref(1)?.as_blob()?.into()))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read_names(connection: &Connection) -> Result<Vec<(NameId, Box<str>)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id, text FROM name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn name_id(connection: &Connection, text: &str) -> Result<Option<NameId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM name WHERE text = ?1")?;
    Ok(statement.query_row([text], |row| row.get(0)).optional()?)
}

fn hash(bytes: &[u8]) -> [u8; HASH_BYTES] {
    let whole = blake3::hash(bytes);
    let (kept, _) = whole
        .as_bytes()
        .split_first_chunk()
        .expect("32 bytes are more than 16");
    *kept
}
