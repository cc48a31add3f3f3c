//! (Document, rollout, roster) → how many users gain, lose and keep a component, for every
//! percentage at once.
//!
//! A user's bucket does not depend on the percentage. So each user is hashed once, and what is
//! kept is the lowest percentage at which the rollout lets the user in. The users of each group
//! are sorted by that, and a step of the slider looks up how many of them are below a percentage.

mod ranks;

use std::marker::PhantomData;
use std::ops::{ControlFlow, Range};

use super::block::{Block, GAIN, KEEP_ON, LOSE, Members, NEVER, walk};
use super::side::{Bar, Doc};
use super::{Affected, Kind, Preview, Touched};
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

/// For one user, the lowest percentage that lets the user in, in thousandths, 0 for one that
/// always was, and what happens then.
#[derive(Debug, Clone, Copy)]
struct Key(u32);

/// The bits of a [`Key`] with the percentage.
const KEY_BITS: u32 = 17;

impl Key {
    /// From the percentage on, the user gains a component.
    const GAINS: u32 = 1 << KEY_BITS;
    /// From the percentage on, the user keeps all that is on before; below it, loses some.
    const KEEPS: u32 = 2 << KEY_BITS;
    /// From the percentage on, the user gains one component, and loses another at any.
    const GAINS_ONE: u32 = 4 << KEY_BITS;
    /// A component is on before.
    const HAD: u32 = 8 << KEY_BITS;

    /// Makes it of what happens to components when the rollout lets everyone in: those that are
    /// gained and lost, and kept.
    fn new(key: u32, codes: u8) -> Self {
        let bit = |is: bool, bit: u32| if is { bit } else { 0 };
        let (gains, loses) = (codes & GAIN != 0, codes & LOSE != 0);
        let keeps = codes & KEEPS_SOME != 0;
        Self(
            key | bit(gains, Self::GAINS)
                | bit(keeps && !loses, Self::KEEPS)
                | bit(gains && loses, Self::GAINS_ONE)
                | bit(keeps || loses, Self::HAD),
        )
    }

    fn percent_milli(self) -> u32 {
        self.0 & ((1 << KEY_BITS) - 1)
    }

    fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    /// Returns whether anything depends on the percentage.
    fn moves(self) -> bool {
        self.has(Self::GAINS | Self::KEEPS) && self.percent_milli() != NEVER
    }
}

/// Beside [`GAIN`] and [`LOSE`]: a component is kept.
const KEEPS_SOME: u8 = 0b100;

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
        if let Some(path) = component
            && !matches!(saved.node(path), Some(Node::Component(_)))
        {
            return None;
        }
        let with = |rollout: Rollout| Compiled::new(&with_rollout(saved, component, rollout));
        let [none, half, all] = [
            with(at(0, rollout)),
            with(at(BUCKETS / 2, rollout)),
            with(open()),
        ];
        let moving = Preview::of_compiled(none, all.clone());
        let moved = moving.components().map(str::to_owned).collect();
        let mut preview = Preview::of_compiled(Compiled::new(saved), all);
        let gate = match component {
            None => half.document,
            Some(path) => half.rule(half.component(path.as_str())?).gate,
        };
        let read = preview.sides.read(&half, Doc::After);
        let bar = preview.sides.bar(&half, &read, &gate);
        Some(Self {
            saved: saved.clone(),
            component: component.cloned(),
            rollout: rollout.clone(),
            preview,
            bar,
            moved,
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
        let kinds = [self.preview.kind_of(path)];
        let is_moved = self.moved.iter().any(|moved| moved == path);
        let bar = is_moved.then_some(self.bar);
        self.keys_of(&kinds, bar.as_ref(), (roster, range), progress)
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
        let mut kinds: Vec<usize> = self
            .components()
            .map(|it| self.preview.kind_of(it))
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        self.keys_of(&kinds, Some(&self.bar), (roster, range), progress)
    }

    /// Hashes users for components of these kinds; without a bar, nothing moves.
    fn keys_of<T>(
        &self,
        kinds: &[usize],
        bar: Option<&Bar>,
        (roster, range): (&Roster, Range<usize>),
        progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Option<Keys<T>> {
        let members = Members::new(&self.preview);
        let mut block = Block::new(&self.preview, roster, &members);
        let kinds: Vec<&Kind> = kinds
            .iter()
            .map(|kind| &self.preview.kinds[*kind])
            .collect();
        let mut codes = Vec::new();
        let mut percents = Vec::new();
        let mut keys = Vec::with_capacity(range.len());
        walk(range.clone(), progress, |users| {
            block.start(users.clone());
            codes.clear();
            codes.resize(users.len(), 0);
            for kind in &kinds {
                join(&mut codes, block.codes(kind));
            }
            percents.clear();
            match bar {
                Some(bar) => block.keys(bar, &mut percents),
                None => percents.resize(users.len(), 0),
            }
            let users = percents.iter().zip(&codes);
            keys.extend(users.map(|(percent, codes)| Key::new(*percent, *codes)));
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

/// Notes what happens to one more component.
fn join(codes: &mut [u8], of_kind: &[u8]) {
    for (codes, code) in codes.iter_mut().zip(of_kind) {
        *codes |= if *code == KEEP_ON { KEEPS_SOME } else { *code };
    }
}

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
