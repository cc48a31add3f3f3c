//! `/api/openapi.json`: the description of this interface, in OpenAPI 3.1.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};

use super::routes::Context;

/// The description. `tests/openapi.rs` sends every example in it.
pub(super) const DESCRIPTION: &str = include_str!("../../../docs/openapi.json");

/// Serves the description's address.
pub(super) fn methods() -> MethodRouter<Context> {
    get(read)
}

async fn read() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, DESCRIPTION)
}
