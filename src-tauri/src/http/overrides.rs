//! `/api/ml/flags/overrides`: what differs here from the followed document, listed and ended by
//! clients with the token. And what every answer with the document says of what is followed.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use serde::Deserialize;

use super::client;
use super::extract::{Authorized, Query};
use super::flags::actor;
use super::problem::ProblemDetails;
use super::routes::Context;
use crate::app::App;
use crate::app::following::FollowState;
use crate::clients::Interface;
use crate::flags::Scope;
use crate::flags::followed::Followed;
use crate::flags::live::Live;
use crate::wire::{self, Outcome, OverrideSelection};

/// The address that is followed; left out if none is.
const ML_FOLLOWED: HeaderName = HeaderName::from_static("ml-followed");

/// How many overrides act; left out if nothing is followed.
const ML_OVERRIDES: HeaderName = HeaderName::from_static("ml-overrides");

/// Since when the followed document may be out of date; left out while it counts as fresh.
const ML_STALE_SINCE: HeaderName = HeaderName::from_static("ml-stale-since");

/// Which overrides are to be ended: at most one of these, all without.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended {
    component: Option<String>,
    place: Option<String>,
}

impl Ended {
    fn selection(self) -> Result<OverrideSelection, ProblemDetails> {
        match (self.component, self.place) {
            (None, None) => Ok(OverrideSelection::All),
            (Some(component), None) => Ok(OverrideSelection::Component(component)),
            (None, Some(place)) => Ok(OverrideSelection::Places(vec![place])),
            (Some(_), Some(_)) => Err(ProblemDetails::malformed(
                "Name either `component` or `place` in the query, or neither for all.",
            )),
        }
    }
}

/// Serves the address of the overrides.
pub(super) fn methods() -> MethodRouter<Context> {
    get(list).delete(end)
}

async fn list(State(context): State<Context>, _: Authorized) -> impl IntoResponse {
    let live = context.app().flags().in_force(Scope::Everyone);
    let followed = wire::Followed::of(&live);
    let overrides = followed.map_or_else(Vec::new, |followed| followed.overrides);
    ([(CACHE_CONTROL, "no-store")], Json(overrides))
}

async fn end(
    State(context): State<Context>,
    _: Authorized,
    Query(ended): Query<Ended>,
    headers: HeaderMap,
) -> Result<impl IntoResponse + use<>, ProblemDetails> {
    let which = ended.selection()?.read()?;
    let actor = actor(&headers);
    let app = context.app().clone();
    let ended = tokio::task::spawn_blocking(move || app.flags().clear_overrides(&which, &actor));
    let outcome = ended.await.map_err(|_| ProblemDetails::internal())??;
    client::note(&context, &headers, None, Interface::Document);
    let outcome = Outcome::from(outcome);
    Ok(([(CACHE_CONTROL, "no-store")], Json(outcome)))
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
