//! Frames in their tiers: added, summed up, removed.

use std::collections::BTreeMap;

use flagdeck_core::trusted::TrustedTime;
use rusqlite::{Connection, OptionalExtension, params};

use super::opening::damaged;
use super::{MetricsReader, MetricsStore};
use crate::metrics::frame::{Frame, NameId};
use crate::metrics::tiers::{PackedFrame, SECONDS_IN_MEMORY_S, TICK_S, TIERS, Tier, step_of};
use crate::store::StoreError;
use crate::trusted_time::{OldRows, and_not_within};

/// How far ahead of the clock a frame may be, for a clock that is set back by less.
const FUTURE_S: i64 = 24 * 60 * 60;

pub(super) const FRAMES: &str = "SELECT at_s, packed FROM frame \
    WHERE step_s = ?1 AND at_s >= ?2 AND at_s < ?3 ORDER BY at_s";

impl MetricsReader {
    /// Counts the frames and the evidence that cannot be decoded.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn undecodable(&self) -> Result<u64, StoreError> {
        let frames = undecodable(&self.0, FRAME_KEYS)?.len();
        Ok((frames + undecodable(&self.0, EVIDENCE_KEYS)?.len()) as u64)
    }
}

impl MetricsStore {
    /// Removes the frames and the evidence that cannot be decoded, durably. Returns how many those
    /// were.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written; then none was removed.
    pub fn remove_undecodable(&mut self) -> Result<u64, StoreError> {
        let transaction = self.connection.begin()?;
        let mut removed = 0;
        for (step_s, at_s) in undecodable(&transaction, FRAME_KEYS)? {
            let sql = "DELETE FROM frame WHERE step_s = ?1 AND at_s = ?2";
            removed += transaction.execute(sql, [step_s, at_s])?;
        }
        for (from_ms, _) in undecodable(&transaction, EVIDENCE_KEYS)? {
            let sql = "DELETE FROM evidence WHERE from_ms = ?1";
            removed += transaction.execute(sql, [from_ms])?;
        }
        transaction.commit()?;
        Ok(removed as u64)
    }
}

/// Every frame with its key.
const FRAME_KEYS: &str = "SELECT packed, step_s, at_s FROM frame";

/// All evidence with its key, twice.
const EVIDENCE_KEYS: &str = "SELECT packed, from_ms, from_ms FROM evidence";

/// Returns the keys of the rows that cannot be decoded.
fn undecodable(connection: &Connection, select: &str) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut statement = connection.prepare(select)?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let packed = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        if Frame::unpack(packed).is_none() {
            keys.push((row.get(1)?, row.get(2)?));
        }
    }
    Ok(keys)
}

/// Decodes every frame, and all evidence.
pub(super) fn check(connection: &Connection) -> [Result<(), StoreError>; 2] {
    [("frame", FRAME_KEYS), ("evidence", EVIDENCE_KEYS)].map(|(table, keys)| {
        match undecodable(connection, keys)?.len() {
            0 => Ok(()),
            count => Err(damaged(&format!(
                "rows of the table {table} that cannot be decoded: {count}"
            ))),
        }
    })
}

/// Adds what was counted since the last time, by tick, and sums up what coarser tiers lack.
pub(super) fn add(
    connection: &Connection,
    ticks: &BTreeMap<i64, Frame>,
    now_s: i64,
) -> Result<(), StoreError> {
    let summed_until_s = summed_until(connection)?;
    for (at_s, frame) in ticks {
        add_frame(connection, TICK_S, *at_s, frame)?;
        for (tier, until_s) in &summed_until_s {
            // It came late: its span has been summed up already.
            if at_s < until_s {
                let begins_s = step_of(*at_s, tier.step_s);
                add_frame(connection, tier.step_s, begins_s, frame)?;
            }
        }
    }
    sum_up(connection, now_s)
}

/// Adds a frame to the stored one of its span: after a restart there may be one already.
fn add_frame(
    connection: &Connection,
    step_s: u32,
    at_s: i64,
    frame: &Frame,
) -> Result<(), StoreError> {
    let before: Option<Vec<u8>> = connection
        .prepare_cached("SELECT packed FROM frame WHERE step_s = ?1 AND at_s = ?2")?
        .query_row(params![step_s, at_s], |row| row.get(0))
        .optional()?;
    let packed = match before.and_then(|packed| Frame::unpack(&packed)) {
        Some(mut before) => {
            before.merge(frame);
            before.pack()
        }
        None => frame.pack(),
    };
    connection
        .prepare_cached("INSERT OR REPLACE INTO frame VALUES (?1, ?2, ?3)")?
        .execute(params![step_s, at_s, packed])?;
    Ok(())
}

/// Removes what a source reported from every frame and all evidence. Returns how many of them had
/// any.
pub(super) fn remove_source(connection: &Connection, source: NameId) -> Result<u64, StoreError> {
    let frames = remove_from(
        connection,
        FRAME_KEYS,
        "UPDATE frame SET packed = ?1 WHERE step_s = ?2 AND at_s = ?3",
        source,
    )?;
    let evidence = remove_from(
        connection,
        EVIDENCE_KEYS,
        "UPDATE evidence SET packed = ?1 WHERE from_ms = ?2 AND from_ms = ?3",
        source,
    )?;
    Ok(frames + evidence)
}

/// Rewrites the rows of a table that have anything of a source. A row that cannot be decoded has
/// nothing that is shown.
fn remove_from(
    connection: &Connection,
    select: &str,
    update: &str,
    source: NameId,
) -> Result<u64, StoreError> {
    let mut statement = connection.prepare(select)?;
    let mut rows = statement.query([])?;
    let mut rewritten: Vec<(Vec<u8>, i64, i64)> = Vec::new();
    while let Some(row) = rows.next()? {
        let packed = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        if let Some(mut frame) = Frame::unpack(packed)
            && frame.remove_source(source)
        {
            rewritten.push((frame.pack(), row.get(1)?, row.get(2)?));
        }
    }
    let mut update = connection.prepare(update)?;
    for (packed, first, second) in &rewritten {
        update.execute(params![packed, first, second])?;
    }
    Ok(rewritten.len() as u64)
}

/// Returns each coarser tier, with the end of the last span of it that was summed up.
fn summed_until(connection: &Connection) -> Result<Vec<(Tier, i64)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT max(at_s) FROM frame WHERE step_s = ?1")?;
    let coarser = TIERS.iter().skip(1).map(|tier| {
        let newest: Option<i64> = statement.query_row([tier.step_s], |row| row.get(0))?;
        let until_s = newest.map_or(0, |newest| newest + i64::from(tier.step_s));
        Ok((*tier, until_s))
    });
    coarser.collect()
}

/// Sums up the spans of each coarser tier that are over and not there yet.
fn sum_up(connection: &Connection, now_s: i64) -> Result<(), StoreError> {
    for (tier, fine) in TIERS.iter().skip(1).zip(TIERS) {
        // Read again for each: an hour is made of minutes that were just summed up.
        let until_s = summed_until(connection)?;
        let from_s = until_s.iter().find(|(summed, _)| summed == tier);
        let from_s = from_s.map_or(0, |(_, until_s)| *until_s);
        let to_s = step_of(now_s, tier.step_s);
        let mut sums: BTreeMap<i64, Frame> = BTreeMap::new();
        for (at_s, packed) in packed_frames(connection, fine.step_s, from_s, to_s)? {
            if let Some(frame) = Frame::unpack(&packed) {
                let sum = sums.entry(step_of(at_s, tier.step_s)).or_default();
                sum.merge(&frame);
            }
        }
        for (at_s, sum) in sums {
            add_frame(connection, tier.step_s, at_s, &sum)?;
        }
    }
    Ok(())
}

/// Removes frames that are too old for their tier, and those from the future of a wrong clock.
pub(super) fn forget(connection: &Connection, trusted: &TrustedTime) -> Result<(), StoreError> {
    let mut forget = connection.prepare_cached(concat!(
        "DELETE FROM frame WHERE step_s = ?1 AND (at_s > ?2 OR at_s < ?3",
        and_not_within!("at_s", "?4"),
        ")"
    ))?;
    let future_s = future_after_ms(trusted).div_euclid(1000);
    for tier in TIERS {
        let old = OldRows::in_units(trusted, tier.kept_s * 1000, 1000);
        forget.execute(params![tier.step_s, future_s, old.before, old.except])?;
    }
    Ok(())
}

/// Returns the moment after which only a wrong clock wrote, in milliseconds since 1970.
pub(super) fn future_after_ms(trusted: &TrustedTime) -> i64 {
    let future_ms = trusted.future_after_ms();
    future_ms.map_or(i64::MAX, |future_ms| {
        future_ms.saturating_add(FUTURE_S * 1000)
    })
}

/// Keeps evidence by the moments it begins at, in milliseconds since 1970, replacing all stored
/// from the first of them on. Removes evidence that is not used any more.
pub(super) fn put_evidence(
    connection: &Connection,
    evidence: &BTreeMap<i64, Frame>,
    trusted: &TrustedTime,
) -> Result<(), StoreError> {
    if let Some(first_ms) = evidence.keys().next() {
        connection
            .prepare_cached("DELETE FROM evidence WHERE from_ms >= ?1")?
            .execute([first_ms])?;
    }
    let mut put = connection.prepare_cached("INSERT INTO evidence VALUES (?1, ?2)")?;
    for (from_ms, frame) in evidence {
        put.execute(params![from_ms, frame.pack()])?;
    }
    let old = OldRows::in_units(trusted, SECONDS_IN_MEMORY_S * 1000, 1);
    let future_ms = future_after_ms(trusted);
    connection
        .prepare_cached(concat!(
            "DELETE FROM evidence WHERE from_ms > ?1 OR from_ms < ?2",
            and_not_within!("from_ms", "?3")
        ))?
        .execute(params![future_ms, old.before, old.except])?;
    Ok(())
}

/// Reads all evidence, earliest first.
pub(super) fn evidence(connection: &Connection) -> Result<Vec<(i64, Frame)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT from_ms, packed FROM evidence ORDER BY from_ms")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, Frame::unpack(row.get_ref(1)?.as_blob()?)))
    })?;
    let rows: Vec<(i64, Option<Frame>)> = rows.collect::<Result<_, _>>()?;
    let evidence = rows
        .into_iter()
        .filter_map(|(from_ms, frame)| Some((from_ms, frame?)));
    Ok(evidence.collect())
}

pub(super) fn packed_frames(
    connection: &Connection,
    step_s: u32,
    from_s: i64,
    to_s: i64,
) -> Result<Vec<PackedFrame>, StoreError> {
    let mut statement = connection.prepare_cached(FRAMES)?;
    let rows = statement.query_map(params![step_s, from_s, to_s], |row| {
        Ok((row.get(0)?, row.get_ref(1)?.as_blob()?.into()))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
