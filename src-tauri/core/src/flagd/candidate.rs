//! One flag → what it says of a component, by itself.

use std::str::FromStr;

use crate::document::{About, ComponentPath};
use crate::problem::{Pointer, describe, listed, quote};
use crate::tree::{Object, Tree};

use super::about;
use super::rule::{Audience, Key, Rule};
use super::targeting::{Reader, Shared};

/// A component as a flag says it is.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) path: ComponentPath,
    /// Where the flag is.
    pub(super) at: Pointer,
    pub(super) on: bool,
    /// Whether its rule asks for the master switch.
    asks_master: bool,
    pub(super) rollout: Own,
    pub(super) requires: Vec<ComponentPath>,
    /// Rules beside its own, which have to be those of what it requires.
    pub(super) required: Vec<Rule>,
    pub(super) about: About,
    /// What of the flag has no meaning here.
    pub(super) left_out: Vec<(Pointer, String)>,
}

/// The rollout of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Own {
    /// The default rollout.
    Default,
    /// The default rollout, written out.
    DefaultOf(Audience),
    /// A custom one.
    Custom(Audience),
    /// Everyone, whatever the default rollout is.
    Everyone,
}

/// Why a flag is no component: a place and a sentence.
pub(super) type Refusal = (Pointer, String);

/// Members of a flag that are read.
const KEYS: [&str; 5] = [
    "state",
    "variants",
    "defaultVariant",
    "targeting",
    "metadata",
];

impl Candidate {
    /// Reads a flag.
    pub(super) fn read(key: &str, flag: &Tree, shared: &Shared<'_>) -> Result<Self, Refusal> {
        let at = Pointer::default().at("flags").at(key);
        let named = quote(key);
        let path = ComponentPath::from_str(key).map_err(|error| {
            let message = format!("The flag {named} is left out, because {error}.");
            (at.clone(), message)
        })?;
        let Some(members) = flag.as_object() else {
            let found = describe(flag);
            let message = format!("The flag {named} is left out: it is {found}, not an object.");
            return Err((at, message));
        };
        let metadata = members.get("metadata").and_then(Tree::as_object);
        let said = metadata.map(|it| about::read(it, &at.at("metadata")));
        let said = said.unwrap_or_default();
        let mut candidate = Self {
            path,
            at,
            on: true,
            asks_master: false,
            rollout: Own::Everyone,
            requires: said.requires,
            required: Vec::new(),
            about: said.about,
            left_out: said.left_out,
        };
        candidate.list_unknown(members);
        candidate.decide(members, shared)?;
        Ok(candidate)
    }

    fn list_unknown(&mut self, members: &Object) {
        for key in members.keys().filter(|key| !KEYS.contains(key)) {
            let message = format!(
                "{} of {} is left out: it is not known.",
                quote(key),
                self.path
            );
            self.left_out.push((self.at.at(key), message));
        }
    }

    /// Reads for whom the flag is on.
    fn decide(&mut self, members: &Object, shared: &Shared<'_>) -> Result<(), Refusal> {
        let variants = self.variants(members)?;
        let default = self.default(members, &variants)?;
        let targeting = members.get("targeting").filter(|it| !is_nothing(it));
        match (targeting, default) {
            (Some(targeting), default) => {
                let reader = Reader::new(shared, variants, default.unwrap_or_default());
                self.target(targeting, &reader)?;
            }
            (None, Some(on)) if self.requires.is_empty() => self.on = on,
            (None, Some(_)) => {
                return Err(self.refusal("requires", "its rule does not ask for that"));
            }
            (None, None) => {
                return Err(self.refusal("defaultVariant", "it has no default and no rule"));
            }
        }
        self.state(members)?;
        if self.on && shared.master == Some(false) && !self.asks_master {
            let why = "it is on there, and the master switch is off";
            return Err(self.refusal("targeting", why));
        }
        Ok(())
    }

    fn state(&mut self, members: &Object) -> Result<(), Refusal> {
        match members.get("state").and_then(Tree::as_str) {
            Some("ENABLED") => Ok(()),
            Some("DISABLED") => {
                self.on = false;
                let message = format!(
                    "{} is switched off here: it is disabled in flagd, so that each program uses a \
                     value of its own.",
                    self.path
                );
                self.left_out.push((self.at.at("state"), message));
                Ok(())
            }
            _ => Err(self.refusal("state", "its state is neither ENABLED nor DISABLED")),
        }
    }

    fn variants<'a>(&self, members: &'a Object) -> Result<Vec<(&'a str, bool)>, Refusal> {
        let variants = members.get("variants").and_then(Tree::as_object);
        let switches = variants.and_then(|variants| {
            let variants = variants.iter();
            let switches = variants.map(|(name, value)| Some((name, value.as_bool()?)));
            switches.collect::<Option<Vec<_>>>()
        });
        let switches = switches.filter(|switches| !switches.is_empty());
        switches.ok_or_else(|| self.refusal("variants", "its variants are not true and false"))
    }

    fn default(
        &self,
        members: &Object,
        variants: &[(&str, bool)],
    ) -> Result<Option<bool>, Refusal> {
        let name = match members.get("defaultVariant") {
            None | Some(Tree::Null) => return Ok(None),
            Some(Tree::String(name)) => name,
            Some(_) => return Err(self.refusal("defaultVariant", "its default is not a name")),
        };
        let found = variants.iter().find(|(variant, _)| *variant == &**name);
        let found = found.map(|(_, on)| Some(*on));
        found
            .ok_or_else(|| self.refusal("defaultVariant", "its default is not one of its variants"))
    }

    fn target(&mut self, targeting: &Tree, reader: &Reader<'_>) -> Result<(), Refusal> {
        let at = self.at.at("targeting");
        let rule = reader.choice(targeting, &at).map_err(|unread| {
            let message = format!(
                "{} is left out: its rule has {}, which no component can have there.",
                self.path, unread.found
            );
            (unread.at, message)
        })?;
        if reader.differs_without_id() {
            let message = format!(
                "For users without an id, {} is decided by its rollout here, not by its default.",
                self.path
            );
            self.left_out.push((at, message));
        }
        self.take(rule)
    }

    /// Takes a rule apart: switches, its own rollout, and the rules of what it requires.
    fn take(&mut self, rule: Rule) -> Result<(), Refusal> {
        let mut rules = match rule {
            Rule::All(rules) => rules,
            rule => vec![rule],
        };
        self.asks_master = rules.contains(&Rule::Master);
        self.on = !rules.contains(&Rule::Off);
        rules.retain(|rule| !matches!(rule, Rule::Master | Rule::Off));
        if !self.requires.is_empty() && !rules.is_empty() {
            self.required = rules.split_off(1);
        }
        let own = Rule::all(rules);
        self.rollout = self.own(&own).ok_or_else(|| {
            self.refusal(
                "targeting",
                "its rule is not that of a rollout and what is required",
            )
        })?;
        Ok(())
    }

    fn own(&self, rule: &Rule) -> Option<Own> {
        match rule {
            Rule::Default => return Some(Own::Default),
            Rule::Always => return Some(Own::Everyone),
            _ => {}
        }
        let (audience, key) = Audience::of_rule(rule)?;
        match key {
            None | Some(Key::Flag) => Some(Own::Custom(audience)),
            Some(Key::User) => Some(Own::DefaultOf(audience)),
            Some(Key::OtherFlag(flag)) => {
                (flag == self.path.as_str()).then_some(Own::Custom(audience))
            }
        }
    }

    fn refusal(&self, key: &str, why: &str) -> Refusal {
        let message = format!("{} is left out: {why}.", self.path);
        (self.at.at(key), message)
    }
}

fn is_nothing(targeting: &Tree) -> bool {
    match targeting {
        Tree::Null => true,
        Tree::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Says that components are left out because they require others that are.
pub(super) fn lacking(path: &ComponentPath, missing: &[String]) -> String {
    let missing = listed(missing);
    format!("{path} is left out: it requires {missing}, which is not a component here.")
}
