//! One message on its way: how it is sent, and when it is tried again.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;
use ureq::http::{HeaderMap, StatusCode, header, request};

use super::{Endpoint, Message, Outcome, Secret, Standing};
use crate::outbound::{CallError, Server, excerpt, is_redirect};

/// How long one call may take, the answer included.
const CALL_TIME: Duration = Duration::from_secs(15);

/// The seconds from each failure to the next try. After the last one, the message is given up.
const DELAYS_S: [u64; 7] = [5, 30, 2 * 60, 10 * 60, 30 * 60, 50 * 60, 60 * 60];

/// By how much of itself a delay varies up and down, so that those whom a server left do not come
/// back all at once.
const JITTER: f64 = 0.1;

/// The longest time that a server may ask for with `Retry-After`.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);

/// How long after the first try the last one may be.
const RETRIED_FOR: Duration = Duration::from_secs(3 * 60 * 60);

/// A message on its way.
pub(super) struct Delivery {
    pub server: Server,
    secret: Option<Secret>,
    pub id: String,
    pub kind: String,
    body: Vec<u8>,
    /// Tries so far.
    pub attempts: u32,
    /// When the first one began.
    first: Instant,
    /// When the next one is due.
    pub next: Instant,
}

/// Why a try failed, to follow the name of the server.
#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error("the id of the message must be visible ASCII characters without a full stop")]
    Id,
    #[error("it wants no more messages: {}", StatusCode::GONE)]
    Gone,
    /// Where it leads is not told: it may be as secret as the address.
    #[error("it redirects elsewhere, which is not followed: {status}")]
    Elsewhere { status: StatusCode },
    /// What it answered is for the log alone: a page that was taken over could choose an address,
    /// and read there what only this machine reaches.
    #[error("it answered {status}")]
    Refused {
        status: StatusCode,
        retry_after: Option<Duration>,
    },
    #[error(transparent)]
    Call(#[from] CallError),
}

/// What is sent.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: &'a Value,
}

impl Delivery {
    /// Prepares a message, to be sent at once.
    pub fn of(to: Endpoint, message: Message, now: Instant) -> Self {
        let at = Timestamp::from_millisecond(message.at_ms).unwrap_or_default();
        let body = Body {
            r#type: &message.kind,
            timestamp: format!("{at:.3}"),
            data: &message.data,
        };
        Self {
            body: serde_json::to_vec(&body).expect("names and values are JSON"),
            server: Server::at(to.address),
            secret: to.secret,
            id: message.id,
            kind: message.kind,
            attempts: 0,
            first: now,
            next: now,
        }
    }

    /// Returns the server as it may be shown.
    pub fn shown(&self) -> String {
        self.server.address().server()
    }

    pub fn standing(&self, at_ms: i64, outcome: Outcome) -> Standing {
        Standing {
            server: self.shown(),
            id: self.id.clone(),
            kind: self.kind.clone(),
            at_ms,
            outcome,
            waiting: 0,
            dropped: 0,
        }
    }

    /// Tries to deliver it. `now_ms` is in milliseconds since 1970.
    ///
    /// # Errors
    /// Why it is not delivered: also if the answer has any other status than 2xx.
    pub fn attempt(&mut self, now_ms: i64, now: Instant) -> Result<(), Failure> {
        if self.attempts == 0 {
            self.first = now;
        }
        self.attempts += 1;
        let request = self.request(now_ms.div_euclid(1000))?;
        let mut response = self.server.call_once(request, &self.body, CALL_TIME)?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let (id, answer) = (&self.id, excerpt(&mut response));
        tracing::debug!(id, %status, answer, "a webhook is refused");
        Err(match status {
            StatusCode::GONE => Failure::Gone,
            _ if is_redirect(status) => Failure::Elsewhere { status },
            _ => Failure::Refused {
                status,
                retry_after: retry_after(response.headers()),
            },
        })
    }

    /// Begins the request of a try. The time is in seconds since 1970.
    fn request(&self, timestamp_s: i64) -> Result<request::Builder, Failure> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'.';
        if self.id.is_empty() || !self.id.bytes().all(is_plain) {
            return Err(Failure::Id);
        }
        let request = self
            .server
            .request_whole("POST")
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", timestamp_s);
        Ok(match &self.secret {
            Some(secret) => {
                let signature = secret.signature(&self.id, timestamp_s, &self.body);
                request.header("webhook-signature", signature)
            }
            None => request,
        })
    }

    /// Puts the next try off after a failure. Returns for how long; `None` if there is none.
    pub fn put_off(&mut self, failure: &Failure, now: Instant) -> Option<Duration> {
        let asked = match failure {
            Failure::Id | Failure::Gone => return None,
            Failure::Refused { retry_after, .. } => retry_after.unwrap_or_default(),
            Failure::Elsewhere { .. } | Failure::Call(_) => Duration::ZERO,
        };
        let delay_s = *DELAYS_S.get(self.attempts.checked_sub(1)? as usize)?;
        let delay = varied(delay_s).max(asked.min(RETRY_AFTER_MAX));
        let next = now + delay;
        if next.saturating_duration_since(self.first) > RETRIED_FOR {
            return None;
        }
        self.next = next;
        Some(delay)
    }
}

fn varied(delay_s: u64) -> Duration {
    let share = fastrand::f64() * 2.0 - 1.0;
    Duration::from_secs(delay_s).mul_f64(1.0 + JITTER * share)
}

/// Reads seconds or a date, which is compared with the server's own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let asked = text(header::RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = rfc2822::parse(asked).ok()?.timestamp();
    let now = rfc2822::parse(text(header::DATE)?).ok()?.timestamp();
    until.duration_since(now).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn delivery(now: Instant) -> Delivery {
        let to = Endpoint {
            address: "http://hooks.example/secret?token=1".parse().unwrap(),
            secret: None,
        };
        let message = Message {
            id: "msg_1".into(),
            kind: "rollout.rolled_back".into(),
            at_ms: 1_796_050_800_250,
            data: serde_json::json!({"component": "ui.badges"}),
        };
        Delivery::of(to, message, now)
    }

    fn refused(retry_after: Option<Duration>) -> Failure {
        Failure::Refused {
            status: StatusCode::SERVICE_UNAVAILABLE,
            retry_after,
        }
    }

    /// Returns the delays after each failure, until the message is given up.
    fn delays(failure: &Failure) -> Vec<Duration> {
        let mut now = Instant::now();
        let mut delivery = delivery(now);
        let mut delays = Vec::new();
        loop {
            delivery.attempts += 1;
            let Some(delay) = delivery.put_off(failure, now) else {
                return delays;
            };
            assert_eq!(delivery.next, now + delay);
            now += delay;
            delays.push(delay);
        }
    }

    #[test]
    fn a_message_has_its_kind_its_time_and_its_data() {
        let delivery = delivery(Instant::now());
        assert_eq!(
            String::from_utf8(delivery.body.clone()).unwrap(),
            r#"{"type":"rollout.rolled_back","timestamp":"2026-11-30T15:00:00.250Z","data":{"component":"ui.badges"}}"#
        );
        assert_eq!(delivery.shown(), "http://hooks.example");
    }

    #[test]
    fn delays_grow_vary_and_end_within_three_hours() {
        let mut firsts = Vec::new();
        for _ in 0..20 {
            let delays = delays(&refused(None));
            assert_eq!(delays.len(), DELAYS_S.len());
            for (delay, about_s) in delays.iter().zip(DELAYS_S) {
                let share = delay.as_secs_f64() / about_s as f64;
                assert!((0.9..=1.1).contains(&share), "{delay:?}");
            }
            assert!(delays.iter().sum::<Duration>() <= RETRIED_FOR);
            firsts.push(delays[0]);
        }
        firsts.dedup();
        assert!(firsts.len() > 10, "they do not vary");
    }

    #[test]
    fn a_server_may_ask_for_a_longer_delay_of_up_to_an_hour() {
        let first = |asked| delays(&refused(Some(asked)))[0];
        assert!(first(Duration::from_secs(1)) < Duration::from_secs(6));
        assert_eq!(first(5 * MINUTE), 5 * MINUTE);
        assert_eq!(first(1_000_000 * MINUTE), 60 * MINUTE);
        // A fourth would be too late.
        assert_eq!(delays(&refused(Some(60 * MINUTE))), [60 * MINUTE; 3]);
    }

    #[test]
    fn what_time_does_not_change_is_given_up_at_once() {
        for failure in [Failure::Gone, Failure::Id] {
            assert_eq!(delays(&failure), []);
        }
    }

    #[test]
    fn an_id_that_cannot_be_sent_is_not() {
        for id in ["", "a.b", "a b", "a\r\nb", "\u{e4}"] {
            let mut delivery = delivery(Instant::now());
            delivery.id = id.into();
            let result = delivery.attempt(0, Instant::now());
            assert!(matches!(result, Err(Failure::Id)), "{id:?}");
        }
    }

    #[test]
    fn a_time_to_wait_is_a_number_or_a_date_of_the_server() {
        let check = |sent: &[(&'static str, &str)], seconds: Option<u64>| {
            let headers = sent.iter().map(|(name, value)| {
                let name = header::HeaderName::from_static(name);
                (name, value.parse().unwrap())
            });
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(&headers.collect()), expected, "{sent:?}");
        };
        let later = ("retry-after", "Mon, 30 Nov 2026 15:01:30 GMT");
        check(&[("retry-after", "120")], Some(120));
        check(
            &[("date", "Mon, 30 Nov 2026 15:00:00 GMT"), later],
            Some(90),
        );
        check(&[("date", "Mon, 30 Nov 2026 16:00:00 GMT"), later], None);
        check(&[later], None);
        check(&[("retry-after", "soon")], None);
        check(&[], None);
    }
}
