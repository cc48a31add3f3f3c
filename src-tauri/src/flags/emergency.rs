//! Turns everything off at once, whatever hangs, and stores that as soon as possible.
//!
//! What is in force is off from the moment a call is noted, which waits for nothing: it is a layer
//! over what is stored (see `layers`). A separate thread makes the revision that stores it, and
//! tries until it is saved or the emergency is taken back.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use flagdeck_core::{Edit, summary};

use super::layers::{Layer, Scope, layered};
use super::live::{AllOff, Live};
use super::replacing::Losses;
use super::undo_log::UndoStep;
use super::{ChangeRequest, Flags, Inner, Outcome, Step, sentences};
use crate::error::Error;
use crate::events::Event;
use crate::lock::lock;
use crate::store::Actor;

/// How long the caller of an emergency waits to be told its revision. Far more than a commit takes;
/// after that, people are told that it is not stored yet.
const STORED_WITHIN: Duration = Duration::from_millis(500);

/// Between two attempts to store it.
const TRY_EVERY: Duration = Duration::from_millis(500);

/// What the revision says of itself.
const NOTE: &str = "Emergency off";

/// The emergency that is ahead of what is stored, if any.
#[derive(Debug, Default)]
pub(super) struct Emergency {
    /// The latest call; `None` while what is stored is in force. All that readers look at.
    call: ArcSwapOption<Call>,
    /// Held by each attempt to store it, and by each change until it is stored: an earlier attempt
    /// cannot overtake a person who takes the emergency back.
    changing: Mutex<()>,
    /// Whether a thread tries to store it.
    is_storing: AtomicBool,
    /// Why the latest attempt failed.
    reason: Mutex<Option<String>>,
}

/// One call for everything to be off.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// A random number, the same for each call of one emergency.
    pub(super) number: u64,
    /// Since when everything is off, and by whom.
    pub(super) all_off: Arc<AllOff>,
}

/// The right to change the flags, which the emergency's own attempts have to wait for.
pub(super) struct ChangeGuard<'a> {
    /// The emergency in force during the change.
    call: Option<Arc<Call>>,
    _alone: Option<MutexGuard<'a, ()>>,
}

impl ChangeGuard<'_> {
    /// Returns what people see in place of what is stored, and mean when they change it.
    pub(super) fn shown(&self, live: &Arc<Live>) -> Arc<Live> {
        layered(live, self.call.as_deref().map(Layer::Off))
    }
}

impl Flags {
    /// Turns everything off for every user. In force at once, before anything blocks; returns when
    /// it is stored too, or after half a second.
    ///
    /// What cannot be stored yet is tried again until it can, the application closes, or a change
    /// turns the master switch on. [`Flags::is_emergency`] is true until then.
    pub fn emergency_off(&self, actor: &Actor) -> Outcome {
        self.0.emergency.begin(actor, self.0.clock.now_ms());
        let revision = self.in_force(Scope::Everyone).revision;
        self.0.events.announce(Event::Flags(revision));
        let stored = self.store_in_background(actor);
        let outcome = stored.and_then(|stored| stored.recv_timeout(STORED_WITHIN).ok());
        outcome.unwrap_or_else(|| {
            self.0.events.announce(Event::Status);
            let off = self.in_force(Scope::Everyone);
            emergency_outcome(&self.live(), &off)
        })
    }

    /// Returns whether everything is off by an emergency that is not stored yet.
    pub fn is_emergency(&self) -> bool {
        self.0.emergency.call().is_some()
    }

    pub(super) fn guard(&self) -> ChangeGuard<'_> {
        let emergency = &self.0.emergency;
        let alone = self.is_emergency().then(|| lock(&emergency.changing));
        ChangeGuard {
            // After the lock: the attempt that held it may have ended the emergency.
            call: alone.as_ref().and_then(|_| emergency.call()),
            _alone: alone,
        }
    }

    /// Ends the emergency of a change: what is stored is in force again. Keeps one that was called
    /// since.
    pub(super) fn end_emergency(&self, guard: &ChangeGuard<'_>) {
        let Some(call) = &guard.call else { return };
        if self.0.emergency.end(call) {
            self.0.events.announce(Event::Flags(self.live().revision));
            self.0.events.announce(Event::Status);
        }
    }

    /// Takes back an emergency that changed what is in force; `None` if there is none.
    pub(super) fn undo_emergency(&self, guard: &ChangeGuard<'_>) -> Option<Outcome> {
        let live = self.live();
        let is_ahead = guard.call.is_some() && live.document.enabled;
        is_ahead.then(|| {
            self.end_emergency(guard);
            let off = guard.shown(&live);
            let step = summary(&sentences(&live.document, &off.document));
            emergency_outcome(&off, &live).of(Step::Undone(step))
        })
    }

    /// Returns the step that [`Flags::undo_emergency`] would take.
    pub(super) fn emergency_step(&self) -> Option<UndoStep> {
        let call = self.0.emergency.call()?;
        let live = self.live();
        let off = layered(&live, [Layer::Off(&call)]);
        live.document.enabled.then(|| UndoStep {
            revision: live.revision,
            sentence: summary(&sentences(&live.document, &off.document)),
            actor: None,
            at_ms: None,
        })
    }

    /// Returns why an emergency in force is not stored yet; `None` if there is none, or no attempt
    /// has failed.
    pub fn why_not_stored(&self) -> Option<String> {
        let reason = lock(&self.0.emergency.reason).clone();
        reason.filter(|_| self.is_emergency())
    }

    /// Reports that what is in force is not stored, and what to do.
    pub(crate) fn not_stored(&self) -> Option<String> {
        self.is_emergency().then(|| {
            let reason = self.why_not_stored();
            let reason = reason.unwrap_or_else(|| "the store does not answer".into());
            format!(
                "All flags are off, but that is not stored yet: {reason}. Keep Flagdeck open, it \
                 tries again until it succeeds. To take it back, turn the master switch on."
            )
        })
    }

    /// Starts the thread that stores the emergency; `None` if one is running already.
    fn store_in_background(&self, actor: &Actor) -> Option<Receiver<Outcome>> {
        let emergency = &self.0.emergency;
        if emergency.is_storing.swap(true, Ordering::SeqCst) {
            return None;
        }
        let (stored, outcome) = mpsc::sync_channel(1);
        let (flags, actor) = (Arc::downgrade(&self.0), actor.clone());
        let thread = thread::Builder::new().name("flagdeck-emergency".into());
        match thread.spawn(move || keep_storing(&flags, &actor, &stored)) {
            Ok(_) => Some(outcome),
            Err(error) => {
                emergency.is_storing.store(false, Ordering::SeqCst);
                emergency.failed(&error.to_string());
                None
            }
        }
    }

    /// Makes a revision of the emergency; `None` if it was taken back.
    fn store_emergency(&self, actor: &Actor) -> Result<Option<Outcome>, Error> {
        let guard = self.guard();
        if guard.call.is_none() {
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
        self.change_in(&guard, request, Losses::Small, None)
            .map(Some)
    }
}

/// Returns a unique random number. Cannot fail.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn emergency_outcome(before: &Live, after: &Live) -> Outcome {
    let changes = sentences(&before.document, &after.document);
    Outcome {
        revision: after.revision,
        changed: !changes.is_empty(),
        changes,
        warnings: Vec::new(),
        step: None,
        overrides: None,
    }
}

impl Emergency {
    /// Returns the emergency that is ahead of what is stored.
    pub(super) fn call(&self) -> Option<Arc<Call>> {
        self.call.load_full()
    }

    fn begin(&self, actor: &Actor, now_ms: i64) {
        let first = Call {
            number: random(),
            all_off: Arc::new(AllOff {
                since_ms: Some(now_ms),
                by: Some(actor.clone()),
                is_stored: false,
            }),
        };
        // Called again before it ended, it is off since the first call; but a change that began
        // before does not end it.
        self.call.rcu(|before| {
            let call = before.as_deref().unwrap_or(&first);
            Some(Arc::new(call.clone()))
        });
    }

    /// Returns whether it was this call that was in force.
    fn end(&self, call: &Arc<Call>) -> bool {
        let before = self.call.compare_and_swap(call, None);
        let is_ended = before.as_ref().is_some_and(|it| Arc::ptr_eq(it, call));
        if is_ended {
            *lock(&self.reason) = None;
        }
        is_ended
    }

    /// Notes why it is not stored; returns whether that is news.
    fn failed(&self, message: &str) -> bool {
        // The rest of the message is advice for a user who has to retry.
        let reason = message.split(';').next().map(str::to_owned);
        let mut known = lock(&self.reason);
        let is_news = *known != reason;
        *known = reason;
        is_news
    }

    /// Returns whether the storing thread may end.
    fn may_rest(&self) -> bool {
        if self.call().is_some() {
            return false;
        }
        self.is_storing.store(false, Ordering::SeqCst);
        // A call between the two found this thread running and started none.
        self.call().is_none() || self.is_storing.swap(true, Ordering::SeqCst)
    }
}

/// Tries until the emergency is stored or taken back. Holds the flags weakly, so that it ends
/// with them.
fn keep_storing(held: &Weak<Inner>, actor: &Actor, stored: &SyncSender<Outcome>) {
    while let Some(inner) = held.upgrade() {
        let flags = Flags(inner);
        match flags.store_emergency(actor) {
            // Fails only if the caller waits no more.
            Ok(outcome) => outcome.into_iter().for_each(|outcome| {
                let _ = stored.try_send(outcome);
            }),
            Err(error) => {
                tracing::error!(error = error.in_full(), "the emergency is not stored yet");
                if flags.0.emergency.failed(&error.in_full()) {
                    flags.0.events.announce(Event::Status);
                }
            }
        }
        if flags.0.emergency.may_rest() {
            return;
        }
        drop(flags);
        thread::sleep(TRY_EVERY);
    }
}
