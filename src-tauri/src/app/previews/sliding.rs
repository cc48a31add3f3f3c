//! A slider that moves: users are hashed once, and each step of it looks up how many there are.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use flagdeck_core::affected::slide::{Slide, Slider};
use flagdeck_core::{
    ComponentPath, Edit, FlagDocument, Percentage, Rollout, RolloutChange, Roster, Touched, apply,
};

use super::shapes::{RosterCounted, Tally};
use super::{App, Compared, Over, Pair, counting, tally};
use crate::error::Error;
use crate::flags::Scope;
use crate::lock::lock;
use crate::store::RevisionNumber;

/// How long a slider that does not move stays prepared.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// A rollout whose slider moves.
#[derive(Debug, Clone)]
pub struct Moving {
    /// The component whose own rollout it is; the default rollout if `None`.
    pub component: Option<ComponentPath>,
    /// The rollout as it is at this moment.
    pub change: RolloutChange,
}

/// The slider that moved last: it may take a hundred megabytes, and is dropped when it has not moved
/// for a minute.
#[derive(Debug, Default)]
pub struct Sliding(Mutex<Option<Prepared>>);

/// Users who were hashed for a rollout.
#[derive(Debug)]
struct Prepared {
    of: Subject,
    /// Whose roster it is. Held weakly: another one may take its place.
    roster: Weak<Roster>,
    components: usize,
    touched: Slide<Touched>,
    /// When it was looked up last.
    used: Instant,
}

/// What was prepared, apart from the roster.
#[derive(Debug, Clone, PartialEq)]
struct Subject {
    revision: RevisionNumber,
    component: Option<ComponentPath>,
    /// Its percentage does not count, and is 0.
    rollout: Rollout,
}

/// A document, and the percentage of one of its rollouts that would be.
struct Step {
    saved: FlagDocument,
    subject: Subject,
    percentage: Percentage,
}

impl App {
    /// Says what a rollout would do to whom with the slider where it is, and changes nothing. The
    /// first step looks at every user of the roster, and so does the first after a change.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::NotFound`] if there cannot be such a rollout or there is no
    /// such roster.
    pub fn slide(&self, moving: &Moving, over: &Over) -> Result<Tally, Error> {
        let step = self.step(moving)?;
        let Some((counted, roster)) = self.roster_of(over)? else {
            return Ok(step.expected());
        };
        let mut prepared = lock(&self.0.sliding.0);
        if !prepared.as_ref().is_some_and(|it| it.is_of(&step, &roster)) {
            // Before the next one is made: both may be large.
            *prepared = None;
            let now = self.0.clock.instant();
            *prepared = Some(Prepared::of(&step, &roster, self.threads(), now));
        }
        let prepared = prepared.as_mut().expect("it was prepared");
        prepared.used = self.0.clock.instant();
        Ok(prepared.at(&step, counted, &roster))
    }

    /// Drops what was prepared for a slider if it has not moved for a minute, or if its roster is in
    /// memory no more.
    pub(in crate::app) fn drop_still_slider(&self) {
        let now = self.0.clock.instant();
        let mut prepared = lock(&self.0.sliding.0);
        if prepared.as_ref().is_some_and(|it| it.is_still(now)) {
            *prepared = None;
        }
    }

    fn step(&self, moving: &Moving) -> Result<Step, Error> {
        let live = self.flags().in_force(Scope::Everyone);
        let component = moving.component.clone();
        let edit = Edit::SetRollout {
            component: component.clone(),
            change: moving.change.clone(),
        };
        let mut after = apply(&live.document, &edit)?.document;
        let rollout = match &component {
            Some(path) => after.rollouts.remove(path).unwrap_or_default(),
            None => after.rollout,
        };
        Ok(Step {
            saved: live.document.clone(),
            percentage: rollout.percentage,
            subject: Subject {
                revision: live.revision,
                component,
                rollout: Rollout {
                    percentage: Percentage::ZERO,
                    ..rollout
                },
            },
        })
    }
}

impl Step {
    fn slider(&self) -> Slider {
        let Subject {
            component, rollout, ..
        } = &self.subject;
        let slider = Slider::new(&self.saved, component.as_ref(), rollout);
        slider.expect("an edit of the rollout was applied to the document")
    }

    /// Says what part of all users to expect, for want of a roster.
    fn expected(self) -> Tally {
        let pair = Pair {
            revision: self.subject.revision,
            after: self.slider().document(self.percentage),
            before: self.saved,
        };
        Compared::of(&pair).expected().all
    }
}

impl Prepared {
    fn of(step: &Step, roster: &Arc<Roster>, threads: usize, now: Instant) -> Self {
        let slider = step.slider();
        let go_on = |_, _| ControlFlow::Continue(());
        let touched = counting::in_shares(roster.len(), threads, &go_on, |range, done| {
            slider.keys_touched(roster, range, |so_far, _| done(so_far))
        });
        let touched = Slide::new(roster, &touched.expect("nothing breaks it off"));
        Self {
            of: step.subject.clone(),
            roster: Arc::downgrade(roster),
            components: slider.components().len(),
            touched,
            used: now,
        }
    }

    fn is_still(&self, now: Instant) -> bool {
        now.duration_since(self.used) >= KEPT_FOR || self.roster.strong_count() == 0
    }

    fn is_of(&self, step: &Step, roster: &Arc<Roster>) -> bool {
        self.of == step.subject && Weak::ptr_eq(&self.roster, &Arc::downgrade(roster))
    }

    fn at(&self, step: &Step, counted: RosterCounted, roster: &Roster) -> Tally {
        let touched = self.touched.at(step.percentage);
        tally(self.of.revision, counted, roster, &touched, self.components)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::thread;

    use super::*;
    use crate::app::Options;
    use crate::clock::Clock;
    use crate::rosters::ImportRequest;
    use crate::source::SourceName;

    /// Lets time pass, and waits until the chores that became due were done.
    fn let_pass(clock: &Clock, seconds: u64) {
        clock.advance(Duration::from_secs(seconds));
        while !clock.is_idle() {
            thread::yield_now();
        }
    }

    fn move_slider(app: &App) {
        let moving = Moving {
            component: None,
            change: RolloutChange::default(),
        };
        app.slide(&moving, &Over::Latest).expect("a roster");
    }

    fn is_prepared(app: &App) -> bool {
        lock(&app.0.sliding.0).is_some()
    }

    fn import(app: &App, folder: &Path) {
        let file = folder.join("people.csv");
        fs::write(&file, "ada\nben\n").expect("a file");
        let request = ImportRequest {
            file,
            table: None,
            name: SourceName::known("people"),
        };
        let go_on = &mut |_| ControlFlow::Continue(());
        app.rosters().import(&request, go_on).expect("a roster");
    }

    #[test]
    fn a_slider_that_does_not_move_is_dropped_and_so_is_one_without_its_roster() {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::standing_at(0);
        let app = App::open(Options {
            clock: clock.clone(),
            watch: true,
            ..Options::new(&folder.path().join("data"))
        })
        .expect("an application");
        import(&app, folder.path());
        move_slider(&app);
        let_pass(&clock, 50);
        assert!(is_prepared(&app), "it moved less than a minute ago");
        move_slider(&app);
        let_pass(&clock, 50);
        assert!(is_prepared(&app), "it moved again");
        let_pass(&clock, 20);
        assert!(!is_prepared(&app), "it did not move for a minute");
        move_slider(&app);
        app.rosters()
            .remove(&SourceName::known("people"))
            .expect("removed");
        let_pass(&clock, 10);
        assert!(!is_prepared(&app), "its roster is gone");
        app.close();
    }
}
