//! `/api/ml/flags/stream`: server-sent events (WHATWG HTML, section 9.2) for clients that want to
//! know at once.
//!
//! Any program on this machine gets news of flags; a client with the token gets news of states,
//! too, and with `?source=` only those of that source. A stream begins with the flags in force,
//! unless the client has them (`Last-Event-ID`), so a client that connects again has missed nothing
//! that counts. It ends when the token that it began with is replaced, when its place is needed for
//! another stream, and when its client reads too slowly: what waits for a client is bounded.

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
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until, timeout};

use super::client::Following;
use super::extract::{Named, Query};
use super::news::{News, ToldOfSources, frame, restore_frame};
use super::news_of_flags::{FlagsNews, Protocol};
use super::places::{Client, Holder, Place};
use super::problem::ProblemDetails;
use super::routes::Context;
use super::token::presented_token;
use crate::app::StoreState;
use crate::error::Code;
use crate::flags::Scope;
use crate::flags::live::Live;
use crate::http::Limits;
use crate::rollouts::shapes::{Decision, Outcome};
use crate::state::SourceName;

/// What a client waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 2000;

/// Frames that wait for a client to read them.
const FRAMES_WAITING_MAX: usize = 8;

/// Serves the stream's address.
pub(super) fn methods() -> MethodRouter<Context> {
    get(stream)
}

/// What a client asks for.
#[derive(Debug, Deserialize)]
struct Wanted {
    /// Left out for Flagdeck's own events.
    events: Option<Protocol>,
}

async fn stream(
    State(context): State<Context>,
    Named(source): Named,
    Query(wanted): Query<Wanted>,
    request: Request,
) -> Result<Response, ProblemDetails> {
    let (head, _) = request.into_parts();
    let token = token_of(&context, &head).await?;
    let place = place_for(&context, token.is_some())?;
    let holder = Arc::clone(place.holder());
    let following = Following::begin(&context, &head.headers, source.clone());
    let connection = head.extensions.get::<Arc<Holder>>().cloned();
    let (sender, body) = Channel::<Bytes>::new(FRAMES_WAITING_MAX);
    // The place is free, and the client not following, once the connection drops the body.
    let body = body.map_frame(move |frame| {
        let _ = (&place, &following);
        frame
    });
    let stream = EventStream {
        // Before the first look, so that nothing falls between.
        news: context.news().subscribe(),
        limits: *context.limits(),
        own: None,
        told: last_event_id(&head.headers),
        store: StoreState::Ok,
        protocol: wanted.events.unwrap_or(Protocol::Flagdeck),
        context: context.clone(),
        token,
        source,
        sender,
    };
    let stopping = context.stopping().clone();
    tokio::spawn(async move {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = holder.must_leave() => {}
            ended = stream.run() => match (ended, connection) {
                (Err(End::Slow), Some(connection)) => connection.cut_off(),
                (Ok(()) | Err(End::Slow | End::Gone), _) => {}
            }
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
fn last_event_id(headers: &HeaderMap) -> Option<Arc<str>> {
    let id = headers.get("last-event-id")?;
    Some(id.to_str().ok()?.into())
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client is gone, or its token is not the token any more.
    Gone,
    /// The client does not read.
    Slow,
}

/// Sends events to one client, until it is gone.
struct EventStream {
    context: Context,
    news: broadcast::Receiver<News>,
    /// The token of a client that gets news of sources.
    token: Option<String>,
    /// The only source whose news the client gets, if it has named itself.
    source: Option<SourceName>,
    protocol: Protocol,
    limits: Limits,
    /// The flags that were sent last, if they are this client's application's own.
    own: Option<Arc<Live>>,
    /// The generation of the flags that was sent last, perhaps on an earlier connection.
    told: Option<Arc<str>>,
    /// What was sent last of the store: a first word is sent only after a fault.
    store: StoreState,
    sender: Sender<Bytes>,
}

impl EventStream {
    async fn run(mut self) -> Result<(), End> {
        // Held to the end.
        let _told_of_sources = self.tell_of_sources().await;
        self.send(format!("retry: {RETRY_MS}\n\n").into()).await?;
        self.tell_what_counts().await?;
        let mut silence = Instant::now() + self.limits.heartbeat_time;
        loop {
            tokio::select! {
                news = self.news.recv() => match news {
                    Ok(news) => self.tell(news).await?,
                    Err(RecvError::Lagged(_)) => return self.end().await,
                    Err(RecvError::Closed) => return Ok(()),
                },
                () = sleep_until(silence) => {
                    self.send(Bytes::from_static(b":\n\n")).await?;
                    silence = Instant::now() + self.limits.heartbeat_time;
                }
            }
        }
    }

    async fn tell_of_sources(&self) -> Option<ToldOfSources> {
        match self.is_told_of_sources() {
            true => Some(self.context.news().tell_of_sources().await),
            false => None,
        }
    }

    fn is_told_of_sources(&self) -> bool {
        self.token.is_some() && self.protocol == Protocol::Flagdeck
    }

    /// Sends the flags in force, and every restore that is open: a source that was not connected
    /// gets its own again.
    async fn tell_what_counts(&mut self) -> Result<(), End> {
        let flags = self.context.news().flags_now();
        self.tell_flags(&flags).await?;
        let store = self.context.app().store_state();
        self.tell_store(store).await?;
        if !self.is_told_of_sources() {
            return Ok(());
        }
        self.check_token().await?;
        let app = self.context.app().clone();
        let open = self.context.reading().run(move || app.open_restores());
        let open = open.await.ok().and_then(Result::ok);
        for restore in open.unwrap_or_default() {
            if self
                .source
                .as_ref()
                .is_none_or(|it| it.as_str() == restore.source)
            {
                self.send(restore_frame(&restore)).await?;
            }
        }
        Ok(())
    }

    /// Ends the stream if the token was replaced since it was presented.
    async fn check_token(&self) -> Result<(), End> {
        let Some(token) = self.token.clone() else {
            return Ok(());
        };
        let app = self.context.app().clone();
        let accepts = self
            .context
            .reading()
            .run(move || app.accepts_token(&token));
        let accepts = accepts.await.unwrap_or_default();
        accepts.then_some(()).ok_or(End::Gone)
    }

    async fn tell(&mut self, news: News) -> Result<(), End> {
        match news {
            News::Flags(flags) => self.tell_flags(&flags).await,
            News::Targeted => self.tell_targeted().await,
            News::Store(state) => self.tell_store(state).await,
            News::Source(news) => {
                let Some(token) = self.token.as_ref().filter(|_| self.is_told_of_sources()) else {
                    return Ok(());
                };
                if !news.token.is(token) {
                    return Err(End::Gone);
                }
                match self.source.as_ref().is_none_or(|it| *it == news.source) {
                    true => self.send(news.frame).await,
                    false => Ok(()),
                }
            }
            News::RolledBack(decision) => self.tell_rolled_back(&decision).await,
            News::Token(accepted) => match &self.token {
                Some(token) if !accepted.is(token) => Err(End::Gone),
                _ => Ok(()),
            },
        }
    }

    /// Sends the flags in force: those of everyone, or of this client's application.
    async fn tell_flags(&mut self, everyone: &FlagsNews) -> Result<(), End> {
        match self.own_flags(everyone).await {
            Some(own) => self.send_flags(&own).await,
            None => self.send_flags(everyone).await,
        }
    }

    /// Sends what overrides for single applications and users change for this client.
    async fn tell_targeted(&mut self) -> Result<(), End> {
        if self.protocol == Protocol::Ofrep {
            // Which users it evaluates for is not known, so it has to ask again.
            self.told = None;
        }
        let everyone = self.context.news().flags_now();
        self.tell_flags(&everyone).await
    }

    /// Returns the flags of this client's application, if they are others than those of everyone, or
    /// were when it was told last.
    async fn own_flags(&mut self, everyone: &FlagsNews) -> Option<FlagsNews> {
        let source = self.source.as_ref()?;
        let flags = self.context.app().flags();
        let live = flags.in_force(Scope::Source(source.as_str()));
        let is_own = !everyone.is_of(&live);
        let before = std::mem::replace(&mut self.own, is_own.then(|| Arc::clone(&live)));
        if before.is_none() && !is_own {
            return None;
        }
        // A document may be large.
        let made = tokio::task::spawn_blocking(move || match before {
            Some(before) => FlagsNews::since(&before, &live),
            None => FlagsNews::first(&live),
        });
        made.await.ok()
    }

    async fn send_flags(&mut self, flags: &FlagsNews) -> Result<(), End> {
        if self.told.as_ref() == Some(flags.generation()) {
            return Ok(());
        }
        self.told = Some(Arc::clone(flags.generation()));
        let frame = flags.frame(self.protocol, self.token.is_some());
        self.send(frame).await
    }

    /// Sends whether the store can be relied on, when that changes.
    async fn tell_store(&mut self, state: StoreState) -> Result<(), End> {
        if self.store == state || self.protocol == Protocol::Ofrep {
            return Ok(());
        }
        self.store = state;
        let data = json!({ "status": state.name() });
        self.send(frame("store", &data)).await
    }

    /// Sends that a rollout was rolled back; why, to a client with the token.
    async fn tell_rolled_back(&mut self, decision: &Decision) -> Result<(), End> {
        if self.protocol == Protocol::Ofrep {
            return Ok(());
        }
        let mut data = json!({
            "action": "rolledBack",
            "component": decision.component,
            "decision": decision.id,
        });
        if let Outcome::Done { revision, .. } = decision.outcome {
            data["revision"] = json!(revision);
        }
        if self.token.is_some() {
            data["reason"] = json!(decision.sentence);
        }
        self.send(frame("rollout", &data)).await
    }

    /// Says that the client has missed events, and is to connect again.
    async fn end(&mut self) -> Result<(), End> {
        match self.protocol {
            Protocol::Flagdeck => self.send(frame("end", &json!({ "reason": "slow" }))).await,
            Protocol::Ofrep => Ok(()),
        }
    }

    async fn send(&mut self, frame: Bytes) -> Result<(), End> {
        let sent = timeout(self.limits.slow_reader_time, self.sender.send_data(frame));
        match sent.await {
            Ok(sent) => sent.map_err(|_| End::Gone),
            Err(_) => Err(End::Slow),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use flagdeck_core::Edit;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::task::JoinHandle;
    use tokio_util::sync::CancellationToken;

    use super::super::connection;
    use super::super::places::{Kind, Places};
    use super::super::routes::Routes;
    use super::*;
    use crate::app::{App, Options};
    use crate::flags::ChangeRequest;
    use crate::store::{Actor, Via};

    const PATIENCE: Duration = Duration::from_secs(60);

    /// Components that every change switches: each event takes some kilobytes.
    const COMPONENTS: usize = 60;

    /// More changes than fit into everything that waits for a client.
    const CHANGES: usize = 200;

    struct Served {
        app: App,
        client: DuplexStream,
        connection: JoinHandle<()>,
        _folder: tempfile::TempDir,
    }

    /// Opens a stream over a connection that holds few bytes.
    async fn serve(slow_reader_time: Duration) -> Served {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(Options::new(folder.path())).unwrap();
        let limits = Limits {
            slow_reader_time,
            ..Limits::default()
        };
        let stop = CancellationToken::new();
        let routes = Routes::new(app.clone(), 4680, limits, stop.clone()).unwrap();
        let (mut client, server) = duplex(256);
        let places = Places::new(1, Kind::Connections, &Arc::default());
        let place = places.take(Client::New).unwrap();
        let connection = connection::serve(server, routes, limits, place, stop);
        let connection = tokio::spawn(connection);
        let request = "GET /api/ml/flags/stream HTTP/1.1\r\nHost: localhost:4680\r\n\r\n";
        client.write_all(request.as_bytes()).await.unwrap();
        Served {
            app,
            client,
            connection,
            _folder: folder,
        }
    }

    impl Served {
        async fn change_often(&self) {
            for round in 0..CHANGES {
                let names = (0..COMPONENTS).map(|n| format!("component-of-a-long-name-{n}"));
                let on = round % 2 == 0;
                let components: serde_json::Map<_, _> =
                    names.map(|name| (name, on.into())).collect();
                let document = json!({ "components": components }).to_string();
                let change = ChangeRequest {
                    edit: Edit::Replace(document.into()),
                    actor: Actor::new(Via::Http, "test"),
                    note: None,
                    base: None,
                };
                let app = self.app.clone();
                let changed =
                    tokio::task::spawn_blocking(move || app.flags().change_confirmed(change));
                changed.await.unwrap().unwrap();
            }
        }
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_is_cut_off() {
        let mut served = serve(Duration::from_millis(20)).await;
        served.change_often().await;
        timeout(PATIENCE, &mut served.connection)
            .await
            .expect("the connection is cut off")
            .unwrap();
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, served.client.read_to_end(&mut rest));
        read.await.unwrap().unwrap();
        assert!(rest.len() < 1024, "only what was on its way");
    }

    #[tokio::test]
    async fn a_client_that_falls_behind_is_told_to_connect_again() {
        let mut served = serve(PATIENCE).await;
        served.change_often().await;
        let mut text = String::new();
        let mut bytes = [0; 4096];
        while !text.ends_with("\r\n0\r\n\r\n") {
            let read = timeout(PATIENCE, served.client.read(&mut bytes));
            let count = read.await.expect("the stream ends").unwrap();
            assert!(count > 0, "it ends by its last chunk");
            text += std::str::from_utf8(&bytes[..count]).unwrap();
        }
        assert!(text.contains("event: end\ndata: {\"reason\":\"slow\"}"));
        let told = text.matches("event: flags").count();
        assert!((8..CHANGES).contains(&told), "{told} of {CHANGES}");
    }
}
