//! `/api/ml/flags`: the flag document, read by anyone on this machine, changed with the token.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use flagdeck_core::{Edit, Problem};

use super::body::{self, Media, Received};
use super::client;
use super::etag::{self, IfMatch};
use super::extract::{Authorized, Named};
use super::problem::ProblemDetails;
use super::routes::Context;
use crate::clients::Interface;
use crate::error::{Code, Error};
use crate::flags::live::Live;
use crate::flags::{ChangeRequest, Scope};
use crate::store::{Actor, RevisionNumber, Via};
use crate::upstream::{Chain, ML_VIA};

/// Since when all flags are off; left out while they are not, and if they were never on.
const ML_ALL_OFF: HeaderName = HeaderName::from_static("ml-all-off");

/// The revision that the document in force was made of.
const ML_REVISION: HeaderName = HeaderName::from_static("ml-revision");

/// What is worth knowing about a document that was accepted, one each.
const ML_WARNING: HeaderName = HeaderName::from_static("ml-warning");

/// What a client confirms that it was asked about: `large-loss`.
const FLAGDECK_CONFIRM: HeaderName = HeaderName::from_static("flagdeck-confirm");

/// Warnings that a response lists; clients bound the headers they read.
const WARNINGS_TOLD_MAX: usize = 10;

/// Characters of one warning: a key in its place may be long.
const WARNING_CHARS_MAX: usize = 500;

/// Serves the document's address.
pub(super) fn methods() -> MethodRouter<Context> {
    get(read).put(replace).patch(merge)
}

async fn read(
    State(context): State<Context>,
    Named(source): Named,
    headers: HeaderMap,
) -> Result<Response, ProblemDetails> {
    let chain = chain_without_circle(&context, &headers)?;
    client::note(&context, &headers, source.as_ref(), Interface::Document);
    let scope = source
        .as_ref()
        .map_or(Scope::Everyone, |it| Scope::Source(it.as_str()));
    let live = context.app().flags().in_force(scope);
    if etag::client_has(&headers, &live.generation.etag()) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        describe(&live, &chain, response.headers_mut());
        return Ok(response);
    }
    Ok(document(live, &chain))
}

/// Returns the Flagdecks that the document comes through, this one first.
///
/// # Errors
/// 508 if one of them asks: it would follow itself.
fn chain_without_circle(context: &Context, headers: &HeaderMap) -> Result<Chain, ProblemDetails> {
    let chain = context.app().lineage().chain();
    if !chain.meets(&Chain::read(headers)) {
        return Ok(chain);
    }
    let refused = ProblemDetails::new(
        Code::Circle,
        "The Flagdeck that asks is this one, or is followed by it.",
    );
    Err(match chain.header() {
        Some(ids) => refused.with(ML_VIA, ids),
        None => refused,
    })
}

async fn replace(
    State(context): State<Context>,
    _: Authorized,
    request: Request,
) -> Result<Response, ProblemDetails> {
    change(&context, request, &[Media::Json], Edit::Replace).await
}

async fn merge(
    State(context): State<Context>,
    _: Authorized,
    request: Request,
) -> Result<Response, ProblemDetails> {
    let media = [Media::MergePatch, Media::Json];
    change(&context, request, &media, Edit::Patch).await
}

async fn change(
    context: &Context,
    request: Request,
    media: &[Media],
    edit: fn(Vec<u8>) -> Edit,
) -> Result<Response, ProblemDetails> {
    let (head, body) = request.into_parts();
    body::check(&head.headers, media)?;
    let chain = chain_without_circle(context, &head.headers)?;
    let base = base_of(
        &head.headers,
        &context.app().flags().in_force(Scope::Everyone),
    )?;
    let Received { bytes, memory } = body::read(context, &head.headers, body).await?;
    let change = ChangeRequest {
        edit: edit(bytes),
        actor: actor(&head.headers),
        note: None,
        base,
    };
    let confirms = confirms_loss(&head.headers);
    let app = context.app().clone();
    let made = tokio::task::spawn_blocking(move || {
        // The answer holds what this change made, even if another followed at once: its
        // entity tag must not name a document that the client has never seen.
        let outcome = match confirms {
            true => app.flags().change_confirmed(change)?,
            false => app.flags().change(change)?,
        };
        let made = app.flags().at(outcome.revision)?;
        drop(memory);
        Ok::<_, Error>((made, outcome.warnings))
    });
    let made = made.await.map_err(|_| ProblemDetails::internal())?;
    let (made, warnings) = made.map_err(|error| match error {
        // Another change came between the check of `If-Match` and this one, which makes no
        // difference to the client.
        Error::Conflict { .. } => stale(&context.app().flags().in_force(Scope::Everyone)),
        error => error.into(),
    })?;
    client::note(context, &head.headers, None, Interface::Document);
    let mut response = document(made, &chain);
    for warning in warnings.iter().take(WARNINGS_TOLD_MAX) {
        let value = warning_value(warning);
        response.headers_mut().append(ML_WARNING, value);
    }
    Ok(response)
}

/// Writes a warning into a header: its code, its place in quotes, and its sentence. Everything
/// beyond ASCII is escaped as in JSON.
fn warning_value(warning: &Problem) -> HeaderValue {
    let code = serde_json::json!(warning.code);
    let code = code.as_str().unwrap_or_default();
    let text = format!("{code} {:?} {}", warning.pointer, warning.message);
    let mut ascii = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' '..='~' => ascii.push(character),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    ascii.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    ascii.truncate(WARNING_CHARS_MAX);
    HeaderValue::from_str(&ascii).expect("visible ASCII and spaces make a header")
}

/// Returns the revision a change is based on; `None` if the client takes any.
fn base_of(headers: &HeaderMap, live: &Live) -> Result<Option<RevisionNumber>, ProblemDetails> {
    match etag::if_match(headers, &live.generation.etag()) {
        IfMatch::Any => Ok(None),
        IfMatch::Current => Ok(Some(live.revision)),
        IfMatch::Missing => Err(ProblemDetails::new(
            Code::IfMatchRequired,
            "Send the ETag of the document you changed as `If-Match`, or `If-Match: *`.",
        )),
        IfMatch::Stale => Err(stale(live)),
    }
}

/// `If-Match` names another document than the one in force.
fn stale(live: &Live) -> ProblemDetails {
    let detail = format!(
        "The document was changed since: it is at revision {}.",
        live.revision
    );
    ProblemDetails::new(Code::Stale, detail).with(ETAG, entity_tag(live))
}

/// Whether the client knows that most of the components are removed.
fn confirms_loss(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(FLAGDECK_CONFIRM).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let mut words = lines.flat_map(|line| line.split(','));
    words.any(|word| word.trim().eq_ignore_ascii_case("large-loss"))
}

/// Names the client after the product it calls itself.
pub(super) fn actor(headers: &HeaderMap) -> Actor {
    Actor::new(Via::Http, client::program(headers))
}

fn document(live: Arc<Live>, chain: &Chain) -> Response {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    describe(&live, chain, &mut headers);
    (headers, Body::from(Bytes::from_owner(Text(live)))).into_response()
}

fn describe(live: &Live, chain: &Chain, headers: &mut HeaderMap) {
    headers.insert(ETAG, entity_tag(live));
    headers.insert(ML_REVISION, HeaderValue::from(live.revision.0));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Some(ids) = chain.header() {
        headers.insert(ML_VIA, ids);
    }
    mark_all_off(live, headers);
}

/// Says since when all flags are off, if they are.
pub(super) fn mark_all_off(live: &Live, headers: &mut HeaderMap) {
    let since = live.all_off.as_ref().and_then(|all_off| all_off.since());
    if let Some(since) = since {
        let since = HeaderValue::from_str(&since).expect("a moment is visible ASCII");
        headers.insert(ML_ALL_OFF, since);
    }
}

fn entity_tag(live: &Live) -> HeaderValue {
    HeaderValue::from_str(&live.generation.etag()).expect("an entity tag is visible ASCII")
}

/// Lends the document's text to an answer without a copy.
struct Text(Arc<Live>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0.text
    }
}
