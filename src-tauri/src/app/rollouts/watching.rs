//! The one program on a folder that watches rollouts: it judges what is reported, decides, and lets
//! ramps go on.
//!
//! Everything that a step or a decision depends on is stored before the flags are changed, so that
//! the next program goes on where a killed one was.

mod calls;
mod ramps;

use std::sync::Arc;
use std::time::{Duration, Instant};

use flagdeck_core::FlagDocument;
use flagdeck_core::guard::{Action, Block};
use flagdeck_core::limits::RAMP_GAP_MS_MAX;
use flagdeck_core::ramp::{Gap, Unwatched};

use self::calls::Calls;
use self::ramps::Ramps;
pub(super) use self::ramps::zone_of;
use super::super::{App, Event, Level};
use super::counted::{self, Counted};
use super::words;
use crate::error::Error;
use crate::flags::Scope;
use crate::flags::live::Live;
use crate::leader::{Lead, Seat};
use crate::metrics::Metrics;
use crate::rollouts::counting::is_whole;
use crate::rollouts::course::{Course, Judged};
use crate::rollouts::limits::{BLOCK_AGE_MS, BLOCK_MS, SHARE_SETTLES_MS, WATCHED_MAX};
use crate::rollouts::shapes::{
    Decision, GuardRules, Happened, Outcome, OwnGuardRules, TimelineEntry,
};
use crate::rollouts::store::{self, Attempt, AttemptInfo, Seen};
use crate::rollouts::{Known, RolloutsError};

/// How often that somebody watches is noted, and how far ramps are.
const KEEP_EVERY: Duration = Duration::from_secs(10);

/// Watches, while this program leads.
#[derive(Debug, Default)]
pub(in crate::app) struct Watcher {
    lead: Option<Lead>,
    watch: Option<Watch>,
    calls: Calls,
}

/// What is known since this program began to lead.
#[derive(Debug)]
struct Watch {
    attempts: Vec<Watched>,
    ramps: Ramps,
    /// What was in force at the last look.
    live: Arc<Live>,
    looked: Instant,
    looked_ms: i64,
    kept: Option<Instant>,
}

/// An attempt that goes on.
#[derive(Debug)]
struct Watched {
    attempt: Attempt,
    course: Course,
}

/// One look.
#[derive(Debug)]
struct Moment {
    now_ms: i64,
    /// How much time passed since the last one, as far as somebody can have watched.
    passed: Duration,
    /// When nobody did.
    gap: Option<Gap>,
    live: Arc<Live>,
    counted: Counted,
    is_due_to_keep: bool,
}

/// A block that was judged: its number, when it ended, in milliseconds since 1970, and what it counts.
type NewBlock = (u32, i64, Block);

/// What a look leads to, to be stored together.
#[derive(Debug, Default)]
struct Changes {
    ended: Vec<i64>,
    begun: Vec<(Option<String>, AttemptInfo)>,
    kept: Vec<(Attempt, Option<NewBlock>)>,
    decided: Vec<(i64, Decision)>,
    entries: Vec<TimelineEntry>,
}

/// The longest time between two looks that counts as watched: looks are a second apart, and a few
/// are late on a busy machine.
const PASSED_MAX: Duration = Duration::from_secs(10);

impl Watcher {
    /// Looks at every rollout, if this program leads.
    pub(in crate::app) fn look(&mut self, app: &App, seat: &Seat) {
        let Some(lead) = seat.lead() else {
            (self.lead, self.watch) = (None, None);
            return;
        };
        if !self.lead.as_ref().is_some_and(|held| held.is_same(&lead)) {
            self.watch = None;
        }
        self.lead = Some(lead);
        self.calls.look(app);
        if let Err(error) = self.watch(app) {
            // What is stored is what counts; it is read again.
            self.watch = None;
            let message = format!("Rollouts are not watched: {}.", error.in_full());
            app.notify(Level::Error, message);
        }
    }

    fn watch(&mut self, app: &App) -> Result<(), Error> {
        let Some(metrics) = &app.0.metrics else {
            return Ok(());
        };
        let mut known = app.rollouts().known()?;
        let live = app.flags().in_force(Scope::Everyone);
        let is_idle = known.attempts.is_empty()
            && known.ramps.iter().all(|it| !it.ramp.phase.is_open())
            && counted::partial(&live.document).is_empty();
        if is_idle {
            self.watch = None;
            return app.carry_out_decisions();
        }
        let watch = match &mut self.watch {
            Some(watch) => watch,
            none => none.insert(Watch::begin(app, &live, &mut known)?),
        };
        let moment = watch.moment(app, live, metrics, known.watched_ms);
        let changes = watch.judge(app, metrics, &moment, &known);
        let is_news = !changes.is_empty();
        watch.store(app, &changes, &moment)?;
        let has_stepped = watch.follow_ramps(app, metrics, &moment)?;
        watch.live = moment.live;
        app.carry_out_decisions()?;
        app.make_steps()?;
        if is_news || has_stepped {
            app.announce(Event::Rollouts);
        }
        Ok(())
    }
}

impl Watch {
    /// Begins with what is stored.
    fn begin(app: &App, live: &Arc<Live>, known: &mut Known) -> Result<Self, Error> {
        let attempts = std::mem::take(&mut known.attempts);
        let attempts = attempts.into_iter().map(|attempt| {
            let blocks = app
                .rollouts()
                .read(|it| store::blocks(it, attempt.id, u32::MAX))?;
            let mut course = Course::new(attempt.info.rules, attempt.info.baseline_bytes);
            for (_, block) in blocks.flatten().unwrap_or_default() {
                course.add(&block);
            }
            Ok(Watched { attempt, course })
        });
        Ok(Self {
            attempts: attempts.collect::<Result<_, RolloutsError>>()?,
            ramps: Ramps::default(),
            live: Arc::clone(live),
            looked: app.0.clock.instant(),
            looked_ms: known.watched_ms.unwrap_or_else(|| app.now_ms()),
            kept: None,
        })
    }

    fn moment(
        &mut self,
        app: &App,
        live: Arc<Live>,
        metrics: &Metrics,
        watched_ms: Option<i64>,
    ) -> Moment {
        let (now, now_ms) = (app.0.clock.instant(), app.now_ms());
        let passed = now.duration_since(self.looked);
        let is_first = self.kept.is_none();
        let before_ms = match is_first {
            true => watched_ms.unwrap_or(now_ms),
            false => self.looked_ms,
        };
        // More by the clock on the wall than by the machine's: it was suspended.
        let missed_ms = now_ms - before_ms - i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        let gap = (missed_ms > RAMP_GAP_MS_MAX).then_some(Gap {
            why: Unwatched::Closed,
            from_ms: before_ms,
            // It is over.
            to_ms: now_ms - 1,
        });
        let is_due_to_keep = self.kept.is_none_or(|at| now >= at + KEEP_EVERY);
        if is_due_to_keep {
            self.kept = Some(now);
        }
        (self.looked, self.looked_ms) = (now, now_ms);
        Moment {
            now_ms,
            passed: passed.min(PASSED_MAX),
            gap,
            live,
            counted: Counted::of(metrics),
            is_due_to_keep,
        }
    }

    /// Begins and ends attempts, and judges those that go on.
    fn judge(&mut self, app: &App, metrics: &Metrics, moment: &Moment, known: &Known) -> Changes {
        let mut changes = Changes::default();
        // While all flags are off, attempts rest: they go on when flags are on again.
        if !moment.live.document.enabled {
            return changes;
        }
        let wanted = wanted(app, &moment.live.document, known);
        self.attempts.retain(|watched| {
            let attempt = &watched.attempt;
            let goes_on = wanted.iter().any(|(component, rules)| {
                *component == attempt.component && *rules == attempt.info.rules
            });
            if !goes_on {
                changes.ended.push(attempt.id);
            }
            goes_on
        });
        for watched in &mut self.attempts {
            let judged = watched.judge(metrics, moment, &self.live.document, &mut changes);
            if let Some(judged) = judged.filter(|it| it.action == Action::RollBack) {
                let decision = watched.decide(judged, moment);
                changes.decided.push((watched.attempt.id, decision));
            }
        }
        let is_decided = |id| changes.decided.iter().any(|(attempt, _)| *attempt == id);
        self.attempts.retain(|it| !is_decided(it.attempt.id));
        self.begin_attempts(metrics, moment, known, wanted, &mut changes);
        changes
    }

    fn begin_attempts(
        &self,
        metrics: &Metrics,
        moment: &Moment,
        known: &Known,
        wanted: Vec<(Option<String>, GuardRules)>,
        changes: &mut Changes,
    ) {
        for (component, rules) in wanted {
            let mut attempts = self.attempts.iter().map(|it| &it.attempt);
            let is_watched = attempts.any(|it| it.component == component);
            let mut decisions = known
                .decisions
                .iter()
                .filter(|it| matches!(it.outcome, Outcome::Pending { .. }))
                .chain(changes.decided.iter().map(|(_, decision)| decision));
            let is_decided = decisions.any(|it| it.component == component);
            if is_watched || is_decided || self.attempts.len() + changes.begun.len() >= WATCHED_MAX
            {
                continue;
            }
            let before = &self.live.document;
            let name = component.as_deref();
            let info = AttemptInfo {
                rules,
                // Of the last minute: what is reported as the rollout begins is of before.
                baseline_bytes: metrics
                    .memory_since(moment.now_ms - BLOCK_AGE_MS)
                    .map(|bytes| bytes as u64),
                totals: moment.counted.of_rollout(name),
                block_ms: moment.now_ms,
                share: counted::share(&moment.live.document, name),
                share_ms: moment.now_ms,
                is_widened: counted::is_widened(before, &moment.live.document, name),
                held: None,
                seen: Seen::default(),
            };
            changes.begun.push((component, info));
        }
    }

    /// Stores what a look leads to, all or nothing.
    fn store(&mut self, app: &App, changes: &Changes, moment: &Moment) -> Result<(), Error> {
        if changes.is_empty() && !moment.is_due_to_keep {
            return Ok(());
        }
        let stored = app.rollouts().write(|transaction| {
            for (attempt, block) in &changes.kept {
                let block = block.as_ref();
                let block = block.map(|(seq, at_ms, block)| (*seq, *at_ms, block));
                store::keep_attempt(transaction, attempt, block)?;
            }
            for (attempt, decision) in &changes.decided {
                store::add_decision(transaction, *attempt, decision)?;
            }
            let decided = changes.decided.iter().map(|(attempt, _)| attempt);
            for id in changes.ended.iter().chain(decided) {
                store::end_attempt(transaction, *id, moment.now_ms)?;
            }
            for entry in &changes.entries {
                store::add_entry(transaction, entry)?;
            }
            let mut begun = Vec::new();
            for (component, info) in changes.begun.iter().cloned() {
                let name = component.as_deref();
                let attempt = store::begin_attempt(transaction, name, moment.now_ms, info)?;
                store::add_entry(transaction, &began(&attempt))?;
                begun.push(attempt);
            }
            store::note_watched(transaction, moment.now_ms)?;
            Ok(begun)
        });
        let begun = stored.inspect_err(|error| {
            for (_, decision) in &changes.decided {
                let title = words::title(decision.component.as_deref());
                let message = format!(
                    "{title} does harm and is not rolled back, because that cannot be kept \
                     ({error}): {}. All flags off works whatever the disk does.",
                    decision.sentence
                );
                app.notify(Level::Error, message);
            }
        })?;
        self.attempts.extend(begun.into_iter().map(|attempt| {
            let course = Course::new(attempt.info.rules, attempt.info.baseline_bytes);
            Watched { attempt, course }
        }));
        Ok(())
    }
}

/// Lists the rollouts that are to be watched, with what each is held to.
fn wanted(app: &App, document: &FlagDocument, known: &Known) -> Vec<(Option<String>, GuardRules)> {
    let config = app.config();
    let mut targets = counted::partial(document);
    // The last step of a ramp is watched, too.
    for kept in known.ramps.iter().filter(|it| it.ramp.phase.is_open()) {
        let is_on = counted::ramped(document, kept.component.as_deref()).is_some();
        if kept.ramp.made > 0 && is_on && !targets.contains(&kept.component) {
            targets.push(kept.component.clone());
        }
    }
    let own = |component: &Option<String>| {
        let found = known.rules.iter().find(|(of, _)| of == component);
        found.map_or_else(OwnGuardRules::default, |(_, own)| *own)
    };
    let held = targets.into_iter().map(|component| {
        let rules = counted::rules(&config, &own(&component));
        (component, rules)
    });
    held.filter(|(_, rules)| rules.enabled).collect()
}

impl Watched {
    /// Judges what was reported since the last block, if that makes one.
    fn judge(
        &mut self,
        metrics: &Metrics,
        moment: &Moment,
        before: &FlagDocument,
        changes: &mut Changes,
    ) -> Option<Judged> {
        let Self { attempt, course } = self;
        let component = attempt.component.as_deref();
        let info = &mut attempt.info;
        let totals = moment.counted.of_rollout(component);
        let Some(open) = totals.since(&info.totals) else {
            // A source was removed: what is left is from before.
            info.totals = totals;
            changes.kept.push((attempt.clone(), None));
            return None;
        };
        let mut is_changed = false;
        if counted::is_widened(before, &moment.live.document, component) && !info.is_widened {
            info.is_widened = true;
            is_changed = true;
        }
        let share = counted::share(&moment.live.document, component);
        if share != info.share {
            (info.share, info.share_ms) = (share, moment.now_ms);
            is_changed = true;
        }
        if open.calculations() != info.seen.waiting {
            info.seen.waiting = open.calculations();
            info.seen.at_ms = Some(moment.now_ms);
            is_changed |= moment.is_due_to_keep;
        }
        let age_ms = moment.now_ms - info.block_ms;
        // A clock that was set back.
        let age_ms = if age_ms < 0 { BLOCK_AGE_MS } else { age_ms };
        let memory = metrics
            .memory_since(info.block_ms)
            .map(|bytes| bytes as u64);
        let is_over = memory.is_some_and(|bytes| bytes > info.rules.memory_bytes);
        let judged = info.seen.exposed.calculations + info.seen.control.calculations;
        if !(is_whole(&open, age_ms, judged) || is_over && age_ms >= BLOCK_MS) {
            if is_changed {
                changes.kept.push((attempt.clone(), None));
            }
            return None;
        }
        let response_s = info.rules.response_time_ms as f64 / 1000.0;
        let is_settled = moment.now_ms - info.share_ms >= SHARE_SETTLES_MS;
        let share = info.share.filter(|_| is_settled);
        let block = open.block(response_s, memory, info.is_widened, share);
        let judged = course.add(&block);
        if memory.is_some() && !is_over {
            info.is_widened = false;
        }
        info.totals = totals;
        info.block_ms = moment.now_ms;
        info.seen = Seen {
            at_ms: info.seen.at_ms,
            exposed: course.exposed,
            control: course.control,
            difference: course.difference(),
            tests: course.tests(),
            blocks: course.blocks,
            waiting: 0,
        };
        let held = judged.filter(|it| it.action == Action::Hold);
        let held = held.map(|it| it.test);
        if held != info.held {
            info.held = held;
            changes
                .entries
                .push(held_or_released(attempt, moment.now_ms));
        }
        let block = (course.blocks, moment.now_ms, block);
        changes.kept.push((attempt.clone(), Some(block)));
        judged
    }

    fn decide(&self, judged: Judged, moment: &Moment) -> Decision {
        let Self { attempt, course } = self;
        let component = attempt.component.as_deref();
        let rules = attempt.info.rules;
        let reason = words::harm(judged.test, course, &rules);
        let rollout = counted::rollout(&moment.live.document, component);
        Decision {
            id: 0,
            component: attempt.component.clone(),
            at_ms: moment.now_ms,
            attempt: attempt.number,
            began_ms: attempt.began_ms,
            action: judged.action,
            test: judged.test,
            sentence: reason,
            rules,
            percentage: rollout.percentage.as_f64(),
            tests: course.tests(),
            exposed: course.exposed,
            control: course.control,
            difference: course.difference(),
            memory_bytes: course.memory_bytes,
            blocks: course.blocks,
            base: moment.live.revision.0,
            outcome: Outcome::Pending { trouble: None },
        }
    }
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.ended.is_empty()
            && self.begun.is_empty()
            && self.kept.is_empty()
            && self.decided.is_empty()
            && self.entries.is_empty()
    }
}

fn began(attempt: &Attempt) -> TimelineEntry {
    let title = words::title(attempt.component.as_deref());
    let sentence = match attempt.number {
        1 => format!("{title} is watched."),
        number => format!("{title} is watched, attempt {number}."),
    };
    entry(
        attempt.component.clone(),
        attempt.began_ms,
        Happened::AttemptBegan,
        sentence,
    )
}

fn held_or_released(attempt: &Attempt, at_ms: i64) -> TimelineEntry {
    let (what, sentence) = match attempt.info.held {
        Some(test) => (Happened::Held, format!("Held: {}.", words::held(test))),
        None => (Happened::Released, "Nothing asks to stay any more.".into()),
    };
    entry(attempt.component.clone(), at_ms, what, sentence)
}

/// Makes an entry of the timeline of what Flagdeck did.
pub(super) fn entry(
    component: Option<String>,
    at_ms: i64,
    what: Happened,
    sentence: String,
) -> TimelineEntry {
    TimelineEntry {
        id: 0,
        at_ms,
        component,
        what,
        sentence,
        by: None,
        revision: None,
        decision: None,
    }
}
