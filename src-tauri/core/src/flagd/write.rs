//! A flag document → flag definitions, and what is not in them.

use crate::document::{About, ComponentPath, FlagDocument};
use crate::limits::{DOCUMENT_BYTES_MAX, FLAGD_ROOM_AROUND};
use crate::problem::{Pointer, Problem, Problems};
use crate::tree::{self, Object, Tree};

use super::prerequisites::Requirements;
use super::rule::{Audience, Key, Rule, constant, object, operation, reference};
use super::{BUCKETING, DEFAULT, MASTER, SCHEMA, about, unsaid};

/// Flag definitions, and what of the document is not in them.
#[derive(Debug, Clone, PartialEq)]
pub struct Definitions {
    /// The definitions, a JSON object.
    pub tree: Tree,
    /// What flagd cannot express: a place of the document and a sentence each.
    pub left_out: Vec<Problem>,
}

impl Definitions {
    /// Returns them as JSON text, in lines unless that would be too large to be read again.
    pub fn text(&self) -> String {
        let text = format!("{:#}", self.tree);
        match text.len() > DOCUMENT_BYTES_MAX {
            true => self.tree.to_string(),
            false => text,
        }
    }
}

/// Writes a valid document as flag definitions, of at most [`DOCUMENT_BYTES_MAX`] bytes.
pub fn definitions(document: &FlagDocument) -> Definitions {
    let mut left_out = Problems::default();
    unsaid::list(document, &mut left_out);
    let default = DefaultRollout::of(document);
    if !default.is_shared {
        let message = "Each flag has this written out: the name of a group cannot be shared.";
        left_out.push(unsaid::problem(
            &Pointer::default().at("rollout"),
            message.into(),
        ));
    }
    let mut writer = Writer {
        document,
        requirements: Requirements::new(document),
        default: &default.tree,
        bytes: tree::write(&default.rule).len(),
        flags: Object::default(),
    };
    document.for_each_component(|path, on| {
        if let Err(message) = writer.add(path, on) {
            left_out.push(unsaid::problem(&place(document, path), message));
        }
    });
    let members = [
        ("$schema", SCHEMA.into()),
        (
            "metadata",
            object([(BUCKETING, document.bucketing.as_str().into())]),
        ),
        ("$evaluators", default.shared(document.enabled)),
        ("flags", writer.flags.into()),
    ];
    Definitions {
        tree: object(members),
        left_out: left_out.into_vec(),
    }
}

/// The place in the document of a component that is left out: what it requires, or itself.
fn place(document: &FlagDocument, path: &str) -> Pointer {
    if document.requires.contains_key(path) {
        return Pointer::default().at("requires").at(path);
    }
    let components = Pointer::default().at("components");
    path.split('.').fold(components, |at, name| at.at(name))
}

/// The default rollout, as each flag names it.
struct DefaultRollout {
    rule: Tree,
    /// A reference to the rule, or the rule itself.
    tree: Tree,
    is_shared: bool,
}

impl DefaultRollout {
    fn of(document: &FlagDocument) -> Self {
        let audience = Audience::of(&document.rollout);
        let rule = match audience.rule(Key::User) {
            Rule::Always => constant(true),
            rule => rule.to_tree(&Tree::Null),
        };
        let is_shared = audience.names().iter().all(|name| is_replaceable(name));
        let tree = match is_shared {
            true => reference(DEFAULT),
            false => rule.clone(),
        };
        Self {
            rule,
            tree,
            is_shared,
        }
    }

    fn shared(&self, enabled: bool) -> Tree {
        let mut shared = Object::default();
        shared.insert(MASTER, constant(enabled));
        if self.is_shared {
            shared.insert(DEFAULT, self.rule.clone());
        }
        shared.into()
    }
}

/// Returns whether evaluators put a text in the place of a reference as it is. They replace text by
/// text, some by what a pattern is replaced with: characters that JSON or those escape are lost.
fn is_replaceable(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
    text.chars()
        .all(|c| is_plain(c) && !matches!(c, '"' | '\\' | '$'))
}

struct Writer<'a> {
    document: &'a FlagDocument,
    requirements: Requirements<'a>,
    default: &'a Tree,
    /// About what is written so far.
    bytes: usize,
    flags: Object,
}

impl Writer<'_> {
    /// Adds a component, or returns why not.
    fn add(&mut self, path: &str, on: bool) -> Result<(), String> {
        let required = self.requirements.of(path);
        let required = required.map_err(|unwritable| unwritable.message(path))?;
        let rule = targeting_rule(self.document, path, on, required);
        let flag = self.flag(path, &rule);
        let bytes = path.len() + tree::write(&flag).len() + "\"\":,".len();
        if self.bytes + bytes > DOCUMENT_BYTES_MAX - FLAGD_ROOM_AROUND {
            return Err(format!(
                "{path} is left out: with it, the definitions would have more than 4 MiB."
            ));
        }
        self.bytes += bytes;
        self.flags.insert(path, flag);
        Ok(())
    }

    fn flag(&self, path: &str, rule: &Rule) -> Tree {
        let condition = rule.to_tree(self.default);
        let choice = vec![condition, "on".into(), "off".into()];
        let mut flag = Object::default();
        flag.insert("state", "ENABLED".into());
        flag.insert(
            "variants",
            object([("on", true.into()), ("off", false.into())]),
        );
        flag.insert("defaultVariant", "off".into());
        flag.insert("targeting", operation("if", choice));
        let metadata = self.metadata(path);
        if !metadata.is_empty() {
            flag.insert("metadata", metadata.into());
        }
        flag.into()
    }

    fn metadata(&self, path: &str) -> Object {
        let nothing = About::default();
        let said = self.document.about.get(path).unwrap_or(&nothing);
        let required = self.document.requires.get(path);
        about::write(
            said,
            required.map_or(&[][..], Vec::<ComponentPath>::as_slice),
        )
    }
}

/// Returns the rule that decides for a component: the master switch, its own, whom its rollout lets
/// in, and whom its requirements do.
pub(super) fn targeting_rule(
    document: &FlagDocument,
    path: &str,
    on: bool,
    required: Vec<Rule>,
) -> Rule {
    let own = match document.rollouts.get(path) {
        None => Rule::Default,
        Some(own) => Audience::of(own).rule(Key::Flag),
    };
    let mut rules = vec![Rule::Master];
    if !on {
        rules.push(Rule::Off);
    }
    rules.push(own);
    rules.extend(required);
    Rule::All(rules)
}
