//! Searching revisions: the index finds them, their rows have the content.
//!
//! Every condition gives a list of numbers, and the result is their intersection. Without a
//! condition no search is needed, unless numbers have gaps: a page is arithmetic.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use flagdeck_core::fold;
use rusqlite::{Connection, OptionalExtension, params};

use super::revision::{self, from_key, to_key};
use crate::store::{Actor, HistoryFilter, HistoryPage, LastChange, RevisionNumber, StoreError};

/// Loads a page of what a filter lets through; see [`crate::store::Store::history`].
pub(super) fn history(
    connection: &Connection,
    filter: &HistoryFilter,
    offset: usize,
    limit: usize,
) -> Result<HistoryPage, StoreError> {
    let moment = connection.unchecked_transaction()?;
    let latest = revision::latest(&moment)?;
    let up_to = filter.up_to.map_or(latest, |number| number.min(latest));
    let has_gaps = revision::count(&moment)? < latest.0;
    let Some(found) = find(&moment, filter, up_to, has_gaps)? else {
        let first = up_to.0.saturating_sub(offset as u64);
        return Ok(HistoryPage {
            total: usize::try_from(up_to.0).unwrap_or(usize::MAX),
            revisions: revision::summaries(&moment, Some(RevisionNumber(first + 1)), limit)?,
        });
    };
    let page = found.iter().rev().skip(offset).take(limit);
    let page = page.map(|number| revision::summary(&moment, from_key(*number)));
    Ok(HistoryPage {
        total: found.len(),
        revisions: page.collect::<Result<_, _>>()?,
    })
}

/// Lists all actors; see [`crate::store::Store::actors`].
pub(super) fn actors(connection: &Connection) -> Result<Vec<Actor>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT DISTINCT actor, via FROM revision ORDER BY actor, via")?;
    let mut rows = statement.query([])?;
    let mut actors = Vec::new();
    while let Some(row) = rows.next()? {
        // One of a damaged revision is nobody.
        let (name, via) = (row.get_ref(0)?.as_str(), row.get_ref(1)?.as_str());
        let via = via.ok().and_then(revision::read_via);
        actors.extend(name.ok().zip(via).map(|(name, via)| Actor {
            via,
            name: name.to_owned(),
        }));
    }
    Ok(actors)
}

/// Lists the last revision of every path; see [`crate::store::Store::last_changes`].
pub(super) fn last_changes(
    connection: &Connection,
    after: RevisionNumber,
) -> Result<Vec<LastChange>, StoreError> {
    let moment = connection.unchecked_transaction()?;
    let mut statement = moment.prepare_cached(
        "SELECT name, last_revision FROM path WHERE last_revision > ?1 ORDER BY name",
    )?;
    let mut rows = statement.query([to_key(after)])?;
    let mut moments = HashMap::new();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let revision = from_key(row.get(1)?);
        let at_ms = match moments.entry(revision) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(vacant) => *vacant.insert(revision::summary(&moment, revision)?.at_ms),
        };
        found.push(LastChange {
            path: row.get(0)?,
            revision,
            at_ms,
        });
    }
    Ok(found)
}

/// Finds what a filter lets through, ascending; `None` for every number up to the last.
fn find(
    connection: &Connection,
    filter: &HistoryFilter,
    up_to: RevisionNumber,
    has_gaps: bool,
) -> Result<Option<Vec<i64>>, StoreError> {
    let up_to = to_key(up_to);
    let mut found = None;
    if let Some(component) = &filter.component {
        found = Some(touching(connection, component, up_to)?);
    }
    let by_author = filter.via.is_some() || filter.name.is_some();
    if by_author || filter.since_ms.is_some() || filter.until_ms.is_some() {
        let others = by_whom_and_when(connection, filter, up_to)?;
        found = Some(on_both(found, others));
    }
    if let Some(text) = &filter.text {
        found = Some(on_both(found, saying(connection, text, up_to)?));
    }
    if found.is_none() && has_gaps {
        found = Some(by_whom_and_when(connection, filter, up_to)?);
    }
    Ok(found)
}

/// Returns the intersection of two ascending lists; `None` stands for all.
fn on_both(found: Option<Vec<i64>>, others: Vec<i64>) -> Vec<i64> {
    match found {
        None => others,
        Some(mut found) => {
            found.retain(|number| others.binary_search(number).is_ok());
            found
        }
    }
}

fn by_whom_and_when(
    connection: &Connection,
    filter: &HistoryFilter,
    up_to: i64,
) -> Result<Vec<i64>, StoreError> {
    // The index holds all that is asked for, and is a fraction of the table.
    let mut statement = connection.prepare_cached(
        "SELECT number FROM revision INDEXED BY revision_by_actor WHERE number <= ?1 \
         AND (?2 IS NULL OR via = ?2) AND (?3 IS NULL OR actor = ?3) \
         AND (?4 IS NULL OR at_ms >= ?4) AND (?5 IS NULL OR at_ms < ?5)",
    )?;
    let via = filter.via.map(revision::write_via);
    let given = params![up_to, via, filter.name, filter.since_ms, filter.until_ms];
    let found = statement.query_map(given, |row| row.get(0))?;
    let mut found: Vec<i64> = found.collect::<Result<_, _>>()?;
    found.sort_unstable();
    Ok(found)
}

fn saying(connection: &Connection, text: &str, up_to: i64) -> Result<Vec<i64>, StoreError> {
    let wanted = fold(text);
    let mut statement = connection.prepare_cached(
        "SELECT revision, folded FROM revision_words WHERE revision <= ?1 ORDER BY revision",
    )?;
    let mut rows = statement.query([up_to])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        // Folded again, because an earlier version folded only case.
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let is_found = match text.is_ascii() {
            true => text.contains(&wanted),
            false => fold(text).contains(&wanted),
        };
        if is_found {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// Finds revisions that touched the item with a path as of `up_to`, or anything inside it.
fn touching(connection: &Connection, path: &str, up_to: i64) -> Result<Vec<i64>, StoreError> {
    // What is inside a group begins with its path and a dot, whose successor is the slash.
    let mut statement = connection.prepare_cached(
        "SELECT touch.revision FROM path JOIN touch ON touch.path = path.id \
         WHERE (path.name = ?1 OR path.name > ?1 || '.' AND path.name < ?1 || '/') \
         AND touch.revision BETWEEN ?2 AND ?3",
    )?;
    let mut found: Vec<i64> = Vec::new();
    for Tenure { path, from, to } in tenures(connection, path, up_to)? {
        let touches = statement.query_map(params![path, from, to], |row| row.get(0))?;
        found.extend(touches.collect::<Result<Vec<i64>, _>>()?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The range of revisions in which something had a path.
struct Tenure {
    path: String,
    from: i64,
    to: i64,
}

/// Follows the item with a path as of `up_to` back through its renames.
///
/// A path that was given up and reused belongs to its new owner. One that was given up for good, or
/// came back with an earlier document, still belongs to its first owner.
fn tenures(connection: &Connection, path: &str, up_to: i64) -> Result<Vec<Tenure>, StoreError> {
    let mut tenures = Vec::new();
    let mut path = path.to_owned();
    let mut to = up_to;
    let mut looked_to = up_to;
    loop {
        let arrival = last_rename(connection, Side::After, &path, looked_to)?;
        let departure = last_rename(connection, Side::Before, &path, looked_to)?;
        let left_at = departure.map(|rename| rename.revision);
        match arrival {
            Some(arrival) if left_at.is_none_or(|left_at| left_at < arrival.revision) => {
                let from = arrival.revision;
                let former = format!("{}{}", arrival.other_name, arrival.rest);
                tenures.push(Tenure { path, from, to });
                path = former;
                to = from - 1;
                looked_to = to;
            }
            _ => {
                let Some(left_at) = left_at else {
                    tenures.push(Tenure { path, from: 1, to });
                    return Ok(tenures);
                };
                if is_taken_again(connection, &path, left_at, to)? {
                    let from = left_at + 1;
                    tenures.push(Tenure { path, from, to });
                    return Ok(tenures);
                }
                looked_to = left_at - 1;
            }
        }
    }
}

/// A side of a rename.
#[derive(Clone, Copy)]
enum Side {
    Before,
    After,
}

/// A rename of a path, or of a group around it.
struct Found {
    revision: i64,
    /// The name on the other side.
    other_name: String,
    /// What of the path comes after the name that was renamed.
    rest: String,
}

fn last_rename(
    connection: &Connection,
    side: Side,
    path: &str,
    up_to: i64,
) -> Result<Option<Found>, StoreError> {
    let mut statement = connection.prepare_cached(match side {
        Side::Before => {
            "SELECT revision, name_after FROM rename \
             WHERE name_before = ?1 AND revision <= ?2 ORDER BY revision DESC LIMIT 1"
        }
        Side::After => {
            "SELECT revision, name_before FROM rename \
             WHERE name_after = ?1 AND revision <= ?2 ORDER BY revision DESC LIMIT 1"
        }
    })?;
    let ends = path.match_indices('.').map(|(end, _)| end);
    let mut last: Option<Found> = None;
    for end in ends.chain([path.len()]) {
        let (name, rest) = path.split_at(end);
        let found = statement
            .query_row(params![name, up_to], |row| {
                Ok(Found {
                    revision: row.get(0)?,
                    other_name: row.get(1)?,
                    rest: rest.to_owned(),
                })
            })
            .optional()?;
        let is_later = |found: &Found| last.as_ref().is_none_or(|it| it.revision < found.revision);
        last = found.filter(is_later).or(last);
    }
    Ok(last)
}

/// Returns whether a path, or anything inside it, was touched after it was given up, first by a
/// revision that did not bring back an earlier document.
fn is_taken_again(
    connection: &Connection,
    path: &str,
    left_at: i64,
    to: i64,
) -> Result<bool, StoreError> {
    let cause: Option<String> = connection
        .prepare_cached(
            "SELECT cause FROM revision WHERE number = (
                SELECT min(touch.revision) FROM path JOIN touch ON touch.path = path.id
                WHERE (path.name = ?1 OR path.name > ?1 || '.' AND path.name < ?1 || '/')
                AND touch.revision > ?2 AND touch.revision <= ?3
            )",
        )?
        .query_row(params![path, left_at, to], |row| row.get(0))
        .optional()?;
    Ok(cause.is_some_and(|cause| matches!(cause.as_str(), "edit" | "import")))
}
