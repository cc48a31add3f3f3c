//! What was counted of each rollout, and which rollouts there are to watch.

use std::collections::HashMap;

use flagdeck_core::audience::Audience;
use flagdeck_core::document::Node;
use flagdeck_core::measure::Arm;
use flagdeck_core::{FlagDocument, Percentage, Rollout, Strategy};

use crate::config::Config;
use crate::metrics::Metrics;
use crate::rollouts::counting::Totals;
use crate::rollouts::limits::ALPHA;
use crate::rollouts::shapes::{GuardRules, OwnGuardRules};

/// Totals by component. What names none is of the default rollout.
#[derive(Debug, Default)]
pub(super) struct Counted {
    start: u64,
    by_component: HashMap<String, Totals>,
}

impl Counted {
    pub(super) fn of(metrics: &Metrics) -> Self {
        let mut counted: HashMap<String, Totals> = HashMap::new();
        let start = metrics.each_guarded(|component, arm, guarded| {
            let totals = counted.entry(component.to_owned()).or_default();
            match arm {
                Arm::Exposed => totals.exposed.add(&guarded.tally, guarded.users),
                Arm::Control => totals.control.add(&guarded.tally, guarded.users),
                Arm::Unknown => {}
            }
        });
        Self {
            start,
            by_component: counted,
        }
    }

    /// Returns those of a rollout: events that name the component, or none.
    pub(super) fn of_rollout(&self, component: Option<&str>) -> Totals {
        let found = self.by_component.get(component.unwrap_or_default());
        Totals {
            start: self.start,
            ..found.copied().unwrap_or_default()
        }
    }

    /// Returns those that a ramp of a rollout waits for: of the default rollout, also of every
    /// component that uses it.
    pub(super) fn of_ramp(&self, component: Option<&str>, document: &FlagDocument) -> Totals {
        let mut totals = self.of_rollout(component);
        if component.is_none() {
            for path in users_of_default(document) {
                totals.merge(&self.of_rollout(Some(&path)));
            }
        }
        totals
    }
}

/// Lists the components that are on and have no custom rollout.
pub(super) fn users_of_default(document: &FlagDocument) -> Vec<String> {
    let mut users = Vec::new();
    document.for_each_component(|path, is_on| {
        if is_on && !document.rollouts.contains_key(path) {
            users.push(path.to_owned());
        }
    });
    users
}

/// Returns who a rollout lets through.
pub(super) fn audience<'a>(document: &'a FlagDocument, component: Option<&str>) -> Audience<'a> {
    match component {
        Some(path) => Audience::of(document, path),
        None => Audience::of_default(document),
    }
}

/// Lists the rollouts that are partial, in the order of the document.
pub(super) fn partial(document: &FlagDocument) -> Vec<Option<String>> {
    let is_partial = |component: Option<&str>| audience(document, component).is_partial();
    let mut targets: Vec<Option<String>> = Vec::new();
    if is_partial(None) {
        targets.push(None);
    }
    document.for_each_component(|path, is_on| {
        if is_on && is_partial(Some(path)) {
            targets.push(Some(path.to_owned()));
        }
    });
    targets
}

/// Returns the rollout that decides for a component, or the default one.
pub(super) fn rollout<'a>(document: &'a FlagDocument, component: Option<&str>) -> &'a Rollout {
    let own = component.and_then(|path| document.rollouts.get(path));
    own.unwrap_or(&document.rollout)
}

/// Returns the percentage that a ramp of a rollout has made it; `None` if there is no such component,
/// it is off, or uses the default rollout.
pub(super) fn ramped(document: &FlagDocument, component: Option<&str>) -> Option<Percentage> {
    let Some(path) = component else {
        return Some(document.rollout.percentage);
    };
    match document.node_at(path) {
        Some(Node::Component(true)) => Some(document.rollouts.get(path)?.percentage),
        _ => None,
    }
}

/// Returns whether a rollout was widened by what belongs to it alone: its switch and its percentage.
pub(super) fn is_widened(
    before: &FlagDocument,
    after: &FlagDocument,
    component: Option<&str>,
) -> bool {
    let was_on = |path: &str| matches!(before.node_at(path), Some(Node::Component(true)));
    let is_own = component.is_none_or(|path| after.rollouts.contains_key(path) || !was_on(path));
    is_own && !audience(after, component).is_within(&audience(before, component))
}

/// Returns the share of users who should have it on, if that is a share of everyone: neither groups
/// nor another rollout have a say.
pub(super) fn share(document: &FlagDocument, component: Option<&str>) -> Option<f64> {
    let rollout = rollout(document, component);
    let is_plain = rollout.user_groups.is_empty() && rollout.strategy != Strategy::BlueGreen;
    let requires = component.is_some_and(|path| document.requires.contains_key(path));
    (is_plain && !requires).then(|| rollout.percentage.as_f64() / 100.0)
}

/// Returns whether a rollout can be widened step by step.
pub(super) fn can_ramp(rollout: &Rollout) -> bool {
    rollout.strategy != Strategy::BlueGreen
}

/// Returns what a rollout is held to: what is set for it alone, else what the settings say.
pub(super) fn rules(config: &Config, own: &OwnGuardRules) -> GuardRules {
    let rollback = &config.rollback;
    let triggers = &rollback.triggers;
    GuardRules {
        enabled: rollback.enabled && own.enabled.unwrap_or(true),
        error_rate: own.error_rate.unwrap_or(triggers.error_rate),
        response_time_ms: own.response_time_ms.unwrap_or(triggers.response_time_ms),
        memory_bytes: own.memory_bytes.unwrap_or(triggers.memory_threshold_bytes),
        tolerated_ratio: own.tolerated_ratio.unwrap_or(1.0),
        alpha: own.alpha.unwrap_or(ALPHA),
        strict: own.strict.unwrap_or(rollback.strict),
    }
}
