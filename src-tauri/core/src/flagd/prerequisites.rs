//! What a component requires, as rules beside its own.

use crate::compile::{Barred, Compiled, ComponentId, Prerequisites};
use crate::document::{Bucketing, FlagDocument};
use crate::limits;

use super::rule::{Audience, Key, Rule};

/// Why what a component requires cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unwritable {
    /// It brings in more rollouts than are written.
    TooMany,
    /// It brings in a share of a custom rollout, and a flag can compute no bucket of another one.
    Share { of: String },
}

impl Unwritable {
    /// Says so of a component.
    pub(super) fn message(&self, component: &str) -> String {
        match self {
            Self::TooMany => format!(
                "{component} is left out: what it requires brings in more than {} rollouts.",
                limits::PREREQUISITES_FLAT_MAX
            ),
            Self::Share { of } => format!(
                "{component} is left out: it requires {of}, whose custom rollout reaches a share of \
                 users, and a flag of flagd cannot compute that of another flag with {}.",
                Bucketing::Flagd3.as_str()
            ),
        }
    }
}

/// What all components of a document require, with the master switch on: it is a rule of its own.
pub(super) struct Requirements<'a> {
    document: &'a FlagDocument,
    compiled: Compiled,
}

impl<'a> Requirements<'a> {
    pub(super) fn new(document: &'a FlagDocument) -> Self {
        let mut switched_on = document.clone();
        switched_on.enabled = true;
        Self {
            document,
            compiled: Compiled::new(&switched_on),
        }
    }

    /// Returns the rules that a component's requirements add to its own, each once. Those that
    /// cannot be written do not count for a component that is off.
    ///
    /// # Errors
    /// [`Unwritable`].
    pub(super) fn of(&self, component: &str) -> Result<Vec<Rule>, Unwritable> {
        let Some(id) = self.compiled.component(component) else {
            return Ok(Vec::new());
        };
        match self.rules(id) {
            Err(_) if !self.compiled.get(id).on => Ok(Vec::new()),
            rules => rules,
        }
    }

    fn rules(&self, id: ComponentId) -> Result<Vec<Rule>, Unwritable> {
        let mut required = self.compiled.get(id).requires.iter();
        let is_off = |of: &ComponentId| -> bool {
            let barred: Option<Barred> = self.compiled.get(*of).barred;
            barred.is_some()
        };
        if required.any(is_off) {
            return Ok(vec![Rule::Never]);
        }
        let Prerequisites::Flat { from, len } = self.compiled.get(id).prerequisites else {
            return Err(Unwritable::TooMany);
        };
        let checks = &self.compiled.checks[from as usize..(from + len) as usize];
        let mut rules = Vec::new();
        let mut unwritable = None;
        for check in checks {
            let path = self.compiled.path(check.component);
            let audience = Audience::of(self.document.rollout_of(path));
            let rule = match (check.gate.is_document(), audience.milli) {
                (true, _) => Rule::Default,
                // No user is in, so nothing else that is required matters.
                (false, 0) => return Ok(vec![Rule::Never]),
                (false, _) if audience.needs_buckets() && self.hashes_lists() => {
                    let of = path.to_owned();
                    unwritable.get_or_insert(Unwritable::Share { of });
                    continue;
                }
                (false, _) => audience.rule(Key::OtherFlag(path.to_owned())),
            };
            if rule != Rule::Always && !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        unwritable.map_or(Ok(rules), Err)
    }

    /// Whether a flag is hashed with the user as a list, which no rule can name.
    fn hashes_lists(&self) -> bool {
        self.document.bucketing == Bucketing::Flagd3
    }
}
