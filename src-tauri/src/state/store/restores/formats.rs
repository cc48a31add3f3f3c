//! The table of restores in earlier formats of `state.db`.

use rusqlite::Transaction;

use super::rows;
use crate::store::StoreError;

/// Makes the restores of format 1 those of format 2.
///
/// They overwrote the report with the state, and any report with their number confirmed them. So an
/// unconfirmed one has ended, and one that was called exact may not have been; only inexact ones
/// are certain.
pub(in crate::state::store) fn migrate_restores(
    transaction: &Transaction<'_>,
) -> Result<(), StoreError> {
    Ok(transaction.execute_batch(&format!(
        "{MIGRATION}
         UPDATE restore SET
             status = CASE
                 WHEN confirmed_ms IS NOT NULL THEN 'confirmed'
                 WHEN EXISTS (SELECT 1 FROM restore AS next
                              WHERE next.source = restore.source AND next.id > restore.id)
                 THEN 'superseded'
                 ELSE 'cancelled'
             END,
             ended_ms = coalesce(
                 confirmed_ms,
                 (SELECT min(next.at_ms) FROM restore AS next
                  WHERE next.source = restore.source AND next.id > restore.id),
                 at_ms
             ),
             exact = CASE WHEN confirmed_ms IS NOT NULL AND exact = 0 THEN 0 END;
         ALTER TABLE restore DROP COLUMN hash;
         ALTER TABLE restore DROP COLUMN confirmed_ms;
         {ASKED_TABLES}"
    ))?)
}

const MIGRATION: &str = "
ALTER TABLE restore ADD COLUMN only_parts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE restore ADD COLUMN except_parts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE restore ADD COLUMN undoes INTEGER;
ALTER TABLE restore ADD COLUMN status TEXT NOT NULL DEFAULT 'open';
ALTER TABLE restore ADD COLUMN ended_ms INTEGER;
ALTER TABLE restore ADD COLUMN ended_via TEXT;
ALTER TABLE restore ADD COLUMN ended_actor TEXT;
ALTER TABLE restore ADD COLUMN differing TEXT NOT NULL DEFAULT '[]';
";

/// What open restores ask for, and that a source has one at most.
const ASKED_TABLES: &str = "
CREATE UNIQUE INDEX restore_open ON restore (source) WHERE status = 'open';

CREATE TABLE asked (
    restore INTEGER PRIMARY KEY REFERENCES restore (id),
    -- How many files the source is to have; none for as many as it has.
    files   INTEGER,
    seal    BLOB NOT NULL,
    text    BLOB NOT NULL
) STRICT;
";

/// Seals the restores of format 4 as they are. The index that allowed a source one open restore is
/// dropped: the entry of a damaged row would have refused the next one.
pub(in crate::state::store) fn seal_restores(
    transaction: &Transaction<'_>,
) -> Result<(), StoreError> {
    transaction.execute_batch(
        "ALTER TABLE restore ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
         DROP INDEX IF EXISTS restore_open;",
    )?;
    rows::seal_readable(transaction)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::{last_id, list};
    use super::*;
    use crate::state::shapes::{RestoreFilter, RestoreStatus};

    /// The table as format 1 had it.
    const FORMAT_1: &str = "
        CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        INSERT INTO source VALUES (1, 'web'), (2, 'batch');
        CREATE TABLE restore (
            id           INTEGER PRIMARY KEY AUTOINCREMENT,
            source       INTEGER NOT NULL REFERENCES source (id),
            snapshot     INTEGER NOT NULL,
            safety       INTEGER NOT NULL,
            at_ms        INTEGER NOT NULL,
            via          TEXT    NOT NULL,
            actor        TEXT    NOT NULL,
            hash         BLOB    NOT NULL,
            revision     INTEGER,
            confirmed_ms INTEGER,
            exact        INTEGER
        ) STRICT;
        CREATE INDEX restore_by_source ON restore (source, id);
        INSERT INTO restore VALUES
            (1, 1, 5, 6, 100, 'flagctl', 'ann', x'00', 3,    110,  1),
            (2, 1, 5, 7, 200, 'window',  'bob', x'00', NULL, 210,  0),
            (3, 1, 5, 8, 300, 'window',  'bob', x'00', NULL, NULL, NULL),
            (4, 1, 5, 9, 400, 'flagctl', 'ann', x'00', NULL, NULL, NULL),
            (5, 2, 1, 2, 500, 'flagctl', 'ann', x'00', NULL, 510,  0);";

    #[test]
    fn restores_of_format_1_are_over_and_none_is_called_exact() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(FORMAT_1).unwrap();
        let transaction = connection.transaction().unwrap();
        migrate_restores(&transaction).unwrap();
        seal_restores(&transaction).unwrap();
        transaction.commit().unwrap();
        let page = list(&connection, &RestoreFilter::default(), 0, 10).unwrap();
        let told = page.restores.iter().rev();
        let told: Vec<_> = told
            .map(|it| (it.id, it.status, it.ended_ms, it.confirmed_ms, it.is_exact))
            .collect();
        use RestoreStatus::{Cancelled, Confirmed, Superseded};
        assert_eq!(
            told,
            [
                (1, Confirmed, Some(110), Some(110), None),
                (2, Confirmed, Some(210), Some(210), Some(false)),
                (3, Superseded, Some(400), None, None),
                (4, Cancelled, Some(400), None, None),
                (5, Confirmed, Some(510), Some(510), Some(false)),
            ]
        );
        assert_eq!(page.restores[4].revision, Some(3));
        assert!(
            page.restores
                .iter()
                .all(|it| it.only.is_empty() && it.ended_by.is_none())
        );
        assert_eq!(last_id(&connection).unwrap(), 5);
    }

    #[test]
    fn what_is_migrated_has_the_columns_of_what_is_made() {
        let columns = |connection: &Connection| {
            let mut statement = connection.prepare("PRAGMA table_info(restore)").unwrap();
            let rows = statement.query_map([], |row| {
                Ok((
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, bool>(3)?,
                ))
            });
            let mut columns: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
            columns.sort();
            columns
        };
        let mut old = Connection::open_in_memory().unwrap();
        old.execute_batch(FORMAT_1).unwrap();
        let transaction = old.transaction().unwrap();
        migrate_restores(&transaction).unwrap();
        seal_restores(&transaction).unwrap();
        transaction.commit().unwrap();
        let new = Connection::open_in_memory().unwrap();
        new.execute_batch(super::super::super::schema::TABLES)
            .unwrap();
        assert_eq!(columns(&old), columns(&new));
    }
}
