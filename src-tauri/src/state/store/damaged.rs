//! Single records that are damaged and that nothing needs: what each of them told cannot be read
//! any more, and everything else is as sound with them as without. They are found, and removed when
//! a person asks for that.
//!
//! A damaged state is not one of them (`recovery.rs`), nor is a snapshot (`removing.rs`).

use std::fmt;

use rusqlite::{Connection, Row};

use super::sources::{self, Source};
use super::{StateStore, finding, restores, ring};
use crate::state::{SourceName, StateError};
use crate::store::StoreError;

/// A damaged record that nothing needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::state) enum DamagedRecord {
    /// A restore: of what it is stored cannot be read.
    Restore(u64),
    /// A change in the ring of a source whose state is written whole after it.
    Change(SourceName, i64),
    /// What a whole report of a source changed.
    Report(SourceName, i64),
    /// What was recorded before a snapshot.
    Recorded(i64),
}

impl fmt::Display for DamagedRecord {
    /// Says what is lost with it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restore(id) => write!(f, "restore {id}: what it asked for, and how it ended"),
            Self::Change(source, seq) => {
                write!(f, "change {seq} of {source}: what it set, in the history")
            }
            Self::Report(source, seq) => {
                write!(
                    f,
                    "the report of change {seq} of {source}: the list of what it changed"
                )
            }
            Self::Recorded(snapshot) => write!(
                f,
                "what was recorded before snapshot {snapshot}: the list of changes, not the snapshot"
            ),
        }
    }
}

impl StateStore {
    /// Removes a restore whose record is damaged.
    ///
    /// # Errors
    /// [`StateError::SoundRestore`] if it is not, and [`StateError`] if there is none, or it cannot
    /// be stored.
    pub(in crate::state) fn remove_damaged_restore(&mut self, id: u64) -> Result<(), StateError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            restores::remove_damaged(&transaction, id)?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Removes those of some damaged records that this connection finds damaged, too. Returns them.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be stored; then none was removed.
    pub(in crate::state) fn remove_damaged_records(
        &mut self,
        records: &[DamagedRecord],
    ) -> Result<Vec<DamagedRecord>, StoreError> {
        self.surely(|store| {
            let transaction = store.connection.begin()?;
            let mut damaged = find(&transaction)?;
            damaged.retain(|record| records.contains(record));
            for record in &damaged {
                remove(&transaction, record)?;
            }
            transaction.commit()?;
            Ok(damaged)
        })
    }
}

/// Finds all of them.
///
/// # Errors
/// [`StoreError`] if reading stopped before the end.
pub(in crate::state) fn find(connection: &Connection) -> Result<Vec<DamagedRecord>, StoreError> {
    let damaged = restores::all_damaged(connection)?.into_iter();
    let mut found: Vec<_> = damaged.map(DamagedRecord::Restore).collect();
    for source in finding::all(connection)?.sound {
        let of_source = |kind: fn(SourceName, i64) -> DamagedRecord, seqs: Vec<i64>| {
            let name = source.name.clone();
            seqs.into_iter().map(move |seq| kind(name.clone(), seq))
        };
        let changes = changes(connection, &source)?;
        found.extend(of_source(DamagedRecord::Change, changes));
        let reports = ring::damaged_reports(connection, source.id)?;
        found.extend(of_source(DamagedRecord::Report, reports));
        let recorded = ring::damaged_recorded(connection, source.id)?;
        found.extend(recorded.into_iter().map(DamagedRecord::Recorded));
    }
    Ok(found)
}

/// Returns the damaged changes of a source that its state is not made of.
fn changes(connection: &Connection, source: &Source) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT seq, history_max, seal, change FROM journal WHERE source = ?1 AND seq <= \
               (SELECT seq FROM whole WHERE source = ?1) ORDER BY seq";
    let is_damaged = |row: &Row<'_>| Ok(sources::read_journal(row, source.id)?.is_none());
    ring::numbers_of(connection, sql, source.id, is_damaged)
}

/// Removes one.
pub(super) fn remove(connection: &Connection, record: &DamagedRecord) -> Result<(), StoreError> {
    let of_source = |table: &str, name: &SourceName, seq: i64| {
        connection.execute(
            &format!(
                "DELETE FROM {table} WHERE seq = ?2 AND source = \
                 (SELECT id FROM source WHERE name = ?1)"
            ),
            (name.as_str(), seq),
        )
    };
    match record {
        DamagedRecord::Restore(id) => return restores::remove(connection, *id),
        DamagedRecord::Change(name, seq) => of_source("journal", name, *seq)?,
        DamagedRecord::Report(name, seq) => of_source("report", name, *seq)?,
        DamagedRecord::Recorded(id) => {
            connection.execute("DELETE FROM recorded WHERE snapshot = ?1", [id])?
        }
    };
    Ok(())
}
