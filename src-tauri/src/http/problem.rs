//! Errors as answers: problem documents (RFC 9457). Their codes and statuses are those of
//! [`Code`].
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
use crate::error::{Code, Error, sentence};
use crate::store::StoreError;

/// An answer that says what is wrong.
#[derive(Debug)]
pub(super) struct ProblemDetails {
    code: Code,
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
    code: Code,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [Problem],
}

impl ProblemDetails {
    /// Makes one of a code and a sentence; the status is that of the code.
    pub(super) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
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
            Code::Failed,
            "Something failed inside Flagdeck; its log says what.",
        )
    }

    /// What was sent cannot be read.
    pub(super) fn malformed(detail: &'static str) -> Self {
        Self::new(Code::Malformed, detail)
    }

    /// The files of the store are not in place.
    pub(super) fn store_gone() -> Self {
        Self::new(
            Code::StoreGone,
            "The data folder was removed or replaced while Flagdeck had it open, so nothing can \
             be saved; the window and `flagctl doctor` say how to go on.",
        )
    }

    /// The data folder was removed or replaced just when something was saved.
    pub(super) fn unconfirmed() -> Self {
        Self::new(
            Code::StoreGone,
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
            ..Self::new(Code::LargeLoss, detail)
        }
    }

    /// Something is at this address, but it does not take this method.
    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            Code::MethodNotAllowed,
            "This address does not take this method; `Allow` lists those it does.",
        )
    }

    /// Nothing is at this address.
    pub(super) fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing at this address.")
    }

    /// Takes it apart, for an answer of another shape.
    pub(super) fn into_parts(self) -> (Code, Cow<'static, str>, Vec<(HeaderName, HeaderValue)>) {
        (self.code, self.detail, self.headers)
    }
}

impl Code {
    /// Returns the status of an answer with it.
    pub(super) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.http_status()).expect("the table has statuses of HTTP")
    }
}

impl IntoResponse for ProblemDetails {
    fn into_response(self) -> Response<Body> {
        let status = self.code.status();
        let document = Json(Wire {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: &self.detail,
            code: self.code,
            problems: &self.problems,
        });
        let mut response = (status, document).into_response();
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
        let (code, detail) = match refusal {
            Refusal::NoRequestLine => (Code::Malformed, "The first line is not one of HTTP/1.1."),
            Refusal::BareLineFeed => (
                Code::Malformed,
                "A line of the head ends without a carriage return.",
            ),
            Refusal::BadLength => (Code::Malformed, "Content-Length is not a number of bytes."),
            Refusal::TwoLengths => (Code::Malformed, "Content-Length is given twice."),
            Refusal::UnknownEncoding => {
                (Code::Malformed, "Transfer-Encoding is not chunked, once.")
            }
            Refusal::LengthAndEncoding => (
                Code::Malformed,
                "Content-Length and Transfer-Encoding exclude each other.",
            ),
            Refusal::RequestLineTooLong => {
                (Code::AddressTooLong, "The address is longer than 8 KiB.")
            }
            Refusal::HeadTooLarge => (
                Code::HeadTooLarge,
                "The request has more than 100 headers, or more than 32 KiB of them.",
            ),
            Refusal::TooSlow => (Code::TooSlow, "The head of the request took too long."),
        };
        Self::new(code, detail).closing()
    }
}

impl From<Error> for ProblemDetails {
    fn from(error: Error) -> Self {
        let code = error.code();
        match error {
            Error::Store(StoreError::Gone(_)) => Self::store_gone(),
            Error::Store(StoreError::Unconfirmed(_)) => Self::unconfirmed(),
            Error::LargeLoss { loss } => Self::large_loss(&loss),
            _ if code == Code::ReadOnly => Self::new(
                code,
                "Nothing can be saved; the window and `flagctl doctor` say why.",
            ),
            _ if code == Code::Failed => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
                Self::internal()
            }
            _ => {
                let answer = Self::new(code, sentence(&error.to_string()));
                let answer = match code {
                    Code::Busy => answer.with(RETRY_AFTER, 1),
                    _ => answer,
                };
                match error {
                    Error::Invalid { problems } => Self { problems, ..answer },
                    _ => answer,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use flagdeck_core::Code as ProblemCode;
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
                Problem::error(ProblemCode::WrongType, "/enabled", "First."),
                Problem::warning(ProblemCode::UnknownKey, "/x", "Second."),
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
