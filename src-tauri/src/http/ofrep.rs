//! `/ofrep/v1/evaluate/flags`: the OpenFeature Remote Evaluation Protocol, version 0.3. Any program
//! on this machine may ask what a component is for a user, one by one or all at once.
//!
//! Translates: `flags` turns a context into what is evaluated. A refusal has the protocol's shape,
//! unless the gate refuses before (`problem`).

mod answer;
mod failure;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use flagdeck_core::text;
use flagdeck_core::tree::{self, Tree, UniqueError};
use serde::Deserialize;

use self::answer::Bulk;
use self::failure::{ErrorCode, Failure};
use super::body::{self, Media, Received};
use super::client;
use super::etag;
use super::extract::{Path, Query};
use super::flags::mark_all_off;
use super::limits::{COMPONENTS_AT_ONCE_MAX, CONTEXT_BODY_BYTES_MAX, LOOKUPS_AT_ONCE_MAX};
use super::memory::Reserved;
use super::problem::ProblemDetails;
use super::routes::Context;
use crate::clients::Interface;
use crate::flags::context::EvaluationContext;
use crate::flags::evaluating::Evaluator;
use crate::flags::live::Live;
use crate::source::SourceName;

/// Serves the address of one flag.
pub(super) fn methods() -> MethodRouter<Context> {
    post(evaluate)
}

/// Serves the address of all flags.
pub(super) fn bulk_methods() -> MethodRouter<Context> {
    post(evaluate_all)
}

async fn evaluate(
    State(context): State<Context>,
    key: Result<Path<String>, ProblemDetails>,
    request: Request,
) -> Response {
    let Path(key) = match key {
        Ok(key) => key,
        Err(problem) => return Failure::from(problem).answer(Some("")),
    };
    let evaluated = evaluate_one(&context, &key, request).await;
    evaluated.unwrap_or_else(|failure| failure.answer(Some(&key)))
}

async fn evaluate_one(context: &Context, key: &str, request: Request) -> Result<Response, Failure> {
    let (head, body) = request.into_parts();
    let asked = received(context, &head.headers, body).await?;
    let Asked {
        evaluator,
        source,
        memory,
    } = asked;
    make_labels(evaluator.live()).await?;
    let json = answer::one(&evaluator, key)?;
    drop(memory);
    client::note(context, &head.headers, source.as_ref(), Interface::Ofrep);
    Ok(answered(json.into(), evaluator.live()))
}

/// Makes what is told of each flag, once for a document; of a large one, on a thread that keeps no
/// other request waiting.
async fn make_labels(live: &Arc<Live>) -> Result<(), Failure> {
    if live.has_labels() || is_small(live) {
        return Ok(());
    }
    let live = Arc::clone(live);
    let making = tokio::task::spawn_blocking(move || live.labels().len());
    making.await.map_err(|_| ProblemDetails::internal())?;
    Ok(())
}

/// What a client was told of a change that it asks again for (OFREP, ADR 8).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refetch {
    /// The entity tag of the flags that the event named.
    flag_config_etag: Option<String>,
    /// The moment of the change. Events of Flagdeck name none.
    flag_config_last_modified: Option<String>,
}

async fn evaluate_all(
    State(context): State<Context>,
    refetch: Result<Query<Refetch>, ProblemDetails>,
    request: Request,
) -> Response {
    let evaluated = match refetch {
        Ok(Query(refetch)) => evaluate_each(&context, &refetch, request).await,
        Err(problem) => Err(problem.into()),
    };
    evaluated.unwrap_or_else(|failure| failure.answer(None))
}

async fn evaluate_each(
    context: &Context,
    refetch: &Refetch,
    request: Request,
) -> Result<Response, Failure> {
    let (head, body) = request.into_parts();
    let asked = received(context, &head.headers, body).await?;
    let live = Arc::clone(asked.evaluator.live());
    let source = asked.source.clone();
    let Bulk { json, etag } = evaluated(context, asked).await?;
    client::note(context, &head.headers, source.as_ref(), Interface::Ofrep);
    let has_it = refetch.is_of(&live) && etag::client_has(&head.headers, &etag);
    let mut response = match has_it {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => json_response(json),
    };
    let etag = HeaderValue::from_str(&etag).expect("an entity tag is visible ASCII");
    response.headers_mut().insert(ETAG, etag);
    mark_all_off(&live, response.headers_mut());
    Ok(response)
}

impl Refetch {
    /// Returns whether the client asks because of `live`, or of no change at all. Of another one, it
    /// needs an answer even if it is the one that it has.
    fn is_of(&self, live: &Live) -> bool {
        let tag = self.flag_config_etag.as_deref();
        let is_current = tag
            .is_none_or(|tag| tag == live.generation.etag() || tag == live.generation.to_string());
        is_current && self.flag_config_last_modified.is_none()
    }
}

/// What a client asks for. The memory of its body is reserved until it is answered.
struct Asked {
    evaluator: Evaluator,
    source: Option<SourceName>,
    memory: Reserved,
}

/// Reads the body of a request: an object with the context.
async fn received(context: &Context, headers: &HeaderMap, body: Body) -> Result<Asked, Failure> {
    let most = CONTEXT_BODY_BYTES_MAX;
    body::check_up_to(headers, &[Media::Json], most)?;
    let Received { bytes, memory } = body::read_up_to(context, headers, body, most).await?;
    let asked = context_in(&bytes)?;
    let source = asked.source().cloned();
    let evaluator = context.app().flags().evaluator(asked);
    Ok(Asked {
        evaluator,
        source,
        memory,
    })
}

/// Reads the body of a request, for the fuzz targets.
pub(crate) fn read(bytes: &[u8]) -> Result<EvaluationContext, String> {
    context_in(bytes).map_err(Failure::into_details)
}

/// Reads the context in the body of a request. If there is none, it is empty: the released Python
/// client leaves an empty one out.
fn context_in(bytes: &[u8]) -> Result<EvaluationContext, Failure> {
    let parse_error = |details: String| Failure::new(ErrorCode::ParseError, details);
    let (json, _) = text::read(bytes).map_err(|error| parse_error(format!("The body {error}.")))?;
    let body = tree::read_unique(json.as_bytes()).map_err(|error| {
        parse_error(match error {
            UniqueError::Json(error) => format!("The body is no JSON: {error}."),
            UniqueError::Repeated { .. } => format!("The body cannot be read: {error}."),
        })
    })?;
    let Tree::Object(mut members) = body else {
        let details = "The body must be an object, such as {\"context\": {}}.";
        return Err(Failure::new(ErrorCode::ParseError, details));
    };
    match members.remove("context") {
        Some(context) => Ok(EvaluationContext::from_tree(context)?),
        None if members.is_empty() => Ok(EvaluationContext::default()),
        None => Err(Failure::new(
            ErrorCode::InvalidContext,
            "The body has no context; put the targeting key and all attributes under `context`.",
        )),
    }
}

/// Evaluates all flags: if that is much work, on a thread that keeps no other request waiting, and
/// within the memory for answers until this one was sent.
async fn evaluated(context: &Context, asked: Asked) -> Result<Bulk, Failure> {
    let live = asked.evaluator.live();
    if is_small(live) && asked.evaluator.lookups() <= LOOKUPS_AT_ONCE_MAX {
        return Ok(answer::all(&asked.evaluator));
    }
    make_labels(live).await?;
    let memory = context.answers().reserve(answer::bytes_max(live)).await?;
    let evaluating = tokio::task::spawn_blocking(move || {
        let bulk = answer::all(&asked.evaluator);
        drop(asked.memory);
        Bulk {
            json: Bytes::from_owner(Held(bulk.json, memory)),
            ..bulk
        }
    });
    Ok(evaluating.await.map_err(|_| ProblemDetails::internal())?)
}

/// Returns whether all components of a document are looked at in little time.
fn is_small(live: &Live) -> bool {
    live.compiled.components().len() <= COMPONENTS_AT_ONCE_MAX
}

/// An answer with the memory that is reserved for it.
struct Held(
    Bytes,
    #[expect(dead_code, reason = "held until it was sent")] Reserved,
);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn answered(json: Bytes, live: &Live) -> Response {
    let mut response = json_response(json);
    mark_all_off(live, response.headers_mut());
    response
}

fn json_response(json: Bytes) -> Response {
    let mut response = Response::new(Body::from(json));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
