//! What an open application does by itself: it sees what other processes save and what people
//! write into its settings, notices when its files were removed or replaced, tells of states,
//! takes and removes snapshots, judges, and backs up.
//!
//! Lanes of chores that hold the application weakly, so that they end with it. The one only
//! looks: nothing in it waits for a long transaction, so a change by another program is seen
//! within 100 ms and a restore told within 250 ms while the second lane backs up or thins,
//! the third waits for the server of a followed document, and the fourth watches rollouts.
//!
//! Every program on a folder looks, and counts and judges for itself. What is written to the
//! folder on schedule is written by the leader alone.

use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use super::following::{self, Fetcher};
use super::notices::{Level, Notice};
use super::rollouts::Watcher;
use super::states::{Told, look_after, recount, take_due, tell_of_changes, thin};
use super::{App, Event, Inner};
use crate::chores::{Chore, Lane};
use crate::error::Error;
use crate::leader::{self, Leader, Role, Seat};
use crate::lock::lock;
use crate::state::limits::THIN_EVERY;
use crate::trusted_time::TimeKeeper;

/// How often to look whether another program changed the flags. A third of the 300 ms in which
/// such a change is to be seen.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often to look whether a state changed or is to be restored.
const LOOK_AT_STATES_EVERY: Duration = Duration::from_millis(250);

/// How often to look whether the settings were edited.
const LOOK_AT_SETTINGS_EVERY: Duration = Duration::from_secs(1);

/// How often to look whether there is something else to tell people.
const LOOK_AT_NOTICES_EVERY: Duration = Duration::from_secs(1);

/// How often to try whether a store that can only be read can be written again.
const TRY_TO_WRITE_EVERY: Duration = Duration::from_secs(1);

/// How often to look into what is in the place of a store that was lost.
const LOOK_AT_GONE_EVERY: Duration = Duration::from_millis(500);

/// How often to count the switches that revisions made.
const COUNT_EVERY: Duration = Duration::from_millis(100);

/// How often to judge what applications report. A verdict is of whole seconds.
const JUDGE_EVERY: Duration = Duration::from_secs(1);

/// How often to look whether a snapshot is due.
const SNAPSHOT_CHECK_EVERY: Duration = Duration::from_secs(1);

/// How often to look at rollouts.
const LOOK_AT_ROLLOUTS_EVERY: Duration = Duration::from_secs(1);

/// How often to look at the clock, for what it may delete.
const LOOK_AT_CLOCK_EVERY: Duration = Duration::from_secs(1);

/// How often users in events are added to their roster.
const KEEP_SEEN_EVERY: Duration = Duration::from_secs(10);

/// How often to look whether a slider has not moved for long.
const DROP_SLIDER_EVERY: Duration = Duration::from_secs(10);

/// How often to look whether a backup is due.
const BACK_UP_CHECK_EVERY: Duration = Duration::from_secs(60);

/// A part that leads cannot do its work; why is told.
#[derive(Debug)]
pub(super) struct CannotWork;

impl App {
    /// Starts the lanes.
    pub(super) fn start_chores(&self) {
        // Read before anything can be done, so that all of it is told.
        let told = Told::now(self);
        self.start_lane("flagdeck-looks", looks(told, self.notices()));
        self.start_lane("flagdeck-chores", chores(&self.0.leader));
        self.start_lane("flagdeck-follows", follows(&self.0.leader));
        self.start_lane("flagdeck-rollouts", rollouts(&self.0.leader));
    }

    fn start_lane(&self, name: &str, chores: Vec<Chore<App>>) {
        let held: Weak<Inner> = Arc::downgrade(&self.0);
        match Lane::start(name, &self.0.clock, move || held.upgrade().map(App), chores) {
            Ok(lane) => lock(&self.0.lanes).push(lane),
            Err(error) => {
                let message = format!("Flagdeck does nothing by itself: {error}.");
                self.notify(Level::Warning, message);
            }
        }
    }
}

/// What only looks.
fn looks(mut told: Told, mut known: Vec<Notice>) -> Vec<Chore<App>> {
    let (mut seen, mut looked) = (None, None);
    vec![
        Chore::new("place and flags", LOOK_EVERY, move |app: &App| {
            look_at_place(app, &mut looked);
            if app.gone().is_none() {
                seen = look(app, seen);
                app.flags().look_at_targeted();
            }
        }),
        Chore::new("states", LOOK_AT_STATES_EVERY, move |app| {
            tell_of_changes(app, &mut told);
        }),
        Chore::new(
            "settings",
            LOOK_AT_SETTINGS_EVERY,
            in_place(|app| {
                app.reread_settings();
                app.remember_small_files();
            }),
        ),
        Chore::new("notices", LOOK_AT_NOTICES_EVERY, move |app: &App| {
            app.look_at_notices(&mut known);
        }),
    ]
}

/// What may take long.
fn chores(leader: &Leader) -> Vec<Chore<App>> {
    let flags = Arc::new(leader.seat(Role::Flags));
    let states = Arc::new(leader.seat(Role::States));
    vec![
        Chore::new("leading", leader::ASK_EVERY, ask_to_lead([&flags, &states])),
        Chore::new("writing", TRY_TO_WRITE_EVERY, in_place(try_to_write)),
        Chore::new("switches", COUNT_EVERY, in_place(App::count_switches)),
        Chore::new("verdicts", JUDGE_EVERY, in_place(judge)),
        Chore::new("states", SNAPSHOT_CHECK_EVERY, in_place(look_after)),
        Chore::new(
            "snapshots",
            SNAPSHOT_CHECK_EVERY,
            leading(&states, take_due),
        ),
        Chore::new(
            "counts of changes",
            SNAPSHOT_CHECK_EVERY,
            leading(&states, recount),
        ),
        Chore::new("time", LOOK_AT_CLOCK_EVERY, leading(&flags, keep_time())),
        Chore::new("seen users", KEEP_SEEN_EVERY, in_place(keep_seen)),
        Chore::new("slider", DROP_SLIDER_EVERY, App::drop_still_slider),
        Chore::new("backup", BACK_UP_CHECK_EVERY, leading(&flags, back_up)),
        Chore::new("thinning", THIN_EVERY, leading(&states, thin)).later(),
    ]
}

/// What waits for servers.
fn follows(leader: &Leader) -> Vec<Chore<App>> {
    let seat = leader.seat(Role::Upstream);
    let mut fetcher = Fetcher::default();
    let mut leads = false;
    let follow = in_place(move |app: &App| {
        // A program with nothing to follow leaves that to another one.
        let lead = Fetcher::is_wanted(app).then(|| seat.lead()).flatten();
        match &lead {
            // Held until what was fetched is adopted.
            Some(_lead) => fetcher.look(app),
            None => fetcher.rest(app),
        }
        if std::mem::replace(&mut leads, lead.is_some()) && !leads {
            seat.resign();
        }
    });
    vec![Chore::new(
        "followed document",
        following::LOOK_EVERY,
        follow,
    )]
}

/// What watches rollouts: nothing that takes long keeps it from rolling back.
fn rollouts(leader: &Leader) -> Vec<Chore<App>> {
    let seat = leader.seat(Role::Rollouts);
    let mut watcher = Watcher::default();
    let look = in_place(move |app: &App| watcher.look(app, &seat));
    vec![Chore::new("rollouts", LOOK_AT_ROLLOUTS_EVERY, look)]
}

/// Does nothing while the data folder is not in place.
fn in_place(mut work: impl FnMut(&App) + Send + 'static) -> impl FnMut(&App) + Send + 'static {
    move |app| {
        if app.gone().is_none() {
            work(app);
        }
    }
}

/// Does nothing if another program leads. Work that fails may not fail in another program, which
/// can lead then.
fn leading(
    seat: &Arc<Seat>,
    work: impl Fn(&App) -> Result<(), CannotWork> + Send + 'static,
) -> impl FnMut(&App) + Send + 'static {
    let seat = Arc::clone(seat);
    in_place(move |app| {
        // Held until the work is done.
        let lead = seat.lead();
        if lead.is_some() && work(app).is_err() {
            seat.resign();
        }
    })
}

/// Takes over soon also what is done seldom.
fn ask_to_lead<const N: usize>(seats: [&Arc<Seat>; N]) -> impl FnMut(&App) + Send + 'static {
    let seats = seats.map(Arc::clone);
    in_place(move |_| {
        for seat in &seats {
            let _ = seat.lead();
        }
    })
}

/// Looks at the files: often while they are in place, seldom into what replaced them.
fn look_at_place(app: &App, looked: &mut Option<Instant>) {
    let now = app.0.clock.instant();
    let is_due = looked.is_none_or(|at| now >= at + LOOK_AT_GONE_EVERY);
    if app.gone().is_none() || is_due {
        *looked = Some(now);
        app.look_at_place();
    }
}

/// Returns the version of the store that is in force now.
fn look(app: &App, seen: Option<u64>) -> Option<u64> {
    let version = app.flags().store().version();
    let refreshed = version.map_err(Error::from).and_then(|version| {
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

/// Keeps the time that things are deleted by.
fn keep_time() -> impl Fn(&App) -> Result<(), CannotWork> + Send + 'static {
    let keeper = Mutex::new(None);
    move |app| {
        let mut keeper = lock(&keeper);
        let keeper = keeper.get_or_insert_with(|| TimeKeeper::new(app.data_dir()));
        match keeper.look(app.data_dir(), &app.0.clock) {
            Ok(told) => {
                told.into_iter()
                    .for_each(|told| app.notify(Level::Warning, told));
                Ok(())
            }
            Err(error) => {
                // Nothing is deleted too early without it.
                tracing::warn!(%error, "the running time is not kept");
                Err(CannotWork)
            }
        }
    }
}

/// Adds users in events to their roster. What cannot be stored waits.
fn keep_seen(app: &App) {
    if let Err(error) = app.rosters().keep_seen() {
        tracing::warn!(%error, "users in events are not kept");
    }
}

/// Opens a store again that can only be read, if that may have passed.
fn try_to_write(app: &App) {
    match app.flags().store().write_again(app.now_ms()) {
        Ok(false) => {}
        Ok(true) => {
            tracing::info!("the store can be written again");
            app.announce(Event::Status);
        }
        Err(error) => tracing::debug!(%error, "the store still cannot be written"),
    }
}

fn judge(app: &App) {
    if let Err(error) = app.judge() {
        // A caller that asks for a verdict gets the error as well.
        tracing::warn!(error = error.in_full(), "what is reported cannot be judged");
    }
}

fn back_up(app: &App) -> Result<(), CannotWork> {
    if app.flags().read_only().is_some() {
        // That is told already, and passes with its reason.
        return Err(CannotWork);
    }
    match app.flags().back_up_when_due() {
        Ok(Some(path)) => tracing::info!(path = %path.display(), "backed up"),
        Ok(None) => {}
        Err(error) => {
            let message = format!("No backup could be made: {}.", error.in_full());
            app.notify(Level::Warning, message);
            return Err(CannotWork);
        }
    }
    Ok(())
}
