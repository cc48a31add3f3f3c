//! What an open application does by itself: it sees what other processes save and what people
//! write into its settings, notices when its files were removed or replaced, and backs up.
//!
//! One thread that holds the application weakly, so that it ends with it.

use std::sync::Weak;
use std::thread;
use std::time::{Duration, Instant};

use super::{App, Inner};
use crate::error::Error;
use crate::wire::Level;

/// How often to ask whether somebody else wrote. A third of the 300 ms in which a change by
/// another process is to be seen.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often to ask whether somebody edited the settings.
const SETTINGS_CHECK_EVERY: Duration = Duration::from_secs(1);

/// How often to judge what applications report. A verdict is of whole seconds.
const JUDGE_EVERY: Duration = Duration::from_secs(1);

/// How often to look into what is in the place of a store that was lost.
const GONE_CHECK_EVERY: Duration = Duration::from_millis(500);

/// How often to ask whether a backup is due.
const BACK_UP_CHECK_EVERY: Duration = Duration::from_secs(60);

pub(super) fn start(app: &App) {
    let watched = std::sync::Arc::downgrade(&app.0);
    let watch = move || run(&watched);
    let thread = thread::Builder::new().name("flagdeck-watch".into());
    if let Err(error) = thread.spawn(watch) {
        let message = format!("Changes by other programs will not be seen: {error}.");
        app.notify(Level::Warning, message);
    }
}

fn run(watched: &Weak<Inner>) {
    let mut seen = None;
    let mut settings = Every::new(SETTINGS_CHECK_EVERY);
    let mut gone = Every::new(GONE_CHECK_EVERY);
    let mut backup = Every::new(BACK_UP_CHECK_EVERY);
    let mut verdicts = Every::new(JUDGE_EVERY);
    while let Some(inner) = watched.upgrade() {
        let app = App(inner);
        if app.gone().is_none() || gone.is_due() {
            app.look_at_place();
        }
        if app.gone().is_none() {
            seen = look(&app, seen);
            app.count_switches();
            if verdicts.is_due()
                && let Err(error) = app.judge()
            {
                // A caller that asks for a verdict gets the error as well.
                tracing::warn!(error = error.in_full(), "what is reported cannot be judged");
            }
            if settings.is_due() {
                app.reread_settings();
                app.remember_small_files();
            }
            if backup.is_due() {
                back_up(&app);
            }
        }
        drop(app);
        thread::sleep(LOOK_EVERY);
    }
}

/// Something to be done at once, and again and again.
struct Every {
    pause: Duration,
    done: Option<Instant>,
}

impl Every {
    fn new(pause: Duration) -> Self {
        Self { pause, done: None }
    }

    /// Says whether it is to be done, and takes it for done.
    fn is_due(&mut self) -> bool {
        let is_due = self.done.is_none_or(|at| at.elapsed() >= self.pause);
        if is_due {
            self.done = Some(Instant::now());
        }
        is_due
    }
}

/// Returns the version of the store that is in force now.
fn look(app: &App, seen: Option<u64>) -> Option<u64> {
    let refreshed = app
        .flags()
        .store()
        .version()
        .map_err(Error::from)
        .and_then(|version| {
            if seen != Some(version) {
                app.flags().refresh()?;
            }
            Ok(version)
        });
    match refreshed {
        Ok(version) => Some(version),
        Err(error) => {
            let message = format!("The store cannot be read: {}.", error.in_full());
            app.notify(Level::Error, message);
            seen
        }
    }
}

fn back_up(app: &App) {
    match app.flags().back_up_when_due() {
        Ok(Some(path)) => tracing::info!(path = %path.display(), "backed up"),
        Ok(None) => {}
        Err(error) => {
            let message = format!("No backup could be made: {}.", error.in_full());
            app.notify(Level::Warning, message);
        }
    }
}
