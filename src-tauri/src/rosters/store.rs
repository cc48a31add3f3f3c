//! The store of rosters: `rosters.db` in the data folder.
//!
//! Rows are packed together, some hundreds in a blob with a hash, in the order of the file: an import
//! is one transaction, which a program that is killed leaves without a trace in the tables. Deleting
//! overwrites (`secure_delete`), and the write-ahead log is emptied after each change.
//! Does not read the clock.

mod chunks;
mod forgettings;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use flagdeck_core::{Roster, RosterBuilder};
use foldhash::fast::RandomState;
use indexmap::IndexSet;
use rusqlite::{Connection, OptionalExtension, Params, Row as SqlRow, Transaction, params};

use self::chunks::{Chunk, Packed};
pub(super) use self::forgettings::Forgettings;
use super::intake::name_of;
use super::limits::{CHUNK_BYTES, ROSTERS_MAX};
use super::reading::Row;
use super::shapes::{Forgotten, GroupCount, Person, RosterInfo};
use super::{RostersError, Version};
use crate::source::SourceName;
use crate::store::StoreError;
use crate::store::sqlite::place::Placed;
use crate::store::sqlite::quarantine::Database;
use crate::store::sqlite::side::{Opened, SharedLock, SideDatabase};
use crate::store::sqlite::{certainty, commits, connection};

/// `rosters.db`, marked with "FLDR" in ASCII.
pub(super) const ROSTERS: SideDatabase = SideDatabase {
    database: Database::Rosters,
    mark: 0x464c_4452,
    format: 2,
    tables: &[TABLES, commits::TABLE, forgettings::TABLE],
    upgrades: &[forgettings::add],
    progress: "SELECT name, seq FROM sqlite_sequence",
};

const TABLES: &str = "
CREATE TABLE roster (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- NULL while it is imported, in the transaction that does so.
    name       TEXT    UNIQUE,
    -- Grows when a user is removed from it.
    generation INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL,
    -- What is known of it, as JSON. Rows name groups and columns by their places in that.
    info       TEXT    NOT NULL
) STRICT;

CREATE TABLE chunk (
    roster INTEGER NOT NULL REFERENCES roster (id),
    seq    INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    packed BLOB    NOT NULL,
    PRIMARY KEY (roster, seq)
) STRICT;
";

/// A roster as it is found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) info: RosterInfo,
    pub(super) version: Version,
}

/// A connection to `rosters.db` that writes.
pub(super) struct RosterStore {
    connection: Placed,
    /// Nothing moves the database away while it is held.
    _share: SharedLock,
}

impl RosterStore {
    /// Opens the store of an existing data folder, and creates it if it is missing. A damaged one is
    /// moved to quarantine if no other program has it open.
    pub(super) fn open(data_dir: &Path, now_ms: i64) -> Result<Self, StoreError> {
        let Opened {
            connection, share, ..
        } = ROSTERS.open(data_dir, now_ms, list)?;
        connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
        // Nothing of a roster gets into a temporary file.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        let store = Self {
            connection,
            _share: share,
        };
        // What a killed import has left in the log. While another program reads, that is left to the
        // next one.
        match store.clear_log() {
            Ok(()) | Err(StoreError::Busy) => Ok(store),
            Err(error) => Err(error),
        }
    }

    /// Writes in one transaction, which ends durably or changes nothing: also if `write` returns
    /// `None`.
    pub(super) fn within<T: Outcome>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, RostersError>,
    ) -> Result<T, RostersError> {
        let done = self.written(write);
        done.map_err(|error| match error {
            RostersError::Store(error) => {
                RostersError::Store(ROSTERS.judge(&self.connection, error))
            }
            other => other,
        })
    }

    fn written<T: Outcome>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, RostersError>,
    ) -> Result<T, RostersError> {
        let transaction = self.connection.begin()?;
        let done = write(&transaction)?;
        if done.is_to_be_kept() {
            transaction.commit()?;
        }
        Ok(done)
    }

    /// Moves everything out of the write-ahead log and empties that.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another program reads what is in it.
    pub(super) fn clear_log(&self) -> Result<(), StoreError> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        match self.connection.query_row(sql, [], |row| row.get(0))? {
            0 => Ok(()),
            1.. => Err(StoreError::Busy),
            i64::MIN..0 => Err(StoreError::damaged("its log cannot be emptied")),
        }
    }
}

/// What came of a write.
pub(super) trait Outcome {
    /// Returns whether the transaction is committed.
    fn is_to_be_kept(&self) -> bool {
        true
    }
}

impl<T> Outcome for Option<T> {
    fn is_to_be_kept(&self) -> bool {
        self.is_some()
    }
}

impl Outcome for RosterInfo {}

impl Outcome for bool {
    fn is_to_be_kept(&self) -> bool {
        *self
    }
}

impl Outcome for Vec<Forgotten> {}

/// With something that was read beside it.
impl<T: Outcome, U> Outcome for (T, U) {
    fn is_to_be_kept(&self) -> bool {
        self.0.is_to_be_kept()
    }
}

/// Lists all rosters, by name.
pub(super) fn list(connection: &Connection) -> Result<Vec<RosterInfo>, StoreError> {
    let mut statement = connection
        .prepare("SELECT id, generation, info FROM roster WHERE name IS NOT NULL ORDER BY name")?;
    let rows = statement.query_map([], columns)?;
    rows.map(|row| Ok(found(row?)?.info)).collect()
}

/// Finds a roster by its name; the one imported last without.
pub(super) fn find(
    connection: &Connection,
    name: Option<&SourceName>,
) -> Result<Option<Found>, StoreError> {
    const ONE: &str = "SELECT id, generation, info FROM roster WHERE name = ?1";
    const LATEST: &str = "SELECT id, generation, info FROM roster WHERE name IS NOT NULL
                          ORDER BY name = 'Seen in events', at_ms DESC, id DESC LIMIT 1";
    let row = match name {
        Some(name) => connection.query_row(ONE, [name.as_str()], columns),
        None => connection.query_row(LATEST, [], columns),
    };
    row.optional()?.map(found).transpose()
}

type Columns = (i64, i64, String);

fn columns(row: &SqlRow<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn found((id, generation, info): Columns) -> Result<Found, StoreError> {
    let info = serde_json::from_str(&info);
    Ok(Found {
        info: info.map_err(|_| StoreError::damaged("what is known of a roster cannot be read"))?,
        version: Version { id, generation },
    })
}

/// Begins a roster whose rows are written one by one.
pub(super) fn begin<'a>(
    transaction: &'a Transaction<'_>,
    now_ms: i64,
) -> Result<Writer<'a>, RostersError> {
    let sql = "INSERT INTO roster (generation, at_ms, info) VALUES (0, ?1, '')";
    execute(transaction, sql, [now_ms])?;
    Ok(Writer {
        transaction,
        roster: transaction.last_insert_rowid(),
        seq: 0,
        packed: Vec::with_capacity(CHUNK_BYTES * 2),
        groups: IndexSet::default(),
        numbers: Vec::new(),
    })
}

/// Writes the rows of a roster.
pub(super) struct Writer<'a> {
    transaction: &'a Transaction<'a>,
    roster: i64,
    seq: i64,
    packed: Vec<u8>,
    /// Every group that a row named.
    groups: IndexSet<Box<str>, RandomState>,
    /// The groups of one row, by their places.
    numbers: Vec<u32>,
}

impl Writer<'_> {
    pub(super) fn push(&mut self, row: &Row) -> Result<(), StoreError> {
        self.numbers.clear();
        for name in row.groups.iter() {
            let known = self.groups.get_index_of(name);
            let number = known.unwrap_or_else(|| self.groups.insert_full(name.into()).0);
            self.numbers.push(number as u32);
        }
        let attributes = row.columns.iter().copied().zip(row.attributes.iter());
        let packed = Packed {
            id: &row.id,
            groups: std::mem::take(&mut self.numbers),
            weight: row.weight,
            attributes: attributes.collect(),
        };
        packed.write(&mut self.packed);
        self.numbers = packed.groups;
        match self.packed.len() >= CHUNK_BYTES {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let chunk = Chunk {
            roster: self.roster,
            seq: self.seq,
            packed: &self.packed,
        };
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO chunk (roster, seq, hash, packed) VALUES (?1, ?2, ?3, ?4)",
        )?;
        statement.execute(params![self.roster, self.seq, chunk.hash(), self.packed])?;
        self.seq += 1;
        self.packed.clear();
        Ok(())
    }

    /// Writes what is left, and gives the roster its name: one of that name is removed.
    pub(super) fn finish(mut self, mut info: RosterInfo) -> Result<Version, RostersError> {
        self.flush()?;
        let name = SourceName::known(&info.name);
        if let Some(before) = find(self.transaction, Some(&name))? {
            remove(self.transaction, before.version.id)?;
        } else if list(self.transaction)?.len() >= ROSTERS_MAX {
            return Err(RostersError::TooMany);
        }
        info.groups = self.counted(&info.groups);
        let version = Version {
            id: self.roster,
            generation: 0,
        };
        let sql = "UPDATE roster SET name = ?2 WHERE id = ?1";
        execute(self.transaction, sql, params![self.roster, info.name])?;
        write_info(self.transaction, version, &info)?;
        Ok(version)
    }

    /// Returns every group that a row names, in the order in which rows are stored with them: no
    /// user is left in one of which all rows were replaced.
    fn counted(&self, groups: &[GroupCount]) -> Vec<GroupCount> {
        let people: HashMap<&str, u64, RandomState> = groups
            .iter()
            .map(|group| (group.name.as_str(), group.people))
            .collect();
        let names = self.groups.iter();
        let counted = names.map(|name| GroupCount {
            name: name.to_string(),
            people: people.get(&**name).copied().unwrap_or(0),
        });
        counted.collect()
    }
}

fn write_info(
    transaction: &Transaction<'_>,
    version: Version,
    info: &RosterInfo,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(info).expect("plain data is JSON");
    let sql = "UPDATE roster SET generation = ?2, info = ?3 WHERE id = ?1";
    execute(
        transaction,
        sql,
        params![version.id, version.generation, text],
    )
}

fn execute(connection: &Connection, sql: &str, params: impl Params) -> Result<(), StoreError> {
    connection.execute(sql, params)?;
    Ok(())
}

/// Runs `read` on each chunk of a roster, in the order of its rows.
fn each_chunk(
    connection: &Connection,
    roster: i64,
    mut read: impl FnMut(&Chunk<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = "SELECT seq, hash, packed FROM chunk WHERE roster = ?1 ORDER BY seq";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([roster])?;
    while let Some(row) = rows.next()? {
        let packed = row.get_ref(2)?.as_blob().map_err(|_| chunks::damaged())?;
        let chunk = Chunk {
            roster,
            seq: row.get(0)?,
            packed,
        };
        let hash = row.get_ref(1)?.as_blob().map_err(|_| chunks::damaged())?;
        if chunk.hash() != *hash {
            return Err(chunks::damaged());
        }
        read(&chunk)?;
    }
    Ok(())
}

/// Loads a roster to be counted.
pub(super) fn load(
    connection: &Connection,
    roster: i64,
    info: &RosterInfo,
) -> Result<Roster, StoreError> {
    let names: Vec<&str> = info
        .groups
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    let mut builder = RosterBuilder::new();
    each_chunk(connection, roster, |chunk| {
        chunk.each(|row| {
            let groups = row
                .groups
                .iter()
                .filter_map(|at| names.get(*at as usize).copied());
            // Every row was taken once.
            let pushed = builder.push(row.id, groups, row.weight);
            pushed.map(drop).map_err(|_| chunks::damaged())
        })
    })?;
    match builder.len() as u64 == info.people {
        true => Ok(builder.finish()),
        false => Err(StoreError::damaged("rows of a roster are missing")),
    }
}

/// Finds a user: the last row of an id counts.
pub(super) fn person(
    connection: &Connection,
    found: &Found,
    id: &str,
) -> Result<Option<Person>, StoreError> {
    let mut person = None;
    each_chunk(connection, found.version.id, |chunk| {
        chunk.each_of(id, |row| {
            person = Some(of_row(row, &found.info));
        })
    })?;
    Ok(person)
}

fn of_row(row: &Packed<'_>, info: &RosterInfo) -> Person {
    let groups = row
        .groups
        .iter()
        .filter_map(|at| info.groups.get(*at as usize));
    let attributes = row.attributes.iter();
    let attributes =
        attributes.map(|(at, text)| (name_of(&info.form.columns, *at), (*text).to_owned()));
    Person {
        id: row.id.to_owned(),
        groups: groups.map(|group| group.name.clone()).collect(),
        weight: row.weight.unwrap_or(1.0),
        attributes: attributes.collect(),
    }
}

/// Removes a roster.
pub(super) fn remove(transaction: &Transaction<'_>, roster: i64) -> Result<(), StoreError> {
    execute(transaction, "DELETE FROM chunk WHERE roster = ?1", [roster])?;
    execute(transaction, "DELETE FROM roster WHERE id = ?1", [roster])
}

/// Removes a user from all rosters; returns from which.
pub(super) fn forget(
    transaction: &Transaction<'_>,
    id: &str,
) -> Result<Vec<Forgotten>, StoreError> {
    let mut forgotten = Vec::new();
    for info in list(transaction)? {
        let name = SourceName::known(&info.name);
        let found = find(transaction, Some(&name))?;
        let rows = found.map_or(Ok(0), |found| forget_in(transaction, found, id))?;
        if rows > 0 {
            let roster = info.name;
            forgotten.push(Forgotten { roster, rows });
        }
    }
    Ok(forgotten)
}

fn forget_in(transaction: &Transaction<'_>, found: Found, id: &str) -> Result<u64, StoreError> {
    let Found { mut info, version } = found;
    let (mut rows, mut last, mut kept) = (0, None, Vec::new());
    each_chunk(transaction, version.id, |chunk| {
        let (mut without, before) = (Vec::new(), rows);
        chunk.each_of(id, |row| {
            rows += 1;
            last = Some(row.groups.clone());
        })?;
        if rows > before {
            chunk.each(|row| {
                if row.id != id {
                    row.write(&mut without);
                }
                Ok(())
            })?;
            kept.push((chunk.seq, without));
        }
        Ok(())
    })?;
    let Some(groups) = last else {
        return Ok(0);
    };
    for (seq, packed) in kept {
        let chunk = Chunk {
            roster: version.id,
            seq,
            packed: &packed,
        };
        let sql = "UPDATE chunk SET hash = ?3, packed = ?4 WHERE roster = ?1 AND seq = ?2";
        execute(
            transaction,
            sql,
            params![version.id, seq, chunk.hash(), packed],
        )?;
    }
    leave(&mut info, &groups, rows);
    let version = Version {
        generation: version.generation + 1,
        ..version
    };
    write_info(transaction, version, &info)?;
    Ok(rows)
}

/// Takes a user, of whom there were so many rows, out of what is known of a roster.
fn leave(info: &mut RosterInfo, groups: &[u32], rows: u64) {
    info.people = info.people.saturating_sub(1);
    info.duplicates = info.duplicates.saturating_sub(rows - 1);
    if groups.is_empty() {
        info.ungrouped = info.ungrouped.saturating_sub(1);
    }
    let groups: BTreeSet<u32> = groups.iter().copied().collect();
    for at in groups {
        if let Some(group) = info.groups.get_mut(at as usize) {
            group.people = group.people.saturating_sub(1);
        }
    }
}

/// Reads everything. Returns how many rosters there are, and the problems that are certain.
pub(super) fn check(data_dir: &Path) -> Result<Option<(usize, Vec<String>)>, StoreError> {
    if ROSTERS.read(data_dir)?.is_none() {
        return Ok(None);
    }
    let checked = certainty::check(&ROSTERS.path(data_dir), || {
        let Some(connection) = ROSTERS.read(data_dir)? else {
            return Ok((0, Vec::new()));
        };
        let moment = connection.unchecked_transaction()?;
        problems(&moment).map_err(|error| ROSTERS.name(error))
    });
    checked.map(Some)
}

fn problems(connection: &Connection) -> Result<(usize, Vec<String>), StoreError> {
    let mut problems = Vec::new();
    match connection::check_structure(connection) {
        Err(StoreError::Damaged { what }) => {
            problems.push(format!("rosters.db is damaged: {what}"));
        }
        checked => checked?,
    }
    let rosters = list(connection)?;
    for info in &rosters {
        let found = find(connection, Some(&SourceName::known(&info.name)))?;
        let Some(found) = found else { continue };
        match each_chunk(connection, found.version.id, |chunk| chunk.each(|_| Ok(()))) {
            Err(StoreError::Damaged { what }) => {
                problems.push(format!("the roster {} is damaged: {what}", info.name));
            }
            read => read?,
        }
    }
    Ok((rosters.len(), problems))
}
