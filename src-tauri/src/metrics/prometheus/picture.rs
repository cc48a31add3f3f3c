//! Frames made of the answers of a Prometheus.

use std::collections::BTreeMap;

use flagdeck_core::measure::{DURATION_EDGES_S, ITERATION_EDGES, Spread, Tally};

use super::super::frame::{Frame, NameId, SeriesKey};
use super::answer::{Labels, Series};
use super::query::Queries;
use super::{QueryError, Range};

/// Counts of one step that are believed: a million million. Even over the most steps and hundreds
/// of components they add up without overflow.
const COUNT_MAX: u64 = 1 << 40;

/// Frames being filled from answers.
pub(super) struct Picture<'a> {
    range: &'a Range,
    frames: Vec<Frame>,
    name: &'a mut dyn FnMut(&str) -> NameId,
}

/// One value of an answer.
struct Point<'a> {
    step: usize,
    labels: &'a Labels,
    /// The component or the source.
    name: NameId,
    value: f64,
}

impl<'a> Picture<'a> {
    pub(super) fn of(range: &'a Range, name: &'a mut dyn FnMut(&str) -> NameId) -> Self {
        let steps = usize::try_from(range.steps()).expect("a bounded number of steps");
        Self {
            range,
            frames: vec![Frame::default(); steps],
            name,
        }
    }

    pub(super) fn into_frames(self) -> Vec<(i64, Frame)> {
        let Range { from_s, .. } = *self.range;
        let step = self.range.step();
        let frames = (0..).zip(self.frames);
        frames
            .map(|(at, frame)| (from_s + at * step, frame))
            .collect()
    }

    /// Runs one query after the other. Counts come first: the rest only adds to existing tallies.
    pub(super) fn take_in(&mut self, queries: &Queries<'_>) -> Result<(), QueryError> {
        let durations = queries.buckets("ml_calculation_duration_seconds")?;
        self.histogram(&durations, &DURATION_EDGES_S, |tally| &mut tally.durations);
        let iterations = queries.buckets("ml_convergence_iterations")?;
        self.histogram(&iterations, &ITERATION_EDGES, |tally| &mut tally.iterations);
        self.errors(&queries.growth("ml_errors_total")?);

        let durations_s = queries.growth("ml_calculation_duration_seconds_sum")?;
        self.sums(&durations_s, |tally, sum| tally.duration_s = sum);
        let iterations = queries.growth("ml_convergence_iterations_sum")?;
        self.sums(&iterations, |tally, sum| {
            tally.iterations_sum = whole_number(sum);
        });
        self.confidence(&queries.extent("component, arm", "ml_confidence_current", "")?);
        self.memory(&queries.extent("source", "ml_memory_usage_bytes", "")?);
        self.own_memory(&queries.own_memory()?);
        Ok(())
    }

    /// Adds cumulative buckets. The same edge may be written in two ways, and then both count;
    /// edges that are not Flagdeck's are ignored.
    fn histogram<const EDGES: usize, const BUCKETS: usize>(
        &mut self,
        answer: &[Series],
        edges: &[f64; EDGES],
        counts: impl Fn(&mut Tally) -> &mut [u64; BUCKETS],
    ) {
        let mut cumulative = BTreeMap::new();
        for point in self.of_components(answer) {
            let arm_and_bucket = point.labels.arm().zip(point.labels.bucket(edges));
            if let Some((arm, bucket)) = arm_and_bucket {
                let key = (point.step, point.name, arm);
                let buckets = cumulative.entry(key).or_insert([0.0; BUCKETS]);
                buckets[bucket] += point.value;
            }
        }
        for ((step, component, arm), cumulative) in cumulative {
            let apart = apart(&cumulative);
            if apart.iter().any(|count| *count > 0) {
                let tallies = &mut self.frames[step].tallies;
                let key = SeriesKey::without_source(component, arm);
                *counts(tallies.entry(key).or_default()) = apart;
            }
        }
    }

    fn errors(&mut self, answer: &[Series]) {
        for point in self.of_components(answer) {
            let errors = whole_number(point.value);
            if let (Some(arm), 1..) = (point.labels.arm(), errors) {
                let tallies = &mut self.frames[point.step].tallies;
                let key = SeriesKey::without_source(point.name, arm);
                tallies.entry(key).or_default().errors = errors;
            }
        }
    }

    fn sums(&mut self, answer: &[Series], set: impl Fn(&mut Tally, f64)) {
        for point in self.of_components(answer) {
            if let Some(tally) = self.tally(&point) {
                set(tally, point.value.max(0.0));
            }
        }
    }

    fn confidence(&mut self, answer: &[Series]) {
        for point in self.of_components(answer) {
            if let Some(tally) = self.tally(&point) {
                let weight = tally.completed();
                extend(&mut tally.confidence, point.labels, point.value, weight);
            }
        }
    }

    fn memory(&mut self, answer: &[Series]) {
        for point in self.points(answer, |labels| labels.source.as_deref()) {
            let memory = &mut self.frames[point.step].memory;
            let spread = memory.entry(point.name).or_default();
            extend(spread, point.labels, point.value, 1);
        }
    }

    fn own_memory(&mut self, answer: &[Series]) {
        for series in answer {
            for (step, value) in values(series, self.range) {
                extend(&mut self.frames[step].own_memory, &series.labels, value, 1);
            }
        }
    }

    fn of_components<'s>(&mut self, answer: &'s [Series]) -> Vec<Point<'s>> {
        self.points(answer, |labels| labels.component.as_deref())
    }

    /// Lists the values of all series that have a name.
    fn points<'s>(
        &mut self,
        answer: &'s [Series],
        name: impl Fn(&'s Labels) -> Option<&'s str>,
    ) -> Vec<Point<'s>> {
        let mut points = Vec::new();
        for series in answer {
            let Some(name) = name(&series.labels) else {
                continue;
            };
            let name = (self.name)(name);
            let labels = &series.labels;
            points.extend(values(series, self.range).map(|(step, value)| Point {
                step,
                labels,
                name,
                value,
            }));
        }
        points
    }

    /// Returns the tally that a value belongs to.
    fn tally(&mut self, point: &Point<'_>) -> Option<&mut Tally> {
        let key = SeriesKey::without_source(point.name, point.labels.arm()?);
        self.frames[point.step].tallies.get_mut(&key)
    }
}

/// Lists the values of a series by step. Values that are not finite or out of range are skipped.
fn values(series: &Series, range: &Range) -> impl Iterator<Item = (usize, f64)> {
    let steps = range.steps();
    let in_range = move |step: &usize| i64::try_from(*step).is_ok_and(|step| step < steps);
    let values = series.values.iter().filter_map(move |(at_s, value)| {
        let step = range.step_ending_at(*at_s).filter(in_range)?;
        Some((step, value.0))
    });
    values.filter(|(_, value)| value.is_finite())
}

/// Makes counts of each bucket out of cumulative ones.
///
/// Rounds before it subtracts, so that the counts add up to the rounded total. Prometheus
/// extrapolates each bucket separately, so a bucket may be slightly below one that it includes:
/// they count as equal.
fn apart<const BUCKETS: usize>(cumulative: &[f64; BUCKETS]) -> [u64; BUCKETS] {
    let mut below = 0;
    cumulative.map(|up_to| {
        let up_to = whole_number(up_to).max(below);
        up_to - std::mem::replace(&mut below, up_to)
    })
}

/// Rounds, within 0 and [`COUNT_MAX`].
fn whole_number(value: f64) -> u64 {
    (value.round() as u64).min(COUNT_MAX)
}

/// Widens a spread of `weight` values by one of the three that [`Queries::extent`] asks for.
fn extend(spread: &mut Spread, labels: &Labels, value: f64, weight: u64) {
    match labels.extent.as_deref() {
        Some("mean") if weight > 0 => {
            spread.count = weight;
            spread.sum = value * weight as f64;
        }
        Some("min") if weight > 0 => spread.min = value,
        Some("max") if weight > 0 => spread.max = value,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use flagdeck_core::measure::Arm;

    use super::super::answer::understand;
    use super::*;

    const RANGE: Range = Range {
        from_s: 1000,
        to_s: 1035,
        step_s: 10,
    };

    fn series(json: &str) -> Vec<Series> {
        let body = format!(r#"{{"status":"success","data":{{"result":{json}}}}}"#);
        understand((200, body.into_bytes())).unwrap()
    }

    fn picture(take: impl FnOnce(&mut Picture<'_>)) -> Vec<(i64, Frame)> {
        let mut name = |name: &str| name.len() as NameId;
        let mut picture = Picture::of(&RANGE, &mut name);
        take(&mut picture);
        picture.into_frames()
    }

    #[test]
    fn cumulative_buckets_come_apart_without_losing_a_count() {
        let check = |cumulative: [f64; 4], counts: [u64; 4]| {
            assert_eq!(apart(&cumulative), counts, "{cumulative:?}");
        };
        check([0.0, 0.0, 0.0, 0.0], [0, 0, 0, 0]);
        check([1.0, 3.0, 3.0, 10.0], [1, 2, 0, 7]);
        check([0.4, 0.8, 1.2, 1.6], [0, 1, 0, 1]);
        check([5.0, 4.9, 4.2, 6.0], [5, 0, 0, 1]);
        check([-2.0, 1.0, 0.0, 2.0], [0, 1, 0, 1]);
    }

    #[test]
    fn no_number_and_no_step_are_nothing() {
        let answer = series(
            r#"[{"metric":{"component":"ui"},"values":[[990,"7"],[1010,"NaN"],[1020,"2.4"],
                [1030,"+Inf"],[1040,"9"]]}]"#,
        );
        let frames = picture(|picture| picture.errors(&answer));
        let errors = frames
            .iter()
            .map(|(_, frame)| frame.sum(|_, _| true).errors);
        assert_eq!(errors.collect::<Vec<_>>(), [0, 2, 0]);
        assert!(frames[0].1.is_quiet() && frames[2].1.is_quiet());
    }

    #[test]
    fn counts_that_cannot_be_still_add_up() {
        let answer = series(
            r#"[{"metric":{"component":"ui","le":"1"},"values":[[1010,"1e300"],[1020,"1e19"]]},
                {"metric":{"component":"ui","le":"+Inf"},"values":[[1010,"2e300"]]}]"#,
        );
        let frames = picture(|picture| {
            picture.histogram(&answer, &DURATION_EDGES_S, |tally| &mut tally.durations);
        });
        let mut sum = Frame::default();
        for (_, frame) in &frames {
            sum.merge(frame);
        }
        assert_eq!(sum.sum(|_, _| true).total(), 2 * COUNT_MAX);
    }

    #[test]
    fn an_edge_is_a_number_however_it_is_written() {
        let answer = series(
            r#"[{"metric":{"component":"ui","arm":"control","le":"5"},"values":[[1010,"1"]]},
                {"metric":{"component":"ui","arm":"control","le":"2.0"},"values":[[1010,"1"]]},
                {"metric":{"component":"ui","arm":"control","le":"3"},"values":[[1010,"9"]]},
                {"metric":{"component":"ui","arm":"other","le":"5"},"values":[[1010,"9"]]},
                {"metric":{"arm":"control","le":"5"},"values":[[1010,"9"]]},
                {"metric":{"component":"ui","arm":"control","le":"+Inf"},"values":[[1010,"4"]]}]"#,
        );
        let frames = picture(|picture| {
            picture.histogram(&answer, &DURATION_EDGES_S, |tally| &mut tally.durations);
        });
        let tallies = &frames[0].1.tallies;
        assert_eq!(tallies.len(), 1);
        assert_eq!(
            tallies[&SeriesKey::without_source(2, Arm::Control)].durations,
            [0, 0, 0, 0, 0, 1, 0, 3]
        );
    }
}
