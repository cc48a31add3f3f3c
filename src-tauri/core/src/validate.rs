//! Bytes → (document, every problem).
//!
//! Reports all that is wrong at once, each with a code, its place as a JSON Pointer and a sentence
//! a product lead understands. Errors refuse the document; unknown keys are warnings and stay in
//! it. Missing keys get the safe default.
//!
//! What comes from outside is recognised first ([`read_document`]): validation alone cannot tell
//! whether it is a flag document at all.

mod coherence;
mod place;
mod values;

use std::collections::HashSet;
use std::str::FromStr;

use crate::document::{
    About, Bucketing, ComponentPath, FlagDocument, Group, Node, PathError, Percentage, Rollout,
    Strategy, check_segment, founding_components,
};
use crate::json;
use crate::limits;
use crate::problem::{Code, Pointer, Problem, Problems, describe};
use crate::recognise::{self, KEYS, Misspelt, Recognised, recognise};
use crate::tree::{self, Object, Tree};
use place::Place;

/// A valid document, and what is worth knowing about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The document.
    pub document: FlagDocument,
    /// Warnings: none of them refuses it.
    pub warnings: Vec<Problem>,
}

/// Reads a document that comes from a person or another program: recognises it as a flag
/// document before it checks it.
///
/// # Errors
/// Every problem, errors first, if at least one refuses the document.
pub fn read_document(bytes: &[u8]) -> Result<Checked, Vec<Problem>> {
    examine(bytes, Check::recognised)
}

/// Reads and checks what is known to be a flag document: one that Flagdeck wrote itself.
///
/// # Errors
/// Every problem, errors first, if at least one refuses the document.
pub fn validate(bytes: &[u8]) -> Result<Checked, Vec<Problem>> {
    examine(bytes, |check, tree| Some(check.whole(tree)))
}

fn examine(
    bytes: &[u8],
    read: impl FnOnce(&mut Check, Tree) -> Option<FlagDocument>,
) -> Result<Checked, Vec<Problem>> {
    let mut check = Check::default();
    let tree = json::read(bytes, &mut check.problems);
    let document = tree.and_then(|tree| read(&mut check, tree));
    match document {
        Some(document) if !check.problems.any_errors() => Ok(Checked {
            document,
            warnings: check.problems.into_vec(),
        }),
        _ => Err(check.problems.into_vec()),
    }
}

/// Checks a document that is a JSON tree already, as the text it would be written as.
///
/// # Errors
/// Every problem, errors first, if at least one refuses the document.
pub fn validate_value(tree: &Tree) -> Result<Checked, Vec<Problem>> {
    validate(&tree::write(tree))
}

/// Reads a JSON Merge Patch (RFC 7396) as strictly as a document.
///
/// # Errors
/// Every problem of the text; the resulting document is checked when the patch is applied.
pub fn read_patch(bytes: &[u8]) -> Result<Object, Vec<Problem>> {
    let mut problems = Problems::default();
    let tree = json::read(bytes, &mut problems);
    match tree {
        Some(Tree::Object(patch)) if !problems.any_errors() => return Ok(*patch),
        Some(Tree::Object(_)) | None => {}
        Some(other) => {
            let message = format!("A patch must be a JSON object, not {}.", describe(&other));
            problems.push(Problem::error(Code::WrongType, "", message));
        }
    }
    Err(problems.into_vec())
}

/// Refuses what a patch would add that is misspelt, nested or of another format: merged, it
/// would be kept as unknown keys that change nothing.
pub(crate) fn check_patched_keys(added: Object) -> Result<(), Vec<Problem>> {
    let problems = match recognise(&added.into()) {
        Recognised::FlagDocument { misspelt } => misspelt.iter().map(Misspelt::problem).collect(),
        Recognised::Nested { pointer, key } => vec![recognise::nested_problem(&pointer, &key)],
        Recognised::Foreign(format) => vec![format.problem()],
        Recognised::Unknown => Vec::new(),
    };
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems),
    }
}

const ROLLOUT_KEYS: [&str; 3] = ["percentage", "userGroups", "strategy"];

const ABOUT_KEYS: [&str; 5] = ["title", "description", "owner", "tags", "expires"];

fn not_an_object(tree: &Tree) -> Problem {
    let message = format!(
        "A flag document must be a JSON object, not {}.",
        describe(tree)
    );
    Problem::error(Code::WrongType, "", message)
}

/// Returns whether a JSON Pointer leads to a key of the document, or into its value.
fn is_at_or_under(pointer: &str, key: &str) -> bool {
    let rest = pointer
        .strip_prefix('/')
        .and_then(|at| at.strip_prefix(key));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns a pointer under the key that is meant as one under the key that is there.
fn respelt(pointer: &str, one: &Misspelt) -> String {
    let found: String = Pointer::default().at(&one.found).into();
    format!("{found}{}", &pointer[one.meant.len() + 1..])
}

/// One pass over one tree.
#[derive(Default)]
struct Check {
    problems: Problems,
}

/// A key's place, and what is there.
type Field<'a> = (Place<'a>, Option<Tree>);

impl Check {
    fn error(&mut self, code: Code, at: &Place, message: String) {
        let problem = Problem::error(code, at.pointer(), message);
        self.problems.push(problem);
    }

    fn warn(&mut self, code: Code, at: &Place, message: String) {
        let problem = Problem::warning(code, at.pointer(), message);
        self.problems.push(problem);
    }

    /// Checks a tree once it is recognised; returns `None` if it is not a flag document.
    fn recognised(&mut self, tree: Tree) -> Option<FlagDocument> {
        let refusal = match (recognise(&tree), &tree) {
            (Recognised::FlagDocument { misspelt }, _) if misspelt.is_empty() => {
                return Some(self.whole(tree));
            }
            (Recognised::FlagDocument { misspelt }, _) => {
                self.misspelt(tree, &misspelt);
                return None;
            }
            (Recognised::Nested { pointer, key }, _) => {
                self.nested(&tree, &pointer, &key);
                return None;
            }
            (Recognised::Foreign(format), _) => format.problem(),
            (Recognised::Unknown, unknown) => match (recognise::foreign_inside(unknown), unknown) {
                (Some(format), _) => format.problem(),
                (None, Tree::Object(object)) => recognise::unknown_problem(object),
                (None, other) => not_an_object(other),
            },
        };
        self.problems.push(refusal);
        None
    }

    /// Reports what is misspelt, and what else is wrong with the intended document.
    fn misspelt(&mut self, mut tree: Tree, misspelt: &[Misspelt]) {
        for one in misspelt {
            self.problems.push(one.problem());
            if let Tree::Object(object) = &mut tree
                && let Some(value) = object.remove(&one.found)
            {
                object.insert(one.meant.to_owned(), value);
            }
        }
        let mut meant = Self::default();
        meant.whole(tree);
        let place = |at: &str| {
            let one = misspelt.iter().find(|one| is_at_or_under(at, one.meant));
            one.map_or_else(|| at.to_owned(), |one| respelt(at, one))
        };
        self.take_over(meant, place);
    }

    /// Reports where the document is, and what is wrong with it there.
    fn nested(&mut self, tree: &Tree, pointer: &str, key: &str) {
        self.problems.push(recognise::nested_problem(pointer, key));
        let mut inner = Self::default();
        if let Some(document) = tree::get(tree, pointer) {
            inner.recognised(document.clone());
        }
        self.take_over(inner, |at| format!("{pointer}{at}"));
    }

    /// Adds the problems of another check, each with its place in this one.
    fn take_over(&mut self, other: Self, place: impl Fn(&str) -> String) {
        for problem in other.problems.into_vec() {
            let pointer = place(&problem.pointer);
            self.problems.push(Problem { pointer, ..problem });
        }
    }

    fn whole(&mut self, tree: Tree) -> FlagDocument {
        let document = self.document(tree);
        self.names(&document);
        self.cycles(&document);
        self.written_size(&document);
        document
    }

    /// What is left out is written with its default, so a text can grow when it is written again.
    fn written_size(&mut self, document: &FlagDocument) {
        let (len, most) = (document.to_bytes().len(), limits::DOCUMENT_BYTES_MAX);
        if len > most {
            let message = format!(
                "Written with its defaults, the document has {len} bytes; at most {most} (4 MiB) are allowed."
            );
            self.error(Code::TooLarge, &Place::ROOT, message);
        }
    }

    fn document(&mut self, tree: Tree) -> FlagDocument {
        let at = Place::ROOT;
        let Tree::Object(mut object) = tree else {
            self.problems.push(not_an_object(&tree));
            return FlagDocument::default();
        };
        let mut take = |key| (at.key(key), object.remove(key));
        FlagDocument {
            enabled: self.switch(take("enabled")),
            components: self.components(take("components")),
            rollout: self.rollout(take("rollout")),
            rollouts: self.section(take("rollouts"), Self::custom_rollout),
            requires: self.section(take("requires"), Self::requirements),
            about: self.section(take("about"), Self::about),
            bucketing: self.word(take("bucketing"), &Bucketing::ALL, Bucketing::as_str),
            unknown: self.unknown(&at, *object, &KEYS),
        }
    }

    fn components(&mut self, (at, value): Field) -> Group {
        let Some(value) = value else {
            return founding_components();
        };
        let Some(object) = self.object(&at, value) else {
            return Group::new();
        };
        let mut leaves = 0;
        let group = self.group(&at, object, 1, &mut leaves);
        if leaves > limits::COMPONENTS_MAX {
            let most = limits::COMPONENTS_MAX;
            let message = format!("There are {leaves} components; at most {most} are allowed.");
            self.error(Code::TooMany, &at, message);
        }
        group
    }

    fn group(&mut self, at: &Place, object: Object, depth: usize, leaves: &mut usize) -> Group {
        let mut group = Group::new();
        for (name, value) in object {
            let at = at.key(&name);
            if depth > limits::PATH_DEPTH_MAX {
                self.bad_path(&at, &name, PathError::TooDeep);
                continue;
            }
            if let Err(error) = check_segment(&name) {
                self.bad_path(&at, &name, error);
            }
            let node = match value {
                Tree::Object(inner) => Node::Group(self.group(&at, *inner, depth + 1, leaves)),
                leaf => {
                    *leaves += 1;
                    Node::Component(self.leaf(&at, &leaf))
                }
            };
            group.insert((*name).into(), node);
        }
        group
    }

    fn leaf(&mut self, at: &Place, value: &Tree) -> bool {
        // A leaf that is no switch is still a name that rollouts may refer to.
        value.as_bool().unwrap_or_else(|| {
            let message = format!(
                "{} must be true, false or a group of components, not {}.",
                at.name(),
                describe(value)
            );
            self.error(Code::WrongType, at, message);
            false
        })
    }

    /// Checks a rollout of one component. One without a percentage is an error: 0 % would be
    /// a guess.
    fn custom_rollout(&mut self, at: Place, value: Tree) -> Rollout {
        if value.as_object().is_some() && value.get("percentage").is_none() {
            let at = at.key("percentage");
            let message = format!(
                "{} is missing: a custom rollout names its percentage, from 0 to 100.",
                at.name()
            );
            self.error(Code::MissingKey, &at, message);
        }
        self.rollout((at, Some(value)))
    }

    fn rollout(&mut self, (at, value): Field) -> Rollout {
        let Some(mut object) = value.and_then(|value| self.object(&at, value)) else {
            return Rollout::default();
        };
        let mut take = |key| (at.key(key), object.remove(key));
        let rollout = Rollout {
            percentage: self.percentage(take("percentage")),
            user_groups: self.user_groups(take("userGroups")),
            strategy: self.word(take("strategy"), &Strategy::ALL, Strategy::as_str),
            unknown: self.unknown(&at, object, &ROLLOUT_KEYS),
        };
        let whole = [Percentage::ZERO, Percentage::FULL].contains(&rollout.percentage);
        if rollout.strategy == Strategy::BlueGreen && !whole {
            let at = at.key("percentage");
            let message = format!(
                "{} must be 0 or 100 with blue-green, where everybody switches together, not {}; \
                 canary reaches a part of everyone.",
                at.name(),
                rollout.percentage
            );
            self.error(Code::BlueGreenPartial, &at, message);
        }
        if rollout.strategy == Strategy::Feature && rollout.user_groups.is_empty() {
            self.groups_only_without_group(&at, &rollout);
        }
        rollout
    }

    fn groups_only_without_group(&mut self, at: &Place, rollout: &Rollout) {
        let at = at.key("strategy");
        let (name, strategy) = (at.name(), Strategy::Feature);
        let share = match rollout.percentage {
            Percentage::ZERO => "any percentage above 0".to_owned(),
            percentage => format!("the {percentage} %"),
        };
        let message = format!(
            "{name} is {} ({}), but userGroups names no group: {share} is of everyone.",
            strategy.as_str(),
            strategy.in_words()
        );
        self.warn(Code::GroupsOnlyWithoutGroup, &at, message);
    }

    fn user_groups(&mut self, (at, value): Field) -> Vec<String> {
        let items = self.list(&at, value, limits::GROUPS_MAX, "groups");
        self.texts(items, limits::GROUP_CHARS_MAX)
    }

    fn requirements(&mut self, at: Place, value: Tree) -> Vec<ComponentPath> {
        let items = self.list(&at, Some(value), limits::REQUIRES_MAX, "prerequisites");
        let mut paths = Vec::with_capacity(items.len());
        let mut seen = HashSet::with_capacity(items.len());
        for (at, value) in items {
            let Tree::String(name) = &value else {
                let message = format!(
                    "{} must be the name of a component, not {}.",
                    at.name(),
                    describe(&value)
                );
                self.error(Code::WrongType, &at, message);
                continue;
            };
            match ComponentPath::from_str(name) {
                Ok(path) => {
                    if !seen.insert(path.clone()) {
                        self.repeated(&at, name);
                    }
                    paths.push(path);
                }
                Err(error) => self.bad_path(&at, name, error),
            }
        }
        paths
    }

    fn about(&mut self, at: Place, value: Tree) -> About {
        let Some(mut object) = self.object(&at, value) else {
            return About::default();
        };
        let mut take = |key| (at.key(key), object.remove(key));
        About {
            title: self.optional_text(take("title"), limits::ABOUT_LINE_CHARS_MAX),
            description: self.optional_text(take("description"), limits::ABOUT_TEXT_CHARS_MAX),
            owner: self.optional_text(take("owner"), limits::ABOUT_LINE_CHARS_MAX),
            tags: self.tags(take("tags")),
            expires: self.date(take("expires")),
            unknown: self.unknown(&at, object, &ABOUT_KEYS),
        }
    }

    fn tags(&mut self, (at, value): Field) -> Vec<String> {
        let items = self.list(&at, value, limits::TAGS_MAX, "tags");
        self.texts(items, limits::TAG_CHARS_MAX)
    }
}
