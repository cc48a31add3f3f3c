//! Reports the state of the synthetic host: all of it once, and then what changes, every second.
//! Takes what a restore asks for, and confirms it.
//!
//! One thread owns the state; the others send it what happened.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use flagdeck::clock::Clock;
use flagdeck_core::tree::Tree;
use serde::Serialize;

use super::listen::{Restore, listen};
use super::remote::{CallError, Flagdeck};
use flagdeck::demo::event::Event;
use flagdeck::demo::state::{Change, State};

/// How often changes are reported.
const BETWEEN: Duration = Duration::from_secs(1);

/// News that may wait while a large state is on its way; what comes beyond is missing from a
/// state that is made up anyway.
const NEWS_WAITING_MAX: usize = 64;

/// What the owner of the state has to know.
#[derive(Debug)]
pub enum News {
    Happened(Vec<Event>),
    /// They are these.
    Flags(Tree),
    /// This restore is to be taken.
    Restored(Restore),
}

/// How reporting stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// Bytes of the state when it was last sent whole; 0 while it never was.
    bytes: usize,
    /// How often it was sent whole.
    wholes: u64,
    /// Changes that were taken.
    changes: u64,
    /// Restores that were applied and confirmed.
    restores: u64,
    /// The current problem; null if there is none.
    pub trouble: Option<String>,
}

/// Sends to the thread that owns the state. Both threads end with the program.
#[derive(Debug)]
pub struct Reporter {
    news: SyncSender<News>,
    reported: Arc<Mutex<Reported>>,
}

impl Reporter {
    /// Starts one thread that reports, and another that listens.
    pub fn start(flagdeck: Arc<Flagdeck>, state: State) -> Self {
        let (news, from) = mpsc::sync_channel(NEWS_WAITING_MAX);
        let reported = Arc::<Mutex<Reported>>::default();
        let (whom, heard) = (Arc::clone(&flagdeck), news.clone());
        thread::spawn(move || listen(&whom, |restore| heard.send(News::Restored(restore)).is_ok()));
        let desk = Desk {
            flagdeck,
            state,
            changes: Vec::new(),
            is_behind: true,
            restore: None,
            reported: Arc::clone(&reported),
        };
        thread::spawn(move || desk.run(&from));
        Self { news, reported }
    }

    /// Sends what happened, unless the queue is full or reporting has ended.
    pub fn tell(&self, news: News) {
        let _ = self.news.try_send(news);
    }

    /// Returns how it stands.
    pub fn reported(&self) -> Reported {
        lock(&self.reported).clone()
    }
}

/// The owner of the state.
struct Desk {
    flagdeck: Arc<Flagdeck>,
    state: State,
    /// Changes that were not reported yet.
    changes: Vec<Change>,
    /// Whether the whole state must be reported: it never was, or it is not known what arrived.
    is_behind: bool,
    /// What is to be taken, and confirmed.
    restore: Option<Restore>,
    reported: Arc<Mutex<Reported>>,
}

impl Desk {
    /// Reports until there is no sense in it any more.
    fn run(mut self, news: &Receiver<News>) {
        let mut due = Instant::now();
        loop {
            let wait = due.saturating_duration_since(Instant::now());
            let sent = match news.recv_timeout(wait) {
                Ok(news) => self.note(news),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    due = Instant::now() + BETWEEN;
                    self.changes
                        .extend(self.state.change(Clock::system().now_ms()));
                    self.send()
                }
            };
            match sent {
                Ok(()) => {}
                // An older one; events it takes all the same.
                Err(CallError::Stateless { .. }) => return,
                Err(error) => {
                    lock(&self.reported).trouble = Some(error.to_string());
                    if !error.is_passing() {
                        return;
                    }
                }
            }
        }
    }

    fn note(&mut self, news: News) -> Result<(), CallError> {
        match news {
            News::Happened(events) => self.state.observe(&events),
            News::Flags(flags) => {
                let changes = self.state.follow(flags, Clock::system().now_ms());
                self.changes.extend(changes);
            }
            News::Restored(restore) => {
                self.restore = Some(restore);
                // At once: a person waits for it.
                return self.send();
            }
        }
        Ok(())
    }

    /// Tells what Flagdeck does not know, then takes what a restore asks for: that is laid on
    /// what was reported.
    fn send(&mut self) -> Result<(), CallError> {
        if self.is_behind {
            self.send_whole(None)?;
        } else if !self.changes.is_empty() {
            self.send_changes()?;
        }
        if let Some(restore) = self.restore.clone() {
            self.take(&restore)?;
            self.restore = None;
        }
        lock(&self.reported).trouble = None;
        Ok(())
    }

    fn take(&mut self, restore: &Restore) -> Result<(), CallError> {
        if let Some(ml) = self.flagdeck.asked(&restore.href)? {
            self.state.take_in(ml);
            self.send_whole(Some(restore.id))?;
            lock(&self.reported).restores += 1;
        }
        Ok(())
    }

    fn send_whole(&mut self, restore: Option<u64>) -> Result<(), CallError> {
        let text = self.state.ml().to_string();
        self.flagdeck
            .put_state(text.as_bytes(), self.state.files(), restore)?;
        self.changes.clear();
        self.is_behind = false;
        let mut reported = lock(&self.reported);
        reported.bytes = text.len();
        reported.wholes += 1;
        Ok(())
    }

    fn send_changes(&mut self) -> Result<(), CallError> {
        let changes = std::mem::take(&mut self.changes);
        // Until it is answered: they may have been taken, or not.
        self.is_behind = true;
        self.flagdeck.post_changes(&changes)?;
        self.is_behind = false;
        lock(&self.reported).changes += changes.len() as u64;
        Ok(())
    }
}

/// Locks; what a panic left behind is whole, because nothing here panics half-way.
fn lock(reported: &Mutex<Reported>) -> MutexGuard<'_, Reported> {
    reported.lock().unwrap_or_else(PoisonError::into_inner)
}
