//! `/api/ml/state/{source}`: what a source has under `ml`, put whole or change by change; and what
//! a restore asks it to become. All of it with the token.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use flagdeck_core::whole;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::body::{self, Media, Received};
use super::client;
use super::etag;
use super::extract::{Authorized, Path, Query};
use super::flags::actor;
use super::limits::{BODY_BYTES_MAX, STATE_BODY_BYTES_MAX};
use super::problem::ProblemDetails;
use super::routes::Context;
use super::worker::Worker;
use crate::app::App;
use crate::clients::Interface;
use crate::error::{Code, Error};
use crate::format::Format;
use crate::state::shapes::Recovery;
use crate::state::{CurrentState, SourceName, SourceNameError, StateError, StateTree};

/// Where states are.
const ROOT: &str = "/api/ml/state/";

/// What stands between a source and the number of a restore.
const RESTORES: &str = "/restores/";

/// Names the restore that a state confirms.
const ML_RESTORE: HeaderName = HeaderName::from_static("ml-restore");

/// Counts the changes that are missing in the history of a state because they are damaged.
const ML_UNREADABLE: HeaderName = HeaderName::from_static("ml-unreadable");

/// Serves the address of a state.
pub(super) fn methods() -> MethodRouter<Context> {
    get(read).put(put).delete(remove)
}

/// Serves the address of its changes.
pub(super) fn changes_methods() -> MethodRouter<Context> {
    post(record)
}

/// Serves the address at which a damaged state is recovered.
pub(super) fn recovery_methods() -> MethodRouter<Context> {
    post(recover)
}

/// Serves the address of what a restore asks for.
pub(super) fn restore_methods() -> MethodRouter<Context> {
    get(read_asked)
}

/// Serves the address of a snapshot.
pub(super) fn snapshot_methods() -> MethodRouter<Context> {
    delete(remove_snapshot)
}

/// Returns the address of what a restore asks its source to become.
pub(super) fn restore_address(source: &str, restore: u64) -> String {
    let source = utf8_percent_encode(source, NON_ALPHANUMERIC);
    format!("{ROOT}{source}{RESTORES}{restore}")
}

async fn read(
    State(context): State<Context>,
    _: Authorized,
    Path(source): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ProblemDetails> {
    let asking = Asking::new(&context, &headers, &source)?;
    let held = headers.clone();
    let read = asking.ask(context.reading(), move |app, source| {
        let current = app.current_state(source)?;
        let is_known = etag::client_has(&held, &current.etag);
        Ok::<_, StateError>((
            text_of(&current, is_known),
            current.etag,
            current.unreadable,
        ))
    });
    let (text, etag, unreadable) = read.await?;
    let mut response = tagged(text, &etag);
    if unreadable > 0 {
        let headers = response.headers_mut();
        headers.insert(ML_UNREADABLE, HeaderValue::from(unreadable));
    }
    Ok(response)
}

async fn read_asked(
    State(context): State<Context>,
    _: Authorized,
    Path((source, restore)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ProblemDetails> {
    let asking = Asking::new(&context, &headers, &source)?;
    let held = headers.clone();
    let id = number(&restore).ok_or_else(|| {
        ProblemDetails::malformed("The restore in the address is no whole number.")
    })?;
    let read = asking.ask(context.reading(), move |app, source| {
        let asked = app.asked_state(source, id)?;
        let is_known = etag::client_has(&held, &asked.etag);
        Ok::<_, StateError>(((!is_known).then(|| written(&asked.state)), asked.etag))
    });
    let (text, etag) = read.await?;
    Ok(tagged(text, &etag))
}

/// Answers with a state and its entity tag; without the state if the client has it.
fn tagged(text: Option<Vec<u8>>, etag: &str) -> Response {
    let tag = HeaderValue::from_str(etag).expect("a tag is plain ASCII");
    let described = [
        (ETAG, tag),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    match text {
        None => (StatusCode::NOT_MODIFIED, described).into_response(),
        Some(text) => {
            let media = [(CONTENT_TYPE, "application/json")];
            (described, media, Body::from(text)).into_response()
        }
    }
}

/// Writes a state as the specification has it; `None` for a client that has it.
fn text_of(current: &CurrentState, is_known: bool) -> Option<Vec<u8>> {
    let state = StateTree {
        at_ms: current.at_ms,
        ml: Arc::clone(&current.ml),
        files: current.files,
    };
    (!is_known).then(|| written(&state))
}

fn written(state: &StateTree) -> Vec<u8> {
    serde_json::to_vec(state).expect("a state is JSON")
}

/// What is said of a state beside it.
#[derive(Debug, Deserialize)]
struct PutOptions {
    /// How many files the source has analysed.
    #[serde(default, deserialize_with = "count_of_files")]
    files: Option<u64>,
}

async fn put(
    State(context): State<Context>,
    _: Authorized,
    Path(source): Path<String>,
    Query(PutOptions { files }): Query<PutOptions>,
    request: Request,
) -> Result<Response, ProblemDetails> {
    let (head, body) = request.into_parts();
    let asking = Asking::new(&context, &head.headers, &source)?;
    body::check_up_to(&head.headers, &[Media::Json], STATE_BODY_BYTES_MAX)?;
    let confirms = confirms(&head.headers)?;
    let read = body::read_up_to(&context, &head.headers, body, STATE_BODY_BYTES_MAX);
    let Received { bytes, memory } = read.await?;
    let put = asking.ask(context.writing(), move |app, source| {
        let _until_it_is_stored = memory;
        app.put_state(source, bytes, files, confirms)
    });
    Ok(Json(put.await?).into_response())
}

async fn record(
    State(context): State<Context>,
    _: Authorized,
    Path(source): Path<String>,
    request: Request,
) -> Result<Response, ProblemDetails> {
    let (head, body) = request.into_parts();
    let asking = Asking::new(&context, &head.headers, &source)?;
    let media = body::check_up_to(&head.headers, &[Media::Json, Media::NdJson], BODY_BYTES_MAX)?;
    let format = match media {
        Media::NdJson => Format::NdJson,
        Media::Json | Media::MergePatch => Format::Json,
    };
    let Received { bytes, memory } = body::read(&context, &head.headers, body).await?;
    let receipt = asking.ask(context.writing(), move |app, source| {
        let _until_they_are_stored = memory;
        app.record_changes(source, &bytes, format)
    });
    Ok(Json(receipt.await?).into_response())
}

async fn recover(
    State(context): State<Context>,
    _: Authorized,
    Path(source): Path<String>,
    request: Request,
) -> Result<Response, ProblemDetails> {
    let (head, body) = request.into_parts();
    let asking = Asking::new(&context, &head.headers, &source)?;
    body::check(&head.headers, &[Media::Json])?;
    let Received { bytes, memory } = body::read(&context, &head.headers, body).await?;
    let asked = read_recovery(&bytes).ok_or_else(|| {
        ProblemDetails::malformed(
            "The body must be {} or {\"snapshot\": 3}, with the number of a snapshot.",
        )
    })?;
    let actor = actor(&head.headers);
    let recovered = asking.ask(context.writing(), move |app, source| {
        let _until_it_is_stored = memory;
        app.recover_state(source, asked.snapshot, &actor)
    });
    Ok(Json(recovered.await?).into_response())
}

fn read_recovery(bytes: &[u8]) -> Option<Recovery> {
    // By way of an object: a structure alone would be read from a list, too.
    let members: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    serde_json::from_value(members.into()).ok()
}

async fn remove(
    State(context): State<Context>,
    _: Authorized,
    Path(source): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ProblemDetails> {
    let asking = Asking::new(&context, &headers, &source)?;
    let removed = asking.ask(context.writing(), App::remove_source);
    Ok(Json(removed.await?).into_response())
}

async fn remove_snapshot(
    State(context): State<Context>,
    _: Authorized,
    Path((source, snapshot)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, ProblemDetails> {
    let asking = Asking::new(&context, &headers, &source)?;
    let id = number(&snapshot).ok_or_else(|| {
        ProblemDetails::malformed("The snapshot in the address is no whole number.")
    })?;
    let removed = asking.ask(context.writing(), move |app, source| {
        app.remove_snapshot(id, Some(source))
    });
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who asks, and for the state of which source.
struct Asking<'a> {
    context: &'a Context,
    headers: &'a HeaderMap,
    source: SourceName,
}

impl<'a> Asking<'a> {
    fn new(context: &'a Context, headers: &'a HeaderMap, source: &str) -> Result<Self, StateError> {
        Ok(Self {
            context,
            headers,
            source: source.parse()?,
        })
    }

    /// Does what waits for the disk, and has whole states in memory, on a thread of its own. Notes
    /// the client if it succeeds.
    async fn ask<T: Send + 'static, E: Into<ProblemDetails> + Send + 'static>(
        self,
        worker: &Worker,
        work: impl FnOnce(&App, &SourceName) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ProblemDetails> {
        let (app, source) = (self.context.app().clone(), self.source.clone());
        let done = worker.run(move || work(&app, &source)).await?;
        let done = done.map_err(Into::into)?;
        client::note(
            self.context,
            self.headers,
            Some(&self.source),
            Interface::State,
        );
        Ok(done)
    }
}

fn count_of_files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    const RANGE: &str = "must be a whole number from 0 to 2^53 - 1";
    let text = String::deserialize(deserializer)?;
    let count = whole::read(&text).ok_or_else(|| D::Error::custom(RANGE))?;
    Ok(Some(count))
}

/// Reads digits and nothing else: `parse` alone would take `+5`.
fn number(text: &str) -> Option<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

fn confirms(headers: &HeaderMap) -> Result<Option<u64>, ProblemDetails> {
    let mut values = headers.get_all(ML_RESTORE).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match value.to_str().ok().and_then(|text| number(text.trim())) {
        Some(id) if values.next().is_none() => Ok(Some(id)),
        _ => Err(ProblemDetails::malformed(
            "Ml-Restore must be given once, as the number of a restore, 1 or more.",
        )),
    }
}

impl From<SourceNameError> for ProblemDetails {
    fn from(error: SourceNameError) -> Self {
        StateError::from(error).into()
    }
}

impl From<StateError> for ProblemDetails {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Store(error) if Code::from(&error) == Code::Failed => {
                tracing::error!(error = &error as &dyn std::error::Error, "a state failed");
                Self::new(
                    Code::NotKept,
                    "States cannot be kept; `flagctl doctor` says why.",
                )
            }
            error => Error::from(error).into(),
        }
    }
}
