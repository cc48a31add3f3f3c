//! Rollouts, as the application sees them: what is watched joined with the flags, ramps started and
//! steered, and what each rollout is held to.

mod acting;
mod counted;
mod status;
mod watching;
mod words;

use flagdeck_core::ramp::{Phase, Plan, Ramp};
use flagdeck_core::{Edit, FlagDocument, Percentage, Rollout, RolloutChange};
use jiff::tz::TimeZone;

pub(super) use self::watching::Watcher;
use super::{App, Event};
use crate::error::Error;
use crate::flags::{ChangeRequest, Scope};
use crate::rollouts::shapes::{
    Decision, Happened, NamedPlan, OwnGuardRules, Replayed, RolloutDetails, TimelineEntry,
};
use crate::rollouts::store::{self, KeptRamp};
use crate::rollouts::{Rollouts, RolloutsError};
use crate::store::{Actor, RevisionNumber};

/// A ramp that is to be started.
#[derive(Debug, Clone)]
pub struct NewRamp {
    /// The component; `None` for the default rollout.
    pub component: Option<String>,
    /// Its steps, and what each needs.
    pub plan: Plan,
    /// The name of the plan, if it has one.
    pub plan_name: Option<String>,
    /// When the first step may be made, in milliseconds since 1970; `None` for at once.
    pub starts_ms: Option<i64>,
}

impl App {
    /// Returns what is kept of rollouts.
    pub fn rollouts(&self) -> &Rollouts {
        &self.0.rollouts
    }

    /// Starts a ramp. Its first step is made by the program that watches; steps that do not widen
    /// the rollout are left out.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such component, [`Error::Rollout`] if the plan is none, no
    /// step widens the rollout, a ramp goes on already, or it cannot be widened in steps.
    pub fn start_ramp(&self, new: NewRamp, actor: &Actor) -> Result<RolloutDetails, Error> {
        self.flags().check_place()?;
        let NewRamp {
            component,
            plan,
            plan_name,
            starts_ms,
        } = new;
        plan.check().map_err(RolloutsError::from)?;
        // Another program may have just changed them.
        self.flags().refresh()?;
        let live = self.flags().in_force(Scope::Everyone);
        let name = component.as_deref();
        self.check_target(&live.document, name)?;
        check_zone(&plan)?;
        if !live.document.enabled {
            return refused("all flags are off; turn them on first".into());
        }
        let plan = plan.above(percentage_now(&live.document, name));
        let Some(first) = plan.steps.first().copied() else {
            let name = words::name(name);
            let now = counted::rollout(&live.document, component.as_deref()).percentage;
            return refused(format!(
                "{name} is at {now} % already, and no step of this plan is above that"
            ));
        };
        // Refused here rather than at the first step.
        let edit = acting::widen(&live.document, name, first, true)?;
        self.flags().widenings(&edit)?;
        let kept = KeptRamp {
            id: 0,
            component: component.clone(),
            plan_name,
            ramp: Ramp::new(plan, starts_ms),
            by: actor.clone(),
            started_ms: self.now_ms(),
            before: live.revision.0,
            stepped_ms: None,
            making: None,
            skipped_by: None,
        };
        self.rollouts().write(|transaction| {
            if store::open_ramp(transaction, name)?.is_some() {
                let message = format!(
                    "a ramp of {} goes on already; abort it first",
                    words::name(name)
                );
                return Err(RolloutsError::Refused { message });
            }
            store::begin_ramp(transaction, &kept)?;
            let steps = kept.ramp.plan.steps_text();
            let sentence = format!("A ramp was started: {steps} %.");
            let entry = TimelineEntry {
                by: Some(actor.clone()),
                ..watching::entry(
                    component.clone(),
                    kept.started_ms,
                    Happened::RampStarted,
                    sentence,
                )
            };
            Ok(store::add_entry(transaction, &entry)?)
        })?;
        self.announce(Event::Rollouts);
        self.rollout_details(name)
    }

    /// Lists the steps that a ramp by a plan would make of a rollout, with the edit of each against
    /// now, to be previewed.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such component, [`Error::OutOfRange`] if it cannot be widened
    /// in steps.
    pub fn ramp_steps(
        &self,
        component: Option<&str>,
        plan: &Plan,
    ) -> Result<Vec<(Percentage, Edit)>, Error> {
        let live = self.flags().in_force(Scope::Everyone);
        self.check_target(&live.document, component)?;
        let plan = plan.above(percentage_now(&live.document, component));
        let steps = plan.steps.iter().map(|step| {
            let edit = acting::widen(&live.document, component, *step, true)?;
            Ok((*step, edit))
        });
        steps.collect()
    }

    /// Pauses the ramp of a rollout.
    ///
    /// # Errors
    /// [`Error::NotFound`] if none goes on, [`Error::Rollout`] if it is paused already.
    pub fn pause_ramp(
        &self,
        component: Option<&str>,
        actor: &Actor,
    ) -> Result<RolloutDetails, Error> {
        self.steer(component, actor, |kept| {
            if kept.ramp.phase != Phase::Running {
                return Err("the ramp is paused already".into());
            }
            kept.ramp.phase = Phase::Paused;
            kept.skipped_by = None;
            Ok((Happened::Paused, "Paused.".into()))
        })
    }

    /// Lets the ramp of a rollout go on: the present step is watched from the beginning. If the
    /// rollout was widened by other means, the ramp goes on from there.
    ///
    /// # Errors
    /// [`Error::NotFound`] if none goes on, [`Error::Rollout`] if it is not paused, or the component
    /// is off.
    pub fn resume_ramp(
        &self,
        component: Option<&str>,
        actor: &Actor,
    ) -> Result<RolloutDetails, Error> {
        self.flags().refresh()?;
        let live = self.flags().in_force(Scope::Everyone);
        let now = counted::ramped(&live.document, component);
        let before = percentage_now(&live.document, component);
        self.steer(component, actor, |kept| {
            if kept.ramp.phase == Phase::Running {
                return Err("the ramp is not paused".into());
            }
            if kept.ramp.made > 0 {
                let Some(now) = now else {
                    return Err(format!(
                        "{} is off or has no custom rollout; switch it on first, or abort the ramp \
                         and start another one",
                        words::name(component)
                    ));
                };
                let steps = &kept.ramp.plan.steps;
                let made = steps.iter().take_while(|step| **step <= now).count();
                if made == 0 {
                    return Err(format!(
                        "it is at {now} %, below the first step; abort the ramp and start another \
                         one"
                    ));
                }
                // What lies between two steps counts as a step of its own.
                if kept.ramp.plan.steps[made - 1] != now {
                    kept.ramp.plan.steps[made - 1] = now;
                }
                kept.ramp.made = made;
            } else {
                kept.ramp.plan = kept.ramp.plan.above(before);
                if kept.ramp.plan.steps.is_empty() {
                    return Err(format!("it is at {before} % already; abort the ramp"));
                }
            }
            kept.skipped_by = None;
            kept.ramp.resume();
            Ok((Happened::Resumed, "Resumed.".into()))
        })
    }

    /// Has the next step made at once, whatever is missing for it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no ramp goes on.
    pub fn skip_ramp(
        &self,
        component: Option<&str>,
        actor: &Actor,
    ) -> Result<RolloutDetails, Error> {
        let by = actor.clone();
        self.steer(component, actor, |kept| {
            if kept.ramp.phase != Phase::Running {
                return Err("the ramp is paused; resume it first".into());
            }
            kept.skipped_by = Some(by);
            let sentence = match kept.ramp.next() {
                Some(next) => format!("Asked for {next} % at once."),
                None => "Asked to complete the ramp at once.".into(),
            };
            Ok((Happened::Skipped, sentence))
        })
    }

    /// Ends the ramp of a rollout where it is, or puts the rollout back to what it was before it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if none goes on, and what [`crate::flags::Flags::change`] returns if the
    /// rollout cannot be put back; the ramp has ended then all the same.
    pub fn abort_ramp(
        &self,
        component: Option<&str>,
        puts_back: bool,
        actor: &Actor,
    ) -> Result<RolloutDetails, Error> {
        let mut before = None;
        self.steer(component, actor, |kept| {
            kept.ramp.phase = Phase::Aborted;
            kept.making = None;
            before = (kept.ramp.made > 0).then_some(kept.before);
            Ok((Happened::Aborted, "The ramp was ended.".into()))
        })?;
        if let Some(before) = before.filter(|_| puts_back) {
            let before = self.flags().document_at(RevisionNumber(before))?;
            let request = ChangeRequest {
                edit: put_back(&before, component)?,
                actor: actor.clone(),
                note: Some("The ramp was ended".into()),
                base: None,
            };
            self.flags().change(request)?;
        }
        self.rollout_details(component)
    }

    fn steer(
        &self,
        component: Option<&str>,
        actor: &Actor,
        change: impl FnOnce(&mut KeptRamp) -> Result<(Happened, String), String>,
    ) -> Result<RolloutDetails, Error> {
        self.flags().check_place()?;
        let now_ms = self.now_ms();
        self.rollouts().write(|transaction| {
            let Some(mut kept) = store::open_ramp(transaction, component)? else {
                let message = format!("no ramp of {} goes on", words::name(component));
                return Err(RolloutsError::NotFound { message });
            };
            let changed = change(&mut kept);
            let (what, sentence) = changed.map_err(|message| RolloutsError::Refused { message })?;
            store::keep_ramp(transaction, &kept)?;
            let entry = TimelineEntry {
                by: Some(actor.clone()),
                ..watching::entry(component.map(str::to_owned), now_ms, what, sentence)
            };
            Ok(store::add_entry(transaction, &entry)?)
        })?;
        self.announce(Event::Rollouts);
        self.rollout_details(component)
    }

    /// Keeps a plan of ramps under a name, in place of the one that has it.
    ///
    /// # Errors
    /// [`Error::Rollout`] or [`Error::TooMany`] if it is none, or there are too many.
    pub fn keep_plan(&self, name: &str, plan: &Plan) -> Result<Vec<NamedPlan>, Error> {
        self.flags().check_place()?;
        check_zone(plan)?;
        Ok(self.rollouts().keep_plan(name, plan)?)
    }

    /// Removes a plan of ramps. Those that were started with it go on.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that name.
    pub fn remove_plan(&self, name: &str) -> Result<Vec<NamedPlan>, Error> {
        self.flags().check_place()?;
        Ok(self.rollouts().remove_plan(name)?)
    }

    /// Sets what one rollout alone is held to. It is a new attempt then.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such component, [`Error::Rollout`] if a value is out of
    /// range.
    pub fn set_guard_rules(
        &self,
        component: Option<&str>,
        rules: &OwnGuardRules,
    ) -> Result<RolloutDetails, Error> {
        self.flags().check_place()?;
        let live = self.flags().in_force(Scope::Everyone);
        self.check_target(&live.document, component)?;
        self.rollouts().keep_rules(component, rules)?;
        self.announce(Event::Rollouts);
        self.rollout_details(component)
    }

    /// Returns a decision.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number.
    pub fn decision(&self, id: u64) -> Result<Decision, Error> {
        Ok(self.rollouts().decision(id)?)
    }

    /// Judges a decision again, from what was stored.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number.
    pub fn replay_decision(&self, id: u64) -> Result<Replayed, Error> {
        Ok(self.rollouts().replay(id)?)
    }

    fn check_target(&self, document: &FlagDocument, component: Option<&str>) -> Result<(), Error> {
        let Some(path) = component else {
            return Ok(());
        };
        match document.node_at(path) {
            Some(flagdeck_core::document::Node::Component(_)) => Ok(()),
            _ => Err(Error::NotFound {
                message: flagdeck_core::edit::not_found(document, path),
            }),
        }
    }
}

/// Returns the percentage that the steps of a ramp are compared with: 0 for a component that is off.
fn percentage_now(document: &FlagDocument, component: Option<&str>) -> Percentage {
    let is_on = component.is_none_or(|path| {
        let node = document.node_at(path);
        matches!(node, Some(flagdeck_core::document::Node::Component(true)))
    });
    match is_on {
        true => counted::rollout(document, component).percentage,
        false => Percentage::ZERO,
    }
}

fn check_zone(plan: &Plan) -> Result<(), Error> {
    let Some(hours) = &plan.hours else {
        return Ok(());
    };
    match TimeZone::get(&hours.zone) {
        Ok(_) => Ok(()),
        Err(_) => refused(format!(
            "this machine knows no time zone {}; it is a name like Europe/Berlin",
            flagdeck_core::visible(&hours.zone)
        )),
    }
}

fn refused<T>(message: String) -> Result<T, Error> {
    Err(RolloutsError::Refused { message }.into())
}

/// Returns the edit that makes a rollout what it was in another document.
fn put_back(before: &FlagDocument, component: Option<&str>) -> Result<Edit, Error> {
    let Some(path) = component else {
        return Ok(set(None, &before.rollout));
    };
    let component = acting::parsed(path)?;
    let was_on = matches!(
        before.node_at(path),
        Some(flagdeck_core::document::Node::Component(true))
    );
    let rollout = match before.rollouts.get(path) {
        Some(own) => set(Some(component.clone()), own),
        None => Edit::ClearRollout {
            component: component.clone(),
        },
    };
    let switch = Edit::SetComponents {
        paths: vec![component],
        on: was_on,
    };
    Ok(Edit::Batch(vec![rollout, switch]))
}

fn set(component: Option<flagdeck_core::ComponentPath>, rollout: &Rollout) -> Edit {
    Edit::SetRollout {
        component,
        change: RolloutChange {
            percentage: Some(rollout.percentage),
            user_groups: Some(rollout.user_groups.clone()),
            strategy: Some(rollout.strategy),
        },
    }
}
