//! JSONLogic → a rule, if it is one that a flag document can mean.

use std::cell::Cell;

use crate::document::Bucketing;
use crate::limits::PERCENT_MILLI_MAX;
use crate::problem::{Pointer, describe, quote};
use crate::tree::{Object, Tree};

use super::rule::{Audience, Key, Rule, variable};
use super::{DEFAULT, GROUPS, MASTER, USER, fractional};

/// A part of a rule that has no meaning here.
#[derive(Debug)]
pub(super) struct Unread {
    pub(super) at: Pointer,
    /// What is there, to follow "it has".
    pub(super) found: String,
}

/// What the rules of one file share.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    rules: Option<&'a Object>,
    pub(super) bucketing: Bucketing,
    /// The master switch, if the file has a rule for it.
    pub(super) master: Option<bool>,
    /// The default rollout, if the file has a rule for it.
    pub(super) default: Option<Audience>,
}

impl<'a> Shared<'a> {
    pub(super) fn of(rules: Option<&'a Object>, bucketing: Bucketing) -> Self {
        let mut shared = Self {
            rules: None,
            bucketing,
            master: None,
            default: None,
        };
        let read = |name: &str| {
            let rule = rules?.get(name)?;
            Reader::of(&shared)
                .condition(rule, &Pointer::default())
                .ok()
        };
        let master = match read(MASTER) {
            Some(Rule::Always) => Some(true),
            Some(Rule::Never | Rule::Off) => Some(false),
            _ => None,
        };
        let default = read(DEFAULT);
        let default = default.as_ref().and_then(Audience::of_rule);
        let of_users = default.filter(|(_, key)| matches!(key, None | Some(Key::User)));
        let default = of_users.map(|(audience, _)| audience);
        shared = Self {
            rules,
            master,
            default,
            ..shared
        };
        shared
    }

    /// Lists the rules that are neither the master switch nor the default rollout.
    pub(super) fn others(&self) -> impl Iterator<Item = &'a str> {
        let is_own = |name: &&str| match *name {
            MASTER => self.master.is_some(),
            DEFAULT => self.default.is_some(),
            _ => false,
        };
        let names = self.rules.into_iter().flat_map(Object::keys);
        names.filter(move |name| !is_own(name))
    }
}

/// Reads the rule of one flag.
pub(super) struct Reader<'a> {
    shared: &'a Shared<'a>,
    /// What each variant stands for.
    variants: Vec<(&'a str, bool)>,
    /// What flagd returns if a rule decides nothing.
    default: bool,
    /// Whether it decides otherwise here for users without an id.
    differs_without_id: Cell<bool>,
    /// Whether what it reads is shared.
    is_shared: bool,
}

impl<'a> Reader<'a> {
    fn of(shared: &'a Shared<'a>) -> Self {
        Self::new(shared, Vec::new(), false)
    }

    pub(super) fn new(
        shared: &'a Shared<'a>,
        variants: Vec<(&'a str, bool)>,
        default: bool,
    ) -> Self {
        Self {
            shared,
            variants,
            default,
            differs_without_id: Cell::new(false),
            is_shared: false,
        }
    }

    pub(super) fn differs_without_id(&self) -> bool {
        self.differs_without_id.get()
    }

    /// Reads a rule whose outcome is a variant, as the condition that it is on.
    pub(super) fn choice(&self, tree: &Tree, at: &Pointer) -> Result<Rule, Unread> {
        let named = |name: &str| self.value(name).map(whole).ok_or_else(|| unread(tree, at));
        match (tree, operation_of(tree)) {
            (Tree::Null, _) => Ok(whole(self.default)),
            (Tree::String(name), _) => named(name),
            (Tree::Bool(on), _) => named(if *on { "true" } else { "false" }),
            (_, Some(("if", arguments))) => self.choices(arguments, &at.at("if")),
            (_, Some(("$ref", [Tree::String(name)]))) => {
                let (rule, reader) = self.follow(name, at)?;
                let read = reader.choice(rule, at)?;
                self.note_without_id(reader.differs_without_id());
                Ok(read)
            }
            (_, Some(("fractional", arguments))) => {
                let value = |variant: &Tree| self.value(variant.as_str()?);
                let share = fractional::read(arguments, self.shared.bucketing, &value);
                let share = share.ok_or_else(|| no_share(at))?;
                // Without an id, it decides nothing.
                let differs = self.default || share.milli == PERCENT_MILLI_MAX;
                let same = self.default && share.milli == PERCENT_MILLI_MAX;
                self.note_without_id(differs && !same);
                Ok(split(share))
            }
            _ => Err(unread(tree, at)),
        }
    }

    /// Reads conditions, each with its variant, and the variant if none is true.
    fn choices(&self, arguments: &[Tree], at: &Pointer) -> Result<Rule, Unread> {
        let (pairs, otherwise) = arguments.as_chunks::<2>();
        let place = |index: usize| at.at(&index.to_string());
        let mut rule = match otherwise {
            [otherwise] => self.choice(otherwise, &place(arguments.len() - 1))?,
            _ => whole(self.default),
        };
        for (index, [condition, variant]) in pairs.iter().enumerate().rev() {
            let at = place(2 * index + 1);
            if self.choice(variant, &at)? != Rule::Always {
                return Err(unread(variant, &at));
            }
            let condition = self.condition(condition, &place(2 * index))?;
            rule = match rule {
                Rule::Never => condition,
                rule => Rule::any(vec![condition, rule]),
            };
        }
        Ok(rule)
    }

    /// Reads a rule whose outcome is true or false.
    pub(super) fn condition(&self, tree: &Tree, at: &Pointer) -> Result<Rule, Unread> {
        if let Tree::Bool(on) = tree {
            return Ok(if *on { Rule::Always } else { Rule::Off });
        }
        let (name, arguments) = operation_of(tree).ok_or_else(|| unread(tree, at))?;
        match (name, arguments) {
            ("and", [_, ..]) => Ok(Rule::all_as_written(
                self.conditions(arguments, &at.at(name))?,
            )),
            ("or", [_, ..]) => Ok(Rule::any(self.conditions(arguments, &at.at(name))?)),
            ("!!", [value]) => self.condition(value, &at.at(name)).map(|rule| match rule {
                Rule::Off => Rule::Never,
                rule => rule,
            }),
            ("$ref", [Tree::String(name)]) => self.refer(name, at),
            ("var", [Tree::String(name)]) if &**name == USER => Ok(Rule::HasId),
            ("in", [Tree::String(group), all]) if *all == variable(GROUPS) => {
                Ok(Rule::InGroups(vec![group.to_string()]))
            }
            ("some", [all, is_one]) if *all == variable(GROUPS) => {
                named_groups(is_one).ok_or_else(|| unread(tree, at))
            }
            ("fractional", _) => {
                let share = fractional::read(arguments, self.shared.bucketing, &Tree::as_bool);
                let share = share.ok_or_else(|| no_share(at))?;
                self.note_without_id(share.milli == PERCENT_MILLI_MAX);
                Ok(split(share))
            }
            _ => Err(unread(tree, at)),
        }
    }

    fn conditions(&self, trees: &[Tree], at: &Pointer) -> Result<Vec<Rule>, Unread> {
        let numbered = trees.iter().enumerate();
        let read = numbered.map(|(index, tree)| self.condition(tree, &at.at(&index.to_string())));
        read.collect()
    }

    fn refer(&self, name: &str, at: &Pointer) -> Result<Rule, Unread> {
        match name {
            MASTER if self.shared.master.is_some() && !self.is_shared => Ok(Rule::Master),
            DEFAULT if self.shared.default.is_some() && !self.is_shared => Ok(Rule::Default),
            name => {
                let (rule, reader) = self.follow(name, at)?;
                let read = reader.condition(rule, at)?;
                self.note_without_id(reader.differs_without_id());
                Ok(read)
            }
        }
    }

    /// Finds a shared rule, and what reads it: without references, because evaluators replace those
    /// in any order.
    fn follow(&self, name: &str, at: &Pointer) -> Result<(&'a Tree, Self), Unread> {
        let rules = self.shared.rules.filter(|_| !self.is_shared);
        let rule = rules.and_then(|rules| rules.get(name));
        let rule = rule.ok_or_else(|| Unread {
            at: at.clone(),
            found: format!("a reference to {}", quote(name)),
        })?;
        let reader = Self {
            variants: self.variants.clone(),
            differs_without_id: Cell::new(false),
            is_shared: true,
            ..*self
        };
        Ok((rule, reader))
    }

    fn value(&self, variant: &str) -> Option<bool> {
        let mut variants = self.variants.iter();
        variants.find_map(|(name, on)| (*name == variant).then_some(*on))
    }

    fn note_without_id(&self, differs: bool) {
        self.differs_without_id
            .set(self.differs_without_id.get() || differs);
    }
}

fn whole(on: bool) -> Rule {
    if on { Rule::Always } else { Rule::Never }
}

fn split(share: fractional::Share) -> Rule {
    Rule::Split {
        key: share.key,
        milli: share.milli,
    }
}

/// Reads `{"in": [{"var": ""}, [names]]}`, asked of each group of a user.
fn named_groups(is_one: &Tree) -> Option<Rule> {
    let [each, names] = is_one.get("in")?.as_array()? else {
        return None;
    };
    let names = names.as_array().filter(|_| *each == variable(""))?;
    let names: Option<Vec<String>> = names.iter().map(|it| Some(it.as_str()?.into())).collect();
    Some(Rule::InGroups(names?))
}

/// Returns the name and the arguments of an operation; a single argument needs no list.
fn operation_of(tree: &Tree) -> Option<(&str, &[Tree])> {
    let (name, arguments) = tree.as_object().filter(|it| it.len() == 1)?.iter().next()?;
    let arguments = arguments
        .as_array()
        .unwrap_or(std::slice::from_ref(arguments));
    Some((name, arguments))
}

fn no_share(at: &Pointer) -> Unread {
    Unread {
        at: at.clone(),
        found: "a share that no rollout can have".into(),
    }
}

fn unread(tree: &Tree, at: &Pointer) -> Unread {
    let found = match operation_of(tree) {
        Some((name, _)) => format!("the operation {}", quote(name)),
        None => describe(tree),
    };
    let at = at.clone();
    Unread { at, found }
}
