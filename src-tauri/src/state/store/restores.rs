//! Restores: what each asks its source to become, and how it ended.
//!
//! [`flagdeck_core::restore`] decides; this keeps. A row says who asked for what, and its status;
//! while it is open, its tree is in `asked`, so that thinning cannot remove it. A unique index
//! ensures that at most one restore of a source is open.

use flagdeck_core::restore::{Asked, Parts, Status, Transition, Verdict};
use flagdeck_core::tree::{self, Tree};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::seal::{SEAL_BYTES, mismatch, seal};
use super::sources::Source;
use crate::state::limits::STATE_BYTES_MAX;
use crate::state::shapes::{RestoreFilter, RestorePage, RestoreStatus, StateRestore};
use crate::state::{Confirmation, StateError};
use crate::store::Actor;
use crate::store::StoreError;
use crate::store::sqlite::{read_via, write_via};

/// The level of zstd: a restore waits for it.
const PACKING_LEVEL: i32 = 1;

/// A new restore, without its state.
#[derive(Debug)]
pub(in crate::state) struct NewRestore<'a> {
    /// The snapshot it is from.
    pub(in crate::state) snapshot: u64,
    /// When it is asked, in milliseconds since 1970.
    pub(in crate::state) at_ms: i64,
    pub(in crate::state) actor: &'a Actor,
    /// The revision the flags became with it.
    pub(in crate::state) revision: Option<u64>,
    /// The restore that it undoes.
    pub(in crate::state) undoes: Option<u64>,
    /// How many files the source is to have; `None` for as many as it has.
    pub(in crate::state) files: Option<u64>,
}

/// What an open restore asks for.
#[derive(Debug)]
pub(in crate::state) struct OpenRestore {
    pub(in crate::state) restore: StateRestore,
    pub(in crate::state) asked: Asked,
    /// How many files the source is to have; `None` for as many as it has.
    pub(in crate::state) files: Option<u64>,
}

/// How a restore ends.
struct End<'a> {
    status: Status,
    at_ms: i64,
    by: Option<&'a Actor>,
    verdict: Option<Verdict>,
}

/// Asks a source for parts of a state. A restore of it that is open is superseded.
pub(super) fn ask(
    connection: &Connection,
    source: &Source,
    safety: u64,
    new_restore: &NewRestore<'_>,
    asked: &Asked,
) -> Result<u64, StoreError> {
    let at_ms = new_restore.at_ms;
    supersede(connection, source, new_restore.actor, at_ms)?;
    connection.execute(
        "INSERT INTO restore (source, snapshot, safety, at_ms, via, actor, revision, only_parts, \
         except_parts, undoes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            source.id,
            new_restore.snapshot as i64,
            safety as i64,
            at_ms,
            write_via(new_restore.actor.via),
            new_restore.actor.name,
            new_restore.revision.map(|revision| revision as i64),
            write_keys(&asked.parts().only()),
            write_keys(&asked.parts().except()),
            new_restore.undoes.map(|restore| restore as i64),
        ],
    )?;
    let id = connection.last_insert_rowid();
    keep_asked(connection, id, new_restore.files, asked)?;
    Ok(id.unsigned_abs())
}

fn supersede(
    connection: &Connection,
    source: &Source,
    actor: &Actor,
    at_ms: i64,
) -> Result<(), StoreError> {
    let open = select(
        connection,
        "restore.source = ?1 AND status = 'open'",
        source.id,
    )?;
    for restore in open {
        if let Some(status) = Status::from(restore.status).after(Transition::Supersede) {
            let end = End {
                status,
                at_ms,
                by: Some(actor),
                verdict: None,
            };
            write_end(connection, restore.id, &end)?;
        }
    }
    Ok(())
}

/// Notes that a source confirms a restore, and what it reported with that. An unknown number, or
/// that of a restore that has ended, changes nothing.
pub(super) fn confirm(
    connection: &Connection,
    source: &Source,
    id: u64,
    report: &Tree,
    at_ms: i64,
) -> Result<Confirmation, StateError> {
    let restore = find(connection, id)?.filter(|it| it.source == source.name.as_str());
    let Some(restore) = restore else {
        return Ok(Confirmation::unknown(id));
    };
    let Some(status) = Status::from(restore.status).after(Transition::Confirm) else {
        return Ok(Confirmation::of(&restore));
    };
    let verdict = match open(connection, restore) {
        Ok(open) => Some(open.asked.verdict(report)),
        // A report is never refused, even if what to compare it with is lost.
        Err(StateError::Store(StoreError::Damaged { what })) => {
            tracing::error!(what, "what a restore asks for is damaged");
            None
        }
        Err(error) => return Err(error),
    };
    let end = End {
        status,
        at_ms,
        by: None,
        verdict,
    };
    write_end(connection, id, &end)?;
    Ok(Confirmation::of(&load(connection, id)?))
}

/// Cancels a restore that is open.
pub(super) fn cancel(
    connection: &Connection,
    id: u64,
    actor: &Actor,
    at_ms: i64,
) -> Result<StateRestore, StateError> {
    let restore = load(connection, id)?;
    let status = Status::from(restore.status).after(Transition::Cancel);
    let status = status.ok_or_else(|| StateError::ended(&restore))?;
    let end = End {
        status,
        at_ms,
        by: Some(actor),
        verdict: None,
    };
    write_end(connection, id, &end)?;
    load(connection, id)
}

/// Writes how a restore ended. What it asked for is not needed any more.
fn write_end(connection: &Connection, id: u64, end: &End<'_>) -> Result<(), StoreError> {
    let differing = end
        .verdict
        .as_ref()
        .map(|verdict| verdict.differing.as_slice());
    connection.execute(
        "UPDATE restore SET status = ?2, ended_ms = ?3, ended_via = ?4, ended_actor = ?5, \
         exact = ?6, differing = ?7 WHERE id = ?1",
        params![
            id as i64,
            status_text(end.status.into()),
            end.at_ms,
            end.by.map(|actor| write_via(actor.via)),
            end.by.map(|actor| &actor.name),
            end.verdict.as_ref().map(|verdict| verdict.is_exact),
            write_keys(differing.unwrap_or_default()),
        ],
    )?;
    connection.execute("DELETE FROM asked WHERE restore = ?1", [id as i64])?;
    Ok(())
}

// What is asked for.

fn keep_asked(
    connection: &Connection,
    id: i64,
    files: Option<u64>,
    asked: &Asked,
) -> Result<(), StoreError> {
    let text = tree::write(asked.then());
    let packed = zstd::bulk::compress(&text, PACKING_LEVEL).map_err(|source| StoreError::File {
        path: "state.db".into(),
        source,
    })?;
    let (only, except) = (asked.parts().only(), asked.parts().except());
    connection.execute(
        "INSERT INTO asked (restore, files, seal, text) VALUES (?1, ?2, ?3, ?4)",
        params![
            id,
            files.map(|files| files as i64),
            asked_seal(id, &only, &except, files, &packed),
            packed
        ],
    )?;
    Ok(())
}

/// Loads what a restore asks for.
///
/// # Errors
/// [`StateError::Ended`] if it is not open.
pub(in crate::state) fn open(
    connection: &Connection,
    restore: StateRestore,
) -> Result<OpenRestore, StateError> {
    if restore.status != RestoreStatus::Open {
        return Err(StateError::ended(&restore));
    }
    let row = connection
        .prepare_cached("SELECT files, seal, text FROM asked WHERE restore = ?1")
        .and_then(|mut statement| {
            let row = statement.query_row([restore.id as i64], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            });
            row.optional()
        });
    let row: Option<(Option<i64>, [u8; SEAL_BYTES], Vec<u8>)> = row.map_err(StoreError::from)?;
    let what = || mismatch(&format!("what restore {} asks for", restore.id));
    let (files, sealed, packed) = row.ok_or_else(what)?;
    let files = files.map(i64::unsigned_abs);
    let StateRestore { only, except, .. } = &restore;
    if asked_seal(restore.id as i64, only, except, files, &packed) != sealed {
        return Err(what().into());
    }
    let text = zstd::bulk::decompress(&packed, STATE_BYTES_MAX).map_err(|_| what())?;
    let then = tree::read(&text).map_err(|_| what())?;
    let parts = Parts::read(only, except).map_err(|_| what())?;
    Ok(OpenRestore {
        asked: Asked::new(parts, then),
        restore,
        files,
    })
}

fn asked_seal(
    id: i64,
    only: &[String],
    except: &[String],
    files: Option<u64>,
    packed: &[u8],
) -> [u8; SEAL_BYTES] {
    seal(&[
        &id.to_le_bytes(),
        write_keys(only).as_bytes(),
        write_keys(except).as_bytes(),
        &files.unwrap_or(u64::MAX).to_le_bytes(),
        packed,
    ])
}

// Rows.

const COLUMNS: &str = "SELECT restore.id, source.name, snapshot, safety, restore.at_ms, via, \
     actor, revision, only_parts, except_parts, undoes, status, ended_ms, ended_via, ended_actor, \
     exact, differing FROM restore JOIN source ON source.id = restore.source";

fn read(row: &Row<'_>) -> rusqlite::Result<StateRestore> {
    let unsigned = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let perhaps = |column| {
        let found = row.get::<_, Option<i64>>(column);
        found.map(|found| found.map(i64::unsigned_abs))
    };
    let status = read_status(row.get_ref(11)?.as_str()?).ok_or(rusqlite::Error::InvalidQuery)?;
    let ended_ms: Option<i64> = row.get(12)?;
    Ok(StateRestore {
        id: unsigned(0)?,
        source: row.get(1)?,
        snapshot: unsigned(2)?,
        // None of a recovery.
        safety: Some(unsigned(3)?).filter(|safety| *safety > 0),
        at_ms: row.get(4)?,
        actor: read_actor(row, 5)?.ok_or(rusqlite::Error::InvalidQuery)?,
        revision: perhaps(7)?,
        only: read_keys(row, 8)?,
        except: read_keys(row, 9)?,
        undoes: perhaps(10)?,
        status,
        ended_ms,
        ended_by: read_actor(row, 13)?,
        confirmed_ms: ended_ms.filter(|_| status == RestoreStatus::Confirmed),
        is_exact: row.get(15)?,
        differing: read_keys(row, 16)?,
    })
}

/// Reads an actor from a column and the next one; `None` if there is none.
fn read_actor(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Actor>> {
    let Some(via) = row.get::<_, Option<String>>(column)? else {
        return Ok(None);
    };
    Ok(Some(Actor {
        via: read_via(&via).ok_or(rusqlite::Error::InvalidQuery)?,
        name: row.get(column + 1)?,
    }))
}

fn write_keys(keys: &[String]) -> String {
    serde_json::to_string(keys).expect("texts are JSON")
}

fn read_keys(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    let keys = serde_json::from_str(row.get_ref(column)?.as_str()?);
    keys.map_err(|_| rusqlite::Error::InvalidQuery)
}

/// Lists rows by a condition on them, which has `?1`, newest first.
fn select(
    connection: &Connection,
    condition: &str,
    value: impl rusqlite::ToSql,
) -> Result<Vec<StateRestore>, StoreError> {
    let sql = format!("{COLUMNS} WHERE {condition} ORDER BY restore.id DESC");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([value], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn find(connection: &Connection, id: u64) -> Result<Option<StateRestore>, StoreError> {
    let key = i64::try_from(id).unwrap_or(i64::MAX);
    Ok(select(connection, "restore.id = ?1", key)?.pop())
}

/// Loads one.
///
/// # Errors
/// [`StateError::NotFound`] if there is none of that number.
pub(in crate::state) fn load(connection: &Connection, id: u64) -> Result<StateRestore, StateError> {
    let found = find(connection, id)?;
    found.ok_or_else(|| StateError::NotFound {
        message: format!("there was no restore {id}"),
    })
}

/// Lists those that are open, of every source.
pub(in crate::state) fn all_open(connection: &Connection) -> Result<Vec<StateRestore>, StoreError> {
    select(connection, "status = ?1", "open")
}

/// Lists those that `filter` lets through, newest first, up to `limit` of them without the first
/// `offset`.
pub(in crate::state) fn list(
    connection: &Connection,
    filter: &RestoreFilter,
    offset: usize,
    limit: usize,
) -> Result<RestorePage, StoreError> {
    const CONDITION: &str = "(?1 IS NULL OR source.name = ?1) \
         AND (?2 IS NULL OR restore.at_ms >= ?2) AND (?3 IS NULL OR restore.at_ms < ?3)";
    let RestoreFilter {
        source,
        since_ms,
        until_ms,
    } = filter;
    let count = format!(
        "SELECT count(*) FROM restore JOIN source ON source.id = restore.source WHERE {CONDITION}"
    );
    let narrowed = params![source, since_ms, until_ms];
    let total: i64 = connection.query_row(&count, narrowed, |row| row.get(0))?;
    let sql = format!("{COLUMNS} WHERE {CONDITION} ORDER BY restore.id DESC LIMIT ?4 OFFSET ?5");
    let bounded = |number| i64::try_from(number).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(
        params![source, since_ms, until_ms, bounded(limit), bounded(offset)],
        read,
    )?;
    Ok(RestorePage {
        total: usize::try_from(total).unwrap_or_default(),
        restores: rows.collect::<Result<_, _>>()?,
    })
}

/// Returns the number of the last restore of any source; 0 without any.
pub(in crate::state) fn last_id(connection: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(max(id), 0) FROM restore";
    let id: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(id.unsigned_abs())
}

/// Returns the restore of a source that is open, or else its latest.
pub(in crate::state) fn latest(
    connection: &Connection,
    source: i64,
) -> Result<Option<StateRestore>, StoreError> {
    let sql = format!(
        "{COLUMNS} WHERE restore.source = ?1 \
         ORDER BY status = 'open' DESC, restore.id DESC LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([source], read).optional()?)
}

/// Checks what every open restore asks for.
pub(super) fn check(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let problem = |restore| match open(connection, restore) {
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    };
    Ok(all_open(connection)?
        .into_iter()
        .filter_map(problem)
        .collect())
}

pub(super) fn status_text(status: RestoreStatus) -> &'static str {
    match status {
        RestoreStatus::Open => "open",
        RestoreStatus::Confirmed => "confirmed",
        RestoreStatus::Superseded => "superseded",
        RestoreStatus::Cancelled => "cancelled",
        RestoreStatus::Recovered => "recovered",
    }
}

fn read_status(text: &str) -> Option<RestoreStatus> {
    [
        RestoreStatus::Open,
        RestoreStatus::Confirmed,
        RestoreStatus::Superseded,
        RestoreStatus::Cancelled,
        RestoreStatus::Recovered,
    ]
    .into_iter()
    .find(|status| status_text(*status) == text)
}

/// Makes the restores of format 1 those of format 2.
///
/// They overwrote the report with the state, and any report with their number confirmed them. So an
/// unconfirmed one has ended, and one that was called exact may not have been; only inexact ones
/// are certain.
pub(super) fn migrate_restores(transaction: &Transaction<'_>) -> Result<(), StoreError> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        transaction.commit().unwrap();
        let new = Connection::open_in_memory().unwrap();
        new.execute_batch(super::super::schema::TABLES).unwrap();
        assert_eq!(columns(&old), columns(&new));
    }
}
