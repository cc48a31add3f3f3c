//! `/api/ml/events`: what applications report, in batches, with the token.
//!
//! Each event is checked separately; the answer comes when the valid ones are durable.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use serde::Serialize;

use super::body::{self, Media, Received};
use super::client;
use super::extract::Authorized;
use super::problem::ProblemDetails;
use super::routes::Context;
use crate::clients::Interface;
use crate::error::{Code, sentence};
use crate::metrics::event::{EventProblem, Format};
use crate::metrics::limits::{KEY_BYTES_MAX, RETRY_AFTER_S};
use crate::metrics::{Delivery, IntakeError, Receipt};

/// Keeps a batch that is sent again from being counted again
/// (draft-ietf-httpapi-idempotency-key-header).
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Bytes of a batch that is read without going to another thread: about 0.2 ms of work, while
/// the way there and back costs a tenth of that.
const READ_AT_ONCE_BYTES_MAX: usize = 64 * 1024;

/// What is answered to a batch.
#[derive(Debug, Serialize)]
struct Answer {
    #[serde(flatten)]
    receipt: Receipt,
    /// What is wrong with the first of the rejected events.
    problems: Vec<EventProblem>,
    /// What is worth knowing about the others, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Serves the events' address.
pub(super) fn methods() -> MethodRouter<Context> {
    post(report)
}

async fn report(
    State(context): State<Context>,
    _: Authorized,
    request: Request,
) -> Result<Response, ProblemDetails> {
    let (head, body) = request.into_parts();
    let format = match body::check(&head.headers, &[Media::Json, Media::NdJson])? {
        Media::NdJson => Format::NdJson,
        Media::Json | Media::MergePatch => Format::Json,
    };
    let key = key(&head.headers)?;
    let received = body::read(&context, &head.headers, body).await?;
    let delivery = take_in(&context, received, format, key).await?;
    let (problems, warnings) = (delivery.problems.clone(), delivery.warnings.clone());
    let source = delivery
        .source
        .as_deref()
        .and_then(|name| name.parse().ok());
    let answer = Answer {
        receipt: delivery.stored().await?,
        problems,
        warnings,
    };
    client::note(&context, &head.headers, source.as_ref(), Interface::Events);
    Ok(Json(answer).into_response())
}

/// Reads a batch: a large one on a thread that keeps no other request waiting.
async fn take_in(
    context: &Context,
    received: Received,
    format: Format,
    key: Option<Box<str>>,
) -> Result<Delivery, ProblemDetails> {
    if received.bytes.len() <= READ_AT_ONCE_BYTES_MAX {
        return Ok(context.app().report(&received.bytes, format, key)?);
    }
    let app = context.app().clone();
    let read = tokio::task::spawn_blocking(move || app.report(&received.bytes, format, key));
    Ok(read.await.map_err(|_| ProblemDetails::internal())??)
}

fn key(headers: &HeaderMap) -> Result<Option<Box<str>>, ProblemDetails> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let text = key.to_str().ok().map(str::trim);
    let is_key = |text: &&str| !text.is_empty() && text.len() <= KEY_BYTES_MAX;
    match text.filter(is_key).filter(|_| keys.next().is_none()) {
        Some(text) => Ok(Some(text.into())),
        None => Err(ProblemDetails::malformed(
            "Idempotency-Key has to be given once, as 1 to 128 visible ASCII characters.",
        )),
    }
}

impl From<IntakeError> for ProblemDetails {
    fn from(error: IntakeError) -> Self {
        let answer = Self::new(Code::from(&error), sentence(&error.to_string()));
        match error {
            IntakeError::Full | IntakeError::Busy => answer.with(RETRY_AFTER, RETRY_AFTER_S),
            _ => answer,
        }
    }
}
