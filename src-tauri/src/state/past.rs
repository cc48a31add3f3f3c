//! Reviewing the past: which snapshots there are, how much changed when, how two states differ.
//!
//! Reads only. `state/blame.rs` finds what set a value, `state/search.rs` the snapshots in which a
//! text appeared or disappeared.

use std::collections::BTreeSet;
use std::sync::Arc;

use flagdeck_core::state::{self, Change, Recorders};
use flagdeck_core::tree::{self, Tree};
use rusqlite::Transaction;
use serde::Serialize;

use super::limits::{NEWS_KEYS_MAX, TIMELINE_COLUMNS_MAX};
use super::records::{Known, Span, rooted};
use super::search::with_text;
use super::store::{self, DamagedSource, Row, Source, Sources};
use super::{CurrentState, SourceName, StateError, States, StoredOf, show};
use crate::state::shapes::{
    Snapshot, SnapshotFilter, SnapshotPage, StateAt, StateDifference, StateDifferenceOptions,
    StateSource, TimelineColumn, Unreadable,
};
use crate::store::StoreError;

/// A state at some moment, as the founding specification writes it.
#[derive(Debug, Clone, Serialize)]
pub struct StateTree {
    /// Its time, in milliseconds since 1970.
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

impl States {
    /// Lists every source.
    ///
    /// # Errors
    /// [`StateError`] if they cannot be read.
    pub(crate) fn sources(&self, changes_max: u32) -> Result<Vec<StateSource>, StateError> {
        self.surely(|| {
            let Some(connection) = self.reader()? else {
                return Ok(Vec::new());
            };
            let moment = connection
                .unchecked_transaction()
                .map_err(StoreError::from)?;
            let Sources { sound, damaged } = store::all_sources(&moment)?;
            let mut sources = Vec::new();
            for source in sound {
                let kept = kept_of(&moment, source.id, &source.name)?;
                sources.push(StateSource {
                    at_ms: Some(source.at_ms).filter(|_| source.seq > 0),
                    bytes: source.bytes,
                    changes: source.records,
                    changes_max,
                    is_damaged: !store::is_intact(&moment, &source)?,
                    ..kept
                });
            }
            for DamagedSource { id, name } in damaged {
                sources.push(StateSource {
                    changes_max,
                    is_damaged: true,
                    ..kept_of(&moment, id, &name)?
                });
            }
            Ok(sources)
        })
    }

    /// Returns the state a source has, with the ring of its changes.
    ///
    /// # Errors
    /// [`StateError`] if there is none, or it cannot be read.
    pub(crate) fn current(&self, name: &SourceName) -> Result<CurrentState, StateError> {
        self.surely(|| {
            let connection = self.reader_of(&format!("source {name}"))?;
            let moment = connection
                .unchecked_transaction()
                .map_err(StoreError::from)?;
            let (source, tree) = store::current(&moment, name)?;
            let ring = store::ring_of(&moment, &source)?;
            let tree = state::with_ring(tree, &ring.found);
            let hash = [&tree::hash(&tree)[..], &source.files.to_le_bytes()].concat();
            let hash = blake3::hash(&hash).to_hex();
            Ok(CurrentState {
                at_ms: source.at_ms,
                files: source.files,
                ml: Arc::new(tree),
                etag: format!("\"{}\"", &hash[..32]),
                unreadable: ring.damaged,
            })
        })
    }

    /// Returns a state at some moment, without the ring of changes that is kept with it.
    ///
    /// # Errors
    /// [`StateError`] if there is none, or it does not match its hash.
    pub(crate) fn at(&self, at: &StateAt) -> Result<StateTree, StateError> {
        self.surely(|| {
            let connection = self.reader_of(&show::name_of(at))?;
            let moment = connection
                .unchecked_transaction()
                .map_err(StoreError::from)?;
            Ok(Side::of(&moment, at)?.state)
        })
    }

    /// Compares two states, with what is known of how the earlier became the later.
    ///
    /// # Errors
    /// As for [`Self::at`].
    pub(crate) fn compared(
        &self,
        from: &StateAt,
        to: &StateAt,
        options: &StateDifferenceOptions,
    ) -> Result<StateDifference, StateError> {
        self.surely(|| {
            let connection = self.reader_of(&show::name_of(from))?;
            let moment = connection
                .unchecked_transaction()
                .map_err(StoreError::from)?;
            let (from, to) = (Side::of(&moment, from)?, Side::of(&moment, to)?);
            let known = known_between(&moment, &from, &to)?;
            Ok(show::compared(
                &from.state.ml,
                &to.state.ml,
                &known,
                options,
            ))
        })
    }

    /// Returns what changed in the state of a source since a change of it.
    ///
    /// # Errors
    /// [`StateError`] if there is no such source, or it cannot be read.
    pub(crate) fn news_since(&self, name: &SourceName, seq: i64) -> Result<StateNews, StateError> {
        self.surely(|| {
            let connection = self.reader_of(&format!("source {name}"))?;
            let moment = connection
                .unchecked_transaction()
                .map_err(StoreError::from)?;
            let source = store::get_source(&moment, name)?;
            let changes = store::recorded_since(&moment, &source, seq)?;
            let reports = store::reports(&moment, source.id, (seq, i64::MAX))?;
            let recorders = Recorders::of(&store::ring_of(&moment, &source)?.found);
            let damaged = (changes.damaged + reports.damaged) as usize;
            let (changes, reports) = (changes.found, reports.found);
            let reported = reports.iter().flat_map(|report| &report.changes);
            let mut known = BTreeSet::new();
            let keys = changes.iter().map(|change| change.key.clone());
            let mut keys: Vec<String> = keys
                .chain(reported.map(|reported| rooted(&reported.key)))
                .filter(|key| known.insert(key.clone()))
                .collect();
            // Of a damaged change the key is not known.
            let more = keys.len().saturating_sub(NEWS_KEYS_MAX) + damaged;
            keys.truncate(NEWS_KEYS_MAX);
            let origin = match (changes.first(), reports.first()) {
                (Some(change), report) if report.is_none_or(|it| it.at_ms <= change.at_ms) => {
                    Some(state::place(change, &recorders)).filter(|place| !place.is_empty())
                }
                (_, Some(_)) => Some("report".into()),
                _ => None,
            };
            Ok(StateNews {
                seq: source.seq,
                keys,
                more,
                origin,
            })
        })
    }

    /// Counts what is stored of a source; `None` if nothing is.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be read.
    pub(crate) fn stored_of(&self, source: &SourceName) -> Result<Option<StoredOf>, StateError> {
        self.surely(|| match self.reader()? {
            Some(connection) => Ok(store::stored_of(&connection, source)?),
            None => Ok(None),
        })
    }

    /// Returns one snapshot.
    ///
    /// # Errors
    /// [`StateError::NotFound`] if there is none of that number.
    pub(crate) fn snapshot(&self, id: u64) -> Result<Snapshot, StateError> {
        self.surely(|| {
            let connection = self.reader_of(&format!("snapshot {id}"))?;
            Ok(store::load(&connection, id)?.snapshot)
        })
    }

    /// Returns what the source of a snapshot recorded since the latest of `others` before it, or
    /// else since the snapshot before, latest first; with how many records of it are damaged.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be read.
    pub(crate) fn recorded(
        &self,
        id: u64,
        others: &[u64],
    ) -> Result<(Vec<Change>, u32), StateError> {
        self.surely(|| {
            let connection = self.reader_of(&format!("snapshot {id}"))?;
            let source = store::load(&connection, id)?.source;
            let mut rows = store::of_source(&connection, Some(source))?;
            rows.retain(|row| row.snapshot.id <= id);
            let is_before = |row: &Row| row.snapshot.id < id && others.contains(&row.snapshot.id);
            let after = rows.iter().rposition(is_before);
            let begin = after.map_or(rows.len().saturating_sub(1), |place| place + 1);
            let (mut changes, mut damaged) = (Vec::new(), 0);
            for row in rows[begin..].iter().rev() {
                match store::recorded_if_sound(&connection, row.snapshot.id as i64)? {
                    Some(recorded) => changes.extend(recorded),
                    None => damaged += 1,
                }
            }
            Ok((changes, damaged))
        })
    }

    /// Lists the snapshots that `filter` lets through, latest first, up to `limit` of them
    /// without the first `offset`.
    ///
    /// # Errors
    /// [`StateError`] if they cannot be read.
    pub(crate) fn snapshots(
        &self,
        filter: &SnapshotFilter,
        offset: usize,
        limit: usize,
    ) -> Result<SnapshotPage, StateError> {
        self.surely(|| {
            let Some(connection) = self.reader()? else {
                return Ok(SnapshotPage {
                    total: 0,
                    snapshots: Vec::new(),
                    unreadable: None,
                });
            };
            let moment = connection
                .unchecked_transaction()
                .map_err(StoreError::from)?;
            let (found, unsearched) = find(&moment, filter)?;
            let total = found.len();
            let mut snapshots: Vec<Snapshot> = found.into_iter().skip(offset).take(limit).collect();
            store::mark_damaged(&moment, &mut snapshots)?;
            let unreadable = Unreadable {
                records: 0,
                snapshots: unsearched,
            };
            Ok(SnapshotPage {
                total,
                snapshots,
                unreadable: unreadable.if_any(),
            })
        })
    }

    /// Counts what changed among the snapshots that `filter` lets through, in equal columns; with
    /// where those begin and end. `None` without any snapshot.
    ///
    /// # Errors
    /// [`StateError`] if they cannot be read.
    pub(crate) fn density(
        &self,
        filter: &SnapshotFilter,
        columns: usize,
    ) -> Result<Option<(i64, i64, Vec<TimelineColumn>)>, StateError> {
        self.surely(|| {
            let Some(connection) = self.reader()? else {
                return Ok(None);
            };
            let moment = connection
                .unchecked_transaction()
                .map_err(StoreError::from)?;
            let (mut found, _) = find(&moment, filter)?;
            // Their moment may be any.
            found.retain(|snapshot| !snapshot.is_damaged);
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
                column.changes += u64::from(snapshot.changes.unwrap_or_default());
            }
            Ok(Some((from_ms, to_ms, counted)))
        })
    }
}

/// Lists the snapshots that `filter` lets through, latest first; with how many of those that it may
/// let through could not be searched for its text.
fn find(
    moment: &Transaction<'_>,
    filter: &SnapshotFilter,
) -> Result<(Vec<Snapshot>, u32), StateError> {
    let source = match &filter.source {
        Some(name) => Some(store::get_any_source(moment, &name.parse()?)?.id),
        None => None,
    };
    let rows = store::of_source(moment, source)?;
    let (mut found, unsearched) = match filter.text.as_deref().map(str::trim) {
        None | Some("") => (rows.into_iter().map(|row| row.snapshot).collect(), 0),
        Some(text) => with_text(moment, rows, text)?,
    };
    found.retain(|snapshot| lets_through(filter, snapshot));
    found.sort_by_key(|snapshot| std::cmp::Reverse((snapshot.at_ms, snapshot.id)));
    Ok((found, unsearched))
}

/// Returns what is kept of a source beside its state.
fn kept_of(
    moment: &Transaction<'_>,
    source: i64,
    name: &SourceName,
) -> Result<StateSource, StoreError> {
    let (snapshots, snapshot_bytes, last_snapshot_ms) = store::snapshots_in_sum(moment, source)?;
    Ok(StateSource {
        name: name.to_string(),
        at_ms: None,
        bytes: 0,
        changes: 0,
        changes_max: 0,
        snapshots,
        snapshot_bytes,
        last_snapshot_ms,
        restore: store::latest_restore(moment, source)?,
        is_damaged: false,
    })
}

/// What changed in the state of a source since some change of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StateNews {
    /// The latest change.
    #[serde(skip)]
    pub seq: i64,
    /// The keys that changed, the latest first, as far as they are known.
    pub keys: Vec<String>,
    /// How many others changed.
    pub more: usize,
    /// What made the latest change in a few words: a file and line, what the source reported, or
    /// `report` for a state reported whole.
    pub origin: Option<String>,
}

/// One of two states, and its place among the snapshots of its source.
struct Side {
    state: StateTree,
    source: Source,
    /// `None` for the present state.
    row: Option<Row>,
}

impl Side {
    fn of(moment: &Transaction<'_>, at: &StateAt) -> Result<Self, StateError> {
        match at {
            StateAt::Now { source } => {
                let (source, tree) = store::current(moment, &source.parse()?)?;
                Ok(Self {
                    state: StateTree {
                        at_ms: source.at_ms,
                        files: source.files,
                        ml: Arc::new(tree),
                    },
                    source,
                    row: None,
                })
            }
            StateAt::Snapshot { id } => {
                let row = store::load(moment, *id)?;
                Ok(Self {
                    state: StateTree {
                        at_ms: row.snapshot.at_ms,
                        files: row.snapshot.files,
                        ml: Arc::new(store::tree_of(moment, &row)?),
                    },
                    source: store::get_any_source(moment, &row.snapshot.source.parse()?)?,
                    row: Some(row),
                })
            }
        }
    }
}

/// Loads what is known of how one state became another: nothing, unless it is a later one of the
/// same source.
fn known_between(moment: &Transaction<'_>, from: &Side, to: &Side) -> Result<Known, StateError> {
    let Some(begin) = from.row.as_ref().filter(|row| row.source == to.source.id) else {
        return Ok(Known::default());
    };
    let last = to.row.as_ref().map_or(u64::MAX, |row| row.snapshot.id);
    let mut rows = store::of_source(moment, Some(to.source.id))?;
    rows.retain(|row| row.snapshot.id > begin.snapshot.id && row.snapshot.id <= last);
    let span = Span {
        source: &to.source,
        after: Some(begin),
        rows: &rows,
        is_open: to.row.is_none(),
    };
    let trees = (Some(&*from.state.ml), &*to.state.ml);
    Ok(Known::of(moment, span, trees)?)
}

fn lets_through(filter: &SnapshotFilter, snapshot: &Snapshot) -> bool {
    filter.since_ms.is_none_or(|since| snapshot.at_ms >= since)
        && filter.until_ms.is_none_or(|until| snapshot.at_ms < until)
        && filter
            .pinned
            .is_none_or(|pinned| snapshot.is_pinned == pinned)
}
