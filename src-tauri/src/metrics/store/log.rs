//! The log: every batch, durable before it is acknowledged, and read by every program.

use flagdeck_core::trusted::TrustedTime;
use rusqlite::{Connection, OptionalExtension, params};

use super::frames::future_after_ms;
use super::opening::damaged;
use super::{HASH_BYTES, Key, Logged, NewBatch, Others, Stored, read_past};
use crate::metrics::event::Event;
use crate::metrics::hash;
use crate::metrics::limits::{KEY_KEPT_MS, KEYS_MAX, LOG_BYTES_MAX, LOG_KEPT_MS};
use crate::store::StoreError;
use crate::trusted_time::{OldRows, and_not_within};

pub(super) fn append_one(
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
        .execute(params![at_ms, writer, hash::<HASH_BYTES>(&packed), packed])?;
    Ok(Stored::At(connection.last_insert_rowid()))
}

/// Notes in the log that everything a source reported before is removed. Returns its place.
pub(super) fn append_removal(
    connection: &Connection,
    writer: i64,
    source: &str,
    at_ms: i64,
) -> Result<i64, StoreError> {
    let removal = NewBatch {
        at_ms,
        key: None,
        events: vec![Event::Removed(source.into())],
        rejected: 0,
    };
    append_one(connection, writer, &removal)?;
    last_id(connection)
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
pub(super) fn read_others(
    connection: &Connection,
    writer: i64,
    seen: i64,
) -> Result<Others, StoreError> {
    let pruned: Option<i64> = connection
        .prepare_cached("SELECT pruned FROM checkpoint")?
        .query_row([], |row| row.get(0))
        .optional()?;
    if pruned.is_some_and(|pruned| pruned > seen) {
        return Ok(Others::Everything(Box::new(read_past(connection)?)));
    }
    let mut statement = connection.prepare_cached(
        "SELECT id, at_ms, hash, events FROM log WHERE id > ?1 AND writer <> ?2 ORDER BY id",
    )?;
    let rows = statement.query_map([seen, writer], logged)?;
    let batches = rows.map(|row| row?).collect::<Result<_, _>>()?;
    Ok(Others::Batches(batches))
}

pub(super) fn logged(row: &rusqlite::Row) -> rusqlite::Result<Result<Logged, StoreError>> {
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

/// Reads every batch that is still in the log, and checks it against its hash.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare("SELECT id, at_ms, hash, events FROM log")?;
    let rows = statement.query_map([], |row| Ok(logged(row)?.is_err()))?;
    let damaged_rows: Vec<bool> = rows.collect::<Result<_, _>>()?;
    match damaged_rows.into_iter().filter(|it| *it).count() {
        0 => Ok(()),
        count => Err(damaged(&format!(
            "batches of the log that do not match their hash: {count}"
        ))),
    }
}

/// Removes batches up to `through` that are too old or too many, and expired keys; returns the last
/// batch that is not in the log any more.
pub(super) fn prune(
    connection: &Connection,
    through: i64,
    trusted: &TrustedTime,
) -> Result<i64, StoreError> {
    forget_keys(connection, trusted)?;
    // Only from its beginning, so that a reader knows what is missing.
    let too_many = oldest_beyond(connection, LOG_BYTES_MAX)?;
    let too_old = oldest(
        connection,
        &OldRows::in_units(trusted, LOG_KEPT_MS, 1),
        future_after_ms(trusted),
    )?;
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

fn forget_keys(connection: &Connection, trusted: &TrustedTime) -> Result<(), StoreError> {
    let old = OldRows::in_units(trusted, KEY_KEPT_MS, 1);
    let future_ms = future_after_ms(trusted);
    connection
        .prepare_cached(concat!(
            "DELETE FROM delivery WHERE at_ms > ?1 OR at_ms < ?2",
            and_not_within!("at_ms", "?3")
        ))?
        .execute(params![future_ms, old.before, old.except])?;
    connection
        .prepare_cached(
            "DELETE FROM delivery WHERE at_ms < \
             (SELECT at_ms FROM delivery ORDER BY at_ms DESC LIMIT 1 OFFSET ?1)",
        )?
        .execute([KEYS_MAX])?;
    Ok(())
}

/// Returns the last batch before the first one that is not too old. One from the future of a wrong
/// clock does not count: it would keep all after it.
fn oldest(connection: &Connection, old: &OldRows, future_after_ms: i64) -> Result<i64, StoreError> {
    let fresh: Option<i64> = connection
        .prepare_cached(concat!(
            "SELECT id FROM log WHERE at_ms <= ?1 AND NOT (at_ms < ?2",
            and_not_within!("at_ms", "?3"),
            ") ORDER BY id LIMIT 1"
        ))?
        .query_row(params![future_after_ms, old.before, old.except], |row| {
            row.get(0)
        })
        .optional()?;
    match fresh {
        Some(fresh) => Ok(fresh - 1),
        None => last_id(connection),
    }
}

/// Returns the last batch before the newest ones that fit in so many bytes; 0 if all do.
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
pub(super) fn last_id(connection: &Connection) -> Result<i64, StoreError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'log'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or(0))
}
