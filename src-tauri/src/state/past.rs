//! Looking back: which snapshots there are, how much changed when, what set a value.
//!
//! Reads only. There is no index beside the snapshots: what changed between one and the next is
//! how they are kept, and reading all of it takes some tens of microseconds for each.

use std::sync::Arc;

use flagdeck_core::Patch;
use flagdeck_core::tree::{self, Tree};
use rusqlite::Connection;
use serde::Serialize;

use super::limits::{BLAME_EARLIER_MAX, BLAME_RECORDS_MAX, TIMELINE_COLUMNS_MAX};
use super::records::{is_around, recorded_since};
use super::store::{self, Row, Step};
use super::{CurrentState, Keeper, SourceName, StateError, show};
use crate::store::{StoreError, fold};
use crate::wire::{
    Blame, Snapshot, SnapshotFilter, SnapshotPage, StateAt, StateSource, TimelineColumn,
};

/// A state at some moment, as the founding specification writes it.
#[derive(Debug, Clone, Serialize)]
pub struct StateTree {
    /// When it was so, in milliseconds since 1970.
    #[serde(rename = "timestamp")]
    pub at_ms: i64,
    /// The tree.
    #[serde(serialize_with = "whole")]
    pub ml: Arc<Tree>,
    /// How many files the source had.
    pub files: u64,
}

fn whole<S: serde::Serializer>(ml: &Tree, serializer: S) -> Result<S::Ok, S::Error> {
    ml.serialize(serializer)
}

impl Keeper {
    /// Lists every source.
    ///
    /// # Errors
    /// [`StateError`] where they cannot be read.
    pub(crate) fn sources(&self, changes_max: u32) -> Result<Vec<StateSource>, StateError> {
        let Some(connection) = self.reader()? else {
            return Ok(Vec::new());
        };
        let mut sources = Vec::new();
        for source in store::all_sources(&connection)? {
            let (snapshots, snapshot_bytes, last_snapshot_ms) =
                store::snapshots_in_sum(&connection, source.id)?;
            sources.push(StateSource {
                name: source.name.to_string(),
                at_ms: Some(source.at_ms).filter(|_| source.seq > 0),
                bytes: source.bytes,
                changes: source.records,
                changes_max,
                snapshots,
                snapshot_bytes,
                last_snapshot_ms,
                restore: store::latest_restore(&connection, source.id)?,
            });
        }
        Ok(sources)
    }

    /// Returns the state a source has.
    ///
    /// # Errors
    /// [`StateError`] where there is none, or it cannot be read.
    pub(crate) fn current(&self, name: &SourceName) -> Result<CurrentState, StateError> {
        let connection = self.reader_of(&format!("source {name}"))?;
        let moment = connection
            .unchecked_transaction()
            .map_err(StoreError::from)?;
        let (source, tree) = store::current(&moment, name)?;
        let hash = [&tree::hash(&tree)[..], &source.files.to_le_bytes()].concat();
        let hash = blake3::hash(&hash).to_hex();
        Ok(CurrentState {
            at_ms: source.at_ms,
            files: source.files,
            ml: Arc::new(tree),
            etag: format!("\"{}\"", &hash[..32]),
        })
    }

    /// Returns a state at some moment.
    ///
    /// # Errors
    /// [`StateError`] where there is none, or it does not match its hash.
    pub(crate) fn at(&self, at: &StateAt) -> Result<StateTree, StateError> {
        match at {
            StateAt::Now { source } => {
                let current = self.current(&source.parse()?)?;
                Ok(StateTree {
                    at_ms: current.at_ms,
                    files: current.files,
                    ml: current.ml,
                })
            }
            StateAt::Snapshot { id } => {
                let connection = self.reader_of(&format!("snapshot {id}"))?;
                let row = store::load(&connection, *id)?;
                Ok(StateTree {
                    at_ms: row.snapshot.at_ms,
                    files: row.snapshot.files,
                    ml: Arc::new(store::tree_of(&connection, &row)?),
                })
            }
        }
    }

    /// Returns one snapshot.
    ///
    /// # Errors
    /// [`StateError::NotFound`] where there is none of that number.
    pub(crate) fn snapshot(&self, id: u64) -> Result<Snapshot, StateError> {
        let connection = self.reader_of(&format!("snapshot {id}"))?;
        Ok(store::load(&connection, id)?.snapshot)
    }

    /// Lists the snapshots that `filter` lets through, latest first, up to `limit` of them
    /// without the first `offset`.
    ///
    /// # Errors
    /// [`StateError`] where they cannot be read.
    pub(crate) fn snapshots(
        &self,
        filter: &SnapshotFilter,
        offset: usize,
        limit: usize,
    ) -> Result<SnapshotPage, StateError> {
        let found = self.find(filter)?;
        Ok(SnapshotPage {
            total: found.len(),
            snapshots: found.into_iter().skip(offset).take(limit).collect(),
        })
    }

    /// Counts what changed among the snapshots that `filter` lets through, in equal columns;
    /// with where those begin and end. None without any snapshot.
    ///
    /// # Errors
    /// [`StateError`] where they cannot be read.
    pub(crate) fn density(
        &self,
        filter: &SnapshotFilter,
        columns: usize,
    ) -> Result<Option<(i64, i64, Vec<TimelineColumn>)>, StateError> {
        let found = self.find(filter)?;
        let (Some(latest), Some(earliest)) = (found.first(), found.last()) else {
            return Ok(None);
        };
        let columns = columns.clamp(1, TIMELINE_COLUMNS_MAX);
        let from_ms = filter.since_ms.unwrap_or(earliest.at_ms);
        let to_ms = filter.until_ms.unwrap_or(latest.at_ms + 1).max(from_ms + 1);
        let mut counted = vec![TimelineColumn::default(); columns];
        for snapshot in &found {
            let place = i128::from(snapshot.at_ms - from_ms) * columns as i128;
            let place = place / i128::from(to_ms - from_ms);
            let last = columns - 1;
            let column = &mut counted[usize::try_from(place).unwrap_or(last).min(last)];
            column.snapshots += 1;
            column.changes += u64::from(snapshot.changes);
        }
        Ok(Some((from_ms, to_ms, counted)))
    }

    /// Lists the snapshots that `filter` lets through, latest first.
    fn find(&self, filter: &SnapshotFilter) -> Result<Vec<Snapshot>, StateError> {
        let Some(connection) = self.reader()? else {
            return Ok(Vec::new());
        };
        let moment = connection
            .unchecked_transaction()
            .map_err(StoreError::from)?;
        let source = match &filter.source {
            Some(name) => Some(store::get_source(&moment, &name.parse()?)?.id),
            None => None,
        };
        let rows = store::of_source(&moment, source)?;
        let mut found: Vec<Snapshot> = match filter.text.as_deref().map(str::trim) {
            None | Some("") => rows.into_iter().map(|row| row.snapshot).collect(),
            Some(text) => with_text(&moment, rows, text)?,
        };
        found.retain(|snapshot| lets_through(filter, snapshot));
        found.sort_by_key(|snapshot| std::cmp::Reverse((snapshot.at_ms, snapshot.id)));
        Ok(found)
    }

    /// Says which change set a value, when, from where.
    ///
    /// # Errors
    /// [`StateError`] where there is no such state, or it cannot be read.
    pub(crate) fn blame(&self, at: &StateAt, pointer: &str) -> Result<Blame, StateError> {
        let connection = self.reader_of(&show::name_of(at))?;
        let moment = connection
            .unchecked_transaction()
            .map_err(StoreError::from)?;
        let (tree, rows) = match at {
            StateAt::Now { source } => {
                let (source, tree) = store::current(&moment, &source.parse()?)?;
                (tree, store::of_source(&moment, Some(source.id))?)
            }
            StateAt::Snapshot { id } => {
                let row = store::load(&moment, *id)?;
                let mut rows = store::of_source(&moment, Some(row.source))?;
                rows.retain(|other| other.snapshot.id <= *id);
                (store::tree_of(&moment, &row)?, rows)
            }
        };
        let value = tree::get(&tree, pointer);
        let past = Past::of(&moment, &rows, pointer, value)?;
        let mut blame = Blame {
            pointer: pointer.to_owned(),
            value: value.map(show::excerpt),
            since: past.since.map(|place| rows[place].snapshot.clone()),
            until: past.until.map(|place| rows[place].snapshot.clone()),
            records: Vec::new(),
            earlier: past
                .earlier
                .iter()
                .map(|place| rows[*place].snapshot.clone())
                .collect(),
        };
        let after = match past.since {
            Some(place) => store::tree_of(&moment, &rows[place])?,
            None => tree.clone(),
        };
        let before = match past.until {
            Some(place) => Some(store::tree_of(&moment, &rows[place])?),
            None => None,
        };
        let recorded = recorded_since(before.as_ref(), &after);
        let path = tree::dotted(pointer);
        let around = recorded.iter().filter(|change| is_around(change, &path));
        blame.records = around.take(BLAME_RECORDS_MAX).map(show::record).collect();
        Ok(blame)
    }
}

/// Where in a source's snapshots a value changed.
#[derive(Debug, Default)]
struct Past {
    /// The first that has it as it is; none where the latest one has it otherwise.
    since: Option<usize>,
    /// The last that had it otherwise.
    until: Option<usize>,
    /// Those in which it changed before that, latest first.
    earlier: Vec<usize>,
}

impl Past {
    /// Looks through the chains from the latest on, each forward, until it has seen enough.
    fn of(
        connection: &Connection,
        rows: &[Row],
        pointer: &str,
        value: Option<&Tree>,
    ) -> Result<Self, StoreError> {
        let mut changed = Vec::new();
        // What the chain that is looked at next has to end with, if nothing changed in between.
        let mut next: (Option<Tree>, Option<usize>) = (value.cloned(), None);
        let mut end = rows.len();
        for chain in rows.chunk_by(|one, other| one.chain == other.chain).rev() {
            end -= chain.len();
            let seen = Seen::of(connection, chain, pointer)?;
            if seen.last != next.0 {
                // Where it changed between two chains, or since the latest snapshot.
                changed.push(next.1);
            }
            changed.extend(seen.changed.iter().rev().map(|place| Some(end + place)));
            next = (seen.first, Some(end));
            if changed.len() > BLAME_EARLIER_MAX {
                break;
            }
        }
        Ok(Self::read(&changed, rows.len()))
    }

    /// `changed` are the places at which it changed, latest first; none for "since the latest".
    fn read(changed: &[Option<usize>], length: usize) -> Self {
        let Some((latest, earlier)) = changed.split_first() else {
            // As far as anybody remembers.
            return Self {
                since: (length > 0).then_some(0),
                ..Self::default()
            };
        };
        Self {
            since: *latest,
            until: match latest {
                Some(place) => place.checked_sub(1),
                None => length.checked_sub(1),
            },
            earlier: earlier
                .iter()
                .flatten()
                .copied()
                .take(BLAME_EARLIER_MAX)
                .collect(),
        }
    }
}

/// What one chain has of a value.
#[derive(Debug, Default)]
struct Seen {
    first: Option<Tree>,
    last: Option<Tree>,
    /// Places in the chain at which it is another than one before.
    changed: Vec<usize>,
}

impl Seen {
    fn of(connection: &Connection, chain: &[Row], pointer: &str) -> Result<Self, StoreError> {
        let mut seen = Self::default();
        let mut place = 0;
        store::each_step(connection, chain, |step| {
            let value = tree::get(step.after, pointer);
            if place == 0 {
                seen.first = value.cloned();
                seen.last = value.cloned();
            } else if value != seen.last.as_ref() {
                seen.changed.push(place);
                seen.last = value.cloned();
            }
            place += 1;
        })?;
        Ok(seen)
    }
}

fn lets_through(filter: &SnapshotFilter, snapshot: &Snapshot) -> bool {
    filter.since_ms.is_none_or(|since| snapshot.at_ms >= since)
        && filter.until_ms.is_none_or(|until| snapshot.at_ms < until)
        && filter
            .pinned
            .is_none_or(|pinned| snapshot.is_pinned == pinned)
}

/// Keeps the snapshots in which something changed that has a text, or that are called so.
fn with_text(
    connection: &Connection,
    rows: Vec<Row>,
    text: &str,
) -> Result<Vec<Snapshot>, StoreError> {
    let wanted = fold(text);
    let mut found = Vec::new();
    let mut before: Option<(i64, Tree)> = None;
    let mut sorted = rows;
    sorted.sort_by_key(|row| (row.source, row.snapshot.id));
    for chain in sorted.chunk_by(|one, next| one.chain == next.chain) {
        let source = chain[0].source;
        let mut last = before.take().filter(|(other, _)| *other == source);
        let ends = chain.last().map(|row| row.snapshot.id);
        store::each_step(connection, chain, |step| {
            let is_found = is_called(&step.row.snapshot, &wanted)
                || changed_with(step, last.take().map(|(_, tree)| tree).as_ref(), &wanted);
            if is_found {
                found.push(step.row.snapshot.clone());
            }
            if Some(step.row.snapshot.id) == ends {
                before = Some((source, step.after.clone()));
            }
        })?;
    }
    Ok(found)
}

fn is_called(snapshot: &Snapshot, wanted: &str) -> bool {
    [&snapshot.name, &snapshot.note]
        .into_iter()
        .flatten()
        .any(|text| fold(text).contains(wanted))
}

/// Says whether something changed in a step whose path or value has a text. `before` is the
/// state before the first step of a chain, where there is one.
fn changed_with(step: &Step<'_>, before: Option<&Tree>, wanted: &str) -> bool {
    match (step.patch, before) {
        (Some(patch), _) => patch_has(patch, wanted),
        (None, Some(before)) => patch_has(&flagdeck_core::compare(before, step.after), wanted),
        (None, None) => value_has(step.after, wanted),
    }
}

fn patch_has(patch: &Patch, wanted: &str) -> bool {
    let mut is_found = false;
    patch.visit(|path, value| {
        is_found = is_found
            || fold(&format!("ml.{}", path.join("."))).contains(wanted)
            || value.is_some_and(|value| value_has(value, wanted));
    });
    is_found
}

/// Says whether a value has a text in a key or in a leaf.
fn value_has(value: &Tree, wanted: &str) -> bool {
    match value {
        Tree::Object(members) => members
            .iter()
            .any(|(key, value)| fold(key).contains(wanted) || value_has(value, wanted)),
        Tree::Array(elements) => elements.iter().any(|value| value_has(value, wanted)),
        Tree::String(text) => fold(text).contains(wanted),
        other => other.to_string().contains(wanted),
    }
}
