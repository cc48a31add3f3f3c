//! Pushes metrics to a Prometheus Pushgateway, if one is configured.
//!
//! Nothing is buffered, and nothing is lost. Counters are cumulative, a gateway keeps only the
//! latest value of each series and refuses timestamps: so one push that arrives says all that
//! those before it would have said. While a gateway is away the ticks that it missed are
//! therefore counted, never stored; the first push that arrives makes up for all of them.
//!
//! A group is named by job and instance, replaced whole by every push, and deleted at the end:
//! a gateway forgets nothing by itself, and would go on showing a Flagdeck that has left.
//!
//! Knows nothing of `App`: its callbacks return what to push, and the gateway. [`health`] reports
//! how it goes.

pub mod health;

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};
use std::{fmt, io};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE;
use thiserror::Error;
use tokio::sync::watch;
use ureq::http::{StatusCode, header};

use crate::address::{Address, NoAddress, without_credentials};
use crate::clock::{Clock, Pauses};
use crate::leader::Lead;
use crate::metrics::shapes::PushHealth;
use crate::outbound::{CallError, Server, excerpt};

/// How long a push may take.
const PUSH_TIME: Duration = Duration::from_secs(5);

/// How long deleting a group may take: short of [`STOP_TIME`].
const DELETE_TIME: Duration = Duration::from_millis(1500);

/// How long [`Pusher::stop`] waits at most. A thread that a gateway keeps waiting ends by itself.
const STOP_TIME: Duration = Duration::from_secs(2);

/// How often to ask for the target at least: a setting is to count soon, even if pushes are
/// hours apart.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a gateway takes without turning counters into values of no type.
const CLASSIC_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where and how often to push; asked again before every push, because settings change while
/// running. Has no `Debug`, because the address may hold a password.
#[derive(Clone)]
pub struct Target {
    /// The address of the gateway, with credentials if it wants some.
    pub gateway: String,
    /// The time from one push to the next.
    pub interval: Duration,
    /// How many missed pushes are counted at most.
    pub buffer_ticks: u64,
    /// Proof that this program leads. Held until the group is deleted, so that no other one
    /// pushes before that.
    pub lead: Lead,
}

/// Pushes for as long as it lives.
pub struct Pusher {
    health: watch::Receiver<Option<PushHealth>>,
    thread: ThreadId,
    /// Dropped to end the thread.
    stop: Option<Sender<()>>,
    /// Disconnected once the thread has ended. In a lock only to be shared between threads.
    ended: Mutex<Receiver<()>>,
}

impl Pusher {
    /// Starts a thread that pushes `text()` (classic exposition text, ending in a newline)
    /// whenever `target()` gives one. `keep` is given how it goes after every push, and none when
    /// nothing is pushed any more. All three are called from that thread; `target` about once a
    /// second.
    ///
    /// # Errors
    /// If there can be no further thread.
    pub fn start(
        target: impl Fn() -> Option<Target> + Send + 'static,
        text: impl Fn() -> String + Send + 'static,
        keep: impl Fn(Option<&PushHealth>) + Send + 'static,
        instance: String,
        clock: Clock,
    ) -> io::Result<Self> {
        let (told, health) = watch::channel(None);
        let (stop, stopped) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let pauses = clock.pauses();
        let run = move || {
            let worker = Worker {
                target,
                text,
                keep,
                group: group(&instance),
                clock,
                pauses,
                health: told,
                _end: end,
            };
            worker.run(&stopped);
        };
        let thread = thread::Builder::new().name("flagdeck-push".into());
        let thread = thread.spawn(run)?;
        Ok(Self {
            health,
            thread: thread.thread().id(),
            stop: Some(stop),
            ended: Mutex::new(ended),
        })
    }

    /// How it goes; None if no gateway is configured.
    pub fn health(&self) -> Option<PushHealth> {
        self.health.borrow().clone()
    }

    /// Returns how it goes from here on, beginning with how it goes at present.
    pub fn watch(&self) -> watch::Receiver<Option<PushHealth>> {
        let mut health = self.health.clone();
        health.mark_changed();
        health
    }

    /// Deletes the group from the gateway and ends the thread, within two seconds. Also done on
    /// drop.
    pub fn stop(self) {
        drop(self);
    }
}

/// Returns the address of a gateway as it may be shown, without its credentials.
pub fn shown(gateway: &str) -> String {
    without_credentials(gateway)
}

/// Says whether an address can be that of a gateway at all; asks nothing.
pub fn is_usable(gateway: &str) -> bool {
    gateway.parse::<Address>().is_ok()
}

impl fmt::Debug for Pusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher").finish_non_exhaustive()
    }
}

impl Drop for Pusher {
    fn drop(&mut self) {
        self.stop = None;
        // What is asked for the target may own this, and be the last to: it must not wait for
        // the thread it is.
        if thread::current().id() != self.thread {
            let ended = self.ended.get_mut();
            let _ = ended
                .unwrap_or_else(PoisonError::into_inner)
                .recv_timeout(STOP_TIME);
        }
    }
}

struct Worker<Where, What, Keep> {
    target: Where,
    text: What,
    keep: Keep,
    clock: Clock,
    pauses: Pauses,
    /// The path of the group.
    group: String,
    health: watch::Sender<Option<PushHealth>>,
    /// Tells by its end that the thread has ended, however it did.
    _end: Sender<()>,
}

impl<Where, What, Keep> Worker<Where, What, Keep>
where
    Where: Fn() -> Option<Target>,
    What: Fn() -> String,
    Keep: Fn(Option<&PushHealth>),
{
    fn run(self, stopped: &Receiver<()>) {
        let mut line: Option<Line> = None;
        let mut pause = Duration::ZERO;
        while self.pauses.receive(stopped, pause) == Err(RecvTimeoutError::Timeout) {
            let target = (self.target)();
            line = self.follow(line, target.as_ref());
            pause = match (&mut line, &target) {
                (Some(line), Some(target)) => self.turn(line, target),
                _ => LOOK_EVERY,
            };
        }
        if let Some(line) = line {
            (self.keep)(None);
            line.delete(&self.group);
        }
    }

    /// Changes to another gateway, or to none, if the settings say so.
    fn follow(&self, line: Option<Line>, target: Option<&Target>) -> Option<Line> {
        let gateway = target.map(|target| target.gateway.as_str());
        if line.as_ref().map(|line| line.gateway.as_str()) == gateway {
            return line;
        }
        if let Some(left) = line {
            left.delete(&self.group);
        }
        let line = target.map(|target| Line::to(target, self.clock.instant()));
        if line.is_none() {
            (self.keep)(None);
        }
        self.tell(line.as_ref());
        line
    }

    /// Does what is due. Returns how long nothing is.
    fn turn(&self, line: &mut Line, target: &Target) -> Duration {
        line.lead = target.lead.clone();
        line.ticks.advance(target, self.clock.instant());
        let is_due = line.ticks.is_due(self.clock.instant());
        if is_due {
            line.push(&self.group, &(self.text)(), &self.clock);
        }
        line.health.waiting = line.ticks.waiting;
        if is_due {
            (self.keep)(Some(&line.health));
        }
        self.tell(Some(line));
        line.ticks.pause(self.clock.instant())
    }

    fn tell(&self, line: Option<&Line>) {
        let health = line.map(|line| line.health.clone());
        self.health.send_if_modified(|told| {
            let is_news = *told != health;
            *told = health;
            is_news
        });
    }
}

/// Pushing to one gateway.
struct Line {
    /// As it is configured.
    gateway: String,
    /// None if it is no address.
    server: Option<Server>,
    ticks: Ticks,
    health: PushHealth,
    lead: Lead,
}

#[derive(Debug, Error)]
enum PushError {
    /// What it answered is for the log alone: a page that was taken over could choose an address,
    /// and read there what only this machine reaches.
    #[error("the gateway refused it: {status}")]
    Refused { status: StatusCode, answer: String },
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Line {
    fn to(target: &Target, now: Instant) -> Self {
        Self {
            gateway: target.gateway.clone(),
            server: target.gateway.parse().ok().map(Server::at),
            ticks: Ticks::from(now, target.interval),
            health: PushHealth {
                gateway: without_credentials(&target.gateway),
                at_ms: None,
                error: None,
                failing_since_ms: None,
                failures: 0,
                waiting: 0,
            },
            lead: target.lead.clone(),
        }
    }

    fn push(&mut self, group: &str, text: &str, clock: &Clock) {
        match self.put(group, text) {
            Ok(()) => self.arrived(clock.now_ms()),
            Err(error) => self.failed(&error, clock),
        }
    }

    fn put(&self, group: &str, text: &str) -> Result<(), PushError> {
        let server = self.server.as_ref().ok_or(CallError::Address(NoAddress))?;
        let request = server.request("PUT", group);
        let request = request.header(header::CONTENT_TYPE, CLASSIC_TEXT);
        let mut response = server.call(request, text, PUSH_TIME)?;
        match response.status().is_success() {
            true => Ok(()),
            false => Err(PushError::Refused {
                status: response.status(),
                answer: excerpt(&mut response),
            }),
        }
    }

    fn arrived(&mut self, now_ms: i64) {
        self.ticks.arrived();
        self.health.at_ms = Some(now_ms);
        self.health.failing_since_ms = None;
        self.health.failures = 0;
        if self.health.error.take().is_some() {
            tracing::info!(gateway = self.health.gateway, "pushing works again");
        }
    }

    /// Logs the first of a row of failures; the row itself is seen in the health.
    fn failed(&mut self, error: &PushError, clock: &Clock) {
        self.ticks.failed(clock.instant());
        self.health.failing_since_ms.get_or_insert(clock.now_ms());
        self.health.failures += 1;
        let first = self.health.error.replace(error.to_string()).is_none();
        if first {
            let answer = match error {
                PushError::Refused { answer, .. } => answer,
                PushError::Call(_) => "",
            };
            tracing::warn!(gateway = self.health.gateway, %error, answer, "cannot push");
        }
    }

    /// Deletes the group as well as can be done in a short time.
    fn delete(self, group: &str) {
        let Some(server) = self.server else { return };
        let request = server.request("DELETE", group);
        if let Err(error) = server.call(request, (), DELETE_TIME) {
            tracing::debug!(gateway = self.health.gateway, %error, "the group stays");
        }
    }
}

/// When to push: at every tick, and between ticks again after one that failed.
struct Ticks {
    interval: Duration,
    next: Instant,
    /// Ticks that no push has made up for.
    waiting: u64,
    retry: Option<(Instant, ExponentialBackoff)>,
}

impl Ticks {
    /// Begins with a tick at once.
    fn from(now: Instant, interval: Duration) -> Self {
        Self {
            interval,
            next: now,
            waiting: 0,
            retry: None,
        }
    }

    /// Counts the ticks until `now`, in the interval that the target gives.
    fn advance(&mut self, target: &Target, now: Instant) {
        let interval = target.interval.max(Duration::from_millis(1));
        if self.interval != interval {
            self.interval = interval;
            self.next = self.next.min(now + interval);
        }
        if self.next <= now {
            let more = (now - self.next).as_nanos() / interval.as_nanos();
            let ticks = u32::try_from(more + 1).unwrap_or(u32::MAX);
            self.next += interval * ticks;
            self.waiting = self.waiting.saturating_add(u64::from(ticks));
        }
        self.waiting = self.waiting.min(target.buffer_ticks.max(1));
    }

    fn is_due(&self, now: Instant) -> bool {
        let may_try = self.retry.as_ref().is_none_or(|(at, _)| *at <= now);
        self.waiting > 0 && may_try
    }

    fn arrived(&mut self) {
        self.waiting = 0;
        self.retry = None;
    }

    /// Puts the next try off, longer with every failure.
    fn failed(&mut self, now: Instant) {
        let delays = self.retry.take().map(|(_, delays)| delays);
        let mut delays = delays.unwrap_or_else(|| delays_up_to(self.interval));
        let delay = delays.next().expect("there is no last delay");
        self.retry = Some((now + delay, delays));
    }

    /// Returns for how long there is nothing to do.
    fn pause(&self, now: Instant) -> Duration {
        let retry = self.retry.as_ref().map(|(at, _)| *at);
        let next = retry.map_or(self.next, |at| at.min(self.next));
        next.saturating_duration_since(now).min(LOOK_EVERY)
    }
}

/// Delays that double, scattered so that those whom a gateway left do not come back all at once.
/// The longest is the interval, but a second at least and a minute at most.
fn delays_up_to(interval: Duration) -> ExponentialBackoff {
    let longest = interval.clamp(Duration::from_secs(1), Duration::from_secs(60));
    // Scattering adds up to a delay's own length.
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(longest / 2)
        .without_max_times()
        .with_jitter()
        .build()
}

/// Returns the path of the group of an instance.
///
/// What a path can hold as it stands is written so; anything else in base64, which the gateway
/// (from 0.9) wants of a value that has a slash or is empty. Of an empty one it wants a `=`,
/// because a path cannot end in nothing.
fn group(instance: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    // A path that ends in a dot or two means another path.
    let is_dots = matches!(instance, "." | "..");
    let (name, value) = match instance {
        "" => ("instance@base64", "=".into()),
        _ if instance.bytes().all(plain) && !is_dots => ("instance", instance.into()),
        _ => ("instance@base64", BASE64_URL_SAFE.encode(instance)),
    };
    format!("/metrics/job/flagdeck/{name}/{value}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leader::{Leader, Role};

    const SECOND: Duration = Duration::from_secs(1);

    fn every(interval: Duration) -> Target {
        let folder = tempfile::tempdir().unwrap();
        let seat = Leader::new(folder.path()).seat(Role::Metrics);
        Target {
            gateway: "http://gate".into(),
            interval,
            buffer_ticks: 5,
            lead: seat.lead().unwrap(),
        }
    }

    #[test]
    fn a_tick_is_due_at_once_and_after_every_interval() {
        let (start, target) = (Instant::now(), every(10 * SECOND));
        let mut ticks = Ticks::from(start, target.interval);
        let mut due_at = |after_s: u32| {
            let now = start + after_s * SECOND;
            ticks.advance(&target, now);
            let is_due = ticks.is_due(now);
            if is_due {
                ticks.arrived();
            }
            is_due
        };
        let due: Vec<u32> = (0..35).filter(|after_s| due_at(*after_s)).collect();
        assert_eq!(due, [0, 10, 20, 30]);
    }

    #[test]
    fn ticks_that_were_missed_are_counted_up_to_the_bound() {
        let (start, target) = (Instant::now(), every(10 * SECOND));
        let mut ticks = Ticks::from(start, target.interval);
        let mut waiting_at = |after_s: u32| {
            ticks.advance(&target, start + after_s * SECOND);
            ticks.waiting
        };
        assert_eq!(waiting_at(0), 1);
        assert_eq!(waiting_at(9), 1);
        assert_eq!(waiting_at(39), 4);
        assert_eq!(waiting_at(1000), 5);
        ticks.arrived();
        assert_eq!(ticks.waiting, 0);
        assert_eq!(ticks.next, start + 1010 * SECOND);
    }

    #[test]
    fn a_failed_push_is_tried_again_before_the_next_tick_but_not_at_once() {
        let (start, target) = (Instant::now(), every(10 * SECOND));
        let mut ticks = Ticks::from(start, target.interval);
        ticks.advance(&target, start);
        ticks.failed(start);
        assert!(!ticks.is_due(start + SECOND / 3));
        assert!(ticks.is_due(start + SECOND));
        assert!(ticks.pause(start) <= SECOND);
    }

    #[test]
    fn delays_grow_and_stay_within_the_interval() {
        let check = |interval: Duration, longest: Duration| {
            let delays: Vec<Duration> = delays_up_to(interval).take(40).collect();
            let half = SECOND / 2;
            assert!((half..=SECOND).contains(&delays[0]), "{:?}", delays[0]);
            let last = delays[39];
            assert!((longest / 2..=longest).contains(&last), "{last:?}");
            assert!(delays.iter().all(|delay| *delay <= longest));
            let first = delays[..].iter().collect::<std::collections::BTreeSet<_>>();
            assert!(first.len() > 20, "they are not scattered");
        };
        check(SECOND / 10, SECOND);
        check(10 * SECOND, 10 * SECOND);
        check(3600 * SECOND, 60 * SECOND);
    }

    #[test]
    fn a_shorter_interval_counts_at_once() {
        let start = Instant::now();
        let mut ticks = Ticks::from(start, 3600 * SECOND);
        ticks.advance(&every(3600 * SECOND), start);
        ticks.arrived();
        ticks.advance(&every(SECOND), start + SECOND);
        assert!(!ticks.is_due(start + SECOND));
        ticks.advance(&every(SECOND), start + 2 * SECOND);
        assert!(ticks.is_due(start + 2 * SECOND));
    }

    #[test]
    fn an_instance_is_written_as_the_gateway_reads_it() {
        let check = |instance, end| {
            assert_eq!(group(instance), format!("/metrics/job/flagdeck/{end}"));
        };
        check("desk-1.example", "instance/desk-1.example");
        check("", "instance@base64/=");
        check("a/b", "instance@base64/YS9i");
        check("..", "instance@base64/Li4=");
        check("a b", "instance@base64/YSBi");
        check("ÿÿ?", "instance@base64/w7_Dvz8=");
    }

    #[test]
    fn a_pusher_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Pusher>();
    }
}
