//! Everything off at once, whatever hangs, and stored as soon as that can be.
//!
//! What is in force is off from the moment one number is set, which waits for nothing. The
//! revision that stores it is made on a thread of its own, again and again until it stands or
//! somebody takes the emergency back.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use flagdeck_core::{Edit, summary};

use super::replacing::Losses;
use super::{App, ChangeRequest, Event, Inner, Outcome, Step, now_ms, sentences};
use crate::error::Error;
use crate::history::UndoStep;
use crate::live::{AllOff, Live};
use crate::lock::lock;
use crate::store::Actor;
use crate::wire::{Level, Notice};

/// How long whoever calls for an emergency waits to be told its revision. Far more than a
/// commit takes; people are told that it is not stored yet where it takes longer.
const STORED_WITHIN: Duration = Duration::from_millis(500);

/// Between two attempts to store it.
const TRY_EVERY: Duration = Duration::from_millis(500);

/// What the revision says of itself.
const NOTE: &str = "Emergency off";

/// An emergency that is ahead of what is stored.
#[derive(Debug, Default)]
pub(super) struct Hold {
    /// Which emergency holds, counted from 1; 0 for none. All that readers look at.
    emergency: AtomicU64,
    /// Since when everything is off by it, and by whom; set before `emergency`.
    called: ArcSwapOption<AllOff>,
    /// The number of the latest one.
    latest: AtomicU64,
    /// Held by each attempt to store it, and by each change in the meantime: a person who
    /// takes the emergency back is not overtaken by an attempt from before.
    turn: Mutex<()>,
    /// Whether a thread tries to store it.
    is_storing: AtomicBool,
    /// Why the latest attempt failed.
    reason: Mutex<Option<String>>,
}

/// The right to change the flags, which the emergency's own attempts have to wait for.
pub(super) struct Turn<'a> {
    /// The emergency that holds during the turn; 0 for none.
    emergency: u64,
    called: Arc<AllOff>,
    _alone: Option<MutexGuard<'a, ()>>,
}

impl Turn<'_> {
    fn is_held(&self) -> bool {
        self.emergency != 0
    }

    /// Returns what people see in place of what is stored, and mean when they change it.
    pub(super) fn shown(&self, live: &Arc<Live>) -> Arc<Live> {
        match self.is_held() {
            true => live.switched_off(&self.called),
            false => Arc::clone(live),
        }
    }
}

impl App {
    /// Turns everything off for everybody. In force at once, before anything is waited for;
    /// returns when it is stored too, or after half a second.
    ///
    /// What cannot be stored yet is tried again until it can, the application closes, or a
    /// change turns the master switch on. [`App::is_held_off`] tells it in the meantime.
    pub fn emergency_off(&self, actor: &Actor) -> Outcome {
        self.0.hold.begin(actor);
        self.announce(Event::Flags(self.in_force().revision));
        let stored = self.store_in_background(actor);
        let outcome = stored.and_then(|stored| stored.recv_timeout(STORED_WITHIN).ok());
        outcome.unwrap_or_else(|| {
            self.announce(Event::Status);
            let live = self.live();
            let off = self.switched_off(&live);
            self.outcome_of_hold(&live, &off)
        })
    }

    /// Says whether everything is held off by an emergency that is not stored yet.
    pub fn is_held_off(&self) -> bool {
        self.0.hold.emergency.load(Ordering::SeqCst) != 0
    }

    /// Returns what is stored with everything off by the emergency.
    pub(super) fn switched_off(&self, live: &Arc<Live>) -> Arc<Live> {
        live.switched_off(&self.0.hold.called())
    }

    pub(super) fn turn(&self) -> Turn<'_> {
        let hold = &self.0.hold;
        let alone = self.is_held_off().then(|| lock(&hold.turn));
        Turn {
            emergency: match alone {
                Some(_) => hold.emergency.load(Ordering::SeqCst),
                None => 0,
            },
            called: hold.called(),
            _alone: alone,
        }
    }

    /// Ends the emergency of a turn: what is stored is in force again. Leaves one alone that
    /// was called in the meantime.
    pub(super) fn let_go(&self, turn: &Turn<'_>) {
        if turn.is_held() && self.0.hold.end(turn.emergency) {
            self.announce(Event::Flags(self.live().revision));
            self.announce(Event::Status);
        }
    }

    /// Takes back an emergency that changed what is in force; none where there is no such.
    pub(super) fn take_back_hold(&self, turn: &Turn<'_>) -> Option<Outcome> {
        let live = self.live();
        let is_ahead = turn.is_held() && live.document.enabled;
        is_ahead.then(|| {
            self.let_go(turn);
            let off = turn.shown(&live);
            let step = summary(&sentences(&live.document, &off.document));
            let outcome = self.outcome_of_hold(&off, &live);
            outcome.of(Step::Undone(step))
        })
    }

    /// Returns the step that [`App::take_back_hold`] would take.
    pub(super) fn held_step(&self) -> Option<UndoStep> {
        let live = self.live();
        let is_ahead = self.is_held_off() && live.document.enabled;
        is_ahead.then(|| UndoStep {
            revision: live.revision,
            sentence: summary(&sentences(
                &live.document,
                &self.switched_off(&live).document,
            )),
            actor: None,
            at_ms: None,
        })
    }

    /// Returns why an emergency that is in force is not stored yet; `None` if none is, or nothing
    /// stands against storing it so far.
    pub fn held_off_because(&self) -> Option<String> {
        let reason = lock(&self.0.hold.reason).clone();
        reason.filter(|_| self.is_held_off())
    }

    /// Tells that what is in force is not stored.
    pub(crate) fn hold_notice(&self) -> Option<Notice> {
        self.is_held_off().then(|| {
            let reason = self.held_off_because();
            let reason = reason.unwrap_or_else(|| "the store does not answer".into());
            Notice {
                level: Level::Error,
                message: format!(
                    "All flags are off, but that is not stored yet: {reason}. \
                     Keep Flagdeck open, it tries again until it succeeds. \
                     To take it back, turn the master switch on."
                ),
            }
        })
    }

    fn outcome_of_hold(&self, before: &Live, after: &Live) -> Outcome {
        let changes = sentences(&before.document, &after.document);
        Outcome {
            revision: after.revision,
            changed: !changes.is_empty(),
            changes,
            warnings: Vec::new(),
            step: None,
        }
    }

    /// Starts the thread that stores the emergency; none where one is at it already.
    fn store_in_background(&self, actor: &Actor) -> Option<Receiver<Outcome>> {
        let hold = &self.0.hold;
        if hold.is_storing.swap(true, Ordering::SeqCst) {
            return None;
        }
        let (stored, outcome) = mpsc::sync_channel(1);
        let (app, actor) = (Arc::downgrade(&self.0), actor.clone());
        let thread = thread::Builder::new().name("flagdeck-emergency".into());
        match thread.spawn(move || keep_storing(&app, &actor, &stored)) {
            Ok(_) => Some(outcome),
            Err(error) => {
                hold.is_storing.store(false, Ordering::SeqCst);
                hold.failed(&error.to_string());
                None
            }
        }
    }

    /// Makes a revision of the emergency; none where it was taken back.
    fn store_hold(&self, actor: &Actor) -> Result<Option<Outcome>, Error> {
        let turn = self.turn();
        if !turn.is_held() {
            return Ok(None);
        }
        // Another process may have turned everything on, which was not seen yet.
        self.refresh()?;
        let request = ChangeRequest {
            edit: Edit::SetMaster { on: false },
            actor: actor.clone(),
            note: Some(NOTE.into()),
            base: None,
        };
        self.change_in(&turn, request, Losses::Small).map(Some)
    }
}

impl Hold {
    fn begin(&self, actor: &Actor) {
        // Called again while it holds, it is off since the first call.
        if self.emergency.load(Ordering::SeqCst) == 0 {
            self.called.store(Some(Arc::new(AllOff {
                since_ms: Some(now_ms()),
                by: Some(actor.clone()),
                is_stored: false,
            })));
        }
        let number = self.latest.fetch_add(1, Ordering::SeqCst) + 1;
        self.emergency.store(number, Ordering::SeqCst);
    }

    /// Returns since when everything is off by the latest emergency.
    fn called(&self) -> Arc<AllOff> {
        let called = self.called.load_full();
        called.unwrap_or_else(|| Arc::new(AllOff::NEVER_ON))
    }

    /// Returns whether it was this emergency that held.
    fn end(&self, emergency: u64) -> bool {
        let ended =
            self.emergency
                .compare_exchange(emergency, 0, Ordering::SeqCst, Ordering::SeqCst);
        if ended.is_ok() {
            *lock(&self.reason) = None;
        }
        ended.is_ok()
    }

    /// Notes why it is not stored; returns whether that is news.
    fn failed(&self, message: &str) -> bool {
        // What follows is advice to somebody who would have to try again.
        let reason = message.split(';').next().map(str::to_owned);
        let mut known = lock(&self.reason);
        let is_news = *known != reason;
        *known = reason;
        is_news
    }

    /// Says whether the storing thread may end.
    fn may_rest(&self) -> bool {
        if self.emergency.load(Ordering::SeqCst) != 0 {
            return false;
        }
        self.is_storing.store(false, Ordering::SeqCst);
        // Whoever called in between found a thread at work and started none.
        let is_called = self.emergency.load(Ordering::SeqCst) != 0;
        !is_called || self.is_storing.swap(true, Ordering::SeqCst)
    }
}

/// Tries until the emergency is stored or taken back. Holds the application weakly, so that it
/// ends with it.
fn keep_storing(held: &Weak<Inner>, actor: &Actor, stored: &SyncSender<Outcome>) {
    while let Some(inner) = held.upgrade() {
        let app = App(inner);
        match app.store_hold(actor) {
            // Fails only where nobody waits any more.
            Ok(outcome) => outcome.into_iter().for_each(|outcome| {
                let _ = stored.try_send(outcome);
            }),
            Err(error) => {
                tracing::error!(error = error.in_full(), "the emergency is not stored yet");
                if app.0.hold.failed(&error.in_full()) {
                    app.announce(Event::Status);
                }
            }
        }
        if app.0.hold.may_rest() {
            return;
        }
        drop(app);
        thread::sleep(TRY_EVERY);
    }
}
