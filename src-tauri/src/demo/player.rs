//! Plays the synthetic host within this program: a thread that reports as an application would over
//! HTTP, until it is stopped.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::event::{SOURCE, ndjson};
use super::exposure::{Exposure, exposure_of};
use super::host::{Host, STEP};
use super::state::{Change, State, StateSize};
use crate::app::App;
use crate::error::Error;
use crate::flags::Scope;
use crate::format::Format as ChangesFormat;
use crate::lock::lock;
use crate::metrics::event::Format as EventsFormat;
use crate::state::SourceName;

/// Steps between two reports of the state, and looks for restores: a second.
const STEPS_BETWEEN_STATES: u64 = 4;

/// A host that plays. Dropped, it stops and waits for its thread.
#[derive(Debug)]
pub struct Player {
    trouble: Arc<Mutex<Option<String>>>,
    /// Dropped with this: the thread ends.
    running: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Player {
    /// Starts a thread that plays.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub fn start(app: App, host: Host) -> Result<Self, Error> {
        let trouble = Arc::<Mutex<Option<String>>>::default();
        let (running, is_running) = mpsc::channel();
        let place = app.data_dir().to_owned();
        let stage = Stage::new(app, host, Arc::clone(&trouble));
        let thread = thread::Builder::new().name("flagdeck-demo".into());
        let started = thread.spawn(move || stage.play(&is_running));
        let thread = started.map_err(|source: io::Error| Error::File {
            path: place,
            source,
        })?;
        Ok(Self {
            trouble,
            running: Some(running),
            thread: Some(thread),
        })
    }

    /// Returns whether it plays; it ends by itself if its source is removed.
    pub fn is_playing(&self) -> bool {
        let thread = self.thread.as_ref();
        thread.is_some_and(|thread| !thread.is_finished())
    }

    /// Returns why it cannot report; `None` if it can.
    pub fn trouble(&self) -> Option<String> {
        lock(&self.trouble).clone()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            // It panics on a defect alone, which the panic itself reports.
            let _ = thread.join();
        }
    }
}

/// What the thread owns.
struct Stage {
    app: App,
    source: SourceName,
    host: Host,
    exposure: Exposure,
    /// The generation of the flags that the exposure is of.
    seen: String,
    state: State,
    changes: Vec<Change>,
    /// Whether Flagdeck has the state of this source.
    is_known: bool,
    /// Whether the whole state must be reported.
    is_behind: bool,
    trouble: Arc<Mutex<Option<String>>>,
}

/// Whether to continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Continue,
    End,
}

impl Stage {
    fn new(app: App, host: Host, trouble: Arc<Mutex<Option<String>>>) -> Self {
        let live = app.flags().in_force(Scope::Everyone);
        let flags = live.document.to_tree();
        Self {
            source: SOURCE.parse().expect("a name of a source"),
            exposure: exposure_of(&live.compiled, &host),
            seen: live.generation.etag(),
            state: State::new(StateSize::Typical, host.seed(), &flags, app.now_ms()),
            changes: Vec::new(),
            is_known: false,
            is_behind: true,
            app,
            host,
            trouble,
        }
    }

    fn play(mut self, is_running: &Receiver<()>) {
        let mut steps: u64 = 0;
        while is_running.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
            self.follow();
            let happened = self.step();
            let reported = match steps.is_multiple_of(STEPS_BETWEEN_STATES) {
                true => self.report_state(),
                false => Ok(Next::Continue),
            };
            steps += 1;
            let trouble = happened.err().or_else(|| {
                let error = reported.as_ref().err();
                error.map(Error::in_full)
            });
            *lock(&self.trouble) = trouble;
            if reported.is_ok_and(|next| next == Next::End) {
                return;
            }
        }
    }

    /// Follows the flags.
    fn follow(&mut self) {
        let live = self.app.flags().in_force(Scope::Everyone);
        let etag = live.generation.etag();
        if etag == self.seen {
            return;
        }
        self.seen = etag;
        self.exposure = exposure_of(&live.compiled, &self.host);
        let flags = live.document.to_tree();
        let changes = self.state.follow(flags, self.app.now_ms());
        self.changes.extend(changes);
    }

    /// Lets a step pass, and reports what happened.
    fn step(&mut self) -> Result<(), String> {
        let events = self.host.step(&self.exposure);
        self.state.observe(&events);
        let batch = ndjson(&events);
        let delivery = self.app.report(&batch, EventsFormat::NdJson, None);
        // Made-up events that cannot be stored are missed by none.
        delivery.map(drop).map_err(|error| error.to_string())
    }

    /// Reports the state, and applies a restore if one is asked for.
    fn report_state(&mut self) -> Result<Next, Error> {
        if self.is_known && !self.app.state_marks().contains_key(&self.source) {
            return self.leave();
        }
        self.changes.extend(self.state.change(self.app.now_ms()));
        match self.is_behind {
            true => self.put_state(None)?,
            false => self.record_changes()?,
        }
        self.apply_restore()?;
        Ok(Next::Continue)
    }

    /// Ends, because another program removed the source: what was reported since goes, too.
    fn leave(&self) -> Result<Next, Error> {
        match self.app.remove_source(&self.source) {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(Next::End),
            Err(error) => Err(error),
        }
    }

    fn record_changes(&mut self) -> Result<(), Error> {
        let changes = std::mem::take(&mut self.changes);
        let text = serde_json::to_vec(&changes).expect("a change is plain data");
        // Until it is known that they were recorded.
        self.is_behind = true;
        self.app
            .record_changes(&self.source, &text, ChangesFormat::Json)?;
        self.is_behind = false;
        Ok(())
    }

    fn apply_restore(&mut self) -> Result<(), Error> {
        let open = self.app.open_restores()?;
        let own = open.into_iter().find(|restore| restore.source == SOURCE);
        let Some(restore) = own else {
            return Ok(());
        };
        let asked = self.app.asked_state(&self.source, restore.id)?;
        self.state.take_in((*asked.state.ml).clone());
        self.put_state(Some(restore.id))
    }

    fn put_state(&mut self, restore: Option<u64>) -> Result<(), Error> {
        let text = self.state.ml().to_string();
        let files = Some(self.state.files() as u64);
        self.app.put_state(&self.source, text, files, restore)?;
        self.changes.clear();
        self.is_known = true;
        self.is_behind = false;
        Ok(())
    }
}
