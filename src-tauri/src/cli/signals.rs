//! The signals that ask this process to end.

use std::fs;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind};

/// Every signal that ends a process and can be caught, but those that report a fault in it.
/// `SIGUSR2` is not among them: with that, one Flagdeck asks another to write its store back.
const ALL: [Signal; 10] = [
    Signal::HUP,
    Signal::INT,
    Signal::QUIT,
    Signal::TERM,
    Signal::USR1,
    Signal::ALARM,
    Signal::VTALARM,
    Signal::PROF,
    Signal::XCPU,
    Signal::XFSZ,
];

/// The signals that ask this process to end, listened to from [`EndSignals::listen`] on.
pub struct EndSignals(Vec<(Signal, unix::Signal)>);

impl EndSignals {
    /// Begins to listen: from here on, none of them ends the process directly. One that the
    /// process was started to ignore, as by `nohup`, stays ignored, but for `SIGINT`: a script
    /// starts its background jobs so, and Ctrl-C is to end them with the script.
    ///
    /// # Errors
    /// If a signal cannot be listened to, or outside a runtime.
    pub fn listen() -> io::Result<Self> {
        let ignored = ignored();
        let is_heard = |signal: &Signal| *signal == Signal::INT || !is_in(*signal, ignored);
        let heard = ALL.into_iter().filter(is_heard);
        let heard = heard.map(|signal| {
            let kind = SignalKind::from_raw(signal.as_raw());
            Ok((signal, unix::signal(kind)?))
        });
        Ok(Self(heard.collect::<io::Result<_>>()?))
    }

    /// Waits for the next one. Dropping the future loses none.
    pub async fn next(&mut self) -> Signal {
        poll_fn(|context| {
            let arrived = self.0.iter_mut().find_map(|(signal, arrivals)| {
                arrivals.poll_recv(context).is_ready().then_some(*signal)
            });
            arrived.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// Returns the signals that this process ignores, the lowest as the lowest bit; none if the
/// system does not tell.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or_default()
}

fn is_in(signal: Signal, mask: u64) -> bool {
    mask & (1 << (signal.as_raw() - 1)) != 0
}
