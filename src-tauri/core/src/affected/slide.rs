//! (Document, rollout, roster) → how many users gain, lose and keep a component, for every
//! percentage at once.
//!
//! A user's bucket does not depend on the percentage. So each user is hashed once, and what is
//! kept is the lowest percentage at which the rollout lets the user in. The users of each group
//! are sorted by that, and a step of the slider looks up how many of them are below a percentage.

mod ranks;

use std::marker::PhantomData;
use std::ops::{ControlFlow, Range};

use super::block::{Block, GAIN, KEEP_ON, Members, NEVER, walk};
use super::side::{Bar, Doc};
use super::{Affected, Preview, Touched};
use crate::compile::Compiled;
use crate::document::{ComponentPath, FlagDocument, Node, Percentage, Rollout, Strategy};
use crate::limits::BUCKETS;
use crate::roster::Roster;

pub use self::ranks::{Outcome, Slide};

/// A rollout whose percentage moves, compared with a document as it is saved.
#[derive(Debug, Clone)]
pub struct Slider {
    saved: FlagDocument,
    component: Option<ComponentPath>,
    rollout: Rollout,
    /// From the saved document to one in which the rollout lets everyone in.
    preview: Preview,
    /// The rollout between 0 and 100 %.
    bar: Bar,
    /// The components that the rollout decides for.
    moved: Vec<String>,
}

/// Components whose users are hashed together.
struct Moving {
    /// Positions in [`Preview::kinds`].
    kinds: Vec<usize>,
    /// The rollout that moves; `None` if it decides for none of them.
    bar: Option<Bar>,
}

/// What a [`Slide`] is made of: a share of the users of a roster, each hashed once.
///
/// `T` is [`Affected`] for one component, [`Touched`] for all.
#[derive(Debug, Clone)]
pub struct Keys<T> {
    /// The position of the first user in the roster.
    from: usize,
    keys: Vec<Key>,
    outcome: PhantomData<T>,
}

/// For one user, the lowest percentage that lets the user in, in thousandths, 0 for one that always
/// is, and what happens from then on. Below it, what is on before is lost.
///
/// Nothing is lost whatever the percentage: the rollout at 100 % lets in who passed any other one in
/// its place.
#[derive(Debug, Clone, Copy)]
struct Key(u32);

/// The bits of a [`Key`] with the percentage.
const KEY_BITS: u32 = 17;

/// What a user gets from the percentage on: a component that is off before.
const GAINS: u8 = 0b01;
/// A component that is on before.
const KEEPS: u8 = 0b10;

impl Key {
    fn new(percent_milli: u32, gets: u8) -> Self {
        Self(percent_milli | u32::from(gets) << KEY_BITS)
    }

    fn percent_milli(self) -> u32 {
        self.0 & ((1 << KEY_BITS) - 1)
    }

    fn has(self, bit: u8) -> bool {
        self.0 >> KEY_BITS & u32::from(bit) != 0
    }

    /// Returns whether anything depends on the percentage.
    fn moves(self) -> bool {
        self.has(GAINS | KEEPS) && self.percent_milli() != NEVER
    }
}

const _: () = assert!(NEVER < 1 << KEY_BITS);

impl Slider {
    /// Makes a slider for a component's custom rollout, or for the default rollout if `component` is
    /// `None`.
    ///
    /// `rollout` is the rollout as it is being edited: its groups and strategy count, its percentage
    /// does not. A component that has no custom rollout in `saved` is given this one. Returns `None`
    /// if `component` is no component of `saved`.
    pub fn new(
        saved: &FlagDocument,
        component: Option<&ComponentPath>,
        rollout: &Rollout,
    ) -> Option<Self> {
        let is_there = |path| matches!(saved.node(path), Some(Node::Component(_)));
        if !component.is_none_or(is_there) {
            return None;
        }
        let with = |rollout| Compiled::new(&with_rollout(saved, component, rollout));
        let all = with(open());
        let moved = Preview::of_compiled(with(at(0, rollout)), all.clone());
        let mut preview = Preview::of_compiled(Compiled::new(saved), all);
        let bar = between(&mut preview, &with(at(BUCKETS / 2, rollout)), component);
        Some(Self {
            saved: saved.clone(),
            component: component.cloned(),
            rollout: rollout.clone(),
            moved: moved.components().map(str::to_owned).collect(),
            preview,
            bar,
        })
    }

    /// Returns the components that the rollout decides for, by their paths: those that use it, and
    /// those that require one of them. Those that are off for everyone are left out.
    pub fn components(&self) -> impl ExactSizeIterator<Item = &str> {
        self.moved.iter().map(String::as_str)
    }

    /// Returns the document with the rollout at a percentage.
    pub fn document(&self, percentage: Percentage) -> FlagDocument {
        let rollout = at(percentage.milli(), &self.rollout);
        with_rollout(&self.saved, self.component.as_ref(), rollout)
    }

    /// Hashes the users in `range` for one component. Returns `None` if `progress`, which is called
    /// as by [`RosterPreview`](super::RosterPreview), breaks off.
    ///
    /// # Panics
    /// If `range` reaches beyond [`Roster::len`].
    pub fn keys(
        &self,
        path: &str,
        roster: &Roster,
        range: Range<usize>,
        progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Option<Keys<Affected>> {
        let is_moved = self.moved.iter().any(|moved| moved == path);
        let moving = Moving {
            kinds: vec![self.preview.kind_of(path)],
            bar: is_moved.then_some(self.bar),
        };
        self.keys_of(&moving, roster, range, progress)
    }

    /// Hashes the users in `range` for all that the rollout decides for, as [`Slider::keys`].
    ///
    /// # Panics
    /// If `range` reaches beyond [`Roster::len`].
    pub fn keys_touched(
        &self,
        roster: &Roster,
        range: Range<usize>,
        progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Option<Keys<Touched>> {
        let kinds = self.components().map(|path| self.preview.kind_of(path));
        let mut kinds: Vec<usize> = kinds.collect();
        kinds.sort_unstable();
        kinds.dedup();
        let moving = Moving {
            kinds,
            bar: Some(self.bar),
        };
        self.keys_of(&moving, roster, range, progress)
    }

    fn keys_of<T>(
        &self,
        moving: &Moving,
        roster: &Roster,
        range: Range<usize>,
        progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Option<Keys<T>> {
        let members = Members::new(&self.preview);
        let mut block = Block::new(&self.preview, roster, &members);
        let (mut gets, mut percents) = (Vec::new(), Vec::new());
        let mut keys = Vec::with_capacity(range.len());
        walk(range.clone(), progress, |users| {
            block.start(users.clone());
            gets.clear();
            gets.resize(users.len(), 0);
            for &kind in &moving.kinds {
                join(&mut gets, block.codes(&self.preview.kinds[kind]));
            }
            percents.clear();
            match &moving.bar {
                Some(bar) => block.keys(bar, &mut percents),
                None => percents.resize(users.len(), 0),
            }
            let users = percents.iter().zip(&gets);
            keys.extend(users.map(|(percent, gets)| Key::new(*percent, *gets)));
        })?;
        Some(Keys {
            from: range.start,
            keys,
            outcome: PhantomData,
        })
    }

    /// Returns what part of all users gains, loses and keeps a component at a percentage, as
    /// [`Preview::expected`].
    pub fn expected(
        &self,
        path: &str,
        groups: &[&str],
        percentage: Percentage,
    ) -> Option<Affected<f64>> {
        Preview::new(&self.saved, &self.document(percentage)).expected(path, groups)
    }
}

/// Returns what the rollout of `half` decides, which is neither at 0 nor at 100 %.
fn between(preview: &mut Preview, half: &Compiled, component: Option<&ComponentPath>) -> Bar {
    let own = component.and_then(|path| half.component(path.as_str()));
    let gate = own.map_or(&half.document, |id| &half.rule(id).gate);
    let read = preview.sides.read(half, Doc::After);
    preview.sides.bar(half, &read, gate)
}

/// Notes what happens to one more component.
fn join(gets: &mut [u8], codes: &[u8]) {
    for (gets, code) in gets.iter_mut().zip(codes) {
        *gets |= if *code == KEEP_ON {
            KEEPS
        } else {
            *code & GAIN
        };
    }
}

const _: () = assert!(GAINS == GAIN);

fn with_rollout(
    document: &FlagDocument,
    component: Option<&ComponentPath>,
    rollout: Rollout,
) -> FlagDocument {
    let mut document = document.clone();
    match component {
        None => document.rollout = rollout,
        Some(path) => drop(document.rollouts.insert(path.clone(), rollout)),
    }
    document
}

fn at(percent_milli: u32, rollout: &Rollout) -> Rollout {
    Rollout {
        percentage: Percentage::from_milli(percent_milli).unwrap_or(Percentage::FULL),
        ..rollout.clone()
    }
}

/// A rollout that lets everyone in.
fn open() -> Rollout {
    Rollout {
        percentage: Percentage::FULL,
        strategy: Strategy::Canary,
        ..Rollout::default()
    }
}
