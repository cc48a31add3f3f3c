//! Behind the window: the application, opened when it is first needed, and the HTTP interface it
//! serves while the window is open.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use flagdeck::demo::Demo;
use flagdeck::http::Server;
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{Announcement, Failure, Level, NotServing};
use flagdeck::workspace::Workspace;
use flagdeck::{App, Event, Options, Outcome};
use tauri::async_runtime::{self, JoinHandle};
use tauri::{AppHandle, Emitter};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::asking::Asking;
use crate::closing::Closing;
use crate::importing::Importing;
use crate::instance::Instance;
use crate::{menu, notify, window};

/// How long closing the window waits for requests under way.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// The application behind the window.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    options: Options,
    /// `None` until it could be opened: the page shows why, and asks again.
    open: Mutex<Option<Open>>,
    window: Mutex<Option<AppHandle>>,
    asking: Asking,
    closing: Closing,
    importing: Importing,
    reading: Importing,
    demo: Demo,
    /// What was dropped on the window, until the page asks for it.
    dropped: Mutex<Option<PathBuf>>,
    /// The file of users that a person chose last.
    roster_file: Mutex<Option<PathBuf>>,
    /// The workspace that a person chose, with the name of its file, until it is imported.
    workspace: Mutex<Option<(String, Workspace)>>,
    stopping: CancellationToken,
}

struct Open {
    app: App,
    server: Option<JoinHandle<()>>,
}

impl Desk {
    /// Remembers how to open the application; nothing is opened yet.
    pub fn new(options: Options) -> Self {
        Self(Arc::new(Inner {
            options,
            open: Mutex::new(None),
            window: Mutex::new(None),
            asking: Asking::default(),
            closing: Closing::default(),
            importing: Importing::default(),
            reading: Importing::default(),
            demo: Demo::default(),
            dropped: Mutex::new(None),
            roster_file: Mutex::new(None),
            workspace: Mutex::new(None),
            stopping: CancellationToken::new(),
        }))
    }

    /// Returns the folder that everything is kept in.
    pub fn data_dir(&self) -> &Path {
        &self.0.options.data_dir
    }

    /// Returns whether the window may use the folder; if not, the page shows why.
    pub fn trusts_folder(&self) -> bool {
        self.0.options.check_folder().is_ok()
    }

    /// Returns what asks the user, one question at a time.
    pub fn asking(&self) -> &Asking {
        &self.0.asking
    }

    /// Returns what prevents closing the window.
    pub fn closing(&self) -> &Closing {
        &self.0.closing
    }

    /// Returns the import of snapshots that goes on.
    pub fn importing(&self) -> &Importing {
        &self.0.importing
    }

    /// Returns the file of users that is read.
    pub fn reading(&self) -> &Importing {
        &self.0.reading
    }

    /// Returns the demo that this window plays, if it does.
    pub fn demo(&self) -> &Demo {
        &self.0.demo
    }

    /// Notes what was dropped on the window, and notifies the page.
    pub fn drop_file(&self, path: PathBuf) {
        let name = path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        *lock(&self.0.dropped) = Some(path);
        self.tell(Announcement::Dropped { name });
    }

    /// Returns what was dropped on the window last, once.
    pub fn take_dropped(&self) -> Option<PathBuf> {
        lock(&self.0.dropped).take()
    }

    /// Notes which file of users is looked at and imported.
    pub fn choose_roster(&self, path: PathBuf) {
        *lock(&self.0.roster_file) = Some(path);
    }

    /// Returns the file of users that was chosen last.
    pub fn chosen_roster(&self) -> Option<PathBuf> {
        lock(&self.0.roster_file).clone()
    }

    /// Notes which workspace is imported if the person confirms it; `None` for none any more.
    pub fn choose_workspace(&self, chosen: Option<(String, Workspace)>) {
        *lock(&self.0.workspace) = chosen;
    }

    /// Returns the workspace that was chosen last, with the name of its file.
    pub fn chosen_workspace(&self) -> Option<(String, Workspace)> {
        lock(&self.0.workspace).clone()
    }

    /// Opens the application on another thread while the window opens.
    pub fn start(&self, window: AppHandle) {
        self.write_back_when_asked();
        *lock(&self.0.window) = Some(window);
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
    /// If it cannot be opened; the next call tries again.
    pub fn app(&self) -> Result<App, Failure> {
        let mut open = lock(&self.0.open);
        if let Some(open) = open.as_ref() {
            return Ok(open.app.clone());
        }
        if self.0.stopping.is_cancelled() {
            return Err(Failure::failed("Flagdeck is closing"));
        }
        let app = App::open(self.0.options.clone())?;
        self.announce(&app);
        *open = Some(Open {
            server: self.serve(&app),
            app: app.clone(),
        });
        Ok(app)
    }

    /// Tries again to serve flags over HTTP, if they are not served, and returns the application.
    ///
    /// # Errors
    /// If the application cannot be opened.
    pub fn serve_again(&self) -> Result<App, Failure> {
        let app = self.app()?;
        let mut open = lock(&self.0.open);
        if let Some(open) = open.as_mut()
            && app.serving().is_none()
        {
            open.server = self.serve(&app);
        }
        Ok(app)
    }

    /// Turns everything off and calls `then` with the result, on a separate thread: it works
    /// whatever else hangs.
    pub fn emergency_off(&self, then: impl FnOnce(Result<Outcome, Failure>) + Send + 'static) {
        let desk = self.clone();
        let thread = thread::Builder::new().name("flagdeck-all-off".into());
        let started = thread.spawn(move || {
            let actor = Actor::local(Via::Window);
            then(desk.app().map(|app| app.flags().emergency_off(&actor)));
        });
        if let Err(error) = started {
            tracing::error!(%error, "not everything could be turned off");
        }
    }

    /// The same for the menu and its key; the page is notified when it listens again.
    pub fn all_off(&self) {
        let desk = self.clone();
        self.emergency_off(move |off| match off {
            Ok(outcome) if outcome.changed => desk.tell(Announcement::Command {
                id: menu::ALL_OFF.into(),
            }),
            Ok(_) => {}
            Err(failure) => tracing::error!("not everything is off: {}", failure.message),
        });
    }

    /// Sends an announcement to the page.
    pub fn tell(&self, announcement: Announcement) {
        let window = self.window();
        let told = window.map_or(Ok(()), |window| window.emit("announcement", announcement));
        if let Err(error) = told {
            tracing::warn!(%error, "the page was not notified");
        }
    }

    fn window(&self) -> Option<AppHandle> {
        lock(&self.0.window).clone()
    }

    /// Ends what was started, within [`STOP_WITHIN`].
    pub fn stop(&self) {
        self.0.stopping.cancel();
        self.0.demo.stop();
        let mut open = lock(&self.0.open);
        let Some(Open { app, server }) = open.take() else {
            return;
        };
        if let Some(server) = server {
            // Made within the runtime, whose clock it needs.
            let ended =
                async_runtime::block_on(async { tokio::time::timeout(STOP_WITHIN, server).await });
            if ended.is_err() {
                tracing::warn!("requests were still under way when the window closed");
            }
        }
        app.close();
    }

    /// Makes `flagctl doctor --write-back` reach the window, too.
    fn write_back_when_asked(&self) {
        let desk = self.clone();
        async_runtime::spawn(async move {
            let stopping = desk.0.stopping.clone();
            let asked = flagdeck::app::write_back_when_asked(move || desk.app().ok());
            match asked {
                Ok(asked) => drop(stopping.run_until_cancelled(asked).await),
                Err(error) => tracing::warn!(%error, "flagctl cannot ask to write back"),
            }
        });
    }

    /// Passes what the application announces on to the page.
    fn announce(&self, app: &App) {
        let mut events = app.subscribe();
        let (desk, app) = (self.clone(), app.clone());
        async_runtime::spawn(async move {
            let stopping = desk.0.stopping.clone();
            let mut is_only_window = true;
            while let Some(event) = stopping.run_until_cancelled(events.recv()).await {
                if matches!(event, Ok(Event::Status)) {
                    is_only_window = desk.keep_place(&app, is_only_window);
                }
                let announcement = match event {
                    Ok(Event::Flags(revision)) => Announcement::Flags { revision },
                    Ok(Event::Status) => Announcement::Status,
                    Ok(Event::State(source)) => Announcement::State {
                        source: source.map(|source| source.to_string()),
                    },
                    // They are shown with the flags.
                    Ok(Event::Targeted) => Announcement::Flags {
                        revision: app.flags().live().revision,
                    },
                    Ok(Event::Rollouts) => Announcement::Rollouts,
                    Ok(Event::RolledBack(id)) => rolled_back(&app, id),
                    // A restored state is announced, too; the page reads the token when it is shown.
                    Ok(Event::Restored(_) | Event::Token) => continue,
                    // After missed events the page reads everything again.
                    Err(RecvError::Lagged(_)) => Announcement::Flags {
                        revision: app.flags().live().revision,
                    },
                    Err(RecvError::Closed) => return,
                };
                desk.tell(announcement);
            }
        });
    }

    /// Keeps this window the one that others on the folder find, after a write back or a switch of
    /// stores. Returns whether it is the only one; the user is notified if it no longer is.
    fn keep_place(&self, app: &App, was_only_window: bool) -> bool {
        let window = self.window();
        let instance = window
            .as_ref()
            .and_then(tauri::Manager::try_state::<Instance>);
        let (Some(window), Some(instance), None) = (&window, instance, app.gone()) else {
            return was_only_window;
        };
        let shown = window.clone();
        let taken = instance.take_again(move || window::show(&shown));
        if let Err(error) = &taken
            && was_only_window
        {
            let message = match error.kind() {
                ErrorKind::WouldBlock => "Another window was opened on this data folder while it \
                                          was gone. Both save to it; close one of them."
                    .to_owned(),
                _ => format!("Another window on this folder would not be noticed: {error}."),
            };
            app.notify(Level::Warning, message);
        }
        taken.is_ok()
    }

    /// Serves flags over HTTP; if the port is taken, a notice says so and the window continues.
    fn serve(&self, app: &App) -> Option<JoinHandle<()>> {
        let port = app.config().http.port;
        match Server::bind(app.clone(), port) {
            Ok(server) => {
                let address = server.address();
                app.set_serving(Some(address));
                let running = server.run(self.0.stopping.clone());
                let app = app.clone();
                Some(async_runtime::spawn(async move {
                    if let Err(error) = running.await {
                        tracing::error!(%error, "flags are not served over HTTP");
                        app.set_not_serving(NotServing {
                            port: address.port(),
                            owner: None,
                            reason: error.to_string(),
                        });
                    }
                }))
            }
            Err(error) => {
                app.set_not_serving(error.into());
                None
            }
        }
    }
}

/// Tells of a rollout that was rolled back, on the desktop and in the window.
fn rolled_back(app: &App, id: u64) -> Announcement {
    let Ok(decision) = app.decision(id) else {
        return Announcement::Rollouts;
    };
    let name = decision.component.as_deref();
    let name = name.unwrap_or("The default rollout");
    notify::notify(&format!("{name} was rolled back"), &decision.sentence);
    Announcement::RolledBack {
        id,
        component: decision.component,
        sentence: decision.sentence,
    }
}

/// Locks, ignoring poison: nothing here panics half-way through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
