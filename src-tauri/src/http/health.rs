//! `/healthz`: whether this process is up and can save.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use serde::Serialize;

use super::routes::Context;

/// What `/healthz` says.
#[derive(Debug, Serialize)]
struct Health {
    /// `ok`, or `read_only` where nothing can be saved.
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
    let writable = context.app().read_only().is_none();
    let (code, status) = if writable {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "read_only")
    };
    let health = Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        revision: context.app().live().revision.0,
        writable,
    };
    (code, [(CACHE_CONTROL, "no-store")], Json(health))
}
