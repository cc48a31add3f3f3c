//! The application without a face: it owns the live document and the store, makes changes
//! durable, and announces what happened.
//!
//! Faces (window, HTTP, command line) call [`App`] and subscribe to [`Event`]s; nothing here
//! knows of them. Reading the flags never waits: readers take an `Arc` of an immutable
//! [`Live`]. Calls that change something block until it is durable.

mod all_off;
mod backups;
mod emergency;
mod gone;
mod measured;
mod notices;
mod outcome;
mod past;
mod replacing;
mod restores;
mod states;
mod tokens;
mod undo;
mod verdicts;
mod watch;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arc_swap::ArcSwap;
use flagdeck_core::{Edit, FlagDocument, Problem, Trace, apply, changes};
use serde_json::Value;
use tokio::sync::broadcast;

use self::emergency::{Hold, Turn};
use self::gone::SmallFiles;
pub use self::gone::StoreState;
use self::notices::warning;
pub use self::outcome::{Outcome, Step};
pub use self::past::{Difference, Review};
use self::replacing::{Losses, check_loss};
pub use self::restores::{Undone, UndoneFlags};
pub use self::states::value_under;
use self::verdicts::Judge;
use crate::config::{Config, Given, Setting, Settings};
use crate::error::Error;
use crate::history::{UNDO_STEPS_MAX, UndoLog};
use crate::live::Live;
use crate::lock::lock;
use crate::metrics::Metrics;
use crate::metrics::push::Pusher;
use crate::metrics::store::MetricsReader;
use crate::state::Keeper;
use crate::store::sqlite::SqliteStore;
use crate::store::{
    Actor, Appended, Cause, CheckReport, Draft, Gone, Revision, RevisionNumber, RevisionSummary,
    Store,
};
use crate::wire::{Level, Notice};

/// Attempts to apply an edit to a document that others keep changing.
/// Each failed attempt means that somebody else's change was saved, so giving up is rare.
const CONFLICT_RETRIES_MAX: usize = 64;

/// How old the newest backup gets before another is made.
const BACK_UP_EVERY_MS: u64 = 10 * 60 * 1000;

/// Announcements a slow listener may fall behind before it misses some and reads anew.
const EVENTS_WAITING_MAX: usize = 64;

/// The application. Cheap to clone; the last clone closes the store.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    data_dir: PathBuf,
    settings: Settings,
    store: Box<dyn Store>,
    live: ArcSwap<Live>,
    hold: Hold,
    /// Held while a revision is taken in, so that revisions go live in their order.
    history: Mutex<UndoLog>,
    events: broadcast::Sender<Event>,
    notices: Mutex<Vec<Notice>>,
    serving: Mutex<Option<SocketAddr>>,
    /// Ended before `metrics`, which it pushes.
    pusher: Mutex<Option<Pusher>>,
    /// None in a program that does its work and ends.
    metrics: Option<Metrics>,
    /// What the next verdict depends on.
    judge: Mutex<Judge>,
    states: Keeper,
    /// What the last look found of the data folder; none while everything is in place.
    gone: Mutex<Option<Gone>>,
    /// Held by each append, and alone by what exchanges the files of the store: no change that
    /// began on the one store is saved in the other.
    settling: RwLock<()>,
    small_files: Mutex<SmallFiles>,
}

/// Something happened. Listeners read the new state from [`App`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// This revision is in force.
    Flags(RevisionNumber),
    /// Something else that [`App`] tells of itself: the address, a notice.
    Status,
    /// The state of a source, or its snapshots, are others; none stands for any source.
    State(Option<Arc<str>>),
    /// A state was restored, by this restore.
    Restored(u64),
}

/// How to open the application.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that everything is kept in.
    pub data_dir: PathBuf,
    /// What configuration is given beside its file.
    pub given: Given,
    /// Whether to look out for changes by other processes, to back up regularly, and to take in
    /// what applications report: what a program wants that stays open.
    pub watch: bool,
}

impl Options {
    /// A folder, and nothing given beside it: for a program that does its work and ends.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            given: Given::default(),
            watch: false,
        }
    }
}

/// What somebody wants changed.
#[derive(Debug, Clone)]
pub struct ChangeRequest {
    /// The edit.
    pub edit: Edit,
    /// Who wants it.
    pub actor: Actor,
    /// What they said about it.
    pub note: Option<String>,
    /// The revision they looked at: the change is refused where it is not the latest any more.
    /// Without it the edit is applied to whatever is the latest.
    pub base: Option<RevisionNumber>,
}

impl App {
    /// Opens the application on a data folder, which is made where there is none.
    ///
    /// A damaged store is set aside and the newest backup takes its place; a notice says so.
    ///
    /// # Errors
    /// Where the folder cannot be used at all.
    pub fn open(options: Options) -> Result<Self, Error> {
        let opened = SqliteStore::open(&options.data_dir, now_ms())?;
        let recovery = opened.recovery.map(|recovery| recovery.sentence());
        Self::start(options, Box::new(opened.store), recovery)
    }

    /// Starts the application over any store.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn start(
        options: Options,
        store: Box<dyn Store>,
        recovery: Option<String>,
    ) -> Result<Self, Error> {
        let settings = Settings::load(options.data_dir.clone(), options.given);
        let recovered = recovery.map(|message| Notice {
            level: Level::Error,
            message,
        });
        let mut notices = Vec::from_iter(recovered);
        let metrics = options.watch.then(|| {
            let (metrics, notice) = Metrics::start(&options.data_dir);
            notices.extend(notice.map(warning));
            metrics
        });
        let live = match store.head()? {
            Some(head) => all_off::load(store.as_ref(), &head)?,
            None => Live::safe_default(),
        };
        let mut history = UndoLog::default();
        history.extend(earliest_first(store.summaries(None, UNDO_STEPS_MAX)?));
        let states = Keeper::new(&options.data_dir);
        let app = Self(Arc::new(Inner {
            data_dir: options.data_dir,
            settings,
            store,
            live: ArcSwap::from_pointee(live),
            hold: Hold::default(),
            history: Mutex::new(history),
            events: broadcast::Sender::new(EVENTS_WAITING_MAX),
            notices: Mutex::new(notices),
            serving: Mutex::new(None),
            pusher: Mutex::new(None),
            metrics,
            judge: Mutex::default(),
            states,
            gone: Mutex::default(),
            settling: RwLock::default(),
            small_files: Mutex::default(),
        }));
        if let Some(message) = app.missing_revisions() {
            app.notify(Level::Error, message);
        }
        if options.watch {
            watch::start(&app);
            app.start_pushing();
            app.start_keeping_states();
        }
        Ok(app)
    }

    // Reading.

    /// Returns what is stored. Never waits.
    pub fn live(&self) -> Arc<Live> {
        self.0.live.load_full()
    }

    /// Returns what applications read: what is stored, or that with everything off while an
    /// emergency is ahead of it. Never waits.
    pub fn in_force(&self) -> Arc<Live> {
        // In this order: once the hold has gone, what is stored is what it gave way to.
        let is_held_off = self.is_held_off();
        let live = self.live();
        match is_held_off {
            true => self.switched_off(&live),
            false => live,
        }
    }

    /// Loads the document as it was at a revision.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none of that number.
    pub fn at(&self, number: RevisionNumber) -> Result<Arc<Live>, Error> {
        let live = self.live();
        if live.revision == number {
            return Ok(live);
        }
        let revision = self.revision(number)?;
        Ok(Arc::new(all_off::load(self.0.store.as_ref(), &revision)?))
    }

    /// Loads one revision.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none of that number.
    pub fn revision(&self, number: RevisionNumber) -> Result<Revision, Error> {
        let latest = self.live().revision;
        let found = self.0.store.revision(number)?;
        found.ok_or_else(|| Error::NotFound {
            message: match latest {
                RevisionNumber::NONE => "there are no revisions yet".to_owned(),
                latest => format!("there is no revision {number}; there are 1 to {latest}"),
            },
        })
    }

    /// Announces what happens from here on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    // Changing.

    /// Makes a change durable and puts it in force.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::NotFound`] where the edit cannot be applied,
    /// [`Error::Conflict`] where `base` is not the latest revision, [`Error::LargeLoss`] if a
    /// document or patch would remove more than half of the components; nothing is changed then.
    pub fn change(&self, request: ChangeRequest) -> Result<Outcome, Error> {
        self.change_in(&self.turn(), request, Losses::Small)
    }

    fn change_in(
        &self,
        turn: &Turn<'_>,
        request: ChangeRequest,
        losses: Losses,
    ) -> Result<Outcome, Error> {
        let ChangeRequest {
            edit,
            actor,
            note,
            base,
        } = request;
        let cause = match edit {
            Edit::Replace(_) => Cause::Import,
            _ => Cause::Edit,
        };
        for _ in 0..CONFLICT_RETRIES_MAX {
            let live = self.live();
            if let Some(base) = base.filter(|base| *base != live.revision) {
                return self.conflict(base);
            }
            let checked = apply(&turn.shown(&live).document, &edit)?;
            check_loss(&edit, losses, &live, &checked.document)?;
            let wanted = Wanted {
                document: checked.document,
                warnings: checked.warnings,
                actor: &actor,
                cause,
                note: note.clone(),
            };
            if let Some(outcome) = self.save(turn, &live, wanted)? {
                return Ok(outcome);
            }
        }
        self.conflict(self.live().revision)
    }

    /// Puts the document of an earlier revision in force again, as a new revision.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none of that number, [`Error::Conflict`] where
    /// another change was saved in the meantime.
    pub fn restore(
        &self,
        number: RevisionNumber,
        actor: &Actor,
        note: Option<String>,
    ) -> Result<Outcome, Error> {
        if number == RevisionNumber::NONE {
            self.revision(number)?;
        }
        self.take_before_rollback();
        self.put_back(&self.turn(), number, Cause::Restore(number), actor, note)
    }

    fn put_back(
        &self,
        turn: &Turn<'_>,
        number: RevisionNumber,
        cause: Cause,
        actor: &Actor,
        note: Option<String>,
    ) -> Result<Outcome, Error> {
        let live = self.live();
        let wanted = Wanted {
            document: self.document_at(number)?,
            warnings: Vec::new(),
            actor,
            cause,
            note,
        };
        match self.save(turn, &live, wanted)? {
            Some(outcome) => Ok(outcome),
            None => self.conflict(live.revision),
        }
    }

    /// Saves what is wanted on top of `live`; none where somebody else was faster, whose
    /// revision is in force then. What was saved takes the place of an emergency's hold.
    fn save(&self, turn: &Turn<'_>, live: &Live, wanted: Wanted) -> Result<Option<Outcome>, Error> {
        let outcome = self.append(live, wanted)?;
        if outcome.is_some() {
            self.let_go(turn);
        }
        Ok(outcome)
    }

    fn append(&self, live: &Live, wanted: Wanted) -> Result<Option<Outcome>, Error> {
        let _open = self
            .0
            .settling
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        self.check_place()?;
        let in_store = self.live();
        if (in_store.revision, &in_store.etag) != (live.revision, &live.etag) {
            return Ok(None);
        }
        // Undo and redo are steps even between equal documents: else the log would stand still.
        let is_step = matches!(wanted.cause, Cause::Undo(_) | Cause::Redo(_));
        let wanted = match is_step {
            true => wanted,
            false => wanted.in_order_of(&live.document),
        };
        let text: Arc<[u8]> = wanted.document.to_bytes().into();
        let unchanged = Outcome {
            revision: live.revision,
            changed: false,
            changes: Vec::new(),
            warnings: wanted.warnings.clone(),
            step: None,
        };
        if text == live.text && !is_step {
            return Ok(Some(unchanged));
        }
        self.ensure_writable()?;
        let (draft, trace) = wanted.draft(live, text);
        let sentences = draft.changes.clone();
        match self.0.store.append(live.revision, draft.clone(), trace)? {
            Appended::Saved(number) => {
                self.adopt(&Revision { number, draft })?;
                Ok(Some(Outcome {
                    revision: number,
                    changed: true,
                    changes: sentences,
                    ..unchanged
                }))
            }
            Appended::Conflict(winner) => {
                self.adopt(&winner)?;
                Ok(None)
            }
        }
    }

    fn ensure_writable(&self) -> Result<(), Error> {
        match self.0.store.read_only() {
            Some(reason) => Err(Error::ReadOnly { reason }),
            None => Ok(()),
        }
    }

    fn conflict<T>(&self, expected: RevisionNumber) -> Result<T, Error> {
        Err(Error::Conflict {
            expected,
            winner: self.live().revision,
        })
    }

    /// Looks whether another process saved a revision, and puts it in force.
    ///
    /// # Errors
    /// Where the store cannot be read; what was in force stays.
    pub fn refresh(&self) -> Result<(), Error> {
        match self.0.store.head()? {
            Some(head) => self.adopt(&head),
            None => Ok(()),
        }
    }

    /// Puts a saved revision in force, unless it or a later one is already.
    fn adopt(&self, revision: &Revision) -> Result<(), Error> {
        let number = revision.number;
        if number <= self.live().revision {
            return Ok(());
        }
        let live = self.load_next(revision)?;
        let mut history = lock(&self.0.history);
        if number <= self.live().revision {
            return Ok(());
        }
        let missed = number.0 - history.latest().0;
        let missed = usize::try_from(missed).unwrap_or(usize::MAX);
        let missed = match missed {
            1 => vec![revision.summary()],
            missed => self
                .0
                .store
                .summaries(Some(number.next()), missed.min(UNDO_STEPS_MAX))?,
        };
        history.extend(earliest_first(missed));
        self.0.live.store(Arc::new(live));
        drop(history);
        if let Some(metrics) = &self.0.metrics {
            metrics.note_revision(revision.draft.at_ms);
        }
        self.announce(Event::Flags(number));
        Ok(())
    }

    // The application itself.

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

    /// Writes a setting into the data folder's file, durably, and puts it in force if it needs
    /// no restart; null takes it out of the file.
    ///
    /// # Errors
    /// [`Error::Setting`] where there is no such setting, it does not take this value, or the
    /// file cannot be changed; then nothing was.
    pub fn change_setting(&self, name: &str, value: &Value) -> Result<Vec<Setting>, Error> {
        self.check_place()?;
        self.0.settings.change(name, value)?;
        self.check_place()?;
        self.announce(Event::Status);
        Ok(self.settings())
    }

    /// Looks whether somebody else changed the file of the settings.
    fn reread_settings(&self) {
        if self.check_place().is_ok() && self.0.settings.reread() {
            self.announce(Event::Status);
        }
    }

    /// Returns why nothing can be saved; none where everything can.
    pub fn read_only(&self) -> Option<String> {
        self.0.store.read_only()
    }

    /// Reads everything in the store and checks it.
    ///
    /// # Errors
    /// Where reading stopped before the end.
    pub fn check(&self) -> Result<CheckReport, Error> {
        let mut report = self.0.store.check()?;
        if let Some(mut measured) = MetricsReader::open(&self.0.data_dir)? {
            report.problems.extend(measured.check()?);
        }
        report.problems.extend(self.0.states.check()?);
        report.problems.extend(self.missing_revisions());
        Ok(report)
    }

    /// Copies the store into a verified backup where the newest one is ten minutes old and
    /// something has changed since; none where there was no need.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn back_up_when_due(&self) -> Result<Option<PathBuf>, Error> {
        Ok(self.0.store.back_up(now_ms(), BACK_UP_EVERY_MS)?)
    }

    /// Notes where flags are served over HTTP.
    pub fn set_serving(&self, address: Option<SocketAddr>) {
        *lock(&self.0.serving) = address;
        self.announce(Event::Status);
    }

    /// Returns where flags are served over HTTP.
    pub fn serving(&self) -> Option<SocketAddr> {
        *lock(&self.0.serving)
    }

    fn announce(&self, event: Event) {
        // An error means that nobody listens, which is fine.
        let _ = self.0.events.send(event);
    }
}

/// A document that is to become the next revision.
struct Wanted<'a> {
    document: FlagDocument,
    warnings: Vec<Problem>,
    actor: &'a Actor,
    cause: Cause,
    note: Option<String>,
}

impl Wanted<'_> {
    /// Keeps the order of keys that is in force: it is no change.
    fn in_order_of(self, document: &FlagDocument) -> Self {
        Self {
            document: self.document.in_order_of(document),
            ..self
        }
    }

    /// Makes a revision of it, and says what that touches.
    fn draft(self, live: &Live, text: Arc<[u8]>) -> (Draft, Trace) {
        let found = changes(&live.document.to_tree(), &self.document.to_tree());
        let mut sentences: Vec<String> = found.iter().map(ToString::to_string).collect();
        if sentences.is_empty() && text != live.text {
            sentences.push("Order changed".into());
        }
        let draft = Draft {
            at_ms: now_ms(),
            actor: self.actor.clone(),
            cause: self.cause,
            note: self.note,
            changes: sentences,
            document: text,
        };
        (draft, Trace::of(&found))
    }
}

/// Says what differs, a sentence each.
fn sentences(before: &FlagDocument, after: &FlagDocument) -> Vec<String> {
    let found = changes(&before.to_tree(), &after.to_tree());
    found.iter().map(ToString::to_string).collect()
}

fn earliest_first(mut latest_first: Vec<RevisionSummary>) -> Vec<RevisionSummary> {
    latest_first.reverse();
    latest_first
}

/// Returns milliseconds since 1970, by this machine's clock.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
