//! Brings batches to Flagdeck, one after the other, and again if one did not arrive.

use std::thread;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};

use super::outbox::{Batch, Outbox};
use super::remote::{CallError, Flagdeck, Receipt};

/// How long nothing may be heard before it is given up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Flagdeck may ask for more time, but not for ever.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// First and longest time between two attempts, jitter apart.
const BACKOFF_MIN: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// Why it was given up.
#[derive(Debug, thiserror::Error)]
pub enum GaveUp {
    /// It would not get better.
    #[error(transparent)]
    Final(#[from] CallError),
    /// It did not get better.
    #[error("no events were taken for {} s, and it was given up", .patience.as_secs())]
    Silence {
        patience: Duration,
        /// The latest failure.
        source: CallError,
    },
}

/// Sends what comes out of the outbox until it is closed and empty.
///
/// # Errors
/// [`GaveUp`], with the batch in hand not sent.
pub fn deliver(flagdeck: &Flagdeck, outbox: &Outbox, patience: Duration) -> Result<(), GaveUp> {
    while let Some(batch) = outbox.take() {
        let receipt = insist(flagdeck, outbox, &batch, patience)?;
        outbox.settle(&batch, &receipt);
    }
    Ok(())
}

/// Sends one batch until it is answered for.
fn insist(
    flagdeck: &Flagdeck,
    outbox: &Outbox,
    batch: &Batch,
    patience: Duration,
) -> Result<Receipt, GaveUp> {
    let mut heard_at = Instant::now();
    let mut waits = ExponentialBuilder::new()
        .with_min_delay(BACKOFF_MIN)
        .with_max_delay(BACKOFF_MAX)
        .with_jitter()
        .without_max_times()
        .build();
    loop {
        let error = match flagdeck.send(batch) {
            Ok(receipt) => return Ok(receipt),
            Err(error) if !error.is_passing() => return Err(error.into()),
            Err(error) => error,
        };
        let wait = waits.next().expect("the number of attempts is not limited");
        let wait = match &error {
            CallError::Full { after, .. } => {
                // Busy is not silent.
                heard_at = Instant::now();
                after.map_or(wait, |after| after.min(WAIT_MAX) + wait.mul_f32(0.25))
            }
            _ => wait,
        };
        if heard_at.elapsed() >= patience {
            return Err(GaveUp::Silence {
                patience,
                source: error,
            });
        }
        outbox.report(error.to_string());
        thread::sleep(wait);
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use flagdeck::address::Address;

    use super::*;
    use flagdeck::demo::event::Event;

    #[test]
    fn who_never_answers_is_given_up_with_the_reason() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let folder = tempfile::tempdir().unwrap();
        let address = Address::of_port(port);
        let flagdeck = Flagdeck::at(address, folder.path().to_owned());
        let outbox = Outbox::default();
        outbox.put(0, &[Event::Usage]);
        let gave_up = deliver(&flagdeck, &outbox, Duration::from_millis(300));
        let Err(GaveUp::Silence { source, .. }) = gave_up else {
            panic!("{gave_up:?}");
        };
        assert!(source.to_string().contains("no program listens there"));
        assert!(outbox.trouble().is_some());
        assert_eq!(outbox.counts().waiting(), 1);
        assert!(!folder.path().join("token").exists());
    }
}
