//! Follows the flags of a running Flagdeck: reads them once a second, and reports what has changed.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use flagdeck_core::FlagDocument;

use super::remote::{Flagdeck, Flags};

const BETWEEN: Duration = Duration::from_secs(1);

/// Documents as they come into force.
#[derive(Debug)]
pub struct Follower {
    documents: Receiver<FlagDocument>,
    /// Dropped with this: then the asking ends.
    _running: Sender<()>,
}

impl Follower {
    /// Starts a thread that waits for flags other than these.
    pub fn start(flagdeck: Arc<Flagdeck>, etag: Option<String>) -> Self {
        let (changed, documents) = mpsc::channel();
        let (running, is_running) = mpsc::channel();
        thread::spawn(move || follow(&flagdeck, etag, &changed, &is_running));
        Self {
            documents,
            _running: running,
        }
    }

    /// Returns the flags in force, if they have changed.
    pub fn latest(&self) -> Option<FlagDocument> {
        self.documents.try_iter().last()
    }
}

fn follow(
    flagdeck: &Flagdeck,
    mut etag: Option<String>,
    changed: &Sender<FlagDocument>,
    is_running: &Receiver<()>,
) {
    while is_running.recv_timeout(BETWEEN) == Err(mpsc::RecvTimeoutError::Timeout) {
        // While there is no answer, and if there is one that cannot be understood, the flags
        // before count on; whether Flagdeck is there is the courier's concern.
        let Ok(Some(flags)) = flagdeck.flags(etag.as_deref()) else {
            continue;
        };
        let Flags { document, etag: of } = flags;
        etag = of;
        if changed.send(document).is_err() {
            return;
        }
    }
}
