//! One flag document: its log, what undo would act on, and what is in force for whom.
//!
//! [`Flags`] is the only part that changes flags. A change is made durable, put in force and
//! announced, in this order. Reading never waits: readers take an `Arc` of an immutable [`Live`].

mod all_off;
mod backups;
pub mod context;
mod emergency;
pub mod ending;
pub mod evaluating;
pub mod followed;
pub mod following;
mod incoming;
pub mod labels;
mod layers;
pub mod limits;
pub mod live;
mod outcome;
mod past;
pub mod provenance;
mod replacing;
pub mod targeted;
mod undo;
pub mod undo_log;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arc_swap::ArcSwap;
use flagdeck_core::{Edit, FlagDocument, Problem, Trace, apply, changes};

use self::emergency::{ChangeGuard, Emergency};
use self::followed::Followed;
pub use self::incoming::{FileFormat, Incoming};
pub use self::layers::Scope;
use self::live::Live;
pub use self::outcome::{Outcome, OverrideChange, Step};
pub use self::past::{AsOf, Difference, Review};
use self::replacing::{Losses, check_loss};
use self::targeted::{Targeted, TargetedFile};
use self::undo_log::{UNDO_STEPS_MAX, UndoLog};
use crate::clock::Clock;
use crate::error::Error;
use crate::events::{Event, Events};
use crate::lock::lock;
use crate::store::{
    Actor, Appended, Cause, Draft, Revision, RevisionNumber, RevisionSummary, Revisions, Store,
    StoreError,
};

/// Attempts to apply an edit to a document that others keep changing.
/// Each failed attempt means that another change was saved, so giving up is rare.
const CONFLICT_RETRIES_MAX: usize = 64;

/// How old the newest backup gets before another is made.
const BACK_UP_EVERY_MS: u64 = 10 * 60 * 1000;

/// The flags. Cheap to clone; the last clone closes the store.
#[derive(Debug, Clone)]
pub struct Flags(Arc<Inner>);

struct Inner {
    store: Box<dyn Store>,
    clock: Clock,
    live: ArcSwap<Live>,
    emergency: Emergency,
    /// What lies over the flags for single applications and users.
    targeted: ArcSwap<Targeted>,
    targeted_file: TargetedFile,
    /// Held while a revision is put in force, so that revisions go live in their order.
    undo_log: Mutex<UndoLog>,
    events: Events,
    on_saved: Option<OnSaved>,
    /// Shared by each append, and held alone by what exchanges the files of the store: no change
    /// that began on the one store is saved in the other.
    exchange: RwLock<()>,
}

/// Called with the moment of each revision that goes live, in milliseconds since 1970, before it
/// is announced.
pub(crate) type OnSaved = Box<dyn Fn(i64) + Send + Sync>;

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flags")
            .field("store", &self.store)
            .field("live", &self.live)
            .field("emergency", &self.emergency)
            .finish_non_exhaustive()
    }
}

/// A change that is asked for.
#[derive(Debug, Clone)]
pub struct ChangeRequest {
    /// The edit.
    pub edit: Edit,
    /// Who asks for it.
    pub actor: Actor,
    /// What they said about it.
    pub note: Option<String>,
    /// The revision they looked at: the change is refused if it is not the latest any more.
    /// Without it the edit is applied to whatever is the latest.
    pub base: Option<RevisionNumber>,
}

impl Flags {
    /// Reads the latest revision of a store and puts it in force.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(crate) fn open(
        store: Box<dyn Store>,
        targeted_file: TargetedFile,
        clock: Clock,
        events: Events,
        on_saved: Option<OnSaved>,
    ) -> Result<Self, Error> {
        let live = match store.head()? {
            Some(head) => all_off::load(store.as_ref(), &head)?,
            None => Live::safe_default(),
        };
        let mut undo_log = UndoLog::default();
        undo_log.extend(earliest_first(store.summaries(None, UNDO_STEPS_MAX)?));
        let flags = Self(Arc::new(Inner {
            store,
            clock,
            live: ArcSwap::from_pointee(live),
            emergency: Emergency::default(),
            targeted: ArcSwap::default(),
            targeted_file,
            undo_log: Mutex::new(undo_log),
            events,
            on_saved,
            exchange: RwLock::default(),
        }));
        flags.read_targeted();
        Ok(flags)
    }

    // Reading.

    /// Returns what is stored. Never waits.
    pub fn live(&self) -> Arc<Live> {
        self.0.live.load_full()
    }

    /// Loads the document as it was at a revision.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number.
    pub fn at(&self, number: RevisionNumber) -> Result<Arc<Live>, Error> {
        let live = self.live();
        if live.revision == number {
            return Ok(live);
        }
        let revision = self.revision(number)?;
        Ok(Arc::new(all_off::load(self.store(), &revision)?))
    }

    /// Loads one revision.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number.
    pub fn revision(&self, number: RevisionNumber) -> Result<Revision, Error> {
        let latest = self.live().revision;
        let found = self.store().revision(number)?;
        found.ok_or_else(|| Error::NotFound {
            message: match latest {
                RevisionNumber::NONE => "there are no revisions yet".to_owned(),
                latest => format!("there is no revision {number}; there are 1 to {latest}"),
            },
        })
    }

    /// Returns why nothing can be saved; `None` if everything can.
    pub fn read_only(&self) -> Option<String> {
        self.store().read_only()
    }

    // Changing.

    /// Makes a change durable and puts it in force.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::NotFound`] if the edit cannot be applied,
    /// [`Error::Conflict`] if `base` is not the latest revision, [`Error::LargeLoss`] if a
    /// document or patch would remove more than half of the components; nothing is changed then.
    pub fn change(&self, request: ChangeRequest) -> Result<Outcome, Error> {
        self.change_in(&self.guard(), request, Losses::Small, None)
    }

    /// The same, for another reason than that a person edits.
    pub(crate) fn change_because(
        &self,
        request: ChangeRequest,
        cause: Cause,
    ) -> Result<Outcome, Error> {
        self.change_in(&self.guard(), request, Losses::Small, Some(cause))
    }

    fn change_in(
        &self,
        guard: &ChangeGuard<'_>,
        request: ChangeRequest,
        losses: Losses,
        because: Option<Cause>,
    ) -> Result<Outcome, Error> {
        let ChangeRequest {
            edit,
            actor,
            note,
            base,
        } = request;
        let of_edit = match edit {
            Edit::Replace(_) => Cause::Import,
            _ => Cause::Edit,
        };
        let cause = because.unwrap_or(of_edit);
        for _ in 0..CONFLICT_RETRIES_MAX {
            let live = self.live();
            if let Some(base) = base.filter(|base| *base != live.revision) {
                return self.conflict(base);
            }
            let checked = apply(&guard.shown(&live).document, &edit)?;
            check_loss(&edit, losses, &live, &checked.document)?;
            let wanted = Wanted {
                warnings: checked.warnings,
                note: note.clone(),
                ..Wanted::new(checked.document, &actor, cause)
            };
            if let Some(outcome) = self.save(guard, &live, wanted)? {
                return Ok(outcome);
            }
        }
        self.conflict(self.live().revision)
    }

    /// Puts the document of an earlier revision in force again, as a new revision.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number, [`Error::Conflict`] if another change
    /// was saved first.
    pub(crate) fn restore(
        &self,
        number: RevisionNumber,
        actor: &Actor,
        note: Option<String>,
    ) -> Result<Outcome, Error> {
        self.put_back(&self.guard(), number, Cause::Restore(number), actor, note)
    }

    fn put_back(
        &self,
        guard: &ChangeGuard<'_>,
        number: RevisionNumber,
        cause: Cause,
        actor: &Actor,
        note: Option<String>,
    ) -> Result<Outcome, Error> {
        let live = self.live();
        let wanted = Wanted {
            note,
            ..Wanted::new(self.document_at(number)?, actor, cause)
        };
        self.save_or_conflict(guard, &live, wanted)
    }

    fn save_or_conflict(
        &self,
        guard: &ChangeGuard<'_>,
        live: &Live,
        wanted: Wanted,
    ) -> Result<Outcome, Error> {
        match self.save(guard, live, wanted)? {
            Some(outcome) => Ok(outcome),
            None => self.conflict(live.revision),
        }
    }

    /// Saves what is wanted on top of `live`; `None` if another change was saved first, whose
    /// revision is in force then. A saved change ends an emergency that is not stored.
    fn save(
        &self,
        guard: &ChangeGuard<'_>,
        live: &Live,
        wanted: Wanted,
    ) -> Result<Option<Outcome>, Error> {
        let outcome = self.append(live, wanted)?;
        if outcome.is_some() {
            self.end_emergency(guard);
        }
        Ok(outcome)
    }

    fn append(&self, live: &Live, wanted: Wanted) -> Result<Option<Outcome>, Error> {
        let exchange = self.0.exchange.read();
        let _open = exchange.unwrap_or_else(PoisonError::into_inner);
        self.check_place()?;
        if self.live().generation != live.generation {
            return Ok(None);
        }
        // Undo and redo are steps even between equal documents: otherwise the log would not
        // advance.
        let is_step = matches!(wanted.cause, Cause::Undo(_) | Cause::Redo(_));
        let wanted = match is_step {
            true => wanted,
            false => wanted.in_order_of(&live.document),
        };
        let text: Arc<[u8]> = wanted.document.to_bytes().into();
        let unchanged = Outcome::unchanged(live.revision, wanted.warnings.clone());
        let at_ms = self.0.clock.now_ms();
        let followed = wanted.followed_over(live, at_ms);
        if text == live.text && followed.as_ref() == live.followed.as_deref() && !is_step {
            return Ok(Some(unchanged));
        }
        self.ensure_writable()?;
        let overrides = OverrideChange::between(live.followed.as_deref(), followed.as_ref());
        let followed = followed.as_ref().map(Followed::write);
        let (draft, trace) = wanted.draft(live, (text, followed), at_ms);
        let sentences = draft.changes.clone();
        match self.store().append(live.revision, draft.clone(), trace)? {
            Appended::Saved(number) => {
                self.adopt(&Revision { number, draft })?;
                Ok(Some(Outcome {
                    revision: number,
                    changed: true,
                    changes: sentences,
                    overrides,
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
        match self.read_only() {
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

    /// Saves revisions as they were, if there is none, and puts the last one in force; returns
    /// whether they were saved.
    ///
    /// # Errors
    /// If they cannot be saved; then none was.
    pub(crate) fn begin_with(&self, revisions: Revisions) -> Result<bool, Error> {
        let exchange = self.0.exchange.read();
        let _open = exchange.unwrap_or_else(PoisonError::into_inner);
        self.check_place()?;
        self.ensure_writable()?;
        let saved = self.store().begin_with(revisions)?;
        self.refresh()?;
        Ok(saved.is_some())
    }

    // Changes by other processes.

    /// Checks whether another process saved a revision, and puts it in force.
    ///
    /// # Errors
    /// If the store cannot be read; what was in force stays.
    pub fn refresh(&self) -> Result<(), Error> {
        match self.store().head()? {
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
        let mut undo_log = lock(&self.0.undo_log);
        if number <= self.live().revision {
            return Ok(());
        }
        let missed = number.0 - undo_log.latest().0;
        let missed = usize::try_from(missed).unwrap_or(usize::MAX);
        let missed = match missed {
            1 => vec![revision.summary()],
            missed => self
                .store()
                .summaries(Some(number.next()), missed.min(UNDO_STEPS_MAX))?,
        };
        undo_log.extend(earliest_first(missed));
        self.0.live.store(Arc::new(live));
        drop(undo_log);
        if let Some(on_saved) = &self.0.on_saved {
            on_saved(revision.draft.at_ms);
        }
        self.0.events.announce(Event::Flags(number));
        Ok(())
    }

    /// Puts in force what the store holds, whatever was in force: its files were exchanged.
    ///
    /// # Errors
    /// If the store cannot be read; what was in force stays.
    pub(crate) fn adopt_again(&self) -> Result<(), Error> {
        let live = match self.store().head()? {
            Some(head) => all_off::load(self.store(), &head)?,
            None => Live::safe_default(),
        };
        let revision = live.revision;
        let mut undo_log = lock(&self.0.undo_log);
        *undo_log = UndoLog::default();
        undo_log.extend(earliest_first(
            self.store().summaries(None, UNDO_STEPS_MAX)?,
        ));
        self.0.live.store(live.into());
        drop(undo_log);
        self.0.events.announce(Event::Flags(revision));
        Ok(())
    }

    // The files.

    /// Returns the store, for what concerns its files and not its flags.
    pub(crate) fn store(&self) -> &dyn Store {
        self.0.store.as_ref()
    }

    /// Fails if the store's files are not in place at this moment.
    pub(crate) fn check_place(&self) -> Result<(), StoreError> {
        self.store().check_place()
    }

    /// Runs `exchange` while no change is saved.
    pub(crate) fn without_changes<T>(&self, exchange: impl FnOnce() -> T) -> T {
        let alone = self.0.exchange.write();
        let _alone = alone.unwrap_or_else(PoisonError::into_inner);
        exchange()
    }

    /// Runs `look` while no files are exchanged.
    pub(crate) fn without_exchange<T>(&self, look: impl FnOnce() -> T) -> T {
        let open = self.0.exchange.read();
        let _open = open.unwrap_or_else(PoisonError::into_inner);
        look()
    }

    /// Copies the store into a verified backup if the newest one is ten minutes old and something
    /// has changed since; `None` if there was no need.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn back_up_when_due(&self) -> Result<Option<PathBuf>, Error> {
        Ok(self
            .store()
            .back_up(self.0.clock.now_ms(), BACK_UP_EVERY_MS)?)
    }
}

/// A document that is to become the next revision.
struct Wanted<'a> {
    document: FlagDocument,
    warnings: Vec<Problem>,
    actor: &'a Actor,
    cause: Cause,
    note: Option<String>,
    follows: Follows,
    /// What is said of it beside what changes in the document, a sentence each.
    sentences: Vec<String>,
}

/// What a revision keeps of what is followed.
enum Follows {
    /// What was followed before, with what the change overrides of it.
    AsBefore,
    /// This, or nothing.
    Now(Option<Followed>),
}

impl<'a> Wanted<'a> {
    fn new(document: FlagDocument, actor: &'a Actor, cause: Cause) -> Self {
        Self {
            document,
            warnings: Vec::new(),
            actor,
            cause,
            note: None,
            follows: Follows::AsBefore,
            sentences: Vec::new(),
        }
    }

    /// Keeps the order of keys in force, which is no change.
    fn in_order_of(self, document: &FlagDocument) -> Self {
        Self {
            document: self.document.in_order_of(document),
            ..self
        }
    }

    /// Returns what is followed once it is over `live`, and what is overridden of that.
    fn followed_over(&self, live: &Live, at_ms: i64) -> Option<Followed> {
        match &self.follows {
            Follows::Now(followed) => followed.clone(),
            Follows::AsBefore => {
                let before = live.followed.as_deref()?;
                Some(before.after_edit(&live.document, &self.document, (self.actor, at_ms)))
            }
        }
    }

    /// Makes a revision of it, with the paths that it touches.
    fn draft(
        self,
        live: &Live,
        (text, followed): (Arc<[u8]>, Option<Box<str>>),
        at_ms: i64,
    ) -> (Draft, Trace) {
        let found = changes(&live.document.to_tree(), &self.document.to_tree());
        let mut sentences = self.sentences;
        sentences.extend(found.iter().map(ToString::to_string));
        if sentences.is_empty() && text != live.text {
            sentences.push("Order changed".into());
        }
        let draft = Draft {
            at_ms,
            actor: self.actor.clone(),
            cause: self.cause,
            note: self.note,
            changes: sentences,
            document: text,
            followed,
        };
        (draft, Trace::of(&found))
    }
}

/// Describes what differs, a sentence each.
fn sentences(before: &FlagDocument, after: &FlagDocument) -> Vec<String> {
    let found = changes(&before.to_tree(), &after.to_tree());
    found.iter().map(ToString::to_string).collect()
}

fn earliest_first(mut latest_first: Vec<RevisionSummary>) -> Vec<RevisionSummary> {
    latest_first.reverse();
    latest_first
}
