//! What a Prometheus answers.

use flagdeck_core::measure::Arm;
use serde::{Deserialize, Deserializer};

use super::QueryError;
use crate::outbound::quoted;

/// Status and body.
pub(super) type Response = (u16, Vec<u8>);

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
pub(super) struct Series {
    #[serde(rename = "metric")]
    pub(super) labels: Labels,
    pub(super) values: Vec<(f64, Value)>,
}

#[derive(Deserialize)]
pub(super) struct Labels {
    pub(super) component: Option<String>,
    #[serde(default)]
    arm: String,
    le: Option<String>,
    pub(super) source: Option<String>,
    pub(super) extent: Option<String>,
}

/// A number that is written as a text, because JSON has no infinity.
#[derive(Deserialize)]
pub(super) struct Value(#[serde(deserialize_with = "number")] pub(super) f64);

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
    /// Returns the arm; `None` if Flagdeck does not know it.
    pub(super) fn arm(&self) -> Option<Arm> {
        let mut arms = [Arm::Unknown, Arm::Exposed, Arm::Control].into_iter();
        arms.find(|arm| arm.as_str() == self.arm)
    }

    /// Returns the bucket below an edge, which may be written `5` or `5.0`.
    pub(super) fn bucket(&self, edges: &[f64]) -> Option<usize> {
        let le: f64 = self.le.as_deref()?.parse().ok()?;
        match le == f64::INFINITY {
            true => Some(edges.len()),
            false => edges.iter().position(|edge| *edge == le),
        }
    }
}

/// Reads an answer.
pub(super) fn understand((status, body): Response) -> Result<Vec<Series>, QueryError> {
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
        _ => Err(misunderstood(status)),
    }
}

/// Distinguishes a server that refuses access from one that is not a Prometheus.
fn misunderstood(status: u16) -> QueryError {
    match status {
        401 | 403 | 407 | 429 | 500.. => QueryError::Refused {
            reason: status.to_string(),
        },
        _ => QueryError::Stranger { status },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_reason_of_a_prometheus_is_quoted() {
        let check = |status: u16, body: &str, said: &str| {
            let error = understand((status, body.as_bytes().to_vec()))
                .err()
                .unwrap();
            assert_eq!(error.to_string(), said);
        };
        let refused = r#"{"status":"error","errorType":"bad_data","error":"parse\nerror"}"#;
        check(400, refused, "it refused a query: parse error");
        let stranger = "it is not a Prometheus: it answered 200";
        check(200, "<html>\n<p>Hello", stranger);
        check(200, "{}", stranger);
        check(401, "who are you", "it refused a query: 401");
        let vector = r#"{"status":"success","data":{"result":[{"metric":{},"value":[1,"1"]}]}}"#;
        check(200, vector, stranger);
    }
}
