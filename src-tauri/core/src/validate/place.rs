//! The place of a value in the document: as a pointer for programs, as a name for people.

use crate::problem::{Pointer, quote};

/// A place, relative to its parent; written out only if there is a problem to report.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    /// A key of the format, or a segment of the tree: `rollout.percentage`.
    Key(&'a str),
    /// A key that people chose: `rollouts["ui.badges"]`.
    Entry(&'a str),
    /// A position in a list: `userGroups[3]`.
    Index(usize),
}

impl<'a> Place<'a> {
    pub(super) const ROOT: Self = Self {
        parent: None,
        step: Step::Root,
    };

    pub(super) fn key(&'a self, key: &'a str) -> Self {
        self.below(Step::Key(key))
    }

    pub(super) fn entry(&'a self, key: &'a str) -> Self {
        self.below(Step::Entry(key))
    }

    pub(super) fn index(&'a self, index: usize) -> Self {
        self.below(Step::Index(index))
    }

    fn below(&'a self, step: Step<'a>) -> Self {
        Self {
            parent: Some(self),
            step,
        }
    }

    pub(super) fn pointer(&self) -> Pointer {
        let parent = self.parent.map(Self::pointer).unwrap_or_default();
        match self.step {
            Step::Root => parent,
            Step::Key(key) | Step::Entry(key) => parent.at(key),
            Step::Index(index) => parent.at(&index.to_string()),
        }
    }

    pub(super) fn name(&self) -> String {
        let parent = self.parent.map(Self::name).unwrap_or_default();
        match self.step {
            Step::Root => parent,
            Step::Key(key) if parent.is_empty() => shown(key),
            Step::Key(key) => format!("{parent}.{}", shown(key)),
            Step::Entry(key) => format!("{parent}[{}]", quote(key)),
            Step::Index(index) => format!("{parent}[{index}]"),
        }
    }
}

/// A segment as it is if it is a plain word, else quoted.
fn shown(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match key.bytes().all(plain) && key.len() <= crate::limits::SEGMENT_CHARS_MAX {
        true => key.to_owned(),
        false => quote(key),
    }
}
