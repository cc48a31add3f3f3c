//! `/api/ml/clients`: who uses this server, for a client with the token.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};

use super::extract::Authorized;
use super::routes::Context;

/// Serves the address of the list.
pub(super) fn methods() -> MethodRouter<Context> {
    get(list)
}

async fn list(State(context): State<Context>, _: Authorized) -> impl IntoResponse {
    (
        [(CACHE_CONTROL, "no-store")],
        Json(context.app().connected()),
    )
}
