//! A synthetic host application, which drives a running Flagdeck from outside: what any
//! application would do over HTTP, with nothing behind it. Everything it sends and prints says
//! that it is made up.
//!
//! The host itself is in [`flagdeck::demo`], which the window plays, too.
//!
//! | module | what it does |
//! |---|---|
//! | [`outbox`] | what waits to be sent, bounded |
//! | [`courier`] | sends it, again if it did not arrive |
//! | [`reporter`], [`mod@listen`] | report its state as it changes, and apply restores |
//! | [`follow`] | follows the flags |
//! | [`remote`], [`address`] | the Flagdeck they talk to, and that it is no other program |
//! | [`figures`] | the summary of a run |

mod address;
mod follow;
mod remote;

mod courier;
mod outbox;

mod listen;
mod reporter;

mod figures;

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use flagdeck::address::Address;
use flagdeck::clock::Clock;
use flagdeck::demo::event::ndjson;
use flagdeck::demo::exposure::{Exposure, exposure_of};
use flagdeck::demo::host::{Host, STEP, Traits};
use flagdeck::demo::state::{State, StateSize};
use flagdeck_core::{Compiled, FlagDocument};
use tokio::time::{MissedTickBehavior, interval, interval_at, sleep};

pub use self::address::on_this_machine;
use self::courier::{GaveUp, PATIENCE, deliver};
use self::figures::{Figures, Meter, grouped};
use self::follow::Follower;
use self::outbox::{BATCH_EVENTS_MAX, Outbox};
pub use self::remote::{CallError, Flagdeck};
use self::reporter::{News, Reporter};
use crate::output::Output;

/// How often figures are printed on a terminal, and into a file.
const TELL_AT_ONCE: Duration = Duration::from_secs(1);
const TELL_NOW_AND_THEN: Duration = Duration::from_secs(10);

/// For what is still to be sent when a run ends. An interrupt waits this long at most.
const LAST_POST: Duration = Duration::from_secs(1);

/// Returns the first events of a host, no more than are sent at once.
pub fn first_batch(host: &mut Host) -> Vec<u8> {
    let nobody = exposure(&FlagDocument::default(), host);
    let mut events = host.step(&nobody);
    events.truncate(BATCH_EVENTS_MAX);
    ndjson(&events)
}

/// A host, and the Flagdeck that it reports to.
pub struct Run {
    host: Host,
    exposure: Exposure,
    follower: Follower,
    outbox: Arc<Outbox>,
    reporter: Reporter,
    /// How the courier ended.
    delivered: Receiver<Result<(), GaveUp>>,
    started: Instant,
    steps: u64,
    meter: Meter,
}

impl Run {
    /// Begins a run; `document` and `etag` are the flags in force, `size` that of its state.
    pub fn start(
        host: Host,
        flagdeck: Arc<Flagdeck>,
        document: &FlagDocument,
        etag: Option<String>,
        size: StateSize,
    ) -> Self {
        let outbox = Arc::new(Outbox::default());
        let (ended, delivered) = mpsc::channel();
        let (to, from) = (Arc::clone(&flagdeck), Arc::clone(&outbox));
        thread::spawn(move || {
            // Fails only if the run has ended before.
            let _ = ended.send(deliver(&to, &from, PATIENCE));
        });
        let flags = document.to_tree();
        let state = State::new(size, host.seed(), &flags, Clock::system().now_ms());
        Self {
            exposure: exposure(document, &host),
            reporter: Reporter::start(Arc::clone(&flagdeck), state),
            follower: Follower::start(flagdeck, etag),
            host,
            outbox,
            delivered,
            started: Instant::now(),
            steps: 0,
            meter: Meter::default(),
        }
    }

    /// Plays until it is interrupted, or for `time`, and prints figures.
    ///
    /// # Errors
    /// If Flagdeck takes no more events, or nothing can be printed.
    pub async fn play(
        mut self,
        time: Option<Duration>,
        interrupted: impl Future,
        output: &mut Output,
    ) -> anyhow::Result<()> {
        let mut interrupted = pin!(interrupted);
        let mut over = pin!(async {
            match time {
                Some(time) => sleep(time).await,
                None => std::future::pending().await,
            }
        });
        let mut steps = interval(STEP);
        // A process that was stopped for a while has not calculated in that time.
        steps.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let between = match output.json || output.is_terminal() {
            true => TELL_AT_ONCE,
            false => TELL_NOW_AND_THEN,
        };
        let mut telling = interval_at(tokio::time::Instant::now() + between, between);
        loop {
            tokio::select! {
                biased;
                _ = &mut interrupted => break,
                () = &mut over => break,
                _ = steps.tick() => self.step(),
                _ = telling.tick() => self.tell(output)?,
            }
            if let Some(gave_up) = self.gave_up() {
                self.tell_last(output)?;
                return gave_up;
            }
        }
        self.end(output)
    }

    fn step(&mut self) {
        if let Some(document) = self.follower.latest() {
            self.exposure = exposure(&document, &self.host);
            self.reporter.tell(News::Flags(document.to_tree()));
        }
        let events = self.host.step(&self.exposure);
        self.outbox.put(self.steps, &events);
        self.reporter.tell(News::Happened(events));
        self.steps += 1;
    }

    /// Returns how the courier failed, if it did: while the outbox is open, nothing else ends it.
    fn gave_up(&self) -> Option<anyhow::Result<()>> {
        match self.delivered.try_recv() {
            Err(TryRecvError::Empty) => None,
            Ok(delivered) => Some(delivered.map_err(Into::into)),
            Err(TryRecvError::Disconnected) => Some(Err(anyhow::anyhow!("sending has broken off"))),
        }
    }

    /// Sends what is left, as far as that is quick.
    fn end(mut self, output: &mut Output) -> anyhow::Result<()> {
        self.outbox.close();
        let delivered = self.delivered.recv_timeout(LAST_POST);
        self.tell_last(output)?;
        match delivered {
            // What could not be sent in time is in the figures, and no failure.
            Err(_) => Ok(()),
            Ok(delivered) => delivered.context("the last events were not taken"),
        }
    }

    fn tell(&mut self, output: &mut Output) -> io::Result<()> {
        let figures = self.figures();
        if output.json {
            return output.value_line(&figures);
        }
        if output.is_terminal() {
            return output.rewrite(figures.line());
        }
        output.line(figures.line())?;
        output.finish()
    }

    fn tell_last(&mut self, output: &mut Output) -> io::Result<()> {
        let figures = self.figures().ended();
        match output.json {
            true => output.value_line(&figures),
            false => output.line(figures.line()),
        }
    }

    fn figures(&mut self) -> Figures {
        let elapsed = self.started.elapsed();
        let counts = self.outbox.counts();
        let per_second = self.meter.read(elapsed, counts.sent);
        Figures::new(elapsed, per_second, counts)
            .with_exposure(&self.exposure, self.host.population().size())
            .with_state(self.reporter.reported())
            .with_trouble(self.outbox.trouble())
    }
}

/// Says what is about to be played, and how to have it again.
pub fn announcement(traits: &Traits, address: &Address) -> String {
    let regression = match traits.has_regression {
        true => ", worse where they are on",
        false => "",
    };
    format!(
        "Synthetic host: {} made-up users of {}{regression}, reported to {address}; the seed is {}",
        grouped(traits.users as u64),
        traits.components.join(", "),
        traits.seed,
    )
}

fn exposure(document: &FlagDocument, host: &Host) -> Exposure {
    exposure_of(&Compiled::new(document), host)
}
