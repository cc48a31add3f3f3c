//! Waiting with a timeout.

use std::thread;
use std::time::{Duration, Instant};

/// The pause between two tries: far below what a person notices, far above what a try costs.
const PAUSE: Duration = Duration::from_millis(10);

/// Tries until there is an answer; `None` if there was none after `patience`.
pub(super) fn wait<T, E>(
    patience: Duration,
    mut attempt: impl FnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let start = Instant::now();
    loop {
        if let Some(answer) = attempt()? {
            return Ok(Some(answer));
        }
        if start.elapsed() >= patience {
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}
