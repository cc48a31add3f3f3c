//! Flag definitions → a flag document, and what has no meaning in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Bucketing, ComponentPath, FlagDocument, Group, Node};
use crate::json;
use crate::problem::{Code, Pointer, Problem, Problems, describe, quote};
use crate::recognise::{Format, Recognised, recognise};
use crate::tree::{self, Object, Tree};
use crate::validate::{Checked, validate};

use super::BUCKETING;
use super::candidate::{Candidate, Own, lacking};
use super::prerequisites::Requirements;
use super::rule::{Audience, Key, Rule};
use super::targeting::Shared;

/// Members of the file that are read.
const KEYS: [&str; 4] = ["$schema", "metadata", "$evaluators", "flags"];

/// Returns whether bytes are flag definitions, valid or not.
pub fn is_flagd(bytes: &[u8]) -> bool {
    let tree = crate::text::read(bytes)
        .ok()
        .and_then(|(text, _)| tree::read_strict(text));
    tree.is_some_and(|tree| recognise(&tree) == Recognised::Foreign(Format::Flagd))
}

/// Reads flag definitions as a document. What has no meaning in it is among the warnings, with its
/// place in the definitions.
///
/// # Errors
/// Every problem, if they are no definitions, or nothing of them is left.
pub fn read(bytes: &[u8]) -> Result<Checked, Vec<Problem>> {
    let mut problems = Problems::default();
    let tree = json::read(bytes, &mut problems);
    let definitions = tree.filter(|_| !problems.any_errors()).and_then(|tree| {
        let Tree::Object(members) = tree else {
            problems.push(not_definitions(&tree));
            return None;
        };
        if members.get("flags").and_then(Tree::as_object).is_none() {
            problems.push(without_flags());
            return None;
        }
        Some(*members)
    });
    let Some(members) = definitions else {
        return Err(problems.into_vec());
    };
    let document = Reading::of(&members, &mut problems).document();
    if problems.any_errors() {
        return Err(problems.into_vec());
    }
    let checked = validate(&document.to_bytes())?;
    for warning in checked.warnings {
        problems.push(warning);
    }
    Ok(Checked {
        document: checked.document,
        warnings: problems.into_vec(),
    })
}

/// The definitions of one file, while they are read.
struct Reading<'a> {
    shared: Shared<'a>,
    candidates: Vec<Candidate>,
    problems: &'a mut Problems,
}

impl<'a> Reading<'a> {
    fn of(members: &'a Object, problems: &'a mut Problems) -> Self {
        let root = Pointer::default();
        for key in members.keys().filter(|key| !KEYS.contains(key)) {
            leave_out(
                problems,
                &root.at(key),
                format!("{} is left out: it is not known.", quote(key)),
            );
        }
        let said = bucketing(members.get("metadata").and_then(Tree::as_object), problems);
        let rules = members.get("$evaluators").and_then(Tree::as_object);
        let shared = Shared::of(rules, said.unwrap_or_default());
        let flags = members.get("flags").and_then(Tree::as_object);
        let mut candidates = Vec::new();
        for (key, flag) in flags.into_iter().flat_map(Object::iter) {
            match Candidate::read(key, flag, &shared) {
                Ok(candidate) => candidates.push(candidate),
                Err((at, message)) => leave_out(problems, &at, message),
            }
        }
        let reading = Self {
            shared,
            candidates,
            problems,
        };
        reading.with_bucketing(said)
    }

    /// Says which way of hashing is taken if the file does not, and it matters.
    fn with_bucketing(self, said: Option<Bucketing>) -> Self {
        let needs = |candidate: &Candidate| match &candidate.rollout {
            Own::Custom(audience) | Own::DefaultOf(audience) => audience.needs_buckets(),
            Own::Default => self
                .shared
                .default
                .as_ref()
                .is_some_and(Audience::needs_buckets),
            Own::Everyone => false,
        };
        if said.is_none() && self.candidates.iter().any(needs) {
            let at = Pointer::default().at("metadata").at(BUCKETING);
            let message = format!(
                "The file does not say how users are hashed; it is read as {}, as evaluators of \
                 flagd hash today.",
                Bucketing::default().as_str()
            );
            leave_out(self.problems, &at, message);
        }
        self
    }

    /// Joins the flags to a document; lists those that do not fit.
    fn document(mut self) -> FlagDocument {
        let default = self.default_rollout();
        let mut components = Group::new();
        self.keep(|candidate| match place(&mut components, candidate) {
            true => Ok(()),
            false => Err(format!(
                "{} is left out: a flag before it has the name of its group, or is in its group.",
                candidate.path
            )),
        });
        let of_default = default.clone();
        self.keep(|candidate| match &candidate.rollout {
            Own::DefaultOf(audience) if *audience != of_default => Err(format!(
                "{} is left out: its share is of the user id alone, as that of a default rollout, \
                 which is another one here.",
                candidate.path
            )),
            _ => Ok(()),
        });
        self.keep_those_with_all_they_require();
        let document = self.joined(&default);
        let requirements = Requirements::new(&document);
        self.keep(|candidate| {
            match asks_for_what_it_requires(candidate, &requirements, &default) {
                true => Ok(()),
                false => Err(format!(
                    "{} is left out: its rule is not that of a rollout and what is required.",
                    candidate.path
                )),
            }
        });
        self.keep_those_with_all_they_require();
        if self.candidates.is_empty() {
            let message = "None of these flags can be a component.";
            let problem = Problem::error(Code::NotInFlagDocument, "/flags", message);
            self.problems.push(problem);
        }
        for candidate in &self.candidates {
            for (at, message) in &candidate.left_out {
                leave_out(self.problems, at, message.clone());
            }
        }
        for name in self.shared.others() {
            let at = Pointer::default().at("$evaluators").at(name);
            let message = format!("The shared rule {} is written into its flags.", quote(name));
            leave_out(self.problems, &at, message);
        }
        self.joined(&default)
    }

    /// The default rollout: the shared one, or that of the first flag that has it written out, or
    /// everyone.
    fn default_rollout(&self) -> Audience {
        let written_out = self
            .candidates
            .iter()
            .find_map(|candidate| match &candidate.rollout {
                Own::DefaultOf(audience) => Some(audience.clone()),
                _ => None,
            });
        let shared = self.shared.default.clone();
        shared.or(written_out).unwrap_or(Audience::EVERYONE)
    }

    /// Lists the candidates that `check` refuses, and goes on without them.
    fn keep(&mut self, mut check: impl FnMut(&Candidate) -> Result<(), String>) {
        let problems = &mut *self.problems;
        self.candidates.retain(|candidate| match check(candidate) {
            Ok(()) => true,
            Err(message) => {
                leave_out(problems, &candidate.at, message);
                false
            }
        });
    }

    fn keep_those_with_all_they_require(&mut self) {
        loop {
            let candidates = self.candidates.iter();
            let there: BTreeSet<ComponentPath> = candidates.map(|it| it.path.clone()).collect();
            let before = self.candidates.len();
            self.keep(|candidate| {
                let missing = candidate
                    .requires
                    .iter()
                    .filter(|path| !there.contains(*path));
                let missing: Vec<String> = missing.map(ToString::to_string).collect();
                match missing.is_empty() {
                    true => Ok(()),
                    false => Err(lacking(&candidate.path, &missing)),
                }
            });
            if self.candidates.len() == before {
                return;
            }
        }
    }

    fn joined(&self, default: &Audience) -> FlagDocument {
        let mut document = FlagDocument {
            enabled: self.shared.master.unwrap_or(true),
            components: Group::new(),
            rollout: default.rollout(),
            rollouts: BTreeMap::new(),
            bucketing: self.shared.bucketing,
            ..FlagDocument::default()
        };
        // Without a shared rule, a flag for everyone follows a default rollout of everyone.
        let follows = self.shared.default.is_none() && *default == Audience::EVERYONE;
        for candidate in &self.candidates {
            place(&mut document.components, candidate);
            let path = &candidate.path;
            let rollout = match &candidate.rollout {
                Own::Custom(audience) => Some(audience.rollout()),
                Own::Everyone if !follows => Some(Audience::EVERYONE.rollout()),
                Own::Everyone | Own::Default | Own::DefaultOf(_) => None,
            };
            if let Some(rollout) = rollout {
                document.rollouts.insert(path.clone(), rollout);
            }
            if !candidate.requires.is_empty() {
                let requires = candidate.requires.clone();
                document.requires.insert(path.clone(), requires);
            }
            if candidate.about != Default::default() {
                document.about.insert(path.clone(), candidate.about.clone());
            }
        }
        document
    }
}

/// Puts a component in its place; returns whether there is room for it.
fn place(components: &mut Group, candidate: &Candidate) -> bool {
    let mut group = components;
    let mut segments = candidate.path.segments().peekable();
    while let Some(name) = segments.next() {
        if segments.peek().is_none() {
            let is_free = !group.contains_key(name);
            group
                .entry(name.to_owned())
                .or_insert(Node::Component(candidate.on));
            return is_free;
        }
        let next = group
            .entry(name.to_owned())
            .or_insert_with(|| Node::Group(Group::new()));
        let Node::Group(inner) = next else {
            return false;
        };
        group = inner;
    }
    false
}

/// Whether the rules beside a flag's own are those of what it requires: its rule decides, and not
/// what its metadata says.
fn asks_for_what_it_requires(
    candidate: &Candidate,
    requirements: &Requirements<'_>,
    default: &Audience,
) -> bool {
    // The default rollout may be written out.
    let of_default = default.rule(Key::User);
    let expected = requirements.of(candidate.path.as_str());
    let same = |(one, other): (&Rule, &Rule)| {
        one == other || (*one == Rule::Default && *other == of_default)
    };
    expected.is_ok_and(|expected| {
        expected.len() == candidate.required.len()
            && expected.iter().zip(&candidate.required).all(same)
    })
}

/// Reads which way of hashing the definitions are written for, and lists what else is said of all.
fn bucketing(metadata: Option<&Object>, problems: &mut Problems) -> Option<Bucketing> {
    let at = Pointer::default().at("metadata");
    let mut found = None;
    for (key, value) in metadata.into_iter().flat_map(Object::iter) {
        let mut known = Bucketing::ALL.into_iter();
        match known.find(|it| key == BUCKETING && value.as_str() == Some(it.as_str())) {
            Some(named) => found = Some(named),
            None => {
                let message = format!("The metadata {} of all flags is left out.", quote(key));
                leave_out(problems, &at.at(key), message);
            }
        }
    }
    found
}

fn leave_out(problems: &mut Problems, at: &Pointer, message: String) {
    problems.push(Problem::warning(
        Code::NotInFlagDocument,
        at.as_str(),
        message,
    ));
}

fn not_definitions(tree: &Tree) -> Problem {
    let message = format!(
        "Flag definitions must be a JSON object, not {}.",
        describe(tree)
    );
    Problem::error(Code::WrongType, "", message)
}

fn without_flags() -> Problem {
    let message = "Flag definitions have an object of flags, and there is none.";
    Problem::error(Code::MissingKey, "/flags", message)
}
