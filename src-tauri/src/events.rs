//! Events, announced to all listeners: the faces, and the threads that notify clients.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::store::RevisionNumber;

/// Announcements that wait for a slow listener before it misses some and reads everything again.
const WAITING_MAX: usize = 64;

/// Something happened. Listeners read the new state from [`App`].
///
/// [`App`]: crate::App
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Other flags are in force; this is the revision they are based on.
    Flags(RevisionNumber),
    /// Overrides for single applications or users began or ended.
    Targeted,
    /// Something else about the application: its address, a notice.
    Status,
    /// The state of a source, or its snapshots, changed; `None` stands for any source.
    State(Option<Arc<str>>),
    /// A state was restored, by this restore.
    Restored(u64),
    /// A rollout was looked at again: its ramp, its evidence, a decision.
    Rollouts,
    /// A rollout was rolled back because it did harm, by this decision.
    RolledBack(u64),
    /// The token was replaced, or its file was.
    Token,
}

/// The way to announce events. Clones announce to the same listeners.
#[derive(Debug, Clone)]
pub struct Events(broadcast::Sender<Event>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING_MAX))
    }
}

impl Events {
    /// Subscribes to events from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }

    /// Announces an event to every listener.
    pub fn announce(&self, event: Event) {
        // An error means that there are no listeners.
        let _ = self.0.send(event);
    }
}
