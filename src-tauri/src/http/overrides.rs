//! `/api/ml/flags/overrides`: what differs here from the followed document, and what is on or off
//! for one application or user, listed, set and ended by clients with the token. And what every
//! answer with the document says of what is followed.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, put};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::body::{self, Media, Received};
use super::client;
use super::extract::{Authorized, Path, Query};
use super::flags::actor;
use super::problem::ProblemDetails;
use super::routes::Context;
use crate::app::App;
use crate::app::following::FollowState;
use crate::clients::Interface;
use crate::error::Error;
use crate::flags::ending::Ending;
use crate::flags::followed::Followed;
use crate::flags::live::Live;
use crate::flags::targeted::{Target, TargetedRequest, TargetedSelection};
use crate::wire::{Ended, OverrideSelection, Overrides, Targeted, TargetedWish, path};

/// The address that is followed; left out if none is.
const ML_FOLLOWED: HeaderName = HeaderName::from_static("ml-followed");

/// How many overrides act; left out if nothing is followed.
const ML_OVERRIDES: HeaderName = HeaderName::from_static("ml-overrides");

/// Since when the followed document may be out of date; left out while it counts as fresh.
const ML_STALE_SINCE: HeaderName = HeaderName::from_static("ml-stale-since");

/// Which overrides are to be ended: of the followed document, or for an application or user; all
/// without.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndedQuery {
    component: Option<String>,
    place: Option<String>,
    source: Option<String>,
    user: Option<String>,
}

impl EndedQuery {
    fn read(self) -> Result<Ending, ProblemDetails> {
        let Self {
            component,
            place,
            source,
            user,
        } = self;
        let followed = match (component, place, source, user) {
            (None, None, None, None) => return Ok(Ending::All),
            (Some(component), None, None, None) => OverrideSelection::Component(component),
            (None, Some(place), None, None) => OverrideSelection::Places(vec![place]),
            (component, None, Some(source), None) => {
                return targeted(Target::Source(source.parse()?), component.as_deref());
            }
            (component, None, None, Some(user)) => {
                return targeted(Target::User(user.into()), component.as_deref());
            }
            _ => {
                return Err(ProblemDetails::malformed(
                    "Name `component` or `place` in the query, or `source` or `user` with or \
                     without `component`, or nothing for all.",
                ));
            }
        };
        Ok(Ending::Followed(followed.read()?))
    }
}

fn targeted(target: Target, component: Option<&str>) -> Result<Ending, ProblemDetails> {
    let component = component.map(path).transpose()?;
    Ok(Ending::Targeted(TargetedSelection {
        target: Some(target),
        components: Vec::from_iter(component),
    }))
}

/// Serves the address of the overrides.
pub(super) fn methods() -> MethodRouter<Context> {
    get(list).delete(end)
}

/// Serves the address of those of one component.
pub(super) fn methods_of_component() -> MethodRouter<Context> {
    put(set)
}

async fn list(State(context): State<Context>, _: Authorized) -> impl IntoResponse {
    let overrides = Overrides::of(context.app());
    ([(CACHE_CONTROL, "no-store")], Json(overrides))
}

async fn set(
    State(context): State<Context>,
    _: Authorized,
    Path(component): Path<String>,
    request: Request,
) -> Result<impl IntoResponse + use<>, ProblemDetails> {
    let (head, body) = request.into_parts();
    body::check(&head.headers, &[Media::Json])?;
    let Received { bytes, memory } = body::read(&context, &head.headers, body).await?;
    let TargetedWish { target, on, for_ms } = wish(&bytes)?;
    let wanted = TargetedRequest {
        target,
        component: path(&component)?,
        on,
        for_ms,
        by: actor(&head.headers),
    };
    drop(memory);
    let app = context.app().clone();
    let set = tokio::task::spawn_blocking(move || {
        let set = app.flags().override_for(wanted)?;
        Ok::<_, Error>(Targeted::of(&app, set))
    });
    let set = set.await.map_err(|_| ProblemDetails::internal())??;
    client::note(&context, &head.headers, None, Interface::Document);
    Ok(([(CACHE_CONTROL, "no-store")], Json(set)))
}

fn wish(bytes: &[u8]) -> Result<TargetedWish, ProblemDetails> {
    // By way of an object: a structure alone would be read from a list, too.
    let members: Option<Map<String, Value>> = serde_json::from_slice(bytes).ok();
    let wish = members.and_then(|members| serde_json::from_value(members.into()).ok());
    wish.ok_or_else(|| {
        ProblemDetails::malformed(
            "The body must be such as {\"for\": {\"source\": \"shop\"}, \"on\": true, \"forMs\": \
             28800000}, or name a {\"user\": \"ada\"}.",
        )
    })
}

async fn end(
    State(context): State<Context>,
    _: Authorized,
    Query(query): Query<EndedQuery>,
    headers: HeaderMap,
) -> Result<impl IntoResponse + use<>, ProblemDetails> {
    let which = query.read()?;
    let actor = actor(&headers);
    let app = context.app().clone();
    let ended = tokio::task::spawn_blocking(move || app.flags().end_overrides(&which, &actor));
    let ended = ended.await.map_err(|_| ProblemDetails::internal())??;
    client::note(&context, &headers, None, Interface::Document);
    Ok(([(CACHE_CONTROL, "no-store")], Json(Ended::from(ended))))
}

/// Says what is followed, how many overrides act, and since when it may be out of date.
pub(super) fn mark_followed(app: &App, live: &Live, headers: &mut HeaderMap) {
    let Some(followed) = live.followed.as_deref() else {
        return;
    };
    mark_overrides(followed, headers);
    let following = app.following().map(|status| status.state);
    let Some(FollowState::Stale { since_ms, .. }) = following else {
        return;
    };
    let since = jiff::Timestamp::from_millisecond(since_ms).unwrap_or_default();
    let since = HeaderValue::from_str(&since.to_string()).expect("a moment is visible ASCII");
    headers.insert(ML_STALE_SINCE, since);
}

fn mark_overrides(followed: &Followed, headers: &mut HeaderMap) {
    // An address is visible ASCII; one that another program stored may not be.
    if let Ok(from) = HeaderValue::from_str(&followed.from) {
        headers.insert(ML_FOLLOWED, from);
    }
    headers.insert(ML_OVERRIDES, followed.acting().count().into());
}
