//! Ramps that go on: what was seen of each since it was kept last, and whether its next step is due.

use std::collections::HashMap;
use std::time::Duration;

use flagdeck_core::Percentage;
use flagdeck_core::limits::RAMP_GAP_MS_MAX;
use flagdeck_core::ramp::{Gap, Look, Phase, Unwatched};
use jiff::tz::TimeZone;

use super::super::super::App;
use super::super::counted::{self, audience};
use super::super::words;
use super::{Moment, Watch, entry};
use crate::error::Error;
use crate::metrics::Metrics;
use crate::rollouts::counting::Totals;
use crate::rollouts::shapes::{Happened, TimelineEntry};
use crate::rollouts::store::{self, KeptRamp, Making};

/// The shortest silence that counts, in milliseconds.
const SILENCE_MS_MIN: i64 = 60_000;

/// The longest that does not, in milliseconds: a rollout that is reported of once an hour is watched.
const SILENCE_MS_MAX: i64 = 3_600_000;

/// What was seen of each ramp since it was kept last, by its number.
#[derive(Debug, Default)]
pub(super) struct Ramps(HashMap<u64, Unkept>);

#[derive(Debug, Clone)]
struct Unkept {
    totals: Totals,
    /// When the last calculation was reported, in milliseconds since 1970.
    seen_ms: i64,
    watched: Duration,
    exposed: u64,
    /// Since when it is not watched, and why.
    unwatched: Option<(Unwatched, i64)>,
    /// Whether it was told that the step begins again for that.
    is_told: bool,
}

impl Watch {
    /// Looks at each ramp. Returns whether any of them has changed.
    pub(super) fn follow_ramps(
        &mut self,
        app: &App,
        metrics: &Metrics,
        moment: &Moment,
    ) -> Result<bool, Error> {
        let ramps = app.rollouts().read(store::open_ramps)?.unwrap_or_default();
        self.ramps
            .0
            .retain(|id, _| ramps.iter().any(|it| it.id == *id));
        let mut is_news = false;
        for kept in ramps {
            is_news |= self.follow_ramp(app, metrics, moment, &kept)?;
        }
        Ok(is_news)
    }

    fn follow_ramp(
        &mut self,
        app: &App,
        metrics: &Metrics,
        moment: &Moment,
        kept: &KeptRamp,
    ) -> Result<bool, Error> {
        let is_held = self.is_held(kept.component.as_deref(), moment);
        let unkept = self.ramps.of(kept, moment);
        let look = unkept.look(metrics, moment, kept, is_held);
        let mut seen = kept.clone();
        let entry = advance(&mut seen, &look, moment);
        let is_new_gap = unkept.is_new_gap(look.gap);
        let is_news = entry.is_some() || is_new_gap || seen.making != kept.making;
        if !is_news && !moment.is_due_to_keep {
            return Ok(false);
        }
        let gap_told = look.gap.filter(|_| is_new_gap && kept.ramp.made > 0);
        app.rollouts().write(|transaction| {
            // Another program may have paused it since.
            let Some(mut kept) = store::open_ramp(transaction, kept.component.as_deref())? else {
                return Ok(());
            };
            let entry = advance(&mut kept, &look, moment);
            for entry in entry
                .into_iter()
                .chain(gap_told.map(|gap| again(&kept, &gap, moment)))
            {
                store::add_entry(transaction, &entry)?;
            }
            Ok(store::keep_ramp(transaction, &kept)?)
        })?;
        unkept.watched = Duration::ZERO;
        unkept.exposed = 0;
        Ok(is_news)
    }

    /// Returns whether the guard asks to stay; for the default rollout, of any component that uses
    /// it.
    fn is_held(&self, component: Option<&str>, moment: &Moment) -> bool {
        let mut held = self.attempts.iter().map(|it| &it.attempt);
        let document = &moment.live.document;
        held.any(|attempt| {
            let of = attempt.component.as_deref();
            let uses_default = of.is_some_and(|path| !document.rollouts.contains_key(path));
            let is_of_it = of == component || (component.is_none() && uses_default);
            is_of_it && attempt.info.held.is_some()
        })
    }
}

impl Ramps {
    fn of(&mut self, kept: &KeptRamp, moment: &Moment) -> &mut Unkept {
        let document = &moment.live.document;
        let totals = || moment.counted.of_ramp(kept.component.as_deref(), document);
        self.0.entry(kept.id).or_insert_with(|| Unkept {
            totals: totals(),
            seen_ms: moment.now_ms,
            watched: Duration::ZERO,
            exposed: 0,
            unwatched: None,
            is_told: false,
        })
    }
}

impl Unkept {
    /// Takes in what came since the last look.
    fn look(&mut self, metrics: &Metrics, moment: &Moment, kept: &KeptRamp, is_held: bool) -> Look {
        let now_ms = moment.now_ms;
        let component = kept.component.as_deref();
        let totals = moment.counted.of_ramp(component, &moment.live.document);
        if let Some(new) = totals.since(&self.totals)
            && new.calculations() > 0
        {
            self.exposed += new.exposed.calculations();
            self.seen_ms = now_ms;
        }
        self.totals = totals;
        let now = self.why_unwatched(metrics, moment, kept);
        self.unwatched = now.map(|(why, since_ms)| match self.unwatched {
            Some((before, since_ms)) if before == why => (why, since_ms),
            _ => (why, since_ms),
        });
        let ongoing = self.unwatched.map(|(why, from_ms)| Gap {
            why,
            from_ms,
            to_ms: now_ms,
        });
        if ongoing.is_none() {
            self.is_told = false;
            self.watched += moment.passed;
        }
        Look {
            now_ms,
            watched_ms: u64::try_from(self.watched.as_millis()).unwrap_or(u64::MAX),
            exposed: self.exposed,
            gap: ongoing.or(moment.gap),
            is_held,
        }
    }

    fn why_unwatched(
        &self,
        metrics: &Metrics,
        moment: &Moment,
        kept: &KeptRamp,
    ) -> Option<(Unwatched, i64)> {
        let now_ms = moment.now_ms;
        let dwell_ms = i64::try_from(kept.ramp.plan.dwell_s).unwrap_or(i64::MAX);
        let silence_ms = dwell_ms.saturating_mul(250);
        let silence_ms = silence_ms.clamp(SILENCE_MS_MIN, SILENCE_MS_MAX);
        let seen_ms = self.seen_ms.max(kept.stepped_ms.unwrap_or(self.seen_ms));
        if audience_is_empty(moment, kept) {
            Some((Unwatched::Off, now_ms))
        } else if metrics.trouble().is_some() {
            Some((Unwatched::Unstored, now_ms))
        } else if kept.ramp.made > 0 && now_ms - seen_ms > silence_ms {
            Some((Unwatched::Silent, seen_ms))
        } else {
            None
        }
    }

    /// Returns whether a gap begins the step again and was not told yet.
    fn is_new_gap(&mut self, gap: Option<Gap>) -> bool {
        let is_long = gap.is_some_and(|gap| gap.to_ms - gap.from_ms > RAMP_GAP_MS_MAX);
        is_long && !std::mem::replace(&mut self.is_told, is_long)
    }
}

fn audience_is_empty(moment: &Moment, kept: &KeptRamp) -> bool {
    let document = &moment.live.document;
    let is_begun = kept.ramp.made > 0;
    let nobody = flagdeck_core::audience::Audience::Nobody;
    is_begun && audience(document, kept.component.as_deref()) == nobody
}

/// Lets a ramp take in what was seen, and notes that its next step is made if that is due. Returns
/// what is to be told.
fn advance(kept: &mut KeptRamp, look: &Look, moment: &Moment) -> Option<TimelineEntry> {
    if kept.making.is_some() || kept.ramp.phase != Phase::Running {
        return None;
    }
    let tell = |what, sentence| entry(kept.component.clone(), look.now_ms, what, sentence);
    let component = kept.component.as_deref();
    if let Some(present) = kept.ramp.present() {
        let now = counted::ramped(&moment.live.document, component);
        if moment.live.document.enabled && now != Some(present) {
            kept.ramp.phase = Phase::Changed;
            return Some(tell(Happened::Changed, changed(now, present)));
        }
    }
    kept.ramp.look(look);
    // Nothing is widened that nobody sees yet, to go live when flags are on again.
    if !moment.live.document.enabled {
        return None;
    }
    let zone = zone_of(kept);
    let is_due = kept.ramp.missing(look, &zone).is_empty();
    if !is_due && kept.skipped_by.is_none() {
        return None;
    }
    if kept.ramp.next().is_none() {
        kept.ramp.step();
        let sentence = "The ramp is complete: every step was made and watched.";
        return Some(tell(Happened::Completed, sentence.into()));
    }
    kept.making = Some(Making {
        base: moment.live.revision.0,
    });
    None
}

/// Returns the time zone of the working hours of a ramp.
pub(in crate::app::rollouts) fn zone_of(kept: &KeptRamp) -> TimeZone {
    let hours = kept.ramp.plan.hours.as_ref();
    let zone = hours.and_then(|hours| TimeZone::get(&hours.zone).ok());
    zone.unwrap_or(TimeZone::UTC)
}

fn changed(now: Option<Percentage>, present: Percentage) -> String {
    match now {
        Some(now) => {
            format!("It was set to {now} % by other means, from {present} %; the ramp is paused.")
        }
        None => "It was switched off, or lost its custom rollout; the ramp is paused.".into(),
    }
}

fn again(kept: &KeptRamp, gap: &Gap, moment: &Moment) -> TimelineEntry {
    let sentence = words::began_again(gap);
    let what = Happened::StepBeganAgain;
    entry(kept.component.clone(), moment.now_ms, what, sentence)
}
