//! Counting and listing the users of a roster whom an edit affects.

use std::ops::{AddAssign, ControlFlow, Range};

use super::block::{Block, GAIN, KEEP_OFF, KEEP_ON, LOSE, Members, blocks, walk};
use super::{Affected, Kind, Preview};
use crate::roster::{ByGroup, People, Roster, SetSums, count_kinds};

/// A [`Preview`] over a roster.
///
/// Counting takes a range of the users, so that a caller with threads can give each its share and
/// add up what they return. After every thousand users or so it calls `progress` with how many are
/// done and how many there are in the range.
#[derive(Debug)]
pub struct RosterPreview<'a> {
    preview: &'a Preview,
    roster: &'a Roster,
    members: Members,
}

/// How many people a whole change affects, whatever the component.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Touched {
    /// People who gain a component, or several.
    pub gain: People,
    /// People who lose a component, or several.
    pub lose: People,
    /// People who gain one and lose another; they are in `gain` and in `lose`, too.
    pub both: People,
    /// People who neither gain nor lose any.
    pub neither: People,
}

/// What a whole change does.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// People by what they gain and lose of all components.
    pub touched: ByGroup<Touched>,
    /// Every component of [`Preview::components`] in that order, and whom it affects.
    pub components: Vec<(String, Affected)>,
}

/// What happens to a user's component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Off before, on after.
    Gain,
    /// On before, off after.
    Lose,
    /// On before and after.
    KeepOn,
    /// Off before and after.
    KeepOff,
}

/// What happens to all components of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TouchedWho {
    /// The user gains one, or several.
    Gain,
    /// The user loses one, or several.
    Lose,
    /// The user gains one and loses another.
    Both,
    /// The user neither gains nor loses any.
    Neither,
}

/// Of all components: the bit of [`GAIN`] if one is gained, and that of [`LOSE`] if one is lost.
const BOTH: u8 = GAIN | LOSE;

impl Touched {
    /// Returns whether any user loses what they had.
    pub fn takes_away(&self) -> bool {
        self.lose.count > 0
    }
}

impl AddAssign for Touched {
    fn add_assign(&mut self, other: Self) {
        self.gain += other.gain;
        self.lose += other.lose;
        self.both += other.both;
        self.neither += other.neither;
    }
}

impl AddAssign<&Self> for Whole {
    /// Adds what was counted in another range of the same roster.
    fn add_assign(&mut self, other: &Self) {
        self.touched += &other.touched;
        for ((_, sum), (_, more)) in self.components.iter_mut().zip(&other.components) {
            *sum += *more;
        }
    }
}

impl Affected {
    /// Makes it of people by code.
    fn of([keep_off, gain, lose, keep_on]: [People; 4]) -> Self {
        Self {
            gain,
            lose,
            keep_on,
            keep_off,
        }
    }
}

impl Touched {
    fn of([neither, gain, lose, both]: [People; 4]) -> Self {
        Self {
            gain: gain + both,
            lose: lose + both,
            both,
            neither,
        }
    }
}

impl Who {
    fn is(self, code: u8) -> bool {
        code == match self {
            Self::Gain => GAIN,
            Self::Lose => LOSE,
            Self::KeepOn => KEEP_ON,
            Self::KeepOff => KEEP_OFF,
        }
    }
}

impl TouchedWho {
    fn is(self, touched: u8) -> bool {
        match self {
            Self::Gain => touched & GAIN != 0,
            Self::Lose => touched & LOSE != 0,
            Self::Both => touched == BOTH,
            Self::Neither => touched == 0,
        }
    }
}

impl<'a> RosterPreview<'a> {
    pub(super) fn new(preview: &'a Preview, roster: &'a Roster) -> Self {
        Self {
            preview,
            roster,
            members: Members::new(preview),
        }
    }

    /// Counts the users in `range` by what happens to one component. Returns `None` if `progress`
    /// breaks off.
    ///
    /// Any path will do: what is in neither document is off before and after.
    ///
    /// # Panics
    /// If `range` reaches beyond [`Roster::len`].
    pub fn component(
        &self,
        path: &str,
        range: Range<usize>,
        progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Option<ByGroup<Affected>> {
        let kind = self.kind(path);
        let mut block = self.block();
        let mut sums = SetSums::new(self.roster);
        walk(range, progress, |users| {
            block.start(users.clone());
            sums.add(self.roster, users.start, block.codes(kind));
        })?;
        Some(sums.by_group(self.roster).map(Affected::of))
    }

    /// Counts the users in `range` by what happens to all components, and to each of them. Returns
    /// `None` if `progress` breaks off.
    ///
    /// # Panics
    /// If `range` reaches beyond [`Roster::len`].
    pub fn whole(
        &self,
        range: Range<usize>,
        progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Option<Whole> {
        let kinds = self.changing_kinds();
        let mut of_kinds = vec![[People::default(); 4]; self.preview.kinds.len()];
        let mut block = self.block();
        let mut touched = Vec::new();
        let mut sums = SetSums::new(self.roster);
        walk(range, progress, |users| {
            block.start(users.clone());
            touched.clear();
            touched.resize(users.len(), 0);
            for &kind in &kinds {
                let codes = block.codes(&self.preview.kinds[kind]);
                self.count(&mut of_kinds[kind], users.start, codes);
                touch(&mut touched, codes);
            }
            sums.add(self.roster, users.start, &touched);
        })?;
        let components = self.preview.changing();
        let components =
            components.map(|(path, kind)| (path.to_owned(), Affected::of(of_kinds[kind])));
        Some(Whole {
            touched: sums.by_group(self.roster).map(Touched::of),
            components: components.collect(),
        })
    }

    /// Lists the users from position `from` on to whom this happens to a component, as positions in
    /// the roster. Decides for about a thousand users at a time, when they are asked for.
    pub fn list(
        &self,
        path: &str,
        who: Who,
        from: usize,
    ) -> impl Iterator<Item = usize> + use<'_, 'a> {
        let kind = self.kind(path);
        let mut block = self.block();
        blocks(from..self.roster.len()).flat_map(move |users| {
            block.start(users.clone());
            positions(users, block.codes(kind), |code| who.is(code))
        })
    }

    /// Lists the users from position `from` on to whom this happens, whatever the component, as
    /// positions in the roster.
    pub fn list_touched(
        &self,
        who: TouchedWho,
        from: usize,
    ) -> impl Iterator<Item = usize> + use<'_, 'a> {
        let kinds = self.changing_kinds();
        let mut block = self.block();
        blocks(from..self.roster.len()).flat_map(move |users| {
            block.start(users.clone());
            let mut touched = vec![0; users.len()];
            for &kind in &kinds {
                touch(&mut touched, block.codes(&self.preview.kinds[kind]));
            }
            positions(users, &touched, |touched| who.is(touched))
        })
    }

    fn kind(&self, path: &str) -> &'a Kind {
        &self.preview.kinds[self.preview.kind_of(path)]
    }

    fn changing_kinds(&self) -> Vec<usize> {
        let mut kinds: Vec<usize> = self.preview.changing().map(|(_, kind)| kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    fn block(&self) -> Block<'_> {
        Block::new(self.preview, self.roster, &self.members)
    }

    /// Adds the users from position `from` on by their codes, all groups together.
    fn count(&self, people: &mut [People; 4], from: usize, codes: &[u8]) {
        let mut counts = [0; 4];
        count_kinds(&mut counts, codes);
        for (people, count) in people.iter_mut().zip(counts) {
            people.count += u64::from(count);
            if !self.roster.has_weights() {
                people.weight += f64::from(count);
            }
        }
        if let Some(weights) = self.roster.weights() {
            for (code, weight) in codes.iter().zip(&weights[from..]) {
                people[usize::from(*code)].weight += weight;
            }
        }
    }
}

/// Notes who gains or loses one more component.
fn touch(touched: &mut [u8], codes: &[u8]) {
    for (touched, code) in touched.iter_mut().zip(codes) {
        *touched |= if *code == KEEP_ON { 0 } else { *code };
    }
}

fn positions(users: Range<usize>, codes: &[u8], is_wanted: impl Fn(u8) -> bool) -> Vec<usize> {
    let wanted = users.zip(codes).filter(|(_, code)| is_wanted(**code));
    wanted.map(|(at, _)| at).collect()
}
