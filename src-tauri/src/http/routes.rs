//! From a request to its answer: the gate, then one line for each address. Where metrics are
//! is a setting, so they are looked for at every other address.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONNECTION, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::body::{self, Answering, Lent};
use super::framing::{Link, REFUSED};
use super::gate::{Gate, harden};
use super::limits::Limits;
use super::memory::Memory;
use super::metrics::{self, Scrapes};
use super::news::Newsroom;
use super::places::{Holder, Kind, Places};
use super::problem::ProblemDetails;
use super::token::TokenCheck;
use super::worker::Worker;
use super::{
    assets, clients, events, flags, health, ofrep, openapi, overrides, sample, state, stream,
};
use crate::app::App;

/// Every address but that of the metrics.
fn addresses() -> Vec<(&'static str, MethodRouter<Context>)> {
    vec![
        ("/api/ml/flags", flags::methods()),
        ("/api/ml/flags/stream", stream::methods()),
        ("/api/ml/flags/overrides", overrides::methods()),
        (
            "/api/ml/flags/overrides/{component}",
            overrides::methods_of_component(),
        ),
        ("/api/ml/state/{source}", state::methods()),
        ("/api/ml/state/{source}/changes", state::changes_methods()),
        ("/api/ml/state/{source}/recovery", state::recovery_methods()),
        (
            "/api/ml/state/{source}/restores/{restore}",
            state::restore_methods(),
        ),
        (
            "/api/ml/state/{source}/snapshots/{snapshot}",
            state::snapshot_methods(),
        ),
        ("/api/ml/events", events::methods()),
        ("/api/ml/clients", clients::methods()),
        ("/ofrep/v1/evaluate/flags", ofrep::bulk_methods()),
        ("/ofrep/v1/evaluate/flags/{key}", ofrep::methods()),
        ("/healthz", health::methods()),
        ("/js/ml/{module}", assets::methods()),
        ("/api/openapi.json", openapi::methods()),
        (sample::ROOT, sample::page_methods()),
        ("/sample", sample::slash_methods()),
        ("/sample/{*file}", sample::file_methods()),
    ]
}

fn router() -> Router<Context> {
    let routed = |router: Router<Context>, (path, methods)| router.route(path, methods);
    addresses().into_iter().fold(Router::new(), routed)
}

/// What handlers work with.
#[derive(Debug, Clone)]
pub(super) struct Context(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    app: App,
    limits: Limits,
    token_check: TokenCheck,
    scrapes: Scrapes,
    streams: Arc<Places>,
    memory: Memory,
    answers: Memory,
    news: Newsroom,
    /// Stores states. The store has one writer anyhow.
    writing: Worker,
    /// Reads states.
    reading: Worker,
    /// Cancelled when the server stops, which streams would hold up.
    stopping: CancellationToken,
}

impl Context {
    pub(super) fn app(&self) -> &App {
        &self.0.app
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(super) fn scrapes(&self) -> &Scrapes {
        &self.0.scrapes
    }

    /// Returns the places for streams.
    pub(super) fn streams(&self) -> &Arc<Places> {
        &self.0.streams
    }

    /// Returns what streams are told by.
    pub(super) fn news(&self) -> &Newsroom {
        &self.0.news
    }

    /// Returns the memory that bodies share.
    pub(super) fn memory(&self) -> &Memory {
        &self.0.memory
    }

    /// Returns the memory that large answers share.
    pub(super) fn answers(&self) -> &Memory {
        &self.0.answers
    }

    /// Returns what stores states.
    pub(super) fn writing(&self) -> &Worker {
        &self.0.writing
    }

    /// Returns what reads states.
    pub(super) fn reading(&self) -> &Worker {
        &self.0.reading
    }

    pub(super) fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// Lets only requests with the token pass, and notes of the connection that it has the token.
    ///
    /// # Errors
    /// 401 or 429.
    pub(super) async fn check_token(&self, head: &Parts) -> Result<(), ProblemDetails> {
        self.0.token_check.check(&self.0.app, &head.headers).await?;
        if let Some(holder) = head.extensions.get::<Arc<Holder>>() {
            holder.note_token();
        }
        Ok(())
    }
}

/// Answers requests.
#[derive(Debug, Clone)]
pub(super) struct Routes {
    gate: Arc<Gate>,
    router: Router,
    body_time: Duration,
}

impl Routes {
    /// # Errors
    /// If the system has no threads for it.
    pub(super) fn new(
        app: App,
        port: u16,
        limits: Limits,
        stopping: CancellationToken,
    ) -> io::Result<Self> {
        Self::with_router(app, port, limits, stopping, router())
    }

    fn with_router(
        app: App,
        port: u16,
        limits: Limits,
        stopping: CancellationToken,
        router: Router<Context>,
    ) -> io::Result<Self> {
        // The first request is not to wait until the id is saved.
        app.lineage().id();
        let context = Context(Arc::new(Shared {
            app: app.clone(),
            limits,
            token_check: TokenCheck::new(limits.bad_tokens_per_s_max),
            scrapes: Scrapes::default(),
            streams: Places::new(limits.streams_max, Kind::Streams, app.load()),
            memory: Memory::of_bodies(&limits, app.load()),
            answers: Memory::of_answers(&limits),
            news: Newsroom::new(app.clone(), stopping.clone()),
            writing: Worker::start("flagdeck-put")?,
            reading: Worker::start("flagdeck-get")?,
            stopping,
        }));
        let router = router
            .fallback(metrics::serve_or_not_found)
            .method_not_allowed_fallback(|| async { ProblemDetails::method_not_allowed() });
        Ok(Self {
            gate: Arc::new(Gate::new(app, port)),
            router: router.with_state(context),
            body_time: limits.body_time,
        })
    }

    /// Answers one request of a connection, which keeps its place until the answer was sent.
    pub(super) async fn answer(
        self,
        mut request: Request<Incoming>,
        link: &Link,
        connection: &Arc<Holder>,
    ) -> Response {
        let task = connection.begin();
        request.extensions_mut().insert(Arc::clone(connection));
        let called = tracing::enabled!(tracing::Level::DEBUG)
            .then(|| (request.method().clone(), request.uri().path().to_owned()));
        // The end of a chunked body goes unseen by the inspection of heads.
        let is_last = request.headers().contains_key(TRANSFER_ENCODING);
        let body_time = self.body_time;
        let (request, unread) = body::lend(request);
        let mut response = self.answer_or_refuse(request, link).await;
        if is_last {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        if !response.headers().contains_key(CONNECTION) {
            unread.discard(body_time);
        }
        if let Some((method, path)) = called {
            tracing::debug!(%method, path, status = response.status().as_u16(), "answered");
        }
        response.map(|body| Answering::during(body, task))
    }

    async fn answer_or_refuse(mut self, request: Request<Lent>, link: &Link) -> Response {
        let admitted = match link.refusal() {
            Some(refusal) if request.method() == REFUSED => Err(refusal.into()),
            _ => self.gate.admit(&request),
        };
        let caller = match admitted {
            Ok(caller) => caller,
            Err(problem) => return hardened(problem.into_response()),
        };
        let mut response = hardened(match caller.preflight(&request) {
            Some(response) => response,
            None => or_failure(self.router.call(request)).await,
        });
        caller.mark(response.headers_mut());
        response
    }
}

fn hardened(mut response: Response<Body>) -> Response<Body> {
    harden(response.headers_mut());
    response
}

/// Turns a panic in a handler into an answer: one request fails, the server continues.
async fn or_failure<E>(answering: impl Future<Output = Result<Response, E>>) -> Response {
    let mut answering = pin!(answering);
    let caught = std::future::poll_fn(|cx| {
        match catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Result::ok),
            Err(_) => Poll::Ready(None),
        }
    });
    caught
        .await
        .unwrap_or_else(|| ProblemDetails::internal().into_response())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::app::Options;
    use crate::config::route;
    use crate::http::connection;
    use crate::http::places::Client;

    /// Sends requests over one connection to routes of which two fail, and returns the answers.
    async fn converse(requests: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(Options::new(folder.path())).unwrap();
        let failing = router()
            .route(
                "/panic",
                get(|| async { panic!("a secret of {}", file!()) as () }),
            )
            .route(
                "/blocking",
                get(|| async {
                    let failed = tokio::task::spawn_blocking(|| -> () { panic!("a secret") }).await;
                    failed.map_err(|_| ProblemDetails::internal())
                }),
            );
        let routes = Routes::with_router(
            app,
            4680,
            Limits::default(),
            CancellationToken::new(),
            failing,
        );
        let (mut client, server) = duplex(64 * 1024);
        client.write_all(requests.as_bytes()).await.unwrap();
        let places = Places::new(1, Kind::Connections, &Arc::default());
        let place = places.take(Client::New).unwrap();
        let stop = CancellationToken::new();
        connection::serve(server, routes.unwrap(), Limits::default(), place, stop).await;
        let mut answers = String::new();
        client.read_to_string(&mut answers).await.unwrap();
        answers
    }

    #[test]
    fn metrics_cannot_be_where_something_else_is() {
        for (path, _) in addresses() {
            let path = path.replace(['{', '}', '*'], "");
            let refused = route::check(path.trim_end_matches('/')).unwrap_err();
            assert!(refused.contains("outside"), "{path}: {refused}");
        }
    }

    #[test]
    fn every_address_is_described_and_every_described_one_is_served() {
        let description: serde_json::Value = serde_json::from_str(openapi::DESCRIPTION).unwrap();
        let paths = description["paths"].as_object().unwrap();
        let described: BTreeSet<String> = paths.keys().cloned().collect();
        let served = addresses().into_iter().map(|(path, _)| path);
        // A rest of a path, `{*rest}`, is a parameter there.
        let served: BTreeSet<String> = served
            .chain(["/metrics"])
            .map(|path| path.replace("{*", "{"))
            .collect();
        let missing: Vec<_> = served.difference(&described).collect();
        let gone: Vec<_> = described.difference(&served).collect();
        assert!(
            missing.is_empty() && gone.is_empty(),
            "docs/openapi.json does not describe {missing:?}; nothing serves {gone:?}"
        );
    }

    #[tokio::test]
    async fn a_panic_fails_one_request_and_tells_nothing() {
        for path in ["/panic", "/blocking"] {
            let get = |path| format!("GET {path} HTTP/1.1\r\nHost: localhost:4680\r\n");
            let last = get("/healthz") + "Connection: close\r\n\r\n";
            let answers = converse(&format!("{}\r\n{last}", get(path))).await;
            let (failed, after) = answers.rsplit_once("HTTP/1.1 ").unwrap();
            assert!(failed.starts_with("HTTP/1.1 500 "), "{answers}");
            assert!(failed.contains("nosniff"), "{answers}");
            assert!(
                !failed.contains("secret") && !failed.contains(".rs"),
                "{answers}"
            );
            assert!(after.starts_with("200 "), "{answers}");
        }
    }
}
