//! Reads a request's body, within bounds of kind, size and time, and discards what no handler read.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{self, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, HeaderValue, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::timeout;

use super::limits::{
    BODY_BYTES_MAX, LARGE_BODY_BYTES_MIN, LARGE_BODY_ROOM_BYTES, UNREAD_BYTES_MAX,
};
use super::memory::Reserved;
use super::places::Task;
use super::problem::ProblemDetails;
use super::routes::Context;
use crate::error::Code;

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

/// A body that was read, with the memory that is reserved for it and for what is made of it. To be
/// held until the request is answered.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) memory: Reserved,
}

/// Reads a body to its end, once memory is free for it.
///
/// # Errors
/// 413 if it is too large, 408 if it takes too long, 400 if it breaks off, 429 if other requests
/// hold the memory.
pub(super) async fn read(
    context: &Context,
    headers: &HeaderMap,
    body: Body,
) -> Result<Received, ProblemDetails> {
    read_up_to(context, headers, body, BODY_BYTES_MAX).await
}

/// The same of which another size is allowed.
///
/// # Errors
/// As for [`read`].
pub(super) async fn read_up_to(
    context: &Context,
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Received, ProblemDetails> {
    // A chunked body may become as large as any.
    let declared = declared_bytes(headers).and_then(|bytes| usize::try_from(bytes).ok());
    let memory = context.memory().reserve(declared.unwrap_or(bytes_max));
    let memory = memory.await?;
    let bytes = collect(body, declared, context.limits().body_time, bytes_max).await?;
    Ok(Received { bytes, memory })
}

async fn collect(
    body: Body,
    declared: Option<usize>,
    body_time: Duration,
    bytes_max: usize,
) -> Result<Vec<u8>, ProblemDetails> {
    let mut limited = Limited::new(body, bytes_max);
    // What arrives is added as it comes: frames that are kept to the end would be there twice.
    let mut bytes = Vec::with_capacity(room(declared, bytes_max));
    let reading = async {
        while let Some(frame) = limited.frame().await.transpose()? {
            bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    match timeout(body_time, reading).await {
        Ok(Ok(())) => Ok(bytes),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(bytes_max)),
        Ok(Err(_)) => Err(ProblemDetails::malformed(
            "The body broke off or is not properly chunked.",
        )
        .closing()),
        Err(_) => Err(
            ProblemDetails::new(Code::TooSlow, "The body of the request took too long.").closing(),
        ),
    }
}

/// Returns for how many bytes to make room, given how many are declared.
fn room(declared: Option<usize>, bytes_max: usize) -> usize {
    match declared.unwrap_or(bytes_max) {
        LARGE_BODY_BYTES_MIN.. => LARGE_BODY_ROOM_BYTES,
        small => small,
    }
}

/// A body on loan to a handler. It comes back as [`Unread`] if the handler drops it before its end.
#[derive(Debug)]
pub(super) struct Lent {
    /// `None` once it went back.
    body: Option<Incoming>,
    unread: Option<Unread>,
}

/// The body of a request that is answered before all of it was read.
///
/// hyper closes the connection if a body is dropped before its last byte has arrived. A client
/// whose body is late would lose the connection with its next request on it, so the rest is read
/// and discarded.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<Mutex<Option<Incoming>>>);

/// Lends the body of a request to its handler; returns the place for what the handler leaves.
///
/// A client that waits to be asked for the body (`Expect`) may never send it: nothing is left.
pub(super) fn lend(request: Request<Incoming>) -> (Request<Lent>, Unread) {
    let unread = Unread::default();
    let waits = request.headers().contains_key(EXPECT);
    let request = request.map(|body| Lent {
        body: Some(body),
        unread: (!waits).then(|| unread.clone()),
    });
    (request, unread)
}

impl Unread {
    /// Discards the rest as it arrives, within bounds of size and time.
    pub(super) fn discard(&self, body_time: Duration) {
        let body = lock(&self.0).take();
        if let Some(body) = body.filter(|body| !body.is_end_stream()) {
            let mut rest = Limited::new(body, UNREAD_BYTES_MAX);
            let to_its_end = async move { while let Some(Ok(_)) = rest.frame().await {} };
            tokio::spawn(timeout(body_time, to_its_end));
        }
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let known = self.body.as_ref().map(HttpBody::size_hint);
        known.unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(unread) = &self.unread {
            *lock(&unread.0) = self.body.take();
        }
    }
}

/// The body of an answer, with the task for which the connection keeps its place: until the body was
/// sent, or the client is gone.
#[derive(Debug)]
pub(super) struct Answering {
    body: Body,
    _task: Task,
}

impl Answering {
    pub(super) fn during(body: Body, task: Task) -> Body {
        Body::new(Self { body, _task: task })
    }
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Locks; what a panic leaves is whole, because it is replaced at once.
fn lock(unread: &Mutex<Option<Incoming>>) -> MutexGuard<'_, Option<Incoming>> {
    unread.lock().unwrap_or_else(PoisonError::into_inner)
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
    ProblemDetails::new(Code::UnsupportedMediaType, detail)
}

fn too_large(bytes_max: usize) -> ProblemDetails {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;
    let most = match bytes_max {
        MIB.. => format!("{} MiB", bytes_max / MIB),
        _ => format!("{} KiB", bytes_max / KIB),
    };
    let detail = format!("The body is larger than {most}.");
    ProblemDetails::new(Code::TooLarge, detail).closing()
}
