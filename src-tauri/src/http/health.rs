//! `/healthz`: whether this process is up and can save.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use serde::Serialize;

use super::routes::Context;
use crate::app::StoreState;

/// What `/healthz` says.
#[derive(Debug, Serialize)]
struct Health {
    /// `ok`, `read_only` if nothing can be saved, or `store_gone` if the data folder was removed or
    /// replaced.
    status: &'static str,
    version: &'static str,
    revision: u64,
    writable: bool,
}

/// Serves the health's address.
pub(super) fn methods() -> MethodRouter<Context> {
    get(read)
}

async fn read(State(context): State<Context>) -> impl IntoResponse {
    let status = context.app().store_state();
    let code = match status {
        StoreState::Ok => StatusCode::OK,
        StoreState::ReadOnly | StoreState::StoreGone => StatusCode::SERVICE_UNAVAILABLE,
    };
    let health = Health {
        status: status.name(),
        version: env!("CARGO_PKG_VERSION"),
        revision: context.app().live().revision.0,
        writable: status == StoreState::Ok,
    };
    (code, [(CACHE_CONTROL, "no-store")], Json(health))
}
