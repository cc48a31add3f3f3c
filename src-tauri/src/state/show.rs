//! From the domain's difference to the shape for faces.

use std::collections::BTreeMap;

use flagdeck_core::diff::states::{self, Difference};
use flagdeck_core::state::{self, Change, Recorders};
use flagdeck_core::tree::{self, Tree};

use super::records::{ByReport, Known, Records, is_as_left, shown_report};

use crate::state::shapes::{
    ChangeRecord, Excerpt, StateAt, StateChange, StateDifference, StateDifferenceOptions,
    Unreadable,
};

/// Returns the beginning of a value.
pub(super) fn excerpt(value: &Tree) -> Excerpt {
    states::excerpt(value)
}

/// Names a state for messages.
pub(super) fn name_of(at: &StateAt) -> String {
    match at {
        StateAt::Snapshot { id } => format!("snapshot {id}"),
        StateAt::Now { source } => format!("source {source}"),
    }
}

/// Returns a recorded change for a face.
pub(super) fn record(change: &Change, recorders: &Recorders) -> ChangeRecord {
    ChangeRecord {
        key: change.key.clone(),
        before: change.old.as_ref().map(excerpt),
        after: change.new.as_ref().map(excerpt),
        at_ms: change.at_ms,
        by_report: false,
        since_ms: None,
        place: state::place(change, recorders),
        origin: change.origin.clone(),
    }
}

/// Compares two states for a face, with the recorded changes between them.
pub(super) fn compared(
    before: &Tree,
    after: &Tree,
    known: &Known,
    options: &StateDifferenceOptions,
) -> StateDifference {
    let mut difference = plainly_compared(before, after, options);
    let records = Records::of(&known.changes);
    let reports = ByReport::of(&known.reports);
    let mut shown = Shown::default();
    for change in &mut difference.changes {
        let path = tree::dotted(&change.pointer);
        let latest = records.latest_around(&path);
        let latest = latest.filter(|place| is_as_left(&known.changes[*place], &path, after));
        let by_report = || {
            let (report, reported) = reports.latest(&change.path)?;
            let is_as_left = reported.after == change.after;
            is_as_left.then(|| shown_report(report, reported))
        };
        change.record = match latest {
            Some(place) => Some(shown.recorded(place, known)),
            None => by_report().map(|record| shown.add(record)),
        };
    }
    difference.records = shown.records;
    let unreadable = Unreadable {
        records: known.damaged,
        snapshots: 0,
    };
    difference.unreadable = unreadable.if_any();
    difference
}

/// The recorded changes shown with a difference, each once.
#[derive(Default)]
struct Shown {
    records: Vec<ChangeRecord>,
    places: BTreeMap<usize, usize>,
}

impl Shown {
    fn add(&mut self, record: ChangeRecord) -> usize {
        self.records.push(record);
        self.records.len() - 1
    }

    /// Returns the place in `records` of the change at a place among all known ones.
    fn recorded(&mut self, place: usize, known: &Known) -> usize {
        if let Some(shown) = self.places.get(&place) {
            return *shown;
        }
        let shown = self.add(record(&known.changes[place], &known.recorders));
        self.places.insert(place, shown);
        shown
    }
}

/// Compares two states for a face.
pub(crate) fn plainly_compared(
    before: &Tree,
    after: &Tree,
    options: &StateDifferenceOptions,
) -> StateDifference {
    let options = states::Options {
        tolerance: options.tolerance,
        noise: options.noise.clone(),
        with_history: options.with_history,
    };
    flagdeck_core::difference(before, after, &options).into()
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
            unreadable: None,
        }
    }
}

impl From<states::StateChange> for StateChange {
    fn from(change: states::StateChange) -> Self {
        Self {
            pointer: change.pointer,
            path: change.path,
            group: change.group,
            kind: change.kind,
            from: change.from,
            before: change.before,
            after: change.after,
            list: change.list,
            series: change.series,
            is_noise: change.is_noise,
            record: None,
        }
    }
}
