//! How a list of numbers drifted.

use super::SeriesChange;
use crate::limits;
use crate::tree::Tree;

/// The numbers of a list that is a series.
pub(super) struct Numbers(Vec<f64>);

impl Numbers {
    /// Reads a list of at least [`limits::SERIES_NUMBERS_MIN`] numbers and few nulls; `None` for
    /// any other.
    pub(super) fn of(list: &[Tree]) -> Option<Self> {
        let is_one = |element: &Tree| matches!(element, Tree::Number(_) | Tree::Null);
        if !list.iter().all(is_one) {
            return None;
        }
        let numbers: Vec<f64> = list.iter().filter_map(Tree::as_f64).collect();
        let nulls = list.len() - numbers.len();
        let is_series = numbers.len() >= limits::SERIES_NUMBERS_MIN
            && nulls * limits::SERIES_NULLS_ONE_IN <= list.len();
        is_series.then_some(Self(numbers))
    }

    /// Returns so many means as a small chart shows points, of parts of about equal length.
    fn points(&self) -> Vec<f64> {
        let count = self.0.len().min(limits::SERIES_POINTS_MAX);
        let edge = |point: usize| self.0.len() * point / count;
        let point = |point: usize| mean(&self.0[edge(point)..edge(point + 1)]);
        (0..count).filter_map(point).collect()
    }

    /// Returns the 95th percentile by nearest rank.
    fn p95(&self) -> Option<f64> {
        let rank = (self.0.len() * 95).div_ceil(100).checked_sub(1)?;
        let mut numbers = self.0.clone();
        let (_, found, _) = numbers.select_nth_unstable_by(rank, f64::total_cmp);
        Some(*found)
    }
}

/// Tells how a series drifted, given the elements of both that belong together.
pub(super) fn series(before: &Numbers, after: &Numbers, stayed: &[(&Tree, &Tree)]) -> SeriesChange {
    let change = |(old, new): &(&Tree, &Tree)| {
        let change = (old.as_f64()? - new.as_f64()?).abs();
        // The difference of two numbers may be larger than any number.
        Some(change.min(f64::MAX))
    };
    SeriesChange {
        before: before.points(),
        after: after.points(),
        mean_before: mean(&before.0),
        mean_after: mean(&after.0),
        p95_before: before.p95(),
        p95_after: after.p95(),
        largest_change: stayed.iter().filter_map(change).reduce(f64::max),
    }
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
