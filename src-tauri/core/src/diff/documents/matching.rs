//! Pairs equal parts of two trees if there is no other candidate.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::renames::{SECTIONS, said};
use crate::document::check_segment;
use crate::tree::{self, Tree};

/// Everything that is only in one of the two documents: nodes in the order of the tree, each
/// before what is inside it.
#[derive(Default)]
pub(super) struct Side<'a> {
    pub(super) nodes: Vec<Node<'a>>,
}

pub(super) struct Node<'a> {
    pub(super) path: String,
    pub(super) value: &'a Tree,
    /// Where what is inside it ends in the list.
    end: usize,
    /// Whether it is everything that was added or removed with its parent.
    is_alone: bool,
    /// The same for equal content, whatever it is called and wherever it is.
    content: u64,
}

impl<'a> Side<'a> {
    /// Adds the part of a document's tree that a pointer leads to, if it leads into the tree.
    pub(super) fn collect(&mut self, document: &'a Tree, pointer: &str) {
        let tokens = super::tokens(pointer);
        let Some((section, names)) = tokens.split_first() else {
            return;
        };
        let is_path = !names.is_empty() && names.iter().all(|name| check_segment(name).is_ok());
        if section == "components"
            && is_path
            && let Some(value) = tree::get(document, pointer)
        {
            self.add(names.join("."), value, true);
        }
    }

    fn add(&mut self, path: String, value: &'a Tree, is_alone: bool) {
        let index = self.nodes.len();
        self.nodes.push(Node {
            path,
            value,
            end: index,
            is_alone,
            content: 0,
        });
        if let Tree::Object(group) = value {
            for (name, value) in group.iter().filter(|(name, _)| check_segment(name).is_ok()) {
                let path = format!("{}.{name}", self.nodes[index].path);
                self.add(path, value, is_alone && group.len() == 1);
            }
        }
        self.nodes[index].end = self.nodes.len();
    }

    pub(super) fn inside(&self, index: usize) -> Range<usize> {
        index..self.nodes[index].end
    }

    fn size(&self, index: usize) -> usize {
        self.inside(index).len()
    }

    /// Computes the content of every node, from the innermost outwards.
    pub(super) fn digest(&mut self, document: &Tree) {
        let paths: HashSet<String> = self.nodes.iter().map(|node| node.path.clone()).collect();
        for index in (0..self.nodes.len()).rev() {
            let node = &self.nodes[index];
            let mut content = DefaultHasher::new();
            match node.value {
                Tree::Object(_) => self.children(index).hash(&mut content),
                other => other.hash(&mut content),
            }
            for section in SECTIONS {
                let said = said(document, section, &node.path);
                let said = said.map(|value| without_names(value, &paths));
                said.hash(&mut content);
            }
            self.nodes[index].content = content.finish();
        }
    }

    /// Sums up what is directly inside a group, whatever its order.
    fn children(&self, index: usize) -> (usize, u64) {
        let Range { end, .. } = self.inside(index);
        let (mut count, mut sum, mut child) = (0, 0u64, index + 1);
        while child < end {
            let node = &self.nodes[child];
            let mut named = DefaultHasher::new();
            (last_name(&node.path), node.content).hash(&mut named);
            sum = sum.wrapping_add(named.finish());
            count += 1;
            child = node.end;
        }
        (count, sum)
    }
}

/// What is said about the node, without names that may differ in the other document.
fn without_names(value: &Tree, paths: &HashSet<String>) -> Tree {
    match value {
        Tree::Array(list) => {
            let unnamed = |path: &Tree| match path.as_str() {
                Some(path) if paths.contains(path) => Tree::Null,
                _ => path.clone(),
            };
            Tree::Array(list.iter().map(unnamed).collect())
        }
        other => other.clone(),
    }
}

fn last_name(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, name)| name)
}

/// What makes two nodes of equal content the same, the strongest evidence first.
#[derive(Clone, Copy)]
enum Evidence {
    /// They have one name.
    Name,
    /// They are in one group.
    Group,
    /// There is nothing else they could be.
    Nothing,
}

impl Evidence {
    const ALL: [Self; 3] = [Self::Name, Self::Group, Self::Nothing];

    /// Returns what both nodes must have in common.
    fn of<'a>(self, node: &'a Node<'_>) -> &'a str {
        match self {
            Self::Name => last_name(&node.path),
            Self::Group => node.path.rsplit_once('.').map_or("", |(group, _)| group),
            Self::Nothing => "",
        }
    }

    /// Returns whether it is enough evidence for a node. For a node inside a larger one that was
    /// added or removed, such as a bare switch, equal content alone is not.
    fn is_enough(self, node: &Node<'_>) -> bool {
        match self {
            Self::Name | Self::Group => true,
            Self::Nothing => node.is_alone,
        }
    }
}

/// Pairs what is gone with what appeared: larger parts first, whose inside is then settled.
pub(super) fn pairs(gone: &Side<'_>, appeared: &Side<'_>) -> Vec<(usize, usize)> {
    let mut gone = Candidates::new(gone);
    let mut appeared = Candidates::new(appeared);
    let sizes: Vec<usize> = gone.by_size.keys().rev().copied().collect();
    let mut pairs = Vec::new();
    for size in sizes {
        for evidence in Evidence::ALL {
            let left = gone.unique(size, evidence);
            let right = appeared.unique(size, evidence);
            for (key, index) in left {
                if let (Some(left), Some(Some(right))) = (index, right.get(&key))
                    && evidence.is_enough(gone.node(left))
                    && evidence.is_enough(appeared.node(*right))
                {
                    gone.take(left);
                    appeared.take(*right);
                    pairs.push((left, *right));
                }
            }
        }
    }
    pairs
}

/// The nodes of a side that have no partner.
struct Candidates<'a> {
    side: &'a Side<'a>,
    by_size: BTreeMap<usize, Vec<usize>>,
    is_taken: Vec<bool>,
}

impl<'a> Candidates<'a> {
    fn new(side: &'a Side<'a>) -> Self {
        let mut by_size: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in 0..side.nodes.len() {
            by_size.entry(side.size(index)).or_default().push(index);
        }
        Self {
            side,
            by_size,
            is_taken: vec![false; side.nodes.len()],
        }
    }

    /// Returns the nodes of a size that are the only ones with their content and this evidence.
    fn unique(&self, size: usize, evidence: Evidence) -> HashMap<(u64, &'a str), Option<usize>> {
        let mut found = HashMap::new();
        for &index in self.by_size.get(&size).into_iter().flatten() {
            if self.is_taken[index] {
                continue;
            }
            let node = self.node(index);
            match found.entry((node.content, evidence.of(node))) {
                Entry::Vacant(vacant) => {
                    vacant.insert(Some(index));
                }
                Entry::Occupied(mut several) => {
                    several.insert(None);
                }
            }
        }
        found
    }

    fn node(&self, index: usize) -> &'a Node<'a> {
        &self.side.nodes[index]
    }

    fn take(&mut self, index: usize) {
        let inside = self.side.inside(index);
        self.is_taken[inside].fill(true);
    }
}
