//! From the domain's difference to what faces see of it.

use std::collections::BTreeMap;

use flagdeck_core::difference::{self, Difference, Kind};
use flagdeck_core::state::Change;
use flagdeck_core::tree::{self, Tree};

use super::records::{Records, in_short, is_as_left, recorded_since};

use crate::wire::{
    ChangeRecord, Excerpt, ListChange, SeriesChange, StateAt, StateChange, StateChangeKind,
    StateDifference, StateDifferenceOptions,
};

/// Returns the beginning of a value.
pub(super) fn excerpt(value: &Tree) -> Excerpt {
    difference::excerpt(value).into()
}

/// Says which state is meant.
pub(super) fn name_of(at: &StateAt) -> String {
    match at {
        StateAt::Snapshot { id } => format!("snapshot {id}"),
        StateAt::Now { source } => format!("source {source}"),
    }
}

/// Returns a recorded change for a face.
pub(super) fn record(change: &Change) -> ChangeRecord {
    ChangeRecord {
        key: change.key.clone(),
        before: change.old.as_ref().map(excerpt),
        after: change.new.as_ref().map(excerpt),
        at_ms: change.at_ms,
        place: in_short(&change.origin),
        origin: change.origin.clone(),
    }
}

/// Compares two states for a face, with what the later one has recorded of how it came about.
pub(crate) fn compared(
    before: &Tree,
    after: &Tree,
    options: &StateDifferenceOptions,
) -> StateDifference {
    let mut difference = plainly_compared(before, after, options);
    let recorded = recorded_since(Some(before), after);
    let records = Records::of(&recorded);
    let mut places = BTreeMap::new();
    for change in &mut difference.changes {
        let path = tree::dotted(&change.pointer);
        let latest = records.latest_around(&path);
        let latest = latest.filter(|place| is_as_left(&recorded[*place], &path, after));
        change.record = latest.map(|place| {
            let next = places.len();
            *places.entry(place).or_insert_with(|| {
                difference.records.push(record(&recorded[place]));
                next
            })
        });
    }
    difference
}

/// Compares two states for a face.
pub(crate) fn plainly_compared(
    before: &Tree,
    after: &Tree,
    options: &StateDifferenceOptions,
) -> StateDifference {
    let options = difference::Options {
        tolerance: options.tolerance,
        noise: options.noise.clone(),
    };
    flagdeck_core::difference(before, after, &options).into()
}

impl From<difference::Excerpt> for Excerpt {
    fn from(excerpt: difference::Excerpt) -> Self {
        Self {
            text: excerpt.text,
            is_whole: excerpt.is_whole,
        }
    }
}

impl From<Difference> for StateDifference {
    fn from(difference: Difference) -> Self {
        Self {
            changes: difference.changes.into_iter().map(Into::into).collect(),
            total: difference.total,
            noise: difference.noise,
            tolerated: difference.tolerated,
            unchanged: difference.unchanged,
            records: Vec::new(),
        }
    }
}

impl From<difference::StateChange> for StateChange {
    fn from(change: difference::StateChange) -> Self {
        Self {
            pointer: change.pointer,
            path: change.path,
            group: change.group,
            kind: match change.kind {
                Kind::Added => StateChangeKind::Added,
                Kind::Removed => StateChangeKind::Removed,
                Kind::Changed => StateChangeKind::Changed,
                Kind::Moved => StateChangeKind::Moved,
                Kind::List => StateChangeKind::List,
                Kind::Series => StateChangeKind::Series,
            },
            from: change.from,
            before: change.before.map(Into::into),
            after: change.after.map(Into::into),
            list: change.list.map(Into::into),
            series: change.series.map(Into::into),
            is_noise: change.is_noise,
            record: None,
        }
    }
}

impl From<difference::ListChange> for ListChange {
    fn from(list: difference::ListChange) -> Self {
        Self {
            key: list.key,
            is_shifted: list.is_shifted,
            dropped: list.dropped,
            added: list.added,
            moved: list.moved,
            changed: list.changed,
            length_before: list.length_before,
            length_after: list.length_after,
        }
    }
}

impl From<difference::SeriesChange> for SeriesChange {
    fn from(series: difference::SeriesChange) -> Self {
        Self {
            before: series.before,
            after: series.after,
            mean_before: series.mean_before,
            mean_after: series.mean_after,
            p95_before: series.p95_before,
            p95_after: series.p95_after,
            largest_change: series.largest_change,
        }
    }
}
