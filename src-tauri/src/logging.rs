//! The log of a program, on standard error; `FLAGDECK_LOG` says what goes there.

use tracing_subscriber::EnvFilter;

/// Begins to log what the program does, errors unless `FLAGDECK_LOG` asks for more.
///
/// A line that cannot be written is left out: standard error may be a file on a full disk, a
/// terminal that was closed or a pipe that nobody reads. The subscriber would report that to
/// standard error again, and the thread that logged would end by it.
///
/// # Panics
/// If the program logs already.
pub fn init() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_env("FLAGDECK_LOG"))
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
}
