//! `/api/ml/flags/stream`: server-sent events (WHATWG HTML, section 9.2) for clients that want to
//! know at once.
//!
//! Any program on this machine gets news of flags; a client with the token gets news of states,
//! too. A stream begins with the flags in force, unless the client has them (`Last-Event-ID`), so a
//! client that connects again has missed nothing that counts. It ends when the token that it began
//! with is replaced, or when its place is needed for another stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use super::client::{Following, Named};
use super::places::{Client, Place};
use super::problem::ProblemDetails;
use super::routes::Context;
use super::token::presented_token;
use crate::app::{App, StoreState};
use crate::error::Code;
use crate::events::Event;
use crate::flags::Scope;
use crate::http::Limits;
use crate::state::{SourceName, StateNews};
use crate::wire::{RestoreStatus, StateRestore};

/// What a client waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 2000;

/// Frames that wait for a client to read them.
const FRAMES_WAITING_MAX: usize = 8;

/// Serves the stream's address.
pub(super) fn methods() -> MethodRouter<Context> {
    get(stream)
}

async fn stream(
    State(context): State<Context>,
    Named(source): Named,
    request: Request,
) -> Result<Response, ProblemDetails> {
    let (head, _) = request.into_parts();
    let token = token_of(&context, &head).await?;
    let place = place_for(&context, token.is_some())?;
    let holder = Arc::clone(place.holder());
    let following = Following::begin(&context, &head.headers, source);
    let (sender, body) = Channel::<Bytes>::new(FRAMES_WAITING_MAX);
    // The place is free, and the client not following, once the connection drops the body.
    let body = body.map_frame(move |frame| {
        let _ = (&place, &following);
        frame
    });
    let stream = EventStream {
        // Before the first look, so that nothing falls between.
        events: context.app().subscribe(),
        app: context.app().clone(),
        token,
        limits: *context.limits(),
        told: last_event_id(&head.headers),
        told_states: BTreeMap::new(),
        store: StoreState::Ok,
        sender,
    };
    let stopping = context.stopping().clone();
    tokio::spawn(async move {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = holder.must_leave() => {}
            Err(Gone) | Ok(()) = stream.run() => {}
        }
    });
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::new(body)).into_response())
}

/// Returns the token, for a client that presents it.
async fn token_of(context: &Context, head: &Parts) -> Result<Option<String>, ProblemDetails> {
    if !head.headers.contains_key(AUTHORIZATION) {
        return Ok(None);
    }
    context.check_token(head).await?;
    Ok(presented_token(&head.headers).map(str::to_owned))
}

fn place_for(context: &Context, has_token: bool) -> Result<Place, ProblemDetails> {
    let client = match has_token {
        true => Client::WithToken,
        false => Client::WithoutToken,
    };
    context.streams().take(client).ok_or_else(too_many)
}

fn too_many() -> ProblemDetails {
    ProblemDetails::new(
        Code::TooManyStreams,
        "Too many programs are being told of changes; close one.",
    )
    .with(RETRY_AFTER, 5)
}

/// Returns the last event id of a client that connects again.
fn last_event_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("last-event-id")?;
    Some(id.to_str().ok()?.to_owned())
}

/// The client is gone, or its token is not the token any more.
struct Gone;

/// Sends events to one client, until it is gone.
struct EventStream {
    app: App,
    events: broadcast::Receiver<Event>,
    /// The token of a client that gets news of states.
    token: Option<String>,
    limits: Limits,
    /// The generation of the flags that was sent last, perhaps on an earlier connection.
    told: Option<String>,
    /// The latest change of each source that was sent.
    told_states: BTreeMap<SourceName, i64>,
    /// The state of the store that was sent last; that it is sound is sent only after a fault.
    store: StoreState,
    sender: Sender<Bytes>,
}

impl EventStream {
    async fn run(mut self) -> Result<(), Gone> {
        if self.token.is_some() {
            let app = self.app.clone();
            let marks = tokio::task::spawn_blocking(move || app.state_marks()).await;
            self.told_states = marks.unwrap_or_default();
        }
        self.send(format!("retry: {RETRY_MS}\n\n")).await?;
        self.tell_what_counts().await?;
        let mut silence = Instant::now() + self.limits.heartbeat_time;
        loop {
            tokio::select! {
                event = self.events.recv() => match event {
                    // An emergency is announced as a status before it is a revision.
                    Ok(Event::Flags(_)) => self.tell_flags().await?,
                    Ok(Event::Status) => {
                        self.tell_flags().await?;
                        self.tell_store().await?;
                    }
                    Ok(Event::Token) => self.check_token().await?,
                    Err(RecvError::Lagged(_)) => self.tell_what_counts().await?,
                    Ok(Event::State(source)) => self.tell_state(source.as_deref()).await?,
                    Ok(Event::Restored(id)) => self.tell_restored(id).await?,
                    Err(RecvError::Closed) => return Ok(()),
                },
                () = sleep_until(silence) => {
                    self.send(":\n\n".into()).await?;
                    silence = Instant::now() + self.limits.heartbeat_time;
                }
            }
        }
    }

    /// Sends the flags in force, and every restore that is open: a source that was not
    /// connected, or too slow, gets its own again.
    async fn tell_what_counts(&mut self) -> Result<(), Gone> {
        self.tell_flags().await?;
        self.tell_store().await?;
        if self.token.is_none() {
            return Ok(());
        }
        self.check_token().await?;
        let app = self.app.clone();
        let open = tokio::task::spawn_blocking(move || app.open_restores()).await;
        for restore in open.ok().and_then(Result::ok).unwrap_or_default() {
            self.tell_restore(&restore).await?;
        }
        Ok(())
    }

    /// Ends the stream if the token was replaced that it began with.
    async fn check_token(&self) -> Result<(), Gone> {
        let Some(token) = self.token.clone() else {
            return Ok(());
        };
        let app = self.app.clone();
        let accepts = tokio::task::spawn_blocking(move || app.accepts_token(&token)).await;
        accepts.unwrap_or_default().then_some(()).ok_or(Gone)
    }

    async fn tell_flags(&mut self) -> Result<(), Gone> {
        let live = self.app.flags().in_force(Scope::Everyone);
        let generation = live.generation.to_string();
        if self.told.as_ref() == Some(&generation) {
            return Ok(());
        }
        let data = json!({
            "revision": live.revision.0,
            "etag": live.generation.etag(),
            "allOff": live.all_off.as_deref(),
        });
        let frame = format!("event: flags\nid: {generation}\ndata: {data}\n\n");
        self.told = Some(generation);
        self.send(frame).await
    }

    /// Sends whether the store can be relied on, when that changes.
    async fn tell_store(&mut self) -> Result<(), Gone> {
        let state = self.app.store_state();
        if self.store == state {
            return Ok(());
        }
        self.store = state;
        self.tell("store", &json!({ "status": state.name() })).await
    }

    async fn tell_state(&mut self, source: Option<&str>) -> Result<(), Gone> {
        let Some(source) = source.filter(|_| self.token.is_some()) else {
            return Ok(());
        };
        self.check_token().await?;
        let news = self.state_news(source).await.unwrap_or_default();
        let data = json!({
            "source": source,
            "keys": news.keys,
            "more": news.more,
            "origin": news.origin,
        });
        self.tell("ml:state:changed", &data).await
    }

    /// Reads what changed in a state since that was sent last.
    async fn state_news(&mut self, source: &str) -> Option<StateNews> {
        let name: SourceName = source.parse().ok()?;
        let since = self.told_states.get(&name).copied().unwrap_or_default();
        let (app, asked) = (self.app.clone(), name.clone());
        let news = tokio::task::spawn_blocking(move || app.state_news(&asked, since)).await;
        let news = news.ok()?.ok()?;
        self.told_states.insert(name, news.seq);
        Some(news)
    }

    async fn tell_restored(&mut self, id: u64) -> Result<(), Gone> {
        if self.token.is_none() {
            return Ok(());
        }
        self.check_token().await?;
        let app = self.app.clone();
        let restore = tokio::task::spawn_blocking(move || app.state_restore(id)).await;
        match restore {
            Ok(Ok(restore)) if restore.status == RestoreStatus::Open => {
                self.tell_restore(&restore).await
            }
            _ => Ok(()),
        }
    }

    async fn tell_restore(&mut self, restore: &StateRestore) -> Result<(), Gone> {
        let data = json!({
            "restore": restore.id,
            "source": restore.source,
            "snapshot": restore.snapshot,
            "timestamp": restore.at_ms,
            "href": super::state::restore_address(&restore.source, restore.id),
        });
        self.tell("ml:state:restored", &data).await
    }

    async fn tell(&mut self, event: &str, data: &Value) -> Result<(), Gone> {
        self.send(format!("event: {event}\ndata: {data}\n\n")).await
    }

    async fn send(&mut self, frame: String) -> Result<(), Gone> {
        self.sender.send_data(frame.into()).await.map_err(|_| Gone)
    }
}
