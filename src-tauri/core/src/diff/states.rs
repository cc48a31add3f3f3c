//! What differs between two states, as a reviewer reads it: a ring that moved on is one change,
//! a list of numbers is how it drifted, what was renamed is not gone.
//!
//! A state is the tree that a source reports under `ml`. Knows nothing of who changed it or
//! when, and never looks beyond the two trees.

mod excerpt;
mod lists;
mod moves;
mod place;
mod series;
mod walk;

use serde::Serialize;

pub use self::excerpt::{Excerpt, excerpt};
use self::place::{Segment, Side, groups, path, pointer};
use self::walk::{Found, Raw, Walk, What};
use crate::limits;
use crate::tree::Tree;

/// How to compare.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Numbers count as equal that differ by no more than this share of the larger magnitude,
    /// 0.0 to 1.0; at 0.0 every difference counts.
    pub tolerance: f64,
    /// Names of keys whose changes, and all changes under them, are noise.
    pub noise: Vec<String>,
    /// Whether to compare the `history` that a source reports, too: it tells how a
    /// state came about, not what it is.
    pub with_history: bool,
}

/// What differs between two states.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// The changes, in the order of the later state, removals at their earlier place: the first
    /// [`limits::STATE_CHANGES_MAX`].
    pub changes: Vec<StateChange>,
    /// How many there are in all.
    pub total: usize,
    /// How many of all are noise.
    pub noise: usize,
    /// Numbers that differ within the tolerance.
    pub tolerated: usize,
    /// Groups that are in both states and in which nothing changed, as JSON Pointers, in the
    /// order of the later state: the first [`limits::STATE_GROUPS_MAX`].
    pub unchanged: Vec<String>,
}

/// One thing that differs between two states.
#[derive(Debug, Clone, PartialEq)]
pub struct StateChange {
    /// Where: a JSON Pointer into the later state, or into the earlier one if it was removed.
    pub pointer: String,
    /// The keys on the way there as a person reads them: an element of a list by its key, as in
    /// `files[id=7].name`, or its place; a key that could be misread quoted, as in `a["b.c"]`.
    /// [`crate::tree::Path`] reads it, and finds in that state what is at the pointer.
    pub path: String,
    /// The group it is shown under: `ml.flags`, or `ml.metrics.performance` in `metrics`.
    pub group: String,
    /// What happened.
    pub kind: Kind,
    /// Where it was before, a JSON Pointer into the earlier state, if it moved.
    pub from: Option<String>,
    /// The value before. For a list, the elements that were removed, if any; `None` for a series.
    pub before: Option<Excerpt>,
    /// The value after. For a list, the elements that were added, if any; `None` for a series.
    pub after: Option<Excerpt>,
    /// What happened to the elements of a list or series.
    pub list: Option<ListChange>,
    /// How a series drifted.
    pub series: Option<SeriesChange>,
    /// Whether it is noise.
    pub is_noise: bool,
}

/// What happened to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename = "StateChangeKind", rename_all = "snake_case")
)]
pub enum Kind {
    /// It appeared.
    Added,
    /// It was removed.
    Removed,
    /// It has another value.
    Changed,
    /// It has another name in the same place, or is elsewhere.
    Moved,
    /// Elements of a list were added, removed or moved.
    List,
    /// A list of numbers changed.
    Series,
}

/// What happened to the elements of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename_all = "camelCase")
)]
pub struct ListChange {
    /// The key that elements were identified by; `None` if by their content or place.
    pub key: Option<String>,
    /// Whether it is a ring that moved on: elements were removed at its beginning and added at its
    /// end, and nowhere else.
    pub is_shifted: bool,
    /// Elements that were removed.
    pub dropped: usize,
    /// Elements that were added.
    pub added: usize,
    /// Elements that stand elsewhere among those that stayed.
    pub moved: usize,
    /// Elements that stayed and differ beyond the tolerance. Their changes are listed separately,
    /// except those of a series.
    pub changed: usize,
    /// Elements before.
    pub length_before: usize,
    /// Elements after.
    pub length_after: usize,
}

/// How a list of numbers drifted. Nulls among them are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename_all = "camelCase")
)]
pub struct SeriesChange {
    /// The numbers before; if there are more than [`limits::SERIES_POINTS_MAX`], means of as
    /// many parts of about equal length.
    pub before: Vec<f64>,
    /// The numbers after, likewise.
    pub after: Vec<f64>,
    /// Their mean before; `None` if there are no numbers.
    pub mean_before: Option<f64>,
    /// Their mean after.
    pub mean_after: Option<f64>,
    /// Their 95th percentile before, by nearest rank; `None` if there are no numbers.
    pub p95_before: Option<f64>,
    /// The same after.
    pub p95_after: Option<f64>,
    /// The largest difference between two numbers that belong together, once a shift is undone;
    /// `None` if no number stayed.
    pub largest_change: Option<f64>,
}

/// Compares two states, each the value that a source has under `ml`.
///
/// Values are equal as [`crate::tree::same`] defines it: without a tolerance there is a change if
/// and only if two states are not, their `history` aside. What moved is looked for among the listed
/// changes: it was removed in one place and added in another, and there is no other candidate.
pub fn difference(before: &Tree, after: &Tree, options: &Options) -> Difference {
    let found = found(before, after, options);
    Difference {
        unchanged: unchanged(before, after, &found, options),
        total: found.total,
        noise: found.noise,
        tolerated: found.tolerated,
        changes: listed(&found.changes),
    }
}

/// Counts the changes between two states: the `total` of their [`difference`].
pub fn count(before: &Tree, after: &Tree) -> usize {
    found(before, after, &Options::default()).total
}

fn found<'a>(before: &'a Tree, after: &'a Tree, options: &'a Options) -> Found<'a> {
    let mut walk = Walk::new(options);
    walk.compare(before, after);
    let mut found = walk.finish();
    moves::join(&mut found);
    found
}

/// Builds changes as they are shown, until their places reach their bound of bytes.
fn listed(raws: &[Raw<'_>]) -> Vec<StateChange> {
    let mut budget = limits::STATE_PLACES_BYTES_MAX;
    let mut changes = Vec::with_capacity(raws.len());
    for raw in raws {
        let Some(left) = budget.checked_sub(raw.place_bytes()) else {
            break;
        };
        budget = left;
        changes.push(raw.shown());
    }
    changes
}

impl Raw<'_> {
    /// Returns about how many bytes its pointers, path and group take.
    fn place_bytes(&self) -> usize {
        let from = match &self.what {
            What::Moved { from, .. } => place::bytes(from),
            _ => 0,
        };
        from + 2 * place::bytes(&self.place)
    }

    fn shown(&self) -> StateChange {
        let place: &[Segment<'_>] = &self.place;
        let side = match self.what {
            What::Removed(_) => Side::Before,
            _ => Side::After,
        };
        let change = StateChange {
            pointer: pointer(place, side),
            path: path(place, side),
            group: place::group(place),
            kind: Kind::Changed,
            from: None,
            before: None,
            after: None,
            list: None,
            series: None,
            is_noise: self.is_noise,
        };
        self.what.tell(change)
    }
}

impl What<'_> {
    /// Fills in what happened.
    fn tell(&self, change: StateChange) -> StateChange {
        let values = |kind, before: Option<&Tree>, after: Option<&Tree>| StateChange {
            kind,
            before: before.map(excerpt),
            after: after.map(excerpt),
            ..change.clone()
        };
        match self {
            Self::Added(after) => values(Kind::Added, None, Some(after)),
            Self::Removed(before) => values(Kind::Removed, Some(before), None),
            Self::Changed(before, after) => values(Kind::Changed, Some(before), Some(after)),
            Self::Moved { from, value } => StateChange {
                from: Some(pointer(from, Side::Before)),
                ..values(Kind::Moved, Some(value), Some(value))
            },
            Self::List { list, went, came } => StateChange {
                kind: Kind::List,
                before: went.clone(),
                after: came.clone(),
                list: Some(list.clone()),
                ..change
            },
            Self::Series { list, series } => StateChange {
                kind: Kind::Series,
                list: Some(list.clone()),
                series: Some(series.clone()),
                ..change
            },
        }
    }
}

/// Lists the groups that both states have and in which nothing changed.
fn unchanged(before: &Tree, after: &Tree, found: &Found<'_>, options: &Options) -> Vec<String> {
    let known: std::collections::HashSet<_> = groups(before).collect();
    let same =
        groups(after).filter(|group| known.contains(group) && !found.touched.contains(group));
    let same = same.filter(|group| options.with_history || !group.is_history());
    same.take(limits::STATE_GROUPS_MAX)
        .map(|group| group.pointer())
        .collect()
}
