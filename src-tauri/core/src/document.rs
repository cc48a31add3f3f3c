//! The flag document: the published format as types.
//!
//! Every single value here is valid; `validate` checks that they fit together.
//! [`crate::validate()`] reads it; how it is written is said here, by the order of the fields:
//! known keys first, optional ones if they have a value, unknown ones last.

mod order;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::limits;
use crate::tree::{self, Object, Tree};
use crate::typed;

/// The unit that is stored, served and versioned: the component tree and who sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "Document"))]
pub struct FlagDocument {
    /// The master switch: while it is off, no component is enabled.
    pub enabled: bool,
    /// The component tree.
    #[cfg_attr(feature = "typescript", ts(type = "Group"))]
    pub components: Group,
    /// The rollout of every component without a custom one.
    pub rollout: Rollout,
    /// Rollouts of single components.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(
        feature = "typescript",
        ts(optional, as = "Option<BTreeMap<String, Rollout>>")
    )]
    pub rollouts: BTreeMap<ComponentPath, Rollout>,
    /// What must be on for a user before a component is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(
        feature = "typescript",
        ts(optional, as = "Option<BTreeMap<String, Vec<String>>>")
    )]
    pub requires: BTreeMap<ComponentPath, Vec<ComponentPath>>,
    /// What people should know about a component or a group.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(
        feature = "typescript",
        ts(optional, as = "Option<BTreeMap<String, About>>")
    )]
    pub about: BTreeMap<ComponentPath, About>,
    /// How users are hashed.
    #[serde(skip_serializing_if = "Bucketing::is_default")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Bucketing>"))]
    pub bucketing: Bucketing,
    /// Unknown keys, kept as they are.
    #[serde(flatten)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub unknown: Object,
}

/// An inner node of the component tree, in the order of the document.
pub type Group = IndexMap<String, Node>;

/// A node of the component tree.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Node {
    /// A leaf: a component, switched on or off.
    Component(bool),
    /// An inner node.
    Group(Group),
}

/// Who sees what is switched on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename_all = "camelCase")
)]
pub struct Rollout {
    /// The share of all users, 0 to 100 % in steps of 0.001.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub percentage: Percentage,
    /// Groups that the strategy gives a meaning to.
    pub user_groups: Vec<String>,
    /// What the groups and the percentage mean.
    pub strategy: Strategy,
    /// Unknown keys, kept as they are.
    #[serde(flatten)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub unknown: Object,
}

/// How a rollout reads its groups and its percentage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(rename_all = "kebab-case")
)]
pub enum Strategy {
    /// People in the groups first, then a fixed share of everyone.
    #[default]
    Canary,
    /// Everyone switches together: 0 or 100 %.
    BlueGreen,
    /// Only people in the groups (if any are named), and of them a fixed share.
    Feature,
}

/// How users are hashed into buckets; see [`crate::bucket`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Bucketing {
    /// flagd's `fractional`, second generation: UTF-8 bytes.
    #[serde(rename = "flagd-2")]
    Flagd2,
    /// flagd's `fractional`, third generation: canonical CBOR.
    #[serde(rename = "flagd-3")]
    #[default]
    Flagd3,
}

/// What people should know about a component. Nothing here changes what it does.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields))]
pub struct About {
    /// A name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Words to find it by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<String>>"))]
    pub tags: Vec<String>,
    /// The day it should be gone.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<String>"))]
    pub expires: Option<jiff::civil::Date>,
    /// Unknown keys, kept as they are.
    #[serde(flatten)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub unknown: Object,
}

impl Default for FlagDocument {
    /// The safe default: the founding six components, all off, at 0 %.
    fn default() -> Self {
        Self {
            enabled: false,
            components: founding_components(),
            rollout: Rollout::default(),
            rollouts: BTreeMap::new(),
            requires: BTreeMap::new(),
            about: BTreeMap::new(),
            bucketing: Bucketing::default(),
            unknown: Object::default(),
        }
    }
}

/// The tree of the founding specification, all off.
pub(crate) fn founding_components() -> Group {
    let off = |names: &[&str]| -> Group {
        let node = |name: &&str| ((*name).to_owned(), Node::Component(false));
        names.iter().map(node).collect()
    };
    let mut components = off(&["calculator", "tracker", "orchestrator"]);
    let ui = off(&["badges", "dashboard", "curationPanel"]);
    components.insert("ui".to_owned(), Node::Group(ui));
    components
}

impl FlagDocument {
    /// Returns the node that a path leads to.
    pub fn node(&self, path: &ComponentPath) -> Option<&Node> {
        self.node_at(path.as_str())
    }

    /// Returns the node that a name leads to, which may be no valid path.
    pub fn node_at(&self, name: &str) -> Option<&Node> {
        let mut segments = name.split('.');
        let first = self.components.get(segments.next()?)?;
        segments.try_fold(first, |node, segment| match node {
            Node::Group(group) => group.get(segment),
            Node::Component(_) => None,
        })
    }

    /// Returns the node that a path leads to, mutably.
    pub fn node_mut(&mut self, path: &ComponentPath) -> Option<&mut Node> {
        let mut segments = path.segments();
        let first = self.components.get_mut(segments.next()?)?;
        segments.try_fold(first, |node, segment| match node {
            Node::Group(group) => group.get_mut(segment),
            Node::Component(_) => None,
        })
    }

    /// Returns whether a name leads to a group.
    pub fn is_group(&self, name: &str) -> bool {
        matches!(self.node_at(name), Some(Node::Group(_)))
    }

    /// Calls `visit` with the path and the switch of every component, in the order of the tree.
    pub fn for_each_component(&self, mut visit: impl FnMut(&str, bool)) {
        let mut path = String::new();
        walk(&self.components, &mut path, &mut visit);
    }

    /// Returns how many components there are, and how many of them are switched on.
    pub fn count(&self) -> (usize, usize) {
        let (mut all, mut on) = (0, 0);
        self.for_each_component(|_, is_on| {
            all += 1;
            on += usize::from(is_on);
        });
        (all, on)
    }

    /// Returns the rollout that decides for a component: its own, else the document's.
    pub fn rollout_of(&self, component: &str) -> &Rollout {
        self.rollouts.get(component).unwrap_or(&self.rollout)
    }

    /// Writes the document in its published form.
    pub fn to_tree(&self) -> Tree {
        tree_of(self)
    }

    /// Writes the document as compact JSON text.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect(WRITABLE)
    }
}

/// Returns the published form as a tree, read from its text to keep every digit.
fn tree_of(value: &impl Serialize) -> Tree {
    let text = serde_json::to_vec(value).expect(WRITABLE);
    tree::read(&text).expect(WRITABLE)
}

const WRITABLE: &str = "every key is a text, and nothing else could fail";

fn walk(group: &Group, path: &mut String, visit: &mut impl FnMut(&str, bool)) {
    let len = path.len();
    for (name, node) in group {
        if len > 0 {
            path.push('.');
        }
        path.push_str(name);
        match node {
            Node::Component(on) => visit(path, *on),
            Node::Group(group) => walk(group, path, visit),
        }
        path.truncate(len);
    }
}

impl Rollout {
    /// Returns the names of its groups without blanks around them, as users are in them.
    ///
    /// No user is in a group whose name is blank, but it still restricts who sees the component.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.user_groups.iter().map(|group| group.trim())
    }

    /// Writes the rollout in its published form.
    pub fn to_tree(&self) -> Tree {
        tree_of(self)
    }
}

fn as_text<T: fmt::Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

impl Strategy {
    /// Every strategy, in the order people meet them.
    pub const ALL: [Self; 3] = [Self::Canary, Self::BlueGreen, Self::Feature];

    /// Returns its published name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::BlueGreen => "blue-green",
            Self::Feature => "feature",
        }
    }

    /// Returns what people call it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::BlueGreen => "blue-green",
            Self::Feature => "groups only",
        }
    }
}

impl FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Self, UnknownStrategy> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == name);
        known.ok_or(UnknownStrategy)
    }
}

/// The error for a word that is no strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the strategy must be canary, blue-green or feature")]
pub struct UnknownStrategy;

impl Bucketing {
    /// Every algorithm, the default first.
    pub const ALL: [Self; 2] = [Self::Flagd3, Self::Flagd2];

    /// Returns its published name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flagd2 => "flagd-2",
            Self::Flagd3 => "flagd-3",
        }
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A share of all users, 0 to 100 % in steps of 0.001 %.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "f64")]
pub struct Percentage {
    /// Thousandths of a per cent, 0..=100 000.
    milli: u32,
}

impl Percentage {
    /// No user.
    pub const ZERO: Self = Self { milli: 0 };
    /// Every user.
    pub const FULL: Self = Self {
        milli: limits::PERCENT_MILLI_MAX,
    };

    /// Makes a percentage from thousandths of a per cent, 0..=100 000.
    pub fn from_milli(milli: u32) -> Option<Self> {
        (milli <= limits::PERCENT_MILLI_MAX).then_some(Self { milli })
    }

    /// Returns thousandths of a per cent, 0..=100 000: the first bucket that is not in.
    pub fn milli(self) -> u32 {
        self.milli
    }

    /// Returns per cent, 0.0..=100.0; the nearest `f64`, which prints with at most 3 decimals.
    pub fn as_f64(self) -> f64 {
        f64::from(self.milli) / 1000.0
    }
}

impl Serialize for Percentage {
    /// Writes whole per cents without a decimal point.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.milli.is_multiple_of(1000) {
            serializer.serialize_u32(self.milli / 1000)
        } else {
            serializer.serialize_f64(self.as_f64())
        }
    }
}

impl TryFrom<f64> for Percentage {
    type Error = PercentageError;

    /// Accepts 0.0..=100.0 in steps of 0.001; −0 is 0.
    fn try_from(percent: f64) -> Result<Self, PercentageError> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(PercentageError::OutOfRange);
        }
        // 100 000 has 17 bits, so an f64 holds thousandths to better than 1e-10.
        let milli = percent * 1000.0;
        if (milli - milli.round()).abs() > 1e-7 {
            return Err(PercentageError::TooFine);
        }
        Ok(Self {
            milli: milli.round() as u32,
        })
    }
}

impl FromStr for Percentage {
    type Err = PercentageError;

    /// Reads what a person typed, such as `12.5`, `12,5` or `12.5 %`.
    fn from_str(text: &str) -> Result<Self, PercentageError> {
        let typed = typed::number(text).ok_or(PercentageError::NotANumber)?;
        let percentage = Self::try_from(typed.number)?;
        match typed.decimals <= 3 {
            true => Ok(percentage),
            false => Err(PercentageError::TooFine),
        }
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_f64())
    }
}

/// Why a number is no percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PercentageError {
    /// Not a number.
    #[error("the percentage must be a number from 0 to 100")]
    NotANumber,
    /// Below 0 or above 100.
    #[error("the percentage must be from 0 to 100")]
    OutOfRange,
    /// Finer than 0.001.
    #[error("the percentage must be in steps of 0.001")]
    TooFine,
}

/// The dotted path of a component or a group: `ui.badges`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ComponentPath(Box<str>);

impl ComponentPath {
    /// Returns the path as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Treats a text as a path before validation has checked it.
    pub(crate) fn unchecked(text: String) -> Self {
        Self(text.into())
    }

    /// Returns whether it is this path, or a part of the group that this path names.
    pub fn is_within(&self, path: &Self) -> bool {
        let rest = self.0.strip_prefix(&*path.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Returns its segments, from the root.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }
}

impl FromStr for ComponentPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut depth = 0;
        for segment in text.split('.') {
            check_segment(segment)?;
            depth += 1;
        }
        if depth > limits::PATH_DEPTH_MAX {
            return Err(PathError::TooDeep);
        }
        Ok(Self(text.into()))
    }
}

impl Borrow<str> for ComponentPath {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ComponentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Checks one segment of a path: `[A-Za-z][A-Za-z0-9_-]{0,63}` and not reserved.
///
/// # Errors
/// [`PathError`] otherwise.
pub fn check_segment(segment: &str) -> Result<(), PathError> {
    if limits::SEGMENTS_RESERVED.contains(&segment) {
        return Err(PathError::Reserved);
    }
    let bytes = segment.as_bytes();
    let begins = bytes.first().is_some_and(u8::is_ascii_alphabetic);
    let continues = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    // All bytes are ASCII where `continues` holds, so bytes are characters.
    if !begins || !bytes.iter().all(continues) || bytes.len() > limits::SEGMENT_CHARS_MAX {
        return Err(PathError::BadSegment);
    }
    Ok(())
}

/// Why a text is no component path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A segment with characters it may not have, or of a wrong length.
    #[error(
        "a name must begin with a letter and have 1 to {} letters, digits, _ or -",
        limits::SEGMENT_CHARS_MAX
    )]
    BadSegment,
    /// A segment that JavaScript reserves.
    #[error("the names {} are reserved", limits::SEGMENTS_RESERVED.join(", "))]
    Reserved,
    /// Too many segments.
    #[error("a path has at most {} names", limits::PATH_DEPTH_MAX)]
    TooDeep,
}
