//! The log of a program, on standard error; `FLAGDECK_LOG` says what goes there.

use std::env;
use std::io::{self, Write};

use flagdeck_core::visible;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

const VARIABLE: &str = "FLAGDECK_LOG";

/// Begins to log what the program does, errors unless `FLAGDECK_LOG` asks for more. A value that
/// cannot be read is an error in the log.
///
/// A line that cannot be written is dropped: standard error may be a file on a full disk, a closed
/// terminal or a pipe without a reader. The subscriber would report that to standard error again,
/// and the thread that logged would panic.
///
/// An event is one line, whatever the paths, names and messages in it hold.
///
/// # Panics
/// If the program logs already.
pub fn init() {
    let given = env::var_os(VARIABLE).unwrap_or_default();
    let given = given.to_string_lossy();
    let errors = EnvFilter::builder().with_default_directive(LevelFilter::ERROR.into());
    let asked = errors.parse(&given);
    let refused = asked.as_ref().err().map(ToString::to_string);
    tracing_subscriber::fmt()
        .with_env_filter(asked.unwrap_or_else(|_| errors.parse_lossy("")))
        .with_writer(|| Lines(io::stderr()))
        .log_internal_errors(false)
        .init();
    if let Some(error) = refused {
        tracing::error!("{VARIABLE} is passed over: \"{given}\" is no filter: {error}");
    }
}

/// Writes each event as one line that is safe to show.
struct Lines<W>(W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = visible(text.trim_end_matches('\n'));
        self.0.write_all(format!("{line}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_whatever_it_tells() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || Lines(writer.clone()))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let path = "/tmp/x\n2026-01-01T00:00:00Z ERROR forged\u{9b}2J\u{202e}";
            tracing::warn!(%path, "backed up\r\u{1b}]0;title\u{7}");
            tracing::info!("next");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            matches!(lines[..], [first, next]
            if first.contains("forged") && next.ends_with("next")),
            "{text:?}"
        );
        let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.contains(acts), "{text:?}");
    }
}
