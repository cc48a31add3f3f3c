//! Draws a span from what was collected, from frames on disk and in memory, or from a Prometheus.

use indexmap::IndexSet;

use super::Metrics;
use super::charts::{Drawing, Grid};
use super::frame::{Frame, NameId};
use super::limits::{POINTS_MAX, SPAN_S_MAX};
use super::prometheus::{self, QueryError};
use super::store::MetricsReader;
use super::tiers::{self, TICK_S, TIERS};
use crate::lock::lock;
use crate::metrics::shapes;
use crate::store::StoreError;

/// Frames that one chart is made of at most, read and unpacked one after the other.
const FRAMES_MAX: i64 = 20_000;

/// Seconds of the shortest step that a Prometheus is asked for: growth is computed from the samples
/// within a step; with a scrape every 15 seconds there are four.
const PROMETHEUS_STEP_S: u32 = 60;

/// Seconds by which points from a Prometheus move on: as often as one usually scrapes.
const PROMETHEUS_MOVES_S: u32 = 15;

/// A span to be drawn, within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where it begins, in seconds since 1970.
    pub from_s: i64,
    /// Where it ends; not in the future.
    pub to_s: i64,
    /// How many points at most.
    pub points_max: u32,
}

impl Span {
    /// Clamps what is wanted to the bounds.
    pub fn of(query: &shapes::ChartQuery, now_s: i64) -> Self {
        let to_s = query.to_ms.div_euclid(1000).clamp(1, now_s);
        let earliest_s = to_s - SPAN_S_MAX;
        let from_s = query.from_ms.div_euclid(1000);
        Self {
            from_s: from_s.clamp(earliest_s, to_s - 1),
            to_s,
            points_max: query.points_max.clamp(1, POINTS_MAX),
        }
    }
}

impl Metrics {
    /// Draws a span. Marks are for the caller to fill in.
    ///
    /// # Errors
    /// [`StoreError`] if what was kept cannot be read.
    pub fn draw(
        &self,
        query: &shapes::ChartQuery,
        limits: shapes::Limits,
    ) -> Result<shapes::Charts, StoreError> {
        let span = Span::of(query, self.0.clock.now_ms() / 1000);
        let names = self.read(MetricsReader::names)?.unwrap_or_default();
        let component = query.component.as_deref().map(|wanted| {
            let found = names.iter().find(|(_, name)| ***name == *wanted);
            // A name that was never reported has no number: nothing is drawn then.
            found.map_or(NameId::MAX, |(id, _)| *id)
        });
        let frame_s = self.frame_length(&span);
        let grid = Grid::over(span.from_s, span.to_s, frame_s, span.points_max);
        let mut drawing = Drawing::new(grid, frame_s, component);
        // From where the first point begins, which is filled like any other.
        let span = Span {
            from_s: grid.from_s,
            ..span
        };
        self.each_frame(&span, frame_s, |at_s, length_s, frame| {
            drawing.add(at_s, f64::from(length_s), frame);
        })?;
        let (mut charts, components) = drawing.finish(limits);
        let name = |id: NameId| names.get(&id).map(ToString::to_string);
        charts.components = listed(components.into_iter().filter_map(name));
        Ok(charts)
    }

    /// Returns the length of the frames that a span is drawn of.
    fn frame_length(&self, span: &Span) -> u32 {
        let state = self.0.collector.state();
        let has_seconds = state
            .seconds
            .begins_s()
            .is_some_and(|begins_s| begins_s <= span.from_s);
        match has_seconds && span.to_s - span.from_s <= tiers::SECONDS_IN_MEMORY_S {
            true => 1,
            false => {
                tiers::choose(
                    span.from_s,
                    span.to_s,
                    self.0.clock.now_ms() / 1000,
                    FRAMES_MAX,
                )
                .step_s
            }
        }
    }

    /// Visits the frames of a span, earliest first: as far as there are any of the wanted
    /// length, then finer ones, whose sums are not made yet.
    fn each_frame(
        &self,
        span: &Span,
        frame_s: u32,
        mut visit: impl FnMut(i64, u32, &Frame),
    ) -> Result<(), StoreError> {
        let mut from_s = span.from_s;
        if frame_s > 1 {
            from_s = self.each_kept(span, frame_s, &mut visit)?;
        }
        // Frames in memory are unpacked outside of the lock.
        let state = self.0.collector.state();
        let (packed, length_s) = match frame_s {
            1 => (state.seconds.between(from_s, span.to_s), 1),
            _ => (state.ticks.between(from_s, span.to_s), TICK_S),
        };
        let open = state.tick.clone().filter(|_| frame_s > 1);
        drop(state);
        for (at_s, packed) in packed {
            if let Some(frame) = Frame::unpack(&packed) {
                visit(at_s, length_s, &frame);
            }
        }
        if let Some((at_s, frame)) = open
            && (from_s..span.to_s).contains(&at_s)
        {
            let so_far_s = (self.0.clock.now_ms() / 1000 - at_s).clamp(1, i64::from(TICK_S));
            visit(at_s, so_far_s as u32, &frame);
        }
        Ok(())
    }

    /// Visits the frames of a span on disk, and returns their end: later frames are in memory.
    fn each_kept(
        &self,
        span: &Span,
        frame_s: u32,
        visit: &mut impl FnMut(i64, u32, &Frame),
    ) -> Result<i64, StoreError> {
        let mut from_s = span.from_s;
        let in_memory_s = self.0.collector.state().ticks.begins_s();
        for tier in TIERS.iter().rev().filter(|tier| tier.step_s <= frame_s) {
            // The finest are mostly in memory.
            if tier.step_s == TICK_S && in_memory_s.is_some_and(|begins_s| begins_s <= from_s) {
                break;
            }
            let begins_s = tiers::step_of(from_s, tier.step_s);
            self.read(|reader| {
                reader.each_frame(tier.step_s, begins_s, span.to_s, |at_s, frame| {
                    visit(at_s, tier.step_s, frame);
                    from_s = at_s + i64::from(tier.step_s);
                })
            })?;
        }
        Ok(from_s)
    }

    /// Reads what was stored; `None` if nothing ever was.
    fn read<T>(
        &self,
        read: impl FnOnce(&MetricsReader) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut reader = lock(&self.0.reader);
        let is_other = |reader: &MetricsReader| !reader.is_in_place();
        // What was removed is shown until that is resolved.
        if reader.as_ref().is_none_or(is_other) && self.gone().is_none() {
            *reader = MetricsReader::open(&self.0.data_dir)?;
        }
        reader.as_ref().map(read).transpose()
    }
}

/// Draws a span of what a Prometheus has of it. Marks are for the caller to fill in.
///
/// # Errors
/// [`QueryError`] if it does not answer.
pub fn draw_from(
    address: &str,
    query: &shapes::ChartQuery,
    limits: shapes::Limits,
    now_ms: i64,
) -> Result<shapes::Charts, QueryError> {
    let span = Span::of(query, now_ms / 1000);
    let grid = Grid::over(span.from_s, span.to_s, PROMETHEUS_STEP_S, span.points_max);
    // Up to now, because a step counts only when it is over; in coarse steps, so that points keep
    // their values in between.
    let grid = grid.ending_at(tiers::step_of(span.to_s, PROMETHEUS_MOVES_S));
    let range = prometheus::Range {
        from_s: grid.from_s,
        to_s: grid.to_s,
        step_s: grid.step_s,
    };
    let mut names: IndexSet<String> = IndexSet::new();
    let mut name = |text: &str| as_id(names.insert_full(text.to_owned()).0);
    let frames = prometheus::frames(address, &range, &mut name)?;
    let wanted = query.component.as_deref();
    let component = wanted.map(|wanted| names.get_index_of(wanted).map_or(NameId::MAX, as_id));
    let mut drawing = Drawing::new(grid, grid.step_s, component);
    for (at_s, frame) in &frames {
        drawing.add(*at_s, f64::from(grid.step_s), frame);
    }
    let (mut charts, components) = drawing.finish(limits);
    let name = |id: NameId| names.get_index(id as usize).cloned();
    charts.components = listed(components.into_iter().filter_map(name));
    charts.prometheus = Some(prometheus::shown(address));
    Ok(charts)
}

fn as_id(at: usize) -> NameId {
    NameId::try_from(at).unwrap_or(NameId::MAX)
}

/// Names in alphabetical order, without the empty one for reports without a component.
fn listed(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    names.sort();
    names
}
