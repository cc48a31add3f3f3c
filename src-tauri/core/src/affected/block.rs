//! Deciding for some users at a time: short enough that what is computed of them stays in a
//! processor's first cache, long enough that loops over them are vector instructions.

use std::ops::{ControlFlow, Range};
use std::sync::OnceLock;

use super::side::{Bar, Side, is_between};
use super::{Kind, Preview};
use crate::evaluate::User;
use crate::roster::Roster;

/// Users that are decided for at a time.
const BLOCK: usize = 1024;

/// What happens to a component for one user: whether it is on before, and after.
pub(super) const KEEP_OFF: u8 = 0b00;
pub(super) const GAIN: u8 = 0b01;
pub(super) const LOSE: u8 = 0b10;
pub(super) const KEEP_ON: u8 = 0b11;

/// For each list of groups that rollouts name, which sets of the roster have a group of it.
#[derive(Debug)]
pub(super) struct Members {
    /// One bit for each set; found when they are asked for.
    sets: Vec<OnceLock<Vec<u64>>>,
}

impl Members {
    pub(super) fn new(preview: &Preview) -> Self {
        let lists = preview.sides.lists();
        Self {
            sets: lists.map(|_| OnceLock::new()).collect(),
        }
    }

    /// Returns the sets with a group of the list at `at`.
    pub(super) fn of(&self, preview: &Preview, roster: &Roster, at: usize) -> &[u64] {
        self.sets[at].get_or_init(|| {
            let named = preview.sides.lists().nth(at).unwrap_or_default();
            let named: Vec<bool> = roster.groups().map(|name| is_among(name, named)).collect();
            let mut bits = vec![0; roster.sets().len().div_ceil(64)];
            for (set, groups) in roster.sets().iter().enumerate() {
                if groups.iter().any(|&group| named[group as usize]) {
                    bits[set / 64] |= 1 << (set % 64);
                }
            }
            bits
        })
    }
}

/// Lists of groups in a rollout are in order.
fn is_among(name: &str, list: &[Box<str>]) -> bool {
    list.binary_search_by(|other| other.as_ref().cmp(name))
        .is_ok()
}

fn is_set(bits: &[u64], set: u32) -> bool {
    bits[set as usize / 64] >> (set % 64) & 1 == 1
}

/// Cuts a range into blocks.
pub(super) fn blocks(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range
        .step_by(BLOCK)
        .map(move |from| from..end.min(from + BLOCK))
}

/// Goes through a range in blocks, and tells after each how many users are done, and of how many;
/// returns `None` if it was told to stop.
pub(super) fn walk(
    range: Range<usize>,
    mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    mut visit: impl FnMut(Range<usize>),
) -> Option<()> {
    let (start, total) = (range.start, range.len());
    for block in blocks(range) {
        let done = block.end - start;
        visit(block);
        if progress(done, total).is_break() {
            return None;
        }
    }
    Some(())
}

/// The users that are decided for.
#[derive(Debug)]
pub(super) struct Block<'a> {
    preview: &'a Preview,
    roster: &'a Roster,
    members: &'a Members,
    range: Range<usize>,
    /// The users' buckets for each bucketer; empty if they were not asked for.
    buckets: Vec<Vec<u32>>,
    /// The bucketers that were asked for.
    asked: Vec<usize>,
    /// For each list of groups, 1 for each user who is in one of them and 0 for others; empty if it
    /// was not asked for.
    is_in: Vec<Vec<u8>>,
    /// The lists that were asked for.
    asked_lists: Vec<usize>,
    /// Whether what was asked for last is on, for each user.
    on: [Vec<u8>; 2],
}

impl<'a> Block<'a> {
    pub(super) fn new(preview: &'a Preview, roster: &'a Roster, members: &'a Members) -> Self {
        Self {
            preview,
            roster,
            members,
            range: 0..0,
            buckets: vec![Vec::new(); preview.sides.bucketers_len()],
            asked: Vec::new(),
            is_in: vec![Vec::new(); preview.sides.lists().len()],
            asked_lists: Vec::new(),
            on: Default::default(),
        }
    }

    /// Goes on to other users.
    pub(super) fn start(&mut self, range: Range<usize>) {
        for bucketer in self.asked.drain(..) {
            self.buckets[bucketer].clear();
        }
        for list in self.asked_lists.drain(..) {
            self.is_in[list].clear();
        }
        self.range = range;
    }

    /// Returns what happens to components of a kind, for each user.
    pub(super) fn codes(&mut self, kind: &Kind) -> &[u8] {
        let [mut before, mut after] = std::mem::take(&mut self.on);
        self.decide(&kind.before, &mut before);
        self.decide(&kind.after, &mut after);
        for (was, is) in before.iter_mut().zip(&after) {
            *was = *was << 1 | is;
        }
        self.on = [before, after];
        &self.on[0]
    }

    /// Finds for which users a component is on: 0 or 1 for each.
    fn decide(&mut self, side: &Side, on: &mut Vec<u8>) {
        on.clear();
        on.resize(self.range.len(), u8::from(*side != Side::Nobody));
        match side {
            Side::Nobody => {}
            Side::Through(bars) => bars.iter().for_each(|bar| self.pass(bar, on)),
            Side::Walk(doc, id) => {
                let compiled = self.preview.compiled(*doc);
                for (at, on) in self.range.clone().zip(on) {
                    let groups: Vec<&str> = self.roster.groups_of(at).collect();
                    let id_text = self.roster.ids().get(at);
                    let user = User {
                        id: id_text,
                        groups: &groups,
                    };
                    *on = u8::from(compiled.evaluate_id(*id, &user).value);
                }
            }
        }
    }

    /// Leaves those on whom a bar lets through.
    fn pass(&mut self, bar: &Bar, on: &mut [u8]) {
        self.find(bar);
        let buckets = &self.buckets[bar.bucketer];
        let Some(list) = bar.list else {
            for (on, bucket) in on.iter_mut().zip(buckets) {
                *on &= u8::from(*bucket < bar.outside);
            }
            return;
        };
        let users = on.iter_mut().zip(&self.is_in[list]);
        match bar.needs_buckets() {
            true => {
                for ((on, is_in), bucket) in users.zip(buckets) {
                    *on &= u8::from(*bucket < bar.threshold(*is_in != 0));
                }
            }
            false => {
                for (on, is_in) in users {
                    *on &= u8::from(bar.threshold(*is_in != 0) > 0);
                }
            }
        }
    }

    /// Finds what a bar decides by.
    fn find(&mut self, bar: &Bar) {
        if bar.needs_buckets() {
            self.find_buckets(bar.bucketer);
        }
        if let Some(list) = bar.list {
            self.find_members(list);
        }
    }

    fn find_buckets(&mut self, bucketer: usize) {
        let buckets = &mut self.buckets[bucketer];
        if buckets.is_empty() {
            self.asked.push(bucketer);
            buckets.resize(self.range.len(), 0);
            let ids = self.roster.ids().bytes(self.range.clone());
            self.preview.sides.bucketer(bucketer).fill(buckets, ids);
        }
    }

    fn find_members(&mut self, list: usize) {
        let is_in = &mut self.is_in[list];
        if is_in.is_empty() {
            self.asked_lists.push(list);
            let members = self.members.of(self.preview, self.roster, list);
            let sets = &self.roster.set_of()[self.range.clone()];
            is_in.extend(sets.iter().map(|set| u8::from(is_set(members, *set))));
        }
    }

    /// Adds for each user the lowest percentage, in thousandths, at which the rollout lets the user
    /// in of which `bar` is what it decides between 0 and 100 %; [`NEVER`] if none does.
    pub(super) fn keys(&mut self, bar: &Bar, keys: &mut Vec<u32>) {
        self.find(bar);
        let key = |bucket: u32, threshold: u32| match threshold {
            0 => NEVER,
            threshold if is_between(threshold) => bucket + 1,
            _ => 1,
        };
        // Without buckets, no threshold is one that needs them.
        let buckets = self.buckets[bar.bucketer].iter().copied();
        let buckets = buckets.chain(std::iter::repeat(0)).take(self.range.len());
        match bar.list {
            None => keys.extend(buckets.map(|bucket| key(bucket, bar.outside))),
            Some(list) => {
                let users = buckets.zip(&self.is_in[list]);
                keys.extend(users.map(|(bucket, is_in)| key(bucket, bar.threshold(*is_in != 0))));
            }
        }
    }
}

/// What no percentage reaches.
pub(super) const NEVER: u32 = crate::limits::BUCKETS + 1;
