//! Frames of a database that was set aside: counted, and added where there are none.
//!
//! A frame is sound if it matches its hash and every name in it can be read. Each is found by its
//! time, so that what is damaged affects no other.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::opening::METRICS;
use super::{MetricsReader, number_of};
use crate::metrics::frame::{Frame, NO_SOURCE, NameId, SeriesKey};
use crate::metrics::frame_table;
use crate::metrics::tiers::{TIERS, Tier, step_of};
use crate::store::StoreError;
use crate::store::sqlite::place::PlacedTransaction;
use crate::store::sqlite::quarantine::{Quarantined, Remains, read_if_sound};

/// Seconds of a day.
const DAY_S: i64 = 24 * 60 * 60;

/// Bytes of a table after which no frame is added to it.
const TABLE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Frames that are added in one transaction: events wait for it.
const ADDED_AT_ONCE: usize = 2000;

/// What can be read of a database of metrics that was set aside, compared with the one in use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FoundFrames {
    /// Sound frames.
    pub(crate) sound: u64,
    /// Frames that do not match their hashes, or cannot be read.
    pub(crate) damaged: u64,
    /// Sound frames of times that have none in the database in use.
    pub(crate) missing: u64,
    /// Days that the missing ones are of, since 1970.
    pub(crate) missing_days: BTreeSet<i64>,
    /// When the first one begins and the last one ends, in seconds since 1970.
    pub(crate) span: Option<(i64, i64)>,
}

/// A sound frame of a damaged database, with its names as texts.
#[derive(Debug)]
pub(crate) struct Sound {
    /// Seconds that it covers.
    pub(crate) step_s: u32,
    /// When it begins, in seconds since 1970.
    pub(crate) at_s: i64,
    /// What was counted.
    pub(crate) frame: Frame,
}

/// Finds the sound frames of a database that was set aside at `until_s` or before. Changes nothing.
///
/// # Errors
/// [`StoreError::Unreadable`] if nothing of it can be read, others if reading failed.
pub(crate) fn examine(
    data_dir: &Path,
    entry: &Quarantined,
    until_s: i64,
) -> Result<FoundFrames, StoreError> {
    let remains = Remains::open(entry)?;
    let own = MetricsReader::open(data_dir)?;
    let mut found = FoundFrames::default();
    let read = each_sound(&remains, until_s, &mut |sound| {
        let is_there = match &own {
            Some(own) => has_frame(&own.0, sound.step_s, sound.at_s)?,
            None => false,
        };
        found.add(&sound, !is_there);
        Ok(())
    })?;
    found.damaged = read.damaged;
    Ok(found)
}

impl FoundFrames {
    fn add(&mut self, sound: &Sound, is_missing: bool) {
        let ends_s = sound.at_s + i64::from(sound.step_s);
        let (first, last) = self.span.unwrap_or((sound.at_s, ends_s));
        self.span = Some((first.min(sound.at_s), last.max(ends_s)));
        self.sound += 1;
        if is_missing {
            self.missing += 1;
            self.missing_days.insert(sound.at_s.div_euclid(DAY_S));
        }
    }
}

/// Adds the sound frames of a database that was set aside to times that have none, in short
/// transactions. Returns what it added. Can be repeated after it ended early.
///
/// # Errors
/// As for [`examine`], and [`StoreError`] if they cannot be written: those before are.
pub(crate) fn take_back(
    data_dir: &Path,
    entry: &Quarantined,
    until_s: i64,
    now_ms: i64,
) -> Result<FoundFrames, StoreError> {
    let remains = Remains::open(entry)?;
    let mut sounds = Vec::new();
    let read = each_sound(&remains, until_s, &mut |sound| {
        sounds.push(sound);
        Ok(())
    })?;
    let mut opened = METRICS.open(data_dir, now_ms, |_| Ok(()))?;
    let mut added = FoundFrames::default();
    for some in sounds.chunks(ADDED_AT_ONCE) {
        let transaction = opened.connection.begin()?;
        let mut renamed = Renamed::new(&transaction, &read.names);
        for sound in some {
            if !has_frame(&transaction, sound.step_s, sound.at_s)? {
                renamed.insert(sound)?;
                added.add(sound, true);
            }
        }
        transaction.commit()?;
    }
    Ok(added)
}

/// Frames of a database that was set aside, as a table.
#[derive(Debug)]
pub(crate) struct ExportedFrames {
    /// The table, as CSV.
    pub(crate) text: String,
    /// Frames in it.
    pub(crate) frames: u64,
    /// Sound frames for which it has no room.
    pub(crate) left_out: u64,
}

/// Writes the sound frames of a database that was set aside as a table; `None` if there is none.
///
/// # Errors
/// As for [`examine`].
pub(crate) fn export(
    entry: &Quarantined,
    until_s: i64,
) -> Result<Option<ExportedFrames>, StoreError> {
    let remains = Remains::open(entry)?;
    let mut exported = ExportedFrames {
        text: frame_table::headings(),
        frames: 0,
        left_out: 0,
    };
    let mut names: HashMap<NameId, Box<str>> = HashMap::new();
    each_sound(&remains, until_s, &mut |sound| {
        if exported.text.len() > TABLE_BYTES_MAX {
            exported.left_out += 1;
            return Ok(());
        }
        for id in names_in(&sound.frame) {
            if let Entry::Vacant(name) = names.entry(id) {
                name.insert(text_of(remains.connection(), id)?.unwrap_or_default());
            }
        }
        let time = (sound.at_s, sound.step_s);
        let rows = frame_table::rows(&sound.frame, time, |id| &*names[&id]);
        exported.text.extend(rows);
        exported.frames += 1;
        Ok(())
    })?;
    Ok((exported.frames > 0).then_some(exported))
}

/// What was learned while frames were read.
#[derive(Default)]
struct Read {
    damaged: u64,
    /// The names that sound frames use.
    names: HashMap<NameId, Option<Box<str>>>,
}

/// Visits the sound frames, those of the finest tier first, each tier from its earliest.
fn each_sound(
    remains: &Remains,
    until_s: i64,
    visit: &mut dyn FnMut(Sound) -> Result<(), StoreError>,
) -> Result<Read, StoreError> {
    remains.check(FRAME, "frames")?;
    let connection = remains.connection();
    let mut read = Read::default();
    for tier in TIERS {
        for at_s in times(connection, tier, until_s)? {
            match read_if_sound(packed(connection, tier.step_s, at_s))? {
                Some(None) => {}
                Some(Some(packed)) => match read.sound(connection, &packed)? {
                    Some(frame) => visit(Sound {
                        step_s: tier.step_s,
                        at_s,
                        frame,
                    })?,
                    None => read.damaged += 1,
                },
                None => read.damaged += 1,
            }
        }
    }
    Ok(read)
}

impl Read {
    fn sound(
        &mut self,
        connection: &Connection,
        packed: &[u8],
    ) -> Result<Option<Frame>, StoreError> {
        let Some(frame) = Frame::unpack(packed) else {
            return Ok(None);
        };
        for id in names_in(&frame) {
            if let Entry::Vacant(name) = self.names.entry(id) {
                name.insert(read_if_sound(text_of(connection, id))?.flatten());
            }
        }
        let is_named = names_in(&frame).all(|id| self.names[&id].is_some());
        Ok(is_named.then_some(frame))
    }
}

const FRAME: &str = "SELECT packed FROM frame WHERE step_s = ?1 AND at_s = ?2";

fn packed(connection: &Connection, step_s: u32, at_s: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached(FRAME)?;
    let found = statement.query_row([i64::from(step_s), at_s], |row| row.get(0));
    Ok(found.optional()?)
}

/// Returns the times that a tier may have frames of: as long as one is kept, up to the latest.
fn times(
    connection: &Connection,
    tier: Tier,
    until_s: i64,
) -> Result<impl Iterator<Item = i64>, StoreError> {
    let sql = "SELECT max(at_s) FROM frame WHERE step_s = ?1 AND at_s <= ?2";
    let latest = connection.query_row(sql, params![tier.step_s, until_s], |row| row.get(0));
    let latest: Option<i64> = read_if_sound(latest.map_err(Into::into))?.flatten();
    let latest_s = latest.unwrap_or(step_of(until_s, tier.step_s));
    let step = usize::try_from(tier.step_s).expect("a step is some seconds");
    Ok((latest_s - tier.kept_s..=latest_s).step_by(step))
}

fn has_frame(connection: &Connection, step_s: u32, at_s: i64) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM frame WHERE step_s = ?1 AND at_s = ?2)";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([i64::from(step_s), at_s], |row| row.get(0))?)
}

fn text_of(connection: &Connection, id: NameId) -> Result<Option<Box<str>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT text FROM name WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}

fn names_in(frame: &Frame) -> impl Iterator<Item = NameId> {
    let components = frame.tallies.keys().map(|key| key.component);
    let sources = frame.tallies.keys().map(|key| key.source);
    let sources = sources.filter(|source| *source != NO_SOURCE);
    components
        .chain(sources)
        .chain(frame.memory.keys().copied())
}

/// Adds frames under the numbers that their names have in another database.
struct Renamed<'a> {
    transaction: &'a PlacedTransaction<'a>,
    names: &'a HashMap<NameId, Option<Box<str>>>,
    numbers: HashMap<NameId, NameId>,
}

impl<'a> Renamed<'a> {
    fn new(
        transaction: &'a PlacedTransaction<'a>,
        names: &'a HashMap<NameId, Option<Box<str>>>,
    ) -> Self {
        Self {
            transaction,
            names,
            numbers: HashMap::new(),
        }
    }

    fn insert(&mut self, sound: &Sound) -> Result<(), StoreError> {
        let frame = self.frame(&sound.frame)?;
        self.transaction
            .prepare_cached("INSERT INTO frame VALUES (?1, ?2, ?3)")?
            .execute(params![sound.step_s, sound.at_s, frame.pack()])?;
        Ok(())
    }

    fn frame(&mut self, frame: &Frame) -> Result<Frame, StoreError> {
        let mut renamed = Frame {
            own_memory: frame.own_memory,
            ..Frame::default()
        };
        for (key, tally) in &frame.tallies {
            let key = SeriesKey {
                component: self.number(key.component)?,
                arm: key.arm,
                source: match key.source {
                    NO_SOURCE => NO_SOURCE,
                    source => self.number(source)?,
                },
            };
            renamed.tallies.insert(key, tally.clone());
        }
        for (source, spread) in &frame.memory {
            renamed.memory.insert(self.number(*source)?, *spread);
        }
        Ok(renamed)
    }

    fn number(&mut self, id: NameId) -> Result<NameId, StoreError> {
        if let Some(number) = self.numbers.get(&id) {
            return Ok(*number);
        }
        let text = self.names.get(&id).and_then(Option::as_deref);
        let text = text.expect("a sound frame has names that were read");
        let number = number_of(self.transaction, text)?;
        self.numbers.insert(id, number);
        Ok(number)
    }
}
