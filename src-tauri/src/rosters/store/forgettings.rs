//! How often users were forgotten, as a number in the database.
//!
//! Another program may hold a user in memory who is forgotten here. It compares the number with the
//! one from before it held the user, and discards what it holds if they differ.

use rusqlite::{Connection, Transaction};

use crate::store::StoreError;

/// The number, and a random one that tells this database from another one under its name.
pub(super) const TABLE: &str = "
CREATE TABLE forgettings (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    store    BLOB    NOT NULL CHECK (length(store) = 16),
    number   INTEGER NOT NULL
) STRICT;
INSERT INTO forgettings VALUES (1, randomblob(16), 0);
";

/// How often users were forgotten in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rosters) struct Forgettings {
    store: [u8; 16],
    number: i64,
}

impl Forgettings {
    /// Returns whether no user was forgotten since `before`, which is `None` if there was no
    /// database then.
    pub(in crate::rosters) fn is_as(self, before: Option<Self>) -> bool {
        before.map_or(self.number == 0, |before| before == self)
    }

    /// Reads the number.
    pub(in crate::rosters) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let sql = "SELECT store, number FROM forgettings";
        let row = connection.query_row(sql, [], |row| {
            Ok(Self {
                store: row.get(0)?,
                number: row.get(1)?,
            })
        });
        Ok(row?)
    }

    /// Counts one more, and returns the number after it.
    pub(in crate::rosters) fn count(transaction: &Transaction<'_>) -> Result<Self, StoreError> {
        transaction.execute("UPDATE forgettings SET number = number + 1", [])?;
        Self::read(transaction)
    }
}

/// Begins to count in a database of a format that did not.
pub(super) fn add(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    Ok(transaction.execute_batch(TABLE)?)
}
