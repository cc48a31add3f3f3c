//! Who may write: the bearer token, and a brake on guessing it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};

use super::problem::ProblemDetails;
use crate::app::App;
use crate::error::Code;

/// Query parameters that people put tokens into. Addresses end up in logs and histories.
const TOKEN_PARAMETERS: [&str; 6] = [
    "token",
    "access_token",
    "auth",
    "authorization",
    "bearer",
    "api_key",
];

/// Checks tokens, and counts wrong ones.
#[derive(Debug)]
pub(super) struct TokenCheck {
    bad_per_s_max: u32,
    recent: Mutex<Option<BadTokens>>,
}

/// Wrong tokens in the second that began at `since`.
#[derive(Debug, Clone, Copy)]
struct BadTokens {
    since: Instant,
    count: u32,
}

impl TokenCheck {
    pub(super) fn new(bad_per_s_max: u32) -> Self {
        Self {
            bad_per_s_max,
            recent: Mutex::new(None),
        }
    }

    /// Lets a request with the token pass. A flood of wrong ones never keeps out the right one.
    ///
    /// # Errors
    /// 401 without a token or with a wrong one, 429 if there were too many wrong ones.
    pub(super) async fn check(&self, app: &App, headers: &HeaderMap) -> Result<(), ProblemDetails> {
        let presented = presented_token(headers)
            .ok_or_else(|| unauthorized("Writing needs `Authorization: Bearer <token>`."))?;
        if accepts(app, presented.to_owned()).await? {
            return Ok(());
        }
        if self.is_one_too_many(Instant::now()) {
            return Err(ProblemDetails::new(
                Code::TooManyBadTokens,
                "There were too many wrong tokens in the last second.",
            )
            .with(RETRY_AFTER, 1));
        }
        Err(unauthorized(
            "The token is wrong; `flagctl token` prints it.",
        ))
    }

    fn is_one_too_many(&self, now: Instant) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = match *recent {
            Some(bad) if now.duration_since(bad.since) < Duration::from_secs(1) => BadTokens {
                count: bad.count.saturating_add(1),
                ..bad
            },
            _ => BadTokens {
                since: now,
                count: 1,
            },
        };
        *recent = Some(counted);
        counted.count > self.bad_per_s_max
    }
}

/// Compares a token with the one in its file, whose disk no other request waits for.
async fn accepts(app: &App, presented: String) -> Result<bool, ProblemDetails> {
    let app = app.clone();
    tokio::task::spawn_blocking(move || app.accepts_token(&presented))
        .await
        .map_err(|_| ProblemDetails::internal())
}

/// Returns whether a query has a parameter named like a token.
pub(super) fn query_names_token(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        TOKEN_PARAMETERS
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    })
}

pub(super) fn presented_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn unauthorized(detail: &'static str) -> ProblemDetails {
    ProblemDetails::new(Code::Unauthorized, detail)
        .with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_tokens_are_counted_by_the_second() {
        let token_check = TokenCheck::new(2);
        let start = Instant::now();
        let later = |ms| start + Duration::from_millis(ms);
        assert!(!token_check.is_one_too_many(start));
        assert!(!token_check.is_one_too_many(later(1)));
        assert!(token_check.is_one_too_many(later(2)));
        assert!(token_check.is_one_too_many(later(999)));
        assert!(!token_check.is_one_too_many(later(1000)));
    }

    #[test]
    fn a_query_that_names_a_token_is_seen() {
        for query in ["token=x", "a=b&access_token=x", "TOKEN", "a&Bearer="] {
            assert!(query_names_token(query), "{query}");
        }
        for query in ["", "a=token", "tokens=1", "at=3"] {
            assert!(!query_names_token(query), "{query}");
        }
    }
}
