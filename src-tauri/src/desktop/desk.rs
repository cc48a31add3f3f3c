//! What stands behind the window: the application, opened when it is first needed, and the
//! HTTP interface it serves while the window is open.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flagdeck::config::Given;
use flagdeck::http::Server;
use flagdeck::wire::{Announcement, Failure, Level};
use flagdeck::{App, Event, Options};
use tauri::async_runtime::{self, JoinHandle};
use tauri::{AppHandle, Emitter};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// How long closing the window waits for requests under way.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// The application behind the window.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    options: Options,
    /// None until it could be opened: the page shows why, and asks again.
    open: Mutex<Option<Open>>,
    window: Mutex<Option<AppHandle>>,
    stopping: CancellationToken,
}

struct Open {
    app: App,
    server: Option<JoinHandle<()>>,
}

impl Desk {
    /// Remembers where the application's data is; nothing is opened yet.
    pub fn new(data_dir: PathBuf, given: Given) -> Self {
        Self(Arc::new(Inner {
            options: Options {
                data_dir,
                given,
                watch: true,
            },
            open: Mutex::new(None),
            window: Mutex::new(None),
            stopping: CancellationToken::new(),
        }))
    }

    /// Opens the application beside the window, which comes up meanwhile.
    pub fn start(&self, window: AppHandle) {
        *self.0.window.lock().unwrap_or_else(PoisonError::into_inner) = Some(window);
        let desk = self.clone();
        async_runtime::spawn_blocking(move || {
            if let Err(failure) = desk.app() {
                tracing::error!("{}", failure.message);
            }
        });
    }

    /// Returns the application. Blocks while it is opened for the first time.
    ///
    /// # Errors
    /// Where it cannot be opened; the next call tries again.
    pub fn app(&self) -> Result<App, Failure> {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = open.as_ref() {
            return Ok(open.app.clone());
        }
        let app = App::open(self.0.options.clone())?;
        self.announce(&app);
        *open = Some(Open {
            server: self.serve(&app),
            app: app.clone(),
        });
        Ok(app)
    }

    /// Ends what was started, within [`STOP_WITHIN`].
    pub fn stop(&self) {
        self.0.stopping.cancel();
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let server = open.take().and_then(|open| open.server);
        if let Some(server) = server {
            let ended = async_runtime::block_on(tokio::time::timeout(STOP_WITHIN, server));
            if ended.is_err() {
                tracing::warn!("requests were still under way when the window closed");
            }
        }
    }

    /// Passes what the application announces on to the page.
    fn announce(&self, app: &App) {
        let window = self.0.window.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(window) = window.clone() else {
            return;
        };
        let mut events = app.subscribe();
        let revision = {
            let app = app.clone();
            move || app.live().revision.0
        };
        let stopping = self.0.stopping.clone();
        async_runtime::spawn(async move {
            while let Some(event) = stopping.run_until_cancelled(events.recv()).await {
                let announcement = match event {
                    Ok(Event::Flags(revision)) => Announcement::Flags {
                        revision: revision.0,
                    },
                    Ok(Event::Status) => Announcement::Status,
                    // What was missed is made up for by reading anew.
                    Err(RecvError::Lagged(_)) => Announcement::Flags {
                        revision: revision(),
                    },
                    Err(RecvError::Closed) => return,
                };
                if let Err(error) = window.emit("announcement", announcement) {
                    tracing::warn!(%error, "the page was not told");
                }
            }
        });
    }

    /// Serves flags over HTTP; where the port is taken, people are told and the window goes on.
    fn serve(&self, app: &App) -> Option<JoinHandle<()>> {
        let port = app.config().http.port;
        match Server::bind(app.clone(), port) {
            Ok(server) => {
                app.set_serving(Some(server.address()));
                let running = server.run(self.0.stopping.clone());
                Some(async_runtime::spawn(async move {
                    if let Err(error) = running.await {
                        tracing::error!(%error, "flags are not served over HTTP");
                    }
                }))
            }
            Err(error) => {
                let message = format!("Flags are not served over HTTP: {error}.");
                app.notify(Level::Warning, message);
                None
            }
        }
    }
}
