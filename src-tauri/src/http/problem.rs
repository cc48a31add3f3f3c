//! The one place where errors become answers: problem documents (RFC 9457).
//!
//! Never says more than the client may know: no path, no cause of an internal failure.

use std::borrow::Cow;

use axum::Json;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flagdeck_core::{Loss, Problem};
use serde::Serialize;

use super::framing::Refusal;
use crate::error::Error;
use crate::store::StoreError;
use crate::translate::sentence;

/// Names that the files of the store are not in place.
pub(super) const STORE_GONE: &str = "store_gone";

/// An answer that says what is wrong.
#[derive(Debug)]
pub(super) struct ProblemDetails {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    problems: Vec<Problem>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The document as sent. Its type is `about:blank`: the title is that of the status.
#[derive(Debug, Serialize)]
struct Wire<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [Problem],
}

impl ProblemDetails {
    /// Makes one of a status, a stable name that programs may branch on, and a sentence.
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            problems: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Adds a header to the answer.
    pub(super) fn with(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Ends the connection with the answer.
    pub(super) fn closing(self) -> Self {
        self.with(CONNECTION, HeaderValue::from_static("close"))
    }

    /// Something failed that should not have, or a handler panicked.
    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "Something failed inside Flagdeck; its log says what.",
        )
    }

    /// The files of the store are not in place.
    pub(super) fn store_gone() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            STORE_GONE,
            "The data folder was removed or replaced while Flagdeck had it open, so nothing can \
             be saved; the window and `flagctl doctor` say how to go on.",
        )
    }

    /// The data folder was removed or replaced just when something was saved.
    pub(super) fn unconfirmed() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            STORE_GONE,
            "The data folder was removed or replaced just when this was saved. It is not stored \
             now, but will be there if what is open is written back; the window and \
             `flagctl doctor` say how to go on.",
        )
    }

    /// A change would remove much, and the client has not confirmed that.
    fn large_loss(loss: &Loss) -> Self {
        let detail = format!(
            "This would remove {loss}. Nothing was changed; to remove them, send the header \
             `Flagdeck-Confirm: large-loss`."
        );
        Self {
            problems: vec![loss.problem()],
            ..Self::new(StatusCode::CONFLICT, "large_loss", detail)
        }
    }

    /// Something is at this address, but it does not take this method.
    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "This address does not take this method; `Allow` lists those it does.",
        )
    }

    /// Nothing is at this address.
    pub(super) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing at this address.",
        )
    }
}

impl IntoResponse for ProblemDetails {
    fn into_response(self) -> Response<Body> {
        let document = Json(Wire {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            problems: &self.problems,
        });
        let mut response = (self.status, document).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response
    }
}

impl From<Refusal> for ProblemDetails {
    fn from(refusal: Refusal) -> Self {
        let (status, code, detail) = match refusal {
            Refusal::NoRequestLine => malformed("The first line is not one of HTTP/1.1."),
            Refusal::BareLineFeed => {
                malformed("A line of the head ends without a carriage return.")
            }
            Refusal::BadLength => malformed("Content-Length is not a number of bytes."),
            Refusal::TwoLengths => malformed("Content-Length is given twice."),
            Refusal::UnknownEncoding => malformed("Transfer-Encoding is not chunked, once."),
            Refusal::LengthAndEncoding => {
                malformed("Content-Length and Transfer-Encoding exclude each other.")
            }
            Refusal::RequestLineTooLong => (
                StatusCode::URI_TOO_LONG,
                "address_too_long",
                "The address is longer than 8 KiB.",
            ),
            Refusal::HeadTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "head_too_large",
                "The request has more than 100 headers, or more than 32 KiB of them.",
            ),
            Refusal::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "too_slow",
                "The head of the request took too long.",
            ),
        };
        Self::new(status, code, detail).closing()
    }
}

fn malformed(detail: &'static str) -> (StatusCode, &'static str, &'static str) {
    (StatusCode::BAD_REQUEST, "malformed", detail)
}

impl From<Error> for ProblemDetails {
    fn from(error: Error) -> Self {
        let sentence = sentence(&error.to_string());
        match error {
            Error::Invalid { problems } => Self {
                problems,
                ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", sentence)
            },
            Error::Conflict { .. } => Self::new(StatusCode::CONFLICT, "conflict", sentence),
            Error::LargeLoss { loss } => Self::large_loss(&loss),
            Error::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, "not_found", sentence),
            Error::NothingToDo { .. } => Self::new(StatusCode::CONFLICT, "nothing_to_do", sentence),
            Error::ReadOnly { .. } | Error::Store(StoreError::ReadOnly { .. }) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "read_only",
                "Nothing can be saved; the window and `flagctl doctor` say why.",
            ),
            Error::Store(StoreError::Gone(_)) => Self::store_gone(),
            Error::Store(StoreError::Unconfirmed(_)) => Self::unconfirmed(),
            Error::Store(StoreError::Busy) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", sentence).with(RETRY_AFTER, 1)
            }
            Error::Store(StoreError::DiskFull) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", sentence)
            }
            Error::State(error) => error.into(),
            // No route changes a setting or draws charts.
            Error::NotCollecting
            | Error::Prometheus { .. }
            | Error::Store(_)
            | Error::Setting(_)
            | Error::File { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
                Self::internal()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use flagdeck_core::Code;
    use http_body_util::BodyExt;

    use super::*;
    use crate::store::RevisionNumber;

    async fn answer(error: Error) -> (u16, String) {
        let response = ProblemDetails::from(error).into_response();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn every_failure_has_its_status() {
        let conflict = Error::Conflict {
            expected: RevisionNumber(3),
            winner: RevisionNumber(5),
        };
        let (status, text) = answer(conflict).await;
        assert_eq!(status, 409);
        assert!(text.contains("revision 5"), "{text}");
        let invalid = Error::Invalid {
            problems: vec![
                Problem::error(Code::WrongType, "/enabled", "First."),
                Problem::warning(Code::UnknownKey, "/x", "Second."),
            ],
        };
        let (status, text) = answer(invalid).await;
        assert_eq!(status, 422);
        assert!(
            text.contains("First.") && text.contains("Second."),
            "{text}"
        );
        assert_eq!(answer(Error::Store(StoreError::Busy)).await.0, 503);
        assert_eq!(answer(Error::Store(StoreError::DiskFull)).await.0, 507);
        assert_eq!(answer(Error::Store(StoreError::Closed)).await.0, 500);
    }

    #[tokio::test]
    async fn no_failure_tells_where_files_are() {
        let path = || "/home/somebody/flagdeck".into();
        let reason = || "/home/somebody/flagdeck is on a full disk".to_owned();
        let source = || io::Error::other("/home/somebody/flagdeck");
        let failures = [
            (
                Error::File {
                    path: path(),
                    source: source(),
                },
                500,
            ),
            (
                Error::Store(StoreError::File {
                    path: path(),
                    source: source(),
                }),
                500,
            ),
            (
                Error::Store(StoreError::Folder {
                    path: path(),
                    reason: reason(),
                }),
                500,
            ),
            (Error::Store(StoreError::Damaged { what: reason() }), 500),
            (Error::Store(StoreError::ReadOnly { reason: reason() }), 503),
            (Error::ReadOnly { reason: reason() }, 503),
        ];
        for (failure, expected) in failures {
            let shown = format!("{failure:?}");
            let (status, text) = answer(failure).await;
            assert_eq!(status, expected, "{shown}");
            assert!(!text.contains("somebody"), "{shown}: {text}");
        }
    }
}
