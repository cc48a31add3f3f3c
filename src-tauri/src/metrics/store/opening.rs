//! From a data folder to an open `metrics.db`.

use crate::store::StoreError;
use crate::store::sqlite::commits;
use crate::store::sqlite::quarantine::Database;
use crate::store::sqlite::side::SideDatabase;

/// `metrics.db`, marked with "FLDM" in ASCII.
pub(super) const METRICS: SideDatabase = SideDatabase {
    database: Database::Metrics,
    mark: 0x464c_444d,
    format: 5,
    tables: &[TABLES, EVIDENCE, commits::TABLE],
    upgrades: &[
        |transaction| Ok(transaction.execute_batch(EVIDENCE)?),
        commits::add,
        // Frames have sources from format 4 on, and the log notes removals; those before are read
        // as they are.
        |_| Ok(()),
        // The log marks calculations of users who were counted a moment before.
        |_| Ok(()),
    ],
    progress: "SELECT name, seq FROM sqlite_sequence",
};

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

/// What components are judged by.
const EVIDENCE: &str = "
CREATE TABLE evidence (
    from_ms INTEGER PRIMARY KEY,
    packed  BLOB NOT NULL
) STRICT;
";

pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { what: what.into() }
}
