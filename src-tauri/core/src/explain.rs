//! Why a user gets what they get: an [`Evaluation`] with everything that led to it.
//!
//! Made for people to read, one component at a time; `evaluate` is for programs.

use serde::Serialize;

use crate::compile::{Compiled, ComponentId};
use crate::document::{ComponentPath, FlagDocument, Rollout};
use crate::evaluate::{Evaluation, Reason, User};
use crate::problem::{listed, quote};
use crate::reach::Reaches;

/// An evaluation with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename_all = "camelCase")
)]
pub struct Explanation {
    /// The name that was asked for.
    pub component: String,
    /// Whether it is on for the user.
    pub value: bool,
    /// The rule that decided, by its published name.
    pub reason: &'static str,
    /// The decision in one sentence.
    pub sentence: String,
    /// Every rule that was looked at, in order; the last one decided.
    pub steps: Vec<Step>,
    /// The rollout that applied; `None` if there is no such component.
    pub rollout: Option<AppliedRollout>,
    /// The user's bucket, 0..100 000; `None` without a user id.
    pub bucket: Option<u32>,
    /// The first bucket that is not in, 0..=100 000.
    pub threshold: Option<u32>,
    /// The required component that is off, if that decided.
    pub failing_prerequisite: Option<String>,
    /// Whom the component reaches, in words; `None` if there is no such component.
    pub reach: Option<String>,
}

/// One rule that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename = "ExplanationStep")
)]
pub struct Step {
    /// Whether it lets the component be on.
    pub ok: bool,
    /// What was found.
    pub text: String,
}

/// The rollout that applied.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename_all = "camelCase")
)]
pub struct AppliedRollout {
    /// Whether it is the component's own, or else the document's.
    pub own: bool,
    /// Per cent of all users, 0.0..=100.0.
    pub percentage: f64,
    /// The strategy, by its published name.
    pub strategy: &'static str,
    /// Its groups.
    pub user_groups: Vec<String>,
}

/// Explains what `compiled`, made of `document`, decides for one user. `reaches` are those of
/// `compiled`.
pub fn explain(
    document: &FlagDocument,
    compiled: &Compiled,
    reaches: &Reaches,
    component: &str,
    user: &User,
) -> Explanation {
    let evaluation = compiled.evaluate(component, user);
    let id = compiled.component(component);
    let rollout = id.map(|_| document.rollout_of(component));
    let telling = Telling {
        document,
        compiled,
        component,
        user,
        evaluation,
    };
    let steps = telling.steps(id);
    Explanation {
        component: component.to_owned(),
        value: evaluation.value,
        reason: evaluation.reason.as_str(),
        sentence: telling.sentence(&steps),
        steps,
        rollout: id.map(|id| telling.applied(id)),
        bucket: id
            .filter(|_| !user.id.is_empty())
            .map(|id| compiled.bucket(id, user.id)),
        threshold: rollout.map(|rollout| rollout.percentage.milli()),
        failing_prerequisite: match evaluation.reason {
            Reason::Prerequisite(failing) => Some(compiled.path(failing).to_owned()),
            _ => None,
        },
        reach: id.map(|id| reaches.say(id)),
    }
}

struct Telling<'a> {
    document: &'a FlagDocument,
    compiled: &'a Compiled,
    component: &'a str,
    user: &'a User<'a>,
    evaluation: Evaluation,
}

impl Telling<'_> {
    fn applied(&self, id: ComponentId) -> AppliedRollout {
        let rollout = self.document.rollout_of(self.component);
        AppliedRollout {
            own: !self.compiled.rule(id).gate.is_document(),
            percentage: rollout.percentage.as_f64(),
            strategy: rollout.strategy.as_str(),
            user_groups: rollout.user_groups.clone(),
        }
    }

    fn sentence(&self, steps: &[Step]) -> String {
        let state = if self.evaluation.value { "on" } else { "off" };
        let who = match self.user.id {
            "" => "a user without an id".to_owned(),
            id => quote(id),
        };
        let why = steps.last().map_or("", |step| step.text.as_str());
        format!("{} is {state} for {who}: {why}.", named(self.component))
    }

    fn steps(&self, id: Option<ComponentId>) -> Vec<Step> {
        let Some(id) = id else {
            return vec![self.no_component()];
        };
        let name = self.component;
        let master = step(true, "the master switch is on".into());
        let switch = step(true, format!("{name} is switched on"));
        match self.evaluation.reason {
            Reason::MasterOff => vec![step(false, "the master switch is off".into())],
            Reason::ComponentOff => vec![master, step(false, format!("{name} is switched off"))],
            Reason::Prerequisite(failing) => {
                // Switches come first: the rollout is listed only if it was evaluated.
                let asked = self.compiled.get(failing).barred.is_none();
                let rollout = asked.then(|| self.rollout_step(id));
                let steps = [master, switch].into_iter().chain(rollout);
                steps.chain([self.prerequisite_step(failing)]).collect()
            }
            _ => {
                let steps = [master, switch].into_iter().chain(self.requirements_step());
                steps.chain([self.rollout_step(id)]).collect()
            }
        }
    }

    fn no_component(&self) -> Step {
        let name = named(self.component);
        let text = match self.document.is_group(self.component) {
            true => format!("{name} is a group, not a component"),
            false => format!("there is no component {name}"),
        };
        step(false, text)
    }

    /// Prerequisites, if they were evaluated: after a rollout that let the user in.
    fn requirements_step(&self) -> Option<Step> {
        let required = self.document.requires.get(self.component)?;
        let told = self.evaluation.value && !required.is_empty();
        let names: Vec<&str> = required.iter().map(ComponentPath::as_str).collect();
        told.then(|| {
            let names = listed(&names);
            step(
                true,
                format!("what it requires is on for this user ({names})"),
            )
        })
    }

    fn prerequisite_step(&self, failing: ComponentId) -> Step {
        let path = self.compiled.path(failing);
        let text = match self.compiled.get(failing).barred {
            Some(_) => format!("it requires {path}, which is switched off"),
            None => {
                let why = self.rollout_step(failing).text;
                format!("it requires {path}, which is off for this user: {why}")
            }
        };
        step(false, text)
    }

    fn rollout_step(&self, id: ComponentId) -> Step {
        let gate = &self.compiled.rule(id).gate;
        let decision = self.compiled.decide(gate, self.user);
        let rollout = self.document.rollout_of(self.compiled.path(id));
        let whose = match gate.is_document() {
            true => "the default rollout",
            false => "its custom rollout",
        };
        let percentage = rollout.percentage;
        let text = match decision.reason {
            Reason::Zero => format!("{whose} is at 0 %"),
            Reason::NotInGroup => format!(
                "{whose} is only for the groups {}, and the user is in none of them",
                listed(&rollout.user_groups)
            ),
            Reason::Group => format!(
                "the user is in the group {}, which comes first in {whose}",
                self.shared_group(rollout)
            ),
            Reason::Full => format!("{whose} is at 100 %"),
            Reason::NoUser => {
                format!("{whose} is at {percentage} %, and without a user id nobody can be placed")
            }
            _ => {
                let side = if decision.value { "below" } else { "not below" };
                let bucket = decision.bucket.unwrap_or_default();
                let threshold = percentage.milli();
                format!("bucket {bucket} is {side} {threshold}, the {percentage} % of {whose}")
            }
        };
        step(decision.value, text)
    }

    fn shared_group<'a>(&self, rollout: &'a Rollout) -> &'a str {
        let shared = rollout
            .groups()
            .find(|group| self.user.groups.contains(group));
        shared.expect("the rule `group` holds only for a group that both name")
    }
}

/// Quotes a name unless it could be that of a component.
fn named(name: &str) -> String {
    match name.parse::<ComponentPath>() {
        Ok(path) => path.to_string(),
        Err(_) => quote(name),
    }
}

fn step(ok: bool, text: String) -> Step {
    Step { ok, text }
}
