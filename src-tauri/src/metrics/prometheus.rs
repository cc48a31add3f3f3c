//! The charts' other source: a Prometheus that scrapes Flagdeck, asked for the same frames that
//! Flagdeck's own tiers hold.
//!
//! Asks only for series that Flagdeck exposes, of whichever Flagdecks that Prometheus scrapes.
//! Missing values are left out, never invented.

mod answer;
mod picture;
mod query;

use std::time::{Duration, Instant};

use thiserror::Error;

use self::answer::Response;
use self::picture::Picture;
use self::query::Queries;
use super::frame::{Frame, NameId};
use crate::address::without_credentials;
use crate::outbound::{CallError, Server, whole};

/// How long all queries together may take.
const TOTAL_TIME: Duration = Duration::from_secs(20);

/// Bytes that one answer may have.
const ANSWER_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Steps that a range may have: Prometheus's own limit of points in one series.
const STEPS_MAX: i64 = 11_000;

/// A span, cut into steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Where it begins, in seconds since 1970.
    pub from_s: i64,
    /// Where it ends, in seconds since 1970. A last step that is not whole is left out.
    pub to_s: i64,
    /// How long a step is, in seconds; at least 1.
    ///
    /// Growth needs two samples: a step shorter than two scrapes has no counts, and one shorter
    /// than four may miss some.
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
    /// The answer is not from a Prometheus.
    #[error("it is not a Prometheus: it answered {status}")]
    Stranger {
        /// The status. Not the answer, which may be what only this machine may read.
        status: u16,
    },
    /// It refused with a reason.
    #[error("it refused a query: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
}

/// One frame for each step, ascending, with the beginning of the step in seconds since 1970. `name`
/// turns names of components and sources into ids.
///
/// Counts are what Prometheus extrapolates the growth of a counter to, rounded; what a counter held
/// when it was first scraped is unknown to it. As in Flagdeck's own frames, confidence exists only
/// for steps with calculations, and has their weight.
///
/// # Errors
/// [`QueryError`] if any of the queries fails: a partial result would look complete.
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

/// Asks a server. Each query has the time that the ones before left.
fn get(server: &Server, path: &str, deadline: Instant) -> Result<Response, QueryError> {
    let left = deadline.saturating_duration_since(Instant::now());
    Ok(answered(server, path, left).map_err(|error| match error {
        // Report the limit of all queries together, not what was left for this one.
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

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: Range = Range {
        from_s: 1000,
        to_s: 1035,
        step_s: 10,
    };

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
        let picture = Picture::of(&RANGE, &mut |_| unreachable!("nothing is named")).into_frames();
        let times: Vec<i64> = picture.iter().map(|(at_s, _)| *at_s).collect();
        assert_eq!(times, [1000, 1010, 1020]);
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
}
