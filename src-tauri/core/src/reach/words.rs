//! A reach in words, for people.

use std::fmt;

use super::{Bound, Nobody, Reach, Widening};
use crate::limits;

/// Said in place of every reach while the master switch is off.
pub(super) const ALL_OFF: &str = "Nobody: all flags are off";

impl fmt::Display for Reach {
    /// Says whom it reaches: `Everyone`, `25 % of everyone`, `beta, and 10 % of everyone else`,
    /// `25 % of beta only`, `Nobody: tracker is off`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nobody) = &self.nobody {
            return write!(f, "Nobody: {nobody}");
        }
        let at_most = match self.bound {
            Bound::AtMost => "At most ",
            Bound::Exact | Bound::MembersAtMost => "",
        };
        // With one list of groups, a share as high as that of the members is of everyone.
        if self.groups.is_empty() || self.others >= self.members {
            return match self.is_everyone() {
                true => f.write_str("Everyone"),
                false => write!(f, "{at_most}{} of everyone", per_cent(self.others)),
            };
        }
        let members = self.members_in_words();
        if self.others > 0.0 {
            let others = per_cent(self.others);
            return write!(
                f,
                "{members}, and {}{others} of everyone else",
                lower(at_most)
            );
        }
        write!(f, "{members} only")
    }
}

impl Reach {
    fn members_in_words(&self) -> String {
        let groups = named(&self.groups);
        let share = per_cent(self.members);
        match self.bound {
            Bound::Exact if self.members >= 1.0 => groups,
            Bound::Exact => format!("{share} of {groups}"),
            Bound::MembersAtMost | Bound::AtMost => format!("Up to {share} of {groups}"),
        }
    }

    /// Says it within a sentence: `everyone`, `12.5 % of everyone`, `nobody: tracker is off`.
    pub fn phrase(&self) -> String {
        let words = self.to_string();
        // A group may be called anything: only words of this file change their case.
        let is_own = ["Everyone", "At most ", "Up to ", "Nobody: "]
            .iter()
            .any(|own| words.starts_with(own));
        let is_group = self.members >= 1.0 && self.others < 1.0 && self.bound == Bound::Exact;
        match is_own && !(is_group && self.nobody.is_none()) {
            true => lower(&words),
            false => words,
        }
    }
}

impl Widening {
    /// Says whom the component would reach: `25 % of everyone`, `25 % of everyone, other users`.
    pub fn after_in_words(&self) -> String {
        match self.exchanges_users() {
            true => format!("{}, other users", self.after),
            false => self.after.to_string(),
        }
    }
}

impl fmt::Display for Nobody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SwitchedOff => f.write_str("switched off"),
            Self::RequiredOff(path) => write!(f, "{path} is off"),
            Self::Zero => f.write_str("its rollout is at 0 %"),
            Self::DefaultZero => f.write_str("the default rollout is at 0 %"),
            Self::RequiredZero(path) => write!(f, "{path} is at 0 %"),
        }
    }
}

/// Returns a share in per cent, in the steps that percentages have: `12.5 %`.
fn per_cent(share: f64) -> String {
    let milli = (share * 100_000.0).round();
    if milli == 0.0 && share > 0.0 {
        return "under 0.001 %".to_owned();
    }
    if milli == 100_000.0 && share < 1.0 {
        return "over 99.999 %".to_owned();
    }
    format!("{} %", milli / 1000.0)
}

/// Lists groups as alternatives: `beta`, `beta or staff`, `a, b, c or 12 more`.
fn named(groups: &[String]) -> String {
    match groups {
        [] => String::new(),
        [only] => only.clone(),
        groups if groups.len() > limits::REACH_GROUPS_SHOWN_MAX => {
            let shown = groups[..limits::REACH_GROUPS_SHOWN_MAX].join(", ");
            format!(
                "{shown} or {} more",
                groups.len() - limits::REACH_GROUPS_SHOWN_MAX
            )
        }
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

fn lower(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}
