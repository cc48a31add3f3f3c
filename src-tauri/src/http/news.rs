//! What streams tell: read once and written once, whatever the number of clients.
//!
//! Two tasks listen to the application, one for what concerns flags, the other for states, so that
//! flags never wait for a disk. Both end with the server. What they write is sent to every stream
//! as shared bytes; a stream that falls behind misses some and is ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::news_of_flags::FlagsNews;
use crate::app::{App, StoreState};
use crate::error::Error;
use crate::events::Event;
use crate::flags::Scope;
use crate::flags::live::Live;
use crate::lock::lock;
use crate::rollouts::shapes::Decision;
use crate::state::SourceName;
use crate::token;
use crate::wire::{RestoreStatus, StateRestore};

/// News that wait for a slow stream before it misses some and is ended.
const NEWS_WAITING_MAX: usize = 64;

/// One thing to tell.
#[derive(Debug, Clone)]
pub(super) enum News {
    /// Other flags are in force.
    Flags(Arc<FlagsNews>),
    /// Other overrides for single applications or users are in force.
    Targeted,
    /// Whether the store can be relied on has changed.
    Store(StoreState),
    /// Something about a source, for clients with the token.
    Source(SourceNews),
    /// A rollout was rolled back because it did harm.
    RolledBack(Arc<Decision>),
    /// Another token may be in force.
    Token(AcceptedToken),
}

/// News of a source.
#[derive(Debug, Clone)]
pub(super) struct SourceNews {
    pub(super) source: SourceName,
    /// The token when this was written; clients with another one are not told.
    pub(super) token: AcceptedToken,
    pub(super) frame: Bytes,
}

/// The token that was accepted at a moment; none if it could not be read.
#[derive(Debug, Clone)]
pub(super) struct AcceptedToken(Option<Arc<str>>);

impl AcceptedToken {
    /// Reads the disk.
    fn now(app: &App) -> Self {
        Self(app.accepted_token().map(Into::into))
    }

    /// Returns whether `presented` is the token, in constant time.
    pub(super) fn is(&self, presented: &str) -> bool {
        let accepted = self.0.as_deref();
        accepted.is_some_and(|accepted| token::is_same(accepted, presented))
    }
}

/// Hands out news to streams.
#[derive(Debug, Clone)]
pub(super) struct Newsroom(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    app: App,
    news: broadcast::Sender<News>,
    stopping: CancellationToken,
    /// The flags as a stream begins with them.
    flags: Mutex<Option<Arc<FlagsNews>>>,
    /// Streams that are told of sources. While there are none, nothing of them is read. Locked
    /// together with `begun`.
    told_of_sources: Mutex<usize>,
    /// Increases when the first of those streams begins: what changed before is not told.
    begun: watch::Sender<u64>,
    /// The value of `begun` for which what counts as told was read.
    ready: watch::Sender<u64>,
    tasks: OnceLock<()>,
}

/// While this is held, news of sources are written.
#[derive(Debug)]
pub(super) struct ToldOfSources(Newsroom);

impl Newsroom {
    /// Makes one for an application. Its tasks begin with the first stream.
    pub(super) fn new(app: App, stopping: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            app,
            news: broadcast::Sender::new(NEWS_WAITING_MAX),
            stopping,
            flags: Mutex::default(),
            told_of_sources: Mutex::new(0),
            begun: watch::Sender::new(0),
            ready: watch::Sender::new(0),
            tasks: OnceLock::new(),
        }))
    }

    /// Subscribes to all news from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<News> {
        let news = self.0.news.subscribe();
        self.0.tasks.get_or_init(|| {
            // Before either task runs, so that nothing falls between.
            let (of_flags, of_sources) = (self.0.app.subscribe(), self.0.app.subscribe());
            let before = self.0.app.flags().in_force(Scope::Everyone);
            self.start(tell_of_flags(self.clone(), of_flags, before));
            let begun = self.0.begun.subscribe();
            self.start(tell_of_sources(self.clone(), of_sources, begun));
        });
        news
    }

    /// Has news of sources written from now on.
    pub(super) async fn tell_of_sources(&self) -> ToldOfSources {
        let mut ready = self.0.ready.subscribe();
        let begun = {
            let mut streams = lock(&self.0.told_of_sources);
            *streams += 1;
            if *streams == 1 {
                self.0.begun.send_modify(|begun| *begun += 1);
            }
            *self.0.begun.borrow()
        };
        let told = ToldOfSources(self.clone());
        // Fails only if the server stops.
        let _ = ready.wait_for(|ready| *ready >= begun).await;
        told
    }

    /// Returns the flags in force, as a stream begins with them.
    pub(super) fn flags_now(&self) -> Arc<FlagsNews> {
        let live = self.0.app.flags().in_force(Scope::Everyone);
        let mut known = lock(&self.0.flags);
        if let Some(known) = known.as_ref().filter(|it| it.is_of(&live)) {
            return Arc::clone(known);
        }
        let flags = Arc::new(FlagsNews::first(&live));
        *known = Some(Arc::clone(&flags));
        flags
    }

    fn start(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.0.stopping.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = task => {}
            }
        });
    }

    fn publish(&self, news: News) {
        // Fails only if there is no stream.
        let _ = self.0.news.send(news);
    }
}

impl Drop for ToldOfSources {
    fn drop(&mut self) {
        *lock(&self.0.0.told_of_sources) -= 1;
    }
}

/// Publishes which flags are in force, and whether the store can be relied on.
async fn tell_of_flags(
    room: Newsroom,
    mut events: broadcast::Receiver<Event>,
    mut told: Arc<Live>,
) {
    let mut store = StoreState::Ok;
    loop {
        match events.recv().await {
            // An emergency is announced as a status before it is a revision.
            Ok(Event::Flags(_) | Event::Status) | Err(RecvError::Lagged(_)) => {}
            Ok(Event::Targeted) => {
                room.publish(News::Targeted);
                continue;
            }
            Ok(Event::RolledBack(id)) => {
                let app = room.0.app.clone();
                let read = tokio::task::spawn_blocking(move || app.decision(id));
                if let Ok(Ok(decision)) = read.await {
                    room.publish(News::RolledBack(Arc::new(decision)));
                }
                continue;
            }
            Ok(Event::State(_) | Event::Restored(_) | Event::Rollouts | Event::Token) => continue,
            Err(RecvError::Closed) => return,
        }
        let now = room.0.app.flags().in_force(Scope::Everyone);
        if now.generation != told.generation {
            let before = std::mem::replace(&mut told, Arc::clone(&now));
            // A document may be large.
            let made = tokio::task::spawn_blocking(move || FlagsNews::since(&before, &now));
            if let Ok(news) = made.await {
                room.publish(News::Flags(Arc::new(news)));
            }
        }
        let state = room.0.app.store_state();
        if std::mem::replace(&mut store, state) != state {
            room.publish(News::Store(state));
        }
    }
}

/// The changes of sources that count as told.
type Marks = BTreeMap<SourceName, i64>;

/// Publishes what changes of sources, and what they are asked for.
async fn tell_of_sources(
    room: Newsroom,
    mut events: broadcast::Receiver<Event>,
    mut begun: watch::Receiver<u64>,
) {
    let mut marks = Marks::new();
    loop {
        tokio::select! {
            biased;
            Ok(()) = begun.changed() => {
                let now = *begun.borrow_and_update();
                marks = blocking(&room, App::state_marks).await.unwrap_or_default();
                room.0.ready.send_replace(now);
            }
            event = events.recv() => match event {
                Err(RecvError::Closed) => return,
                event if *lock(&room.0.told_of_sources) > 0 => {
                    let (told, news) = tell(&room, event, marks).await;
                    marks = told;
                    news.into_iter().for_each(|news| room.publish(news));
                }
                _ => {}
            }
        }
    }
}

/// Reads what an event is about. Returns what counts as told then, and the news.
async fn tell(
    room: &Newsroom,
    event: Result<Event, RecvError>,
    mut marks: Marks,
) -> (Marks, Vec<News>) {
    let read = move |app: &App| {
        let news = match event {
            Ok(Event::State(Some(source))) => match source.parse() {
                Ok(source) => of_sources(app, &mut marks, &[source]),
                Err(_) => Vec::new(),
            },
            Ok(Event::Restored(id)) => of_restore(app, id).into_iter().collect(),
            Ok(Event::Token) => vec![News::Token(AcceptedToken::now(app))],
            Ok(
                Event::Flags(_)
                | Event::Targeted
                | Event::Status
                | Event::State(None)
                | Event::Rollouts
                | Event::RolledBack(_),
            ) => Vec::new(),
            // Whatever was missed.
            Err(_) => of_everything(app, &mut marks),
        };
        (marks, news)
    };
    blocking(room, read).await.unwrap_or_default()
}

async fn blocking<T: Send + 'static>(
    room: &Newsroom,
    read: impl FnOnce(&App) -> T + Send + 'static,
) -> Option<T> {
    let app = room.0.app.clone();
    tokio::task::spawn_blocking(move || read(&app)).await.ok()
}

fn of_everything(app: &App, marks: &mut Marks) -> Vec<News> {
    let mut sources: Vec<SourceName> = app.state_marks().into_keys().collect();
    let removed = marks.keys().filter(|name| !sources.contains(name)).cloned();
    let removed: Vec<SourceName> = removed.collect();
    sources.extend(removed);
    let mut news = vec![News::Token(AcceptedToken::now(app))];
    news.extend(of_sources(app, marks, &sources));
    let open = app.open_restores().unwrap_or_default();
    let token = AcceptedToken::now(app);
    news.extend(open.iter().filter_map(|it| restore_news(it, &token)));
    news
}

/// Reads what changed of sources since that was told last.
fn of_sources(app: &App, marks: &mut Marks, sources: &[SourceName]) -> Vec<News> {
    let token = AcceptedToken::now(app);
    let news = sources.iter().filter_map(|source| {
        let frame = of_source(app, marks, source)?;
        Some(News::Source(SourceNews {
            source: source.clone(),
            token: token.clone(),
            frame,
        }))
    });
    news.collect()
}

fn of_source(app: &App, marks: &mut Marks, source: &SourceName) -> Option<Bytes> {
    let told = marks.get(source).copied();
    let read = |since| app.state_news(source, since).map_err(Error::from);
    let found = match (read(told.unwrap_or_default()), told) {
        // It was removed, and began afresh.
        (Ok(news), Some(told)) if news.seq < told => read(0),
        (found, _) => found,
    };
    match found {
        Ok(news) if Some(news.seq) == told => None,
        Ok(news) => {
            marks.insert(source.clone(), news.seq);
            let data = json!({
                "source": source.as_str(),
                "keys": news.keys,
                "more": news.more,
                "origin": news.origin,
            });
            Some(frame("ml:state:changed", &data))
        }
        Err(Error::NotFound { .. }) => {
            marks.remove(source)?;
            let data = json!({ "source": source.as_str() });
            Some(frame("ml:state:removed", &data))
        }
        // Of a damaged state it is not known what changed.
        Err(_) => {
            let data = json!({ "source": source.as_str(), "keys": [], "more": 0, "origin": null });
            Some(frame("ml:state:changed", &data))
        }
    }
}

fn of_restore(app: &App, id: u64) -> Option<News> {
    let restore = app.state_restore(id).ok()?;
    restore_news(&restore, &AcceptedToken::now(app))
}

fn restore_news(restore: &StateRestore, token: &AcceptedToken) -> Option<News> {
    let source = restore.source.parse().ok()?;
    let is_open = restore.status == RestoreStatus::Open;
    is_open.then(|| {
        News::Source(SourceNews {
            source,
            token: token.clone(),
            frame: restore_frame(restore),
        })
    })
}

/// Writes that a source is asked for a restore.
pub(super) fn restore_frame(restore: &StateRestore) -> Bytes {
    let data = json!({
        "restore": restore.id,
        "source": restore.source,
        "snapshot": restore.snapshot,
        "timestamp": restore.at_ms,
        "href": super::state::restore_address(&restore.source, restore.id),
    });
    frame("ml:state:restored", &data)
}

/// Writes one event of a stream.
pub(super) fn frame(event: &str, data: &Value) -> Bytes {
    format!("event: {event}\ndata: {data}\n\n").into()
}
