//! The charts' other source: a Prometheus that scrapes Flagdeck, asked for the same frames that
//! Flagdeck's own tiers hold.
//!
//! Asks only for series that Flagdeck exposes, of whichever Flagdecks that Prometheus scrapes.
//! What it does not have is left out, never made up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use flagdeck_core::measure::{Arm, DURATION_EDGES_S, ITERATION_EDGES, Spread, Tally};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use super::frame::{Frame, NameId};
use crate::address::without_credentials;
use crate::outbound::{CallError, Server, quoted, whole};

/// How long all queries together may take.
const TOTAL_TIME: Duration = Duration::from_secs(20);

/// Bytes that one answer may have.
const ANSWER_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Bytes of an answer that are looked at in order to quote it.
const QUOTE_BYTES_MAX: usize = 4096;

/// Steps that a range may have: Prometheus's own limit of points in one series.
const STEPS_MAX: i64 = 11_000;

/// Counts of one step that are believed: a million million. Of the most steps there can be, and
/// hundreds of components, they still add up without overflow.
const COUNT_MAX: u64 = 1 << 40;

/// A span, cut into steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Where it begins, in seconds since 1970.
    pub from_s: i64,
    /// Where it ends, in seconds since 1970. A last step that is not whole is left out.
    pub to_s: i64,
    /// How long a step is, in seconds; at least 1.
    ///
    /// Growth is told from two samples: a step shorter than two scrapes has no counts, and one
    /// shorter than four may miss some.
    pub step_s: u32,
}

/// Why there are no frames. Each is a sentence to follow the name of the Prometheus.
#[derive(Debug, Error)]
pub enum QueryError {
    /// The range has more steps than a Prometheus answers.
    #[error("it is asked for {steps} steps, and answers {STEPS_MAX} at most")]
    TooManySteps {
        /// How many.
        steps: i64,
    },
    /// There is no answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is an answer that no Prometheus gives.
    #[error("it is not a Prometheus: it answered {status} {answer}")]
    Stranger {
        /// The status.
        status: u16,
        /// The beginning of the answer.
        answer: String,
    },
    /// It says itself why it does not answer.
    #[error("it refused a query: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
}

/// One frame for each step, ascending, with the beginning of the step in seconds since 1970.
/// Names of components and sources are made ids by `name`.
///
/// Counts are what Prometheus extrapolates the growth of a counter to, rounded; what a counter
/// held when it was first scraped is unknown to it. As in Flagdeck's own frames, confidence is
/// told only of steps with calculations, and weighs as much as these.
///
/// # Errors
/// [`QueryError`], where any of the queries fails: half a picture would look like a whole one.
pub fn frames(
    address: &str,
    range: &Range,
    name: &mut dyn FnMut(&str) -> NameId,
) -> Result<Vec<(i64, Frame)>, QueryError> {
    let steps = range.steps();
    if steps > STEPS_MAX {
        return Err(QueryError::TooManySteps { steps });
    }
    let mut picture = Picture::of(range, name);
    if steps > 0 {
        let address = address.parse().map_err(CallError::Address)?;
        let server = Server::at(address);
        let deadline = Instant::now() + TOTAL_TIME;
        let get = |path: &str| get(&server, path, deadline);
        picture.take_in(&Queries { range, get: &get })?;
    }
    Ok(picture.into_frames())
}

/// Reads one answer as if it were the answer to every query.
///
/// # Errors
/// As [`frames`].
pub(crate) fn frames_of_answer(
    answer: &[u8],
    range: &Range,
    name: &mut dyn FnMut(&str) -> NameId,
) -> Result<Vec<(i64, Frame)>, QueryError> {
    let get = |_: &str| Ok((200, answer.to_vec()));
    let mut picture = Picture::of(range, name);
    picture.take_in(&Queries { range, get: &get })?;
    Ok(picture.into_frames())
}

/// Returns an address as it may be shown: without credentials.
pub fn shown(address: &str) -> String {
    without_credentials(address)
}

impl Range {
    fn step(&self) -> i64 {
        i64::from(self.step_s.max(1))
    }

    fn steps(&self) -> i64 {
        self.to_s.saturating_sub(self.from_s).max(0) / self.step()
    }

    /// Returns which step ends at an instant: queries look back from there.
    fn step_ending_at(&self, at_s: f64) -> Option<usize> {
        let steps = (at_s - self.from_s as f64) / self.step() as f64;
        let step = steps.round() - 1.0;
        (step >= 0.0).then_some(step as usize)
    }
}

/// Frames, as the answers fill them.
struct Picture<'a> {
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
    fn of(range: &'a Range, name: &'a mut dyn FnMut(&str) -> NameId) -> Self {
        let steps = usize::try_from(range.steps()).expect("a bounded number of steps");
        Self {
            range,
            frames: vec![Frame::default(); steps],
            name,
        }
    }

    fn into_frames(self) -> Vec<(i64, Frame)> {
        let Range { from_s, .. } = *self.range;
        let step = self.range.step();
        let frames = (0..).zip(self.frames);
        frames
            .map(|(at, frame)| (from_s + at * step, frame))
            .collect()
    }

    /// Asks one query after the other. Counts come first: the rest says more of tallies that
    /// are there, and nothing without one.
    fn take_in(&mut self, queries: &Queries<'_>) -> Result<(), QueryError> {
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

    /// Takes cumulative buckets in. The same edge may be written in two ways, and then counts in
    /// both; edges that are not Flagdeck's are passed over.
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
                *counts(tallies.entry((component, arm)).or_default()) = apart;
            }
        }
    }

    fn errors(&mut self, answer: &[Series]) {
        for point in self.of_components(answer) {
            let errors = whole_number(point.value);
            if let (Some(arm), 1..) = (point.labels.arm(), errors) {
                let tallies = &mut self.frames[point.step].tallies;
                tallies.entry((point.name, arm)).or_default().errors = errors;
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

    /// Returns the tally that a value says more of.
    fn tally(&mut self, point: &Point<'_>) -> Option<&mut Tally> {
        let key = (point.name, point.labels.arm()?);
        self.frames[point.step].tallies.get_mut(&key)
    }
}

/// Lists the values of a series by step. What is no number, and what lies outside, is nothing.
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
/// extrapolates each bucket for itself, so that one may come out a little below one that it
/// includes: it counts as equal.
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

/// What is asked, one query after the other, over one connection.
struct Queries<'a> {
    range: &'a Range,
    /// Returns the answer at a path.
    get: &'a dyn Fn(&str) -> Result<Response, QueryError>,
}

/// Status and body.
type Response = (u16, Vec<u8>);

impl Queries<'_> {
    /// Asks by how much the cumulative buckets of a histogram grew.
    fn buckets(&self, histogram: &str) -> Result<Vec<Series>, QueryError> {
        let step_s = self.range.step();
        self.ask(&format!(
            "sum by (component, arm, le) (increase({histogram}_bucket[{step_s}s]))"
        ))
    }

    /// Asks by how much a counter grew.
    fn growth(&self, counter: &str) -> Result<Vec<Series>, QueryError> {
        let step_s = self.range.step();
        self.ask(&format!(
            "sum by (component, arm) (increase({counter}[{step_s}s]))"
        ))
    }

    /// Asks for mean, smallest and largest value of a gauge at once, told apart by a label.
    fn extent(&self, by: &str, gauge: &str, only: &str) -> Result<Vec<Series>, QueryError> {
        let step_s = self.range.step();
        let one = |extent: &str, aggregate: &str| {
            let values = format!("{aggregate}_over_time({gauge}[{step_s}s]){only}");
            format!(
                r#"label_replace({aggregate} by ({by}) ({values}), "extent", "{extent}", "", "")"#
            )
        };
        let [mean, min, max] = [one("mean", "avg"), one("min", "min"), one("max", "max")];
        self.ask(&format!("{mean} or {min} or {max}"))
    }

    /// Asks for the memory of those processes that are a Flagdeck: every exporter of a process
    /// exposes a series of that name.
    fn own_memory(&self) -> Result<Vec<Series>, QueryError> {
        let step_s = self.range.step();
        let of_flagdeck =
            format!(" and on (instance, job) present_over_time(flagdeck_build_info[{step_s}s])");
        self.extent("", "process_resident_memory_bytes", &of_flagdeck)
    }

    fn ask(&self, query: &str) -> Result<Vec<Series>, QueryError> {
        understand((self.get)(&self.path(query))?)
    }

    /// Steps are asked for by their ends, because a query looks back.
    fn path(&self, query: &str) -> String {
        let Range { from_s, .. } = self.range;
        let step = self.range.step();
        let start = from_s + step;
        let end = from_s + step * self.range.steps();
        let query = utf8_percent_encode(query, NON_ALPHANUMERIC);
        format!("/api/v1/query_range?query={query}&start={start}&end={end}&step={step}")
    }
}

/// Asks a server. Each query has the time that the ones before left.
fn get(server: &Server, path: &str, deadline: Instant) -> Result<Response, QueryError> {
    let left = deadline.saturating_duration_since(Instant::now());
    Ok(answered(server, path, left).map_err(|error| match error {
        // The limit is that of all queries together, not what was left for this one.
        CallError::Silent { .. } => CallError::Silent {
            total_s: TOTAL_TIME.as_secs(),
        },
        other => other,
    })?)
}

fn answered(server: &Server, path: &str, total: Duration) -> Result<Response, CallError> {
    let request = server.request("GET", path);
    let mut response = server.call(request, (), total)?;
    let body = whole(&mut response, ANSWER_BYTES_MAX, total)?;
    Ok((response.status().as_u16(), body))
}

/// An answer, as far as it matters. Warnings do not.
#[derive(Deserialize)]
struct Answer {
    status: Outcome,
    data: Option<Data>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Success,
    Error,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    #[serde(rename = "metric")]
    labels: Labels,
    values: Vec<(f64, Value)>,
}

#[derive(Deserialize)]
struct Labels {
    component: Option<String>,
    #[serde(default)]
    arm: String,
    le: Option<String>,
    source: Option<String>,
    extent: Option<String>,
}

/// A number that is written as a text, because JSON has no infinity.
#[derive(Deserialize)]
struct Value(#[serde(deserialize_with = "number")] f64);

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    struct Number;
    impl serde::de::Visitor<'_> for Number {
        type Value = f64;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a number in a text")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<f64, E> {
            text.parse().map_err(E::custom)
        }
    }
    from.deserialize_str(Number)
}

impl Labels {
    /// Returns the arm; none of one that Flagdeck does not know.
    fn arm(&self) -> Option<Arm> {
        let mut arms = [Arm::Unknown, Arm::Exposed, Arm::Control].into_iter();
        arms.find(|arm| arm.as_str() == self.arm)
    }

    /// Returns the bucket below an edge, which may be written `5` or `5.0`.
    fn bucket(&self, edges: &[f64]) -> Option<usize> {
        let le: f64 = self.le.as_deref()?.parse().ok()?;
        match le == f64::INFINITY {
            true => Some(edges.len()),
            false => edges.iter().position(|edge| *edge == le),
        }
    }
}

/// Reads an answer.
fn understand((status, body): Response) -> Result<Vec<Series>, QueryError> {
    match serde_json::from_slice(&body) {
        Ok(Answer {
            status: Outcome::Success,
            data: Some(data),
            ..
        }) => Ok(data.result),
        Ok(Answer {
            error: Some(error), ..
        }) => Err(QueryError::Refused {
            reason: quoted(&error),
        }),
        _ => Err(misunderstood(status, &body)),
    }
}

/// Tells a server that keeps others out from one that is no Prometheus.
fn misunderstood(status: u16, body: &[u8]) -> QueryError {
    let beginning = &body[..body.len().min(QUOTE_BYTES_MAX)];
    let answer = quoted(&String::from_utf8_lossy(beginning));
    match status {
        401 | 403 | 407 | 429 | 500.. => QueryError::Refused {
            reason: format!("{status} {answer}").trim_end().to_owned(),
        },
        _ => QueryError::Stranger { status, answer },
    }
}

#[cfg(test)]
mod tests {
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
    fn a_range_asks_for_the_ends_of_its_steps() {
        let queries = Queries {
            range: &RANGE,
            get: &|_| unreachable!("nothing is asked"),
        };
        let path = queries.path("a b");
        assert_eq!(
            path,
            "/api/v1/query_range?query=a%20b&start=1010&end=1030&step=10"
        );
        assert_eq!(RANGE.step_ending_at(1010.0), Some(0));
        assert_eq!(RANGE.step_ending_at(1030.001), Some(2));
        assert_eq!(RANGE.step_ending_at(1000.0), None);
        let times: Vec<i64> = picture(|_| {}).iter().map(|(at_s, _)| *at_s).collect();
        assert_eq!(times, [1000, 1010, 1020]);
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
    fn a_prometheus_that_takes_all_the_time_is_told_so() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let server = Server::at(url.parse().unwrap());
        let deadline = Instant::now() + Duration::from_millis(50);
        for _ in 0..2 {
            let error = get(&server, "/up", deadline).unwrap_err();
            assert_eq!(error.to_string(), "it did not answer within 20 s");
        }
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
            tallies[&(2, Arm::Control)].durations,
            [0, 0, 0, 0, 0, 1, 0, 3]
        );
    }

    #[test]
    fn an_answer_is_understood_or_quoted() {
        let check = |status: u16, body: &str, said: &str| {
            let error = understand((status, body.as_bytes().to_vec()))
                .err()
                .unwrap();
            assert_eq!(error.to_string(), said);
        };
        let refused = r#"{"status":"error","errorType":"bad_data","error":"parse\nerror"}"#;
        check(400, refused, "it refused a query: parse error");
        let stranger = "it is not a Prometheus: it answered 200";
        check(
            200,
            "<html>\n<p>Hello",
            &format!("{stranger} <html> <p>Hello"),
        );
        check(200, "{}", &format!("{stranger} {{}}"));
        check(401, "", "it refused a query: 401");
        let vector = r#"{"status":"success","data":{"result":[{"metric":{},"value":[1,"1"]}]}}"#;
        check(200, vector, &format!("{stranger} {vector}"));
    }
}
