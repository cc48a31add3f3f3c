//! What changes can be found by: the components and groups they touched.

use std::collections::BTreeSet;

use super::{Change, tokens};
use crate::tree::Tree;

/// The paths that changes touched, and what was renamed or moved among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// Paths of components and groups, and `""` for the document as a whole: its master
    /// switch, its rollout, everything that belongs to no component.
    pub touched: BTreeSet<String>,
    /// What has another path; everything inside moved along.
    pub renames: Vec<Rename>,
}

/// A component or group that was given another path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// Its path before.
    pub from: String,
    /// Its path after.
    pub to: String,
}

impl Trace {
    /// Follows changes between two documents, as [`super::changes`] lists them.
    ///
    /// What was added, removed, renamed or moved is touched with everything in it, a rename under
    /// both names. A changed requirement touches the component that has it, not the required one.
    pub fn of(changes: &[Change]) -> Self {
        let mut trace = Self::default();
        for change in changes {
            trace.follow(change);
        }
        trace
    }

    fn follow(&mut self, change: &Change) {
        let tokens = change.tokens();
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        if let Some(rename) = change.renamed() {
            self.touch(&rename.from, change.before.as_ref());
            self.touch(&rename.to, change.after.as_ref());
            self.renames.push(rename);
            return;
        }
        match tokens.as_slice() {
            ["components", path @ ..] if !path.is_empty() => {
                let path = path.join(".");
                self.touch(&path, change.before.as_ref());
                self.touch(&path, change.after.as_ref());
            }
            ["rollouts" | "requires" | "about", path, ..] => {
                self.touched.insert((*path).to_owned());
            }
            ["rollouts" | "requires" | "about"] => {
                change.inner().iter().for_each(|inner| self.follow(inner));
            }
            _ => {
                self.touched.insert(String::new());
            }
        }
    }

    /// Touches a node, with everything in it.
    fn touch(&mut self, path: &str, node: Option<&Tree>) {
        self.touched.insert(path.to_owned());
        if let Some(Tree::Object(group)) = node {
            for (name, node) in group.iter() {
                self.touch(&format!("{path}.{name}"), Some(node));
            }
        }
    }
}

impl Change {
    /// Returns what was renamed or moved, if the change is of that kind.
    pub fn renamed(&self) -> Option<Rename> {
        let from = self.from.as_deref()?;
        Some(Rename {
            from: in_tree(from),
            to: in_tree(&self.pointer),
        })
    }
}

/// Returns the path that a pointer into the component tree stands for.
fn in_tree(pointer: &str) -> String {
    tokens(pointer).get(1..).unwrap_or_default().join(".")
}
