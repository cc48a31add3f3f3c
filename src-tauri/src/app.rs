//! The application without a face: it opens, joins and closes the parts, and announces what
//! happened.
//!
//! Faces (window, HTTP, command line) call [`App`] and its parts, and subscribe to [`Event`]s;
//! nothing here knows of them. Calls that change something block until it is durable.

mod checks;
pub mod following;
mod gone;
mod measured;
mod notices;
pub mod previews;
mod quarantine;
mod removing;
mod restores;
mod rollouts;
mod rosters;
mod salvage;
mod serving;
mod states;
mod tokens;
mod verdicts;
mod watch;
mod workspace;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::broadcast;

pub use self::checks::Finding;
use self::following::Follower;
use self::gone::SmallFiles;
pub use self::gone::{StoreState, write_back_when_asked};
pub use self::notices::{Level, Notice};
use self::previews::Sliding;
pub use self::removing::RemovedSource;
pub use self::restores::{Undone, UndoneFlags};
pub use self::rollouts::NewRamp;
pub use self::rosters::ForgottenUser;
pub use self::salvage::{Export, Survey, TakenBack};
pub use self::serving::NotServing;
use self::serving::Serving;
pub use self::states::value_under;
use self::verdicts::Judge;
pub use self::workspace::{ExportedWorkspace, ImportedWorkspace};
use crate::chores::Lane;
use crate::clients::{Clients, Connected};
use crate::clock::Clock;
use crate::config::{Config, Contact, Given, Setting, Settings};
use crate::error::Error;
use crate::events::{Event, Events};
use crate::flags::targeted::TargetedFile;
use crate::flags::{Flags, Outcome};
use crate::leader::{Leader, Role};
use crate::load::Load;
use crate::lock::lock;
use crate::metrics::Metrics;
use crate::metrics::push::Pusher;
use crate::private;
use crate::rollouts::Rollouts;
use crate::rosters::Rosters;
use crate::state::States;
use crate::store::sqlite::SqliteStore;
use crate::store::{Actor, Gone, RevisionNumber, Store, StoreError};
use crate::upstream::Lineage;
use crate::webhook::Webhooks;

/// The application. Cheap to clone; the last clone closes the store.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Background work. Ended first, because it uses everything else.
    lanes: Mutex<Vec<Lane>>,
    data_dir: PathBuf,
    clock: Clock,
    /// Says whether this program does what only one on the folder may do.
    leader: Leader,
    settings: Settings,
    flags: Flags,
    events: Events,
    notices: Mutex<Vec<Notice>>,
    serving: Mutex<Serving>,
    /// Ended before `metrics`, which it pushes.
    pusher: Mutex<Option<Pusher>>,
    /// `None` in a program that does its work and exits.
    metrics: Option<Metrics>,
    /// What the next verdict depends on.
    judge: Mutex<Judge>,
    states: States,
    rosters: Rosters,
    rollouts: Rollouts,
    webhooks: Webhooks,
    sliding: Sliding,
    /// What the last check found of the data folder; `None` while everything is in place.
    gone: Mutex<Option<Gone>>,
    small_files: Mutex<SmallFiles>,
    load: Arc<Load>,
    clients: Clients,
    lineage: Lineage,
    /// The credential for the followed document that this process was given.
    flags_token: Option<String>,
    /// The secret of webhooks that this process was given.
    webhook_secret: Option<String>,
    call_time: Option<Duration>,
    follower: Follower,
}

/// What was seen last is kept, if the folder is in place and it can be.
impl Drop for Inner {
    fn drop(&mut self) {
        if lock(&self.gone).is_some() {
            return;
        }
        if let Err(error) = self.rosters.keep_seen() {
            tracing::warn!(%error, "users in events are not kept");
        }
    }
}

/// How to open the application.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that everything is kept in.
    pub data_dir: PathBuf,
    /// Configuration given in addition to its file.
    pub given: Given,
    /// Whether to watch for changes by other processes, back up regularly and collect what
    /// applications report, as a program that stays open does.
    pub watch: bool,
    /// What tells the time of day.
    pub clock: Clock,
    /// Whether the folder is used even if other users can write in it or replace it.
    pub trusts_folder: bool,
    /// Bounds a call to the followed document otherwise, for tests.
    #[doc(hidden)]
    pub call_time: Option<Duration>,
}

impl Options {
    /// A folder and nothing else, for a program that does its work and exits.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            given: Given::default(),
            watch: false,
            clock: Clock::system(),
            trusts_folder: false,
            call_time: None,
        }
    }

    /// Checks that no other user can write in the folder or replace it, unless it is trusted
    /// anyway.
    ///
    /// # Errors
    /// [`StoreError::Folder`] if one can.
    pub fn check_folder(&self) -> Result<(), StoreError> {
        if self.trusts_folder {
            return Ok(());
        }
        private::check(&self.data_dir).map_err(|untrusted| StoreError::Folder {
            path: self.data_dir.clone(),
            reason: untrusted.to_string(),
        })
    }
}

impl App {
    /// Opens the application on a data folder, which is created if it is missing.
    ///
    /// A damaged store is moved to quarantine and replaced by the newest backup; a notice says so.
    ///
    /// # Errors
    /// If the folder cannot be used at all, or is not to be trusted.
    pub fn open(options: Options) -> Result<Self, Error> {
        options.check_folder()?;
        let opened = SqliteStore::open(&options.data_dir, options.clock.now_ms())?;
        let recovery = opened.recovery.map(|recovery| recovery.sentence());
        Self::start(options, Box::new(opened.store), recovery)
    }

    /// Starts the application over any store.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn start(
        options: Options,
        store: Box<dyn Store>,
        recovery: Option<String>,
    ) -> Result<Self, Error> {
        let flags_token = options.given.flags_token().map(str::to_owned);
        let webhook_secret = options.given.webhook_secret().map(str::to_owned);
        let settings = Settings::load(options.data_dir.clone(), options.given);
        let recovered = recovery.map(|message| Notice::new(Level::Error, message));
        let notices = Vec::from_iter(recovered);
        let leader = Leader::new(&options.data_dir);
        let load = Arc::new(Load::default());
        let metrics = options.watch.then(|| {
            let seat = leader.seat(Role::Metrics);
            let clock = options.clock.clone();
            Metrics::start(&options.data_dir, clock, seat, &load)
        });
        let events = Events::default();
        let on_saved = metrics.as_ref().map(Metrics::on_saved);
        let targeted = TargetedFile::of(&options.data_dir);
        let clock = options.clock.clone();
        let flags = Flags::open(store, targeted, clock, events.clone(), on_saved)?;
        let states = States::new(&options.data_dir);
        let rosters = Rosters::new(&options.data_dir, options.clock.clone());
        let rollouts = Rollouts::new(&options.data_dir, options.clock.clone());
        let webhooks = Webhooks::new(options.clock.clone());
        let lineage = Lineage::new(&options.data_dir);
        let app = Self(Arc::new(Inner {
            lanes: Mutex::default(),
            data_dir: options.data_dir,
            clock: options.clock,
            leader,
            settings,
            flags,
            events,
            notices: Mutex::new(notices),
            serving: Mutex::default(),
            pusher: Mutex::new(None),
            metrics,
            judge: Mutex::default(),
            states,
            rosters,
            rollouts,
            webhooks,
            sliding: Sliding::default(),
            gone: Mutex::default(),
            small_files: Mutex::default(),
            load,
            clients: Clients::default(),
            lineage,
            flags_token,
            webhook_secret,
            call_time: options.call_time,
            follower: Follower::default(),
        }));
        if let Some(message) = app.missing_revisions() {
            app.notify(Level::Error, message);
        }
        if options.watch {
            app.start_chores();
            app.start_pushing();
        }
        Ok(app)
    }

    // The parts.

    /// Returns the flags.
    pub fn flags(&self) -> &Flags {
        &self.0.flags
    }

    /// Puts the document of an earlier revision in force again, as a new revision, after a
    /// snapshot of every source whose state changed.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number, [`Error::Conflict`] if another change
    /// was saved first.
    pub fn restore(
        &self,
        number: RevisionNumber,
        actor: &Actor,
        note: Option<String>,
    ) -> Result<Outcome, Error> {
        if number == RevisionNumber::NONE {
            self.flags().revision(number)?;
        }
        self.take_before_rollback();
        self.flags().restore(number, actor, note)
    }

    /// Subscribes to events from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    // The application itself.

    /// Returns the counts of what a server of this application carries.
    pub fn load(&self) -> &Arc<Load> {
        &self.0.load
    }

    /// Returns the registry of clients that use the server of this application.
    pub fn clients(&self) -> &Clients {
        &self.0.clients
    }

    /// Lists the clients that used the server of this application lately.
    pub fn connected(&self) -> Connected {
        self.clients().list(self.now_ms())
    }

    /// Returns what this Flagdeck is among those that follow one another.
    pub fn lineage(&self) -> &Lineage {
        &self.0.lineage
    }

    /// Returns the time of day, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.0.clock.now_ms()
    }

    /// Returns the folder that everything is kept in.
    pub fn data_dir(&self) -> &Path {
        &self.0.data_dir
    }

    /// Returns the configuration in force. Never waits; ask again each time, because it changes.
    pub fn config(&self) -> Arc<Config> {
        self.0.settings.config()
    }

    /// Lists every setting: its value, where that came from, and what the file says.
    pub fn settings(&self) -> Vec<Setting> {
        self.0.settings.list()
    }

    /// Writes a setting into the data folder's file, durably, and applies it if it needs no
    /// restart; null removes it from the file.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is no such setting, it does not take this value, or the file
    /// cannot be changed; then nothing was.
    pub fn change_setting(&self, name: &str, value: &Value) -> Result<Vec<Setting>, Error> {
        self.flags().check_place()?;
        self.0.settings.change(name, value)?;
        self.flags().check_place()?;
        self.announce(Event::Status);
        Ok(self.settings())
    }

    /// Returns whom a change of a setting would bring Flagdeck into contact with; `None` if nobody
    /// it is not in contact with already.
    pub fn contact(&self, name: &str, value: &Value) -> Option<Contact> {
        self.0.settings.contact(name, value)
    }

    /// Checks whether another program changed the settings file.
    fn reread_settings(&self) {
        if self.flags().check_place().is_ok() && self.0.settings.reread() {
            self.announce(Event::Status);
        }
    }

    fn announce(&self, event: Event) {
        self.0.events.announce(event);
    }
}
