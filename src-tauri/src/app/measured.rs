//! What applications report, as the application sees it: collected with the flags in force, shown
//! with the changes of the flags and the limits of the settings, pushed as configured.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use flagdeck_core::measure::Arm;
use flagdeck_core::{Reason, User, changes, summary, switches};
use tokio::sync::watch;

use super::notices::Level;
use super::verdicts::Judge;
use super::{App, Inner};
use crate::config;
use crate::error::Error;
use crate::flags::Scope;
use crate::lock::lock;
use crate::metrics::collector::Checkpoint;
use crate::metrics::event::Callbacks;
use crate::metrics::limits::MARKS_MAX;
use crate::metrics::push::{self, Pusher, Target, health};
use crate::metrics::shapes::{ChartQuery, Charts, Limits, Pulse, PushHealth};
use crate::metrics::{
    self, Delivery, IntakeError, Metrics, drawing, event, exposition, prometheus,
};
use crate::store::Mark;
use crate::store::{HistoryFilter, RevisionNumber, RevisionSummary};

/// Revisions whose switches are counted in one pass, so that the caller is not delayed.
const REVISIONS_COUNTED_MAX: u64 = 100;

impl App {
    /// Collects a batch of events. If an event does not say which arm it is of, that is evaluated
    /// with the flags in force. A key keeps the batch from being counted twice.
    ///
    /// # Errors
    /// [`IntakeError`] if it cannot be read, finds no room, or nothing is collected.
    pub fn report(
        &self,
        bytes: &[u8],
        format: event::Format,
        key: Option<Box<str>>,
    ) -> Result<Delivery, IntakeError> {
        let metrics = self.collecting()?;
        let flags = self.flags().in_force(Scope::Everyone);
        let expose = |component: &str, id: &str, groups: &[&str]| {
            let evaluation = flags.compiled.evaluate(component, &User { id, groups });
            match evaluation.reason {
                Reason::Unknown => Arm::Unknown,
                _ => Arm::of(evaluation.value),
            }
        };
        let is_component = |component: &str| flags.compiled.component(component).is_some();
        let users = RefCell::new(Vec::new());
        let note_user = |id: &str, groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|&name| name.to_owned()).collect();
            users.borrow_mut().push((id.to_owned(), groups));
        };
        let callbacks = Callbacks {
            on_user: self.config().metrics.keep_users.then_some(&note_user),
            ..Callbacks::new(&expose)
        };
        let delivery = metrics.take_in(bytes, format, key, callbacks, &is_component)?;
        self.rosters().note_seen(&users.into_inner());
        Ok(delivery)
    }

    /// Returns all metrics as Prometheus reads them.
    ///
    /// # Errors
    /// [`IntakeError::Unavailable`] if nothing is collected.
    pub fn metrics_text(&self, format: exposition::Format) -> Result<String, IntakeError> {
        let followed = self.followed_figures();
        Ok(self.collecting()?.exposition().text(format, followed))
    }

    /// Returns the pulse of the last minutes; `None` if nothing differs from the pulse `since`.
    ///
    /// # Errors
    /// If the changes of the flags cannot be read.
    pub fn pulse(&self, since: Option<u64>) -> Result<Option<Pulse>, Error> {
        let Some(metrics) = &self.0.metrics else {
            return Ok(None);
        };
        let Some(mut pulse) = metrics.pulse(since, self.limits()) else {
            return Ok(None);
        };
        pulse.push = self.pushing();
        if !self.config().metrics.enabled {
            pulse.trouble = Some("Metrics are switched off in the settings.".into());
        }
        let from_ms = pulse.at_ms - i64::from(pulse.span_s) * 1000;
        (pulse.marks, _) = self.marks(from_ms, pulse.at_ms + 1)?;
        self.judge_live(&mut pulse)?;
        Ok(Some(pulse))
    }

    /// Draws a span of what was reported, with the changes of the flags in it.
    ///
    /// # Errors
    /// If what was kept cannot be read.
    pub fn charts(&self, query: &ChartQuery) -> Result<Charts, Error> {
        let config = self.config();
        let mut charts = match config.metrics.prometheus.as_deref() {
            Some(address) if !query.own => {
                drawing::draw_from(address, query, self.limits(), self.now_ms()).map_err(
                    |source| Error::Prometheus {
                        address: prometheus::shown(address),
                        source,
                    },
                )?
            }
            _ => {
                let metrics = self.0.metrics.as_ref().ok_or(Error::NotCollecting)?;
                metrics.draw(query, self.limits())?
            }
        };
        let (mut marks, total) = self.marks(query.from_ms, query.to_ms)?;
        marks.reverse();
        charts.marks = marks;
        charts.marks_total = total;
        Ok(charts)
    }

    /// Returns the last minutes and all totals, as stored in the data folder by the program that
    /// collects; `None` if none ever did. Judged without an earlier verdict, which is not stored.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn glance(&self) -> Result<Option<(Pulse, Checkpoint)>, Error> {
        let Some(kept) = metrics::glance(&self.0.data_dir, self.limits(), self.now_ms())? else {
            return Ok(None);
        };
        let mut pulse = kept.pulse.clone();
        pulse.push = self.pushing();
        let mut judge = Judge::default();
        self.judge_pulse(&mut pulse, &mut judge, |since_ms| kept.judged(since_ms))?;
        Ok(Some((pulse, kept.counted)))
    }

    /// Returns how pushing to a gateway goes, of this program or of another on the data folder;
    /// `None` if neither pushes.
    pub fn pushing(&self) -> Option<PushHealth> {
        let own = lock(&self.0.pusher).as_ref().and_then(Pusher::health);
        own.or_else(|| health::of_another(&self.0.data_dir))
    }

    /// Returns the gateway that the settings name, without the password of its address, and
    /// whether that can be an address at all.
    pub fn push_gateway(&self) -> Option<(String, bool)> {
        let metrics = &self.config().metrics;
        let gateway = metrics.push_gateway.as_deref();
        let gateway = gateway.filter(|_| metrics.enabled)?;
        Some((push::shown(gateway), push::is_usable(gateway)))
    }

    /// Returns how pushing by this program goes from here on; `None` if it never pushes.
    pub fn watch_pushing(&self) -> Option<watch::Receiver<Option<PushHealth>>> {
        lock(&self.0.pusher).as_ref().map(Pusher::watch)
    }

    /// Ends the background work of an open application: measurements are stored, and the gateway
    /// forgets this instance. Also done when the last clone is dropped.
    pub fn close(&self) {
        // A lane ends when what it does has ended, and a server may be slow.
        self.0.follower.end();
        let lanes = std::mem::take(&mut *lock(&self.0.lanes));
        drop(lanes);
        // The gateway first, while there is something to push.
        let pusher = lock(&self.0.pusher).take();
        drop(pusher);
        if let Some(metrics) = &self.0.metrics {
            metrics.close();
        }
    }

    /// Starts pushing as configured.
    pub(super) fn start_pushing(&self) {
        let data_dir = self.0.data_dir.clone();
        note(health::forget_ended(&data_dir));
        let (target, text) = (Arc::downgrade(&self.0), Arc::downgrade(&self.0));
        let pusher = Pusher::start(
            move || target_of(&target),
            move || text_of(&text),
            move |health| note(health::keep(&data_dir, health)),
            instance(&self.0.data_dir),
            self.0.clock.clone(),
        );
        match pusher {
            Ok(pusher) => *lock(&self.0.pusher) = Some(pusher),
            Err(error) => {
                let message = format!("Nothing is pushed to a gateway: {error}.");
                self.notify(Level::Warning, message);
            }
        }
    }

    /// Counts how often components were switched in the revisions since the last call.
    pub(super) fn count_switches(&self) {
        let Some(metrics) = &self.0.metrics else {
            return;
        };
        let latest = self.flags().live().revision.0;
        let after = metrics.toggles().through;
        let counted = match after {
            // The first call, or the flags are those of an older file.
            None => latest,
            Some(counted) => counted.min(latest),
        };
        let until = latest.min(counted + REVISIONS_COUNTED_MAX);
        if after == Some(until) {
            return;
        }
        let switched = (counted + 1..=until).map(RevisionNumber);
        let switched = switched.map(|number| self.switches_of(number).unwrap_or(0));
        metrics.count_toggles(after, until, switched.sum());
    }

    /// Returns how often a revision switched something. One that cannot be read is reported
    /// elsewhere.
    fn switches_of(&self, number: RevisionNumber) -> Result<u64, Error> {
        let flags = self.flags();
        let before = flags.document_at(flags.before(number)?)?;
        let after = flags.document_at(number)?;
        Ok(switches(&changes(&before.to_tree(), &after.to_tree())) as u64)
    }

    /// Returns the collector of events.
    fn collecting(&self) -> Result<&Metrics, IntakeError> {
        let unavailable = |reason: &str| IntakeError::Unavailable {
            reason: reason.into(),
        };
        if !self.config().metrics.enabled {
            return Err(unavailable("the setting metrics.enabled is off"));
        }
        let metrics = self.0.metrics.as_ref();
        metrics.ok_or_else(|| unavailable("this program does not stay open"))
    }

    /// Lists changes of the flags from a moment to before another, latest first, and counts
    /// all of them.
    pub(super) fn marks(&self, from_ms: i64, to_ms: i64) -> Result<(Vec<Mark>, usize), Error> {
        let filter = HistoryFilter {
            since_ms: Some(from_ms),
            until_ms: Some(to_ms),
            ..HistoryFilter::default()
        };
        let page = self.flags().history(&filter, 0, MARKS_MAX)?;
        Ok((page.revisions.iter().map(mark).collect(), page.total))
    }

    pub(super) fn limits(&self) -> Limits {
        const MIB: f64 = 1024.0 * 1024.0;
        let config = self.config();
        let triggers = &config.rollback.triggers;
        Limits {
            error_share: triggers.error_rate,
            response_s: triggers.response_time_ms as f64 / 1000.0,
            calculation_s: config.performance.max_calculation_time_ms as f64 / 1000.0,
            memory_bytes: triggers.memory_threshold_bytes as f64,
            host_memory_bytes: config.performance.max_memory_mb as f64 * MIB,
        }
    }
}

/// Where to push, if this program is the one that does.
fn target_of(app: &Weak<Inner>) -> Option<Target> {
    let app = App(app.upgrade()?);
    let config = app.config();
    let gateway = config.metrics.push_gateway.clone();
    Some(Target {
        gateway: gateway.filter(|_| config.metrics.enabled)?,
        lead: app.0.metrics.as_ref().and_then(Metrics::lead)?,
        interval: Duration::from_millis(config.metrics.interval_ms),
        buffer_ticks: config.metrics.buffer_ticks,
    })
}

fn text_of(app: &Weak<Inner>) -> String {
    let app = app.upgrade().map(App);
    let text = app.and_then(|app| app.metrics_text(exposition::Format::Classic).ok());
    text.unwrap_or_default()
}

/// Logs that other programs on the data folder cannot see how pushing goes.
fn note(kept: io::Result<()>) {
    if let Err(error) = kept {
        tracing::debug!(%error, "how pushing goes is not kept");
    }
}

/// The instance label at a gateway: the machine, and the data folder if it is not the default one.
fn instance(data_dir: &Path) -> String {
    let machine = rustix::system::uname();
    let machine = machine.nodename().to_string_lossy();
    if config::default_data_dir().is_some_and(|usual| usual == data_dir) {
        return machine.into();
    }
    let folder = blake3::hash(data_dir.as_os_str().as_encoded_bytes()).to_hex();
    format!("{machine}-{}", &folder[..8])
}

fn mark(revision: &RevisionSummary) -> Mark {
    Mark {
        revision: revision.number.0,
        at_ms: revision.at_ms,
        sentence: summary(&revision.changes),
    }
}
