//! Rules as flagd's targeting has them, reduced to what a flag document can mean, and the rollouts
//! that they stand for.

use crate::document::{Percentage, Rollout, Strategy};
use crate::limits::PERCENT_MILLI_MAX;
use crate::tree::{Object, Tree};

use super::{GROUPS, MASTER, USER, fractional};

/// A condition on a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    /// Everyone.
    Always,
    /// Nobody, by a rollout or a requirement.
    Never,
    /// Nobody, by the component's own switch: a plain `false`.
    Off,
    /// While the master switch is on.
    Master,
    /// Whom the default rollout lets in.
    Default,
    /// Users with an id.
    HasId,
    /// Users in one of these groups.
    InGroups(Vec<String>),
    /// Users whose bucket is below so many thousandths of a per cent.
    Split { key: Key, milli: u32 },
    /// Whom all of these let in.
    All(Vec<Rule>),
    /// Whom one of these lets in.
    Any(Vec<Rule>),
}

/// What `fractional` hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// The user id.
    User,
    /// The flag that is evaluated, with the user id.
    Flag,
    /// This flag, whatever is evaluated, with the user id.
    OtherFlag(String),
}

impl Rule {
    /// Returns the rule for whom all of `rules` let in; one of them needs no list.
    pub(super) fn all(mut rules: Vec<Self>) -> Self {
        rules.retain(|rule| *rule != Self::Always);
        Self::all_as_written(rules)
    }

    /// The same, with each of them in its place.
    pub(super) fn all_as_written(mut rules: Vec<Self>) -> Self {
        let splits = rules.iter().any(|rule| matches!(rule, Self::Split { .. }));
        // Nobody without an id has a bucket.
        rules.retain(|rule| !splits || *rule != Self::HasId);
        match rules.len() {
            0 => Self::Always,
            1 => rules.remove(0),
            _ => Self::All(rules),
        }
    }

    /// Returns the rule for whom one of `rules` lets in. Lists of groups are joined.
    pub(super) fn any(rules: Vec<Self>) -> Self {
        if rules.contains(&Self::Always) {
            return Self::Always;
        }
        let mut joined: Vec<Self> = Vec::new();
        for rule in rules {
            match (rule, joined.iter_mut().find_map(Self::groups_mut)) {
                (Self::Never | Self::Off, _) => {}
                (Self::InGroups(more), Some(groups)) => groups.extend(more),
                (rule, _) => joined.push(rule),
            }
        }
        match joined.len() {
            0 => Self::Never,
            1 => joined.remove(0),
            _ => Self::Any(joined),
        }
    }

    fn groups_mut(&mut self) -> Option<&mut Vec<String>> {
        match self {
            Self::InGroups(groups) => Some(groups),
            _ => None,
        }
    }

    /// Writes it as JSONLogic; `default` stands for the default rollout.
    pub(super) fn to_tree(&self, default: &Tree) -> Tree {
        let listed = |rules: &[Self]| -> Vec<Tree> {
            rules.iter().map(|rule| rule.to_tree(default)).collect()
        };
        match self {
            Self::Always => Tree::Bool(true),
            Self::Off => Tree::Bool(false),
            Self::Never => constant(false),
            Self::Master => reference(MASTER),
            Self::Default => default.clone(),
            Self::HasId => variable(USER),
            Self::InGroups(groups) => in_groups(groups),
            Self::Split { key, milli } => fractional::write(key, *milli),
            Self::All(rules) => operation("and", listed(rules)),
            Self::Any(rules) => operation("or", listed(rules)),
        }
    }
}

/// Writes an operation on several values.
pub(super) fn operation(name: &str, values: Vec<Tree>) -> Tree {
    object([(name, values.into())])
}

/// Writes a switch where only an operation may be.
pub(super) fn constant(on: bool) -> Tree {
    operation("!!", vec![on.into()])
}

/// Refers to a shared rule.
pub(super) fn reference(name: &str) -> Tree {
    object([("$ref", name.into())])
}

/// Reads an attribute of the context.
pub(super) fn variable(name: &str) -> Tree {
    object([("var", name.into())])
}

/// Writes an object.
pub(super) fn object<const N: usize>(members: [(&str, Tree); N]) -> Tree {
    let members = members.into_iter();
    let object: Object = members.map(|(name, value)| (name.into(), value)).collect();
    object.into()
}

/// Asks whether a user is in one of the groups: false for a context without a list of them.
fn in_groups(groups: &[String]) -> Tree {
    let names: Vec<Tree> = groups.iter().map(|name| name.as_str().into()).collect();
    let is_one = operation("in", vec![variable(""), names.into()]);
    operation("some", vec![variable(GROUPS), is_one])
}

/// Whom a rollout lets in, whatever its strategy is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Audience {
    membership: Option<(Membership, Vec<String>)>,
    pub(super) milli: u32,
}

/// What it means to be in one of the groups of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Membership {
    /// To be in, whatever the bucket.
    Enough,
    /// To be in if the bucket is.
    Needed,
}

impl Audience {
    /// Everyone.
    pub(super) const EVERYONE: Self = Self {
        membership: None,
        milli: PERCENT_MILLI_MAX,
    };

    /// Returns whom a rollout lets in, by the order of the rules of evaluation.
    pub(super) fn of(rollout: &Rollout) -> Self {
        let milli = rollout.percentage.milli();
        let names_any = !rollout.user_groups.is_empty();
        let is_part = milli < PERCENT_MILLI_MAX;
        let membership = match rollout.strategy {
            _ if milli == 0 || !names_any => None,
            Strategy::Canary if is_part => Some(Membership::Enough),
            Strategy::Feature => Some(Membership::Needed),
            Strategy::Canary | Strategy::BlueGreen => None,
        };
        let names = membership.map(|membership| (membership, names(rollout)));
        // Blank names let nobody in, which is nothing more than a share of everyone.
        let membership = names
            .filter(|(membership, names)| *membership == Membership::Needed || !names.is_empty());
        Self { membership, milli }
    }

    /// Returns the rollout that lets these users in.
    pub(super) fn rollout(&self) -> Rollout {
        let (strategy, user_groups) = match &self.membership {
            Some((Membership::Needed, names)) => (Strategy::Feature, names.clone()),
            Some((Membership::Enough, names)) => (Strategy::Canary, names.clone()),
            None => (Strategy::Canary, Vec::new()),
        };
        Rollout {
            percentage: Percentage::from_milli(self.milli).expect("it is that of a rollout"),
            user_groups,
            strategy,
            ..Rollout::default()
        }
    }

    /// Returns the groups that count.
    pub(super) fn names(&self) -> &[String] {
        self.membership.as_ref().map_or(&[], |(_, names)| names)
    }

    /// Returns whether only buckets decide for some users.
    pub(super) fn needs_buckets(&self) -> bool {
        (1..PERCENT_MILLI_MAX).contains(&self.milli)
    }

    /// Returns the rule of it, if its share is of what `key` hashes to.
    pub(super) fn rule(&self, key: Key) -> Rule {
        let share = match self.milli {
            PERCENT_MILLI_MAX => Rule::Always,
            milli => Rule::Split { key, milli },
        };
        match &self.membership {
            None => share,
            Some((Membership::Enough, names)) => {
                Rule::any(vec![Rule::InGroups(names.clone()), share])
            }
            Some((Membership::Needed, names)) => {
                Rule::all(vec![Rule::InGroups(names.clone()), share])
            }
        }
    }

    /// Returns whom a rule lets in if it is that of one rollout, and what its share is of; `None`
    /// for the key if it has no share.
    pub(super) fn of_rule(rule: &Rule) -> Option<(Self, Option<Key>)> {
        let share = |milli| Self {
            membership: None,
            milli,
        };
        match rule {
            Rule::Always => Some((share(PERCENT_MILLI_MAX), None)),
            Rule::Never => Some((share(0), None)),
            Rule::Split { key, milli } => Some((share(*milli), Some(key.clone()))),
            Rule::InGroups(names) => {
                let audience = Self::with(Membership::Needed, names, PERCENT_MILLI_MAX)?;
                Some((audience, None))
            }
            Rule::Any(rules) => {
                Self::of_both(Membership::Enough, &rules.iter().collect::<Vec<_>>())
            }
            Rule::All(rules) => {
                let rules = rules.iter().filter(|rule| **rule != Rule::Always);
                match &rules.collect::<Vec<_>>()[..] {
                    [only] => Self::of_rule(only),
                    rules => Self::of_both(Membership::Needed, rules),
                }
            }
            Rule::Off | Rule::Master | Rule::Default | Rule::HasId => None,
        }
    }

    fn of_both(membership: Membership, rules: &[&Rule]) -> Option<(Self, Option<Key>)> {
        match rules {
            [Rule::InGroups(names), Rule::Split { key, milli }]
            | [Rule::Split { key, milli }, Rule::InGroups(names)] => {
                let audience = Self::with(membership, names, *milli)?;
                Some((audience, Some(key.clone())))
            }
            _ => None,
        }
    }

    /// Returns `None` without a group: in a rollout, that means everyone.
    fn with(membership: Membership, names: &[String], milli: u32) -> Option<Self> {
        // At 0 %, a rollout lets in no group either.
        let (membership, milli) = match (membership, milli) {
            (Membership::Enough, 0) => (Some(Membership::Needed), PERCENT_MILLI_MAX),
            (Membership::Needed, 0) => (None, 0),
            (membership, milli) => (Some(membership), milli),
        };
        let membership = membership.map(|it| (it, names.to_vec()));
        (!names.is_empty()).then_some(Self { membership, milli })
    }
}

/// The names of its groups that a user can be in, each once.
fn names(rollout: &Rollout) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in rollout.groups().filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}
