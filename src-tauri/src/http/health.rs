//! `/healthz`: whether this process is up and can save, and how pushing and following are going.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use serde::Serialize;

use super::routes::Context;
use crate::app::StoreState;
use crate::load::Count;
use crate::wire::{Following, PushHealth};

/// What `/healthz` says.
#[derive(Debug, Serialize)]
struct Health {
    /// `ok`, `read_only` if nothing can be saved, or `store_gone` if the data folder was removed or
    /// replaced.
    status: &'static str,
    version: &'static str,
    revision: u64,
    writable: bool,
    http: Served,
    /// How pushing to a gateway goes, which is no part of `status`; left out if nothing is pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    push: Option<Push>,
    /// How following a document is going, which is no part of `status`; left out if none is
    /// followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    following: Option<Following>,
}

/// What the server carries at this moment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Served {
    connections: Bounded,
    streams: Bounded,
    /// Memory reserved for the bodies of requests.
    body_bytes: Bounded,
}

#[derive(Debug, Serialize)]
struct Bounded {
    now: u64,
    max: usize,
}

impl Served {
    fn of(context: &Context) -> Self {
        let (load, limits) = (context.app().load(), context.limits());
        let bounded = |count: &Count, max| Bounded {
            now: count.get(),
            max,
        };
        Self {
            connections: bounded(&load.connections, limits.connections_max),
            streams: bounded(&load.streams, limits.streams_max),
            body_bytes: bounded(&load.body_bytes, limits.body_bytes_in_memory_max),
        }
    }
}

#[derive(Debug, Serialize)]
struct Push {
    /// `ok`, `failing`, or `starting` before the first push.
    status: &'static str,
    #[serde(flatten)]
    health: PushHealth,
}

impl From<PushHealth> for Push {
    fn from(health: PushHealth) -> Self {
        let status = match (&health.error, health.at_ms) {
            (Some(_), _) => "failing",
            (None, Some(_)) => "ok",
            (None, None) => "starting",
        };
        Self { status, health }
    }
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
    let live = context.app().flags().live();
    let health = Health {
        status: status.name(),
        version: env!("CARGO_PKG_VERSION"),
        revision: live.revision.0,
        writable: status == StoreState::Ok,
        http: Served::of(&context),
        push: context.app().pushing().map(Push::from),
        following: context
            .app()
            .following()
            .map(|status| Following::of(status, &live)),
    };
    (code, [(CACHE_CONTROL, "no-store")], Json(health))
}
