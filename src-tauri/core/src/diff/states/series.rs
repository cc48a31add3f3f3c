//! How a list of numbers drifted.

use super::SeriesChange;
use crate::limits;
use crate::tree::Tree;

/// How one list of numbers stands.
pub(super) struct Numbers {
    points: Vec<f64>,
    mean: Option<f64>,
    p95: Option<f64>,
}

impl Numbers {
    /// Reads a list of at least [`limits::SERIES_NUMBERS_MIN`] numbers and few nulls; `None` for
    /// any other.
    pub(super) fn of(list: &[Tree]) -> Option<Self> {
        let is_one = |element: &Tree| matches!(element, Tree::Number(_) | Tree::Null);
        if !list.iter().all(is_one) {
            return None;
        }
        let mut numbers = Vec::with_capacity(list.len());
        numbers.extend(list.iter().filter_map(Tree::as_f64));
        let nulls = list.len() - numbers.len();
        let is_series = numbers.len() >= limits::SERIES_NUMBERS_MIN
            && nulls * limits::SERIES_NULLS_ONE_IN <= list.len();
        is_series.then(|| Self {
            points: points(&numbers),
            mean: mean(&numbers),
            p95: p95(numbers),
        })
    }
}

/// Tells how a series drifted, given the largest change of a number in it.
pub(super) fn series(before: Numbers, after: Numbers, largest_change: Option<f64>) -> SeriesChange {
    SeriesChange {
        before: before.points,
        after: after.points,
        mean_before: before.mean,
        mean_after: after.mean,
        p95_before: before.p95,
        p95_after: after.p95,
        largest_change,
    }
}

/// Returns by how much a number changed, if both are numbers.
pub(super) fn change(old: &Tree, new: &Tree) -> Option<f64> {
    let change = (old.as_f64()? - new.as_f64()?).abs();
    // The difference of two numbers may be larger than any number.
    Some(change.min(f64::MAX))
}

/// Returns so many means as a small chart shows points, of parts of about equal length.
fn points(numbers: &[f64]) -> Vec<f64> {
    let count = numbers.len().min(limits::SERIES_POINTS_MAX);
    let edge = |point: usize| numbers.len() * point / count;
    let point = |point: usize| mean(&numbers[edge(point)..edge(point + 1)]);
    (0..count).filter_map(point).collect()
}

/// Returns the 95th percentile by nearest rank.
fn p95(mut numbers: Vec<f64>) -> Option<f64> {
    let rank = (numbers.len() * 95).div_ceil(100).checked_sub(1)?;
    let (_, found, _) = numbers.select_nth_unstable_by(rank, f64::total_cmp);
    Some(*found)
}

fn mean(numbers: &[f64]) -> Option<f64> {
    if numbers.is_empty() {
        return None;
    }
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    if sum.is_finite() {
        return Some(sum / count);
    }
    // Less exact, but no larger than the largest number, rounding aside.
    let mean: f64 = numbers.iter().map(|number| number / count).sum();
    Some(mean.clamp(f64::MIN, f64::MAX))
}
