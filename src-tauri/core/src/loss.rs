//! What is removed when a document becomes another one, so that a large loss is asked about first.

use std::collections::HashSet;
use std::fmt;

use crate::diff::documents::{Trace, changes, thousands};
use crate::document::{ComponentPath, FlagDocument, Node};
use crate::limits;
use crate::problem::{Code, Problem, listed_up_to};

/// The components of a document that another one does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The components that are removed, in the order of the document.
    pub removed: Vec<String>,
    /// How many components there are before.
    pub of: usize,
}

/// Finds the components of `before` that are not in `after`, neither under their path nor under
/// the one they were renamed or moved to.
pub fn loss(before: &FlagDocument, after: &FlagDocument) -> Loss {
    let mut of = 0;
    let mut removed = Vec::new();
    before.for_each_component(|path, _| {
        of += 1;
        if !has_component(after, path) {
            removed.push(path.to_owned());
        }
    });
    if !removed.is_empty() {
        let moved = moved_from(before, after);
        removed.retain(|path| !up_to_root(path).any(|path| moved.contains(path)));
    }
    Loss { removed, of }
}

fn has_component(document: &FlagDocument, path: &str) -> bool {
    let path: Result<ComponentPath, _> = path.parse();
    path.is_ok_and(|path| matches!(document.node(&path), Some(Node::Component(_))))
}

/// Returns the paths that components and groups had before they were renamed or moved.
fn moved_from(before: &FlagDocument, after: &FlagDocument) -> HashSet<String> {
    let found = changes(&before.to_tree(), &after.to_tree());
    let renames = Trace::of(&found).renames;
    renames.into_iter().map(|rename| rename.from).collect()
}

/// A path and those of the groups that it is in.
fn up_to_root(path: &str) -> impl Iterator<Item = &str> {
    let groups = path.match_indices('.').map(|(end, _)| &path[..end]);
    groups.chain([path])
}

impl Loss {
    /// Returns whether more than half of the components are removed.
    pub fn is_large(&self) -> bool {
        self.removed.len() * 2 > self.of
    }

    /// Returns the first of the components that are removed, as many as a question names.
    pub fn names_shown(&self) -> &[String] {
        let shown = self.removed.len().min(limits::LOST_NAMES_SHOWN_MAX);
        &self.removed[..shown]
    }

    /// Returns it as a problem that refuses the change until it is confirmed.
    pub fn problem(&self) -> Problem {
        let message = format!("This would remove {self}.");
        Problem::error(Code::LargeLoss, "/components", message)
    }
}

impl fmt::Display for Loss {
    /// Writes `5 of 6 components: calculator, tracker and 3 more`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, of) = (thousands(self.removed.len()), thousands(self.of));
        let noun = if self.of == 1 {
            "component"
        } else {
            "components"
        };
        write!(f, "{count} of {of} {noun}")?;
        match self.removed.is_empty() {
            true => Ok(()),
            false => write!(
                f,
                ": {}",
                listed_up_to(&self.removed, limits::LOST_NAMES_SHOWN_MAX)
            ),
        }
    }
}
