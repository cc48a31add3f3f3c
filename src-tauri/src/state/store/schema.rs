//! The tables of `state.db` and its formats.

use rusqlite::Transaction;

use super::{restores, ring, snapshots};
use crate::store::StoreError;
use crate::store::sqlite::commits;
use crate::store::sqlite::quarantine::Database;
use crate::store::sqlite::side::SideDatabase;

/// `state.db`, marked with "FLDS" in ASCII.
pub(in crate::state) const STATES: SideDatabase = SideDatabase {
    database: Database::States,
    mark: 0x464c_4453,
    format: 5,
    tables: &[TABLES, ring::TABLES, snapshots::SEALS, commits::TABLE],
    upgrades: &[upgrade_to_2, upgrade_to_3, upgrade_to_4, upgrade_to_5],
    progress: "SELECT 'the last ' || name, seq FROM sqlite_sequence
               UNION ALL SELECT 'source ' || name, seq FROM source",
};

// `coding` comes last: SQLite reads the columns before it without walking through it.
pub(super) const TABLES: &str = "
CREATE TABLE source (
    id      INTEGER PRIMARY KEY,
    name    TEXT    NOT NULL UNIQUE,
    -- Grows with every change; what is held in memory is good while it is the same.
    seq     INTEGER NOT NULL,
    -- When it was heard last; 0 for one of which there are only snapshots.
    at_ms   INTEGER NOT NULL,
    files   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    records INTEGER NOT NULL,
    seal    BLOB    NOT NULL
) STRICT;

CREATE TABLE whole (
    source INTEGER PRIMARY KEY REFERENCES source (id),
    seq    INTEGER NOT NULL,
    seal   BLOB    NOT NULL,
    text   BLOB    NOT NULL
) STRICT;

CREATE TABLE journal (
    source      INTEGER NOT NULL REFERENCES source (id),
    seq         INTEGER NOT NULL,
    history_max INTEGER NOT NULL,
    seal        BLOB    NOT NULL,
    change      BLOB    NOT NULL,
    PRIMARY KEY (source, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    source   INTEGER NOT NULL REFERENCES source (id),
    at_ms    INTEGER NOT NULL,
    cause    TEXT    NOT NULL,
    name     TEXT,
    note     TEXT,
    pinned   INTEGER NOT NULL,
    files    INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    changes  INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    -- The change of the source that it is of.
    seq      INTEGER NOT NULL,
    -- The snapshot its chain begins with: itself, where it is kept whole.
    chain    INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    seal     BLOB    NOT NULL,
    coding   BLOB    NOT NULL
) STRICT;

CREATE INDEX snapshot_by_source ON snapshot (source, id);
CREATE INDEX snapshot_by_time ON snapshot (at_ms, id);
CREATE INDEX snapshot_by_chain ON snapshot (chain, id);

CREATE TABLE restore (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    source       INTEGER NOT NULL REFERENCES source (id),
    snapshot     INTEGER NOT NULL,
    safety       INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    via          TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    revision     INTEGER,
    -- Keys as people read them, in JSON lists; none for everything.
    only_parts   TEXT    NOT NULL DEFAULT '[]',
    except_parts TEXT    NOT NULL DEFAULT '[]',
    undoes       INTEGER,
    status       TEXT    NOT NULL DEFAULT 'open',
    ended_ms     INTEGER,
    ended_via    TEXT,
    ended_actor  TEXT,
    -- Whether what the source confirmed with is as asked for, and what is not.
    exact        INTEGER,
    differing    TEXT    NOT NULL DEFAULT '[]',
    -- Empty until the row is complete.
    seal         BLOB    NOT NULL DEFAULT x''
) STRICT;

CREATE INDEX restore_by_source ON restore (source, id);

CREATE TABLE asked (
    restore INTEGER PRIMARY KEY REFERENCES restore (id),
    -- How many files the source is to have; none for as many as it has.
    files   INTEGER,
    seal    BLOB NOT NULL,
    text    BLOB NOT NULL
) STRICT;
";

/// Makes format 2 of format 1, in which a restore overwrote the state, and the ring of changes was
/// part of it.
fn upgrade_to_2(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    restores::migrate_restores(transaction)?;
    ring::migrate_ring(transaction)
}

/// Makes format 3 of format 2, whose snapshots have hashes over the spelling of numbers: these are
/// still recognised, and kept.
fn upgrade_to_3(_: &Transaction<'_>) -> Result<(), StoreError> {
    Ok(())
}

/// Makes format 4 of format 3, whose codings had no seals, which knew of no recovery and counted no
/// commits.
fn upgrade_to_4(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    snapshots::seal_codings(transaction)?;
    commits::add(transaction)
}

/// Makes format 5 of format 4, whose restores had no seals.
fn upgrade_to_5(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    restores::seal_restores(transaction)
}
