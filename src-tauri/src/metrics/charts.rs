//! From frames to what a chart draws of them: few points, in which peaks survive.

use std::collections::BTreeSet;

use flagdeck_core::measure::{Arm, DURATION_EDGES_S, ITERATION_EDGES, Spread, Tally};
use flagdeck_core::statistics::{
    DifferenceInterval, Quantile, ShareInterval, difference_interval, share_interval,
};

use super::frame::{Frame, NameId};
use crate::metrics::shapes;

/// Seconds that a memory sample is valid for: it is taken every 5, and may be late.
const HELD_S: u32 = 12;

/// Which points to draw.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    /// When the first point begins, in seconds since 1970: a multiple of `step_s`.
    pub from_s: i64,
    /// When the last one has ended.
    pub to_s: i64,
    /// Seconds of one point.
    pub step_s: u32,
}

impl Grid {
    /// Lays points over a span, at most so many, each made of whole frames of `frame_s`.
    pub fn over(from_s: i64, to_s: i64, frame_s: u32, points_max: u32) -> Self {
        let (frame_s, points_max) = (i64::from(frame_s), i64::from(points_max.max(1)));
        let begins_s = super::tiers::step_of(from_s, frame_s as u32);
        let frames = ((to_s - begins_s + frame_s - 1) / frame_s).max(1);
        let per_point = (frames + points_max - 1) / points_max;
        let step_s = u32::try_from(frame_s * per_point).unwrap_or(u32::MAX);
        Self {
            from_s: super::tiers::step_of(from_s, step_s),
            to_s,
            step_s,
        }
    }

    /// Moves it, so that its last point ends at a moment.
    pub fn ending_at(self, to_s: i64) -> Self {
        let length_s = self.points() as i64 * i64::from(self.step_s);
        Self {
            from_s: to_s - length_s,
            to_s,
            ..self
        }
    }

    /// Returns how many seconds of a point lie in the span.
    fn length_s(&self, at: usize) -> f64 {
        let step_s = i64::from(self.step_s);
        let begins_s = self.from_s + step_s * at as i64;
        (self.to_s - begins_s).clamp(1, step_s) as f64
    }

    /// Returns how many points there are.
    pub fn points(&self) -> usize {
        let step_s = i64::from(self.step_s);
        let points = (self.to_s - self.from_s + step_s - 1) / step_s;
        usize::try_from(points).unwrap_or(0)
    }
}

/// Frames gathered into the points of a grid.
#[derive(Debug)]
pub struct Drawing {
    grid: Grid,
    component: Option<NameId>,
    points: Vec<Point>,
    components: BTreeSet<NameId>,
    /// How many frames a point is made of if all of them reported.
    frames_per_point: u64,
}

/// What one point gathers.
#[derive(Debug, Clone, Default)]
struct Point {
    all: Tally,
    exposed: Tally,
    control: Tally,
    /// Calculations a second in each of its frames.
    rates: Spread,
    memory: Option<Spread>,
    own_memory: Spread,
    /// Seconds of all its frames.
    seconds: f64,
}

impl Drawing {
    /// Draws frames of `frame_s` seconds on a grid; only what one component reported, if one is
    /// given.
    pub fn new(grid: Grid, frame_s: u32, component: Option<NameId>) -> Self {
        Self {
            grid,
            frames_per_point: u64::from(grid.step_s / frame_s.max(1)),
            component,
            points: vec![Point::default(); grid.points()],
            components: BTreeSet::new(),
        }
    }

    /// Adds a frame that begins at `at_s` and is `length_s` seconds long. A missing frame means
    /// that nothing was reported.
    pub fn add(&mut self, at_s: i64, length_s: f64, frame: &Frame) {
        let at = (at_s - self.grid.from_s).div_euclid(i64::from(self.grid.step_s));
        let Ok(at) = usize::try_from(at) else { return };
        let Some(point) = self.points.get_mut(at) else {
            return;
        };
        let named = frame.tallies.keys().map(|key| key.component);
        self.components.extend(named);
        let wanted = |component: NameId| self.component.is_none_or(|only| only == component);
        let all = frame.sum(|component, _| wanted(component));
        point.rates.record(all.total() as f64 / length_s);
        point.seconds += length_s;
        point.all.merge(&all);
        let of = |wanted_arm| frame.sum(|component, arm| wanted(component) && arm == wanted_arm);
        point.exposed.merge(&of(Arm::Exposed));
        point.control.merge(&of(Arm::Control));
        if let Some(memory) = frame.largest_memory() {
            let so_far = point.memory.get_or_insert_default();
            so_far.merge(memory);
        }
        point.own_memory.merge(&frame.own_memory);
    }

    /// Returns a sample for each point: the last one, unless it is too old.
    fn held(&self, sample: impl Fn(&Point) -> Option<Spread>) -> Vec<Option<Spread>> {
        let points_held = i64::from(HELD_S / self.grid.step_s);
        let mut last = (0, None);
        let points = self.points.iter().zip(0_i64..).map(|(point, at)| {
            if let Some(sampled) = sample(point) {
                last = (at, Some(sampled));
            }
            last.1.filter(|_| at - last.0 <= points_held)
        });
        points.collect()
    }

    /// Returns when each point begins.
    fn times_s(&self) -> Vec<f64> {
        let begins_s = |at| self.grid.from_s + i64::from(self.grid.step_s) * at as i64;
        let times = (0..self.points.len()).map(begins_s);
        times.map(|at_s| at_s as f64).collect()
    }

    /// Returns the calculations a second of each point.
    fn rates(&self) -> Vec<Option<f64>> {
        let rates = self.points.iter().enumerate().map(|(at, point)| {
            let total = point.all.total();
            // A frame that reaches beyond the end counts whole.
            let length_s = self.grid.length_s(at).max(point.seconds);
            (total > 0).then(|| total as f64 / length_s)
        });
        rates.collect()
    }

    /// Returns what is drawn. Names, marks and limits are for the caller to fill in.
    pub fn finish(self, limits: shapes::Limits) -> (shapes::Charts, BTreeSet<NameId>) {
        let points = &self.points;
        let each = |value: &dyn Fn(&Point) -> Option<f64>| points.iter().map(value).collect();
        let memory = self.held(|it| it.memory);
        let own_memory = self.held(|it| Some(it.own_memory).filter(|it| it.count > 0));
        let seconds = |point: &Point, q| point.all.duration_quantile(q).map(on_the_wire);
        let iterations = |point: &Point, q| point.all.iteration_quantile(q).map(on_the_wire);
        let charts = shapes::Charts {
            prometheus: None,
            times_s: self.times_s(),
            step_s: self.grid.step_s,
            rate: shapes::Extent {
                mean: self.rates(),
                low: each(&|it| it.calculates().then(|| it.slowest(self.frames_per_point))),
                high: each(&|it| it.calculates().then_some(it.rates.max)),
            },
            errors: intervals(points, |it| failed(&it.all).map(Interval::from)),
            errors_exposed: intervals(points, |it| failed(&it.exposed).map(Interval::from)),
            errors_control: intervals(points, |it| failed(&it.control).map(Interval::from)),
            errors_difference: intervals(points, Point::difference),
            p50_s: each(&|it| seconds(it, 0.50)),
            p95_s: each(&|it| seconds(it, 0.95)),
            p99_s: each(&|it| seconds(it, 0.99)),
            edges_s: DURATION_EDGES_S.into(),
            durations: points.iter().map(|it| it.all.durations.into()).collect(),
            confidence: extent(points, |it| Some(&it.all.confidence)),
            iterations_p50: each(&|it| iterations(it, 0.50)),
            iterations_p95: each(&|it| iterations(it, 0.95)),
            iterations_edge: ITERATION_EDGES[ITERATION_EDGES.len() - 1],
            memory: extent(&memory, |it| it.as_ref()),
            own_memory: own_memory.iter().map(|it| it.as_ref()?.mean()).collect(),
            marks: Vec::new(),
            marks_total: 0,
            components: Vec::new(),
            limits,
        };
        (charts, self.components)
    }
}

impl Point {
    fn calculates(&self) -> bool {
        self.all.total() > 0
    }

    /// Returns how much larger the share of failed calculations is for exposed users.
    fn difference(&self) -> Option<Interval> {
        let (exposed, control) = (failed(&self.exposed)?, failed(&self.control)?);
        Some(difference_interval(exposed, control).into())
    }

    /// Returns the fewest calculations a second: 0 if a frame is missing.
    fn slowest(&self, frames: u64) -> f64 {
        match self.rates.count < frames {
            true => 0.0,
            false => self.rates.min,
        }
    }
}

fn failed(tally: &Tally) -> Option<ShareInterval> {
    share_interval(tally.errors, tally.total())
}

/// A value between the ends of its interval.
struct Interval {
    value: f64,
    low: f64,
    high: f64,
}

impl From<ShareInterval> for Interval {
    fn from(ShareInterval { share, low, high }: ShareInterval) -> Self {
        Self {
            value: share,
            low,
            high,
        }
    }
}

impl From<DifferenceInterval> for Interval {
    fn from(interval: DifferenceInterval) -> Self {
        Self {
            value: interval.difference,
            low: interval.low,
            high: interval.high,
        }
    }
}

fn intervals(points: &[Point], interval: impl Fn(&Point) -> Option<Interval>) -> shapes::Extent {
    let found: Vec<Option<Interval>> = points.iter().map(interval).collect();
    let each = |end: fn(&Interval) -> f64| found.iter().map(|it| it.as_ref().map(end)).collect();
    shapes::Extent {
        mean: each(|it| it.value),
        low: each(|it| it.low),
        high: each(|it| it.high),
    }
}

fn extent<'a, T>(points: &'a [T], spread: impl Fn(&'a T) -> Option<&'a Spread>) -> shapes::Extent {
    let spreads = || points.iter().map(&spread);
    let each = |value: &dyn Fn(&Spread) -> f64| {
        let values = spreads().map(|spread| {
            let spread = spread.filter(|spread| spread.count > 0)?;
            Some(value(spread))
        });
        values.collect()
    };
    shapes::Extent {
        mean: each(&|it| it.mean().unwrap_or_default()),
        low: each(&|it| it.min),
        high: each(&|it| it.max),
    }
}

/// A quantile above the last edge is sent as a clearly greater value.
pub(super) fn on_the_wire(quantile: Quantile) -> f64 {
    match quantile {
        Quantile::At(value) => value,
        Quantile::Above(edge) => 2.0 * edge,
    }
}

#[cfg(test)]
mod tests {
    use flagdeck_core::measure::Calculation;

    use super::*;
    use crate::metrics::frame::SeriesKey;

    fn limits() -> shapes::Limits {
        shapes::Limits {
            error_share: 0.05,
            response_s: 5.0,
            calculation_s: 2.0,
            memory_bytes: 1.0,
            host_memory_bytes: 1.0,
        }
    }

    fn frame(component: NameId, arm: Arm, durations: &[f64], errors: u64) -> Frame {
        let mut frame = Frame::default();
        let key = SeriesKey::without_source(component, arm);
        let tally = frame.tallies.entry(key).or_default();
        for duration_s in durations {
            tally.record(&Calculation {
                duration_s: *duration_s,
                confidence: 0.5,
                iterations: Some(12),
            });
        }
        tally.errors = errors;
        frame
    }

    #[test]
    fn a_grid_has_no_more_points_than_wanted_and_covers_the_span() {
        for (span_s, frame_s, points_max) in [
            (300, 1, 200),
            (900, 1, 600),
            (86_400, 10, 800),
            (31_622_400, 3600, 800),
            (1, 10, 1),
            (3600, 10, 360),
        ] {
            let from_s = 1_700_000_003;
            let grid = Grid::over(from_s, from_s + span_s, frame_s, points_max);
            assert!(grid.points() <= points_max as usize + 1, "{grid:?}");
            assert!(grid.from_s <= from_s, "{grid:?}");
            assert_eq!(grid.step_s % frame_s, 0);
        }
        assert_eq!(Grid::over(0, 3600, 10, 360).step_s, 10);
    }

    #[test]
    fn peaks_survive_being_drawn_with_few_points() {
        let grid = Grid::over(0, 60, 10, 2);
        assert_eq!((grid.step_s, grid.points()), (30, 2));
        let mut drawing = Drawing::new(grid, 10, None);
        for (at_s, calculations) in [(0, 10), (10, 100), (20, 10), (30, 10)] {
            let durations = vec![0.02; calculations];
            drawing.add(at_s, 10.0, &frame(1, Arm::Unknown, &durations, 0));
        }
        let (charts, components) = drawing.finish(limits());
        assert_eq!(charts.rate.mean[0], Some(4.0));
        assert_eq!(
            (charts.rate.low[0], charts.rate.high[0]),
            (Some(1.0), Some(10.0))
        );
        assert_eq!(charts.rate.mean[1], Some(10.0 / 30.0));
        assert_eq!(charts.rate.low[1], Some(0.0), "two frames are missing");
        assert_eq!(components, [1].into());
    }

    #[test]
    fn where_nothing_reported_nothing_is_drawn() {
        let mut drawing = Drawing::new(Grid::over(0, 20, 10, 2), 10, None);
        drawing.add(0, 10.0, &Frame::default());
        let (charts, _) = drawing.finish(limits());
        assert_eq!(charts.rate.mean, [None, None]);
        assert_eq!(charts.errors.mean, [None, None]);
        assert_eq!(charts.p95_s, [None, None]);
        assert_eq!(charts.memory.mean, [None, None]);
    }

    #[test]
    fn a_frame_that_reaches_beyond_the_end_does_not_make_the_last_point_too_high() {
        let mut drawing = Drawing::new(Grid::over(0, 3610, 3600, 10), 3600, None);
        for at_s in [0, 3600] {
            drawing.add(at_s, 3600.0, &frame(1, Arm::Unknown, &[0.02; 3600], 0));
        }
        let (charts, _) = drawing.finish(limits());
        assert_eq!(charts.rate.mean, [Some(1.0), Some(1.0)]);
    }

    #[test]
    fn a_component_is_drawn_alone_and_its_arms_apart() {
        let mut drawing = Drawing::new(Grid::over(0, 10, 10, 1), 10, Some(1));
        drawing.add(0, 10.0, &frame(1, Arm::Exposed, &[0.02], 1));
        drawing.add(0, 10.0, &frame(1, Arm::Control, &[0.02; 3], 1));
        drawing.add(0, 10.0, &frame(2, Arm::Control, &[9.0; 100], 0));
        let (charts, components) = drawing.finish(limits());
        assert_eq!(charts.errors_exposed.mean, [Some(0.5)]);
        assert_eq!(charts.errors_control.mean, [Some(0.25)]);
        assert_eq!(charts.errors_difference.mean, [Some(0.25)]);
        assert_eq!(charts.durations, [vec![0, 0, 4, 0, 0, 0, 0, 0]]);
        assert_eq!(components, [1, 2].into());
    }

    /// The interval of both arms together holds neither of them.
    #[test]
    fn each_arm_has_an_interval_that_its_line_lies_in() {
        let mut drawing = Drawing::new(Grid::over(0, 10, 10, 1), 10, Some(1));
        drawing.add(0, 10.0, &frame(1, Arm::Exposed, &[0.02; 450], 50));
        drawing.add(0, 10.0, &frame(1, Arm::Control, &[0.02; 9450], 50));
        let (charts, _) = drawing.finish(limits());
        let ends = |it: &shapes::Extent| [it.low[0], it.mean[0], it.high[0]].map(Option::unwrap);
        let [_, _, pooled_high] = ends(&charts.errors);
        let [exposed_low, exposed, exposed_high] = ends(&charts.errors_exposed);
        assert!(pooled_high < exposed_low && exposed_low < exposed && exposed < exposed_high);
        let [_, _, control_high] = ends(&charts.errors_control);
        assert!(control_high < exposed_low);
        let [low, difference, high] = ends(&charts.errors_difference);
        assert!(
            0.05 < low && low < difference && difference < high,
            "{low} {high}"
        );
    }

    #[test]
    fn a_difference_needs_both_arms() {
        let mut drawing = Drawing::new(Grid::over(0, 10, 10, 1), 10, None);
        drawing.add(0, 10.0, &frame(1, Arm::Exposed, &[0.02; 9], 1));
        let (charts, _) = drawing.finish(limits());
        assert_eq!(charts.errors_exposed.mean, [Some(0.1)]);
        assert_eq!(charts.errors_difference.mean, [None]);
    }

    #[test]
    fn a_sample_of_memory_stands_until_the_next_but_not_for_long() {
        let mut drawing = Drawing::new(Grid::over(0, 30, 1, 30), 1, None);
        for at_s in [2, 7] {
            let mut frame = Frame::default();
            frame.memory.entry(1).or_default().record(at_s as f64);
            drawing.add(at_s, 1.0, &frame);
        }
        let (charts, _) = drawing.finish(limits());
        assert_eq!(charts.memory.mean[1], None);
        assert_eq!(charts.memory.mean[6], Some(2.0));
        assert_eq!(charts.memory.mean[19], Some(7.0));
        assert_eq!(charts.memory.mean[20], None);
    }

    #[test]
    fn what_is_beyond_the_last_edge_is_sent_as_greater_than_it() {
        let mut drawing = Drawing::new(Grid::over(0, 10, 10, 1), 10, None);
        drawing.add(0, 10.0, &frame(1, Arm::Unknown, &[60.0; 3], 0));
        let (charts, _) = drawing.finish(limits());
        assert!(charts.p50_s[0] > Some(5.0));
    }
}
