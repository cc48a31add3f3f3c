//! Applications on real folders, and what is done with all of them.

use std::path::Path;

use flagdeck::clock::Clock;
use flagdeck::metrics::event::Format;
use flagdeck::metrics::store::MetricsReader;
use flagdeck::metrics::{IntakeError, Receipt};
use flagdeck::store::{Actor, HistoryFilter, RevisionSummary, Via};
use flagdeck::{App, ChangeRequest, Options, Outcome};
use flagdeck_core::{Edit, Percentage, RolloutChange};
use tempfile::TempDir;

use super::waiting::settle;

/// When a clock that stands is started: the first moment of 2026, in milliseconds since 1970.
const NEW_YEAR_MS: i64 = 1_767_225_600_000;

/// Returns a clock that stands.
pub fn standing_clock() -> Clock {
    Clock::standing_at(NEW_YEAR_MS)
}

/// Returns a clock that stands two minutes ago: other programs, which go by the machine's clock,
/// find what is done by this one in their past.
pub fn clock_of_a_moment_ago() -> Clock {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    Clock::standing_at(now_ms - 120_000)
}

/// Opens an application as a command does that does its work and ends.
pub fn open(folder: &Path) -> App {
    App::open(Options::new(folder)).unwrap()
}

/// Opens an application as a program does that stays open.
pub fn open_watching(folder: &Path) -> App {
    App::open(watching(folder)).unwrap()
}

/// The same by a clock that stands, and with all done that is due at once.
#[track_caller]
pub fn open_watching_by(folder: &Path, clock: &Clock) -> App {
    let options = Options {
        clock: clock.clone(),
        ..watching(folder)
    };
    let app = App::open(options).unwrap();
    settle(clock);
    app
}

fn watching(folder: &Path) -> Options {
    Options {
        watch: true,
        ..Options::new(folder)
    }
}

/// A data folder, and a clock that stands for the programs on it.
pub struct Place {
    pub folder: TempDir,
    pub clock: Clock,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: standing_clock(),
        }
    }

    /// Opens an application as a program does that stays open, with all done that is due at once.
    #[track_caller]
    pub fn open(&self) -> App {
        open_watching_by(self.folder.path(), &self.clock)
    }

    /// Opens what was measured.
    #[track_caller]
    pub fn measured(&self) -> MetricsReader {
        MetricsReader::open(self.folder.path()).unwrap().unwrap()
    }
}

/// Closes an application at once, even if a thread of it still holds a clone.
pub fn close(app: App) {
    app.close();
    drop(app);
}

pub fn someone() -> Actor {
    Actor::new(Via::Window, "someone")
}

/// A change by someone, on whatever revision is the latest.
pub fn request(edit: Edit) -> ChangeRequest {
    request_by(&someone(), edit)
}

pub fn request_by(actor: &Actor, edit: Edit) -> ChangeRequest {
    ChangeRequest {
        edit,
        actor: actor.clone(),
        note: None,
        base: None,
    }
}

#[track_caller]
pub fn change(app: &App, edit: Edit) -> Outcome {
    app.flags().change(request(edit)).unwrap()
}

#[track_caller]
pub fn turn_master(app: &App, on: bool) {
    change(app, Edit::SetMaster { on });
}

#[track_caller]
pub fn switch(app: &App, component: &str, on: bool) {
    let paths = vec![component.parse().unwrap()];
    change(app, Edit::SetComponents { paths, on });
}

/// An edit of the default rollout, in thousandths of a percent.
pub fn rollout(percent_milli: u32) -> Edit {
    rollout_of(None, percent_milli)
}

/// An edit of the default rollout or of a custom one.
pub fn rollout_of(component: Option<&str>, percent_milli: u32) -> Edit {
    Edit::SetRollout {
        component: component.map(|path| path.parse().unwrap()),
        change: RolloutChange {
            percentage: Some(Percentage::from_milli(percent_milli).unwrap()),
            ..RolloutChange::default()
        },
    }
}

#[track_caller]
pub fn set_percentage(app: &App, percent_milli: u32) {
    change(app, rollout(percent_milli));
}

/// The percentage of the default rollout that is stored, in thousandths of a percent.
pub fn percentage(app: &App) -> u32 {
    app.flags().live().document.rollout.percentage.milli()
}

/// The latest revisions, the last one first.
pub fn history(app: &App) -> Vec<RevisionSummary> {
    let flags = app.flags();
    let page = flags.history(&HistoryFilter::default(), 0, 100);
    page.unwrap().revisions
}

/// Reports events, one a line, and waits for the answer.
pub fn report(app: &App, lines: &str) -> Result<Receipt, IntakeError> {
    report_under(app, lines, None)
}

/// The same under an idempotency key.
pub fn report_under(app: &App, lines: &str, key: Option<&str>) -> Result<Receipt, IntakeError> {
    let key = key.map(Into::into);
    let delivery = app.report(lines.as_bytes(), Format::NdJson, key)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(delivery.stored())
}

/// Checks that everything on the disk is sound.
#[track_caller]
pub fn assert_sound(app: &App) {
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
}
