//! Where what was measured is kept: `metrics.db` in the data folder.
//!
//! A file of its own, so that flags never wait for metrics, their backups stay small, and
//! damage to the one sets nothing else aside. What it holds:
//!
//! - the **log**: every batch of events, durable before it is acknowledged;
//! - the **checkpoint**: the totals, as of a batch of the log;
//! - **frames** in tiers, for the charts, and **evidence**: frames that end at revisions too, by
//!   which components are judged. Both are written with the checkpoint they belong to, so whatever
//!   is counted in the one is counted in the others.
//!
//! Any number of programs may append to the log, and each counts all of it. One of them, the
//! leader, keeps the checkpoint and the frames. Decides nothing about events, and knows no clock.

mod frames;
mod log;
mod opening;
pub(crate) mod salvage;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use self::opening::METRICS;
use super::collector::Checkpoint;
use super::event::Event;
use super::frame::{Frame, NameId};
use super::hash;
use super::tiers::{PackedFrame, TICK_S, TIERS};
use crate::leader::Lead;
use crate::store::StoreError;
use crate::store::sqlite::certainty;
use crate::store::sqlite::connection::check_structure;
use crate::store::sqlite::place::{Place, Placed};
use crate::store::sqlite::side::{Opened, SharedLock};
use crate::trusted_time::Moment;

/// Bytes of a hash that are kept: enough against chance.
const HASH_BYTES: usize = 16;

/// A hold on `metrics.db` that appends.
#[derive(Debug)]
pub struct MetricsStore {
    connection: Placed,
    data_dir: PathBuf,
    share: SharedLock,
    /// Tells this program's batches from those of others.
    writer: i64,
    /// The last batch that was read or written.
    seen: i64,
    /// What SQLite says changes when another connection commits.
    version: Option<u64>,
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
    /// What components are judged by, earliest first, each with the moment it begins at, in
    /// milliseconds since 1970.
    pub evidence: Vec<(i64, Frame)>,
    /// Every name with its number.
    pub names: Vec<(NameId, Box<str>)>,
    /// The last batch there was.
    pub last: i64,
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

impl Logged {
    /// Returns the source whose earlier reports it removes, if it does.
    pub fn removed_source(&self) -> Option<&str> {
        match &*self.events {
            [Event::Removed(source)] => Some(source),
            _ => None,
        }
    }
}

/// What was counted and is in no frame on disk yet.
#[derive(Debug, Default)]
pub struct Unsaved {
    /// What was counted, by tick.
    pub ticks: BTreeMap<i64, Frame>,
    /// Sources that were removed before that was counted: frames on disk may have some of them, by
    /// a program that did not know of the removal yet.
    pub removed: BTreeSet<NameId>,
}

/// What other programs appended.
#[derive(Debug)]
pub enum Others {
    /// These batches.
    Batches(Vec<Logged>),
    /// More than the log still holds: everything has to be taken from this.
    Everything(Box<Past>),
}

impl MetricsStore {
    /// Opens the store of a data folder, which exists, making it if it is missing. A damaged one is
    /// moved to quarantine, if no other program has it open. A program that is to lead takes the role
    /// before, so that what it reads here is all that was kept.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written, or is of a newer Flagdeck.
    pub fn open(data_dir: &Path, writer: i64, now_ms: i64) -> Result<(Self, Past), StoreError> {
        let Opened {
            connection,
            share,
            found: past,
        } = METRICS.open(data_dir, now_ms, read_past)?;
        let mut store = Self {
            connection,
            data_dir: data_dir.to_owned(),
            share,
            writer,
            seen: past.last,
            version: None,
            names: HashMap::new(),
        };
        store.learn()?;
        Ok((store, past))
    }

    /// Appends batches, all of them or none, durably. Returns what came of each, and what other
    /// programs had appended before.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be written; then none was.
    pub fn append(&mut self, batches: &[NewBatch]) -> Result<(Vec<Stored>, Others), StoreError> {
        let Self {
            connection,
            writer,
            seen,
            ..
        } = self;
        let transaction = connection.begin()?;
        let others = log::read_others(&transaction, *writer, *seen)?;
        let stored = batches
            .iter()
            .map(|batch| log::append_one(&transaction, *writer, batch))
            .collect::<Result<Vec<_>, _>>()?;
        let last = log::last_id(&transaction)?;
        transaction.commit()?;
        *seen = last;
        Ok((stored, others))
    }

    /// Removes what a source reported: from the frames and the evidence on disk at once, and from
    /// what is counted by a note in the log, which every program reads in its order. `is_counted`
    /// says whether anything of it is counted. Returns the place of the note and what other
    /// programs had appended before; `None` if there is nothing of the source.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written; then nothing was.
    pub fn remove_source(
        &mut self,
        source: &str,
        is_counted: bool,
        at_ms: i64,
    ) -> Result<Option<(i64, Others)>, StoreError> {
        let Self {
            connection,
            writer,
            seen,
            ..
        } = self;
        let transaction = connection.begin()?;
        let removed = match name_id(&transaction, source)? {
            Some(number) => frames::remove_source(&transaction, number)?,
            None => 0,
        };
        if removed == 0 && !is_counted {
            return Ok(None);
        }
        let others = log::read_others(&transaction, *writer, *seen)?;
        let place = log::append_removal(&transaction, *writer, source, at_ms)?;
        transaction.commit()?;
        *seen = place;
        Ok(Some((place, others)))
    }

    /// Returns the number of a name; `None` if it has none.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub fn number(&self, text: &str) -> Result<Option<NameId>, StoreError> {
        match self.names.get(text) {
            Some(id) => Ok(Some(*id)),
            None => name_id(&self.connection, text),
        }
    }

    /// Reads what other programs appended since the last look. Cheap if they did not.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn look(&mut self) -> Result<Others, StoreError> {
        self.connection.place().check()?;
        let version = self.connection.place().version(&self.connection)?;
        if self.version == Some(version) {
            return Ok(Others::Batches(Vec::new()));
        }
        let transaction = self.connection.transaction()?;
        let others = log::read_others(&transaction, self.writer, self.seen)?;
        self.seen = log::last_id(&transaction)?;
        drop(transaction);
        self.version = Some(version);
        Ok(others)
    }

    /// Whether a name has a number that is known without a look at the disk.
    pub fn knows(&self, text: &str) -> bool {
        self.names.contains_key(text)
    }

    /// Returns the number of a name, which gets one if it has none.
    ///
    /// # Errors
    /// [`StoreError`] if it has none and cannot be given one.
    pub fn name(&mut self, text: &str) -> Result<NameId, StoreError> {
        if let Some(id) = self.names.get(text) {
            return Ok(*id);
        }
        let id = number_of(&self.connection, text)?;
        self.names.insert(text.into(), id);
        Ok(id)
    }

    /// Keeps totals, what was counted into them since the last time, and the evidence that has
    /// changed, durably and together. Sums up what coarser tiers lack, and forgets what is too old.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be written; then nothing was.
    pub fn keep(
        &mut self,
        _lead: &Lead,
        checkpoint: &Checkpoint,
        unsaved: &Unsaved,
        evidence: &BTreeMap<i64, Frame>,
        moment: &Moment,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.begin()?;
        for source in &unsaved.removed {
            frames::remove_source(&transaction, *source)?;
        }
        frames::add(&transaction, &unsaved.ticks, moment.now_ms / 1000)?;
        frames::put_evidence(&transaction, evidence, &moment.trusted)?;
        frames::forget(&transaction, &moment.trusted)?;
        let pruned = log::prune(&transaction, checkpoint.through, &moment.trusted)?;
        write_checkpoint(&transaction, checkpoint, pruned)?;
        transaction.commit()?;
        Ok(())
    }

    /// Returns the files it is open on.
    pub(crate) fn place(&self) -> &Arc<Place> {
        self.connection.place()
    }

    /// Whether what is under its name has everything that it has.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub fn is_continued(&self) -> Result<bool, StoreError> {
        METRICS.is_continued(&self.connection, &self.data_dir)
    }

    /// Puts everything it holds under its name again; returns where what was there was set aside.
    /// It has to be opened again then.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written, or another program has what is there open.
    pub fn write_back(&self, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
        METRICS.write_back(&self.connection, &self.share, &self.data_dir, now_ms)
    }

    /// Keeps a copy of it where nothing is ever deleted; returns its place.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn keep_copy(&self, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
        METRICS.keep(&self.connection, &self.data_dir, now_ms)
    }

    /// Empties the log file into the database, so that one file is left when the program ends.
    pub fn close(&self) {
        let emptied = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = emptied {
            tracing::debug!(%error, "the metrics' log stays for the next start");
        }
    }

    /// Reads everything again, as it is kept.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read, or does not match its hash.
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
pub struct MetricsReader(Placed);

impl MetricsReader {
    /// Opens the store of a data folder for reading; none if there is no store.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn open(data_dir: &Path) -> Result<Option<Self>, StoreError> {
        let placed = |connection| Placed::new(connection, &METRICS.path(data_dir)).map(Self);
        METRICS.read(data_dir)?.map(placed).transpose()
    }

    /// Whether it reads the files that are under the store's name.
    pub fn is_in_place(&self) -> bool {
        self.0.place().is_intact()
    }

    /// Returns the revision up to which switches were counted; `None` before the first count.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn last_revision(&self) -> Result<Option<u64>, StoreError> {
        let checkpoint = read_checkpoint(&self.0);
        let checkpoint = checkpoint.map_err(|error| METRICS.judge(&self.0, error))?;
        Ok(checkpoint.toggles.through)
    }

    /// Visits the frames of a tier that begin from `from_s` to before `to_s`, earliest first, one
    /// at a time: together they may be far more than fits in memory well.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn each_frame(
        &self,
        step_s: u32,
        from_s: i64,
        to_s: i64,
        mut visit: impl FnMut(i64, &Frame),
    ) -> Result<(), StoreError> {
        let mut visit_each = || {
            let mut statement = self.0.prepare_cached(frames::FRAMES)?;
            let mut rows = statement.query(params![step_s, from_s, to_s])?;
            while let Some(row) = rows.next()? {
                let packed = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
                if let Some(frame) = Frame::unpack(packed) {
                    visit(row.get(0)?, &frame);
                }
            }
            Ok(())
        };
        visit_each().map_err(|error| METRICS.judge(&self.0, error))
    }

    /// Returns every name with its number.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn names(&self) -> Result<HashMap<NameId, Box<str>>, StoreError> {
        let names = read_names(&self.0).map_err(|error| METRICS.judge(&self.0, error))?;
        Ok(names.into_iter().collect())
    }

    /// Returns everything that was counted, and the ticks of the latest time.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read, or does not match its hash.
    pub fn past(&mut self) -> Result<Past, StoreError> {
        let read = |connection: &mut Placed| read_past(&*connection.transaction()?);
        read(&mut self.0).map_err(|error| METRICS.judge(&self.0, error))
    }

    /// Reads everything, and lists what is wrong, a sentence each.
    ///
    /// # Errors
    /// [`StoreError`] if reading stopped before the end.
    pub fn check(&mut self) -> Result<Vec<String>, StoreError> {
        // As of one moment: another program may be writing.
        let moment = self.0.transaction()?;
        let checked = [
            check_structure(&moment),
            read_checkpoint(&moment).map(drop),
            read_names(&moment).map(drop),
            log::check(&moment),
        ];
        let mut problems = Vec::new();
        for found in checked.into_iter().chain(frames::check(&moment)) {
            match found {
                Ok(()) => {}
                Err(StoreError::Damaged { what }) => {
                    problems.push(format!("metrics.db is damaged: {what}"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(problems)
    }

    /// Returns whether a frame has anything of a source.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn has_frames_of(&self, source: &str) -> Result<bool, StoreError> {
        let mut has_any = false;
        if let Some(source) = name_id(&self.0, source)? {
            for tier in TIERS {
                self.each_frame(tier.step_s, i64::MIN, i64::MAX, |_, frame| {
                    has_any |= frame.has_source(source);
                })?;
            }
        }
        Ok(has_any)
    }

    fn frames(&self) -> Result<u64, StoreError> {
        let count: i64 = self
            .0
            .query_row("SELECT count(*) FROM frame", [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

/// Reads everything that was kept in a data folder. Returns how many frames there are, and what is
/// wrong for certain, a sentence each; `None` without a store.
///
/// # Errors
/// [`StoreError`] if reading stopped before the end.
pub(crate) fn check(data_dir: &Path) -> Result<Option<(u64, Vec<String>)>, StoreError> {
    if MetricsReader::open(data_dir)?.is_none() {
        return Ok(None);
    }
    certainty::check(&METRICS.path(data_dir), || {
        let Some(mut reader) = MetricsReader::open(data_dir)? else {
            return Ok((0, Vec::new()));
        };
        let problems = reader.check()?;
        // What cannot be counted is among the problems.
        Ok((reader.frames().unwrap_or_default(), problems))
    })
    .map(Some)
}

fn read_past(connection: &Connection) -> Result<Past, StoreError> {
    let checkpoint = read_checkpoint(connection)?;
    let mut statement = connection
        .prepare_cached("SELECT id, at_ms, hash, events FROM log WHERE id > ?1 ORDER BY id")?;
    let rows = statement.query_map([checkpoint.through], log::logged)?;
    let batches = rows.map(|row| row?).collect::<Result<_, _>>()?;
    let newest: Option<i64> = connection
        .prepare_cached("SELECT max(at_s) FROM frame WHERE step_s = ?1")?
        .query_row([TICK_S], |row| row.get(0))?;
    let from_s = newest.unwrap_or(0) - super::tiers::TICKS_IN_MEMORY_S;
    Ok(Past {
        checkpoint,
        batches,
        ticks: frames::packed_frames(connection, TICK_S, from_s, i64::MAX)?,
        evidence: frames::evidence(connection)?,
        names: read_names(connection)?,
        last: log::last_id(connection)?,
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
    if hash::<HASH_BYTES>(&totals)[..] != expected[..] {
        return Err(opening::damaged("the totals do not match their hash"));
    }
    postcard::from_bytes(&totals).map_err(|_| opening::damaged("the totals cannot be read"))
}

fn write_checkpoint(
    connection: &Connection,
    checkpoint: &Checkpoint,
    pruned: i64,
) -> Result<(), StoreError> {
    let totals = postcard::to_allocvec(checkpoint).expect("plain data in memory");
    connection
        .prepare_cached("INSERT OR REPLACE INTO checkpoint VALUES (1, ?1, ?2, ?3)")?
        .execute(params![pruned, hash::<HASH_BYTES>(&totals), totals])?;
    Ok(())
}

fn read_names(connection: &Connection) -> Result<Vec<(NameId, Box<str>)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id, text FROM name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Returns the number of a name, which gets one if it has none.
fn number_of(connection: &Connection, text: &str) -> Result<NameId, StoreError> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO name (text) VALUES (?1)")?
        .execute([text])?;
    name_id(connection, text)?.ok_or(StoreError::Closed)
}

fn name_id(connection: &Connection, text: &str) -> Result<Option<NameId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM name WHERE text = ?1")?;
    Ok(statement.query_row([text], |row| row.get(0)).optional()?)
}
