//! Refusals in the protocol's shape: `{key, errorCode, errorDetails}`.

use std::borrow::Cow;

use axum::Json;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::problem::ProblemDetails;
use crate::error::{Code, sentence};
use crate::flags::context::ContextError;

/// The error codes of OpenFeature that an evaluation may fail with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ErrorCode {
    /// There is no component of that name.
    FlagNotFound,
    /// The body cannot be read.
    ParseError,
    /// The value depends on the user, and the context names none.
    TargetingKeyMissing,
    /// The context is not what it must be.
    InvalidContext,
    /// Anything else.
    General,
}

/// An evaluation that was refused.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    code: ErrorCode,
    details: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A refusal as sent. Released clients ask for each member by its name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire<'a> {
    /// The flag; none if all were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<&'a str>,
    pub(super) error_code: ErrorCode,
    pub(super) error_details: &'a str,
}

impl Failure {
    pub(super) fn new(code: ErrorCode, details: impl Into<Cow<'static, str>>) -> Self {
        let status = match code {
            ErrorCode::FlagNotFound => StatusCode::NOT_FOUND,
            ErrorCode::ParseError
            | ErrorCode::TargetingKeyMissing
            | ErrorCode::InvalidContext
            | ErrorCode::General => StatusCode::BAD_REQUEST,
        };
        Self {
            status,
            code,
            details: details.into(),
            headers: Vec::new(),
        }
    }

    /// Returns what it says.
    pub(super) fn into_details(self) -> String {
        self.details.into_owned()
    }

    /// Answers with it; `key` is the flag that was asked for, if it was one.
    pub(super) fn answer(self, key: Option<&str>) -> Response {
        let document = Json(Wire {
            key,
            error_code: self.code,
            error_details: &self.details,
        });
        let mut response = (self.status, document).into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response
    }
}

impl From<ContextError> for Failure {
    fn from(error: ContextError) -> Self {
        Self::new(ErrorCode::InvalidContext, sentence(&error.to_string()))
    }
}

/// What stands between a request and its evaluation.
impl From<ProblemDetails> for Failure {
    fn from(problem: ProblemDetails) -> Self {
        let (code, details, headers) = problem.into_parts();
        Self {
            status: code.status(),
            code: match code {
                Code::Malformed => ErrorCode::ParseError,
                _ => ErrorCode::General,
            },
            details,
            headers,
        }
    }
}
