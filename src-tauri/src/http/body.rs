//! Takes in a request's body, within bounds of kind, size and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::limits::BODY_BYTES_MAX;
use super::problem::ProblemDetails;

/// What a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    MergePatch,
    NdJson,
}

impl Media {
    /// Its names, the recommended one first. NDJSON has no registered name.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["application/json"],
            Self::MergePatch => &["application/merge-patch+json"],
            Self::NdJson => &[
                "application/x-ndjson",
                "application/ndjson",
                "application/jsonl",
                "application/x-jsonl",
                "application/jsonlines",
                "application/x-jsonlines",
            ],
        }
    }

    fn is_called(self, name: &str) -> bool {
        let mut names = self.names().iter();
        names.any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// Checks what the headers say about a body, before any of it is read; returns what it is.
///
/// # Errors
/// 415 for another media type or any compression, 413 if it would be too large.
pub(super) fn check(headers: &HeaderMap, accepted: &[Media]) -> Result<Media, ProblemDetails> {
    check_up_to(headers, accepted, BODY_BYTES_MAX)
}

/// The same for a body of which another size is allowed.
///
/// # Errors
/// As for [`check`].
pub(super) fn check_up_to(
    headers: &HeaderMap,
    accepted: &[Media],
    bytes_max: usize,
) -> Result<Media, ProblemDetails> {
    let sent = headers.get(CONTENT_TYPE).map_or("", essence);
    let mut known = accepted.iter().copied();
    let media = known.find(|media| media.is_called(sent)).ok_or_else(|| {
        let names: Vec<_> = accepted.iter().map(|media| media.names()[0]).collect();
        unsupported(format!("Content-Type has to be {}.", names.join(" or ")))
    })?;
    check_encoding(headers)?;
    if declared_bytes(headers).is_some_and(|bytes| bytes > bytes_max as u64) {
        return Err(too_large(bytes_max));
    }
    Ok(media)
}

/// Reads a body to its end.
///
/// # Errors
/// 413 if it is too large, 408 if it takes longer than `body_time`, 400 if it breaks off.
pub(super) async fn read(body: Body, body_time: Duration) -> Result<Vec<u8>, ProblemDetails> {
    read_up_to(body, body_time, BODY_BYTES_MAX).await
}

/// The same of which another size is allowed.
///
/// # Errors
/// As for [`read`].
pub(super) async fn read_up_to(
    body: Body,
    body_time: Duration,
    bytes_max: usize,
) -> Result<Vec<u8>, ProblemDetails> {
    let limited = Limited::new(body, bytes_max);
    match timeout(body_time, limited.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(bytes_max)),
        Ok(Err(_)) => Err(ProblemDetails::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "The body broke off or is not properly chunked.",
        )
        .closing()),
        Err(_) => Err(ProblemDetails::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "The body of the request took too long.",
        )
        .closing()),
    }
}

/// Refuses what is compressed; `identity` says that nothing is.
fn check_encoding(headers: &HeaderMap) -> Result<(), ProblemDetails> {
    let is_plain = |value: &HeaderValue| {
        let mut encodings = value.to_str().unwrap_or("?").split(',').map(str::trim);
        encodings.all(|encoding| encoding.is_empty() || encoding.eq_ignore_ascii_case("identity"))
    };
    if headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Ok(());
    }
    let refusal = unsupported("The body has to come uncompressed.".into());
    Err(refusal.with(ACCEPT_ENCODING, HeaderValue::from_static("identity")))
}

/// Returns a media type without its parameters.
fn essence(content_type: &HeaderValue) -> &str {
    let text = content_type.to_str().unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim()
}

fn declared_bytes(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn unsupported(detail: String) -> ProblemDetails {
    ProblemDetails::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        detail,
    )
}

fn too_large(bytes_max: usize) -> ProblemDetails {
    ProblemDetails::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("The body is larger than {} MiB.", bytes_max / (1024 * 1024)),
    )
    .closing()
}
