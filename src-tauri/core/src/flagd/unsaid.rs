//! What of a flag document its definitions do not say, although they decide the same.

use std::collections::BTreeSet;

use crate::document::{About, FlagDocument, Group, Node, Rollout, Strategy};
use crate::limits::PERCENT_MILLI_MAX;
use crate::problem::{Code, Pointer, Problem, Problems, quote};
use crate::tree::Object;

use super::about::{are_listable, is_metadata};
use super::rule::Audience;

/// Makes the entry of something that flagd cannot express.
pub(super) fn problem(at: &Pointer, message: String) -> Problem {
    Problem::warning(Code::NotInFlagd, at.as_str(), message)
}

/// Lists what is not in the definitions of a document, apart from components that are left out.
pub(super) fn list(document: &FlagDocument, into: &mut Problems) {
    let mut unsaid = Unsaid { into };
    let root = Pointer::default();
    unsaid.keys(&root, &document.unknown);
    unsaid.empty_groups(&root.at("components"), &document.components);
    unsaid.rollout(&root.at("rollout"), &document.rollout);
    for (path, rollout) in &document.rollouts {
        unsaid.rollout(&root.at("rollouts").at(path.as_str()), rollout);
    }
    for (path, about) in &document.about {
        let at = root.at("about").at(path.as_str());
        match document.node(path) {
            Some(Node::Component(_)) => unsaid.about(&at, about),
            Some(Node::Group(_)) | None => {
                unsaid.add(
                    &at,
                    format!("{path} is not a flag, so nothing is said about it."),
                );
            }
        }
    }
}

struct Unsaid<'a> {
    into: &'a mut Problems,
}

impl Unsaid<'_> {
    fn add(&mut self, at: &Pointer, message: String) {
        self.into.push(problem(at, message));
    }

    fn keys(&mut self, at: &Pointer, unknown: &Object) {
        for key in unknown.keys() {
            self.key(&at.at(key), key);
        }
    }

    fn key(&mut self, at: &Pointer, key: &str) {
        let message = format!("Flag definitions have no place for {}.", quote(key));
        self.add(at, message);
    }

    fn empty_groups(&mut self, at: &Pointer, group: &Group) {
        for (name, node) in group {
            let at = at.at(name);
            match node {
                Node::Group(group) if group.is_empty() => {
                    let message =
                        format!("The group {name} has no component, so no flag is in it.");
                    self.add(&at, message);
                }
                Node::Group(group) => self.empty_groups(&at, group),
                Node::Component(_) => {}
            }
        }
    }

    /// Compares a rollout with what its rule says.
    fn rollout(&mut self, at: &Pointer, rollout: &Rollout) {
        self.keys(at, &rollout.unknown);
        let said = Audience::of(rollout).rollout();
        let percentage = rollout.percentage;
        if names(&said) != names(rollout) {
            let message = match percentage.milli() {
                0 => "At 0 %, no group counts, so none is named.",
                PERCENT_MILLI_MAX => "At 100 %, no group counts, so none is named.",
                _ => "A group that no user can be in is not named.",
            };
            self.add(&at.at("userGroups"), message.into());
        }
        if said.strategy != rollout.strategy {
            let message = format!(
                "At {percentage} %, {} decides as {} does: only that is said.",
                rollout.strategy.in_words(),
                Strategy::Canary.in_words()
            );
            self.add(&at.at("strategy"), message);
        }
    }

    fn about(&mut self, at: &Pointer, about: &About) {
        if !are_listable(&about.tags) {
            let message = "Tags with a comma or blanks around them cannot be listed in one text.";
            self.add(&at.at("tags"), message.into());
        }
        for (key, value) in about.unknown.iter() {
            if !is_metadata(key, value) {
                self.key(&at.at(key), key);
            }
        }
    }
}

fn names(rollout: &Rollout) -> BTreeSet<&str> {
    rollout.groups().collect()
}
