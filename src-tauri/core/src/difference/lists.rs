//! What differs between two lists: elements that came and went, inner changes of those that
//! stayed, and how a list of numbers drifted.

use serde_json::Value;

use super::{Found, Kind, ListChange, Place, Raw, SeriesChange, is_within};
use crate::limits::{SERIES_NUMBERS_MIN, SERIES_POINTS};
use crate::tree::{Alignment, Run, align};

impl<'a> Found<'a> {
    /// Compares two lists that are not the same.
    pub(super) fn lists(&mut self, at: &Place, old: &'a [Value], new: &'a [Value]) {
        let alignment = align(old, new);
        match (numbers(old), numbers(new)) {
            (Some(before), Some(after)) => self.series(at, &alignment, old, new, &before, &after),
            _ => self.elements(at, &alignment, old, new),
        }
    }

    fn series(
        &mut self,
        at: &Place,
        alignment: &Alignment,
        old: &'a [Value],
        new: &'a [Value],
        before: &[f64],
        after: &[f64],
    ) {
        let pairs = pairs(alignment, old, new);
        let tolerance = self.options.tolerance;
        let is_tolerated = |(one, other): &(&Value, &Value)| match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) => is_within(one, other, tolerance),
            _ => false,
        };
        let list = list_change(alignment, old.len(), new.len());
        if list.dropped + list.added == 0 && pairs.iter().all(is_tolerated) {
            self.tolerated += pairs.len();
            return;
        }
        let largest = pairs
            .iter()
            .filter_map(|(one, other)| Some((one.as_f64()? - other.as_f64()?).abs()));
        let largest_change = largest.fold(None, |most: Option<f64>, change| {
            Some(most.map_or(change, |most| most.max(change)))
        });
        self.changes.push(Raw {
            place: at.clone(),
            kind: Kind::Series,
            from: None,
            before: None,
            after: None,
            elements: elements(alignment, old, new),
            list: Some(list),
            series: Some(SeriesChange {
                before: points(before),
                after: points(after),
                mean_before: mean(before),
                mean_after: mean(after),
                p95_before: p95(before),
                p95_after: p95(after),
                largest_change,
            }),
        });
    }

    fn elements(&mut self, at: &Place, alignment: &Alignment, old: &'a [Value], new: &'a [Value]) {
        let list = list_change(alignment, old.len(), new.len());
        if list.dropped + list.added + list.moved > 0 {
            self.changes.push(Raw {
                place: at.clone(),
                kind: Kind::List,
                from: None,
                before: None,
                after: None,
                elements: elements(alignment, old, new),
                list: Some(list),
                series: None,
            });
        }
        let changed = places(alignment);
        // One that moved may have changed, too.
        for (from, to) in changed.into_iter().chain(alignment.moved.iter().copied()) {
            let name = alignment.key.as_ref().and_then(|key| {
                let value = new[to].get(key)?;
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                Some(format!("{key}={value}"))
            });
            self.value(&at.element(from, to, name), &old[from], &new[to]);
        }
    }
}

/// Returns the numbers of a list of nothing else, but for values that are missing.
fn numbers(list: &[Value]) -> Option<Vec<f64>> {
    let is_one = |value: &Value| value.is_number() || value.is_null();
    if !list.iter().all(is_one) {
        return None;
    }
    let numbers: Vec<f64> = list.iter().filter_map(Value::as_f64).collect();
    (numbers.len() >= SERIES_NUMBERS_MIN).then_some(numbers)
}

fn list_change(alignment: &Alignment, length_before: usize, length_after: usize) -> ListChange {
    let (mut dropped, mut added, mut changed, mut kept) = (0, 0, 0, 0);
    for run in &alignment.runs {
        match run {
            Run::Keep(count) => kept += count,
            Run::Change(count) => changed += count,
            Run::Drop(count) => dropped += count,
            Run::Add(count) => added += count,
        }
    }
    let moved = alignment.moved.len();
    let begins_with_drop = matches!(alignment.runs.first(), Some(Run::Drop(_)));
    let ends_with_add = matches!(alignment.runs.last(), Some(Run::Add(_)));
    let inner = alignment.runs.len().saturating_sub(2);
    let inner_stays = alignment.runs.iter().skip(1).take(inner);
    let stays = inner_stays
        .clone()
        .all(|run| matches!(run, Run::Keep(_) | Run::Change(_)));
    ListChange {
        key: alignment.key.clone(),
        is_shifted: begins_with_drop && ends_with_add && stays && kept + changed > 0,
        dropped: dropped - moved,
        added: added - moved,
        moved,
        changed,
        length_before,
        length_after,
    }
}

/// Lists the places of elements that belong together and differ.
fn places(alignment: &Alignment) -> Vec<(usize, usize)> {
    let (mut from, mut to) = (0, 0);
    let mut places = Vec::new();
    for run in &alignment.runs {
        match run {
            Run::Keep(count) => (from, to) = (from + count, to + count),
            Run::Change(count) => {
                places.extend((0..*count).map(|nth| (from + nth, to + nth)));
                (from, to) = (from + count, to + count);
            }
            Run::Drop(count) => from += count,
            Run::Add(count) => to += count,
        }
    }
    places
}

fn pairs<'a>(
    alignment: &Alignment,
    old: &'a [Value],
    new: &'a [Value],
) -> Vec<(&'a Value, &'a Value)> {
    let places = places(alignment).into_iter();
    places.map(|(from, to)| (&old[from], &new[to])).collect()
}

/// Lists the elements that went, and those that came; not those that moved.
fn elements<'a>(
    alignment: &Alignment,
    old: &'a [Value],
    new: &'a [Value],
) -> (Vec<&'a Value>, Vec<&'a Value>) {
    let (mut from, mut to) = (0, 0);
    let (mut went, mut came) = (Vec::new(), Vec::new());
    for run in &alignment.runs {
        match run {
            Run::Keep(count) | Run::Change(count) => (from, to) = (from + count, to + count),
            Run::Drop(count) => {
                went.extend(from..from + count);
                from += count;
            }
            Run::Add(count) => {
                came.extend(to..to + count);
                to += count;
            }
        }
    }
    let moved_from: std::collections::HashSet<usize> =
        alignment.moved.iter().map(|(from, _)| *from).collect();
    let moved_to: std::collections::HashSet<usize> =
        alignment.moved.iter().map(|(_, to)| *to).collect();
    went.retain(|place| !moved_from.contains(place));
    came.retain(|place| !moved_to.contains(place));
    (
        went.into_iter().map(|place| &old[place]).collect(),
        came.into_iter().map(|place| &new[place]).collect(),
    )
}

/// Returns at most so many numbers as a small chart has points, each the mean of neighbours.
fn points(numbers: &[f64]) -> Vec<f64> {
    let count = numbers.len().min(SERIES_POINTS);
    (0..count)
        .map(|point| {
            let part = numbers.len() * point / count..numbers.len() * (point + 1) / count;
            mean(&numbers[part]).unwrap_or_default()
        })
        .collect()
}

fn mean(numbers: &[f64]) -> Option<f64> {
    // Each divided before they are added, so that the sum cannot be beyond every number.
    let count = numbers.len() as f64;
    (!numbers.is_empty()).then(|| numbers.iter().map(|number| number / count).sum())
}

fn p95(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    let rank = (sorted.len() * 95).div_ceil(100).checked_sub(1)?;
    let (_, found, _) = sorted.select_nth_unstable_by(rank, f64::total_cmp);
    Some(*found)
}
