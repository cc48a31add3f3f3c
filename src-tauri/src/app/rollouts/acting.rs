//! What is done about a rollout: steps of ramps are made, and what does harm is rolled back.
//!
//! A step or a decision is stored before the flags are changed, and the revision names it: whoever
//! goes on after a killed program finds whether it was carried out.

use flagdeck_core::audience::Audience;
use flagdeck_core::ramp::Phase;
use flagdeck_core::{ComponentPath, Edit, FlagDocument, Percentage, RolloutChange};
use serde_json::json;

use super::super::{App, Event, Level};
use super::counted::{audience, can_ramp, rollout, users_of_default};
use super::watching::entry;
use super::{percentage_now, words};
use crate::error::Error;
use crate::flags::{ChangeRequest, Scope};
use crate::rollouts::shapes::{Decision, Happened, Outcome, TimelineEntry};
use crate::rollouts::store::{self, KeptRamp};
use crate::store::{Actor, Cause, RevisionNumber, Via};
use crate::webhook::{Endpoint, Message, Secret};

/// Revisions that are looked through for the one of a step or a decision: nobody saves more while a
/// program is killed and another one takes over.
const LOOKED_THROUGH_MAX: usize = 500;

/// What Flagdeck calls itself where it acts by itself.
const ITSELF: &str = "Flagdeck";

impl App {
    /// Carries out the decisions that are not yet.
    pub(super) fn carry_out_decisions(&self) -> Result<(), Error> {
        let open = self.rollouts().read(store::open_decisions)?;
        for decision in open.unwrap_or_default() {
            self.carry_out(decision)?;
        }
        Ok(())
    }

    fn carry_out(&self, mut decision: Decision) -> Result<(), Error> {
        let done = self.switch_off(&decision);
        let outcome = match done {
            Ok(outcome) => outcome,
            Err(error) => {
                let title = words::title(decision.component.as_deref());
                let trouble = error.in_full().to_string();
                let message = format!(
                    "{title} does harm and is not rolled back yet: {trouble}. It is tried again. \
                     All flags off works whatever the disk does."
                );
                self.notify(Level::Error, message);
                let outcome = Outcome::Pending {
                    trouble: Some(trouble),
                };
                if decision.outcome != outcome {
                    decision.outcome = outcome;
                    self.rollouts()
                        .write(|it| Ok(store::keep_decision(it, &decision, true)?))?;
                }
                return Ok(());
            }
        };
        decision.outcome = outcome;
        self.rollouts().write(|transaction| {
            store::keep_decision(transaction, &decision, false)?;
            store::add_entry(transaction, &rolled_back(&decision))?;
            for mut kept in store::open_ramps(transaction)? {
                let document = &self.flags().in_force(Scope::Everyone).document;
                if let Some(entry) = end_for(&mut kept, &decision, document) {
                    store::keep_ramp(transaction, &kept)?;
                    store::add_entry(transaction, &entry)?;
                }
            }
            Ok(())
        })?;
        self.tell_of(&decision);
        Ok(())
    }

    /// Switches what does harm off, and looks again whether it is.
    fn switch_off(&self, decision: &Decision) -> Result<Outcome, Error> {
        let component = decision.component.as_deref();
        let cause = Cause::RollBack(decision.id);
        let (revision, is_override) = match self.made_since(decision.base, cause)? {
            Some(revision) => (revision, self.flags().live().followed.is_some()),
            None if self.is_off(component) => return Ok(Outcome::WasOff),
            None => {
                self.take_before_rollback();
                let request = ChangeRequest {
                    edit: off(component)?,
                    actor: Actor::new(Via::Rollout, ITSELF),
                    note: Some(decision.sentence.clone()),
                    base: None,
                };
                let outcome = self.flags().change_because(request, cause)?;
                (outcome.revision, outcome.overrides.is_some())
            }
        };
        // A person may have switched it on again since, and that stands.
        let is_latest = self.flags().live().revision == revision;
        if is_latest && !self.is_off(component) {
            let name = words::name(component);
            let message = format!("{name} was rolled back and is still on for some users");
            return Err(Error::NotFound { message });
        }
        Ok(Outcome::Done {
            revision: revision.0,
            is_override,
        })
    }

    /// Evaluates a rollout again: whether it is on for nobody.
    fn is_off(&self, component: Option<&str>) -> bool {
        let live = self.flags().in_force(Scope::Everyone);
        audience(&live.document, component) == Audience::Nobody
    }

    /// Finds the revision after another one that was made for a step or decision.
    fn made_since(&self, base: u64, cause: Cause) -> Result<Option<RevisionNumber>, Error> {
        let latest = self.flags().store().summaries(None, LOOKED_THROUGH_MAX)?;
        let later = latest.iter().take_while(|it| it.number.0 > base);
        let mut made = later.filter(|it| it.cause == cause);
        Ok(made.next().map(|it| it.number))
    }

    /// Tells people, and whoever is to be told over HTTP.
    fn tell_of(&self, decision: &Decision) {
        let title = words::title(decision.component.as_deref());
        let message = match decision.outcome {
            Outcome::WasOff => format!(
                "{title} did harm, and was switched off before Flagdeck did: {}.",
                decision.sentence
            ),
            _ => format!("{title} was rolled back: {}.", decision.sentence),
        };
        tracing::warn!(decision = decision.id, "{message}");
        self.notify(Level::Warning, message);
        self.announce(Event::RolledBack(decision.id));
        self.announce(Event::Rollouts);
        let data = json!({
            "decision": decision.id,
            "component": decision.component,
            "reason": decision.sentence,
            "test": decision.test,
            "percentage": decision.percentage,
            "exposed": decision.exposed,
            "control": decision.control,
            "outcome": decision.outcome,
        });
        self.send_webhook(Message {
            id: format!("flagdeck-decision-{}-{}", decision.id, decision.at_ms),
            kind: "rollout.rolled_back".into(),
            at_ms: decision.at_ms,
            data,
        });
    }

    fn send_webhook(&self, message: Message) {
        let config = self.config();
        let Some(url) = config.rollback.webhook.url.as_deref() else {
            return;
        };
        let secret = Secret::load(self.data_dir(), self.0.webhook_secret.as_deref());
        let endpoint = url.parse().map_err(|error| format!("{error}"));
        let endpoint = endpoint.and_then(|address| {
            let secret = secret.map_err(|error| error.to_string())?;
            Ok(Endpoint { address, secret })
        });
        match endpoint {
            Ok(endpoint) => self.0.webhooks.send(endpoint, message),
            Err(why) => {
                self.notify(
                    Level::Warning,
                    format!("The webhook was not called: {why}."),
                );
            }
        }
    }

    /// Makes the steps that ramps are about to make.
    pub(super) fn make_steps(&self) -> Result<(), Error> {
        let open = self.rollouts().read(store::open_ramps)?.unwrap_or_default();
        for kept in open.into_iter().filter(|it| it.making.is_some()) {
            self.make_step(&kept)?;
        }
        Ok(())
    }

    fn make_step(&self, kept: &KeptRamp) -> Result<(), Error> {
        let made = self.widen_next(kept);
        let component = kept.component.clone();
        self.rollouts().write(|transaction| {
            let Some(mut kept) = store::open_ramp(transaction, component.as_deref())? else {
                return Ok(());
            };
            kept.making = None;
            let by = kept.skipped_by.take();
            let entry = match &made {
                Ok(revision) => {
                    kept.ramp.step();
                    kept.stepped_ms = Some(self.now_ms());
                    let present = kept.ramp.present().unwrap_or_default();
                    let sentence = format!("Widened to {present} %.");
                    let what = match by {
                        Some(_) => Happened::Skipped,
                        None => Happened::StepMade,
                    };
                    TimelineEntry {
                        by,
                        revision: Some(revision.0),
                        ..entry(component.clone(), self.now_ms(), what, sentence)
                    }
                }
                Err(error) => {
                    kept.ramp.phase = Phase::Changed;
                    let sentence = format!(
                        "The next step was not made: {}. The ramp is paused.",
                        error.in_full()
                    );
                    entry(
                        component.clone(),
                        self.now_ms(),
                        Happened::Changed,
                        sentence,
                    )
                }
            };
            store::keep_ramp(transaction, &kept)?;
            Ok(store::add_entry(transaction, &entry)?)
        })?;
        if let Err(error) = made {
            let name = words::name(component.as_deref());
            let message = format!("The ramp of {name} is paused: {}.", error.in_full());
            self.notify(Level::Warning, message);
        }
        self.announce(Event::Rollouts);
        Ok(())
    }

    /// Widens a rollout to the next percentage of its ramp, unless that was done before.
    fn widen_next(&self, kept: &KeptRamp) -> Result<RevisionNumber, Error> {
        let (Some(making), Some(next)) = (&kept.making, kept.ramp.next()) else {
            return Ok(self.flags().live().revision);
        };
        let cause = Cause::Ramp(kept.id);
        if let Some(revision) = self.made_since(making.base, cause)? {
            return Ok(revision);
        }
        let live = self.flags().live();
        let now = percentage_now(&live.document, kept.component.as_deref());
        if now >= next {
            return Err(Error::OutOfRange {
                message: format!("it is at {now} % by now, and the next step is {next} %"),
            });
        }
        let edit = widen(
            &live.document,
            kept.component.as_deref(),
            next,
            kept.ramp.made == 0,
        )?;
        let plan = kept.plan_name.as_deref().unwrap_or("own steps");
        let (step, steps) = (kept.ramp.made + 1, kept.ramp.plan.steps.len());
        let request = ChangeRequest {
            edit,
            actor: Actor::new(Via::Rollout, ITSELF),
            note: Some(format!(
                "Step {step} of {steps} of ramp {} ({plan})",
                kept.id
            )),
            base: None,
        };
        Ok(self.flags().change_because(request, cause)?.revision)
    }
}

/// Returns the edit that widens a rollout; with the first step, a component is switched on.
pub(super) fn widen(
    document: &FlagDocument,
    component: Option<&str>,
    percentage: Percentage,
    is_first: bool,
) -> Result<Edit, Error> {
    if !can_ramp(rollout(document, component)) {
        return Err(Error::OutOfRange {
            message: "a blue-green rollout goes from 0 to 100 % at once, so it has no steps".into(),
        });
    }
    let path = component.map(parsed).transpose()?;
    let set = Edit::SetRollout {
        component: path.clone(),
        change: RolloutChange {
            percentage: Some(percentage),
            ..RolloutChange::default()
        },
    };
    Ok(match path.filter(|_| is_first) {
        None => set,
        Some(path) => {
            let on = Edit::SetComponents {
                paths: vec![path],
                on: true,
            };
            Edit::Batch(vec![set, on])
        }
    })
}

/// Returns the edit that switches what does harm off.
fn off(component: Option<&str>) -> Result<Edit, Error> {
    Ok(match component {
        Some(path) => Edit::SetComponents {
            paths: vec![parsed(path)?],
            on: false,
        },
        None => Edit::SetRollout {
            component: None,
            change: RolloutChange {
                percentage: Some(Percentage::ZERO),
                ..RolloutChange::default()
            },
        },
    })
}

pub(super) fn parsed(component: &str) -> Result<ComponentPath, Error> {
    component.parse().map_err(|_| Error::NotFound {
        message: format!("there is no component {component}"),
    })
}

/// Ends the ramp of what was rolled back; pauses that of the default rollout if a component that
/// uses it was. Returns what is to be told; `None` if the ramp is another one.
fn end_for(
    kept: &mut KeptRamp,
    decision: &Decision,
    document: &FlagDocument,
) -> Option<TimelineEntry> {
    let tell = |what, sentence| entry(kept.component.clone(), decision.at_ms, what, sentence);
    if kept.component == decision.component {
        kept.ramp.phase = Phase::RolledBack;
        kept.making = None;
        return Some(tell(Happened::Aborted, "The ramp has ended.".into()));
    }
    let harmful = decision.component.as_ref()?;
    let is_running = kept.ramp.phase == Phase::Running;
    // It is off by now.
    let used_default = !document.rollouts.contains_key(harmful.as_str());
    let is_off = !users_of_default(document).contains(harmful);
    if kept.component.is_none() && is_running && used_default && is_off {
        let sentence =
            format!("{harmful}, which uses this rollout, was rolled back; the ramp is paused.");
        let entry = tell(Happened::Paused, sentence);
        kept.ramp.phase = Phase::Paused;
        return Some(entry);
    }
    None
}

fn rolled_back(decision: &Decision) -> TimelineEntry {
    let (revision, sentence) = match decision.outcome {
        Outcome::Done { revision, .. } => (
            Some(revision),
            format!("Rolled back: {}.", decision.sentence),
        ),
        _ => (
            None,
            format!(
                "It did harm, and was off before it was rolled back: {}.",
                decision.sentence
            ),
        ),
    };
    TimelineEntry {
        revision,
        decision: Some(decision.id),
        ..entry(
            decision.component.clone(),
            decision.at_ms,
            Happened::RolledBack,
            sentence,
        )
    }
}
