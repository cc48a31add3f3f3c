//! How each rollout stands, for whoever asks: from the flags and what the program that watches has
//! stored, so that every program on the folder says the same.

use flagdeck_core::FlagDocument;
use flagdeck_core::audience::Audience;
use flagdeck_core::ramp::Look;

use super::super::App;
use super::counted::{audience, rollout, rules, users_of_default};
use super::watching::zone_of;
use super::words;
use crate::error::Error;
use crate::flags::Scope;
use crate::rollouts::Known;
use crate::rollouts::limits::LATE_SHARE;
use crate::rollouts::shapes::{
    AttemptStatus, Decision, DecisionSummary, GuardRules, Outcome, OwnGuardRules, RampStatus,
    RolloutDetails, RolloutStanding, RolloutStatus,
};
use crate::rollouts::store::{Attempt, KeptRamp, Seen};

/// Calculations of users with it on that are needed to call it healthy.
const HEALTHY_EXPOSED: u64 = 100;

/// After which silence of what watches it is taken for gone, in milliseconds.
const UNWATCHED_MS: i64 = 30_000;

/// Everything that statuses are made of.
struct Sources<'a> {
    app: &'a App,
    document: &'a FlagDocument,
    known: &'a Known,
    now_ms: i64,
}

impl App {
    /// Lists every rollout: those that need a person first, then by how they stand, then in the
    /// order of the document.
    ///
    /// # Errors
    /// [`Error::Store`] if what is kept cannot be read.
    pub fn rollout_statuses(&self) -> Result<Vec<RolloutStatus>, Error> {
        let known = self.rollouts().known()?;
        let live = self.flags().in_force(Scope::Everyone);
        let sources = Sources {
            app: self,
            document: &live.document,
            known: &known,
            now_ms: self.now_ms(),
        };
        let mut statuses = Vec::new();
        live.document.for_each_component(|path, _| {
            statuses.push(sources.status(Some(path)));
        });
        let of_default = sources.status_of_default(&statuses);
        statuses.insert(0, of_default);
        statuses.sort_by_key(|it| (place(it), it.ramp.is_none()));
        Ok(statuses)
    }

    /// Returns a rollout with its evidence and all that happened.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such component.
    pub fn rollout_details(&self, component: Option<&str>) -> Result<RolloutDetails, Error> {
        let statuses = self.rollout_statuses()?;
        let status = statuses
            .into_iter()
            .find(|it| it.component.as_deref() == component);
        let Some(status) = status else {
            let live = self.flags().in_force(Scope::Everyone);
            let message =
                flagdeck_core::edit::not_found(&live.document, component.unwrap_or_default());
            return Err(Error::NotFound { message });
        };
        let known = self.rollouts().known()?;
        let attempt = known
            .attempts
            .iter()
            .find(|it| it.component.as_deref() == component);
        let points = attempt.map(|attempt| self.rollouts().points(attempt));
        Ok(RolloutDetails {
            status,
            points: points.transpose()?.unwrap_or_default(),
            timeline: self.rollouts().timeline(component)?,
        })
    }
}

/// The order of the list.
fn place(status: &RolloutStatus) -> u8 {
    match status.standing {
        RolloutStanding::RolledBack => 0,
        RolloutStanding::Holding => 1,
        RolloutStanding::Collecting => 2,
        RolloutStanding::Healthy => 3,
        RolloutStanding::Unwatched => 4,
        RolloutStanding::Settled => 5,
    }
}

impl Sources<'_> {
    fn status(&self, component: Option<&str>) -> RolloutStatus {
        let is_it = |of: &Option<String>| of.as_deref() == component;
        let known = self.known;
        let attempt = known.attempts.iter().find(|it| is_it(&it.component));
        let ramp = known.ramps.iter().find(|it| is_it(&it.component));
        let decision = known.decisions.iter().find(|it| is_it(&it.component));
        let own = known.rules.iter().find(|(of, _)| is_it(of));
        let own_rules = own.map_or_else(OwnGuardRules::default, |(_, own)| *own);
        let rules = rules(&self.app.config(), &own_rules);
        let audience = audience(self.document, component);
        let is_partial = audience.is_partial();
        let is_on = audience != Audience::Nobody;
        let ramp = ramp.map(|kept| self.ramp(kept, attempt));
        let (standing, sentence) =
            self.standing(&rules, is_on, is_partial, attempt, ramp.as_ref(), decision);
        RolloutStatus {
            component: component.map(str::to_owned),
            percentage: rollout(self.document, component).percentage.as_f64(),
            is_on,
            is_partial,
            standing,
            sentence,
            attempt: attempt.map(of_attempt),
            ramp,
            rules,
            own_rules,
            rolled_back: decision.map(summary),
        }
    }

    /// The default rollout, which is seen through the components that use it unless events name
    /// none.
    fn status_of_default(&self, components: &[RolloutStatus]) -> RolloutStatus {
        let status = self.status(None);
        let is_seen = status
            .attempt
            .as_ref()
            .is_some_and(|it| it.exposed.calculations > 0);
        let is_judged = matches!(
            status.standing,
            RolloutStanding::Collecting | RolloutStanding::Healthy
        );
        if is_seen || !is_judged {
            return status;
        }
        let users = users_of_default(self.document);
        let uses = |it: &&RolloutStatus| it.component.as_ref().is_some_and(|it| users.contains(it));
        let mut of_users: Vec<&RolloutStatus> = components.iter().filter(uses).collect();
        of_users.retain(|it| it.attempt.is_some());
        of_users.sort_by_key(|it| place(it));
        let Some(worst) = of_users.first() else {
            return status;
        };
        let count = |standing| of_users.iter().filter(|it| it.standing == standing).count();
        let (holding, collecting) = (
            count(RolloutStanding::Holding),
            count(RolloutStanding::Collecting),
        );
        let sentence = format!(
            "Watched through the {} components that use it: {} healthy, {collecting} collecting, \
             {holding} holding.",
            of_users.len(),
            count(RolloutStanding::Healthy),
        );
        RolloutStatus {
            standing: worst.standing,
            sentence,
            ..status
        }
    }

    fn standing(
        &self,
        rules: &GuardRules,
        is_on: bool,
        is_partial: bool,
        attempt: Option<&Attempt>,
        ramp: Option<&RampStatus>,
        decision: Option<&Decision>,
    ) -> (RolloutStanding, String) {
        let ramps = ramp.is_some_and(|it| it.phase.is_open());
        if let Some(decision) = decision
            && let Some(told) = rolled_back(decision, is_on)
        {
            return told;
        }
        if !rules.enabled && (is_partial || ramps) {
            let sentence = "Nothing rolls it back: automatic rollback is off for it.";
            return (RolloutStanding::Unwatched, sentence.into());
        }
        if !is_partial && !ramps {
            let sentence = match is_on {
                true => "On for everyone.",
                false => "Off for everyone.",
            };
            return (RolloutStanding::Settled, sentence.into());
        }
        if let Some(since_ms) = self.unwatched_since() {
            let since = since_ms.map_or_else(String::new, |ms| {
                format!(" since {}", words::moment(ms, self.now_ms))
            });
            let sentence = format!(
                "Nobody watches{since}: open the window or run flagctl serve on this data folder."
            );
            return (RolloutStanding::Holding, sentence);
        }
        self.standing_of_attempt(attempt, ramp, rules)
    }

    fn standing_of_attempt(
        &self,
        attempt: Option<&Attempt>,
        ramp: Option<&RampStatus>,
        rules: &GuardRules,
    ) -> (RolloutStanding, String) {
        if let Some(test) = attempt.and_then(|it| it.info.held) {
            return (
                RolloutStanding::Holding,
                format!("Holding: {}.", words::held(test)),
            );
        }
        if let Some(ramp) = ramp.filter(|it| is_holding(it)) {
            return (RolloutStanding::Holding, ramp.sentence.clone());
        }
        let Some(attempt) = attempt else {
            let sentence = "Nothing was reported of it yet.";
            return (RolloutStanding::Collecting, sentence.into());
        };
        let seen = &attempt.info.seen;
        if seen.exposed.calculations == 0 {
            let sentence = match seen.waiting {
                0 => "Nothing was reported of it yet.".into(),
                waiting => format!("The first {waiting} calculations are being collected."),
            };
            return (RolloutStanding::Collecting, sentence);
        }
        if is_doubtful(seen, rules) {
            return (RolloutStanding::Collecting, words::doubtful(seen));
        }
        let found = words::seen(seen);
        match seen.exposed.calculations < HEALTHY_EXPOSED {
            true => (
                RolloutStanding::Collecting,
                format!("Too little to judge yet: {found}."),
            ),
            false => (RolloutStanding::Healthy, format!("No harm found: {found}.")),
        }
    }

    /// Returns since when nobody watches; `None` while somebody does.
    fn unwatched_since(&self) -> Option<Option<i64>> {
        let watched_ms = self.known.watched_ms;
        let is_watched = watched_ms.is_some_and(|at_ms| (self.now_ms - at_ms).abs() < UNWATCHED_MS);
        // A program that has just begun to watch has noted nothing yet.
        let begins = watched_ms.is_none() && self.app.0.metrics.is_some();
        (!is_watched && !begins).then_some(watched_ms)
    }

    fn ramp(&self, kept: &KeptRamp, attempt: Option<&Attempt>) -> RampStatus {
        let look = Look {
            now_ms: self.now_ms,
            watched_ms: 0,
            exposed: 0,
            // One that goes on was noted at the last look but one.
            gap: kept
                .ramp
                .gap
                .filter(|gap| self.now_ms - gap.to_ms < UNWATCHED_MS)
                .map(|gap| flagdeck_core::ramp::Gap {
                    to_ms: self.now_ms,
                    ..gap
                })
                .filter(|gap| gap.why != flagdeck_core::ramp::Unwatched::Closed),
            is_held: attempt.is_some_and(|it| it.info.held.is_some()),
        };
        let zone = zone_of(kept);
        let missing = kept.ramp.missing(&look, &zone);
        let earliest_ms = kept.ramp.earliest_ms(&look, &zone);
        let sentence = words::ramp(kept, &missing, earliest_ms, self.now_ms);
        RampStatus {
            id: kept.id,
            plan_name: kept.plan_name.clone(),
            plan: kept.ramp.plan.clone(),
            phase: kept.ramp.phase,
            made: kept.ramp.made,
            by: kept.by.clone(),
            started_ms: kept.started_ms,
            stepped_ms: kept.stepped_ms,
            missing,
            earliest_ms,
            gap: kept.ramp.gap,
            sentence,
        }
    }
}

/// Says how a rollout stands that was rolled back and is off since, or is about to be.
fn rolled_back(decision: &Decision, is_on: bool) -> Option<(RolloutStanding, String)> {
    let sentence = match (&decision.outcome, is_on) {
        (Outcome::Pending { trouble: None }, _) => {
            format!("Being rolled back: {}.", decision.sentence)
        }
        (Outcome::Pending { trouble: Some(why) }, _) => {
            format!(
                "It does harm and is not rolled back yet ({why}): {}.",
                decision.sentence
            )
        }
        (Outcome::Done { is_override, .. }, false) => {
            let how = match is_override {
                true => "Rolled back, as an override of the followed document",
                false => "Rolled back",
            };
            format!("{how}: {}.", decision.sentence)
        }
        (Outcome::WasOff, false) => format!("Off, and it did harm: {}.", decision.sentence),
        (Outcome::Done { .. } | Outcome::WasOff, true) => return None,
    };
    Some((RolloutStanding::RolledBack, sentence))
}

/// Returns whether a ramp waits for something other than time and calculations.
fn is_holding(ramp: &RampStatus) -> bool {
    use flagdeck_core::ramp::Missing;
    ramp.missing.iter().any(|missing| {
        matches!(
            missing,
            Missing::Person | Missing::Guard | Missing::Watching { .. }
        )
    })
}

/// Returns whether users with it on fare worse so far, though that is not certain.
fn is_doubtful(seen: &Seen, rules: &GuardRules) -> bool {
    let is_over = |part: u64, limit: f64| part as f64 > limit * seen.exposed.calculations as f64;
    let fails_more = seen.difference.is_some_and(|it| it.low > 0.0);
    let is_near = seen.tests.iter().any(|it| it.ln > it.threshold_ln / 2.0);
    fails_more
        || is_near
        || is_over(seen.exposed.failed, rules.error_rate)
        || is_over(seen.exposed.late, LATE_SHARE)
}

fn of_attempt(attempt: &Attempt) -> AttemptStatus {
    let seen = &attempt.info.seen;
    AttemptStatus {
        number: attempt.number,
        began_ms: attempt.began_ms,
        seen_ms: seen.at_ms,
        exposed: seen.exposed,
        control: seen.control,
        difference: seen.difference,
        tests: seen.tests.clone(),
        blocks: seen.blocks,
        waiting: seen.waiting,
    }
}

fn summary(decision: &Decision) -> DecisionSummary {
    DecisionSummary {
        id: decision.id,
        at_ms: decision.at_ms,
        sentence: decision.sentence.clone(),
        revision: match decision.outcome {
            Outcome::Done { revision, .. } => Some(revision),
            Outcome::Pending { .. } | Outcome::WasOff => None,
        },
    }
}
