//! Verdicts on components, as the application sees them: with the revisions that changed who sees a
//! component, with the standings before, and with how to roll back.
//!
//! An open application judges once a second, whether asked or not, so that every face shows the
//! same.

mod audiences;

use std::collections::HashMap;

use flagdeck_core::measure::Arm;
use flagdeck_core::rollback::{Rollback, roll_back};
use flagdeck_core::verdict::{self, ComponentVerdict, Since, Standings, UNJUDGED};
use flagdeck_core::{ComponentPath, FlagDocument};

use self::audiences::Audiences;
use super::App;
use crate::error::Error;
use crate::flags::{ChangeRequest, Outcome, Scope};
use crate::lock::lock;
use crate::metrics::Judged;
use crate::metrics::limits::COMPONENTS_JUDGED_MAX;
use crate::metrics::shapes;
use crate::metrics::shapes::{Limits, MemoryStanding, Pulse, RollbackPlan};
use crate::metrics::tiers::SECONDS_IN_MEMORY_S;
use crate::store::{Actor, RevisionNumber};

/// Attempts to roll back while others change the flags.
const TRIES_MAX: usize = 8;

/// What the next verdict depends on.
#[derive(Debug, Default)]
pub(super) struct Judge {
    audiences: Audiences,
    /// How each arm stood, and since when it was judged: what is judged since another revision is
    /// judged without history.
    before: HashMap<(String, Arm), (Since, Standings)>,
    /// The same of how far each component was over its limit.
    weights: HashMap<String, (Since, f64)>,
    memory: MemoryStanding,
    plans: Plans,
}

/// Plans of rolling back, made for one revision each.
#[derive(Debug, Default)]
struct Plans {
    revision: RevisionNumber,
    by_component: HashMap<String, Option<Rollback>>,
}

/// The overall verdict.
#[derive(Debug)]
struct Judgement {
    /// The worst first.
    components: Vec<ComponentVerdict>,
    memory: MemoryStanding,
}

impl App {
    /// Judges everything that applications report, and keeps the result for the next verdict.
    ///
    /// # Errors
    /// If the revisions of the last minutes cannot be read.
    pub(super) fn judge(&self) -> Result<(), Error> {
        let Some(metrics) = &self.0.metrics else {
            return Ok(());
        };
        let mut judge = lock(&self.0.judge);
        judge.audiences.follow(self)?;
        judge.judge(self.now_ms(), &self.limits(), |since_ms| {
            metrics.judged(since_ms)
        });
        Ok(())
    }

    /// Fills in the verdicts of a pulse.
    pub(super) fn judge_pulse(
        &self,
        pulse: &mut Pulse,
        judge: &mut Judge,
        judged: impl FnOnce(&dyn Fn(&str) -> i64) -> Judged,
    ) -> Result<(), Error> {
        judge.audiences.follow(self)?;
        let Judgement { components, memory } = judge.judge(self.now_ms(), &pulse.limits, judged);
        let (standing, sentence) = verdict::overall(&components);
        let worst = components.first().filter(|it| it.standing().is_over());
        pulse.verdict = shapes::Verdict {
            standing: standing.into(),
            sentence,
            component: worst.map(|worst| worst.component.clone()),
        };
        pulse.memory.standing = memory;
        pulse.components_total = components.len();
        let told = components.iter().take(COMPONENTS_JUDGED_MAX);
        pulse.components = told
            .map(|it| shapes::JudgedComponent {
                rollback: self.plan_of(it, judge),
                ..it.into()
            })
            .collect();
        Ok(())
    }

    /// Fills in the verdicts of a pulse, given the ones before.
    pub(super) fn judge_live(&self, pulse: &mut Pulse) -> Result<(), Error> {
        let Some(metrics) = &self.0.metrics else {
            return Ok(());
        };
        let mut judge = lock(&self.0.judge);
        self.judge_pulse(pulse, &mut judge, |since_ms| metrics.judged(since_ms))
    }

    /// Returns what rolling a component back would do; `None` unless the component does harm.
    fn plan_of(&self, verdict: &ComponentVerdict, judge: &mut Judge) -> Option<RollbackPlan> {
        if !verdict.is_harmful() {
            return None;
        }
        let live = self.flags().in_force(Scope::Everyone);
        let plans = judge.plans.of(live.revision);
        let component: ComponentPath = verdict.component.parse().ok()?;
        let plan = plans
            .entry(verdict.component.clone())
            .or_insert_with(|| self.plan(&live.document, live.revision, &component));
        plan.as_ref().map(|plan| RollbackPlan {
            component: verdict.component.clone(),
            base: live.revision.0,
            sentence: plan.sentence.clone(),
        })
    }

    /// Decides how to roll a component back. A revision that cannot be read ends the search for
    /// an earlier state.
    fn plan(
        &self,
        document: &FlagDocument,
        revision: RevisionNumber,
        component: &ComponentPath,
    ) -> Option<Rollback> {
        let flags = self.flags();
        let earlier = flags.all_before(revision);
        let earlier = earlier.map_while(|number| flags.document_at(number).ok());
        roll_back(document, component, earlier)
    }

    /// Returns what [`App::roll_back`] would do.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such component, [`Error::NothingToDo`] if no user sees
    /// it.
    pub fn rollback_plan(&self, component: &ComponentPath) -> Result<RollbackPlan, Error> {
        let (revision, plan) = self.plan_now(component)?;
        Ok(RollbackPlan {
            component: component.to_string(),
            base: revision.0,
            sentence: plan.sentence,
        })
    }

    pub(super) fn plan_now(
        &self,
        component: &ComponentPath,
    ) -> Result<(RevisionNumber, Rollback), Error> {
        let live = self.flags().in_force(Scope::Everyone);
        if live.compiled.component(component.as_str()).is_none() {
            let message = flagdeck_core::edit::not_found(&live.document, component.as_str());
            return Err(Error::NotFound { message });
        }
        let plan = self.plan(&live.document, live.revision, component);
        let plan = plan.ok_or(Error::NothingToDo {
            message: "no user sees this component, so there is nothing to roll back",
        })?;
        Ok((live.revision, plan))
    }

    /// Rolls a component back to when fewer people saw it, or switches it off, as one revision with
    /// the verdict as its note. With `base`, only if that is the revision in force.
    ///
    /// # Errors
    /// Those of [`App::rollback_plan`], and [`Error::Conflict`] if `base` is not in force.
    pub fn roll_back(
        &self,
        component: &ComponentPath,
        base: Option<RevisionNumber>,
        actor: &Actor,
    ) -> Result<Outcome, Error> {
        let note = self.reason_for(component)?;
        let mut tries = 0;
        loop {
            let (revision, plan) = self.plan_now(component)?;
            let request = ChangeRequest {
                edit: plan.edit,
                actor: actor.clone(),
                note: note.clone(),
                base: base.or(Some(revision)),
            };
            tries += 1;
            match self.flags().change(request) {
                Err(Error::Conflict { .. }) if base.is_none() && tries < TRIES_MAX => {}
                outcome => return outcome,
            }
        }
    }

    /// Returns the verdict on a component, to be noted with what is done about it; `None` unless
    /// it is over a limit.
    fn reason_for(&self, component: &ComponentPath) -> Result<Option<String>, Error> {
        let components = match &self.0.metrics {
            Some(metrics) => {
                let mut judge = lock(&self.0.judge);
                judge.audiences.follow(self)?;
                let judged = judge.judge(self.now_ms(), &self.limits(), |since_ms| {
                    metrics.judged(since_ms)
                });
                judged.components
            }
            None => self.components_kept()?,
        };
        let judged = components
            .iter()
            .find(|it| it.component == component.as_str());
        let over = judged.filter(|it| it.standing().is_over());
        Ok(over.map(ComponentVerdict::reason))
    }

    /// Judges what is stored in the data folder, without an earlier verdict.
    fn components_kept(&self) -> Result<Vec<ComponentVerdict>, Error> {
        let limits = self.limits();
        let Some(kept) = crate::metrics::glance(&self.0.data_dir, limits.clone(), self.now_ms())?
        else {
            return Ok(Vec::new());
        };
        let mut judge = Judge::default();
        judge.audiences.follow(self)?;
        let judged = judge.judge(self.now_ms(), &limits, |since_ms| kept.judged(since_ms));
        Ok(judged.components)
    }
}

impl Judge {
    fn judge(
        &mut self,
        now_ms: i64,
        limits: &Limits,
        judged: impl FnOnce(&dyn Fn(&str) -> i64) -> Judged,
    ) -> Judgement {
        let Judged {
            components,
            host_bytes,
        } = judged(&|component| self.audiences.since_ms(component, now_ms));
        let bounds = limits.into();
        let judge = |(component, tallies): (Box<str>, Vec<_>)| {
            let since = self.audiences.since(&component, now_ms);
            let before = |arm| self.before_of(&component, arm, since);
            ComponentVerdict::of(&component, since, &tallies, &bounds, before)
                .steadied(self.weight_of(&component, since))
        };
        let mut components: Vec<_> = components.into_iter().map(judge).collect();
        ComponentVerdict::sort(&mut components);
        self.before = standings(&components);
        self.weights = weights(&components);
        self.memory = memory_standing(host_bytes, limits, self.memory);
        Judgement {
            components,
            memory: self.memory,
        }
    }

    fn before_of(&self, component: &str, arm: Arm, since: Since) -> Standings {
        let key = (component.to_owned(), arm);
        let before = self.before.get(&key).filter(|(then, _)| *then == since);
        before.map_or(UNJUDGED, |(_, standings)| *standings)
    }

    fn weight_of(&self, component: &str, since: Since) -> Option<f64> {
        let (then, weight) = *self.weights.get(component)?;
        (then == since).then_some(weight)
    }
}

fn standings(components: &[ComponentVerdict]) -> HashMap<(String, Arm), (Since, Standings)> {
    let arms = components.iter().flat_map(|it| {
        let arms = it.arms.iter();
        arms.map(|arm| {
            let key = (it.component.clone(), arm.arm);
            (key, (it.since, arm.standings))
        })
    });
    arms.collect()
}

fn weights(components: &[ComponentVerdict]) -> HashMap<String, (Since, f64)> {
    let weight = |it: &ComponentVerdict| (it.component.clone(), (it.since, it.weight));
    components.iter().map(weight).collect()
}

impl Plans {
    /// Returns the plans made for a revision; those for another one are discarded.
    fn of(&mut self, revision: RevisionNumber) -> &mut HashMap<String, Option<Rollback>> {
        if self.revision != revision {
            self.revision = revision;
            self.by_component.clear();
        }
        &mut self.by_component
    }
}

/// Judges the memory of the application that uses the most, given how it stood before.
fn memory_standing(
    host_bytes: Option<f64>,
    limits: &Limits,
    before: MemoryStanding,
) -> MemoryStanding {
    let Some(bytes) = host_bytes else {
        return MemoryStanding::Unknown;
    };
    let was_high = before >= MemoryStanding::High;
    if verdict::is_over(bytes, limits.memory_bytes, before == MemoryStanding::Over) {
        MemoryStanding::Over
    } else if verdict::is_over(bytes, limits.host_memory_bytes, was_high) {
        MemoryStanding::High
    } else {
        MemoryStanding::Within
    }
}

impl From<&Limits> for verdict::Limits {
    fn from(limits: &Limits) -> Self {
        Self {
            error_share: limits.error_share,
            response_s: limits.response_s,
            calculation_s: limits.calculation_s,
        }
    }
}

/// Minutes by which a component is judged if nothing changed who sees it.
const MINUTES: u32 = SECONDS_IN_MEMORY_S as u32 / 60;

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: f64 = 1024.0 * 1024.0;

    fn limits() -> Limits {
        Limits {
            error_share: 0.05,
            response_s: 5.0,
            calculation_s: 2.0,
            memory_bytes: 150.0 * MIB,
            host_memory_bytes: 100.0 * MIB,
        }
    }

    #[test]
    fn memory_that_sits_on_its_limit_does_not_flap() {
        let mut standing = MemoryStanding::Unknown;
        let mut seen = Vec::new();
        for mebibytes in [98.0, 100.5, 99.5, 100.2, 99.0, 101.0, 95.0, 89.0, 99.9] {
            standing = memory_standing(Some(mebibytes * MIB), &limits(), standing);
            seen.push(standing);
        }
        seen.dedup();
        use MemoryStanding::{High, Within};
        assert_eq!(seen, [Within, High, Within]);
    }

    #[test]
    fn memory_comes_down_step_by_step() {
        use MemoryStanding::{High, Over, Unknown, Within};
        let stands =
            |mebibytes: f64, before| memory_standing(Some(mebibytes * MIB), &limits(), before);
        assert_eq!(stands(151.0, Within), Over);
        assert_eq!(stands(140.0, Over), Over);
        assert_eq!(stands(130.0, Over), High);
        assert_eq!(stands(92.0, Over), High);
        assert_eq!(stands(80.0, Over), Within);
        assert_eq!(memory_standing(None, &limits(), Over), Unknown);
    }
}
